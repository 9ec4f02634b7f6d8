/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_state.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int64_t read_clock(const struct wt_recorder_state *state, clockid_t clock)
{
	int64_t ns = 0;

	state->system->ops->clock(state->system, clock, &ns);
	return ns;
}

int64_t wt_recorder_clock_ns(const struct wt_recorder_state *state)
{
	return read_clock(state, CLOCK_MONOTONIC);
}

int64_t wt_recorder_utc_clock_ns(const struct wt_recorder_state *state)
{
	return read_clock(state, CLOCK_REALTIME);
}

void wt_recorder_tell_time(struct wt_recorder_state *state)
{
	state->now_ns = wt_recorder_clock_ns(state);
	state->now_utc_ns = wt_recorder_utc_clock_ns(state);
}

void wt_recorder_say(const struct wt_recorder_state *state, const char *format, ...)
{
	char text[400];
	va_list args;

	if (!state->config.on_event)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	state->config.on_event(state->config.context, text);
}

void wt_recorder_note_degraded(struct wt_recorder_state *state, const char *text)
{
	char *copy;

	for (size_t i = 0; i < state->degraded_count; i++)
		if (!strcmp(state->degraded[i], text))
			return;
	if (state->degraded_count == WT_MAX_DEGRADED)
		return;
	copy = state->degraded_text[state->degraded_count];
	snprintf(copy, WT_MAX_DEGRADED_TEXT, "%s", text);
	state->degraded[state->degraded_count++] = copy;
	wt_recorder_say(state, "%s", text);
}

/* Higher ones replace lower ones. */
enum rank { EMPTY_RINGS_FIRST, LIMIT, NO_FILE, WRITER };

static enum rank rank_of(enum wt_record_end end)
{
	switch (end) {
	case WT_END_PACKETS:
	case WT_END_BYTES:
		return LIMIT;
	case WT_END_FAILURE:
		return NO_FILE;
	case WT_END_WRITER:
	case WT_END_READER_GONE:
		return WRITER;
	default:
		return EMPTY_RINGS_FIRST;
	}
}

void wt_recorder_end_with(struct wt_recorder_state *state, enum wt_record_end end, int failure)
{
	if (state->ending && rank_of(end) <= rank_of(state->end))
		return;
	state->ending = true;
	state->end = end;
	state->failure = failure;
	/* Of several sources each may deliver all it has. */
	if (state->config.share && end != WT_END_SOURCE)
		wt_recorder_share_end(state->config.share, end);
}

void wt_recorder_writer_failed(struct wt_recorder_state *state, int error)
{
	wt_recorder_end_with(state, error == -EPIPE ? WT_END_READER_GONE : WT_END_WRITER, error);
}

bool wt_recorder_is_over(const struct wt_recorder_state *state)
{
	return state->ending && rank_of(state->end) > EMPTY_RINGS_FIRST;
}

bool wt_recorder_has_failed(const struct wt_recorder_state *state)
{
	return state->ending && rank_of(state->end) > LIMIT;
}
