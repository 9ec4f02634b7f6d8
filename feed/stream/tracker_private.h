/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_TRACKER_PRIVATE_H
#define WIRETAPE_FEED_STREAM_TRACKER_PRIVATE_H

/* Parts of the tracker: tracker.c finds a packet's stream, stream.c and its parts follow the
 * numbers, stream_table.c holds the streams, tracker_state.c saves and loads them. Not installed.
 */

#include <wiretape/feed/stream/header_reader.h>
#include <wiretape/feed/stream/sequence.h>
#include <wiretape/feed/stream/tracker.h>

enum {
	WT_STREAM_NONE = UINT32_MAX,
	WT_TRACKER_RECORDS = 512, /* handed out together */
};

/* Flags of a stream; any but WT_STREAM_PAIR takes a packet off the hot path. */
enum {
	WT_STREAM_PAIR = 1,      /* arrivals are reported */
	WT_STREAM_UNSTARTED = 2, /* no number yet */
	WT_STREAM_FRESH = 4,     /* no second packet yet in this run */
	WT_STREAM_CANDIDATE = 8, /* numbers that may be a restart are held */
	WT_STREAM_SILENT = 16,
	WT_STREAM_ENDED = 32,
	WT_STREAM_OTHER_KIND = 64, /* a loop, retransmissions */
	WT_STREAM_LOADED = 128,    /* from a state, and not seen in this run */
	WT_STREAM_ANYWHERE = 256,  /* after a reset that gives no number to go on with */
};

/* The hot half of a stream, which is its slot of the table. */
struct wt_stream {
	uint64_t place; /* interface, side and the header's channel, see wt_stream_place(); 0: none
	                 */
	uint64_t session;
	uint64_t next;   /* extended */
	uint64_t base;   /* the wire's number plus this is `next`, if in order */
	int64_t last_ns; /* of the last packet that showed how far numbers have come */
	uint64_t last_order;
	uint64_t packets;
	uint32_t number;
	uint16_t most; /* numbers in a packet; UINT16_MAX: at least, see the other half */
	uint16_t flags;
};
_Static_assert(sizeof(struct wt_stream) == 64, "one cache line");

/* Numbers far from the expected ones, held until another packet confirms them. */
struct wt_stream_candidate {
	uint64_t first, next; /* extended for a jump, else as on the wire */
	int64_t stamp_ns;
	uint64_t order;
	uint8_t what;          /* enum wt_feed_what, of the first packet */
	bool jump;             /* over numbers of the same run: a gap; else a restart */
	uint16_t seen, needed; /* packets */
	bool signalled;
	bool copied; /* all of it may be a repetition */
	bool known;  /* unconfirmed, they count as duplicates */
	bool ahead;  /* unconfirmed, they count as wild; else too late */
};

