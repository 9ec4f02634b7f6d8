/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/replay/source/source_private.h>

#include "support/unit.h"

#define S INT64_C(1000000000)

enum { ETHERNET = 1, BATCH = 64 };

static struct wt_replayer_config config;
static struct wt_generated generated;
static struct wt_packet_source_port port = {"wire0", ETHERNET, 14, 1518};
static struct wt_packet_source *source;
static struct wt_error err;
static struct wt_queued_packet *packets[BATCH + 1];

static void tear_down(void)
{
	if (source)
		source->ops->close(source);
}

TestSuite(source_generated, .fini = tear_down);

static int open_it(void)
{
	if (source)
		source->ops->close(source);
	source = NULL;
	return wt_packet_source_open_generated(&source, &config, &generated, &port, &err);
}

static void open_source(void)
{
	int rc = open_it();

	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	cr_assert(eq(int, source->ops->fill(source, NULL), 0));
}

static void expect_says(const char *what)
{
	cr_expect(strstr(err.text, what) != NULL, "'%s' says nothing of '%s'", err.text, what);
}

static uint64_t sequence_of(const uint8_t *payload)
{
	uint64_t sequence = 0;

	for (size_t i = 0; i < 8; i++)
		sequence = sequence << 8 | payload[WT_MOLDUDP64_SESSION_BYTES + i];
	return sequence;
}

/* Take all, `count` at a time: how many there were, and the last one's time. */
static uint64_t read_all(size_t at_a_time, int64_t *last_ns)
{
	uint64_t got = 0;
	size_t count;
	int error;

	while ((count = source->ops->peek(source, packets, at_a_time))) {
		for (size_t i = 0; i < count; i++, got++) {
			cr_assert(eq(u64, packets[i]->number, got));
			*last_ns = packets[i]->due_ns;
		}
		source->ops->release(source, count);
	}
	cr_expect(source->ops->ended(source, &error));
	cr_expect(eq(int, error, 0));
	return got;
}

Test(source_generated, frames_are_whole_and_count_up)
{
	struct wt_udp_view view;

	generated.sequence_start = 0xfffffffe;
	open_source();
	cr_assert(eq(sz, source->ops->peek(source, packets, 5), 5));
	for (uint64_t i = 0; i < 5; i++) {
		cr_expect(eq(u32, packets[i]->caplen, WT_MOLD_FRAME_BYTES_DEFAULT));
		cr_assert(eq(int,
		             wt_udp_locate(packets[i]->data, packets[i]->caplen,
		                           WT_LINK_TYPE_ETHERNET, &view),
		             0));
		cr_expect(eq(u64, sequence_of(view.payload), 0xfffffffe + i));
		cr_expect(eq(i64, packets[i]->due_ns, (int64_t)i * 100000));
	}
}

/* The frames are used again and again. */
Test(source_generated, what_was_peeked_stays_until_it_is_released)
{
	struct wt_queued_packet *again[BATCH];
	struct wt_udp_view view;

	open_source();
	for (uint64_t number = 0; number < 1000;) {
		cr_assert(eq(sz, source->ops->peek(source, packets, BATCH), BATCH));
		cr_assert(eq(sz, source->ops->peek(source, again, BATCH), BATCH));
		for (uint64_t i = 0; i < BATCH; i++) {
			cr_assert(eq(ptr, packets[i], again[i]));
			wt_udp_locate(packets[i]->data, packets[i]->caplen, WT_LINK_TYPE_ETHERNET,
			              &view);
			cr_assert(eq(u64, sequence_of(view.payload), 1 + number + i));
		}
		source->ops->release(source, 1 + number % BATCH);
		number += 1 + number % BATCH;
	}
}

Test(source_generated, ends_after_a_count_whoever_gives_it)
{
	int64_t last_ns;

	generated.count = 1000;
	open_source();
	cr_expect(eq(u64, read_all(7, &last_ns), 1000));
	cr_expect(eq(i64, last_ns, 999 * 100000));
	cr_expect(eq(u64, source->counts.read, 1000));
	config.count = 10;
	open_source();
	cr_expect(eq(u64, read_all(BATCH, &last_ns), 10));
	config.count = 2000;
	open_source();
	cr_expect(eq(u64, read_all(BATCH, &last_ns), 1000));
}

Test(source_generated, ends_before_what_is_due_after_its_duration)
{
	int64_t last_ns;

	generated.duration_ns = S;
	generated.gap_ns = S / 10;
	open_source();
	cr_expect(eq(u64, read_all(BATCH, &last_ns), 10));
	cr_expect(eq(i64, last_ns, 9 * S / 10));
	cr_expect(eq(u32, source->progress.share_ppm, 1000000));
}

Test(source_generated, random_gaps_have_their_mean_and_follow_the_seed)
{
	int64_t last_ns, same_ns, other_ns;

	generated.count = 100001;
	generated.is_random = true;
	open_source();
	read_all(BATCH, &last_ns);
	/* Its standard deviation is 0.3 %. */
	cr_expect(ge(i64, last_ns, 98 * S / 10));
	cr_expect(le(i64, last_ns, 102 * S / 10));
	open_source();
	read_all(3, &same_ns);
	cr_expect(eq(i64, same_ns, last_ns));
	generated.seed = 1;
	open_source();
	read_all(BATCH, &other_ns);
	cr_expect(ne(i64, other_ns, last_ns));
}

/* Absurd gaps end at the end of time. */
Test(source_generated, times_do_not_run_over)
{
	int64_t last_ns;

	generated.gap_ns = INT64_MAX;
	generated.count = 10;
	open_source();
	cr_expect(eq(u64, read_all(BATCH, &last_ns), 10));
	cr_expect(eq(i64, last_ns, INT64_MAX));
	generated.is_random = true;
	generated.count = 1000;
	open_source();
	cr_expect(eq(u64, read_all(BATCH, &last_ns), 1000));
	cr_expect(eq(i64, last_ns, INT64_MAX));
}

Test(source_generated, payloads_are_the_frames_without_their_headers)
{
	port = (struct wt_packet_source_port){"wire0", 0, 0, 1472};
	config.stamp_payload = true;
	open_source();
	cr_assert(eq(sz, source->ops->peek(source, packets, 2), 2));
	cr_expect(eq(u32, packets[0]->caplen, WT_MOLD_FRAME_BYTES_DEFAULT - WT_UDP_HEADER_BYTES));
	cr_expect(eq(u64, sequence_of(packets[1]->data), 2));
	cr_expect(eq(u16, packets[0]->stamp_offset, (uint16_t)(packets[0]->caplen - 16)));
}

Test(source_generated, a_frame_that_is_too_large_is_an_error_with_the_mtu_that_it_takes)
{
	generated.frame.frame_bytes = 1515;
	cr_expect(eq(int, open_it(), -EMSGSIZE));
	expect_says("1515 B");
	expect_says("MTU of 1500");
	expect_says("mtu 1501");
	generated.frame.frame_bytes = 1514;
	cr_expect(eq(int, open_it(), 0));
}

Test(source_generated, an_interface_without_ethernet_is_an_error)
{
	port.link_type = 101;
	cr_expect(eq(int, open_it(), -ENOTSUP));
	expect_says("--to");
}
