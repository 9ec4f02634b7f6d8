/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/files/eraser.h>

#include "support/unit.h"

enum { MIB = 1 << 20, STEP = 32 * MIB };

static struct wt_eraser eraser;
static char folder[TEMP_BYTES];
static int dir_fd, watched = -1;
static int64_t clock_ns, takes_ns; /* and how long a step takes */

static int64_t now_ns(void)
{
	int64_t now = clock_ns;

	clock_ns += takes_ns;
	return now;
}

static void set_up(void)
{
	temp_template(folder, "eraser");
	cr_assert(mkdtemp(folder) != NULL);
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(dir_fd >= 0);
}

static void tear_down(void)
{
	wt_eraser_fini(&eraser);
	if (watched >= 0)
		close(watched);
	unlinkat(dir_fd, "link", 0);
	unlinkat(dir_fd, "file", 0);
	close(dir_fd);
	rmdir(folder);
}

TestSuite(eraser, .init = set_up, .fini = tear_down);

/* Takes the disk's space, which is asked for and not written. */
static void make(uint64_t bytes)
{
	int fd = openat(dir_fd, "file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	cr_assert(fd >= 0);
	if (bytes && posix_fallocate(fd, 0, (off_t)bytes))
		cr_skip_test("no space");
	close(fd);
}

static int erase(uint64_t written_bytes)
{
	return wt_eraser_unlink(&eraser, dir_fd, "file", written_bytes);
}

static bool is_there(const char *name)
{
	struct stat status;

	return !fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW);
}

static int64_t due_ns(uint64_t written_bytes)
{
	return wt_eraser_due_ns(&eraser, written_bytes, false);
}

/* As large as file systems with blocks of their own for its map have it. */
static bool is_about(uint64_t bytes, uint64_t expected)
{
	return bytes >= expected && bytes < expected + MIB;
}

Test(eraser, small_file_is_gone_at_once)
{
	make(STEP);
	cr_expect(eq(int, erase(0), 0));
	cr_expect(not(is_there("file")));
	cr_expect(eq(u64, eraser.left_bytes, 0));
	cr_expect(eq(i64, due_ns(1), INT64_MAX));
	wt_eraser_step(&eraser, now_ns);
}

Test(eraser, file_that_is_not_there_is_told)
{
	cr_expect(eq(int, erase(0), -ENOENT));
}

Test(eraser, large_file_loses_its_name_first_and_then_step_by_step_its_bytes)
{
	make(2 * STEP + 1);
	cr_expect(eq(int, erase(0), 0));
	cr_expect(not(is_there("file")));
	cr_expect(is_about(eraser.left_bytes, 2 * STEP));
	wt_eraser_step(&eraser, now_ns);
	cr_expect(is_about(eraser.left_bytes, STEP));
	wt_eraser_step(&eraser, now_ns);
	cr_expect(is_about(eraser.left_bytes, 0));
	cr_expect(eraser.left_bytes > 0);
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(u64, eraser.left_bytes, 0));
	cr_expect(eq(i64, due_ns(0), INT64_MAX));
}

Test(eraser, pause_is_three_times_as_long_as_the_step)
{
	make(3 * STEP);
	erase(0);
	cr_expect(eq(i64, due_ns(0), 0));
	clock_ns = 1000000000;
	takes_ns = 20000000;
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(i64, due_ns(0), 1000000000 + 4 * takes_ns));
}

Test(eraser, pause_is_neither_too_short_nor_too_long)
{
	make(3 * STEP);
	erase(0);
	takes_ns = 0;
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(i64, due_ns(0), 5000000));
	clock_ns = 0;
	takes_ns = 1000000000;
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(i64, due_ns(0), 1250000000));
}

Test(eraser, there_is_no_pause_while_more_was_written_than_erased)
{
	const uint64_t before = 1000;

	make(3 * STEP);
	erase(before);
	cr_expect(eq(i64, due_ns(before + 1), INT64_MIN));
	wt_eraser_step(&eraser, now_ns);
	cr_expect(is_about(eraser.erased_bytes, STEP));
	cr_expect(eq(i64, due_ns(before + eraser.erased_bytes), 5000000));
	cr_expect(eq(i64, due_ns(before + eraser.erased_bytes + 1), INT64_MIN));
	cr_expect(eq(i64, wt_eraser_due_ns(&eraser, before, true), INT64_MIN), "a hurry");
}

Test(eraser, what_was_written_before_the_first_file_does_not_count)
{
	make(STEP + 1);
	erase(5);
	wt_eraser_step(&eraser, now_ns);
	wt_eraser_step(&eraser, now_ns);
	make(STEP + 1);
	erase(1000000);
	cr_expect(eq(u64, eraser.erased_bytes, 0));
	cr_expect(eq(i64, due_ns(1000000), 5000000));
}

Test(eraser, second_file_follows_the_first)
{
	make(STEP + 1);
	erase(0);
	make(2 * STEP);
	erase(100);
	cr_expect(is_about(eraser.left_bytes, 3 * STEP));
	cr_expect(eq(u64, eraser.written_bytes, 0));
	wt_eraser_step(&eraser, now_ns);
	wt_eraser_step(&eraser, now_ns);
	cr_expect(is_about(eraser.left_bytes, 2 * STEP));
	wt_eraser_step(&eraser, now_ns);
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(u64, eraser.left_bytes, 0));
}

/* The lowest descriptor is the file's then. */
Test(eraser, large_file_is_erased_without_a_standard_input)
{
	make(STEP + 1);
	close(STDIN_FILENO);
	erase(0);
	cr_expect(is_about(eraser.left_bytes, STEP));
}

static off_t size_of_watched(void)
{
	struct stat status;

	cr_assert(eq(int, fstat(watched, &status), 0));
	return status.st_size;
}

Test(eraser, file_that_somebody_reads_stays_whole_for_him)
{
	make(STEP + 1);
	watched = openat(dir_fd, "file", O_RDONLY | O_CLOEXEC);
	cr_expect(eq(int, erase(0), 0));
	cr_expect(not(is_there("file")));
	cr_expect(eq(u64, eraser.left_bytes, 0));
	wt_eraser_step(&eraser, now_ns);
	cr_expect(eq(i64, size_of_watched(), STEP + 1));
}

Test(eraser, file_with_another_name_stays_under_that)
{
	struct stat status;

	make(STEP + 1);
	cr_assert(eq(int, linkat(dir_fd, "file", dir_fd, "link", 0), 0));
	cr_expect(eq(int, erase(0), 0));
	wt_eraser_step(&eraser, now_ns);
	cr_assert(eq(int, fstatat(dir_fd, "link", &status, 0), 0));
	cr_expect(eq(i64, status.st_size, STEP + 1));
}

Test(eraser, what_is_left_at_the_end_is_the_kernels)
{
	make(STEP + 1);
	erase(0);
	wt_eraser_fini(&eraser);
	cr_expect(eq(u64, eraser.left_bytes, 0));
	cr_expect(eq(i64, due_ns(1), INT64_MAX));
}
