/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/loss_log.h>

#include <string.h>
#include <sys/resource.h>

#include "support/unit.h"

#define S INT64_C(1000000000)

static struct wt_loss_log *new_log(void)
{
	struct wt_loss_log *log;

	cr_assert_eq(wt_loss_log_create(&log, 2), 0);
	wt_loss_log_has_ledger(log, 0);
	return log;
}

/* At a place that is known: before the packet with this order. */
static void drop(struct wt_loss_log *log, uint32_t interface, uint64_t order, uint64_t packets)
{
	wt_loss_log_drop_within(log, interface, order, order, packets);
}

static void leave_unwritten(struct wt_loss_log *log, uint32_t interface, uint64_t order,
                            uint64_t packets)
{
	wt_loss_log_writer_within(log, interface, order, order, packets);
}

static void break_at(struct wt_loss_log *log, uint32_t interface, uint64_t order, const char *why)
{
	wt_loss_log_break_within(log, interface, order, order, why);
}

static struct wt_loss ask_until(struct wt_loss_log *log, uint64_t after, uint64_t before,
                                int64_t after_ns, int64_t before_ns, uint64_t claim)
{
	const struct wt_loss_window window = {0, after, before, after_ns, before_ns};
	struct wt_loss loss;

	wt_loss_log_between(log, &window, claim, &loss);
	return loss;
}

static struct wt_loss ask(struct wt_loss_log *log, uint64_t after, uint64_t before, uint64_t claim)
{
	return ask_until(log, after, before, 0, 0, claim);
}

Test(loss_log, a_window_has_what_lies_after_its_first_packet_and_up_to_its_last)
{
	struct wt_loss_log *log = new_log();

	drop(log, 0, 10, 3);
	drop(log, 0, 20, 5);
	leave_unwritten(log, 0, 20, 7);
	cr_expect_eq(ask(log, 1, 9, 0).ring, 0);
	cr_expect_eq(ask(log, 9, 10, 0).ring, 3);
	cr_expect_eq(ask(log, 10, 19, 0).ring, 0);
	cr_expect_eq(ask(log, 10, 20, 0).ring, 5);
	cr_expect_eq(ask(log, 9, 20, 0).ring, 8);
	cr_expect_eq(ask(log, 20, 30, 0).ring, 0);
	cr_expect_eq(ask(log, 9, 20, 0).writer, 7);
	cr_expect_eq(ask(log, 9, 19, 0).writer, 0);
	cr_expect(ask(log, 9, 20, 0).known);
	wt_loss_log_destroy(log);
}

Test(loss_log, what_is_claimed_is_not_there_for_others)
{
	struct wt_loss_log *log = new_log();

	drop(log, 0, 10, 3);
	drop(log, 0, 20, 5);
	cr_expect_eq(ask(log, 5, 25, 4).ring, 8, "it is as before the claim");
	cr_expect_eq(ask(log, 5, 25, 0).ring, 4);
	cr_expect_eq(ask(log, 5, 15, 0).ring, 0, "the earliest are taken first");
	cr_expect_eq(ask(log, 5, 15, 0).ring_all, 3);
	cr_expect_eq(ask(log, 15, 25, 100).ring, 4);
	cr_expect_eq(ask(log, 5, 25, 0).ring, 0);
	cr_expect_eq(ask(log, 5, 25, 0).ring_all, 8);
	drop(log, 0, 30, 1);
	cr_expect_eq(ask(log, 5, 35, 0).ring, 1);
	wt_loss_log_destroy(log);
}

Test(loss_log, nothing_is_known_without_a_ledger_before_the_start_or_across_a_break)
{
	struct wt_loss_log *log = new_log();
	struct wt_loss loss;
	const struct wt_loss_window elsewhere = {.interface = 7, .after = 1, .before = 2};
	const struct wt_loss_window foreign = {.interface = 1, .after = 1, .before = 2};

	break_at(log, 0, 10, "a hole");
	wt_loss_log_no_ledger(log, 1, "somebody else's");
	cr_expect_not(ask(log, 0, 5, 0).known);
	cr_expect(ask(log, 1, 9, 0).known);
	cr_expect_not(ask(log, 9, 10, 0).known);
	cr_expect_str_eq(ask(log, 9, 10, 0).why, "a hole");
	cr_expect(ask(log, 10, 20, 0).known);
	wt_loss_log_between(log, &elsewhere, 0, &loss);
	cr_expect_not(loss.known);
	wt_loss_log_between(log, &foreign, 0, &loss);
	cr_expect_not(loss.known);
	cr_expect_str_eq(loss.why, "somebody else's");
	wt_loss_log_destroy(log);
}

