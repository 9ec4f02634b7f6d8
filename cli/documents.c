/* SPDX-License-Identifier: BSD-2-Clause */
#include "documents.h"

#include "cli.h"
#include "json_output.h"

#include <string.h>

#include <wiretape/monitor/record_numbers.h>

const struct wt_document *const wt_documents[] = {
        &wt_check_document,
        &wt_compare_document,
        &wt_cut_document,
        &wt_feeds_document,
        &wt_feeds_list_document,
        &wt_generate_document,
        &wt_generate_feed_document,
        &wt_info_document,
        &wt_record_document,
        &wt_repair_document,
        &wt_replay_check_document,
        &wt_replay_document,
        &wt_stamp_caps_document,
        &wt_stamp_cross_document,
        &wt_stamp_latency_document,
        &wt_stamp_watch_document,
        NULL,
};

static bool has_word(int argc, char **argv, const char *word, size_t length)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (strlen(argv[i]) == length && !strncmp(argv[i], word, length))
			return true;
	return false;
}

/* Count the words of a command; 0 if the command line lacks one of them. */
static size_t count_words(int argc, char **argv, const char *command)
{
	size_t count = 0;

	while (*command) {
		size_t length = strcspn(command, " ");

		if (!has_word(argc, argv, command, length))
			return 0;
		count++;
		command += length + (command[length] == ' ');
	}
	return count;
}

static const struct wt_document *document_of(int argc, char **argv)
{
	const struct wt_document *found = NULL;
	size_t most = 0;

	for (const struct wt_document *const *i = wt_documents; *i; i++) {
		size_t words = count_words(argc, argv, (*i)->command);

		if (words > most) {
			most = words;
			found = *i;
		}
	}
	return found;
}

void wt_documents_conclude(int argc, char **argv, int exit_code)
{
	const struct wt_document *document = document_of(argc, argv);
	const struct wt_document_error error = {wt_cli_reason(), exit_code};

	if (exit_code && *error.message && document &&
	    (has_word(argc, argv, "--json", 6) || has_word(argc, argv, "-j", 2)))
		wt_json_fail(document, &error);
}
