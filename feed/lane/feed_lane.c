/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/lane/feed_lane.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/stream/header_reader.h>

enum {
	ROOM_USUAL = 1 << 18,
	/* Of these one is always free for the end of a lane that is behind. */
	ROOM_SPARE = 4,
	KNOWN = 1 << 15,
	AHEAD = 16, /* slots prefetched ahead of writing */
	CACHE_LINE = 64,
};

static const char not_followed[] = "more came in a lane than could be followed";

/* A sighting, or the names of the one before. */
union slot {
	struct wt_sighting sighting;
	struct wt_sighting_names names;
};

/* A stream whose names were told, in the place of its hash: another one may take it. */
struct known {
	uint64_t place, session;
};

/* Counts that other threads read at any time. */
struct counts {
	uint64_t frames, matched, unrecognised, fragments, unfollowed;
};

struct wt_feed_lane {
	struct wt_header_reader reader;
	struct known *known;
	union slot *slots;
	uint64_t mask;
	uint32_t interface;
	/* The lane's. */
	uint64_t order; /* frames so far; the stamp of the latest */
	int64_t last_ns;
	uint64_t framed;        /* drops that frames have told of */
	uint64_t told;          /* drops that were put */
	uint64_t written;       /* slots */
	uint64_t released_seen; /* as the lane last saw it */
	uint64_t put_order;     /* of the last sighting, and its stamp */
	int64_t put_ns;
	uint64_t behind_drops; /* since it is behind */
	uint64_t unfollowed;
	bool is_behind; /* there was no room: nothing is put until there is */
	/* Stored by the lane, for the thread that merges. */
	_Alignas(CACHE_LINE) uint64_t tail; /* slots that may be read */
	int64_t newest_ns;                  /* the time of the latest of these, or after */
	int64_t promise_ns;
	struct counts counts;
	/* The merging thread's; `released` it stores for the lane. */
	_Alignas(CACHE_LINE) uint64_t released;
	uint64_t read, tail_seen;
	int64_t newest_seen_ns, promise_seen_ns;
};

static struct wt_feed_lane *lane_of(struct wt_header_reader *reader)
{
	return (struct wt_feed_lane *)((char *)reader - offsetof(struct wt_feed_lane, reader));
}

/* Whether there is room for this many slots besides the spare ones. */
static bool has_room(struct wt_feed_lane *lane, uint64_t slots)
{
	uint64_t most = lane->mask + 1 - ROOM_SPARE;

	if (lane->written - lane->released_seen + slots <= most)
		return true;
	/* Pairs with the release in wt_feed_lane_release(): the slots are free. */
	lane->released_seen = __atomic_load_n(&lane->released, __ATOMIC_ACQUIRE);
	return lane->written - lane->released_seen + slots <= most;
}

static struct wt_sighting *next_slot(struct wt_feed_lane *lane, uint64_t order, int64_t stamp_ns)
{
	struct wt_sighting *sighting = &lane->slots[lane->written++ & lane->mask].sighting;

	/* The other thread has had it last. */
	__builtin_prefetch(&lane->slots[(lane->written + AHEAD) & lane->mask], 1);
	lane->put_order = order;
	lane->put_ns = stamp_ns;
	sighting->order = order;
	sighting->stamp_ns = stamp_ns;
	return sighting;
}

static void put_names(struct wt_feed_lane *lane, const struct wt_header_batch *batch, uint32_t i)
{
	const struct wt_found_datagram *datagram = &batch->datagrams[batch->found[i].datagram];
	struct wt_sighting_names *names = &lane->slots[lane->written++ & lane->mask].names;

	wt_preset_describe(lane->reader.sides.sides[datagram->side].preset, datagram->payload,
	                   datagram->bytes, names->key, names->session);
}

static void put_header(struct wt_feed_lane *lane, const struct wt_header_batch *batch, uint32_t i)
{
	const struct wt_found_header *found = &batch->found[i];
	const struct wt_found_datagram *datagram = &batch->datagrams[found->datagram];
	struct known *known = &lane->known[found->hash & (KNOWN - 1)];
	bool is_new = known->place != found->place || known->session != batch->headers[i].session;
	struct wt_sighting *sighting;

	if (lane->is_behind || !has_room(lane, 1 + is_new)) {
		lane->is_behind = true;
		lane->unfollowed++;
		return;
	}
	sighting = next_slot(lane, batch->order + datagram->frame,
	                     batch->frames[datagram->frame].stamp_ns);
	sighting->header = batch->headers[i];
	sighting->side = datagram->side;
	sighting->kind = WT_SIGHTING_HEADER;
	sighting->is_named = is_new;
	if (!is_new)
		return;
	put_names(lane, batch, i);
	*known = (struct known){found->place, batch->headers[i].session};
}

static void put_headers(struct wt_header_reader *reader, const struct wt_header_batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++)
		put_header(lane_of(reader), batch, i);
}

