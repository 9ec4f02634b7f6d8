/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_FILTER_H
#define WIRETAPE_CAPTURE_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/ring/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A compiled packet filter. The program's return value is the snaplen. */
struct wt_filter {
	struct sock_fprog program;
};

/* Compile `expression` (NULL or "": everything) for a live interface, the way
 * tcpdump would: VLAN tags that the kernel takes out and `inbound` are understood.
 * Opens a capture handle for a moment and so needs the same privileges. With
 * `interface` NULL it compiles for `link_type` alone. -EINVAL with libpcap's
 * message for an expression that does not compile. */
int wt_filter_compile(struct wt_filter *filter, const char *interface, int link_type,
                      uint32_t snaplen, const char *expression, struct wt_error *err);

/* Run it here, for a packet that no kernel filters: what was compiled for a link type alone.
 * A filter that was never compiled lets everything through. */
bool wt_filter_passes(const struct wt_filter *filter, const uint8_t *packet, uint32_t caplen,
                      uint32_t len);

void wt_filter_free(struct wt_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
