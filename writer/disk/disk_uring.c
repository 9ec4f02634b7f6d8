/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

const bool wt_disk_has_uring = true;

/* A registered buffer is limited to 1 GiB; 16 regions hold 256 GiB. */
enum { PIECES_MOST = 272 };
static const size_t piece_bytes = (size_t)1 << 30;

struct uring_disk {
	struct wt_disk disk;
	struct io_uring ring;
	struct iovec pieces[PIECES_MOST]; /* registered, under their index */
	unsigned piece_count;
	bool table; /* the kernel has an empty table for them */
	/* The kernel leaves what a write's end takes to the calls of the thread that submits,
	 * instead of interrupting it, or its sleep, each time (since Linux 6.1). The ring's own
	 * descriptor does not become readable then, an eventfd does. */
	bool deferred;
	bool enabled; /* by the first of these calls: the thread is settled by that */
	/* Writes into the page cache go one by one, each followed by its advice. The kernel would
	 * serialise them as well, but with its threads spinning for their turn. */
	struct wt_disk_request *waiting, **last_waiting;
	unsigned copying; /* in the ring: such a write, or its advice */
	struct wt_disk_behind behind;
};

static void describe_limit(char *text, size_t room)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		snprintf(text, room, "ulimit -l is unlimited");
	else
		snprintf(text, room, "ulimit -l is %llu KiB",
		         (unsigned long long)limit.rlim_cur / 1024);
}

static int say_refused(struct wt_error *err, int error)
{
	char why[64] = "";

	if (error == -EPERM || error == -EACCES)
		snprintf(why, sizeof(why), "; see kernel.io_uring_disabled");
	else if (error == -ENOSYS)
		snprintf(why, sizeof(why), "; the kernel or a seccomp filter leaves it out");
	else if (error == -ENOMEM)
		describe_limit(why + snprintf(why, sizeof(why), "; "), sizeof(why) - 2);
	return wt_error_set(err, error, "io_uring is refused (%s%s)", strerror(-error), why);
}

static struct uring_disk *uring_of(struct wt_disk *disk)
{
	return (struct uring_disk *)disk;
}

/* Index of the registered piece that holds all these bytes, or -1. */
static int find_piece(const struct uring_disk *uring, const uint8_t *bytes, size_t length)
{
	uintptr_t from = (uintptr_t)bytes;

	for (unsigned i = 0; i < uring->piece_count; i++) {
		uintptr_t base = (uintptr_t)uring->pieces[i].iov_base;

		if (from >= base && from - base < uring->pieces[i].iov_len &&
		    length <= uring->pieces[i].iov_len - (from - base))
			return (int)i;
	}
	return -1;
}

/* Copying into the page cache takes time, and may wait for room there: do it in another thread.
 * From registered memory the kernel copies page by page, at four times the processor time. */
static void prepare_buffered(struct io_uring_sqe *sqe, const struct wt_disk_request *request,
                             unsigned length)
{
	io_uring_prep_write(sqe, request->fd, request->bytes, length, request->offset);
	sqe->flags |= IOSQE_ASYNC;
}

static void prepare_direct(const struct uring_disk *uring, struct io_uring_sqe *sqe,
                           const struct wt_disk_request *request, unsigned length)
{
	int piece = find_piece(uring, request->bytes, length);

	if (piece >= 0)
		io_uring_prep_write_fixed(sqe, request->fd, request->bytes, length, request->offset,
		                          piece);
	else
		io_uring_prep_write(sqe, request->fd, request->bytes, length, request->offset);
	if (request->attempts)
		sqe->flags |= IOSQE_ASYNC;
}

static void prepare_write(const struct uring_disk *uring, struct io_uring_sqe *sqe,
                          const struct wt_disk_request *request)
{
	size_t length = request->length < WT_DISK_WRITE_MOST ? request->length : WT_DISK_WRITE_MOST;

	if (request->buffered)
		prepare_buffered(sqe, request, (unsigned)length);
	else
		prepare_direct(uring, sqe, request, (unsigned)length);
}