/* AddressSanitizer does not survive the limit. */
#ifndef __SANITIZE_ADDRESS__
Test(loss_log, nothing_is_known_without_memory_for_what_was_lost)
{
	struct wt_loss_log *log = new_log();
	const struct rlimit none = {0, RLIM_INFINITY};

	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
	drop(log, 0, 10, 3);
	cr_expect_not(ask(log, 9, 10, 3).known);
	cr_expect_str_eq(ask(log, 9, 10, 3).why, "there was no memory for its losses");
	wt_loss_log_has_ledger(log, 0);
	cr_expect_not(ask(log, 9, 10, 3).known);
	wt_loss_log_destroy(log);
}
#endif

Test(loss_log, nothing_is_claimed_where_nothing_is_known)
{
	struct wt_loss_log *log = new_log();

	drop(log, 0, 10, 3);
	break_at(log, 0, 5, "a hole");
	cr_expect_not(ask(log, 4, 10, 2).known);
	cr_expect_eq(ask(log, 5, 10, 0).ring, 3);
	wt_loss_log_destroy(log);
}

Test(loss_log, of_what_is_older_than_it_remembers_nothing_is_known)
{
	struct wt_loss_log *log = new_log();
	uint64_t known = 10;

	for (uint64_t order = 10; order < 10 + 65536 + 1; order++)
		drop(log, 0, order, 1);
	cr_expect_not(ask(log, 9, 20, 0).known);
	while (!ask(log, known, known + 5, 0).known)
		known++;
	cr_expect_leq(known, 10 + 256);
	cr_expect_eq(ask(log, known, known + 10, 0).ring, 10);
	cr_expect_eq(ask(log, known, UINT64_MAX, 0).ring, 10 + 65536 - known);
	wt_loss_log_destroy(log);
}

/* Against a list of all packets, each claimed or not. */
Test(loss_log, claims_are_those_of_a_simple_list)
{
	enum { ORDERS = 3000, ASKED = 3000 };
	static uint8_t packets[ORDERS + 1], claimed[ORDERS + 1];
	struct wt_loss_log *log = new_log();
	uint64_t random = 88172645463325252;

	for (uint64_t order = 1; order <= ORDERS; order++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		packets[order] = random >> 60;
		drop(log, 0, order, packets[order]);
	}
	for (int i = 0; i < ASKED; i++) {
		uint64_t after, before, claim, ring = 0, all = 0;
		struct wt_loss loss;

		random = random * 6364136223846793005 + 1442695040888963407;
		after = 1 + (random >> 33) % (ORDERS - 1);
		before = after + (random >> 50) % (ORDERS + 1 - after);
		claim = (random >> 20) % 16 * (i % 10 ? 1 : 100);
		loss = ask(log, after, before, claim);
		for (uint64_t order = after + 1; order <= before; order++) {
			uint64_t left = packets[order] - claimed[order];
			uint64_t taken = left < claim ? left : claim;

			all += packets[order];
			ring += left;
			claimed[order] = (uint8_t)(claimed[order] + taken);
			claim -= taken;
		}
		cr_assert_eq(loss.ring_all, all, "%d", i);
		cr_assert_eq(loss.ring, ring, "%d", i);
	}
	wt_loss_log_destroy(log);
}

/* Gone round several times: what a slot was before does not count. */
Test(loss_log, claims_of_what_was_forgotten_do_not_come_back)
{
	struct wt_loss_log *log = new_log();

	for (uint64_t order = 1; order <= 200000; order++) {
		drop(log, 0, order, 2);
		if (order > 1)
			cr_assert_eq(ask(log, order - 1, order, 1).ring, 2);
	}
	cr_expect_eq(ask(log, 150000, 200000, 0).ring, 50000);
	cr_expect_eq(ask(log, 150000, 200000, 0).ring_all, 100000);
	wt_loss_log_destroy(log);
}

static void look(struct wt_loss_log *log, int64_t ns, uint64_t dropped, uint64_t missed)
{
	uint64_t counters[WT_NIC_COUNTERS_MAX] = {dropped, missed};

	wt_loss_log_nic(log, 0, ns, counters);
}

Test(loss_log, the_nic_is_compared_between_the_two_looks_that_enclose_the_window)
{
	struct wt_loss_log *log = new_log();
	struct wt_loss loss;

	look(log, 10, 100, 0);
	look(log, 20, 101, 0);
	look(log, 30, 105, 2);
	loss = ask_until(log, 1, 2, 20, 30, 0);
	cr_expect(loss.has_nic);
	cr_expect_eq(loss.nic, 6);
	cr_expect_eq(loss.nic_moved[0], 4);
	cr_expect_eq(loss.nic_moved[1], 2);
	cr_expect_eq(loss.nic_from_ns, 20);
	cr_expect_eq(loss.nic_to_ns, 30);
	cr_expect_eq(ask_until(log, 1, 2, 19, 30, 0).nic, 7);
	cr_expect_eq(ask_until(log, 1, 2, 11, 12, 0).nic, 1);
	cr_expect_not(ask_until(log, 1, 2, 9, 30, 0).has_nic, "no look before");
	cr_expect_not(ask_until(log, 1, 2, 20, 31, 0).has_nic, "no look after");
	wt_loss_log_destroy(log);
}

