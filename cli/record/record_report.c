/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_report.h"
#include <wiretape/cli/feeds/feed_report.h>

#include <inttypes.h>
#include <string.h>

#include <wiretape/base/net/link.h>

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static double milliseconds(int64_t ns)
{
	return (double)ns / 1e6;
}

static void print_cpus(const struct wt_recording_report *report)
{
	const struct wt_recording_lane *lanes = report->lanes;

	for (size_t i = 0; i < report->lane_count && lanes[i].cpu >= 0; i++)
		fprintf(stderr, "%s%d", i ? "," : ", on CPU ", lanes[i].cpu);
}

void wt_report_begin(const struct wt_recording_report *report, const char *path, bool rotates)
{
	enum { MOST_NAMES = 8 };
	const struct wt_recorder_interface *interfaces = report->sum.interfaces;
	size_t count = report->sum.interface_count;
	size_t named = count > MOST_NAMES ? MOST_NAMES - 1 : count;

	fputs("recording ", stderr);
	for (size_t i = 0; i < named; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", interfaces[i].reader->name);
	if (named < count)
		fprintf(stderr, " and %zu more", count - named);
	fprintf(stderr, " to %s%s", !strcmp(path, "-") ? "standard output" : path,
	        rotates ? ", in several files" : "");
	if (report->lane_count > 1)
		fprintf(stderr, ", in %zu queues (%s)", report->lane_count,
		        wt_fanout_name(interfaces[0].reader->fanout));
	print_cpus(report);
	if (report->fifo_priority)
		fprintf(stderr, ", with SCHED_FIFO %d", report->fifo_priority);
	fprintf(stderr, "%s\n", report->memory_locked ? ", memory locked" : "");
}

void wt_report_progress(struct wt_progress *progress, const struct wt_recorder_report *report,
                        const char *label, bool terminal)
{
	double interval = seconds(report->elapsed_ns - progress->elapsed_ns);
	uint64_t frames = report->total.written - progress->written;
	uint64_t bytes = report->file_bytes - progress->bytes;

	if (interval <= 0)
		interval = 1e-9;
	fprintf(stderr,
	        "%s%s%s%.1f s  %" PRIu64
	        " packets  %.3f Mpps  %.1f MB/s  ring %.0f %% (high %.0f %%)  "
	        "lost %" PRIu64 "%s",
	        terminal ? "\r" : "", label ? label : "", label ? ": " : "",
	        seconds(report->elapsed_ns), report->total.written, (double)frames / interval / 1e6,
	        (double)bytes / interval / 1e6, report->fill_pct, report->high_water_pct,
	        wt_ledger_lost(&report->total), terminal ? "\033[K" : "\n");
	progress->written = report->total.written;
	progress->bytes = report->file_bytes;
	progress->elapsed_ns = report->elapsed_ns;
	progress->line_open = terminal;
}

void wt_report_end_line(struct wt_progress *progress)
{
	if (progress->line_open)
		fputc('\n', stderr);
	progress->line_open = false;
}

static void print_books(const char *name, const struct wt_ledger *ledger)
{
	fprintf(stderr,
	        "  %s: seen %" PRIu64 " = written %" PRIu64 " + lost %" PRIu64 " (ring %" PRIu64
	        ", writer %" PRIu64 ", malformed %" PRIu64 ")",
	        name, ledger->seen, ledger->written, wt_ledger_lost(ledger), ledger->lost.ring,
	        ledger->lost.writer, ledger->lost.malformed);
	if (ledger->waiting)
		fprintf(stderr, ", waiting in the ring %" PRIu64, ledger->waiting);
	if (ledger->excluded.after_limit)
		fprintf(stderr, ", after the limit %" PRIu64, ledger->excluded.after_limit);
	if (ledger->unattributed)
		fprintf(stderr, ", UNATTRIBUTED %" PRId64, ledger->unattributed);
	fputc('\n', stderr);
}

/* Only counters that tell of trouble, and only if there was any. */
static void print_nic(const struct wt_recorder_interface *interface, bool verbose)
{
	bool any = false;

	if (!interface->has_nic)
		return;
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++) {
		uint64_t count =
		        wt_nic_counter_difference(i, &interface->nic_start, &interface->nic_now);
		bool traffic = !strcmp(i->name, "rx_packets") || !strcmp(i->name, "rx_bytes");

		if (!verbose && (traffic || !count))
			continue;
		fprintf(stderr, "%s %s %" PRIu64, any ? "," : "  NIC:", i->name, count);
		any = true;
	}
	if (any)
		fputc('\n', stderr);
}

void wt_report_ledger(const struct wt_recorder_report *report, const char *label)
{
	fprintf(stderr,
	        "after %.3f s%s%s, %" PRIu64
	        " bytes in the file, ring at most %.0f %% full, %" PRIu32 " writes in flight:\n",
	        seconds(report->elapsed_ns), label ? " into " : "", label ? label : "",
	        report->file_bytes, report->high_water_pct, report->writes.in_flight);
	for (size_t i = 0; i < report->interface_count; i++) {
		print_books(report->interfaces[i].reader->name, &report->interfaces[i].ledger);
		print_nic(&report->interfaces[i], false);
	}
}

