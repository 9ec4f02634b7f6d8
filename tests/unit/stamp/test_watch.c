/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/stamp/watch/watch.h>

#include "support/unit.h"
#include "support/veth.h"

/* A system whose interface is what this says. The kernel sends nothing about it. */
static struct {
	struct wt_system system;
	char name[16];
	int index;
	short flags;
	int mtu;
	int phc_index;
	uint32_t rx_filters;
	struct hwtstamp_config config;
	int get_error;     /* of SIOCGHWTSTAMP */
	int ethtool_error; /* of SIOCETHTOOL */
	unsigned asked;    /* how often SIOCGHWTSTAMP was */
} nic;

static int get_config(struct ifreq *arg)
{
	nic.asked++;
	memcpy(arg->ifr_data, &nic.config, sizeof(nic.config));
	return nic.get_error;
}

static int get_ts_info(struct ifreq *arg)
{
	struct ethtool_ts_info info = {
	        .cmd = ETHTOOL_GET_TS_INFO,
	        .so_timestamping = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE,
	        .phc_index = nic.phc_index,
	        .tx_types = 1 << HWTSTAMP_TX_OFF | 1 << HWTSTAMP_TX_ON,
	        .rx_filters = nic.rx_filters,
	};

	memcpy(arg->ifr_data, &info, sizeof(info));
	return nic.ethtool_error;
}

