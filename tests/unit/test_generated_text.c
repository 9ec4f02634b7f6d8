/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/replay/replay.h>

static struct wt_generated generated;
static char session[11];
static struct wt_error err;

static void parse(const char *text)
{
	int rc = wt_generated_parse(&generated, text, session, &err);

	cr_assert(eq(int, rc, 0), "%s: %s", text, rc ? err.text : "");
}

static void refuse(const char *text, const char *part)
{
	cr_expect(eq(int, wt_generated_parse(&generated, text, session, &err), -EINVAL), "%s",
	          text);
	cr_expect(strstr(err.text, part) != NULL, "%s: '%s' says nothing of '%s'", text, err.text,
	          part);
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

Test(generated_text, nothing_leaves_all_to_the_defaults)
{
	static const struct wt_generated zero;

	parse("gen");
	cr_expect(eq(int, memcmp(&generated, &zero, sizeof(zero)), 0));
	parse("gen:");
	cr_expect(eq(int, memcmp(&generated, &zero, sizeof(zero)), 0));
	parse("gen:,,");
	cr_expect(eq(int, memcmp(&generated, &zero, sizeof(zero)), 0));
}

Test(generated_text, takes_all_of_its_parts)
{
	parse("gen:size=1000,count=5,gap=20us,gaps=random,seed=9,duration=1.5s,sequence=77,"
	      "group=233.252.0.9,source=192.0.2.7,port=99,session=ABC");
	cr_expect(eq(u32, generated.frame.frame_bytes, 1000));
	cr_expect(eq(u64, generated.count, 5));
	cr_expect(eq(i64, generated.gap_ns, 20000));
	cr_expect(generated.is_random);
	cr_expect(eq(u64, generated.seed, 9));
	cr_expect(eq(i64, generated.duration_ns, 1500000000));
	cr_expect(eq(u64, generated.sequence_start, 77));
	cr_expect(eq(u32, generated.frame.group, 0xe9fc0009));
	cr_expect(eq(u32, generated.frame.source, 0xc0000207));
	cr_expect(eq(u16, generated.frame.port, 99));
	cr_expect(strcmp(generated.frame.session, "ABC") == 0);
	cr_expect(eq(ptr, (void *)(uintptr_t)generated.frame.session, session));
}

Test(generated_text, pps_becomes_a_gap)
{
	parse("gen:pps=10000");
	cr_expect(eq(i64, generated.gap_ns, 100000));
	parse("gen:pps=2.5");
	cr_expect(eq(i64, generated.gap_ns, 400000000));
	parse("gen:pps=1000000000");
	cr_expect(eq(i64, generated.gap_ns, 1));
	parse("gen:pps=0.000000001");
	cr_expect(eq(i64, generated.gap_ns, 1000000000000000000));
}

Test(generated_text, the_last_of_two_counts)
{
	parse("gen:size=60,size=70");
	cr_expect(eq(u32, generated.frame.frame_bytes, 70));
}

Test(generated_text, refuses_what_is_out_of_range)
{
	refuse("gen:size=59", "size '59'");
	refuse("gen:size=65550", "size '65550'");
	refuse("gen:count=0", "count '0'");
	refuse("gen:count=1.5", "count '1.5'");
	refuse("gen:count=-1", "count '-1'");
	refuse("gen:pps=0", "pps '0'");
	refuse("gen:pps=1000000001", "pps '1000000001'");
	refuse("gen:pps=1000000000.5", "pps '1000000000.5'");
	refuse("gen:gap=0", "gap '0'");
	refuse("gen:gap=5d", "gap '5d'");
	refuse("gen:gaps=odd", "gaps 'odd'");
	refuse("gen:duration=0", "duration '0'");
	refuse("gen:sequence=0", "sequence '0'");
	refuse("gen:group=192.0.2.1", "group '192.0.2.1'");
	refuse("gen:source=192.0.2", "source '192.0.2'");
	refuse("gen:port=0", "port '0'");
	refuse("gen:port=65536", "port '65536'");
	refuse("gen:session=", "session ''");
	refuse("gen:session=ABCDEFGHIJK", "session 'ABCDEFGHIJK'");
}

Test(generated_text, refuses_what_it_does_not_know_and_says_what_there_is)
{
	refuse("gen:speed=3", "speed");
	refuse("gen:speed=3", "size, count, pps");
	refuse("gen:size", "size ''");
	refuse("gen:=5", "''");
}

Test(generated_text, refuses_what_is_too_long)
{
	char text[1000] = "gen:";

	memset(text + 4, ',', sizeof(text) - 5);
	refuse(text, "too long");
	memset(text + 4, 'x', 500);
	text[504] = '\0';
	refuse(text, "does not know");
}
