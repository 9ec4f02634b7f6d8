/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <wiretape/cli/record/ready.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

static char folder[TEMP_BYTES];
static char path[TEMP_BYTES + 8];
static struct wt_ready ready;

static void make_folder(void)
{
	temp_template(folder, "ready");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/notify", folder);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

TestSuite(ready, .init = make_folder, .fini = remove_folder);

/* The other end, as systemd has it. `name` of `length` bytes. */
static int listen_at(const char *name, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, length);
	cr_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&address,
	                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)));
	return fd;
}

static void expect_heard(int fd, const char *expected)
{
	char got[64] = "";

	if (recv(fd, got, sizeof(got) - 1, 0) < 0)
		snprintf(got, sizeof(got), "nothing");
	cr_expect(eq(str, got, (char *)(uintptr_t)expected));
}

Test(ready, notifies_a_socket_with_a_path)
{
	int fd = listen_at(path, strlen(path) + 1);

	setenv("NOTIFY_SOCKET", path, 1);
	wt_ready_init(&ready, 0);
	expect_heard(fd, "nothing");
	wt_ready_begun(&ready);
	expect_heard(fd, "READY=1");
	wt_ready_stopping(&ready);
	expect_heard(fd, "STOPPING=1");
	close(fd);
}

Test(ready, notifies_an_abstract_socket)
{
	char name[TEMP_BYTES + 1];
	int fd;

	snprintf(name, sizeof(name), "@%s", folder);
	setenv("NOTIFY_SOCKET", name, 1);
	name[0] = '\0';
	fd = listen_at(name, 1 + strlen(folder));
	wt_ready_init(&ready, 0);
	wt_ready_begun(&ready);
	expect_heard(fd, "READY=1");
	close(fd);
}

Test(ready, takes_the_socket_out_of_the_environment)
{
	setenv("NOTIFY_SOCKET", path, 1);
	wt_ready_init(&ready, 0);
	cr_expect(getenv("NOTIFY_SOCKET") == NULL);
}

Test(ready, does_without_a_socket_that_is_none_or_has_gone)
{
	static const char *const names[] = {"", "@", "relative", "vsock:2:1234", "/absent/socket"};
	char longest[200];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", i ? names[i - 1] : longest, 1);
		wt_ready_init(&ready, 0);
		wt_ready_begun(&ready);
		wt_ready_stopping(&ready);
	}
}

Test(ready, writes_a_line_to_the_descriptor_and_closes_it)
{
	char got[16] = "";
	int ends[2];

	unsetenv("NOTIFY_SOCKET");
	cr_assert(eq(int, pipe(ends), 0));
	wt_ready_init(&ready, ends[1]);
	cr_expect(fcntl(ends[1], F_GETFD) & FD_CLOEXEC);
	wt_ready_begun(&ready);
	cr_expect(eq(long, read(ends[0], got, sizeof(got)), 6));
	cr_expect(eq(str, got, (char *)(uintptr_t) "READY\n"));
	cr_expect(eq(long, read(ends[0], got, sizeof(got)), 0));
	cr_expect(eq(int, fcntl(ends[1], F_GETFD), -1));
	close(ends[0]);
}
