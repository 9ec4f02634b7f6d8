/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/tape_blocks.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/pcapng/tape_mark.h>

/* More than any block here takes without an interface's filter, and more than the notes on an
 * interface's clock. */
enum { BLOCK_ROOM = 64 * 1024, INTERFACE_ROOM = 16 * 1024, MAPS_ROOM = 2 * 1024 };

/* The processor's own name for itself, or the machine's architecture. */
static void describe_hardware(char *out, size_t capacity, const struct utsname *system)
{
	FILE *info = fopen("/proc/cpuinfo", "re");
	char line[256], *value;

	snprintf(out, capacity, "%s", system->machine);
	if (!info)
		return;
	while (fgets(line, sizeof(line), info)) {
		value = strstr(line, ": ");
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		snprintf(out, capacity, "%s (%s)", value + 2, system->machine);
		break;
	}
	fclose(info);
}

static int submit(struct wt_tape_writer *writer, ssize_t bytes)
{
	if (bytes < 0)
		return (int)bytes;
	wt_tape_submit(writer->file->tape, (size_t)bytes, 0, NULL, 0);
	return 0;
}

void wt_tape_writer_describe_machine(struct wt_tape_writer *writer)
{
	struct utsname system = {0};

	uname(&system);
	snprintf(writer->os, sizeof(writer->os), "%.80s %.80s", system.sysname, system.release);
	describe_hardware(writer->hardware, sizeof(writer->hardware), &system);
}

static int write_section(struct wt_tape_writer *writer)
{
	char tape[WT_TAPE_MARK_TEXT_BYTES];
	const struct wt_tape_mark mark = {
	        .tape_id = wt_tape_id(writer->file->tape),
	        .recording = writer->recording_id,
	        .file = writer->file->number,
	        .format = WT_CHUNK_FORMAT,
	        .has_recording = true,
	        .lanes = writer->state->config.lanes,
	        .lane = writer->state->config.lane,
	};
	struct wt_pcapng_section section = {
	        .hardware = writer->hardware,
	        .os = writer->os,
	        .application = writer->state->config.application,
	        .tape = wt_tape_is_stream(writer->file->tape) ? NULL : tape,
	};
	uint8_t *at;
	size_t room;
	int rc = wt_tape_reserve(writer->file->tape, BLOCK_ROOM, &at, &room);

	wt_tape_mark_format(tape, &mark);
	return rc ? rc : submit(writer, wt_pcapng_encode_section(at, room, &section));
}

static void describe_reader(char *out, size_t capacity, const struct wt_reader_info *info)
{
	char offloads[128] = "";

	if (info->link)
		wt_link_offload_text(info->link->offloads, offloads, sizeof(offloads));
	snprintf(out, capacity,
	         "reader=%s ring_bytes_asked=%" PRIu64 " ring_bytes=%" PRIu64
	         " block_bytes=%u slot_bytes=%u retire_timeout_ms=%u promiscuous=%s%s offloads=%s",
	         wt_reader_kind_name(info->kind), info->ring_bytes_asked, info->ring_bytes,
	         info->block_bytes, info->slot_bytes, info->retire_timeout_ms,
	         info->promiscuous ? "yes" : "no", info->rebuilds_headers ? " headers=rebuilt" : "",
	         *offloads ? offloads : "none");
}

/* Upper bound of an interface's block. Its filter is what may be long. */
static size_t interface_room(const struct wt_tape_writer *writer, size_t i)
{
	const char *filter = writer->state->config.interfaces[i].filter;
	size_t length = filter ? strlen(filter) : 0;

	return INTERFACE_ROOM + (length < UINT16_MAX ? length : UINT16_MAX);
}

static int size_header(struct wt_tape_writer *writer)
{
	size_t bytes = 2 * BLOCK_ROOM + wt_recorder_feeds_header_bytes(writer->feeds);

	for (size_t i = 0; i < writer->state->config.interface_count; i++)
		bytes += interface_room(writer, i) + MAPS_ROOM;
	return wt_tape_size_header(writer->file->tape, bytes);
}

