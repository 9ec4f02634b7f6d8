/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/shared_feeds.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_BYTES_MOST = 4 << 20, /* that wait for the first lane */
	LOOKS = 1024,               /* on their way */
	CACHE_LINE = 64,
};

/* Looks from the first lane, in a ring; each side stores its count. */
struct looks {
	_Alignas(CACHE_LINE) uint64_t put;
	_Alignas(CACHE_LINE) uint64_t taken;
	struct wt_nic_look list[LOOKS];
};

struct wt_shared_feeds {
	struct wt_shared_feeds_config config;
	struct wt_feed_monitor *monitor;
	struct wt_feed_merge *merge;
	struct wt_feed_lane **eyes; /* by number */
	bool *ended;                /* by lane: each its thread's, and after it the other's */
	bool *wanted;               /* looks, by interface */
	uint32_t ended_count;
	bool finished; /* of the thread that follows */
	bool is_over;
	struct looks looks;
	pthread_mutex_t lock; /* guards the blocks */
	uint8_t *blocks;
	size_t used;
	uint64_t left_out;
};

static uint32_t number_of(const struct wt_shared_feeds *feeds, uint32_t lane, uint32_t interface)
{
	return lane * feeds->config.interfaces + interface;
}

static void put_block(struct wt_shared_feeds *feeds, const uint8_t *block, ssize_t bytes)
{
	pthread_mutex_lock(&feeds->lock);
	if (bytes < 0 || (size_t)bytes > BLOCK_BYTES_MOST - feeds->used) {
		feeds->left_out++;
	} else {
		memcpy(feeds->blocks + feeds->used, block, (size_t)bytes);
		feeds->used += (size_t)bytes;
	}
	pthread_mutex_unlock(&feeds->lock);
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	struct wt_shared_feeds *feeds = context;
	_Alignas(4) uint8_t block[WT_FEED_EVENT_BLOCK_BYTES];

	put_block(feeds, block, wt_feed_event_block(event, block, sizeof(block)));
	if (feeds->config.on_event)
		feeds->config.on_event(feeds->config.context, event);
}

static void on_gap_opens(void *context, uint32_t interface)
{
	struct wt_shared_feeds *feeds = context;

	/* Pairs with the exchange in wt_shared_feeds_wants_look(). */
	if (!__atomic_exchange_n(&feeds->wanted[interface], true, __ATOMIC_ACQ_REL))
		feeds->config.wake_lane(feeds->config.context, 0);
}

static int open_parts(struct wt_shared_feeds *feeds, struct wt_error *err)
{
	uint32_t rings = feeds->config.lanes * feeds->config.interfaces;
	const struct wt_feed_monitor_config config = {
	        .channels = feeds->config.channels,
	        .interfaces = rings,
	        .late_ns = feeds->config.late_ns,
	        .on_gap_opens = on_gap_opens,
	        .on_event = on_event,
	        .context = feeds,
	};
	int rc = wt_feed_monitor_open(&feeds->monitor, &config, err);

	if (rc)
		return rc;
	feeds->eyes = calloc(rings, sizeof(*feeds->eyes));
	feeds->ended = calloc(feeds->config.lanes, sizeof(*feeds->ended));
	feeds->wanted = calloc(feeds->config.interfaces, sizeof(*feeds->wanted));
	feeds->blocks = malloc(BLOCK_BYTES_MOST);
	if (!feeds->eyes || !feeds->ended || !feeds->wanted || !feeds->blocks ||
	    wt_feed_merge_open(&feeds->merge, feeds->monitor, rings))
		return wt_error_set(err, -ENOMEM, "no memory to follow feeds");
	return 0;
}

