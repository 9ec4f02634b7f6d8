/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/control_message.h>
#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/ring/kernel_abi.h>
#include <wiretape/ring/ring_private.h>

#include <errno.h>
#include <limits.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* A ring whose blocks hold one frame each, read by one system call: data, stamp,
 * VLAN tag, original length and the count of drops all come from the same
 * recvmsg(). */
struct recv_ring {
	struct wt_ring ring;
	int fd;
	uint32_t snaplen;
	uint32_t drops_seen; /* SO_RXQ_OVFL as of the last frame; wraps */
	struct wt_frame frame;
	bool frame_waits;
	uint8_t *buffer; /* room for a tag, then snaplen bytes */
};

union control {
	char bytes[256];
	struct cmsghdr align;
};

static void read_stamp(struct wt_frame *frame, const struct cmsghdr *message)
{
	struct timespec stamp;

	if (frame->stamp_source == WT_STAMP_HARDWARE ||
	    !wt_control_take(&stamp, sizeof(stamp), message))
		return;
	frame->stamp_ns = wt_control_ns(&stamp);
	frame->stamp_source = WT_STAMP_SOFTWARE;
}

/* Both stamps of the same packet; that of the NIC is what was asked for. */
static void read_stamps(struct wt_frame *frame, const struct cmsghdr *message)
{
	struct scm_timestamping stamps;

	if (!wt_control_take(&stamps, sizeof(stamps), message) || !wt_control_ns(&stamps.ts[2]))
		return;
	frame->stamp_ns = wt_control_ns(&stamps.ts[2]);
	frame->stamp_source = WT_STAMP_HARDWARE;
	frame->software_ns = wt_control_ns(&stamps.ts[0]);
	if (frame->software_ns)
		frame->notes |= WT_FRAME_BOTH;
}

static void read_drops(struct recv_ring *ring, const struct cmsghdr *message)
{
	uint32_t drops;

	if (!wt_control_take(&drops, sizeof(drops), message))
		return;
	wt_drop_marks_note(&ring->ring.drops, ring->ring.borrowed, drops - ring->drops_seen);
	ring->drops_seen = drops;
}

static void read_auxdata(struct recv_ring *ring, const struct cmsghdr *message)
{
	struct wt_frame *frame = &ring->frame;
	struct tpacket_auxdata aux;
	uint16_t tpid;

	if (!wt_control_take(&aux, sizeof(aux), message))
		return;
	frame->link_flags |= wt_link_flags(aux.tp_status, PACKET_KERNEL);
	frame->len = aux.tp_len;
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return;
	tpid = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : WT_DEFAULT_TPID;
	frame->len += WT_VLAN_TAG_BYTES;
	frame->notes |= WT_FRAME_VLAN;
	frame->vlan_tci = aux.tp_vlan_tci;
	if (frame->caplen < WT_MAC_ADDRESSES_BYTES)
		return;
	frame->data = wt_restore_vlan_tag(ring->buffer + WT_VLAN_TAG_BYTES, tpid, aux.tp_vlan_tci);
	frame->caplen += WT_VLAN_TAG_BYTES;
	if (frame->caplen > ring->snaplen)
		frame->caplen = ring->snaplen;
}

static void read_control(struct recv_ring *ring, struct msghdr *header)
{
	for (struct cmsghdr *i = CMSG_FIRSTHDR(header); i; i = CMSG_NXTHDR(header, i)) {
		if (i->cmsg_level == SOL_SOCKET && i->cmsg_type == SCM_TIMESTAMPNS)
			read_stamp(&ring->frame, i);
		else if (i->cmsg_level == SOL_SOCKET && i->cmsg_type == SCM_TIMESTAMPING)
			read_stamps(&ring->frame, i);
		else if (i->cmsg_level == SOL_SOCKET && i->cmsg_type == SO_RXQ_OVFL)
			read_drops(ring, i);
		else if (i->cmsg_level == SOL_PACKET && i->cmsg_type == PACKET_AUXDATA)
			read_auxdata(ring, i);
	}
}

