/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_TX_PRIVATE_H
#define WIRETAPE_REPLAY_TX_TX_PRIVATE_H

/* Ways to hand packets to the kernel, a file for each. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wiretape/base/error.h>
#include <wiretape/base/net/link.h>
#include <wiretape/replay/plan/replayer_config.h>
#include <wiretape/replay/tx/tx_report.h>
#include <wiretape/replay/tx/tx_stamps.h>

enum { WT_TX_BATCH = WT_REPLAYER_BATCH_MAX, WT_TX_REPORTS = 32 };

struct wt_tx_packet {
	const uint8_t *data; /* the caller's until the call returns */
	uint32_t bytes;
	int64_t launch_ns; /* on the clock of the socket; with launch times only */
};

struct wt_tx;

struct wt_tx_ops {
	/* Hand over up to WT_TX_BATCH packets in their order: how many the kernel has taken, 1
	 * at least, or a negative errno, then of the first of them: -EMSGSIZE if the kernel takes
	 * it at no time, whatever the next is. Blocks as the config says, else
	 * never. One thread. */
	int (*send)(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count);

	/* Go as far on the way of a packet as can be gone without one, so that the first does not
	 * find everything cold. */
	void (*warm_up)(struct wt_tx *tx);

	/* Push out what was taken, now at the latest: 0 when all has left, -EAGAIN to be asked
	 * again. */
	int (*drain)(struct wt_tx *tx);

	/* Read the error queue, up to WT_TX_REPORTS: how many. Never blocks. One thread, which need
	 * not be the one that sends. */
	int (*reports)(struct wt_tx *tx, struct wt_tx_report *reports);

	void (*close)(struct wt_tx *tx);
};

/* Common state of all kinds. */
struct wt_tx {
	const struct wt_tx_ops *ops;
	enum wt_tx_kind kind;
	int fd;
	int send_flags;
	char interface[IFNAMSIZ];
	uint32_t bytes_max; /* of a packet */
	uint32_t bytes_min;
	uint16_t link_type; /* LINKTYPE_* that packets have to have; of UDP 0 */
	bool has_stamps;    /* reports will tell when packets left: */
	struct wt_tx_stamps stamps;
	bool is_launched; /* packets have launch times */
	bool has_own_ids; /* the kernel gets them from us, and does not count (SCM_TS_OPT_ID) */
	uint32_t next_id; /* of the next packet, in reports; with stamps */
	struct wt_tx_messages *messages;
};

/* Zero is the default. Borrowed for the call. */
struct wt_tx_config {
	const char *interface;
	enum wt_tx_kind kind;               /* not AUTO */
	const struct wt_udp_target *target; /* of UDP */
	bool through_qdisc;
	bool may_block; /* a full send buffer is waited for, up to 50 ms; not of rings */
	enum wt_tx_stamp stamp;
	bool wants_launch; /* SO_TXTIME: */
	int32_t launch_clock;
	unsigned launch_priority; /* SO_PRIORITY that leads to the qdisc which keeps them */
	const struct wt_sim_tx_config *sim; /* of the simulation */
};

/* 0, or a negative errno with the way out. */
int wt_tx_open_socket(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err);
int wt_tx_open_ring(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err);
int wt_tx_open_udp(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err);

/* Open one that goes nowhere: to the loopback of a network namespace of its own, where nobody sees
 * it. Packets walk all of the kernel's way but the driver. Takes CAP_SYS_ADMIN and, the first time,
 * some ms; a negative errno where that cannot be had. */
int wt_tx_open_rehearsal(struct wt_tx **tx, const struct wt_tx_config *like);

/* Send a packet through it: its stamp, by CLOCK_REALTIME, or 0 without one. */
int64_t wt_tx_rehearse(struct wt_tx *tx);

/* An interface that can be sent on: it is there, up, with carrier, and of a kind that is
 * understood. */
int wt_tx_read_link(struct wt_link *link, const char *interface, struct wt_error *err);

/* A packet socket for *tx, bound to the interface. */
int wt_tx_packet_socket(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err);

/* Stamps and launch times, as far as they are wanted. */
int wt_tx_ask_socket(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err);

/* Finish opening: on rc == 0 allocate messages and return *tx; otherwise close it. Returns rc, or
 * what else went wrong. */
int wt_tx_finish(struct wt_tx **tx, struct wt_tx *made, int rc, struct wt_error *err);

/* send, warm_up and reports of the ops. */
struct wt_tx_messages;
int wt_tx_send_messages(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count);
void wt_tx_warm_messages(struct wt_tx *tx);
int wt_tx_read_reports(struct wt_tx *tx, struct wt_tx_report *reports);

/* Close what is open and free it; NULL is fine. */
void wt_tx_free(struct wt_tx *tx);

#endif
