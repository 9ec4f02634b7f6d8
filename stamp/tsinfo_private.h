/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_TSINFO_PRIVATE_H
#define WIRETAPE_STAMP_TSINFO_PRIVATE_H

/* Names of bits, as wt_tx_type_name() tells them. Not installed. */
typedef const char *wt_bit_name(unsigned bit);

/* What ethtool's string set calls a SOF_TIMESTAMPING_* bit: "hardware-receive". That is not
 * the name of the constant; those of tx types and rx filters are. NULL beyond the last. */
const char *wt_so_timestamping_string(unsigned bit);

#endif
