/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_INTERFACE_NAME_H
#define WIRETAPE_BASE_INTERFACE_NAME_H

#include <net/if.h>

/* An interface has one name of up to 15 bytes, which most kernel interfaces expect, and since Linux
 * 5.5 any number of alternative names (ip link property add … altname). */
enum { WT_ALT_NAME_BYTES = 128 }; /* the longest name, with its NUL */

/* Find the primary name of the interface that has the name or alternative name `name`. -ENODEV, or
 * another -errno. May block for a moment. Any thread. */
int wt_interface_name(const char *name, char real[IF_NAMESIZE]);

#endif
