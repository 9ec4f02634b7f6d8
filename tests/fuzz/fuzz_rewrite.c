/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/frame.h>
#include <wiretape/packet/checksum.h>
#include <wiretape/packet/payload_stamp.h>
#include <wiretape/packet/rewrite.h>
#include <wiretape/packet/udp_packet.h>

/* Three bytes choose rules and what is known of the frame, the others are the frame. It lies
 * between the sanitizer's red zones, and checksums that were right stay right. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { IPV4 = 0x0800, IPV6 = 0x86dd, VLAN = 0x8100, UDP = 17, TCP = 6, ICMPV6 = 58 };
enum { RAW = 1, NOT_READY = 2, NO_HEADROOM = 4, CUT = 8, FIX = 16 };

static const char *const choices[16] = {
        "src-mac=02:00:00:00:00:01",
        "dst-mac:01:00:5e:00:00:01=02:00:00:00:00:01",
        "vlan=none",
        "vlan:none=7",
        "vlan=9",
        "ip:10.0.0.0/8=192.168.0.0/16",
        "ip:10.0.0.0/8=192.0.0.0/8",
        "dst-ip=239.1.1.1",
        "src-ip=192.0.2.1",
        "dst-ip=ff3e::1",
        "src-ip=2001:db8::1",
        "ip:fd00::/16=fe00::/16",
        "src-port=1",
        "dst-port=65535",
        "port:5000=6000",
        "vlan:100=200",
};

static const char *const exchanges[] = {
        "ip:10.0.0.1=10.0.0.2",
        "ip:10.0.0.2=10.0.0.1",
        "ip:fd00::1=fd00::2",
        "ip:fd00::2=fd00::1",
        "port:5000=6000",
        "port:6000=5000",
        "vlan:100=200",
        "vlan:200=100",
        "mac:02:00:00:00:00:01=02:00:00:00:00:02",
        "mac:02:00:00:00:00:02=02:00:00:00:00:01",
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static unsigned get_16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* IP in a frame, and what it is: its version, or 0. */
static unsigned find_ip(const struct wt_rewrite_frame *frame, const uint8_t **ip, size_t *bytes)
{
	size_t at = 0;

	if (frame->link_type == WT_REWRITE_ETHERNET) {
		at = 14;
		for (int tags = 0; tags < 3 && at <= frame->caplen; tags++) {
			unsigned type = get_16(frame->data + at - 2);

			if (type != VLAN && type != 0x88a8 && type != 0x9100)
				break;
			at += 4;
		}
	}
	if (at + 1 > frame->caplen)
		return 0;
	*ip = frame->data + at;
	*bytes = frame->caplen - at;
	if (frame->link_type == WT_REWRITE_ETHERNET)
		return get_16(*ip - 2) == IPV4 ? 4 : get_16(*ip - 2) == IPV6 ? 6 : 0;
	return **ip >> 4;
}

/* Whether both checksums are there as a whole, and right; of the transport, only where it
 * follows at once. */
struct right {
	int ip, transport;
};

static int is_right(const uint8_t *ip, unsigned version, const uint8_t *at, size_t bytes,
                    unsigned protocol)
{
	size_t least = protocol == TCP ? 20 : protocol == UDP ? 8 : 4;
	uint64_t sum = protocol;

	if (protocol != TCP && protocol != UDP && (protocol != ICMPV6 || version == 4))
		return 0;
	if (bytes < least)
		return 0;
	if (protocol == UDP) {
		if (get_16(at + 4) > bytes || get_16(at + 4) < 8 || !get_16(at + 6))
			return 0;
		bytes = get_16(at + 4);
	}
	sum += bytes;
	sum = wt_checksum_add(sum, ip + (version == 4 ? 12 : 8), version == 4 ? 8 : 32);
	return wt_checksum_finish(wt_checksum_add(sum, at, bytes)) == 0;
}

static struct right check_ipv4(const uint8_t *ip, size_t bytes)
{
	struct right right = {0};
	size_t header, total;

	if (bytes < 20 || *ip >> 4 != 4)
		return right;
	header = (size_t)(*ip & 15) * 4;
	total = get_16(ip + 2);
	if (header < 20 || header > bytes || total < header)
		return right;
	right.ip = wt_checksum_finish(wt_checksum_add(0, ip, header)) == 0;
	if (total <= bytes && !(get_16(ip + 6) & 0x3fff))
		right.transport = is_right(ip, 4, ip + header, total - header, ip[9]);
	return right;
}

static struct right check(const struct wt_rewrite_frame *frame)
{
	struct right right = {0};
	const uint8_t *ip;
	size_t bytes;
	unsigned version = find_ip(frame, &ip, &bytes);

	if (version == 4)
		return check_ipv4(ip, bytes);
	if (version == 6 && bytes >= 40 && *ip >> 4 == 6 && get_16(ip + 4) &&
	    get_16(ip + 4) <= bytes - 40)
		right.transport = is_right(ip, 6, ip + 40, get_16(ip + 4), ip[6]);
	return right;
}

