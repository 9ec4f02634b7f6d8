/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/text_block.h>

#include "support/unit.h"

static uint32_t block[16];

static ssize_t encode(size_t capacity, const char *text)
{
	memset(block, 0xff, sizeof(block));
	return wt_text_block_encode((uint8_t *)block, capacity, WT_PCAPNG_FEED, text, strlen(text));
}

Test(text_block, has_its_length_at_both_ends_and_zeros_after_the_text)
{
	cr_assert(eq(int, (int)encode(sizeof(block), "a=1\nb"), 20));
	cr_expect(eq(sz, wt_text_block_bytes(5), 20));
	cr_expect(eq(u32, block[0], WT_PCAPNG_FEED));
	cr_expect(eq(u32, block[1], 20));
	cr_expect(not(memcmp(&block[2], "a=1\nb\0\0\0", 8)));
	cr_expect(eq(u32, block[4], 20));
	cr_expect(eq(u32, block[5], UINT32_MAX));
}

Test(text_block, an_empty_text_is_one)
{
	cr_expect(eq(int, (int)encode(12, ""), 12));
}

Test(text_block, refuses_what_has_no_room)
{
	cr_expect(eq(int, (int)encode(16, "a=1\nb"), -ENOBUFS));
	cr_expect(eq(u32, block[0], UINT32_MAX));
}
