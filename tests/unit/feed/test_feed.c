/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed.h>

#include "support/unit.h"

enum { FRAME_BYTES = 14 + 20 + 8 + 20 + 2 + 4 };

/* An Ethernet frame to 239.1.1.1:5000 with a MoldUDP64 packet of one message. */
static void make_frame(uint8_t frame[FRAME_BYTES], uint64_t sequence)
{
	static const uint8_t head[] = {
	        0x01, 0x00,
	        0x5e, 1,
	        1,    1,
	        2,    0,
	        0,    0,
	        0,    1,
	        0x08, 0x00, /* Ethernet */
	        0x45, 0,
	        0,    FRAME_BYTES - 14,
	        0,    0,
	        0,    0,
	        16,   17,
	        0,    0, /* IPv4 */
	        10,   0,
	        0,    1,
	        239,  1,
	        1,    1,
	        0x1f, 0x40,
	        0x13, 0x88, /* UDP: 8000 to 5000 */
	        0,    FRAME_BYTES - 34,
	        0,    0,
	        'S',  'E',
	        'S',  'S',
	        'I',  'O',
	        'N',  '0',
	        '0',  '1',
	};

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, head, sizeof(head));
	for (int i = 0; i < 8; i++)
		frame[sizeof(head) + (size_t)i] = (uint8_t)(sequence >> (56 - 8 * i));
	frame[61] = 1; /* messages */
	frame[63] = 4; /* bytes of it */
}

struct heard {
	uint64_t gaps, missing, first, streams;
	char line[WT_FEED_EVENT_TEXT_BYTES];
};

static void on_news(void *context, const struct wt_feed_news *news)
{
	struct heard *heard = context;

	cr_expect(eq(sz, news->size, sizeof(*news)));
	heard->streams += news->kind == WT_EVENT_STREAM;
	if (news->kind != WT_EVENT_GAP)
		return;
	heard->gaps++;
	heard->missing += news->missing;
	heard->first = news->first;
	cr_expect(eq(int, news->verdict, WT_VERDICT_UPSTREAM));
	cr_expect(gt(int, wt_feed_event_line(news->event, heard->line, sizeof(heard->line)), 0));
}

static void give(struct wt_feed *feed, uint64_t sequence, int64_t stamp_ns)
{
	uint8_t bytes[FRAME_BYTES];
	struct wt_frame frame = {
	        .data = bytes, .stamp_ns = stamp_ns, .caplen = FRAME_BYTES, .len = FRAME_BYTES};

	make_frame(bytes, sequence);
	wt_feed_frames(feed, 0, &frame, 1);
}

Test(feed, a_gap_is_reported_with_its_numbers_and_verdict)
{
	static const char *const channels[] = {"moldudp64@239.1.1.1:5000,name=itch"};
	struct heard heard = {0};
	struct wt_feed_config config = {.size = sizeof(config),
	                                .channels = channels,
	                                .channel_count = 1,
	                                .on_news = on_news,
	                                .context = &heard};
	struct wt_feed_stream stream = {.size = sizeof(stream)};
	struct wt_error err = {0};
	struct wt_feed *feed;

	cr_assert(eq(int, wt_feed_open(&feed, &config, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_feed_interface(feed, 0, "eth0", 1, NULL), 0));
	give(feed, 1, 1000);
	give(feed, 2, 2000);
	give(feed, 5, 3000);
	wt_feed_advance(feed, INT64_C(3000000000));
	wt_feed_finish(feed);
	cr_expect(eq(u64, heard.streams, 1));
	cr_expect(eq(u64, heard.gaps, 1));
	cr_expect(eq(u64, heard.missing, 2));
	cr_expect(eq(u64, heard.first, 3));
	cr_expect(strstr(heard.line, "itch A: 2 messages missing from 3") != NULL, "%s",
	          heard.line);
	cr_assert(eq(u32, wt_feed_stream_count(feed), 1));
	cr_assert(eq(int, wt_feed_stream_read(feed, 0, &stream), 0));
	cr_expect(eq(int, strcmp(stream.channel, "itch"), 0));
	cr_expect(eq(u64, stream.expected, 5));
	cr_expect(eq(u64, stream.received, 3));
	cr_expect(eq(int, wt_feed_stream_read(feed, 1, &stream), -ERANGE));
	wt_feed_close(feed);
}

Test(feed, a_channel_that_makes_no_sense_is_refused_with_the_reason)
{
	static const char *const channels[] = {"morse@239.1.1.1:5000"};
	struct wt_feed_config config = {.size = sizeof(config)};
	struct wt_error err = {0};
	struct wt_feed *feed;

	cr_expect(eq(int, wt_feed_open(&feed, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "no channel") != NULL, "%s", err.text);
	config.channels = channels;
	config.channel_count = 1;
	cr_expect(eq(int, wt_feed_open(&feed, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "morse") != NULL, "%s", err.text);
}
