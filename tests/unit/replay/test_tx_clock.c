/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <wiretape/replay/tx/tx_clock.h>
#include <wiretape/stamp/sim_nic.h>

#include "support/unit.h"

#define MS  INT64_C(1000000)
#define UTC INT64_C(1700000000000000000)

static struct wt_sim_nic *nic;
static struct wt_tx_clock clock_of_nic;
static struct wt_error err;

/* A clock of a test, in step with the NIC's. */
static int64_t now, utc_at_0, look_ns;

static int64_t read_now(struct wt_pace_clock *clock)
{
	(void)clock;
	return now;
}

static int read_other(struct wt_pace_clock *clock, clockid_t other, int64_t *before_ns,
                      int64_t *other_ns, int64_t *after_ns)
{
	(void)clock;
	cr_assert_eq(other, CLOCK_REALTIME);
	*before_ns = now - look_ns / 2;
	*other_ns = now + utc_at_0;
	*after_ns = *before_ns + look_ns;
	return 0;
}

static const struct wt_pace_clock_ops ops = {.now = read_now, .read_other = read_other};
static struct wt_pace_clock pace = {&ops};

static void tear_down(void)
{
	wt_tx_clock_close(&clock_of_nic);
	wt_sim_nic_destroy(nic);
}

TestSuite(tx_clock, .fini = tear_down);

static void create(struct wt_sim_nic_config config)
{
	now = 3600000 * MS;
	utc_at_0 = UTC;
	look_ns = 0;
	config.manual_time = true;
	config.start_utc_ns = now + utc_at_0;
	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	cr_assert_eq(wt_tx_clock_open(&clock_of_nic, wt_sim_nic_system(nic), "sim", &err), 0, "%s",
	             err.text);
}

static void pass(int64_t ns)
{
	now += ns;
	wt_sim_nic_advance(nic, ns);
}

static void live(int64_t ns)
{
	for (int64_t end_ns = now + ns; now < end_ns; pass(2 * MS))
		wt_tx_clock_tick(&clock_of_nic, &pace, now);
}

static int64_t stamp_at(int64_t monotonic_ns)
{
	return wt_sim_nic_phc_at(nic, monotonic_ns + utc_at_0);
}

/* How far the conversion is off, which its error has to allow for. */
static int64_t off_at(int64_t monotonic_ns, int64_t *error_ns)
{
	int64_t ns;

	cr_assert(wt_tx_clock_convert(&clock_of_nic, stamp_at(monotonic_ns), &ns, error_ns));
	return llabs(ns - monotonic_ns);
}

static void expect_right(int64_t monotonic_ns, int64_t most_ns)
{
	int64_t error_ns, off_ns = off_at(monotonic_ns, &error_ns);

	cr_expect(off_ns <= error_ns, "off by %" PRId64 ", bound %" PRId64, off_ns, error_ns);
	cr_expect(error_ns <= most_ns, "bound %" PRId64 ", at most %" PRId64, error_ns, most_ns);
}

Test(tx_clock, nothing_is_converted_before_the_first_cross_timestamp)
{
	int64_t ns, error_ns;

	create((struct wt_sim_nic_config){0});
	cr_expect(
	        eq(int, wt_tx_clock_convert(&clock_of_nic, stamp_at(now), &ns, &error_ns), false));
	wt_tx_clock_cross(&clock_of_nic, &pace, now);
	cr_expect(wt_tx_clock_convert(&clock_of_nic, stamp_at(now), &ns, &error_ns));
}

Test(tx_clock, drift_and_tai_are_followed_to_within_the_bound)
{
	static const double ppms[] = {50, -50, 300, 0};

	for (size_t i = 0; i < sizeof(ppms) / sizeof(ppms[0]); i++) {
		create((struct wt_sim_nic_config){.ppm = ppms[i], .offset_ns = 37000 * MS});
		for (int s = 0; s < 20; s++) {
			live(1000 * MS);
			expect_right(now - MS, 2000);
			expect_right(now + 100 * MS, 2000);
		}
		wt_tx_clock_close(&clock_of_nic);
		wt_sim_nic_destroy(nic);
		nic = NULL;
	}
}

Test(tx_clock, brackets_widen_the_bound)
{
	create((struct wt_sim_nic_config){.ppm = 50,
	                                  .no_precise = true,
	                                  .no_extended = true,
	                                  .bracket_ns = 4000,
	                                  .bracket_noise_ns = 2000});
	for (int s = 0; s < 20; s++) {
		live(1000 * MS);
		expect_right(now, 20000);
	}
}

