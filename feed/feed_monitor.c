/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/feed_monitor.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	INTERFACES_MAX = 256,
	TICKS_IN_A_ROW = 64, /* longer than any silence that means something */
};
#define TICK_NS       INT64_C(1000000000)
#define LATE_USUAL_NS INT64_C(1000000000)

/* An interface, or another lane of one. */
struct monitored {
	uint64_t order;     /* frames so far */
	uint64_t stored;    /* of all lanes; only an interface's */
	uint64_t place;     /* of the last frame among those of all lanes */
	uint64_t open_till; /* places of losses are open until this many frames; 0: none is */
	uint32_t interface;
	bool has_lanes; /* the interface has others */
	char name[WT_FEED_INTERFACE_BYTES];
};

struct wt_feed_monitor {
	struct wt_feed_monitor_config config;
	struct wt_tracker *tracker;
	struct wt_channels *channels;
	struct wt_loss_log *log;
	int64_t now_ns;        /* the largest stamp so far */
	int64_t next_tick_ns;  /* INT64_MAX: there was no frame yet */
	int64_t least_wait_ns; /* from when a gap opens until it can be due */
	int64_t limit_ns;      /* of sightings that may be passed together */
	struct monitored interfaces[INTERFACES_MAX];
};

static void take_records(void *context, const struct wt_feed_record *records, size_t count)
{
	struct wt_feed_monitor *monitor = context;

	wt_channels_take(monitor->channels, records, count);
}

static const char *name_of(void *context, uint32_t interface)
{
	struct wt_feed_monitor *monitor = context;

	return interface < INTERFACES_MAX ? monitor->interfaces[interface].name : "";
}

static void gap_opens(void *context, uint32_t interface)
{
	struct wt_feed_monitor *monitor = context;

	if (monitor->config.on_gap_opens)
		monitor->config.on_gap_opens(monitor->config.context, interface);
}

static void pass_event(void *context, const struct wt_feed_event *event)
{
	struct wt_feed_monitor *monitor = context;

	if (monitor->config.on_event)
		monitor->config.on_event(monitor->config.context, event);
}

static int64_t later_by(int64_t ns, int64_t by)
{
	int64_t sum;

	return __builtin_add_overflow(ns, by, &sum) ? INT64_MAX : sum;
}

static int open_channels(struct wt_feed_monitor *monitor, struct wt_error *err)
{
	const struct wt_channels_config config = {
	        .channels = monitor->config.channels,
	        .tracker = monitor->tracker,
	        .late_ns = monitor->config.late_ns,
	        .max_streams = monitor->config.max_streams,
	        .max_gaps = monitor->config.max_gaps,
	        .between = monitor->config.between ? monitor->config.between : wt_loss_log_between,
	        .between_context =
	                monitor->config.between ? monitor->config.between_context : monitor->log,
	        .interface_name = name_of,
	        .on_gap_opens = gap_opens,
	        .on_event = pass_event,
	        .context = monitor,
	};

	return wt_channels_open(&monitor->channels, &config, err);
}

static int open_parts(struct wt_feed_monitor *monitor, struct wt_error *err)
{
	const struct wt_tracker_config config = {.channels = monitor->config.channels,
	                                         .max_streams = monitor->config.max_streams,
	                                         .take = take_records,
	                                         .context = monitor};
	int rc = wt_loss_log_create(&monitor->log, monitor->config.interfaces);

	if (rc)
		return wt_error_set(err, rc,
		                    "the log of losses on %u interfaces does not fit into "
		                    "memory",
		                    monitor->config.interfaces);
	rc = wt_tracker_open(&monitor->tracker, &config, err);
	return rc ? rc : open_channels(monitor, err);
}

int wt_feed_monitor_open(struct wt_feed_monitor **monitor,
                         const struct wt_feed_monitor_config *config, struct wt_error *err)
{
	struct wt_feed_monitor *made;
	int rc;

	if (config->interfaces > INTERFACES_MAX)
		return wt_error_set(err, -EINVAL,
		                    "%u interfaces are too many: at most %d can be "
		                    "monitored",
		                    config->interfaces, INTERFACES_MAX);
	made = calloc(1, sizeof(*made));
	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for monitoring feeds");
	made->config = *config;
	made->now_ns = INT64_MIN;
	made->next_tick_ns = INT64_MAX;
	made->limit_ns = INT64_MIN;
	for (uint32_t i = 0; i < INTERFACES_MAX; i++)
		made->interfaces[i].interface = i;
	made->least_wait_ns =
	        later_by(config->late_ns ? config->late_ns : LATE_USUAL_NS, WT_CHANNELS_TURNS_NS);
	rc = open_parts(made, err);
	if (rc) {
		wt_feed_monitor_close(made);
		return rc;
	}
	*monitor = made;
	return 0;
}

