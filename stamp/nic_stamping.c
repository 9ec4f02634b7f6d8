/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/nic_stamping.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/hwtstamp_private.h>
#include <wiretape/stamp/nic_claim_private.h>

/* Wording of messages for the two directions. */
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

static enum wt_nic_half half_of(const struct wt_nic_stamping *stamping)
{
	return stamping->is_tx ? WT_NIC_TX : WT_NIC_RX;
}

/* For the next program, should we be killed. */
static void remember(const struct wt_nic_stamping *stamping, const struct wt_stamp_active *made)
{
	const struct wt_nic_word word = {.before = stamping->before, .made = *made};

	wt_nic_claim_write(&stamping->claim, &word);
}

/* A killed program has left its setting, and a live one will not need its own for ever: restore the
 * setting from before them. */
static void recall(struct wt_nic_stamping *stamping)
{
	struct wt_nic_word word;

	if (wt_nic_claim_read(&stamping->claim, &word) && is_same(&word.made, &stamping->found))
		stamping->before = word.before;
	else
		remember(stamping, &stamping->found);
}

static int check_hardware(const struct wt_nic_stamping *stamping,
                          const struct wt_stamp_supported *supported, struct wt_error *err)
{
	const struct words *words = words_of(stamping);
	uint32_t needed =
	        stamping->is_tx ? SOF_TIMESTAMPING_TX_HARDWARE : SOF_TIMESTAMPING_RX_HARDWARE;

	if (supported->so_timestamping & needed)
		return 0;
	return wt_error_set(err, -EOPNOTSUPP, "%s does not stamp %s in hardware; %s",
	                    stamping->interface, words->lacking, words->instead);
}

