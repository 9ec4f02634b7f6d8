/* SPDX-License-Identifier: BSD-2-Clause */
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

/* Writes into allocated space run in parallel; those that extend the file are serialised by the
 * kernel. So a busy file gets room ahead of its end: as much again as it has, so that many small
 * files do not take space that they never use. */
enum { AHEAD_LEAST_BYTES = 16 << 20, AHEAD_MOST_BYTES = 256 << 20 };

/* Direct writes that end short of a granule are restarted from its beginning, but not for ever. */
enum { STUCK_MOST = 8 };

struct file_sink {
	struct wt_sink sink;
	struct wt_disk *disk;
	struct wt_sink_opened file;
	struct wt_disk_request allocate, sync;
	bool allocating, syncing;
	bool sync_wanted;                   /* another one, once this has ended */
	uint64_t allocated;                 /* room has been requested up to here */
	bool no_ahead;                      /* allocating was refused, or the file was cut */
	const _Atomic uint64_t *free_bytes; /* of struct wt_sink_place */
};

static struct file_sink *file_of(struct wt_sink *sink)
{
	return (struct file_sink *)sink;
}

/* A device may require more than whole pages for direct writes, and report it only at the first. */
static bool may_fall_back(const struct file_sink *file, const struct wt_write *write)
{
	return write->request.result == -EINVAL && !write->request.buffered &&
	       !file->file.direct_required && (!file->sink.direct || !file->sink.statistics.writes);
}

static int write_through_cache(struct file_sink *file, struct wt_write *write)
{
	int flags = fcntl(file->file.fd, F_GETFL);

	if (flags < 0 || fcntl(file->file.fd, F_SETFL, flags & ~O_DIRECT))
		return -EINVAL;
	file->sink.direct = false;
	snprintf(file->sink.degraded, sizeof(file->sink.degraded),
	         "direct I/O is refused for %.300s (the first write: %s): writing through the page "
	         "cache",
	         file->file.path, strerror(EINVAL));
	write->request.buffered = true;
	return wt_disk_submit(file->disk, &write->request);
}

/* Write the rest of a short write. Direct I/O continues only where a granule begins. */
static int write_rest(struct file_sink *file, struct wt_write *write)
{
	size_t got = (size_t)write->request.result;

	if (file->sink.direct)
		got -= got % WT_SINK_PAGE_BYTES;
	if (got)
		write->stuck = 0;
	else if (++write->stuck > STUCK_MOST)
		return -EIO;
	write->request.bytes += got;
	write->request.length -= got;
	write->request.offset += got;
	return wt_disk_submit(file->disk, &write->request);
}

/* Go on with a write of which not all is done: true if it is in flight again. */
static bool goes_on(struct file_sink *file, struct wt_write *write, int *error)
{
	ssize_t result = write->request.result;

	*error = 0;
	if (may_fall_back(file, write))
		*error = write_through_cache(file, write);
	else if (result > 0 && (size_t)result < write->request.length)
		*error = write_rest(file, write);
	else if (result <= 0)
		*error = result ? (int)result : -EIO;
	else
		return false;
	return !*error;
}

static void on_written(struct wt_disk_request *request)
{
	struct wt_write *write = (struct wt_write *)request;
	struct file_sink *file = request->owner;
	int error;

	if (!goes_on(file, write, &error))
		wt_sink_ended(&file->sink, write, error, 0, request->started_ns + request->took_ns);
}

/* Others may have taken the room since it was looked at. */
static void on_allocated(struct wt_disk_request *request)
{
	struct file_sink *file = request->owner;

	file->allocating = false;
	if (request->result < 0)
		file->no_ahead = true;
}

/* UINT64_MAX: nobody knows. */
static uint64_t free_bytes_at(int fd)
{
	struct statvfs status;

	return fstatvfs(fd, &status) ? UINT64_MAX : (uint64_t)status.f_bavail * status.f_frsize;
}

