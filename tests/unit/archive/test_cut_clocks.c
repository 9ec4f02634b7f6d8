/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/recording.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/cut/cut.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/stamp/stamp.h>

/* What is cut out of a whole recording with hardware stamps: each stamp that was converted can
 * be converted again, from the output alone. What is made by hand is in test_cut.c. */

enum { INTERFACES = 2, PACKETS = 10000, MAPS_MAX = 400 };

static struct recording recording;
static char out[200];
static struct wt_error err;

static void set_up(void)
{
	recording_init(&recording, RECORDING_IN_MEMORY);
	snprintf(out, sizeof(out), "%s/out", recording.folder);
}

static void tear_down(void)
{
	recording_fini(&recording);
}

TestSuite(cut_clocks, .init = set_up, .fini = tear_down);

static void record(enum wt_stamp_clock clock, enum wt_placement layout)
{
	static char specs[INTERFACES][160]; /* borrowed */

	for (int i = 0; i < INTERFACES; i++) {
		snprintf(specs[i], sizeof(specs[i]),
		         "sim:count=%d,pps=20000,size=400,ppm=%d,offset=37000000000,tai=37,"
		         "software_every=50",
		         PACKETS, 50 - i * 90);
		recording_add(&recording, specs[i], 64 << 20);
		recording.interfaces[i].retire_timeout_ms = 5;
		recording.interfaces[i].stamp = WT_STAMP_HW;
	}
	recording.direct = WT_DIRECT_OFF;
	cr_assert(eq(int, wt_disk_open(&recording.disk, WT_DISK_PWRITE, &err), 0), "%s", err.text);
	recording.config.clock = clock;
	recording.config.tai_offset_s = 37;
	recording.output.layout = layout;
	cr_assert(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	cr_assert(recording_judge(&recording) == NULL, "%s", recording.wrong);
}

/* What the output has said so far. */
static struct {
	struct wt_clock_map maps[MAPS_MAX];
	uint32_t interface_of[MAPS_MAX];
	size_t map_count;
	enum wt_stamp_clock clocks[INTERFACES];
	size_t packets[INTERFACES];
	size_t interfaces, given, software, not_found, wrong;
} seen;

static const struct wt_clock_map *find_map(uint32_t interface_id, uint32_t number)
{
	for (size_t i = 0; i < seen.map_count; i++)
		if (seen.interface_of[i] == interface_id && seen.maps[i].number == number)
			return &seen.maps[i];
	return NULL;
}

static bool has_map(uint32_t interface_id)
{
	for (size_t i = 0; i < seen.map_count; i++)
		if (seen.interface_of[i] == interface_id)
			return true;
	return false;
}

static void take_interface(struct wt_pcapng_item_text text)
{
	char clock[200];
	const char *word;

	cr_assert(text.chars && text.length < sizeof(clock) && seen.interfaces < INTERFACES);
	memcpy(clock, text.chars, text.length);
	clock[text.length] = '\0';
	word = strstr(clock, "clock=");
	cr_assert(word != NULL);
	seen.clocks[seen.interfaces++] = strncmp(word, "clock=tai ", 10) == 0   ? WT_CLOCK_TAI
	                                 : strncmp(word, "clock=phc ", 10) == 0 ? WT_CLOCK_PHC
	                                                                        : WT_CLOCK_UTC;
}

static void take_clock(const struct wt_pcapng_item *item)
{
	struct wt_clock_record note;

	cr_assert(wt_clock_record_parse(item->body, item->body_bytes, &note));
	if (note.what == WT_CLOCK_RECORD_CHANGE)
		return;
	cr_assert(lt(sz, seen.map_count, MAPS_MAX));
	seen.interface_of[seen.map_count] = note.interface_id;
	seen.maps[seen.map_count++] = note.map;
}

static int64_t convert(enum wt_stamp_clock clock, const struct wt_clock_map *map, int64_t given_ns)
{
	if (clock == WT_CLOCK_PHC)
		return wt_clock_map_to_phc(map, given_ns);
	return wt_clock_map_to_utc(map, given_ns) + (clock == WT_CLOCK_TAI ? 37000000000 : 0);
}

static void take_packet(const struct wt_pcapng_item_packet *packet)
{
	const struct wt_frame *frame = &packet->frame;
	const struct wt_clock_map *map = find_map(packet->interface_id, frame->map);

	seen.packets[packet->interface_id]++;
	seen.software += frame->notes && frame->stamp_source == WT_STAMP_SOFTWARE;
	if (!(frame->notes & WT_FRAME_GIVEN))
		return;
	seen.given++;
	if (!map)
		seen.not_found++;
	else if (convert(seen.clocks[packet->interface_id], map, frame->given_ns) !=
	         frame->stamp_ns)
		seen.wrong++;
}

static void read_back(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc;

	memset(&seen, 0, sizeof(seen));
	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0) {
		if (item.kind == WT_ITEM_INTERFACE)
			take_interface(item.interface.clock);
		if (item.kind == WT_ITEM_PACKET)
			take_packet(&item.packet);
		if (item.block_type == WT_PCAPNG_CLOCK)
			take_clock(&item);
	}
	cr_assert(eq(int, rc, 0), "%s", err.text);
	wt_capture_file_close(file);
}

