/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_READY_H
#define WIRETAPE_CLI_RECORD_READY_H

/* Tells other programs that the work has begun: by the protocol of sd_notify(3), and by a line on a
 * descriptor. */

#include <sys/socket.h>
#include <sys/un.h>

struct wt_ready {
	int fd; /* 0: none */
	struct sockaddr_un address;
	socklen_t address_bytes; /* 0: nobody to notify */
};

/* Notify on `fd`, or 0; it is closed after that and not inherited by other programs. Takes
 * $NOTIFY_SOCKET out of the environment, so that these do not notify in our name. Call before
 * threads start. */
void wt_ready_init(struct wt_ready *ready, int fd);

/* Send READY=1, and the line READY. Complains if that fails. Any thread, once. */
void wt_ready_begun(struct wt_ready *ready);

/* STOPPING=1. */
void wt_ready_stopping(const struct wt_ready *ready);

#endif
