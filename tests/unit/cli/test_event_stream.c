/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/cli/record/event_stream.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

static char folder[TEMP_BYTES];
static char path[128];
static struct wt_event_stream *stream;
static struct wt_error err;
static int error;

static void set_up(void)
{
	temp_template(folder, "events");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/events", folder);
	signal(SIGPIPE, SIG_IGN);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(folder);
}

TestSuite(event_stream, .init = set_up, .fini = tear_down);

static void put(const char *line)
{
	wt_event_stream_put(stream, line, strlen(line));
}

static const char *contents(void)
{
	static char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	close(fd);
	return text;
}

Test(event_stream, appends_lines_in_their_order)
{
	for (int i = 0; i < 2; i++) {
		cr_assert(zero(int, wt_event_stream_open(&stream, path, &err)), "%s", err.text);
		put("one");
		put("two");
		cr_expect(zero(u64, wt_event_stream_close(stream, &error)));
		cr_expect(zero(int, error));
	}
	cr_expect(zero(int, strcmp(contents(), "one\ntwo\none\ntwo\n")));
}

static void wait_until_written(int64_t bytes)
{
	struct stat status;

	while (stat(path, &status) || status.st_size < bytes)
		sched_yield();
}

Test(event_stream, all_of_more_lines_than_it_has_memory_for_arrive_where_somebody_reads)
{
	enum { LINES = 100000 };
	struct stat status;

	cr_assert(zero(int, wt_event_stream_open(&stream, path, &err)), "%s", err.text);
	for (int i = 0; i < LINES; i++) {
		put("0123456789012345678");
		if (i % 10000 == 0)
			wait_until_written((i + 1) * INT64_C(20));
	}
	cr_expect(zero(u64, wt_event_stream_close(stream, &error)));
	cr_assert(zero(int, stat(path, &status)));
	cr_expect(eq(i64, status.st_size, LINES * INT64_C(20)));
}

Test(event_stream, a_fifo_without_a_reader_is_refused)
{
	cr_assert(zero(int, mkfifo(path, 0600)));
	cr_expect(eq(int, wt_event_stream_open(&stream, path, &err), -ENXIO));
	cr_expect(strstr(err.text, path) && strstr(err.text, "nobody reads"), "%s", err.text);
}

Test(event_stream, a_folder_that_is_not_there_is_named)
{
	cr_expect(eq(int, wt_event_stream_open(&stream, "/nowhere/at/all", &err), -ENOENT));
	cr_expect(strstr(err.text, "/nowhere/at/all") != NULL, "%s", err.text);
}

Test(event_stream, a_reader_that_does_not_read_holds_nobody_up_and_what_it_missed_is_counted)
{
	enum { LINES = 50000 };
	char line[101];
	uint64_t lost;
	int reader;

	memset(line, 'x', 100);
	line[100] = '\0';
	cr_assert(zero(int, mkfifo(path, 0600)));
	reader = open(path, O_RDONLY | O_NONBLOCK);
	cr_assert(zero(int, wt_event_stream_open(&stream, path, &err)), "%s", err.text);
	for (int i = 0; i < LINES; i++)
		put(line);
	lost = wt_event_stream_close(stream, &error);
	cr_expect(gt(u64, lost, LINES - 2000), "a pipe holds 648 of them, lost are %lu",
	          (unsigned long)lost);
	cr_expect(lt(u64, lost, LINES - 600));
	close(reader);
}

Test(event_stream, a_reader_that_has_gone_is_an_error_and_all_that_follows_is_lost)
{
	int reader;

	cr_assert(zero(int, mkfifo(path, 0600)));
	reader = open(path, O_RDONLY | O_NONBLOCK);
	cr_assert(zero(int, wt_event_stream_open(&stream, path, &err)), "%s", err.text);
	close(reader);
	put("one");
	put("two");
	cr_expect(eq(u64, wt_event_stream_close(stream, &error), 2));
	cr_expect(eq(int, error, EPIPE));
}
