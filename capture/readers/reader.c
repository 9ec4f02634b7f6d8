/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void wt_reader_degrade(struct wt_reader *reader, const char *format, ...)
{
	size_t count = 0;
	va_list args;

	while (reader->info.degraded[count])
		count++;
	if (count == WT_READER_DEGRADED)
		return;
	va_start(args, format);
	vsnprintf(reader->degraded[count], sizeof(reader->degraded[count]), format, args);
	va_end(args);
	reader->info.degraded[count] = reader->degraded[count];
}

/* Read and filter; counts of drops move on to the frame that is kept. Reads at least one frame, if
 * any is left. */
static size_t read_filtered(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                            size_t max)
{
	struct wt_reader *reader = ring->owner;
	size_t kept = 0, count;

	while (!kept && (count = reader->unfiltered->read_frames(ring, block, frames, max))) {
		for (size_t i = 0; i < count; i++) {
			reader->filtered_drops += frames[i].dropped_before;
			if (!wt_filter_passes(reader->filter, &frames[i]))
				continue;
			frames[kept] = frames[i];
			frames[kept].dropped_before = reader->filtered_drops;
			reader->filtered_drops = 0;
			if (frames[kept].caplen > reader->info.snaplen)
				frames[kept].caplen = reader->info.snaplen;
			kept++;
		}
		block->rejected += (uint32_t)(count - kept);
	}
	return kept;
}

void wt_reader_filter_here(struct wt_reader *reader, const struct wt_filter *filter)
{
	reader->filter = filter;
	reader->unfiltered = reader->ring->ops;
	reader->filtering = *reader->ring->ops;
	reader->filtering.read_frames = read_filtered;
	reader->ring->ops = &reader->filtering;
	reader->ring->owner = reader;
	/* Not all of a block is to be in the file. */
	reader->info.in_place = false;
}

int wt_reader_start(struct wt_reader *reader, struct wt_error *err)
{
	return reader->ops->start(reader, err);
}

int wt_reader_stop(struct wt_reader *reader)
{
	return reader->ops->stop(reader);
}

int wt_reader_fd(const struct wt_reader *reader)
{
	return reader->fd;
}

int wt_reader_acknowledge_wakeup(struct wt_reader *reader)
{
	return reader->ops->woken ? reader->ops->woken(reader) : 0;
}

struct wt_ring *wt_reader_ring(struct wt_reader *reader)
{
	return reader->ring;
}

const struct wt_ring_memory *wt_reader_memory(const struct wt_reader *reader)
{
	return reader->memory;
}

int wt_reader_statistics(struct wt_reader *reader, struct wt_ring_statistics *since_last)
{
	return reader->ops->statistics(reader, since_last);
}

int wt_reader_health(struct wt_reader *reader)
{
	return reader->ops->health(reader);
}

int wt_reader_reattach(struct wt_reader *reader, struct wt_error *err)
{
	return reader->ops->reattach
	               ? reader->ops->reattach(reader, err)
	               : wt_error_set(err, -ENODEV, "%s cannot come back", reader->info.name);
}

const struct wt_reader_info *wt_reader_info(const struct wt_reader *reader)
{
	return &reader->info;
}

bool wt_reader_has_nic(const struct wt_reader *reader)
{
	return reader->info.link || reader->ops->link;
}

int wt_reader_link(const struct wt_reader *reader, struct wt_link *link)
{
	if (reader->ops->link)
		return reader->ops->link(reader, link);
	return reader->info.link ? wt_link_read_index(reader->info.link->index, link, NULL)
	                         : -ENODEV;
}

void wt_reader_close(struct wt_reader *reader)
{
	if (reader)
		reader->ops->close(reader);
}
