/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/replayer_notes.h>

#include <stdarg.h>
#include <stdio.h>

void wt_replayer_notes_add(struct wt_replayer_notes *notes, const char *format, ...)
{
	va_list arguments;

	if (notes->count == WT_REPLAYER_NOTES) {
		notes->left_out++;
		return;
	}
	va_start(arguments, format);
	vsnprintf(notes->texts[notes->count++], WT_REPLAYER_NOTE_BYTES, format, arguments);
	va_end(arguments);
}
