/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/pcapng_decode.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/text_block.h>

enum {
	BLOCK_HEAD_BYTES = sizeof(struct wt_pcapng_block),
	MIN_BLOCK_BYTES = 12,
	LENGTH_BYTES = 4,
	OPTION_HEAD_BYTES = sizeof(struct wt_pcapng_option),
	DEFAULT_TSRESOL = 6,
};
#define NS_PER_S 1000000000u

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

/* ns = units * multiplier / divisor, or units * multiplier >> shift. */
struct timing {
	uint64_t multiplier;
	uint64_t divisor; /* 0: the quotient is always 0 */
	uint8_t shift;
};

struct wt_pcapng_interface_state {
	struct timing timing;
	int64_t tsoffset_s;
	uint32_t snaplen;
	uint16_t link_type;
	uint8_t fcs_bytes;
};

/* A complete block whose two lengths agree. */
struct block {
	uint32_t type;
	uint32_t total_length; /* as written */
	uint64_t bytes;        /* rounded up to 4 */
	const uint8_t *body;
	size_t body_bytes; /* a multiple of 4 */
	uint64_t offset;
	bool swapped;
};

static uint16_t load16(const uint8_t *at, bool swapped)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap16(value) : value;
}

static uint32_t load32(const uint8_t *at, bool swapped)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap32(value) : value;
}

static uint64_t load64(const uint8_t *at, bool swapped)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return swapped ? __builtin_bswap64(value) : value;
}

/* Stamps are two numbers of 32 bits, the high one first in both byte orders. */
static uint64_t load_stamp(const uint8_t *at, bool swapped)
{
	return (uint64_t)load32(at, swapped) << 32 | load32(at + 4, swapped);
}

const char *wt_pcapng_block_name(uint32_t block_type)
{
	switch (block_type) {
	case WT_PCAPNG_SHB:
		return "Section Header Block";
	case WT_PCAPNG_IDB:
		return "Interface Description Block";
	case WT_PCAPNG_EPB:
		return "Enhanced Packet Block";
	case WT_PCAPNG_SPB:
		return "Simple Packet Block";
	case WT_PCAPNG_PACKET:
		return "Packet Block";
	case WT_PCAPNG_NAMES:
		return "Name Resolution Block";
	case WT_PCAPNG_ISB:
		return "Interface Statistics Block";
	case WT_PCAPNG_SECRETS:
		return "Decryption Secrets Block";
	case WT_PCAPNG_CUSTOM:
	case WT_PCAPNG_CUSTOM_NOCOPY:
		return "Custom Block";
	case WT_PCAPNG_INDEX:
		return "index block (wiretape)";
	case WT_PCAPNG_PADDING:
		return "padding block (wiretape)";
	case WT_PCAPNG_GAP:
		return "missing block (wiretape)";
	case WT_PCAPNG_CLOCK:
		return "clock block (wiretape)";
	case WT_PCAPNG_FEED:
		return "feed block (wiretape)";
	case WT_PCAPNG_NIC_LOOK:
		return "NIC look block (wiretape)";
	default:
		return block_type & WT_PCAPNG_LOCAL_BLOCK ? "local block" : "unknown block";
	}
}

/* Return -EBADMSG, with the block and its place in front of the fault. */
static int __attribute__((format(printf, 4, 5)))
broken(uint32_t type, uint64_t offset, struct wt_error *err, const char *format, ...)
{
	char what[256];
	va_list args;

	if (!err)
		return -EBADMSG;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return wt_error_set(err, -EBADMSG, "%s (type 0x%x) at offset %llu: %s",
	                    wt_pcapng_block_name(type), type, (unsigned long long)offset, what);
}

void wt_pcapng_decoder_init(struct wt_pcapng_decoder *decoder)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->other_bytes_max = WT_PCAPNG_OTHER_BYTES;
}

void wt_pcapng_decoder_fini(struct wt_pcapng_decoder *decoder)
{
	if (!decoder)
		return;
	free(decoder->interfaces);
	decoder->interfaces = NULL;
}

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

static struct timing timing_of(uint8_t tsresol)
{
	unsigned exponent = tsresol & 0x7f;

	if (tsresol & 0x80)
		return (struct timing){.multiplier = NS_PER_S, .divisor = 1, .shift = exponent};
	if (exponent <= 9)
		return (struct timing){.multiplier = power_of_ten(9 - exponent), .divisor = 1};
	/* 10^19 is the largest power in 64 bits; beyond it 2^64 units are less than 1 ns. */
	return (struct timing){
	        .multiplier = 1,
	        .divisor = exponent <= 28 ? power_of_ten(exponent - 9) : 0,
	};
}

/* No step overflows: 2^64 * 10^9 < 2^94, and the offset is below 2^93. */
static int to_ns(uint64_t units, const struct timing *timing, int64_t offset_s, int64_t *ns)
{
	u128 scaled = (u128)units * timing->multiplier >> timing->shift;
	i128 sum;

	/* A 128-bit division is slow, and 10^-9 and coarser do not need it. */
	if (timing->divisor != 1)
		scaled = timing->divisor ? scaled / timing->divisor : 0;
	sum = (i128)scaled + (i128)offset_s * NS_PER_S;
	if (sum > INT64_MAX || sum < INT64_MIN) {
		*ns = sum < 0 ? INT64_MIN : INT64_MAX;
		return -ERANGE;
	}
	*ns = (int64_t)sum;
	return 0;
}

