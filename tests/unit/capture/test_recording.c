/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recording.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/feed/verdict/nic_look.h>
#include <wiretape/pcapng/text_block.h>
#include <wiretape/tests/support/file_check.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

enum { COUNT = 2000, LANES = 3 };

static char folder[TEMP_BYTES], path[TEMP_BYTES + 16];
static struct wt_reader_config interface = {
        .kind = WT_READER_SIM, .interface = "sim:count=2000,pps=max", .ring_bytes = 4 << 20};
static struct wt_recording_config config;
static struct wt_recording *recording;
static struct wt_recording_report report;
static struct wt_error err;
static unsigned begins, reports;

static int on_begin(void *context)
{
	(void)context;
	begins++;
	return 0;
}

static void on_progress(void *context, const struct wt_recorder_report *sum, bool report_requested)
{
	(void)context;
	cr_expect(eq(u64, sum->total.seen, sum->total.written + wt_ledger_lost(&sum->total)));
	reports += report_requested;
	if (report_requested)
		wt_recording_stop(recording);
}

static void set_up(void)
{
	temp_template_in_memory(folder, "recording");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/feed.pcapng", folder);
	config = (struct wt_recording_config){
	        .recorder = {.interfaces = &interface,
	                     .interface_count = 1,
	                     .application = "test",
	                     .on_begin = on_begin,
	                     .on_progress = on_progress},
	        .files.path = path,
	        .direct = WT_DIRECT_OFF,
	        .queues = LANES,
	};
}

static void remove_all(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	wt_recording_close(recording);
	cr_assert(dir != NULL);
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "feed", 4))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	/* It says so, if there is anything else. */
	cr_expect(eq(int, rmdir(folder), 0), "%s", strerror(errno));
}

TestSuite(recording, .init = set_up, .fini = remove_all);

static int run(void)
{
	int rc;

	cr_assert(eq(int, wt_recording_open(&recording, &config, &err), 0), "%s", err.text);
	rc = wt_recording_run(recording, &err);
	wt_recording_settle(recording);
	wt_recording_report(recording, &report);
	return rc;
}

static void expect_closed(const struct wt_ledger *ledger, uint64_t seen)
{
	cr_expect(eq(u64, ledger->seen, seen));
	cr_expect(eq(u64, ledger->seen, ledger->written + wt_ledger_lost(ledger)));
	cr_expect(eq(i64, ledger->unattributed, 0));
	cr_expect(eq(u64, ledger->waiting, 0));
}

static unsigned gaps;
static uint64_t missing;

static void on_feed_event(void *context, const struct wt_feed_event *event)
{
	(void)context;
	if (event->kind != WT_EVENT_GAP)
		return;
	gaps++;
	missing += event->missing;
	cr_expect(eq(int, event->verdict.verdict, WT_VERDICT_NIC));
}

/* Blocks of feeds in a file, and how many of them are gaps. */
static void count_blocks(const char *name, unsigned *channels, unsigned *looks,
                         unsigned *gap_blocks)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	char strings[WT_FEED_EVENT_TEXT_BYTES];
	struct wt_feed_event event;

	cr_assert(zero(int, wt_capture_file_open(&file, name, &err)), "%s", err.text);
	while (wt_capture_file_next(file, &item, &err) > 0) {
		*looks += item.block_type == WT_PCAPNG_NIC_LOOK;
		if (item.block_type != WT_PCAPNG_FEED)
			continue;
		if (wt_feed_event_decode(&event, (const char *)item.body, item.body_bytes, strings))
			++*channels;
		else
			*gap_blocks += event.kind == WT_EVENT_GAP;
	}
	wt_capture_file_close(file);
}

