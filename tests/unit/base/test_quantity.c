/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>

#include "support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_ns(const char *text, enum wt_unit_rule rule, int64_t ns)
{
	struct wt_error err = {0};
	int64_t got = -1;

	cr_assert(eq(int, wt_parse_duration(text, rule, &got, &err), 0), "'%s': %s", text,
	          err.text);
	cr_expect(eq(i64, got, ns), "'%s'", text);
}

static void expect_reason(const char *text, int rc, const struct wt_error *err, const char *reason)
{
	cr_expect(eq(int, rc, -EINVAL), "'%s' is taken", text);
	cr_expect(strstr(err->text, reason) != NULL, "'%s': \"%s\" does not say '%s'", text,
	          err->text, reason);
}

static void refuses_duration(const char *text, enum wt_unit_rule rule, const char *reason)
{
	struct wt_error err = {0};
	int64_t ns = 4711;
	int rc = wt_parse_duration(text, rule, &ns, &err);

	expect_reason(text, rc, &err, reason);
	cr_expect(eq(i64, ns, 4711), "'%s'", text);
}

Test(quantity, a_duration_takes_every_unit)
{
	static const struct {
		const char *text;
		int64_t ns;
	} units[] = {
	        {"300ns", 300},
	        {"20us", 20000},
	        {"20\u00b5s", 20000},
	        {"20\u03bcs", 20000},
	        {"5ms", 5000000},
	        {"2s", 2000000000},
	        {"5m", 300000000000},
	        {"5min", 300000000000},
	        {"1.5h", 5400000000000},
	        {"1d", 86400000000000},
	        {"007us", 7000},
	        {"0", 0},
	        {"0.0", 0},
	        {"0d", 0},
	};

	for (size_t i = 0; i < COUNT(units); i++) {
		expect_ns(units[i].text, WT_UNIT_SECONDS, units[i].ns);
		expect_ns(units[i].text, WT_UNIT_NEEDED, units[i].ns);
		expect_ns(units[i].text, WT_UNIT_NS, units[i].ns);
	}
}

Test(quantity, a_duration_without_a_unit_goes_by_the_rule)
{
	expect_ns("90", WT_UNIT_SECONDS, 90000000000);
	expect_ns("0.5", WT_UNIT_SECONDS, 500000000);
	expect_ns("300", WT_UNIT_NS, 300);
	refuses_duration("50", WT_UNIT_NEEDED, "'50' needs a unit: ns, us, ms, s, min, h or d");
	refuses_duration("0.5", WT_UNIT_NEEDED, "'0.5' needs a unit");
	refuses_duration("0.5", WT_UNIT_NS, "'0.5' is no whole number of ns");
}

Test(quantity, decimals_of_a_duration_are_exact)
{
	expect_ns("1.5ms", WT_UNIT_NEEDED, 1500000);
	expect_ns("0.001us", WT_UNIT_NEEDED, 1);
	expect_ns("0.000000001s", WT_UNIT_NEEDED, 1);
	expect_ns("3.000000000000ns", WT_UNIT_NEEDED, 3);
	expect_ns("1.10000000000s", WT_UNIT_NEEDED, 1100000000);
	expect_ns("1234567890.123456789s", WT_UNIT_NEEDED, 1234567890123456789);
	expect_ns("0.1s", WT_UNIT_NEEDED, 100000000);
	refuses_duration("1.5ns", WT_UNIT_SECONDS, "no whole number of ns");
	refuses_duration("0.0005us", WT_UNIT_SECONDS, "no whole number of ns");
}

Test(quantity, a_duration_is_at_most_a_century)
{
	expect_ns("36525d", WT_UNIT_SECONDS, WT_DURATION_MAX_NS);
	expect_ns("3155760000", WT_UNIT_SECONDS, WT_DURATION_MAX_NS);
	expect_ns("3155760000000000000", WT_UNIT_NS, WT_DURATION_MAX_NS);
	refuses_duration("3155760000000000001", WT_UNIT_NS, "more than a century");
	refuses_duration("36525.1d", WT_UNIT_SECONDS, "more than a century");
	refuses_duration("18446744073709551615d", WT_UNIT_SECONDS, "more than a century");
	/* 2^64 + 1 ns, 2^128 / 86400e9 days: neither wraps to something small. */
	refuses_duration("18446744073709551617ns", WT_UNIT_SECONDS, "too many digits");
}