int wt_pcapng_stamp_to_ns(uint64_t units, uint8_t tsresol, int64_t offset_s, int64_t *ns)
{
	struct timing timing = timing_of(tsresol);

	return to_ns(units, &timing, offset_s, ns);
}

int wt_pcapng_next_option(struct wt_pcapng_options *options, struct wt_pcapng_option_view *option,
                          struct wt_error *err)
{
	const uint8_t *at = options->bytes;
	size_t step;

	if (options->length < OPTION_HEAD_BYTES)
		return 0;
	option->code = load16(at, options->swapped);
	option->length = load16(at + 2, options->swapped);
	option->value = at + OPTION_HEAD_BYTES;
	option->swapped = options->swapped;
	if (option->code == WT_OPT_END) {
		options->length = 0;
		return 0;
	}
	if (option->length > options->length - OPTION_HEAD_BYTES)
		return wt_error_set(err, -EBADMSG,
		                    "option %u at offset %llu: its length %u is more than the %zu "
		                    "bytes that its block has left",
		                    option->code, (unsigned long long)options->offset,
		                    option->length, options->length - OPTION_HEAD_BYTES);
	step = OPTION_HEAD_BYTES + wt_pcapng_pad4(option->length);
	/* Only in a list whose length is not a multiple of 4, which no block has. */
	if (step > options->length)
		step = options->length;
	options->bytes += step;
	options->length -= step;
	options->offset += step;
	return 1;
}

bool wt_pcapng_option_u32(const struct wt_pcapng_option_view *option, uint32_t *value)
{
	if (option->length != 4)
		return false;
	*value = load32(option->value, option->swapped);
	return true;
}

bool wt_pcapng_option_u64(const struct wt_pcapng_option_view *option, uint64_t *value)
{
	if (option->length != 8)
		return false;
	*value = load64(option->value, option->swapped);
	return true;
}

struct wt_pcapng_item_text wt_pcapng_option_text(const struct wt_pcapng_option_view *option)
{
	const char *chars = (const char *)option->value;

	return (struct wt_pcapng_item_text){chars, strnlen(chars, option->length)};
}

static void take_text(struct wt_pcapng_item_text *text, const struct wt_pcapng_option_view *option)
{
	/* Keep the first of several comments. */
	if (!text->chars)
		*text = wt_pcapng_option_text(option);
}

static void take_number(struct wt_pcapng_item_number *number,
                        const struct wt_pcapng_option_view *option)
{
	if (wt_pcapng_option_u64(option, &number->value))
		number->present = true;
}

/* An option whose value has the wrong length counts as absent, as in other readers; the rest of the
 * block is still good. */
typedef void take_option(void *target, const struct wt_pcapng_option_view *option);

static int take_options(const struct block *block, size_t fixed_bytes, struct wt_pcapng_item *item,
                        take_option *take, void *target, struct wt_error *err)
{
	struct wt_pcapng_options walk = {
	        .bytes = block->body + fixed_bytes,
	        .length = block->body_bytes - fixed_bytes,
	        .offset = block->offset + BLOCK_HEAD_BYTES + fixed_bytes,
	        .swapped = block->swapped,
	};
	struct wt_pcapng_option_view option;
	struct wt_error why;
	int rc;

	item->options = walk;
	while ((rc = wt_pcapng_next_option(&walk, &option, &why)) > 0)
		take(target, &option);
	return rc < 0 ? broken(block->type, block->offset, err, "%s", why.text) : 0;
}

static int too_short(const struct block *block, size_t fixed_bytes, struct wt_error *err)
{
	return broken(block->type, block->offset, err,
	              "its length %u is too short: such a block has at least %zu bytes",
	              block->total_length, fixed_bytes + MIN_BLOCK_BYTES);
}

static void take_section_option(void *target, const struct wt_pcapng_option_view *option)
{
	struct wt_pcapng_item_section *section = target;

	switch (option->code) {
	case WT_OPT_COMMENT:
		take_text(&section->comment, option);
		break;
	case WT_OPT_SHB_HARDWARE:
		take_text(&section->hardware, option);
		break;
	case WT_OPT_SHB_OS:
		take_text(&section->os, option);
		break;
	case WT_OPT_SHB_USERAPPL:
		take_text(&section->application, option);
		break;
	case WT_OPT_LOCAL_TAPE:
		take_text(&section->tape, option);
		break;
	default:
		break;
	}
}

static int unknown_version(uint64_t offset, uint16_t major, uint16_t minor, const char *where,
                           struct wt_error *err)
{
	return wt_error_set(err, -ENOTSUP,
	                    "%s at offset %llu: it is pcapng version %u.%u, and only version %d.%d "
	                    "is known%s",
	                    wt_pcapng_block_name(WT_PCAPNG_SHB), (unsigned long long)offset, major,
	                    minor, WT_PCAPNG_MAJOR, WT_PCAPNG_MINOR, where);
}

/* Skip a section of an unknown version: only its end matters. */
static int pass_section(struct wt_pcapng_decoder *decoder, const struct block *block,
                        const struct wt_pcapng_item_section *section, struct wt_error *err)
{
	if (section->declared_bytes > INT64_MAX || section->declared_bytes % 4)
		return unknown_version(block->offset, section->major, section->minor,
		                       "; where it ends it does not say", err);
	decoder->pass = block->bytes + section->declared_bytes;
	decoder->passing = (struct wt_pcapng_passing){
	        .bytes = decoder->pass,
	        .type = block->type,
	        .major = section->major,
	        .minor = section->minor,
	        .declared_bytes = section->declared_bytes,
	};
	return 0;
}

