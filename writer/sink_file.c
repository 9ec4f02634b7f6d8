/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk_private.h>
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Space that nobody sees, allocated far behind the end of the file. A write that
 * finds the disk full cuts the file, which frees it, and the closing blocks fit. */
enum { BALLAST_BYTES = 64 * 1024 };
static const off_t ballast_offset = (off_t)1 << 40;

/* Writes into space that the file has already go on side by side; those that extend it
 * the kernel does one after the other. So a busy file gets room ahead of its end: as much
 * again as it has, so that many small ones do not take space that they never use. */
enum { AHEAD_LEAST_BYTES = 16 << 20, AHEAD_MOST_BYTES = 256 << 20 };

/* Direct writes that end short of a granule are begun again from its start, but not for
 * ever. */
enum { STUCK_MOST = 8 };

struct slot {
	struct wt_disk_request request; /* first: the slot is found through it */
	struct wt_sink_piece piece;
	const uint8_t *bytes;
	bool busy;
	unsigned stuck; /* short writes in a row that brought nothing */
};

struct file_sink {
	struct wt_sink sink;
	struct wt_disk *disk;
	struct slot slots[WT_SINK_WRITES_MOST];
	struct wt_disk_request allocate, sync;
	bool allocating, syncing;
	bool sync_wanted;     /* another one, once this has ended */
	uint64_t sync_covers; /* what the one in flight makes sure of */
	uint64_t allocated;   /* room up to here was asked for */
	bool no_ahead;        /* allocating was refused, or the file was cut */
	int fd;
	char path[4096];
};

static struct file_sink *file_of(struct wt_sink *sink)
{
	return (struct file_sink *)sink;
}

static struct slot *find_slot(struct file_sink *file)
{
	for (int i = 0; i < WT_SINK_WRITES_MOST; i++)
		if (!file->slots[i].busy)
			return &file->slots[i];
	return NULL;
}

/* Up to here all writes have ended well. */
static uint64_t completed_prefix(const struct file_sink *file)
{
	uint64_t prefix = file->sink.taken;

	for (int i = 0; i < WT_SINK_WRITES_MOST; i++)
		if (file->slots[i].busy && file->slots[i].piece.offset < prefix)
			prefix = file->slots[i].piece.offset;
	return file->sink.whole < prefix ? file->sink.whole : prefix;
}

static void end_write(struct file_sink *file, struct slot *slot, int error)
{
	struct wt_sink_piece piece = slot->piece;
	int64_t ended_ns = slot->request.started_ns + slot->request.took_ns;

	/* Free before `done`, which may write again. */
	slot->busy = false;
	wt_sink_ended(&file->sink, &piece, error, ended_ns);
}

/* The rest of a short write. Direct I/O continues only where a granule begins. */
static int write_rest(struct file_sink *file, struct slot *slot)
{
	size_t got = (size_t)slot->request.result;

	if (file->sink.direct)
		got -= got % WT_SINK_PAGE_BYTES;
	if (got)
		slot->stuck = 0;
	else if (++slot->stuck > STUCK_MOST)
		return -EIO;
	slot->request.bytes += got;
	slot->request.length -= got;
	slot->request.offset += got;
	return wt_disk_submit(file->disk, &slot->request);
}

static void on_written(struct wt_disk_request *request)
{
	struct slot *slot = (struct slot *)request;
	struct file_sink *file = request->owner;
	int error = 0;

	if (request->result < 0) {
		error = (int)request->result;
	} else if (request->result == 0) {
		error = -EIO;
	} else if ((size_t)request->result < request->length) {
		error = write_rest(file, slot);
		if (!error)
			return;
	}
	end_write(file, slot, error);
}

/* A disk without room for it will say so to the writes, when it has none for them
 * either. */
static void on_allocated(struct wt_disk_request *request)
{
	struct file_sink *file = request->owner;

	file->allocating = false;
	if (request->result < 0)
		file->no_ahead = true;
}

