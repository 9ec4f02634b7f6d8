/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/source_private.h>

#include "support/unit.h"

Test(replay_notes, those_without_room_are_counted)
{
	static struct wt_replayer_notes notes;

	for (int i = 0; i < WT_REPLAYER_NOTES + 3; i++)
		wt_replayer_notes_add(&notes, "note %d", i);
	cr_expect(eq(sz, notes.count, WT_REPLAYER_NOTES));
	cr_expect(eq(u64, notes.left_out, 3));
	cr_expect_str_eq(notes.texts[WT_REPLAYER_NOTES - 1], "note 15");
}
