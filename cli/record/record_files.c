/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_files.h"
#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>

#define FILES(member) WT_MEMBER(struct wt_file_set_config, member)

static int take_ring_buffer(void *member, const char *value, struct wt_error *err)
{
	static const struct wt_option keys[] = {
	        {"filesize", .kind = WT_OPTION_FILESIZE, .metavar = "SIZE", FILES(max_bytes)},
	        {"duration", .kind = WT_OPTION_SECONDS, .metavar = "TIME", FILES(duration_ns)},
	        {"interval", .kind = WT_OPTION_SECONDS, .metavar = "TIME", FILES(interval_ns)},
	        {"packets", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, FILES(max_packets)},
	        {"files", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, .max = UINT32_MAX,
	         FILES(keep_files)},
	        {0},
	};

	return wt_options_take_key(keys, member, value, err);
}

/* The part before the colon, if there is one and it is short enough to be a size. */
static bool parse_size(const char *text, const char *colon, uint64_t *bytes)
{
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	char size[32];

	if (length >= sizeof(size))
		return false;
	snprintf(size, sizeof(size), "%.*s", (int)length, text);
	return !wt_parse_size(size, bytes, NULL) && *bytes;
}

static int take_min_free(void *member, const char *value, struct wt_error *err)
{
	struct wt_file_set_config *files = member;
	const char *colon = strchr(value, ':');
	bool deletes = colon && !strcmp(colon, ":delete");

	if (!parse_size(value, colon, &files->min_free_bytes) ||
	    (colon && !deletes && strcmp(colon, ":stop") != 0))
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a size to leave free, such as 10GiB, 10GiB:stop "
		                    "or 10GiB:delete",
		                    value);
	files->min_free_deletes = deletes;
	return 0;
}

static int take_on_close(void *member, const char *value, struct wt_error *err)
{
	if (!value[strspn(value, " \t\n")])
		return wt_error_set(err, -EINVAL, "it needs a command, such as 'zstd -q --rm'");
	*(const char **)member = value;
	return 0;
}

const struct wt_option wt_record_files_rows[] = {
        {"ring-buffer", .letter = 'b', .kind = WT_OPTION_CALL, .metavar = "CONDITION",
         .take = take_ring_buffer,
         .help = "go on to the next file at filesize:SIZE, duration:TIME, packets:N or "
                 "interval:TIME (at multiples of the clock); files:N keeps the last N; again "
                 "for more conditions"},
        {"keep-bytes", .kind = WT_OPTION_SIZE, .metavar = "SIZE", FILES(keep_bytes),
         .help = "delete the oldest files, so that no more is kept"},
        {"min-free", .kind = WT_OPTION_CALL, .metavar = "SIZE[:stop|:delete]",
         .take = take_min_free,
         .help = "with less free space, stop [stop], or delete the oldest files"},
        {"on-close", .kind = WT_OPTION_CALL, .metavar = "COMMAND", FILES(on_close),
         .take = take_on_close, .help = "run COMMAND FILE for each file that is finished"},
        {"on-close-timeout", .kind = WT_OPTION_SECONDS, .metavar = "TIME",
         FILES(on_close_timeout_ns), .help = "end a command that runs for longer [3600]"},
        {"no-adopt", FILES(no_adopt),
         .help = "files of earlier recordings neither count nor are deleted"},
        {0},
};

static const char *needs_more_files(const struct wt_file_set_config *files)
{
	if (files->keep_files)
		return "-b files:N";
	if (files->keep_bytes)
		return "--keep-bytes";
	return files->min_free_deletes ? "--min-free SIZE:delete" : NULL;
}

int wt_record_files_check(const struct wt_file_set_config *files)
{
	bool rotates =
	        files->max_bytes || files->max_packets || files->duration_ns || files->interval_ns;
	const char *option = rotates ? NULL : needs_more_files(files);

	if (option)
		return wt_cli_usage("record",
		                    "%s needs a condition such as -b filesize:SIZE that says when "
		                    "to begin the next file",
		                    option);
	if (files->keep_bytes && files->max_bytes > files->keep_bytes)
		return wt_cli_usage("record",
		                    "--keep-bytes is less than one file of -b filesize: make "
		                    "files smaller or keep more");
	return 0;
}
