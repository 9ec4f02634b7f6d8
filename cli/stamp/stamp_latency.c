/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/latency.h>

enum { PACKETS_DEFAULT = 10000, READERS_MAX = 8 };

struct options {
	struct wt_reader_config reader; /* but for the kind */
	enum wt_reader_kind kinds[READERS_MAX];
	size_t kind_count;
	uint64_t max_packets;
	int64_t max_duration_ns;
	char *filter; /* owned */
	bool json;
	bool help;
};

static const char *const titles[WT_SPANS] = {
        [WT_SPAN_HARDWARE_TO_SOFTWARE] = "hardware stamp to software stamp",
        [WT_SPAN_SOFTWARE_TO_APPLICATION] = "software stamp to application",
        [WT_SPAN_HARDWARE_TO_APPLICATION] = "hardware stamp to application",
        [WT_SPAN_FALLBACK_TO_APPLICATION] = "late stamp (fallback) to application",
};

/* What the signal handler reaches for. */
static struct wt_latency *volatile running;
static volatile sig_atomic_t stop_requested;

static void on_stop(int number)
{
	(void)number;
	stop_requested = 1;
	if (running)
		wt_latency_stop(running);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* So that a closed pipe is an error of writing. */
	signal(SIGPIPE, SIG_IGN);
}

static void print_help(void)
{
	printf("Usage: wiretape stamp latency -i IFACE [OPTION]... [FILTER]\n"
	       "Measure how long packets take from their stamp to the program that reads them, "
	       "with\n"
	       "each reader in turn. It records nothing.\n\n"
	       "  -i, --interface IFACE   the interface\n"
	       "  -n, --count N           packets for each reader [%d; no limit with -a]\n"
	       "  -a, --autostop duration:SECONDS  so long for each reader\n"
	       "      --reader KIND       v3, v2, recv or sim; again for more [v3, v2 and recv]\n"
	       "      --retire-timeout MS v3: hand over a block that is not full after MS [60]\n"
	       "      --ring SIZE         the ring, such as 64MiB [256MiB; v2: 512MiB]\n"
	       "      --stamp sw|hw|auto  the kernel's stamps, the NIC's, or both where there are "
	       "both\n"
	       "                          (recv) [auto]\n"
	       "      --json              one JSON object on standard output, and nothing else\n"
	       "  -h, --help              this text\n\n"
	       "Shown are p50, p90, p99, p99.9, the longest time, and how often each occurred. "
	       "The\n"
	       "program's moment is when it borrows the block that a packet is in: with v3 a "
	       "packet\n"
	       "waits until its block is full or the retire timeout ends.\n\n"
	       "SIGINT ends it and prints what there is. It takes packets to measure: without any\n"
	       "for 5 s it says so and goes on waiting.\n"
	       "Exit: 0 fine, 1 failure or a reader without a packet, 2 usage.\n\n"
	       "  wiretape stamp latency -i eth0 -n 100000 udp\n"
	       "  wiretape stamp latency -i eth0 --reader v3 --retire-timeout 1\n",
	       PACKETS_DEFAULT);
}

/* ---- the command line ---- */

enum { OPT_READER = 256, OPT_RETIRE, OPT_RING, OPT_JSON, OPT_STAMP };

static int add_reader(struct options *options, const char *name)
{
	int kind = wt_reader_kind_from_name(name);

	if (kind < 0)
		return wt_cli_usage("stamp latency",
		                    "there is no reader '%s'; there are v3, v2, recv and sim",
		                    name);
	if (options->kind_count == READERS_MAX)
		return wt_cli_usage("stamp latency", "more than %d readers", READERS_MAX);
	options->kinds[options->kind_count++] = (enum wt_reader_kind)kind;
	return 0;
}

static int set_retire_timeout(struct options *options, const char *value)
{
	uint64_t ms;

	if (!wt_cli_parse_u64(value, 1, 10000, &ms))
		return wt_cli_usage("stamp latency",
		                    "retire timeout '%s' is not a number of milliseconds from 1 "
		                    "to 10000",
		                    value);
	options->reader.retire_timeout_ms = (uint32_t)ms;
	return 0;
}

