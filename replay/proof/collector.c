/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/proof/collector.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/median.h>

enum {
	/* Stamps of a port that wait for the sender's record. */
	STAMPS = 1 << 16,
	DROPS = 1 << 10,
	ROUND_NS = 2000000,
	TICK_NS = 100000000,
	/* Rounds for which the stamp of a packet that should have left is waited for: when stamps
	 * of later ones have come, and when none have. */
	ROUNDS_OVERTAKEN = 2,
	ROUNDS_SILENT = 150,
	/* And the NIC's, which need not come: while it is awaited, the driver's stamps take up the
	 * room of STAMPS. */
	ROUNDS_NIC = 10,
	/* And word of a drop, without stamps. */
	ROUNDS_DROP = 1,
	ROUNDS_KEPT = 256,
	/* Tolerance for the NIC's stamps that seem too early, or still to come, besides the error
	 * of its clock's map. */
	EARLY_NS = 1000,
	AHEAD_NS = 1000000,
	/* Departures whose median is the lead: the first few, twice as many, and so on to this;
	 * from then on it is followed. */
	LESSONS_FIRST = 7,
	LESSONS = 127,
	LEAD_NS_MAX = 20000,
	CLOCK_READINGS_NS = 1000000000,
};

struct stamp {
	int64_t ns; /* CLOCK_MONOTONIC; 0: none */
	uint32_t id;
	uint8_t source;
};

struct nic_stamp {
	int64_t ns;       /* CLOCK_MONOTONIC */
	int64_t error_ns; /* at most */
	uint32_t id;
	bool has_come;
	bool is_known;   /* there was a map for it */
	bool is_refused; /* it cannot be right */
};

struct port {
	struct wt_tx *tx;
	struct stamp *stamps;         /* by id, modulo STAMPS */
	struct nic_stamp *nic_stamps; /* likewise; NULL: none are to come */
	bool has_driver_stamps;       /* to come */
	uint8_t best_source;          /* of its departures */
	uint32_t newest_id;           /* that has come */
	bool has_newest;
	int64_t *drops; /* launch times */
	size_t drop_count;
};

struct wt_collector {
	struct wt_collector_config config;
	struct port *ports;
	int64_t utc_ns;      /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	int64_t utc_read_ns; /* when that was measured */
	int64_t ticked_ns;
	uint64_t number; /* of the next packet */
	uint64_t round;
	int64_t rounds[ROUNDS_KEPT]; /* when each of the latest began, modulo ROUNDS_KEPT */
	int64_t lessons[LESSONS];
	size_t lesson_count;
	struct wt_median lead;
	bool is_last; /* the sender has ended: an atomic */
	pthread_t thread;
};

static void take_stamp(const struct wt_collector *collector, struct port *port,
                       const struct wt_tx_report *report)
{
	struct stamp *stamp = &port->stamps[report->id % STAMPS];

	if (!report->software_ns || report->moment != WT_TX_MOMENT_SENT)
		return;
	*stamp = (struct stamp){
	        .ns = report->software_ns - collector->utc_ns,
	        .id = report->id,
	        .source = WT_DEPARTURE_SOFTWARE,
	};
	if (!port->has_newest || (int32_t)(report->id - port->newest_id) > 0)
		port->newest_id = report->id;
	port->has_newest = true;
}

static void take_nic_stamp(struct port *port, const struct wt_tx_report *report)
{
	struct nic_stamp *stamp;

	if (!report->hardware_ns || report->moment != WT_TX_MOMENT_SENT || !port->nic_stamps)
		return;
	stamp = &port->nic_stamps[report->id % STAMPS];
	*stamp = (struct nic_stamp){.id = report->id, .has_come = true};
	stamp->is_known = wt_tx_clock_convert(&port->tx->stamps.clock, report->hardware_ns,
	                                      &stamp->ns, &stamp->error_ns);
}

static void take_reports(const struct wt_collector *collector, struct port *port,
                         const struct wt_tx_report *reports, int count)
{
	for (int i = 0; i < count; i++) {
		if (reports[i].kind == WT_TX_STAMPED) {
			take_stamp(collector, port, &reports[i]);
			take_nic_stamp(port, &reports[i]);
		} else if (reports[i].kind == WT_TX_DROPPED && port->drop_count < DROPS) {
			port->drops[port->drop_count++] = reports[i].launch_ns;
		}
	}
}

