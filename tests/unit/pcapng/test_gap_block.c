/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/pcapng/gap_block.h>

#include "support/unit.h"

static struct wt_gap_block there, back;
static char text[WT_GAP_BLOCK_TEXT_BYTES];

static bool parse(const char *body, size_t length)
{
	return wt_gap_block_parse((const uint8_t *)body, length, &back);
}

Test(missing, reads_what_it_writes)
{
	there = (struct wt_gap_block){
	        .what = WT_GAP_BLOCK_HOLE,
	        .packets = UINT64_MAX,
	        .bytes = UINT64_MAX,
	        .has_after = true,
	        .has_before = true,
	        .after_ns = INT64_MIN,
	        .before_ns = INT64_MAX,
	};
	wt_gap_block_format(text, &there);
	cr_assert(lt(sz, strlen(text), sizeof(text) - 1));
	cr_assert(parse(text, sizeof(text)));
	cr_expect(eq(int, (int)back.what, (int)WT_GAP_BLOCK_HOLE));
	cr_expect(eq(u64, back.packets, UINT64_MAX));
	cr_expect(eq(u64, back.bytes, UINT64_MAX));
	cr_expect(eq(i64, back.after_ns, INT64_MIN));
	cr_expect(eq(i64, back.before_ns, INT64_MAX));
	cr_expect(back.has_after && back.has_before);
}

Test(missing, stamps_may_be_absent)
{
	there = (struct wt_gap_block){.what = WT_GAP_BLOCK_NOT_CLOSED, .packets = 7};
	wt_gap_block_format(text, &there);
	cr_assert(parse(text, sizeof(text)));
	cr_expect(eq(int, (int)back.what, (int)WT_GAP_BLOCK_NOT_CLOSED));
	cr_expect(eq(int, back.has_after || back.has_before, false));
}

Test(missing, what_is_behind_the_text_means_nothing)
{
	static const char body[] = "what=continued\n\0packets=7";

	cr_assert(parse(body, sizeof(body)));
	cr_expect(eq(int, (int)back.what, (int)WT_GAP_BLOCK_CONTINUED));
	cr_expect(eq(u64, back.packets, 0));
}

Test(missing, refuses_what_is_no_such_text)
{
	static const char *const bad[] = {
	        "",
	        "packets=1\n",
	        "what=\n",
	        "what=else\n",
	        "what=hole",
	        "what=hole\npackets=\n",
	        "what=hole\npackets=-1\n",
	        "what=hole\npackets=18446744073709551616\n",
	        "what=hole\nafter_ns=9223372036854775808\n",
	        "what=hole\nnonsense\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, parse(bad[i], strlen(bad[i])), false), "'%s' is taken", bad[i]);
	cr_expect(parse("what=hole\nunknown=name\n", 23));
}
