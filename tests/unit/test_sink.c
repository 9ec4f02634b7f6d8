/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/sink.h>

enum { BUFFER = 1 << 20 };

static struct wt_sink *sink;
static struct wt_error err;
static char folder[64], path[128];
static int ends[2] = {-1, -1};

static void set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/wiretape-sink-XXXXXX");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/tape", folder);
	signal(SIGPIPE, SIG_IGN);
}

static void tear_down(void)
{
	wt_sink_close(sink);
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	unlink(path);
	rmdir(folder);
}

TestSuite(sink, .init = set_up, .fini = tear_down);

static int close_sink(void)
{
	struct wt_sink *closing = sink;

	sink = NULL;
	return wt_sink_close(closing);
}

/* Reserve and submit `bytes` that count up from `first`. */
static int add(size_t bytes, uint8_t first)
{
	size_t room;
	uint8_t *at;
	int ret = wt_sink_reserve(sink, bytes, &at, &room);

	if (ret)
		return ret;
	cr_assert(room >= bytes, "room %zu of %zu", room, bytes);
	cr_assert(eq(sz, (size_t)((uintptr_t)at % 4), 0));
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(first + i);
	wt_sink_submit(sink, bytes);
	return 0;
}

static void open_memory(size_t limit)
{
	cr_assert(eq(int, wt_sink_memory_open(&sink, limit), 0));
}

static size_t memory_length(void)
{
	size_t length;

	wt_sink_memory_bytes(sink, &length);
	return length;
}

Test(sink, submissions_follow_one_another)
{
	const uint8_t *bytes;
	size_t length;

	open_memory(0);
	cr_expect(eq(int, add(100, 0), 0));
	cr_expect(eq(int, add(60, 100), 0));
	cr_expect(eq(u64, wt_sink_bytes(sink), 160));
	cr_expect(eq(sz, memory_length(), 0), "buffered");
	cr_expect(eq(int, wt_sink_flush(sink), 0));
	bytes = wt_sink_memory_bytes(sink, &length);
	cr_assert(eq(sz, length, 160));
	for (size_t i = 0; i < 160; i++)
		cr_assert(eq(u8, bytes[i], (uint8_t)i));
	cr_expect(eq(u64, wt_sink_bytes(sink), 160));
}

Test(sink, less_than_was_reserved_may_be_submitted)
{
	uint8_t *first, *second;
	size_t room;

	open_memory(0);
	wt_sink_reserve(sink, 1000, &first, &room);
	wt_sink_submit(sink, 8);
	wt_sink_reserve(sink, 1000, &second, &room);
	cr_expect(eq(ptr, second, first + 8));
}

Test(sink, full_buffer_is_written_to_make_room)
{
	open_memory(0);
	add(BUFFER - 100, 0);
	cr_expect(eq(sz, memory_length(), 0));
	add(104, 0);
	cr_expect(eq(sz, memory_length(), BUFFER - 100));
	cr_expect(eq(u64, wt_sink_bytes(sink), BUFFER + 4));
}

Test(sink, whole_buffer_can_be_reserved_and_not_more)
{
	open_memory(0);
	add(8, 0);
	cr_expect(eq(int, add(BUFFER, 0), 0));
	cr_expect(eq(int, add(BUFFER + 1, 0), -EMSGSIZE));
}

Test(sink, empty_flush_does_nothing)
{
	open_memory(4);
	cr_expect(eq(int, wt_sink_flush(sink), 0));
	cr_expect(eq(u64, wt_sink_bytes(sink), 0));
}

Test(sink, full_memory_says_what_did_not_arrive)
{
	struct wt_sink_unwritten left;

	open_memory(100);
	add(80, 0);
	cr_assert(eq(int, wt_sink_flush(sink), 0));
	cr_expect(eq(sz, wt_sink_unwritten(sink).length, 0));
	add(60, 80);
	cr_expect(eq(int, wt_sink_flush(sink), -ENOSPC));
	left = wt_sink_unwritten(sink);
	cr_expect(eq(sz, left.length, 60));
	cr_expect(eq(sz, left.landed, 20));
	cr_expect(eq(u8, left.bytes[0], 80));
	cr_expect(eq(u64, wt_sink_bytes(sink), 100));
}

