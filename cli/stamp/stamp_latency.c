/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
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
};

static const char *const titles[WT_SPANS] = {
        [WT_SPAN_HARDWARE_TO_SOFTWARE] = "hardware stamp to software stamp",
        [WT_SPAN_SOFTWARE_TO_APPLICATION] = "software stamp to application",
        [WT_SPAN_HARDWARE_TO_APPLICATION] = "hardware stamp to application",
        [WT_SPAN_FALLBACK_TO_APPLICATION] = "late stamp (fallback) to application",
};

/* The measurement, for the signal handler. */
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

static int take_reader(void *member, const char *value, struct wt_error *err)
{
	struct options *options = member;
	int kind = wt_reader_kind_from_name(value);

	if (kind < 0)
		return wt_error_set(err, -EINVAL,
		                    "there is no reader '%s'; there are v3, v2, recv and sim",
		                    value);
	if (options->kind_count == READERS_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d readers", READERS_MAX);
	options->kinds[options->kind_count++] = (enum wt_reader_kind)kind;
	return 0;
}

static const struct wt_option packets_rows[] = {
        {"interface", .letter = 'i', .kind = WT_OPTION_TEXT, .metavar = "IFACE",
         WT_MEMBER(struct options, reader.interface), .help = "the interface"},
        {"count", .letter = 'n', .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1,
         WT_MEMBER(struct options, max_packets),
         .help = "packets for each reader [10000; no limit with -a]"},
        {0},
};

static const struct wt_option reader_rows[] = {
        {"reader", .kind = WT_OPTION_CALL, .metavar = "v3|v2|recv|sim", .take = take_reader,
         .help = "repeatable, one after the other [v3, v2 and recv]"},
        {"retire-timeout", .kind = WT_OPTION_NUMBER, .metavar = "MS", .min = 1, .max = 10000,
         WT_MEMBER(struct options, reader.retire_timeout_ms),
         .help = "v3: hand over a block that is not full after MS [60]"},
        {"ring", .kind = WT_OPTION_SIZE, .metavar = "SIZE",
         WT_MEMBER(struct options, reader.ring_bytes),
         .help = "the ring, such as 64MiB [256MiB; v2: 512MiB]"},
        {"stamp", .kind = WT_OPTION_CHOICE, .metavar = "sw|hw|auto",
         WT_MEMBER(struct options, reader.stamp),
         .help = "the kernel's stamps, the NIC's, or both where there are both (recv) [auto]"},
        {0},
};

const struct wt_command_line wt_stamp_latency_line = {
        .command = "stamp latency",
        .usage = "stamp latency -i IFACE [OPTION]... [FILTER]",
        .about = "Measure how long packets take from their stamp to the program that reads "
                 "them, with each reader in turn. It records nothing.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, packets_rows, 0},
                        {NULL, wt_autostop_row, offsetof(struct options, max_duration_ns)},
                        {NULL, reader_rows, 0},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "Shown are p50, p90, p99, p99.9, the longest time, and how often each "
                 "occurred. The program's moment is when it borrows the block that a packet is "
                 "in: with v3 a packet waits until its block is full or the retire timeout "
                 "ends.\n"
                 "SIGINT ends it and prints what there is. It takes packets to measure: "
                 "without any for 5 s it says so and goes on waiting.\n"
                 "Exit status: 0 fine, 1 failure or a reader without a packet, 2 usage.\n"
                 "  wiretape stamp latency -i eth0 -n 100000 udp\n"
                 "  wiretape stamp latency -i eth0 --reader v3 --retire-timeout 1",
        .words = "FILTER",
        .words_come_last = true,
};

static int complete(struct options *options, const struct wt_words *words)
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
	options->filter = wt_cli_join_words(words->list, words->count);
	options->reader.filter = options->filter;
	return options->filter ? 0 : WT_EXIT_FAILURE;
}

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

/* Results of measuring with one reader. */
struct measured {
	struct wt_reader_info info;
	struct wt_latency_result *result; /* owned */
};

struct view {
	const struct options *options;
	const struct measured *list;
	size_t count;
};

static void read_reader(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_text(value, wt_reader_kind_name(((const struct wt_reader_info *)subject)->kind));
}

