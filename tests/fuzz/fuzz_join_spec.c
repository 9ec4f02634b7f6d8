/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/join/join.h>

/* Any text as GROUP[@SOURCE]: what is taken says itself in the same words again. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_join_group group, again;
	struct wt_error err = {0};
	char *text = calloc(1, bytes + 1);

	if (!text)
		return 0;
	memcpy(text, data, bytes);
	if (wt_join_parse(&group, text, &err)) {
		if (!err.text[0])
			abort();
	} else if (wt_join_parse(&again, group.text, &err) ||
	           memcmp(&group, &again, sizeof(group)) != 0) {
		abort();
	}
	free(text);
	return 0;
}
