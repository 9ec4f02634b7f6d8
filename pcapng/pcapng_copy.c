/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/pcapng_copy.h>

#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_store.h>
#include <wiretape/pcapng/text_block.h>

enum {
	OPTION_HEAD_BYTES = sizeof(struct wt_pcapng_option),
	BLOCK_HEAD_BYTES = sizeof(struct wt_pcapng_block),
	LENGTH_BYTES = 4,
	/* Fixed fields, wiretape's own of an interface or epb_dropcount, opt_endofopt, the length
	 * again. */
	OVERHEAD_BYTES = 28 + 8 + 12 + 8 + 4 + 4,
};

/* Treatment of an option. Bytes stay as they are. From the other byte order numbers are swapped:
 * one of 32 or 64 bits; two of 32 bits; one after a byte that names its kind; one in front of a
 * vendor's data; those of WT_OPT_LOCAL_STAMP. An unknown option stays as it is if the byte order is
 * the same, else it is left out. */
enum treatment { DROP, LEAVE_OUT, BYTES, NUMBER, PAIR, VERDICT, VENDOR, STAMP, UNKNOWN };

struct rule {
	uint16_t code;
	uint8_t treatment;
};

/* The copying program is the application, and the old layout of chunks no longer applies. */
static const struct rule section_rules[] = {
        {WT_OPT_COMMENT, BYTES},     {WT_OPT_SHB_HARDWARE, BYTES}, {WT_OPT_SHB_OS, BYTES},
        {WT_OPT_SHB_USERAPPL, DROP}, {WT_OPT_LOCAL_TAPE, DROP},    {0, UNKNOWN},
};

/* The stamps' resolution and offset are always written. */
static const struct rule interface_rules[] = {
        {WT_OPT_COMMENT, BYTES},      {WT_OPT_IF_NAME, BYTES},     {WT_OPT_IF_DESCRIPTION, BYTES},
        {WT_OPT_IF_IPV4ADDR, BYTES},  {WT_OPT_IF_IPV6ADDR, BYTES}, {WT_OPT_IF_MACADDR, BYTES},
        {WT_OPT_IF_EUIADDR, BYTES},   {WT_OPT_IF_SPEED, NUMBER},   {WT_OPT_IF_TSRESOL, DROP},
        {WT_OPT_IF_TZONE, NUMBER},    {WT_OPT_IF_FILTER, BYTES},   {WT_OPT_IF_OS, BYTES},
        {WT_OPT_IF_FCSLEN, BYTES},    {WT_OPT_IF_TSOFFSET, DROP},  {WT_OPT_IF_HARDWARE, BYTES},
        {WT_OPT_IF_TXSPEED, NUMBER},  {WT_OPT_IF_RXSPEED, NUMBER}, {WT_OPT_IF_TZNAME, BYTES},
        {WT_OPT_LOCAL_READER, BYTES}, {WT_OPT_LOCAL_CLOCK, BYTES}, {0, UNKNOWN},
};

static const struct rule enhanced_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {WT_OPT_EPB_FLAGS, NUMBER},
        {WT_OPT_EPB_HASH, BYTES},
        {WT_OPT_EPB_DROPCOUNT, NUMBER},
        {WT_OPT_EPB_PACKETID, NUMBER},
        {WT_OPT_EPB_QUEUE, NUMBER},
        {WT_OPT_EPB_VERDICT, VERDICT},
        {WT_OPT_EPB_PROCESS, PAIR},
        {WT_OPT_LOCAL_FILL, DROP},
        {WT_OPT_LOCAL_STAMP, STAMP},
        {0, UNKNOWN},
};

/* The obsolete block's: other options may mean something else in the new block. */
static const struct rule obsolete_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {WT_OPT_EPB_FLAGS, NUMBER},
        {WT_OPT_EPB_HASH, BYTES},
        {0, DROP},
};

static const struct rule names_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {WT_OPT_NS_DNSNAME, BYTES},
        {WT_OPT_NS_DNSIP4ADDR, BYTES},
        {WT_OPT_NS_DNSIP6ADDR, BYTES},
        {0, UNKNOWN},
};

static const struct rule secrets_rules[] = {
        {WT_OPT_COMMENT, BYTES},
        {0, UNKNOWN},
};

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

/* Beginning of an option's value in host byte order; the rest needs no swapping. */
struct turned {
	uint8_t bytes[9];
	uint8_t length;
};

static void turn(uint8_t *bytes, size_t width)
{
	for (size_t i = 0; i < width / 2; i++) {
		uint8_t byte = bytes[i];

		bytes[i] = bytes[width - 1 - i];
		bytes[width - 1 - i] = byte;
	}
}

