/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_JSON_OUTPUT_H
#define WIRETAPE_CLI_JSON_OUTPUT_H

/* Documents of <wiretape/monitor/number_json.h> for --json, one a line; also where a command fails
 * before it could print one. */

#include <stdbool.h>
#include <stdio.h>

#include <wiretape/monitor/number_json.h>

/* Print a document; false: it could not be written. */
bool wt_json_print(FILE *out, const struct wt_document *document, const void *subject,
                   const struct wt_document_error *error);

/* Note that output was printed in another way. */
void wt_json_printed(void);

/* Send the object of a failure to `out`, since standard output is for packets. */
void wt_json_go_to(FILE *out);

/* Print the object of a failure, unless something was printed. */
void wt_json_fail(const struct wt_document *document, const struct wt_document_error *error);

#endif
