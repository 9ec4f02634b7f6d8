/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/files/file_set_private.h>

#include "support/unit.h"

/* Each test has a directory of its own, which is also its working directory. */

static const int64_t second_ns = 1000000000;
static const int64_t noon_ns = 1795262400000000000; /* 2026-11-21 12:00:00 UTC */
enum { FILE_BYTES = 1000, FILE_PACKETS = 10 };

static struct wt_file_set_config config;
static struct wt_file_set_system machine;
static struct wt_file_set *set;
static struct wt_error err;
static char folder[TEMP_BYTES], tape[128], on_close[512], event_text[1024];
static const char *path;
static uint32_t number;
static bool event_error;
static int gate = -1;

/* Whether two texts are the same; says what they are if not. */
static bool same(const char *got, const char *wanted)
{
	if (strcmp(got, wanted) == 0)
		return true;
	printf("got '%s', wanted '%s'\n", got, wanted);
	return false;
}

static _Atomic int64_t clock_ns;

static int64_t stopped_clock_ns(void)
{
	return clock_ns;
}

static void set_up(void)
{
	temp_template(folder, "file_set");
	cr_assert(mkdtemp(folder) != NULL);
	cr_assert(eq(int, chdir(folder), 0));
	snprintf(tape, sizeof(tape), "%s/tape.pcapng", folder);
	config = (struct wt_file_set_config){.path = tape, .max_packets = FILE_PACKETS};
	machine = wt_file_set_system;
}

static void remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(eq(int, system(command), 0));
}

static void tear_down(void)
{
	wt_file_set_close(set);
	if (gate >= 0)
		close(gate);
	cr_assert(eq(int, chdir("/"), 0));
	remove_folder();
}

TestSuite(file_set, .init = set_up, .fini = tear_down);

static void open_set(void)
{
	int rc = wt_file_set_open_on(&set, &config, &machine, &err);

	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
}

static int open_fails(void)
{
	return wt_file_set_open_on(&set, &config, &machine, &err);
}

/* What the shell runs for each finished file; @ is the folder. */
static void run_on_close(const char *command)
{
	size_t length = 0;

	for (; *command; command++) {
		cr_assert(length + sizeof(folder) < sizeof(on_close));
		if (*command == '@')
			length += (size_t)sprintf(on_close + length, "%s", folder);
		else
			on_close[length++] = *command;
	}
	on_close[length] = 0;
	config.on_close = on_close;
}

static void put(const char *name, const char *contents)
{
	FILE *file = fopen(name, "we");

	cr_assert(file != NULL, "%s: %s", name, strerror(errno));
	fputs(contents, file);
	fclose(file);
}

static const char *get(const char *name)
{
	static char contents[4096];
	FILE *file = fopen(name, "re");

	memset(contents, 0, sizeof(contents));
	if (!file)
		return "(no file)";
	fread(contents, 1, sizeof(contents) - 1, file);
	fclose(file);
	return contents;
}

static bool is_there(const char *name)
{
	struct stat status;

	return lstat(name, &status) == 0;
}

static const char *base(const char *of)
{
	const char *slash = strrchr(of, '/');

	return slash ? slash + 1 : of;
}

/* Whether this is the file that is ready for the time after the current one. */
static bool is_next(const char *name)
{
	bool is;

	if (!set)
		return false;
	pthread_mutex_lock(&set->lock);
	is = set->next && strcmp(base(set->next->work_path), name) == 0;
	pthread_mutex_unlock(&set->lock);
	return is;
}

/* Files in the folder whose name has `part` in it, but for the next. */
static unsigned count_files(const char *part)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	cr_assert(entries != NULL);
	while ((entry = readdir(entries)))
		count += entry->d_name[0] != '.' && strstr(entry->d_name, part) &&
		         !is_next(entry->d_name);
	closedir(entries);
	return count;
}

/* Begin one once it is ready. */
static int try_to_begin(int64_t monotonic_ns, int64_t utc_ns)
{
	struct pollfd ready = {.fd = wt_file_set_fd(set), .events = POLLIN};
	int rc;

	while ((rc = wt_file_set_begin(set, monotonic_ns, utc_ns, &path, &number, &err)) == -EAGAIN)
		poll(&ready, 1, -1);
	return rc;
}

static const char *begin_at(int64_t monotonic_ns, int64_t utc_ns)
{
	int rc = try_to_begin(monotonic_ns, utc_ns);

	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	return path;
}

static const char *begin(void)
{
	return begin_at(0, noon_ns);
}

static int fine(void *context)
{
	(void)context;
	return 0;
}

static int fail(void *context)
{
	return *(int *)context;
}

static void finish(void)
{
	wt_file_set_finish(set, number, FILE_BYTES, FILE_PACKETS, fine, NULL);
}

/* One file from begin to end, with contents. */
static void record(void)
{
	put(begin(), "packets");
	finish();
}

static const struct wt_file_set_entry *entry_of(size_t index)
{
	const struct wt_file_set_entry *entries;
	size_t count;

	wt_file_set_settle(set);
	count = wt_file_set_files(set, &entries);
	cr_assert(index < count, "entry %zu of %zu", index, count);
	return &entries[index];
}

static const char *final_name(size_t index)
{
	return base(entry_of(index)->path);
}

static const char *next_event(void)
{
	event_error = false;
	wt_file_set_settle(set);
	if (!wt_file_set_next_event(set, event_text, sizeof(event_text), &event_error))
		return "(no event)";
	return event_text;
}

static bool event_has(const char *words)
{
	return strstr(event_text, words) != NULL;
}

/* Whether there is space, by a look of now. Commands may go on. */
static bool has_space(void)
{
	pthread_mutex_lock(&set->lock);
	wt_file_set_wake(set, &set->keeper);
	while (set->keeper.wanted || set->keeper.busy)
		pthread_cond_wait(&set->settled, &set->lock);
	pthread_mutex_unlock(&set->lock);
	return wt_file_set_has_space(set);
}

static void wait_until(bool (*condition)(void), const char *what)
{
	enum { PATIENCE_MS = 20000 };

	for (int i = 0; i < PATIENCE_MS; i++) {
		const struct timespec moment = {.tv_nsec = 1000000};

		if (condition())
			return;
		nanosleep(&moment, NULL);
	}
	cr_fatal("waited in vain: %s", what);
}

/* Commands that open `gate` to read wait until open_gate(). */
static void make_gate(void)
{
	cr_assert(eq(int, mkfifo("gate", 0600), 0));
}

static void open_gate(void)
{
	gate = open("gate", O_RDWR | O_CLOEXEC);
	cr_assert(gate >= 0);
}

static size_t running_commands(void)
{
	size_t commands;

	pthread_mutex_lock(&set->lock);
	commands = set->commands;
	pthread_mutex_unlock(&set->lock);
	return commands;
}

static bool a_command_runs(void)
{
	return running_commands() > 0;
}

Test(file_set, work_name_becomes_final_name_when_finished)
{
	open_set();
	cr_expect(wt_file_set_rotates(set));
	put(begin(), "packets");
	cr_expect(same(base(path), "tape_00001.pcapng.part"));
	cr_expect(eq(u32, number, 1));
	finish();
	cr_expect(same(final_name(0), "tape_00001_20261121T120000Z.pcapng"));
	cr_expect(same(get(entry_of(0)->path), "packets"));
	cr_expect(not(is_there(path)));
	cr_expect(same(base(path), "tape_00001.pcapng.part"), "lives on");
	cr_expect(entry_of(0)->finished);
	cr_expect(eq(u64, entry_of(0)->bytes, FILE_BYTES));
	cr_expect(eq(u64, entry_of(0)->packets, FILE_PACKETS));
	cr_expect(same(next_event(), "(no event)"));
}

struct naming {
	char path[40], work[40], final[60];
};

static void check_naming(const struct naming *naming)
{
	config.path = naming->path;
	open_set();
	begin_at(0, noon_ns + second_ns - 1);
	cr_expect(same(path, naming->work));
	finish();
	cr_expect(same(entry_of(0)->path, naming->final));
	cr_expect(is_there(naming->final));
	wt_file_set_close(set);
	set = NULL;
}

Test(file_set, extension_is_after_the_last_dot_of_the_name)
{
	static const struct naming namings[] = {
	        {"tape.pcapng", "tape_00001.pcapng.part", "tape_00001_20261121T120000Z.pcapng"},
	        {"bare", "bare_00001.part", "bare_00001_20261121T120000Z"},
	        {"a.dir/bare", "a.dir/bare_00001.part", "a.dir/bare_00001_20261121T120000Z"},
	        {"a.dir/x.y.z", "a.dir/x.y_00001.z.part", "a.dir/x.y_00001_20261121T120000Z.z"},
	        {".hidden", ".hidden_00001.part", ".hidden_00001_20261121T120000Z"},
	        {"./.h.pcapng", "./.h_00001.pcapng.part", "./.h_00001_20261121T120000Z.pcapng"},
	        {"dot.", "dot_00001..part", "dot_00001_20261121T120000Z."},
	        {"a%sb", "a%sb_00001.part", "a%sb_00001_20261121T120000Z"},
	};

	mkdir("a.dir", 0700);
	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++)
		check_naming(&namings[i]);
}

