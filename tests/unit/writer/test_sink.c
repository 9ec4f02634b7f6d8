/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/memory_sink.h"
#include "support/powerloss_disk.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/sink.h>
#include <wiretape/writer/sink_private.h>

enum { PAGE = 4096, SOURCE_PAGES = 64, ENDS_MOST = 4096 };

static struct wt_sink *sink;
static struct wt_disk *disk;
static struct wt_error err;
static char folder[TEMP_BYTES], path[128];
static int ends[2] = {-1, -1};

/* What is written: every page is told from the others. */
static uint8_t *source;

/* What `done` was told, in order. */
static struct {
	uintptr_t token;
	int error;
} ended[ENDS_MOST];
static unsigned ended_count;

/* Records of writes. The owner gets each back twice: its bytes, then itself. */
static struct record {
	struct wt_write write; /* first */
	uintptr_t token;
	bool has_bytes, in_use;
} records[ENDS_MOST];

static uint64_t landed; /* bytes */

static void release(struct wt_write *write)
{
	struct record *record = (struct record *)write;

	cr_assert(record->has_bytes);
	record->has_bytes = false;
	cr_assert(ended_count < ENDS_MOST);
	ended[ended_count].token = record->token;
	ended[ended_count++].error = write->error;
}

static void retire(struct wt_write *write)
{
	struct record *record = (struct record *)write;

	cr_assert(record->in_use && !record->has_bytes);
	record->in_use = false;
}

static const struct wt_write_owner owner = {release, retire};

static void note_landed(void *context, struct wt_write *write, size_t bytes)
{
	cr_assert(eq(ptr, context, &landed));
	cr_assert(eq(u64, write->offset, landed), "in the order of the file");
	cr_assert(bytes > 0 && bytes <= write->length);
	landed += bytes;
}

static unsigned records_in_use(void)
{
	unsigned count = 0;

	for (int i = 0; i < ENDS_MOST; i++)
		count += records[i].in_use;
	return count;
}

static struct record *take_record(void)
{
	for (int i = 0; i < ENDS_MOST; i++)
		if (!records[i].in_use)
			return &records[i];
	cr_assert(false, "no record is free");
	return NULL;
}

static const struct wt_sink_config config;

static uint8_t byte_at(size_t offset)
{
	size_t page = offset / PAGE;

	return (uint8_t)(page * 7 + page / 256 + offset % 251);
}

static void set_up(void)
{
	temp_template(folder, "sink");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/tape", folder);
	signal(SIGPIPE, SIG_IGN);
	source = aligned_alloc(PAGE, SOURCE_PAGES * PAGE);
	cr_assert(source != NULL);
	for (size_t i = 0; i < SOURCE_PAGES * PAGE; i++)
		source[i] = byte_at(i);
}

/* Remove what stands beside the file under its name and `ending`. */
static void unlink_beside(const char *ending)
{
	char beside[sizeof(path) + 16];

	snprintf(beside, sizeof(beside), "%s%s", path, ending);
	unlink(beside);
}

static void tear_down(void)
{
	wt_sink_close(sink, false);
	wt_disk_close(disk);
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	unlink(path);
	unlink_beside(".target");
	unlink_beside(".moved");
	rmdir(folder);
	free(source);
}

TestSuite(sink, .init = set_up, .fini = tear_down);

static int close_sink(bool sync)
{
	struct wt_sink *closing = sink;

	sink = NULL;
	return wt_sink_close(closing, sync);
}

static int put_bytes(const uint8_t *bytes, size_t length, uintptr_t token)
{
	struct record *record = take_record();
	int rc;

	*record = (struct record){
	        .write = {.owner = &owner, .bytes = bytes, .length = length},
	        .token = token,
	        .has_bytes = true,
	        .in_use = true,
	};
	rc = wt_sink_write(sink, &record->write);
	if (rc)
		record->in_use = false;
	return rc;
}

/* The pages of the source from `first` on; the token is `first`. */
static int put(size_t first, size_t pages)
{
	cr_assert(first + pages <= SOURCE_PAGES);
	return put_bytes(source + first * PAGE, pages * PAGE, first);
}

static void reap(void)
{
	wt_sink_reap(sink, wt_disk_now_ns());
}

static int cut(uint64_t length)
{
	int rc = wt_sink_truncate(sink, length);

	if (!rc)
		landed = length;
	return rc;
}

static void listen_to(void)
{
	landed = 0;
	wt_sink_notify(sink, note_landed, &landed);
}

static void expect_end(unsigned i, uintptr_t token, int error)
{
	cr_assert(ended_count > i, "%u ended", ended_count);
	cr_expect(ended[i].token == token && ended[i].error == error,
	          "end %u: token %lu with %d, expected token %lu with %d", i,
	          (unsigned long)ended[i].token, ended[i].error, (unsigned long)token, error);
}

static struct wt_sink_statistics statistics(void)
{
	struct wt_sink_statistics now;

	wt_sink_statistics(sink, wt_disk_now_ns(), &now);
	return now;
}

/* Memory. */

static void open_memory(size_t limit)
{
	cr_assert(eq(int, memory_sink_open(&sink, limit, &config), 0));
	listen_to();
}

static size_t memory_length(void)
{
	size_t length;

	memory_sink_bytes(sink, &length);
	return length;
}

Test(sink, writes_follow_one_another)
{
	const uint8_t *bytes;
	size_t length;

	open_memory(0);
	cr_expect(eq(int, put(0, 2), 0));
	cr_expect(eq(int, put(2, 9), 0));
	cr_expect(eq(u64, wt_sink_bytes(sink), 11 * PAGE));
	bytes = memory_sink_bytes(sink, &length);
	cr_assert(eq(sz, length, 11 * PAGE));
	cr_expect(eq(int, memcmp(bytes, source, length), 0));
	expect_end(0, 0, 0);
	expect_end(1, 2, 0);
	cr_expect(eq(u64, statistics().writes, 2));
	cr_expect(eq(u32, statistics().in_flight, 0));
	cr_expect(eq(u32, statistics().in_flight_most, 1));
}

Test(sink, what_is_no_multiple_of_the_granule_is_refused)
{
	open_memory(0);
	cr_assert(eq(sz, wt_sink_granule(sink), PAGE));
	cr_expect(eq(int, put_bytes(source, 100, 0), -EINVAL));
	cr_expect(eq(int, put_bytes(source + 8, PAGE, 0), -EINVAL));
	cr_expect(eq(int, put_bytes(source, 0, 0), -EINVAL));
	cr_expect(eq(u64, wt_sink_bytes(sink), 0));
	cr_expect(eq(u32, ended_count, 0));
	cr_expect(eq(int, put(0, 1), 0), "and does no harm");
}

Test(sink, full_memory_says_so_and_has_what_fits)
{
	open_memory(3 * PAGE);
	put(0, 2);
	cr_expect(eq(int, put(2, 4), 0), "`done` tells");
	expect_end(0, 0, 0);
	expect_end(1, 2, -ENOSPC);
	cr_expect(eq(int, wt_sink_failed(sink), -ENOSPC));
	cr_expect(eq(sz, memory_length(), 3 * PAGE));
}

