/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/tape_mark.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void wt_tape_mark_format(char text[WT_TAPE_MARK_TEXT_BYTES], const struct wt_tape_mark *mark)
{
	int used = snprintf(text, WT_TAPE_MARK_TEXT_BYTES,
	                    "tape_id=%016" PRIx64 " file=%" PRIu32 " format=%" PRIu32,
	                    mark->tape_id, mark->file, mark->format);

	if (mark->has_recording)
		used += snprintf(text + used, WT_TAPE_MARK_TEXT_BYTES - (size_t)used,
		                 " recording=%016" PRIx64, mark->recording);
	if (mark->lanes)
		snprintf(text + used, WT_TAPE_MARK_TEXT_BYTES - (size_t)used,
		         " lane=%" PRIu32 " lanes=%" PRIu32, mark->lane, mark->lanes);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const char *value, size_t length, uint64_t *number)
{
	enum { DIGITS = 16 };

	*number = 0;
	for (size_t i = 0; i < length; i++) {
		if (digit_of(value[i]) < 0)
			return false;
		*number = *number << 4 | (uint64_t)digit_of(value[i]);
	}
	return length == DIGITS;
}

/* The number; `otherwise` if it is none. */
static uint32_t parse_decimal(const char *value, size_t length, uint32_t otherwise)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return otherwise;
		sum = sum * 10 + (uint64_t)(value[i] - '0');
		if (sum > UINT32_MAX)
			return otherwise;
	}
	return (uint32_t)sum;
}

/* Value of "name=value" if it has that name, or NULL. */
static const char *value_of(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);

	return length > name_length && !memcmp(word, name, name_length) && word[name_length] == '='
	               ? word + name_length + 1
	               : NULL;
}

static void read_word(const char *word, size_t length, struct wt_tape_mark *mark, bool *has_id)
{
	const char *end = word + length, *value;

	if ((value = value_of(word, length, "tape_id")))
		*has_id |= parse_hex(value, (size_t)(end - value), &mark->tape_id);
	else if ((value = value_of(word, length, "recording")))
		mark->has_recording = parse_hex(value, (size_t)(end - value), &mark->recording);
	else if ((value = value_of(word, length, "file")))
		mark->file = parse_decimal(value, (size_t)(end - value), 0);
	else if ((value = value_of(word, length, "format")))
		mark->format = parse_decimal(value, (size_t)(end - value), 0);
	else if ((value = value_of(word, length, "lane")))
		mark->lane = parse_decimal(value, (size_t)(end - value), UINT32_MAX);
	else if ((value = value_of(word, length, "lanes")))
		mark->lanes = parse_decimal(value, (size_t)(end - value), 0);
}

bool wt_tape_mark_parse(const char *text, size_t length, struct wt_tape_mark *mark)
{
	bool has_id = false;
	size_t at = 0;

	*mark = (struct wt_tape_mark){.format = 1};
	while (at < length) {
		size_t end = at;

		while (end < length && text[end] != ' ' && text[end])
			end++;
		read_word(text + at, end - at, mark, &has_id);
		if (end < length && !text[end])
			break;
		at = end + 1;
	}
	if (mark->lane >= mark->lanes)
		mark->lane = mark->lanes = 0;
	return has_id;
}
