/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CLI_H
#define WIRETAPE_CLI_CLI_H

/* Table of the subcommands, and what they share: exit codes, messages and numbers of the command
 * line. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/archive/capture_file.h>

/* Exit codes of all commands; the manual has them in one table (EXIT STATUS). Of several that
 * apply, the first of 1, 2, 3, 4, 5 is returned. */
enum wt_exit {
	WT_EXIT_HELPED = -1, /* help was printed: 0 for whoever has called the program */
	WT_EXIT_OK = 0,      /* what was asked for happened */
	WT_EXIT_FAILURE = 1, /* something failed: I/O, broken input, no such interface … */
	WT_EXIT_USAGE = 2,   /* the command line is wrong */
	/* Packets are missing: lost, and --fail-on-loss was given; of two captures that were
	 * compared one has packets that the other has not, or in another order; packets were left
	 * out for a reason that nobody asked for; nothing was sent or compared. */
	WT_EXIT_LOSS = 3,
	WT_EXIT_TOLERANCE = 4, /* times were further off than --tolerance allows */
	/* A recording ended before it was asked to: no space left to use, the pipe's reader or
	 * the last interface has gone. */
	WT_EXIT_ENDED = 5,
};

struct wt_command_line;

struct wt_command {
	const char *name;
	const char *summary;
	/* argv[0] is the subcommand's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
	const struct wt_command_line *line;
	const struct wt_command *subcommands; /* in place of options of its own; or NULL */
};

/* All commands; the last has no name. */
extern const struct wt_command wt_commands[];

int wt_command_record(int argc, char **argv);
int wt_command_generate(int argc, char **argv);
int wt_command_replay(int argc, char **argv);
int wt_command_info(int argc, char **argv);
int wt_command_check(int argc, char **argv);
int wt_command_cut(int argc, char **argv);
int wt_command_compare(int argc, char **argv);
int wt_command_repair(int argc, char **argv);
int wt_command_feeds(int argc, char **argv);
int wt_command_stamp(int argc, char **argv);
int wt_command_completion(int argc, char **argv);
int wt_command_schema(int argc, char **argv);

extern const struct wt_command_line wt_record_line;
extern const struct wt_command_line wt_generate_line;
extern const struct wt_command_line wt_replay_line;
extern const struct wt_command_line wt_info_line;
extern const struct wt_command_line wt_check_line;
extern const struct wt_command_line wt_cut_line;
extern const struct wt_command_line wt_compare_line;
extern const struct wt_command_line wt_repair_line;
extern const struct wt_command_line wt_feeds_line;
extern const struct wt_command_line wt_schema_line;
extern const struct wt_command_line wt_completion_line;

/* Commands of `wiretape stamp`. */
extern const struct wt_command wt_stamp_commands[];

/* A line a command. */
void wt_cli_list(FILE *out, const struct wt_command *commands);

/* Find a command by name; NULL: unknown. */
const struct wt_command *wt_cli_find(const struct wt_command *commands, const char *name);

/* "wiretape: …\n" on stderr. */
void wt_cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last complaint that was not a warning: why the command failed; or "". */
const char *wt_cli_reason(void);

/* Warn that a filter cannot be applied to `count` packets of a file; `why`, if any: where the first
 * was, and the reason. */
void wt_cli_warn_unfiltered(const char *path, uint64_t count, const char *why);

/* Warn that this many sections of a file were passed over, since their version is unknown. */
void wt_cli_warn_unknown_sections(const char *path, uint64_t count);

/* Complain "wiretape COMMAND: …", and say where the help is; returns WT_EXIT_USAGE. */
int wt_cli_usage(const char *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Warn of what a pcap file has in place of fractions of a second, if necessary. */
void wt_cli_warn_fractions(const char *path, const struct wt_capture_fractions *fractions);

/* Ending of a noun: "packet%s". */
static inline const char *wt_cli_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* Allow as many descriptors as may be had: interfaces, groups and files of a timeline may be many.
 * The soft limit is there for programs that call select(). */
void wt_cli_raise_descriptor_limit(void);

/* Flush standard output: an exit code. A full disk or a reader that has left shows here at the
 * latest, and is complained about. */
int wt_cli_flush(void);

/* Complain, the first time, that standard output does not take what is printed; `error` is errno or
 * 0. Returns WT_EXIT_FAILURE. */
int wt_cli_output_failed(int error);

/* The last words of a command line as one text with spaces in between: the caller's to free.
 * NULL: no memory. */
char *wt_cli_join_words(char **words, int count);

#endif