Test(sink, failed_sink_takes_nothing_more)
{
	open_memory(PAGE);
	put(0, 2);
	cr_expect(eq(int, put(2, 1), -ENOSPC));
	cr_expect(not(wt_sink_room(sink) > 0));
	cr_expect(eq(int, wt_sink_sync(sink), -ENOSPC));
	cr_expect(eq(u32, ended_count, 1));
	cr_expect(eq(int, close_sink(false), -ENOSPC));
}

Test(sink, cut_sink_gets_one_more_chance)
{
	open_memory(3 * PAGE);
	put(0, 2);
	put(2, 4);
	cr_assert(eq(int, cut(2 * PAGE), 0));
	cr_expect(eq(sz, memory_length(), 2 * PAGE));
	cr_expect(eq(u64, wt_sink_bytes(sink), 2 * PAGE));
	cr_expect(eq(int, wt_sink_failed(sink), 0));
	cr_expect(eq(int, put(2, 1), 0));
	expect_end(2, 2, 0);
	put(3, 1);
	expect_end(3, 3, -ENOSPC);
}

Test(sink, more_than_was_taken_cannot_be_kept)
{
	open_memory(0);
	put(0, 2);
	cr_expect(eq(int, cut(3 * PAGE), -EINVAL));
	cr_expect(eq(u64, wt_sink_bytes(sink), 2 * PAGE));
}

Test(sink, exact_fit_is_no_failure)
{
	open_memory(3 * PAGE);
	put(0, 3);
	expect_end(0, 0, 0);
}

Test(sink, closing_no_sink_is_fine)
{
	cr_expect(eq(int, wt_sink_close(NULL, true), 0));
}

/* Files. */

static int try_file(enum wt_direct direct, bool exclusive)
{
	int rc = wt_sink_file_open(&sink, path, disk, direct, exclusive, &config, &err);

	if (!rc)
		listen_to();
	return rc;
}

static void open_file(enum wt_direct direct)
{
	disk = fault_disk_open();
	cr_assert(disk != NULL);
	cr_assert(eq(int, try_file(direct, false), 0), "%s", err.text);
}

/* Some at a time, so that they end between the writes. */
static void put_when_ready(size_t first, size_t pages)
{
	while (!wt_sink_room(sink) && !wt_sink_failed(sink))
		reap();
	cr_assert(eq(int, put(first, pages), 0));
}

static void put_all(size_t pages, size_t total_pages)
{
	for (size_t at = 0; at < total_pages; at += pages)
		put_when_ready(at, pages);
}

static struct stat status_of(const char *name)
{
	struct stat status;

	cr_assert(eq(int, stat(name, &status), 0), "%s: %s", name, strerror(errno));
	return status;
}

static void write_old_file(void)
{
	FILE *old = fopen(path, "we");

	cr_assert(old != NULL);
	for (int i = 0; i < 100 * PAGE; i++)
		fputc('x', old);
	fclose(old);
}

static void expect_file(size_t pages)
{
	size_t length = pages * PAGE;
	uint8_t *bytes = malloc(length + 1);
	FILE *in = fopen(path, "re");

	cr_assert(in != NULL && bytes != NULL);
	cr_expect(eq(i64, status_of(path).st_size, (int64_t)length));
	cr_expect(eq(sz, fread(bytes, 1, length + 1, in), length));
	for (size_t i = 0; i < length; i++)
		cr_assert(bytes[i] == source[i], "byte %zu is %u, expected %u", i, bytes[i],
		          source[i]);
	fclose(in);
	free(bytes);
}

static void file_holds_what_was_written(enum wt_disk_kind kind, enum wt_direct direct)
{
	write_old_file();
	cr_assert(eq(int, wt_disk_open(&disk, kind, &err), 0), "%s", err.text);
	cr_assert(eq(int, try_file(direct, false), 0), "%s", err.text);
	put_all(2, 40);
	put_when_ready(40, 1);
	cr_expect(eq(int, close_sink(true), 0));
	cr_expect(eq(u32, ended_count, 21));
	expect_file(41);
	wt_disk_close(disk);
	disk = NULL;
}

Test(sink, file_holds_what_was_written_and_no_more)
{
	file_holds_what_was_written(WT_DISK_AUTO, WT_DIRECT_AUTO);
}

Test(sink, file_holds_it_through_the_page_cache)
{
	file_holds_what_was_written(WT_DISK_AUTO, WT_DIRECT_OFF);
}

Test(sink, file_holds_it_by_pwrite)
{
	file_holds_what_was_written(WT_DISK_PWRITE, WT_DIRECT_AUTO);
}

Test(sink, file_is_whole_in_whatever_order_writes_end)
{
	disk = fault_disk_open();
	for (uint32_t seed = 1; seed <= 50; seed++) {
		fault_disk_shuffle(disk, seed);
		cr_assert(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
		put_all(1, SOURCE_PAGES);
		cr_expect(eq(int, close_sink(false), 0));
		expect_file(SOURCE_PAGES);
	}
	cr_expect(eq(u32, fault_disk_counts(disk).writes, 50 * SOURCE_PAGES));
}

Test(sink, as_many_writes_as_may_be_are_in_flight)
{
	open_file(WT_DIRECT_OFF);
	fault_disk_hold(disk, true);
	for (size_t i = 0; i < WT_SINK_WRITES_MOST; i++) {
		cr_expect(eq(u32, wt_sink_room(sink), WT_SINK_WRITES_MOST - (uint32_t)i));
		cr_expect(eq(int, put(i, 1), 0));
	}
	cr_expect(not(wt_sink_room(sink) > 0));
	cr_expect(eq(int, put(20, 1), -EAGAIN));
	reap();
	cr_expect(eq(u32, ended_count, 0));
	cr_expect(eq(u32, statistics().in_flight, WT_SINK_WRITES_MOST));
	cr_expect(eq(u64, wt_sink_bytes(sink), WT_SINK_WRITES_MOST * PAGE));
	fault_disk_hold(disk, false);
	reap();
	cr_expect(wt_sink_room(sink) > 0);
	cr_expect(eq(u32, ended_count, WT_SINK_WRITES_MOST));
	cr_expect(eq(u32, statistics().in_flight_most, WT_SINK_WRITES_MOST));
}

Test(sink, write_is_old_while_the_disk_stalls)
{
	struct wt_sink_statistics before, after;
	int64_t now = wt_disk_now_ns();

	open_file(WT_DIRECT_AUTO);
	cr_expect(eq(i64, statistics().oldest_ns, 0));
	fault_disk_hold(disk, true);
	put(0, 1);
	put(1, 1);
	wt_sink_statistics(sink, now + 3000000000, &before);
	cr_expect(before.oldest_ns > 1000000000 && before.oldest_ns <= 3000000000, "%lld ns",
	          (long long)before.oldest_ns);
	fault_disk_hold(disk, false);
	wt_sink_settle(sink);
	wt_sink_statistics(sink, now + 3000000000, &after);
	cr_expect(eq(i64, after.oldest_ns, 0));
	cr_expect(after.longest_ns > 0 && after.longest_ns <= wt_disk_now_ns() - now, "%lld ns",
	          (long long)after.longest_ns);
	cr_expect(eq(u64, after.writes, 2));
}

Test(sink, closing_waits_for_what_is_in_flight)
{
	open_file(WT_DIRECT_AUTO);
	put(0, 3);
	put(3, 2);
	cr_expect(eq(u32, ended_count, 0));
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(u32, ended_count, 2));
	expect_file(5);
}