/* Whether 64 bits follow the verdict's kind; a hardware verdict is only bytes. */
static bool has_number(const struct wt_pcapng_option_view *verdict)
{
	enum { LINUX_EBPF_TC = 1, LINUX_EBPF_XDP = 2 };

	return verdict->length == 9 &&
	       (verdict->value[0] == LINUX_EBPF_TC || verdict->value[0] == LINUX_EBPF_XDP);
}

/* Swap an option of the other byte order; false if its length is invalid: it counts as absent. */
static bool turn_option(struct turned *turned, const struct wt_pcapng_option_view *option,
                        enum treatment treatment)
{
	size_t length = 0;

	if (treatment == VENDOR)
		length = 4;
	else if (treatment == NUMBER || treatment == PAIR || has_number(option))
		length = option->length;
	if (length > option->length || length > sizeof(turned->bytes) ||
	    (treatment == NUMBER && length != 4 && length != 8) ||
	    (treatment == PAIR && length != 8))
		return false;
	memcpy(turned->bytes, option->value, length);
	turned->length = (uint8_t)length;
	if (treatment == PAIR) {
		turn(turned->bytes, 4);
		turn(turned->bytes + 4, 4);
	} else if (treatment == VERDICT && length) {
		turn(turned->bytes + 1, length - 1);
	} else {
		turn(turned->bytes, length);
	}
	return true;
}

static enum treatment treatment_of(const struct rule *rules,
                                   const struct wt_pcapng_option_view *option)
{
	switch (option->code) {
	case WT_OPT_CUSTOM_TEXT:
	case WT_OPT_CUSTOM_BYTES:
		return VENDOR;
	case WT_OPT_CUSTOM_TEXT_NOCOPY:
	case WT_OPT_CUSTOM_BYTES_NOCOPY:
		return LEAVE_OUT;
	default:
		break;
	}
	while (rules->code && rules->code != option->code)
		rules++;
	if (rules->treatment != UNKNOWN)
		return (enum treatment)rules->treatment;
	return option->swapped ? LEAVE_OUT : BYTES;
}

/* Whether part of an option has to be swapped. */
static bool has_to_turn(const struct wt_pcapng_option_view *option, enum treatment treatment)
{
	return option->swapped && (treatment == NUMBER || treatment == PAIR ||
	                           treatment == VERDICT || treatment == VENDOR);
}

static void put_turned(struct builder *b, const struct wt_pcapng_option_view *option,
                       enum treatment treatment)
{
	const struct wt_pcapng_option head = {option->code, option->length};
	struct turned turned;

	if (!turn_option(&turned, option, treatment))
		return;
	put(b, &head, sizeof(head));
	put(b, turned.bytes, turned.length);
	put(b, option->value + turned.length, option->length - turned.length);
	put(b, "\0\0\0", -(size_t)option->length & 3);
}

/* Write the stamp mark from the frame's numbers: the last mark's, if there are several. */
static void put_stamp(struct builder *b, const struct wt_pcapng_option_view *option,
                      const struct wt_frame *frame)
{
	uint8_t bytes[sizeof(struct wt_pcapng_option) + WT_STAMP_OPTION_WORD_BYTES +
	              WT_STAMP_OPTION_GIVEN_BYTES + WT_STAMP_OPTION_SOFTWARE_BYTES];
	const struct wt_stamp_mark mark = wt_stamp_mark_of(frame);

	if (mark.bytes == option->length + sizeof(struct wt_pcapng_option))
		put(b, bytes, (size_t)(wt_store_stamp_mark(bytes, &mark) - bytes));
}

static void copy_option(struct builder *b, const struct wt_pcapng_option_view *option,
                        enum treatment treatment, const struct wt_frame *frame)
{
	if (treatment == STAMP && option->swapped)
		put_stamp(b, option, frame);
	else if (has_to_turn(option, treatment))
		put_turned(b, option, treatment);
	else
		put_option(b, option->code, option->value, option->length);
}

/* `frame`: for a packet, else NULL. */
static void copy_options(struct builder *b, struct wt_pcapng_options options,
                         const struct rule *rules, const struct wt_frame *frame, uint64_t *left_out)
{
	struct wt_pcapng_option_view option;

	while (wt_pcapng_next_option(&options, &option, NULL) > 0) {
		enum treatment treatment = treatment_of(rules, &option);

		if (treatment == LEAVE_OUT)
			++*left_out;
		else if (treatment != DROP)
			copy_option(b, &option, treatment, frame);
	}
}

static ssize_t finish(struct builder *b, size_t options_at)
{
	uint32_t total;

	/* No options, no end of options. */
	if (b->used > options_at)
		put_option(b, WT_OPT_END, "", 0);
	total = (uint32_t)b->used + LENGTH_BYTES;
	put(b, &total, sizeof(total));
	if (b->full)
		return -ENOBUFS;
	memcpy(b->out + offsetof(struct wt_pcapng_block, total_length), &total, sizeof(total));
	return (ssize_t)total;
}

