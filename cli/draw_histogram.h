/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_DRAW_HISTOGRAM_H
#define WIRETAPE_CLI_DRAW_HISTOGRAM_H

/* A histogram of times for people: a row for each of 1, 2, 5, 10, 20 … ns up to seconds, with a
 * bar. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/base/histogram.h>

/* Steps up to 292 years, and one for times below 0. */
enum { WT_DRAW_ROWS_MAX = 60, WT_DRAW_COLUMNS = 80, WT_DRAW_TIME_BYTES = 32 };

struct wt_draw_row {
	int64_t from_ns; /* INT64_MIN: all below 0 */
	int64_t to_ns;   /* without it */
	uint64_t count;
};

/* The rows from the first that has counts to the last, with those between them; returns how many. A
 * time that is nearer to a step than a 64th may be in a neighbouring row. */
size_t wt_draw_rows(const struct wt_histogram *histogram, struct wt_draw_row *rows, size_t max);

/* Draw the title on a line, then the rows, in at most WT_DRAW_COLUMNS columns. `unit`: what was
 * counted, in the plural, "packets". `blocks`: bars of Unicode's block elements in UTF-8, else of
 * '#'. */
void wt_draw_histogram(FILE *out, const struct wt_histogram *histogram, const char *title,
                       const char *unit, bool blocks);

/* Check whether the locale of the environment has UTF-8. */
bool wt_draw_has_utf8(void);

/* "0 ns", "1.25 us", "12.5 ms", "125 s": three digits, rounded. Returns `out`. */
const char *wt_draw_time(char out[WT_DRAW_TIME_BYTES], int64_t ns);

#endif
