/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_text.h>
#include "stamp.h"
#include "stamp_face.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/phc.h>
#include <wiretape/base/time_text.h>

enum { SAMPLES_DEFAULT = 5, EVERY_MS_DEFAULT = 1000, EVERY_MS_MOST = 3600000, NS_PER_MS = 1000000 };

struct options {
	const char *clock;
	uint64_t samples; /* 0: until it is interrupted */
	uint64_t every_ms;
	bool json;
};

static const struct option long_options[] = {
        {"samples", required_argument, NULL, 'n'}, {"count", required_argument, NULL, 'n'},
        {"every", required_argument, NULL, 'e'},   {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape stamp cross [OPTION]... IFACE|/dev/ptpN\n"
	       "Take cross timestamps: what a NIC's clock (PHC), CLOCK_REALTIME (UTC) and\n"
	       "CLOCK_MONOTONIC_RAW show at the same moment, and within which bracket that is\n"
	       "known. No clock is set.\n"
	       "\n"
	       "  -n, --samples N  so many; 0: until SIGINT or SIGTERM [%d]\n"
	       "  -e, --every MS   so far apart [%d]\n"
	       "  -j, --json       one JSON object per sample and line\n"
	       "  -h, --help       this text\n"
	       "\n",
	       SAMPLES_DEFAULT, EVERY_MS_DEFAULT);
	wt_stamp_print_sim_help();
	printf("ppm is what the PHC gains on UTC, with the bound of its error, from all samples\n"
	       "since the last step. An object has utc, utc_ns, device, phc_ns, raw_ns,\n"
	       "tai_offset_s, bracket_ns, method (precise, extended or basic), offset_ns (PHC -\n"
	       "UTC), ppm, ppm_error and verdict (taken, outlier, stepped, frozen or backward).\n"
	       "What is not known is null.\n"
	       "\n"
	       "Exit status: 0, or 1 if there is no clock or it cannot be read, 2 for a wrong\n"
	       "command line.\n");
}

/* What a run has seen. */
struct run {
	struct wt_clock_estimator estimator;
	struct wt_cross_sample first;
	struct wt_cross_sample last;
	enum wt_clock_verdict verdict;
	uint64_t samples;
	uint64_t steps;
	int64_t narrowest_ns;
	int64_t widest_ns;
};

static int64_t offset_of(const struct wt_cross_sample *sample)
{
	/* A clock may show any time. */
	return (int64_t)((uint64_t)sample->phc_ns - (uint64_t)sample->utc_ns);
}

static void note(struct run *run, const struct wt_cross_sample *sample)
{
	if (!run->samples++) {
		wt_clock_estimator_init(&run->estimator);
		run->first = *sample;
		run->narrowest_ns = run->widest_ns = sample->bracket_ns;
	}
	run->last = *sample;
	run->verdict = wt_clock_estimator_add(&run->estimator, sample);
	run->steps += run->verdict == WT_CLOCK_STEPPED || run->verdict == WT_CLOCK_BACKWARD;
	if (sample->bracket_ns < run->narrowest_ns)
		run->narrowest_ns = sample->bracket_ns;
	if (sample->bracket_ns > run->widest_ns)
		run->widest_ns = sample->bracket_ns;
}

/* One sample tells no rate. */
static bool has_rate(const struct run *run)
{
	return run->estimator.map.number && run->estimator.count > 1;
}

/* The bound is that of the samples before the latest one, so that it holds if the clock was moved
 * since. Two have none, and what the first of three allows is wider than what two agree on. */
static bool has_rate_bound(const struct run *run)
{
	return has_rate(run) && run->estimator.count > 2;
}

static double ppm_of(int64_t rate)
{
	return (double)rate * 1e6 / (double)(INT64_C(1) << WT_RATE_SHIFT);
}

/* "-37.000000001" */
static const char *seconds_text(char text[32], int64_t ns, const char *plus)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(text, 32, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : plus,
	         size / (uint64_t)NS_PER_S, size % (uint64_t)NS_PER_S);
	return text;
}

