/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_builder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/packet/udp_packet.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/tests/support/temp.h>

enum { BLOCK_BYTES = 1024, TYPE_AT = 12 };

static _Alignas(8) uint8_t block[CAPTURE_PACKET_BYTES_MAX + BLOCK_BYTES];
static uint8_t frame_bytes[CAPTURE_PACKET_BYTES_MAX];

static void require(bool holds)
{
	if (!holds)
		abort();
}

void capture_bytes(struct capture_builder *capture, const void *bytes, size_t length)
{
	require(fwrite(bytes, 1, length, capture->file) == length);
}

void capture_begin(struct capture_builder *capture)
{
	const struct wt_pcapng_section section = {.application = "capture_builder"};
	ssize_t used = wt_pcapng_encode_section(block, sizeof(block), &section);
	int fd;

	*capture = (struct capture_builder){0};
	temp_template(capture->path, "capture");
	fd = mkstemp(capture->path);
	require(fd >= 0 && used > 0);
	capture->file = fdopen(fd, "w");
	require(capture->file != NULL);
	capture_bytes(capture, block, (size_t)used);
}

void capture_interface(struct capture_builder *capture, const char *name, uint16_t link_type)
{
	const struct wt_pcapng_interface interface = {.name = name, .link_type = link_type};
	ssize_t used = wt_pcapng_encode_interface(block, sizeof(block), &interface);

	require(used > 0);
	capture_bytes(capture, block, (size_t)used);
	capture->interfaces++;
}

void capture_frame(struct capture_builder *capture, uint32_t interface,
                   const struct wt_frame *frame)
{
	size_t used;

	require(interface < capture->interfaces);
	require(wt_pcapng_encode_frames(block, sizeof(block), interface, frame, 1, &used) == 1);
	capture_bytes(capture, block, used);
	capture->packets++;
}

void capture_packet(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                    uint32_t bytes)
{
	const struct wt_frame frame = {
	        .data = frame_bytes, .stamp_ns = stamp_ns, .caplen = bytes, .len = bytes};

	require(bytes <= sizeof(frame_bytes));
	memset(frame_bytes, 0x33, bytes);
	/* An EtherType for experiments (RFC 5342). */
	frame_bytes[TYPE_AT] = 0x88;
	frame_bytes[TYPE_AT + 1] = 0xb5;
	if (bytes >= CAPTURE_NUMBER_AT + sizeof(capture->packets))
		memcpy(frame_bytes + CAPTURE_NUMBER_AT, &capture->packets,
		       sizeof(capture->packets));
	capture_frame(capture, interface, &frame);
}

void capture_udp(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                 uint32_t bytes)
{
	const struct wt_udp_flow flow = {
	        .source_mac = {2, 0, 0, 0, 0, 1},
	        .source = 0xc0000201,
	        .group = 0xe9fc0001,
	        .source_port = 1000,
	        .port = 2000,
	        .ttl = 1,
	};
	const struct wt_frame frame = {
	        .data = frame_bytes,
	        .stamp_ns = stamp_ns,
	        .caplen = WT_UDP_HEADER_BYTES + bytes,
	        .len = WT_UDP_HEADER_BYTES + bytes,
	};

	memset(frame_bytes + WT_UDP_HEADER_BYTES, 0x5a, bytes);
	if (bytes >= sizeof(capture->packets))
		memcpy(frame_bytes + WT_UDP_HEADER_BYTES, &capture->packets,
		       sizeof(capture->packets));
	require(!wt_udp_build(frame_bytes, &flow, (uint16_t)capture->packets, bytes));
	capture_frame(capture, interface, &frame);
}

void capture_end(struct capture_builder *capture)
{
	require(!fclose(capture->file));
	capture->file = NULL;
}

void capture_remove(struct capture_builder *capture)
{
	if (capture->file)
		fclose(capture->file);
	if (capture->path[0])
		unlink(capture->path);
	*capture = (struct capture_builder){0};
}
