/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_H
#define WIRETAPE_WRITER_SINK_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/error.h>
#include <wiretape/writer/write.h>

/* Destination of one file's bytes, from its beginning to its end. Nothing is copied: the memory of
 * a write, which may be a block of a kernel's ring, is its owner's again when it has ended
 * (write.h). A write has landed when it and all before it have ended well.
 *
 * One thread. After a failed write the sink takes nothing more; wt_sink_truncate() gives it one
 * more chance. */
struct wt_sink;

/* Most writes of one file that have not landed. Those in flight are fewer (WT_DISK_DEPTH); but they
 * end in any order, and a late one holds up those after it. So this times the length of a write
 * bounds what can be missing in the middle of a file after a crash, besides data not yet on stable
 * storage. */
#define WT_SINK_UNLANDED_MOST 64

/* Most writes in flight of all files of a disk: room ahead and stable storage must get their turn
 * while it never runs out of writes. */
#define WT_SINK_WRITES_MOST (WT_DISK_DEPTH - 2)

/* Report that a write has landed, in the order of the file: `bytes` of it, which are all, or as
 * many as a stream took of one that failed; then its memory is still there. Called from within
 * wt_sink_write(), wt_sink_reap() and wt_sink_settle(), in their thread. */
typedef void wt_sink_landed(void *context, struct wt_write *write, size_t bytes);

/* Mode of files with packets in them by default, less the umask. */
#define WT_FILE_MODE 0640

/* File to be written, as a name in a directory. Borrowed while the sink is opened. */
struct wt_sink_place {
	int dir_fd;
	const char *name; /* name in it; a link is followed (file_place.h) */
	int fd;           /* the file, if already open for writing, and empty; else -1 */
	mode_t mode;      /* exact; 0: WT_FILE_MODE less the umask, and an old file's own */
	/* Free space as somebody keeps it up to date, for as long as the sink is there. NULL: the
	 * thread that writes asks. */
	const _Atomic uint64_t *free_bytes;
};

struct wt_sink_config {
	/* Files only: where the file is, whatever its path says. NULL: at its path. */
	const struct wt_sink_place *place;
	/* Streams only: once *abort_writes is not 0, a write without progress for two seconds fails
	 * with -ETIMEDOUT. NULL waits for ever. */
	const volatile sig_atomic_t *abort_writes;
	/* In place of the two seconds, if it is not INT64_MAX: fail from this time of
	 * CLOCK_MONOTONIC on [NULL: two seconds]. */
	const _Atomic int64_t *deadline_ns;
	/* Files only: reserved for its closing blocks, in addition to the usual. */
	size_t closing_bytes;
};

enum wt_direct { WT_DIRECT_AUTO, WT_DIRECT_ON, WT_DIRECT_OFF };

struct wt_sink_statistics {
	uint64_t writes;      /* successful */
	uint64_t slow_writes; /* successful ones that took a second or longer */
	int64_t longest_ns;   /* slowest write, from submission to its end, failed ones included */
	int64_t oldest_ns;    /* age of the oldest write in flight; 0: none */
	uint32_t in_flight;   /* now */
	uint32_t in_flight_most;
};

/* Open a file at `path`, created or truncated, and make it ready to be written through `disk`,
 * which stays the caller's and must outlive the sink until it is settled. Any thread; may block for
 * as long as the file system does, and does not touch the disk: from the first write on the sink
 * belongs to the disk's thread. It is opened once: later changes of its name are not followed, but
 * reported when it is closed. A link is followed unless others may have made it. Every write has to
 * be a multiple of wt_sink_granule() bytes at an address aligned to it. If `path` is not a regular
 * file (a FIFO, a device) it becomes a stream. `exclusive`: fail with -EEXIST if the file exists.
 * The file is locked (flock) while it is open. Closing it unused removes it.
 *
 * wt_sink_degraded() reports if direct I/O was refused, which may also happen at the first write.
 * With WT_DIRECT_ON that is an error. */
int wt_sink_file_open(struct wt_sink **sink, const char *path, struct wt_disk *disk,
                      enum wt_direct direct, bool exclusive, const struct wt_sink_config *config,
                      struct wt_error *err);

/* Write to a stream that is already open, e.g. a pipe into tshark. The descriptor stays the
 * caller's, and its flags as they are. Nothing here blocks: the stream is given as much as it takes
 * now, the rest when reaped. */
int wt_sink_stream_open(struct wt_sink **sink, int fd, const struct wt_sink_config *config);

