/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/stream/number_private.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/stream/tracker_private.h>

#include "support/unit.h"

/* Random histories of senders, lines that lose, double and disorder, and the tracker at their end;
 * beside it a model that knows every number: a set of those that came. */

#if defined(__SANITIZE_ADDRESS__)
enum { HISTORIES = 3000 };
#elif defined(NDEBUG)
enum { HISTORIES = 100000 };
#else
enum { HISTORIES = 20000 };
#endif

enum {
	STREAMS = 3,
	STEPS = 90,
	RUN_MOST = 2048, /* numbers of a run */
	DELAYED = 8,
	COUNT_MOST = 5,
	MS = 1000000,
};

struct packet {
	uint8_t what;
	bool again;
	uint64_t first; /* from the start of the run, never rolls over */
	uint64_t wire;
	uint32_t count;
	int run;
	int delay;
};

struct model {
	/* the sender */
	int run;
	uint64_t origin; /* the number of the wire that goes with 0 */
	uint64_t sent;
	struct packet delayed[DELAYED];
	/* the receiver */
	bool started;
	bool seen[RUN_MOST];
	uint64_t first, next;
	struct {
		uint64_t expected, received, missing, duplicates, too_late, recovered, resets;
		uint64_t wild;
	} past, now;
	/* From here on numbers of the wire are so much higher: nobody has those between. */
	uint64_t jump_at, jump;
	/* what the records say */
	uint64_t skipped, filled, restarts;
};

struct history {
	uint64_t random;
	struct wt_preset preset;
	struct wt_feed_channel channel;
	struct wt_feed_channels channels;
	struct wt_tracker *tracker;
	struct model models[STREAMS];
	int numbers[STREAMS]; /* of the tracker's streams; -1: not yet */
	uint32_t stream_count;
	int64_t now_ns;
	uint64_t order;
};

static uint64_t draw(struct history *history, uint64_t below)
{
	history->random ^= history->random << 13;
	history->random ^= history->random >> 7;
	history->random ^= history->random << 17;
	return history->random % below;
}

static bool chance(struct history *history, unsigned percent)
{
	return draw(history, 100) < percent;
}

static int stream_of(struct history *history, uint32_t number)
{
	for (int i = 0; i < STREAMS; i++)
		if (history->numbers[i] == (int)number)
			return i;
	cr_fatal("a record of a stream that has not been told of");
	return 0;
}

static void take(void *context, const struct wt_feed_record *records, size_t count)
{
	struct history *history = context;

	for (size_t i = 0; i < count; i++) {
		struct model *model;

		if (records[i].kind == WT_RECORD_STREAM)
			continue;
		model = &history->models[stream_of(history, records[i].stream)];
		if (records[i].kind == WT_RECORD_GAP)
			model->skipped += records[i].end - records[i].first;
		else if (records[i].kind == WT_RECORD_FILL)
			model->filled += records[i].end - records[i].first;
		else if (records[i].kind == WT_RECORD_RESTART)
			model->restarts++;
	}
}

static void put_number(const struct history *history, const struct model *model,
                       struct packet *packet, uint64_t number)
{
	packet->first = number;
	packet->wire = wt_number_wire(&history->preset,
	                              model->origin + number +
	                                      (number < model->jump_at ? 0 : model->jump));
	packet->run = model->run;
}

