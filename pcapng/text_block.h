/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_TEXT_BLOCK_H
#define WIRETAPE_PCAPNG_TEXT_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* wiretape's own blocks of text: lines "name=value\n", padded with zeros. Pure, any thread. */

/* Events of feeds while recording (feed_event.h in feed/); and in a file's first chunk the
 * channels: "what=channels", then "channel=" lines as in a feeds file. */
#define WT_PCAPNG_FEED 0x80577405u
/* A reading of a NIC's loss counters (nic_look.h in feed/). */
#define WT_PCAPNG_NIC_LOOK 0x80577406u

/* Size of the whole block for a text of `length`. */
size_t wt_text_block_bytes(size_t length);

/* Write the whole block in host byte order: the bytes written, or -ENOBUFS. `out` is aligned to
 * 4. */
ssize_t wt_text_block_encode(uint8_t *out, size_t capacity, uint32_t type, const char *text,
                             size_t length);

#endif