static int write_interface(struct wt_tape_writer *writer, size_t i)
{
	const struct wt_reader_info *info = writer->state->reports[i].reader;
	char reader[512], clock[256];
	struct wt_pcapng_interface interface = {
	        .link_type = info->link_type,
	        .snaplen = info->snaplen,
	        .name = info->name,
	        .filter = writer->state->config.interfaces[i].filter,
	        .os = writer->os,
	        .reader = reader,
	        .clock = clock,
	        .comment = info->degraded[0],
	};
	uint8_t *at;
	size_t room;
	int rc;

	describe_reader(reader, sizeof(reader), info);
	wt_stamp_converter_describe(&writer->recorded[i].converter, clock, sizeof(clock));
	if (info->link) {
		interface.description = info->link->alias;
		interface.hardware = info->link->driver;
		interface.speed_bps = info->link->speed_bps;
		interface.has_mac = info->link->has_mac;
		memcpy(interface.mac, info->link->mac, sizeof(interface.mac));
	}
	if (info->kind == WT_READER_SIM)
		interface.description = "simulated interface";
	else if (info->rebuilds_headers)
		interface.description = "UDP socket: IP and UDP headers are rebuilt from what it "
		                        "tells, payloads are as they came";
	rc = wt_tape_reserve(writer->file->tape, interface_room(writer, i), &at, &room);
	return rc ? rc : submit(writer, wt_pcapng_encode_interface(at, room, &interface));
}

int wt_tape_writer_write_header(struct wt_tape_writer *writer)
{
	int rc = size_header(writer);

	if (!rc)
		rc = write_section(writer);
	for (size_t i = 0; !rc && i < writer->state->config.interface_count; i++)
		rc = write_interface(writer, i);
	if (!rc)
		rc = wt_clock_notes_write_maps(writer);
	if (!rc)
		rc = wt_recorder_write_feeds_header(writer->feeds);
	return rc;
}

/* Counters of the NIC since the gate opened, by its own names. */
static void describe_nic(char *out, size_t capacity, const struct wt_recorder_interface *report)
{
	size_t used = 0;

	out[0] = '\0';
	if (!report->has_nic)
		return;
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++) {
		int wrote = snprintf(
		        out + used, capacity - used, "%s=%" PRIu64 "\n", i->name,
		        wt_nic_counter_difference(i, &report->nic_start, &report->nic_now));

		if (wrote < 0 || (size_t)wrote >= capacity - used)
			return;
		used += (size_t)wrote;
	}
}

/* The ledger of this file. The last one stands after the packets still on their way, and counts
 * them as written. */
static struct wt_ledger file_ledger(const struct wt_tape_writer *writer, size_t i, bool closing)
{
	struct wt_ledger ledger = writer->state->reports[i].ledger;
	uint64_t written =
	        closing ? wt_tape_packets(writer->file->tape, i) : writer->file->landed[i];

	/* Drops after the last packet of a file are reported by the next file's first. */
	if (writer->phase == WT_TAPE_CLOSING)
		ledger.lost.ring = writer->recorded[i].drops_placed;
	wt_ledger_subtract(&ledger, &writer->file_starts[i], written);
	return ledger;
}

/* Note near misses so far. */
static void note_evidence(const struct wt_tape_writer *writer, size_t i)
{
	const struct wt_ring *ring = writer->recorded[i].ring;
	struct wt_ledger *ledger = &writer->state->reports[i].ledger;
	struct wt_recorder_writes writes;

	wt_tape_writer_count_writes(writer, &writes);
	ledger->ring.high_water_percent = (uint64_t)wt_ring_high_water_pct(ring);
	ledger->ring.high_water_ns = (uint64_t)wt_ring_high_water_ns(ring);
	ledger->writes.longest_ns = (uint64_t)writes.longest_ns;
	ledger->writes.slow = writes.slow;
	ledger->writes.in_flight_most = writes.in_flight_most;
}

int wt_tape_writer_write_statistics(struct wt_tape_writer *writer, size_t i, bool closing)
{
	const struct wt_recorder_interface *report = &writer->state->reports[i];
	struct wt_ledger ledger;
	char text[1024], nic[1024];
	int64_t now_ns = wt_recorder_utc_clock_ns(writer->state);
	struct wt_pcapng_statistics statistics = {
	        .interface_id = (uint32_t)i,
	        .stamp_ns = now_ns,
	        .start_ns = writer->file->start_utc_ns,
	        .end_ns = now_ns,
	        .ledger = text,
	        .nic = nic,
	        .degraded = closing ? writer->state->degraded : NULL,
	};
	uint8_t *at;
	size_t room;
	int rc;

	note_evidence(writer, i);
	ledger = file_ledger(writer, i, closing);
	statistics.received = statistics.accepted = ledger.seen;
	/* ifdrop is where dumpcap puts its socket's drops and Wireshark looks for them. */
	statistics.if_dropped = statistics.os_dropped = ledger.lost.ring;
	statistics.delivered = ledger.written;
	wt_ledger_text(&ledger, text, sizeof(text));
	describe_nic(nic, sizeof(nic), report);
	rc = wt_tape_reserve(writer->file->tape, BLOCK_ROOM, &at, &room);
	return rc ? rc : submit(writer, wt_pcapng_encode_statistics(at, room, &statistics));
}
