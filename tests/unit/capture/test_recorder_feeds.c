/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/recording.h"
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/feed/verdict/nic_look.h>
#include <wiretape/pcapng/text_block.h>

static struct recording recording;
static struct wt_feed_channels channels;

/* Events while recording. */
static struct {
	uint64_t gaps[WT_VERDICTS];
	uint64_t missing[WT_VERDICTS];
	uint64_t tail_first, tail_end; /* of the last gap of the writer's */
} told;

/* The contents of the file. */
static struct {
	uint64_t packets;
	uint64_t channel_blocks, looks, events, gaps, tails;
	struct wt_feed_event tail;
	struct wt_nic_look look; /* the last */
	struct wt_error err;
} file;

static void take(void *context, const struct wt_feed_event *event)
{
	(void)context;
	if (event->kind != WT_EVENT_GAP)
		return;
	told.gaps[event->verdict.verdict]++;
	told.missing[event->verdict.verdict] += event->missing;
	if (event->verdict.verdict != WT_VERDICT_WRITER)
		return;
	told.tail_first = event->first;
	told.tail_end = event->end;
}

static void take_block(const struct wt_pcapng_item *item)
{
	static char strings[WT_FEED_EVENT_TEXT_BYTES];
	struct wt_feed_event event;

	if (item->block_type == WT_PCAPNG_NIC_LOOK) {
		file.looks++;
		cr_expect(zero(int, wt_nic_look_decode(&file.look, item->body, item->body_bytes)));
	}
	if (item->block_type != WT_PCAPNG_FEED)
		return;
	if (!strncmp((const char *)item->body,
	             "what=channels\nchannel=x moldudp64 A=233.252.0.1:26477", 53)) {
		file.channel_blocks++;
		return;
	}
	file.events++;
	cr_assert(zero(int, wt_feed_event_decode(&event, (const char *)item->body, item->body_bytes,
	                                         strings)));
	file.gaps += event.kind == WT_EVENT_GAP;
	if (event.kind != WT_EVENT_LOST_TAIL)
		return;
	file.tails++;
	file.tail = event;
}

static void read_file(void)
{
	struct wt_capture_file *capture;
	struct wt_pcapng_item item;
	int rc;

	memset(&file, 0, sizeof(file));
	cr_assert(zero(int, wt_capture_file_open(&capture, recording.path, &file.err)), "%s",
	          file.err.text);
	while ((rc = wt_capture_file_next(capture, &item, &file.err)) > 0) {
		file.packets += item.kind == WT_ITEM_PACKET;
		if (item.kind == WT_ITEM_OTHER)
			take_block(&item);
	}
	cr_assert(zero(int, rc), "%s", file.err.text);
	wt_capture_file_close(capture);
}

static void set_up(void)
{
	struct wt_error err;

	recording_init(&recording, RECORDING_IN_MEMORY);
	cr_assert(zero(int,
	               wt_feed_channels_add(&channels, "moldudp64@233.252.0.1:26477,name=x", &err)),
	          "%s", err.text);
	recording.config.feeds = &channels;
	recording.config.on_feed_event = take;
	recording.disk = fault_disk_open();
}

static void tear_down(void)
{
	recording_fini(&recording);
	wt_feed_channels_free(&channels);
}

TestSuite(recorder_feeds, .init = set_up, .fini = tear_down);

static void record(const char *interface)
{
	memset(&told, 0, sizeof(told));
	/* Larger than all that comes: the ring loses nothing. */
	recording_add(&recording, interface, 64 << 20);
	recording_run(&recording);
	cr_expect(recording_judge(&recording) == NULL, "%s", recording.wrong);
	read_file();
}

Test(recorder_feeds, what_was_not_sent_is_told_and_stands_in_the_file)
{
	record("sim:pps=max,count=2000,skipped=2@98");
	cr_expect(eq(u64, told.gaps[WT_VERDICT_UPSTREAM], 19));
	cr_expect(eq(u64, told.missing[WT_VERDICT_UPSTREAM], 38));
	cr_expect(eq(u64, file.packets, 1960));
	cr_expect(eq(u64, file.channel_blocks, 1));
	cr_expect(eq(u64, file.gaps, 19));
	cr_expect(eq(u64, file.events, 20), "the stream, and its gaps");
	cr_expect(zero(u64, file.looks), "there is no NIC");
}

Test(recorder_feeds, what_the_nic_has_lost_is_the_nics)
{
	record("sim:pps=20000,count=2001,missed=5@495");
	cr_expect(eq(u64, told.gaps[WT_VERDICT_NIC], 4));
	cr_expect(eq(u64, told.missing[WT_VERDICT_NIC], 20));
	cr_expect(ge(u64, file.looks, 2));
	cr_expect(
	        eq(u64, file.look.counters[0] + file.look.counters[1] + file.look.counters[2], 20));
}

Test(recorder_feeds, without_feeds_there_is_nothing_of_them)
{
	recording.config.feeds = NULL;
	record("sim:pps=max,count=2000,skipped=2@98");
	cr_expect(zero(u64, file.events + file.channel_blocks + file.looks));
}

/* Numbers 1 .. count without a gap: all that the file lacks is at its end. */
static void check_tail(void)
{
	uint64_t landed = recording.ledgers[0].written;

	cr_expect(eq(u64, file.packets, landed));
	if (!recording.ledgers[0].lost.writer)
		return;
	cr_expect(eq(u64, told.gaps[WT_VERDICT_WRITER], 1));
	cr_expect(eq(u64, told.tail_first, landed + 1));
	cr_expect(eq(u64, told.tail_end, landed + 1 + recording.ledgers[0].lost.writer));
	if (!file.packets)
		return; /* there is no file */
	cr_expect(eq(u64, file.tails, 1));
	cr_expect(eq(u64, file.tail.first, landed + 1));
	cr_expect(eq(u64, file.tail.end, told.tail_end));
	cr_expect(zero(int, strcmp(file.tail.channel, "x")));
}

static void fill_the_disk(const char *interface, enum wt_placement layout)
{
	enum { WRITES_MOST = 12 };

	for (unsigned nth = 2; nth <= WRITES_MOST; nth++) {
		if (nth > 2) {
			recording_fini(&recording);
			wt_feed_channels_free(&channels);
			set_up();
		}
		recording.output.layout = layout;
		fault_disk_fail_write(recording.disk, nth, -ENOSPC);
		record(interface);
		check_tail();
	}
}

Test(recorder_feeds, what_a_full_disk_lacks_is_told_to_the_number)
{
	fill_the_disk("sim:pps=max,count=60000,size=100", WT_PLACEMENT_COMPACT);
}

Test(recorder_feeds, what_a_full_disk_lacks_is_told_to_the_number_in_place)
{
	fill_the_disk("sim:pps=max,count=60000,size=100", WT_PLACEMENT_INPLACE);
}
