/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/replay/replayer_private.h>

#include "support/capture_builder.h"
#include "support/pcapng_builder.h"
#include "support/unit.h"

#define S    INT64_C(1000000000)
#define MS   INT64_C(1000000)
#define T_NS (1700000000 * S)

enum { FILES = 3, FOUND_MAX = 64, ETHERNET = 1, BYTES_MAX = 1518, BUFFER_BYTES = 2 << 20 };

static struct capture_builder captures[FILES];
static struct pcapng_builder build;
static struct wt_replayer_config config;
static struct wt_replayer_ports ports;
static struct wt_packet_source_port taken[2];
static struct wt_timeline_file files[FILES];
static struct wt_packet_source *source;
static struct wt_error err;
static const int no_stop;

static void set_up(void)
{
	static const char *paths[FILES];

	for (int i = 0; i < FILES; i++)
		paths[i] = captures[i].path;
	config = (struct wt_replayer_config){
	        .paths = paths,
	        .path_count = 1,
	        .interface = "one",
	        .buffer_bytes = BUFFER_BYTES,
	};
	ports = (struct wt_replayer_ports){.config = &config, .names = {"one", "two"}, .count = 2};
	for (int i = 0; i < 2; i++)
		taken[i] = (struct wt_packet_source_port){"wire0", ETHERNET, 14, BYTES_MAX};
}

static void tear_down(void)
{
	if (source)
		source->ops->close(source);
	source = NULL;
	for (int i = 0; i < FILES; i++)
		capture_remove(&captures[i]);
}

TestSuite(source_files, .init = set_up, .fini = tear_down);

/* ---- what goes in ---- */

static void begin(int number)
{
	capture_begin(&captures[number]);
	capture_interface(&captures[number], "eth0", ETHERNET);
}

/* Packets of the first file, at so many ms. */
static void build_at(const int64_t *at_ms, size_t count)
{
	begin(0);
	for (size_t i = 0; i < count; i++)
		capture_packet(&captures[0], 0, T_NS + at_ms[i] * MS, 60);
	capture_end(&captures[0]);
}

static void write_build(void)
{
	capture_begin(&captures[0]);
	capture_end(&captures[0]);
	captures[0].file = fopen(captures[0].path, "w");
	cr_assert(ne(ptr, captures[0].file, NULL));
	capture_bytes(&captures[0], build.bytes, build.length);
	capture_end(&captures[0]);
}

/* ---- what comes out ---- */

static struct {
	int64_t due_ms[FOUND_MAX];
	uint32_t numbers[FOUND_MAX]; /* in their file */
	uint16_t ports[FOUND_MAX];
	uint32_t bytes[FOUND_MAX];
	size_t count;
} found;

static int open_source(void)
{
	return wt_packet_source_open_files(&source, &config, &ports, taken, ports.count, files,
	                                   &err);
}

static void take(const struct wt_queued_packet *packet)
{
	if (found.count < FOUND_MAX) {
		found.due_ms[found.count] = packet->due_ns / MS;
		found.ports[found.count] = packet->port;
		found.bytes[found.count] = packet->caplen;
		if (packet->caplen >= CAPTURE_NUMBER_AT + sizeof(uint32_t))
			memcpy(&found.numbers[found.count], packet->data + CAPTURE_NUMBER_AT,
			       sizeof(uint32_t));
	}
	cr_assert(eq(u64, packet->number, found.count));
	found.count++;
}

/* All of them, to the error at the end. */
static int read_source(void)
{
	struct wt_queued_packet *packets[8];
	size_t count;
	int error = 0, rc = source->ops->fill(source, &no_stop);

	cr_assert(eq(int, rc, 0));
	found.count = 0;
	for (;;) {
		count = source->ops->peek(source, packets, 8);
		for (size_t i = 0; i < count; i++)
			take(packets[i]);
		source->ops->release(source, count);
		if (!count && source->ops->ended(source, &error))
			break;
	}
	source->ops->finish(source);
	return error;
}

static void read_all(void)
{
	int rc = open_source();

	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	rc = read_source();
	cr_assert(eq(int, rc, 0), "%s", rc ? source->err.text : "");
}

static void expect_times(const int64_t *due_ms, size_t count)
{
	cr_assert(eq(sz, found.count, count));
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(i64, found.due_ms[i], due_ms[i]), "packet %zu", i);
}

