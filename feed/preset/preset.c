/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "preset_private.h"

const struct wt_preset *const wt_presets[] = {
        /* America */
        &wt_preset_moldudp64,
        &wt_preset_iextp,
        &wt_preset_pitch,
        &wt_preset_pillar,
        &wt_preset_mach,
        &wt_preset_memx,
        &wt_preset_aspen,
        &wt_preset_otc,
        &wt_preset_opra,
        &wt_preset_cta,
        &wt_preset_mdp3,
        &wt_preset_impact,
        &wt_preset_coinbase,
        &wt_preset_b3,
        /* Europe */
        &wt_preset_mitch,
        &wt_preset_eobi,
        &wt_preset_optiq,
        &wt_preset_aquis,
        /* Asia */
        &wt_preset_flex,
        &wt_preset_omd,
        /* anywhere */
        &wt_preset_rtp,
};
const size_t wt_preset_count = sizeof(wt_presets) / sizeof(wt_presets[0]);

const struct wt_preset *wt_preset_find(const char *name)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		if (!strcmp(wt_presets[i]->name, name))
			return wt_presets[i];
	return NULL;
}

const char *wt_feed_unit_name(enum wt_feed_unit unit)
{
	static const char *const names[] = {
	        [WT_FEED_MESSAGES] = "messages",
	        [WT_FEED_PACKETS] = "packets",
	        [WT_FEED_BYTES] = "bytes",
	};

	return names[unit];
}

/* Make a word readable at any offset within the header: the shortest payloads are copied. */
static const uint8_t *readable(const uint8_t *payload, size_t bytes, uint8_t word[WT_FIELD_WORD])
{
	if (bytes >= WT_FIELD_WORD)
		return payload;
	memset(word, 0, WT_FIELD_WORD);
	if (bytes)
		memcpy(word, payload, bytes);
	return word;
}

/* Rare cases are kept out of wt_preset_read(), so that it needs no stack of its own. */
static int __attribute__((noinline))
read_short(const struct wt_preset *preset, const uint8_t *payload, size_t bytes, size_t wire_bytes,
           struct wt_feed_header *headers, size_t *used)
{
	uint8_t word[WT_FIELD_WORD];

	payload = readable(payload, bytes, word);
	if (preset->read)
		return preset->read(preset, payload, bytes, wire_bytes, headers, used);
	return wt_row_read(preset, payload, bytes, wire_bytes, headers);
}

static int __attribute__((noinline))
read_row(const struct wt_preset *preset, const uint8_t *payload, size_t bytes, size_t wire_bytes,
         struct wt_feed_header *headers)
{
	return wt_row_read(preset, payload, bytes, wire_bytes, headers);
}

int wt_preset_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                   size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	*used = bytes;
	if (bytes < WT_FIELD_WORD)
		return read_short(preset, payload, bytes, wire_bytes, headers, used);
	if (preset->read)
		return preset->read(preset, payload, bytes, wire_bytes, headers, used);
	return read_row(preset, payload, bytes, wire_bytes, headers);
}

int wt_preset_write(const struct wt_preset *preset, uint8_t *payload, size_t room,
                    const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	if (preset->write)
		return preset->write(preset, payload, room, header, body_bytes, sent_ns);
	return wt_row_write(preset, payload, room, header, body_bytes, sent_ns);
}

void wt_preset_describe(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                        char *channel, char *session)
{
	uint8_t word[WT_FIELD_WORD];

	channel[0] = session[0] = '\0';
	if (bytes < preset->header_bytes)
		return;
	payload = readable(payload, bytes, word);
	if (preset->describe)
		preset->describe(preset, payload, bytes, channel, session);
	else
		wt_row_describe(preset, payload, channel, session);
}

struct wt_feed_proof wt_preset_prove(const struct wt_preset *preset, const uint8_t *payload,
                                     size_t bytes, size_t wire_bytes)
{
	uint8_t word[WT_FIELD_WORD];

	payload = readable(payload, bytes, word);
	if (preset->prove)
		return preset->prove(preset, payload, bytes, wire_bytes);
	return wt_row_prove(preset, payload, bytes, wire_bytes);
}
