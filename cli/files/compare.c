/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include "compare_report.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/duration.h>

struct options {
	struct wt_compare_files_config config;
	const char *filter; /* for both */
	bool quiet, verbose, json, help;
};

enum {
	OPTION_IGNORE_LINK = 256,
	OPTION_IGNORE_TTL,
	OPTION_PAYLOAD,
	OPTION_BYTES,
	OPTION_FILTER_A,
	OPTION_FILTER_B,
	OPTION_ALIGN,
	OPTION_SPEED,
	OPTION_TOLERANCE,
	OPTION_JSON,
};

static const struct option long_options[] = {
        {"ignore-link", no_argument, NULL, OPTION_IGNORE_LINK},
        {"ignore-ttl", no_argument, NULL, OPTION_IGNORE_TTL},
        {"payload", no_argument, NULL, OPTION_PAYLOAD},
        {"bytes", required_argument, NULL, OPTION_BYTES},
        {"filter", required_argument, NULL, 'f'},
        {"filter-a", required_argument, NULL, OPTION_FILTER_A},
        {"filter-b", required_argument, NULL, OPTION_FILTER_B},
        {"align", required_argument, NULL, OPTION_ALIGN},
        {"speed", required_argument, NULL, OPTION_SPEED},
        {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
        {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape compare A B [OPTION]...\n"
	       "Find the packets of A, what was sent, in B, what was received, by their content:\n"
	       "which were lost, doubled, reordered or never sent, and how exactly B kept A's "
	       "times.\n"
	       "A and B are pcapng or pcap files; one may be '-', standard input.\n"
	       "\n"
	       "What has to be the same; padding of short Ethernet frames never counts:\n"
	       "                         [whole frames, with VLAN tags]\n"
	       "      --ignore-link      the network layer and what is in it; A and B may then be\n"
	       "                         of different link types: Ethernet, raw IP, Linux cooked\n"
	       "      --ignore-ttl       but for time to live, hop limit and the checksum of the\n"
	       "                         IPv4 header, which routers change\n"
	       "      --payload          ports and payload of UDP and TCP; the whole datagram of\n"
	       "                         what is neither or a fragment\n"
	       "      --bytes N          the first N bytes of that, and its length on the wire: "
	       "for\n"
	       "                         captures that cut packets short\n"
	       "  -f, --filter FILTER    only packets that match, as in man pcap-filter\n"
	       "      --filter-a, --filter-b FILTER  the same for one of the two\n"
	       "\n"
	       "Times, of packets that have a stamp in both:\n"
	       "      --align WHICH      the difference of stamps that is right: that of the "
	       "'first'\n"
	       "                         packet, the 'median' of all, the smallest ('min'), or 0\n"
	       "                         ('none') [median]\n"
	       "      --speed X          A was sent X times as fast [1]\n"
	       "      --tolerance TIME   exit with 4 if an error is larger: 500ns, 10us, 1.5ms, "
	       "1s\n"
	       "\n"
	       "  -q, --quiet            no summary\n"
	       "  -v, --verbose          and the first packets that are lost, doubled, extra or\n"
	       "                         reordered\n"
	       "      --json             a JSON object on standard output instead\n"
	       "  -h, --help             this text\n"
	       "\n"
	       "An error is how far a difference of stamps is from the right one; that of a gap, "
	       "how\n"
	       "far the time between two packets is from what it was in A.\n"
	       "\n"
	       "The JSON object has a, b (path, filter, packets, filtered, not_filtered,\n"
	       "unstamped, stamps_out_of_range, with_fcs, cut, link_type, cut_off, broken), "
	       "content, speed,\n"
	       "matched, lost, doubled, extra, reordered, displacement, longest_loss,\n"
	       "longest_loss_from, examples and timing (packets, difference, align,\n"
	       "reference_ns, error, gap_error, lasted, tolerance_ns, over_tolerance).\n"
	       "\n"
	       "Exit status: 0 if both have the same packets in the same order; 3 if not, or if\n"
	       "there is nothing to compare; 4 if they have, but not within the tolerance; 1 for\n"
	       "a failure or a file that is broken in the middle (what is before is used); 2 for\n"
	       "a wrong command line.\n");
}

static int parse_bytes(const char *text, uint32_t *bytes)
{
	uint64_t wide = 0;

	if (!wt_cli_parse_u64(text, 1, UINT32_MAX, &wide))
		return wt_cli_usage("compare", "--bytes: '%s' is not a number from 1 on", text);
	*bytes = (uint32_t)wide;
	return WT_EXIT_OK;
}

static int parse_align(const char *text, enum wt_compare_align *align)
{
	static const enum wt_compare_align all[] = {
	        WT_COMPARE_ALIGN_FIRST,
	        WT_COMPARE_ALIGN_MEDIAN,
	        WT_COMPARE_ALIGN_MIN,
	        WT_COMPARE_ALIGN_NONE,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(text, wt_compare_align_name(all[i])))
			continue;
		*align = all[i];
		return WT_EXIT_OK;
	}
	return wt_cli_usage("compare", "--align: '%s' is not first, median, min or none", text);
}

