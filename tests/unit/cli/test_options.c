/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/cli/cli.h>
#include <wiretape/cli/options.h>

#include "support/unit.h"

struct filled {
	bool flag;
	const char *text;
	uint32_t narrow;
	uint64_t wide;
	enum { SW = 1, HW, AUTO } choice;
	int64_t duration_ns, seconds_ns;
	uint64_t bytes, file_bytes;
	int calls;
};

static int take(void *member, const char *value, struct wt_error *err)
{
	int *calls = member;

	if (!strcmp(value, "full"))
		return wt_error_set(err, -ENOSPC, "the list is full");
	if (!strcmp(value, "bad"))
		return wt_error_set(err, -EINVAL, "'bad' is bad");
	(*calls)++;
	return 0;
}

#define AT(member) WT_MEMBER(struct filled, member)

static const struct wt_option rows[] = {
        {"flag", .letter = 'x', AT(flag), .help = "a flag"},
        {"text", "other-text", 't', WT_OPTION_TEXT, "TEXT", "a text", AT(text)},
        {"narrow", .letter = 'p', .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 3, .max = 9,
         AT(narrow), .help = "a number"},
        {"wide", .kind = WT_OPTION_NUMBER, .metavar = "N", AT(wide), .help = "another"},
        {"choice", .kind = WT_OPTION_CHOICE, .metavar = "sw|hw|auto", .min = 1, AT(choice),
         .help = "a choice"},
        {"duration", .kind = WT_OPTION_DURATION, .metavar = "TIME", .max = 5000000000,
         AT(duration_ns), .help = "a time"},
        {"seconds", .kind = WT_OPTION_SECONDS, .metavar = "SECONDS", AT(seconds_ns),
         .help = "another"},
        {0},
};

static const struct wt_option more_rows[] = {
        {"bytes", .kind = WT_OPTION_SIZE, .metavar = "SIZE",
         .help = "a size that is told in as many words as it takes to come to the end of a line "
                 "of eighty columns and beyond"},
        {"filesize", .kind = WT_OPTION_FILESIZE, .metavar = "KB", .at = sizeof(uint64_t),
         .help = "another"},
        {0},
};

static const struct wt_option call_rows[] = {
        {"call", .kind = WT_OPTION_CALL, .metavar = "WHAT", .take = take, AT(calls),
         .help = "a call"},
        {0},
};

static const struct wt_option_group groups[] = {
        {"Some:", rows, 0},
        {"Others:", more_rows, offsetof(struct filled, bytes)},
        {NULL, call_rows, 0},
        {0},
};

/* The letters of tcpreplay are known for this command. */
static const struct wt_command_line line = {
        .command = "replay",
        .usage = "replay FILE...\nreplay --again",
        .about = "It does this.",
        .groups = groups,
        .notes = "A first paragraph.\n  kept as it is\n  this, too",
};

static struct filled filled;
static struct wt_words words;

/* The command line in one text, words with a space between. */
static int parse_line(const struct wt_command_line *command, const char *text)
{
	static char copy[200];
	static char *argv[40];
	int argc = 0;

	filled = (struct filled){0};
	snprintf(copy, sizeof(copy), "replay %s", text);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return wt_options_parse(command, argc, argv, &filled, &words);
}

static int parse(const char *text)
{
	return parse_line(&line, text);
}

static void expect_complaint(const char *text, int code, const char *complaint)
{
	cr_expect(eq(int, parse(text), code), "%s", text);
	cr_expect_str_eq(wt_cli_reason(), complaint, "%s: %s", text, wt_cli_reason());
}

Test(options, values_go_to_their_members)
{
	cr_assert(zero(int, parse("-x -t a --narrow 7 --wide 18446744073709551615 --choice=hw "
	                          "--duration 1.5ms --seconds 2 --bytes 64k --filesize 3 "
	                          "--call one --call two")));
	cr_expect(filled.flag);
	cr_expect_str_eq(filled.text, "a");
	cr_expect(eq(u32, filled.narrow, 7));
	cr_expect(eq(u64, filled.wide, UINT64_MAX));
	cr_expect(filled.choice == HW);
	cr_expect(eq(i64, filled.duration_ns, 1500000));
	cr_expect(eq(i64, filled.seconds_ns, 2000000000));
	cr_expect(eq(u64, filled.bytes, 65536));
	cr_expect(eq(u64, filled.file_bytes, 3000));
	cr_expect(eq(int, filled.calls, 2));
	cr_expect(eq(int, words.count, 0));
}

Test(options, other_names_and_unambiguous_beginnings_do_as_well)
{
	cr_expect(zero(int, parse("--other-text b")));
	cr_expect_str_eq(filled.text, "b");
	cr_expect(zero(int, parse("--narr 4")));
	cr_expect(eq(u32, filled.narrow, 4));
}

Test(options, words_may_stand_anywhere_and_two_dashes_end_the_options)
{
	cr_expect(zero(int, parse("one -x two -- --text")));
	cr_expect(filled.flag);
	cr_assert(eq(int, words.count, 3));
	cr_expect_str_eq(words.list[0], "one");
	cr_expect_str_eq(words.list[2], "--text");
}

