/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/info/info_faces.h>
#include <wiretape/cli/info/info_ledger.h>
#include <wiretape/cli/info/info_words.h>
#include "json_text.h"

#include <errno.h>
#include <jansson.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/link_type.h>

/* Integers are signed there. What does not fit is no count that was ever counted. */
static json_t *json_count(uint64_t count)
{
	return count <= INT64_MAX ? json_integer((json_int_t)count) : json_null();
}

static json_t *json_number(const struct wt_pcapng_item_number *number)
{
	return number->present ? json_count(number->value) : json_null();
}

static json_t *json_stamp(bool present, int64_t ns)
{
	return present ? json_integer(ns) : json_null();
}

static json_t *json_utc(bool present, int64_t ns)
{
	return present ? json_string(wt_info_utc_text(ns).chars) : json_null();
}

/* Running out of memory shows in the object that is not there in the end. */
static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void put_tally(json_t *object, const struct wt_info_tally *tally)
{
	bool stamped = tally->stamped != 0;

	put(object, "packets", json_count(tally->packets));
	put(object, "wire_bytes", json_count(tally->wire_bytes));
	put(object, "captured_bytes", json_count(tally->captured_bytes));
	put(object, "inbound", json_count(tally->inbound));
	put(object, "outbound", json_count(tally->outbound));
	put(object, "truncated", json_count(tally->truncated));
	put(object, "out_of_order", json_count(tally->out_of_order));
	put(object, "unstamped", json_count(tally->unstamped));
	put(object, "stamps_out_of_range", json_count(tally->out_of_range));
	put(object, "with_fcs", json_count(tally->with_fcs));
	put(object, "above_snaplen", json_count(tally->above_snaplen));
	put(object, "above_length", json_count(tally->overlong));
	put(object, "dropcount", json_count(tally->dropped));
	put(object, "first_ns", json_stamp(stamped, tally->first_ns));
	put(object, "last_ns", json_stamp(stamped, tally->last_ns));
	put(object, "first", json_utc(stamped, tally->first_ns));
	put(object, "last", json_utc(stamped, tally->last_ns));
	put(object, "duration_ns", stamped ? json_count(wt_info_duration_ns(tally)) : json_null());
	put(object, "packets_per_second", json_real(wt_info_rate(tally, tally->packets)));
	put(object, "bits_per_second", json_real(8 * wt_info_rate(tally, tally->wire_bytes)));
}

static json_t *counts_object(const char *text)
{
	json_t *object;
	struct wt_info_count count;
	char name[256];

	if (!text)
		return json_null();
	object = json_object();
	while (wt_info_next_count(&text, &count)) {
		if (!count.name)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)count.name_length, count.name);
		put(object, name, json_count(count.value));
	}
	return object;
}

static json_t *degraded_array(const struct wt_info_statistics *statistics)
{
	json_t *array = json_array();

	for (size_t i = 0; i < statistics->degraded_count; i++)
		json_array_append_new(array, wt_json_text(statistics->degraded[i]));
	return array;
}

static void put_ledger(json_t *object, const struct wt_info_interface *interface)
{
	struct wt_info_ledger_check check;

	put(object, "ledger", counts_object(interface->statistics->ledger));
	if (!interface->statistics->ledger)
		return;
	check = wt_info_check_ledger(interface);
	put(object, "ledger_closes", json_boolean(check.closes));
	put(object, "ledger_matches_file", json_boolean(check.matches));
}

static json_t *statistics_object(const struct wt_info_interface *interface)
{
	const struct wt_info_statistics *statistics = interface->statistics;
	const struct wt_pcapng_item_statistics *numbers;
	json_t *object;

	if (!statistics)
		return json_null();
	numbers = &statistics->numbers;
	object = json_object();
	put(object, "blocks", json_count(statistics->blocks));
	put(object, "at_ns", json_stamp(numbers->stamp.present, numbers->stamp.ns));
	put(object, "start_ns", json_stamp(numbers->start.present, numbers->start.ns));
	put(object, "end_ns", json_stamp(numbers->end.present, numbers->end.ns));
	put(object, "ifrecv", json_number(&numbers->ifrecv));
	put(object, "ifdrop", json_number(&numbers->ifdrop));
	put(object, "filteraccept", json_number(&numbers->filteraccept));
	put(object, "osdrop", json_number(&numbers->osdrop));
	put(object, "usrdeliv", json_number(&numbers->usrdeliv));
	put_ledger(object, interface);
	put(object, "nic", counts_object(statistics->nic));
	put(object, "degraded", degraded_array(statistics));
	return object;
}

