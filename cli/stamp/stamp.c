/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <wiretape/cli/cli.h>

#include <stdio.h>
#include <string.h>

static const struct wt_command faces[] = {
        {"caps", "what interfaces can stamp, and what they are set to", wt_stamp_caps},
        {"cross", "a NIC's clock beside the system's, again and again", wt_stamp_cross},
        {"watch", "what changes about an interface that stamps depend on", wt_stamp_watch},
        {"latency", "how long packets take from their stamp to a program", wt_stamp_latency},
        {NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	fprintf(out, "Usage: wiretape stamp COMMAND [OPTION]...\n"
	             "Where stamps come from, and how one clock becomes another.\n\n");
	for (const struct wt_command *face = faces; face->name; face++)
		fprintf(out, "  %-8s %s\n", face->name, face->summary);
	fprintf(out, "\n'wiretape stamp COMMAND --help' tells more of each.\n");
}

int wt_command_stamp(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return WT_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		print_help(stdout);
		return WT_EXIT_OK;
	}
	for (const struct wt_command *face = faces; face->name; face++)
		if (!strcmp(argv[1], face->name))
			return face->run(argc - 1, argv + 1);
	if (argv[1][0] == '-')
		return wt_cli_usage("stamp", "there is no option '%s'", argv[1]);
	return wt_cli_usage("stamp", "there is no 'stamp %s'", argv[1]);
}
