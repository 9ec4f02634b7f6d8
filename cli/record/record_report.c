/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_report.h"
#include <wiretape/cli/json_text.h>

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include <wiretape/base/net/link.h>

static const char *const end_names[] = {
        [WT_END_ASKED] = "stopped",          [WT_END_PACKETS] = "packets",
        [WT_END_BYTES] = "filesize",         [WT_END_DURATION] = "duration",
        [WT_END_SOURCE] = "source finished", [WT_END_INTERFACE] = "interface disappeared",
        [WT_END_WRITER] = "write failed",    [WT_END_READER_GONE] = "pipe closed",
        [WT_END_SPACE] = "min-free",         [WT_END_FAILURE] = "failed",
};

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static double milliseconds(int64_t ns)
{
	return (double)ns / 1e6;
}

void wt_report_begin(const struct wt_recorder_report *report, const char *path, bool rotates)
{
	enum { MOST_NAMES = 8 };
	size_t count = report->interface_count;
	size_t named = count > MOST_NAMES ? MOST_NAMES - 1 : count;

	fputs("recording ", stderr);
	for (size_t i = 0; i < named; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", report->interfaces[i].reader->name);
	if (named < count)
		fprintf(stderr, " and %zu more", count - named);
	fprintf(stderr, " to %s%s\n", !strcmp(path, "-") ? "standard output" : path,
	        rotates ? ", in several files" : "");
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

static void print_files(const struct wt_report_result *result)
{
	size_t deleted = 0;

	for (size_t i = 0; i < result->file_count; i++)
		deleted += result->files[i].deleted;
	if (result->file_count > 1)
		fprintf(stderr, "  files: %zu, the last %s; %zu deleted\n", result->file_count,
		        result->files[result->file_count - 1].path, deleted);
}

void wt_report_summary(const struct wt_report_result *result, bool verbose)
{
	const struct wt_recorder_report *report = &result->report;
	double duration = seconds(report->elapsed_ns);
	const struct wt_ledger *total = &report->total;

	fprintf(stderr,
	        "%s: %" PRIu64 " packets, %" PRIu64 " bytes in %.3f s (%.3f Mpps); ended: %s\n",
	        !strcmp(result->path, "-") ? "standard output" : result->path, total->written,
	        report->file_bytes, duration,
	        duration > 0 ? (double)total->written / duration / 1e6 : 0.0,
	        end_names[report->end]);
	for (size_t i = 0; i < report->interface_count; i++) {
		print_books(report->interfaces[i].reader->name, &report->interfaces[i].ledger);
		print_nic(&report->interfaces[i], verbose);
	}
	fprintf(stderr,
	        "  stamps: hardware %" PRIu64 ", software %" PRIu64 ", fallback %" PRIu64
	        "; ring at most %.1f %% full (%.0f ms of traffic)\n",
	        total->stamps.by_source[WT_STAMP_HARDWARE],
	        total->stamps.by_source[WT_STAMP_SOFTWARE],
	        total->stamps.by_source[WT_STAMP_FALLBACK], report->high_water_pct,
	        milliseconds(report->high_water_ns));
	print_clocks(report);
	print_writes(report);
	print_files(result);
	if (total->cut)
		fprintf(stderr,
		        "  %" PRIu64 " packets are in the file with fewer bytes than they had\n",
		        total->cut);
}

static json_t *count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* The entries of one group, "lost." or "stamps.", as an object. */
static json_t *group(const struct wt_ledger *ledger, const char *prefix)
{
	json_t *object = json_object();
	size_t length = strlen(prefix);

	for (const struct wt_ledger_entry *i = wt_ledger_entries; i->name; i++)
		if (!strncmp(i->name, prefix, length))
			json_object_set_new(object, i->name + length,
			                    count(wt_ledger_value(ledger, i)));
	return object;
}

/* Seen, written and the groups: the same for an interface and for all of them. */
static void put_ledger(json_t *object, const struct wt_ledger *ledger)
{
	json_object_set_new(object, "seen", count(ledger->seen));
	json_object_set_new(object, "written", count(ledger->written));
	json_object_set_new(object, "lost", group(ledger, "lost."));
	json_object_set_new(object, "excluded", group(ledger, "excluded."));
	json_object_set_new(object, "stamps", group(ledger, "stamps."));
	json_object_set_new(object, "stamps_unasked", count(ledger->stamps_unasked));
	json_object_set_new(object, "cut", count(ledger->cut));
	json_object_set_new(object, "freezes", count(ledger->freezes));
	if (ledger->unattributed)
		json_object_set_new(object, "unattributed", json_integer(ledger->unattributed));
}

static void add_nic(json_t *object, const struct wt_recorder_interface *interface)
{
	if (!interface->has_nic)
		return;
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++) {
		json_int_t before = json_integer_value(json_object_get(object, i->name));
		uint64_t difference =
		        wt_nic_counter_difference(i, &interface->nic_start, &interface->nic_now);

		json_object_set_new(object, i->name, json_integer(before + (json_int_t)difference));
	}
}

/* Where its stamps come from. */
static json_t *clock_json(const struct wt_recorder_interface *interface)
{
	json_t *object = json_object();
	__int128 offset_ns = (__int128)interface->map.utc_ns - interface->map.phc_ns;
	bool known = !interface->phc_stands_still;

	json_object_set_new(object, "source",
	                    json_string(wt_stamp_source_name(interface->reader->stamps)));
	json_object_set_new(object, "clock", json_string(wt_stamp_clock_name(interface->clock)));
	if (!interface->phc)
		return object;
	json_object_set_new(object, "phc", json_string(interface->phc));
	json_object_set_new(object, "cross_timestamps", count(interface->crosses));
	json_object_set_new(object, "utc_minus_phc_s",
	                    known ? json_real((double)offset_ns / 1e9) : json_null());
	json_object_set_new(object, "ppm",
	                    known ? json_real(-wt_clock_map_ppm(&interface->map)) : json_null());
	json_object_set_new(object, "error_ns",
	                    known ? json_integer(interface->map.error_ns) : json_null());
	return object;
}

static json_t *interface_json(const struct wt_recorder_interface *interface)
{
	json_t *object = json_object(), *nic = json_object();

	json_object_set_new(object, "name", json_string(interface->reader->name));
	json_object_set_new(object, "reader",
	                    json_string(wt_reader_kind_name(interface->reader->kind)));
	json_object_set_new(object, "ring_bytes_asked", count(interface->reader->ring_bytes_asked));
	json_object_set_new(object, "ring_bytes", count(interface->reader->ring_bytes));
	json_object_set_new(object, "ring_high_water_pct", json_real(interface->high_water_pct));
	json_object_set_new(object, "ring_high_water_ms",
	                    json_real(milliseconds(interface->high_water_ns)));
	put_ledger(object, &interface->ledger);
	json_object_set_new(object, "clock", clock_json(interface));
	add_nic(nic, interface);
	json_object_set_new(object, "nic", nic);
	return object;
}

static json_t *file_json(const char *path, uint64_t bytes, uint64_t packets)
{
	json_t *file = json_object();

	wt_json_put_path(file, "path", path);
	json_object_set_new(file, "bytes", count(bytes));
	json_object_set_new(file, "packets", count(packets));
	return file;
}

static void add_files(json_t *files, const struct wt_report_result *result)
{
	if (!result->file_count)
		json_array_append_new(files, file_json(result->path, result->report.file_bytes,
		                                       result->report.total.written));
	for (size_t i = 0; i < result->file_count; i++) {
		const struct wt_file_set_entry *entry = &result->files[i];
		json_t *file = file_json(entry->path, entry->bytes, entry->packets);

		json_object_set_new(file, "number", count(entry->number));
		json_object_set_new(file, "deleted", json_boolean(entry->deleted));
		json_array_append_new(files, file);
	}
}

static json_t *writes_json(const struct wt_recorder_writes *writes)
{
	json_t *object = json_object();

	json_object_set_new(object, "count", count(writes->count));
	json_object_set_new(object, "slow", count(writes->slow));
	json_object_set_new(object, "longest_ms", json_real(milliseconds(writes->longest_ns)));
	json_object_set_new(object, "in_flight_most", count(writes->in_flight_most));
	return object;
}

static void add_degraded(json_t *degraded, const struct wt_recorder_report *report,
                         const json_t *known)
{
	for (const char *const *state = report->degraded; *state; state++) {
		json_t *text = wt_json_text(*state);
		bool is_new = true;

		for (size_t i = 0; i < json_array_size(known); i++)
			is_new &= !json_equal(json_array_get(known, i), text);
		if (is_new)
			json_array_append(degraded, text);
		json_decref(text);
	}
}

/* Of what is no sum, the larger. */
static void add_report(struct wt_recorder_report *sum, const struct wt_recorder_report *one)
{
	wt_ledger_add(&sum->total, &one->total);
	sum->writes.count += one->writes.count;
	sum->writes.slow += one->writes.slow;
	if (one->writes.longest_ns > sum->writes.longest_ns)
		sum->writes.longest_ns = one->writes.longest_ns;
	if (one->writes.in_flight_most > sum->writes.in_flight_most)
		sum->writes.in_flight_most = one->writes.in_flight_most;
	if (one->high_water_pct > sum->high_water_pct)
		sum->high_water_pct = one->high_water_pct;
	if (one->high_water_ns > sum->high_water_ns)
		sum->high_water_ns = one->high_water_ns;
	if (one->elapsed_ns > sum->elapsed_ns)
		sum->elapsed_ns = one->elapsed_ns;
}

/* Of the first to begin; null if none has. */
static json_t *start_json(const struct wt_report_result *results, size_t result_count)
{
	int64_t start_ns = 0;

	for (size_t i = 0; i < result_count; i++) {
		int64_t one_ns = results[i].report.start_utc_ns;

		if (one_ns && (!start_ns || one_ns < start_ns))
			start_ns = one_ns;
	}
	return start_ns ? json_integer(start_ns) : json_null();
}

static const char *first_error(const struct wt_report_result *results, size_t result_count)
{
	for (size_t i = 0; i < result_count; i++)
		if (results[i].error)
			return results[i].error;
	return NULL;
}

bool wt_report_json(const struct wt_report_result *results, size_t result_count, FILE *out)
{
	json_t *object = json_object(), *nic = json_object(), *interfaces = json_array();
	json_t *degraded = json_array(), *files = json_array();
	const char *error = first_error(results, result_count);
	struct wt_recorder_report sum = {0};
	bool ok;

	for (size_t i = 0; i < result_count; i++) {
		const struct wt_recorder_report *report = &results[i].report;

		add_report(&sum, report);
		for (size_t j = 0; j < report->interface_count; j++) {
			add_nic(nic, &report->interfaces[j]);
			json_array_append_new(interfaces, interface_json(&report->interfaces[j]));
		}
		add_degraded(degraded, report, degraded);
		add_files(files, &results[i]);
	}
	put_ledger(object, &sum.total);
	json_object_set_new(object, "nic", nic);
	json_object_set_new(object, "files", files);
	json_object_set_new(object, "interfaces", interfaces);
	json_object_set_new(object, "ring_high_water_pct", json_real(sum.high_water_pct));
	json_object_set_new(object, "ring_high_water_ms",
	                    json_real(milliseconds(sum.high_water_ns)));
	json_object_set_new(object, "writes", writes_json(&sum.writes));
	json_object_set_new(object, "io",
	                    results[0].report.disk ? json_string(results[0].report.disk)
	                                           : json_null());
	json_object_set_new(object, "direct", json_boolean(results[0].report.direct));
	json_object_set_new(object, "degraded", degraded);
	json_object_set_new(object, "start_utc_ns", start_json(results, result_count));
	json_object_set_new(object, "duration_s", json_real(seconds(sum.elapsed_ns)));
	json_object_set_new(object, "end", json_string(end_names[results[0].report.end]));
	if (error)
		json_object_set_new(object, "error", wt_json_text(error));
	ok = json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0 &&
	     fputc('\n', out) != EOF && fflush(out) == 0;
	json_decref(object);
	return ok;
}
