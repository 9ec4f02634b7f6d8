/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

#include <stdio.h>

#include <wiretape/base/quantity.h>
#include <wiretape/base/spec.h>

/* Presets that a user writes down as text. */

enum {
	PAYLOAD_MOST = 65507, /* of a UDP datagram over IPv4 */
	KEY_MOST = 16,
};

/* The settings, before they are put together. */
struct custom {
	struct wt_preset preset;
	bool has_offset, has_unit;
};

/* OFFSET or OFFSET:WIDTH; without a default (0) the width must be there. */
static bool take_field(const char *value, unsigned width_default, unsigned width_most,
                       struct wt_feed_field *field)
{
	size_t length = strcspn(value, ":");
	uint64_t at, width = width_default;
	char offset[8];

	if (length >= sizeof(offset))
		return false;
	memcpy(offset, value, length);
	offset[length] = '\0';
	if (wt_parse_number(offset, 0, PAYLOAD_MOST, &at, NULL) ||
	    (value[length] && wt_parse_number(value + length + 1, 1, width_most, &width, NULL)) ||
	    !width)
		return false;
	*field = (struct wt_feed_field){(uint16_t)at, (uint8_t)width};
	return true;
}

static bool take_offset(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;

	custom->has_offset = true;
	return wt_spec_u16(key, &custom->preset.number.offset, value);
}

static bool take_width(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;
	uint64_t width;

	(void)key;
	if (wt_parse_number(value, 1, WT_FIELD_WORD, &width, NULL))
		return false;
	custom->preset.number.bytes = (uint8_t)width;
	return true;
}

static bool take_endian(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;
	bool little = !strcmp(value, "little");

	(void)key;
	custom->preset.order = little ? WT_FEED_LITTLE_ENDIAN : WT_FEED_BIG_ENDIAN;
	return little || !strcmp(value, "big");
}

static bool take_count(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;

	(void)key;
	return take_field(value, 2, 4, &custom->preset.count);
}

static bool take_key(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;

	(void)key;
	return take_field(value, 0, KEY_MOST, &custom->preset.channel);
}

static bool take_unit(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;

	(void)key;
	custom->has_unit = true;
	for (int unit = WT_FEED_MESSAGES; unit <= WT_FEED_BYTES; unit++) {
		custom->preset.unit = (enum wt_feed_unit)unit;
		if (!strcmp(value, wt_feed_unit_name(custom->preset.unit)))
			return true;
	}
	return false;
}

static const char *const heartbeats[] = {
        [WT_FEED_HEARTBEAT_NONE] = "none",
        [WT_FEED_HEARTBEAT_NEXT] = "next",
        [WT_FEED_HEARTBEAT_LAST] = "last",
};

static bool take_heartbeat(const struct wt_spec_key *key, void *target, const char *value)
{
	struct custom *custom = target;

	(void)key;
	for (int i = WT_FEED_HEARTBEAT_NONE; i <= WT_FEED_HEARTBEAT_LAST; i++) {
		custom->preset.heartbeat = (enum wt_feed_heartbeat)i;
		if (!strcmp(value, heartbeats[i]))
			return true;
	}
	return false;
}

static const struct wt_spec_key keys[] = {
        {"offset", "N", "where the number is, in bytes of the UDP payload", take_offset, 0, 0,
         PAYLOAD_MOST},
        {"width", "N", "1 to 8, the bytes of the number", take_width, 0, 0, 0},
        {"endian", "big|little", "big or little", take_endian, 0, 0, 0},
        {"count", "OFFSET[:WIDTH]", "OFFSET or OFFSET:WIDTH, of 1 to 4 bytes", take_count, 0, 0, 0},
        {"unit", "UNIT", "messages, packets or bytes", take_unit, 0, 0, 0},
        {"key", "OFFSET:WIDTH", "OFFSET:WIDTH, of 1 to 16 bytes", take_key, 0, 0, 0},
        {"heartbeat", "next|last|none", "next, last or none", take_heartbeat, 0, 0, 0},
};

static const struct wt_spec_form form = {
        .noun = "custom",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
        .is_strict = true,
};

static unsigned end_of(struct wt_feed_field field)
{
	return field.offset + (unsigned)field.bytes;
}

static bool overlap(struct wt_feed_field a, struct wt_feed_field b)
{
	return a.bytes && b.bytes && a.offset < end_of(b) && b.offset < end_of(a);
}

/* Join the settings. */
static int complete(struct custom *custom, struct wt_error *err)
{
	struct wt_preset *preset = &custom->preset;
	unsigned end = end_of(preset->number);

	if (!custom->has_offset || !preset->number.bytes)
		return wt_error_set(err, -EINVAL,
		                    "custom: offset= and width= of the number are needed");
	if (preset->heartbeat != WT_FEED_HEARTBEAT_NONE && !preset->count.bytes)
		return wt_error_set(err, -EINVAL,
		                    "custom: heartbeat= needs count=: heartbeats are packets whose "
		                    "count is 0");
	if (overlap(preset->number, preset->count) || overlap(preset->number, preset->channel) ||
	    overlap(preset->count, preset->channel))
		return wt_error_set(err, -EINVAL,
		                    "custom: the number, count= and key= must not overlap");
	if (!custom->has_unit)
		preset->unit = preset->count.bytes ? WT_FEED_MESSAGES : WT_FEED_PACKETS;
	if (end_of(preset->count) > end)
		end = end_of(preset->count);
	if (end_of(preset->channel) > end)
		end = end_of(preset->channel);
	if (end > PAYLOAD_MOST)
		return wt_error_set(err, -EINVAL, "custom: a field ends at %u, a UDP payload at %u",
		                    end, (unsigned)PAYLOAD_MOST);
	preset->header_bytes = (uint16_t)end;
	preset->number_bits = (uint8_t)(8 * preset->number.bytes);
	return 0;
}

int wt_preset_custom(struct wt_preset *preset, const char *text, struct wt_error *err)
{
	struct custom custom = {
	        .preset = {.name = "custom",
	                   .title = "custom: a number at an offset",
	                   .source = "as given",
	                   .order = WT_FEED_BIG_ENDIAN,
	                   .begins_at = UINT64_MAX},
	};
	int rc = wt_spec_parse(&form, text, &custom, err);

	if (!rc)
		rc = complete(&custom, err);
	if (!rc)
		*preset = custom.preset;
	return rc;
}

int wt_preset_text(const struct wt_preset *preset, char *out, size_t capacity)
{
	char count[32] = "", key[32] = "";

	if (strcmp(preset->name, "custom") != 0)
		return snprintf(out, capacity, "%s", preset->name);
	if (preset->count.bytes)
		snprintf(count, sizeof(count), ",count=%u:%u", preset->count.offset,
		         preset->count.bytes);
	if (preset->channel.bytes)
		snprintf(key, sizeof(key), ",key=%u:%u", preset->channel.offset,
		         preset->channel.bytes);
	return snprintf(out, capacity, "custom:offset=%u,width=%u,endian=%s%s,unit=%s%s%s%s",
	                preset->number.offset, preset->number.bytes,
	                preset->order == WT_FEED_BIG_ENDIAN ? "big" : "little", count,
	                wt_feed_unit_name(preset->unit), key, count[0] ? ",heartbeat=" : "",
	                count[0] ? heartbeats[preset->heartbeat] : "");
}
