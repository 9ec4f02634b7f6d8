/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_CLAIM_H
#define WIRETAPE_STAMP_NIC_CLAIM_H

#include <net/if.h>
#include <stdbool.h>

#include <wiretape/stamp/system.h>

enum wt_nic_half { WT_NIC_RX, WT_NIC_TX }; /* halves of its stamping */

/* A visible share in the stamping of a NIC: a file with the setting from before all claims, and a
 * lock that tells live programs from killed ones (wt_state_ops of system.h). */
struct wt_nic_claim {
	struct wt_system *system;
	bool is_open;
	int fd;
	char head[256]; /* identifies the NIC, in the file's words */
};

#endif