static bool is_known_version(const struct wt_pcapng_item_section *section)
{
	return section->major == WT_PCAPNG_MAJOR &&
	       (section->minor == WT_PCAPNG_MINOR || section->minor == WT_PCAPNG_MINOR_ALIKE);
}

/* 1, or 0 with decoder->pass set. */
static int decode_section(struct wt_pcapng_decoder *decoder, const struct block *block,
                          struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_shb) - BLOCK_HEAD_BYTES };
	struct wt_pcapng_item_section section = {0};
	int rc;

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	section.major = load16(block->body + 4, block->swapped);
	section.minor = load16(block->body + 6, block->swapped);
	section.declared_bytes = load64(block->body + 8, block->swapped);
	section.big_endian = block->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	if (!is_known_version(&section))
		return pass_section(decoder, block, &section, err);
	rc = take_options(block, FIXED_BYTES, item, take_section_option, &section, err);
	if (rc)
		return rc;
	decoder->swapped = block->swapped;
	decoder->interface_count = 0;
	decoder->sections++;
	decoder->in_section = true;
	item->kind = WT_ITEM_SECTION;
	item->section = section;
	return 1;
}

static void take_filter(struct wt_pcapng_item_text *filter,
                        const struct wt_pcapng_option_view *option)
{
	/* The first byte is the kind; 0 is libpcap's text. */
	if (!filter->chars && option->length && option->value[0] == 0) {
		filter->chars = (const char *)option->value + 1;
		filter->length = strnlen(filter->chars, option->length - 1u);
	}
}

/* In bits by the draft, in bytes by its example; no check sequence has 8 bytes or more. */
static void take_fcs_length(struct wt_pcapng_item_interface *interface, uint8_t length)
{
	if (length >= 8 && length % 8)
		return;
	interface->has_fcs = true;
	interface->fcs_bytes = length >= 8 ? length / 8 : length;
}

static void take_interface_number(struct wt_pcapng_item_interface *interface,
                                  const struct wt_pcapng_option_view *option)
{
	uint64_t offset;

	switch (option->code) {
	case WT_OPT_IF_MACADDR:
		if (option->length != sizeof(interface->mac))
			break;
		memcpy(interface->mac, option->value, sizeof(interface->mac));
		interface->has_mac = true;
		break;
	case WT_OPT_IF_SPEED:
		take_number(&interface->speed_bps, option);
		break;
	case WT_OPT_IF_TSRESOL:
		if (option->length == 1)
			interface->tsresol = option->value[0];
		break;
	case WT_OPT_IF_FCSLEN:
		if (option->length == 1)
			take_fcs_length(interface, option->value[0]);
		break;
	case WT_OPT_IF_TSOFFSET:
		if (wt_pcapng_option_u64(option, &offset))
			interface->tsoffset_s = (int64_t)offset;
		break;
	default:
		break;
	}
}

static void take_interface_option(void *target, const struct wt_pcapng_option_view *option)
{
	struct wt_pcapng_item_interface *interface = target;

	switch (option->code) {
	case WT_OPT_COMMENT:
		take_text(&interface->comment, option);
		break;
	case WT_OPT_IF_NAME:
		take_text(&interface->name, option);
		break;
	case WT_OPT_IF_DESCRIPTION:
		take_text(&interface->description, option);
		break;
	case WT_OPT_IF_FILTER:
		take_filter(&interface->filter, option);
		break;
	case WT_OPT_IF_OS:
		take_text(&interface->os, option);
		break;
	case WT_OPT_IF_HARDWARE:
		take_text(&interface->hardware, option);
		break;
	case WT_OPT_LOCAL_READER:
		take_text(&interface->reader, option);
		break;
	case WT_OPT_LOCAL_CLOCK:
		take_text(&interface->clock, option);
		break;
	default:
		take_interface_number(interface, option);
		break;
	}
}

static int remember_interface(struct wt_pcapng_decoder *decoder, const struct block *block,
                              const struct wt_pcapng_item_interface *interface,
                              struct wt_error *err)
{
	uint32_t room = decoder->interface_room;
	struct wt_pcapng_interface_state *grown;

	if (decoder->interface_count == WT_PCAPNG_MAX_INTERFACES)
		return broken(block->type, block->offset, err,
		              "its section has more than %u interfaces", WT_PCAPNG_MAX_INTERFACES);
	if (decoder->interface_count == room) {
		room = room ? room * 2 : 4;
		grown = realloc(decoder->interfaces, room * sizeof(*grown));
		if (!grown)
			return wt_error_set(err, -ENOMEM, "no memory for %u interfaces", room);
		decoder->interfaces = grown;
		decoder->interface_room = room;
	}
	decoder->interfaces[decoder->interface_count++] = (struct wt_pcapng_interface_state){
	        .timing = timing_of(interface->tsresol),
	        .tsoffset_s = interface->tsoffset_s,
	        .snaplen = interface->snaplen,
	        .link_type = interface->link_type,
	        .fcs_bytes = interface->fcs_bytes,
	};
	return 0;
}

