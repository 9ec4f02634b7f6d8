/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

static size_t shape(const struct wt_ring_plan *plan, uint32_t retire_timeout_ms, void *request)
{
	/* The frame size means nothing to V3, but has to divide the block. */
	struct tpacket_req3 wanted = {
	        .tp_block_size = plan->block_bytes,
	        .tp_block_nr = plan->block_count,
	        .tp_frame_size = plan->block_bytes,
	        .tp_frame_nr = plan->block_count,
	        .tp_retire_blk_tov = retire_timeout_ms,
	        .tp_sizeof_priv = WT_INPLACE_PRIVATE_BYTES,
	};

	memcpy(request, &wanted, sizeof(wanted));
	return sizeof(wanted);
}

/* Start of a frame in its slot, after its headers and `reserve` bytes: tpacket_rcv() aligns what
 * follows the link-layer header. */
static uint32_t mac_offset(uint32_t link_header_bytes, uint32_t reserve)
{
	enum { LEAST_LINK_HEADER_BYTES = 16 };
	uint32_t link = link_header_bytes > LEAST_LINK_HEADER_BYTES ? link_header_bytes
	                                                            : LEAST_LINK_HEADER_BYTES;

	return (uint32_t)TPACKET_ALIGN(TPACKET3_HDRLEN + link) + reserve - link_header_bytes;
}

/* Have frames start where pcapng can go around them. False if the kernel refuses: then
 * they are copied. Before the ring is made. */
static bool reserve_in_place(const struct wt_live_reader *live,
                             const struct wt_reader_config *config)
{
	enum { LINKTYPE_ETHERNET = 1, ETHERNET_HEADER_BYTES = 14, ALIGNMENT = 4 };
	/* For other link types the kernel counts no bytes as link-layer header. */
	uint32_t link_header_bytes =
	        live->reader.info.link_type == LINKTYPE_ETHERNET ? ETHERNET_HEADER_BYTES : 0;
	uint32_t least = WT_INPLACE_MAC_OFFSET +
	                 (config->fanout == WT_FANOUT_NONE ? 0 : WT_INPLACE_QUEUE_BYTES);
	uint32_t reserve = 0, mac;

	while ((mac = mac_offset(link_header_bytes, reserve)) < least || mac % ALIGNMENT)
		reserve++;
	return !setsockopt(live->packet.fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve));
}

/* The kernel cuts a frame that does not fit into a block. Say so where such frames can
 * come: larger than the MTU they are when the kernel or the NIC has merged segments. */
static void check_block_size(struct wt_live_reader *live, uint32_t snaplen)
{
	enum { LINK_HEADER_BYTES = 18, MERGED_BYTES = 65535, BLOCK_OVERHEAD_BYTES = 176 };
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

/* Get a share of the interface's packets, if that is all that is asked for. */
static int join_group(struct wt_live_reader *live, const struct wt_reader_config *config,
                      struct wt_error *err)
{
	static const int modes[WT_FANOUTS] = {
	        [WT_FANOUT_QM] = PACKET_FANOUT_QM,
	        [WT_FANOUT_CPU] = PACKET_FANOUT_CPU,
	        [WT_FANOUT_HASH] = PACKET_FANOUT_HASH,
	        [WT_FANOUT_LB] = PACKET_FANOUT_LB,
	};
	int group = (int)config->fanout_group - 1, rc;

	if (config->fanout == WT_FANOUT_NONE)
		return 0;
	rc = wt_packet_socket_join(&live->packet, modes[config->fanout], &group, err);
	if (rc)
		return rc;
	live->reader.info.fanout = config->fanout;
	live->reader.info.queue = config->queue;
	live->reader.info.fanout_group = (uint32_t)group + 1;
	live->reader.info.goes_for_good = true;
	return 0;
}

int wt_gen02_tpacket_v3_open(struct wt_reader **reader, const struct wt_reader_config *config,
                             struct wt_error *err)
{
	struct wt_live_reader *live;
	int rc = wt_live_reader_create(&live, sizeof(*live), config, &wt_live_reader_ops, err);

	if (rc)
		return rc;
	live->reader.info.retire_timeout_ms = config->retire_timeout_ms;
	live->reader.info.in_place = reserve_in_place(live, config);
	rc = wt_live_reader_map(live, config, TPACKET_V3, shape, 0, err);
	if (!rc)
		check_block_size(live, live->snaplen);
	if (!rc)
		rc = wt_tpacket_v3_ring_open(&live->reader.ring, &live->memory);
	if (!rc)
		rc = wt_live_reader_bind(live, err);
	if (!rc)
		rc = join_group(live, config, err);
	if (rc) {
		wt_live_reader_close(&live->reader);
		return rc;
	}
	*reader = &live->reader;
	return 0;
}