Test(quantity, zero_is_refused_where_a_duration_has_to_be_longer)
{
	refuses_duration("0", WT_UNIT_SECONDS | WT_ABOVE_ZERO, "has to be longer than 0");
	refuses_duration("0", WT_UNIT_NEEDED | WT_ABOVE_ZERO, "has to be longer than 0");
	refuses_duration("0.0ms", WT_UNIT_NEEDED | WT_ABOVE_ZERO, "has to be longer than 0");
	refuses_duration("5", WT_UNIT_NEEDED | WT_ABOVE_ZERO, "needs a unit");
	expect_ns("1ns", WT_UNIT_NEEDED | WT_ABOVE_ZERO, 1);
	expect_ns("2", WT_UNIT_SECONDS | WT_ABOVE_ZERO, 2000000000);
	expect_ns("2", WT_UNIT_NS | WT_ABOVE_ZERO, 2);
}

Test(quantity, what_is_no_duration_is_refused_with_the_reason)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
	        {"", "there is no time; it is like 20us"},
	        {"us", "'us' is no time"},
	        {"-1", "'-1' is negative"},
	        {"+1", "'+1' is no time"},
	        {" 1", "' 1' is no time"},
	        {"1 us", "there is no unit ' us'"},
	        {"1us ", "there is no unit 'us '"},
	        {"1.", "'1.' is no time"},
	        {".5us", "'.5us' is no time"},
	        {"1.us", "'1.us' is no time"},
	        {"1e3", "there is no unit 'e3' of a time, but ns, us"},
	        {"1US", "there is no unit 'US'"},
	        {"1M", "there is no unit 'M'"},
	        {"0x10", "there is no unit 'x10'"},
	        {"1..5us", "'1..5us' is no time"},
	        {"1usus", "there is no unit 'usus'"},
	        {"1,5us", "there is no unit ',5us'"},
	        {"nan", "'nan' is no time"},
	        {"99999999999999999999", "too many digits"},
	        {"0.0000000001s", "too many digits"},
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		refuses_duration(bad[i].text, WT_UNIT_SECONDS, bad[i].reason);
}

Test(quantity, a_long_text_is_quoted_in_part)
{
	char text[2000];
	struct wt_error err = {0};
	int64_t ns;

	memset(text, '7', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cr_expect(eq(int, wt_parse_duration(text, WT_UNIT_SECONDS, &ns, &err), -EINVAL));
	cr_expect(strlen(err.text) < 200, "%s", err.text);
	cr_expect(eq(int, wt_parse_duration(text, WT_UNIT_SECONDS, &ns, NULL), -EINVAL));
}

Test(quantity, an_offset_has_a_sign_or_none)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {{"-37s", -37000000000}, {"+5ms", 5000000}, {"300", 300}, {"-0", 0}, {"-1", -1}};
	static const char *const bad[] = {"", "-", "+", "--1", "+-1", "-1x"};
	struct wt_error err;
	int64_t ns;

	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert(eq(int, wt_parse_offset(good[i].text, WT_UNIT_NS, &ns, &err), 0), "%s",
		          good[i].text);
		cr_expect(eq(i64, ns, good[i].ns), "%s", good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect(eq(int, wt_parse_offset(bad[i], WT_UNIT_NS, &ns, &err), -EINVAL), "'%s'",
		          bad[i]);
}

Test(quantity, a_size_takes_every_unit)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
	        {"4096", 4096},
	        {"0", 0},
	        {"1B", 1},
	        {"64k", 65536},
	        {"64K", 65536},
	        {"64KiB", 65536},
	        {"64kB", 64000},
	        {"64KB", 64000},
	        {"3M", 3145728},
	        {"3MiB", 3145728},
	        {"10MB", 10000000},
	        {"1G", 1073741824},
	        {"1.5GiB", 1610612736},
	        {"2GB", 2000000000},
	        {"1T", 1099511627776},
	        {"1TiB", 1099511627776},
	        {"1TB", 1000000000000},
	        {"1P", 1125899906842624},
	        {"1PiB", 1125899906842624},
	        {"0.5PB", 500000000000000},
	        {"18446744073709551615", UINT64_MAX},
	        {"16383PiB", UINT64_C(16383) << 50},
	};
	struct wt_error err = {0};
	uint64_t bytes;

	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert(eq(int, wt_parse_size(good[i].text, &bytes, &err), 0), "%s", err.text);
		cr_expect(eq(u64, bytes, good[i].bytes), "%s", good[i].text);
	}
}

