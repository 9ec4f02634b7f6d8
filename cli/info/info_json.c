/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_faces.h"
#include "info_ledger.h"
#include "info_words.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/packet/link_type.h>

/* Results computed from a tally. */
struct times {
	int64_t first_ns, last_ns, duration_ns; /* INT64_MIN: not known */
	struct wt_info_text first, last;
	double packets_per_second, bits_per_second;
};

#define SUBJECT struct times
static const struct wt_number times_rows[] = {
        WT_KNOWN_TIME(first_ns, "first_ns", "the earliest stamp"),
        WT_KNOWN_TIME(last_ns, "last_ns", "the latest stamp"),
        WT_CHARS(first.chars, "first_utc", "the earliest stamp, in UTC"),
        WT_CHARS(last.chars, "last_utc", "the latest stamp, in UTC"),
        WT_KNOWN_NS(duration_ns, "duration_ns", "from the one to the other"),
        WT_GAUGE(packets_per_second, "packets_per_second", WT_IN_PER_SECOND,
                 "the mean over that; 0: there is no time between them"),
        WT_GAUGE(bits_per_second, "bits_per_second", WT_IN_PER_SECOND,
                 "the same, by bytes on the wire"),
        {0},
};
#undef SUBJECT

static const void *times_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_info_tally *tally = subject;
	struct times *times = (struct times *)room->bytes;
	uint64_t duration_ns = wt_info_duration_ns(tally);

	(void)row, (void)index;
	*times = (struct times){
	        .first_ns = INT64_MIN,
	        .last_ns = INT64_MIN,
	        .duration_ns = INT64_MIN,
	        .packets_per_second = wt_info_rate(tally, tally->packets),
	        .bits_per_second = 8 * wt_info_rate(tally, tally->wire_bytes),
	};
	if (!tally->stamped)
		return times;
	times->first_ns = tally->first_ns;
	times->last_ns = tally->last_ns;
	times->first = wt_info_utc_text(tally->first_ns);
	times->last = wt_info_utc_text(tally->last_ns);
	times->duration_ns = duration_ns > INT64_MAX ? INT64_MAX : (int64_t)duration_ns;
	return times;
}

#define SUBJECT struct wt_info_tally
static const struct wt_number tally_rows[] = {
        WT_COUNT(packets, "packets", "packets"),
        WT_BYTES(wire_bytes, "wire_bytes", "bytes that they had on the wire"),
        WT_BYTES(captured_bytes, "captured_bytes", "bytes of them that are here"),
        WT_COUNT(inbound, "inbound", "packets that were received"),
        WT_COUNT(outbound, "outbound", "packets that were sent"),
        WT_COUNT(truncated, "truncated", "packets with fewer bytes than on the wire"),
        WT_COUNT(out_of_order, "out_of_order", "packets stamped before their predecessor"),
        WT_COUNT(unstamped, "unstamped", "packets without a stamp that can be shown"),
        WT_COUNT(out_of_range, "stamps_out_of_range",
                 "of those: with a stamp before 1677 or after 2262"),
        WT_COUNT(with_fcs, "with_fcs", "packets with a frame check sequence"),
        WT_COUNT(above_snaplen, "above_snaplen", "packets with more bytes than the snaplen"),
        WT_COUNT(overlong, "above_length", "packets with more bytes here than on the wire"),
        WT_COUNT(dropped, "dropcount", "packets lost between these, as they say"),
        WT_PART_OF(times_of, times_rows),
        {0},
};
#undef SUBJECT

static void read_number(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_pcapng_item_number *number =
	        (const void *)((const char *)subject + row->offset);

	if (number->present)
		wt_value_unsigned(value, number->value);
}

static void read_stamp(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_pcapng_item_stamp *stamp =
	        (const void *)((const char *)subject + row->offset);

	if (stamp->present)
		wt_value_signed(value, stamp->ns);
}

/* The index-th line that is a count. */
static const void *next_count(const char *text, size_t index, struct wt_number_entry *entry)
{
	struct wt_info_count count;

	while (text && wt_info_next_count(&text, &count)) {
		if (!count.name || index--)
			continue;
		snprintf(entry->name, sizeof(entry->name), "%.*s", (int)count.name_length,
		         count.name);
		wt_value_unsigned(&entry->value, count.value);
		return entry;
	}
	return NULL;
}

