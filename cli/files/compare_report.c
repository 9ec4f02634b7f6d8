/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_report.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/base/time_text.h>

static const struct wt_compare_side *side_of(const struct wt_compare_report *report, size_t i)
{
	return i ? &report->result.b : &report->result.a;
}

static const char *path_of(const struct wt_compare_report *report, size_t i)
{
	return report->names[i];
}

bool wt_compare_report_broken(const struct wt_compare_file *file)
{
	return file->ended && file->ended != -ENODATA;
}

static int64_t slower_ns(const struct wt_compare_timing *timing)
{
	int64_t more_ns;

	if (!__builtin_sub_overflow(timing->lasted_b_ns, timing->lasted_a_ns, &more_ns))
		return more_ns;
	return timing->lasted_b_ns < 0 ? INT64_MIN : INT64_MAX;
}

/* Compute a percentage; false if there is nothing to compare it to. */
static bool slower_percent(const struct wt_compare_timing *timing, double *percent)
{
	double more = (double)timing->lasted_b_ns - (double)timing->lasted_a_ns;

	if (!timing->lasted_a_ns)
		return false;
	*percent = 100 * more / (double)timing->lasted_a_ns;
	return true;
}

enum { SECONDS_BYTES = 32 };

/* "+12.000000345", to the nanosecond; `sign`: also of what is not negative. */
static const char *seconds_text(char out[SECONDS_BYTES], int64_t ns, bool sign)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(out, SECONDS_BYTES, "%s%" PRIu64 ".%09" PRIu64,
	         ns < 0 ? "-"
	         : sign ? "+"
	                : "",
	         size / 1000000000, size % 1000000000);
	return out;
}

static void print_side(const struct wt_compare_report *report, size_t i)
{
	const struct wt_compare_side *side = side_of(report, i);

	printf("%c: %s: %" PRIu64 " packet%s", (int)('A' + i), path_of(report, i), side->packets,
	       wt_cli_plural(side->packets));
	if (report->files[i].filtered)
		printf(", %" PRIu64 " more left out by the filter", report->files[i].filtered);
	if (side->unstamped)
		printf(", %" PRIu64 " without a stamp", side->unstamped);
	if (report->files[i].out_of_range)
		printf(" that can be used (%" PRIu64 " before 1677 or after 2262)",
		       report->files[i].out_of_range);
	if (report->files[i].with_fcs)
		printf(", %" PRIu64 " compared without check sequence", report->files[i].with_fcs);
	putchar('\n');
}

static void print_counts(const struct wt_compare_result *result)
{
	const struct wt_compare_differences *lost = &result->differences[WT_COMPARE_LOST];

	printf("matched %" PRIu64, result->matched);
	for (int i = 0; i < WT_COMPARE_DIFFERENCES; i++)
		printf(", %s %" PRIu64, wt_compare_difference_name((enum wt_compare_difference)i),
		       result->differences[i].count);
	putchar('\n');
	if (lost->count)
		printf("  lost are %.4g %% of A; at most %" PRIu64 " in a row, from packet %" PRIu64
		       " of A on\n",
		       100 * (double)lost->count / (double)result->a.packets, result->longest_loss,
		       result->longest_loss_from);
	if (result->displacement)
		printf("  reordered by up to %" PRIu64 " packet%s\n", result->displacement,
		       wt_cli_plural(result->displacement));
}

static void print_example(const char *name, const struct wt_compare_example *example)
{
	char utc[WT_TIME_UTC_BYTES];

	printf("  %s:", name);
	if (example->number_a)
		printf(" packet %" PRIu64 " of A", example->number_a);
	if (example->number_b)
		printf("%s packet %" PRIu64 " of B", example->number_a ? "," : "",
		       example->number_b);
	if (example->has_stamp) {
		wt_time_format_utc(utc, example->stamp_ns);
		printf(", %s", utc);
	}
	putchar('\n');
}

static uint64_t example_count(const struct wt_compare_differences *differences)
{
	return differences->count < WT_COMPARE_EXAMPLES ? differences->count : WT_COMPARE_EXAMPLES;
}

static void print_examples(const struct wt_compare_result *result)
{
	for (int kind = 0; kind < WT_COMPARE_DIFFERENCES; kind++) {
		const struct wt_compare_differences *differences = &result->differences[kind];
		const char *name = wt_compare_difference_name((enum wt_compare_difference)kind);
		uint64_t count = example_count(differences);

		for (uint64_t i = 0; i < count; i++)
			print_example(name, &differences->examples[i]);
		if (differences->count > count)
			printf("  %s: and %" PRIu64 " more\n", name, differences->count - count);
	}
}

