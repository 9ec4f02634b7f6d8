/* SPDX-License-Identifier: BSD-2-Clause */
#include "number_json.h"

#include "json_text.h"

#include <math.h>
#include <string.h>

static json_t *value_json(const struct wt_value *value)
{
	switch (value->type) {
	case WT_VALUE_UNSIGNED:
		return json_integer(value->u > INT64_MAX ? INT64_MAX : (json_int_t)value->u);
	case WT_VALUE_SIGNED:
		return json_integer(value->i);
	case WT_VALUE_REAL:
		return isfinite(value->real) ? json_real(value->real) : json_null();
	case WT_VALUE_FLAG:
		return json_boolean(value->flag);
	case WT_VALUE_TEXT:
		return wt_json_text(value->text);
	default:
		return json_null();
	}
}

/* Put `value` at "group.key", making the group if it is not there. */
static void put(json_t *object, const char *key, json_t *value)
{
	const char *dot = strchr(key, '.');
	char group[64];
	json_t *inner;

	if (!dot) {
		json_object_set_new(object, key, value);
		return;
	}
	snprintf(group, sizeof(group), "%.*s", (int)(dot - key), key);
	inner = json_object_get(object, group);
	if (!inner) {
		json_object_set_new(object, group, json_object());
		inner = json_object_get(object, group);
	}
	put(inner, dot + 1, value);
}

static json_t *list_json(const struct wt_number *row, const void *subject)
{
	json_t *array = json_array();
	union wt_number_room room;
	const void *item;

	for (size_t i = 0; (item = row->item(row, subject, i, &room)); i++)
		json_array_append_new(array, row->rows ? wt_numbers_json(row->rows, item)
		                                       : wt_json_text(item));
	return array;
}

static json_t *map_json(const struct wt_number *row, const void *subject)
{
	json_t *object = json_object();
	union wt_number_room room;
	const struct wt_number_entry *entry;

	for (size_t i = 0; (entry = row->item(row, subject, i, &room)); i++) {
		json_t *name = wt_json_text(entry->name);

		json_object_set_new(object, json_string_value(name), value_json(&entry->value));
		json_decref(name);
	}
	return object;
}

static const void *part_of(const struct wt_number *row, const void *subject,
                           union wt_number_room *room)
{
	return row->item ? row->item(row, subject, 0, room) : (const char *)subject + row->offset;
}

static void put_path(json_t *object, const struct wt_number *row, const void *subject)
{
	wt_json_put_path(object, row->key,
	                 *(const char *const *)((const char *)subject + row->offset));
}

static void put_rows(json_t *object, const struct wt_number *rows, const void *subject);

static void put_row(json_t *object, const struct wt_number *row, const void *subject)
{
	union wt_number_room room;
	struct wt_value value;
	const void *part;

	switch (row->type) {
	case WT_NUMBER_PART:
		put_rows(object, row->rows, part_of(row, subject, &room));
		break;
	case WT_NUMBER_OBJECT:
		part = part_of(row, subject, &room);
		put(object, row->key, part ? wt_numbers_json(row->rows, part) : json_null());
		break;
	case WT_NUMBER_LIST:
		put(object, row->key, list_json(row, subject));
		break;
	case WT_NUMBER_MAP:
		put(object, row->key, map_json(row, subject));
		break;
	case WT_NUMBER_PATH:
		put_path(object, row, subject);
		break;
	case WT_NUMBER_LATER:
		break;
	default:
		wt_number_read(row, subject, &value);
		put(object, row->key, value_json(&value));
		break;
	}
}

static void put_rows(json_t *object, const struct wt_number *rows, const void *subject)
{
	for (const struct wt_number *row = rows; row->type; row++)
		put_row(object, row, subject);
}

json_t *wt_numbers_json(const struct wt_number *rows, const void *subject)
{
	json_t *object = json_object();

	put_rows(object, rows, subject);
	return object;
}

static json_t *error_json(const struct wt_document_error *error)
{
	json_t *object;

	if (!error)
		return json_null();
	object = json_object();
	json_object_set_new(object, "message", wt_json_text(error->message));
	json_object_set_new(object, "exit", json_integer(error->exit));
	return object;
}

json_t *wt_document_json(const struct wt_document *document, const void *subject,
                         const struct wt_document_error *error)
{
	json_t *object = json_object();

	json_object_set_new(object, "wiretape", json_string(WT_VERSION));
	json_object_set_new(object, "command", json_string(document->command));
	json_object_set_new(object, "schema", json_integer(WT_DOCUMENT_SCHEMA));
	json_object_set_new(object, "error", error_json(error));
	if (subject)
		put_rows(object, document->rows, subject);
	return object;
}
