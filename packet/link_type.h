/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_LINK_TYPE_H
#define WIRETAPE_WRITER_LINK_TYPE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* libpcap's DLT_* of a file's LINKTYPE_*: the same number but for a few old ones.
 * Pure, any thread. */
int wt_link_type_dlt(uint16_t link_type);

#ifdef __cplusplus
}
#endif
#endif
