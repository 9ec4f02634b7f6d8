/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapng_builder.h"

#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_format.h>

static void append(struct pcapng_builder *builder, const void *bytes, size_t length)
{
	if (length > sizeof(builder->bytes) - builder->length)
		abort();
	if (length)
		memcpy(builder->bytes + builder->length, bytes, length);
	builder->length += length;
}

static void append_number(struct pcapng_builder *builder, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[builder->big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
	append(builder, bytes, size);
}

void build_u16(struct pcapng_builder *builder, uint16_t value)
{
	append_number(builder, value, 2);
}

void build_u32(struct pcapng_builder *builder, uint32_t value)
{
	append_number(builder, value, 4);
}

void build_u64(struct pcapng_builder *builder, uint64_t value)
{
	append_number(builder, value, 8);
}

void build_padded(struct pcapng_builder *builder, const void *bytes, size_t length)
{
	append(builder, bytes, length);
	append(builder, "\0\0\0", -length & 3);
}

void build_patch_u32(struct pcapng_builder *builder, size_t at, uint32_t value)
{
	size_t length = builder->length;

	builder->length = at;
	build_u32(builder, value);
	builder->length = length;
}

void build_block(struct pcapng_builder *builder, uint32_t type)
{
	builder->block = builder->length;
	build_u32(builder, type);
	build_u32(builder, 0);
}

void build_block_end(struct pcapng_builder *builder)
{
	uint32_t length = (uint32_t)(builder->length - builder->block) + 4;

	build_patch_u32(builder, builder->block + 4, length);
	build_u32(builder, length);
}

void build_option(struct pcapng_builder *builder, uint16_t code, const void *value, uint16_t length)
{
	build_u16(builder, code);
	build_u16(builder, length);
	build_padded(builder, value, length);
}

void build_option_text(struct pcapng_builder *builder, uint16_t code, const char *text)
{
	build_option(builder, code, text, (uint16_t)strlen(text));
}

void build_option_u32(struct pcapng_builder *builder, uint16_t code, uint32_t value)
{
	build_u16(builder, code);
	build_u16(builder, 4);
	build_u32(builder, value);
}

void build_option_u64(struct pcapng_builder *builder, uint16_t code, uint64_t value)
{
	build_u16(builder, code);
	build_u16(builder, 8);
	build_u64(builder, value);
}

static void build_section_head(struct pcapng_builder *builder)
{
	build_block(builder, WT_PCAPNG_SHB);
	build_u32(builder, WT_PCAPNG_MAGIC);
	build_u16(builder, 1);
	build_u16(builder, 0);
	build_u64(builder, WT_PCAPNG_LENGTH_UNKNOWN);
}

void build_section(struct pcapng_builder *builder)
{
	build_section_head(builder);
	build_block_end(builder);
}

void build_tape_section(struct pcapng_builder *builder, const char *tape)
{
	build_section_head(builder);
	build_option_text(builder, WT_OPT_LOCAL_TAPE, tape);
	build_block_end(builder);
}

void build_interface_head(struct pcapng_builder *builder, uint16_t link_type, uint32_t snaplen)
{
	build_block(builder, WT_PCAPNG_IDB);
	build_u16(builder, link_type);
	build_u16(builder, 0);
	build_u32(builder, snaplen);
}

void build_interface(struct pcapng_builder *builder, uint8_t tsresol, int64_t tsoffset_s)
{
	build_interface_head(builder, 1, 0);
	build_option(builder, WT_OPT_IF_TSRESOL, &tsresol, 1);
	build_option_u64(builder, WT_OPT_IF_TSOFFSET, (uint64_t)tsoffset_s);
	build_block_end(builder);
}

void build_packet_head(struct pcapng_builder *builder, uint32_t interface_id, uint64_t units,
                       const char *data)
{
	uint32_t length = (uint32_t)strlen(data);

	build_block(builder, WT_PCAPNG_EPB);
	build_u32(builder, interface_id);
	build_u32(builder, (uint32_t)(units >> 32));
	build_u32(builder, (uint32_t)units);
	build_u32(builder, length);
	build_u32(builder, length);
	build_padded(builder, data, length);
}

void build_packet(struct pcapng_builder *builder, uint32_t interface_id, uint64_t units,
                  const char *data)
{
	build_packet_head(builder, interface_id, units, data);
	build_block_end(builder);
}
