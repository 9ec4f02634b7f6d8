/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_report.h"
#include <wiretape/cli/json_text.h>

#include <wiretape/cli/cli.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/time_text.h>

enum { BAR_COLUMNS = 24, RATE_BYTES = 32 };

/* ---- while it runs ---- */

static const char *rate_text(char out[RATE_BYTES], double per_second, const char *unit)
{
	static const char *const prefixes[] = {"", "k", "M", "G"};
	size_t prefix = 0;

	for (; per_second >= 1000 && prefix < 3; per_second /= 1000)
		prefix++;
	snprintf(out, RATE_BYTES, "%.3g %s%s", per_second, prefixes[prefix], unit);
	return out;
}

static void draw_bar(double share)
{
	int full = (int)(share * BAR_COLUMNS);

	fputc('[', stderr);
	for (int i = 0; i < BAR_COLUMNS; i++)
		fputc(i < full ? '#' : ' ', stderr);
	fprintf(stderr, "] %3d %%  ", (int)(share * 100));
}

void wt_replay_draw_progress(void *context, const struct wt_replay_progress *progress)
{
	double seconds = (double)progress->elapsed_ns / 1e9;
	char rate[RATE_BYTES];

	(void)context;
	fputs("\r\033[K", stderr);
	if (progress->elapsed_ns < 0) {
		fprintf(stderr, "starts in %.1f s", -seconds);
	} else {
		if (progress->share >= 0)
			draw_bar(progress->share);
		fprintf(stderr, "%.1f s  %" PRIu64 " packets", seconds, progress->sent);
		if (seconds > 0)
			fprintf(stderr, ", %s",
			        rate_text(rate, (double)progress->sent / seconds, "pps"));
		if (progress->over_tolerance)
			fprintf(stderr, ", %" PRIu64 " over tolerance", progress->over_tolerance);
	}
	fflush(stderr);
}

void wt_replay_clear_progress(void)
{
	fputs("\r\033[K", stderr);
}

/* ---- for people ---- */

static double seconds_of(const struct wt_replay_result *result)
{
	return (double)result->duration_ns / 1e9;
}

static double bits_of(const struct wt_replay_result *result, double rate_pps)
{
	return rate_pps * 8 * (double)result->bytes / (double)result->sent;
}

static void print_sent(const struct wt_replay_result *result)
{
	double rate = wt_replay_rate_pps(result);
	char packets[RATE_BYTES], bits[RATE_BYTES];

	fprintf(stderr, "sent %" PRIu64 " packet%s, %" PRIu64 " bytes in %.6f s", result->sent,
	        result->sent == 1 ? "" : "s", result->bytes, seconds_of(result));
	if (rate > 0)
		fprintf(stderr, ": %s, %s", rate_text(packets, rate, "pps"),
		        rate_text(bits, bits_of(result, rate), "b/s"));
	fprintf(stderr, "%s\n  pace %s, tx %s", result->was_stopped ? "; stopped" : "",
	        result->has_schedule ? wt_pace_name(result->pace) : "none",
	        wt_tx_kind_name(result->tx));
	if (result->lead_ns)
		fprintf(stderr, ", handed over %" PRId64 " ns before due", result->lead_ns);
	fputc('\n', stderr);
}

static void print_machine(const struct wt_replay_options *options,
                          const struct wt_replay_result *result)
{
	const struct wt_replay_config *config = &options->config;

	if (!config->cpu && !config->fifo_priority && !config->lock_memory)
		return;
	fputs("  machine:", stderr);
	if (config->cpu)
		fprintf(stderr, " CPU %d", config->cpu - 1);
	if (config->fifo_priority)
		fprintf(stderr, "%s SCHED_FIFO %d", config->cpu ? "," : "", config->fifo_priority);
	if (config->lock_memory)
		fprintf(stderr, "%s memory locked",
		        config->cpu || config->fifo_priority ? "," : "");
	fputc('\n', stderr);
	if (result->fifo_stolen_us)
		fprintf(stderr,
		        "  note: of each second the kernel gives %" PRId64 " us to others that "
		        "wait, SCHED_FIFO or not (sysctl kernel.sched_rt_runtime_us)\n",
		        result->fifo_stolen_us);
}

