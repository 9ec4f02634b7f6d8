/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/readers/udp_spec.h>

/* Any words: what is understood is whole, what is not is explained. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_udp_spec spec;
	struct wt_error err = {0};
	char *text = calloc(1, bytes + 1);

	require(text != NULL);
	if (bytes)
		memcpy(text, data, bytes);
	if (wt_udp_spec_parse(&spec, text, &err)) {
		require(err.code < 0 && err.text[0]);
	} else {
		require(spec.port);
		require(spec.address.ss_family == AF_INET || spec.address.ss_family == AF_INET6);
		require(spec.source.ss_family == AF_UNSPEC ||
		        (spec.is_group && spec.source.ss_family == spec.address.ss_family));
		require(memchr(spec.interface, '\0', sizeof(spec.interface)) != NULL);
	}
	free(text);
	return 0;
}
