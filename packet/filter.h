/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_FILTER_H
#define WIRETAPE_CAPTURE_FILTER_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/ring/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A compiled packet filter: a program that returns 0 for what it does not let through. */
struct wt_filter {
	struct sock_filter *code; /* NULL: lets everything through */
	uint32_t count;           /* may be more than the kernel takes */
	bool is_live;
	int interface_index; /* that `ifindex` is compared with, when it runs here */
};

/* Zero is the default given in brackets. */
struct wt_filter_config {
	const char *expression; /* libpcap's language [everything] */
	int link_type;          /* LINKTYPE_*, of the packets */
	uint32_t snaplen;       /* what the program returns for a packet that it lets through */
	/* For packets as the kernel has them, and not as files do: a VLAN tag may have been taken
	 * out of the frame. Opens a packet socket for a moment, on which nothing is received. */
	bool is_live;
	/* Once it is not 0 nobody waits for the compiler any more, which may take minutes [NULL] */
	const volatile sig_atomic_t *hurry;
};

/* Compile: the same program for every interface of the link type, whether it is up or not.
 * -EINVAL with libpcap's message for an expression that does not compile or makes no sense for
 * the link type; -EINTR if `hurry` came first. */
int wt_filter_compile(struct wt_filter *filter, const struct wt_filter_config *config,
                      struct wt_error *err);

/* Run it here, with the result that it has in the kernel: a tag that was put back into the frame
 * (WT_NOTE_VLAN) is not there for a program that was compiled `is_live`. Any thread. */
bool wt_filter_passes(const struct wt_filter *filter, const struct wt_frame *frame);

void wt_filter_free(struct wt_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