Test(file_set, number_grows_beyond_five_digits)
{
	put("tape_99998.pcapng.part", "rest");
	open_set();
	cr_expect(same(base(begin()), "tape_99999.pcapng.part"));
	cr_expect(same(base(begin()), "tape_100000.pcapng.part"));
	finish();
	cr_expect(same(final_name(1), "tape_100000_20261121T120000Z.pcapng"));
}

Test(file_set, numbers_that_run_out_are_an_error)
{
	open_set();
	pthread_mutex_lock(&set->lock);
	set->next_number = UINT32_MAX; /* the maker has made the first */
	pthread_mutex_unlock(&set->lock);
	begin();
	begin();
	cr_expect(eq(u32, number, UINT32_MAX));
	cr_expect(eq(int, try_to_begin(0, 0), -ERANGE));
	cr_expect(strstr(err.text, "no numbers left") != NULL, "%s", err.text);
}

Test(file_set, times_before_1970_round_down)
{
	open_set();
	begin_at(0, -1);
	finish();
	cr_expect(same(final_name(0), "tape_00001_19691231T235959Z.pcapng"));
}

Test(file_set, numbers_begin_where_they_are_told_to_or_after_the_highest)
{
	put("tape_00007.pcapng.part", "packets");
	config.first_number = 5;
	open_set();
	cr_expect(eq(u32, wt_file_set_next_number(set), 8));
	wt_file_set_close(set);
	config.first_number = 12;
	open_set();
	cr_expect(eq(u32, wt_file_set_next_number(set), 12));
	begin();
	cr_expect(eq(u32, number, 12));
	wt_file_set_settle(set);
	cr_expect(eq(u32, wt_file_set_next_number(set), 13));
	wt_file_set_close(set);
	set = NULL;
	config = (struct wt_file_set_config){.path = tape};
	open_set();
	cr_expect(eq(u32, wt_file_set_next_number(set), 0));
}

Test(file_set, restarted_recording_goes_on_after_the_highest_number)
{
	put("tape_00004_20250101T000000Z.pcapng", "");
	put("tape_00002.pcapng.part", "rest");
	put("tape_00001_20990101T000000Z.pcapng", "");
	open_set();
	begin();
	cr_expect(eq(u32, number, 5));
}

Test(file_set, left_over_work_file_takes_its_number)
{
	put("tape_00007.pcapng.part", "rest");
	open_set();
	begin();
	cr_expect(eq(u32, number, 8));
	cr_expect(same(get("tape_00007.pcapng.part"), "rest"));
}

Test(file_set, compressed_file_takes_its_number)
{
	put("tape_00003_20250101T000000Z.pcapng.zst", "");
	open_set();
	begin();
	cr_expect(eq(u32, number, 4));
}

Test(file_set, other_names_take_no_number)
{
	put("tape_00009.pcapng", "");
	put("tape_00009_20250101T000000Z.pcap", "");
	put("tape_00009.pcapng.part2", "");
	put("tapes_00009_20250101T000000Z.pcapng", "");
	put("tape_x_20250101T000000Z.pcapng", "");
	put("tape_.pcapng.part", "");
	put("tape_4294967295_20250101T000000Z.pcapng", "");
	put("atape_00009_20250101T000000Z.pcapng", "");
	open_set();
	begin();
	cr_expect(eq(u32, number, 1));
}

/* The file that is ready before it is needed. */

static bool descriptor_is_readable(void)
{
	struct pollfd ready = {.fd = wt_file_set_fd(set), .events = POLLIN};

	return poll(&ready, 1, 0) == 1;
}

Test(file_set, next_file_is_there_before_it_is_begun_and_counts_for_nothing)
{
	const struct wt_file_set_entry *entries;

	config.keep_files = 1;
	open_set();
	cr_expect(is_there("tape_00001.pcapng.part"));
	cr_expect(eq(sz, wt_file_set_files(set, &entries), 0));
	begin();
	wt_file_set_settle(set);
	cr_expect(is_there("tape_00002.pcapng.part"));
	cr_expect(eq(sz, wt_file_set_files(set, &entries), 1));
	cr_expect(eq(u64, set->live_files, 1));
	cr_expect(is_there(path), "it is no surplus");
	wt_file_set_close(set);
	set = NULL;
	cr_expect(eq(uint, count_files("tape"), 0));
}

static bool five_finished(void)
{
	return count_files("Z.pcapng") == 5;
}

static atomic_bool is_slow;

/* Slow in telling how much is free. */
static int slow_disk(int fd, struct statvfs *status)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	(void)fd;
	while (is_slow)
		nanosleep(&moment, NULL);
	*status = (struct statvfs){.f_frsize = 1, .f_blocks = 100000, .f_bavail = 90000};
	return 0;
}

Test(file_set, file_that_is_not_ready_is_not_waited_for)
{
	int rc;

	open_set();
	begin();
	while (!(rc = wt_file_set_begin(set, 0, noon_ns, &path, &number, &err)))
		;
	cr_expect(eq(int, rc, -EAGAIN));
	wait_until(descriptor_is_readable, "the next file");
	cr_expect(wt_file_set_is_ready(set));
	cr_expect(eq(int, wt_file_set_begin(set, 0, noon_ns, &path, &number, &err), 0));
	cr_expect(not(descriptor_is_readable()));
}

Test(file_set, nothing_waits_for_a_disk_that_does_not_tell_its_space)
{
	config.min_free_bytes = 1;
	machine.fstatvfs = slow_disk;
	open_set();
	is_slow = true;
	for (unsigned i = 0; i < 5; i++) {
		record();
		cr_expect(wt_file_set_has_space(set), "nobody knows better");
	}
	wait_until(five_finished, "files that are finished");
	is_slow = false;
}

Test(file_set, file_that_is_ready_and_removed_is_made_again)
{
	open_set();
	begin();
	wt_file_set_settle(set);
	cr_assert(eq(int, unlink("tape_00002.pcapng.part"), 0));
	wt_file_set_settle(set);
	begin();
	cr_expect(is_there(path));
	cr_expect(eq(u32, number, 3));
}

Test(file_set, why_there_is_no_next_file_is_told_when_it_is_needed)
{
	open_set();
	begin();
	wt_file_set_settle(set);
	remove_folder();
	wt_file_set_settle(set);
	cr_expect(wt_file_set_is_ready(set), "there is nothing to wait for");
	cr_expect(eq(int, try_to_begin(0, noon_ns), -ENOENT));
	cr_expect(strstr(err.text, "cannot write ") && strstr(err.text, "tape_00003.pcapng.part"),
	          "%s", err.text);
}

Test(file_set, empty_work_file_of_a_recording_that_was_killed_is_removed)
{
	int fd;

	put("tape_00003.pcapng.part", "rest");
	put("tape_00004.pcapng.part", "");
	put("tape_00005.pcapng.part", "");
	put("tape_00006.pcap.part", "");
	put("tape_00007_20261121T100000Z.pcapng", "");
	fd = open("tape_00005.pcapng.part", O_RDWR | O_CLOEXEC);
	cr_assert(eq(int, flock(fd, LOCK_EX), 0));
	open_set();
	cr_expect(is_there("tape_00003.pcapng.part"));
	cr_expect(not(is_there("tape_00004.pcapng.part")));
	cr_expect(is_there("tape_00005.pcapng.part"), "another recording has made it ready");
	cr_expect(is_there("tape_00006.pcap.part"), "another series");
	cr_expect(is_there("tape_00007_20261121T100000Z.pcapng"), "it was finished");
	close(fd);
}

Test(file_set, empty_work_file_takes_no_number)
{
	put("tape_00004.pcapng.part", "");
	open_set();
	begin();
	cr_expect(eq(u32, number, 1));
}

Test(file_set, empty_work_file_stays_if_nothing_is_adopted)
{
	put("tape_00004.pcapng.part", "");
	config.no_adopt = true;
	open_set();
	begin();
	cr_expect(is_there("tape_00004.pcapng.part"));
	cr_expect(eq(u32, number, 5));
}

Test(file_set, work_name_taken_since_opening_is_skipped)
{
	open_set();
	put("tape_00002.pcapng.part", "foreign");
	begin();
	cr_expect(eq(u32, number, 1));
	begin();
	cr_expect(eq(u32, number, 3));
	cr_expect(same(get("tape_00002.pcapng.part"), "foreign"));
}

Test(file_set, two_recordings_with_one_path_share_no_file)
{
	struct wt_file_set *other;

	open_set();
	cr_assert(eq(int, wt_file_set_open(&other, &config, &err), 0));
	begin();
	cr_expect(eq(int, wt_file_set_begin(other, 0, noon_ns, &path, &number, &err), 0));
	cr_expect(eq(u32, number, 2));
	wt_file_set_close(other);
}

Test(file_set, name_that_was_taken_and_not_used_is_given_back)
{
	open_set();
	begin();
	cr_expect(is_there("tape_00001.pcapng.part"));
	wt_file_set_close(set);
	set = NULL;
	cr_expect(eq(uint, count_files("tape"), 0));
}

Test(file_set, file_that_was_not_handed_over_stays)
{
	open_set();
	put(begin(), "packets");
	wt_file_set_close(set);
	set = NULL;
	cr_expect(same(get("tape_00001.pcapng.part"), "packets"));
}

