/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_stamps.h>

#include <linux/net_tstamp.h>
#include <stdio.h>
#include <string.h>

static int open_clock(struct wt_tx_stamps *stamps, struct wt_system *system, const char *interface,
                      struct wt_error *err)
{
	int rc = wt_tx_clock_open(&stamps->clock, system, interface, err);

	if (rc)
		return rc;
	stamps->hardware = true;
	snprintf(stamps->phc, sizeof(stamps->phc), "%s", wt_phc_device(stamps->clock.phc));
	return 0;
}

static int switch_on(struct wt_tx_stamps *stamps, struct wt_system *system, const char *interface,
                     struct wt_error *err)
{
	int rc = wt_nic_stamping_enable_tx(&stamps->nic, system, interface, err);

	if (!rc)
		rc = open_clock(stamps, system, interface, err);
	if (rc)
		wt_tx_stamps_close(stamps, NULL);
	return rc;
}

static bool is_on(const struct wt_stamp_capabilities *capabilities)
{
	return capabilities->supported.so_timestamping & SOF_TIMESTAMPING_TX_HARDWARE &&
	       !capabilities->active.error && capabilities->active.tx_type != HWTSTAMP_TX_OFF;
}

/* Take along what somebody else has switched on. */
static void take_along(struct wt_tx_stamps *stamps, struct wt_system *system, const char *interface,
                       const struct wt_stamp_capabilities *capabilities)
{
	struct wt_error err;

	if (!is_on(capabilities))
		return;
	if (open_clock(stamps, system, interface, &err))
		snprintf(stamps->lacking, sizeof(stamps->lacking), "%.*s",
		         WT_TX_STAMPS_LACKING_BYTES - 1, err.text);
}

int wt_tx_stamps_open(struct wt_tx_stamps *stamps, struct wt_system *system, const char *interface,
                      enum wt_tx_stamp wanted, struct wt_error *err)
{
	struct wt_stamp_capabilities capabilities;
	int rc = 0;

	memset(stamps, 0, sizeof(*stamps));
	if (wanted == WT_TX_STAMP_OFF)
		return 0;
	if (wanted == WT_TX_STAMP_HARDWARE)
		rc = switch_on(stamps, system, interface, err);
	/* The interface was there a moment ago: whoever sends on it will report what is wrong with
	 * it. */
	if (rc || wt_stamp_capabilities_read(&capabilities, system, interface, NULL))
		return rc;
	stamps->software = capabilities.supported.so_timestamping & SOF_TIMESTAMPING_TX_SOFTWARE;
	if (wanted == WT_TX_STAMP_AUTO)
		take_along(stamps, system, interface, &capabilities);
	return 0;
}

int wt_tx_stamps_close(struct wt_tx_stamps *stamps, struct wt_error *err)
{
	wt_tx_clock_close(&stamps->clock);
	return wt_nic_stamping_restore(&stamps->nic, err);
}