Test(sink, reserve_of_the_file_is_never_seen)
{
	open_file(WT_DIRECT_AUTO);
	put(0, 1);
	wt_sink_settle(sink);
	cr_expect(eq(i64, status_of(path).st_size, PAGE), "while open");
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(i64, status_of(path).st_size, PAGE), "closed");
	cr_expect(status_of(path).st_blocks <= 16, "%ld blocks", (long)status_of(path).st_blocks);
}

Test(sink, file_in_which_nothing_arrived_is_removed)
{
	open_file(WT_DIRECT_AUTO);
	cr_expect(eq(int, close_sink(true), 0));
	cr_expect(eq(int, access(path, F_OK), -1));
}

Test(sink, file_that_took_the_name_meanwhile_is_not_removed)
{
	open_file(WT_DIRECT_AUTO);
	unlink(path);
	write_old_file();
	cr_expect(eq(int, close_sink(true), 0));
	cr_expect(eq(i64, status_of(path).st_size, 100 * PAGE));
}

/* What has the name at the end is not what was recorded. */

Test(sink, deleted_file_is_told)
{
	open_file(WT_DIRECT_AUTO);
	put_all(4, 8);
	unlink(path);
	cr_expect(eq(int, close_sink(true), WT_SINK_DELETED));
	cr_expect(wt_sink_spoilt(WT_SINK_DELETED) != NULL);
	cr_expect(wt_sink_spoilt(-EIO) == NULL);
}

Test(sink, file_that_took_the_name_is_neither_touched_nor_taken_for_ours)
{
	char other[sizeof(path) + 8];

	snprintf(other, sizeof(other), "%s.moved", path);
	open_file(WT_DIRECT_AUTO);
	put_all(4, 8);
	cr_assert(eq(int, rename(path, other), 0));
	write_old_file();
	cr_expect(eq(int, close_sink(true), WT_SINK_REPLACED));
	cr_expect(eq(i64, status_of(path).st_size, 100 * PAGE));
	cr_expect(eq(i64, status_of(other).st_size, 8 * PAGE));
}

static void truncated_is_told(off_t length, size_t after)
{
	open_file(WT_DIRECT_AUTO);
	put_all(4, 40);
	wt_sink_settle(sink);
	cr_assert(eq(int, truncate(path, length), 0));
	if (after)
		put_when_ready(40, after);
	cr_expect(eq(int, close_sink(false), WT_SINK_TRUNCATED), "to %ld", (long)length);
}

Test(sink, file_that_is_cut_to_nothing_and_written_on_is_told)
{
	truncated_is_told(0, 8);
}

Test(sink, file_that_is_cut_in_its_middle_and_written_on_is_told)
{
	truncated_is_told(10 * PAGE, 8);
}

Test(sink, file_that_is_cut_last_of_all_is_told_and_gets_no_end_of_zeros)
{
	truncated_is_told(10 * PAGE, 0);
	cr_expect(eq(i64, status_of(path).st_size, 10 * PAGE));
}

/* A file system that takes O_DIRECT, and then no write of a page. */

static void direct_writes_are_refused(enum wt_direct direct)
{
	disk = fault_disk_open();
	cr_assert(disk != NULL);
	if (try_file(direct, false) || !wt_sink_is_direct(sink))
		cr_skip_test("no direct I/O here: %s", err.text);
	fault_disk_fail_write(disk, 1, -EINVAL);
}

Test(sink, first_direct_write_that_is_refused_goes_through_the_page_cache)
{
	direct_writes_are_refused(WT_DIRECT_AUTO);
	put_all(2, 40);
	wt_sink_settle(sink);
	cr_expect(not(wt_sink_is_direct(sink)));
	cr_assert(wt_sink_degraded(sink) != NULL);
	cr_expect(strstr(wt_sink_degraded(sink), "writing through the page cache") != NULL, "%s",
	          wt_sink_degraded(sink));
	cr_expect(eq(int, close_sink(false), 0));
	expect_file(40);
}

Test(sink, unless_direct_writes_were_asked_for)
{
	direct_writes_are_refused(WT_DIRECT_ON);
	put(0, 2);
	wt_sink_settle(sink);
	cr_expect(eq(int, close_sink(false), -EINVAL));
}

/* Links. */

static char target[sizeof(path) + 16];

static void make_link(mode_t folder_mode)
{
	snprintf(target, sizeof(target), "%s.target", path);
	cr_assert(eq(int, symlink(target, path), 0));
	cr_assert(eq(int, chmod(folder, folder_mode), 0));
}

Test(sink, own_link_leads_to_its_target)
{
	make_link(0755);
	open_file(WT_DIRECT_AUTO);
	put_all(4, 8);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(i64, status_of(target).st_size, 8 * PAGE));
}

Test(sink, link_that_others_may_have_made_is_refused)
{
	make_link(0777);
	disk = fault_disk_open();
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, false), -ELOOP));
	cr_expect(strstr(err.text, "a link in a directory that others may write") != NULL, "%s",
	          err.text);
	cr_expect(eq(int, access(target, F_OK), -1));
	sink = NULL;
}

Test(sink, second_name_that_others_may_have_made_is_refused)
{
	make_link(0777);
	unlink(path);
	write_old_file();
	cr_assert(eq(int, link(path, target), 0));
	disk = fault_disk_open();
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, false), -EMLINK));
	cr_expect(eq(i64, status_of(path).st_size, 100 * PAGE));
	sink = NULL;
}

Test(sink, file_is_not_for_everybody_to_read)
{
	umask(022);
	open_file(WT_DIRECT_AUTO);
	put_all(4, 4);
	cr_expect(eq(u32, status_of(path).st_mode & 0777, 0640));
}

Test(sink, file_that_cannot_be_made_is_an_error_with_its_name)
{
	snprintf(path, sizeof(path), "%s/none/tape", folder);
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, false), -ENOENT));
	cr_expect(strstr(err.text, path) != NULL, "%s", err.text);
	sink = NULL;
}

Test(sink, exclusive_file_does_not_replace_one)
{
	write_old_file();
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, true), -EEXIST));
	cr_expect(strstr(err.text, path) != NULL, "%s", err.text);
	cr_expect(eq(i64, status_of(path).st_size, 100 * PAGE));
	unlink(path);
	disk = fault_disk_open();
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, true), 0), "%s", err.text);
}

Test(sink, file_that_somebody_records_stays_theirs)
{
	struct wt_sink *theirs;

	open_file(WT_DIRECT_AUTO);
	put(0, 5);
	wt_sink_settle(sink);
	theirs = sink;
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, false), -EWOULDBLOCK));
	cr_expect(strstr(err.text, "is being recorded by another program") != NULL, "%s", err.text);
	sink = theirs;
	expect_file(5);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
}

static void *open_elsewhere(void *unused)
{
	(void)unused;
	open_file(WT_DIRECT_AUTO);
	return NULL;
}

