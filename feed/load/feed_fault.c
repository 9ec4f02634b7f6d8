/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/load/feed_fault.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Digits up to `end`. */
static bool read_number(const char *text, const char *end, uint64_t *number)
{
	if (text == end)
		return false;
	for (*number = 0; text < end; text++)
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, (uint64_t)(*text - '0'), number))
			return false;
	return true;
}

static int refuse(const char *word, size_t length, const char *reason, struct wt_error *err)
{
	return wt_error_set(err, -EINVAL, "'%.*s' %s", (int)(length < 60 ? length : 60), word,
	                    reason);
}

static int by_first(const void *a, const void *b)
{
	uint64_t one = ((const struct wt_feed_range *)a)->first;
	uint64_t two = ((const struct wt_feed_range *)b)->first;

	return (one > two) - (one < two);
}

/* Join ranges that overlap or touch. */
static void join_ranges(struct wt_feed_choice *choice)
{
	size_t kept = 0;

	qsort(choice->ranges, choice->count, sizeof(*choice->ranges), by_first);
	for (size_t i = 1; i < choice->count; i++) {
		struct wt_feed_range *last = &choice->ranges[kept], *next = &choice->ranges[i];

		if (next->first <= last->last || next->first == last->last + 1)
			last->last = next->last > last->last ? next->last : last->last;
		else
			choice->ranges[++kept] = *next;
	}
	choice->count = kept + 1;
}

static int add_range(struct wt_feed_choice *choice, struct wt_feed_range range,
                     struct wt_error *err)
{
	struct wt_feed_range *grown;

	if (choice->count == WT_FEED_RANGES_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d ranges",
		                    WT_FEED_RANGES_MAX);
	grown = realloc(choice->ranges, (choice->count + 1) * sizeof(*grown));
	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for ranges");
	choice->ranges = grown;
	choice->ranges[choice->count++] = range;
	return 0;
}

static int read_share(struct wt_feed_choice *choice, const char *word, size_t length,
                      struct wt_error *err)
{
	if (!read_number(word + 2, word + length, &choice->one_in) || !choice->one_in)
		return refuse(word, length, "is no 1/N", err);
	return 0;
}

static int read_range(struct wt_feed_choice *choice, const char *word, size_t length,
                      struct wt_error *err)
{
	const char *end = word + length, *dash = memchr(word, '-', length);
	struct wt_feed_range range;

	if (!read_number(word, dash ? dash : end, &range.first))
		return refuse(word, length, "is no number, no FIRST-LAST and no 1/N", err);
	range.last = range.first;
	if (dash && !read_number(dash + 1, end, &range.last))
		return refuse(word, length, "is no FIRST-LAST", err);
	if (range.last < range.first || range.last == UINT64_MAX)
		return refuse(word, length, "ends before it begins, or with too large a number",
		              err);
	return add_range(choice, range, err);
}

static int read_by(struct wt_feed_faults *faults, const char *word, size_t length,
                   struct wt_error *err)
{
	uint64_t by;

	if (!read_number(word + 3, word + length, &by) || !by || by > 1000000)
		return refuse(word, length, "is no by=K, from 1 to 1000000", err);
	faults->reorder_by = (uint32_t)by;
	return 0;
}

static int read_word(struct wt_feed_faults *faults, enum wt_feed_fault fault,
                     struct wt_feed_choice *choice, const char *word, size_t length,
                     struct wt_error *err)
{
	if (fault == WT_FAULT_REORDER && !strncmp(word, "by=", 3))
		return read_by(faults, word, length, err);
	if (!strncmp(word, "1/", 2))
		return read_share(choice, word, length, err);
	return read_range(choice, word, length, err);
}

int wt_feed_faults_add(struct wt_feed_faults *faults, enum wt_feed_fault fault, const char *text,
                       struct wt_error *err)
{
	struct wt_feed_choice *choice = &faults->of[fault][WT_FEED_ALL_SIDES];
	int failed = 0;

	for (int side = 0; side < WT_FEED_R; side++)
		if (text[0] == wt_feed_side_name((enum wt_feed_side)side)[0] && text[1] == ':') {
			choice = &faults->of[fault][side];
			text += 2;
			break;
		}
	for (;;) {
		size_t length = strcspn(text, ",");

		failed = read_word(faults, fault, choice, text, length, err);
		if (failed || !text[length])
			break;
		text += length + 1;
	}
	if (choice->count)
		join_ranges(choice);
	return failed;
}

void wt_feed_faults_free(struct wt_feed_faults *faults)
{
	for (int fault = 0; fault < WT_FAULTS; fault++)
		for (int side = 0; side <= WT_FEED_ALL_SIDES; side++)
			free(faults->of[fault][side].ranges);
	*faults = (struct wt_feed_faults){0};
}

/* Find the first range that does not end before the number; NULL: none. */
static const struct wt_feed_range *find_range(const struct wt_feed_choice *choice, uint64_t number)
{
	size_t low = 0, high = choice->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (choice->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < choice->count ? &choice->ranges[low] : NULL;
}

bool wt_feed_choice_ranges_have(const struct wt_feed_choice *choice, uint64_t number)
{
	const struct wt_feed_range *range = find_range(choice, number);

	return range && range->first <= number;
}

bool wt_feed_choice_has(const struct wt_feed_choice *choice, uint64_t number, uint64_t dice)
{
	return (choice->one_in && dice % choice->one_in == 0) ||
	       wt_feed_choice_ranges_have(choice, number);
}

uint64_t wt_feed_choice_edge(const struct wt_feed_choice *choice, uint64_t number)
{
	const struct wt_feed_range *range = find_range(choice, number);

	if (!range)
		return UINT64_MAX;
	return range->first > number ? range->first : range->last + 1;
}
