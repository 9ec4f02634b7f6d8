/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

/* Four bytes choose the link type, what is followed and the length on the wire, the others are the
 * frame. It lies between the sanitizer's red zones; what is found is within it, and what is usual
 * is what the reader finds. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const uint16_t link_types[16] = {1,   1,   1,   0,   9,   12,  50,  51,
                                        101, 104, 108, 113, 166, 229, 276, 227};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_ip(const struct wt_headers_ip *ip, size_t caplen)
{
	if (!ip->version)
		return;
	require(ip->version == 4 || ip->version == 6);
	require(ip->at < caplen && ip->next <= caplen && ip->at < ip->end);
	require(!ip->next || ip->next >= ip->at + 20u);
	require(ip->next <= ip->end);
}

static void check(const struct wt_headers *headers, size_t caplen)
{
	require(headers->network <= caplen && headers->transport <= caplen);
	require(headers->tunnels <= WT_HEADERS_TUNNELS_MAX);
	require(headers->unfollowed < WT_LAYERS);
	require(headers->end <= WT_HEADERS_TOO_DEEP);
	require(headers->payload_bytes <= headers->payload_wire_bytes);
	require(!headers->payload_bytes ||
	        headers->payload + (size_t)headers->payload_bytes <= caplen);
	require(headers->end != WT_HEADERS_TRANSPORT || headers->payload > headers->transport);
	require(!headers->transport || headers->transport == headers->ip.next);
	check_ip(&headers->ip, caplen);
	check_ip(&headers->outer_ip, caplen);
	require(headers->ip.version || !headers->outer_ip.version);
	require(headers->tunnels || !headers->outer_ip.version);
}

static void check_usual(const struct wt_headers *headers, const uint8_t *frame, size_t caplen)
{
	struct wt_usual_udp usual;

	if (!wt_headers_usual(&usual, frame, caplen))
		return;
	require(headers->end == WT_HEADERS_TRANSPORT);
	require(headers->ip.protocol == WT_PROTOCOL_UDP && !headers->ip.fragment);
	require(usual.payload == frame + headers->payload);
	require(usual.bytes == headers->payload_bytes);
	require(usual.wire_bytes == headers->payload_wire_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_headers_config config = {0};
	struct wt_headers headers;
	size_t caplen;
	uint8_t *frame;

	if (bytes < 4)
		return 0;
	caplen = bytes - 4;
	config.link_type = link_types[data[0] & 15];
	config.follow = (uint32_t)data[1] << 1 & WT_FOLLOW_ALL;
	config.len = data[0] & 16 ? (uint32_t)data[2] << 8 | data[3] : 0;
	frame = malloc(caplen ? caplen : 1);
	require(frame != NULL);
	memcpy(frame, data + 4, caplen);
	wt_headers_read(&headers, &config, frame, caplen);
	check(&headers, caplen);
	config.follow = config.len = 0;
	wt_headers_read(&headers, &config, frame, caplen);
	check(&headers, caplen);
	require(!headers.tunnels);
	if (config.link_type == WT_LINK_TYPE_ETHERNET)
		check_usual(&headers, frame, caplen);
	free(frame);
	return 0;
}
