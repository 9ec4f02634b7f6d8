/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorded.h>

/* Ask the producer what it has counted. PACKET_STATISTICS forgets with every look and has 32 bits:
 * here is the only place that looks, and it adds up in 64. Its drops come after everything it has
 * handed over by now, which was at most `end`. */
void wt_recorded_take_statistics_until(struct wt_recorded *recorded, uint64_t end)
{
	struct wt_ring_statistics since = {0};

	if (wt_reader_statistics(recorded->reader, &since))
		return;
	recorded->packets += since.packets;
	recorded->drops += since.drops;
	recorded->report->ledger.freezes += since.freezes;
	if (!recorded->report->reader->places_drops)
		wt_ring_take_drops(recorded->ring, end, since.drops);
	wt_ledger_update(&recorded->report->ledger, recorded->packets - recorded->rejected,
	                 recorded->drops);
}

void wt_recorded_take_statistics(struct wt_recorded *recorded)
{
	wt_recorded_take_statistics_until(recorded, UINT64_MAX);
}

int wt_recorded_next_block(struct wt_recorded *recorded, struct wt_block *block)
{
	if (wt_ring_next_is_losing(recorded->ring))
		wt_recorded_take_statistics(recorded);
	return wt_ring_next_block(recorded->ring, block);
}

/* The producer drops while the block it would fill next has not been given back, so its counters
 * matter when it has filled all blocks, and only then. Read them before and after the release:
 * before, to separate drops so far from those once it has gone on and stopped again; after, for
 * drops in between. */
void wt_recorded_release_block(struct wt_recorded *recorded, struct wt_block *block)
{
	uint64_t end = wt_ring_end(recorded->ring);
	bool full = wt_ring_has_filled(recorded->ring, end);

	if (full)
		wt_recorded_take_statistics(recorded);
	wt_ring_release_block(recorded->ring, block);
	if (full || wt_ring_has_filled(recorded->ring, end))
		wt_recorded_take_statistics_until(recorded, end);
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
