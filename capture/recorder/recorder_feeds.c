/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss monitoring while recording: frames go to a monitor where they are accounted for; its
 * findings go into the tape and to whoever asked for them. */
#include <wiretape/capture/recorder/recorder_feeds.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/text_block.h>

enum {
	LOOK_EVERY_MS = 10, /* at a NIC, however many gaps open */
	/* Grace besides twice the retire timeout: no packet is on its way for longer. */
	GRACE_MS = 300,
	ADVANCE_EVERY_MS = 250,
	/* Of several lanes: time from a stamp until the packet is in the ring, at most; and how
	 * often an empty ring is told of. */
	STORING_MS = 50,
	PROMISE_EVERY_MS = 2,
	CHANNELS_TEXT_BYTES = 32 * 1024, /* of one block */
	CHANNEL_TEXT_BYTES = 1024,       /* more than a channel takes */
};
static const int64_t ms_ns = 1000000;

/* The longest time for which a packet may be on its way. */
static int64_t grace_ns(const struct wt_recorded *recorded)
{
	return (GRACE_MS + 2 * (int64_t)recorded->report->reader->retire_timeout_ms) * ms_ns;
}

/* Now, in the time of an interface's stamps. */
static int64_t stamps_time(const struct wt_recorded *recorded, int64_t utc_ns)
{
	const struct wt_stamp_converter *converter = &recorded->converter;

	if (converter->clock == WT_CLOCK_PHC && converter->estimator.map.number)
		return wt_clock_map_to_phc(&converter->estimator.map, utc_ns);
	return utc_ns + converter->shift_ns;
}

static void take_counters(uint64_t *counters, const struct rtnl_link_stats64 *stats)
{
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		for (const struct wt_nic_counter *j = wt_nic_counters; j->name; j++)
			if (!strcmp(j->name, wt_nic_loss_counters[i]))
				memcpy(&counters[i], (const uint8_t *)stats + j->offset,
				       sizeof(counters[i]));
}

/* Give a look to the monitor and into the file, so that both know the same. */
static void give_look(struct wt_recorder_feeds *feeds, const struct wt_nic_look *look)
{
	struct wt_recorder_feed_nic *nic = &feeds->nics[look->interface_id];
	_Alignas(4) uint8_t block[WT_NIC_LOOK_BLOCK_BYTES];
	ssize_t bytes = wt_nic_look_encode(block, sizeof(block), look);

	/* That with many on their way one is left out is seen by whoever needs it: there is none.
	 */
	if (feeds->shared && !wt_shared_feeds_look(feeds->shared, look))
		return;
	if (!feeds->shared)
		wt_feed_monitor_nic(feeds->monitor, look->interface_id, look->look_ns,
		                    look->counters);
	nic->given[nic->given_count++ % WT_RECORDER_LOOKS] = *look;
	if (bytes > 0)
		wt_recorder_feed_put(feeds, block, (size_t)bytes);
}

/* A look by which nothing has changed is kept back until there is a next that counts: between the
 * two lies what has happened. */
static void look_at(struct wt_recorder_feeds *feeds, size_t i, bool counts)
{
	struct wt_recorded *recorded = &feeds->recorded[i];
	struct wt_recorder_feed_nic *nic = &feeds->nics[i];
	/* The clock first: what has happened by then is in the counters. */
	struct wt_nic_look look = {
	        .interface_id = (uint32_t)i,
	        .look_ns = stamps_time(recorded, wt_recorder_utc_clock_ns(feeds->state)),
	};

	nic->wanted = false;
	nic->due_ns = wt_recorder_clock_ns(feeds->state) + LOOK_EVERY_MS * ms_ns;
	if (recorded->report->gone || !wt_recorded_read_nic(recorded))
		return;
	take_counters(look.counters, &recorded->report->nic_now);
	if (nic->has_last && look.look_ns <= nic->latest.look_ns)
		return; /* a clock was set */
	counts |= !nic->has_last ||
	          memcmp(look.counters, nic->last.counters, sizeof(look.counters)) != 0;
	if (counts && nic->has_kept)
		give_look(feeds, &nic->latest);
	nic->has_kept = !counts;
	nic->has_last = true;
	nic->latest = look;
	if (!counts)
		return;
	nic->last = look;
	give_look(feeds, &look);
}

static void on_gap_opens(void *context, uint32_t interface)
{
	struct wt_recorder_feeds *feeds = context;

	feeds->nics[interface].wanted = feeds->look_wanted = true;
}

