/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <wiretape/replay/tx/tx_sim.h>

#include "support/unit.h"

#define S      INT64_C(1000000000)
#define TAI_NS (1700000037 * S) /* of the simulation, beyond its CLOCK_MONOTONIC */
#define UTC_NS (1700000000 * S)

static struct wt_sim_tx_config sim;
static struct wt_tx *tx;
static struct wt_pace_clock *pace;
static struct wt_error err;
static struct wt_tx_report reports[WT_TX_REPORTS];
static const uint8_t frame[60];
static const int no_stop;

static void tear_down(void)
{
	if (tx)
		tx->ops->close(tx);
}

TestSuite(tx_sim, .fini = tear_down);

static void parse(const char *text)
{
	int rc = wt_sim_tx_parse(&sim, text, &err);

	cr_assert(eq(int, rc, 0), "%s: %s", text, rc ? err.text : "");
}

static void open_sim(const char *text, bool wants_launch, int32_t launch_clock)
{
	const struct wt_tx_config config = {
	        .stamp = WT_TX_STAMP_AUTO,
	        .wants_launch = wants_launch,
	        .launch_clock = launch_clock,
	        .sim = &sim,
	};

	parse(text);
	cr_assert(eq(int, wt_tx_open_sim(&tx, &config, &err), 0));
	pace = wt_sim_tx_clock(tx);
}

static int64_t now(void)
{
	return pace->ops->now(pace);
}

static int send_at(int64_t launch_ns)
{
	const struct wt_tx_packet packet = {frame, sizeof(frame), launch_ns};

	return tx->ops->send(tx, &packet, 1);
}

static void expect_report(enum wt_tx_report_kind kind)
{
	cr_assert(eq(int, tx->ops->reports(tx, reports), 1));
	cr_expect(eq(int, (int)reports[0].kind, (int)kind));
}

/* ---- the description ---- */

Test(tx_sim, is_told_from_interfaces)
{
	cr_expect(wt_sim_tx_is("sim"));
	cr_expect(wt_sim_tx_is("sim:cost=5"));
	cr_expect(not(wt_sim_tx_is("sim0")));
	cr_expect(not(wt_sim_tx_is("eth0")));
	cr_expect(not(wt_sim_tx_is(NULL)));
}

Test(tx_sim, takes_all_of_its_settings)
{
	parse("sim:cost=800,wake=1us,stall-at=2s,stall=5ms,delay=600,full-every=7,lost-every=9,"
	      "drop-every=11,stamps=none,qdisc=fq,clock=tai,delta=50us");
	cr_expect(eq(i64, sim.cost_ns, 800));
	cr_expect(eq(i64, sim.wake_ns, 1000));
	cr_expect(eq(i64, sim.stall_at_ns, 2 * S));
	cr_expect(eq(i64, sim.stall_ns, 5000000));
	cr_expect(eq(i64, sim.delay_ns, 600));
	cr_expect(eq(u32, sim.full_every, 7));
	cr_expect(eq(u32, sim.lost_every, 9));
	cr_expect(eq(u32, sim.drop_every, 11));
	cr_expect(sim.no_stamps);
	cr_expect(eq(int, (int)sim.qdisc, WT_QDISC_FQ));
	cr_expect(eq(int, sim.qdisc_clock, CLOCK_TAI));
	cr_expect(eq(i64, sim.delta_ns, 50000));
}

Test(tx_sim, qdiscs_have_the_clocks_that_the_kernel_gives_them)
{
	parse("sim:qdisc=etf");
	cr_expect(eq(int, sim.qdisc_clock, CLOCK_TAI));
	cr_expect(eq(i64, sim.delta_ns, 200000));
	parse("sim:qdisc=fq");
	cr_expect(eq(int, sim.qdisc_clock, CLOCK_MONOTONIC));
	parse("sim");
	cr_expect(eq(int, (int)sim.qdisc, WT_QDISC_OTHER));
}

