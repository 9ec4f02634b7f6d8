/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/source_private.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/udp_packet.h>

#define SECOND_NS 1000000000ll

enum {
	LINE_BYTES = 64, /* a frame starts on a cache line of its own */
	LINKTYPE_ETHERNET = 1,
};

/* MoldUDP64 packets, made in the sender's thread right before they are sent: each slot has a
 * frame that is made once and then gets one sequence number after the other. */
struct generated_source {
	struct wt_packet_source source; /* first */
	struct wt_generated settings;
	struct wt_queued_packet *slots;
	size_t slot_count; /* a power of two */
	uint8_t *frames;
	size_t stride;
	uint32_t frame_bytes;
	uint64_t made;
	uint64_t released;
	uint64_t limit;
	int64_t stamp_ns; /* of the next packet */
	uint64_t random;
	bool is_payload; /* of UDP alone */
};

/* splitmix64: any seed is a good one. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return mixed ^ (mixed >> 31);
}

static int64_t next_gap(struct generated_source *made)
{
	double share; /* in (0, 1] */
	double gap_ns;

	if (!made->settings.is_random)
		return made->settings.gap_ns;
	share = (double)((next_random(&made->random) >> 11) + 1) / 0x1p53;
	gap_ns = -log(share) * (double)made->settings.gap_ns;
	return gap_ns < 0x1p63 ? (int64_t)gap_ns : INT64_MAX;
}

static bool is_over(const struct generated_source *made)
{
	return made->made >= made->limit ||
	       (made->settings.duration_ns && made->stamp_ns >= made->settings.duration_ns);
}

static void make(struct generated_source *made)
{
	size_t number = made->made & (made->slot_count - 1);
	struct wt_queued_packet *packet = &made->slots[number];
	struct wt_packet_source *source = &made->source;
	int64_t gap_ns = next_gap(made);

	wt_mold_template_set_sequence(made->frames + number * made->stride,
	                              made->settings.sequence_start + made->made);
	packet->number = made->made++;
	packet->stamp_ns = made->stamp_ns;
	packet->due_ns = wt_schedule_next(&source->counts.schedule, made->stamp_ns, packet->caplen);
	if (__builtin_add_overflow(made->stamp_ns, gap_ns, &made->stamp_ns))
		made->stamp_ns = INT64_MAX;
	source->counts.read++;
	/* The sender's thread writes, the collector's reads: only to be shown. */
	__atomic_store_n(&source->progress.packets, made->made, __ATOMIC_RELAXED);
	__atomic_store_n(&source->progress.last_due_ns, packet->due_ns, __ATOMIC_RELAXED);
}

static void note_share(struct generated_source *made)
{
	const struct wt_generated *settings = &made->settings;
	uint32_t share = UINT32_MAX;

	if (made->limit < UINT64_MAX)
		share = (uint32_t)(1e6 * (double)made->made / (double)made->limit);
	else if (settings->duration_ns && made->stamp_ns < settings->duration_ns)
		share = (uint32_t)(1e6 * (double)made->stamp_ns / (double)settings->duration_ns);
	else if (settings->duration_ns)
		share = 1000000;
	__atomic_store_n(&made->source.progress.share_ppm, share, __ATOMIC_RELAXED);
}

static int generated_fill(struct wt_packet_source *source, const int *stop)
{
	(void)source;
	(void)stop;
	return 0;
}

static size_t generated_peek(struct wt_packet_source *source, struct wt_queued_packet **packets,
                             size_t max)
{
	struct generated_source *made = (struct generated_source *)source;
	size_t count;

	if (max > made->slot_count)
		max = made->slot_count;
	while (made->made - made->released < max && !is_over(made))
		make(made);
	count = made->made - made->released < max ? made->made - made->released : max;
	for (size_t i = 0; i < count; i++)
		packets[i] = &made->slots[(made->released + i) & (made->slot_count - 1)];
	return count;
}

static void generated_release(struct wt_packet_source *source, size_t count)
{
	struct generated_source *made = (struct generated_source *)source;

	assert(count <= made->made - made->released);
	made->released += count;
	note_share(made);
}

static bool generated_ended(struct wt_packet_source *source, int *error)
{
	const struct generated_source *made = (const struct generated_source *)source;

	*error = 0;
	return made->released == made->made && is_over(made);
}

static void generated_finish(struct wt_packet_source *source)
{
	(void)source;
}

