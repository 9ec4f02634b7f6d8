/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_DECODE_H
#define WIRETAPE_PCAPNG_PCAPNG_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/frame.h>
#include <wiretape/pcapng/pcapng_format.h>

/* Decoder from pcapng bytes to items, one per block, from any writer: both byte orders, several
 * sections and interfaces, every packet block of the format, any resolution. Pure: no I/O, no
 * clock. Bytes are not trusted: anything that leads outside a block is an error that names the
 * block, its offset and the field.
 *
 * A decoder belongs to one thread at a time. Views in an item point into the bytes given to
 * wt_pcapng_decode() and live as long as those. */

/* Text in a file: not terminated, any bytes. chars is NULL if it is absent. */
struct wt_pcapng_item_text {
	const char *chars;
	size_t length; /* up to the first NUL, if there is one */
};

struct wt_pcapng_item_number {
	uint64_t value;
	bool present;
};

struct wt_pcapng_item_stamp {
	int64_t ns; /* since the epoch, if_tsoffset included */
	bool present;
};

/* Cursor over a block's options. Copy it to walk them again. */
struct wt_pcapng_options {
	const uint8_t *bytes; /* bytes left */
	size_t length;
	uint64_t offset; /* offset of `bytes` in the file */
	bool swapped;    /* numbers are in the other byte order */
};

struct wt_pcapng_option_view {
	const uint8_t *value;
	uint16_t code;
	uint16_t length;
	bool swapped;
};

enum wt_pcapng_item_kind {
	WT_ITEM_SECTION,
	WT_ITEM_INTERFACE,
	WT_ITEM_PACKET,
	WT_ITEM_STATISTICS,
	WT_ITEM_OTHER, /* see block_type and body; the decoder does not look inside */
	/* An entire section of an unknown version: passed_bytes. Only the versions and
	 * declared_bytes of item.section are set. */
	WT_ITEM_UNKNOWN_SECTION,
};

struct wt_pcapng_item_section {
	uint64_t declared_bytes; /* section length, WT_PCAPNG_LENGTH_UNKNOWN if absent */
	struct wt_pcapng_item_text hardware, os, application, comment;
	struct wt_pcapng_item_text tape; /* WT_OPT_LOCAL_TAPE */
	uint16_t major, minor;
	bool big_endian;
};

struct wt_pcapng_item_interface {
	uint32_t id;        /* its number in the section, from 0 */
	uint16_t link_type; /* LINKTYPE_*, not libpcap's DLT_* */
	uint8_t tsresol;    /* as in if_tsresol */
	bool has_mac;
	bool has_fcs;      /* the file gives the length of check sequences */
	uint8_t fcs_bytes; /* that length */
	uint8_t mac[6];
	uint32_t snaplen; /* 0: no limit */
	int64_t tsoffset_s;
	struct wt_pcapng_item_number speed_bps;
	struct wt_pcapng_item_text name, description, filter, os, hardware, comment;
	struct wt_pcapng_item_text reader; /* WT_OPT_LOCAL_READER */
	struct wt_pcapng_item_text clock;  /* WT_OPT_LOCAL_CLOCK */
};

/* frame.stamp_source is known only from WT_OPT_LOCAL_STAMP: then frame.notes has WT_FRAME_SOURCE,
 * and WT_FRAME_GIVEN or WT_FRAME_BOTH if there is more; else both are 0.
 *
 * The length on the wire is the file's. If more was captured, frame.caplen is that length, so that
 * the frame's invariant holds, and the excess follows it. */
struct wt_pcapng_item_packet {
	struct wt_frame frame;
	uint64_t stamp_units; /* as in the file, in units of the interface's resolution */
	uint32_t interface_id;
	uint32_t snaplen;      /* the interface's */
	uint32_t excess_bytes; /* at frame.data + frame.caplen, beyond the length on the wire */
	uint16_t link_type;    /* the interface's */
	uint8_t fcs_bytes;     /* trailing bytes of frame.len that are a check sequence, captured or
	                          not; at most frame.len */
	bool has_stamp;        /* Simple Packet Blocks have none; then stamp_ns is 0 */
	bool stamp_saturated;  /* the true stamp does not fit: stamp_ns is INT64_MIN or INT64_MAX */
	bool has_flags;
	bool has_dropped; /* dropped_before is from the file, even if 0 */
};

/* Length on the wire, and the captured part of it, without the frame check sequence. */
static inline uint32_t wt_pcapng_len_without_fcs(const struct wt_pcapng_item_packet *packet)
{
	return packet->frame.len - packet->fcs_bytes;
}

static inline uint32_t wt_pcapng_caplen_without_fcs(const struct wt_pcapng_item_packet *packet)
{
	uint32_t len = wt_pcapng_len_without_fcs(packet);

	return packet->frame.caplen < len ? packet->frame.caplen : len;
}

struct wt_pcapng_item_statistics {
	uint32_t interface_id;
	bool interface_known; /* if not, its resolution is unknown and stamps are absent */
	struct wt_pcapng_item_stamp stamp, start, end;
	struct wt_pcapng_item_number ifrecv, ifdrop, filteraccept, osdrop, usrdeliv;
	struct wt_pcapng_item_text ledger; /* WT_OPT_LOCAL_LEDGER */
	struct wt_pcapng_item_text nic;    /* WT_OPT_LOCAL_NIC */
	struct wt_pcapng_item_text comment;
	/* WT_OPT_LOCAL_DEGRADED may be repeated: walk the item's options */
};

