/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_READER_H
#define WIRETAPE_CAPTURE_READERS_READER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/base/net/link.h>
#include <wiretape/record.h>
#include <wiretape/ring/ring.h>
#include <wiretape/stamp/nic_stamping.h>
#include <wiretape/stamp/phc.h>

/* Stamps to ask of a UDP socket. */
enum wt_socket_stamp {
	WT_SOCKET_STAMP_ALL, /* SO_TIMESTAMPING: the kernel's in ns, and the NIC's where it stamps
	                      */
	WT_SOCKET_STAMP_US,  /* SO_TIMESTAMP: the kernel's, in us */
	WT_SOCKET_STAMP_NS,  /* SO_TIMESTAMPNS: the same in ns */
};

/* How the packets of an interface are shared out among its queues. */
enum wt_fanout {
	WT_FANOUT_NONE, /* one ring gets all */
	WT_FANOUT_QM,   /* by the NIC's receive queue, which the kernel counts from 1: n % queues */
	WT_FANOUT_CPU,  /* by the CPU that they arrive on */
	WT_FANOUT_HASH, /* by flow: both directions of one in one queue */
	WT_FANOUT_LB,   /* in turn */
	WT_FANOUTS
};

/* "none", "qm", "cpu", "hash", "lb". Static; any thread. */
const char *wt_fanout_name(enum wt_fanout fanout);

/* Zero is the default given in brackets. */
struct wt_reader_config {
	enum wt_reader_kind kind; /* [WT_READER_V3] */
	/* Required; for the simulation "sim[:key=value,…]", for UDP
	 * "ADDRESS:PORT[@IFACE][,source=S]" */
	const char *interface;
	const char *filter;  /* a libpcap expression [everything] */
	uint32_t snaplen;    /* [262144] */
	uint64_t ring_bytes; /* [256 MiB; 512 MiB for WT_READER_V2, whose slots are larger] */
	uint32_t retire_timeout_ms; /* TPACKET_V3: when a block that is not full is handed over [60]
	                             */
	bool no_promiscuous;
	enum wt_stamp_request stamp;       /* [WT_STAMP_SW] */
	struct wt_system *system;          /* of clocks and NICs [the kernel] */
	enum wt_socket_stamp socket_stamp; /* UDP [WT_SOCKET_STAMP_ALL] */
	/* One of several queues, each a reader: of WT_READER_V3, and of the simulation, which deals
	 * out in turn whatever is asked for. In the order of their numbers they are opened, then
	 * started. */
	enum wt_fanout fanout; /* [WT_FANOUT_NONE] */
	uint32_t queue;        /* its number, from 0 */
	uint32_t queues;       /* how many there are [1] */
	uint32_t fanout_group; /* info.fanout_group of the first of them [this is the first] */
	uint32_t busy_poll_us; /* UDP: look for packets in the NIC before sleeping [no] */
	/* Once it is not 0, opening need not wait for a filter to be compiled [NULL] */
	const volatile sig_atomic_t *abort_writes;
};

enum { WT_DEFAULT_SNAPLEN = 262144, WT_DEFAULT_RETIRE_TIMEOUT_MS = 60 };
#define WT_DEFAULT_RING_BYTES    (UINT64_C(256) << 20)
#define WT_DEFAULT_RING_BYTES_V2 (UINT64_C(512) << 20)

enum { WT_READER_DEGRADED = 8 };

/* The reader as it was set up. Strings live as long as the reader. */
struct wt_reader_info {
	const char *name;
	enum wt_reader_kind kind;
	uint16_t link_type; /* LINKTYPE_* */
	uint32_t snaplen;
	uint32_t retire_timeout_ms; /* 0: frames are handed over at once */
	bool promiscuous;
	uint64_t ring_bytes_asked;
	uint64_t ring_bytes;
	uint32_t block_bytes;       /* 0: no blocks */
	uint32_t slot_bytes;        /* TPACKET_V2, else 0 */
	const struct wt_link *link; /* NULL: no real interface, or none in particular */
	const char *degraded[WT_READER_DEGRADED + 1]; /* what is less than asked and why, each once;
	                                               * may grow; NULL after the last */
	enum wt_stamp_source stamps;                  /* what packets are expected to come with */
	const char *stamps_degraded; /* what of the stamps is less than asked, or NULL */
	bool wakes_for_each_frame;   /* the producer wakes whoever polls at every single frame */
	bool rebuilds_headers;       /* the socket takes them off: they are not those of the wire */
	bool in_place;               /* blocks may be turned into pcapng where they lie */
	enum wt_fanout fanout;       /* WT_FANOUT_NONE: not one of several queues */
	uint32_t queue;
	uint32_t fanout_group; /* for the config of the other queues; 0: none */
	bool goes_for_good;    /* an interface that has gone cannot be taken up again */
};

