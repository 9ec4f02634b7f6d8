/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/files.h>
#include <wiretape/record.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

/* Enough for these, and quickly made. */
enum { RING_BYTES = 8 << 20 };

/* What a program would see. */
struct seen {
	struct wt_record *record;
	uint64_t packets;
	uint64_t dropped;
	int64_t last_ns;
	uint64_t stop_after; /* 0: never */
	unsigned backward, strange, begins, pokes;
};

static void on_frames(void *context, uint32_t queue, uint32_t interface,
                      const struct wt_frame *frames, size_t count)
{
	struct seen *seen = context;

	for (size_t i = 0; i < count; i++) {
		seen->packets++;
		seen->dropped += frames[i].dropped_before;
		seen->backward += frames[i].stamp_ns < seen->last_ns;
		seen->last_ns = frames[i].stamp_ns;
		seen->strange += queue != 0 || interface != 0 || frames[i].len != 60 ||
		                 frames[i].stamp_source != WT_STAMP_SOFTWARE;
	}
	if (seen->stop_after && seen->packets >= seen->stop_after)
		wt_record_stop(seen->record);
}

static void on_begin(void *context)
{
	struct seen *seen = context;

	seen->begins++;
	wt_record_poke(seen->record);
}

static void on_progress(void *context, struct wt_record *record, bool report_requested)
{
	struct seen *seen = context;

	cr_expect(record == seen->record);
	seen->pokes += report_requested;
}

static uint64_t ledger(struct wt_record *record, uint32_t interface, const char *wanted)
{
	struct wt_record_entry entries[WT_RECORD_ENTRIES];
	int count = wt_record_ledger(record, interface, entries, WT_RECORD_ENTRIES);

	for (int i = 0; i < count; i++)
		if (!strcmp(entries[i].name, wanted))
			return (uint64_t)entries[i].value;
	cr_fatal("no entry is called %s", wanted);
	return 0;
}

static struct wt_record *open_or_die(struct seen *seen, const struct wt_record_config *config)
{
	struct wt_error err = {0};

	cr_assert(eq(int, wt_record_open(&seen->record, config, &err), 0), "%s", err.text);
	return seen->record;
}

Test(record, every_packet_comes_to_the_callback_and_the_ledger_closes)
{
	struct seen seen = {0};
	struct wt_record_interface interface = {.size = sizeof(interface),
	                                        .name = "sim:count=1000,pps=max,size=60",
	                                        .reader = WT_READER_SIM,
	                                        .ring_bytes = RING_BYTES};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_frames = on_frames,
	                                  .on_begin = on_begin,
	                                  .on_progress = on_progress,
	                                  .context = &seen};
	struct wt_record *record = open_or_die(&seen, &config);
	struct wt_record_interface_info info = {.size = sizeof(info)};
	struct wt_record_state state = {.size = sizeof(state)};
	struct wt_record_entry entries[WT_RECORD_ENTRIES];
	struct wt_error err = {0};
	int count;

	cr_assert(eq(int, wt_record_run(record, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_record_state_read(record, &state), 0));
	cr_expect(eq(int, state.end, WT_END_SOURCE));
	cr_expect(eq(u64, state.seen, 1000));
	cr_expect(eq(u64, state.written + state.lost, 1000));
	cr_expect(eq(u64, seen.packets, state.written));
	cr_expect(eq(u64, seen.dropped, state.lost));
	cr_expect(eq(u64, seen.backward, 0));
	cr_expect(eq(u64, seen.strange, 0));
	cr_expect(eq(u64, seen.begins, 1));
	cr_expect(eq(u64, seen.pokes, 1));
	cr_expect(eq(u64, ledger(record, WT_ALL_INTERFACES, "seen"), 1000));
	cr_expect(eq(u64, ledger(record, 0, "lost.ring"), state.lost));
	cr_assert(eq(int, wt_record_interface_read(record, 0, &info), 0));
	cr_expect(eq(int, info.link_type, 1));
	cr_expect(eq(int, wt_record_interface_read(record, 1, &info), -ERANGE));
	cr_expect(eq(int, wt_record_ledger(record, 1, entries, WT_RECORD_ENTRIES), -ERANGE));
	count = wt_record_ledger(record, 0, entries, WT_RECORD_ENTRIES);
	cr_expect(eq(int, wt_record_ledger(record, 0, entries, (size_t)count), count));
	cr_expect(eq(int, wt_record_ledger(record, 0, entries, (size_t)count - 1), -ENOSPC));
	cr_expect(wt_record_feed(record) == NULL);
	wt_record_close(record);
}

