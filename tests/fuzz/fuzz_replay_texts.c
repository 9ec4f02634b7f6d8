/* SPDX-License-Identifier: BSD-2-Clause */

/* Any text as a description of generated packets, of the simulation, and of a place to send to:
 * what is taken is within its range, and what is not has a reason. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/replayer.h>
#include <wiretape/replay/tx/tx_sim.h>

enum { TEXT_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_reason(const struct wt_error *err)
{
	require(err->text[0] && memchr(err->text, '\0', sizeof(err->text)));
}

static void read_generated(const char *text)
{
	struct wt_generated made;
	struct wt_error err = {0};
	char session[11];

	if (wt_generated_parse(&made, text, session, &err)) {
		require_reason(&err);
		return;
	}
	require(!made.frame.frame_bytes || (made.frame.frame_bytes >= WT_MOLD_FRAME_BYTES_MIN &&
	                                    made.frame.frame_bytes <= WT_MOLD_FRAME_BYTES_MAX));
	require(made.gap_ns >= 0 && made.duration_ns >= 0);
	require(made.sequence_start <= INT64_MAX);
	require(!made.frame.session || made.frame.session == session);
	require(!made.frame.session || (session[0] && strlen(session) <= 10));
}

static void read_sim(const char *text)
{
	struct wt_sim_tx_config made;
	struct wt_launch launch;
	struct wt_error err = {0};

	require(wt_sim_tx_is(text));
	if (wt_sim_tx_parse(&made, text, &err)) {
		require_reason(&err);
		return;
	}
	require(made.cost_ns >= 0 && made.wake_ns >= 0 && made.delay_ns >= 0);
	require(made.stall_at_ns >= 0 && made.stall_ns >= 0 && made.delta_ns >= 0);
	wt_sim_tx_launch(&made, &launch);
}

static void read_target(const char *text)
{
	struct wt_udp_target target = {0};
	struct wt_error err = {0};

	if (wt_udp_target_parse(&target, text, &err)) {
		require_reason(&err);
		return;
	}
	require(target.address.ss_family == AF_INET || target.address.ss_family == AF_INET6);
	require(strnlen(target.interface, sizeof(target.interface)) < sizeof(target.interface));
}

/* Each from memory of its own, so that a sanitizer sees each step outside. */
static void read_from(void (*read_it)(const char *), const char *prefix, const uint8_t *data,
                      size_t bytes)
{
	size_t length = strlen(prefix);
	char *text = malloc(length + bytes + 1);

	require(text != NULL);
	memcpy(text, prefix, length);
	memcpy(text + length, data, bytes);
	text[length + bytes] = '\0';
	read_it(text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes > TEXT_MAX)
		return 0;
	read_from(read_generated, "gen:", data, bytes);
	read_from(read_sim, "sim:", data, bytes);
	read_from(read_target, "", data, bytes);
	return 0;
}
