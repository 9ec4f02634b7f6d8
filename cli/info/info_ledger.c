/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_ledger.h"

#include <assert.h>
#include <string.h>

#include <wiretape/base/quantity.h>

bool wt_info_next_count(const char **text, struct wt_info_count *count)
{
	const char *line = *text;
	size_t length = strcspn(line, "\n");
	const char *equals = memchr(line, '=', length);
	char digits[24];
	size_t digits_length;

	if (!*line)
		return false;
	*text = line + length + (line[length] == '\n');
	*count = (struct wt_info_count){0};
	if (!equals)
		return true;
	digits_length = length - (size_t)(equals + 1 - line);
	if (digits_length >= sizeof(digits))
		return true;
	memcpy(digits, equals + 1, digits_length);
	digits[digits_length] = '\0';
	if (!wt_parse_number(digits, 0, UINT64_MAX, &count->value, NULL)) {
		count->name = line;
		count->name_length = (size_t)(equals - line);
	}
	return true;
}

static bool count_is(const struct wt_info_count *count, const char *name)
{
	return count->name_length == strlen(name) && !memcmp(count->name, name, strlen(name));
}

/* Losses are counted by cause: any number of lines, of any names. */
bool wt_info_is_lost(const struct wt_info_count *count, const char **cause, size_t *length)
{
	static const char prefix[] = "lost.";
	enum { PREFIX_BYTES = sizeof(prefix) - 1 };

	if (count->name_length <= PREFIX_BYTES || memcmp(count->name, prefix, PREFIX_BYTES) != 0)
		return false;
	*cause = count->name + PREFIX_BYTES;
	*length = count->name_length - PREFIX_BYTES;
	return true;
}

static void add_count(struct wt_info_ledger_check *check, const struct wt_info_count *count)
{
	const char *cause;
	size_t length;

	if (!count->name) {
		check->readable = false;
	} else if (count_is(count, "seen")) {
		check->seen = count->value;
		check->has_seen = true;
	} else if (count_is(count, "written")) {
		check->written = count->value;
		check->has_written = true;
	} else if (wt_info_is_lost(count, &cause, &length)) {
		if (__builtin_add_overflow(check->lost, count->value, &check->lost))
			check->readable = false;
	}
}

struct wt_info_ledger_check wt_info_check_text(const char *ledger, uint64_t packets)
{
	struct wt_info_ledger_check check = {.readable = true};
	struct wt_info_count count;
	uint64_t sum;

	while (wt_info_next_count(&ledger, &count))
		add_count(&check, &count);
	check.readable &= check.has_seen && check.has_written;
	check.closes = check.readable && !__builtin_add_overflow(check.written, check.lost, &sum) &&
	               sum == check.seen;
	check.matches = check.has_written && check.written == packets;
	return check;
}

struct wt_info_ledger_check wt_info_check_ledger(const struct wt_info_interface *interface)
{
	assert(interface->statistics && interface->statistics->ledger);
	return wt_info_check_text(interface->statistics->ledger, interface->tally.packets);
}
