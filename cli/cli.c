/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void wt_cli_list(FILE *out, const struct wt_command *commands)
{
	for (const struct wt_command *command = commands; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->summary);
}

const struct wt_command *wt_cli_find(const struct wt_command *commands, const char *name)
{
	for (const struct wt_command *command = commands; command->name; command++)
		if (!strcmp(name, command->name))
			return command;
	return NULL;
}

static char reason[4096];

const char *wt_cli_reason(void)
{
	return reason;
}

static void complain(const char *who, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));
static void complain(const char *who, const char *format, va_list args)
{
	char text[sizeof(reason)];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "wiretape%s%s: %s\n", *who ? " " : "", who, text);
	if (strncmp(text, "warning: ", strlen("warning: ")) != 0 &&
	    strncmp(text, "note: ", strlen("note: ")) != 0)
		snprintf(reason, sizeof(reason), "%s", text);
}

void wt_cli_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain("", format, args);
	va_end(args);
}

void wt_cli_warn_unfiltered(const char *path, uint64_t count, const char *why)
{
	if (count)
		wt_cli_complain("warning: %s: %s; so %" PRIu64 " packet%s not match", path, why,
		                count, count == 1 ? " does" : "s do");
}

void wt_cli_warn_unknown_sections(const char *path, uint64_t count)
{
	if (count)
		wt_cli_complain("warning: %s: %" PRIu64
		                " section%s of a pcapng version that is not known %s passed over",
		                path, count, wt_cli_plural(count), count == 1 ? "was" : "were");
}

int wt_cli_usage(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(command, format, args);
	va_end(args);
	fprintf(stderr, "Try 'wiretape %s --help'.\n", command);
	return WT_EXIT_USAGE;
}

void wt_cli_warn_fractions(const char *path, const struct wt_capture_fractions *fractions)
{
	if (fractions->packets)
		wt_cli_complain("warning: %s: %" PRIu64 " packet%s with fractions of a second "
		                "that are a second or more%s",
		                path, fractions->packets, wt_cli_plural(fractions->packets),
		                fractions->nanoseconds
		                        ? ": they look like nanoseconds, in a file whose magic "
		                          "number says microseconds, and times are wrong then"
		                        : "");
}

int wt_cli_output_failed(int error)
{
	static bool is_reported;

	if (!is_reported)
		wt_cli_complain("cannot write to standard output: %s",
		                error ? strerror(error) : "not all was written");
	is_reported = true;
	return WT_EXIT_FAILURE;
}

void wt_cli_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* If it fails, the present limit may be enough. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int wt_cli_flush(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return WT_EXIT_OK;
	return wt_cli_output_failed(errno);
}

char *wt_cli_join_words(char **words, int count)
{
	size_t length = 1;
	char *text;

	for (int i = 0; i < count; i++)
		length += strlen(words[i]) + 1;
	text = calloc(1, length);
	for (int i = 0; text && i < count; i++) {
		strcat(text, words[i]);
		if (i + 1 < count)
			strcat(text, " ");
	}
	return text;
}