struct wt_reader;

/* Open with the gate shut: nothing arrives yet. One thread per reader from here on. */
int wt_reader_open(struct wt_reader **reader, const struct wt_reader_config *config,
                   struct wt_error *err);

/* Open the gate: what arrives from now on is counted and kept. */
int wt_reader_start(struct wt_reader *reader, struct wt_error *err);

/* Shut the gate. The producer's counts are final when this returns; the ring may still hold frames,
 * some of them handed over only after the retire timeout. */
int wt_reader_stop(struct wt_reader *reader);

/* The system that answers for its clocks and its NIC. */
struct wt_system *wt_reader_system(const struct wt_reader *reader);

/* The clock of its hardware stamps, owned by the reader; NULL: it has none. Until
 * wt_reader_reattach(). */
struct wt_phc *wt_reader_phc(const struct wt_reader *reader);

/* Settings of the NIC's stamping, as long as this reader made or found them. */
const struct wt_nic_stamping *wt_reader_nic_stamping(const struct wt_reader *reader);

/* Put the NIC's stamping back to what it was, which wt_reader_close() does too. An error if
 * that cannot be done, with the reason. */
int wt_reader_restore_stamping(struct wt_reader *reader, struct wt_error *err);

/* Becomes readable (poll) when the ring may have something to borrow. */
int wt_reader_fd(const struct wt_reader *reader);

/* Acknowledge after poll() has returned for it: the announcement has been noticed. Not 0 if
 * wt_reader_health() has news. */
int wt_reader_acknowledge_wakeup(struct wt_reader *reader);

struct wt_ring *wt_reader_ring(struct wt_reader *reader);

/* Memory of its frames, to hand to a disk; NULL if none of it lasts. It lives as long as the
 * reader. */
const struct wt_ring_memory *wt_reader_memory(const struct wt_reader *reader);

/* Counts of the producer since the gate was opened, as of now. -errno if it cannot be asked: then
 * as of the last time. */
int wt_reader_count(struct wt_reader *reader, struct wt_ring_statistics *total);

/* Borrow the next block of its ring, and give one back, like wt_ring_next_block() and
 * wt_ring_release_block(). What was dropped is told by the very frame that follows it: the producer
 * is asked whenever its ring is full, as only then it drops, and else never. */
int wt_reader_next_block(struct wt_reader *reader, struct wt_block *block);
void wt_reader_release_block(struct wt_reader *reader, struct wt_block *block);

/* 0; -ENETDOWN: down, may come back; -ENODEV: gone; -ENODATA: the simulation has
 * delivered all it was asked to. */
int wt_reader_health(struct wt_reader *reader);

/* After -ENODEV: if an interface of the same name and kind is there again, whatever its index, take
 * up recording from it. 0, -ENODEV while it is not there, or the reason why it cannot be taken. */
int wt_reader_reattach(struct wt_reader *reader, struct wt_error *err);

const struct wt_reader_info *wt_reader_info(const struct wt_reader *reader);

/* Check whether the interface has counters. */
bool wt_reader_has_nic(const struct wt_reader *reader);

/* Fresh counters of the interface; -ENODEV if the reader has no interface. */
int wt_reader_link(const struct wt_reader *reader, struct wt_link *link);

/* Close; NULL is fine. */
void wt_reader_close(struct wt_reader *reader);

/* Layout of a ring of `ring_bytes` or a little more. Pure, in 64 bits. V3: blocks of 1 MiB; smaller
 * ones, down to 16 KiB, for a small ring, so that it has eight. V2: slots that hold a frame of
 * `frame_bytes` and a VLAN tag, in blocks of the same sizes. At least two blocks, and never more
 * than the kernel can count (2^32 - 1 slots). */
struct wt_ring_plan {
	uint32_t block_bytes;
	uint32_t block_count;
	uint32_t slot_bytes;
};
struct wt_ring_plan wt_ring_plan_v3(uint64_t ring_bytes);
struct wt_ring_plan wt_ring_plan_v2(uint64_t ring_bytes, uint32_t frame_bytes);

#endif