static int answer(struct wt_system *system, unsigned long request, struct ifreq *arg)
{
	(void)system;
	if (request == SIOCGIFNAME) {
		if (!nic.index || arg->ifr_ifindex != nic.index)
			return -ENODEV;
		memcpy(arg->ifr_name, nic.name, sizeof(nic.name));
		return 0;
	}
	if (!nic.index || strcmp(arg->ifr_name, nic.name))
		return -ENODEV;
	switch (request) {
	case SIOCGIFINDEX:
		arg->ifr_ifindex = nic.index;
		return 0;
	case SIOCGIFFLAGS:
		arg->ifr_flags = nic.flags;
		return 0;
	case SIOCGIFMTU:
		arg->ifr_mtu = nic.mtu;
		return 0;
	case SIOCGHWTSTAMP:
		return get_config(arg);
	case SIOCETHTOOL:
		return get_ts_info(arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t no_tsinfo(struct wt_system *system, const char *interface, void *out,
                         size_t capacity)
{
	(void)system;
	(void)interface;
	(void)out;
	(void)capacity;
	return -EOPNOTSUPP;
}

static const struct wt_system_ops ops = {.interface_ioctl = answer, .tsinfo = no_tsinfo};
static struct wt_watch *watch;
static struct wt_watch_event event;
static int64_t now_ns = 1;

static void open_double(void)
{
	memset(&nic, 0, sizeof(nic));
	nic.system.ops = &ops;
	nic.index = 4;
	nic.flags = IFF_UP | IFF_RUNNING;
	nic.mtu = 1500;
	nic.rx_filters = 1 << HWTSTAMP_FILTER_NONE | 1 << HWTSTAMP_FILTER_ALL;
	strcpy(nic.name, "v0");
	cr_assert_eq(wt_watch_open(&watch, &nic.system, "v0", NULL), 0);
}

static void close_watch(void)
{
	wt_watch_close(watch);
	watch = NULL;
}

TestSuite(watch, .fini = close_watch);
TestSuite(watch_kernel, .fini = close_watch);

static int next_event(void)
{
	return wt_watch_next(watch, now_ns, 77, &event);
}

static void is_next(enum wt_watch_change change, const char *text)
{
	int there = next_event();

	cr_assert(there == 1, "nothing instead of '%s'", text);
	cr_expect(event.change == change && !strcmp(event.text, text),
	          "expected %s '%s', got %s '%s'", wt_watch_change_name(change), text,
	          wt_watch_change_name(event.change), event.text);
	cr_expect(eq(i64, event.utc_ns, 77));
}

static void is_nothing(void)
{
	cr_expect(next_event() == 0, "'%s' out of nothing", event.text);
}

static void next_comparison(void)
{
	now_ns += WT_WATCH_COMPARE_NS;
}

Test(watch, says_nothing_where_nothing_changes)
{
	open_double();
	is_nothing();
	next_comparison();
	is_nothing();
	cr_expect(eq(int, wt_watch_fd(watch), -1));
}

Test(watch, compares_no_more_often_than_it_says)
{
	open_double();
	is_nothing();
	nic.asked = 0;
	nic.config.rx_filter = HWTSTAMP_FILTER_ALL;
	now_ns += WT_WATCH_COMPARE_NS - 1;
	is_nothing();
	cr_expect(eq(u32, nic.asked, 0));
	now_ns++;
	is_next(WT_WATCH_STAMPING, "rx filter none -> all");
	is_nothing();
	cr_expect(eq(u32, nic.asked, 1));
}

Test(watch, tells_all_of_a_stamping_at_once)
{
	open_double();
	nic.config = (struct hwtstamp_config){
	        .flags = 1, .tx_type = HWTSTAMP_TX_ON, .rx_filter = HWTSTAMP_FILTER_PTP_V2_EVENT};
	is_next(WT_WATCH_STAMPING,
	        "rx filter none -> ptpv2-event, tx type off -> on, flags 0x0 -> 0x1");
	is_nothing();
	nic.config = (struct hwtstamp_config){.tx_type = 99, .rx_filter = -1};
	next_comparison();
	is_next(WT_WATCH_STAMPING,
	        "rx filter ptpv2-event -> -1, tx type on -> 99, flags 0x1 -> 0x0");
}

Test(watch, tells_that_stamping_cannot_be_read_and_what_it_is_afterwards)
{
	open_double();
	nic.get_error = -EBUSY;
	is_next(WT_WATCH_STAMPING, "what is stamped cannot be read: Device or resource busy");
	next_comparison();
	is_nothing();
	nic.get_error = 0;
	nic.config.rx_filter = HWTSTAMP_FILTER_ALL;
	next_comparison();
	is_next(WT_WATCH_STAMPING, "what is stamped can be read: rx filter all, tx type off");
	is_nothing();
}

Test(watch, tells_what_can_be_stamped_and_by_which_clock)
{
	open_double();
	nic.phc_index = -1;
	nic.rx_filters = 1 << HWTSTAMP_FILTER_NONE | 1 << HWTSTAMP_FILTER_PTP_V2_EVENT;
	is_next(WT_WATCH_CAPABILITIES, "possible rx filters: +ptpv2-event -all");
	is_next(WT_WATCH_CLOCK, "PHC /dev/ptp0 -> none");
	is_nothing();
	nic.phc_index = 3;
	next_comparison();
	is_next(WT_WATCH_CLOCK, "PHC none -> /dev/ptp3");
	is_nothing();
}

Test(watch, remembers_what_could_be_stamped_while_it_cannot_be_read)
{
	open_double();
	nic.ethtool_error = -EIO;
	is_next(WT_WATCH_CAPABILITIES, "what can be stamped cannot be read: Input/output error");
	is_nothing();
	nic.ethtool_error = 0;
	nic.phc_index = 1;
	next_comparison();
	is_next(WT_WATCH_CAPABILITIES, "what can be stamped can be read");
	is_next(WT_WATCH_CLOCK, "PHC /dev/ptp0 -> /dev/ptp1");
	is_nothing();
}

Test(watch, takes_a_driver_that_is_being_reset_for_no_change)
{
	open_double();
	nic.get_error = -ENODEV;
	is_nothing();
	nic.get_error = 0;
	next_comparison();
	is_nothing();
}

Test(watch, compares_the_link_where_the_kernel_tells_nothing)
{
	open_double();
	nic.flags = 0;
	nic.mtu = 9000;
	is_next(WT_WATCH_SETTINGS, "mtu 1500 -> 9000");
	is_next(WT_WATCH_LINK_DOWN, "link up -> down");
	is_next(WT_WATCH_CARRIER_OFF, "carrier on -> off");
	is_nothing();
	nic.flags = IFF_UP;
	strcpy(nic.name, "eth9");
	next_comparison();
	is_next(WT_WATCH_RENAMED, "renamed v0 -> eth9");
	is_next(WT_WATCH_LINK_UP, "link down -> up");
	is_nothing();
}

Test(watch, finds_an_interface_back_under_either_name)
{
	open_double();
	strcpy(nic.name, "eth9");
	is_next(WT_WATCH_RENAMED, "renamed v0 -> eth9");
	nic.index = 0;
	next_comparison();
	is_next(WT_WATCH_GONE, "eth9 is gone: it was index 4");
	is_nothing();
	next_comparison();
	is_nothing();
	nic.index = 7;
	strcpy(nic.name, "v0");
	next_comparison();
	is_next(WT_WATCH_BACK, "v0 is back: index 4 -> 7");
	is_nothing();
	nic.index = 0;
	next_comparison();
	is_next(WT_WATCH_GONE, "v0 is gone: it was index 7");
	nic.index = 7;
	next_comparison();
	is_next(WT_WATCH_BACK, "v0 is back: index 7 as before");
	is_nothing();
}

Test(watch, compares_what_is_back_with_what_went)
{
	open_double();
	is_nothing();
	nic.index = 0;
	next_comparison();
	is_next(WT_WATCH_GONE, "v0 is gone: it was index 4");
	nic.index = 5;
	nic.flags = 0;
	nic.config.rx_filter = HWTSTAMP_FILTER_ALL;
	next_comparison();
	is_next(WT_WATCH_BACK, "v0 is back: index 4 -> 5");
	is_next(WT_WATCH_LINK_DOWN, "link up -> down");
	is_next(WT_WATCH_CARRIER_OFF, "carrier on -> off");
	is_next(WT_WATCH_STAMPING, "rx filter none -> all");
	is_nothing();
}

Test(watch, notices_an_interface_that_was_replaced_between_two_looks)
{
	open_double();
	is_nothing();
	nic.index = 7;
	next_comparison();
	is_next(WT_WATCH_GONE, "v0 is gone: it was index 4");
	is_next(WT_WATCH_BACK, "v0 is back: index 4 -> 7");
	is_nothing();
}

Test(watch, shows_no_control_characters_of_a_name)
{
	open_double();
	strcpy(nic.name, "a\033[2J\xff");
	is_next(WT_WATCH_RENAMED, "renamed v0 -> a?[2J?");
}

Test(watch, is_not_opened_for_an_interface_that_is_not_there)
{
	struct wt_error err;

	open_double();
	close_watch();
	cr_expect(eq(int, wt_watch_open(&watch, &nic.system, "v1", &err), -ENODEV));
	cr_expect(strstr(err.text, "'v1'") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_watch_open(&watch, &nic.system, "", &err), -ENODEV));
	cr_expect(eq(int, wt_watch_open(&watch, &nic.system, "a-name-that-is-too-long", &err),
	             -ENODEV));
	wt_watch_close(NULL);
}

Test(watch, each_change_has_a_name_of_its_own)
{
	for (int i = 0; i < WT_WATCH_CHANGES; i++) {
		const char *name = wt_watch_change_name((enum wt_watch_change)i);

		cr_expect_str_neq(name, "unknown");
		for (int j = 0; j < i; j++)
			cr_expect_str_neq(name, wt_watch_change_name((enum wt_watch_change)j));
	}
	cr_expect_str_eq(wt_watch_change_name(WT_WATCH_CHANGES), "unknown");
}

/* ---- the kernel ---- */

static void open_kernel(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	cr_assert_eq(wt_watch_open(&watch, wt_kernel_system(), "wt_a", NULL), 0);
	cr_assert(ge(int, wt_watch_fd(watch), 0));
	while (next_event())
		;
}

/* Wait for the kernel to tell it; other things may come before. The time stands still: nothing
 * is found by comparison that was not told to be due. */
static void await(enum wt_watch_change change, const char *text)
{
	struct pollfd readable = {.fd = wt_watch_fd(watch), .events = POLLIN};

	for (;;) {
		while (next_event())
			if (event.change == change && !strcmp(event.text, text))
				return;
		cr_assert(poll(&readable, 1, 20000) == 1, "waited in vain for '%s'", text);
	}
}

static void interface_ioctl(unsigned long request, struct ifreq *arg)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), rc = ioctl(fd, request, arg);

	close(fd);
	cr_assert_eq(rc, 0, "%s", strerror(errno));
}

