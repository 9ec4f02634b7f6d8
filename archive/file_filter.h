/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILE_FILTER_H
#define WIRETAPE_WRITER_FILE_FILTER_H

#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/archive/capture_file.h>
#include <wiretape/pcapng/pcapng_decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A filter of libpcap for the packets of files, which may have several link types. It is compiled
 * for each when its first packet comes. Where that cannot be done, as for link types that libpcap
 * has no filters for, no packet matches; it is an error if it can be done for none.
 *
 * One thread at a time. Nothing blocks, but compiling may take minutes: what compiles returns
 * -EINTR once the patience is over. */
struct wt_file_filter;

/* Packets of a file for which the filter cannot be compiled. */
struct wt_unfiltered {
	uint64_t packets;
	struct wt_error why; /* where the first was, and the reason; if there is one */
};

/* 0 and *filter; -EINVAL if the expression makes no sense for any link type; -EINTR; or
 * another negative errno. The expression and the patience (NULL: it never ends) stay the caller's,
 * and have to stay. */
int wt_file_filter_create(struct wt_file_filter **filter, const char *expression,
                          const struct wt_capture_patience *patience, struct wt_error *err);

/* Whether a packet passes: 1 or 0, -EINTR, or another negative errno. If there is no telling it
 * does not, and is added to *unfiltered. The interface's name is NULL if there is none. */
int wt_file_filter_passes(struct wt_file_filter *filter, const struct wt_pcapng_item *item,
                          const char *interface_name, struct wt_unfiltered *unfiltered,
                          struct wt_error *err);

/* After the last packet: -EINVAL if packets have come, and it could be compiled for none. */
int wt_file_filter_check(const struct wt_file_filter *filter, struct wt_error *err);

/* NULL is fine. */
void wt_file_filter_destroy(struct wt_file_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