static const void *next_ledger(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	return next_count(interface->statistics->ledger, index, &room->entry);
}

static const void *next_nic(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	return next_count(interface->statistics->nic, index, &room->entry);
}

static const void *next_note(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row, (void)room;
	return index < interface->statistics->degraded_count
	               ? interface->statistics->degraded[index]
	               : NULL;
}

static void read_closes(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	if (interface->statistics->ledger)
		wt_value_flag(value, wt_info_check_ledger(interface).closes);
}

static void read_matches(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	if (interface->statistics->ledger)
		wt_value_flag(value, wt_info_check_ledger(interface).matches);
}

#define SUBJECT struct wt_info_statistics
#define NUMBER(field, words)                                                                       \
	WT_READ_AT(numbers.field, read_number, #field, WT_KIND_COUNTER, WT_IN_NONE, words)
#define STAMP(field, name, words)                                                                  \
	WT_READ_AT(numbers.field, read_stamp, name, WT_KIND_TIME, WT_IN_NS, words)
static const struct wt_number block_rows[] = {
        WT_COUNT(blocks, "blocks", "how many there were; the rest is of the last"),
        STAMP(stamp, "at_ns", "when it was written"),
        STAMP(start, "start_ns", "when recording began"),
        STAMP(end, "end_ns", "when recording ended"),
        NUMBER(ifrecv, "packets received"),
        NUMBER(ifdrop, "packets dropped by the interface"),
        NUMBER(filteraccept, "packets that passed the filter"),
        NUMBER(osdrop, "packets dropped by the operating system"),
        NUMBER(usrdeliv, "packets that were delivered to the recorder"),
        {0},
};
#undef SUBJECT

static const void *block_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row, (void)index, (void)room;
	return interface->statistics;
}