void wt_feed_monitor_close(struct wt_feed_monitor *monitor)
{
	if (!monitor)
		return;
	wt_channels_close(monitor->channels);
	wt_tracker_close(monitor->tracker);
	wt_loss_log_destroy(monitor->log);
	free(monitor);
}

static void set_ledger(struct wt_feed_monitor *monitor, uint32_t number, const char *no_ledger)
{
	if (no_ledger)
		wt_loss_log_no_ledger(monitor->log, number, no_ledger);
	else
		wt_loss_log_has_ledger(monitor->log, number);
}

int wt_feed_monitor_interface(struct wt_feed_monitor *monitor, uint32_t interface, const char *name,
                              uint16_t link_type, const char *no_ledger)
{
	struct monitored *one;

	if (interface >= monitor->config.interfaces)
		return -EINVAL;
	one = &monitor->interfaces[interface];
	snprintf(one->name, sizeof(one->name), "%s", name);
	set_ledger(monitor, interface, no_ledger);
	return wt_tracker_interface(monitor->tracker, interface, name, link_type);
}

int wt_feed_monitor_lane(struct wt_feed_monitor *monitor, uint32_t lane, uint32_t interface,
                         const char *no_ledger)
{
	struct monitored *one;

	if (lane >= monitor->config.interfaces || interface >= monitor->config.interfaces ||
	    lane == interface || monitor->interfaces[interface].interface != interface)
		return -EINVAL;
	one = &monitor->interfaces[lane];
	if (one->interface != lane && one->interface != interface)
		return -EINVAL;
	set_ledger(monitor, lane, no_ledger);
	if (one->interface == interface)
		return 0;
	one->interface = interface;
	one->has_lanes = monitor->interfaces[interface].has_lanes = true;
	memcpy(one->name, monitor->interfaces[interface].name, sizeof(one->name));
	wt_loss_log_lane(monitor->log, lane, interface);
	return 0;
}

/* Whole seconds of stamps, so that streams fall silent at the same place for every reader. */
static int64_t next_tick(int64_t ns)
{
	return later_by(ns - ns % TICK_NS, TICK_NS);
}

static void tick(struct wt_feed_monitor *monitor, int64_t now_ns)
{
	wt_channels_advance(monitor->channels, now_ns);
	wt_tracker_tick(monitor->tracker, now_ns);
	wt_tracker_flush(monitor->tracker);
}

static void pass_ticks(struct wt_feed_monitor *monitor, int64_t now_ns)
{
	for (unsigned i = 0; i < TICKS_IN_A_ROW && monitor->next_tick_ns <= now_ns; i++) {
		tick(monitor, monitor->next_tick_ns);
		monitor->next_tick_ns = later_by(monitor->next_tick_ns, TICK_NS);
	}
	if (monitor->next_tick_ns > now_ns)
		return;
	tick(monitor, now_ns - now_ns % TICK_NS);
	monitor->next_tick_ns = next_tick(now_ns);
}

/* Pass a time that all earlier events precede: settle due gaps and report silent streams. */
static void pass_time(struct wt_feed_monitor *monitor, int64_t now_ns)
{
	wt_tracker_flush(monitor->tracker);
	if (now_ns > monitor->now_ns) {
		monitor->now_ns = now_ns;
		if (monitor->next_tick_ns == INT64_MAX)
			monitor->next_tick_ns = next_tick(now_ns);
		pass_ticks(monitor, now_ns);
	}
	wt_channels_advance(monitor->channels, monitor->now_ns);
}

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Let a lane's frame have the next place among those of its interface. Losses that were noted since
 * the one before were before it. */
