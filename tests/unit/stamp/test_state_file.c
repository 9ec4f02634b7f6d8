/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wiretape/stamp/state_file_private.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

static const struct wt_state_ops *const ops = &wt_state_file_ops;
static char top[TEMP_BYTES];
static char folder[TEMP_BYTES + 16], path[TEMP_BYTES + 32];

static void set_up(void)
{
	temp_template(top, "state");
	cr_assert(mkdtemp(top) != NULL);
	snprintf(folder, sizeof(folder), "%s/wiretape", top);
	snprintf(path, sizeof(path), "%s/state", folder);
}

static void tear_down(void)
{
	char command[TEMP_BYTES + 16];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	cr_assert(eq(int, system(command), 0));
}

TestSuite(state_file, .init = set_up, .fini = tear_down);

static int open_state(void)
{
	int fd = wt_state_file_open(folder, "state");

	cr_assert(ge(int, fd, 0));
	return fd;
}

static void expect_refused(int error)
{
	cr_expect(eq(int, wt_state_file_open(folder, "state"), error));
}

static int lock(int fd, unsigned byte, enum wt_state_lock how)
{
	return ops->lock(NULL, fd, byte, how, false);
}

Test(state_file, what_was_written_is_there_for_the_next)
{
	char text[16];
	int fd = open_state();

	cr_expect(eq(int, ops->write(NULL, fd, "long enough", 11), 0));
	ops->close(NULL, fd);
	fd = open_state();
	cr_expect(eq(int, (int)ops->read(NULL, fd, text, sizeof(text)), 11));
	cr_expect(eq(int, memcmp(text, "long enough", 11), 0));
	cr_expect(eq(int, ops->write(NULL, fd, "short", 5), 0));
	cr_expect(eq(int, (int)ops->read(NULL, fd, text, sizeof(text)), 5));
	cr_expect(eq(int, ops->write(NULL, fd, NULL, 0), 0));
	cr_expect(eq(int, (int)ops->read(NULL, fd, text, sizeof(text)), 0));
	ops->close(NULL, fd);
}

Test(state_file, others_can_read_the_folder_and_not_the_files)
{
	struct stat status;

	umask(0);
	ops->close(NULL, open_state());
	cr_assert(eq(int, stat(folder, &status), 0));
	cr_expect(eq(int, status.st_mode & 07777, 0755));
	cr_assert(eq(int, stat(path, &status), 0));
	cr_expect(eq(int, status.st_mode & 07777, 0600));
}

Test(state_file, links_are_not_followed)
{
	char other[80];

	ops->close(NULL, open_state());
	snprintf(other, sizeof(other), "%s/other", top);
	cr_assert(eq(int, rename(path, other), 0));
	cr_assert(eq(int, symlink(other, path), 0));
	expect_refused(-ELOOP);
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, link(other, path), 0));
	expect_refused(-EPERM);
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, unlink(other), 0));
	cr_assert(eq(int, rename(folder, other), 0));
	cr_assert(eq(int, symlink(other, folder), 0));
	expect_refused(-ENOTDIR);
}

Test(state_file, what_is_no_file_is_refused)
{
	ops->close(NULL, open_state());
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, mkfifo(path, 0600), 0));
	expect_refused(-EINVAL);
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, mkdir(path, 0700), 0));
	expect_refused(-EISDIR);
}

Test(state_file, what_others_can_write_to_is_refused)
{
	ops->close(NULL, open_state());
	cr_assert(eq(int, chmod(path, 0620), 0));
	expect_refused(-EPERM);
	cr_assert(eq(int, chmod(path, 0602), 0));
	expect_refused(-EPERM);
	cr_assert(eq(int, chmod(path, 0600), 0));
	cr_assert(eq(int, chmod(folder, 0777), 0));
	expect_refused(-EPERM);
	cr_assert(eq(int, chmod(folder, 01775), 0));
	expect_refused(-EPERM);
}

Test(state_file, what_is_somebody_elses_is_refused)
{
	ops->close(NULL, open_state());
	if (chown(path, 1, 1))
		cr_skip_test("giving a file away takes root");
	expect_refused(-EPERM);
	cr_assert(eq(int, chown(path, 0, 0), 0));
	cr_assert(eq(int, chown(folder, 1, 1), 0));
	expect_refused(-EPERM);
}

