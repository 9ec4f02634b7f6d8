/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/file/file_place.h>
#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Reserve allocated far beyond the end of the file. A write that finds the disk full truncates the
 * file, which frees the reserve, and the closing blocks fit. */
enum { BALLAST_BYTES = 64 * 1024 };
static const off_t ballast_offset = (off_t)1 << 40;

/* Writes into allocated space run in parallel; those that extend the file are serialised by the
 * kernel. So a busy file gets room ahead of its end: as much again as it has, so that many small
 * files do not take space that they never use. */
enum { AHEAD_LEAST_BYTES = 16 << 20, AHEAD_MOST_BYTES = 256 << 20 };

/* Direct writes that end short of a granule are restarted from its beginning, but not for ever. */
enum { STUCK_MOST = 8 };

struct slot {
	struct wt_disk_request request; /* first: the slot is found through it */
	struct wt_sink_piece piece;
	const uint8_t *bytes;
	bool busy;
	unsigned stuck; /* consecutive short writes without progress */
};

struct file_sink {
	struct wt_sink sink;
	struct wt_disk *disk;
	struct slot slots[WT_SINK_WRITES_MOST];
	struct wt_disk_request allocate, sync;
	bool allocating, syncing;
	bool sync_wanted;     /* another one, once this has ended */
	uint64_t sync_covers; /* end of the data covered by the one in flight */
	uint64_t allocated;   /* room has been requested up to here */
	bool direct_required; /* fail rather than use the page cache */
	bool no_ahead;        /* allocating was refused, or the file was cut */
	int fd;
	struct wt_file_place place;
	char *path; /* for people */
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

/* End of the data before which all writes have succeeded. */
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

	/* Free the slot before `done`, which may write again. */
	slot->busy = false;
	wt_sink_ended(&file->sink, &piece, error, ended_ns);
}

/* A device may require more than whole pages for direct writes, and report it only at the first. */
static bool may_fall_back(const struct file_sink *file, const struct slot *slot)
{
	return slot->request.result == -EINVAL && !slot->request.buffered &&
	       !file->direct_required && (!file->sink.direct || !file->sink.statistics.writes);
}

static int write_through_cache(struct file_sink *file, struct slot *slot)
{
	int flags = fcntl(file->fd, F_GETFL);

	if (flags < 0 || fcntl(file->fd, F_SETFL, flags & ~O_DIRECT))
		return -EINVAL;
	file->sink.direct = false;
	snprintf(file->sink.degraded, sizeof(file->sink.degraded),
	         "direct I/O is refused for %.300s (the first write: %s): writing through the page "
	         "cache",
	         file->path, strerror(EINVAL));
	slot->request.buffered = true;
	return wt_disk_submit(file->disk, &slot->request);
}

/* Write the rest of a short write. Direct I/O continues only where a granule begins. */
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

	if (may_fall_back(file, slot)) {
		error = write_through_cache(file, slot);
		if (!error)
			return;
	} else if (request->result < 0) {
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

/* Others may have taken the room since it was looked at. */
static void on_allocated(struct wt_disk_request *request)
{
	struct file_sink *file = request->owner;

	file->allocating = false;
	if (request->result < 0)
		file->no_ahead = true;
}

/* An allocation that fails keeps what it got, and writes in flight would find the disk full. */
static bool has_room_for(const struct file_sink *file, uint64_t ahead_bytes)
{
	uint64_t needed = ahead_bytes + file->sink.taken - completed_prefix(file);
	struct statvfs status;

	return !fstatvfs(file->fd, &status) &&
	       (uint64_t)status.f_bavail * status.f_frsize / 2 >= needed;
}

/* A file with one write at a time gains nothing, and would end in zeros after a crash. Nor would a
 * page-cached one gain. */
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
	if (!has_room_for(file, end + ahead - from)) {
		file->no_ahead = true;
		return;
	}
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
	int rc;

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
	rc = wt_disk_submit(file->disk, &slot->request);
	if (rc)
		return rc;
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

/* Covers writes that have ended: the kernel promises nothing about those in flight. */
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

/* Handle a write that the disk had no room for. */
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
	/* ext4 gives freed blocks, and what it reserved for pages not yet written, to others only
	 * after the journal's commit. The next write reports what has failed. */
	fsync(file->fd);
	file->allocated = 0;
	file->no_ahead = true;
	return 0;
}

static bool has_its_name(const struct file_sink *file)
{
	return !wt_file_place_check(&file->place, file->fd);
}

/* Some file systems, such as ZFS with compression, turn written zeros into holes. No packet has
 * this many in a row, so a larger hole is not one of theirs. */
enum { ZEROS_MOST_BYTES = 512 << 10 };

static bool makes_holes_of_zeros(int fd)
{
	static const unsigned known[] = {0xEF53, 0x58465342, 0x9123683E,
	                                 0x01021994}; /* ext4, XFS,
	                                                 Btrfs, tmpfs */
	struct statfs status;

	if (fstatfs(fd, &status))
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((unsigned)status.f_type == known[i])
			return false;
	return true;
}

