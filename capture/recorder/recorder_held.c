/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of rings, which the producer gets back once nobody needs them. */
#include <wiretape/capture/recorder/recorder_held.h>

#include <assert.h>

/* The producer drops while the block it would fill next has not been given back, so its counters
 * matter when it has filled all blocks, and only then. Read them before and after the release:
 * before, to separate drops so far from those once it has gone on and stopped again; after, for
 * drops in between. */
void wt_recorder_release_block(struct wt_recorded *recorded, struct wt_block *block)
{
	uint64_t end = wt_ring_end(recorded->ring);
	bool full = wt_ring_has_filled(recorded->ring, end);

	if (full)
		wt_recorder_take_statistics(recorded);
	wt_ring_release_block(recorded->ring, block);
	if (full || wt_ring_has_filled(recorded->ring, end))
		wt_recorder_take_statistics_until(recorded, end);
}

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
	wt_recorder_release_block(held->recorded, &held->block);
	held->recorded->held_blocks--;
	put_back(held);
}
