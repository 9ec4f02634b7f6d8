/* SPDX-License-Identifier: BSD-2-Clause */
#include "number_text.h"

#include <inttypes.h>

static bool is_zero(const struct wt_value *value)
{
	switch (value->type) {
	case WT_VALUE_UNSIGNED:
		return !value->u;
	case WT_VALUE_SIGNED:
		return !value->i;
	case WT_VALUE_REAL:
		return value->real == 0;
	case WT_VALUE_FLAG:
		return !value->flag;
	default:
		return false;
	}
}

static void print_value(FILE *out, const struct wt_value *value)
{
	switch (value->type) {
	case WT_VALUE_UNSIGNED:
		fprintf(out, "%" PRIu64, value->u);
		break;
	case WT_VALUE_SIGNED:
		fprintf(out, "%" PRId64, value->i);
		break;
	case WT_VALUE_REAL:
		fprintf(out, "%.3f", value->real);
		break;
	case WT_VALUE_FLAG:
		fputs(value->flag ? "yes" : "no", out);
		break;
	case WT_VALUE_TEXT:
		fputs(value->text, out);
		break;
	default:
		break;
	}
}

void wt_numbers_print_counts(FILE *out, const struct wt_number *rows, const void *subject,
                             int indent)
{
	struct wt_value value;

	for (const struct wt_number *row = rows; row->type; row++) {
		if (!row->label)
			continue;
		wt_number_read(row, subject, &value);
		if (value.type == WT_VALUE_NONE || is_zero(&value))
			continue;
		fprintf(out, "%*s", indent, "");
		print_value(out, &value);
		fprintf(out, " %s\n", row->label);
	}
}
