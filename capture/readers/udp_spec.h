/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_UDP_SPEC_H
#define WIRETAPE_CAPTURE_READERS_UDP_SPEC_H

/* Addresses that a UDP reader listens to, as people write them:
 *
 *     ADDRESS:PORT[@INTERFACE][,source=SOURCE]
 *
 * ADDRESS is IPv4, IPv6 in brackets, or '*', any IPv4 address of this machine. */

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wiretape/base/error.h>
#include <wiretape/base/net/interface_name.h>

struct wt_udp_spec {
	struct sockaddr_storage address;   /* AF_INET or AF_INET6, with the port */
	struct sockaddr_storage source;    /* of a group; AF_UNSPEC: whoever sends */
	char interface[WT_ALT_NAME_BYTES]; /* "": where the routes lead */
	uint16_t port;
	bool is_group;
};

/* 0, or -EINVAL with what is wrong. Pure; any thread. */
int wt_udp_spec_parse(struct wt_udp_spec *spec, const char *text, struct wt_error *err);

/* Check whether one keeps the other from having its address and port: they are the same or one is
 * any address, on interfaces that may be the same. Groups share theirs. */
bool wt_udp_spec_excludes(const struct wt_udp_spec *one, const struct wt_udp_spec *other);

#endif
