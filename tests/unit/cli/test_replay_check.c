/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/cli/replay/replay_check.h>

#include "support/launch_double.h"
#include "support/unit.h"

#define S INT64_C(1000000000)

static struct launch_double machine;
static struct wt_launch_check check;
static char *report;
static json_t *object;

static void tear_down(void)
{
	json_decref(object);
	free(report);
	wt_launch_check_close(&check);
	launch_double_close(&machine);
}

TestSuite(replay_check, .fini = tear_down);

/* The report for people, and the object. */
static void look(void)
{
	struct wt_error err;
	size_t length;
	FILE *out = open_memstream(&report, &length);

	cr_assert_not_null(out);
	cr_assert(eq(int,
	             wt_launch_check_read(&check, &machine.system, "sim", WT_LAUNCH_ANY_PRIORITY,
	                                  &err),
	             0),
	          "%s", err.text);
	wt_replay_check_print(out, &check);
	fclose(out);
	object = wt_document_json(&wt_replay_check_document, &check, NULL);
	cr_assert_not_null(object);
}

static void expect_line(const char *line)
{
	cr_expect(strstr(report, line) != NULL, "no '%s' in:\n%s", line, report);
}

static void expect_no_line(const char *line)
{
	cr_expect(strstr(report, line) == NULL, "'%s' in:\n%s", line, report);
}

/* What stands at "launch.by.clock" as text, "null" and so on included. */
static const char *at(const char *path)
{
	static char text[600];
	char copy[100], *save = NULL, *dumped;
	json_t *value = object;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, ".", &save); key; key = strtok_r(NULL, ".", &save))
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key))
		                             : json_object_get(value, key);
	if (json_is_string(value))
		return json_string_value(value);
	dumped = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	snprintf(text, sizeof(text), "%s", dumped ? dumped : "nothing");
	free(dumped);
	return text;
}

static void expect_at(const char *path, const char *expected)
{
	cr_expect(strcmp(at(path), expected) == 0, "%s is %s, not %s", path, at(path), expected);
}

Test(replay_check, an_igb_with_etf_offload_would_be_used)
{
	launch_double_open(&machine, 37 * S + 250, 37);
	launch_double_add_offload(&machine);
	wt_sim_nic_set_stamping(machine.nic, 1, 0);
	look();
	expect_line("  link         up, driver igb, MTU 1500, 1000 Mbit/s\n");
	expect_line("  tx stamps    hardware (on now), software\n");
	expect_line("/dev/ptp0: PHC - UTC +37.000000250 s, PHC - TAI +0.000000250 s,");
	expect_line("  TAI - UTC    37 s\n");
	expect_line("  qdiscs       mqprio 100: at root\n");
	expect_line("etf 8001: at 100:1, CLOCK_TAI, delta 200000 ns, offload\n");
	expect_line("fq_codel 8002: at 100:2, and 2 more like it\n");
	expect_line("  SO_TXTIME    accepted with CLOCK_TAI\n");
	expect_line("tc qdisc replace dev sim parent root handle 100 mqprio num_tc 2 map "
	            "1 1 1 0 1 1 1 1 1 1 1 1 1 1 1 1 queues 1@0 3@1 hw 0\n");
	expect_line("tc qdisc replace dev sim parent 100:1 etf clockid CLOCK_TAI delta 200000 "
	            "offload\n");
	expect_line("tc qdisc replace dev sim root etf clockid CLOCK_TAI delta 200000\n");
	expect_line("tc qdisc replace dev sim root fq");
	expect_line("tc qdisc del dev sim root\n");
	expect_line("\n--pace auto takes txtime: qdisc etf 8001:");
	expect_at("interface", "sim");
	expect_at("link.driver", "igb");
	expect_at("link.speed_bits_per_second", "1000000000");
	expect_at("tx_stamps.hardware_on", "true");
	expect_at("phc.device", "/dev/ptp0");
	expect_at("phc.phc_minus_utc_ns", "37000000250");
	expect_at("phc.phc_minus_tai_ns", "250");
	expect_at("tai_offset_ns", "37000000000");
	expect_at("qdiscs.0.kind", "mqprio");
	expect_at("qdiscs.0.priorities.3", "{\"class\": 0, \"first_queue\": 0, \"queues\": 1}");
	expect_at("qdiscs.1.parent", "100:1");
	expect_at("qdiscs.1.etf.offload", "true");
	expect_at("launch.verdict", "honoured");
	expect_at("launch.by.clock", "CLOCK_TAI");
	expect_at("launch.priority", "3");
	expect_at("so_txtime.accepted", "true");
	expect_at("clocks.fit", "true");
	expect_at("setup.0.name", "etf-offload");
	expect_at("auto.pace", "txtime");
}

