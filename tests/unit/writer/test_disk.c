/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/disk/disk_private.h>

#include "support/unit.h"

enum { PAGE = 4096, PIECE = 16 * PAGE, PIECES = 96, WAIT_MS = 20000 };

static struct wt_disk *disk;
static struct wt_error err;
static char folder[TEMP_BYTES], path[128];
static int fd = -1;
static uint8_t *source; /* PIECES of them, and a page that is told to no disk */
static struct wt_disk_request requests[PIECES];
static unsigned ended;

static void set_up(void)
{
	temp_template(folder, "disk");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/file", folder);
	source = aligned_alloc(PAGE, PIECES * PIECE);
	cr_assert(source != NULL);
	for (size_t i = 0; i < PIECES * PIECE; i++)
		source[i] = (uint8_t)(i / PIECE * 7 + i / PAGE + i % 251);
}

static void tear_down(void)
{
	wt_disk_close(disk);
	if (fd >= 0)
		close(fd);
	unlink(path);
	rmdir(folder);
	free(source);
}

TestSuite(disk, .init = set_up, .fini = tear_down);

static void open_file(int flags)
{
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
	/* Some file systems know no direct I/O. */
	if (fd < 0 && errno == EINVAL)
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert(fd >= 0, "%s: %s", path, strerror(errno));
}

static void expect_text(const char *text, const char *expected)
{
	cr_expect(strcmp(text, expected) == 0, "\"%s\", expected \"%s\"", text, expected);
}

static void close_all(void)
{
	wt_disk_close(disk);
	disk = NULL;
	if (fd >= 0)
		close(fd);
	fd = -1;
	ended = 0;
}

/* The same for both; where io_uring is refused, that is said. */
static void with_both(void (*behaviour)(void))
{
	if (wt_disk_open(&disk, WT_DISK_URING, &err)) {
		printf("not tested with io_uring: %s\n", err.text);
	} else {
		behaviour();
		close_all();
	}
	cr_assert(eq(int, wt_disk_open(&disk, WT_DISK_PWRITE, &err), 0), "%s", err.text);
	expect_text(wt_disk_name(disk), "pwrite");
	cr_assert(wt_disk_degraded(disk) == NULL, "%s", wt_disk_degraded(disk));
	behaviour();
	close_all();
}

static void count_end(struct wt_disk_request *request)
{
	cr_assert(eq(ptr, request->owner, &ended));
	ended++;
}

static struct wt_disk_request *make(unsigned i, enum wt_disk_op op, uint64_t offset, size_t length)
{
	requests[i] = (struct wt_disk_request){
	        .op = op,
	        .fd = fd,
	        .bytes = source + (size_t)i * PIECE,
	        .length = length,
	        .offset = offset,
	        .result = 12345,
	        .done = count_end,
	        .owner = &ended,
	};
	return &requests[i];
}

static void submit(struct wt_disk_request *request)
{
	int rc;

	while ((rc = wt_disk_submit(disk, request)) == -EAGAIN)
		cr_assert(wt_disk_reap(disk, true) > 0);
	cr_assert(eq(int, rc, 0));
}

static void reap_all(void)
{
	while (wt_disk_in_flight(disk))
		cr_assert(wt_disk_reap(disk, true) > 0);
}

/* One request from beginning to end. */
static long perform(struct wt_disk_request *request)
{
	submit(request);
	reap_all();
	return (long)request->result;
}

static void expect_file(unsigned pieces)
{
	uint8_t *bytes = aligned_alloc(PAGE, PIECE);

	for (unsigned i = 0; i < pieces; i++) {
		ssize_t got = pread(fd, bytes, PIECE, (off_t)i * PIECE);

		cr_assert(got == PIECE, "piece %u: %zd", i, got);
		cr_expect(memcmp(bytes, source + (size_t)i * PIECE, PIECE) == 0, "piece %u", i);
	}
	free(bytes);
}

/* From the last to the first, so that order does not come by itself. */
static void write_pieces(bool buffered)
{
	for (unsigned i = PIECES; i-- > 0;) {
		make(i, WT_DISK_WRITE, (uint64_t)i * PIECE, PIECE)->buffered = buffered;
		submit(&requests[i]);
	}
	reap_all();
	cr_expect(eq(u32, ended, PIECES));
	for (unsigned i = 0; i < PIECES; i++) {
		cr_expect(eq(i64, requests[i].result, PIECE));
		cr_expect(requests[i].took_ns > 0, "%lld", (long long)requests[i].took_ns);
	}
	expect_file(PIECES);
}

