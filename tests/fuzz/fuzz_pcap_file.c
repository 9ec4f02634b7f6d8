/* SPDX-License-Identifier: BSD-2-Clause */

/* Any bytes as a capture file, pcapng or pcap: read to its end one by one, many together, and as a
 * timeline. Packets that are reported can be read, no packet is longer than it was on the wire, and
 * all ways find the same packets. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/timeline/timeline.h>

/* More than any file of so many bytes can hold. */
enum { BYTES_MAX = 1 << 16, ITEMS_MAX = BYTES_MAX };

struct found {
	uint64_t packets;
	uint64_t sum; /* of all bytes of all packets */
	int ended;
	bool has_chunks;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void take(struct found *found, const struct wt_pcapng_item_packet *packet)
{
	const struct wt_frame *frame = &packet->frame;

	require(frame->caplen <= frame->len);
	require(!packet->excess_bytes || frame->caplen == frame->len);
	require(packet->fcs_bytes <= frame->len);
	require(wt_pcapng_caplen_without_fcs(packet) <= wt_pcapng_len_without_fcs(packet));
	for (uint64_t i = 0; i < (uint64_t)frame->caplen + packet->excess_bytes; i++)
		found->sum += frame->data[i];
	found->packets++;
	require(found->packets <= ITEMS_MAX);
}

static void read_file(const char *path, struct found *found)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	struct wt_error err;
	uint64_t items = 0, at = 0;

	found->ended = wt_capture_file_open(&file, path, &err);
	if (found->ended)
		return;
	while ((found->ended = wt_capture_file_next(file, &item, &err)) > 0) {
		if (item.kind == WT_ITEM_PACKET)
			take(found, &item.packet);
		require(wt_capture_file_offset(file) >= at);
		at = wt_capture_file_offset(file);
		require(++items <= ITEMS_MAX);
	}
	wt_capture_file_close(file);
}

/* As many together as is quick. */
static void read_quickly(const char *path, struct found *found)
{
	struct wt_capture_file *file;
	struct wt_frame frames[3];
	struct wt_pcapng_item item;
	struct wt_error err;
	uint32_t interface_id;

	found->ended = wt_capture_file_open(&file, path, &err);
	if (found->ended)
		return;
	do {
		size_t count = wt_capture_file_next_packets(file, frames, 3, &interface_id);

		for (size_t i = 0; i < count; i++)
			take(found, &(struct wt_pcapng_item_packet){.frame = frames[i]});
		found->ended = count ? 1 : wt_capture_file_next(file, &item, &err);
		if (!count && found->ended > 0 && item.kind == WT_ITEM_PACKET)
			take(found, &item.packet);
	} while (found->ended > 0);
	wt_capture_file_close(file);
}

static void read_timeline(const char *path, struct found *found)
{
	const struct wt_timeline_config config = {
	        .paths = &path, .path_count = 1, .keep_unstamped = true};
	struct wt_timeline_packet packet;
	struct wt_timeline_file file;
	struct wt_timeline *timeline;
	struct wt_error err;

	found->ended = wt_timeline_open(&timeline, &config, &file, &err);
	if (found->ended)
		return;
	while ((found->ended = wt_timeline_next(timeline, &packet, &err)) > 0) {
		require(packet.interface < wt_timeline_interface_count(timeline));
		require(wt_timeline_interface(timeline, packet.interface)->file == 0);
		require(packet.has_stamp || !packet.stamp_ns);
		take(found, &packet.item->packet);
	}
	require(file.packets == found->packets);
	found->has_chunks = file.has_chunks;
	wt_timeline_close(timeline);
}

/* In a file in memory, which ends where it should. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct found alone = {0}, merged = {0}, quick = {0};
	char path[64];
	int fd;

	if (bytes > BYTES_MAX)
		return 0;
	fd = memfd_create("fuzz_pcap_file", MFD_CLOEXEC);
	require(fd >= 0 && write(fd, data, bytes) == (ssize_t)bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_file(path, &alone);
	read_quickly(path, &quick);
	require(quick.packets == alone.packets && quick.sum == alone.sum);
	require(quick.ended == alone.ended);
	read_timeline(path, &merged);
	/* In a recording what is not whole is passed over in one of two ways. */
	if (!merged.has_chunks)
		require(merged.packets == alone.packets && merged.sum == alone.sum);
	close(fd);
	return 0;
}
