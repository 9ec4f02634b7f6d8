/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_report.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>

struct options {
	struct wt_compare_files_config config;
	struct wt_file_list files;
	const char **paths; /* of the list: A's, then B's */
	const char *names[WT_COMPARE_SIDES];
	const char *filter; /* for both */
	bool ignore_link, payload;
	bool quiet, verbose, json;
};

static const struct wt_option content_rows[] = {
        {"ignore-link", WT_MEMBER(struct options, ignore_link),
         .help = "the network layer and what is in it; A and B may then be of different link "
                 "types: Ethernet, raw IP, Linux cooked"},
        {"ignore-ttl", WT_MEMBER(struct options, config.compare.content.ignore_ttl),
         .help = "but for time to live, hop limit and the checksum of the IPv4 header, which "
                 "routers change"},
        {"payload", WT_MEMBER(struct options, payload),
         .help = "ports and payload of UDP and TCP; the whole datagram of what is neither or a "
                 "fragment"},
        {"bytes", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, .max = UINT32_MAX,
         WT_MEMBER(struct options, config.compare.content.bytes),
         .help = "the first N bytes of that, and its length on the wire: for captures that cut "
                 "packets short"},
        {0},
};

static const struct wt_option filter_rows[] = {
        {"filter-a", .kind = WT_OPTION_TEXT, .metavar = "FILTER",
         WT_MEMBER(struct options, config.a.filter), .help = "the same for A alone"},
        {"filter-b", .kind = WT_OPTION_TEXT, .metavar = "FILTER",
         WT_MEMBER(struct options, config.b.filter), .help = "the same for B alone"},
        {0},
};

static int take_speed(void *member, const char *value, struct wt_error *err)
{
	struct wt_decimal speed;

	if (wt_parse_decimal(value, &speed, NULL) || !speed.numerator)
		return wt_error_set(err, -EINVAL, "'%s' is not a number like 2 or 0.5", value);
	*(double *)member = (double)speed.numerator / (double)speed.denominator;
	return 0;
}

static const struct wt_option timing_rows[] = {
        /* In the order of enum wt_compare_align. */
        {"align", .kind = WT_OPTION_CHOICE, .metavar = "median|first|min|none",
         WT_MEMBER(struct options, config.compare.align),
         .help = "the difference of stamps that is right: the median of all, that of the first "
                 "packet, the smallest (min), or 0 (none) [median]"},
        {"speed", .kind = WT_OPTION_CALL, .metavar = "X", .take = take_speed,
         WT_MEMBER(struct options, config.compare.speed), .help = "A was sent X times as fast [1]"},
        {"tolerance", .kind = WT_OPTION_DURATION, .metavar = "TIME",
         WT_MEMBER(struct options, config.compare.tolerance_ns),
         .help = "exit with 4 if an error is larger: 500ns, 10us, 1.5ms, 1s"},
        {0},
};

static const struct wt_option verbose_row[] = {
        {"verbose", .letter = 'v',
         .help = "and the first packets that are lost, doubled, extra or reordered"},
        {0},
};

