/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss monitoring's findings, as blocks that wait for a place in the file. */
#include <wiretape/capture/recorder/recorder_feeds.h>

#include <string.h>

void wt_recorder_feed_put(struct wt_recorder_feeds *feeds, const uint8_t *block, size_t bytes)
{
	if (bytes > WT_RECORDER_FEED_BYTES - feeds->used) {
		feeds->left_out++;
		return;
	}
	memcpy(feeds->pending + feeds->used, block, bytes);
	feeds->used += bytes;
}

void wt_recorder_feed_put_event(struct wt_recorder_feeds *feeds, const struct wt_feed_event *event)
{
	_Alignas(4) uint8_t block[WT_FEED_EVENT_BLOCK_BYTES];
	ssize_t bytes = wt_feed_event_block(event, block, sizeof(block));

	if (bytes < 0)
		feeds->left_out++;
	else
		wt_recorder_feed_put(feeds, block, (size_t)bytes);
}

static uint32_t block_bytes(const uint8_t *block)
{
	uint32_t bytes;

	memcpy(&bytes, block + 4, sizeof(bytes));
	return bytes;
}

/* Count packets of an interface that stand in the file, or have gone to it. */
static uint64_t packets_before(const struct wt_recorder_feeds *feeds, size_t i)
{
	return feeds->is_closing ? feeds->state->reports[i].ledger.written
	                         : feeds->recorded[i].given;
}

/* Positions count from where the block is. */
static int write_aways(struct wt_recorder_feeds *feeds, size_t i)
{
	struct wt_recorder_feed_nic *nic = &feeds->nics[i];
	uint64_t before = packets_before(feeds, i);
	int rc = 0;
	size_t done = 0;

	while (!rc && done < nic->away_count) {
		const struct wt_recorder_feed_away *next = &nic->aways[done];
		const struct wt_nic_look look = {.interface_id = (uint32_t)i,
		                                 .look_ns = next->look_ns,
		                                 .away = next->away,
		                                 .from = (int64_t)(next->from - before),
		                                 .to = (int64_t)(next->to - before)};
		_Alignas(4) uint8_t block[WT_NIC_LOOK_BLOCK_BYTES];
		ssize_t bytes = wt_nic_look_encode(block, sizeof(block), &look);

		if (bytes > 0)
			rc = wt_tape_writer_put(feeds->writer, block, (size_t)bytes);
		done += !rc;
	}
	nic->away_count -= done;
	memmove(nic->aways, nic->aways + done, nic->away_count * sizeof(nic->aways[0]));
	return rc;
}

static int write_all_aways(struct wt_recorder_feeds *feeds)
{
	int rc = 0;

	if (!feeds || !feeds->has_aways)
		return 0;
	for (size_t i = 0; !rc && i < feeds->state->config.interface_count; i++)
		rc = write_aways(feeds, i);
	feeds->has_aways = rc != 0;
	return rc;
}

int wt_recorder_write_feeds(struct wt_recorder_feeds *feeds)
{
	size_t at = 0;
	int rc = write_all_aways(feeds);

	while (feeds && !rc && at < feeds->used) {
		uint32_t bytes = block_bytes(feeds->pending + at);

		rc = wt_tape_writer_put(feeds->writer, feeds->pending + at, bytes);
		at += rc ? 0 : bytes;
	}
	if (!at)
		return rc;
	feeds->used -= at;
	memmove(feeds->pending, feeds->pending + at, feeds->used);
	return rc;
}
