/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/options.h>

#include <inttypes.h>

/* The presets, for people. */

static const char *heartbeat_words(const struct wt_preset *preset)
{
	switch (preset->heartbeat) {
	case WT_FEED_HEARTBEAT_NEXT:
		return "heartbeats have the number that comes next";
	case WT_FEED_HEARTBEAT_LAST:
		return "heartbeats have the number that came last";
	default:
		return "heartbeats have no number";
	}
}

static void print_wrapped(const char *front, const char *text)
{
	wt_print_wrapped(text, printf("    %s", front), 4);
}

static void print_preset(const struct wt_preset *preset)
{
	printf("%s\n", preset->name);
	print_wrapped("", preset->title);
	printf("    numbers count %s, %u bits; %s", wt_feed_unit_name(preset->unit),
	       preset->number_bits, heartbeat_words(preset));
	if (preset->heartbeat_ms)
		printf(", every %" PRIu32 " ms at least", preset->heartbeat_ms);
	putchar('\n');
	print_wrapped("from: ", preset->source);
	if (preset->doubt)
		print_wrapped("not sure: ", preset->doubt);
}

void wt_feeds_list(void)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		print_preset(wt_presets[i]);
	printf("custom:offset=N,width=N[,endian=big|little][,count=OFFSET[:WIDTH]]\n"
	       "       [,unit=messages|packets|bytes][,key=OFFSET:WIDTH][,heartbeat=next|"
	       "last|none]\n"
	       "    what else has a number at the same place in each packet\n");
}