#define SUBJECT struct wt_info_interface
static const struct wt_number statistics_rows[] = {
        WT_PART_OF(block_of, block_rows),
        WT_MAP(next_ledger, "ledger", "the ledger, as the file names its counts; empty: none"),
        WT_READ_FLAG(read_closes, "ledger_closes", "whether seen = written + lost"),
        WT_READ_FLAG(read_matches, "ledger_matches_file",
                     "whether as many packets of the interface are in the file"),
        WT_MAP(next_nic, "nic", "what the NIC's counters gained; empty: none"),
        WT_LIST(next_note, "notes", NULL, "what was less than was asked for, or worth knowing"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_info_clock_event
static void read_utc(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_clock_event *event = subject;

	(void)row;
	snprintf(value->room, sizeof(value->room), "%s", wt_info_utc_text(event->utc_ns).chars);
	wt_value_text(value, value->room);
}

static const struct wt_number event_rows[] = {
        WT_TIME(utc_ns, "utc_ns", "when"),
        WT_READ_TEXT(read_utc, "utc", "when, in UTC"),
        WT_CHARS(text, "text", "what happened"),
        {0},
};
#undef SUBJECT

static const void *next_event(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	const struct wt_info_clock *clock = subject;

	(void)row, (void)room;
	return index < clock->event_count ? &clock->events[index] : NULL;
}

static const void *map_of(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	const struct wt_info_clock *clock = subject;

	(void)row, (void)index, (void)room;
	return clock->last.number && !clock->stands_still ? clock : NULL;
}

static void read_offset(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_clock_map *map = &((const struct wt_info_clock *)subject)->last;
	int64_t ns;

	(void)row;
	if (!__builtin_sub_overflow(map->utc_ns, map->phc_ns, &ns))
		wt_value_signed(value, ns);
}

static void read_source(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_clock *clock = subject;

	(void)row;
	wt_value_text(value, wt_stamp_source_name(clock->says.source));
}

static void read_clock(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_clock *clock = subject;

	(void)row;
	wt_value_text(value, wt_stamp_clock_name(clock->says.clock));
}

static void read_tai(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_clock *clock = subject;

	(void)row;
	wt_value_signed(value, (int64_t)clock->says.tai_offset_s * 1000000000);
}

#define SUBJECT struct wt_info_clock
static const struct wt_number map_rows[] = {
        WT_COUNT(last.number, "maps", "maps from the NIC's clock to UTC"),
        WT_COUNT(last.epoch, "epochs", "stretches between steps of a clock, from 1 on"),
        WT_READ(read_offset, "utc_minus_phc_ns", WT_KIND_GAUGE, WT_IN_NS,
                "UTC less the NIC's clock, by the last map"),
        WT_GAUGE(ppm_least, "ppm_least", WT_IN_PPM, "what the NIC's clock gains on UTC, at least"),
        WT_GAUGE(ppm_most, "ppm_most", WT_IN_PPM, "what it gains at most"),
        WT_NS(error_most_ns, "error_most_ns", "the largest error of the maps"),
        {0},
};

static const struct wt_number clock_rows[] = {
        WT_READ_TEXT(read_source, "source", "whose stamps were asked for"),
        WT_READ_TEXT(read_clock, "clock", "the clock that stamps show"),
        WT_READ(read_tai, "tai_offset_ns", WT_KIND_GAUGE, WT_IN_NS, "TAI less UTC; 0: not known"),
        WT_CHARS(says.phc, "phc", "the device of the NIC's clock; null: the kernel stamped"),
        WT_CHARS(says.rx_filter, "rx_filter", "what the NIC stamped"),
        WT_CHARS(says.rx_filter_before, "rx_filter_before", "what it stamped before"),
        WT_COUNT(by_source[WT_STAMP_HARDWARE], "stamps.hardware", "packets stamped by the NIC"),
        WT_COUNT(by_source[WT_STAMP_SOFTWARE], "stamps.software",
                 "packets stamped by the kernel on arrival"),
        WT_COUNT(by_source[WT_STAMP_FALLBACK], "stamps.fallback", "packets stamped late"),
        WT_COUNT(crosses, "cross_timestamps", "cross timestamps of the NIC's clock and UTC"),
        WT_COUNT(outliers, "outliers", "of those: not believed"),
        WT_COUNT(steps, "steps", "steps of a clock"),
        WT_COUNT(standstills, "standstills", "cross timestamps at which the clock stood still"),
        WT_COUNT(changes, "changes", "changes of the interface"),
        WT_NS(bracket_least_ns, "bracket_least_ns", "the narrowest bracket of a cross timestamp"),
        WT_NS(bracket_most_ns, "bracket_most_ns", "the widest"),
        WT_OBJECT_OF(map_of, "map", map_rows, "the maps; null: none holds"),
        WT_COUNT(converted, "converted", "stamps of the NIC's clock that were converted"),
        WT_COUNT(confirmed, "confirmed", "of those: that come out the same, converted again"),
        WT_COUNT(contradicted, "contradicted", "of those: that do not"),
        WT_COUNT(without_map, "without_map", "of those: whose map is not there"),
        WT_LIST(next_event, "events", event_rows, "what happened to the interface or its clock"),
        {0},
};
#undef SUBJECT

static const void *clock_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row, (void)index, (void)room;
	return interface->clock.described ? &interface->clock : NULL;
}

static const void *statistics_of(const struct wt_number *row, const void *subject, size_t index,
                                 union wt_number_room *room)
{
	const struct wt_info_interface *interface = subject;

	(void)row, (void)index, (void)room;
	return interface->statistics ? interface : NULL;
}

static void read_link_type(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	wt_value_text(value,
	              pcap_datalink_val_to_name(wt_link_type_dlt(interface->fields.link_type)));
}

static void read_fcs(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	if (interface->fields.has_fcs)
		wt_value_unsigned(value, interface->fields.fcs_bytes);
}

static void read_mac(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_interface *interface = subject;

	(void)row;
	if (!interface->fields.has_mac)
		return;
	snprintf(value->room, sizeof(value->room), "%s",
	         wt_info_mac_text(interface->fields.mac).chars);
	wt_value_text(value, value->room);
}

#define SUBJECT struct wt_info_interface
static const struct wt_number interface_rows[] = {
        WT_COUNT(fields.id, "id", "its number in the section"),
        WT_TEXT(name, "interface", "its name"),
        WT_TEXT(description, "description", "in the file's words"),
        WT_COUNT(fields.link_type, "link_type", "LINKTYPE_…, by number"),
        WT_READ_TEXT(read_link_type, "link_type_name", "LINKTYPE_…, by name"),
        WT_BYTES(fields.snaplen, "snaplen", "bytes kept of a packet; 0: all"),
        WT_READ(read_fcs, "fcs_bytes", WT_KIND_GAUGE, WT_IN_BYTES,
                "the size of frame check sequences; null: not said"),
        WT_COUNT(fields.tsresol, "tsresol", "if_tsresol as the file has it"),
        WT_GAUGE(fields.tsoffset_s, "tsoffset_s", WT_IN_NONE, "if_tsoffset as the file has it"),
        WT_READ_TEXT(read_mac, "mac", "its MAC address"),
        WT_READ_AT(fields.speed_bps, read_number, "speed_bits_per_second", WT_KIND_GAUGE,
                   WT_IN_NONE, "its speed"),
        WT_TEXT(hardware, "hardware", "in the file's words"),
        WT_TEXT(os, "os", "in the file's words"),
        WT_TEXT(filter, "filter", "which packets were recorded; null: all, or not said"),
        WT_TEXT(reader, "reader", "how packets were taken from the kernel"),
        WT_TEXT(comment, "comment", "in the file's words"),
        WT_OBJECT_OF(clock_of, "clock", clock_rows, "where its stamps come from; null: not said"),
        WT_PART(tally, tally_rows),
        WT_OBJECT_OF(statistics_of, "statistics", statistics_rows,
                     "the last of its statistics; null: there are none"),
        {0},
};
#undef SUBJECT

static const void *next_interface(const struct wt_number *row, const void *subject, size_t index,
                                  union wt_number_room *room)
{
	const struct wt_info_section *section = subject;

	(void)row, (void)room;
	return index < section->interface_count ? &section->interfaces[index] : NULL;
}

static void read_version(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_section *section = subject;

	(void)row;
	snprintf(value->room, sizeof(value->room), "%u.%u", section->fields.major,
	         section->fields.minor);
	wt_value_text(value, value->room);
}

static void read_byte_order(const struct wt_number *row, const void *subject,
                            struct wt_value *value)
{
	const struct wt_info_section *section = subject;

	(void)row;
	wt_value_text(value, section->fields.big_endian ? "big" : "little");
}

#define SUBJECT struct wt_info_section
static const struct wt_number section_rows[] = {
        WT_READ_TEXT(read_version, "version", "of the format"),
        WT_READ_TEXT(read_byte_order, "byte_order", "little or big"),
        WT_TEXT(hardware, "hardware", "in the file's words"),
        WT_TEXT(os, "os", "in the file's words"),
        WT_TEXT(application, "application", "who wrote it"),
        WT_TEXT(comment, "comment", "in the file's words"),
        WT_LIST(next_interface, "interfaces", interface_rows, "its interfaces"),
        {0},
};
#undef SUBJECT

static const void *layout_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_info_summary *summary = subject;

	(void)row, (void)index, (void)room;
	return summary->layout.has_chunks ? &summary->layout : NULL;
}

