/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/compare/compare.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_content.h"
#include "compare_private.h"

enum {
	ENTRIES_FIRST = 1024,
	SLOTS_FIRST = 2048,
	FLAGS = (1 << WT_COMPARE_FLAG_BITS) - 1,
	/* Bits of the second lane kept in an entry; the slot keeps the others. */
	REST_BITS = 32 - WT_COMPARE_FLAG_BITS,
};

_Static_assert(WT_COMPARE_LANE_BITS - REST_BITS == 32, "the slot has room for the rest");

static const char *const difference_names[WT_COMPARE_DIFFERENCES] = {
        [WT_COMPARE_LOST] = "lost",
        [WT_COMPARE_DOUBLED] = "doubled",
        [WT_COMPARE_EXTRA] = "extra",
        [WT_COMPARE_REORDERED] = "reordered",
};

const char *wt_compare_difference_name(enum wt_compare_difference difference)
{
	return difference_names[difference];
}

const char *wt_compare_align_name(enum wt_compare_align align)
{
	static const char *const names[] = {
	        [WT_COMPARE_ALIGN_MEDIAN] = "median",
	        [WT_COMPARE_ALIGN_FIRST] = "first",
	        [WT_COMPARE_ALIGN_MIN] = "min",
	        [WT_COMPARE_ALIGN_NONE] = "none",
	};

	return names[align];
}

static int64_t saturated(long double ns)
{
	/* Bounds are the first numbers that do not fit. */
	if (ns >= 0x1p63L)
		return INT64_MAX;
	if (ns < -0x1p63L)
		return INT64_MIN;
	return (int64_t)(ns < 0 ? ns - 0.5L : ns + 0.5L);
}

/* Scale a stamp of A to the speed at which it was sent. */
static int64_t at_speed(struct wt_compare *compare, int64_t stamp_ns)
{
	if (!compare->has_origin) {
		compare->origin_ns = stamp_ns;
		compare->has_origin = true;
	}
	if (compare->config.speed == 1)
		return stamp_ns;
	return saturated((long double)compare->origin_ns +
	                 ((long double)stamp_ns - (long double)compare->origin_ns) /
	                         (long double)compare->config.speed);
}

static struct wt_compare_entry *entry_of(const struct wt_compare *compare, uint64_t number)
{
	return &compare->entries[number - 1];
}

static uint32_t tag_of(const struct wt_compare_hash *hash)
{
	return (uint32_t)(hash->lanes[1] >> REST_BITS);
}

static uint32_t rest_of(const struct wt_compare_hash *hash)
{
	return (uint32_t)(hash->lanes[1] << WT_COMPARE_FLAG_BITS);
}

/* Slot to look at first. The upper bits of a product depend on all bits of both numbers. */
static size_t home_of(uint64_t low, size_t slot_count)
{
	return (size_t)((unsigned __int128)(low * 0x9e3779b97f4a7c15) * slot_count >> 64);
}

/* The slot of this hash, or the empty one where it would be. */
static struct wt_compare_slot *find_slot(const struct wt_compare *compare,
                                         const struct wt_compare_hash *hash)
{
	size_t i = home_of(hash->lanes[0], compare->slot_count);
	const struct wt_compare_entry *entry;

	assert(compare->slots_used < compare->slot_count);
	for (;; i = (i + 1) & (compare->slot_count - 1)) {
		struct wt_compare_slot *slot = &compare->slots[i];

		if (!slot->last)
			return slot;
		if (slot->tag != tag_of(hash))
			continue;
		entry = entry_of(compare, slot->last);
		if (entry->low == hash->lanes[0] &&
		    (entry->rest & ~(uint32_t)FLAGS) == rest_of(hash))
			return slot;
	}
}

static void put_slot(struct wt_compare_slot *slots, size_t slot_count, struct wt_compare_slot slot,
                     uint64_t low)
{
	size_t i = home_of(low, slot_count);

	while (slots[i].last)
		i = (i + 1) & (slot_count - 1);
	slots[i] = slot;
}

static int no_memory(const struct wt_compare *compare, struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM,
	                    "no memory for more than %llu packets of A; compare the captures in "
	                    "parts, as 'wiretape cut' makes them, or with a filter",
	                    (unsigned long long)compare->a.packets);
}

static int grow_slots(struct wt_compare *compare, struct wt_error *err)
{
	size_t count = compare->slot_count * 2;
	struct wt_compare_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return no_memory(compare, err);
	for (size_t i = 0; i < compare->slot_count; i++)
		if (compare->slots[i].last)
			put_slot(slots, count, compare->slots[i],
			         entry_of(compare, compare->slots[i].last)->low);
	free(compare->slots);
	compare->slots = slots;
	compare->slot_count = count;
	return 0;
}

