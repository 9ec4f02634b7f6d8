/* SPDX-License-Identifier: BSD-2-Clause */
#include "chunk_reader.h"

#include <stdlib.h>

#include <wiretape/pcapng/pcapng_encode.h>

static void feed(struct chunk_reader *reader, const uint8_t *block, ssize_t length)
{
	struct wt_pcapng_item item;

	if (length < 0 || wt_pcapng_decode(&reader->decoder, block, (size_t)length, false, &item,
	                                   &reader->err) != 1)
		abort();
}

void chunk_reader_open(struct chunk_reader *reader, const uint8_t *bytes, size_t length)
{
	struct wt_pcapng_section section = {.application = "test"};
	struct wt_pcapng_interface interface = {.link_type = 1, .name = "eth0"};
	_Alignas(4) uint8_t block[256];

	*reader = (struct chunk_reader){.bytes = bytes, .length = length};
	wt_pcapng_decoder_init(&reader->decoder);
	feed(reader, block, wt_pcapng_encode_section(block, sizeof(block), &section));
	for (int i = 0; i < 2; i++)
		feed(reader, block, wt_pcapng_encode_interface(block, sizeof(block), &interface));
}

int chunk_reader_next(struct chunk_reader *reader, struct wt_pcapng_item *item)
{
	int rc;

	do {
		rc = wt_pcapng_decode(&reader->decoder, reader->bytes + reader->at,
		                      reader->length - reader->at, true, item, &reader->err);
		if (rc == 1)
			reader->at += item->bytes;
	} while (rc == 1 && item->kind != WT_ITEM_PACKET);
	return rc;
}

void chunk_reader_close(struct chunk_reader *reader)
{
	wt_pcapng_decoder_fini(&reader->decoder);
}
