/* SPDX-License-Identifier: BSD-2-Clause */

/* Whole replays with all their threads, by a clock that is simulated: what is expected of them is
 * exact. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/replay_run.h"
#include "support/unit.h"

#define S     INT64_C(1000000000)
#define MS    INT64_C(1000000)
#define US    INT64_C(1000)
#define T_NS  (1700000000 * S)
#define HOURS (2 * 3600 * S)

static struct replay_run run;

static void tear_down(void)
{
	replay_end(&run);
}

TestSuite(replay, .fini = tear_down);

static void run_it(void)
{
	int rc = replay_run(&run);

	cr_assert(eq(int, rc, 0), "%s", rc ? run.err.text : "");
}

static void run_on(const char *interface)
{
	run.config.interface = interface;
	run_it();
}

static void expect_says(const char *text, const char *what)
{
	cr_expect(strstr(text, what) != NULL, "'%s' says nothing of '%s'", text, what);
}

static void expect_text(const char *text, const char *expected)
{
	cr_expect(strcmp(text, expected) == 0, "'%s' instead of '%s'", text, expected);
}

/* Each packet left by itself, on time, and the proof has them all. */
static void expect_exact(uint64_t packets, int64_t last_due_ns)
{
	const struct wt_proof *proof = &run.result.proof;

	cr_expect(eq(u64, run.result.sent, packets));
	cr_expect(eq(u64, proof->departures, packets));
	cr_expect(eq(i64, proof->error.max_ns, 0));
	cr_expect(eq(i64, proof->gap_error.max_ns, 0));
	cr_expect(eq(i64, proof->first_departed_ns, 0));
	cr_expect(eq(i64, proof->last_due_ns, last_due_ns));
	cr_expect(eq(i64, proof->last_departed_ns, last_due_ns));
	cr_expect(eq(i64, wt_proof_stretch_ns(proof), 0));
	cr_expect(eq(i64, run.result.duration_ns, last_due_ns));
	cr_expect(eq(u64, run.result.unproved, 0));
}

/* Nothing is lost, nothing comes twice, and the order is kept. */
static void expect_numbers(uint64_t packets)
{
	cr_assert(eq(u64, run.row_count, packets));
	for (uint64_t i = 0; i < packets; i++)
		cr_assert(eq(u64, run.rows[i].number, i));
}

/* xorshift. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

/* ---- the schedule ---- */

Test(replay, two_hours_of_even_gaps_end_on_the_nanosecond)
{
	replay_generated(&run, "gen:count=72001,pps=10");
	run_it();
	expect_exact(72001, HOURS);
}

Test(replay, two_hours_of_thirds_of_a_second_end_on_the_nanosecond)
{
	replay_generated(&run, "gen:count=21601");
	replay_timing(&run, "pps:3");
	run_it();
	expect_exact(21601, HOURS);
	cr_expect(eq(i64, run.rows[1].due_ns, 333333333));
	cr_expect(eq(i64, run.rows[2].due_ns, 666666666));
	cr_expect(eq(i64, run.rows[3].due_ns, S));
}

/* Packets of 1 to 300 ms apart, the last of them at the end. */
static uint64_t build_random_gaps(int64_t end_ns)
{
	uint64_t state = 88172645463325252u;
	struct capture_builder *capture = &run.captures[0];

	capture_begin(capture);
	capture_interface(capture, "eth0", 1);
	for (int64_t at_ns = 0; at_ns < end_ns; at_ns += MS + (int64_t)(draw(&state) % (299 * MS)))
		capture_packet(capture, 0, T_NS + at_ns, 100);
	capture_packet(capture, 0, T_NS + end_ns, 100);
	capture_end(capture);
	replay_captures(&run, 1);
	return capture->packets;
}

Test(replay, a_file_of_two_hours_takes_two_hours)
{
	uint64_t packets = build_random_gaps(HOURS);

	run_it();
	cr_expect(gt(u64, packets, 40000));
	expect_exact(packets, HOURS);
	expect_numbers(packets);
}

