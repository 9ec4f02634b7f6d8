/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversion of a ring's blocks to the tape's chunks. */
#include <wiretape/capture/recorder/intake_frames.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/tape_files.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/writer/placement.h>

static const struct wt_clock_estimator *estimator_of(const struct wt_conversion *c)
{
	return &c->recorded->converter.estimator;
}

static void keep_maps(struct wt_conversion *c)
{
	const struct wt_clock_estimator *estimator = estimator_of(c);

	c->map.number = estimator->map.number;
	if (!estimator->map.number)
		return;
	c->map = estimator->map;
	c->previous = estimator->previous;
	c->file_count = c->writer->file_count;
}

/* Account in the ledger for frames taken out of the ring. */
static void account(struct wt_conversion *c, struct wt_frame *frames, size_t count)
{
	const struct wt_recorder_config *config = &c->state->config;
	struct wt_recorded *recorded = c->recorded;
	struct wt_ledger *ledger = &recorded->report->ledger;
	const struct wt_frame_sums *sums = &c->block->walk.sums;

	wt_stamp_converter_frames(&recorded->converter, frames, count, sums);
	keep_maps(c);
	ledger->stamps_unasked = recorded->converter.unasked;
	recorded->read += count;
	c->read += count;
	ledger->truncated += sums->cut;
	wt_stamp_tally_add(&ledger->stamps, frames, count, sums);
	wt_recorder_follow_frames(c->feeds, recorded, frames, count);
	if (config->on_frames)
		config->on_frames(config->context, config->lane, recorded->id, frames, count);
}

/* These frames of what was read are for the file. */
static void grant(struct wt_conversion *c, size_t count)
{
	account(c, c->frames + c->granted, count);
	c->granted += count;
	c->prepaid -= count < c->prepaid ? count : c->prepaid;
}

bool wt_conversion_owes(const struct wt_conversion *c)
{
	return c->state->config.share && c->recorded && (c->done < c->granted || c->prepaid);
}

/* What frames of the batch from this one on tell of. */
static uint64_t drops_from(const struct wt_conversion *c, size_t first)
{
	uint64_t drops = 0;

	for (size_t i = first; i < c->count; i++)
		drops += c->frames[i].dropped_before;
	return drops;
}

/* Count frames that the tape has, from `first` of the batch on, with what they tell of. */
static void count_given(struct wt_conversion *c, size_t first, size_t count)
{
	struct wt_recorded *recorded = c->recorded;

	if (count)
		recorded->drops_placed =
		        wt_ring_drops_told(recorded->ring) - drops_from(c, first + count);
	recorded->given += count;
	c->given += count;
}

/* Reserve room for packets in a chunk that has, or can take, the maps of their stamps. */
static int reserve(struct wt_conversion *c, size_t min_bytes, uint8_t **at, size_t *room)
{
	int rc;

	while (!(rc = wt_tape_reserve(c->writer->file->tape, min_bytes, at, room)) &&
	       !wt_tape_carry_maps(c->writer->file->tape, c->recorded->id, &c->map, &c->previous)) {
		rc = wt_tape_writer_flush(c->writer);
		if (rc)
			break;
	}
	return rc;
}

/* Whether the clock has been compared since the batch was read. */
static bool maps_are_old(const struct wt_conversion *c)
{
	return c->map.number != estimator_of(c)->map.number;
}

/* Write what the stamps of the batch rest on. A file that has been begun since begins with the
 * latest maps. */
static int write_notes(struct wt_conversion *c)
{
	int rc = 0;

	if (c->recorded->converter.note_count)
		rc = wt_clock_notes_write(c->writer);
	if (rc || !maps_are_old(c) || c->file_count == c->writer->file_count)
		return rc;
	rc = wt_clock_notes_write_map(c->writer, &c->previous, c->recorded->id);
	if (!rc)
		rc = wt_clock_notes_write_map(c->writer, &c->map, c->recorded->id);
	if (!rc)
		c->file_count = c->writer->file_count;
	return rc;
}

static size_t encode(const struct wt_conversion *c, uint8_t *at, size_t room,
                     const struct wt_frame *frames, size_t count, size_t *used)
{
	const struct wt_reader_info *reader = c->recorded->report->reader;
	uint32_t id = c->recorded->id;

	if (reader->fanout == WT_FANOUT_NONE)
		return wt_pcapng_encode_frames(at, room, id, frames, count, used);
	return wt_pcapng_encode_queue(at, room, id, reader->queue, frames, count, used);
}

