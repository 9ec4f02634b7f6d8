/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares a NIC's clock with the system's by one of the kernel's ways, whichever is the best:
 *
 *     phc_probe IFACE|/dev/ptpN best|precise|extended|basic SAMPLES EVERY_MS [COMMAND]
 *
 * The other ways are refused as a driver that lacks them refuses. With COMMAND it takes as many
 * samples again behind it. Prints an object per sample and line: `off_ns` is how far from the
 * truth the map of before has converted it, which may be `bound_ns` by what the map admits and
 * the sample's bracket. A last sample judges the last map and is not told to it.
 *
 * Exits with 0, with 1 if the last one is out of bounds or a sample makes no sense, and with 77
 * if the clock cannot be compared in this way. */
#include <errno.h>
#include <inttypes.h>
#include <linux/ptp_clock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/phc.h>

enum { CANNOT = 77, ANY = -1, NS_PER_MS = 1000000 };

/* The kernel, with all ways but one refused. */
struct narrowed {
	struct wt_system system;
	int method; /* or ANY */
};

static const unsigned long requests[WT_CROSS_METHODS] = {
        [WT_CROSS_PRECISE] = PTP_SYS_OFFSET_PRECISE,
        [WT_CROSS_EXTENDED] = PTP_SYS_OFFSET_EXTENDED,
        [WT_CROSS_BASIC] = PTP_SYS_OFFSET,
};

static int narrowed_ioctl(struct wt_system *system, int fd, unsigned long request, void *argument)
{
	const struct narrowed *narrowed = (const struct narrowed *)system;
	struct wt_system *kernel = wt_kernel_system();
	int rc;

	for (int i = 0; i < WT_CROSS_METHODS; i++)
		if (narrowed->method != ANY && i != narrowed->method && request == requests[i])
			return -EOPNOTSUPP;
	rc = kernel->ops->ioctl(kernel, fd, request, argument);
	/* So that the driver is asked, and not only what it says of itself. */
	if (!rc && request == PTP_CLOCK_GETCAPS && narrowed->method == WT_CROSS_PRECISE)
		((struct ptp_clock_caps *)argument)->cross_timestamping = 1;
	return rc;
}

struct run {
	struct wt_phc *phc;
	struct wt_clock_estimator estimator;
	struct wt_cross_sample last;
	uint64_t samples;
	int method;
	bool failed;
};

static void complain(struct run *run, const char *what)
{
	fprintf(stderr, "phc_probe: sample %" PRIu64 ": %s\n", run->samples, what);
	run->failed = true;
}

static int64_t bound_of(const struct wt_clock_map *map, const struct wt_cross_sample *sample)
{
	return wt_clock_map_error_ns(map, sample->phc_ns) + (sample->bracket_ns + 1) / 2;
}

static int64_t off_of(const struct wt_clock_map *map, const struct wt_cross_sample *sample)
{
	return wt_clock_map_to_utc(map, sample->phc_ns) - sample->utc_ns;
}

static void check(struct run *run, const struct wt_cross_sample *sample)
{
	if (run->method != ANY && (int)sample->method != run->method)
		complain(run, "another way than the only one that is there");
	if (sample->bracket_ns <= 0 && sample->method != WT_CROSS_PRECISE)
		complain(run, "no bracket");
	if (run->samples && sample->raw_ns <= run->last.raw_ns)
		complain(run, "CLOCK_MONOTONIC_RAW does not rise");
}

