/* SPDX-License-Identifier: BSD-2-Clause */

/* A program as somebody outside would write it: plays the kernel, reads the ring,
 * and writes what it read to standard output as pcapng. */

#include <linux/if_packet.h>
#include <stdio.h>

#include <wiretape/ring/sim_ring.h>
#include <wiretape/pcapng/pcapng_encode.h>

enum { FRAMES = 100, FRAME_BYTES = 60, BATCH = 64 };

static int fill(struct wt_sim_ring *sim)
{
	static const uint8_t bytes[FRAME_BYTES] = {0x01, 0x00, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 1, 8};
	struct wt_sim_frame frame = {
	        .data = bytes,
	        .len = sizeof(bytes),
	        .status = TP_STATUS_TS_SOFTWARE,
	        .packet_type = PACKET_MULTICAST,
	};

	for (int i = 0; i < FRAMES; i++) {
		frame.stamp_ns = INT64_C(1700000000000000000) + i;
		if (!(wt_sim_ring_deliver(sim, &frame) & WT_SIM_STORED))
			return 1;
	}
	wt_sim_ring_flush(sim);
	return 0;
}

static int write_header(uint8_t *buffer, size_t capacity)
{
	struct wt_pcapng_section section = {.application = "consumer"};
	struct wt_pcapng_interface interface = {.link_type = 1, .name = "sim0"};
	ssize_t used = wt_pcapng_encode_section(buffer, capacity, &section);

	if (used < 0 || fwrite(buffer, 1, (size_t)used, stdout) != (size_t)used)
		return 1;
	used = wt_pcapng_encode_interface(buffer, capacity, &interface);
	return used < 0 || fwrite(buffer, 1, (size_t)used, stdout) != (size_t)used;
}

static size_t write_block(struct wt_ring *ring, struct wt_block *block, uint8_t *buffer,
                          size_t capacity)
{
	struct wt_frame frames[BATCH];
	size_t count, used, total = 0;

	while ((count = wt_ring_read_frames(ring, block, frames, BATCH))) {
		total += wt_pcapng_encode_frames(buffer, capacity, 0, frames, count, &used);
		if (fwrite(buffer, 1, used, stdout) != used)
			return 0;
	}
	return total;
}

int main(void)
{
	static _Alignas(8) uint8_t buffer[64 * 1024];
	struct wt_sim_config config = {.layout = WT_SIM_TPACKET_V3};
	struct wt_sim_ring *sim;
	struct wt_block block;
	size_t written = 0;

	if (wt_sim_ring_create(&sim, &config) || fill(sim) || write_header(buffer, sizeof(buffer)))
		return 1;
	while (wt_ring_next_block(wt_sim_ring_reader(sim), &block) > 0) {
		written += write_block(wt_sim_ring_reader(sim), &block, buffer, sizeof(buffer));
		wt_ring_release_block(wt_sim_ring_reader(sim), &block);
	}
	wt_sim_ring_destroy(sim);
	return fflush(stdout) || written != FRAMES;
}
