/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include <wiretape/capture/join/join.h>

#include "support/unit.h"

static struct wt_join_group group;
static struct wt_join *joined;
static struct wt_error err;

static void expect_parsed(const char *text, int family, const char *canonical)
{
	cr_expect(eq(int, wt_join_parse(&group, text, &err), 0), "'%s': %s", text, err.text);
	cr_expect(eq(int, group.family, family), "'%s'", text);
	cr_expect_str_eq(group.text, canonical);
}

Test(join, a_group_is_an_address_of_either_version)
{
	expect_parsed("239.1.2.3", AF_INET, "239.1.2.3");
	cr_expect(eq(int, group.has_source, false));
	cr_expect(eq(int, memcmp(group.group, "\xef\x01\x02\x03", 4), 0));
	expect_parsed("224.0.0.0", AF_INET, "224.0.0.0");
	expect_parsed("239.255.255.255", AF_INET, "239.255.255.255");
	expect_parsed("FF3E:0:0::8000:1", AF_INET6, "ff3e::8000:1");
	cr_expect(eq(int, group.group[0], 0xff));
	cr_expect(eq(int, group.group[15], 1));
}

Test(join, a_source_stands_behind_an_at_sign)
{
	expect_parsed("232.1.1.1@192.0.2.7", AF_INET, "232.1.1.1@192.0.2.7");
	cr_expect(group.has_source);
	cr_expect(eq(int, memcmp(group.source, "\xc0\x00\x02\x07", 4), 0));
	expect_parsed("ff3e::1@2001:DB8::0:1", AF_INET6, "ff3e::1@2001:db8::1");
	cr_expect(eq(int, group.source[0], 0x20));
}

Test(join, the_longest_text_has_room)
{
	expect_parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@"
	              "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	              AF_INET6,
	              "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@"
	              "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

Test(join, what_is_wrong_is_named)
{
	static const char long_text[] =
	        "239.1.1.1@1111111111111111111111111111111111111111111111111111111111111111111111"
	        "1111111111111111";
	static const struct {
		const char *text;
		const char *reason;
	} bad[] = {
	        {"", "group '' is not an IPv4 or IPv6 address"},
	        {"@192.0.2.1", "group ''"},
	        {"239.1.1", "group '239.1.1' is not"},
	        {"239.1.1.1:5000", "group '239.1.1.1:5000' is not"},
	        {" 239.1.1.1", "is not an IPv4"},
	        {"feed.example", "group 'feed.example' is not"},
	        {"192.0.2.1", "'192.0.2.1' is not a multicast group; those are"},
	        {"240.0.0.0", "is not a multicast group"},
	        {"223.255.255.255", "is not a multicast group"},
	        {"2001:db8::1", "is not a multicast group"},
	        {"ff02::1%eth0", "interface is that of -i"},
	        {"239.1.1.1@", "source '' is not"},
	        {"239.1.1.1@host", "source 'host' is not"},
	        {"239.1.1.1@192.0.2.1@192.0.2.2", "source '192.0.2.1@192.0.2.2' is not"},
	        {"239.1.1.1@2001:db8::1", "not of the same IP version"},
	        {"ff3e::1@192.0.2.1", "not of the same IP version"},
	        {"239.1.1.1@239.1.1.2", "is not the address of a sender"},
	        {"239.1.1.1@0.0.0.0", "is not the address of a sender"},
	        {"239.1.1.1@255.255.255.255", "is not the address of a sender"},
	        {"ff3e::1@::", "is not the address of a sender"},
	        {long_text, "is too long"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect(eq(int, wt_join_parse(&group, bad[i].text, &err), -EINVAL), "'%s'",
		          bad[i].text);
		cr_expect_not_null(strstr(err.text, bad[i].reason), "'%s': %s", bad[i].text,
		                   err.text);
	}
}

static int open_on(const char *text, unsigned flags)
{
	struct wt_link link = {.name = "none0", .index = 1 << 30, .flags = flags};

	wt_join_parse(&group, text, NULL);
	return wt_join_open(&joined, &group, 1, &link, &err);
}

Test(join, an_interface_that_is_down_is_refused)
{
	cr_expect(eq(int, open_on("239.1.1.1", IFF_MULTICAST), -ENETDOWN));
	cr_expect_not_null(strstr(err.text, "239.1.1.1 on none0: the interface is down"), "%s",
	                   err.text);
}

Test(join, an_interface_without_multicast_is_refused)
{
	cr_expect(eq(int, open_on("239.1.1.1", IFF_UP), -EOPNOTSUPP));
	cr_expect_not_null(strstr(err.text, "no MULTICAST flag"), "%s", err.text);
}

Test(join, an_interface_that_the_kernel_does_not_know_is_refused)
{
	cr_expect(eq(int, open_on("239.1.1.1", IFF_UP | IFF_MULTICAST), -ENODEV));
	cr_expect_not_null(strstr(err.text, "cannot join 239.1.1.1 on none0"), "%s", err.text);
}

Test(join, no_group_is_nothing_to_join)
{
	struct wt_link link = {.flags = IFF_UP | IFF_MULTICAST};

	cr_expect(eq(int, wt_join_open(&joined, &group, 0, &link, &err), -EINVAL));
	wt_join_close(NULL);
}