Test(replay, three_times_as_fast_takes_a_third)
{
	uint64_t packets = build_random_gaps(HOURS);

	replay_timing(&run, "speed:3");
	run_it();
	expect_exact(packets, HOURS / 3);
}

Test(replay, random_gaps_are_the_same_with_the_same_seed_and_scale_exactly)
{
	int64_t original_ns;

	replay_generated(&run, "gen:count=20000,gaps=random,gap=360ms,seed=5");
	run_it();
	original_ns = run.result.proof.last_due_ns;
	cr_expect(gt(i64, original_ns, HOURS * 9 / 10));
	expect_exact(20000, original_ns);
	replay_timing(&run, "speed:3");
	run_it();
	expect_exact(20000, original_ns / 3);
}

Test(replay, what_handing_over_costs_delays_no_later_packet)
{
	replay_generated(&run, "gen:count=5001,pps=1000");
	run_on("sim:cost=800");
	expect_exact(5001, 5 * S);
}

Test(replay, the_way_to_the_wire_is_learned_and_made_up_for)
{
	replay_generated(&run, "gen:count=60000,pps=10");
	run_on("sim:delay=600");
	cr_expect(eq(i64, run.result.lead_ns, 600));
	cr_expect(eq(i64, run.result.proof.last_departed_ns, run.result.proof.last_due_ns));
	cr_expect(eq(i64, run.rows[0].error_ns, 600));
	cr_expect(eq(i64, run.rows[59999].error_ns, 0));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 600));
}

/* At ten packets a second: after seven of them, which is less than a second. */
Test(replay, the_lead_is_learned_from_a_few_packets)
{
	replay_generated(&run, "gen:count=300,gap=100ms");
	run_on("sim:delay=6us,cost=9us");
	cr_expect(eq(i64, run.result.lead_ns, 6 * US));
	/* The collector's round in real time comes when it comes; a simulated second takes none. */
	cr_expect(eq(u64, run.result.interruptions, 0));
	cr_expect(eq(u64, run.result.proof.calm_error.count, 300));
}

Test(replay, asleep_the_lead_is_learned_as_well)
{
	replay_generated(&run, "gen:count=60000,pps=10");
	run.config.pace = WT_PACE_SLEEP;
	run_on("sim:delay=600");
	cr_expect(eq(i64, run.result.lead_ns, 600));
	cr_expect(eq(i64, run.rows[59999].error_ns, 0));
}

/* Each packet late, and none of them for the machine: the kernel's part is the same. */
Test(replay, the_lead_is_learned_where_every_packet_is_late)
{
	replay_generated(&run, "gen:count=60000,gap=1us");
	run_on("sim:delay=1368,cost=2500");
	cr_expect(eq(i64, run.result.lead_ns, 1368));
}

/* A call that takes 20 us is long where others take 2, and usual where all do. */
Test(replay, calls_that_always_take_long_are_no_interruptions)
{
	replay_generated(&run, "gen:count=300,gap=10ms");
	run_on("sim:cost=20us");
	cr_expect(eq(u64, run.result.interruptions, 0));
	cr_expect(eq(i64, run.result.call_ns, 20 * US));
	cr_expect(eq(u64, run.result.proof.calm_error.count, 300));
}

Test(replay, the_first_packet_does_not_find_its_way_cold)
{
	replay_generated(&run, "gen:count=100,gap=100us");
	run.config.lead_ns = -1;
	run_on("sim:delay=600,cold=6us");
	for (size_t i = 0; i < run.row_count; i++)
		cr_assert(eq(i64, run.rows[i].error_ns, 600), "packet %zu", i);
}

Test(replay, after_a_long_wait_no_packet_finds_its_way_cold)
{
	replay_generated(&run, "gen:count=100,gap=1s");
	run.config.lead_ns = -1;
	run_on("sim:delay=600,cold=6us");
	for (size_t i = 0; i < run.row_count; i++)
		cr_assert(eq(i64, run.rows[i].error_ns, 600), "packet %zu", i);
}

