/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_text.h"
#include <wiretape/cli/replay/replay_check.h>

#include <wiretape/cli/stamp/stamp_face.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
	return text[0] ? wt_json_text(text) : json_null();
}

static json_t *clock_text(int32_t clock)
{
	char name[WT_LAUNCH_CLOCK_BYTES];

	return json_string(wt_launch_clock_name(clock, name));
}

static json_t *handle_text(uint32_t handle)
{
	char text[WT_QDISC_HANDLE_BYTES];

	return json_string(wt_qdisc_handle_text(handle, text));
}

static json_t *link_object(const struct wt_link *link)
{
	return json_pack("{s:o, s:b, s:b, s:I, s:o}", "driver", text_or_null(link->driver), "up",
	                 (link->flags & IFF_UP) != 0, "carrier", (link->flags & IFF_RUNNING) != 0,
	                 "mtu", (json_int_t)link->mtu, "speed_bps",
	                 link->speed_bps ? json_integer((json_int_t)link->speed_bps) : json_null());
}

static json_t *stamps_object(const struct wt_launch_check *check)
{
	const struct wt_stamp_capabilities *stamping = &check->stamping;
	uint32_t so = stamping->supported.so_timestamping;

	if (check->stamping_error)
		return json_pack("{s:o, s:n, s:n, s:n}", "error",
		                 wt_json_text(check->stamping_text), "hardware", "software",
		                 "hardware_on");
	return json_pack("{s:n, s:b, s:b, s:o}", "error", "hardware",
	                 (so & SOF_TIMESTAMPING_TX_HARDWARE) != 0, "software",
	                 (so & SOF_TIMESTAMPING_TX_SOFTWARE) != 0, "hardware_on",
	                 stamping->active.error
	                         ? json_null()
	                         : json_boolean(stamping->active.tx_type != HWTSTAMP_TX_OFF));
}

static json_t *phc_object(const struct wt_launch_check *check)
{
	struct wt_launch_clocks clocks = wt_launch_check_clocks(check);

	if (check->phc_error)
		return json_pack("{s:o, s:o}", "device", text_or_null(check->phc_device), "error",
		                 wt_json_text(check->phc_text));
	return json_pack(
	        "{s:s, s:n, s:I, s:o, s:I, s:s}", "device", check->phc_device, "error",
	        "phc_minus_utc_ns", (json_int_t)clocks.phc_minus_utc_ns, "phc_minus_tai_ns",
	        clocks.tai_offset_s ? json_integer((json_int_t)wt_launch_phc_minus_tai(&clocks))
	                            : json_null(),
	        "bracket_ns", (json_int_t)check->cross.bracket_ns, "method",
	        wt_cross_method_name(check->cross.method));
}

static void put_etf(json_t *object, const struct wt_qdisc_etf *etf)
{
	json_object_update_new(object, json_pack("{s:o, s:i, s:b, s:b, s:b}", "clock",
	                                         clock_text(etf->clock), "delta_ns",
	                                         (int)etf->delta_ns, "deadline", (int)etf->deadline,
	                                         "offload", (int)etf->offload, "skip_sock_check",
	                                         (int)etf->skip_sock_check));
}

static void put_fq(json_t *object, const struct wt_qdisc_fq *fq)
{
	json_object_update_new(
	        object, json_pack("{s:I, s:b, s:I, s:I}", "horizon_ns", (json_int_t)fq->horizon_ns,
	                          "horizon_drop", (int)fq->horizon_drop, "limit_packets",
	                          (json_int_t)fq->limit_packets, "flow_limit_packets",
	                          (json_int_t)fq->flow_limit_packets));
}

static void put_taprio(json_t *object, const struct wt_qdisc_taprio *taprio)
{
	json_object_update_new(
	        object, json_pack("{s:o, s:b, s:b, s:I, s:I, s:I}", "clock",
	                          taprio->has_clock ? clock_text(taprio->clock) : json_null(),
	                          "txtime_assist", (int)taprio->txtime_assist, "full_offload",
	                          (int)taprio->full_offload, "txtime_delay_ns",
	                          (json_int_t)taprio->txtime_delay_ns, "base_time_ns",
	                          (json_int_t)taprio->base_time_ns, "cycle_time_ns",
	                          (json_int_t)taprio->cycle_time_ns));
}

