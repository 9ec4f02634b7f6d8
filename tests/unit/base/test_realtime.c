/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/base/realtime.h>

#include "support/unit.h"

static struct wt_realtime realtime;
static struct wt_error err;
static cpu_set_t before, after;

static void look_before(void)
{
	cr_assert(eq(int, sched_getaffinity(0, sizeof(before), &before), 0));
}

TestSuite(realtime, .init = look_before);

/* Any that may be used: 1 + its number. */
static int any_cpu(void)
{
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &before))
			return 1 + i;
	return 0;
}

static void expect_as_before(void)
{
	sched_getaffinity(0, sizeof(after), &after);
	cr_expect(ne(int, CPU_EQUAL(&before, &after) != 0, 0));
	cr_expect(eq(int, sched_getscheduler(0), SCHED_OTHER));
}

Test(realtime, a_cpu_is_the_only_one_until_the_end)
{
	int cpu = any_cpu();

	cr_assert(eq(int, wt_realtime_begin(&realtime, cpu, 0, &err), 0));
	sched_getaffinity(0, sizeof(after), &after);
	cr_expect(eq(int, CPU_COUNT(&after), 1));
	cr_expect(ne(int, CPU_ISSET(cpu - 1, &after) != 0, 0));
	wt_realtime_end(&realtime);
	expect_as_before();
}

Test(realtime, those_who_keep_off_come_back_and_the_sender_gets_it)
{
	int cpu = any_cpu();

	wt_realtime_avoid(&realtime, cpu);
	sched_getaffinity(0, sizeof(after), &after);
	if (CPU_COUNT(&before) > 1)
		cr_expect(eq(int, CPU_ISSET(cpu - 1, &after) != 0, 0));
	cr_assert(eq(int, wt_realtime_begin(&realtime, cpu, 0, &err), 0));
	sched_getaffinity(0, sizeof(after), &after);
	cr_expect(ne(int, CPU_ISSET(cpu - 1, &after) != 0, 0));
	wt_realtime_end(&realtime);
	expect_as_before();
}

Test(realtime, a_cpu_that_is_not_there_is_an_error_that_names_it)
{
	cr_expect(eq(int, wt_realtime_check(CPU_SETSIZE, 0, &err), -EINVAL));
	cr_expect(strstr(err.text, "CPU 1023") != NULL, "%s", err.text);
	expect_as_before();
}

Test(realtime, sched_fifo_is_there_until_the_end_or_refused_with_the_way_out)
{
	int rc = wt_realtime_begin(&realtime, 0, 50, &err);

	if (rc) {
		cr_expect(eq(int, rc, -EPERM));
		cr_expect(strstr(err.text, "cap_sys_nice") != NULL, "%s", err.text);
	} else {
		cr_expect(eq(int, sched_getscheduler(0), SCHED_FIFO | SCHED_RESET_ON_FORK));
	}
	wt_realtime_end(&realtime);
	expect_as_before();
}

Test(realtime, a_priority_that_is_none_is_an_error)
{
	cr_expect(eq(int, wt_realtime_check(0, 100, &err), -EINVAL));
	cr_expect(strstr(err.text, "--fifo 100") != NULL, "%s", err.text);
	expect_as_before();
}

Test(realtime, checking_changes_nothing)
{
	cr_expect(eq(int, wt_realtime_check(any_cpu(), 0, &err), 0));
	expect_as_before();
}

Test(realtime, what_is_stolen_is_a_part_of_a_second)
{
	int64_t stolen_us = wt_realtime_stolen_us();

	cr_expect(ge(i64, stolen_us, 0));
	cr_expect(le(i64, stolen_us, 1000000));
}
