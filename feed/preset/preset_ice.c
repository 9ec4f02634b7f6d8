/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* ICE iMpact: the row suffices. */

static int read_impact(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                       size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)preset;
	(void)used;
	return wt_row_read(&wt_preset_impact, payload, bytes, wire_bytes, headers);
}

static struct wt_feed_proof prove_impact(const struct wt_preset *preset, const uint8_t *payload,
                                         size_t bytes, size_t wire_bytes)
{
	struct wt_feed_proof proof = wt_row_prove(preset, payload, bytes, wire_bytes);

	if (!proof.score || !wt_row_sent_holds(preset, payload))
		return (struct wt_feed_proof){0, NULL};
	if (proof.score == 60)
		return (struct wt_feed_proof){80, "send time, messages' lengths"};
	return (struct wt_feed_proof){proof.score == 10 && bytes == wire_bytes ? 10 : 40,
	                              "send time"};
}

const struct wt_preset wt_preset_impact = {
        .name = "impact",
        .title = "ICE iMpact: ICE Futures, Endex",
        .source = "the field list of ICE iMpact Multicast Feed 1.1.51 that Open Markets Initiative "
                  "publishes",
        .doubt =
                "The specification itself was not read. That numbers count messages and heartbeats "
                "have the next one was seen in captured packets. How often these are sent, and "
                "what "
                "a session is, is not known.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .number_bits = 32,
        .begins_at = UINT64_MAX,
        .header_bytes = 16,
        .number = {2, 4},
        .count = {6, 2},
        .session = {0, 2},
        .sent = {8, 8},
        .sent_unit_ns = 1000000,
        .message_bytes = 3, /* type and length */
        .message_length_at = 1,
        .message_length_bytes = 2,
        .read = read_impact,
        .prove = prove_impact,
};