/* What takes a file system's time need not be done by whoever writes. */
Test(sink, file_that_another_thread_has_opened_is_written)
{
	pthread_t thread;

	cr_assert(eq(int, pthread_create(&thread, NULL, open_elsewhere, NULL), 0));
	pthread_join(thread, NULL);
	cr_expect(eq(u32, fault_disk_counts(disk).writes, 0));
	put_all(2, 20);
	cr_expect(eq(int, close_sink(false), 0));
	expect_file(20);
}

Test(sink, disk_is_what_to_poll_for)
{
	open_file(WT_DIRECT_AUTO);
	cr_expect(eq(int, wt_sink_poll(sink).fd, wt_disk_fd(disk)));
	cr_expect(eq(int, wt_sink_poll(sink).events, POLLIN));
}

Test(sink, late_write_holds_up_the_records_after_it_but_not_their_bytes)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_shuffle(disk, 3);
	for (size_t i = 0; i < 8; i++)
		put(i, 1);
	while (!wt_sink_is_idle(sink)) {
		uint64_t first = 8;

		reap();
		/* The first that has not ended. */
		for (unsigned i = 0; i < 8; i++) {
			bool there = false;

			for (unsigned j = 0; j < ended_count; j++)
				there |= ended[j].token == i;
			if (!there && i < first)
				first = i;
		}
		cr_expect(eq(u64, landed, first * PAGE));
		cr_expect(eq(u64, wt_sink_landed_bytes(sink), landed));
		cr_expect(eq(u32, records_in_use(), 8 - (unsigned)first));
	}
	cr_expect(eq(u32, records_in_use(), 0));
}

Test(sink, late_write_ends_what_is_taken_in_the_end)
{
	unsigned taken = 0;

	open_file(WT_DIRECT_AUTO);
	fault_disk_keep_first(disk, true);
	while (taken < 1000 && (wt_sink_room(sink) || (reap(), wt_sink_room(sink)))) {
		cr_expect(eq(int, put(taken % SOURCE_PAGES, 1), 0));
		taken++;
	}
	cr_expect(eq(u32, taken, WT_SINK_UNLANDED_MOST));
	cr_expect(eq(u32, statistics().in_flight, 1));
	cr_expect(eq(u64, landed, 0));
	cr_expect(eq(u32, records_in_use(), WT_SINK_UNLANDED_MOST));
	fault_disk_keep_first(disk, false);
	reap();
	cr_expect(eq(u64, landed, WT_SINK_UNLANDED_MOST * PAGE));
	cr_expect(eq(u32, wt_sink_room(sink), WT_SINK_WRITES_MOST));
	cr_expect(eq(u32, records_in_use(), 0));
}

Test(sink, records_of_a_failed_file_are_retired_by_the_cut)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_fail_write(disk, 2, -EIO);
	for (size_t i = 0; i < 5; i++)
		put(i, 1);
	wt_sink_settle(sink);
	cr_expect(eq(u32, ended_count, 5));
	cr_expect(eq(u32, records_in_use(), 4), "all but the first");
	cr_expect(eq(u64, landed, PAGE));
	cr_expect(eq(int, cut(2 * PAGE), -EINVAL), "that is not there");
	cr_expect(eq(int, cut(PAGE), 0));
	cr_expect(eq(u32, records_in_use(), 0));
	cr_expect(eq(u32, wt_sink_room(sink), WT_SINK_WRITES_MOST));
}

Test(sink, records_of_a_failed_file_are_retired_by_closing)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_fail_write(disk, 1, -EIO);
	put(0, 1);
	put(1, 1);
	cr_expect(eq(int, close_sink(false), -EIO));
	cr_expect(eq(u32, records_in_use(), 0));
}

Test(sink, short_write_goes_on_where_it_ended)
{
	open_file(WT_DIRECT_OFF);
	fault_disk_short_write(disk, 2, 5000);
	put(0, 1);
	put(1, 4);
	put(5, 1);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).writes, 4));
	cr_expect(eq(u32, ended_count, 3));
	expect_file(6);
}

Test(sink, short_direct_write_goes_on_at_a_granule)
{
	open_file(WT_DIRECT_ON);
	fault_disk_short_write(disk, 1, 3 * PAGE);
	put(0, 5);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).writes, 2));
	/* Sectors can be smaller than a granule. Memory file systems take any length. */
	fault_disk_short_write(disk, 3, PAGE + 512);
	put(5, 5);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).writes, 4));
	expect_file(10);
}

Test(sink, write_that_gets_nowhere_is_given_up)
{
	open_file(WT_DIRECT_ON);
	fault_disk_short_from(disk, 2, 512);
	put(0, 1);
	put(1, 2);
	cr_expect(eq(int, close_sink(false), -EIO));
	expect_end(1, 1, -EIO);
	cr_expect(fault_disk_counts(disk).writes < 20, "%u", fault_disk_counts(disk).writes);
	expect_file(1);
}

Test(sink, write_that_gets_nowhere_for_a_while_is_not_given_up)
{
	open_file(WT_DIRECT_ON);
	fault_disk_short_from(disk, 1, 512);
	put(0, 2);
	for (int i = 0; i < 8; i++)
		reap();
	cr_expect(eq(u32, ended_count, 0));
	fault_disk_short_from(disk, 1000, 512);
	wt_sink_settle(sink);
	expect_end(0, 0, 0);
	cr_expect(eq(int, close_sink(false), 0));
	expect_file(2);
}

Test(sink, write_of_nothing_is_an_error)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_fail_write(disk, 1, 0);
	put(0, 2);
	wt_sink_settle(sink);
	expect_end(0, 0, -EIO);
}

static void fail_two_of_four(uint32_t seed)
{
	cr_assert(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
	ended_count = 0;
	fault_disk_hold(disk, true);
	put(0, 2);
	put(2, 3);
	put(5, 1);
	put(6, 1);
	fault_disk_fail_write(disk, 2, -EIO);
	fault_disk_fail_from(disk, 4, -ENOSPC);
	fault_disk_shuffle(disk, seed);
	fault_disk_hold(disk, false);
	wt_sink_settle(sink);
	cr_expect(eq(int, wt_sink_failed(sink), -EIO), "seed %u", seed);
	for (unsigned i = 0; i < 4; i++)
		expect_end(i, ended[i].token,
		           ended[i].token == 2   ? -EIO
		           : ended[i].token == 6 ? -ENOSPC
		                                 : 0);
	cr_expect(eq(u64, statistics().writes, 2));
	cr_expect(eq(int, close_sink(false), -EIO));
	expect_file(2);
}

Test(sink, first_failure_in_file_order_counts_and_the_rest_goes_on)
{
	for (uint32_t seed = 1; seed <= 10; seed++) {
		disk = fault_disk_open();
		fail_two_of_four(seed);
		wt_disk_close(disk);
	}
	disk = NULL;
}

Test(sink, file_can_be_cut_only_once_settled)
{
	open_file(WT_DIRECT_AUTO);
	put(0, 4);
	cr_expect(eq(int, cut(PAGE), -EBUSY));
	wt_sink_settle(sink);
	cr_assert(eq(int, cut(2 * PAGE), 0));
	cr_expect(eq(i64, status_of(path).st_size, 2 * PAGE));
	cr_expect(eq(int, put(2, 1), 0));
	cr_expect(eq(int, close_sink(false), 0));
	expect_file(3);
}

Test(sink, failed_file_goes_on_after_a_cut)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_fail_write(disk, 2, -ENOSPC);
	put(0, 2);
	put(2, 2);
	wt_sink_settle(sink);
	cr_assert(eq(int, cut(2 * PAGE), 0));
	cr_expect(eq(int, put(2, 3), 0));
	cr_expect(eq(int, close_sink(false), 0));
	expect_file(5);
}

