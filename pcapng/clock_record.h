/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_CLOCK_RECORD_H
#define WIRETAPE_PCAPNG_CLOCK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/stamp/clock_map.h>

/* A block of type WT_PCAPNG_CLOCK: the facts about an interface's clock, so that a later program
 * can convert its stamps again. Its body is text, lines "name=value\n" up to a NUL
 * (docs/format.md). Pure, any thread. */

#define WT_PCAPNG_CLOCK 0x80577404u

enum wt_clock_record_what {
	WT_CLOCK_RECORD_CROSS,  /* a cross timestamp was taken; its outcome */
	WT_CLOCK_RECORD_MAP,    /* the map in force: at the start of each file */
	WT_CLOCK_RECORD_CHANGE, /* something about the interface has changed */
};

enum { WT_CLOCK_RECORD_TEXT_BYTES = 256, WT_CLOCK_RECORD_BYTES_MAX = 1024 };

struct wt_clock_record {
	enum wt_clock_record_what what;
	uint32_t interface_id;
	int64_t utc_ns; /* when it was recorded, by CLOCK_REALTIME */
	/* CROSS */
	struct wt_cross_sample sample;
	enum wt_clock_verdict verdict;
	int64_t step_ns;               /* for a step: the change of UTC - PHC */
	enum wt_clock_culprit culprit; /* likewise */
	/* CROSS, MAP: in force from here on; number 0: none yet */
	struct wt_clock_map map;
	/* CHANGE */
	char change[24]; /* wt_watch_change_name() */
	char text[WT_CLOCK_RECORD_TEXT_BYTES];
};

/* Write the whole block in host byte order; the bytes written, at most WT_CLOCK_RECORD_BYTES_MAX,
 * or -ENOBUFS. `out` is aligned to 4. */
ssize_t wt_clock_record_encode(uint8_t *out, size_t capacity, const struct wt_clock_record *note);

/* Read a block's body. False if its kind is missing or a number is malformed; unknown names are
 * ignored. */
bool wt_clock_record_parse(const uint8_t *body, size_t length, struct wt_clock_record *note);

#endif
