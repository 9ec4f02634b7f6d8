/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <wiretape/cli/cli.h>

#include <stdio.h>
#include <string.h>

const struct wt_command wt_stamp_commands[] = {
        {"caps", "what interfaces can stamp, and what they are set to", wt_stamp_caps,
         &wt_stamp_caps_line, NULL},
        {"cross", "a NIC's clock beside the system's, again and again", wt_stamp_cross,
         &wt_stamp_cross_line, NULL},
        {"watch", "what changes about an interface that stamps depend on", wt_stamp_watch,
         &wt_stamp_watch_line, NULL},
        {"latency", "how long packets take from their stamp to a program", wt_stamp_latency,
         &wt_stamp_latency_line, NULL},
        {NULL, NULL, NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	fprintf(out, "Usage: wiretape stamp COMMAND [OPTION]...\n"
	             "Where stamps come from, and how one clock becomes another.\n\n");
	wt_cli_list(out, wt_stamp_commands);
	fprintf(out, "\n'wiretape stamp COMMAND --help' tells more of each.\n");
}

int wt_command_stamp(int argc, char **argv)
{
	const struct wt_command *command;

	if (argc < 2) {
		print_help(stderr);
		return WT_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		print_help(stdout);
		return WT_EXIT_OK;
	}
	command = wt_cli_find(wt_stamp_commands, argv[1]);
	if (command)
		return command->run(argc - 1, argv + 1);
	if (argv[1][0] == '-')
		return wt_cli_usage("stamp", "there is no option '%s'", argv[1]);
	return wt_cli_usage("stamp", "there is no 'stamp %s'", argv[1]);
}
