/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/on_close.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The recorder's ignored or blocked signals (SIGPIPE, a thread's mask) are not for the command. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int rc;

	sigfillset(&all);
	sigemptyset(&none);
	rc = posix_spawnattr_setsigdefault(attributes, &all);
	if (!rc)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	if (!rc)
		rc = posix_spawnattr_setpgroup(attributes, 0);
	if (!rc)
		rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF |
		                                                  POSIX_SPAWN_SETSIGMASK |
		                                                  POSIX_SPAWN_SETPGROUP);
	return rc;
}

/* posix_spawn and its family return errors as positive numbers. */
static int spawn(pid_t *pid, char *const argv[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return -rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc)
		goto destroy_actions;
	rc = set_attributes(&attributes);
	if (!rc)
		rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
		                                      0);
	/* Standard output may be somebody's JSON. */
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* Prefix that keeps the command from taking the path for an option. */
static char *as_argument(const char *path)
{
	char *argument;

	return asprintf(&argument, "%s%s", *path == '-' ? "./" : "", path) < 0 ? NULL : argument;
}

int wt_on_close_start(struct wt_on_close *running, const char *command, const char *path)
{
	char shell[] = "sh", option[] = "-c", *script = NULL, *argument = as_argument(path);
	int rc = -ENOMEM;

	/* The path is an argument of the shell, never part of what it parses. */
	if (argument && asprintf(&script, "%s \"$@\"", command) >= 0)
		rc = spawn(&running->pid, (char *[]){shell, option, script, shell, argument, NULL});
	else
		script = NULL;
	free(script);
	free(argument);
	running->terminated = false;
	if (!rc)
		running->pidfd = (int)syscall(SYS_pidfd_open, running->pid, 0);
	return rc;
}

void wt_on_close_terminate(struct wt_on_close *running)
{
	kill(-running->pid, running->terminated ? SIGKILL : SIGTERM);
	running->terminated = true;
}

/* Until it is collected its number belongs to nobody else. */
static void kill_the_rest(const struct wt_on_close *running)
{
	siginfo_t info = {0};

	if (!waitid(P_PID, (id_t)running->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
		kill(-running->pid, SIGKILL);
}

bool wt_on_close_ended(struct wt_on_close *running, int *status)
{
	pid_t ended;

	if (running->terminated)
		kill_the_rest(running);
	do
		ended = waitpid(running->pid, status, WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (ended == 0)
		return false;
	if (ended < 0)
		*status = -1;
	if (running->pidfd >= 0)
		close(running->pidfd);
	return true;
}