Test(tx_sim, refuses_what_it_does_not_understand)
{
	static const char *const wrong[] = {
	        "sim:cost",       "sim:cost=x",      "sim:stamps=all",
	        "sim:qdisc=none", "sim:clock=utc",   "sim:full-every=4294967296",
	        "sim:speed=3",    "sim:stall=9999s", "sim:=",
	};
	char text[1200] = "sim:cost=1";

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect(eq(int, wt_sim_tx_parse(&sim, wrong[i], &err), -EINVAL), "%s", wrong[i]);
		cr_expect(strstr(err.text, wrong[i] + 4) != NULL, "%s", err.text);
	}
	memset(text + strlen(text), ',', 1100);
	cr_expect(eq(int, wt_sim_tx_parse(&sim, text, &err), -EINVAL));
}

/* ---- the clock ---- */

Test(tx_sim, the_clock_jumps_to_what_is_waited_for)
{
	struct wt_pace_wait wait;
	int64_t before, other, after, begin;

	open_sim("sim:wake=5", false, 0);
	begin = now();
	wait = pace->ops->wait_until(pace, begin + 7200 * S, 0, &no_stop);
	cr_expect(eq(i64, wait.now_ns, begin + 7200 * S + 5));
	cr_expect(wait.has_waited);
	wait = pace->ops->wait_until(pace, begin, 0, &no_stop);
	cr_expect(eq(i64, wait.now_ns, begin + 7200 * S + 5));
	cr_expect(not(wait.has_waited));
	cr_assert(eq(int, pace->ops->read_other(pace, CLOCK_TAI, &before, &other, &after), 0));
	cr_expect(eq(i64, other - before, TAI_NS));
	cr_expect(eq(i64, after, before));
}

Test(tx_sim, handing_over_costs_time)
{
	int64_t begin;

	open_sim("sim:cost=800", false, 0);
	begin = now();
	cr_expect(eq(int, send_at(0), 1));
	cr_expect(eq(i64, now(), begin + 800));
}

/* ---- launch times ---- */

Test(tx_sim, etf_keeps_a_launch_time_but_for_its_delta)
{
	open_sim("sim:qdisc=etf,delta=100us", true, CLOCK_TAI);
	cr_expect(eq(int, send_at(now() + TAI_NS + 5000000), 1));
	expect_report(WT_TX_STAMPED);
	cr_expect(eq(i64, reports[0].software_ns, now() + UTC_NS + 5000000 - 100000));
}

Test(tx_sim, etf_drops_what_is_late)
{
	open_sim("sim:qdisc=etf", true, CLOCK_TAI);
	cr_expect(eq(int, send_at(now() + TAI_NS - 1), 1));
	expect_report(WT_TX_DROPPED);
	cr_expect(eq(i64, reports[0].launch_ns, now() + TAI_NS - 1));
}

Test(tx_sim, etf_drops_what_comes_from_a_socket_with_another_clock)
{
	open_sim("sim:qdisc=etf", true, CLOCK_MONOTONIC);
	cr_expect(eq(int, send_at(now() + TAI_NS + 5000000), 1));
	expect_report(WT_TX_DROPPED);
}

Test(tx_sim, fq_sends_what_is_late_at_once)
{
	open_sim("sim:qdisc=fq", true, CLOCK_MONOTONIC);
	cr_expect(eq(int, send_at(now() - 1000), 1));
	expect_report(WT_TX_STAMPED);
	cr_expect(eq(i64, reports[0].software_ns, now() + UTC_NS));
	cr_expect(eq(int, send_at(now() + 1000), 1));
	expect_report(WT_TX_STAMPED);
	cr_expect(eq(i64, reports[0].software_ns, now() + UTC_NS + 1000));
}

/* ---- ids ---- */

Test(tx_sim, a_full_queue_takes_nothing_and_counts_nothing)
{
	open_sim("sim:full-every=3", false, 0);
	cr_expect(eq(int, send_at(0), 1));
	cr_expect(eq(int, send_at(0), 1));
	cr_expect(eq(int, send_at(0), -EAGAIN));
	cr_expect(eq(int, send_at(0), 1));
	cr_assert(eq(int, tx->ops->reports(tx, reports), 3));
	for (uint32_t i = 0; i < 3; i++)
		cr_expect(eq(u32, reports[i].id, i));
}
