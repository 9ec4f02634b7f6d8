/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_CHUNK_READER_H
#define WIRETAPE_TESTS_CHUNK_READER_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/pcapng_decode.h>

/* Reads the packets of one chunk, as the decoder finds them after a section header and two
 * interfaces. */
struct chunk_reader {
	struct wt_pcapng_decoder decoder;
	struct wt_error err;
	const uint8_t *bytes;
	size_t length;
	size_t at; /* of the next block */
};

/* The bytes stay the caller's. */
void chunk_reader_open(struct chunk_reader *reader, const uint8_t *bytes, size_t length);

/* Read the next packet: 1 and *item, 0 at the end of the chunk, or the decoder's error. */
int chunk_reader_next(struct chunk_reader *reader, struct wt_pcapng_item *item);

void chunk_reader_close(struct chunk_reader *reader);

#endif
