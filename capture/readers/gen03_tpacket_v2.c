/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader_private.h>
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
	struct wt_ring_ops ops; /* the ring's, but for reading */
	uint8_t *whole;         /* the frame fetched last, with room for a tag before it */
	bool out_of_step;       /* what is queued is not what the slots were cut from */
};

/* Read the next frame of the queue: its whole length, or -1 if the queue is empty. A link that has
 * gone down leaves an error with the socket, which the first look gets instead of a frame. */
static ssize_t receive(const struct v2_reader *reader)
{
	enum { TRIES = 16 };
	ssize_t got = -1;

	for (int i = 0; i < TRIES && got < 0; i++) {
		got = recv(reader->live.packet.fd, reader->whole + WT_VLAN_TAG_BYTES,
		           reader->live.snaplen, MSG_DONTWAIT | MSG_TRUNC);
		if (got < 0 && errno == EAGAIN)
			break;
	}
	return got;
}

/* Check whether the packet received is the whole of this frame: as long as it was, and beginning as
 * the slot does. The slot already has the tag that the queue lacks. */
static bool is_whole_of(const struct v2_reader *reader, ssize_t got, const struct wt_frame *frame)
{
	const uint8_t *whole = reader->whole + WT_VLAN_TAG_BYTES;
	uint32_t tag = frame->notes & WT_FRAME_VLAN ? WT_VLAN_TAG_BYTES : 0;
	uint32_t head =
	        frame->caplen < WT_MAC_ADDRESSES_BYTES ? frame->caplen : WT_MAC_ADDRESSES_BYTES;
	uint32_t rest = frame->caplen - head;

	if ((uint64_t)got + tag != frame->len)
		return false;
	rest = rest > tag ? rest - tag : 0;
	return !memcmp(whole, frame->data, head) &&
	       !memcmp(whole + head, frame->data + head + tag, rest);
}

static void replace(struct v2_reader *reader, ssize_t got, struct wt_frame *frame)
{
	uint8_t *data = reader->whole + WT_VLAN_TAG_BYTES;
	uint32_t caplen =
	        (uint64_t)got < reader->live.snaplen ? (uint32_t)got : reader->live.snaplen;

	if (frame->notes & WT_FRAME_VLAN && caplen >= WT_MAC_ADDRESSES_BYTES) {
		uint16_t tpid = (uint16_t)(frame->data[12] << 8 | frame->data[13]);

		data = wt_restore_vlan_tag(data, tpid, frame->vlan_tci);
		caplen += WT_VLAN_TAG_BYTES;
	}
	frame->caplen = caplen < reader->live.snaplen ? caplen : reader->live.snaplen;
	frame->data = data;
}

/* The queue stays empty: while there is anything in it the socket looks readable. */
static void stop_fetching(struct v2_reader *reader)
{
	int off = 0;

	reader->out_of_step = true;
	if (setsockopt(reader->live.packet.fd, SOL_PACKET, PACKET_COPY_THRESH, &off, sizeof(off)))
		errno = 0; /* then they are thrown away one by one */
	while (receive(reader) >= 0)
		;
	wt_reader_degrade(&reader->live.reader,
	                  "%s: frames of more than about %u bytes are cut from now on: what the "
	                  "kernel has queued of them does not match its ring; --reader v3 has no "
	                  "such queue",
	                  reader->live.packet.link.name, reader->live.memory.slot_bytes);
}

/* Replace a cut frame by the whole one from the queue. A frame that does not match it was queued
 * for an earlier one. */
static void fetch_whole(struct v2_reader *reader, struct wt_frame *frame)
{
	ssize_t got;

	while ((got = receive(reader)) >= 0) {
		if (reader->out_of_step || !is_whole_of(reader, got, frame))
			continue;
		replace(reader, got, frame);
		return;
	}
	/* Keep what the slot has; caplen says that it is cut. */
	if (!reader->out_of_step)
		stop_fetching(reader);
}

/* End a batch after a fetched frame, because there is room for only one. */
static size_t read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	size_t count = 0;

	while (count < max && wt_tpacket_v2_walk(&block->walk, &frames[count], 1)) {
		count++;
		if (frames[count - 1].notes & WT_FRAME_COPY) {
			fetch_whole(ring->owner, &frames[count - 1]);
			break;
		}
	}
	return count;
}

static int open_copying_ring(struct v2_reader *reader)
{
	struct wt_ring *ring;
	int rc = wt_tpacket_v2_ring_open(&reader->live.reader.ring, &reader->live.memory);

	if (rc)
		return rc;
	ring = reader->live.reader.ring;
	reader->ops = *ring->ops;
	reader->ops.read_frames = read_frames;
	ring->ops = &reader->ops;
	ring->owner = reader;
	return 0;
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
	/* Enlarge the buffer: the kernel's default is small. Failure is harmless. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)))
		return -errno;
	return 0;
}

static void close_reader(struct wt_reader *reader)
{
	struct v2_reader *v2 = (struct v2_reader *)reader;

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
	int rc = wt_live_reader_create(&live, sizeof(*v2), config, &ops, err);

	if (rc)
		return rc;
	v2 = (struct v2_reader *)live;
	live->reader.info.wakes_for_each_frame = true;
	v2->whole = malloc((size_t)live->snaplen + WT_VLAN_TAG_BYTES);
	rc = v2->whole ? queue_large_frames(v2)
	               : wt_error_set(err, -ENOMEM, "no memory for a frame");
	if (!rc)
		rc = wt_live_reader_map(live, config, TPACKET_V2, shape,
		                        frame_bytes(&live->packet.link, live->snaplen), err);
	if (!rc)
		rc = open_copying_ring(v2);
	if (!rc)
		rc = wt_live_reader_bind(live, err);
	if (rc) {
		close_reader(&live->reader);
		return rc;
	}
	*reader = &live->reader;
	return 0;
}
