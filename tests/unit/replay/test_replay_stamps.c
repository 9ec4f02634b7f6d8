/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/replayer.h>

#include "support/unit.h"

/* A replay on a simulated interface. */
enum { PACKETS = 3000 };

static struct wt_replayer_result result;
static struct wt_error err;
static char session[11];

static int replay_to(const char *interface, enum wt_tx_stamp stamp, int64_t lead_ns)
{
	struct wt_generated generated;
	struct wt_replayer_config config = {
	        .generated = &generated,
	        .interface = interface,
	        .tx_stamp = stamp,
	        .lead_ns = lead_ns,
	        .buffer_bytes = 1 << 20,
	};
	struct wt_replayer *replay;
	int rc = wt_generated_parse(&generated, "gen:size=100,count=3000,pps=10000", session, &err);

	cr_assert_eq(rc, 0, "%s", err.text);
	rc = wt_replayer_open(&replay, &config, NULL, &err);
	if (rc)
		return rc;
	rc = wt_replayer_run(replay, &result, &err);
	wt_replayer_close(replay);
	return rc;
}

/* -1: hand over when packets are due. */
static void replay(const char *interface, enum wt_tx_stamp stamp)
{
	cr_assert_eq(replay_to(interface, stamp, -1), 0, "%s", err.text);
	cr_expect(eq(u64, result.sent, PACKETS));
	cr_expect(eq(u64, result.proof.departures, PACKETS));
}

static void expect_sources(uint64_t handover, uint64_t software, uint64_t hardware)
{
	cr_expect(eq(u64, result.proof.by_source[WT_DEPARTURE_HANDOVER], handover));
	cr_expect(eq(u64, result.proof.by_source[WT_DEPARTURE_SOFTWARE], software));
	cr_expect(eq(u64, result.proof.by_source[WT_DEPARTURE_HARDWARE], hardware));
}

static bool has_note(const char *part)
{
	for (size_t i = 0; i < result.note_count; i++)
		if (strstr(result.notes[i], part))
			return true;
	return false;
}

Test(replay_stamps, auto_goes_by_the_nic_where_that_is_on)
{
	replay("sim:stamps=hw", WT_TX_STAMP_AUTO);
	expect_sources(0, 0, PACKETS);
	cr_expect_str_eq(result.ports[0].nic.clock, "/dev/ptp0");
	cr_expect(eq(int, result.ports[0].nic.was_changed, false));
	replay("sim:stamps=hw,tx-type=off", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS, 0);
	cr_expect_str_eq(result.ports[0].nic.clock, "");
	replay("sim", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS, 0);
	replay("sim:stamps=none", WT_TX_STAMP_AUTO);
	expect_sources(PACKETS, 0, 0);
	cr_expect(eq(sz, result.note_count, 0));
}

Test(replay_stamps, hw_switches_it_on_for_as_long_as_it_takes)
{
	replay("sim:stamps=hw,tx-type=off", WT_TX_STAMP_HARDWARE);
	expect_sources(0, 0, PACKETS);
	cr_expect(result.ports[0].nic.was_changed);
	cr_expect(result.ports[0].nic.was_put_back);
	cr_expect_str_eq(result.ports[0].nic.before, "off");
	cr_expect_str_eq(result.ports[0].nic.during, "on");
	cr_expect(eq(sz, result.note_count, 0));
	cr_expect(eq(int, replay_to("sim", WT_TX_STAMP_HARDWARE, -1), -EOPNOTSUPP));
	cr_expect(eq(int,
	             replay_to("sim:stamps=hw,tx-type=off,permission=no", WT_TX_STAMP_HARDWARE, -1),
	             -EPERM));
	cr_expect_not_null(strstr(err.text, "--tx-stamp sw"), "%s", err.text);
}

Test(replay_stamps, sw_and_off_do_not_ask_the_nic)
{
	replay("sim:stamps=hw", WT_TX_STAMP_SOFTWARE);
	expect_sources(0, PACKETS, 0);
	replay("sim:stamps=hw", WT_TX_STAMP_OFF);
	expect_sources(PACKETS, 0, 0);
}

/* 600 ns to the driver, 300 ns more to the NIC. */
static void expect_departures_at(int64_t ns)
{
	int64_t error_ns = result.ports[0].nic.error_ns;
	int64_t least_ns = wt_histogram_quantile(&result.proof.error, 0);
	int64_t most_ns = result.proof.error.max_ns;

	cr_expect(llabs(most_ns - ns) <= error_ns, "max %" PRId64 ", within %" PRId64, most_ns,
	          error_ns);
	/* A quantile is that of a bin. */
	cr_expect(llabs(least_ns - ns) <= error_ns + ns / 16, "min %" PRId64 ", within %" PRId64,
	          least_ns, error_ns);
	cr_expect(error_ns > 0 && error_ns < 20000, "%" PRId64, error_ns);
}