Test(replay, a_lead_that_is_given_stays)
{
	replay_generated(&run, "gen:count=1000,pps=10");
	run.config.lead_ns = 250;
	run_on("sim:delay=600");
	cr_expect(eq(i64, run.result.lead_ns, 250));
	cr_expect(eq(i64, run.result.proof.worst_ns, 350));
	cr_expect(eq(i64, run.rows[999].error_ns, 350));
	run.config.lead_ns = -1;
	run_on("sim:delay=600");
	cr_expect(eq(i64, run.result.lead_ns, 0));
	cr_expect(eq(i64, run.rows[999].error_ns, 600));
}

Test(replay, as_fast_as_possible_there_is_no_schedule)
{
	replay_generated(&run, "gen:count=5000");
	replay_timing(&run, "asap");
	run_on("sim:cost=1000");
	cr_expect(not(run.result.has_schedule));
	cr_expect(eq(u64, run.result.sent, 5000));
	cr_expect(eq(u64, run.result.bytes, 5000 * 200));
	cr_expect(eq(u64, run.result.proof.departures, 0));
	cr_expect(le(i64, run.result.duration_ns, 5 * MS));
	cr_expect(gt(i64, run.result.duration_ns, 3 * MS));
}

/* ---- the processor is taken away ---- */

Test(replay, a_stall_is_reported_and_made_up_for)
{
	replay_generated(&run, "gen:count=5001,pps=1000");
	run_on("sim:stall-at=2s,stall=50500us");
	expect_numbers(5001);
	cr_expect(eq(u64, run.result.sent, 5001));
	/* Packets due at 2000, 2001 … 2050 ms leave at 2050.5 ms. */
	cr_expect(eq(i64, run.result.proof.error.max_ns, 50500 * US));
	cr_expect(eq(u64, run.result.proof.worst_number, 2000));
	cr_expect(eq(u64, run.result.proof.over_tolerance, 50));
	cr_expect(eq(i64, run.result.proof.last_departed_ns, 5 * S));
	cr_expect(eq(i64, run.result.duration_ns, 5 * S));
	for (size_t i = 0; i < run.row_count; i++) {
		bool is_late = i >= 2000 && i <= 2050;
		int64_t late_ns = is_late ? 50500 * US - ((int64_t)i - 2000) * MS : 0;

		cr_assert(eq(i64, run.rows[i].error_ns, late_ns), "packet %zu", i);
	}
}

Test(replay, waking_up_late_adds_nothing_up)
{
	replay_generated(&run, "gen:count=7201,pps=1");
	run_on("sim:wake=70us");
	cr_expect(eq(i64, run.result.proof.error.min_ns, 70 * US));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 70 * US));
	cr_expect(eq(i64, run.result.proof.last_departed_ns, HOURS + 70 * US));
	cr_expect(eq(i64, wt_proof_stretch_ns(&run.result.proof), 0));
	cr_expect(eq(u64, run.result.proof.over_tolerance, 0));
}

Test(replay, the_tolerance_is_the_callers)
{
	replay_generated(&run, "gen:count=100,pps=1");
	run.config.tolerance_ns = 69 * US;
	run_on("sim:wake=70us");
	cr_expect(eq(u64, run.result.proof.over_tolerance, 100));
}

/* ---- the queue is full ---- */

Test(replay, a_queue_that_is_full_now_and_then_loses_nothing)
{
	replay_generated(&run, "gen:count=7000,pps=1000");
	run.config.lead_ns = -1;
	run_on("sim:full-every=8,delay=600");
	expect_numbers(7000);
	cr_expect(eq(u64, run.result.sent, 7000));
	/* Every eighth try was in vain. */
	cr_expect(eq(u64, run.result.refused, 999));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_SOFTWARE], 7000));
	for (size_t i = 0; i < run.row_count; i++) {
		int64_t handover_ns = run.rows[i].due_ns;

		handover_ns += i && i % 7 == 0 ? 10 * US : 0;
		cr_assert(eq(i64, run.rows[i].handover_ns, handover_ns), "packet %zu", i);
		/* Its own stamp, and no one else's. */
		cr_assert(eq(i64, run.rows[i].departed_ns, handover_ns + 600), "packet %zu", i);
	}
}