static int compare_lessons(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* 7, 15, 31 … */
static bool is_enough(size_t lessons)
{
	return lessons >= LESSONS_FIRST && !(lessons & (lessons + 1));
}

static int64_t median_of(const int64_t *lessons, size_t count)
{
	int64_t sorted[LESSONS];

	memcpy(sorted, lessons, count * sizeof(*lessons));
	qsort(sorted, count, sizeof(*sorted), compare_lessons);
	return sorted[count / 2];
}

/* The median of how long the kernel takes: of the first departures, and followed from then on. */
static void learn(struct wt_collector *collector, int64_t took_ns)
{
	struct wt_median *lead = &collector->lead;

	if (collector->lesson_count < LESSONS) {
		collector->lessons[collector->lesson_count++] = took_ns;
		if (!is_enough(collector->lesson_count))
			return;
		wt_median_begin(lead, median_of(collector->lessons, collector->lesson_count));
		lead->step_ns = 1;
	} else {
		wt_median_follow(lead, took_ns);
	}
	if (lead->ns > LEAD_NS_MAX)
		lead->ns = LEAD_NS_MAX;
	/* Relaxed: it publishes nothing else. */
	__atomic_store_n(collector->config.lead_ns, lead->ns, __ATOMIC_RELAXED);
}

static bool was_dropped(struct port *port, int64_t launch_ns)
{
	for (size_t i = 0; launch_ns && i < port->drop_count; i++) {
		if (port->drops[i] != launch_ns)
			continue;
		port->drops[i] = port->drops[--port->drop_count];
		return true;
	}
	return false;
}

/* Wait for all of a time together, so that however many stamps are missing the proof keeps up.
 * Rounds are counted, not the time, which stands still or jumps in the simulation. */
static bool has_waited(const struct wt_collector *collector, const struct wt_handover *record,
                       unsigned rounds)
{
	int64_t since_ns =
	        record->due_ns > record->handover_ns ? record->due_ns : record->handover_ns;

	return since_ns <= collector->rounds[(collector->round - rounds) % ROUNDS_KEPT];
}

/* NULL: it has not come. */
static struct nic_stamp *nic_stamp_of(const struct port *port, const struct wt_handover *record)
{
	struct nic_stamp *stamp = port->nic_stamps ? &port->nic_stamps[record->id % STAMPS] : NULL;

	return stamp && stamp->has_come && stamp->id == record->id ? stamp : NULL;
}

static bool awaits_nic(const struct wt_collector *collector, const struct port *port,
                       const struct wt_handover *record)
{
	return port->nic_stamps && !nic_stamp_of(port, record) &&
	       !has_waited(collector, record, ROUNDS_NIC);
}

/* Check whether a stamp, or word of a drop, may still come. */
static bool is_awaited(const struct wt_collector *collector, const struct port *port,
                       const struct wt_handover *record)
{
	bool is_overtaken = port->has_newest && (int32_t)(port->newest_id - record->id) > 0;

	if (awaits_nic(collector, port, record))
		return true;
	/* Only word of a drop can come, when the packet should have left, or never. */
	if (!port->has_driver_stamps)
		return record->launch_ns && !has_waited(collector, record, ROUNDS_DROP);
	return !has_waited(collector, record, is_overtaken ? ROUNDS_OVERTAKEN : ROUNDS_SILENT);
}

/* Check that a packet left after it was handed over, and before the report that it has left. */
static bool is_possible(const struct wt_collector *collector, const struct wt_handover *record,
                        const struct nic_stamp *stamp)
{
	struct wt_pace_clock *clock = collector->config.clock;
	int64_t latest_ns = clock->ops->now(clock);

	/* The simulation reports at once what is still to come. */
	if (latest_ns < record->due_ns)
		latest_ns = record->due_ns;
	return stamp->is_known && stamp->ns >= record->handover_ns - stamp->error_ns - EARLY_NS &&
	       stamp->ns <= latest_ns + stamp->error_ns + AHEAD_NS;
}

/* Find the NIC's stamp of a packet. */
static bool find_by_nic(const struct wt_collector *collector, struct port *port,
                        const struct wt_handover *record, struct wt_departure *departure)
{
	struct nic_stamp *stamp = nic_stamp_of(port, record);

	if (!stamp || stamp->is_refused)
		return false;
	if (!is_possible(collector, record, stamp)) {
		stamp->is_refused = true;
		wt_tx_clock_doubt(&port->tx->stamps.clock);
		return false;
	}
	wt_tx_clock_believe(&port->tx->stamps.clock, stamp->error_ns);
	departure->source = WT_DEPARTURE_HARDWARE;
	departure->departed_ns = stamp->ns;
	return true;
}

/* Find how the packet left; false if a report may still come. */
static bool find_departure(struct wt_collector *collector, const struct wt_handover *record,
                           struct wt_departure *departure)
{
	struct port *port = &collector->ports[record->port];
	const struct stamp *stamp = &port->stamps[record->id % STAMPS];

	departure->source = WT_DEPARTURE_HANDOVER;
	departure->departed_ns = record->handover_ns;
	departure->is_dropped = false;
	/* Stamps first, as several packets may share a launch time, and word of a drop has no other
	 * key. */
	if (find_by_nic(collector, port, record, departure))
		return true;
	if (port->has_driver_stamps && stamp->ns && stamp->id == record->id) {
		departure->source = stamp->source;
		departure->departed_ns = stamp->ns;
		return !awaits_nic(collector, port, record);
	}
	departure->is_dropped = was_dropped(port, record->launch_ns);
	return departure->is_dropped || !is_awaited(collector, port, record);
}

static void learn_from(struct wt_collector *collector, const struct wt_handover *record,
                       const struct wt_departure *departure)
{
	struct port *port = &collector->ports[record->port];

	if (departure->is_dropped || departure->source == WT_DEPARTURE_HANDOVER)
		return;
	/* The driver stamps earlier than the NIC: only one of them is the measure. */
	if (departure->source > port->best_source)
		port->best_source = departure->source;
	/* Others of the same system call had to wait for the first. The kernel's part of a late one
	 * is the same. */
	if (!record->place && departure->source == port->best_source)
		learn(collector, departure->departed_ns - record->handover_ns);
}

static void complete(struct wt_collector *collector, const struct wt_handover *record,
                     struct wt_departure *departure)
{
	const struct wt_collector_config *config = &collector->config;
	struct port *port = &collector->ports[record->port];

	if (port->nic_stamps && !departure->is_dropped && !nic_stamp_of(port, record))
		port->tx->stamps.clock.missing++;
	if (config->lead_ns)
		learn_from(collector, record, departure);
	departure->number = collector->number++;
	departure->due_ns = record->due_ns - config->start_ns;
	departure->handover_ns = record->handover_ns - config->start_ns;
	departure->departed_ns -= config->start_ns;
	departure->bytes = record->bytes;
	departure->port = record->port;
	departure->is_disturbed = record->is_disturbed;
	wt_proof_add(config->proof, departure);
	if (config->csv)
		wt_proof_csv_add(config->csv, departure);
}

static const struct wt_handover *oldest(const struct wt_collector *collector)
{
	return collector->config.handovers ? wt_handovers_peek(collector->config.handovers) : NULL;
}

/* Complete all whose departure is known, in their order. */
static void complete_all(struct wt_collector *collector)
{
	const struct wt_handover *record;
	struct wt_departure departure;

	while ((record = oldest(collector)) && find_departure(collector, record, &departure)) {
		collector->number += record->missing;
		complete(collector, record, &departure);
		wt_handovers_take(collector->config.handovers);
	}
}

static void read_utc(struct wt_collector *collector, int64_t now)
{
	if (now - collector->utc_read_ns < CLOCK_READINGS_NS)
		return;
	collector->utc_read_ns = now;
	wt_pace_offset(collector->config.clock, CLOCK_REALTIME, &collector->utc_ns);
}

static void read_port(struct wt_collector *collector, struct port *port)
{
	struct wt_tx_report reports[WT_TX_REPORTS];
	int count;

	if (!port->tx->has_stamps && !port->tx->is_launched)
		return;
	do {
		count = port->tx->ops->reports(port->tx, reports);
		take_reports(collector, port, reports, count);
		/* So that stamps find their packets before others take their place. */
		complete_all(collector);
	} while (count == WT_TX_REPORTS);
}

static void collect(struct wt_collector *collector)
{
	const struct wt_collector_config *config = &collector->config;
	int64_t now = config->clock->ops->now(config->clock);

	collector->rounds[++collector->round % ROUNDS_KEPT] = now;
	read_utc(collector, now);
	for (size_t i = 0; i < config->port_count; i++) {
		wt_tx_clock_tick(&collector->ports[i].tx->stamps.clock, config->clock, now);
		read_port(collector, &collector->ports[i]);
	}
	complete_all(collector);
	if (config->on_tick && now - collector->ticked_ns >= TICK_NS) {
		collector->ticked_ns = now;
		config->on_tick(config->context, now);
	}
}

/* Rest in real time, whatever clock the sender has. */
static void rest(void)
{
	const struct timespec round = {.tv_nsec = ROUND_NS};

	nanosleep(&round, NULL);
}

static bool is_last(const struct wt_collector *collector)
{
	/* Pairs with the release in wt_collector_finish(): all records are there. */
	return __atomic_load_n(&collector->is_last, __ATOMIC_ACQUIRE);
}

static void *run(void *argument)
{
	struct wt_collector *collector = argument;

	while (!is_last(collector)) {
		collect(collector);
		rest();
	}
	collect(collector);
	while (oldest(collector)) {
		rest();
		collect(collector);
	}
	return NULL;
}

static void collector_free(struct wt_collector *collector)
{
	for (size_t i = 0; collector->ports && i < collector->config.port_count; i++) {
		free(collector->ports[i].stamps);
		free(collector->ports[i].nic_stamps);
		free(collector->ports[i].drops);
	}
	free(collector->ports);
	free(collector);
}

static int allocate_port(struct port *port, struct wt_tx *tx)
{
	bool has_nic_stamps = tx->has_stamps && tx->stamps.hardware;

	port->tx = tx;
	port->has_driver_stamps = tx->has_stamps && tx->stamps.software;
	port->stamps = calloc(STAMPS, sizeof(*port->stamps));
	port->drops = calloc(DROPS, sizeof(*port->drops));
	if (has_nic_stamps)
		port->nic_stamps = calloc(STAMPS, sizeof(*port->nic_stamps));
	return port->stamps && port->drops && (port->nic_stamps || !has_nic_stamps) ? 0 : -ENOMEM;
}

static int allocate(struct wt_collector *collector)
{
	int rc = 0;

	collector->ports = calloc(collector->config.port_count, sizeof(*collector->ports));
	if (!collector->ports)
		return -ENOMEM;
	for (size_t i = 0; i < collector->config.port_count && !rc; i++)
		rc = allocate_port(&collector->ports[i], collector->config.ports[i]);
	return rc;
}

int wt_collector_start(struct wt_collector **collector, const struct wt_collector_config *config,
                       struct wt_error *err)
{
	struct wt_collector *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for the proof");
	made->config = *config;
	made->utc_read_ns = -CLOCK_READINGS_NS;
	for (made->round = 0; made->round < ROUNDS_KEPT; made->round++)
		made->rounds[made->round] = INT64_MIN;
	rc = allocate(made);
	if (rc) {
		collector_free(made);
		return wt_error_set(err, rc, "no memory for the proof");
	}
	read_utc(made, config->clock->ops->now(config->clock));
	rc = -pthread_create(&made->thread, NULL, run, made);
	if (rc) {
		collector_free(made);
		return wt_error_set(err, rc, "cannot start a thread: %s", strerror(-rc));
	}
	*collector = made;
	return 0;
}

int wt_collector_finish(struct wt_collector *collector, struct wt_error *err)
{
	struct wt_proof_csv *csv;

	if (!collector)
		return 0;
	csv = collector->config.csv;
	/* Pairs with the acquire in is_last(). */
	__atomic_store_n(&collector->is_last, true, __ATOMIC_RELEASE);
	pthread_join(collector->thread, NULL);
	collector_free(collector);
	return csv ? wt_proof_csv_finish(csv, err) : 0;
}
