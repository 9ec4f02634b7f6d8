/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/pcapng_copy.h>

#include <errno.h>
#include <string.h>

#include <wiretape/writer/pcapng_store.h>

enum {
	OPTION_HEAD_BYTES = sizeof(struct wt_pcapng_option),
	LENGTH_BYTES = 4,
	/* Fixed fields, those of ours of an interface or epb_dropcount, opt_endofopt, the length
	 * again. */
	OVERHEAD_BYTES = 28 + 8 + 12 + 8 + 4 + 4,
};

/* What becomes of an option: bytes stay as they are, numbers are turned round where the
 * byte order differs, and so is what WT_OPT_LOCAL_STAMP consists of. */
enum treatment { DROP, BYTES, NUMBER, STAMP };

struct rule {
	uint16_t code;
	uint8_t treatment;
};

/* Those beyond WT_OPT_IF_*: an EUI-64 address, a time zone, the length of the check
 * sequence, two speeds. The stamps' resolution and offset are written in any case. */
static const struct rule interface_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {WT_OPT_IF_NAME, BYTES},
        {WT_OPT_IF_DESCRIPTION, BYTES},
        {WT_OPT_IF_IPV4ADDR, BYTES},
        {WT_OPT_IF_IPV6ADDR, BYTES},
        {WT_OPT_IF_MACADDR, BYTES},
        {7, BYTES},
        {WT_OPT_IF_SPEED, NUMBER},
        {WT_OPT_IF_TSRESOL, DROP},
        {10, NUMBER},
        {WT_OPT_IF_FILTER, BYTES},
        {WT_OPT_IF_OS, BYTES},
        {WT_OPT_IF_FCSLEN, BYTES},
        {WT_OPT_IF_TSOFFSET, DROP},
        {WT_OPT_IF_HARDWARE, BYTES},
        {16, NUMBER},
        {17, NUMBER},
        {WT_OPT_LOCAL_READER, BYTES},
        {WT_OPT_LOCAL_CLOCK, BYTES},
        {0, DROP},
};

static const struct rule enhanced_rules[] = {
        {WT_OPT_COMMENT, BYTES},        {WT_OPT_EPB_FLAGS, NUMBER},    {WT_OPT_EPB_HASH, BYTES},
        {WT_OPT_EPB_DROPCOUNT, NUMBER}, {WT_OPT_EPB_PACKETID, NUMBER}, {WT_OPT_EPB_QUEUE, NUMBER},
        {WT_OPT_LOCAL_FILL, DROP},      {WT_OPT_LOCAL_STAMP, STAMP},   {0, DROP},
};

/* The obsolete block's: what else it has means something else here. */
static const struct rule obsolete_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {WT_OPT_EPB_FLAGS, NUMBER},
        {WT_OPT_EPB_HASH, BYTES},
        {0, DROP},
};

/* Custom options that are not to be copied, by the draft. */
enum { CUSTOM_TEXT_NOCOPY = 19372, CUSTOM_BYTES_NOCOPY = 19373 };

struct builder {
	uint8_t *out;
	size_t capacity;
	size_t used;
	bool full;
};

static void put(struct builder *b, const void *bytes, size_t length)
{
	if (b->full || b->capacity - b->used < length) {
		b->full = true;
		return;
	}
	if (length)
		memcpy(b->out + b->used, bytes, length);
	b->used += length;
}

static void put_padded(struct builder *b, const void *bytes, size_t length)
{
	put(b, bytes, length);
	put(b, "\0\0\0", -length & 3);
}

static void put_option(struct builder *b, uint16_t code, const void *value, uint16_t length)
{
	const struct wt_pcapng_option head = {code, length};

	put(b, &head, sizeof(head));
	put_padded(b, value, length);
}

/* A number of any width in the other byte order. */
static void put_turned(struct builder *b, const struct wt_pcapng_option_view *option)
{
	uint8_t turned[8];

	if (option->length != 4 && option->length != 8)
		return; /* and so as good as absent */
	for (size_t i = 0; i < option->length; i++)
		turned[i] = option->value[option->length - 1 - i];
	put_option(b, option->code, turned, option->length);
}

static enum treatment treatment_of(const struct rule *rules,
                                   const struct wt_pcapng_option_view *option)
{
	for (; rules->code; rules++)
		if (rules->code == option->code)
			return (enum treatment)rules->treatment;
	if (option->swapped || option->code == CUSTOM_TEXT_NOCOPY ||
	    option->code == CUSTOM_BYTES_NOCOPY)
		return DROP;
	return BYTES;
}

