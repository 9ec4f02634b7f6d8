/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <wiretape/replay/tx/pace.h>

#include "support/unit.h"

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

static int stop;

static struct wt_pace_wait wait_until(int64_t at_ns, int64_t spin_ns)
{
	struct wt_pace_clock *clock = wt_pace_kernel_clock();

	return clock->ops->wait_until(clock, at_ns, spin_ns, &stop);
}

static int64_t now(void)
{
	struct wt_pace_clock *clock = wt_pace_kernel_clock();

	return clock->ops->now(clock);
}

Test(pace, never_returns_before_the_time)
{
	static const int64_t spins_ns[] = {0, 2 * MS, S};

	for (int i = 0; i < 60; i++) {
		int64_t at_ns = now() + i * 100000;
		struct wt_pace_wait wait = wait_until(at_ns, spins_ns[i % 3]);

		cr_expect(ge(i64, wait.now_ns, at_ns));
		cr_expect(ge(i64, now(), wait.now_ns));
	}
}

Test(pace, a_time_that_has_passed_is_not_waited_for)
{
	struct wt_pace_wait wait = wait_until(now() - S, 2 * MS);

	cr_expect(not(wait.has_waited));
	cr_expect(eq(i64, wait.taken_ns, 0));
	wait = wait_until(INT64_MIN, 2 * MS);
	cr_expect(not(wait.has_waited));
}

/* Each nap ends some us late at least. */
Test(pace, a_nap_that_ends_late_takes_nothing_away_unless_it_outlasts_the_wait)
{
	for (int i = 0; i < 20; i++) {
		int64_t at_ns = now() + 3 * MS;
		struct wt_pace_wait wait = wait_until(at_ns, 2 * MS);
		int64_t late_ns = wait.now_ns - at_ns;

		/* What was taken was taken while it looked at the clock, or went beyond the end. */
		cr_expect(wait.taken_ns < 2 * MS || late_ns > 0);
		at_ns = now() + MS;
		wait = wait_until(at_ns, 0);
		cr_expect(eq(i64, wait.taken_ns, wait.now_ns - at_ns));
	}
}

static void *stop_soon(void *argument)
{
	(void)argument;
	usleep(20000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Of an hour and of what never comes, asleep and awake. */
Test(pace, a_stop_ends_any_wait)
{
	static const int64_t spins_ns[] = {0, 2 * MS, INT64_MAX};

	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		stop = 0;
		cr_assert(eq(int, pthread_create(&thread, NULL, stop_soon, NULL), 0));
		wait_until(i % 2 ? now() + 3600 * S : INT64_MAX / 2, spins_ns[i]);
		pthread_join(thread, NULL);
		cr_expect(eq(int, stop, 1));
	}
}

Test(pace, the_offset_is_what_another_clock_is_ahead)
{
	int64_t offset_ns, again_ns;

	cr_assert(eq(int, wt_pace_offset(wt_pace_kernel_clock(), CLOCK_MONOTONIC, &offset_ns), 0));
	/* Half of what two looks are apart is all that can be wrong. */
	cr_expect(lt(i64, offset_ns, MS));
	cr_expect(gt(i64, offset_ns, -MS));
	cr_assert(eq(int, wt_pace_offset(wt_pace_kernel_clock(), CLOCK_REALTIME, &offset_ns), 0));
	cr_assert(eq(int, wt_pace_offset(wt_pace_kernel_clock(), CLOCK_REALTIME, &again_ns), 0));
	cr_expect(gt(i64, offset_ns, 0));
	cr_expect(lt(i64, again_ns - offset_ns, 100 * MS));
	cr_expect(gt(i64, again_ns - offset_ns, -100 * MS));
}

Test(pace, a_clock_that_is_not_there_is_an_error)
{
	int64_t offset_ns;

	cr_expect(eq(int, wt_pace_offset(wt_pace_kernel_clock(), 99, &offset_ns), -EINVAL));
}
