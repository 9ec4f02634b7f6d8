/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_FORMAT_H
#define WIRETAPE_PCAPNG_PCAPNG_FORMAT_H

/* Layout of pcapng on disk, from draft-ietf-opsawg-pcapng; the names in comments are the draft's.
 * Fields are in the byte order of the section: wiretape writes host order and reads both. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/frame.h>

#define WT_ASSERT_OFFSET(type, member, at)                                                         \
	_Static_assert(offsetof(struct type, member) == (at), #member)

enum wt_pcapng_block_type {
	WT_PCAPNG_IDB = 0x00000001,           /* Interface Description Block */
	WT_PCAPNG_PACKET = 0x00000002,        /* Packet Block, obsolete */
	WT_PCAPNG_SPB = 0x00000003,           /* Simple Packet Block */
	WT_PCAPNG_NAMES = 0x00000004,         /* Name Resolution Block */
	WT_PCAPNG_ISB = 0x00000005,           /* Interface Statistics Block */
	WT_PCAPNG_EPB = 0x00000006,           /* Enhanced Packet Block */
	WT_PCAPNG_JOURNAL = 0x00000009,       /* systemd Journal Export Block */
	WT_PCAPNG_SECRETS = 0x0000000A,       /* Decryption Secrets Block */
	WT_PCAPNG_CUSTOM = 0x00000BAD,        /* Custom Block, copied by editors */
	WT_PCAPNG_CUSTOM_NOCOPY = 0x40000BAD, /* Custom Block, not copied */
	WT_PCAPNG_SHB = 0x0A0D0D0A,           /* Section Header Block, a palindrome */
};
#define WT_PCAPNG_LOCAL_BLOCK 0x80000000u /* set in types for local use */

#define WT_PCAPNG_MAGIC          0x1A2B3C4Du /* byte-order magic of the section header */
#define WT_PCAPNG_MAGIC_SWAPPED  0x4D3C2B1Au
#define WT_PCAPNG_MAJOR          1
#define WT_PCAPNG_MINOR          0
#define WT_PCAPNG_MINOR_ALIKE    2          /* written by some programs; read as 0 */
#define WT_PCAPNG_LENGTH_UNKNOWN UINT64_MAX /* section length when written as a stream */

enum wt_pcapng_option_code {
	WT_OPT_END = 0,
	WT_OPT_COMMENT = 1,
	/* Start with a private enterprise number of 32 bits, followed by that enterprise's data;
	 * two that editors may copy, and two that they may not. */
	WT_OPT_CUSTOM_TEXT = 2988,
	WT_OPT_CUSTOM_BYTES = 2989,
	WT_OPT_CUSTOM_TEXT_NOCOPY = 19372,
	WT_OPT_CUSTOM_BYTES_NOCOPY = 19373,

	WT_OPT_SHB_HARDWARE = 2,
	WT_OPT_SHB_OS = 3,
	WT_OPT_SHB_USERAPPL = 4,

	WT_OPT_IF_NAME = 2,
	WT_OPT_IF_DESCRIPTION = 3,
	WT_OPT_IF_IPV4ADDR = 4,
	WT_OPT_IF_IPV6ADDR = 5,
	WT_OPT_IF_MACADDR = 6,
	WT_OPT_IF_EUIADDR = 7,
	WT_OPT_IF_SPEED = 8,
	WT_OPT_IF_TSRESOL = 9, /* one byte: 10^-n, or 2^-n with the top bit set; absent: 6 */
	WT_OPT_IF_TZONE = 10,
	WT_OPT_IF_FILTER = 11, /* first byte 0: the rest is a libpcap filter string */
	WT_OPT_IF_OS = 12,
	WT_OPT_IF_FCSLEN = 13,
	WT_OPT_IF_TSOFFSET = 14, /* signed seconds to add to every stamp */
	WT_OPT_IF_HARDWARE = 15,
	WT_OPT_IF_TXSPEED = 16,
	WT_OPT_IF_RXSPEED = 17,
	WT_OPT_IF_TZNAME = 18, /* if_iana_tzname */

	WT_OPT_EPB_FLAGS = 2, /* wt_frame.link_flags */
	WT_OPT_EPB_HASH = 3,
	WT_OPT_EPB_DROPCOUNT =
	        4, /* 64 bit: packets lost between the previous packet and this one */
	WT_OPT_EPB_PACKETID = 5,
	WT_OPT_EPB_QUEUE = 6,
	WT_OPT_EPB_VERDICT = 7, /* first byte: its kind; for the kernel's, 64 bits follow */
	WT_OPT_EPB_PROCESS = 8, /* epb_processid_threadid: two numbers of 32 bits */

	WT_OPT_NS_DNSNAME = 2,
	WT_OPT_NS_DNSIP4ADDR = 3,
	WT_OPT_NS_DNSIP6ADDR = 4,

	WT_OPT_ISB_STARTTIME = 2, /* high 32 bits first, like the stamps of packets */
	WT_OPT_ISB_ENDTIME = 3,
	WT_OPT_ISB_IFRECV = 4,
	WT_OPT_ISB_IFDROP = 5,
	WT_OPT_ISB_FILTERACCEPT = 6,
	WT_OPT_ISB_OSDROP = 7,
	WT_OPT_ISB_USRDELIV = 8,
};
#define WT_OPT_LOCAL 0x8000u /* set in codes for local use */