static const char *reference_text(enum wt_compare_align align)
{
	switch (align) {
	case WT_COMPARE_ALIGN_FIRST:
		return "that of the first packet";
	case WT_COMPARE_ALIGN_MIN:
		return "the smallest";
	case WT_COMPARE_ALIGN_NONE:
		return "none";
	default:
		return "the median";
	}
}

static void print_distance(const char *name, int64_t ns, int64_t reference_ns)
{
	char text[WT_DRAW_TIME_BYTES];
	int64_t distance_ns;

	if (__builtin_sub_overflow(ns, reference_ns, &distance_ns))
		distance_ns = ns < 0 ? INT64_MIN : INT64_MAX;
	printf("  %s %s%s", name, distance_ns > 0 ? "+" : "", wt_draw_time(text, distance_ns));
}

/* Print differences from the reference: of one of months, only the variation matters. */
static void print_differences(const struct wt_compare_report *report)
{
	const struct wt_compare_timing *timing = &report->result.timing;
	char text[SECONDS_BYTES];

	printf("stamps in B less those in A, %" PRIu64 " packet%s; reference: %s, %s s\n",
	       timing->packets, wt_cli_plural(timing->packets),
	       reference_text(report->config.compare.align),
	       seconds_text(text, timing->reference_ns, true));
	print_distance("from there: min", timing->min_ns, timing->reference_ns);
	print_distance("mean", timing->mean_ns, timing->reference_ns);
	print_distance("p50", timing->p50_ns, timing->reference_ns);
	print_distance("p99", timing->p99_ns, timing->reference_ns);
	print_distance("max", timing->max_ns, timing->reference_ns);
	putchar('\n');
}

static void print_span(const struct wt_histogram *histogram, const char *title, const char *unit)
{
	if (!histogram->count)
		return;
	putchar('\n');
	wt_draw_histogram(stdout, histogram, title, unit, wt_draw_has_utf8());
	wt_histogram_print_quantiles(histogram);
}

static void print_lasted(const struct wt_compare_timing *timing)
{
	char a[SECONDS_BYTES], b[SECONDS_BYTES];
	double percent;

	printf("\nlasted %s s, %s s in B", seconds_text(a, timing->lasted_a_ns, false),
	       seconds_text(b, timing->lasted_b_ns, false));
	if (slower_percent(timing, &percent))
		printf(": %+.6f %%, %+" PRId64 " ns", percent, slower_ns(timing));
	putchar('\n');
}

static void print_tolerance(const struct wt_compare_report *report)
{
	const struct wt_compare_timing *timing = &report->result.timing;
	char text[WT_DRAW_TIME_BYTES];

	if (!report->config.compare.tolerance_ns || !timing->packets)
		return;
	wt_draw_time(text, report->config.compare.tolerance_ns);
	if (timing->over_tolerance)
		printf("errors larger than %s: %" PRIu64 " packet%s\n", text,
		       timing->over_tolerance, wt_cli_plural(timing->over_tolerance));
	else
		printf("no error is larger than %s\n", text);
}

static void print_timing(const struct wt_compare_report *report)
{
	const struct wt_compare_timing *timing = &report->result.timing;

	if (!timing->packets) {
		puts("no packet has a stamp in both: nothing is known of the times");
		return;
	}
	print_differences(report);
	print_span(&timing->error, "error", "packets");
	print_span(&timing->gap_error, "error of the time to the packet before", "gaps");
	print_lasted(timing);
	print_tolerance(report);
}

void wt_compare_report_print(const struct wt_compare_report *report, bool examples)
{
	for (size_t i = 0; i < WT_COMPARE_SIDES; i++)
		print_side(report, i);
	print_counts(&report->result);
	if (examples)
		print_examples(&report->result);
	if (report->result.matched)
		print_timing(report);
}

static const struct wt_compare_capture *capture_of(const struct wt_compare_report *report, size_t i)
{
	return i ? &report->config.b : &report->config.a;
}

