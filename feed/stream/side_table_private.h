/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_SIDE_TABLE_PRIVATE_H
#define WIRETAPE_FEED_STREAM_SIDE_TABLE_PRIVATE_H

/* Finds the side of a channel that a datagram belongs to, by its destination. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <wiretape/feed/spec/feed_spec.h>

enum {
	WT_SIDE_INTERFACES = 256,
	WT_SIDE_NONE = UINT32_MAX,
};

/* Destination of a datagram: IPv4 address and port as they are in it, and a bit so that it is not
 * 0. For IPv6 a hash, which `ip` then confirms. */
typedef uint64_t wt_side_key;

/* Two of them are a cache line. */
struct wt_side_entry {
	wt_side_key key; /* 0: none here */
	uint32_t any;    /* the side on all interfaces that no other side names; or WT_SIDE_NONE */
	uint32_t named;  /* the first of the sides that name their interface; or WT_SIDE_NONE */
	uint8_t ip[16];  /* of IPv6 */
};
_Static_assert(sizeof(struct wt_side_entry) == 32, "an entry does not straddle cache lines");

/* Facts about a side that the tracker needs for each packet. */
struct wt_side {
	const struct wt_preset *preset;
	uint64_t silent_ns;  /* silent after this long without a packet; UINT64_MAX: never */
	uint32_t channel;    /* its place in the list */
	uint32_t next_named; /* of the same address */
	uint8_t side;        /* enum wt_feed_side */
	uint8_t kind;        /* enum wt_feed_kind */
	bool pair;           /* its channel has more sides */
	bool names_interface;
};
_Static_assert(sizeof(struct wt_side) == 32, "a side does not straddle cache lines");

/* Bits of the interfaces that have the name given by a side. */
struct wt_side_interfaces {
	uint64_t bits[WT_SIDE_INTERFACES / 64];
};

struct wt_side_table {
	struct wt_side_entry *entries;
	struct wt_side *sides;
	struct wt_side_interfaces *interfaces; /* of each side */
	uint32_t side_count;
	uint32_t mask;
};

/* 0 or -ENOMEM. */
int wt_side_table_init(struct wt_side_table *table, const struct wt_feed_channels *channels);
void wt_side_table_fini(struct wt_side_table *table);

/* Give an interface its name. */
void wt_side_table_interface(struct wt_side_table *table, const struct wt_feed_channels *channels,
                             uint32_t interface, const char *name);

/* `port` are the two bytes of the datagram. */
static inline wt_side_key wt_side_key_ipv4(const uint8_t *ip, const uint8_t *port)
{
	uint32_t address;
	uint16_t number;

	memcpy(&address, ip, sizeof(address));
	memcpy(&number, port, sizeof(number));
	return address | (uint64_t)number << 32 | UINT64_C(1) << 48;
}

static inline wt_side_key wt_side_key_ipv6(const uint8_t *ip, const uint8_t *port)
{
	uint64_t high, low;
	uint16_t number;

	memcpy(&high, ip, sizeof(high));
	memcpy(&low, ip + sizeof(high), sizeof(low));
	memcpy(&number, port, sizeof(number));
	high = (high ^ low * 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93 + number;
	return (high ^ high >> 32) | UINT64_C(1) << 49;
}

static inline bool wt_side_key_is_ipv4(wt_side_key key)
{
	return key >> 48 == 1;
}

static inline uint32_t wt_side_hash(wt_side_key key)
{
	return (uint32_t)(key * 0xd6e8feb86659fd93 >> 32);
}

static inline void wt_side_prefetch(const struct wt_side_table *table, wt_side_key key)
{
	__builtin_prefetch(&table->entries[wt_side_hash(key) & table->mask]);
}

/* Find the side of this interface, among those of an address that name theirs. */
uint32_t wt_side_named(const struct wt_side_table *table, const struct wt_side_entry *entry,
                       uint32_t interface);

/* The side of an IPv4 key, or WT_SIDE_NONE. */
static inline uint32_t wt_side_find(const struct wt_side_table *table, wt_side_key key,
                                    uint32_t interface)
{
	for (uint32_t i = wt_side_hash(key) & table->mask;; i = (i + 1) & table->mask) {
		const struct wt_side_entry *entry = &table->entries[i];

		if (!entry->key)
			return WT_SIDE_NONE;
		if (entry->key == key)
			return entry->named == WT_SIDE_NONE
			               ? entry->any
			               : wt_side_named(table, entry, interface);
	}
}

/* Find a side by IPv6; `ip` and `port` as they are in the datagram. */
uint32_t wt_side_find_ipv6(const struct wt_side_table *table, const uint8_t *ip,
                           const uint8_t *port, uint32_t interface);

#endif
