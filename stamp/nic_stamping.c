/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/nic_stamping.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/hwtstamp_private.h>

#define SOFTWARE_INSTEAD "--stamp sw records with software stamps"

static const char *filter_name(int filter)
{
	const char *name = filter < 0 ? NULL : wt_rx_filter_name((unsigned)filter);

	return name ? name : "unknown";
}

static bool is_same(const struct wt_stamp_active *a, const struct wt_stamp_active *b)
{
	return a->flags == b->flags && a->tx_type == b->tx_type && a->rx_filter == b->rx_filter;
}

static const char *type_name(int tx_type)
{
	const char *name = tx_type < 0 ? NULL : wt_tx_type_name((unsigned)tx_type);

	return name ? name : "unknown";
}

static int say_why_not(const char *interface, int error, struct wt_error *err)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return wt_error_set(err, -EPERM,
		                    "switching on the hardware stamps of %s takes CAP_NET_ADMIN; "
		                    "run as root or setcap cap_net_admin+ep the program, or "
		                    "%s",
		                    interface, SOFTWARE_INSTEAD);
	case -ERANGE:
		return wt_error_set(err, error,
		                    "the driver of %s refuses the rx filters that it says it has; "
		                    "%s",
		                    interface, SOFTWARE_INSTEAD);
	case -EBUSY:
		return wt_error_set(err, error,
		                    "the hardware stamps of %s are in use by somebody who does "
		                    "not share them; end that program, or %s",
		                    interface, SOFTWARE_INSTEAD);
	case -EINVAL:
	case -ENETDOWN:
		return wt_error_set(err, error,
		                    "the driver of %s does not take settings for hardware stamps "
		                    "now (%s), as some do while the interface is down; ip link set "
		                    "%s up, or %s",
		                    interface, strerror(-error), interface, SOFTWARE_INSTEAD);
	case -EOPNOTSUPP:
		return wt_error_set(err, error,
		                    "%s has no rx filter to stamp received packets with; %s",
		                    interface, SOFTWARE_INSTEAD);
	case -ENODEV:
		return wt_error_set(err, error, "%s is gone; ip link shows the interfaces",
		                    interface);
	default:
		return wt_error_set(err, error,
		                    "cannot switch on the hardware stamps of %s: %s; %s", interface,
		                    strerror(-error), SOFTWARE_INSTEAD);
	}
}

/* What is set, if it can be told: what cannot be told cannot be put back. */
static int look_before(struct wt_nic_stamping *stamping,
                       const struct wt_stamp_capabilities *capabilities, struct wt_error *err)
{
	int error = capabilities->active.error;
	bool stamps = capabilities->supported.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE;

	if (!stamps)
		return wt_error_set(err, -EOPNOTSUPP,
		                    "%s does not stamp received packets in hardware; %s",
		                    stamping->interface, SOFTWARE_INSTEAD);
	if (error == -EOPNOTSUPP)
		return wt_error_set(err, -EOPNOTSUPP,
		                    "the driver of %s does not tell what it stamps now, so it "
		                    "could not be put back; %s",
		                    stamping->interface, SOFTWARE_INSTEAD);
	if (error)
		return say_why_not(stamping->interface, error, err);
	stamping->before = capabilities->active;
	stamping->now = stamping->before;
	return 0;
}

static void note_limits(struct wt_nic_stamping *stamping)
{
	const char *what = "only some packets";
	const char *name = filter_name(stamping->now.rx_filter);

	if (stamping->now.rx_filter == HWTSTAMP_FILTER_ALL)
		return;
	if (!strncmp(name, "ptp", 3))
		what = "only PTP packets";
	else if (!strncmp(name, "ntp", 3))
		what = "only NTP packets";
	snprintf(stamping->limited, sizeof(stamping->limited),
	         "%s stamps %s in hardware (rx filter %s); the others get software stamps",
	         stamping->interface, what, name);
}

/* The driver did something else than add stamps: back to what was there. */
static int take_back(struct wt_nic_stamping *stamping, const char *what, struct wt_error *err)
{
	struct wt_stamp_active before = stamping->before;

	stamping->changed = false;
	if (wt_hwtstamp_set(stamping->system, stamping->interface, &before))
		return wt_error_set(err, -EIO,
		                    "the driver of %s %s, and putting it back failed; "
		                    "hwstamp_ctl -i %s shows and sets it",
		                    stamping->interface, what, stamping->interface);
	return wt_error_set(err, -EOPNOTSUPP, "the driver of %s %s, which was put back; %s",
	                    stamping->interface, what, SOFTWARE_INSTEAD);
}

