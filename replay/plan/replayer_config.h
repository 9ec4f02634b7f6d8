/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REPLAY_H
#define WIRETAPE_REPLAY_REPLAY_H

/* Packets of capture files, or made on the spot, sent again on time, and the proof of it.
 *
 * One thread reads ahead, one sends, one collects the proof; the sender waits for neither. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wiretape/feed/load/mold_template.h>
#include <wiretape/replay/proof/proof.h>
#include <wiretape/packet/rewrite.h>
#include <wiretape/replay/plan/schedule.h>
#include <wiretape/base/error.h>
#include <wiretape/stamp/interface_name.h>
#include <wiretape/archive/timeline/timeline.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { WT_REPLAY_PORTS_MAX = 16, WT_REPLAY_BATCH_DEFAULT = 64, WT_REPLAY_BATCH_MAX = 1024 };

/* How the sender waits for the moment. */
enum wt_pace {
	WT_PACE_AUTO,   /* TXTIME where the NIC itself sends on time, else SPIN */
	WT_PACE_SPIN,   /* looking at the clock; sleeps only where more than 2 ms are left, 100 us
	                 * where there is one processor */
	WT_PACE_SLEEP,  /* asleep: takes little of the processor, tens of us late */
	WT_PACE_TXTIME, /* not at all: packets are handed over early with their launch time */
	WT_PACES
};

/* How packets get to the kernel. */
enum wt_tx_kind {
	WT_TX_AUTO,   /* RING as fast as possible where that is faster, else SOCKET */
	WT_TX_SOCKET, /* a packet socket, send() and sendmmsg() */
	WT_TX_RING,   /* a TPACKET TX ring */
	WT_TX_UDP,    /* a UDP socket: payloads alone, without any privilege */
	WT_TX_SIM,    /* nowhere, by a clock that is simulated */
	WT_TX_KINDS
};

/* By what the departure of a packet becomes known; each falls back on what follows it. */
enum wt_tx_stamp {
	WT_TX_STAMP_AUTO,     /* the NIC's own stamps where somebody has switched them on, else the
	                       * driver's, else when packets were handed over */
	WT_TX_STAMP_HARDWARE, /* the NIC's are switched on, and off again at the end */
	WT_TX_STAMP_SOFTWARE, /* the driver's */
	WT_TX_STAMP_OFF,      /* hand-over times only */
	WT_TX_STAMPS
};

const char *wt_pace_name(enum wt_pace pace); /* "auto", "spin" … */
const char *wt_tx_kind_name(enum wt_tx_kind kind);
const char *wt_tx_stamp_name(enum wt_tx_stamp stamp); /* "auto", "hw" … */
int wt_pace_from_name(const char *name);              /* -1: there is none */
int wt_tx_kind_from_name(const char *name);
int wt_tx_stamp_from_name(const char *name);

/* Packets that a capture has cut. */
enum wt_truncated {
	WT_TRUNCATED_PAD,  /* are sent in their full length, with zeros for what is missing */
	WT_TRUNCATED_CUT,  /* as they are */
	WT_TRUNCATED_SKIP, /* not at all */
};

/* Where UDP payloads go. */
struct wt_udp_target {
	struct sockaddr_storage address;   /* AF_INET or AF_INET6, with the port */
	char interface[WT_ALT_NAME_BYTES]; /* of multicast; "": where the routes lead */
	int ttl;                           /* of multicast and unicast [1 and the system's] */
	bool no_loop; /* multicast does not come back to receivers on this machine */
};

/* "ADDRESS:PORT" or "[ADDRESS6]:PORT". -EINVAL with what is wrong. */
int wt_udp_target_parse(struct wt_udp_target *target, const char *text, struct wt_error *err);

