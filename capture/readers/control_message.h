/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_CONTROL_MESSAGE_H
#define WIRETAPE_CAPTURE_READERS_CONTROL_MESSAGE_H

/* Control messages of recvmsg(), as the readers that call it need them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Copy a message's data if there is as much as it should be. */
static inline bool wt_control_take(void *out, size_t bytes, const struct cmsghdr *message)
{
	if (message->cmsg_len < CMSG_LEN(bytes))
		return false;
	memcpy(out, CMSG_DATA(message), bytes);
	return true;
}

static inline int64_t wt_control_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

#endif
