/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/hwtstamp_private.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>

static int ask(struct wt_system *system, unsigned long request, const char *interface,
               struct wt_stamp_active *active)
{
	struct hwtstamp_config config = {active->flags, active->tx_type, active->rx_filter};
	struct ifreq arg = {.ifr_data = (void *)&config};
	size_t length = strlen(interface);
	int rc = -ENODEV;

	if (length < sizeof(arg.ifr_name)) {
		memcpy(arg.ifr_name, interface, length);
		rc = system->ops->interface_ioctl(system, request, &arg);
	}
	*active = (struct wt_stamp_active){.error = rc};
	if (rc)
		return rc;
	active->flags = config.flags;
	active->tx_type = config.tx_type;
	active->rx_filter = config.rx_filter;
	return 0;
}

int wt_hwtstamp_get(struct wt_system *system, const char *interface, struct wt_stamp_active *active)
{
	*active = (struct wt_stamp_active){0};
	ask(system, SIOCGHWTSTAMP, interface, active);
	/* Errors of drivers that do not know the ioctl. */
	if (active->error == -ENOTTY)
		active->error = -EOPNOTSUPP;
	return active->error;
}

int wt_hwtstamp_set(struct wt_system *system, const char *interface, struct wt_stamp_active *active)
{
	return ask(system, SIOCSHWTSTAMP, interface, active);
}