/* Packets of which interface in the files go where. */
struct wt_replay_map {
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

/* One of these parts, such as "size" and "200": NULL, or what `value` is not, in words. */
const char *wt_generated_set(struct wt_generated *generated, char session[11], const char *name,
                             const char *value);
bool wt_generated_is(const char *text); /* begins with "gen:", or is "gen" */

/* Requests to a replay from outside; starts as zero. */
struct wt_replay_stop {
	int requested;
};

/* From any thread or signal handler: the packet at hand is the last. */
void wt_replay_stop(struct wt_replay_stop *stop);

/* What the times of a replay may be at most. */
#define WT_REPLAY_LEAD_NS_MAX        INT64_C(1000000000)
#define WT_REPLAY_TXTIME_LEAD_NS_MAX INT64_C(60000000000)
#define WT_REPLAY_START_NS_MAX       INT64_C(31622400000000000) /* from now: 366 days */

/* For a progress bar. */
struct wt_replay_progress {
	uint64_t sent;
	uint64_t bytes;
	uint64_t over_tolerance;
	int64_t elapsed_ns; /* since the start; negative: it is still to come */
	double share;       /* of the files that was read, 0 to 1; negative: it is not known */
};

/* Zero is the default given in brackets. Everything is borrowed until the replay is closed. */
struct wt_replay_config {
	/* What: files, or `generated`. */
	const char *const *paths;
	size_t path_count;
	const struct wt_generated *generated;
	const struct wt_time *from, *to; /* as of wt_timeline_open() */
	int64_t duration_ns;
	const char *filter;
	uint64_t loops; /* how often all of it [1]; UINT64_MAX: without end */
	uint64_t count; /* packets to send at most [no limit] */
	enum wt_truncated truncated;

	/* Where to. */
	const char *interface; /* of all that `maps` does not name; "sim…": the simulation, unless
	                        * `tx` says otherwise */
	const struct wt_replay_map *maps;
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
	int64_t lead_ns; /* hand over so long before a packet is due [learned from stamps]; -1: 0;
	                  * up to WT_REPLAY_LEAD_NS_MAX */
	int64_t txtime_lead_ns; /* hand over so long before the launch time [1 ms], up to
	                         * WT_REPLAY_TXTIME_LEAD_NS_MAX */
	int64_t coalesce_ns;    /* SLEEP: packets due within it leave together, at its end [0] */
	int64_t end_after_ns;   /* stop so long after the start, whatever is left [no limit] */
	uint32_t batch;         /* packets in a system call at most [WT_REPLAY_BATCH_DEFAULT] */

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

