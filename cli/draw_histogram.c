/* SPDX-License-Identifier: BSD-2-Clause */
#include "draw_histogram.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* The step after this one: 0, 1, 2, 5, 10 … */
static int64_t next_step(int64_t ns)
{
	int64_t power = 1, next;

	if (!ns)
		return 1;
	while (ns / power >= 10)
		power *= 10;
	switch (ns / power) {
	case 1:
		return 2 * power;
	case 2:
		return 5 * power;
	default:
		return __builtin_mul_overflow(power, 10, &next) ? INT64_MAX : next;
	}
}

size_t wt_draw_rows(const struct wt_histogram *histogram, struct wt_draw_row *rows, size_t max)
{
	size_t count = 0, used = 0;
	int64_t next_ns;

	if (histogram->negative && max) {
		rows[count++] = (struct wt_draw_row){INT64_MIN, 0, histogram->negative};
		used = count;
	}
	for (int64_t ns = 0; ns < INT64_MAX && count < max; ns = next_ns) {
		uint64_t here;

		next_ns = next_step(ns);
		here = wt_histogram_between(histogram, ns, next_ns);
		if (!here && !count)
			continue;
		rows[count++] = (struct wt_draw_row){ns, next_ns, here};
		if (here)
			used = count;
	}
	return used;
}

const char *wt_draw_time(char out[WT_DRAW_TIME_BYTES], int64_t ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	double value = (double)ns;
	double size = value < 0 ? -value : value;
	size_t unit = 0;
	int decimals;

	/* A value that would round to 1000 is 1 of the next unit. */
	for (; size >= 999.5 && unit < 3; size /= 1000, value /= 1000)
		unit++;
	decimals = !unit || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
	snprintf(out, WT_DRAW_TIME_BYTES, "%.*f %s", decimals, value, units[unit]);
	return out;
}

/* The ends of rows are whole numbers of a unit. */
static const char *step_text(char out[WT_DRAW_TIME_BYTES], int64_t ns)
{
	static const struct {
		int64_t ns;
		const char *name;
	} units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
	size_t i = 0;

	while (i < 3 && ns < units[i].ns)
		i++;
	snprintf(out, WT_DRAW_TIME_BYTES, "%" PRId64 " %s", ns / units[i].ns, units[i].name);
	return out;
}

/* Print `eighths` of a column; a count that is not 0 always shows. */
static void print_bar(FILE *out, unsigned eighths, bool blocks)
{
	if (!blocks) {
		for (unsigned i = 0; i < (eighths + 4) / 8 || (!i && eighths); i++)
			fputc('#', out);
		return;
	}
	for (; eighths >= 8; eighths -= 8)
		fputs("\xe2\x96\x88", out);
	/* Eighths from seven down to one: U+2589 to U+258F. */
	if (eighths)
		fprintf(out, "\xe2\x96%c", (char)(0x88 + 8 - eighths));
}

static unsigned bar_eighths(uint64_t count, uint64_t most, unsigned columns)
{
	unsigned eighths = (unsigned)((double)count / (double)most * columns * 8 + 0.5);

	return count && !eighths ? 1 : eighths;
}

/* Print a label; returns the columns that it takes. */
static int print_label(FILE *out, const struct wt_draw_row *row, uint64_t total)
{
	char from[WT_DRAW_TIME_BYTES], to[WT_DRAW_TIME_BYTES];
	double percent = 100.0 * (double)row->count / (double)total;

	if (row->from_ns < 0)
		return fprintf(out, "  %16s  %10" PRIu64 " %5.1f %% ", "below 0 ns", row->count,
		               percent);
	return fprintf(out, "  %6s to %6s  %10" PRIu64 " %5.1f %% ", step_text(from, row->from_ns),
	               step_text(to, row->to_ns), row->count, percent);
}

void wt_draw_histogram(FILE *out, const struct wt_histogram *histogram, const char *title,
                       const char *unit, bool blocks)
{
	struct wt_draw_row rows[WT_DRAW_ROWS_MAX];
	size_t count = wt_draw_rows(histogram, rows, WT_DRAW_ROWS_MAX);
	uint64_t most = 1;

	/* One takes no plural. */
	fprintf(out, "%s, %" PRIu64 " %.*s\n", title, histogram->count,
	        (int)strlen(unit) - (histogram->count == 1), unit);
	for (size_t i = 0; i < count; i++)
		if (rows[i].count > most)
			most = rows[i].count;
	for (size_t i = 0; i < count; i++) {
		int taken = print_label(out, &rows[i], histogram->count);
		unsigned room = taken > 0 && taken < WT_DRAW_COLUMNS
		                        ? (unsigned)(WT_DRAW_COLUMNS - taken)
		                        : 0;

		print_bar(out, bar_eighths(rows[i].count, most, room), blocks);
		fputc('\n', out);
	}
}

bool wt_draw_has_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}
