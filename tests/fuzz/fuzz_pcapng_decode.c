/* SPDX-License-Identifier: BSD-2-Clause */

/* Any bytes as a pcapng file: every item and option is walked and every view is
 * read, once with all bytes at hand and once in two pieces, where blocks may be
 * passed over, and both ways must find the same. What is quick has to be what is
 * slow. */

#include <stdlib.h>

#include <wiretape/pcapng/pcapng_decode.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct digest {
	uint64_t value;
	int last_rc;
};

static void mix(struct digest *digest, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length--)
		digest->value = (digest->value ^ *at++) * 0x100000001b3u;
}

static void mix_number(struct digest *digest, uint64_t number)
{
	mix(digest, &number, sizeof(number));
}

static void mix_text(struct digest *digest, struct wt_pcapng_item_text text)
{
	mix(digest, text.chars, text.length);
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void walk_options(struct digest *digest, struct wt_pcapng_options options)
{
	struct wt_pcapng_option_view option;
	uint64_t number = 0;
	uint32_t small = 0;
	int rc;

	while ((rc = wt_pcapng_next_option(&options, &option, NULL)) > 0) {
		mix(digest, option.value, option.length);
		mix_text(digest, wt_pcapng_option_text(&option));
		mix_number(digest, wt_pcapng_option_u32(&option, &small) + small);
		mix_number(digest, wt_pcapng_option_u64(&option, &number) + number);
	}
	require(rc == 0);
}

static void walk_item(struct digest *digest, const struct wt_pcapng_item *item)
{
	mix_number(digest, item->kind);
	mix_number(digest, item->offset);
	walk_options(digest, item->options);
	switch (item->kind) {
	case WT_ITEM_SECTION:
		mix_text(digest, item->section.hardware);
		mix_text(digest, item->section.os);
		mix_text(digest, item->section.application);
		mix_text(digest, item->section.comment);
		mix_text(digest, item->section.tape);
		break;
	case WT_ITEM_INTERFACE:
		mix_text(digest, item->interface.name);
		mix_text(digest, item->interface.description);
		mix_text(digest, item->interface.filter);
		mix_text(digest, item->interface.reader);
		break;
	case WT_ITEM_PACKET:
		require(item->packet.frame.caplen <= item->packet.frame.len);
		mix(digest, item->packet.frame.data, item->packet.frame.caplen);
		mix_number(digest, (uint64_t)item->packet.frame.stamp_ns);
		break;
	case WT_ITEM_STATISTICS:
		mix_text(digest, item->statistics.ledger);
		mix_text(digest, item->statistics.nic);
		mix_number(digest, (uint64_t)item->statistics.stamp.ns);
		break;
	case WT_ITEM_UNKNOWN_SECTION:
		mix_number(digest, item->passed_bytes);
		break;
	case WT_ITEM_OTHER:
		mix_number(digest, item->passed_bytes + item->bytes);
		/* One that was passed over has less of its body. */
		mix(&(struct digest){0}, item->body, item->body_bytes);
		break;
	}
}

/* Packets that are decoded together, and how far one by one has come to the same. */
struct quick {
	struct wt_frame frames[3];
	size_t count, seen;
	uint32_t interface_id;
	uint64_t end;
};

static void look_ahead(struct quick *quick, const struct wt_pcapng_decoder *decoder,
                       const uint8_t *data, size_t length)
{
	struct wt_pcapng_decoder copy = *decoder;
	size_t used;

	if (quick->seen < quick->count)
		return;
	quick->seen = 0;
	quick->count = wt_pcapng_decode_packets(&copy, data, length, quick->frames, 3,
	                                        &quick->interface_id, &used);
	quick->end = copy.offset;
	require(copy.packets == decoder->packets + quick->count);
	require(copy.offset == decoder->offset + used && used <= length);
}

static bool is_same(const struct wt_frame *a, const struct wt_frame *b)
{
	return a->data == b->data && a->stamp_ns == b->stamp_ns &&
	       a->dropped_before == b->dropped_before && a->caplen == b->caplen &&
	       a->len == b->len && a->link_flags == b->link_flags &&
	       a->stamp_source == b->stamp_source && a->notes == b->notes && a->map == b->map &&
	       a->given_ns == b->given_ns && a->software_ns == b->software_ns;
}

static void compare(struct quick *quick, int rc, const struct wt_pcapng_item *item,
                    const struct wt_pcapng_decoder *decoder)
{
	if (quick->seen == quick->count)
		return;
	require(rc == 1 && item->kind == WT_ITEM_PACKET);
	require(item->packet.interface_id == quick->interface_id);
	require(is_same(&item->packet.frame, &quick->frames[quick->seen++]));
	require(quick->seen < quick->count || quick->end == decoder->offset);
}

/* As a reader would that got `first` bytes from one read and the rest from the next. */
static struct digest decode(const uint8_t *data, size_t size, size_t first)
{
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	struct wt_error err;
	struct digest digest = {.value = 0xcbf29ce484222325u};
	struct quick quick = {.count = 0};
	size_t at = 0, there = first;

	wt_pcapng_decoder_init(&decoder);
	decoder.other_bytes_max = size % 256;
	for (;;) {
		look_ahead(&quick, &decoder, data + at, there - at);
		digest.last_rc = wt_pcapng_decode(&decoder, data + at, there - at, there == size,
		                                  &item, &err);
		compare(&quick, digest.last_rc, &item, &decoder);
		if (digest.last_rc == 0 && decoder.pass) {
			size_t step;

			there = decoder.pass > there - at ? size : there;
			step = decoder.pass < there - at ? decoder.pass : there - at;
			at += step;
			decoder.pass -= step;
			continue;
		}
		if (digest.last_rc == 0 && there < size) {
			require(decoder.need > there - at);
			there = size;
			continue;
		}
		if (digest.last_rc != 1)
			break;
		require(item.passed_bytes + item.bytes >= 12 && item.bytes <= there - at);
		walk_item(&digest, &item);
		at += item.bytes;
		require(decoder.offset == at);
	}
	wt_pcapng_decoder_fini(&decoder);
	return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest whole = decode(data, size, size);
	struct digest split;
	struct digest where = {0};

	mix(&where, data, size);
	split = decode(data, size, size ? where.value % size : 0);
	require(whole.value == split.value && whole.last_rc == split.last_rc);
	return 0;
}
