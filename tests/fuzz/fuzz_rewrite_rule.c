/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/rewrite.h>

/* Any words, one rule a line: what is taken is in the table, what is not is explained and has
 * changed nothing. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_rule(const struct wt_rewrite_rule *rule)
{
	for (int i = 0; i < 2; i++) {
		require(!(rule->where.words[i] & ~rule->where_mask.words[i]));
		require(!(rule->set.words[i] & ~rule->set_mask.words[i]));
	}
}

static void check_table(const struct wt_rewrite *rewrite)
{
	unsigned used = 0;

	require(rewrite->rules_count <= WT_REWRITE_RULES_MAX);
	for (int field = 0; field < WT_REWRITE_FIELDS; field++) {
		require(rewrite->field_rules[field] <= rewrite->rules_count);
		used += rewrite->field_rules[field];
		for (int i = 0; i < rewrite->field_rules[field]; i++)
			require(rewrite->by_field[field][i] < rewrite->rules_count);
	}
	require(used >= rewrite->rules_count && used <= 2u * rewrite->rules_count);
	for (int i = 0; i < rewrite->rules_count; i++)
		check_rule(&rewrite->rules[i]);
}

static void add(struct wt_rewrite *rewrite, const char *rule)
{
	static struct wt_rewrite before;
	struct wt_error err = {0};

	before = *rewrite;
	if (wt_rewrite_add(rewrite, rule, &err)) {
		require(err.code < 0 && err.text[0]);
		require(!memcmp(&before, rewrite, sizeof(before)));
	} else {
		require(rewrite->rules_count == before.rules_count + 1);
		check_table(rewrite);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_rewrite rewrite = {0};
	char *text = calloc(1, bytes + 1), *rest = NULL;

	require(text != NULL);
	if (bytes)
		memcpy(text, data, bytes);
	for (char *rule = strtok_r(text, "\n", &rest); rule; rule = strtok_r(NULL, "\n", &rest))
		add(&rewrite, rule);
	free(text);
	return 0;
}