/* Copy into the chunk under construction, after the records of maps that they have led to. Returns
 * how many were; fewer than `count`, and *error, if there is no room or the writer fails. */
static size_t copy(struct wt_conversion *c, const struct wt_frame *frames, size_t count, int *error)
{
	uint32_t id = c->recorded->id;
	size_t done = 0;
	int rc = write_notes(c);

	while (!rc && done < count) {
		uint8_t *at;
		size_t room, used, encoded;

		rc = reserve(c, wt_pcapng_frame_bound(&frames[done]), &at, &room);
		if (rc)
			break;
		encoded = encode(c, at, room, frames + done, count - done, &used);
		wt_tape_submit(c->writer->file->tape, used, id, frames + done, encoded);
		count_given(c, (size_t)(frames - c->frames) + done, encoded);
		done += encoded;
	}
	*error = rc;
	return done;
}

/* Bytes that the recording may still have. */
static uint64_t all_bytes_left(const struct wt_conversion *c)
{
	uint64_t most = c->state->config.max_bytes, has;

	if (!most)
		return UINT64_MAX;
	has = wt_tape_files_all_bytes(c->writer);
	return most > has ? most - has : 0;
}

static uint64_t all_packets_left(const struct wt_conversion *c)
{
	uint64_t most = c->state->config.max_packets;

	if (!most)
		return UINT64_MAX;
	return most > c->given ? most - c->given : 0;
}

/* Count how many of these frames have room in so many bytes; `least` of them in any case. */
static size_t count_fitting(const struct wt_frame *frames, size_t count, uint64_t bytes,
                            size_t least)
{
	size_t fitting = 0;

	while (fitting < count &&
	       (fitting < least || wt_pcapng_packet_bound(frames[fitting].caplen) <= bytes)) {
		uint64_t bound = wt_pcapng_packet_bound(frames[fitting].caplen);

		bytes -= bound < bytes ? bound : bytes;
		fitting++;
	}
	return fitting;
}

/* Frames that go to the tape next; 0: the file is full. Its first packet finds room however large
 * it is: in another it would find no more. */
static size_t next_slice(const struct wt_conversion *c)
{
	const struct wt_tape_writer *writer = c->writer;
	size_t count = c->granted - c->done;

	if (!writer->max_bytes)
		return count;
	return count_fitting(c->frames + c->done, count, wt_tape_files_bytes_left(writer),
	                     !wt_tape_all_packets(writer->file->tape));
}

/* Have as many of the frames that were read granted as the limits of all lanes together allow; none
 * if the recording has all it may have, or another file has been begun. -EAGAIN: that one has no
 * room yet. */
static int ask_for_more(struct wt_conversion *c)
{
	struct wt_recorder_share *share = c->state->config.share;
	uint64_t wanted = c->count - c->granted;

	if (c->prepaid && c->prepaid < wanted)
		wanted = c->prepaid;
	if (!c->prepaid) {
		if (!wt_tape_files_follow(c->writer))
			return -EAGAIN;
		wanted = wt_recorder_share_take(share, c->writer->file_count, wanted);
	}
	if (wanted)
		grant(c, (size_t)wanted);
	else if (wt_recorder_share_is_full(share))
		wt_recorder_end_with(c->state, WT_END_PACKETS, 0);
	return 0;
}

/* Give the batch to the tape, apart from what is stamped by other maps. 0, -EAGAIN, or the writer's
 * error. */
static int give_batch(struct wt_conversion *c)
{
	int rc = 0;

	while (!rc && c->done < c->count && !wt_recorder_is_over(c->state)) {
		size_t slice;

		if (c->done == c->granted) {
			rc = ask_for_more(c);
			continue;
		}
		if (!wt_tape_files_admit(c->writer, 0))
			return -EAGAIN;
		slice = next_slice(c);
		if (!slice) {
			wt_tape_files_rotate(c->writer);
			continue;
		}
		c->done += copy(c, c->frames + c->done, slice, &rc);
	}
	return !rc && maps_are_old(c) ? wt_tape_writer_flush(c->writer) : rc;
}

