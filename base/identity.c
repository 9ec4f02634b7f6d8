/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/identity.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROOM_FIRST = 16 };
_Static_assert((ROOM_FIRST & (ROOM_FIRST - 1)) == 0, "places are found with a mask");

__extension__ typedef unsigned __int128 u128;

static const struct wt_identity nothing = {0x6c62272e07bb0142, 0x62b821756295c58d};

static u128 number_of(struct wt_identity identity)
{
	return (u128)identity.high << 64 | identity.low;
}

static struct wt_identity identity_of(u128 number)
{
	return (struct wt_identity){(uint64_t)(number >> 64), (uint64_t)number};
}

struct wt_identity wt_identity_add(struct wt_identity before, const void *bytes, size_t length)
{
	const u128 prime = (u128)1 << 88 | 0x13b;
	const uint8_t *at = bytes;
	u128 hash = number_of(before);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * prime;
	return identity_of(hash);
}

struct wt_identity wt_identity_of(const void *bytes, size_t length)
{
	return wt_identity_add(nothing, bytes, length);
}

/* Last step of MurmurHash3. */
static uint64_t mix(uint64_t half)
{
	half = (half ^ half >> 33) * 0xff51afd7ed558ccd;
	half = (half ^ half >> 33) * 0xc4ceb9fe1a85ec53;
	return half ^ half >> 33;
}

/* Addition needs well-mixed parts: last bytes that differ by equal amounts in opposite directions
 * would give the same sum. */
struct wt_identity wt_identity_join(struct wt_identity set, struct wt_identity one)
{
	const uint64_t high = mix(one.high + one.low), low = mix(one.low ^ high);

	return identity_of(number_of(set) + number_of((struct wt_identity){high + low, low}));
}

struct wt_identity_entry {
	struct wt_identity identity;
	uint32_t value;
	bool is_used;
};

/* Find the identity, or a free entry: there is one. */
static struct wt_identity_entry *find(struct wt_identity_table *table, struct wt_identity identity)
{
	size_t at = (size_t)(identity.high ^ identity.low);

	assert(table->room && table->count <= table->room / 2);
	for (;; at++) {
		struct wt_identity_entry *entry = &table->entries[at & (table->room - 1)];

		table->looked_at++;
		if (!entry->is_used ||
		    (entry->identity.high == identity.high && entry->identity.low == identity.low))
			return entry;
	}
}

static int make_room(struct wt_identity_table *table)
{
	struct wt_identity_table larger = {
	        .room = table->room ? table->room * 2 : ROOM_FIRST,
	        .count = table->count,
	};

	if (table->count < table->room / 2)
		return 0;
	larger.entries = calloc(larger.room, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < table->room; i++)
		if (table->entries[i].is_used)
			*find(&larger, table->entries[i].identity) = table->entries[i];
	larger.looked_at += table->looked_at;
	free(table->entries);
	*table = larger;
	return 0;
}

int wt_identity_note(struct wt_identity_table *table, struct wt_identity identity, uint32_t **value)
{
	struct wt_identity_entry *entry;
	int rc = make_room(table);
	bool is_there;

	if (rc)
		return rc;
	entry = find(table, identity);
	is_there = entry->is_used;
	if (!is_there) {
		*entry = (struct wt_identity_entry){.identity = identity, .is_used = true};
		table->count++;
	}
	*value = &entry->value;
	return is_there;
}

void wt_identity_clear(struct wt_identity_table *table)
{
	free(table->entries);
	*table = (struct wt_identity_table){.looked_at = table->looked_at};
}