Test(sink, failed_sink_takes_nothing_more)
{
	open_memory(100);
	add(160, 0);
	cr_expect(eq(int, wt_sink_flush(sink), -ENOSPC));
	cr_expect(eq(int, add(4, 0), -ENOSPC));
	cr_expect(eq(int, wt_sink_flush(sink), -ENOSPC));
	cr_expect(eq(int, close_sink(), -ENOSPC));
}

Test(sink, cut_sink_gets_one_more_chance)
{
	open_memory(100);
	add(160, 0);
	wt_sink_flush(sink);
	cr_assert(eq(int, wt_sink_cut(sink, 60), 0));
	cr_expect(eq(sz, memory_length(), 60));
	cr_expect(eq(u64, wt_sink_bytes(sink), 60));
	cr_expect(eq(sz, wt_sink_unwritten(sink).length, 0));
	cr_expect(eq(int, add(40, 60), 0));
	cr_expect(eq(int, wt_sink_flush(sink), 0));
	cr_expect(eq(sz, memory_length(), 100));
	add(4, 0);
	cr_expect(eq(int, wt_sink_flush(sink), -ENOSPC));
}

Test(sink, exact_fit_is_no_failure)
{
	open_memory(100);
	add(100, 0);
	cr_expect(eq(int, wt_sink_flush(sink), 0));
}

Test(sink, closing_no_sink_is_fine)
{
	cr_expect(eq(int, wt_sink_close(NULL), 0));
}

/* Files. */

static void open_file(void)
{
	cr_assert(eq(int, wt_sink_file_open(&sink, path, NULL, &err), 0), "%s", err.text);
}

static struct stat status_of(const char *name)
{
	struct stat status;

	cr_assert(eq(int, stat(name, &status), 0), "%s: %s", name, strerror(errno));
	return status;
}

static void write_old_file(void)
{
	FILE *old = fopen(path, "we");

	cr_assert(old != NULL);
	for (int i = 0; i < 10000; i++)
		fputc('x', old);
	fclose(old);
}

Test(sink, file_holds_what_was_submitted_and_no_more)
{
	uint8_t bytes[200];
	FILE *in;

	write_old_file();
	open_file();
	add(160, 7);
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(i64, status_of(path).st_size, 160));
	in = fopen(path, "re");
	cr_assert(eq(sz, fread(bytes, 1, sizeof(bytes), in), 160));
	fclose(in);
	for (size_t i = 0; i < 160; i++)
		cr_assert(eq(u8, bytes[i], (uint8_t)(7 + i)));
}

Test(sink, reserve_of_the_file_is_never_seen)
{
	open_file();
	add(160, 0);
	wt_sink_flush(sink);
	cr_expect(eq(i64, status_of(path).st_size, 160), "while open");
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(i64, status_of(path).st_size, 160), "closed");
	cr_expect(status_of(path).st_blocks <= 16, "%ld blocks", (long)status_of(path).st_blocks);
}

Test(sink, file_larger_than_many_buffers_is_whole)
{
	enum { TIMES = 40 };

	open_file();
	for (int i = 0; i < TIMES; i++)
		cr_assert(eq(int, add(BUFFER - 4, (uint8_t)i), 0));
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(i64, status_of(path).st_size, (int64_t)TIMES * (BUFFER - 4)));
}

Test(sink, file_in_which_nothing_arrived_is_removed)
{
	open_file();
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(int, access(path, F_OK), -1));
}

Test(sink, file_that_cannot_be_made_is_an_error_with_its_name)
{
	snprintf(path, sizeof(path), "%s/none/tape", folder);
	cr_expect(eq(int, wt_sink_file_open(&sink, path, NULL, &err), -ENOENT));
	cr_expect(strstr(err.text, path) != NULL, "%s", err.text);
	sink = NULL;
}

