/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and cutting of <wiretape/files.h>, by a timeline. */
#include <wiretape/files.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/archive/cut/cut.h>
#include <wiretape/archive/file_list.h>
#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/base/sized.h>
#include <wiretape/version.h>

struct wt_files {
	struct wt_files_config config;
	struct wt_time from, to;
	struct wt_file_list list; /* what the paths stand for */
	struct wt_timeline *timeline;
	struct wt_timeline_file *files; /* of the list */
};

/* Take the settings, look for the files, and parse times; NULL: none. */
static int take_config(struct wt_files *files, const struct wt_files_config *config,
                       struct wt_error *err)
{
	struct wt_files_config *ours = &files->config;
	enum wt_time_base base;
	int rc = wt_sized_take(ours, sizeof(*ours), config, "wt_files_config", err);

	if (rc)
		return rc;
	if (!ours->path_count || !ours->paths)
		return wt_error_set(err, -EINVAL, "no file was given to read");
	base = ours->is_relative ? WT_TIME_START : WT_TIME_EPOCH;
	files->from = (struct wt_time){.ns = ours->from_ns, .base = base};
	files->to = (struct wt_time){.ns = ours->to_ns, .base = base};
	for (size_t i = 0; i < ours->path_count && !rc; i++)
		rc = wt_file_list_add(&files->list, ours->paths[i], err);
	return rc;
}

static int open_timeline(struct wt_files *files, struct wt_error *err)
{
	const struct wt_timeline_config config = {
	        .paths = (const char *const *)files->list.paths,
	        .path_count = files->list.count,
	        .from = files->config.from_ns ? &files->from : NULL,
	        .to = files->config.to_ns ? &files->to : NULL,
	        .filter = files->config.filter,
	        .keep_unstamped = files->config.keep_unstamped,
	};

	files->files = calloc(config.path_count, sizeof(*files->files));
	if (!files->files)
		return wt_error_set(err, -ENOMEM, "no memory for %zu files", config.path_count);
	return wt_timeline_open(&files->timeline, &config, files->files, err);
}

int wt_files_open(struct wt_files **files, const struct wt_files_config *config,
                  struct wt_error *err)
{
	struct wt_files *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory to read files");
	rc = take_config(made, config, err);
	if (!rc)
		rc = open_timeline(made, err);
	if (rc)
		wt_files_close(made);
	else
		*files = made;
	return rc;
}

int wt_files_next(struct wt_files *files, struct wt_files_packet *packet, struct wt_error *err)
{
	struct wt_files_packet filled = {.size = sizeof(filled)};
	struct wt_timeline_packet next;
	const struct wt_pcapng_item_packet *item;
	int rc = wt_timeline_next(files->timeline, &next, err);

	if (rc <= 0)
		return rc;
	item = &next.item->packet;
	filled.frame = item->frame;
	filled.frame.stamp_ns = next.stamp_ns;
	filled.file = (uint32_t)files->list.files[next.file].argument;
	filled.interface = next.interface;
	filled.link_type = item->link_type;
	filled.fcs_bytes = item->fcs_bytes;
	filled.has_stamp = item->has_stamp;
	filled.has_source = item->frame.notes & WT_FRAME_SOURCE;
	filled.has_dropped = item->has_dropped;
	rc = wt_sized_give(packet, &filled, sizeof(filled), "wt_files_packet", err);
	return rc ? rc : 1;
}

int wt_files_interface_read(const struct wt_files *files, uint32_t number,
                            struct wt_files_interface *interface)
{
	struct wt_files_interface filled = {.size = sizeof(filled)};
	const struct wt_timeline_interface *one;

	if (number >= wt_timeline_interface_count(files->timeline))
		return -ERANGE;
	one = wt_timeline_interface(files->timeline, number);
	filled.name = one->name;
	filled.clock = one->clock;
	filled.file = (uint32_t)files->list.files[one->file].argument;
	filled.snaplen = one->snaplen;
	filled.link_type = one->link_type;
	return wt_sized_give(interface, &filled, sizeof(filled), "wt_files_interface", NULL);
}

/* Add what became of one of the files that a path stands for. */
static void add_file(struct wt_files_file *sum, const struct wt_timeline_file *one)
{
	sum->is_recording &= one->has_chunks;
	sum->bytes_read += one->bytes_read;
	sum->bytes_total += one->bytes_total;
	sum->packets += one->packets;
	sum->missing += one->missing;
	sum->left_out += one->left_out;
	if (sum->ended || !one->ended)
		return;
	sum->ended = one->ended;
	sum->why = one->why;
}

int wt_files_file_read(const struct wt_files *files, size_t number, struct wt_files_file *file)
{
	struct wt_files_file filled = {.size = sizeof(filled), .is_recording = true};

	if (number >= files->config.path_count)
		return -ERANGE;
	for (size_t i = 0; i < files->list.count; i++)
		if (files->list.files[i].argument == number)
			add_file(&filled, &files->files[i]);
	return wt_sized_give(file, &filled, sizeof(filled), "wt_files_file", NULL);
}

void wt_files_close(struct wt_files *files)
{
	if (!files)
		return;
	wt_timeline_close(files->timeline);
	wt_file_list_free(&files->list);
	free(files->files);
	free(files);
}

static int cut(const struct wt_files *files, const char *out, struct wt_cut_result *result,
               struct wt_error *err)
{
	char application[64];
	struct wt_cut_file *inputs = calloc(files->list.count, sizeof(*inputs));
	const struct wt_cut_config config = {
	        .paths = (const char *const *)files->list.paths,
	        .path_count = files->list.count,
	        .out = out,
	        .from = files->config.from_ns ? &files->from : NULL,
	        .to = files->config.to_ns ? &files->to : NULL,
	        .filter = files->config.filter,
	        .application = application,
	};
	int rc;

	if (!inputs)
		return wt_error_set(err, -ENOMEM, "no memory for %zu files", config.path_count);
	snprintf(application, sizeof(application), "libwiretape %s", wt_version());
	rc = wt_cut(&config, inputs, result, err);
	free(inputs);
	return rc;
}

int wt_files_cut(const struct wt_files_config *config, const char *out,
                 struct wt_files_cut_result *result, struct wt_error *err)
{
	struct wt_files_cut_result filled = {.size = sizeof(filled)};
	struct wt_files files = {0};
	struct wt_cut_result done;
	int rc = take_config(&files, config, err);

	if (!rc)
		rc = cut(&files, out, &done, err);
	wt_file_list_free(&files.list);
	if (rc || !result)
		return rc;
	filled.packets = done.packets;
	filled.first_ns = done.first_ns;
	filled.last_ns = done.last_ns;
	return wt_sized_give(result, &filled, sizeof(filled), "wt_files_cut_result", err);
}