Test(record, it_stops_when_asked_from_a_callback)
{
	struct seen seen = {.stop_after = 10};
	struct wt_record_interface interface = {.size = sizeof(interface),
	                                        .name = "sim:pps=1000,size=60",
	                                        .reader = WT_READER_SIM,
	                                        .ring_bytes = RING_BYTES};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_frames = on_frames,
	                                  .context = &seen};
	struct wt_record *record = open_or_die(&seen, &config);
	struct wt_record_state state = {.size = sizeof(state)};

	cr_assert(eq(int, wt_record_run(record, NULL), 0));
	cr_assert(eq(int, wt_record_state_read(record, &state), 0));
	cr_expect(eq(int, state.end, WT_END_ASKED));
	cr_expect(ge(u64, seen.packets, 10));
	wt_record_close(record);
}

static uint64_t count_packets(const char *const *paths, size_t count)
{
	struct wt_files_config config = {
	        .size = sizeof(config), .paths = paths, .path_count = count};
	struct wt_files_packet packet = {.size = sizeof(packet)};
	struct wt_error err = {0};
	struct wt_files *files;
	uint64_t packets = 0;
	int rc;

	cr_assert(eq(int, wt_files_open(&files, &config, &err), 0), "%s", err.text);
	while ((rc = wt_files_next(files, &packet, &err)) > 0)
		packets += packet.frame.len == 60 && packet.has_stamp;
	cr_expect(eq(int, rc, 0), "%s", err.text);
	wt_files_close(files);
	return packets;
}

Test(record, files_rotate_and_can_be_read_as_one_timeline)
{
	char folder[TEMP_BYTES], path[96], command[96];
	char names[3][160];
	const char *paths[3];
	FILE *listing;
	struct seen seen = {0};
	struct wt_record_interface interface = {.size = sizeof(interface),
	                                        .name = "sim:count=250,pps=100000,size=60",
	                                        .reader = WT_READER_SIM,
	                                        .ring_bytes = RING_BYTES};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .path = path,
	                                  .file_packets = 100,
	                                  .on_frames = on_frames,
	                                  .context = &seen};
	struct wt_record_state state = {.size = sizeof(state)};
	struct wt_error err = {0};
	struct wt_record *record;

	temp_template(folder, "test_record");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/tape.pcapng", folder);
	record = open_or_die(&seen, &config);
	cr_assert(eq(int, wt_record_run(record, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_record_state_read(record, &state), 0));
	wt_record_close(record);
	cr_expect(eq(u64, state.file_count, 3));
	cr_expect(eq(u64, seen.packets, 250));
	snprintf(command, sizeof(command), "ls %s/*.pcapng", folder);
	listing = popen(command, "r");
	for (int i = 0; i < 3; i++) {
		cr_assert(fgets(names[i], sizeof(names[i]), listing) != NULL);
		names[i][strcspn(names[i], "\n")] = '\0';
		paths[i] = names[i];
	}
	pclose(listing);
	cr_expect(eq(u64, count_packets(paths, 3), 250));
	for (int i = 0; i < 3; i++)
		unlink(paths[i]);
	cr_expect(eq(int, rmdir(folder), 0));
}

