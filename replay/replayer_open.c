/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/replayer_private.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <wiretape/replay/launch/launch_check.h>

static enum wt_tx_kind choose_tx(const struct wt_replayer *replay, const struct wt_link *link)
{
	const struct wt_replayer_config *config = replay->config;

	if (replay->is_sim)
		return WT_TX_SIM;
	if (config->tx != WT_TX_AUTO)
		return config->tx;
	if (config->target)
		return WT_TX_UDP;
	/* A veth hands packets on to a receiver, which has to copy what a ring only lends. */
	if (config->schedule.timing == WT_TIMING_ASAP && strcmp(link->driver, "veth"))
		return WT_TX_RING;
	return WT_TX_SOCKET;
}

/* Check, for --pace auto, whether the NIC keeps the time by itself. */
static bool keeps_time_itself(struct wt_replayer *replay, const char *interface)
{
	struct wt_launch_system system;
	struct wt_launch_check check;
	char why[400];
	bool keeps;

	wt_launch_system_init(&system);
	keeps = !wt_launch_check_read(&check, &system, interface, WT_LAUNCH_ANY_PRIORITY, NULL) &&
	        wt_launch_check_auto(&check, why, sizeof(why));
	wt_launch_check_close(&check);
	if (keeps)
		wt_replayer_notes_add(&replay->notes, "pace txtime was chosen: %s", why);
	return keeps;
}

static enum wt_pace choose_pace(struct wt_replayer *replay)
{
	const struct wt_replayer_config *config = replay->config;

	if (config->pace != WT_PACE_AUTO)
		return config->pace;
	if (replay->is_sim)
		return replay->sim.qdisc == WT_QDISC_OTHER ? WT_PACE_SPIN : WT_PACE_TXTIME;
	if (config->schedule.timing != WT_TIMING_ASAP && !config->target &&
	    replay->names.count == 1 && keeps_time_itself(replay, replay->names.names[0]))
		return WT_PACE_TXTIME;
	return WT_PACE_SPIN;
}

/* Find what honours launch times on an interface: an error says why nothing does. */
static int find_launch(struct wt_replayer *replay, const char *interface, struct wt_launch *launch,
                       struct wt_error *err)
{
	struct wt_launch_system system;
	struct wt_launch_check check;
	int rc = 0;

	if (replay->is_sim) {
		wt_sim_tx_launch(&replay->sim, launch);
	} else {
		wt_launch_system_init(&system);
		rc = wt_launch_check_read(&check, &system, interface, WT_LAUNCH_ANY_PRIORITY, err);
		*launch = check.launch;
		if (!rc && check.clocks_text[0])
			wt_replayer_notes_add(&replay->notes, "%s", check.clocks_text);
		wt_launch_check_close(&check);
	}
	if (rc || launch->verdict == WT_LAUNCH_HONOURED)
		return rc;
	return wt_error_set(err, -EOPNOTSUPP, "%s; --pace spin needs no launch times",
	                    launch->text);
}

static int check_txtime(const struct wt_replayer *replay, struct wt_error *err)
{
	if (replay->config->schedule.timing == WT_TIMING_ASAP)
		return wt_error_set(err, -EINVAL,
		                    "as fast as possible there are no launch times; leave out "
		                    "--pace txtime");
	if (replay->config->tx == WT_TX_RING)
		return wt_error_set(err, -EINVAL,
		                    "packets of a ring leave with one launch time for all of them; "
		                    "--pace txtime takes --tx socket");
	return 0;
}

static int open_tx(struct wt_replayer *replay, size_t number, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	struct wt_sender_port *port = &replay->ports[number];
	struct wt_tx_config settings = {
	        .interface = replay->names.names[number],
	        .target = config->target,
	        .through_qdisc = config->through_qdisc,
	        .may_block = replay->pace == WT_PACE_SLEEP,
	        .stamp = wt_replayer_stamp(config),
	        .wants_launch = replay->pace == WT_PACE_TXTIME,
	        .sim = &replay->sim,
	};
	const char *interface = config->target ? config->target->interface : settings.interface;
	struct wt_link link = {0};
	int rc = 0;

	if (!replay->is_sim && *interface)
		rc = wt_tx_read_link(&link, interface, err);
	if (!rc && settings.wants_launch)
		rc = find_launch(replay, interface, &port->launch, err);
	if (rc)
		return rc;
	settings.launch_clock = port->launch.clock;
	settings.launch_priority = port->launch.priority;
	port->last_launch_ns = INT64_MIN;
	replay->tx = choose_tx(replay, &link);
	switch (replay->tx) {
	case WT_TX_SIM:
		return wt_tx_open_sim(&port->tx, &settings, err);
	case WT_TX_UDP:
		return wt_tx_open_udp(&port->tx, &settings, err);
	case WT_TX_RING:
		return wt_tx_open_ring(&port->tx, &settings, err);
	default:
		return wt_tx_open_socket(&port->tx, &settings, err);
	}
}

