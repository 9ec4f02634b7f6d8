/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"
#include "recognise_files.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdlib.h>

/* Packets of files. */

static bool is_over(void *context)
{
	const struct wt_feeds_source *source = context;

	return *source->stop != 0;
}

/* Complain of what could not be read to its end: 0 or -EIO. */
static int report_files(const char *const *paths, const struct wt_timeline_file *files,
                        size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		if (files[i].ended) {
			wt_cli_complain("%s: %s", paths[i], files[i].why.text);
			rc = -EIO;
		}
		wt_cli_warn_unknown_sections(paths[i], files[i].unknown_sections);
	}
	return rc;
}

static int read_set(struct wt_feeds_source *source, struct wt_recogniser *recogniser,
                    const char *const *paths, size_t count)
{
	const struct wt_patience patience = {.is_over = is_over, .context = source};
	struct wt_timeline_file *files = calloc(count, sizeof(*files));
	struct wt_error err = {0};
	int rc = files ? wt_recognise_files(recogniser, paths, count, 0, &patience, files, &err)
	               : wt_error_set(&err, -ENOMEM, "no memory for %zu files", count);

	if (rc == -EINTR && *source->stop)
		rc = 0;
	if (rc)
		wt_cli_complain("%s", err.text);
	else
		rc = report_files(paths, files, count);
	free(files);
	return rc;
}

int wt_feeds_read_files(struct wt_feeds_source *source, struct wt_recogniser *recogniser)
{
	const struct wt_file_list *list = source->files;
	const char **paths = calloc(list->count, sizeof(*paths));
	int rc = 0;

	if (!paths) {
		wt_cli_complain("no memory for this many files");
		return -EIO;
	}
	for (size_t set = 0; set < list->sets && !*source->stop; set++) {
		size_t count = 0;

		for (size_t i = 0; i < list->count; i++)
			if (list->files[i].set == set)
				paths[count++] = list->paths[i];
		if (read_set(source, recogniser, paths, count))
			rc = -EIO;
	}
	free(paths);
	return rc;
}
