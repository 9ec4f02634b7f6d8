/* SPDX-License-Identifier: BSD-2-Clause */
/* From a ring's blocks to the tape's chunks. */
#include <wiretape/capture/recorder/recorder_state.h>

#include <stdio.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_encode.h>

enum {
	BATCH_FRAMES = 64,     /* read and encoded at once: they stay in the first cache */
	FRAMES_A_TURN = 16384, /* from one interface before the others get theirs */
};

/* What the ledger has to know of frames that were taken out of the ring. */
static void account(struct wt_recorded *recorded, struct wt_frame *frames, size_t count)
{
	struct wt_ledger *ledger = &recorded->report->ledger;
	uint64_t cut = 0, dropped = 0;

	wt_stamper_frames(&recorded->stamper, frames, count);
	ledger->stamps_unasked = recorded->stamper.unasked;
	frames[0].dropped_before += recorded->pending_drops;
	recorded->pending_drops = 0;
	for (size_t i = 0; i < count; i++) {
		dropped += frames[i].dropped_before;
		cut += frames[i].caplen < frames[i].len;
	}
	recorded->drops_placed += dropped;
	recorded->consumed += count;
	ledger->cut += cut;
	wt_stamp_tally_add(&ledger->stamps, frames, count);
}

/* The producer drops while what it would fill next has not been given back. So its counters
 * tell something whenever it has filled all there is, and only then: before, what was lost by
 * now is told from what is lost once it has gone on and stopped again; and after, for what was
 * lost in between. */
static void release(struct wt_recorded *recorded, struct wt_block *block)
{
	uint64_t end = wt_ring_end(recorded->ring);
	bool full = wt_ring_has_filled(recorded->ring, end);

	if (full)
		wt_recorder_take_statistics(recorded);
	wt_ring_release_block(recorded->ring, block);
	if (full || wt_ring_has_filled(recorded->ring, end))
		wt_recorder_take_statistics_until(recorded, end);
}

static uint32_t id_of(const struct wt_recorder *recorder, const struct wt_recorded *recorded)
{
	return (uint32_t)(recorded - recorder->recorded);
}

/* Into the chunk under construction. */
static int copy(struct wt_recorder *recorder, struct wt_recorded *recorded,
                const struct wt_frame *frames, size_t count)
{
	uint32_t id = id_of(recorder, recorded);
	size_t done = 0;

	while (done < count) {
		uint8_t *at;
		size_t room, used, encoded;
		int ret = wt_recorder_reserve(recorder, wt_pcapng_frame_bound(&frames[done]), &at,
		                              &room);

		if (ret)
			return ret;
		encoded = wt_pcapng_encode_frames(at, room, id, frames + done, count - done, &used);
		wt_tape_submit(recorder->file->tape, used, id, frames + done, encoded);
		recorder->given += encoded;
		recorded->given += encoded;
		done += encoded;
	}
	return 0;
}

static uint64_t bound_of(const struct wt_frame *frames, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += wt_pcapng_frame_bound(&frames[i]);
	return bytes;
}

/* The same, going on to the next file where this one may not become larger. */
static int copy_to_files(struct wt_recorder *recorder, struct wt_recorded *recorded,
                         const struct wt_frame *frames, size_t count)
{
	uint64_t bytes = bound_of(frames, count);
	size_t slice = bytes > wt_recorder_bytes_left(recorder) ? 1 : count;
	int ret = 0;

	for (size_t at = 0; !ret && !recorder->ending && at < count; at += slice) {
		wt_recorder_rotate_if_due(recorder, slice == 1 ? bound_of(frames + at, 1) : bytes);
		ret = recorder->ending ? 0 : copy(recorder, recorded, frames + at, slice);
	}
	return ret;
}

static void check_limits(struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;

	if (config->max_packets && recorder->given >= config->max_packets)
		wt_recorder_end_with(recorder, WT_END_PACKETS, 0);
	else if (config->max_bytes && wt_recorder_file_bytes(recorder) >= config->max_bytes)
		wt_recorder_end_with(recorder, WT_END_BYTES, 0);
}