static int no_such_flag(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to, (void)flags;
	errno = EINVAL;
	return -1;
}

static int no_links(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to, (void)flags;
	errno = EPERM;
	return -1;
}

static int cannot_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to, (void)flags;
	errno = EIO;
	return -1;
}

static void check_collision(void)
{
	put("tape_00001_20261121T120000Z.pcapng", "foreign");
	put("tape_00001_20261121T120000Z-1.pcapng", "foreign too");
	record();
	cr_expect(same(final_name(0), "tape_00001_20261121T120000Z-2.pcapng"));
	cr_expect(same(get(entry_of(0)->path), "packets"));
	cr_expect(same(get("tape_00001_20261121T120000Z.pcapng"), "foreign"));
	cr_expect(same(get("tape_00001_20261121T120000Z-1.pcapng"), "foreign too"));
	cr_expect(eq(uint, count_files(".part"), 0));
	next_event();
	cr_expect(not(event_error));
	cr_expect(event_has("tape_00001_20261121T120000Z-2.pcapng"), "%s", event_text);
}

Test(file_set, final_name_that_is_taken_is_not_overwritten)
{
	open_set();
	check_collision();
}

Test(file_set, nor_where_the_kernel_cannot_rename_without_replacing)
{
	machine.renameat2 = no_such_flag;
	open_set();
	check_collision();
}

Test(file_set, nor_where_there_are_no_links_either)
{
	machine.renameat2 = no_such_flag;
	machine.linkat = no_links;
	open_set();
	check_collision();
}

Test(file_set, file_that_cannot_be_renamed_keeps_its_work_name)
{
	run_on_close("echo >>@/log");
	machine.renameat2 = cannot_rename;
	open_set();
	record();
	next_event();
	cr_expect(event_error);
	cr_expect(event_has("tape_00001.pcapng.part") && event_has("Input/output error"), "%s",
	          event_text);
	cr_expect(same(get("tape_00001.pcapng.part"), "packets"));
	cr_expect(not(entry_of(0)->finished));
	cr_expect(not(is_there("log")));
}

/* The file that was begun, and no other that has its name by now. */

static struct wt_disk *disk;
static struct wt_sink *sink;

static void ignore_end(struct wt_write *write)
{
	(void)write;
}

static void open_sink(void)
{
	struct wt_sink_place place;
	struct wt_sink_config sink_config = {.place = &place};

	wt_file_set_place(set, &place);
	cr_assert(eq(int, wt_disk_open(&disk, WT_DISK_PWRITE, &err), 0), "%s", err.text);
	cr_assert(eq(int,
	             wt_sink_file_open(&sink, path, disk, WT_DIRECT_OFF, false, &sink_config, &err),
	             0),
	          "%s", err.text);
}

static int close_sink(void *context)
{
	int rc = wt_sink_close(sink, false);

	(void)context;
	wt_disk_close(disk);
	return rc;
}

static void write_and_finish(void)
{
	static _Alignas(4096) const uint8_t bytes[4096] = {1};
	static const struct wt_write_owner owner = {ignore_end, ignore_end};
	struct wt_write write = {.owner = &owner, .bytes = bytes, .length = sizeof(bytes)};

	cr_assert(eq(int, wt_sink_write(sink, &write), 0));
	wt_sink_settle(sink);
	wt_file_set_finish(set, number, sizeof(bytes), FILE_PACKETS, close_sink, NULL);
	wt_file_set_settle(set);
}

static _Atomic int open_error; /* of whoever opens ahead */

static int prepare_sink(void *context, const char *at, const struct wt_sink_config *sink_config,
                        struct wt_sink **opened, struct wt_error *why)
{
	cr_expect(eq(ptr, context, &sink));
	cr_expect(eq(sz, sink_config->closing_bytes, 123));
	if (open_error)
		return wt_error_set(why, open_error, "cannot open it");
	return wt_sink_file_open(opened, at, disk, WT_DIRECT_OFF, false, sink_config, why);
}

static void open_ahead(void)
{
	const struct wt_sink_config sink_config = {.closing_bytes = 123};

	open_set();
	wt_file_set_open_ahead(set, prepare_sink, &sink, &sink_config);
	begin();
	cr_expect(eq(ptr, wt_file_set_take_sink(set), NULL), "the first is there already");
}

Test(file_set, files_but_the_first_are_opened_ahead)
{
	cr_assert(eq(int, wt_disk_open(&disk, WT_DISK_PWRITE, &err), 0), "%s", err.text);
	open_ahead();
	begin();
	sink = wt_file_set_take_sink(set);
	cr_assert(sink != NULL);
	cr_expect(eq(ptr, wt_file_set_take_sink(set), NULL), "it has been taken");
	write_and_finish();
	cr_expect(entry_of(1)->finished);
	cr_expect(same(final_name(1), "tape_00002_20261121T120000Z.pcapng"));
	cr_expect(same(next_event(), "(no event)"));
	wt_file_set_close(set);
	set = NULL;
	cr_expect(eq(uint, count_files(".part"), 0), "neither the first nor the third");
}

Test(file_set, why_a_file_cannot_be_opened_ahead_is_told_when_it_is_needed)
{
	open_error = -EMFILE;
	open_ahead();
	cr_expect(eq(int, try_to_begin(0, noon_ns), -EMFILE));
	cr_expect(same(err.text, "cannot open it"));
	cr_expect(not(is_there("tape_00002.pcapng.part")));
}

Test(file_set, what_could_not_be_made_is_tried_again)
{
	machine.now_ns = stopped_clock_ns;
	open_error = -EMFILE;
	open_ahead();
	wt_file_set_settle(set);
	open_error = 0;
	clock_ns += second_ns - 1;
	wt_file_set_settle(set);
	cr_expect(eq(int, try_to_begin(0, noon_ns), -EMFILE), "not yet");
	clock_ns += 1;
	wt_file_set_settle(set);
	cr_expect(eq(int, try_to_begin(0, noon_ns), 0));
}

static void exchange_for_a_link(void)
{
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, symlink("victim", path), 0));
}

static void expect_victim_untouched(void)
{
	cr_expect(same(get("victim"), "dear"));
	next_event();
	cr_expect(event_error && event_has("deleted"), "%s", event_text);
	cr_expect(not(entry_of(0)->finished));
}

Test(file_set, link_that_takes_the_name_before_it_is_opened_is_not_followed)
{
	put("victim", "dear");
	open_set();
	begin();
	exchange_for_a_link();
	open_sink();
	write_and_finish();
	expect_victim_untouched();
}

Test(file_set, link_that_takes_the_name_while_it_is_written_is_not_followed)
{
	put("victim", "dear");
	open_set();
	begin();
	open_sink();
	exchange_for_a_link();
	write_and_finish();
	expect_victim_untouched();
}

static int link_for_a_file(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	rename(from, "elsewhere");
	symlink("victim", from);
	return wt_file_set_system.renameat2(from_fd, from, to_fd, to, flags);
}

Test(file_set, link_that_takes_the_name_as_it_is_renamed_is_told)
{
	put("victim", "dear");
	machine.renameat2 = link_for_a_file;
	open_set();
	begin();
	open_sink();
	write_and_finish();
	cr_expect(same(get("victim"), "dear"));
	next_event();
	cr_expect(event_error && event_has("moved away or replaced"), "%s", event_text);
}

Test(file_set, file_that_is_gone_is_not_said_to_be_there)
{
	open_set();
	begin();
	open_sink();
	unlink(path);
	write_and_finish();
	next_event();
	cr_expect(event_error && event_has("was deleted while it was recorded"), "%s", event_text);
	cr_expect(not(event_has("rename it by hand")), "%s", event_text);
}

Test(file_set, mode_is_what_was_asked_for)
{
	struct stat status;

	umask(077);
	config.mode = 0664;
	open_set();
	cr_assert(eq(int, stat(begin(), &status), 0));
	cr_expect(eq(u32, status.st_mode & 07777, 0664));
}

Test(file_set, directory_stays_the_one_that_was_opened)
{
	config.path = "tape.pcapng";
	open_set();
	begin();
	cr_assert(eq(int, chdir("/"), 0));
	finish();
	cr_expect(same(entry_of(0)->path, "tape_00001_20261121T120000Z.pcapng"));
	cr_expect(eq(uint, count_files("tape_00001_2026"), 1));
}

Test(file_set, missing_directory_is_an_error)
{
	config.path = "nowhere/tape.pcapng";
	cr_expect(eq(int, open_fails(), -ENOENT));
	cr_expect(strstr(err.text, "nowhere/") != NULL, "%s", err.text);
	cr_expect(eq(ptr, set, NULL));
}

Test(file_set, directory_that_is_a_file_is_an_error)
{
	put("file", "");
	config.path = "file/tape.pcapng";
	cr_expect(eq(int, open_fails(), -ENOTDIR));
}

Test(file_set, directory_that_is_not_writable_is_an_error)
{
	if (geteuid() == 0 && (setegid(65534) || seteuid(65534)))
		cr_skip_test("cannot become somebody who may not write");
	config.path = "/usr/tape.pcapng";
	cr_expect(eq(int, open_fails(), -EACCES));
	cr_expect(strstr(err.text, "/usr/") != NULL, "%s", err.text);
	if (getuid() == 0)
		cr_expect(eq(int, seteuid(0) | setegid(0), 0));
}