static void warn_of_end(const struct wt_compare_report *report, size_t i)
{
	const struct wt_compare_file *file = &report->files[i];
	const char *path = capture_of(report, i)->paths[file->why_path];

	if (wt_compare_report_broken(file))
		wt_cli_complain("%s: %s; only what is before was used", path, file->why.text);
	else if (file->ended)
		wt_cli_complain("warning: %s: %s; what is before was used", path, file->why.text);
	if (file->missing)
		wt_cli_complain("warning: %s: %" PRIu64
		                " packet%s missing in holes, or not written yet; 'wiretape "
		                "repair' says more",
		                path_of(report, i), file->missing,
		                file->missing == 1 ? " is" : "s are");
	wt_cli_warn_unknown_sections(path_of(report, i), file->unknown_sections);
	wt_cli_warn_unfiltered(path_of(report, i), file->unfiltered.packets,
	                       file->unfiltered.why.text);
}

static void warn_of_link_types(const struct wt_compare_report *report)
{
	const struct wt_compare_side *a = &report->result.a, *b = &report->result.b;

	if (report->config.compare.content.scope != WT_COMPARE_FRAME || !a->packets ||
	    !b->packets || a->link_type == b->link_type)
		return;
	wt_cli_complain("warning: A has link type %u and B %u, so that whole frames differ; "
	                "compare from the network layer on with --ignore-link",
	                a->link_type, b->link_type);
}

/* Packets that both sides cut to the same lengths may be the same. */
static bool cut_alike(const struct wt_compare_side *a, const struct wt_compare_side *b)
{
	if (!a->cut || !b->cut)
		return a->cut == b->cut;
	return a->cut_min_bytes == b->cut_min_bytes && a->cut_max_bytes == b->cut_max_bytes;
}

static void warn_of_cut(const struct wt_compare_report *report)
{
	const struct wt_compare_side *a = &report->result.a, *b = &report->result.b;
	uint32_t least = !b->cut || (a->cut && a->cut_min_bytes < b->cut_min_bytes)
	                         ? a->cut_min_bytes
	                         : b->cut_min_bytes;

	if (cut_alike(a, b) || !a->packets || !b->packets)
		return;
	wt_cli_complain("warning: of %" PRIu64 " packet%s of A and %" PRIu64
	                " of B less was captured than is compared, and not the same: they do not "
	                "match; what all have is the first %" PRIu32 " byte%s%s",
	                a->cut, wt_cli_plural(a->cut), b->cut, least, wt_cli_plural(least),
	                least ? ", to be compared with --bytes" : "");
}

void wt_compare_report_warn(const struct wt_compare_report *report)
{
	for (size_t i = 0; i < WT_COMPARE_SIDES; i++) {
		warn_of_end(report, i);
		if (!side_of(report, i)->packets)
			wt_cli_complain("warning: %s: no packet%s", path_of(report, i),
			                report->files[i].filtered ? " passes the filter" : "");
	}
	for (size_t i = 0; i < WT_COMPARE_SIDES; i++)
		wt_cli_warn_fractions(path_of(report, i), &report->files[i].fractions);
	warn_of_link_types(report);
	warn_of_cut(report);
}

#define SUBJECT struct wt_compare_side
static const struct wt_number side_rows[] = {
        WT_COUNT(packets, "packets", "packets that were compared"),
        WT_COUNT(unstamped, "unstamped", "of these: without a stamp"),
        WT_COUNT(cut, "truncated", "of these: of which less was captured than is compared"),
        {0},
};
#undef SUBJECT

/* One of the two sides. */
struct side_view {
	const char *path, *filter;
	const struct wt_compare_side *side;
	const struct wt_compare_file *file;
};

static const void *counts_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct side_view *)subject)->side;
}

static const void *file_of(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct side_view *)subject)->file;
}

static void read_link_type(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_side *side = ((const struct side_view *)subject)->side;

	(void)row;
	if (side->packets)
		wt_value_unsigned(value, side->link_type);
}

static void read_cut_off(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_flag(value, ((const struct wt_compare_file *)subject)->ended == -ENODATA);
}

static void read_problem(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_file *file = subject;

	(void)row;
	wt_value_text(value, wt_compare_report_broken(file) ? file->why.text : NULL);
}

