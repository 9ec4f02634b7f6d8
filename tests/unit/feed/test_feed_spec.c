/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/feed/spec/feed_spec.h>

#include "support/unit.h"

static struct wt_feed_channels channels;
static struct wt_error err;

static void start(void)
{
	channels = (struct wt_feed_channels){0};
	err = (struct wt_error){0};
}

static void stop(void)
{
	wt_feed_channels_free(&channels);
}

TestSuite(feed_spec, .init = start, .fini = stop);

static int add_text(const char *text)
{
	return wt_feed_channels_add_text(&channels, "feeds.txt", text, strlen(text), &err);
}

static void expect_line(size_t number, const char *line)
{
	char text[WT_FEED_LINE_BYTES];
	int length;

	cr_assert(lt(sz, number, channels.count), "%s", err.text);
	length = wt_feed_channel_text(&channels.list[number], text, sizeof(text));
	cr_expect(strcmp(text, line) == 0, "'%s', not '%s'", text, line);
	cr_expect(eq(int, length, (int)strlen(line)));
}

static void expect_spec(const char *spec, const char *line)
{
	cr_expect(eq(int, wt_feed_channels_add(&channels, spec, &err), 0), "%s: %s", spec,
	          err.text);
	expect_line(channels.count - 1, line);
}

static void expect_refused(const char *spec, const char *why)
{
	size_t count = channels.count;

	err = (struct wt_error){0};
	cr_expect(eq(int, wt_feed_channels_add(&channels, spec, &err), -EINVAL), "%s", spec);
	cr_expect(strstr(err.text, why) != NULL, "%s: '%s' has no '%s'", spec, err.text, why);
	cr_expect(eq(sz, channels.count, count));
}

static void expect_refused_text(const char *text, const char *why)
{
	err = (struct wt_error){0};
	cr_expect(eq(int, add_text(text), -EINVAL), "%s", text);
	cr_expect(strstr(err.text, why) != NULL, "'%s' has no '%s'", err.text, why);
	cr_expect(eq(sz, channels.count, 0));
	cr_expect(eq(sz, channels.custom_count, 0));
}

Test(feed_spec, one_address_is_side_a_and_makes_the_name)
{
	expect_spec("moldudp64@239.1.1.1:5000",
	            "moldudp64@239.1.1.1:5000 moldudp64 A=239.1.1.1:5000");
	expect_spec("pitch@239.1.1.1:5000@eth0",
	            "pitch@239.1.1.1:5000@eth0 pitch A=239.1.1.1:5000@eth0");
	cr_expect(eq(u32, channels.list[0].line, 0));
}

Test(feed_spec, names_kinds_and_sides)
{
	expect_spec("pitch@239.1.1.1:5000,name=snap,kind=loop",
	            "snap pitch A=239.1.1.1:5000 kind=loop");
	expect_spec("pitch@239.1.1.2:5000,kind=retransmission,name=grp",
	            "grp pitch A=239.1.1.2:5000 kind=retransmission");
	expect_spec("pillar@A=239.2.1.1:1@eth0,B=239.2.1.1:1@eth1,R=10.0.0.1:65535,name=mdp.310",
	            "mdp.310 pillar A=239.2.1.1:1@eth0 B=239.2.1.1:1@eth1 R=10.0.0.1:65535");
}

Test(feed_spec, ipv6_in_brackets)
{
	expect_spec("mitch@[ff15::1]:5004,name=v6", "v6 mitch A=[ff15::1]:5004");
	expect_spec("mitch@A=[ff15::2]:5004@eth0,B=[FF15:0::3]:5004,name=pair",
	            "pair mitch A=[ff15::2]:5004@eth0 B=[ff15::3]:5004");
	expect_refused("mitch@ff15::1:5004", "brackets");
	expect_refused("mitch@[ff15::1]", "no port");
	expect_refused("mitch@[]:5004", "GROUP:PORT");
	expect_refused("mitch@[:5004", "no port");
	expect_refused("mitch@[239.1.1.1]:5004", "GROUP:PORT");
}