Test(file_set, path_without_a_name_is_an_error)
{
	static const char *const paths[] = {"", ".", "..", "a/", "a/..", "/"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		config.path = paths[i];
		cr_expect(eq(int, open_fails(), -EINVAL), "'%s'", paths[i]);
	}
}

Test(file_set, name_without_room_for_a_number_is_an_error)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255 - 32] = 0;
	config.path = name;
	open_set();
	record();
	cr_expect(entry_of(0)->finished);
	wt_file_set_close(set);
	name[255 - 32] = 'n';
	name[255 - 31] = 0;
	cr_expect(eq(int, open_fails(), -ENAMETOOLONG));
}

Test(file_set, keeping_few_files_needs_a_condition)
{
	config = (struct wt_file_set_config){.path = tape, .keep_files = 3};
	cr_expect(eq(int, open_fails(), -EINVAL));
	cr_expect(strstr(err.text, "files:N needs a condition such as filesize:") != NULL, "%s",
	          err.text);
	config = (struct wt_file_set_config){.path = tape, .keep_bytes = 3000};
	cr_expect(eq(int, open_fails(), -EINVAL));
}

Test(file_set, less_to_keep_than_one_file_is_an_error)
{
	config.max_bytes = 3000;
	config.keep_bytes = 2999;
	cr_expect(eq(int, open_fails(), -EINVAL));
	config.keep_bytes = 3000;
	open_set();
}

Test(file_set, negative_times_are_an_error)
{
	config.duration_ns = -1;
	cr_expect(eq(int, open_fails(), -EINVAL));
	config.duration_ns = 0;
	config.interval_ns = -1;
	cr_expect(eq(int, open_fails(), -EINVAL));
}

/* There is room for its first descriptors before there is for those of its threads. */
Test(file_set, without_descriptors_it_is_not_opened)
{
	struct rlimit limit;
	unsigned told = 0;
	int rc = -1;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (limit.rlim_cur = 3; rc && limit.rlim_cur < 64; limit.rlim_cur++) {
		cr_assert(zero(int, setrlimit(RLIMIT_NOFILE, &limit)));
		rc = wt_file_set_open(&set, &config, &err);
		told += rc && strstr(err.text, "no descriptor for the threads") != NULL;
	}
	cr_expect(zero(int, rc), "%s", err.text);
	cr_expect(ge(uint, told, 1));
}

Test(file_set, closing_nothing_is_fine)
{
	wt_file_set_close(NULL);
}

static void without_conditions(void)
{
	config.max_packets = 0;
}

Test(file_set, without_conditions_the_path_itself_is_written)
{
	without_conditions();
	run_on_close("printf '<%s>' >@/log");
	put(tape, "older");
	open_set();
	cr_expect(not(wt_file_set_rotates(set)));
	begin();
	cr_expect(same(path, tape));
	cr_expect(eq(u32, number, 1));
	cr_expect(same(get(tape), "older"), "it is the writer's to cut");
	cr_expect(eq(int, (int)wt_file_set_is_due(set, 1 << 30, 1, 1 << 30, INT64_MAX, 0),
	             WT_FILE_NOT_DUE));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 0, 0), INT64_MAX));
	finish();
	cr_expect(same(entry_of(0)->path, tape));
	cr_expect(entry_of(0)->finished);
	cr_expect(is_there(tape));
	cr_expect(eq(int, wt_file_set_begin(set, 0, 0, &path, &number, &err), -EALREADY));
}

Test(file_set, without_conditions_a_device_will_do)
{
	without_conditions();
	config.path = "/dev/null";
	open_set();
	cr_expect(same(begin(), "/dev/null"));
	finish();
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(is_there("/dev/null"));
}

Test(file_set, without_conditions_a_fifo_will_do)
{
	without_conditions();
	run_on_close("echo >>@/log");
	cr_assert(eq(int, mkfifo(tape, 0600), 0));
	open_set();
	begin();
	finish();
	cr_expect(entry_of(0)->finished);
	cr_expect(is_there(tape) && is_there("log"));
}

static int is_due(uint64_t bytes, uint64_t next_bytes, uint64_t packets)
{
	return (int)wt_file_set_is_due(set, bytes, next_bytes, packets, 0, noon_ns);
}

static int due_at(int64_t monotonic_ns, int64_t utc_ns)
{
	return (int)wt_file_set_is_due(set, 100, 100, 1, monotonic_ns, utc_ns);
}

Test(file_set, nothing_is_due_before_the_first_file)
{
	config.duration_ns = config.interval_ns = 1;
	open_set();
	cr_expect(eq(int, due_at(INT64_MAX, INT64_MAX), WT_FILE_NOT_DUE));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 0, 0), INT64_MAX));
}

Test(file_set, bytes_are_due_before_the_file_exceeds_them)
{
	config = (struct wt_file_set_config){.path = tape, .max_bytes = 1000};
	open_set();
	begin();
	cr_expect(eq(int, is_due(900, 100, 1), WT_FILE_NOT_DUE));
	cr_expect(eq(int, is_due(900, 101, 1), WT_FILE_DUE_BYTES));
	cr_expect(eq(int, is_due(1001, 0, 1), WT_FILE_DUE_BYTES));
	cr_expect(eq(int, is_due(1000, 0, 1), WT_FILE_NOT_DUE));
	cr_expect(eq(int, is_due(1, UINT64_MAX, 1), WT_FILE_DUE_BYTES));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 0, noon_ns), INT64_MAX));
}

Test(file_set, packet_larger_than_a_file_has_one_of_its_own)
{
	config = (struct wt_file_set_config){.path = tape, .max_bytes = 1000};
	open_set();
	begin();
	cr_expect(eq(int, is_due(200, 5000, 0), WT_FILE_NOT_DUE));
	cr_expect(eq(int, is_due(5200, 50, 1), WT_FILE_DUE_BYTES));
}

Test(file_set, packets_are_due_after_exactly_as_many)
{
	open_set();
	begin();
	cr_expect(eq(int, is_due(0, 1, FILE_PACKETS - 1), WT_FILE_NOT_DUE));
	cr_expect(eq(int, is_due(0, 1, FILE_PACKETS), WT_FILE_DUE_PACKETS));
	cr_expect(eq(int, is_due(0, 1, FILE_PACKETS + 1), WT_FILE_DUE_PACKETS));
}

Test(file_set, duration_counts_from_begin)
{
	config = (struct wt_file_set_config){.path = tape, .duration_ns = 10 * second_ns};
	open_set();
	begin_at(5 * second_ns, noon_ns);
	cr_expect(eq(int, due_at(15 * second_ns - 1, 0), WT_FILE_NOT_DUE));
	cr_expect(eq(int, due_at(15 * second_ns, 0), WT_FILE_DUE_DURATION));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 7 * second_ns, 0), 15 * second_ns));
	begin_at(15 * second_ns, noon_ns);
	cr_expect(eq(int, due_at(15 * second_ns, 0), WT_FILE_NOT_DUE));
}

Test(file_set, endless_duration_does_not_overflow)
{
	config = (struct wt_file_set_config){
	        .path = tape, .duration_ns = INT64_MAX, .interval_ns = INT64_MAX};
	open_set();
	begin_at(5 * second_ns, noon_ns);
	cr_expect(eq(int, due_at(INT64_MAX - 1, INT64_MAX - 1), WT_FILE_NOT_DUE));
	cr_expect(eq(int, due_at(INT64_MIN, INT64_MIN), WT_FILE_NOT_DUE));
	cr_expect(wt_file_set_next_due_ns(set, 5 * second_ns, noon_ns) > noon_ns);
}

Test(file_set, interval_ends_at_its_multiples)
{
	config = (struct wt_file_set_config){.path = tape, .interval_ns = 3600 * second_ns};
	open_set();
	begin_at(100, noon_ns + 3599 * second_ns);
	cr_expect(eq(int, due_at(100, noon_ns + 3600 * second_ns - 1), WT_FILE_NOT_DUE));
	cr_expect(eq(int, due_at(100, noon_ns + 3600 * second_ns), WT_FILE_DUE_INTERVAL));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 100, noon_ns + 3599 * second_ns),
	             100 + second_ns));
	begin_at(200, noon_ns + 3600 * second_ns);
	cr_expect(eq(int, due_at(200, noon_ns + 3600 * second_ns), WT_FILE_NOT_DUE));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 200, noon_ns + 3600 * second_ns),
	             200 + 3600 * second_ns));
}

Test(file_set, interval_of_a_day_ends_at_midnight_utc)
{
	config = (struct wt_file_set_config){.path = tape, .interval_ns = 86400 * second_ns};
	open_set();
	begin_at(0, noon_ns);
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 0, noon_ns), 43200 * second_ns));
}

Test(file_set, clock_that_steps_forward_ends_the_interval_once)
{
	config = (struct wt_file_set_config){.path = tape, .interval_ns = 60 * second_ns};
	open_set();
	begin_at(0, noon_ns);
	cr_expect(eq(int, due_at(1, noon_ns + 1000 * second_ns), WT_FILE_DUE_INTERVAL));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 1, noon_ns + 1000 * second_ns), 1));
	begin_at(1, noon_ns + 1000 * second_ns);
	cr_expect(eq(int, due_at(2, noon_ns + 1000 * second_ns), WT_FILE_NOT_DUE));
}