static void put_map(json_t *object, const struct wt_qdisc_map *map)
{
	json_t *of_priority = json_array();

	for (int i = 0; i < WT_QDISC_PRIORITIES; i++) {
		int class = map->class_of[i];

		json_array_append_new(of_priority,
		                      json_pack("{s:i, s:i, s:i}", "class", class, "first_queue",
		                                (int)map->first_queue[class], "queues",
		                                (int)map->queues[class]));
	}
	json_object_set_new(object, "priorities", of_priority);
}

static json_t *qdisc_object(const struct wt_qdisc *qdisc)
{
	json_t *object = json_pack("{s:s, s:o, s:o, s:b}", "kind", qdisc->name, "handle",
	                           handle_text(qdisc->handle), "parent", handle_text(qdisc->parent),
	                           "hw_offload", (int)qdisc->hw_offload);

	if (qdisc->map.classes)
		put_map(object, &qdisc->map);
	if (!qdisc->has_options)
		return object;
	if (qdisc->kind == WT_QDISC_ETF)
		put_etf(object, &qdisc->etf);
	else if (qdisc->kind == WT_QDISC_FQ)
		put_fq(object, &qdisc->fq);
	else if (qdisc->kind == WT_QDISC_TAPRIO)
		put_taprio(object, &qdisc->taprio);
	return object;
}

static json_t *qdiscs_array(const struct wt_qdisc_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, qdisc_object(&list->items[i]));
	return array;
}

static json_t *launch_object(const struct wt_launch *launch)
{
	json_t *object =
	        json_pack("{s:s, s:s, s:I}", "verdict", wt_launch_verdict_name(launch->verdict),
	                  "text", launch->text, "priority", (json_int_t)launch->priority);

	if (launch->verdict != WT_LAUNCH_HONOURED)
		return object;
	json_object_update_new(
	        object,
	        json_pack("{s:s, s:o, s:o, s:b, s:b, s:b, s:b, s:I, s:I, s:I}", "qdisc",
	                  launch->name, "handle", handle_text(launch->handle), "clock",
	                  clock_text(launch->clock), "offload", (int)launch->offload, "drops_late",
	                  (int)launch->drops_late, "gates", (int)launch->gates, "horizon_drop",
	                  (int)launch->horizon_drop, "delta_ns", (json_int_t)launch->delta_ns,
	                  "horizon_ns", (json_int_t)launch->horizon_ns, "limit_packets",
	                  (json_int_t)launch->limit_packets));
	return object;
}

static json_t *setups_array(const struct wt_launch_check *check)
{
	json_t *array = json_array();
	struct wt_replay_setup setup;

	for (size_t i = 0; wt_replay_setup(check, i, &setup); i++) {
		json_t *commands = json_array();

		for (int j = 0; j < WT_SETUP_COMMANDS && setup.commands[j][0]; j++)
			json_array_append_new(commands, wt_json_text(setup.commands[j]));
		json_array_append_new(array,
		                      json_pack("{s:s, s:o, s:o}", "name", setup.name, "what",
		                                wt_json_text(setup.what), "commands", commands));
	}
	return array;
}

static json_t *auto_object(const struct wt_launch_check *check)
{
	char why[400];
	bool txtime = wt_launch_check_auto(check, why, sizeof(why));

	return json_pack("{s:s, s:o}", "pace", txtime ? "txtime" : "spin", "reason",
	                 wt_json_text(why));
}

json_t *wt_replay_check_object(const struct wt_launch_check *check)
{
	return json_pack(
	        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:b, s:o}, s:{s:b, s:o}, s:o, "
	        "s:o}",
	        "interface", wt_json_text(check->link.name), "link", link_object(&check->link),
	        "tx_stamps", stamps_object(check), "phc", phc_object(check), "tai_offset_s",
	        check->tai_offset_s ? json_integer(check->tai_offset_s) : json_null(),
	        "qdisc_error",
	        check->qdisc_error ? json_string(strerror(-check->qdisc_error)) : json_null(),
	        "qdiscs", qdiscs_array(&check->qdiscs), "launch", launch_object(&check->launch),
	        "so_txtime", "clock", clock_text(check->txtime_clock), "accepted",
	        !check->txtime_error, "error", text_or_null(check->txtime_text), "clocks", "fit",
	        (int)check->clocks_fit, "text", text_or_null(check->clocks_text), "setup",
	        setups_array(check), "auto", auto_object(check));
}
