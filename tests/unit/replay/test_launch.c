/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <string.h>
#include <time.h>

#include <wiretape/replay/launch/launch.h>

#include "support/unit.h"

#define S INT64_C(1000000000)

enum { ROOT = 0x01000000, DELTA = 200000 };

/* An interface's qdiscs, put together by each test. */
static struct wt_qdisc tree[40];
static size_t count;
static struct wt_launch launch;
static char text[400];

static struct wt_qdisc *add(const char *name, enum wt_qdisc_kind kind, uint32_t parent)
{
	struct wt_qdisc *made = &tree[count];

	cr_assert(lt(sz, count, sizeof(tree) / sizeof(tree[0])));
	*made = (struct wt_qdisc){.kind = kind, .parent = parent, .has_options = true};
	made->handle = parent == TC_H_ROOT ? ROOT : (uint32_t)(0x8000 + count) << 16;
	strcpy(made->name, name);
	count++;
	return made;
}

static struct wt_qdisc *add_etf(uint32_t parent, bool offload)
{
	struct wt_qdisc *etf = add("etf", WT_QDISC_ETF, parent);

	etf->etf = (struct wt_qdisc_etf){DELTA, CLOCK_TAI, false, offload, false};
	return etf;
}

static struct wt_qdisc *add_fq(uint32_t parent)
{
	struct wt_qdisc *fq = add("fq", WT_QDISC_FQ, parent);

	fq->fq = (struct wt_qdisc_fq){10 * S, true, 10000, 100};
	return fq;
}