/* Why packets were not sent. */
struct reason {
	uint64_t count;
	const char *key; /* of the report for programs */
	const char *what;
	bool wanted; /* by the command line */
};
enum { REASONS = 8 };

static void list_reasons(const struct wt_replay_options *options,
                         const struct wt_replay_result *result, struct reason reasons[REASONS])
{
	const struct wt_replay_skipped *skipped = &result->skipped;
	const struct reason all[REASONS] = {
	        {skipped->unmapped, "unmapped", "left out by --map", true},
	        {skipped->too_large, "too_large", "too large for the interface", false},
	        {skipped->too_short, "too_short", "too short for a link-layer header", false},
	        {skipped->truncated, "truncated", "cut by the capture",
	         options->config.truncated == WT_TRUNCATED_SKIP},
	        {skipped->not_udp, "not_udp", "not UDP", true},
	        {skipped->fragments, "fragments", "fragments", false},
	        {skipped->link_type, "link_type", "of a link type that cannot be sent there",
	         false},
	        {result->undone, NULL, "refused by the kernel as too large or malformed", false},
	};

	memcpy(reasons, all, sizeof(all));
}

static void print_unfollowed(const struct wt_rewrite_counts *counts)
{
	bool first = true;

	if (!counts->not_followed)
		return;
	fprintf(stderr, "  %" PRIu64 " have something in them that is not rewritten: ",
	        counts->not_followed);
	for (int i = 0; i < WT_UNFOLLOWED_KINDS; i++) {
		if (!counts->unfollowed[i])
			continue;
		fprintf(stderr, "%s%s %" PRIu64, first ? "" : ", ",
		        wt_rewrite_unfollowed_name((enum wt_rewrite_unfollowed)i),
		        counts->unfollowed[i]);
		first = false;
	}
	fputc('\n', stderr);
}

/* Lines for what is not 0. */
static void print_counts(const struct wt_replay_options *options,
                         const struct wt_replay_result *result)
{
	struct reason reasons[REASONS];
	const struct {
		uint64_t count;
		const char *what;
	} lines[] = {
	        {result->padded, "cut by the capture: sent with zeros in place of what is missing"},
	        {result->cut, "cut by the capture: sent as they are"},
	        {result->without_fcs,
	         "with a check sequence (FCS): sent without, the NIC adds its own"},
	        {result->excess, "captured with more bytes than their length: sent without those"},
	        {result->unstamped, "without a stamp: sent right after the one before, or with the "
	                            "first that has one"},
	        {result->out_of_order, "stamped before their predecessor: sent right behind it"},
	        {result->stepped_back,
	         "times the file's clock was set back: gone on without a gap"},
	        {result->gaps_capped, "gaps shortened to --max-gap"},
	        {result->saturated, "later than a time can say"},
	        {result->rewritten.changed, "rewritten"},
	        {result->rewritten.not_understood, "not rewritten in full: not understood"},
	        {result->rewritten.checksums_completed,
	         "with a checksum that was left to a NIC: completed"},
	        {result->rewritten.checksums_fixed, "wrong checksums set right"},
	        {result->rewritten.checksums_lacking, "with a checksum that cannot be completed or "
	                                              "checked: fragments, cut, in a tunnel"},
	        {result->rewritten.checksums_left,
	         "with a checksum that was left to a NIC: sent unfinished; --fix-checksums "
	         "completes it"},
	        {result->rewritten.ip_checksums_wrong, "with a wrong checksum of the IPv4 header: "
	                                               "sent so; --fix-checksums sets it right"},
	        {result->stamped, "payloads stamped"},
	        {result->refused, "times a queue was full; tried again"},
	        {result->late_launches, "handed over after their launch time: sent at once"},
	        {result->unbelieved_stamps,
	         "stamps of the NIC that cannot be right; the next best took their place"},
	        {result->unproved, "sent, but not in the proof, which could not keep up"},
	};

	list_reasons(options, result, reasons);
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].count)
			fprintf(stderr, "  %" PRIu64 " not sent: %s\n", reasons[i].count,
			        reasons[i].what);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].count)
			fprintf(stderr, "  %" PRIu64 " %s\n", lines[i].count, lines[i].what);
	print_unfollowed(&result->rewritten);
	if (result->starved)
		fprintf(stderr,
		        "  waited %.3f ms for packets that were due to be read; %" PRIu64
		        " left late for it\n",
		        (double)result->starved_ns / 1e6, result->starved_packets);
	for (size_t i = 0; i < result->note_count; i++)
		fprintf(stderr, "  note: %s\n", result->notes[i]);
	if (result->notes_left_out)
		fprintf(stderr, "  note: and %" PRIu64 " more like these\n",
		        result->notes_left_out);
}