static void look_where_gaps_are(struct wt_recorder_feeds *feeds)
{
	int64_t now_ns = wt_recorder_clock_ns(feeds->state);

	feeds->look_wanted = false;
	for (size_t i = 0; i < feeds->state->config.interface_count; i++) {
		if (!feeds->nics[i].wanted)
			continue;
		if (now_ns >= feeds->nics[i].due_ns)
			look_at(feeds, i, true);
		else
			feeds->look_wanted = true;
	}
}

int64_t wt_recorder_feeds_due_ns(const struct wt_recorder_feeds *feeds)
{
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; feeds && feeds->look_wanted && i < feeds->state->config.interface_count;
	     i++)
		if (feeds->nics[i].wanted && feeds->nics[i].due_ns < due_ns)
			due_ns = feeds->nics[i].due_ns;
	return due_ns;
}

/* Table full: the latest becomes longer. */
static void keep_away(struct wt_recorder_feeds *feeds, struct wt_recorder_feed_nic *nic,
                      const struct wt_recorder_feed_away *one)
{
	feeds->has_aways = true;
	if (nic->away_count < WT_RECORDER_AWAYS)
		nic->aways[nic->away_count++] = *one;
	else
		nic->aways[WT_RECORDER_AWAYS - 1].to = one->to;
}

static struct wt_feed_lane *eyes_of(const struct wt_recorder_feeds *feeds,
                                    const struct wt_recorded *recorded)
{
	return wt_shared_feeds_eyes(feeds->shared, feeds->state->config.lane, recorded->id);
}

static void note_break(struct wt_recorder_feeds *feeds, const struct wt_recorded *recorded,
                       const struct wt_recorder_feed_away *one)
{
	int64_t from = (int64_t)(one->from - recorded->read);
	int64_t to = (int64_t)(one->to - recorded->read);
	const char *why = wt_nic_away_text(one->away);

	if (feeds->shared)
		wt_feed_lane_break(eyes_of(feeds, recorded), from, to, why);
	else
		wt_feed_monitor_break_within(feeds->monitor, recorded->id, from, to, why);
}

void wt_recorder_feeds_away(struct wt_recorder_feeds *feeds, struct wt_recorded *recorded,
                            enum wt_nic_away away, bool is_over)
{
	struct wt_recorder_feed_away one = {.away = away};
	struct wt_recorder_feed_nic *nic;

	if (!feeds)
		return;
	nic = &feeds->nics[recorded->id];
	wt_recorded_take_statistics(recorded);
	one.look_ns = stamps_time(recorded, wt_recorder_utc_clock_ns(feeds->state));
	one.from = is_over ? recorded->sound : recorded->read;
	one.to = recorded->read + wt_recorded_waiting(recorded);
	/* Nothing has come since the last. */
	if (nic->was_away && nic->away_to == one.to)
		return;
	nic->was_away = true;
	nic->away_to = one.to;
	note_break(feeds, recorded, &one);
	keep_away(feeds, nic, &one);
}

void wt_recorder_follow_frames(struct wt_recorder_feeds *feeds, const struct wt_recorded *recorded,
                               const struct wt_frame *frames, size_t count)
{
	if (feeds && feeds->shared)
		wt_feed_lane_frames(eyes_of(feeds, recorded), frames, count);
	else if (feeds)
		wt_feed_monitor_frames(feeds->monitor, recorded->id, frames, count);
}

bool wt_recorder_feeds_outlive_file(const struct wt_recorder_feeds *feeds)
{
	return feeds && feeds->state->ending && feeds->state->end == WT_END_WRITER;
}

void wt_recorder_follow_block(struct wt_recorder_feeds *feeds, struct wt_recorded *recorded,
                              struct wt_block *block)
{
	enum { BATCH_FRAMES = 64 };
	struct wt_frame frames[BATCH_FRAMES];
	size_t count;

	while (wt_recorder_feeds_outlive_file(feeds) &&
	       (count = wt_ring_read_frames(recorded->ring, block, frames, BATCH_FRAMES))) {
		wt_stamp_converter_frames(&recorded->converter, frames, count, &block->walk.sums);
		recorded->followed += count;
		wt_recorder_follow_frames(feeds, recorded, frames, count);
	}
}

/* It can wait for room, or for the next file. */
static void write_if_room(struct wt_recorder_feeds *feeds)
{
	int rc = 0;

	if (wt_tape_writer_is_ready(feeds->writer) && !wt_tape_writer_is_full(feeds->writer))
		rc = wt_recorder_write_feeds(feeds);
	if (rc && rc != -EAGAIN)
		wt_recorder_writer_failed(feeds->state, rc);
}

