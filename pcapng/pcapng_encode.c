/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/pcapng_encode.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_format.h>
#include <wiretape/pcapng/pcapng_store.h>

/* A block under construction. After an overflow nothing more goes in and finishing returns
 * -ENOBUFS, so that the options need no checks of their own. */
struct builder {
	uint8_t *out;
	size_t capacity;
	size_t used;
	bool full;
};

static void *take(struct builder *b, size_t bytes)
{
	uint8_t *at = b->out + b->used;

	if (b->full || b->capacity - b->used < bytes) {
		b->full = true;
		return NULL;
	}
	b->used += bytes;
	return at;
}

static void put_option(struct builder *b, uint16_t code, const void *value, size_t length)
{
	uint16_t cut = length > UINT16_MAX ? UINT16_MAX : (uint16_t)length;
	struct wt_pcapng_option head = {code, cut};
	uint32_t padded = wt_pcapng_pad4(cut);
	uint8_t *at = take(b, sizeof(head) + padded);

	if (!at)
		return;
	memcpy(at, &head, sizeof(head));
	memset(at + sizeof(head) + cut, 0, padded - cut);
	memcpy(at + sizeof(head), value, cut);
}

static void put_string(struct builder *b, uint16_t code, const char *text)
{
	if (text && *text)
		put_option(b, code, text, strlen(text));
}

static void put_u64(struct builder *b, uint16_t code, uint64_t value)
{
	put_option(b, code, &value, sizeof(value));
}

/* Times in options: the high word first, whatever the byte order. */
static void put_time(struct builder *b, uint16_t code, int64_t ns)
{
	uint32_t words[2] = {(uint32_t)((uint64_t)ns >> 32), (uint32_t)ns};

	put_option(b, code, words, sizeof(words));
}

static ssize_t finish(struct builder *b)
{
	uint32_t total;

	put_option(b, WT_OPT_END, "", 0);
	total = (uint32_t)b->used + 4;
	if (!take(b, sizeof(total)))
		return -ENOBUFS;
	memcpy(b->out + offsetof(struct wt_pcapng_block, total_length), &total, sizeof(total));
	memcpy(b->out + total - sizeof(total), &total, sizeof(total));
	return (ssize_t)total;
}

ssize_t wt_pcapng_encode_section(uint8_t *out, size_t capacity,
                                 const struct wt_pcapng_section *section)
{
	const struct wt_pcapng_shb head = {
	        .type = WT_PCAPNG_SHB,
	        .magic = WT_PCAPNG_MAGIC,
	        .major = WT_PCAPNG_MAJOR,
	        .minor = WT_PCAPNG_MINOR,
	        .section_length = WT_PCAPNG_LENGTH_UNKNOWN,
	};
	struct builder b = {.out = out, .capacity = capacity};
	void *at = take(&b, sizeof(head));

	assert((uintptr_t)out % 4 == 0);
	if (at)
		memcpy(at, &head, sizeof(head));
	put_string(&b, WT_OPT_SHB_HARDWARE, section->hardware);
	put_string(&b, WT_OPT_SHB_OS, section->os);
	put_string(&b, WT_OPT_SHB_USERAPPL, section->application);
	put_string(&b, WT_OPT_COMMENT, section->comment);
	put_string(&b, WT_OPT_LOCAL_TAPE, section->tape);
	return finish(&b);
}

static void put_filter(struct builder *b, const char *filter)
{
	uint8_t value[UINT16_MAX];
	size_t length;

	if (!filter || !*filter)
		return;
	length = strlen(filter);
	if (length > sizeof(value) - 1)
		length = sizeof(value) - 1;
	value[0] = 0; /* what follows is a libpcap filter string */
	memcpy(value + 1, filter, length);
	put_option(b, WT_OPT_IF_FILTER, value, length + 1);
}

