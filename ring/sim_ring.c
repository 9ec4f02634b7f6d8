/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/sim_ring.h>

#include <errno.h>
#include <stdlib.h>

#include <wiretape/ring/kernel_abi.h>

/* Simulates packet_set_ring(), tpacket_rcv() and the prb_* functions of net/packet/af_packet.c, as
 * far as a reader can see. */

enum { V3_BLOCK_HEADER_BYTES = sizeof(struct tpacket_block_desc), V3_ALIGNMENT = 8 };

struct wt_sim_ring {
	struct wt_sim_config config;
	struct wt_ring_memory memory;
	struct wt_ring *reader;

	/* Written by the producer's thread only. */
	uint32_t head;        /* V3: the open or next block; V2: the next slot */
	uint32_t next_offset; /* V3: place of the next frame in the open block; 0: none open */
	uint32_t last_offset; /* V3: header of the last frame of the open block */
	uint64_t sequence;    /* V3: seq_num of the next block */
	int64_t opened_ns;    /* V3: when the timer first saw the open block */
	bool opened_seen;
	bool frozen;           /* V3: the next block was not free */
	uint32_t first_offset; /* V3: offset of the first frame in each block */

	/* Any thread. Only the sums matter, so they are relaxed. */
	uint64_t stored;
	uint64_t drops;
	uint64_t freezes;
};

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Place of a frame in its slot, as in the kernel: the network header is aligned. */
static uint32_t mac_offset(const struct wt_sim_ring *sim, uint32_t header_bytes)
{
	enum { ETHERNET_HEADER_BYTES = 14, MIN_LINK_HEADER_BYTES = 16 };
	uint32_t net =
	        TPACKET_ALIGN(header_bytes + MIN_LINK_HEADER_BYTES) + sim->config.reserve_bytes;

	return net - ETHERNET_HEADER_BYTES;
}

static void write_address(uint8_t *at, const struct wt_sim_frame *frame)
{
	struct sockaddr_ll address = {
	        .sll_family = 17, /* AF_PACKET */
	        .sll_pkttype = frame->packet_type,
	        .sll_halen = 6,
	};

	if (frame->len >= WT_MAC_ADDRESSES_BYTES)
		memcpy(address.sll_addr, frame->data + 6, 6);
	memcpy(at, &address, sizeof(address));
}

static struct tpacket_block_desc *block_at(const struct wt_sim_ring *sim, uint32_t index)
{
	uint8_t *start = sim->memory.base + (size_t)index * sim->memory.block_bytes;

	return (struct tpacket_block_desc *)(void *)start;
}

/* Acquire: pairs with the release in the reader's release_block(). */
static bool block_is_free(const struct wt_sim_ring *sim, uint32_t index)
{
	return __atomic_load_n(&block_at(sim, index)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) ==
	       TP_STATUS_KERNEL;
}

static bool open_block(struct wt_sim_ring *sim)
{
	struct tpacket_block_desc *block = block_at(sim, sim->head);

	if (!block_is_free(sim, sim->head)) {
		if (!sim->frozen)
			count(&sim->freezes);
		sim->frozen = true;
		return false;
	}
	sim->frozen = false;
	/* Clear all of it, like prb_open_block(): the reader may have used the memory. But not the
	 * status, which it may be reading. */
	block->version = TPACKET_V3;
	block->offset_to_priv = V3_BLOCK_HEADER_BYTES;
	block->hdr.bh1.num_pkts = 0;
	block->hdr.bh1.offset_to_first_pkt = sim->first_offset;
	block->hdr.bh1.blk_len = sim->first_offset;
	block->hdr.bh1.seq_num = ++sim->sequence;
	block->hdr.bh1.ts_first_pkt = (struct tpacket_bd_ts){0};
	block->hdr.bh1.ts_last_pkt = (struct tpacket_bd_ts){0};
	sim->next_offset = sim->first_offset;
	sim->last_offset = 0;
	sim->opened_seen = false;
	return true;
}

static int close_block(struct wt_sim_ring *sim, uint32_t extra_status)
{
	struct tpacket_block_desc *block = block_at(sim, sim->head);
	uint32_t status = TP_STATUS_USER | extra_status;

	if (sim->last_offset) {
		uint8_t *last = (uint8_t *)block + sim->last_offset;

		((struct tpacket3_hdr *)(void *)last)->tp_next_offset = 0;
	}
	if (__atomic_load_n(&sim->drops, __ATOMIC_RELAXED))
		status |= TP_STATUS_LOSING;
	/* Release: pairs with the acquire in the reader's is_filled(). */
	__atomic_store_n(&block->hdr.bh1.block_status, status, __ATOMIC_RELEASE);
	sim->head = (sim->head + 1) % sim->memory.block_count;
	sim->next_offset = 0;
	return WT_SIM_HANDED_OVER;
}