/* Bytes of the packet in the file, including those beyond its length on the wire. */
static uint32_t recorded_bytes(const struct wt_pcapng_item_packet *packet)
{
	return packet->frame.caplen + packet->excess_bytes;
}

size_t wt_pcapng_copy_bound(const struct wt_pcapng_item *item)
{
	size_t bytes = item->kind == WT_ITEM_PACKET ? recorded_bytes(&item->packet) : 0;

	/* Options only shrink, except for a list whose last one lacks its padding. */
	return OVERHEAD_BYTES + bytes + 3 + item->body_bytes + item->options.length + 3;
}

ssize_t wt_pcapng_copy_section(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                               const char *application, uint64_t *left_out)
{
	const struct wt_pcapng_shb head = {
	        .type = WT_PCAPNG_SHB,
	        .magic = WT_PCAPNG_MAGIC,
	        .major = WT_PCAPNG_MAJOR,
	        .minor = WT_PCAPNG_MINOR,
	        .section_length = WT_PCAPNG_LENGTH_UNKNOWN,
	};
	struct builder b = {.out = out, .capacity = capacity};

	put(&b, &head, sizeof(head));
	if (application)
		put_option(&b, WT_OPT_SHB_USERAPPL, application,
		           (uint16_t)strnlen(application, UINT16_MAX));
	if (item)
		copy_options(&b, item->options, section_rules, NULL, left_out);
	return finish(&b, sizeof(head));
}

ssize_t wt_pcapng_copy_interface(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                                 uint64_t *left_out)
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
	/* From classic pcap, which has no options. In bytes, as others write and read it. */
	if (item->interface.has_fcs && !item->options.bytes)
		put_option(&b, WT_OPT_IF_FCSLEN, &item->interface.fcs_bytes, 1);
	copy_options(&b, item->options, interface_rules, NULL, left_out);
	return finish(&b, sizeof(head));
}

ssize_t wt_pcapng_copy_packet(uint8_t *out, size_t capacity, uint32_t interface_id,
                              const struct wt_pcapng_item *item, uint64_t *left_out)
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
	/* Drops are a field there, not an option. */
	if (is_obsolete && frame->dropped_before)
		put_option(&b, WT_OPT_EPB_DROPCOUNT, &frame->dropped_before,
		           sizeof(frame->dropped_before));
	copy_options(&b, item->options, is_obsolete ? obsolete_rules : enhanced_rules, frame,
	             left_out);
	return finish(&b, options_at);
}

/* A block's body while it is read. */
struct body {
	const uint8_t *at;
	size_t length; /* of the rest */
	bool swapped;
};

static uint32_t take_u32(struct body *body)
{
	uint32_t value;

	memcpy(&value, body->at, sizeof(value));
	body->at += sizeof(value);
	body->length -= sizeof(value);
	return body->swapped ? __builtin_bswap32(value) : value;
}

