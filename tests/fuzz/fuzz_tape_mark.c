/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/tape_mark.h>

/* Any bytes, as what a section header says of its tape: what is read is written and read again as
 * it was. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void try_again(const struct wt_tape_mark *mark)
{
	char text[WT_TAPE_MARK_TEXT_BYTES];
	struct wt_tape_mark again;

	wt_tape_mark_format(text, mark);
	require(strlen(text) < sizeof(text) - 1);
	require(wt_tape_mark_parse(text, strlen(text), &again));
	require(again.tape_id == mark->tape_id && again.file == mark->file);
	require(again.format == mark->format);
	require(again.has_recording == mark->has_recording);
	require(!mark->has_recording || again.recording == mark->recording);
	require(again.lane == mark->lane && again.lanes == mark->lanes);
	require(mark->lanes ? mark->lane < mark->lanes : !mark->lane);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* Without a zero after it. */
	char *text = malloc(bytes + !bytes);
	struct wt_tape_mark mark;

	if (!text)
		return 0;
	if (bytes)
		memcpy(text, data, bytes);
	if (wt_tape_mark_parse(text, bytes, &mark))
		try_again(&mark);
	free(text);
	return 0;
}
