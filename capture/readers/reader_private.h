/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_READER_PRIVATE_H
#define WIRETAPE_CAPTURE_READERS_READER_PRIVATE_H

/* Interface for implementing a reader, a file per generation. */

#include <wiretape/capture/readers/packet_socket.h>
#include <wiretape/capture/readers/reader.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/ring/ring_private.h>

struct wt_reader_ops {
	int (*start)(struct wt_reader *reader, struct wt_error *err);
	int (*stop)(struct wt_reader *reader);
	/* What the producer has counted since it was last asked. */
	int (*statistics)(struct wt_reader *reader, struct wt_ring_statistics *since_last);
	int (*health)(struct wt_reader *reader);
	int (*reattach)(struct wt_reader *reader, struct wt_error *err); /* NULL: cannot */
	int (*woken)(struct wt_reader *reader);                          /* NULL: nothing to do */
	/* NULL: as the kernel describes info.link. */
	int (*link)(const struct wt_reader *reader, struct wt_link *link);
	void (*close)(struct wt_reader *reader);
};

/* The head of every implementation's own struct. */
struct wt_reader {
	const struct wt_reader_ops *ops;
	struct wt_reader_info info;
	struct wt_ring *ring;
	const struct wt_ring_memory *memory; /* of the ring, or NULL */
	int fd;
	char degraded[WT_READER_DEGRADED][320];
	struct wt_system *system; /* NULL: the kernel */
	struct wt_nic_stamping stamping;
	struct wt_phc *phc; /* of hardware stamps, or NULL */
	char stamps_degraded[320];
	struct wt_ring_statistics counted; /* by the producer, so far */
	/* A filter that runs here: the ring's ops with it and without. */
	const struct wt_filter *filter;
	struct wt_ring_ops filtering;
	const struct wt_ring_ops *unfiltered;
};

/* A reader with a packet socket: the live generations. */
struct wt_live_reader {
	struct wt_reader reader;
	struct wt_packet_socket packet;
	uint32_t snaplen; /* that is read of a packet; more than is kept, if the filter runs here */
	struct wt_ring_memory memory;
	void *map; /* of the ring, or NULL */
	size_t map_bytes;
};

/* Allocate, read the link, compile the filter, open the socket. `size` is that of
 * the struct that starts with a wt_live_reader. */
int wt_live_reader_create(struct wt_live_reader **live, size_t size,
                          const struct wt_reader_config *config, const struct wt_reader_ops *ops,
                          struct wt_error *err);

/* Finish opening one, with its ring: frames may arrive, once the gate is open. */
int wt_live_reader_bind(struct wt_live_reader *live, struct wt_error *err);

/* Operations that the live generations share; most of them need no others. */
extern const struct wt_reader_ops wt_live_reader_ops;
int wt_live_reader_start(struct wt_reader *reader, struct wt_error *err);
int wt_live_reader_stop(struct wt_reader *reader);
int wt_live_reader_health(struct wt_reader *reader);
int wt_live_reader_reattach(struct wt_reader *reader, struct wt_error *err);
int wt_live_reader_statistics(struct wt_reader *reader, struct wt_ring_statistics *since_last);
void wt_live_reader_close(struct wt_reader *reader);

/* Record a degradation, each once. */
void wt_reader_degrade(struct wt_reader *reader, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Have the frames of its ring pass `filter` before anybody sees them, and be cut to info.snaplen
 * after it. The filter stays the caller's. Those rejected are counted in wt_block.rejected. */
void wt_reader_filter_here(struct wt_reader *reader, const struct wt_filter *filter);

/* Settle whose stamps packets have: switch those of `interface` on and open its clock, if they
 * are asked for. Sets info.stamps. Undone by wt_reader_end_stamps(). */
int wt_reader_begin_stamps(struct wt_reader *reader, const struct wt_reader_config *config,
                           struct wt_system *system, const char *interface, struct wt_error *err);
void wt_reader_end_stamps(struct wt_reader *reader);

/* Switch stamps on again after the interface has come back. If that fails, info.stamps_degraded
 * says so. */
void wt_reader_renew_stamps(struct wt_reader *reader);

/* Ask the kernel for a ring of the planned shape and map it; halve it while the
 * kernel has no memory for it. `request` is the kernel's struct for the version,
 * filled in by `shape` for each try. */
typedef size_t wt_ring_shape(const struct wt_ring_plan *plan, uint32_t retire_timeout_ms,
                             void *request);
int wt_live_reader_map(struct wt_live_reader *live, const struct wt_reader_config *config,
                       int version, wt_ring_shape *shape, uint32_t frame_bytes,
                       struct wt_error *err);

/* Layout of a V3 ring such that pcapng can be written over what the kernel wrote between the frames
 * (pcapng/pcapng_inplace.h). */
enum {
	/* tp_sizeof_priv: the index, with two clock maps, is longer than the header. */
	WT_INPLACE_PRIVATE_BYTES = 32 + 2 * WT_CHUNK_MAP_BYTES,
	WT_INPLACE_MAC_OFFSET = 84,      /* from here on a frame may start in its slot */
	WT_INPLACE_QUEUE_BYTES = 8,      /* later, if it says of which queue it is */
	WT_INPLACE_ETHERNET_RESERVE = 2, /* PACKET_RESERVE that brings Ethernet there */
};

int wt_gen01_recv_open(struct wt_reader **reader, const struct wt_reader_config *config,
                       struct wt_error *err);
int wt_gen02_tpacket_v3_open(struct wt_reader **reader, const struct wt_reader_config *config,
                             struct wt_error *err);
int wt_gen03_tpacket_v2_open(struct wt_reader **reader, const struct wt_reader_config *config,
                             struct wt_error *err);
int wt_gen04_sim_open(struct wt_reader **reader, const struct wt_reader_config *config,
                      struct wt_error *err);
int wt_gen05_udp_open(struct wt_reader **reader, const struct wt_reader_config *config,
                      struct wt_error *err);

#endif
