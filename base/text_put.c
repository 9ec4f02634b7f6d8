/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/text_put.h>

#include <stdarg.h>
#include <stdio.h>

void wt_text_put(struct wt_text *text, const char *format, ...)
{
	size_t room = text->length < text->capacity ? text->capacity - text->length : 0;
	va_list args;
	int wrote;

	va_start(args, format);
	wrote = vsnprintf(room ? text->chars + text->length : NULL, room, format, args);
	va_end(args);
	text->length += wrote > 0 ? (size_t)wrote : 0;
}
