/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/record_files.h>
#include <wiretape/cli/cli.h>

#include <stdio.h>
#include <string.h>

/* What follows `key` in `text`, or NULL. */
static const char *value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	return strncmp(text, key, length) ? NULL : text + length;
}

static bool take_condition(struct wt_file_set_config *files, const char *text)
{
	const char *value;
	uint64_t number;

	if ((value = value_of(text, "filesize:")))
		return wt_cli_parse_filesize(value, &files->max_bytes);
	if ((value = value_of(text, "duration:")))
		return wt_cli_parse_seconds(value, &files->duration_ns);
	if ((value = value_of(text, "interval:")))
		return wt_cli_parse_seconds(value, &files->interval_ns);
	if ((value = value_of(text, "packets:")))
		return wt_cli_parse_u64(value, 1, UINT64_MAX, &files->max_packets);
	value = value_of(text, "files:");
	if (!value || !wt_cli_parse_u64(value, 1, UINT32_MAX, &number))
		return false;
	files->keep_files = (uint32_t)number;
	return true;
}

int wt_record_files_ring_buffer(struct wt_file_set_config *files, const char *value)
{
	if (take_condition(files, value))
		return 0;
	return wt_cli_usage("record",
	                    "'%s' is not filesize:KB, duration:SECONDS, interval:SECONDS, "
	                    "packets:N or files:N",
	                    value);
}

int wt_record_files_keep_bytes(struct wt_file_set_config *files, const char *value)
{
	if (wt_cli_parse_bytes(value, &files->keep_bytes) && files->keep_bytes)
		return 0;
	return wt_cli_usage("record", "'%s' is not a size to keep, such as 500GiB", value);
}

/* The part before the colon, if there is one and it is short enough to be a size. */
static bool parse_size(const char *text, const char *colon, uint64_t *bytes)
{
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	char size[32];

	if (length >= sizeof(size))
		return false;
	snprintf(size, sizeof(size), "%.*s", (int)length, text);
	return wt_cli_parse_bytes(size, bytes) && *bytes;
}

int wt_record_files_min_free(struct wt_file_set_config *files, const char *value)
{
	const char *colon = strchr(value, ':');
	bool deletes = colon && !strcmp(colon, ":delete");

	if (!parse_size(value, colon, &files->min_free_bytes) ||
	    (colon && !deletes && strcmp(colon, ":stop") != 0))
		return wt_cli_usage("record",
		                    "'%s' is not a size to leave free, such as 10GiB, "
		                    "10GiB:stop or 10GiB:delete",
		                    value);
	files->min_free_deletes = deletes;
	return 0;
}

int wt_record_files_on_close(struct wt_file_set_config *files, const char *value)
{
	if (!value[strspn(value, " \t\n")])
		return wt_cli_usage("record", "--on-close needs a command, such as 'zstd -q --rm'");
	files->on_close = value;
	return 0;
}

int wt_record_files_on_close_timeout(struct wt_file_set_config *files, const char *value)
{
	if (wt_cli_parse_seconds(value, &files->on_close_timeout_ns))
		return 0;
	return wt_cli_usage("record", "'%s' is not a time in seconds that a command may take",
	                    value);
}

int wt_record_files_mode(struct wt_file_set_config *files, const char *value)
{
	if (wt_cli_parse_mode(value, &files->mode))
		return 0;
	return wt_cli_usage("record", "'%s' is not a mode for files, such as 640", value);
}

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
		                    "%s needs a condition such as -b filesize:KB that says when "
		                    "to begin the next file",
		                    option);
	if (files->keep_bytes && files->max_bytes > files->keep_bytes)
		return wt_cli_usage("record",
		                    "--keep-bytes is less than one file of -b filesize: make "
		                    "files smaller or keep more");
	return 0;
}