static uint64_t take_place(struct wt_feed_monitor *monitor, struct monitored *lane, uint64_t frames)
{
	struct monitored *interface = &monitor->interfaces[lane->interface];

	lane->order += frames;
	interface->stored += frames;
	lane->place = interface->stored;
	if (lane->open_till && lane->order >= lane->open_till) {
		wt_loss_log_reached(monitor->log, (uint32_t)(lane - monitor->interfaces),
		                    lane->place);
		lane->open_till = 0;
	}
	return lane->place;
}

/* The last place where what is noted now may have been lost. */
static uint64_t open_place(struct monitored *lane, uint64_t frames)
{
	if (!lane->has_lanes)
		return lane->place + frames;
	if (lane->open_till < lane->order + frames)
		lane->open_till = lane->order + frames;
	return UINT64_MAX;
}

static int64_t next_due(const struct wt_feed_monitor *monitor)
{
	return min_ns(wt_channels_next(monitor->channels), monitor->next_tick_ns - 1);
}

/* Count the frames that may be passed together: nothing becomes due between two of them, so that
 * the caller's portions make no difference. */
static size_t portion(struct wt_feed_monitor *monitor, const struct wt_frame *frames, size_t count,
                      int64_t *now_ns)
{
	int64_t limit = next_due(monitor);
	int64_t now = monitor->now_ns;
	size_t i;

	for (i = 0; i < count; i++) {
		if (frames[i].stamp_ns > now)
			now = frames[i].stamp_ns;
		/* A gap that it opens may be due at once, if its stamp is earlier. */
		limit = min_ns(limit, later_by(frames[i].stamp_ns, monitor->least_wait_ns));
		if (now > limit && i)
			break;
		*now_ns = now;
	}
	return i;
}

/* Log what was dropped before each frame; `place` is that of the lane's frame before. */
static void log_drops(struct wt_feed_monitor *monitor, uint32_t lane, const struct wt_frame *frames,
                      size_t count, uint64_t place)
{
	uint64_t first = monitor->interfaces[lane].place - count + 1;

	for (size_t i = 0; i < count; i++) {
		if (frames[i].dropped_before)
			wt_loss_log_drop_within(monitor->log, lane, i ? first + i : place + 1,
			                        first + i, frames[i].dropped_before);
	}
}

void wt_feed_monitor_frames(struct wt_feed_monitor *monitor, uint32_t lane,
                            const struct wt_frame *frames, size_t count)
{
	struct monitored *one;

	if (lane >= monitor->config.interfaces)
		return;
	one = &monitor->interfaces[lane];
	while (count) {
		int64_t now_ns = monitor->now_ns;
		uint64_t place = one->place;
		size_t given;

		pass_time(monitor, frames[0].stamp_ns);
		given = portion(monitor, frames, count, &now_ns);
		take_place(monitor, one, given);
		log_drops(monitor, lane, frames, given, place);
		wt_tracker_frames(monitor->tracker, one->interface, frames, given,
		                  one->place - given + 1);
		monitor->now_ns = now_ns;
		frames += given;
		count -= given;
	}
	wt_feed_monitor_settle(monitor);
}

void wt_feed_monitor_settle(struct wt_feed_monitor *monitor)
{
	monitor->limit_ns = INT64_MIN;
	wt_tracker_flush(monitor->tracker);
	wt_channels_advance(monitor->channels, monitor->now_ns);
}

/* Pass the time of a sighting, as portion() does for frames. */
static void pass_stamp(struct wt_feed_monitor *monitor, int64_t stamp_ns)
{
	int64_t now_ns = stamp_ns > monitor->now_ns ? stamp_ns : monitor->now_ns;
	int64_t wait_ns = later_by(stamp_ns, monitor->least_wait_ns);

	if (now_ns > min_ns(monitor->limit_ns, wait_ns)) {
		pass_time(monitor, stamp_ns);
		monitor->limit_ns = next_due(monitor);
	}
	monitor->limit_ns = min_ns(monitor->limit_ns, wait_ns);
	monitor->now_ns = now_ns;
}

/* Time without a packet: what was noted was lost before the next of any lane. */
static void close_places(struct wt_feed_monitor *monitor, struct monitored *lane)
{
	if (lane->open_till)
		wt_loss_log_reached(monitor->log, (uint32_t)(lane - monitor->interfaces),
		                    monitor->interfaces[lane->interface].stored + 1);
	lane->open_till = 0;
}

