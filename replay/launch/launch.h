/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_LAUNCH_LAUNCH_H
#define WIRETAPE_REPLAY_LAUNCH_LAUNCH_H

/* Launch times (SO_TXTIME): a packet is handed to the kernel early, with the time at which it is to
 * leave. The socket option is accepted everywhere, but only some qdiscs look at the time. Decided
 * here: which one does, by which clock, and what time a packet must get so that it is neither
 * dropped nor sent out of order. Everything is pure; any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/replay/launch/qdisc.h>

/* Verdict: are launch times honoured, and if not, why? */
enum wt_launch_verdict {
	WT_LAUNCH_HONOURED,
	WT_LAUNCH_NO_QDISC,   /* none, or noqueue */
	WT_LAUNCH_IGNORED,    /* by a qdisc that does not look at them */
	WT_LAUNCH_GATES_ONLY, /* taprio without etf: packets wait for gates, not for their time */
	WT_LAUNCH_DEADLINE,   /* etf in deadline mode: packets leave as soon as they can */
	WT_LAUNCH_MIXED,      /* the queues that a packet may take are not alike */
	WT_LAUNCH_BENEATH,    /* some class of another qdisc would; its filters decide */
	WT_LAUNCH_OVERTAKEN,  /* fq sends this priority at once */
	WT_LAUNCH_CLOCKS_DIFFER, /* of a taprio and the qdisc of its queue */
	WT_LAUNCH_NOT_TOLD,      /* what matters of the qdisc's options is not known */
	WT_LAUNCH_VERDICTS
};

/* "honoured", "no-qdisc" … */
const char *wt_launch_verdict_name(enum wt_launch_verdict verdict);

/* Unless the verdict is WT_LAUNCH_HONOURED only verdict, priority, name and text are set. */
struct wt_launch {
	enum wt_launch_verdict verdict;
	unsigned priority; /* SO_PRIORITY that this is true of */
	/* The qdisc that the verdict is about; one of them, if several queues have alike ones. */
	char name[WT_QDISC_NAME_BYTES];
	uint32_t handle;
	uint32_t parent;
	enum wt_qdisc_kind kind; /* WT_QDISC_ETF or WT_QDISC_FQ */
	int32_t clock;           /* clockid_t that the socket must have, and the times are of */
	bool offload;            /* the NIC keeps the times, by its own clock */
	bool drops_late;         /* a time that has passed means the packet is dropped */
	bool horizon_drop;       /* beyond the horizon it is dropped; else its time is changed */
	bool gates;              /* a taprio above: outside its gates a packet is dropped, too */
	int64_t delta_ns;        /* etf: how long before its time the driver gets a packet */
	int64_t horizon_ns;      /* 0: none */
	uint32_t limit_packets;  /* that may wait of one flow; more are dropped. 0: no limit */
	char text[400];          /* for people: who honours them and how, or why not and the
	                          * way out */
};

/* A `priority`: the one that serves best. */
#define WT_LAUNCH_ANY_PRIORITY (-1)

/* Find what happens to the launch times of packets of this SO_PRIORITY (0 to 15) on an interface
 * with these qdiscs. */
void wt_launch_find(struct wt_launch *launch, const char *interface, const struct wt_qdisc *qdiscs,
                    size_t count, int priority);

/* "CLOCK_TAI"; "clock 42" for one that is unknown. */
enum { WT_LAUNCH_CLOCK_BYTES = 24 };
const char *wt_launch_clock_name(int32_t clock, char text[WT_LAUNCH_CLOCK_BYTES]);

/* Offset to add, and the bounds within which it is known. Zero: exact, the same clock. */
struct wt_launch_offset {
	int64_t ns;
	int64_t error_ns;
	uint32_t readings;
};

/* Take a reading: the launch clock showed clock_ns at some moment between two looks at
 * CLOCK_MONOTONIC. The reading with the closest looks counts. Begin with a zero struct; begin anew
 * after a while: CLOCK_TAI steps when CLOCK_REALTIME is set. */
void wt_launch_offset_read(struct wt_launch_offset *offset, int64_t before_ns, int64_t clock_ns,
                           int64_t after_ns);

/* Convert a time of CLOCK_MONOTONIC to the launch clock; saturates at the ends of int64_t. */
int64_t wt_launch_time(int64_t monotonic_ns, const struct wt_launch_offset *offset);

enum wt_launch_way {
	WT_LAUNCH_WITH_TIME, /* hand it over now, with time_ns as its launch time (SCM_TXTIME) */
	WT_LAUNCH_NOT_YET,   /* ask again at time_ns: it is beyond the qdisc's horizon */
	WT_LAUNCH_AT_ONCE,   /* nobody honours a time: hand it over, without one, when it is due */
	WT_LAUNCH_WAYS
};

struct wt_launch_decision {
	enum wt_launch_way way;
	bool late;       /* it cannot leave when it is due, only as soon as may be */
	int64_t time_ns; /* on the launch clock */
};

/* Decide how to send a packet that is due at due_ns. All times are on the launch clock. margin_ns
 * is the longest time from the reading of now_ns until the packet is in the qdisc, plus the error
 * of the offset. last_ns is the launch time given to the packet before, or INT64_MIN: no packet
 * gets an earlier one, so that none overtakes another.
 *
 * fq gets due_ns as it is: it sends a late packet at once. A packet beyond its horizon it would
 * drop, or send too early.
 *
 * etf drops packets without a time, with one that has passed, and with one before that of the
 * packet it sent last. It sends up to delta before the time, so nothing that it has sent can be
 * later than now + delta. A late packet gets that time, or now + margin if it is later, and stays
 * in order. To send it past the qdisc instead (PACKET_QDISC_BYPASS) would let it overtake those
 * that wait there, and with offload put it into a queue of the NIC that waits for the time of the
 * packet in front. Without offload nobody keeps the last delta: the packet leaves that much before
 * its time. So it gets due + delta, and leaves when it is due; the delta is then how late the
 * kernel's timer may be before the packet is dropped. With offload it gets due_ns. */
struct wt_launch_decision wt_launch_decide(const struct wt_launch *launch, int64_t due_ns,
                                           int64_t now_ns, int64_t margin_ns, int64_t last_ns);

/* Readings of the clocks at one moment. */
struct wt_launch_clocks {
	int tai_offset_s; /* TAI - UTC as the kernel knows it; 0: nobody has told it */
	bool has_phc;
	int64_t phc_minus_utc_ns;
	int64_t error_ns; /* of that, half of the bracket */
};

/* Greatest difference of PHC and CLOCK_TAI with which the NIC sends when it should. */
#define WT_LAUNCH_PHC_NS 1000000

/* PHC - CLOCK_TAI, which without a TAI offset is UTC. */
int64_t wt_launch_phc_minus_tai(const struct wt_launch_clocks *clocks);

/* Check whether the clocks fit these launch times: true if nothing keeps packets from leaving when
 * they should. `text` gets a remark on them, or "". */
bool wt_launch_judge_clocks(const struct wt_launch *launch, const struct wt_launch_clocks *clocks,
                            char *text, size_t capacity);

#endif
