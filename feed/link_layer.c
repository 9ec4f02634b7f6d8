/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/link_layer.h>

#include <wiretape/base/big_endian.h>

enum {
	LINK_NULL = 0,
	LINK_PPP = 9,
	LINK_RAW_OLD = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_PPP_ETHER = 51,
	LINK_C_HDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_PPP_PPPD = 166,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,

	ETHERNET_BYTES = 14,
	VLAN_BYTES = 4,
	LOOP_BYTES = 4,
	PPPOE_BYTES = 6,

	PPP_ADDRESS = 0xff, /* of all stations, then: */
	PPP_CONTROL = 0x03, /* unnumbered information */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
};

struct frame {
	const uint8_t *at;
	size_t captured;
	uint16_t link_type;
};

bool wt_link_layer_is_raw_ip(uint16_t link_type)
{
	return link_type == LINK_RAW_OLD || link_type == LINK_RAW_OPENBSD ||
	       link_type == WT_LINK_TYPE_RAW || link_type == LINK_IPV4 || link_type == LINK_IPV6;
}

bool wt_link_layer_is_vlan(uint16_t ethertype)
{
	return ethertype == WT_ETHERTYPE_VLAN || ethertype == WT_ETHERTYPE_QINQ ||
	       ethertype == WT_ETHERTYPE_QINQ_OLD;
}

static void end_at(struct wt_link_layer *layer, const struct frame *frame, size_t at)
{
	layer->cut = frame->captured < at;
	layer->network = layer->cut ? frame->captured : at;
}

/* By the version in its first byte. */
static void find_ip(struct wt_link_layer *layer, const struct frame *frame, size_t at)
{
	end_at(layer, frame, at);
	if (frame->captured <= at)
		return;
	if (frame->at[at] >> 4 == 4)
		layer->protocol = WT_ETHERTYPE_IPV4;
	else if (frame->at[at] >> 4 == 6)
		layer->protocol = WT_ETHERTYPE_IPV6;
}

/* After a header of `header` bytes in which the Ethernet type stands at `type_at`. */
static void find_typed(struct wt_link_layer *layer, const struct frame *frame, size_t type_at,
                       size_t header)
{
	size_t at = header;
	uint16_t type;

	end_at(layer, frame, header);
	if (layer->cut)
		return;
	type = wt_get_be16(frame->at + type_at);
	while (wt_link_layer_is_vlan(type)) {
		if (frame->captured - at < VLAN_BYTES) {
			layer->cut = true;
			break;
		}
		type = wt_get_be16(frame->at + at + 2);
		at += VLAN_BYTES;
		layer->vlan_tags += layer->vlan_tags < UINT8_MAX;
	}
	layer->network = at;
	if (type >= WT_ETHERTYPE_MIN)
		layer->protocol = type;
	else if (frame->link_type == WT_LINK_TYPE_ETHERNET || layer->vlan_tags)
		layer->length = type;
}

/* AF_INET is 2 everywhere; of AF_INET6 each system has its own. */
static bool is_ip_family(uint32_t family)
{
	static const uint8_t families[] = {2, 10, 23, 24, 26, 28, 30};

	for (size_t i = 0; i < sizeof(families); i++)
		if (family == families[i])
			return true;
	return false;
}

/* An address family in the byte order of the machine that has recorded it, which nothing tells;
 * all of them are small. */
static void find_after_family(struct wt_link_layer *layer, const struct frame *frame)
{
	uint32_t family;

	end_at(layer, frame, LOOP_BYTES);
	if (layer->cut)
		return;
	family = (uint32_t)wt_get_be16(frame->at) << 16 | wt_get_be16(frame->at + 2);
	if (is_ip_family(family) || is_ip_family(__builtin_bswap32(family)))
		find_ip(layer, frame, LOOP_BYTES);
}

/* A protocol number is one byte where both ends have agreed on that, and then odd. */
static void find_ppp(struct wt_link_layer *layer, const struct frame *frame, size_t at)
{
	bool is_short = frame->captured > at && frame->at[at] & 1;
	size_t end = at + (is_short ? 1 : 2);
	uint16_t protocol;

	end_at(layer, frame, end);
	if (layer->cut)
		return;
	protocol = is_short ? frame->at[at] : wt_get_be16(frame->at + at);
	if (protocol == PPP_IPV4)
		layer->protocol = WT_ETHERTYPE_IPV4;
	else if (protocol == PPP_IPV6)
		layer->protocol = WT_ETHERTYPE_IPV6;
}

static void find_cisco_hdlc(struct wt_link_layer *layer, const struct frame *frame)
{
	find_typed(layer, frame, 2, 4);
}

/* Address and control may have been left out, in which case the protocol comes first; under the
 * number of HDLC there may be Cisco's. */
static void find_hdlc(struct wt_link_layer *layer, const struct frame *frame)
{
	if (frame->captured < 2)
		end_at(layer, frame, 2);
	else if (frame->at[0] == PPP_ADDRESS && frame->at[1] == PPP_CONTROL)
		find_ppp(layer, frame, 2);
	else if (frame->link_type == LINK_PPP_HDLC)
		find_cisco_hdlc(layer, frame);
	else
		find_ppp(layer, frame, 0);
}

bool wt_link_layer_find(struct wt_link_layer *layer, uint16_t link_type, const uint8_t *data,
                        size_t caplen)
{
	const struct frame frame = {data, caplen, link_type};

	*layer = (struct wt_link_layer){0};
	switch (link_type) {
	case WT_LINK_TYPE_ETHERNET:
		find_typed(layer, &frame, 12, ETHERNET_BYTES);
		return true;
	case LINK_SLL:
		find_typed(layer, &frame, 14, 16);
		return true;
	case LINK_SLL2:
		find_typed(layer, &frame, 0, 20);
		return true;
	case LINK_NULL:
	case LINK_LOOP:
		find_after_family(layer, &frame);
		return true;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		find_hdlc(layer, &frame);
		return true;
	case LINK_PPP_ETHER:
		find_ppp(layer, &frame, PPPOE_BYTES);
		return true;
	case LINK_PPP_PPPD: /* in place of the address, which way it went */
		find_ppp(layer, &frame, 2);
		return true;
	case LINK_C_HDLC:
		find_cisco_hdlc(layer, &frame);
		return true;
	default:
		if (!wt_link_layer_is_raw_ip(link_type))
			return false;
		find_ip(layer, &frame, 0);
		return true;
	}
}
