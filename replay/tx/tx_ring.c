/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_private.h>

#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SLOTS = 256,
	RING_BYTES_MAX = 64 << 20,
	BLOCK_BYTES_MIN = 1 << 16,
	/* Offset at which the kernel finds a packet (net/packet/af_packet.c, tpacket_fill_skb). */
	DATA_OFFSET = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll),
};

/* A TPACKET_V2 TX ring: packets are put into memory that the kernel reads, and one system call
 * sends all that wait. The kernel attaches the memory to what it sends, so a slot is free again
 * when the packet has been received or thrown away. */
struct ring_tx {
	struct wt_tx tx; /* first */
	uint8_t *memory;
	size_t bytes;
	size_t slot_bytes;
	uint32_t slots;
	uint32_t next; /* to be filled */
};

static struct tpacket2_hdr *slot(const struct ring_tx *ring, uint32_t number)
{
	return (struct tpacket2_hdr *)(void *)(ring->memory + number * ring->slot_bytes);
}

static uint32_t status_of(const struct tpacket2_hdr *header)
{
	/* Pairs with the kernel's store when it is done with the slot: then its bytes are ours. */
	return __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE);
}

static bool is_free(const struct tpacket2_hdr *header)
{
	return status_of(header) == TP_STATUS_AVAILABLE;
}

/* Have the kernel send what waits. */
static int kick(const struct ring_tx *ring)
{
	return send(ring->tx.fd, NULL, 0, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void step_back(struct ring_tx *ring)
{
	ring->next = (ring->next + ring->slots - 1) % ring->slots;
	slot(ring, ring->next)->tp_status = TP_STATUS_AVAILABLE;
}

/* Count how many of `filled` slots the kernel has sent. It goes on where it has stopped, whatever
 * stopped it: the slots after that are taken back, else they would be sent some time later, perhaps
 * not at all, and each attempt counts in the ids of stamps. *wrong: it has stopped at a packet that
 * it does not take for one. */
static uint32_t take_back(struct ring_tx *ring, uint32_t filled, bool *wrong)
{
	uint32_t status;

	*wrong = false;
	for (; filled; filled--) {
		status = status_of(slot(ring, (ring->next + ring->slots - 1) % ring->slots));
		if (status != TP_STATUS_SEND_REQUEST && !(status & TP_STATUS_WRONG_FORMAT))
			break;
		*wrong = status & TP_STATUS_WRONG_FORMAT;
		step_back(ring);
	}
	return filled;
}

static int ring_send(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	struct ring_tx *ring = (struct ring_tx *)tx;
	struct tpacket2_hdr *header;
	uint32_t filled = 0;
	bool wrong;
	int rc;

	assert(count && count <= WT_TX_BATCH);
	for (; filled < count && is_free(header = slot(ring, ring->next)); filled++) {
		memcpy((uint8_t *)header + DATA_OFFSET, packets[filled].data,
		       packets[filled].bytes);
		header->tp_len = packets[filled].bytes;
		/* Pairs with the kernel's load of the status: it sees the bytes. */
		__atomic_store_n(&header->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
		ring->next = (ring->next + 1) % ring->slots;
	}
	rc = kick(ring);
	filled = take_back(ring, filled, &wrong);
	/* The one that found a queue full has been counted, too, and so has a wrong one. */
	tx->next_id += filled + (rc == -ENOBUFS || wrong);
	if (filled)
		return (int)filled;
	if (wrong)
		return -EMSGSIZE;
	return rc && rc != -EINTR ? rc : -EAGAIN;
}

/* Let the kernel find that nothing waits to be sent. */
static void ring_warm_up(struct wt_tx *tx)
{
	kick((struct ring_tx *)tx);
}

/* The kernel has taken all, and gives slots back when their packets have left. */
static int ring_drain(struct wt_tx *tx)
{
	struct ring_tx *ring = (struct ring_tx *)tx;

	for (uint32_t i = 0; i < ring->slots; i++)
		if (!is_free(slot(ring, i)))
			return -EAGAIN;
	return 0;
}

static void ring_close(struct wt_tx *tx)
{
	struct ring_tx *ring = (struct ring_tx *)tx;

	if (tx && ring->memory)
		munmap(ring->memory, ring->bytes);
	wt_tx_free(tx);
}

static size_t power_of_two(size_t at_least)
{
	size_t bytes = 256;

	while (bytes < at_least)
		bytes *= 2;
	return bytes;
}

static int map_ring(struct ring_tx *ring, struct wt_error *err)
{
	size_t slot_bytes = power_of_two(DATA_OFFSET + ring->tx.bytes_max);
	size_t block_bytes = slot_bytes < BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : slot_bytes;
	size_t bytes = slot_bytes * SLOTS < RING_BYTES_MAX ? slot_bytes * SLOTS : RING_BYTES_MAX;
	const struct tpacket_req request = {
	        .tp_block_size = (unsigned)block_bytes,
	        .tp_block_nr = (unsigned)(bytes / block_bytes),
	        .tp_frame_size = (unsigned)slot_bytes,
	        .tp_frame_nr = (unsigned)(bytes / slot_bytes),
	};
	int version = TPACKET_V2, code;

	if (setsockopt(ring->tx.fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(ring->tx.fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)) < 0) {
		code = -errno;
		return wt_error_set(err, code,
		                    "the kernel gives no ring of %zu bytes to send from: %s; take "
		                    "--tx socket",
		                    bytes, strerror(-code));
	}
	ring->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->tx.fd, 0);
	if (ring->memory == MAP_FAILED) {
		code = -errno;
		ring->memory = NULL;
		return wt_error_set(err, code, "cannot map a ring of %zu bytes: %s", bytes,
		                    strerror(-code));
	}
	ring->bytes = bytes;
	ring->slot_bytes = slot_bytes;
	ring->slots = request.tp_frame_nr;
	return 0;
}

int wt_tx_open_ring(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err)
{
	static const struct wt_tx_ops ops = {
	        .send = ring_send,
	        .warm_up = ring_warm_up,
	        .drain = ring_drain,
	        .reports = wt_tx_read_reports,
	        .close = ring_close,
	};
	struct ring_tx *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a sender");
	made->tx.ops = &ops;
	made->tx.kind = WT_TX_RING;
	made->tx.fd = -1;
	rc = wt_tx_packet_socket(&made->tx, config, err);
	if (!rc)
		rc = map_ring(made, err);
	return wt_tx_finish(tx, &made->tx, rc, err);
}