static void print_sources(const struct wt_proof *proof)
{
	bool first = true;

	fputs("  departures by ", stderr);
	for (int i = WT_DEPARTURE_SOURCES - 1; i >= 0; i--) {
		static const char *const texts[] = {
		        [WT_DEPARTURE_HANDOVER] = "hand-over",
		        [WT_DEPARTURE_SOFTWARE] = "the driver's stamp",
		        [WT_DEPARTURE_HARDWARE] = "the NIC's stamp",
		};

		if (!proof->by_source[i])
			continue;
		fprintf(stderr, "%s%s %" PRIu64, first ? "" : ", ", texts[i], proof->by_source[i]);
		first = false;
	}
	fputc('\n', stderr);
}

/* What the NIC's stamps rest on, and what was done to have them. */
static void print_nics(const struct wt_replay_result *result)
{
	char error[WT_DRAW_TIME_BYTES];

	for (size_t i = 0; i < result->port_count; i++) {
		const struct wt_replay_nic_stamps *nic = &result->ports[i].nic;

		if (nic->used)
			fprintf(stderr,
			        "  %s: the NIC's stamps, by its clock %s, are right to %s\n",
			        result->ports[i].interface, nic->clock,
			        wt_draw_time(error, nic->error_ns));
		if (nic->was_changed)
			fprintf(stderr,
			        "  %s: stamping of sent packets was switched on (tx type %s -> "
			        "%s)%s\n",
			        result->ports[i].interface, nic->before, nic->during,
			        nic->was_put_back ? " and put back"
			        : nic->was_left   ? ", and others still need it"
			                          : "");
	}
}

static void print_quantiles(const char *what, const struct wt_histogram *histogram)
{
	char text[WT_DRAW_TIME_BYTES];

	fprintf(stderr, "  %-9s", what);
	for (size_t i = 0; i < WT_QUANTILES; i++)
		fprintf(stderr, " %s %s ", wt_quantiles[i].name,
		        wt_draw_time(text, wt_histogram_quantile(histogram, wt_quantiles[i].q)));
	fprintf(stderr, " max %s\n", wt_draw_time(text, histogram->max_ns));
}

/* What was the machine's doing, and what remains. */
static void print_interruptions(const struct wt_replay_options *options,
                                const struct wt_replay_result *result)
{
	const struct wt_proof *proof = &result->proof;

	if (!result->interruptions)
		return;
	fprintf(stderr,
	        "  the machine took the processor away %" PRIu64
	        " times, %.1f ms in all, and %" PRIu64
	        " packets\n  left late for it; the others:\n",
	        result->interruptions, (double)result->interrupted_ns / 1e6,
	        proof->departures - proof->calm_error.count);
	print_quantiles("error", &proof->calm_error);
	print_quantiles("gap error", &proof->calm_gap_error);
	if (proof->departures > proof->calm_error.count && !options->config.fifo_priority)
		fputs("  with --fifo 50 other programs do not take it away\n", stderr);
}