/* A file that is written one write at a time gains nothing, and would have an end of
 * zeros after a crash. Nor would one that goes through the page cache gain. */
static void allocate_ahead(struct file_sink *file)
{
	uint64_t end = file->sink.taken, ahead = end;
	uint64_t from = file->allocated > end ? file->allocated : end;

	if (ahead < AHEAD_LEAST_BYTES)
		ahead = AHEAD_LEAST_BYTES;
	if (ahead > AHEAD_MOST_BYTES)
		ahead = AHEAD_MOST_BYTES;
	if (!file->sink.direct || file->no_ahead || file->allocating)
		return;
	if (file->sink.statistics.in_flight < 2 || from - end >= ahead / 2)
		return;
	file->allocate = (struct wt_disk_request){
	        .op = WT_DISK_ALLOCATE,
	        .fd = file->fd,
	        .offset = from,
	        .length = (size_t)(end + ahead - from),
	        .done = on_allocated,
	        .owner = file,
	};
	if (wt_disk_submit(file->disk, &file->allocate))
		return;
	file->allocating = true;
	file->allocated = end + ahead;
}

static int write_file(struct wt_sink *sink, const uint8_t *bytes, size_t length, void *token)
{
	struct file_sink *file = file_of(sink);
	struct slot *slot = find_slot(file);
	int ret;

	if (!slot)
		return -EAGAIN;
	*slot = (struct slot){
	        .request = {.op = WT_DISK_WRITE,
	                    .fd = file->fd,
	                    .buffered = !file->sink.direct,
	                    .bytes = bytes,
	                    .length = length,
	                    .offset = sink->taken,
	                    .done = on_written,
	                    .owner = file},
	};
	ret = wt_disk_submit(file->disk, &slot->request);
	if (ret)
		return ret;
	slot->busy = true;
	slot->piece = (struct wt_sink_piece){sink->taken, length, token, slot->request.started_ns};
	sink->taken += length;
	wt_sink_began(sink);
	allocate_ahead(file);
	return 0;
}

static uint32_t room_in_file(const struct wt_sink *sink)
{
	const struct file_sink *file = (const struct file_sink *)sink;
	uint32_t own = WT_SINK_WRITES_MOST - sink->statistics.in_flight;
	uint32_t shared = WT_DISK_DEPTH - wt_disk_in_flight(file->disk);

	return own < shared ? own : shared;
}

static void start_sync(struct file_sink *file);

static void on_synced(struct wt_disk_request *request)
{
	struct file_sink *file = request->owner;

	file->syncing = false;
	if (request->result < 0)
		wt_sink_fail(&file->sink, file->sink.synced, (int)request->result);
	else if (file->sync_covers > file->sink.synced)
		file->sink.synced = file->sync_covers;
	if (file->sync_wanted && !file->sink.failed)
		start_sync(file);
}

/* Covers what has ended by now: the kernel promises nothing of writes in flight. */
static void start_sync(struct file_sink *file)
{
	file->sync = (struct wt_disk_request){
	        .op = WT_DISK_SYNC,
	        .fd = file->fd,
	        .done = on_synced,
	        .owner = file,
	};
	file->sync_covers = completed_prefix(file);
	file->sync_wanted = wt_disk_submit(file->disk, &file->sync) != 0;
	file->syncing = !file->sync_wanted;
}

static int sync_file(struct wt_sink *sink)
{
	struct file_sink *file = file_of(sink);

	if (file->syncing)
		file->sync_wanted = true;
	else
		start_sync(file);
	return 0;
}

/* One that the disk had no place for. */
static void retry_sync(struct file_sink *file)
{
	if (file->sync_wanted && !file->syncing && !file->sink.failed)
		start_sync(file);
}

static void reap_file(struct wt_sink *sink)
{
	wt_disk_reap(file_of(sink)->disk, false);
	retry_sync(file_of(sink));
}

