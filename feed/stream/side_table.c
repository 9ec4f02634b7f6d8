/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/side_table_private.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

enum { HEARTBEATS_UNTIL_SILENT = 3, NS_PER_MS = 1000000, CACHE_LINE = 64 };

static uint32_t count_sides(const struct wt_feed_channels *channels)
{
	uint32_t count = 0;

	for (size_t i = 0; i < channels->count; i++)
		for (int side = 0; side < WT_FEED_SIDES; side++)
			count += channels->list[i].sides[side].used;
	return count;
}

/* The entry of a key, or the free one where it belongs. */
static struct wt_side_entry *find_entry(const struct wt_side_table *table, wt_side_key key,
                                        const uint8_t *ip)
{
	uint32_t at = wt_side_hash(key) & table->mask;

	while (table->entries[at].key &&
	       (table->entries[at].key != key ||
	        (!wt_side_key_is_ipv4(key) && memcmp(table->entries[at].ip, ip, 16))))
		at = (at + 1) & table->mask;
	return &table->entries[at];
}

static struct wt_side_entry *entry_of(struct wt_side_table *table,
                                      const struct wt_feed_address *address)
{
	uint16_t port = htobe16(address->port);
	uint8_t bytes[sizeof(port)];
	struct wt_side_entry *entry;
	wt_side_key key;

	memcpy(bytes, &port, sizeof(port));
	key = address->is_ipv6 ? wt_side_key_ipv6(address->ip, bytes)
	                       : wt_side_key_ipv4(address->ip, bytes);
	entry = find_entry(table, key, address->ip);
	if (entry->key)
		return entry;
	*entry = (struct wt_side_entry){.key = key, .any = WT_SIDE_NONE, .named = WT_SIDE_NONE};
	memcpy(entry->ip, address->ip, sizeof(entry->ip));
	return entry;
}

uint32_t wt_side_find_ipv6(const struct wt_side_table *table, const uint8_t *ip,
                           const uint8_t *port, uint32_t interface)
{
	const struct wt_side_entry *entry = find_entry(table, wt_side_key_ipv6(ip, port), ip);

	return entry->key ? wt_side_named(table, entry, interface) : WT_SIDE_NONE;
}

static uint64_t silent_after(const struct wt_feed_channel *channel, int side)
{
	if (channel->kind != WT_FEED_LIVE || side == WT_FEED_R || !channel->preset->heartbeat_ms)
		return UINT64_MAX;
	return (uint64_t)channel->preset->heartbeat_ms * NS_PER_MS * HEARTBEATS_UNTIL_SILENT;
}

static bool has_others(const struct wt_feed_channel *channel)
{
	return channel->sides[WT_FEED_A].used + channel->sides[WT_FEED_B].used +
	               channel->sides[WT_FEED_R].used >
	       1;
}

static void add_side(struct wt_side_table *table, const struct wt_feed_channels *channels,
                     uint32_t number, int side)
{
	const struct wt_feed_channel *channel = &channels->list[number];
	const struct wt_feed_address *address = &channel->sides[side];
	struct wt_side_entry *entry = entry_of(table, address);
	uint32_t at = table->side_count++;

	table->sides[at] = (struct wt_side){
	        .preset = channel->preset,
	        .silent_ns = silent_after(channel, side),
	        .channel = number,
	        .next_named = WT_SIDE_NONE,
	        .side = (uint8_t)side,
	        .kind = channel->kind,
	        .pair = has_others(channel),
	        .names_interface = address->interface[0],
	};
	if (!table->sides[at].names_interface) {
		entry->any = at;
		return;
	}
	table->sides[at].next_named = entry->named;
	entry->named = at;
}

int wt_side_table_init(struct wt_side_table *table, const struct wt_feed_channels *channels)
{
	uint32_t sides = count_sides(channels), places = 16;

	while (places < 4 * sides)
		places *= 2;
	*table = (struct wt_side_table){.mask = places - 1};
	table->entries = aligned_alloc(CACHE_LINE, places * sizeof(*table->entries));
	table->sides = aligned_alloc(CACHE_LINE, (sides / 2 + 1) * CACHE_LINE);
	table->interfaces = calloc(sides + 1, sizeof(*table->interfaces));
	if (!table->entries || !table->sides || !table->interfaces) {
		wt_side_table_fini(table);
		return -ENOMEM;
	}
	memset(table->entries, 0, places * sizeof(*table->entries));
	for (uint32_t i = 0; i < channels->count; i++)
		for (int side = 0; side < WT_FEED_SIDES; side++)
			if (channels->list[i].sides[side].used)
				add_side(table, channels, i, side);
	return 0;
}

void wt_side_table_fini(struct wt_side_table *table)
{
	free(table->entries);
	free(table->sides);
	free(table->interfaces);
	*table = (struct wt_side_table){0};
}

/* Whether it is this interface's name, or that of a UDP socket on it: "239.1.1.1:5000@eth0",
 * perhaps with ",source=…". The kernel has no colon in names of interfaces. */
static bool is_named(const char *name, const char *wanted)
{
	const char *colon = strchr(name, ':'), *at = colon ? strchr(colon, '@') : NULL;
	size_t length;

	if (!strcmp(name, wanted))
		return true;
	if (!at)
		return false;
	length = strcspn(at + 1, ",");
	return length == strlen(wanted) && !memcmp(at + 1, wanted, length);
}

void wt_side_table_interface(struct wt_side_table *table, const struct wt_feed_channels *channels,
                             uint32_t interface, const char *name)
{
	uint64_t bit = UINT64_C(1) << interface % 64;

	for (uint32_t i = 0; i < table->side_count; i++) {
		const struct wt_side *side = &table->sides[i];
		uint64_t *bits = &table->interfaces[i].bits[interface / 64];
		const struct wt_feed_address *address =
		        &channels->list[side->channel].sides[side->side];

		if (side->names_interface && is_named(name, address->interface))
			*bits |= bit;
		else
			*bits &= ~bit;
	}
}

uint32_t wt_side_named(const struct wt_side_table *table, const struct wt_side_entry *entry,
                       uint32_t interface)
{
	for (uint32_t i = entry->named; i != WT_SIDE_NONE; i = table->sides[i].next_named)
		if (table->interfaces[i].bits[interface / 64] >> interface % 64 & 1)
			return i;
	return entry->any;
}