Test(quantity, what_is_no_size_is_refused_with_the_reason)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
	        {"", "there is no size; it is like 4096"},
	        {"x", "'x' is no size"},
	        {"-1", "'-1' is negative"},
	        {"1 MiB", "there is no unit ' MiB' of a size, but B, KiB"},
	        {"1Mb", "there is no unit 'Mb'"},
	        {"1s", "there is no unit 's'"},
	        {"0.3KiB", "'0.3KiB' is no whole number of bytes"},
	        {"1.5", "'1.5' is no whole number of bytes"},
	        {"16384PiB", "'16384PiB' is more than 64 bits hold"},
	        {"18446744073709551616", "too many digits"},
	};
	struct wt_error err;
	uint64_t bytes = 4711;

	for (size_t i = 0; i < COUNT(bad); i++) {
		int rc = wt_parse_size(bad[i].text, &bytes, &err);

		expect_reason(bad[i].text, rc, &err, bad[i].reason);
		cr_expect(eq(u64, bytes, 4711), "'%s'", bad[i].text);
	}
}

Test(quantity, a_file_size_without_a_unit_is_in_kilobytes)
{
	uint64_t bytes;

	cr_expect(eq(int, wt_parse_filesize("64", &bytes, NULL), 0));
	cr_expect(eq(u64, bytes, 64000));
	cr_expect(eq(int, wt_parse_filesize("1.5", &bytes, NULL), 0));
	cr_expect(eq(u64, bytes, 1500));
	cr_expect(eq(int, wt_parse_filesize("64MiB", &bytes, NULL), 0));
	cr_expect(eq(u64, bytes, 67108864));
	cr_expect(eq(int, wt_parse_filesize("18446744073709552", &bytes, NULL), -EINVAL));
	cr_expect(eq(int, wt_parse_filesize("18446744073709551", &bytes, NULL), 0));
	cr_expect(eq(u64, bytes, UINT64_C(18446744073709551000)));
	cr_expect(eq(int, wt_parse_filesize("0", &bytes, NULL), -EINVAL));
	cr_expect(eq(int, wt_parse_filesize("0MiB", &bytes, NULL), -EINVAL));
}

static const char *rate_of(const char *text, enum wt_rate_unit unit)
{
	static char out[80];
	struct wt_decimal rate;
	struct wt_error err;

	if (wt_parse_rate(text, unit, &rate, &err))
		snprintf(out, sizeof(out), "%.79s", err.text);
	else
		snprintf(out, sizeof(out), "%llu/%llu", (unsigned long long)rate.numerator,
		         (unsigned long long)rate.denominator);
	return out;
}

Test(quantity, a_rate_takes_every_unit_and_stays_exact)
{
	cr_expect_str_eq(rate_of("50000", WT_RATE_PPS), "50000/1");
	cr_expect_str_eq(rate_of("50k", WT_RATE_PPS), "50000/1");
	cr_expect_str_eq(rate_of("50kpps", WT_RATE_PPS), "50000/1");
	cr_expect_str_eq(rate_of("0.5pps", WT_RATE_PPS), "5/10");
	cr_expect_str_eq(rate_of("1.5M", WT_RATE_PPS), "1500000/1");
	cr_expect_str_eq(rate_of("1.23456789Mpps", WT_RATE_PPS), "123456789/100");
	cr_expect_str_eq(rate_of("1Gpps", WT_RATE_PPS), "1000000000/1");
	cr_expect_str_eq(rate_of("1G", WT_RATE_PPS), "1000000000/1");
	cr_expect_str_eq(rate_of("940.5", WT_RATE_MBPS), "940500000/1");
	cr_expect_str_eq(rate_of("0.000000001", WT_RATE_MBPS), "1/1000");
	cr_expect_str_eq(rate_of("10Gbps", WT_RATE_MBPS), "10000000000/1");
	cr_expect_str_eq(rate_of("8bit/s", WT_RATE_BPS), "8/1");
	cr_expect_str_eq(rate_of("8bps", WT_RATE_BPS), "8/1");
	cr_expect_str_eq(rate_of("2.5kbit/s", WT_RATE_BPS), "2500/1");
	cr_expect_str_eq(rate_of("2kbps", WT_RATE_BPS), "2000/1");
	cr_expect_str_eq(rate_of("2k", WT_RATE_BPS), "2000/1");
	cr_expect_str_eq(rate_of("3Mbit/s", WT_RATE_BPS), "3000000/1");
	cr_expect_str_eq(rate_of("3Mbps", WT_RATE_BPS), "3000000/1");
	cr_expect_str_eq(rate_of("3M", WT_RATE_BPS), "3000000/1");
	cr_expect_str_eq(rate_of("1.5Gbit/s", WT_RATE_BPS), "1500000000/1");
	cr_expect_str_eq(rate_of("1G", WT_RATE_BPS), "1000000000/1");
	cr_expect_str_eq(rate_of("1Tbit/s", WT_RATE_BPS), "1000000000000/1");
	cr_expect_str_eq(rate_of("1Tbps", WT_RATE_BPS), "1000000000000/1");
	cr_expect_str_eq(rate_of("1T", WT_RATE_BPS), "1000000000000/1");
	cr_expect_str_eq(rate_of("max", WT_RATE_PPS), "0/1");
	cr_expect_str_eq(rate_of("max", WT_RATE_BPS), "0/1");
}