static void print_writes(const struct wt_recorder_report *report)
{
	if (!report->disk)
		return;
	fprintf(stderr,
	        "  disk: %s, %s; %" PRIu64 " writes, the longest %.1f ms, at most %" PRIu32
	        " in flight",
	        report->disk, report->direct ? "direct" : "page cache", report->writes.count,
	        milliseconds(report->writes.longest_ns), report->writes.in_flight_most);
	if (report->writes.slow)
		fprintf(stderr, ", %" PRIu64 " of a second or longer", report->writes.slow);
	fputc('\n', stderr);
}

static void print_clock(const struct wt_recorder_interface *one)
{
	const char *name = one->reader->name, *shown = wt_stamp_clock_name(one->clock);

	if (one->phc_stands_still)
		fprintf(stderr,
		        "  %s: clock %s stands still, by the last of %" PRIu64
		        " cross timestamps; stamps show %s\n",
		        name, one->phc, one->crosses, shown);
	else
		fprintf(stderr,
		        "  %s: clock %s, %+.3f ppm, known to %" PRId64 " ns by %" PRIu64
		        " cross timestamps; stamps show %s\n",
		        name, one->phc, -wt_clock_map_ppm(&one->map), one->map.error_ns,
		        one->crosses, shown);
}

static void print_clocks(const struct wt_recorder_report *report)
{
	for (size_t i = 0; i < report->interface_count; i++) {
		const struct wt_recorder_interface *one = &report->interfaces[i];

		if (one->phc)
			print_clock(one);
		if (one->ledger.stamps_unasked)
			fprintf(stderr, "  %s: %" PRIu64 " stamps are not of the %s, as asked\n",
			        one->reader->name, one->ledger.stamps_unasked,
			        one->reader->stamps == WT_STAMP_HARDWARE ? "NIC"
			                                                 : "driver's layer");
	}
}

static void print_files(const struct wt_recording_lane *lane)
{
	size_t deleted = 0;

	for (size_t i = 0; i < lane->file_count; i++)
		deleted += lane->files[i].deleted;
	if (lane->file_count > 1)
		fprintf(stderr, "  files: %zu, the last %s; %zu deleted\n", lane->file_count,
		        lane->files[lane->file_count - 1].path, deleted);
}

/* Of several. */
static void print_lane(const struct wt_recording_lane *lane)
{
	const struct wt_recorder_report *report = &lane->report;
	char name[40];

	snprintf(name, sizeof(name), "queue %" PRIu32, lane->queue);
	print_books(name, &report->total);
	fprintf(stderr, "  %s: ring at most %.1f %% full", name, report->high_water_pct);
	if (lane->cpu >= 0)
		fprintf(stderr, "; on CPU %d", lane->cpu);
	fputc('\n', stderr);
}

static void print_lanes(const struct wt_recording_report *report)
{
	for (size_t i = 0; report->lane_count > 1 && i < report->lane_count; i++)
		print_lane(&report->lanes[i]);
	for (size_t i = 0; i < report->lane_count; i++)
		print_files(&report->lanes[i]);
}

void wt_report_summary(const struct wt_record_result *result, bool verbose)
{
	enum { MOST_STREAMS = 20 };
	const struct wt_recorder_report *report = &result->report.sum;
	double duration = seconds(report->elapsed_ns);
	const struct wt_ledger *total = &report->total;
	char fullest[32] = "";

	fprintf(stderr,
	        "%s: %" PRIu64 " packets, %" PRIu64 " bytes in %.3f s (%.3f Mpps); ended: %s\n",
	        !strcmp(result->path, "-") ? "standard output" : result->path, total->written,
	        report->file_bytes, duration,
	        duration > 0 ? (double)total->written / duration / 1e6 : 0.0,
	        wt_record_end_name(report->end));
	for (size_t i = 0; i < report->interface_count; i++) {
		print_books(report->interfaces[i].reader->name, &report->interfaces[i].ledger);
		print_nic(&report->interfaces[i], verbose);
	}
	if (result->report.lane_count > 1)
		snprintf(fullest, sizeof(fullest), " of queue %" PRIu32, result->report.fullest);
	fprintf(stderr,
	        "  stamps: hardware %" PRIu64 ", software %" PRIu64 ", fallback %" PRIu64
	        "; ring%s at most %.1f %% full (%.0f ms of traffic)\n",
	        total->stamps.by_source[WT_STAMP_HARDWARE],
	        total->stamps.by_source[WT_STAMP_SOFTWARE],
	        total->stamps.by_source[WT_STAMP_FALLBACK], fullest, report->high_water_pct,
	        milliseconds(report->high_water_ns));
	print_clocks(report);
	print_writes(report);
	print_lanes(&result->report);
	if (result->feeds)
		wt_feed_report_print(stderr, result->feeds, verbose ? 0 : MOST_STREAMS, "  ");
	if (total->truncated)
		fprintf(stderr,
		        "  %" PRIu64 " packets are in the file with fewer bytes than they had\n",
		        total->truncated);
}
