/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/payload_stamp.h>

#include <byteswap.h>
#include <endian.h>
#include <string.h>

#include <wiretape/packet/rewrite.h>
#include <wiretape/packet/udp_packet.h>

enum { CHECKSUM_BYTES = 2 }; /* at the end of the UDP header */

bool wt_payload_stamp_locate(struct wt_payload_stamp *stamp, const uint8_t *frame, uint32_t caplen,
                             uint16_t link_type)
{
	bool ethernet = link_type == WT_REWRITE_ETHERNET;
	struct wt_udp_view view;
	const uint8_t *checksum;

	if (!ethernet && link_type != WT_REWRITE_RAW_IP)
		return false;
	if (wt_udp_locate(frame, caplen, ethernet ? WT_LINK_TYPE_ETHERNET : WT_LINK_TYPE_RAW,
	                  &view))
		return false;
	if (view.fragment || view.payload_bytes < view.payload_wire_bytes ||
	    view.payload_bytes < WT_PAYLOAD_STAMP_BYTES)
		return false;
	checksum = view.payload - CHECKSUM_BYTES;
	stamp->offset =
	        (uint32_t)(view.payload - frame + view.payload_bytes - WT_PAYLOAD_STAMP_BYTES);
	stamp->checksum = checksum[0] || checksum[1] ? (uint32_t)(checksum - frame) : 0;
	stamp->odd = view.payload_bytes % 2;
	return true;
}

/* Sum of the new words and the complements of the old ones, in host byte order. */
static uint32_t difference(const uint64_t from[2], const uint64_t to[2])
{
	uint64_t sum = 0;

	for (int i = 0; i < 2; i++) {
		uint64_t complement = ~from[i];

		sum += (complement & UINT32_MAX) + (complement >> 32);
		sum += (to[i] & UINT32_MAX) + (to[i] >> 32);
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* RFC 1624, equation 3. */
static void repair(uint8_t *at, uint32_t changes)
{
	uint16_t checksum;
	uint32_t sum;

	memcpy(&checksum, at, sizeof(checksum));
	sum = (uint16_t)~checksum + changes;
	sum = (sum & 0xffff) + (sum >> 16);
	/* 0 would mean that there is none. */
	checksum = sum == 0xffff ? 0xffff : (uint16_t)~sum;
	memcpy(at, &checksum, sizeof(checksum));
}

void wt_payload_stamp_put(const struct wt_payload_stamp *stamp, uint8_t *frame, uint64_t sequence,
                          uint64_t time_ns)
{
	const uint64_t to[2] = {htobe64(sequence), htobe64(time_ns)};
	uint64_t from[2];
	uint32_t changes;

	memcpy(from, frame + stamp->offset, sizeof(from));
	memcpy(frame + stamp->offset, to, sizeof(to));
	if (!stamp->checksum)
		return;
	changes = difference(from, to);
	/* Summed from an odd offset, the bytes of each word change places (RFC 1071). */
	repair(frame + stamp->checksum, stamp->odd ? bswap_16((uint16_t)changes) : changes);
}