/* Through the bytes of a packet, so that heartbeats mean what the preset says. */
static void give(struct history *history, int stream, const struct packet *packet)
{
	struct wt_feed_header header = {
	        .what = packet->what,
	        .again = packet->again,
	        .first = packet->wire,
	        .count = packet->count,
	        .channel = (uint32_t)stream,
	};
	struct wt_arrival arrival = {
	        .header = &header, .stamp_ns = history->now_ns, .order = ++history->order};
	uint8_t payload[64];
	size_t used;
	int bytes;

	if (packet->what == WT_FEED_HEARTBEAT || (packet->what == WT_FEED_DATA && !packet->again)) {
		header.has_number = packet->what == WT_FEED_HEARTBEAT && history->preset.heartbeat;
		if (!header.has_number && packet->what == WT_FEED_HEARTBEAT)
			header.first = 0;
		bytes = wt_preset_write(&history->preset, payload, sizeof(payload), &header, 0, 0);
		cr_assert_gt(bytes, 0);
		cr_assert_eq(wt_preset_read(&history->preset, payload, (size_t)bytes, (size_t)bytes,
		                            &header, &used),
		             1);
	}
	wt_tracker_header(history->tracker, &arrival);
	if (history->numbers[stream] < 0)
		history->numbers[stream] = (int)history->stream_count++;
	history->now_ns += MS;
}

static void model_start(struct model *model, uint64_t first)
{
	model->started = true;
	model->first = model->next = first;
}

static void model_data(struct model *model, const struct packet *packet)
{
	for (uint64_t number = packet->first; number < packet->first + packet->count; number++) {
		if (number < model->first) {
			model->now.too_late += !packet->again;
			continue;
		}
		if (model->seen[number]) {
			model->now.duplicates += !packet->again;
			continue;
		}
		model->seen[number] = true;
		model->now.received++;
		model->now.recovered += number < model->next;
		if (number >= model->next)
			model->next = number + 1;
	}
}

/* A packet gets through. */
static void arrive(struct history *history, int stream, const struct packet *packet)
{
	struct model *model = &history->models[stream];
	bool has_number = packet->what != WT_FEED_HEARTBEAT || history->preset.heartbeat;

	give(history, stream, packet);
	if (packet->run != model->run) {
		model->past.too_late += packet->count;
		return;
	}
	if (!has_number)
		return;
	if (!model->started)
		model_start(model, packet->first);
	if (packet->what == WT_FEED_DATA)
		model_data(model, packet);
	else if (packet->first > model->next)
		model->next = packet->first;
}

/* Gaps that are open, and those that one more packet would leave. */
static int open_gaps(const struct model *model)
{
	int count = 0;

	for (uint64_t i = model->first + 1; i < model->next; i++)
		count += model->seen[i - 1] && !model->seen[i];
	return count;
}

/* One more for a jump. */
static bool may_open(const struct model *model)
{
	return open_gaps(model) < WT_SEQUENCE_GAPS - 3 - DELAYED / 2;
}

static void deliver_delayed(struct history *history, int stream, bool all)
{
	struct model *model = &history->models[stream];

	for (int i = 0; i < DELAYED; i++) {
		struct packet *packet = &model->delayed[i];

		if (!packet->delay || (!all && --packet->delay))
			continue;
		packet->delay = 0;
		arrive(history, stream, packet);
	}
}

static void delay(struct history *history, int stream, const struct packet *packet)
{
	struct model *model = &history->models[stream];

	for (int i = 0; i < DELAYED; i++) {
		if (model->delayed[i].delay)
			continue;
		model->delayed[i] = *packet;
		model->delayed[i].delay = 1 + (int)draw(history, DELAYED);
		return;
	}
	arrive(history, stream, packet);
}

static void send_data(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct packet packet = {.what = WT_FEED_DATA,
	                        .count = 1 + (uint32_t)draw(history, COUNT_MOST)};
	bool may_lose = may_open(model);

	put_number(history, model, &packet, model->sent);
	model->sent += packet.count;
	if (may_lose && chance(history, 10))
		return;
	if (may_lose && chance(history, 15)) {
		delay(history, stream, &packet);
		return;
	}
	arrive(history, stream, &packet);
	if (chance(history, 5))
		arrive(history, stream, &packet);
}

static void send_again(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct packet packet = {.what = WT_FEED_DATA, .again = true};
	uint64_t room;

	if (!model->started || model->next < model->first + COUNT_MOST)
		return;
	packet.count = 1 + (uint32_t)draw(history, COUNT_MOST);
	room = model->next - model->first - packet.count + 1;
	packet.first = model->first + draw(history, room);
	if (packet.first < model->jump_at && packet.first + packet.count > model->jump_at)
		return;
	put_number(history, model, &packet, packet.first);
	arrive(history, stream, &packet);
}

