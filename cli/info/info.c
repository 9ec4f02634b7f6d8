/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_collect.h"
#include "info_faces.h"
#include "info_lanes.h"
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
         .help = "one JSON object per file or recording in lanes, each on a line of its own"},
        {0},
};

const struct wt_command_line wt_info_line = {
        .command = "info",
        .usage = "info [--json] FILE...",
        .about = "Say what is in pcapng and pcap files: interfaces, packets, first and last "
                 "stamp, statistics, and whether the ledger of losses closes. The files of a "
                 "recording in lanes are one, with a line for each lane. FILE '-' is standard "
                 "input.",
        .groups = (const struct wt_option_group[]){{NULL, rows, 0}, {0}},
        .notes = "'wiretape schema info' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if every file was read to its end, 1 if one could not be read "
                 "or is cut off or broken (what came before is printed), or if files of a "
                 "recording in lanes are not here, of which more than one was asked for; 2 for a "
                 "wrong command line.",
        .words = "FILE",
};

static int report(const struct wt_info_summary *summary, bool json)
{
	if (json)
		wt_info_print_json(summary);
	else
		wt_info_print(summary);
	if (!summary->result)
		return WT_EXIT_OK;
	/* Flush to keep the order where both go to one terminal. */
	fflush(stdout);
	wt_cli_complain("%s: %s", summary->path, summary->error.text);
	return WT_EXIT_FAILURE;
}

/* A file, or the recording in lanes that it is the first of. */
static int report_set(const struct wt_file_list *files, size_t first, char **words, bool json)
{
	const struct wt_listed_file *file = &files->files[first];
	struct wt_info_summary summary;
	int code;

	if (file->is_lane)
		wt_info_collect_lanes(&summary, words[file->argument], files, file->set);
	else
		wt_info_collect(&summary, files->paths[first]);
	code = report(&summary, json);
	wt_info_fini(&summary);
	return code;
}

static int report_files(const struct wt_file_list *files, char **words, bool json)
{
	int exit_code = WT_EXIT_OK;
	size_t sets = 0;

	for (size_t i = 0; i < files->count && !ferror(stdout); i++) {
		if (files->files[i].set < sets)
			continue;
		if (sets++ && !json)
			putchar('\n');
		if (report_set(files, i, words, json))
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
		code = report_files(&files, words.list, options.json);
	wt_file_list_free(&files);
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}
