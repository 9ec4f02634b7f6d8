/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of rings, which the producer gets back once nobody needs them. */
#include <wiretape/capture/recorder/recorder_held.h>

#include <assert.h>

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
	wt_reader_release_block(held->recorded->reader, &held->block);
	held->recorded->held_blocks--;
	held->next_free = recorder->free_held;
	recorder->free_held = held;
}

void wt_recorder_release_held(void *context, void *token)
{
	wt_recorder_unpin(((struct wt_recorder_file *)context)->recorder, token);
}
