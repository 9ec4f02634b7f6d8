/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/verdict/feed_event.h>
#include <wiretape/feed/verdict/nic_look.h>

/* Any bytes, as a feed block's body: what is read as an event is written and read again as it was,
 * and has JSON and words. The same of looks at NICs. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void fits(int length, const char *text)
{
	require(length > 0 && length < WT_FEED_EVENT_TEXT_BYTES);
	require(strlen(text) == (size_t)length);
}

static void try_event(const char *body, size_t bytes)
{
	static char strings[2][WT_FEED_EVENT_TEXT_BYTES], text[2][WT_FEED_EVENT_TEXT_BYTES];
	struct wt_feed_event event = {0}, again = {0};
	int length;

	if (wt_feed_event_decode(&event, body, bytes, strings[0]))
		return;
	length = wt_feed_event_encode(&event, text[0], sizeof(text[0]));
	fits(length, text[0]);
	require(!wt_feed_event_decode(&again, text[0], (size_t)length, strings[1]));
	require(wt_feed_event_encode(&again, text[1], sizeof(text[1])) == length);
	require(!memcmp(text[0], text[1], (size_t)length));
	fits(wt_feed_event_line(&event, text[1], sizeof(text[1])), text[1]);
	/* JSON of names full of control characters may be too long. */
	if (wt_feed_event_json(&event, text[1], sizeof(text[1])) >= 0)
		require(text[1][0] == '{' && !strpbrk(text[1], "\n\r\t\033"));
}

static void try_look(const uint8_t *body, size_t bytes)
{
	static uint32_t words[WT_NIC_LOOK_BLOCK_BYTES / 4];
	struct wt_nic_look look, again;
	ssize_t used;

	if (wt_nic_look_decode(&look, body, bytes))
		return;
	used = wt_nic_look_encode((uint8_t *)words, sizeof(words), &look);
	require(used > 12);
	require(!wt_nic_look_decode(&again, (uint8_t *)&words[2], (size_t)used - 12));
	require(!memcmp(&look, &again, sizeof(look)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *body = malloc(bytes + !bytes);

	if (!body)
		return 0;
	memcpy(body, data, bytes);
	try_event(body, bytes);
	try_look((const uint8_t *)body, bytes);
	free(body);
	return 0;
}