Test(options, words_that_come_last_end_the_options)
{
	struct wt_command_line filter = line;

	filter.words_come_last = true;
	cr_expect(zero(int, parse_line(&filter, "-x one -t a")));
	cr_expect(eq(int, words.count, 3));
	cr_expect_null(filled.text);
}

Test(options, complaints_name_the_option)
{
	expect_complaint("--narrow 2", WT_EXIT_USAGE, "--narrow: '2' is not a number from 3 to 9");
	expect_complaint("--wide -1", WT_EXIT_USAGE, "--wide: '-1' is not a whole number");
	expect_complaint("--choice phc", WT_EXIT_USAGE, "--choice: 'phc' is not sw, hw or auto");
	expect_complaint("--choice s", WT_EXIT_USAGE, "--choice: 's' is not sw, hw or auto");
	expect_complaint("--duration 6s", WT_EXIT_USAGE, "--duration: '6s' is more than 5s");
	expect_complaint("--bytes 0", WT_EXIT_USAGE,
	                 "--bytes: '0': the size has to be more than 0");
	expect_complaint("--call bad", WT_EXIT_USAGE, "--call: 'bad' is bad");
	expect_complaint("--call full", WT_EXIT_FAILURE, "--call: the list is full");
	expect_complaint("--text", WT_EXIT_USAGE, "--text: it needs a value, TEXT");
	expect_complaint("-t", WT_EXIT_USAGE, "--text: it needs a value, TEXT");
	expect_complaint("--flag=1", WT_EXIT_USAGE, "--flag: it takes no value");
}

Test(options, unknown_options_are_answered_with_the_nearest)
{
	expect_complaint("-y", WT_EXIT_USAGE, "there is no option '-y'");
	expect_complaint("-xy", WT_EXIT_USAGE, "there is no option '-y'");
	expect_complaint("--txet 1", WT_EXIT_USAGE,
	                 "there is no option '--txet'; did you mean --text?");
	expect_complaint("--durations=1", WT_EXIT_USAGE,
	                 "there is no option '--durations'; did you mean --duration?");
	expect_complaint("--nonsense", WT_EXIT_USAGE, "there is no option '--nonsense'");
	/* Two of four letters are another word. */
	expect_complaint("--fags", WT_EXIT_USAGE, "there is no option '--fags'");
	expect_complaint("--f", WT_EXIT_USAGE, "'--f' may stand for --flag, --filesize");
}

Test(options, letters_of_other_programs_are_answered_with_ours)
{
	expect_complaint("-M 10", WT_EXIT_USAGE,
	                 "there is no option '-M'; tcpreplay's -M (megabits a second) is -t mbps:N "
	                 "here");
	expect_complaint("--topspeed", WT_EXIT_USAGE,
	                 "there is no option '--topspeed'; tcpreplay's --topspeed (as fast as "
	                 "possible) is -t asap here");
	expect_complaint("-p 1000", WT_EXIT_USAGE,
	                 "--narrow: '1000' is not a number from 3 to 9; tcpreplay's -p (packets a "
	                 "second) is -t pps:N here");
}

Test(options, values_that_name_what_they_are)
{
	struct wt_error err = {0};

	filled = (struct filled){0};
	cr_expect(zero(int, wt_options_take_key(rows, &filled, "seconds:2", &err)));
	cr_expect(eq(i64, filled.seconds_ns, 2000000000));
	cr_expect(eq(int, wt_options_take_key(rows, &filled, "narrow:x", &err), -EINVAL));
	cr_expect_str_eq(err.text, "'narrow:x': 'x' is not a number from 3 to 9");
	cr_expect(eq(int, wt_options_take_key(call_rows, &filled, "secon:2", &err), -EINVAL));
	cr_expect_str_eq(err.text, "'secon:2' is not call:WHAT");
	cr_expect(eq(int, wt_options_take_key(more_rows, &filled, "bytes", &err), -EINVAL));
	cr_expect_str_eq(err.text, "'bytes' is not bytes:SIZE or filesize:KB");
}

Test(options, help_is_wrapped_at_80_columns)
{
	FILE *was = stdout;
	char *text;
	size_t bytes;

	stdout = open_memstream(&text, &bytes);
	cr_expect(eq(int, parse("--help"), WT_EXIT_HELPED));
	fclose(stdout);
	stdout = was;
	cr_expect_str_eq(
	        text,
	        "Usage: wiretape replay FILE...\n"
	        "       wiretape replay --again\n"
	        "It does this.\n"
	        "\n"
	        "Some:\n"
	        "  -x, --flag              a flag\n"
	        "  -t, --text, --other-text TEXT\n"
	        "                          a text\n"
	        "  -p, --narrow N          a number\n"
	        "      --wide N            another\n"
	        "      --choice sw|hw|auto\n"
	        "                          a choice\n"
	        "      --duration TIME     a time\n"
	        "      --seconds SECONDS   another\n"
	        "\n"
	        "Others:\n"
	        "      --bytes SIZE        a size that is told in as many words as it takes to\n"
	        "                          come to the end of a line of eighty columns and beyond\n"
	        "      --filesize KB       another\n"
	        "      --call WHAT         a call\n"
	        "  -h, --help              this text\n"
	        "\n"
	        "A first paragraph.\n"
	        "\n"
	        "  kept as it is\n"
	        "  this, too\n");
	free(text);
}
