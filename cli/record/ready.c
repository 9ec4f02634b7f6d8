/* SPDX-License-Identifier: BSD-2-Clause */
#include "ready.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path, or a name in the abstract namespace, which is written with an '@' in place of the
 * leading zero byte. */
static void take_address(struct wt_ready *ready, const char *text)
{
	size_t length = strlen(text);

	if (length >= sizeof(ready->address.sun_path) || (text[0] != '/' && text[0] != '@') ||
	    !text[1]) {
		wt_cli_complain("$NOTIFY_SOCKET '%s' is not the address of a socket that can be "
		                "notified",
		                text);
		return;
	}
	ready->address.sun_family = AF_UNIX;
	memcpy(ready->address.sun_path, text, length + 1);
	if (text[0] == '@')
		ready->address.sun_path[0] = '\0';
	/* All of an abstract name counts, so it ends without a zero byte. */
	ready->address_bytes =
	        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (text[0] == '/'));
}

void wt_ready_init(struct wt_ready *ready, int fd)
{
	const char *socket_name = getenv("NOTIFY_SOCKET");

	memset(ready, 0, sizeof(*ready));
	ready->fd = fd;
	if (fd)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (socket_name && *socket_name)
		take_address(ready, socket_name);
	unsetenv("NOTIFY_SOCKET");
}

static void notify(const struct wt_ready *ready, const char *state)
{
	const struct sockaddr *address = (const struct sockaddr *)&ready->address;
	int fd, saved = 0;

	if (!ready->address_bytes)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL, address, ready->address_bytes) < 0)
		saved = errno;
	if (fd >= 0)
		close(fd);
	if (saved)
		wt_cli_complain("cannot notify $NOTIFY_SOCKET of %s: %s", state, strerror(saved));
}

void wt_ready_begun(struct wt_ready *ready)
{
	static const char line[] = "READY\n";

	if (ready->fd && write(ready->fd, line, sizeof(line) - 1) < 0)
		wt_cli_complain("cannot write to the descriptor of --ready-fd: %s",
		                strerror(errno));
	if (ready->fd)
		close(ready->fd);
	ready->fd = 0;
	notify(ready, "READY=1");
}

void wt_ready_stopping(const struct wt_ready *ready)
{
	notify(ready, "STOPPING=1");
}
