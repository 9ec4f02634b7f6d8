/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/load/feed_load.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/udp_packet.h>

#define SECOND_NS    INT64_C(1000000000)
#define DELAY_MAX_NS (60 * SECOND_NS)

enum {
	FRAME_MIN = 60,
	MESSAGE_BYTES = 32,
	CONTROL_BYTES = 256, /* room for any payload without data */
	PAYLOAD_MAX = WT_FEED_LOAD_FRAME_MAX - WT_UDP_HEADER_BYTES,
	REORDER_BY = 3,
	HEAP_ROOM = 64,
};
/* Sort delayed packets after others due at the same time. */
#define LATER (UINT64_C(1) << 63)

/* A packet that waits for its time. */
struct waiting {
	int64_t at_ns;
	uint64_t order;
	int64_t sent_ns;
	uint64_t number; /* header.first, extended */
	struct wt_feed_header header;
	uint32_t stream;
	uint8_t side;
	bool again;
};

struct stream {
	uint64_t next; /* number */
	uint64_t made; /* packets of data */
	uint64_t session;
	uint32_t channel;
	uint32_t sessions; /* begun */
	bool was_reset;
	bool restarts; /* the next packet carries the restart */
	struct wt_feed_load_truth truth[WT_FEED_SIDES];
};

/* Abilities of the transport. */
struct ability {
	bool session, channel, again, restarts, end, end_number, heartbeat, heartbeat_number;
	bool reset, reset_new_session, reset_anywhere;
	bool reset_has_number; /* of its own: the first */
};

struct wt_feed_load {
	struct wt_feed_load_config config;
	struct wt_feed_faults no_faults;
	struct ability can;
	struct stream *streams;
	uint64_t begins_at;
	uint64_t largest; /* number on the wire */
	uint32_t live_sides;
	uint32_t frame_most;
	uint64_t turn, turns; /* packets of data so far, and in all, of a side */
	bool is_over;         /* the last packet was made */
	struct waiting *heap;
	size_t count, room;
	uint64_t order;
	uint8_t scratch[PAYLOAD_MAX];
};

/* splitmix64 */
static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15u;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

/* Draw a random number for one purpose, independent of all other draws. */
static uint64_t dice(const struct wt_feed_load *load, uint32_t stream, uint64_t packet,
                     unsigned purpose)
{
	return mix(mix(mix(load->config.seed + purpose) + stream) + packet);
}

static uint64_t on_wire(const struct wt_feed_load *load, uint64_t number)
{
	if (load->largest == UINT64_MAX)
		return number;
	if (load->config.preset->rolls_to)
		return number ? (number - 1) % load->largest + 1 : 0;
	return number & load->largest;
}

/* Count of numbers from this one up to the largest on the wire. */
static uint64_t before_roll(const struct wt_feed_load *load, uint64_t number)
{
	uint64_t left = load->largest - on_wire(load, number);

	return left == UINT64_MAX ? left : left + 1;
}

static int64_t time_of(const struct wt_feed_load *load, uint64_t turn)
{
	unsigned __int128 ns =
	        (unsigned __int128)turn * load->live_sides * SECOND_NS / load->config.pps;

	if (ns > (unsigned __int128)(INT64_MAX - DELAY_MAX_NS - load->config.start_ns))
		return INT64_MAX - DELAY_MAX_NS;
	return load->config.start_ns + (int64_t)ns;
}