/* Priority 3 has queue 0 for itself, 2 queue 1, all others 2 and 3. */
static const struct wt_qdisc_map three_classes = {
        .classes = 3,
        .class_of = {2, 2, 1, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
        .queues = {1, 1, 2},
        .first_queue = {0, 1, 2},
};

static void add_mqprio(void)
{
	add("mqprio", WT_QDISC_MQPRIO, TC_H_ROOT)->map = three_classes;
}

static struct wt_qdisc *add_taprio(bool assist, bool full)
{
	struct wt_qdisc *taprio = add("taprio", WT_QDISC_TAPRIO, TC_H_ROOT);

	taprio->map = three_classes;
	taprio->taprio = (struct wt_qdisc_taprio){
	        .has_clock = !full,
	        .clock = full ? 0 : CLOCK_TAI,
	        .txtime_assist = assist,
	        .full_offload = full,
	};
	return taprio;
}

static void find(int priority)
{
	memset(&launch, 0xff, sizeof(launch));
	wt_launch_find(&launch, "eth0", tree, count, priority);
}

static void expect(int priority, enum wt_launch_verdict verdict, const char *says)
{
	find(priority);
	cr_expect(launch.verdict == verdict, "priority %d: %s: %s", priority,
	          wt_launch_verdict_name(launch.verdict), launch.text);
	cr_expect(strstr(launch.text, says) != NULL, "'%s' without '%s'", launch.text, says);
	cr_expect(lt(sz, strlen(launch.text), sizeof(launch.text) - 1));
	if (verdict != WT_LAUNCH_HONOURED)
		cr_expect(not(launch.clock || launch.offload || launch.gates));
}

/* Who honours them */

Test(launch, a_qdisc_that_ignores_launch_times_is_named_with_a_way_out)
{
	add("pfifo_fast", WT_QDISC_OTHER, TC_H_ROOT);
	expect(0, WT_LAUNCH_IGNORED, "interface eth0 has qdisc pfifo_fast, which ignores");
	cr_expect(strstr(launch.text, "tc qdisc replace dev eth0 root") != NULL);
	expect(WT_LAUNCH_ANY_PRIORITY, WT_LAUNCH_IGNORED, "pfifo_fast");
}

Test(launch, without_a_qdisc_nobody_looks)
{
	expect(0, WT_LAUNCH_NO_QDISC, "eth0 has no qdisc");
	add("noqueue", WT_QDISC_OTHER, TC_H_ROOT);
	expect(0, WT_LAUNCH_NO_QDISC, "noqueue");
}

Test(launch, etf_at_the_root_honours_all_priorities)
{
	add_etf(TC_H_ROOT, false);
	for (int priority = 0; priority < 16; priority++) {
		expect(priority, WT_LAUNCH_HONOURED, "etf 100: sends");
		cr_expect(eq(u32, launch.priority, (unsigned)priority));
	}
	cr_expect_eq(launch.kind, WT_QDISC_ETF);
	cr_expect(eq(i32, launch.clock, CLOCK_TAI));
	cr_expect(eq(i64, launch.delta_ns, DELTA));
	cr_expect(launch.drops_late && !launch.offload && !launch.gates);
	cr_expect_str_eq(launch.name, "etf");
	tree[0].etf.offload = true;
	expect(WT_LAUNCH_ANY_PRIORITY, WT_LAUNCH_HONOURED, "the NIC keeps the time");
	cr_expect(launch.offload);
}

Test(launch, etf_in_deadline_mode_sends_as_soon_as_it_can)
{
	add_etf(TC_H_ROOT, true)->etf.deadline = true;
	expect(0, WT_LAUNCH_DEADLINE, "without deadline_mode");
}

Test(launch, a_qdisc_whose_options_are_unknown_is_not_trusted)
{
	add_etf(TC_H_ROOT, true)->has_options = false;
	expect(0, WT_LAUNCH_NOT_TOLD, "tc qdisc show dev eth0");
	count = 0;
	add_fq(TC_H_ROOT)->has_options = false;
	expect(0, WT_LAUNCH_NOT_TOLD, "qdisc fq");
}

Test(launch, fq_honours_all_but_the_priority_that_overtakes)
{
	add_fq(TC_H_ROOT);
	expect(0, WT_LAUNCH_HONOURED, "up to 10.000 s ahead, by CLOCK_MONOTONIC");
	cr_expect_eq(launch.kind, WT_QDISC_FQ);
	cr_expect(eq(i32, launch.clock, CLOCK_MONOTONIC));
	cr_expect(eq(i64, launch.horizon_ns, 10 * S));
	cr_expect(eq(u32, launch.limit_packets, 100));
	cr_expect(launch.horizon_drop && !launch.drops_late && !launch.offload);
	expect(7, WT_LAUNCH_OVERTAKEN, "another priority");
	expect(15, WT_LAUNCH_HONOURED, "fq");
	tree[0].fq.horizon_ns = 0;
	expect(0, WT_LAUNCH_HONOURED, "at their launch times, by CLOCK_MONOTONIC");
}

Test(launch, mqprio_leads_a_priority_to_its_queues)
{
	add_mqprio();
	add_etf(ROOT | 1, true);
	add_etf(ROOT | 2, false);
	add("fq_codel", WT_QDISC_OTHER, ROOT | 3);
	add("fq_codel", WT_QDISC_OTHER, ROOT | 4);
	expect(3, WT_LAUNCH_HONOURED, "priority 3");
	cr_expect(launch.offload);
	cr_expect(eq(u32, launch.parent, ROOT | 1));
	expect(2, WT_LAUNCH_HONOURED, "priority 2");
	cr_expect(not(launch.offload));
	expect(0, WT_LAUNCH_IGNORED, "fq_codel");
}

Test(launch, of_any_priority_the_one_with_offload_is_taken)
{
	add_mqprio();
	add_etf(ROOT | 1, true);
	add_etf(ROOT | 2, false);
	find(WT_LAUNCH_ANY_PRIORITY);
	cr_expect(eq(u32, launch.priority, 3));
	cr_expect(launch.offload);
	tree[1].etf.offload = false;
	find(WT_LAUNCH_ANY_PRIORITY);
	cr_expect(eq(u32, launch.priority, 2), "else the first that is honoured");
	tree[1].etf.deadline = tree[2].etf.deadline = true;
	expect(WT_LAUNCH_ANY_PRIORITY, WT_LAUNCH_IGNORED, "queue 2 of qdisc mqprio");
	cr_expect(eq(u32, launch.priority, 0), "else what is true of those without one");
}

Test(launch, queues_that_a_packet_may_take_have_to_be_alike)
{
	struct wt_qdisc *other;

	add_mqprio();
	add_etf(ROOT | 3, true);
	expect(0, WT_LAUNCH_MIXED, "with etf they are honoured, with the default ignored");
	other = add_etf(ROOT | 4, true);
	expect(0, WT_LAUNCH_HONOURED, "etf");
	other->etf.delta_ns++;
	expect(0, WT_LAUNCH_MIXED, "settings differ");
	*other = (struct wt_qdisc){
	        .name = "fq", .kind = WT_QDISC_FQ, .parent = ROOT | 4, .has_options = true};
	expect(0, WT_LAUNCH_MIXED, "settings differ");
}

Test(launch, beneath_mq_and_multiq_every_queue_may_be_taken)
{
	add("mq", WT_QDISC_MQ, TC_H_ROOT);
	expect(0, WT_LAUNCH_IGNORED, "queue 0");
	for (uint32_t queue = 1; queue <= 4; queue++)
		add_fq(ROOT | queue);
	expect(0, WT_LAUNCH_HONOURED, "fq");
	tree[0].kind = WT_QDISC_MULTIQ;
	expect(5, WT_LAUNCH_HONOURED, "fq");
	tree[3] = (struct wt_qdisc){.name = "pfifo", .parent = ROOT | 3};
	expect(0, WT_LAUNCH_MIXED, "with pfifo ignored");
}

/* As the kernel makes it with net.core.default_qdisc=fq: no handle, parents :1 to :4. */
Test(launch, a_default_mq_has_no_handle)
{
	add("mq", WT_QDISC_MQ, TC_H_ROOT)->handle = 0;
	for (uint32_t queue = 1; queue <= 4; queue++)
		add_fq(queue)->handle = 0;
	expect(0, WT_LAUNCH_HONOURED, "fq 0:");
}

Test(launch, taprio_alone_has_gates_only)
{
	add_taprio(false, false);
	expect(3, WT_LAUNCH_GATES_ONLY, "when their gate is open");
	add("pfifo", WT_QDISC_OTHER, ROOT | 1);
	expect(3, WT_LAUNCH_GATES_ONLY, "give those queues etf, or");
	tree[0].taprio.txtime_assist = true;
	expect(3, WT_LAUNCH_GATES_ONLY, "etf with skip_sock_check");
}

Test(launch, taprio_with_etf_has_gates_and_launch_times)
{
	add_taprio(true, false);
	add_etf(ROOT | 1, true)->etf.skip_sock_check = true;
	expect(3, WT_LAUNCH_HONOURED, "etf");
	cr_expect(launch.gates && launch.offload);
	tree[0].taprio.clock = CLOCK_REALTIME;
	expect(3, WT_LAUNCH_CLOCKS_DIFFER,
	       "taprio with CLOCK_REALTIME and beneath it etf with "
	       "CLOCK_TAI");
	tree[0].taprio.has_clock = false;
	expect(3, WT_LAUNCH_NOT_TOLD, "taprio");
}

Test(launch, taprio_with_full_offload_leaves_the_queues_to_their_etf)
{
	add_taprio(false, true);
	add_etf(ROOT | 1, true);
	expect(3, WT_LAUNCH_HONOURED, "etf");
	cr_expect(launch.gates && launch.offload);
}

Test(launch, what_is_beneath_a_qdisc_with_filters_cannot_be_known)
{
	add("prio", WT_QDISC_OTHER, TC_H_ROOT);
	expect(0, WT_LAUNCH_IGNORED, "prio");
	add_etf(ROOT | 1, false);
	expect(0, WT_LAUNCH_BENEATH, "its filters");
}

Test(launch, every_verdict_has_a_name)
{
	for (int i = 0; i < WT_LAUNCH_VERDICTS; i++) {
		const char *name = wt_launch_verdict_name((enum wt_launch_verdict)i);

		cr_expect(name && *name, "%d", i);
		for (int j = 0; j < i; j++)
			cr_expect_str_neq(name, wt_launch_verdict_name((enum wt_launch_verdict)j));
	}
}

/* Clocks */

Test(launch, clocks_have_names)
{
	char name[WT_LAUNCH_CLOCK_BYTES];

	cr_expect_str_eq(wt_launch_clock_name(CLOCK_TAI, name), "CLOCK_TAI");
	cr_expect_str_eq(wt_launch_clock_name(CLOCK_MONOTONIC, name), "CLOCK_MONOTONIC");
	cr_expect_str_eq(wt_launch_clock_name(3, name), "clock 3");
	cr_expect_str_eq(wt_launch_clock_name(INT32_MIN, name), "clock -2147483648");
}

Test(launch, of_readings_the_one_with_the_closest_looks_counts)
{
	struct wt_launch_offset offset = {0};

	cr_expect(eq(i64, wt_launch_time(5, &offset), 5));
	wt_launch_offset_read(&offset, 1000, 50000, 1101);
	cr_expect(eq(i64, offset.ns, 50000 - 1050));
	cr_expect(eq(i64, offset.error_ns, 51));
	wt_launch_offset_read(&offset, 2000, 51000, 2010);
	cr_expect(eq(i64, offset.ns, 51000 - 2005));
	cr_expect(eq(i64, offset.error_ns, 5));
	wt_launch_offset_read(&offset, 3000, 99999, 3500);
	wt_launch_offset_read(&offset, 3000, 99999, 2999);
	cr_expect(eq(i64, offset.ns, 51000 - 2005), "a wider one, and one that is none");
	cr_expect(eq(u32, offset.readings, 2));
	cr_expect(eq(i64, wt_launch_time(2005, &offset), 51000));
}

Test(launch, times_do_not_go_round)
{
	struct wt_launch_offset offset = {.ns = INT64_MAX};

	cr_expect(eq(i64, wt_launch_time(1, &offset), INT64_MAX));
	offset.ns = INT64_MIN;
	cr_expect(eq(i64, wt_launch_time(-1, &offset), INT64_MIN));
}

static bool judge(int tai, bool has_phc, int64_t phc_minus_utc_ns)
{
	struct wt_launch_clocks clocks = {tai, has_phc, phc_minus_utc_ns, 500};

	memset(text, 'x', sizeof(text));
	return wt_launch_judge_clocks(&launch, &clocks, text, sizeof(text));
}

Test(launch, in_software_clock_tai_without_an_offset_is_fine_and_said)
{
	add_etf(TC_H_ROOT, false);
	find(0);
	cr_expect(judge(37, false, 0));
	cr_expect_str_empty(text);
	cr_expect(judge(0, true, 37 * S));
	cr_expect(strstr(text, "fine for launch times of this machine") != NULL, "%s", text);
}

Test(launch, with_offload_phc_and_clock_tai_have_to_agree)
{
	add_etf(TC_H_ROOT, true);
	find(0);
	cr_expect(judge(37, true, 37 * S + 900000));
	cr_expect_str_empty(text);
	cr_expect(judge(37, true, 37 * S - WT_LAUNCH_PHC_NS - 500));
	cr_expect(not(judge(37, true, 37 * S - WT_LAUNCH_PHC_NS - 501)));
	cr_expect(strstr(text, "0.001000501 s behind CLOCK_TAI") != NULL, "%s", text);
	cr_expect(not(judge(37, true, 0)), "a PHC on UTC");
	cr_expect(strstr(text, "37.000000000 s behind") != NULL, "%s", text);
	cr_expect(not(judge(0, true, 37 * S)));
	cr_expect(strstr(text, "nobody has told the kernel TAI - UTC") != NULL, "%s", text);
	cr_expect(judge(0, true, 100), "both on UTC");
	cr_expect(strstr(text, "both show UTC") != NULL, "%s", text);
	cr_expect(not(judge(37, false, 0)));
	cr_expect(strstr(text, "cannot be read") != NULL, "%s", text);
	cr_expect(not(judge(37, true, INT64_MIN)));
}

Test(launch, clock_monotonic_needs_no_tai)
{
	add_fq(TC_H_ROOT);
	find(0);
	cr_expect(judge(0, true, 37 * S));
	cr_expect_str_empty(text);
}

/* Packets */

static const char *const ways[WT_LAUNCH_WAYS] = {"with time", "not yet", "at once"};

static void decides(int64_t due_ns, int64_t now_ns, int64_t margin_ns, int64_t last_ns,
                    enum wt_launch_way way, int64_t time_ns, bool late)
{
	struct wt_launch_decision decision =
	        wt_launch_decide(&launch, due_ns, now_ns, margin_ns, last_ns);

	cr_expect(decision.way == way && decision.time_ns == time_ns && decision.late == late,
	          "due %lld at %lld: %s %lld%s", (long long)due_ns, (long long)now_ns,
	          ways[decision.way], (long long)decision.time_ns, decision.late ? " late" : "");
}

Test(launch, with_offload_a_packet_gets_its_own_time_if_the_nic_can_keep_it)
{
	add_etf(TC_H_ROOT, true);
	find(0);
	decides(10 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 10 * S, false);
	decides(9 * S + DELTA, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA, false);
	decides(9 * S + DELTA - 1, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA,
	        true);
	decides(8 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA, true);
	decides(8 * S, 9 * S, DELTA + 7, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA + 7, true);
}

Test(launch, without_offload_the_delta_is_added_so_that_nothing_leaves_early)
{
	add_etf(TC_H_ROOT, false);
	find(0);
	decides(10 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 10 * S + DELTA, false);
	decides(9 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA, false);
	decides(9 * S - 1, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA, true);
	/* A margin beyond the delta: the packet must not be too late when it arrives. */
	decides(9 * S, 9 * S, DELTA + 7, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + DELTA + 7, true);
}

/* is_packet_valid() and etf_dequeue_timesortedlist() of the kernel's etf, in short. */
Test(launch, nothing_that_etf_is_given_is_dropped_and_nothing_overtakes)
{
	enum { PACKETS = 2000 };
	int64_t now_ns = S, last_ns = INT64_MIN;
	uint64_t state = 1;

	add_etf(TC_H_ROOT, false);
	for (int i = 0; i < PACKETS; i++) {
		struct wt_launch_decision decision;
		int64_t due_ns, margin_ns, arrival_ns;

		state = state * 6364136223846793005u + 1442695040888963407u;
		tree[0].etf.offload = state >> 63;
		tree[0].etf.delta_ns = (int32_t)(state >> 40 & 0x3ffff);
		find(0);
		margin_ns = (int64_t)(state >> 20 & 0xffff);
		due_ns = now_ns + (int64_t)(state >> 33 & 0xfffff) - 0x80000;
		decision = wt_launch_decide(&launch, due_ns, now_ns, margin_ns, last_ns);
		arrival_ns = now_ns + margin_ns;
		cr_assert_eq(decision.way, WT_LAUNCH_WITH_TIME);
		cr_assert(ge(i64, decision.time_ns, arrival_ns), "its time has passed");
		cr_assert(ge(i64, decision.time_ns, now_ns + launch.delta_ns), "before q->last");
		cr_assert(ge(i64, decision.time_ns, last_ns), "overtakes");
		cr_assert(ge(i64, decision.time_ns, due_ns), "early");
		last_ns = decision.time_ns;
		now_ns += (int64_t)(state >> 50 & 0x3ff);
	}
}

Test(launch, no_packet_gets_a_time_before_the_one_in_front)
{
	add_etf(TC_H_ROOT, true);
	find(0);
	decides(8 * S, 9 * S, 1000, 9 * S + 5 * DELTA, WT_LAUNCH_WITH_TIME, 9 * S + 5 * DELTA,
	        true);
	count = 0;
	add_fq(TC_H_ROOT);
	find(0);
	decides(8 * S, 9 * S, 1000, 8 * S + 1, WT_LAUNCH_WITH_TIME, 8 * S + 1, true);
}

Test(launch, fq_gets_its_own_time_also_if_it_has_passed)
{
	add_fq(TC_H_ROOT);
	find(0);
	decides(8 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 8 * S, true);
	decides(9 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S, false);
	/* 0 would be no time at all. */
	decides(-5, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 1, true);
}

Test(launch, what_is_beyond_the_horizon_of_fq_is_not_handed_over_yet)
{
	add_fq(TC_H_ROOT);
	find(0);
	decides(19 * S - 1000, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 19 * S - 1000, false);
	decides(19 * S - 999, 9 * S, 1000, INT64_MIN, WT_LAUNCH_NOT_YET, 9 * S + 1, false);
	decides(60 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_NOT_YET, 50 * S + 1000, false);
	/* A horizon that is shorter than the margin must not keep it for ever. */
	launch.horizon_ns = 500;
	decides(9 * S + 5000, 9 * S, 1000, INT64_MIN, WT_LAUNCH_NOT_YET, 9 * S + 5000, false);
	decides(9 * S + 5000, 9 * S + 5000, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 9 * S + 5000,
	        false);
	launch.horizon_ns = 0;
	decides(60 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_WITH_TIME, 60 * S, false);
}

Test(launch, where_nobody_honours_a_time_it_is_left_out)
{
	find(0);
	decides(10 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_AT_ONCE, 10 * S, false);
	decides(8 * S, 9 * S, 1000, INT64_MIN, WT_LAUNCH_AT_ONCE, 8 * S, true);
}

Test(launch, the_ends_of_time_are_ends)
{
	add_etf(TC_H_ROOT, false);
	find(0);
	decides(INT64_MAX, S, 0, INT64_MIN, WT_LAUNCH_WITH_TIME, INT64_MAX, false);
	decides(INT64_MIN, INT64_MAX, INT64_MAX, INT64_MIN, WT_LAUNCH_WITH_TIME, INT64_MAX, true);
	count = 0;
	add_fq(TC_H_ROOT);
	find(0);
	decides(INT64_MAX, S, 0, INT64_MIN, WT_LAUNCH_NOT_YET, INT64_MAX - 10 * S, false);
}
