/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PCAPNG_COPY_H
#define WIRETAPE_WRITER_PCAPNG_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/writer/pcapng_decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Items of any capture file become blocks of a new one, in the machine's byte order,
 * stamps in the resolution that they have. Options are carried over: those that are known in any
 * byte order, others as they are if the byte order is the same, else not. Pure; any thread. */

/* The most bytes that the item takes. */
size_t wt_pcapng_copy_bound(const struct wt_pcapng_item *item);

/* An Interface Description Block of an item of that kind; the bytes written, or -ENOBUFS. */
ssize_t wt_pcapng_copy_interface(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item);

/* An Enhanced Packet Block of an item of that kind, which has a stamp. */
ssize_t wt_pcapng_copy_packet(uint8_t *out, size_t capacity, uint32_t interface_id,
                              const struct wt_pcapng_item *item);

#ifdef __cplusplus
}
#endif
#endif
