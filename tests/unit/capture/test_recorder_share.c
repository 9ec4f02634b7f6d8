/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_share.h>

#include "support/unit.h"

static unsigned woken;

static void wake(void *context)
{
	(*(unsigned *)context)++;
}

/* With its first file begun at 1000 and 2000. */
static struct wt_recorder_share begin(uint64_t max_packets, uint64_t file_packets)
{
	struct wt_recorder_share share;

	wt_recorder_share_init(&share, max_packets, file_packets, wake, &woken);
	wt_recorder_share_begin(&share, 1000, 2000);
	woken = 0;
	return share;
}

Test(recorder_share, without_limits_all_is_granted)
{
	struct wt_recorder_share share = begin(0, 0);

	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, UINT64_MAX), UINT64_C(1099511627775)));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 64));
	cr_expect(wt_recorder_share_take_all(&share, 1, 64));
	cr_expect_not(wt_recorder_share_is_full(&share));
	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, the_recordings_packets_are_granted_to_the_last_and_no_further)
{
	struct wt_recorder_share share = begin(100, 0);

	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 64));
	cr_expect_not(wt_recorder_share_take_all(&share, 1, 37));
	cr_expect_not(wt_recorder_share_is_full(&share));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 35), 35));
	cr_expect_not(wt_recorder_share_is_full(&share));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 1));
	cr_expect(wt_recorder_share_is_full(&share));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 0));
	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, a_block_that_fits_exactly_is_taken_whole)
{
	struct wt_recorder_share share = begin(100, 150);

	cr_expect(wt_recorder_share_take_all(&share, 1, 100));
	cr_expect(wt_recorder_share_is_full(&share));
	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	cr_expect_not(wt_recorder_share_take_all(&share, 1, 1));
	/* Nothing of it was the file's. */
	cr_expect(eq(u64, share.file & 0xff, 50));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, a_files_packets_are_those_of_its_number)
{
	struct wt_recorder_share share = begin(0, 10);

	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 8), 8));
	cr_expect_not(wt_recorder_share_take_all(&share, 1, 3));
	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	cr_expect(wt_recorder_share_take_all(&share, 1, 2));
	cr_expect(wt_recorder_share_is_over(&share, 1));
	cr_expect_not(wt_recorder_share_is_behind(&share, 1));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 1), 0));
	wt_recorder_share_announce(&share, 1, 3000, 4000);
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 1), 0));
	cr_expect_not(wt_recorder_share_take_all(&share, 1, 1));
	cr_expect(wt_recorder_share_is_over(&share, 1));
	cr_expect(wt_recorder_share_is_behind(&share, 1));
	cr_expect_not(wt_recorder_share_is_behind(&share, 2));
	cr_expect_not(wt_recorder_share_is_over(&share, 2));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 2, 64), 10));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, what_the_file_has_no_room_for_is_not_taken_from_the_recording)
{
	struct wt_recorder_share share = begin(15, 10);

	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 10));
	cr_expect_not(wt_recorder_share_take_all(&share, 1, 5));
	wt_recorder_share_announce(&share, 1, 0, 0);
	cr_expect(eq(u64, wt_recorder_share_take(&share, 2, 64), 5));
	cr_expect(wt_recorder_share_is_full(&share));
	cr_expect_not(wt_recorder_share_is_over(&share, 2));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, nothing_is_granted_before_the_first_file)
{
	struct wt_recorder_share share;

	wt_recorder_share_init(&share, 0, 0, wake, &woken);
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 1), 0));
	cr_expect(wt_recorder_share_is_over(&share, 1));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, the_first_to_announce_says_when_and_wakes_all)
{
	struct wt_recorder_share share = begin(0, 0);
	struct wt_share_time time;

	wt_recorder_share_announce(&share, 1, 3000, 4000);
	wt_recorder_share_announce(&share, 1, 5000, 6000);
	cr_expect(eq(uint, woken, 1));
	time = wt_recorder_share_begun(&share, 1);
	cr_expect(eq(i64, time.monotonic_ns, 1000));
	cr_expect(eq(i64, time.utc_ns, 2000));
	time = wt_recorder_share_begun(&share, 2);
	cr_expect(eq(i64, time.monotonic_ns, 3000));
	cr_expect(eq(i64, time.utc_ns, 4000));
	cr_expect(wt_recorder_share_is_over(&share, 1));
	cr_expect_not(wt_recorder_share_is_over(&share, 2));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, who_is_far_behind_has_the_oldest_time_that_is_known)
{
	struct wt_recorder_share share = begin(0, 0);

	for (uint64_t file = 1; file < 1 + WT_SHARE_TIMES; file++)
		wt_recorder_share_announce(&share, file, 0, (int64_t)file + 1);
	/* 65 are begun; 2 is the oldest of 64. */
	cr_expect(eq(i64, wt_recorder_share_begun(&share, 1).utc_ns, 2));
	cr_expect(eq(i64, wt_recorder_share_begun(&share, 2).utc_ns, 2));
	cr_expect(eq(i64, wt_recorder_share_begun(&share, 3).utc_ns, 3));
	cr_expect(eq(i64, wt_recorder_share_begun(&share, 65).utc_ns, 65));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, a_limit_that_is_out_of_reach_leaves_the_files_number_alone)
{
	struct wt_recorder_share share = begin(0, UINT64_MAX);

	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	cr_expect(eq(u64, wt_recorder_share_take(&share, 1, 64), 64));
	cr_expect_not(wt_recorder_share_is_over(&share, 1));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, the_first_reason_to_end_stays)
{
	struct wt_recorder_share share = begin(0, 0);
	enum wt_record_end end = WT_END_FAILURE;

	cr_expect_not(wt_recorder_share_has_ended(&share, &end));
	cr_expect(eq(int, end, WT_END_FAILURE));
	wt_recorder_share_end(&share, WT_END_DURATION);
	wt_recorder_share_end(&share, WT_END_WRITER);
	cr_expect(eq(uint, woken, 1));
	cr_expect(wt_recorder_share_has_ended(&share, &end));
	cr_expect(eq(int, end, WT_END_DURATION));
	wt_recorder_share_fini(&share);
}

Test(recorder_share, bytes_add_up)
{
	struct wt_recorder_share share = begin(0, 0);

	cr_expect(eq(u64, wt_recorder_share_add_bytes(&share, 1000), 1000));
	cr_expect(eq(u64, wt_recorder_share_add_bytes(&share, 24), 1024));
	wt_recorder_share_fini(&share);
}
