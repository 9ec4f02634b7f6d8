/* SPDX-License-Identifier: BSD-2-Clause */
#include "tpacket_builder.h"

#include <stdlib.h>
#include <string.h>

enum { V3_HEADER_BYTES = 48, V2_HEADER_BYTES = 32, V3_ALIGNMENT = 8, NET_ALIGNMENT = 16 };

static uint32_t round_up(uint32_t bytes, uint32_t to)
{
	return (bytes + to - 1) / to * to;
}

/* tpacket_rcv(): the network header is aligned, 14 bytes of Ethernet before it. */
static uint16_t kernel_mac(uint32_t header_bytes)
{
	return (uint16_t)(round_up(header_bytes + sizeof(struct sockaddr_ll) + 16, NET_ALIGNMENT) -
	                  14);
}

static void *grow(struct tpacket_builder *builder, size_t bytes)
{
	void *at = builder->bytes + builder->length;

	if (bytes > sizeof(builder->bytes) - builder->length)
		abort();
	memset(at, 0, bytes);
	builder->length += bytes;
	return at;
}

void tpacket_build_v3(struct tpacket_builder *builder)
{
	struct tpacket_block_desc *block;

	builder->length = 0;
	builder->frames = 0;
	builder->slot_bytes = 0;
	block = grow(builder, sizeof(*block));
	block->version = TPACKET_V3;
	block->offset_to_priv = sizeof(*block);
	block->hdr.bh1.block_status = TP_STATUS_USER;
	block->hdr.bh1.offset_to_first_pkt = sizeof(*block);
	block->hdr.bh1.blk_len = sizeof(*block);
}

void tpacket_build_v2(struct tpacket_builder *builder, uint32_t slot_bytes)
{
	builder->length = 0;
	builder->frames = 0;
	builder->slot_bytes = slot_bytes;
}

static void store(uint8_t *slot, uint32_t header_bytes, uint16_t mac, unsigned number,
                  const struct tpacket_spec *spec)
{
	struct sockaddr_ll address = {.sll_family = 17, .sll_pkttype = spec->packet_type};

	memcpy(slot + header_bytes, &address, sizeof(address));
	for (uint32_t i = 0; i < spec->bytes; i++)
		slot[mac + i] = tpacket_pattern(number, i);
}

static void add_v3(struct tpacket_builder *builder, const struct tpacket_spec *spec)
{
	uint16_t mac = spec->mac ? spec->mac : kernel_mac(V3_HEADER_BYTES);
	uint32_t bytes = round_up(mac + spec->bytes, V3_ALIGNMENT);
	struct tpacket_hdr_v1 *block = tpacket_block_header(builder);
	struct tpacket3_hdr *header;

	if (builder->frames) {
		uint32_t last = builder->offsets[builder->frames - 1];

		header = tpacket_v3_header(builder, builder->frames - 1);
		header->tp_next_offset = (uint32_t)builder->length - last;
	}
	builder->offsets[builder->frames] = (uint32_t)builder->length;
	header = grow(builder, bytes);
	*header = (struct tpacket3_hdr){
	        .tp_sec = spec->sec,
	        .tp_nsec = spec->nsec,
	        .tp_snaplen = spec->bytes,
	        .tp_len = spec->len ? spec->len : spec->bytes,
	        .tp_status = spec->status,
	        .tp_mac = mac,
	        .tp_net = (uint16_t)(mac + 14),
	        .hv1.tp_vlan_tci = spec->tci,
	        .hv1.tp_vlan_tpid = spec->tpid,
	};
	store((uint8_t *)header, V3_HEADER_BYTES, mac, builder->frames, spec);
	block->num_pkts++;
	block->blk_len = (uint32_t)builder->length;
}

static void add_v2(struct tpacket_builder *builder, const struct tpacket_spec *spec)
{
	uint16_t mac = spec->mac ? spec->mac : kernel_mac(V2_HEADER_BYTES);
	struct tpacket2_hdr *header;

	if (mac + spec->bytes > builder->slot_bytes)
		abort();
	builder->offsets[builder->frames] = (uint32_t)builder->length;
	header = grow(builder, builder->slot_bytes);
	*header = (struct tpacket2_hdr){
	        .tp_status = TP_STATUS_USER | spec->status,
	        .tp_len = spec->len ? spec->len : spec->bytes,
	        .tp_snaplen = spec->bytes,
	        .tp_mac = mac,
	        .tp_net = (uint16_t)(mac + 14),
	        .tp_sec = spec->sec,
	        .tp_nsec = spec->nsec,
	        .tp_vlan_tci = spec->tci,
	        .tp_vlan_tpid = spec->tpid,
	};
	store((uint8_t *)header, V2_HEADER_BYTES, mac, builder->frames, spec);
}

void tpacket_add(struct tpacket_builder *builder, const struct tpacket_spec *spec)
{
	if (builder->frames == sizeof(builder->offsets) / sizeof(builder->offsets[0]))
		abort();
	if (builder->slot_bytes)
		add_v2(builder, spec);
	else
		add_v3(builder, spec);
	builder->frames++;
}

struct tpacket_hdr_v1 *tpacket_block_header(struct tpacket_builder *builder)
{
	return &((struct tpacket_block_desc *)(void *)builder->bytes)->hdr.bh1;
}

struct tpacket3_hdr *tpacket_v3_header(struct tpacket_builder *builder, unsigned frame)
{
	return (struct tpacket3_hdr *)(void *)(builder->bytes + builder->offsets[frame]);
}

struct tpacket2_hdr *tpacket_v2_header(struct tpacket_builder *builder, unsigned frame)
{
	return (struct tpacket2_hdr *)(void *)(builder->bytes + builder->offsets[frame]);
}

uint8_t *tpacket_copy(const struct tpacket_builder *builder, size_t bytes)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);

	if (!copy || bytes > sizeof(builder->bytes))
		abort();
	memcpy(copy, builder->bytes, bytes);
	return copy;
}

uint32_t tpacket_touch(const struct wt_frame *frame)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < frame->caplen; i++)
		sum = sum * 31 + frame->data[i];
	return sum;
}
