/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_faces.h"
#include "info_ledger.h"
#include "info_words.h"
#include <wiretape/cli/cli.h>

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>

#include <wiretape/base/utf8.h>
#include <wiretape/packet/link_type.h>

#define NS_PER_S 1000000000u

/* A file's text could move the cursor or set the window's title: control
 * characters (in UTF-8 also those at U+0080) are shown as what they are. */
static void print_text(const char *text)
{
	while (*text) {
		size_t length = wt_utf8_length(text);
		bool control = (unsigned char)*text < 0x20 || *text == 0x7f ||
		               (length == 2 && *text == '\xc2' && (unsigned char)text[1] < 0xa0);

		if (length && !control) {
			fwrite(text, 1, length, stdout);
			text += length;
		} else {
			printf("\\x%02x", (unsigned char)*text);
			text++;
		}
	}
}

static void print_label(int indent, const char *label)
{
	enum { LABEL_COLUMNS = 26 };

	printf("%*s%-*s", indent, "", LABEL_COLUMNS - indent, label);
}

static void __attribute__((format(printf, 3, 4)))
print_row(int indent, const char *label, const char *format, ...)
{
	va_list args;

	print_label(indent, label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Print nothing for a missing text. */
static void print_text_row(int indent, const char *label, const char *text)
{
	if (!text)
		return;
	print_label(indent, label);
	print_text(text);
	putchar('\n');
}

static void print_number_row(int indent, const char *label,
                             const struct wt_pcapng_item_number *number)
{
	if (number->present)
		print_row(indent, label, "%" PRIu64, number->value);
}

/* "1700000000.000000001" */
static struct wt_info_text epoch_text(int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	struct wt_info_text text;

	snprintf(text.chars, sizeof(text.chars), "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
	         size / NS_PER_S, size % NS_PER_S);
	return text;
}

static void print_stamp_row(int indent, const char *label, int64_t ns)
{
	print_row(indent, label, "%s (%s)", wt_info_utc_text(ns).chars, epoch_text(ns).chars);
}

static void print_time(int indent, const struct wt_info_tally *tally)
{
	uint64_t ns = wt_info_duration_ns(tally);

	print_stamp_row(indent, "First packet:", tally->first_ns);
	print_stamp_row(indent, "Last packet:", tally->last_ns);
	print_row(indent, "Duration:", "%" PRIu64 ".%09" PRIu64 " s", ns / NS_PER_S, ns % NS_PER_S);
	if (ns)
		print_row(indent, "Average rate:", "%.1f packets/s, %.0f bit/s",
		          wt_info_rate(tally, tally->packets),
		          8 * wt_info_rate(tally, tally->wire_bytes));
}

static void print_unstamped(int indent, const struct wt_info_tally *tally)
{
	if (tally->out_of_range)
		print_row(indent, "Without stamp:",
		          "%" PRIu64 ", %" PRIu64 " of them with one before 1677 or after 2262, "
		          "which cannot be shown",
		          tally->unstamped, tally->out_of_range);
	else if (tally->unstamped)
		print_row(indent, "Without stamp:", "%" PRIu64, tally->unstamped);
}

static void print_tally(int indent, const struct wt_info_tally *tally)
{
	print_row(indent, "Packets:", "%" PRIu64, tally->packets);
	if (!tally->packets)
		return;
	print_row(indent, "Bytes:", "%" PRIu64 " on the wire, %" PRIu64 " here", tally->wire_bytes,
	          tally->captured_bytes);
	print_row(indent, "Direction:", "%" PRIu64 " in, %" PRIu64 " out, %" PRIu64 " not said",
	          tally->inbound, tally->outbound,
	          tally->packets - tally->inbound - tally->outbound);
	if (tally->stamped)
		print_time(indent, tally);
	print_unstamped(indent, tally);
	print_row(indent, "Out of time order:", "%" PRIu64, tally->out_of_order);
	print_row(indent, "Cut by snaplen:", "%" PRIu64, tally->truncated);
	if (tally->above_snaplen)
		print_row(indent, "Above snaplen:", "%" PRIu64 " (here with all of their bytes)",
		          tally->above_snaplen);
	if (tally->overlong)
		print_row(indent,
		          "Above their length:", "%" PRIu64 " (more bytes here than on the wire)",
		          tally->overlong);
	if (tally->with_fcs)
		print_row(indent, "With check sequence:", "%" PRIu64 " (part of their bytes)",
		          tally->with_fcs);
	print_row(indent, "Lost in between:", "%" PRIu64 " (epb_dropcount)", tally->dropped);
}

static void print_counts(int indent, const char *label, const char *text)
{
	struct wt_info_count count;

	if (!text)
		return;
	printf("%*s%s\n", indent, "", label);
	while (wt_info_next_count(&text, &count)) {
		char name[256];

		if (count.name)
			snprintf(name, sizeof(name), "%.*s", (int)count.name_length, count.name);
		printf("%*s%20" PRIu64 "  ", indent, "", count.value);
		print_text(count.name ? name : "(a line that is not name=count)");
		putchar('\n');
	}
}

/* `whole`: the file was closed, and has lost nothing since. */
static void print_ledger_check(int indent, const struct wt_info_interface *interface, bool whole)
{
	struct wt_info_ledger_check check = wt_info_check_ledger(interface);

	if (!check.readable)
		print_row(indent,
		          "Check:", "NOT A LEDGER: it lacks counts or has lines that are none");
	else if (check.closes)
		print_row(indent, "Check:",
		          "it closes: %" PRIu64 " seen = %" PRIu64 " written + %" PRIu64 " lost",
		          check.seen, check.written, check.lost);
	else
		print_row(indent, "Check:",
		          "DOES NOT CLOSE: %" PRIu64 " seen, but %" PRIu64 " written + %" PRIu64
		          " lost",
		          check.seen, check.written, check.lost);
	if (check.has_written && !check.matches && !whole)
		print_row(indent, "",
		          "of another moment: it says %" PRIu64 " written, and the file, which is "
		          "not whole, has %" PRIu64 " packets of this interface",
		          check.written, interface->tally.packets);
	else if (check.has_written && !check.matches)
		print_row(indent, "",
		          "NOT THIS FILE: it says %" PRIu64 " written, the file has %" PRIu64
		          " packets of this interface",
		          check.written, interface->tally.packets);
}

static void print_statistics(int indent, const struct wt_info_interface *interface, bool whole)
{
	const struct wt_info_statistics *statistics = interface->statistics;
	const struct wt_pcapng_item_statistics *numbers = &statistics->numbers;

	printf("%*sStatistics (the last of %" PRIu64 ")\n", indent, "", statistics->blocks);
	indent += 2;
	if (numbers->stamp.present)
		print_stamp_row(indent, "At:", numbers->stamp.ns);
	if (numbers->start.present)
		print_stamp_row(indent, "Start:", numbers->start.ns);
	if (numbers->end.present)
		print_stamp_row(indent, "End:", numbers->end.ns);
	print_number_row(indent, "Received:", &numbers->ifrecv);
	print_number_row(indent, "Dropped:", &numbers->ifdrop);
	print_number_row(indent, "Filter accepted:", &numbers->filteraccept);
	print_number_row(indent, "Dropped by OS:", &numbers->osdrop);
	print_number_row(indent, "Delivered:", &numbers->usrdeliv);
	for (size_t i = 0; i < statistics->degraded_count; i++)
		print_text_row(indent, "Degraded:", statistics->degraded[i]);
	print_counts(indent, "Ledger", statistics->ledger);
	if (statistics->ledger)
		print_ledger_check(indent + 2, interface, whole);
	print_counts(indent, "NIC", statistics->nic);
}

static struct wt_info_text resolution_text(uint8_t tsresol)
{
	unsigned exponent = tsresol & 0x7f;
	const char *name = tsresol == 9   ? " (nanoseconds)"
	                   : tsresol == 6 ? " (microseconds)"
	                   : tsresol == 3 ? " (milliseconds)"
	                                  : "";
	struct wt_info_text text;

	snprintf(text.chars, sizeof(text.chars), "%s^-%u s%s", tsresol & 0x80 ? "2" : "10",
	         exponent, name);
	return text;
}

static void print_link_type(int indent, uint16_t link_type)
{
	const char *name = pcap_datalink_val_to_name(wt_link_type_dlt(link_type));
	const char *description = pcap_datalink_val_to_description(wt_link_type_dlt(link_type));

	print_row(indent, "Link type:", "%s (%s, %u)", name ? name : "unknown",
	          description ? description : "no name known", link_type);
}

static void print_capture_settings(int indent, const struct wt_pcapng_item_interface *fields)
{
	print_link_type(indent, fields->link_type);
	if (fields->snaplen)
		print_row(indent, "Snaplen:", "%" PRIu32, fields->snaplen);
	else
		print_row(indent, "Snaplen:", "no limit");
	print_row(indent, "Resolution:", "%s", resolution_text(fields->tsresol).chars);
	if (fields->tsoffset_s)
		print_row(indent, "Stamp offset:", "%" PRId64 " s", fields->tsoffset_s);
	if (fields->has_fcs)
		print_row(indent, "Check sequence:", "%u byte%s of each frame", fields->fcs_bytes,
		          wt_cli_plural(fields->fcs_bytes));
	if (fields->has_mac)
		print_row(indent, "MAC address:", "%s", wt_info_mac_text(fields->mac).chars);
	if (fields->speed_bps.present)
		print_row(indent, "Speed:", "%" PRIu64 " bit/s", fields->speed_bps.value);
}

static void print_stamp_sources(int indent, const struct wt_info_clock *clock)
{
	print_row(indent, "Stamps:",
	          "%" PRIu64 " hardware, %" PRIu64 " software, %" PRIu64 " fallback; they show %s",
	          clock->by_source[WT_STAMP_HARDWARE], clock->by_source[WT_STAMP_SOFTWARE],
	          clock->by_source[WT_STAMP_FALLBACK], wt_info_clock_text(&clock->says).chars);
	if (clock->says.phc[0]) {
		print_text_row(indent, "Clock of the NIC:", clock->says.phc);
		print_label(indent, "Stamped by the NIC:");
		print_text(clock->says.rx_filter);
		fputs(" (before: ", stdout);
		print_text(clock->says.rx_filter_before);
		fputs(")\n", stdout);
	}
}

static void print_crosses(int indent, const struct wt_info_clock *clock)
{
	if (!clock->crosses)
		return;
	print_row(indent, "Cross timestamps:",
	          "%" PRIu64 " (%s), brackets of %" PRId64 " to %" PRId64 " ns, %" PRIu64
	          " outliers, %" PRIu64 " steps",
	          clock->crosses, wt_cross_method_name(clock->method), clock->bracket_least_ns,
	          clock->bracket_most_ns, clock->outliers, clock->steps);
	if (clock->standstills)
		print_row(indent, "", "at %" PRIu64 " of them it stood still%s", clock->standstills,
		          clock->stands_still ? ", to the end: no map holds" : "");
	if (clock->last.number && !clock->stands_still)
		print_row(indent, "Clock map:",
		          "UTC - PHC %+.9f s, PHC gains %+.4f to %+.4f ppm, error at most %" PRId64
		          " ns",
		          wt_info_clock_offset_s(&clock->last), clock->ppm_least, clock->ppm_most,
		          clock->error_most_ns);
}

static void print_conversion(int indent, const struct wt_info_clock *clock)
{
	if (!clock->converted)
		return;
	print_row(indent, "Converted stamps:",
	          "%" PRIu64 ", converted again: %" PRIu64 " the same, %" PRIu64 " NOT, %" PRIu64
	          " without their map",
	          clock->converted, clock->confirmed, clock->contradicted, clock->without_map);
}

static void print_clock(int indent, const struct wt_info_clock *clock)
{
	if (!clock->described)
		return;
	print_stamp_sources(indent, clock);
	print_crosses(indent, clock);
	print_conversion(indent, clock);
	for (size_t i = 0; i < clock->event_count; i++) {
		print_label(indent, i ? "" : "Events:");
		printf("%s ", wt_info_utc_text(clock->events[i].utc_ns).chars);
		print_text(clock->events[i].text);
		putchar('\n');
	}
	if (clock->steps + clock->changes > clock->event_count)
		print_row(indent, "", "and %" PRIu64 " more",
		          clock->steps + clock->changes - clock->event_count);
}

/* The only interface: its packets are those of the file, printed before. */
static void print_interface(const struct wt_info_interface *interface, bool is_only_one, bool whole)
{
	enum { INDENT = 4 };

	printf("  Interface %" PRIu32, interface->fields.id);
	if (interface->name) {
		printf(": ");
		print_text(interface->name);
	}
	putchar('\n');
	print_text_row(INDENT, "Description:", interface->description);
	print_capture_settings(INDENT, &interface->fields);
	print_text_row(INDENT, "Hardware:", interface->hardware);
	print_text_row(INDENT, "OS:", interface->os);
	print_text_row(INDENT, "Filter:", interface->filter);
	print_text_row(INDENT, "Reader:", interface->reader);
	print_text_row(INDENT, "Comment:", interface->comment);
	print_clock(INDENT, &interface->clock);
	if (!is_only_one)
		print_tally(INDENT, &interface->tally);
	if (interface->statistics)
		print_statistics(INDENT, interface, whole);
}

static void print_section(const struct wt_info_section *section, size_t number,
                          bool has_only_interface, bool whole)
{
	printf("\nSection %zu\n", number);
	print_row(2, "Version:", "%u.%u, %s-endian", section->fields.major, section->fields.minor,
	          section->fields.big_endian ? "big" : "little");
	print_text_row(2, "Hardware:", section->hardware);
	print_text_row(2, "OS:", section->os);
	print_text_row(2, "Application:", section->application);
	print_text_row(2, "Comment:", section->comment);
	for (size_t i = 0; i < section->interface_count; i++)
		print_interface(&section->interfaces[i], has_only_interface, whole);
}

static void print_other_blocks(const struct wt_info_summary *summary)
{
	const struct {
		const char *label;
		uint64_t count;
	} rows[] = {
	        {"Name resolution:", summary->names},  {"Secrets:", summary->secrets},
	        {"Custom blocks:", summary->custom},   {"Feed blocks:", summary->feeds},
	        {"Looks at NICs:", summary->looks},    {"Local blocks:", summary->local},
	        {"Unknown blocks:", summary->unknown},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].count)
			print_row(0, rows[i].label, "%" PRIu64, rows[i].count);
	if (summary->unknown_sections)
		print_row(0, "Passed over:",
		          "%" PRIu64 " section%s of a version that is not known, %" PRIu64 " bytes",
		          summary->unknown_sections, summary->unknown_sections == 1 ? "" : "s",
		          summary->unknown_sections_bytes);
}

static void print_fractions(const struct wt_capture_fractions *fractions)
{
	if (fractions->packets)
		print_row(0, "Fractions of 1 s or more:", "%" PRIu64 "%s", fractions->packets,
		          fractions->nanoseconds ? "; they look like nanoseconds, in a file whose "
		                                   "magic number says microseconds"
		                                 : "");
}

static void print_layout(const struct wt_info_layout *layout)
{
	if (!layout->has_chunks)
		return;
	print_label(0, "Layout:");
	printf("%" PRIu64 " chunk%s, %" PRIu64 " of them in place", layout->chunks,
	       layout->chunks == 1 ? "" : "s", layout->in_place);
	if (layout->holes)
		printf("; %" PRIu64 " hole%s repaired (%" PRIu64 " packet%s missing)",
		       layout->holes, layout->holes == 1 ? "" : "s", layout->missing_packets,
		       layout->missing_packets == 1 ? "" : "s");
	if (layout->not_closed)
		printf("; not closed, what came after is unknown");
	if (layout->tail_packets)
		printf(" (%" PRIu64 " packet%s at least)", layout->tail_packets,
		       layout->tail_packets == 1 ? "" : "s");
	putchar('\n');
}

static void print_lane(const struct wt_info_lane *lane)
{
	char label[32];

	snprintf(label, sizeof(label), "Lane %" PRIu32 ":", lane->number);
	print_label(2, label);
	printf("%" PRIu64 " file%s, %" PRIu64 " packet%s; ", lane->files,
	       wt_cli_plural(lane->files), lane->packets, wt_cli_plural(lane->packets));
	if (!lane->has_ledger)
		fputs("no final ledger", stdout);
	else
		printf("%s: %" PRIu64 " seen, %" PRIu64 " written, %" PRIu64 " lost",
		       lane->closes ? "it closes" : "DOES NOT CLOSE", lane->seen, lane->written,
		       lane->lost);
	if (lane->files_missing)
		printf("; %" PRIu64 " file%s NOT HERE", lane->files_missing,
		       lane->files_missing == 1 ? " is" : "s are");
	putchar('\n');
}

/* Print the lanes that nothing is here of, the first few by number. */
static void print_missing_lanes(const struct wt_info_lanes *lanes)
{
	enum { SHOWN = 8 };
	uint32_t number = 0, shown = 0;

	if (lanes->count == lanes->expected)
		return;
	print_label(2, "NOT HERE:");
	for (size_t i = 0; shown < SHOWN && number < lanes->expected; number++) {
		if (i < lanes->count && lanes->list[i].number == number)
			i++;
		else
			printf("%s%" PRIu32, shown++ ? ", " : "lane ", number);
	}
	if (lanes->expected - lanes->count > shown)
		printf(" and %zu more", lanes->expected - lanes->count - shown);
	putchar('\n');
}

static void print_lanes(const struct wt_info_lanes *lanes)
{
	if (!lanes->expected)
		return;
	print_row(0, "Lanes:", "%zu of %" PRIu32, lanes->count, lanes->expected);
	for (size_t i = 0; i < lanes->count; i++)
		print_lane(&lanes->list[i]);
	print_missing_lanes(lanes);
}

void wt_info_print(const struct wt_info_summary *summary)
{
	const struct wt_info_layout *layout = &summary->layout;
	bool whole = !summary->result && !layout->not_closed && !layout->missing_packets;

	if (!summary->format)
		return;
	print_text_row(0, "File:", summary->path);
	print_row(0, "Type:", "%s", summary->format);
	print_row(0, "Size:", "%" PRIu64 " bytes", summary->size_bytes);
	print_text_row(0, "Complete:", summary->result ? "NO" : "yes");
	if (summary->result)
		print_text_row(2, "Because:", summary->error.text);
	print_lanes(&summary->lanes);
	print_layout(&summary->layout);
	print_row(0, "Sections:", "%" PRIu64, summary->sections_seen);
	print_row(0, "Interfaces:", "%" PRIu64, summary->interfaces_seen);
	print_tally(0, &summary->tally);
	print_fractions(&summary->fractions);
	print_other_blocks(summary);
	for (size_t i = 0; i < summary->section_count; i++)
		print_section(&summary->sections[i], i + 1, summary->interfaces_seen == 1, whole);
	if (summary->interfaces_seen > summary->interface_count)
		printf("and %" PRIu64 " more interfaces, of which only the packets are counted\n",
		       summary->interfaces_seen - summary->interface_count);
}
