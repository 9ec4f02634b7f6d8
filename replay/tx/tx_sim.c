/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_sim.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/spec.h>
#include <wiretape/stamp/sim_nic_spec.h>

/* The simulation's CLOCK_MONOTONIC begins at an hour, its UTC in 2023, its TAI 37 s ahead. */
#define BEGIN_NS   3600000000000ll
#define UTC_NS     1700000000000000000ll
#define TAI_UTC_NS 37000000000ll
#define SECOND_NS  1000000000ll

enum {
	REPORTS = 1 << 16,
	BYTES_MAX = 65536 + 14 + 4,
	LINKTYPE_ETHERNET = 1,
	DRAINED_NS = 10000000,
	COLD_AFTER_NS = 1000000,
};

struct sim_tx {
	struct wt_tx tx; /* first */
	struct wt_pace_clock clock;
	struct wt_sim_tx_config config;
	int64_t now_ns;   /* an atomic: the collector looks at it */
	int64_t stall_ns; /* when the processor is taken away; INT64_MAX: it was, or never is */
	int64_t warm_ns;  /* when the way was last gone */
	int64_t left_ns;  /* when the last packet has left, and its stamp is there */
	int32_t launch_clock;
	uint64_t offered; /* packets */
	bool has_begun;
	struct wt_sim_nic *nic;
	pthread_mutex_t lock; /* of what follows: two threads use it */
	struct wt_tx_report *reports;
	size_t first, count;
};

static struct sim_tx *of_clock(struct wt_pace_clock *clock)
{
	return (struct sim_tx *)(void *)((char *)clock - offsetof(struct sim_tx, clock));
}

static int64_t now_of(const struct sim_tx *sim)
{
	return __atomic_load_n(&sim->now_ns, __ATOMIC_RELAXED);
}

static void set_now(struct sim_tx *sim, int64_t ns)
{
	/* Whoever sends moves the clock. */
	if (sim->tx.stamps.hardware)
		wt_sim_nic_advance(sim->nic, ns - now_of(sim));
	__atomic_store_n(&sim->now_ns, ns, __ATOMIC_RELAXED);
}

static int64_t sim_now(struct wt_pace_clock *clock)
{
	return now_of(of_clock(clock));
}

static struct wt_pace_wait sim_wait_until(struct wt_pace_clock *clock, int64_t at_ns,
                                          int64_t spin_ns, const int *stop)
{
	struct sim_tx *sim = of_clock(clock);
	struct wt_pace_wait wait = {.now_ns = now_of(sim)};

	(void)spin_ns;
	(void)stop;
	wait.has_waited = wait.now_ns < at_ns;
	if (wait.has_waited)
		wait.now_ns = at_ns + sim->config.wake_ns;
	if (wait.now_ns >= sim->stall_ns) {
		wait.taken_ns = sim->config.stall_ns;
		wait.now_ns += wait.taken_ns;
		sim->stall_ns = INT64_MAX;
	}
	set_now(sim, wait.now_ns);
	return wait;
}

static int64_t other_clock(clockid_t clock, int64_t ns)
{
	if (clock == CLOCK_REALTIME)
		return ns + UTC_NS;
	return clock == CLOCK_TAI ? ns + UTC_NS + TAI_UTC_NS : ns;
}

static int sim_read_other(struct wt_pace_clock *clock, clockid_t other, int64_t *before_ns,
                          int64_t *other_ns, int64_t *after_ns)
{
	*before_ns = *after_ns = now_of(of_clock(clock));
	*other_ns = other_clock(other, *before_ns);
	return 0;
}

static void report(struct sim_tx *sim, const struct wt_tx_report *report)
{
	pthread_mutex_lock(&sim->lock);
	/* As in the kernel: a report that finds no room is lost. */
	if (sim->count < REPORTS)
		sim->reports[(sim->first + sim->count++) % REPORTS] = *report;
	pthread_mutex_unlock(&sim->lock);
}

/* Pick every Nth; numbers count from 0. */
static bool is_nth(uint32_t number, uint32_t every)
{
	return every && number % every == every - 1;
}

