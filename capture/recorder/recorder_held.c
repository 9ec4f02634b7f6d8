/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of rings, which the producer gets back once nobody needs them. */
#include <wiretape/capture/recorder/recorder_held.h>

#include <assert.h>

static void put_back(struct wt_held_block *held)
{
	if (held->pins || !held->retired)
		return;
	held->next_free = held->recorder->free_held;
	held->recorder->free_held = held;
}

static void release_held(struct wt_write *write)
{
	wt_recorder_unpin((struct wt_held_block *)write);
}

static void retire_held(struct wt_write *write)
{
	struct wt_held_block *held = (struct wt_held_block *)write;

	held->retired = true;
	put_back(held);
}

struct wt_held_block *wt_recorder_hold(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                       const struct wt_block *block)
{
	static const struct wt_write_owner owner = {release_held, retire_held};
	struct wt_held_block *held = recorder->free_held;

	assert(held);
	recorder->free_held = held->next_free;
	held->write.owner = &owner;
	held->recorder = recorder;
	held->recorded = recorded;
	held->block = *block;
	held->pins = 2; /* the tape's and the caller's */
	held->retired = false;
	recorded->held_blocks++;
	return held;
}

void wt_recorder_unpin(struct wt_held_block *held)
{
	assert(held->pins);
	if (--held->pins)
		return;
	wt_reader_release_block(held->recorded->reader, &held->block);
	held->recorded->held_blocks--;
	put_back(held);
}