static void prepare(const struct uring_disk *uring, struct io_uring_sqe *sqe,
                    const struct wt_disk_request *request)
{
	switch (request->op) {
	case WT_DISK_WRITE:
		prepare_write(uring, sqe, request);
		break;
	case WT_DISK_ALLOCATE:
		io_uring_prep_fallocate(sqe, request->fd, 0, (off_t)request->offset,
		                        (off_t)request->length);
		break;
	case WT_DISK_SYNC:
		io_uring_prep_fsync(sqe, request->fd, IORING_FSYNC_DATASYNC);
		break;
	}
}

/* Requests that the kernel rejects for now (EAGAIN, EBUSY, EINTR) stay in the queue for the next
 * call. */
static void push_queue(struct uring_disk *uring)
{
	if (!io_uring_sq_ready(&uring->ring))
		return;
	if (uring->deferred)
		io_uring_submit_and_get_events(&uring->ring);
	else
		io_uring_submit(&uring->ring);
}

static int hand_in(struct uring_disk *uring, struct wt_disk_request *request)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	if (!sqe)
		return -EAGAIN;
	prepare(uring, sqe, request);
	io_uring_sqe_set_data(sqe, request);
	push_queue(uring);
	return 0;
}

static bool is_copied(const struct wt_disk_request *request)
{
	return request->op == WT_DISK_WRITE && request->buffered;
}

static void copy_next(struct uring_disk *uring)
{
	struct wt_disk_request *request = uring->waiting;

	if (uring->copying || !request || hand_in(uring, request))
		return;
	uring->copying = 1;
	uring->waiting = request->next;
	if (!uring->waiting)
		uring->last_waiting = &uring->waiting;
}

