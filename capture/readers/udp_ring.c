/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/udp_ring.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <wiretape/capture/readers/udp_control.h>
#include <wiretape/packet/udp_headers.h>
#include <wiretape/ring/ring_private.h>

enum {
	BATCH = 64,
	PAYLOAD_BYTES = 65527, /* the most that UDP over IPv6 carries; over IPv4 it is less */
	SLOT_BYTES = 65600,    /* with room for headers; no multiple of a page, for the caches */
	EMPTY_BATCHES = 1024,  /* that the filter leaves nothing of, before others get a turn */
	FULL = 100,            /* the queue is measured in percent */
};
_Static_assert(WT_UDP_HEADERS_MOST + PAYLOAD_BYTES <= SLOT_BYTES, "a slot holds a datagram");

/* Datagrams that were still queued at the stop. */
struct rest {
	struct rest *next;
	uint64_t lost; /* before the first */
	uint32_t count;
	struct wt_frame frames[BATCH];
	uint8_t bytes[];
};

union control {
	char bytes[WT_UDP_CONTROL_BYTES];
	struct cmsghdr align;
};

struct udp_ring {
	struct wt_ring ring;
	struct wt_udp_ring_config config;
	struct wt_frame frames[BATCH]; /* of the borrowed block */
	uint32_t frame_count;
	uint32_t frames_read;
	bool borrowed;
	uint64_t received;   /* that passed the filter */
	uint64_t drops;      /* by what datagrams have told */
	uint64_t lost;       /* of them: before the block that is being made */
	uint32_t drops_seen; /* the counter's value in the last datagram */
	bool has_seen;
	bool stopped;
	uint64_t final_drops; /* once stopped */
	struct rest *rest;
	struct rest *rest_borrowed;
	uint32_t message_count; /* of the last batch */
	uint32_t messages_taken;
	int64_t received_ns;
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	union control controls[BATCH];
	struct sockaddr_storage senders[BATCH];
	uint8_t *slots;
};

static int64_t utc_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void prepare_message(struct udp_ring *ring, size_t i)
{
	ring->messages[i].msg_hdr = (struct msghdr){
	        .msg_name = &ring->senders[i],
	        .msg_namelen = sizeof(ring->senders[i]),
	        .msg_iov = &ring->parts[i],
	        .msg_iovlen = 1,
	        .msg_control = &ring->controls[i],
	        .msg_controllen = sizeof(ring->controls[i]),
	};
}

/* Drops from the last datagram's counter to this value; wraps, and never falls. */
static uint32_t drops_since(const struct udp_ring *ring, uint32_t value)
{
	uint32_t difference = value - ring->drops_seen;

	return ring->has_seen && difference <= INT32_MAX ? difference : 0;
}

static void take_drops(struct udp_ring *ring, uint32_t value)
{
	uint32_t lost = drops_since(ring, value);

	ring->drops += lost;
	ring->lost += lost;
	ring->drops_seen = value;
	ring->has_seen = true;
	if (lost)
		ring->ring.high_water = FULL;
}

static void take_sender(struct wt_udp_headers *headers, const struct sockaddr_storage *sender)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sender;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sender;

	if (sender->ss_family == AF_INET) {
		headers->ip_version = 4;
		headers->source_port = ntohs(in->sin_port);
		memcpy(headers->source, &in->sin_addr, sizeof(in->sin_addr));
	} else {
		headers->ip_version = 6;
		headers->source_port = ntohs(in6->sin6_port);
		memcpy(headers->source, &in6->sin6_addr, sizeof(in6->sin6_addr));
	}
}

static uint32_t link_flags(const struct wt_udp_headers *headers, bool is_broadcast)
{
	bool is_group = headers->ip_version == 4 ? headers->destination[0] >> 4 == 14
	                                         : headers->destination[0] == 0xff;

	if (is_group)
		return WT_LINK_INBOUND | WT_LINK_MULTICAST;
	return WT_LINK_INBOUND | (is_broadcast ? WT_LINK_BROADCAST : WT_LINK_UNICAST);
}

/* Rebuild the whole datagram, as the filter is to see it. */
static struct wt_frame rebuild(struct udp_ring *ring, size_t i,
                               const struct wt_udp_control *control)
{
	const struct mmsghdr *message = &ring->messages[i];
	struct wt_udp_headers headers = {
	        .ttl = control->ttl,
	        .traffic_class = control->traffic_class,
	        .destination_port = ring->config.port,
	};
	size_t there = message->msg_len < PAYLOAD_BYTES ? message->msg_len : PAYLOAD_BYTES;
	uint8_t *payload = ring->parts[i].iov_base;
	size_t header_bytes;

	memcpy(headers.destination, control->destination, sizeof(headers.destination));
	take_sender(&headers, &ring->senders[i]);
	header_bytes = wt_udp_headers_put(payload, there, &headers);
	return (struct wt_frame){
	        .data = payload - header_bytes,
	        .caplen = (uint32_t)(header_bytes + there),
	        .len = (uint32_t)(header_bytes + message->msg_len),
	        .link_flags = link_flags(&headers, control->is_broadcast),
	};
}