#define SUBJECT struct wt_info_layout
static const struct wt_number layout_rows[] = {
        WT_COUNT(chunks, "chunks", "chunks"),
        WT_COUNT(in_place, "in_place", "of those: as the kernel had filled them"),
        WT_COUNT(holes, "holes_repaired", "holes that repair has closed"),
        WT_COUNT(missing_packets, "missing_packets", "packets missing in these"),
        WT_FLAG(not_closed, "not_closed", "whether repair found the recording without an end"),
        WT_COUNT(tail_packets, "tail_packets", "then: packets that followed, at least"),
        {0},
};
#undef SUBJECT

static const void *next_lane(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_info_summary *summary = subject;

	(void)row, (void)room;
	return index < summary->lanes.count ? &summary->lanes.list[index] : NULL;
}

static void read_lane_closes(const struct wt_number *row, const void *subject,
                             struct wt_value *value)
{
	const struct wt_info_lane *lane = subject;

	(void)row;
	if (lane->has_ledger)
		wt_value_flag(value, lane->closes);
}

#define SUBJECT struct wt_info_lane
static const struct wt_number lane_rows[] = {
        WT_COUNT(number, "lane", "its number, from 0"),
        WT_COUNT(files, "files", "its files that are here"),
        WT_COUNT(files_missing, "files_missing",
                 "its files that are not here, of those between these, and of those after them "
                 "that another "
                 "lane has, but the last"),
        WT_COUNT(packets, "packets", "packets in them"),
        WT_COUNT(seen, "seen", "packets whose fate is known, by its ledgers"),
        WT_COUNT(written, "written", "packets that were written, by its ledgers"),
        WT_COUNT(lost, "lost_total", "packets lost, by its ledgers"),
        WT_READ_FLAG(read_lane_closes, "ledger_closes",
                     "whether each of them closes, and on what is in its file; null: one is not "
                     "there"),
        {0},
};
#undef SUBJECT

