/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_TSINFO_PRIVATE_H
#define WIRETAPE_STAMP_TSINFO_PRIVATE_H

/* Names of bits, for wt_tx_type_name() and the like. Not installed. */
typedef const char *wt_bit_name(unsigned bit);

/* Name of a SOF_TIMESTAMPING_* bit in ethtool's string set: "hardware-receive". It differs from the
 * constant's name; those of tx types and rx filters do not. NULL beyond the last. */
const char *wt_so_timestamping_string(unsigned bit);

#endif