static int set_stamp(struct options *options, const char *value)
{
	if (!strcmp(value, "sw"))
		options->reader.stamp = WT_STAMP_SW;
	else if (!strcmp(value, "hw"))
		options->reader.stamp = WT_STAMP_HW;
	else if (!strcmp(value, "auto"))
		options->reader.stamp = WT_STAMP_AUTO;
	else
		return wt_cli_usage("stamp latency", "--stamp '%s' is not sw, hw or auto", value);
	return 0;
}

/* 0 or an exit code. */
static int set_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'i':
		options->reader.interface = value;
		return 0;
	case 'n':
		if (wt_cli_parse_u64(value, 1, UINT64_MAX, &options->max_packets))
			return 0;
		return wt_cli_usage("stamp latency", "count '%s' is not a positive number", value);
	case 'a':
		if (!strncmp(value, "duration:", 9) &&
		    wt_cli_parse_seconds(value + 9, &options->max_duration_ns))
			return 0;
		return wt_cli_usage("stamp latency", "'%s' is not duration:SECONDS", value);
	case OPT_READER:
		return add_reader(options, value);
	case OPT_RETIRE:
		return set_retire_timeout(options, value);
	case OPT_RING:
		if (wt_cli_parse_bytes(value, &options->reader.ring_bytes) &&
		    options->reader.ring_bytes)
			return 0;
		return wt_cli_usage("stamp latency", "ring '%s' is not a size like 256MiB", value);
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_STAMP:
		return set_stamp(options, value);
	default:
		options->help = true;
		return 0;
	}
}

static int complete(struct options *options, char **words, int count)
{
	if (!options->reader.interface)
		return wt_cli_usage("stamp latency",
		                    "which interface? -i IFACE; 'wiretape record -D' lists them");
	if (!options->kind_count) {
		options->kinds[options->kind_count++] = WT_READER_V3;
		options->kinds[options->kind_count++] = WT_READER_V2;
		options->kinds[options->kind_count++] = WT_READER_RECV;
	}
	if (!options->max_packets && !options->max_duration_ns)
		options->max_packets = PACKETS_DEFAULT;
	options->filter = wt_cli_join_words(words, count);
	options->reader.filter = options->filter;
	return options->filter ? 0 : WT_EXIT_FAILURE;
}

static int parse(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
	        {"interface", required_argument, NULL, 'i'},
	        {"count", required_argument, NULL, 'n'},
	        {"autostop", required_argument, NULL, 'a'},
	        {"reader", required_argument, NULL, OPT_READER},
	        {"retire-timeout", required_argument, NULL, OPT_RETIRE},
	        {"ring", required_argument, NULL, OPT_RING},
	        {"json", no_argument, NULL, OPT_JSON},
	        {"stamp", required_argument, NULL, OPT_STAMP},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int option, bad;

	optind = 0;
	while ((option = getopt_long(argc, argv, "+:i:n:a:h", longs, NULL)) != -1) {
		if (option == ':')
			return wt_cli_usage("stamp latency", "option %s needs a value",
			                    argv[optind - 1]);
		if (option == '?')
			return wt_cli_usage("stamp latency", "there is no option '%s'",
			                    argv[optind - 1]);
		bad = set_option(options, option, optarg);
		if (bad)
			return bad;
	}
	return options->help ? 0 : complete(options, argv + optind, argc - optind);
}

/* ---- for people ---- */

static void print_settings(const struct wt_reader_info *info)
{
	printf("%s on %s: ", wt_reader_kind_name(info->kind), info->name);
	printf(info->block_bytes ? "ring of %" PRIu64 " KiB" : "socket buffer of %" PRIu64 " KiB",
	       info->ring_bytes / 1024);
	if (info->slot_bytes)
		printf(", slots of %" PRIu32 " bytes", info->slot_bytes);
	else if (info->block_bytes)
		printf(", blocks of %" PRIu32 " KiB", info->block_bytes / 1024);
	if (info->retire_timeout_ms)
		printf(", retire timeout %" PRIu32 " ms\n", info->retire_timeout_ms);
	else
		puts(", handed over at once");
}

