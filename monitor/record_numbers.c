/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_numbers.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/net/link.h>

static const char *const end_names[] = {
        [WT_END_ASKED] = "stopped",          [WT_END_PACKETS] = "packets",
        [WT_END_BYTES] = "filesize",         [WT_END_DURATION] = "duration",
        [WT_END_SOURCE] = "source finished", [WT_END_INTERFACE] = "interface disappeared",
        [WT_END_WRITER] = "write failed",    [WT_END_READER_GONE] = "pipe closed",
        [WT_END_SPACE] = "min-free",         [WT_END_FAILURE] = "failed",
};

const char *wt_record_end_name(enum wt_record_end end)
{
	return end_names[end];
}

static void read_source(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row;
	wt_value_text(value, wt_stamp_source_name(interface->reader->stamps));
}

static void read_clock(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row;
	wt_value_text(value, wt_stamp_clock_name(interface->clock));
}

/* Whether the map is meaningful: a PHC stamps, and it does not stand still. */
static bool has_map(const struct wt_recorder_interface *interface)
{
	return interface->phc && !interface->phc_stands_still;
}

static void read_offset(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recorder_interface *interface = subject;
	int64_t ns;

	(void)row;
	if (has_map(interface) &&
	    !__builtin_sub_overflow(interface->map.utc_ns, interface->map.phc_ns, &ns))
		wt_value_signed(value, ns);
}

static void read_ppm(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row;
	if (has_map(interface))
		wt_value_real(value, -wt_clock_map_ppm(&interface->map));
}

static void read_error(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row;
	if (has_map(interface))
		wt_value_signed(value, interface->map.error_ns);
}

#define SUBJECT struct wt_recorder_interface
static const struct wt_number clock_rows[] = {
        WT_READ_TEXT(read_source, "source", "whose stamps were asked for"),
        WT_READ_TEXT(read_clock, "clock", "the clock that stamps in the file show"),
        WT_TEXT(phc, "phc", "the device of the NIC's clock; null: the kernel stamps"),
        WT_COUNT(crosses, "cross_timestamps", "cross timestamps of the NIC's clock and UTC"),
        WT_READ(read_offset, "utc_minus_phc_ns", WT_KIND_GAUGE, WT_IN_NS,
                "UTC less the NIC's clock, at the last of them"),
        WT_READ(read_ppm, "ppm", WT_KIND_GAUGE, WT_IN_PPM, "what it gains on UTC"),
        WT_READ(read_error, "error_ns", WT_KIND_GAUGE, WT_IN_NS,
                "within which UTC is known from it"),
        {0},
};
#undef SUBJECT

static void read_reader(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_reader_info *reader = subject;

	(void)row;
	wt_value_text(value, wt_reader_kind_name(reader->kind));
}

static void read_fanout(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_reader_info *reader = subject;

	(void)row;
	if (reader->fanout != WT_FANOUT_NONE)
		wt_value_text(value, wt_fanout_name(reader->fanout));
}

#define SUBJECT struct wt_reader_info
static const struct wt_number reader_rows[] = {
        WT_TEXT(name, "interface", "its name"),
        WT_READ_TEXT(read_reader, "reader", "how packets are taken from the kernel"),
        WT_BYTES(ring_bytes_asked, "ring_bytes_asked", "the size of the ring that was asked for"),
        WT_BYTES(ring_bytes, "ring_bytes", "the size of the ring, of each queue"),
        WT_READ_TEXT(read_fanout, "fanout", "how packets are dealt out to queues; null: to one"),
        {0},
};
#undef SUBJECT

static const void *reader_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row, (void)index, (void)room;
	return interface->reader;
}

static const void *nic_entry(struct wt_number_entry *entry, size_t index, uint64_t count)
{
	snprintf(entry->name, sizeof(entry->name), "%s", wt_nic_counters[index].name);
	wt_value_unsigned(&entry->value, count);
	return entry;
}

static uint64_t nic_count(const struct wt_recorder_interface *interface, size_t index)
{
	return wt_nic_counter_difference(&wt_nic_counters[index], &interface->nic_start,
	                                 &interface->nic_now);
}

static const void *next_nic(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_recorder_interface *interface = subject;

	(void)row;
	if (!interface->has_nic || !wt_nic_counters[index].name)
		return NULL;
	return nic_entry(&room->entry, index, nic_count(interface, index));
}

static const void *clock_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return subject;
}

static const char nic_help[] = "what the NIC's own counters gained while recording, by the "
                               "kernel's names; empty: it has none";

#define SUBJECT struct wt_recorder_interface
static const struct wt_number interface_rows[] = {
        WT_PART_OF(reader_of, reader_rows),
        WT_PART(ledger, wt_ledger_numbers),
        WT_GAUGE(high_water_pct, "ring.high_water_percent", WT_IN_PERCENT,
                 "how full the ring was at most"),
        WT_NS(high_water_ns, "ring.high_water_ns", "how much traffic, in time, that was"),
        WT_OBJECT_OF(clock_of, "clock", clock_rows, "where its stamps come from"),
        WT_MAP(next_nic, "nic", nic_help),
        {0},
};
#undef SUBJECT

