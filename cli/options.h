/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_OPTIONS_H
#define WIRETAPE_CLI_OPTIONS_H

/* The options of a command as a table, a row an option: parsing, errors, help and completions are
 * made from it, and a test holds the manual against it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum wt_option_kind {
	WT_OPTION_FLAG,   /* bool: true */
	WT_OPTION_TEXT,   /* const char *, into argv */
	WT_OPTION_NUMBER, /* whole, 4 or 8 bytes, from `min` to `max` (0: what fits) */
	WT_OPTION_CHOICE, /* an enum: the place among the metavar's, "sw|hw|auto", from `min` on */
	WT_OPTION_DURATION, /* int64_t, ns: above 0, up to `max` (0: any); with a unit */
	WT_OPTION_SECONDS,  /* int64_t, ns; without a unit, seconds */
	WT_OPTION_SIZE,     /* uint64_t, bytes: above 0 */
	WT_OPTION_FILESIZE, /* uint64_t, bytes: above 0; kB without a unit */
	WT_OPTION_CALL,     /* whatever `take` makes of it */
};

struct wt_option {
	const char *name;
	const char *also; /* another long name; NULL: none */
	char letter;      /* 0: none */
	enum wt_option_kind kind;
	const char *metavar; /* NULL: a flag */
	const char *help;
	size_t at, bytes; /* the member of the group's struct: WT_MEMBER() */
	uint64_t min, max;
	/* Put the value into the member: 0, or a negative errno with what follows "--name: ".
	 * -EINVAL and -EEXIST are mistakes of the command line, others failures. */
	int (*take)(void *member, const char *value, struct wt_error *err);
};

#define WT_MEMBER(type, member) .at = offsetof(type, member), .bytes = sizeof(((type *)0)->member)

/* Rows that fill one struct, and stand together in the help. */
struct wt_option_group {
	const char *title;            /* NULL: no line of its own */
	const struct wt_option *rows; /* the last has no name */
	size_t at;                    /* of their struct in the command's */
};

struct wt_command_line {
	const char *command;                  /* "cut", "stamp caps" */
	const char *usage;                    /* without "wiretape", a form a line */
	const char *about;                    /* a paragraph */
	const struct wt_option_group *groups; /* the last has no rows */
	void (*print_more)(void);             /* between the options and the notes; NULL: nothing */
	/* Notes after that: paragraphs, a line each; one that begins with a space stays as it
	 * is. */
	const char *notes;
	/* Name of the arguments after the options, "FILE", "IFACE" or "FILTER"; NULL: none. */
	const char *words;
	bool words_come_last; /* the first word ends the options */
};

/* Arguments that are not options. */
struct wt_words {
	char **list;
	int count;
};

/* Fill the command's struct, which has its defaults. 0; WT_EXIT_HELPED, when help was asked for and
 * printed; or another exit code, after having complained. */
int wt_options_parse(const struct wt_command_line *line, int argc, char **argv, void *options,
                     struct wt_words *words);

/* "duration:5", a value that names what it is: one of these rows, which fills a member of
 * *options. For `take` of struct wt_option. */
int wt_options_take_key(const struct wt_option *keys, void *options, const char *value,
                        struct wt_error *err);

/* --help, to stdout. */
void wt_options_help(const struct wt_command_line *line);

/* Words in lines of 80 columns, those after the first indented; `column` is where the first line
 * already is. Ends with a newline. */
void wt_print_wrapped(const char *text, int column, int indent);

#endif
