/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/replayer_private.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	TOLERANCE_NS_DEFAULT = 1000000,
	TXTIME_LEAD_NS_DEFAULT = 1000000,
	/* Time from "all is ready" to the first packet: for threads to settle. */
	START_NS = 10000000,
	/* Alone, without other threads: the sender gets ready. */
	START_ALONE_NS = 1000000,
	/* Another clock may be set during the wait: look at it again until this long before the
	 * start. */
	WATCH_NS = 500000000,
	/* SPIN: gaps that are longer are slept through but for this. Also where all threads share
	 * one processor: the scheduler gives the others their part of it, while of naps in shorter
	 * gaps one in ten would end too late. */
	SPIN_NS = 2000000,
};

void wt_replayer_stop(struct wt_replayer_stop *stop)
{
	/* Relaxed: it publishes nothing else. */
	__atomic_store_n(&stop->requested, 1, __ATOMIC_RELAXED);
}

static double share_of(const struct wt_replayer *replay, uint64_t sent, int64_t elapsed_ns)
{
	const struct wt_packet_source_progress *progress = &replay->source->progress;
	uint32_t read_ppm = __atomic_load_n(&progress->share_ppm, __ATOMIC_RELAXED);
	int64_t last_due_ns = __atomic_load_n(&progress->last_due_ns, __ATOMIC_RELAXED);
	uint64_t packets = __atomic_load_n(&progress->packets, __ATOMIC_RELAXED);
	double share;

	if (read_ppm == UINT32_MAX || !read_ppm || !packets)
		return -1;
	/* The share sent of what was read ahead. */
	share = last_due_ns > 0 ? (double)elapsed_ns / (double)last_due_ns
	                        : (double)sent / (double)packets;
	share *= read_ppm / 1e6;
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void on_tick(void *context, int64_t now_ns)
{
	struct wt_replayer *replay = context;
	const struct wt_sender_progress *seen = &replay->sender.progress;
	struct wt_replayer_progress progress = {
	        .sent = __atomic_load_n(&seen->sent, __ATOMIC_RELAXED),
	        .bytes = __atomic_load_n(&seen->bytes, __ATOMIC_RELAXED),
	        .over_tolerance = replay->proof->over_tolerance,
	        .elapsed_ns = now_ns - replay->sender.start_ns,
	};

	progress.share = share_of(replay, progress.sent, progress.elapsed_ns);
	replay->config->on_progress(replay->config->context, &progress);
}

/* Check whether there is work for a second thread. */
static bool is_collected(const struct wt_replayer *replay)
{
	return replay->handovers || replay->csv || replay->config->on_progress;
}

static int64_t now_of(const struct wt_replayer *replay)
{
	return replay->clock->ops->now(replay->clock);
}

/* Find the start by CLOCK_MONOTONIC, as far as it is known now. */
static int start_time(const struct wt_replayer *replay, int64_t *start_ns, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	int64_t offset_ns;
	int rc = wt_pace_offset(replay->clock, config->start_clock, &offset_ns);

	if (rc)
		return wt_error_set(err, rc, "cannot read the clock of the start: %s",
		                    strerror(-rc));
	if (__builtin_sub_overflow(config->start_at_ns, offset_ns, start_ns))
		*start_ns = INT64_MIN;
	return 0;
}

static int check_start(int64_t start_ns, int64_t now, struct wt_error *err)
{
	if (start_ns < now)
		return wt_error_set(
		        err, -ETIME,
		        "the time to start at was %.3f s ago when all was ready; name a "
		        "later one",
		        ((double)now - (double)start_ns) / 1e9);
	if (start_ns - now > WT_REPLAYER_START_NS_MAX)
		return wt_error_set(err, -ETIME,
		                    "the time to start at is %.0f days away; a replay starts "
		                    "within a year",
		                    (double)(start_ns - now) / 1e9 / 86400);
	return 0;
}

static int wait_for_start(struct wt_replayer *replay, struct wt_error *err)
{
	struct wt_sender *sender = &replay->sender;
	int64_t now = now_of(replay);
	int rc = 0;

	if (!replay->config->start_at_ns || replay->config->start_is_relative) {
		sender->start_ns = now + (is_collected(replay) ? START_NS : START_ALONE_NS);
		if (replay->config->start_at_ns > START_NS)
			sender->start_ns = now + replay->config->start_at_ns;
		return 0;
	}
	rc = start_time(replay, &sender->start_ns, err);
	if (!rc)
		rc = check_start(sender->start_ns, now, err);
	while (!rc && sender->start_ns - now > WATCH_NS &&
	       !__atomic_load_n(sender->stop, __ATOMIC_RELAXED)) {
		now = replay->clock->ops
		              ->wait_until(replay->clock, now + WATCH_NS / 2, 0, sender->stop)
		              .now_ns;
		rc = start_time(replay, &sender->start_ns, err);
	}
	return rc;
}

static void prepare_sender(struct wt_replayer *replay)
{
	const struct wt_replayer_config *config = replay->config;
	struct wt_sender *sender = &replay->sender;
	bool is_asap = config->schedule.timing == WT_TIMING_ASAP;

	*sender = (struct wt_sender){
	        .source = replay->source,
	        .clock = replay->clock,
	        .ports = replay->ports,
	        .port_count = replay->names.count,
	        .rehearsal = replay->rehearsal,
	        .rehearses = replay->pace != WT_PACE_TXTIME && !is_asap &&
	                     (!replay->is_sim || replay->sim.cold_ns),
	        .handovers = replay->handovers,
	        .pace = replay->pace,
	        .is_asap = is_asap,
	        .is_simulated = replay->is_sim,
	        .stamps_payloads = config->stamp_payload,
	        .watches_links =
	                !replay->is_sim &&
	                (config->through_qdisc || replay->pace == WT_PACE_TXTIME || config->target),
	        .spin_ns = replay->pace == WT_PACE_SPIN ? SPIN_NS : 0,
	        .coalesce_ns = config->coalesce_ns,
	        .batch = config->batch ? config->batch : WT_REPLAYER_BATCH_DEFAULT,
	        .stop = config->stop ? &config->stop->requested : &replay->own_stop.requested,
	        .end_ns = INT64_MAX,
	};
	if (replay->pace == WT_PACE_TXTIME)
		sender->early_ns =
		        config->txtime_lead_ns ? config->txtime_lead_ns : TXTIME_LEAD_NS_DEFAULT;
	else if (config->lead_ns > 0)
		sender->early_ns = config->lead_ns;
	if (replay->pace != WT_PACE_TXTIME && !config->lead_ns)
		sender->lead_ns = &replay->lead_ns;
}

static int send_all(struct wt_replayer *replay, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	struct wt_sender *sender = &replay->sender;
	const struct wt_collector_config collecting = {
	        .handovers = replay->handovers,
	        .ports = replay->txs,
	        .port_count = replay->names.count,
	        .clock = replay->clock,
	        .start_ns = sender->start_ns,
	        .proof = replay->proof,
	        .csv = replay->csv,
	        .lead_ns = sender->lead_ns,
	        .on_tick = config->on_progress ? on_tick : NULL,
	        .context = replay,
	};
	struct wt_collector *collector = NULL;
	int rc = is_collected(replay) ? wt_collector_start(&collector, &collecting, err) : 0, late;

	if (rc)
		return rc;
	if (config->end_after_ns &&
	    __builtin_add_overflow(sender->start_ns, config->end_after_ns, &sender->end_ns))
		sender->end_ns = INT64_MAX;
	rc = wt_pace_offset(replay->clock, CLOCK_REALTIME, &sender->utc_ns);
	if (!rc)
		rc = wt_realtime_begin(&replay->realtime, config->cpu, config->fifo_priority, err);
	if (!rc)
		rc = wt_sender_run(sender, err);
	late = wt_collector_finish(collector, rc ? NULL : err);
	replay->csv = NULL;
	return rc ? rc : late;
}

static int run(struct wt_replayer *replay, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	int rc = config->lock_memory ? wt_realtime_lock(&replay->realtime, err) : 0;

	if (rc)
		return rc;
	rc = wt_realtime_check(config->cpu, config->fifo_priority, err);
	if (rc)
		return rc;
	wt_realtime_avoid(&replay->realtime, config->cpu);
	rc = replay->source->ops->fill(replay->source, replay->sender.stop);
	if (rc == -EINTR)
		return 0;
	if (rc) {
		if (err)
			*err = replay->source->err;
		return rc;
	}
	rc = wait_for_start(replay, err);
	if (rc || __atomic_load_n(replay->sender.stop, __ATOMIC_RELAXED))
		return rc;
	return send_all(replay, err);
}

static void report_ports(const struct wt_replayer *replay, struct wt_replayer_result *result)
{
	result->port_count = replay->names.count;
	for (size_t i = 0; i < result->port_count; i++) {
		const struct wt_sender_port *port = &replay->ports[i];
		struct wt_replayer_port_result *to = &result->ports[i];

		snprintf(to->interface, sizeof(to->interface), "%.15s", replay->names.names[i]);
		snprintf(to->qdisc, sizeof(to->qdisc), "%s", port->launch.name);
		to->sent = port->sent;
		to->bytes = port->bytes;
		to->has_stamps = port->tx->has_stamps && port->tx->stamps.software;
		result->bytes += port->bytes;
		result->sent += port->sent;
	}
}

static void report_source(const struct wt_replayer *replay, struct wt_replayer_result *result)
{
	const struct wt_packet_source_counts *counts = &replay->source->counts;

	result->read = counts->read;
	result->padded = counts->padded;
	result->cut = counts->cut;
	result->unstamped = counts->unstamped;
	result->without_fcs = counts->without_fcs;
	result->excess = counts->excess;
	result->loops = counts->loops;
	result->skipped = counts->skipped;
	result->rewritten = counts->rewritten;
	result->out_of_order = counts->schedule.out_of_order;
	result->stepped_back = counts->schedule.stepped_back;
	result->gaps_capped = counts->schedule.gaps_capped;
	result->saturated = counts->schedule.saturated;
}

static void report_notes(struct wt_replayer_result *result, const struct wt_replayer_notes *notes)
{
	size_t room = WT_REPLAYER_NOTES - result->note_count;
	size_t taken = notes->count < room ? notes->count : room;

	memcpy(result->notes[result->note_count], notes->texts, taken * sizeof(notes->texts[0]));
	result->note_count += taken;
	result->notes_left_out += notes->count - taken + notes->left_out;
}

static void report(struct wt_replayer *replay, struct wt_replayer_result *result)
{
	const struct wt_sender *sender = &replay->sender;

	result->pace = replay->pace;
	result->tx = replay->tx;
	result->refused = sender->refused;
	result->undone = sender->undone;
	result->late_launches = sender->late_launches;
	result->starved = sender->starved;
	result->starved_ns = sender->starved_ns;
	result->starved_packets = sender->starved_packets;
	result->stamped = sender->stamped;
	result->interruptions = sender->interruptions;
	result->interrupted_ns = sender->interrupted_ns;
	result->call_ns = sender->call.ns;
	result->unproved = replay->handovers ? replay->handovers->unproved : 0;
	result->has_schedule = !sender->is_asap;
	result->start_utc_ns = sender->start_ns + sender->utc_ns;
	result->duration_ns = result->sent ? sender->last_ns - sender->start_ns : 0;
	result->lead_ns = sender->lead_ns ? replay->lead_ns : sender->early_ns;
	result->was_stopped = __atomic_load_n(sender->stop, __ATOMIC_RELAXED) != 0;
	report_ports(replay, result);
	report_source(replay, result);
	wt_replayer_report_stamps(replay, result);
	result->duration_ns = result->sent ? sender->last_ns - sender->start_ns : 0;
	if (replay->config->fifo_priority && replay->pace == WT_PACE_SPIN)
		result->fifo_stolen_us = wt_realtime_stolen_us();
	report_notes(result, &replay->notes);
	report_notes(result, &replay->source->notes);
}

double wt_replayer_rate_pps(const struct wt_replayer_result *result)
{
	uint64_t gaps = result->has_schedule && result->sent ? result->sent - 1 : result->sent;

	return result->duration_ns > 0 ? (double)gaps * 1e9 / (double)result->duration_ns : 0;
}

int wt_replayer_run(struct wt_replayer *replay, struct wt_replayer_result *result,
                    struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	int rc;

	memset(result, 0, sizeof(*result));
	replay->proof = &result->proof;
	wt_proof_init(&result->proof,
	              config->tolerance_ns ? config->tolerance_ns : TOLERANCE_NS_DEFAULT);
	prepare_sender(replay);
	rc = run(replay, err);
	replay->source->ops->finish(replay->source);
	wt_realtime_end(&replay->realtime);
	report(replay, result);
	return rc;
}
