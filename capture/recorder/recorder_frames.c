/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversion of a ring's blocks to the tape's chunks. */
#include <wiretape/capture/recorder/recorder_frames.h>

#include <stdio.h>
#include <string.h>

#include <wiretape/capture/recorder/recorder_clocks.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/capture/recorder/recorder_files.h>
#include <wiretape/capture/recorder/recorder_held.h>
#include <wiretape/capture/recorder/recorder_output.h>
#include <wiretape/pcapng/pcapng_encode.h>

enum {
	BATCH_FRAMES = 64,     /* read and encoded at once: they stay in the first cache */
	FRAMES_A_TURN = 16384, /* from one interface before the others get theirs */
};

static uint32_t id_of(const struct wt_recorder *recorder, const struct wt_recorded *recorded)
{
	return (uint32_t)(recorded - recorder->recorded);
}

/* Account in the ledger for frames taken out of the ring. */
static void account(struct wt_recorder *recorder, struct wt_recorded *recorded,
                    struct wt_frame *frames, size_t count)
{
	struct wt_ledger *ledger = &recorded->report->ledger;
	uint64_t cut = 0;

	wt_stamp_converter_frames(&recorded->converter, frames, count);
	ledger->stamps_unasked = recorded->converter.unasked;
	for (size_t i = 0; i < count; i++)
		cut += frames[i].caplen < frames[i].len;
	recorded->consumed += count;
	ledger->truncated += cut;
	wt_stamp_tally_add(&ledger->stamps, frames, count);
	if (recorder->feeds)
		wt_recorder_follow_frames(recorder, recorded, frames, count);
	if (recorder->config.on_frames)
		recorder->config.on_frames(recorder->config.context, id_of(recorder, recorded),
		                           frames, count);
}

/* Reserve room for packets in a chunk that has, or can take, the maps of their stamps. */
static int reserve(struct wt_recorder *recorder, const struct wt_recorded *recorded,
                   size_t min_bytes, uint8_t **at, size_t *room)
{
	const struct wt_clock_estimator *estimator = &recorded->converter.estimator;
	int rc;

	while (!(rc = wt_recorder_reserve(recorder, min_bytes, at, room)) &&
	       !wt_tape_carry_maps(recorder->file->tape, id_of(recorder, recorded), &estimator->map,
	                           &estimator->previous)) {
		rc = wt_recorder_flush(recorder);
		if (rc)
			break;
	}
	return rc;
}

/* Copy into the chunk under construction, after the records of maps that they have led to. */
static int copy(struct wt_recorder *recorder, struct wt_recorded *recorded,
                const struct wt_frame *frames, size_t count)
{
	uint32_t id = id_of(recorder, recorded);
	size_t done = 0;
	int rc = recorded->converter.note_count ? wt_recorder_write_notes(recorder) : 0;

	while (!rc && done < count) {
		uint8_t *at;
		size_t room, used, encoded;

		rc = reserve(recorder, recorded, wt_pcapng_frame_bound(&frames[done]), &at, &room);
		if (rc)
			break;
		encoded = wt_pcapng_encode_frames(at, room, id, frames + done, count - done, &used);
		wt_tape_submit(recorder->file->tape, used, id, frames + done, encoded);
		recorder->given += encoded;
		recorded->given += encoded;
		done += encoded;
	}
	return rc;
}

static uint64_t bound_of(const struct wt_frame *frames, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += wt_pcapng_frame_bound(&frames[i]);
	return bytes;
}

/* Copy like copy(), going on to the next file where this one may not become larger. */
static int copy_to_files(struct wt_recorder *recorder, struct wt_recorded *recorded,
                         const struct wt_frame *frames, size_t count)
{
	uint64_t bytes = bound_of(frames, count);
	size_t slice = bytes > wt_recorder_bytes_left(recorder) ? 1 : count;
	int rc = 0;

	for (size_t at = 0; !rc && !recorder->ending && at < count; at += slice) {
		wt_recorder_rotate_if_due(recorder, slice == 1 ? bound_of(frames + at, 1) : bytes);
		rc = recorder->ending ? 0 : copy(recorder, recorded, frames + at, slice);
	}
	return rc;
}

static void check_limits(struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;

	if (config->max_packets && recorder->given >= config->max_packets)
		wt_recorder_end_with(recorder, WT_END_PACKETS, 0);
	else if (config->max_bytes && wt_recorder_file_bytes(recorder) >= config->max_bytes)
		wt_recorder_end_with(recorder, WT_END_BYTES, 0);
}

/* Number of frames that may be read before the limits have to be looked at again. */
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

/* Copy the rest of a block. Returns the number of frames, rejected ones included. */
static uint64_t copy_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                           struct wt_block *block)
{
	struct wt_frame frames[BATCH_FRAMES];
	uint64_t read = 0;
	size_t count;
	int rc = 0;

	while (!recorder->ending &&
	       (count = wt_ring_read_frames(recorded->ring, block, frames, batch_size(recorder)))) {
		read += count;
		account(recorder, recorded, frames, count);
		rc = copy_to_files(recorder, recorded, frames, count);
		if (rc)
			wt_recorder_writer_failed(recorder, rc);
		else
			check_limits(recorder);
	}
	wt_recorder_follow_block(recorder, recorded, block);
	recorded->rejected += block->rejected;
	recorded->consumed += block->rejected;
	return read + block->rejected;
}

