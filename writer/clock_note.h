/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_CLOCK_NOTE_H
#define WIRETAPE_WRITER_CLOCK_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/stamp/clock_map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A block of type WT_PCAPNG_CLOCK: what is known about an interface's clock, so that a later
 * program can convert its stamps again. Its body is text, lines "name=value\n" up to a zero
 * (docs/format.md). Pure, any thread. */

#define WT_PCAPNG_CLOCK 0x80577404u

enum wt_clock_note_what {
	WT_CLOCK_NOTE_CROSS,  /* a cross timestamp was taken, and this is what became of it */
	WT_CLOCK_NOTE_MAP,    /* the map in force: at the start of each file */
	WT_CLOCK_NOTE_CHANGE, /* something about the interface has changed */
};

enum { WT_CLOCK_NOTE_TEXT_BYTES = 256, WT_CLOCK_NOTE_BYTES_MAX = 1024 };

struct wt_clock_note {
	enum wt_clock_note_what what;
	uint32_t interface_id;
	int64_t utc_ns; /* when it was put down, by CLOCK_REALTIME */
	/* CROSS */
	struct wt_cross_sample sample;
	enum wt_clock_verdict verdict;
	int64_t step_ns;               /* of a step: what UTC - PHC changed by */
	enum wt_clock_culprit culprit; /* the same */
	/* CROSS, MAP: what holds from here on; number 0: nothing yet */
	struct wt_clock_map map;
	/* CHANGE */
	char change[24]; /* wt_watch_change_name() */
	char text[WT_CLOCK_NOTE_TEXT_BYTES];
};

/* The whole block in the machine's byte order; the bytes written, at most
 * WT_CLOCK_NOTE_BYTES_MAX, or -ENOBUFS. `out` is aligned to 4. */
ssize_t wt_clock_note_encode(uint8_t *out, size_t capacity, const struct wt_clock_note *note);

/* Read a block's body. False if it does not say what it is or has numbers that are none;
 * names that are not known are let pass. */
bool wt_clock_note_parse(const uint8_t *body, size_t length, struct wt_clock_note *note);

#ifdef __cplusplus
}
#endif
#endif
