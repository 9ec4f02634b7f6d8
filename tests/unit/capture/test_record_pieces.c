/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording in a loop of one's own, into a function of one's own, and with a deadline. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <wiretape/record.h>

#include "support/unit.h"

enum { RING_BYTES = 8 << 20, MOST_QUEUES = 3, PATIENCE_MS = 10000 };

static struct wt_record_interface interface;
static struct wt_record_config config;
static struct wt_record_state state;
static struct wt_record *record;
static struct wt_error err;
static unsigned begins, progresses, pokes;
static uint64_t called[MOST_QUEUES];
/* Of on_bytes: what it has taken, by queue, and what it does. */
static uint64_t taken[MOST_QUEUES];
static unsigned takes;
static ptrdiff_t refusal;
static uint64_t takes_before; /* it refuses: bytes of each queue */

static void on_begin(void *context)
{
	(void)context;
	begins++;
}

static void on_progress(void *context, struct wt_record *of, bool report_requested)
{
	(void)context;
	(void)of;
	progresses += !report_requested;
	pokes += report_requested;
}

static void on_frames(void *context, uint32_t queue, uint32_t number, const struct wt_frame *frames,
                      size_t count)
{
	(void)context;
	(void)number;
	(void)frames;
	called[queue] += count;
}

static ptrdiff_t on_bytes(void *context, uint32_t queue, const void *bytes, size_t length)
{
	(void)context;
	(void)bytes;
	__atomic_fetch_add(&takes, 1, __ATOMIC_RELAXED);
	if (taken[queue] >= __atomic_load_n(&takes_before, __ATOMIC_RELAXED))
		return refusal;
	taken[queue] += length;
	return (ptrdiff_t)length;
}

static void set_up(void)
{
	interface = (struct wt_record_interface){.size = sizeof(interface),
	                                         .name = "sim:count=1000,pps=max,size=60",
	                                         .reader = WT_READER_SIM,
	                                         .ring_bytes = RING_BYTES};
	config = (struct wt_record_config){.size = sizeof(config),
	                                   .interfaces = &interface,
	                                   .interface_count = 1,
	                                   .on_begin = on_begin,
	                                   .on_progress = on_progress,
	                                   .on_bytes = on_bytes};
	takes_before = UINT64_MAX;
	state = (struct wt_record_state){.size = sizeof(state)};
}

static void tear_down(void)
{
	wt_record_close(record);
}

TestSuite(record_pieces, .init = set_up, .fini = tear_down);

static void open_it(void)
{
	cr_assert(eq(int, wt_record_open(&record, &config, &err), 0), "%s", err.text);
}

