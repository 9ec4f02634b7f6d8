/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <wiretape/replay/duration.h>

static void expect_ns(const char *text, int64_t ns)
{
	int64_t got = -1;

	cr_assert(wt_parse_duration_ns(text, &got), "'%s' is refused", text);
	cr_expect(eq(i64, got, ns), "'%s'", text);
}

Test(duration, every_unit_and_none)
{
	expect_ns("20000", 20000);
	expect_ns("300ns", 300);
	expect_ns("20us", 20000);
	expect_ns("5ms", 5000000);
	expect_ns("2s", 2000000000);
	expect_ns("0", 0);
	expect_ns("007us", 7000);
}

Test(duration, decimals_are_exact)
{
	expect_ns("1.5ms", 1500000);
	expect_ns("0.001us", 1);
	expect_ns("0.000000001s", 1);
	expect_ns("3.000000000ns", 3);
	expect_ns("9223372036.854775807s", INT64_MAX);
	expect_ns("9223372036854775807", INT64_MAX);
}

Test(duration, refuses_what_is_no_whole_number_of_ns_in_64_bits)
{
	static const char *const bad[] = {
	        "",
	        "us",
	        "-1",
	        "+1",
	        " 1",
	        "1 us",
	        "1us ",
	        "1.",
	        ".5us",
	        "1.us",
	        "1e3",
	        "1m",
	        "1min",
	        "1US",
	        "0x10",
	        "0.5",
	        "1.5ns",
	        "1..5us",
	        "0.0005us",
	        "9223372036.854775808s",
	        "1usus",
	        "1,5us",
	        "nan",
	        "10000000000s",
	        "9223372036854775808",
	        "99999999999999999999",
	        "0.0000000001s",
	};
	int64_t ns;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, wt_parse_duration_ns(bad[i], &ns), 0), "'%s' is taken", bad[i]);
}

Test(duration, a_decimal_number_becomes_a_fraction)
{
	static const struct {
		const char *text;
		uint64_t numerator, denominator;
	} good[] = {
	        {"2.5", 25, 10},
	        {"100000", 100000, 1},
	        {"0.000000001", 1, 1000000000},
	        {"18446744073709551615", UINT64_MAX, 1},
	        {"0", 0, 1},
	};
	static const char *const bad[] = {"",   ".5", "1.", "-1",           "1e9",
	                                  "1x", "1 ", "--", "0.0000000001", "18446744073709551616"};
	uint64_t numerator, denominator;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_assert(wt_parse_decimal(good[i].text, &numerator, &denominator), "'%s'",
		          good[i].text);
		cr_expect(eq(u64, numerator, good[i].numerator), "'%s'", good[i].text);
		cr_expect(eq(u64, denominator, good[i].denominator), "'%s'", good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, wt_parse_decimal(bad[i], &numerator, &denominator), 0),
		          "'%s' is taken", bad[i]);
}
