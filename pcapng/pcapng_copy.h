/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_COPY_H
#define WIRETAPE_PCAPNG_PCAPNG_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/identity.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Copies items of any capture file into blocks of a new one, in host byte order, stamps in their
 * original resolution. Options are copied: those that the format defines from either byte order,
 * others unchanged if the byte order is the same; else they are left out, and so are those that
 * forbid copying. A vendor's data after the enterprise number stays as it is. Pure; any thread. */

/* Upper bound of the item's size. */
size_t wt_pcapng_copy_bound(const struct wt_pcapng_item *item);

/* The functions below return the bytes written, or -ENOBUFS, and add the number of options left out
 * to *left_out. */

/* Write a Section Header Block from an item of that kind, or from NULL, with `application` as its
 * writer (NULL: none). */
ssize_t wt_pcapng_copy_section(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                               const char *application, uint64_t *left_out);

/* Write an Interface Description Block from an item of that kind. */
ssize_t wt_pcapng_copy_interface(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                                 uint64_t *left_out);

/* Write an Enhanced Packet Block from a packet that has a stamp. */
ssize_t wt_pcapng_copy_packet(uint8_t *out, size_t capacity, uint32_t interface_id,
                              const struct wt_pcapng_item *item, uint64_t *left_out);

/* Copy an item of WT_ITEM_OTHER, from the other byte order if `swapped`: decryption secrets, names,
 * a journal entry, a feed block or a custom block that may be copied. -ENOTSUP for any other block,
 * -EBADMSG for one that contradicts itself. */
ssize_t wt_pcapng_copy_block(uint8_t *out, size_t capacity, const struct wt_pcapng_item *item,
                             bool swapped, uint64_t *left_out);

/* Identity of an interface: everything in a copy of its description, its stamps' resolution and
 * offset, and the machine of its section. Equal for the same description in both byte orders, and
 * with its options in another order. */
struct wt_identity wt_pcapng_identity(const struct wt_pcapng_item *interface,
                                      struct wt_identity machine);

/* The same without what may differ between lanes of a recording: how packets were taken, and what
 * was found of the clock on opening. */
struct wt_identity wt_pcapng_lane_identity(const struct wt_pcapng_item *interface,
                                           struct wt_identity machine);

/* Identity of the machine that a section describes. */
struct wt_identity wt_pcapng_machine(const struct wt_pcapng_item_section *section);

#endif
