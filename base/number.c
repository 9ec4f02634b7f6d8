/* SPDX-License-Identifier: BSD-2-Clause */
#include "number.h"

#include <inttypes.h>
#include <string.h>

static uint64_t read_unsigned(const struct wt_number *row, const void *at)
{
	switch (row->type) {
	case WT_NUMBER_U64:
		return *(const uint64_t *)at;
	case WT_NUMBER_U32:
		return *(const uint32_t *)at;
	case WT_NUMBER_U16:
		return *(const uint16_t *)at;
	default:
		return *(const uint8_t *)at;
	}
}

void wt_read_i64(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	int64_t number = *(const int64_t *)((const char *)subject + row->offset);

	if (number != INT64_MIN)
		wt_value_signed(value, number);
}

void wt_read_not_0(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	uint64_t count = *(const uint64_t *)((const char *)subject + row->offset);

	if (count)
		wt_value_unsigned(value, count);
}

void wt_read_verdict(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	int8_t verdict = *(const int8_t *)((const char *)subject + row->offset);

	if (verdict >= 0)
		wt_value_flag(value, verdict);
}

void wt_number_read(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const void *at = (const char *)subject + row->offset;

	value->type = WT_VALUE_NONE;
	switch (row->type) {
	case WT_NUMBER_U64:
	case WT_NUMBER_U32:
	case WT_NUMBER_U16:
	case WT_NUMBER_U8:
		wt_value_unsigned(value, read_unsigned(row, at));
		break;
	case WT_NUMBER_I64:
		wt_value_signed(value, *(const int64_t *)at);
		break;
	case WT_NUMBER_I32:
		wt_value_signed(value, *(const int32_t *)at);
		break;
	case WT_NUMBER_REAL:
		wt_value_real(value, *(const double *)at);
		break;
	case WT_NUMBER_FLAG:
		wt_value_flag(value, *(const bool *)at);
		break;
	case WT_NUMBER_TEXT:
	case WT_NUMBER_PATH:
		wt_value_text(value, *(const char *const *)at);
		break;
	case WT_NUMBER_CHARS:
		wt_value_text(value, *(const char *)at ? at : NULL);
		break;
	case WT_NUMBER_READ:
		row->read(row, subject, value);
		break;
	default:
		break;
	}
}

void wt_numbers_add(const struct wt_number *table, void *sum, const void *more)
{
	for (const struct wt_number *row = table; row->type; row++) {
		uint64_t *into = (uint64_t *)((char *)sum + row->offset);
		uint64_t value = *(const uint64_t *)((const char *)more + row->offset);

		if (row->type != WT_NUMBER_U64 && row->type != WT_NUMBER_I64)
			continue;
		if (row->kind != WT_KIND_MOST)
			*into += value;
		else if (value > *into)
			*into = value;
	}
}

void wt_numbers_subtract(const struct wt_number *table, void *now, const void *start)
{
	for (const struct wt_number *row = table; row->type; row++)
		if (row->type == WT_NUMBER_U64 && row->kind == WT_KIND_COUNTER)
			*(uint64_t *)((char *)now + row->offset) -=
			        *(const uint64_t *)((const char *)start + row->offset);
}

void wt_numbers_lines(const struct wt_number *table, const void *subject, char *out,
                      size_t capacity)
{
	struct wt_value value;
	size_t used = 0;

	out[0] = '\0';
	for (const struct wt_number *row = table; row->type; row++) {
		int wrote = 0;

		wt_number_read(row, subject, &value);
		if (value.type == WT_VALUE_UNSIGNED)
			wrote = snprintf(out + used, capacity - used, "%s=%" PRIu64 "\n", row->key,
			                 value.u);
		else if (value.type == WT_VALUE_SIGNED && value.i)
			wrote = snprintf(out + used, capacity - used, "%s=%" PRId64 "\n", row->key,
			                 value.i);
		if (wrote < 0 || (size_t)wrote >= capacity - used) {
			out[used] = '\0';
			return;
		}
		used += (size_t)wrote;
	}
}
