/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/feed_tapes.h>

#include <errno.h>
#include <stdlib.h>

#include <wiretape/feed/feed_merge.h>

enum {
	NUMBERS = 256, /* of a monitor */
	/* Headers that wait: for WT_CHANNELS_TURNS_NS at two million a second. */
	ROOM = 1 << 19,
	FLOOR_ROOM = 8,
};

struct wt_feed_tapes {
	struct wt_feed_monitor *monitor;
	struct wt_feed_merge *merge;
	struct wt_feed_lane *lanes[NUMBERS]; /* NULL: in none */
	/* It sees nothing, and promises what holds for lanes that are not known yet, too. NULL:
	 * there are no lanes. */
	struct wt_feed_lane *floor;
};

int wt_feed_tapes_open(struct wt_feed_tapes **tapes, struct wt_feed_monitor *monitor)
{
	struct wt_feed_tapes *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->monitor = monitor;
	if (wt_feed_merge_open(&made->merge, monitor, NUMBERS + 1)) {
		free(made);
		return -ENOMEM;
	}
	*tapes = made;
	return 0;
}

void wt_feed_tapes_close(struct wt_feed_tapes *tapes)
{
	if (!tapes)
		return;
	for (uint32_t i = 0; i < NUMBERS; i++)
		wt_feed_lane_close(tapes->lanes[i]);
	wt_feed_lane_close(tapes->floor);
	wt_feed_merge_close(tapes->merge);
	free(tapes);
}

static int open_eyes(struct wt_feed_tapes *tapes, const struct wt_feed_lane_config *config,
                     uint32_t number, struct wt_feed_lane **lane)
{
	int rc = wt_feed_lane_open(lane, config, NULL);

	if (!rc)
		wt_feed_merge_add(tapes->merge, *lane, number);
	return rc;
}

static int open_lane(struct wt_feed_tapes *tapes, uint32_t number, uint32_t interface,
                     uint16_t link_type)
{
	const struct wt_feed_lane_config config = {
	        .channels = wt_feed_monitor_followed(tapes->monitor),
	        .interface = interface,
	        .name = wt_feed_monitor_interface_name(tapes->monitor, interface),
	        .link_type = link_type,
	        .room = ROOM,
	};
	struct wt_feed_lane_config nothing = config;
	int rc = 0;

	nothing.room = FLOOR_ROOM;
	if (!tapes->floor)
		rc = open_eyes(tapes, &nothing, number, &tapes->floor);
	return rc ? rc : open_eyes(tapes, &config, number, &tapes->lanes[number]);
}

int wt_feed_tapes_interface(struct wt_feed_tapes *tapes, uint32_t interface, const char *name,
                            uint16_t link_type, const char *no_ledger, bool in_lanes)
{
	int rc = wt_feed_monitor_interface(tapes->monitor, interface, name, link_type, no_ledger);

	return rc || !in_lanes || tapes->lanes[interface]
	               ? rc
	               : open_lane(tapes, interface, interface, link_type);
}

int wt_feed_tapes_lane(struct wt_feed_tapes *tapes, uint32_t lane, uint32_t interface,
                       uint16_t link_type)
{
	int rc = wt_feed_monitor_lane(tapes->monitor, lane, interface, NULL);

	return rc || tapes->lanes[lane] ? rc : open_lane(tapes, lane, interface, link_type);
}

static struct wt_feed_lane *lane_of(const struct wt_feed_tapes *tapes, uint32_t number)
{
	return number < NUMBERS ? tapes->lanes[number] : NULL;
}

/* What is read after this has stamps from there on, in whatever tape. */
static void promise(struct wt_feed_tapes *tapes, int64_t from_ns)
{
	wt_feed_lane_quiet(tapes->floor, from_ns, 0);
	for (uint32_t i = 0; i < NUMBERS; i++)
		if (tapes->lanes[i])
			wt_feed_lane_quiet(tapes->lanes[i], from_ns, 0);
}

static void follow(struct wt_feed_tapes *tapes)
{
	while (wt_feed_merge_run(tapes->merge))
		;
}

void wt_feed_tapes_frames(struct wt_feed_tapes *tapes, uint32_t number,
                          const struct wt_frame *frames, size_t count)
{
	struct wt_feed_lane *lane = lane_of(tapes, number);

	if (!lane) {
		wt_feed_monitor_frames(tapes->monitor, number, frames, count);
		return;
	}
	wt_feed_lane_frames(lane, frames, count);
	if (!count || frames[count - 1].stamp_ns < INT64_MIN + WT_CHANNELS_TURNS_NS)
		return;
	promise(tapes, frames[count - 1].stamp_ns - WT_CHANNELS_TURNS_NS);
	follow(tapes);
}

bool wt_feed_tapes_dropped(struct wt_feed_tapes *tapes, uint32_t number, uint64_t packets)
{
	struct wt_feed_lane *lane = lane_of(tapes, number);

	if (lane)
		wt_feed_lane_dropped(lane, packets);
	return lane != NULL;
}

void wt_feed_tapes_writer_lost(struct wt_feed_tapes *tapes, uint32_t number, uint64_t packets)
{
	struct wt_feed_lane *lane = lane_of(tapes, number);

	if (lane)
		wt_feed_lane_writer_lost(lane, packets);
	else
		wt_feed_monitor_writer_lost(tapes->monitor, number, packets);
}

void wt_feed_tapes_break_within(struct wt_feed_tapes *tapes, uint32_t number, int64_t from,
                                int64_t to, const char *why)
{
	struct wt_feed_lane *lane = lane_of(tapes, number);

	if (lane)
		wt_feed_lane_break(lane, from, to, why);
	else
		wt_feed_monitor_break_within(tapes->monitor, number, from, to, why);
}

void wt_feed_tapes_end(struct wt_feed_tapes *tapes)
{
	for (uint32_t i = 0; i < NUMBERS; i++)
		if (tapes->lanes[i])
			wt_feed_lane_end(tapes->lanes[i]);
	if (tapes->floor)
		wt_feed_lane_end(tapes->floor);
	follow(tapes);
}
