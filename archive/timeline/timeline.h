/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TIMELINE_H
#define WIRETAPE_WRITER_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/file_filter.h>
#include <wiretape/pcapng/pcapng_decode.h>
#include <wiretape/base/time_text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The packets of one or more capture files as one timeline: in the order of their stamps, between
 * two times, those that a filter lets pass. Each file's packets stay in the order that they have
 * there, also where its stamps go back: what comes next is, of each file's next packets, the one
 * with the earliest stamp, and of several the one of the first path.
 *
 * In a recording that is made of chunks (chunk.h) the place is found by binary search, and little
 * more than what is asked for is read; it may be one that is being recorded. Any other file is read
 * from its beginning to its end. Where several stand in one file, one after the other, each is
 * read in its own way. The memory does not grow with the files.
 *
 * One thread at a time. Opening and reading may block, on a pipe for as long as its writer likes
 * and on the filter for as long as its compiler does, or the patience lasts.
 */
struct wt_timeline;
struct wt_capture_patience;

struct wt_timeline_config {
	const char *const *paths; /* "-", once at most, is standard input */
	size_t path_count;
	const struct wt_time *from; /* inclusive; relative: to the first packet of the first
	                             * file; NULL: from the beginning */
	const struct wt_time *to;   /* exclusive; NULL: to the end */
	int64_t duration_ns;        /* instead of `to`, from `from` on; 0: not given */
	const char *filter;         /* as of wt_file_filter_create(); NULL: all packets */
	/* Packets without a stamp, or with one that 64 bits of ns have no room for, are not left
	 * out: they come right after the one before them in their file, with its stamp. Those
	 * before a file's first stamp come first of all, without one, if nothing is said of where
	 * to begin and no time counts from the first packet.
	 *
	 * Else those without a stamp are left out, and the others come as the earliest or the
	 * latest. */
	bool keep_unstamped;
	/* For pipes and the filter's compiler; NULL: it never ends. Over, it is -EINTR of opening
	 * and reading. */
	const struct wt_capture_patience *patience;
};

/* What became of a file. */
struct wt_timeline_file {
	bool is_tape;
	uint64_t bytes_read;
	uint64_t bytes_total;      /* of the file; of a stream what was read, once it is closed */
	uint64_t packets;          /* taken from it */
	uint64_t missing;          /* in holes among the chunks that were looked at */
	uint64_t left_out;         /* without a stamp */
	uint64_t unknown_sections; /* of a pcapng version that is not known, passed over */
	/* Of those taken: with a stamp that 64 bits of ns have no room for (1677 to 2262). */
	uint64_t out_of_range;
	struct wt_capture_fractions fractions;
	int ended;           /* 0; -ENODATA: cut off; others: broken; what is before is used */
	struct wt_error why; /* in words */
	struct wt_unfiltered unfiltered; /* which do not match */
};

/* What the times came to. */
struct wt_timeline_range {
	bool has_from, has_to;
	int64_t from_ns, to_ns;
};

struct wt_timeline_interface {
	size_t file;       /* which of the paths */
	const char *name;  /* NULL: none */
	const char *clock; /* WT_OPT_LOCAL_CLOCK; NULL: none */
	uint32_t snaplen;  /* 0: no limit */
	uint16_t link_type;
	uint8_t tsresol;
	int64_t tsoffset_s;
	bool has_fcs; /* it is said how long check sequences are */
	uint8_t fcs_bytes;
};

struct wt_timeline_packet {
	/* Its stamp and its interface's number are the file's. The packet's fcs_bytes are part of
	 * its length: see wt_pcapng_len_without_fcs(). */
	const struct wt_pcapng_item *item;
	size_t file;        /* which of the paths */
	uint32_t interface; /* in the timeline */
	bool has_stamp;     /* false: nor does one before it in its file have one; stamp_ns is 0 */
	int64_t stamp_ns;   /* or the end of what 64 bits have room for: see the item */
};

/* Open all files and find where the range begins. 0 and *timeline, which the caller closes;
 * -EINVAL for a filter that makes no sense anywhere, or two times "-"; -ENODATA if a time counts
 * from the first packet and there is none; or another negative errno, that of a file named in *err.
 *
 * `files` has room for path_count of them, is filled in any case and kept up to date until the
 * timeline is closed. What *config points to stays the caller's, and has to stay. */
int wt_timeline_open(struct wt_timeline **timeline, const struct wt_timeline_config *config,
                     struct wt_timeline_file *files, struct wt_error *err);

/* The next packet: 1 and *packet, whose item and views are valid until the next call; 0 at the
 * end; or a negative errno, after which it can only be closed. A file that is broken or cut off
 * ends there, which is no error here: see `files`. */
int wt_timeline_next(struct wt_timeline *timeline, struct wt_timeline_packet *packet,
                     struct wt_error *err);

/* Which interfaces have come so far; with more packets there may be more. Numbers count from 0 and
 * stay: an interface that a later section of the same file describes alike is the same one. The
 * description is valid until the next call of wt_timeline_next(). */
size_t wt_timeline_interface_count(const struct wt_timeline *timeline);
const struct wt_timeline_interface *wt_timeline_interface(const struct wt_timeline *timeline,
                                                          uint32_t number);

const struct wt_timeline_range *wt_timeline_range(const struct wt_timeline *timeline);

/* NULL is fine. Standard input stays open. */
void wt_timeline_close(struct wt_timeline *timeline);

#ifdef __cplusplus
}
#endif
#endif