void wt_feed_monitor_sighting(struct wt_feed_monitor *monitor, uint32_t lane,
                              const struct wt_sighting *sighting,
                              const struct wt_sighting_names *names)
{
	struct monitored *one;
	bool is_new;

	if (lane >= monitor->config.interfaces)
		return;
	one = &monitor->interfaces[lane];
	is_new = sighting->order > one->order;
	pass_stamp(monitor, sighting->stamp_ns);
	if (is_new)
		take_place(monitor, one, sighting->order - one->order);
	switch ((enum wt_sighting_kind)sighting->kind) {
	case WT_SIGHTING_HEADER:
		wt_tracker_sighting(monitor->tracker, one->interface, sighting, one->place, names);
		break;
	case WT_SIGHTING_PACKET:
		if (!is_new)
			close_places(monitor, one);
		break;
	case WT_SIGHTING_DROP:
		wt_loss_log_drop_within(monitor->log, lane, one->place + 1, open_place(one, 1),
		                        sighting->packets);
		break;
	case WT_SIGHTING_UNWRITTEN:
		wt_feed_monitor_writer_lost(monitor, lane, sighting->packets);
		break;
	case WT_SIGHTING_BREAK:
		wt_feed_monitor_break_within(monitor, lane, sighting->from, sighting->to,
		                             sighting->why);
		break;
	}
}

void wt_feed_monitor_writer_lost(struct wt_feed_monitor *monitor, uint32_t lane, uint64_t packets)
{
	struct monitored *one;

	if (lane >= monitor->config.interfaces)
		return;
	one = &monitor->interfaces[lane];
	wt_loss_log_writer_within(monitor->log, lane, one->place + 1, open_place(one, 1), packets);
}

/* Add any distance to an order, clamped: orders count from 1. */
static uint64_t order_at(uint64_t order, int64_t distance)
{
	uint64_t sum;

	if (distance >= 0)
		return __builtin_add_overflow(order, (uint64_t)distance, &sum) ? UINT64_MAX : sum;
	return order > 0 - (uint64_t)distance ? order - (0 - (uint64_t)distance) : 1;
}

void wt_feed_monitor_break_within(struct wt_feed_monitor *monitor, uint32_t lane, int64_t from,
                                  int64_t to, const char *why)
{
	struct monitored *one;
	uint64_t next;

	if (lane >= monitor->config.interfaces)
		return;
	one = &monitor->interfaces[lane];
	next = one->place + 1;
	if (!one->has_lanes)
		wt_loss_log_break_within(monitor->log, lane, order_at(next, from),
		                         order_at(next, to), why);
	else /* where other lanes' packets are among those before it is not known any more */
		wt_loss_log_break_within(monitor->log, lane, from < 0 ? 1 : next,
		                         open_place(one, to > 0 ? (uint64_t)to + 1 : 1), why);
}

void wt_feed_monitor_nic(struct wt_feed_monitor *monitor, uint32_t interface, int64_t look_ns,
                         const uint64_t *counters)
{
	if (interface < monitor->config.interfaces)
		wt_loss_log_nic(monitor->log, monitor->interfaces[interface].interface, look_ns,
		                counters);
}

void wt_feed_monitor_advance(struct wt_feed_monitor *monitor, int64_t now_ns)
{
	pass_time(monitor, now_ns);
}

void wt_feed_monitor_finish(struct wt_feed_monitor *monitor)
{
	wt_tracker_flush(monitor->tracker);
	wt_channels_finish(monitor->channels);
}

const char *wt_feed_monitor_interface_name(const struct wt_feed_monitor *monitor,
                                           uint32_t interface)
{
	return interface < INTERFACES_MAX ? monitor->interfaces[interface].name : "";
}

uint64_t wt_feed_monitor_order(const struct wt_feed_monitor *monitor, uint32_t interface)
{
	return interface < monitor->config.interfaces ? monitor->interfaces[interface].order : 0;
}

const struct wt_feed_channels *wt_feed_monitor_followed(const struct wt_feed_monitor *monitor)
{
	return monitor->config.channels;
}

struct wt_tracker *wt_feed_monitor_tracker(struct wt_feed_monitor *monitor)
{
	return monitor->tracker;
}

struct wt_channels *wt_feed_monitor_channels(struct wt_feed_monitor *monitor)
{
	return monitor->channels;
}