static void model_end_run(struct model *model)
{
	model->past.expected += model->next - model->first + model->jump;
	model->past.missing += model->jump;
	model->jump = model->jump_at = 0;
	model->past.received += model->now.received;
	model->past.missing += model->next - model->first - model->now.received;
	model->past.recovered += model->now.recovered;
	model->past.duplicates += model->now.duplicates;
	model->past.too_late += model->now.too_late;
	memset(&model->now, 0, sizeof(model->now));
	memset(model->seen, 0, sizeof(model->seen));
}

/* Those of a run before the last may not come after yet another. */
static void deliver_older(struct history *history, int stream)
{
	struct model *model = &history->models[stream];

	for (int i = 0; i < DELAYED; i++) {
		if (!model->delayed[i].delay || model->delayed[i].run == model->run)
			continue;
		model->delayed[i].delay = 0;
		arrive(history, stream, &model->delayed[i]);
	}
}

static bool has_jumps(const struct history *history)
{
	return history->preset.number_bits > 16;
}

/* A packet from elsewhere, far ahead. Two in a row are not near to each other. */
static void stray(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct packet packet = {.what = WT_FEED_DATA, .count = 1};

	if (!model->started || !has_jumps(history))
		return;
	packet.wire = wt_number_wire(&history->preset, model->origin + model->jump + model->sent +
	                                                       10000000 +
	                                                       2000000 * (model->past.wild % 3));
	model->past.wild++;
	give(history, stream, &packet);
}

/* Numbers that nobody gets; two packets tell. */
static void jump(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct packet packet = {.what = WT_FEED_DATA, .count = 1};

	if (!model->started || !has_jumps(history) || model->jump || !may_open(model) ||
	    model->sent == model->first)
		return;
	deliver_delayed(history, stream, true);
	model->jump = 4000000 + draw(history, 4000000);
	model->jump_at = model->sent;
	for (int i = 0; i < 2; i++) {
		put_number(history, model, &packet, model->sent++);
		arrive(history, stream, &packet);
	}
}

/* Numbers go on far away, forward or backward; what is on its way comes still. */
static void reset(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct packet packet = {.what = WT_FEED_RESET};
	uint64_t far = history->preset.number_bits == 16 ? 10000 : 1000000;
	uint64_t repeats = 1 + draw(history, 3);

	if (!model->started)
		return;
	deliver_older(history, stream);
	model->origin += model->jump;
	far += draw(history, far / 2);
	if (chance(history, 50) && model->origin > 2 * far)
		model->origin -= far;
	else
		model->origin += far;
	model->origin = wt_number_wire(&history->preset, model->origin);
	model->run++;
	model->past.resets++;
	model_end_run(model);
	model->sent = 0;
	model_start(model, 0);
	put_number(history, model, &packet, 0);
	while (repeats--)
		give(history, stream, &packet);
}

static void check(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct wt_stream_report report;
	uint64_t here = model->next - model->first + model->jump;

	if (history->numbers[stream] < 0)
		return;
	wt_tracker_stream(history->tracker, (uint32_t)history->numbers[stream], &report);
	cr_assert_eq(report.expected, report.received + report.missing);
	cr_assert_eq(report.missed, report.missing + report.recovered);
	cr_assert_eq(report.next - report.first, here);
	cr_assert_eq(report.expected, model->past.expected + here);
	cr_assert_eq(report.received, model->past.received + model->now.received);
	cr_assert_eq(report.recovered, model->past.recovered + model->now.recovered);
	cr_assert_eq(report.duplicates, model->past.duplicates + model->now.duplicates);
	cr_assert_eq(report.too_late, model->past.too_late + model->now.too_late);
	cr_assert_eq(report.resets, model->past.resets);
	cr_assert_eq(report.wild, model->past.wild);
}

