/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_CUT_H
#define WIRETAPE_WRITER_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/error.h>
#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/file_filter.h>
#include <wiretape/base/time_text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The packets of one or more capture files that lie between two times, as one pcapng file
 * in the order of their stamps. In a recording that is made of chunks (chunk.h) the place is
 * found by binary search, and little more than what is asked for is read; it may be one that
 * is being recorded. Any other file is read from its beginning to its end.
 *
 * What is known of the clocks of hardware stamps goes along (docs/format.md): each packet
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

/* What became of an input. */
struct wt_cut_file {
	bool is_tape;
	uint64_t bytes_read;
	uint64_t bytes_total;      /* of the file; of a stream what was read */
	uint64_t packets;          /* taken from it */
	uint64_t missing;          /* in holes among the chunks that were looked at */
	uint64_t left_out;         /* without a stamp */
	uint64_t unknown_sections; /* of a pcapng version that is not known, passed over */
	struct wt_capture_fractions fractions;
	int ended;           /* 0; -ENODATA: cut off; others: broken; what is before is used */
	struct wt_error why; /* in words */
	struct wt_unfiltered unfiltered; /* which do not match */
	/* Blocks of the range that nobody here knows, or that forbid to be copied; the first of
	 * them; and options of what was copied. */
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
	int64_t from_ns, to_ns; /* what the times came to */
};

/* Do it. `files` has room for path_count of them and is filled in any case. 0, and the file
 * `out` is there, even without a packet; or a negative errno, and it is not. May block for as
 * long as the writer of an input likes. */
int wt_cut(const struct wt_cut_config *config, struct wt_cut_file *files,
           struct wt_cut_result *result, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