static int decode_interface(struct wt_pcapng_decoder *decoder, const struct block *block,
                            struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_idb) - BLOCK_HEAD_BYTES };
	struct wt_pcapng_item_interface *interface = &item->interface;
	int rc;

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	*interface = (struct wt_pcapng_item_interface){
	        .id = decoder->interface_count,
	        .link_type = load16(block->body, block->swapped),
	        .snaplen = load32(block->body + 4, block->swapped),
	        .tsresol = DEFAULT_TSRESOL,
	};
	rc = take_options(block, FIXED_BYTES, item, take_interface_option, interface, err);
	if (rc)
		return rc;
	item->kind = WT_ITEM_INTERFACE;
	return remember_interface(decoder, block, interface, err);
}

/* Common part of the three kinds of packet block, once their fixed fields are read. */
struct packet_place {
	uint32_t interface_id;
	uint32_t caplen;
	uint32_t len;
	uint64_t units;
	size_t fixed_bytes; /* in the body, before the data */
	bool has_stamp;
};

static int place_packet(const struct wt_pcapng_decoder *decoder, const struct block *block,
                        const struct packet_place *place, struct wt_pcapng_item *item,
                        struct wt_error *err)
{
	const struct wt_pcapng_interface_state *interface;
	struct wt_pcapng_item_packet *packet = &item->packet;

	if (place->interface_id >= decoder->interface_count)
		return broken(block->type, block->offset, err,
		              "it names interface %u, but its section has described %u so far",
		              place->interface_id, decoder->interface_count);
	if (place->caplen > block->body_bytes - place->fixed_bytes)
		return broken(block->type, block->offset, err,
		              "its captured length %u is more than the %zu bytes that the block "
		              "has for it",
		              place->caplen, block->body_bytes - place->fixed_bytes);
	interface = &decoder->interfaces[place->interface_id];
	*packet = (struct wt_pcapng_item_packet){
	        .frame.data = block->body + place->fixed_bytes,
	        .frame.caplen = place->caplen < place->len ? place->caplen : place->len,
	        .frame.len = place->len,
	        .stamp_units = place->units,
	        .interface_id = place->interface_id,
	        .snaplen = interface->snaplen,
	        .excess_bytes = place->caplen > place->len ? place->caplen - place->len : 0,
	        .link_type = interface->link_type,
	        .fcs_bytes = interface->fcs_bytes,
	        .has_stamp = place->has_stamp,
	};
	item->kind = WT_ITEM_PACKET;
	if (place->has_stamp)
		packet->stamp_saturated =
		        to_ns(place->units, &interface->timing, interface->tsoffset_s,
		              &packet->frame.stamp_ns) != 0;
	return 0;
}

static void take_packet_option(void *target, const struct wt_pcapng_option_view *option)
{
	struct wt_pcapng_item_packet *packet = target;

	/* pack_flags of the obsolete block has the same code. */
	if (option->code == WT_OPT_EPB_FLAGS &&
	    wt_pcapng_option_u32(option, &packet->frame.link_flags))
		packet->has_flags = true;
}

/* The packet's own check sequence length, if any, takes precedence over the interface's. */
static void settle_fcs(struct wt_pcapng_item_packet *packet)
{
	uint32_t bytes = packet->frame.link_flags >> WT_LINK_FCS_SHIFT & WT_LINK_FCS_BITS;

	if (bytes)
		packet->fcs_bytes = (uint8_t)bytes;
	if (packet->fcs_bytes > packet->frame.len)
		packet->fcs_bytes = (uint8_t)packet->frame.len;
}

/* A wrong length counts as absent, like any other. */
static void take_stamp(struct wt_frame *frame, const struct wt_pcapng_option_view *option)
{
	const uint8_t *at = option->value + WT_STAMP_OPTION_WORD_BYTES;
	uint32_t word, bytes = WT_STAMP_OPTION_WORD_BYTES;

	if (option->length < WT_STAMP_OPTION_WORD_BYTES)
		return;
	word = load32(option->value, option->swapped);
	bytes += word & WT_STAMP_WORD_GIVEN ? WT_STAMP_OPTION_GIVEN_BYTES : 0;
	bytes += word & WT_STAMP_WORD_SOFTWARE ? WT_STAMP_OPTION_SOFTWARE_BYTES : 0;
	if (option->length < bytes || (word & WT_STAMP_WORD_SOURCE) >= WT_STAMP_SOURCES)
		return;
	frame->stamp_source = (uint8_t)(word & WT_STAMP_WORD_SOURCE);
	frame->notes = WT_FRAME_SOURCE;
	if (word & WT_STAMP_WORD_GIVEN) {
		frame->notes |= WT_FRAME_GIVEN;
		frame->map = load32(at, option->swapped);
		frame->given_ns = (int64_t)load64(at + 4, option->swapped);
		at += WT_STAMP_OPTION_GIVEN_BYTES;
	}
	if (word & WT_STAMP_WORD_SOFTWARE) {
		frame->notes |= WT_FRAME_BOTH;
		frame->software_ns = (int64_t)load64(at, option->swapped);
	}
}

static void take_enhanced_option(void *target, const struct wt_pcapng_option_view *option)
{
	struct wt_pcapng_item_packet *packet = target;

	if (option->code == WT_OPT_EPB_DROPCOUNT) {
		if (wt_pcapng_option_u64(option, &packet->frame.dropped_before))
			packet->has_dropped = true;
	} else if (option->code == WT_OPT_LOCAL_STAMP) {
		take_stamp(&packet->frame, option);
	} else {
		take_packet_option(target, option);
	}
}