static void write_unregistered(void)
{
	open_file(O_DIRECT);
	write_pieces(false);
}

Test(disk, writes_in_flight_arrive_where_they_belong)
{
	with_both(write_unregistered);
}

static void write_registered(void)
{
	/* The last third stays unknown, and one write lies across the border. */
	wt_disk_register(disk, source, PIECES / 3 * PIECE);
	wt_disk_register(disk, source + PIECES / 3 * PIECE, PIECES / 3 * PIECE - PAGE);
	cr_expect(wt_disk_degraded(disk) == NULL, "%s", wt_disk_degraded(disk));
	open_file(O_DIRECT);
	write_pieces(false);
}

Test(disk, registered_memory_is_written_like_any_other)
{
	with_both(write_registered);
}

static void write_buffered(void)
{
	wt_disk_register(disk, source, PIECES * PIECE);
	open_file(0);
	write_pieces(true);
}

Test(disk, page_cache_is_written_like_a_disk)
{
	with_both(write_buffered);
}

/* Long enough for advice on what lies behind. */
static void write_long_file(void)
{
	enum { TIMES = 10 };

	open_file(0);
	for (unsigned i = 0; i < TIMES * PIECES; i++) {
		struct wt_disk_request *request;

		while (wt_disk_in_flight(disk) > 8)
			wt_disk_reap(disk, true);
		request = make(i % PIECES, WT_DISK_WRITE, (uint64_t)i * PIECE, PIECE);
		request->buffered = true;
		submit(request);
	}
	reap_all();
	cr_expect(eq(u32, ended, TIMES * PIECES));
	expect_file(PIECES);
}

Test(disk, long_file_through_the_page_cache_is_whole)
{
	with_both(write_long_file);
}

static void take_no_more_than_its_depth(void)
{
	open_file(0);
	for (unsigned i = 0; i < WT_DISK_DEPTH; i++)
		cr_assert(eq(int, wt_disk_submit(disk, make(i, WT_DISK_WRITE, 0, PAGE)), 0));
	cr_expect(eq(u32, wt_disk_in_flight(disk), WT_DISK_DEPTH));
	cr_expect(eq(int, wt_disk_submit(disk, make(WT_DISK_DEPTH, WT_DISK_WRITE, PAGE, PAGE)),
	             -EAGAIN));
	reap_all();
	cr_expect(eq(u32, ended, WT_DISK_DEPTH));
	cr_expect(eq(int, wt_disk_submit(disk, &requests[WT_DISK_DEPTH]), 0));
	reap_all();
	cr_expect(eq(i64, requests[WT_DISK_DEPTH].result, PAGE));
}

Test(disk, takes_no_more_than_its_depth)
{
	with_both(take_no_more_than_its_depth);
}

static void sync_and_allocate(void)
{
	struct stat status;

	open_file(0);
	cr_expect(eq(long, perform(make(0, WT_DISK_WRITE, 0, PIECE)), PIECE));
	cr_expect(eq(long, perform(make(1, WT_DISK_SYNC, 0, 0)), 0));
	cr_expect(eq(long, perform(make(2, WT_DISK_ALLOCATE, PIECE, 9 * PIECE)), 0));
	fstat(fd, &status);
	cr_expect(eq(i64, status.st_size, 10 * PIECE));
	cr_expect(status.st_blocks >= 10 * PIECE / 512, "%ld", (long)status.st_blocks);
}

Test(disk, syncs_and_allocates)
{
	with_both(sync_and_allocate);
}

static void report_errors(void)
{
	static const enum wt_disk_op ops[] = {WT_DISK_WRITE, WT_DISK_ALLOCATE, WT_DISK_SYNC};
	int gone = open("/dev/null", O_WRONLY | O_CLOEXEC);

	close(gone);
	for (unsigned i = 0; i < 3; i++) {
		make(i, ops[i], 0, PAGE)->fd = gone;
		cr_expect(eq(long, perform(&requests[i]), -EBADF), "operation %u", i);
	}
	/* The next ones are not harmed. */
	open_file(0);
	cr_expect(eq(long, perform(make(0, WT_DISK_WRITE, 0, PAGE)), PAGE));
	make(1, WT_DISK_WRITE, 0, PAGE)->bytes = (const uint8_t *)(uintptr_t)PAGE;
	cr_expect(eq(long, perform(&requests[1]), -EFAULT));
}

