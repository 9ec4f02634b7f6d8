/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/base/identity.h>

#include "support/unit.h"

static bool is_same(struct wt_identity a, struct wt_identity b)
{
	return a.high == b.high && a.low == b.low;
}

static struct wt_identity of(const char *text)
{
	return wt_identity_of(text, strlen(text));
}

Test(identity, is_that_of_fnv_1a)
{
	const struct wt_identity of_a = {0xd228cb696f1a8caf, 0x78912b704e4a8964};

	cr_expect(is_same(of("a"), of_a));
	cr_expect(is_same(wt_identity_add(of("wire"), "tape", 4), of("wiretape")));
}

Test(identity, of_a_set_is_the_same_in_any_order)
{
	const struct wt_identity set = of("set");
	struct wt_identity one = wt_identity_join(wt_identity_join(set, of("b")), of("c"));
	struct wt_identity other = wt_identity_join(wt_identity_join(set, of("c")), of("b"));

	cr_expect(is_same(one, other));
	cr_expect(not(is_same(one, wt_identity_join(set, of("b")))));
	cr_expect(not(is_same(wt_identity_join(one, of("c")), one)));
}

/* Names and addresses are often counted up together. */
Test(identity, of_sets_whose_parts_end_in_neighbouring_bytes_differ)
{
	struct wt_identity sets[256];

	for (int i = 0; i < 256; i++) {
		const char parts[2][8] = {{"host  "}, {2, 0, 0, 0, 0, 0}};
		char name[8], address[8];

		memcpy(name, parts[0], 8);
		memcpy(address, parts[1], 8);
		name[5] = (char)(i / 16);
		address[5] = (char)(i % 16);
		sets[i] = wt_identity_join(wt_identity_join(of("set"), wt_identity_of(name, 6)),
		                           wt_identity_of(address, 6));
		for (int j = 0; j < i; j++)
			cr_assert(not(is_same(sets[i], sets[j])), "%d and %d", i, j);
	}
}

Test(identity, a_table_finds_what_was_noted)
{
	struct wt_identity_table table = {0};
	uint32_t *value;

	for (uint32_t i = 0; i < 1000; i++) {
		cr_assert(eq(int, wt_identity_note(&table, wt_identity_of(&i, sizeof(i)), &value),
		             0));
		cr_assert(eq(u32, *value, 0));
		*value = i;
	}
	for (uint32_t i = 0; i < 1000; i++) {
		cr_assert(eq(int, wt_identity_note(&table, wt_identity_of(&i, sizeof(i)), &value),
		             1));
		cr_assert(eq(u32, *value, i));
	}
	cr_expect(eq(sz, table.count, 1000));
	wt_identity_clear(&table);
	cr_expect(eq(int, wt_identity_note(&table, of("0"), &value), 0));
	wt_identity_clear(&table);
}

Test(identity, a_table_of_any_size_looks_at_few_entries)
{
	struct wt_identity_table table = {0};
	const uint32_t count = 1 << 18;
	uint32_t *value;

	for (uint32_t i = 0; i < count; i++)
		cr_assert(ge(int, wt_identity_note(&table, wt_identity_of(&i, sizeof(i)), &value),
		             0));
	cr_expect(lt(u64, table.looked_at, 6 * (uint64_t)count));
	wt_identity_clear(&table);
}
