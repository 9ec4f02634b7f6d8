/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/archive/capture_file.h>

/* Packets of files. */

/* An interface of the section that is being read. */
struct face {
	uint32_t number;
	uint16_t link_type;
};

struct reading {
	struct wt_feeds_source *source;
	struct wt_recogniser *recogniser;
	struct face *faces;
	uint32_t count, room;
	uint64_t unknown_sections;
};

static bool is_over(void *context)
{
	const struct reading *reading = context;

	return *reading->source->stop != 0;
}

static int add_face(struct reading *reading, const struct wt_pcapng_item_interface *fields)
{
	char name[WT_FEED_INTERFACE_BYTES] = "";
	struct face *grown;

	if (reading->count == reading->room) {
		uint32_t room = reading->room ? 2 * reading->room : 8;

		grown = realloc(reading->faces, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		reading->faces = grown;
		reading->room = room;
	}
	if (fields->name.chars && fields->name.length < sizeof(name))
		memcpy(name, fields->name.chars, fields->name.length);
	reading->faces[reading->count++] = (struct face){
	        .number = wt_recogniser_interface(reading->recogniser, name),
	        .link_type = fields->link_type,
	};
	return 0;
}

static void take_packet(struct reading *reading, const struct wt_pcapng_item_packet *packet)
{
	if (packet->interface_id >= reading->count)
		return;
	wt_recogniser_frame(reading->recogniser, reading->faces[packet->interface_id].number,
	                    packet->link_type, &packet->frame,
	                    packet->has_stamp && !packet->stamp_saturated);
}

static int take_item(struct reading *reading, const struct wt_pcapng_item *item)
{
	switch (item->kind) {
	case WT_ITEM_SECTION:
		reading->count = 0;
		return 0;
	case WT_ITEM_INTERFACE:
		return add_face(reading, &item->interface);
	case WT_ITEM_PACKET:
		take_packet(reading, &item->packet);
		return 0;
	case WT_ITEM_UNKNOWN_SECTION:
		reading->unknown_sections++;
		return 0;
	default:
		return 0;
	}
}

/* Read to the end, or until a request to stop. 0 or a negative errno with the reason. */
static int read_items(struct reading *reading, struct wt_capture_file *file, struct wt_error *err)
{
	struct wt_pcapng_item item;
	int rc = 0;

	while (!*reading->source->stop) {
		rc = wt_capture_file_next(file, &item, err);
		if (rc <= 0)
			break;
		rc = take_item(reading, &item);
		if (rc)
			return wt_error_set(err, rc, "no memory for the interfaces");
	}
	return *reading->source->stop ? 0 : rc;
}

static int read_file(struct reading *reading, const char *path)
{
	const struct wt_patience patience = {.is_over = is_over, .context = reading};
	struct wt_capture_file *file;
	struct wt_error err = {0};
	int rc = wt_capture_file_open_until(&file, path, 0, &patience, &err);

	if (rc == -EINTR && *reading->source->stop)
		return 0;
	if (rc) {
		wt_cli_complain("%s: %s", path, err.text);
		return rc;
	}
	reading->count = 0;
	reading->unknown_sections = 0;
	rc = read_items(reading, file, &err);
	if (rc)
		wt_cli_complain("%s: %s", path, err.text);
	wt_cli_warn_unknown_sections(path, reading->unknown_sections);
	wt_capture_file_close(file);
	return rc;
}

int wt_feeds_read_files(struct wt_feeds_source *source, struct wt_recogniser *recogniser)
{
	struct reading reading = {.source = source, .recogniser = recogniser};
	int rc = 0;

	for (int i = 0; i < source->count && !*source->stop; i++)
		if (read_file(&reading, source->paths[i]))
			rc = -EIO;
	free(reading.faces);
	return rc;
}