/* Of which the frame has the numbers: those of the last one, if there are several. */
static void put_stamp(struct builder *b, const struct wt_pcapng_option_view *option,
                      const struct wt_frame *frame)
{
	uint8_t bytes[sizeof(struct wt_pcapng_option) + WT_STAMP_OPTION_WORD_BYTES +
	              WT_STAMP_OPTION_GIVEN_BYTES + WT_STAMP_OPTION_SOFTWARE_BYTES];
	const struct wt_stamp_mark mark = wt_stamp_mark_of(frame);

	if (mark.bytes == option->length + sizeof(struct wt_pcapng_option))
		put(b, bytes, (size_t)(wt_store_stamp_mark(bytes, &mark) - bytes));
}

static void copy_options(struct builder *b, struct wt_pcapng_options options,
                         const struct rule *rules, bool known_only, const struct wt_frame *frame)
{
	struct wt_pcapng_option_view option;
	enum treatment treatment;

	while (wt_pcapng_next_option(&options, &option, NULL) > 0) {
		treatment = treatment_of(rules, &option);
		if (known_only && option.code > WT_OPT_EPB_HASH)
			treatment = DROP;
		if (treatment == NUMBER && option.swapped)
			put_turned(b, &option);
		else if (treatment == STAMP && option.swapped)
			put_stamp(b, &option, frame);
		else if (treatment != DROP)
			put_option(b, option.code, option.value, option.length);
	}
}

static ssize_t finish(struct builder *b, size_t options_at)
{
	uint32_t total;

	/* No end where there is no option. */
	if (b->used > options_at)
		put_option(b, WT_OPT_END, "", 0);
	total = (uint32_t)b->used + LENGTH_BYTES;
	put(b, &total, sizeof(total));
	if (b->full)
		return -ENOBUFS;
	memcpy(b->out + offsetof(struct wt_pcapng_block, total_length), &total, sizeof(total));
	return (ssize_t)total;
}

/* Of the packet in the file, also those beyond its length on the wire. */
static uint32_t recorded_bytes(const struct wt_pcapng_item_packet *packet)
{
	return packet->frame.caplen + packet->excess_bytes;
}

size_t wt_pcapng_copy_bound(const struct wt_pcapng_item *item)
{
	size_t bytes = item->kind == WT_ITEM_PACKET ? recorded_bytes(&item->packet) : 0;

	/* Options only get less, but for a list whose last one lacks its padding. */
	return OVERHEAD_BYTES + bytes + 3 + item->options.length + 3;
}

ssize_t wt_pcapng_copy_interface(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item)
{
	const struct wt_pcapng_idb head = {
	        .type = WT_PCAPNG_IDB,
	        .link_type = item->interface.link_type,
	        .snaplen = item->interface.snaplen,
	};
	struct builder b = {.out = out, .capacity = capacity};

	put(&b, &head, sizeof(head));
	put_option(&b, WT_OPT_IF_TSRESOL, &item->interface.tsresol, 1);
	if (item->interface.tsoffset_s)
		put_option(&b, WT_OPT_IF_TSOFFSET, &item->interface.tsoffset_s, 8);
	/* Of classic pcap, which has no options. In bytes, as others write and read it. */
	if (item->interface.has_fcs && !item->options.bytes)
		put_option(&b, WT_OPT_IF_FCSLEN, &item->interface.fcs_bytes, 1);
	copy_options(&b, item->options, interface_rules, false, NULL);
	return finish(&b, sizeof(head));
}

ssize_t wt_pcapng_copy_packet(uint8_t *out, size_t capacity, uint32_t interface_id,
                              const struct wt_pcapng_item *item)
{
	const struct wt_frame *frame = &item->packet.frame;
	const struct wt_pcapng_epb head = {
	        .type = WT_PCAPNG_EPB,
	        .interface_id = interface_id,
	        .stamp_high = (uint32_t)(item->packet.stamp_units >> 32),
	        .stamp_low = (uint32_t)item->packet.stamp_units,
	        .caplen = recorded_bytes(&item->packet),
	        .len = frame->len,
	};
	bool is_obsolete = item->block_type == WT_PCAPNG_PACKET;
	struct builder b = {.out = out, .capacity = capacity};
	size_t options_at;

	put(&b, &head, sizeof(head));
	put_padded(&b, frame->data, recorded_bytes(&item->packet));
	options_at = b.used;
	/* There the drops are a field, and not an option. */
	if (is_obsolete && frame->dropped_before)
		put_option(&b, WT_OPT_EPB_DROPCOUNT, &frame->dropped_before,
		           sizeof(frame->dropped_before));
	copy_options(&b, item->options, is_obsolete ? obsolete_rules : enhanced_rules, is_obsolete,
	             frame);
	return finish(&b, options_at);
}
