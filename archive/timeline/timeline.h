/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_TIMELINE_TIMELINE_H
#define WIRETAPE_ARCHIVE_TIMELINE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/file_filter.h>
#include <wiretape/base/error.h>
#include <wiretape/base/time_text.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Presents the packets of one or more capture files as one timeline: in the order of their stamps,
 * between two times, those that a filter lets pass. Each file's packets stay in their order, even
 * where its stamps go back: the next packet is the one with the earliest stamp among the files'
 * next packets, ties going to the first path.
 *
 * In a recording made of chunks (chunk.h), which may still be growing, a binary search finds the
 * place, and little more than the range is read. Any other file is read from its beginning to its
 * end. Recordings and other files concatenated into one are each read in their own way. The
 * memory does not grow with the files.
 *
 * One thread at a time. Opening and reading may block, on a pipe for as long as its writer likes
 * and on the filter for as long as its compiler does, or the patience lasts.
 */
struct wt_timeline;
struct wt_patience;

struct wt_timeline_config {
	const char *const *paths; /* "-", once at most, is standard input */
	size_t path_count;
	/* Inclusive; counted from the start: from the first packet of the first file, in lanes of
	 * the first of each; from the end: from the latest stamp of all files, which takes no pipe
	 * (-ESPIPE), and another look at files that are not made of chunks. NULL: from the
	 * beginning. */
	const struct wt_time *from;
	const struct wt_time *to; /* exclusive; NULL: to the end */
	int64_t duration_ns;      /* instead of `to`, from `from` on; 0: not given */
	const char *filter;       /* as of wt_file_filter_create(); NULL: all packets */
	/* Packets without a stamp, or with one that 64 bits of ns have no room for, are not left
	 * out: they come right after the one before them in their file, with its stamp. Those
	 * before a file's first stamp come first of all, without one, if no start is given and no
	 * time counts from the first packet.
	 *
	 * Else those without a stamp are left out, and the others come as the earliest or the
	 * latest. */
	bool keep_unstamped;
	/* For pipes and the filter's compiler; NULL: it never ends. Once it is over, opening and
	 * reading return -EINTR. */
	const struct wt_patience *patience;
};

/* Account of a file. */
struct wt_timeline_file {
	bool has_chunks;
	uint64_t bytes_read;
	uint64_t bytes_total;      /* the file's size; a stream's bytes read, once it is closed */
	uint64_t packets;          /* taken from it */
	uint64_t missing;          /* in holes among the chunks that were looked at */
	uint64_t left_out;         /* without a stamp */
	uint64_t unknown_sections; /* of a pcapng version that is not known, passed over */
	/* Packets taken with a stamp outside 64 bits of ns (1677 to 2262). */
	uint64_t out_of_range;
	struct wt_capture_fractions fractions;
	int ended;           /* 0; -ENODATA: cut off; others: broken; what is before is used */
	struct wt_error why; /* in words */
	struct wt_unfiltered unfiltered; /* treated as not matching */
};

/* The range as resolved. */
struct wt_timeline_range {
	bool has_from, has_to;
	int64_t from_ns, to_ns;
};

struct wt_timeline_interface {
	size_t file;       /* which of the paths: the first that has it */
	const char *name;  /* NULL: none */
	const char *clock; /* WT_OPT_LOCAL_CLOCK; NULL: none */
	uint32_t snaplen;  /* 0: no limit */
	uint16_t link_type;
	uint8_t tsresol;
	int64_t tsoffset_s;
	bool has_fcs; /* the length of check sequences is given */
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
 * from the first or last packet and there is none; or another negative errno, that of a file named
 * in *err.
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

/* Interfaces met so far; more packets may bring more. Numbers count from 0 and
 * stay: an interface that a later section of the same file, or another file of the same recording
 * in lanes, describes alike is the same one. The description is valid until the next call of
 * wt_timeline_next(). */
size_t wt_timeline_interface_count(const struct wt_timeline *timeline);
const struct wt_timeline_interface *wt_timeline_interface(const struct wt_timeline *timeline,
                                                          uint32_t number);

const struct wt_timeline_range *wt_timeline_range(const struct wt_timeline *timeline);

/* NULL is fine. Standard input stays open. */
void wt_timeline_close(struct wt_timeline *timeline);

#endif
