/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/replayer_private.h>

#include <inttypes.h>
#include <stdio.h>

enum {
	/* Before the first packet: the longer it takes, the better the rate is known. */
	CROSSES = 10,
	CROSS_NS = 20000000,
};

bool wt_replayer_has_proof(const struct wt_replayer_config *config)
{
	return !config->no_proof && config->schedule.timing != WT_TIMING_ASAP;
}

enum wt_tx_stamp wt_replayer_stamp(const struct wt_replayer_config *config)
{
	return wt_replayer_has_proof(config) ? config->tx_stamp : WT_TX_STAMP_OFF;
}

void wt_replayer_note_stamps(struct wt_replayer *replay, const struct wt_tx *tx)
{
	if (wt_replayer_stamp(replay->config) == WT_TX_STAMP_OFF)
		return;
	if (tx->stamps.lacking[0])
		wt_replayer_notes_add(&replay->notes,
		                      "the NIC stamps what it sends, but that cannot be used: %s",
		                      tx->stamps.lacking);
	if (tx->has_stamps || tx->kind == WT_TX_SIM)
		return;
	if (!tx->interface[0])
		wt_replayer_notes_add(&replay->notes,
		                      "departures are hand-over times: where the driver stamps is "
		                      "known of an interface only, which -i names");
	else
		wt_replayer_notes_add(&replay->notes,
		                      "departures on %s are hand-over times: its driver stamps "
		                      "nothing that is sent",
		                      tx->interface);
}

static bool any_clock(const struct wt_replayer *replay)
{
	for (size_t i = 0; i < replay->names.count; i++)
		if (replay->txs[i]->stamps.hardware)
			return true;
	return false;
}

void wt_replayer_learn_clocks(struct wt_replayer *replay)
{
	const struct wt_replayer_config *config = replay->config;
	const int *stop = config->stop ? &config->stop->requested : &replay->own_stop.requested;
	int64_t now = replay->clock->ops->now(replay->clock);

	for (int i = 0; i < CROSSES && any_clock(replay); i++) {
		now = replay->clock->ops->wait_until(replay->clock, now + CROSS_NS, 0, stop).now_ns;
		for (size_t port = 0; port < replay->names.count; port++)
			if (replay->txs[port]->stamps.hardware)
				wt_tx_clock_cross(&replay->txs[port]->stamps.clock, replay->clock,
				                  now);
	}
}

static void note_clock(struct wt_replayer *replay, const char *name,
                       const struct wt_tx_stamps *stamps)
{
	const struct wt_tx_clock *clock = &stamps->clock;

	if (clock->standstills)
		wt_replayer_notes_add(
		        &replay->notes,
		        "%s: its clock %s stood still; stamps of that time were not used", name,
		        stamps->phc);
	if (clock->steps)
		wt_replayer_notes_add(&replay->notes,
		                      "%s: its clock %s was set %" PRIu64
		                      " times while packets were sent",
		                      name, stamps->phc, clock->steps);
	if (clock->failures)
		wt_replayer_notes_add(&replay->notes,
		                      "%s: its clock %s could not be read %" PRIu64
		                      " times; its stamps went on by what was known before",
		                      name, stamps->phc, clock->failures);
}

/* NICs may stamp less than they are told to. */
static void note_missing(struct wt_replayer *replay, const struct wt_replayer_port_result *port)
{
	const char *instead = port->has_stamps ? "the driver's stamps" : "hand-over times";

	if (port->nic.missing && !port->nic.used && !port->nic.unbelieved)
		wt_replayer_notes_add(
		        &replay->notes,
		        "%s: the NIC has stamped none of %" PRIu64
		        " packets, as those do that stamp PTP only; departures are %s",
		        port->interface, port->nic.missing, instead);
	else if (port->nic.missing)
		wt_replayer_notes_add(
		        &replay->notes,
		        "%s: the NIC has left %" PRIu64
		        " packets without a stamp, as those do that can keep few at a time; "
		        "their departures are %s",
		        port->interface, port->nic.missing, instead);
}

static void report_nic(struct wt_replayer_nic_stamps *to, const struct wt_tx_stamps *stamps)
{
	const struct wt_nic_stamping *nic = &stamps->nic;
	const char *before = wt_tx_type_name((unsigned)nic->before.tx_type);
	const char *during = wt_tx_type_name((unsigned)nic->now.tx_type);

	snprintf(to->clock, sizeof(to->clock), "%s", stamps->phc);
	to->used = stamps->clock.believed;
	to->missing = stamps->clock.missing;
	to->unbelieved = stamps->clock.unbelieved;
	to->error_ns = stamps->clock.error_ns;
	to->steps = stamps->clock.steps;
	to->was_changed = nic->changed;
	if (!nic->changed)
		return;
	snprintf(to->before, sizeof(to->before), "%s", before ? before : "unknown");
	snprintf(to->during, sizeof(to->during), "%s", during ? during : "unknown");
}

static void report_port(struct wt_replayer *replay, struct wt_replayer_port_result *port,
                        struct wt_tx_stamps *stamps)
{
	struct wt_error err;
	int rc;

	report_nic(&port->nic, stamps);
	note_clock(replay, port->interface, stamps);
	note_missing(replay, port);
	if (!port->nic.was_changed)
		return;
	rc = wt_tx_stamps_close(stamps, &err);
	port->nic.was_left = stamps->nic.is_left;
	port->nic.was_put_back = !rc && !port->nic.was_left;
	if (rc)
		wt_replayer_notes_add(&replay->notes, "%s", err.text);
}

void wt_replayer_report_stamps(struct wt_replayer *replay, struct wt_replayer_result *result)
{
	for (size_t i = 0; i < result->port_count; i++) {
		struct wt_tx_stamps *stamps = &replay->txs[i]->stamps;

		if (!stamps->hardware)
			continue;
		report_port(replay, &result->ports[i], stamps);
		result->unbelieved_stamps += result->ports[i].nic.unbelieved;
	}
}
