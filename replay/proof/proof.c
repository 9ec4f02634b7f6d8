/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/proof/proof.h>

const char *wt_departure_source_name(enum wt_departure_source source)
{
	static const char *const names[WT_DEPARTURE_SOURCES] = {
	        [WT_DEPARTURE_HANDOVER] = "handover",
	        [WT_DEPARTURE_SOFTWARE] = "software",
	        [WT_DEPARTURE_HARDWARE] = "hardware",
	};

	return names[source];
}

void wt_proof_init(struct wt_proof *proof, int64_t tolerance_ns)
{
	wt_histogram_init(&proof->error);
	wt_histogram_init(&proof->gap_error);
	wt_histogram_init(&proof->calm_error);
	wt_histogram_init(&proof->calm_gap_error);
	proof->departures = 0;
	for (int i = 0; i < WT_DEPARTURE_SOURCES; i++)
		proof->by_source[i] = 0;
	proof->early = 0;
	proof->over_tolerance = 0;
	proof->dropped = 0;
	proof->tolerance_ns = tolerance_ns;
	proof->worst_ns = 0;
	proof->worst_number = 0;
	proof->first_due_ns = 0;
	proof->first_departed_ns = 0;
	proof->last_due_ns = 0;
	proof->last_departed_ns = 0;
	proof->sum_ns = 0;
	proof->gap_is_known = false;
	proof->was_calm = false;
}

static int64_t magnitude(int64_t ns)
{
	return ns < 0 ? -ns : ns;
}

static void add_gap(struct wt_proof *proof, const struct wt_departure *departure)
{
	int64_t planned = departure->due_ns - proof->last_due_ns;
	int64_t actual = departure->departed_ns - proof->last_departed_ns;

	if (proof->gap_is_known)
		wt_histogram_add(&proof->gap_error, magnitude(actual - planned));
	if (proof->gap_is_known && proof->was_calm && !departure->is_disturbed)
		wt_histogram_add(&proof->calm_gap_error, magnitude(actual - planned));
	proof->gap_is_known = true;
	proof->was_calm = !departure->is_disturbed;
}

void wt_proof_add(struct wt_proof *proof, const struct wt_departure *departure)
{
	int64_t error = departure->departed_ns - departure->due_ns;

	if (departure->is_dropped) {
		proof->dropped++;
		proof->gap_is_known = false;
		return;
	}
	wt_histogram_add(&proof->error, magnitude(error));
	if (!departure->is_disturbed)
		wt_histogram_add(&proof->calm_error, magnitude(error));
	add_gap(proof, departure);
	if (!proof->departures) {
		proof->first_due_ns = departure->due_ns;
		proof->first_departed_ns = departure->departed_ns;
	}
	proof->last_due_ns = departure->due_ns;
	proof->last_departed_ns = departure->departed_ns;
	proof->departures++;
	proof->by_source[departure->source]++;
	proof->early += error < 0;
	proof->over_tolerance += magnitude(error) > proof->tolerance_ns;
	proof->sum_ns += error;
	if (magnitude(error) > magnitude(proof->worst_ns)) {
		proof->worst_ns = error;
		proof->worst_number = departure->number;
	}
}

int64_t wt_proof_stretch_ns(const struct wt_proof *proof)
{
	return (proof->last_departed_ns - proof->first_departed_ns) -
	       (proof->last_due_ns - proof->first_due_ns);
}
