/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/time_text.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include <wiretape/base/quantity.h>

enum { SECOND_NS = 1000000000, DAY_S = 86400, FRACTION_DIGITS = 9 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Parse all digits, at least one; *at advances past them. */
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

/* Parse exactly `digits` digits. */
static bool read_field(const char **at, int digits, int *value)
{
	for (*value = 0; digits; digits--, ++*at) {
		if (!is_digit(**at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

/* Parse ".5" or nothing at all; a point alone is an error. */
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

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970; `year` is not earlier. */
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

/* Parse "00:30" or "00:30:00". */
static bool read_clock(const char **at, int64_t *seconds)
{
	int hour, minute, second = 0;

	if (!read_field(at, 2, &hour) || *(*at)++ != ':' || !read_field(at, 2, &minute))
		return false;
	if (**at == ':') {
		++*at;
		if (!read_field(at, 2, &second))
			return false;
	}
	*seconds = hour * 3600 + minute * 60 + second;
	return hour < 24 && minute < 60 && second < 60;
}

/* Parse "Z", "+01:00", "+0100" or "+01": how far clocks there are ahead of UTC; nothing means
 * UTC. */
static bool read_zone(const char **at, int64_t *ahead_s)
{
	int hours, minutes = 0;
	bool is_west = **at == '-';

	*ahead_s = 0;
	if (!**at)
		return true;
	if (**at == 'Z')
		return !*++*at;
	if (!is_west && **at != '+')
		return false;
	++*at;
	if (!read_field(at, 2, &hours))
		return false;
	*at += **at == ':' && (*at)[1];
	if (**at && !read_field(at, 2, &minutes))
		return false;
	*ahead_s = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
	return hours < 24 && minutes < 60;
}

/* Parse what follows the date: "T00:30:00.5Z", or nothing. */
static bool read_time_of_day(const char *at, int64_t *seconds, int64_t *fraction)
{
	int64_t ahead_s;

	*seconds = *fraction = 0;
	if (!*at)
		return true;
	if (*at != 'T' && *at != ' ')
		return false;
	at++;
	if (!read_clock(&at, seconds) || !read_fraction(&at, fraction) ||
	    !read_zone(&at, &ahead_s) || *at)
		return false;
	*seconds -= ahead_s;
	return true;
}

static bool read_date_and_time(const char *at, int64_t *ns)
{
	int64_t days, seconds, fraction;

	return read_date(&at, &days) && read_time_of_day(at, &seconds, &fraction) &&
	       add_up(days * DAY_S + seconds, fraction, ns) && *ns >= 0;
}

static bool read_seconds(const char *at, int64_t *ns)
{
	int64_t seconds, fraction;

	return read_number(&at, &seconds) && read_fraction(&at, &fraction) && !*at &&
	       add_up(seconds, fraction, ns);
}

static int parse_relative(const char *text, struct wt_time *time, struct wt_error *err)
{
	struct wt_time taken = {.base = *text == '-' ? WT_TIME_END : WT_TIME_START};
	struct wt_error why;

	if (wt_parse_duration(text + 1, WT_UNIT_SECONDS, &taken.ns, &why))
		return wt_error_set(err, -EINVAL, "'%.40s': %.400s", text, why.text);
	if (taken.base == WT_TIME_END)
		taken.ns = -taken.ns;
	*time = taken;
	return 0;
}

int wt_time_parse(const char *text, struct wt_time *time, struct wt_error *err)
{
	int64_t ns;

	if (*text == '+' || *text == '-')
		return parse_relative(text, time, err);
	if (!read_seconds(text, &ns) && !read_date_and_time(text, &ns))
		return wt_error_set(err, -EINVAL,
		                    "'%.40s' is no time between 1970 and 2262; it is like "
		                    "2026-11-21, 2026-11-21T00:30:00.5, "
		                    "2026-11-21T01:30+01:00, 1795221000.5 (seconds since 1970), "
		                    "+90 (after the start) or -5min (before the end)",
		                    text);
	*time = (struct wt_time){.ns = ns};
	return 0;
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
