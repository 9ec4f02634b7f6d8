/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <string.h>

#include <wiretape/replay/tx/tx_stamps.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/tests/support/system_double.h>

#include "support/unit.h"

static struct wt_sim_nic *nic;
static struct system_double before;
static struct wt_tx_stamps stamps;
static struct wt_error err;
static int sets;

static void tear_down(void)
{
	wt_tx_stamps_close(&stamps, NULL);
	wt_sim_nic_destroy(nic);
}

TestSuite(tx_stamps, .fini = tear_down);

static int count_sets(unsigned long request, struct ifreq *arg, int answer)
{
	(void)arg;
	sets += request == SIOCSHWTSTAMP;
	return answer;
}

static void create(struct wt_sim_nic_config config)
{
	wt_tx_stamps_close(&stamps, NULL);
	wt_sim_nic_destroy(nic);
	config.manual_time = true;
	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	system_double_before(&before, wt_sim_nic_system(nic));
	before.on_interface_ioctl = count_sets;
	sets = 0;
}

static int open_as(enum wt_tx_stamp wanted)
{
	return wt_tx_stamps_open(&stamps, &before.system, "sim", wanted, &err);
}

static void expect_stamps(bool software, bool hardware)
{
	cr_expect(eq(int, stamps.software, software));
	cr_expect(eq(int, stamps.hardware, hardware));
	cr_expect_str_eq(stamps.phc, hardware ? "/dev/ptp0" : "");
	cr_expect(eq(int, before.open_now, hardware));
}

static void expect_tx_type(int tx_type)
{
	cr_expect(eq(int, wt_sim_nic_stamping(nic).tx_type, tx_type));
}

static void expect_contains(const char *text, const char *part)
{
	cr_expect_not_null(strstr(text, part), "'%s' does not say '%s'", text, part);
}

Test(tx_stamps, auto_takes_what_the_nic_stamps_already_and_changes_nothing)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON, .no_permission = true});
	cr_assert_eq(open_as(WT_TX_STAMP_AUTO), 0);
	expect_stamps(true, true);
	cr_expect_str_eq(stamps.lacking, "");
	cr_expect(eq(int, wt_tx_stamps_close(&stamps, &err), 0));
	cr_expect(eq(int, before.open_now, 0));
	cr_expect(eq(int, sets, 0));
	expect_tx_type(HWTSTAMP_TX_ON);
}

Test(tx_stamps, auto_leaves_a_nic_that_does_not_stamp_alone)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_OFF});
	cr_assert_eq(open_as(WT_TX_STAMP_AUTO), 0);
	expect_stamps(true, false);
	cr_expect(eq(int, sets, 0));
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_assert_eq(open_as(WT_TX_STAMP_AUTO), 0);
	expect_stamps(true, false);
	cr_expect_str_eq(stamps.lacking, "");
}

static int denied(const char *path, int answer)
{
	(void)path;
	(void)answer;
	return -EACCES;
}

Test(tx_stamps, auto_says_why_a_clock_cannot_be_used)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	before.on_open = denied;
	before.open_now = 0;
	cr_assert_eq(open_as(WT_TX_STAMP_AUTO), 0);
	cr_expect(eq(int, stamps.software, true));
	cr_expect(eq(int, stamps.hardware, false));
	expect_contains(stamps.lacking, "no permission to read /dev/ptp0");
	/* It can be opened, and not be compared with anything. */
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	wt_sim_nic_fail(nic, EOPNOTSUPP);
	cr_assert_eq(open_as(WT_TX_STAMP_AUTO), 0);
	expect_stamps(true, false);
	cr_expect_str_neq(stamps.lacking, "");
}

Test(tx_stamps, hw_switches_on_and_puts_back)
{
	create((struct wt_sim_nic_config){.rx_filter = HWTSTAMP_FILTER_ALL});
	cr_assert_eq(open_as(WT_TX_STAMP_HARDWARE), 0, "%s", err.text);
	/* The driver's, too, for packets that the NIC does not stamp. */
	expect_stamps(true, true);
	expect_tx_type(HWTSTAMP_TX_ON);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect(eq(int, wt_tx_stamps_close(&stamps, &err), 0));
	expect_tx_type(HWTSTAMP_TX_OFF);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect(eq(int, wt_tx_stamps_close(&stamps, &err), 0));
	cr_expect(eq(int, sets, 2));
}

Test(tx_stamps, hw_of_a_nic_that_stamps_already_changes_nothing)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON, .no_permission = true});
	cr_assert_eq(open_as(WT_TX_STAMP_HARDWARE), 0, "%s", err.text);
	expect_stamps(true, true);
	cr_expect(eq(int, wt_tx_stamps_close(&stamps, &err), 0));
	cr_expect(eq(int, sets, 0));
	expect_tx_type(HWTSTAMP_TX_ON);
}

Test(tx_stamps, hw_that_is_not_to_be_had_is_an_error)
{
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_expect(eq(int, open_as(WT_TX_STAMP_HARDWARE), -EOPNOTSUPP));
	expect_contains(err.text, "--tx-stamp sw");
	create((struct wt_sim_nic_config){.no_permission = true});
	cr_expect(eq(int, open_as(WT_TX_STAMP_HARDWARE), -EPERM));
	expect_contains(err.text, "CAP_NET_ADMIN");
	expect_stamps(false, false);
}

Test(tx_stamps, hw_whose_clock_fails_is_an_error_and_put_back)
{
	create((struct wt_sim_nic_config){0});
	before.on_open = denied;
	cr_expect(eq(int, open_as(WT_TX_STAMP_HARDWARE), -EACCES));
	expect_contains(err.text, "/dev/ptp0");
	expect_tx_type(HWTSTAMP_TX_OFF);
	create((struct wt_sim_nic_config){0});
	wt_sim_nic_fail(nic, EIO);
	cr_expect(eq(int, open_as(WT_TX_STAMP_HARDWARE), -EIO));
	expect_tx_type(HWTSTAMP_TX_OFF);
	cr_expect(eq(int, before.open_now, 0));
}

Test(tx_stamps, hw_that_somebody_else_has_set_meanwhile_stays)
{
	create((struct wt_sim_nic_config){0});
	cr_assert_eq(open_as(WT_TX_STAMP_HARDWARE), 0);
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_expect(eq(int, wt_tx_stamps_close(&stamps, &err), -EBUSY));
	expect_contains(err.text, "they stay as they are");
	expect_tx_type(HWTSTAMP_TX_ON);
}

Test(tx_stamps, sw_asks_the_driver_alone)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	cr_assert_eq(open_as(WT_TX_STAMP_SOFTWARE), 0);
	expect_stamps(true, false);
	create((struct wt_sim_nic_config){.phc_index = -1,
	                                  .so_timestamping = SOF_TIMESTAMPING_RX_SOFTWARE});
	cr_assert_eq(open_as(WT_TX_STAMP_SOFTWARE), 0);
	expect_stamps(false, false);
}

Test(tx_stamps, off_asks_nobody)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	cr_assert_eq(open_as(WT_TX_STAMP_OFF), 0);
	expect_stamps(false, false);
}

Test(tx_stamps, an_interface_that_is_not_there_has_none)
{
	create((struct wt_sim_nic_config){0});
	cr_expect(eq(int,
	             wt_tx_stamps_open(&stamps, &before.system, "eth9", WT_TX_STAMP_AUTO, &err),
	             0));
	expect_stamps(false, false);
	cr_expect(eq(int,
	             wt_tx_stamps_open(&stamps, &before.system, "eth9", WT_TX_STAMP_HARDWARE, &err),
	             -ENODEV));
}