static uint64_t expect_cut(enum wt_stamp_clock clock, int64_t from_ms, int64_t duration_ms)
{
	const struct wt_time from = {.ns = from_ms * 1000000, .base = WT_TIME_START};
	const char *paths[1] = {recording.path};
	const struct wt_cut_config config = {
	        .paths = paths,
	        .path_count = 1,
	        .out = out,
	        .from = from_ms ? &from : NULL,
	        .duration_ns = duration_ms * 1000000,
	};
	struct wt_cut_result result;
	struct wt_cut_file file;

	cr_assert(eq(int, wt_cut(&config, &file, &result, &err), 0), "%s", err.text);
	cr_expect(file.has_chunks);
	read_back();
	cr_expect(eq(sz, seen.interfaces, INTERFACES));
	/* On a machine that is busy one may have sent nothing for so long. */
	for (uint32_t i = 0; i < INTERFACES; i++)
		cr_expect(has_map(i) || !seen.packets[i], "interface %u from %d ms", i,
		          (int)from_ms);
	cr_expect(eq(sz, seen.not_found, 0), "from %d ms", (int)from_ms);
	cr_expect(eq(sz, seen.wrong, 0), "from %d ms", (int)from_ms);
	/* Those of the source that was asked for, or the others. */
	cr_expect(eq(u64, seen.given,
	             clock == WT_CLOCK_PHC ? seen.software : result.packets - seen.software));
	return result.packets;
}

static void expect_cuts(enum wt_stamp_clock clock, enum wt_placement layout)
{
	uint64_t packets;

	record(clock, layout);
	cr_expect(eq(u64, expect_cut(clock, 0, 0), INTERFACES * PACKETS));
	packets = expect_cut(clock, 350, 40) + expect_cut(clock, 1, 5);
	for (int64_t from_ms = 5; from_ms < 500; from_ms += 45)
		packets += expect_cut(clock, from_ms, 30);
	/* On a machine that is busy some may be empty. */
	cr_expect(gt(u64, packets, 0));
}

Test(cut_clocks, utc_can_be_made_again)
{
	expect_cuts(WT_CLOCK_UTC, WT_PLACEMENT_INPLACE);
}

Test(cut_clocks, utc_can_be_made_again_of_a_compact_recording)
{
	expect_cuts(WT_CLOCK_UTC, WT_PLACEMENT_COMPACT);
}

Test(cut_clocks, tai_can_be_made_again)
{
	expect_cuts(WT_CLOCK_TAI, WT_PLACEMENT_INPLACE);
}

Test(cut_clocks, software_stamps_in_the_nics_time_can_be_made_again)
{
	expect_cuts(WT_CLOCK_PHC, WT_PLACEMENT_INPLACE);
}
