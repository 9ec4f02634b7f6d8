/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/replay/plan/schedule.h>

#include "support/unit.h"

static struct wt_schedule_config config;
static struct wt_error err;

/* "timing numerator/denominator gap idle". */
static const char *understood(const char *words)
{
	static char text[160];

	cr_assert(eq(int, wt_schedule_parse(&config, words, &err), 0), "%s: %s", words, err.text);
	snprintf(text, sizeof(text), "%d %" PRIu64 "/%" PRIu64 " %" PRId64 " %" PRId64,
	         (int)config.timing, config.numerator, config.denominator, config.gap_ns,
	         config.idle_ns);
	return text;
}

Test(timing_text, understands_all_forms)
{
	static const struct {
		const char *words, *meaning;
	} forms[] = {
	        {"original", "0 0/0 0 0"},
	        {"speed:2.5", "1 25/10 0 0"},
	        {"speed:1000000000", "1 1000000000/1 0 0"},
	        {"pps:100000", "2 100000/1 0 0"},
	        {"pps:0.5", "2 5/10 0 0"},
	        {"pps:1.5Mpps", "2 1500000/1 0 0"},
	        {"pps:100k", "2 100000/1 0 0"},
	        {"mbps:940.5", "3 9405/10 0 0"},
	        {"mbps:1.5Gbps", "3 1500/1 0 0"},
	        {"mbps:500kbit/s", "3 5/10 0 0"},
	        {"mbps:1bps", "3 1/1000000 0 0"},
	        {"mbps:0.000000001", "3 1/1000000000 0 0"},
	        {"gap:1m", "4 0/0 60000000000 0"},
	        {"gap:20us", "4 0/0 20000 0"},
	        {"asap", "5 0/0 0 0"},
	        {"delta:5000ns", "6 0/0 5000 0"},
	        {"delta:5us,idle=1ms", "6 0/0 5000 1000000"},
	        {"delta:0.5us,idle=2.5ms", "6 0/0 500 2500000"},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		cr_expect_str_eq(understood(forms[i].words), forms[i].meaning, "%s",
		                 forms[i].words);
}

Test(timing_text, leaves_what_is_no_part_of_it)
{
	config = (struct wt_schedule_config){
	        .numerator = 7, .gap_ns = 8, .max_gap_ns = 9, .disorder_ns = 10};
	cr_expect_str_eq(understood("asap"), "5 0/0 0 0");
	cr_expect(eq(i64, config.max_gap_ns, 9));
	cr_expect(eq(i64, config.disorder_ns, 10));
}

static void expect_refused(const char *words, const char *reason)
{
	struct wt_schedule_config before = {.timing = WT_TIMING_GAP, .gap_ns = 5};

	config = before;
	err = (struct wt_error){0};
	cr_expect(eq(int, wt_schedule_parse(&config, words, &err), -EINVAL), "%s", words);
	cr_expect(strstr(err.text, reason) != NULL, "'%s': %s", words, err.text);
	cr_expect(eq(int, config.timing, before.timing), "'%s' changed the setting", words);
	cr_expect(eq(i64, config.gap_ns, before.gap_ns), "'%s' changed the setting", words);
}

Test(timing_text, what_is_no_timing_is_told_all_of_them)
{
	static const char *const bad[] = {"",       "fast",  "Original",   "topspeed",
	                                  "pps100", ":",     "pps=100000", "2.5",
	                                  "orig",   "asap,", "mbps ",      "original "};
	char words[400];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "gap:TIME");
	memset(words, '1', sizeof(words));
	memcpy(words, "pps:", 4);
	words[sizeof(words) - 1] = '\0';
	expect_refused(words, "gap:TIME");
}

Test(timing_text, a_value_is_where_one_belongs)
{
	expect_refused("original:1", "original has no value");
	expect_refused("asap:", "asap has no value");
	expect_refused("speed", "needs a value, speed:");
	expect_refused("delta", "needs a value, delta:");
}

Test(timing_text, a_number_is_decimal_above_zero_and_below_the_limit)
{
	static const struct {
		const char *words, *reason;
	} bad[] = {
	        {"pps:", "'pps:': there is no rate"},
	        {"pps:x", "'pps:x': 'x' is no rate"},
	        {"pps:-1", "is negative"},
	        {"pps:1e6", "there is no unit 'e6'"},
	        {"pps:1Gbps", "there is no unit 'Gbps' of a rate, but pps"},
	        {"pps: 1", "is no rate"},
	        {"speed:2x", "'2x' is no number; it is like 2 or 0.5"},
	        {"speed:.5", "is no number"},
	        {"speed:2.", "is no number"},
	        {"mbps:1,5", "there is no unit ',5'"},
	        {"mbps:1kpps", "there is no unit 'kpps' of a rate, but bit/s"},
	        {"pps:0.0000000001", "too many digits"},
	        {"pps:99999999999999999999", "too many digits"},
	        {"pps:0", "nothing would ever be sent"},
	        {"pps:max", "it is asap"},
	        {"speed:0.000", "it is asap"},
	        {"pps:1000000000.1", "more than the limit of 1000000000"},
	        {"pps:1.1Gpps", "more than the limit of 1000000000"},
	        {"mbps:1000000000.000001", "more than the limit"},
	        {"mbps:18446744073709551615", "more than 64 bits hold"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i].words, bad[i].reason);
}

Test(timing_text, a_time_has_a_unit_is_whole_and_above_zero)
{
	static const struct {
		const char *words, *reason;
	} bad[] = {
	        {"gap:", "there is no time"},
	        {"gap:20", "'gap:20': '20' needs a unit: ns, us"},
	        {"gap:-1us", "is negative"},
	        {"gap:1.5ns", "no whole number of ns"},
	        {"gap:20 us", "there is no unit ' us'"},
	        {"gap:99999999999s", "more than a century"},
	        {"gap:1us,idle=1ms", "there is no unit"},
	        {"gap:0", "longer than 0"},
	        {"delta:", "there is no time"},
	        {"delta:,idle=1ms", "there is no time"},
	        {"delta:0us", "longer than 0"},
	        {"delta:5", "needs a unit"},
	        {"delta:5us,idle=0", "longer than 0"},
	        {"delta:5us,idle=", "there is no time"},
	        {"delta:5us,idle=1", "needs a unit"},
	        {"delta:5us,idle=1ms,idle=1ms", "there is no unit"},
	        {"delta:5us,", "is not idle=TIME"},
	        {"delta:5us,gap=1ms", "is not idle=TIME"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i].words, bad[i].reason);
}
