/* SPDX-License-Identifier: BSD-2-Clause */
#include "background.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP};
enum { PASSED_ON = sizeof(passed_on) / sizeof(passed_on[0]) };

static pid_t child; /* set before the handlers are */

static void pass_on(int number)
{
	int saved = errno;

	kill(child, number);
	errno = saved;
}

static void install_handlers(void)
{
	struct sigaction action = {.sa_handler = pass_on};

	sigemptyset(&action.sa_mask);
	/* The child ignores the signals that are to be ignored. */
	for (int i = 0; i < PASSED_ON; i++)
		sigaction(passed_on[i], &action, NULL);
}

/* Wait, and end as the child did. */
static int wait_for_child(void)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return WT_EXIT_FAILURE;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return WT_EXIT_FAILURE;
}

static int wait_for_release(int fd)
{
	ssize_t got;
	char byte;

	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	close(fd);
	if (got != 1)
		return wait_for_child();
	printf("%d\n", (int)child);
	return WT_EXIT_OK;
}

bool wt_background_fork(int *release, int *code)
{
	sigset_t signals, before;
	int ends[2];

	*code = WT_EXIT_FAILURE;
	if (pipe2(ends, O_CLOEXEC)) {
		wt_cli_complain("cannot go to the background: %s", strerror(errno));
		return false;
	}
	sigemptyset(&signals);
	for (int i = 0; i < PASSED_ON; i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	child = fork();
	if (child > 0)
		install_handlers();
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child == 0) {
		close(ends[0]);
		*release = ends[1];
		return true;
	}
	close(ends[1]);
	if (child > 0) {
		*code = wait_for_release(ends[0]);
		return false;
	}
	wt_cli_complain("cannot go to the background: %s", strerror(errno));
	close(ends[0]);
	return false;
}

/* Let go: a terminal goes away, and the reader of a pipe waits for its end. */
static void let_go(int fd, int null)
{
	struct stat status;

	if (fd == STDIN_FILENO || fstat(fd, &status) || !S_ISREG(status.st_mode))
		dup2(null, fd);
}

bool wt_background_release(int release)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool waited_for;

	/* Fails where we lead a process group, which a child does not. */
	setsid();
	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		let_go(fd, null);
	if (null >= 0)
		close(null);
	waited_for = write(release, "", 1) == 1;
	close(release);
	return waited_for;
}
