/* SPDX-License-Identifier: BSD-2-Clause */

/* Any bytes as a file: repair refuses it, or leaves one, or writes one, that decodes without an
 * error up to its end, that needs no second repair, and that has the packets that were announced.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/repair/recover.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t count_packets(const char *path)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	struct wt_error err;
	uint64_t packets = 0;
	int rc;

	require(!wt_capture_file_open(&file, path, &err));
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0)
		packets += item.kind == WT_ITEM_PACKET;
	require(rc == 0);
	wt_capture_file_close(file);
	return packets;
}

/* What a file becomes that is left alone goes to another one, which takes its place. */
static void copy(struct wt_recovery *recovery, int fd)
{
	char name[] = "/dev/shm/fuzz_recover.XXXXXX";
	struct wt_error err;
	uint8_t bytes[4096];
	ssize_t got;
	int copied = mkstemp(name);

	require(copied >= 0 && wt_recover_apply(recovery, &err) == -EPERM);
	close(copied);
	require(!wt_recover_copy(recovery, name, 0, &err));
	copied = open(name, O_RDONLY | O_CLOEXEC);
	unlink(name);
	require(copied >= 0 && !ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET));
	while ((got = read(copied, bytes, sizeof(bytes))) > 0)
		require(write(fd, bytes, (size_t)got) == got);
	close(copied);
}

/* The packets that stay, or -1 for a file that is refused. */
static int64_t repair(const char *path, int fd, size_t size, bool *needed)
{
	struct wt_recovery *recovery;
	struct wt_error err;
	int64_t packets;

	if (wt_recover_open(&recovery, path, true, &err))
		return -1;
	*needed = wt_recover_report(recovery)->needs_repair;
	packets = (int64_t)wt_recover_report(recovery)->packets;
	require(wt_recover_report(recovery)->bytes_read <= 64 * (size + (4 << 20)));
	if (wt_recover_report(recovery)->way == WT_RECOVER_COPY)
		copy(recovery, fd);
	else
		require(!wt_recover_apply(recovery, &err));
	wt_recover_close(recovery);
	return packets;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz_recover", MFD_CLOEXEC);
	int64_t packets;
	char path[64];
	bool needed;

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	packets = repair(path, fd, size, &needed);
	if (packets >= 0) {
		/* A chunk's index counts enhanced packets only. */
		require(count_packets(path) >= (uint64_t)packets);
		require(repair(path, fd, size, &needed) == packets && !needed);
	}
	close(fd);
	return 0;
}