static void stamp_by_driver(struct sim_tx *sim, int64_t ns)
{
	const struct wt_tx_report stamped = {
	        .kind = WT_TX_STAMPED,
	        .id = sim->tx.next_id,
	        .moment = WT_TX_MOMENT_SENT,
	        .software_ns = other_clock(CLOCK_REALTIME, ns),
	};

	if (!is_nth(sim->tx.next_id, sim->config.lost_every))
		report(sim, &stamped);
}

static void stamp_by_nic(struct sim_tx *sim, int64_t ns)
{
	uint32_t every = sim->config.hw_every ? sim->config.hw_every : 1;
	bool is_wrong = is_nth(sim->tx.next_id, sim->config.hw_wrong_every);
	const struct wt_tx_report stamped = {
	        .kind = WT_TX_STAMPED,
	        .id = sim->tx.next_id,
	        .moment = WT_TX_MOMENT_SENT,
	        .hardware_ns = wt_sim_nic_phc_at(
	                sim->nic, other_clock(CLOCK_REALTIME, is_wrong ? ns - SECOND_NS : ns)),
	};

	if (is_nth(sim->tx.next_id, every))
		report(sim, &stamped);
}

static bool is_cold(const struct sim_tx *sim)
{
	return now_of(sim) - sim->warm_ns > COLD_AFTER_NS;
}

static void stamp(struct sim_tx *sim, int64_t left_ns)
{
	int64_t driver_ns =
	        left_ns + sim->config.delay_ns + (is_cold(sim) ? sim->config.cold_ns : 0);
	int64_t nic_ns = driver_ns + sim->config.hw_delay_ns;

	if (nic_ns > sim->left_ns)
		sim->left_ns = nic_ns;
	if (sim->tx.stamps.software)
		stamp_by_driver(sim, driver_ns);
	if (sim->tx.stamps.hardware)
		stamp_by_nic(sim, nic_ns);
}

static void drop(struct sim_tx *sim, int64_t launch_ns)
{
	const struct wt_tx_report dropped = {
	        .kind = WT_TX_DROPPED,
	        .error = EINVAL,
	        .drop = WT_TX_DROP_REFUSED,
	        .launch_ns = launch_ns,
	};

	report(sim, &dropped);
}

/* A qdisc that keeps launch times: etf drops what is late, or has another clock; fq sends it. */
static void launch(struct sim_tx *sim, int64_t launch_ns)
{
	int64_t now = now_of(sim);
	int64_t at_ns = launch_ns - other_clock(sim->config.qdisc_clock, 0);
	bool is_late = at_ns < now || sim->launch_clock != sim->config.qdisc_clock;

	if (at_ns > sim->left_ns)
		sim->left_ns = at_ns;
	if ((sim->config.qdisc == WT_QDISC_ETF && is_late) ||
	    is_nth(sim->tx.next_id, sim->config.drop_every))
		drop(sim, launch_ns);
	else
		stamp(sim, at_ns - sim->config.delta_ns > now ? at_ns - sim->config.delta_ns : now);
}

static void begin(struct sim_tx *sim)
{
	if (!sim->has_begun && sim->config.stall_ns)
		sim->stall_ns = now_of(sim) + sim->config.stall_at_ns;
	sim->has_begun = true;
}

static int sim_send(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	struct sim_tx *sim = (struct sim_tx *)tx;

	begin(sim);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t full = sim->config.full_every;

		if (full && sim->offered++ % full == full - 1)
			return i ? (int)i : -EAGAIN;
		if (tx->is_launched)
			launch(sim, packets[i].launch_ns);
		else
			stamp(sim, now_of(sim));
		tx->next_id++;
		sim->warm_ns = now_of(sim);
		set_now(sim, now_of(sim) + sim->config.cost_ns);
	}
	return (int)count;
}

static void sim_warm_up(struct wt_tx *tx)
{
	struct sim_tx *sim = (struct sim_tx *)tx;

	sim->warm_ns = now_of(sim);
}

/* Drain: nobody sends any more, so move the clock to where all have left and a little beyond;
 * reports that have not come by then never do. */