static void print_counts(const struct wt_latency_result *result)
{
	printf("  %" PRIu64 " packets in %.3f s; ended: %s\n"
	       "  lost %" PRIu64 "; stamps: hardware %" PRIu64 ", software %" PRIu64
	       ", fallback %" PRIu64 "\n",
	       result->packets, (double)result->elapsed_ns / 1e9, wt_latency_end_name(result->end),
	       result->lost, result->stamps[WT_STAMP_HARDWARE], result->stamps[WT_STAMP_SOFTWARE],
	       result->stamps[WT_STAMP_FALLBACK]);
	if (result->malformed)
		printf("  %" PRIu64 " packets in malformed blocks of the ring\n",
		       result->malformed);
	if (result->map.number)
		printf("  the NIC's clock is known to %" PRId64 " ns\n", result->map.error_ns);
	if (result->unmapped)
		printf("  %" PRIu64 " packets have only a hardware stamp, in the time of the NIC's "
		       "clock\n",
		       result->unmapped);
}

static void print_span(const struct wt_histogram *histogram, const char *title)
{
	putchar('\n');
	wt_draw_histogram(stdout, histogram, title, "packets", wt_draw_has_utf8());
	wt_histogram_print_quantiles(histogram);
}

static void print_result(const struct wt_reader_info *info, const struct wt_latency_result *result)
{
	print_settings(info);
	print_counts(result);
	for (int i = 0; i < WT_SPANS; i++)
		if (result->spans[i].count)
			print_span(&result->spans[i], titles[i]);
	putchar('\n');
	fflush(stdout);
}

/* ---- for programs ---- */

static void put_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_settings(json_t *object, const struct wt_reader_info *info)
{
	json_object_set_new(object, "reader", json_string(wt_reader_kind_name(info->kind)));
	put_count(object, "ring_bytes_asked", info->ring_bytes_asked);
	put_count(object, "ring_bytes", info->ring_bytes);
	put_count(object, "block_bytes", info->block_bytes);
	put_count(object, "slot_bytes", info->slot_bytes);
	put_count(object, "retire_timeout_ms", info->retire_timeout_ms);
	json_object_set_new(object, "degraded",
	                    info->degraded[0] ? json_string(info->degraded[0]) : json_null());
	json_object_set_new(object, "stamps_degraded",
	                    info->stamps_degraded ? json_string(info->stamps_degraded)
	                                          : json_null());
}

static json_t *result_json(const struct wt_reader_info *info,
                           const struct wt_latency_result *result)
{
	json_t *object = json_object(), *stamps = json_object(), *spans = json_object();

	put_settings(object, info);
	if (result->map.number)
		json_object_set_new(object, "map_error_ns", json_integer(result->map.error_ns));
	put_count(object, "packets", result->packets);
	put_count(object, "seen", result->seen);
	put_count(object, "lost", result->lost);
	put_count(object, "malformed", result->malformed);
	put_count(object, "unmapped", result->unmapped);
	json_object_set_new(object, "duration_ns", json_integer(result->elapsed_ns));
	json_object_set_new(object, "end", json_string(wt_latency_end_name(result->end)));
	put_count(stamps, "hardware", result->stamps[WT_STAMP_HARDWARE]);
	put_count(stamps, "software", result->stamps[WT_STAMP_SOFTWARE]);
	put_count(stamps, "fallback", result->stamps[WT_STAMP_FALLBACK]);
	json_object_set_new(object, "stamps", stamps);
	for (int i = 0; i < WT_SPANS; i++)
		if (result->spans[i].count)
			json_object_set_new(spans, wt_latency_span_name((enum wt_latency_span)i),
			                    wt_histogram_json(&result->spans[i]));
	json_object_set_new(object, "spans", spans);
	return object;
}

