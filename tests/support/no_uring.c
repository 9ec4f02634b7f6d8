/* SPDX-License-Identifier: BSD-2-Clause */
/* Run a program with a system call of io_uring refused by the kernel, as containers and
 * hardened machines do: no_uring setup|enter|register EPERM|ENOSYS|ENOMEM PROGRAM [ARGUMENT]... */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CANNOT = 77 }; /* exit code of a skipped test */

struct name {
	const char *text;
	unsigned value;
};

static const struct name calls[] = {
        {"setup", SYS_io_uring_setup},
        {"enter", SYS_io_uring_enter},
        {"register", SYS_io_uring_register},
        {NULL, 0},
};

static const struct name errors[] = {
        {"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"ENOMEM", ENOMEM}, {NULL, 0}};

static const struct name *find(const struct name *names, const char *text)
{
	for (; names->text; names++)
		if (!strcmp(names->text, text))
			return names;
	return NULL;
}

static int refuse(unsigned call, unsigned error)
{
	/* The numbers are the same on every architecture, so no check of it. */
	struct sock_filter filter[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	const struct name *call = argc > 3 ? find(calls, argv[1]) : NULL;
	const struct name *error = argc > 3 ? find(errors, argv[2]) : NULL;

	if (!call || !error) {
		fputs("Usage: no_uring setup|enter|register EPERM|ENOSYS|ENOMEM PROGRAM...\n",
		      stderr);
		return 2;
	}
	/* A filter without it takes CAP_SYS_ADMIN; file capabilities do not matter here. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || refuse(call->value, error->value)) {
		perror("no_uring: seccomp");
		return CANNOT;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
