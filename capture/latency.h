/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_LATENCY_H
#define WIRETAPE_CAPTURE_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/base/histogram.h>
#include <wiretape/capture/readers/reader.h>
#include <wiretape/stamp/clock_map.h>

/* Delays of packets from their stamps to the program that reads them.
 *
 * Hardware stamps, if the reader takes them, become UTC by a map made from cross timestamps, as in
 * a recording.
 *
 * The program's moment is CLOCK_REALTIME, read once for each block right when it is borrowed,
 * before its frames are looked at: a block of frames with v3 and the simulation, a single frame
 * with v2 and recv. */
struct wt_latency;

/* Ends of a measured span. */
enum wt_latency_span {
	WT_SPAN_HARDWARE_TO_SOFTWARE, /* both stamps are there, and the clock map */
	WT_SPAN_SOFTWARE_TO_APPLICATION,
	WT_SPAN_HARDWARE_TO_APPLICATION, /* the clock map is there, a software stamp is not */
	WT_SPAN_FALLBACK_TO_APPLICATION, /* from a stamp that was taken too late */
	WT_SPANS
};

/* Reason why it ended. */
enum wt_latency_end {
	WT_LATENCY_ASKED,    /* wt_latency_stop() */
	WT_LATENCY_PACKETS,  /* max_packets */
	WT_LATENCY_DURATION, /* max_duration_ns */
	WT_LATENCY_SOURCE,   /* a simulated interface has delivered all it was to */
	WT_LATENCY_FAILURE,  /* the error says what */
};

/* Zero is the default given in brackets. */
struct wt_latency_config {
	struct wt_reader_config reader;
	uint64_t max_packets;    /* [no limit] */
	int64_t max_duration_ns; /* [no limit] */
	int64_t silence_ns;      /* without a packet, until on_silence is called [5 s] */
	/* Called in the measuring thread, once for each silence. */
	void (*on_silence)(void *context, int64_t silent_ns);
	void *context;
};

/* Results of a measurement. Large: 120 KB. */
struct wt_latency_result {
	struct wt_histogram spans[WT_SPANS];
	uint64_t stamps[WT_STAMP_SOURCES]; /* packets by the source of their stamp */
	uint64_t packets;                  /* taken out of the ring */
	uint64_t unmapped;                 /* of these, without a span: no clock map */
	uint64_t seen;                     /* by the producer, those lost included */
	uint64_t lost;                     /* the ring was full */
	struct wt_clock_map map; /* from the NIC's clock to UTC, the last one; number 0: none */
	uint64_t malformed;      /* in blocks that contradict themselves */
	int64_t elapsed_ns;
	enum wt_latency_end end;
};

/* Open the reader, gate shut. 0 or a negative errno and its reason. One thread. */
int wt_latency_open(struct wt_latency **latency, const struct wt_latency_config *config,
                    struct wt_error *err);

/* Measure until something ends it (wt_latency_end). Blocks. Waits for the frames that the ring
 * holds when a time is over, at most two retire timeouts and a little. *result is filled in even if
 * it fails. Once per wt_latency_open(). 0, or -ENODEV if the interface has disappeared, or another
 * -errno. */
int wt_latency_run(struct wt_latency *latency, struct wt_latency_result *result,
                   struct wt_error *err);

/* Ask it to end, now or once it runs. From any thread or signal handler. */
void wt_latency_stop(struct wt_latency *latency);

/* The reader as it was set up. Lives as long as `latency`. */
const struct wt_reader_info *wt_latency_reader(const struct wt_latency *latency);

/* Close; NULL is fine. */
void wt_latency_close(struct wt_latency *latency);

/* Add `count` frames that were borrowed at `borrowed_ns`. Pure; the map may be NULL. */
void wt_latency_add(struct wt_latency_result *result, const struct wt_frame *frames, size_t count,
                    int64_t borrowed_ns, const struct wt_clock_map *map);

/* "packets", "duration" … */
const char *wt_latency_end_name(enum wt_latency_end end);

#endif
