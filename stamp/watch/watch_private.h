/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_WATCH_WATCH_PRIVATE_H
#define WIRETAPE_STAMP_WATCH_WATCH_PRIVATE_H

/* Parts of a watch: kernel messages become news, and news compared with the known state become
 * events. All of this is pure except wt_watch_ask_link(). Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/watch/watch.h>

enum {
	WT_WATCH_ADDRESS_BYTES = 32, /* MAX_ADDR_LEN, the kernel's maximum */
	WT_WATCH_QUEUE = 16,         /* more than one comparison can find */
};

struct wt_watch_link {
	bool is_there;
	bool is_up;
	bool has_carrier;
	int index; /* the last one, if the interface is gone */
	uint32_t mtu;
	uint8_t address[WT_WATCH_ADDRESS_BYTES];
	uint8_t address_bytes;
	char name[WT_WATCH_NAME_BYTES];
};

struct wt_watch_stamping {
	int error; /* 0, or why the rest is unknown */
	struct wt_stamp_supported supported;
	struct wt_stamp_active active;
};

enum wt_watch_news_kind {
	WT_NEWS_NONE,    /* nothing of interest */
	WT_NEWS_LINK,    /* state of a link */
	WT_NEWS_GONE,    /* a link has gone: link.index */
	WT_NEWS_ETHTOOL, /* somebody has changed a setting of link.index */
	WT_NEWS_KINDS
};

/* A message; a link's may omit unchanged values. */
struct wt_watch_news {
	enum wt_watch_news_kind kind;
	struct wt_watch_link link;
	bool has_name;
	bool has_mtu;
	bool has_address;
	uint8_t command; /* ETHTOOL_MSG_*_NTF */
};

/* Take the next message out of a datagram; *bytes and *length advance. False at its end, or where
 * the rest is not a message. `ethtool_family` is the number of ethtool's netlink family for a
 * datagram of generic netlink, 0 for one of rtnetlink. The bytes are not trusted, and need to be
 * aligned to 4. */
bool wt_watch_parse(struct wt_watch_news *news, const void **bytes, size_t *length,
                    uint16_t ethtool_family);

struct wt_watch_queue {
	size_t count;
	size_t taken;
	struct wt_watch_event events[WT_WATCH_QUEUE];
};

void wt_watch_say(struct wt_watch_queue *queue, enum wt_watch_change change, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

/* False: there is none. */
bool wt_watch_take(struct wt_watch_queue *queue, struct wt_watch_event *event);

/* Apply news about a link: *link is updated, and changes become events. A link that is gone comes
 * back under its last name or under `first_name`. True if the news concern it. */
bool wt_watch_apply(struct wt_watch_link *link, const char *first_name,
                    const struct wt_watch_news *news, struct wt_watch_queue *queue);

/* Compare the stamping as well, which the kernel does not report. */
void wt_watch_compare_stamping(struct wt_watch_stamping *known, const struct wt_watch_stamping *now,
                               struct wt_watch_queue *queue);

/* Query a link by its index, or if that is 0 by its name: over netlink if that is to be used, else
 * by ioctls. -ENODEV if it does not exist. */
int wt_watch_ask_link(struct wt_watch_news *news, struct wt_system *system, bool by_netlink,
                      int index, const char *name);

#endif
