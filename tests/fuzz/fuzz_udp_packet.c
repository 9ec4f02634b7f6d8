/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>

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

static void read_frame(const uint8_t *frame, size_t bytes, uint16_t link)
{
	struct wt_udp_view view;

	if (wt_udp_locate(frame, bytes, link, &view))
		return;
	inside(view.payload, view.payload_bytes, frame, bytes);
	inside(view.source, view.ip_version == 4 ? 4 : 16, frame, bytes);
	inside(view.destination, view.ip_version == 4 ? 4 : 16, frame, bytes);
	require(view.payload_bytes <= view.payload_wire_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const uint16_t links[] = {0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 166, 276};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		read_frame(data, bytes, links[i]);
	return 0;
}
