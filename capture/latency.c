/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/latency.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAMES = 64,             /* looked at in one go */
	BLOCKS = 64,             /* before the time is looked at again */
	DRAIN_PATIENCE_MS = 200, /* besides two retire timeouts */
};
static const int64_t default_silence_ns = 5000000000;
/* The socket reports that an interface goes down, but not that it then disappears. */
static const int64_t check_every_ns = 1000000000;
/* While the map is young it gains by every cross timestamp. */
static const int64_t fast_cross_ns = 100000000, cross_ns = 1000000000;

struct wt_latency {
	struct wt_latency_config config;
	struct wt_reader *reader;
	struct wt_ring *ring;
	struct wt_latency_result *result; /* while it runs */
	int wake_fd;
	atomic_bool stop_asked; /* set by wt_latency_stop(), which then writes to wake_fd */
	bool ending;
	int failure;
	bool silence_said;
	int64_t start_ns; /* CLOCK_MONOTONIC */
	int64_t heard_ns; /* when the last packet was seen, or it began */
	int64_t check_due_ns;
	struct wt_clock_estimator estimator; /* if the reader has a clock of its own */
	int64_t cross_due_ns;
	uint64_t crosses;
};

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *wt_latency_end_name(enum wt_latency_end end)
{
	static const char *const names[] = {
	        [WT_LATENCY_ASKED] = "stopped",     [WT_LATENCY_PACKETS] = "packets",
	        [WT_LATENCY_DURATION] = "duration", [WT_LATENCY_SOURCE] = "source finished",
	        [WT_LATENCY_FAILURE] = "failed",
	};

	return (unsigned)end <= WT_LATENCY_FAILURE ? names[end] : "unknown";
}

/* Stamps come from the kernel or a file of somebody's: no difference may overflow. */
static void add_span(struct wt_latency_result *result, enum wt_latency_span span, int64_t from_ns,
                     int64_t to_ns)
{
	int64_t ns;

	if (__builtin_sub_overflow(to_ns, from_ns, &ns))
		ns = to_ns < from_ns ? INT64_MIN : INT64_MAX;
	wt_histogram_add(&result->spans[span], ns);
}

/* Convert the hardware stamp to UTC; false without a map. */
static bool hardware_utc(const struct wt_frame *frame, const struct wt_clock_map *map,
                         int64_t *utc_ns)
{
	if (frame->notes & WT_FRAME_GIVEN) {
		*utc_ns = frame->stamp_ns;
		return true;
	}
	if (!map || !map->number)
		return false;
	*utc_ns = wt_clock_map_to_utc(map, frame->stamp_ns);
	return true;
}

static void add_hardware(struct wt_latency_result *result, const struct wt_frame *frame,
                         int64_t borrowed_ns, const struct wt_clock_map *map)
{
	bool both = frame->notes & WT_FRAME_BOTH;
	int64_t utc_ns;
	bool mapped = hardware_utc(frame, map, &utc_ns);

	if (mapped && both)
		add_span(result, WT_SPAN_HARDWARE_TO_SOFTWARE, utc_ns, frame->software_ns);
	if (both)
		add_span(result, WT_SPAN_SOFTWARE_TO_APPLICATION, frame->software_ns, borrowed_ns);
	else if (mapped)
		add_span(result, WT_SPAN_HARDWARE_TO_APPLICATION, utc_ns, borrowed_ns);
	else
		result->unmapped++;
}

void wt_latency_add(struct wt_latency_result *result, const struct wt_frame *frames, size_t count,
                    int64_t borrowed_ns, const struct wt_clock_map *map)
{
	result->packets += count;
	for (size_t i = 0; i < count; i++) {
		const struct wt_frame *frame = &frames[i];

		result->stamps[frame->stamp_source]++;
		switch (frame->stamp_source) {
		case WT_STAMP_HARDWARE:
			add_hardware(result, frame, borrowed_ns, map);
			break;
		case WT_STAMP_SOFTWARE:
			add_span(result, WT_SPAN_SOFTWARE_TO_APPLICATION, frame->stamp_ns,
			         borrowed_ns);
			break;
		default:
			add_span(result, WT_SPAN_FALLBACK_TO_APPLICATION, frame->stamp_ns,
			         borrowed_ns);
		}
	}
}

static void end_with(struct wt_latency *latency, enum wt_latency_end end)
{
	if (!latency->ending)
		latency->result->end = end;
	latency->ending = true;
}

static void fail_with(struct wt_latency *latency, int failure)
{
	if (!latency->ending)
		latency->failure = failure;
	end_with(latency, WT_LATENCY_FAILURE);
}

static uint64_t packets_left(const struct wt_latency *latency)
{
	uint64_t most = latency->config.max_packets;

	return most ? most - latency->result->packets : UINT64_MAX;
}