/* Take bytes of a stream: how many it has taken of `length`, 0 or -EAGAIN if none for now, or
 * another negative errno, which ends it. Must not wait. */
typedef ssize_t wt_sink_take(void *context, const uint8_t *bytes, size_t length);

/* Give a stream to a function instead of a descriptor. There is nothing to poll for: reap when it
 * may take more. */
int wt_sink_call_open(struct wt_sink **sink, wt_sink_take *take, void *context,
                      const struct wt_sink_config *config);

/* Name whoever is told what has landed, before the first write [nobody]. */
void wt_sink_notify(struct wt_sink *sink, wt_sink_landed *landed, void *context);

/* Unit of addresses, lengths and thus offsets of writes: 4096 for a file, 1 for a
 * stream, which needs no padding. */
size_t wt_sink_granule(const struct wt_sink *sink);

/* Write write->length bytes at write->bytes, the next of the file. 0: taken. -EAGAIN: there is no
 * room; nothing was taken. Or the error of an earlier write. If this write fails at once, the next
 * call reports it. */
int wt_sink_write(struct wt_sink *sink, struct wt_write *write);

/* Number of writes that wt_sink_write() would take now. */
uint32_t wt_sink_room(const struct wt_sink *sink);

/* Process writes that have ended, and go on with those that a stream had no room for. Never blocks.
 * `now_ns`: CLOCK_MONOTONIC, for aborted writes; reap at least every second while there are any. */
void wt_sink_reap(struct wt_sink *sink, int64_t now_ns);

/* What to poll for in order to know when to reap; fd -1: nothing to wait for. Files of one disk
 * have it in common. */
struct pollfd wt_sink_poll(const struct wt_sink *sink);

/* Reap until the sink is idle. Blocks for as long as the disk or the stream does. */
void wt_sink_settle(struct wt_sink *sink);

/* Whether the sink is idle: no write, and no other disk request in flight. */
bool wt_sink_is_idle(const struct wt_sink *sink);

/* Bytes accepted so far, less those cut off; and those that have landed. */
uint64_t wt_sink_bytes(const struct wt_sink *sink);
uint64_t wt_sink_landed_bytes(const struct wt_sink *sink);

/* Whether writes bypass the page cache. */
bool wt_sink_is_direct(const struct wt_sink *sink);

/* The error of the first failed write in file order, or 0. */
int wt_sink_failed(const struct wt_sink *sink);

/* Call once settled: keep the first `length` bytes of the file, which must have landed, and forget
 * a failure. Frees the space held in reserve, so that a full disk takes the closing blocks.
 * -ENOTSUP for a stream. */
int wt_sink_truncate(struct wt_sink *sink, uint64_t length);

/* Start bringing all data that has landed so far to stable storage. Does not block (the disk does
 * it); a stream has nothing to do. The sink is idle when it is done. An error counts as that of a
 * failed write. */
int wt_sink_sync(struct wt_sink *sink);

/* Duplicate a descriptor to read the file with, which the caller closes; independent of the file's
 * name. -ENOTSUP if there is none, or another negative errno. */
int wt_sink_reopen(const struct wt_sink *sink);

void wt_sink_statistics(const struct wt_sink *sink, int64_t now_ns,
                        struct wt_sink_statistics *statistics);

/* How this falls short of the request, and why; or NULL. Lives as long as the sink. */
const char *wt_sink_degraded(const struct wt_sink *sink);

/* Settle, cut the file to what has landed, bring it to stable storage if `sync`, close, free. NULL
 * is fine. Blocks. Once settled, any thread may call it, and it then makes no use of the disk;
 * records of failed writes are retired in that thread, unless wt_sink_truncate() has done it. A
 * file in which nothing arrived is removed. Returns the error of a failed write, unless cut off, or
 * of closing; the sink is gone either way. Also an error if the file's name now leads elsewhere or
 * data is missing: wt_sink_spoilt(). */
int wt_sink_close(struct wt_sink *sink, bool sync);

/* Describe what was done to a file while it was written, for these errors of wt_sink_close(); NULL
 * for others. Follows its name: "was deleted …". */
#define WT_SINK_DELETED   (-ENOENT)  /* it has no name left, and is gone */
#define WT_SINK_REPLACED  (-ESTALE)  /* it has another name, and its own is taken or gone */
#define WT_SINK_TRUNCATED (-ENODATA) /* some of it is missing */
const char *wt_sink_spoilt(int error);

#endif
