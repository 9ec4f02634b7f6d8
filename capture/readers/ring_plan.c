/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader.h>

#include <linux/if_packet.h>

enum { SMALLEST_BLOCK = 16 * 1024, LARGEST_BLOCK = 1024 * 1024, LIKED_BLOCKS = 8 };

/* Find the largest size of block, a power of two, such that the ring holds eight. */
static uint32_t block_bytes_for(uint64_t ring_bytes)
{
	uint32_t bytes = LARGEST_BLOCK;

	while (bytes > SMALLEST_BLOCK && ring_bytes / bytes < LIKED_BLOCKS)
		bytes /= 2;
	return bytes;
}

static uint32_t count_for(uint64_t ring_bytes, uint32_t block_bytes, uint64_t most)
{
	uint64_t count = ring_bytes / block_bytes + (ring_bytes % block_bytes != 0);

	if (count < 2)
		count = 2;
	return (uint32_t)(count < most ? count : most);
}

struct wt_ring_plan wt_ring_plan_v3(uint64_t ring_bytes)
{
	struct wt_ring_plan plan = {.block_bytes = block_bytes_for(ring_bytes)};

	plan.block_count = count_for(ring_bytes, plan.block_bytes, UINT32_MAX);
	return plan;
}

struct wt_ring_plan wt_ring_plan_v2(uint64_t ring_bytes, uint32_t frame_bytes)
{
	enum { TAG_BYTES = 4, LINK_HEADER_SLACK = 32 };
	struct wt_ring_plan plan = {.block_bytes = block_bytes_for(ring_bytes)};
	uint64_t slot = TPACKET_ALIGN(TPACKET2_HDRLEN + (uint64_t)frame_bytes + TAG_BYTES +
	                              LINK_HEADER_SLACK);

	while (plan.block_bytes < slot && plan.block_bytes < LARGEST_BLOCK)
		plan.block_bytes *= 2;
	plan.slot_bytes = slot < plan.block_bytes ? (uint32_t)slot : plan.block_bytes;
	plan.block_count = count_for(ring_bytes, plan.block_bytes,
	                             UINT32_MAX / (plan.block_bytes / plan.slot_bytes));
	return plan;
}
