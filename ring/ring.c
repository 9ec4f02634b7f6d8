/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/ring_private.h>

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
