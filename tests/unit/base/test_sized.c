/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <wiretape/base/sized.h>

#include "support/unit.h"

/* Three versions of one struct. */
struct first {
	size_t size;
	uint64_t a;
};

struct second {
	size_t size;
	uint64_t a, b;
};

struct third {
	size_t size;
	uint64_t a, b, c;
};

Test(sized, what_an_older_program_does_not_have_is_0)
{
	const struct first theirs = {.size = sizeof(theirs), .a = 1};
	struct second ours;

	memset(&ours, 0xff, sizeof(ours));
	cr_assert(eq(int, wt_sized_take(&ours, sizeof(ours), &theirs, "second", NULL), 0));
	cr_expect(eq(u64, ours.a, 1));
	cr_expect(eq(u64, ours.b, 0));
	cr_expect(eq(sz, ours.size, sizeof(ours)));
}

Test(sized, a_newer_program_is_understood_as_long_as_it_asks_for_nothing_new)
{
	struct third theirs = {.size = sizeof(theirs), .a = 1, .b = 2};
	struct second ours;
	struct wt_error err = {0};

	cr_assert(eq(int, wt_sized_take(&ours, sizeof(ours), &theirs, "second", &err), 0));
	cr_expect(eq(u64, ours.b, 2));
	theirs.c = UINT64_C(1) << 56; /* in one byte of it */
	cr_expect(eq(int, wt_sized_take(&ours, sizeof(ours), &theirs, "second", &err), -E2BIG));
	cr_expect(strstr(err.text, "struct second") != NULL, "%s", err.text);
}

Test(sized, a_size_that_was_not_set_is_refused)
{
	struct second theirs = {.a = 1}, ours = {.size = sizeof(ours), .a = 3};
	struct wt_error err = {0};

	cr_expect(eq(int, wt_sized_take(&ours, sizeof(ours), &theirs, "second", &err), -EINVAL));
	cr_expect(strstr(err.text, "sizeof(struct second)") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_sized_give(&theirs, &ours, sizeof(ours), "second", NULL), -EINVAL));
	cr_expect(eq(u64, theirs.a, 1));
}

Test(sized, an_older_program_is_given_what_it_has_room_for)
{
	const struct second ours = {.size = sizeof(ours), .a = 1, .b = 2};
	struct {
		struct first theirs;
		uint64_t behind;
	} memory = {.theirs.size = sizeof(memory.theirs), .behind = 77};

	cr_assert(eq(int, wt_sized_give(&memory.theirs, &ours, sizeof(ours), "second", NULL), 0));
	cr_expect(eq(u64, memory.theirs.a, 1));
	cr_expect(eq(sz, memory.theirs.size, sizeof(memory.theirs)));
	cr_expect(eq(u64, memory.behind, 77));
}

Test(sized, a_newer_program_is_given_0_for_what_we_do_not_know)
{
	const struct second ours = {.size = sizeof(ours), .a = 1, .b = 2};
	struct third theirs = {.size = sizeof(theirs), .c = 99};

	cr_assert(eq(int, wt_sized_give(&theirs, &ours, sizeof(ours), "second", NULL), 0));
	cr_expect(eq(u64, theirs.b, 2));
	cr_expect(eq(u64, theirs.c, 0));
	cr_expect(eq(sz, theirs.size, sizeof(theirs)));
}
