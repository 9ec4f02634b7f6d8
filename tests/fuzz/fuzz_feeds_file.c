/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/load/feed_fault.h>
#include <wiretape/feed/spec/feed_spec.h>

/* Any bytes, as a feeds file and as --feed: what is taken is written and read again as it was. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void same(const struct wt_feed_channel *a, const struct wt_feed_channel *b)
{
	require(!strcmp(a->name, b->name) && a->kind == b->kind);
	require(!strcmp(a->preset->name, b->preset->name));
	require(!memcmp(a->sides, b->sides, sizeof(a->sides)));
}

static void write_and_read(const struct wt_feed_channels *channels)
{
	struct wt_feed_channels again = {0};
	char line[2 * WT_FEED_LINE_BYTES];
	struct wt_error err;

	for (size_t i = 0; i < channels->count; i++) {
		int length = wt_feed_channel_text(&channels->list[i], line, sizeof(line));

		require(length > 0 && (size_t)length < sizeof(line));
		require(!wt_feed_channels_add_text(&again, "again", line, (size_t)length, &err));
		same(&channels->list[i], &again.list[i]);
	}
	require(again.count == channels->count);
	wt_feed_channels_free(&again);
}

/* As --skip and --reorder; the ranges are apart and in order. */
static void try_faults(const char *text)
{
	struct wt_feed_faults faults = {0};
	struct wt_error err;

	(void)wt_feed_faults_add(&faults, WT_FAULT_SKIP, text, &err);
	(void)wt_feed_faults_add(&faults, WT_FAULT_REORDER, text, &err);
	for (int side = 0; side <= WT_FEED_ALL_SIDES; side++) {
		const struct wt_feed_choice *choice = &faults.of[WT_FAULT_SKIP][side];

		for (size_t i = 0; i < choice->count; i++) {
			require(choice->ranges[i].first <= choice->ranges[i].last);
			require(!i || choice->ranges[i - 1].last + 1 < choice->ranges[i].first);
			require(wt_feed_choice_ranges_have(choice, choice->ranges[i].last));
		}
	}
	wt_feed_faults_free(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_feed_channels channels = {0};
	char *text = malloc(bytes + 1);
	struct wt_error err;

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (wt_feed_channels_add_text(&channels, "fuzz", text, bytes, &err))
		require(!channels.count && !channels.custom_count && err.text[0]);
	wt_feed_channels_add(&channels, text, &err);
	write_and_read(&channels);
	try_faults(text);
	wt_feed_channels_free(&channels);
	free(text);
	return 0;
}