Test(file_set, clock_that_steps_back_a_little_does_not_repeat_a_file)
{
	config = (struct wt_file_set_config){.path = tape, .interval_ns = 60 * second_ns};
	open_set();
	begin_at(0, noon_ns);
	cr_expect(eq(int, due_at(1, noon_ns - second_ns), WT_FILE_NOT_DUE));
	cr_expect(eq(int, due_at(1, noon_ns - 60 * second_ns), WT_FILE_NOT_DUE));
	cr_expect(eq(int, due_at(1, noon_ns), WT_FILE_NOT_DUE), "the same slot again");
	cr_expect(eq(int, due_at(1, noon_ns + 60 * second_ns), WT_FILE_DUE_INTERVAL));
	cr_expect(
	        eq(i64, wt_file_set_next_due_ns(set, 7, noon_ns - second_ns), 7 + 61 * second_ns));
}

Test(file_set, clock_that_goes_back_by_more_than_an_interval_was_put_right)
{
	config = (struct wt_file_set_config){.path = tape, .interval_ns = 60 * second_ns};
	open_set();
	begin_at(0, noon_ns);
	cr_expect(eq(int, due_at(1, noon_ns - 60 * second_ns - 1), WT_FILE_DUE_INTERVAL));
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 7, noon_ns - 61 * second_ns), 7));
	begin_at(1, noon_ns - 61 * second_ns);
	cr_expect(eq(int, due_at(2, noon_ns - 61 * second_ns), WT_FILE_NOT_DUE));
}

Test(file_set, earlier_of_duration_and_interval_is_next)
{
	config = (struct wt_file_set_config){
	        .path = tape, .duration_ns = 10 * second_ns, .interval_ns = 60 * second_ns};
	open_set();
	begin_at(0, noon_ns);
	cr_expect(eq(i64, wt_file_set_next_due_ns(set, 0, noon_ns), 10 * second_ns));
	begin_at(0, noon_ns + 55 * second_ns);
	cr_expect(
	        eq(i64, wt_file_set_next_due_ns(set, 0, noon_ns + 55 * second_ns), 5 * second_ns));
}

static void record_many(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		record();
	wt_file_set_settle(set);
}

Test(file_set, all_files_are_kept_unless_told_otherwise)
{
	open_set();
	record_many(20);
	cr_expect(eq(uint, count_files("tape"), 20));
}

Test(file_set, current_file_counts_among_those_to_keep)
{
	config.keep_files = 3;
	open_set();
	record_many(3);
	cr_expect(eq(uint, count_files("tape"), 3));
	begin();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("tape_"), 3));
	cr_expect(eq(uint, count_files(".part"), 1));
	cr_expect(entry_of(0)->deleted);
	cr_expect(not(entry_of(1)->deleted || entry_of(2)->deleted));
	finish();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("tape_"), 3));
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, one_file_to_keep_is_the_current_one)
{
	config.keep_files = 1;
	open_set();
	record_many(3);
	begin();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("tape_"), 1));
	cr_expect(is_there(path));
}

Test(file_set, order_of_deletion_is_that_of_recording_whatever_files_are_dated)
{
	static const int64_t times_ns[] = {4070908800000000000, 0, 1795262400000000000, 5};
	const struct timespec y2099[2] = {{.tv_sec = 4070908800}, {.tv_sec = 4070908800}};

	config.keep_files = 3;
	open_set();
	for (size_t i = 0; i < 4; i++) {
		begin_at(0, times_ns[i]);
		finish();
		wt_file_set_settle(set);
		if (i != 1)
			utimensat(AT_FDCWD, entry_of(i)->path, y2099, 0);
	}
	cr_expect(entry_of(0)->deleted);
	begin();
	wt_file_set_settle(set);
	cr_expect(entry_of(1)->deleted);
	cr_expect(is_there(entry_of(2)->path) && is_there(entry_of(3)->path));
}

Test(file_set, bytes_to_keep_leave_room_for_the_current_file)
{
	config.max_bytes = 1000;
	config.keep_bytes = 4000;
	open_set();
	record_many(4);
	cr_expect(eq(uint, count_files("tape_"), 4), "4000 finished, no current");
	begin();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "3000 finished, 1000 to come");
	wt_file_set_finish(set, number, 1, 1, fine, NULL);
	begin();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "2001 finished, 1000 to come");
}

Test(file_set, current_file_without_a_limit_counts_as_large_as_it_is)
{
	config.keep_bytes = 3500;
	open_set();
	record_many(3);
	begin();
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("Z.pcapng"), 3));
	cr_assert(eq(int, truncate(path, 500), 0));
	cr_expect(has_space());
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "3500");
	cr_assert(eq(int, truncate(path, 501), 0));
	cr_expect(has_space());
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files("Z.pcapng"), 2), "3501");
}

Test(file_set, foreign_files_are_not_touched)
{
	put("tape_00001_20250101T000000Z.pcapng", "foreign");
	put("tape_00002.pcapng.part", "foreign");
	put("tape.pcapng", "foreign");
	put("other", "foreign");
	config.keep_files = 1;
	config.keep_bytes = 1;
	config.min_free_bytes = UINT64_MAX;
	config.min_free_deletes = true;
	open_set();
	record_many(5);
	begin();
	cr_expect(not(has_space()));
	wt_file_set_settle(set);
	cr_expect(eq(uint, count_files(""), 5), "four foreign ones and the current");
	cr_expect(same(get("tape_00001_20250101T000000Z.pcapng"), "foreign"));
}

Test(file_set, file_that_somebody_has_removed_is_no_error_when_its_turn_comes)
{
	config.keep_files = 2;
	open_set();
	record_many(2);
	unlink(entry_of(0)->path);
	record_many(2);
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(entry_of(0)->deleted && entry_of(1)->deleted);
	cr_expect(eq(uint, count_files("tape_"), 2));
}

Test(file_set, file_that_cannot_be_deleted_is_told_and_counts_no_longer)
{
	config.keep_files = 2;
	open_set();
	record_many(2);
	unlink(entry_of(0)->path);
	cr_assert(eq(int, mkdir(entry_of(0)->path, 0700), 0));
	record_many(2);
	next_event();
	cr_expect(event_error);
	cr_expect(event_has("cannot delete") && event_has("tape_00001_"), "%s", event_text);
	cr_expect(not(entry_of(0)->deleted));
	cr_expect(entry_of(1)->deleted);
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, file_that_cannot_be_finished_keeps_its_work_name)
{
	int error = -EDQUOT;

	run_on_close("echo >>@/log");
	open_set();
	put(begin(), "half");
	wt_file_set_finish(set, number, FILE_BYTES, FILE_PACKETS, fail, &error);
	next_event();
	cr_expect(event_error);
	cr_expect(event_has("tape_00001.pcapng.part"), "%s", event_text);
	cr_expect(event_has(strerror(EDQUOT)), "%s", event_text);
	cr_expect(same(get(path), "half"));
	cr_expect(eq(uint, count_files("Z.pcapng"), 0));
	cr_expect(not(entry_of(0)->finished || entry_of(0)->deleted));
	cr_expect(same(final_name(0), "tape_00001.pcapng.part"));
	cr_expect(not(is_there("log")));
}

Test(file_set, incomplete_files_go_in_their_turn_too)
{
	int error = -EIO;

	config.keep_files = 2;
	open_set();
	put(begin(), "half");
	wt_file_set_finish(set, number, FILE_BYTES, FILE_PACKETS, fail, &error);
	record_many(2);
	cr_expect(entry_of(0)->deleted);
	cr_expect(eq(uint, count_files(".part"), 0));
	cr_expect(eq(uint, count_files("tape_"), 2));
}

Test(file_set, file_in_which_nothing_arrived_may_be_gone)
{
	run_on_close("echo >>@/log");
	open_set();
	unlink(begin());
	wt_file_set_finish(set, number, 0, 0, fine, NULL);
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(entry_of(0)->deleted && !entry_of(0)->finished);
	cr_expect(not(is_there("log")));
}

Test(file_set, file_with_packets_that_is_gone_is_an_error)
{
	open_set();
	unlink(begin());
	finish();
	next_event();
	cr_expect(event_error);
	cr_expect(event_has("tape_00001.pcapng.part"), "%s", event_text);
}

static char order[16];
static size_t ordered;

static int note_order(void *context)
{
	order[ordered++] = *(const char *)context;
	return 0;
}

Test(file_set, files_are_finished_in_the_order_of_handing_over)
{
	char names[] = "abcdefgh";

	open_set();
	for (size_t i = 0; i < 8; i++) {
		begin();
		wt_file_set_finish(set, number, 1, 1, note_order, &names[i]);
	}
	wt_file_set_settle(set);
	cr_expect(same(order, names));
}

Test(file_set, next_file_may_be_begun_before_the_last_is_handed_over)
{
	config.keep_files = 2;
	open_set();
	put(begin(), "one");
	for (unsigned i = 0; i < 5; i++) {
		uint32_t previous = number;

		put(begin(), "more");
		wt_file_set_finish(set, previous, FILE_BYTES, FILE_PACKETS, fine, NULL);
		wt_file_set_settle(set);
		cr_expect(eq(uint, count_files("tape_"), 2));
		cr_expect(is_there(path));
	}
}

