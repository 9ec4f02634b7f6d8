/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_STAMP_CONVERTER_H
#define WIRETAPE_CAPTURE_RECORDER_STAMP_CONVERTER_H

/* Stamps of one recorded interface: brings them all to one clock, notes what was done with each,
 * and takes the cross timestamps that this rests on. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/stamp.h>
#include <wiretape/stamp/watch/watch.h>

enum { WT_STAMP_CONVERTER_RECORDS = 16 };

/* In the recorder's memory; its thread. */
struct wt_stamp_converter {
	struct wt_reader *reader;
	const struct wt_reader_info *info;
	enum wt_stamp_clock clock;
	int32_t tai_offset_s; /* that is added to UTC if the clock is TAI */
	int64_t shift_ns;     /* the same; 0 for other clocks */
	struct wt_clock_estimator estimator;
	struct wt_watch *watch; /* NULL: there is nothing to watch */
	uint64_t unasked;       /* frames that came with another source than expected */
	uint64_t crosses;
	unsigned fast_left;     /* of the crosses that follow one another quickly */
	int64_t cross_due_ns;   /* CLOCK_MONOTONIC */
	int64_t look_due_ns;    /* the same: of the next look at the interface */
	int64_t last_utc_ns;    /* of the last hardware stamp; INT64_MIN: there was none */
	int64_t lead_ns;        /* of CLOCK_REALTIME over CLOCK_MONOTONIC, at the last look */
	int64_t quiet_until_ns; /* CLOCK_MONOTONIC: a look at the clock has found nothing */
	bool surprised;         /* by a clock that seems to have been set, since the last tick */
	bool failing;           /* the clock cannot be read */
	bool frozen;
	/* Notes for the file, oldest first; while there is no room for more, the map does not
	 * change. */
	struct wt_clock_record notes[WT_STAMP_CONVERTER_RECORDS];
	size_t note_count;
	/* Report an event; or a degradation. */
	void (*say)(void *context, const char *text, bool is_degraded);
	void *context;
};

/* Zero is the default given in brackets. */
struct wt_stamp_converter_config {
	enum wt_stamp_clock clock; /* [UTC] */
	int32_t tai_offset_s;      /* [the kernel's] */
	void (*say)(void *context, const char *text, bool is_degraded);
	void *context;
};

/* Take the first cross timestamp. -EINVAL with the way out if TAI is asked for and the kernel
 * does not know its offset. */
int wt_stamp_converter_open(struct wt_stamp_converter *converter, struct wt_reader *reader,
                            const struct wt_stamp_converter_config *config, struct wt_error *err);

/* Convert the stamps of frames, of which `sums` tells, and mark those that the file has to say more
 * about. A clock that
 * seems to have been set is noticed at once, from them or from the system clock: at most one note
 * is added between two ticks. */
void wt_stamp_converter_frames(struct wt_stamp_converter *converter, struct wt_frame *frames,
                               size_t count, const struct wt_frame_sums *sums);

/* Do what is due: take a cross timestamp, look at the interface, whose change may have reset the
 * clock: then cross timestamps come fast again, beginning at once. CLOCK_MONOTONIC and _REALTIME.
 * Call it regularly while frames come, even if nothing is due. */
void wt_stamp_converter_tick(struct wt_stamp_converter *converter, int64_t now_ns, int64_t utc_ns);

/* Time of the next tick; INT64_MAX: never. */
int64_t wt_stamp_converter_due_ns(const struct wt_stamp_converter *converter);

/* Take a last cross timestamp, after all frames. */
void wt_stamp_converter_finish(struct wt_stamp_converter *converter);

/* Renew: the interface has come back, perhaps as another device. */
void wt_stamp_converter_renew(struct wt_stamp_converter *converter);

/* WT_OPT_LOCAL_CLOCK of the interface. */
void wt_stamp_converter_describe(const struct wt_stamp_converter *converter, char *out,
                                 size_t capacity);

/* Close; zero is fine. */
void wt_stamp_converter_close(struct wt_stamp_converter *converter);

#endif
