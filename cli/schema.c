/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"
#include "documents.h"
#include "options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/monitor/number_schema.h>

const struct wt_command_line wt_schema_line = {
        .command = "schema",
        .usage = "schema [COMMAND]",
        .about = "Print the JSON Schema (draft 2020-12) of what COMMAND prints with --json, and "
                 "the meaning of its keys; without COMMAND, list those that there are.",
        .groups = (const struct wt_option_group[]){{0}},
        .notes = "Exit status: 0; 1 if it cannot be written; 2 for a wrong command line.",
};

/* "replay-check" for "replay --check": the name of its file, too. */
static const char *name_of(const struct wt_document *document, char name[64])
{
	size_t length = 0;

	for (const char *from = document->command; *from && length < 63; from++) {
		const bool is_gap = *from == ' ' || *from == '-';

		if (!is_gap || name[length - 1] != '-')
			name[length++] = is_gap ? '-' : *from;
	}
	name[length] = '\0';
	return name;
}

static int list(void)
{
	char name[64];

	for (const struct wt_document *const *i = wt_documents; *i; i++)
		printf("%-16s %s\n", name_of(*i, name), (*i)->help);
	return wt_cli_flush();
}

/* "stamp caps" and "stamp-caps" are the same. */
static const struct wt_document *find(const char *wanted)
{
	char name[64];

	for (const struct wt_document *const *i = wt_documents; *i; i++)
		if (!strcmp(name_of(*i, name), wanted) || !strcmp((*i)->command, wanted))
			return *i;
	return NULL;
}

static int print_schema(const struct wt_document *document)
{
	json_t *schema = wt_document_schema(document);
	int failed = !schema || json_dumpf(schema, stdout, JSON_INDENT(1));

	json_decref(schema);
	putchar('\n');
	return wt_cli_flush() || failed ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

int wt_command_schema(int argc, char **argv)
{
	const struct wt_document *document;
	struct wt_words words;
	int exit_code = wt_options_parse(&wt_schema_line, argc, argv, NULL, &words);
	char *command;

	if (exit_code)
		return exit_code;
	if (!words.count)
		return list();
	command = wt_cli_join_words(words.list, words.count);
	if (!command)
		return WT_EXIT_FAILURE;
	document = find(command);
	if (document)
		exit_code = print_schema(document);
	else
		exit_code = wt_cli_usage(
		        "schema",
		        "no command '%s' prints JSON; 'wiretape schema' lists those that do",
		        command);
	free(command);
	return exit_code;
}