static void print(const struct run *run, const struct wt_cross_sample *sample,
                  const struct wt_clock_map *before, const char *verdict)
{
	printf("{\"method\":\"%s\",\"phc_ns\":%" PRId64 ",\"utc_ns\":%" PRId64
	       ",\"raw_ns\":%" PRId64 ",\"bracket_ns\":%" PRId64 ",\"verdict\":\"%s\""
	       ",\"culprit\":\"%s\",\"step_ns\":%" PRId64 ",\"map\":%" PRIu32 ",\"epoch\":%" PRIu32,
	       wt_cross_method_name(sample->method), sample->phc_ns, sample->utc_ns, sample->raw_ns,
	       sample->bracket_ns, verdict, wt_clock_culprit_name(run->estimator.culprit),
	       run->estimator.step_ns, run->estimator.map.number, run->estimator.map.epoch);
	if (before->number)
		printf(",\"off_ns\":%" PRId64 ",\"bound_ns\":%" PRId64, off_of(before, sample),
		       bound_of(before, sample));
	puts("}");
}

static int take(struct run *run, struct wt_cross_sample *sample)
{
	struct wt_error err;
	int rc = wt_phc_cross(run->phc, sample, &err);

	if (rc) {
		fprintf(stderr, "phc_probe: %s\n", err.text);
		return rc;
	}
	check(run, sample);
	run->samples++;
	run->last = *sample;
	return 0;
}

static void wait_ms(unsigned ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * NS_PER_MS};

	nanosleep(&time, NULL);
}

static int take_samples(struct run *run, unsigned samples, unsigned every_ms)
{
	for (unsigned i = 0; i < samples; i++) {
		struct wt_clock_map before = run->estimator.map;
		struct wt_cross_sample sample;
		enum wt_clock_verdict verdict;
		int rc = take(run, &sample);

		if (rc)
			return rc;
		verdict = wt_clock_estimator_add(&run->estimator, &sample);
		print(run, &sample, &before, wt_clock_verdict_name(verdict));
		wait_ms(every_ms);
	}
	return 0;
}

static int judge(struct run *run)
{
	const struct wt_clock_map *map = &run->estimator.map;
	struct wt_cross_sample sample;
	int rc = take(run, &sample);

	if (rc)
		return rc;
	print(run, &sample, map, "judge");
	if (llabs(off_of(map, &sample)) > bound_of(map, &sample))
		complain(run, "further from the truth than the map admits");
	return 0;
}

static int run_all(struct run *run, char **argv)
{
	unsigned samples = (unsigned)atoi(argv[3]), every_ms = (unsigned)atoi(argv[4]);
	int rc;

	wt_clock_estimator_init(&run->estimator);
	rc = take_samples(run, samples, every_ms);
	if (!rc && argv[5]) {
		fflush(stdout);
		if (system(argv[5]))
			complain(run, "the command has failed");
		rc = take_samples(run, samples, every_ms);
	}
	return rc ? rc : judge(run);
}

static bool find_method(const char *name, int *method)
{
	*method = ANY;
	if (!strcmp(name, "best"))
		return true;
	for (int i = 0; i < WT_CROSS_METHODS; i++)
		if (!strcmp(name, wt_cross_method_name((enum wt_cross_method)i)))
			*method = i;
	return *method != ANY;
}

int main(int argc, char **argv)
{
	struct wt_system_ops ops = *wt_kernel_system()->ops;
	struct narrowed narrowed = {.system = {&ops}};
	struct run run = {0};
	struct wt_error err;
	int rc;

	if (argc < 5 || argc > 6 || !find_method(argv[2], &narrowed.method)) {
		fputs("Usage: phc_probe IFACE|/dev/ptpN METHOD SAMPLES EVERY_MS [COMMAND]\n",
		      stderr);
		return 2;
	}
	ops.ioctl = narrowed_ioctl;
	run.method = narrowed.method;
	rc = argv[1][0] == '/' ? wt_phc_open(&run.phc, &narrowed.system, argv[1], &err)
	                       : wt_phc_open_interface(&run.phc, &narrowed.system, argv[1], &err);
	if (rc) {
		fprintf(stderr, "phc_probe: %s\n", err.text);
		return 1;
	}
	rc = run_all(&run, argv);
	wt_phc_close(run.phc);
	if (rc)
		return rc == -EOPNOTSUPP ? CANNOT : 1;
	return run.failed;
}