static struct wt_sighting *put(struct wt_feed_lane *lane, enum wt_sighting_kind kind,
                               uint64_t order, int64_t stamp_ns)
{
	struct wt_sighting *sighting = next_slot(lane, order, stamp_ns);

	sighting->kind = (uint8_t)kind;
	sighting->is_named = false;
	return sighting;
}

/* Put a loss after the latest frame; `to_order` and `to_ns` are of the frame after it, or of a time
 * without one. */
static void put_drops(struct wt_feed_lane *lane, uint64_t packets, uint64_t to_order, int64_t to_ns)
{
	if (lane->is_behind || !has_room(lane, 2)) {
		lane->is_behind = true;
		lane->behind_drops += packets;
		return;
	}
	put(lane, WT_SIGHTING_DROP, lane->order, lane->last_ns)->packets = packets;
	put(lane, WT_SIGHTING_PACKET, to_order, to_ns);
}

static void publish_counts(struct wt_feed_lane *lane)
{
	struct counts *counts = &lane->counts;

	/* Numbers by themselves: they pair with nothing. */
	__atomic_store_n(&counts->frames, lane->reader.frames, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->matched, lane->reader.matched, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->unrecognised, lane->reader.unrecognised, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->fragments, lane->reader.fragments, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->unfollowed, lane->unfollowed, __ATOMIC_RELAXED);
}

/* Let the other thread see what was put, and then what was promised. */
static void publish(struct wt_feed_lane *lane, int64_t promise_ns)
{
	publish_counts(lane);
	/* Ordered by the release of the tail: whoever sees slots sees a time no older. */
	__atomic_store_n(&lane->newest_ns, promise_ns, __ATOMIC_RELAXED);
	/* Pairs with the acquire in look(): the slots are written. */
	__atomic_store_n(&lane->tail, lane->written, __ATOMIC_RELEASE);
	/* What did not find room is not in the queue yet. Pairs with the acquire in look(): so are
	 * all slots with stamps below it. */
	if (!lane->is_behind)
		__atomic_store_n(&lane->promise_ns, promise_ns, __ATOMIC_RELEASE);
}

/* Go on following where there was no room for what came last. */
static void go_on(struct wt_feed_lane *lane)
{
	uint64_t drops = lane->behind_drops;

	struct wt_sighting *sighting = put(lane, WT_SIGHTING_BREAK, lane->put_order, lane->put_ns);

	sighting->why = not_followed;
	sighting->from = sighting->to = 0;
	if (drops)
		put(lane, WT_SIGHTING_DROP, lane->put_order, lane->put_ns)->packets = drops;
	lane->behind_drops = 0;
	lane->is_behind = false;
}

static void catch_up(struct wt_feed_lane *lane)
{
	/* A quarter, so that it does not fall behind at once. */
	if (lane->is_behind && has_room(lane, (lane->mask + 1) / 4))
		go_on(lane);
}

int wt_feed_lane_open(struct wt_feed_lane **lane, const struct wt_feed_lane_config *config,
                      struct wt_error *err)
{
	uint64_t room = config->room ? config->room : ROOM_USUAL;
	struct wt_feed_lane *made = aligned_alloc(CACHE_LINE, sizeof(*made));

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a lane's feeds");
	memset(made, 0, sizeof(*made));
	made->known = calloc(KNOWN, sizeof(*made->known));
	made->slots = aligned_alloc(CACHE_LINE, room * sizeof(*made->slots));
	if (!made->known || !made->slots ||
	    wt_header_reader_init(&made->reader, config->channels)) {
		wt_feed_lane_close(made);
		return wt_error_set(err, -ENOMEM, "no memory for a lane's feeds");
	}
	if (config->is_live)
		memset(made->slots, 0, room * sizeof(*made->slots));
	made->mask = room - 1;
	made->interface = config->interface;
	made->reader.take = put_headers;
	made->reader.slots = (const uint8_t *)made->known;
	made->reader.mask = KNOWN - 1;
	made->reader.slot_bytes = sizeof(*made->known);
	made->promise_ns = made->promise_seen_ns = INT64_MIN;
	made->last_ns = made->put_ns = INT64_MIN;
	wt_header_reader_interface(&made->reader, config->interface, config->name,
	                           config->link_type);
	*lane = made;
	return 0;
}

void wt_feed_lane_close(struct wt_feed_lane *lane)
{
	if (!lane)
		return;
	wt_header_reader_fini(&lane->reader);
	free(lane->known);
	free(lane->slots);
	free(lane);
}

/* Put the drops that were not put yet, of all so far. */
static void tell_drops(struct wt_feed_lane *lane, uint64_t all, uint64_t to_order, int64_t to_ns)
{
	if (all <= lane->told)
		return;
	put_drops(lane, all - lane->told, to_order, to_ns);
	lane->told = all;
}

/* How many frames come before the next with drops before it. */
static size_t count_together(const struct wt_frame *frames, size_t count)
{
	size_t i = 1;

	while (i < count && !frames[i].dropped_before)
		i++;
	return i;
}

