/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_TX_REPORT_H
#define WIRETAPE_REPLAY_TX_TX_REPORT_H

/* Reports of a socket's error queue on a packet that was sent: when it left, or why it did not. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum wt_tx_report_kind {
	WT_TX_OTHER,   /* something else: an ICMP error, a message that is cut off … */
	WT_TX_STAMPED, /* it was stamped on its way */
	WT_TX_DROPPED, /* the qdisc has thrown it away, for its launch time's sake */
	WT_TX_REPORT_KINDS
};

/* Moment on its way at which a packet was stamped. */
enum wt_tx_moment {
	WT_TX_MOMENT_SENT,      /* handed to the NIC, or by the NIC itself */
	WT_TX_MOMENT_SCHEDULED, /* handed to the qdisc */
	WT_TX_MOMENT_ACKED,     /* its receiver has acknowledged it (TCP) */
	WT_TX_MOMENTS
};

enum wt_tx_drop {
	WT_TX_DROP_REFUSED, /* as it came: its time had passed, the socket has another clock,
	                     * or is not as the qdisc wants it */
	WT_TX_DROP_MISSED,  /* later: its time passed while it waited */
	WT_TX_DROPS
};

/* Fields that do not belong to the kind are 0. */
struct wt_tx_report {
	enum wt_tx_report_kind kind;
	int error;    /* the kernel's, positive; ENOMSG in a stamp */
	bool cut_off; /* MSG_CTRUNC: there was more, and no room for it */

	/* stamped */
	uint32_t id; /* with SOF_TIMESTAMPING_OPT_ID: how many the socket had sent before,
	              * modulo 2^32; else 0 */
	enum wt_tx_moment moment;
	int64_t software_ns; /* CLOCK_REALTIME; 0: none */
	int64_t hardware_ns; /* the NIC's clock; 0: none */

	/* dropped */
	enum wt_tx_drop drop;
	int64_t launch_ns; /* the time that it was to be sent at, on the socket's clock */
};

/* Room for one message's control data, aligned for it. */
enum { WT_TX_REPORT_CONTROL_BYTES = 512 };

/* Read what recvmsg(MSG_ERRQUEUE) has filled in, from a packet socket or one of IPv4 or IPv6.
 * Pure; the control data is not trusted. Any thread. */
void wt_tx_report_read(struct wt_tx_report *report, struct msghdr *message);

#endif