static const char *rate_text(char text[48], const struct run *run)
{
	const struct wt_clock_map *map = &run->estimator.map;

	if (has_rate_bound(run))
		snprintf(text, 48, "%+.4f +-%.4f", ppm_of(map->inverse_rate),
		         ppm_of(map->rate_error));
	else if (has_rate(run))
		snprintf(text, 48, "%+.4f", ppm_of(map->inverse_rate));
	else
		snprintf(text, 48, "-");
	return text;
}

static void print_head(const char *device, const struct wt_cross_sample *sample)
{
	printf("%s beside the system's clocks; TAI - UTC is ", device);
	if (sample->tai_offset_s)
		printf("%" PRId32 " s\n", sample->tai_offset_s);
	else
		printf("not told: ptp4l with phc2sys, chronyd with\n"
		       "leapsectz, or ntpd with a leapfile tell it to the kernel\n");
	printf("%-30s  %20s  %18s  %10s  %-8s  %20s  %s\n", "UTC", "PHC", "MONOTONIC_RAW",
	       "bracket", "method", "PHC - UTC", "ppm");
}

static void print_verdict(const struct run *run)
{
	const struct wt_clock_estimator *estimator = &run->estimator;
	char text[32];

	if (run->verdict == WT_CLOCK_TAKEN)
		return;
	printf("  %s", wt_clock_verdict_name(run->verdict));
	if (run->verdict == WT_CLOCK_STEPPED)
		printf(": UTC - PHC by %s s, clock: %s",
		       seconds_text(text, estimator->step_ns, "+"),
		       wt_clock_culprit_name(estimator->culprit));
}

static bool print_text(const struct run *run, const char *device)
{
	const struct wt_cross_sample *sample = &run->last;
	char utc[WT_TIME_UTC_BYTES], phc[32], raw[32], offset[32], rate[48];

	if (run->samples == 1)
		print_head(device, sample);
	wt_time_format_utc(utc, sample->utc_ns);
	printf("%-30s  %20s  %18s  %7" PRId64 " ns  %-8s  %20s  %s", utc,
	       seconds_text(phc, sample->phc_ns, ""), seconds_text(raw, sample->raw_ns, ""),
	       sample->bracket_ns, wt_cross_method_name(sample->method),
	       seconds_text(offset, offset_of(sample), "+"), rate_text(rate, run));
	print_verdict(run);
	putchar('\n');
	return !fflush(stdout);
}

static bool print_json(const struct run *run, const char *device)
{
	const struct wt_cross_sample *sample = &run->last;
	const struct wt_clock_map *map = &run->estimator.map;
	bool rated = has_rate(run);
	char utc[WT_TIME_UTC_BYTES];

	wt_time_format_utc(utc, sample->utc_ns);
	return wt_stamp_print_json_line(json_pack(
	        "{s:s, s:I, s:o, s:I, s:I, s:o, s:I, s:s, s:I, s:o, s:o, s:s}", "utc", utc,
	        "utc_ns", (json_int_t)sample->utc_ns, "device", wt_json_text(device), "phc_ns",
	        (json_int_t)sample->phc_ns, "raw_ns", (json_int_t)sample->raw_ns, "tai_offset_s",
	        sample->tai_offset_s ? json_integer(sample->tai_offset_s) : json_null(),
	        "bracket_ns", (json_int_t)sample->bracket_ns, "method",
	        wt_cross_method_name(sample->method), "offset_ns", (json_int_t)offset_of(sample),
	        "ppm", rated ? json_real(ppm_of(map->inverse_rate)) : json_null(), "ppm_error",
	        has_rate_bound(run) ? json_real(ppm_of(map->rate_error)) : json_null(), "verdict",
	        wt_clock_verdict_name(run->verdict)));
}

static void print_summary(const struct run *run)
{
	char seconds[32], offset[32], rate[48];

	if (!run->samples)
		return;
	printf("%" PRIu64 " %s in %s s: PHC - UTC %s s, ppm %s, brackets %" PRId64 " to %" PRId64
	       " ns, %" PRIu64 " %s\n",
	       run->samples, run->samples == 1 ? "sample" : "samples",
	       seconds_text(seconds, run->last.raw_ns - run->first.raw_ns, ""),
	       seconds_text(offset, offset_of(&run->last), "+"), rate_text(rate, run),
	       run->narrowest_ns, run->widest_ns, run->steps, run->steps == 1 ? "step" : "steps");
}

