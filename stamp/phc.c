/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/phc.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/ptp_clock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>

enum { READINGS = 5, RAW_READINGS = 3 };

struct wt_phc {
	struct wt_system *system;
	int fd;
	bool refused[WT_CROSS_METHODS]; /* for good */
	bool worked[WT_CROSS_METHODS];
	char device[128];
};

/* One reading: the PHC between two readings of CLOCK_REALTIME. */
struct reading {
	int64_t before_ns;
	int64_t phc_ns;
	int64_t after_ns;
};

static int ask(struct wt_phc *phc, unsigned long request, void *argument)
{
	return phc->system->ops->ioctl(phc->system, phc->fd, request, argument);
}

/* False for an invalid time, or one that int64_t does not hold. */
static bool read_time(const struct ptp_clock_time *time, int64_t *ns)
{
	return time->nsec < 1000000000 && !__builtin_mul_overflow(time->sec, 1000000000, ns) &&
	       !__builtin_add_overflow(*ns, (int64_t)time->nsec, ns);
}

static bool read_three(struct reading *reading, const struct ptp_clock_time *before,
                       const struct ptp_clock_time *phc, const struct ptp_clock_time *after)
{
	int64_t width;

	return read_time(before, &reading->before_ns) && read_time(phc, &reading->phc_ns) &&
	       read_time(after, &reading->after_ns) &&
	       !__builtin_sub_overflow(reading->after_ns, reading->before_ns, &width) && width >= 0;
}

/* Keep the narrower one; invalid ones do not count. */
static void keep_narrowest(struct wt_cross_sample *sample, const struct reading *reading)
{
	int64_t bracket_ns = reading->after_ns - reading->before_ns;

	if (sample->bracket_ns >= 0 && sample->bracket_ns <= bracket_ns)
		return;
	sample->bracket_ns = bracket_ns;
	sample->phc_ns = reading->phc_ns;
	sample->utc_ns = reading->before_ns + bracket_ns / 2;
}

static int cross_precise(struct wt_phc *phc, struct wt_cross_sample *sample)
{
	struct ptp_sys_offset_precise offset = {0};
	int rc = ask(phc, PTP_SYS_OFFSET_PRECISE, &offset);

	if (rc)
		return rc;
	if (!read_time(&offset.device, &sample->phc_ns) ||
	    !read_time(&offset.sys_realtime, &sample->utc_ns) ||
	    !read_time(&offset.sys_monoraw, &sample->raw_ns))
		return -EBADMSG;
	sample->bracket_ns = 0;
	return 0;
}

static int cross_extended(struct wt_phc *phc, struct wt_cross_sample *sample)
{
	struct ptp_sys_offset_extended offset = {.n_samples = READINGS};
	struct reading reading;
	int rc = ask(phc, PTP_SYS_OFFSET_EXTENDED, &offset);

	if (rc)
		return rc;
	if (offset.n_samples != READINGS)
		return -EBADMSG;
	sample->bracket_ns = -1;
	for (int i = 0; i < READINGS; i++)
		if (read_three(&reading, &offset.ts[i][0], &offset.ts[i][1], &offset.ts[i][2]))
			keep_narrowest(sample, &reading);
	return sample->bracket_ns < 0 ? -EBADMSG : 0;
}

static int cross_basic(struct wt_phc *phc, struct wt_cross_sample *sample)
{
	struct ptp_sys_offset offset = {.n_samples = READINGS};
	struct reading reading;
	int rc = ask(phc, PTP_SYS_OFFSET, &offset);

	if (rc)
		return rc;
	if (offset.n_samples != READINGS)
		return -EBADMSG;
	sample->bracket_ns = -1;
	for (int i = 0; i < READINGS; i++)
		if (read_three(&reading, &offset.ts[2 * i], &offset.ts[2 * i + 1],
		               &offset.ts[2 * i + 2]))
			keep_narrowest(sample, &reading);
	return sample->bracket_ns < 0 ? -EBADMSG : 0;
}

/* CLOCK_MONOTONIC_RAW at sample->utc_ns, a moment ago: from the narrowest of a few readings of
 * both, moved by the time between. */
static int find_raw(struct wt_system *system, struct wt_cross_sample *sample)
{
	int64_t narrowest_ns = -1, before_ns, raw_ns, after_ns, ago_ns;
	int rc;

	for (int i = 0; i < RAW_READINGS; i++) {
		rc = system->ops->clock(system, CLOCK_REALTIME, &before_ns);
		if (!rc)
			rc = system->ops->clock(system, CLOCK_MONOTONIC_RAW, &raw_ns);
		if (!rc)
			rc = system->ops->clock(system, CLOCK_REALTIME, &after_ns);
		if (rc)
			return rc;
		if (after_ns < before_ns ||
		    (narrowest_ns >= 0 && narrowest_ns <= after_ns - before_ns))
			continue;
		narrowest_ns = after_ns - before_ns;
		if (__builtin_sub_overflow(sample->utc_ns, before_ns + narrowest_ns / 2, &ago_ns) ||
		    __builtin_add_overflow(raw_ns, ago_ns, &sample->raw_ns))
			return -EBADMSG;
	}
	return narrowest_ns < 0 ? -EBADMSG : 0;
}

static int try_method(struct wt_phc *phc, enum wt_cross_method method,
                      struct wt_cross_sample *sample)
{
	static int (*const take[WT_CROSS_METHODS])(struct wt_phc *, struct wt_cross_sample *) = {
	        [WT_CROSS_PRECISE] = cross_precise,
	        [WT_CROSS_EXTENDED] = cross_extended,
	        [WT_CROSS_BASIC] = cross_basic,
	};
	int rc = take[method](phc, sample);