Test(replay, batches_that_are_cut_short_lose_nothing)
{
	/* All at once, but for the time that handing over takes. */
	replay_generated(&run, "gen:count=10000,pps=100000000");
	run_on("sim:full-every=8,cost=1000,delay=600");
	expect_numbers(10000);
	cr_expect(eq(u64, run.result.sent, 10000));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_SOFTWARE], 10000));
	for (size_t i = 1; i < run.row_count; i++)
		cr_assert(gt(i64, run.rows[i].departed_ns, run.rows[i - 1].departed_ns),
		          "packet %zu", i);
}

Test(replay, a_queue_that_stays_full_is_an_error)
{
	replay_generated(&run, "gen:count=10,pps=1000");
	run.config.interface = "sim:full-every=1";
	cr_expect(eq(int, replay_run(&run), -ENOBUFS));
	expect_says(run.err.text, "has refused every packet for a second");
	cr_expect(eq(u64, run.result.sent, 0));
	cr_expect(gt(u64, run.result.refused, 1000));
}

/* ---- stamps ---- */

Test(replay, a_packet_whose_stamp_is_lost_has_its_hand_over)
{
	replay_generated(&run, "gen:count=900,pps=1000");
	run.config.lead_ns = -1;
	run_on("sim:lost-every=9,delay=600");
	expect_numbers(900);
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 100));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_SOFTWARE], 800));
	for (size_t i = 0; i < run.row_count; i++) {
		bool is_lost = i % 9 == 8;

		expect_text(run.rows[i].source, is_lost ? "handover" : "software");
		cr_assert(eq(i64, run.rows[i].departed_ns - run.rows[i].handover_ns,
		             is_lost ? 0 : 600));
	}
}

/* Each of them used to be waited for by itself, which took minutes. */
Test(replay, many_lost_stamps_do_not_hold_up_the_end)
{
	replay_generated(&run, "gen:count=40000,pps=1000");
	run_on("sim:lost-every=2");
	expect_numbers(40000);
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 20000));
}

Test(replay, a_driver_that_does_not_keep_its_word_does_not_hold_up_the_end)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:lost-every=1");
	expect_numbers(1000);
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 1000));
}

Test(replay, without_stamps_all_are_hand_over_times)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:stamps=none,delay=600");
	expect_exact(1000, 999 * MS);
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 1000));
	cr_expect(not(run.result.ports[0].has_stamps));
	run.config.tx_stamp = WT_TX_STAMP_OFF;
	run_on("sim:delay=600");
	expect_exact(1000, 999 * MS);
	cr_expect(not(run.result.ports[0].has_stamps));
}

/* ---- launch times ---- */

Test(replay, etf_keeps_launch_times_exactly)
{
	replay_generated(&run, "gen:count=20001,gaps=random,gap=360ms");
	run_on("sim:qdisc=etf,wake=30us");
	cr_expect(eq(int, (int)run.result.pace, WT_PACE_TXTIME));
	cr_expect(eq(u64, run.result.sent, 20001));
	cr_expect(eq(u64, run.result.late_launches, 0));
	cr_expect(eq(u64, run.result.proof.dropped, 0));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 0));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_SOFTWARE], 20001));
	expect_text(run.result.ports[0].qdisc, "etf");
}

Test(replay, late_launches_leave_at_once_and_are_counted)
{
	replay_generated(&run, "gen:count=5001,pps=1000");
	run_on("sim:qdisc=etf,stall-at=2s,stall=50500us");
	expect_numbers(5001);
	cr_expect(eq(u64, run.result.proof.dropped, 0));
	/* All are handed over a millisecond early: the stall begins at 1999 ms, ends at 2049.5 ms.
	 */
	cr_expect(eq(u64, run.result.late_launches, 50));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 49500 * US));
	cr_expect(eq(u64, run.result.proof.worst_number, 2000));
	for (size_t i = 0; i < run.row_count; i++) {
		bool is_late = i >= 2000 && i <= 2049;

		cr_assert(eq(i64, run.rows[i].departed_ns,
		             is_late ? 2049500 * US : run.rows[i].due_ns),
		          "packet %zu", i);
	}
}

