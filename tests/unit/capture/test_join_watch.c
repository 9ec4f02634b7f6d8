/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/join/join_watch.h>

#include "support/unit.h"

#define MS INT64_C(1000000)

static struct wt_join_watch watch;
static int64_t now_ns = 1000 * 1000 * MS;
static int64_t after_ns;

static void set_up(void)
{
	wt_join_watch_restart(&watch, now_ns);
}

TestSuite(join_watch, .init = set_up);

/* A step after so many milliseconds, heard or not. */
static enum wt_join_news step(int64_t ms, bool heard)
{
	now_ns += ms * MS;
	return wt_join_watch_step(&watch, now_ns, heard, &after_ns);
}

/* Steps as they fall due, for so long; what the last one with news had. */
static enum wt_join_news pass(int64_t ms, bool heard)
{
	enum wt_join_news news = WT_JOIN_NO_NEWS;
	int64_t end_ns = now_ns + ms * MS;

	while (now_ns < end_ns) {
		int64_t due_ns = wt_join_watch_due_ns(&watch, now_ns);
		enum wt_join_news one;

		cr_assert(gt(i64, due_ns, now_ns));
		one = step((due_ns < end_ns ? due_ns - now_ns : end_ns - now_ns) / MS,
		           heard && !watch.resting);
		if (one)
			news = one;
	}
	return news;
}

static void expect_news(enum wt_join_news got, enum wt_join_news expected)
{
	cr_expect(eq(int, (int)got, (int)expected));
}

Test(join_watch, silence_is_said_after_five_seconds_and_once)
{
	expect_news(pass(4999, false), WT_JOIN_NO_NEWS);
	expect_news(pass(1, false), WT_JOIN_SILENT);
	expect_news(pass(100000, false), WT_JOIN_NO_NEWS);
}

Test(join_watch, a_feed_that_never_pauses_is_no_news_and_hardly_listened_to)
{
	int64_t listening_ns = 0;

	for (int i = 0; i < 100000; i++) {
		bool listening = !watch.resting;
		int64_t due_ns = wt_join_watch_due_ns(&watch, now_ns);

		listening_ns += listening ? due_ns - now_ns : 0;
		expect_news(step((due_ns - now_ns) / MS, listening), WT_JOIN_NO_NEWS);
	}
	cr_expect(lt(i64, listening_ns * 100, now_ns), "%lld ms", (long long)(listening_ns / MS));
}

Test(join_watch, a_packet_every_four_seconds_is_no_silence)
{
	for (int i = 0; i < 1000; i++) {
		expect_news(pass(3999, false), WT_JOIN_NO_NEWS);
		expect_news(step(1, !watch.resting), WT_JOIN_NO_NEWS);
	}
}

Test(join_watch, the_first_arrival_after_silence_is_said_with_how_long_it_took)
{
	expect_news(pass(7000, false), WT_JOIN_SILENT);
	expect_news(step(500, true), WT_JOIN_ARRIVES);
	cr_expect(eq(i64, after_ns, 7500 * MS));
	expect_news(pass(4000, true), WT_JOIN_NO_NEWS);
}

Test(join_watch, an_arrival_without_silence_before_is_no_news)
{
	expect_news(pass(4000, false), WT_JOIN_NO_NEWS);
	expect_news(step(10, true), WT_JOIN_NO_NEWS);
}

Test(join_watch, later_silences_are_said_each_once)
{
	expect_news(step(10, true), WT_JOIN_NO_NEWS);
	expect_news(pass(4000 + 4999, false), WT_JOIN_NO_NEWS);
	expect_news(pass(1, false), WT_JOIN_SILENT);
	expect_news(step(1000, true), WT_JOIN_ARRIVES_AGAIN);
	expect_news(pass(4000 + 5000, false), WT_JOIN_SILENT_AGAIN);
	expect_news(pass(20000, false), WT_JOIN_NO_NEWS);
	expect_news(step(1000, true), WT_JOIN_ARRIVES_AGAIN);
}

Test(join_watch, what_is_heard_at_rest_does_not_count)
{
	step(10, true);
	cr_assert(watch.resting);
	step(3990, true);
	cr_expect(watch.resting);
	step(10, true);
	cr_expect(eq(int, watch.resting, false));
	expect_news(pass(5000, false), WT_JOIN_SILENT);
}

Test(join_watch, a_restart_begins_the_five_seconds_anew)
{
	pass(4900, false);
	wt_join_watch_restart(&watch, now_ns);
	expect_news(pass(4999, false), WT_JOIN_NO_NEWS);
	expect_news(pass(1, false), WT_JOIN_SILENT);
}

Test(join_watch, a_restart_in_silence_does_not_say_it_again)
{
	expect_news(pass(6000, false), WT_JOIN_SILENT);
	wt_join_watch_restart(&watch, now_ns);
	expect_news(pass(20000, false), WT_JOIN_NO_NEWS);
	expect_news(step(0, true), WT_JOIN_ARRIVES);
	cr_expect(eq(i64, after_ns, 26000 * MS));
}
