/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_lanes.h"
#include "info_ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>
#include <wiretape/capture/ledger.h>

static void add_tally(struct wt_info_tally *sum, const struct wt_info_tally *one)
{
	if (one->stamped && (!sum->stamped || one->first_ns < sum->first_ns))
		sum->first_ns = one->first_ns;
	if (one->stamped && (!sum->stamped || one->last_ns > sum->last_ns))
		sum->last_ns = one->last_ns;
	sum->packets += one->packets;
	sum->captured_bytes += one->captured_bytes;
	sum->wire_bytes += one->wire_bytes;
	sum->inbound += one->inbound;
	sum->outbound += one->outbound;
	sum->truncated += one->truncated;
	sum->out_of_order += one->out_of_order;
	sum->unstamped += one->unstamped;
	sum->out_of_range += one->out_of_range;
	sum->with_fcs += one->with_fcs;
	sum->above_snaplen += one->above_snaplen;
	sum->overlong += one->overlong;
	sum->stamped += one->stamped;
	if (__builtin_add_overflow(sum->dropped, one->dropped, &sum->dropped))
		sum->dropped = UINT64_MAX;
}

/* Levels are no counts: of two files the larger one holds for both. */
static bool is_level(const struct wt_info_count *count)
{
	for (const struct wt_number *row = wt_ledger_numbers; row->type; row++)
		if (strlen(row->key) == count->name_length &&
		    !memcmp(row->key, count->name, count->name_length))
			return row->kind == WT_KIND_MOST;
	return false;
}

static bool find_count(const char *text, const struct wt_info_count *wanted, uint64_t *value)
{
	struct wt_info_count count;

	while (wt_info_next_count(&text, &count))
		if (count.name && count.name_length == wanted->name_length &&
		    !memcmp(count.name, wanted->name, wanted->name_length)) {
			*value = count.value;
			return true;
		}
	return false;
}

/* A sum without room makes a line that is no count, as a broken line of either does. */
static void put_count(FILE *out, const struct wt_info_count *count, uint64_t other)
{
	uint64_t value = count->value > other ? count->value : other;

	if (!count->name ||
	    (!is_level(count) && __builtin_add_overflow(count->value, other, &value)))
		fputs("?\n", out);
	else
		fprintf(out, "%.*s=%llu\n", (int)count->name_length, count->name,
		        (unsigned long long)value);
}

static void put_joined(FILE *out, const char *a, const char *b)
{
	struct wt_info_count count;
	const char *at = a;
	uint64_t other;

	while (wt_info_next_count(&at, &count)) {
		other = 0;
		if (count.name)
			find_count(b, &count, &other);
		put_count(out, &count, other);
	}
	for (at = b; wt_info_next_count(&at, &count);)
		if (!count.name || !find_count(a, &count, &other))
			put_count(out, &count, 0);
}

char *wt_info_join_ledgers(const char *a, const char *b)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool failed;

	if (!out)
		return NULL;
	put_joined(out, a, b);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return text;
	free(text);
	return NULL;
}

static void add_number(struct wt_pcapng_item_number *sum, const struct wt_pcapng_item_number *one)
{
	sum->present |= one->present;
	sum->value += one->value;
}

/* -1: the earlier, 1: the later. */
static void take_stamp(struct wt_pcapng_item_stamp *sum, const struct wt_pcapng_item_stamp *one,
                       int which)
{
	if (one->present && (!sum->present || (which < 0 ? one->ns < sum->ns : one->ns > sum->ns)))
		*sum = *one;
}

static void add_numbers(struct wt_pcapng_item_statistics *sum,
                        const struct wt_pcapng_item_statistics *one)
{
	take_stamp(&sum->stamp, &one->stamp, 1);
	take_stamp(&sum->start, &one->start, -1);
	take_stamp(&sum->end, &one->end, 1);
	add_number(&sum->ifrecv, &one->ifrecv);
	add_number(&sum->ifdrop, &one->ifdrop);
	add_number(&sum->filteraccept, &one->filteraccept);
	add_number(&sum->osdrop, &one->osdrop);
	add_number(&sum->usrdeliv, &one->usrdeliv);
}

