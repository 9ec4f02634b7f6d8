/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/load/mold_template.h>

#include <errno.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_packet.h>

#include <wiretape/base/big_endian.h>

enum {
	IPV4_ID = WT_ETHERNET_BYTES + 4,
	IPV4_CHECKSUM = WT_ETHERNET_BYTES + 10,
	UDP_CHECKSUM = WT_ETHERNET_BYTES + WT_IPV4_BYTES + 6,
	SEQUENCE = WT_UDP_HEADER_BYTES + WT_MOLDUDP64_SEQUENCE_OFFSET,
	MESSAGE = WT_UDP_HEADER_BYTES + WT_MOLDUDP64_HEADER_BYTES + WT_MOLDUDP64_LENGTH_BYTES,
};
/* Checksums add pairs of bytes counted from the UDP header. */
_Static_assert((SEQUENCE - WT_ETHERNET_BYTES - WT_IPV4_BYTES) % 2 == 0, "sequence in whole words");
_Static_assert(MESSAGE == WT_MOLD_FRAME_BYTES_WHOLE, "the smallest frame with a message");
_Static_assert(WT_UDP_HEADER_BYTES + WT_MOLDUDP64_CUT_BYTES == WT_MOLD_FRAME_BYTES_MIN,
               "the smallest frame with a sequence number");

static struct wt_udp_flow flow_of(const struct wt_mold_template_config *config)
{
	static const uint8_t no_mac[6];
	static const uint8_t default_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
	struct wt_udp_flow flow = {
	        .source = config->source ? config->source : 0xc0000201, /* 192.0.2.1 */
	        .group = config->group ? config->group : 0xe9fc0001,    /* 233.252.0.1 */
	        .port = config->port ? config->port : 26477,
	        .ttl = config->ttl ? config->ttl : 1,
	};

	flow.source_port = config->source_port ? config->source_port : flow.port;
	memcpy(flow.source_mac,
	       memcmp(config->source_mac, no_mac, 6) ? config->source_mac : default_mac, 6);
	return flow;
}

static int check_size(uint32_t bytes, size_t room, struct wt_error *err)
{
	if (bytes < WT_MOLD_FRAME_BYTES_MIN || bytes > WT_MOLD_FRAME_BYTES_MAX)
		return wt_error_set(err, -EINVAL,
		                    "a frame of %u B cannot be made; %d to %d B (without FCS) can",
		                    bytes, WT_MOLD_FRAME_BYTES_MIN, WT_MOLD_FRAME_BYTES_MAX);
	if (bytes > room)
		return wt_error_set(err, -EMSGSIZE, "a frame of %u B does not fit into %zu B",
		                    bytes, room);
	return 0;
}

/* Write the payload in its place; returns its bytes. */
static size_t put_payload(uint8_t *frame, uint32_t frame_bytes, const uint8_t *session)
{
	uint8_t *payload = frame + WT_UDP_HEADER_BYTES;

	memset(payload, 0, frame_bytes - WT_UDP_HEADER_BYTES);
	memcpy(payload, session, WT_MOLDUDP64_SESSION_BYTES);
	if (frame_bytes < WT_MOLD_FRAME_BYTES_WHOLE)
		return WT_MOLDUDP64_CUT_BYTES;
	wt_put_be16(payload + WT_MOLDUDP64_CUT_BYTES, 1);
	wt_put_be16(payload + WT_MOLDUDP64_HEADER_BYTES, (uint16_t)(frame_bytes - MESSAGE));
	for (uint32_t i = MESSAGE; i < frame_bytes; i++)
		frame[i] = (uint8_t)(i - MESSAGE);
	return frame_bytes - WT_UDP_HEADER_BYTES;
}

int wt_mold_template_build(const struct wt_mold_template_config *config, uint8_t *frame,
                           size_t room, struct wt_error *err)
{
	uint32_t bytes = config->frame_bytes ? config->frame_bytes : WT_MOLD_FRAME_BYTES_DEFAULT;
	struct wt_udp_flow flow = flow_of(config);
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];
	int failed = check_size(bytes, room, err);

	if (failed)
		return failed;
	if (wt_moldudp64_session(session, config->session ? config->session : "WIRETAPE"))
		return wt_error_set(err, -EINVAL,
		                    "the session '%.64s' is not 1 to %d printable ASCII characters",
		                    config->session, WT_MOLDUDP64_SESSION_BYTES);
	if (wt_udp_build(frame, &flow, 0, put_payload(frame, bytes, session)))
		return wt_error_set(err, -EINVAL,
		                    "%u.%u.%u.%u is not a multicast group; take one from "
		                    "224.0.0.0 to 239.255.255.255",
		                    flow.group >> 24, flow.group >> 16 & 0xff,
		                    flow.group >> 8 & 0xff, flow.group & 0xff);
	return (int)bytes;
}

/* Replace a 16-bit word; returns what that adds to the one's complement sum of
 * the bytes it is part of (RFC 1624, equation 3). */
static uint32_t replace_word(uint8_t *at, uint16_t word)
{
	uint32_t change = (uint16_t)~wt_get_be16(at) + (uint32_t)word;

	wt_put_be16(at, word);
	return change;
}

static uint16_t changed_checksum(const uint8_t *at, uint32_t change)
{
	return wt_checksum_finish((uint16_t)~wt_get_be16(at) + (uint64_t)change);
}

void wt_mold_template_set_sequence(uint8_t *frame, uint64_t sequence)
{
	uint32_t change = replace_word(frame + IPV4_ID, (uint16_t)sequence);
	uint16_t checksum;

	wt_put_be16(frame + IPV4_CHECKSUM, changed_checksum(frame + IPV4_CHECKSUM, change));
	change = 0;
	for (int word = 0; word < 4; word++)
		change += replace_word(frame + SEQUENCE + 2 * word,
		                       (uint16_t)(sequence >> (48 - 16 * word)));
	checksum = changed_checksum(frame + UDP_CHECKSUM, change);
	wt_put_be16(frame + UDP_CHECKSUM, checksum ? checksum : 0xffff);
}
