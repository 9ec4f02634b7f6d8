/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_STAMPER_H
#define WIRETAPE_CAPTURE_STAMPER_H

/* What a recorder does about the stamps of one interface: brings them all to one clock, notes
 * what was done with each, and takes the cross timestamps which that rests on. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/stamp.h>
#include <wiretape/stamp/watch/watch.h>
#include <wiretape/writer/clock_note.h>

enum { WT_STAMPER_NOTES = 16 };

/* In the recorder's memory; its thread. */
struct wt_stamper {
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
	int64_t last_utc_ns;    /* of the last hardware stamp; INT64_MIN: there was none */
	int64_t lead_ns;        /* of CLOCK_REALTIME over CLOCK_MONOTONIC, at the last look */
	int64_t quiet_until_ns; /* CLOCK_MONOTONIC: a look at the clock has found nothing */
	bool surprised;         /* by a clock that seems to have been set, since the last tick */
	bool failing;           /* the clock cannot be read */
	bool frozen;
	/* To be written to the file, oldest first; while there is no room for more, the map does
	 * not change. */
	struct wt_clock_note notes[WT_STAMPER_NOTES];
	size_t note_count;
	/* Something worth saying; or less than was asked for. */
	void (*say)(void *context, const char *text, bool is_degraded);
	void *context;
};

/* Zero is the default given in brackets. */
struct wt_stamper_config {
	enum wt_stamp_clock clock; /* [UTC] */
	int32_t tai_offset_s;      /* [the kernel's] */
	void (*say)(void *context, const char *text, bool is_degraded);
	void *context;
};

/* Take the first cross timestamp. -EINVAL with the way out if TAI is asked for and the kernel
 * does not know its offset. */
int wt_stamper_open(struct wt_stamper *stamper, struct wt_reader *reader,
                    const struct wt_stamper_config *config, struct wt_error *err);

/* Convert the stamps of frames, and mark those of which the file has to say more. If they, or
 * the system clock, look as if a clock had been set, that is found out at once: at most one note
 * is added between two ticks. */
void wt_stamper_frames(struct wt_stamper *stamper, struct wt_frame *frames, size_t count);

/* What is due: a cross timestamp, a look at the interface, of which a change may have reset the
 * clock: then cross timestamps come fast again, beginning at once. CLOCK_MONOTONIC and _REALTIME.
 * To be called while frames come, however little is due. */
void wt_stamper_tick(struct wt_stamper *stamper, int64_t now_ns, int64_t utc_ns);

/* When the next tick is due; INT64_MAX: never. */
int64_t wt_stamper_due_ns(const struct wt_stamper *stamper);

/* A last cross timestamp, behind all frames. */
void wt_stamper_finish(struct wt_stamper *stamper);

/* The interface has come back, perhaps as another device. */
void wt_stamper_renew(struct wt_stamper *stamper);

/* WT_OPT_LOCAL_CLOCK of the interface. */
void wt_stamper_describe(const struct wt_stamper *stamper, char *out, size_t capacity);

/* Zero is fine. */
void wt_stamper_close(struct wt_stamper *stamper);

#endif
