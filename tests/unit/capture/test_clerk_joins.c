/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/clerk_joins.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/capture/join/join.h>
#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/feed/spec/feed_spec.h>

#include "support/unit.h"

/* Groups that are joined on the loopback interface, by what the kernel says of it. */
static struct wt_recorder_state state;
static struct wt_recorder_interface report;
static struct wt_reader reader;
static struct wt_link loopback = {.name = "lo", .index = 1, .flags = IFF_UP | IFF_MULTICAST};
static struct wt_recorded recorded = {.reader = &reader, .report = &report};
static struct wt_feed_channels feeds;
static struct wt_join_group group;
static struct wt_clerk_join joined;
static struct wt_error err;
static int link_error;

static int read_link(const struct wt_reader *of, struct wt_link *link)
{
	(void)of;
	*link = loopback;
	return link_error;
}

static void set_up(void)
{
	static const struct wt_reader_ops ops = {.link = read_link};

	reader.ops = &ops;
	reader.info = (struct wt_reader_info){
	        .name = "lo", .kind = WT_READER_V3, .link = &loopback, .link_type = 1};
	report.reader = &reader.info;
	state.config.feeds = &feeds;
	state.config.joins_feeds = true;
	state.now_ns = 1000;
}

static void tear_down(void)
{
	wt_clerk_join_close(&joined);
	wt_feed_channels_free(&feeds);
}

TestSuite(clerk_joins, .init = set_up, .fini = tear_down);

static void follow(const char *feed)
{
	cr_assert(zero(int, wt_feed_channels_add(&feeds, feed, &err)), "%s", err.text);
}

static void open_joins(void)
{
	int rc = wt_clerk_join_open(&joined, &state, &recorded, &err);

	if (rc == -EPERM)
		cr_skip_test("only for those who may open packet sockets");
	cr_assert(zero(int, rc), "%s", err.text);
}

/* How many members there are of this group on the interface: 239.77.1.NUMBER. Tests run at the same
 * time: each has groups of its own. */
static unsigned members(unsigned number)
{
	FILE *igmp = fopen("/proc/net/igmp", "re");
	char line[256], hex[16];
	unsigned count = 0, device = 0, users;

	cr_assert(igmp != NULL);
	snprintf(hex, sizeof(hex), "%02X014DEF", number);
	while (fgets(line, sizeof(line), igmp)) {
		if (line[0] != '\t')
			sscanf(line, "%u", &device);
		else if (device == 1 && strstr(line, hex) &&
		         sscanf(strstr(line, hex) + 8, "%u", &users) == 1)
			count += users;
	}
	fclose(igmp);
	return count;
}

Test(clerk_joins, without_groups_there_is_nothing_to_do)
{
	open_joins();
	cr_expect(joined.join == NULL);
	cr_expect(eq(i64, wt_clerk_join_keep(&joined, &state, &recorded, false), INT64_MAX));
}

Test(clerk_joins, groups_of_feeds_are_joined_once)
{
	follow("moldudp64@239.77.1.1:5000,name=x");
	follow("moldudp64@239.77.1.1:5001,name=y");
	follow("moldudp64@239.77.1.2:5000,name=z");
	open_joins();
	cr_expect(eq(uint, members(1), 1));
	cr_expect(eq(uint, members(2), 1));
	wt_clerk_join_close(&joined);
	cr_expect(zero(uint, members(1)));
	cr_expect(joined.join == NULL);
}

Test(clerk_joins, both_sides_of_a_feed_are_joined)
{
	follow("moldudp64@A=239.77.1.3:5000@lo,B=239.77.1.4:5000,name=x");
	open_joins();
	cr_expect(eq(uint, members(3), 1));
	cr_expect(eq(uint, members(4), 1));
}

Test(clerk_joins, sides_on_other_interfaces_are_not)
{
	follow("moldudp64@A=239.77.1.7:5000@eth0,B=239.77.1.11:5000@lo,name=x");
	open_joins();
	cr_expect(zero(uint, members(7)));
	cr_expect(eq(uint, members(11), 1));
}