static void set_mtu(const char *name, int mtu)
{
	struct ifreq arg = {.ifr_mtu = mtu};

	strcpy(arg.ifr_name, name);
	interface_ioctl(SIOCSIFMTU, &arg);
}

Test(watch_kernel, link_goes_down_and_up)
{
	open_kernel();
	cr_assert_eq(veth_ip("link set wt_a down"), 0);
	await(WT_WATCH_LINK_DOWN, "link up -> down");
	cr_assert_eq(veth_ip("link set wt_a up"), 0);
	await(WT_WATCH_LINK_UP, "link down -> up");
}

Test(watch_kernel, carrier_goes_with_the_other_end)
{
	open_kernel();
	cr_assert_eq(veth_ip("link set wt_b down"), 0);
	await(WT_WATCH_CARRIER_OFF, "carrier on -> off");
	cr_assert_eq(veth_ip("link set wt_b up"), 0);
	await(WT_WATCH_CARRIER_ON, "carrier off -> on");
}

Test(watch_kernel, mtu_and_address_are_settings)
{
	open_kernel();
	cr_assert_eq(veth_ip("link set wt_a mtu 1400"), 0);
	await(WT_WATCH_SETTINGS, "mtu 1500 -> 1400");
	cr_assert_eq(veth_ip("link set wt_a address 02:00:00:00:00:01"), 0);
	cr_assert_eq(veth_ip("link set wt_a address 02:00:00:00:00:02"), 0);
	await(WT_WATCH_SETTINGS, "address 02:00:00:00:00:01 -> 02:00:00:00:00:02");
}

