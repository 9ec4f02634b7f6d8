/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_COMMON_OPTIONS_H
#define WIRETAPE_CLI_COMMON_OPTIONS_H

/* Options that several commands have. Each is the rows of a group, the type of the member next to
 * it; the group says where in a command's struct that member is. */

#include <wiretape/archive/file_list.h>
#include <wiretape/base/time_text.h>
#include <wiretape/cli/options.h>
#include <wiretape/feed/spec/feed_spec.h>

extern const struct wt_option wt_json_row[];          /* bool */
extern const struct wt_option wt_quiet_row[];         /* bool */
extern const struct wt_option wt_filter_row[];        /* const char * */
extern const struct wt_option wt_mode_row[];          /* mode_t; 0: not given */
extern const struct wt_option wt_allow_skipped_row[]; /* bool */
extern const struct wt_option wt_qdisc_row[];         /* bool */
extern const struct wt_option wt_cpu_row[];           /* int: 1 and the CPU; 0: any */

/* A time that may not have been given: the text is NULL then. */
struct wt_given_time {
	struct wt_time time;
	const char *text;
};

extern const struct wt_option wt_from_row[];     /* struct wt_given_time */
extern const struct wt_option wt_to_row[];       /* struct wt_given_time */
extern const struct wt_option wt_duration_row[]; /* int64_t, ns */

extern const struct wt_option wt_autostop_row[]; /* int64_t, ns: duration:TIME alone */

/* Feeds that are followed. */
struct wt_feed_options {
	struct wt_feed_channels channels;
	const char *events; /* a path, "-", or NULL */
	int64_t late_ns;    /* 0: 1 s */
	size_t streams;     /* how often --feeds was "-" */
	bool no_join;
};

extern const struct wt_option wt_feed_rows[]; /* struct wt_feed_options */
extern const struct wt_option wt_no_join_row[];

/* For rows of a command's own: `take` of struct wt_option. */
int wt_take_time(void *member, const char *value, struct wt_error *err);

/* NULL: it was not given. */
static inline const struct wt_time *wt_given(const struct wt_given_time *given)
{
	return given->text ? &given->time : NULL;
}

/* Count occurrences of "-", standard input, among the words. */
size_t wt_count_streams(const struct wt_words *words);

/* The files that the words stand for; the caller frees the list, whatever the exit code. */
int wt_list_files(struct wt_file_list *list, const struct wt_words *words);

#endif