#define EXPECT_TIMES(...)                                                                          \
	expect_times((const int64_t[]){__VA_ARGS__},                                               \
	             sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void expect_says(const char *text, const char *what)
{
	cr_expect(strstr(text, what) != NULL, "'%s' says nothing of '%s'", text, what);
}

/* ---- times ---- */

Test(source_files, the_first_packet_is_due_at_once_and_the_others_as_in_the_file)
{
	static const int64_t at_ms[] = {5, 7, 7, 1000};

	build_at(at_ms, 4);
	read_all();
	EXPECT_TIMES(0, 2, 2, 995);
	cr_expect(eq(u64, source->counts.read, 4));
	cr_expect(eq(u64, source->counts.loops, 1));
}

Test(source_files, several_files_are_one_timeline)
{
	static const char *const names[] = {"eth0", "eth1", "eth2"};

	for (int i = 0; i < FILES; i++) {
		capture_begin(&captures[i]);
		capture_interface(&captures[i], names[i], ETHERNET);
		for (int k = 0; k < 3; k++)
			capture_packet(&captures[i], 0, T_NS + (10 * k + i) * MS, 60 + (uint32_t)i);
		capture_end(&captures[i]);
	}
	config.path_count = FILES;
	read_all();
	EXPECT_TIMES(0, 1, 2, 10, 11, 12, 20, 21, 22);
	for (uint32_t i = 0; i < 9; i++)
		cr_expect(eq(u32, found.bytes[i], 60 + i % 3));
	cr_expect(eq(u64, files[2].packets, 3));
}

Test(source_files, stamps_out_of_order_and_clocks_set_back_are_counted)
{
	static const int64_t at_ms[] = {0, 10, 5, 20, -500, -490};

	build_at(at_ms, 6);
	read_all();
	EXPECT_TIMES(0, 10, 10, 20, 20, 30);
	cr_expect(eq(u64, source->counts.schedule.out_of_order, 1));
	cr_expect(eq(u64, source->counts.schedule.stepped_back, 1));
}

Test(source_files, long_gaps_are_cut_to_the_longest_that_is_wanted)
{
	static const int64_t at_ms[] = {0, 10, 5010, 5020};

	build_at(at_ms, 4);
	config.schedule.max_gap_ns = S;
	read_all();
	EXPECT_TIMES(0, 10, 1010, 1020);
	cr_expect(eq(u64, source->counts.schedule.gaps_capped, 1));
}

Test(source_files, packets_without_a_stamp_follow_the_one_before)
{
	build_section(&build);
	build_interface(&build, 9, 0);
	build_packet(&build, 0, (uint64_t)T_NS, "an Ethernet frame");
	build_packet(&build, 0, (uint64_t)(T_NS + 30 * MS), "an Ethernet frame");
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, 20);
	build_padded(&build, "another one of 20 B.", 20);
	build_block_end(&build);
	write_build();
	read_all();
	EXPECT_TIMES(0, 30, 30);
	cr_expect(eq(u64, source->counts.unstamped, 1));
}

Test(source_files, a_file_without_any_stamp_is_sent)
{
	build_section(&build);
	build_interface(&build, 9, 0);
	for (int i = 0; i < 3; i++) {
		build_block(&build, WT_PCAPNG_SPB);
		build_u32(&build, 20);
		build_padded(&build, "another one of 20 B.", 20);
		build_block_end(&build);
	}
	write_build();
	read_all();
	EXPECT_TIMES(0, 0, 0);
	cr_expect(eq(u64, source->counts.unstamped, 3));
}

/* ---- which packets ---- */

Test(source_files, from_and_to_choose_a_part)
{
	static const int64_t at_ms[] = {0, 10, 20, 30, 40};
	const struct wt_time from = {10 * MS, true}, to = {T_NS + 40 * MS, false};

	build_at(at_ms, 5);
	config.from = &from;
	config.to = &to;
	read_all();
	EXPECT_TIMES(0, 10, 20);
	cr_expect(eq(u32, found.numbers[0], 1));
}

Test(source_files, a_filter_chooses_packets)
{
	begin(0);
	for (int i = 0; i < 6; i++) {
		if (i % 2)
			capture_udp(&captures[0], 0, T_NS + i * MS, 30);
		else
			capture_packet(&captures[0], 0, T_NS + i * MS, 60);
	}
	capture_end(&captures[0]);
	config.filter = "udp port 2000";
	read_all();
	EXPECT_TIMES(0, 2, 4);
	cr_expect(eq(u64, source->counts.read, 3));
}

Test(source_files, a_filter_that_makes_no_sense_is_an_error)
{
	static const int64_t at_ms[] = {0};

	build_at(at_ms, 1);
	config.filter = "udp and and";
	cr_expect(eq(int, open_source(), -EINVAL));
	expect_says(err.text, "filter");
}

