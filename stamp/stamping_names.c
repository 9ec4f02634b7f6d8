/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/capabilities.h>

#include <stddef.h>

#include <wiretape/stamp/tsinfo_private.h>

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

const char *wt_so_timestamping_name(unsigned bit)
{
	static const char *const names[] = {
	        "tx-hardware",   "tx-software",  "rx-hardware",  "rx-software",
	        "software",      "sys-hardware", "raw-hardware", "opt-id",
	        "tx-sched",      "tx-ack",       "opt-cmsg",     "opt-tsonly",
	        "opt-stats",     "opt-pktinfo",  "opt-tx-swhw",  "bind-phc", /* Linux 5.14 */
	        "opt-id-tcp",                                                /* 6.2 */
	        "opt-rx-filter",                                             /* 6.12 */
	        "tx-completion",                                             /* 6.15 */
	};

	return bit < COUNT(names) ? names[bit] : NULL;
}

const char *wt_so_timestamping_string(unsigned bit)
{
	static const char *const strings[] = {
	        "hardware-transmit",     "software-transmit",
	        "hardware-receive",      "software-receive",
	        "software-system-clock", "hardware-legacy-clock",
	        "hardware-raw-clock",    "option-id",
	        "sched-transmit",        "ack-transmit",
	        "option-cmsg",           "option-tsonly",
	        "option-stats",          "option-pktinfo",
	        "option-tx-swhw",        "bind-phc",
	        "option-id-tcp",         "option-rx-filter",
	        "tx-completion",
	};

	return bit < COUNT(strings) ? strings[bit] : NULL;
}

const char *wt_tx_type_name(unsigned type)
{
	static const char *const names[] = {"off", "on", "onestep-sync", "onestep-p2p"};

	return type < COUNT(names) ? names[type] : NULL;
}

const char *wt_rx_filter_name(unsigned filter)
{
	static const char *const names[] = {
	        "none",           "all",           "some",
	        "ptpv1-l4-event", "ptpv1-l4-sync", "ptpv1-l4-delay-req",
	        "ptpv2-l4-event", "ptpv2-l4-sync", "ptpv2-l4-delay-req",
	        "ptpv2-l2-event", "ptpv2-l2-sync", "ptpv2-l2-delay-req",
	        "ptpv2-event",    "ptpv2-sync",    "ptpv2-delay-req",
	        "ntp-all",
	};

	return filter < COUNT(names) ? names[filter] : NULL;
}

const char *wt_ptp_verdict_name(enum wt_ptp_verdict verdict)
{
	static const char *const names[] = {
	        [WT_PTP_NONE] = "none",
	        [WT_PTP_SOFTWARE] = "software",
	        [WT_PTP_HARDWARE] = "hardware",
	};

	return (unsigned)verdict < COUNT(names) ? names[verdict] : "unknown";
}
