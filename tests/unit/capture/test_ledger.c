/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/capture/ledger.h>

#include "support/unit.h"

static void expect_closed(const struct wt_ledger *ledger)
{
	cr_expect(eq(u64, ledger->seen, ledger->written + wt_ledger_lost(ledger)));
	cr_expect(eq(u64, ledger->waiting, 0));
	cr_expect(eq(i64, ledger->unattributed, 0));
}

Test(ledger, frames_in_the_ring_wait_while_recording)
{
	struct wt_ledger ledger = {.written = 70, .lost.malformed = 5};

	wt_ledger_update(&ledger, 100, 20);
	cr_expect(eq(u64, ledger.lost.ring, 20));
	cr_expect(eq(u64, ledger.seen, 95));
	cr_expect(eq(u64, ledger.waiting, 5));
}

Test(ledger, frames_written_before_they_are_counted_leave_nothing_waiting)
{
	struct wt_ledger ledger = {.written = 101};

	wt_ledger_update(&ledger, 100, 0);
	cr_expect(eq(u64, ledger.seen, 101));
	cr_expect(eq(u64, ledger.waiting, 0));
}

Test(ledger, closes_when_everything_stored_was_written)
{
	struct wt_ledger ledger = {.written = 80, .waiting = 3};

	wt_ledger_close(&ledger, 100, 20, WT_REST_UNKNOWN);
	cr_expect(eq(u64, ledger.seen, 100));
	expect_closed(&ledger);
}

Test(ledger, rest_after_a_limit_is_excluded)
{
	struct wt_ledger ledger = {.written = 10, .lost.malformed = 1};

	wt_ledger_close(&ledger, 100, 20, WT_REST_AFTER_LIMIT);
	cr_expect(eq(u64, ledger.excluded.after_limit, 69));
	cr_expect(eq(u64, ledger.seen, 31));
	expect_closed(&ledger);
}

Test(ledger, rest_after_a_failed_write_is_the_writers_loss)
{
	struct wt_ledger ledger = {.written = 10, .lost.writer = 5};

	wt_ledger_close(&ledger, 100, 20, WT_REST_WRITER);
	cr_expect(eq(u64, ledger.lost.writer, 70));
	cr_expect(eq(u64, ledger.seen, 100));
	expect_closed(&ledger);
}

Test(ledger, rest_without_a_reason_is_unattributed)
{
	struct wt_ledger ledger = {.written = 10};

	wt_ledger_close(&ledger, 100, 20, WT_REST_UNKNOWN);
	cr_expect(eq(i64, ledger.unattributed, 70));
	cr_expect(eq(u64, ledger.seen, 100));
}

Test(ledger, more_written_than_counted_is_unattributed_whatever_the_reason)
{
	static const enum wt_ledger_rest reasons[] = {WT_REST_UNKNOWN, WT_REST_AFTER_LIMIT,
	                                              WT_REST_WRITER};

	for (int i = 0; i < 3; i++) {
		struct wt_ledger ledger = {.written = 102};

		wt_ledger_close(&ledger, 100, 0, reasons[i]);
		cr_expect(eq(i64, ledger.unattributed, -2), "reason %d", reasons[i]);
	}
}

Test(ledger, closing_again_when_nothing_is_left_leaves_nothing_unattributed)
{
	static const enum wt_ledger_rest reasons[] = {WT_REST_UNKNOWN, WT_REST_AFTER_LIMIT,
	                                              WT_REST_WRITER};

	for (int i = 0; i < 3; i++) {
		struct wt_ledger ledger = {.written = 102};

		wt_ledger_close(&ledger, 100, 0, reasons[i]);
		wt_ledger_close(&ledger, 102, 0, reasons[i]);
		expect_closed(&ledger);
	}
}

Test(ledger, counts_beyond_32_bits_close)
{
	struct wt_ledger ledger = {.written = UINT64_C(1) << 40};

	wt_ledger_close(&ledger, (UINT64_C(1) << 40) + (UINT64_C(1) << 33), UINT64_C(1) << 33,
	                WT_REST_UNKNOWN);
	expect_closed(&ledger);
}

