/* SPDX-License-Identifier: BSD-2-Clause */
#include "channels_private.h"

/* Whether nothing of ours was lost around this side's gap. */
static bool lost_nothing(struct wt_channels *channels, const struct wt_gap *gap, uint32_t interface,
                         struct wt_loss *loss)
{
	const struct wt_loss_window window = {.interface = interface,
	                                      .after = gap->after_order,
	                                      .before = gap->before_order,
	                                      .after_ns = gap->after_ns,
	                                      .before_ns = gap->before_ns};

	channels->config.between(channels->config.between_context, &window, 0, loss);
	return loss->known && gap->after_order && !gap->backward && !loss->ring_all &&
	       !loss->writer && !(loss->has_nic && loss->nic);
}

static void flag_lacked_by(struct wt_channels *channels, uint32_t at, const struct wt_member *other)
{
	const struct wt_joined *side = &channels->sides[other->stream];
	const struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	const struct wt_gap *its;

	for (uint32_t i = side->gaps.highest; i != WT_GAP_NONE; i = its->below) {
		uint8_t flags = WT_PART_KNOWN;
		struct wt_gap_change unused;
		struct wt_loss loss;

		its = wt_gap_at(&channels->gaps, i);
		if (its->end <= gap->first)
			break;
		if (its->first >= gap->end || its->before_ns > gap->due_ns)
			continue;
		if (lost_nothing(channels, its, side->interface, &loss))
			flags |= WT_PART_LACKS;
		for (uint32_t p = its->parts; p != WT_GAP_NONE;) {
			const struct wt_gap_part *part = wt_gap_part_at(&channels->gaps, p);

			p = part->next;
			if (part->first < gap->end && part->end > gap->first)
				(void)wt_gap_table_flag(&channels->gaps, at, part->first, part->end,
				                        flags, 0, &unused);
		}
	}
}

void wt_pair_ask(struct wt_channels *channels, const struct wt_joined *side, uint32_t gap)
{
	const struct wt_pair *pair = side->pair;

	if (!side->member || !side->member->in_run)
		return;
	for (uint32_t i = 0; i < pair->member_count; i++) {
		const struct wt_member *other = &pair->members[i];

		if (other != side->member && other->in_run && other->started)
			flag_lacked_by(channels, gap, other);
	}
}

/* Rank evidence: 2 nothing was lost, 1 something was, 0 not known. */
static int clearness(bool is_clean, const struct wt_loss *loss, const struct wt_gap *gap)
{
	if (is_clean)
		return 2;
	return loss->known && gap->after_order && !gap->backward;
}

/* Whether two gaps share missing numbers. */
static bool share_numbers(const struct wt_gap_table *table, const struct wt_gap *a,
                          const struct wt_gap *b)
{
	uint32_t p = a->parts, q = b->parts;

	while (p != WT_GAP_NONE && q != WT_GAP_NONE) {
		const struct wt_gap_part *of_a = wt_gap_part_at(table, p);
		const struct wt_gap_part *of_b = wt_gap_part_at(table, q);

		if (of_a->first < of_b->end && of_b->first < of_a->end)
			return true;
		if (of_a->end <= of_b->first)
			p = of_a->next;
		else
			q = of_b->next;
	}
	return false;
}

static void use_evidence(struct wt_gap *gap, const struct wt_gap *its, const struct wt_loss *loss,
                         struct wt_verdict_case *found)
{
	gap->after_ns = its->after_ns;
	gap->before_ns = its->before_ns;
	gap->after_order = its->after_order;
	gap->before_order = its->before_order;
	found->most_in_packet = its->most_in_packet;
	found->backward = its->backward;
	found->no_window = !its->after_order;
	found->loss = *loss;
	/* The sides' own gaps have claimed the ring's drops. */
	found->loss.ring = loss->ring_all;
}

void wt_pair_evidence(struct wt_channels *channels, uint32_t at, struct wt_verdict_case *found)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	const struct wt_pair *pair = &channels->pairs[gap->owner];
	int best = -1;

	found->no_window = true;
	for (uint32_t m = 0; m < pair->member_count && best < 2; m++) {
		const struct wt_joined *side = &channels->sides[pair->members[m].stream];
		const struct wt_gap *its;

		for (uint32_t i = side->gaps.highest; i != WT_GAP_NONE; i = its->below) {
			struct wt_loss loss;
			int clear;

			its = wt_gap_at(&channels->gaps, i);
			if (its->end <= gap->first || !pair->members[m].in_run)
				break;
			if (its->before_ns > gap->due_ns ||
			    !share_numbers(&channels->gaps, its, gap))
				continue;
			clear = clearness(lost_nothing(channels, its, side->interface, &loss),
			                  &loss, its);
			if (clear > best)
				use_evidence(gap, its, &loss, found);
			best = clear > best ? clear : best;
		}
	}
}