Test(quantity, what_is_no_rate_is_refused_with_the_reason)
{
	static const struct {
		const char *text;
		enum wt_rate_unit unit;
		const char *reason;
	} bad[] = {
	        {"", WT_RATE_PPS, "there is no rate; it is like 50000"},
	        {"0", WT_RATE_PPS, "'0': nothing would ever be sent"},
	        {"0.0Gbps", WT_RATE_BPS, "nothing would ever be sent"},
	        {"-1", WT_RATE_PPS, "'-1' is negative"},
	        {"1e6", WT_RATE_PPS, "there is no unit 'e6' of a rate, but pps"},
	        {"1Gbps", WT_RATE_PPS, "there is no unit 'Gbps'"},
	        {"1Mpps", WT_RATE_BPS, "there is no unit 'Mpps' of a rate, but bit/s"},
	        {"100", WT_RATE_BPS, "'100' needs a unit: bit/s"},
	        {"MAX", WT_RATE_PPS, "'MAX' is no rate"},
	        {"18446744073709551615k", WT_RATE_PPS, "more than 64 bits hold"},
	};
	struct wt_decimal rate = {4711, 1};
	struct wt_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		int rc = wt_parse_rate(bad[i].text, bad[i].unit, &rate, &err);

		expect_reason(bad[i].text, rc, &err, bad[i].reason);
		cr_expect(eq(u64, rate.numerator, 4711), "'%s'", bad[i].text);
	}
}

Test(quantity, a_decimal_number_becomes_a_fraction)
{
	static const struct {
		const char *text;
		uint64_t numerator, denominator;
	} good[] = {
	        {"2.5", 25, 10},
	        {"100000", 100000, 1},
	        {"0.000000001", 1, 1000000000},
	        {"2.50000000000", 2500000000, 1000000000},
	        {"18446744073709551615", UINT64_MAX, 1},
	        {"0", 0, 1},
	};
	static const char *const bad[] = {"",   ".5", "1.", "-1",           "1e9",
	                                  "1x", "1 ", "--", "0.0000000001", "18446744073709551616"};
	struct wt_decimal number;
	struct wt_error err;

	for (size_t i = 0; i < COUNT(good); i++) {
		cr_assert(eq(int, wt_parse_decimal(good[i].text, &number, &err), 0), "'%s'",
		          good[i].text);
		cr_expect(eq(u64, number.numerator, good[i].numerator), "'%s'", good[i].text);
		cr_expect(eq(u64, number.denominator, good[i].denominator), "'%s'", good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect(eq(int, wt_parse_decimal(bad[i], &number, &err), -EINVAL),
		          "'%s' is taken", bad[i]);
}

Test(quantity, a_whole_number_is_in_its_range)
{
	static const char *const bad[] = {"",   "0",  "101", "1.0", "1.", "1k",
	                                  "-1", "+1", " 1",  "1 ",  "0x1"};
	struct wt_error err = {0};
	uint64_t number = 4711;

	for (size_t i = 0; i < COUNT(bad); i++) {
		int rc = wt_parse_number(bad[i], 1, 100, &number, &err);

		expect_reason(bad[i], rc, &err, "is not a number from 1 to 100");
		cr_expect(eq(u64, number, 4711), "'%s'", bad[i]);
	}
	cr_expect(eq(int, wt_parse_number("1", 1, 100, &number, &err), 0));
	cr_expect(eq(u64, number, 1));
	cr_expect(eq(int, wt_parse_number("100", 1, 100, &number, &err), 0));
	cr_expect(eq(u64, number, 100));
	cr_expect(
	        eq(int, wt_parse_number("18446744073709551615", 0, UINT64_MAX, &number, &err), 0));
	cr_expect(eq(u64, number, UINT64_MAX));
	expect_reason("x", wt_parse_number("x", 1, UINT64_MAX, &number, &err), &err,
	              "'x' is not a whole number from 1 on");
	expect_reason("x", wt_parse_number("x", 0, UINT64_MAX, &number, &err), &err,
	              "'x' is not a whole number");
	expect_reason("", wt_parse_number("18446744073709551616", 0, UINT64_MAX, &number, &err),
	              &err, "is not a whole number");
}