Test(state_file, a_folder_that_cannot_be_made_is_an_error)
{
	cr_expect(eq(int, wt_state_file_open("/proc/absent", "state"), -ENOENT));
	cr_expect(eq(int, wt_state_file_open("/proc/self/absent/further", "state"), -ENOENT));
}

Test(state_file, each_byte_has_locks_of_its_own)
{
	int one = open_state(), other = open_state();

	cr_expect(eq(int, lock(one, 1, WT_STATE_SHARED), 0));
	cr_expect(eq(int, lock(other, 1, WT_STATE_SHARED), 0));
	cr_expect(eq(int, lock(other, 2, WT_STATE_ALONE), 0));
	cr_expect(eq(int, lock(one, 2, WT_STATE_SHARED), -EAGAIN));
	cr_expect(eq(int, lock(one, 1, WT_STATE_ALONE), -EAGAIN));
	/* It still has what it had. */
	cr_expect(eq(int, lock(other, 1, WT_STATE_ALONE), -EAGAIN));
	cr_expect(eq(int, lock(one, 1, WT_STATE_UNLOCKED), 0));
	cr_expect(eq(int, lock(other, 1, WT_STATE_ALONE), 0));
	ops->close(NULL, other);
	cr_expect(eq(int, lock(one, 1, WT_STATE_ALONE), 0));
	ops->close(NULL, one);
}

/* A child that has the lock, and waits to be killed. */
static pid_t hold(void)
{
	int told[2], fd;
	char byte;
	pid_t child;

	cr_assert(eq(int, pipe(told), 0));
	child = fork();
	cr_assert(ge(int, child, 0));
	if (!child) {
		fd = wt_state_file_open(folder, "state");
		if (fd < 0 || lock(fd, 0, WT_STATE_ALONE) || write(told[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(told[1]);
	cr_assert(eq(int, (int)read(told[0], &byte, 1), 1));
	close(told[0]);
	return child;
}

Test(state_file, who_is_killed_has_no_lock_any_longer)
{
	int fd = open_state();
	pid_t child = hold();

	cr_expect(eq(int, lock(fd, 0, WT_STATE_ALONE), -EAGAIN));
	cr_expect(eq(int, ops->lock(NULL, fd, 0, WT_STATE_ALONE, true), -EAGAIN));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cr_expect(eq(int, lock(fd, 0, WT_STATE_ALONE), 0));
	ops->close(NULL, fd);
}

Test(state_file, the_folder_is_the_users)
{
	char text[64];

	if (!geteuid()) {
		cr_expect(eq(int, wt_state_folder(text, sizeof(text)), 0));
		cr_expect_str_eq(text, "/run/wiretape");
		return;
	}
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	cr_expect(eq(int, wt_state_folder(text, sizeof(text)), 0));
	cr_expect_str_eq(text, "/run/user/7/wiretape");
	cr_expect(eq(int, wt_state_folder(text, 20), -ENAMETOOLONG));
	setenv("XDG_RUNTIME_DIR", "run", 1);
	cr_expect(eq(int, wt_state_folder(text, sizeof(text)), -ENOENT));
	unsetenv("XDG_RUNTIME_DIR");
	cr_expect(eq(int, wt_state_folder(text, sizeof(text)), -ENOENT));
}

Test(state_file, the_place_is_a_word_and_stays)
{
	char text[80], again[80];

	if (access("/proc/sys/kernel/random/boot_id", R_OK))
		cr_skip_test("there is no boot_id");
	cr_assert(eq(int, ops->place(NULL, text, sizeof(text)), 0));
	cr_assert(eq(int, ops->place(NULL, again, sizeof(again)), 0));
	cr_expect_str_eq(text, again);
	cr_expect(gt(sz, strlen(text), 37));
	cr_expect(eq(int, text[strcspn(text, " \n")], 0));
	cr_expect(eq(int, ops->place(NULL, text, 20), -ENAMETOOLONG));
}
