/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/ring_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int wt_ring_alloc(struct wt_ring **ring, size_t size, const struct wt_ring_ops *ops,
                  const struct wt_ring_memory *memory, uint32_t units)
{
	struct wt_ring *made = calloc(1, size);

	if (!made)
		return -ENOMEM;
	made->held = calloc(units ? units : 1, sizeof(*made->held));
	/* One number more than places: one may wait at the ring's end while the oldest waits, too.
	 */
	if (!made->held || wt_drop_marks_init(&made->drops, (uint64_t)units + 1)) {
		wt_ring_free(made);
		return -ENOMEM;
	}
	made->ops = ops;
	made->memory = *memory;
	made->units = units;
	*ring = made;
	return 0;
}

void wt_ring_free(struct wt_ring *ring)
{
	wt_drop_marks_fini(&ring->drops);
	free(ring->held);
	free(ring);
}

int wt_ring_next_block(struct wt_ring *ring, struct wt_block *block)
{
	int rc = ring->ops->next_block(ring, block);

	if (rc > 0)
		block->lost_before = wt_drop_marks_borrow(&ring->drops, block->number);
	return rc;
}

size_t wt_ring_read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                           size_t max)
{
	size_t count = ring->ops->read_frames(ring, block, frames, max);

	if (count)
		frames[0].dropped_before = wt_drop_marks_tell(&ring->drops);
	if (!ring->ops->sums_up)
		wt_frame_sums_of(&block->walk.sums, frames, count);
	return count;
}

void wt_ring_release_block(struct wt_ring *ring, struct wt_block *block)
{
	ring->ops->release_block(ring, block);
}

/* Place of a unit, by its number. */
static uint32_t place_of(const struct wt_ring *ring, uint64_t number)
{
	return (uint32_t)(number % ring->units);
}

/* Each of the next `ring->units` numbers from the oldest on has a place: unless borrowed, it is
 * free or has been filled for this number. */
bool wt_ring_has_filled(const struct wt_ring *ring, uint64_t number)
{
	assert(number <= wt_ring_end(ring));
	if (!ring->units || !ring->ops->is_filled)
		return false;
	return number <= ring->borrowed || ring->ops->is_filled(ring, place_of(ring, number - 1));
}

void wt_ring_raise_high_water(struct wt_ring *ring, const struct wt_ring_stamps *stamps)
{
	uint32_t before = ring->high_water;
	uint64_t newest;
	int64_t span_ns;

	while (ring->high_water < ring->units &&
	       wt_ring_has_filled(ring, ring->oldest + ring->high_water + 1))
		ring->high_water++;
	if (ring->high_water == before)
		return;
	/* Not borrowed: the mark was raised for those when they were. */
	newest = ring->oldest + ring->high_water - 1;
	span_ns =
	        stamps->last_ns(ring, place_of(ring, newest)) -
	        stamps->first_ns(ring, place_of(ring, ring->oldest), ring->oldest < ring->borrowed);
	if (span_ns > ring->high_water_ns)
		ring->high_water_ns = span_ns;
}

/* Units handed over before the producer was last asked speak of drops that it has told. */
static uint64_t first_losing(const struct wt_ring *ring, uint64_t handed_over)
{
	uint64_t number = ring->borrowed > ring->asked ? ring->borrowed : ring->asked;

	if (!ring->ops->is_losing)
		return handed_over;
	while (number < handed_over && !ring->ops->is_losing(ring, place_of(ring, number)))
		number++;
	return number;
}

/* If there were drops in both places nobody knows how many in which: the time before was short, so
 * it was one. */
static void note_drops(struct wt_ring *ring, uint64_t first, uint64_t last, uint64_t drops)
{
	if (first < last) {
		wt_drop_marks_note(&ring->drops, first, 1);
		drops--;
	}
	wt_drop_marks_note(&ring->drops, last, drops);
}

/* A producer that has room has stopped at `end` for the last time, else where it stands now. The
 * kernel also drops a frame though there is room, if it comes while another CPU closes a block and
 * opens the next (packet_rcv_has_room() looks without the lock). */
void wt_ring_take_drops(struct wt_ring *ring, uint64_t end, uint64_t drops)
{
	uint64_t handed_over = wt_ring_handed_over(ring);
	bool has_room = handed_over < wt_ring_end(ring);
	uint64_t last = has_room && end < handed_over ? end : handed_over;

	if (!ring->ops->is_filled)
		return;
	assert(last >= ring->borrowed);
	if (drops)
		note_drops(ring, first_losing(ring, handed_over), last, drops);
	ring->asked = handed_over;
}

bool wt_ring_next_is_losing(const struct wt_ring *ring)
{
	return ring->ops->is_losing && ring->borrowed >= ring->asked &&
	       ring->borrowed < wt_ring_end(ring) && ring->ops->is_filled(ring, ring->head) &&
	       ring->ops->is_losing(ring, ring->head);
}

uint64_t wt_ring_drops_told(const struct wt_ring *ring)
{
	return ring->drops.told;
}

void wt_ring_borrow(struct wt_ring *ring, uint32_t count)
{
	assert(count && count <= ring->units - ring->head);
	assert(ring->borrowed + count <= wt_ring_end(ring));
	memset(ring->held + ring->head, true, count);
	ring->borrowed += count;
	ring->head += count;
	if (ring->head == ring->units)
		ring->head = 0;
}

void wt_ring_give_back(struct wt_ring *ring, uint32_t index, uint32_t count)
{
	uint32_t place;

	assert(index < ring->units && count <= ring->units - index);
	assert(ring->held[index]);
	memset(ring->held + index, false, count);
	place = place_of(ring, ring->oldest);
	while (ring->oldest < ring->borrowed && !ring->held[place]) {
		ring->oldest++;
		place = place + 1 == ring->units ? 0 : place + 1;
	}
}

void wt_ring_note_fill(struct wt_ring *ring)
{
	if (ring->ops->note_fill)
		ring->ops->note_fill(ring);
}

int64_t wt_ring_high_water_ns(const struct wt_ring *ring)
{
	return ring->high_water_ns;
}

double wt_ring_high_water_pct(const struct wt_ring *ring)
{
	return ring->units ? 100.0 * ring->high_water / ring->units : 0.0;
}

uint64_t wt_ring_end(const struct wt_ring *ring)
{
	return ring->oldest + ring->units;
}

uint64_t wt_ring_handed_over(struct wt_ring *ring)
{
	uint32_t place;

	if (ring->handed_over < ring->borrowed)
		ring->handed_over = ring->borrowed;
	if (!ring->units || !ring->ops->is_filled)
		return ring->handed_over;
	place = place_of(ring, ring->handed_over);
	while (ring->handed_over < wt_ring_end(ring) && ring->ops->is_filled(ring, place)) {
		ring->handed_over++;
		place = place + 1 == ring->units ? 0 : place + 1;
	}
	return ring->handed_over;
}

void wt_ring_fill(struct wt_ring *ring, uint32_t *filled, uint32_t *total)
{
	if (ring->ops->fill) {
		ring->ops->fill(ring, filled, total);
		return;
	}
	*filled = (uint32_t)(wt_ring_handed_over(ring) - ring->oldest);
	*total = ring->units;
}

void wt_ring_close(struct wt_ring *ring)
{
	if (ring)
		ring->ops->close(ring);
}
