/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/collector.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Stamps of a port that wait for the sender's record. */
	STAMPS = 1 << 16,
	DROPS = 1 << 10,
	ROUND_NS = 2000000,
	TICK_NS = 100000000,
	/* Rounds for which the stamp of a packet that has left is waited for. */
	ROUNDS_SILENT = 150,
	/* Departures from which the first lead is learned. */
	LESSONS = 127,
	LEAD_NS_MAX = 20000,
	CLOCK_READINGS_NS = 1000000000,
};

struct stamp {
	int64_t ns; /* CLOCK_MONOTONIC; 0: none */
	uint32_t id;
	uint8_t source;
};

struct port {
	struct wt_tx *tx;
	struct stamp *stamps; /* by id, modulo STAMPS */
	uint32_t newest_id;   /* that has come */
	bool has_newest;
	bool is_silent; /* a stamp was waited for in vain, and none has come since */
	int64_t *drops; /* launch times */
	size_t drop_count;
};

struct wt_collector {
	struct wt_collector_config config;
	struct port *ports;
	int64_t utc_ns;      /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	int64_t utc_read_ns; /* when that was measured */
	int64_t ticked_ns;
	int64_t now_ns;  /* at the last round */
	uint64_t number; /* of the next packet */
	unsigned waited; /* rounds for the departure of that */
	int64_t lessons[LESSONS];
	size_t lesson_count;
	int64_t lead_ns;
	bool is_last; /* the sender has ended: an atomic */
	pthread_t thread;
};

/* ---- reports ---- */

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
	port->is_silent = false;
}

static void take_reports(const struct wt_collector *collector, struct port *port,
                         const struct wt_tx_report *reports, int count)
{
	for (int i = 0; i < count; i++) {
		if (reports[i].kind == WT_TX_STAMPED)
			take_stamp(collector, port, &reports[i]);
		else if (reports[i].kind == WT_TX_DROPPED && port->drop_count < DROPS)
			port->drops[port->drop_count++] = reports[i].launch_ns;
	}
}

/* ---- the lead ---- */

