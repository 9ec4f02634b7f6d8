/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/udp_headers.h>

#include <assert.h>
#include <string.h>

#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_packet.h>

enum { IPV6_BYTES = 40, PROTOCOL_UDP = 17 };
_Static_assert(IPV6_BYTES + WT_UDP_BYTES == WT_UDP_HEADERS_MOST, "room for the larger of the two");

static void put_16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Checksum over addresses, protocol and length, then header and payload. */
static uint16_t udp_checksum(const uint8_t *udp, size_t udp_bytes,
                             const struct wt_udp_headers *headers)
{
	size_t address_bytes = headers->ip_version == 4 ? 4 : 16;
	uint8_t pseudo[40] = {0};
	uint16_t checksum;

	memcpy(pseudo, headers->source, address_bytes);
	memcpy(pseudo + 16, headers->destination, address_bytes);
	put_16(pseudo + 34, udp_bytes);
	pseudo[39] = PROTOCOL_UDP;
	checksum = wt_checksum_finish(
	        wt_checksum_add(wt_checksum_add(0, pseudo, sizeof(pseudo)), udp, udp_bytes));
	/* 0 would mean that there is none. */
	return checksum ? checksum : 0xffff;
}

static void put_udp(uint8_t *udp, size_t udp_bytes, const struct wt_udp_headers *headers)
{
	put_16(udp, headers->source_port);
	put_16(udp + 2, headers->destination_port);
	put_16(udp + 4, udp_bytes);
	put_16(udp + 6, 0);
	put_16(udp + 6, udp_checksum(udp, udp_bytes, headers));
}

static void put_ipv4(uint8_t *ip, size_t udp_bytes, const struct wt_udp_headers *headers)
{
	memset(ip, 0, WT_IPV4_BYTES);
	ip[0] = 0x45;
	ip[1] = headers->traffic_class;
	put_16(ip + 2, WT_IPV4_BYTES + udp_bytes);
	ip[8] = headers->ttl;
	ip[9] = PROTOCOL_UDP;
	memcpy(ip + 12, headers->source, 4);
	memcpy(ip + 16, headers->destination, 4);
	put_16(ip + 10, wt_checksum_finish(wt_checksum_add(0, ip, WT_IPV4_BYTES)));
}

static void put_ipv6(uint8_t *ip, size_t udp_bytes, const struct wt_udp_headers *headers)
{
	memset(ip, 0, IPV6_BYTES);
	ip[0] = (uint8_t)(0x60 | headers->traffic_class >> 4);
	ip[1] = (uint8_t)(headers->traffic_class << 4);
	put_16(ip + 4, udp_bytes);
	ip[6] = PROTOCOL_UDP;
	ip[7] = headers->ttl;
	memcpy(ip + 8, headers->source, 16);
	memcpy(ip + 24, headers->destination, 16);
}

size_t wt_udp_headers_put(uint8_t *payload, size_t payload_bytes,
                          const struct wt_udp_headers *headers)
{
	size_t ip_bytes = headers->ip_version == 4 ? WT_IPV4_BYTES : IPV6_BYTES;
	uint8_t *udp = payload - WT_UDP_BYTES;

	assert(payload_bytes <= UINT16_MAX);
	put_udp(udp, WT_UDP_BYTES + payload_bytes, headers);
	if (headers->ip_version == 4)
		put_ipv4(udp - ip_bytes, WT_UDP_BYTES + payload_bytes, headers);
	else
		put_ipv6(udp - ip_bytes, WT_UDP_BYTES + payload_bytes, headers);
	return ip_bytes + WT_UDP_BYTES;
}
