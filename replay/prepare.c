/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source_private.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include <wiretape/feed/big_endian.h>
#include <wiretape/feed/udp_packet.h>
#include <wiretape/writer/link_type.h>

enum {
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW = 101,
	LINKTYPE_IPV4 = 228,
	LINKTYPE_IPV6 = 229,
	VLAN_BYTES = 4,
	TYPE_OFFSET = 12,
};

static bool is_raw_ip(uint16_t link_type)
{
	return link_type == LINKTYPE_RAW || link_type == LINKTYPE_IPV4 ||
	       link_type == LINKTYPE_IPV6;
}

static const char *link_name(uint16_t link_type)
{
	const char *name = pcap_datalink_val_to_name(wt_link_type_dlt(link_type));

	return name ? name : "unknown";
}

static int refuse_link(uint16_t link_type, const char *wanted, struct wt_error *err)
{
	return wt_error_set(err, -ENOTSUP,
	                    "packets of link type %s (%u) cannot be sent %s; leave them out with "
	                    "--map or --filter%s",
	                    link_name(link_type), link_type, wanted,
	                    is_raw_ip(link_type) ? ", or send their UDP payloads with --to" : "");
}

static int check_link(const struct wt_pcapng_item_packet *packet, const struct wt_source_port *port,
                      struct wt_error *err)
{
	if (packet->link_type == port->link_type ||
	    (is_raw_ip(packet->link_type) && is_raw_ip(port->link_type)))
		return 0;
	return refuse_link(packet->link_type,
	                   is_raw_ip(port->link_type) ? "on an interface without link-layer headers"
	                                              : "on an Ethernet interface",
	                   err);
}

/* The payload of a UDP packet instead of the packet. */
static int choose_payload(const struct wt_prepare *prepare,
                          const struct wt_pcapng_item_packet *packet, struct wt_prepared *chosen,
                          struct wt_error *err)
{
	struct wt_replay_skipped *skipped = &prepare->counts->skipped;
	bool is_raw = is_raw_ip(packet->link_type);
	struct wt_udp_view view;
	int rc;

	if (!is_raw && packet->link_type != LINKTYPE_ETHERNET)
		return refuse_link(packet->link_type,
		                   "by their UDP payloads: only Ethernet and "
		                   "bare IP are understood",
		                   err);
	rc = wt_udp_locate(packet->frame.data, packet->frame.caplen,
	                   is_raw ? WT_UDP_ON_RAW_IP : WT_UDP_ON_ETHERNET, &view);
	if (!rc && view.fragment)
		rc = -EMSGSIZE;
	if (rc == -ENODATA)
		skipped->truncated++;
	else if (rc == -EMSGSIZE)
		skipped->fragments++;
	else if (rc)
		skipped->not_udp++;
	if (rc)
		return 0;
	chosen->data = view.payload;
	chosen->caplen = (uint32_t)view.payload_bytes;
	chosen->bytes = (uint32_t)view.payload_wire_bytes;
	chosen->link_type = 0;
	return 1;
}

/* Of a packet that was cut. */
static int choose_length(const struct wt_prepare *prepare, struct wt_prepared *chosen)
{
	if (chosen->bytes <= chosen->caplen)
		return 1;
	switch (prepare->config->truncated) {
	case WT_TRUNCATED_SKIP:
		prepare->counts->skipped.truncated++;
		return 0;
	case WT_TRUNCATED_CUT:
		chosen->bytes = chosen->caplen;
		return 1;
	default:
		return 1;
	}
}

static int check_size(const struct wt_prepare *prepare, const struct wt_source_port *port,
                      uint32_t bytes)
{
	if (bytes > port->bytes_max) {
		prepare->counts->skipped.too_large++;
		return 0;
	}
	if (bytes < port->bytes_min) {
		prepare->counts->skipped.too_short++;
		return 0;
	}
	return 1;
}