static json_t *sources_object(const struct wt_info_clock *clock)
{
	json_t *object = json_object();

	for (int i = 0; i < WT_STAMP_SOURCES; i++)
		put(object, wt_stamp_source_name((enum wt_stamp_source)i),
		    json_count(clock->by_source[i]));
	return object;
}

static json_t *map_object(const struct wt_info_clock *clock)
{
	json_t *object;

	if (!clock->last.number || clock->stands_still)
		return json_null();
	object = json_object();
	put(object, "maps", json_integer(clock->last.number));
	put(object, "epochs", json_integer(clock->last.epoch));
	put(object, "utc_minus_phc_s", json_real(wt_info_clock_offset_s(&clock->last)));
	put(object, "ppm_least", json_real(clock->ppm_least));
	put(object, "ppm_most", json_real(clock->ppm_most));
	put(object, "error_most_ns", json_integer(clock->error_most_ns));
	return object;
}

static json_t *events_array(const struct wt_info_clock *clock)
{
	json_t *array = json_array();

	for (size_t i = 0; i < clock->event_count; i++) {
		json_t *event = json_object();

		put(event, "utc_ns", json_integer(clock->events[i].utc_ns));
		put(event, "utc", json_utc(true, clock->events[i].utc_ns));
		put(event, "text", wt_json_text(clock->events[i].text));
		json_array_append_new(array, event);
	}
	return array;
}

static json_t *clock_object(const struct wt_info_clock *clock)
{
	json_t *object;

	if (!clock->described)
		return json_null();
	object = json_object();
	put(object, "source", json_string(wt_stamp_source_name(clock->says.source)));
	put(object, "clock", json_string(wt_stamp_clock_name(clock->says.clock)));
	put(object, "tai_offset_s", json_integer(clock->says.tai_offset_s));
	put(object, "phc", clock->says.phc[0] ? wt_json_text(clock->says.phc) : json_null());
	put(object, "rx_filter", wt_json_text(clock->says.rx_filter));
	put(object, "rx_filter_before", wt_json_text(clock->says.rx_filter_before));
	put(object, "stamps", sources_object(clock));
	put(object, "cross_timestamps", json_count(clock->crosses));
	put(object, "outliers", json_count(clock->outliers));
	put(object, "steps", json_count(clock->steps));
	put(object, "standstills", json_count(clock->standstills));
	put(object, "changes", json_count(clock->changes));
	put(object, "bracket_least_ns", json_integer(clock->bracket_least_ns));
	put(object, "bracket_most_ns", json_integer(clock->bracket_most_ns));
	put(object, "map", map_object(clock));
	put(object, "converted", json_count(clock->converted));
	put(object, "confirmed", json_count(clock->confirmed));
	put(object, "contradicted", json_count(clock->contradicted));
	put(object, "without_map", json_count(clock->without_map));
	put(object, "events", events_array(clock));
	return object;
}

