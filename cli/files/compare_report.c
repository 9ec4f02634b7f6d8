/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_report.h"
#include <wiretape/cli/json_text.h>

#include <wiretape/cli/cli.h>
#include <wiretape/cli/draw_histogram.h>
#include <wiretape/cli/histogram_json.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/base/time_text.h>

static const struct wt_compare_side *side_of(const struct wt_compare_report *report, size_t i)
{
	return i ? &report->result.b : &report->result.a;
}

static const char *path_of(const struct wt_compare_report *report, size_t i)
{
	return i ? report->config.path_b : report->config.path_a;
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

/* In percent; false if there is nothing to compare it to. */
static bool slower_percent(const struct wt_compare_timing *timing, double *percent)
{
	double more = (double)timing->lasted_b_ns - (double)timing->lasted_a_ns;

	if (!timing->lasted_a_ns)
		return false;
	*percent = 100 * more / (double)timing->lasted_a_ns;
	return true;
}

/* ---- for people ---- */

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

/* Of a difference of months, what it is from packet to packet is what matters. */
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

/* ---- warnings ---- */

static void warn_of_end(const struct wt_compare_report *report, size_t i)
{
	const struct wt_compare_file *file = &report->files[i];

	if (wt_compare_report_broken(file))
		wt_cli_complain("%s: %s; only what is before was used", path_of(report, i),
		                file->why.text);
	else if (file->ended)
		wt_cli_complain("warning: %s: %s; what is before was used", path_of(report, i),
		                file->why.text);
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

/* What both have cut to the same lengths may be the same. */
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

/* ---- for programs ---- */

static void put_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, wt_json_text(text));
}

static json_t *side_json(const struct wt_compare_report *report, size_t i)
{
	const struct wt_compare_side *side = side_of(report, i);
	const struct wt_compare_file *file = &report->files[i];
	json_t *object = json_object();

	wt_json_put_path(object, "path", path_of(report, i));
	put_text(object, "filter", i ? report->config.filter_b : report->config.filter_a);
	put_count(object, "packets", side->packets);
	put_count(object, "filtered", file->filtered);
	put_count(object, "not_filtered", file->unfiltered.packets);
	put_count(object, "unstamped", side->unstamped);
	put_count(object, "stamps_out_of_range", file->out_of_range);
	put_count(object, "with_fcs", file->with_fcs);
	put_count(object, "cut", side->cut);
	json_object_set_new(object, "link_type",
	                    side->packets ? json_integer(side->link_type) : json_null());
	json_object_set_new(object, "cut_off", json_boolean(file->ended == -ENODATA));
	put_text(object, "broken", wt_compare_report_broken(file) ? file->why.text : NULL);
	return object;
}

static json_t *content_json(const struct wt_compare_content *content)
{
	static const char *const scopes[] = {
	        [WT_COMPARE_FRAME] = "frame",
	        [WT_COMPARE_NETWORK] = "network",
	        [WT_COMPARE_PAYLOAD] = "payload",
	};
	json_t *object = json_object();

	put_text(object, "scope", scopes[content->scope]);
	json_object_set_new(object, "ignore_ttl", json_boolean(content->ignore_ttl));
	json_object_set_new(object, "bytes",
	                    content->bytes ? json_integer(content->bytes) : json_null());
	return object;
}

static json_t *number_or_null(uint64_t number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *examples_json(const struct wt_compare_result *result)
{
	json_t *object = json_object();

	for (int kind = 0; kind < WT_COMPARE_DIFFERENCES; kind++) {
		const struct wt_compare_differences *differences = &result->differences[kind];
		json_t *array = json_array();

		for (uint64_t i = 0; i < example_count(differences); i++) {
			const struct wt_compare_example *example = &differences->examples[i];
			json_t *one = json_object();

			json_object_set_new(one, "a", number_or_null(example->number_a));
			json_object_set_new(one, "b", number_or_null(example->number_b));
			json_object_set_new(one, "stamp_ns",
			                    example->has_stamp ? json_integer(example->stamp_ns)
			                                       : json_null());
			json_array_append_new(array, one);
		}
		json_object_set_new(object,
		                    wt_compare_difference_name((enum wt_compare_difference)kind),
		                    array);
	}
	return object;
}

static json_t *difference_json(const struct wt_compare_timing *timing)
{
	json_t *object = json_object();

	json_object_set_new(object, "min_ns", json_integer(timing->min_ns));
	json_object_set_new(object, "mean_ns", json_integer(timing->mean_ns));
	json_object_set_new(object, "p50_ns", json_integer(timing->p50_ns));
	json_object_set_new(object, "p99_ns", json_integer(timing->p99_ns));
	json_object_set_new(object, "max_ns", json_integer(timing->max_ns));
	return object;
}

static json_t *lasted_json(const struct wt_compare_timing *timing)
{
	json_t *object = json_object();
	double percent;

	json_object_set_new(object, "a_ns", json_integer(timing->lasted_a_ns));
	json_object_set_new(object, "b_ns", json_integer(timing->lasted_b_ns));
	json_object_set_new(object, "slower_ns", json_integer(slower_ns(timing)));
	json_object_set_new(object, "slower_percent",
	                    slower_percent(timing, &percent) ? json_real(percent) : json_null());
	return object;
}

static json_t *timing_json(const struct wt_compare_report *report)
{
	const struct wt_compare_config *config = &report->config.compare;
	const struct wt_compare_timing *timing = &report->result.timing;
	json_t *object;

	if (!timing->packets)
		return json_null();
	object = json_object();
	put_count(object, "packets", timing->packets);
	json_object_set_new(object, "difference", difference_json(timing));
	put_text(object, "align", wt_compare_align_name(config->align));
	json_object_set_new(object, "reference_ns", json_integer(timing->reference_ns));
	json_object_set_new(object, "error", wt_histogram_json(&timing->error));
	json_object_set_new(object, "gap_error", wt_histogram_json(&timing->gap_error));
	json_object_set_new(object, "lasted", lasted_json(timing));
	json_object_set_new(object, "tolerance_ns",
	                    config->tolerance_ns ? json_integer(config->tolerance_ns)
	                                         : json_null());
	json_object_set_new(object, "over_tolerance",
	                    config->tolerance_ns ? json_integer((json_int_t)timing->over_tolerance)
	                                         : json_null());
	return object;
}

bool wt_compare_report_json(const struct wt_compare_report *report)
{
	const struct wt_compare_result *result = &report->result;
	double speed = report->config.compare.speed;
	json_t *object = json_object();
	bool failed;

	json_object_set_new(object, "a", side_json(report, 0));
	json_object_set_new(object, "b", side_json(report, 1));
	json_object_set_new(object, "content", content_json(&report->config.compare.content));
	json_object_set_new(object, "speed", json_real(speed ? speed : 1));
	put_count(object, "matched", result->matched);
	for (int i = 0; i < WT_COMPARE_DIFFERENCES; i++)
		put_count(object, wt_compare_difference_name((enum wt_compare_difference)i),
		          result->differences[i].count);
	put_count(object, "displacement", result->displacement);
	put_count(object, "longest_loss", result->longest_loss);
	json_object_set_new(object, "longest_loss_from", number_or_null(result->longest_loss_from));
	json_object_set_new(object, "examples", examples_json(result));
	json_object_set_new(object, "timing", timing_json(report));
	failed = !object || json_dumpf(object, stdout, JSON_COMPACT) || putchar('\n') == EOF;
	json_decref(object);
	return !failed;
}