/* Count as many as the producer reports, or as fit. */
static void count_malformed(struct wt_latency_result *result, const struct wt_block *block,
                            uint64_t taken)
{
	enum { SMALLEST_SLOT = 68 };
	uint64_t claimed = block->frames;

	if (claimed > block->bytes / SMALLEST_SLOT)
		claimed = block->bytes / SMALLEST_SLOT;
	if (claimed > taken)
		result->malformed += claimed - taken;
}

static void take_block(struct wt_latency *latency, struct wt_block *block)
{
	int64_t borrowed_ns = read_clock(CLOCK_REALTIME);
	struct wt_latency_result *result = latency->result;
	struct wt_frame frames[FRAMES];
	uint64_t taken = 0;
	size_t count;

	do {
		uint64_t left = packets_left(latency);

		count = wt_ring_read_frames(latency->ring, block, frames,
		                            left < FRAMES ? (size_t)left : FRAMES);
		wt_latency_add(result, frames, count, borrowed_ns, &latency->estimator.map);
		taken += count;
	} while (count && packets_left(latency));
	if (block->walk.fault)
		count_malformed(result, block, taken);
	wt_ring_release_block(latency->ring, block);
	if (!packets_left(latency))
		end_with(latency, WT_LATENCY_PACKETS);
}

/* Take some of what the ring holds; returns whether there was anything. */
static bool take_turn(struct wt_latency *latency)
{
	uint64_t before = latency->result->packets;
	struct wt_block block;
	int got = 1;

	for (int i = 0; i < BLOCKS && packets_left(latency); i++) {
		got = wt_ring_next_block(latency->ring, &block);
		if (got <= 0)
			break;
		take_block(latency, &block);
	}
	if (got < 0 && got != -ENETDOWN)
		fail_with(latency, got);
	return latency->result->packets > before;
}

/* Returns how many packets the producer has seen since the last look. */
static uint64_t take_statistics(struct wt_latency *latency)
{
	uint64_t before = latency->result->seen;
	struct wt_ring_statistics total;

	wt_reader_count(latency->reader, &total);
	latency->result->seen = total.packets;
	latency->result->lost = total.drops;
	return total.packets - before;
}

/* Packets may have come that the producer has not handed over yet. */
static void listen_for_silence(struct wt_latency *latency, bool heard, int64_t now_ns)
{
	const struct wt_latency_config *config = &latency->config;

	if (heard) {
		latency->heard_ns = now_ns;
		latency->silence_said = false;
	}
	if (latency->silence_said || now_ns - latency->heard_ns < config->silence_ns)
		return;
	if (take_statistics(latency)) {
		latency->heard_ns = now_ns;
		return;
	}
	latency->silence_said = true;
	if (config->on_silence)
		config->on_silence(config->context, now_ns - latency->heard_ns);
}

/* Time until which to sleep. */
static int64_t next_due_ns(const struct wt_latency *latency)
{
	int64_t due_ns = latency->check_due_ns;

	if (!latency->silence_said && latency->heard_ns + latency->config.silence_ns < due_ns)
		due_ns = latency->heard_ns + latency->config.silence_ns;
	if (wt_reader_phc(latency->reader) && latency->cross_due_ns < due_ns)
		due_ns = latency->cross_due_ns;
	if (latency->config.max_duration_ns &&
	    latency->start_ns + latency->config.max_duration_ns < due_ns)
		due_ns = latency->start_ns + latency->config.max_duration_ns;
	return due_ns;
}

static int milliseconds_until(int64_t due_ns, int64_t now_ns)
{
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns - 1) / 1000000 + 1);
}

static void check_reader(struct wt_latency *latency)
{
	int health = wt_reader_health(latency->reader);

	if (health == -ENODATA)
		end_with(latency, WT_LATENCY_SOURCE);
	else if (health && health != -ENETDOWN)
		fail_with(latency, health);
}

static void wait_for_packets(struct wt_latency *latency, int timeout_ms)
{
	struct pollfd polls[] = {{.fd = wt_reader_fd(latency->reader), .events = POLLIN},
	                         {.fd = latency->wake_fd, .events = POLLIN}};
	int problem = 0;

	if (poll(polls, 2, timeout_ms) <= 0)
		return;
	if (polls[0].revents)
		problem = wt_reader_acknowledge_wakeup(latency->reader);
	if (problem || (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL)))
		check_reader(latency);
}

/* A clock that cannot be read leaves the map as it is. */
static void take_cross(struct wt_latency *latency, int64_t now_ns)
{
	enum { FAST_CROSSES = 10 };
	struct wt_cross_sample sample;

	latency->cross_due_ns =
	        now_ns + (latency->crosses++ < FAST_CROSSES ? fast_cross_ns : cross_ns);
	if (!wt_phc_cross(wt_reader_phc(latency->reader), &sample, NULL))
		wt_clock_estimator_add(&latency->estimator, &sample);
	latency->result->map = latency->estimator.map;
}