/* False if a loss comes before it, with which the next block begins. */
static bool take_datagram(struct udp_ring *ring, size_t i)
{
	struct wt_udp_control control;
	struct wt_frame frame;

	wt_udp_control_read(&control, &ring->messages[i].msg_hdr);
	if (ring->frame_count && drops_since(ring, control.drops))
		return false;
	take_drops(ring, control.drops);
	frame = rebuild(ring, i, &control);
	if (!wt_filter_passes(ring->config.filter, &frame))
		return true;
	if (frame.caplen > ring->config.snaplen)
		frame.caplen = ring->config.snaplen;
	wt_udp_control_stamp(&control, ring->config.hardware, ring->received_ns, &frame);
	ring->frames[ring->frame_count++] = frame;
	ring->received++;
	return true;
}

/* Make a block of what is left of the last batch, up to the next loss. */
static void take_messages(struct udp_ring *ring)
{
	ring->frame_count = ring->frames_read = 0;
	while (ring->messages_taken < ring->message_count &&
	       take_datagram(ring, ring->messages_taken))
		ring->messages_taken++;
}

/* Receive a batch from the queue. The number of datagrams, or -errno. */
static int receive_batch(struct udp_ring *ring)
{
	int count;

	for (uint32_t i = 0; i < ring->message_count; i++)
		prepare_message(ring, i);
	ring->message_count = ring->messages_taken = 0;
	count = recvmmsg(ring->config.socket->fd, ring->messages, BATCH, MSG_DONTWAIT | MSG_TRUNC,
	                 NULL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	ring->received_ns = utc_clock_ns();
	ring->message_count = (uint32_t)count;
	return count;
}

/* Make the next block, which may be empty. 0 if there is nothing more, or -errno. */
static int make_block(struct udp_ring *ring)
{
	int count = 1;

	if (ring->messages_taken == ring->message_count)
		count = receive_batch(ring);
	take_messages(ring);
	return count;
}

static int borrow(struct udp_ring *ring, struct wt_block *block)
{
	ring->borrowed = true;
	*block = (struct wt_block){.frames = ring->frame_count, .number = ring->ring.borrowed++};
	wt_drop_marks_note(&ring->ring.drops, block->number, ring->lost);
	ring->lost = 0;
	return 1;
}

static int borrow_rest(struct udp_ring *ring, struct wt_block *block)
{
	struct rest *rest = ring->rest;

	if (!rest)
		return 0;
	ring->rest = rest->next;
	ring->rest_borrowed = rest;
	memcpy(ring->frames, rest->frames, rest->count * sizeof(*ring->frames));
	ring->frame_count = rest->count;
	ring->frames_read = 0;
	ring->lost += rest->lost;
	return borrow(ring, block);
}

static void note_fill(struct wt_ring *base)
{
	uint32_t filled, total;

	wt_ring_fill(base, &filled, &total);
	if (filled > base->high_water)
		base->high_water = filled;
}

static int next_block(struct wt_ring *base, struct wt_block *block)
{
	struct udp_ring *ring = (struct udp_ring *)base;
	int count;

	if (ring->borrowed)
		return 0;
	if (ring->stopped)
		return borrow_rest(ring, block);
	for (int i = 0; i < EMPTY_BATCHES; i++) {
		count = make_block(ring);
		if (count <= 0)
			return count;
		/* More than a batch was there: worth a look at how much more. */
		if (count == BATCH)
			note_fill(base);
		if (ring->frame_count)
			return borrow(ring, block);
	}
	return 0;
}

static size_t read_frames(struct wt_ring *base, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	struct udp_ring *ring = (struct udp_ring *)base;
	size_t count = ring->frame_count - ring->frames_read;

	(void)block;
	if (!ring->borrowed)
		return 0;
	if (count > max)
		count = max;
	memcpy(frames, ring->frames + ring->frames_read, count * sizeof(*frames));
	ring->frames_read += (uint32_t)count;
	return count;
}

static void release_block(struct wt_ring *base, struct wt_block *block)
{
	struct udp_ring *ring = (struct udp_ring *)base;

	(void)block;
	free(ring->rest_borrowed);
	ring->rest_borrowed = NULL;
	ring->borrowed = false;
}

static void fill(const struct wt_ring *base, uint32_t *filled, uint32_t *total)
{
	const struct wt_udp_socket *socket = ((const struct udp_ring *)base)->config.socket;
	uint32_t drops, bytes = 0;
	uint64_t pct;

	*total = FULL;
	*filled = 0;
	if (wt_udp_socket_look(socket, &drops, &bytes) || !socket->buffer_bytes)
		return;
	pct = (uint64_t)bytes * FULL / socket->buffer_bytes;
	/* The last one in may reach over the edge. */
	*filled = pct < FULL ? (uint32_t)pct : FULL;
}

static uint64_t drops_so_far(const struct udp_ring *ring)
{
	uint32_t value, bytes;

	if (wt_udp_socket_look(ring->config.socket, &value, &bytes))
		return ring->drops;
	return ring->drops + drops_since(ring, value);
}

void wt_udp_ring_count(const struct wt_ring *base, struct wt_ring_statistics *total)
{
	const struct udp_ring *ring = (const struct udp_ring *)base;
	uint64_t drops = ring->stopped ? ring->final_drops : drops_so_far(ring);

	*total = (struct wt_ring_statistics){.packets = ring->received + drops, .drops = drops};
}

bool wt_udp_ring_is_empty(const struct wt_ring *base)
{
	const struct udp_ring *ring = (const struct udp_ring *)base;
	uint32_t drops, queued_bytes;

	return ring->messages_taken == ring->message_count &&
	       (wt_udp_socket_look(ring->config.socket, &drops, &queued_bytes) || !queued_bytes);
}

void wt_udp_ring_change_socket(struct wt_ring *base)
{
	struct udp_ring *ring = (struct udp_ring *)base;
	uint32_t value, bytes;

	if (!wt_udp_socket_look(ring->config.socket, &value, &bytes))
		take_drops(ring, value);
	ring->has_seen = false;
}

/* Copy the frames of the block just made to where they can wait. */
static struct rest *keep_block(struct udp_ring *ring)
{
	struct rest *rest;
	size_t bytes = 0;

	for (uint32_t i = 0; i < ring->frame_count; i++)
		bytes += ring->frames[i].caplen;
	rest = malloc(sizeof(*rest) + bytes);
	if (!rest)
		return NULL;
	rest->next = NULL;
	rest->lost = ring->lost;
	ring->lost = 0;
	rest->count = ring->frame_count;
	bytes = 0;
	for (uint32_t i = 0; i < ring->frame_count; i++) {
		rest->frames[i] = ring->frames[i];
		rest->frames[i].data = rest->bytes + bytes;
		memcpy(rest->bytes + bytes, ring->frames[i].data, ring->frames[i].caplen);
		bytes += ring->frames[i].caplen;
	}
	return rest;
}

/* The queue ends, as the gate is shut. */
static int keep_queued(struct udp_ring *ring)
{
	struct rest **end = &ring->rest;
	int count;

	while ((count = make_block(ring)) > 0) {
		if (!ring->frame_count)
			continue;
		*end = keep_block(ring);
		if (!*end) {
			/* They cannot be handed out, so they were never here. */
			ring->received -= ring->frame_count;
			ring->drops += ring->frame_count;
			return -ENOMEM;
		}
		end = &(*end)->next;
	}
	return count;
}

/* The counter is read first: afterwards it counts what the gate turns away. Datagrams that
 * are let in between the two say themselves what was lost before them; that may include some
 * that the gate has turned away on another CPU, which then are missing in front of a datagram
 * that is recorded, and rightly count as lost. */
int wt_udp_ring_stop(struct wt_ring *base)
{
	struct udp_ring *ring = (struct udp_ring *)base;
	uint32_t value = ring->drops_seen, bytes;
	int rc, shut, kept = 0;

	if (ring->stopped)
		return 0;
	rc = wt_udp_socket_look(ring->config.socket, &value, &bytes);
	shut = wt_udp_socket_shut_gate(ring->config.socket);
	if (!shut)
		kept = keep_queued(ring);
	ring->final_drops = ring->drops + drops_since(ring, value);
	ring->stopped = true;
	if (!rc)
		rc = shut ? shut : kept;
	return rc;
}

static void free_rest(struct rest *rest)
{
	while (rest) {
		struct rest *next = rest->next;

		free(rest);
		rest = next;
	}
}

static void close_ring(struct wt_ring *base)
{
	struct udp_ring *ring = (struct udp_ring *)base;

	free_rest(ring->rest);
	free(ring->rest_borrowed);
	free(ring->slots);
	wt_ring_free(base);
}

static int make_slots(struct udp_ring *ring)
{
	ring->slots = malloc((size_t)BATCH * SLOT_BYTES);
	if (!ring->slots)
		return -ENOMEM;
	for (size_t i = 0; i < BATCH; i++) {
		ring->parts[i] = (struct iovec){ring->slots + i * SLOT_BYTES + WT_UDP_HEADERS_MOST,
		                                PAYLOAD_BYTES};
		prepare_message(ring, i);
	}
	return 0;
}

int wt_udp_ring_open(struct wt_ring **ring, const struct wt_udp_ring_config *config)
{
	static const struct wt_ring_ops ops = {
	        .next_block = next_block,
	        .read_frames = read_frames,
	        .release_block = release_block,
	        .fill = fill,
	        .note_fill = note_fill,
	        .close = close_ring,
	};
	struct wt_ring_memory none = {0};
	int rc = wt_ring_alloc(ring, sizeof(struct udp_ring), &ops, &none, FULL);

	if (rc)
		return rc;
	((struct udp_ring *)*ring)->config = *config;
	rc = make_slots((struct udp_ring *)*ring);
	if (rc) {
		wt_ring_close(*ring);
		*ring = NULL;
	}
	return rc;
}
