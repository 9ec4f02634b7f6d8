/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/tracker_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* Pages that are not touched cost nothing; large ones cost fewer misses. */
static struct wt_stream *map_slots(uint32_t slots)
{
	size_t bytes = (size_t)slots * sizeof(struct wt_stream);
	void *memory =
	        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (bytes >= HUGE_PAGE)
		madvise(memory, bytes, MADV_HUGEPAGE);
	return memory;
}

int wt_stream_table_init(struct wt_stream_table *table, uint32_t room)
{
	uint32_t slots = 64;

	assert(room && room <= UINT32_MAX / 4);
	/* At most half full: the way to a stream is short. */
	while (slots < 2 * room)
		slots *= 2;
	*table = (struct wt_stream_table){.mask = slots - 1, .room = room};
	table->slots = map_slots(slots);
	table->rest = calloc(room, sizeof(*table->rest));
	table->slot_of = calloc(room, sizeof(*table->slot_of));
	table->heads = malloc(slots * sizeof(*table->heads));
	if (!table->slots || !table->rest || !table->slot_of || !table->heads) {
		wt_stream_table_fini(table);
		return -ENOMEM;
	}
	memset(table->heads, 0xff, slots * sizeof(*table->heads));
	return 0;
}

void wt_stream_table_fini(struct wt_stream_table *table)
{
	if (table->slots)
		munmap(table->slots, ((size_t)table->mask + 1) * sizeof(*table->slots));
	free(table->rest);
	free(table->slot_of);
	free(table->heads);
	*table = (struct wt_stream_table){0};
}

static uint32_t *head_of(const struct wt_stream_table *table, uint32_t channel,
                         uint32_t header_channel)
{
	return &table->heads[wt_stream_hash(channel, header_channel) & table->mask];
}

static uint32_t free_slot(const struct wt_stream_table *table, uint32_t hash)
{
	for (uint32_t i = 0; i < WT_STREAM_PROBES; i++)
		if (!table->slots[(hash + i) & table->mask].place)
			return (hash + i) & table->mask;
	return WT_STREAM_NONE;
}

struct wt_stream *wt_stream_add(struct wt_stream_table *table, uint64_t place, uint64_t session,
                                uint32_t channel)
{
	uint32_t slot = free_slot(table, wt_stream_hash(place, session));
	uint32_t *head = head_of(table, channel, (uint32_t)place);
	struct wt_stream_rest *rest;

	if (table->count == table->room || slot == WT_STREAM_NONE)
		return NULL;
	rest = &table->rest[table->count];
	table->slots[slot] =
	        (struct wt_stream){.place = place, .session = session, .number = table->count};
	table->slot_of[table->count] = slot;
	rest->replaces = WT_STREAM_NONE;
	rest->replaced_by = WT_STREAM_NONE;
	rest->before = *head;
	*head = table->count++;
	return &table->slots[slot];
}

uint32_t wt_stream_newest(const struct wt_stream_table *table, uint32_t channel,
                          uint32_t header_channel)
{
	return *head_of(table, channel, header_channel);
}

uint16_t wt_stream_kind_flags(const struct wt_side *side)
{
	if (wt_side_retransmits(side) || side->kind != WT_FEED_LIVE)
		return WT_STREAM_OTHER_KIND;
	return side->pair ? WT_STREAM_PAIR : 0;
}
