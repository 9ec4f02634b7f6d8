/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/rewrite.h>

#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/frame.h>
#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_packet.h>

#include "rewrite_private.h"

enum {
	MAC_BYTES = 6,
	MACS_BYTES = 12,
	VLAN_ID_MASK = 0x0fff,
};
_Static_assert((int)WT_VLAN_BYTES <= (int)WT_REWRITE_HEADROOM, "room for a tag");

/* A frame while it is rewritten. */
struct pass {
	const struct wt_rewrite *rewrite;
	struct wt_rewrite_frame *frame;
	struct wt_rewrite_headers headers;
	bool changed;
	bool partial; /* the checksum field holds the sum that it will be computed from */
	/* Changes under checksums: sums of the new words and the complements of the old ones,
	 * modulo 0xffff and in host byte order, which does not affect sums (RFC 1071). */
	uint64_t addresses;
	uint64_t pseudo_header; /* the addresses under the transport's checksum */
	uint64_t ports;
};

/* Compare the first `words` words; the others are zeros on both sides. */
static inline bool matches(const struct wt_rewrite_rule *rule, const struct wt_rewrite_value *value,
                           size_t words)
{
	uint64_t differs = 0;

	for (size_t i = 0; i < words; i++)
		differs |= (value->words[i] ^ rule->where.words[i]) & rule->where_mask.words[i];
	return !differs;
}

static inline const struct wt_rewrite_rule *find_rule(const struct wt_rewrite *rewrite,
                                                      enum wt_rewrite_field field,
                                                      const struct wt_rewrite_value *value,
                                                      size_t words)
{
	const uint8_t *numbers = rewrite->by_field[field];

	for (uint32_t i = 0; i < rewrite->field_rules[field]; i++) {
		const struct wt_rewrite_rule *rule = &rewrite->rules[numbers[i]];

		if (matches(rule, value, words))
			return rule;
	}
	return NULL;
}

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* The zeros after a field's bytes add a multiple of 0xffff, which is nothing. */
static inline uint64_t difference(uint64_t from, uint64_t to)
{
	return (~from & UINT32_MAX) + (~from >> 32) + (to & UINT32_MAX) + (to >> 32);
}

/* Set a field by its rules, and add the change to *sum. Returns whether a rule has matched. `at`
 * may be NULL: the field is not here. Inline, so that the sizes are constants. */
static inline bool set_field(struct pass *pass, enum wt_rewrite_field field, uint8_t *at,
                             size_t bytes, uint64_t *sum)
{
	size_t words = bytes > sizeof(uint64_t) ? 2 : 1;
	struct wt_rewrite_value value = {0};
	const struct wt_rewrite_rule *rule;

	if (!at || !pass->rewrite->field_rules[field])
		return false;
	memcpy(&value, at, bytes);
	rule = find_rule(pass->rewrite, field, &value, words);
	if (!rule)
		return false;
	for (size_t i = 0; i < words; i++) {
		uint64_t old = value.words[i];

		value.words[i] = (old & ~rule->set_mask.words[i]) | rule->set.words[i];
		*sum += difference(old, value.words[i]);
		pass->changed |= old != value.words[i];
	}
	memcpy(at, &value, bytes);
	return true;
}

/* Place of a field; NULL if it is not here. */
static uint8_t *place(const struct pass *pass, uint32_t offset)
{
	return offset ? pass->frame->data + offset : NULL;
}

/* RFC 1624, equation 3. Changes that add up to nothing leave the checksum as written, which may be
 * the other of the two zeros. */
static uint16_t repaired(uint16_t checksum, uint64_t changes)
{
	uint32_t sum = fold(changes);

	if (sum == 0 || sum == 0xffff)
		return checksum;
	return (uint16_t)~fold((uint64_t)(uint16_t)~checksum + sum);
}

static void repair_ip(const struct pass *pass)
{
	uint8_t *at = place(pass, pass->headers.ip_checksum);
	uint16_t checksum;

	if (!at)
		return;
	memcpy(&checksum, at, sizeof(checksum));
	checksum = repaired(checksum, pass->addresses);
	memcpy(at, &checksum, sizeof(checksum));
}

/* Whether the addresses are part of the transport's checksum. */
static bool has_pseudo_header(const struct wt_rewrite_headers *headers)
{
	return headers->protocol != WT_PROTOCOL_ICMP && headers->protocol != WT_PROTOCOL_IGMP;
}