/* Every byte up to `length` was written, and the first is not zero. If somebody has truncated the
 * file meanwhile, the lost part is a hole, as later writes went to where the file would have
 * ended. */
static bool was_truncated(const struct file_sink *file, uint64_t length)
{
	struct stat status;
	off_t hole, data;

	if (!length || fstat(file->fd, &status))
		return false;
	if ((uint64_t)status.st_size < length)
		return true;
	hole = lseek(file->fd, 0, SEEK_HOLE);
	if (hole < 0 || (uint64_t)hole >= length)
		return false;
	if (!hole || !makes_holes_of_zeros(file->fd))
		return true;
	data = lseek(file->fd, hole, SEEK_DATA);
	return data < 0 || data - hole > ZEROS_MOST_BYTES;
}

/* Frees the reserve and the room ahead; does not leave zeros for the part cut off. */
static int trim(const struct file_sink *file, uint64_t length, bool truncated)
{
	struct stat status;

	if (truncated && !fstat(file->fd, &status) && (uint64_t)status.st_size < length)
		length = (uint64_t)status.st_size;
	return ftruncate(file->fd, (off_t)length) ? -errno : 0;
}

static int sync_all(const struct file_sink *file)
{
	if (fsync(file->fd))
		return -errno;
	return wt_file_place_sync(&file->place);
}

static void free_file(struct file_sink *file)
{
	wt_file_place_fini(&file->place);
	free(file->path);
}

static int close_file(struct wt_sink *sink, uint64_t length, bool sync)
{
	struct file_sink *file = file_of(sink);
	bool truncated = was_truncated(file, length);
	int rc = trim(file, length, truncated);

	if (!length && has_its_name(file))
		unlinkat(file->place.dir_fd, file->place.name, 0);
	else if (sync && !rc)
		rc = sync_all(file);
	if (!rc && length)
		rc = wt_file_place_check(&file->place, file->fd);
	if (!rc && truncated)
		rc = WT_SINK_TRUNCATED;
	/* Explicitly: others may hold the file open for a moment longer. */
	flock(file->fd, LOCK_UN);
	/* The kernel may report a failed write only here (NFS, quotas). */
	if (close(file->fd) && !rc)
		rc = -errno;
	free_file(file);
	return rc;
}

static int reopen_file(const struct wt_sink *sink)
{
	const struct file_sink *file = (const struct file_sink *)sink;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
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
        .reopen = reopen_file,
        .oldest_started_ns = oldest_in_file,
        .close = close_file,
};

static bool is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) || S_ISREG(status.st_mode);
}

/* A name that others may exchange could be a second one of any file. */
static int check_old(const struct wt_file_place *place, int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	return S_ISREG(status.st_mode) && status.st_nlink > 1 && wt_file_place_is_shared(place)
	               ? -EMLINK
	               : 0;
}

static int open_old(const struct wt_file_place *place, bool exclusive)
{
	/* With O_CREAT the kernel checks the owner (fs.protected_regular, protected_fifos). */
	int flags = O_WRONLY | (exclusive ? 0 : O_CREAT), rc;
	int fd = wt_file_place_open(place, flags, WT_FILE_MODE);

	if (fd < 0)
		return fd;
	/* The check is about recordings: a FIFO or device exists to be written to. */
	rc = exclusive && is_regular(fd) ? -EEXIST : check_old(place, fd);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int open_place(const struct wt_file_place *place, bool exclusive)
{
	enum { TRIES = 100 };
	int fd = -ENOENT;

	/* Retry if the file disappears between the two. */
	for (int i = 0; i < TRIES && fd == -ENOENT; i++) {
		fd = wt_file_place_open(place, O_WRONLY | O_CREAT | O_EXCL, WT_FILE_MODE);
		if (fd != -EEXIST)
			return fd;
		fd = open_old(place, exclusive);
	}
	return fd;
}

/* 0: it is locked, or this file system has no locks. -ESTALE: another program that had it open has
 * removed it. */
static int lock(int fd)
{
	struct stat status;

	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EWOULDBLOCK;
	return !fstat(fd, &status) && !status.st_nlink ? -ESTALE : 0;
}

/* Open the file, locked but not yet truncated: it may be somebody's recording. */
static int open_and_lock(const struct wt_file_place *place, bool exclusive)
{
	int fd, rc;

	do {
		fd = open_place(place, exclusive);
		if (fd < 0 || !is_regular(fd))
			return fd;
		rc = lock(fd);
		if (rc)
			close(fd);
	} while (rc == -ESTALE);
	return rc ? rc : fd;
}

/* Duplicate the descriptor of a file that is already open. */
static int share(int opened)
{
	int fd = fcntl(opened, F_DUPFD_CLOEXEC, 3), rc;

	if (fd < 0)
		return -errno;
	rc = lock(fd);
	if (!rc || rc == -ESTALE)
		return fd;
	close(fd);
	return rc;
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
	if (error == -EMLINK)
		return wt_error_set(err, error,
		                    "%s has other names, too, and is in a directory that others "
		                    "may write: give another name",
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

/* Whether writes of whole pages at page boundaries suffice. If the kernel does not say, the first
 * write does. */
static int check_alignment(int fd)
{
#ifdef STATX_DIOALIGN
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) ||
	    !(status.stx_mask & STATX_DIOALIGN))
		return 0;
	if (!status.stx_dio_offset_align)
		return -EOPNOTSUPP;
	if (status.stx_dio_mem_align > WT_SINK_PAGE_BYTES ||
	    status.stx_dio_offset_align > WT_SINK_PAGE_BYTES)
		return -EINVAL;
#else
	(void)fd;
#endif
	return 0;
}

static int choose_direct(struct file_sink *file, enum wt_direct direct, struct wt_error *err)
{
	int flags = fcntl(file->fd, F_GETFL), rc = check_alignment(file->fd);

	if (direct == WT_DIRECT_OFF)
		return 0;
	if (rc)
		return refuse_direct(file, direct, rc, err);
	file->direct_required = direct == WT_DIRECT_ON;
	if (flags < 0 || fcntl(file->fd, F_SETFL, flags | O_DIRECT))
		return refuse_direct(file, direct, -errno, err);
	file->sink.direct = true;
	return 0;
}

static int prepare_file(struct file_sink *file, const struct wt_sink_config *config,
                        enum wt_direct direct, struct wt_error *err)
{
	const struct wt_sink_place *place = config->place;
	int rc = choose_direct(file, direct, err);

	if (rc)
		return rc;
	if (ftruncate(file->fd, 0) || (place && place->mode && fchmod(file->fd, place->mode))) {
		rc = -errno;
		return say_why_not(err, file->path, rc);
	}
	/* Recording works without it; only the end on a full disk is worse. */
	if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, ballast_offset,
	              BALLAST_BYTES + (off_t)config->closing_bytes))
		errno = 0;
	return 0;
}

