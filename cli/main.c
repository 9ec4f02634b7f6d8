/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"
#include "documents.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/writer/disk/disk.h>

const struct wt_command wt_commands[] = {
        {"record", "record packets from interfaces to a pcapng file", wt_command_record,
         &wt_record_line, NULL},
        {"generate", "send packets with rising sequence numbers: replay gen: by other options",
         wt_command_generate, &wt_generate_line, NULL},
        {"replay", "send the packets of files on time, and prove it", wt_command_replay,
         &wt_replay_line, NULL},
        {"info", "say what is in a capture file", wt_command_info, &wt_info_line, NULL},
        {"check", "say whether a recording is sound, and whose loss is in it", wt_command_check,
         &wt_check_line, NULL},
        {"cut", "write the packets between two times to a file", wt_command_cut, &wt_cut_line,
         NULL},
        {"compare", "find the same packets in two captures, and how their times differ",
         wt_command_compare, &wt_compare_line, NULL},
        {"repair", "make a file whole that a crash has left with holes", wt_command_repair,
         &wt_repair_line, NULL},
        {"feeds", "find out which feeds of market data there are", wt_command_feeds, &wt_feeds_line,
         NULL},
        {"stamp", "say where stamps come from, and compare clocks", wt_command_stamp, NULL,
         wt_stamp_commands},
        {"schema", "say what the keys of JSON mean, as a JSON Schema", wt_command_schema,
         &wt_schema_line, NULL},
        {"completion", "print the script with which a shell completes all this",
         wt_command_completion, &wt_completion_line, NULL},
        {NULL, NULL, NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	fprintf(out, "Usage: wiretape COMMAND [OPTION]...\n"
	             "Record packets without losing them, and account for every one.\n\n"
	             "Commands:\n");
	wt_cli_list(out, wt_commands);
	fprintf(out, "\n  -h, --help     this text; 'wiretape COMMAND --help' for a command's\n"
	             "  -V, --version  the version, and of which libraries\n"
	             "\nThe whole story: man wiretape\n");
}

static void print_version(void)
{
	printf("wiretape %s\n%s\n%s\n", WT_VERSION, pcap_lib_version(),
	       wt_disk_has_uring ? "with io_uring" : "without io_uring");
}

/* A closed standard descriptor would become the number of a file or a socket of ours, and output
 * would go there. Its stand-in fails when used. */
static bool fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

static int run_command(const char *name, int argc, char **argv)
{
	const struct wt_command *command = wt_cli_find(wt_commands, name);

	if (command)
		return command->run(argc, argv);
	wt_cli_complain("there is no command '%s'; 'wiretape --help' lists them", name);
	return WT_EXIT_USAGE;
}

/* `wiretape help COMMAND [WORD]...`, as `wiretape COMMAND [WORD]... --help`. */
static int help(int argc, char **argv)
{
	enum { WORDS_MAX = 3 };
	char option[] = "--help";
	char *words[WORDS_MAX + 1] = {0};
	int count = argc < WORDS_MAX ? argc : WORDS_MAX - 1;

	for (int i = 0; i < count; i++)
		words[i] = argv[i];
	words[count] = option;
	return run_command(argv[0], count + 1, words);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return WT_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2)
		return help(argc - 2, argv + 2);
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return WT_EXIT_OK;
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		print_version();
		return WT_EXIT_OK;
	}
	return run_command(argv[1], argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code;

	if (!fill_standard_descriptors())
		return WT_EXIT_FAILURE;
	code = run(argc, argv);
	if (code == WT_EXIT_HELPED)
		code = WT_EXIT_OK;
	wt_documents_conclude(argc, argv, code);
	/* A help text, or what is still in the buffer, may find the disk full. */
	return code ? code : wt_cli_flush();
}
