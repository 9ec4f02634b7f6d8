/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/error.h>

#include <stdarg.h>
#include <stdio.h>

int wt_error_set(struct wt_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}
