/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_REPAIR_RECOVER_H
#define WIRETAPE_ARCHIVE_REPAIR_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/chunk.h>

/* Makes a capture file whole that a crash has left with holes or without its end, or that
 * something has damaged.
 *
 * A recording made of chunks (chunk.h) keeps all whole chunks where they are, and the intact start
 * of those written in part (partial_chunk.h). Holes between them become gap blocks that give the
 * loss, bytes after the last chunk are cut off, and a final chunk marks the recording as not
 * closed. Any other pcapng or pcap file loses an incomplete last block and trailing zeros. Both may
 * be done in place.
 *
 * All else is done to a copy only. In a file that is damaged in its middle, or not understood, the
 * unreadable bytes are left out and reading resumes at the next block that chains; a block with
 * only its lengths wrong gets right ones. A closed recording is not changed in place either.
 * Several recordings and sections may stand in one file.
 *
 * Looking, then changing: wt_recover_open() reads the whole file and changes nothing.
 * One thread; functions block on the disk. */
struct wt_recovery;

struct wt_recover_hole {
	uint64_t offset;
	uint64_t bytes;
	uint64_t packets; /* missing here, exactly */
	bool in_chunk;    /* begins in a chunk, after its kept part */
	bool has_after, has_before;
	int64_t after_ns;  /* the largest stamp in the last chunk with packets before it */
	int64_t before_ns; /* the smallest in the first one after it */
	bool closed;       /* by an earlier repair */
};

enum wt_recover_way {
	WT_RECOVER_NOTHING, /* the file is whole */
	WT_RECOVER_IN_PLACE,
	WT_RECOVER_COPY, /* only into another file */
};

/* Range outside a recording that does not stay as it is. */
struct wt_recover_passed {
	uint64_t offset, bytes;
	bool is_kept; /* a block whose lengths are written anew; else it is left out */
	char why[200];
};

struct wt_recover_report {
	const char *format; /* "wiretape recording", "pcapng", "pcap (nanoseconds)" …; static */
	bool has_chunks;
	uint64_t size_bytes;
	uint64_t packets; /* that stay */
	uint64_t chunks;  /* that stay, without the first */
	const struct wt_recover_hole *holes;
	size_t hole_count;
	uint64_t missing_packets; /* in the holes */
	uint64_t keep_bytes;      /* up to the end of the last chunk or block that stays */
	uint64_t cut_bytes;       /* of the file after it */
	/* For a tape: */
	bool was_closed;       /* by the recorder */
	bool was_marked;       /* by an earlier repair: it was not closed */
	uint64_t tail_packets; /* in what is cut off, as far as that is known */
	uint64_t part_chunks;  /* written in part, whose start stays */
	uint64_t part_packets; /* of those, that stay */
	uint64_t part_missing; /* and that do not */
	bool has_last;
	int64_t last_ns; /* the largest stamp in the last chunk with packets */
	/* For another file, or several in one: */
	size_t parts; /* recordings and runs of other sections, one after the other */
	int ended;    /* 0; -ENODATA: cut off; others: broken, or not understood */
	const struct wt_recover_passed *passed; /* the first of them */
	size_t passed_count;
	uint64_t lost_ranges, lost_bytes; /* of all: what is left out, but for the tail, */
	uint64_t mended;                  /* and the blocks whose lengths are written anew */
	uint64_t unknown_sections, unknown_bytes; /* of unknown versions; they stay */

	struct wt_error why; /* the reason it ended, or for leaving the file itself alone */
	uint64_t bytes_read; /* to find all that out */
	bool needs_repair;
	enum wt_recover_way way;
};

enum wt_recover_step_kind { WT_RECOVER_WRITE, WT_RECOVER_SYNC, WT_RECOVER_CUT };

/* One of the changes. After any number of them, in their order, the file can be repaired
 * as before. */
struct wt_recover_step {
	enum wt_recover_step_kind kind;
	uint64_t offset; /* CUT: the file's length */
	size_t length;
	uint8_t bytes[WT_CHUNK_ALIGNMENT];
};

/* Zero-initialised: before the first step. */
struct wt_recover_cursor {
	int stage;  /* of several, one after the other */
	bool begun; /* it has had a step */
	size_t hole;
	uint64_t in_hole;
};

/* Open and read `path`; with `change` also for writing. 0 and *recovery, for the caller to
 * close; -EBUSY for a file that is being recorded, -EBADMSG if nothing of it can be
 * kept, -ENOTSUP if it is not a capture file, or another negative errno. */
int wt_recover_open(struct wt_recovery **recovery, const char *path, bool change,
                    struct wt_error *err);

/* Report of the findings; lives as long as the recovery. */
const struct wt_recover_report *wt_recover_report(const struct wt_recovery *recovery);

/* The next change to the file that has to be one recording, or to its last part: true and *step, or
 * false if that was all. Pure. */
bool wt_recover_next_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step);

/* Make the changes in the file itself. -EPERM if report->way does not allow that: nothing was
 * changed then. */
int wt_recover_apply(struct wt_recovery *recovery, struct wt_error *err);

/* Leave the file alone and write the repaired one to `path`, another file and not a stream; it
 * appears once it is whole. Its mode: wt_new_file_open(). */
int wt_recover_copy(struct wt_recovery *recovery, const char *path, mode_t mode,
                    struct wt_error *err);

/* NULL is fine. */
void wt_recover_close(struct wt_recovery *recovery);

#endif