/* How many frames may be read before the limits have to be looked at again. */
static size_t batch_size(const struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;
	uint64_t most = BATCH_FRAMES;
	uint64_t left = wt_recorder_packets_left(recorder);

	if (left < most)
		most = left ? left : 1;
	if (config->max_bytes &&
	    wt_recorder_file_bytes(recorder) + most * (uint64_t)recorder->longest_frame_bytes >=
	            config->max_bytes)
		most = 1;
	return (size_t)most;
}

/* What is left of a block, copied. Returns how many frames that was, rejected ones included. */
static uint64_t copy_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                           struct wt_block *block)
{
	struct wt_frame frames[BATCH_FRAMES];
	uint64_t read = 0;
	size_t count;
	int ret = 0;

	while (!recorder->ending &&
	       (count = wt_ring_read_frames(recorded->ring, block, frames, batch_size(recorder)))) {
		read += count;
		account(recorded, frames, count);
		ret = copy_to_files(recorder, recorded, frames, count);
		if (ret)
			wt_recorder_writer_failed(recorder, ret);
		else
			check_limits(recorder);
	}
	recorded->rejected += block->rejected;
	recorded->consumed += block->rejected;
	return read + block->rejected;
}

/* Whether this block is to become the file where it lies. */
static bool suits_in_place(const struct wt_recorder *recorder, const struct wt_recorded *recorded,
                           const struct wt_block *block)
{
	const struct wt_recorder_config *config = &recorder->config;
	const struct wt_layout_block shape = {block->frames, block->walk.bytes};

	if (!recorded->report->reader->in_place || wt_tape_is_stream(recorder->file->tape) ||
	    !recorder->free_held || !block->frames || block->walk.fault)
		return false;
	if (block->frames > wt_recorder_packets_left(recorder) ||
	    block->bytes > wt_recorder_bytes_left(recorder))
		return false;
	if (config->max_bytes &&
	    wt_recorder_file_bytes(recorder) + block->bytes >= config->max_bytes)
		return false;
	return wt_layout_in_place(recorder->output->layout, &shape);
}

/* A block under way from the ring to the tape. */
struct conversion {
	struct wt_recorder *recorder;
	struct wt_recorded *recorded;
	struct wt_held_block *held;
	struct wt_inplace in_place;
	uint64_t read;
};

static void copy_or_fail(struct conversion *c, const struct wt_frame *frames, size_t count)
{
	int ret = copy_to_files(c->recorder, c->recorded, frames, count);

	if (ret)
		wt_recorder_writer_failed(c->recorder, ret);
}

/* Frames that cannot stay and lie where the chunk's end will be written are copied before
 * that, into the chunk that follows. They are few: a page of them. Returns how many. */
static size_t copy_out_of_the_way(struct conversion *c, const struct wt_frame *frames, size_t count)
{
	const uint8_t *end = c->held->block.start + wt_inplace_length(&c->in_place);
	size_t copied = 0;

	while (copied < count && frames[copied].data < end && !c->recorder->ending) {
		int ret = copy(c->recorder, c->recorded, &frames[copied], 1);

		if (ret)
			wt_recorder_writer_failed(c->recorder, ret);
		copied++;
	}
	return copied;
}

static void hand_over(struct conversion *c)
{
	int ret;

	c->recorder->given += c->in_place.packets.count;
	c->recorded->given += c->in_place.packets.count;
	ret = wt_tape_add_in_place(c->recorder->file->tape, &c->in_place, c->held);
	if (ret)
		wt_recorder_writer_failed(c->recorder, ret);
}

/* `frames` and all behind them cannot stay. The chunk is handed over as soon as nothing that
 * will be overwritten at its end is needed: neither a frame nor a header that has not been
 * read. */
static void finish_by_copying(struct conversion *c, const struct wt_frame *frames, size_t count)
{
	struct wt_block *block = &c->held->block;
	size_t done = copy_out_of_the_way(c, frames, count);
	struct wt_frame next;
	bool has_next = false;

	while (done == count && !has_next && !c->recorder->ending &&
	       wt_ring_read_frames(c->recorded->ring, block, &next, 1)) {
		account(c->recorded, &next, 1);
		c->read++;
		has_next = !copy_out_of_the_way(c, &next, 1);
	}
	hand_over(c);
	copy_or_fail(c, frames + done, count - done);
	if (has_next)
		copy_or_fail(c, &next, 1);
	c->read += copy_block(c->recorder, c->recorded, block);
}