static bool is_busy(const struct file_sink *file)
{
	return file->sink.statistics.in_flight || file->allocating || file->syncing ||
	       (file->sync_wanted && !file->sink.failed);
}

static bool file_is_idle(const struct wt_sink *sink)
{
	return !is_busy((const struct file_sink *)sink);
}

static void settle_file(struct wt_sink *sink)
{
	struct file_sink *file = file_of(sink);

	while (is_busy(file)) {
		wt_disk_reap(file->disk, true);
		retry_sync(file);
	}
}

static int64_t oldest_in_file(const struct wt_sink *sink)
{
	const struct file_sink *file = (const struct file_sink *)sink;
	int64_t oldest = INT64_MAX;

	for (int i = 0; i < WT_SINK_WRITES_MOST; i++)
		if (file->slots[i].busy && file->slots[i].piece.started_ns < oldest)
			oldest = file->slots[i].piece.started_ns;
	return oldest;
}

static int cut_file(struct wt_sink *sink, uint64_t length)
{
	struct file_sink *file = file_of(sink);

	if (file->allocating || file->syncing)
		return -EBUSY;
	if (ftruncate(file->fd, (off_t)length))
		return -errno;
	file->allocated = 0;
	file->no_ahead = true;
	return 0;
}

/* What the name stands for may have been moved away or replaced meanwhile. */
static bool has_its_name(const struct file_sink *file)
{
	struct stat open_file, named;

	return !fstat(file->fd, &open_file) && !stat(file->path, &named) &&
	       open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

/* The file's name is stable only when its folder is. Folders that cannot be opened or
 * synced (rights, some network file systems) are as good as they get. */
static int sync_folder(const struct file_sink *file)
{
	char path[sizeof(file->path)];
	int fd, ret = 0;

	memcpy(path, file->path, sizeof(path));
	fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fsync(fd) && errno == EIO)
		ret = -EIO;
	close(fd);
	return ret;
}

static int sync_all(const struct file_sink *file)
{
	if (fsync(file->fd))
		return -errno;
	return sync_folder(file);
}

static int close_file(struct wt_sink *sink, uint64_t length, bool sync)
{
	struct file_sink *file = file_of(sink);
	int ret = 0;

	/* Frees the ballast and the room ahead. */
	if (ftruncate(file->fd, (off_t)length))
		ret = -errno;
	if (!length && has_its_name(file))
		unlink(file->path);
	else if (sync && !ret)
		ret = sync_all(file);
	/* By hand: advice to the kernel may hold the file open for a moment longer. */
	flock(file->fd, LOCK_UN);
	/* The kernel may report a failed write only here (NFS, quotas). */
	if (close(file->fd) && !ret)
		ret = -errno;
	return ret;
}

static const struct wt_sink_ops file_ops = {
        .granule = WT_SINK_PAGE_BYTES,
        .write = write_file,
        .room = room_in_file,
        .is_idle = file_is_idle,
        .reap = reap_file,
        .settle = settle_file,
        .cut = cut_file,
        .sync = sync_file,
        .oldest_started_ns = oldest_in_file,
        .close = close_file,
};

static bool is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) || S_ISREG(status.st_mode);
}

/* `exclusive` is about recordings: a FIFO or device is there to be written to. */
static int open_path(const char *path, bool exclusive)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : 0);
	int fd = open(path, flags, 0644);

	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		return -errno;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!is_regular(fd))
		return fd;
	close(fd);
	return -EEXIST;
}

/* 0: it is locked, or this file system knows no locks. -ESTALE: another program that had
 * it open has removed it. */
static int lock(int fd)
{
	struct stat status;

	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EWOULDBLOCK;
	return !fstat(fd, &status) && !status.st_nlink ? -ESTALE : 0;
}