#define SUBJECT struct wt_compare_file
static const struct wt_number file_rows[] = {
        WT_COUNT(filtered, "filtered", "packets that the filter left out"),
        WT_COUNT(unfiltered.packets, "not_filtered",
                 "of these: of which there is no telling whether it matches"),
        WT_COUNT(out_of_range, "stamps_out_of_range", "packets from before 1677 or after 2262"),
        WT_COUNT(with_fcs, "with_fcs", "packets compared without their check sequence"),
        WT_COUNT(missing, "missing_packets",
                 "packets missing in holes of recordings, or not written yet"),
        WT_READ_FLAG(read_cut_off, "cut_off", "whether the file ends within a block"),
        WT_READ_TEXT(read_problem, "problem",
                     "why it cannot be read on, what is before was used; null: it can"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct side_view
static const struct wt_number view_rows[] = {
        WT_PATH(path, "path", "as given; of several files the first"),
        WT_TEXT(filter, "filter", "which packets were compared; null: all"),
        WT_PART_OF(counts_of, side_rows),
        WT_READ(read_link_type, "link_type", WT_KIND_COUNTER, WT_IN_NONE,
                "LINKTYPE_… of the first packet; null: there is none"),
        WT_PART_OF(file_of, file_rows),
        {0},
};
#undef SUBJECT

static const void *make_side(const void *subject, size_t i, union wt_number_room *room)
{
	const struct wt_compare_report *report = subject;
	struct side_view *view = (struct side_view *)room->bytes;

	*view = (struct side_view){
	        .path = path_of(report, i),
	        .filter = capture_of(report, i)->filter,
	        .side = side_of(report, i),
	        .file = &report->files[i],
	};
	return view;
}

static const void *side_a(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	(void)row, (void)index;
	return make_side(subject, 0, room);
}

static const void *side_b(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	(void)row, (void)index;
	return make_side(subject, 1, room);
}

static void read_scope(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	static const char *const scopes[] = {
	        [WT_COMPARE_FRAME] = "frame",
	        [WT_COMPARE_NETWORK] = "network",
	        [WT_COMPARE_PAYLOAD] = "payload",
	};
	const struct wt_compare_report *report = subject;

	(void)row;
	wt_value_text(value, scopes[report->config.compare.content.scope]);
}

static void read_bytes(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_report *report = subject;

	(void)row;
	if (report->config.compare.content.bytes)
		wt_value_unsigned(value, report->config.compare.content.bytes);
}

static void read_speed(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const double speed = ((const struct wt_compare_report *)subject)->config.compare.speed;

	(void)row;
	wt_value_real(value, speed ? speed : 1);
}

static void read_stamp(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_example *example = subject;

	(void)row;
	if (example->has_stamp)
		wt_value_signed(value, example->stamp_ns);
}

#define SUBJECT struct wt_compare_example
static const struct wt_number example_rows[] = {
        WT_NOT_0(number_a, "a", "its number in A; null: it is not there"),
        WT_NOT_0(number_b, "b", "its number in B; null: it is not there"),
        WT_READ(read_stamp, "stamp_ns", WT_KIND_TIME, WT_IN_NS, "its stamp"),
        {0},
};
#undef SUBJECT

static const void *next_example(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_compare_differences *differences =
	        (const void *)((const char *)subject + row->offset);

	(void)room;
	return index < example_count(differences) ? &differences->examples[index] : NULL;
}

static void read_slower(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_report *report = subject;

	(void)row;
	wt_value_signed(value, slower_ns(&report->result.timing));
}

static void read_slower_percent(const struct wt_number *row, const void *subject,
                                struct wt_value *value)
{
	const struct wt_compare_report *report = subject;
	double percent;

	(void)row;
	if (slower_percent(&report->result.timing, &percent))
		wt_value_real(value, percent);
}

static void read_align(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_report *report = subject;

	(void)row;
	wt_value_text(value, wt_compare_align_name(report->config.compare.align));
}

static void read_tolerance(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_report *report = subject;

	(void)row;
	if (report->config.compare.tolerance_ns)
		wt_value_signed(value, report->config.compare.tolerance_ns);
}

static void read_over(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_compare_report *report = subject;

	(void)row;
	if (report->config.compare.tolerance_ns)
		wt_value_unsigned(value, report->result.timing.over_tolerance);
}

static const void *timing_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_compare_report *report = subject;

	(void)row, (void)index, (void)room;
	return report->result.timing.packets ? report : NULL;
}

#define SUBJECT                    struct wt_compare_report
#define TIMING(field, name, words) WT_NS(result.timing.field, name, words)
static const struct wt_number timing_rows[] = {
        WT_COUNT(result.timing.packets, "packets", "packets with stamps in both"),
        TIMING(min_ns, "difference.min_ns", "stamps in B less those in A: the least"),
        TIMING(mean_ns, "difference.mean_ns", "the mean"),
        TIMING(p50_ns, "difference.p50_ns", "the median"),
        TIMING(p99_ns, "difference.p99_ns", "99 % are no more than this"),
        TIMING(max_ns, "difference.max_ns", "the most"),
        WT_READ_TEXT(read_align, "align", "which difference counts as no error"),
        TIMING(reference_ns, "reference_ns", "the size of that difference"),
        WT_HISTOGRAM(result.timing.error, "error", "how far differences are from it"),
        WT_HISTOGRAM(result.timing.gap_error, "gap_error",
                     "how far the time to the packet before is from that in A"),
        TIMING(lasted_a_ns, "duration.a_ns", "from the first to the last packet, in A"),
        TIMING(lasted_b_ns, "duration.b_ns", "the same in B"),
        WT_READ(read_slower, "duration.slower_ns", WT_KIND_GAUGE, WT_IN_NS,
                "how much longer it is in B"),
        WT_READ(read_slower_percent, "duration.slower_percent", WT_KIND_GAUGE, WT_IN_PERCENT,
                "the same, of that in A"),
        WT_READ(read_tolerance, "tolerance_ns", WT_KIND_GAUGE, WT_IN_NS,
                "as given; null: not given"),
        WT_READ(read_over, "over_tolerance", WT_KIND_COUNTER, WT_IN_NONE,
                "packets with a larger error; null: no tolerance was given"),
        {0},
};

#define DIFFERENCE(kind, name, words) WT_COUNT(result.differences[kind].count, name, words)
#define EXAMPLES(kind, name)                                                                       \
	{                                                                                          \
		.key = "examples." name, .help = "the first of them", .type = WT_NUMBER_LIST,      \
		.offset = offsetof(SUBJECT, result.differences[kind]), .item = next_example,       \
		.rows = example_rows                                                               \
	}
static const struct wt_number rows[] = {
        WT_OBJECT_OF(side_a, "a", view_rows, "the first capture"),
        WT_OBJECT_OF(side_b, "b", view_rows, "the second capture"),
        WT_READ_TEXT(read_scope, "content.scope", "what was compared: frame, network or payload"),
        WT_FLAG(config.compare.content.ignore_ttl, "content.ignore_ttl",
                "whether time to live does not count"),
        WT_READ(read_bytes, "content.bytes", WT_KIND_COUNTER, WT_IN_BYTES,
                "how many bytes of it; null: all"),
        WT_READ(read_speed, "speed", WT_KIND_GAUGE, WT_IN_RATIO,
                "how much faster A was sent than it was recorded"),
        WT_COUNT(result.matched, "matched", "packets that are in both"),
        DIFFERENCE(WT_COMPARE_LOST, "lost", "packets of A that B has not"),
        DIFFERENCE(WT_COMPARE_DOUBLED, "doubled", "packets of B that A has, but not so often"),
        DIFFERENCE(WT_COMPARE_EXTRA, "extra", "packets of B that A has not"),
        DIFFERENCE(WT_COMPARE_REORDERED, "reordered", "packets in another order"),
        WT_COUNT(result.displacement, "displacement", "by how many packets at most"),
        WT_COUNT(result.longest_loss, "longest_loss", "packets lost one after the other at most"),
        WT_NOT_0(result.longest_loss_from, "longest_loss_from",
                 "the number in A of the first of them"),
        EXAMPLES(WT_COMPARE_LOST, "lost"),
        EXAMPLES(WT_COMPARE_DOUBLED, "doubled"),
        EXAMPLES(WT_COMPARE_EXTRA, "extra"),
        EXAMPLES(WT_COMPARE_REORDERED, "reordered"),
        WT_OBJECT_OF(timing_of, "timing", timing_rows,
                     "how stamps differ; null: no packet has one in both"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_compare_document = {
        .command = "compare",
        .help = "how two captures differ",
        .rows = rows,
};

bool wt_compare_report_json(const struct wt_compare_report *report)
{
	bool failed = wt_compare_report_broken(&report->files[0]) ||
	              wt_compare_report_broken(&report->files[1]);
	const struct wt_document_error error = {wt_cli_reason(), WT_EXIT_FAILURE};

	return wt_json_print(stdout, &wt_compare_document, report, failed ? &error : NULL);
}
