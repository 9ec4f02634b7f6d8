/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/pcapng_format.h>

/* Any bytes as the body of a clock block: what can be read can be written, and is read and
 * written as the same again. */

enum { HEAD = sizeof(struct wt_pcapng_block), ENDS = HEAD + 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What does not belong to the kind of note is not written. */
static void expect_same(const struct wt_clock_record *note, const struct wt_clock_record *again)
{
	bool is_change = note->what == WT_CLOCK_RECORD_CHANGE;

	require(note->what == again->what && note->interface_id == again->interface_id);
	require(note->utc_ns == again->utc_ns);
	if (is_change)
		require(!strcmp(note->change, again->change) && !strcmp(note->text, again->text));
	if (note->what == WT_CLOCK_RECORD_CROSS)
		require(!memcmp(&note->sample, &again->sample, sizeof(note->sample)) &&
		        note->verdict == again->verdict);
	if (!is_change && note->map.number)
		require(!memcmp(&note->map, &again->map, sizeof(note->map)));
}

static void check(const uint8_t *body, size_t length)
{
	struct wt_clock_record note, again;
	uint32_t first[WT_CLOCK_RECORD_BYTES_MAX / 4], second[WT_CLOCK_RECORD_BYTES_MAX / 4];
	ssize_t used;

	if (!wt_clock_record_parse(body, length, &note))
		return;
	used = wt_clock_record_encode((uint8_t *)first, sizeof(first), &note);
	require(used > ENDS && used % 4 == 0);
	require(wt_clock_record_parse((uint8_t *)first + HEAD, (size_t)used - ENDS, &again));
	expect_same(&note, &again);
	require(wt_clock_record_encode((uint8_t *)second, sizeof(second), &again) == used);
	require(!memcmp(first, second, (size_t)used));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* No longer than it is, so that a sanitizer sees each step outside. */
	uint8_t *copy = malloc(bytes ? bytes : 1);

	require(copy != NULL);
	if (bytes)
		memcpy(copy, data, bytes);
	check(copy, bytes);
	free(copy);
	return 0;
}