static int sim_drain(struct wt_tx *tx)
{
	struct sim_tx *sim = (struct sim_tx *)tx;

	if (now_of(sim) < sim->left_ns + DRAINED_NS)
		set_now(sim, sim->left_ns + DRAINED_NS);
	return 0;
}

static int sim_reports(struct wt_tx *tx, struct wt_tx_report *reports)
{
	struct sim_tx *sim = (struct sim_tx *)tx;
	int count = 0;

	pthread_mutex_lock(&sim->lock);
	for (; count < WT_TX_REPORTS && sim->count; count++, sim->count--) {
		reports[count] = sim->reports[sim->first];
		sim->first = (sim->first + 1) % REPORTS;
	}
	pthread_mutex_unlock(&sim->lock);
	return count;
}

static void sim_close(struct wt_tx *tx)
{
	struct sim_tx *sim = (struct sim_tx *)tx;

	if (!tx)
		return;
	wt_tx_stamps_close(&tx->stamps, NULL);
	wt_sim_nic_destroy(sim->nic);
	pthread_mutex_destroy(&sim->lock);
	free(sim->reports);
	free(sim);
}

static int find_stamps(struct sim_tx *sim, enum wt_tx_stamp wanted, struct wt_error *err)
{
	struct wt_sim_nic_config nic = sim->config.nic;
	int rc;

	nic.manual_time = true;
	nic.start_utc_ns = other_clock(CLOCK_REALTIME, BEGIN_NS);
	if (sim->config.no_stamps)
		nic.so_timestamping = SOF_TIMESTAMPING_RX_SOFTWARE;
	if (wt_sim_nic_create(&sim->nic, &nic))
		return wt_error_set(err, -ENOMEM, "no memory for a simulated NIC");
	rc = wt_tx_stamps_open(&sim->tx.stamps, wt_sim_nic_system(sim->nic), "sim", wanted, err);
	sim->tx.has_stamps = sim->tx.stamps.software || sim->tx.stamps.hardware;
	return rc;
}

int wt_tx_open_sim(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err)
{
	static const struct wt_tx_ops ops = {
	        .send = sim_send,
	        .warm_up = sim_warm_up,
	        .drain = sim_drain,
	        .reports = sim_reports,
	        .close = sim_close,
	};
	static const struct wt_pace_clock_ops clock_ops = {
	        .now = sim_now,
	        .wait_until = sim_wait_until,
	        .read_other = sim_read_other,
	};
	struct sim_tx *made = calloc(1, sizeof(*made));
	int rc;

	if (made)
		made->reports = calloc(REPORTS, sizeof(*made->reports));
	if (!made || !made->reports) {
		free(made);
		return wt_error_set(err, -ENOMEM, "no memory for a simulated interface");
	}
	made->tx = (struct wt_tx){
	        .ops = &ops,
	        .kind = WT_TX_SIM,
	        .fd = -1,
	        .bytes_min = 14,
	        .bytes_max = BYTES_MAX,
	        .link_type = LINKTYPE_ETHERNET,
	        .is_launched = config->wants_launch,
	};
	made->clock.ops = &clock_ops;
	made->config = *config->sim;
	made->launch_clock = config->launch_clock;
	made->now_ns = BEGIN_NS;
	made->stall_ns = INT64_MAX;
	pthread_mutex_init(&made->lock, NULL);
	rc = find_stamps(made, config->stamp, err);
	if (rc)
		sim_close(&made->tx);
	else
		*tx = &made->tx;
	return rc;
}

struct wt_pace_clock *wt_sim_tx_clock(struct wt_tx *tx)
{
	return &((struct sim_tx *)tx)->clock;
}

void wt_sim_tx_launch(const struct wt_sim_tx_config *config, struct wt_launch *launch)
{
	static const char *const names[WT_QDISC_KINDS] = {
	        [WT_QDISC_OTHER] = "pfifo_fast",
	        [WT_QDISC_ETF] = "etf",
	        [WT_QDISC_FQ] = "fq",
	};
	struct wt_qdisc qdisc = {
	        .kind = config->qdisc,
	        .has_options = true,
	        .handle = 0x80010000,
	        .parent = 0xffffffff,
	        .etf = {.delta_ns = (int32_t)config->delta_ns, .clock = config->qdisc_clock},
	        .fq = {.horizon_ns = 10000000000, .horizon_drop = true},
	};

	strcpy(qdisc.name, names[config->qdisc]);
	wt_launch_find(launch, "sim", &qdisc, 1, 0);
}

