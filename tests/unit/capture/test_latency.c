/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <wiretape/capture/latency.h>

#include "support/unit.h"

static struct wt_latency_config config;
static struct wt_latency_result result;
static struct wt_latency *latency;
static struct wt_error err;
static unsigned silences;
static const struct wt_histogram *const software = &result.spans[WT_SPAN_SOFTWARE_TO_APPLICATION];

static void set_up(void)
{
	config = (struct wt_latency_config){
	        .reader = {.kind = WT_READER_SIM, .ring_bytes = 1 << 20}};
}

static void tear_down(void)
{
	wt_latency_close(latency);
}

TestSuite(latency, .init = set_up, .fini = tear_down);

static void open_on(const char *interface)
{
	config.reader.interface = interface;
	cr_assert(eq(int, wt_latency_open(&latency, &config, &err), 0), "%s", err.text);
}

static int run(const char *interface)
{
	open_on(interface);
	return wt_latency_run(latency, &result, &err);
}

static void expect_end(enum wt_latency_end end)
{
	cr_expect_str_eq(wt_latency_end_name(result.end), wt_latency_end_name(end));
}

static int64_t quantile(const struct wt_histogram *histogram, double q)
{
	return wt_histogram_quantile(histogram, q);
}

Test(latency, every_packet_of_a_source_that_ends_is_measured)
{
	cr_assert(eq(int, run("sim:count=1000,pps=20000"), 0));
	expect_end(WT_LATENCY_SOURCE);
	cr_expect(eq(u64, result.packets, 1000));
	cr_expect(eq(u64, result.seen, 1000));
	cr_expect(eq(u64, result.lost, 0));
	cr_expect(eq(u64, software->count, 1000));
	cr_expect(eq(u64, result.stamps[WT_STAMP_SOFTWARE], 1000));
	cr_expect(gt(i64, software->min_ns, 0));
	cr_expect(le(i64, quantile(software, 0.5), quantile(software, 0.99)));
	cr_expect(le(i64, quantile(software, 0.99), software->max_ns));
}

Test(latency, ends_after_exactly_as_many_packets_as_asked)
{
	config.max_packets = 777;
	cr_assert(eq(int, run("sim:pps=100000"), 0));
	expect_end(WT_LATENCY_PACKETS);
	cr_expect(eq(u64, result.packets, 777));
	cr_expect(eq(u64, software->count, 777));
}

Test(latency, of_a_time_that_is_over_all_packets_are_measured)
{
	config.max_duration_ns = 100000000;
	config.reader.retire_timeout_ms = 10000;
	cr_assert(eq(int, run("sim:pps=1000"), 0));
	expect_end(WT_LATENCY_DURATION);
	cr_expect(ge(i64, result.elapsed_ns, 100000000));
	cr_expect(ge(u64, result.packets, 1));
	cr_expect(eq(u64, result.packets, result.seen));
}

Test(latency, with_slots_a_packet_does_not_wait_for_those_behind_it)
{
	config.max_packets = 20;
	config.reader.retire_timeout_ms = 5000;
	cr_assert(eq(int, run("sim:pps=100,layout=v2"), 0));
	cr_expect(lt(i64, quantile(software, 0.5), 2500000000));
}

Test(latency, with_blocks_a_packet_waits_for_the_retire_timeout)
{
	config.max_packets = 1;
	config.reader.retire_timeout_ms = 300;
	cr_assert(eq(int, run("sim:pps=1"), 0));
	cr_expect(ge(i64, software->max_ns, 295000000));
}

Test(latency, stop_before_the_start_ends_it_at_once)
{
	open_on("sim:pps=1");
	wt_latency_stop(latency);
	cr_assert(eq(int, wt_latency_run(latency, &result, &err), 0));
	expect_end(WT_LATENCY_ASKED);
}

static void *stop_later(void *argument)
{
	wt_latency_stop(argument);
	return NULL;
}

Test(latency, stop_from_another_thread_wakes_it)
{
	pthread_t thread;

	open_on("sim:pps=1");
	cr_assert(eq(int, pthread_create(&thread, NULL, stop_later, latency), 0));
	cr_assert(eq(int, wt_latency_run(latency, &result, &err), 0));
	pthread_join(thread, NULL);
	expect_end(WT_LATENCY_ASKED);
}

static void on_silence(void *context, int64_t silent_ns)
{
	silences++;
	cr_expect(ge(i64, silent_ns, 50000000));
	wt_latency_stop(*(struct wt_latency **)context);
}