Test(watch_kernel, what_is_of_no_consequence_is_not_told)
{
	open_kernel();
	cr_assert_eq(veth_ip("link set wt_a alias nobody-cares"), 0);
	cr_assert_eq(veth_ip("link set wt_b mtu 1400"), 0);
	cr_assert_eq(veth_ip("link add wt_c type veth peer name wt_d"), 0);
	cr_assert_eq(veth_ip("link set wt_a mtu 1300"), 0);
	cr_assert_eq(next_event(), 1);
	cr_expect_str_eq(event.text, "mtu 1500 -> 1300");
	is_nothing();
}

Test(watch_kernel, ethtool_tells_of_settings)
{
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq arg = {.ifr_data = (void *)&value};

	open_kernel();
	strcpy(arg.ifr_name, "wt_a");
	interface_ioctl(SIOCETHTOOL, &arg);
	await(WT_WATCH_SETTINGS, "ethtool: features changed");
	is_nothing();
	/* Somebody else's. */
	strcpy(arg.ifr_name, "wt_b");
	interface_ioctl(SIOCETHTOOL, &arg);
	is_nothing();
}

/* A driver that stamps since something was set. */
static int stamps_all(struct wt_system *system, unsigned long request, struct ifreq *arg)
{
	static const struct hwtstamp_config all = {.rx_filter = HWTSTAMP_FILTER_ALL};

	(void)system;
	if (request != SIOCGHWTSTAMP)
		return -ENOTTY;
	memcpy(arg->ifr_data, &all, sizeof(all));
	return 0;
}

Test(watch_kernel, what_is_stamped_is_compared_when_something_else_has_changed)
{
	struct wt_system *kernel = wt_kernel_system();
	const struct wt_system_ops *real = kernel->ops;
	struct wt_system_ops other = *real;

	open_kernel();
	other.interface_ioctl = stamps_all;
	kernel->ops = &other;
	is_nothing();
	set_mtu("wt_a", 1400);
	await(WT_WATCH_SETTINGS, "mtu 1500 -> 1400");
	await(WT_WATCH_STAMPING, "what is stamped can be read: rx filter all, tx type off");
	is_nothing();
	kernel->ops = real;
}

Test(watch_kernel, follows_a_name)
{
	struct wt_watch_now now;

	open_kernel();
	cr_assert_eq(veth_ip("link set wt_a down"), 0);
	cr_assert_eq(veth_ip("link set wt_a name wt_z"), 0);
	await(WT_WATCH_RENAMED, "renamed wt_a -> wt_z");
	cr_assert_eq(veth_ip("link set wt_z up"), 0);
	await(WT_WATCH_LINK_UP, "link down -> up");
	wt_watch_now(watch, &now);
	cr_expect_str_eq(now.interface, "wt_z");
	cr_expect(now.is_there && now.is_up);
}