Test(loss_log, a_counter_that_falls_has_lost_nothing)
{
	struct wt_loss_log *log = new_log();

	look(log, 10, 100, 5);
	look(log, 20, 3, 6);
	cr_expect_eq(ask_until(log, 1, 2, 10, 20, 0).nic, 1);
	wt_loss_log_destroy(log);
}

Test(loss_log, a_day_of_looks_that_see_the_same_is_remembered)
{
	struct wt_loss_log *log = new_log();

	look(log, 0, 1, 0);
	for (int64_t i = 1; i < 86400; i++)
		look(log, i * S, 2, 0);
	look(log, 86400 * S, 3, 0);
	cr_expect_eq(ask_until(log, 1, 2, 0, S, 0).nic, 1, "the first is still there");
	cr_expect_eq(ask_until(log, 1, 2, 2 * S, 80000 * S, 0).nic, 0);
	cr_expect(ask_until(log, 1, 2, 2 * S, 80000 * S, 0).has_nic);
	cr_expect_eq(ask_until(log, 1, 2, 86399 * S, 86400 * S, 0).nic_from_ns, 86399 * S);
	cr_expect_eq(ask_until(log, 1, 2, 86350 * S, 86351 * S, 0).nic_to_ns, 86351 * S);
	wt_loss_log_destroy(log);
}

Test(loss_log, looks_of_the_last_seconds_are_all_kept_however_many_and_older_ones_thinned)
{
	struct wt_loss_log *log = new_log();

	for (int64_t i = 0; i < 40000; i++)
		look(log, i * S / 100, 1, 0);
	for (int64_t i = 39000; i < 39999; i++) {
		cr_assert_eq(ask_until(log, 1, 2, i * S / 100, i * S / 100 + 1, 0).nic_from_ns,
		             i * S / 100);
		cr_assert_eq(ask_until(log, 1, 2, i * S / 100, i * S / 100 + 1, 0).nic_to_ns,
		             (i + 1) * S / 100);
	}
	cr_expect(ask_until(log, 1, 2, 1, 2, 0).has_nic, "the first is still there");
	wt_loss_log_destroy(log);
}

/* Gaps that settle in the order of their ends, each with as many packets as there are: all that
 * could be explained is, against trying all ways. */
Test(loss_log, claims_leave_the_most_to_others)
{
	struct wt_loss_log *log = new_log();

	drop(log, 0, 10, 1);
	drop(log, 0, 20, 1);
	/* Windows (5, 20] and then (15, 21]: the first must take the drop at 10. */
	cr_expect_eq(ask(log, 5, 20, 1).ring, 2);
	cr_expect_eq(ask(log, 15, 21, 1).ring, 1);
	wt_loss_log_destroy(log);
}

Test(loss_log, a_break_may_be_at_one_of_several_places)
{
	struct wt_loss_log *log = new_log();

	wt_loss_log_break_within(log, 0, 5, 9, "it was down");
	/* It does not end the one before. */
	break_at(log, 0, 7, "a hole");
	for (uint64_t after = 1; after < 12; after++)
		cr_expect_eq(ask(log, after, after + 1, 0).known, after < 4 || after > 8);
	cr_expect_str_eq(ask(log, 1, 12, 0).why, "it was down");
	cr_expect_not(ask(log, 8, 12, 0).known);
	wt_loss_log_destroy(log);
}

Test(loss_log, a_drop_at_one_of_several_places_may_be_in_any_window_that_has_one)
{
	struct wt_loss_log *log = new_log();

	wt_loss_log_drop_within(log, 0, 10, 20, 3);
	wt_loss_log_writer_within(log, 0, 12, 14, 2);
	cr_expect_eq(ask(log, 1, 9, 0).ring, 0);
	cr_expect_eq(ask(log, 1, 10, 0).ring, 3);
	cr_expect_eq(ask(log, 12, 15, 0).ring, 3);
	cr_expect_eq(ask(log, 19, 30, 0).ring, 3);
	cr_expect_eq(ask(log, 20, 30, 0).ring, 0);
	cr_expect_eq(ask(log, 1, 11, 0).writer, 0);
	cr_expect_eq(ask(log, 1, 12, 0).writer, 2);
	cr_expect_eq(ask(log, 13, 20, 0).writer, 2);
	cr_expect_eq(ask(log, 14, 20, 0).writer, 0);
	wt_loss_log_destroy(log);
}

