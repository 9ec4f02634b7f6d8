/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/spec.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>

enum {
	TEXT_BYTES = 1024,
	QUOTE = 60, /* characters of a long setting in a message */
};

static void *member(const struct wt_spec_key *key, void *target)
{
	return (char *)target + key->offset;
}

static uint64_t limit(const struct wt_spec_key *key, uint64_t most)
{
	return key->max ? key->max : most;
}

bool wt_spec_u64(const struct wt_spec_key *key, void *target, const char *value)
{
	return !wt_parse_number(value, key->min, limit(key, UINT64_MAX), member(key, target), NULL);
}

bool wt_spec_u32(const struct wt_spec_key *key, void *target, const char *value)
{
	uint64_t wide;

	if (wt_parse_number(value, key->min, limit(key, UINT32_MAX), &wide, NULL))
		return false;
	*(uint32_t *)member(key, target) = (uint32_t)wide;
	return true;
}

bool wt_spec_u16(const struct wt_spec_key *key, void *target, const char *value)
{
	uint64_t wide;

	if (wt_parse_number(value, key->min, limit(key, UINT16_MAX), &wide, NULL))
		return false;
	*(uint16_t *)member(key, target) = (uint16_t)wide;
	return true;
}

bool wt_spec_ns(const struct wt_spec_key *key, void *target, const char *value)
{
	int64_t ns;

	if (wt_parse_duration(value, WT_UNIT_NS, &ns, NULL) || (uint64_t)ns < key->min ||
	    (uint64_t)ns > limit(key, INT64_MAX))
		return false;
	*(int64_t *)member(key, target) = ns;
	return true;
}

bool wt_spec_offset(const struct wt_spec_key *key, void *target, const char *value)
{
	int64_t most = (int64_t)limit(key, INT64_MAX), ns;

	if (wt_parse_offset(value, WT_UNIT_NS, &ns, NULL) || ns < -most || ns > most)
		return false;
	*(int64_t *)member(key, target) = ns;
	return true;
}

/* Find the row of a name in the form or its part, and its object in *target; NULL: none. */
static const struct wt_spec_key *find(const struct wt_spec_form *form, const char *name,
                                      void **target)
{
	for (; form; form = form->part) {
		for (size_t i = 0; i < form->key_count; i++)
			if (!strcmp(form->keys[i].name, name))
				return &form->keys[i];
		*target = (char *)*target + form->part_offset;
	}
	return NULL;
}

static int refuse_name(const struct wt_spec_form *form, const char *setting, struct wt_error *err)
{
	const char *noun = form->noun;
	char names[440];
	size_t used = 0;

	for (; form; form = form->part)
		for (size_t i = 0; i < form->key_count && used < sizeof(names); i++)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
			                         used ? ", " : "", form->keys[i].name);
	return wt_error_set(err, -EINVAL, "%s: '%.*s' is no setting; there are %s", noun, QUOTE,
	                    setting, names);
}

/* Position of a row in the form; rows of the part come after all others. */
static size_t place(const struct wt_spec_form *form, const struct wt_spec_key *key)
{
	for (size_t i = 0; i < form->key_count; i++)
		if (key == &form->keys[i])
			return i;
	return form->key_count;
}

/* `seen` has a bit for each row. */
static int take(const struct wt_spec_form *form, const char *setting, void *target, uint64_t *seen,
                struct wt_error *err)
{
	const char *equals = strchrnul(setting, '=');
	const struct wt_spec_key *key;
	char name[TEXT_BYTES];
	void *thing = target;

	memcpy(name, setting, (size_t)(equals - setting));
	name[equals - setting] = '\0';
	key = find(form, name, &target);
	if (!key)
		return refuse_name(form, setting, err);
	if (form->is_strict && *seen & UINT64_C(1) << place(form, key))
		return wt_error_set(err, -EINVAL, "%s: %s is there twice", form->noun, name);
	*seen |= UINT64_C(1) << place(form, key);
	if (place(form, key) == form->key_count && form->part_given)
		form->part_given(thing);
	if (!key->take(key, target, equals + (*equals == '=')))
		return wt_error_set(err, -EINVAL, "%s: '%.*s': %s is %s", form->noun, QUOTE,
		                    setting, name, key->takes);
	return 0;
}

int wt_spec_parse(const struct wt_spec_form *form, const char *text, void *target,
                  struct wt_error *err)
{
	char copy[TEXT_BYTES], *rest = copy, *setting;
	uint64_t seen = 0;
	int rc = 0;

	if (strlen(text) >= sizeof(copy))
		return wt_error_set(err, -EINVAL, "%s: '%.*s...' is too long", form->noun, QUOTE,
		                    text);
	strcpy(copy, text);
	while (!rc && *text && (setting = strsep(&rest, ",")))
		if (*setting || form->is_strict)
			rc = take(form, setting, target, &seen, err);
	return rc;
}

const char *wt_spec_set(const struct wt_spec_form *form, void *target, const char *name,
                        const char *value)
{
	const struct wt_spec_key *key = find(form, name, &target);

	if (!key)
		return "a setting";
	return key->take(key, target, value) ? NULL : key->takes;
}