Test(watch_kernel, another_one_of_the_old_name_is_another_one)
{
	open_kernel();
	cr_assert_eq(veth_ip("link set wt_a down"), 0);
	cr_assert_eq(veth_ip("link set wt_a name wt_z"), 0);
	cr_assert_eq(veth_ip("link set wt_b down"), 0);
	cr_assert_eq(veth_ip("link set wt_b name wt_a"), 0);
	await(WT_WATCH_RENAMED, "renamed wt_a -> wt_z");
	cr_assert_eq(veth_ip("link set wt_a mtu 1400"), 0);
	is_nothing();
}

Test(watch_kernel, interface_goes_and_comes_back_with_another_index)
{
	struct wt_watch_now now;
	char text[100];
	unsigned was;

	open_kernel();
	was = if_nametoindex("wt_a");
	cr_assert_eq(veth_ip("link del wt_a"), 0);
	snprintf(text, sizeof(text), "wt_a is gone: it was index %u", was);
	await(WT_WATCH_GONE, text);
	is_nothing();
	wt_watch_now(watch, &now);
	cr_expect(eq(int, now.is_there, false));
	cr_assert_eq(veth_ip("link add wt_a type veth peer name wt_b"), 0);
	snprintf(text, sizeof(text), "wt_a is back: index %u -> %u", was, if_nametoindex("wt_a"));
	await(WT_WATCH_BACK, text);
	cr_assert_eq(veth_ip("link set wt_a up"), 0);
	await(WT_WATCH_LINK_UP, "link down -> up");
}

Test(watch_kernel, a_bridge_that_is_left_is_no_interface_that_is_gone)
{
	open_kernel();
	if (veth_ip("link add wt_br type bridge 2>/dev/null"))
		cr_skip_test("this kernel has no bridges");
	cr_assert_eq(veth_ip("link set wt_a master wt_br"), 0);
	cr_assert_eq(veth_ip("link set wt_a nomaster"), 0);
	while (next_event())
		cr_expect(event.change != WT_WATCH_GONE, "%s", event.text);
}

Test(watch_kernel, more_than_the_socket_holds_is_compared_anew)
{
	bool has_lost = false;
	struct wt_watch_now now;

	open_kernel();
	for (int i = 0; i < 2000; i++)
		set_mtu("wt_a", i % 2 ? 1400 : 1300);
	cr_assert_eq(veth_ip("link set wt_a down"), 0);
	set_mtu("wt_a", 1234);
	while (next_event())
		has_lost |= event.change == WT_WATCH_LOST;
	cr_expect(has_lost);
	wt_watch_now(watch, &now);
	cr_expect(eq(u32, now.mtu, 1234));
	cr_expect(eq(int, now.is_up, false));
	/* And it goes on. */
	set_mtu("wt_a", 1235);
	await(WT_WATCH_SETTINGS, "mtu 1234 -> 1235");
}

/* The port of our netlink socket that listens to links. */
static unsigned listening_port(void)
{
	for (int fd = 0; fd < 64; fd++) {
		struct sockaddr_nl address = {0};
		socklen_t length = sizeof(address);
		int protocol = -1;

		if (getsockname(fd, (struct sockaddr *)&address, &length) ||
		    address.nl_family != AF_NETLINK)
			continue;
		length = sizeof(protocol);
		if (!getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) &&
		    protocol == NETLINK_ROUTE)
			return address.nl_pid;
	}
	return 0;
}

Test(watch_kernel, messages_of_other_programs_are_not_believed)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} message = {
	        .header = {.nlmsg_len = sizeof(message), .nlmsg_type = RTM_DELLINK},
	        .info = {.ifi_family = AF_UNSPEC},
	};
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	struct pollfd readable = {.events = POLLIN};
	int fd;

	open_kernel();
	readable.fd = wt_watch_fd(watch);
	message.info.ifi_index = (int)if_nametoindex("wt_a");
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	to.nl_pid = listening_port();
	cr_assert(ne(u32, to.nl_pid, 0));
	cr_assert(sendto(fd, &message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to)) > 0,
	          "%s", strerror(errno));
	cr_assert(eq(int, poll(&readable, 1, 20000), 1));
	is_nothing();
	cr_expect(eq(int, poll(&readable, 1, 0), 0));
	close(fd);
}
