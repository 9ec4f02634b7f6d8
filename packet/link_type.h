/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_LINK_TYPE_H
#define WIRETAPE_PACKET_LINK_TYPE_H

#include <stdint.h>

/* Convert a file's LINKTYPE_* to libpcap's DLT_*: equal but for a few old ones. Pure, any
 * thread. */
int wt_link_type_dlt(uint16_t link_type);

#endif
