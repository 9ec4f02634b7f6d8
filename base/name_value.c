/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/name_value.h>

#include <errno.h>
#include <string.h>

int wt_name_value_next(const char **at, size_t *left, struct wt_name_value *line)
{
	size_t text = strnlen(*at, *left);
	const char *newline, *equals;

	if (!text)
		return 0;
	newline = memchr(*at, '\n', text);
	equals = newline ? memchr(*at, '=', (size_t)(newline - *at)) : NULL;
	if (!equals)
		return -EBADMSG;
	*line = (struct wt_name_value){*at, (size_t)(equals - *at), equals + 1,
	                               (size_t)(newline - equals - 1)};
	*left -= (size_t)(newline + 1 - *at);
	*at = newline + 1;
	return 1;
}

static bool equal(const char *chars, size_t length, const char *word)
{
	return strlen(word) == length && !memcmp(chars, word, length);
}

bool wt_name_is(const struct wt_name_value *line, const char *name)
{
	return equal(line->name, line->name_length, name);
}

static bool read_digits(const char *at, size_t length, uint64_t *value)
{
	if (!length)
		return false;
	for (*value = 0; length; at++, length--)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return false;
	return true;
}

bool wt_value_u64(const struct wt_name_value *line, uint64_t *value)
{
	return read_digits(line->value, line->value_length, value);
}

bool wt_value_i64(const struct wt_name_value *line, int64_t *value)
{
	bool negative = line->value_length && *line->value == '-';
	uint64_t size;

	if (!read_digits(line->value + negative, line->value_length - negative, &size) ||
	    size > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)-size : (int64_t)size;
	return true;
}

bool wt_value_u32(const struct wt_name_value *line, uint32_t *value)
{
	uint64_t wide;

	if (!wt_value_u64(line, &wide) || wide > UINT32_MAX)
		return false;
	*value = (uint32_t)wide;
	return true;
}

int wt_value_word(const struct wt_name_value *line, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (equal(line->value, line->value_length, words[i]))
			return (int)i;
	return -1;
}

int wt_value_find(const struct wt_name_value *line, const char *(*word)(int), int count)
{
	for (int i = 0; i < count; i++)
		if (equal(line->value, line->value_length, word(i)))
			return i;
	return -1;
}
