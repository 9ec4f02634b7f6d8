/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_SOURCE_H
#define WIRETAPE_CLI_CHECK_CHECK_SOURCE_H

/* Reads files that follow each other, in the order of their packets, keeps the books of each, and
 * reports to a feed monitor what stands between the packets; the packets themselves are for whoever
 * merges sources. */

#include "check_books.h"
#include "check_head.h"
#include "check_places.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/feed/feed_tapes.h>
#include <wiretape/frame.h>

struct wt_check_file {
	struct wt_check_head head;
	struct wt_books books;
	const char *format; /* static; NULL if it could not be opened */
	struct wt_capture_fractions fractions;
	/* Files of its recording, or lane, that are not here, but one or another is after them. */
	uint64_t missing_before;
	uint64_t missing_after; /* files of its lane after its last one, up to the last but one of
	                           others */
	bool lacks_lane;        /* of some lane of its recording nothing is here */
	uint64_t beyond;        /* packets of more interfaces than are followed */
	bool was_read;          /* as far as it goes */
};

/* Shared by all sources. */
struct wt_check_context {
	struct wt_places places;
	struct wt_feed_monitor *monitor; /* NULL: only the books are kept */
	struct wt_feed_tapes *tapes;     /* in front of it; NULL likewise */
	const struct wt_patience *patience;
};

enum { WT_CHECK_BATCH = 64 };

struct wt_check_interface;

struct wt_check_source {
	struct wt_check_context *context;
	struct wt_check_file *files;
	size_t file_count, next_file;
	struct wt_check_file *now; /* NULL: none is open */
	struct wt_capture_file *file;
	struct wt_check_interface *interfaces; /* of the section */
	size_t interface_count, interface_room;
	bool section_has_ledger;
	struct wt_place_file section_file;
	/* Packets of one interface that are next; those up to `used` have been taken. */
	struct wt_frame frames[WT_CHECK_BATCH];
	size_t frame_count, used;
	uint32_t place;  /* UINT32_MAX: not followed */
	int64_t last_ns; /* of all that were read */
	bool over;
};

/* `files` are borrowed. Opens nothing yet. */
void wt_check_source_init(struct wt_check_source *source, struct wt_check_context *context,
                          struct wt_check_file *files, size_t count);
void wt_check_source_fini(struct wt_check_source *source);

/* Fetch packets, if there are more; else sets source->over. The monitor hears of whatever lies
 * between the last packets and these. Call only when all have been taken. 0; -EINTR when the
 * patience is over, -ENOMEM. Errors of a file go into its books, and the next file follows. */
int wt_check_source_fill(struct wt_check_source *source, struct wt_error *err);

/* Check whether only the tail of a file is left, and it is the last. */
bool wt_check_source_is_nearly_over(const struct wt_check_source *source);

static inline int64_t wt_check_source_next_ns(const struct wt_check_source *source)
{
	assert(source->used < source->frame_count);
	return source->frames[source->used].stamp_ns;
}

#endif
