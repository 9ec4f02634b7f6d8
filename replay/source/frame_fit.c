/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/source_private.h>

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/link_type.h>
#include <wiretape/packet/udp_packet.h>

enum { TYPE_OFFSET = 12 };

bool wt_frame_fit_is_settled(const struct wt_packet_source_port *port, uint16_t link_type)
{
	if (!port->link_type)
		return wt_headers_knows_link(link_type);
	return link_type == port->link_type ||
	       (wt_headers_is_raw_ip(link_type) && wt_headers_is_raw_ip(port->link_type));
}

static const char *wanted(const struct wt_packet_source_port *port)
{
	if (!port->link_type)
		return "have UDP payloads that could be found";
	return wt_headers_is_raw_ip(port->link_type)
	               ? "be sent on an interface without link-layer headers"
	               : "be sent on an Ethernet interface";
}

void wt_frame_fit_count_unfit(struct wt_replayer_notes *notes,
                              const struct wt_packet_source_port *port, const char *path,
                              const char *name, uint32_t number, uint16_t link_type)
{
	const struct wt_packet_source_port payloads = {0};
	const char *link = pcap_datalink_val_to_name(wt_link_type_dlt(link_type));
	bool has_payloads = port->link_type && wt_frame_fit_is_settled(&payloads, link_type);

	wt_replayer_notes_add(notes,
	                      "%s: packets of its interface %s (number %u) have link type %s%s%u%s "
	                      "and cannot %s; leave them out with --map %u=- or --filter%s",
	                      path, name ? name : "without a name", number, link ? link : "",
	                      link ? " (" : "", link_type, link ? ")" : "", wanted(port), number,
	                      has_payloads ? ", or send UDP payloads with --to" : "");
}

/* Choose the payload of a UDP packet instead of the packet. */
static bool choose_payload(const struct wt_frame_fit *prepare,
                           const struct wt_pcapng_item_packet *packet, struct wt_fitted *chosen)
{
	struct wt_replayer_skipped *skipped = &prepare->counts->skipped;
	struct wt_udp_view view;
	int rc = wt_udp_locate(chosen->data, chosen->caplen, packet->link_type, &view);

	if (!rc && view.fragment)
		rc = -EMSGSIZE;
	if (rc == -ENODATA)
		skipped->truncated++;
	else if (rc == -EMSGSIZE)
		skipped->fragments++;
	else if (rc)
		skipped->not_udp++;
	if (rc)
		return false;
	chosen->data = view.payload;
	chosen->caplen = (uint32_t)view.payload_bytes;
	chosen->bytes = (uint32_t)view.payload_wire_bytes;
	chosen->link_type = 0;
	return true;
}

/* Choose the length to send for a truncated packet. */
static bool choose_length(const struct wt_frame_fit *prepare, struct wt_fitted *chosen)
{
	if (chosen->bytes <= chosen->caplen)
		return true;
	switch (prepare->config->truncated) {
	case WT_TRUNCATED_SKIP:
		prepare->counts->skipped.truncated++;
		return false;
	case WT_TRUNCATED_CUT:
		chosen->bytes = chosen->caplen;
		return true;
	default:
		return true;
	}
}

static bool has_size(const struct wt_frame_fit *prepare, const struct wt_packet_source_port *port,
                     uint32_t bytes)
{
	if (bytes > port->bytes_max) {
		prepare->counts->skipped.too_large++;
		return false;
	}
	if (bytes < port->bytes_min) {
		prepare->counts->skipped.too_short++;
		return false;
	}
	return true;
}

bool wt_frame_fit_choose(const struct wt_frame_fit *prepare,
                         const struct wt_pcapng_item_packet *packet, uint16_t port,
                         struct wt_fitted *chosen)
{
	const struct wt_packet_source_port *to = &prepare->ports[port];

	*chosen = (struct wt_fitted){
	        .data = packet->frame.data,
	        .caplen = wt_pcapng_caplen_without_fcs(packet),
	        .bytes = wt_pcapng_len_without_fcs(packet),
	        .link_type = packet->link_type,
	};
	if (!to->link_type && !choose_payload(prepare, packet, chosen))
		return false;
	return choose_length(prepare, chosen) && has_size(prepare, to, chosen->bytes);
}

