/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/ledger.h>

#define SUBJECT struct wt_ledger
const struct wt_number wt_ledger_numbers[] = {
        WT_COUNT(seen, "seen", "packets whose fate is known: written + the sum of lost"),
        WT_COUNT(written, "written", "packets that are whole in the file"),
        WT_COUNT(lost.ring, "lost.ring", "lost because the ring was full"),
        WT_COUNT(lost.writer, "lost.writer", "lost because the file did not take them"),
        WT_COUNT(lost.malformed, "lost.malformed",
                 "lost in blocks of the ring whose memory contradicted itself"),
        WT_COUNT(excluded.after_limit, "excluded.after_limit",
                 "packets after the last one that was asked for: neither seen nor lost"),
        WT_GAUGE(waiting, "waiting", WT_IN_NONE, "packets that are still in the ring"),
        WT_COUNT(truncated, "truncated", "packets written with fewer bytes than they had"),
        WT_COUNT(freezes, "freezes", "times the ring was found full"),
        WT_COUNT(stamps.by_source[WT_STAMP_HARDWARE], "stamps.hardware",
                 "packets stamped by the NIC"),
        WT_COUNT(stamps.by_source[WT_STAMP_SOFTWARE], "stamps.software",
                 "packets stamped by the kernel on arrival"),
        WT_COUNT(stamps.by_source[WT_STAMP_FALLBACK], "stamps.fallback",
                 "packets stamped late, when they were copied or read"),
        WT_COUNT(stamps_unasked, "stamps_unasked",
                 "packets with a stamp of another source than was asked for"),
        WT_MOST(ring.high_water_percent, "ring.high_water_percent", WT_IN_PERCENT,
                "how full the ring was at most"),
        WT_MOST(ring.high_water_ns, "ring.high_water_ns", WT_IN_NS,
                "how much traffic, in time, the ring held at most"),
        WT_MOST(writes.longest_ns, "writes.longest_ns", WT_IN_NS, "the time of the longest write"),
        WT_MOST(writes.slow, "writes.slow", WT_IN_NONE, "writes of a second or longer"),
        WT_MOST(writes.in_flight_most, "writes.in_flight_most", WT_IN_NONE,
                "writes under way at the same time at most"),
        WT_GAUGE(unattributed, "unattributed", WT_IN_NONE,
                 "packets that are in no count, and should be: a bug of the recorder if not 0"),
        {0},
};
#undef SUBJECT

uint64_t wt_ledger_lost(const struct wt_ledger *ledger)
{
	return ledger->lost.ring + ledger->lost.writer + ledger->lost.malformed;
}

void wt_ledger_update(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops)
{
	ledger->lost.ring = producer_drops;
	ledger->seen = ledger->written + wt_ledger_lost(ledger);
	ledger->waiting = producer_packets > ledger->seen ? producer_packets - ledger->seen : 0;
}

void wt_ledger_close(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops,
                     enum wt_ledger_rest rest)
{
	int64_t left;

	ledger->lost.ring = producer_drops;
	ledger->waiting = 0;
	left = (int64_t)(producer_packets - ledger->written - wt_ledger_lost(ledger));
	if (left > 0 && rest == WT_REST_AFTER_LIMIT)
		ledger->excluded.after_limit = (uint64_t)left;
	else if (left > 0 && rest == WT_REST_WRITER)
		ledger->lost.writer += (uint64_t)left;
	else
		ledger->unattributed = left;
	ledger->seen = producer_packets - ledger->excluded.after_limit;
}

void wt_ledger_add(struct wt_ledger *sum, const struct wt_ledger *one)
{
	wt_numbers_add(wt_ledger_numbers, sum, one);
}

void wt_ledger_subtract(struct wt_ledger *ledger, const struct wt_ledger *start, uint64_t written)
{
	wt_numbers_subtract(wt_ledger_numbers, ledger, start);
	ledger->written = written;
	ledger->seen = ledger->written + wt_ledger_lost(ledger);
}

void wt_ledger_text(const struct wt_ledger *ledger, char *out, size_t capacity)
{
	wt_numbers_lines(wt_ledger_numbers, ledger, out, capacity);
}