Test(disk, error_is_the_result)
{
	with_both(report_errors);
}

static void mount_small_disk(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		rmdir(folder); /* a skipped test is not partial down */
		cr_skip_test("no right to make a mount namespace (tests/support/as-root.sh)");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tape", folder, "tmpfs", 0, "size=1m")) {
		rmdir(folder);
		cr_skip_test("a tmpfs cannot be mounted here");
	}
}

static void fill_small_disk(void)
{
	open_file(0);
	cr_expect(eq(long, perform(make(0, WT_DISK_ALLOCATE, 0, 2 << 20)), -ENOSPC));
	cr_expect(eq(long, perform(make(0, WT_DISK_WRITE, 0, 2 << 20)), 1 << 20), "short");
	cr_expect(eq(long, perform(make(0, WT_DISK_WRITE, 1 << 20, PAGE)), -ENOSPC));
	unlink(path);
}

Test(disk, full_disk_takes_a_part_and_then_nothing)
{
	mount_small_disk();
	with_both(fill_small_disk);
	umount2(folder, MNT_DETACH);
}

static void reap_nothing(void)
{
	cr_expect(eq(int, wt_disk_reap(disk, false), 0));
	cr_expect(eq(int, wt_disk_reap(disk, true), 0),
	          "with nothing in flight nothing is waited for");
	cr_expect(eq(u32, wt_disk_in_flight(disk), 0));
}

Test(disk, nothing_is_reaped_without_requests)
{
	with_both(reap_nothing);
}

static bool is_readable(int wait_ms)
{
	struct pollfd wait = {.fd = wt_disk_fd(disk), .events = POLLIN};

	return poll(&wait, 1, wait_ms) == 1 && (wait.revents & POLLIN);
}

static void be_readable(void)
{
	open_file(O_DIRECT);
	cr_expect(not(is_readable(0)), "before the first");
	for (unsigned i = 0; i < 20; i++) {
		submit(make(i, WT_DISK_WRITE, (uint64_t)i * PIECE, PIECE));
		cr_assert(is_readable(WAIT_MS));
		cr_assert(is_readable(0), "until it is reaped");
		cr_assert(eq(u32, ended, i));
		cr_assert(eq(int, wt_disk_reap(disk, false), 1));
		cr_assert(not(is_readable(0)), "reaped: %u", i);
	}
	for (unsigned i = 0; i < WT_DISK_DEPTH; i++)
		submit(make(i, WT_DISK_WRITE, (uint64_t)i * PIECE, PIECE));
	while (wt_disk_in_flight(disk)) {
		cr_assert(is_readable(WAIT_MS));
		cr_assert(wt_disk_reap(disk, false) > 0);
	}
	cr_expect(not(is_readable(0)));
}

Test(disk, descriptor_is_readable_exactly_while_something_can_be_reaped)
{
	with_both(be_readable);
}

static void close_with_requests_in_flight(void)
{
	open_file(O_DIRECT);
	for (unsigned i = 0; i < WT_DISK_DEPTH; i++)
		submit(make(i, WT_DISK_WRITE, (uint64_t)i * PIECE, PIECE));
	wt_disk_close(disk);
	disk = NULL;
	cr_expect(eq(u32, ended, WT_DISK_DEPTH));
	expect_file(WT_DISK_DEPTH);
}

Test(disk, closing_waits_for_requests_in_flight)
{
	with_both(close_with_requests_in_flight);
}

/* Each end begins the next, as a short write does. */
static void begin_next(struct wt_disk_request *request)
{
	unsigned i = ++ended;

	if (i >= PIECES)
		return;
	request->bytes = source + (size_t)i * PIECE;
	request->offset = (uint64_t)i * PIECE;
	cr_assert(eq(int, wt_disk_submit(disk, request), 0));
}

static void submit_from_done(void)
{
	struct wt_disk_request *first;

	open_file(0);
	first = make(0, WT_DISK_WRITE, 0, PIECE);
	first->done = begin_next;
	submit(first);
	reap_all();
	cr_expect(eq(u32, ended, PIECES));
	expect_file(PIECES);
}

Test(disk, end_of_a_request_may_begin_another)
{
	with_both(submit_from_done);
}

static unsigned descriptors_that_stay_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned count = 0;

	cr_assert(dir != NULL);
	while ((entry = readdir(dir))) {
		int flags = fcntl(atoi(entry->d_name), F_GETFD);

		count += entry->d_name[0] != '.' && flags >= 0 && !(flags & FD_CLOEXEC);
	}
	closedir(dir);
	return count;
}

