/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_STORE_H
#define WIRETAPE_PCAPNG_PCAPNG_STORE_H

/* Stores shared by both encoders of packets. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <wiretape/frame.h>
#include <wiretape/pcapng/pcapng_format.h>

enum {
	WT_EPB_HEAD_BYTES = sizeof(struct wt_pcapng_epb),
	WT_DROP_OPTION_BYTES = 4 + 8,
	WT_FLAGS_OPTION_BYTES = 4 + 4,
	WT_QUEUE_OPTION_BYTES = 4 + 4,
	WT_EPB_END_BYTES = 4 + 4, /* opt_endofopt, total length */
};

/* Field by field, not by copying a struct: reading 16 bytes just written as four words stalls the
 * processor for longer than everything else takes. */
static inline void wt_store_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void wt_store_option_head(uint8_t *at, uint16_t code, uint16_t length)
{
	const uint16_t head[2] = {code, length};

	memcpy(at, head, sizeof(head));
}

#define WT_EPB_FIELD(field) offsetof(struct wt_pcapng_epb, field)

/* Write the block's head except its length, which one encoder learns later. */
static inline void wt_store_epb_head(uint8_t *out, uint32_t interface_id,
                                     const struct wt_frame *frame)
{
	wt_store_u32(out + WT_EPB_FIELD(type), WT_PCAPNG_EPB);
	wt_store_u32(out + WT_EPB_FIELD(interface_id), interface_id);
	wt_store_u32(out + WT_EPB_FIELD(stamp_high), (uint32_t)((uint64_t)frame->stamp_ns >> 32));
	wt_store_u32(out + WT_EPB_FIELD(stamp_low), (uint32_t)frame->stamp_ns);
	wt_store_u32(out + WT_EPB_FIELD(caplen), frame->caplen);
	wt_store_u32(out + WT_EPB_FIELD(len), frame->len);
}

/* Notes of a frame that add to its stamp's mark. */
#define WT_FRAME_STAMP_FLAGS (WT_FRAME_SOURCE | WT_FRAME_GIVEN | WT_FRAME_BOTH)

static inline bool wt_has_stamp_mark(const struct wt_frame *frame)
{
	return __builtin_expect(frame->notes & WT_FRAME_STAMP_FLAGS, 0);
}

/* Size of a frame's mark (WT_OPT_LOCAL_STAMP). */
static inline uint32_t wt_stamp_option_bytes(const struct wt_frame *frame)
{
	if (!wt_has_stamp_mark(frame))
		return 0;
	return (uint32_t)sizeof(struct wt_pcapng_option) + WT_STAMP_OPTION_WORD_BYTES +
	       (frame->notes & WT_FRAME_GIVEN ? WT_STAMP_OPTION_GIVEN_BYTES : 0) +
	       (frame->notes & WT_FRAME_BOTH ? WT_STAMP_OPTION_SOFTWARE_BYTES : 0);
}

/* Mark of a frame that has one. */
static inline struct wt_stamp_mark wt_stamp_mark_of(const struct wt_frame *frame)
{
	return (struct wt_stamp_mark){
	        .bytes = wt_stamp_option_bytes(frame),
	        .word = frame->stamp_source |
	                (frame->notes & WT_FRAME_GIVEN ? WT_STAMP_WORD_GIVEN : 0) |
	                (frame->notes & WT_FRAME_BOTH ? WT_STAMP_WORD_SOFTWARE : 0),
	        .map = frame->map,
	        .given_ns = frame->given_ns,
	        .software_ns = frame->software_ns,
	};
}

/* Write the option if there is a mark; returns the place after it. */
static inline uint8_t *wt_store_stamp_mark(uint8_t *at, const struct wt_stamp_mark *mark)
{
	wt_store_option_head(at, WT_OPT_LOCAL_STAMP,
	                     (uint16_t)(mark->bytes - sizeof(struct wt_pcapng_option)));
	at += sizeof(struct wt_pcapng_option);
	wt_store_u32(at, mark->word);
	at += WT_STAMP_OPTION_WORD_BYTES;
	if (mark->word & WT_STAMP_WORD_GIVEN) {
		wt_store_u32(at, mark->map);
		memcpy(at + 4, &mark->given_ns, sizeof(mark->given_ns));
		at += WT_STAMP_OPTION_GIVEN_BYTES;
	}
	if (mark->word & WT_STAMP_WORD_SOFTWARE) {
		memcpy(at, &mark->software_ns, sizeof(mark->software_ns));
		at += WT_STAMP_OPTION_SOFTWARE_BYTES;
	}
	return at;
}

/* Options besides the flags: few frames have any. */
static inline bool wt_has_rare_options(const struct wt_frame *frame)
{
	return __builtin_expect(
	        (frame->dropped_before | (frame->notes & WT_FRAME_STAMP_FLAGS)) != 0, 0);
}

static inline uint32_t wt_rare_option_bytes(const struct wt_frame *frame)
{
	return (frame->dropped_before ? WT_DROP_OPTION_BYTES : 0) + wt_stamp_option_bytes(frame);
}

/* Write epb_flags; returns the place after it. */
static inline uint8_t *wt_store_epb_flags(uint8_t *at, uint32_t flags)
{
	wt_store_option_head(at, WT_OPT_EPB_FLAGS, sizeof(flags));
	wt_store_u32(at + 4, flags);
	return at + WT_FLAGS_OPTION_BYTES;
}

/* Write all options of a frame: epb_dropcount, if there were drops, epb_flags, and the mark of its
 * stamp, if it has one; returns the place after them. */
static inline uint8_t *wt_store_epb_options(uint8_t *at, const struct wt_frame *frame)
{
	if (frame->dropped_before) {
		wt_store_option_head(at, WT_OPT_EPB_DROPCOUNT, sizeof(frame->dropped_before));
		memcpy(at + 4, &frame->dropped_before, sizeof(frame->dropped_before));
		at += WT_DROP_OPTION_BYTES;
	}
	at = wt_store_epb_flags(at, frame->link_flags);
	if (wt_has_stamp_mark(frame)) {
		const struct wt_stamp_mark mark = wt_stamp_mark_of(frame);

		at = wt_store_stamp_mark(at, &mark);
	}
	return at;
}

/* Write epb_queue; returns the place after it. */
static inline uint8_t *wt_store_queue(uint8_t *at, uint32_t queue)
{
	wt_store_option_head(at, WT_OPT_EPB_QUEUE, sizeof(queue));
	wt_store_u32(at + 4, queue);
	return at + WT_QUEUE_OPTION_BYTES;
}

/* Write the end of the options and of the block. */
static inline void wt_store_epb_end(uint8_t *at, uint32_t total)
{
	wt_store_option_head(at, WT_OPT_END, 0);
	wt_store_u32(at + 4, total);
}

#endif