static int open_txs(struct wt_replayer *replay, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < replay->names.count && !rc; i++) {
		rc = open_tx(replay, i, err);
		if (rc)
			break;
		replay->txs[i] = replay->ports[i].tx;
		wt_replayer_note_stamps(replay, replay->txs[i]);
	}
	return rc;
}

/* Open the rehearsal for packets that are to leave on time, one for all ports: without it, the
 * first packet and those after a long wait are some us late, which is not worth a message. */
static void open_rehearsal(struct wt_replayer *replay)
{
	const struct wt_tx_config like = {
	        .kind = replay->tx,
	        .through_qdisc = replay->config->through_qdisc,
	        .stamp = wt_replayer_stamp(replay->config),
	};

	if (replay->pace != WT_PACE_TXTIME && replay->config->schedule.timing != WT_TIMING_ASAP)
		(void)wt_tx_open_rehearsal(&replay->rehearsal, &like);
}

/* Take the interface's addresses for generated packets. */
static void take_addresses(struct wt_replayer *replay)
{
	struct wt_mold_template_config *frame = &replay->generated.frame;
	static const uint8_t no_mac[6];
	struct ifreq request = {0};
	struct sockaddr_in address;
	struct wt_link link;

	if (!replay->txs[0]->interface[0] || wt_link_read(replay->txs[0]->interface, &link, NULL))
		return;
	if (!memcmp(frame->source_mac, no_mac, 6) && link.has_mac)
		memcpy(frame->source_mac, link.mac, 6);
	strcpy(request.ifr_name, link.name);
	if (frame->source || replay->txs[0]->fd < 0 ||
	    wt_kernel_system()->ops->interface_ioctl(wt_kernel_system(), SIOCGIFADDR, &request))
		return;
	memcpy(&address, &request.ifr_addr, sizeof(address));
	frame->source = ntohl(address.sin_addr.s_addr);
}

static int open_source(struct wt_replayer *replay, struct wt_error *err)
{
	struct wt_packet_source_port taken[WT_REPLAYER_PORTS_MAX];

	for (size_t i = 0; i < replay->names.count; i++)
		taken[i] = (struct wt_packet_source_port){
		        .interface = replay->names.names[i],
		        .link_type = replay->txs[i]->link_type,
		        .bytes_min = replay->txs[i]->bytes_min,
		        .bytes_max = replay->txs[i]->bytes_max,
		};
	if (replay->config->made)
		return wt_packet_source_open_made(&replay->source, replay->config, taken,
		                                  replay->names.count, err);
	if (!replay->config->generated)
		return wt_packet_source_open_files(&replay->source, replay->config, &replay->names,
		                                   taken, replay->names.count, replay->files, err);
	replay->generated = *replay->config->generated;
	take_addresses(replay);
	return wt_packet_source_open_generated(&replay->source, replay->config, &replay->generated,
	                                       taken, err);
}

static int check_proof(const struct wt_replayer_config *config, struct wt_error *err)
{
	if (config->no_proof && config->proof_path)
		return wt_error_set(err, -EINVAL,
		                    "a proof that is not made cannot be written to a file");
	if (config->tx_stamp == WT_TX_STAMP_HARDWARE && !wt_replayer_has_proof(config))
		return wt_error_set(err, -EINVAL,
		                    "%s no departures are proved; leave out --tx-stamp hw",
		                    config->no_proof ? "without a proof" : "as fast as possible");
	return 0;
}

static int check_times(const struct wt_replayer_config *config, struct wt_error *err)
{
	if (config->lead_ns > WT_REPLAYER_LEAD_NS_MAX)
		return wt_error_set(err, -EINVAL,
		                    "packets are handed over at most a second before they are due");
	if (config->txtime_lead_ns > WT_REPLAYER_TXTIME_LEAD_NS_MAX)
		return wt_error_set(err, -EINVAL,
		                    "packets are handed over at most a minute before their launch "
		                    "time");
	if (config->start_is_relative && config->start_at_ns > WT_REPLAYER_START_NS_MAX)
		return wt_error_set(err, -EINVAL, "a replay starts within a year");
	return 0;
}

