/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_H
#define WIRETAPE_WRITER_SINK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/error.h>
#include <wiretape/writer/disk/disk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the bytes of one file go, from its beginning to its end. The memory that is
 * written stays the caller's and is not copied: it may be a block of a kernel's ring.
 * It comes back through `done`.
 *
 * One thread. After a failed write the sink takes nothing more; wt_sink_cut() gives it
 * one more chance. */
struct wt_sink;

/* As many writes of one file may be in flight. They end in any order, so this times the
 * length of a write bounds what a crash can lose, beside what is not yet on stable storage. */
#define WT_SINK_WRITES_MOST 16

/* The write that carries `token` is over: 0, or the negative errno that it failed with.
 * Writes may end in any order. Called from within wt_sink_write(), wt_sink_reap() and
 * wt_sink_settle(), in their thread. */
typedef void wt_sink_done(void *context, void *token, int error);

/* The mode of files with packets in them, unless one is asked for: less what umask takes. */
#define WT_FILE_MODE 0640

/* A file that is to be written, as a name in a directory. Borrowed while the sink is opened. */
struct wt_sink_place {
	int dir_fd;
	const char *name; /* in it; what it leads to is what is meant (file_place.h) */
	int fd;           /* the file, opened for writing already, and empty; -1: it is not */
	mode_t mode;      /* exactly; 0: WT_FILE_MODE less the umask, and an old file's own */
};

struct wt_sink_config {
	wt_sink_done *done; /* required */
	void *context;
	/* A file only: where it is, whatever its path says. NULL: at its path. */
	const struct wt_sink_place *place;
	/* A stream only: once *hurry is not 0, a write without progress for two seconds is
	 * given up with -ETIMEDOUT. NULL waits for ever. */
	const volatile sig_atomic_t *hurry;
};

enum wt_direct { WT_DIRECT_AUTO, WT_DIRECT_ON, WT_DIRECT_OFF };

struct wt_sink_statistics {
	uint64_t writes;      /* ended well */
	uint64_t slow_writes; /* of them, those that took a second or longer */
	int64_t longest_ns;   /* of a single write, from handing over to its end, failed ones too */
	int64_t oldest_ns;    /* how long the oldest write in flight has been on its way; 0: none */
	uint32_t in_flight;   /* now */
	uint32_t in_flight_most;
};

/* A file at `path`, created or cut to nothing, written through `disk`, which stays the
 * caller's and must outlive the sink. It is opened once: what happens to its name later is not
 * followed, but told when it is closed. A link is followed unless others may have made it.
 * Everything that is written to it has to be a multiple of wt_sink_granule() bytes at an address
 * aligned to it. If `path` is no regular file (a FIFO, a device) it becomes a stream. `exclusive`:
 * fail with -EEXIST if there is a file already. The file is locked (flock) while it is open.
 *
 * wt_sink_degraded() tells if direct I/O was refused, which may also happen to the first write.
 * With WT_DIRECT_ON that is an error. */
int wt_sink_file_open(struct wt_sink **sink, const char *path, struct wt_disk *disk,
                      enum wt_direct direct, bool exclusive, const struct wt_sink_config *config,
                      struct wt_error *err);

/* A stream that is open already, e.g. a pipe into tshark. The descriptor stays the
 * caller's. Writing blocks, and `done` is called before it returns. */
int wt_sink_stream_open(struct wt_sink **sink, int fd, const struct wt_sink_config *config);

/* Memory, for tests. Behaves like a disk with room for `limit_bytes` (0: no limit), then
 * -ENOSPC. `done` is called before a write returns. */
int wt_sink_memory_open(struct wt_sink **sink, size_t limit_bytes,
                        const struct wt_sink_config *config);
const uint8_t *wt_sink_memory_bytes(const struct wt_sink *sink, size_t *length);

/* What addresses, lengths and so the offsets of writes have to be multiples of: 4096 for a
 * file and for memory, 1 for a stream, which does not need padding. */
size_t wt_sink_granule(const struct wt_sink *sink);

/* The next bytes of the file. 0: they are on their way (or there). -EAGAIN: there are as
 * many writes in flight as there may be; nothing was taken. Or the error that the sink has
 * failed with. If the write itself fails at once, `done` says so, and so does the next call. */
int wt_sink_write(struct wt_sink *sink, const uint8_t *bytes, size_t length, void *token);

/* How many writes wt_sink_write() would take now. */
uint32_t wt_sink_room(const struct wt_sink *sink);

/* Call `done` for the writes that have ended. Never blocks. */
void wt_sink_reap(struct wt_sink *sink);

/* The same until none is in flight. Blocks for as long as the disk does. */
void wt_sink_settle(struct wt_sink *sink);

/* Whether nothing is going on: no write, and nothing else that the disk does for the sink. */
bool wt_sink_is_idle(const struct wt_sink *sink);

/* Bytes taken so far, less those cut off. */
uint64_t wt_sink_bytes(const struct wt_sink *sink);

/* A stream: how many bytes it has taken from us, of a write that failed too. */
uint64_t wt_sink_arrived(const struct wt_sink *sink);

/* Past the page cache. */
bool wt_sink_is_direct(const struct wt_sink *sink);

/* The error of the first failed write in file order, or 0. */
int wt_sink_failed(const struct wt_sink *sink);

/* Once settled: keep the first `length` bytes of the file, and forget a failure. Frees the
 * space held in reserve, so that a full disk takes the closing blocks. -ENOTSUP for a stream. */
int wt_sink_cut(struct wt_sink *sink, uint64_t length);

/* Start to bring to stable storage what has been written by now. Does not block (the disk
 * does it); a stream has nothing to do. wt_sink_synced() rises when it is done. An error is
 * that of a failed write. */
int wt_sink_sync(struct wt_sink *sink);

/* As many bytes from the beginning are known to be on stable storage. */
uint64_t wt_sink_synced(const struct wt_sink *sink);

void wt_sink_statistics(const struct wt_sink *sink, int64_t now_ns,
                        struct wt_sink_statistics *statistics);

/* What is less than asked and why, or NULL. Lives as long as the sink. */
const char *wt_sink_degraded(const struct wt_sink *sink);

/* Settle what is left, cut the file to what was taken (less what failed), bring it to
 * stable storage if `sync`, close, free. NULL is fine. Blocks. Once settled, any thread may
 * call it, and it then makes no use of the disk. A file in which nothing arrived is
 * removed. The error of a failed write, unless cut off, or of closing; the sink is gone
 * all the same. Also if what is under the file's name then is not what was written:
 * wt_sink_spoilt(). */
int wt_sink_close(struct wt_sink *sink, bool sync);

/* What has been done to a file while it was written, for these errors of wt_sink_close(); NULL
 * for others. Follows its name: "was deleted …". */
#define WT_SINK_DELETED   (-ENOENT)  /* it has no name any more, and is gone */
#define WT_SINK_REPLACED  (-ESTALE)  /* it has another name, and its own is another's or gone */
#define WT_SINK_TRUNCATED (-ENODATA) /* some of it is missing */
const char *wt_sink_spoilt(int error);

#ifdef __cplusplus
}
#endif
#endif
