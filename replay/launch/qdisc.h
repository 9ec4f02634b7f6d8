/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_LAUNCH_QDISC_H
#define WIRETAPE_REPLAY_LAUNCH_QDISC_H

/* The queueing disciplines of an interface, as rtnetlink reports them: they lie between a socket
 * and the driver, and so decide when a packet leaves. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum wt_qdisc_kind {
	WT_QDISC_OTHER,
	WT_QDISC_ETF,
	WT_QDISC_FQ,
	WT_QDISC_TAPRIO,
	WT_QDISC_MQPRIO,
	WT_QDISC_MQ,
	WT_QDISC_MULTIQ,
	WT_QDISC_KINDS
};

enum { WT_QDISC_NAME_BYTES = 16, WT_QDISC_PRIORITIES = 16, WT_QDISC_CLASSES = 16 };

/* Sends packets at their launch times, or lets the NIC do it. */
struct wt_qdisc_etf {
	int32_t delta_ns; /* how long before its time the driver is given a packet */
	int32_t clock;    /* clockid_t */
	bool deadline;    /* the time is the latest one: packets leave as soon as they can */
	bool offload;     /* the NIC keeps the time */
	bool skip_sock_check;
};

struct wt_qdisc_fq {
	int64_t horizon_ns; /* launch times may lie this far ahead; 0: any distance */
	bool horizon_drop;  /* those beyond are dropped; else their time is made the horizon */
	uint32_t limit_packets;
	uint32_t flow_limit_packets; /* that wait, of one flow; more are dropped. 0: not told */
};

/* Opens and shuts gates in turn. */
struct wt_qdisc_taprio {
	bool has_clock; /* with full offload it is the NIC's, and not told */
	int32_t clock;
	bool txtime_assist;
	bool full_offload;
	uint32_t txtime_delay_ns;
	int64_t base_time_ns; /* 0: not told */
	int64_t cycle_time_ns;
};

/* Maps of mqprio and taprio: from a priority to a traffic class, and from that to its queues. */
struct wt_qdisc_map {
	uint8_t classes; /* 0: no map */
	uint8_t hw;      /* the NIC does it */
	uint8_t class_of[WT_QDISC_PRIORITIES];
	uint16_t queues[WT_QDISC_CLASSES];
	uint16_t first_queue[WT_QDISC_CLASSES];
};

struct wt_qdisc {
	char name[WT_QDISC_NAME_BYTES]; /* "etf"; terminal control characters become '?' */
	enum wt_qdisc_kind kind;
	bool has_options; /* of an etf, fq or taprio: they were told, and made sense */
	bool hw_offload;  /* TCA_HW_OFFLOAD */
	int32_t index;    /* of its interface */
	uint32_t handle;  /* linux/pkt_sched.h: the upper half is the "100" of 100:1 */
	uint32_t parent;
	struct wt_qdisc_etf etf; /* of its kind alone; zero in others */
	struct wt_qdisc_fq fq;
	struct wt_qdisc_taprio taprio;
	struct wt_qdisc_map map;
};

/* Read one message of rtnetlink. Pure; the bytes are not trusted, and need to be aligned to 4. 0;
 * -ENOMSG if it is not RTM_NEWQDISC, -EBADMSG if it is not a message or names no kind: *qdisc is
 * then as it was. Options that are cut off or make no sense are left out. */
int wt_qdisc_parse(struct wt_qdisc *qdisc, const void *message, size_t length);

/* Zero is an empty one. One thread. */
struct wt_qdisc_list {
	struct wt_qdisc *items;
	size_t count;
	size_t capacity;
};

/* Add one. -ENOMEM, or -E2BIG beyond 65536. */
int wt_qdisc_list_add(struct wt_qdisc_list *list, const struct wt_qdisc *qdisc);

/* Ask the kernel for those of an interface, by its index; the caller empties the list whatever is
 * returned. Needs no privilege. Blocks for a moment. */
int wt_qdisc_list_read(struct wt_qdisc_list *list, int index);

/* Empty the list. */
void wt_qdisc_list_empty(struct wt_qdisc_list *list);

/* Find the one that all packets come to first; NULL if the list has none. */
const struct wt_qdisc *wt_qdisc_root(const struct wt_qdisc *items, size_t count);

/* "root", "ingress", "100:", "100:1": as tc(8) writes handles and parents. */
enum { WT_QDISC_HANDLE_BYTES = 12 };
const char *wt_qdisc_handle_text(uint32_t handle, char text[WT_QDISC_HANDLE_BYTES]);

#endif
