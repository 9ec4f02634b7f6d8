/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_HWTSTAMP_PRIVATE_H
#define WIRETAPE_STAMP_HWTSTAMP_PRIVATE_H

/* SIOCGHWTSTAMP and SIOCSHWTSTAMP. Not installed. */

#include <wiretape/stamp/capabilities.h>

/* What is set. The error, which is returned, is also in active->error; -EOPNOTSUPP: the driver
 * or the device without one knows no hardware stamps. */
int wt_hwtstamp_get(struct wt_system *system, const char *interface,
                    struct wt_stamp_active *active);

/* Set it; *active becomes what the driver says that it made of it. */
int wt_hwtstamp_set(struct wt_system *system, const char *interface,
                    struct wt_stamp_active *active);

#endif
