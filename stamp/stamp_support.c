/* SPDX-License-Identifier: BSD-2-Clause */
/* Public functions of <wiretape/stamp.h> about capabilities. */
#include <wiretape/stamp/capabilities.h>

#include <stdio.h>

#include <wiretape/base/sized.h>

int wt_stamp_support_read(struct wt_stamp_support *support, const char *interface,
                          struct wt_error *err)
{
	struct wt_stamp_capabilities read;
	struct wt_stamp_support filled = {.size = sizeof(filled)};
	int rc = wt_stamp_capabilities_read(&read, wt_kernel_system(), interface, err);

	if (rc)
		return rc;
	filled.so_timestamping = read.supported.so_timestamping;
	filled.tx_types = read.supported.tx_types;
	filled.rx_filters = read.supported.rx_filters;
	filled.phc_index = read.supported.phc_index;
	filled.active_error = read.active.error;
	filled.active_tx_type = read.active.tx_type;
	filled.active_rx_filter = read.active.rx_filter;
	filled.ptp = read.verdict;
	snprintf(filled.reason, sizeof(filled.reason), "%s", read.reason);
	return wt_sized_give(support, &filled, sizeof(filled), "wt_stamp_support", err);
}
