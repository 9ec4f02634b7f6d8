/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_CAPTURE_BUILDER_H
#define WIRETAPE_TESTS_CAPTURE_BUILDER_H

#include <stdint.h>
#include <stdio.h>

#include <wiretape/frame.h>
#include <wiretape/tests/support/temp.h>

/* Writes a pcapng file of any size, as other programs do: no chunks. Aborts when something fails.
 *
 *     capture_begin(&capture);
 *     capture_interface(&capture, "eth0", 1);
 *     capture_packet(&capture, 0, stamp_ns, bytes); …
 *     capture_end(&capture);                             to be read by capture.path
 *     capture_remove(&capture); */
struct capture_builder {
	FILE *file; /* NULL once it has ended */
	char path[TEMP_BYTES];
	uint32_t interfaces;
	uint32_t packets; /* so far: the number of the next one */
};

enum { CAPTURE_NUMBER_AT = 14, CAPTURE_PACKET_BYTES_MAX = 262144 };

void capture_begin(struct capture_builder *capture);
void capture_interface(struct capture_builder *capture, const char *name, uint16_t link_type);

/* Write a frame of the interface's link type; stamp, lengths, data and link_flags count. */
void capture_frame(struct capture_builder *capture, uint32_t interface,
                   const struct wt_frame *frame);

/* Write an Ethernet frame of an unknown protocol, with its number after the header, if there is
 * room. */
void capture_packet(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                    uint32_t bytes);

/* Write an Ethernet frame with a UDP datagram whose payload of `bytes` bytes holds the packet's
 * number, if there is room, and 0x5a. */
void capture_udp(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                 uint32_t bytes);

/* Write any bytes. */
void capture_bytes(struct capture_builder *capture, const void *bytes, size_t length);

void capture_end(struct capture_builder *capture);

/* Remove the file; also safe on a zeroed builder that was never begun. */
void capture_remove(struct capture_builder *capture);

#endif