static void read_retire(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_signed(value,
	                (int64_t)((const struct wt_reader_info *)subject)->retire_timeout_ms *
	                        1000000);
}

#define SUBJECT struct wt_reader_info
static const struct wt_number info_rows[] = {
        WT_READ_TEXT(read_reader, "reader", "how packets are taken from the kernel"),
        WT_BYTES(ring_bytes_asked, "ring_bytes_asked", "the size of the ring that was asked for"),
        WT_BYTES(ring_bytes, "ring_bytes", "the size of the ring"),
        WT_BYTES(block_bytes, "block_bytes", "the size of its blocks; 0: it has none"),
        WT_BYTES(slot_bytes, "slot_bytes", "the size of its slots; 0: it has none"),
        WT_READ(read_retire, "retire_timeout_ns", WT_KIND_GAUGE, WT_IN_NS,
                "after which a block is handed over that is not full; 0: at once"),
        {0},
};
#undef SUBJECT

static const void *reader_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return &((const struct measured *)subject)->info;
}

static const void *next_note(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_reader_info *info = &((const struct measured *)subject)->info;
	size_t states = info->degraded[0] != NULL;

	(void)row, (void)room;
	if (index < states)
		return info->degraded[index];
	return index == states ? info->stamps_degraded : NULL;
}

static void read_map_error(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_latency_result *result = subject;

	(void)row;
	if (result->map.number)
		wt_value_signed(value, result->map.error_ns);
}

static void read_end(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_text(value, wt_latency_end_name(((const struct wt_latency_result *)subject)->end));
}

#define SUBJECT struct wt_latency_result
static const struct wt_number result_rows[] = {
        WT_READ(read_map_error, "map_error_ns", WT_KIND_GAUGE, WT_IN_NS,
                "within which the NIC's clock is known; null: it did not stamp"),
        WT_COUNT(packets, "packets", "packets that were measured"),
        WT_COUNT(seen, "seen", "packets that arrived"),
        WT_COUNT(lost, "lost_total", "packets for which there was no room"),
        WT_COUNT(malformed, "malformed", "packets in blocks that contradicted themselves"),
        WT_COUNT(unmapped, "unmapped", "packets with no other stamp than one of the NIC's time"),
        WT_NS(elapsed_ns, "duration_ns", "how long it took"),
        WT_READ_TEXT(read_end, "end", "why it ended"),
        WT_COUNT(stamps[WT_STAMP_HARDWARE], "stamps.hardware", "packets stamped by the NIC"),
        WT_COUNT(stamps[WT_STAMP_SOFTWARE], "stamps.software",
                 "packets stamped by the kernel on arrival"),
        WT_COUNT(stamps[WT_STAMP_FALLBACK], "stamps.fallback", "packets stamped late"),
        WT_HISTOGRAM(spans[WT_SPAN_HARDWARE_TO_SOFTWARE], "spans.hardware_to_software",
                     "from the NIC's stamp to the kernel's; null: no packet had both"),
        WT_HISTOGRAM(spans[WT_SPAN_SOFTWARE_TO_APPLICATION], "spans.software_to_application",
                     "from the kernel's stamp to the program"),
        WT_HISTOGRAM(spans[WT_SPAN_HARDWARE_TO_APPLICATION], "spans.hardware_to_application",
                     "from the NIC's stamp to the program"),
        WT_HISTOGRAM(spans[WT_SPAN_FALLBACK_TO_APPLICATION], "spans.fallback_to_application",
                     "from a late stamp to the program"),
        {0},
};
#undef SUBJECT

static const void *result_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct measured *)subject)->result;
}

static const struct wt_number measured_rows[] = {
        WT_PART_OF(reader_of, info_rows),
        WT_PART_OF(result_of, result_rows),
        WT_LIST(next_note, "notes", NULL, "what is less than was asked for"),
        {0},
};

static const void *next_measured(const struct wt_number *row, const void *subject, size_t index,
                                 union wt_number_room *room)
{
	const struct view *view = subject;

	(void)row, (void)room;
	return index < view->count ? &view->list[index] : NULL;
}

static void read_interface(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_text(value, ((const struct view *)subject)->options->reader.interface);
}