/* Take what the thread that follows has for the first lane. */
static void keep_shared(struct wt_recorder_feeds *feeds)
{
	if (!feeds->shared || feeds->state->config.lane)
		return;
	for (uint32_t i = 0; i < feeds->state->config.interface_count; i++)
		if (wt_shared_feeds_wants_look(feeds->shared, i))
			on_gap_opens(feeds, i);
	if (!feeds->is_closing)
		feeds->used += wt_shared_feeds_take(feeds->shared, feeds->pending + feeds->used,
		                                    WT_RECORDER_FEED_BYTES - feeds->used);
}

void wt_recorder_keep_feeds(struct wt_recorder_feeds *feeds)
{
	if (!feeds)
		return;
	keep_shared(feeds);
	if (feeds->look_wanted)
		look_where_gaps_are(feeds);
	if (feeds->used || feeds->has_aways)
		write_if_room(feeds);
	if (feeds->sample_due_bytes <= wt_tape_bytes(feeds->writer->file->tape))
		wt_recorder_sample_feeds(feeds);
}

void wt_recorder_look_at_nics(struct wt_recorder_feeds *feeds, bool counts)
{
	/* A NIC is there once for all lanes. */
	if (!feeds || feeds->state->config.lane)
		return;
	for (size_t i = 0; i < feeds->state->config.interface_count; i++)
		look_at(feeds, i, counts);
}

/* Promise what the thread that follows may be waiting for. All that the producer has stored was
 * read, so nothing older than the time it takes to be stored will come. */
static void promise(struct wt_recorder_feeds *feeds, int64_t utc_ns)
{
	for (size_t i = 0; i < feeds->state->config.interface_count; i++) {
		struct wt_recorded *recorded = &feeds->recorded[i];

		wt_recorded_take_statistics(recorded);
		if (!wt_recorded_waiting(recorded))
			wt_feed_lane_quiet(eyes_of(feeds, recorded),
			                   stamps_time(recorded, utc_ns) - STORING_MS * ms_ns,
			                   recorded->drops);
	}
}

/* No packet with an earlier stamp can come any more: the rings were empty after that. */
void wt_recorder_feeds_quiet(struct wt_recorder_feeds *feeds, int64_t utc_ns)
{
	int64_t every_ns = (feeds->shared ? PROMISE_EVERY_MS : ADVANCE_EVERY_MS) * ms_ns;
	int64_t settled_ns = INT64_MAX;

	if (utc_ns - feeds->advanced_utc_ns < every_ns && utc_ns > feeds->advanced_utc_ns)
		return;
	feeds->advanced_utc_ns = utc_ns;
	if (feeds->shared) {
		promise(feeds, utc_ns);
		return;
	}
	for (size_t i = 0; i < feeds->state->config.interface_count; i++) {
		const struct wt_recorded *recorded = &feeds->recorded[i];
		int64_t one_ns = stamps_time(recorded, utc_ns) - grace_ns(recorded);

		if (one_ns < settled_ns)
			settled_ns = one_ns;
	}
	wt_feed_monitor_advance(feeds->monitor, settled_ns);
	wt_recorder_keep_feeds(feeds);
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	struct wt_recorder_feeds *feeds = context;

	if (!feeds->is_closing)
		wt_recorder_feed_put_event(feeds, event);
	if (feeds->state->config.on_feed_event)
		feeds->state->config.on_feed_event(feeds->state->config.context, event);
}

/* The first lane looks once more when the others have seen all they will, and takes what was found
 * out then. */
bool wt_recorder_feeds_have_ended(struct wt_recorder_feeds *feeds)
{
	uint32_t lane;

	if (!feeds || !feeds->shared)
		return true;
	lane = feeds->state->config.lane;
	if (!lane && !wt_shared_feeds_awaits_first(feeds->shared))
		return false;
	if (!feeds->has_ended)
		wt_recorder_look_at_nics(feeds, true);
	feeds->has_ended = true;
	wt_shared_feeds_end(feeds->shared, lane);
	return lane || wt_shared_feeds_is_over(feeds->shared);
}

static void finish_shared(struct wt_recorder_feeds *feeds, bool is_cut)
{
	uint64_t unfollowed = 0;

	keep_shared(feeds);
	if (!feeds->state->config.lane)
		feeds->left_out += wt_shared_feeds_left_out(feeds->shared);
	if (is_cut)
		wt_recorder_note_degraded(feeds->state,
		                          "how far the files have each feed is not known: "
		                          "one of several could not be written");
	for (size_t i = 0; i < feeds->state->config.interface_count; i++)
		unfollowed += wt_feed_lane_unfollowed(eyes_of(feeds, &feeds->recorded[i]));
	if (unfollowed)
		wt_recorder_note_degraded(feeds->state,
		                          "more packets of feeds came in a queue than "
		                          "could be followed: whose their gaps are is "
		                          "not known, and check can find it out");
}

