/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_CAPTURE_BUILDER_H
#define WIRETAPE_TESTS_CAPTURE_BUILDER_H

#include <stdint.h>
#include <stdio.h>

#include <wiretape/ring/frame.h>

/* A pcapng file of any size in a file of its own, as other programs write it: no chunks. Aborts
 * when something fails.
 *
 *     capture_begin(&capture);
 *     capture_interface(&capture, "eth0", 1);
 *     capture_packet(&capture, 0, stamp_ns, bytes); …
 *     capture_end(&capture);                             to be read by capture.path
 *     capture_remove(&capture); */
struct capture_builder {
	FILE *file; /* NULL once it has ended */
	char path[48];
	uint32_t interfaces;
	uint32_t packets; /* so far: the number of the next one */
};

enum { CAPTURE_NUMBER_AT = 14, CAPTURE_PACKET_BYTES_MAX = 262144 };

void capture_begin(struct capture_builder *capture);
void capture_interface(struct capture_builder *capture, const char *name, uint16_t link_type);

/* Of the interface's link type; stamp, lengths, data and link_flags count. */
void capture_frame(struct capture_builder *capture, uint32_t interface,
                   const struct wt_frame *frame);

/* An Ethernet frame of a protocol that nobody knows, with its number behind the header, if there
 * is room. */
void capture_packet(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                    uint32_t bytes);

/* An Ethernet frame with a UDP datagram whose payload is `bytes` long and holds the packet's
 * number, if there is room, and 0x5a. */
void capture_udp(struct capture_builder *capture, uint32_t interface, int64_t stamp_ns,
                 uint32_t bytes);

/* Anything else. */
void capture_bytes(struct capture_builder *capture, const void *bytes, size_t length);

void capture_end(struct capture_builder *capture);

/* Also one that was never begun, if it is zero. */
void capture_remove(struct capture_builder *capture);

#endif