Test(replay, a_lead_that_is_too_small_makes_all_late_and_drops_none)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run.config.txtime_lead_ns = 10 * US;
	run_on("sim:qdisc=etf,wake=70us");
	cr_expect(eq(u64, run.result.late_launches, 1000));
	cr_expect(eq(u64, run.result.proof.dropped, 0));
	cr_expect(eq(i64, run.result.proof.error.min_ns, 60 * US));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 60 * US));
}

Test(replay, fq_keeps_launch_times_by_its_own_clock)
{
	replay_generated(&run, "gen:count=20001,gaps=random,gap=360ms");
	run_on("sim:qdisc=fq,wake=30us");
	cr_expect(eq(int, (int)run.result.pace, WT_PACE_TXTIME));
	cr_expect(eq(u64, run.result.sent, 20001));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 0));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_SOFTWARE], 20001));
	cr_expect(eq(u64, run.result.late_launches, 0));
	expect_text(run.result.ports[0].qdisc, "fq");
}

Test(replay, what_lies_beyond_the_horizon_of_fq_waits)
{
	replay_generated(&run, "gen:count=100,pps=1");
	run.config.txtime_lead_ns = 20 * S;
	run_on("sim:qdisc=fq");
	expect_numbers(100);
	cr_expect(eq(i64, run.result.proof.error.max_ns, 0));
	cr_expect(eq(u64, run.result.late_launches, 0));
	for (size_t i = 0; i < run.row_count; i++)
		cr_assert(le(i64, run.rows[i].due_ns - run.rows[i].handover_ns, 10 * S));
}

Test(replay, what_the_qdisc_drops_is_counted_and_nothing_else)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:qdisc=etf,drop-every=10");
	expect_numbers(1000);
	cr_expect(eq(u64, run.result.sent, 1000));
	cr_expect(eq(u64, run.result.proof.dropped, 100));
	cr_expect(eq(u64, run.result.proof.departures, 900));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 0));
	for (size_t i = 0; i < run.row_count; i++)
		expect_text(run.rows[i].source, i % 10 == 9 ? "dropped" : "software");
}

/* After a stall many have one launch time; a drop report names nothing else. */
Test(replay, of_packets_with_one_launch_time_those_that_left_are_not_taken_for_dropped)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:qdisc=etf,drop-every=10,stall-at=200ms,stall=100ms");
	expect_numbers(1000);
	cr_expect(eq(u64, run.result.proof.dropped, 100));
	for (size_t i = 0; i < run.row_count; i++)
		expect_text(run.rows[i].source, i % 10 == 9 ? "dropped" : "software");
}

/* The same by the NIC's stamps, of which none is lost. */
Test(replay, a_stamp_of_the_nic_tells_what_left_from_what_was_dropped)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:stamps=hw,qdisc=etf,drop-every=10,stall-at=200ms,stall=100ms");
	expect_numbers(1000);
	cr_expect(eq(u64, run.result.proof.dropped, 100));
	cr_expect(eq(u64, run.result.ports[0].nic.missing, 0));
	for (size_t i = 0; i < run.row_count; i++)
		expect_text(run.rows[i].source, i % 10 == 9 ? "dropped" : "hardware");
}

Test(replay, launch_times_without_stamps_are_proved_by_hand_overs)
{
	replay_generated(&run, "gen:count=1000,pps=1000");
	run_on("sim:qdisc=etf,stamps=none");
	expect_numbers(1000);
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 1000));
	cr_expect(eq(i64, run.rows[999].departed_ns, run.rows[999].handover_ns));
}

Test(replay, launch_times_take_a_qdisc_that_keeps_them)
{
	replay_generated(&run, "gen:count=10");
	run.config.pace = WT_PACE_TXTIME;
	cr_expect(eq(int, replay_run(&run), -EOPNOTSUPP));
	expect_says(run.err.text, "pfifo_fast");
	expect_says(run.err.text, "--pace spin");
}

