/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorded.h>

void wt_recorded_take_statistics(struct wt_recorded *recorded)
{
	struct wt_ring_statistics total;

	wt_reader_count(recorded->reader, &total);
	recorded->packets = total.packets;
	recorded->drops = total.drops;
	recorded->report->ledger.freezes = total.freezes;
	wt_ledger_update(&recorded->report->ledger, recorded->packets - recorded->rejected,
	                 recorded->drops);
}

uint64_t wt_recorded_waiting(const struct wt_recorded *recorded)
{
	uint64_t stored = recorded->packets - recorded->drops;
	uint64_t taken = recorded->read + recorded->rejected + recorded->followed +
	                 recorded->report->ledger.lost.malformed;

	return stored > taken ? stored - taken : 0;
}

double wt_recorded_fill_pct(const struct wt_recorded *recorded)
{
	uint32_t filled, total;

	wt_ring_fill(recorded->ring, &filled, &total);
	return total ? 100.0 * filled / total : 0.0;
}

bool wt_recorded_read_nic(struct wt_recorded *recorded)
{
	struct wt_link link;

	if (!recorded->report->has_nic || wt_reader_link(recorded->reader, &link))
		return false;
	wt_nic_counters_add(&link.counters, &recorded->nic_base);
	recorded->report->nic_now = link.counters;
	return true;
}
