/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PCAPNG_COPY_H
#define WIRETAPE_WRITER_PCAPNG_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/identity.h>
#include <wiretape/pcapng/pcapng_decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Items of any capture file become blocks of a new one, in the machine's byte order, stamps in the
 * resolution that they have. Options are carried over: those that the format defines in any byte
 * order, others as they are if the byte order is the same; else they are left out, and so are
 * those that forbid it. What a vendor's blocks and options have after the enterprise's number
 * stays as it is. Pure; any thread. */

/* The most bytes that the item takes. */
size_t wt_pcapng_copy_bound(const struct wt_pcapng_item *item);

/* The following return the bytes written, or -ENOBUFS, and add to *left_out the options that were
 * left out. */

/* A Section Header Block of an item of that kind, or of NULL, that `application` has written
 * (NULL: it does not say). */
ssize_t wt_pcapng_copy_section(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                               const char *application, uint64_t *left_out);

/* An Interface Description Block of an item of that kind. */
ssize_t wt_pcapng_copy_interface(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                                 uint64_t *left_out);

/* An Enhanced Packet Block of an item of that kind, which has a stamp. */
ssize_t wt_pcapng_copy_packet(uint8_t *out, size_t capacity, uint32_t interface_id,
                              const struct wt_pcapng_item *item, uint64_t *left_out);

/* Of an item of WT_ITEM_OTHER whose section is in the other byte order if `swapped`: decryption
 * secrets, names, a journal entry or a custom block that may be copied. -ENOTSUP for any other
 * block, -EBADMSG for one that contradicts itself. */
ssize_t wt_pcapng_copy_block(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                             bool swapped, uint64_t *left_out);

/* What is said of an interface: all that a copy of it says, its stamps' resolution and offset, and
 * of which machine the section is. Equal for the same description in both byte orders, and with
 * its options in another order. */
struct wt_identity wt_pcapng_identity(const struct wt_pcapng_item *interface,
                                      struct wt_identity machine);

/* Of the machine, as its section describes it. */
struct wt_identity wt_pcapng_machine(const struct wt_pcapng_item_section *section);

#ifdef __cplusplus
}
#endif
#endif
