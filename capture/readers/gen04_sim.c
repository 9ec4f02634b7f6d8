/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/base/quantity.h>
#include <wiretape/base/spec.h>
#include <wiretape/feed/load/mold_template.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/stamp/sim_nic_spec.h>

enum { VALUE_BYTES = 40 };

/* A simulated interface: a thread that plays NIC and kernel, delivering MoldUDP64
 * frames into a simulated ring at a rate. */
struct sim_settings {
	uint64_t frame_bytes;
	uint64_t rate_pps;       /* 0: as fast as it can */
	uint64_t count;          /* 0: until stopped */
	uint64_t software_every; /* so often a frame has no hardware stamp; 0: never */
	int64_t step_ns;         /* that the NIC's clock jumps … */
	uint64_t step_after;     /* … after this many frames */
	/* Numbers that never arrive, `count` after every `every` that do: because the NIC loses
	 * them, which it counts; because they are not sent. 0: none. */
	struct sim_lack {
		uint64_t count, every;
	} missed, skipped;
	bool v2;
	bool has_nic; /* with a clock */
	struct wt_sim_nic_config nic;
};

struct sim_reader {
	struct wt_reader reader;
	struct wt_sim_ring *sim;
	struct wt_sim_nic *nic; /* or NULL */
	struct wt_filter filter;
	struct sim_settings settings;
	uint8_t *frame;
	uint32_t queue, queues; /* this one gets each packet whose turn it is */
	int64_t began_ns;       /* all of them, CLOCK_REALTIME */
	int stop_fd;
	pthread_t thread;
	bool running;
	_Atomic uint64_t nic_missed; /* counts for itself: no partner */
	atomic_bool done;            /* the thread has delivered everything */
};

/* When packets of an interface began to arrive, CLOCK_REALTIME, in the place of the kernel's group:
 * by its number, for the queues of one. 0: they have not. Each is a time by itself: relaxed. */
enum { GROUPS = 256 };
static _Atomic int64_t beginnings[GROUPS];
static _Atomic uint32_t groups;

