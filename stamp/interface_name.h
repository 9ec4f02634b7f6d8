/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_INTERFACE_NAME_H
#define WIRETAPE_STAMP_INTERFACE_NAME_H

#include <net/if.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An interface has one name of up to 15 bytes, by which most of the kernel's interfaces take it,
 * and since Linux 5.5 any number of alternative ones (ip link property add … altname). */
enum { WT_ALT_NAME_BYTES = 128 }; /* the longest, with its end */

/* The name of the interface that has the name or alternative name `name`. -ENODEV, or another
 * -errno. May block for a moment. Any thread. */
int wt_interface_name(const char *name, char real[IF_NAMESIZE]);

#ifdef __cplusplus
}
#endif
#endif