static void print_proof(const struct wt_replay_options *options,
                        const struct wt_replay_result *result)
{
	const struct wt_proof *proof = &result->proof;
	int64_t stretch_ns = wt_proof_stretch_ns(proof);
	int64_t planned_ns = proof->last_due_ns - proof->first_due_ns;
	char worst[WT_DRAW_TIME_BYTES], tolerance[WT_DRAW_TIME_BYTES], stretch[WT_DRAW_TIME_BYTES];

	fputc('\n', stderr);
	wt_draw_histogram(stderr, &proof->error,
	                  "error: from when a packet was due to when it left", "packets",
	                  wt_draw_has_utf8());
	print_quantiles("error", &proof->error);
	print_quantiles("gap error", &proof->gap_error);
	print_interruptions(options, result);
	print_sources(proof);
	fprintf(stderr, "  %" PRIu64 " over %s; the worst was packet %" PRIu64 ", %s %s\n",
	        proof->over_tolerance, wt_draw_time(tolerance, proof->tolerance_ns),
	        proof->worst_number,
	        wt_draw_time(worst, proof->worst_ns < 0 ? -proof->worst_ns : proof->worst_ns),
	        proof->worst_ns < 0 ? "early" : "late");
	fprintf(stderr, "  lasted %.9f s instead of %.9f s: %s%s",
	        (double)(planned_ns + stretch_ns) / 1e9, (double)planned_ns / 1e9,
	        stretch_ns < 0 ? "" : "+", wt_draw_time(stretch, stretch_ns));
	if (planned_ns)
		fprintf(stderr, ", %+.5f %%", 100 * (double)stretch_ns / (double)planned_ns);
	fputc('\n', stderr);
	if (proof->dropped)
		fprintf(stderr, "  %" PRIu64 " dropped for their launch time\n", proof->dropped);
}

static void print_ports(const struct wt_replay_result *result)
{
	if (result->port_count < 2)
		return;
	for (size_t i = 0; i < result->port_count; i++)
		fprintf(stderr, "  %s: %" PRIu64 " packets, %" PRIu64 " bytes\n",
		        result->ports[i].interface, result->ports[i].sent, result->ports[i].bytes);
}

void wt_replay_report_print(const struct wt_replay_options *options,
                            const struct wt_replay_result *result)
{
	print_sent(result);
	print_ports(result);
	print_machine(options, result);
	print_counts(options, result);
	if (result->has_schedule && result->proof.departures) {
		print_proof(options, result);
		print_nics(result);
	} else if (result->proof.dropped)
		fprintf(stderr, "  all %" PRIu64 " were dropped for their launch time\n",
		        result->proof.dropped);
}

/* ---- for programs ---- */

static void put(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *proof_json(const struct wt_proof *proof)
{
	json_t *object = json_object(), *sources = json_object();

	put(object, "departures", proof->departures);
	for (int i = 0; i < WT_DEPARTURE_SOURCES; i++)
		put(sources, wt_departure_source_name((enum wt_departure_source)i),
		    proof->by_source[i]);
	json_object_set_new(object, "sources", sources);
	json_object_set_new(object, "error", wt_histogram_json(&proof->error));
	json_object_set_new(object, "gap_error", wt_histogram_json(&proof->gap_error));
	json_object_set_new(object, "undisturbed_error", wt_histogram_json(&proof->calm_error));
	json_object_set_new(object, "undisturbed_gap_error",
	                    wt_histogram_json(&proof->calm_gap_error));
	put(object, "early", proof->early);
	put(object, "tolerance_ns", (uint64_t)proof->tolerance_ns);
	put(object, "over_tolerance", proof->over_tolerance);
	put(object, "dropped", proof->dropped);
	json_object_set_new(object, "worst_ns", json_integer(proof->worst_ns));
	put(object, "worst_number", proof->worst_number);
	json_object_set_new(object, "mean_ns",
	                    proof->departures
	                            ? json_real((double)proof->sum_ns / (double)proof->departures)
	                            : json_null());
	put(object, "planned_ns", (uint64_t)(proof->last_due_ns - proof->first_due_ns));
	json_object_set_new(object, "last_due_ns", json_integer(proof->last_due_ns));
	json_object_set_new(object, "last_departed_ns", json_integer(proof->last_departed_ns));
	json_object_set_new(object, "stretch_ns", json_integer(wt_proof_stretch_ns(proof)));
	return object;
}

static json_t *skipped_json(const struct wt_replay_options *options,
                            const struct wt_replay_result *result)
{
	json_t *object = json_object();
	struct reason reasons[REASONS];

	list_reasons(options, result, reasons);
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].key)
			put(object, reasons[i].key, reasons[i].count);
	return object;
}

