/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the state of check: what is taken can be written, and is taken again. */

#include <stdlib.h>
#include <string.h>

#include <wiretape/cli/check/check_state.h>

#include <wiretape/feed/spec/feed_spec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const char feeds[] = "itch moldudp64 A=239.1.1.1:5 B=239.1.1.2:5\n"
                            "pitch pitch A=239.1.1.3:5\n"
                            "snapshot mdp3 A=239.1.1.4:5 kind=loop\n";

static void take(void *context, const struct wt_feed_record *records, size_t count)
{
	(void)context;
	(void)records;
	(void)count;
}

static struct wt_tracker *open_tracker(struct wt_feed_channels *channels)
{
	const struct wt_tracker_config config = {
	        .channels = channels, .max_streams = 64, .take = take};
	struct wt_tracker *tracker;
	struct wt_error err;

	require(!wt_feed_channels_add_text(channels, "feeds", feeds, sizeof(feeds) - 1, &err));
	require(!wt_tracker_open(&tracker, &config, &err));
	return tracker;
}

static int load(struct wt_places *places, struct wt_tracker *tracker, const char *text,
                size_t bytes)
{
	struct wt_check_state state;
	struct wt_error err = {0};
	size_t left_out;
	int rc = wt_check_state_parse(&state, text, bytes, &err);

	if (!rc) {
		require(state.places >= text && state.tracker <= text + bytes);
		require(state.tracker + state.tracker_bytes == text + bytes);
		rc = wt_places_load(places, state.places, state.places_bytes, &err);
	}
	if (!rc)
		rc = wt_tracker_load(tracker, state.tracker, state.tracker_bytes, &left_out, &err);
	require(!rc || err.text[0]);
	return rc;
}

static bool is_same(const struct wt_place *a, const struct wt_place *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->description, b->description) &&
	       a->link_type == b->link_type && a->has_ledger == b->has_ledger &&
	       a->ended_well == b->ended_well && a->file.is_numbered == b->file.is_numbered &&
	       (!a->file.is_numbered ||
	        (a->file.recording == b->file.recording && a->file.number == b->file.number));
}

static void write_and_read(const struct wt_places *places)
{
	static struct wt_places again;
	char *text = wt_places_save(places);
	struct wt_error err;

	require(text && !wt_places_load(&again, text, strlen(text), &err));
	require(again.count == places->count);
	for (uint32_t i = 0; i < again.count; i++)
		require(is_same(&again.list[i], &places->list[i]));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct wt_places places;
	struct wt_feed_channels channels = {0};
	struct wt_tracker *tracker = open_tracker(&channels);

	if (!load(&places, tracker, (const char *)data, bytes))
		write_and_read(&places);
	wt_tracker_close(tracker);
	wt_feed_channels_free(&channels);
	return 0;
}