/* Stable storage. */

Test(sink, sync_does_not_wait_for_writes_but_the_sink_for_both)
{
	open_file(WT_DIRECT_AUTO);
	put(0, 2);
	fault_disk_hold(disk, true);
	cr_expect(eq(int, wt_sink_sync(sink), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 1));
	fault_disk_keep_first(disk, true);
	fault_disk_hold(disk, false);
	reap();
	cr_expect(not(wt_sink_is_idle(sink)));
	fault_disk_keep_first(disk, false);
	reap();
	cr_expect(wt_sink_is_idle(sink));
	fault_disk_hold(disk, true);
	wt_sink_sync(sink);
	cr_expect(eq(u32, statistics().in_flight, 0));
	cr_expect(not(wt_sink_is_idle(sink)));
	fault_disk_hold(disk, false);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 2));
}

Test(sink, sync_wanted_during_another_follows_it)
{
	open_file(WT_DIRECT_AUTO);
	fault_disk_hold(disk, true);
	put(0, 2);
	wt_sink_sync(sink);
	wt_sink_sync(sink);
	wt_sink_sync(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 1));
	fault_disk_hold(disk, false);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 2));
}

Test(sink, sync_that_fails_fails_the_sink_and_cuts_nothing)
{
	open_file(WT_DIRECT_AUTO);
	put(0, 2);
	wt_sink_settle(sink);
	fault_disk_fail_sync(disk, -EIO);
	wt_sink_sync(sink);
	wt_sink_settle(sink);
	cr_expect(eq(int, wt_sink_failed(sink), -EIO));
	cr_expect(eq(int, put(2, 1), -EIO));
	cr_expect(eq(int, close_sink(true), -EIO));
	expect_file(2);
}

static void ignore(struct wt_disk_request *request)
{
	(void)request;
}

/* Hand in as many requests as the disk takes beside those of the sink. */
static void crowd_disk(struct wt_disk_request *others, int fd)
{
	for (int i = 0; i < WT_DISK_DEPTH; i++) {
		others[i] = (struct wt_disk_request){.op = WT_DISK_WRITE,
		                                     .fd = fd,
		                                     .bytes = source,
		                                     .length = PAGE,
		                                     .done = ignore};
		wt_disk_submit(disk, &others[i]);
	}
	cr_assert(eq(u32, wt_disk_in_flight(disk), WT_DISK_DEPTH));
}

Test(sink, crowded_disk_takes_neither_write_nor_sync_until_later)
{
	struct wt_disk_request others[WT_DISK_DEPTH];
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	open_file(WT_DIRECT_AUTO);
	put(0, 2);
	wt_sink_settle(sink);
	crowd_disk(others, fd);
	cr_expect(not(wt_sink_room(sink) > 0));
	cr_expect(eq(int, put(2, 1), -EAGAIN));
	cr_expect(eq(u64, wt_sink_bytes(sink), 2 * PAGE));
	cr_expect(eq(int, wt_sink_sync(sink), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 0));
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).syncs, 1));
	cr_expect(eq(int, put(2, 1), 0));
	close(fd);
}

static bool is_page(const uint8_t *bytes, size_t page)
{
	return memcmp(bytes + page * PAGE, source + page * PAGE, PAGE) == 0;
}

static bool is_empty_page(const uint8_t *bytes, size_t page)
{
	static const uint8_t nothing[PAGE];

	return memcmp(bytes + page * PAGE, nothing, PAGE) == 0;
}

/* Returns the number of pages that are missing. */
static size_t expect_image(uint32_t seed)
{
	uint8_t *bytes;
	size_t length, missing = 0, covered = powerloss_image(disk, seed, &bytes, &length);

	cr_assert(covered <= length, "seed %u: %zu of %zu", seed, covered, length);
	for (size_t page = 0; page < length / PAGE && page < SOURCE_PAGES; page++) {
		bool there = is_page(bytes, page);

		missing += !there;
		cr_assert(there || (page >= covered / PAGE && is_empty_page(bytes, page)),
		          "seed %u: page %zu of %zu, %zu covered", seed, page, length / PAGE,
		          covered / PAGE);
	}
	free(bytes);
	return missing;
}

Test(sink, power_cut_takes_nothing_that_a_sync_covered)
{
	uint8_t *bytes;
	size_t length, missing = 0;

	disk = powerloss_disk_open(5);
	cr_assert(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
	for (size_t at = 0; at < SOURCE_PAGES; at += 2) {
		put_when_ready(at, 2);
		if (at % 10 == 8)
			wt_sink_sync(sink);
		if (at % 6 == 4)
			reap();
	}
	wt_sink_settle(sink);
	cr_expect(powerloss_image(disk, 0, &bytes, &length) > 0);
	free(bytes);
	cr_expect(eq(sz, expect_image(0), 0));
	for (uint32_t seed = 1; seed <= 500; seed++)
		missing += expect_image(seed);
	cr_expect(missing > 500, "the cuts did not cut: %zu pages", missing);
}

/* Room ahead. */

Test(sink, file_with_one_write_at_a_time_ends_at_its_last)
{
	open_file(WT_DIRECT_ON);
	for (size_t i = 0; i < 10; i++) {
		put(i, 1);
		wt_sink_settle(sink);
	}
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 0));
	cr_expect(eq(i64, status_of(path).st_size, 10 * PAGE));
}

Test(sink, busy_file_has_room_ahead_and_none_when_closed)
{
	enum { AHEAD = 16 << 20 };

	open_file(WT_DIRECT_ON);
	put_all(1, SOURCE_PAGES);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
	cr_expect(eq(u64, fault_disk_counts(disk).allocated_end, AHEAD + 2 * PAGE));
	cr_expect(eq(i64, status_of(path).st_size, AHEAD + 2 * PAGE));
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(status_of(path).st_blocks <= 8 * (SOURCE_PAGES + 8), "%ld blocks",
	          (long)status_of(path).st_blocks);
	expect_file(SOURCE_PAGES);
}

enum { HALF_AHEAD = 8 << 20, STEP = SOURCE_PAGES * PAGE };

static void put_until(uint64_t bytes)
{
	while (wt_sink_bytes(sink) < bytes) {
		put_when_ready(0, SOURCE_PAGES);
		ended_count = 0;
	}
}

Test(sink, room_ahead_is_renewed_before_it_ends)
{
	open_file(WT_DIRECT_ON);
	put_until(HALF_AHEAD);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
	put_until(HALF_AHEAD + 3 * STEP);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 2));
	cr_expect(fault_disk_counts(disk).allocated_end >= 3ULL * HALF_AHEAD &&
	                  fault_disk_counts(disk).allocated_end <= 3ULL * HALF_AHEAD + 4 * STEP,
	          "%llu", (unsigned long long)fault_disk_counts(disk).allocated_end);
}

