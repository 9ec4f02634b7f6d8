/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_SOURCE_SOURCE_PRIVATE_H
#define WIRETAPE_REPLAY_SOURCE_SOURCE_PRIVATE_H

/* Source of the sender's packets: ready to be sent, in order, each with its time. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/packet/payload_stamp.h>
#include <wiretape/replay/plan/replayer_config.h>
#include <wiretape/replay/plan/replayer_notes.h>
#include <wiretape/replay/plan/replayer_ports.h>
#include <wiretape/replay/source/packet_queue.h>

/* wt_queued_packet.flags */
enum {
	WT_QUEUED_STAMPED = 1 << 0,   /* stamp_offset and checksum_offset are set */
	WT_QUEUED_STAMP_ODD = 1 << 1, /* wt_payload_stamp.odd */
};

/* Limits of a port. */
struct wt_packet_source_port {
	const char *interface;
	uint16_t link_type; /* 0: payloads of UDP */
	uint32_t bytes_min, bytes_max;
};

/* Counts that the source's own thread writes; read them when it has ended, but for `progress`. */
struct wt_packet_source_counts {
	uint64_t read;
	uint64_t padded, cut, stamped, unstamped, loops;
	uint64_t without_fcs, excess;
	struct wt_replayer_skipped skipped;
	struct wt_rewrite_counts rewritten;
	struct wt_schedule schedule; /* for its counters */
};

/* Progress, for others to look at: relaxed atomics. */
struct wt_packet_source_progress {
	uint64_t packets;
	int64_t last_due_ns;
	uint32_t share_ppm; /* of all there is, in millionths; UINT32_MAX: not known */
};

struct wt_packet_source;

struct wt_packet_source_ops {
	/* Fill up before the first packet: have as much ready as fits. -EINTR if *stop is set, or
	 * why nothing is ready. Blocks. */
	int (*fill)(struct wt_packet_source *source, const int *stop);

	/* Like wt_packet_queue_peek() and so on; the sender's thread. */
	size_t (*peek)(struct wt_packet_source *source, struct wt_queued_packet **packets,
	               size_t max);
	void (*release)(struct wt_packet_source *source, size_t count);
	bool (*ended)(struct wt_packet_source *source, int *error);

	/* End: no more packets are wanted. source->err keeps the reason of *error of ended(). */
	void (*finish)(struct wt_packet_source *source);
	void (*close)(struct wt_packet_source *source);
};

struct wt_packet_source {
	const struct wt_packet_source_ops *ops;
	const struct wt_replayer_config *config;
	struct wt_packet_source_port ports[WT_REPLAYER_PORTS_MAX];
	struct wt_packet_source_counts counts;
	struct wt_replayer_notes notes; /* as the counts: its own thread's */
	struct wt_packet_source_progress progress;
	struct wt_error err;
};

int wt_packet_source_open_files(struct wt_packet_source **source,
                                const struct wt_replayer_config *config,
                                const struct wt_replayer_ports *ports,
                                const struct wt_packet_source_port *taken, size_t count,
                                struct wt_timeline_file *files, struct wt_error *err);

/* `generated` is copied. */
int wt_packet_source_open_generated(struct wt_packet_source **source,
                                    const struct wt_replayer_config *config,
                                    const struct wt_generated *generated,
                                    const struct wt_packet_source_port *taken,
                                    struct wt_error *err);

/* Packets of config->made. `taken` are its interfaces' ports, in their order. */
int wt_packet_source_open_made(struct wt_packet_source **source,
                               const struct wt_replayer_config *config,
                               const struct wt_packet_source_port *taken, size_t count,
                               struct wt_error *err);

struct wt_frame_fit {
	const struct wt_replayer_config *config;
	const struct wt_packet_source_port *ports;
	struct wt_packet_source_counts *counts;
};

/* The part of a packet to send, before it is copied. */
struct wt_fitted {
	const uint8_t *data;
	uint32_t caplen; /* bytes that are there */
	uint32_t bytes;  /* to be sent: padded with zeros */
	uint16_t link_type;
};

/* Check whether packets of this link type can be sent on a port. */
bool wt_frame_fit_is_settled(const struct wt_packet_source_port *port, uint16_t link_type);

/* Note why packets cannot be sent, and the way out, for a file's interface by this name (NULL:
 * none) and number. */
void wt_frame_fit_count_unfit(struct wt_replayer_notes *notes,
                              const struct wt_packet_source_port *port, const char *path,
                              const char *name, uint32_t number, uint16_t link_type);

/* Choose; false for a packet that is skipped, and counted as such. The port is fit for its link
 * type. */
bool wt_frame_fit_choose(const struct wt_frame_fit *prepare,
                         const struct wt_pcapng_item_packet *packet, uint16_t port,
                         struct wt_fitted *chosen);

/* Fill in the packet, in a place with room for chosen->bytes. False: it is skipped after all. */
bool wt_frame_fit_fill(const struct wt_frame_fit *prepare,
                       const struct wt_pcapng_item_packet *packet, const struct wt_fitted *chosen,
                       uint16_t port, struct wt_queued_packet *place);

/* Note where numbers and times go in a packet that is ready. */
void wt_frame_fit_stamp(const struct wt_frame_fit *prepare, struct wt_queued_packet *place,
                        uint16_t link_type);

#endif