Test(source_files, count_is_the_number_of_packets_that_are_sent)
{
	static const int64_t at_ms[] = {0, 10, 20, 30, 40};

	build_at(at_ms, 5);
	config.count = 3;
	read_all();
	EXPECT_TIMES(0, 10, 20);
}

/* A round begins a mean gap after the last packet. */
Test(source_files, rounds_follow_each_other_after_the_mean_gap)
{
	static const int64_t at_ms[] = {0, 10, 30};

	build_at(at_ms, 3);
	config.loops = 3;
	read_all();
	EXPECT_TIMES(0, 10, 30, 45, 55, 75, 90, 100, 120);
	cr_expect(eq(u64, source->counts.loops, 3));
	cr_expect(eq(u64, source->counts.read, 9));
}

Test(source_files, count_ends_endless_rounds)
{
	static const int64_t at_ms[] = {0, 10};

	build_at(at_ms, 2);
	config.loops = UINT64_MAX;
	config.count = 7;
	read_all();
	EXPECT_TIMES(0, 10, 20, 30, 40, 50, 60);
	cr_expect(eq(u64, source->counts.loops, 4));
}

Test(source_files, rounds_without_a_packet_end)
{
	static const int64_t at_ms[] = {0, 10};

	build_at(at_ms, 2);
	config.loops = UINT64_MAX;
	config.filter = "tcp";
	read_all();
	cr_expect(eq(sz, found.count, 0));
}

Test(source_files, standard_input_is_not_read_twice)
{
	static const char *const paths[] = {"-"};

	config.paths = paths;
	config.loops = 2;
	cr_expect(eq(int, open_source(), -EINVAL));
	expect_says(err.text, "only once");
}

/* ---- where to ---- */

/* Three interfaces, one after the other. */
static void build_three(void)
{
	capture_begin(&captures[0]);
	capture_interface(&captures[0], "eth0", ETHERNET);
	capture_interface(&captures[0], "eth1", ETHERNET);
	capture_interface(&captures[0], "0", ETHERNET);
	for (uint32_t i = 0; i < 6; i++)
		capture_packet(&captures[0], i % 3, T_NS + i * MS, 60);
	capture_end(&captures[0]);
}

static void expect_ports(const uint16_t *expected, size_t count)
{
	cr_assert(eq(sz, found.count, count));
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(u16, found.ports[i], expected[i]), "packet %zu", i);
}

Test(source_files, interfaces_are_mapped_by_name_and_by_number)
{
	static const struct wt_replayer_map maps[] = {{"eth1", "two"}, {"2", "two"}};
	static const uint16_t expected[] = {0, 1, 1, 0, 1, 1};

	build_three();
	config.maps = maps;
	config.map_count = 2;
	read_all();
	expect_ports(expected, 6);
}

Test(source_files, a_name_counts_before_a_number)
{
	static const struct wt_replayer_map maps[] = {{"0", "two"}};
	static const uint16_t expected[] = {1, 0, 1, 1, 0, 1};

	build_three();
	config.maps = maps;
	config.map_count = 1;
	read_all();
	/* "0" is the third one's name, and the first one's number. */
	expect_ports(expected, 6);
}

Test(source_files, a_dash_leaves_packets_out)
{
	static const struct wt_replayer_map maps[] = {{"eth1", "-"}};
	static const uint16_t expected[] = {0, 0, 0, 0};

	build_three();
	config.maps = maps;
	config.map_count = 1;
	read_all();
	expect_ports(expected, 4);
	EXPECT_TIMES(0, 2, 3, 5);
	cr_expect(eq(u64, source->counts.skipped.unmapped, 2));
	cr_expect(eq(u64, source->counts.read, 6));
}

/* The schedule begins with the first packet that is sent. */
Test(source_files, what_is_left_out_has_no_time)
{
	static const struct wt_replayer_map maps[] = {{"eth0", "-"}};

	build_three();
	config.maps = maps;
	config.map_count = 1;
	read_all();
	EXPECT_TIMES(0, 1, 3, 4);
}

Test(source_files, packets_that_no_map_names_are_an_error_that_names_their_interface)
{
	static const struct wt_replayer_map maps[] = {{"eth0", "one"}};

	build_three();
	config.maps = maps;
	config.map_count = 1;
	ports.default_port = WT_PORT_NONE;
	cr_assert(eq(int, open_source(), 0));
	cr_expect(eq(int, read_source(), -EINVAL));
	cr_expect(eq(sz, found.count, 1), "what comes before is there");
	expect_says(source->err.text, captures[0].path);
	expect_says(source->err.text, "eth1");
	expect_says(source->err.text, "--map eth1=-");
}

