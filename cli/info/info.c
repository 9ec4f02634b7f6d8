/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include "info_collect.h"
#include "info_faces.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape info [--json] FILE...\n"
	       "Say what is in pcapng and pcap files: interfaces, packets, first and last stamp,\n"
	       "statistics, and whether the ledger of losses closes. FILE '-' is standard input.\n"
	       "\n"
	       "  -j, --json  one JSON object per file, each on a line of its own\n"
	       "  -h, --help  this text\n"
	       "\n"
	       "The JSON object has path, type, size_bytes, complete, cut_off, error, layout\n"
	       "(chunks, in_place, holes_repaired, missing_packets, not_closed, tail_packets),\n"
	       "section_count, interface_count, statistics_blocks, other_blocks,\n"
	       "fractions_above_second, fractions_look_like_ns, the sums of all packets (packets,\n"
	       "wire_bytes, captured_bytes, inbound, outbound, truncated, out_of_order,\n"
	       "unstamped, stamps_out_of_range (of those: with a stamp before 1677 or after\n"
	       "2262), with_fcs, above_snaplen, above_length, dropcount, first_ns, last_ns,\n"
	       "first, last, duration_ns, packets_per_second, bits_per_second), and sections[].\n"
	       "A section has version, byte_order, hardware, os, application, comment and\n"
	       "interfaces[]. An interface has id, name, description, link_type,\n"
	       "link_type_name, snaplen, fcs_bytes, tsresol, tsoffset_s, mac, speed_bps,\n"
	       "hardware, os, filter, reader, comment, the same sums of its packets, and\n"
	       "statistics: blocks, at_ns, start_ns, end_ns, ifrecv, ifdrop, filteraccept,\n"
	       "osdrop, usrdeliv, ledger{}, ledger_closes, ledger_matches_file, nic{} and\n"
	       "degraded[]. What is not in the file is null.\n"
	       "\n"
	       "Exit status: 0 if every file was read to its end, 1 if one could not be read or\n"
	       "is cut off or broken (what came before is printed), 2 for a wrong command line.\n");
}

static int report_file(const char *path, bool json)
{
	struct wt_info_summary summary;
	int result;

	wt_info_collect(&summary, path);
	if (json)
		wt_info_print_json(&summary);
	else
		wt_info_print(&summary);
	result = summary.result;
	if (result) {
		/* In order, where both go to one terminal. */
		fflush(stdout);
		wt_cli_complain("%s: %s", path, summary.error.text);
	}
	wt_info_fini(&summary);
	return result ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int report_files(char **paths, int count, bool json)
{
	int exit_code = WT_EXIT_OK;

	for (int i = 0; i < count && !ferror(stdout); i++) {
		if (i && !json)
			putchar('\n');
		if (report_file(paths[i], json))
			exit_code = WT_EXIT_FAILURE;
	}
	return exit_code;
}

int wt_command_info(int argc, char **argv)
{
	bool json = false;
	int option, exit_code;

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":jh", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
			return wt_cli_flush();
		default:
			return wt_cli_usage("info", "there is no option '%s'", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return wt_cli_usage("info", "no FILE given");
	exit_code = report_files(argv + optind, argc - optind, json);
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code;
}