static int decode_enhanced_packet(struct wt_pcapng_decoder *decoder, const struct block *block,
                                  struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_epb) - BLOCK_HEAD_BYTES };
	struct packet_place place = {.fixed_bytes = FIXED_BYTES, .has_stamp = true};
	int rc;

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	place.interface_id = load32(block->body, block->swapped);
	place.units = load_stamp(block->body + 4, block->swapped);
	place.caplen = load32(block->body + 12, block->swapped);
	place.len = load32(block->body + 16, block->swapped);
	rc = place_packet(decoder, block, &place, item, err);
	if (rc)
		return rc;
	return take_options(block, FIXED_BYTES + wt_pcapng_pad4(place.caplen), item,
	                    take_enhanced_option, &item->packet, err);
}

static int decode_obsolete_packet(struct wt_pcapng_decoder *decoder, const struct block *block,
                                  struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_packet) - BLOCK_HEAD_BYTES };
	enum { DROPS_UNKNOWN = 0xffff };
	struct packet_place place = {.fixed_bytes = FIXED_BYTES, .has_stamp = true};
	uint16_t drops;
	int rc;

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	place.interface_id = load16(block->body, block->swapped);
	drops = load16(block->body + 2, block->swapped);
	place.units = load_stamp(block->body + 4, block->swapped);
	place.caplen = load32(block->body + 12, block->swapped);
	place.len = load32(block->body + 16, block->swapped);
	rc = place_packet(decoder, block, &place, item, err);
	if (rc)
		return rc;
	item->packet.has_dropped = drops != DROPS_UNKNOWN;
	item->packet.frame.dropped_before = item->packet.has_dropped ? drops : 0;
	return take_options(block, FIXED_BYTES + wt_pcapng_pad4(place.caplen), item,
	                    take_packet_option, &item->packet, err);
}

/* The captured length is not in the block: it follows from the others. */
static int decode_simple_packet(struct wt_pcapng_decoder *decoder, const struct block *block,
                                struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_spb) - BLOCK_HEAD_BYTES };
	struct packet_place place = {.fixed_bytes = FIXED_BYTES};
	uint32_t snaplen;

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	place.len = load32(block->body, block->swapped);
	place.caplen = (uint32_t)(block->body_bytes - FIXED_BYTES);
	if (place.caplen > place.len)
		place.caplen = place.len;
	snaplen = decoder->interface_count ? decoder->interfaces[0].snaplen : 0;
	if (snaplen && place.caplen > snaplen)
		place.caplen = snaplen;
	return place_packet(decoder, block, &place, item, err);
}

/* Statistics and how to read their stamps. */
struct statistics_target {
	struct wt_pcapng_item_statistics *statistics;
	const struct wt_pcapng_interface_state *interface; /* NULL if unknown */
};

static void set_stamp(struct wt_pcapng_item_stamp *stamp, uint64_t units,
                      const struct wt_pcapng_interface_state *interface)
{
	stamp->present =
	        interface && !to_ns(units, &interface->timing, interface->tsoffset_s, &stamp->ns);
	if (!stamp->present)
		stamp->ns = 0;
}

static void take_statistics_stamp(struct wt_pcapng_item_stamp *stamp,
                                  const struct statistics_target *target,
                                  const struct wt_pcapng_option_view *option)
{
	if (option->length == 8)
		set_stamp(stamp, load_stamp(option->value, option->swapped), target->interface);
}

static void take_statistics_text(struct wt_pcapng_item_statistics *statistics,
                                 const struct wt_pcapng_option_view *option)
{
	switch (option->code) {
	case WT_OPT_COMMENT:
		take_text(&statistics->comment, option);
		break;
	case WT_OPT_LOCAL_LEDGER:
		take_text(&statistics->ledger, option);
		break;
	case WT_OPT_LOCAL_NIC:
		take_text(&statistics->nic, option);
		break;
	default:
		break;
	}
}

static void take_statistics_option(void *pointer, const struct wt_pcapng_option_view *option)
{
	const struct statistics_target *target = pointer;
	struct wt_pcapng_item_statistics *statistics = target->statistics;

	switch (option->code) {
	case WT_OPT_ISB_STARTTIME:
		take_statistics_stamp(&statistics->start, target, option);
		break;
	case WT_OPT_ISB_ENDTIME:
		take_statistics_stamp(&statistics->end, target, option);
		break;
	case WT_OPT_ISB_IFRECV:
		take_number(&statistics->ifrecv, option);
		break;
	case WT_OPT_ISB_IFDROP:
		take_number(&statistics->ifdrop, option);
		break;
	case WT_OPT_ISB_FILTERACCEPT:
		take_number(&statistics->filteraccept, option);
		break;
	case WT_OPT_ISB_OSDROP:
		take_number(&statistics->osdrop, option);
		break;
	case WT_OPT_ISB_USRDELIV:
		take_number(&statistics->usrdeliv, option);
		break;
	default:
		take_statistics_text(statistics, option);
		break;
	}
}

