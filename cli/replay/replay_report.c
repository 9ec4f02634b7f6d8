/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_report.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/time_text.h>
#include <wiretape/monitor/number_text.h>

enum { BAR_COLUMNS = 24, RATE_BYTES = 32 };

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

void wt_replay_draw_progress(void *context, const struct wt_replayer_progress *progress)
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

static double seconds_of(const struct wt_replayer_result *result)
{
	return (double)result->duration_ns / 1e9;
}

static double bits_of(const struct wt_replayer_result *result, double rate_pps)
{
	return rate_pps * 8 * (double)result->bytes / (double)result->sent;
}

static void print_sent(const struct wt_replayer_result *result)
{
	double rate = wt_replayer_rate_pps(result);
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
                          const struct wt_replayer_result *result)
{
	const struct wt_replayer_config *config = &options->config;

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

/* Reason why packets were not sent. */
struct reason {
	uint64_t count;
	const char *what;
	bool wanted; /* by the command line */
};
enum { REASONS = 8 };

static void list_reasons(const struct wt_replay_options *options,
                         const struct wt_replayer_result *result, struct reason reasons[REASONS])
{
	const struct wt_replayer_skipped *skipped = &result->skipped;
	const struct reason all[REASONS] = {
	        {skipped->unmapped, "left out by --map", true},
	        {skipped->too_large, "too large for the interface", false},
	        {skipped->too_short, "too short for a link-layer header", false},
	        {skipped->truncated, "cut by the capture",
	         options->config.truncated == WT_TRUNCATED_SKIP},
	        {skipped->not_udp, "not UDP", true},
	        {skipped->fragments, "fragments", false},
	        {skipped->link_type, "of a link type that cannot be sent there", false},
	        {result->undone, "refused by the kernel as too large or malformed", false},
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

/* Counts; those with labels have a line of text each, if they are not 0. */
#define SUBJECT struct wt_replayer_result
static const struct wt_number counts_rows[] = {
        WT_COUNT(sent, "sent", "packets that were sent"),
        WT_BYTES(bytes, "sent_bytes", "their bytes: of frames, or of UDP payloads"),
        WT_COUNT(read, "read", "packets that were read"),
        WT_COUNT(loops, "loops", "times the files were begun"),
        WT_LABELLED(padded, "padded",
                    "cut by the capture: sent with zeros in place of what is missing",
                    "truncated packets that were sent with zeros"),
        WT_LABELLED(cut, "truncated", "cut by the capture: sent as they are",
                    "truncated packets that were sent as they are"),
        WT_LABELLED(without_fcs, "without_fcs",
                    "with a check sequence (FCS): sent without, the NIC adds its own",
                    "packets sent without their check sequence"),
        WT_LABELLED(excess, "excess",
                    "captured with more bytes than their length: sent without those",
                    "packets with more bytes than their length"),
        WT_LABELLED(unstamped, "unstamped",
                    "without a stamp: sent right after the one before, or with the first that "
                    "has one",
                    "packets without a stamp of their own"),
        WT_LABELLED(out_of_order, "out_of_order",
                    "stamped before their predecessor: sent right after it",
                    "packets stamped before their predecessor"),
        WT_LABELLED(stepped_back, "stepped_back",
                    "times the file's clock was set back: gone on without a gap",
                    "times the file's clock was set back"),
        WT_LABELLED(gaps_capped, "gaps_capped", "gaps shortened to --max-gap",
                    "gaps shortened to --max-gap"),
        WT_LABELLED(saturated, "saturated", "later than a time can say",
                    "packets that are later than a time can say"),
        WT_LABELLED(rewritten.changed, "rewritten.changed", "rewritten", "packets rewritten"),
        WT_LABELLED(rewritten.not_understood, "rewritten.not_understood",
                    "not rewritten in full: not understood",
                    "packets whose headers contradict themselves: not rewritten in full"),
        WT_LABELLED(rewritten.checksums_completed, "rewritten.checksums_completed",
                    "with a checksum that was left to a NIC: completed",
                    "checksums left to a NIC, and completed"),
        WT_LABELLED(rewritten.checksums_fixed, "rewritten.checksums_fixed",
                    "wrong checksums set right", "wrong checksums set right"),
        WT_LABELLED(rewritten.checksums_lacking, "rewritten.checksums_lacking",
                    "with a checksum that cannot be completed or checked: fragments, cut, in a "
                    "tunnel",
                    "checksums that cannot be completed or checked"),
        WT_LABELLED(rewritten.checksums_left, "rewritten.checksums_left",
                    "with a checksum that was left to a NIC: sent unfinished; --fix-checksums "
                    "completes it",
                    "checksums left to a NIC, and sent unfinished"),
        WT_LABELLED(rewritten.ip_checksums_wrong, "rewritten.ip_checksums_wrong",
                    "with a wrong checksum of the IPv4 header: sent so; --fix-checksums sets it "
                    "right",
                    "wrong checksums of IPv4 headers, sent so"),
        WT_LABELLED(stamped, "stamped_payloads", "payloads stamped", "payloads stamped"),
        WT_LABELLED(refused, "refused", "times a queue was full; tried again",
                    "times a queue was full; tried again"),
        WT_COUNT(undone, "undone", "packets that the kernel refused; not sent"),
        WT_LABELLED(late_launches, "late_launches",
                    "handed over after their launch time: sent at once",
                    "packets handed over after their launch time"),
        WT_LABELLED(unbelieved_stamps, "unbelieved_stamps",
                    "stamps of the NIC that cannot be right; the next best took their place",
                    "stamps of the NIC that cannot be right"),
        WT_LABELLED(unproved, "unproved", "sent, but not in the proof, which could not keep up",
                    "packets sent, but not in the proof"),
        WT_COUNT(starved, "starved", "times a packet was due before it was read"),
        WT_NS(starved_ns, "starved_ns", "for how long in all"),
        WT_COUNT(starved_packets, "starved_packets", "packets that left late for it"),
        {0},
};
#undef SUBJECT

/* Print lines for counts that are not 0. */
static void print_counts(const struct wt_replay_options *options,
                         const struct wt_replayer_result *result)
{
	struct reason reasons[REASONS];

	list_reasons(options, result, reasons);
	for (size_t i = 0; i < REASONS; i++)
		if (reasons[i].count)
			fprintf(stderr, "  %" PRIu64 " not sent: %s\n", reasons[i].count,
			        reasons[i].what);
	wt_numbers_print_counts(stderr, counts_rows, result, 2);
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

/* Print the basis of the NICs' stamps, and what was done to have them. */
static void print_nics(const struct wt_replayer_result *result)
{
	char error[WT_DRAW_TIME_BYTES];

	for (size_t i = 0; i < result->port_count; i++) {
		const struct wt_replayer_nic_stamps *nic = &result->ports[i].nic;

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

/* Print the interruptions by the machine, and the errors of packets they left alone. */
static void print_interruptions(const struct wt_replay_options *options,
                                const struct wt_replayer_result *result)
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
                        const struct wt_replayer_result *result)
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

static void print_ports(const struct wt_replayer_result *result)
{
	if (result->port_count < 2)
		return;
	for (size_t i = 0; i < result->port_count; i++)
		fprintf(stderr, "  %s: %" PRIu64 " packets, %" PRIu64 " bytes\n",
		        result->ports[i].interface, result->ports[i].sent, result->ports[i].bytes);
}

void wt_replay_report_print(const struct wt_replay_options *options,
                            const struct wt_replayer_result *result)
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

struct view {
	const struct wt_replay_options *options;
	const struct wt_replayer_result *result;
	const struct wt_timeline_file *files;
};

static void read_proof_mean(const struct wt_number *row, const void *subject,
                            struct wt_value *value)
{
	const struct wt_proof *proof = subject;

	(void)row;
	if (proof->departures)
		wt_value_signed(value, proof->sum_ns / (int64_t)proof->departures);
}

static void read_planned(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_proof *proof = subject;

	(void)row;
	wt_value_signed(value, proof->last_due_ns - proof->first_due_ns);
}

static void read_stretch(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_signed(value, wt_proof_stretch_ns(subject));
}

#define SUBJECT struct wt_proof
static const struct wt_number proof_rows[] = {
        WT_COUNT(departures, "departures", "packets that left"),
        WT_COUNT(by_source[WT_DEPARTURE_HANDOVER], "sources.handover",
                 "departures known by their hand-over to the kernel"),
        WT_COUNT(by_source[WT_DEPARTURE_SOFTWARE], "sources.software",
                 "departures known by the driver's stamp"),
        WT_COUNT(by_source[WT_DEPARTURE_HARDWARE], "sources.hardware",
                 "departures known by the NIC's stamp"),
        WT_HISTOGRAM(error, "error", "how far from when they were due packets left"),
        WT_HISTOGRAM(gap_error, "gap_error", "how far off the time to the packet before was"),
        WT_HISTOGRAM(calm_error, "undisturbed_error",
                     "the error of packets for which the machine left the processor to us"),
        WT_HISTOGRAM(calm_gap_error, "undisturbed_gap_error", "and of the gaps between them"),
        WT_COUNT(early, "early", "packets that left before they were due"),
        WT_NS(tolerance_ns, "tolerance_ns", "the largest error that does not count"),
        WT_COUNT(over_tolerance, "over_tolerance", "packets with a larger one"),
        WT_COUNT(dropped, "dropped", "packets dropped for their launch time"),
        WT_NS(worst_ns, "worst_ns", "the error of the packet furthest off; below 0: early"),
        WT_COUNT(worst_number, "worst_number", "which packet that was"),
        WT_READ(read_proof_mean, "mean_ns", WT_KIND_GAUGE, WT_IN_NS,
                "the mean of departures less due times"),
        WT_READ(read_planned, "planned_ns", WT_KIND_GAUGE, WT_IN_NS,
                "from the first to the last packet, as planned"),
        WT_TIME(last_due_ns, "last_due_ns", "when the last packet was due, from the start on"),
        WT_TIME(last_departed_ns, "last_departed_ns", "when it left"),
        WT_READ(read_stretch, "stretch_ns", WT_KIND_GAUGE, WT_IN_NS,
                "how much longer than planned it took"),
        {0},
};
#undef SUBJECT

static const void *next_kind(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_rewrite_counts *counts =
	        &((const struct wt_replayer_result *)subject)->rewritten;

	(void)row;
	for (int i = 0; i < WT_UNFOLLOWED_KINDS; i++) {
		if (!counts->unfollowed[i] || index--)
			continue;
		snprintf(room->entry.name, sizeof(room->entry.name), "%s",
		         wt_rewrite_unfollowed_name((enum wt_rewrite_unfollowed)i));
		wt_value_unsigned(&room->entry.value, counts->unfollowed[i]);
		return &room->entry;
	}
	return NULL;
}

static void read_nic_error(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_replayer_nic_stamps *nic = subject;

	(void)row;
	if (nic->used)
		wt_value_signed(value, nic->error_ns);
}

static void read_put_back(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_replayer_nic_stamps *nic = subject;

	(void)row;
	if (nic->was_changed)
		wt_value_flag(value, nic->was_put_back);
}

static void read_if_changed(const struct wt_number *row, const void *subject,
                            struct wt_value *value)
{
	if (((const struct wt_replayer_nic_stamps *)subject)->was_changed)
		wt_value_text(value, (const char *)subject + row->offset);
}

#define SUBJECT struct wt_replayer_nic_stamps
static const struct wt_number nic_rows[] = {
        WT_CHARS(clock, "clock", "the device of the NIC's clock"),
        WT_COUNT(used, "used", "stamps that are departures in the proof"),
        WT_COUNT(missing, "missing", "packets that the NIC left without one"),
        WT_COUNT(unbelieved, "unbelieved", "stamps that cannot be right"),
        WT_READ(read_nic_error, "error_ns", WT_KIND_GAUGE, WT_IN_NS,
                "within which those that were used are right"),
        WT_COUNT(steps, "clock_steps", "times its clock was set meanwhile"),
        WT_READ_AT(before, read_if_changed, "tx_type_before", WT_KIND_TEXT, WT_IN_NONE,
                   "the stamping of sent packets before; null: it was not changed"),
        WT_READ_AT(during, read_if_changed, "tx_type_set", WT_KIND_TEXT, WT_IN_NONE,
                   "what it was changed to"),
        WT_READ_FLAG(read_put_back, "put_back", "whether it was put back"),
        {0},
};
#undef SUBJECT

static const void *nic_of(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	const struct wt_replayer_port_result *port = subject;

	(void)row, (void)index, (void)room;
	return port->nic.clock[0] ? &port->nic : NULL;
}

#define SUBJECT struct wt_replayer_port_result
static const struct wt_number port_rows[] = {
        WT_CHARS(interface, "interface", "its name"),
        WT_CHARS(qdisc, "qdisc", "the qdisc that packets passed; null: they went around it"),
        WT_COUNT(sent, "sent", "packets that were sent"),
        WT_BYTES(bytes, "sent_bytes", "their bytes"),
        WT_FLAG(has_stamps, "driver_stamps", "whether the driver stamps what it sends"),
        WT_OBJECT_OF(nic_of, "nic_stamps", nic_rows,
                     "of the NIC's stamps; null: none were asked for"),
        {0},
};
#undef SUBJECT

static const void *next_port(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_replayer_result *result = subject;

	(void)row, (void)room;
	return index < result->port_count ? &result->ports[index] : NULL;
}

static const void *next_note(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_replayer_result *result = subject;

	(void)row, (void)room;
	return index < result->note_count ? result->notes[index] : NULL;
}

static const void *proof_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_replayer_result *result = subject;

	(void)row, (void)index, (void)room;
	return result->has_schedule ? &result->proof : NULL;
}

static void read_pace(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_replayer_result *result = subject;

	(void)row;
	wt_value_text(value, result->has_schedule ? wt_pace_name(result->pace) : "none");
}

static void read_tx(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_text(value, wt_tx_kind_name(((const struct wt_replayer_result *)subject)->tx));
}

static void read_packet_rate(const struct wt_number *row, const void *subject,
                             struct wt_value *value)
{
	double rate = wt_replayer_rate_pps(subject);

	(void)row;
	if (rate > 0)
		wt_value_real(value, rate);
}

static void read_bit_rate(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	double rate = wt_replayer_rate_pps(subject);

	(void)row;
	if (rate > 0)
		wt_value_real(value, bits_of(subject, rate));
}

static void read_stolen(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_signed(value, ((const struct wt_replayer_result *)subject)->fifo_stolen_us * 1000);
}

static const void *itself(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return subject;
}

#define SUBJECT struct wt_replayer_result
static const struct wt_number result_rows[] = {
        WT_READ_TEXT(read_pace, "pace", "how due times were waited for; none: there were none"),
        WT_READ_TEXT(read_tx, "tx", "how packets were given to the kernel"),
        WT_PART_OF(itself, counts_rows),
        WT_COUNT(rewritten.not_followed, "rewritten.not_followed",
                 "packets with something in them that is not rewritten"),
        WT_MAP(next_kind, "rewritten.not_followed_kinds", "these, by what it is"),
        WT_TIME(start_utc_ns, "start_ns", "when sending began"),
        WT_NS(duration_ns, "duration_ns", "from the start to the last hand-over"),
        WT_READ(read_packet_rate, "packets_per_second", WT_KIND_GAUGE, WT_IN_PER_SECOND,
                "the mean rate; null: it cannot be told"),
        WT_READ(read_bit_rate, "bits_per_second", WT_KIND_GAUGE, WT_IN_PER_SECOND, "the same"),
        WT_NS(lead_ns, "lead_ns", "how long before they were due packets were handed over"),
        WT_NS(call_ns, "call_ns", "how long a hand-over took"),
        WT_FLAG(was_stopped, "stopped", "whether a signal ended it"),
        WT_COUNT(skipped.unmapped, "skipped.unmapped", "packets that --map left out"),
        WT_COUNT(skipped.too_large, "skipped.too_large", "packets too large for the interface"),
        WT_COUNT(skipped.too_short, "skipped.too_short", "packets too short for a header"),
        WT_COUNT(skipped.truncated, "skipped.truncated", "truncated packets"),
        WT_COUNT(skipped.not_udp, "skipped.not_udp", "packets that are not UDP"),
        WT_COUNT(skipped.fragments, "skipped.fragments", "fragments"),
        WT_COUNT(skipped.link_type, "skipped.link_type",
                 "packets of a link type that cannot be sent there"),
        WT_COUNT(interruptions, "machine.interruptions",
                 "times the machine took the processor away"),
        WT_NS(interrupted_ns, "machine.interrupted_ns", "for how long in all"),
        WT_READ(read_stolen, "machine.fifo_stolen_ns", WT_KIND_GAUGE, WT_IN_NS,
                "what the kernel keeps of each second from SCHED_FIFO"),
        WT_LIST(next_port, "interfaces", port_rows, "the interfaces, one by one"),
        WT_LIST(next_note, "notes", NULL, "what is less than was asked for, or worth knowing"),
        WT_COUNT(notes_left_out, "notes_left_out", "notes for which there was no room"),
        WT_OBJECT_OF(proof_of, "proof", proof_rows, "when packets left; null: none was due"),
        {0},
};
#undef SUBJECT

static void read_cpu(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_replayer_config *config = subject;

	(void)row;
	if (config->cpu)
		wt_value_signed(value, config->cpu - 1);
}

static void read_fifo(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_replayer_config *config = subject;

	(void)row;
	if (config->fifo_priority)
		wt_value_signed(value, config->fifo_priority);
}

#define SUBJECT struct wt_replayer_config
static const struct wt_number machine_rows[] = {
        WT_READ(read_cpu, "machine.cpu", WT_KIND_GAUGE, WT_IN_NONE, "--cpu; null: any"),
        WT_READ(read_fifo, "machine.fifo", WT_KIND_GAUGE, WT_IN_NONE, "--fifo; null: not given"),
        WT_FLAG(lock_memory, "machine.mlock", "--mlock"),
        {0},
};
#undef SUBJECT

struct file_view {
	const char *path;
	const struct wt_timeline_file *file;
};

static const void *file_of(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct file_view *)subject)->file;
}

static void read_cut_off(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_flag(value, ((const struct wt_timeline_file *)subject)->ended == -ENODATA);
}

static bool is_broken(const struct wt_timeline_file *file)
{
	return file->ended && file->ended != -ENODATA;
}

static void read_problem(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_timeline_file *file = subject;

	(void)row;
	wt_value_text(value, is_broken(file) ? file->why.text : NULL);
}

#define SUBJECT struct wt_timeline_file
static const struct wt_number timeline_rows[] = {
        WT_COUNT(packets, "packets", "packets taken from it"),
        WT_COUNT(missing, "missing_packets", "packets missing in its holes"),
        WT_COUNT(unfiltered.packets, "not_filtered",
                 "packets of which there is no telling whether the filter matches"),
        WT_COUNT(out_of_range, "stamps_out_of_range", "packets from before 1677 or after 2262"),
        WT_COUNT(fractions.packets, "fractions_above_second",
                 "packets with fractions of a second that are a second or more"),
        WT_READ_FLAG(read_cut_off, "cut_off", "whether it ends within a block"),
        WT_READ_TEXT(read_problem, "problem",
                     "why it cannot be read on, what is before was sent; null: it can"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct file_view
static const struct wt_number file_rows[] = {
        WT_PATH(path, "path", "as given"),
        WT_PART_OF(file_of, timeline_rows),
        {0},
};
#undef SUBJECT

static const void *next_file(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct view *view = subject;
	struct file_view *file = (struct file_view *)room->bytes;

	(void)row;
	if (index == view->options->config.path_count)
		return NULL;
	*file = (struct file_view){view->options->config.paths[index], &view->files[index]};
	return file;
}

static const void *result_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct view *)subject)->result;
}

static const void *config_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return &((const struct view *)subject)->options->config;
}

