/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/verdict.h>

#include "support/unit.h"

struct row {
	const char *what;
	struct wt_verdict_case gap;
	struct wt_verdict_result result;
};

#define NOTHING_LOST                                                                               \
	{                                                                                          \
		.known = true                                                                      \
	}
#define LOST(...)                                                                                  \
	{                                                                                          \
		.known = true, __VA_ARGS__                                                         \
	}

/* Ten numbers in packets of up to four: three packets. */
#define TEN .skipped = 10, .most_in_packet = 4

static const struct row rows[] = {
        {"nothing moved and there is no other side: upstream",
         {TEN, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_UPSTREAM, .upstream = 10, .packets_needed = 3}},
        {"the other side is silent: upstream",
         {TEN, .has_other = true, .other_is_silent = true, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_UPSTREAM, .upstream = 10, .packets_needed = 3}},
        {"the other side has all: line",
         {TEN, .has_other = true, .other_has = 10, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_LINE, .line = 10, .packets_needed = 3}},
        {"the other side has some: shared",
         {TEN, .has_other = true, .other_has = 9, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_SHARED, .line = 9, .upstream = 1, .packets_needed = 3}},
        {"all came in time: late",
         {TEN, .in_time = 10, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_LATE}},
        {"all came in time, and there is no ledger: late",
         {TEN, .in_time = 10},
         {.verdict = WT_VERDICT_LATE}},
        {"all but one came in time",
         {TEN, .in_time = 9, .loss = LOST(.ring = 1)},
         {.verdict = WT_VERDICT_RING, .ring = 1, .packets_needed = 1, .ring_claim = 1}},
        {"the ring dropped as much as is needed",
         {TEN, .loss = LOST(.ring = 3)},
         {.verdict = WT_VERDICT_RING, .ring = 10, .packets_needed = 3, .ring_claim = 3}},
        {"the ring dropped more than is needed",
         {TEN, .loss = LOST(.ring = 1000)},
         {.verdict = WT_VERDICT_RING, .ring = 10, .packets_needed = 3, .ring_claim = 3}},
        {"the ring dropped one less than is needed, the other side has them",
         {TEN, .other_has = 10, .loss = LOST(.ring = 2)},
         {.verdict = WT_VERDICT_SHARED,
          .ring = 8,
          .line = 2,
          .packets_needed = 3,
          .ring_claim = 2}},
        {"the ring dropped one less than is needed, nobody has them",
         {TEN, .loss = LOST(.ring = 2)},
         {.verdict = WT_VERDICT_SHARED,
          .ring = 8,
          .upstream = 2,
          .packets_needed = 3,
          .ring_claim = 2}},
        {"the ring dropped one less than is needed, and the NIC lost some",
         {TEN, .other_has = 10, .loss = LOST(.ring = 2, .has_nic = true, .nic = 1)},
         {.verdict = WT_VERDICT_SHARED, .ring = 8, .nic = 2, .packets_needed = 3, .ring_claim = 2}},
        {"other gaps have claimed what the ring dropped",
         {TEN, .loss = LOST(.ring = 0, .ring_all = 3)},
         {.verdict = WT_VERDICT_UPSTREAM, .upstream = 10, .packets_needed = 3}},
        {"the ring dropped enough and the NIC lost some, too",
         {TEN, .loss = LOST(.ring = 3, .has_nic = true, .nic = 2)},
         {.verdict = WT_VERDICT_SHARED, .ring = 6, .nic = 4, .packets_needed = 3, .ring_claim = 2}},
        {"one number, and two that may have lost it",
         {.skipped = 1, .most_in_packet = 1, .loss = LOST(.ring = 1, .has_nic = true, .nic = 50)},
         {.verdict = WT_VERDICT_SHARED, .ring = 1, .packets_needed = 1, .ring_claim = 1}},
        {"one number, and writer and NIC may have lost it",
         {.skipped = 1, .most_in_packet = 1, .loss = LOST(.writer = 1, .has_nic = true, .nic = 50)},
         {.verdict = WT_VERDICT_SHARED, .writer = 1, .packets_needed = 1}},
        {"one number, and almost all of the losses are the ring's",
         {.skipped = 1,
          .most_in_packet = 1,
          .loss = LOST(.ring = UINT64_C(1) << 60, .has_nic = true, .nic = 1)},
         {.verdict = WT_VERDICT_SHARED, .ring = 1, .packets_needed = 1, .ring_claim = 1}},
        {"one number, and a NIC that lost nothing",
         {.skipped = 1, .most_in_packet = 1, .loss = LOST(.ring = 1, .has_nic = true, .nic = 0)},
         {.verdict = WT_VERDICT_RING, .ring = 1, .packets_needed = 1, .ring_claim = 1}},
        {"one number, and a NIC that was not looked at",
         {.skipped = 1, .most_in_packet = 1, .loss = LOST(.ring = 1, .has_nic = false, .nic = 9)},
         {.verdict = WT_VERDICT_RING, .ring = 1, .packets_needed = 1, .ring_claim = 1}},
        {"two numbers, of which the ring has one and of the other the NIC more than the writer",
         {.skipped = 2,
          .most_in_packet = 1,
          .loss = LOST(.ring = 18, .writer = 1, .has_nic = true, .nic = 9)},
         {.verdict = WT_VERDICT_SHARED, .ring = 1, .nic = 1, .packets_needed = 2, .ring_claim = 1}},
        {"the NIC lost some",
         {TEN, .loss = LOST(.has_nic = true, .nic = 1)},
         {.verdict = WT_VERDICT_NIC, .nic = 10, .packets_needed = 3}},
        {"the NIC lost some, and the other side has them",
         {TEN, .other_has = 10, .loss = LOST(.has_nic = true, .nic = 1)},
         {.verdict = WT_VERDICT_NIC, .nic = 10, .packets_needed = 3}},
        {"the NIC was not looked at around it",
         {TEN, .loss = LOST(.has_nic = false, .nic = 9)},
         {.verdict = WT_VERDICT_UPSTREAM, .upstream = 10, .packets_needed = 3}},
        {"the writer lost as much as is needed",
         {TEN, .loss = LOST(.writer = 3)},
         {.verdict = WT_VERDICT_WRITER, .writer = 10, .packets_needed = 3}},
        {"the writer lost one less",
         {TEN, .loss = LOST(.writer = 2)},
         {.verdict = WT_VERDICT_SHARED, .writer = 8, .upstream = 2, .packets_needed = 3}},
        {"the ring and the writer together lost enough",
         {TEN, .loss = LOST(.ring = 1, .writer = 2)},
         {.verdict = WT_VERDICT_SHARED,
          .ring = 3,
          .writer = 7,
          .packets_needed = 3,
          .ring_claim = 1}},
        {"the ring and the writer together lost not enough",
         {TEN, .loss = LOST(.ring = 1, .writer = 1)},
         {.verdict = WT_VERDICT_SHARED,
          .ring = 4,
          .writer = 4,
          .upstream = 2,
          .packets_needed = 3,
          .ring_claim = 1}},
        {"a side that lost nothing lacks all of it: upstream, whatever the ring dropped",
         {TEN, .has_other = true, .other_lacks = 10, .loss = LOST(.ring = 3)},
         {.verdict = WT_VERDICT_UPSTREAM, .upstream = 10, .packets_needed = 3}},
        {"a side that lost nothing lacks some of it, the ring dropped the rest",
         {TEN, .has_other = true, .other_lacks = 4, .other_has = 6, .loss = LOST(.ring = 3)},
         {.verdict = WT_VERDICT_SHARED,
          .upstream = 4,
          .ring = 6,
          .packets_needed = 3,
          .ring_claim = 2}},
        {"there is no ledger",
         {TEN, .other_has = 10, .loss = {.known = false}},
         {.verdict = WT_VERDICT_UNKNOWN, .unknown = 10, .packets_needed = 3}},
        {"there is no ledger, and some came in time",
         {TEN, .in_time = 4, .loss = {.known = false}},
         {.verdict = WT_VERDICT_UNKNOWN, .unknown = 6, .packets_needed = 2}},
        {"stamps ran backwards",
         {TEN, .backward = true, .loss = LOST(.ring = 3)},
         {.verdict = WT_VERDICT_UNKNOWN, .unknown = 10, .packets_needed = 3}},
        {"it begins before the recording",
         {TEN, .no_window = true, .loss = LOST(.ring = 3)},
         {.verdict = WT_VERDICT_UNKNOWN, .unknown = 10, .packets_needed = 3}},
        {"the largest there is",
         {.skipped = UINT64_MAX,
          .most_in_packet = 1,
          .loss = LOST(.ring = UINT64_MAX, .writer = UINT64_MAX)},
         {.verdict = WT_VERDICT_SHARED,
          .ring = UINT64_C(1) << 63,
          .writer = UINT64_MAX - (UINT64_C(1) << 63),
          .packets_needed = UINT64_MAX,
          .ring_claim = UINT64_C(1) << 63}},
        {"more came than was missing, in packets of no numbers",
         {.skipped = 1, .in_time = 2, .loss = NOTHING_LOST},
         {.verdict = WT_VERDICT_LATE}},
        {"packets of no numbers",
         {.skipped = 2, .loss = LOST(.ring = 2)},
         {.verdict = WT_VERDICT_RING, .ring = 2, .packets_needed = 2, .ring_claim = 2}},
};