void wt_recorder_finish_feeds(struct wt_recorder_feeds *feeds, bool is_cut)
{

	if (!feeds)
		return;
	if (is_cut) {
		/* The file takes only what was held in reserve for this. */
		feeds->used = 0;
		feeds->is_closing = true;
	}
	if (feeds->shared) {
		finish_shared(feeds, is_cut);
	} else {
		wt_recorder_look_at_nics(feeds, true);
		if (is_cut && !wt_tape_is_stream(feeds->writer->file->tape))
			wt_recorder_find_tails(feeds);
		wt_feed_monitor_finish(feeds->monitor);
	}
	if (feeds->left_out)
		wt_recorder_note_degraded(feeds->state,
		                          "not all that was found out about feeds had room in "
		                          "the file: it can be found out again, with check");
}

/* Room ahead of need: a stream on each interface for each side of each channel. */
static size_t closing_bytes(const struct wt_recorder_config *config)
{
	enum { EACH = 640, MOST = WT_RECORDER_FEED_BYTES / 2 };
	size_t bytes = 2 * WT_FEED_EVENT_TEXT_BYTES +
	               config->interface_count * 2 * WT_NIC_LOOK_BLOCK_BYTES;

	for (size_t i = 0; i < config->feeds->count; i++)
		for (size_t side = 0; side < WT_FEED_SIDES; side++)
			if (config->feeds->list[i].sides[side].used)
				bytes += EACH * config->interface_count;
	return bytes < MOST ? bytes : MOST;
}

size_t wt_recorder_feeds_closing_bytes(const struct wt_recorder_feeds *feeds)
{
	return feeds ? feeds->closing_bytes : 0;
}

static int open_monitor(struct wt_recorder_feeds *feeds, struct wt_error *err)
{
	const struct wt_feed_monitor_config config = {
	        .channels = feeds->state->config.feeds,
	        .interfaces = (uint32_t)feeds->state->config.interface_count,
	        .late_ns = feeds->state->config.feeds_late_ns,
	        .on_gap_opens = on_gap_opens,
	        .on_event = on_event,
	        .context = feeds,
	};
	int rc = wt_feed_monitor_open(&feeds->monitor, &config, err);

	for (size_t i = 0; !rc && i < feeds->state->config.interface_count; i++) {
		const struct wt_reader_info *reader = feeds->state->reports[i].reader;

		rc = wt_feed_monitor_interface(feeds->monitor, (uint32_t)i, reader->name,
		                               reader->link_type, NULL);
		if (rc)
			wt_error_set(err, rc, "cannot follow feeds on %s", reader->name);
	}
	return rc;
}

static int open_eyes(struct wt_recorder_feeds *feeds, struct wt_error *err)
{
	const struct wt_recorder_config *config = &feeds->state->config;
	int rc = 0;

	feeds->shared = config->shared_feeds;
	for (uint32_t i = 0; !rc && i < config->interface_count; i++)
		rc = wt_shared_feeds_add(feeds->shared, config->lane, i,
		                         feeds->state->reports[i].reader->name,
		                         feeds->state->reports[i].reader->link_type, err);
	return rc;
}

int wt_recorder_open_feeds(struct wt_recorder_feeds **opened, struct wt_tape_writer *writer,
                           struct wt_error *err)
{
	const struct wt_recorder_config *config = &writer->state->config;
	struct wt_recorder_feeds *feeds;

	if (!config->feeds || !config->feeds->count)
		return 0;
	feeds = *opened = calloc(1, sizeof(*feeds));
	if (feeds) {
		feeds->nics = calloc(config->interface_count, sizeof(*feeds->nics));
		feeds->pending = malloc(WT_RECORDER_FEED_BYTES);
	}
	if (!feeds || !feeds->nics || !feeds->pending)
		return wt_error_set(err, -ENOMEM, "no memory to follow feeds");
	feeds->state = writer->state;
	feeds->recorded = writer->recorded;
	feeds->writer = writer;
	feeds->sample_due_bytes = UINT64_MAX;
	feeds->closing_bytes = closing_bytes(config);
	return config->shared_feeds ? open_eyes(feeds, err) : open_monitor(feeds, err);
}

