/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/proof/proof.h>

#include "support/unit.h"

enum { TOLERANCE_NS = 1000 };

static struct wt_proof proof;

static void add(int64_t due_ns, int64_t departed_ns, bool is_disturbed)
{
	const struct wt_departure departure = {
	        .number = proof.departures,
	        .due_ns = due_ns,
	        .departed_ns = departed_ns,
	        .source = WT_DEPARTURE_SOFTWARE,
	        .is_disturbed = is_disturbed,
	};

	wt_proof_add(&proof, &departure);
}

static void begin(void)
{
	wt_proof_init(&proof, TOLERANCE_NS);
}

TestSuite(proof, .init = begin);

Test(proof, an_early_packet_has_an_error_like_a_late_one)
{
	add(0, 300, false);
	add(1000, 900, false);
	cr_assert(eq(u64, proof.departures, 2));
	cr_assert(eq(u64, proof.early, 1));
	cr_assert(eq(i64, proof.error.min_ns, 100));
	cr_assert(eq(i64, proof.error.max_ns, 300));
	cr_assert(eq(i64, proof.sum_ns, 200));
	cr_assert(eq(i64, proof.worst_ns, 300));
	cr_assert(eq(u64, proof.by_source[WT_DEPARTURE_SOFTWARE], 2));
}

Test(proof, a_gap_is_compared_with_what_it_was_to_be)
{
	add(0, 500, false);
	add(1000, 1500, false);
	add(2000, 2700, false);
	cr_assert(eq(u64, proof.gap_error.count, 2));
	cr_assert(eq(i64, proof.gap_error.min_ns, 0));
	cr_assert(eq(i64, proof.gap_error.max_ns, 200));
}

Test(proof, a_dropped_packet_has_no_error_and_no_gap_behind_it)
{
	const struct wt_departure dropped = {.due_ns = 1000, .is_dropped = true};

	add(0, 0, false);
	wt_proof_add(&proof, &dropped);
	add(2000, 2000, false);
	cr_assert(eq(u64, proof.dropped, 1));
	cr_assert(eq(u64, proof.departures, 2));
	cr_assert(eq(u64, proof.gap_error.count, 0));
}

Test(proof, the_tolerance_is_kept_by_an_error_of_just_that)
{
	add(0, TOLERANCE_NS, false);
	cr_assert(eq(u64, proof.over_tolerance, 0));
	add(10000, 10001 + TOLERANCE_NS, false);
	add(20000, 19999 - TOLERANCE_NS, false);
	cr_assert(eq(u64, proof.over_tolerance, 2));
}

Test(proof, disturbed_packets_count_in_all_and_not_in_the_calm_ones)
{
	add(0, 0, false);
	add(1000, 51000, true);
	add(2000, 52000, true);
	add(3000, 3000, false);
	add(4000, 4001, false);
	cr_assert(eq(u64, proof.error.count, 5));
	cr_assert(eq(i64, proof.error.max_ns, 50000));
	cr_assert(eq(u64, proof.calm_error.count, 3));
	cr_assert(eq(i64, proof.calm_error.max_ns, 1));
	cr_assert(eq(u64, proof.gap_error.count, 4));
	cr_assert(eq(u64, proof.calm_gap_error.count, 1));
}

Test(proof, the_stretch_is_what_it_lasted_longer)
{
	add(100, 150, false);
	add(1100, 1180, false);
	cr_assert(eq(i64, wt_proof_stretch_ns(&proof), 30));
}
