/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/drop_marks.h>

#include "support/unit.h"

enum { PLACES = 5 };

static struct wt_drop_marks marks;

static void set_up(void)
{
	cr_assert(eq(int, wt_drop_marks_init(&marks, PLACES), 0));
}

static void tear_down(void)
{
	wt_drop_marks_fini(&marks);
}

TestSuite(drop_marks, .init = set_up, .fini = tear_down);

Test(drop_marks, unit_without_a_mark_has_lost_nothing)
{
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 0), 0));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 0));
	cr_expect(eq(u64, marks.told, 0));
}

Test(drop_marks, drops_before_a_unit_add_up_and_are_told_once)
{
	wt_drop_marks_note(&marks, 3, 7);
	wt_drop_marks_note(&marks, 3, 2);
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 2), 0));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 0));
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 3), 9));
	cr_expect(eq(u64, marks.told, 0));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 9));
	cr_expect(eq(u64, marks.told, 9));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 0));
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 3 + PLACES), 0));
}

/* Such as blocks all of whose frames a filter has rejected. */
Test(drop_marks, what_no_frame_has_told_is_told_by_the_next)
{
	wt_drop_marks_note(&marks, 0, 1);
	wt_drop_marks_note(&marks, 1, 20);
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 0), 1));
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 1), 20));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 21));
	wt_drop_marks_note(&marks, 2, 300);
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 2), 300));
	cr_expect(eq(u64, wt_drop_marks_tell(&marks), 300));
	cr_expect(eq(u64, marks.told, 321));
}

Test(drop_marks, places_come_round)
{
	for (uint64_t number = 0; number < 4 * PLACES; number++) {
		wt_drop_marks_note(&marks, number + PLACES - 1, number + 1);
		cr_expect(eq(u64, wt_drop_marks_borrow(&marks, number),
		             number < PLACES - 1 ? 0 : number - PLACES + 2));
	}
	cr_expect(eq(u64, marks.mark_count, PLACES - 1));
}

Test(drop_marks, run_ends_before_the_next_mark)
{
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 7, 4), 4));
	wt_drop_marks_note(&marks, 10, 1);
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 7, 4), 3));
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 7, 3), 3));
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 7, 2), 2));
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 9, 4), 1));
	/* Its own is told with it. */
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 10, 4), 4));
}

Test(drop_marks, marks_of_nothing_are_none)
{
	wt_drop_marks_note(&marks, 2, 0);
	cr_expect(eq(u64, marks.mark_count, 0));
	cr_expect(eq(u32, wt_drop_marks_until(&marks, 0, 4), 4));
	wt_drop_marks_note(&marks, 1, 3);
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 0), 0));
	cr_expect(eq(u64, marks.mark_count, 1));
	wt_drop_marks_note(&marks, 1, 0);
	cr_expect(eq(u64, wt_drop_marks_borrow(&marks, 1), 3));
	cr_expect(eq(u64, marks.mark_count, 0));
}

Test(drop_marks, what_is_zero_can_be_freed_and_what_is_freed_is_zero)
{
	struct wt_drop_marks none = {0};

	wt_drop_marks_fini(&none);
	wt_drop_marks_fini(&marks);
	cr_expect(eq(u64, marks.places, 0));
}