/* The half that is rarely needed. */
struct wt_stream_rest {
	struct wt_sequence sequence; /* of this run of numbers; lags the hot half in order */
	struct {
		uint64_t expected, received, missing, recovered, duplicates, too_late, gaps;
	} past; /* runs */
	struct wt_stream_candidate candidate;
	struct {
		uint64_t next;
		int64_t at_ns; /* when it ended */
		bool known;
	} old;              /* the previous run, whose packets may still come */
	bool run_signalled; /* this run began with a reset by the transport */
	bool run_whole;     /* loops: seen from its start */
	bool seen;          /* in this run of the program */
	uint64_t late, wild, again, resets, unsequenced, heartbeats;
	uint64_t cycles, complete_cycles;
	int64_t late_most_ns;
	int64_t first_ns, any_ns; /* of packets without a number, too */
	uint64_t any_order;
	uint32_t most;
	uint32_t before;                /* the previous stream of the channel, on any side */
	uint32_t replaces, replaced_by; /* the streams of the sessions before and after */
	uint32_t since_replaced;        /* packets with data */
	char key[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
};

struct wt_stream_table {
	struct wt_stream *slots;
	uint32_t mask;
	struct wt_stream_rest *rest; /* by number */
	uint32_t *slot_of;           /* by number */
	uint32_t *heads;             /* of lists of streams of the same channel */
	uint32_t count, room;
};

/* A line of a state; `used`: its interface is there, and it has become a stream. */
struct wt_state_line {
	size_t offset, bytes;
	bool ended;
	bool used;
};

/* A loaded state, until its interfaces are announced. */
struct wt_loaded_state {
	char *text;
	struct wt_state_line *lines;
	size_t count;
};

struct wt_tracker {
	const struct wt_feed_channels *channels;
	struct wt_header_reader reader;
	struct wt_stream_table streams;
	struct wt_tracker_totals lanes; /* of the packets that lanes have read */
	uint64_t table_full;
	void (*take)(void *context, const struct wt_feed_record *records, size_t count);
	void *context;
	size_t record_count;
	struct wt_feed_record *records;
	struct wt_loaded_state loaded;
	bool told[WT_SIDE_INTERFACES];
	char names[WT_SIDE_INTERFACES][WT_FEED_INTERFACE_BYTES];
};

/* A header on its way to its stream. */
struct wt_arrival {
	const struct wt_feed_header *header;
	int64_t stamp_ns;
	uint64_t order;
	uint32_t interface;
	uint32_t side; /* its number in the table of sides */
	/* For the names of its channel and session: these, or the payload; both may be NULL. */
	const struct wt_sighting_names *names;
	const uint8_t *payload;
	size_t payload_bytes;
};

static inline uint32_t wt_place_interface(uint64_t place)
{
	return (uint32_t)(place >> 56);
}

static inline uint32_t wt_place_side(uint64_t place)
{
	return (uint32_t)(place >> 32 & 0xffffff) - 1;
}

/* Whether a side carries retransmissions: any numbers that were requested, which make no run. */
static inline bool wt_side_retransmits(const struct wt_side *side)
{
	return side->side == WT_FEED_R || side->kind == WT_FEED_RETRANSMISSION;
}

int wt_stream_table_init(struct wt_stream_table *table, uint32_t room);
void wt_stream_table_fini(struct wt_stream_table *table);

/* Add a stream that is not there yet; NULL: no room. */
struct wt_stream *wt_stream_add(struct wt_stream_table *table, uint64_t place, uint64_t session,
                                uint32_t channel);

/* Find the newest stream of a channel and header's channel; rest.before leads to the others. */
uint32_t wt_stream_newest(const struct wt_stream_table *table, uint32_t channel,
                          uint32_t header_channel);

enum { WT_STREAM_PROBES = 256 };

/* Find a stream, or NULL. */
static inline struct wt_stream *wt_stream_find(const struct wt_stream_table *table, uint64_t place,
                                               uint64_t session, uint32_t hash)
{
	for (uint32_t i = 0; i < WT_STREAM_PROBES; i++) {
		struct wt_stream *stream = &table->slots[(hash + i) & table->mask];

		if (stream->place == place && stream->session == session)
			return stream;
		if (!stream->place)
			return NULL;
	}
	return NULL;
}

static inline struct wt_stream *wt_stream_at(const struct wt_stream_table *table, uint32_t number)
{
	return &table->slots[table->slot_of[number]];
}

void wt_tracker_hand_out(struct wt_tracker *tracker);

static inline struct wt_feed_record *wt_tracker_record(struct wt_tracker *tracker)
{
	if (tracker->record_count == WT_TRACKER_RECORDS)
		wt_tracker_hand_out(tracker);
	return &tracker->records[tracker->record_count++];
}

/* Take a header that is not simply the next in order; stream NULL: not there yet. */
void wt_stream_rare(struct wt_tracker *tracker, struct wt_stream *stream,
                    const struct wt_arrival *arrival);

/* Note that a stream is silent; see wt_tracker_tick(). */
void wt_stream_silent(struct wt_tracker *tracker, struct wt_stream *stream, int64_t now_ns);

/* Flags of a side's streams by their kind. */
uint16_t wt_stream_kind_flags(const struct wt_side *side);

/* Create the loaded streams of an interface that was announced. */
void wt_tracker_state_interface(struct wt_tracker *tracker, uint32_t interface);
void wt_tracker_state_fini(struct wt_tracker *tracker);

static inline void wt_stream_report_arrival(struct wt_tracker *tracker,
                                            const struct wt_stream *stream, int64_t stamp_ns,
                                            uint64_t order, uint64_t first, uint64_t end)
{
	*wt_tracker_record(tracker) = (struct wt_feed_record){
	        .kind = WT_RECORD_ARRIVAL,
	        .stream = stream->number,
	        .first = first,
	        .end = end,
	        .stamp_ns = stamp_ns,
	        .order = order,
	};
}

/* Whether this is unmarked data: the header's bytes from `what` on are 0 but for `has_number`. */
static inline bool wt_header_is_plain(const struct wt_feed_header *header)
{
	static const uint8_t mask[4] = {0xff, 0, 0xff, 0xff};
	uint32_t marks, relevant;

	_Static_assert(WT_FEED_DATA == 0 && offsetof(struct wt_feed_header, restarts) ==
	                                            offsetof(struct wt_feed_header, what) + 3,
	               "the four of them are looked at together");
	memcpy(&marks, &header->what, sizeof(marks));
	memcpy(&relevant, mask, sizeof(relevant));
	return !(marks & relevant);
}

/* The hot path, for numbers in order of a live stream. False: not one of those. */
static inline bool wt_stream_take(struct wt_tracker *tracker, struct wt_stream *stream,
                                  const struct wt_feed_header *header, uint64_t silent_ns,
                                  int64_t stamp_ns, uint64_t order)
{
	uint64_t first = stream->next;

	if (stream->base + header->first != first || stream->flags & ~WT_STREAM_PAIR ||
	    !wt_header_is_plain(header) || header->count > stream->most ||
	    (uint64_t)stamp_ns - (uint64_t)stream->last_ns > silent_ns)
		return false;
	stream->next = first + header->count;
	stream->last_ns = stamp_ns;
	stream->last_order = order;
	stream->packets++;
	if (stream->flags)
		wt_stream_report_arrival(tracker, stream, stamp_ns, order, first, stream->next);
	return true;
}

/* Take a header without its frame. */
static inline void wt_tracker_header(struct wt_tracker *tracker, const struct wt_arrival *arrival)
{
	const struct wt_feed_header *header = arrival->header;
	uint64_t place = wt_stream_place(arrival->interface, arrival->side, header->channel);
	struct wt_stream *stream = wt_stream_find(&tracker->streams, place, header->session,
	                                          wt_stream_hash(place, header->session));

	if (!stream || !wt_stream_take(tracker, stream, header,
	                               tracker->reader.sides.sides[arrival->side].silent_ns,
	                               arrival->stamp_ns, arrival->order))
		wt_stream_rare(tracker, stream, arrival);
}

#endif
