/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/missing.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {"hole", "continued", "not_closed"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

void wt_missing_format(char text[WT_MISSING_TEXT_BYTES], const struct wt_missing *missing)
{
	char after[40] = "", before[40] = "";

	if (missing->has_after)
		snprintf(after, sizeof(after), "after_ns=%" PRId64 "\n", missing->after_ns);
	if (missing->has_before)
		snprintf(before, sizeof(before), "before_ns=%" PRId64 "\n", missing->before_ns);
	memset(text, 0, WT_MISSING_TEXT_BYTES);
	snprintf(text, WT_MISSING_TEXT_BYTES,
	         "what=%s\npackets=%" PRIu64 "\nbytes=%" PRIu64 "\n%s%s", words[missing->what],
	         missing->packets, missing->bytes, after, before);
}

/* Decimal digits and nothing else. */
static bool read_u64(const char *at, size_t length, uint64_t *value)
{
	if (!length)
		return false;
	for (*value = 0; length; at++, length--)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return false;
	return true;
}

static bool read_i64(const char *at, size_t length, int64_t *value)
{
	bool negative = length && *at == '-';
	uint64_t size;

	if (!read_u64(at + negative, length - negative, &size) ||
	    size > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)-size : (int64_t)size;
	return true;
}

static bool read_what(const char *at, size_t length, enum wt_missing_what *what)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (strlen(words[i]) == length && !memcmp(words[i], at, length)) {
			*what = (enum wt_missing_what)i;
			return true;
		}
	}
	return false;
}

static bool is_name(const char *line, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(line, name, length);
}

/* Sets *says_what at the line "what". */
static bool read_line(const char *line, size_t length, struct wt_missing *missing, bool *says_what)
{
	const char *equals = memchr(line, '=', length);
	const char *value;
	size_t name, rest;

	if (!equals)
		return false;
	name = (size_t)(equals - line);
	value = equals + 1;
	rest = length - name - 1;
	if (is_name(line, name, "what"))
		return *says_what = read_what(value, rest, &missing->what);
	if (is_name(line, name, "packets"))
		return read_u64(value, rest, &missing->packets);
	if (is_name(line, name, "bytes"))
		return read_u64(value, rest, &missing->bytes);
	if (is_name(line, name, "after_ns"))
		return missing->has_after = read_i64(value, rest, &missing->after_ns);
	if (is_name(line, name, "before_ns"))
		return missing->has_before = read_i64(value, rest, &missing->before_ns);
	return true;
}

bool wt_missing_parse(const uint8_t *body, size_t length, struct wt_missing *missing)
{
	const char *line = (const char *)body;
	bool says_what = false;
	const char *newline;
	size_t left;

	*missing = (struct wt_missing){0};
	left = strnlen(line, length);
	while (left) {
		newline = memchr(line, '\n', left);
		if (!newline || !read_line(line, (size_t)(newline - line), missing, &says_what))
			return false;
		left -= (size_t)(newline + 1 - line);
		line = newline + 1;
	}
	return says_what;
}