static int parse_speed(const char *text, double *speed)
{
	if (wt_cli_parse_factor(text, speed))
		return WT_EXIT_OK;
	return wt_cli_usage("compare", "--speed: '%s' is not a number like 2 or 0.5", text);
}

static int parse_tolerance(const char *text, int64_t *ns)
{
	if (wt_parse_duration_ns(text, ns) && *ns)
		return WT_EXIT_OK;
	return wt_cli_usage("compare", "--tolerance: '%s' is not a time like 500ns, 10us or 1.5ms",
	                    text);
}

/* The options that say what to compare; -1 for any other. */
static int set_content_option(struct options *options, int option)
{
	struct wt_compare_content *content = &options->config.compare.content;

	switch (option) {
	case OPTION_IGNORE_LINK:
		/* --payload goes further. */
		if (content->scope == WT_COMPARE_FRAME)
			content->scope = WT_COMPARE_NETWORK;
		return WT_EXIT_OK;
	case OPTION_IGNORE_TTL:
		content->ignore_ttl = true;
		return WT_EXIT_OK;
	case OPTION_PAYLOAD:
		content->scope = WT_COMPARE_PAYLOAD;
		return WT_EXIT_OK;
	case OPTION_BYTES:
		return parse_bytes(optarg, &content->bytes);
	case 'f':
		options->filter = optarg;
		return WT_EXIT_OK;
	case OPTION_FILTER_A:
		options->config.filter_a = optarg;
		return WT_EXIT_OK;
	case OPTION_FILTER_B:
		options->config.filter_b = optarg;
		return WT_EXIT_OK;
	default:
		return -1;
	}
}

static int set_option(struct options *options, int option, char **argv)
{
	struct wt_compare_config *compare = &options->config.compare;
	int known = set_content_option(options, option);

	if (known >= 0)
		return known;
	switch (option) {
	case OPTION_ALIGN:
		return parse_align(optarg, &compare->align);
	case OPTION_SPEED:
		return parse_speed(optarg, &compare->speed);
	case OPTION_TOLERANCE:
		return parse_tolerance(optarg, &compare->tolerance_ns);
	case 'q':
		options->quiet = true;
		return WT_EXIT_OK;
	case 'v':
		options->verbose = true;
		return WT_EXIT_OK;
	case OPTION_JSON:
		options->json = true;
		return WT_EXIT_OK;
	case 'h':
		options->help = true;
		return WT_EXIT_OK;
	case ':':
		return wt_cli_usage("compare", "option '%s' needs a value", argv[optind - 1]);
	default:
		return wt_cli_usage("compare", "there is no option '%s'", argv[optind - 1]);
	}
}

/* What is left of the command line, and what the options say together. */
static int complete(struct options *options, char **paths, int count)
{
	struct wt_compare_files_config *config = &options->config;

	if (count != 2)
		return wt_cli_usage("compare", "compare takes two files, A and B, and not %d",
		                    count);
	config->path_a = paths[0];
	config->path_b = paths[1];
	if (!strcmp(paths[0], "-") && !strcmp(paths[1], "-"))
		return wt_cli_usage("compare", "standard input can be read only once");
	if (!options->filter)
		return WT_EXIT_OK;
	if (config->filter_a || config->filter_b)
		return wt_cli_usage("compare", "--filter is for both: leave it out, or --filter-a "
		                               "and --filter-b");
	config->filter_a = config->filter_b = options->filter;
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	int option, bad;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":f:qvh", long_options, NULL)) != -1) {
		bad = set_option(options, option, argv);
		if (bad || options->help)
			return bad;
	}
	return complete(options, argv + optind, argc - optind);
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
	/* What was not measured was not within it. */
	return timing->over_tolerance || !timing->packets ? WT_EXIT_TOLERANCE : WT_EXIT_OK;
}

static int tell(const struct options *options, const struct wt_compare_report *report)
{
	wt_compare_report_warn(report);
	if (options->json && !wt_compare_report_json(report)) {
		wt_cli_complain("cannot write the result to standard output");
		return WT_EXIT_FAILURE;
	}
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
	int bad = parse_options(argc, argv, &options);

	if (bad)
		return bad;
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (options.help) {
		print_help();
		return wt_cli_flush();
	}
	return compare(&options);
}
