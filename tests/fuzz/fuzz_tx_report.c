/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/tx/tx_report.h>

/* Any bytes as the control data of a message from a socket's error queue: nothing outside is
 * read, and a report has what belongs to its kind and nothing else. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void look_at(const struct wt_tx_report *report)
{
	bool has_stamp = report->software_ns || report->hardware_ns;

	require(report->kind < WT_TX_REPORT_KINDS && report->error >= 0);
	require(report->moment < WT_TX_MOMENTS && report->drop < WT_TX_DROPS);
	require(report->software_ns >= 0 && report->hardware_ns >= 0);
	require(has_stamp == (report->kind == WT_TX_STAMPED));
	if (report->kind != WT_TX_STAMPED)
		require(!report->id && !report->moment);
	if (report->kind != WT_TX_DROPPED)
		require(!report->launch_ns && !report->drop);
	require(!report->cut_off);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* Of its own: reading past the end is noticed, and malloc aligns. */
	uint8_t *control = malloc(bytes ? bytes : 1);
	struct msghdr message = {.msg_control = control, .msg_controllen = bytes};
	struct wt_tx_report report;

	require(control != NULL);
	if (bytes)
		memcpy(control, data, bytes);
	memset(&report, 0xff, sizeof(report));
	wt_tx_report_read(&report, &message);
	look_at(&report);
	free(control);
	return 0;
}