int wt_prepare_choose(const struct wt_prepare *prepare, const struct wt_pcapng_item_packet *packet,
                      uint16_t port, struct wt_prepared *chosen, struct wt_error *err)
{
	const struct wt_source_port *to = &prepare->ports[port];
	int rc;

	*chosen = (struct wt_prepared){
	        .data = packet->frame.data,
	        .caplen = packet->frame.caplen,
	        .bytes = packet->frame.len,
	        .link_type = packet->link_type,
	};
	rc = to->link_type ? check_link(packet, to, err)
	                   : choose_payload(prepare, packet, chosen, err);
	if (rc < 0 || (!to->link_type && !rc))
		return rc;
	rc = choose_length(prepare, chosen);
	return rc > 0 ? check_size(prepare, to, chosen->bytes) : rc;
}

static bool has_tag(const uint8_t *frame)
{
	uint16_t type = wt_get_be16(frame + TYPE_OFFSET);

	return type == 0x8100 || type == 0x88a8;
}

/* The MTU does not count a VLAN tag, and without one there is less room (packet_snd() in
 * net/packet/af_packet.c). */
static bool fits(const struct wt_source_port *port, const struct wt_queued_packet *place)
{
	if (place->caplen > port->bytes_max)
		return false;
	return port->link_type != LINKTYPE_ETHERNET ||
	       place->caplen <= port->bytes_max - VLAN_BYTES || has_tag(place->data);
}

static void rewrite(const struct wt_prepare *prepare, struct wt_queued_packet *place,
                    uint16_t link_type)
{
	static const struct wt_rewrite none;
	struct wt_rewrite_frame frame = {
	        .data = place->data,
	        .caplen = place->caplen,
	        .len = place->caplen,
	        .headroom = WT_QUEUED_HEADROOM_BYTES,
	        .link_flags = place->link_flags,
	        .link_type = is_raw_ip(link_type) ? WT_REWRITE_RAW_IP : link_type,
	};

	wt_rewrite_apply(prepare->config->rewrite ? prepare->config->rewrite : &none, &frame,
	                 &prepare->counts->rewritten);
	place->data = frame.data;
	place->caplen = frame.caplen;
}

void wt_prepare_stamp(const struct wt_prepare *prepare, struct wt_queued_packet *place,
                      uint16_t link_type)
{
	struct wt_payload_stamp stamp = {0};

	if (!link_type) {
		if (place->caplen < WT_PAYLOAD_STAMP_BYTES)
			return;
		stamp.offset = place->caplen - WT_PAYLOAD_STAMP_BYTES;
	} else if (!wt_payload_stamp_locate(&stamp, place->data, place->caplen,
	                                    is_raw_ip(link_type) ? WT_REWRITE_RAW_IP : link_type)) {
		return;
	}
	if (stamp.offset > UINT16_MAX || stamp.checksum > UINT16_MAX)
		return;
	place->stamp_offset = (uint16_t)stamp.offset;
	place->checksum_offset = (uint16_t)stamp.checksum;
	place->flags |= WT_QUEUED_STAMPED | (stamp.odd ? WT_QUEUED_STAMP_ODD : 0);
	prepare->counts->stamped++;
}

bool wt_prepare_fill(const struct wt_prepare *prepare, const struct wt_pcapng_item_packet *packet,
                     const struct wt_prepared *chosen, uint16_t port,
                     struct wt_queued_packet *place)
{
	uint32_t there = chosen->caplen < chosen->bytes ? chosen->caplen : chosen->bytes;

	memcpy(place->data, chosen->data, there);
	memset(place->data + there, 0, chosen->bytes - there);
	place->caplen = chosen->bytes;
	place->port = port;
	if (chosen->link_type) {
		place->link_flags = packet->frame.link_flags;
		/* A checksum over bytes that are not there cannot be completed. */
		if (packet->frame.len > packet->frame.caplen)
			place->link_flags &= ~WT_LINK_CSUM_NOT_READY;
		if (prepare->config->rewrite || place->link_flags & WT_LINK_CSUM_NOT_READY)
			rewrite(prepare, place, chosen->link_type);
	}
	place->len = place->caplen;
	if (!fits(&prepare->ports[port], place)) {
		prepare->counts->skipped.too_large++;
		return false;
	}
	if (chosen->bytes > chosen->caplen)
		prepare->counts->padded++;
	else if (packet->frame.len > packet->frame.caplen &&
	         prepare->config->truncated == WT_TRUNCATED_CUT)
		prepare->counts->cut++;
	if (prepare->config->stamp_payload)
		wt_prepare_stamp(prepare, place, chosen->link_type);
	return true;
}