static void generated_close(struct wt_packet_source *source)
{
	struct generated_source *made = (struct generated_source *)source;

	if (!made)
		return;
	free(made->slots);
	free(made->frames);
	free(made);
}

static int check_frame(const struct generated_source *made, struct wt_error *err)
{
	const struct wt_packet_source_port *port = &made->source.ports[0];

	if (!made->is_payload && port->link_type != LINKTYPE_ETHERNET)
		return wt_error_set(err, -ENOTSUP,
		                    "interface '%s' is not Ethernet, which generated packets are "
		                    "for; take one that is, or have replay send their payloads "
		                    "alone, with --to",
		                    port->interface);
	/* A tag's bytes are not for frames without one. */
	if (!made->is_payload && made->frame_bytes > port->bytes_max - 4)
		return wt_error_set(err, -EMSGSIZE,
		                    "a frame of %u B is too large for interface '%s', whose MTU of "
		                    "%u allows %u B; send smaller ones or raise it: ip link set %s "
		                    "mtu %u",
		                    made->frame_bytes, port->interface,
		                    port->bytes_max - 4 - WT_ETHERNET_BYTES, port->bytes_max - 4,
		                    port->interface, made->frame_bytes - WT_ETHERNET_BYTES);
	return 0;
}

static size_t power_of_two(size_t at_least)
{
	size_t count = 1;

	while (count < at_least)
		count *= 2;
	return count;
}

static int make_frames(struct generated_source *made, struct wt_error *err)
{
	const struct wt_frame_fit prepare = {made->source.config, made->source.ports,
	                                     &made->source.counts};
	uint32_t headers = made->is_payload ? WT_UDP_HEADER_BYTES : 0;
	uint32_t batch = made->source.config->batch;

	made->stride = (made->frame_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	made->slot_count = power_of_two(batch ? batch : WT_REPLAYER_BATCH_DEFAULT);
	made->frames = aligned_alloc(LINE_BYTES, made->slot_count * made->stride);
	made->slots = calloc(made->slot_count, sizeof(*made->slots));
	if (!made->frames || !made->slots)
		return wt_error_set(err, -ENOMEM, "no memory for %zu frames of %u B",
		                    made->slot_count, made->frame_bytes);
	for (size_t i = 0; i < made->slot_count; i++) {
		uint8_t *at = made->frames + i * made->stride;
		int bytes = wt_mold_template_build(&made->settings.frame, at, made->stride, err);

		if (bytes < 0)
			return bytes;
		made->slots[i].data = at + headers;
		made->slots[i].caplen = made->slots[i].len = (uint32_t)bytes - headers;
		if (made->source.config->stamp_payload)
			wt_frame_fit_stamp(&prepare, &made->slots[i],
			                   made->is_payload ? 0 : LINKTYPE_ETHERNET);
	}
	return 0;
}

static const struct wt_packet_source_ops ops = {
        .fill = generated_fill,
        .peek = generated_peek,
        .release = generated_release,
        .ended = generated_ended,
        .finish = generated_finish,
        .close = generated_close,
};

static void complete(struct wt_generated *settings)
{
	if (!settings->frame.frame_bytes)
		settings->frame.frame_bytes = WT_MOLD_FRAME_BYTES_DEFAULT;
	if (!settings->sequence_start)
		settings->sequence_start = 1;
	if (!settings->gap_ns)
		settings->gap_ns = SECOND_NS / 10000;
}

int wt_packet_source_open_generated(struct wt_packet_source **source,
                                    const struct wt_replayer_config *config,
                                    const struct wt_generated *generated,
                                    const struct wt_packet_source_port *taken, struct wt_error *err)
{
	struct generated_source *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a source");
	made->source.ops = &ops;
	made->source.config = config;
	made->source.ports[0] = *taken;
	made->source.counts.loops = 1;
	made->settings = *generated;
	complete(&made->settings);
	made->frame_bytes = made->settings.frame.frame_bytes;
	made->random = made->settings.seed;
	made->is_payload = !taken->link_type;
	made->limit = made->settings.count ? made->settings.count : UINT64_MAX;
	if (config->count && config->count < made->limit)
		made->limit = config->count;
	wt_schedule_init(&made->source.counts.schedule, &config->schedule);
	rc = check_frame(made, err);
	if (!rc)
		rc = make_frames(made, err);
	made->source.counts.stamped = 0;
	if (rc)
		generated_close(&made->source);
	else
		*source = &made->source;
	return rc;
}