Test(disk, no_descriptor_is_left_to_other_programs)
{
	unsigned before = descriptors_that_stay_open();
	struct wt_disk *other;

	cr_assert(eq(int, wt_disk_open(&disk, WT_DISK_AUTO, &err), 0));
	cr_assert(eq(int, wt_disk_open(&other, WT_DISK_PWRITE, &err), 0));
	cr_expect(eq(u32, descriptors_that_stay_open(), before));
	wt_disk_close(other);
}

/* How many threads of this process would take a SIGUSR1. */
static unsigned threads_for_signals(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned count = 0;

	cr_assert(dir != NULL);
	while ((entry = readdir(dir))) {
		char name[300], line[128];
		unsigned long long blocked = 0;
		FILE *in;

		snprintf(name, sizeof(name), "/proc/self/task/%s/status", entry->d_name);
		in = entry->d_name[0] == '.' ? NULL : fopen(name, "re");
		if (!in)
			continue;
		while (fgets(line, sizeof(line), in))
			if (strncmp(line, "SigBlk:", 7) == 0)
				blocked = strtoull(line + 7, NULL, 16);
		count += !(blocked >> (SIGUSR1 - 1) & 1);
		fclose(in);
	}
	closedir(dir);
	return count;
}

Test(disk, threads_take_no_signals)
{
	unsigned before = threads_for_signals();

	cr_assert(before > 0);
	cr_assert(eq(int, wt_disk_open(&disk, WT_DISK_PWRITE, &err), 0));
	open_file(0);
	/* Threads that have not yet begun have all signals blocked. */
	perform(make(0, WT_DISK_WRITE, 0, PAGE));
	perform(make(1, WT_DISK_SYNC, 0, 0));
	cr_expect(eq(u32, threads_for_signals(), before));
}

Test(disk, unknown_kind_is_an_error)
{
	cr_expect(eq(int, wt_disk_open(&disk, (enum wt_disk_kind)7, &err), -EINVAL));
	disk = NULL;
}

Test(disk, closing_no_disk_is_fine)
{
	wt_disk_close(NULL);
}

/* Refusals: in a process of its own, which sends back what it was told. */

struct answer {
	int rc; /* of asking for io_uring */
	char error[504];
	char name[16]; /* what AUTO gave instead */
	char degraded[640];
	long result; /* of a write there */
};

static void ask(struct answer *answer)
{
	const char *degraded;

	answer->rc = wt_disk_open(&disk, WT_DISK_URING, &err);
	snprintf(answer->error, sizeof(answer->error), "%s", answer->rc ? err.text : "");
	wt_disk_close(answer->rc ? NULL : disk);
	disk = NULL;
	if (wt_disk_open(&disk, WT_DISK_AUTO, &err))
		return;
	wt_disk_register(disk, source, PIECES * PIECE);
	snprintf(answer->name, sizeof(answer->name), "%s", wt_disk_name(disk));
	degraded = wt_disk_degraded(disk);
	snprintf(answer->degraded, sizeof(answer->degraded), "%s", degraded ? degraded : "");
	answer->result = perform(make(0, WT_DISK_WRITE, 0, PIECE));
}

static struct answer ask_in_child(bool (*restrict_child)(int), int argument)
{
	struct answer answer = {0};
	int ends[2], status;
	pid_t child;