static void take_text(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

/* Take states that are not there yet: each lane repeats those of the recording. */
static void add_degraded(struct wt_info_statistics *sum, struct wt_info_statistics *one)
{
	for (size_t i = 0; i < one->degraded_count; i++) {
		size_t j = 0;

		while (j < sum->degraded_count && one->degraded[i] && sum->degraded[j] &&
		       strcmp(sum->degraded[j], one->degraded[i]) != 0)
			j++;
		if (j < sum->degraded_count || j == WT_INFO_MAX_DEGRADED)
			continue;
		sum->degraded[sum->degraded_count++] = one->degraded[i];
		one->degraded[i] = NULL;
	}
}

/* The NIC's counters are the interface's in every lane: the latest hold. */
static int add_statistics(struct wt_info_statistics *sum, struct wt_info_statistics *one)
{
	char *ledger = NULL;

	if (one->nic && (!sum->nic || one->numbers.stamp.ns > sum->numbers.stamp.ns))
		take_text(&sum->nic, &one->nic);
	sum->blocks += one->blocks;
	add_numbers(&sum->numbers, &one->numbers);
	add_degraded(sum, one);
	if (!sum->ledger || !one->ledger) {
		if (one->ledger)
			take_text(&sum->ledger, &one->ledger);
		return 0;
	}
	ledger = wt_info_join_ledgers(sum->ledger, one->ledger);
	if (!ledger)
		return -ENOMEM;
	take_text(&sum->ledger, &ledger);
	return 0;
}

static int add_interface(struct wt_info_interface *sum, struct wt_info_interface *one)
{
	add_tally(&sum->tally, &one->tally);
	wt_info_clock_join(&sum->clock, &one->clock);
	if (!sum->statistics) {
		sum->statistics = one->statistics;
		one->statistics = NULL;
		return 0;
	}
	return one->statistics ? add_statistics(sum->statistics, one->statistics) : 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_alike(const struct wt_info_interface *a, const struct wt_info_interface *b)
{
	return a->fields.link_type == b->fields.link_type && is_same_text(a->name, b->name) &&
	       is_same_text(a->description, b->description);
}

/* The interface that is this one of another file; among those alike the one of the same rank. */
static struct wt_info_interface *find_alike(const struct wt_info_section *sum,
                                            const struct wt_info_section *section,
                                            const struct wt_info_interface *one)
{
	size_t rank = 0;

	for (const struct wt_info_interface *before = section->interfaces; before != one; before++)
		rank += is_alike(before, one);
	for (size_t i = 0; i < sum->interface_count; i++)
		if (is_alike(&sum->interfaces[i], one) && !rank--)
			return &sum->interfaces[i];
	return NULL;
}

static int add_section(struct wt_info_summary *summary, struct wt_info_section *sum,
                       struct wt_info_section *section)
{
	int rc = 0;

	for (size_t i = 0; i < section->interface_count && !rc; i++) {
		struct wt_info_interface *one = &section->interfaces[i];
		struct wt_info_interface *alike = find_alike(sum, section, one);

		if (alike) {
			rc = add_interface(alike, one);
			continue;
		}
		alike = wt_grow((void **)&sum->interfaces, &sum->interface_count,
		                &sum->interface_room, sizeof(*alike));
		if (!alike)
			return -ENOMEM;
		*alike = *one;
		*one = (struct wt_info_interface){0};
		summary->interface_count++;
	}
	return rc;
}

static int add_sections(struct wt_info_summary *sum, struct wt_info_summary *one)
{
	uint64_t beyond = one->interfaces_seen - one->interface_count;
	int rc = 0;

	if (sum->interfaces_seen - sum->interface_count > beyond)
		beyond = sum->interfaces_seen - sum->interface_count;
	if (one->sections_seen > sum->sections_seen)
		sum->sections_seen = one->sections_seen;
	for (size_t i = 0; i < one->section_count && !rc; i++) {
		struct wt_info_section *section = &one->sections[i];
		struct wt_info_section *added;

		if (i < sum->section_count) {
			rc = add_section(sum, &sum->sections[i], section);
			continue;
		}
		added = wt_grow((void **)&sum->sections, &sum->section_count, &sum->section_room,
		                sizeof(*added));
		if (!added)
			return -ENOMEM;
		*added = *section;
		*section = (struct wt_info_section){0};
		sum->interface_count += added->interface_count;
	}
	sum->interfaces_seen = sum->interface_count + beyond;
	return rc;
}

static void add_layout(struct wt_info_layout *sum, const struct wt_info_layout *one)
{
	sum->has_chunks |= one->has_chunks;
	sum->chunks += one->chunks;
	sum->in_place += one->in_place;
	sum->holes += one->holes;
	sum->missing_packets += one->missing_packets;
	sum->not_closed |= one->not_closed;
	sum->tail_packets += one->tail_packets;
}

static void add_blocks(struct wt_info_summary *sum, const struct wt_info_summary *one)
{
	sum->statistics += one->statistics;
	sum->names += one->names;
	sum->secrets += one->secrets;
	sum->custom += one->custom;
	sum->feeds += one->feeds;
	sum->looks += one->looks;
	sum->local += one->local;
	sum->unknown += one->unknown;
	sum->unknown_sections += one->unknown_sections;
	sum->unknown_sections_bytes += one->unknown_sections_bytes;
}

int wt_info_join(struct wt_info_summary *sum, struct wt_info_summary *one)
{
	int rc;

	if (!sum->format)
		sum->format = one->format;
	sum->size_bytes += one->size_bytes;
	add_tally(&sum->tally, &one->tally);
	add_layout(&sum->layout, &one->layout);
	add_blocks(sum, one);
	rc = add_sections(sum, one);
	wt_info_fini(one);
	return rc;
}

static void add_ledger(struct wt_info_lane *lane, const struct wt_info_interface *interface)
{
	struct wt_info_ledger_check check;

	if (!interface->statistics || !interface->statistics->ledger) {
		lane->has_ledger = false;
		return;
	}
	check = wt_info_check_ledger(interface);
	lane->seen += check.seen;
	lane->written += check.written;
	lane->lost += check.lost;
	lane->closes &= check.closes && check.matches;
}

static void add_to_lane(struct wt_info_lane *lane, const struct wt_info_summary *one)
{
	lane->files++;
	lane->packets += one->tally.packets;
	lane->has_ledger &= one->interface_count != 0;
	for (size_t i = 0; i < one->section_count; i++)
		for (size_t j = 0; j < one->sections[i].interface_count; j++)
			add_ledger(lane, &one->sections[i].interfaces[j]);
}

static struct wt_info_lane *begin_lane(struct wt_info_lanes *lanes, uint32_t number)
{
	struct wt_info_lane *lane =
	        wt_grow((void **)&lanes->list, &lanes->count, &lanes->room, sizeof(*lane));

	if (lane)
		*lane = (struct wt_info_lane){.number = number, .has_ledger = true, .closes = true};
	return lane;
}

/* A file of the set, in the order of lanes and numbers. */
struct part {
	const char *path;
	const struct wt_tape_mark *mark;
};

static int compare_parts(const void *a, const void *b)
{
	const struct wt_tape_mark *one = ((const struct part *)a)->mark;
	const struct wt_tape_mark *other = ((const struct part *)b)->mark;

	if (one->lane != other->lane)
		return one->lane < other->lane ? -1 : 1;
	return (one->file > other->file) - (one->file < other->file);
}

static struct part *sort_parts(const struct wt_file_list *files, size_t set, size_t *count)
{
	struct part *parts = calloc(files->count, sizeof(*parts));

	*count = 0;
	for (size_t i = 0; parts && i < files->count; i++)
		if (files->files[i].set == set)
			parts[(*count)++] = (struct part){files->paths[i], &files->files[i].mark};
	if (parts)
		qsort(parts, *count, sizeof(*parts), compare_parts);
	return parts;
}

static int read_part(struct wt_info_summary *summary, const struct part *part,
                     struct wt_info_lane *lane)
{
	struct wt_info_summary one;

	wt_info_collect(&one, part->path);
	if (one.result && !summary->result)
		summary->result = wt_error_set(&summary->error, one.result, "%s: %s", part->path,
		                               one.error.text);
	add_to_lane(lane, &one);
	if (lane->last_file && part->mark->file > lane->last_file)
		lane->files_missing += part->mark->file - lane->last_file - 1;
	lane->last_file = part->mark->file;
	return wt_info_join(summary, &one);
}

static int read_parts(struct wt_info_summary *summary, const struct part *parts, size_t count)
{
	struct wt_info_lane *lane = NULL;
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++) {
		if (i && !compare_parts(&parts[i - 1], &parts[i]) && parts[i].mark->file)
			return wt_error_set(&summary->error, -EEXIST,
			                    "%s and %s are the same file of a recording",
			                    parts[i - 1].path, parts[i].path);
		if (!lane || lane->number != parts[i].mark->lane)
			lane = begin_lane(&summary->lanes, parts[i].mark->lane);
		rc = lane ? read_part(summary, &parts[i], lane) : -ENOMEM;
	}
	return rc ? wt_error_set(&summary->error, rc, "no memory for what is in the files") : 0;
}

/* Lanes go on to the next file together, but for the last one: a recording may end meanwhile. */
static void find_missing(struct wt_info_summary *summary)
{
	struct wt_info_lanes *lanes = &summary->lanes;
	uint32_t last = 0;

	for (size_t i = 0; i < lanes->count; i++)
		if (lanes->list[i].last_file > last)
			last = lanes->list[i].last_file;
	for (size_t i = 0; i < lanes->count; i++) {
		struct wt_info_lane *lane = &lanes->list[i];

		if (lane->last_file && last - lane->last_file > 1)
			lane->files_missing += last - lane->last_file - 1;
		if (lane->files_missing && !summary->result)
			summary->result = wt_error_set(
			        &summary->error, -ENOENT, "%llu file%s of lane %u %s not here",
			        (unsigned long long)lane->files_missing,
			        lane->files_missing == 1 ? "" : "s", lane->number,
			        lane->files_missing == 1 ? "is" : "are");
	}
	if (lanes->count < lanes->expected && !summary->result)
		summary->result = wt_error_set(
		        &summary->error, -ENOENT, "the recording has %u lanes, and %zu %s here",
		        lanes->expected, lanes->count, lanes->count == 1 ? "is" : "are");
}

void wt_info_collect_lanes(struct wt_info_summary *summary, const char *path,
                           const struct wt_file_list *files, size_t set)
{
	struct part *parts;
	bool is_alone;
	size_t count;
	int rc;

	*summary = (struct wt_info_summary){.path = path};
	parts = sort_parts(files, set, &count);
	if (!parts) {
		summary->result = wt_error_set(&summary->error, -ENOMEM, "no memory for the files");
		return;
	}
	summary->lanes.expected = parts[0].mark->lanes;
	is_alone = count == 1 && !strcmp(path, parts[0].path);
	rc = read_parts(summary, parts, count);
	if (rc)
		summary->result = rc;
	else if (!is_alone)
		find_missing(summary);
	free(parts);
}