static json_t *rewritten_json(const struct wt_rewrite_counts *counts)
{
	json_t *object = json_object(), *kinds = json_object();

	put(object, "changed", counts->changed);
	put(object, "not_understood", counts->not_understood);
	put(object, "not_followed", counts->not_followed);
	for (int i = 0; i < WT_UNFOLLOWED_KINDS; i++)
		if (counts->unfollowed[i])
			put(kinds, wt_rewrite_unfollowed_name((enum wt_rewrite_unfollowed)i),
			    counts->unfollowed[i]);
	json_object_set_new(object, "not_followed_kinds", kinds);
	put(object, "checksums_completed", counts->checksums_completed);
	put(object, "checksums_fixed", counts->checksums_fixed);
	put(object, "checksums_lacking", counts->checksums_lacking);
	put(object, "checksums_left", counts->checksums_left);
	put(object, "ip_checksums_wrong", counts->ip_checksums_wrong);
	return object;
}

static json_t *nic_json(const struct wt_replay_nic_stamps *nic)
{
	json_t *object;

	if (!nic->clock[0])
		return json_null();
	object = json_object();
	json_object_set_new(object, "clock", wt_json_text(nic->clock));
	put(object, "used", nic->used);
	put(object, "missing", nic->missing);
	put(object, "unbelieved", nic->unbelieved);
	json_object_set_new(object, "error_ns",
	                    nic->used ? json_integer(nic->error_ns) : json_null());
	put(object, "clock_steps", nic->steps);
	json_object_set_new(object, "tx_type_before",
	                    nic->was_changed ? wt_json_text(nic->before) : json_null());
	json_object_set_new(object, "tx_type_set",
	                    nic->was_changed ? wt_json_text(nic->during) : json_null());
	json_object_set_new(object, "put_back",
	                    nic->was_changed ? json_boolean(nic->was_put_back) : json_null());
	return object;
}