static int next_block(struct wt_ring *base, struct wt_block *block)
{
	struct recv_ring *ring = (struct recv_ring *)base;
	struct sockaddr_ll address = {0};
	union control control;
	struct iovec part = {ring->buffer + WT_VLAN_TAG_BYTES, ring->snaplen};
	struct msghdr header = {
	        .msg_name = &address,
	        .msg_namelen = sizeof(address),
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = &control,
	        .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(ring->fd, &header, MSG_DONTWAIT | MSG_TRUNC);

	/* A link that has gone down leaves an error with the socket, which the first look gets
	 * instead of a frame that is there. Whoever asks for the reader's health finds out. */
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		got = recvmsg(ring->fd, &header, MSG_DONTWAIT | MSG_TRUNC);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	ring->frame = (struct wt_frame){
	        .data = part.iov_base,
	        .caplen = (size_t)got < ring->snaplen ? (uint32_t)got : ring->snaplen,
	        .len = (uint32_t)got,
	        .link_flags = wt_link_flags(0, address.sll_pkttype),
	};
	read_control(ring, &header);
	ring->frame_waits = true;
	*block = (struct wt_block){.frames = 1, .number = base->borrowed++};
	return 1;
}

static size_t read_frames(struct wt_ring *base, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	struct recv_ring *ring = (struct recv_ring *)base;

	(void)block;
	if (!max || !ring->frame_waits)
		return 0;
	frames[0] = ring->frame;
	ring->frame_waits = false;
	return 1;
}

static void release_block(struct wt_ring *base, struct wt_block *block)
{
	(void)block;
	((struct recv_ring *)base)->frame_waits = false;
}

static void fill(const struct wt_ring *base, uint32_t *filled, uint32_t *total)
{
	(void)base;
	*filled = 0;
	*total = 0;
}

static void close_ring(struct wt_ring *base)
{
	free(((struct recv_ring *)base)->buffer);
	wt_ring_free(base);
}

static int open_ring(struct wt_live_reader *live, uint32_t snaplen)
{
	static const struct wt_ring_ops ops = {
	        .next_block = next_block,
	        .read_frames = read_frames,
	        .release_block = release_block,
	        .fill = fill,
	        .close = close_ring,
	};
	struct wt_ring_memory none = {0};
	struct recv_ring *ring;
	int rc = wt_ring_alloc(&live->reader.ring, sizeof(*ring), &ops, &none, 0);

	if (rc)
		return rc;
	ring = (struct recv_ring *)live->reader.ring;
	ring->fd = live->packet.fd;
	ring->snaplen = snaplen;
	ring->buffer = malloc((size_t)snaplen + WT_VLAN_TAG_BYTES);
	return ring->buffer ? 0 : -ENOMEM;
}

/* The socket's receive buffer is the ring here. The kernel doubles what it is
 * given for its own overhead, and reports the double. */
static int size_buffer(struct wt_live_reader *live, uint64_t bytes)
{
	int fd = live->packet.fd;
	int wanted = bytes / 2 < INT_MAX / 2 ? (int)(bytes / 2) : INT_MAX / 2, got = 0;
	socklen_t length = sizeof(got);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted)))
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &length))
		return -errno;
	live->reader.info.ring_bytes = (uint64_t)got;
	if ((uint64_t)got < bytes / 100 * 99)
		wt_reader_degrade(&live->reader,
		                  "%s: socket buffer of %llu bytes asked, %d got: without "
		                  "CAP_NET_ADMIN net.core.rmem_max is the limit",
		                  live->packet.link.name, (unsigned long long)bytes, got);
	return 0;
}

static int ask_for_control(int fd)
{
	int on = 1;

	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)))
		return -errno;
	return 0;
}

int wt_gen01_recv_open(struct wt_reader **reader, const struct wt_reader_config *config,
                       struct wt_error *err)
{
	struct wt_live_reader *live;
	int rc = wt_live_reader_create(&live, sizeof(*live), config, &wt_live_reader_ops, err);

	if (rc)
		return rc;
	live->reader.info.wakes_for_each_frame = true;
	rc = ask_for_control(live->packet.fd);
	if (!rc)
		rc = size_buffer(live, config->ring_bytes);
	if (rc)
		wt_error_set(err, rc, "cannot prepare the packet socket for %s: %s",
		             live->packet.link.name, strerror(-rc));
	if (!rc)
		rc = open_ring(live, live->snaplen);
	if (!rc)
		rc = wt_live_reader_bind(live, err);
	if (rc) {
		wt_live_reader_close(&live->reader);
		return rc;
	}
	*reader = &live->reader;
	return 0;
}