static void fill_v3_slot(struct wt_sim_ring *sim, const struct wt_sim_frame *frame, uint32_t mac,
                         uint32_t caplen, uint32_t slot_bytes)
{
	struct tpacket_block_desc *block = block_at(sim, sim->head);
	uint8_t *slot = (uint8_t *)block + sim->next_offset;
	struct tpacket3_hdr *header = (struct tpacket3_hdr *)(void *)slot;
	struct tpacket_bd_ts stamp = {.ts_sec = (unsigned)(frame->stamp_ns / 1000000000),
	                              .ts_nsec = (unsigned)(frame->stamp_ns % 1000000000)};

	*header = (struct tpacket3_hdr){
	        .tp_next_offset = slot_bytes,
	        .tp_sec = stamp.ts_sec,
	        .tp_nsec = stamp.ts_nsec,
	        .tp_snaplen = caplen,
	        .tp_len = frame->len,
	        .tp_status = frame->status,
	        .tp_mac = (uint16_t)mac,
	        .tp_net = (uint16_t)(mac + 14),
	        .hv1.tp_vlan_tci = frame->vlan_tci,
	        .hv1.tp_vlan_tpid = frame->vlan_tpid,
	};
	write_address(slot + WT_V3_SLL_OFFSET, frame);
	memcpy(slot + mac, frame->data, caplen);
	if (!block->hdr.bh1.num_pkts++)
		block->hdr.bh1.ts_first_pkt = stamp;
	block->hdr.bh1.ts_last_pkt = stamp;
	sim->last_offset = sim->next_offset;
	sim->next_offset += slot_bytes;
	block->hdr.bh1.blk_len = sim->next_offset;
}

static int deliver_v3(struct wt_sim_ring *sim, const struct wt_sim_frame *frame)
{
	uint32_t room = sim->memory.block_bytes - sim->first_offset;
	uint32_t mac = mac_offset(sim, TPACKET3_HDRLEN);
	uint32_t caplen = frame->len, slot_bytes;
	int done = 0;

	if (caplen > sim->memory.snaplen)
		caplen = sim->memory.snaplen;
	if (caplen > room - mac)
		caplen = room - mac;
	slot_bytes = (mac + caplen + V3_ALIGNMENT - 1) & ~(uint32_t)(V3_ALIGNMENT - 1);
	if (sim->next_offset && sim->next_offset + slot_bytes > sim->memory.block_bytes)
		done |= close_block(sim, 0);
	if (!sim->next_offset && !open_block(sim)) {
		count(&sim->drops);
		return done;
	}
	fill_v3_slot(sim, frame, mac, caplen, slot_bytes);
	count(&sim->stored);
	return done | WT_SIM_STORED;
}

static int deliver_v2(struct wt_sim_ring *sim, const struct wt_sim_frame *frame)
{
	uint32_t per_block = sim->memory.block_bytes / sim->memory.slot_bytes;
	uint8_t *slot = (uint8_t *)block_at(sim, sim->head / per_block) +
	                (size_t)(sim->head % per_block) * sim->memory.slot_bytes;
	struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
	uint32_t mac = mac_offset(sim, TPACKET2_HDRLEN);
	uint32_t caplen = frame->len < sim->memory.snaplen ? frame->len : sim->memory.snaplen;
	uint32_t status = frame->status | TP_STATUS_USER;

	/* Acquire: pairs with the release in the reader's release_block(). */
	if (__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL) {
		count(&sim->drops);
		return 0;
	}
	if (caplen > sim->memory.slot_bytes - mac)
		caplen = sim->memory.slot_bytes - mac;
	if (__atomic_load_n(&sim->drops, __ATOMIC_RELAXED))
		status |= TP_STATUS_LOSING;
	header->tp_len = frame->len;
	header->tp_snaplen = caplen;
	header->tp_mac = (uint16_t)mac;
	header->tp_net = (uint16_t)(mac + 14);
	header->tp_sec = (uint32_t)(frame->stamp_ns / 1000000000);
	header->tp_nsec = (uint32_t)(frame->stamp_ns % 1000000000);
	header->tp_vlan_tci = frame->vlan_tci;
	header->tp_vlan_tpid = frame->vlan_tpid;
	write_address(slot + WT_V2_SLL_OFFSET, frame);
	memcpy(slot + mac, frame->data, caplen);
	/* Release: pairs with the acquire in the reader's is_filled(). */
	__atomic_store_n(&header->tp_status, status, __ATOMIC_RELEASE);
	sim->head = (sim->head + 1) % (sim->memory.block_count * per_block);
	count(&sim->stored);
	return WT_SIM_STORED | WT_SIM_HANDED_OVER;
}

int wt_sim_ring_deliver(struct wt_sim_ring *sim, const struct wt_sim_frame *frame)
{
	return sim->config.layout == WT_SIM_TPACKET_V2 ? deliver_v2(sim, frame)
	                                               : deliver_v3(sim, frame);
}

