/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram_json.h"

#include "draw_histogram.h"

const struct wt_quantile wt_quantiles[WT_QUANTILES] = {
        {0.5, "p50", "p50_ns"},
        {0.9, "p90", "p90_ns"},
        {0.99, "p99", "p99_ns"},
        {0.999, "p99.9", "p99_9_ns"},
};

static json_t *rows_json(const struct wt_histogram *histogram)
{
	struct wt_draw_row rows[WT_DRAW_ROWS_MAX];
	size_t count = wt_draw_rows(histogram, rows, WT_DRAW_ROWS_MAX);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		json_object_set_new(row, "from_ns",
		                    rows[i].from_ns < 0 ? json_null()
		                                        : json_integer(rows[i].from_ns));
		json_object_set_new(row, "to_ns", json_integer(rows[i].to_ns));
		json_object_set_new(row, "count", json_integer((json_int_t)rows[i].count));
		json_array_append_new(array, row);
	}
	return array;
}

json_t *wt_histogram_json(const struct wt_histogram *histogram)
{
	json_t *object;

	/* There is no mean of nothing. */
	if (!histogram->count)
		return json_null();
	object = json_object();
	json_object_set_new(object, "count", json_integer((json_int_t)histogram->count));
	json_object_set_new(object, "negative", json_integer((json_int_t)histogram->negative));
	json_object_set_new(object, "min_ns", json_integer(histogram->min_ns));
	json_object_set_new(object, "mean_ns",
	                    json_real(histogram->sum_ns / (double)histogram->count));
	for (size_t i = 0; i < WT_QUANTILES; i++)
		json_object_set_new(
		        object, wt_quantiles[i].key,
		        json_integer(wt_histogram_quantile(histogram, wt_quantiles[i].q)));
	json_object_set_new(object, "max_ns", json_integer(histogram->max_ns));
	json_object_set_new(object, "histogram", rows_json(histogram));
	return object;
}

void wt_histogram_print_quantiles(const struct wt_histogram *histogram)
{
	char text[WT_DRAW_TIME_BYTES];

	for (size_t i = 0; i < WT_QUANTILES; i++)
		printf("  %s %s", wt_quantiles[i].name,
		       wt_draw_time(text, wt_histogram_quantile(histogram, wt_quantiles[i].q)));
	printf("  max %s\n", wt_draw_time(text, histogram->max_ns));
}