/* Three numbers are missing after every 497; a NIC is looked at once. */
Test(recording, feeds_of_several_queues_are_followed_together)
{
	struct wt_feed_channels feeds = {0};
	struct wt_reader_config lossy = interface;
	struct wt_tracker_totals totals;
	struct wt_tracker *tracker;
	struct wt_stream_report stream;

	lossy.interface = "sim:count=2000,pps=50000,missed=3@497";
	cr_assert(zero(int,
	               wt_feed_channels_add(&feeds, "moldudp64@233.252.0.1:26477,name=x", &err)));
	config.recorder.interfaces = &lossy;
	config.recorder.feeds = &feeds;
	config.recorder.on_feed_event = on_feed_event;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	tracker = wt_feed_monitor_tracker(wt_recording_feeds(recording));
	wt_tracker_totals(tracker, &totals);
	cr_expect(eq(u64, totals.matched, report.sum.total.written));
	cr_assert(eq(u32, totals.streams, 1));
	wt_tracker_stream(tracker, 0, &stream);
	cr_expect(eq(u64, stream.received, 1988));
	cr_expect(eq(u64, stream.duplicates, 0));
	cr_expect(eq(uint, gaps, 3));
	cr_expect(eq(u64, missing, 9));
	for (size_t i = 0; i < LANES; i++) {
		unsigned channels = 0, looks = 0, gap_blocks = 0;

		count_blocks(report.lanes[i].path, &channels, &looks, &gap_blocks);
		cr_expect(eq(uint, channels, 1));
		cr_expect(eq(uint, gap_blocks, i ? 0 : 3));
		cr_expect(eq(int, looks > 0, i == 0));
	}
	wt_recording_close(recording);
	recording = NULL;
	wt_feed_channels_free(&feeds);
}

Test(recording, each_queue_has_a_file_and_the_ledger_is_the_sum)
{
	struct file_check check = {0};
	uint64_t written = 0;

	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(eq(uint, begins, 1));
	cr_assert(eq(sz, report.lane_count, LANES));
	cr_expect(eq(sz, report.sum.interface_count, 1));
	cr_expect_not(wt_recording_rotates(recording));
	expect_closed(&report.sum.total, COUNT);
	expect_closed(&report.sum.interfaces[0].ledger, COUNT);
	cr_expect(eq(int, report.sum.end, WT_END_SOURCE));
	for (size_t i = 0; i < LANES; i++) {
		const struct wt_recording_lane *lane = &report.lanes[i];

		/* Dealt out in turn: the first gets the rest. */
		expect_closed(&lane->report.total, COUNT / LANES + (i < COUNT % LANES));
		cr_expect(eq(u32, lane->queue, (uint32_t)i));
		cr_expect(eq(int, lane->cpu, -1));
		cr_assert(eq(sz, lane->file_count, 1));
		cr_expect(eq(int, strcmp(lane->path, lane->files[0].path), 0));
		cr_assert(eq(int, file_check_path(&check, lane->path), 0), "%s", check.why);
		cr_expect(eq(u64, check.packets[0], lane->report.total.written));
		written += check.packets[0];
	}
	cr_expect(eq(u64, report.sum.total.written, written));
}

Test(recording, each_interface_has_its_queues)
{
	struct wt_reader_config two[] = {interface, interface};

	two[1].interface = "sim:count=500,pps=max";
	config.recorder.interfaces = two;
	config.recorder.interface_count = 2;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_assert(eq(sz, report.sum.interface_count, 2));
	expect_closed(&report.sum.interfaces[0].ledger, COUNT);
	expect_closed(&report.sum.interfaces[1].ledger, 500);
	expect_closed(&report.sum.total, COUNT + 500);
	for (size_t i = 0; i < LANES; i++)
		cr_expect(eq(u64, report.lanes[i].report.interfaces[1].ledger.seen,
		             500 / LANES + (i < 500 % LANES)));
}

Test(recording, one_queue_is_as_without)
{
	config.queues = 1;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(eq(uint, begins, 1));
	cr_expect(eq(sz, report.lane_count, 1));
	cr_expect(eq(int, strcmp(report.lanes[0].path, path), 0));
	expect_closed(&report.sum.total, COUNT);
}

