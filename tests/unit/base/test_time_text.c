/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <time.h>

#include <wiretape/base/time_text.h>

static void expect_time(const char *text, int64_t ns, bool relative)
{
	struct wt_time time;

	cr_assert(wt_time_parse(text, &time), "'%s' is refused", text);
	cr_expect(eq(i64, time.ns, ns), "'%s'", text);
	cr_expect(eq(int, time.relative, relative), "'%s'", text);
}

Test(time_text, utc_with_and_without_fraction)
{
	expect_time("2026-11-21T00:30:00", 1795221000000000000, false);
	expect_time("2026-11-21 00:30:00", 1795221000000000000, false);
	expect_time("2026-11-21T00:30:00Z", 1795221000000000000, false);
	expect_time("2026-11-21T00:30:00.5Z", 1795221000500000000, false);
	expect_time("2026-11-21T00:30:00.000000001", 1795221000000000001, false);
	expect_time("1970-01-01T00:00:00", 0, false);
	expect_time("2000-02-29T23:59:59.999999999Z", 951868799999999999, false);
}

Test(time_text, every_day_is_the_one_that_the_c_library_says)
{
	char text[32];

	for (int64_t day = 0; day < 106751; day += 7) {
		time_t seconds = (time_t)day * 86400 + 3661;
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		expect_time(text, (int64_t)seconds * 1000000000, false);
	}
}

Test(time_text, seconds_since_1970_and_relative_ones_are_exact)
{
	expect_time("1795212311.110692878", 1795212311110692878, false);
	expect_time("0", 0, false);
	expect_time("9223372036.854775807", INT64_MAX, false);
	expect_time("+90.25", 90250000000, true);
	expect_time("+0", 0, true);
}

Test(time_text, refuses_what_is_no_time)
{
	static const char *const bad[] = {
	        "",
	        "+",
	        "-1",
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
	        "2026-11-21",
	        "2026-11-21T00:30",
	        "2026-11-21T00:30:00.",
	        "2026-11-21T00:30:00.1234567890",
	        "2026-11-21T00:30:00+01:00",
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
	};
	struct wt_time time;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, wt_time_parse(bad[i], &time), false), "'%s' is taken for %lld",
		          bad[i], (long long)time.ns);
}

Test(time_text, writes_what_it_reads)
{
	static const int64_t stamps[] = {0, 1, 999999999, 1795221000000000001, INT64_MAX};
	char text[WT_TIME_UTC_BYTES];

	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		wt_time_format_utc(text, stamps[i]);
		expect_time(text, stamps[i], false);
	}
	wt_time_format_utc(text, -1);
	cr_expect(strcmp(text, "1969-12-31T23:59:59.999999999Z") == 0, "%s", text);
}