/* wiretape's own options (docs/format.md); other readers skip them. */
enum wt_pcapng_local_option {
	/* In an ISB: the ledger of one interface. Text lines "name=count\n" in this
	 * order: seen, written, then lost.<cause>, excluded.<why>, stamps.<source>. */
	WT_OPT_LOCAL_LEDGER = WT_OPT_LOCAL | 1,
	/* In an ISB: the NIC's counts over the recording. Text lines "name=count\n". */
	WT_OPT_LOCAL_NIC = WT_OPT_LOCAL | 2,
	/* In an ISB: a named degraded state, one option each. Text. */
	WT_OPT_LOCAL_DEGRADED = WT_OPT_LOCAL | 3,
	/* In an IDB: how packets were read. Text, "name=value" between spaces; "offloads" is the
	 * last and takes the rest of the line. */
	WT_OPT_LOCAL_READER = WT_OPT_LOCAL | 4,
	/* In an SHB: how the file is laid out (chunk.h). Text, "name=value" between spaces:
	 * tape_id (16 hexadecimal digits), file (its number in the recording, from 1), format of
	 * the chunks, recording. */
	WT_OPT_LOCAL_TAPE = WT_OPT_LOCAL | 5,
	/* In an EPB: filler up to the next one. Any bytes. */
	WT_OPT_LOCAL_FILL = WT_OPT_LOCAL | 6,
	/* In an EPB: the origin of its stamp, in binary (below). */
	WT_OPT_LOCAL_STAMP = WT_OPT_LOCAL | 7,
	/* In an IDB: the clock of its stamps, and how they are taken. Text, "name=value" between
	 * spaces (interface_clock.h). */
	WT_OPT_LOCAL_CLOCK = WT_OPT_LOCAL | 8,
};

/* Value of WT_OPT_LOCAL_STAMP: a word; then, by its flags, a map and the stamp as given, and the
 * kernel's stamp. */
#define WT_STAMP_WORD_SOURCE   0x000000FFu /* enum wt_stamp_source */
#define WT_STAMP_WORD_GIVEN    0x00000100u
#define WT_STAMP_WORD_SOFTWARE 0x00000200u
enum {
	WT_STAMP_OPTION_WORD_BYTES = 4,
	WT_STAMP_OPTION_GIVEN_BYTES = 4 + 8, /* number of the clock map; ns, signed */
	WT_STAMP_OPTION_SOFTWARE_BYTES = 8,  /* ns, signed */
};

/* The value as numbers. */
struct wt_stamp_mark {
	uint32_t bytes; /* of the option, its head included; 0: absent */
	uint32_t word;
	uint32_t map;
	int64_t given_ns;
	int64_t software_ns;
};

/* Opens every block; the length covers the whole block and is repeated at its end. */
struct wt_pcapng_block {
	uint32_t type;
	uint32_t total_length; /* a multiple of 4, at least 12 */
};

struct wt_pcapng_shb {
	uint32_t type;
	uint32_t total_length;
	uint32_t magic;
	uint16_t major;
	uint16_t minor;
	uint64_t section_length;
	/* options, total_length */
} __attribute__((packed));

struct wt_pcapng_idb {
	uint32_t type;
	uint32_t total_length;
	uint16_t link_type;
	uint16_t reserved;
	uint32_t snaplen; /* 0: no limit */
	                  /* options, total_length */
};

struct wt_pcapng_epb {
	uint32_t type;
	uint32_t total_length;
	uint32_t interface_id;
	uint32_t stamp_high; /* in units of if_tsresol */
	uint32_t stamp_low;
	uint32_t caplen;
	uint32_t len;
	/* data padded to 4, options, total_length */
};

struct wt_pcapng_spb {
	uint32_t type;
	uint32_t total_length;
	uint32_t len; /* caplen is the smaller of this and interface 0's snaplen */
	              /* data padded to 4, total_length */
};

struct wt_pcapng_packet {
	uint32_t type;
	uint32_t total_length;
	uint16_t interface_id;
	uint16_t drops; /* 0xffff: unknown */
	uint32_t stamp_high;
	uint32_t stamp_low;
	uint32_t caplen;
	uint32_t len;
	/* data padded to 4, options, total_length */
};

struct wt_pcapng_isb {
	uint32_t type;
	uint32_t total_length;
	uint32_t interface_id;
	uint32_t stamp_high;
	uint32_t stamp_low;
	/* options, total_length */
};

struct wt_pcapng_option {
	uint16_t code;
	uint16_t length; /* of the value, without its padding to 4 */
};

WT_ASSERT_OFFSET(wt_pcapng_shb, magic, 8);
WT_ASSERT_OFFSET(wt_pcapng_shb, section_length, 16);
WT_ASSERT_OFFSET(wt_pcapng_idb, snaplen, 12);
WT_ASSERT_OFFSET(wt_pcapng_epb, interface_id, 8);
WT_ASSERT_OFFSET(wt_pcapng_epb, stamp_high, 12);
WT_ASSERT_OFFSET(wt_pcapng_epb, caplen, 20);
WT_ASSERT_OFFSET(wt_pcapng_epb, len, 24);
WT_ASSERT_OFFSET(wt_pcapng_spb, len, 8);
WT_ASSERT_OFFSET(wt_pcapng_packet, drops, 10);
WT_ASSERT_OFFSET(wt_pcapng_packet, caplen, 20);
WT_ASSERT_OFFSET(wt_pcapng_isb, stamp_high, 12);
_Static_assert(sizeof(struct wt_pcapng_shb) == 24, "SHB without options");
_Static_assert(sizeof(struct wt_pcapng_idb) == 16, "IDB without options");
_Static_assert(sizeof(struct wt_pcapng_epb) == 28, "EPB without data");
_Static_assert(sizeof(struct wt_pcapng_isb) == 20, "ISB without options");

/* Limit for blocks that must be read whole: longer ones are refused, as in Wireshark. */
#define WT_PCAPNG_MAX_BLOCK_BYTES (128u * 1024 * 1024)

static inline uint32_t wt_pcapng_pad4(uint32_t bytes)
{
	return (bytes + 3u) & ~3u;
}

#endif
