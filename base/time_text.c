/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/time_text.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { SECOND_NS = 1000000000, DAY_S = 86400, FRACTION_DIGITS = 9 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* As many digits as there are, at least one; *at behind them. */
static bool read_number(const char **at, int64_t *value)
{
	if (!is_digit(**at))
		return false;
	for (*value = 0; is_digit(**at); ++*at)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, **at - '0', value))
			return false;
	return true;
}

/* Exactly `digits` digits. */
static bool read_field(const char **at, int digits, int *value)
{
	for (*value = 0; digits; digits--, ++*at) {
		if (!is_digit(**at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

/* ".5" and nothing at all are fractions; a point alone is none. */
static bool read_fraction(const char **at, int64_t *ns)
{
	int digits = 0;

	*ns = 0;
	if (**at != '.')
		return true;
	for (++*at; is_digit(**at) && digits < FRACTION_DIGITS; ++*at, digits++)
		*ns = *ns * 10 + (**at - '0');
	if (!digits)
		return false;
	for (; digits < FRACTION_DIGITS; digits++)
		*ns *= 10;
	return true;
}

static bool add_up(int64_t seconds, int64_t fraction_ns, int64_t *ns)
{
	return !__builtin_mul_overflow(seconds, (int64_t)SECOND_NS, ns) &&
	       !__builtin_add_overflow(*ns, fraction_ns, ns);
}

bool wt_time_parse_seconds(const char *text, int64_t *ns)
{
	int64_t seconds, fraction;

	return read_number(&text, &seconds) && read_fraction(&text, &fraction) && !*text &&
	       add_up(seconds, fraction, ns);
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Since 1970; `year` is not before. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t days = day - 1;

	for (int y = 1970; y < year; y++)
		days += 365 + is_leap(y);
	for (int m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days;
}

static bool read_date(const char **at, int64_t *days)
{
	int year, month, day;

	if (!read_field(at, 4, &year) || *(*at)++ != '-' || !read_field(at, 2, &month) ||
	    *(*at)++ != '-' || !read_field(at, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_since_epoch(year, month, day);
	return true;
}

static bool read_clock(const char **at, int64_t *seconds)
{
	int hour, minute, second;

	if (!read_field(at, 2, &hour) || *(*at)++ != ':' || !read_field(at, 2, &minute) ||
	    *(*at)++ != ':' || !read_field(at, 2, &second))
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return hour < 24 && minute < 60 && second < 60;
}

static bool read_utc(const char *text, int64_t *ns)
{
	int64_t days, seconds, fraction;
	const char *at = text;

	if (!read_date(&at, &days) || (*at != 'T' && *at != ' '))
		return false;
	at++;
	if (!read_clock(&at, &seconds) || !read_fraction(&at, &fraction))
		return false;
	if (*at == 'Z')
		at++;
	return !*at && add_up(days * DAY_S + seconds, fraction, ns);
}

bool wt_time_parse(const char *text, struct wt_time *time)
{
	time->relative = text[0] == '+';
	return wt_time_parse_seconds(text + time->relative, &time->ns) ||
	       (!time->relative && read_utc(text, &time->ns));
}

void wt_time_format_utc(char text[WT_TIME_UTC_BYTES], int64_t ns)
{
	int64_t fraction = ns % SECOND_NS;
	time_t seconds = (time_t)(ns / SECOND_NS);
	struct tm tm;
	size_t length;

	if (fraction < 0) {
		fraction += SECOND_NS;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	length = strftime(text, WT_TIME_UTC_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, WT_TIME_UTC_BYTES - length, ".%09" PRId64 "Z", fraction);
}