Test(recording, all_stop_when_they_are_asked_to_and_say_so_once)
{
	interface.interface = "sim:pps=1000";
	cr_assert(eq(int, wt_recording_open(&recording, &config, &err), 0), "%s", err.text);
	wt_recording_request_report(recording);
	cr_expect(eq(int, wt_recording_run(recording, &err), 0), "%s", err.text);
	wt_recording_report(recording, &report);
	cr_expect(eq(uint, reports, 1));
	cr_expect(eq(int, report.sum.end, WT_END_ASKED));
	cr_expect(eq(u64, report.sum.total.seen, report.sum.total.written));
}

Test(recording, a_lane_that_cannot_begin_leaves_nothing_of_the_others)
{
	char name[TEMP_BYTES + 32];

	snprintf(name, sizeof(name), "%s/feed_q1.pcapng", folder);
	cr_assert(eq(int, mkdir(name, 0700), 0));
	cr_assert(eq(int, wt_recording_open(&recording, &config, &err), 0), "%s", err.text);
	cr_expect(lt(int, wt_recording_run(recording, &err), 0));
	cr_expect(strstr(err.text, "feed_q1.pcapng") != NULL, "%s", err.text);
	cr_expect(eq(uint, begins, 0));
	cr_expect(eq(int, rmdir(name), 0));
	snprintf(name, sizeof(name), "%s/feed_q0.pcapng", folder);
	cr_expect(lt(int, access(name, F_OK), 0));
}

Test(recording, first_lane_that_cannot_begin_says_why)
{
	static const char *const names[] = {"feed_q1.pcapng", "feed_q2.pcapng"};
	int dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < 2; i++)
		cr_assert(eq(int, mkdirat(dir_fd, names[i], 0700), 0));
	cr_assert(eq(int, wt_recording_open(&recording, &config, &err), 0), "%s", err.text);
	cr_expect(lt(int, wt_recording_run(recording, &err), 0));
	cr_expect(strstr(err.text, names[0]) != NULL, "%s", err.text);
	for (size_t i = 0; i < 2; i++)
		unlinkat(dir_fd, names[i], AT_REMOVEDIR);
	close(dir_fd);
}

Test(recording, cpus_are_taken_in_turn_and_one_that_is_not_there_is_an_error)
{
	static const uint16_t none[] = {CPU_SETSIZE - 1};
	static uint16_t cpus[3];
	cpu_set_t allowed;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	while (!CPU_ISSET(cpus[0], &allowed))
		cpus[0]++;
	cpus[1] = cpus[0] + 1;
	while (cpus[1] < CPU_SETSIZE && !CPU_ISSET(cpus[1], &allowed))
		cpus[1]++;
	/* So that it matters which way they are counted. */
	cpus[2] = cpus[1];
	config.cpus = cpus;
	config.cpu_count = cpus[1] < CPU_SETSIZE ? 3 : 1;
	config.first_cpu = 1;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	for (size_t i = 0; i < LANES; i++)
		cr_expect(eq(int, report.lanes[i].cpu, cpus[(1 + i) % config.cpu_count]));
	wt_recording_close(recording);
	recording = NULL;
	config.cpus = none;
	config.cpu_count = 1;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "CPU 1023") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_recording_open(&recording, &config, NULL), -EINVAL));
	config.queues = 1;
	cr_expect(eq(int, wt_recording_open(&recording, &config, NULL), -EINVAL));
}

Test(recording, what_has_one_queue_or_one_place_to_go_is_refused)
{
	struct wt_reader_config two[2];

	interface.kind = WT_READER_V2;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "v2") != NULL, "%s", err.text);
	interface.kind = WT_READER_SIM;
	two[0] = two[1] = interface;
	two[1].kind = WT_READER_V2;
	config.recorder.interfaces = two;
	config.recorder.interface_count = 2;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	config.recorder.interface_count = 1;
	config.files.path = NULL;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "a file each") != NULL, "%s", err.text);
	config.files.path = "/dev/null";
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "/dev/null is no file") != NULL, "%s", err.text);
}