static void put_u32(struct builder *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void copy_rest(struct builder *b, struct body *body)
{
	put(b, body->at, body->length);
	body->length = 0;
}

/* Copy the rest. */
static struct wt_pcapng_options options_of(const struct body *body)
{
	return (struct wt_pcapng_options){
	        .bytes = body->at,
	        .length = body->length,
	        .swapped = body->swapped,
	};
}

/* The decoder does not look at options of such a block. */
static int copy_own_options(struct builder *b, const struct body *body, const struct rule *rules,
                            uint64_t *left_out)
{
	struct wt_pcapng_options walk = options_of(body);
	struct wt_pcapng_option_view option;
	size_t options_at = b->used;
	int rc;

	while ((rc = wt_pcapng_next_option(&walk, &option, NULL)) > 0)
		;
	if (rc < 0)
		return rc;
	copy_options(b, options_of(body), rules, NULL, left_out);
	if (b->used > options_at)
		put_option(b, WT_OPT_END, "", 0);
	return 0;
}

static int copy_secrets(struct builder *b, struct body *body, uint64_t *left_out)
{
	enum { FIXED_BYTES = 8 }; /* kind and length of the secrets */
	uint32_t length;

	if (body->length < FIXED_BYTES)
		return -EBADMSG;
	put_u32(b, take_u32(body));
	length = take_u32(body);
	put_u32(b, length);
	if (length > body->length)
		return -EBADMSG;
	put_padded(b, body->at, length);
	/* A body's length is a multiple of 4. */
	body->at += wt_pcapng_pad4(length);
	body->length -= wt_pcapng_pad4(length);
	return copy_own_options(b, body, secrets_rules, left_out);
}

/* Records of addresses with names are bytes; unknown ones cannot be swapped. They have the form of
 * options. */
static int copy_names(struct builder *b, struct body *body, uint64_t *left_out)
{
	enum { RECORD_END = 0, RECORD_LAST_KNOWN = 4 };
	struct wt_pcapng_options records = options_of(body);
	struct wt_pcapng_option_view record;
	int rc;

	while ((rc = wt_pcapng_next_option(&records, &record, NULL)) > 0) {
		if (body->swapped && record.code > RECORD_LAST_KNOWN)
			++*left_out;
		else
			put_option(b, record.code, record.value, record.length);
		body->at += OPTION_HEAD_BYTES + wt_pcapng_pad4(record.length);
		body->length -= OPTION_HEAD_BYTES + wt_pcapng_pad4(record.length);
	}
	if (rc < 0)
		return rc;
	put_option(b, RECORD_END, "", 0);
	if (body->length < OPTION_HEAD_BYTES)
		return 0;
	body->at += OPTION_HEAD_BYTES;
	body->length -= OPTION_HEAD_BYTES;
	return copy_own_options(b, body, names_rules, left_out);
}

static int copy_custom(struct builder *b, struct body *body)
{
	if (body->length < sizeof(uint32_t))
		return -EBADMSG;
	put_u32(b, take_u32(body));
	copy_rest(b, body);
	return 0;
}

static int copy_body(struct builder *b, uint32_t block_type, struct body *body, uint64_t *left_out)
{
	switch (block_type) {
	case WT_PCAPNG_SECRETS:
		return copy_secrets(b, body, left_out);
	case WT_PCAPNG_NAMES:
		return copy_names(b, body, left_out);
	case WT_PCAPNG_CUSTOM:
		return copy_custom(b, body);
	case WT_PCAPNG_JOURNAL: /* text, and always little-endian numbers */
	case WT_PCAPNG_FEED:    /* text */
		copy_rest(b, body);
		return 0;
	default:
		return -ENOTSUP;
	}
}

ssize_t wt_pcapng_copy_block(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                             bool swapped, uint64_t *left_out)
{
	const struct wt_pcapng_block head = {.type = item->block_type};
	struct body body = {item->body, item->body_bytes, swapped};
	struct builder b = {.out = out, .capacity = capacity};
	int rc;

	put(&b, &head, sizeof(head));
	rc = copy_body(&b, item->block_type, &body, left_out);
	return rc ? rc : finish(&b, b.used);
}

static struct wt_identity identity_of_option(const struct wt_pcapng_option_view *option,
                                             enum treatment treatment)
{
	const struct wt_pcapng_option head = {option->code, option->length};
	struct wt_identity identity = wt_identity_of(&head, sizeof(head));
	struct turned turned = {.length = 0};

	if (has_to_turn(option, treatment) && turn_option(&turned, option, treatment))
		identity = wt_identity_add(identity, turned.bytes, turned.length);
	return wt_identity_add(identity, option->value + turned.length,
	                       option->length - turned.length);
}

static bool may_differ(uint16_t code)
{
	return code == WT_OPT_LOCAL_READER || code == WT_OPT_LOCAL_CLOCK;
}

static struct wt_identity identity_of_interface(const struct wt_pcapng_item *item,
                                                struct wt_identity machine, bool of_lane)
{
	const struct wt_pcapng_item_interface *interface = &item->interface;
	const int64_t fields[] = {interface->link_type,  interface->snaplen, interface->tsresol,
	                          interface->tsoffset_s, interface->has_fcs, interface->fcs_bytes};
	struct wt_identity identity = wt_identity_add(machine, fields, sizeof(fields));
	struct wt_pcapng_options options = item->options;
	struct wt_pcapng_option_view option;

	while (wt_pcapng_next_option(&options, &option, NULL) > 0) {
		enum treatment treatment = treatment_of(interface_rules, &option);

		if (treatment != DROP && !(of_lane && may_differ(option.code)))
			identity =
			        wt_identity_join(identity, identity_of_option(&option, treatment));
	}
	return identity;
}

struct wt_identity wt_pcapng_identity(const struct wt_pcapng_item *item, struct wt_identity machine)
{
	return identity_of_interface(item, machine, false);
}

struct wt_identity wt_pcapng_lane_identity(const struct wt_pcapng_item *item,
                                           struct wt_identity machine)
{
	return identity_of_interface(item, machine, true);
}

struct wt_identity wt_pcapng_machine(const struct wt_pcapng_item_section *section)
{
	const struct wt_pcapng_item_text *texts[] = {&section->hardware, &section->os};
	struct wt_identity identity = wt_identity_of("", 0);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const uint64_t length = texts[i]->chars ? texts[i]->length : UINT64_MAX;

		identity = wt_identity_add(identity, &length, sizeof(length));
		if (texts[i]->chars)
			identity = wt_identity_add(identity, texts[i]->chars, texts[i]->length);
	}
	return identity;
}
