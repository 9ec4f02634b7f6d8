/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_FILE_FILTER_H
#define WIRETAPE_ARCHIVE_FILE_FILTER_H

#include <stdint.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/base/error.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* A filter of libpcap for the packets of files, which may have several link types. It is compiled
 * for each when its first packet comes. Where that cannot be done, as for link types that libpcap
 * has no filters for, no packet matches; it is an error if it can be done for none.
 *
 * One thread at a time. Nothing blocks, but compiling may take minutes: what compiles returns
 * -EINTR once the patience is over. */
struct wt_file_filter;

/* Count of a file's packets whose link type the filter cannot be compiled for. */
struct wt_unfiltered {
	uint64_t packets;
	struct wt_error why; /* place of the first, and the reason; if any */
};

/* 0 and *filter; -EINVAL if the expression makes no sense for any link type; -EINTR; or
 * another negative errno. The expression and the patience (NULL: it never ends) stay the caller's,
 * and have to stay. */
int wt_file_filter_create(struct wt_file_filter **filter, const char *expression,
                          const struct wt_patience *patience, struct wt_error *err);

/* Whether a packet passes: 1 or 0, -EINTR, or another negative errno. A packet that cannot
 * be filtered does not pass and is counted in *unfiltered. The interface's name may be NULL. */
int wt_file_filter_passes(struct wt_file_filter *filter, const struct wt_pcapng_item *item,
                          const char *interface_name, struct wt_unfiltered *unfiltered,
                          struct wt_error *err);

/* Check after the last packet: -EINVAL if packets came and the filter compiled for none. */
int wt_file_filter_check(const struct wt_file_filter *filter, struct wt_error *err);

/* NULL is fine. */
void wt_file_filter_destroy(struct wt_file_filter *filter);

#endif
