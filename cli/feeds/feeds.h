/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FEEDS_FEEDS_H
#define WIRETAPE_CLI_FEEDS_FEEDS_H

/* Sources of packets for `wiretape feeds`, and the output of what they turn out to be. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/archive/file_list.h>
#include <wiretape/feed/recognise/recognise.h>
#include <wiretape/monitor/number_json.h>

enum { WT_FEEDS_INTERFACES = 16 };

/* Sources of packets, and how many came. */
struct wt_feeds_source {
	const struct wt_file_list *files; /* not live: the files of a set are one */
	const char *const *interfaces;    /* live */
	int interface_count;
	bool live;
	int64_t duration_ns; /* live */
	/* Not 0: a request to end. */
	const volatile sig_atomic_t *stop;
	uint64_t lost;      /* live: packets that the ring had no room for */
	int64_t elapsed_ns; /* live: for how long */
};

/* Give all packets of the files to the recogniser. A file that cannot be read is complained about,
 * and the rest is read all the same. 0, or -EIO if anything was wrong. */
int wt_feeds_read_files(struct wt_feeds_source *source, struct wt_recogniser *recogniser);

/* Read what arrives on interfaces. 0, or a negative errno that was complained about. */
int wt_feeds_read_live(struct wt_feeds_source *source, struct wt_recogniser *recogniser);

/* Print a feeds file. The caller asks the stream whether it could be written. */
void wt_feeds_print(FILE *out, const struct wt_recogniser *recogniser,
                    const struct wt_feeds_source *source);

/* Print a JSON object; false: it could not be written. */
bool wt_feeds_print_json(FILE *out, const struct wt_recogniser *recogniser,
                         const struct wt_feeds_source *source,
                         const struct wt_document_error *error);
extern const struct wt_document wt_feeds_document;
extern const struct wt_document wt_feeds_list_document;

/* List all presets. */
void wt_feeds_list(void);
bool wt_feeds_list_json(FILE *out);

/* The channel whose first side a group is, named by its number among its preset's; false if none.
 * *numbers counts them, zeroed before the first group; groups go in order. */
struct wt_feeds_numbers {
	const struct wt_preset *presets[64];
	unsigned counts[64];
};
bool wt_feeds_channel(const struct wt_recogniser *recogniser, uint32_t index,
                      struct wt_feeds_numbers *numbers, struct wt_feed_channel *channel);

/* Packets in a second by their stamps; 0: unknown. */
double wt_feeds_rate(const struct wt_recognised *group);

#endif
