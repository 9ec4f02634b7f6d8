/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_FILE_LIST_H
#define WIRETAPE_ARCHIVE_FILE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/tape_mark.h>

/* The files that paths stand for. A recording in lanes goes by the name that it was given,
 * DIR/feed.pcapng, which no file has: its files are DIR/feed_q0.pcapng, DIR/feed_q1.pcapng and so
 * on, or for each lane a series of numbered ones. Whether a file is of a recording in lanes is for
 * its section header to say. */
struct wt_listed_file {
	bool is_lane;             /* of a recording in lanes */
	struct wt_tape_mark mark; /* then */
	/* The files of a recording in lanes are one set, wherever they stand; any other file is one
	 * of its own. From 0, in the order of their first files. */
	size_t set;
	size_t argument; /* which of the added ones stands for it, from 0 */
};

/* Empty when zero-initialised. One thread at a time. */
struct wt_file_list {
	char **paths;
	struct wt_listed_file *files; /* for each path */
	size_t count, room;
	size_t file_count, file_room; /* of `files` */
	size_t sets, arguments;
};

/* Add what `path` stands for: that file or, where there is none, the recording by that name.
 * Numbered files are all taken, in the order of their numbers and lanes; of others those of the
 * recording that has the lowest lane: an earlier one with more lanes has left the rest. If there is
 * no recording either, `path` itself is added, for whoever opens it to complain. 0, -ENOMEM, or the
 * errno of a directory that cannot be read. */
int wt_file_list_add(struct wt_file_list *list, const char *path, struct wt_error *err);

void wt_file_list_free(struct wt_file_list *list);

#endif