struct wt_pcapng_item {
	enum wt_pcapng_item_kind kind;
	uint32_t block_type;
	uint64_t offset;                  /* offset of the block in the file */
	uint64_t passed_bytes;            /* bytes of it, before `bytes`, that were skipped */
	size_t bytes;                     /* up to the next block */
	struct wt_pcapng_options options; /* empty for WT_ITEM_OTHER */
	const uint8_t *body; /* WT_ITEM_OTHER: between the two lengths; if passed_bytes, at most its
	                        first WT_PCAPNG_HEAD_BYTES */
	size_t body_bytes;
	union {
		struct wt_pcapng_item_section section;
		struct wt_pcapng_item_interface interface;
		struct wt_pcapng_item_packet packet;
		struct wt_pcapng_item_statistics statistics;
	};
};

/* Limit of interfaces in a section: beyond it a file is refused. */
#define WT_PCAPNG_MAX_INTERFACES 65536u

struct wt_pcapng_interface_state;

enum {
	WT_PCAPNG_OTHER_BYTES = 1 << 20, /* default of other_bytes_max */
	WT_PCAPNG_HEAD_BYTES = 256,
};

/* A block or section being skipped. */
struct wt_pcapng_passing {
	uint64_t bytes; /* bytes of it, without its second length; 0: nothing is skipped */
	uint32_t type;
	uint32_t total_length;
	uint16_t major, minor; /* for a section */
	uint64_t declared_bytes;
	size_t head_bytes;
	uint8_t head[WT_PCAPNG_HEAD_BYTES]; /* of the block's body */
};

/* The first five members are public; `pass` is counted down and other_bytes_max set by the caller
 * of wt_pcapng_decode(); the rest is the decoder's. */
struct wt_pcapng_decoder {
	size_t need;       /* after 0: bytes needed for the next item; 0 at the end */
	uint64_t pass;     /* after 0: this many bytes from here on are not needed */
	uint64_t offset;   /* of the next block in the file */
	uint64_t packets;  /* items of that kind so far */
	uint64_t sections; /* likewise */

	/* Limit for blocks of WT_ITEM_OTHER: longer ones that are incomplete when
	 * wt_pcapng_decode() is called are skipped. */
	size_t other_bytes_max;
	struct wt_pcapng_passing passing;
	bool in_section;                              /* if not, a section header must follow */
	struct wt_pcapng_interface_state *interfaces; /* this section's, on the heap */
	uint32_t interface_count;
	uint32_t interface_room;
	bool swapped;
};

/* Initialise in the caller's memory. Nothing is allocated before the first interface. */
void wt_pcapng_decoder_init(struct wt_pcapng_decoder *decoder);

/* NULL and a decoder that was only initialised are fine. */
void wt_pcapng_decoder_fini(struct wt_pcapng_decoder *decoder);

/* Decode the block at the start of `bytes`, which are those at decoder->offset. `at_end` means that
 * no more will follow. Does not block; may allocate.
 *
 *  1: *item; the next block starts item->bytes further on.
 *  0: the next decoder->pass bytes, if not 0, are not needed: call again with the bytes after
 *     them, having subtracted from decoder->pass the bytes skipped. Else decoder->need bytes are
 *     needed for the next item, or, if that is 0 too, the file has ended between two blocks.
 *  -ENODATA: the file ends in the middle of a block. The items before are good,
 *     and decoding may go on if the file grows after all.
 *  -EBADMSG: the block is broken. -ENOTSUP: a section of a version other than 1.0
 *     (or 1.2, which is read as 1.0) without a length.
 *  -ENOMEM. After these three the decoder stays where it was. */
int wt_pcapng_decode(struct wt_pcapng_decoder *decoder, const uint8_t *bytes, size_t length,
                     bool at_end, struct wt_pcapng_item *item, struct wt_error *err);

/* Decode packets at the start of `bytes`, which are those at decoder->offset: as many as there are,
 * up to `max`, complete, of one interface, in Enhanced Packet Blocks in host byte order. The
 * results equal those of wt_pcapng_decode(). Returns their number, *interface_id and the bytes they
 * take; 0 if the next block is anything else, incomplete or broken: wt_pcapng_decode() tells which.
 * Never allocates. */
size_t wt_pcapng_decode_packets(struct wt_pcapng_decoder *decoder, const uint8_t *bytes,
                                size_t length, struct wt_frame *frames, size_t max,
                                uint32_t *interface_id, size_t *used);

/* The next option: 1 and *option, 0 at the end of the list (with or without opt_endofopt), -EBADMSG
 * if one leads outside the block. wt_pcapng_decode() has walked the list before: an item's options
 * never return -EBADMSG. */
int wt_pcapng_next_option(struct wt_pcapng_options *options, struct wt_pcapng_option_view *option,
                          struct wt_error *err);

/* Read an option's number of `length` 4 or 8; false if the option has another length. */
bool wt_pcapng_option_u32(const struct wt_pcapng_option_view *option, uint32_t *value);
bool wt_pcapng_option_u64(const struct wt_pcapng_option_view *option, uint64_t *value);

/* Read an option's text. */
struct wt_pcapng_item_text wt_pcapng_option_text(const struct wt_pcapng_option_view *option);

/* Name a block type: "Enhanced Packet Block", "index block (wiretape)"; "local block" or "unknown
 * block" for others. Static. */
const char *wt_pcapng_block_name(uint32_t block_type);

/* Convert units of if_tsresol `tsresol` (any of the 256: 10^-n or 2^-n) to ns, rounded down, plus
 * whole seconds. 0, or -ERANGE if *ns is saturated. */
int wt_pcapng_stamp_to_ns(uint64_t units, uint8_t tsresol, int64_t offset_s, int64_t *ns);

#endif
