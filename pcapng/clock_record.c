/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/clock_record.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/name_value.h>
#include <wiretape/base/text_put.h>
#include <wiretape/pcapng/text_block.h>

static const char *const words[] = {"cross", "map", "change"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* A number and its place. */
struct field {
	const char *name;
	size_t offset;
	enum { SIGNED_64, SIGNED_32, UNSIGNED_32 } type;
};

#define FIELD(name, member, type)                                                                  \
	{                                                                                          \
		name, offsetof(struct wt_clock_record, member), type                               \
	}

static const struct field common_fields[] = {
        FIELD("interface", interface_id, UNSIGNED_32),
        FIELD("utc_ns", utc_ns, SIGNED_64),
        {NULL, 0, SIGNED_64},
};
static const struct field cross_fields[] = {
        FIELD("cross_phc_ns", sample.phc_ns, SIGNED_64),
        FIELD("cross_utc_ns", sample.utc_ns, SIGNED_64),
        FIELD("cross_raw_ns", sample.raw_ns, SIGNED_64),
        FIELD("bracket_ns", sample.bracket_ns, SIGNED_64),
        FIELD("tai_offset_s", sample.tai_offset_s, SIGNED_32),
        {NULL, 0, SIGNED_64},
};
static const struct field step_fields[] = {
        FIELD("step_ns", step_ns, SIGNED_64),
        {NULL, 0, SIGNED_64},
};
static const struct field map_fields[] = {
        FIELD("map", map.number, UNSIGNED_32),
        FIELD("epoch", map.epoch, UNSIGNED_32),
        FIELD("map_phc_ns", map.phc_ns, SIGNED_64),
        FIELD("map_utc_ns", map.utc_ns, SIGNED_64),
        FIELD("rate", map.rate, SIGNED_64),
        FIELD("inverse_rate", map.inverse_rate, SIGNED_64),
        FIELD("error_ns", map.error_ns, SIGNED_64),
        FIELD("rate_error", map.rate_error, SIGNED_64),
        FIELD("born_utc_ns", map.born_utc_ns, SIGNED_64),
        {NULL, 0, SIGNED_64},
};
static const struct field *const all_fields[] = {common_fields, cross_fields, step_fields,
                                                 map_fields};
enum { FIELD_TABLES = sizeof(all_fields) / sizeof(all_fields[0]) };

static int64_t number_of(const struct wt_clock_record *note, const struct field *field)
{
	const uint8_t *at = (const uint8_t *)note + field->offset;
	int64_t wide;
	uint32_t number;

	if (field->type == SIGNED_64) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&number, at, sizeof(number));
	return field->type == SIGNED_32 ? (int32_t)number : (int64_t)number;
}

static void put_fields(struct wt_text *text, const struct wt_clock_record *note,
                       const struct field *fields)
{
	for (const struct field *field = fields; field->name; field++)
		wt_text_put(text, "%s=%" PRId64 "\n", field->name, number_of(note, field));
}

/* Keep the value on its line. */
static void put_text(struct wt_text *text, const char *value)
{
	wt_text_put(text, "text=%.*s\n", (int)strcspn(value, "\n"), value);
}

static void put_note(struct wt_text *text, const struct wt_clock_record *note)
{
	wt_text_put(text, "what=%s\n", words[note->what]);
	put_fields(text, note, common_fields);
	if (note->what == WT_CLOCK_RECORD_CROSS) {
		wt_text_put(text, "method=%s\n", wt_cross_method_name(note->sample.method));
		put_fields(text, note, cross_fields);
		wt_text_put(text, "verdict=%s\n", wt_clock_verdict_name(note->verdict));
		if (note->verdict == WT_CLOCK_STEPPED || note->verdict == WT_CLOCK_BACKWARD) {
			put_fields(text, note, step_fields);
			wt_text_put(text, "culprit=%s\n", wt_clock_culprit_name(note->culprit));
		}
	}
	if (note->what == WT_CLOCK_RECORD_CHANGE) {
		wt_text_put(text, "change=%s\n", note->change);
		put_text(text, note->text);
	} else if (note->map.number) {
		put_fields(text, note, map_fields);
	}
}

