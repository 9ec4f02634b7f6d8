/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_format.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"
#include <wiretape/cli/check/check_books.h>

static struct pcapng_builder build;
static struct wt_books books;
static struct wt_gap_block missing;
static unsigned missing_count;

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	memset(&books, 0, sizeof(books));
	missing_count = 0;
}

static void tear_down(void)
{
	wt_books_fini(&books);
}

TestSuite(check_books, .init = set_up, .fini = tear_down);

static void tape(void)
{
	build_tape_section(&build, "tape_id=00000000000000ff file=1");
}

static void interface(const char *name)
{
	build_interface_head(&build, 1, 0);
	build_option_text(&build, WT_OPT_IF_NAME, name);
	build_option_text(&build, WT_OPT_LOCAL_READER, "reader=v3");
	build_block_end(&build);
}

static void statistics(uint32_t id, const char *ledger)
{
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, id);
	build_u64(&build, 0);
	build_option_text(&build, WT_OPT_LOCAL_LEDGER, ledger);
	build_block_end(&build);
}

static void hole(const char *text)
{
	build_block(&build, WT_PCAPNG_GAP);
	build_padded(&build, text, strlen(text));
	build_block_end(&build);
}

/* All that was built goes into the books. */
static void read_all(int result)
{
	struct wt_error err = {.code = result};
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	size_t at = 0;
	bool has_missing;

	wt_pcapng_decoder_init(&decoder);
	while (wt_pcapng_decode(&decoder, build.bytes + at, build.length - at, true, &item, NULL) >
	       0) {
		at += item.bytes;
		if (item.kind == WT_ITEM_PACKET) {
			wt_books_packets(&books, item.packet.interface_id, &item.packet.frame, 1);
			continue;
		}
		cr_assert(eq(int, wt_books_item(&books, &item, &missing, &has_missing), 0));
		missing_count += has_missing;
	}
	cr_assert(eq(sz, at, build.length));
	wt_pcapng_decoder_fini(&decoder);
	wt_books_end(&books, result, &err);
}

Test(check_books, a_ledger_that_closes)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=1\nwritten=1\nlost.ring=0\n");
	build_packet(&build, 0, 2, "abc");
	statistics(0, "seen=7\nwritten=2\nlost.ring=4\nlost.writer=1\n");
	read_all(0);
	cr_expect(books.has_chunks && !books.not_closed);
	cr_expect(wt_books_has_ledger(&books));
	cr_expect(eq(u64, wt_books_lost(&books), 5));
	cr_expect(eq(u64, books.interfaces[0].ledger.seen, 7));
	cr_expect(not(books.interfaces[0].ledger.open));
	cr_expect(not(books.interfaces[0].ledger.differs));
	cr_expect(eq(sz, books.interfaces[0].ledger.cause_count, 2));
}

Test(check_books, what_was_lost_after_the_last_packet_is_what_packets_do_not_say)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=9\nwritten=1\nlost.ring=8\n");
	tape();
	interface("eth0");
	interface("eth1");
	interface("eth2");
	build_packet_head(&build, 1, 2, "abc");
	build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, 3);
	build_block_end(&build);
	statistics(0, "seen=0\nwritten=0\nlost.malformed=5\n");
	statistics(1, "seen=10\nwritten=1\nlost.ring=7\nlost.writer=2\n");
	read_all(0);
	cr_expect(eq(u64, wt_books_tail(&books, 0).ring, 0));
	cr_expect(eq(u64, wt_books_tail(&books, 0).writer, 0));
	cr_expect(eq(u64, wt_books_tail(&books, 1).ring, 4));
	cr_expect(eq(u64, wt_books_tail(&books, 1).writer, 2));
	cr_expect(eq(u64, wt_books_tail(&books, 2).ring, 0));
	cr_expect(eq(u64, wt_books_tail(&books, 3).ring, 0));
	/* A file that was not closed may say less than its packets. */
	books.interfaces[2].dropped = 9;
	cr_expect(eq(u64, wt_books_tail(&books, 1).ring, 0));
}

Test(check_books, a_ledger_that_does_not_close)
{
	tape();
	interface("eth0");
	statistics(0, "seen=7\nwritten=0\nlost.ring=4\n");
	read_all(0);
	cr_expect(books.interfaces[0].ledger.open);
}

Test(check_books, a_ledger_with_more_than_is_in_the_file)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=2\nwritten=2\nlost.ring=0\n");
	read_all(0);
	cr_expect(not(books.interfaces[0].ledger.open));
	cr_expect(books.interfaces[0].ledger.differs);
}

