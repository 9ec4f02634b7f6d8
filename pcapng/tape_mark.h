/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_TAPE_MARK_H
#define WIRETAPE_PCAPNG_TAPE_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The option WT_OPT_LOCAL_TAPE of a section header: says that the file consists of chunks, and
 * identifies the file and its recording. Text, "name=value" between spaces. Pure, any thread. */

struct wt_tape_mark {
	uint64_t tape_id;   /* unique to each file */
	uint64_t recording; /* shared by all files of a recording */
	uint32_t file;      /* the file's number in its lane of the recording, from 1; 0: unknown */
	uint32_t format;    /* WT_CHUNK_FORMAT; 1 if absent, as in old files; 0: unreadable */
	bool has_recording; /* absent in old files */
	/* Lanes record side by side, each into files of its own. */
	uint32_t lanes; /* of the recording; 0: it has one, and its files follow each other */
	uint32_t lane;  /* the file's, below `lanes`; 0 if there are none */
};

enum { WT_TAPE_MARK_TEXT_BYTES = 128 }; /* more than the longest text, its NUL included */

/* Write the text, with a NUL. */
void wt_tape_mark_format(char text[WT_TAPE_MARK_TEXT_BYTES], const struct wt_tape_mark *mark);

/* Read the text. False without a tape_id of 16 hexadecimal digits; unknown names and other
 * malformed values are ignored. Any bytes are safe. */
bool wt_tape_mark_parse(const char *text, size_t length, struct wt_tape_mark *mark);

#endif
