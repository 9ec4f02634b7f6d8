/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/pcapng/tape_mark.h>

#include "support/unit.h"

static struct wt_tape_mark back;

static bool parse(const char *text)
{
	return wt_tape_mark_parse(text, strlen(text), &back);
}

Test(tape_mark, reads_what_it_writes)
{
	const struct wt_tape_mark there = {
	        .tape_id = UINT64_MAX,
	        .recording = UINT64_C(0x0123456789abcdef),
	        .file = UINT32_MAX,
	        .format = UINT32_MAX,
	        .has_recording = true,
	        .lane = UINT32_MAX - 1,
	        .lanes = UINT32_MAX,
	};
	char text[WT_TAPE_MARK_TEXT_BYTES];

	wt_tape_mark_format(text, &there);
	cr_assert(lt(sz, strlen(text), sizeof(text) - 1));
	cr_assert(parse(text));
	cr_expect(eq(u64, back.tape_id, there.tape_id));
	cr_expect(eq(u64, back.recording, there.recording));
	cr_expect(eq(u32, back.file, there.file));
	cr_expect(eq(u32, back.format, there.format));
	cr_expect(back.has_recording);
	cr_expect(eq(u32, back.lane, there.lane));
	cr_expect(eq(u32, back.lanes, there.lanes));
}

Test(tape_mark, says_nothing_of_lanes_where_there_are_none)
{
	const struct wt_tape_mark there = {.tape_id = 1, .file = 1, .format = 2};
	char text[WT_TAPE_MARK_TEXT_BYTES];

	wt_tape_mark_format(text, &there);
	cr_expect(eq(str, text, "tape_id=0000000000000001 file=1 format=2"));
	cr_assert(parse(text));
	cr_expect(eq(u32, back.lanes, 0));
	cr_expect(eq(u32, back.lane, 0));
}

Test(tape_mark, a_lane_is_one_of_its_lanes_or_none)
{
	cr_assert(parse("tape_id=0123456789abcdef lane=1 lanes=2"));
	cr_expect(eq(u32, back.lane, 1));
	cr_expect(eq(u32, back.lanes, 2));
	cr_assert(parse("tape_id=0123456789abcdef lanes=3"));
	cr_expect(eq(u32, back.lane, 0));
	cr_expect(eq(u32, back.lanes, 3));
	cr_assert(parse("tape_id=0123456789abcdef lane=2 lanes=2"));
	cr_expect(eq(u32, back.lane, 0));
	cr_expect(eq(u32, back.lanes, 0));
	cr_assert(parse("tape_id=0123456789abcdef lane=x lanes=2"));
	cr_expect(eq(u32, back.lanes, 0));
	cr_assert(parse("tape_id=0123456789abcdef lane=1 lanes=2x"));
	cr_expect(eq(u32, back.lane, 0));
}

Test(tape_mark, files_of_earlier_versions_have_no_recording_and_the_first_format)
{
	cr_assert(parse("tape_id=0123456789abcdef file=3"));
	cr_expect(eq(u32, back.file, 3));
	cr_expect(eq(u32, back.format, 1));
	cr_expect(not(back.has_recording));
}

Test(tape_mark, goes_by_name_and_passes_over_what_it_does_not_know)
{
	cr_assert(parse("recording=00000000000000ff  new=thing tape_id=00000000000000aa"));
	cr_expect(eq(u64, back.recording, 255));
	cr_expect(eq(u64, back.tape_id, 170));
	cr_expect(eq(u32, back.file, 0));
}

Test(tape_mark, a_text_without_a_right_id_is_none)
{
	cr_expect(not(parse("")));
	cr_expect(not(parse("file=1")));
	cr_expect(not(parse("tape_id=0123456789abcde file=1")));
	cr_expect(not(parse("tape_id=0123456789abcdefa")));
	cr_expect(not(parse("tape_id=0123456789ABCDEF")));
	cr_expect(not(wt_tape_mark_parse("tape_id=0123456789abcdef", 20, &back)));
	cr_expect(not(wt_tape_mark_parse("\0tape_id=0123456789abcdef", 25, &back)));
}

Test(tape_mark, a_number_that_is_none_is_not_said)
{
	cr_assert(parse("tape_id=0123456789abcdef file=4294967296 recording=xyz format=2a"));
	cr_expect(eq(u32, back.file, 0));
	cr_expect(eq(u32, back.format, 0));
	cr_expect(not(back.has_recording));
}