/* Check whether this block is to become the file where it lies. */
static bool suits_in_place(const struct wt_recorder *recorder, const struct wt_recorded *recorded,
                           const struct wt_block *block)
{
	const struct wt_recorder_config *config = &recorder->config;
	const struct wt_placement_block shape = {block->frames, block->walk.bytes};

	if (!recorded->report->reader->in_place || wt_tape_is_stream(recorder->file->tape) ||
	    !recorder->free_held || !block->frames || block->walk.fault)
		return false;
	if (block->frames > wt_recorder_packets_left(recorder) ||
	    block->bytes > wt_recorder_bytes_left(recorder))
		return false;
	if (config->max_bytes &&
	    wt_recorder_file_bytes(recorder) + block->bytes >= config->max_bytes)
		return false;
	return wt_placement_in_place(recorder->output->layout, &shape);
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
	int rc = copy_to_files(c->recorder, c->recorded, frames, count);

	if (rc)
		wt_recorder_writer_failed(c->recorder, rc);
}

/* Frames that cannot stay and lie where the chunk's end will be written are copied before
 * that, into the chunk that follows. They are few: a page of them. Returns how many. */
static size_t copy_out_of_the_way(struct conversion *c, const struct wt_frame *frames, size_t count)
{
	const uint8_t *end = c->held->block.start + wt_inplace_length(&c->in_place);
	size_t copied = 0;

	while (copied < count && frames[copied].data < end && !c->recorder->ending) {
		int rc = copy(c->recorder, c->recorded, &frames[copied], 1);

		if (rc)
			wt_recorder_writer_failed(c->recorder, rc);
		copied++;
	}
	return copied;
}

static void hand_over(struct conversion *c)
{
	int rc;

	c->recorder->given += c->in_place.packets.count;
	c->recorded->given += c->in_place.packets.count;
	rc = wt_tape_add_in_place(c->recorder->file->tape, &c->in_place, &c->held->write);
	if (rc)
		wt_recorder_writer_failed(c->recorder, rc);
}

/* `frames` and all after them cannot stay. The chunk is handed over as soon as nothing that will be
 * overwritten at its end is needed: neither a frame nor a header that has not been read. */
static void finish_by_copying(struct conversion *c, const struct wt_frame *frames, size_t count)
{
	struct wt_block *block = &c->held->block;
	size_t done = copy_out_of_the_way(c, frames, count);
	struct wt_frame next;
	bool has_next = false;

	while (done == count && !has_next && !c->recorder->ending &&
	       wt_ring_read_frames(c->recorded->ring, block, &next, 1)) {
		account(c->recorder, c->recorded, &next, 1);
		c->read++;
		has_next = !copy_out_of_the_way(c, &next, 1);
	}
	hand_over(c);
	copy_or_fail(c, frames + done, count - done);
	if (has_next)
		copy_or_fail(c, &next, 1);
	c->read += copy_block(c->recorder, c->recorded, block);
}

static void start_in_place(struct conversion *c)
{
	const struct wt_clock_estimator *estimator = &c->recorded->converter.estimator;
	const struct wt_block *block = &c->held->block;
	uint32_t id = id_of(c->recorder, c->recorded);

	wt_inplace_start(&c->in_place, block->start, block->bytes, id);
	wt_chunk_maps_add(&c->in_place.maps, id, &estimator->map);
	wt_chunk_maps_add(&c->in_place.maps, id, &estimator->previous);
}

static void convert(struct conversion *c)
{
	const size_t *notes = &c->recorded->converter.note_count, before = *notes;
	struct wt_frame frames[BATCH_FRAMES];
	struct wt_block *block = &c->held->block;
	size_t count, taken;

	start_in_place(c);
	while ((count = wt_ring_read_frames(c->recorded->ring, block, frames, BATCH_FRAMES))) {
		account(c->recorder, c->recorded, frames, count);
		c->read += count;
		/* A clock block that these frames have led to comes before them. */
		taken = *notes > before ? 0 : wt_inplace_frames(&c->in_place, frames, count);
		if (taken < count) {
			finish_by_copying(c, frames + taken, count - taken);
			return;
		}
	}
	hand_over(c);
}

/* Count the rest of a block that ended at a fault: as many as the producer reports, or as fit. */
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

/* The chunk that is under construction comes before this one. */
static uint64_t record_in_place(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                struct wt_block *block)
{
	struct conversion c = {.recorder = recorder, .recorded = recorded};
	int rc = wt_recorder_make_way(recorder);

	if (rc) {
		wt_recorder_writer_failed(recorder, rc);
		wt_recorder_follow_block(recorder, recorded, block);
		wt_reader_release_block(recorded->reader, block);
		return 0;
	}
	c.held = wt_recorder_hold(recorder, recorded, block);
	convert(&c);
	if (c.held->block.walk.fault)
		count_malformed(recorder, recorded, &c.held->block, c.read);
	wt_recorder_unpin(c.held);
	check_limits(recorder);
	return c.read;
}

static uint64_t record_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                             struct wt_block *block)
{
	uint64_t read;

	if (block->frames)
		wt_recorder_rotate_if_due(recorder, block->walk.bytes);
	if (!recorder->ending && suits_in_place(recorder, recorded, block))
		return record_in_place(recorder, recorded, block);
	read = copy_block(recorder, recorded, block);
	if (block->walk.fault)
		count_malformed(recorder, recorded, block, read);
	wt_reader_release_block(recorded->reader, block);
	return read;
}

bool wt_recorder_turn(struct wt_recorder *recorder, struct wt_recorded *recorded, int *error)
{
	struct wt_block block;
	uint64_t read = 0;
	int rc = 1;
	bool any = false;

	while (!recorder->ending && read < FRAMES_A_TURN) {
		wt_recorder_reap(recorder);
		if (recorder->ending || !wt_tape_is_ready(recorder->file->tape))
			break;
		rc = wt_reader_next_block(recorded->reader, &block);
		if (rc <= 0)
			break;
		any = true;
		read += record_block(recorder, recorded, &block);
		wt_recorder_keep_feeds(recorder);
	}
	*error = rc < 0 ? rc : 0;
	return any;
}
