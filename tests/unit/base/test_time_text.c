/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <wiretape/base/time_text.h>

#include "support/unit.h"

static void expect_time(const char *text, int64_t ns, enum wt_time_base base)
{
	struct wt_error err = {0};
	struct wt_time time;

	cr_assert(eq(int, wt_time_parse(text, &time, &err), 0), "%s", err.text);
	cr_expect(eq(i64, time.ns, ns), "'%s'", text);
	cr_expect(eq(int, (int)time.base, (int)base), "'%s'", text);
}

Test(time_text, utc_with_and_without_fraction)
{
	expect_time("2026-11-21T00:30:00", 1795221000000000000, WT_TIME_EPOCH);
	expect_time("2026-11-21 00:30:00", 1795221000000000000, WT_TIME_EPOCH);
	expect_time("2026-11-21T00:30:00Z", 1795221000000000000, WT_TIME_EPOCH);
	expect_time("2026-11-21T00:30:00.5Z", 1795221000500000000, WT_TIME_EPOCH);
	expect_time("2026-11-21T00:30:00.000000001", 1795221000000000001, WT_TIME_EPOCH);
	expect_time("1970-01-01T00:00:00", 0, WT_TIME_EPOCH);
	expect_time("2000-02-29T23:59:59.999999999Z", 951868799999999999, WT_TIME_EPOCH);
}

Test(time_text, every_day_is_the_one_that_the_c_library_says)
{
	char text[32];

	for (int64_t day = 0; day < 106751; day += 7) {
		time_t seconds = (time_t)day * 86400 + 3661;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		expect_time(text, (int64_t)seconds * 1000000000, WT_TIME_EPOCH);
	}
}

Test(time_text, seconds_since_1970_and_relative_ones_are_exact)
{
	expect_time("1795212311.110692878", 1795212311110692878, WT_TIME_EPOCH);
	expect_time("0", 0, WT_TIME_EPOCH);
	expect_time("9223372036.854775807", INT64_MAX, WT_TIME_EPOCH);
	expect_time("+90.25", 90250000000, WT_TIME_START);
	expect_time("+0", 0, WT_TIME_START);
}

Test(time_text, a_date_alone_is_its_midnight_and_seconds_may_be_left_out)
{
	expect_time("2026-11-21", 1795219200000000000, WT_TIME_EPOCH);
	expect_time("1970-01-01", 0, WT_TIME_EPOCH);
	expect_time("2026-11-21T00:30", 1795221000000000000, WT_TIME_EPOCH);
	expect_time("2026-11-21 00:30Z", 1795221000000000000, WT_TIME_EPOCH);
}

Test(time_text, a_zone_counts_from_utc)
{
	static const char *const same[] = {
	        "2026-11-21T01:30:00+01:00", "2026-11-21T01:30+0100",
	        "2026-11-21 01:30+01",       "2026-11-20T19:30:00-05:00",
	        "2026-11-21T06:00:00+05:30", "2026-11-21T00:30:00+00:00",
	        "2026-11-21T00:30:00-00:00",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect_time(same[i], 1795221000000000000, WT_TIME_EPOCH);
	expect_time("2026-11-20T19:30:00.5-05:00", 1795221000500000000, WT_TIME_EPOCH);
	expect_time("1970-01-01T00:30:00-01:00", 5400000000000, WT_TIME_EPOCH);
}

Test(time_text, a_sign_counts_from_the_start_or_the_end)
{
	expect_time("+5min", 300000000000, WT_TIME_START);
	expect_time("+1.5h", 5400000000000, WT_TIME_START);
	expect_time("-5min", -300000000000, WT_TIME_END);
	expect_time("-90.25", -90250000000, WT_TIME_END);
	expect_time("-1ns", -1, WT_TIME_END);
	expect_time("-0", 0, WT_TIME_END);
}

Test(time_text, a_refusal_says_what_would_do)
{
	struct wt_time time = {.ns = 4711};
	struct wt_error err;

	cr_expect(eq(int, wt_time_parse("5min", &time, &err), -EINVAL));
	cr_expect(strstr(err.text, "'5min' is no time between 1970 and 2262") != NULL, "%s",
	          err.text);
	cr_expect(strstr(err.text, "-5min (before the end)") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_time_parse("-5x", &time, &err), -EINVAL));
	cr_expect(strstr(err.text, "'-5x': '5x': there is no unit 'x' of a time, but ns") != NULL,
	          "%s", err.text);
	cr_expect(eq(i64, time.ns, 4711));
}

Test(time_text, refuses_what_is_no_time)
{
	static const char *const bad[] = {
	        "",
	        "+",
	        "x",
	        "1.",
	        ".5",
	        "1.0000000000",
	        "1e3",
	        "1 ",
	        " 1",
	        "++1",
	        "9223372036.854775808",
	        "99999999999999999999",
	        "2026-11-21T00:30:00.",
	        "2026-11-21T00:30:00.1234567890",
	        "2026-11-21T00:30:00ZZ",
	        "2026-13-01T00:00:00",
	        "2026-00-01T00:00:00",
	        "2026-02-29T00:00:00",
	        "2026-11-31T00:00:00",
	        "2026-11-21T24:00:00",
	        "2026-11-21T00:60:00",
	        "2026-11-21T00:00:60",
	        "1969-12-31T23:59:59",
	        "2262-04-12T00:00:00",
	        "9999-12-31T23:59:59",
	        "+2026-11-21T00:30:00",
	        "2026-11-21_00:30:00",
	        "20261121T003000",
	        "5min",
	        "-",
	        "+5x",
	        "-5x",
	        "+-5",
	        "-2026-11-21",
	        "+3155760001",
	        "2026-11-21T",
	        "2026-11-21Z",
	        "2026-11-21T00",
	        "2026-11-21T00:30:",
	        "2026-11-21T00:30:00+",
	        "2026-11-21T00:30:00+1",
	        "2026-11-21T00:30:00+01:",
	        "2026-11-21T00:30:00+01:0",
	        "2026-11-21T00:30:00+01:000",
	        "2026-11-21T00:30:00+01:60",
	        "2026-11-21T00:30:00+24:00",
	        "2026-11-21T00:30:00Z+01:00",
	        "2026-11-21T00:30:00 +01:00",
	        "1970-01-01T00:30:00+01:00",
	};
	struct wt_error err;
	struct wt_time time;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, wt_time_parse(bad[i], &time, &err), -EINVAL),
		          "'%s' is taken for %lld", bad[i], (long long)time.ns);
}

Test(time_text, writes_what_it_reads)
{
	static const int64_t stamps[] = {0, 1, 999999999, 1795221000000000001, INT64_MAX};
	char text[WT_TIME_UTC_BYTES];

	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		wt_time_format_utc(text, stamps[i]);
		expect_time(text, stamps[i], WT_TIME_EPOCH);
	}
	wt_time_format_utc(text, -1);
	cr_expect(strcmp(text, "1969-12-31T23:59:59.999999999Z") == 0, "%s", text);
}