static json_t *interface_object(const struct wt_info_interface *interface)
{
	const struct wt_pcapng_item_interface *fields = &interface->fields;
	json_t *object = json_object();

	put(object, "id", json_integer(fields->id));
	put(object, "name", wt_json_text(interface->name));
	put(object, "description", wt_json_text(interface->description));
	put(object, "link_type", json_integer(fields->link_type));
	put(object, "link_type_name",
	    wt_json_text(pcap_datalink_val_to_name(wt_link_type_dlt(fields->link_type))));
	put(object, "snaplen", json_integer(fields->snaplen));
	put(object, "fcs_bytes", fields->has_fcs ? json_integer(fields->fcs_bytes) : json_null());
	put(object, "tsresol", json_integer(fields->tsresol));
	put(object, "tsoffset_s", json_integer(fields->tsoffset_s));
	put(object, "mac",
	    fields->has_mac ? json_string(wt_info_mac_text(fields->mac).chars) : json_null());
	put(object, "speed_bps", json_number(&fields->speed_bps));
	put(object, "hardware", wt_json_text(interface->hardware));
	put(object, "os", wt_json_text(interface->os));
	put(object, "filter", wt_json_text(interface->filter));
	put(object, "reader", wt_json_text(interface->reader));
	put(object, "comment", wt_json_text(interface->comment));
	put(object, "clock", clock_object(&interface->clock));
	put_tally(object, &interface->tally);
	put(object, "statistics", statistics_object(interface));
	return object;
}

static json_t *section_object(const struct wt_info_section *section)
{
	json_t *object = json_object();
	json_t *interfaces = json_array();
	char version[16];

	snprintf(version, sizeof(version), "%u.%u", section->fields.major, section->fields.minor);
	put(object, "version", json_string(version));
	put(object, "byte_order", json_string(section->fields.big_endian ? "big" : "little"));
	put(object, "hardware", wt_json_text(section->hardware));
	put(object, "os", wt_json_text(section->os));
	put(object, "application", wt_json_text(section->application));
	put(object, "comment", wt_json_text(section->comment));
	for (size_t i = 0; i < section->interface_count; i++)
		json_array_append_new(interfaces, interface_object(&section->interfaces[i]));
	put(object, "interfaces", interfaces);
	return object;
}

static json_t *other_blocks_object(const struct wt_info_summary *summary)
{
	json_t *object = json_object();

	put(object, "names", json_count(summary->names));
	put(object, "secrets", json_count(summary->secrets));
	put(object, "custom", json_count(summary->custom));
	put(object, "local", json_count(summary->local));
	put(object, "unknown", json_count(summary->unknown));
	put(object, "unknown_sections", json_count(summary->unknown_sections));
	put(object, "unknown_sections_bytes", json_count(summary->unknown_sections_bytes));
	return object;
}

static json_t *layout_object(const struct wt_info_layout *layout)
{
	json_t *object;

	if (!layout->is_tape)
		return json_null();
	object = json_object();
	put(object, "chunks", json_count(layout->chunks));
	put(object, "in_place", json_count(layout->in_place));
	put(object, "holes_repaired", json_count(layout->holes));
	put(object, "missing_packets", json_count(layout->missing_packets));
	put(object, "not_closed", json_boolean(layout->not_closed));
	put(object, "tail_packets", json_count(layout->tail_packets));
	return object;
}

static json_t *summary_object(const struct wt_info_summary *summary)
{
	json_t *object = json_object();
	json_t *sections = json_array();

	wt_json_put_path(object, "path", summary->path);
	put(object, "type", wt_json_text(summary->format));
	put(object, "size_bytes", summary->format ? json_count(summary->size_bytes) : json_null());
	put(object, "complete", json_boolean(!summary->result));
	put(object, "cut_off", json_boolean(summary->result == -ENODATA && summary->format));
	put(object, "error", summary->result ? wt_json_text(summary->error.text) : json_null());
	put(object, "layout", layout_object(&summary->layout));
	put(object, "section_count", json_count(summary->sections_seen));
	put(object, "interface_count", json_count(summary->interfaces_seen));
	put_tally(object, &summary->tally);
	put(object, "fractions_above_second", json_count(summary->fractions.packets));
	put(object, "fractions_look_like_ns", json_boolean(summary->fractions.nanoseconds));
	put(object, "statistics_blocks", json_count(summary->statistics));
	put(object, "other_blocks", other_blocks_object(summary));
	for (size_t i = 0; i < summary->section_count; i++)
		json_array_append_new(sections, section_object(&summary->sections[i]));
	put(object, "sections", sections);
	return object;
}

void wt_info_print_json(const struct wt_info_summary *summary)
{
	json_t *object = summary_object(summary);

	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}
