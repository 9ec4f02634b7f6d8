/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed_report.h"
#include <wiretape/cli/cli.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct wt_feed_verdicts wt_feed_report_verdicts(const struct wt_gap_counts *counts)
{
	struct wt_feed_verdicts verdicts = {{0}};
	size_t used = 0;

	for (int i = 0; i < WT_VERDICTS; i++) {
		int wrote;

		if (i == WT_VERDICT_LATE || !counts->gaps[i])
			continue;
		wrote = snprintf(verdicts.text + used, sizeof(verdicts.text) - used,
		                 "%s%s %" PRIu64, used ? ", " : "",
		                 wt_verdict_name((enum wt_verdict)i), counts->gaps[i]);
		if (wrote < 0 || (size_t)wrote >= sizeof(verdicts.text) - used)
			break;
		used += (size_t)wrote;
	}
	return verdicts;
}

/* "nasdaq A unit 3 SESSION": what a stream is called in the table. */
static void name_stream(char *out, size_t capacity, const struct wt_stream_report *stream)
{
	snprintf(out, capacity, "%s %s%s%s%s%s", stream->channel->name,
	         wt_feed_side_name(stream->side), *stream->key ? " " : "", stream->key,
	         *stream->session ? " " : "", stream->session);
}

enum { STREAM_NAME_BYTES = WT_FEED_NAME_BYTES + 2 * WT_FEED_TEXT_BYTES + 8 };

static bool is_noteworthy(const struct wt_stream_report *stream)
{
	return stream->missing || stream->gaps || stream->too_late;
}

static void print_header(FILE *out, const char *indent, int width)
{
	fprintf(out, "%s%-*s  %-9s %12s %12s %10s %8s %8s %10s  %s\n", indent, width, "stream",
	        "state", "expected", "received", "missing", "gaps", "late", "duplicate", "unit");
}

static void print_stream(FILE *out, const char *indent, int width,
                         const struct wt_stream_report *stream)
{
	char name[STREAM_NAME_BYTES];

	name_stream(name, sizeof(name), stream);
	fprintf(out,
	        "%s%-*s  %-9s %12" PRIu64 " %12" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64
	        " %10" PRIu64 "  %s",
	        indent, width, name, wt_feed_state_name(stream->state), stream->expected,
	        stream->received, stream->missing, stream->gaps, stream->late, stream->duplicates,
	        wt_feed_unit_name(stream->channel->preset->unit));
	if (stream->channel->kind == WT_FEED_LOOP)
		fprintf(out, ", loop: %" PRIu64 " of %" PRIu64 " cycles complete",
		        stream->complete_cycles, stream->cycles);
	else if (stream->channel->kind == WT_FEED_RETRANSMISSION)
		fputs(", retransmission", out);
	if (stream->resets)
		fprintf(out, ", %" PRIu64 " reset%s", stream->resets,
		        wt_cli_plural(stream->resets));
	fputc('\n', out);
}

/* Print streams with anything to report, then the others. */
static void print_streams(FILE *out, struct wt_feed_monitor *monitor, uint32_t most,
                          const char *indent)
{
	const struct wt_tracker *tracker = wt_feed_monitor_tracker(monitor);
	uint32_t count = wt_tracker_stream_count(tracker), left = most ? most : count;
	struct wt_stream_report stream;
	char name[STREAM_NAME_BYTES];
	int width = 6;

	for (uint32_t i = 0; i < count; i++) {
		wt_tracker_stream(tracker, i, &stream);
		name_stream(name, sizeof(name), &stream);
		width = (int)strlen(name) > width ? (int)strlen(name) : width;
	}
	if (count)
		print_header(out, indent, width);
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < count && left; i++) {
			wt_tracker_stream(tracker, i, &stream);
			if (is_noteworthy(&stream) != !pass)
				continue;
			print_stream(out, indent, width, &stream);
			left--;
		}
	if (most && count > most)
		fprintf(out, "%s%" PRIu32 " more streams\n", indent, count - most);
}

static void print_leads(FILE *out, const struct wt_channel_report *pair)
{
	uint64_t both = pair->won_a + pair->won_b + pair->tied;

	if (!both || !pair->lead_count)
		return;
	fprintf(out,
	        "; A first %.1f %%, B first %.1f %%; B after A by ns: least %" PRId64
	        ", median %" PRId64 ", 99 %% %" PRId64 ", most %" PRId64,
	        100.0 * (double)pair->won_a / (double)both,
	        100.0 * (double)pair->won_b / (double)both, pair->lead_ns[0], pair->lead_ns[3],
	        pair->lead_ns[5], pair->lead_ns[6]);
}

