/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_STAMP_H
#define WIRETAPE_STAMP_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many stamps came from where, and the span they cover. One thread. */
struct wt_stamp_tally {
	uint64_t by_source[WT_STAMP_SOURCES];
	int64_t first_ns; /* of the first frame counted; meaningful once there is one */
	int64_t last_ns;  /* of the last one */
};

/* Count the stamps of `count` frames. */
void wt_stamp_tally_add(struct wt_stamp_tally *tally, const struct wt_frame *frames, size_t count);

/* How many stamps were counted. */
uint64_t wt_stamp_tally_total(const struct wt_stamp_tally *tally);

/* The clock that stamps show. */
enum wt_stamp_clock {
	WT_CLOCK_UTC, /* CLOCK_REALTIME */
	WT_CLOCK_TAI, /* that and the leap seconds: no jumps */
	WT_CLOCK_PHC, /* the NIC's, as it is */
	WT_STAMP_CLOCKS
};

/* "utc", "tai", "phc"; -EINVAL for another name. */
const char *wt_stamp_clock_name(enum wt_stamp_clock clock);
int wt_stamp_clock_from_name(const char *name);

/* "hardware", "software", "fallback". */
const char *wt_stamp_source_name(enum wt_stamp_source source);

#ifdef __cplusplus
}
#endif
#endif
