/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/writer/disk/disk.h>

static const struct wt_command commands[] = {
        {"record", "record packets from interfaces to a pcapng file", wt_command_record},
        {"generate", "send MoldUDP64 packets with rising sequence numbers", wt_command_generate},
        {"replay", "send the packets of files on time, and prove it", wt_command_replay},
        {"info", "say what is in a capture file", wt_command_info},
        {"cut", "write the packets between two times to a file", wt_command_cut},
        {"compare", "find the same packets in two captures, and how their times differ",
         wt_command_compare},
        {"repair", "make a file whole that a crash has left with holes", wt_command_repair},
        {"stamp", "say where stamps come from, and compare clocks", wt_command_stamp},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fprintf(out, "Usage: wiretape COMMAND [OPTION]...\n"
	             "Record packets without losing them, and account for every one.\n\n"
	             "Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n  -h, --help     this text; 'wiretape COMMAND --help' for a command's\n"
	             "  -V, --version  the version, and of which libraries\n"
	             "\nThe whole story: man wiretape\n");
}

static void print_version(void)
{
	printf("wiretape %s\n%s\n%s\n", WT_VERSION, pcap_lib_version(),
	       wt_disk_has_uring ? "with io_uring" : "without io_uring");
}

/* A standard descriptor that is closed would become the number of a file or a
 * socket of ours, and what is printed would go there. What stands in for it fails
 * when it is used. */
static bool fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			return false;
	return true;
}

static int run_command(const char *name, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc, argv);
	wt_cli_complain("there is no command '%s'; 'wiretape --help' lists them", name);
	return WT_EXIT_USAGE;
}

/* `wiretape help COMMAND [WORD]...`, as `wiretape COMMAND [WORD]... --help`. */
static int help(int argc, char **argv)
{
	enum { WORDS_MAX = 3 };
	char option[] = "--help";
	char *words[WORDS_MAX + 1] = {NULL};
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
	/* A help text, or what is still in the buffer, may find the disk full. */
	return code ? code : wt_cli_flush();
}
