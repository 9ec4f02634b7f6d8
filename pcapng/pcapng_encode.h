/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_ENCODE_H
#define WIRETAPE_PCAPNG_PCAPNG_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/frame.h>
#include <wiretape/pcapng/pcapng_format.h>
#include <wiretape/pcapng/pcapng_store.h>

/* Encoder of pcapng blocks in compact form, in host byte order with nanosecond stamps. Pure: bytes
 * into the caller's buffer, no I/O, no allocation, any thread. `out` is aligned to 4; the output is
 * a multiple of 4 bytes. */

/* Strings may be NULL, which leaves the option out. */
struct wt_pcapng_section {
	const char *hardware;
	const char *os;
	const char *application;
	const char *comment;
	const char *tape; /* WT_OPT_LOCAL_TAPE */
};

struct wt_pcapng_interface {
	uint16_t link_type; /* LINKTYPE_*, tcpdump.org/linktypes.html */
	uint32_t snaplen;   /* 0: no limit */
	const char *name;
	const char *description;
	const char *filter; /* as given, a libpcap filter string */
	const char *os;
	const char *hardware;
	const char *reader; /* WT_OPT_LOCAL_READER */
	const char *clock;  /* WT_OPT_LOCAL_CLOCK */
	const char *comment;
	uint64_t speed_bps; /* 0: unknown */
	uint8_t mac[6];
	bool has_mac;
};

/* Interface statistics, counted from the start of the recording. */
struct wt_pcapng_statistics {
	uint32_t interface_id;
	int64_t stamp_ns;
	int64_t start_ns;
	int64_t end_ns;
	uint64_t received;           /* isb_ifrecv: seen by the recorder's socket */
	uint64_t if_dropped;         /* isb_ifdrop: shown by Wireshark as dropped */
	uint64_t accepted;           /* isb_filteraccept */
	uint64_t os_dropped;         /* isb_osdrop */
	uint64_t delivered;          /* isb_usrdeliv: in this file */
	const char *ledger;          /* WT_OPT_LOCAL_LEDGER, or NULL */
	const char *nic;             /* WT_OPT_LOCAL_NIC, or NULL */
	const char *const *degraded; /* WT_OPT_LOCAL_DEGRADED, NULL-terminated, or NULL */
	const char *comment;
};

/* The bytes written, or -ENOBUFS if they exceed `capacity`. Strings are cut at 65,535 bytes. */
ssize_t wt_pcapng_encode_section(uint8_t *out, size_t capacity,
                                 const struct wt_pcapng_section *section);
ssize_t wt_pcapng_encode_interface(uint8_t *out, size_t capacity,
                                   const struct wt_pcapng_interface *interface);
ssize_t wt_pcapng_encode_statistics(uint8_t *out, size_t capacity,
                                    const struct wt_pcapng_statistics *statistics);

/* Upper bound of an Enhanced Packet Block of `caplen` bytes without a stamp mark. */
static inline size_t wt_pcapng_plain_bound(uint32_t caplen)
{
	return 28 + (((size_t)caplen + 3) & ~(size_t)3) + 8 + 12 + 8 + 4 + 4;
}

/* Upper bound for a given frame; and for any frame of `caplen` bytes. */
static inline size_t wt_pcapng_frame_bound(const struct wt_frame *frame)
{
	return wt_pcapng_plain_bound(frame->caplen) + wt_stamp_option_bytes(frame);
}
static inline size_t wt_pcapng_packet_bound(uint32_t caplen)
{
	return wt_pcapng_plain_bound(caplen) + sizeof(struct wt_pcapng_option) +
	       WT_STAMP_OPTION_WORD_BYTES + WT_STAMP_OPTION_GIVEN_BYTES +
	       WT_STAMP_OPTION_SOFTWARE_BYTES;
}

/* Encode frames as Enhanced Packet Blocks of one interface, as many as fit. Returns their number,
 * and in *used the bytes they took. */
size_t wt_pcapng_encode_frames(uint8_t *out, size_t capacity, uint32_t interface_id,
                               const struct wt_frame *frames, size_t count, size_t *used);

/* The same for packets of one of the interface's queues: each has its number (epb_queue). */
size_t wt_pcapng_encode_queue(uint8_t *out, size_t capacity, uint32_t interface_id, uint32_t queue,
                              const struct wt_frame *frames, size_t count, size_t *used);

/* Find the length of the whole blocks in `bytes` if only the first `limit` bytes can stay, and, if
 * `packets` is not NULL, the packet blocks in them for each interface below `interfaces`. For
 * output of this encoder, after a write failed. */
size_t wt_pcapng_whole_blocks(const uint8_t *bytes, size_t length, size_t limit, uint64_t *packets,
                              size_t interfaces);

#endif