/* False: it was told to stop. */
static bool wait_until(int64_t at_ns)
{
	int64_t left_ns;

	while ((left_ns = at_ns - wt_stamp_clock(CLOCK_MONOTONIC)) > 0 && !wt_stamp_is_stopped())
		wt_stamp_wait(-1, left_ns);
	return !wt_stamp_is_stopped();
}

static int take_samples(struct wt_phc *phc, const struct options *options, struct run *run)
{
	/* Against the start: delays do not add up. */
	int64_t next_ns = wt_stamp_clock(CLOCK_MONOTONIC);
	struct wt_error err;

	do {
		struct wt_cross_sample sample;

		if (wt_phc_cross(phc, &sample, &err)) {
			fflush(stdout);
			wt_cli_complain("%s", err.text);
			return WT_EXIT_FAILURE;
		}
		note(run, &sample);
		if (options->json ? !print_json(run, wt_phc_device(phc))
		                  : !print_text(run, wt_phc_device(phc)))
			return WT_EXIT_OK; /* wt_cli_flush() says why not */
		next_ns += (int64_t)options->every_ms * NS_PER_MS;
	} while (run->samples != options->samples && wait_until(next_ns));
	return WT_EXIT_OK;
}

static int run_samples(const struct options *options, const struct wt_stamp_nic *nic)
{
	struct run run = {0};
	struct wt_phc *phc;
	struct wt_error err;
	int exit_code = options->clock[0] == '/'
	                        ? wt_phc_open(&phc, nic->system, options->clock, &err)
	                        : wt_phc_open_interface(&phc, nic->system, nic->interface, &err);

	if (exit_code) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	wt_stamp_catch_signals();
	exit_code = take_samples(phc, options, &run);
	if (!options->json)
		print_summary(&run);
	wt_phc_close(phc);
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code;
}

static int run(const struct options *options)
{
	struct wt_stamp_nic nic;
	struct wt_error err;
	int exit_code = wt_stamp_nic_open(&nic, options->clock, &err);

	if (exit_code == -EINVAL)
		return wt_cli_usage("stamp cross", "%s", err.text);
	if (exit_code) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	exit_code = run_samples(options, &nic);
	wt_stamp_nic_close(&nic);
	return exit_code;
}

static int take_option(int option, struct options *options)
{
	switch (option) {
	case 'n':
		if (wt_cli_parse_u64(optarg, 0, UINT64_MAX, &options->samples))
			return WT_EXIT_OK;
		return wt_cli_usage("stamp cross", "'%s' is not a number of samples", optarg);
	case 'e':
		if (wt_cli_parse_u64(optarg, 1, EVERY_MS_MOST, &options->every_ms))
			return WT_EXIT_OK;
		return wt_cli_usage("stamp cross", "every '%s': it is 1 to %d ms", optarg,
		                    EVERY_MS_MOST);
	default:
		options->json = true;
		return WT_EXIT_OK;
	}
}

static int parse_options(int argc, char **argv, struct options *options, bool *help)
{
	int option, exit_code;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":n:e:jh", long_options, NULL)) != -1) {
		switch (option) {
		case 'h':
			*help = true;
			return WT_EXIT_OK;
		case ':':
			return wt_cli_usage("stamp cross", "option '%s' needs a value",
			                    argv[optind - 1]);
		case '?':
			return wt_cli_usage("stamp cross", "there is no option '%s'",
			                    argv[optind - 1]);
		default:
			exit_code = take_option(option, options);
			if (exit_code)
				return exit_code;
		}
	}
	if (argc - optind != 1)
		return wt_cli_usage("stamp cross", optind == argc ? "no IFACE or clock given"
		                                                  : "one clock at a time");
	options->clock = argv[optind];
	return WT_EXIT_OK;
}

int wt_stamp_cross(int argc, char **argv)
{
	struct options options = {.samples = SAMPLES_DEFAULT, .every_ms = EVERY_MS_DEFAULT};
	bool help = false;
	int exit_code = parse_options(argc, argv, &options, &help);

	if (exit_code)
		return exit_code;
	if (!help)
		return run(&options);
	print_help();
	return wt_cli_flush();
}