Test(sink, room_ahead_is_as_much_as_the_file_has)
{
	enum { HAS = 64 << 20 };
	uint64_t ahead;

	open_file(WT_DIRECT_ON);
	put_until(HAS);
	ahead = fault_disk_counts(disk).allocated_end - wt_sink_bytes(sink);
	cr_expect(ahead > HAS / 2 - 4 * STEP && ahead <= HAS, "%llu", (unsigned long long)ahead);
}

Test(sink, refused_room_is_not_asked_for_again)
{
	open_file(WT_DIRECT_ON);
	fault_disk_fail_allocate(disk, -EOPNOTSUPP);
	put_until(HALF_AHEAD + 8 * STEP);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
	cr_expect(eq(int, wt_sink_failed(sink), 0));
}

Test(sink, file_that_was_cut_gets_no_room_ahead)
{
	open_file(WT_DIRECT_ON);
	put_all(1, SOURCE_PAGES);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
	cr_expect(eq(int, cut(0), 0));
	put_all(1, SOURCE_PAGES);
	wt_sink_settle(sink);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
}

Test(sink, file_without_room_ahead_is_written_all_the_same)
{
	open_file(WT_DIRECT_ON);
	fault_disk_fail_allocate(disk, -ENOSPC);
	put_all(1, SOURCE_PAGES);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 1));
	expect_file(SOURCE_PAGES);
}

Test(sink, page_cache_needs_no_room_ahead)
{
	open_file(WT_DIRECT_OFF);
	put_all(1, SOURCE_PAGES);
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 0));
	cr_expect(wt_sink_degraded(sink) == NULL, "%s", wt_sink_degraded(sink));
}

/* Mounted file systems. */

static void mount_on_folder(const char *type, const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS)) {
		rmdir(folder); /* a skipped test is not partial down */
		cr_skip_test("no right to make a mount namespace (tests/support/as-root.sh)");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tape", folder, type, 0, options)) {
		rmdir(folder);
		cr_skip_test("a file system in memory cannot be mounted here");
	}
}

static void full_disk(enum wt_direct direct)
{
	uint64_t whole;

	mount_on_folder("tmpfs", "size=1m");
	open_file(direct);
	while (!wt_sink_failed(sink) && wt_sink_bytes(sink) < 4 << 20) {
		while (!wt_sink_room(sink) && !wt_sink_failed(sink))
			reap();
		put(0, 10);
	}
	wt_sink_settle(sink);
	cr_assert(eq(int, wt_sink_failed(sink), -ENOSPC));
	whole = (uint64_t)statistics().writes * 10 * PAGE;
	cr_assert(eq(int, cut(whole), 0));
	cr_expect(eq(int, put(10, 8), 0));
	wt_sink_settle(sink);
	cr_expect(eq(int, wt_sink_failed(sink), 0), "the reserve was for this");
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(i64, status_of(path).st_size, (int64_t)whole + 8 * PAGE));
	umount2(folder, MNT_DETACH);
}

Test(sink, full_disk_takes_the_closing_blocks_after_the_cut)
{
	full_disk(WT_DIRECT_AUTO);
}

Test(sink, full_disk_behind_the_page_cache_does_too)
{
	full_disk(WT_DIRECT_OFF);
}

Test(sink, small_disk_gets_no_room_ahead_that_writes_in_flight_need)
{
	mount_on_folder("tmpfs", "size=16m");
	disk = fault_disk_open();
	if (try_file(WT_DIRECT_ON, false)) {
		umount2(folder, MNT_DETACH);
		cr_skip_test("a tmpfs takes no direct writes before Linux 6.6");
	}
	put_all(1, SOURCE_PAGES);
	wt_sink_settle(sink);
	cr_expect(eq(int, wt_sink_failed(sink), 0));
	cr_expect(eq(u32, fault_disk_counts(disk).allocates, 0));
	cr_expect(eq(int, close_sink(false), 0));
	umount2(folder, MNT_DETACH);
}

Test(sink, refused_direct_writing_is_told_or_an_error)
{
	mount_on_folder("ramfs", NULL);
	disk = fault_disk_open();
	cr_expect(eq(int, try_file(WT_DIRECT_ON, false), -EINVAL));
	cr_expect(strstr(err.text, "direct I/O is refused for ") != NULL, "%s", err.text);
	cr_expect(eq(int, access(path, F_OK), -1), "nothing is left behind");
	cr_assert(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
	cr_assert(wt_sink_degraded(sink) != NULL);
	cr_expect(strstr(wt_sink_degraded(sink),
	                 "(Invalid argument): writing through the page cache") != NULL,
	          "%s", wt_sink_degraded(sink));
	put_all(1, 20);
	cr_expect(eq(int, close_sink(true), 0));
	expect_file(20);
	umount2(folder, MNT_DETACH);
}

/* Streams. */

static void open_pipe(const volatile sig_atomic_t *abort_writes)
{
	struct wt_sink_config with_hurry = config;

	with_hurry.abort_writes = abort_writes;
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &with_hurry), 0));
	listen_to();
}

Test(sink, pipe_delivers_what_was_written)
{
	uint8_t bytes[6000];

	open_pipe(NULL);
	cr_assert(eq(sz, wt_sink_granule(sink), 1));
	cr_expect(eq(int, put_bytes(source + 3, 5003, (uintptr_t)&ended), 0));
	expect_end(0, (uintptr_t)&ended, 0);
	cr_assert(eq(int, (int)read(ends[0], bytes, sizeof(bytes)), 5003));
	cr_expect(eq(int, memcmp(bytes, source + 3, 5003), 0));
	cr_expect(eq(u64, wt_sink_bytes(sink), 5003));
	cr_expect(eq(int, wt_sink_sync(sink), 0));
}

Test(sink, pipe_without_a_reader_is_an_error_and_cannot_be_cut)
{
	open_pipe(NULL);
	close(ends[0]);
	ends[0] = -1;
	cr_expect(eq(int, put(0, 1), 0));
	expect_end(0, 0, -EPIPE);
	cr_expect(eq(int, put(1, 1), -EPIPE));
	cr_expect(eq(int, cut(0), -ENOTSUP));
	cr_expect(eq(int, close_sink(true), -EPIPE));
}

static uint8_t received[SOURCE_PAGES * PAGE];
static size_t received_bytes;

static void receive(size_t most)
{
	ssize_t got =
	        read(ends[0], received + received_bytes,
	             most < sizeof(received) - received_bytes ? most
	                                                      : sizeof(received) - received_bytes);

	cr_assert(got >= 0);
	received_bytes += (size_t)got;
}

/* A pipe of two pages. */
static void open_small_pipe(const volatile sig_atomic_t *abort_writes)
{
	open_pipe(abort_writes);
	cr_assert(fcntl(ends[1], F_SETPIPE_SZ, 2 * PAGE) >= 0);
	received_bytes = 0;
}