/* What follows them is none of its interfaces. */
Test(recording, as_many_interfaces_as_there_are_matter)
{
	struct wt_reader_config two[] = {interface, interface};

	two[1].kind = WT_READER_V2;
	config.recorder.interfaces = two;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	expect_closed(&report.sum.total, COUNT);
}

static bool is_bound;

/* In a lane's thread. */
static void look_at_cpu(void *context, uint32_t lane, uint32_t number,
                        const struct wt_frame *frames, size_t count)
{
	cpu_set_t cpus;

	(void)context;
	(void)number;
	(void)lane;
	(void)frames;
	(void)count;
	sched_getaffinity(0, sizeof(cpus), &cpus);
	is_bound = CPU_COUNT(&cpus) == 1;
}

Test(recording, lane_runs_on_its_cpu_and_leaves_it)
{
	static uint16_t cpu;
	cpu_set_t before, after;

	sched_getaffinity(0, sizeof(before), &before);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	config.cpus = &cpu;
	config.cpu_count = 1;
	config.queues = 1;
	config.recorder.on_frames = look_at_cpu;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(is_bound || CPU_COUNT(&before) == 1);
	sched_getaffinity(0, sizeof(after), &after);
	cr_expect(CPU_EQUAL(&before, &after));
}

Test(recording, priority_is_had_or_it_is_said_why_not)
{
	config.fifo_priority = 1;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(eq(int, report.fifo_priority, report.sum.degraded[0] == NULL));
}

Test(recording, numbers_of_queues_have_their_limits)
{
	config.queues = WT_RECORDING_QUEUES_MOST + 1;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "257 is no number of queues") != NULL, "%s", err.text);
	config.queues = -7;
	cr_expect(eq(int, wt_recording_open(&recording, &config, &err), -EINVAL));
	config.queues = 0;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(eq(sz, report.lane_count, 1));
}

Test(recording, as_many_packets_as_are_asked_for_are_taken_by_all_together)
{
	interface.interface = "sim:pps=max";
	config.recorder.max_packets = 1000;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(eq(int, report.sum.end, WT_END_PACKETS));
	cr_expect(eq(u64, report.sum.total.written, 1000));
	cr_expect(eq(u64, report.sum.total.seen, 1000 + wt_ledger_lost(&report.sum.total)));
}

static sem_t stuck, released;
static struct wt_feed_channels channels;
static int64_t asked_ns, answered_ns;
static unsigned steps, steps_to_answer;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* In the threads of lanes. */
static void be_stuck(void *context, uint32_t queue, uint32_t number, const struct wt_frame *frames,
                     size_t count)
{
	(void)context;
	(void)queue;
	(void)number;
	(void)frames;
	(void)count;
	sem_post(&stuck);
	sem_wait(&released);
	sem_post(&released);
}

static int ask_those_that_are_stuck(void *context)
{
	(void)context;
	/* The step that asks takes its time before this. */
	asked_ns = now_ns();
	for (size_t i = 0; i < LANES; i++)
		sem_wait(&stuck);
	wt_recording_request_report(recording);
	steps = 0;
	return 0;
}

static void release(void *context, const struct wt_recorder_report *sum, bool report_requested)
{
	(void)context;
	(void)sum;
	cr_expect(report_requested);
	answered_ns = now_ns();
	steps_to_answer = steps;
	sem_post(&released);
	wt_recording_stop(recording);
}

/* With feeds, which are followed every 5 ms. */
static void step_through(void)
{
	struct pollfd wait = {.events = POLLIN};

	interface.interface = "sim:pps=1000";
	cr_assert(zero(
	        int, wt_feed_channels_add(&channels, "moldudp64@233.252.0.1:26477,name=x", &err)));
	config.recorder.feeds = &channels;
	cr_assert(eq(int, wt_recording_open(&recording, &config, &err), 0), "%s", err.text);
	wait.fd = wt_recording_fd(recording);
	cr_assert(eq(int, wt_recording_begin(recording, &err), 0), "%s", err.text);
	while (!wt_recording_has_ended(recording)) {
		poll(&wait, 1, -1);
		wt_recording_step(recording);
		steps++;
	}
	cr_expect(eq(int, wt_recording_result(recording, &err), 0), "%s", err.text);
	wt_recording_close(recording);
	recording = NULL;
	wt_feed_channels_free(&channels);
}

