/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_TAPE_WRITER_H
#define WIRETAPE_CAPTURE_RECORDER_TAPE_WRITER_H

#include <wiretape/capture/recorder/recorded.h>
#include <wiretape/writer/tape.h>

/* A file: the one being written, or one that waits for its last writes. */
struct wt_recorder_file {
	struct wt_tape_writer *writer;
	struct wt_tape *tape;
	uint64_t *landed; /* packets by interface */
	uint32_t number;
	int64_t start_utc_ns;
	int64_t sync_due_ns;
	int failure; /* that kept it from being written to its end */
	bool closed; /* it has its closing blocks */
	bool sync_at_close;
	struct wt_recorder_file *next; /* of those that wait */
};

/* The state of the current file (tape_files.c). Each is left when the disk lets it. */
enum wt_tape_phase {
	WT_TAPE_TAKES, /* whatever it is given */
	/* Going on to the next file. */
	WT_TAPE_ENDING,  /* what has been found out is to be written */
	WT_TAPE_CLOSING, /* so are the closing blocks */
	WT_TAPE_NEXT,    /* the next file is to be begun */
	WT_TAPE_HEADER,  /* its header is to be written */
	/* The end of the recording. */
	WT_TAPE_SETTLING,     /* writes are under way */
	WT_TAPE_SETTLED,      /* what has landed is known */
	WT_TAPE_LAST_FEEDS,   /* what feeds have found out at the end is to be written */
	WT_TAPE_LAST_LANDING, /* and to land */
	WT_TAPE_LAST_CLOSING, /* the closing blocks are to be written */
	WT_TAPE_LAST_WRITES,  /* and to land */
	WT_TAPE_ENDED,
};

enum { WT_RECORDER_BUFFERS = 8 };

/* Puts chunks into files: the current file's tape, and the files before it, which wait for their
 * last writes. It never waits: -EAGAIN says that the disk takes no more now. */
struct wt_tape_writer {
	struct wt_recorder_state *state;
	struct wt_recorded *recorded;
	struct wt_recorder_feeds *feeds; /* whose blocks it takes, too; NULL: none */
	struct wt_buffer_pool pool;
	struct wt_recorder_file *file;
	struct wt_recorder_file *waiting;
	struct wt_ledger *file_starts; /* ledgers when the current file was begun */
	enum wt_tape_phase phase;
	size_t closing_next;     /* interface whose closing block comes next */
	int error;               /* of the step before, at the end */
	bool was_cut;            /* the last file's writer has failed */
	uint64_t recording_id;   /* in each file */
	uint64_t shared_bytes;   /* that the other lanes know of */
	uint64_t max_bytes;      /* of a file; 0: no limit */
	uint64_t finished_bytes; /* of the files before */
	uint32_t file_count;
	struct wt_recorder_writes finished_writes;
	int64_t flush_due_ns; /* of what is under construction; INT64_MAX: nothing is */
	bool direct;
	char hardware[256], os[256]; /* for each file's header */
};

/* Put a block into the current file. 0, -EAGAIN, or the file's error. */
int wt_tape_writer_put(struct wt_tape_writer *writer, const uint8_t *block, size_t bytes);

/* Hand over what is under construction. */
int wt_tape_writer_flush(struct wt_tape_writer *writer);

/* Whether a block of any kind would be taken now; and one in place, with what of it has to be
 * copied before it. */
bool wt_tape_writer_is_ready(const struct wt_tape_writer *writer);
bool wt_tape_writer_takes_in_place(const struct wt_tape_writer *writer);

/* Whether the file is as large as it may become: what can wait waits for the next. */
bool wt_tape_writer_is_full(const struct wt_tape_writer *writer);

/* See whether writes have ended, and finish files that wait for nothing more. */
void wt_tape_writer_reap(struct wt_tape_writer *writer);

/* Flush and sync when it is time; and the time at which it is. */
void wt_tape_writer_tend(struct wt_tape_writer *writer);
int64_t wt_tape_writer_due_ns(const struct wt_tape_writer *writer);

void wt_tape_writer_count_writes(const struct wt_tape_writer *writer,
                                 struct wt_recorder_writes *writes);
uint64_t wt_tape_writer_all_bytes(const struct wt_tape_writer *writer); /* of all files */

/* Note the way its sink writes, which may show only with the first write. */
void wt_tape_writer_note_sink(struct wt_tape_writer *writer, const struct wt_recorder_file *file);

/* Finish a file whose writes have all ended: it is closed in the background. */
void wt_tape_writer_finish_file(struct wt_tape_writer *writer, struct wt_recorder_file *file);
void wt_recorder_free_file(struct wt_recorder_file *file);

#endif