	struct wt_replay_stop *stop; /* may be NULL */
	void (*on_progress)(void *context, const struct wt_replay_progress *progress);
	void *context; /* called every 0.1 s, by another thread than the caller's */
};

/* Packets that were read and not sent, and what was done to others. */
struct wt_replay_skipped {
	uint64_t unmapped;  /* their interface is mapped to "-" */
	uint64_t too_large; /* for the interface's MTU, or the datagram */
	uint64_t too_short; /* for a link-layer header */
	uint64_t truncated; /* with WT_TRUNCATED_SKIP, and payloads that are cut */
	uint64_t not_udp;   /* with WT_TX_UDP */
	uint64_t fragments; /* the same */
	uint64_t link_type; /* that cannot be sent there; a note names the interfaces */
};

/* What the NIC stamped itself, by its clock. */
struct wt_replay_nic_stamps {
	char clock[32];      /* "/dev/ptp0"; "": none of its stamps were asked for */
	uint64_t used;       /* stamps that are departures in the proof */
	uint64_t missing;    /* packets that it left without one */
	uint64_t unbelieved; /* others: they cannot be right, or its clock was not known */
	int64_t error_ns;    /* none that is used is further from the truth */
	uint64_t steps;      /* times its clock was set meanwhile */
	bool was_changed;    /* its stamping was switched on for this: */
	char before[16];     /* "off", of struct hwtstamp_config's tx_type */
	char during[16];     /* "on" */
	bool was_put_back;
	bool was_left; /* on: others still need it, and put it back */
};

struct wt_replay_port_result {
	char interface[IF_NAMESIZE];
	char qdisc[16]; /* that packets passed, or "" if they went around it */
	uint64_t sent;
	uint64_t bytes;
	bool has_stamps; /* the driver's */
	struct wt_replay_nic_stamps nic;
};

enum { WT_REPLAY_NOTES = 16, WT_REPLAY_NOTE_BYTES = 400 };

/* What became of it. Large: 130 KB. */
struct wt_replay_result {
	enum wt_pace pace; /* what it came to */
	enum wt_tx_kind tx;
	uint64_t sent;
	uint64_t bytes;         /* of frames, or UDP payloads */
	uint64_t read;          /* packets that came from the source */
	uint64_t refused;       /* times a full queue did not take a packet; tried again */
	uint64_t undone;        /* that the kernel has not taken for what they are; not in `sent` */
	uint64_t late_launches; /* whose time had passed before they could be handed over */
	uint64_t starved;       /* times the buffer was empty when a packet was due */
	int64_t starved_ns;     /* for so long in all */
	uint64_t starved_packets; /* that left late for it */
	/* Times for which the machine took the processor away from the sender (more than 5 us at
	 * once while it waited, or was in the kernel). */
	uint64_t interruptions;
	int64_t interrupted_ns;
	int64_t call_ns; /* that the hand-over of a packet took, the median; with SPIN and stamps */
	uint64_t unproved;          /* sent, but not in the proof: it could not keep up */
	uint64_t unbelieved_stamps; /* of NICs; the next best took their place */
	uint64_t padded;            /* packets that were cut, and sent with zeros */
	uint64_t cut;               /* and as they are */
	uint64_t without_fcs; /* packets whose check sequence was left out: the NIC adds its own */
	uint64_t excess;      /* packets of which more was captured than they are long */
	uint64_t stamped;     /* payloads */
	uint64_t loops;       /* begun */
	struct wt_replay_skipped skipped;
	struct wt_rewrite_counts rewritten;
	/* Of the schedule, see schedule.h: */
	uint64_t out_of_order, stepped_back, gaps_capped, saturated;
	uint64_t unstamped; /* packets without a stamp of their own */
	bool has_schedule;  /* false: as fast as possible, there is no error */
	int64_t start_utc_ns;
	int64_t duration_ns; /* from the start to the last hand-over; as fast as possible, to the
	                      * end of that */
	int64_t lead_ns;     /* as it was at the end */
	bool was_stopped;
	int64_t fifo_stolen_us; /* of each second, from a SCHED_FIFO sender that spins; 0: none */
	struct wt_proof proof;
	struct wt_replay_port_result ports[WT_REPLAY_PORTS_MAX];
	size_t port_count;
	/* Named states: what is less than was asked for, or has to be known. */
	char notes[WT_REPLAY_NOTES][WT_REPLAY_NOTE_BYTES];
	size_t note_count;
	uint64_t notes_left_out; /* more than there is room for */
};

struct wt_replay;

/* Open files and interfaces. Needs CAP_NET_RAW, but for UDP and the simulation. `files` has room
 * for path_count of them and is kept up to date until it is closed. 0 or a negative errno. */
int wt_replay_open(struct wt_replay **replay, const struct wt_replay_config *config,
                   struct wt_timeline_file *files, struct wt_error *err);

/* Send it all. Blocks. *result is filled in in any case: after an error with what was done until
 * then. 0, or a negative errno. Once per wt_replay_open(). */
int wt_replay_run(struct wt_replay *replay, struct wt_replay_result *result, struct wt_error *err);

/* Packets a second: with a schedule, of the gaps between them, of which there is one less. 0 if it
 * cannot be told. */
double wt_replay_rate_pps(const struct wt_replay_result *result);

/* NULL is fine. */
void wt_replay_close(struct wt_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
