/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/stamp.h>

static const char *const clock_names[WT_STAMP_CLOCKS] = {"utc", "tai", "phc"};

uint64_t wt_stamp_tally_total(const struct wt_stamp_tally *tally)
{
	uint64_t total = 0;

	for (size_t i = 0; i < WT_STAMP_SOURCES; i++)
		total += tally->by_source[i];
	return total;
}

void wt_stamp_tally_add(struct wt_stamp_tally *tally, const struct wt_frame *frames, size_t count,
                        const struct wt_frame_sums *sums)
{
	if (!count)
		return;
	if (!wt_stamp_tally_total(tally))
		tally->first_ns = frames[0].stamp_ns;
	for (size_t i = 0; i < WT_STAMP_SOURCES; i++)
		tally->by_source[i] += sums->by_source[i];
	tally->last_ns = frames[count - 1].stamp_ns;
}

const char *wt_stamp_source_name(enum wt_stamp_source source)
{
	static const char *const names[WT_STAMP_SOURCES] = {
	        [WT_STAMP_FALLBACK] = "fallback",
	        [WT_STAMP_SOFTWARE] = "software",
	        [WT_STAMP_HARDWARE] = "hardware",
	};

	return (unsigned)source < WT_STAMP_SOURCES ? names[source] : "unknown";
}

const char *wt_stamp_clock_name(enum wt_stamp_clock clock)
{
	return (unsigned)clock < WT_STAMP_CLOCKS ? clock_names[clock] : "unknown";
}