Test(feed_spec, custom_presets_have_colons_and_commas)
{
	expect_spec("custom:offset=0,width=4@239.1.1.1:5000,name=X",
	            "X custom:offset=0,width=4 A=239.1.1.1:5000");
	expect_spec("custom:offset=0,width=4@A=239.1.1.2:5000@eth0,B=239.1.1.3:5000,name=Y",
	            "Y custom:offset=0,width=4 A=239.1.1.2:5000@eth0 B=239.1.1.3:5000");
	cr_expect(eq(sz, channels.custom_count, 1));
	expect_spec("custom:offset=8,width=8@239.1.1.4:5000",
	            "custom@239.1.1.4:5000 custom:offset=8,width=8 A=239.1.1.4:5000");
	cr_expect(eq(sz, channels.custom_count, 2));
	expect_refused("custom:nonsense@239.1.1.5:5000", "nonsense");
	expect_refused("custom:offset=1,width=8@239.1.1.5", "no port");
	cr_expect(eq(sz, channels.custom_count, 2));
}

Test(feed_spec, what_a_spec_lacks_is_said)
{
	expect_refused("moldudp64", "PRESET@GROUP:PORT");
	expect_refused("", "PRESET@GROUP:PORT");
	expect_refused("moldudp64@", "no port");
	expect_refused("moldudp64@239.1.1.1", "no port");
	expect_refused("moldudp64@239.1.1.1:", "port from 1 to 65535");
	expect_refused("moldudp64@239.1.1.1:0", "port from 1 to 65535");
	expect_refused("moldudp64@239.1.1.1:65536", "port from 1 to 65535");
	expect_refused("moldudp64@239.1.1.1:+1", "port from 1 to 65535");
	expect_refused("moldudp64@239.1.1:5000", "GROUP:PORT");
	expect_refused("moldudp64@0.0.0.0:5000", "GROUP:PORT");
	expect_refused("moldudp64@239.1.1.1:5000@", "interface");
	expect_refused("moldudp64@239.1.1.1:5000,", "name=");
	expect_refused("moldudp64@239.1.1.1:5000,kind=dead", "retransmission");
	expect_refused("moldudp64@239.1.1.1:5000,nam=x", "'nam=x'");
	expect_refused("moldudp64@C=239.1.1.1:5000", "'C=239.1.1.1:5000'");
	expect_refused("moldudp64@239.1.1.1:5000,A=239.1.1.2:5000", "side A is there twice");
	expect_refused("moldudp64@B=239.1.1.1:5000", "no side A");
	expect_refused("moldudp64@name=x", "no side A");
	expect_refused("moldudp64@239.1.1.1:5000,name=", "empty");
	expect_refused("moldudp64@239.1.1.1:5000,name=a b", "'a b'");
	expect_refused("moldudp64@239.1.1.1:5000,name=a\"b", "quotes");
	expect_refused("moldudp64@239.1.1.1:5000,name=#b", "#");
	expect_refused("moldudp64@239.1.1.1:5000,name=b\033[2J", "control character");
	expect_refused("moldudp64@239.1.1.1:5000,name=0123456789012345678901234567890123456789"
	               "012345678901234567890123",
	               "63 characters");
	expect_refused("moldudp64@239.1.1.1:5000@an-interface-with-a-name-so-long-that-it-is-more-"
	               "than-a-name-has",
	               "name=NAME");
}

Test(feed_spec, an_unknown_preset_lists_those_there_are)
{
	expect_refused("mold@239.1.1.1:5000", "'mold'");
	for (size_t i = 0; i < wt_preset_count; i++)
		cr_expect(strstr(err.text, wt_presets[i]->name) != NULL, "%s", err.text);
	cr_expect(strstr(err.text, "custom:") != NULL, "%s", err.text);
}

Test(feed_spec, only_live_channels_have_sides)
{
	expect_refused("pitch@A=239.1.1.1:1,B=239.1.1.2:1,kind=loop", "kind=loop");
	expect_refused("pitch@A=239.1.1.1:1,R=239.1.1.2:1,kind=retransmission",
	               "kind=retransmission");
	expect_refused("pitch@kind=loop,A=239.1.1.1:1,B=239.1.1.2:1", "one side");
	expect_refused("pitch@R=239.1.1.1:1", "no side A");
}

static void expect_twice(const char *spec, const char *one, const char *two)
{
	size_t count = channels.count;

	cr_expect(eq(int, wt_feed_channels_add(&channels, spec, &err), -EEXIST), "%s", spec);
	cr_expect(strstr(err.text, one) && strstr(err.text, two), "%s", err.text);
	cr_expect(eq(sz, channels.count, count));
}