static int check_config(const struct wt_replayer_config *config, struct wt_error *err)
{
	bool is_udp = config->tx == WT_TX_UDP;

	if (config->made && (config->generated || config->path_count || config->interface ||
	                     config->rewrite || config->filter || config->map_count ||
	                     config->loops > 1 || config->from || config->to || config->target))
		return wt_error_set(
		        err, -EINVAL,
		        "packets that are made as they are sent come from nowhere else, "
		        "and stay as they are");
	if (config->generated && config->path_count)
		return wt_error_set(err, -EINVAL,
		                    "packets are either generated or those of files, not both");
	if (config->generated &&
	    (config->rewrite || config->filter || config->map_count || config->loops > 1 ||
	     config->from || config->to || config->duration_ns))
		return wt_error_set(err, -EINVAL,
		                    "generated packets are made as gen: says; there is nothing to "
		                    "rewrite, filter, map, cut or loop over");
	if (is_udp != (config->target != NULL) && (is_udp || config->tx != WT_TX_AUTO))
		return wt_error_set(err, -EINVAL,
		                    is_udp ? "where to send UDP payloads? --to ADDRESS:PORT"
		                           : "--to sends UDP payloads, which takes --tx udp");
	if (config->fix_checksums && (config->target || config->generated))
		return wt_error_set(
		        err, -EINVAL, "the checksums of %s are right; leave out --fix-checksums",
		        config->target ? "what is sent as UDP payloads" : "generated packets");
	if (config->rewrite && config->target)
		return wt_error_set(err, -EINVAL,
		                    "of packets that are sent as UDP payloads there is nothing to "
		                    "rewrite: --to says where they go");
	if (config->cpu < 0 || config->cpu > CPU_SETSIZE || config->batch > WT_REPLAYER_BATCH_MAX)
		return wt_error_set(err, -EINVAL, "no such CPU, or too large a batch");
	return check_times(config, err) ? -EINVAL : check_proof(config, err);
}

static int make_proof(struct wt_replayer *replay, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;

	if (wt_replayer_has_proof(config)) {
		replay->handovers = aligned_alloc(64, sizeof(*replay->handovers));
		if (!replay->handovers)
			return wt_error_set(err, -ENOMEM, "no memory for the proof");
		/* Touch all of it before the first packet. */
		memset(replay->handovers, 0, sizeof(*replay->handovers));
	}
	return config->proof_path ? wt_proof_csv_open(&replay->csv, config->proof_path,
	                                              replay->names.names, err)
	                          : 0;
}

/* Find the one interface that may be a simulated one: the only one. */
static const char *only_interface(const struct wt_replayer_config *config)
{
	return config->made ? config->made->interfaces[0] : config->interface;
}

static int open_all(struct wt_replayer *replay, struct wt_error *err)
{
	const struct wt_replayer_config *config = replay->config;
	int rc = check_config(config, err);

	replay->is_sim = !config->target && (config->tx == WT_TX_AUTO || config->tx == WT_TX_SIM) &&
	                 wt_sim_tx_is(only_interface(config));
	if (!rc)
		rc = wt_replayer_ports_init(&replay->names, replay->config, replay->is_sim, err);
	if (!rc && replay->is_sim && replay->names.count > 1)
		rc = wt_error_set(err, -EINVAL,
		                  "a simulated interface is the only one; beside it --map can "
		                  "leave packets out, with FROM=-");
	if (!rc && replay->is_sim)
		rc = wt_sim_tx_parse(&replay->sim, only_interface(config), err);
	if (rc)
		return rc;
	replay->pace = choose_pace(replay);
	if (replay->pace == WT_PACE_TXTIME)
		rc = check_txtime(replay, err);
	if (!rc)
		rc = open_txs(replay, err);
	if (!rc)
		rc = open_source(replay, err);
	if (rc)
		return rc;
	open_rehearsal(replay);
	replay->clock = replay->is_sim ? wt_sim_tx_clock(replay->txs[0]) : wt_pace_kernel_clock();
	wt_replayer_learn_clocks(replay);
	return make_proof(replay, err);
}

int wt_replayer_open(struct wt_replayer **replay, const struct wt_replayer_config *config,
                     struct wt_timeline_file *files, struct wt_error *err)
{
	struct wt_replayer *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a replay");
	made->config = config;
	made->files = files;
	rc = open_all(made, err);
	if (rc)
		wt_replayer_close(made);
	else
		*replay = made;
	return rc;
}

void wt_replayer_close(struct wt_replayer *replay)
{
	if (!replay)
		return;
	if (replay->source)
		replay->source->ops->close(replay->source);
	for (size_t i = 0; i < replay->names.count; i++)
		if (replay->ports[i].tx)
			replay->ports[i].tx->ops->close(replay->ports[i].tx);
	if (replay->rehearsal)
		replay->rehearsal->ops->close(replay->rehearsal);
	wt_proof_csv_abandon(replay->csv);
	free(replay->handovers);
	free(replay);
}
