/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/ring/sim_ring.h>

/* One thread delivers numbered frames into a ring so small that it drops, another
 * reads them: numbers rise, contents are whole, and what was read and what was
 * dropped are together what was sent. */

enum { FRAMES = 400000, FRAME_BYTES = 120, HELD = 2 };

struct run {
	struct wt_sim_ring *sim;
	struct wt_ring_statistics total; /* of the producer's thread */
	atomic_bool done;
	uint64_t received;
	uint64_t last;
	const char *problem;
};

static void add_statistics(struct run *run)
{
	struct wt_ring_statistics since;

	wt_sim_ring_statistics(run->sim, &since);
	run->total.packets += since.packets;
	run->total.drops += since.drops;
	run->total.freezes += since.freezes;
}

static void *produce(void *argument)
{
	struct run *run = argument;
	uint8_t data[FRAME_BYTES];
	struct wt_sim_frame frame = {.data = data, .len = sizeof(data)};

	for (uint64_t i = 1; i <= FRAMES; i++) {
		memset(data, (int)(i % 251), sizeof(data));
		memcpy(data + 16, &i, sizeof(i));
		frame.stamp_ns = (int64_t)i;
		wt_sim_ring_deliver(run->sim, &frame);
		if (i % 64 == 0)
			wt_sim_ring_tick(run->sim, (int64_t)i);
		if (i % 4096 == 0)
			add_statistics(run);
		if (i % 1000 == 0)
			sched_yield();
	}
	wt_sim_ring_flush(run->sim);
	add_statistics(run);
	/* Release: pairs with the reader's load; nothing is delivered after it. */
	atomic_store_explicit(&run->done, true, memory_order_release);
	return NULL;
}

static void check_frame(struct run *run, const struct wt_frame *frame)
{
	uint64_t number;

	if (frame->caplen != FRAME_BYTES || frame->len != FRAME_BYTES) {
		run->problem = "a frame has another length";
		return;
	}
	memcpy(&number, frame->data + 16, sizeof(number));
	if (number <= run->last)
		run->problem = "numbers do not rise";
	if (frame->stamp_ns != (int64_t)number || frame->data[0] != number % 251 ||
	    frame->data[FRAME_BYTES - 1] != number % 251)
		run->problem = "a frame is torn";
	run->last = number;
	run->received++;
}

static void read_block(struct run *run, struct wt_block *block)
{
	struct wt_ring *ring = wt_sim_ring_reader(run->sim);
	struct wt_frame frames[32];
	size_t count;

	while ((count = wt_ring_read_frames(ring, block, frames, 32)))
		for (size_t i = 0; i < count; i++)
			check_frame(run, &frames[i]);
	if (block->walk.fault)
		run->problem = wt_walk_fault_text((enum wt_walk_fault)block->walk.fault);
}

/* Blocks are given back late and in pairs, the younger first. */
static void *consume(void *argument)
{
	struct run *run = argument;
	struct wt_ring *ring = wt_sim_ring_reader(run->sim);
	struct wt_block held[HELD];
	size_t count = 0;

	for (;;) {
		/* Acquire: pairs with the producer's store. Looked at before the ring, so
		 * that nothing comes after the last look at it. */
		bool done = atomic_load_explicit(&run->done, memory_order_acquire);
		int got = wt_ring_next_block(ring, &held[count]);

		if (got > 0)
			read_block(run, &held[count++]);
		if (count == HELD || got == 0)
			while (count)
				wt_ring_release_block(ring, &held[--count]);
		if (got == 0 && done)
			return NULL;
		if (got == 0)
			sched_yield();
	}
}

static int run_once(enum wt_sim_layout layout, const char *name)
{
	struct wt_sim_config config = {.layout = layout,
	                               .block_bytes = 4096,
	                               .block_count = 4,
	                               .slot_bytes = 256,
	                               .retire_timeout_ns = 128,
	                               .retires_empty_blocks = true};
	struct run run = {0};
	pthread_t producer, consumer;
	bool closes;

	if (wt_sim_ring_create(&run.sim, &config) ||
	    pthread_create(&producer, NULL, produce, &run) ||
	    pthread_create(&consumer, NULL, consume, &run)) {
		printf("SKIP: cannot start\n");
		return 77;
	}
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
	wt_sim_ring_destroy(run.sim);
	closes = run.total.packets == FRAMES && run.received + run.total.drops == FRAMES;
	printf("%s: sent %d, received %llu, dropped %llu, freezes %llu: %s\n", name, FRAMES,
	       (unsigned long long)run.received, (unsigned long long)run.total.drops,
	       (unsigned long long)run.total.freezes,
	       run.problem ? run.problem
	       : closes    ? "ok"
	                   : "the counts do not add up");
	if (!run.total.drops || !run.received)
		printf("%s: nothing was dropped or nothing received: this proves little\n", name);
	return run.problem || !closes;
}

int main(void)
{
	int v3 = run_once(WT_SIM_TPACKET_V3, "v3");
	int v2 = run_once(WT_SIM_TPACKET_V2, "v2");

	return v3 ? v3 : v2;
}