Test(sink, full_pipe_holds_nobody_up)
{
	open_small_pipe(NULL);
	cr_expect(eq(int, put(0, 10), 0));
	cr_expect(eq(int, put(10, 1), 0));
	cr_expect(eq(u32, ended_count, 0));
	cr_expect(eq(u32, statistics().in_flight, 2));
	cr_expect(statistics().oldest_ns > 0 && statistics().oldest_ns < 60000000000);
	cr_expect(not(wt_sink_is_idle(sink)));
	cr_expect(eq(int, wt_sink_poll(sink).fd, ends[1]));
	cr_expect(eq(int, wt_sink_poll(sink).events, POLLOUT));
	for (int i = 0; i < 4; i++) {
		receive(2 * PAGE);
		reap();
	}
	cr_expect(eq(u64, landed, 10 * PAGE));
	receive(PAGE);
	reap();
	expect_end(0, 0, 0);
	expect_end(1, 10, 0);
	cr_expect(wt_sink_is_idle(sink));
	cr_expect(eq(int, wt_sink_poll(sink).fd, -1));
	receive(2 * PAGE);
	cr_assert(eq(sz, received_bytes, 11 * PAGE));
	cr_expect(eq(int, memcmp(received, source, 11 * PAGE), 0));
	cr_expect(eq(u64, statistics().writes, 2));
}

Test(sink, flags_of_a_stream_stay_as_they_are)
{
	open_small_pipe(NULL);
	put(0, 10);
	cr_expect(eq(int, fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0));
	close(ends[0]);
	ends[0] = -1;
}

Test(sink, stream_takes_as_many_writes_as_may_be_unlanded)
{
	open_small_pipe(NULL);
	put(0, 3);
	for (unsigned i = 1; i < WT_SINK_UNLANDED_MOST; i++) {
		cr_expect(eq(u32, wt_sink_room(sink), WT_SINK_UNLANDED_MOST - i));
		cr_expect(eq(int, put(3, 1), 0));
	}
	cr_expect(eq(u32, wt_sink_room(sink), 0));
	cr_expect(eq(int, put(3, 1), -EAGAIN));
	close(ends[0]);
	ends[0] = -1;
	reap();
	cr_expect(eq(u32, ended_count, WT_SINK_UNLANDED_MOST));
	for (unsigned i = 0; i < ended_count; i++)
		cr_expect(eq(int, ended[i].error, -EPIPE));
	cr_expect(eq(u64, landed, 2 * PAGE), "what the pipe has taken");
}

static volatile sig_atomic_t abort_asked;

/* Reap at these times, in ms, from when it was asked to abort on. */
static void reap_at(int64_t ms)
{
	wt_sink_reap(sink, INT64_C(5000000000) + ms * 1000000);
}

Test(sink, stuck_pipe_is_given_up_two_seconds_after_the_abort)
{
	abort_asked = 0;
	open_small_pipe(&abort_asked);
	put(0, 20);
	put(20, 1);
	reap_at(-4000);
	reap_at(-1000);
	abort_asked = 1;
	reap_at(0);
	reap_at(1999);
	cr_expect(eq(u32, ended_count, 0));
	reap_at(2000);
	expect_end(0, 0, -ETIMEDOUT);
	expect_end(1, 20, -ETIMEDOUT);
	cr_expect(eq(u64, landed, 2 * PAGE));
	cr_expect(eq(u64, wt_sink_landed_bytes(sink), 2 * PAGE));
	cr_expect(wt_sink_is_idle(sink));
	cr_expect(eq(int, close_sink(false), -ETIMEDOUT));
}

Test(sink, stuck_pipe_is_given_up_at_the_deadline_after_the_abort)
{
	static _Atomic int64_t deadline_ns = INT64_MAX;
	struct wt_sink_config hurried = config;

	abort_asked = 1;
	hurried.abort_writes = &abort_asked;
	hurried.deadline_ns = &deadline_ns;
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &hurried), 0));
	listen_to();
	put(0, 20);
	deadline_ns = 5000;
	wt_sink_reap(sink, 4999);
	cr_expect(eq(u32, ended_count, 0));
	wt_sink_reap(sink, 5000);
	expect_end(0, 0, -ETIMEDOUT);
}

Test(sink, pipe_that_goes_on_is_not_given_up)
{
	abort_asked = 1;
	open_small_pipe(&abort_asked);
	put(0, 5);
	reap_at(0);
	reap_at(1900);
	receive(2 * PAGE);
	reap_at(1950);
	reap_at(3900);
	cr_expect(eq(u32, ended_count, 0));
	receive(2 * PAGE);
	reap_at(3940);
	expect_end(0, 0, 0);
	reap_at(9000);
	cr_expect(eq(int, wt_sink_failed(sink), 0), "nothing is in flight");
	abort_asked = 0;
}

static _Atomic int64_t deadline_ns;

/* A pipe that is full, and asked to abort with a deadline so long after. */
static void open_stuck_pipe(int64_t deadline_ms)
{
	struct wt_sink_config with_deadline = config;

	abort_asked = 1;
	atomic_store(&deadline_ns, INT64_C(5000000000) + deadline_ms * 1000000);
	with_deadline.abort_writes = &abort_asked;
	with_deadline.deadline_ns = &deadline_ns;
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &with_deadline), 0));
	listen_to();
	put(0, 20);
}

Test(sink, stuck_pipe_is_given_up_at_a_deadline_that_is_near)
{
	open_stuck_pipe(500);
	reap_at(0);
	reap_at(499);
	cr_expect(eq(u32, ended_count, 0));
	reap_at(500);
	expect_end(0, 0, -ETIMEDOUT);
}

Test(sink, stuck_pipe_is_not_given_up_before_a_deadline_that_is_far)
{
	open_stuck_pipe(6000);
	reap_at(0);
	reap_at(5999);
	cr_expect(eq(u32, ended_count, 0));
	atomic_store(&deadline_ns, INT64_MAX);
	reap_at(6000);
	reap_at(7999);
	cr_expect(eq(u32, ended_count, 0), "the usual patience");
	reap_at(8000);
	expect_end(0, 0, -ETIMEDOUT);
}

Test(sink, deadline_without_an_abort_is_none)
{
	open_stuck_pipe(0);
	abort_asked = 0;
	reap_at(9000);
	cr_expect(eq(u32, ended_count, 0));
	abort_asked = 1; /* for the end */
}

Test(sink, closing_gives_a_stuck_pipe_up)
{
	static const volatile sig_atomic_t abort_writes = 1;

	open_small_pipe(&abort_writes);
	put(0, 20);
	wt_sink_settle(sink);
	expect_end(0, 0, -ETIMEDOUT);
	cr_expect(statistics().longest_ns >= 1900000000, "%lld ns",
	          (long long)statistics().longest_ns);
}

Test(sink, descriptor_of_a_stream_stays_the_callers)
{
	open_pipe(NULL);
	cr_expect(eq(int, close_sink(false), 0));
	cr_expect(eq(int, (int)write(ends[1], "x", 1), 1));
}

/* Flags of RWF_NOWAIT are refused by sockets. */
Test(sink, socket_that_is_full_holds_nobody_up)
{
	const int room = 1;

	cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0));
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &config), 0));
	listen_to();
	received_bytes = 0;
	cr_expect(eq(int, put(0, SOURCE_PAGES), 0));
	cr_expect(eq(u32, ended_count, 0));
	while (!ended_count) {
		receive(PAGE);
		reap();
	}
	while (received_bytes < SOURCE_PAGES * PAGE)
		receive(SOURCE_PAGES * PAGE);
	cr_expect(eq(int, memcmp(received, source, SOURCE_PAGES * PAGE), 0));
}