const struct wt_command_line wt_compare_line = {
        .command = "compare",
        .usage = "compare A B [OPTION]...",
        .about = "Find the packets of A, what was sent, in B, what was received, by their "
                 "content: which were lost, doubled, reordered or never sent, and how exactly "
                 "B kept A's times. A and B are pcapng or pcap files; one may be '-', standard "
                 "input.",
        .groups =
                (const struct wt_option_group[]){
                        {"What has to be the same [whole frames, with VLAN tags]; padding of "
                         "short Ethernet frames never counts:",
                         content_rows, 0},
                        {NULL, wt_filter_row, offsetof(struct options, filter)},
                        {NULL, filter_rows, 0},
                        {"Times, of packets that have a stamp in both:", timing_rows, 0},
                        {"What to say:", wt_quiet_row, offsetof(struct options, quiet)},
                        {NULL, verbose_row, offsetof(struct options, verbose)},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "An error is how far a difference of stamps is from the right one; that of a "
                 "gap, how far the time between two packets is from what it was in A.\n"
                 "The JSON object has a, b (path, filter, packets, filtered, not_filtered, "
                 "unstamped, stamps_out_of_range, with_fcs, cut, link_type, cut_off, broken), "
                 "content, speed, matched, lost, doubled, extra, reordered, displacement, "
                 "longest_loss, longest_loss_from, examples and timing (packets, difference, "
                 "align, reference_ns, error, gap_error, lasted, tolerance_ns, "
                 "over_tolerance).\n"
                 "Exit status: 0 if both have the same packets in the same order; 3 if not, or "
                 "if there is nothing to compare; 4 if they have, but not within the "
                 "tolerance; 1 for a failure or a file that is broken in the middle (what is "
                 "before is used); 2 for a wrong command line.",
        .words = "FILE",
};

/* Make two captures of the files: of two words each is one, of more the files of one recording in
 * lanes are. */
static int take_files(struct options *options, const struct wt_words *words)
{
	const struct wt_file_list *list = &options->files;
	struct wt_compare_capture *captures[] = {&options->config.a, &options->config.b};
	const char **next;

	if (words->count != 2 && list->sets != 2)
		return wt_cli_usage("compare", "compare takes two files, A and B, and not %zu",
		                    list->sets);
	options->paths = next = calloc(list->count, sizeof(*options->paths));
	if (!next) {
		wt_cli_complain("no memory for this many files");
		return WT_EXIT_FAILURE;
	}
	for (size_t side = 0; side < WT_COMPARE_SIDES; side++) {
		captures[side]->paths = next;
		for (size_t i = 0; i < list->count; i++) {
			const struct wt_listed_file *file = &list->files[i];

			if ((words->count == 2 ? file->argument : file->set) != side)
				continue;
			if (!captures[side]->path_count++)
				options->names[side] = words->list[file->argument];
			*next++ = list->paths[i];
		}
	}
	return WT_EXIT_OK;
}

/* Check the options against each other. */
static int complete(struct options *options, const struct wt_words *words)
{
	struct wt_compare_files_config *config = &options->config;

	/* --payload goes further. */
	config->compare.content.scope = options->payload       ? WT_COMPARE_PAYLOAD
	                                : options->ignore_link ? WT_COMPARE_NETWORK
	                                                       : WT_COMPARE_FRAME;
	if (wt_count_streams(words) > 1)
		return wt_cli_usage("compare", "standard input can be read only once");
	if (!options->filter)
		return WT_EXIT_OK;
	if (config->a.filter || config->b.filter)
		return wt_cli_usage("compare", "--filter is for both: leave it out, or --filter-a "
		                               "and --filter-b");
	config->a.filter = config->b.filter = options->filter;
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	struct wt_words words;
	int code = wt_options_parse(&wt_compare_line, argc, argv, options, &words);

	if (!code)
		code = complete(options, &words);
	if (!code)
		code = wt_list_files(&options->files, &words);
	return code ? code : take_files(options, &words);
}

static int exit_code(const struct wt_compare_report *report)
{
	const struct wt_compare_timing *timing = &report->result.timing;

	for (size_t i = 0; i < WT_COMPARE_SIDES; i++)
		if (wt_compare_report_broken(&report->files[i]))
			return WT_EXIT_FAILURE;
	for (int i = 0; i < WT_COMPARE_DIFFERENCES; i++)
		if (report->result.differences[i].count)
			return WT_EXIT_LOSS;
	/* Nothing was compared. */
	if (!report->result.matched)
		return WT_EXIT_LOSS;
	if (!report->config.compare.tolerance_ns)
		return WT_EXIT_OK;
	/* Packets that were not measured were not within it. */
	return timing->over_tolerance || !timing->packets ? WT_EXIT_TOLERANCE : WT_EXIT_OK;
}

static int tell(const struct options *options, const struct wt_compare_report *report)
{
	wt_compare_report_warn(report);
	if (options->json && !wt_compare_report_json(report))
		return WT_EXIT_FAILURE;
	if (!options->json && !options->quiet)
		wt_compare_report_print(report, options->verbose);
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code(report);
}

static int compare(const struct options *options)
{
	struct wt_compare_report *report = calloc(1, sizeof(*report));
	struct wt_error err = {0};
	int code;

	if (!report) {
		wt_cli_complain("no memory for a comparison");
		return WT_EXIT_FAILURE;
	}
	report->config = options->config;
	memcpy(report->names, options->names, sizeof(report->names));
	if (wt_compare_files(&report->config, &report->files[0], &report->files[1], &report->result,
	                     &err)) {
		wt_cli_complain("%s", err.text);
		code = WT_EXIT_FAILURE;
	} else {
		code = tell(options, report);
	}
	free(report);
	return code;
}

int wt_command_compare(int argc, char **argv)
{
	struct options options = {0};
	int code = parse_options(argc, argv, &options);

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (!code)
		code = compare(&options);
	free(options.paths);
	wt_file_list_free(&options.files);
	return code;
}
