/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/disk/disk.h>

/* Files that share a disk, with writes, room ahead and syncs mixed, taken back in all
 * three ways: at once, waiting, and when the descriptor is readable. In the end every file
 * holds what was written last. The memory of a request is overwritten as soon as it is
 * back, so that a disk that still reads it is found out. */

enum { FILES = 3, SLOTS = 40, PIECE = 16384, PLACES = 24, ROUNDS = 6000, WAIT_MS = 20000 };

struct slot {
	struct wt_disk_request request; /* first */
	uint8_t bytes[PIECE];
	bool busy;
};

struct run {
	struct wt_disk *disk;
	struct slot slots[SLOTS];
	int files[FILES];
	bool written[FILES][PLACES]; /* a write is in flight there */
	uint8_t expected[FILES][PLACES];
	uint32_t random;
	unsigned ended;
	const char *problem;
};

/* xorshift32 */
static uint32_t draw(struct run *run, uint32_t below)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 17;
	run->random ^= run->random << 5;
	return run->random % below;
}

static unsigned file_of(const struct run *run, const struct wt_disk_request *request)
{
	unsigned i = 0;

	while (run->files[i] != request->fd)
		i++;
	return i;
}

static void on_done(struct wt_disk_request *request)
{
	struct slot *slot = (struct slot *)request;
	struct run *run = request->owner;
	ssize_t expected = request->op == WT_DISK_WRITE ? PIECE : 0;

	if (request->result != expected && run->problem == NULL) {
		fprintf(stderr, "operation %d: result %zd\n", request->op, request->result);
		run->problem = "a request has a wrong result";
	}
	if (request->op == WT_DISK_WRITE)
		run->written[file_of(run, request)][request->offset / PIECE] = false;
	memset(slot->bytes, 0xEE, PIECE);
	slot->busy = false;
	run->ended++;
}

static struct slot *find_slot(struct run *run)
{
	for (int i = 0; i < SLOTS; i++)
		if (!run->slots[i].busy)
			return &run->slots[i];
	return NULL;
}

/* Two writes to one place at a time would end in any order. */
static void choose(struct run *run, struct slot *slot)
{
	unsigned file = draw(run, FILES), place = draw(run, PLACES);
	enum wt_disk_op op = draw(run, 10)  ? WT_DISK_WRITE
	                     : draw(run, 2) ? WT_DISK_ALLOCATE
	                                    : WT_DISK_SYNC;

	if (run->written[file][place])
		op = WT_DISK_SYNC;
	slot->request = (struct wt_disk_request){
	        .op = op,
	        .fd = run->files[file],
	        .buffered = true,
	        .bytes = slot->bytes,
	        .length = PIECE,
	        .offset = (uint64_t)place * PIECE,
	        .done = on_done,
	        .owner = run,
	};
	if (op != WT_DISK_WRITE)
		return;
	run->written[file][place] = true;
	run->expected[file][place] = (uint8_t)draw(run, 200);
	memset(slot->bytes, run->expected[file][place], PIECE);
}

/* The descriptor may also announce work of the disk's own, or what was taken just before. */
static bool take_announced(struct run *run)
{
	enum { MOST = 100 };
	struct pollfd wait = {.fd = wt_disk_fd(run->disk), .events = POLLIN};
	int announced = 0;

	while (announced++ < MOST && poll(&wait, 1, WAIT_MS) == 1)
		if (wt_disk_reap(run->disk, false) > 0)
			return true;
	return false;
}

static void take_back(struct run *run)
{
	uint32_t how = draw(run, 3);

	if (how == 0)
		wt_disk_reap(run->disk, true);
	else if (how == 1)
		wt_disk_reap(run->disk, false);
	else if (wt_disk_in_flight(run->disk) && !take_announced(run))
		run->problem = "nothing could be taken back";
}

static void mix(struct run *run)
{
	unsigned handed_in = 0;

	while (handed_in < ROUNDS && !run->problem) {
		struct slot *slot;

		while (wt_disk_in_flight(run->disk) >= WT_DISK_DEPTH)
			take_back(run);
		slot = find_slot(run);
		choose(run, slot);
		slot->busy = true;
		if (wt_disk_submit(run->disk, &slot->request))
			run->problem = "a request was not taken";
		handed_in++;
		if (!draw(run, 8))
			take_back(run);
	}
	while (wt_disk_in_flight(run->disk))
		wt_disk_reap(run->disk, true);
	if (run->ended != handed_in)
		run->problem = "not every request has ended";
}

static void check_files(struct run *run)
{
	static uint8_t bytes[PIECE];

	for (unsigned file = 0; file < FILES; file++) {
		for (unsigned place = 0; place < PLACES; place++) {
			uint8_t expected = run->expected[file][place];

			memset(bytes, 0, PIECE);
			if (pread(run->files[file], bytes, PIECE, (off_t)place * PIECE) < 0 ||
			    bytes[0] != expected || memcmp(bytes, bytes + 1, PIECE - 1) != 0) {
				fprintf(stderr, "file %u, place %u: %u, expected %u\n", file, place,
				        bytes[0], expected);
				run->problem = "a file does not hold what was written";
			}
		}
	}
}

static int open_file(void)
{
	char path[TEMP_BYTES];
	int fd;

	temp_template(path, "stress_disk");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static const char *run_disk(enum wt_disk_kind kind)
{
	static struct run run;
	struct wt_error err;

	run = (struct run){.random = 7};
	if (wt_disk_open(&run.disk, kind, &err)) {
		printf("left out: %s\n", err.text);
		return NULL;
	}
	for (int i = 0; i < FILES; i++) {
		run.files[i] = open_file();
		if (run.files[i] < 0)
			return strerror(errno);
	}
	mix(&run);
	if (!run.problem)
		check_files(&run);
	printf("%s: %u requests: %s\n", wt_disk_name(run.disk), run.ended,
	       run.problem ? run.problem : "all well");
	wt_disk_close(run.disk);
	for (int i = 0; i < FILES; i++)
		close(run.files[i]);
	return run.problem;
}

int main(void)
{
	const char *pwrite_problem = run_disk(WT_DISK_PWRITE);
	const char *uring_problem = run_disk(WT_DISK_URING);

	return pwrite_problem || uring_problem ? 1 : 0;
}