/* Keep what the limit of bytes lets in, of which the first packet is part in any case. */
static size_t keep_to_limit(struct wt_conversion *c, size_t count)
{
	size_t kept;

	if (!c->state->config.max_bytes)
		return count;
	kept = count_fitting(c->frames, count, all_bytes_left(c), !c->given);
	c->last = kept < count;
	if (c->last)
		wt_frame_sums_of(&c->block->walk.sums, c->frames, kept);
	return kept;
}

/* Read frames, no more than the limits of packets let in; one, if the file is full: it begins the
 * next. False at the end of the block. */
static bool read_batch(struct wt_conversion *c)
{
	uint64_t most = WT_BATCH_FRAMES, all = all_packets_left(c),
	         file = wt_tape_files_packets_left(c->writer);

	if (all < most)
		most = all;
	if (file < most)
		most = file ? file : 1;
	c->done = c->granted = 0;
	c->count = wt_ring_read_frames(c->recorded->ring, c->block, c->frames, (size_t)most);
	if (!c->count)
		return false;
	c->count = keep_to_limit(c, c->count);
	if (c->count && !c->state->config.share)
		grant(c, c->count);
	return true;
}

static void check_limits(struct wt_conversion *c)
{
	const struct wt_recorder_share *share = c->state->config.share;

	if (!all_packets_left(c) ||
	    (share && wt_recorder_share_is_full(share) && !wt_conversion_owes(c)))
		wt_recorder_end_with(c->state, WT_END_PACKETS, 0);
	else if (c->last)
		wt_recorder_end_with(c->state, WT_END_BYTES, 0);
}

/* Copy the rest of the block. False: there is no room. */
static bool copy_block(struct wt_conversion *c)
{
	while (!wt_recorder_is_over(c->state)) {
		int rc = give_batch(c);

		if (rc == -EAGAIN)
			return false;
		if (rc)
			wt_recorder_writer_failed(c->state, rc);
		check_limits(c);
		if (wt_recorder_is_over(c->state) || !read_batch(c))
			break;
	}
	return true;
}

/* Check whether this block is to become the file where it lies. */
static bool suits_in_place(const struct wt_conversion *c)
{
	const struct wt_block *block = c->block;
	const struct wt_placement_block shape = {block->frames, block->walk.bytes};

	if (!c->recorded->report->reader->in_place || wt_tape_is_stream(c->writer->file->tape) ||
	    !c->held.free || !block->frames || block->walk.fault)
		return false;
	if (block->frames > all_packets_left(c) ||
	    block->frames > wt_tape_files_packets_left(c->writer))
		return false;
	if (block->bytes > wt_tape_files_bytes_left(c->writer) || block->bytes > all_bytes_left(c))
		return false;
	return wt_placement_in_place(c->state->output->layout, &shape);
}

/* Frames that cannot stay and lie where the chunk's end will be written are copied before
 * that, into the chunk that follows. They are few, a page of them, and have room in a buffer. */
static void copy_out_of_the_way(struct wt_conversion *c)
{
	const uint8_t *end = c->block->start + wt_inplace_length(&c->in_place);
	size_t count = c->done;
	int rc;

	while (count < c->count && c->frames[count].data < end)
		count++;
	c->done += copy(c, c->frames + c->done, count - c->done, &rc);
	assert(rc != -EAGAIN);
	if (rc)
		wt_recorder_writer_failed(c->state, rc);
}

static void hand_over(struct wt_conversion *c)
{
	int rc = wt_tape_add_in_place(c->writer->file->tape, &c->in_place, &c->held_block->write);

	if (rc)
		wt_recorder_writer_failed(c->state, rc);
}

/* The frames from `done` on and all after them cannot stay. The chunk is handed over as soon as
 * nothing that will be overwritten at its end is needed: neither a frame nor a header that has not
 * been read. */
static void finish_by_copying(struct wt_conversion *c)
{
	copy_out_of_the_way(c);
	while (c->done == c->count && !wt_recorder_is_over(c->state)) {
		c->done = c->granted = 0;
		c->count = wt_ring_read_frames(c->recorded->ring, c->block, c->frames, 1);
		if (!c->count)
			break;
		grant(c, 1);
		copy_out_of_the_way(c);
	}
	hand_over(c);
}

static void start_in_place(struct wt_conversion *c)
{
	const struct wt_clock_estimator *estimator = estimator_of(c);
	const struct wt_reader_info *reader = c->recorded->report->reader;
	const struct wt_block *block = c->block;

	wt_inplace_start(&c->in_place, block->start, block->bytes, c->recorded->id);
	if (reader->fanout != WT_FANOUT_NONE)
		wt_inplace_set_queue(&c->in_place, reader->queue);
	wt_chunk_maps_add(&c->in_place.maps, c->recorded->id, &estimator->map);
	wt_chunk_maps_add(&c->in_place.maps, c->recorded->id, &estimator->previous);
}

