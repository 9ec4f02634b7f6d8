/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include <wiretape/replay/replayer.h>

#include "support/unit.h"

static struct wt_generated generated;
static struct wt_replayer_result result; /* 130 KB */
static struct wt_replayer_config config;

static void arrange(const char *interface, uint64_t count)
{
	generated = (struct wt_generated){.count = count};
	config = (struct wt_replayer_config){
	        .generated = &generated,
	        .interface = interface,
	        .schedule = {.timing = WT_TIMING_PPS, .numerator = 100000},
	};
}

static void run(void)
{
	struct wt_replayer *replay = NULL;
	struct wt_error err = {0};

	cr_assert_eq(wt_replayer_open(&replay, &config, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(wt_replayer_run(replay, &result, &err), 0, "%s", err.text);
	wt_replayer_close(replay);
}

static void expect_refusal(int code)
{
	struct wt_replayer *replay = NULL;
	struct wt_error err = {0};
	int rc = wt_replayer_open(&replay, &config, NULL, &err);

	cr_expect(eq(int, rc, code), "%s", err.text);
	wt_replayer_close(rc ? NULL : replay);
}

Test(replay_open, without_a_proof_everything_is_sent_and_nothing_is_recorded)
{
	arrange("sim", 5000);
	config.no_proof = true;
	run();
	cr_expect(eq(u64, result.sent, 5000));
	cr_expect(eq(u64, result.proof.departures, 0));
	cr_expect(eq(u64, result.unproved, 0));
	cr_expect(eq(i64, result.duration_ns, 49990000));
}

static uint64_t ticks;

static void count_ticks(void *context, const struct wt_replayer_progress *progress)
{
	(void)context;
	(void)progress;
	ticks++;
}

Test(replay_open, without_a_proof_progress_is_told_all_the_same)
{
	arrange("sim", 5000);
	config.no_proof = true;
	config.on_progress = count_ticks;
	run();
	cr_expect(eq(u64, result.sent, 5000));
	cr_expect(eq(u64, result.proof.departures, 0));
	cr_expect(gt(u64, ticks, 0));
}

Test(replay_open, no_file_is_made_of_a_proof_that_is_not)
{
	arrange("sim", 1);
	config.no_proof = true;
	config.proof_path = "absent.csv";
	expect_refusal(-EINVAL);
}

Test(replay_open, no_nic_is_told_to_stamp_for_a_proof_that_is_not)
{
	arrange("sim:stamps=hw,tx-type=off", 1);
	config.tx_stamp = WT_TX_STAMP_HARDWARE;
	config.no_proof = true;
	expect_refusal(-EINVAL);
	config.no_proof = false;
	config.schedule.timing = WT_TIMING_ASAP;
	expect_refusal(-EINVAL);
}

Test(replay_open, without_a_proof_nobody_is_asked_for_stamps)
{
	arrange("sim:stamps=hw", 100);
	config.no_proof = true;
	run();
	cr_expect(not(result.ports[0].has_stamps));
	cr_expect_str_eq(result.ports[0].nic.clock, "");
}

Test(replay_open, batches_of_every_size_send_all_once)
{
	static const uint32_t sizes[] = {1, 3, 64, 65, 1000, WT_REPLAYER_BATCH_MAX};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		arrange("sim:cost=100", 10001);
		config.schedule.timing = WT_TIMING_ASAP;
		config.batch = sizes[i];
		run();
		cr_expect(eq(u64, result.sent, 10001), "batches of %u", sizes[i]);
		cr_expect(eq(u64, result.bytes, 10001 * 200), "batches of %u", sizes[i]);
		cr_expect(eq(i64, result.duration_ns, 10001 * 100), "batches of %u", sizes[i]);
	}
	config.batch = WT_REPLAYER_BATCH_MAX + 1;
	expect_refusal(-EINVAL);
}

/* Each sixth packet that is taken is followed by one that is not. */
Test(replay_open, a_full_queue_counts_also_amid_a_batch)
{
	arrange("sim:full-every=7", 600);
	config.schedule.timing = WT_TIMING_ASAP;
	run();
	cr_expect(eq(u64, result.sent, 600));
	cr_expect(eq(u64, result.refused, 99));
}

Test(replay_open, a_simulation_is_not_a_socket)
{
	arrange("sim", 1);
	config.tx = WT_TX_SOCKET;
	expect_refusal(-ENODEV);
}
