/* SPDX-License-Identifier: BSD-2-Clause */
#include "recognise_private.h"

#include <limits.h>

/* Finds pairs of groups that carry the same numbers, by the samples that both kept: those with the
 * lowest hashes, up to the highest that either still keeps. */

enum {
	SAME_PERCENT = 50,    /* numbers that both have, at least */
	CONTENT_PERCENT = 50, /* of these with the same content */
	COMMON = 2,           /* numbers; less only where a group has no more */
	CROWD = 4,            /* groups that are like another one: more than sides there are */
	CLOSER = 4,           /* times as close as the next one */
};
static const int64_t apart_most_ns = INT64_C(10000000000); /* of the same number */

/* Two groups compared. */
struct likeness {
	unsigned common, known, content, in_time; /* samples; `known`: with both contents */
	unsigned lesser;                          /* of the group that has fewer */
	unsigned same_percent, content_percent;
	int64_t apart_ns; /* the same number, on average */
};

/* Above this hash a group may have had numbers that it does not keep. */
static uint64_t limit_of(const struct wt_candidate *candidate)
{
	return candidate->sample_count < WT_CANDIDATE_SAMPLES
	               ? UINT64_MAX
	               : candidate->samples[WT_CANDIDATE_SAMPLES - 1].number;
}

/* Time between two samples, capped where more makes no difference; 0 if not known. */
static int64_t apart(const struct wt_candidate_sample *a, const struct wt_candidate_sample *b)
{
	int64_t apart_ns;

	if (a->stamp_ns == INT64_MIN || b->stamp_ns == INT64_MIN)
		return 0;
	if (__builtin_sub_overflow(a->stamp_ns, b->stamp_ns, &apart_ns) ||
	    apart_ns < -apart_most_ns || apart_ns > apart_most_ns)
		return apart_most_ns + 1;
	return apart_ns < 0 ? -apart_ns : apart_ns;
}

static unsigned count_below(const struct wt_candidate *candidate, uint64_t limit)
{
	unsigned count = 0;

	while (count < candidate->sample_count && candidate->samples[count].number <= limit)
		count++;
	return count;
}

/* Compare samples, which are in order. */
static void compare(const struct wt_candidate *a, const struct wt_candidate *b,
                    struct likeness *likeness)
{
	uint64_t limit = limit_of(a) < limit_of(b) ? limit_of(a) : limit_of(b);
	unsigned in_a = count_below(a, limit), in_b = count_below(b, limit);
	unsigned i = 0, j = 0;

	*likeness = (struct likeness){.lesser = in_a < in_b ? in_a : in_b};
	while (i < in_a && j < in_b) {
		const struct wt_candidate_sample *left = &a->samples[i], *right = &b->samples[j];

		i += left->number <= right->number;
		j += right->number <= left->number;
		if (left->number != right->number)
			continue;
		likeness->common++;
		likeness->known += left->content && right->content;
		likeness->content += left->content && left->content == right->content;
		likeness->in_time += apart(left, right) <= apart_most_ns;
		likeness->apart_ns += apart(left, right);
	}
	if (likeness->lesser)
		likeness->same_percent = likeness->common * 100 / likeness->lesser;
	if (!likeness->common)
		return;
	/* Truncated packets do not contradict it. */
	likeness->content_percent =
	        likeness->known ? likeness->content * 100 / likeness->known : 100;
	likeness->apart_ns /= likeness->common;
}

/* Groups that came closer together in time are rather the same: streams that were made for a test
 * may have the same numbers and the same content. */
static unsigned worth(const struct likeness *likeness)
{
	unsigned closeness = 10;

	for (int64_t ns = likeness->apart_ns; ns > 1000000 && closeness > 1; ns /= 10)
		closeness--;
	return likeness->same_percent * likeness->content_percent * closeness;
}

static bool is_pair(const struct likeness *likeness)
{
	if (likeness->common < COMMON && likeness->lesser >= COMMON)
		return false;
	return likeness->common && likeness->same_percent >= SAME_PERCENT &&
	       likeness->content_percent >= CONTENT_PERCENT &&
	       likeness->in_time * 2 >= likeness->common;
}

/* Loops and retransmissions are channels of one side. */
static bool may_be_paired(const struct wt_recognised_group *group)
{
	return group->best && group->told.kind == WT_FEED_LIVE && group->best->sample_count;
}

static bool is_alike(const struct wt_recognised_group *a, const struct wt_recognised_group *b)
{
	return a->best->preset == b->best->preset && a->told.kind == b->told.kind;
}

static void join(struct wt_recognised_group *const *groups, uint32_t a, uint32_t b,
                 const struct likeness *likeness)
{
	struct wt_recognised *sides[] = {&groups[a]->told, &groups[b]->told};

	sides[0]->other_side = (int32_t)b;
	sides[1]->other_side = (int32_t)a;
	sides[1]->is_b = true;
	for (int i = 0; i < 2; i++) {
		sides[i]->same_percent = likeness->same_percent;
		sides[i]->content_percent = likeness->content_percent;
		sides[i]->has_content = likeness->known > 0;
	}
}

/* Groups that are like a given one. */
struct search {
	struct likeness best;
	uint32_t other; /* the best that is free; 0: none, as the first has no one before */
	unsigned alike; /* all of them */
	int64_t nearest_ns, next_ns; /* time distances of the two closest */
	uint32_t nearest;
};

static void note_time(struct search *search, uint32_t group, int64_t apart_ns)
{
	search->alike++;
	if (apart_ns < search->nearest_ns) {
		search->next_ns = search->nearest_ns;
		search->nearest_ns = apart_ns;
		search->nearest = group;
	} else if (apart_ns < search->next_ns) {
		search->next_ns = apart_ns;
	}
}

/* Where many groups carry the same, only one that is much closer in time than all others is the
 * other side. */
static bool is_clear(const struct search *search)
{
	return search->alike < CROWD ||
	       (search->other == search->nearest && search->nearest_ns <= search->next_ns / CLOSER);
}

/* The group after `a` that is most like it. */
static void find_other_side(struct wt_recognised_group *const *groups, uint32_t count, uint32_t a)
{
	struct search search = {.nearest_ns = INT64_MAX, .next_ns = INT64_MAX};

	for (uint32_t i = 0; i < count; i++) {
		struct likeness likeness;

		if (i == a || !may_be_paired(groups[i]) || !is_alike(groups[a], groups[i]))
			continue;
		compare(groups[a]->best, groups[i]->best, &likeness);
		if (!is_pair(&likeness))
			continue;
		note_time(&search, i, likeness.apart_ns);
		if (i < a || groups[i]->told.other_side >= 0 ||
		    worth(&likeness) < worth(&search.best) ||
		    (worth(&likeness) == worth(&search.best) &&
		     likeness.apart_ns >= search.best.apart_ns))
			continue;
		search.best = likeness;
		search.other = i;
	}
	if (search.other && is_clear(&search))
		join(groups, a, search.other, &search.best);
}

void wt_recognise_pairs(struct wt_recognised_group *const *groups, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (may_be_paired(groups[i]) && groups[i]->told.other_side < 0)
			find_other_side(groups, count, i);
}
