/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_feeds.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/feeds/recognise_files.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECOGNISE_PACKETS = 500000, /* of each file */
};

const char *wt_check_feeds_name(enum wt_check_feeds source)
{
	static const char *const names[] = {
	        [WT_CHECK_FEEDS_NONE] = "none",
	        [WT_CHECK_FEEDS_TOLD] = "told",
	        [WT_CHECK_FEEDS_TAPE] = "tape",
	        [WT_CHECK_FEEDS_RECOGNISED] = "recognised",
	};

	return names[source];
}

/* Add a head's lines. One that another file had already is not news; one that a later version may
 * have written, or a damaged file has, is left out. */
static int add_lines(struct wt_feed_channels *channels, const struct wt_check_head *head,
                     struct wt_error *err)
{
	const char *line = head->channels;
	uint64_t left_out = 0;
	int rc = 0;

	while (*line && rc != -ENOMEM) {
		size_t length = strcspn(line, "\n");

		rc = wt_feed_channels_add_text(channels, head->path, line, length, err);
		left_out += rc && rc != -EEXIST;
		line += length + (line[length] == '\n');
	}
	if (rc == -ENOMEM)
		return rc;
	if (left_out)
		wt_cli_complain("%s: %llu channel%s of the recording cannot be followed: %s",
		                head->path, (unsigned long long)left_out, wt_cli_plural(left_out),
		                err->text);
	return 0;
}

/* The files of one recording say the same. */
static bool is_next_of(const struct wt_check_file *files, size_t i)
{
	return i && wt_check_is_numbered(&files[i].head) &&
	       wt_check_is_numbered(&files[i - 1].head) &&
	       files[i].head.mark.recording == files[i - 1].head.mark.recording &&
	       files[i - 1].head.channels;
}

static int add_of_tapes(struct wt_feed_channels *channels, const struct wt_check_file *files,
                        size_t count, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < count && !rc; i++)
		if (files[i].head.channels && !is_next_of(files, i))
			rc = add_lines(channels, &files[i].head, err);
	return rc;
}

/* Whether two files begin together, in two lanes of a recording. */
static bool are_beside(const struct wt_check_head *a, const struct wt_check_head *b)
{
	return wt_check_same_recording(a, b) && a->mark.file == b->mark.file;
}

/* Whether a file that can be looked at twice has none beside it before it. */
static bool is_first(const struct wt_check_file *files, size_t i)
{
	if (!files[i].head.is_rewindable)
		return false;
	for (size_t j = i; files[i].head.mark.lanes && j; j--)
		if (are_beside(&files[j - 1].head, &files[i].head))
			return false;
	return true;
}

/* Look into a file, with those beside it in other lanes, as far as they can be read: errors show
 * when they are checked. */
static int look_into(struct wt_recogniser *recogniser, const struct wt_check_file *files,
                     size_t count, const struct wt_patience *patience)
{
	const char **paths = calloc(count, sizeof(*paths));
	struct wt_timeline_file *reports = calloc(count, sizeof(*reports));
	size_t beside = 0;
	int rc = 0;

	for (size_t i = 0; paths && i < count; i++)
		if (!i || (files->head.mark.lanes && are_beside(&files->head, &files[i].head)))
			paths[beside++] = files[i].head.path;
	if (paths && reports)
		rc = wt_recognise_files(recogniser, paths, beside, RECOGNISE_PACKETS * beside,
		                        patience, reports, NULL);
	free(paths);
	free(reports);
	return rc == -EINTR ? rc : 0;
}

static int recognise(struct wt_feed_channels *channels, const struct wt_check_file *files,
                     size_t count, const struct wt_patience *patience, struct wt_error *err)
{
	const struct wt_recogniser_config config = {0};
	struct wt_recogniser *recogniser = NULL;
	int rc = wt_recogniser_open(&recogniser, &config, err);

	for (size_t i = 0; i < count && !rc; i++)
		if (is_first(files, i))
			rc = look_into(recogniser, files + i, count - i, patience);
	if (!rc)
		rc = wt_recogniser_finish(recogniser);
	if (!rc)
		rc = wt_recognise_channels(recogniser, WT_RECOGNISED_LIKELY, channels, err);
	wt_recogniser_close(recogniser);
	return rc;
}

int wt_check_choose_feeds(struct wt_feed_channels *channels, const struct wt_check_file *files,
                          size_t count, const struct wt_patience *patience,
                          enum wt_check_feeds *source, struct wt_error *err)
{
	int rc;

	*source = WT_CHECK_FEEDS_TOLD;
	if (channels->count)
		return 0;
	rc = add_of_tapes(channels, files, count, err);
	*source = WT_CHECK_FEEDS_TAPE;
	if (rc || channels->count)
		return rc;
	rc = recognise(channels, files, count, patience, err);
	*source = channels->count ? WT_CHECK_FEEDS_RECOGNISED : WT_CHECK_FEEDS_NONE;
	return rc;
}
