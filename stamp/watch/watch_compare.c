/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/watch/watch_private.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool_netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Notifications newer than the oldest headers this is built with. Linux 6.14 brought TSCONFIG_GET
 * and TSCONFIG_SET, with replies to the requester, but no notification. */
enum {
	NTF_PLCA = 41,            /* Linux 6.3 */
	NTF_MM = 43,              /* Linux 6.3 */
	NTF_MODULE_FW_FLASH = 44, /* Linux 6.11 */
	NTF_PHY = 46,             /* Linux 6.12 */
	NTF_PSE = 49,             /* Linux 6.17 */
	NTF_RSS = 50,             /* Linux 6.17 */
	NTF_RSS_CREATE = 52,      /* Linux 6.17 */
	NTF_RSS_DELETE = 53,      /* Linux 6.17 */
};

/* A name may hold any byte but a few, and this is for terminals. */
static const char *printable(char text[WT_WATCH_NAME_BYTES], const char *name)
{
	size_t i;

	for (i = 0; i < WT_WATCH_NAME_BYTES - 1 && name[i]; i++)
		text[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
	text[i] = '\0';
	return text;
}

void wt_watch_say(struct wt_watch_queue *queue, enum wt_watch_change change, const char *format,
                  ...)
{
	struct wt_watch_event *event;
	va_list args;

	if (queue->count == WT_WATCH_QUEUE)
		return;
	event = &queue->events[queue->count++];
	memset(event, 0, sizeof(*event));
	event->change = change;
	va_start(args, format);
	vsnprintf(event->text, sizeof(event->text), format, args);
	va_end(args);
}

bool wt_watch_take(struct wt_watch_queue *queue, struct wt_watch_event *event)
{
	if (queue->taken == queue->count) {
		queue->taken = queue->count = 0;
		return false;
	}
	*event = queue->events[queue->taken++];
	return true;
}

static void address_text(char *text, size_t capacity, const struct wt_watch_link *link)
{
	size_t used = 0;

	snprintf(text, capacity, "none");
	for (size_t i = 0; i < link->address_bytes && used + 4 <= capacity; i++)
		used += (size_t)snprintf(text + used, capacity - used, "%s%02x", i ? ":" : "",
		                         link->address[i]);
}

static void compare_address(const struct wt_watch_link *link, const struct wt_watch_news *news,
                            struct wt_watch_queue *queue)
{
	char was[100], is[100];

	if (!news->has_address || (link->address_bytes == news->link.address_bytes &&
	                           !memcmp(link->address, news->link.address, link->address_bytes)))
		return;
	address_text(was, sizeof(was), link);
	address_text(is, sizeof(is), &news->link);
	wt_watch_say(queue, WT_WATCH_SETTINGS, "address %s -> %s", was, is);
}

static void compare_name(const struct wt_watch_link *link, const struct wt_watch_news *news,
                         struct wt_watch_queue *queue)
{
	char was[WT_WATCH_NAME_BYTES], is[WT_WATCH_NAME_BYTES];

	if (news->has_name && strcmp(link->name, news->link.name))
		wt_watch_say(queue, WT_WATCH_RENAMED, "renamed %s -> %s",
		             printable(was, link->name), printable(is, news->link.name));
}

static void compare_link(const struct wt_watch_link *link, const struct wt_watch_news *news,
                         struct wt_watch_queue *queue)
{
	bool is_up = news->link.is_up, has_carrier = news->link.has_carrier;

	compare_name(link, news, queue);
	compare_address(link, news, queue);
	if (news->has_mtu && link->mtu != news->link.mtu)
		wt_watch_say(queue, WT_WATCH_SETTINGS, "mtu %" PRIu32 " -> %" PRIu32, link->mtu,
		             news->link.mtu);
	if (link->is_up != is_up)
		wt_watch_say(queue, is_up ? WT_WATCH_LINK_UP : WT_WATCH_LINK_DOWN,
		             is_up ? "link down -> up" : "link up -> down");
	if (link->has_carrier != has_carrier)
		wt_watch_say(queue, has_carrier ? WT_WATCH_CARRIER_ON : WT_WATCH_CARRIER_OFF,
		             has_carrier ? "carrier off -> on" : "carrier on -> off");
}

static void take_over(struct wt_watch_link *link, const struct wt_watch_news *news)
{
	struct wt_watch_link now = news->link;

	if (!news->has_name)
		memcpy(now.name, link->name, sizeof(now.name));
	if (!news->has_mtu)
		now.mtu = link->mtu;
	if (!news->has_address) {
		memcpy(now.address, link->address, sizeof(now.address));
		now.address_bytes = link->address_bytes;
	}
	*link = now;
}

static void say_back(const struct wt_watch_link *link, const struct wt_watch_news *news,
                     struct wt_watch_queue *queue)
{
	char name[WT_WATCH_NAME_BYTES];

	printable(name, news->link.name);
	if (link->index == news->link.index)
		wt_watch_say(queue, WT_WATCH_BACK, "%s is back: index %d as before", name,
		             link->index);
	else
		wt_watch_say(queue, WT_WATCH_BACK, "%s is back: index %d -> %d", name, link->index,
		             news->link.index);
}

static void say_gone(struct wt_watch_link *link, struct wt_watch_queue *queue)
{
	char name[WT_WATCH_NAME_BYTES];

	wt_watch_say(queue, WT_WATCH_GONE, "%s is gone: it was index %d",
	             printable(name, link->name), link->index);
	link->is_there = false;
}

static const struct notification {
	uint8_t command;
	const char *text;
} notifications[] = {
        {ETHTOOL_MSG_LINKINFO_NTF, "link info changed"},
        {ETHTOOL_MSG_LINKMODES_NTF, "link modes changed"},
        {ETHTOOL_MSG_DEBUG_NTF, "message level changed"},
        {ETHTOOL_MSG_WOL_NTF, "wake-on-LAN changed"},
        {ETHTOOL_MSG_FEATURES_NTF, "features changed"},
        {ETHTOOL_MSG_PRIVFLAGS_NTF, "private flags changed"},
        {ETHTOOL_MSG_RINGS_NTF, "rings changed"},
        {ETHTOOL_MSG_CHANNELS_NTF, "channels changed"},
        {ETHTOOL_MSG_COALESCE_NTF, "coalescing changed"},
        {ETHTOOL_MSG_PAUSE_NTF, "pause frames changed"},
        {ETHTOOL_MSG_EEE_NTF, "energy-efficient Ethernet changed"},
        {ETHTOOL_MSG_CABLE_TEST_NTF, "the cable is tested"},
        {ETHTOOL_MSG_CABLE_TEST_TDR_NTF, "the cable is tested (TDR)"},
        {ETHTOOL_MSG_FEC_NTF, "forward error correction changed"},
        {ETHTOOL_MSG_MODULE_NTF, "module power mode changed"},
        {NTF_PLCA, "PLCA changed"},
        {NTF_MM, "MAC merge layer changed"},
        {NTF_MODULE_FW_FLASH, "module firmware is written"},
        {NTF_PHY, "PHY changed"},
        {NTF_PSE, "power over Ethernet: an event"},
        {NTF_RSS, "receive side scaling changed"},
        {NTF_RSS_CREATE, "receive side scaling: a context was made"},
        {NTF_RSS_DELETE, "receive side scaling: a context was deleted"},
};

static void say_setting(uint8_t command, struct wt_watch_queue *queue)
{
	for (size_t i = 0; i < sizeof(notifications) / sizeof(notifications[0]); i++) {
		if (notifications[i].command != command)
			continue;
		wt_watch_say(queue, WT_WATCH_SETTINGS, "ethtool: %s", notifications[i].text);
		return;
	}
	wt_watch_say(queue, WT_WATCH_SETTINGS, "ethtool: a setting changed (notification %u)",
	             command);
}

static bool is_by_name(const struct wt_watch_link *link, const char *first_name,
                       const struct wt_watch_news *news)
{
	return news->has_name && (!strcmp(news->link.name, link->name) ||
	                          (!link->is_there && !strcmp(news->link.name, first_name)));
}

static bool apply_link(struct wt_watch_link *link, const char *first_name,
                       const struct wt_watch_news *news, struct wt_watch_queue *queue)
{
	if (!link->is_there || link->index != news->link.index) {
		if (!is_by_name(link, first_name, news))
			return false;
		/* Two interfaces never share a name: the other one's end was missed. */
		if (link->is_there)
			say_gone(link, queue);
		say_back(link, news, queue);
		memcpy(link->name, news->link.name, sizeof(link->name));
	}
	compare_link(link, news, queue);
	take_over(link, news);
	return true;
}

bool wt_watch_apply(struct wt_watch_link *link, const char *first_name,
                    const struct wt_watch_news *news, struct wt_watch_queue *queue)
{
	bool is_ours = link->is_there && link->index == news->link.index;

	switch (news->kind) {
	case WT_NEWS_LINK:
		return apply_link(link, first_name, news, queue);
	case WT_NEWS_GONE:
		if (is_ours)
			say_gone(link, queue);
		return is_ours;
	case WT_NEWS_ETHTOOL:
		if (is_ours)
			say_setting(news->command, queue);
		return is_ours;
	default:
		return false;
	}
}

typedef const char *name_of(unsigned bit);

static const char *number_text(char text[24], name_of *name, int number)
{
	const char *known = number >= 0 ? name((unsigned)number) : NULL;

	if (known)
		return known;
	snprintf(text, 24, "%d", number);
	return text;
}

/* "rx filter none -> all, tx type off -> on" */
static void compare_active(const struct wt_stamp_active *was, const struct wt_stamp_active *is,
                           struct wt_watch_queue *queue)
{
	char text[200], first[24], second[24];
	size_t used = 0;

	if (was->rx_filter != is->rx_filter)
		used += (size_t)snprintf(text, sizeof(text), "rx filter %s -> %s",
		                         number_text(first, wt_rx_filter_name, was->rx_filter),
		                         number_text(second, wt_rx_filter_name, is->rx_filter));
	if (was->tx_type != is->tx_type)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%stx type %s -> %s",
		                         used ? ", " : "",
		                         number_text(first, wt_tx_type_name, was->tx_type),
		                         number_text(second, wt_tx_type_name, is->tx_type));
	if (was->flags != is->flags)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%sflags 0x%x -> 0x%x",
		                         used ? ", " : "", (unsigned)was->flags,
		                         (unsigned)is->flags);
	if (used)
		wt_watch_say(queue, WT_WATCH_STAMPING, "%s", text);
}