/* Do what is due by the clock. */
static void run_timers(struct wt_latency *latency, int64_t now_ns)
{
	const struct wt_latency_config *config = &latency->config;

	if (wt_reader_phc(latency->reader) && now_ns >= latency->cross_due_ns)
		take_cross(latency, now_ns);

	if (atomic_load(&latency->stop_asked))
		end_with(latency, WT_LATENCY_ASKED);
	if (config->max_duration_ns && now_ns - latency->start_ns >= config->max_duration_ns)
		end_with(latency, WT_LATENCY_DURATION);
	if (now_ns >= latency->check_due_ns) {
		latency->check_due_ns = now_ns + check_every_ns;
		check_reader(latency);
	}
}

static void measure(struct wt_latency *latency)
{
	while (!latency->ending) {
		bool any = take_turn(latency);
		int64_t now_ns = read_clock(CLOCK_MONOTONIC);

		run_timers(latency, now_ns);
		listen_for_silence(latency, any, now_ns);
		if (!any && !latency->ending)
			wait_for_packets(latency, milliseconds_until(next_due_ns(latency), now_ns));
	}
}

/* Shut the gate and take out what the ring still holds, which the producer may hand over only
 * when its timeout ends. */
static void drain(struct wt_latency *latency)
{
	const struct wt_latency_result *result = latency->result;
	int64_t patience_ns = (DRAIN_PATIENCE_MS +
	                       2 * (int64_t)wt_reader_info(latency->reader)->retire_timeout_ms) *
	                      1000000;
	int64_t until_ns;

	wt_reader_stop(latency->reader);
	take_statistics(latency);
	until_ns = read_clock(CLOCK_MONOTONIC) + patience_ns;
	while (result->packets + result->malformed + result->lost < result->seen &&
	       packets_left(latency) && !atomic_load(&latency->stop_asked) &&
	       read_clock(CLOCK_MONOTONIC) < until_ns)
		if (!take_turn(latency))
			wait_for_packets(latency, 20);
}

static int explain(const struct wt_latency *latency, struct wt_error *err)
{
	const char *name = wt_reader_info(latency->reader)->name;

	if (!latency->failure)
		return 0;
	if (latency->failure == -ENODEV)
		return wt_error_set(err, -ENODEV,
		                    "interface %s has disappeared; measured is what came before",
		                    name);
	return wt_error_set(err, latency->failure, "cannot read from %s any more: %s", name,
	                    strerror(-latency->failure));
}

int wt_latency_run(struct wt_latency *latency, struct wt_latency_result *result,
                   struct wt_error *err)
{
	int rc;

	memset(result, 0, sizeof(*result));
	result->end = WT_LATENCY_FAILURE;
	latency->result = result;
	rc = wt_reader_start(latency->reader, err);
	if (rc)
		return rc;
	latency->start_ns = read_clock(CLOCK_MONOTONIC);
	latency->heard_ns = latency->start_ns;
	run_timers(latency, latency->start_ns);
	measure(latency);
	result->elapsed_ns = read_clock(CLOCK_MONOTONIC) - latency->start_ns;
	drain(latency);
	return explain(latency, err);
}

void wt_latency_stop(struct wt_latency *latency)
{
	uint64_t one = 1;
	int saved = errno;

	atomic_store(&latency->stop_asked, true);
	/* write() fails only when the counter is full, and then poll() does not sleep. */
	(void)!write(latency->wake_fd, &one, sizeof(one));
	errno = saved;
}

const struct wt_reader_info *wt_latency_reader(const struct wt_latency *latency)
{
	return wt_reader_info(latency->reader);
}

int wt_latency_open(struct wt_latency **latency, const struct wt_latency_config *config,
                    struct wt_error *err)
{
	struct wt_latency *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a measurement");
	made->config = *config;
	if (!made->config.silence_ns)
		made->config.silence_ns = default_silence_ns;
	made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (made->wake_fd < 0) {
		rc = wt_error_set(err, -errno, "cannot make an eventfd: %s", strerror(errno));
		free(made);
		return rc;
	}
	rc = wt_reader_open(&made->reader, &config->reader, err);
	if (rc) {
		wt_latency_close(made);
		return rc;
	}
	made->ring = wt_reader_ring(made->reader);
	wt_clock_estimator_init(&made->estimator);
	*latency = made;
	return 0;
}

void wt_latency_close(struct wt_latency *latency)
{
	if (!latency)
		return;
	wt_reader_close(latency->reader);
	close(latency->wake_fd);
	free(latency);
}
