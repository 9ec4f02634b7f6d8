/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void complain(const char *format, va_list args)
{
	fputs("wiretape: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void wt_cli_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
}

void wt_cli_warn_unfiltered(const char *path, uint64_t count, const char *why)
{
	if (count)
		wt_cli_complain("warning: %s: %s; so %" PRIu64 " packet%s not match", path, why,
		                count, count == 1 ? " does" : "s do");
}

void wt_cli_warn_unknown_sections(const char *path, uint64_t count)
{
	if (count)
		wt_cli_complain("warning: %s: %" PRIu64
		                " section%s of a pcapng version that is not known %s passed over",
		                path, count, wt_cli_plural(count), count == 1 ? "was" : "were");
}

int wt_cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	fprintf(stderr, "Try 'wiretape %s --help'.\n", command);
	return WT_EXIT_USAGE;
}

void wt_cli_warn_fractions(const char *path, const struct wt_capture_fractions *fractions)
{
	if (fractions->packets)
		wt_cli_complain("warning: %s: %" PRIu64 " packet%s with fractions of a second "
		                "that are a second or more%s",
		                path, fractions->packets, wt_cli_plural(fractions->packets),
		                fractions->nanoseconds
		                        ? ": they look like nanoseconds, in a file whose magic "
		                          "number says microseconds, and times are wrong then"
		                        : "");
}

int wt_cli_flush(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return WT_EXIT_OK;
	wt_cli_complain("cannot write to standard output: %s",
	                errno ? strerror(errno) : "not all was written");
	return WT_EXIT_FAILURE;
}

bool wt_cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || *end || number < min || number > max)
		return false;
	*value = number;
	return true;
}

bool wt_cli_parse_bytes(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *suffix;
		uint64_t factor;
	} units[] = {
	        {"", 1},
	        {"B", 1},
	        {"K", 1ull << 10},
	        {"KiB", 1ull << 10},
	        {"kB", 1000},
	        {"KB", 1000},
	        {"M", 1ull << 20},
	        {"MiB", 1ull << 20},
	        {"MB", 1000000},
	        {"G", 1ull << 30},
	        {"GiB", 1ull << 30},
	        {"GB", 1000000000},
	        {"T", 1ull << 40},
	        {"TiB", 1ull << 40},
	};
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].suffix))
			return !__builtin_mul_overflow((uint64_t)number, units[i].factor, bytes);
	return false;
}

bool wt_cli_parse_filesize(const char *text, uint64_t *bytes)
{
	uint64_t number;

	if (wt_cli_parse_u64(text, 1, UINT64_MAX / 1000, &number)) {
		*bytes = number * 1000;
		return true;
	}
	/* A bare number that got here was 0 or too large. */
	return text[strspn(text, "0123456789")] && wt_cli_parse_bytes(text, bytes) && *bytes;
}

bool wt_cli_parse_mode(const char *text, mode_t *mode)
{
	size_t digits = strspn(text, "01234567");

	if (text[digits] || digits < 3 || digits > 4 || (digits == 4 && *text != '0'))
		return false;
	*mode = (mode_t)strtoul(text, NULL, 8);
	return *mode;
}

bool wt_cli_parse_seconds(const char *text, int64_t *ns)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	/* "nan" and "inf" are no numbers of seconds, and less than a nanosecond is none. */
	if (end == text || *end || errno || !(value >= 1e-9) || value > 1e9)
		return false;
	*ns = (int64_t)(value * 1e9);
	return *ns > 0;
}

/* Digits and a decimal point, and nothing else that strtod() would take: *end is behind them. */
static bool parse_decimal(const char *text, const char **end, double *value)
{
	char *stop;

	errno = 0;
	*value = strtod(text, &stop);
	*end = stop;
	return isdigit((unsigned char)text[0]) && !errno &&
	       stop == text + strspn(text, "0123456789.");
}

bool wt_cli_parse_factor(const char *text, double *factor)
{
	const char *end;

	return parse_decimal(text, &end, factor) && !*end && *factor > 0;
}

char *wt_cli_join_words(char **words, int count)
{
	size_t length = 1;
	char *text;

	for (int i = 0; i < count; i++)
		length += strlen(words[i]) + 1;
	text = calloc(1, length);
	for (int i = 0; text && i < count; i++) {
		strcat(text, words[i]);
		if (i + 1 < count)
			strcat(text, " ");
	}
	return text;
}
