/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <wiretape/stamp/clock_map.h>

static void __attribute__((format(printf, 2, 3)))
degrade(struct wt_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->stamps_degraded, sizeof(reader->stamps_degraded), format, args);
	va_end(args);
	reader->info.stamps_degraded = reader->stamps_degraded;
}

/* Reject a clock that cannot be read: its stamps could be compared with nothing. */
static int open_clock(struct wt_reader *reader, struct wt_system *system, const char *interface,
                      struct wt_error *err)
{
	struct wt_cross_sample sample;
	int rc = wt_phc_open_interface(&reader->phc, system, interface, err);

	if (!rc)
		rc = wt_phc_cross(reader->phc, &sample, err);
	return rc;
}

/* Look at it twice, far enough apart to tell. */
static bool stands_still(struct wt_phc *phc)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	struct wt_clock_estimator estimator;
	struct wt_cross_sample sample;
	enum wt_clock_verdict verdict = WT_CLOCK_TAKEN;

	wt_clock_estimator_init(&estimator);
	for (int i = 0; i < 2; i++) {
		if (i)
			nanosleep(&pause, NULL);
		if (wt_phc_cross(phc, &sample, NULL))
			return false;
		verdict = wt_clock_estimator_add(&estimator, &sample);
	}
	return verdict == WT_CLOCK_FROZEN;
}

/* Reject a clock that stands still, unless hardware stamps are insisted on: software stamps are
 * better. */
static int judge_clock(const struct wt_reader *reader, enum wt_stamp_request wish,
                       const char *interface, struct wt_error *err)
{
	if (wish == WT_STAMP_HW || !stands_still(reader->phc))
		return 0;
	return wt_error_set(err, -EOPNOTSUPP,
	                    "the clock %s of %s stands still, so hardware stamps mean nothing; "
	                    "wiretape stamp cross %s shows whether it runs again",
	                    wt_phc_device(reader->phc), interface, interface);
}

static int begin_hardware(struct wt_reader *reader, struct wt_system *system, const char *interface,
                          enum wt_stamp_request wish, struct wt_error *err)
{
	int rc = wt_nic_stamping_enable(&reader->stamping, system, interface, err);

	if (!rc)
		rc = open_clock(reader, system, interface, err);
	if (!rc)
		rc = judge_clock(reader, wish, interface, err);
	if (rc) {
		wt_reader_end_stamps(reader);
		return rc;
	}
	reader->info.stamps = WT_STAMP_HARDWARE;
	if (reader->stamping.limited[0])
		degrade(reader, "%s", reader->stamping.limited);
	return 0;
}

int wt_reader_begin_stamps(struct wt_reader *reader, const struct wt_reader_config *config,
                           struct wt_system *system, const char *interface, struct wt_error *err)
{
	struct wt_error why;
	int rc;

	reader->system = system;
	reader->info.stamps = WT_STAMP_SOFTWARE;
	if (config->stamp == WT_STAMP_SW)
		return 0;
	rc = begin_hardware(reader, system, interface, config->stamp, &why);
	if (!rc)
		return 0;
	if (config->stamp == WT_STAMP_HW)
		return wt_error_set(err, rc, "%s", why.text);
	degrade(reader, "%s: software stamps only: %.240s", interface, why.text);
	return 0;
}

void wt_reader_end_stamps(struct wt_reader *reader)
{
	wt_nic_stamping_restore(&reader->stamping, NULL);
	wt_phc_close(reader->phc);
	reader->phc = NULL;
}

void wt_reader_renew_stamps(struct wt_reader *reader)
{
	struct wt_system *system = reader->stamping.system;
	const char *name = reader->info.name;
	struct wt_error err;
	struct wt_phc *phc;
	int rc;

	if (reader->info.stamps != WT_STAMP_HARDWARE)
		return;
	rc = wt_nic_stamping_renew(&reader->stamping, name, &err);
	if (!rc)
		rc = wt_phc_open_interface(&phc, system, name, &err);
	if (rc) {
		degrade(reader, "%s is back without hardware stamps: %.240s", name, err.text);
		return;
	}
	wt_phc_close(reader->phc);
	reader->phc = phc;
	if (reader->stamping.limited[0])
		degrade(reader, "%s", reader->stamping.limited);
}

struct wt_system *wt_reader_system(const struct wt_reader *reader)
{
	return reader->system ? reader->system : wt_kernel_system();
}

struct wt_phc *wt_reader_phc(const struct wt_reader *reader)
{
	return reader->phc;
}

const struct wt_nic_stamping *wt_reader_nic_stamping(const struct wt_reader *reader)
{
	return reader->info.stamps == WT_STAMP_HARDWARE ? &reader->stamping : NULL;
}

int wt_reader_restore_stamping(struct wt_reader *reader, struct wt_error *err)
{
	return wt_nic_stamping_restore(&reader->stamping, err);
}
