/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"
#include "stamp_face.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>
#include <wiretape/cli/options.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/time_text.h>
#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/phc.h>

enum { SAMPLES_DEFAULT = 5, EVERY_MS_DEFAULT = 1000, EVERY_MS_MOST = 3600000, NS_PER_MS = 1000000 };

struct options {
	const char *clock;
	uint64_t samples; /* 0: until it is interrupted */
	uint64_t every_ms;
	bool json;
};

static const struct wt_option rows[] = {
        {"samples", "count", 'n', WT_OPTION_NUMBER, "SAMPLES",
         "how many; 0: until SIGINT or SIGTERM [5]", WT_MEMBER(struct options, samples)},
        {"every", .letter = 'e', .kind = WT_OPTION_NUMBER, .metavar = "MS", .min = 1,
         .max = EVERY_MS_MOST, WT_MEMBER(struct options, every_ms), .help = "how far apart [1000]"},
        {"json", .letter = 'j', WT_MEMBER(struct options, json),
         .help = "one JSON object per sample and line"},
        {0},
};

const struct wt_command_line wt_stamp_cross_line = {
        .command = "stamp cross",
        .usage = "stamp cross [OPTION]... IFACE|/dev/ptpN",
        .about = "Take cross timestamps: what a NIC's clock (PHC), CLOCK_REALTIME (UTC) and "
                 "CLOCK_MONOTONIC_RAW show at the same moment, and within which bracket that "
                 "is known. No clock is set.",
        .groups = (const struct wt_option_group[]){{NULL, rows, 0}, {0}},
        .print_more = wt_stamp_print_sim_help,
        .notes = "ppm is what the PHC gains on UTC, with the bound of its error, from all "
                 "samples since the last step.\n"
                 "'wiretape schema stamp cross' says what the keys of a JSON object mean.\n"
                 "Exit status: 0, or 1 if there is no clock or it cannot be read, 2 for a "
                 "wrong command line.",
        .words = "IFACE",
};

/* Observations of a run. */
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

/* A single sample gives no rate. */
static bool has_rate(const struct run *run)
{
	return run->estimator.map.number && run->estimator.count > 1;
}

/* Check for a bound: it is that of the samples before the latest one, so that it holds if the clock
 * was moved since. Two have none, and what the first of three allows is wider than what two agree
 * on. */
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

/* One sample, for output. */
struct sample {
	char utc[WT_TIME_UTC_BYTES];
	const char *device, *method, *verdict;
	int64_t utc_ns, phc_ns, raw_ns, tai_offset_ns, bracket_ns, offset_ns;
	double ppm, ppm_error; /* NAN: not known */
};

#define SUBJECT struct sample
static const struct wt_number json_rows[] = {
        WT_CHARS(utc, "utc", "CLOCK_REALTIME, in words"),
        WT_TIME(utc_ns, "utc_ns", "CLOCK_REALTIME"),
        WT_TEXT(device, "device", "the NIC's clock (PHC)"),
        WT_NS(phc_ns, "phc_ns", "what that showed"),
        WT_NS(raw_ns, "raw_ns", "CLOCK_MONOTONIC_RAW"),
        WT_KNOWN_NS(tai_offset_ns, "tai_offset_ns",
                    "TAI less UTC; null: nobody has told the kernel"),
        WT_NS(bracket_ns, "bracket_ns", "within which all that is known"),
        WT_TEXT(method, "method", "precise, extended or basic"),
        WT_NS(offset_ns, "offset_ns", "PHC less UTC"),
        WT_GAUGE(ppm, "ppm", WT_IN_PPM, "what the PHC gains on UTC; null: not known yet"),
        WT_GAUGE(ppm_error, "ppm_error", WT_IN_PPM, "the bound of its error"),
        WT_TEXT(verdict, "verdict", "taken, outlier, stepped, frozen or backward"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_stamp_cross_document = {
        .command = "stamp cross",
        .help = "what clocks show at the same moment, a line a sample",
        .rows = json_rows,
};

static bool print_json(const struct run *run, const char *device)
{
	const struct wt_cross_sample *cross = &run->last;
	const struct wt_clock_map *map = &run->estimator.map;
	struct sample sample = {
	        .device = device,
	        .method = wt_cross_method_name(cross->method),
	        .verdict = wt_clock_verdict_name(run->verdict),
	        .utc_ns = cross->utc_ns,
	        .phc_ns = cross->phc_ns,
	        .raw_ns = cross->raw_ns,
	        .tai_offset_ns =
	                cross->tai_offset_s ? (int64_t)cross->tai_offset_s * NS_PER_S : INT64_MIN,
	        .bracket_ns = cross->bracket_ns,
	        .offset_ns = offset_of(cross),
	        .ppm = has_rate(run) ? ppm_of(map->inverse_rate) : (double)NAN,
	        .ppm_error = has_rate_bound(run) ? ppm_of(map->rate_error) : (double)NAN,
	};

	wt_time_format_utc(sample.utc, cross->utc_ns);
	return wt_json_print(stdout, &wt_stamp_cross_document, &sample, NULL);
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

/* Wait; false after a request to stop. */
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

int wt_stamp_cross(int argc, char **argv)
{
	struct options options = {.samples = SAMPLES_DEFAULT, .every_ms = EVERY_MS_DEFAULT};
	struct wt_words words;
	int code = wt_options_parse(&wt_stamp_cross_line, argc, argv, &options, &words);

	if (code)
		return code;
	if (words.count != 1)
		return wt_cli_usage("stamp cross", words.count ? "one clock at a time"
		                                               : "no IFACE or clock given");
	options.clock = words.list[0];
	return run(&options);
}
