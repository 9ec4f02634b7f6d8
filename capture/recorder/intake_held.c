/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of rings, which the producer gets back once nobody needs them. */
#include <wiretape/capture/recorder/intake_held.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int wt_held_blocks_init(struct wt_held_blocks *pool)
{
	pool->all = calloc(WT_HELD_BLOCKS, sizeof(*pool->all));
	if (!pool->all)
		return -ENOMEM;
	for (size_t i = 0; i < WT_HELD_BLOCKS; i++) {
		pool->all[i].pool = pool;
		pool->all[i].next_free = pool->free;
		pool->free = &pool->all[i];
	}
	return 0;
}

void wt_held_blocks_fini(struct wt_held_blocks *pool)
{
	free(pool->all);
}

static void put_back(struct wt_held_block *held)
{
	if (held->pins || !held->retired)
		return;
	held->next_free = held->pool->free;
	held->pool->free = held;
}

static void release_held(struct wt_write *write)
{
	wt_held_block_unpin((struct wt_held_block *)write);
}

static void retire_held(struct wt_write *write)
{
	struct wt_held_block *held = (struct wt_held_block *)write;

	held->retired = true;
	put_back(held);
}

struct wt_held_block *wt_held_block_take(struct wt_held_blocks *pool, struct wt_recorded *recorded,
                                         const struct wt_block *block)
{
	static const struct wt_write_owner owner = {release_held, retire_held};
	struct wt_held_block *held = pool->free;

	assert(held);
	pool->free = held->next_free;
	held->write.owner = &owner;
	held->recorded = recorded;
	held->block = *block;
	held->pins = 2; /* the tape's and the caller's */
	held->retired = false;
	return held;
}

void wt_held_block_unpin(struct wt_held_block *held)
{
	assert(held->pins);
	if (--held->pins)
		return;
	wt_reader_release_block(held->recorded->reader, &held->block);
	put_back(held);
}
