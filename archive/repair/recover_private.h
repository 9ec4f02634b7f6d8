/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_REPAIR_RECOVER_PRIVATE_H
#define WIRETAPE_ARCHIVE_REPAIR_RECOVER_PRIVATE_H

/* Types and functions that recover*.c share. Not installed. */

#include <wiretape/archive/repair/recover.h>

/* recover_tape.c repairs a recording made of chunks. */

/* Offsets in its report count from the recording's start; size_bytes reaches up to a foreign
 * section or the end of the file. */
struct recover_tape;

/* 0 and *tape; -ENOTSUP if no tape begins at `base`; -EBADMSG if its first chunk is damaged;
 * -ELOOP if its indexes contradict each other so much that it would take too long. */
int wt_recover_tape_look(struct recover_tape **tape, int fd, uint64_t base, uint64_t file_bytes,
                         struct wt_error *err);
const struct wt_recover_report *wt_recover_tape_report(const struct recover_tape *tape);

/* Like wt_recover_next_step(). */
bool wt_recover_tape_step(const struct recover_tape *tape, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step);

/* Copy the kept part to `offset` of another file, with holes where steps will write. */
int wt_recover_tape_copy(const struct recover_tape *tape, int to, uint64_t offset);
void wt_recover_tape_free(struct recover_tape *tape);

/* recover_scan.c finds the blocks of other files that can be kept. */

enum recover_piece_kind {
	RECOVER_KEPT,
	RECOVER_LOST,
	RECOVER_LENGTHS,   /* a block of this many bytes once both its lengths are rewritten */
	RECOVER_SECTION,   /* a section header replaces one that was lost */
	RECOVER_INTERFACE, /* an interface replaces one that was lost */
	RECOVER_CAPLEN, /* a pcap record of this many bytes once its captured length is its length
	                 */
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
	bool keeps_places;   /* passed-over bytes become padding, so that nothing moves */
	struct wt_error why; /* of the first damage, or of the tail */
	struct recover_piece *pieces;
	size_t piece_count, piece_room;
	struct wt_recover_passed *passed;
	size_t passed_count, passed_room;
	uint64_t lost_ranges, lost_bytes, mended, unknown_sections, unknown_bytes;
	uint64_t bytes_read;
};

/* Append a piece. 0 or -ENOMEM. */
int wt_recover_keep(struct recover_scan *scan, uint64_t offset, uint64_t bytes);
int wt_recover_mend(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    enum recover_piece_kind kind, bool swapped, const struct wt_error *why);
int wt_recover_lose(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    const struct wt_error *why);
/* End the scan: all from `offset` on is the tail. */
int wt_recover_end(struct recover_scan *scan, uint64_t offset, enum recover_tail tail,
                   const struct wt_error *why);

/* Scan from `base`, where a section begins or should, to the end or the start of a tape: scan->end.
 * scan->fd and base are set. 0 or a negative errno. */
int wt_recover_scan_pcapng(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err);

/* Scan a classic pcap file. */
int wt_recover_scan_pcap(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err);

/* Copy the kept pieces to `*offset` of another file, and advance it to their end. */
int wt_recover_scan_copy(const struct recover_scan *scan, int to, uint64_t *offset);
void wt_recover_scan_free(struct recover_scan *scan);

/* recover_copy.c */

/* 0; -ENODATA if the file has less; or another negative errno. */
int wt_recover_read(int fd, void *into, size_t bytes, uint64_t offset);
int wt_recover_write(int fd, const void *bytes, size_t length, uint64_t offset);

/* Copy bytes of one file to a place in another. */
int wt_recover_copy_range(int from, uint64_t offset, uint64_t end, int to, uint64_t to_offset);

#endif
