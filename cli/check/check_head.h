/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_HEAD_H
#define WIRETAPE_CLI_CHECK_CHECK_HEAD_H

/* Finds from the beginnings of capture files where they belong, and finds the order in which they
 * are to be read: files of one recording, or of one lane of it, by their number, one after the
 * other; everything else by its first stamp, on its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/tape_mark.h>

struct wt_check_head {
	const char *path;
	size_t argument;    /* its place on the command line */
	bool is_rewindable; /* a regular file: its beginning was looked at; else nothing below */
	uint64_t bytes;
	uint64_t device, inode;
	bool has_chunks;          /* of chunks, as wiretape writes them */
	struct wt_tape_mark mark; /* if it is */
	bool has_first;
	int64_t first_ns; /* of the first packet */
	char *channels;   /* lines of a feeds file, as the recorder wrote them; NULL: none */
};

/* Look at the beginning of `path`. An error shows again when the file is read from there. Ends with
 * wt_check_head_fini(). Blocks on no pipe. */
void wt_check_head_read(struct wt_check_head *head, const char *path, size_t argument);
void wt_check_head_fini(struct wt_check_head *head);

/* Does the mark name the recording and the file's number in it? */
bool wt_check_is_numbered(const struct wt_check_head *head);

/* Are both of one recording, if maybe of two lanes? */
bool wt_check_same_recording(const struct wt_check_head *a, const struct wt_check_head *b);

/* Files that follow each other: `count` heads from `first` on. */
struct wt_check_series {
	size_t first, count;
	bool has_first;
	int64_t first_ns; /* of the first packet of all */
};

/* Put the heads in order, and group those that belong together: *series is the caller's to free, by
 * first stamp, those without one first. 0; -EEXIST if two are the same file, with both names;
 * -ENOMEM. Pure. */
int wt_check_order(struct wt_check_head *heads, size_t count, struct wt_check_series **series,
                   size_t *series_count, struct wt_error *err);

#endif