Test(replay, as_fast_as_possible_there_are_no_launch_times)
{
	replay_generated(&run, "gen:count=10");
	replay_timing(&run, "asap");
	run.config.pace = WT_PACE_TXTIME;
	run.config.interface = "sim:qdisc=etf";
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "launch times");
}

/* ---- when it starts and ends ---- */

Test(replay, starts_at_a_time_of_the_clock_that_was_named)
{
	/* The simulation's, see tx_sim.c: an hour after it was made, on the day of its making. */
	int64_t begin_ns = 3600 * S + 1700000000 * S;

	replay_generated(&run, "gen:count=10,pps=1000");
	run.config.start_at_ns = begin_ns + 5 * S;
	run.config.start_clock = CLOCK_REALTIME;
	run_it();
	cr_expect(eq(i64, run.result.start_utc_ns, begin_ns + 5 * S));
	expect_exact(10, 9 * MS);
	run.config.start_clock = CLOCK_TAI;
	run.config.start_at_ns += 37 * S;
	run_it();
	cr_expect(eq(i64, run.result.start_utc_ns, begin_ns + 5 * S));
}

Test(replay, starts_so_long_from_now_on)
{
	replay_generated(&run, "gen:count=10,pps=1000");
	run.config.start_at_ns = 60 * S;
	run.config.start_is_relative = true;
	run_it();
	cr_expect(eq(i64, run.result.start_utc_ns, 3600 * S + 1700000000 * S + 60 * S));
	expect_exact(10, 9 * MS);
}

Test(replay, a_start_that_has_passed_is_an_error)
{
	replay_generated(&run, "gen:count=10,pps=1000");
	run.config.start_at_ns = 1700000000 * S;
	cr_expect(eq(int, replay_run(&run), -ETIME));
	expect_says(run.err.text, "3600.000 s ago");
	cr_expect(eq(u64, run.result.sent, 0));
}

Test(replay, ends_after_the_time_that_was_given)
{
	replay_generated(&run, "gen:pps=1000");
	run.config.end_after_ns = 2 * S;
	run_it();
	cr_expect(eq(u64, run.result.sent, 2000));
	cr_expect(eq(i64, run.result.proof.last_departed_ns, 1999 * MS));
	cr_expect(not(run.result.was_stopped));
}

Test(replay, ends_after_the_time_that_was_given_to_gen)
{
	replay_generated(&run, "gen:pps=1000,duration=2s");
	run_it();
	expect_exact(2000, 1999 * MS);
}

Test(replay, packets_that_are_due_within_coalesce_leave_together)
{
	size_t calls = 0;

	replay_generated(&run, "gen:count=1000,pps=1000");
	run.config.pace = WT_PACE_SLEEP;
	run.config.coalesce_ns = 4 * MS;
	run_it();
	expect_numbers(1000);
	/* 0 to 4 ms at 4 ms, and so on, but that no batch goes beyond what is held. */
	for (size_t i = 0; i < run.row_count; i++) {
		cr_assert(le(i64, run.rows[i].error_ns, 4 * MS));
		cr_assert(ge(i64, run.rows[i].error_ns, 0));
		calls += !i || run.rows[i].handover_ns != run.rows[i - 1].handover_ns;
	}
	cr_expect(le(sz, calls, 1000 / 5 + 1000 / 64 + 1));
}

/* ---- times that are too large ---- */

Test(replay, a_time_that_cannot_be_told_ends_it)
{
	replay_generated(&run, "gen:count=5,gap=3000s");
	replay_timing(&run, "speed:0.000000001");
	cr_expect(eq(int, replay_run(&run), -EOVERFLOW));
	expect_says(run.err.text, "packet 1 would be due");
	cr_expect(eq(u64, run.result.sent, 1));
}

Test(replay, stamps_at_both_ends_of_time_end_it)
{
	struct capture_builder *capture = &run.captures[0];

	capture_begin(capture);
	capture_interface(capture, "eth0", 1);
	capture_packet(capture, 0, 0, 100);
	capture_packet(capture, 0, INT64_MAX - 1, 100);
	capture_end(capture);
	replay_captures(&run, 1);
	cr_expect(eq(int, replay_run(&run), -EOVERFLOW));
	cr_expect(eq(u64, run.result.sent, 1));
}

