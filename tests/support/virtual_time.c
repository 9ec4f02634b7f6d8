/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtual_time.h"

#include <poll.h>
#include <string.h>

static struct virtual_time *of(struct wt_system *system)
{
	return (struct virtual_time *)(void *)system;
}

static int tell(struct wt_system *system, clockid_t clock, int64_t *ns)
{
	const struct virtual_time *at = of(system);

	*ns = at->now_ns + (clock == CLOCK_REALTIME ? at->utc_ns : 0);
	return 0;
}

static int pass(struct wt_system *system, int fd, int64_t until_ns)
{
	struct virtual_time *at = of(system);
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	at->waits++;
	at->fd = fd;
	if (at->on_wait)
		at->on_wait(at->context, &until_ns);
	if (poll(&wait, 1, 0) > 0)
		return 1;
	if (until_ns > at->now_ns)
		at->now_ns = until_ns;
	return 0;
}

struct wt_system *virtual_time_init(struct virtual_time *made, int64_t now_ns, int64_t utc_ns)
{
	memset(made, 0, sizeof(*made));
	made->ops = *wt_kernel_system()->ops;
	made->ops.clock = tell;
	made->ops.wait = pass;
	made->system.ops = &made->ops;
	made->now_ns = now_ns;
	made->utc_ns = utc_ns - now_ns;
	return &made->system;
}
