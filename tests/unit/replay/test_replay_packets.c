/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/replay.h>

#include "support/unit.h"

enum { PACKETS = 100, BYTES = 60 };

static const uint8_t frame[BYTES] = {0x01, 0x00, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 1, 8};

static void fill(struct wt_replay_packet *packets)
{
	for (int i = 0; i < PACKETS; i++)
		packets[i] = (struct wt_replay_packet){
		        .data = frame, .bytes = BYTES, .stamp_ns = i * INT64_C(10000)};
}

static struct wt_replay_result run(const struct wt_replay_config *config, int expected)
{
	struct wt_replay_result result = {.size = sizeof(result)};
	struct wt_error err = {0};
	struct wt_replay *replay;
	int rc;

	cr_assert(eq(int, wt_replay_open(&replay, config, &err), 0), "%s", err.text);
	rc = wt_replay_run(replay, &result, &err);
	cr_expect(eq(int, rc, expected), "%s", err.text);
	cr_expect(wt_replay_note(replay, 1000) == NULL);
	wt_replay_close(replay);
	return result;
}

Test(replay_packets, a_list_is_sent_once_and_proved)
{
	struct wt_replay_packet packets[PACKETS];
	struct wt_replay_config config = {.size = sizeof(config),
	                                  .interface = "sim",
	                                  .packets = packets,
	                                  .packet_count = PACKETS};
	struct wt_replay_result result;
	uint64_t proved = 0;

	fill(packets);
	result = run(&config, 0);
	cr_expect(eq(u64, result.sent, PACKETS));
	cr_expect(eq(u64, result.bytes, PACKETS * BYTES));
	for (int i = 0; i < WT_DEPARTURE_SOURCES; i++)
		proved += result.departures[i];
	cr_expect(eq(u64, proved + result.unproved, PACKETS));
	cr_expect(result.has_schedule);
	cr_expect(ge(i64, result.duration_ns, (PACKETS - 1) * INT64_C(10000)));
}

struct maker {
	unsigned left;
	int end;
};

static int make(void *context, struct wt_replay_packet *packet)
{
	struct maker *maker = context;

	if (!maker->left)
		return maker->end;
	maker->left--;
	*packet = (struct wt_replay_packet){.data = frame, .bytes = BYTES};
	return 1;
}

Test(replay_packets, a_callback_is_asked_until_it_has_no_more)
{
	struct maker maker = {.left = 50};
	struct wt_replay_config config = {.size = sizeof(config),
	                                  .interface = "sim",
	                                  .next = make,
	                                  .timing = "pps:100000",
	                                  .context = &maker};

	cr_expect(eq(u64, run(&config, 0).sent, 50));
	maker = (struct maker){.left = 7, .end = -EIO};
	cr_expect(eq(u64, run(&config, -EIO).sent, 7));
}

static int refusal(const struct wt_replay_config *config, struct wt_error *err)
{
	struct wt_replay *replay;

	return wt_replay_open(&replay, config, err);
}

Test(replay_packets, settings_that_make_no_sense_are_refused_with_the_reason)
{
	struct wt_replay_packet packet = {.data = frame, .bytes = BYTES};
	struct wt_replay_config config = {.size = sizeof(config), .interface = "sim"};
	struct wt_error err = {0};

	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
	cr_expect(strstr(err.text, "one of them") != NULL, "%s", err.text);
	config.packets = &packet;
	config.packet_count = 1;
	config.timing = "sometimes";
	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
	cr_expect(strstr(err.text, "sometimes") != NULL, "%s", err.text);
	config.timing = NULL;
	config.interface = NULL;
	cr_expect(eq(int, refusal(&config, &err), -EINVAL));
}
