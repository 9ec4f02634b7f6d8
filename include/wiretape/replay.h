/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_H
#define WIRETAPE_REPLAY_H

/* Sends packets on time, from capture files, a list or a callback, and proves it: when each was
 * due, and when it left.
 *
 *     struct wt_replay_config config = {.size = sizeof(config), .interface = "eth0",
 *                                       .packets = packets, .packet_count = 100};
 *     struct wt_replay *replay;
 *
 *     if (!wt_replay_open(&replay, &config, &err)) {
 *             wt_replay_run(replay, &result, &err);
 *             wt_replay_close(replay);
 *     }
 *
 * The thread that calls wt_replay_run() sends; two more read ahead and collect the proof. Sending
 * takes CAP_NET_RAW, except for UDP payloads and the simulation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/error.h>
#include <wiretape/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the sender waits for the moment. */
enum wt_pace {
	WT_PACE_AUTO,   /* TXTIME where the NIC itself sends on time, else SPIN */
	WT_PACE_SPIN,   /* busy-waits; sleeps only while more than 2 ms are left, 100 us on a single
	                   processor */
	WT_PACE_SLEEP,  /* sleeps: takes little processor time, tens of us late */
	WT_PACE_TXTIME, /* does not wait: packets are handed over early with their launch time */
	WT_PACES
};

/* How packets get to the kernel. */
enum wt_tx_kind {
	WT_TX_AUTO,   /* RING for as-fast-as-possible where that is faster, else SOCKET */
	WT_TX_SOCKET, /* a packet socket, send() and sendmmsg() */
	WT_TX_RING,   /* a TPACKET TX ring */
	WT_TX_UDP,    /* a UDP socket: payloads only, no privileges needed */
	WT_TX_SIM,    /* nowhere, on a simulated clock */
	WT_TX_KINDS
};

/* Evidence of a packet's departure; each falls back on the next. */
enum wt_tx_stamp {
	WT_TX_STAMP_AUTO, /* the NIC's own stamps if already switched on, else the driver's, else
	                     hand-over times */
	WT_TX_STAMP_HARDWARE, /* switch the NIC's stamps on, and off again at the end */
	WT_TX_STAMP_SOFTWARE, /* the driver's stamps */
	WT_TX_STAMP_OFF,      /* hand-over times only */
	WT_TX_STAMPS
};

WT_API const char *wt_pace_name(enum wt_pace pace); /* "auto", "spin" … Static. */
WT_API const char *wt_tx_kind_name(enum wt_tx_kind kind);
WT_API const char *wt_tx_stamp_name(enum wt_tx_stamp stamp); /* "auto", "hw" … */
WT_API int wt_pace_from_name(const char *name);              /* -1: there is none */
WT_API int wt_tx_kind_from_name(const char *name);
WT_API int wt_tx_stamp_from_name(const char *name);

/* How to send packets that the capture has truncated. */
enum wt_truncated {
	WT_TRUNCATED_PAD,  /* in full length, with zeros for the missing bytes */
	WT_TRUNCATED_CUT,  /* as they are */
	WT_TRUNCATED_SKIP, /* not at all */
};

/* A packet to send: an Ethernet frame without check sequence. The size of this struct is part of
 * the promise: it does not grow. */
struct wt_replay_packet {
	const uint8_t *data;
	int64_t stamp_ns; /* for the timing, from any zero; never decreasing */
	uint32_t bytes;
	uint32_t reserved; /* 0 */
};

struct wt_replay_progress {
	size_t size; /* the library's, see export.h */
	uint64_t sent;
	uint64_t bytes;
	uint64_t over_tolerance;
	int64_t elapsed_ns; /* since the start; negative: not started yet */
	double share;       /* share of the files read, 0 to 1; negative: unknown */
};

struct wt_replay;

/* Everything is borrowed until the replay is closed. */
struct wt_replay_config {
	size_t size; /* see export.h */

	/* Source of the packets: files, a list, or a callback; exactly one. */
	const char *const *paths;
	size_t path_count;
	const struct wt_replay_packet *packets;
	size_t packet_count;
	/* Returns the next packet, in the sender's thread, right before it is sent. 1; 0 at the
	 * end; or a negative errno. The packet's bytes are copied on return. At most next_bytes_max
	 * [1514]. */
	int (*next)(void *context, struct wt_replay_packet *packet);
	uint32_t next_bytes_max;

