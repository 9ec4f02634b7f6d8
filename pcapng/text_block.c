/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/text_block.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_format.h>

enum { LENGTH_BYTES = 4 };

size_t wt_text_block_bytes(size_t length)
{
	return sizeof(struct wt_pcapng_block) + ((length + 3) & ~(size_t)3) + LENGTH_BYTES;
}

ssize_t wt_text_block_encode(uint8_t *out, size_t capacity, uint32_t type, const char *text,
                             size_t length)
{
	struct wt_pcapng_block head = {.type = type};
	size_t bytes = wt_text_block_bytes(length);

	assert((uintptr_t)out % 4 == 0);
	if (bytes > capacity || bytes > UINT32_MAX)
		return -ENOBUFS;
	head.total_length = (uint32_t)bytes;
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), text, length);
	memset(out + sizeof(head) + length, 0, bytes - LENGTH_BYTES - sizeof(head) - length);
	memcpy(out + bytes - LENGTH_BYTES, &head.total_length, LENGTH_BYTES);
	return (ssize_t)bytes;
}