	open_file(0);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	child = fork();
	if (child == 0) {
		if (!restrict_child(argument))
			_exit(77);
		ask(&answer);
		_exit(write(ends[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(ends[1]);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		unlink(path);
		rmdir(folder);
		cr_skip_test("this process cannot be restricted like that here");
	}
	cr_assert(status == 0, "status %x", (unsigned)status);
	cr_assert(eq(int, (int)read(ends[0], &answer, sizeof(answer)), (int)sizeof(answer)));
	close(ends[0]);
	return answer;
}

static bool filter_call(unsigned call, int error)
{
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static bool refuse_setup(int error)
{
	return filter_call(__NR_io_uring_setup, error);
}

static bool refuse_entering(int error)
{
	return filter_call(__NR_io_uring_enter, error);
}

static void expect_fallback(const struct answer *answer, int error, const char *why)
{
	char sentence[256];

	cr_expect(eq(int, answer->rc, -error));
	snprintf(sentence, sizeof(sentence), "io_uring is refused (%s%s)", strerror(error), why);
	expect_text(answer->error, sentence);
	expect_text(answer->name, "pwrite");
	strcat(sentence, ": writing with pwrite from a thread");
	expect_text(answer->degraded, sentence);
	cr_expect(eq(long, answer->result, PIECE));
	expect_file(1);
}

Test(disk, forbidden_io_uring_is_replaced)
{
	struct answer answer = ask_in_child(refuse_setup, EPERM);

	expect_fallback(&answer, EPERM, "; see kernel.io_uring_disabled");
}

Test(disk, missing_io_uring_is_replaced)
{
	struct answer answer = ask_in_child(refuse_setup, ENOSYS);

	expect_fallback(&answer, ENOSYS, "; the kernel or a seccomp filter leaves it out");
}

Test(disk, io_uring_that_can_be_made_but_not_used_is_replaced)
{
	struct answer answer = ask_in_child(refuse_entering, EACCES);

	expect_fallback(&answer, EACCES, "; see kernel.io_uring_disabled");
}

/* What is left of locked memory is enough for a ring, but not for the source. */
static bool lock_little(int kib)
{
	struct rlimit limit = {(rlim_t)kib * 1024, (rlim_t)kib * 1024};

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return false;
	/* Fails in a user namespace, whose root has no right to lock more anyway. */
	if (setresuid(65534, 65534, 65534))
		errno = 0;
	return true;
}

Test(disk, memory_that_cannot_be_registered_is_written_all_the_same)
{
	struct answer answer = ask_in_child(lock_little, 1024);

	if (answer.rc)
		cr_skip_test("no io_uring here");
	expect_text(answer.name, "io_uring");
	expect_text(answer.degraded,
	            "the ring's memory could not be registered with io_uring (Cannot allocate "
	            "memory; ulimit -l is 1024 KiB): its pages are pinned for every write, which "
	            "costs a little processor time; give CAP_IPC_LOCK or raise the limit");
	cr_expect(eq(long, answer.result, PIECE));
	expect_file(1);
}

/* Advice for what goes through the page cache. */

static bool note(struct wt_disk_behind *behind, int file, uint64_t offset_mib, size_t mib,
                 struct wt_disk_advice *advice)
{
	struct wt_disk_request request = {.fd = file, .offset = offset_mib << 20};

	*advice = (struct wt_disk_advice){0};
	return wt_disk_behind_note(behind, &request, mib << 20, advice);
}

static void expect_advice(const struct wt_disk_advice *advice, uint64_t push_from, uint64_t push,
                          uint64_t drop_from, uint64_t drop)
{
	cr_expect(eq(u64, advice->push_offset >> 20, push_from));
	cr_expect(eq(u64, advice->push_length >> 20, push));
	cr_expect(eq(u64, advice->drop_length >> 20, drop));
	if (drop)
		cr_expect(eq(u64, advice->drop_offset >> 20, drop_from));
}

Test(disk, what_lies_behind_is_pushed_and_later_dropped)
{
	struct wt_disk_behind behind = {0};
	struct wt_disk_advice advice;

	cr_expect(not(note(&behind, 5, 0, 4, &advice)));
	cr_expect(note(&behind, 5, 4, 4, &advice));
	expect_advice(&advice, 0, 8, 0, 0);
	cr_expect(not(note(&behind, 5, 8, 7, &advice)));
	cr_expect(note(&behind, 5, 15, 5, &advice));
	expect_advice(&advice, 0, 20, 0, 4);
	cr_expect(note(&behind, 5, 20, 20, &advice));
	expect_advice(&advice, 4, 36, 4, 20);
}

Test(disk, files_lie_behind_one_by_one_and_begin_anew)
{
	struct wt_disk_behind behind = {0};
	struct wt_disk_advice advice;

	for (int file = 1; file <= 20; file++)
		cr_expect(not(note(&behind, file, 0, 6, &advice)));
	cr_expect(note(&behind, 20, 6, 2, &advice));
	expect_advice(&advice, 0, 8, 0, 0);
	cr_expect(note(&behind, 19, 6, 4, &advice));
	expect_advice(&advice, 0, 10, 0, 0);
	cr_expect(not(note(&behind, 20, 0, 4, &advice)), "a new file of this number");
	cr_expect(eq(int, advice.fd, 0));
	cr_expect(note(&behind, 20, 4, 4, &advice));
	expect_advice(&advice, 0, 8, 0, 0);
	cr_expect(eq(int, advice.fd, 20));
}