/* The descriptor, locked, but not yet cut: it may be somebody's recording. */
static int open_and_lock(const char *path, bool exclusive)
{
	int fd, ret;

	do {
		fd = open_path(path, exclusive);
		if (fd < 0 || !is_regular(fd))
			return fd;
		ret = lock(fd);
		if (ret)
			close(fd);
	} while (ret == -ESTALE);
	return ret ? ret : fd;
}

static int say_why_not(struct wt_error *err, const char *path, int error)
{
	if (error == -EEXIST)
		return wt_error_set(err, error, "%s is there already: give another name", path);
	if (error == -EWOULDBLOCK)
		return wt_error_set(err, error,
		                    "%s is being recorded by another program: wait for its end, "
		                    "or give another name",
		                    path);
	return wt_error_set(err, error, "cannot write %s: %s", path, strerror(-error));
}

static int refuse_direct(struct file_sink *file, enum wt_direct direct, int error,
                         struct wt_error *err)
{
	if (direct == WT_DIRECT_ON)
		return wt_error_set(err, error,
		                    "direct I/O is refused for %s (%s): write to another file "
		                    "system, or through the page cache",
		                    file->path, strerror(-error));
	snprintf(file->sink.degraded, sizeof(file->sink.degraded),
	         "direct I/O is refused for %.300s (%s): writing through the page cache",
	         file->path, strerror(-error));
	return 0;
}

static int choose_direct(struct file_sink *file, enum wt_direct direct, struct wt_error *err)
{
	int flags = fcntl(file->fd, F_GETFL);

	if (direct == WT_DIRECT_OFF)
		return 0;
	if (flags < 0 || fcntl(file->fd, F_SETFL, flags | O_DIRECT))
		return refuse_direct(file, direct, -errno, err);
	file->sink.direct = true;
	return 0;
}

static int prepare_file(struct file_sink *file, enum wt_direct direct, struct wt_error *err)
{
	int ret = choose_direct(file, direct, err);

	if (ret)
		return ret;
	if (ftruncate(file->fd, 0)) {
		ret = -errno;
		return say_why_not(err, file->path, ret);
	}
	/* Without it recording works as well; only the end on a full disk is poorer. */
	if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, ballast_offset, BALLAST_BYTES))
		errno = 0;
	return 0;
}

/* What could not be opened as asked leaves no trace. */
static void remove_if_empty(const struct file_sink *file)
{
	struct stat status;

	if (!fstat(file->fd, &status) && !status.st_size && has_its_name(file))
		unlink(file->path);
}

static int make_file(struct wt_sink **sink, const char *path, int fd, struct wt_disk *disk,
                     const struct wt_sink_config *config)
{
	int ret = wt_sink_alloc(sink, sizeof(struct file_sink), &file_ops, config);
	struct file_sink *file;

	if (ret)
		return ret;
	file = file_of(*sink);
	file->fd = fd;
	file->disk = disk;
	memcpy(file->path, path, strlen(path) + 1);
	return 0;
}

int wt_sink_file_open(struct wt_sink **sink, const char *path, struct wt_disk *disk,
                      enum wt_direct direct, bool exclusive, const struct wt_sink_config *config,
                      struct wt_error *err)
{
	struct wt_sink *made = NULL;
	int fd, ret;

	if (strlen(path) >= sizeof(((struct file_sink *)0)->path))
		return wt_error_set(err, -ENAMETOOLONG, "the path of the file is too long");
	fd = open_and_lock(path, exclusive);
	if (fd < 0)
		return say_why_not(err, path, fd);
	if (is_regular(fd))
		ret = make_file(&made, path, fd, disk, config);
	else
		ret = wt_sink_stream_adopt(&made, fd, true, config);
	if (ret) {
		wt_error_set(err, ret, "no memory for writing %s", path);
		goto close_fd;
	}
	if (made->ops == &file_ops)
		ret = prepare_file(file_of(made), direct, err);
	if (ret)
		goto free_sink;
	*sink = made;
	return 0;

free_sink:
	remove_if_empty(file_of(made));
	free(made);
close_fd:
	close(fd);
	return ret;
}