/* A failed open leaves no trace. */
static void remove_if_empty(const struct file_sink *file)
{
	struct stat status;

	if (!fstat(file->fd, &status) && !status.st_size && has_its_name(file))
		unlinkat(file->place.dir_fd, file->place.name, 0);
}

/* The place becomes the sink's. */
static int make_file(struct wt_sink **sink, const char *path, int fd, struct wt_file_place *place,
                     struct wt_disk *disk, const struct wt_sink_config *config)
{
	int rc = wt_sink_alloc(sink, sizeof(struct file_sink), &file_ops, config);
	struct file_sink *file;

	if (rc)
		return rc;
	file = file_of(*sink);
	file->path = strdup(path);
	if (!file->path) {
		free(*sink);
		return -ENOMEM;
	}
	file->sink.config.place = NULL;
	file->fd = fd;
	file->disk = disk;
	file->place = *place;
	*place = (struct wt_file_place){.dir_fd = -1};
	return 0;
}

static int find_place(struct wt_file_place *found, const char *path,
                      const struct wt_sink_place *place, struct wt_error *err)
{
	int rc;

	if (!place)
		return wt_file_place_find(found, AT_FDCWD, path, err);
	if (place->fd < 0)
		return wt_file_place_find(found, place->dir_fd, place->name, err);
	rc = wt_file_place_set(found, place->dir_fd, place->name);
	return rc ? say_why_not(err, path, rc) : 0;
}

/* *fd becomes the sink's. */
static int make_sink(struct wt_sink **sink, const char *path, int fd, struct wt_file_place *place,
                     struct wt_disk *disk, enum wt_direct direct,
                     const struct wt_sink_config *config, struct wt_error *err)
{
	struct wt_sink *made = NULL;
	int rc = is_regular(fd) ? make_file(&made, path, fd, place, disk, config)
	                        : wt_sink_stream_adopt(&made, fd, true, config);

	if (rc)
		return wt_error_set(err, rc, "no memory for writing %s", path);
	if (made->ops == &file_ops)
		rc = prepare_file(file_of(made), config, direct, err);
	if (!rc) {
		*sink = made;
		return 0;
	}
	remove_if_empty(file_of(made));
	free_file(file_of(made));
	free(made);
	return rc;
}

int wt_sink_file_open(struct wt_sink **sink, const char *path, struct wt_disk *disk,
                      enum wt_direct direct, bool exclusive, const struct wt_sink_config *config,
                      struct wt_error *err)
{
	struct wt_file_place place;
	int fd, rc = find_place(&place, path, config->place, err);

	if (rc)
		return rc;
	fd = config->place && config->place->fd >= 0 ? share(config->place->fd)
	                                             : open_and_lock(&place, exclusive);
	if (fd < 0) {
		rc = say_why_not(err, path, fd);
	} else {
		rc = make_sink(sink, path, fd, &place, disk, direct, config, err);
		if (rc)
			close(fd);
	}
	wt_file_place_fini(&place);
	return rc;
}
