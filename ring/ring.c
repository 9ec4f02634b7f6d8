/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/ring_private.h>

#include <errno.h>
#include <stdlib.h>

int wt_ring_alloc(struct wt_ring **ring, size_t size, const struct wt_ring_ops *ops,
                  const struct wt_ring_memory *memory, uint32_t units)
{
	struct wt_ring *made = calloc(1, size);

	if (!made)
		return -ENOMEM;
	made->held = calloc(units ? units : 1, sizeof(*made->held));
	if (!made->held) {
		free(made);
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
	free(ring->held);
	free(ring);
}

int wt_ring_next_block(struct wt_ring *ring, struct wt_block *block)
{
	return ring->ops->next_block(ring, block);
}

size_t wt_ring_read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                           size_t max)
{
	return ring->ops->read_frames(ring, block, frames, max);
}

void wt_ring_release_block(struct wt_ring *ring, struct wt_block *block)
{
	ring->ops->release_block(ring, block);
}

void wt_ring_raise_high_water(struct wt_ring *ring, const struct wt_ring_units *units)
{
	uint32_t before = ring->high_water, oldest, newest;
	int64_t span_ns;

	if (ring->high_water < ring->held_count)
		ring->high_water = ring->held_count;
	while (ring->high_water < ring->units &&
	       units->is_waiting(ring, (uint32_t)(((uint64_t)ring->head + ring->high_water -
	                                           ring->held_count) %
	                                          ring->units)))
		ring->high_water++;
	if (ring->high_water == before)
		return;
	oldest = (uint32_t)(((uint64_t)ring->head + ring->units - ring->held_count) % ring->units);
	newest = (uint32_t)(((uint64_t)oldest + ring->high_water - 1) % ring->units);
	span_ns = units->last_ns(ring, newest) - units->first_ns(ring, oldest);
	if (span_ns > ring->high_water_ns)
		ring->high_water_ns = span_ns;
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

void wt_ring_fill(const struct wt_ring *ring, uint32_t *filled, uint32_t *total)
{
	ring->ops->fill(ring, filled, total);
}

uint64_t wt_ring_handed_over(const struct wt_ring *ring)
{
	uint32_t filled, total;

	wt_ring_fill(ring, &filled, &total);
	return ring->blocks_borrowed + filled - ring->held_count;
}

void wt_ring_close(struct wt_ring *ring)
{
	if (ring)
		ring->ops->close(ring);
}
