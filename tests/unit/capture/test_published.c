/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/published.h>

#include <errno.h>

#include "support/unit.h"

enum { INTERFACES = 2 };

static struct wt_published published;
static struct wt_recorder_interface interfaces[INTERFACES];
static struct wt_recorder_report report;
static struct wt_record_state state;

static void set_up(void)
{
	cr_assert(eq(int, wt_published_init(&published, INTERFACES), 0));
	interfaces[0].ledger = (struct wt_ledger){
	        .seen = 16, .written = 10, .lost = {.ring = 1, .writer = 2, .malformed = 3}};
	interfaces[1].ledger = (struct wt_ledger){.seen = 100, .written = 100};
	report = (struct wt_recorder_report){
	        .interfaces = interfaces,
	        .interface_count = INTERFACES,
	        .file_bytes = 4096,
	        .file_count = 3,
	        .start_utc_ns = 50,
	        .elapsed_ns = 70,
	        .high_water_ns = 90,
	        .high_water_pct = 11.0,
	        .fill_pct = 5.0,
	        .end = WT_END_SOURCE,
	};
	state = (struct wt_record_state){0};
}

static void tear_down(void)
{
	wt_published_fini(&published);
}

TestSuite(published, .init = set_up, .fini = tear_down);

Test(published, what_is_put_is_read)
{
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.seen, 116));
	cr_expect(eq(u64, state.written, 110));
	cr_expect(eq(u64, state.lost, 6));
	cr_expect(eq(u64, state.file_bytes, 4096));
	cr_expect(eq(u32, state.file_count, 3));
	cr_expect(eq(i64, state.start_utc_ns, 50));
	cr_expect(eq(i64, state.elapsed_ns, 70));
	cr_expect(eq(i64, state.high_water_ns, 90));
	cr_expect(eq(int, (int)state.high_water_pct, 11));
	cr_expect(eq(int, (int)state.fill_pct, 5));
	cr_expect(eq(int, (int)state.end, WT_END_SOURCE));
}

/* What has been written since the producer was asked is in `written` alone. */
Test(published, counts_add_up_while_they_rise)
{
	interfaces[0].ledger.written = 15;
	cr_expect(wt_published_put(&published, &report, false));
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.seen, 121));
	cr_expect(eq(u64, state.written + state.lost, 121));
}

/* A difference that remains is a bug that has to be seen. */
Test(published, final_counts_are_as_they_were_closed)
{
	interfaces[0].ledger.seen = 17;
	interfaces[0].ledger.unattributed = 1;
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.seen, 117));
	cr_expect(eq(u64, state.written + state.lost, 116));
}

Test(published, ledgers_are_by_interface_or_all)
{
	struct wt_ledger one = {0}, all = {0};

	cr_expect(wt_published_put(&published, &report, true));
	cr_expect(eq(int, wt_published_add_ledger(&published, 1, &one), 0));
	cr_expect(eq(u64, one.written, 100));
	cr_expect(eq(u64, one.lost.ring, 0));
	cr_expect(eq(int, wt_published_add_ledger(&published, WT_ALL_INTERFACES, &all), 0));
	cr_expect(eq(u64, all.written, 110));
	cr_expect(eq(u64, all.lost.malformed, 3));
	cr_expect(eq(int, wt_published_add_ledger(&published, INTERFACES, &all), -ERANGE));
	cr_expect(eq(u64, all.written, 110));
	cr_expect(eq(int, wt_published_add_ledger(&published, 1, &one), 0));
	cr_expect(eq(u64, one.written, 200), "it is added");
}

/* The recorder goes on, and knows it. */
Test(published, reader_in_the_way_holds_up_nobody)
{
	pthread_mutex_lock(&published.lock);
	cr_expect_not(wt_published_put(&published, &report, false));
	pthread_mutex_unlock(&published.lock);
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.written, 0));
	cr_expect(wt_published_put(&published, &report, false));
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.written, 110));
}

Test(published, states_of_several_add_up)
{
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	report.start_utc_ns = 40;
	report.elapsed_ns = 60;
	report.high_water_ns = 91;
	report.high_water_pct = 10.0;
	report.fill_pct = 6.0;
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	cr_expect(eq(u64, state.seen, 232));
	cr_expect(eq(u64, state.written, 220));
	cr_expect(eq(u64, state.lost, 12));
	cr_expect(eq(u64, state.file_bytes, 8192));
	cr_expect(eq(u32, state.file_count, 6));
	cr_expect(eq(i64, state.start_utc_ns, 40), "the first");
	cr_expect(eq(i64, state.elapsed_ns, 70));
	cr_expect(eq(i64, state.high_water_ns, 91));
	cr_expect(eq(int, (int)state.high_water_pct, 11));
	cr_expect(eq(int, (int)state.fill_pct, 6));
	report.start_utc_ns = 0;
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	cr_expect(eq(i64, state.start_utc_ns, 40), "one that has not begun");
	report.start_utc_ns = 60;
	cr_expect(wt_published_put(&published, &report, true));
	wt_published_add_state(&published, &state);
	cr_expect(eq(i64, state.start_utc_ns, 40), "a later one");
}

Test(published, failure_of_one_is_the_end_of_all)
{
	static const enum wt_record_end failures[] = {WT_END_WRITER, WT_END_FAILURE};

	for (size_t i = 0; i < 2; i++) {
		state.end = WT_END_ASKED;
		report.end = failures[i];
		cr_expect(wt_published_put(&published, &report, true));
		wt_published_add_state(&published, &state);
		report.end = WT_END_SOURCE;
		cr_expect(wt_published_put(&published, &report, true));
		wt_published_add_state(&published, &state);
		cr_expect(eq(int, (int)state.end, (int)failures[i]));
	}
}