Test(sink, file_can_be_cut_only_after_what_was_written)
{
	open_file();
	add(100, 0);
	wt_sink_flush(sink);
	add(60, 100);
	cr_assert(eq(int, wt_sink_cut(sink, 0), 0));
	cr_expect(eq(u64, wt_sink_bytes(sink), 100));
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(i64, status_of(path).st_size, 100));
}

static void mount_small_disk(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		rmdir(folder); /* a skipped test is not torn down */
		cr_skip_test("no right to make a mount namespace (tests/support/as-root.sh)");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tape", folder, "tmpfs", 0, "size=1m")) {
		rmdir(folder);
		cr_skip_test("a tmpfs cannot be mounted here");
	}
}

Test(sink, full_disk_takes_the_closing_blocks_after_the_cut)
{
	struct wt_sink_unwritten left;
	int ret = 0;

	mount_small_disk();
	open_file();
	while (!ret && wt_sink_bytes(sink) < 4 * BUFFER) {
		ret = add(100000, 0);
		if (!ret)
			ret = wt_sink_flush(sink);
	}
	cr_assert(eq(int, ret, -ENOSPC));
	left = wt_sink_unwritten(sink);
	cr_expect(left.landed < left.length);
	cr_assert(eq(int, wt_sink_cut(sink, left.landed), 0));
	cr_expect(eq(int, add(4000, 0), 0));
	cr_expect(eq(int, wt_sink_flush(sink), 0), "the reserve was for this");
	cr_expect(eq(i64, status_of(path).st_size, (int64_t)wt_sink_bytes(sink)));
	cr_expect(eq(int, close_sink(), 0));
	umount(folder);
}

/* Streams. */

static void open_pipe(const volatile sig_atomic_t *hurry)
{
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], hurry), 0));
}

Test(sink, pipe_delivers_what_was_submitted)
{
	uint8_t bytes[200];

	open_pipe(NULL);
	add(160, 3);
	cr_expect(eq(int, wt_sink_flush(sink), 0));
	cr_assert(eq(int, (int)read(ends[0], bytes, sizeof(bytes)), 160));
	for (size_t i = 0; i < 160; i++)
		cr_assert(eq(u8, bytes[i], (uint8_t)(3 + i)));
}

Test(sink, pipe_without_a_reader_is_an_error_and_cannot_be_cut)
{
	open_pipe(NULL);
	close(ends[0]);
	ends[0] = -1;
	add(160, 0);
	cr_expect(eq(int, wt_sink_flush(sink), -EPIPE));
	cr_expect(eq(sz, wt_sink_unwritten(sink).landed, 0));
	cr_expect(eq(int, wt_sink_cut(sink, 0), -ENOTSUP));
	cr_expect(eq(int, close_sink(), -EPIPE));
}

Test(sink, full_pipe_is_given_up_only_in_a_hurry)
{
	static const volatile sig_atomic_t hurry = 1;
	struct wt_sink_unwritten left;

	open_pipe(&hurry);
	cr_assert(fcntl(ends[1], F_SETPIPE_SZ, 8192) >= 0);
	add(100000, 0);
	cr_expect(eq(int, wt_sink_flush(sink), -ETIMEDOUT));
	left = wt_sink_unwritten(sink);
	cr_expect(eq(sz, left.landed, 8192));
	cr_expect(eq(u64, wt_sink_bytes(sink), 8192));
}

Test(sink, descriptor_of_a_stream_stays_the_callers)
{
	open_pipe(NULL);
	add(4, 0);
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(int, (int)write(ends[1], "x", 1), 1));
}

Test(sink, fifo_is_written_as_a_stream)
{
	char bytes[8];
	int reader;

	cr_assert(eq(int, mkfifo(path, 0600), 0));
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_file();
	add(8, 0);
	cr_expect(eq(int, close_sink(), 0));
	cr_expect(eq(int, (int)read(reader, bytes, sizeof(bytes)), 8));
	close(reader);
	cr_expect(eq(int, access(path, F_OK), 0), "it was there before");
}
