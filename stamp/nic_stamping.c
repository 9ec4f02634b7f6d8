/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/nic_stamping.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/hwtstamp_private.h>

/* How messages speak of the two directions. */
struct words {
	const char *instead;
	const char *settings; /* that the driver says it has */
	const char *nothing;  /* it lacks */
	const char *lacking;  /* altogether */
};

static const struct words *words_of(const struct wt_nic_stamping *stamping)
{
	static const struct words received = {
	        .instead = "--stamp sw records with software stamps",
	        .settings = "rx filters",
	        .nothing = "rx filter to stamp received packets with",
	        .lacking = "received packets",
	};
	static const struct words sent = {
	        .instead = "--tx-stamp sw goes by the driver's stamps",
	        .settings = "tx types",
	        .nothing = "tx type to stamp sent packets with",
	        .lacking = "sent packets",
	};

	return stamping->is_tx ? &sent : &received;
}

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

static int say_why_not(const struct wt_nic_stamping *stamping, int error, struct wt_error *err)
{
	const struct words *words = words_of(stamping);
	const char *interface = stamping->interface;

	switch (error) {
	case -EPERM:
	case -EACCES:
		return wt_error_set(err, -EPERM,
		                    "switching on the hardware stamps of %s takes CAP_NET_ADMIN; "
		                    "run as root or setcap cap_net_raw,cap_net_admin+ep the "
		                    "program, or %s",
		                    interface, words->instead);
	case -ERANGE:
		return wt_error_set(err, error,
		                    "the driver of %s refuses the %s that it says it has; %s",
		                    interface, words->settings, words->instead);
	case -EBUSY:
		return wt_error_set(err, error,
		                    "the hardware stamps of %s are in use by somebody who does "
		                    "not share them; end that program, or %s",
		                    interface, words->instead);
	case -EINVAL:
	case -ENETDOWN:
		return wt_error_set(err, error,
		                    "the driver of %s does not take settings for hardware stamps "
		                    "now (%s), as some do while the interface is down; ip link set "
		                    "%s up, or %s",
		                    interface, strerror(-error), interface, words->instead);
	case -EOPNOTSUPP:
		return wt_error_set(err, error, "%s has no %s; %s", interface, words->nothing,
		                    words->instead);
	case -ENODEV:
		return wt_error_set(err, error, "%s is gone; ip link shows the interfaces",
		                    interface);
	default:
		return wt_error_set(err, error,
		                    "cannot switch on the hardware stamps of %s: %s; %s", interface,
		                    strerror(-error), words->instead);
	}
}

/* What is set, if it can be told: what cannot be told cannot be put back. */
static int look_before(struct wt_nic_stamping *stamping,
                       const struct wt_stamp_capabilities *capabilities, struct wt_error *err)
{
	const struct words *words = words_of(stamping);
	int error = capabilities->active.error;
	uint32_t needed =
	        stamping->is_tx ? SOF_TIMESTAMPING_TX_HARDWARE : SOF_TIMESTAMPING_RX_HARDWARE;

	if (!(capabilities->supported.so_timestamping & needed))
		return wt_error_set(err, -EOPNOTSUPP, "%s does not stamp %s in hardware; %s",
		                    stamping->interface, words->lacking, words->instead);
	if (error == -EOPNOTSUPP)
		return wt_error_set(err, -EOPNOTSUPP,
		                    "the driver of %s does not tell what it stamps now, so it "
		                    "could not be put back; %s",
		                    stamping->interface, words->instead);
	if (error)
		return say_why_not(stamping, error, err);
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
	                    stamping->interface, what, words_of(stamping)->instead);
}

static int set(struct wt_nic_stamping *stamping, int tx_type, int rx_filter)
{
	struct wt_stamp_active asked = stamping->before, read;
	int ret;

	asked.tx_type = tx_type;
	asked.rx_filter = rx_filter;
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
		ret = set(stamping, stamping->before.tx_type, widest_first[i]);
		if (!ret)
			return check_result(stamping, err);
		/* Some filters that a driver names it takes in some modes only. */
		if (ret != -ERANGE)
			break;
	}
	if (is_set && (ret == -EOPNOTSUPP || ret == -ERANGE))
		return 0;
	return say_why_not(stamping, ret, err);
}

/* Whether sent packets are stamped now, and nothing else has changed. */
static int check_tx(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	if (stamping->now.rx_filter != stamping->before.rx_filter)
		return take_back(stamping, "changed how received packets are stamped", err);
	if (stamping->now.tx_type == HWTSTAMP_TX_OFF)
		return take_back(stamping, "took the tx type but stamps nothing", err);
	stamping->changed = true;
	return 0;
}

/* All types but off stamp what is sent; those of one step do more, for somebody who needs it. */
static int switch_on_tx(struct wt_nic_stamping *stamping, uint32_t supported, struct wt_error *err)
{
	int ret = -EOPNOTSUPP;

	if (stamping->before.tx_type != HWTSTAMP_TX_OFF)
		return 0;
	if (supported & (1u << HWTSTAMP_TX_ON))
		ret = set(stamping, HWTSTAMP_TX_ON, stamping->before.rx_filter);
	return ret ? say_why_not(stamping, ret, err) : check_tx(stamping, err);
}

static int begin(struct wt_nic_stamping *stamping, struct wt_stamp_capabilities *capabilities,
                 const char *interface, struct wt_error *err)
{
	int ret = wt_stamp_capabilities_read(capabilities, stamping->system, interface, err);

	if (ret)
		return ret;
	memcpy(stamping->interface, interface, strlen(interface));
	return look_before(stamping, capabilities, err);
}

int wt_nic_stamping_enable(struct wt_nic_stamping *stamping, struct wt_system *system,
                           const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int ret;

	*stamping = (struct wt_nic_stamping){.system = system};
	ret = begin(stamping, &capabilities, interface, err);
	if (!ret)
		ret = widen(stamping, capabilities.supported.rx_filters, err);
	if (!ret)
		note_limits(stamping);
	return ret;
}

int wt_nic_stamping_enable_tx(struct wt_nic_stamping *stamping, struct wt_system *system,
                              const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int ret;

	*stamping = (struct wt_nic_stamping){.system = system, .is_tx = true};
	ret = begin(stamping, &capabilities, interface, err);
	return ret ? ret : switch_on_tx(stamping, capabilities.supported.tx_types, err);
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
		                    "cannot put back the hardware stamps of %s (rx filter %s, tx "
		                    "type %s): %s; hwstamp_ctl -i %s -r %d -t %d does",
		                    stamping->interface, filter_name(stamping->before.rx_filter),
		                    type_name(stamping->before.tx_type), strerror(-ret),
		                    stamping->interface, stamping->before.rx_filter,
		                    stamping->before.tx_type);
	stamping->changed = false;
	return 0;
}