static int set_filter(struct wt_nic_stamping *stamping, int filter)
{
	struct wt_stamp_active asked = stamping->before, read;
	int ret;

	asked.rx_filter = filter;
	ret = wt_hwtstamp_set(stamping->system, stamping->interface, &asked);
	if (ret)
		return ret;
	/* Drivers write into the request what they made of it; some forget to. */
	ret = wt_hwtstamp_get(stamping->system, stamping->interface, &read);
	stamping->now = ret ? asked : read;
	return 0;
}

/* Whether something was added and nothing taken away. */
static int check_result(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	const struct wt_stamp_active *before = &stamping->before, *now = &stamping->now;

	if (now->tx_type != before->tx_type)
		return take_back(stamping, "changed how sent packets are stamped", err);
	if (now->rx_filter == HWTSTAMP_FILTER_NONE)
		return take_back(stamping, "took the rx filter but stamps nothing", err);
	if (before->rx_filter != HWTSTAMP_FILTER_NONE && now->rx_filter != before->rx_filter &&
	    now->rx_filter != HWTSTAMP_FILTER_ALL)
		return take_back(stamping, "put another rx filter in place of the one set", err);
	stamping->changed = !is_same(now, before);
	return 0;
}

static const int widest_first[] = {
        HWTSTAMP_FILTER_ALL,
        HWTSTAMP_FILTER_PTP_V2_EVENT,
        HWTSTAMP_FILTER_PTP_V2_L4_EVENT,
        HWTSTAMP_FILTER_PTP_V2_L2_EVENT,
        HWTSTAMP_FILTER_PTP_V1_L4_EVENT,
        HWTSTAMP_FILTER_PTP_V2_SYNC,
        HWTSTAMP_FILTER_PTP_V2_L4_SYNC,
        HWTSTAMP_FILTER_PTP_V2_L2_SYNC,
        HWTSTAMP_FILTER_PTP_V1_L4_SYNC,
};

/* Where another filter is set, only "all" is sure to stamp what it stamps. */
static int widen(struct wt_nic_stamping *stamping, uint32_t supported, struct wt_error *err)
{
	bool is_set = stamping->before.rx_filter != HWTSTAMP_FILTER_NONE;
	size_t count = is_set ? 1 : sizeof(widest_first) / sizeof(widest_first[0]);
	int ret = -EOPNOTSUPP;

	if (stamping->before.rx_filter == HWTSTAMP_FILTER_ALL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!(supported & (1u << widest_first[i])))
			continue;
		ret = set_filter(stamping, widest_first[i]);
		if (!ret)
			return check_result(stamping, err);
		/* Some filters that a driver names it takes in some modes only. */
		if (ret != -ERANGE)
			break;
	}
	if (is_set && (ret == -EOPNOTSUPP || ret == -ERANGE))
		return 0;
	return say_why_not(stamping->interface, ret, err);
}

int wt_nic_stamping_enable(struct wt_nic_stamping *stamping, struct wt_system *system,
                           const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int ret = wt_stamp_capabilities_read(&capabilities, system, interface, err);

	*stamping = (struct wt_nic_stamping){.system = system};
	if (ret)
		return ret;
	memcpy(stamping->interface, interface, strlen(interface));
	ret = look_before(stamping, &capabilities, err);
	if (!ret)
		ret = widen(stamping, capabilities.supported.rx_filters, err);
	if (!ret)
		note_limits(stamping);
	return ret;
}

static int say_who_changed(const struct wt_nic_stamping *stamping,
                           const struct wt_stamp_active *read, struct wt_error *err)
{
	return wt_error_set(err, -EBUSY,
	                    "somebody has changed the hardware stamps of %s meanwhile, rx filter "
	                    "%s -> %s, tx type %s -> %s; they stay as they are",
	                    stamping->interface, filter_name(stamping->now.rx_filter),
	                    filter_name(read->rx_filter), type_name(stamping->now.tx_type),
	                    type_name(read->tx_type));
}

int wt_nic_stamping_restore(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	struct wt_stamp_active read, before = stamping->before;
	int ret;

	if (!stamping->changed)
		return 0;
	ret = wt_hwtstamp_get(stamping->system, stamping->interface, &read);
	if (!ret && !is_same(&read, &stamping->now)) {
		stamping->changed = false;
		return say_who_changed(stamping, &read, err);
	}
	if (!ret)
		ret = wt_hwtstamp_set(stamping->system, stamping->interface, &before);
	/* An interface that is gone has taken its settings along. */
	if (ret && ret != -ENODEV)
		return wt_error_set(err, ret,
		                    "cannot put back the hardware stamps of %s (rx filter %s): "
		                    "%s; hwstamp_ctl -i %s -r %d does",
		                    stamping->interface, filter_name(stamping->before.rx_filter),
		                    strerror(-ret), stamping->interface,
		                    stamping->before.rx_filter);
	stamping->changed = false;
	return 0;
}