ssize_t wt_pcapng_encode_interface(uint8_t *out, size_t capacity,
                                   const struct wt_pcapng_interface *interface)
{
	static const uint8_t nanoseconds = 9;
	const struct wt_pcapng_idb head = {
	        .type = WT_PCAPNG_IDB,
	        .link_type = interface->link_type,
	        .snaplen = interface->snaplen,
	};
	struct builder b = {.out = out, .capacity = capacity};
	void *at = take(&b, sizeof(head));

	assert((uintptr_t)out % 4 == 0);
	if (at)
		memcpy(at, &head, sizeof(head));
	put_string(&b, WT_OPT_IF_NAME, interface->name);
	put_string(&b, WT_OPT_IF_DESCRIPTION, interface->description);
	if (interface->has_mac)
		put_option(&b, WT_OPT_IF_MACADDR, interface->mac, sizeof(interface->mac));
	if (interface->speed_bps)
		put_u64(&b, WT_OPT_IF_SPEED, interface->speed_bps);
	put_option(&b, WT_OPT_IF_TSRESOL, &nanoseconds, 1);
	put_filter(&b, interface->filter);
	put_string(&b, WT_OPT_IF_OS, interface->os);
	put_string(&b, WT_OPT_IF_HARDWARE, interface->hardware);
	put_string(&b, WT_OPT_COMMENT, interface->comment);
	put_string(&b, WT_OPT_LOCAL_READER, interface->reader);
	put_string(&b, WT_OPT_LOCAL_CLOCK, interface->clock);
	return finish(&b);
}

ssize_t wt_pcapng_encode_statistics(uint8_t *out, size_t capacity,
                                    const struct wt_pcapng_statistics *statistics)
{
	const struct wt_pcapng_isb head = {
	        .type = WT_PCAPNG_ISB,
	        .interface_id = statistics->interface_id,
	        .stamp_high = (uint32_t)((uint64_t)statistics->stamp_ns >> 32),
	        .stamp_low = (uint32_t)statistics->stamp_ns,
	};
	struct builder b = {.out = out, .capacity = capacity};
	void *at = take(&b, sizeof(head));

	assert((uintptr_t)out % 4 == 0);
	if (at)
		memcpy(at, &head, sizeof(head));
	put_time(&b, WT_OPT_ISB_STARTTIME, statistics->start_ns);
	put_time(&b, WT_OPT_ISB_ENDTIME, statistics->end_ns);
	put_u64(&b, WT_OPT_ISB_IFRECV, statistics->received);
	put_u64(&b, WT_OPT_ISB_IFDROP, statistics->if_dropped);
	put_u64(&b, WT_OPT_ISB_FILTERACCEPT, statistics->accepted);
	put_u64(&b, WT_OPT_ISB_OSDROP, statistics->os_dropped);
	put_u64(&b, WT_OPT_ISB_USRDELIV, statistics->delivered);
	put_string(&b, WT_OPT_COMMENT, statistics->comment);
	put_string(&b, WT_OPT_LOCAL_LEDGER, statistics->ledger);
	put_string(&b, WT_OPT_LOCAL_NIC, statistics->nic);
	for (const char *const *state = statistics->degraded; state && *state; state++)
		put_string(&b, WT_OPT_LOCAL_DEGRADED, *state);
	return finish(&b);
}

/* A call of memcpy() costs as much as copying a small frame. The last pieces overlap those before:
 * nothing past the frame is read. */
static inline void copy_frame(uint8_t *to, const uint8_t *from, size_t bytes)
{
	enum { PIECE = 16, TWO = 2 * PIECE, SMALL = 256 };

	if (bytes - TWO > SMALL - TWO) { /* less than two pieces, too */
		memcpy(to, from, bytes);
		return;
	}
	for (size_t at = 0; at + TWO < bytes; at += TWO) {
		memcpy(to + at, from + at, PIECE);
		memcpy(to + at + PIECE, from + at + PIECE, PIECE);
	}
	memcpy(to + bytes - TWO, from + bytes - TWO, PIECE);
	memcpy(to + bytes - PIECE, from + bytes - PIECE, PIECE);
}

/* Encode a frame, with the number of its queue, unless that is NULL. Returns the end. `out` has
 * room for the frame's bound. */
