/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/ledger.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ENTRY(text, field, is_most)                                                                \
	{                                                                                          \
		text, offsetof(struct wt_ledger, field), is_most                                   \
	}
const struct wt_ledger_entry wt_ledger_entries[] = {
        ENTRY("seen", seen, false),
        ENTRY("written", written, false),
        ENTRY("lost.ring", lost.ring, false),
        ENTRY("lost.writer", lost.writer, false),
        ENTRY("lost.malformed", lost.malformed, false),
        ENTRY("excluded.after_limit", excluded.after_limit, false),
        ENTRY("waiting", waiting, false),
        ENTRY("cut", cut, false),
        ENTRY("freezes", freezes, false),
        ENTRY("stamps.hardware", stamps.by_source[WT_STAMP_HARDWARE], false),
        ENTRY("stamps.software", stamps.by_source[WT_STAMP_SOFTWARE], false),
        ENTRY("stamps.fallback", stamps.by_source[WT_STAMP_FALLBACK], false),
        ENTRY("stamps_unasked", stamps_unasked, false),
        ENTRY("ring.high_water_pct", ring.high_water_pct, true),
        ENTRY("ring.high_water_ms", ring.high_water_ms, true),
        ENTRY("writes.longest_ms", writes.longest_ms, true),
        ENTRY("writes.slow", writes.slow, true),
        ENTRY("writes.in_flight_most", writes.in_flight_most, true),
        {NULL, 0, false},
};

uint64_t wt_ledger_value(const struct wt_ledger *ledger, const struct wt_ledger_entry *entry)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)ledger + entry->offset, sizeof(value));
	return value;
}

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
	for (const struct wt_ledger_entry *entry = wt_ledger_entries; entry->name; entry++) {
		uint64_t value = wt_ledger_value(sum, entry), more = wt_ledger_value(one, entry);

		if (!entry->is_most)
			value += more;
		else if (more > value)
			value = more;
		memcpy((uint8_t *)sum + entry->offset, &value, sizeof(value));
	}
	sum->unattributed += one->unattributed;
}

void wt_ledger_subtract(struct wt_ledger *ledger, const struct wt_ledger *start, uint64_t written)
{
	ledger->written = written;
	ledger->lost.ring -= start->lost.ring;
	ledger->lost.writer -= start->lost.writer;
	ledger->lost.malformed -= start->lost.malformed;
	ledger->cut -= start->cut;
	ledger->freezes -= start->freezes;
	for (size_t i = 0; i < WT_STAMP_SOURCES; i++)
		ledger->stamps.by_source[i] -= start->stamps.by_source[i];
	ledger->seen = ledger->written + wt_ledger_lost(ledger);
}

void wt_ledger_text(const struct wt_ledger *ledger, char *out, size_t capacity)
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct wt_ledger_entry *entry = wt_ledger_entries; entry->name; entry++) {
		int wrote = snprintf(out + used, capacity - used, "%s=%" PRIu64 "\n", entry->name,
		                     wt_ledger_value(ledger, entry));

		if (wrote < 0 || (size_t)wrote >= capacity - used)
			return;
		used += (size_t)wrote;
	}
	if (ledger->unattributed)
		snprintf(out + used, capacity - used, "unattributed=%" PRId64 "\n",
		         ledger->unattributed);
}
