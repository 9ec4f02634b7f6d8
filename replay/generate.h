/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_GENERATE_H
#define WIRETAPE_REPLAY_GENERATE_H

/* A load generator: MoldUDP64 frames with rising sequence numbers, at a rate or
 * as fast as one core can. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/feed/mold_template.h>
#include <wiretape/ring/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WT_GENERATE_BATCH_MAX 1024
#define WT_GENERATE_PPS_MAX   1000000000u

/* A way to stop a generator from outside; starts as zero. */
struct wt_generate_stop {
	int requested;
};

/* From any thread or signal handler. The generator returns within 0.1 s. */
void wt_generate_stop(struct wt_generate_stop *stop);

/* Zero is the default given in brackets. Everything is borrowed for the call. */
struct wt_generate_config {
	const char *interface; /* its name; needed */
	/* What the frames look like; source and source_mac of zero are replaced by
	 * the interface's own, where it has them. */
	struct wt_mold_template_config frame;
	uint64_t sequence_start; /* of the first packet [1] */
	uint64_t count;          /* packets to send [no limit] */
	uint64_t rate_pps;       /* up to WT_GENERATE_PPS_MAX [as fast as possible] */
	/* Time to send for [no limit]. With a rate, what is due within it is sent, up
	 * to 1 ms late. */
	int64_t duration_ns;
	uint32_t batch_frames; /* given to the kernel at once, up to WT_GENERATE_BATCH_MAX [64] */
	/* Take the queueing discipline's path instead of going to the driver directly
	 * (PACKET_QDISC_BYPASS). Only then does a recorder on the same interface see
	 * the packets, as with ifb. */
	bool through_qdisc;
	struct wt_generate_stop *stop; /* may be NULL */
};

/* What was sent, exactly: `sent` packets were accepted by the kernel, with the
 * sequence numbers from sequence_start on, each of them once. */
struct wt_generate_result {
	uint64_t sent;
	uint64_t bytes;       /* of their frames, without FCS */
	uint64_t errors;      /* times a full queue refused a packet, which was then sent again */
	int64_t duration_ns;  /* from the start to the last packet accepted */
	uint32_t frame_bytes; /* of one frame */
};

/* Send until `count`, `duration_ns` or `stop` ends it; blocks meanwhile. With a
 * rate, packet n leaves n / rate_pps seconds after the start and never earlier;
 * above 10,000 packets/s those due within 100 us leave together, at the end of
 * these 100 us. Being late once does not move the packets after it.
 *
 * Needs CAP_NET_RAW. Opens its own socket, so that several threads may generate
 * at once. Reads CLOCK_MONOTONIC.
 *
 * 0; -EINVAL for a wrong setting, -ENODEV for an interface that is unknown or has
 * vanished, -ENETDOWN if it is down or without carrier, -EPERM without the
 * capability, -EMSGSIZE for a frame above the MTU, -ENOBUFS if the interface has
 * refused everything for a second, or another -errno of the socket.
 * *result tells what was sent in every case. */
int wt_generate(const struct wt_generate_config *config, struct wt_generate_result *result,
                struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
