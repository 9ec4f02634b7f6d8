/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/feed/stream/sequence.h>
#include <wiretape/packet/udp_packet.h>

/* Any bytes, captured as a frame: everything found in it lies inside it. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void inside(const uint8_t *part, size_t part_bytes, const uint8_t *whole, size_t bytes)
{
	require(part >= whole && part_bytes <= bytes);
	require((size_t)(part - whole) <= bytes - part_bytes);
}

static void read_packet(const uint8_t *payload, size_t bytes)
{
	struct wt_moldudp64_packet packet;
	struct wt_moldudp64_header cut;
	struct wt_moldudp64_message message;
	struct wt_sequence sequence;
	uint32_t messages = 0;
	int whole, more;

	require(!wt_moldudp64_parse_cut(payload, bytes, &cut) == (bytes == 18 || bytes == 19));
	if (wt_moldudp64_parse(payload, bytes, &packet))
		return;
	whole = wt_moldudp64_check(&packet);
	while ((more = wt_moldudp64_next(&packet, &message)) > 0) {
		inside(message.data, message.bytes, payload, bytes);
		messages++;
	}
	require(more == whole);
	require(whole || messages == wt_moldudp64_messages(&packet.header));
	wt_sequence_init(&sequence);
	if (!wt_sequence_add(&sequence, packet.header.sequence, messages))
		require(sequence.received == messages);
}

static void read_frame(const uint8_t *frame, size_t bytes, uint16_t link)
{
	struct wt_udp_view view;

	if (wt_udp_locate(frame, bytes, link, &view))
		return;
	inside(view.payload, view.payload_bytes, frame, bytes);
	inside(view.source, view.ip_version == 4 ? 4 : 16, frame, bytes);
	inside(view.destination, view.ip_version == 4 ? 4 : 16, frame, bytes);
	require(view.payload_bytes <= view.payload_wire_bytes);
	read_packet(view.payload, view.payload_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const uint16_t links[] = {0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 166, 276};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		read_frame(data, bytes, links[i]);
	read_packet(data, bytes);
	return 0;
}
