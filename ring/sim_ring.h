/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_SIM_RING_H
#define WIRETAPE_RING_SIM_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/ring.h>

/* Simulation of the kernel's part of a TPACKET ring, in ordinary memory of the same layout: it
 * fills blocks, hands them over when they are full or when the retire timeout has passed, drops
 * when no block is free, and counts drops and freezes the way PACKET_STATISTICS does.
 *
 * One producer thread calls the deliver, tick and statistics functions, one reader thread uses the
 * ring from wt_sim_ring_reader(); the two synchronise through the block states alone, as with the
 * kernel. Both may be the same thread, step by step. */
struct wt_sim_ring;

enum wt_sim_layout { WT_SIM_TPACKET_V3, WT_SIM_TPACKET_V2 };

/* Zero is the default given in brackets. */
struct wt_sim_config {
	enum wt_sim_layout layout;
	uint32_t block_bytes;      /* a multiple of 4096 [64 KiB] */
	uint32_t block_count;      /* [8] */
	uint32_t slot_bytes;       /* TPACKET_V2: a multiple of 16 [2048] */
	uint32_t snaplen;          /* [no limit] */
	uint32_t reserve_bytes;    /* PACKET_RESERVE: room before each frame [0] */
	uint32_t private_bytes;    /* TPACKET_V3, tp_sizeof_priv: room before the first frame [0] */
	int64_t retire_timeout_ns; /* TPACKET_V3 [8 ms] */
	bool retires_empty_blocks; /* hand over empty blocks on timeout, as some kernels do */
};

/* A frame for the ring, as a driver would deliver it. */
struct wt_sim_frame {
	const uint8_t *data; /* without the tag, if it has one */
	uint32_t len;
	uint32_t status; /* TP_STATUS_*: VLAN_VALID, CSUMNOTREADY, TS_RAW_HARDWARE … */
	int64_t stamp_ns;
	uint16_t vlan_tci;
	uint16_t vlan_tpid;
	uint8_t packet_type; /* PACKET_HOST … (linux/if_packet.h) */
};

/* Results of delivering; both bits may be set. */
#define WT_SIM_STORED      1 /* the frame is in the ring */
#define WT_SIM_HANDED_OVER 2 /* the reader has something new to borrow */

/* 0 and *sim, or -EINVAL, -ENOMEM. */
int wt_sim_ring_create(struct wt_sim_ring **sim, const struct wt_sim_config *config);

/* The reader's end. Owned by the simulation. */
struct wt_ring *wt_sim_ring_reader(struct wt_sim_ring *sim);

/* Store a frame, or drop and count it when the ring is full. */
int wt_sim_ring_deliver(struct wt_sim_ring *sim, const struct wt_sim_frame *frame);

/* Act as the kernel's retire timer: hand over the open block if it was opened `retire_timeout_ns`
 * or longer before `now_ns` (the first call after opening starts its time). Returns
 * WT_SIM_HANDED_OVER or 0. */
int wt_sim_ring_tick(struct wt_sim_ring *sim, int64_t now_ns);

/* Hand over the open block now. Returns WT_SIM_HANDED_OVER or 0. */
int wt_sim_ring_flush(struct wt_sim_ring *sim);

/* Counters since the last call: reading resets them. Any thread. */
void wt_sim_ring_statistics(struct wt_sim_ring *sim, struct wt_ring_statistics *since_last);

/* The memory, for tests that corrupt it and benchmarks that copy it. */
const struct wt_ring_memory *wt_sim_ring_memory(const struct wt_sim_ring *sim);

/* NULL is fine. The reader's end goes with it. */
void wt_sim_ring_destroy(struct wt_sim_ring *sim);

#endif
