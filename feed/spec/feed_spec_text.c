/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed_spec_private.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

int wt_feed_address_text(const struct wt_feed_address *address, char *out, size_t capacity)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(address->is_ipv6 ? AF_INET6 : AF_INET, address->ip, ip, sizeof(ip));
	return snprintf(out, capacity, address->is_ipv6 ? "[%s]:%u%s%s" : "%s:%u%s%s", ip,
	                address->port, address->interface[0] ? "@" : "", address->interface);
}

int wt_feed_channel_text(const struct wt_feed_channel *channel, char *out, size_t capacity)
{
	char address[WT_FEED_INTERFACE_BYTES + 64];
	size_t length = (size_t)snprintf(out, capacity, "%s ", channel->name);

	length += (size_t)wt_preset_text(channel->preset, length < capacity ? out + length : NULL,
	                                 length < capacity ? capacity - length : 0);
	for (int side = 0; side < WT_FEED_SIDES; side++) {
		size_t room = length < capacity ? capacity - length : 0;

		if (!channel->sides[side].used)
			continue;
		wt_feed_address_text(&channel->sides[side], address, sizeof(address));
		length += (size_t)snprintf(room ? out + length : NULL, room, " %s=%s",
		                           wt_feed_side_name((enum wt_feed_side)side), address);
	}
	if (channel->kind != WT_FEED_LIVE) {
		size_t room = length < capacity ? capacity - length : 0;

		length += (size_t)snprintf(room ? out + length : NULL, room, " kind=%s",
		                           wt_feed_kind_name(channel->kind));
	}
	return (int)length;
}

const char *wt_feed_kind_name(enum wt_feed_kind kind)
{
	switch (kind) {
	case WT_FEED_LOOP:
		return "loop";
	case WT_FEED_RETRANSMISSION:
		return "retransmission";
	default:
		return "live";
	}
}

const char *wt_feed_side_name(enum wt_feed_side side)
{
	static const char *const names[WT_FEED_SIDES] = {"A", "B", "R"};

	return (unsigned)side < WT_FEED_SIDES ? names[side] : "?";
}

int wt_feed_fail(const struct wt_feed_place *place, int code, const char *format, ...)
{
	char reason[sizeof(place->err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (!place->path)
		return wt_error_set(place->err, code, "%s", reason);
	return wt_error_set(place->err, code, "%s:%u: %s", place->path, place->line, reason);
}
