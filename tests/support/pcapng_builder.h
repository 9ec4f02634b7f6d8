/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_PCAPNG_BUILDER_H
#define WIRETAPE_TESTS_PCAPNG_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds pcapng by hand, also such as no writer would write: fields go out as
 * requested, in either byte order. Zero-initialised: empty and little-endian.
 * Asserts when it is full. */
struct pcapng_builder {
	uint8_t bytes[16384];
	size_t length;
	bool big_endian;
	size_t block; /* where the open block starts */
};

void build_u16(struct pcapng_builder *builder, uint16_t value);
void build_u32(struct pcapng_builder *builder, uint32_t value);
void build_u64(struct pcapng_builder *builder, uint64_t value);

/* Append `length` bytes and zeros up to a multiple of 4. */
void build_padded(struct pcapng_builder *builder, const void *bytes, size_t length);

/* Begin and end a block. */
void build_block(struct pcapng_builder *builder, uint32_t type);
void build_block_end(struct pcapng_builder *builder);

void build_option(struct pcapng_builder *builder, uint16_t code, const void *value,
                  uint16_t length);
void build_option_text(struct pcapng_builder *builder, uint16_t code, const char *text);
void build_option_u32(struct pcapng_builder *builder, uint16_t code, uint32_t value);
void build_option_u64(struct pcapng_builder *builder, uint16_t code, uint64_t value);

/* Whole blocks; the _head ones stay open for options. */
void build_section(struct pcapng_builder *builder);
void build_tape_section(struct pcapng_builder *builder, const char *tape); /* the option's text */
void build_interface_head(struct pcapng_builder *builder, uint16_t link_type, uint32_t snaplen);
void build_interface(struct pcapng_builder *builder, uint8_t tsresol, int64_t tsoffset_s);
void build_packet_head(struct pcapng_builder *builder, uint32_t interface_id, uint64_t units,
                       const char *data);
void build_packet(struct pcapng_builder *builder, uint32_t interface_id, uint64_t units,
                  const char *data);

/* Change a field already built. */
void build_patch_u32(struct pcapng_builder *builder, size_t at, uint32_t value);

#endif