	sample->method = method;
	if (!rc)
		phc->worked[method] = true;
	/* A method that has worked exists, whatever the driver says in a bad moment. */
	else if (!phc->worked[method])
		phc->refused[method] = rc == -EOPNOTSUPP || rc == -ENOTTY || rc == -EINVAL;
	return rc;
}

static int say_why_not(const struct wt_phc *phc, int error, struct wt_error *err)
{
	switch (error) {
	case -EOPNOTSUPP:
		return wt_error_set(err, error,
		                    "%s cannot be compared with the system clock: its driver has "
		                    "none of the kernel's ways to do that; use software stamps",
		                    phc->device);
	case -ENODEV:
		return wt_error_set(err, error,
		                    "%s is gone: its NIC or the NIC's driver has been removed; "
		                    "open it again when they are back",
		                    phc->device);
	case -EBADMSG:
		return wt_error_set(err, error,
		                    "%s returns times that make no sense; its driver is at fault, "
		                    "use software stamps",
		                    phc->device);
	default:
		return wt_error_set(err, error,
		                    "cannot compare %s with the system clock: %s; this may pass, "
		                    "else see what the kernel's log says about its NIC",
		                    phc->device, strerror(-error));
	}
}

int wt_phc_cross(struct wt_phc *phc, struct wt_cross_sample *sample, struct wt_error *err)
{
	struct wt_system *system = phc->system;
	struct wt_cross_sample taken = {0};
	int error = -EOPNOTSUPP, rc = -EOPNOTSUPP, tai_offset_s;

	for (unsigned method = 0; rc && method < WT_CROSS_METHODS; method++) {
		if (phc->refused[method])
			continue;
		rc = try_method(phc, (enum wt_cross_method)method, &taken);
		/* The simplest available method gives the reason. */
		if (!phc->refused[method])
			error = rc;
	}
	if (!rc && taken.method != WT_CROSS_PRECISE)
		error = rc = find_raw(system, &taken);
	if (rc)
		return say_why_not(phc, error, err);
	if (!system->ops->tai_offset(system, &tai_offset_s))
		taken.tai_offset_s = tai_offset_s;
	*sample = taken;
	return 0;
}

static int say_why_not_open(const char *device, int error, struct wt_error *err)
{
	switch (error) {
	case -ENOENT:
		return wt_error_set(err, error,
		                    "there is no clock %s; ls /dev/ptp* shows those that there "
		                    "are, and without any, modprobe ptp and the NIC's driver are "
		                    "what makes them",
		                    device);
	case -EACCES:
	case -EPERM:
		return wt_error_set(err, error,
		                    "no permission to read %s; run as root or in the group that "
		                    "ls -l %s shows",
		                    device, device);
	case -ENOTTY:
		return wt_error_set(err, error,
		                    "%s is no PTP hardware clock; those are /dev/ptp0 and so on",
		                    device);
	default:
		return wt_error_set(err, error, "cannot open the clock %s: %s", device,
		                    strerror(-error));
	}
}

/* Whether it is a PTP clock at all; precise cross timestamps are skipped if it denies having
 * them. */
static int look_at_capabilities(struct wt_phc *phc)
{
	struct ptp_clock_caps capabilities = {0};
	int rc = ask(phc, PTP_CLOCK_GETCAPS, &capabilities);

	if (rc == -ENOTTY)
		return rc;
	phc->refused[WT_CROSS_PRECISE] = !rc && !capabilities.cross_timestamping;
	return 0;
}

int wt_phc_open(struct wt_phc **phc, struct wt_system *system, const char *device,
                struct wt_error *err)
{
	struct wt_phc *made;
	int rc = -ENAMETOOLONG;

	if (strlen(device) >= sizeof(made->device))
		return say_why_not_open(device, rc, err);
	made = calloc(1, sizeof(*made));
	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for the clock %s", device);
	made->system = system;
	memcpy(made->device, device, strlen(device));
	made->fd = system->ops->open(system, device);
	rc = made->fd < 0 ? made->fd : look_at_capabilities(made);
	if (rc) {
		wt_phc_close(made);
		return say_why_not_open(device, rc, err);
	}
	*phc = made;
	return 0;
}

int wt_phc_open_interface(struct wt_phc **phc, struct wt_system *system, const char *interface,
                          struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	char device[32];
	int rc = wt_stamp_capabilities_read(&capabilities, system, interface, err);

	if (rc)
		return rc;
	if (capabilities.supported.phc_index < 0)
		return wt_error_set(err, -EOPNOTSUPP,
		                    "%s has no PTP hardware clock; wiretape stamp caps %s shows "
		                    "what it has",
		                    interface, interface);
	snprintf(device, sizeof(device), "/dev/ptp%d", capabilities.supported.phc_index);
	return wt_phc_open(phc, system, device, err);
}

const char *wt_phc_device(const struct wt_phc *phc)
{
	return phc->device;
}

void wt_phc_close(struct wt_phc *phc)
{
	if (!phc)
		return;
	if (phc->fd >= 0)
		phc->system->ops->close(phc->system, phc->fd);
	free(phc);
}

const char *wt_cross_method_name(enum wt_cross_method method)
{
	static const char *const names[WT_CROSS_METHODS] = {
	        [WT_CROSS_PRECISE] = "precise",
	        [WT_CROSS_EXTENDED] = "extended",
	        [WT_CROSS_BASIC] = "basic",
	};

	return (unsigned)method < WT_CROSS_METHODS ? names[method] : "unknown";
}
