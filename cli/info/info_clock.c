/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wt_info_clock_begin(struct wt_info_clock *clock, const struct wt_pcapng_item_text *option)
{
	clock->described = option->chars &&
	                   wt_interface_clock_parse(option->chars, option->length, &clock->says);
}

/* Check a stamp; false without its map. */
static bool check(struct wt_info_clock *clock, const struct wt_frame *frame)
{
	const struct wt_clock_map *map =
	        clock->maps ? &clock->maps[frame->map % WT_INFO_CLOCK_MAPS] : NULL;

	if (!map || map->number != frame->map)
		return false;
	if (wt_interface_clock_convert(&clock->says, map, frame) == frame->stamp_ns)
		clock->confirmed++;
	else
		clock->contradicted++;
	return true;
}

/* After a jump of the clock a map may come a little after the packets that need it. */
static void let_wait(struct wt_info_clock *clock, const struct wt_frame *frame)
{
	if (!clock->waiting)
		clock->waiting = calloc(WT_INFO_CLOCK_WAITING, sizeof(*clock->waiting));
	if (clock->waiting && clock->waiting_count < WT_INFO_CLOCK_WAITING)
		clock->waiting[clock->waiting_count++] = *frame;
	clock->without_map++;
}

static void check_waiting(struct wt_info_clock *clock)
{
	size_t left = 0;

	for (size_t i = 0; i < clock->waiting_count; i++) {
		if (check(clock, &clock->waiting[i]))
			clock->without_map--;
		else
			clock->waiting[left++] = clock->waiting[i];
	}
	clock->waiting_count = left;
}

void wt_info_clock_packet(struct wt_info_clock *clock, const struct wt_frame *frame)
{
	if (!clock->described)
		return;
	if (frame->notes & WT_FRAME_SOURCE)
		clock->by_source[frame->stamp_source]++;
	else
		clock->by_source[clock->says.source]++;
	if (!(frame->notes & WT_FRAME_GIVEN))
		return;
	clock->converted++;
	if (!check(clock, frame))
		let_wait(clock, frame);
}

static int keep_map(struct wt_info_clock *clock, const struct wt_clock_map *map)
{
	double ppm = -wt_clock_map_ppm(map);
	bool is_first = !clock->last.number;

	if (!clock->maps)
		clock->maps = calloc(WT_INFO_CLOCK_MAPS, sizeof(*clock->maps));
	if (!clock->maps)
		return -ENOMEM;
	clock->maps[map->number % WT_INFO_CLOCK_MAPS] = *map;
	if (is_first || ppm < clock->ppm_least)
		clock->ppm_least = ppm;
	if (is_first || ppm > clock->ppm_most)
		clock->ppm_most = ppm;
	if (map->error_ns > clock->error_most_ns)
		clock->error_most_ns = map->error_ns;
	clock->last = *map;
	check_waiting(clock);
	return 0;
}

/* Make room for the text of the next event; NULL if it is not kept. */
static char *add_event(struct wt_info_clock *clock, int64_t utc_ns)
{
	if (!clock->events)
		clock->events = calloc(WT_INFO_CLOCK_EVENTS, sizeof(*clock->events));
	if (!clock->events || clock->event_count == WT_INFO_CLOCK_EVENTS)
		return NULL;
	clock->events[clock->event_count].utc_ns = utc_ns;
	return clock->events[clock->event_count++].text;
}

static void add_step(struct wt_info_clock *clock, const struct wt_clock_record *note)
{
	char *text = add_event(clock, note->utc_ns);

	clock->steps++;
	if (text)
		snprintf(text, sizeof(clock->events->text), "%s: UTC - PHC by %+.9f s (set: %s)",
		         wt_clock_verdict_name(note->verdict), (double)note->step_ns / 1e9,
		         wt_clock_culprit_name(note->culprit));
}

static void add_cross(struct wt_info_clock *clock, const struct wt_clock_record *note)
{
	int64_t bracket_ns = note->sample.bracket_ns;

	if (!clock->crosses || bracket_ns < clock->bracket_least_ns)
		clock->bracket_least_ns = bracket_ns;
	if (bracket_ns > clock->bracket_most_ns)
		clock->bracket_most_ns = bracket_ns;
	clock->crosses++;
	clock->method = note->sample.method;
	clock->outliers += note->verdict == WT_CLOCK_OUTLIER;
	clock->stands_still = note->verdict == WT_CLOCK_FROZEN;
	clock->standstills += clock->stands_still;
	if (note->verdict == WT_CLOCK_STEPPED || note->verdict == WT_CLOCK_BACKWARD)
		add_step(clock, note);
}