bool wt_sim_tx_is(const char *interface)
{
	return interface && (!strcmp(interface, "sim") || !strncmp(interface, "sim:", 4));
}

/* Give it a clock, with stamping on, as if somebody had switched that on. */
static void has_clock(struct wt_sim_nic_config *nic)
{
	nic->phc_index = 0;
	nic->tx_type = HWTSTAMP_TX_ON;
}

static bool take_stamps(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_tx_config *config = target;

	(void)key;
	config->no_stamps = !strcmp(value, "none");
	if (!strcmp(value, "hw"))
		has_clock(&config->nic);
	return config->no_stamps || !strcmp(value, "hw");
}

static bool take_qdisc(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_tx_config *config = target;

	(void)key;
	config->qdisc = !strcmp(value, "etf") ? WT_QDISC_ETF : WT_QDISC_FQ;
	return config->qdisc == WT_QDISC_ETF || !strcmp(value, "fq");
}

static bool take_clock(const struct wt_spec_key *key, void *target, const char *value)
{
	struct wt_sim_tx_config *config = target;

	(void)key;
	config->qdisc_clock = !strcmp(value, "tai") ? CLOCK_TAI : CLOCK_MONOTONIC;
	return config->qdisc_clock == CLOCK_TAI || !strcmp(value, "monotonic");
}

/* Times are below INT32_MAX us. */
#define SHORT(name, member)                                                                        \
	{                                                                                          \
		name, "TIME", "a time below 2147s, such as 800ns or 5ms", wt_spec_ns,              \
		        offsetof(struct wt_sim_tx_config, member), 0, INT32_MAX * 1000ll - 1       \
	}
#define EVERY(name, member)                                                                        \
	{                                                                                          \
		name, "N", "a number of packets", wt_spec_u32,                                     \
		        offsetof(struct wt_sim_tx_config, member), 0, 0                            \
	}

static const struct wt_spec_key keys[] = {
        SHORT("cost", cost_ns),
        SHORT("wake", wake_ns),
        SHORT("stall-at", stall_at_ns),
        SHORT("stall", stall_ns),
        SHORT("delay", delay_ns),
        SHORT("cold", cold_ns),
        SHORT("delta", delta_ns),
        SHORT("hw-delay", hw_delay_ns),
        SHORT("phc-offset", nic.offset_ns),
        EVERY("full-every", full_every),
        EVERY("lost-every", lost_every),
        EVERY("drop-every", drop_every),
        EVERY("hw-every", hw_every),
        EVERY("hw-wrong-every", hw_wrong_every),
        {"stamps", "none|hw", "none or hw", take_stamps, 0, 0, 0},
        {"qdisc", "etf|fq", "etf or fq", take_qdisc, 0, 0, 0},
        {"clock", "tai|monotonic", "tai or monotonic", take_clock, 0, 0, 0},
};

static const struct wt_spec_form form = {
        .noun = "the simulation",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
        .part = &wt_sim_nic_form,
        .part_offset = offsetof(struct wt_sim_tx_config, nic),
};

int wt_sim_tx_parse(struct wt_sim_tx_config *config, const char *text, struct wt_error *err)
{
	int rc;

	*config = (struct wt_sim_tx_config){.qdisc_clock = -1, .nic.phc_index = -1};
	rc = wt_spec_parse(&form, strcmp(text, "sim") ? text + strlen("sim:") : "", config, err);
	if (config->qdisc_clock < 0)
		config->qdisc_clock = config->qdisc == WT_QDISC_ETF ? CLOCK_TAI : CLOCK_MONOTONIC;
	if (config->qdisc == WT_QDISC_ETF && !config->delta_ns)
		config->delta_ns = 200000;
	return rc;
}
