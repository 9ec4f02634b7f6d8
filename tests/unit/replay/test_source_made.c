/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/replay/source/source_private.h>

#include "support/unit.h"

enum { ETHERNET = 1, BATCH = 64 };

static struct wt_replayer_config config;
static struct wt_made made;
static struct wt_packet_source_port ports[2] = {{"wire0", ETHERNET, 14, 1518},
                                                {"wire1", ETHERNET, 14, 1518}};
static struct wt_packet_source *source;
static struct wt_error err;
static struct wt_queued_packet *packets[BATCH + 1];
static uint64_t count, limit;
static int end;

/* Packets that have their number in all their bytes. */
static int next(void *context, uint8_t *frame, int64_t *stamp_ns, uint16_t *interface)
{
	(void)context;
	if (count == limit)
		return end;
	memset(frame, (int)(count & 0xff), made.frame_bytes);
	*stamp_ns = 1000 + 10 * (int64_t)count;
	*interface = (uint16_t)(count++ % 2);
	return (int)made.frame_bytes;
}

static void set_up(void)
{
	made = (struct wt_made){.next = next, .frame_bytes = 100};
	config = (struct wt_replayer_config){.made = &made};
	count = 0;
	limit = 1000;
	end = 0;
}

static void tear_down(void)
{
	if (source)
		source->ops->close(source);
}

TestSuite(source_made, .init = set_up, .fini = tear_down);

static void open_source(void)
{
	cr_assert(eq(int, wt_packet_source_open_made(&source, &config, ports, 2, &err), 0), "%s",
	          err.text);
	cr_assert(eq(int, source->ops->fill(source, NULL), 0));
}

static uint64_t read_all(size_t at_a_time)
{
	uint64_t got = 0;
	size_t taken;

	while ((taken = source->ops->peek(source, packets, at_a_time))) {
		for (size_t i = 0; i < taken; i++, got++) {
			cr_assert(eq(u64, packets[i]->number, got));
			cr_assert(eq(u8, packets[i]->data[99], (uint8_t)got));
			cr_assert(eq(u16, packets[i]->port, (uint16_t)(got % 2)));
			cr_assert(eq(i64, packets[i]->due_ns, 10 * (int64_t)got));
			cr_assert(eq(u32, packets[i]->caplen, 100));
		}
		source->ops->release(source, taken);
	}
	return got;
}

Test(source_made, packets_come_in_order_with_their_times_and_ports)
{
	static const size_t sizes[] = {1, 7, BATCH};
	int error;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		count = 0;
		open_source();
		cr_expect(eq(u64, read_all(sizes[i]), 1000));
		cr_expect(source->ops->ended(source, &error));
		cr_expect(eq(int, error, 0));
		source->ops->close(source);
		source = NULL;
	}
}

Test(source_made, what_was_not_released_stays)
{
	open_source();
	cr_assert(eq(sz, source->ops->peek(source, packets, 10), 10));
	source->ops->release(source, 4);
	cr_assert(eq(sz, source->ops->peek(source, packets, BATCH), BATCH));
	cr_expect(eq(u64, packets[0]->number, 4));
	cr_expect(eq(u8, packets[0]->data[0], 4));
	cr_expect(eq(u8, packets[BATCH - 1]->data[0], BATCH + 3));
}

Test(source_made, a_limit_ends_it)
{
	int error;

	config.count = 17;
	open_source();
	cr_expect(eq(u64, read_all(BATCH), 17));
	cr_expect(source->ops->ended(source, &error));
}

Test(source_made, an_error_ends_it_after_what_was_made)
{
	int error;

	limit = 5;
	end = -ENOBUFS;
	open_source();
	cr_expect(eq(u64, read_all(BATCH), 5));
	cr_expect(source->ops->ended(source, &error));
	cr_expect(eq(int, error, -ENOBUFS));
	cr_expect(strstr(source->err.text, "shorter delay") != NULL, "%s", source->err.text);
}

Test(source_made, ports_that_do_not_take_them)
{
	made.frame_bytes = 1515;
	cr_expect(eq(int, wt_packet_source_open_made(&source, &config, ports, 2, &err), -EMSGSIZE));
	cr_expect(strstr(err.text, "'wire0'") && strstr(err.text, "mtu 1501"), "%s", err.text);
	made.frame_bytes = 100;
	ports[1].link_type = 101;
	cr_expect(eq(int, wt_packet_source_open_made(&source, &config, ports, 2, &err), -ENOTSUP));
	cr_expect(strstr(err.text, "'wire1'") != NULL, "%s", err.text);
}
