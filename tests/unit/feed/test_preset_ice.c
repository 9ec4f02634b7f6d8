/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define IMPACT wt_preset_find("impact")

/* ICE iMpact Multicast Feed 1.1.51: session (2), number (4), messages (2), milliseconds (8),
 * big-endian; messages: type (1), length of what follows (2). Four packets in a row, captured: a
 * heartbeat, four messages, a heartbeat (shortened here to two messages of four). */
#define SESSION "050b"
#define BUNDLE  "54 0001 53"
#define DELETE  "46 0018 001957db000000000051daeb000001655bed43b80004b322"

Test(preset_ice, data)
{
	struct wt_feed_header header = {.session = 0x50b, .first = 0x3de84, .count = 2};

	preset_case_hex_check(IMPACT, "data",
	                      SESSION "0003de84 0002 000001655bed43b8" BUNDLE DELETE, &header, 80);
}

Test(preset_ice, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {
	        .session = 0x50b, .first = 0x3de84, .what = WT_FEED_HEARTBEAT, .has_number = true};

	preset_case_hex_check(IMPACT, "before four messages",
	                      SESSION "0003de84 0000 000001655bed428e", &header, 40);
	header.first = 0x3de88;
	preset_case_hex_check(IMPACT, "after them", SESSION "0003de88 0000 000001655bed47a0",
	                      &header, 40);
	header.session = UINT64_MAX;
	preset_case_hex_check(IMPACT, "session 0", "0000 0003de88 0000 000001655bed47a0", &header,
	                      40);
}

Test(preset_ice, messages_that_do_not_fit_are_no_packet)
{
	struct wt_feed_header header = {.session = 0x50b, .first = 0x3de84, .count = 1};

	preset_case_hex_check(IMPACT, "two", SESSION "0003de84 0002 000001655bed43b8" BUNDLE, NULL,
	                      0);
	preset_case_hex_check(IMPACT, "padding",
	                      SESSION "0003de84 0001 000001655bed43b8" BUNDLE "00", &header, 10);
	preset_case_hex_check(IMPACT, "no time", SESSION "0003de84 0001 0000000055bed43b" BUNDLE,
	                      &header, 0);
}

Test(preset_ice, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.session = 0x50b, .first = 0x3de84, .count = 2};
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               SESSION "0003de84 0002 000001655bed43b8 000000 00 0001 03");

	preset_case_written(IMPACT, &header, 7, INT64_C(0x1655bed43b8) * 1000000, wanted, bytes);
	header.session = 0x10000;
	preset_case_refused(IMPACT, &header);
}
