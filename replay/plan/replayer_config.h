/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PLAN_REPLAYER_CONFIG_H
#define WIRETAPE_REPLAY_PLAN_REPLAYER_CONFIG_H

/* The request for a replay. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/base/error.h>
#include <wiretape/base/net/interface_name.h>
#include <wiretape/feed/load/mold_template.h>
#include <wiretape/packet/rewrite.h>
#include <wiretape/replay.h>
#include <wiretape/replay/plan/schedule.h>

enum { WT_REPLAYER_PORTS_MAX = 16, WT_REPLAYER_BATCH_DEFAULT = 64, WT_REPLAYER_BATCH_MAX = 1024 };

/* Destination of UDP payloads. */
struct wt_udp_target {
	struct sockaddr_storage address;   /* AF_INET or AF_INET6, with the port */
	char interface[WT_ALT_NAME_BYTES]; /* of multicast; "": where the routes lead */
	int ttl;                           /* of multicast and unicast [1 and the system's] */
	bool no_loop; /* multicast does not come back to receivers on this machine */
};

/* "ADDRESS:PORT" or "[ADDRESS6]:PORT". -EINVAL with what is wrong. */
int wt_udp_target_parse(struct wt_udp_target *target, const char *text, struct wt_error *err);

/* Destination of one captured interface's packets. */
struct wt_replayer_map {
	const char *from; /* the interface's name in the file, or its number from 0 on */
	const char *to;   /* an interface here; "-": they are left out */
};

/* Packets that are made instead of read: MoldUDP64 with rising sequence numbers. */
struct wt_generated {
	struct wt_mold_template_config frame; /* source and MAC of 0: the interface's own */
	uint64_t sequence_start;              /* [1] */
	uint64_t count;                       /* [no end] */
	int64_t duration_ns;                  /* as many as are due within it [no end] */
	int64_t gap_ns; /* that their stamps are apart, for the timing `original` [100 us] */
	bool is_random; /* gaps are exponential with that mean; a seed gives the same ones */
	uint64_t seed;
};

/* "gen:size=200,count=1000,pps=10000,gaps=random,seed=1,group=…,port=…,source=…,session=…,
 * sequence=…,duration=…"; `session` needs memory that stays: 11 bytes. */
int wt_generated_parse(struct wt_generated *generated, const char *text, char session[11],
                       struct wt_error *err);

/* Set one of these parts, such as "size" and "200": NULL, or what `value` is not, in words. */
const char *wt_generated_set(struct wt_generated *generated, char session[11], const char *name,
                             const char *value);
bool wt_generated_is(const char *text); /* begins with "gen:", or is "gen" */

/* Packets that somebody else makes, as they are to be sent: Ethernet frames, each with its time. */
struct wt_made {
	/* Write the next one, in the sender's thread, of up to frame_bytes, at `frame`. Its bytes;
	 * 0: that was all; or a negative errno. *interface is one of those below. */
	int (*next)(void *context, uint8_t *frame, int64_t *stamp_ns, uint16_t *interface);
	void *context;
	uint32_t frame_bytes;
	const char *const *interfaces; /* at most WT_REPLAYER_PORTS_MAX */
	size_t interface_count;
};

/* Requests to a replay from outside; starts as zero. */
struct wt_replayer_stop {
	int requested;
};

/* Upper limits of the times of a replay. */
#define WT_REPLAYER_LEAD_NS_MAX        INT64_C(1000000000)
#define WT_REPLAYER_TXTIME_LEAD_NS_MAX INT64_C(60000000000)
#define WT_REPLAYER_START_NS_MAX       INT64_C(31622400000000000) /* from now: 366 days */

/* For a progress bar. */
struct wt_replayer_progress {
	uint64_t sent;
	uint64_t bytes;
	uint64_t over_tolerance;
	int64_t elapsed_ns; /* since the start; negative: it is still to come */
	double share;       /* of the files that was read, 0 to 1; negative: it is not known */
};

/* Zero is the default given in brackets. Everything is borrowed until the replay is closed. */
struct wt_replayer_config {
	/* Source: files, or `generated`, or `made` (then `interface` and `maps` are nothing). */
	const char *const *paths;
	size_t path_count;
	const struct wt_generated *generated;
	const struct wt_made *made;
	const struct wt_time *from, *to; /* as of wt_timeline_open() */
	int64_t duration_ns;
	const char *filter;
	uint64_t loops; /* how often all of it [1]; UINT64_MAX: without end */
	uint64_t count; /* packets to send at most [no limit] */
	enum wt_truncated truncated;

	/* Destination. */
	const char *interface; /* of all that `maps` does not name; "sim…": the simulation, unless
	                        * `tx` says otherwise */
	const struct wt_replayer_map *maps;
	size_t map_count;
	enum wt_tx_kind tx;
	const struct wt_udp_target *target; /* of UDP */
	bool through_qdisc; /* without launch times: not around the qdisc; also seen by recorders
	                     * on the same interface */
	const struct wt_rewrite *rewrite; /* [packets stay as they are] */
	bool fix_checksums; /* those that are wrong, or were left to a NIC, are set right */
	bool stamp_payload; /* number and UTC of the hand-over in the last 16 bytes of payloads */

	/* When. */
	struct wt_schedule_config schedule;
	enum wt_pace pace;
	int64_t start_at_ns;    /* in ns of start_clock, in a year at most [as soon as the buffer is
	                         * filled] */
	bool start_is_relative; /* start_at_ns counts from now on */
	int32_t start_clock;    /* CLOCK_REALTIME or CLOCK_TAI [REALTIME] */
	int64_t lead_ns; /* hand over this long before a packet is due [learned from stamps]; -1: 0;
	                  * up to WT_REPLAYER_LEAD_NS_MAX */
	int64_t txtime_lead_ns; /* hand over this long before the launch time [1 ms], up to
	                         * WT_REPLAYER_TXTIME_LEAD_NS_MAX */
	int64_t coalesce_ns;    /* SLEEP: packets due within it leave together, at its end [0] */
	int64_t end_after_ns;   /* stop this long after the start, whatever is left [no limit] */
	uint32_t batch;         /* packets in a system call at most [WT_REPLAYER_BATCH_DEFAULT] */

	/* The proof. */
	bool no_proof; /* nothing is recorded of single packets, and result.proof stays empty: no
	                * memory and no thread for it; nothing is learned of leads */
	enum wt_tx_stamp tx_stamp;
	int64_t tolerance_ns;   /* [1 ms] */
	const char *proof_path; /* a CSV file with a line a packet [none] */

	/* The machine. */
	uint64_t buffer_bytes; /* what is read ahead [64 MiB] */
	int cpu;               /* 1 + that of the sender [any] */
	int fifo_priority;     /* SCHED_FIFO for the sender, 1 to 99 [as others] */
	bool lock_memory;      /* mlockall() */

	struct wt_replayer_stop *stop; /* may be NULL */
	void (*on_progress)(void *context, const struct wt_replayer_progress *progress);
	void *context; /* called every 0.1 s, by another thread than the caller's */
};

/* Packets that were read and not sent, and changes made to others. */
struct wt_replayer_skipped {
	uint64_t unmapped;  /* their interface is mapped to "-" */
	uint64_t too_large; /* for the interface's MTU, or the datagram */
	uint64_t too_short; /* for a link-layer header */
	uint64_t truncated; /* with WT_TRUNCATED_SKIP, and payloads that are cut */
	uint64_t not_udp;   /* with WT_TX_UDP */
	uint64_t fragments; /* the same */
	uint64_t link_type; /* that cannot be sent there; a note names the interfaces */
};

#endif
