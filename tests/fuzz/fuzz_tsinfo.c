/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>

/* Any bytes as the kernel's answer to ETHTOOL_MSG_TSINFO_GET: nothing outside is read, what is
 * refused leaves no trace, and what is taken can be judged. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_stamp_supported supported, untouched;
	char reason[256];
	enum wt_ptp_verdict verdict;

	memset(&supported, 0x5a, sizeof(supported));
	untouched = supported;
	if (wt_stamp_parse_tsinfo(&supported, data, bytes)) {
		require(!memcmp(&supported, &untouched, sizeof(supported)));
		return 0;
	}
	require(supported.by_netlink && supported.phc_index >= -1);
	verdict = wt_stamp_judge(&supported, reason, sizeof(reason));
	require(verdict >= WT_PTP_NONE && verdict <= WT_PTP_HARDWARE);
	require(reason[0] && strlen(reason) < sizeof(reason) - 1);
	return 0;
}