int wt_sim_ring_flush(struct wt_sim_ring *sim)
{
	return sim->next_offset ? close_block(sim, TP_STATUS_BLK_TMO) : 0;
}

int wt_sim_ring_tick(struct wt_sim_ring *sim, int64_t now_ns)
{
	if (sim->config.layout == WT_SIM_TPACKET_V2)
		return 0;
	if (!sim->next_offset && !(sim->config.retires_empty_blocks && open_block(sim)))
		return 0;
	if (!sim->opened_seen) {
		sim->opened_seen = true;
		sim->opened_ns = now_ns;
		return 0;
	}
	if (now_ns - sim->opened_ns < sim->config.retire_timeout_ns)
		return 0;
	return close_block(sim, TP_STATUS_BLK_TMO);
}

void wt_sim_ring_statistics(struct wt_sim_ring *sim, struct wt_ring_statistics *since_last)
{
	uint64_t stored = __atomic_exchange_n(&sim->stored, 0, __ATOMIC_RELAXED);

	since_last->drops = __atomic_exchange_n(&sim->drops, 0, __ATOMIC_RELAXED);
	since_last->freezes = __atomic_exchange_n(&sim->freezes, 0, __ATOMIC_RELAXED);
	since_last->packets = stored + since_last->drops;
}

struct wt_ring *wt_sim_ring_reader(struct wt_sim_ring *sim)
{
	return sim->reader;
}

const struct wt_ring_memory *wt_sim_ring_memory(const struct wt_sim_ring *sim)
{
	return &sim->memory;
}

static int open_reader(struct wt_sim_ring *sim)
{
	if (sim->config.layout == WT_SIM_TPACKET_V2)
		return wt_tpacket_v2_ring_open(&sim->reader, &sim->memory);
	return wt_tpacket_v3_ring_open(&sim->reader, &sim->memory);
}

/* BLK_PLUS_PRIV() of af_packet.c. */
static uint32_t first_offset(const struct wt_sim_config *config)
{
	uint32_t private_bytes = (config->private_bytes + V3_ALIGNMENT - 1) / V3_ALIGNMENT;

	return V3_BLOCK_HEADER_BYTES + private_bytes * V3_ALIGNMENT;
}

static bool config_makes_sense(const struct wt_sim_config *config)
{
	enum { MIN_FRAME_ROOM = 64, MAX_RESERVE = 32768, MAX_PRIVATE = 32768 };
	uint32_t header_bytes =
	        config->layout == WT_SIM_TPACKET_V2 ? TPACKET2_HDRLEN : TPACKET3_HDRLEN;
	uint32_t overhead = header_bytes + 32 + config->reserve_bytes;

	return config->reserve_bytes <= MAX_RESERVE && config->private_bytes <= MAX_PRIVATE &&
	       config->block_bytes % 4096 == 0 && config->slot_bytes % TPACKET_ALIGNMENT == 0 &&
	       config->block_bytes >= first_offset(config) + overhead + MIN_FRAME_ROOM &&
	       config->slot_bytes >= overhead + MIN_FRAME_ROOM &&
	       config->slot_bytes <= config->block_bytes && config->retire_timeout_ns >= 0;
}

int wt_sim_ring_create(struct wt_sim_ring **sim, const struct wt_sim_config *config)
{
	struct wt_sim_ring *made = calloc(1, sizeof(*made));
	size_t bytes;
	int rc;

	if (!made)
		return -ENOMEM;
	made->config = *config;
	if (!made->config.block_bytes)
		made->config.block_bytes = 64 * 1024;
	if (!made->config.block_count)
		made->config.block_count = 8;
	if (!made->config.slot_bytes)
		made->config.slot_bytes = 2048;
	if (!made->config.retire_timeout_ns)
		made->config.retire_timeout_ns = 8000000;
	rc = -EINVAL;
	if (!config_makes_sense(&made->config))
		goto free_sim;
	made->first_offset = first_offset(&made->config);
	bytes = (size_t)made->config.block_bytes * made->config.block_count;
	made->memory = (struct wt_ring_memory){
	        .base = aligned_alloc(4096, bytes),
	        .block_bytes = made->config.block_bytes,
	        .block_count = made->config.block_count,
	        .slot_bytes = made->config.slot_bytes,
	        .snaplen = made->config.snaplen ? made->config.snaplen : UINT32_MAX,
	};
	rc = -ENOMEM;
	if (!made->memory.base)
		goto free_sim;
	memset(made->memory.base, 0, bytes);
	rc = open_reader(made);
	if (rc)
		goto free_memory;
	*sim = made;
	return 0;

free_memory:
	free(made->memory.base);
free_sim:
	free(made);
	return rc;
}

void wt_sim_ring_destroy(struct wt_sim_ring *sim)
{
	if (!sim)
		return;
	wt_ring_close(sim->reader);
	free(sim->memory.base);
	free(sim);
}
