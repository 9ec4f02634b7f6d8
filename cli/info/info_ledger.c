/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_ledger.h"
#include <wiretape/cli/cli.h>

#include <string.h>

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
	if (wt_cli_parse_u64(digits, 0, UINT64_MAX, &count->value)) {
		count->name = line;
		count->name_length = (size_t)(equals - line);
	}
	return true;
}

static bool count_is(const struct wt_info_count *count, const char *name)
{
	return count->name_length == strlen(name) && !memcmp(count->name, name, strlen(name));
}

/* What was lost is counted by cause: any number of lines, of any names. */
static bool count_is_lost(const struct wt_info_count *count)
{
	static const char prefix[] = "lost.";

	return count->name_length >= sizeof(prefix) &&
	       !memcmp(count->name, prefix, sizeof(prefix) - 1);
}

static void add_count(struct wt_info_ledger_check *check, const struct wt_info_count *count)
{
	if (!count->name) {
		check->readable = false;
	} else if (count_is(count, "seen")) {
		check->seen = count->value;
		check->has_seen = true;
	} else if (count_is(count, "written")) {
		check->written = count->value;
		check->has_written = true;
	} else if (count_is_lost(count)) {
		if (__builtin_add_overflow(check->lost, count->value, &check->lost))
			check->readable = false;
	}
}

struct wt_info_ledger_check wt_info_check_ledger(const struct wt_info_interface *interface)
{
	struct wt_info_ledger_check check = {.readable = true};
	const char *text = interface->statistics->ledger;
	struct wt_info_count count;
	uint64_t sum;

	while (wt_info_next_count(&text, &count))
		add_count(&check, &count);
	check.readable &= check.has_seen && check.has_written;
	check.closes = check.readable && !__builtin_add_overflow(check.written, check.lost, &sum) &&
	               sum == check.seen;
	check.matches = check.has_written && check.written == interface->tally.packets;
	return check;
}
