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

double wt_ring_high_water_pct(const struct wt_ring *ring)
{
	return ring->units ? 100.0 * ring->high_water / ring->units : 0.0;
}

void wt_ring_fill(const struct wt_ring *ring, uint32_t *filled, uint32_t *total)
{
	ring->ops->fill(ring, filled, total);
}

void wt_ring_close(struct wt_ring *ring)
{
	if (ring)
		ring->ops->close(ring);
}