static void convert(struct wt_conversion *c)
{
	const size_t *notes = &c->recorded->converter.note_count, before = *notes;

	start_in_place(c);
	while ((c->count = wt_ring_read_frames(c->recorded->ring, c->block, c->frames,
	                                       WT_BATCH_FRAMES))) {
		c->granted = 0;
		grant(c, c->count);
		/* A clock block that these frames have led to comes before them. */
		c->done =
		        *notes > before ? 0 : wt_inplace_frames(&c->in_place, c->frames, c->count);
		count_given(c, 0, c->done);
		if (c->done < c->count) {
			finish_by_copying(c);
			return;
		}
	}
	c->done = c->granted = 0;
	hand_over(c);
}

/* Whether all of the block may go to this file. */
static bool is_granted(struct wt_conversion *c)
{
	struct wt_recorder_share *share = c->state->config.share;

	if (!share)
		return true;
	if (!wt_recorder_share_take_all(share, c->writer->file_count, c->block->frames))
		return false;
	c->prepaid = c->block->frames;
	return true;
}

/* Settle what becomes of the block. False: there is no room for it yet. The chunk that is under
 * construction comes before one made in place; a new file's header and the closing blocks of the
 * one before may have filled the disk since the block was borrowed. */
static bool begin(struct wt_conversion *c)
{
	bool fits;
	int rc;

	if (c->block->frames && (!wt_tape_files_follow(c->writer) ||
	                         !wt_tape_files_admit(c->writer, c->block->walk.bytes)))
		return false;
	fits = suits_in_place(c);
	if (fits) {
		rc = wt_tape_writer_flush(c->writer);
		if (rc && rc != -EAGAIN)
			wt_recorder_writer_failed(c->state, rc);
		if (rc || !wt_tape_writer_takes_in_place(c->writer))
			return false;
	}
	if (fits && is_granted(c)) {
		c->held_block = wt_held_block_take(&c->held, c->recorded, &c->own);
		c->block = &c->held_block->block;
		convert(c);
	}
	c->begun = true;
	return true;
}

/* Count the rest of a block that ended at a fault: as many as the producer reports, or as fit. */
static void count_malformed(struct wt_conversion *c)
{
	enum { SMALLEST_SLOT = 68 };
	struct wt_recorded *recorded = c->recorded;
	const struct wt_block *block = c->block;
	uint64_t claimed = block->frames;
	char text[WT_MAX_DEGRADED_TEXT];

	if (claimed > block->bytes / SMALLEST_SLOT)
		claimed = block->bytes / SMALLEST_SLOT;
	if (claimed > c->read)
		recorded->report->ledger.lost.malformed += claimed - c->read;
	snprintf(text, sizeof(text), "%s: malformed ring block: %s", recorded->report->reader->name,
	         wt_walk_fault_text((enum wt_walk_fault)block->walk.fault));
	wt_recorder_note_degraded(c->state, text);
}

static void finish(struct wt_conversion *c)
{
	struct wt_recorded *recorded = c->recorded;

	wt_recorder_follow_block(c->feeds, recorded, c->block);
	recorded->rejected += c->block->rejected;
	c->read += c->block->rejected;
	if (c->block->walk.fault)
		count_malformed(c);
	if (c->held_block)
		wt_held_block_unpin(c->held_block);
	else
		wt_reader_release_block(recorded->reader, c->block);
	c->recorded = NULL;
	c->prepaid = 0;
}

void wt_conversion_begin(struct wt_conversion *c, struct wt_recorded *recorded,
                         const struct wt_block *block)
{
	c->recorded = recorded;
	c->own = *block;
	c->block = &c->own;
	c->held_block = NULL;
	c->begun = c->last = false;
	c->read = 0;
	c->done = c->granted = c->count = 0;
	keep_maps(c);
}

bool wt_conversion_advance(struct wt_conversion *c)
{
	if (!wt_recorder_is_over(c->state) && !c->begun && !begin(c) &&
	    !wt_recorder_is_over(c->state))
		return false;
	if (!copy_block(c))
		return false;
	finish(c);
	return true;
}