Test(clerk_joins, groups_that_were_asked_for_come_first)
{
	follow("moldudp64@239.77.1.5:5000,name=x");
	cr_assert(zero(int, wt_join_parse(&group, "239.77.1.5", &err)));
	state.config.joins = &group;
	state.config.join_count = 1;
	open_joins();
	cr_expect(eq(uint, members(5), 1));
	wt_clerk_join_close(&joined);
	cr_assert(zero(int, wt_join_parse(&group, "239.77.1.6", &err)));
	state.config.joins_feeds = false;
	open_joins();
	cr_expect(zero(uint, members(5)));
	cr_expect(eq(uint, members(6), 1));
}

static void expect_none(void)
{
	open_joins();
	cr_expect(joined.join == NULL);
	cr_expect(zero(uint, members(7)));
}

Test(clerk_joins, feeds_are_not_joined_unless_that_is_wanted)
{
	follow("moldudp64@239.77.1.7:5000,name=x");
	state.config.joins_feeds = false;
	expect_none();
}

Test(clerk_joins, udp_socket_has_joined_its_own)
{
	follow("moldudp64@239.77.1.7:5000,name=x");
	reader.info.kind = WT_READER_UDP;
	expect_none();
}

Test(clerk_joins, simulated_interface_needs_no_joining_and_cannot_join)
{
	follow("moldudp64@239.77.1.7:5000,name=x");
	reader.info.link = NULL;
	expect_none();
	cr_assert(zero(int, wt_join_parse(&group, "239.77.1.7", &err)));
	state.config.joins = &group;
	state.config.join_count = 1;
	cr_expect(eq(int, wt_clerk_join_open(&joined, &state, &recorded, &err), -EOPNOTSUPP));
	cr_expect(strstr(err.text, "cannot join 239.77.1.7 on lo") != NULL, "%s", err.text);
}

Test(clerk_joins, single_address_is_no_group)
{
	follow("moldudp64@10.1.2.3:5000,name=x");
	expect_none();
}

Test(clerk_joins, news_are_looked_for_and_not_while_nothing_can_come)
{
	follow("moldudp64@239.77.1.8:5000,name=x");
	open_joins();
	cr_expect(gt(i64, wt_clerk_join_keep(&joined, &state, &recorded, false), state.now_ns));
	cr_expect(eq(i64, wt_clerk_join_keep(&joined, &state, &recorded, true),
	             state.now_ns + 1000000000));
	report.gone = true;
	cr_expect(eq(i64, wt_clerk_join_keep(&joined, &state, &recorded, false),
	             state.now_ns + 1000000000));
}

static char said[400];

static void on_event(void *context, const char *text)
{
	(void)context;
	snprintf(said, sizeof(said), "%s", text);
}

Test(clerk_joins, what_is_lost_is_joined_again_once_the_interface_is_up)
{
	follow("moldudp64@239.77.1.9:5000,name=x");
	open_joins();
	state.config.on_event = on_event;
	joined.lost = report.gone = true;
	wt_clerk_join_keep(&joined, &state, &recorded, false);
	cr_expect(joined.lost);
	report.gone = false;
	link_error = -ENODEV;
	wt_clerk_join_keep(&joined, &state, &recorded, false);
	cr_expect(joined.lost);
	link_error = 0;
	loopback.flags = IFF_MULTICAST;
	wt_clerk_join_keep(&joined, &state, &recorded, false);
	cr_expect(joined.lost);
	cr_expect(zero(int, (int)strlen(said)));
	loopback.flags = IFF_UP | IFF_MULTICAST;
	wt_clerk_join_keep(&joined, &state, &recorded, false);
	cr_expect(eq(int, joined.lost, false));
	cr_expect(zero(int, strcmp(said, "joined the groups on lo again")), "%s", said);
	cr_expect(eq(uint, members(9), 1));
}

static unsigned silences;

static void count_silences(void *context, const char *text)
{
	(void)context;
	silences += strstr(text, "nothing has arrived for it for 5 s") != NULL;
}

static void pass(unsigned seconds, bool is_down)
{
	while (seconds--) {
		state.now_ns += 1000000000;
		wt_clerk_join_keep(&joined, &state, &recorded, is_down);
	}
}

Test(clerk_joins, silence_is_told_and_not_while_the_interface_is_down)
{
	follow("moldudp64@239.77.1.10:5000,name=x");
	open_joins();
	state.config.on_event = count_silences;
	pass(20, true);
	cr_expect(zero(uint, silences));
	pass(4, false);
	cr_expect(zero(uint, silences));
	pass(10, false);
	cr_expect(eq(uint, silences, 1));
	cr_expect(eq(sz, state.degraded_count, 1));
}
