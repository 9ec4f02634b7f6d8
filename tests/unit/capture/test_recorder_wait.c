/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_wait.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader_private.h>

#include "support/fault_disk.h"
#include "support/unit.h"
#include "support/virtual_time.h"

/* What wakes, by rings that are counters: the first one wakes for each block, the second for each
 * frame. Time is the test's. */
enum { RINGS = 2 };
static const int64_t ms_ns = 1000000, start_ns = 5000000000000;

static struct virtual_time virtual;
static struct wt_recorder_state state;
static struct wt_recorder_output output;
static struct wt_recorder_interface reports[RINGS];
static struct wt_recorded recorded[RINGS];
static struct wt_reader readers[RINGS];
static struct wt_tape_writer writer;
static struct wt_recorder_wait waits;
static int problem; /* that a reader tells when it is woken */

static int woken(struct wt_reader *reader)
{
	uint64_t events;

	(void)!read(reader->fd, &events, sizeof(events));
	return problem;
}

static void set_up(void)
{
	static const struct wt_reader_ops ops = {.woken = woken};

	state.system = virtual_time_init(&virtual, start_ns, 0);
	state.config.interface_count = RINGS;
	state.reports = reports;
	state.output = &output;
	wt_recorder_tell_time(&state);
	for (size_t i = 0; i < RINGS; i++) {
		readers[i] = (struct wt_reader){
		        .ops = &ops, .fd = eventfd(0, EFD_NONBLOCK), .info.name = "wait"};
		cr_assert(readers[i].fd >= 0);
		reports[i].reader = &readers[i].info;
		recorded[i] = (struct wt_recorded){
		        .reader = &readers[i], .report = &reports[i], .id = (uint32_t)i};
	}
	readers[1].info.wakes_for_each_frame = true;
	writer.state = &state;
	writer.recorded = recorded;
	waits = (struct wt_recorder_wait){.fd = -1, .wake_fd = -1, .timer_fd = -1};
	cr_assert(zero(int, wt_recorder_wait_open(&waits, &writer)));
}

static void tear_down(void)
{
	wt_recorder_wait_close(&waits);
	wt_disk_close(output.disk);
	for (size_t i = 0; i < RINGS; i++)
		close(readers[i].fd);
}

TestSuite(recorder_wait, .init = set_up, .fini = tear_down);

static bool is_readable(void)
{
	struct pollfd one = {.fd = waits.fd, .events = POLLIN};

	return poll(&one, 1, 0) > 0;
}