void wt_feed_lane_frames(struct wt_feed_lane *lane, const struct wt_frame *frames, size_t count)
{
	catch_up(lane);
	while (count) {
		size_t together = count_together(frames, count);

		if (frames[0].dropped_before) {
			lane->framed += frames[0].dropped_before;
			tell_drops(lane, lane->framed, lane->order + 1, frames[0].stamp_ns);
		}
		wt_header_reader_frames(&lane->reader, lane->interface, frames, together,
		                        lane->order + 1);
		lane->order += together;
		lane->last_ns = frames[together - 1].stamp_ns;
		frames += together;
		count -= together;
	}
	if (lane->order)
		publish(lane, lane->last_ns);
}

void wt_feed_lane_quiet(struct wt_feed_lane *lane, int64_t now_ns, uint64_t dropped)
{
	/* Relaxed: only this thread stores it. */
	int64_t promise_ns = __atomic_load_n(&lane->promise_ns, __ATOMIC_RELAXED);

	catch_up(lane);
	tell_drops(lane, dropped, lane->order, now_ns);
	publish(lane, now_ns > promise_ns ? now_ns : promise_ns);
}

/* Put a loss after the latest frame; NULL: there is no room. */
static struct wt_sighting *put_loss(struct wt_feed_lane *lane, enum wt_sighting_kind kind)
{
	catch_up(lane);
	lane->is_behind |= !has_room(lane, 1);
	return lane->is_behind ? NULL : put(lane, kind, lane->order, lane->last_ns);
}

void wt_feed_lane_dropped(struct wt_feed_lane *lane, uint64_t packets)
{
	struct wt_sighting *sighting = put_loss(lane, WT_SIGHTING_DROP);

	lane->framed += packets;
	lane->told += packets;
	if (sighting)
		sighting->packets = packets;
	else
		lane->behind_drops += packets;
}

void wt_feed_lane_writer_lost(struct wt_feed_lane *lane, uint64_t packets)
{
	struct wt_sighting *sighting = put_loss(lane, WT_SIGHTING_UNWRITTEN);

	if (sighting)
		sighting->packets = packets;
}

void wt_feed_lane_break(struct wt_feed_lane *lane, int64_t from, int64_t to, const char *why)
{
	struct wt_sighting *sighting = put_loss(lane, WT_SIGHTING_BREAK);

	if (sighting) {
		sighting->why = why;
		sighting->from = from;
		sighting->to = to;
	}
}

void wt_feed_lane_end(struct wt_feed_lane *lane)
{
	if (lane->is_behind)
		go_on(lane);
	publish(lane, INT64_MAX);
}

uint64_t wt_feed_lane_unfollowed(const struct wt_feed_lane *lane)
{
	return __atomic_load_n(&lane->counts.unfollowed, __ATOMIC_RELAXED);
}

/* See what has come since. */
static void look(struct wt_feed_lane *lane)
{
	/* First the promise, then the slots it is about. Each pairs with its release in publish().
	 */
	lane->promise_seen_ns = __atomic_load_n(&lane->promise_ns, __ATOMIC_ACQUIRE);
	lane->tail_seen = __atomic_load_n(&lane->tail, __ATOMIC_ACQUIRE);
	/* After the tail, by its acquire: no older than the slots. */
	lane->newest_seen_ns = __atomic_load_n(&lane->newest_ns, __ATOMIC_RELAXED);
}

bool wt_feed_lane_peek(struct wt_feed_lane *lane, const struct wt_sighting **sighting,
                       const struct wt_sighting_names **names, int64_t *until_ns)
{
	const struct wt_sighting *next = &lane->slots[lane->read & lane->mask].sighting;

	if (lane->read == lane->tail_seen)
		look(lane);
	if (lane->read == lane->tail_seen) {
		*until_ns = lane->promise_seen_ns;
		return false;
	}
	*sighting = next;
	*names = next->is_named ? &lane->slots[(lane->read + 1) & lane->mask].names : NULL;
	*until_ns = next->stamp_ns < lane->newest_seen_ns ? next->stamp_ns : lane->newest_seen_ns;
	return true;
}

void wt_feed_lane_take(struct wt_feed_lane *lane)
{
	lane->read += 1 + lane->slots[lane->read & lane->mask].sighting.is_named;
}

void wt_feed_lane_release(struct wt_feed_lane *lane)
{
	/* Pairs with the acquire in has_room(): they were read. */
	__atomic_store_n(&lane->released, lane->read, __ATOMIC_RELEASE);
}

void wt_feed_lane_totals(const struct wt_feed_lane *lane, struct wt_tracker_totals *totals)
{
	const struct counts *counts = &lane->counts;

	/* Numbers by themselves: they pair with nothing. */
	totals->frames += __atomic_load_n(&counts->frames, __ATOMIC_RELAXED);
	totals->matched += __atomic_load_n(&counts->matched, __ATOMIC_RELAXED);
	totals->unrecognised += __atomic_load_n(&counts->unrecognised, __ATOMIC_RELAXED);
	totals->fragments += __atomic_load_n(&counts->fragments, __ATOMIC_RELAXED);
}
