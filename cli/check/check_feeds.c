/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_feeds.h"
#include <wiretape/cli/cli.h>

#include <errno.h>
#include <string.h>

#include <wiretape/feed/recognise/recognise.h>

enum {
	RECOGNISE_PACKETS = 500000, /* of each file */
	BATCH = 64,
	INTERFACES = 256,
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

/* The interfaces of the section that is being looked at. */
struct looking {
	struct wt_recogniser *recogniser;
	struct {
		uint32_t number;
		uint16_t link_type;
	} interfaces[INTERFACES];
	uint32_t interface_count;
};

static void take_frames(struct looking *looking, uint32_t id, const struct wt_frame *frames,
                        size_t count, bool has_stamp)
{
	for (size_t i = 0; i < count && id < looking->interface_count; i++)
		wt_recogniser_frame(looking->recogniser, looking->interfaces[id].number,
		                    looking->interfaces[id].link_type, &frames[i], has_stamp);
}

static void take_interface(struct looking *looking, const struct wt_pcapng_item_interface *fields)
{
	char name[WT_PLACE_NAME_BYTES];
	size_t length = fields->name.length;
	uint32_t i = looking->interface_count;

	if (i == INTERFACES)
		return;
	if (!fields->name.chars || length >= sizeof(name))
		length = 0;
	if (length)
		memcpy(name, fields->name.chars, length);
	name[length] = '\0';
	looking->interfaces[i].number = wt_recogniser_interface(looking->recogniser, name);
	looking->interfaces[i].link_type = fields->link_type;
	looking->interface_count++;
}

static void take_item(struct looking *looking, const struct wt_pcapng_item *item)
{
	if (item->kind == WT_ITEM_SECTION || item->kind == WT_ITEM_UNKNOWN_SECTION)
		looking->interface_count = 0;
	else if (item->kind == WT_ITEM_INTERFACE)
		take_interface(looking, &item->interface);
	else if (item->kind == WT_ITEM_PACKET)
		take_frames(looking, item->packet.interface_id, &item->packet.frame, 1,
		            item->packet.has_stamp && !item->packet.stamp_saturated);
}

/* Look into a file as far as it can be read: errors show when it is checked. */
static int look_into(struct looking *looking, const char *path, const struct wt_patience *patience)
{
	struct wt_frame frames[BATCH];
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	uint64_t packets = 0;
	uint32_t id;
	int rc = wt_capture_file_open_until(&file, path, 0, patience, NULL);

	if (rc)
		return rc == -EINTR ? rc : 0;
	looking->interface_count = 0;
	while (packets < RECOGNISE_PACKETS) {
		size_t count = wt_capture_file_next_packets(file, frames, BATCH, &id);

		if (count) {
			take_frames(looking, id, frames, count, true);
			packets += count;
			continue;
		}
		rc = wt_capture_file_next(file, &item, NULL);
		if (rc <= 0)
			break;
		take_item(looking, &item);
		packets += item.kind == WT_ITEM_PACKET;
	}
	wt_capture_file_close(file);
	return rc == -EINTR ? rc : 0;
}

static int recognise(struct wt_feed_channels *channels, const struct wt_check_file *files,
                     size_t count, const struct wt_patience *patience, struct wt_error *err)
{
	const struct wt_recogniser_config config = {0};
	struct looking looking = {.recogniser = NULL};
	int rc = wt_recogniser_open(&looking.recogniser, &config, err);

	for (size_t i = 0; i < count && !rc; i++)
		if (files[i].head.is_rewindable)
			rc = look_into(&looking, files[i].head.path, patience);
	if (!rc)
		rc = wt_recogniser_finish(looking.recogniser);
	if (!rc)
		rc = wt_recognise_channels(looking.recogniser, WT_RECOGNISED_LIKELY, channels, err);
	wt_recogniser_close(looking.recogniser);
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