/* liburing 2.3 declares io_uring_enable_rings(), but does not have it. */
static void enable(struct uring_disk *uring)
{
	if (uring->deferred && !uring->enabled)
		uring->enabled = !io_uring_register((unsigned)uring->ring.ring_fd,
		                                    IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static int submit_uring(struct wt_disk *disk, struct wt_disk_request *request)
{
	struct uring_disk *uring = uring_of(disk);

	enable(uring);
	if (!is_copied(request))
		return hand_in(uring, request);
	*uring->last_waiting = request;
	uring->last_waiting = &request->next;
	copy_next(uring);
	return 0;
}

static struct io_uring_sqe *get_advice(struct uring_disk *uring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

	uring->copying += sqe != NULL;
	return sqe;
}

/* The descriptor may be closed before the kernel gets to it. Then it is harmless advice to some
 * other file. */
static void advise(struct uring_disk *uring, const struct wt_disk_advice *advice)
{
	struct io_uring_sqe *sqe = get_advice(uring);

	if (sqe) {
		io_uring_prep_sync_file_range(sqe, advice->fd, (unsigned)advice->push_length,
		                              advice->push_offset, SYNC_FILE_RANGE_WRITE);
		io_uring_sqe_set_data(sqe, NULL);
	}
	sqe = advice->drop_length ? get_advice(uring) : NULL;
	if (sqe) {
		io_uring_prep_fadvise(sqe, advice->fd, advice->drop_offset,
		                      (off_t)advice->drop_length, POSIX_FADV_DONTNEED);
		io_uring_sqe_set_data(sqe, NULL);
	}
	push_queue(uring);
}

static void keep_dirty_pages_few(struct uring_disk *uring, const struct wt_disk_request *request,
                                 int result)
{
	struct wt_disk_advice advice;

	if (result > 0 && wt_disk_behind_note(&uring->behind, request, (size_t)result, &advice))
		advise(uring, &advice);
}

static bool try_again(struct uring_disk *uring, struct wt_disk_request *request, int result)
{
	if (result != -EINTR && result != -EAGAIN)
		return false;
	return ++request->attempts < WT_DISK_ATTEMPTS_MOST && !hand_in(uring, request);
}

/* Handle the end of a write into the page cache, or of advice. */
static void end_copy(struct uring_disk *uring, const struct wt_disk_request *request, int result)
{
	uring->copying--;
	if (request)
		keep_dirty_pages_few(uring, request, result);
	copy_next(uring);
}

/* One completion: 1 if it ended a request. */
static int take(struct uring_disk *uring, struct wt_disk_request *request, int result)
{
	if (request && try_again(uring, request, result))
		return 0;
	if (!request || is_copied(request))
		end_copy(uring, request, result);
	if (!request)
		return 0;
	wt_disk_complete(&uring->disk, request, result, wt_disk_now_ns());
	return 1;
}

static int take_completions(struct uring_disk *uring)
{
	struct io_uring_cqe *cqe;
	int count = 0;

	/* Bounded: `done` may submit what ends at once. */
	while (count < WT_DISK_DEPTH && !io_uring_peek_cqe(&uring->ring, &cqe)) {
		struct wt_disk_request *request = io_uring_cqe_get_data(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&uring->ring, cqe);
		count += take(uring, request, result);
	}
	return count;
}

/* Whether the kernel has something for us. */
static bool is_stirred(const struct uring_disk *uring)
{
	return io_uring_cq_ready(&uring->ring) ||
	       IO_URING_READ_ONCE(*uring->ring.sq.kflags) & IORING_SQ_TASKRUN;
}

/* What ends after the eventfd has been reset makes it readable again; what did before is seen. */
static int take_ended(struct uring_disk *uring)
{
	uint64_t events;
	int count = 0;

	if (!uring->deferred)
		return take_completions(uring);
	while (count < WT_DISK_DEPTH && is_stirred(uring)) {
		count += take_completions(uring);
		if (!is_stirred(uring) && read(uring->disk.fd, &events, sizeof(events)) < 0)
			break; /* it was not readable */
	}
	return count;
}

static int reap_uring(struct wt_disk *disk, bool wait)
{
	struct uring_disk *uring = uring_of(disk);
	int count;

	push_queue(uring);
	copy_next(uring);
	count = take_ended(uring);
	while (wait && !count) {
		/* Interrupted or refused: the loop asks again. */
		io_uring_submit_and_wait(&uring->ring, 1);
		count = take_ended(uring);
	}
	return count;
}

static int register_piece(struct uring_disk *uring, uint8_t *base, size_t length)
{
	struct iovec piece = {base, length};
	int rc;

	if (uring->piece_count == PIECES_MOST)
		return -ENOSPC;
	if (!uring->table) {
		rc = io_uring_register_buffers_sparse(&uring->ring, PIECES_MOST);
		if (rc < 0)
			return rc;
		uring->table = true;
	}
	rc = io_uring_register_buffers_update_tag(&uring->ring, uring->piece_count, &piece, NULL,
	                                          1);
	if (rc < 0)
		return rc;
	uring->pieces[uring->piece_count++] = piece;
	return 0;
}

static void register_uring(struct wt_disk *disk, uint8_t *base, size_t length)
{
	static const char costs[] = "its pages are pinned for every write, which costs a little "
	                            "processor time";
	char limit[64];
	int rc = 0;

	for (size_t at = 0; at < length && !rc; at += piece_bytes)
		rc = register_piece(uring_of(disk), base + at,
		                    length - at < piece_bytes ? length - at : piece_bytes);
	if (!rc)
		return;
	describe_limit(limit, sizeof(limit));
	/* A packet ring is memory of a socket, which some kernels refuse to register. */
	if (rc == -EOPNOTSUPP || rc == -EINVAL || rc == -ENOSYS)
		snprintf(disk->degraded, sizeof(disk->degraded),
		         "this kernel does not register the ring's memory with io_uring (%s): %s; "
		         "newer ones do",
		         strerror(-rc), costs);
	else
		snprintf(disk->degraded, sizeof(disk->degraded),
		         "the ring's memory could not be registered with io_uring (%s; %s): %s; "
		         "give CAP_IPC_LOCK or raise the limit",
		         strerror(-rc), limit, costs);
}

static void close_uring(struct wt_disk *disk)
{
	struct uring_disk *uring = uring_of(disk);

	io_uring_queue_exit(&uring->ring);
	if (uring->deferred)
		close(disk->fd);
	free(disk);
}

/* Kernels before 5.6 have io_uring, but lack parts of it that this needs. */
static int check_operations(struct io_uring *ring)
{
	static const int needed[] = {IORING_OP_WRITE,     IORING_OP_WRITE_FIXED,
	                             IORING_OP_FALLOCATE, IORING_OP_FSYNC,
	                             IORING_OP_FADVISE,   IORING_OP_SYNC_FILE_RANGE};
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	int rc = probe ? 0 : -ENOSYS;

	for (size_t i = 0; !rc && i < sizeof(needed) / sizeof(needed[0]); i++)
		rc = io_uring_opcode_supported(probe, needed[i]) ? 0 : -ENOSYS;
	io_uring_free_probe(probe);
	return rc;
}

static int enter(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int rc;

	io_uring_prep_nop(sqe);
	do
		rc = io_uring_submit_and_wait(ring, 1);
	while (rc == -EINTR);
	if (rc < 0)
		return rc;
	rc = io_uring_wait_cqe(ring, &cqe);
	if (!rc)
		io_uring_cqe_seen(ring, cqe);
	return rc;
}

/* A seccomp filter may allow a ring, but not its use: find out now, by another ring, as this one's
 * thread may be another. */
static int check_entering(void)
{
	struct io_uring ring;
	int rc = io_uring_queue_init(1, &ring, 0);

	if (rc)
		return rc;
	rc = enter(&ring);
	io_uring_queue_exit(&ring);
	return rc;
}

static int make_ring(struct uring_disk *uring)
{
	/* Room for the requests and the advice between them, so that the queue is never full. */
	enum { ENTRIES = 2 * WT_DISK_DEPTH };
	const unsigned deferring = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
	                           IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED;
	int rc = io_uring_queue_init(ENTRIES, &uring->ring, deferring);

	uring->deferred = !rc;
	return rc == -EINVAL ? io_uring_queue_init(ENTRIES, &uring->ring, 0) : rc;
}

/* Have a descriptor that is readable while there are completions. The ring's own needs nothing to
 * reset it. */
static int choose_fd(struct uring_disk *uring)
{
	int rc;

	if (!uring->deferred) {
		uring->disk.fd = uring->ring.ring_fd;
		return 0;
	}
	uring->disk.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (uring->disk.fd < 0)
		return -errno;
	rc = io_uring_register_eventfd(&uring->ring, uring->disk.fd);
	if (rc)
		close(uring->disk.fd);
	return rc;
}

int wt_disk_uring_open(struct wt_disk **disk, struct wt_error *err)
{
	static const struct wt_disk_ops ops = {
	        .name = "io_uring",
	        .know = register_uring,
	        .submit = submit_uring,
	        .reap = reap_uring,
	        .close = close_uring,
	};
	struct uring_disk *uring = calloc(1, sizeof(*uring));
	int rc;

	if (!uring)
		return wt_error_set(err, -ENOMEM, "no memory for writing with io_uring");
	uring->disk.ops = &ops;
	uring->last_waiting = &uring->waiting;
	rc = make_ring(uring);
	if (rc)
		goto free_disk;
	rc = check_operations(&uring->ring);
	if (!rc)
		rc = check_entering();
	if (!rc)
		rc = choose_fd(uring);
	if (rc)
		goto exit_ring;
	*disk = &uring->disk;
	return 0;

exit_ring:
	io_uring_queue_exit(&uring->ring);
free_disk:
	free(uring);
	return say_refused(err, rc);
}
