/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_HWTSTAMP_PRIVATE_H
#define WIRETAPE_STAMP_HWTSTAMP_PRIVATE_H

/* SIOCGHWTSTAMP and SIOCSHWTSTAMP. Not installed. */

#include <wiretape/stamp/system.h>

/* Read the current setting. The error returned is also in active->error; -EOPNOTSUPP: the driver
 * has no hardware stamps, or there is no device. */
int wt_hwtstamp_get(struct wt_system *system, const char *interface,
                    struct wt_stamp_active *active);

/* Change the setting; *active becomes what the driver made of it. */
int wt_hwtstamp_set(struct wt_system *system, const char *interface,
                    struct wt_stamp_active *active);

#endif