static void fill(size_t i)
{
	const uint64_t one = 1;

	cr_assert(write(readers[i].fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

static void add_rings(size_t count)
{
	for (size_t i = 0; i < count; i++)
		cr_assert(zero(int, wt_recorder_wait_for_ring(&waits, &recorded[i])));
}

Test(recorder_wait, it_is_woken_until_that_is_taken)
{
	cr_expect_not(is_readable());
	errno = ENOENT;
	wt_recorder_wait_wake(&waits);
	cr_expect(eq(int, errno, ENOENT));
	wt_recorder_wait_wake(&waits);
	cr_expect(is_readable());
	wt_recorder_wait_take(&waits);
	cr_expect_not(is_readable());
	wt_recorder_wait_take(&waits);
}

Test(recorder_wait, ring_wakes_it_and_what_is_wrong_is_noted)
{
	add_rings(1);
	fill(0);
	cr_expect(is_readable());
	wt_recorder_wait_take(&waits);
	cr_expect_not(is_readable());
	cr_expect_not(recorded[0].troubled);
	problem = -ENETDOWN;
	fill(0);
	wt_recorder_wait_take(&waits);
	cr_expect(recorded[0].troubled);
	cr_expect_not(recorded[1].troubled);
}

Test(recorder_wait, ring_that_wakes_for_each_frame_does_so_while_that_is_wanted)
{
	add_rings(RINGS);
	fill(1);
	cr_expect_not(is_readable());
	wt_recorder_wait(&waits, start_ns, 0);
	cr_expect(is_readable());
	wt_recorder_wait_take(&waits);
	problem = -ENETDOWN;
	fill(1);
	/* It has just slept. */
	wt_recorder_wait(&waits, start_ns, ms_ns);
	cr_expect_not(is_readable());
	wt_recorder_wait_take(&waits);
	cr_expect_not(recorded[1].troubled);
	wt_recorder_wait(&waits, start_ns, 0);
	wt_recorder_wait_take(&waits);
	cr_expect(recorded[1].troubled);
	cr_expect_not(recorded[0].troubled);
}

Test(recorder_wait, ring_that_wakes_for_each_block_does_so_at_all_times)
{
	add_rings(RINGS);
	wt_recorder_wait(&waits, start_ns, 0);
	wt_recorder_wait(&waits, start_ns, ms_ns);
	fill(0);
	cr_expect(is_readable());
}

/* What it waits for, and until when. */
static void expect_wait(int64_t until_ns, int64_t gather_ns, int fd, int64_t woke_ns)
{
	wt_recorder_wait(&waits, until_ns, gather_ns);
	cr_expect(eq(int, virtual.fd, fd));
	cr_expect(eq(i64, virtual.now_ns, woke_ns));
}

Test(recorder_wait, it_sleeps_until_it_is_time)
{
	expect_wait(start_ns + 7 * ms_ns, 0, waits.fd, start_ns + 7 * ms_ns);
	wt_recorder_wait_wake(&waits);
	expect_wait(start_ns + 9 * ms_ns, 0, waits.fd, start_ns + 7 * ms_ns);
}

/* A sleep may be half as long again. */
Test(recorder_wait, what_comes_fast_gathers)
{
	int64_t far_ns = start_ns + 1000 * ms_ns, now_ns = start_ns;

	expect_wait(now_ns, 0, waits.fd, now_ns);
	virtual.now_ns = now_ns += 6 * ms_ns - 1;
	expect_wait(far_ns, 4 * ms_ns, waits.wake_fd, now_ns + 4 * ms_ns);
	expect_wait(now_ns + 5 * ms_ns, 4 * ms_ns, waits.wake_fd, now_ns + 5 * ms_ns);
}

Test(recorder_wait, what_comes_slowly_does_not_gather)
{
	expect_wait(start_ns, 0, waits.fd, start_ns);
	virtual.now_ns += 6 * ms_ns;
	expect_wait(start_ns + 100 * ms_ns, 4 * ms_ns, waits.fd, start_ns + 100 * ms_ns);
}

Test(recorder_wait, others_who_wait_look_at_once)
{
	struct pollfd one = {.fd = wt_recorder_wait_fd(&waits), .events = POLLIN};

	cr_expect(eq(int, one.fd, waits.fd));
	cr_expect(eq(int, wt_recorder_wait_fd(&waits), waits.fd));
	cr_expect(eq(int, poll(&one, 1, 2000), 1));
	wt_recorder_wait_take(&waits);
	cr_expect(zero(int, poll(&one, 1, 0)));
}

/* By the kernel's clock. */
static bool wakes_by(int64_t until_ns, int timeout_ms)
{
	struct pollfd one = {.fd = wt_recorder_wait_fd(&waits), .events = POLLIN};

	poll(&one, 1, 2000);
	wt_recorder_wait_take(&waits);
	wt_recorder_wait_set(&waits, until_ns);
	return poll(&one, 1, timeout_ms) > 0;
}

Test(recorder_wait, others_who_wait_are_woken_in_time)
{
	cr_expect(wakes_by(1000, 2000));
	cr_expect(wakes_by(0, 2000), "at once, not never");
	cr_expect(wakes_by(0, 2000), "again");
}

Test(recorder_wait, others_who_wait_are_not_woken_before)
{
	cr_expect_not(wakes_by(INT64_MAX, 1));
}

Test(recorder_wait, others_who_wait_are_woken_by_a_time_that_has_changed)
{
	state.now_ns = 0;
	cr_expect_not(wakes_by(INT64_MAX, 1));
	cr_expect(wakes_by(1000, 2000));
}

Test(recorder_wait, others_who_wait_are_woken_again_by_what_is_due)
{
	state.now_ns = 1000;
	cr_expect(wakes_by(1000, 2000));
	cr_expect(wakes_by(1000, 2000));
}

Test(recorder_wait, others_who_wait_are_woken_by_each_frame)
{
	add_rings(RINGS);
	cr_expect_not(wakes_by(INT64_MAX, 0));
	fill(1);
	cr_expect(is_readable());
}

Test(recorder_wait, without_others_no_timer_is_set)
{
	wt_recorder_wait_set(&waits, 1);
	cr_expect(zero(i64, waits.timer_ns));
}

static void ignore(struct wt_disk_request *request)
{
	(void)request;
}

Test(recorder_wait, disk_wakes_it)
{
	static struct wt_disk_request request = {.op = WT_DISK_SYNC, .fd = -1, .done = ignore};

	output.disk = fault_disk_open();
	cr_assert(zero(int, wt_recorder_wait_for_output(&waits)));
	cr_assert(zero(int, wt_disk_submit(output.disk, &request)));
	cr_expect(is_readable());
	wt_recorder_wait_take(&waits);
	wt_disk_reap(output.disk, false);
}
