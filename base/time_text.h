/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_TIME_TEXT_H
#define WIRETAPE_BASE_TIME_TEXT_H

#include <stdint.h>

#include <wiretape/base/error.h>

/* Times as people write them, exact to the nanosecond. Pure, any thread. */

/* Origin that a time counts from. */
enum wt_time_base {
	WT_TIME_EPOCH, /* 1970, UTC */
	WT_TIME_START, /* the beginning of the data: the first packet, or now */
	WT_TIME_END,   /* its end, the last packet; `ns` is at most 0 */
};

struct wt_time {
	int64_t ns;
	enum wt_time_base base;
};

/* "2026-11-21T00:30:00.5Z": the T may be a space; seconds, fraction and zone are optional, and so
 * is the time of day, which defaults to midnight. The zone is Z, +01:00 or -0500 [UTC].
 * "1795220999.000000001": seconds since 1970. "+90", "+5min": after the start. "-5min": before the
 * end. Fractions have up to nine digits. Returns 0, or -EINVAL for anything else and for times
 * outside 1970 to 2262. */
int wt_time_parse(const char *text, struct wt_time *time, struct wt_error *err);

/* "2023-11-14T22:13:20.000000001Z"; any stamp. */
enum { WT_TIME_UTC_BYTES = 40 };
void wt_time_format_utc(char text[WT_TIME_UTC_BYTES], int64_t ns);

#endif
