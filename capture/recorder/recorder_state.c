/* SPDX-License-Identifier: BSD-2-Clause */
/* State that every part of the recorder stands on: clocks, messages, why it ends, and the
 * producers' counts. */
#include <wiretape/capture/recorder/recorder_state.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t wt_recorder_clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t wt_recorder_utc_clock_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

void wt_recorder_say(const struct wt_recorder *recorder, const char *format, ...)
{
	char text[400];
	va_list args;

	if (!recorder->config.on_event)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	recorder->config.on_event(recorder->config.context, text);
}

void wt_recorder_degrade(struct wt_recorder *recorder, const char *text)
{
	char *copy;

	for (size_t i = 0; i < recorder->degraded_count; i++)
		if (!strcmp(recorder->degraded[i], text))
			return;
	if (recorder->degraded_count == WT_MAX_DEGRADED)
		return;
	copy = recorder->degraded_text[recorder->degraded_count];
	snprintf(copy, WT_MAX_DEGRADED_TEXT, "%s", text);
	recorder->degraded[recorder->degraded_count++] = copy;
	wt_recorder_say(recorder, "%s", text);
}

void wt_recorder_end_with(struct wt_recorder *recorder, enum wt_record_end end, int failure)
{
	if (recorder->ending)
		return;
	recorder->ending = true;
	recorder->end = end;
	recorder->failure = failure;
}

void wt_recorder_writer_failed(struct wt_recorder *recorder, int error)
{
	wt_recorder_end_with(recorder, error == -EPIPE ? WT_END_READER_GONE : WT_END_WRITER, error);
}

void wt_recorder_take_statistics(struct wt_recorded *recorded)
{
	struct wt_ring_statistics total;

	wt_reader_count(recorded->reader, &total);
	recorded->packets = total.packets;
	recorded->drops = total.drops;
	recorded->report->ledger.freezes = total.freezes;
	wt_ledger_update(&recorded->report->ledger, recorded->packets - recorded->rejected,
	                 recorded->drops);
}

bool wt_recorder_read_nic(struct wt_recorded *recorded)
{
	struct wt_link link;

	if (!recorded->report->has_nic || wt_reader_link(recorded->reader, &link))
		return false;
	wt_nic_counters_add(&link.counters, &recorded->nic_base);
	recorded->report->nic_now = link.counters;
	return true;
}
