/* SPDX-License-Identifier: BSD-2-Clause */
#include "number_schema.h"

#include <string.h>

static json_t *typed(const char *type, bool may_be_null)
{
	return may_be_null ? json_pack("{s:[s, s]}", "type", type, "null")
	                   : json_pack("{s:s}", "type", type);
}

static json_t *object_schema(bool may_be_null)
{
	json_t *schema = typed("object", may_be_null);

	json_object_set_new(schema, "additionalProperties", json_false());
	json_object_set_new(schema, "required", json_array());
	json_object_set_new(schema, "properties", json_object());
	return schema;
}

/* Put a key's schema; a later row replaces an earlier one, as in the object itself. */
static void put(json_t *schema, const char *key, json_t *value, const char *help)
{
	json_t *properties = json_object_get(schema, "properties");
	const char *dot = strchr(key, '.');
	char group[64];

	if (!dot) {
		if (!json_object_get(properties, key))
			json_array_append_new(json_object_get(schema, "required"),
			                      json_string(key));
		json_object_set_new(value, "description", json_string(help ? help : ""));
		json_object_set_new(properties, key, value);
		return;
	}
	snprintf(group, sizeof(group), "%.*s", (int)(dot - key), key);
	if (!json_object_get(properties, group)) {
		json_array_append_new(json_object_get(schema, "required"), json_string(group));
		json_object_set_new(properties, group, object_schema(false));
	}
	put(json_object_get(properties, group), dot + 1, value, help);
}

static bool is_real(const struct wt_number *row)
{
	return row->type == WT_NUMBER_REAL ||
	       (row->type == WT_NUMBER_READ && row->unit >= WT_IN_PERCENT);
}

static json_t *value_schema(const struct wt_number *row)
{
	const bool is_signed = row->type == WT_NUMBER_I64 || row->type == WT_NUMBER_I32;
	const bool may_be_null = row->type == WT_NUMBER_READ || row->type == WT_NUMBER_TEXT ||
	                         row->type == WT_NUMBER_CHARS || is_real(row);
	json_t *schema;

	if (row->kind == WT_KIND_TEXT)
		return typed("string", may_be_null);
	if (row->kind == WT_KIND_FLAG)
		return typed("boolean", may_be_null);
	schema = typed(is_real(row) ? "number" : "integer", may_be_null);
	if (row->kind == WT_KIND_COUNTER ||
	    (!is_signed && row->type != WT_NUMBER_READ && row->type != WT_NUMBER_REAL))
		json_object_set_new(schema, "minimum", json_integer(0));
	return schema;
}

static void put_rows(json_t *schema, const struct wt_number *rows);

static json_t *rows_schema(const struct wt_number *rows, bool may_be_null)
{
	json_t *schema = object_schema(may_be_null);

	put_rows(schema, rows);
	return schema;
}

static json_t *list_schema(const struct wt_number *row)
{
	json_t *items = row->rows ? rows_schema(row->rows, false)
	                          : typed(row->item ? "string" : "object", false);

	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *map_schema(const struct wt_number *row)
{
	json_t *value = row->kind == WT_KIND_TEXT ? typed("string", true) : typed("integer", true);

	return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", value);
}

static void put_path(json_t *schema, const struct wt_number *row)
{
	char key[64];

	put(schema, row->key, typed("string", true), row->help);
	snprintf(key, sizeof(key), "%s_bytes", row->key);
	put(schema, key, typed("string", true),
	    "its bytes, with %XX for those that are not printable, where it is not UTF-8");
}

static void put_row(json_t *schema, const struct wt_number *row)
{
	switch (row->type) {
	case WT_NUMBER_PART:
		put_rows(schema, row->rows);
		break;
	case WT_NUMBER_OBJECT:
		put(schema, row->key, rows_schema(row->rows, row->item != NULL), row->help);
		break;
	case WT_NUMBER_LIST:
	case WT_NUMBER_LATER:
		put(schema, row->key, list_schema(row), row->help);
		break;
	case WT_NUMBER_MAP:
		put(schema, row->key, map_schema(row), row->help);
		break;
	case WT_NUMBER_PATH:
		put_path(schema, row);
		break;
	default:
		put(schema, row->key, value_schema(row), row->help);
		break;
	}
}

static void put_rows(json_t *schema, const struct wt_number *rows)
{
	for (const struct wt_number *row = rows; row->type; row++)
		put_row(schema, row);
}

static json_t *error_schema(void)
{
	json_t *schema = object_schema(true);

	put(schema, "message", typed("string", false), "the reason");
	put(schema, "exit", json_pack("{s:s, s:i}", "type", "integer", "minimum", 1),
	    "the exit status");
	return schema;
}

static void put_head(json_t *schema, const struct wt_document *document)
{
	put(schema, "wiretape", typed("string", false), "the program's version");
	put(schema, "command", json_pack("{s:s}", "const", document->command),
	    "whose output it is");
	put(schema, "schema", json_pack("{s:i}", "const", WT_DOCUMENT_SCHEMA),
	    "the version of this schema");
	put(schema, "error", error_schema(),
	    "why the command failed; null: it did not. A failure that leaves nothing else to say "
	    "has "
	    "no more keys than these four");
}

json_t *wt_document_schema(const struct wt_document *document)
{
	json_t *schema = json_pack("{s:s, s:s, s:s}", "$schema",
	                           "https://json-schema.org/draft/2020-12/schema", "title",
	                           document->command, "description", document->help);
	json_t *object = object_schema(false), *head;

	put_head(object, document);
	head = json_deep_copy(json_object_get(object, "required"));
	put_rows(object, document->rows);
	json_object_update(schema, object);
	json_object_set_new(schema, "anyOf",
	                    json_pack("[{s:O}, {s:O, s:{s:{s:s}}, s:i}]", "required",
	                              json_object_get(object, "required"), "required", head,
	                              "properties", "error", "type", "object", "maxProperties", 4));
	json_object_set_new(schema, "required", head);
	json_decref(object);
	return schema;
}
