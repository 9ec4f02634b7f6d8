/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/ledger.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ENTRY(text, field)                                                                         \
	{                                                                                          \
		text, offsetof(struct wt_ledger, field)                                            \
	}
const struct wt_ledger_entry wt_ledger_entries[] = {
        ENTRY("seen", seen),
        ENTRY("written", written),
        ENTRY("lost.ring", lost.ring),
        ENTRY("lost.writer", lost.writer),
        ENTRY("lost.malformed", lost.malformed),
        ENTRY("excluded.after_limit", excluded.after_limit),
        ENTRY("waiting", waiting),
        ENTRY("cut", cut),
        ENTRY("freezes", freezes),
        ENTRY("stamps.hardware", stamps.by_source[WT_STAMP_HARDWARE]),
        ENTRY("stamps.software", stamps.by_source[WT_STAMP_SOFTWARE]),
        ENTRY("stamps.fallback", stamps.by_source[WT_STAMP_FALLBACK]),
        ENTRY("ring.high_water_pct", ring.high_water_pct),
        ENTRY("ring.high_water_ms", ring.high_water_ms),
        ENTRY("writes.longest_ms", writes.longest_ms),
        ENTRY("writes.slow", writes.slow),
        ENTRY("writes.in_flight_most", writes.in_flight_most),
        {NULL, 0},
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

static void raise(uint64_t *most, uint64_t value)
{
	if (value > *most)
		*most = value;
}

void wt_ledger_add(struct wt_ledger *sum, const struct wt_ledger *one)
{
	raise(&sum->ring.high_water_pct, one->ring.high_water_pct);
	raise(&sum->ring.high_water_ms, one->ring.high_water_ms);
	raise(&sum->writes.longest_ms, one->writes.longest_ms);
	raise(&sum->writes.slow, one->writes.slow);
	raise(&sum->writes.in_flight_most, one->writes.in_flight_most);
	sum->seen += one->seen;
	sum->written += one->written;
	sum->lost.ring += one->lost.ring;
	sum->lost.writer += one->lost.writer;
	sum->lost.malformed += one->lost.malformed;
	sum->excluded.after_limit += one->excluded.after_limit;
	sum->waiting += one->waiting;
	sum->unattributed += one->unattributed;
	sum->cut += one->cut;
	sum->freezes += one->freezes;
	for (size_t i = 0; i < WT_STAMP_SOURCES; i++)
		sum->stamps.by_source[i] += one->stamps.by_source[i];
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