static void print_pair(FILE *out, const char *indent, const struct wt_channel_report *pair)
{
	const char *unit = wt_feed_unit_name(pair->unit);

	fprintf(out,
	        "%s%s%s%s, all sides: %" PRIu64 " %s expected, %" PRIu64 " missing in %" PRIu64
	        " gap%s",
	        indent, pair->channel->name, *pair->key ? " " : "", pair->key, pair->expected, unit,
	        pair->missing, pair->gaps, wt_cli_plural(pair->gaps));
	if (pair->recovered_by_r)
		fprintf(out, ", %" PRIu64 " recovered by R", pair->recovered_by_r);
	print_leads(out, pair);
	fputc('\n', out);
}

static void print_pairs(FILE *out, struct wt_feed_monitor *monitor, uint32_t most,
                        const char *indent)
{
	const struct wt_channels *channels = wt_feed_monitor_channels(monitor);
	uint32_t count = wt_channels_pair_count(channels), left = most ? most : count;
	struct wt_channel_report pair;

	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < count && left; i++) {
			wt_channels_pair(channels, i, &pair);
			if ((pair.gaps != 0) != !pass)
				continue;
			print_pair(out, indent, &pair);
			left--;
		}
	if (most && count > most)
		fprintf(out, "%s%" PRIu32 " more channels\n", indent, count - most);
}

/* Reasons why packets of channels were not followed. */
static void print_oddities(FILE *out, struct wt_feed_monitor *monitor, const char *indent)
{
	struct wt_tracker_totals totals;
	uint64_t early = wt_channels_settled_early(wt_feed_monitor_channels(monitor));

	wt_tracker_totals(wt_feed_monitor_tracker(monitor), &totals);
	if (totals.unrecognised)
		fprintf(out,
		        "%s%" PRIu64 " packet%s to these addresses %s not of the transport that "
		        "was given\n",
		        indent, totals.unrecognised, wt_cli_plural(totals.unrecognised),
		        totals.unrecognised == 1 ? "is" : "are");
	if (totals.fragments)
		fprintf(out, "%s%" PRIu64 " later fragment%s of datagrams: not followed\n", indent,
		        totals.fragments, wt_cli_plural(totals.fragments));
	if (totals.table_full)
		fprintf(out, "%s%" PRIu64 " packet%s of more streams than are followed\n", indent,
		        totals.table_full, wt_cli_plural(totals.table_full));
	if (early)
		fprintf(out, "%s%" PRIu64 " gap%s settled early: too many were open\n", indent,
		        early, wt_cli_plural(early));
}

/* Print the silent channels, the first few by name: with a wrong address that is all there is to
 * see. */
static void print_silent(FILE *out, struct wt_feed_monitor *monitor, uint64_t count,
                         const char *indent)
{
	enum { NAMED = 5 };
	const struct wt_feed_channels *channels = wt_feed_monitor_followed(monitor);
	bool *heard = count ? wt_feed_find_heard(monitor) : NULL;
	size_t named = 0;

	if (!count)
		return;
	fprintf(out,
	        "%sno packet of %" PRIu64 " channel%s: whether anything is missing is not known",
	        indent, count, wt_cli_plural(count));
	for (size_t i = 0; heard && i < channels->count && named < NAMED; i++)
		if (!heard[i])
			fprintf(out, "%s%s", named++ ? ", " : " (", channels->list[i].name);
	if (named)
		fputs(count > named ? ", …)" : ")", out);
	fputc('\n', out);
	free(heard);
}

void wt_feed_report_print(FILE *out, struct wt_feed_monitor *monitor, uint32_t most,
                          const char *indent)
{
	struct wt_feed_verdicts verdicts;
	struct wt_feed_summary summary;
	const struct wt_feed_total *total = &summary.total;

	wt_feed_summary_fill(&summary, &monitor, 1);
	verdicts = wt_feed_report_verdicts(&total->by_verdict);
	print_silent(out, monitor, total->silent_channels, indent);
	if (!total->streams) {
		print_oddities(out, monitor, indent);
		return;
	}
	fprintf(out, "%s%" PRIu64 " stream%s: ", indent, total->streams,
	        wt_cli_plural(total->streams));
	if (total->gaps)
		fprintf(out, "%" PRIu64 " gap%s (%s), %" PRIu64 " number%s missing", total->gaps,
		        wt_cli_plural(total->gaps), verdicts.text, total->missing,
		        wt_cli_plural(total->missing));
	else
		fputs("no gaps", out);
	if (total->late)
		fprintf(out, "; %" PRIu64 " closed in time by late packets", total->late);
	fputc('\n', out);
	print_streams(out, monitor, most, indent);
	print_pairs(out, monitor, most, indent);
	print_oddities(out, monitor, indent);
}
