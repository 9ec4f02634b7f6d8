/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/grow.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void *wt_grow(void **array, size_t *count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 4;
	void *grown;

	assert(*count <= *room);
	if (*count == *room) {
		grown = realloc(*array, wanted * size);
		if (!grown)
			return NULL;
		*array = grown;
		*room = wanted;
	}
	return memset((char *)*array + (*count)++ * size, 0, size);
}
