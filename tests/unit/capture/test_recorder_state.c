/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_state.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/capture/recorder/recorder_share.h>

#include "support/system_double.h"
#include "support/unit.h"

static struct wt_recorder_state state;
static struct wt_recorder_share share;
static struct system_double system_of_test;
static unsigned said;
static char last[400];
static int64_t monotonic_ns, utc_ns;

static void on_event(void *context, const char *text)
{
	(void)context;
	said++;
	snprintf(last, sizeof(last), "%s", text);
}

static void wake(void *context)
{
	(void)context;
}

static int on_clock(clockid_t clock, int64_t *ns, int answer)
{
	(void)answer;
	*ns = clock == CLOCK_REALTIME ? utc_ns++ : monotonic_ns++;
	return 0;
}

static void set_up(void)
{
	state.config.on_event = on_event;
	state.system = system_double_before(&system_of_test, wt_kernel_system());
	system_of_test.on_clock = on_clock;
	wt_recorder_share_init(&share, 0, 0, wake, NULL);
}

static void tear_down(void)
{
	wt_recorder_share_fini(&share);
}

TestSuite(recorder_state, .init = set_up, .fini = tear_down);

Test(recorder_state, both_clocks_are_read_once_a_turn)
{
	monotonic_ns = 100;
	utc_ns = 2000;
	wt_recorder_tell_time(&state);
	cr_expect(eq(i64, state.now_ns, 100));
	cr_expect(eq(i64, state.now_utc_ns, 2000));
	cr_expect(eq(i64, wt_recorder_clock_ns(&state), 101));
	cr_expect(eq(i64, wt_recorder_utc_clock_ns(&state), 2001));
}

Test(recorder_state, it_goes_on_until_there_is_a_reason)
{
	cr_expect(eq(int, wt_recorder_is_over(&state), false));
	cr_expect(eq(int, wt_recorder_has_failed(&state), false));
	state.end = WT_END_WRITER;
	cr_expect(eq(int, wt_recorder_is_over(&state), false));
	cr_expect(eq(int, wt_recorder_has_failed(&state), false));
}

static void expect_end(enum wt_record_end end, bool is_over, bool has_failed)
{
	struct wt_recorder_state one = state;

	wt_recorder_end_with(&one, end, -EIO);
	cr_expect(one.ending);
	cr_expect(eq(int, one.end, end));
	cr_expect(eq(int, one.failure, -EIO));
	cr_expect(eq(int, wt_recorder_is_over(&one), is_over), "%d", end);
	cr_expect(eq(int, wt_recorder_has_failed(&one), has_failed), "%d", end);
}

Test(recorder_state, rings_are_emptied_unless_a_limit_or_the_file_ends_it)
{
	expect_end(WT_END_ASKED, false, false);
	expect_end(WT_END_DURATION, false, false);
	expect_end(WT_END_SOURCE, false, false);
	expect_end(WT_END_INTERFACE, false, false);
	expect_end(WT_END_SPACE, false, false);
	expect_end(WT_END_PACKETS, true, false);
	expect_end(WT_END_BYTES, true, false);
	expect_end(WT_END_FAILURE, true, true);
	expect_end(WT_END_WRITER, true, true);
	expect_end(WT_END_READER_GONE, true, true);
}

Test(recorder_state, first_reason_stays_unless_another_counts_for_more)
{
	static const enum wt_record_end stay[] = {WT_END_ASKED, WT_END_PACKETS, WT_END_FAILURE,
	                                          WT_END_WRITER};
	static const enum wt_record_end same[] = {WT_END_DURATION, WT_END_BYTES, WT_END_FAILURE,
	                                          WT_END_READER_GONE};

	for (size_t i = 0; i < 4; i++) {
		wt_recorder_end_with(&state, stay[i], -(int)i - 1);
		cr_expect(eq(int, state.end, stay[i]));
		wt_recorder_end_with(&state, same[i], -99);
		cr_expect(eq(int, state.end, stay[i]));
		wt_recorder_end_with(&state, WT_END_ASKED, -99);
		cr_expect(eq(int, state.end, stay[i]));
		cr_expect(eq(int, state.failure, -(int)i - 1));
	}
}

Test(recorder_state, others_of_the_recording_are_told_but_not_that_a_source_has_ended)
{
	enum wt_record_end end = WT_END_ASKED;

	state.config.share = &share;
	wt_recorder_end_with(&state, WT_END_SOURCE, 0);
	cr_expect(eq(int, wt_recorder_share_has_ended(&share, &end), false));
	wt_recorder_end_with(&state, WT_END_BYTES, 0);
	cr_expect(wt_recorder_share_has_ended(&share, &end));
	cr_expect(eq(int, end, WT_END_BYTES));
}

Test(recorder_state, pipe_without_a_reader_is_no_failure_of_the_disk)
{
	struct wt_recorder_state other = state;

	wt_recorder_writer_failed(&state, -EPIPE);
	cr_expect(eq(int, state.end, WT_END_READER_GONE));
	cr_expect(eq(int, state.failure, -EPIPE));
	wt_recorder_writer_failed(&other, -ENOSPC);
	cr_expect(eq(int, other.end, WT_END_WRITER));
	cr_expect(eq(int, other.failure, -ENOSPC));
}

Test(recorder_state, degraded_state_is_said_and_kept_once)
{
	wt_recorder_note_degraded(&state, "a 100 %d");
	wt_recorder_note_degraded(&state, "b");
	wt_recorder_note_degraded(&state, "b");
	wt_recorder_note_degraded(&state, "a 100 %d");
	cr_expect(eq(uint, said, 2));
	cr_expect(eq(sz, state.degraded_count, 2));
	cr_expect(zero(int, strcmp(state.degraded[0], "a 100 %d")));
	cr_expect(zero(int, strcmp(state.degraded[1], "b")));
	cr_expect(state.degraded[2] == NULL);
}

Test(recorder_state, as_many_degraded_states_are_kept_as_there_is_room_for)
{
	char text[16];

	for (unsigned i = 0; i < WT_MAX_DEGRADED + 3; i++) {
		snprintf(text, sizeof(text), "%u", i);
		wt_recorder_note_degraded(&state, text);
	}
	cr_expect(eq(sz, state.degraded_count, WT_MAX_DEGRADED));
	cr_expect(eq(uint, said, WT_MAX_DEGRADED));
	cr_expect(state.degraded[WT_MAX_DEGRADED] == NULL);
	cr_expect(zero(int, strcmp(last, "31")));
}

Test(recorder_state, nobody_has_to_listen)
{
	state.config.on_event = NULL;
	wt_recorder_say(&state, "%d", 1);
	wt_recorder_note_degraded(&state, "x");
	cr_expect(eq(sz, state.degraded_count, 1));
	cr_expect(zero(uint, said));
}
