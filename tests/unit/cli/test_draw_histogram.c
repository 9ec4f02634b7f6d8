/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <wiretape/cli/draw_histogram.h>

#include "support/unit.h"

static struct wt_histogram histogram;
static struct wt_draw_row rows[WT_DRAW_ROWS_MAX];
static char *text;
static size_t text_bytes;

static void set_up(void)
{
	wt_histogram_init(&histogram);
}

static void tear_down(void)
{
	free(text);
	text = NULL;
}

TestSuite(draw_histogram, .init = set_up, .fini = tear_down);

static void add(int64_t ns, unsigned times)
{
	while (times--)
		wt_histogram_add(&histogram, ns);
}

static const char *draw(bool blocks)
{
	FILE *out = open_memstream(&text, &text_bytes);

	wt_draw_histogram(out, &histogram, "a title", "packets", blocks);
	fclose(out);
	return text;
}

static const char *time_text(int64_t ns)
{
	static char out[WT_DRAW_TIME_BYTES];

	return wt_draw_time(out, ns);
}

Test(draw_histogram, nothing_has_a_title_and_no_rows)
{
	cr_expect(eq(sz, wt_draw_rows(&histogram, rows, WT_DRAW_ROWS_MAX), 0));
	cr_expect_str_eq(draw(true), "a title, 0 packets\n");
}

Test(draw_histogram, rows_are_steps_of_1_2_5_from_the_first_count_to_the_last)
{
	static const int64_t steps[] = {2000, 5000, 10000, 20000, 50000};

	add(3000, 4);
	add(30000, 1);
	cr_assert(eq(sz, wt_draw_rows(&histogram, rows, WT_DRAW_ROWS_MAX), 4));
	for (size_t i = 0; i < 4; i++) {
		cr_expect(eq(i64, rows[i].from_ns, steps[i]));
		cr_expect(eq(i64, rows[i].to_ns, steps[i + 1]));
	}
	cr_expect(eq(u64, rows[0].count, 4));
	cr_expect(eq(u64, rows[1].count, 0));
	cr_expect(eq(u64, rows[3].count, 1));
}

Test(draw_histogram, all_there_is_fits_from_below_0_to_the_largest_time)
{
	size_t count;
	uint64_t sum = 0;

	add(-5, 2);
	for (int bit = 0; bit < 63; bit++)
		add(1LL << bit, 1);
	add(0, 1);
	add(INT64_MAX, 1);
	count = wt_draw_rows(&histogram, rows, WT_DRAW_ROWS_MAX);
	cr_expect(lt(sz, count, (size_t)WT_DRAW_ROWS_MAX));
	for (size_t i = 0; i < count; i++)
		sum += rows[i].count;
	cr_expect(eq(u64, sum, histogram.count));
	cr_expect(eq(i64, rows[0].from_ns, INT64_MIN));
	cr_expect(eq(i64, rows[count - 1].to_ns, INT64_MAX));
}

Test(draw_histogram, the_longest_bar_ends_in_column_80_and_a_single_count_shows)
{
	const char *expected =
	        "a title, 1001 packets\n"
	        "    1 us to   2 us        1000  99.9 % #########################################\n"
	        "    2 us to   5 us           0   0.0 % \n"
	        "    5 us to  10 us           1   0.1 % #\n";

	add(1500, 1000);
	add(6000, 1);
	cr_expect_str_eq(draw(false), expected);
	cr_expect(eq(sz, (size_t)(strchr(strchr(text, '\n') + 1, '\n') - strchr(text, '\n') - 1),
	             (size_t)WT_DRAW_COLUMNS));
}

Test(draw_histogram, no_line_is_wider_than_the_terminal)
{
	add(-1, 3);
	for (int bit = 0; bit < 63; bit++)
		add(1LL << bit, 1 + (unsigned)bit);
	histogram.classes[100] = 9999999999;
	for (const char *line = draw(false), *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		cr_expect(le(sz, (size_t)(end - line), (size_t)WT_DRAW_COLUMNS), "%.*s",
		          (int)(end - line), line);
	}
}

Test(draw_histogram, blocks_are_eighths_of_a_column)
{
	add(1500, 320);
	add(3000, 4); /* half a column */
	add(6000, 1); /* an eighth */
	draw(true);
	cr_expect_not_null(strstr(text, "% \xe2\x96\x88\xe2\x96\x88"), "%s", text);
	cr_expect_not_null(strstr(text, "% \xe2\x96\x8c\n"), "%s", text);
	cr_expect_not_null(strstr(text, "% \xe2\x96\x8f\n"), "%s", text);
	cr_expect_null(strchr(text, '#'));
}

Test(draw_histogram, times_below_0_have_a_row_of_their_own)
{
	add(-3, 1);
	add(1, 1);
	cr_expect_not_null(strstr(draw(false), "below 0 ns           1  50.0 % ###"), "%s", text);
}

Test(draw_histogram, times_have_three_digits_and_a_unit)
{
	cr_expect_str_eq(time_text(0), "0 ns");
	cr_expect_str_eq(time_text(-15), "-15 ns");
	cr_expect_str_eq(time_text(999), "999 ns");
	cr_expect_str_eq(time_text(1250), "1.25 us");
	cr_expect_str_eq(time_text(9996), "10.0 us");
	cr_expect_str_eq(time_text(12550), "12.6 us");
	cr_expect_str_eq(time_text(999499), "999 us");
	cr_expect_str_eq(time_text(999500), "1.00 ms");
	cr_expect_str_eq(time_text(60000000), "60.0 ms");
	cr_expect_str_eq(time_text(3600000000000), "3600 s");
	cr_expect_str_eq(time_text(-1500000), "-1.50 ms");
	cr_expect_str_eq(time_text(INT64_MIN), "-9223372037 s");
}

Test(draw_histogram, the_locale_decides_about_utf8)
{
	setenv("LC_ALL", "C", 1);
	cr_expect(eq(int, wt_draw_has_utf8(), false));
	setenv("LC_ALL", "C.UTF-8", 1);
	cr_expect(eq(int, wt_draw_has_utf8(), true));
	setenv("LC_ALL", "nonsense", 1);
	cr_expect(eq(int, wt_draw_has_utf8(), false));
}
