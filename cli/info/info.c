/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_collect.h"
#include "info_faces.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/cli/options.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct options {
	bool json;
};

static const struct wt_option rows[] = {
        {"json", .letter = 'j', WT_MEMBER(struct options, json),
         .help = "one JSON object per file, each on a line of its own"},
        {0},
};

const struct wt_command_line wt_info_line = {
        .command = "info",
        .usage = "info [--json] FILE...",
        .about = "Say what is in pcapng and pcap files: interfaces, packets, first and last "
                 "stamp, statistics, and whether the ledger of losses closes. FILE '-' is "
                 "standard input.",
        .groups = (const struct wt_option_group[]){{NULL, rows, 0}, {0}},
        .notes = "'wiretape schema info' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if every file was read to its end, 1 if one could not be read "
                 "or is cut off or broken (what came before is printed), 2 for a wrong command "
                 "line.",
        .words = "FILE",
};

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
		/* Flush to keep the order where both go to one terminal. */
		fflush(stdout);
		wt_cli_complain("%s: %s", path, summary.error.text);
	}
	wt_info_fini(&summary);
	return result ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int report_files(const struct wt_file_list *files, bool json)
{
	int exit_code = WT_EXIT_OK;

	for (size_t i = 0; i < files->count && !ferror(stdout); i++) {
		if (i && !json)
			putchar('\n');
		if (report_file(files->paths[i], json))
			exit_code = WT_EXIT_FAILURE;
	}
	return exit_code;
}

int wt_command_info(int argc, char **argv)
{
	struct options options = {0};
	struct wt_file_list files = {0};
	struct wt_words words;
	int code = wt_options_parse(&wt_info_line, argc, argv, &options, &words);

	if (code)
		return code;
	if (!words.count)
		return wt_cli_usage("info", "no FILE given");
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	code = wt_list_files(&files, &words);
	if (!code)
		code = report_files(&files, options.json);
	wt_file_list_free(&files);
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}
