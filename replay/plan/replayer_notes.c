/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source_private.h>

#include <stdarg.h>
#include <stdio.h>

void wt_replay_notes_add(struct wt_replay_notes *notes, const char *format, ...)
{
	va_list arguments;

	if (notes->count == WT_REPLAY_NOTES) {
		notes->left_out++;
		return;
	}
	va_start(arguments, format);
	vsnprintf(notes->texts[notes->count++], WT_REPLAY_NOTE_BYTES, format, arguments);
	va_end(arguments);
}