Test(tx_clock, what_the_looks_at_the_system_clock_leave_open_is_in_the_bound)
{
	int64_t exact_ns, open_ns;

	create((struct wt_sim_nic_config){0});
	wt_tx_clock_cross(&clock_of_nic, &pace, now);
	off_at(now, &exact_ns);
	look_ns = 1000;
	pass(MS);
	wt_tx_clock_cross(&clock_of_nic, &pace, now);
	off_at(now, &open_ns);
	cr_expect(open_ns >= exact_ns + 500, "%" PRId64 ", %" PRId64, exact_ns, open_ns);
}

Test(tx_clock, that_utc_is_set_changes_nothing)
{
	create((struct wt_sim_nic_config){.ppm = 50});
	live(5000 * MS);
	wt_sim_nic_step_utc(nic, -3000 * MS);
	utc_at_0 -= 3000 * MS;
	expect_right(now, 2000);
	live(3000 * MS);
	expect_right(now, 2000);
	cr_expect(eq(u64, clock_of_nic.steps, 0));
}

Test(tx_clock, a_step_of_the_nics_clock_is_counted_and_followed)
{
	create((struct wt_sim_nic_config){.ppm = 50});
	live(5000 * MS);
	wt_sim_nic_step(nic, 7000 * MS);
	live(3000 * MS);
	expect_right(now, 2000);
	cr_expect(eq(u64, clock_of_nic.steps, 1));
}

static unsigned crosses_within(int64_t ns)
{
	unsigned crosses = 0;
	int64_t crossed_ns = clock_of_nic.crossed_ns;

	for (int64_t end_ns = now + ns; now < end_ns; pass(2 * MS)) {
		wt_tx_clock_tick(&clock_of_nic, &pace, now);
		crosses += clock_of_nic.crossed_ns != crossed_ns;
		crossed_ns = clock_of_nic.crossed_ns;
	}
	return crosses;
}

Test(tx_clock, cross_timestamps_come_quickly_at_first_then_each_second)
{
	create((struct wt_sim_nic_config){0});
	cr_expect(eq(uint, crosses_within(1000 * MS), WT_TX_CLOCK_FAST));
	cr_expect(eq(uint, crosses_within(10000 * MS), 10));
}

Test(tx_clock, a_stamp_in_doubt_has_the_clock_looked_at_soon_but_not_all_the_time)
{
	unsigned crosses = 0;

	create((struct wt_sim_nic_config){0});
	live(3000 * MS);
	for (int i = 0; i < 100; i++) {
		wt_tx_clock_doubt(&clock_of_nic);
		crosses += crosses_within(10 * MS);
	}
	cr_expect(crosses >= 9 && crosses <= 11, "%u", crosses);
	cr_expect(eq(u64, clock_of_nic.unbelieved, 100));
}

Test(tx_clock, a_clock_that_stands_still_converts_nothing)
{
	int64_t ns, error_ns;

	create((struct wt_sim_nic_config){0});
	live(3000 * MS);
	wt_sim_nic_freeze(nic, true);
	live(3000 * MS);
	cr_expect(
	        eq(int, wt_tx_clock_convert(&clock_of_nic, stamp_at(now), &ns, &error_ns), false));
	cr_expect(eq(u64, clock_of_nic.standstills, 1));
	wt_sim_nic_freeze(nic, false);
	live(3000 * MS);
	expect_right(now, 2000);
}

Test(tx_clock, while_it_cannot_be_read_the_bound_grows)
{
	int64_t error_ns, later_ns;

	create((struct wt_sim_nic_config){.ppm = 20});
	live(5000 * MS);
	off_at(now, &error_ns);
	wt_sim_nic_fail(nic, EIO);
	live(5000 * MS);
	expect_right(now, 1000 * MS);
	off_at(now, &later_ns);
	cr_expect(later_ns > error_ns);
	cr_expect(eq(u64, clock_of_nic.failures, 5));
	wt_sim_nic_fail(nic, 0);
	live(2000 * MS);
	expect_right(now, 2000);
}

Test(tx_clock, the_greatest_error_is_kept)
{
	create((struct wt_sim_nic_config){0});
	wt_tx_clock_believe(&clock_of_nic, 30);
	wt_tx_clock_believe(&clock_of_nic, 50);
	wt_tx_clock_believe(&clock_of_nic, 40);
	cr_expect(eq(i64, clock_of_nic.error_ns, 50));
	cr_expect(eq(u64, clock_of_nic.believed, 3));
}

Test(tx_clock, without_a_clock_it_is_an_error)
{
	struct wt_tx_clock none = {0};

	create((struct wt_sim_nic_config){0});
	cr_expect(eq(int, wt_tx_clock_open(&none, wt_sim_nic_system(nic), "eth9", &err), -ENODEV));
	wt_tx_clock_tick(&none, &pace, now);
	wt_tx_clock_close(&none);
}
