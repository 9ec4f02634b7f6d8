/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_SOURCE_PRIVATE_H
#define WIRETAPE_REPLAY_SOURCE_PRIVATE_H

/* Where the sender's packets come from: ready to be sent, in order, each with its time. Not
 * installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/replay/source/packet_queue.h>
#include <wiretape/packet/payload_stamp.h>
#include <wiretape/replay/plan/replayer_config.h>

/* wt_queued_packet.flags */
enum {
	WT_QUEUED_STAMPED = 1 << 0,   /* stamp_offset and checksum_offset are set */
	WT_QUEUED_STAMP_ODD = 1 << 1, /* wt_payload_stamp.odd */
};

/* What a port takes. */
struct wt_source_port {
	const char *interface;
	uint16_t link_type; /* 0: payloads of UDP */
	uint32_t bytes_min, bytes_max;
};

/* The source's own thread writes them; read when it has ended, but for `progress`. */
struct wt_source_counts {
	uint64_t read;
	uint64_t padded, cut, stamped, unstamped, loops;
	uint64_t without_fcs, excess;
	struct wt_replay_skipped skipped;
	struct wt_rewrite_counts rewritten;
	struct wt_schedule schedule; /* for its counters */
};

/* Named states, in the order in which they came; starts as zero. */
struct wt_replay_notes {
	char texts[WT_REPLAY_NOTES][WT_REPLAY_NOTE_BYTES];
	size_t count;
	uint64_t left_out; /* for want of room */
};

void wt_replay_notes_add(struct wt_replay_notes *notes, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* How far it is, for others to look at: relaxed atomics. */
struct wt_source_progress {
	uint64_t packets;
	int64_t last_due_ns;
	uint32_t share_ppm; /* of all there is, in millionths; UINT32_MAX: not known */
};

struct wt_source;

struct wt_source_ops {
	/* Before the first packet: have as much ready as fits. -EINTR if *stop is set, or what
	 * kept it from having anything. Blocks. */
	int (*fill)(struct wt_source *source, const int *stop);

	/* As wt_packet_queue_peek() and so on; the sender's thread. */
	size_t (*peek)(struct wt_source *source, struct wt_queued_packet **packets, size_t max);
	void (*release)(struct wt_source *source, size_t count);
	bool (*ended)(struct wt_source *source, int *error);

	/* No more is wanted. What *error of ended() was about is in source->err. */
	void (*finish)(struct wt_source *source);
	void (*close)(struct wt_source *source);
};

struct wt_source {
	const struct wt_source_ops *ops;
	const struct wt_replay_config *config;
	struct wt_source_port ports[WT_REPLAY_PORTS_MAX];
	struct wt_source_counts counts;
	struct wt_replay_notes notes; /* as the counts: its own thread's */
	struct wt_source_progress progress;
	struct wt_error err;
};

/* Which port packets of an interface of the files go to: the port's number, or one of these. UNFIT:
 * there is one, and it cannot carry them. */
enum { WT_PORT_LEFT_OUT = -1, WT_PORT_NONE = -2, WT_PORT_UNFIT = -3 };
struct wt_replay_ports;
int wt_replay_port_of(const struct wt_replay_ports *ports, const char *name, uint32_t number);

int wt_source_open_files(struct wt_source **source, const struct wt_replay_config *config,
                         const struct wt_replay_ports *ports, const struct wt_source_port *taken,
                         size_t count, struct wt_timeline_file *files, struct wt_error *err);

/* `generated` is copied. */
int wt_source_open_generated(struct wt_source **source, const struct wt_replay_config *config,
                             const struct wt_generated *generated,
                             const struct wt_source_port *taken, struct wt_error *err);

/* ---- prepare.c: from a packet of a file to one that can be sent ---- */

struct wt_prepare {
	const struct wt_replay_config *config;
	const struct wt_source_port *ports;
	struct wt_source_counts *counts;
};

/* What is to be sent of a packet, before it is copied. */
struct wt_prepared {
	const uint8_t *data;
	uint32_t caplen; /* bytes that are there */
	uint32_t bytes;  /* to be sent: zeros behind them */
	uint16_t link_type;
};

/* Whether packets of this link type can be sent on a port. */
bool wt_prepare_is_fit(const struct wt_source_port *port, uint16_t link_type);

/* Why they cannot, and the way out, of a file's interface by this name (NULL: none) and number. */
void wt_prepare_note_unfit(struct wt_replay_notes *notes, const struct wt_source_port *port,
                           const char *path, const char *name, uint32_t number, uint16_t link_type);

/* False for a packet that is skipped, and counted as such. The port is fit for its link type. */
bool wt_prepare_choose(const struct wt_prepare *prepare, const struct wt_pcapng_item_packet *packet,
                       uint16_t port, struct wt_prepared *chosen);

/* Make it what it is to be, in a place with room for chosen->bytes. False: it is skipped after
 * all. */
bool wt_prepare_fill(const struct wt_prepare *prepare, const struct wt_pcapng_item_packet *packet,
                     const struct wt_prepared *chosen, uint16_t port,
                     struct wt_queued_packet *place);

/* Where numbers and times go in a packet that is ready. */
void wt_prepare_stamp(const struct wt_prepare *prepare, struct wt_queued_packet *place,
                      uint16_t link_type);

#endif
