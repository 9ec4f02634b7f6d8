/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"
#include <wiretape/cli/check/check_head.h>
#include <wiretape/tests/support/temp.h>

static struct wt_check_head heads[8];
static size_t count;
static struct wt_check_series *series;
static size_t series_count;
static struct wt_error err;

static void set_up(void)
{
	count = 0;
	series = NULL;
	series_count = 0;
}

static void tear_down(void)
{
	free(series);
}

TestSuite(check_head, .init = set_up, .fini = tear_down);

/* A file of a recording; recording 0: somebody else's. */
static void given(const char *path, uint64_t recording, uint32_t file, int64_t first_ns)
{
	heads[count] = (struct wt_check_head){
	        .path = path,
	        .argument = count,
	        .is_rewindable = true,
	        .has_chunks = recording != 0,
	        .mark = {.recording = recording, .file = file, .has_recording = recording != 0},
	        .has_first = first_ns != 0,
	        .first_ns = first_ns,
	};
	count++;
}

static void order(void)
{
	cr_assert(eq(int, wt_check_order(heads, count, &series, &series_count, &err), 0));
}

static void expect_series(size_t i, const char *paths)
{
	char got[256] = "";

	cr_assert(lt(sz, i, series_count));
	for (size_t j = 0; j < series[i].count; j++) {
		strcat(got, j ? " " : "");
		strcat(got, heads[series[i].first + j].path);
	}
	cr_expect(eq(int, strcmp(got, paths), 0), "%s", got);
}

Test(check_head, files_of_a_recording_go_by_number_whatever_their_order)
{
	given("c", 7, 10, 300);
	given("a", 7, 8, 100);
	given("b", 7, 9, 200);
	order();
	cr_assert(eq(sz, series_count, 1));
	expect_series(0, "a b c");
	cr_expect(eq(i64, series[0].first_ns, 100));
}

Test(check_head, recordings_go_by_their_first_stamp)
{
	given("late2", 1, 2, 900);
	given("early1", 2, 1, 100);
	given("late1", 1, 1, 800);
	given("early2", 2, 2, 850);
	order();
	cr_assert(eq(sz, series_count, 2));
	expect_series(0, "early1 early2");
	expect_series(1, "late1 late2");
}

Test(check_head, files_of_others_are_each_on_their_own_by_first_stamp)
{
	given("x3", 0, 0, 300);
	given("x1", 0, 0, 100);
	given("tape", 5, 1, 150);
	given("x2", 0, 0, 200);
	order();
	cr_assert(eq(sz, series_count, 4));
	expect_series(0, "x1");
	expect_series(1, "tape");
	expect_series(2, "x2");
	expect_series(3, "x3");
}

Test(check_head, what_has_no_first_packet_comes_first_and_lends_its_series_that_of_the_next)
{
	given("b", 3, 2, 500);
	given("a", 3, 1, 0);
	given("pipe", 0, 0, 0);
	order();
	cr_assert(eq(sz, series_count, 2));
	expect_series(0, "pipe");
	expect_series(1, "a b");
	cr_expect(eq(i64, series[1].first_ns, 500));
}

/* Of lane `lane` of two. */
static void given_lane(const char *path, uint64_t recording, uint32_t file, uint32_t lane,
                       int64_t first_ns)
{
	given(path, recording, file, first_ns);
	heads[count - 1].mark.lane = lane;
	heads[count - 1].mark.lanes = 2;
}

Test(check_head, lanes_of_a_recording_are_side_by_side_and_each_goes_by_number)
{
	given_lane("q1_2", 7, 2, 1, 400);
	given_lane("q0_2", 7, 2, 0, 410);
	given_lane("q1_1", 7, 1, 1, 100);
	given_lane("q0_1", 7, 1, 0, 110);
	order();
	cr_assert(eq(sz, series_count, 2));
	expect_series(0, "q1_1 q1_2");
	expect_series(1, "q0_1 q0_2");
	cr_expect(wt_check_same_recording(&heads[series[0].first], &heads[series[1].first]));
}

Test(check_head, files_are_of_one_recording_only_where_they_say_so)
{
	given("a", 7, 1, 100);
	given("b", 8, 1, 100);
	given("c", 0, 0, 100);
	given("d", 0, 0, 100);
	cr_expect(wt_check_same_recording(&heads[0], &heads[0]));
	cr_expect(not(wt_check_same_recording(&heads[0], &heads[1])));
	cr_expect(not(wt_check_same_recording(&heads[0], &heads[2])));
	cr_expect(not(wt_check_same_recording(&heads[2], &heads[3])));
}

