/* SPDX-License-Identifier: BSD-2-Clause */
#include "recognise_files.h"

#include <errno.h>
#include <stdlib.h>

#include <wiretape/base/grow.h>

/* The recogniser's numbers of the timeline's interfaces. */
struct numbers {
	uint32_t *list;
	size_t count, room;
};

static int add_numbers(struct numbers *numbers, const struct wt_timeline *timeline,
                       struct wt_recogniser *recogniser)
{
	while (numbers->count < wt_timeline_interface_count(timeline)) {
		uint32_t at = (uint32_t)numbers->count;
		const char *name = wt_timeline_interface(timeline, at)->name;
		uint32_t *number = wt_grow((void **)&numbers->list, &numbers->count, &numbers->room,
		                           sizeof(*number));

		if (!number)
			return -ENOMEM;
		*number = wt_recogniser_interface(recogniser, name ? name : "");
	}
	return 0;
}

static int read_packets(struct wt_timeline *timeline, struct wt_recogniser *recogniser,
                        uint64_t most, struct wt_error *err)
{
	struct numbers numbers = {0};
	struct wt_timeline_packet packet;
	uint64_t packets = 0;
	int rc = 1;

	while (rc > 0 && (!most || packets < most)) {
		rc = wt_timeline_next(timeline, &packet, err);
		if (rc <= 0)
			break;
		if (packet.interface >= numbers.count &&
		    add_numbers(&numbers, timeline, recogniser)) {
			rc = wt_error_set(err, -ENOMEM, "no memory for the interfaces");
			break;
		}
		wt_recogniser_frame(recogniser, numbers.list[packet.interface],
		                    packet.item->packet.link_type, &packet.item->packet.frame,
		                    packet.item->packet.has_stamp &&
		                            !packet.item->packet.stamp_saturated);
		packets++;
	}
	free(numbers.list);
	return rc < 0 ? rc : 0;
}

int wt_recognise_files(struct wt_recogniser *recogniser, const char *const *paths, size_t count,
                       uint64_t most, const struct wt_patience *patience,
                       struct wt_timeline_file *files, struct wt_error *err)
{
	const struct wt_timeline_config config = {
	        .paths = paths,
	        .path_count = count,
	        .keep_unstamped = true,
	        .patience = patience,
	};
	struct wt_timeline *timeline;
	int rc = wt_timeline_open(&timeline, &config, files, err);

	if (rc)
		return rc;
	rc = read_packets(timeline, recogniser, most, err);
	wt_timeline_close(timeline);
	return rc;
}