static int decode_statistics(struct wt_pcapng_decoder *decoder, const struct block *block,
                             struct wt_pcapng_item *item, struct wt_error *err)
{
	enum { FIXED_BYTES = sizeof(struct wt_pcapng_isb) - BLOCK_HEAD_BYTES };
	struct wt_pcapng_item_statistics *statistics = &item->statistics;
	struct statistics_target target = {.statistics = statistics};

	if (block->body_bytes < FIXED_BYTES)
		return too_short(block, FIXED_BYTES, err);
	*statistics = (struct wt_pcapng_item_statistics){
	        .interface_id = load32(block->body, block->swapped),
	};
	/* Other readers ignore statistics of an unknown interface: no packet depends on them. */
	if (statistics->interface_id < decoder->interface_count)
		target.interface = &decoder->interfaces[statistics->interface_id];
	statistics->interface_known = target.interface != NULL;
	set_stamp(&statistics->stamp, load_stamp(block->body + 4, block->swapped),
	          target.interface);
	item->kind = WT_ITEM_STATISTICS;
	return take_options(block, FIXED_BYTES, item, take_statistics_option, &target, err);
}

static int decode_other(const struct block *block, struct wt_pcapng_item *item)
{
	item->kind = WT_ITEM_OTHER;
	item->body = block->body;
	item->body_bytes = block->body_bytes;
	return 0;
}

/* Any block but a section header. */
static int decode_block(struct wt_pcapng_decoder *decoder, const struct block *block,
                        struct wt_pcapng_item *item, struct wt_error *err)
{
	switch (block->type) {
	case WT_PCAPNG_IDB:
		return decode_interface(decoder, block, item, err);
	case WT_PCAPNG_EPB:
		return decode_enhanced_packet(decoder, block, item, err);
	case WT_PCAPNG_SPB:
		return decode_simple_packet(decoder, block, item, err);
	case WT_PCAPNG_PACKET:
		return decode_obsolete_packet(decoder, block, item, err);
	case WT_PCAPNG_ISB:
		return decode_statistics(decoder, block, item, err);
	default:
		return decode_other(block, item);
	}
}

/* Only a section header carries its own byte order. */
static int find_byte_order(const struct wt_pcapng_decoder *decoder, const uint8_t *bytes,
                           struct block *block, struct wt_error *err)
{
	uint32_t magic;

	block->swapped = decoder->swapped;
	if (block->type != WT_PCAPNG_SHB) {
		if (decoder->in_section)
			return 0;
		return broken(block->type, block->offset, err, "%s",
		              decoder->offset ? "a section header should be here"
		                              : "a pcapng file starts with a section header");
	}
	magic = load32(bytes + BLOCK_HEAD_BYTES, false);
	if (magic != WT_PCAPNG_MAGIC && magic != WT_PCAPNG_MAGIC_SWAPPED)
		return broken(block->type, block->offset, err,
		              "its byte-order magic 0x%08x is none", magic);
	block->swapped = magic == WT_PCAPNG_MAGIC_SWAPPED;
	return 0;
}

/* For other blocks the end is enough. */
static bool is_read(uint32_t type)
{
	return type == WT_PCAPNG_SHB || type == WT_PCAPNG_IDB || type == WT_PCAPNG_EPB ||
	       type == WT_PCAPNG_SPB || type == WT_PCAPNG_PACKET || type == WT_PCAPNG_ISB;
}

static int check_length(const struct block *block, struct wt_error *err)
{
	if (!block->type && !block->total_length)
		return wt_error_set(err, -EBADMSG,
		                    "zeros instead of a block at offset %llu: space that was "
		                    "allocated for the file and not, or not yet, written",
		                    (unsigned long long)block->offset);
	if (block->total_length < MIN_BLOCK_BYTES)
		return broken(block->type, block->offset, err,
		              "its length %u is less than the %d bytes of an empty block",
		              block->total_length, MIN_BLOCK_BYTES);
	if (is_read(block->type) && block->total_length > WT_PCAPNG_MAX_BLOCK_BYTES)
		return broken(block->type, block->offset, err,
		              "its length %u is more than the %u bytes that such a block may have "
		              "here",
		              block->total_length, WT_PCAPNG_MAX_BLOCK_BYTES);
	return 0;
}

static int lengths_differ(uint32_t type, uint64_t offset, uint32_t first, uint32_t second,
                          struct wt_error *err)
{
	return broken(type, offset, err, "its length is %u at its start and %u at its end", first,
	              second);
}

/* A block of which only the two lengths and the first bytes are read. */
static void pass_block(struct wt_pcapng_decoder *decoder, const uint8_t *bytes, size_t length,
                       const struct block *block)
{
	struct wt_pcapng_passing *passing = &decoder->passing;
	const size_t body_bytes = block->bytes - MIN_BLOCK_BYTES;

	decoder->pass = block->bytes - LENGTH_BYTES;
	passing->bytes = decoder->pass;
	passing->type = block->type;
	passing->total_length = block->total_length;
	passing->head_bytes = length - BLOCK_HEAD_BYTES;
	if (passing->head_bytes > body_bytes)
		passing->head_bytes = body_bytes;
	if (passing->head_bytes > sizeof(passing->head))
		passing->head_bytes = sizeof(passing->head);
	memcpy(passing->head, bytes + BLOCK_HEAD_BYTES, passing->head_bytes);
}