Test(check_books, what_is_in_holes_was_written)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	hole("what=hole\npackets=5\nbytes=4096\n");
	hole("what=continued\npackets=0\nbytes=4096\n");
	statistics(0, "seen=6\nwritten=6\nlost.ring=0\n");
	read_all(0);
	cr_expect(eq(u32, missing_count, 2));
	cr_expect(eq(u64, books.holes, 1));
	cr_expect(eq(u64, books.hole_packets, 5));
	cr_expect(not(books.interfaces[0].ledger.differs));
	cr_expect(eq(u64, wt_books_lost(&books), 5));
}

Test(check_books, packets_after_the_last_account_are_of_a_recorder_that_was_ended)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=1\nwritten=1\nlost.ring=0\n");
	build_packet(&build, 0, 2, "abc");
	read_all(0);
	cr_expect(books.not_closed);
	cr_expect(not(books.interfaces[0].ledger.differs), "it says what was until then");
}

Test(check_books, one_interface_without_an_account_is_enough)
{
	tape();
	interface("eth0");
	interface("eth1");
	statistics(0, "seen=0\nwritten=0\nlost.ring=0\n");
	read_all(0);
	cr_expect(books.not_closed);
	cr_expect(not(wt_books_has_ledger(&books)));
}

Test(check_books, repair_says_that_there_is_no_end)
{
	tape();
	interface("eth0");
	statistics(0, "seen=0\nwritten=0\nlost.ring=0\n");
	hole("what=not_closed\npackets=3\nbytes=4096\n");
	read_all(0);
	cr_expect(books.not_closed);
	cr_expect(eq(u64, books.tail_packets, 3));
	cr_expect(eq(u64, wt_books_lost(&books), 3));
}

Test(check_books, what_others_have_written_is_closed_and_has_no_ledger)
{
	build_section(&build);
	build_interface(&build, 6, 0);
	build_packet(&build, 0, 1, "abc");
	hole("what=hole\npackets=5\nbytes=4096\n");
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, 0);
	build_u64(&build, 0);
	build_option_u64(&build, WT_OPT_ISB_IFDROP, 12);
	build_option_u64(&build, WT_OPT_ISB_OSDROP, 12);
	build_block_end(&build);
	read_all(0);
	cr_expect(not(books.not_closed));
	cr_expect(not(wt_books_has_ledger(&books)));
	cr_expect(eq(u32, missing_count, 0), "only our own mean that");
	cr_expect(eq(u64, wt_books_lost(&books), 12));
}

Test(check_books, sections_follow_each_other)
{
	tape();
	interface("eth0");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=1\nwritten=1\nlost.ring=0\n");
	tape();
	interface("eth1");
	build_packet(&build, 0, 1, "abc");
	build_packet(&build, 0, 1, "abc");
	statistics(0, "seen=2\nwritten=2\nlost.ring=0\n");
	read_all(0);
	cr_expect(not(books.not_closed));
	cr_assert(eq(sz, books.interface_count, 2));
	cr_expect(eq(u64, books.interfaces[0].packets, 1));
	cr_expect(eq(u64, books.interfaces[1].packets, 2));
	cr_expect(not(books.interfaces[0].ledger.differs));
}

Test(check_books, sums_of_ledgers_keep_their_causes)
{
	struct wt_books_ledger sum = {0}, one = {.ledgers = 1, .seen = 3, .lost = 3};
	char text[128];

	for (int i = 0; i < WT_BOOKS_CAUSES + 2; i++) {
		one.cause_count = 1;
		one.causes[0].packets = 1;
		snprintf(one.causes[0].name, sizeof(one.causes[0].name), "cause%d", i);
		wt_books_add(&sum, &one);
	}
	wt_books_causes_text(&sum, text, sizeof(text));
	cr_expect(eq(u64, sum.seen, 3 * (WT_BOOKS_CAUSES + 2)));
	cr_expect(eq(sz, sum.cause_count, WT_BOOKS_CAUSES));
	cr_expect(strstr(text, "cause0 1, cause1 1") == text, "%s", text);
	cr_expect(strstr(text, "others 3") != NULL, "%s", text);
}

Test(check_books, counts_that_have_no_room_are_not_wrapped)
{
	tape();
	interface("eth0");
	statistics(0, "seen=18446744073709551615\nwritten=1\nlost.a=18446744073709551615\n"
	              "lost.b=18446744073709551615\n");
	read_all(0);
	cr_expect(books.interfaces[0].ledger.unreadable);
	wt_books_lost(&books);
}
