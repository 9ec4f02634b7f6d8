/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILES_FILE_SET_H
#define WIRETAPE_WRITER_FILES_FILE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/writer/sink.h>

/* The files of one recording, one after the other: when to begin the next, its name, which old ones
 * to delete, and the command to run when one is finished.
 *
 * While a file is written it has a work name, NAME_00001.pcapng.part; once it is complete it is
 * renamed to NAME_00001_20261121T003000Z.pcapng, with the time at which it was begun. Retention
 * goes by the files' numbers: never by times on the disk, never by packets' stamps. A file that
 * could not be completed keeps its work name, counts, and is deleted in its turn like the others;
 * so is whatever the command has made of a file by appending to its name.
 *
 * Files of an earlier recording under the same path are adopted, if anything is to be kept or
 * deleted: they count, and go first, by number. A file with a work name or a final one has to be a
 * tape; for one that a command has compressed or renamed the name is enough, if no other file has
 * that number. While another recording writes to the series none is adopted: they may belong to it.
 * All other files are never touched.
 *
 * The directory is opened once: privileges may be dropped and the working directory changed
 * afterwards, though a relative path then no longer works for the caller or a command. */
struct wt_file_set;

/* Zero is the default given in brackets. Strings are copied. */
struct wt_file_set_config {
	const char *path; /* as given with -w: DIR/NAME.EXT */
	/* When to begin the next file; all 0: never, and `path` itself is written. */
	uint64_t max_bytes;   /* before a file exceeds this */
	uint64_t max_packets; /* after exactly this many */
	int64_t duration_ns;  /* since the file was begun, CLOCK_MONOTONIC */
	/* At multiples of this, CLOCK_REALTIME. A clock that is set back does not repeat a file,
	 * but one set back by more than this begins the next. */
	int64_t interval_ns;
	/* Files to keep, the current one included; needs a condition. The oldest goes first; one
	 * whose command has not ended is skipped. */
	uint32_t keep_files; /* [all] */
	/* The current one counts as max_bytes; without that limit, as its size on the disk, looked
	 * at each second [no limit] */
	uint64_t keep_bytes;
	uint64_t min_free_bytes; /* free space to leave on the file system [none] */
	bool min_free_deletes;   /* below that, delete the oldest; stop if there is none left */
	mode_t mode;             /* of the files, exact [WT_FILE_MODE less the umask] */
	bool no_adopt;           /* files of earlier recordings neither count nor get deleted */
	/* A command that runs for longer is ended, with its whole process group [an hour]. */
	int64_t on_close_timeout_ns;
	uint32_t first_number; /* none below it, also if they are free [1] */
	const char *on_close;  /* for the shell; its argument is the finished file [nothing] */
};

enum wt_file_set_due {
	WT_FILE_NOT_DUE,
	WT_FILE_DUE_BYTES,
	WT_FILE_DUE_PACKETS,
	WT_FILE_DUE_DURATION,
	WT_FILE_DUE_INTERVAL,
};

struct wt_file_set_entry {
	const char *path; /* its current name */
	uint64_t bytes;
	uint64_t packets;
	uint32_t number; /* from 1 */
	bool deleted;
	bool finished;
};

/* Open the directory, which has to exist and, if there is a condition, to be writable, look for
 * numbers in use, make the first file ready, and start the set's threads. -EINVAL for a
 * configuration that makes no sense, or the directory's error. */
int wt_file_set_open(struct wt_file_set **set, const struct wt_file_set_config *config,
                     struct wt_error *err);

/* Whether there is more than one file to come. */
bool wt_file_set_rotates(const struct wt_file_set *set);

/* The number of the file that is ready to be begun, as one is after opening. 0: none is, or files
 * are not numbered. */
uint32_t wt_file_set_next_number(struct wt_file_set *set);

/* Begin the next file: its path and number; times are those at which it begins. Takes what a thread
 * of the set has made ready and calls nothing that touches a disk. -EAGAIN: it is not ready. Then
 * packets wait in the ring, rather than make the current file exceed its limits, until
 * wt_file_set_fd() is readable. Other errors are those of making it.
 *
 * Numbers continue after the highest under which this or another recording has left a file. If
 * there is a condition the file exists already, empty and locked, so that nobody else takes its
 * name; one that is never begun is removed at the end, or by the next recording. The path lives as
 * long as the set. One thread (the recorder's), like is_ready, is_due, next_due_ns and finish. */
