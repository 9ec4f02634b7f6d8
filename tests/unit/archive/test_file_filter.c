/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/archive/file_filter.h>

#include "support/unit.h"

enum { ETHERNET = 1, RAW = 101, USB = 220, CAN = 227 };

static struct wt_file_filter *filter;
static struct wt_unfiltered unfiltered;
static struct wt_error err;

static void set_up(void)
{
	memset(&unfiltered, 0, sizeof(unfiltered));
}

static void tear_down(void)
{
	wt_file_filter_destroy(filter);
}

TestSuite(file_filter, .init = set_up, .fini = tear_down);

static int passes(uint16_t link_type, const char *bytes, uint32_t length, const char *name)
{
	const struct wt_pcapng_item item = {
	        .kind = WT_ITEM_PACKET,
	        .offset = 4711,
	        .packet.frame.data = (const uint8_t *)bytes,
	        .packet.frame.caplen = length,
	        .packet.frame.len = length,
	        .packet.interface_id = 3,
	        .packet.link_type = link_type,
	};

	return wt_file_filter_passes(filter, &item, name, &unfiltered, &err);
}

static int passes_arp(uint16_t link_type)
{
	return passes(link_type,
	              "\x01\x02\x03\x04\x05\x06\x01\x02\x03\x04\x05\x06\x08\x06 and more than that",
	              32, "eth0");
}

static void create(const char *expression)
{
	cr_assert(eq(int, wt_file_filter_create(&filter, expression, NULL, &err), 0), "%s",
	          err.text);
}

Test(file_filter, has_a_program_for_each_link_type)
{
	static const char raw[] = "\x45\0\0\x14\0\0\0\0\x40\x11\0\0\1\1\1\1\2\2\2\2";

	create("ip");
	cr_expect(eq(int, passes_arp(ETHERNET), 0));
	cr_expect(eq(int, passes(RAW, raw, 20, NULL), 1));
	cr_expect(eq(int, passes_arp(ETHERNET), 0));
	cr_expect(eq(int, passes(RAW, raw, 20, NULL), 1));
	cr_expect(eq(u64, unfiltered.packets, 0));
	cr_expect(eq(int, wt_file_filter_check(filter, &err), 0));
}

Test(file_filter, passes_over_link_types_that_have_none)
{
	create("arp");
	cr_expect(eq(int, passes_arp(CAN), 0));
	cr_expect(eq(int, passes_arp(ETHERNET), 1));
	cr_expect(eq(int, passes_arp(USB), 0));
	cr_expect(eq(int, passes_arp(CAN), 0));
	cr_expect(eq(u64, unfiltered.packets, 3));
	cr_expect(strstr(unfiltered.why.text,
	                 "filter 'arp' on link type CAN_SOCKETCAN (227) of interface 3 (eth0), "
	                 "packet at offset 4711: ") != NULL,
	          "%s", unfiltered.why.text);
	cr_expect(eq(int, wt_file_filter_check(filter, &err), 0));
}

Test(file_filter, that_can_be_used_on_none_is_an_error)
{
	create("arp");
	cr_expect(eq(int, wt_file_filter_check(filter, &err), 0));
	cr_expect(eq(int, passes_arp(CAN), 0));
	cr_expect(eq(int, passes_arp(USB), 0));
	cr_expect(eq(int, wt_file_filter_check(filter, &err), -EINVAL));
	cr_expect(strstr(err.text, "CAN_SOCKETCAN") != NULL, "%s", err.text);
}

Test(file_filter, that_makes_no_sense_is_refused_at_once)
{
	cr_expect(eq(int, wt_file_filter_create(&filter, "nonsense and", NULL, &err), -EINVAL));
	cr_expect(strstr(err.text, "filter 'nonsense and'") == err.text, "%s", err.text);
}

Test(file_filter, that_makes_sense_somewhere_is_not_refused)
{
	create("wlan type mgt subtype beacon");
	cr_expect(eq(int, passes_arp(ETHERNET), 0));
	cr_expect(eq(u64, unfiltered.packets, 1));
}

/* ---- patience ---- */

static bool is_set(void *context)
{
	return *(bool *)context;
}

/* The first compilation, of no use but to see whether it makes sense, is not optimized and takes a
 * moment; the optimizer takes seconds. */
Test(file_filter, its_compiler_is_given_up_when_the_patience_is_over)
{
	static char text[65536];
	static bool over;
	static const struct wt_patience patience = {is_set, &over};
	size_t used = 0;

	for (int i = 0; i < 500; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%shost 198.51.%d.%d",
		                         i ? " or " : "", i / 250, i % 250 + 1);
	cr_assert(eq(int, wt_file_filter_create(&filter, text, &patience, &err), 0), "%s",
	          err.text);
	over = true;
	cr_expect(eq(int, passes_arp(ETHERNET), -EINTR));
	cr_expect(eq(u64, unfiltered.packets, 0));
	wt_file_filter_destroy(filter);
	filter = NULL;
	cr_expect(eq(int, wt_file_filter_create(&filter, text, &patience, &err), -EINTR));
}