static int grow_entries(struct wt_compare *compare, struct wt_error *err)
{
	size_t room = compare->entry_room * 2;
	struct wt_compare_entry *entries = reallocarray(compare->entries, room, sizeof(*entries));

	if (!entries)
		return no_memory(compare, err);
	compare->entries = entries;
	compare->entry_room = room;
	return 0;
}

/* Make room for one more packet. */
static int make_room(struct wt_compare *compare, struct wt_error *err)
{
	int failed = 0;

	if (compare->a.packets == UINT32_MAX)
		return wt_error_set(err, -EFBIG,
		                    "A has more than %u packets; compare the captures in parts, as "
		                    "'wiretape cut' makes them, or with a filter",
		                    UINT32_MAX);
	if (compare->a.packets == compare->entry_room)
		failed = grow_entries(compare, err);
	/* Searches get slow above three quarters. */
	if (!failed && compare->slots_used >= compare->slot_count / 4 * 3)
		failed = grow_slots(compare, err);
	return failed;
}

static void note_cut(struct wt_compare_side *side, const struct wt_content *content)
{
	uint32_t bytes = (uint32_t)content->bytes;

	if (!side->cut++ || bytes < side->cut_min_bytes)
		side->cut_min_bytes = bytes;
	if (bytes > side->cut_max_bytes)
		side->cut_max_bytes = bytes;
}

/* Hash the next packet of a side and add it to the side's counts. */
static int take(struct wt_compare *compare, struct wt_compare_side *side,
                const struct wt_compare_packet *packet, struct wt_compare_hash *hash,
                struct wt_error *err)
{
	struct wt_content content;
	int failed = wt_content_find(&content, &compare->config.content, packet);

	assert(packet->data);
	if (failed)
		return wt_error_set(err, failed,
		                    "packet %llu has link type %u, whose header is not known here; "
		                    "compare whole frames, or with a filter without these packets",
		                    (unsigned long long)side->packets + 1, packet->link_type);
	wt_compare_hash_begin(hash);
	wt_compare_hash_number(hash, &compare->key, content.kind);
	wt_compare_hash_number(hash, &compare->key, content.wire_bytes);
	for (size_t i = 0; i < content.piece_count; i++)
		wt_compare_hash_bytes(hash, &compare->key, content.pieces[i].at,
		                      content.pieces[i].bytes);
	if (!side->packets++)
		side->link_type = packet->link_type;
	side->other_link_types |= packet->link_type != side->link_type;
	side->unstamped += !packet->has_stamp;
	if (content.cut)
		note_cut(side, &content);
	return 0;
}

int wt_compare_add_a(struct wt_compare *compare, const struct wt_compare_packet *packet,
                     struct wt_error *err)
{
	struct wt_compare_hash hash;
	struct wt_compare_entry *entry;
	struct wt_compare_slot *slot;
	uint32_t number;
	int failed;

	/* Matches already made could not be undone. */
	if (compare->b.packets)
		return wt_error_set(err, -EINVAL, "a packet of A came after one of B");
	failed = make_room(compare, err);
	if (!failed)
		failed = take(compare, &compare->a, packet, &hash, err);
	if (failed)
		return failed;
	number = (uint32_t)compare->a.packets;
	slot = find_slot(compare, &hash);
	entry = entry_of(compare, number);
	*entry = (struct wt_compare_entry){
	        .low = hash.lanes[0],
	        .next = number,
	        .rest = rest_of(&hash) | (packet->has_stamp ? WT_COMPARE_TIMED : 0),
	};
	if (packet->has_stamp)
		entry->time_ns = at_speed(compare, packet->stamp_ns);
	if (slot->last) {
		entry->next = entry_of(compare, slot->last)->next;
		entry_of(compare, slot->last)->next = number;
	} else {
		compare->slots_used++;
	}
	*slot = (struct wt_compare_slot){.tag = tag_of(&hash), .last = number};
	return 0;
}

static void note_difference(struct wt_compare_differences *differences,
                            struct wt_compare_example example)
{
	if (differences->count < WT_COMPARE_EXAMPLES)
		differences->examples[differences->count] = example;
	differences->count++;
}

/* Count a packet of B that is doubled, late or unknown. */
static void note_in_b(struct wt_compare *compare, enum wt_compare_difference difference,
                      uint64_t number_a, const struct wt_compare_packet *packet)
{
	note_difference(&compare->differences[difference],
	                (struct wt_compare_example){
	                        .number_a = number_a,
	                        .number_b = compare->b.packets,
	                        .stamp_ns = packet->has_stamp ? packet->stamp_ns : 0,
	                        .has_stamp = packet->has_stamp,
	                });
}