/* 1 and *block; 0 with decoder->need or pass set; -EBADMSG. */
static int find_block(struct wt_pcapng_decoder *decoder, const uint8_t *bytes, size_t length,
                      struct block *block, struct wt_error *err)
{
	uint32_t trailer;
	int rc;

	decoder->need = MIN_BLOCK_BYTES;
	if (length < MIN_BLOCK_BYTES)
		return 0;
	block->offset = decoder->offset;
	block->type = load32(bytes, decoder->swapped);
	rc = find_byte_order(decoder, bytes, block, err);
	if (rc)
		return rc;
	block->total_length = load32(bytes + 4, block->swapped);
	rc = check_length(block, err);
	if (rc)
		return rc;
	/* Some writers forget the padding in the length, but not in the file. */
	block->bytes = ((uint64_t)block->total_length + 3) & ~UINT64_C(3);
	decoder->need = block->bytes;
	if (length < block->bytes) {
		if (is_read(block->type) || block->bytes <= decoder->other_bytes_max)
			return 0;
		decoder->need = MIN_BLOCK_BYTES + WT_PCAPNG_HEAD_BYTES;
		if (length >= decoder->need)
			pass_block(decoder, bytes, length, block);
		return 0;
	}
	trailer = load32(bytes + block->bytes - LENGTH_BYTES, block->swapped);
	if (trailer != block->total_length)
		return lengths_differ(block->type, block->offset, block->total_length, trailer,
		                      err);
	block->body = bytes + BLOCK_HEAD_BYTES;
	block->body_bytes = block->bytes - MIN_BLOCK_BYTES;
	return 1;
}

static int cut_off(const struct wt_pcapng_decoder *decoder, uint64_t there, uint64_t need,
                   struct wt_error *err)
{
	return wt_error_set(err, -ENODATA,
	                    "the file is cut off in the block at offset %llu, of which %llu of "
	                    "%s%llu bytes are there; complete packets before it: %llu",
	                    (unsigned long long)decoder->offset, (unsigned long long)there,
	                    need == MIN_BLOCK_BYTES ? "at least " : "", (unsigned long long)need,
	                    (unsigned long long)decoder->packets);
}

/* The file has ended within the bytes to skip. */
static int cut_off_passing(const struct wt_pcapng_decoder *decoder, size_t length,
                           struct wt_error *err)
{
	const struct wt_pcapng_passing *passing = &decoder->passing;

	if (passing->type == WT_PCAPNG_SHB)
		return unknown_version(decoder->offset, passing->major, passing->minor,
		                       "; it says that it ends beyond the end of the file", err);
	return cut_off(decoder, passing->bytes - decoder->pass + length,
	               passing->bytes + LENGTH_BYTES, err);
}

static void begin_item(struct wt_pcapng_item *item, uint32_t type, uint64_t offset)
{
	item->block_type = type;
	item->offset = offset;
	item->passed_bytes = 0;
	item->options = (struct wt_pcapng_options){0};
	item->body = NULL;
	item->body_bytes = 0;
}

static int end_section(struct wt_pcapng_decoder *decoder, struct wt_pcapng_item *item)
{
	const struct wt_pcapng_passing *passing = &decoder->passing;

	begin_item(item, passing->type, decoder->offset);
	item->kind = WT_ITEM_UNKNOWN_SECTION;
	item->section = (struct wt_pcapng_item_section){
	        .major = passing->major,
	        .minor = passing->minor,
	        .declared_bytes = passing->declared_bytes,
	};
	item->passed_bytes = passing->bytes;
	item->bytes = 0;
	decoder->in_section = false;
	decoder->interface_count = 0;
	return 1;
}

static int end_block(const struct wt_pcapng_decoder *decoder, uint32_t trailer,
                     struct wt_pcapng_item *item, struct wt_error *err)
{
	const struct wt_pcapng_passing *passing = &decoder->passing;

	if (trailer != passing->total_length)
		return lengths_differ(passing->type, decoder->offset, passing->total_length,
		                      trailer, err);
	begin_item(item, passing->type, decoder->offset);
	item->kind = WT_ITEM_OTHER;
	item->body = passing->head;
	item->body_bytes = passing->head_bytes;
	item->passed_bytes = passing->bytes;
	item->bytes = LENGTH_BYTES;
	return 1;
}

/* Continue a skip, or end it. */
static int go_on_passing(struct wt_pcapng_decoder *decoder, const uint8_t *bytes, size_t length,
                         bool at_end, struct wt_pcapng_item *item, struct wt_error *err)
{
	const bool is_block = decoder->passing.type != WT_PCAPNG_SHB;
	int rc;

	decoder->need = is_block ? LENGTH_BYTES : 0;
	if (decoder->pass || length < decoder->need)
		return at_end ? cut_off_passing(decoder, length, err) : 0;
	rc = is_block ? end_block(decoder, load32(bytes, decoder->swapped), item, err)
	              : end_section(decoder, item);
	if (rc > 0) {
		decoder->offset += item->passed_bytes + item->bytes;
		decoder->passing.bytes = 0;
	}
	return rc;
}