/* ---- measuring ---- */

static void on_silence(void *context, int64_t silent_ns)
{
	const struct wt_reader_config *config = context;

	wt_cli_complain("%s: nothing has arrived on %s for %.0f s; still waiting. Is the sender "
	                "on, and does it pass the filter?",
	                wt_reader_kind_name(config->kind), config->interface,
	                (double)silent_ns / 1e9);
}

/* What it measured is printed or added to `readers`; *any: something was. 0 or a negative
 * errno. */
static int run(struct wt_latency *latency, const struct options *options, json_t *readers,
               bool *any)
{
	const struct wt_reader_info *info = wt_latency_reader(latency);
	struct wt_latency_result *result = malloc(sizeof(*result));
	struct wt_error err = {0};
	int ret;

	if (!result) {
		wt_cli_complain("no memory for a histogram");
		return -ENOMEM;
	}
	running = latency;
	if (stop_requested)
		wt_latency_stop(latency);
	ret = wt_latency_run(latency, result, &err);
	running = NULL;
	if (options->json)
		json_array_append_new(readers, result_json(info, result));
	else
		print_result(info, result);
	if (ret)
		wt_cli_complain("%s", err.text);
	else if (!result->packets)
		wt_cli_complain("%s: no packet has arrived on %s: nothing was measured",
		                wt_reader_kind_name(info->kind), info->name);
	*any = result->packets > 0;
	free(result);
	return ret;
}

static int measure_with(enum wt_reader_kind kind, const struct options *options, json_t *readers,
                        bool *any)
{
	struct wt_latency_config config = {
	        .reader = options->reader,
	        .max_packets = options->max_packets,
	        .max_duration_ns = options->max_duration_ns,
	        .on_silence = on_silence,
	};
	struct wt_latency *latency;
	struct wt_error err = {0};
	int ret;

	config.reader.kind = kind;
	config.reader.hurry = &stop_requested;
	config.context = &config.reader;
	ret = wt_latency_open(&latency, &config, &err);
	if (ret) {
		wt_cli_complain("%s", err.text);
		return ret;
	}
	for (const char *const *state = wt_latency_reader(latency)->degraded; *state; state++)
		wt_cli_complain("%s", *state);
	ret = run(latency, options, readers, any);
	wt_latency_close(latency);
	return ret;
}

static int print_json(const struct options *options, json_t *readers)
{
	json_t *object = json_pack("{s:s, s:s, s:O}", "interface", options->reader.interface,
	                           "filter", options->filter, "readers", readers);
	int failed = !object || json_dumpf(object, stdout, JSON_COMPACT) || putchar('\n') == EOF;

	json_decref(object);
	if (!failed)
		return WT_EXIT_OK;
	wt_cli_complain("cannot write the result to standard output");
	return WT_EXIT_FAILURE;
}

/* One reader after the other. Without packets for one, there may be some for the next; what
 * one of them cannot do, the others most likely cannot either. */
static int measure(const struct options *options)
{
	json_t *readers = json_array();
	int code = WT_EXIT_OK, failed = 0;

	catch_signals();
	for (size_t i = 0; i < options->kind_count && !failed && !stop_requested; i++) {
		bool any = false;

		failed = measure_with(options->kinds[i], options, readers, &any);
		if (failed || !any)
			code = WT_EXIT_FAILURE;
	}
	if (options->json && json_array_size(readers) && print_json(options, readers))
		code = WT_EXIT_FAILURE;
	json_decref(readers);
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}

int wt_stamp_latency(int argc, char **argv)
{
	struct options options = {.reader.stamp = WT_STAMP_AUTO};
	int code = parse(&options, argc, argv);

	if (!code && options.help)
		print_help();
	else if (!code)
		code = measure(&options);
	free(options.filter);
	return code;
}