static json_t *ports_json(const struct wt_replay_result *result)
{
	json_t *array = json_array();

	for (size_t i = 0; i < result->port_count; i++) {
		const struct wt_replay_port_result *port = &result->ports[i];
		json_t *object = json_object();

		json_object_set_new(object, "interface", wt_json_text(port->interface));
		json_object_set_new(object, "qdisc",
		                    port->qdisc[0] ? wt_json_text(port->qdisc) : json_null());
		put(object, "sent", port->sent);
		put(object, "bytes", port->bytes);
		json_object_set_new(object, "driver_stamps", json_boolean(port->has_stamps));
		json_object_set_new(object, "nic_stamps", nic_json(&port->nic));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *files_json(const struct wt_replay_options *options,
                          const struct wt_timeline_file *files)
{
	json_t *array = json_array();

	for (size_t i = 0; i < options->config.path_count; i++) {
		bool broken = files[i].ended && files[i].ended != -ENODATA;
		json_t *object = json_object();

		wt_json_put_path(object, "path", options->config.paths[i]);
		put(object, "packets", files[i].packets);
		put(object, "missing_packets", files[i].missing);
		put(object, "not_filtered", files[i].unfiltered.packets);
		put(object, "stamps_out_of_range", files[i].out_of_range);
		put(object, "fractions_above_second", files[i].fractions.packets);
		json_object_set_new(object, "cut_off", json_boolean(files[i].ended == -ENODATA));
		json_object_set_new(object, "broken",
		                    broken ? wt_json_text(files[i].why.text) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *notes_json(const struct wt_replay_result *result)
{
	json_t *array = json_array();

	for (size_t i = 0; i < result->note_count; i++)
		json_array_append_new(array, wt_json_text(result->notes[i]));
	return array;
}

static json_t *machine_json(const struct wt_replay_config *config,
                            const struct wt_replay_result *result)
{
	json_t *object = json_object();

	json_object_set_new(object, "cpu",
	                    config->cpu ? json_integer(config->cpu - 1) : json_null());
	json_object_set_new(object, "fifo",
	                    config->fifo_priority ? json_integer(config->fifo_priority)
	                                          : json_null());
	json_object_set_new(object, "mlock", json_boolean(config->lock_memory));
	put(object, "interruptions", result->interruptions);
	put(object, "interrupted_ns", (uint64_t)result->interrupted_ns);
	json_object_set_new(object, "fifo_stolen_us", json_integer(result->fifo_stolen_us));
	return object;
}

static void put_counts(json_t *object, const struct wt_replay_result *result)
{
	put(object, "sent", result->sent);
	put(object, "bytes", result->bytes);
	put(object, "read", result->read);
	put(object, "loops", result->loops);
	put(object, "refused", result->refused);
	put(object, "undone", result->undone);
	put(object, "late_launches", result->late_launches);
	put(object, "starved", result->starved);
	put(object, "starved_ns", (uint64_t)result->starved_ns);
	put(object, "starved_packets", result->starved_packets);
	put(object, "unproved", result->unproved);
	put(object, "unbelieved_stamps", result->unbelieved_stamps);
	put(object, "padded", result->padded);
	put(object, "cut", result->cut);
	put(object, "without_fcs", result->without_fcs);
	put(object, "excess", result->excess);
	put(object, "stamped_payloads", result->stamped);
	put(object, "unstamped", result->unstamped);
	put(object, "out_of_order", result->out_of_order);
	put(object, "stepped_back", result->stepped_back);
	put(object, "gaps_capped", result->gaps_capped);
	put(object, "saturated", result->saturated);
}

static json_t *report_json(const struct wt_replay_options *options,
                           const struct wt_replay_result *result,
                           const struct wt_timeline_file *files)
{
	json_t *object = json_object();
	double rate = wt_replay_rate_pps(result);

	json_object_set_new(
	        object, "pace",
	        json_string(result->has_schedule ? wt_pace_name(result->pace) : "none"));
	json_object_set_new(object, "tx", json_string(wt_tx_kind_name(result->tx)));
	put_counts(object, result);
	json_object_set_new(object, "start_utc_ns", json_integer(result->start_utc_ns));
	json_object_set_new(object, "duration_ns", json_integer(result->duration_ns));
	json_object_set_new(object, "pps", rate > 0 ? json_real(rate) : json_null());
	json_object_set_new(object, "bps",
	                    rate > 0 ? json_real(bits_of(result, rate)) : json_null());
	json_object_set_new(object, "lead_ns", json_integer(result->lead_ns));
	json_object_set_new(object, "call_ns", json_integer(result->call_ns));
	json_object_set_new(object, "stopped", json_boolean(result->was_stopped));
	json_object_set_new(object, "skipped", skipped_json(options, result));
	json_object_set_new(object, "rewritten", rewritten_json(&result->rewritten));
	json_object_set_new(object, "machine", machine_json(&options->config, result));
	json_object_set_new(object, "interfaces", ports_json(result));
	json_object_set_new(object, "files", files_json(options, files));
	json_object_set_new(object, "notes", notes_json(result));
	put(object, "notes_left_out", result->notes_left_out);
	json_object_set_new(object, "proof",
	                    result->has_schedule ? proof_json(&result->proof) : json_null());
	return object;
}

int wt_replay_report_json(const struct wt_replay_options *options,
                          const struct wt_replay_result *result,
                          const struct wt_timeline_file *files)
{
	json_t *object = report_json(options, result, files);
	int failed = !object || json_dumpf(object, stdout, JSON_COMPACT);

	json_decref(object);
	putchar('\n');
	return failed ? WT_EXIT_FAILURE : wt_cli_flush();
}

int wt_replay_report_files(const struct wt_replay_options *options,
                           const struct wt_timeline_file *files)
{
	int exit_code = WT_EXIT_OK;

	for (size_t i = 0; i < options->config.path_count; i++) {
		const char *path = options->config.paths[i];

		if (files[i].ended == -ENODATA)
			wt_cli_complain("warning: %s: %s; what is before was sent", path,
			                files[i].why.text);
		else if (files[i].ended)
			wt_cli_complain("%s: %s; only what is before was sent", path,
			                files[i].why.text);
		if (files[i].out_of_range)
			wt_cli_complain("warning: %s: %" PRIu64 " packet%s stamped before 1677 or "
			                "after 2262, which counts as without a stamp",
			                path, files[i].out_of_range,
			                files[i].out_of_range == 1 ? " is" : "s are");
		wt_cli_warn_fractions(path, &files[i].fractions);
		wt_cli_warn_unknown_sections(path, files[i].unknown_sections);
		if (files[i].missing)
			wt_cli_complain("warning: %s: %" PRIu64
			                " packets are missing in holes of the file, or not written "
			                "yet; 'wiretape repair' says more",
			                path, files[i].missing);
		wt_cli_warn_unfiltered(path, files[i].unfiltered.packets,
		                       files[i].unfiltered.why.text);
		if (files[i].ended && files[i].ended != -ENODATA)
			exit_code = WT_EXIT_FAILURE;
	}
	return exit_code;
}

/* ": 3 too large for the interface, 1 fragments"; "" if there is nothing to say. */
static void join_reasons(const struct reason reasons[REASONS], char *text, size_t room)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < REASONS && length < room; i++)
		if (reasons[i].count)
			length += (size_t)snprintf(text + length, room - length, "%s%" PRIu64 " %s",
			                           length ? ", " : ": ", reasons[i].count,
			                           reasons[i].what);
}

static void complain_of_nothing(const struct wt_replay_config *config,
                                const struct wt_replay_result *result, const char *why)
{
	bool is_part = config->filter || config->from || config->to || config->duration_ns;

	if (result->read)
		wt_cli_complain("warning: nothing was sent: of %" PRIu64
		                " packet%s read, all were left out%s",
		                result->read, result->read == 1 ? "" : "s", why);
	else if (is_part)
		wt_cli_complain(
		        "warning: nothing was sent: no packet passes what --filter, --from, "
		        "--to and --duration say");
	else
		wt_cli_complain("warning: nothing was sent: there was no packet to send");
}

int wt_replay_report_left_out(const struct wt_replay_options *options,
                              const struct wt_replay_result *result)
{
	struct reason reasons[REASONS];
	uint64_t unwanted = 0;
	char why[512];

	list_reasons(options, result, reasons);
	for (size_t i = 0; i < REASONS; i++)
		unwanted += reasons[i].wanted ? 0 : reasons[i].count;
	join_reasons(reasons, why, sizeof(why));
	if (!result->sent && !result->was_stopped) {
		complain_of_nothing(&options->config, result, why);
		for (size_t i = 0; options->quiet && i < result->note_count; i++)
			wt_cli_complain("note: %s", result->notes[i]);
		return WT_EXIT_LOSS;
	}
	if (!unwanted || options->allow_skipped)
		return WT_EXIT_OK;
	/* Else the report has a line for each. */
	if (options->quiet || options->json)
		wt_cli_complain("warning: of %" PRIu64 " packets read not all were sent%s",
		                result->read, why);
	return WT_EXIT_LOSS;
}