static void match_order(struct wt_compare *compare, uint64_t number,
                        const struct wt_compare_packet *packet)
{
	uint64_t behind;

	if (number > compare->highest) {
		compare->highest = number;
		return;
	}
	behind = compare->highest - number;
	if (behind > compare->displacement)
		compare->displacement = behind;
	entry_of(compare, number)->rest |= WT_COMPARE_LATE;
	note_in_b(compare, WT_COMPARE_REORDERED, number, packet);
}

static void match_time(struct wt_compare *compare, uint64_t number,
                       const struct wt_compare_packet *packet)
{
	struct wt_compare_entry *entry = entry_of(compare, number);
	struct wt_compare_moment moment = {number, entry->time_ns, packet->stamp_ns};

	if (!packet->has_stamp)
		entry->rest &= ~(uint32_t)WT_COMPARE_TIMED;
	if (!(entry->rest & WT_COMPARE_TIMED))
		return;
	entry->time_ns = wt_compare_minus(packet->stamp_ns, entry->time_ns);
	if (!compare->first.number || number < compare->first.number)
		compare->first = moment;
	if (number > compare->last.number)
		compare->last = moment;
}

int wt_compare_add_b(struct wt_compare *compare, const struct wt_compare_packet *packet,
                     struct wt_error *err)
{
	struct wt_compare_hash hash;
	struct wt_compare_entry *last;
	uint32_t last_number, number;
	int failed = take(compare, &compare->b, packet, &hash, err);

	if (failed)
		return failed;
	last_number = find_slot(compare, &hash)->last;
	if (!last_number) {
		note_in_b(compare, WT_COMPARE_EXTRA, 0, packet);
		return 0;
	}
	last = entry_of(compare, last_number);
	if (last->rest & WT_COMPARE_MATCHED) {
		note_in_b(compare, WT_COMPARE_DOUBLED, last_number, packet);
		return 0;
	}
	number = last->next;
	last->next = entry_of(compare, number)->next;
	entry_of(compare, number)->rest |= WT_COMPARE_MATCHED;
	compare->matched++;
	match_order(compare, number, packet);
	match_time(compare, number, packet);
	return 0;
}

static void find_lost(const struct wt_compare *compare, struct wt_compare_result *result)
{
	uint64_t run = 0;

	for (uint64_t number = 1; number <= compare->a.packets; number++) {
		const struct wt_compare_entry *entry = entry_of(compare, number);

		if (entry->rest & WT_COMPARE_MATCHED) {
			run = 0;
			continue;
		}
		note_difference(&result->differences[WT_COMPARE_LOST],
		                (struct wt_compare_example){
		                        .number_a = number,
		                        .stamp_ns = entry->time_ns,
		                        .has_stamp = entry->rest & WT_COMPARE_TIMED,
		                });
		if (++run > result->longest_loss) {
			result->longest_loss = run;
			result->longest_loss_from = number - run + 1;
		}
	}
}

void wt_compare_finish(struct wt_compare *compare, struct wt_compare_result *result)
{
	memset(result, 0, sizeof(*result));
	result->a = compare->a;
	result->b = compare->b;
	result->matched = compare->matched;
	result->displacement = compare->displacement;
	memcpy(result->differences, compare->differences, sizeof(result->differences));
	find_lost(compare, result);
	wt_compare_time(compare, &result->timing);
}

int wt_compare_create(struct wt_compare **compare, const struct wt_compare_config *config,
                      struct wt_error *err)
{
	struct wt_compare *made;

	*compare = NULL;
	if (config->speed < 0 || !isfinite(config->speed))
		return wt_error_set(err, -EINVAL, "a speed is a number above 0");
	if (config->tolerance_ns < 0)
		return wt_error_set(err, -EINVAL, "a tolerance cannot be negative");
	made = calloc(1, sizeof(*made));
	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a comparison");
	made->config = *config;
	if (!config->speed)
		made->config.speed = 1;
	wt_compare_hash_key_init(&made->key, config->seed);
	made->entry_room = ENTRIES_FIRST;
	made->slot_count = SLOTS_FIRST;
	made->entries = calloc(made->entry_room, sizeof(*made->entries));
	made->slots = calloc(made->slot_count, sizeof(*made->slots));
	if (!made->entries || !made->slots) {
		wt_compare_destroy(made);
		return wt_error_set(err, -ENOMEM, "no memory for a comparison");
	}
	*compare = made;
	return 0;
}

void wt_compare_destroy(struct wt_compare *compare)
{
	if (!compare)
		return;
	free(compare->entries);
	free(compare->slots);
	free(compare);
}