static const void *next_interface(const struct wt_number *row, const void *subject, size_t index,
                                  union wt_number_room *room)
{
	const struct wt_record_summary *summary = subject;

	(void)row, (void)room;
	for (size_t i = 0; i < summary->count; i++) {
		const struct wt_recorder_report *report = &summary->results[i].report.sum;

		if (index < report->interface_count)
			return &report->interfaces[index];
		index -= report->interface_count;
	}
	return NULL;
}

struct file {
	const char *path;
	uint64_t size_bytes, packets;
	uint32_t number;
	bool deleted;
	uint32_t queue;
};

#define SUBJECT struct file
static const struct wt_number file_rows[] = {
        WT_PATH(path, "path", "its name; of standard output '-'"),
        WT_BYTES(size_bytes, "size_bytes", "its size"),
        WT_COUNT(packets, "packets", "packets in it"),
        WT_COUNT(number, "number", "which file of the recording it is, from 1 on"),
        WT_FLAG(deleted, "deleted", "whether a later file has taken its place on the disk"),
        WT_COUNT(queue, "queue", "which queue of the interfaces it is of, from 0 on"),
        {0},
};
#undef SUBJECT

/* A lane of any of the recordings, and which; NULL: there are no more. */
static const struct wt_recording_lane *find_lane(const struct wt_record_summary *summary,
                                                 size_t index,
                                                 const struct wt_record_result **result)
{
	for (size_t i = 0; i < summary->count; i++) {
		*result = &summary->results[i];
		if (index < (*result)->report.lane_count)
			return &(*result)->report.lanes[index];
		index -= (*result)->report.lane_count;
	}
	return NULL;
}

static void describe_file(struct file *file, const struct wt_record_result *result,
                          const struct wt_recording_lane *lane, size_t index)
{
	*file = (struct file){.path = lane->path ? lane->path : result->path,
	                      .size_bytes = lane->report.file_bytes,
	                      .packets = lane->report.total.written,
	                      .queue = lane->queue,
	                      .number = 1};
	if (lane->file_count) {
		const struct wt_file_set_entry *entry = &lane->files[index];

		*file = (struct file){entry->path,   entry->bytes,   entry->packets,
		                      entry->number, entry->deleted, lane->queue};
	}
}

static const void *next_file(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_record_result *result;
	const struct wt_recording_lane *lane;

	(void)row;
	for (size_t i = 0; (lane = find_lane(subject, i, &result)); i++) {
		size_t count = lane->file_count ? lane->file_count : 1;

		if (index < count) {
			describe_file((struct file *)room->bytes, result, lane, index);
			return room->bytes;
		}
		index -= count;
	}
	return NULL;
}

static void read_cpu(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recording_lane *lane = subject;

	(void)row;
	if (lane->cpu >= 0)
		wt_value_signed(value, lane->cpu);
}

#define SUBJECT struct wt_recording_lane
static const struct wt_number lane_rows[] = {
        WT_COUNT(queue, "queue", "which queue of the interfaces it is, from 0 on"),
        WT_READ(read_cpu, "cpu", WT_KIND_GAUGE, WT_IN_NONE,
                "the CPU that its thread is on; null: any"),
        WT_PART(report.total, wt_ledger_numbers),
        WT_GAUGE(report.high_water_pct, "ring.high_water_percent", WT_IN_PERCENT,
                 "how full its ring was at most"),
        WT_NS(report.high_water_ns, "ring.high_water_ns", "how much traffic, in time, that was"),
        WT_BYTES(report.file_bytes, "size_bytes", "the size of its files"),
        {0},
};
#undef SUBJECT

static const void *next_lane(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_record_result *result;

	(void)row, (void)room;
	return find_lane(subject, index, &result);
}

static void read_fifo(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_record_summary *summary = subject;

	(void)row;
	if (summary->fifo_priority)
		wt_value_signed(value, summary->fifo_priority);
}

static const void *next_sum_nic(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_recorder_interface *interface;
	bool has_nic = false;
	uint64_t count = 0;

	if (!wt_nic_counters[index].name)
		return NULL;
	for (size_t i = 0; (interface = next_interface(row, subject, i, room)); i++) {
		has_nic |= interface->has_nic;
		count += interface->has_nic ? nic_count(interface, index) : 0;
	}
	return has_nic ? nic_entry(&room->entry, index, count) : NULL;
}

/* Whether an earlier note, of this or a previous recording, is the same. */
static bool is_repeated(const struct wt_record_summary *summary, size_t result, size_t note)
{
	const char *text = summary->results[result].report.sum.degraded[note];

	for (size_t i = 0; i <= result; i++)
		for (const char *const *other = summary->results[i].report.sum.degraded; *other;
		     other++) {
			if (i == result && other == summary->results[i].report.sum.degraded + note)
				return false;
			if (!strcmp(*other, text))
				return true;
		}
	return false;
}