/* An allocation that fails keeps what it got, and writes in flight would find the disk full. */
static bool has_room_for(const struct file_sink *file, uint64_t ahead_bytes)
{
	uint64_t needed = ahead_bytes + file->sink.taken - file->sink.landed;
	uint64_t free_bytes = file->free_bytes ? *file->free_bytes : free_bytes_at(file->file.fd);

	return free_bytes != UINT64_MAX && free_bytes / 2 >= needed;
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
	        .fd = file->file.fd,
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

static int write_file(struct wt_sink *sink, struct wt_write *write)
{
	struct file_sink *file = file_of(sink);
	int rc;

	write->request = (struct wt_disk_request){
	        .op = WT_DISK_WRITE,
	        .fd = file->file.fd,
	        .buffered = !sink->direct,
	        .bytes = write->bytes,
	        .length = write->length,
	        .offset = write->offset,
	        .done = on_written,
	        .owner = file,
	};
	rc = wt_disk_submit(file->disk, &write->request);
	if (rc)
		return rc;
	write->started_ns = write->request.started_ns;
	allocate_ahead(file);
	return 0;
}

static uint32_t room_in_file(const struct wt_sink *sink)
{
	uint32_t in_flight = wt_disk_in_flight(((const struct file_sink *)sink)->disk);

	return in_flight < WT_SINK_WRITES_MOST ? WT_SINK_WRITES_MOST - in_flight : 0;
}

static void on_synced(struct wt_disk_request *request)
{
	struct file_sink *file = request->owner;

	file->syncing = false;
	if (request->result < 0)
		wt_sink_fail(&file->sink, file->sink.landed, (int)request->result);
}

/* One at a time, and when the disk has room for it. Of writes in flight the kernel promises
 * nothing. */
static void keep_syncing(struct file_sink *file)
{
	if (!file->sync_wanted || file->syncing || file->sink.failed)
		return;
	file->sync = (struct wt_disk_request){
	        .op = WT_DISK_SYNC,
	        .fd = file->file.fd,
	        .done = on_synced,
	        .owner = file,
	};
	file->syncing = !wt_disk_submit(file->disk, &file->sync);
	file->sync_wanted = !file->syncing;
}

static int sync_file(struct wt_sink *sink)
{
	file_of(sink)->sync_wanted = true;
	keep_syncing(file_of(sink));
	return 0;
}

static void reap_file(struct wt_sink *sink, int64_t now_ns)
{
	(void)now_ns;
	wt_disk_reap(file_of(sink)->disk, false);
	keep_syncing(file_of(sink));
}

static void wait_for_file(struct wt_sink *sink)
{
	wt_disk_reap(file_of(sink)->disk, true);
	keep_syncing(file_of(sink));
}

static struct pollfd poll_file(const struct wt_sink *sink)
{
	const struct wt_disk *disk = ((const struct file_sink *)sink)->disk;

	return (struct pollfd){.fd = wt_disk_fd(disk), .events = POLLIN};
}

static bool file_is_busy(const struct wt_sink *sink)
{
	const struct file_sink *file = (const struct file_sink *)sink;

	return file->allocating || file->syncing || (file->sync_wanted && !sink->failed);
}

static int cut_file(struct wt_sink *sink, uint64_t length)
{
	struct file_sink *file = file_of(sink);

	if (ftruncate(file->file.fd, (off_t)length))
		return -errno;
	/* ext4 gives freed blocks, and what it reserved for pages not yet written, to others only
	 * after the journal's commit. The next write reports what has failed. */
	fsync(file->file.fd);
	file->allocated = 0;
	file->no_ahead = true;
	return 0;
}

static bool has_its_name(const struct file_sink *file)
{
	return !wt_file_place_check(&file->file.place, file->file.fd);
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

	if (!length || fstat(file->file.fd, &status))
		return false;
	if ((uint64_t)status.st_size < length)
		return true;
	hole = lseek(file->file.fd, 0, SEEK_HOLE);
	if (hole < 0 || (uint64_t)hole >= length)
		return false;
	if (!hole || !makes_holes_of_zeros(file->file.fd))
		return true;
	data = lseek(file->file.fd, hole, SEEK_DATA);
	return data < 0 || data - hole > ZEROS_MOST_BYTES;
}

/* Frees the reserve and the room ahead; does not leave zeros for the part cut off. */
static int trim(const struct file_sink *file, uint64_t length, bool truncated)
{
	struct stat status;

	if (truncated && !fstat(file->file.fd, &status) && (uint64_t)status.st_size < length)
		length = (uint64_t)status.st_size;
	return ftruncate(file->file.fd, (off_t)length) ? -errno : 0;
}

static int sync_all(const struct file_sink *file)
{
	if (fsync(file->file.fd))
		return -errno;
	return wt_file_place_sync(&file->file.place);
}

static int close_file(struct wt_sink *sink, uint64_t length, bool sync)
{
	struct file_sink *file = file_of(sink);
	bool truncated = was_truncated(file, length);
	int rc = trim(file, length, truncated);

	if (!length && has_its_name(file))
		unlinkat(file->file.place.dir_fd, file->file.place.name, 0);
	else if (sync && !rc)
		rc = sync_all(file);
	if (!rc && length)
		rc = wt_file_place_check(&file->file.place, file->file.fd);
	if (!rc && truncated)
		rc = WT_SINK_TRUNCATED;
	/* Explicitly: others may hold the file open for a moment longer. */
	flock(file->file.fd, LOCK_UN);
	/* The kernel may report a failed write only here (NFS, quotas). */
	if (close(file->file.fd) && !rc)
		rc = -errno;
	wt_file_place_fini(&file->file.place);
	free(file->file.path);
	return rc;
}

static int reopen_file(const struct wt_sink *sink)
{
	const struct file_sink *file = (const struct file_sink *)sink;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->file.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int wt_sink_file_adopt(struct wt_sink **sink, const struct wt_sink_opened *opened,
                       struct wt_disk *disk, const struct wt_sink_config *config)
{
	static const struct wt_sink_ops ops = {
	        .granule = WT_SINK_PAGE_BYTES,
	        .write = write_file,
	        .room = room_in_file,
	        .is_busy = file_is_busy,
	        .reap = reap_file,
	        .wait = wait_for_file,
	        .poll = poll_file,
	        .cut = cut_file,
	        .sync = sync_file,
	        .reopen = reopen_file,
	        .close = close_file,
	};
	int rc = wt_sink_alloc(sink, sizeof(struct file_sink), &ops, config);

	if (rc)
		return rc;
	file_of(*sink)->file = *opened;
	file_of(*sink)->disk = disk;
	if (config->place)
		file_of(*sink)->free_bytes = config->place->free_bytes;
	(*sink)->direct = opened->direct;
	memcpy((*sink)->degraded, opened->degraded, sizeof(opened->degraded));
	return 0;
}