Test(feed_spec, names_and_addresses_are_there_once)
{
	expect_spec("pitch@A=239.1.1.1:1,B=239.1.1.2:1@eth1,name=x",
	            "x pitch A=239.1.1.1:1 B=239.1.1.2:1@eth1");
	expect_twice("pillar@239.1.1.9:1,name=x", "'x'", "another");
	expect_twice("pillar@239.1.1.1:1,name=y", "'x'", "'y'");
	expect_twice("pillar@239.1.1.2:1@eth1,name=y", "'x'", "239.1.1.2:1@eth1");
	expect_twice("pillar@A=239.1.1.3:1,B=239.1.1.3:1,name=y", "side A", "side B");
	expect_spec("pillar@239.1.1.2:1@eth2,name=y", "y pillar A=239.1.1.2:1@eth2");
	expect_spec("pillar@239.1.1.1:2,name=z", "z pillar A=239.1.1.1:2");
}

Test(feed_spec, a_file_has_a_channel_a_line)
{
	cr_assert(eq(int,
	             add_text("\xef\xbb\xbf# channels\r\n"
	                      "\r\n"
	                      "  itch\tmoldudp64  A=239.1.1.1:1 B=239.1.1.2:1 # a pair\r\n"
	                      "#off moldudp64 A=239.1.1.9:1\n"
	                      "snap#1 custom:offset=0,width=4 A=239.1.1.3:1 kind=loop"),
	             0),
	          "%s", err.text);
	cr_assert(eq(sz, channels.count, 2));
	expect_line(0, "itch moldudp64 A=239.1.1.1:1 B=239.1.1.2:1");
	expect_line(1, "snap#1 custom:offset=0,width=4 A=239.1.1.3:1 kind=loop");
	cr_expect(eq(u32, channels.list[0].line, 3));
	cr_expect(eq(u32, channels.list[1].line, 5));
}

Test(feed_spec, errors_of_a_file_have_line_and_word)
{
	expect_refused_text("a pitch A=239.1.1.1:1\nb pitch B=239.1.1\n", "feeds.txt:2: '239.1.1'");
	expect_refused_text("a custom:offset=0,width=4 A=239.1.1.1:1\n\nb\n", "feeds.txt:3: 'b'");
	expect_refused_text("a pitch 239.1.1.1:1\n", "feeds.txt:1: '239.1.1.1:1' is none of A=");
	expect_refused_text("a pitch A=239.1.1.1:1 name=b\n", "'name=b'");
	expect_refused_text("a none A=239.1.1.1:1\n", "feeds.txt:1: there is no preset 'none'");
	expect_refused_text("# nothing\n\n", "feeds.txt: there is no channel");
	expect_refused_text("", "no channel");
	expect_refused_text("a pitch A=239.1.1.1:1 b c d e f g h i j k l m n o p q\n",
	                    "more words");
	expect_refused_text("a pitch A=239.1.1.1:1\rb pitch A=239.1.1.2:1\n", "control character");
}

Test(feed_spec, a_name_that_is_twice_in_a_file_names_the_other_line)
{
	cr_expect(eq(int, add_text("a pitch A=239.1.1.1:1\n\na pitch A=239.1.1.2:1\n"), -EEXIST));
	cr_expect(strstr(err.text, "feeds.txt:3: ") && strstr(err.text, "(line 1)"), "%s",
	          err.text);
	cr_expect(eq(sz, channels.count, 0));
	cr_expect(eq(int, add_text("a pitch A=239.1.1.1:1\nb pitch A=239.1.1.1:1\n"), -EEXIST));
	cr_expect(strstr(err.text, "feeds.txt:2: ") && strstr(err.text, "'a' (line 1)"), "%s",
	          err.text);
	cr_expect(eq(int, add_text("a pitch A=239.1.1.1:1\n"), 0));
}

Test(feed_spec, long_lines_and_nul_bytes_are_errors)
{
	char text[2 * WT_FEED_LINE_BYTES] = "a pitch A=239.1.1.1:1";

	memset(text + strlen(text), ' ', WT_FEED_LINE_BYTES);
	cr_expect(eq(int, add_text(text), -EINVAL));
	cr_expect(strstr(err.text, "feeds.txt:1: the line is longer") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_feed_channels_add_text(&channels, "f", "a\0b", 3, &err), -EINVAL));
	cr_expect(strstr(err.text, "f:1: there is a NUL byte") != NULL, "%s", err.text);
}

