/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/utf8.h>

json_t *wt_json_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean, *to;
	json_t *string;

	if (!text)
		return json_null();
	clean = malloc((sizeof(replacement) - 1) * strlen(text) + 1);
	if (!clean)
		return NULL;
	for (to = clean; *text;) {
		size_t length = wt_utf8_length(text);

		memcpy(to, length ? text : replacement, length ? length : sizeof(replacement) - 1);
		to += length ? length : sizeof(replacement) - 1;
		text += length ? length : 1;
	}
	*to = '\0';
	string = json_string(clean);
	free(clean);
	return string;
}

static bool is_utf8(const char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = wt_utf8_length(text);
		if (!length)
			return false;
	}
	return true;
}

/* Percent-encode bytes, as in a URI. */
static json_t *percent_text(const char *bytes)
{
	char *text = malloc(3 * strlen(bytes) + 1), *to = text;
	json_t *string;

	if (!text)
		return NULL;
	for (; *bytes; bytes++) {
		const unsigned char byte = (unsigned char)*bytes;

		if (byte > ' ' && byte < 0x7f && byte != '%')
			*to++ = *bytes;
		else
			to += sprintf(to, "%%%02X", byte);
	}
	*to = '\0';
	string = json_string(text);
	free(text);
	return string;
}

void wt_json_put_path(json_t *object, const char *key, const char *path)
{
	char bytes_key[64];

	json_object_set_new(object, key, wt_json_text(path));
	snprintf(bytes_key, sizeof(bytes_key), "%s_bytes", key);
	json_object_set_new(object, bytes_key,
	                    path && !is_utf8(path) ? percent_text(path) : json_null());
}
