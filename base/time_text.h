/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TIME_TEXT_H
#define WIRETAPE_WRITER_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Times as people write them, exact to the nanosecond. Pure, any thread. */

struct wt_time {
	int64_t ns;    /* since 1970, UTC, or since something that the reader knows */
	bool relative; /* the latter: it was written with a plus */
};

/* "2026-11-21T00:30:00.5Z" (the T may be a space, fraction and Z may be left out, UTC in any
 * case), "1795220999.000000001" (seconds since 1970) or "+90.25". Fractions have up to nine
 * digits. False for anything else, and for what lies outside 1970 to 2262. */
bool wt_time_parse(const char *text, struct wt_time *time);

/* Seconds without sign: "3", "0.5". False for anything else. */
bool wt_time_parse_seconds(const char *text, int64_t *ns);

/* "2023-11-14T22:13:20.000000001Z"; any stamp. */
enum { WT_TIME_UTC_BYTES = 40 };
void wt_time_format_utc(char text[WT_TIME_UTC_BYTES], int64_t ns);

#ifdef __cplusplus
}
#endif
#endif