#define expect_same(row, got, field)                                                               \
	cr_expect_eq((got).field, (row)->result.field, "%s: " #field " %llu", (row)->what,         \
	             (unsigned long long)(got).field)

Test(verdict, every_row_of_the_table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct wt_verdict_result got;

		wt_verdict_find(&row->gap, &got);
		cr_expect_str_eq(wt_verdict_name(got.verdict), wt_verdict_name(row->result.verdict),
		                 "%s: %s", row->what, wt_verdict_name(got.verdict));
		expect_same(row, got, ring);
		expect_same(row, got, writer);
		expect_same(row, got, nic);
		expect_same(row, got, line);
		expect_same(row, got, upstream);
		expect_same(row, got, unknown);
		expect_same(row, got, packets_needed);
		expect_same(row, got, ring_claim);
	}
}

/* Whatever is lost where: parts add up, and no more is claimed than there is. */
Test(verdict, what_is_none_has_no_name)
{
	cr_expect_str_eq(wt_verdict_name(WT_VERDICTS), "unknown");
	cr_expect_str_eq(wt_verdict_name((enum wt_verdict)(WT_VERDICTS + 1)), "unknown");
}

Test(verdict, parts_add_up)
{
	for (uint64_t n = 0; n < 4 * 5 * 5 * 4 * 6 * 4; n++) {
		struct wt_verdict_case gap = {.skipped = 1 + n % 4 * 3, .loss = {.known = true}};
		uint64_t rest = n / 4, sum;
		struct wt_verdict_result got;

		gap.loss.ring = rest % 5;
		gap.loss.writer = rest / 5 % 5;
		gap.loss.has_nic = true;
		gap.loss.nic = rest / 25 % 4 * 7;
		gap.other_has = rest / 100 % 6;
		gap.most_in_packet = 1 + (uint32_t)(rest / 600 % 4);
		wt_verdict_find(&gap, &got);
		sum = got.ring + got.writer + got.nic + got.line + got.upstream + got.unknown;
		cr_assert_eq(sum, gap.skipped, "case %llu", (unsigned long long)n);
		cr_assert_leq(got.ring_claim, gap.loss.ring, "case %llu", (unsigned long long)n);
		cr_assert_leq(got.ring, got.ring_claim * gap.most_in_packet, "case %llu",
		              (unsigned long long)n);
	}
}
