/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram_json.h"

#include "draw_histogram.h"

#include <math.h>

const struct wt_quantile wt_quantiles[WT_QUANTILES] = {
        {0.5, "p50"},
        {0.9, "p90"},
        {0.99, "p99"},
        {0.999, "p99.9"},
};

static void read_from(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_draw_row *drawn = subject;

	(void)row;
	if (drawn->from_ns >= 0)
		wt_value_signed(value, drawn->from_ns);
}

#define SUBJECT struct wt_draw_row
static const struct wt_number row_rows[] = {
        WT_READ(read_from, "from_ns", WT_KIND_GAUGE, WT_IN_NS, "from here on; null: below 0"),
        WT_NS(to_ns, "to_ns", "up to here, without it"),
        WT_COUNT(count, "count", "how many"),
        {0},
};
#undef SUBJECT

static const void *next_row(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	struct wt_draw_row rows[WT_DRAW_ROWS_MAX];
	struct wt_draw_row *drawn = (struct wt_draw_row *)room->bytes;

	(void)row;
	if (index >= wt_draw_rows(subject, rows, WT_DRAW_ROWS_MAX))
		return NULL;
	*drawn = rows[index];
	return drawn;
}

static void read_mean(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_histogram *histogram = subject;

	(void)row;
	wt_value_signed(value, llround(histogram->sum_ns / (double)histogram->count));
}

/* Read the quantile in the place of an offset: the subject is the whole histogram. */
static void read_quantile(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	wt_value_signed(value, wt_histogram_quantile(subject, wt_quantiles[row->offset].q));
}

#define SUBJECT struct wt_histogram
#define QUANTILE(i, name, words)                                                                   \
	{                                                                                          \
		.key = (name), .help = (words), .kind = WT_KIND_GAUGE, .unit = WT_IN_NS,           \
		.type = WT_NUMBER_READ, .read = read_quantile, .offset = (i)                       \
	}
const struct wt_number wt_histogram_rows[] = {
        WT_COUNT(count, "count", "how many"),
        WT_COUNT(negative, "negative", "of those: below 0"),
        WT_NS(min_ns, "min_ns", "the least"),
        WT_READ(read_mean, "mean_ns", WT_KIND_GAUGE, WT_IN_NS, "the mean"),
        QUANTILE(0, "p50_ns", "half are no more than this"),
        QUANTILE(1, "p90_ns", "90 % are no more than this"),
        QUANTILE(2, "p99_ns", "99 % are no more than this"),
        QUANTILE(3, "p99_9_ns", "99.9 % are no more than this"),
        WT_NS(max_ns, "max_ns", "the most"),
        WT_LIST(next_row, "histogram", row_rows, "how often what occurred"),
        {0},
};

const void *wt_histogram_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_histogram *histogram = (const void *)((const char *)subject + row->offset);

	(void)index, (void)room;
	return histogram->count ? histogram : NULL;
}

void wt_histogram_print_quantiles(const struct wt_histogram *histogram)
{
	char text[WT_DRAW_TIME_BYTES];

	for (size_t i = 0; i < WT_QUANTILES; i++)
		printf("  %s %s", wt_quantiles[i].name,
		       wt_draw_time(text, wt_histogram_quantile(histogram, wt_quantiles[i].q)));
	printf("  max %s\n", wt_draw_time(text, histogram->max_ns));
}