Test(source_files, packets_of_another_link_type_are_skipped_and_told_once_an_interface)
{
	capture_begin(&captures[0]);
	capture_interface(&captures[0], "eth0", ETHERNET);
	capture_interface(&captures[0], "tun0", 101);
	capture_packet(&captures[0], 0, T_NS, 60);
	capture_packet(&captures[0], 1, T_NS + MS, 60);
	capture_packet(&captures[0], 1, T_NS + 2 * MS, 60);
	capture_packet(&captures[0], 0, T_NS + 3 * MS, 60);
	capture_end(&captures[0]);
	read_all();
	cr_expect(eq(sz, found.count, 2));
	cr_expect(eq(u64, source->counts.skipped.link_type, 2));
	cr_expect(eq(sz, source->notes.count, 1));
	expect_says(source->notes.texts[0], captures[0].path);
	expect_says(source->notes.texts[0], "tun0 (number 1) have link type RAW (101)");
}

Test(source_files, what_is_too_large_or_too_short_is_skipped_and_the_others_keep_their_time)
{
	static const uint32_t bytes[] = {60, 13, 14, 1514, 1515, 5000, 60};

	begin(0);
	for (int i = 0; i < 7; i++)
		capture_packet(&captures[0], 0, T_NS + i * MS, bytes[i]);
	capture_end(&captures[0]);
	read_all();
	EXPECT_TIMES(0, 2, 3, 6);
	cr_expect(eq(u64, source->counts.skipped.too_short, 1));
	cr_expect(eq(u64, source->counts.skipped.too_large, 2));
}

/* ---- files that are not as they should be ---- */

Test(source_files, an_empty_file_is_an_error)
{
	capture_begin(&captures[0]);
	capture_end(&captures[0]);
	cr_assert(eq(int, truncate(captures[0].path, 0), 0));
	cr_expect(eq(int, open_source(), -ENODATA));
	expect_says(err.text, captures[0].path);
	expect_says(err.text, "empty");
}

Test(source_files, a_file_that_is_not_there_is_an_error)
{
	static const char *const paths[] = {"/nowhere/tape.pcapng"};

	config.paths = paths;
	cr_expect(eq(int, open_source(), -ENOENT));
	expect_says(err.text, "/nowhere/tape.pcapng");
}

Test(source_files, a_file_without_packets_sends_none)
{
	begin(0);
	capture_end(&captures[0]);
	read_all();
	cr_expect(eq(sz, found.count, 0));
}

Test(source_files, of_a_file_that_is_cut_off_what_is_there_is_sent)
{
	static const int64_t at_ms[] = {0, 10, 20};
	struct stat status;

	build_at(at_ms, 3);
	cr_assert(eq(int, stat(captures[0].path, &status), 0));
	cr_assert(eq(int, truncate(captures[0].path, status.st_size - 10), 0));
	read_all();
	EXPECT_TIMES(0, 10);
	cr_expect(eq(int, files[0].ended, -ENODATA));
}

Test(source_files, of_a_file_that_is_broken_what_is_before_is_sent)
{
	begin(0);
	capture_packet(&captures[0], 0, T_NS, 60);
	capture_bytes(&captures[0], "\6\0\0\0\7\0\0\0nonsense", 16);
	capture_packet(&captures[0], 0, T_NS, 60);
	capture_end(&captures[0]);
	read_all();
	EXPECT_TIMES(0);
	cr_expect(eq(int, files[0].ended, -EBADMSG));
}

/* ---- more than fits ---- */

/* The numbers are at the end, too, so that a packet that is partial shows. */
Test(source_files, a_file_of_twenty_mib_comes_out_of_two_whole_and_in_order)
{
	enum { PACKETS = 15000, BYTES = 1400 };

	begin(0);
	for (int i = 0; i < PACKETS; i++)
		capture_packet(&captures[0], 0, T_NS + i * MS, BYTES);
	capture_end(&captures[0]);
	read_all();
	cr_expect(eq(sz, found.count, PACKETS));
	cr_expect(eq(u64, source->counts.read, PACKETS));
}

Test(source_files, it_may_be_closed_while_the_reader_waits_for_space)
{
	struct wt_queued_packet *packet;

	begin(0);
	for (int i = 0; i < 5000; i++)
		capture_packet(&captures[0], 0, T_NS + i * MS, 1400);
	capture_end(&captures[0]);
	cr_assert(eq(int, open_source(), 0));
	cr_assert(eq(int, source->ops->fill(source, &no_stop), 0));
	cr_expect(eq(sz, source->ops->peek(source, &packet, 1), 1));
	source->ops->release(source, 1);
	source->ops->finish(source);
	cr_expect(lt(u64, source->counts.read, 5000));
}