/* Counts of gen:, where packets are made. */
struct made {
	uint64_t frame_bytes, first_sequence, next_sequence;
};

#define SUBJECT struct made
static const struct wt_number made_rows[] = {
        WT_BYTES(frame_bytes, "frame_bytes", "the size of frames"),
        WT_COUNT(first_sequence, "first_sequence", "the number of the first packet"),
        WT_COUNT(next_sequence, "next_sequence", "the number that would come next"),
        {0},
};
#undef SUBJECT

static const void *made_of(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	const struct view *view = subject;
	const struct wt_generated *generated = view->options->config.generated;
	struct made *made = (struct made *)room->bytes;
	uint64_t first;

	(void)row, (void)index;
	if (!generated)
		return NULL;
	first = generated->sequence_start ? generated->sequence_start : 1;
	*made = (struct made){generated->frame.frame_bytes, first,
	                      first + view->result->sent + view->result->undone};
	return made;
}

static const struct wt_number rows[] = {
        WT_PART_OF(result_of, result_rows),
        WT_PART_OF(config_of, machine_rows),
        WT_OBJECT_OF(made_of, "generated", made_rows,
                     "of packets that are made; null: they are from files"),
        WT_LIST(next_file, "files", file_rows, "the files that were read"),
        {0},
};

const struct wt_document wt_replay_document = {
        .command = "replay",
        .help = "what was sent, and when it left",
        .rows = rows,
};

const struct wt_document wt_generate_document = {
        .command = "generate",
        .help = "what was made and sent",
        .rows = rows,
};

int wt_replay_report_json(const struct wt_replay_options *options,
                          const struct wt_replayer_result *result,
                          const struct wt_timeline_file *files, int exit_code)
{
	const struct wt_document *document =
	        options->is_generate ? &wt_generate_document : &wt_replay_document;
	const struct view view = {options, result, files};
	const struct wt_document_error error = {wt_cli_reason(), exit_code};
	bool failed = exit_code == WT_EXIT_FAILURE;

	return wt_json_print(stdout, document, &view, failed ? &error : NULL) ? wt_cli_flush()
	                                                                      : WT_EXIT_FAILURE;
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

static void complain_of_nothing(const struct wt_replayer_config *config,
                                const struct wt_replayer_result *result, const char *why)
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
                              const struct wt_replayer_result *result)
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
	/* Otherwise the report has a line for each. */
	if (options->quiet || options->json)
		wt_cli_complain("warning: of %" PRIu64 " packets read not all were sent%s",
		                result->read, why);
	return WT_EXIT_LOSS;
}