static void say_active_anew(const struct wt_stamp_active *is, struct wt_watch_queue *queue)
{
	char filter[24], type[24];

	if (is->error)
		wt_watch_say(queue, WT_WATCH_STAMPING, "what is stamped cannot be read: %s",
		             strerror(-is->error));
	else
		wt_watch_say(queue, WT_WATCH_STAMPING,
		             "what is stamped can be read: rx filter %s, tx type %s",
		             number_text(filter, wt_rx_filter_name, is->rx_filter),
		             number_text(type, wt_tx_type_name, is->tx_type));
}

static size_t put_bits(char *text, size_t capacity, size_t used, char sign, uint32_t bits,
                       name_of *name)
{
	for (unsigned bit = 0; bit < 32 && used < capacity; bit++) {
		char number[24];

		if (bits & (UINT32_C(1) << bit))
			used += (size_t)snprintf(text + used, capacity - used, " %c%s", sign,
			                         number_text(number, name, (int)bit));
	}
	return used;
}

/* "rx filters: +all -ptpv2-event" */
static void compare_set(const char *what, uint32_t was, uint32_t is, name_of *name,
                        struct wt_watch_queue *queue)
{
	char text[sizeof(queue->events[0].text)] = "";
	size_t used;

	if (was == is)
		return;
	used = put_bits(text, sizeof(text), 0, '+', is & ~was, name);
	put_bits(text, sizeof(text), used, '-', was & ~is, name);
	wt_watch_say(queue, WT_WATCH_CAPABILITIES, "%s:%s", what, text);
}

