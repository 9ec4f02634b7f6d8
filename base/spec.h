/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_SPEC_H
#define WIRETAPE_BASE_SPEC_H

/* Reader of descriptions "name=value,name=value": a table has a row for each name. Not installed.
 * Pure, any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

struct wt_spec_key {
	const char *name;
	const char *values; /* in a help text: "TIME" */
	const char *takes;  /* in messages, after "NAME is": "a number from 1 to 65535" */
	/* Put the value into the described thing; false if this key does not take it. */
	bool (*take)(const struct wt_spec_key *key, void *target, const char *value);
	/* For the functions below: the member, and the range of its values; max 0: no limit. */
	size_t offset;
	uint64_t min, max;
};

struct wt_spec_form {
	const char *noun; /* begins messages: "a simulated NIC" */
	const struct wt_spec_key *keys;
	size_t key_count;
	bool is_strict; /* repeated and empty keys are errors */
	/* Form of a part of the thing, whose keys are allowed as well; the part is at the thing
	 * plus `part_offset`. NULL: none. */
	const struct wt_spec_form *part;
	size_t part_offset;
	void (*part_given)(void *target); /* called with the thing for each key; or NULL */
};

/* Setters by member type: a whole number into a uint64_t, uint32_t or uint16_t; a time into an
 * int64_t of ns, where a bare number is in ns; a signed time, up to `max` either way. */
bool wt_spec_u64(const struct wt_spec_key *key, void *target, const char *value);
bool wt_spec_u32(const struct wt_spec_key *key, void *target, const char *value);
bool wt_spec_u16(const struct wt_spec_key *key, void *target, const char *value);
bool wt_spec_ns(const struct wt_spec_key *key, void *target, const char *value);
bool wt_spec_offset(const struct wt_spec_key *key, void *target, const char *value);

/* Apply `text` to *target. 0, or -EINVAL with a message that names the setting and what it takes,
 * or all valid keys; *target then has the settings before it. */
int wt_spec_parse(const struct wt_spec_form *form, const char *text, void *target,
                  struct wt_error *err);

/* Apply one setting: NULL, or a description of what the key takes; for an unknown name, "a
 * setting". */
const char *wt_spec_set(const struct wt_spec_form *form, void *target, const char *name,
                        const char *value);

#endif