void wt_recorder_close_feeds(struct wt_recorder_feeds *feeds)
{
	if (!feeds)
		return;
	wt_feed_monitor_close(feeds->monitor);
	wt_recorder_forget_samples(feeds);
	free(feeds->pending);
	free(feeds->nics);
	free(feeds);
}

size_t wt_recorder_feeds_header_bytes(const struct wt_recorder_feeds *feeds)
{
	size_t bytes = 0;

	if (!feeds)
		return 0;
	for (size_t i = 0; i < feeds->state->config.feeds->count; i++) {
		int length = wt_feed_channel_text(&feeds->state->config.feeds->list[i], NULL, 0);

		bytes += sizeof("channel=\n") + (length > 0 ? (size_t)length : 0);
	}
	/* Each block but the last is at least so full. */
	bytes += (bytes / (CHANNELS_TEXT_BYTES - CHANNEL_TEXT_BYTES) + 1) * 64;
	return bytes + feeds->state->config.interface_count * WT_RECORDER_LOOKS *
	                       (size_t)WT_NIC_LOOK_BLOCK_BYTES;
}

static int write_text(struct wt_recorder_feeds *feeds, const char *text, size_t length)
{
	size_t bytes = wt_text_block_bytes(length), room;
	uint8_t *at;
	int rc = wt_tape_reserve(feeds->writer->file->tape, bytes, &at, &room);

	if (rc)
		return rc;
	wt_text_block_encode(at, room, WT_PCAPNG_FEED, text, length);
	wt_tape_submit(feeds->writer->file->tape, bytes, 0, NULL, 0);
	return 0;
}

/* Write channels as in a feeds file, so that whoever reads the tape knows them. */
static int write_channels(struct wt_recorder_feeds *feeds)
{
	static const char head[] = "what=channels\n", name[] = "channel=";
	const struct wt_feed_channels *channels = feeds->state->config.feeds;
	char text[CHANNELS_TEXT_BYTES];
	size_t used = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < channels->count; i++) {
		if (!used) {
			memcpy(text, head, sizeof(head) - 1);
			used = sizeof(head) - 1;
		}
		memcpy(text + used, name, sizeof(name) - 1);
		used += sizeof(name) - 1;
		used += (size_t)wt_feed_channel_text(&channels->list[i], text + used,
		                                     sizeof(text) - used);
		text[used++] = '\n';
		if (used + CHANNEL_TEXT_BYTES <= sizeof(text) && i + 1 < channels->count)
			continue;
		rc = write_text(feeds, text, used);
		used = 0;
	}
	return rc;
}

/* Find the look to begin with: the latest that is older than all packets still to come, if there is
 * one. */
static uint64_t first_look(const struct wt_recorder_feeds *feeds, size_t i)
{
	const struct wt_recorder_feed_nic *nic = &feeds->nics[i];
	uint64_t first = nic->given_count, oldest = 0;
	int64_t old_ns;

	if (first > WT_RECORDER_LOOKS)
		oldest = first - WT_RECORDER_LOOKS;
	if (first == oldest)
		return first;
	old_ns =
	        nic->given[(first - 1) % WT_RECORDER_LOOKS].look_ns - grace_ns(&feeds->recorded[i]);
	while (first > oldest && (first == nic->given_count ||
	                          nic->given[first % WT_RECORDER_LOOKS].look_ns > old_ns))
		first--;
	return first;
}

/* Looks that were known when the file was begun: so that it can be judged by itself. */
static int write_last_looks(struct wt_recorder_feeds *feeds, size_t i)
{
	const struct wt_recorder_feed_nic *nic = &feeds->nics[i];
	int rc = 0;

	for (uint64_t look = first_look(feeds, i); !rc && look < nic->given_count; look++) {
		_Alignas(4) uint8_t block[WT_NIC_LOOK_BLOCK_BYTES];
		ssize_t bytes = wt_nic_look_encode(block, sizeof(block),
		                                   &nic->given[look % WT_RECORDER_LOOKS]);

		if (bytes > 0)
			rc = wt_tape_writer_put(feeds->writer, block, (size_t)bytes);
	}
	return rc;
}

int wt_recorder_write_feeds_header(struct wt_recorder_feeds *feeds)
{
	int rc;

	if (!feeds)
		return 0;
	rc = write_channels(feeds);
	for (size_t i = 0; !rc && i < feeds->state->config.interface_count; i++)
		rc = write_last_looks(feeds, i);
	wt_recorder_sample_feeds(feeds);
	return rc;
}