static int compare_lessons(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The median of how long the kernel takes: from the first departures, and from then on by a
 * ns up or down with each, so that it follows what changes slowly and no outlier moves it. */
static void learn(struct wt_collector *collector, int64_t took_ns)
{
	if (collector->lesson_count < LESSONS) {
		collector->lessons[collector->lesson_count++] = took_ns;
		if (collector->lesson_count < LESSONS)
			return;
		qsort(collector->lessons, LESSONS, sizeof(*collector->lessons), compare_lessons);
		collector->lead_ns = collector->lessons[LESSONS / 2];
	} else {
		collector->lead_ns +=
		        (took_ns > collector->lead_ns) - (took_ns < collector->lead_ns);
	}
	if (collector->lead_ns > LEAD_NS_MAX)
		collector->lead_ns = LEAD_NS_MAX;
	if (collector->lead_ns < 0)
		collector->lead_ns = 0;
	/* Nothing is published by it. */
	__atomic_store_n(collector->config.lead_ns, collector->lead_ns, __ATOMIC_RELAXED);
}

/* ---- departures ---- */

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

static bool is_last(const struct wt_collector *collector)
{
	/* Pairs with the release in wt_collector_finish(): all records are there. */
	return __atomic_load_n(&collector->is_last, __ATOMIC_ACQUIRE);
}

/* It has been due, and handed over, for a round. */
static bool has_had_time(const struct wt_collector *collector, const struct wt_handover *record)
{
	int64_t then_ns =
	        record->due_ns > record->handover_ns ? record->due_ns : record->handover_ns;

	return then_ns + ROUND_NS <= collector->now_ns;
}

/* Whether the stamp, or word of a drop, may still come. Stamps come in the order of packets: that
 * of a later one means that this one's is lost. */
static bool is_awaited(const struct wt_collector *collector, const struct port *port,
                       const struct wt_handover *record)
{
	bool is_overtaken = port->has_newest && (int32_t)(port->newest_id - record->id) > 0;

	/* Without stamps, word of a drop comes when the packet should have left, or never. */
	if (!port->tx->has_stamps)
		return record->launch_ns && record->due_ns + ROUND_NS > collector->now_ns &&
		       !is_last(collector);
	/* Once one has been waited for in vain, those behind it are not waited for one by one. */
	if (port->is_silent && has_had_time(collector, record))
		return false;
	return !is_overtaken && collector->waited < ROUNDS_SILENT;
}

/* How the packet left; false if that may still be told. */
static bool find_departure(struct wt_collector *collector, const struct wt_handover *record,
                           struct wt_departure *departure)
{
	struct port *port = &collector->ports[record->port];
	const struct stamp *stamp = &port->stamps[record->id % STAMPS];

	departure->source = WT_DEPARTURE_HANDOVER;
	departure->departed_ns = record->handover_ns;
	departure->is_dropped = was_dropped(port, record->launch_ns);
	if (departure->is_dropped)
		return true;
	if (port->tx->has_stamps && stamp->ns && stamp->id == record->id) {
		departure->source = stamp->source;
		departure->departed_ns = stamp->ns;
		return true;
	}
	if (is_awaited(collector, port, record))
		return false;
	port->is_silent |= collector->waited >= ROUNDS_SILENT;
	return true;
}

static void complete(struct wt_collector *collector, const struct wt_handover *record,
                     struct wt_departure *departure)
{
	const struct wt_collector_config *config = &collector->config;
	/* Others of the same system call had to wait for this one. */
	bool is_lesson = config->lead_ns && !departure->is_dropped && !record->place &&
	                 !record->is_disturbed && departure->source == WT_DEPARTURE_SOFTWARE;

	if (is_lesson)
		learn(collector, departure->departed_ns - record->handover_ns);
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

/* All whose departure is known, in their order. */
static void complete_all(struct wt_collector *collector)
{
	const struct wt_handover *record;
	struct wt_departure departure;

	while ((record = wt_handovers_peek(collector->config.handovers)) &&
	       find_departure(collector, record, &departure)) {
		collector->number += record->missing;
		collector->waited = 0;
		complete(collector, record, &departure);
		wt_handovers_take(collector->config.handovers);
	}
}

/* ---- the thread ---- */

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

/* The packet that all others wait for: it has left, and nothing is known of it. */
static void count_waiting(struct wt_collector *collector, int64_t now)
{
	const struct wt_handover *record = wt_handovers_peek(collector->config.handovers);

	/* A simulated clock stands still once nothing is sent any more. */
	if (record && (record->due_ns <= now || is_last(collector)))
		collector->waited++;
}

static void collect(struct wt_collector *collector)
{
	const struct wt_collector_config *config = &collector->config;
	int64_t now = config->clock->ops->now(config->clock);

	collector->now_ns = now;
	read_utc(collector, now);
	for (size_t i = 0; i < config->port_count; i++)
		read_port(collector, &collector->ports[i]);
	complete_all(collector);
	count_waiting(collector, now);
	if (config->on_tick && now - collector->ticked_ns >= TICK_NS) {
		collector->ticked_ns = now;
		config->on_tick(config->context, now);
	}
}

/* In real time, whatever clock the sender has. */
static void rest(void)
{
	const struct timespec round = {.tv_nsec = ROUND_NS};

	nanosleep(&round, NULL);
}

static void *run(void *argument)
{
	struct wt_collector *collector = argument;

	while (!is_last(collector)) {
		collect(collector);
		rest();
	}
	collect(collector);
	while (wt_handovers_peek(collector->config.handovers)) {
		rest();
		collect(collector);
	}
	return NULL;
}

static void collector_free(struct wt_collector *collector)
{
	for (size_t i = 0; collector->ports && i < collector->config.port_count; i++) {
		free(collector->ports[i].stamps);
		free(collector->ports[i].drops);
	}
	free(collector->ports);
	free(collector);
}

static int allocate(struct wt_collector *collector)
{
	collector->ports = calloc(collector->config.port_count, sizeof(*collector->ports));
	if (!collector->ports)
		return -ENOMEM;
	for (size_t i = 0; i < collector->config.port_count; i++) {
		struct port *port = &collector->ports[i];

		port->tx = collector->config.ports[i];
		port->stamps = calloc(STAMPS, sizeof(*port->stamps));
		port->drops = calloc(DROPS, sizeof(*port->drops));
		if (!port->stamps || !port->drops)
			return -ENOMEM;
	}
	return 0;
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
	struct wt_proof_csv *csv = collector->config.csv;

	/* Pairs with the acquire in is_last(). */
	__atomic_store_n(&collector->is_last, true, __ATOMIC_RELEASE);
	pthread_join(collector->thread, NULL);
	collector_free(collector);
	return csv ? wt_proof_csv_finish(csv, err) : 0;
}