/* A ledger in which every count is another one. */
static struct wt_ledger numbered(uint64_t times)
{
	struct wt_ledger ledger = {0};
	uint64_t value = 0;

	for (const struct wt_number *row = wt_ledger_numbers; row->type; row++) {
		uint64_t count = ++value * times;

		memcpy((uint8_t *)&ledger + row->offset, &count, sizeof(count));
	}
	return ledger;
}

Test(ledger, every_count_of_several_interfaces_is_added_up)
{
	struct wt_ledger sum = numbered(10), one = numbered(1);
	uint64_t value = 0;

	wt_ledger_add(&sum, &one);
	for (const struct wt_number *row = wt_ledger_numbers; row->type; row++) {
		uint64_t count = *(const uint64_t *)((const char *)&sum + row->offset);

		cr_expect(eq(u64, count, ++value * (row->kind == WT_KIND_MOST ? 10 : 11)), "%s",
		          row->key);
	}
	cr_expect(eq(i64, sum.unattributed, 19 * 11));
}

Test(ledger, what_came_since_a_state_is_the_difference)
{
	struct wt_ledger ledger = {.lost = {10, 20, 30},
	                           .truncated = 5,
	                           .stamps_unasked = 7,
	                           .stamps.by_source = {1, 2, 3}};
	const struct wt_ledger start = {.lost = {4, 20, 29},
	                                .truncated = 5,
	                                .stamps_unasked = 3,
	                                .stamps.by_source = {1, 1, 1}};

	wt_ledger_subtract(&ledger, &start, 100);
	cr_expect(eq(u64, ledger.written, 100));
	cr_expect(eq(u64, ledger.lost.ring, 6));
	cr_expect(eq(u64, ledger.lost.writer, 0));
	cr_expect(eq(u64, ledger.lost.malformed, 1));
	cr_expect(eq(u64, ledger.seen, 107));
	cr_expect(eq(u64, ledger.truncated, 0));
	cr_expect(eq(u64, ledger.stamps_unasked, 4));
	cr_expect(eq(u64, ledger.stamps.by_source[2], 2));
}

Test(ledger, lost_is_the_sum_of_its_causes)
{
	struct wt_ledger ledger = {.lost = {1, 20, 300}};

	cr_expect(eq(u64, wt_ledger_lost(&ledger), 321));
}

Test(ledger, text_has_a_line_for_every_count)
{
	struct wt_ledger ledger = numbered(1);
	char text[1024];

	ledger.unattributed = 0;
	wt_ledger_text(&ledger, text, sizeof(text));
	cr_expect(
	        eq(int,
	           strcmp(text, "seen=1\nwritten=2\nlost.ring=3\nlost.writer=4\nlost.malformed=5\n"
	                        "excluded.after_limit=6\nwaiting=7\ntruncated=8\nfreezes=9\n"
	                        "stamps.hardware=10\nstamps.software=11\nstamps.fallback=12\n"
	                        "stamps_unasked=13\n"
	                        "ring.high_water_percent=14\nring.high_water_ns=15\n"
	                        "writes.longest_ns=16\nwrites.slow=17\n"
	                        "writes.in_flight_most=18\n"),
	           0),
	        "%s", text);
}

Test(ledger, text_tells_what_does_not_add_up)
{
	struct wt_ledger ledger = {.unattributed = -3};
	char text[1024];

	wt_ledger_text(&ledger, text, sizeof(text));
	cr_expect(strstr(text, "\nunattributed=-3\n") != NULL, "%s", text);
}

Test(ledger, text_without_room_is_cut_and_terminated)
{
	struct wt_ledger ledger = numbered(1);
	char whole[1024], text[1024];

	wt_ledger_text(&ledger, whole, sizeof(whole));
	for (size_t room = 1; room <= strlen(whole); room++) {
		memset(text, 'x', sizeof(text));
		wt_ledger_text(&ledger, text, room);
		cr_assert(memchr(text, '\0', room) != NULL, "room %zu", room);
		cr_assert(text[room] == 'x', "room %zu", room);
		cr_assert(eq(int, strncmp(text, whole, strlen(text)), 0), "room %zu", room);
	}
}