ssize_t wt_clock_record_encode(uint8_t *out, size_t capacity, const struct wt_clock_record *note)
{
	char chars[WT_CLOCK_RECORD_BYTES_MAX - 16];
	struct wt_text text = {chars, sizeof(chars), 0};

	put_note(&text, note);
	if (text.length >= text.capacity)
		return -ENOBUFS;
	return wt_text_block_encode(out, capacity, WT_PCAPNG_CLOCK, chars, text.length);
}

static bool read_field(const struct wt_name_value *line, struct wt_clock_record *note,
                       const struct field *field)
{
	uint8_t *at = (uint8_t *)note + field->offset;
	int64_t value;
	int32_t narrow;
	uint32_t number;

	if (field->type == UNSIGNED_32) {
		if (!wt_value_u32(line, &number))
			return false;
		memcpy(at, &number, sizeof(number));
		return true;
	}
	if (!wt_value_i64(line, &value))
		return false;
	if (field->type == SIGNED_64) {
		memcpy(at, &value, sizeof(value));
		return true;
	}
	narrow = (int32_t)value;
	memcpy(at, &narrow, sizeof(narrow));
	return narrow == value;
}

static const struct field *find_field(const struct wt_name_value *line)
{
	for (size_t i = 0; i < FIELD_TABLES; i++)
		for (const struct field *field = all_fields[i]; field->name; field++)
			if (wt_name_is(line, field->name))
				return field;
	return NULL;
}

static void copy_text(const struct wt_name_value *line, char *out, size_t capacity)
{
	snprintf(out, capacity, "%.*s", (int)line->value_length, line->value);
}

static const char *method_word(int i)
{
	return wt_cross_method_name((enum wt_cross_method)i);
}

static const char *verdict_word(int i)
{
	return wt_clock_verdict_name((enum wt_clock_verdict)i);
}

static const char *culprit_word(int i)
{
	return wt_clock_culprit_name((enum wt_clock_culprit)i);
}

static bool read_line(const struct wt_name_value *line, struct wt_clock_record *note,
                      bool *says_what)
{
	const struct field *field = find_field(line);
	int word;

	if (field)
		return read_field(line, note, field);
	if (wt_name_is(line, "what")) {
		word = wt_value_word(line, words, WORDS);
		*says_what = word >= 0;
		note->what = word < 0 ? WT_CLOCK_RECORD_CROSS : (enum wt_clock_record_what)word;
		return word >= 0;
	}
	if (wt_name_is(line, "method")) {
		word = wt_value_find(line, method_word, WT_CROSS_METHODS);
		note->sample.method = word < 0 ? WT_CROSS_BASIC : (enum wt_cross_method)word;
		return word >= 0;
	}
	if (wt_name_is(line, "verdict")) {
		word = wt_value_find(line, verdict_word, WT_CLOCK_VERDICTS);
		note->verdict = word < 0 ? WT_CLOCK_TAKEN : (enum wt_clock_verdict)word;
		return word >= 0;
	}
	if (wt_name_is(line, "culprit")) {
		word = wt_value_find(line, culprit_word, WT_CULPRIT_UTC + 1);
		note->culprit = word < 0 ? WT_CULPRIT_UNKNOWN : (enum wt_clock_culprit)word;
		return word >= 0;
	}
	if (wt_name_is(line, "change"))
		copy_text(line, note->change, sizeof(note->change));
	else if (wt_name_is(line, "text"))
		copy_text(line, note->text, sizeof(note->text));
	return true;
}

bool wt_clock_record_parse(const uint8_t *body, size_t length, struct wt_clock_record *note)
{
	const char *at = (const char *)body;
	struct wt_name_value line;
	bool says_what = false;
	int rc;

	memset(note, 0, sizeof(*note));
	while ((rc = wt_name_value_next(&at, &length, &line)) > 0)
		if (!read_line(&line, note, &says_what))
			return false;
	return !rc && says_what;
}