int wt_info_clock_record(struct wt_info_clock *clock, const struct wt_clock_record *note)
{
	char *text;

	if (note->what == WT_CLOCK_RECORD_CROSS)
		add_cross(clock, note);
	if (note->what != WT_CLOCK_RECORD_CHANGE)
		return note->map.number ? keep_map(clock, &note->map) : 0;
	clock->changes++;
	text = add_event(clock, note->utc_ns);
	if (text)
		snprintf(text, sizeof(clock->events->text), "%s: %s", note->change, note->text);
	return 0;
}

static void join_maps(struct wt_info_clock *sum, const struct wt_info_clock *one)
{
	bool is_first = !sum->last.number;

	if (!one->last.number)
		return;
	if (is_first || one->ppm_least < sum->ppm_least)
		sum->ppm_least = one->ppm_least;
	if (is_first || one->ppm_most > sum->ppm_most)
		sum->ppm_most = one->ppm_most;
	if (one->error_most_ns > sum->error_most_ns)
		sum->error_most_ns = one->error_most_ns;
	if (is_first || one->last.utc_ns > sum->last.utc_ns)
		sum->last = one->last;
}

static void join_crosses(struct wt_info_clock *sum, const struct wt_info_clock *one)
{
	if (!one->crosses)
		return;
	if (!sum->crosses || one->bracket_least_ns < sum->bracket_least_ns)
		sum->bracket_least_ns = one->bracket_least_ns;
	if (one->bracket_most_ns > sum->bracket_most_ns)
		sum->bracket_most_ns = one->bracket_most_ns;
	sum->crosses += one->crosses;
	sum->outliers += one->outliers;
	sum->standstills += one->standstills;
	sum->stands_still |= one->stands_still;
	sum->method = one->method;
}

static int compare_events(const void *a, const void *b)
{
	int64_t one = ((const struct wt_info_clock_event *)a)->utc_ns;
	int64_t other = ((const struct wt_info_clock_event *)b)->utc_ns;

	return (one > other) - (one < other);
}

static void join_events(struct wt_info_clock *sum, const struct wt_info_clock *one)
{
	for (size_t i = 0; i < one->event_count; i++) {
		char *text = add_event(sum, one->events[i].utc_ns);

		if (text)
			memcpy(text, one->events[i].text, sizeof(one->events[i].text));
	}
	if (one->event_count)
		qsort(sum->events, sum->event_count, sizeof(*sum->events), compare_events);
}

void wt_info_clock_join(struct wt_info_clock *sum, const struct wt_info_clock *one)
{
	for (size_t i = 0; i < WT_STAMP_SOURCES; i++)
		sum->by_source[i] += one->by_source[i];
	sum->converted += one->converted;
	sum->confirmed += one->confirmed;
	sum->contradicted += one->contradicted;
	sum->without_map += one->without_map;
	sum->steps += one->steps;
	sum->changes += one->changes;
	join_crosses(sum, one);
	join_maps(sum, one);
	join_events(sum, one);
}

struct wt_info_text wt_info_clock_text(const struct wt_interface_clock *says)
{
	struct wt_info_text text;

	if (says->clock == WT_CLOCK_TAI)
		snprintf(text.chars, sizeof(text.chars), "TAI (UTC + %d s)", says->tai_offset_s);
	else
		snprintf(text.chars, sizeof(text.chars), "%s",
		         says->clock == WT_CLOCK_UTC ? "UTC" : "the time of the NIC's clock");
	return text;
}

double wt_info_clock_offset_s(const struct wt_clock_map *map)
{
	__int128 difference_ns = (__int128)map->utc_ns - map->phc_ns;

	return (double)difference_ns / 1e9;
}

void wt_info_clock_fini(struct wt_info_clock *clock)
{
	free(clock->maps);
	free(clock->waiting);
	free(clock->events);
}