static void check_records(struct history *history, int stream)
{
	struct model *model = &history->models[stream];
	struct wt_stream_report report;

	if (history->numbers[stream] < 0)
		return;
	wt_tracker_flush(history->tracker);
	wt_tracker_stream(history->tracker, (uint32_t)history->numbers[stream], &report);
	cr_assert_eq(model->skipped, report.missed);
	cr_assert_eq(model->filled, report.recovered);
	cr_assert_eq(model->restarts, report.resets);
}

static void step(struct history *history)
{
	int stream = (int)draw(history, STREAMS);
	struct model *model = &history->models[stream];
	struct packet heartbeat = {.what = WT_FEED_HEARTBEAT};
	uint64_t what = draw(history, 100);

	put_number(history, model, &heartbeat, model->sent);
	/* A window of numbers, so that the model is finite. */
	if (model->sent + COUNT_MOST >= RUN_MOST)
		return;
	if (what < 8 && may_open(model))
		arrive(history, stream, &heartbeat);
	else if (what < 12)
		send_again(history, stream);
	else if (what < 14)
		reset(history, stream);
	else if (what < 17)
		stray(history, stream);
	else if (what < 18)
		jump(history, stream);
	else
		send_data(history, stream);
	deliver_delayed(history, stream, false);
	check(history, stream);
}

/* Widths, roll-over and heartbeats of all kinds; the start is often just before the roll-over. */
static void choose(struct history *history)
{
	static const char *const rows[] = {
	        "offset=0,width=2,count=8,key=10:2,heartbeat=next",
	        "offset=0,width=4,count=8,key=10:2,heartbeat=last",
	        "offset=0,width=8,count=8,key=10:2,heartbeat=none",
	        "offset=0,width=4,count=8,key=10:2,heartbeat=next,endian=little",
	        "offset=0,width=2,count=8,key=10:2,heartbeat=last",
	        "offset=0,width=8,count=8,key=10:2,heartbeat=last",
	};
	const char *row = rows[draw(history, sizeof(rows) / sizeof(rows[0]))];
	uint64_t period;

	cr_assert_eq(wt_preset_custom(&history->preset, row, NULL), 0);
	if (history->preset.number_bits < 64)
		history->preset.rolls_to = (uint8_t)draw(history, 2);
	period = wt_number_period(&history->preset);
	for (int i = 0; i < STREAMS; i++) {
		history->models[i].origin = 1 + draw(history, 40000);
		if (period && chance(history, 50))
			history->models[i].origin = period - draw(history, 100);
		history->numbers[i] = -1;
	}
}

static void open_tracker(struct history *history)
{
	struct wt_tracker_config config = {.channels = &history->channels,
	                                   .max_streams = STREAMS,
	                                   .take = take,
	                                   .context = history};

	history->channel = (struct wt_feed_channel){.name = "model", .preset = &history->preset};
	history->channel.sides[WT_FEED_A] =
	        (struct wt_feed_address){.used = true, .ip = {239, 1, 1, 1}, .port = 5000};
	history->channels = (struct wt_feed_channels){.list = &history->channel, .count = 1};
	cr_assert_eq(wt_tracker_open(&history->tracker, &config, NULL), 0);
}

static void run_history(uint64_t seed)
{
	static struct history history;

	memset(&history, 0, sizeof(history));
	history.random = seed * 0x9e3779b97f4a7c15 + 1;
	history.now_ns = MS;
	choose(&history);
	open_tracker(&history);
	for (int i = 0; i < STEPS; i++)
		step(&history);
	for (int i = 0; i < STREAMS; i++) {
		deliver_delayed(&history, i, true);
		check(&history, i);
		check_records(&history, i);
	}
	wt_tracker_close(history.tracker);
}

Test(tracker_model, accounts_equal_those_of_a_set_of_numbers)
{
	for (uint64_t seed = 1; seed <= HISTORIES; seed++)
		run_history(seed);
}
