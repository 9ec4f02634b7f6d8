/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <string.h>

#include <wiretape/stamp/nic_stamping.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/tests/support/system_double.h>
#include <wiretape/tests/support/veth.h>

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

static int on_interface_ioctl(unsigned long request, struct ifreq *arg, int answer)
{
	static struct wt_stamp_active last;

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