static uint32_t make_group(void)
{
	uint32_t group = 1 + atomic_fetch_add_explicit(&groups, 1, memory_order_relaxed) % GROUPS;

	atomic_store_explicit(&beginnings[group - 1], 0, memory_order_relaxed);
	return group;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wake_reader(const struct sim_reader *sim)
{
	uint64_t one = 1;

	/* write() fails only when 2^64 - 2 wake-ups are pending: awake enough. */
	if (write(sim->reader.fd, &one, sizeof(one)) < 0)
		return;
}

/* Packets of several queues have arrived in the order of their numbers, whenever their thread
 * comes to it. */
static int64_t arrival_ns(const struct sim_reader *sim, uint64_t sequence)
{
	uint64_t rate = sim->settings.rate_pps;

	if (sim->queues == 1 || !rate)
		return clock_ns(CLOCK_REALTIME);
	return sim->began_ns + (int64_t)((sequence - 1) / rate * 1000000000 +
	                                 (sequence - 1) % rate * 1000000000 / rate);
}

static void stamp(struct sim_reader *sim, struct wt_sim_frame *frame, uint64_t sequence)
{
	const struct sim_settings *settings = &sim->settings;

	frame->stamp_ns = arrival_ns(sim, sequence);
	frame->status = TP_STATUS_TS_SOFTWARE;
	if (sim->reader.info.stamps != WT_STAMP_HARDWARE)
		return;
	if (settings->step_after && sequence == settings->step_after + 1)
		wt_sim_nic_step(sim->nic, settings->step_ns);
	if (settings->software_every && sequence % settings->software_every == 0)
		return;
	frame->stamp_ns = wt_sim_nic_phc_at(sim->nic, frame->stamp_ns);
	frame->status = TP_STATUS_TS_RAW_HARDWARE;
}

static bool lacks(const struct sim_lack *lack, uint64_t sequence)
{
	return lack->count && (sequence - 1) % (lack->every + lack->count) >= lack->every;
}

/* Dealt out in turn: to the first queue the first. */
static bool is_of_queue(const struct sim_reader *sim, uint64_t sequence)
{
	return (sequence - 1) % sim->queues == sim->queue;
}

static int deliver(struct sim_reader *sim, uint64_t sequence)
{
	struct wt_sim_frame frame = {
	        .data = sim->frame,
	        .len = (uint32_t)sim->settings.frame_bytes,
	        .packet_type = PACKET_MULTICAST,
	};

	/* Counted by the NIC, whatever the queue. */
	if (lacks(&sim->settings.missed, sequence)) {
		atomic_fetch_add_explicit(&sim->nic_missed, 1, memory_order_relaxed);
		return 0;
	}
	if (lacks(&sim->settings.skipped, sequence) || !is_of_queue(sim, sequence))
		return 0;
	stamp(sim, &frame, sequence);
	wt_mold_template_set_sequence(sim->frame, sequence);
	return wt_sim_ring_deliver(sim->sim, &frame);
}

/* Count frames due `elapsed_ns` after the start, at most a batch more than were delivered. */
static uint64_t due(const struct sim_settings *settings, int64_t elapsed_ns, uint64_t delivered)
{
	enum { BATCH = 256 };
	uint64_t limit = delivered + BATCH;

	if (settings->rate_pps) {
		__extension__ unsigned __int128 frames =
		        (unsigned __int128)elapsed_ns * settings->rate_pps / 1000000000 + 1;

		if (frames < limit)
			limit = (uint64_t)frames;
	}
	if (settings->count && limit > settings->count)
		limit = settings->count;
	return limit;
}

/* Sleep for at most a millisecond, the resolution of the simulated retire timer.
 * True when asked to stop. */
static bool nap(const struct sim_reader *sim, bool sleep)
{
	struct pollfd wait = {.fd = sim->stop_fd, .events = POLLIN};

	return poll(&wait, 1, sleep ? 1 : 0) > 0;
}

static void *produce(void *argument)
{
	struct sim_reader *sim = argument;
	int64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t delivered = 0;
	bool idle = false;

	while (!nap(sim, idle) && !(sim->settings.count && delivered == sim->settings.count)) {
		int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
		uint64_t target = due(&sim->settings, now_ns - start_ns, delivered);
		int done = wt_sim_ring_tick(sim->sim, now_ns);

		idle = target == delivered;
		while (delivered < target)
			done |= deliver(sim, ++delivered);
		if (done & WT_SIM_HANDED_OVER)
			wake_reader(sim);
	}
	wt_sim_ring_flush(sim->sim);
	/* Release: pairs with the load in health(); the flush comes first. */
	atomic_store_explicit(&sim->done, true, memory_order_release);
	wake_reader(sim);
	return NULL;
}

static int start(struct wt_reader *reader, struct wt_error *err)
{
	struct sim_reader *sim = (struct sim_reader *)reader;
	_Atomic int64_t *beginning = &beginnings[sim->reader.info.fanout_group - 1];
	int64_t none = 0;
	int rc;

	sim->began_ns = clock_ns(CLOCK_REALTIME);
	if (!atomic_compare_exchange_strong_explicit(beginning, &none, sim->began_ns,
	                                             memory_order_relaxed, memory_order_relaxed))
		sim->began_ns = none;
	rc = pthread_create(&sim->thread, NULL, produce, sim);

	if (rc)
		return wt_error_set(err, -rc, "cannot start the simulated kernel: %s",
		                    strerror(rc));
	sim->running = true;
	return 0;
}

static int stop(struct wt_reader *reader)
{
	struct sim_reader *sim = (struct sim_reader *)reader;
	uint64_t one = 1;

	if (!sim->running)
		return 0;
	if (write(sim->stop_fd, &one, sizeof(one)) < 0)
		return -errno;
	pthread_join(sim->thread, NULL);
	sim->running = false;
	return 0;
}

static int statistics(struct wt_reader *reader, struct wt_ring_statistics *since_last)
{
	wt_sim_ring_statistics(((struct sim_reader *)reader)->sim, since_last);
	return 0;
}

static int health(struct wt_reader *reader)
{
	struct sim_reader *sim = (struct sim_reader *)reader;

	return atomic_load_explicit(&sim->done, memory_order_acquire) ? -ENODATA : 0;
}

static int woken(struct wt_reader *reader)
{
	uint64_t events;

	/* Before the look at `done`: a wake-up after it is kept for the next poll. */
	if (read(reader->fd, &events, sizeof(events)) < 0 && errno != EAGAIN)
		return -errno;
	return health(reader);
}

static void close_reader(struct wt_reader *reader)
{
	struct sim_reader *sim = (struct sim_reader *)reader;

	stop(reader);
	wt_sim_ring_destroy(sim->sim);
	wt_reader_end_stamps(reader);
	wt_sim_nic_destroy(sim->nic);
	wt_filter_free(&sim->filter);
	free(sim->frame);
	if (reader->fd >= 0)
		close(reader->fd);
	if (sim->stop_fd >= 0)
		close(sim->stop_fd);
	free(sim);
}

static bool take_pps(const struct wt_spec_key *key, void *target, const char *value)
{
	struct sim_settings *settings = target;
	struct wt_decimal rate;

	(void)key;
	if (wt_parse_rate(value, WT_RATE_PPS, &rate, NULL) || rate.denominator != 1)
		return false;
	settings->rate_pps = rate.numerator;
	return true;
}

static bool take_layout(const struct wt_spec_key *key, void *target, const char *value)
{
	struct sim_settings *settings = target;

	(void)key;
	settings->v2 = !strcmp(value, "v2");
	return settings->v2 || !strcmp(value, "v3");
}

/* Split the text before the '@', in `head`, from the number after it, from 1 on. */
static bool split_at(const char *value, char head[VALUE_BYTES], uint64_t *number)
{
	const char *at = strchr(value, '@');

	if (!at || at - value >= VALUE_BYTES)
		return false;
	memcpy(head, value, (size_t)(at - value));
	head[at - value] = '\0';
	return !wt_parse_number(at + 1, 1, UINT64_MAX, number, NULL);
}

/* "TIME@FRAMES", either sign. */
static bool take_step(const struct wt_spec_key *key, void *target, const char *value)
{
	struct sim_settings *settings = target;
	char head[VALUE_BYTES];

	(void)key;
	return split_at(value, head, &settings->step_after) &&
	       !wt_parse_offset(head, WT_UNIT_NS, &settings->step_ns, NULL);
}

/* "N@PACKETS" */
static bool take_lack(const struct wt_spec_key *key, void *target, const char *value)
{
	struct sim_lack *lack = (struct sim_lack *)((char *)target + key->offset);
	char head[VALUE_BYTES];

	return split_at(value, head, &lack->every) && lack->every <= UINT32_MAX &&
	       !wt_parse_number(head, 1, UINT32_MAX, &lack->count, NULL);
}

/* A NIC that is described has a clock. */
static void take_nic(void *target)
{
	struct sim_settings *settings = target;

	settings->has_nic = true;
}

#define OF(member) offsetof(struct sim_settings, member)

static const struct wt_spec_key keys[] = {
        {"size", "BYTES", "the size of a frame, 60 to 65549", wt_spec_u64, OF(frame_bytes),
         WT_MOLD_FRAME_BYTES_MIN, WT_MOLD_FRAME_BYTES_MAX},
        {"pps", "N|max", "a rate such as 50000, 50k or max", take_pps, 0, 0, 0},
        {"count", "N", "a number of packets", wt_spec_u64, OF(count), 0, 0},
        {"layout", "v3|v2", "v3 or v2", take_layout, 0, 0, 0},
        {"step", "TIME@PACKETS", "a time and, after an @, a number of packets", take_step, 0, 0, 0},
        {"missed", "N@PACKETS", "two numbers from 1 to 4294967295 with an @ between", take_lack,
         OF(missed), 0, 0},
        {"skipped", "N@PACKETS", "two numbers from 1 to 4294967295 with an @ between", take_lack,
         OF(skipped), 0, 0},
        {"software_every", "N", "a number of packets", wt_spec_u64, OF(software_every), 0, 0},
};
_Static_assert(WT_MOLD_FRAME_BYTES_MIN == 60 && WT_MOLD_FRAME_BYTES_MAX == 65549, "in words above");

static const struct wt_spec_form form = {
        .noun = "the simulated interface",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
        .part = &wt_sim_nic_form,
        .part_offset = OF(nic),
        .part_given = take_nic,
};

/* "sim" or "sim:size=60,pps=max,count=1000,layout=v2". */
static int parse_settings(struct sim_settings *settings, const char *name, struct wt_error *err)
{
	*settings = (struct sim_settings){.frame_bytes = WT_MOLD_FRAME_BYTES_DEFAULT,
	                                  .rate_pps = 100000};
	if (strncmp(name, "sim", 3) || (name[3] && name[3] != ':'))
		return wt_error_set(err, -ENODEV,
		                    "the simulated reader has no interface '%s'; use -i sim or -i "
		                    "sim:size=BYTES,pps=N|max,count=N,layout=v3|v2",
		                    name);
	return wt_spec_parse(&form, name[3] ? name + 4 : "", settings, err);
}

static int create_nic(struct sim_reader *sim, const struct wt_reader_config *config,
                      struct wt_error *err)
{
	struct wt_sim_nic_config nic = sim->settings.nic;

	nic.interface = "sim";
	if (!sim->settings.has_nic)
		nic.phc_index = -1;
	if (wt_sim_nic_create(&sim->nic, &nic))
		return wt_error_set(err, -ENOMEM, "no memory for a simulated NIC");
	return wt_reader_begin_stamps(&sim->reader, config, wt_sim_nic_system(sim->nic), "sim",
	                              err);
}

static int create_ring(struct sim_reader *sim, const struct wt_reader_config *config)
{
	uint32_t frame_bytes = (uint32_t)sim->settings.frame_bytes;
	struct wt_ring_plan plan = sim->settings.v2
	                                   ? wt_ring_plan_v2(config->ring_bytes, frame_bytes)
	                                   : wt_ring_plan_v3(config->ring_bytes);
	struct wt_sim_config ring = {
	        .layout = sim->settings.v2 ? WT_SIM_TPACKET_V2 : WT_SIM_TPACKET_V3,
	        .block_bytes = plan.block_bytes,
	        .block_count = plan.block_count,
	        .slot_bytes = plan.slot_bytes,
	        .snaplen = sim->filter.count ? WT_DEFAULT_SNAPLEN : config->snaplen,
	        .reserve_bytes = sim->settings.v2 ? 0 : WT_INPLACE_ETHERNET_RESERVE,
	        .private_bytes = sim->settings.v2 ? 0 : WT_INPLACE_PRIVATE_BYTES,
	        .retire_timeout_ns = (int64_t)config->retire_timeout_ms * 1000000,
	};
	int rc = wt_sim_ring_create(&sim->sim, &ring);

	if (rc)
		return rc;
	sim->reader.ring = wt_sim_ring_reader(sim->sim);
	sim->reader.memory = wt_sim_ring_memory(sim->sim);
	sim->reader.info.in_place = !sim->settings.v2;
	sim->reader.info.ring_bytes = (uint64_t)plan.block_bytes * plan.block_count;
	sim->reader.info.block_bytes = plan.block_bytes;
	sim->reader.info.slot_bytes = plan.slot_bytes;
	if (sim->filter.count)
		wt_reader_filter_here(&sim->reader, &sim->filter);
	return 0;
}

static int create_frame(struct sim_reader *sim, struct wt_error *err)
{
	struct wt_mold_template_config config = {.frame_bytes =
	                                                 (uint32_t)sim->settings.frame_bytes};
	int rc;

	sim->frame = malloc(sim->settings.frame_bytes);
	if (!sim->frame)
		return wt_error_set(err, -ENOMEM, "no memory for a frame");
	rc = wt_mold_template_build(&config, sim->frame, sim->settings.frame_bytes, err);
	return rc < 0 ? rc : 0;
}

static int create_parts(struct sim_reader *sim, const struct wt_reader_config *config,
                        struct wt_error *err)
{
	int rc = 0;

	/* No kernel is there to run it. */
	if (config->filter && *config->filter)
		rc = wt_filter_compile(
		        &sim->filter,
		        &(struct wt_filter_config){.expression = config->filter,
		                                   .link_type = sim->reader.info.link_type,
		                                   .snaplen = config->snaplen,
		                                   .abort_writes = config->abort_writes},
		        err);
	if (rc)
		return rc;
	sim->reader.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sim->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = sim->reader.fd < 0 || sim->stop_fd < 0 ? -errno : create_ring(sim, config);
	if (rc)
		return wt_error_set(err, rc, "cannot make the simulated ring: %s", strerror(-rc));
	rc = create_frame(sim, err);
	return rc ? rc : create_nic(sim, config, err);
}

/* Read only the counter that the settings are about. */
static int read_link(const struct wt_reader *reader, struct wt_link *link)
{
	const struct sim_reader *sim = (const struct sim_reader *)reader;

	*link = (struct wt_link){.name = "sim"};
	link->counters.rx_missed_errors =
	        atomic_load_explicit(&sim->nic_missed, memory_order_relaxed);
	return 0;
}

int wt_gen04_sim_open(struct wt_reader **reader, const struct wt_reader_config *config,
                      struct wt_error *err)
{
	static const struct wt_reader_ops ops = {
	        .start = start,
	        .stop = stop,
	        .statistics = statistics,
	        .health = health,
	        .woken = woken,
	        .close = close_reader,
	};
	static const struct wt_reader_ops counting_ops = {
	        .start = start,
	        .stop = stop,
	        .statistics = statistics,
	        .health = health,
	        .woken = woken,
	        .link = read_link,
	        .close = close_reader,
	};
	enum { LINKTYPE_ETHERNET = 1 };
	struct sim_settings settings;
	struct sim_reader *sim;
	int rc = parse_settings(&settings, config->interface, err);

	if (rc)
		return rc;
	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return wt_error_set(err, -ENOMEM, "no memory for a reader");
	sim->settings = settings;
	sim->queue = config->queue;
	sim->queues = config->queues ? config->queues : 1;
	sim->reader.ops = settings.missed.count ? &counting_ops : &ops;
	sim->reader.fd = sim->stop_fd = -1;
	sim->reader.info = (struct wt_reader_info){
	        .name = "sim",
	        .kind = WT_READER_SIM,
	        .link_type = LINKTYPE_ETHERNET,
	        .snaplen = config->snaplen,
	        .retire_timeout_ms = settings.v2 ? 0 : config->retire_timeout_ms,
	        .ring_bytes_asked = config->ring_bytes,
	        .fanout = config->fanout,
	        .queue = config->queue,
	        .fanout_group = config->fanout_group ? config->fanout_group : make_group(),
	};
	rc = create_parts(sim, config, err);
	if (rc) {
		close_reader(&sim->reader);
		return rc;
	}
	*reader = &sim->reader;
	return 0;
}