static void repair_transport(const struct pass *pass)
{
	uint8_t *at = place(pass, pass->headers.checksum);
	bool udp = pass->headers.protocol == WT_PROTOCOL_UDP;
	uint16_t checksum;

	if (!at || !has_pseudo_header(&pass->headers))
		return;
	memcpy(&checksum, at, sizeof(checksum));
	if (udp && !checksum)
		return;
	/* The field holds no complement, and does not cover the ports. */
	if (pass->partial)
		checksum = (uint16_t)~repaired((uint16_t)~checksum, pass->pseudo_header);
	else
		checksum = repaired(checksum, pass->pseudo_header + pass->ports);
	/* 0 would mean that there is none (RFC 768). */
	if (udp && !checksum)
		checksum = 0xffff;
	memcpy(at, &checksum, sizeof(checksum));
}

static bool is_group(const uint8_t *address, uint8_t ip_version)
{
	return ip_version == 4 ? address[0] >> 4 == 0xe : address[0] == 0xff;
}

static void set_group_mac(struct pass *pass)
{
	const uint8_t *group = pass->frame->data + pass->headers.destination;
	uint8_t mac[MAC_BYTES] = {0x33, 0x33};

	if (pass->headers.ip_version == 4)
		wt_udp_multicast_mac((uint32_t)wt_get_be16(group) << 16 | wt_get_be16(group + 2),
		                     mac);
	else
		memcpy(mac + 2, group + 12, 4);
	pass->changed |= memcmp(pass->frame->data, mac, sizeof(mac)) != 0;
	memcpy(pass->frame->data, mac, sizeof(mac));
}

/* Returns whether a rule for the destination has matched. */
static bool rewrite_addresses(struct pass *pass)
{
	uint8_t *source = place(pass, pass->headers.source);
	uint8_t *destination = place(pass, pass->headers.destination);
	uint64_t from = 0, to = 0;
	bool matched;

	if (pass->headers.ip_version == 4) {
		set_field(pass, WT_REWRITE_SRC_IPV4, source, 4, &from);
		matched = set_field(pass, WT_REWRITE_DST_IPV4, destination, 4, &to);
	} else {
		set_field(pass, WT_REWRITE_SRC_IPV6, source, 16, &from);
		matched = set_field(pass, WT_REWRITE_DST_IPV6, destination, 16, &to);
	}
	pass->addresses = from + to;
	pass->pseudo_header = from + (pass->headers.on_its_way ? 0 : to);
	return matched;
}

static void rewrite_ports(struct pass *pass)
{
	set_field(pass, WT_REWRITE_SRC_PORT, place(pass, pass->headers.source_port), 2,
	          &pass->ports);
	set_field(pass, WT_REWRITE_DST_PORT, place(pass, pass->headers.destination_port), 2,
	          &pass->ports);
}

/* Returns whether a rule for the destination has matched. */
static bool rewrite_macs(struct pass *pass)
{
	uint8_t *frame = pass->frame->data;
	uint64_t unused = 0;

	set_field(pass, WT_REWRITE_SRC_MAC, frame + MAC_BYTES, MAC_BYTES, &unused);
	return set_field(pass, WT_REWRITE_DST_MAC, frame, MAC_BYTES, &unused);
}

/* The frame grows by a tag in front, after its MACs. */
static bool put_tag_in(struct wt_rewrite_frame *frame)
{
	if (frame->headroom < WT_VLAN_BYTES)
		return false;
	frame->data -= WT_VLAN_BYTES;
	frame->headroom -= WT_VLAN_BYTES;
	frame->caplen += WT_VLAN_BYTES;
	frame->len += WT_VLAN_BYTES;
	memmove(frame->data, frame->data + WT_VLAN_BYTES, MACS_BYTES);
	wt_put_be16(frame->data + MACS_BYTES, WT_ETHERTYPE_VLAN);
	wt_put_be16(frame->data + MACS_BYTES + 2, 0);
	return true;
}

static void take_tag_out(struct wt_rewrite_frame *frame)
{
	memmove(frame->data + WT_VLAN_BYTES, frame->data, MACS_BYTES);
	frame->data += WT_VLAN_BYTES;
	frame->headroom += WT_VLAN_BYTES;
	frame->caplen -= WT_VLAN_BYTES;
	frame->len -= WT_VLAN_BYTES;
}

static uint64_t vlan_of(const struct pass *pass)
{
	if (!pass->headers.tagged)
		return WT_REWRITE_VLAN_NONE;
	return wt_get_be16(pass->frame->data + pass->headers.vlan) & VLAN_ID_MASK;
}

/* Change a VLAN to another or none, or none to one. */
static void set_vlan(struct pass *pass, uint64_t vlan, struct wt_rewrite_counts *counts)
{
	struct wt_rewrite_frame *frame = pass->frame;
	uint8_t *tag;

	if (vlan == WT_REWRITE_VLAN_NONE) {
		take_tag_out(frame);
	} else {
		if (!pass->headers.tagged && !put_tag_in(frame)) {
			counts->no_headroom++;
			return;
		}
		tag = frame->data + MACS_BYTES + 2;
		wt_put_be16(tag, (uint16_t)((wt_get_be16(tag) & ~VLAN_ID_MASK) | vlan));
	}
	pass->changed = true;
}

