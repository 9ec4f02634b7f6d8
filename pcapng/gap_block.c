/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/gap_block.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/name_value.h>

static const char *const words[] = {"hole", "continued", "not_closed"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

void wt_gap_block_format(char text[WT_GAP_BLOCK_TEXT_BYTES], const struct wt_gap_block *missing)
{
	char after[40] = "", before[40] = "";

	if (missing->has_after)
		snprintf(after, sizeof(after), "after_ns=%" PRId64 "\n", missing->after_ns);
	if (missing->has_before)
		snprintf(before, sizeof(before), "before_ns=%" PRId64 "\n", missing->before_ns);
	memset(text, 0, WT_GAP_BLOCK_TEXT_BYTES);
	snprintf(text, WT_GAP_BLOCK_TEXT_BYTES,
	         "what=%s\npackets=%" PRIu64 "\nbytes=%" PRIu64 "\n%s%s", words[missing->what],
	         missing->packets, missing->bytes, after, before);
}

static bool read_line(const struct wt_name_value *line, struct wt_gap_block *missing,
                      bool *says_what)
{
	int word;

	if (wt_name_is(line, "what")) {
		word = wt_value_word(line, words, WORDS);
		*says_what = word >= 0;
		missing->what = *says_what ? (enum wt_gap_block_what)word : WT_GAP_BLOCK_HOLE;
		return *says_what;
	}
	if (wt_name_is(line, "packets"))
		return wt_value_u64(line, &missing->packets);
	if (wt_name_is(line, "bytes"))
		return wt_value_u64(line, &missing->bytes);
	if (wt_name_is(line, "after_ns"))
		return missing->has_after = wt_value_i64(line, &missing->after_ns);
	if (wt_name_is(line, "before_ns"))
		return missing->has_before = wt_value_i64(line, &missing->before_ns);
	return true;
}

bool wt_gap_block_parse(const uint8_t *body, size_t length, struct wt_gap_block *missing)
{
	const char *at = (const char *)body;
	struct wt_name_value line;
	bool says_what = false;
	int rc;

	*missing = (struct wt_gap_block){0};
	while ((rc = wt_name_value_next(&at, &length, &line)) > 0)
		if (!read_line(&line, missing, &says_what))
			return false;
	return !rc && says_what;
}
