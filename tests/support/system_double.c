/* SPDX-License-Identifier: BSD-2-Clause */
#include "system_double.h"

#include <string.h>

static struct system_double *of(struct wt_system *system)
{
	return (struct system_double *)(void *)system;
}

static int double_open(struct wt_system *system, const char *path)
{
	struct system_double *at = of(system);
	int answer = at->under->ops->open(at->under, path);

	if (at->on_open)
		answer = at->on_open(path, answer);
	at->open_now += answer >= 0;
	return answer;
}

static int double_ioctl(struct wt_system *system, int fd, unsigned long request, void *argument)
{
	struct system_double *at = of(system);
	int answer = at->under->ops->ioctl(at->under, fd, request, argument);

	return at->on_ioctl ? at->on_ioctl(request, argument, answer) : answer;
}

static void double_close(struct wt_system *system, int fd)
{
	struct system_double *at = of(system);

	at->open_now--;
	at->under->ops->close(at->under, fd);
}

static int double_interface_ioctl(struct wt_system *system, unsigned long request,
                                  struct ifreq *arg)
{
	struct system_double *at = of(system);
	int answer = at->under->ops->interface_ioctl(at->under, request, arg);

	return at->on_interface_ioctl ? at->on_interface_ioctl(request, arg, answer) : answer;
}

static ssize_t double_tsinfo(struct wt_system *system, const char *interface, void *out,
                             size_t capacity)
{
	struct system_double *at = of(system);
	ssize_t answer = at->under->ops->tsinfo(at->under, interface, out, capacity);

	return at->on_tsinfo ? at->on_tsinfo(out, capacity, answer) : answer;
}

static int double_clock(struct wt_system *system, clockid_t clock, int64_t *ns)
{
	struct system_double *at = of(system);
	int answer = at->under->ops->clock(at->under, clock, ns);

	return at->on_clock ? at->on_clock(clock, ns, answer) : answer;
}

static int double_tai_offset(struct wt_system *system, int *seconds)
{
	struct system_double *at = of(system);
	int answer = at->under->ops->tai_offset(at->under, seconds);

	return at->on_tai_offset ? at->on_tai_offset(seconds, answer) : answer;
}

struct wt_system *system_double_before(struct system_double *made, struct wt_system *under)
{
	static const struct wt_system_ops ops = {
	        .open = double_open,
	        .ioctl = double_ioctl,
	        .close = double_close,
	        .interface_ioctl = double_interface_ioctl,
	        .tsinfo = double_tsinfo,
	        .clock = double_clock,
	        .tai_offset = double_tai_offset,
	};

	memset(made, 0, sizeof(*made));
	made->ops = ops;
	made->system.ops = &made->ops;
	made->under = under;
	return &made->system;
}