int wt_pcapng_decode(struct wt_pcapng_decoder *decoder, const uint8_t *bytes, size_t length,
                     bool at_end, struct wt_pcapng_item *item, struct wt_error *err)
{
	struct block block = {0};
	int rc;

	if (decoder->passing.bytes)
		return go_on_passing(decoder, bytes, length, at_end, item, err);
	if (!length && at_end) {
		decoder->need = 0;
		return 0;
	}
	rc = find_block(decoder, bytes, length, &block, err);
	if (rc < 0)
		return rc;
	if (!rc && at_end)
		return cut_off(decoder, length, block.bytes ? block.bytes : MIN_BLOCK_BYTES, err);
	if (!rc)
		return 0;
	begin_item(item, block.type, block.offset);
	item->bytes = block.bytes;
	if (block.type == WT_PCAPNG_SHB) {
		rc = decode_section(decoder, &block, item, err);
		if (rc <= 0)
			return rc;
	} else {
		rc = decode_block(decoder, &block, item, err);
		if (rc)
			return rc;
	}
	decoder->offset += block.bytes;
	if (item->kind == WT_ITEM_PACKET) {
		settle_fcs(&item->packet);
		decoder->packets++;
	}
	return 1;
}

/* Option of an Enhanced Packet Block in host byte order, at `at`, with `left` bytes left: the bytes
 * it takes, 0 at the end of the list, -1 if it leads outside. */
static inline ptrdiff_t take_quickly(struct wt_frame *frame, const uint8_t *at, size_t left)
{
	const struct wt_pcapng_option_view option = {
	        .value = at + OPTION_HEAD_BYTES,
	        .code = load16(at, false),
	        .length = load16(at + 2, false),
	};

	if (option.code == WT_OPT_END)
		return 0;
	if (option.length > left - OPTION_HEAD_BYTES)
		return -1;
	if (option.code == WT_OPT_EPB_FLAGS && option.length == sizeof(frame->link_flags))
		frame->link_flags = load32(option.value, false);
	else if (option.code == WT_OPT_EPB_DROPCOUNT &&
	         option.length == sizeof(frame->dropped_before))
		frame->dropped_before = load64(option.value, false);
	else if (option.code == WT_OPT_LOCAL_STAMP)
		take_stamp(frame, &option);
	return (ptrdiff_t)(OPTION_HEAD_BYTES + wt_pcapng_pad4(option.length));
}

static inline bool take_options_quickly(struct wt_frame *frame, const uint8_t *at, size_t left)
{
	ptrdiff_t step = 1;

	while (step && left >= OPTION_HEAD_BYTES) {
		step = take_quickly(frame, at, left);
		if (step < 0)
			return false;
		/* Both are multiples of 4: a step never goes beyond the end. */
		at += step;
		left -= (size_t)step;
	}
	return true;
}

/* Length of the packet block at `bytes`, if the fast path covers it. */
static inline size_t decode_quickly(const uint8_t *bytes, size_t length,
                                    const struct wt_pcapng_interface_state *interface,
                                    bool is_plain_ns, struct wt_frame *frame)
{
	struct wt_pcapng_epb head;
	size_t padded, options;
	uint64_t units;

	memcpy(&head, bytes, sizeof(head));
	padded = ((size_t)head.caplen + 3) & ~(size_t)3;
	options = sizeof(head) + padded;
	if (head.total_length % 4 || head.total_length > length ||
	    options + LENGTH_BYTES > head.total_length || head.caplen > head.len ||
	    head.total_length > WT_PCAPNG_MAX_BLOCK_BYTES ||
	    load32(bytes + head.total_length - LENGTH_BYTES, false) != head.total_length)
		return 0;
	*frame = (struct wt_frame){
	        .data = bytes + sizeof(head),
	        .caplen = head.caplen,
	        .len = head.len,
	};
	units = (uint64_t)head.stamp_high << 32 | head.stamp_low;
	if (is_plain_ns && units <= INT64_MAX)
		frame->stamp_ns = (int64_t)units;
	else if (to_ns(units, &interface->timing, interface->tsoffset_s, &frame->stamp_ns))
		return 0;
	if (!take_options_quickly(frame, bytes + options,
	                          head.total_length - LENGTH_BYTES - options))
		return 0;
	return head.total_length;
}

size_t wt_pcapng_decode_packets(struct wt_pcapng_decoder *decoder, const uint8_t *bytes,
                                size_t length, struct wt_frame *frames, size_t max,
                                uint32_t *interface_id, size_t *used)
{
	const struct wt_pcapng_interface_state *interface;
	bool is_plain_ns;
	size_t count = 0, at = 0, step;

	*used = 0;
	if (!decoder->in_section || decoder->swapped || decoder->passing.bytes ||
	    length < sizeof(struct wt_pcapng_epb))
		return 0;
	*interface_id = load32(bytes + offsetof(struct wt_pcapng_epb, interface_id), false);
	if (*interface_id >= decoder->interface_count)
		return 0;
	interface = &decoder->interfaces[*interface_id];
	is_plain_ns = interface->timing.multiplier == 1 && interface->timing.divisor == 1 &&
	              !interface->timing.shift && !interface->tsoffset_s;
	while (count < max && length - at >= sizeof(struct wt_pcapng_epb)) {
		if (load32(bytes + at, false) != WT_PCAPNG_EPB ||
		    load32(bytes + at + offsetof(struct wt_pcapng_epb, interface_id), false) !=
		            *interface_id)
			break;
		step = decode_quickly(bytes + at, length - at, interface, is_plain_ns,
		                      &frames[count]);
		if (!step)
			break;
		at += step;
		count++;
	}
	decoder->offset += at;
	decoder->packets += count;
	*used = at;
	return count;
}