static void rewrite_vlan(struct pass *pass, struct wt_rewrite_counts *counts)
{
	struct wt_rewrite_value vlan = {0};
	const struct wt_rewrite_rule *rule;

	if (!pass->rewrite->field_rules[WT_REWRITE_VLAN])
		return;
	/* The frame was cut within the tag. */
	if (pass->headers.tagged && !pass->headers.vlan)
		return;
	vlan.words[0] = vlan_of(pass);
	rule = find_rule(pass->rewrite, WT_REWRITE_VLAN, &vlan, 1);
	if (rule && rule->set.words[0] != vlan.words[0])
		set_vlan(pass, rule->set.words[0], counts);
}

static void rewrite_ip(struct pass *pass, bool mac_is_set)
{
	bool is_of_macs = pass->headers.ethernet && !pass->headers.arp && !pass->headers.tunnelled;
	bool matched = rewrite_addresses(pass);

	rewrite_ports(pass);
	if (pass->addresses)
		repair_ip(pass);
	if (pass->addresses | pass->ports)
		repair_transport(pass);
	if (matched && is_of_macs && !mac_is_set &&
	    is_group(pass->frame->data + pass->headers.destination, pass->headers.ip_version))
		set_group_mac(pass);
}

/* Layers that may still hold something that there are rules for. */
static void count_unfollowed(const struct pass *pass, struct wt_rewrite_counts *counts)
{
	const uint8_t *rules = pass->rewrite->field_rules;
	const struct wt_rewrite_headers *headers = &pass->headers;
	uint32_t kinds = 0;

	if (rules[WT_REWRITE_SRC_IPV4] || rules[WT_REWRITE_DST_IPV4] ||
	    rules[WT_REWRITE_SRC_IPV6] || rules[WT_REWRITE_DST_IPV6])
		kinds |= headers->unfollowed_addresses;
	if (rules[WT_REWRITE_SRC_PORT] || rules[WT_REWRITE_DST_PORT])
		kinds |= headers->unfollowed_ports;
	if (rules[WT_REWRITE_SRC_MAC] || rules[WT_REWRITE_DST_MAC])
		kinds |= headers->unfollowed_macs;
	if (!kinds)
		return;
	counts->not_followed++;
	for (int i = 0; i < WT_UNFOLLOWED_KINDS; i++)
		counts->unfollowed[i] += kinds >> i & 1;
}

/* The tag comes last: it moves everything. */
static void rewrite_frame(struct pass *pass, struct wt_rewrite_counts *counts)
{
	bool mac_is_set = pass->headers.ethernet && rewrite_macs(pass);

	if (pass->headers.ip_version)
		rewrite_ip(pass, mac_is_set);
	if (pass->headers.ethernet)
		rewrite_vlan(pass, counts);
	counts->changed += pass->changed;
	/* MACs and VLANs are there nevertheless. */
	counts->not_understood += pass->headers.not_understood &&
	                          (pass->rewrite->beyond_link || !pass->headers.ethernet);
	count_unfollowed(pass, counts);
}

/* Sum over the addresses, which are adjacent, and the protocol (RFC 768, RFC 9293, RFC 8200), in
 * network order; the length is still to be added. */
static uint64_t pseudo_header_sum(const uint8_t *frame, const struct wt_rewrite_headers *headers)
{
	size_t bytes = headers->ip_version == 4 ? 2 * 4 : 2 * 16;

	if (!has_pseudo_header(headers))
		return 0;
	return wt_checksum_add(headers->protocol, frame + headers->source, bytes);
}

/* A checksum left to the NIC begins as that sum; if segmentation is left to it, too, some systems
 * omit the length. */
static bool is_partial(const uint8_t *frame, const struct wt_rewrite_headers *headers)
{
	uint64_t sum;
	uint16_t checksum;

	if (!headers->checksum || !headers->transport_bytes || headers->fragment ||
	    !has_pseudo_header(headers))
		return false;
	checksum = wt_get_be16(frame + headers->checksum);
	sum = pseudo_header_sum(frame, headers);
	return checksum == fold(sum + headers->transport_bytes) || checksum == fold(sum);
}