Test(loss_log, an_open_place_ends_where_the_lane_goes_on)
{
	struct wt_loss_log *log = new_log();

	wt_loss_log_drop_within(log, 0, 10, UINT64_MAX, 3);
	wt_loss_log_writer_within(log, 0, 10, UINT64_MAX, 4);
	cr_expect_eq(ask(log, 1000, 2000, 0).ring, 3);
	wt_loss_log_reached(log, 0, 20);
	cr_expect_eq(ask(log, 19, 30, 0).ring, 3);
	cr_expect_eq(ask(log, 20, 30, 0).ring, 0);
	cr_expect_eq(ask(log, 19, 30, 0).writer, 4);
	cr_expect_eq(ask(log, 20, 30, 0).writer, 0);
	wt_loss_log_reached(log, 0, 25);
	cr_expect_eq(ask(log, 20, 30, 0).ring, 0, "it is not open any more");
	wt_loss_log_break_within(log, 0, 30, UINT64_MAX, "one");
	wt_loss_log_break_within(log, 0, 31, UINT64_MAX, "another");
	cr_expect_eq(ask(log, 1000, 2000, 0).known, false);
	wt_loss_log_reached(log, 0, 40);
	cr_expect_eq(ask(log, 39, 50, 0).known, false);
	cr_expect(ask(log, 40, 50, 0).known);
	wt_loss_log_reached(log, 9, 40);
	wt_loss_log_destroy(log);
}

Test(loss_log, the_lanes_of_an_interface_lose_together)
{
	struct wt_loss_log *log;

	cr_assert_eq(wt_loss_log_create(&log, 4), 0);
	wt_loss_log_has_ledger(log, 0);
	wt_loss_log_has_ledger(log, 1);
	wt_loss_log_has_ledger(log, 2);
	wt_loss_log_lane(log, 2, 0);
	wt_loss_log_lane(log, 1, 0);
	wt_loss_log_lane(log, 0, 0);
	wt_loss_log_lane(log, 4, 0);
	wt_loss_log_lane(log, 3, 4);
	drop(log, 0, 10, 3);
	wt_loss_log_drop_within(log, 1, 5, 11, 4);
	drop(log, 2, 12, 5);
	leave_unwritten(log, 1, 9, 6);
	cr_expect_eq(ask(log, 4, 20, 0).ring, 12);
	cr_expect_eq(ask(log, 4, 10, 0).ring_all, 7);
	cr_expect_eq(ask(log, 4, 20, 0).writer, 6);
	ask(log, 4, 20, 8);
	cr_expect_eq(ask(log, 4, 20, 0).ring, 4, "no more is claimed than was asked for");
	cr_expect_eq(ask(log, 4, 20, 0).ring_all, 12);
	ask(log, 4, 20, 4);
	cr_expect_eq(ask(log, 4, 20, 0).ring, 0);
	break_at(log, 2, 15, "a hole");
	cr_expect_str_eq(ask(log, 4, 20, 0).why, "a hole");
	cr_expect(ask(log, 15, 20, 0).known);
	wt_loss_log_no_ledger(log, 1, "no ledger");
	cr_expect_eq(ask(log, 15, 20, 0).known, false);
	wt_loss_log_destroy(log);
}

Test(loss_log, drops_at_one_place_add_up)
{
	struct wt_loss_log *log = new_log();

	drop(log, 0, 10, 3);
	drop(log, 0, 10, 4);
	drop(log, 0, 11, 5);
	cr_expect_eq(ask(log, 9, 10, 0).ring, 7);
	cr_expect_eq(ask(log, 9, 11, 0).ring, 12);
	cr_expect_eq(ask(log, 10, 11, 0).ring, 5);
	wt_loss_log_destroy(log);
}

Test(loss_log, numbers_beyond_are_ignored)
{
	struct wt_loss_log *log = new_log();
	const struct wt_loss_window window = {.interface = 2, .after = 1, .before = 5};
	const uint64_t counters[WT_NIC_COUNTERS_MAX] = {0};
	struct wt_loss loss;

	wt_loss_log_has_ledger(log, 2);
	wt_loss_log_no_ledger(log, 2, "none");
	drop(log, 2, 2, 1);
	leave_unwritten(log, 2, 2, 1);
	break_at(log, 2, 2, "a hole");
	wt_loss_log_nic(log, 2, 0, counters);
	wt_loss_log_reached(log, 2, 3);
	wt_loss_log_between(log, &window, 0, &loss);
	cr_expect_eq(loss.known, false);
	wt_loss_log_destroy(log);
}
