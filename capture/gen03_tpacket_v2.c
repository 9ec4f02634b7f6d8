/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/reader_private.h>
#include <wiretape/ring/kernel_abi.h>
#include <wiretape/ring/ring_private.h>
#include <wiretape/ring/tpacket_v2.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Slots are as large as the MTU asks for. A frame that is larger still (GRO, a
 * GSO frame over veth) is cut to its slot and, thanks to PACKET_COPY_THRESH, also
 * queued whole on the socket, in the same order: it is fetched from there. */
struct v2_reader {
	struct wt_live_reader live;
	struct wt_ring *slots;
	uint8_t *whole; /* the frame fetched last, with room for a tag before it */
	uint32_t snaplen;
};

struct copying_ring {
	struct wt_ring ring;
	struct v2_reader *owner;
};

static struct wt_ring *slots_of(const struct wt_ring *ring)
{
	return ((const struct copying_ring *)ring)->owner->slots;
}

static int next_block(struct wt_ring *ring, struct wt_block *block)
{
	int ret = wt_ring_next_block(slots_of(ring), block);

	ring->high_water = slots_of(ring)->high_water;
	ring->high_water_ns = slots_of(ring)->high_water_ns;
	return ret;
}

static void note_fill(struct wt_ring *ring)
{
	wt_ring_note_fill(slots_of(ring));
	ring->high_water = slots_of(ring)->high_water;
	ring->high_water_ns = slots_of(ring)->high_water_ns;
}

/* Replace a cut frame by the whole one from the socket. */
static void fetch_whole(struct v2_reader *reader, struct wt_frame *frame)
{
	uint8_t *data = reader->whole + WT_VLAN_TAG_BYTES;
	ssize_t got = recv(reader->live.packet.fd, data, reader->snaplen, MSG_DONTWAIT);
	uint32_t caplen;

	if (got < 0)
		return; /* keep what the slot has; caplen says that it is cut */
	caplen = (uint32_t)got;
	if (frame->notes & WT_NOTE_VLAN && caplen >= WT_MAC_ADDRESSES_BYTES) {
		uint16_t tpid = (uint16_t)(frame->data[12] << 8 | frame->data[13]);

		data = wt_restore_vlan_tag(data, tpid, frame->vlan_tci);
		caplen += WT_VLAN_TAG_BYTES;
	}
	if (caplen > frame->len)
		caplen = frame->len;
	frame->caplen = caplen < reader->snaplen ? caplen : reader->snaplen;
	frame->data = data;
}

/* A batch ends behind a fetched frame, because there is room for one. */
static size_t read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	struct v2_reader *reader = ((struct copying_ring *)ring)->owner;
	size_t count = 0;

	while (count < max && wt_tpacket_v2_walk(&block->walk, &frames[count], 1)) {
		count++;
		if (frames[count - 1].notes & WT_NOTE_COPY) {
			fetch_whole(reader, &frames[count - 1]);
			break;
		}
	}
	return count;
}

static void release_block(struct wt_ring *ring, struct wt_block *block)
{
	wt_ring_release_block(slots_of(ring), block);
}

static void fill(const struct wt_ring *ring, uint32_t *filled, uint32_t *total)
{
	wt_ring_fill(slots_of(ring), filled, total);
}

static int open_copying_ring(struct v2_reader *reader)
{
	static const struct wt_ring_ops ops = {
	        .next_block = next_block,
	        .read_frames = read_frames,
	        .release_block = release_block,
	        .fill = fill,
	        .note_fill = note_fill,
	        .close = wt_ring_free,
	};
	int ret = wt_ring_alloc(&reader->live.reader.ring, sizeof(struct copying_ring), &ops,
	                        &reader->live.memory, reader->slots->units);

	if (!ret)
		((struct copying_ring *)reader->live.reader.ring)->owner = reader;
	return ret;
}

static size_t shape(const struct wt_ring_plan *plan, uint32_t retire_timeout_ms, void *request)
{
	struct tpacket_req wanted = {
	        .tp_block_size = plan->block_bytes,
	        .tp_block_nr = plan->block_count,
	        .tp_frame_size = plan->slot_bytes,
	        .tp_frame_nr = plan->block_count * (plan->block_bytes / plan->slot_bytes),
	};

	(void)retire_timeout_ms; /* V2 hands over each frame at once */
	memcpy(request, &wanted, sizeof(wanted));
	return sizeof(wanted);
}

/* The largest frame that the link delivers without merging, cut to the snaplen. */
static uint32_t frame_bytes(const struct wt_link *link, uint32_t snaplen)
{
	enum { LINK_HEADER_BYTES = 18, MOST = 262144 };
	uint64_t bytes = (uint64_t)link->mtu + LINK_HEADER_BYTES;

	if (bytes > MOST)
		bytes = MOST;
	return bytes < snaplen ? (uint32_t)bytes : snaplen;
}

static int queue_large_frames(struct v2_reader *reader)
{
	int on = 1, room = 8 << 20, fd = reader->live.packet.fd;

	if (setsockopt(fd, SOL_PACKET, PACKET_COPY_THRESH, &on, sizeof(on)))
		return -errno;
	/* Room for them; the kernel's default is small. Not having it is no error. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)))
		return -errno;
	return 0;
}

static void close_reader(struct wt_reader *reader)
{
	struct v2_reader *v2 = (struct v2_reader *)reader;

	wt_ring_close(v2->slots);
	free(v2->whole);
	wt_live_reader_close(reader);
}

int wt_gen03_tpacket_v2_open(struct wt_reader **reader, const struct wt_reader_config *config,
                             struct wt_error *err)
{
	static const struct wt_reader_ops ops = {
	        .start = wt_live_reader_start,
	        .stop = wt_live_reader_stop,
	        .statistics = wt_live_reader_statistics,
	        .health = wt_live_reader_health,
	        .reattach = wt_live_reader_reattach,
	        .close = close_reader,
	};
	struct wt_live_reader *live;
	struct v2_reader *v2;
	int ret = wt_live_reader_create(&live, sizeof(*v2), config, &ops, err);

	if (ret)
		return ret;
	v2 = (struct v2_reader *)live;
	live->reader.info.wakes_for_each_frame = true;
	v2->snaplen = config->snaplen;
	v2->whole = malloc((size_t)config->snaplen + WT_VLAN_TAG_BYTES);
	ret = v2->whole ? queue_large_frames(v2)
	                : wt_error_set(err, -ENOMEM, "no memory for a frame");
	if (!ret)
		ret = wt_live_reader_map(live, config, TPACKET_V2, shape,
		                         frame_bytes(&live->packet.link, config->snaplen), err);
	if (!ret)
		ret = wt_tpacket_v2_ring_open(&v2->slots, &live->memory);
	if (!ret)
		ret = open_copying_ring(v2);
	if (!ret)
		ret = wt_packet_socket_bind(&live->packet, !config->no_promiscuous, err);
	if (ret) {
		close_reader(&live->reader);
		return ret;
	}
	*reader = &live->reader;
	return 0;
}
