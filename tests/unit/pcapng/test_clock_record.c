/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/pcapng_decode.h>

#include "support/unit.h"

static uint32_t words[WT_CLOCK_RECORD_BYTES_MAX / 4];
static uint8_t *const block = (uint8_t *)words;
static struct wt_clock_record there, back;

static bool parse(const char *body)
{
	return wt_clock_record_parse((const uint8_t *)body, strlen(body), &back);
}

/* What the block is as others see it, and what comes back from it. */
static void encode_and_parse(void)
{
	ssize_t used = wt_clock_record_encode(block, sizeof(words), &there);

	cr_assert(gt(int, (int)used, 12));
	cr_assert(eq(int, (int)(used % 4), 0));
	cr_expect(eq(u32, words[0], WT_PCAPNG_CLOCK));
	cr_expect(eq(u32, words[1], (uint32_t)used));
	cr_expect(eq(u32, words[used / 4 - 1], (uint32_t)used));
	cr_assert(wt_clock_record_parse(block + 8, (size_t)used - 12, &back));
	cr_expect(eq(int, (int)back.what, (int)there.what));
	cr_expect(eq(u32, back.interface_id, there.interface_id));
	cr_expect(eq(i64, back.utc_ns, there.utc_ns));
}

static void expect_map(void)
{
	cr_expect(eq(u32, back.map.number, there.map.number));
	cr_expect(eq(u32, back.map.epoch, there.map.epoch));
	cr_expect(eq(i64, back.map.phc_ns, there.map.phc_ns));
	cr_expect(eq(i64, back.map.utc_ns, there.map.utc_ns));
	cr_expect(eq(i64, back.map.rate, there.map.rate));
	cr_expect(eq(i64, back.map.inverse_rate, there.map.inverse_rate));
	cr_expect(eq(i64, back.map.error_ns, there.map.error_ns));
	cr_expect(eq(i64, back.map.rate_error, there.map.rate_error));
	cr_expect(eq(i64, back.map.born_utc_ns, there.map.born_utc_ns));
}

static void expect_sample(void)
{
	cr_expect(eq(i64, back.sample.phc_ns, there.sample.phc_ns));
	cr_expect(eq(i64, back.sample.utc_ns, there.sample.utc_ns));
	cr_expect(eq(i64, back.sample.raw_ns, there.sample.raw_ns));
	cr_expect(eq(i64, back.sample.bracket_ns, there.sample.bracket_ns));
	cr_expect(eq(int, back.sample.tai_offset_s, there.sample.tai_offset_s));
	cr_expect(eq(int, (int)back.sample.method, (int)there.sample.method));
}

static const struct wt_clock_map extreme_map = {
        .number = UINT32_MAX,
        .epoch = UINT32_MAX,
        .phc_ns = INT64_MIN,
        .utc_ns = INT64_MIN,
        .rate = INT64_MIN,
        .inverse_rate = INT64_MIN,
        .error_ns = INT64_MIN,
        .rate_error = INT64_MIN,
        .born_utc_ns = INT64_MIN,
};

Test(clock_note, every_verdict_and_method_comes_back_with_numbers_of_any_size)
{
	for (int i = 0; i < WT_CLOCK_VERDICTS * WT_CROSS_METHODS; i++) {
		there = (struct wt_clock_record){
		        .what = WT_CLOCK_RECORD_CROSS,
		        .interface_id = UINT32_MAX,
		        .utc_ns = INT64_MIN,
		        .sample = {.phc_ns = INT64_MIN,
		                   .utc_ns = INT64_MAX,
		                   .raw_ns = INT64_MIN,
		                   .bracket_ns = INT64_MIN,
		                   .tai_offset_s = INT32_MIN,
		                   .method = (enum wt_cross_method)(i % WT_CROSS_METHODS)},
		        .verdict = (enum wt_clock_verdict)(i / WT_CROSS_METHODS),
		        .step_ns = INT64_MIN,
		        .culprit = (enum wt_clock_culprit)(i % (WT_CULPRIT_UTC + 1)),
		        .map = extreme_map,
		};
		encode_and_parse();
		expect_sample();
		expect_map();
		cr_expect(eq(int, (int)back.verdict, (int)there.verdict));
		if (there.verdict != WT_CLOCK_STEPPED && there.verdict != WT_CLOCK_BACKWARD)
			continue;
		cr_expect(eq(i64, back.step_ns, there.step_ns));
		cr_expect(eq(int, (int)back.culprit, (int)there.culprit));
	}
}

Test(clock_note, a_step_belongs_to_a_verdict_that_has_one)
{
	there = (struct wt_clock_record){.verdict = WT_CLOCK_TAKEN, .step_ns = 5};
	encode_and_parse();
	cr_expect(eq(i64, back.step_ns, 0));
}