int wt_file_set_begin(struct wt_file_set *set, int64_t monotonic_ns, int64_t utc_ns,
                      const char **path, uint32_t *number, struct wt_error *err);

/* Whether wt_file_set_begin() would have another answer than -EAGAIN. */
bool wt_file_set_is_ready(struct wt_file_set *set);

/* Descriptor that becomes readable when a file is ready, or cannot be made, after it was not; until
 * it is begun. */
int wt_file_set_fd(const struct wt_file_set *set);

/* Opens the file at config->place; see wt_sink_file_open(). 0 or -errno. */
typedef int wt_file_set_opener(void *context, const char *path, const struct wt_sink_config *config,
                               struct wt_sink **sink, struct wt_error *err);

/* From the second file on have files opened when they are made ready, in a thread of the set; it
 * puts the place into a copy of *config. Call it before the first is begun. */
void wt_file_set_open_ahead(struct wt_file_set *set, wt_file_set_opener *open, void *context,
                            const struct wt_sink_config *config);

/* The sink of the file begun last, which becomes the caller's. NULL: it was not opened ahead. */
struct wt_sink *wt_file_set_take_sink(struct wt_file_set *set);

/* Place of the file begun last, for the sink: if there is a condition it is already open, and this
 * very file is written, whatever has its name by then. Borrowed until the next is begun. */
void wt_file_set_place(const struct wt_file_set *set, struct wt_sink_place *place);

/* Whether the current file has to end before `next_bytes` are added to it. Pure; cheap enough for
 * every batch of frames. */
enum wt_file_set_due wt_file_set_is_due(const struct wt_file_set *set, uint64_t bytes,
                                        uint64_t next_bytes, uint64_t packets, int64_t monotonic_ns,
                                        int64_t utc_ns);

/* The limits of a file, 0: none. */
uint64_t wt_file_set_max_bytes(const struct wt_file_set *set);
uint64_t wt_file_set_max_packets(const struct wt_file_set *set);

/* Latest time to look again, CLOCK_MONOTONIC; INT64_MAX: never by time. */
int64_t wt_file_set_next_due_ns(const struct wt_file_set *set, int64_t monotonic_ns,
                                int64_t utc_ns);

/* Whether enough space was free when a thread of the set looked last, which it does more often the
 * less is left; it also deletes old files if configured, skipping those whose command has not
 * ended. False: too little, and nothing (more) to delete: stop recording. True also if enough was
 * deleted but does not show yet. Never blocks. Any thread. */
bool wt_file_set_has_space(const struct wt_file_set *set);

/* Hand over a begun file to be finished: in the background `finish(context)` is called (it closes
 * the file, however long that takes, and returns 0 or -errno), then the file is renamed, old ones
 * are deleted, and the command is run, at most four at a time. Does not wait. */
void wt_file_set_finish(struct wt_file_set *set, uint32_t number, uint64_t bytes, uint64_t packets,
                        int (*finish)(void *context), void *context);

/* Next event of the background: a file that could not be closed, renamed or deleted, a command that
 * failed. Copies one sentence, and says whether it is an error (the file is not as it should be) or
 * a remark. 1, or 0 if there is none. Any thread. */
int wt_file_set_next_event(struct wt_file_set *set, char *text, size_t capacity, bool *error);

/* The files so far, oldest first, including deleted but not adopted ones. Valid until the next
 * wt_file_set_begin() or wt_file_set_close(); call it while the background is idle (after
 * wt_file_set_settle()). */
size_t wt_file_set_files(struct wt_file_set *set, const struct wt_file_set_entry **files);

/* Wait until everything handed over is finished, every command has ended and the next file is
 * ready, if one can be made. The disk may still be taking away what was deleted. */
void wt_file_set_settle(struct wt_file_set *set);

/* Stop waiting for commands: running ones are ended, waiting ones are not begun. From any thread or
 * signal handler. */
void wt_file_set_abort_writes(struct wt_file_set *set);

/* Settles. NULL is fine. */
void wt_file_set_close(struct wt_file_set *set);

#endif
