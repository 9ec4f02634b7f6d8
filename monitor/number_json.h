/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_NUMBER_JSON_H
#define WIRETAPE_MONITOR_NUMBER_JSON_H

/* Tables of numbers as JSON. Every key of a table is there; unknown values are null. A count
 * above INT64_MAX, which only a forged file claims, is INT64_MAX: integers are signed there. */

#include <jansson.h>

#include <wiretape/base/number.h>

/* The version of all schemas, in "schema". */
enum { WT_DOCUMENT_SCHEMA = 1 };

/* A command's output: an object, or one a line. */
struct wt_document {
	const char *command; /* "record", "stamp caps" */
	const char *help;    /* the object's meaning, and when it is printed */
	const struct wt_number *rows;
};

/* A failure's message and exit code; a NULL pointer means none. */
struct wt_document_error {
	const char *message;
	int exit;
};

/* Make an object of the rows, the caller's; NULL without memory. */
json_t *wt_numbers_json(const struct wt_number *rows, const void *subject);

/* Make a document: "wiretape" (the version), "command", "schema" and "error", then the rows.
 * `subject` NULL: without rows, as after a failure with nothing else to report. */
json_t *wt_document_json(const struct wt_document *document, const void *subject,
                         const struct wt_document_error *error);

#endif
