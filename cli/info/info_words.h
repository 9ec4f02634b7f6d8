/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_WORDS_H
#define WIRETAPE_CLI_INFO_INFO_WORDS_H

/* Words for the faces of `wiretape info`: stamps, addresses and text. */

#include <stddef.h>
#include <stdint.h>

struct wt_info_text {
	char chars[96];
};

/* "2023-11-14T22:13:20.000000001Z" */
struct wt_info_text wt_info_utc_text(int64_t ns);

/* "02:00:00:00:00:01" */
struct wt_info_text wt_info_mac_text(const uint8_t mac[6]);

#endif
