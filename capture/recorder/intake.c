/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/intake.h>

enum {
	FRAMES_A_TURN = 16384,    /* before the clerk gets his */
	DRAIN_PATIENCE_MS = 3000, /* without anything out of a ring, besides its timeout */
	ROOMY_BYTES = 128 << 20,  /* 10 ms at 100 Gbit/s */
};
static const int64_t ms_ns = 1000000;

/* Whether it is more than half full. One that cannot tell may be. */
static bool is_urgent(const struct wt_intake_ring *ring)
{
	uint32_t filled, total;

	wt_ring_fill(ring->recorded->ring, &filled, &total);
	return filled > total / 2 || !total;
}

/* Rings that are more than half full come first; of those that are, or are not, the one that has
 * been given the least: so one that needs little is not kept waiting by one that always has more.
 */
static struct wt_intake_ring *choose_ring(struct wt_intake *intake)
{
	struct wt_intake_ring *best = NULL;
	bool best_is_urgent = false;

	if (intake->ring_count == 1)
		return intake->rings[0].tried ? NULL : intake->rings;
	for (size_t i = 0; i < intake->ring_count; i++) {
		struct wt_intake_ring *ring = &intake->rings[i];
		bool urgent;

		if (ring->tried)
			continue;
		urgent = is_urgent(ring);
		if (best && (urgent == best_is_urgent ? ring->served_bytes >= best->served_bytes
		                                      : best_is_urgent))
			continue;
		best = ring;
		best_is_urgent = urgent;
	}
	return best;
}

/* A ring that had nothing for a while has saved up nothing. */
static void count_served(struct wt_intake *intake, struct wt_intake_ring *ring, uint64_t bytes)
{
	if (ring->served_bytes < intake->served_bytes)
		ring->served_bytes = intake->served_bytes;
	intake->served_bytes = ring->served_bytes;
	ring->served_bytes += bytes;
}

/* Borrow the next block of all rings. */
static bool borrow(struct wt_intake *intake, struct wt_block *block, struct wt_recorded **recorded)
{
	struct wt_intake_ring *ring;

	for (size_t i = 0; i < intake->ring_count; i++)
		intake->rings[i].tried = false;
	while ((ring = choose_ring(intake))) {
		int rc = wt_reader_next_block(ring->recorded->reader, block);

		if (rc > 0) {
			count_served(intake, ring, block->walk.bytes);
			*recorded = ring->recorded;
			return true;
		}
		ring->recorded->troubled |= rc < 0;
		ring->tried = true;
	}
	return false;
}

bool wt_intake_serve(struct wt_intake *intake)
{
	struct wt_conversion *conversion = &intake->conversion;
	struct wt_recorder_state *state = conversion->state;
	struct wt_recorded *recorded;
	struct wt_block block;
	uint64_t read = 0;

	intake->found_empty = false;
	while (read < FRAMES_A_TURN && !wt_recorder_is_over(state)) {
		if (!conversion->recorded) {
			wt_tape_writer_reap(conversion->writer);
			if (wt_recorder_is_over(state) ||
			    !wt_tape_writer_is_ready(conversion->writer))
				return false;
			intake->found_empty = !borrow(intake, &block, &recorded);
			if (intake->found_empty)
				return false;
			intake->served = true;
			wt_conversion_begin(conversion, recorded, &block);
		}
		if (!wt_conversion_advance(conversion))
			return false;
		read += conversion->read;
		wt_recorder_keep_feeds(conversion->feeds);
	}
	return !state->ending;
}

bool wt_intake_has_room(const struct wt_intake *intake)
{
	for (size_t i = 0; i < intake->ring_count; i++) {
		const struct wt_intake_ring *ring = &intake->rings[i];

		if (ring->recorded->report->reader->ring_bytes < ROOMY_BYTES || is_urgent(ring))
			return false;
	}
	return true;
}

static uint64_t count_waiting(const struct wt_intake *intake)
{
	uint64_t waiting = 0;

	for (size_t i = 0; i < intake->ring_count; i++)
		waiting += wt_recorded_waiting(intake->rings[i].recorded);
	return waiting;
}

/* The kernel hands over a block that is not full in the second period of its timer. */
static int64_t patience_ns(const struct wt_intake *intake)
{
	uint32_t timeout_ms = 0;

	for (size_t i = 0; i < intake->ring_count; i++) {
		const struct wt_reader_info *info = intake->rings[i].recorded->report->reader;

		if (info->retire_timeout_ms > timeout_ms)
			timeout_ms = info->retire_timeout_ms;
	}
	return (DRAIN_PATIENCE_MS + 2 * (int64_t)timeout_ms) * ms_ns;
}

void wt_intake_begin_drain(struct wt_intake *intake)
{
	intake->waiting = count_waiting(intake);
	intake->progress_ns = intake->conversion.state->now_ns;
}

bool wt_intake_is_drained(struct wt_intake *intake)
{
	int64_t now_ns = intake->conversion.state->now_ns;
	uint64_t waiting = count_waiting(intake);

	if (!waiting && !intake->conversion.recorded)
		return true;
	if (waiting != intake->waiting || !intake->found_empty)
		intake->progress_ns = now_ns;
	intake->waiting = waiting;
	return now_ns - intake->progress_ns > patience_ns(intake);
}

void wt_intake_drop(struct wt_intake *intake)
{
	if (intake->conversion.recorded)
		wt_conversion_advance(&intake->conversion);
}

static void follow_ring(struct wt_intake *intake, struct wt_recorded *recorded)
{
	struct wt_block block;

	while (wt_recorded_waiting(recorded) &&
	       wt_reader_next_block(recorded->reader, &block) > 0) {
		wt_recorder_follow_block(intake->conversion.feeds, recorded, &block);
		recorded->followed += block.rejected;
		wt_ring_release_block(recorded->ring, &block);
	}
}

/* The ledger has them as lost by the writer already. */
void wt_intake_follow(struct wt_intake *intake)
{
	intake->found_empty = true;
	for (size_t i = 0; i < intake->ring_count; i++)
		follow_ring(intake, intake->rings[i].recorded);
}
