/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_FILTER_H
#define WIRETAPE_PACKET_FILTER_H

#include <linux/filter.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/frame.h>

/* A compiled packet filter: a program that returns 0 for packets it rejects. */
struct wt_filter {
	struct sock_filter *code; /* NULL: lets everything through */
	uint32_t count;           /* may exceed the kernel's limit */
	bool is_live;
	int interface_index; /* value for `ifindex` when the program runs here */
};

/* Zero is the default given in brackets. */
struct wt_filter_config {
	const char *expression; /* libpcap's language [everything] */
	int link_type;          /* link type of the packets, LINKTYPE_* */
	uint32_t snaplen;       /* the program's return value for packets it accepts */
	/* Compile for packets as the kernel has them, rather than files: a VLAN tag may have been
	 * taken out of the frame. Opens a packet socket for a moment, which receives nothing. */
	bool is_live;
	/* Once nonzero, nobody waits for the compiler any more, which may take minutes [NULL] */
	const volatile sig_atomic_t *abort_writes;
};

/* Compile: the same program for every interface of the link type, up or down. -EINVAL with
 * libpcap's message for an expression that does not compile or makes no sense for the link type;
 * -EINTR if `abort_writes` came first. */
int wt_filter_compile(struct wt_filter *filter, const struct wt_filter_config *config,
                      struct wt_error *err);

/* Run it here, with the same result as in the kernel: a tag that was put back into the frame
 * (WT_FRAME_VLAN) is hidden from a program that was compiled `is_live`. Any thread. */
bool wt_filter_passes(const struct wt_filter *filter, const struct wt_frame *frame);

void wt_filter_free(struct wt_filter *filter);

#endif