Test(file_set, finishing_what_was_not_begun_is_told)
{
	open_set();
	wt_file_set_finish(set, 7, 1, 1, note_order, (char[]){"x"});
	cr_expect(same(order, "x"), "it is closed all the same");
	next_event();
	cr_expect(event_error && event_has("7"), "%s", event_text);
	record();
	wt_file_set_settle(set);
	finish();
	next_event();
	cr_expect(event_error && event_has("1"), "%s", event_text);
}

static int no_thread(pthread_t *thread, const pthread_attr_t *attributes,
                     void *(*start)(void *argument), void *argument)
{
	(void)thread, (void)attributes, (void)start, (void)argument;
	return EAGAIN;
}

Test(file_set, without_threads_it_is_not_opened)
{
	machine.thread_create = no_thread;
	cr_expect(eq(int, open_fails(), -EAGAIN));
	cr_expect(strstr(err.text, "cannot start a thread") != NULL, "%s", err.text);
	cr_expect(eq(ptr, set, NULL));
	cr_expect(eq(uint, count_files("tape"), 0));
}

Test(file_set, command_gets_the_final_path_as_one_argument)
{
	char weird[200];

	snprintf(weird, sizeof(weird), "%s/a b'c\"d$e`f\\g\nh*;#.pcapng", folder);
	config.path = weird;
	run_on_close("printf '<%s>' >@/log \"$#\" \"$0\"");
	open_set();
	record();
	snprintf(weird, sizeof(weird), "<1><sh><%s>", entry_of(0)->path);
	cr_expect(same(get("log"), weird));
	cr_expect(strstr(weird, "d$e`f\\g\nh*;#_00001_2026") != NULL);
}

Test(file_set, path_that_looks_like_an_option_is_none)
{
	config.path = "-r.pcapng";
	run_on_close("printf '<%s>' >@/log");
	open_set();
	record();
	wt_file_set_settle(set);
	cr_expect(same(get("log"), "<./-r_00001_20261121T120000Z.pcapng>"));
}

Test(file_set, command_is_the_shells)
{
	run_on_close("cat /dev/null | wc -l && basename >@/log");
	open_set();
	record();
	wt_file_set_settle(set);
	cr_expect(same(get("log"), "tape_00001_20261121T120000Z.pcapng\n"));
}

Test(file_set, settling_waits_for_commands)
{
	run_on_close("sleep 0.2; echo x >>@/log; :");
	open_set();
	record_many(6);
	cr_expect(eq(sz, strlen(get("log")), 12));
}

Test(file_set, command_starts_with_signals_as_a_shell_expects_them)
{
	/* All but those from 32 on, which glibc keeps to itself. */
	const unsigned long long standard = 0x7fffffff;
	unsigned long long blocked = standard, ignored = standard;
	sigset_t all, before;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	run_on_close("grep -E '^Sig(Blk|Ign)' /proc/self/status >@/log; :");
	open_set();
	record();
	wt_file_set_settle(set);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cr_expect(eq(int, sscanf(get("log"), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2));
	cr_expect(zero(ullong, blocked & standard));
	cr_expect(zero(ullong, ignored & standard));
}

Test(file_set, command_has_nothing_to_read_and_a_process_group_of_its_own)
{
	run_on_close("readlink /proc/self/fd/0 >@/log; "
	             "test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo own >>@/log; :");
	open_set();
	record();
	wt_file_set_settle(set);
	cr_expect(same(get("log"), "/dev/null\nown\n"));
}

Test(file_set, descriptors_of_the_set_are_closed_on_exec)
{
	open_set();
	cr_expect(fcntl(set->dir_fd, F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(set->wake_fd, F_GETFD) & FD_CLOEXEC);
}

Test(file_set, command_that_fails_is_told)
{
	run_on_close("exit 3;");
	open_set();
	record();
	next_event();
	cr_expect(not(event_error));
	cr_expect(event_has("command 'exit 3;' for ") &&
	                  event_has("tape_00001_20261121T120000Z.pcapng"),
	          "%s", event_text);
	cr_expect(event_has(" ended with exit code 3"), "%s", event_text);
	cr_expect(entry_of(0)->finished);
}

Test(file_set, command_that_a_signal_ends_is_told)
{
	run_on_close("kill -TERM $$;");
	open_set();
	record();
	next_event();
	cr_expect(not(event_error));
	cr_expect(event_has("was ended by signal 15 (Terminated)"), "%s", event_text);
}

Test(file_set, command_whose_end_another_collects_is_told)
{
	signal(SIGCHLD, SIG_IGN);
	run_on_close("true");
	open_set();
	record();
	next_event();
	signal(SIGCHLD, SIG_DFL);
	cr_expect(event_has("SIGCHLD is ignored"), "%s", event_text);
}

Test(file_set, event_is_one_line)
{
	config.path = "a\nb";
	run_on_close("false");
	open_set();
	record();
	next_event();
	cr_expect(event_has("a?b_00001") && !strchr(event_text, '\n'), "%s", event_text);
}

Test(file_set, events_that_nobody_asks_for_are_counted)
{
	open_set();
	for (unsigned i = 0; i < WT_SET_MOST_EVENTS + 3; i++)
		wt_file_set_tell(set, i == 1001, "event %u", i);
	for (unsigned i = 0; i < WT_SET_MOST_EVENTS; i++)
		next_event();
	cr_expect(event_has("event 999"), "%s", event_text);
	next_event();
	cr_expect(event_has("3 further messages") && event_error, "%s", event_text);
	for (unsigned i = 0; i < WT_SET_MOST_EVENTS + 1; i++)
		wt_file_set_tell(set, false, "event %u", i);
	for (unsigned i = 0; i < WT_SET_MOST_EVENTS + 1; i++)
		next_event();
	cr_expect(event_has("1 further messages") && event_error == false, "%s", event_text);
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, long_event_is_cut_off)
{
	char text[8];
	bool error;

	open_set();
	wt_file_set_tell(set, true, "a long sentence");
	cr_expect(eq(int, wt_file_set_next_event(set, text, sizeof(text), &error), 1));
	cr_expect(same(text, "a long "));
}

static bool four_run(void)
{
	return running_commands() == 4;
}

static bool one_is_left_to_run(void)
{
	bool rests;

	pthread_mutex_lock(&set->lock);
	rests = !set->to_finish.first && !set->to_command.first && set->commands == 1;
	pthread_mutex_unlock(&set->lock);
	return rests;
}

static bool three_are_left(void)
{
	return count_files("Z.pcapng") <= 3;
}

Test(file_set, file_that_its_command_removes_counts_no_longer)
{
	config.keep_files = 3;
	config.keep_bytes = 3000;
	run_on_close("case $1 in *_00003_*) exit;; esac; rm --");
	open_set();
	for (unsigned i = 0; i < 8; i++)
		record_many(1);
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(eq(uint, count_files("tape_"), 1));
	cr_expect(not(entry_of(2)->deleted), "there was no need");
	cr_expect(entry_of(0)->deleted && entry_of(0)->finished);
	cr_expect(eq(u64, set->live_files, 1));
	cr_expect(eq(u64, set->live_bytes, strlen("packets")), "as large as it is now");
}

Test(file_set, file_that_its_command_compresses_still_counts)
{
	config.keep_files = 3;
	run_on_close("sh -c 'echo less >\"$1.zst\"; rm \"$1\"' -");
	open_set();
	for (unsigned i = 0; i < 8; i++)
		record_many(1);
	cr_expect(eq(uint, count_files("pcapng.zst"), 3));
	cr_expect(eq(uint, count_files("tape_"), 3));
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(strstr(final_name(7), "Z.pcapng.zst") != NULL, "%s", final_name(7));
	cr_expect(eq(u64, entry_of(7)->bytes, strlen("less\n")));
	cr_expect(not(entry_of(7)->deleted));
	cr_expect(entry_of(4)->deleted);
}

Test(file_set, what_its_command_has_put_beside_it_goes_with_it)
{
	config.keep_files = 2;
	run_on_close("sh -c 'echo sum >\"$1.sha256\"' -");
	open_set();
	for (unsigned i = 0; i < 5; i++)
		record_many(1);
	cr_expect(eq(uint, count_files("tape_"), 4));
	cr_expect(eq(uint, count_files("sha256"), 2));
	cr_expect(eq(u64, set->live_bytes, 2 * (strlen("packets") + strlen("sum\n"))));
}

Test(file_set, file_of_another_series_is_not_what_a_command_has_made)
{
	config.keep_files = 1;
	run_on_close("rm --");
	put("tape_00001_20261121T120000Z.pcap", "another's");
	open_set();
	for (unsigned i = 0; i < 3; i++)
		record_many(1);
	cr_expect(same(get("tape_00001_20261121T120000Z.pcap"), "another's"));
}

/* Commands that do not end. */

Test(file_set, command_that_takes_too_long_is_ended)
{
	config.on_close_timeout_ns = 100000000;
	run_on_close("sleep 60; :");
	open_set();
	record();
	next_event();
	cr_expect(event_has("has run for longer than 0.1 s"), "%s", event_text);
	cr_expect(not(event_error));
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, command_that_does_not_want_to_end_is_killed)
{
	config.on_close_timeout_ns = 100000000;
	run_on_close("trap '' TERM; sleep 60 & wait; sleep 60; :");
	open_set();
	record();
	next_event();
	cr_expect(event_has("has run for longer"), "%s", event_text);
}

Test(file_set, in_a_hurry_no_command_is_waited_for)
{
	run_on_close("sleep 60; :");
	open_set();
	for (unsigned i = 0; i < 6; i++)
		record();
	wait_until(four_run, "four commands");
	wt_file_set_abort_writes(set);
	wt_file_set_settle(set);
	/* Four that have begun, and one for those that have not. */
	for (int i = 0; i < 5; i++) {
		cr_expect(not(same(next_event(), "(no event)")));
		cr_expect(not(event_error));
		cr_expect(event_has("not to be waited for") ||
		                  event_has("was not run for the last 2 files"),
		          "%s", event_text);
	}
	cr_expect(eq(uint, count_files("Z.pcapng"), 6));
}

Test(file_set, hung_command_does_not_keep_younger_files_from_being_deleted)
{
	make_gate();
	config.keep_files = 3;
	run_on_close("case $1 in *_00001_*) : <@/gate;; esac; :");
	open_set();
	for (unsigned i = 0; i < 8; i++) {
		record();
		wait_until(one_is_left_to_run, "the command");
	}
	wait_until(three_are_left, "deletion");
	cr_expect(eq(uint, count_files("_00001_"), 1));
	open_gate();
	wt_file_set_settle(set);
}

Test(file_set, no_more_than_four_commands_run_at_once)
{
	make_gate();
	run_on_close("mkdir @/run-$$; ls -d @/run-* 2>/dev/null | wc -l >>@/log; : <@/gate; "
	             "rmdir @/run-$$; :");
	open_set();
	for (unsigned i = 0; i < 7; i++)
		record();
	wait_until(four_run, "four commands");
	pthread_mutex_lock(&set->lock);
	cr_expect(le(sz, set->to_command.count, 3));
	pthread_mutex_unlock(&set->lock);
	open_gate();
	wt_file_set_settle(set);
	cr_expect(eq(sz, strlen(get("log")), 14), "seven ran");
	cr_expect(eq(ptr, strpbrk(get("log"), "56789"), NULL), "%s", get("log"));
}

static bool seven_finished(void)
{
	return count_files("Z.pcapng") == 7;
}

Test(file_set, files_go_on_while_commands_run)
{
	make_gate();
	run_on_close(": <@/gate; :");
	open_set();
	for (unsigned i = 0; i < 7; i++)
		record();
	wait_until(seven_finished, "seven finished files");
	open_gate();
}

static bool twenty_wait(void)
{
	bool wait;

	pthread_mutex_lock(&set->lock);
	wait = set->to_command.count == 20;
	pthread_mutex_unlock(&set->lock);
	return wait;
}

Test(file_set, commands_that_cannot_keep_up_are_told_once)
{
	make_gate();
	run_on_close(": <@/gate; :");
	open_set();
	for (unsigned i = 0; i < 24; i++)
		record();
	wait_until(twenty_wait, "twenty waiting commands");
	open_gate();
	next_event();
	cr_expect(event_has("slower than files are made"), "%s", event_text);
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, file_is_not_deleted_while_its_command_runs)
{
	make_gate();
	config.keep_files = 1;
	run_on_close(": <@/gate; test -e \"$1\" && echo kept >>@/log; :");
	open_set();
	record();
	wait_until(a_command_runs, "a command");
	begin();
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 1));
	open_gate();
	wt_file_set_settle(set);
	cr_expect(same(get("log"), "kept\n"));
	cr_expect(eq(uint, count_files("Z.pcapng"), 0));
}

