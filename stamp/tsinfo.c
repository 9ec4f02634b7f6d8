/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/capabilities.h>

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/netlink.h>
#include <string.h>

#include <wiretape/stamp/tsinfo_private.h>

enum { BITS = 32 };

/* A sequence of attributes, untrusted and unaligned. */
struct attributes {
	const uint8_t *at;
	size_t left;
};

struct attribute {
	uint16_t type;
	const uint8_t *body;
	size_t length;
};

static struct attributes inside(const struct attribute *attribute)
{
	return (struct attributes){attribute->body, attribute->length};
}

/* 1 and *attribute, 0 at the end, -EBADMSG. */
static int next(struct attributes *attributes, struct attribute *attribute)
{
	struct nlattr header;
	size_t step;

	if (!attributes->left)
		return 0;
	if (attributes->left < sizeof(header))
		return -EBADMSG;
	memcpy(&header, attributes->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > attributes->left)
		return -EBADMSG;
	attribute->type = header.nla_type & NLA_TYPE_MASK;
	attribute->body = attributes->at + sizeof(header);
	attribute->length = header.nla_len - sizeof(header);
	/* The padding of the last one may be missing. */
	step = NLA_ALIGN((size_t)header.nla_len);
	if (step > attributes->left)
		step = attributes->left;
	attributes->at += step;
	attributes->left -= step;
	return 1;
}

static int read_u32(const struct attribute *attribute, uint32_t *value)
{
	if (attribute->length != sizeof(*value))
		return -EBADMSG;
	memcpy(value, attribute->body, sizeof(*value));
	return 0;
}

static bool is_name(const struct attribute *attribute, const char *name)
{
	size_t length = strlen(name);

	return strnlen((const char *)attribute->body, attribute->length) == length &&
	       !memcmp(attribute->body, name, length);
}

/* Number of the bit, or BITS for an unknown name. */
static uint32_t find_name(const struct attribute *attribute, wt_bit_name *name)
{
	uint32_t bit = 0;

	while (bit < BITS && name(bit) && !is_name(attribute, name(bit)))
		bit++;
	return bit < BITS && name(bit) ? bit : BITS;
}

struct bit {
	bool has_index, has_name;
	uint32_t index;
	uint32_t named; /* the name's number */
	bool value;
};

static int read_bit(struct attributes parts, wt_bit_name *name, struct bit *bit)
{
	struct attribute part;
	int more, rc = 0;

	*bit = (struct bit){0};
	while (!rc && (more = next(&parts, &part)) != 0) {
		if (more < 0)
			return more;
		if (part.type == ETHTOOL_A_BITSET_BIT_INDEX) {
			bit->has_index = true;
			rc = read_u32(&part, &bit->index);
		} else if (part.type == ETHTOOL_A_BITSET_BIT_NAME) {
			bit->has_name = true;
			bit->named = find_name(&part, name);
		} else if (part.type == ETHTOOL_A_BITSET_BIT_VALUE) {
			bit->value = true;
		}
	}
	return !rc && !bit->has_index && !bit->has_name ? -EBADMSG : rc;
}

/* Without a mask, the list holds the bits that are set; with one, each bit says whether it is. */
static int read_list(struct attributes list, bool no_mask, wt_bit_name *name, uint32_t *bits)
{
	struct attribute item;
	struct bit bit;
	int more, rc;

	*bits = 0;
	while ((more = next(&list, &item)) > 0) {
		uint32_t index;

		if (item.type != ETHTOOL_A_BITSET_BITS_BIT)
			continue;
		rc = read_bit(inside(&item), name, &bit);
		if (rc)
			return rc;
		index = bit.has_index ? bit.index : bit.named;
		/* Bits of later kernels mean nothing here. */
		if (index < BITS && (no_mask || bit.value))
			*bits |= 1u << index;
	}
	return more;
}

/* The first word, in host byte order. */
static int read_words(const struct attribute *attribute, uint32_t size, uint32_t *bits)
{
	if (attribute->length < sizeof(*bits) || attribute->length % sizeof(*bits) ||
	    attribute->length / sizeof(*bits) < (size + (uint64_t)BITS - 1) / BITS)
		return -EBADMSG;
	memcpy(bits, attribute->body, sizeof(*bits));
	if (size < BITS)
		*bits &= (1u << size) - 1;
	return 0;
}

struct bitset {
	bool no_mask;
	uint32_t size;
	bool has_size;
	struct attribute list, value, mask; /* body NULL: absent */
};

static int split_bitset(struct attributes parts, struct bitset *bitset)
{
	struct attribute part;
	int more, rc = 0;

	*bitset = (struct bitset){0};
	while (!rc && (more = next(&parts, &part)) != 0) {
		if (more < 0)
			return more;
		switch (part.type) {
		case ETHTOOL_A_BITSET_NOMASK:
			bitset->no_mask = true;
			break;
		case ETHTOOL_A_BITSET_SIZE:
			bitset->has_size = true;
			rc = read_u32(&part, &bitset->size);
			break;
		case ETHTOOL_A_BITSET_BITS:
			bitset->list = part;
			break;
		case ETHTOOL_A_BITSET_VALUE:
			bitset->value = part;
			break;
		case ETHTOOL_A_BITSET_MASK:
			bitset->mask = part;
			break;
		default:
			break;
		}
	}
	return rc;
}

static int read_bitset(const struct attribute *attribute, wt_bit_name *name, uint32_t *bits)
{
	struct bitset bitset;
	uint32_t mask = UINT32_MAX;
	int rc = split_bitset(inside(attribute), &bitset);

	if (rc)
		return rc;
	if (bitset.list.body)
		return read_list(inside(&bitset.list), bitset.no_mask, name, bits);
	if (!bitset.value.body || !bitset.has_size)
		return -EBADMSG;
	rc = read_words(&bitset.value, bitset.size, bits);
	if (!rc && bitset.mask.body)
		rc = read_words(&bitset.mask, bitset.size, &mask);
	*bits &= mask;
	return rc;
}

static int read_phc_index(const struct attribute *attribute, int *index)
{
	uint32_t value;
	int rc = read_u32(attribute, &value);

	if (!rc)
		*index = value <= INT32_MAX ? (int)value : -1;
	return rc;
}

int wt_stamp_parse_tsinfo(struct wt_stamp_supported *supported, const void *payload, size_t length)
{
	struct attributes attributes = {payload, length};
	struct wt_stamp_supported read = {.phc_index = -1, .by_netlink = true};
	struct attribute attribute;
	int more, rc = 0;

	while (!rc && (more = next(&attributes, &attribute)) != 0) {
		if (more < 0)
			return more;
		switch (attribute.type) {
		case ETHTOOL_A_TSINFO_TIMESTAMPING:
			rc = read_bitset(&attribute, wt_so_timestamping_string,
			                 &read.so_timestamping);
			break;
		case ETHTOOL_A_TSINFO_TX_TYPES:
			rc = read_bitset(&attribute, wt_tx_type_name, &read.tx_types);
			break;
		case ETHTOOL_A_TSINFO_RX_FILTERS:
			rc = read_bitset(&attribute, wt_rx_filter_name, &read.rx_filters);
			break;
		case ETHTOOL_A_TSINFO_PHC_INDEX:
			rc = read_phc_index(&attribute, &read.phc_index);
			break;
		default:
			break;
		}
	}
	if (!rc)
		*supported = read;
	return rc;
}
