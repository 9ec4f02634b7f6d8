/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/replay/plan/schedule.h>

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
	        {"mbps:940.5", "3 9405/10 0 0"},
	        {"mbps:0.000000001", "3 1/1000000000 0 0"},
	        {"gap:20000", "4 0/0 20000 0"},
	        {"gap:20us", "4 0/0 20000 0"},
	        {"asap", "5 0/0 0 0"},
	        {"delta:5000", "6 0/0 5000 0"},
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
	static const char *const bad[] = {"pps:",
	                                  "pps:x",
	                                  "pps:-1",
	                                  "pps:+1",
	                                  "pps:1e6",
	                                  "pps:100k",
	                                  "pps: 1",
	                                  "pps:1 ",
	                                  "speed:2x",
	                                  "speed:.5",
	                                  "speed:2.",
	                                  "mbps:1,5",
	                                  "pps:0.0000000001",
	                                  "pps:99999999999999999999"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "no decimal number");
	expect_refused("pps:0", "nothing would ever be sent");
	expect_refused("speed:0.000", "nothing would ever be sent");
	expect_refused("pps:1000000000.1", "more than the limit of 1000000000");
	expect_refused("mbps:18446744073709551615", "more than the limit");
}

Test(timing_text, a_time_is_whole_and_above_zero)
{
	static const char *const bad[] = {
	        "gap:",   "gap:-1us", "gap:1.5ns",       "gap:5min",         "gap:20 us",
	        "delta:", "delta:,",  "delta:,idle=1ms", "gap:99999999999s", "gap:1us,idle=1ms"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "no time of whole ns");
	expect_refused("gap:0", "longer than 0");
	expect_refused("delta:0us", "longer than 0");
	expect_refused("delta:5us,idle=0", "longer than 0");
	expect_refused("delta:5us,idle=", "no time of whole ns");
	expect_refused("delta:5us,idle=1ms,idle=1ms", "no time of whole ns");
	expect_refused("delta:5us,", "is not idle=TIME");
	expect_refused("delta:5us,gap=1ms", "is not idle=TIME");
}