Test(latency, silence_is_said)
{
	config.silence_ns = 50000000;
	config.on_silence = on_silence;
	config.context = &latency;
	cr_assert(eq(int, run("sim:pps=1"), 0));
	cr_expect(eq(uint, silences, 1));
}

/* A block takes a second to fill. */
Test(latency, packets_that_are_not_handed_over_yet_are_no_silence)
{
	config.silence_ns = 200000000;
	config.on_silence = on_silence;
	config.context = &latency;
	config.max_duration_ns = 1500000000;
	config.reader.retire_timeout_ms = 10000;
	cr_assert(eq(int, run("sim:pps=1000,size=60"), 0));
	cr_expect(eq(uint, silences, 0));
	expect_end(WT_LATENCY_DURATION);
}

Test(latency, an_interface_that_is_none_is_an_error)
{
	config.reader.interface = "nosuch";
	cr_expect(eq(int, wt_latency_open(&latency, &config, &err), -ENODEV));
	cr_expect_not_null(strstr(err.text, "nosuch"), "%s", err.text);
}

/* ---- frames without a reader ---- */

static void add(enum wt_stamp_source source, uint8_t notes, const struct wt_clock_map *map)
{
	struct wt_frame frame = {.stamp_ns = 1000,
	                         .stamp_source = (uint8_t)source,
	                         .notes = notes,
	                         .software_ns = 1500};

	wt_latency_add(&result, &frame, 1, 2100, map);
}

/* Counts of the spans, and what the single one in each says. */
static void expect_spans(int64_t hardware_software, int64_t software_application,
                         int64_t hardware_application, int64_t fallback_application)
{
	const int64_t expected[WT_SPANS] = {hardware_software, software_application,
	                                    hardware_application, fallback_application};

	for (int i = 0; i < WT_SPANS; i++) {
		const struct wt_histogram *span = &result.spans[i];

		cr_expect(eq(u64, span->count, expected[i] != 0), "span %d", i);
		cr_expect(eq(i64, span->max_ns, expected[i]), "span %d", i);
	}
}

/* The NIC's clock is 100 ns ahead. */
static const struct wt_clock_map ahead = {.number = 1, .phc_ns = 500, .utc_ns = 400};
static const struct wt_clock_map not_yet;

Test(latency, a_software_stamp_leads_to_the_application)
{
	add(WT_STAMP_SOFTWARE, 0, NULL);
	expect_spans(0, 1100, 0, 0);
}

Test(latency, stamps_of_the_fallback_are_counted_apart)
{
	add(WT_STAMP_FALLBACK, 0, NULL);
	expect_spans(0, 0, 0, 1100);
	cr_expect(eq(u64, result.stamps[WT_STAMP_FALLBACK], 1));
}

Test(latency, both_stamps_and_a_map_give_two_spans)
{
	add(WT_STAMP_HARDWARE, WT_FRAME_BOTH, &ahead);
	expect_spans(600, 600, 0, 0);
}

Test(latency, both_stamps_without_a_map_give_the_second_span)
{
	add(WT_STAMP_HARDWARE, WT_FRAME_BOTH, &not_yet);
	expect_spans(0, 600, 0, 0);
	cr_expect(eq(u64, result.unmapped, 0));
}

Test(latency, a_hardware_stamp_alone_takes_a_map)
{
	add(WT_STAMP_HARDWARE, 0, NULL);
	expect_spans(0, 0, 0, 0);
	cr_expect(eq(u64, result.unmapped, 1));
	add(WT_STAMP_HARDWARE, 0, &ahead);
	expect_spans(0, 0, 1200, 0);
	cr_expect(eq(u64, result.unmapped, 1));
}

Test(latency, a_hardware_stamp_that_was_converted_already_takes_none)
{
	add(WT_STAMP_HARDWARE, WT_FRAME_GIVEN | WT_FRAME_BOTH, &ahead);
	expect_spans(500, 600, 0, 0);
}

Test(latency, stamps_at_the_ends_of_time_do_not_overflow)
{
	struct wt_frame frames[] = {{.stamp_ns = INT64_MIN, .stamp_source = WT_STAMP_SOFTWARE},
	                            {.stamp_ns = INT64_MAX, .stamp_source = WT_STAMP_SOFTWARE}};

	wt_latency_add(&result, frames, 2, 2, NULL);
	cr_expect(eq(i64, software->max_ns, INT64_MAX));
	cr_expect(eq(i64, software->min_ns, 2 - INT64_MAX));
	cr_expect(eq(u64, software->negative, 1));
}
