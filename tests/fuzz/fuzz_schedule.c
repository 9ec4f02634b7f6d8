/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/plan/schedule.h>

/* A timing in words up to the first zero byte, then settings and packets, any stamps: times begin
 * with 0 and never decrease. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { TEXT_BYTES = 128 };

struct input {
	const uint8_t *at;
	size_t left;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

/* Zeros behind the end. */
static void take(struct input *input, void *value, size_t bytes)
{
	size_t count = bytes < input->left ? bytes : input->left;

	memset(value, 0, bytes);
	if (count)
		memcpy(value, input->at, count);
	input->at += count;
	input->left -= count;
}

static void take_text(struct input *input, char text[TEXT_BYTES])
{
	size_t length = strnlen((const char *)input->at, input->left);

	if (length >= TEXT_BYTES)
		length = TEXT_BYTES - 1;
	take(input, text, length);
	text[length] = '\0';
	input->at += input->left ? 1 : 0;
	input->left -= input->left ? 1 : 0;
}

/* As words say it, or any at all. */
static void take_config(struct input *input, struct wt_schedule_config *config)
{
	char text[TEXT_BYTES];
	struct wt_error err = {0};
	uint8_t timing;

	take_text(input, text);
	take(input, &config->max_gap_ns, sizeof(config->max_gap_ns));
	take(input, &config->disorder_ns, sizeof(config->disorder_ns));
	if (!wt_schedule_parse(config, text, &err))
		return;
	require(err.code < 0 && err.text[0]);
	take(input, &timing, sizeof(timing));
	config->timing = (enum wt_timing)(timing % (WT_TIMING_DELTA + 1));
	take(input, &config->numerator, sizeof(config->numerator));
	take(input, &config->denominator, sizeof(config->denominator));
	take(input, &config->gap_ns, sizeof(config->gap_ns));
	take(input, &config->idle_ns, sizeof(config->idle_ns));
}

/* A byte whose bits say what comes: a new round, a whole stamp or a little gap. */
static int64_t take_stamp(struct input *input, struct wt_schedule *schedule, int64_t last_ns)
{
	uint8_t what;
	int16_t gap;
	int64_t stamp_ns;

	take(input, &what, sizeof(what));
	if (what & 1)
		wt_schedule_repeat(schedule);
	if (what & 2) {
		take(input, &stamp_ns, sizeof(stamp_ns));
		return stamp_ns;
	}
	take(input, &gap, sizeof(gap));
	return (int64_t)((uint64_t)last_ns + (uint64_t)gap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct input input = {data, bytes};
	struct wt_schedule_config config = {0};
	struct wt_schedule schedule;
	int64_t stamp_ns = 0, due_ns, last_ns = 0;
	uint32_t frame_bytes;

	if (!bytes)
		return 0;
	take_config(&input, &config);
	wt_schedule_init(&schedule, &config);
	while (input.left) {
		stamp_ns = take_stamp(&input, &schedule, stamp_ns);
		take(&input, &frame_bytes, sizeof(frame_bytes));
		due_ns = wt_schedule_next(&schedule, stamp_ns, frame_bytes);
		require(schedule.packets > 1 || due_ns == 0);
		require(due_ns >= last_ns);
		last_ns = due_ns;
	}
	require(schedule.out_of_order + schedule.stepped_back <= schedule.packets);
	require(schedule.gaps_capped <= schedule.packets);
	require((schedule.saturated > 0) == (last_ns == INT64_MAX));
	return 0;
}
