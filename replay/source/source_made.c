/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/source_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <wiretape/packet/udp_packet.h>

enum {
	LINE_BYTES = 64, /* a frame starts on a cache line of its own */
	LINKTYPE_ETHERNET = 1,
};

/* Packets that somebody else makes, in the sender's thread right before they are sent: each slot
 * has memory for a frame, which is taken again once that was sent. */
struct made_source {
	struct wt_packet_source source; /* first */
	const struct wt_made *made;
	struct wt_queued_packet *slots;
	uint8_t *frames;
	size_t slot_count; /* a power of two */
	size_t stride;
	uint64_t taken;
	uint64_t released;
	uint64_t limit;
	int end; /* 1: that was all; or a negative errno */
};

static bool take(struct made_source *made)
{
	size_t number = made->taken & (made->slot_count - 1);
	struct wt_queued_packet *packet = &made->slots[number];
	struct wt_packet_source *source = &made->source;
	int bytes;

	if (made->end || made->taken >= made->limit)
		return false;
	packet->data = made->frames + number * made->stride;
	bytes = made->made->next(made->made->context, packet->data, &packet->stamp_ns,
	                         &packet->port);
	if (bytes <= 0) {
		made->end = bytes ? bytes : 1;
		return false;
	}
	packet->caplen = packet->len = (uint32_t)bytes;
	packet->number = made->taken++;
	packet->due_ns =
	        wt_schedule_next(&source->counts.schedule, packet->stamp_ns, packet->caplen);
	source->counts.read++;
	/* The sender's thread writes, the collector's reads: only to be shown. */
	__atomic_store_n(&source->progress.packets, made->taken, __ATOMIC_RELAXED);
	__atomic_store_n(&source->progress.last_due_ns, packet->due_ns, __ATOMIC_RELAXED);
	return true;
}

static int made_fill(struct wt_packet_source *source, const int *stop)
{
	(void)source;
	(void)stop;
	return 0;
}

static size_t made_peek(struct wt_packet_source *source, struct wt_queued_packet **packets,
                        size_t max)
{
	struct made_source *made = (struct made_source *)source;
	size_t count;

	if (max > made->slot_count)
		max = made->slot_count;
	while (made->taken - made->released < max && take(made))
		;
	count = made->taken - made->released < max ? made->taken - made->released : max;
	for (size_t i = 0; i < count; i++)
		packets[i] = &made->slots[(made->released + i) & (made->slot_count - 1)];
	return count;
}

static void made_release(struct wt_packet_source *source, size_t count)
{
	struct made_source *made = (struct made_source *)source;

	assert(count <= made->taken - made->released);
	made->released += count;
}

static bool made_ended(struct wt_packet_source *source, int *error)
{
	const struct made_source *made = (const struct made_source *)source;

	*error = made->end < 0 ? made->end : 0;
	if (*error)
		wt_error_set(&source->err, *error,
		             *error == -ENOBUFS ? "too many packets wait for their time: take a "
		                                  "shorter delay, or fewer a second"
		                                : "a packet could not be made");
	return made->released == made->taken && (made->end || made->taken >= made->limit);
}

static void made_finish(struct wt_packet_source *source)
{
	(void)source;
}

static void made_close(struct wt_packet_source *source)
{
	struct made_source *made = (struct made_source *)source;

	if (!made)
		return;
	free(made->slots);
	free(made->frames);
	free(made);
}

static const struct wt_packet_source_ops ops = {
        .fill = made_fill,
        .peek = made_peek,
        .release = made_release,
        .ended = made_ended,
        .finish = made_finish,
        .close = made_close,
};

static int check_port(const struct made_source *made, const struct wt_packet_source_port *port,
                      struct wt_error *err)
{
	uint32_t bytes = made->made->frame_bytes;

	if (port->link_type != LINKTYPE_ETHERNET)
		return wt_error_set(err, -ENOTSUP,
		                    "interface '%s' is not Ethernet, which generated packets are "
		                    "for; take one that is",
		                    port->interface);
	/* A tag's bytes are not for frames without one. */
	if (bytes > port->bytes_max - 4)
		return wt_error_set(err, -EMSGSIZE,
		                    "frames of up to %u B are too large for interface '%s', whose "
		                    "MTU of %u allows %u B; send smaller ones or raise it: ip link "
		                    "set %s mtu %u",
		                    bytes, port->interface, port->bytes_max - 4 - WT_ETHERNET_BYTES,
		                    port->bytes_max - 4, port->interface,
		                    bytes - WT_ETHERNET_BYTES);
	return 0;
}

static int make_slots(struct made_source *made, struct wt_error *err)
{
	uint32_t batch = made->source.config->batch;

	made->stride = (made->made->frame_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	for (made->slot_count = 1; made->slot_count < (batch ? batch : WT_REPLAYER_BATCH_DEFAULT);)
		made->slot_count *= 2;
	made->frames = aligned_alloc(LINE_BYTES, made->slot_count * made->stride);
	made->slots = calloc(made->slot_count, sizeof(*made->slots));
	if (!made->frames || !made->slots)
		return wt_error_set(err, -ENOMEM, "no memory for %zu frames of %u B",
		                    made->slot_count, made->made->frame_bytes);
	return 0;
}

int wt_packet_source_open_made(struct wt_packet_source **source,
                               const struct wt_replayer_config *config,
                               const struct wt_packet_source_port *taken, size_t count,
                               struct wt_error *err)
{
	struct made_source *made = calloc(1, sizeof(*made));
	int rc = 0;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a source");
	made->source.ops = &ops;
	made->source.config = config;
	made->source.counts.loops = 1;
	made->made = config->made;
	made->limit = config->count ? config->count : UINT64_MAX;
	wt_schedule_init(&made->source.counts.schedule, &config->schedule);
	for (size_t i = 0; i < count && !rc; i++) {
		made->source.ports[i] = taken[i];
		rc = check_port(made, &taken[i], err);
	}
	if (!rc)
		rc = make_slots(made, err);
	if (rc)
		made_close(&made->source);
	else
		*source = &made->source;
	return rc;
}
