/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_RECOVER_PRIVATE_H
#define WIRETAPE_WRITER_RECOVER_PRIVATE_H

/* What recover*.c share. Not installed. */

#include <wiretape/archive/repair/recover.h>

/* ---- recover_tape.c: a recording that is made of chunks ---- */

/* Of its report offsets count from the recording's start, and size_bytes is up to where a section
 * of somebody else follows, or the file ends. */
struct recover_tape;

/* 0 and *tape; -ENOTSUP if what begins at `base` is none; -EBADMSG if its first chunk is damaged;
 * -ELOOP if its indexes contradict each other so much that it would take too long. */
int wt_recover_tape_look(struct recover_tape **tape, int fd, uint64_t base, uint64_t file_bytes,
                         struct wt_error *err);
const struct wt_recover_report *wt_recover_tape_report(const struct recover_tape *tape);

/* Like wt_recover_next_step(). */
bool wt_recover_tape_step(const struct recover_tape *tape, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step);

/* What stays of it to `offset` of another file, with holes where steps will write. */
int wt_recover_tape_copy(const struct recover_tape *tape, int to, uint64_t offset);
void wt_recover_tape_free(struct recover_tape *tape);

/* ---- recover_scan.c: what can be kept of other files, block by block ---- */

enum recover_piece_kind {
	RECOVER_KEPT,
	RECOVER_LOST,
	RECOVER_LENGTHS,   /* a block of so many bytes, if both its lengths are written anew */
	RECOVER_SECTION,   /* a section header is put there, in place of one that was lost */
	RECOVER_INTERFACE, /* an interface, in the same way */
	RECOVER_CAPLEN, /* a pcap record of so many bytes, if its captured length is its length */
};

struct recover_piece {
	uint64_t offset, bytes;
	enum recover_piece_kind kind;
	bool swapped;
};

enum recover_tail { RECOVER_NO_TAIL, RECOVER_UNFINISHED, RECOVER_NOT_UNDERSTOOD };

enum { RECOVER_PASSED_MAX = 1000 }; /* are listed; all are counted */

struct recover_scan {
	int fd;
	uint64_t base, end; /* in the file */
	uint64_t keep_end;  /* where the tail begins */
	uint64_t packets;
	enum recover_tail tail;
	bool is_damaged;     /* something before the tail was passed over or mended */
	bool keeps_places;   /* what is passed over becomes padding, so that nothing moves */
	struct wt_error why; /* of the first damage, or of the tail */
	struct recover_piece *pieces;
	size_t piece_count, piece_room;
	struct wt_recover_passed *passed;
	size_t passed_count, passed_room;
	uint64_t lost_ranges, lost_bytes, mended, unknown_sections, unknown_bytes;
	uint64_t bytes_read;
};

/* One more piece at the end. 0 or -ENOMEM. */
int wt_recover_keep(struct recover_scan *scan, uint64_t offset, uint64_t bytes);
int wt_recover_mend(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    enum recover_piece_kind kind, bool swapped, const struct wt_error *why);
int wt_recover_lose(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    const struct wt_error *why);
/* All from `offset` to the end. */
int wt_recover_end(struct recover_scan *scan, uint64_t offset, enum recover_tail tail,
                   const struct wt_error *why);

/* From `base`, where a section begins or should, to the end, or to where a tape begins: scan->end.
 * scan->fd and base are set. 0 or a negative errno. */
int wt_recover_scan_pcapng(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err);

/* All of a classic pcap file. */
int wt_recover_scan_pcap(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err);

/* The pieces that stay to `*offset` of another file, which goes on to their end. */
int wt_recover_scan_copy(const struct recover_scan *scan, int to, uint64_t *offset);
void wt_recover_scan_free(struct recover_scan *scan);

/* ---- recover_copy.c ---- */

/* 0; -ENODATA if the file has less; or another negative errno. */
int wt_recover_read(int fd, void *into, size_t bytes, uint64_t offset);
int wt_recover_write(int fd, const void *bytes, size_t length, uint64_t offset);

/* Bytes of one file to a place in another. */
int wt_recover_copy_range(int from, uint64_t offset, uint64_t end, int to, uint64_t to_offset);

#endif
