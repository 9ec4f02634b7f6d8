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

/* Read and filter. Reads at least one frame, if any is left. */
static size_t read_filtered(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                            size_t max)
{
	struct wt_reader *reader = ring->owner;
	size_t kept = 0, count;

	while (!kept && (count = reader->unfiltered->read_frames(ring, block, frames, max))) {
		for (size_t i = 0; i < count; i++) {
			if (!wt_filter_passes(reader->filter, &frames[i]))
				continue;
			frames[kept] = frames[i];
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
	reader->filtering.sums_up = false;
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

/* PACKET_STATISTICS forgets with every look and has 32 bits: here is the only place that looks, and
 * it adds up in 64. Drops come after everything that has been handed over by now, which was at most
 * `end`. */
static int count_until(struct wt_reader *reader, uint64_t end)
{
	struct wt_ring_statistics since = {0};
	int rc = reader->ops->statistics(reader, &since);

	if (rc)
		return rc;
	reader->counted.packets += since.packets;
	reader->counted.drops += since.drops;
	reader->counted.freezes += since.freezes;
	wt_ring_take_drops(reader->ring, end, since.drops);
	return 0;
}

int wt_reader_count(struct wt_reader *reader, struct wt_ring_statistics *total)
{
	int rc = count_until(reader, UINT64_MAX);

	*total = reader->counted;
	return rc;
}

int wt_reader_next_block(struct wt_reader *reader, struct wt_block *block)
{
	if (wt_ring_next_is_losing(reader->ring))
		count_until(reader, UINT64_MAX);
	return wt_ring_next_block(reader->ring, block);
}

/* The producer drops while the block it would fill next has not been given back, so its counters
 * matter when it has filled all blocks, and only then. Read them before and after the release:
 * before, to separate drops so far from those once it has gone on and stopped again; after, for
 * drops in between. */
void wt_reader_release_block(struct wt_reader *reader, struct wt_block *block)
{
	uint64_t end = wt_ring_end(reader->ring);
	bool full = wt_ring_has_filled(reader->ring, end);

	if (full)
		count_until(reader, UINT64_MAX);
	wt_ring_release_block(reader->ring, block);
	if (full || wt_ring_has_filled(reader->ring, end))
		count_until(reader, end);
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
