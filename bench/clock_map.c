/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures the cost of converting a stamp of a NIC's clock to UTC and back, and of taking a cross
 * timestamp into the estimate with a full window. In memory, one thread. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <wiretape/stamp/clock_map.h>

enum { STAMPS = 1000000, SAMPLES = 2000, ROUNDS = 31 };

static int64_t stamps[STAMPS];
static struct wt_clock_estimator estimator;
static int64_t sampled; /* samples since the start */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* A clock that is 50 ppm fast, read with brackets of 1 us, every 100 ms. */
static void add_sample(void)
{
	int64_t utc_ns = 1767225600000000000 + sampled * 100000000;
	struct wt_cross_sample sample = {
	        .phc_ns = utc_ns + 37000000000 + sampled * 5000,
	        .utc_ns = utc_ns + sampled * 7919 % 900 - 450,
	        .raw_ns = sampled * 100000000,
	        .bracket_ns = 1000,
	};

	wt_clock_estimator_add(&estimator, &sample);
	sampled++;
}

/* Measures one operation, in ns. */
typedef double measure(void);

static double to_utc(void)
{
	volatile int64_t *out = stamps;
	int64_t start = now_ns();

	for (size_t i = 0; i < STAMPS; i++)
		out[i] = wt_clock_map_to_utc(&estimator.map, out[i]);
	return (double)(now_ns() - start) / STAMPS;
}

static double to_phc(void)
{
	volatile int64_t *out = stamps;
	int64_t start = now_ns();

	for (size_t i = 0; i < STAMPS; i++)
		out[i] = wt_clock_map_to_phc(&estimator.map, out[i]);
	return (double)(now_ns() - start) / STAMPS;
}

static double bounds(void)
{
	volatile int64_t sink = 0;
	int64_t start = now_ns();

	for (size_t i = 0; i < STAMPS; i++)
		sink = wt_clock_map_error_ns(&estimator.map, stamps[i]);
	(void)sink;
	return (double)(now_ns() - start) / STAMPS;
}

static double samples(void)
{
	int64_t start = now_ns();

	for (int i = 0; i < SAMPLES; i++)
		add_sample();
	return (double)(now_ns() - start) / SAMPLES;
}

int main(void)
{
	static const struct {
		const char *name;
		measure *measure;
	} ways[] = {{"PHC to UTC, a stamp", to_utc},
	            {"UTC to PHC, a stamp", to_phc},
	            {"error bound, a stamp", bounds},
	            {"taking a sample", samples}};
	enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
	double ns[WAYS][ROUNDS];

	for (int i = 0; i < WT_CLOCK_WINDOW; i++)
		add_sample();
	/* Alternating, so that all meet the same machine. */
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < STAMPS; i++)
			stamps[i] = estimator.map.phc_ns + (int64_t)i * 100;
		for (int way = 0; way < WAYS; way++)
			ns[way][round] = ways[way].measure();
	}
	printf("ns, one core, medians of %d rounds of %d stamps and %d samples; least and most\n",
	       ROUNDS, STAMPS, SAMPLES);
	for (int way = 0; way < WAYS; way++) {
		qsort(ns[way], ROUNDS, sizeof(ns[way][0]), by_value);
		printf("%-22s %9.2f   %9.2f %9.2f\n", ways[way].name, ns[way][ROUNDS / 2],
		       ns[way][0], ns[way][ROUNDS - 1]);
	}
	return 0;
}