static void add_some(struct wt_rewrite *rewrite, unsigned which)
{
	struct wt_error err;

	/* One that would never be used is refused. */
	for (unsigned i = 0; i < 16; i++)
		if (which >> i & 1)
			(void)wt_rewrite_add(rewrite, choices[i], &err);
}

static uint8_t *copy_frame(struct wt_rewrite_frame *frame, const uint8_t *data, size_t bytes,
                           unsigned flags)
{
	uint32_t headroom = flags & NO_HEADROOM ? 0 : WT_REWRITE_HEADROOM;
	uint8_t *memory = malloc(headroom + bytes + !bytes);

	require(memory != NULL);
	if (bytes)
		memcpy(memory + headroom, data, bytes);
	*frame = (struct wt_rewrite_frame){
	        .data = memory + headroom,
	        .caplen = (uint32_t)bytes,
	        .len = (uint32_t)bytes + (flags & CUT ? 7 : 0),
	        .headroom = headroom,
	        .link_flags = flags & NOT_READY ? WT_LINK_CSUM_NOT_READY : 0,
	        .link_type = flags & RAW ? WT_REWRITE_RAW_IP : WT_REWRITE_ETHERNET,
	        .fix_checksums = flags & FIX,
	};
	return memory;
}

/* What was set right is right. */
static void fixes_once(struct wt_rewrite_frame *frame)
{
	static const struct wt_rewrite none;
	struct wt_rewrite_counts counts = {0};

	wt_rewrite_apply(&none, frame, &counts);
	require(!counts.checksums_completed && !counts.checksums_fixed);
}

static void keeps_what_is_right(const struct wt_rewrite *rewrite, const uint8_t *data, size_t bytes,
                                unsigned flags)
{
	struct wt_rewrite_counts counts = {0};
	struct wt_rewrite_frame frame;
	uint8_t *memory = copy_frame(&frame, data, bytes, flags);
	uint32_t headroom = frame.headroom, cut = frame.len - frame.caplen;
	struct right before = check(&frame), after;

	wt_rewrite_apply(rewrite, &frame, &counts);
	after = check(&frame);
	require(!before.ip || after.ip);
	require(!before.transport || after.transport);
	require(frame.caplen + frame.headroom == bytes + headroom);
	require(frame.len - frame.caplen == cut);
	require(frame.data == memory + frame.headroom);
	require(counts.changed <= 1 && counts.not_understood <= 1 && counts.not_followed <= 1);
	if (flags & FIX) {
		fixes_once(&frame);
	} else {
		require(counts.checksums_completed + counts.checksums_lacking ==
		        !!(flags & NOT_READY));
		require(!(frame.link_flags & WT_LINK_CSUM_NOT_READY) ==
		        !(flags & NOT_READY && counts.checksums_lacking));
	}
	free(memory);
}

/* But for the two zeros of a checksum. */
static void same(const uint8_t *is, const uint8_t *was, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (is[i] == was[i])
			continue;
		require(i + 1 < bytes && get_16(is + i) == 0 && get_16(was + i) == 0xffff);
		i++;
	}
}

static void exchanges_back(const uint8_t *data, size_t bytes, unsigned flags)
{
	struct wt_rewrite rewrite = {0};
	struct wt_rewrite_counts counts = {0};
	struct wt_rewrite_frame frame;
	uint8_t *memory = copy_frame(&frame, data, bytes, flags & ~(unsigned)(NOT_READY | FIX));

	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++)
		require(!wt_rewrite_add(&rewrite, exchanges[i], NULL));
	wt_rewrite_apply(&rewrite, &frame, &counts);
	require(counts.changed || !memcmp(frame.data, data, bytes));
	wt_rewrite_apply(&rewrite, &frame, &counts);
	require(frame.caplen == bytes && counts.changed != 1);
	/* A wrong checksum may look as if it were left to a NIC by chance, or in another way after
	 * the exchange. */
	if (!counts.checksums_left)
		same(frame.data, data, bytes);
	free(memory);
}

static void stamps(const uint8_t *data, size_t bytes, unsigned flags)
{
	struct wt_payload_stamp stamp;
	struct wt_rewrite_frame frame;
	uint8_t *memory = copy_frame(&frame, data, bytes, flags);
	struct right before = check(&frame);

	if (wt_payload_stamp_locate(&stamp, frame.data, frame.caplen, frame.link_type)) {
		wt_payload_stamp_put(&stamp, frame.data, bytes, 0x123456789abcdef);
		require(!before.transport || check(&frame).transport);
		require(frame.data[stamp.offset + 15] == 0xef);
	}
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_rewrite rewrite = {0};

	if (bytes < 3)
		return 0;
	add_some(&rewrite, get_16(data));
	keeps_what_is_right(&rewrite, data + 3, bytes - 3, data[2]);
	exchanges_back(data + 3, bytes - 3, data[2]);
	stamps(data + 3, bytes - 3, data[2]);
	return 0;
}
