/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <string.h>
#include <time.h>

#include <wiretape/replay/launch/launch_check.h>

#include "support/launch_double.h"
#include "support/unit.h"
#include "support/veth.h"

#define S INT64_C(1000000000)

static struct launch_double machine;
static struct wt_launch_check check;
static struct wt_error err;
static char text[400];

static void tear_down(void)
{
	wt_launch_check_close(&check);
	launch_double_close(&machine);
}

TestSuite(launch_check, .fini = tear_down);
TestSuite(launch_check_kernel, .fini = tear_down);

static void read_check(void)
{
	cr_assert(eq(int,
	             wt_launch_check_read(&check, &machine.system, "sim", WT_LAUNCH_ANY_PRIORITY,
	                                  &err),
	             0),
	          "%s", err.text);
}

static void expect_auto(bool txtime, const char *says)
{
	cr_expect(eq(int, wt_launch_check_auto(&check, text, sizeof(text)), txtime), "%s", text);
	cr_expect(strstr(text, says) != NULL, "'%s' without '%s'", text, says);
}

Test(launch_check, with_etf_in_the_nic_launch_times_are_chosen)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add_offload(&machine);
	read_check();
	cr_expect(eq(int, check.stamping_error, 0));
	cr_expect(eq(int, check.phc_error, 0));
	cr_expect_str_eq(check.phc_device, "/dev/ptp0");
	cr_expect(eq(int, check.tai_offset_s, 37));
	cr_expect_eq(check.launch.verdict, WT_LAUNCH_HONOURED);
	cr_expect(eq(u32, check.launch.priority, 3));
	cr_expect(eq(i32, machine.asked_clock, CLOCK_TAI));
	cr_expect(check.clocks_fit);
	cr_expect(wt_launch_check_can(&check, text, sizeof(text)));
	expect_auto(true, "the NIC keeps the time");
}

Test(launch_check, timers_of_the_kernel_are_not_chosen_but_can_be_had)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add(&machine, "fq", TC_H_ROOT)->fq.horizon_ns = 10 * S;
	read_check();
	cr_expect(eq(i32, machine.asked_clock, CLOCK_MONOTONIC));
	cr_expect(wt_launch_check_can(&check, text, sizeof(text)));
	expect_auto(false, "less exact");
}

Test(launch_check, without_the_right_to_other_clocks_they_are_not_chosen)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add_offload(&machine);
	machine.txtime_error = -EPERM;
	read_check();
	expect_auto(false, "CAP_NET_ADMIN");
	cr_expect(not(wt_launch_check_can(&check, text, sizeof(text))));
	wt_launch_check_close(&check);
	machine.socket_refused = true;
	read_check();
	expect_auto(false, "CAP_NET_RAW");
	wt_launch_check_close(&check);
	machine.txtime_error = -ENOPROTOOPT;
	read_check();
	expect_auto(false, "Linux 4.19");
}

Test(launch_check, a_phc_that_does_not_agree_with_clock_tai_is_no_choice)
{
	launch_double_open(&machine, 37 * S, 0);
	launch_double_add_offload(&machine);
	read_check();
	expect_auto(false, "nobody has told the kernel TAI - UTC");
}

Test(launch_check, a_phc_that_cannot_be_read_is_no_choice)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add_offload(&machine);
	wt_sim_nic_fail(machine.nic, -EIO);
	read_check();
	cr_expect(eq(int, check.phc_error, -EIO));
	cr_expect(strstr(check.phc_text, "/dev/ptp0") != NULL, "%s", check.phc_text);
	expect_auto(false, "cannot be read");
}

Test(launch_check, taprio_without_etf_says_why_not)
{
	launch_double_open(&machine, 37 * S, 37);
	launch_double_add(&machine, "taprio", TC_H_ROOT)->taprio.has_clock = true;
	read_check();
	cr_expect(eq(i32, machine.asked_clock, CLOCK_TAI));
	expect_auto(false, "gate is open");
}

Test(launch_check, qdiscs_that_cannot_be_asked_for_are_said_to_be_unknown)
{
	launch_double_open(&machine, 37 * S, 37);
	machine.qdisc_error = -ENOMEM;
	read_check();
	cr_expect_eq(check.launch.verdict, WT_LAUNCH_NOT_TOLD);
	expect_auto(false, "cannot ask the kernel for the qdiscs of interface sim");
}

Test(launch_check, an_interface_that_is_not_there_is_an_error)
{
	launch_double_open(&machine, 37 * S, 37);
	cr_expect(eq(int, wt_launch_check_read(&check, &machine.system, "eth9", 0, &err), -ENODEV));
	cr_expect(strstr(err.text, "eth9") != NULL);
}

Test(launch_check, clocks_are_compared_with_and_without_tai)
{
	struct wt_launch_clocks clocks;

	launch_double_open(&machine, 37 * S + 250, 37);
	read_check();
	clocks = wt_launch_check_clocks(&check);
	cr_expect(clocks.has_phc);
	cr_expect(eq(i64, clocks.phc_minus_utc_ns, 37 * S + 250));
	cr_expect(eq(i64, wt_launch_phc_minus_tai(&clocks), 250));
}

Test(launch_check_kernel, veth_is_looked_at)
{
	struct wt_launch_system kernel;
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	wt_launch_system_init(&kernel);
	cr_assert(eq(int, wt_launch_check_read(&check, &kernel, "wt_a", 0, &err), 0), "%s",
	          err.text);
	cr_expect_str_eq(check.link.name, "wt_a");
	cr_expect_eq(check.launch.verdict, WT_LAUNCH_NO_QDISC);
	cr_expect(eq(int, check.phc_error, -EOPNOTSUPP));
	cr_expect(eq(int, check.txtime_error, 0), "%s", check.txtime_text);
	cr_expect(eq(int, check.tai_error, 0));
}