/* Read the current setting; if it is unknown it cannot be restored. */
static int look_before(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	int error = wt_hwtstamp_get(stamping->system, stamping->interface, &stamping->found);

	if (error == -EOPNOTSUPP)
		return wt_error_set(err, -EOPNOTSUPP,
		                    "the driver of %s does not tell what it stamps now, so it "
		                    "could not be put back; %s",
		                    stamping->interface, words_of(stamping)->instead);
	if (error)
		return say_why_not(stamping, error, err);
	stamping->before = stamping->now = stamping->found;
	recall(stamping);
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

/* The driver did something other than add stamps: restore. */
static int take_back(struct wt_nic_stamping *stamping, const char *what, struct wt_error *err)
{
	struct wt_stamp_active found = stamping->found;

	if (wt_hwtstamp_set(stamping->system, stamping->interface, &found))
		return wt_error_set(err, -EIO,
		                    "the driver of %s %s, and putting it back failed; "
		                    "hwstamp_ctl -i %s shows and sets it",
		                    stamping->interface, what, stamping->interface);
	remember(stamping, &stamping->found);
	return wt_error_set(err, -EOPNOTSUPP, "the driver of %s %s, which was put back; %s",
	                    stamping->interface, what, words_of(stamping)->instead);
}

static int set(struct wt_nic_stamping *stamping, int tx_type, int rx_filter)
{
	struct wt_stamp_active asked = stamping->found, read;
	int rc;

	asked.tx_type = tx_type;
	asked.rx_filter = rx_filter;
	remember(stamping, &asked);
	rc = wt_hwtstamp_set(stamping->system, stamping->interface, &asked);
	if (rc) {
		remember(stamping, &stamping->found);
		return rc;
	}
	/* Drivers write into the request what they made of it; some forget to. */
	rc = wt_hwtstamp_get(stamping->system, stamping->interface, &read);
	stamping->now = rc ? asked : read;
	remember(stamping, &stamping->now);
	return 0;
}

/* Whether something was added and nothing taken away. */
static int check_result(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	const struct wt_stamp_active *found = &stamping->found, *now = &stamping->now;

	if (now->tx_type != found->tx_type)
		return take_back(stamping, "changed how sent packets are stamped", err);
	if (now->rx_filter == HWTSTAMP_FILTER_NONE)
		return take_back(stamping, "took the rx filter but stamps nothing", err);
	if (found->rx_filter != HWTSTAMP_FILTER_NONE && now->rx_filter != found->rx_filter &&
	    now->rx_filter != HWTSTAMP_FILTER_ALL)
		return take_back(stamping, "put another rx filter in place of the one set", err);
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

/* With another filter set, only "all" is sure to stamp the same packets. */
static int widen(struct wt_nic_stamping *stamping, uint32_t supported, struct wt_error *err)
{
	bool is_set = stamping->found.rx_filter != HWTSTAMP_FILTER_NONE;
	size_t count = is_set ? 1 : sizeof(widest_first) / sizeof(widest_first[0]);
	int rc = -EOPNOTSUPP;

	if (stamping->found.rx_filter == HWTSTAMP_FILTER_ALL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!(supported & (1u << widest_first[i])))
			continue;
		rc = set(stamping, stamping->found.tx_type, widest_first[i]);
		if (!rc)
			return check_result(stamping, err);
		/* Drivers accept some of the filters they name only in some modes. */
		if (rc != -ERANGE)
			break;
	}
	if (is_set && (rc == -EOPNOTSUPP || rc == -ERANGE))
		return 0;
	return say_why_not(stamping, rc, err);
}

/* Whether sent packets are stamped now, and nothing else has changed. */
static int check_tx(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	if (stamping->now.rx_filter != stamping->found.rx_filter)
		return take_back(stamping, "changed how received packets are stamped", err);
	if (stamping->now.tx_type == HWTSTAMP_TX_OFF)
		return take_back(stamping, "took the tx type but stamps nothing", err);
	return 0;
}

/* All types but off stamp what is sent; those of one step do more, for somebody who needs it. */
static int switch_on_tx(struct wt_nic_stamping *stamping, uint32_t supported, struct wt_error *err)
{
	int rc = -EOPNOTSUPP;

	if (stamping->found.tx_type != HWTSTAMP_TX_OFF)
		return 0;
	if (supported & (1u << HWTSTAMP_TX_ON))
		rc = set(stamping, HWTSTAMP_TX_ON, stamping->found.rx_filter);
	return rc ? say_why_not(stamping, rc, err) : check_tx(stamping, err);
}

static int read_index(const struct wt_nic_stamping *stamping)
{
	struct wt_system *system = stamping->system;
	struct ifreq arg = {0};

	memcpy(arg.ifr_name, stamping->interface, sizeof(arg.ifr_name));
	return system->ops->interface_ioctl(system, SIOCGIFINDEX, &arg) ? 0 : arg.ifr_ifindex;
}

/* It may have been renamed, and its name be another's now. */
static void follow_name(struct wt_nic_stamping *stamping)
{
	struct wt_system *system = stamping->system;
	struct ifreq arg = {.ifr_ifindex = stamping->index};

	if (stamping->index && !system->ops->interface_ioctl(system, SIOCGIFNAME, &arg))
		memcpy(stamping->interface, arg.ifr_name, sizeof(stamping->interface));
}

static int begin(struct wt_nic_stamping *stamping, struct wt_stamp_capabilities *capabilities,
                 const char *interface, struct wt_error *err)
{
	int rc = wt_stamp_capabilities_read(capabilities, stamping->system, interface, err);

	if (rc)
		return rc;
	memcpy(stamping->interface, interface, strlen(interface));
	stamping->index = read_index(stamping);
	rc = check_hardware(stamping, &capabilities->supported, err);
	if (rc)
		return rc;
	wt_nic_claim_open(&stamping->claim, stamping->system, interface, half_of(stamping));
	return look_before(stamping, err);
}

static bool has_changed(const struct wt_nic_stamping *stamping)
{
	const struct wt_stamp_active *before = &stamping->before, *now = &stamping->now;

	return stamping->is_tx ? now->tx_type != before->tx_type
	                       : now->rx_filter != before->rx_filter;
}

static int finish(struct wt_nic_stamping *stamping, int rc)
{
	wt_nic_claim_end_turn(&stamping->claim);
	if (rc)
		wt_nic_claim_close(&stamping->claim);
	else
		stamping->changed = has_changed(stamping);
	return rc;
}

int wt_nic_stamping_enable(struct wt_nic_stamping *stamping, struct wt_system *system,
                           const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int rc;

	*stamping = (struct wt_nic_stamping){.system = system};
	rc = begin(stamping, &capabilities, interface, err);
	if (!rc)
		rc = widen(stamping, capabilities.supported.rx_filters, err);
	if (!rc)
		note_limits(stamping);
	return finish(stamping, rc);
}

int wt_nic_stamping_enable_tx(struct wt_nic_stamping *stamping, struct wt_system *system,
                              const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int rc;

	*stamping = (struct wt_nic_stamping){.system = system, .is_tx = true};
	rc = begin(stamping, &capabilities, interface, err);
	if (!rc)
		rc = switch_on_tx(stamping, capabilities.supported.tx_types, err);
	return finish(stamping, rc);
}

int wt_nic_stamping_renew(struct wt_nic_stamping *stamping, const char *interface,
                          struct wt_error *err)
{
	struct wt_nic_stamping left = *stamping;
	int rc = left.is_tx ? wt_nic_stamping_enable_tx(stamping, left.system, interface, err)
	                    : wt_nic_stamping_enable(stamping, left.system, interface, err);

	if (rc) {
		*stamping = left;
		return rc;
	}
	if (!stamping->claim.is_open && left.changed && is_same(&stamping->found, &left.now)) {
		stamping->before = left.before;
		stamping->changed = true;
	}
	wt_nic_claim_close(&left.claim);
	return 0;
}

static int say_who_changed(const struct wt_nic_stamping *stamping,
                           const struct wt_stamp_active *made, const struct wt_stamp_active *read,
                           struct wt_error *err)
{
	return wt_error_set(err, -EBUSY,
	                    "somebody has changed the hardware stamps of %s meanwhile, rx filter "
	                    "%s -> %s, tx type %s -> %s; they stay as they are",
	                    stamping->interface, filter_name(made->rx_filter),
	                    filter_name(read->rx_filter), type_name(made->tx_type),
	                    type_name(read->tx_type));
}

static int say_cannot(const struct wt_nic_stamping *stamping, const struct wt_stamp_active *wanted,
                      int error, struct wt_error *err)
{
	return wt_error_set(err, error,
	                    "cannot put back the hardware stamps of %s (rx filter %s, tx type "
	                    "%s): %s; hwstamp_ctl -i %s -r %d -t %d does",
	                    stamping->interface, filter_name(wanted->rx_filter),
	                    type_name(wanted->tx_type), strerror(-error), stamping->interface,
	                    wanted->rx_filter, wanted->tx_type);
}

/* Change our setting into the wanted one, if it is still in force. */
static int put_back(struct wt_nic_stamping *stamping, const struct wt_stamp_active *made,
                    const struct wt_stamp_active *wanted, struct wt_error *err)
{
	struct wt_stamp_active read, asked = *wanted;
	int rc = wt_hwtstamp_get(stamping->system, stamping->interface, &read);

	if (!rc && !is_same(&read, made))
		return say_who_changed(stamping, made, &read, err);
	if (!rc)
		rc = wt_hwtstamp_set(stamping->system, stamping->interface, &asked);
	/* An interface that is gone has taken its settings along. */
	return rc && rc != -ENODEV ? say_cannot(stamping, wanted, rc, err) : 0;
}

/* No claim, so nobody else: restore everything. */
static int restore_alone(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	int rc = stamping->changed ? put_back(stamping, &stamping->now, &stamping->before, err) : 0;

	if (!rc || rc == -EBUSY)
		stamping->changed = false;
	return rc;
}

/* Our setting without the halves that nobody needs any longer. */
static struct wt_stamp_active without_unused(const struct wt_nic_claim *claim,
                                             const struct wt_nic_word *word)
{
	struct wt_stamp_active wanted = word->made;

	if (wt_nic_claim_is_last(claim, WT_NIC_RX))
		wanted.rx_filter = word->before.rx_filter;
	if (wt_nic_claim_is_last(claim, WT_NIC_TX))
		wanted.tx_type = word->before.tx_type;
	return wanted;
}

static int restore_claimed(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	struct wt_nic_word word;
	struct wt_stamp_active wanted;
	int rc;

	if (!wt_nic_claim_is_last(&stamping->claim, half_of(stamping))) {
		stamping->is_left = stamping->changed;
		stamping->changed = false;
		return 0;
	}
	if (!wt_nic_claim_read(&stamping->claim, &word))
		return restore_alone(stamping, err);
	wanted = without_unused(&stamping->claim, &word);
	rc = is_same(&wanted, &word.made) ? 0 : put_back(stamping, &word.made, &wanted, err);
	if (!rc || rc == -EBUSY)
		stamping->changed = false;
	/* A setting of somebody else's is not ours to restore. */
	word.made = rc == -EBUSY ? word.before : wanted;
	if (!rc || rc == -EBUSY)
		wt_nic_claim_write(&stamping->claim, &word);
	return rc;
}

int wt_nic_stamping_restore(struct wt_nic_stamping *stamping, struct wt_error *err)
{
	int rc;

	follow_name(stamping);
	if (!stamping->claim.is_open)
		return restore_alone(stamping, err);
	wt_nic_claim_take_turn(&stamping->claim);
	rc = restore_claimed(stamping, err);
	wt_nic_claim_close(&stamping->claim);
	return rc;
}
