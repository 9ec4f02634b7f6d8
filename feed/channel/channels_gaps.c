/* SPDX-License-Identifier: BSD-2-Clause */
#include "channels_private.h"

static const uint8_t in_time_flags[] = {[WT_BY_OTHER] = WT_PART_OTHER, [WT_BY_R] = WT_PART_R};
static const uint8_t later_flags[] = {[WT_BY_ITSELF] = WT_PART_CAME_LATER,
                                      [WT_BY_OTHER] = WT_PART_OTHER_LATER,
                                      [WT_BY_R] = WT_PART_R_LATER};

int64_t wt_channels_due_ns(const struct wt_channels *channels, const struct wt_feed_record *record)
{
	return wt_add_ns(wt_add_ns(record->stamp_ns, record->held_ms * INT64_C(1000000)),
	                 channels->config.late_ns);
}

static struct wt_gap_list *owner_of(struct wt_channels *channels, const struct wt_gap *gap)
{
	return gap->is_pair ? &channels->pairs[gap->owner].gaps : &channels->sides[gap->owner].gaps;
}

static void set_next(struct wt_channels *channels)
{
	uint32_t first = wt_gap_table_first_due(&channels->gaps);

	channels->next_ns = first == WT_GAP_NONE
	                            ? INT64_MAX
	                            : wt_add_ns(wt_gap_at(&channels->gaps, first)->due_ns,
	                                        WT_CHANNELS_TURNS_NS);
}

/* Report the results of a gap, settled or not. */
static void finish_gap(struct wt_channels *channels, uint32_t at)
{
	if (!wt_gap_at(&channels->gaps, at)->settled)
		wt_channels_settle(channels, at);
	wt_channels_report_recovered(channels, at);
}

static void remove_gap(struct wt_channels *channels, uint32_t at)
{
	struct wt_gap_list *list = owner_of(channels, wt_gap_at(&channels->gaps, at));

	wt_gap_table_remove(&channels->gaps, list, at);
}

/* Forget a gap, though late numbers may still come. */
static void give_up(struct wt_channels *channels, uint32_t at)
{
	if (!wt_gap_at(&channels->gaps, at)->settled)
		channels->settled_early++;
	finish_gap(channels, at);
	remove_gap(channels, at);
}

uint32_t wt_channels_open_gap(struct wt_channels *channels, struct wt_gap_list *list,
                              const struct wt_gap *gap)
{
	struct wt_gap_table *table = &channels->gaps;
	uint32_t at;

	if (list->count >= WT_GAP_LIST_MAX)
		give_up(channels, list->lowest);
	while ((at = wt_gap_table_add(table, list, gap)) == WT_GAP_NONE)
		give_up(channels, table->oldest != WT_GAP_NONE ? table->oldest
		                                               : wt_gap_table_first_due(table));
	set_next(channels);
	return at;
}

void wt_channels_settle_due(struct wt_channels *channels)
{
	while (channels->next_ns < channels->now_ns) {
		uint32_t at = wt_gap_table_first_due(&channels->gaps);
		const struct wt_gap *gap = wt_gap_at(&channels->gaps, at);

		finish_gap(channels, at);
		if (!gap->missing)
			remove_gap(channels, at);
		set_next(channels);
	}
}

void wt_channels_finish(struct wt_channels *channels)
{
	uint32_t at;

	while ((at = wt_gap_table_first_due(&channels->gaps)) != WT_GAP_NONE) {
		finish_gap(channels, at);
		if (!wt_gap_at(&channels->gaps, at)->missing)
			remove_gap(channels, at);
	}
	set_next(channels);
}

/* Flags that mark missing numbers as come already, by the source that brings them now. */
static uint8_t flags_before(const struct wt_gap *gap, enum wt_feed_by by, bool later)
{
	/* A side lacks numbers even if R has them. */
	if (by == WT_BY_ITSELF && !gap->is_pair)
		return WT_PART_CAME_LATER;
	/* Another side's numbers in time count as such, whatever came here since. */
	if (by == WT_BY_OTHER && !later)
		return WT_PART_OTHER;
	if (by == WT_BY_OTHER)
		return WT_PART_CAME_LATER | WT_PART_OTHER | WT_PART_OTHER_LATER;
	return WT_PART_CAME_LATER | WT_PART_R | WT_PART_R_LATER;
}

/* Raise only: interfaces take turns, so the last to come may be earlier. */
static void set_last(int64_t *last_ns, int64_t stamp_ns)
{
	if (stamp_ns > *last_ns)
		*last_ns = stamp_ns;
}

/* Note numbers that came in a gap; *came counts those that were missing before. 0, or -ENOSPC: it
 * is in too many parts. */
static int came_in_gap(struct wt_channels *channels, uint32_t at, uint64_t first, uint64_t end,
                       int64_t stamp_ns, enum wt_feed_by by, uint64_t *came)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	bool later = !gap->settled && stamp_ns > gap->due_ns;
	uint8_t had = flags_before(gap, by, later);
	struct wt_gap_change change;
	int rc;

	if (by == WT_BY_ITSELF && !later)
		rc = wt_gap_table_fill(&channels->gaps, at, first, end, had, &change);
	else
		rc = wt_gap_table_flag(&channels->gaps, at, first, end,
		                       later ? later_flags[by] : in_time_flags[by], had, &change);
	if (rc)
		return rc;
	*came = change.numbers - change.flagged;
	/* Another side that has them only now lacked them when it mattered. */
	if (by == WT_BY_OTHER && later)
		(void)wt_gap_table_flag(&channels->gaps, at, first, end, WT_PART_KNOWN, 0, &change);
	if (*came && gap->settled)
		wt_channels_note_recovered(
		        channels, at, &(struct wt_gap_recovered){*came, first, end, stamp_ns, by});
	else if (*came)
		set_last(later ? &gap->later_ns[by] : &gap->came_ns[by], stamp_ns);
	return 0;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t wt_channels_came(struct wt_channels *channels, struct wt_gap_list *list, uint64_t first,
                          uint64_t end, int64_t stamp_ns, enum wt_feed_by by)
{
	uint64_t all = 0;
	uint32_t below;

	for (uint32_t at = list->highest; at != WT_GAP_NONE; at = below) {
		struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
		uint64_t came = 0;

		below = gap->below;
		if (gap->end <= first)
			break;
		if (gap->first >= end)
			continue;
		if (came_in_gap(channels, at, max_u64(first, gap->first), min_u64(end, gap->end),
		                stamp_ns, by, &came))
			give_up(channels, at);
		else if (gap->settled && !gap->missing)
			give_up(channels, at);
		all += came;
	}
	set_next(channels);
	return all;
}

void wt_channels_settle_gaps(struct wt_channels *channels, struct wt_gap_list *list)
{
	/* Start at the lowest, which opened first. */
	for (uint32_t at = list->lowest; at != WT_GAP_NONE;
	     at = wt_gap_at(&channels->gaps, at)->above)
		finish_gap(channels, at);
}

void wt_channels_close_gaps(struct wt_channels *channels, struct wt_gap_list *list)
{
	while (list->lowest != WT_GAP_NONE) {
		uint32_t at = list->lowest;

		finish_gap(channels, at);
		remove_gap(channels, at);
	}
	list->floor = 0;
	set_next(channels);
}
