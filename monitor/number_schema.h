/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_NUMBER_SCHEMA_H
#define WIRETAPE_MONITOR_NUMBER_SCHEMA_H

/* JSON Schema (draft 2020-12) of the documents of number_json.h. */

#include "number_json.h"

/* Make the schema, the caller's; NULL without memory. */
json_t *wt_document_schema(const struct wt_document *document);

#endif
