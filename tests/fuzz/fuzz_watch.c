/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/watch/watch_private.h>

/* Any bytes as what the kernel sends about links (the first byte is even) or settings (odd):
 * nothing outside is read, and whatever is said about it is text for a terminal. */

/* What ethtool's netlink family is in the corpus. */
enum { FAMILY = 0x15 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void look_at_news(const struct wt_watch_news *news)
{
	require(news->kind < WT_NEWS_KINDS);
	require(memchr(news->link.name, '\0', sizeof(news->link.name)) != NULL);
	require(!news->has_name || news->link.name[0]);
	require(news->link.address_bytes <= sizeof(news->link.address));
}

static void look_at_events(struct wt_watch_queue *queue)
{
	struct wt_watch_event event;

	/* One more than a comparison can find. */
	require(queue->count < WT_WATCH_QUEUE);
	while (wt_watch_take(queue, &event)) {
		size_t length = strnlen(event.text, sizeof(event.text));

		require(event.change < WT_WATCH_CHANGES);
		require(length && length < sizeof(event.text) - 1);
		for (size_t i = 0; i < length; i++)
			require(event.text[i] >= ' ' && event.text[i] <= '~');
	}
}

static void walk(const void *datagram, size_t bytes, uint16_t family)
{
	static struct wt_watch_queue queue;
	struct wt_watch_link link = {.is_there = true, .index = 4, .mtu = 1500, .name = "v0"};
	const uint8_t *end = (const uint8_t *)datagram + bytes;
	struct wt_watch_news news;
	const void *at = datagram;

	queue.count = queue.taken = 0;
	while (wt_watch_parse(&news, &at, &bytes, family)) {
		require(!bytes || (const uint8_t *)at + bytes == end);
		look_at_news(&news);
		wt_watch_apply(&link, "v0", &news, &queue);
		look_at_events(&queue);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *datagram;

	if (!bytes)
		return 0;
	/* Of its own: reading past the end is noticed, and malloc aligns. */
	datagram = malloc(bytes > 1 ? bytes - 1 : 1);
	require(datagram != NULL);
	memcpy(datagram, data + 1, bytes - 1);
	walk(datagram, bytes - 1, data[0] & 1 ? FAMILY : 0);
	free(datagram);
	return 0;
}