static int refusal(const struct wt_record_config *config, struct wt_error *err)
{
	struct wt_record *record;

	return wt_record_open(&record, config, err);
}

Test(record, settings_that_make_no_sense_are_refused_with_the_reason)
{
	struct wt_record_interface interface = {.size = sizeof(interface),
	                                        .name = "sim",
	                                        .reader = WT_READER_SIM,
	                                        .ring_bytes = RING_BYTES};
	struct wt_record_config config = {.size = sizeof(config), .on_frames = on_frames};
	struct wt_error err = {0};

	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
	cr_expect(strstr(err.text, "no interface") != NULL, "%s", err.text);
	config.interfaces = &interface;
	config.interface_count = 1;
	config.on_frames = NULL;
	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
	cr_expect(strstr(err.text, "nowhere") != NULL, "%s", err.text);
	config.on_frames = on_frames;
	interface.size = 0;
	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
	cr_expect(strstr(err.text, "wt_record_interface") != NULL, "%s", err.text);
}

/* As if compiled with a header that has one more setting. */
struct newer_interface {
	struct wt_record_interface known;
	uint64_t added;
};

Test(record, interfaces_lie_as_far_apart_as_the_program_was_compiled)
{
	struct seen seen = {0};
	struct newer_interface interfaces[2] = {
	        {.known = {.size = sizeof(interfaces[0]),
	                   .name = "sim:count=5,pps=max",
	                   .reader = WT_READER_SIM,
	                   .ring_bytes = RING_BYTES}},
	        {.known = {.size = sizeof(interfaces[0]),
	                   .name = "sim:count=5,pps=max",
	                   .reader = WT_READER_SIM,
	                   .ring_bytes = RING_BYTES}},
	};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interfaces[0].known,
	                                  .interface_count = 2,
	                                  .on_frames = on_frames,
	                                  .context = &seen};
	struct wt_record *record = open_or_die(&seen, &config);

	cr_assert(eq(int, wt_record_run(record, NULL), 0));
	cr_expect(eq(u64, ledger(record, 0, "seen"), 5));
	cr_expect(eq(u64, ledger(record, 1, "seen"), 5));
	wt_record_close(record);
	interfaces[1].added = 1;
	cr_expect(eq(int, refusal(&config, NULL), -E2BIG));
}

/* In the threads of the queues. */
static void count_frames(void *context, uint32_t queue, uint32_t interface,
                         const struct wt_frame *frames, size_t count)
{
	(void)interface;
	(void)frames;
	((uint64_t *)context)[queue] += count;
}

Test(record, queues_are_one_recording)
{
	struct wt_record_interface interface = {.size = sizeof(interface),
	                                        .name = "sim:count=1000,pps=max,size=60",
	                                        .reader = WT_READER_SIM,
	                                        .ring_bytes = RING_BYTES};
	uint64_t counted[3] = {0};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_frames = count_frames,
	                                  .context = counted,
	                                  .queues = 3};
	struct wt_record_state state = {.size = sizeof(state)};
	struct wt_record *record;
	struct wt_error err = {0};

	cr_assert(eq(int, wt_record_open(&record, &config, &err), 0), "%s", err.text);
	cr_expect(eq(int, wt_record_run(record, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_record_state_read(record, &state), 0));
	cr_expect(eq(u64, state.seen, 1000));
	cr_expect(eq(u64, counted[0] + counted[1] + counted[2], state.written));
	for (int i = 0; i < 3; i++)
		cr_expect(gt(u64, counted[i], 0), "queue %d", i);
	cr_expect(eq(u64, ledger(record, 0, "seen"), 1000));
	wt_record_close(record);
	config.queues = 257;
	cr_expect(eq(int, wt_record_open(&record, &config, &err), -EINVAL));
	config.queues = -2;
	cr_expect(eq(int, wt_record_open(&record, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "-2 is no number of queues") != NULL, "%s", err.text);
}