/* An event's counter takes no flags, and eight bytes. */
Test(sink, stream_that_refuses_flags_is_written_without_them)
{
	const uint64_t two = 2;
	uint64_t sum = 0;

	ends[1] = eventfd(0, EFD_CLOEXEC);
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &config), 0));
	listen_to();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect(
		        eq(int, put_bytes((const uint8_t *)&two, sizeof(two), (uintptr_t)&sum), 0));
		expect_end(i, (uintptr_t)&sum, 0);
	}
	cr_assert(eq(int, (int)read(ends[1], &sum, sizeof(sum)), (int)sizeof(sum)));
	cr_expect(eq(u64, sum, 4));
}

Test(sink, fifo_that_is_full_holds_nobody_up)
{
	cr_assert(eq(int, mkfifo(path, 0600), 0));
	ends[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert(eq(int, try_file(WT_DIRECT_AUTO, false), 0), "%s", err.text);
	received_bytes = 0;
	cr_expect(eq(int, put(0, SOURCE_PAGES), 0));
	cr_expect(eq(u32, ended_count, 0));
	while (!ended_count) {
		receive(PAGE);
		reap();
	}
	while (received_bytes < SOURCE_PAGES * PAGE)
		receive(SOURCE_PAGES * PAGE);
	cr_expect(eq(int, memcmp(received, source, SOURCE_PAGES * PAGE), 0));
}

static void write_fifo(bool exclusive)
{
	char bytes[8];
	int reader;

	cr_assert(eq(int, mkfifo(path, 0600), 0));
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert(eq(int, try_file(WT_DIRECT_ON, exclusive), 0), "%s", err.text);
	cr_expect(eq(int, put_bytes(source, 8, 0), 0));
	cr_expect(eq(int, close_sink(true), 0));
	cr_expect(eq(int, (int)read(reader, bytes, sizeof(bytes)), 8));
	close(reader);
	cr_expect(eq(int, access(path, F_OK), 0), "it was there before");
}

Test(sink, fifo_is_written_as_a_stream)
{
	write_fifo(false);
}

Test(sink, fifo_is_no_file_that_an_exclusive_one_would_replace)
{
	write_fifo(true);
}

/* A function that takes a stream. */
static struct {
	ssize_t answer; /* more than 0: at most as many */
	unsigned calls;
} taker;

static ssize_t take(void *context, const uint8_t *bytes, size_t length)
{
	size_t most = taker.answer > 0 ? (size_t)taker.answer : 0,
	       count = most < length ? most : length;

	cr_assert(eq(ptr, context, &taker));
	taker.calls++;
	if (taker.answer <= 0)
		return taker.answer;
	cr_assert(received_bytes + count <= sizeof(received));
	memcpy(received + received_bytes, bytes, count);
	received_bytes += count;
	return (ssize_t)count;
}

static void open_call(wt_sink_take *function, ssize_t answer)
{
	taker.answer = answer;
	received_bytes = 0;
	cr_assert(eq(int, wt_sink_call_open(&sink, function, &taker, &config), 0));
	listen_to();
}

Test(sink, function_gets_a_stream_in_the_pieces_that_it_takes)
{
	open_call(take, 1000);
	cr_expect(eq(int, put(0, 3), 0));
	expect_end(0, 0, 0);
	cr_expect(eq(u64, landed, 3 * PAGE));
	cr_expect(eq(uint, taker.calls, (3 * PAGE + 999) / 1000));
	cr_expect(eq(int, memcmp(received, source, 3 * PAGE), 0));
	cr_expect(eq(int, wt_sink_poll(sink).fd, -1));
	cr_expect(eq(int, close_sink(false), 0));
}

static void expect_later(ssize_t answer)
{
	open_call(take, answer);
	cr_expect(eq(int, put(0, 1), 0));
	cr_expect(eq(u32, ended_count, 0));
	cr_expect(eq(uint, taker.calls, 1));
	cr_expect(eq(int, wt_sink_failed(sink), 0));
	taker.answer = PAGE;
	reap();
	expect_end(0, 0, 0);
}

Test(sink, function_that_takes_nothing_for_now_is_asked_again)
{
	expect_later(0);
}

Test(sink, function_that_says_so_is_asked_again)
{
	expect_later(-EAGAIN);
}

Test(sink, functions_error_ends_the_stream)
{
	open_call(take, -ECONNRESET);
	cr_expect(eq(int, put(0, 1), 0));
	expect_end(0, 0, -ECONNRESET);
	cr_expect(eq(int, close_sink(false), -ECONNRESET));
}

static ssize_t take_too_much(void *context, const uint8_t *bytes, size_t length)
{
	(void)context;
	(void)bytes;
	return (ssize_t)length + 1;
}

Test(sink, function_that_takes_more_than_there_is_ends_the_stream)
{
	open_call(take_too_much, 0);
	cr_expect(eq(int, put(0, 1), 0));
	expect_end(0, 0, -EIO);
}

Test(sink, first_of_two_errors_at_one_place_counts)
{
	open_call(take, 0);
	wt_sink_fail(sink, 10, -EIO);
	wt_sink_fail(sink, 10, -ENOSPC);
	wt_sink_fail(sink, 11, -ENOSPC);
	cr_expect(eq(int, wt_sink_failed(sink), -EIO));
	wt_sink_fail(sink, 9, -EROFS);
	cr_expect(eq(int, wt_sink_failed(sink), -EROFS));
}

Test(sink, reserve_has_room_for_the_closing_blocks)
{
	struct wt_sink_config large = config;

	disk = fault_disk_open();
	large.closing_bytes = 1 << 20;
	cr_assert(eq(int, wt_sink_file_open(&sink, path, disk, WT_DIRECT_OFF, false, &large, &err),
	             0));
	if (!status_of(path).st_blocks)
		cr_skip_test("no room is reserved here");
	cr_expect(status_of(path).st_blocks * 512 >= 1 << 20);
}

Test(sink, mode_of_a_file_is_what_was_asked_for)
{
	int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct wt_sink_place place = {.dir_fd = dir_fd, .name = "tape", .fd = -1, .mode = 0640};
	struct wt_sink_config with_place = config;

	disk = fault_disk_open();
	with_place.place = &place;
	cr_assert(eq(int,
	             wt_sink_file_open(&sink, path, disk, WT_DIRECT_OFF, false, &with_place, &err),
	             0));
	cr_expect(eq(int, (int)(status_of(path).st_mode & 0777), 0640));
	close(dir_fd);
}

static void expect_slow(int64_t took_ns, uint64_t slow)
{
	struct wt_write *write;

	open_call(take, 0);
	cr_expect(eq(int, put(0, 1), 0));
	write = wt_sink_oldest(sink);
	cr_assert(write != NULL);
	wt_sink_ended(sink, write, 0, 0, write->started_ns + took_ns);
	cr_expect(eq(u64, statistics().slow_writes, slow));
	cr_expect(eq(i64, statistics().longest_ns, took_ns));
	cr_expect(eq(u64, statistics().writes, 1));
}

Test(sink, write_is_slow_from_a_second_on)
{
	expect_slow(1000000000, 1);
}

Test(sink, write_is_not_slow_below_a_second)
{
	expect_slow(999999999, 0);
}
