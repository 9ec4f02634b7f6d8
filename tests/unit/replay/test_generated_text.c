/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/replay/replayer.h>

#include "support/unit.h"

static struct wt_generated made;
static char session[11];

static void parse(const char *text)
{
	struct wt_error err = {0};

	cr_assert_eq(wt_generated_parse(&made, text, session, &err), 0, "'%s': %s", text, err.text);
}

static void expect_refusal(const char *text, const char *why)
{
	struct wt_error err = {0};
	int rc = wt_generated_parse(&made, text, session, &err);

	cr_expect(eq(int, rc, -EINVAL), "'%s'", text);
	cr_expect(strstr(err.text, why) != NULL, "'%s': \"%s\" does not say '%s'", text, err.text,
	          why);
}

static void expect_no(const char *name, const char *value)
{
	const char *range = wt_generated_set(&made, session, name, value);

	cr_expect(range && *range, "%s '%s' is taken", name, value);
}

Test(generated_text, every_part_goes_where_it_belongs)
{
	parse("gen:size=60,count=7,gap=20us,gaps=random,seed=9,duration=3s,sequence=100,"
	      "group=239.1.2.3,source=10.0.0.1,port=5000,session=FEED");
	cr_expect(eq(u32, made.frame.frame_bytes, 60));
	cr_expect(eq(u64, made.count, 7));
	cr_expect(eq(i64, made.gap_ns, 20000));
	cr_expect(made.is_random);
	cr_expect(eq(u64, made.seed, 9));
	cr_expect(eq(i64, made.duration_ns, 3000000000));
	cr_expect(eq(u64, made.sequence_start, 100));
	cr_expect(eq(u32, made.frame.group, 0xef010203));
	cr_expect(eq(u32, made.frame.source, 0x0a000001));
	cr_expect(eq(u16, made.frame.port, 5000));
	cr_expect_str_eq(made.frame.session, "FEED");
}

Test(generated_text, nothing_but_gen_is_all_defaults)
{
	const struct wt_generated none = {0};

	parse("gen");
	cr_expect(zero(int, memcmp(&made, &none, sizeof(made))));
	parse("gen:");
	parse("gen:,");
	cr_expect(zero(int, memcmp(&made, &none, sizeof(made))));
}

Test(generated_text, refusals_name_the_part_and_what_it_takes)
{
	expect_refusal("gen:sized=60", "'sized=60' is no setting; there are size, count");
	expect_refusal("gen:size", "'size': size is a number of bytes from 60");
	expect_refusal("gen:size=59", "'size=59': size is a number of bytes from 60");
	expect_refusal("gen:count=1,group=10.0.0.1",
	               "'group=10.0.0.1': group is an IPv4 multicast");
}

Test(generated_text, a_part_alone_is_set_and_the_rest_stays)
{
	parse("gen:size=100,port=1");
	cr_assert_null(wt_generated_set(&made, session, "port", "65535"));
	cr_expect(eq(u16, made.frame.port, 65535));
	cr_expect(eq(u32, made.frame.frame_bytes, 100));
	cr_assert_null(wt_generated_set(&made, session, "session", "ABCDEFGHIJ"));
	cr_expect_str_eq(made.frame.session, "ABCDEFGHIJ");
}

Test(generated_text, values_out_of_range_are_not_taken)
{
	expect_no("size", "65550");
	expect_no("size", "1e3");
	expect_no("port", "0");
	expect_no("port", "65536");
	expect_no("sequence", "0");
	expect_no("sequence", "9223372036854775808");
	expect_no("source", "0.0.0.0");
	expect_no("source", "10.0.0");
	expect_no("group", "223.255.255.255");
	expect_no("session", "");
	expect_no("session", "ABCDEFGHIJK");
	expect_no("gaps", "odd");
	expect_no("interface", "eth0");
}

Test(generated_text, is_told_from_the_name_of_a_file)
{
	cr_expect(wt_generated_is("gen"));
	cr_expect(wt_generated_is("gen:"));
	cr_expect(wt_generated_is("gen:size=60"));
	cr_expect(not(wt_generated_is("general.pcapng")));
	cr_expect(not(wt_generated_is("./gen")));
	cr_expect(not(wt_generated_is("")));
}

Test(generated_text, pps_becomes_a_gap)
{
	parse("gen:pps=10000");
	cr_expect(eq(i64, made.gap_ns, 100000));
	parse("gen:pps=2.5");
	cr_expect(eq(i64, made.gap_ns, 400000000));
	parse("gen:pps=1000000000");
	cr_expect(eq(i64, made.gap_ns, 1));
	parse("gen:pps=0.000000001");
	cr_expect(eq(i64, made.gap_ns, 1000000000000000000));
}

Test(generated_text, the_last_of_two_counts)
{
	parse("gen:size=60,size=70");
	cr_expect(eq(u32, made.frame.frame_bytes, 70));
}