Test(replay, leads_have_a_limit)
{
	replay_generated(&run, "gen:count=5");
	run.config.lead_ns = INT64_MAX;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "a second");
	run.config.lead_ns = WT_REPLAYER_LEAD_NS_MAX;
	run_it();
	run.config.lead_ns = 0;
	run.config.txtime_lead_ns = INT64_MAX;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "a minute");
}

Test(replay, it_starts_within_a_year)
{
	static const int64_t times_ns[] = {INT64_MAX, 1800000000 * S};

	replay_generated(&run, "gen:count=5");
	run.config.start_clock = CLOCK_REALTIME;
	for (size_t i = 0; i < sizeof(times_ns) / sizeof(times_ns[0]); i++) {
		run.config.start_at_ns = times_ns[i];
		cr_expect(eq(int, replay_run(&run), -ETIME));
		expect_says(run.err.text, "within a year");
	}
	run.config.start_is_relative = true;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	run.config.start_at_ns = WT_REPLAYER_START_NS_MAX;
	run_it();
	cr_expect(eq(u64, run.result.sent, 5));
}

Test(replay, an_end_that_never_comes_is_none)
{
	replay_generated(&run, "gen:count=5");
	run.config.end_after_ns = INT64_MAX;
	run_it();
	cr_expect(eq(u64, run.result.sent, 5));
}

/* ---- stopping ---- */

Test(replay, stopped_before_it_starts_it_sends_nothing)
{
	replay_generated(&run, "gen:count=10");
	wt_replayer_stop(&run.stop);
	run_it();
	cr_expect(eq(u64, run.result.sent, 0));
	cr_expect(run.result.was_stopped);
	cr_expect(eq(i64, run.result.duration_ns, 0));
}

/* In the thread that calls for progress. */
static void stop_at(void *context, const struct wt_replayer_progress *progress)
{
	const uint64_t *packets = context;

	if (progress->sent >= *packets)
		wt_replayer_stop(&run.stop);
}

Test(replay, stopped_in_mid_run_all_that_was_sent_is_in_the_proof)
{
	uint64_t packets = 1000;

	replay_generated(&run, "gen:pps=1000");
	run.config.on_progress = stop_at;
	run.config.context = &packets;
	run_it();
	cr_expect(run.result.was_stopped);
	cr_expect(ge(u64, run.result.sent, packets));
	cr_expect(eq(u64, run.result.proof.departures + run.result.unproved, run.result.sent));
	cr_expect(eq(u64, run.row_count, run.result.proof.departures));
	cr_expect(eq(i64, run.result.proof.error.max_ns, 0));
}

/* Some MiB, through a buffer of two. */
static void build_large(uint32_t packets, uint32_t bytes)
{
	struct capture_builder *capture = &run.captures[0];

	capture_begin(capture);
	capture_interface(capture, "eth0", 1);
	for (uint32_t i = 0; i < packets; i++)
		capture_packet(capture, 0, T_NS + i * MS, bytes);
	capture_end(capture);
	replay_captures(&run, 1);
}

Test(replay, stopped_while_the_reader_waits_for_space_it_ends)
{
	build_large(20000, 1000);
	run.config.end_after_ns = 5 * MS;
	run_it();
	cr_expect(eq(u64, run.result.sent, 5));
	cr_expect(lt(u64, run.result.read, 20000));
}

Test(replay, a_file_that_is_larger_than_the_buffer_comes_out_whole)
{
	build_large(20000, 1000);
	run_it();
	expect_exact(20000, 19999 * MS);
	expect_numbers(20000);
	cr_expect(eq(u64, run.result.read, 20000));
	cr_expect(eq(u64, run.result.bytes, 20000 * 1000));
}

/* ---- the proof file ---- */