static void convert(struct conversion *c)
{
	struct wt_frame frames[BATCH_FRAMES];
	struct wt_block *block = &c->held->block;
	size_t count, taken;

	wt_inplace_start(&c->in_place, block->start, block->bytes, id_of(c->recorder, c->recorded));
	while ((count = wt_ring_read_frames(c->recorded->ring, block, frames, BATCH_FRAMES))) {
		account(c->recorded, frames, count);
		c->read += count;
		taken = wt_inplace_frames(&c->in_place, frames, count);
		if (taken < count) {
			finish_by_copying(c, frames + taken, count - taken);
			return;
		}
	}
	hand_over(c);
}

/* The rest of a block that ended at a fault: as many as the producer says, or as
 * fit. */
static void count_malformed(struct wt_recorder *recorder, struct wt_recorded *recorded,
                            const struct wt_block *block, uint64_t read)
{
	enum { SMALLEST_SLOT = 68 };
	uint64_t claimed = block->frames;
	char text[WT_MAX_DEGRADED_TEXT];

	if (claimed > block->bytes / SMALLEST_SLOT)
		claimed = block->bytes / SMALLEST_SLOT;
	if (claimed > read) {
		recorded->report->ledger.lost.malformed += claimed - read;
		recorded->consumed += claimed - read;
	}
	snprintf(text, sizeof(text), "%s: malformed ring block: %s", recorded->report->reader->name,
	         wt_walk_fault_text((enum wt_walk_fault)block->walk.fault));
	wt_recorder_degrade(recorder, text);
}

static struct wt_held_block *hold(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                  const struct wt_block *block)
{
	struct wt_held_block *held = recorder->free_held;

	recorder->free_held = held->next_free;
	held->recorded = recorded;
	held->block = *block;
	held->pins = 2; /* the tape's and the caller's */
	recorded->held_blocks++;
	return held;
}

static void unpin(struct wt_recorder *recorder, struct wt_held_block *held)
{
	if (--held->pins)
		return;
	release(held->recorded, &held->block);
	held->recorded->held_blocks--;
	held->next_free = recorder->free_held;
	recorder->free_held = held;
}

void wt_recorder_release_held(void *context, void *token)
{
	unpin(((struct wt_recorder_file *)context)->recorder, token);
}

/* The chunk that is under construction comes before this one. */
static uint64_t record_in_place(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                struct wt_block *block)
{
	struct conversion c = {.recorder = recorder, .recorded = recorded};
	int ret = wt_recorder_make_way(recorder);

	if (ret) {
		wt_recorder_writer_failed(recorder, ret);
		release(recorded, block);
		return 0;
	}
	c.held = hold(recorder, recorded, block);
	convert(&c);
	if (c.held->block.walk.fault)
		count_malformed(recorder, recorded, &c.held->block, c.read);
	unpin(recorder, c.held);
	check_limits(recorder);
	return c.read;
}

static uint64_t record_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                             struct wt_block *block)
{
	uint64_t read;

	recorded->pending_drops += block->lost_before;
	if (block->frames)
		wt_recorder_rotate_if_due(recorder, block->walk.bytes);
	if (!recorder->ending && suits_in_place(recorder, recorded, block))
		return record_in_place(recorder, recorded, block);
	read = copy_block(recorder, recorded, block);
	if (block->walk.fault)
		count_malformed(recorder, recorded, block, read);
	release(recorded, block);
	return read;
}

bool wt_recorder_turn(struct wt_recorder *recorder, struct wt_recorded *recorded, int *error)
{
	struct wt_block block;
	uint64_t read = 0;
	int ret = 1;
	bool any = false;

	while (!recorder->ending && read < FRAMES_A_TURN) {
		wt_recorder_reap(recorder);
		if (recorder->ending || !wt_tape_is_ready(recorder->file->tape))
			break;
		ret = wt_ring_next_block(recorded->ring, &block);
		if (ret <= 0)
			break;
		any = true;
		read += record_block(recorder, recorded, &block);
	}
	*error = ret < 0 ? ret : 0;
	return any;
}