static const void *next_section(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_info_summary *summary = subject;

	(void)row, (void)room;
	return index < summary->section_count ? &summary->sections[index] : NULL;
}

static void read_size(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_summary *summary = subject;

	(void)row;
	if (summary->format)
		wt_value_unsigned(value, summary->size_bytes);
}

static void read_complete(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_summary *summary = subject;

	(void)row;
	wt_value_flag(value, !summary->result);
}

static void read_cut_off(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_info_summary *summary = subject;

	(void)row;
	wt_value_flag(value, summary->result == -ENODATA && summary->format);
}

#define SUBJECT struct wt_info_summary
static const struct wt_number rows[] = {
        WT_PATH(path, "path", "as given; of a recording in lanes the first that was"),
        WT_TEXT(format, "type", "the format; null: it could not be opened"),
        WT_READ(read_size, "size_bytes", WT_KIND_GAUGE, WT_IN_BYTES,
                "the file's size, or that of all files of the lanes"),
        WT_READ_FLAG(read_complete, "complete", "whether it was read to its end"),
        WT_READ_FLAG(read_cut_off, "cut_off", "whether it ends within a block"),
        WT_COUNT(lanes.expected, "lane_count", "lanes that the recording has; 0: it is in none"),
        WT_LIST(next_lane, "lanes", lane_rows, "those of which a file is here"),
        WT_OBJECT_OF(layout_of, "layout", layout_rows,
                     "how a recording of wiretape's is laid out; null: it is none"),
        WT_COUNT(sections_seen, "section_count", "sections"),
        WT_COUNT(interfaces_seen, "interface_count", "interfaces in all sections"),
        WT_PART(tally, tally_rows),
        WT_COUNT(fractions.packets, "fractions_above_second",
                 "packets of a pcap file with fractions of a second that are a second or more"),
        WT_FLAG(fractions.nanoseconds, "fractions_look_like_ns",
                "whether these look like nanoseconds"),
        WT_COUNT(statistics, "statistics_blocks", "Interface Statistics Blocks"),
        WT_COUNT(names, "other_blocks.names", "Name Resolution Blocks"),
        WT_COUNT(secrets, "other_blocks.secrets", "Decryption Secrets Blocks"),
        WT_COUNT(custom, "other_blocks.custom", "custom blocks"),
        WT_COUNT(feeds, "other_blocks.feed", "blocks about feeds"),
        WT_COUNT(looks, "other_blocks.nic_looks", "looks at NICs' counters"),
        WT_COUNT(local, "other_blocks.local", "blocks for local use"),
        WT_COUNT(unknown, "other_blocks.unknown", "blocks of types that are not known"),
        WT_COUNT(unknown_sections, "other_blocks.unknown_sections",
                 "sections of a version that is not known, which were passed over"),
        WT_BYTES(unknown_sections_bytes, "other_blocks.unknown_sections_bytes",
                 "the size of these"),
        WT_LIST(next_section, "sections", section_rows, "the sections, one by one"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_info_document = {
        .command = "info",
        .help = "what is in a file or in a recording in lanes, a line for each",
        .rows = rows,
};

void wt_info_print_json(const struct wt_info_summary *summary)
{
	const struct wt_document_error error = {summary->error.text, WT_EXIT_FAILURE};

	wt_json_print(stdout, &wt_info_document, summary, summary->result ? &error : NULL);
}