/* Files of earlier recordings. */

/* The header of a tape, and no packet. */
static void put_tape(const char *name)
{
	static uint8_t bytes[4096];
	const struct wt_pcapng_section section = {.tape = "tape_id=0000000000000001 file=1"};
	const struct wt_pcapng_interface interface = {.link_type = 1, .name = "v0"};
	ssize_t used = wt_pcapng_encode_section(bytes, sizeof(bytes), &section);
	FILE *file = fopen(name, "we");

	used += wt_pcapng_encode_interface(bytes + used, sizeof(bytes) - (size_t)used, &interface);
	wt_chunk_pad(bytes + used, (uint32_t)(sizeof(bytes) - (size_t)used), true);
	cr_assert(file != NULL);
	cr_assert(eq(sz, fwrite(bytes, 1, sizeof(bytes), file), sizeof(bytes)));
	fclose(file);
}

static void put_series(void)
{
	put_tape("tape_00003_20261121T100000Z.pcapng");
	put_tape("tape_00004_20261121T100100Z.pcapng");
	put("tape_00005_20261121T100200Z.pcapng.zst", "compressed");
	put_tape("tape_00006.pcapng.part");
}

Test(file_set, files_of_an_earlier_recording_count_and_go_first)
{
	config.keep_files = 4;
	put_series();
	open_set();
	next_event();
	cr_expect(event_has("4 files like") && event_has("earlier recordings count"), "%s",
	          event_text);
	cr_expect(eq(u64, set->live_files, 4));
	record();
	wt_file_set_settle(set);
	cr_expect(eq(u32, number, 7));
	cr_expect(not(is_there("tape_00003_20261121T100000Z.pcapng")));
	cr_expect(eq(uint, count_files("tape_"), 4));
	record();
	wt_file_set_settle(set);
	record();
	wt_file_set_settle(set);
	cr_expect(not(is_there("tape_00005_20261121T100200Z.pcapng.zst")));
	cr_expect(is_there("tape_00006.pcapng.part"));
	record();
	wt_file_set_settle(set);
	cr_expect(not(is_there("tape_00006.pcapng.part")));
	cr_expect(eq(u32, entry_of(0)->number, 7), "adopted ones are not this recording's");
}

Test(file_set, bytes_of_an_earlier_recording_count)
{
	config.keep_bytes = 10000;
	put_tape("tape_00003_20261121T100000Z.pcapng");
	put_tape("tape_00004_20261121T100100Z.pcapng");
	open_set();
	cr_expect(eq(u64, set->live_bytes, 8192));
	record();
	record();
	wt_file_set_settle(set);
	cr_expect(not(is_there("tape_00003_20261121T100000Z.pcapng")));
	cr_expect(is_there("tape_00004_20261121T100100Z.pcapng"));
}

Test(file_set, recording_that_never_begins_deletes_nothing)
{
	config.keep_files = 1;
	put_series();
	open_set();
	wt_file_set_close(set);
	set = NULL;
	cr_expect(eq(uint, count_files("tape_"), 4));
}

Test(file_set, single_file_that_its_command_removes_is_gone)
{
	config = (struct wt_file_set_config){.path = tape};
	run_on_close("rm --");
	open_set();
	record();
	cr_expect(entry_of(0)->deleted && entry_of(0)->finished);
}

Test(file_set, nothing_is_adopted_if_that_is_not_wanted)
{
	config.keep_files = 1;
	config.no_adopt = true;
	put_series();
	open_set();
	record();
	cr_expect(same(next_event(), "(no event)"));
	record();
	wt_file_set_settle(set);
	cr_expect(is_there("tape_00003_20261121T100000Z.pcapng"));
	cr_expect(eq(uint, count_files("tape_"), 5));
}

Test(file_set, what_is_no_tape_is_not_adopted)
{
	config.keep_files = 1;
	put("victim", "dear");
	put("tape_00001_20261121T100000Z.pcapng", "notes");
	put("tape_00002.pcapng.part", "notes");
	put("tape_00003_20261121T100000Z.pcap", "of another series");
	put("tape_00004_yesterday.pcapng", "renamed by hand");
	put("tape_5_20261121T100000Z.pcapng.gz", "a number of somebody else");
	cr_assert(eq(int, symlink("victim", "tape_00006_20261121T100000Z.pcapng"), 0));
	cr_assert(eq(int, mkfifo("tape_00007.pcapng.part", 0600), 0));
	cr_assert(eq(int, mkdir("tape_00008_20261121T100000Z.pcapng", 0700), 0));
	/* Two that may be meant. */
	put("tape_00009_20261121T100000Z.pcapng.gz", "one");
	put("tape_00009_20261121T100001Z.pcapng.gz", "two");
	open_set();
	cr_expect(eq(u64, set->live_files, 0));
	record();
	record();
	cr_expect(same(next_event(), "(no event)"));
	cr_expect(same(get("victim"), "dear"));
	cr_expect(eq(uint, count_files("tape_"), 11));
}

Test(file_set, files_of_a_recording_that_goes_on_are_its_own)
{
	int fd;

	config.keep_files = 1;
	put_series();
	fd = open("tape_00006.pcapng.part", O_RDWR | O_CLOEXEC);
	cr_assert(eq(int, flock(fd, LOCK_EX), 0));
	open_set();
	next_event();
	cr_expect(event_has("another recording is writing"), "%s", event_text);
	record();
	record();
	wt_file_set_settle(set);
	cr_expect(is_there("tape_00003_20261121T100000Z.pcapng"));
	close(fd);
}

