/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/base/name_value.h>
#include <wiretape/pcapng/text_block.h>

enum {
	HEAD_BYTES_MAX = 64 << 20, /* before the first packet: what is beyond is not looked for */
	CHANNELS_BYTES_MAX = 16 << 20,
};

bool wt_check_is_numbered(const struct wt_check_head *head)
{
	return head->has_chunks && head->mark.has_recording && head->mark.file;
}

static void add_channel(struct wt_check_head *head, const struct wt_name_value *line)
{
	size_t have = head->channels ? strlen(head->channels) : 0;
	char *grown;

	if (line->value_length > CHANNELS_BYTES_MAX - have)
		return;
	grown = realloc(head->channels, have + line->value_length + 2);
	if (!grown)
		return;
	head->channels = grown;
	memcpy(grown + have, line->value, line->value_length);
	memcpy(grown + have + line->value_length, "\n", 2);
}

/* "what=channels", then a line for each of them. */
static void add_channels(struct wt_check_head *head, const struct wt_pcapng_item *item)
{
	const char *at = (const char *)item->body;
	size_t left = item->body_bytes;
	struct wt_name_value line;

	if (wt_name_value_next(&at, &left, &line) <= 0 || !wt_name_is(&line, "what") ||
	    line.value_length != strlen("channels") ||
	    memcmp(line.value, "channels", line.value_length) != 0)
		return;
	while (wt_name_value_next(&at, &left, &line) > 0)
		if (wt_name_is(&line, "channel"))
			add_channel(head, &line);
}

/* False: the beginning ends here. */
static bool take_item(struct wt_check_head *head, const struct wt_pcapng_item *item)
{
	switch (item->kind) {
	case WT_ITEM_SECTION:
		/* The first one says what the file is. */
		if (!item->offset && item->section.tape.chars)
			head->has_chunks = wt_tape_mark_parse(
			        item->section.tape.chars, item->section.tape.length, &head->mark);
		return true;
	case WT_ITEM_PACKET:
		head->has_first = item->packet.has_stamp && !item->packet.stamp_saturated;
		head->first_ns = head->has_first ? item->packet.frame.stamp_ns : 0;
		return false;
	case WT_ITEM_OTHER:
		if (item->block_type == WT_PCAPNG_FEED)
			add_channels(head, item);
		return true;
	default:
		return true;
	}
}

void wt_check_head_read(struct wt_check_head *head, const char *path, size_t argument)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	struct stat status;

	*head = (struct wt_check_head){.path = path, .argument = argument};
	if (!strcmp(path, "-") || stat(path, &status) || !S_ISREG(status.st_mode))
		return;
	head->is_rewindable = true;
	head->bytes = (uint64_t)status.st_size;
	head->device = status.st_dev;
	head->inode = status.st_ino;
	if (wt_capture_file_open(&file, path, NULL))
		return;
	while (wt_capture_file_next(file, &item, NULL) > 0 && take_item(head, &item) &&
	       wt_capture_file_offset(file) < HEAD_BYTES_MAX)
		;
	wt_capture_file_close(file);
}

void wt_check_head_fini(struct wt_check_head *head)
{
	free(head->channels);
	head->channels = NULL;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Files of recordings first, by recording, lane and number; the others as they were given. */
static int compare_heads(const void *a, const void *b)
{
	const struct wt_check_head *one = a, *other = b;
	int order = (int)wt_check_is_numbered(other) - (int)wt_check_is_numbered(one);

	if (!order && wt_check_is_numbered(one))
		order = compare_numbers(one->mark.recording, other->mark.recording);
	if (!order && wt_check_is_numbered(one))
		order = compare_numbers(one->mark.lane, other->mark.lane);
	if (!order && wt_check_is_numbered(one))
		order = compare_numbers(one->mark.file, other->mark.file);
	return order ? order : compare_numbers(one->argument, other->argument);
}

static int compare_series(const void *a, const void *b)
{
	const struct wt_check_series *one = a, *other = b;

	if (one->has_first != other->has_first)
		return one->has_first ? 1 : -1;
	if (one->has_first && one->first_ns != other->first_ns)
		return one->first_ns < other->first_ns ? -1 : 1;
	return compare_numbers(one->first, other->first);
}

bool wt_check_same_recording(const struct wt_check_head *a, const struct wt_check_head *b)
{
	return wt_check_is_numbered(a) && wt_check_is_numbered(b) &&
	       a->mark.recording == b->mark.recording;
}

static bool belongs(const struct wt_check_head *before, const struct wt_check_head *head)
{
	return wt_check_same_recording(before, head) && before->mark.lane == head->mark.lane;
}

static void group(const struct wt_check_head *heads, size_t count, struct wt_check_series *series,
                  size_t *series_count)
{
	struct wt_check_series *last = NULL;

	*series_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!last || !belongs(&heads[i - 1], &heads[i])) {
			last = &series[(*series_count)++];
			*last = (struct wt_check_series){.first = i};
		}
		last->count++;
		if (!last->has_first && heads[i].has_first) {
			last->has_first = true;
			last->first_ns = heads[i].first_ns;
		}
	}
}

static int compare_places(const void *a, const void *b)
{
	const struct wt_check_head *one = *(const struct wt_check_head *const *)a;
	const struct wt_check_head *other = *(const struct wt_check_head *const *)b;
	int order = compare_numbers(one->inode, other->inode);

	return order ? order : compare_numbers(one->device, other->device);
}

static int same_file(const struct wt_check_head *a, const struct wt_check_head *b,
                     struct wt_error *err)
{
	return wt_error_set(err, -EEXIST, "%s and %s are the same file of a recording", a->path,
	                    b->path);
}

/* A file given twice would have all its packets twice. */
static int find_twins(const struct wt_check_head *heads, size_t count, struct wt_error *err)
{
	const struct wt_check_head **by_place =
	        calloc(count + 1, sizeof(const struct wt_check_head *));
	int rc = 0;

	if (!by_place)
		return wt_error_set(err, -ENOMEM, "no memory for this many files");
	for (size_t i = 0; i < count; i++)
		by_place[i] = &heads[i];
	qsort(by_place, count, sizeof(const struct wt_check_head *), compare_places);
	for (size_t i = 1; i < count && !rc; i++)
		if (by_place[i]->inode && !compare_places(&by_place[i - 1], &by_place[i]))
			rc = wt_error_set(err, -EEXIST, "%s and %s are the same file",
			                  by_place[i - 1]->path, by_place[i]->path);
	free(by_place);
	return rc;
}

int wt_check_order(struct wt_check_head *heads, size_t count, struct wt_check_series **series,
                   size_t *series_count, struct wt_error *err)
{
	int rc = find_twins(heads, count, err);

	if (rc)
		return rc;
	qsort(heads, count, sizeof(*heads), compare_heads);
	for (size_t i = 1; i < count; i++)
		if (belongs(&heads[i - 1], &heads[i]) &&
		    heads[i - 1].mark.file == heads[i].mark.file)
			return same_file(&heads[i - 1], &heads[i], err);
	*series = calloc(count ? count : 1, sizeof(**series));
	if (!*series)
		return wt_error_set(err, -ENOMEM, "no memory for this many files");
	group(heads, count, *series, series_count);
	qsort(*series, *series_count, sizeof(**series), compare_series);
	return 0;
}
