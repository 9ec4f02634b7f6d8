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

struct wt_held_block *wt_recorder_hold(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                       const struct wt_block *block)
{
	struct wt_held_block *held = recorder->free_held;

	assert(held);
	recorder->free_held = held->next_free;
	held->recorded = recorded;
	held->block = *block;
	held->pins = 2; /* the tape's and the caller's */
	recorded->held_blocks++;
	return held;
}

void wt_recorder_unpin(struct wt_recorder *recorder, struct wt_held_block *held)
{
	assert(held->pins);
	if (--held->pins)
		return;
	wt_recorder_release_block(held->recorded, &held->block);
	held->recorded->held_blocks--;
	held->next_free = recorder->free_held;
	recorder->free_held = held;
}

void wt_recorder_release_held(void *context, void *token)
{
	wt_recorder_unpin(((struct wt_recorder_file *)context)->recorder, token);
}
