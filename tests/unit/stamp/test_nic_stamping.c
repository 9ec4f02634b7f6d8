/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/stamp/nic_claim_private.h>
#include <wiretape/stamp/nic_stamping.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/stamp/state_file_private.h>
#include <wiretape/tests/support/system_double.h>
#include <wiretape/tests/support/temp.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

#define FILTER(name) (1u << HWTSTAMP_FILTER_##name)

static struct wt_sim_nic *nic;
static struct system_double before;
static struct wt_nic_stamping stamping;
static struct wt_error err;

static void tear_down(void)
{
	wt_sim_nic_destroy(nic);
}

TestSuite(nic_stamping, .fini = tear_down);

/* What the driver does to requests, and how often it was asked to set something. */
static int sets, set_error, error_from;
static void (*driver)(struct hwtstamp_config *config);

/* Under which the interface with the index 2 is to be found; NULL: there is none. */
static const char *name_now;

static int on_interface_ioctl(unsigned long request, struct ifreq *arg, int answer)
{
	static struct wt_stamp_active last;

	if (request == SIOCGIFINDEX)
		arg->ifr_ifindex = 2;
	if (request == SIOCGIFINDEX)
		return 0;
	if (request == SIOCGIFNAME && name_now)
		memcpy(arg->ifr_name, name_now, strlen(name_now) + 1);
	if (request == SIOCGIFNAME)
		return name_now ? 0 : -ENODEV;
	if (request == SIOCGHWTSTAMP)
		last = wt_sim_nic_stamping(nic);
	if (request != SIOCSHWTSTAMP)
		return answer;
	sets++;
	if (set_error && sets > error_from) {
		wt_sim_nic_set_stamping(nic, last.tx_type, last.rx_filter);
		return set_error;
	}
	if (driver)
		driver((struct hwtstamp_config *)(void *)arg->ifr_data);
	return answer;
}

static void create(struct wt_sim_nic_config config)
{
	wt_sim_nic_destroy(nic);
	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	system_double_before(&before, wt_sim_nic_system(nic));
	before.on_interface_ioctl = on_interface_ioctl;
	sets = set_error = error_from = 0;
	driver = NULL;
}

static int enable(void)
{
	return wt_nic_stamping_enable(&stamping, &before.system, "sim", &err);
}

static int restore(void)
{
	return wt_nic_stamping_restore(&stamping, &err);
}

static void expect_set(int tx_type, int rx_filter)
{
	struct wt_stamp_active active = wt_sim_nic_stamping(nic);

	cr_expect(eq(int, active.tx_type, tx_type));
	cr_expect(eq(int, active.rx_filter, rx_filter));
}

static void expect_contains(const char *text, const char *part)
{
	cr_expect_not_null(strstr(text, part), "'%s' does not say '%s'", text, part);
}

