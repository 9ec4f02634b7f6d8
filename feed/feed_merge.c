/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/feed_merge.h>

#include <errno.h>
#include <stdlib.h>

enum {
	RELEASE_EVERY = 256,
	RUN_MOST = 1 << 16, /* taken in one run, so that others are served, too */
};

/* A lane, and what comes next of it. */
struct inflow {
	struct wt_feed_lane *lane;
	const struct wt_sighting *next; /* NULL: nothing yet */
	const struct wt_sighting_names *names;
	int64_t until_ns; /* the next one's time, or the promise */
	uint32_t number;
};

struct wt_feed_merge {
	struct wt_feed_monitor *monitor;
	uint32_t count;
	uint32_t taken;      /* since room was given back */
	uint32_t left;       /* that this run may take */
	int64_t advanced_ns; /* time that was passed without a sighting */
	struct inflow inflows[];
};

int wt_feed_merge_open(struct wt_feed_merge **merge, struct wt_feed_monitor *monitor,
                       uint32_t lanes)
{
	struct wt_feed_merge *made = calloc(1, sizeof(*made) + lanes * sizeof(made->inflows[0]));

	if (!made)
		return -ENOMEM;
	made->monitor = monitor;
	made->advanced_ns = INT64_MIN;
	*merge = made;
	return 0;
}

void wt_feed_merge_close(struct wt_feed_merge *merge)
{
	free(merge);
}

void wt_feed_merge_add(struct wt_feed_merge *merge, struct wt_feed_lane *lane, uint32_t number)
{
	merge->inflows[merge->count++] = (struct inflow){.lane = lane, .number = number};
}

static void peek(struct inflow *inflow)
{
	if (!wt_feed_lane_peek(inflow->lane, &inflow->next, &inflow->names, &inflow->until_ns))
		inflow->next = NULL;
}

/* Whether one of two with the same stamp comes first: the lower number of a stream, so that a clock
 * that is too coarse makes no gaps. */
static bool is_lower(const struct wt_sighting *one, const struct wt_sighting *other)
{
	return one->kind == WT_SIGHTING_HEADER && other->kind == WT_SIGHTING_HEADER &&
	       one->side == other->side && one->header.channel == other->header.channel &&
	       one->header.session == other->header.session &&
	       one->header.first < other->header.first;
}

/* The next in order; NULL: a lane may still have something older. */
static struct inflow *find_next(struct wt_feed_merge *merge)
{
	int64_t promise_ns = INT64_MAX;
	struct inflow *best = NULL;

	for (uint32_t i = 0; i < merge->count; i++) {
		struct inflow *one = &merge->inflows[i];

		if (!one->next && one->until_ns < promise_ns)
			promise_ns = one->until_ns;
		if (!one->next || (best && one->until_ns > best->until_ns))
			continue;
		if (!best || one->until_ns < best->until_ns || is_lower(one->next, best->next))
			best = one;
	}
	/* What has the stamp of a promise may not be the first that has it. */
	return best && (best->until_ns < promise_ns || promise_ns == INT64_MAX) ? best : NULL;
}

static void release(struct wt_feed_merge *merge)
{
	for (uint32_t i = 0; i < merge->count; i++)
		wt_feed_lane_release(merge->inflows[i].lane);
	merge->taken = 0;
}

static void take(struct wt_feed_merge *merge, struct inflow *inflow)
{
	wt_feed_monitor_sighting(merge->monitor, inflow->number, inflow->next, inflow->names);
	wt_feed_lane_take(inflow->lane);
	if (++merge->taken == RELEASE_EVERY)
		release(merge);
	peek(inflow);
}

/* Take what is there, until a lane has to be looked at again. */
static bool take_some(struct wt_feed_merge *merge)
{
	struct inflow *next = NULL;
	bool any = false;

	for (uint32_t i = 0; i < merge->count; i++)
		if (!merge->inflows[i].next)
			peek(&merge->inflows[i]);
	while (merge->left && (next = find_next(merge))) {
		take(merge, next);
		merge->left--;
		any = true;
	}
	return any;
}

static void count_totals(struct wt_feed_merge *merge)
{
	struct wt_tracker_totals totals = {0};

	for (uint32_t i = 0; i < merge->count; i++)
		wt_feed_lane_totals(merge->inflows[i].lane, &totals);
	wt_tracker_set_lanes(wt_feed_monitor_tracker(merge->monitor), &totals);
}

/* Pass the time up to which nothing is to come, unless all is over. */
static void pass_time(struct wt_feed_merge *merge)
{
	int64_t until_ns = INT64_MAX;

	for (uint32_t i = 0; i < merge->count; i++)
		if (merge->inflows[i].until_ns < until_ns)
			until_ns = merge->inflows[i].until_ns;
	if (until_ns == INT64_MAX || until_ns <= merge->advanced_ns)
		return;
	merge->advanced_ns = until_ns;
	wt_feed_monitor_advance(merge->monitor, until_ns);
}

bool wt_feed_merge_run(struct wt_feed_merge *merge)
{
	merge->left = RUN_MOST;
	while (take_some(merge))
		;
	release(merge);
	wt_feed_monitor_settle(merge->monitor);
	pass_time(merge);
	count_totals(merge);
	return !merge->left;
}

int wt_feed_merge_holder(const struct wt_feed_merge *merge)
{
	const struct inflow *holder = NULL;
	bool waits = false;

	for (uint32_t i = 0; i < merge->count; i++) {
		const struct inflow *one = &merge->inflows[i];

		waits |= one->next != NULL;
		if (!one->next && (!holder || one->until_ns < holder->until_ns))
			holder = one;
	}
	return waits && holder ? (int)holder->number : -1;
}

uint64_t wt_feed_merge_unfollowed(const struct wt_feed_merge *merge)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < merge->count; i++)
		sum += wt_feed_lane_unfollowed(merge->inflows[i].lane);
	return sum;
}