static int nearly_full_disk(int fd, struct statvfs *status)
{
	uint64_t files = count_files("tape_000");

	(void)fd;
	*status = (struct statvfs){.f_frsize = 1, .f_blocks = 100000};
	status->f_bavail = files > 4 ? 500 : 2000;
	return 0;
}

Test(file_set, space_is_made_of_earlier_files_before_the_first_new_one)
{
	config.min_free_bytes = 1000;
	config.min_free_deletes = true;
	put_series();
	machine.fstatvfs = nearly_full_disk;
	open_set();
	begin();
	cr_expect(has_space());
	cr_expect(not(is_there("tape_00003_20261121T100000Z.pcapng")));
	cr_expect(is_there("tape_00004_20261121T100100Z.pcapng"));
}

static _Atomic uint64_t capacity;

/* A disk on which only finished files take space. */
static int small_disk(int fd, struct statvfs *status)
{
	uint64_t used = (uint64_t)count_files("Z.pcapng") * FILE_BYTES;

	(void)fd;
	*status = (struct statvfs){.f_frsize = 10, .f_bsize = 4096, .f_blocks = capacity / 10};
	status->f_bavail = capacity > used ? (capacity - used) / 10 : 0;
	return 0;
}

static atomic_bool is_short;

/* Does not show what was deleted. */
static int late_disk(int fd, struct statvfs *status)
{
	(void)fd;
	*status = (struct statvfs){.f_frsize = 1, .f_blocks = 100000};
	status->f_bavail = is_short ? 8001 : 100000;
	return 0;
}

static int sizeless_disk(int fd, struct statvfs *status)
{
	(void)fd;
	*status = (struct statvfs){.f_frsize = 4096};
	return 0;
}

static int broken_disk(int fd, struct statvfs *status)
{
	(void)fd, (void)status;
	errno = EIO;
	return -1;
}

static void open_on(int (*space)(int fd, struct statvfs *status))
{
	machine.fstatvfs = space;
	open_set();
}

Test(file_set, there_is_always_space_unless_told_otherwise)
{
	capacity = 0;
	open_on(small_disk);
	cr_expect(has_space());
}

Test(file_set, real_disk_is_asked)
{
	config.min_free_bytes = 1;
	open_set();
	begin();
	cr_expect(has_space());
	wt_file_set_close(set);
	config.min_free_bytes = UINT64_MAX;
	open_set();
	cr_expect(has_space(), "nothing has begun");
	begin();
	cr_expect(not(has_space()));
}

Test(file_set, too_little_space_stops_at_the_exact_byte)
{
	config.min_free_bytes = 5000;
	capacity = 7000;
	open_on(small_disk);
	record_many(2);
	cr_expect(has_space());
	record_many(1);
	cr_expect(not(has_space()));
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "nothing was deleted");
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, too_little_space_deletes_the_oldest_if_told_to)
{
	config.min_free_bytes = 5000;
	config.min_free_deletes = true;
	capacity = 9000;
	open_on(small_disk);
	record_many(6);
	put(begin(), "current");
	cr_expect(has_space());
	cr_expect(entry_of(0)->deleted && entry_of(1)->deleted);
	cr_expect(not(entry_of(2)->deleted));
	next_event();
	cr_expect(not(event_error));
	cr_expect(event_has("deleted ") && event_has("tape_00001_20261121T120000Z.pcapng"), "%s",
	          event_text);
	cr_expect(event_has(" (1000 bytes): less than 5 kB free"), "%s", event_text);
	next_event();
	cr_expect(event_has("tape_00002_"), "%s", event_text);
	cr_expect(same(next_event(), "(no event)"));
}

Test(file_set, current_file_is_never_deleted_for_space)
{
	config.min_free_bytes = 10ull << 30;
	config.min_free_deletes = true;
	capacity = 5000;
	open_on(small_disk);
	record_many(3);
	put(begin(), "current");
	cr_expect(not(has_space()));
	cr_expect(eq(uint, count_files("tape_"), 1));
	cr_expect(is_there(path));
	next_event();
	cr_expect(event_has("less than 10 GiB free"), "%s", event_text);
}

static bool second_may_be_deleted(void)
{
	bool may;

	pthread_mutex_lock(&set->lock);
	may = set->files[1]->state >= WT_SET_ENDED;
	pthread_mutex_unlock(&set->lock);
	return may;
}

Test(file_set, single_file_is_never_deleted_for_space)
{
	config.min_free_bytes = 5000;
	config.min_free_deletes = true;
	without_conditions();
	capacity = 1000;
	open_on(small_disk);
	record_many(1);
	cr_expect(not(has_space()));
	cr_expect(is_there(tape));
}

Test(file_set, file_whose_command_runs_is_passed_over_for_space)
{
	make_gate();
	config.min_free_bytes = 5000;
	config.min_free_deletes = true;
	capacity = 6000;
	run_on_close("case $1 in *_00001_*) : <@/gate;; esac; :");
	open_on(small_disk);
	record();
	record();
	wait_until(second_may_be_deleted, "the second command's end");
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("_00001_"), 1));
	cr_expect(eq(uint, count_files("_00002_"), 0));
	capacity = 5000;
	cr_expect(not(has_space()), "there is only one whose command runs");
	capacity = 6000;
	open_gate();
	cr_expect(not(entry_of(0)->deleted || !entry_of(1)->deleted));
}

Test(file_set, no_more_is_deleted_at_once_than_was_missing)
{
	config.min_free_bytes = 10000;
	config.min_free_deletes = true;
	machine.now_ns = stopped_clock_ns;
	is_short = false;
	open_on(late_disk);
	record_many(5);
	is_short = true;
	cr_expect(has_space(), "1999 are missing, and space may appear late");
	cr_expect(eq(uint, count_files("Z.pcapng"), 3));
	clock_ns += second_ns - 1;
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "it still may");
	clock_ns += 1;
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 1));
	clock_ns += second_ns;
	cr_expect(not(has_space()));
	cr_expect(eq(uint, count_files("Z.pcapng"), 0));
}

Test(file_set, exactly_what_was_missing_is_enough)
{
	config.min_free_bytes = 8001 + FILE_BYTES;
	config.min_free_deletes = true;
	machine.now_ns = stopped_clock_ns;
	is_short = false;
	open_on(late_disk);
	record_many(3);
	is_short = true;
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 2));
}

Test(file_set, what_is_written_uses_up_what_was_deleted)
{
	config.min_free_bytes = 10000;
	config.min_free_deletes = true;
	machine.now_ns = stopped_clock_ns;
	is_short = false;
	open_on(late_disk);
	record_many(5);
	is_short = true;
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "2000 for 1999");
	begin();
	cr_assert(eq(int, truncate(path, 1), 0));
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 3), "2000 for 2000");
	cr_assert(eq(int, truncate(path, 2), 0));
	cr_expect(has_space());
	cr_expect(eq(uint, count_files("Z.pcapng"), 1));
}

Test(file_set, space_is_looked_at_the_more_often_the_less_is_left)
{
	static const struct {
		uint64_t free_bytes;
		int64_t ms;
	} looks[] = {{0, 20},
	             {10000, 20},
	             {10000 + (8ull << 20) * 21 - 1, 20},
	             {10000 + (8ull << 20) * 21, 21},
	             {10000 + (8ull << 20) * 999, 999},
	             {10000 + (8ull << 20) * 1001, 1000},
	             {UINT64_MAX, 1000}};
	struct wt_file_set other = {.config = {.min_free_bytes = 10000},
	                            .system = {.now_ns = stopped_clock_ns}};

	clock_ns = 5;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		other.free_bytes = looks[i].free_bytes;
		cr_expect(eq(i64, wt_file_set_look_due_ns(&other), 5 + looks[i].ms * 1000000),
		          "%zu", i);
	}
}

Test(file_set, there_is_a_hurry_below_what_shall_be_free)
{
	struct wt_file_set other = {.config = {.min_free_bytes = 10000}, .free_bytes = 10000};

	cr_expect(not(wt_file_set_is_short(&other)));
	other.free_bytes = 9999;
	cr_expect(wt_file_set_is_short(&other));
	other.config.min_free_bytes = 0;
	other.free_bytes = 1 << 30;
	cr_expect(not(wt_file_set_is_short(&other)));
	other.free_bytes--;
	cr_expect(wt_file_set_is_short(&other), "even if nothing was asked for");
}

Test(file_set, file_system_without_a_size_has_space)
{
	config.min_free_bytes = 1;
	open_on(sizeless_disk);
	cr_expect(has_space());
}

Test(file_set, space_that_cannot_be_known_is_told_once)
{
	config.min_free_bytes = 1;
	open_on(broken_disk);
	cr_expect(has_space());
	cr_expect(has_space());
	next_event();
	cr_expect(event_error && event_has("Input/output error"), "%s", event_text);
	cr_expect(same(next_event(), "(no event)"));
}

#ifndef NDEBUG
Test(file_set, waking_without_the_lock_ends_the_program, .signal = SIGABRT)
{
	open_set();
	remove_folder(); /* nobody tears down */
	wt_file_set_wake(set, &set->keeper);
}
#endif