Test(replay_check, a_phc_without_tai_is_said_to_be_wrong_for_offload)
{
	launch_double_open(&machine, 37 * S, 0);
	launch_double_add_offload(&machine);
	look();
	expect_line("PHC - TAI unknown");
	expect_line("  TAI - UTC    not told to the kernel");
	expect_line("  clocks       nobody has told the kernel TAI - UTC");
	expect_line("\n--pace auto takes spin: nobody has told the kernel");
	expect_at("phc.phc_minus_tai_ns", "null");
	expect_at("tai_offset_ns", "null");
	expect_at("clocks.fit", "false");
	expect_at("auto.pace", "spin");
}

Test(replay_check, fq_is_honoured_and_yet_spinning_is_chosen)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add(&machine, "fq", TC_H_ROOT)->fq =
	        (struct wt_qdisc_fq){10 * S, true, 10000, 100};
	look();
	expect_line("fq 100: at root, CLOCK_MONOTONIC, horizon 10.000 s (drop), flow\n");
	expect_line("accepted with CLOCK_MONOTONIC");
	expect_line("--pace auto takes spin: qdisc fq keeps launch times with a timer");
	expect_at("launch.verdict", "honoured");
	expect_at("launch.by.horizon_ns", "10000000000");
	expect_at("qdiscs.0.fq.flow_limit_packets", "100");
}

Test(replay_check, taprio_shows_its_mode)
{
	struct wt_qdisc *taprio;

	launch_double_open(&machine, 37 * S, 37);
	taprio = launch_double_add(&machine, "taprio", TC_H_ROOT);
	taprio->taprio = (struct wt_qdisc_taprio){
	        .has_clock = true, .clock = CLOCK_TAI, .txtime_assist = true, .cycle_time_ns = 500};
	launch_double_add(&machine, "etf", 0x1000001)->etf =
	        (struct wt_qdisc_etf){200000, CLOCK_TAI, false, true, true};
	look();
	expect_line("taprio 100: at root, CLOCK_TAI, cycle 500 ns, txtime-assist\n");
	expect_line("taprio has gates");
	expect_line("--pace auto takes txtime");
	expect_at("qdiscs.0.taprio.txtime_assist", "true");
	expect_at("launch.by.gates", "true");
}

Test(replay_check, without_a_clock_in_the_nic_there_is_no_offload_to_be_set_up)
{
	struct wt_sim_nic_config config = {.phc_index = -1, .manual_time = true};

	launch_double_open(&machine, 0, 37);
	wt_sim_nic_destroy(machine.nic);
	machine.nic = NULL;
	cr_assert(eq(int, wt_sim_nic_create(&machine.nic, &config), 0));
	machine.system.system = wt_sim_nic_system(machine.nic);
	look();
	expect_line("  NIC's clock  none\n");
	expect_line("  qdiscs       none\n");
	expect_no_line("mqprio num_tc");
	expect_line("tc qdisc replace dev sim root etf");
	expect_at("setup.0.name", "etf");
	expect_at("phc.device", "null");
	expect_at("launch.verdict", "no-qdisc");
	expect_at("launch.by.clock", "nothing");
}

Test(replay_check, what_is_not_permitted_is_said_with_its_capability)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add_offload(&machine);
	machine.txtime_error = -EPERM;
	look();
	expect_line("Operation not permitted");
	expect_line("CAP_NET_ADMIN");
	expect_line("--pace auto takes spin: SO_TXTIME with CLOCK_TAI");
	expect_at("so_txtime.accepted", "false");
}

Test(replay_check, an_interface_that_is_down_is_said_to_be)
{
	launch_double_open(&machine, 37 * S, 37);
	machine.link.flags = 0;
	machine.link.speed_bps = 0;
	machine.qdisc_error = -ENOMEM;
	look();
	expect_line("  link         down, driver igb, MTU 1500, speed unknown\n");
	expect_line("cannot ask the kernel for the qdiscs");
	expect_at("qdisc_problem", "Cannot allocate memory");
	expect_at("link.up", "false");
	expect_at("link.speed_bits_per_second", "null");
}

Test(replay_check, no_name_reaches_the_terminal_as_a_command)
{
	launch_double_open(&machine, 37 * S, 37);
	look();
	strcpy(check.link.name, "e\x1b[2J");
	free(report);
	report = calloc(1, 8192);
	{
		FILE *out = fmemopen(report, 8191, "w");

		wt_replay_check_print(out, &check);
		fclose(out);
	}
	expect_line("e?[2J\n");
	expect_no_line("\x1b");
}

Test(replay_check, a_name_that_is_no_utf8_is_told_all_the_same)
{
	launch_double_open(&machine, 37 * S, 37);
	look();
	json_decref(object);
	strcpy(check.link.name, "e\xff");
	object = wt_document_json(&wt_replay_check_document, &check, NULL);
	cr_assert_not_null(object);
	expect_at("interface", "e\xef\xbf\xbd");
	cr_expect(strncmp(at("setup.0.commands.0"), "tc qdisc replace dev e\xef\xbf\xbd ", 26) == 0,
	          "%s", at("setup.0.commands.0"));
}