static inline __attribute__((always_inline)) uint8_t *encode(uint8_t *out, uint32_t interface_id,
                                                             const uint32_t *queue,
                                                             const struct wt_frame *frame,
                                                             const bool plain)
{
	const size_t caplen = frame->caplen, padded = (caplen + 3) & ~(size_t)3;
	const uint8_t *data = frame->data;
	const uint32_t flags = frame->link_flags;
	const uint32_t total = (uint32_t)padded + WT_EPB_HEAD_BYTES + WT_FLAGS_OPTION_BYTES +
	                       WT_EPB_END_BYTES + (plain ? 0 : wt_rare_option_bytes(frame)) +
	                       (queue ? WT_QUEUE_OPTION_BYTES : 0);
	uint8_t *at = out + WT_EPB_HEAD_BYTES;

	/* The last word first: the part that the data leaves over is the padding. Without data this
	 * is the length, which is written after it. */
	wt_store_u32(at + padded - 4, 0);
	wt_store_epb_head(out, interface_id, frame);
	wt_store_u32(out + WT_EPB_FIELD(total_length), total);
	copy_frame(at, data, caplen);
	at += padded;
	at = plain ? wt_store_epb_flags(at, flags) : wt_store_epb_options(at, frame);
	if (queue)
		at = wt_store_queue(at, *queue);
	wt_store_epb_end(at, total);
	return at + WT_EPB_END_BYTES;
}

static __attribute__((noinline)) uint8_t *encode_rare(uint8_t *out, uint32_t interface_id,
                                                      const uint32_t *queue,
                                                      const struct wt_frame *frame)
{
	return encode(out, interface_id, queue, frame, false);
}

/* One body, compiled twice: with a queue and without. */
static inline __attribute__((always_inline)) size_t
encode_frames(uint8_t *out, size_t capacity, uint32_t interface_id, const uint32_t *queue,
              const struct wt_frame *frames, size_t count, size_t *used)
{
	const uint8_t *const end = out + capacity;
	uint8_t *at = out;
	size_t done;

	assert((uintptr_t)out % 4 == 0);
	for (done = 0; done < count; done++) {
		const struct wt_frame *frame = &frames[done];
		const bool rare = wt_has_rare_options(frame);
		const size_t bound =
		        rare ? wt_pcapng_frame_bound(frame) : wt_pcapng_plain_bound(frame->caplen);

		if ((size_t)(end - at) < bound)
			break;
		at = rare ? encode_rare(at, interface_id, queue, frame)
		          : encode(at, interface_id, queue, frame, true);
	}
	*used = (size_t)(at - out);
	return done;
}

size_t wt_pcapng_encode_frames(uint8_t *out, size_t capacity, uint32_t interface_id,
                               const struct wt_frame *frames, size_t count, size_t *used)
{
	return encode_frames(out, capacity, interface_id, NULL, frames, count, used);
}

size_t wt_pcapng_encode_queue(uint8_t *out, size_t capacity, uint32_t interface_id, uint32_t queue,
                              const struct wt_frame *frames, size_t count, size_t *used)
{
	return encode_frames(out, capacity, interface_id, &queue, frames, count, used);
}

size_t wt_pcapng_whole_blocks(const uint8_t *bytes, size_t length, size_t limit, uint64_t *packets,
                              size_t interfaces)
{
	struct wt_pcapng_epb head;
	size_t at = 0;

	if (limit > length)
		limit = length;
	while (limit - at >= sizeof(struct wt_pcapng_block)) {
		memcpy(&head, bytes + at, sizeof(struct wt_pcapng_block));
		if (head.total_length < sizeof(struct wt_pcapng_block) ||
		    head.total_length > limit - at)
			break;
		if (packets && head.type == WT_PCAPNG_EPB) {
			memcpy(&head, bytes + at, sizeof(head));
			if (head.interface_id < interfaces)
				packets[head.interface_id]++;
		}
		at += head.total_length;
	}
	return at;
}
