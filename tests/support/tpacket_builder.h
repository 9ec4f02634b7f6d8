/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_TPACKET_BUILDER_H
#define WIRETAPE_TESTS_TPACKET_BUILDER_H

#include <linux/if_packet.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/frame.h>

/* Builds TPACKET memory by hand, laid out as in linux/if_packet.h and af_packet.c
 * and independent of the simulated ring. Headers stay open for corruption: take
 * the pointer, change the field. Aborts when it is full. */
struct tpacket_builder {
	_Alignas(16) uint8_t bytes[1 << 17];
	size_t length;       /* used so far */
	uint32_t slot_bytes; /* TPACKET_V2; 0: TPACKET_V3 */
	unsigned frames;
	uint32_t offsets[1024]; /* of each frame's header */
};

/* A frame to store. Its bytes are tpacket_pattern(). Zero is the default in
 * brackets. */
struct tpacket_spec {
	uint32_t bytes; /* captured */
	uint32_t len;   /* on the wire [bytes] */
	uint32_t status;
	uint32_t sec;
	uint32_t nsec;
	uint16_t tci;
	uint16_t tpid;
	uint16_t mac; /* where the frame starts in its slot [where the kernel puts it] */
	uint8_t packet_type;
};

/* Byte `at` of frame `number`. */
static inline uint8_t tpacket_pattern(unsigned number, uint32_t at)
{
	return (uint8_t)(number * 37 + at + (at >> 8));
}

/* Start anew: an empty V3 block owned by the reader, or V2 slots. */
void tpacket_build_v3(struct tpacket_builder *builder);
void tpacket_build_v2(struct tpacket_builder *builder, uint32_t slot_bytes);

/* Append a frame; the one before is linked to it. */
void tpacket_add(struct tpacket_builder *builder, const struct tpacket_spec *spec);

struct tpacket_hdr_v1 *tpacket_block_header(struct tpacket_builder *builder);
struct tpacket3_hdr *tpacket_v3_header(struct tpacket_builder *builder, unsigned frame);
struct tpacket2_hdr *tpacket_v2_header(struct tpacket_builder *builder, unsigned frame);

/* Copy the first `bytes` into a heap block of that size, so that a sanitizer
 * sees each step outside. The caller frees it. */
uint8_t *tpacket_copy(const struct tpacket_builder *builder, size_t bytes);

/* Read every byte of a frame. */
uint32_t tpacket_touch(const struct wt_frame *frame);

#endif