/* The MTU does not count an 802.1Q tag, and without one there is less room; a tag of another type
 * is data like any other (packet_extra_vlan_len_allowed() in net/packet/af_packet.c). */
static bool fits(const struct wt_packet_source_port *port, const struct wt_queued_packet *place)
{
	if (place->caplen > port->bytes_max)
		return false;
	return port->link_type != WT_LINK_TYPE_ETHERNET ||
	       place->caplen <= port->bytes_max - WT_VLAN_BYTES ||
	       wt_get_be16(place->data + TYPE_OFFSET) == WT_ETHERTYPE_VLAN;
}

/* Rules, and checksums, over the bytes that were captured: zeros in place of others come after
 * them, and move with them. */
static void rewrite(const struct wt_frame_fit *prepare, const struct wt_pcapng_item_packet *packet,
                    const struct wt_fitted *chosen, struct wt_queued_packet *place)
{
	static const struct wt_rewrite none;
	uint32_t captured = chosen->caplen < chosen->bytes ? chosen->caplen : chosen->bytes;
	struct wt_rewrite_frame frame = {
	        .data = place->data,
	        .caplen = captured,
	        .len = wt_pcapng_len_without_fcs(packet),
	        .headroom = WT_QUEUED_HEADROOM_BYTES,
	        .link_flags = packet->frame.link_flags,
	        .link_type = wt_headers_is_raw_ip(chosen->link_type) ? WT_REWRITE_RAW_IP
	                                                             : chosen->link_type,
	        .fix_checksums = prepare->config->fix_checksums,
	};

	wt_rewrite_apply(prepare->config->rewrite ? prepare->config->rewrite : &none, &frame,
	                 &prepare->counts->rewritten);
	place->data = frame.data;
	place->caplen += frame.caplen - captured;
	place->link_flags = frame.link_flags;
}

void wt_frame_fit_stamp(const struct wt_frame_fit *prepare, struct wt_queued_packet *place,
                        uint16_t link_type)
{
	struct wt_payload_stamp stamp = {0};

	if (!link_type) {
		if (place->caplen < WT_PAYLOAD_STAMP_BYTES)
			return;
		stamp.offset = place->caplen - WT_PAYLOAD_STAMP_BYTES;
	} else if (!wt_payload_stamp_locate(&stamp, place->data, place->caplen,
	                                    wt_headers_is_raw_ip(link_type) ? WT_REWRITE_RAW_IP
	                                                                    : link_type)) {
		return;
	}
	if (stamp.offset > UINT16_MAX || stamp.checksum > UINT16_MAX)
		return;
	place->stamp_offset = (uint16_t)stamp.offset;
	place->checksum_offset = (uint16_t)stamp.checksum;
	place->flags |= WT_QUEUED_STAMPED | (stamp.odd ? WT_QUEUED_STAMP_ODD : 0);
	prepare->counts->stamped++;
}

bool wt_frame_fit_fill(const struct wt_frame_fit *prepare,
                       const struct wt_pcapng_item_packet *packet, const struct wt_fitted *chosen,
                       uint16_t port, struct wt_queued_packet *place)
{
	uint32_t there = chosen->caplen < chosen->bytes ? chosen->caplen : chosen->bytes;

	memcpy(place->data, chosen->data, there);
	memset(place->data + there, 0, chosen->bytes - there);
	place->caplen = chosen->bytes;
	place->port = port;
	if (chosen->link_type)
		rewrite(prepare, packet, chosen, place);
	place->len = place->caplen;
	if (!fits(&prepare->ports[port], place)) {
		prepare->counts->skipped.too_large++;
		return false;
	}
	if (chosen->bytes > chosen->caplen)
		prepare->counts->padded++;
	else if (packet->frame.caplen < wt_pcapng_len_without_fcs(packet) &&
	         prepare->config->truncated == WT_TRUNCATED_CUT)
		prepare->counts->cut++;
	prepare->counts->without_fcs += chosen->link_type && packet->fcs_bytes;
	prepare->counts->excess += packet->excess_bytes != 0;
	if (prepare->config->stamp_payload)
		wt_frame_fit_stamp(prepare, place, chosen->link_type);
	return true;
}
