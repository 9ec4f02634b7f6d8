/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_JSON_TEXT_H
#define WIRETAPE_CLI_JSON_TEXT_H

/* Text for JSON, which knows no bytes that are not UTF-8: names of files may have any, and so may
 * messages that name them and what stands in files. */

#include <jansson.h>
#include <stddef.h>

/* How many bytes the character at the start of a text has that is not empty; 0 if it is none in
 * UTF-8. */
size_t wt_utf8_length(const char *text);

/* The text, with U+FFFD for each byte that is not UTF-8; null for NULL. */
json_t *wt_json_text(const char *text);

/* "KEY": the path as such a text, null for NULL; and, where that is not all of it, "KEY_bytes": its
 * bytes, with %XX for those that are not printable ASCII, and for %. */
void wt_json_put_path(json_t *object, const char *key, const char *path);

#endif
