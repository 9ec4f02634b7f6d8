/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/reader_private.h>
#include <wiretape/ring/tpacket_v3.h>

#include <linux/if_packet.h>
#include <string.h>

static size_t shape(const struct wt_ring_plan *plan, uint32_t retire_timeout_ms, void *request)
{
	/* The frame size means nothing to V3, but has to divide the block. */
	struct tpacket_req3 wanted = {
	        .tp_block_size = plan->block_bytes,
	        .tp_block_nr = plan->block_count,
	        .tp_frame_size = plan->block_bytes,
	        .tp_frame_nr = plan->block_count,
	        .tp_retire_blk_tov = retire_timeout_ms,
	};

	memcpy(request, &wanted, sizeof(wanted));
	return sizeof(wanted);
}

int wt_gen02_tpacket_v3_open(struct wt_reader **reader, const struct wt_reader_config *config,
                             struct wt_error *err)
{
	struct wt_live_reader *live;
	int ret = wt_live_reader_create(&live, sizeof(*live), config, &wt_live_reader_ops, err);

	if (ret)
		return ret;
	live->reader.info.retire_timeout_ms = config->retire_timeout_ms;
	ret = wt_live_reader_map(live, config, TPACKET_V3, shape, 0, err);
	if (!ret)
		ret = wt_tpacket_v3_ring_open(&live->reader.ring, &live->memory);
	if (!ret)
		ret = wt_packet_socket_bind(&live->packet, !config->no_promiscuous, err);
	if (ret) {
		wt_live_reader_close(&live->reader);
		return ret;
	}
	*reader = &live->reader;
	return 0;
}
