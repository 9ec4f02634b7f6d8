/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_output.h"

#include <errno.h>

#include "cli.h"

static FILE *output; /* NULL: standard output */
static bool is_printed;

void wt_json_printed(void)
{
	is_printed = true;
}

void wt_json_go_to(FILE *out)
{
	output = out;
}

void wt_json_fail(const struct wt_document *document, const struct wt_document_error *error)
{
	if (!is_printed)
		wt_json_print(output ? output : stdout, document, NULL, error);
}

bool wt_json_print(FILE *out, const struct wt_document *document, const void *subject,
                   const struct wt_document_error *error)
{
	json_t *object = wt_document_json(document, subject, error);
	bool ok;

	errno = object ? 0 : ENOMEM;
	ok = object && !json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(12)) &&
	     fputc('\n', out) != EOF && !fflush(out);
	if (!ok && out == stdout)
		wt_cli_output_failed(errno);
	json_decref(object);
	is_printed = true;
	return ok;
}