static bool is_before(const struct waiting *a, const struct waiting *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void swap(struct waiting *a, struct waiting *b)
{
	struct waiting c = *a;

	*a = *b;
	*b = c;
}

static int grow_heap(struct wt_feed_load *load)
{
	size_t room = load->room ? 2 * load->room : HEAP_ROOM;
	struct waiting *grown;

	if (load->count < load->room)
		return 0;
	if (room > WT_FEED_LOAD_WAITING_MAX)
		return -ENOBUFS;
	grown = realloc(load->heap, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	load->heap = grown;
	load->room = room;
	return 0;
}

static int push(struct wt_feed_load *load, struct waiting packet, bool later)
{
	size_t at = load->count;
	int failed = grow_heap(load);

	if (failed)
		return failed;
	packet.order = load->order++ | (later ? LATER : 0);
	load->heap[load->count++] = packet;
	for (; at && is_before(&load->heap[at], &load->heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&load->heap[at], &load->heap[(at - 1) / 2]);
	return 0;
}

static struct waiting pop(struct wt_feed_load *load)
{
	struct waiting first = load->heap[0];
	size_t at = 0, child;

	load->heap[0] = load->heap[--load->count];
	while ((child = 2 * at + 1) < load->count) {
		if (child + 1 < load->count &&
		    is_before(&load->heap[child + 1], &load->heap[child]))
			child++;
		if (!is_before(&load->heap[child], &load->heap[at]))
			break;
		swap(&load->heap[at], &load->heap[child]);
		at = child;
	}
	return first;
}

/* Write a payload for a frame of the requested size, as far as its messages can fill it. */
static int write_payload(const struct wt_feed_load *load, uint8_t *payload, size_t room,
                         const struct wt_feed_header *header, int64_t sent_ns)
{
	const struct wt_preset *preset = load->config.preset;
	int64_t wanted = (int64_t)load->config.frame_bytes - WT_UDP_HEADER_BYTES;
	int64_t least = header->count * (int64_t)MESSAGE_BYTES;
	int bytes = wt_preset_write(preset, payload, room, header, (size_t)least, sent_ns);
	int64_t body;

	if (bytes < 0 || !header->count || !load->config.frame_bytes || bytes == wanted)
		return bytes;
	body = least + wanted - bytes;
	for (;;) {
		bytes = wt_preset_write(preset, payload, room, header, body > 0 ? (size_t)body : 0,
		                        sent_ns);
		if (bytes != -EMSGSIZE || body <= least)
			return bytes;
		body = least + (body - least) / 2;
	}
}

static struct wt_udp_flow flow_of(const struct wt_feed_load *load, const struct waiting *packet)
{
	static const uint8_t no_mac[6], default_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
	const struct wt_feed_load_side *side = &load->config.sides[packet->side];
	const uint8_t *ip = side->address.ip;
	struct wt_udp_flow flow = {
	        .source = side->source ? side->source : 0xc0000201, /* 192.0.2.1 */
	        .group = ((uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 |
	                  ip[3]) +
	                 packet->stream,
	        .source_port = side->address.port,
	        .port = side->address.port,
	        .ttl = 1,
	};

	memcpy(flow.source_mac,
	       memcmp(side->source_mac, no_mac, 6) ? side->source_mac : default_mac, 6);
	return flow;
}

static void note_packet(struct wt_feed_load_truth *truth, const struct waiting *packet)
{
	switch (packet->header.what) {
	case WT_FEED_HEARTBEAT:
		truth->heartbeats++;
		break;
	case WT_FEED_END:
		truth->ends++;
		break;
	case WT_FEED_DATA:
		truth->packets++;
		break;
	default:
		break;
	}
}

static int write_frame(struct wt_feed_load *load, const struct waiting *waiting, uint8_t *frame,
                       struct wt_feed_load_packet *packet)
{
	struct wt_udp_flow flow = flow_of(load, waiting);
	int bytes = write_payload(load, frame + WT_UDP_HEADER_BYTES,
	                          load->frame_most - WT_UDP_HEADER_BYTES, &waiting->header,
	                          waiting->sent_ns);
	int failed;

	if (bytes < 0)
		return bytes;
	failed = wt_udp_build(frame, &flow, (uint16_t)waiting->number, (size_t)bytes);
	if (failed)
		return failed;
	bytes += WT_UDP_HEADER_BYTES;
	if (bytes < FRAME_MIN)
		memset(frame + bytes, 0, (size_t)(FRAME_MIN - bytes));
	note_packet(&load->streams[waiting->stream].truth[waiting->side], waiting);
	*packet = (struct wt_feed_load_packet){
	        .at_ns = waiting->at_ns,
	        .stream = waiting->stream,
	        .side = (enum wt_feed_side)waiting->side,
	        .what = waiting->header.what,
	        .first = waiting->number,
	        .count = waiting->header.count,
	        .again = waiting->again,
	        .frame_bytes = (uint32_t)(bytes < FRAME_MIN ? FRAME_MIN : bytes),
	};
	return 1;
}

static bool uses(const struct wt_feed_load *load, int side)
{
	return load->config.sides[side].address.used;
}

static const struct wt_feed_choice *choice_of(const struct wt_feed_load *load,
                                              enum wt_feed_fault fault, int side)
{
	const struct wt_feed_faults *faults = load->config.faults;

	return &(faults ? faults : &load->no_faults)->of[fault][side];
}

/* Whether a packet has a fault on a side; faults of all sides share their dice. */
static bool has_fault(const struct wt_feed_load *load, uint32_t stream, uint64_t number,
                      enum wt_feed_fault fault, int side)
{
	uint64_t packet = load->streams[stream].made;

	for (int whose = side;; whose = WT_FEED_ALL_SIDES) {
		unsigned purpose = 16 + 4 * (unsigned)fault + (unsigned)whose;

		if (wt_feed_choice_has(choice_of(load, fault, whose), number,
		                       dice(load, stream, packet, purpose)))
			return true;
		if (whose == WT_FEED_ALL_SIDES)
			return false;
	}
}

static struct waiting packet_of(const struct wt_feed_load *load, uint32_t stream, int side,
                                enum wt_feed_what what, uint64_t number, int64_t at_ns)
{
	const struct stream *from = &load->streams[stream];

	return (struct waiting){
	        .at_ns = at_ns + load->config.sides[side].delay_ns,
	        .sent_ns = at_ns,
	        .number = number,
	        .header =
	                {
	                        .session = from->session,
	                        .first = on_wire(load, number),
	                        .channel = from->channel,
	                        .what = (uint8_t)what,
	                        .body = (uint16_t)stream,
	                },
	        .stream = stream,
	        .side = (uint8_t)side,
	};
}

/* Push a packet without data, on A and B. */
static int push_control(struct wt_feed_load *load, uint32_t stream, enum wt_feed_what what,
                        bool has_number, int64_t at_ns)
{
	int failed = 0;

	for (int side = WT_FEED_A; side < WT_FEED_R && !failed; side++) {
		struct waiting packet =
		        packet_of(load, stream, side, what, load->streams[stream].next, at_ns);

		packet.header.has_number = has_number;
		packet.header.anywhere = what == WT_FEED_RESET && load->can.reset_anywhere;
		if (what != WT_FEED_RESET && !has_number)
			packet.header.first = 0;
		if (uses(load, side))
			failed = push(load, packet, false);
	}
	return failed;
}

static int push_heartbeat(struct wt_feed_load *load, uint32_t stream, int64_t at_ns)
{
	return push_control(load, stream, WT_FEED_HEARTBEAT, load->can.heartbeat_number, at_ns);
}

static int push_end(struct wt_feed_load *load, uint32_t stream, int64_t at_ns)
{
	if (!load->can.end)
		return 0;
	return push_control(load, stream, WT_FEED_END, load->can.end_number, at_ns);
}

static void skip_numbers(struct wt_feed_load *load, struct stream *stream, uint64_t count)
{
	for (int side = WT_FEED_A; side < WT_FEED_R; side++)
		if (uses(load, side))
			stream->truth[side].skipped += count;
	stream->next += count;
}

static int reset(struct wt_feed_load *load, uint32_t number, int64_t at_ns)
{
	struct stream *stream = &load->streams[number];

	stream->was_reset = true;
	stream->next = load->config.reset_to + load->can.reset_has_number;
	for (int side = WT_FEED_A; side < WT_FEED_R; side++)
		stream->truth[side].resets++;
	if (load->can.session && (!load->can.reset || load->can.reset_new_session))
		stream->session++;
	stream->restarts = !load->can.reset && load->can.restarts;
	return load->can.reset ? push_control(load, number, WT_FEED_RESET, false, at_ns) : 0;
}

/* Pass numbers that are never sent, and reset where that is due. */
static int settle_number(struct wt_feed_load *load, uint32_t number, int64_t at_ns)
{
	const struct wt_feed_choice *skip = choice_of(load, WT_FAULT_SKIP, WT_FEED_ALL_SIDES);
	const uint64_t reset_at = load->config.reset_at;
	struct stream *stream = &load->streams[number];

	for (;;) {
		bool is_reset_due = reset_at && !stream->was_reset;
		uint64_t to;

		if (is_reset_due && stream->next >= reset_at) {
			int failed = reset(load, number, at_ns);

			if (failed)
				return failed;
			continue;
		}
		/* Side R has them all. */
		if (uses(load, WT_FEED_R) || !wt_feed_choice_ranges_have(skip, stream->next))
			return 0;
		to = wt_feed_choice_edge(skip, stream->next);
		if (is_reset_due && stream->next < reset_at && to > reset_at)
			to = reset_at;
		skip_numbers(load, stream, to - stream->next);
	}
}

/* Begin the next session after a session's number of packets. */
static int settle_session(struct wt_feed_load *load, uint32_t number, int64_t at_ns)
{
	struct stream *stream = &load->streams[number];
	const struct wt_feed_load_config *config = &load->config;
	uint64_t packets = (load->turns + config->streams - 1) / config->streams;
	int failed;

	if (config->sessions < 2 || stream->sessions == config->sessions ||
	    stream->made < packets * stream->sessions / config->sessions)
		return 0;
	failed = push_end(load, number, at_ns);
	stream->sessions++;
	stream->session++;
	stream->next = load->config.first_number;
	for (int side = WT_FEED_A; side < WT_FEED_R; side++)
		stream->truth[side].resets++;
	return failed;
}

/* Choose a packet's message count at random, not across an edge of a fault's ranges. */
static uint32_t count_messages(const struct wt_feed_load *load, uint32_t number)
{
	const struct wt_feed_load_config *config = &load->config;
	const struct stream *stream = &load->streams[number];
	uint64_t span = config->messages_max - config->messages_min + 1;
	uint64_t count = config->messages_min + dice(load, number, stream->made, 0) % span;
	uint64_t most = before_roll(load, stream->next);

	for (int fault = 0; fault < WT_FAULTS; fault++)
		for (int side = 0; side <= WT_FEED_ALL_SIDES; side++) {
			uint64_t edge = wt_feed_choice_edge(
			        choice_of(load, (enum wt_feed_fault)fault, side), stream->next);

			if (edge - stream->next < most)
				most = edge - stream->next;
		}
	if (config->reset_at > stream->next && config->reset_at - stream->next < most)
		most = config->reset_at - stream->next;
	return (uint32_t)(count < most ? count : most);
}

/* Push a packet on A or B with its faults. */
static int push_data(struct wt_feed_load *load, struct waiting packet)
{
	const struct wt_feed_faults *faults = load->config.faults;
	struct wt_feed_load_truth *truth = &load->streams[packet.stream].truth[packet.side];
	bool late = has_fault(load, packet.stream, packet.number, WT_FAULT_REORDER, packet.side);
	bool twice = has_fault(load, packet.stream, packet.number, WT_FAULT_DUPLICATE, packet.side);
	int failed;

	truth->numbers += packet.header.count;
	if (late) {
		uint32_t by = faults->reorder_by ? faults->reorder_by : REORDER_BY;

		truth->reordered++;
		packet.at_ns = time_of(load, load->turn + (uint64_t)by * load->config.streams) +
		               load->config.sides[packet.side].delay_ns;
	}
	failed = push(load, packet, late);
	if (failed || !twice)
		return failed;
	truth->duplicates++;
	packet.again = true;
	return push(load, packet, late);
}

static int push_retransmission(struct wt_feed_load *load, struct waiting packet)
{
	struct stream *stream = &load->streams[packet.stream];

	packet.again = true;
	packet.header.again = load->can.again;
	packet.header.restarts = false;
	stream->truth[WT_FEED_R].numbers += packet.header.count;
	return push(load, packet, false);
}

/* Push a packet to all sides that do not lose it. */
static int push_sides(struct wt_feed_load *load, uint32_t number, uint32_t count, int64_t at_ns)
{
	struct stream *stream = &load->streams[number];
	bool is_lost = false;
	int failed = 0;

	for (int side = WT_FEED_A; side <= WT_FEED_R && !failed; side++) {
		struct waiting packet =
		        packet_of(load, number, side, WT_FEED_DATA, stream->next, at_ns);

		packet.header.count = count;
		packet.header.restarts = stream->restarts;
		if (!uses(load, side))
			continue;
		if (side == WT_FEED_R) {
			failed = is_lost ? push_retransmission(load, packet) : 0;
		} else if (has_fault(load, number, stream->next, WT_FAULT_SKIP, side)) {
			is_lost = true;
			stream->truth[side].skipped += count;
		} else {
			failed = push_data(load, packet);
		}
	}
	stream->restarts = false;
	return failed;
}

/* Push heartbeats for the silence until the stream's next packet, one after its last. */
static int push_heartbeats(struct wt_feed_load *load, uint32_t stream, int64_t at_ns)
{
	const int64_t every_ns = load->config.heartbeat_ns;
	int64_t next_ns = time_of(load, load->turn + load->config.streams);
	int failed = 0;

	if (!every_ns || load->turns - load->turn <= load->config.streams)
		return 0;
	for (at_ns += every_ns; at_ns < next_ns && !failed; at_ns += every_ns)
		failed = push_heartbeat(load, stream, at_ns);
	return failed;
}

static int make_packet(struct wt_feed_load *load)
{
	uint32_t number = (uint32_t)(load->turn % load->config.streams), count;
	struct stream *stream = &load->streams[number];
	int64_t at_ns = time_of(load, load->turn);
	int failed = settle_session(load, number, at_ns);

	if (!failed)
		failed = settle_number(load, number, at_ns);
	if (failed)
		return failed;
	count = count_messages(load, number);
	failed = push_sides(load, number, count, at_ns);
	stream->next += count;
	stream->made++;
	if (!failed)
		failed = push_heartbeats(load, number, at_ns);
	load->turn++;
	return failed;
}

/* End all streams so that numbers missing at their ends show. */
static int make_ends(struct wt_feed_load *load)
{
	const struct wt_feed_load_config *config = &load->config;
	int64_t at_ns = time_of(load, load->turn);
	bool says_more = config->heartbeat_ns || (config->sessions && load->can.end);
	int failed = 0;

	load->is_over = true;
	for (uint32_t i = 0; i < config->streams && says_more && !failed; i++) {
		failed = settle_number(load, i, at_ns);
		if (!failed && config->heartbeat_ns)
			failed = push_heartbeat(load, i, at_ns + config->heartbeat_ns);
		if (!failed && config->sessions)
			failed = push_end(load, i, at_ns + config->heartbeat_ns);
	}
	return failed;
}

int wt_feed_load_next(struct wt_feed_load *load, uint8_t *frame, struct wt_feed_load_packet *packet)
{
	struct waiting waiting;
	int failed;

	for (;;) {
		bool goes_on = load->turn < load->turns;

		if (goes_on && (!load->count || load->heap[0].at_ns >= time_of(load, load->turn)))
			failed = make_packet(load);
		else if (!goes_on && !load->is_over)
			failed = make_ends(load);
		else
			break;
		if (failed)
			return failed;
	}
	if (!load->count)
		return 0;
	waiting = pop(load);
	return write_frame(load, &waiting, frame, packet);
}

static bool can_say(struct wt_feed_load *load, const struct wt_feed_header *header)
{
	return wt_preset_write(load->config.preset, load->scratch, sizeof(load->scratch), header, 0,
	                       load->config.start_ns) > 0;
}

/* Make a header of the first stream. */
static struct wt_feed_header header_of(const struct wt_feed_load *load, enum wt_feed_what what)
{
	return (struct wt_feed_header){
	        .session = load->can.session,
	        .channel = load->can.channel,
	        .first = on_wire(load, load->config.first_number),
	        .count = what == WT_FEED_DATA,
	        .what = (uint8_t)what,
	};
}

/* Find which of sessions and channels the transport has. */
static bool find_stream(struct wt_feed_load *load)
{
	for (unsigned way = 0; way < 4; way++) {
		struct wt_feed_header header;

		load->can.session = !(way & 1);
		load->can.channel = !(way & 2);
		header = header_of(load, WT_FEED_DATA);
		if (can_say(load, &header))
			return true;
	}
	return false;
}

static bool find_numbered(struct wt_feed_load *load, enum wt_feed_what what, bool *has_number)
{
	struct wt_feed_header header = header_of(load, what);

	header.has_number = true;
	*has_number = can_say(load, &header);
	header.has_number = false;
	header.first = 0;
	return *has_number || can_say(load, &header);
}

static void find_reset(struct wt_feed_load *load)
{
	struct wt_feed_header header = header_of(load, WT_FEED_RESET);

	header.first = on_wire(load, load->config.reset_to);
	load->can.reset = can_say(load, &header);
	if (load->can.reset)
		return;
	header.first = on_wire(load, load->config.reset_to + 1);
	load->can.reset = load->can.reset_has_number = can_say(load, &header);
	if (load->can.reset)
		return;
	header.first = on_wire(load, load->config.reset_to);
	header.session++;
	load->can.reset_new_session = load->can.session && can_say(load, &header);
	header.session--;
	header.anywhere = true;
	load->can.reset_anywhere = !load->can.reset_new_session && can_say(load, &header);
	load->can.reset = load->can.reset_new_session || load->can.reset_anywhere;
}

static void find_abilities(struct wt_feed_load *load)
{
	struct wt_feed_header header = header_of(load, WT_FEED_DATA);

	header.again = true;
	load->can.again = can_say(load, &header);
	header.again = false;
	header.restarts = true;
	load->can.restarts = can_say(load, &header);
	load->can.end = find_numbered(load, WT_FEED_END, &load->can.end_number);
	load->can.heartbeat = find_numbered(load, WT_FEED_HEARTBEAT, &load->can.heartbeat_number);
	find_reset(load);
}

static void complete(struct wt_feed_load *load)
{
	struct wt_feed_load_config *config = &load->config;
	const struct wt_preset *preset = config->preset;

	load->largest =
	        preset->number_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << preset->number_bits) - 1;
	load->begins_at = preset->begins_at == UINT64_MAX ? 1 : preset->begins_at;
	if (!config->streams)
		config->streams = 1;
	if (!config->pps)
		config->pps = 10000;
	if (!config->messages_min)
		config->messages_min = 1;
	if (!config->messages_max)
		config->messages_max = config->messages_min;
	if (!config->first_number)
		config->first_number = load->begins_at;
	if (!config->reset_to)
		config->reset_to = config->first_number;
	load->live_sides = 1 + uses(load, WT_FEED_B);
	load->turns = config->packets ? config->packets / load->live_sides +
	                                        (config->packets % load->live_sides != 0)
	                              : UINT64_MAX;
}

static uint32_t group_of(const struct wt_feed_address *address)
{
	return (uint32_t)address->ip[0] << 24 | (uint32_t)address->ip[1] << 16 |
	       (uint32_t)address->ip[2] << 8 | address->ip[3];
}

static int check_side(const struct wt_feed_load_config *config, int side, struct wt_error *err)
{
	const struct wt_feed_address *address = &config->sides[side].address;
	char text[WT_FEED_INTERFACE_BYTES + 64];
	uint64_t last = (uint64_t)group_of(address) + config->streams - 1;

	wt_feed_address_text(address, text, sizeof(text));
	if (address->is_ipv6 || group_of(address) >> 28 != 0xe)
		return wt_error_set(err, -EINVAL,
		                    "side %s: %s is no IPv4 multicast group; take one from "
		                    "224.0.0.0 to 239.255.255.255",
		                    wt_feed_side_name((enum wt_feed_side)side), text);
	if (last >> 28 != 0xe)
		return wt_error_set(
		        err, -EINVAL, "side %s: from %s on there are no groups for %u streams",
		        wt_feed_side_name((enum wt_feed_side)side), text, config->streams);
	if (config->sides[side].delay_ns < 0 || config->sides[side].delay_ns > DELAY_MAX_NS)
		return wt_error_set(err, -EINVAL, "side %s: a delay is at most a minute",
		                    wt_feed_side_name((enum wt_feed_side)side));
	return 0;
}

/* Refuse sides whose groups overlap: streams take consecutive ones. */
static int check_apart(const struct wt_feed_load_config *config, int a, int b, struct wt_error *err)
{
	const struct wt_feed_address *one = &config->sides[a].address;
	const struct wt_feed_address *two = &config->sides[b].address;
	uint32_t from = group_of(one), to = group_of(two);
	uint32_t apart = from < to ? to - from : from - to;

	if (!one->used || !two->used || one->port != two->port ||
	    strcmp(one->interface, two->interface) != 0 || apart >= config->streams)
		return 0;
	return wt_error_set(err, -EINVAL,
	                    "sides %s and %s share groups: %u streams take as many groups each; "
	                    "give them other ports, or groups that are further apart",
	                    wt_feed_side_name((enum wt_feed_side)a),
	                    wt_feed_side_name((enum wt_feed_side)b), config->streams);
}

static int check_sides(const struct wt_feed_load_config *config, struct wt_error *err)
{
	int failed = 0;

	if (!config->sides[WT_FEED_A].address.used)
		return wt_error_set(err, -EINVAL, "there is no side A");
	for (int side = 0; side < WT_FEED_SIDES && !failed; side++)
		if (config->sides[side].address.used)
			failed = check_side(config, side, err);
	if (!failed)
		failed = check_apart(config, WT_FEED_A, WT_FEED_B, err);
	if (!failed)
		failed = check_apart(config, WT_FEED_A, WT_FEED_R, err);
	return failed ? failed : check_apart(config, WT_FEED_B, WT_FEED_R, err);
}

static int check_numbers(const struct wt_feed_load_config *config, struct wt_error *err)
{
	if (config->streams > WT_FEED_LOAD_STREAMS_MAX)
		return wt_error_set(err, -EINVAL, "there are at most %d streams",
		                    WT_FEED_LOAD_STREAMS_MAX);
	if (config->messages_min > config->messages_max)
		return wt_error_set(err, -EINVAL, "from %u to %u messages are none",
		                    config->messages_min, config->messages_max);
	if (config->sessions > 1 && !config->packets)
		return wt_error_set(err, -EINVAL,
		                    "sessions are parts of all packets; say how many there are, "
		                    "with --count or --duration");
	if (config->frame_bytes > WT_FEED_LOAD_FRAME_MAX)
		return wt_error_set(err, -EINVAL, "a frame has at most %d bytes",
		                    WT_FEED_LOAD_FRAME_MAX);
	return 0;
}

static int check_transport(struct wt_feed_load *load, struct wt_error *err)
{
	const struct wt_feed_load_config *config = &load->config;
	const char *name = config->preset->name;
	struct wt_feed_header most;
	int bytes;

	if (!find_stream(load))
		return wt_error_set(err, -EINVAL, "%s has no packet with the number %llu", name,
		                    (unsigned long long)config->first_number);
	find_abilities(load);
	most = header_of(load, WT_FEED_DATA);
	most.count = config->messages_max;
	bytes = write_payload(load, load->scratch, sizeof(load->scratch), &most, config->start_ns);
	if (bytes == -EMSGSIZE)
		return wt_error_set(err, -EINVAL, "%u messages do not fit into a packet of %s",
		                    config->messages_max, name);
	if (bytes < 0)
		return wt_error_set(err, -EINVAL,
		                    "a packet of %s has no %u numbers; leave out --messages", name,
		                    config->messages_max);
	if (config->heartbeat_ns && !load->can.heartbeat)
		return wt_error_set(err, -EINVAL,
		                    "%s has no heartbeats of its own; leave out --heartbeat", name);
	if (config->sessions > 1 && !load->can.session)
		return wt_error_set(err, -EINVAL,
		                    "%s has no sessions; --reset-at makes numbers begin anew",
		                    name);
	load->frame_most =
	        WT_UDP_HEADER_BYTES + (uint32_t)(bytes > CONTROL_BYTES ? bytes : CONTROL_BYTES);
	return 0;
}

/* Channels count from 1, as far as the transport's field goes. */
static uint32_t channel_of(const struct wt_feed_load *load, uint32_t stream)
{
	unsigned bytes = load->config.preset->channel.bytes;

	if (!load->can.channel)
		return 0;
	return bytes == 1 ? 1 + stream % 255 : bytes == 2 ? 1 + stream % 65535 : 1 + stream;
}

static int make_streams(struct wt_feed_load *load, struct wt_error *err)
{
	load->streams = calloc(load->config.streams, sizeof(*load->streams));
	if (!load->streams)
		return wt_error_set(err, -ENOMEM, "no memory for %u streams", load->config.streams);
	for (uint32_t i = 0; i < load->config.streams; i++) {
		struct stream *stream = &load->streams[i];

		stream->next = load->config.first_number;
		stream->session = load->can.session;
		stream->channel = channel_of(load, i);
		stream->sessions = 1;
	}
	return 0;
}

int wt_feed_load_open(struct wt_feed_load **load, const struct wt_feed_load_config *config,
                      struct wt_error *err)
{
	struct wt_feed_load *made = calloc(1, sizeof(*made));
	int failed;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a load");
	made->config = *config;
	complete(made);
	failed = check_numbers(&made->config, err);
	if (!failed)
		failed = check_sides(&made->config, err);
	if (!failed)
		failed = check_transport(made, err);
	if (!failed)
		failed = make_streams(made, err);
	if (failed)
		wt_feed_load_close(made);
	else
		*load = made;
	return failed;
}

void wt_feed_load_close(struct wt_feed_load *load)
{
	if (!load)
		return;
	free(load->streams);
	free(load->heap);
	free(load);
}

uint32_t wt_feed_load_frame_bytes(const struct wt_feed_load *load)
{
	return load->frame_most;
}

bool wt_feed_load_address(const struct wt_feed_load *load, uint32_t stream, enum wt_feed_side side,
                          struct wt_feed_address *address)
{
	uint32_t group;

	*address = load->config.sides[side].address;
	group = group_of(address) + stream;
	for (int i = 0; i < 4; i++)
		address->ip[i] = (uint8_t)(group >> (24 - 8 * i));
	return address->used;
}

void wt_feed_load_truth(const struct wt_feed_load *load, uint32_t stream, enum wt_feed_side side,
                        struct wt_feed_load_truth *truth)
{
	*truth = load->streams[stream].truth[side];
	truth->first = load->config.first_number;
	truth->next = load->streams[stream].next;
}