Test(clock_note, a_map_comes_back)
{
	there = (struct wt_clock_record){.what = WT_CLOCK_RECORD_MAP, .interface_id = 3};
	there.map = extreme_map;
	encode_and_parse();
	expect_map();
	there.map = (struct wt_clock_map){
	        .number = 1,
	        .epoch = 2,
	        .phc_ns = INT64_MAX,
	        .utc_ns = INT64_MAX - 1,
	        .rate = -14074583215,
	        .inverse_rate = 14075287021,
	        .error_ns = 5,
	        .rate_error = 502394953,
	        .born_utc_ns = -1,
	};
	encode_and_parse();
	expect_map();
}

Test(clock_note, where_there_is_no_map_yet_none_comes_back)
{
	there = (struct wt_clock_record){.what = WT_CLOCK_RECORD_MAP, .map.epoch = 7};
	encode_and_parse();
	cr_expect(eq(u32, back.map.number, 0));
	cr_expect(eq(u32, back.map.epoch, 0));
}

Test(clock_note, a_change_comes_back)
{
	there = (struct wt_clock_record){
	        .what = WT_CLOCK_RECORD_CHANGE,
	        .interface_id = 1,
	        .utc_ns = INT64_MAX,
	        .change = "stamping",
	        .text = "rx_filter was all, and is none = nothing; \xc3\xa4",
	};
	encode_and_parse();
	cr_expect(eq(int, strcmp(back.change, there.change), 0));
	cr_expect(eq(int, strcmp(back.text, there.text), 0));
}

Test(clock_note, a_text_is_one_line)
{
	there = (struct wt_clock_record){
	        .what = WT_CLOCK_RECORD_CHANGE, .change = "link", .text = "up\nwhat=map\nmap=7"};
	encode_and_parse();
	cr_expect(eq(int, (int)back.what, (int)WT_CLOCK_RECORD_CHANGE));
	cr_expect(eq(int, strcmp(back.text, "up"), 0));
	cr_expect(eq(u32, back.map.number, 0));
}

Test(clock_note, the_longest_text_comes_back)
{
	there = (struct wt_clock_record){
	        .what = WT_CLOCK_RECORD_CHANGE, .interface_id = UINT32_MAX, .utc_ns = INT64_MIN};
	memset(there.change, 'c', sizeof(there.change) - 1);
	memset(there.text, 't', sizeof(there.text) - 1);
	encode_and_parse();
	cr_expect(eq(int, strcmp(back.change, there.change), 0));
	cr_expect(eq(int, strcmp(back.text, there.text), 0));
}

Test(clock_note, a_text_that_is_too_long_is_cut)
{
	char body[600] = "what=change\ntext=";

	memset(body + strlen(body), 't', 500);
	strcat(body, "\n");
	cr_assert(parse(body));
	cr_expect(eq(sz, strlen(back.text), sizeof(back.text) - 1));
}

Test(clock_note, it_stays_inside_its_room)
{
	ssize_t needed;

	there = (struct wt_clock_record){.what = WT_CLOCK_RECORD_MAP, .map = extreme_map};
	needed = wt_clock_record_encode(block, sizeof(words), &there);
	for (ssize_t room = 0; room < needed; room++) {
		memset(block, 0xee, sizeof(words));
		cr_assert(eq(int, (int)wt_clock_record_encode(block, (size_t)room, &there),
		             -ENOBUFS));
		cr_expect(eq(u8, block[room], 0xee));
	}
	cr_expect(eq(int, (int)wt_clock_record_encode(block, (size_t)needed, &there), (int)needed));
}

Test(clock_note, names_that_are_not_known_are_let_pass)
{
	cr_assert(parse("colour=blue\nwhat=map\nmap=7\nmap_of=the moon\n=\nepoch=2\n"));
	cr_expect(eq(u32, back.map.number, 7));
	cr_expect(eq(u32, back.map.epoch, 2));
}

Test(clock_note, what_is_behind_the_text_means_nothing)
{
	static const char body[] = "what=map\nmap=7\n\0map=8\n";

	cr_assert(wt_clock_record_parse((const uint8_t *)body, sizeof(body), &back));
	cr_expect(eq(u32, back.map.number, 7));
}

Test(clock_note, refuses_what_is_no_such_text)
{
	static const char *const bad[] = {
	        "",
	        "map=1\n",
	        "what=\n",
	        "what=something\n",
	        "what=map\nmap=7",
	        "what=map\nmap\n",
	        "what=map\n\n",
	        "what=map\nmap=\n",
	        "what=map\nmap=-1\n",
	        "what=map\nmap=4294967296\n",
	        "what=map\nmap=0x10\n",
	        "what=map\ninterface=4294967296\n",
	        "what=map\nrate=9223372036854775808\n",
	        "what=map\nrate=-9223372036854775809\n",
	        "what=map\nrate=+1\n",
	        "what=map\nrate=1 \n",
	        "what=cross\ntai_offset_s=2147483648\n",
	        "what=cross\ntai_offset_s=-2147483649\n",
	        "what=cross\nmethod=guess\n",
	        "what=cross\nverdict=maybe\n",
	        "what=cross\nculprit=me\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(not(parse(bad[i])), "'%s'", bad[i]);
}
