/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CLI_H
#define WIRETAPE_CLI_CLI_H

/* What the subcommands share: the table that knows them, exit codes, messages
 * and the numbers of the command line. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/archive/capture_file.h>

/* The same for all commands; the manual has them in one table (EXIT STATUS). What is first in
 * the list of those that apply, 1, 2, 3, 4, 5, is what is returned. */
enum wt_exit {
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

struct wt_command {
	const char *name;
	const char *summary;
	/* argv[0] is the subcommand's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
};

int wt_command_record(int argc, char **argv);
int wt_command_generate(int argc, char **argv);
int wt_command_replay(int argc, char **argv);
int wt_command_info(int argc, char **argv);
int wt_command_cut(int argc, char **argv);
int wt_command_compare(int argc, char **argv);
int wt_command_repair(int argc, char **argv);
int wt_command_stamp(int argc, char **argv);

/* "wiretape: …\n" on stderr. */
void wt_cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of `count` packets of a file there is no telling whether a filter matches; `why`, if there are
 * any: where the first was, and the reason. */
void wt_cli_warn_unfiltered(const char *path, uint64_t count, const char *why);

/* So many sections of a file were passed over, since their version is not known. */
void wt_cli_warn_unknown_sections(const char *path, uint64_t count);

/* The same as the first, then where the help is; returns WT_EXIT_USAGE. */
int wt_cli_usage(const char *command, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Of what a pcap file has in the place of fractions of a second, if there is anything to say. */
void wt_cli_warn_fractions(const char *path, const struct wt_capture_fractions *fractions);

/* What a noun ends in: "packet%s". */
static inline const char *wt_cli_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* What was printed goes out: an exit code. A full disk or a reader that has left shows here
 * at the latest, and is complained about. */
int wt_cli_flush(void);

/* Decimal numbers without sign; false for anything else or out of range. */
bool wt_cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Bytes: "4096", "64KiB", "256MiB", "2GiB", "10MB" (powers of 1000), K/M/G as KiB/MiB/GiB. */
bool wt_cli_parse_bytes(const char *text, uint64_t *bytes);

/* The same, but a number without a unit is in kB of 1000 bytes; not 0. */
bool wt_cli_parse_filesize(const char *text, uint64_t *bytes);

/* The mode of a file, "640": three octal digits, or four of which the first is 0. */
bool wt_cli_parse_mode(const char *text, mode_t *mode);

/* A time in seconds, with a fraction or without; more than 0, at most 10^9. */
bool wt_cli_parse_seconds(const char *text, int64_t *ns);

/* Digits with a decimal point or without; more than 0. */
bool wt_cli_parse_factor(const char *text, double *factor);

/* The last words of a command line as one text with spaces in between: the caller's to free.
 * NULL: no memory. */
char *wt_cli_join_words(char **words, int count);

#endif
