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

/* The kernel cuts a frame that does not fit into a block. Say so where such frames can
 * come: larger than the MTU they are when the kernel or the NIC has merged segments. */
static void check_block_size(struct wt_live_reader *live, uint32_t snaplen)
{
	enum { LINK_HEADER_BYTES = 18, MERGED_BYTES = 65535, BLOCK_OVERHEAD_BYTES = 160 };
	const struct wt_link *link = &live->packet.link;
	unsigned merging = WT_OFFLOAD_GRO | WT_OFFLOAD_LRO | WT_OFFLOAD_GSO | WT_OFFLOAD_TSO;
	uint32_t most =
	        link->offloads & merging && link->mtu < MERGED_BYTES ? MERGED_BYTES : link->mtu;
	uint32_t room = live->memory.block_bytes - BLOCK_OVERHEAD_BYTES;

	most += LINK_HEADER_BYTES;
	if (most > snaplen)
		most = snaplen;
	if (most > room)
		wt_reader_degrade(&live->reader,
		                  "%s: frames of more than about %u bytes are cut: a ring of %llu "
		                  "bytes has no larger blocks",
		                  link->name, room,
		                  (unsigned long long)live->reader.info.ring_bytes);
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
		check_block_size(live, config->snaplen);
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