Test(nic_stamping, all_is_switched_on_and_off_again)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	cr_assert_eq(enable(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_expect(stamping.changed);
	cr_expect(eq(int, stamping.before.rx_filter, HWTSTAMP_FILTER_NONE));
	cr_expect(eq(int, stamping.now.rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect_str_eq(stamping.limited, "");
	cr_assert_eq(restore(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	cr_expect(eq(int, stamping.changed, false));
}

Test(nic_stamping, all_that_is_there_already_is_left_alone)
{
	/* Not even the right to change it is needed. */
	create((struct wt_sim_nic_config){.rx_filter = HWTSTAMP_FILTER_ALL, .no_permission = true});
	cr_assert_eq(enable(), 0, "%s", err.text);
	cr_expect(eq(int, stamping.changed, false));
	cr_expect_str_eq(stamping.limited, "");
	cr_assert_eq(restore(), 0);
	cr_expect(eq(int, sets, 0));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
}

Test(nic_stamping, a_narrower_filter_is_widened_to_all_and_put_back)
{
	create((struct wt_sim_nic_config){.rx_filters = FILTER(NONE) | FILTER(ALL) |
	                                                FILTER(PTP_V2_L4_EVENT),
	                                  .rx_filter = HWTSTAMP_FILTER_PTP_V2_L4_EVENT,
	                                  .tx_type = HWTSTAMP_TX_ON});
	cr_assert_eq(enable(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_expect_str_eq(stamping.limited, "");
	cr_assert_eq(restore(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_L4_EVENT);
}

Test(nic_stamping, a_filter_that_was_set_stays_where_all_is_not_to_be_had)
{
	create((struct wt_sim_nic_config){.rx_filters = FILTER(NONE) | FILTER(PTP_V2_L2_EVENT) |
	                                                FILTER(PTP_V2_EVENT),
	                                  .rx_filter = HWTSTAMP_FILTER_PTP_V2_L2_EVENT});
	cr_assert_eq(enable(), 0, "%s", err.text);
	cr_expect(eq(int, sets, 0));
	cr_expect(eq(int, stamping.changed, false));
	expect_contains(stamping.limited, "sim stamps only PTP packets in hardware");
	expect_contains(stamping.limited, "ptpv2-l2-event");
	expect_contains(stamping.limited, "the others get software stamps");
	cr_assert_eq(restore(), 0);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_L2_EVENT);
}

Test(nic_stamping, without_all_the_widest_is_taken)
{
	static const struct {
		uint32_t filters;
		int widest;
	} cases[] = {
	        {FILTER(PTP_V2_L4_EVENT) | FILTER(PTP_V2_EVENT) | FILTER(PTP_V2_L2_EVENT),
	         HWTSTAMP_FILTER_PTP_V2_EVENT},
	        {FILTER(PTP_V1_L4_EVENT) | FILTER(PTP_V2_L4_EVENT) | FILTER(PTP_V2_L2_EVENT),
	         HWTSTAMP_FILTER_PTP_V2_L4_EVENT},
	        {FILTER(PTP_V2_L2_EVENT) | FILTER(PTP_V2_L2_SYNC), HWTSTAMP_FILTER_PTP_V2_L2_EVENT},
	        {FILTER(PTP_V1_L4_EVENT), HWTSTAMP_FILTER_PTP_V1_L4_EVENT},
	        {FILTER(PTP_V2_L4_SYNC), HWTSTAMP_FILTER_PTP_V2_L4_SYNC},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		create((struct wt_sim_nic_config){.rx_filters = cases[i].filters});
		cr_assert_eq(enable(), 0, "%zu: %s", i, err.text);
		expect_set(HWTSTAMP_TX_OFF, cases[i].widest);
		expect_contains(stamping.limited, "only PTP packets");
		cr_assert_eq(restore(), 0, "%zu: %s", i, err.text);
		expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
	}
}

static int refusing_all(unsigned long request, struct ifreq *arg, int answer)
{
	struct hwtstamp_config *config = (void *)arg->ifr_data;
	int asked = request == SIOCSHWTSTAMP ? config->rx_filter : 0;

	if (asked != HWTSTAMP_FILTER_ALL)
		return answer;
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_OFF, stamping.before.rx_filter);
	return -ERANGE;
}

Test(nic_stamping, a_filter_that_is_refused_after_all_gives_way_to_the_next)
{
	struct wt_sim_nic_config config = {.rx_filters = FILTER(ALL) | FILTER(PTP_V2_EVENT)};

	create(config);
	before.on_interface_ioctl = refusing_all;
	cr_assert_eq(enable(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT);
	expect_contains(stamping.limited, "only PTP packets");
	/* But what somebody has set is not replaced by anything less than all. */
	config.rx_filters |= FILTER(PTP_V2_L4_EVENT);
	config.rx_filter = HWTSTAMP_FILTER_PTP_V2_L4_EVENT;
	create(config);
	before.on_interface_ioctl = refusing_all;
	cr_assert_eq(enable(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_L4_EVENT);
	expect_contains(stamping.limited, "ptpv2-l4-event");
	cr_expect(eq(int, stamping.changed, false));
}

static void stamp_all(struct hwtstamp_config *config)
{
	if (config->rx_filter == HWTSTAMP_FILTER_PTP_V2_EVENT)
		wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
}

Test(nic_stamping, a_driver_may_stamp_more_than_was_asked)
{
	create((struct wt_sim_nic_config){.rx_filters = FILTER(NONE) | FILTER(PTP_V2_EVENT)});
	driver = stamp_all;
	cr_assert_eq(enable(), 0, "%s", err.text);
	cr_expect(eq(int, stamping.now.rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect_str_eq(stamping.limited, "");
	cr_assert_eq(restore(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

static void forget_to_answer(struct hwtstamp_config *config)
{
	*config = (struct hwtstamp_config){.tx_type = 77, .rx_filter = 77};
}

Test(nic_stamping, what_the_driver_has_set_counts_and_not_what_it_returned)
{
	create((struct wt_sim_nic_config){0});
	driver = forget_to_answer;
	cr_assert_eq(enable(), 0, "%s", err.text);
	cr_expect(eq(int, stamping.now.rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect(eq(int, stamping.now.tx_type, HWTSTAMP_TX_OFF));
	cr_assert_eq(restore(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

static void touch_tx(struct hwtstamp_config *config)
{
	if (config->rx_filter == HWTSTAMP_FILTER_ALL)
		wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
}

static void stamp_nothing(struct hwtstamp_config *config)
{
	(void)config;
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
}

static void narrow(struct hwtstamp_config *config)
{
	if (config->rx_filter == HWTSTAMP_FILTER_ALL)
		wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_L4_SYNC);
}

Test(nic_stamping, a_driver_that_takes_something_away_is_told_to_put_it_back)
{
	static const struct {
		void (*does)(struct hwtstamp_config *config);
		const char *says;
	} cases[] = {
	        {touch_tx, "changed how sent packets are stamped"},
	        {stamp_nothing, "stamps nothing"},
	        {narrow, "put another rx filter"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int filter = cases[i].does == stamp_nothing ? HWTSTAMP_FILTER_NONE
		                                            : HWTSTAMP_FILTER_PTP_V2_EVENT;

		create((struct wt_sim_nic_config){.rx_filters = FILTER(ALL) | FILTER(PTP_V2_EVENT) |
		                                                FILTER(PTP_V2_L4_SYNC),
		                                  .rx_filter = filter,
		                                  .tx_type = HWTSTAMP_TX_ON});
		driver = cases[i].does;
		cr_expect(eq(int, enable(), -EOPNOTSUPP));
		expect_contains(err.text, cases[i].says);
		expect_set(HWTSTAMP_TX_ON, filter);
		cr_expect(eq(int, stamping.changed, false));
		cr_expect(eq(int, restore(), 0));
	}
}

Test(nic_stamping, if_that_fails_it_is_said)
{
	create((struct wt_sim_nic_config){.tx_type = HWTSTAMP_TX_ON});
	driver = touch_tx;
	set_error = -EIO;
	error_from = 1;
	cr_expect(eq(int, enable(), -EIO));
	expect_contains(err.text, "putting it back failed");
	expect_contains(err.text, "hwstamp_ctl -i sim");
}

Test(nic_stamping, somebody_elses_settings_stay)
{
	static const struct {
		int tx_type, rx_filter;
	} others[] = {
	        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT},
	        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL},
	        {HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		create((struct wt_sim_nic_config){0});
		cr_assert_eq(enable(), 0);
		wt_sim_nic_set_stamping(nic, others[i].tx_type, others[i].rx_filter);
		cr_expect(eq(int, restore(), -EBUSY));
		expect_contains(err.text, "somebody has changed the hardware stamps of sim");
		expect_contains(err.text, "rx filter all -> ");
		expect_set(others[i].tx_type, others[i].rx_filter);
		/* It is theirs now. */
		cr_expect(eq(int, restore(), 0));
		expect_set(others[i].tx_type, others[i].rx_filter);
	}
}

Test(nic_stamping, an_interface_is_found_under_its_new_name)
{
	create((struct wt_sim_nic_config){0});
	cr_assert_eq(enable(), 0);
	name_now = "other";
	/* The simulated one cannot be renamed: it is not there under this name. */
	cr_expect(eq(int, restore(), 0));
	cr_expect_str_eq(stamping.interface, "other");
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
	name_now = "sim";
	stamping.changed = true;
	cr_expect(eq(int, restore(), 0));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

Test(nic_stamping, a_restore_that_fails_can_be_tried_again)
{
	create((struct wt_sim_nic_config){0});
	cr_assert_eq(enable(), 0);
	set_error = -EPERM;
	cr_expect(eq(int, restore(), -EPERM));
	expect_contains(err.text,
	                "cannot put back the hardware stamps of sim (rx filter none, tx type off)");
	expect_contains(err.text, "hwstamp_ctl -i sim -r 0 -t 0");
	set_error = 0;
	cr_expect(eq(int, restore(), 0));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

static int gone(unsigned long request, struct ifreq *arg, int answer)
{
	(void)request;
	(void)arg;
	(void)answer;
	return -ENODEV;
}

Test(nic_stamping, of_an_interface_that_is_gone_nothing_is_to_be_put_back)
{
	create((struct wt_sim_nic_config){0});
	cr_assert_eq(enable(), 0);
	before.on_interface_ioctl = gone;
	cr_expect(eq(int, restore(), 0));
	cr_expect(eq(int, stamping.changed, false));
}

Test(nic_stamping, nothing_held_is_nothing_to_restore)
{
	static const struct wt_nic_stamping zero;

	stamping = zero;
	cr_expect(eq(int, restore(), 0));
}

Test(nic_stamping, errors_say_the_way_out)
{
	static const struct {
		int driver, returned;
		const char *says;
	} cases[] = {
	        {-EPERM, -EPERM, "setcap cap_net_raw,cap_net_admin+ep"},
	        {-EACCES, -EPERM, "CAP_NET_ADMIN"},
	        {-EBUSY, -EBUSY, "in use by somebody"},
	        {-ERANGE, -ERANGE, "refuses the rx filters"},
	        {-EINVAL, -EINVAL, "ip link set sim up"},
	        {-EIO, -EIO, "Input/output error"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		create((struct wt_sim_nic_config){0});
		set_error = cases[i].driver;
		cr_expect(eq(int, enable(), cases[i].returned));
		expect_contains(err.text, "sim");
		expect_contains(err.text, cases[i].says);
		expect_contains(err.text, "--stamp sw records with software stamps");
		cr_expect(eq(int, stamping.changed, false));
	}
}

Test(nic_stamping, the_simulated_nic_may_refuse_for_lack_of_rights)
{
	create((struct wt_sim_nic_config){.no_permission = true});
	cr_expect(eq(int, enable(), -EPERM));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

Test(nic_stamping, without_hardware_stamps_it_is_refused)
{
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_expect(eq(int, enable(), -EOPNOTSUPP));
	expect_contains(err.text, "sim does not stamp received packets in hardware");
	/* Sent packets alone are not enough. */
	create((struct wt_sim_nic_config){.so_timestamping = SOF_TIMESTAMPING_TX_HARDWARE});
	cr_expect(eq(int, enable(), -EOPNOTSUPP));
	create((struct wt_sim_nic_config){.rx_filters = FILTER(NONE)});
	cr_expect(eq(int, enable(), -EOPNOTSUPP));
	expect_contains(err.text, "sim has no rx filter");
	cr_expect(eq(int, sets, 0));
}

static int get_error;

static int hide_active(unsigned long request, struct ifreq *arg, int answer)
{
	(void)arg;
	return request == SIOCGHWTSTAMP ? get_error : answer;
}

Test(nic_stamping, what_cannot_be_put_back_is_not_changed)
{
	create((struct wt_sim_nic_config){0});
	before.on_interface_ioctl = hide_active;
	get_error = -ENOTTY;
	cr_expect(eq(int, enable(), -EOPNOTSUPP));
	expect_contains(err.text, "does not tell what it stamps now");
	get_error = -EIO;
	cr_expect(eq(int, enable(), -EIO));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

/* ---- sent packets ---- */

static int enable_tx(void)
{
	return wt_nic_stamping_enable_tx(&stamping, &before.system, "sim", &err);
}

Test(nic_stamping, of_sent_packets_is_switched_on_and_off_again)
{
	create((struct wt_sim_nic_config){.rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT,
	                                  .rx_filters = FILTER(NONE) | FILTER(ALL) |
	                                                FILTER(PTP_V2_EVENT)});
	cr_assert_eq(enable_tx(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	cr_expect(stamping.changed);
	cr_expect(eq(int, stamping.before.tx_type, HWTSTAMP_TX_OFF));
	cr_expect(eq(int, stamping.now.tx_type, HWTSTAMP_TX_ON));
	cr_assert_eq(restore(), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_PTP_V2_EVENT);
	cr_expect(eq(int, stamping.changed, false));
}

Test(nic_stamping, of_sent_packets_that_is_on_is_left_alone)
{
	static const int types[] = {HWTSTAMP_TX_ON, HWTSTAMP_TX_ONESTEP_SYNC,
	                            HWTSTAMP_TX_ONESTEP_P2P};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		create((struct wt_sim_nic_config){.tx_type = types[i], .no_permission = true});
		cr_assert_eq(enable_tx(), 0, "%s", err.text);
		cr_expect(eq(int, stamping.changed, false));
		cr_assert_eq(restore(), 0);
		cr_expect(eq(int, sets, 0));
		expect_set(types[i], HWTSTAMP_FILTER_NONE);
	}
}

static void touch_rx(struct hwtstamp_config *config)
{
	if (config->tx_type == HWTSTAMP_TX_ON)
		wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
}

static void stamp_nothing_sent(struct hwtstamp_config *config)
{
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_OFF, config->rx_filter);
}

Test(nic_stamping, of_sent_packets_is_all_that_a_driver_may_change)
{
	static const struct {
		void (*does)(struct hwtstamp_config *config);
		const char *says;
	} cases[] = {
	        {touch_rx, "changed how received packets are stamped"},
	        {stamp_nothing_sent, "took the tx type but stamps nothing"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		create((struct wt_sim_nic_config){.rx_filter = HWTSTAMP_FILTER_ALL});
		driver = cases[i].does;
		cr_expect(eq(int, enable_tx(), -EOPNOTSUPP));
		expect_contains(err.text, cases[i].says);
		expect_contains(err.text, "--tx-stamp sw");
		expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
		cr_expect(eq(int, stamping.changed, false));
	}
}

Test(nic_stamping, of_sent_packets_that_somebody_changed_stays)
{
	create((struct wt_sim_nic_config){0});
	cr_assert_eq(enable_tx(), 0);
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_expect(eq(int, restore(), -EBUSY));
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
}

Test(nic_stamping, of_sent_packets_errors_say_the_way_out)
{
	static const struct {
		int driver, returned;
		const char *says;
	} cases[] = {
	        {-EPERM, -EPERM, "setcap cap_net_raw,cap_net_admin+ep"},
	        {-EBUSY, -EBUSY, "in use by somebody"},
	        {-ERANGE, -ERANGE, "refuses the tx types"},
	        {-EINVAL, -EINVAL, "ip link set sim up"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		create((struct wt_sim_nic_config){0});
		set_error = cases[i].driver;
		cr_expect(eq(int, enable_tx(), cases[i].returned));
		expect_contains(err.text, cases[i].says);
		expect_contains(err.text, "--tx-stamp sw goes by the driver's stamps");
		cr_expect(eq(int, stamping.changed, false));
	}
}

Test(nic_stamping, of_sent_packets_is_refused_where_there_is_none)
{
	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_expect(eq(int, enable_tx(), -EOPNOTSUPP));
	expect_contains(err.text, "sim does not stamp sent packets in hardware");
	/* Received packets alone are not enough. */
	create((struct wt_sim_nic_config){.so_timestamping = SOF_TIMESTAMPING_RX_HARDWARE});
	cr_expect(eq(int, enable_tx(), -EOPNOTSUPP));
	create((struct wt_sim_nic_config){.tx_types = 1u << HWTSTAMP_TX_OFF});
	cr_expect(eq(int, enable_tx(), -EOPNOTSUPP));
	expect_contains(err.text, "sim has no tx type");
	cr_expect(eq(int, sets, 0));
}

Test(nic_stamping, the_kernels_virtual_interfaces_have_none)
{
	static const char *const names[] = {"lo", "wt_a"};
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	for (size_t i = 0; i < 2; i++) {
		cr_expect(eq(int,
		             wt_nic_stamping_enable(&stamping, wt_kernel_system(), names[i], &err),
		             -EOPNOTSUPP));
		expect_contains(err.text, names[i]);
		expect_contains(err.text, "--stamp sw records with software stamps");
		cr_expect(eq(int, restore(), 0));
	}
	cr_expect(eq(int, wt_nic_stamping_enable(&stamping, wt_kernel_system(), "wt_c", &err),
	             -ENODEV));
}

/* ---- several users, of whom some are killed ---- */

static char folder[TEMP_BYTES];
static const char *place = "00000000-1111-2222-3333-444444444444.7";
static int interface_index = 2;
static uint8_t last_of_address = 1;
static bool turn_is_taken;

static int open_state(struct wt_system *system, const char *name)
{
	(void)system;
	return wt_state_file_open(folder, name);
}

static int lock_state(struct wt_system *system, int fd, unsigned byte, enum wt_state_lock lock,
                      bool waits)
{
	if (turn_is_taken && byte == 0 && lock != WT_STATE_UNLOCKED)
		return -EAGAIN;
	return wt_state_file_ops.lock(system, fd, byte, lock, waits);
}

static int tell_place(struct wt_system *system, char *out, size_t capacity)
{
	(void)system;
	snprintf(out, capacity, "%s", place);
	return 0;
}

static int read_state(char *text, size_t capacity)
{
	char path[128];
	int fd, length;

	snprintf(path, sizeof(path), "%s/stamping.7.2", folder);
	fd = open(path, O_RDONLY);
	cr_assert(ge(int, fd, 0));
	length = (int)read(fd, text, capacity - 1);
	close(fd);
	cr_assert(ge(int, length, 0));
	text[length] = '\0';
	return length;
}

static void write_state(const char *text, size_t length)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/stamping.7.2", folder);
	fd = open(path, O_WRONLY | O_TRUNC);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, (int)write(fd, text, length), (int)length));
	close(fd);
}

/* What the file said when the driver was last asked to set something. */
static char intent[WT_NIC_WORD_BYTES];

static int with_identity(unsigned long request, struct ifreq *arg, int answer)
{
	struct ethtool_perm_addr *address = (void *)arg->ifr_data;

	if (request == SIOCSHWTSTAMP)
		read_state(intent, sizeof(intent));
	if (request == SIOCGIFINDEX) {
		arg->ifr_ifindex = interface_index;
		return 0;
	}
	if (request != SIOCETHTOOL || address->cmd != ETHTOOL_GPERMADDR)
		return on_interface_ioctl(request, arg, answer);
	address->size = 6;
	memcpy(address->data, (uint8_t[]){2, 0, 0, 0, 0, last_of_address}, 6);
	return 0;
}

static struct wt_nic_stamping users[3];

static void create_shared(struct wt_sim_nic_config config)
{
	static struct wt_state_ops states;

	states = wt_state_file_ops;
	states.open = open_state;
	states.lock = lock_state;
	states.place = tell_place;
	create(config);
	before.ops.states = &states;
	before.on_interface_ioctl = with_identity;
}

static void make_folder(void)
{
	temp_template(folder, "stamping");
	cr_assert(mkdtemp(folder) != NULL);
	create_shared((struct wt_sim_nic_config){.rx_filters = FILTER(NONE) | FILTER(ALL) |
	                                                       FILTER(PTP_V2_EVENT)});
}

static void remove_folder(void)
{
	char command[96];

	for (size_t i = 0; i < 3; i++)
		wt_nic_claim_close(&users[i].claim);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(eq(int, system(command), 0));
	tear_down();
}

TestSuite(nic_stamping_shared, .init = make_folder, .fini = remove_folder);

static void start_rx(size_t user)
{
	cr_assert_eq(wt_nic_stamping_enable(&users[user], &before.system, "sim", &err), 0, "%s",
	             err.text);
}

static void start_tx(size_t user)
{
	cr_assert_eq(wt_nic_stamping_enable_tx(&users[user], &before.system, "sim", &err), 0, "%s",
	             err.text);
}

static int end(size_t user)
{
	return wt_nic_stamping_restore(&users[user], &err);
}

/* The kernel closes what a process has open. */
static void be_killed(size_t user)
{
	wt_nic_claim_close(&users[user].claim);
}

static void expect_forgotten(void)
{
	char text[WT_NIC_WORD_BYTES];

	cr_expect(eq(int, read_state(text, sizeof(text)), 0), "%s", text);
}

Test(nic_stamping_shared, what_a_killed_one_has_set_is_put_back_by_the_next)
{
	start_rx(0);
	be_killed(0);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
	start_rx(1);
	cr_expect(eq(int, users[1].before.rx_filter, HWTSTAMP_FILTER_NONE));
	cr_expect(users[1].changed);
	be_killed(1);
	start_rx(2);
	cr_assert_eq(end(2), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
	expect_forgotten();
}

Test(nic_stamping_shared, the_last_of_several_puts_it_back)
{
	for (size_t last = 0; last < 2; last++) {
		start_rx(0);
		start_rx(1);
		cr_assert_eq(end(1 - last), 0, "%s", err.text);
		cr_expect(users[1 - last].is_left);
		expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
		cr_assert_eq(end(last), 0, "%s", err.text);
		cr_expect(eq(int, users[last].is_left, false));
		expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
		expect_forgotten();
		cr_expect(eq(int, end(last), 0));
	}
}

Test(nic_stamping_shared, each_half_goes_when_nobody_needs_it)
{
	start_rx(0);
	start_tx(1);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_assert_eq(end(0), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	start_rx(0);
	cr_assert_eq(end(1), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
	cr_assert_eq(end(0), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
	expect_forgotten();
}

Test(nic_stamping_shared, the_half_of_one_that_was_killed_goes_with_the_other)
{
	start_rx(0);
	start_tx(1);
	be_killed(1);
	cr_assert_eq(end(0), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
	expect_forgotten();
}

Test(nic_stamping_shared, what_somebody_else_has_set_since_is_what_it_is_put_back_to)
{
	start_rx(0);
	be_killed(0);
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	start_rx(1);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_assert_eq(end(1), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	expect_forgotten();
}

Test(nic_stamping_shared, what_somebody_else_sets_meanwhile_is_his)
{
	start_rx(0);
	start_tx(1);
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	cr_expect(eq(int, end(0), -EBUSY));
	expect_contains(err.text, "rx filter all -> ptpv2-event");
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	expect_forgotten();
	cr_expect(eq(int, end(1), -EBUSY));
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
}

Test(nic_stamping_shared, another_nic_is_not_mistaken_for_the_one_that_was)
{
	for (int what = 0; what < 3; what++) {
		place = "00000000-1111-2222-3333-444444444444.7";
		interface_index = 2;
		last_of_address = 1;
		wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
		start_rx(0);
		be_killed(0);
		if (what == 0)
			place = "99999999-1111-2222-3333-444444444444.7";
		else if (what == 1)
			interface_index = 3;
		else
			last_of_address = 2;
		start_rx(1);
		cr_assert_eq(end(1), 0, "%s", err.text);
		expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
	}
}

Test(nic_stamping_shared, what_is_to_be_put_back_is_noted_before_it_is_changed)
{
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_EVENT);
	start_rx(0);
	expect_contains(intent, "\nbefore 1 12 0\nmade 1 1 0\n");
}

Test(nic_stamping_shared, a_driver_that_refuses_leaves_nothing_to_be_put_back)
{
	set_error = -EPERM;
	cr_expect(eq(int, wt_nic_stamping_enable(&users[0], &before.system, "sim", &err), -EPERM));
	cr_expect(eq(int, users[0].claim.is_open, false));
	expect_forgotten();
	set_error = 0;
	driver = touch_tx;
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	cr_expect(eq(int, wt_nic_stamping_enable(&users[0], &before.system, "sim", &err),
	             -EOPNOTSUPP));
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	expect_forgotten();
}

Test(nic_stamping_shared, a_file_that_is_not_ours_is_not_believed)
{
	static const char *const ends[] = {
	        "before 0 0 0\nmade 0 1",
	        "before 0 0 0\nmade 0 1 0",
	        "before 0 0 0\nmade 0 1 0\n\n",
	        "before 0 0 0\nmade 0 1 0\nmore\n",
	        "before 0 0 0 \nmade 0 1 0\n",
	        "before 00 0 0\nmade 0 1 0\n",
	        "before 0 -1 0\nmade 0 1 0\n",
	        "before 0 32 0\nmade 0 1 0\n",
	        "before 0 0 99999999999999\nmade 0 1 0\n",
	        "made 0 1 0\nbefore 0 0 0\n",
	};
	char head[256], text[WT_NIC_WORD_BYTES];

	start_rx(0);
	memcpy(head, users[0].claim.head, sizeof(head));
	be_killed(0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", head, ends[i]);
		write_state(text, strlen(text));
		start_rx(1);
		cr_expect(eq(int, users[1].before.rx_filter, HWTSTAMP_FILTER_ALL), "%s", ends[i]);
		cr_assert_eq(end(1), 0, "%s", err.text);
		expect_forgotten();
	}
	memset(text, 'x', sizeof(text));
	write_state(text, sizeof(text));
	start_rx(1);
	cr_expect(eq(int, users[1].before.rx_filter, HWTSTAMP_FILTER_ALL));
	/* The same without a fault. */
	snprintf(text, sizeof(text), "%sbefore 0 0 0\nmade 0 1 0\n", head);
	be_killed(1);
	write_state(text, strlen(text));
	start_rx(1);
	cr_expect(eq(int, users[1].before.rx_filter, HWTSTAMP_FILTER_NONE));
}

Test(nic_stamping_shared, where_there_is_no_place_each_goes_by_what_he_remembers)
{
	turn_is_taken = true;
	start_rx(0);
	cr_expect(eq(int, users[0].claim.is_open, false));
	turn_is_taken = false;
	cr_assert_eq(end(0), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}

Test(nic_stamping_shared, one_that_has_been_away_keeps_its_claim)
{
	start_rx(0);
	start_rx(1);
	cr_assert_eq(wt_nic_stamping_renew(&users[0], "sim", &err), 0, "%s", err.text);
	cr_assert_eq(end(1), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL);
	/* A new device does not know what was asked of it. */
	wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	cr_assert_eq(wt_nic_stamping_renew(&users[0], "sim", &err), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
	cr_assert_eq(end(0), 0, "%s", err.text);
	expect_set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NONE);
	expect_forgotten();
}

Test(nic_stamping_shared, a_restore_that_fails_can_be_tried_again)
{
	start_rx(0);
	set_error = -EPERM;
	cr_expect(eq(int, end(0), -EPERM));
	expect_contains(err.text, "hwstamp_ctl -i sim -r 0 -t 0");
	set_error = 0;
	cr_expect(eq(int, end(0), 0));
	expect_set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE);
}