Test(replay, the_proof_names_the_interface_and_the_bytes)
{
	struct stat status;

	build_large(3, 77);
	run_on("sim:delay=0,wake=0,cost=0,lost-every=1000");
	expect_numbers(3);
	cr_expect(eq(u32, run.rows[2].bytes, 77));
	expect_text(run.rows[2].interface, "sim");
	expect_text(run.result.ports[0].interface, "sim");
	cr_expect(eq(int, stat(run.proof_path, &status), 0));
}

Test(replay, a_long_description_of_the_simulation_fits)
{
	char interface[500] = "sim:cost=0";

	while (strlen(interface) < sizeof(interface) - 10)
		strcat(interface, ",wake=0");
	replay_generated(&run, "gen:count=2000,pps=1000");
	run_on(interface);
	expect_numbers(2000);
}

Test(replay, a_proof_that_cannot_be_written_is_an_error)
{
	replay_generated(&run, "gen:count=10000,pps=1000");
	run.config.proof_path = "/dev/full";
	cr_expect(eq(int, replay_run(&run), -ENOSPC));
	expect_says(run.err.text, "/dev/full");
	/* It was sent all the same. */
	cr_expect(eq(u64, run.result.sent, 10000));
}

Test(replay, a_proof_in_a_folder_that_is_not_there_is_an_error_before_anything_is_sent)
{
	replay_generated(&run, "gen:count=10");
	run.config.proof_path = "/nowhere/proof.csv";
	cr_expect(eq(int, replay_run(&run), -ENOENT));
	expect_says(run.err.text, "/nowhere/proof.csv");
}

static void see_whether_it_is_there(void *context, const struct wt_replayer_progress *progress)
{
	bool *is_there = context;

	(void)progress;
	*is_there |= access(run.proof_path, F_OK) == 0;
}

Test(replay, the_proof_appears_when_it_is_whole)
{
	bool is_there = false;

	replay_generated(&run, "gen:count=60000,pps=1000");
	run.config.on_progress = see_whether_it_is_there;
	run.config.context = &is_there;
	run_it();
	cr_expect(not(is_there));
	expect_numbers(60000);
}

/* ---- what makes no sense ---- */

Test(replay, generated_packets_and_files_are_not_for_one_replay)
{
	build_large(1, 60);
	replay_generated(&run, "gen:count=10");
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "not both");
}

Test(replay, generated_packets_are_not_changed)
{
	replay_generated(&run, "gen:count=10");
	run.config.loops = 2;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	run.config.loops = 0;
	run.config.filter = "udp";
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "gen:");
}

Test(replay, udp_takes_an_address_and_an_address_udp)
{
	struct wt_udp_target target = {0};

	replay_generated(&run, "gen:count=10");
	run.config.tx = WT_TX_UDP;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "--to");
	run.config.tx = WT_TX_RING;
	run.config.target = &target;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "--tx udp");
}

Test(replay, a_simulation_that_is_not_understood_is_an_error)
{
	static const char *const wrong[] = {"sim:nonsense",  "sim:cost=",          "sim:cost=-1",
	                                    "sim:qdisc=tbf", "sim:full-every=1.5", "sim:cost=1d"};

	replay_generated(&run, "gen:count=1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		run.config.interface = wrong[i];
		cr_expect(eq(int, replay_run(&run), -EINVAL), "%s", wrong[i]);
		expect_says(run.err.text, wrong[i] + strlen("sim:"));
	}
}

Test(replay, a_cpu_that_is_not_there_is_an_error)
{
	replay_generated(&run, "gen:count=1");
	run.config.cpu = 1024;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	expect_says(run.err.text, "CPU 1023");
}

Test(replay, the_rate_is_that_of_the_gaps_where_there_is_a_schedule)
{
	struct wt_replayer_result *result = calloc(1, sizeof(*result));

	cr_assert(ne(ptr, result, NULL));
	result->sent = 4;
	result->has_schedule = true;
	cr_expect(eq(dbl, wt_replayer_rate_pps(result), 0));
	result->duration_ns = 1000000000;
	cr_expect(eq(dbl, wt_replayer_rate_pps(result), 3));
	result->has_schedule = false;
	cr_expect(eq(dbl, wt_replayer_rate_pps(result), 4));
	free(result);
}