Test(check_head, the_same_file_of_a_lane_twice_is_refused)
{
	given_lane("a", 3, 1, 0, 100);
	given_lane("b", 3, 1, 1, 200);
	given_lane("copy", 3, 1, 1, 100);
	cr_assert(eq(int, wt_check_order(heads, count, &series, &series_count, &err), -EEXIST));
	cr_expect(strstr(err.text, "copy") && strstr(err.text, "b "), "%s", err.text);
}

Test(check_head, the_same_file_twice_is_refused)
{
	given("a", 3, 1, 100);
	given("b", 3, 2, 200);
	given("copy", 3, 1, 100);
	cr_assert(eq(int, wt_check_order(heads, count, &series, &series_count, &err), -EEXIST));
	cr_expect(strstr(err.text, "copy") && strstr(err.text, "a "), "%s", err.text);
}

Test(check_head, a_file_under_two_names_is_refused)
{
	given("a", 0, 0, 100);
	given("b", 0, 0, 100);
	given("link", 0, 0, 100);
	for (size_t i = 0; i < 3; i++)
		heads[i].inode = i == 2 ? 7 : 7 + i;
	cr_assert(eq(int, wt_check_order(heads, count, &series, &series_count, &err), -EEXIST));
	cr_expect(strstr(err.text, "a and link") || strstr(err.text, "link and a"), "%s", err.text);
}

Test(check_head, tapes_that_name_no_recording_are_on_their_own)
{
	given("b", 0, 2, 200);
	given("a", 0, 1, 100);
	heads[0].has_chunks = heads[1].has_chunks = true;
	heads[0].mark.file = 2;
	heads[1].mark.file = 1;
	order();
	cr_assert(eq(sz, series_count, 2));
	expect_series(0, "a");
}

/* Read what was built, as a file. */
static void read_built(const struct pcapng_builder *build, struct wt_check_head *head)
{
	char path[TEMP_BYTES];
	int fd;

	temp_template(path, "check_head");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, build->bytes, build->length), build->length));
	close(fd);
	wt_check_head_read(head, path, 0);
	unlink(path);
}

static void build_tape(struct pcapng_builder *build, const char *mark)
{
	build_block(build, 0x0A0D0D0A);
	build_u32(build, 0x1A2B3C4D);
	build_u16(build, 1);
	build_u16(build, 0);
	build_u64(build, UINT64_MAX);
	build_option_text(build, 0x8005, mark);
	build_block_end(build);
	build_interface(build, 9, 0);
}

static void build_channels(struct pcapng_builder *build, const char *text)
{
	build_block(build, 0x80577405);
	build_padded(build, text, strlen(text));
	build_block_end(build);
}

Test(check_head, a_tape_says_what_it_is_and_which_channels_were_followed)
{
	static struct pcapng_builder build;
	struct wt_check_head head;

	build_tape(&build, "tape_id=00000000000000ff file=3 recording=0123456789abcdef");
	build_channels(&build, "what=channels\nchannel=x moldudp64 A=239.1.1.1:5\n"
	                       "channel=y pitch A=239.1.1.2:5\n");
	build_packet(&build, 0, 12345, "abc");
	build_packet(&build, 0, 99999, "abc");
	read_built(&build, &head);
	cr_expect(head.is_rewindable && head.has_chunks && wt_check_is_numbered(&head));
	cr_expect(eq(u64, head.mark.recording, 0x0123456789abcdefu));
	cr_expect(eq(u32, head.mark.file, 3));
	cr_expect(head.has_first);
	cr_expect(eq(i64, head.first_ns, 12345));
	cr_assert(head.channels != NULL);
	cr_expect(eq(int,
	             strcmp(head.channels, "x moldudp64 A=239.1.1.1:5\ny pitch A=239.1.1.2:5\n"),
	             0),
	          "%s", head.channels);
	wt_check_head_fini(&head);
}

Test(check_head, events_are_no_channels_and_rubbish_is_let_pass)
{
	static struct pcapng_builder build;
	struct wt_check_head head;

	build_tape(&build, "tape_id=00000000000000ff");
	build_channels(&build, "what=gap\nchannel=x\n");
	build_channels(&build, "what=channelsandmore\nchannel=x\n");
	build_channels(&build, "no line");
	build_channels(&build, "");
	read_built(&build, &head);
	cr_expect(head.has_chunks && !wt_check_is_numbered(&head) && !head.has_first);
	cr_expect(head.channels == NULL);
	wt_check_head_fini(&head);
}

Test(check_head, what_cannot_be_looked_into_twice_is_not_looked_into)
{
	struct wt_check_head head;

	wt_check_head_read(&head, "/dev/null", 0);
	cr_expect(not(head.is_rewindable));
	wt_check_head_read(&head, "-", 0);
	cr_expect(not(head.is_rewindable));
	wt_check_head_read(&head, "/nonexistent/file", 0);
	cr_expect(not(head.is_rewindable));
}
