/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_NAME_VALUE_H
#define WIRETAPE_BASE_NAME_VALUE_H

/* Text in wiretape's own blocks: lines "name=value\n" up to a NUL or the end. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wt_name_value {
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

/* Take the next line at *at, with *left bytes left: 1, 0 at the end, -EBADMSG if it has no name or
 * no newline. */
int wt_name_value_next(const char **at, size_t *left, struct wt_name_value *line);

bool wt_name_is(const struct wt_name_value *line, const char *name);

/* Read decimal digits and nothing else; the second function allows a sign. */
bool wt_value_u64(const struct wt_name_value *line, uint64_t *value);
bool wt_value_i64(const struct wt_name_value *line, int64_t *value);
bool wt_value_u32(const struct wt_name_value *line, uint32_t *value);

/* Index of the value in a list of `count` words; -1 if absent. */
int wt_value_word(const struct wt_name_value *line, const char *const *words, size_t count);

/* Likewise among the words that a function returns for 0 to `count` - 1. */
int wt_value_find(const struct wt_name_value *line, const char *(*word)(int), int count);

#endif