Test(recording, lanes_that_do_not_answer_are_passed_over_after_a_rest)
{
	sem_init(&stuck, 0, 0);
	sem_init(&released, 0, 0);
	config.recorder.on_begin = ask_those_that_are_stuck;
	config.recorder.on_frames = be_stuck;
	config.recorder.on_progress = release;
	step_through();
	cr_expect(ge(i64, answered_ns - asked_ns, 400000000));
	cr_expect(le(uint, steps_to_answer, 200), "one every 5 ms, and for news");
	sem_destroy(&stuck);
	sem_destroy(&released);
}

Test(recording, nothing_is_done_while_nothing_is_due)
{
	config.recorder.max_duration_ns = 100000000;
	step_through();
	cr_expect(ge(uint, steps, 5));
	cr_expect(le(uint, steps, 100), "one every 5 ms, and for news");
}

static unsigned progresses;

static void stop_after_three(void *context, const struct wt_recorder_report *sum, bool requested)
{
	(void)context;
	cr_expect(eq(int, requested, false));
	cr_expect(ge(i64, sum->elapsed_ns, 0));
	if (++progresses == 3)
		wt_recording_stop(recording);
}

Test(recording, progress_is_told_from_time_to_time)
{
	interface.interface = "sim:pps=1000";
	config.recorder.progress_every_ns = 2000000;
	config.recorder.on_progress = stop_after_three;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(ge(uint, progresses, 3));
	cr_expect(eq(int, report.sum.end, WT_END_ASKED));
}

Test(recording, files_of_all_lanes_have_the_numbers_that_are_free_for_each)
{
	char name[TEMP_BYTES + 64];
	int fd;

	snprintf(name, sizeof(name), "%s/feed_q1_00041_20261121T120000Z.pcapng", folder);
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	config.files.max_packets = COUNT;
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(wt_recording_rotates(recording));
	for (size_t i = 0; i < LANES; i++) {
		const struct wt_recording_lane *lane = &report.lanes[i];

		cr_assert(ge(sz, lane->file_count, 1));
		cr_expect(eq(u32, lane->files[lane->file_count - 1].number, 42), "lane %zu", i);
	}
}

static volatile sig_atomic_t ticks, stops;

/* The second time there is somebody who reads. */
static void tick(int number)
{
	(void)number;
	if (++ticks == 2)
		open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void stop(int number)
{
	(void)number;
	stops = 1;
}

static void call_often(void (*function)(int))
{
	const struct sigaction action = {.sa_handler = function};
	const struct itimerval every = {{0, 20000}, {0, 20000}};

	cr_assert(eq(int, mkfifo(path, 0600), 0));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	config.queues = 1;
	interface.interface = "sim:count=10,pps=max";
}

Test(recording, signal_does_not_end_the_wait_for_a_fifos_reader)
{
	call_often(tick);
	cr_expect(eq(int, run(), 0), "%s", err.text);
	cr_expect(ge(int, ticks, 2));
	cr_expect(eq(u64, report.sum.total.written, 10));
}

Test(recording, signal_that_asks_for_the_end_ends_the_wait_for_a_fifos_reader)
{
	call_often(stop);
	config.recorder.abort_writes = &stops;
	cr_expect(lt(int, run(), 0));
}

static void expect_path(const char *given, const char *expected)
{
	char *made = wt_recording_queue_path(given, 12);

	cr_expect(eq(int, strcmp(made, expected), 0), "%s", made);
	free(made);
}

Test(recording_path, the_queue_stands_before_the_extension)
{
	expect_path("feed.pcapng", "feed_q12.pcapng");
	expect_path("/a.b/feed", "/a.b/feed_q12");
	expect_path("a/.feed", "a/.feed_q12");
	expect_path("a/x.y.pcapng", "a/x.y_q12.pcapng");
}