static void read_filter(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const char *filter = ((const struct view *)subject)->options->filter;

	(void)row;
	wt_value_text(value, *filter ? filter : NULL);
}

static const struct wt_number json_rows[] = {
        WT_READ_TEXT(read_interface, "interface", "as given"),
        WT_READ_TEXT(read_filter, "filter", "which packets were measured; null: all"),
        WT_LIST(next_measured, "readers", measured_rows, "the readers, one after the other"),
        {0},
};

const struct wt_document wt_stamp_latency_document = {
        .command = "stamp latency",
        .help = "how long packets take from their stamp to the program",
        .rows = json_rows,
};

static void on_silence(void *context, int64_t silent_ns)
{
	const struct wt_reader_config *config = context;

	wt_cli_complain("%s: nothing has arrived on %s for %.0f s; still waiting. Is the sender "
	                "on, and does it pass the filter?",
	                wt_reader_kind_name(config->kind), config->interface,
	                (double)silent_ns / 1e9);
}

/* Measure, and print the results or hand them to *measured. 0 or a negative errno. */
static int run(struct wt_latency *latency, const struct options *options, struct measured *measured)
{
	const struct wt_reader_info *info = wt_latency_reader(latency);
	struct wt_latency_result *result = malloc(sizeof(*result));
	struct wt_error err = {0};
	int rc;

	if (!result) {
		wt_cli_complain("no memory for a histogram");
		return -ENOMEM;
	}
	running = latency;
	if (stop_requested)
		wt_latency_stop(latency);
	rc = wt_latency_run(latency, result, &err);
	running = NULL;
	if (!options->json)
		print_result(info, result);
	if (rc)
		wt_cli_complain("%s", err.text);
	else if (!result->packets)
		wt_cli_complain("%s: no packet has arrived on %s: nothing was measured",
		                wt_reader_kind_name(info->kind), info->name);
	measured->result = result;
	measured->info = *info;
	return rc;
}

static int measure_with(enum wt_reader_kind kind, const struct options *options,
                        struct measured *measured)
{
	struct wt_latency_config config = {
	        .reader = options->reader,
	        .max_packets = options->max_packets,
	        .max_duration_ns = options->max_duration_ns,
	        .on_silence = on_silence,
	};
	struct wt_latency *latency;
	struct wt_error err = {0};
	int rc;

	config.reader.kind = kind;
	config.reader.abort_writes = &stop_requested;
	config.context = &config.reader;
	rc = wt_latency_open(&latency, &config, &err);
	if (rc) {
		wt_cli_complain("%s", err.text);
		return rc;
	}
	for (const char *const *state = wt_latency_reader(latency)->degraded; *state; state++)
		wt_cli_complain("%s", *state);
	rc = run(latency, options, measured);
	wt_latency_close(latency);
	return rc;
}

static int print_json(const struct view *view, int exit_code)
{
	const struct wt_document_error error = {wt_cli_reason(), exit_code};

	if (wt_json_print(stdout, &wt_stamp_latency_document, view, exit_code ? &error : NULL))
		return exit_code;
	return WT_EXIT_FAILURE;
}

/* Measure with one reader after the other. The next may get packets even if one got none; an error
 * of one most likely befalls the others too. */
static int measure(const struct options *options)
{
	struct measured list[READERS_MAX] = {0};
	struct view view = {options, list, 0};
	int code = WT_EXIT_OK, failed = 0;

	catch_signals();
	for (size_t i = 0; i < options->kind_count && !failed && !stop_requested; i++) {
		struct measured *measured = &list[view.count];

		failed = measure_with(options->kinds[i], options, measured);
		view.count += measured->result != NULL;
		if (failed || !measured->result->packets)
			code = WT_EXIT_FAILURE;
	}
	if (options->json && view.count)
		code = print_json(&view, code);
	for (size_t i = 0; i < view.count; i++)
		free(list[i].result);
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}

int wt_stamp_latency(int argc, char **argv)
{
	struct options options = {.reader.stamp = WT_STAMP_AUTO};
	struct wt_words words;
	int code = wt_options_parse(&wt_stamp_latency_line, argc, argv, &options, &words);

	if (!code)
		code = complete(&options, &words);
	if (!code)
		code = measure(&options);
	free(options.filter);
	return code;
}