	/* For files: */
	int64_t from_ns, to_ns; /* as in struct wt_files_config */
	bool is_relative;
	const char *filter;          /* a libpcap expression [all] */
	uint64_t loops;              /* how often to send everything [1]; UINT64_MAX: endlessly */
	enum wt_truncated truncated; /* [WT_TRUNCATED_PAD] */
	bool fix_checksums;

	/* Destination. */
	const char *interface; /* "eth0"; "sim[:key=value,…]": the simulation */
	const char *to; /* for files, instead: "ADDRESS:PORT", UDP payloads only; then `interface`
	                   is for multicast [by the routes] */
	enum wt_tx_kind tx; /* [WT_TX_AUTO] */
	bool through_qdisc; /* do not bypass the qdisc; also visible to recorders on this machine */

	/* Timing. */
	/* "original", "speed:X", "pps:N", "mbps:N", "gap:TIME", "delta:TIME[,idle=TIME]", "asap"
	 * [original] */
	const char *timing;
	int64_t start_utc_ns; /* [now] */
	uint64_t count;       /* packets to send at most [no limit] */
	enum wt_pace pace;    /* [WT_PACE_AUTO] */

	/* Proof. */
	enum wt_tx_stamp tx_stamp; /* [WT_TX_STAMP_AUTO] */
	int64_t tolerance_ns;      /* [1 ms] */
	const char *proof_path;    /* CSV, one line per packet [none] */

	/* Called every 0.1 s, in a thread other than the caller's. */
	void (*on_progress)(void *context, const struct wt_replay_progress *progress);
	void *context; /* for this and `next` */
};

/* Open everything; nothing is sent yet. 0 and *replay, which the caller closes; -EINVAL for
 * settings that make no sense; -E2BIG for settings unknown to this library; or another negative
 * errno and its reason. */
WT_API int wt_replay_open(struct wt_replay **replay, const struct wt_replay_config *config,
                          struct wt_error *err);

/* Source of departure times. */
enum wt_departure_source {
	WT_DEPARTURE_HANDOVER, /* when the packet was given to the kernel: it left later */
	WT_DEPARTURE_SOFTWARE, /* the driver's stamp, taken when it gave the packet to the NIC */
	WT_DEPARTURE_HARDWARE, /* the NIC's own stamp */
	WT_DEPARTURE_SOURCES
};

/* "handover", "software", "hardware". Static; any thread. */
WT_API const char *wt_departure_source_name(enum wt_departure_source source);

/* Result and proof: how far all departures were from their due times, and the gaps between packets
 * from the intended ones. */
struct wt_replay_result {
	size_t size; /* see export.h */
	uint64_t sent;
	uint64_t bytes;         /* of frames, or UDP payloads */
	uint64_t read;          /* packets read from the source */
	uint64_t skipped;       /* read and not sent: too large, too short, no UDP … */
	uint64_t starved;       /* times a packet was due and none was ready */
	uint64_t late_launches; /* handed over after their launch time */
	uint64_t unproved;      /* sent, but missing in the proof: it could not keep up */
	int64_t start_utc_ns;
	int64_t duration_ns; /* from the start to the last hand-over */
	double rate_pps;     /* 0 if unknown */
	bool was_stopped;
	bool has_schedule; /* false: as fast as possible, so there are no errors */
	enum wt_pace pace; /* the one used, never AUTO */
	enum wt_tx_kind tx;
	uint64_t departures[WT_DEPARTURE_SOURCES]; /* in the proof, by source */
	uint64_t early;                            /* departed before they were due */
	uint64_t over_tolerance;
	uint64_t dropped; /* dropped by the qdisc because of their launch time */
	int64_t error_p50_ns, error_p99_ns, error_max_ns;
	int64_t gap_error_p50_ns, gap_error_p99_ns, gap_error_max_ns;
};

/* Send everything. Blocks. Once per replay. *result (NULL is fine) is filled in after an error as
 * well, with the work done so far. 0 or a negative errno. */
WT_API int wt_replay_run(struct wt_replay *replay, struct wt_replay_result *result,
                         struct wt_error *err);

/* Stop after the current packet. From any thread or signal handler, from wt_replay_open() to
 * wt_replay_close(). */
WT_API void wt_replay_stop(struct wt_replay *replay);

/* Shortfalls from the request and other remarks, by number from 0: one line each; NULL after the
 * last. Call after wt_replay_run(). They live as long as the replay. */
WT_API const char *wt_replay_note(const struct wt_replay *replay, size_t number);

/* NULL is fine. */
WT_API void wt_replay_close(struct wt_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
