/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_CUT_CUT_H
#define WIRETAPE_ARCHIVE_CUT_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/file_filter.h>
#include <wiretape/base/error.h>
#include <wiretape/base/time_text.h>

/* Writes the packets of one or more capture files between two times as one pcapng file, in the
 * order of their stamps. In a recording made of chunks (chunk.h), which may still be growing, a
 * binary search finds the place, and little more than the range is read. Any other file is read
 * from its beginning to its end.
 *
 * Facts about the clocks of hardware stamps go along (docs/format.md): each packet
 * that names a clock map finds it in the output. Decryption secrets and names go along from
 * everywhere, once each; journal entries by their time; custom blocks that may be copied with
 * the packet before them. */

struct wt_cut_config {
	const char *const *paths; /* "-" is standard input */
	size_t path_count;
	const char *out;            /* "-" is standard output; must not be one of the paths */
	mode_t mode;                /* of `out`; 0: wt_new_file_open() */
	const struct wt_time *from; /* inclusive; relative: to the first packet of the first
	                             * file; NULL: from the beginning */
	const struct wt_time *to;   /* exclusive; NULL: to the end */
	int64_t duration_ns;        /* instead of `to`, from `from` on; 0: not given */
	const char *filter;         /* as of wt_file_filter_create(); NULL: all packets */
	const char *application;    /* for the new section header; NULL: none */
};

/* Account of an input. */
struct wt_cut_file {
	bool has_chunks;
	uint64_t bytes_read;
	uint64_t bytes_total;      /* the file's size; a stream's bytes read */
	uint64_t packets;          /* taken from it */
	uint64_t missing;          /* in holes among the chunks that were looked at */
	uint64_t left_out;         /* without a stamp */
	uint64_t unknown_sections; /* of a pcapng version that is not known, passed over */
	struct wt_capture_fractions fractions;
	int ended;           /* 0; -ENODATA: cut off; others: broken; what is before is used */
	struct wt_error why; /* in words */
	struct wt_unfiltered unfiltered; /* treated as not matching */
	/* Blocks of the range that are unknown or must not be copied, the first one's type and
	 * place, and options left out of copied blocks. */
	uint64_t blocks_left_out;
	uint32_t block_left_out;
	uint64_t block_left_out_at;
	uint64_t options_left_out;
};

struct wt_cut_result {
	uint64_t packets;
	uint64_t out_of_range;     /* of them: with a stamp that 64 bits of ns have no room for */
	int64_t first_ns, last_ns; /* the smallest and the largest stamp, if there are others */
	bool has_from, has_to;
	int64_t from_ns, to_ns; /* the range as resolved */
};

/* Write the cut. `files` has room for path_count of them and is filled in any case. 0, and the file
 * `out` is there, even without a packet; or a negative errno, and it is not. May block for as
 * long as the writer of an input likes. */
int wt_cut(const struct wt_cut_config *config, struct wt_cut_file *files,
           struct wt_cut_result *result, struct wt_error *err);

#endif