static const void *next_note(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_record_summary *summary = subject;

	(void)row, (void)room;
	for (size_t i = 0; i < summary->count; i++)
		for (size_t j = 0; summary->results[i].report.sum.degraded[j]; j++)
			if (!is_repeated(summary, i, j) && !index--)
				return summary->results[i].report.sum.degraded[j];
	return NULL;
}

static void read_start(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_record_summary *summary = subject;

	(void)row;
	if (summary->start_ns)
		wt_value_signed(value, summary->start_ns);
}

static void read_disk(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_record_summary *summary = subject;

	(void)row;
	wt_value_text(value, summary->results[0].report.sum.disk);
}

static void read_direct(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_record_summary *summary = subject;

	(void)row;
	wt_value_flag(value, summary->results[0].report.sum.direct);
}

static void read_end(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_record_summary *summary = subject;

	(void)row;
	wt_value_text(value, end_names[summary->results[0].report.sum.end]);
}

static const void *feeds_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_record_summary *summary = subject;

	(void)row, (void)index, (void)room;
	return summary->feeds.count ? &summary->feeds : NULL;
}

#define SUBJECT struct wt_recorder_writes
static const struct wt_number writes_rows[] = {
        WT_COUNT(count, "writes.count", "writes to the files"),
        WT_MOST(slow, "writes.slow", WT_IN_NONE, "of those: that took a second or longer"),
        WT_NS(longest_ns, "writes.longest_ns", "the time of the longest write"),
        WT_MOST(in_flight_most, "writes.in_flight_most", WT_IN_NONE,
                "writes under way at the same time at most"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_record_summary
static const struct wt_number rows[] = {
        WT_PART(total, wt_ledger_numbers),
        WT_MAP(next_sum_nic, "nic", nic_help),
        WT_LIST(next_file, "files", file_rows, "the files that were written"),
        WT_LIST(next_lane, "queues", lane_rows,
                "the queues, each with a thread and files of its own; one, if not asked for more"),
        WT_READ(read_fifo, "fifo_priority", WT_KIND_GAUGE, WT_IN_NONE,
                "the priority with SCHED_FIFO of the threads that record; null: as others"),
        WT_FLAG(memory_locked, "memory_locked", "whether memory is locked"),
        WT_LIST(next_interface, "interfaces", interface_rows, "the interfaces, one by one"),
        WT_GAUGE(high_water_pct, "ring.high_water_percent", WT_IN_PERCENT,
                 "how full the fullest ring was at most"),
        WT_NS(high_water_ns, "ring.high_water_ns",
              "how much traffic, in time, the ring that held most held"),
        WT_PART(writes, writes_rows),
        WT_READ_TEXT(read_disk, "io", "how files are written; null: by plain writes to a pipe"),
        WT_READ_FLAG(read_direct, "direct", "whether past the page cache"),
        WT_LIST(next_note, "notes", NULL, "what is less than was asked for, or worth knowing"),
        WT_READ(read_start, "start_ns", WT_KIND_TIME, WT_IN_NS,
                "when recording began; null: it did not"),
        WT_NS(duration_ns, "duration_ns", "how long it took"),
        WT_READ_TEXT(read_end, "end", "why it ended"),
        WT_OBJECT_OF(feeds_of, "feeds", wt_feed_numbers,
                     "what became of the feeds; null: none were followed"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_record_document = {
        .command = "record",
        .help = "the summary of a recording, at its end",
        .rows = rows,
};

static void add_report(struct wt_record_summary *sum, const struct wt_recorder_report *one)
{
	wt_ledger_add(&sum->total, &one->total);
	sum->writes.count += one->writes.count;
	sum->writes.slow += one->writes.slow;
	if (one->writes.longest_ns > sum->writes.longest_ns)
		sum->writes.longest_ns = one->writes.longest_ns;
	if (one->writes.in_flight_most > sum->writes.in_flight_most)
		sum->writes.in_flight_most = one->writes.in_flight_most;
	if (one->high_water_ns > sum->high_water_ns)
		sum->high_water_ns = one->high_water_ns;
	if (one->high_water_pct > sum->high_water_pct)
		sum->high_water_pct = one->high_water_pct;
	if (one->elapsed_ns > sum->duration_ns)
		sum->duration_ns = one->elapsed_ns;
	if (one->start_utc_ns && (!sum->start_ns || one->start_utc_ns < sum->start_ns))
		sum->start_ns = one->start_utc_ns;
}

void wt_record_summary_fill(struct wt_record_summary *summary,
                            const struct wt_record_result *results, size_t count)
{
	size_t monitors = 0;

	assert(count <= WT_RECORD_RESULTS_MOST);
	*summary = (struct wt_record_summary){.results = results, .count = count};
	for (size_t i = 0; i < count; i++) {
		add_report(summary, &results[i].report.sum);
		summary->fifo_priority = results[i].report.fifo_priority;
		summary->memory_locked = results[i].report.memory_locked;
		if (results[i].feeds)
			summary->monitors[monitors++] = results[i].feeds;
	}
	wt_feed_summary_fill(&summary->feeds, summary->monitors, monitors);
}
