/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_HEADERS_PRIVATE_H
#define WIRETAPE_PACKET_HEADERS_PRIVATE_H

#include <wiretape/base/cursor.h>
#include <wiretape/packet/headers.h>

/* Layer at the cursor after a header. */
enum wt_next {
	WT_NEXT_NOTHING,  /* nothing; headers->end has the reason */
	WT_NEXT_TYPED,    /* the type in walk->type */
	WT_NEXT_ETHERNET, /* an Ethernet header */
};

/* A frame while its headers are read. */
struct wt_walk {
	struct wt_cursor cursor;
	struct wt_headers *headers;
	uint32_t follow;
	uint16_t type; /* an Ethernet type; 0: not known */
};

static inline enum wt_next wt_walk_end(struct wt_walk *walk, enum wt_headers_end end,
                                       uint16_t stopped_at)
{
	walk->headers->end = end;
	walk->headers->stopped_at = stopped_at;
	return WT_NEXT_NOTHING;
}

/* Stop for lack of a header's bytes: `rc` comes from wt_cursor_need(). */
static inline enum wt_next wt_walk_lacking(struct wt_walk *walk, int rc)
{
	return wt_walk_end(walk, rc == -ENODATA ? WT_HEADERS_CUT : WT_HEADERS_CONTRADICTION, 0);
}

static inline enum wt_next wt_walk_unfollowed(struct wt_walk *walk, enum wt_layer layer,
                                              uint16_t stopped_at)
{
	walk->headers->unfollowed = layer;
	return wt_walk_end(walk, WT_HEADERS_NOT_FOLLOWED, stopped_at);
}

static inline enum wt_next wt_walk_typed(struct wt_walk *walk, uint16_t type)
{
	walk->type = type;
	return WT_NEXT_TYPED;
}

/* Read the frame's own link layer, of any type. */
enum wt_next wt_walk_link(struct wt_walk *walk, uint16_t link_type);

/* Read an Ethernet header and its tags, in a tunnel. */
enum wt_next wt_walk_ethernet(struct wt_walk *walk);

/* Skip the header of a tunnel: the cursor then stands at the first byte of the inner layer, and
 * moves only if the layer is to be followed. */
enum wt_next wt_walk_mpls(struct wt_walk *walk);
enum wt_next wt_walk_pppoe(struct wt_walk *walk);
enum wt_next wt_walk_gre(struct wt_walk *walk);
enum wt_next wt_walk_ip_in_ip(struct wt_walk *walk, uint8_t protocol);

/* Look for a tunnel in the UDP payload at the cursor; WT_NEXT_NOTHING if there is none. */
enum wt_next wt_walk_udp_tunnel(struct wt_walk *walk, uint16_t port);

#endif
