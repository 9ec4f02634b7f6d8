/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_GROW_H
#define WIRETAPE_WRITER_GROW_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One more element of `size` bytes at the end of an array on the heap, zeroed; all may move. NULL
 * without memory, and the array is as it was. */
void *wt_grow(void **array, size_t *count, size_t *room, size_t size);

#ifdef __cplusplus
}
#endif
#endif