/* Whether the frame has a transport with a checksum: UDP may do without. */
static bool has_checksum(const uint8_t *frame, const struct wt_rewrite_headers *headers)
{
	bool may_be_none = headers->protocol == WT_PROTOCOL_UDP && headers->ip_version == 4;

	switch (headers->protocol) {
	case WT_PROTOCOL_UDP:
	case WT_PROTOCOL_TCP:
	case WT_PROTOCOL_ICMP:
	case WT_PROTOCOL_IGMP:
	case WT_PROTOCOL_ICMPV6:
		return !may_be_none || !headers->checksum ||
		       wt_get_be16(frame + headers->checksum) != 0;
	default:
		return false;
	}
}

/* Whether every byte under the transport's checksum is here. */
static bool can_be_computed(const struct wt_rewrite_headers *headers)
{
	return headers->checksum && headers->transport_bytes && headers->whole &&
	       !headers->fragment && !headers->on_its_way;
}

/* Correct value of the transport's checksum. */
static uint16_t compute(const uint8_t *frame, const struct wt_rewrite_headers *headers)
{
	uint64_t sum = pseudo_header_sum(frame, headers);
	uint16_t checksum;

	if (has_pseudo_header(headers))
		sum += headers->transport_bytes;
	sum = wt_checksum_add(sum, frame + headers->transport, headers->transport_bytes);
	/* Exclude the current one. */
	sum += (uint16_t)~wt_get_be16(frame + headers->checksum);
	checksum = wt_checksum_finish(sum);
	return headers->protocol == WT_PROTOCOL_UDP && !checksum ? 0xffff : checksum;
}

/* Either zero is right. */
static bool is_same_sum(uint16_t a, uint16_t b)
{
	return a == b || (a % 0xffff == 0 && b % 0xffff == 0);
}

static void mend_ip(const struct wt_rewrite_frame *frame, const struct wt_rewrite_headers *headers,
                    struct wt_rewrite_counts *counts)
{
	uint8_t *at = frame->data + headers->ip_header;
	uint64_t sum;

	if (!headers->ip_header_bytes)
		return;
	sum = wt_checksum_add(0, at, headers->ip_header_bytes);
	if (!wt_checksum_finish(sum))
		return;
	if (!frame->fix_checksums) {
		counts->ip_checksums_wrong++;
		return;
	}
	at = frame->data + headers->ip_checksum;
	sum += (uint16_t)~wt_get_be16(at);
	wt_put_be16(at, wt_checksum_finish(sum));
	counts->checksums_fixed++;
}

/* Handle an incomplete transport. */
static bool leave(const struct wt_rewrite_frame *frame, const struct wt_rewrite_headers *headers,
                  struct wt_rewrite_counts *counts)
{
	bool partial = is_partial(frame->data, headers);
	bool told = frame->link_flags & WT_LINK_CSUM_NOT_READY;

	if (told || (frame->fix_checksums && has_checksum(frame->data, headers)))
		counts->checksums_lacking++;
	else
		counts->checksums_left += partial;
	return partial;
}

/* Returns whether the checksum field holds, at the end, the sum that it is to be computed from. */
static bool mend_transport(struct wt_rewrite_frame *frame, const struct wt_rewrite_headers *headers,
                           struct wt_rewrite_counts *counts)
{
	bool told = frame->link_flags & WT_LINK_CSUM_NOT_READY;
	bool partial, left;
	uint16_t is, should;

	if (!can_be_computed(headers))
		return leave(frame, headers, counts);
	is = wt_get_be16(frame->data + headers->checksum);
	partial = is_partial(frame->data, headers);
	left = partial || (!is && headers->protocol == WT_PROTOCOL_TCP);
	counts->checksums_lacking += told && !partial;
	if ((!left && !frame->fix_checksums) || !has_checksum(frame->data, headers))
		return false;
	should = compute(frame->data, headers);
	/* A right one may look like that sum by chance. */
	if (is_same_sum(is, should) && !(told && partial))
		return false;
	if (!frame->fix_checksums && !(told && partial)) {
		counts->checksums_left++;
		return partial;
	}
	/* It is ready now, whatever was in its place. */
	wt_put_be16(frame->data + headers->checksum, should);
	frame->link_flags &= ~WT_LINK_CSUM_NOT_READY;
	if (left)
		counts->checksums_completed++;
	else
		counts->checksums_fixed++;
	return false;
}

void wt_rewrite_apply(const struct wt_rewrite *rewrite, struct wt_rewrite_frame *frame,
                      struct wt_rewrite_counts *counts)
{
	struct pass pass = {.rewrite = rewrite, .frame = frame};

	wt_rewrite_read_headers(frame, &pass.headers, rewrite->rules_count);
	mend_ip(frame, &pass.headers, counts);
	pass.partial = mend_transport(frame, &pass.headers, counts);
	if (rewrite->rules_count)
		rewrite_frame(&pass, counts);
}