static void begin_it(void)
{
	open_it();
	cr_assert(eq(int, wt_record_begin(record, &err), 0), "%s", err.text);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void wait_for_it(void)
{
	struct pollfd wait = {.fd = wt_record_fd(record), .events = POLLIN};

	cr_assert(ge(int, wait.fd, 0));
	cr_assert(eq(int, poll(&wait, 1, PATIENCE_MS), 1), "nothing has woken it");
}

static void step_until_begun(void)
{
	while (wt_record_step(record) == WT_STEP_MORE || !begins)
		if (!begins)
			wait_for_it();
}

static int finish(void)
{
	enum wt_record_step step;

	while ((step = wt_record_step(record)) != WT_STEP_ENDED)
		if (step == WT_STEP_WAIT)
			wait_for_it();
	return wt_record_result(record, &err);
}

static void read_state(void)
{
	cr_assert(eq(int, wt_record_state_read(record, &state), 0));
	cr_expect(eq(u64, state.seen, state.written + state.lost));
}

static void expect_everything(void)
{
	read_state();
	cr_expect(eq(u64, state.seen, 1000));
	cr_expect(eq(u64, state.lost, 0));
	cr_expect(eq(int, (int)state.end, WT_END_SOURCE));
	cr_expect(eq(uint, begins, 1));
	cr_expect(eq(int, (int)wt_record_step(record), WT_STEP_ENDED));
}

Test(record_pieces, steps_record_as_a_run_does)
{
	begin_it();
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	expect_everything();
}

Test(record_pieces, steps_of_several_queues_attend_their_threads)
{
	config.queues = MOST_QUEUES;
	config.on_frames = on_frames;
	begin_it();
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	expect_everything();
	cr_expect(eq(u64, called[0], 334));
	cr_expect(eq(u64, called[1], 333));
	cr_expect(eq(u64, called[2], 333));
	for (int i = 0; i < MOST_QUEUES; i++)
		cr_expect(gt(u64, taken[i], 333 * 60), "a stream each");
}

/* Though nothing comes, and only time passes. */
static void expect_progress_by(bool asks_late)
{
	int64_t start_ns;

	interface.name = "sim:pps=1";
	config.max_duration_ns = 100000000;
	config.progress_every_ns = 10000000;
	open_it();
	if (!asks_late)
		wt_record_fd(record);
	cr_assert(eq(int, wt_record_begin(record, &err), 0), "%s", err.text);
	while (asks_late && wt_record_step(record) == WT_STEP_MORE)
		;
	start_ns = now_ns();
	wait_for_it();
	cr_expect(le(i64, now_ns() - start_ns, 100000000), "long before the packet");
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	cr_expect(ge(uint, progresses, 2));
	read_state();
	cr_expect(eq(int, (int)state.end, WT_END_DURATION));
}

Test(record_pieces, descriptor_asked_for_before_the_beginning_tells_the_time)
{
	expect_progress_by(false);
}

Test(record_pieces, descriptor_asked_for_late_tells_the_time)
{
	expect_progress_by(true);
}

Test(record_pieces, descriptor_of_several_queues_asked_for_late_tells_the_time)
{
	config.queues = 2;
	expect_progress_by(true);
}

static void expect_poke_and_stop(void)
{
	interface.name = "sim:pps=1000";
	begin_it();
	step_until_begun();
	wt_record_poke(record);
	while (wt_record_step(record) == WT_STEP_MORE || !pokes)
		if (!pokes)
			wait_for_it();
	wt_record_stop(record);
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	read_state();
	cr_expect(eq(int, (int)state.end, WT_END_ASKED));
	cr_expect(eq(uint, pokes, 1));
}

Test(record_pieces, requests_wake_the_descriptor)
{
	expect_poke_and_stop();
}

Test(record_pieces, requests_wake_the_descriptor_of_several_queues)
{
	config.queues = 2;
	expect_poke_and_stop();
}

Test(record_pieces, step_before_the_beginning_does_nothing)
{
	open_it();
	cr_expect(eq(int, (int)wt_record_step(record), WT_STEP_WAIT));
	cr_expect(eq(uint, takes, 0));
}

Test(record_pieces, recording_that_cannot_begin_has_ended_with_the_reason)
{
	struct wt_error again = {0};

	takes_before = 0;
	refusal = -EIO;
	open_it();
	cr_expect(eq(int, wt_record_begin(record, &err), -EIO));
	cr_expect(strstr(err.text, "header") != NULL, "%s", err.text);
	cr_expect(eq(int, (int)wt_record_step(record), WT_STEP_ENDED));
	cr_expect(eq(int, wt_record_result(record, &again), -EIO));
	cr_expect(eq(str, again.text, err.text));
	read_state();
	cr_expect(eq(int, (int)state.end, WT_END_FAILURE));
	cr_expect(eq(i64, state.start_utc_ns, 0));
	cr_expect(eq(uint, begins, 0));
}

Test(record_pieces, queues_that_cannot_begin_have_ended_with_the_reason)
{
	takes_before = 0;
	refusal = -EIO;
	config.queues = MOST_QUEUES;
	begin_it();
	cr_expect(eq(int, finish(), -EIO));
	cr_expect(strstr(err.text, "header") != NULL, "%s", err.text);
	read_state();
	cr_expect(eq(int, (int)state.end, WT_END_FAILURE));
	cr_expect(eq(i64, state.start_utc_ns, 0));
	cr_expect(eq(uint, begins, 0));
}

/* ---- closing without a result ---- */

/* The closing blocks at least come after. */
static void expect_whole_end(void)
{
	unsigned before;

	interface.name = "sim:pps=10000";
	begin_it();
	step_until_begun();
	before = __atomic_load_n(&takes, __ATOMIC_RELAXED);
	wt_record_close(record);
	record = NULL;
	cr_expect(gt(uint, takes, before));
}

Test(record_pieces, closing_ends_what_nobody_has_ended)
{
	expect_whole_end();
}

Test(record_pieces, closing_ends_the_threads_of_several_queues)
{
	config.queues = 2;
	expect_whole_end();
}

/* ---- a function that takes the bytes ---- */

/* It takes no more after the header until somebody lets it. */
static void begin_stuck(ptrdiff_t answer)
{
	begin_it();
	refusal = answer;
	takes_before = taken[0];
	for (unsigned before = takes; takes == before;)
		if (wt_record_step(record) == WT_STEP_WAIT)
			wait_for_it();
	read_state();
	cr_expect(eq(u64, state.written, 0));
}

static void expect_resumed(ptrdiff_t answer)
{
	begin_stuck(answer);
	takes_before = UINT64_MAX;
	wt_record_resume(record);
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	expect_everything();
}

Test(record_pieces, bytes_that_are_not_taken_wait)
{
	expect_resumed(0);
}

Test(record_pieces, bytes_that_are_refused_for_now_wait)
{
	expect_resumed(-EAGAIN);
}

Test(record_pieces, interrupted_function_is_called_again)
{
	takes_before = 0;
	refusal = 1; /* a byte at a time */
	begin_it();
	takes_before = UINT64_MAX;
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	expect_everything();
}

Test(record_pieces, resuming_before_the_first_step_is_no_harm)
{
	open_it();
	wt_record_resume(record);
	cr_assert(eq(int, wt_record_begin(record, &err), 0), "%s", err.text);
	wt_record_resume(record);
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	expect_everything();
}

static void expect_writer_end(ptrdiff_t answer, int rc, enum wt_record_end end)
{
	begin_stuck(answer);
	cr_expect(eq(int, finish(), rc), "%s", err.text);
	read_state();
	cr_expect(eq(int, (int)state.end, (int)end));
	cr_expect(eq(u64, state.written, 0));
	cr_expect(eq(u64, state.lost, state.seen));
}

Test(record_pieces, error_of_the_function_ends_it)
{
	expect_writer_end(-ENOSPC, -ENOSPC, WT_END_WRITER);
	cr_expect(strstr(err.text, "No space left") != NULL, "%s", err.text);
}

Test(record_pieces, function_without_a_reader_ends_it_well)
{
	expect_writer_end(-EPIPE, 0, WT_END_READER_GONE);
}

Test(record_pieces, function_that_takes_more_than_there_is_ends_it)
{
	expect_writer_end(PTRDIFF_MAX, -EIO, WT_END_WRITER);
}

Test(record_pieces, no_file_is_counted_for_a_function)
{
	begin_it();
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	read_state();
	cr_expect(eq(u64, state.file_bytes, 0));
	cr_expect(eq(u32, state.file_count, 0));
}

/* ---- the deadline ---- */

/* How long it took to give up what the function does not take. */
static int64_t give_up_ms(int64_t deadline_ms)
{
	int64_t start_ns;

	begin_stuck(0);
	start_ns = now_ns();
	wt_record_stop_by(record, start_ns + deadline_ms * 1000000);
	cr_expect(eq(int, finish(), -ETIMEDOUT), "%s", err.text);
	read_state();
	cr_expect(eq(int, (int)state.end, WT_END_WRITER));
	cr_expect(eq(u64, state.seen, 1000));
	cr_expect(eq(u64, state.lost, 1000));
	return (now_ns() - start_ns) / 1000000;
}

Test(record_pieces, deadline_that_is_near_is_kept)
{
	int64_t took_ms = give_up_ms(200);

	cr_expect(took_ms >= 200 && took_ms < 1700, "%lld ms", (long long)took_ms);
}

Test(record_pieces, deadline_that_is_far_gives_more_than_the_usual_patience)
{
	int64_t took_ms = give_up_ms(2600);

	cr_expect(ge(i64, took_ms, 2600));
}

Test(record_pieces, without_a_deadline_two_seconds_are_given)
{
	int64_t start_ns;

	begin_stuck(0);
	start_ns = now_ns();
	wt_record_stop(record);
	cr_expect(eq(int, finish(), -ETIMEDOUT), "%s", err.text);
	cr_expect(ge(i64, now_ns() - start_ns, INT64_C(1990000000)));
}

/* Nothing was left, so nothing was given up. */
Test(record_pieces, deadline_that_has_passed_is_no_loss_where_there_is_none)
{
	interface.name = "sim:count=1000,pps=1000000000";
	config.waits_for_interfaces = true;
	begin_it();
	while (state.written < 1000) {
		enum wt_record_step step = wt_record_step(record);

		cr_assert(step != WT_STEP_ENDED || state.end == WT_END_ASKED);
		if (step == WT_STEP_ENDED)
			break;
		if (step == WT_STEP_WAIT)
			wait_for_it();
		read_state();
	}
	wt_record_stop_by(record, 0);
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	read_state();
	cr_expect(eq(u64, state.written, 1000));
}

Test(record_pieces, later_deadline_replaces_an_earlier_one)
{
	begin_stuck(0);
	wt_record_stop_by(record, 0);
	wt_record_stop_by(record, now_ns() + INT64_C(60000000000));
	takes_before = UINT64_MAX;
	wt_record_resume(record);
	cr_expect(eq(int, finish(), 0), "%s", err.text);
	read_state();
	cr_expect(eq(u64, state.written, 1000));
}