static const char *clock_text(char text[32], int index)
{
	snprintf(text, 32, index < 0 ? "none" : "/dev/ptp%d", index);
	return text;
}

static void compare_supported(const struct wt_stamp_supported *was,
                              const struct wt_stamp_supported *is, struct wt_watch_queue *queue)
{
	char first[32], second[32];

	compare_set("possible stamps", was->so_timestamping, is->so_timestamping,
	            wt_so_timestamping_name, queue);
	compare_set("possible tx types", was->tx_types, is->tx_types, wt_tx_type_name, queue);
	compare_set("possible rx filters", was->rx_filters, is->rx_filters, wt_rx_filter_name,
	            queue);
	if (was->phc_index != is->phc_index)
		wt_watch_say(queue, WT_WATCH_CLOCK, "PHC %s -> %s",
		             clock_text(first, was->phc_index), clock_text(second, is->phc_index));
}

void wt_watch_compare_stamping(struct wt_watch_stamping *known, const struct wt_watch_stamping *now,
                               struct wt_watch_queue *queue)
{
	if (known->error != now->error)
		wt_watch_say(queue, WT_WATCH_CAPABILITIES, "what can be stamped can%s be read%s%s",
		             now->error ? "not" : "", now->error ? ": " : "",
		             now->error ? strerror(-now->error) : "");
	known->error = now->error;
	/* Keep comparing with the last known state. */
	if (now->error)
		return;
	compare_supported(&known->supported, &now->supported, queue);
	if (known->active.error != now->active.error)
		say_active_anew(&now->active, queue);
	else if (!now->active.error)
		compare_active(&known->active, &now->active, queue);
	known->supported = now->supported;
	known->active = now->active;
}

const char *wt_watch_change_name(enum wt_watch_change change)
{
	static const char *const names[WT_WATCH_CHANGES] = {
	        [WT_WATCH_LINK_UP] = "link-up",
	        [WT_WATCH_LINK_DOWN] = "link-down",
	        [WT_WATCH_CARRIER_ON] = "carrier-on",
	        [WT_WATCH_CARRIER_OFF] = "carrier-off",
	        [WT_WATCH_GONE] = "gone",
	        [WT_WATCH_BACK] = "back",
	        [WT_WATCH_RENAMED] = "renamed",
	        [WT_WATCH_SETTINGS] = "settings",
	        [WT_WATCH_STAMPING] = "stamping",
	        [WT_WATCH_CAPABILITIES] = "capabilities",
	        [WT_WATCH_CLOCK] = "clock",
	        [WT_WATCH_LOST] = "lost",
	};

	return (unsigned)change < WT_WATCH_CHANGES ? names[change] : "unknown";
}