Test(feed_spec, a_file_that_is_not_there_says_so)
{
	cr_expect(eq(int, wt_feed_channels_add_file(&channels, "/nowhere/feeds", &err), -ENOENT));
	cr_expect(strstr(err.text, "/nowhere/feeds") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_feed_channels_add_file(&channels, "/", &err), -EISDIR));
}

static void random_address(struct wt_feed_address *address, unsigned number)
{
	address->used = true;
	address->is_ipv6 = rand() % 3 == 0;
	for (int i = 0; i < (address->is_ipv6 ? 16 : 4); i++)
		address->ip[i] = rand() % 4 ? (uint8_t)rand() : 0;
	address->ip[0] = 1;
	address->port = (uint16_t)(1 + number % 65535);
	if (rand() % 2)
		snprintf(address->interface, sizeof(address->interface), "if%d", rand() % 3);
}

static void random_channel(struct wt_feed_channel *channel, unsigned number)
{
	*channel = (struct wt_feed_channel){.preset = wt_presets[number % wt_preset_count]};
	snprintf(channel->name, sizeof(channel->name), "%c~%u", "aA@,=[%"[rand() % 7], number);
	channel->kind = (enum wt_feed_kind)(rand() % 3);
	random_address(&channel->sides[WT_FEED_A], 3 * number);
	if (channel->kind == WT_FEED_LIVE && rand() % 2)
		random_address(&channel->sides[WT_FEED_B], 3 * number + 1);
	if (channel->kind == WT_FEED_LIVE && rand() % 2)
		random_address(&channel->sides[WT_FEED_R], 3 * number + 2);
}

Test(feed_spec, what_is_written_is_read_again)
{
	char line[WT_FEED_LINE_BYTES];
	struct wt_feed_channel there;

	for (unsigned i = 0; i < 2000; i++) {
		const struct wt_feed_channel *back;
		int length;

		random_channel(&there, i);
		length = wt_feed_channel_text(&there, line, sizeof(line));
		cr_assert(eq(int,
		             wt_feed_channels_add_text(&channels, "f", line, (size_t)length, &err),
		             0),
		          "%s: %s", line, err.text);
		back = &channels.list[channels.count - 1];
		cr_expect(strcmp(back->name, there.name) == 0, "%s", back->name);
		cr_expect(eq(int, (int)back->kind, (int)there.kind));
		cr_expect(back->preset == there.preset);
		cr_expect(memcmp(back->sides, there.sides, sizeof(there.sides)) == 0, "%s", line);
		expect_line(channels.count - 1, line);
	}
}

Test(feed_spec, text_is_cut_as_snprintf_does)
{
	char line[8] = "xxxxxxx";

	cr_assert(eq(int, add_text("a pitch A=239.1.1.1:1 kind=loop"), 0));
	cr_expect(eq(int, wt_feed_channel_text(&channels.list[0], line, sizeof(line)), 31));
	cr_expect(strcmp(line, "a pitch") == 0, "%s", line);
	cr_expect(eq(int, wt_feed_channel_text(&channels.list[0], NULL, 0), 31));
}

static char *many_lines(unsigned count)
{
	char *text = malloc((size_t)count * 64), *to = text;

	for (unsigned i = 0; i < count; i++)
		to += sprintf(to, "channel-%u moldudp64 A=239.1.%u.%u:5000 B=239.2.%u.%u:5000\n", i,
		              i >> 8, i & 255, i >> 8, i & 255);
	return text;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

Test(feed_spec, thousands_of_channels_and_no_more_than_the_most)
{
	char *text = many_lines(WT_FEED_CHANNELS_MAX);
	double took = milliseconds();

	cr_assert(eq(int, add_text(text), 0), "%s", err.text);
	took = milliseconds() - took;
	free(text);
	printf("%d channels in %.1f ms\n", WT_FEED_CHANNELS_MAX, took);
	/* With a comparison of all with all it takes seconds. */
	cr_expect(took < 1000, "%.0f ms", took);
	cr_expect(eq(sz, channels.count, WT_FEED_CHANNELS_MAX));
	expect_refused("pitch@10.0.0.1:1", "more than 16384");
	expect_line(16383, "channel-16383 moldudp64 A=239.1.63.255:5000 B=239.2.63.255:5000");
}
