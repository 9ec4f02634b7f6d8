/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_GROW_H
#define WIRETAPE_BASE_GROW_H

#include <stddef.h>

/* Append a zeroed element of `size` bytes to an array on the heap; the array may move. NULL without
 * memory, and the array is unchanged. */
void *wt_grow(void **array, size_t *count, size_t *room, size_t size);

#endif