Test(replay_stamps, departures_are_exact_to_the_error_of_the_map)
{
	static const char *const interfaces[] = {
	        "sim:stamps=hw,delay=600,hw-delay=300ns",
	        "sim:stamps=hw,delay=600,hw-delay=300ns,ppm=50,phc-offset=37s",
	        "sim:stamps=hw,delay=600,hw-delay=300ns,ppm=-50,offset=-37000000000",
	        "sim:stamps=hw,delay=600,hw-delay=300ns,ppm=50,phc-offset=37s,precise=no",
	        "sim:stamps=hw,delay=600,hw-delay=300ns,ppm=50,precise=no,bracket=2000,noise=500",
	};

	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		replay(interfaces[i], WT_TX_STAMP_AUTO);
		expect_sources(0, 0, PACKETS);
		expect_departures_at(900);
		cr_expect(eq(u64, result.unbelieved_stamps, 0));
	}
}

Test(replay_stamps, of_two_stamps_of_a_packet_the_nics_counts_and_the_drivers_fills_in)
{
	replay("sim:stamps=hw,delay=600,hw-delay=300,hw-every=3", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS * 2 / 3, PACKETS / 3);
	cr_expect(eq(u64, result.ports[0].nic.used, PACKETS / 3));
	cr_expect(eq(u64, result.ports[0].nic.missing, PACKETS * 2 / 3));
	cr_expect(has_note("has left 2000 packets without a stamp"));
	/* The driver's are lost, too, those of the NIC are not. */
	replay("sim:stamps=hw,delay=600,hw-every=3,lost-every=3", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS * 2 / 3, PACKETS / 3);
	replay("sim:stamps=hw,delay=600,hw-every=3,lost-every=2", WT_TX_STAMP_AUTO);
	expect_sources(PACKETS / 3, PACKETS / 3, PACKETS / 3);
}

Test(replay_stamps, a_nic_that_stamps_none_does_not_keep_the_proof_waiting)
{
	replay("sim:stamps=hw,hw-every=1000000", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS, 0);
	cr_expect(has_note("has stamped none of 3000 packets"));
}

/* A third of a second for each would be a quarter of an hour. */
Test(replay_stamps, missing_stamps_are_waited_for_together)
{
	replay("sim:lost-every=1", WT_TX_STAMP_AUTO);
	expect_sources(PACKETS, 0, 0);
	replay("sim:lost-every=2", WT_TX_STAMP_AUTO);
	expect_sources(PACKETS / 2, PACKETS / 2, 0);
	/* Launch times lie behind the last hand-over. */
	replay("sim:lost-every=1,qdisc=etf", WT_TX_STAMP_AUTO);
	expect_sources(PACKETS, 0, 0);
}

Test(replay_stamps, a_stamp_before_the_hand_over_is_not_believed)
{
	replay("sim:stamps=hw,delay=600,hw-delay=300,hw-wrong-every=4", WT_TX_STAMP_AUTO);
	expect_sources(0, PACKETS / 4, PACKETS * 3 / 4);
	cr_expect(eq(u64, result.unbelieved_stamps, PACKETS / 4));
	cr_expect(eq(u64, result.ports[0].nic.unbelieved, PACKETS / 4));
	cr_expect(eq(u64, result.ports[0].nic.missing, 0));
	cr_expect(result.proof.error.max_ns < 100000);
}

Test(replay_stamps, the_lead_is_learned_from_the_nic)
{
	/* The simulation runs ahead of the thread that learns: it is the lead at the end that
	 * counts. */
	cr_assert_eq(
	        replay_to("sim:cost=500,stamps=hw,delay=6us,hw-delay=3us", WT_TX_STAMP_AUTO, 0), 0);
	cr_expect(llabs(result.lead_ns - 9000) <= result.ports[0].nic.error_ns, "%" PRId64,
	          result.lead_ns);
	cr_assert_eq(
	        replay_to("sim:cost=500,stamps=hw,delay=6us,hw-delay=3us", WT_TX_STAMP_SOFTWARE, 0),
	        0);
	cr_expect(eq(i64, result.lead_ns, 6000));
}

Test(replay_stamps, names_are_those_of_the_option)
{
	static const char *const names[] = {"auto", "hw", "sw", "off"};

	for (int i = 0; i < WT_TX_STAMPS; i++) {
		cr_expect_str_eq(wt_tx_stamp_name((enum wt_tx_stamp)i), names[i]);
		cr_expect(eq(int, wt_tx_stamp_from_name(names[i]), i));
	}
	cr_expect(eq(int, wt_tx_stamp_from_name("both"), -1));
}