int wt_shared_feeds_open(struct wt_shared_feeds **feeds,
                         const struct wt_shared_feeds_config *config, struct wt_error *err)
{
	struct wt_shared_feeds *made = aligned_alloc(CACHE_LINE, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory to follow feeds");
	memset(made, 0, sizeof(*made));
	made->config = *config;
	pthread_mutex_init(&made->lock, NULL);
	rc = open_parts(made, err);
	if (rc) {
		wt_shared_feeds_close(made);
		return rc;
	}
	*feeds = made;
	return 0;
}

void wt_shared_feeds_close(struct wt_shared_feeds *feeds)
{
	if (!feeds)
		return;
	for (uint32_t i = 0; feeds->eyes && i < feeds->config.lanes * feeds->config.interfaces; i++)
		wt_feed_lane_close(feeds->eyes[i]);
	wt_feed_merge_close(feeds->merge);
	wt_feed_monitor_close(feeds->monitor);
	pthread_mutex_destroy(&feeds->lock);
	free(feeds->blocks);
	free(feeds->wanted);
	free(feeds->ended);
	free(feeds->eyes);
	free(feeds);
}

int wt_shared_feeds_add(struct wt_shared_feeds *feeds, uint32_t lane, uint32_t interface,
                        const char *name, uint16_t link_type, struct wt_error *err)
{
	const struct wt_feed_lane_config config = {
	        .channels = feeds->config.channels,
	        .interface = interface,
	        .name = name,
	        .link_type = link_type,
	        .is_live = true,
	};
	uint32_t number = number_of(feeds, lane, interface);
	int rc = lane ? wt_feed_monitor_lane(feeds->monitor, number, interface, NULL)
	              : wt_feed_monitor_interface(feeds->monitor, number, name, link_type, NULL);

	if (rc)
		return wt_error_set(err, rc, "cannot follow feeds on %s", name);
	rc = wt_feed_lane_open(&feeds->eyes[number], &config, err);
	if (!rc)
		wt_feed_merge_add(feeds->merge, feeds->eyes[number], number);
	return rc;
}

struct wt_feed_lane *wt_shared_feeds_eyes(const struct wt_shared_feeds *feeds, uint32_t lane,
                                          uint32_t interface)
{
	return feeds->eyes[number_of(feeds, lane, interface)];
}

bool wt_shared_feeds_wants_look(struct wt_shared_feeds *feeds, uint32_t interface)
{
	/* Relaxed: most of the time there is nothing. */
	return __atomic_load_n(&feeds->wanted[interface], __ATOMIC_RELAXED) &&
	       /* Pairs with the exchange in on_gap_opens(): a gap from now on wants another. */
	       __atomic_exchange_n(&feeds->wanted[interface], false, __ATOMIC_ACQ_REL);
}

bool wt_shared_feeds_look(struct wt_shared_feeds *feeds, const struct wt_nic_look *look)
{
	struct looks *looks = &feeds->looks;

	/* Pairs with the release in take_looks(): its place is free. */
	if (looks->put - __atomic_load_n(&looks->taken, __ATOMIC_ACQUIRE) == LOOKS)
		return false;
	looks->list[looks->put % LOOKS] = *look;
	/* Pairs with the acquire in take_looks(): it is there. */
	__atomic_store_n(&looks->put, looks->put + 1, __ATOMIC_RELEASE);
	return true;
}

static void take_looks(struct wt_shared_feeds *feeds)
{
	struct looks *looks = &feeds->looks;

	/* Pairs with the release in wt_shared_feeds_look(). */
	while (looks->taken != __atomic_load_n(&looks->put, __ATOMIC_ACQUIRE)) {
		const struct wt_nic_look *look = &looks->list[looks->taken % LOOKS];

		wt_feed_monitor_nic(feeds->monitor, look->interface_id, look->look_ns,
		                    look->counters);
		/* Pairs with the acquire in wt_shared_feeds_look(). */
		__atomic_store_n(&looks->taken, looks->taken + 1, __ATOMIC_RELEASE);
	}
}

/* The bytes of whole blocks at the beginning that fit. */
static size_t whole_blocks(const struct wt_shared_feeds *feeds, size_t room)
{
	size_t bytes = 0;

	while (bytes < feeds->used) {
		uint32_t one;

		memcpy(&one, feeds->blocks + bytes + 4, sizeof(one));
		if (one > room - bytes)
			break;
		bytes += one;
	}
	return bytes;
}

size_t wt_shared_feeds_take(struct wt_shared_feeds *feeds, uint8_t *blocks, size_t room)
{
	size_t bytes;

	/* What the other puts now can be taken the next time. */
	if (pthread_mutex_trylock(&feeds->lock))
		return 0;
	bytes = whole_blocks(feeds, room);
	memcpy(blocks, feeds->blocks, bytes);
	feeds->used -= bytes;
	memmove(feeds->blocks, feeds->blocks + bytes, feeds->used);
	pthread_mutex_unlock(&feeds->lock);
	return bytes;
}

uint64_t wt_shared_feeds_left_out(struct wt_shared_feeds *feeds)
{
	uint64_t left_out;

	pthread_mutex_lock(&feeds->lock);
	left_out = feeds->left_out;
	pthread_mutex_unlock(&feeds->lock);
	return left_out;
}

void wt_shared_feeds_end(struct wt_shared_feeds *feeds, uint32_t lane)
{
	if (feeds->ended[lane])
		return;
	feeds->ended[lane] = true;
	for (uint32_t i = 0; i < feeds->config.interfaces; i++)
		if (wt_shared_feeds_eyes(feeds, lane, i))
			wt_feed_lane_end(wt_shared_feeds_eyes(feeds, lane, i));
	/* Pairs with the acquire in wt_shared_feeds_follow(): all of it is in the queues, looks
	 * too. */
	__atomic_add_fetch(&feeds->ended_count, 1, __ATOMIC_RELEASE);
	if (wt_shared_feeds_awaits_first(feeds))
		feeds->config.wake_lane(feeds->config.context, 0);
}

bool wt_shared_feeds_awaits_first(const struct wt_shared_feeds *feeds)
{
	/* Pairs with the release in wt_shared_feeds_end(): they will see nothing more. */
	return __atomic_load_n(&feeds->ended_count, __ATOMIC_ACQUIRE) + 1 >= feeds->config.lanes;
}

bool wt_shared_feeds_is_over(const struct wt_shared_feeds *feeds)
{
	/* Pairs with the release in finish(): all blocks were put. */
	return __atomic_load_n(&feeds->is_over, __ATOMIC_ACQUIRE);
}

static void finish(struct wt_shared_feeds *feeds)
{
	feeds->finished = true;
	wt_feed_monitor_finish(feeds->monitor);
	/* Pairs with the acquire in wt_shared_feeds_is_over(). */
	__atomic_store_n(&feeds->is_over, true, __ATOMIC_RELEASE);
	feeds->config.wake_lane(feeds->config.context, 0);
}

bool wt_shared_feeds_follow(struct wt_shared_feeds *feeds)
{
	/* Pairs with the release in wt_shared_feeds_end(). */
	bool all = __atomic_load_n(&feeds->ended_count, __ATOMIC_ACQUIRE) == feeds->config.lanes;
	bool more;
	int holder;

	if (feeds->finished)
		return false;
	take_looks(feeds);
	more = wt_feed_merge_run(feeds->merge);
	if (all && !more)
		finish(feeds);
	holder = wt_feed_merge_holder(feeds->merge);
	if (holder >= 0)
		feeds->config.wake_lane(feeds->config.context,
		                        (uint32_t)holder / feeds->config.interfaces);
	return more;
}

struct wt_feed_monitor *wt_shared_feeds_monitor(const struct wt_shared_feeds *feeds)
{
	return feeds->monitor;
}
