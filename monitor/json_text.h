/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_JSON_TEXT_H
#define WIRETAPE_MONITOR_JSON_TEXT_H

/* Text for JSON, which must be UTF-8: file names may have any bytes, and so may messages that
 * contain them and texts from files. */

#include <jansson.h>

/* Make a text, with U+FFFD for each byte that is not UTF-8; null for NULL. */
json_t *wt_json_text(const char *text);

/* Put "KEY", the path as such a text, null for NULL; and "KEY_bytes", null unless the text lost
 * something: the path's bytes, with %XX for those that are not printable ASCII, and for %. */
void wt_json_put_path(json_t *object, const char *key, const char *path);

#endif