Test(source_files, a_stop_ends_the_wait_for_the_first_packets)
{
	static const int stop = 1;
	int ends[2], was = dup(STDIN_FILENO);
	static const char *const paths[] = {"-"};

	/* A pipe whose writer has written nothing but the beginning. */
	begin(0);
	capture_end(&captures[0]);
	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(int, dup2(ends[0], STDIN_FILENO), STDIN_FILENO));
	build_section(&build);
	build_interface(&build, 9, 0);
	build_packet(&build, 0, (uint64_t)T_NS, "an Ethernet frame");
	cr_assert(eq(long, (long)write(ends[1], build.bytes, build.length), (long)build.length));
	config.paths = paths;
	cr_assert(eq(int, open_source(), 0));
	cr_expect(eq(int, source->ops->fill(source, &stop), -EINTR));
	close(ends[1]);
	source->ops->finish(source);
	dup2(was, STDIN_FILENO);
	close(ends[0]);
	close(was);
}

/* ---- a pipe ---- */

static void *write_slowly(void *argument)
{
	const int fd = *(int *)argument;
	size_t from = 0;

	/* In pieces that end anywhere. */
	while (from < build.length) {
		size_t bytes = build.length - from < 37 ? build.length - from : 37;
		ssize_t put = write(fd, build.bytes + from, bytes);

		if (put < 0)
			break;
		from += (size_t)put;
		usleep(1000);
	}
	close(fd);
	return NULL;
}

Test(source_files, a_pipe_that_is_slow_loses_nothing)
{
	static const char *const paths[] = {"-"};
	int ends[2], was = dup(STDIN_FILENO);
	pthread_t writer;

	build_section(&build);
	build_interface(&build, 9, 0);
	for (int i = 0; i < 40; i++)
		build_packet(&build, 0, (uint64_t)(T_NS + i * MS), "an Ethernet frame");
	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(int, dup2(ends[0], STDIN_FILENO), STDIN_FILENO));
	cr_assert(eq(int, pthread_create(&writer, NULL, write_slowly, &ends[1]), 0));
	config.paths = paths;
	read_all();
	pthread_join(writer, NULL);
	dup2(was, STDIN_FILENO);
	close(ends[0]);
	close(was);
	cr_expect(eq(sz, found.count, 40));
	for (size_t i = 0; i < found.count; i++)
		cr_expect(eq(i64, found.due_ms[i], (int64_t)i));
}

/* A pipe for standard input, and what was built in it; its other end stays open. */
static int open_live_pipe(void)
{
	static const char *const paths[] = {"-"};
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(int, dup2(ends[0], STDIN_FILENO), STDIN_FILENO));
	close(ends[0]);
	cr_assert(eq(long, (long)write(ends[1], build.bytes, build.length), (long)build.length));
	config.paths = paths;
	return ends[1];
}

Test(source_files, a_live_pipe_is_begun_with_what_is_there_and_ends_when_nothing_more_is_wanted)
{
	struct wt_queued_packet *packets[8];
	int writer, rc;

	build_section(&build);
	build_interface(&build, 9, 0);
	for (int i = 0; i < 3; i++)
		build_packet(&build, 0, (uint64_t)(T_NS + i * MS), "an Ethernet frame");
	writer = open_live_pipe();
	rc = open_source();
	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	cr_expect(eq(int, source->ops->fill(source, &no_stop), 0));
	cr_expect(eq(sz, source->ops->peek(source, packets, 8), 3));
	cr_expect(not(source->ops->ended(source, &rc)));
	/* The reader waits for the pipe. */
	source->ops->finish(source);
	source->ops->release(source, 3);
	cr_expect(source->ops->ended(source, &rc));
	cr_expect(eq(int, rc, 0));
	close(writer);
}

Test(source_files, a_pipe_that_gives_nothing_is_waited_for_until_it_is_stopped)
{
	struct wt_replayer_stop stop = {1};
	int writer, rc;

	build_section(&build);
	config.stop = &stop;
	writer = open_live_pipe();
	rc = open_source();
	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	cr_expect(eq(int, source->ops->fill(source, &no_stop), -EINTR));
	close(writer);
}

/* ---- how far it is ---- */

Test(source_files, at_the_end_all_was_read)
{
	static const int64_t at_ms[] = {0, 10};

	build_at(at_ms, 2);
	read_all();
	cr_expect(eq(u32, source->progress.share_ppm, 1000000));
	cr_expect(eq(u64, source->progress.packets, 2));
	cr_expect(eq(i64, source->progress.last_due_ns, 10 * MS));
}
