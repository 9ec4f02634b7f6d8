/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss monitoring while recording: frames go to a monitor where they are accounted for; its
 * findings go into the tape and to whoever asked for them. */
#include <wiretape/capture/recorder/recorder_feeds.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/recorder/recorder_output.h>
#include <wiretape/pcapng/text_block.h>

enum {
	LOOK_EVERY_MS = 10, /* at a NIC, however many gaps open */
	/* Grace besides twice the retire timeout: no packet is on its way for longer. */
	GRACE_MS = 300,
	ADVANCE_EVERY_MS = 250,
	CHANNELS_TEXT_BYTES = 32 * 1024, /* of one block */
	CHANNEL_TEXT_BYTES = 1024,       /* more than a channel takes */
};
static const int64_t ms_ns = 1000000;

/* Longest time for which a packet may be on its way. */
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

	nic->given[nic->given_count++ % WT_RECORDER_LOOKS] = *look;
	wt_feed_monitor_nic(feeds->monitor, look->interface_id, look->look_ns, look->counters);
	if (bytes > 0)
		wt_recorder_feed_put(feeds, block, (size_t)bytes);
}

/* A look by which nothing has changed is kept back until there is a next that counts: between the
 * two lies what has happened. */
static void look_at(struct wt_recorder *recorder, size_t i, bool counts)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	struct wt_recorder_feed_nic *nic = &recorder->feeds->nics[i];
	/* The clock first: what has happened by then is in the counters. */
	struct wt_nic_look look = {
	        .interface_id = (uint32_t)i,
	        .look_ns = stamps_time(recorded, wt_recorder_utc_clock_ns()),
	};

	nic->wanted = false;
	nic->due_ns = wt_recorder_clock_ns() + LOOK_EVERY_MS * ms_ns;
	if (recorded->report->gone || !wt_recorder_read_nic(recorded))
		return;
	take_counters(look.counters, &recorded->report->nic_now);
	if (nic->has_last && look.look_ns <= nic->latest.look_ns)
		return; /* a clock was set */
	counts |= !nic->has_last ||
	          memcmp(look.counters, nic->last.counters, sizeof(look.counters)) != 0;
	if (counts && nic->has_kept)
		give_look(recorder->feeds, &nic->latest);
	nic->has_kept = !counts;
	nic->has_last = true;
	nic->latest = look;
	if (!counts)
		return;
	nic->last = look;
	give_look(recorder->feeds, &look);
}

static void look_at_all(struct wt_recorder *recorder, bool counts)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++)
		look_at(recorder, i, counts);
}

static void on_gap_opens(void *context, uint32_t interface)
{
	struct wt_recorder_feeds *feeds = ((struct wt_recorder *)context)->feeds;

	feeds->nics[interface].wanted = feeds->look_wanted = true;
}

static void look_where_gaps_are(struct wt_recorder *recorder)
{
	struct wt_recorder_feeds *feeds = recorder->feeds;
	int64_t now_ns = wt_recorder_clock_ns();

	feeds->look_wanted = false;
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		if (!feeds->nics[i].wanted)
			continue;
		if (now_ns >= feeds->nics[i].due_ns)
			look_at(recorder, i, true);
		else
			feeds->look_wanted = true;
	}
}

int64_t wt_recorder_feeds_due_ns(const struct wt_recorder *recorder)
{
	const struct wt_recorder_feeds *feeds = recorder->feeds;
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; feeds && feeds->look_wanted && i < recorder->config.interface_count; i++)
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

void wt_recorder_feeds_away(struct wt_recorder *recorder, struct wt_recorded *recorded,
                            enum wt_nic_away away, bool is_over)
{
	uint32_t i = (uint32_t)(recorded - recorder->recorded);
	struct wt_recorder_feed_away one = {.away = away};
	struct wt_recorder_feed_nic *nic;
	uint64_t stored;

	if (!recorder->feeds)
		return;
	nic = &recorder->feeds->nics[i];
	wt_recorder_take_statistics(recorded);
	stored = recorded->packets - recorded->drops;
	one.look_ns = stamps_time(recorded, wt_recorder_utc_clock_ns());
	one.from = is_over ? recorded->sound : recorded->given;
	one.to = recorded->given;
	if (stored > recorded->consumed)
		one.to += stored - recorded->consumed;
	/* Nothing has come since the last. */
	if (nic->was_away && nic->away_to == one.to)
		return;
	nic->was_away = true;
	nic->away_to = one.to;
	wt_feed_monitor_break_within(recorder->feeds->monitor, i,
	                             (int64_t)(one.from - recorded->given),
	                             (int64_t)(one.to - recorded->given), wt_nic_away_text(away));
	keep_away(recorder->feeds, nic, &one);
}

void wt_recorder_follow_frames(struct wt_recorder *recorder, const struct wt_recorded *recorded,
                               const struct wt_frame *frames, size_t count)
{
	assert(recorder->feeds);
	wt_feed_monitor_frames(recorder->feeds->monitor, (uint32_t)(recorded - recorder->recorded),
	                       frames, count);
}

static bool is_lost_for_the_file(const struct wt_recorder *recorder)
{
	return recorder->feeds && recorder->ending && recorder->end == WT_END_WRITER;
}

void wt_recorder_follow_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                              struct wt_block *block)
{
	enum { BATCH_FRAMES = 64 };
	struct wt_frame frames[BATCH_FRAMES];
	size_t count;

	while (is_lost_for_the_file(recorder) &&
	       (count = wt_ring_read_frames(recorded->ring, block, frames, BATCH_FRAMES))) {
		wt_stamp_converter_frames(&recorded->converter, frames, count);
		recorded->followed += count;
		wt_recorder_follow_frames(recorder, recorded, frames, count);
	}
}

/* The ledger has them as lost by the writer already. */
static void follow_ring(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	struct pollfd wait = {.fd = wt_reader_fd(recorded->reader), .events = POLLIN};
	int64_t patience_ns = grace_ns(recorded);
	int64_t progress_ns = wt_recorder_clock_ns();
	struct wt_block block;

	while (recorded->consumed + recorded->followed < recorded->packets - recorded->drops) {
		int rc = wt_reader_next_block(recorded->reader, &block);

		if (rc < 0 || (!rc && wt_recorder_clock_ns() - progress_ns > patience_ns))
			break;
		if (!rc) {
			wt_recorder_reap(recorder);
			poll(&wait, 1, 1);
			wt_reader_acknowledge_wakeup(recorded->reader);
			continue;
		}
		wt_recorder_follow_block(recorder, recorded, &block);
		recorded->followed += block.rejected;
		wt_ring_release_block(recorded->ring, &block);
		progress_ns = wt_recorder_clock_ns();
	}
}

void wt_recorder_follow_rings(struct wt_recorder *recorder)
{
	if (!is_lost_for_the_file(recorder))
		return;
	for (size_t i = 0; i < recorder->config.interface_count; i++)
		follow_ring(recorder, &recorder->recorded[i]);
}

static void write_or_fail(struct wt_recorder *recorder)
{
	int rc = 0;

	/* It can wait: recording does not wait for the disk because of it. */
	if (!recorder->ending && wt_tape_is_ready(recorder->file->tape))
		rc = wt_recorder_write_feeds(recorder);
	if (rc)
		wt_recorder_writer_failed(recorder, rc);
}

void wt_recorder_keep_feeds(struct wt_recorder *recorder)
{
	struct wt_recorder_feeds *feeds = recorder->feeds;

	if (!feeds)
		return;
	if (feeds->look_wanted)
		look_where_gaps_are(recorder);
	if (feeds->used || feeds->has_aways)
		write_or_fail(recorder);
	if (feeds->sample_due_bytes <= wt_tape_bytes(recorder->file->tape))
		wt_recorder_sample_feeds(recorder);
}

void wt_recorder_look_at_nics(struct wt_recorder *recorder)
{
	if (recorder->feeds)
		look_at_all(recorder, false);
}

void wt_recorder_end_feeds_file(struct wt_recorder *recorder)
{
	if (recorder->feeds)
		look_at_all(recorder, true);
}

/* No packet with an earlier stamp can come any more: the rings were empty after that. */
void wt_recorder_feeds_quiet(struct wt_recorder *recorder, int64_t utc_ns)
{
	struct wt_recorder_feeds *feeds = recorder->feeds;
	int64_t settled_ns = INT64_MAX;

	if (utc_ns - feeds->advanced_utc_ns < ADVANCE_EVERY_MS * ms_ns &&
	    utc_ns > feeds->advanced_utc_ns)
		return;
	feeds->advanced_utc_ns = utc_ns;
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		const struct wt_recorded *recorded = &recorder->recorded[i];
		int64_t one_ns = stamps_time(recorded, utc_ns) - grace_ns(recorded);

		if (one_ns < settled_ns)
			settled_ns = one_ns;
	}
	wt_feed_monitor_advance(feeds->monitor, settled_ns);
	wt_recorder_keep_feeds(recorder);
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	struct wt_recorder *recorder = context;
	struct wt_recorder_feeds *feeds = recorder->feeds;

	if (!feeds->is_closing)
		wt_recorder_feed_put_event(feeds, event);
	if (recorder->config.on_feed_event)
		recorder->config.on_feed_event(recorder->config.context, event);
}

void wt_recorder_finish_feeds(struct wt_recorder *recorder, bool is_cut)
{
	struct wt_recorder_feeds *feeds = recorder->feeds;

	if (!feeds)
		return;
	if (is_cut) {
		/* The file takes only what was held in reserve for this. */
		feeds->used = 0;
		feeds->is_closing = true;
	}
	look_at_all(recorder, true);
	if (is_cut && !wt_tape_is_stream(recorder->file->tape))
		wt_recorder_find_tails(recorder);
	wt_feed_monitor_finish(feeds->monitor);
	if (feeds->left_out)
		wt_recorder_degrade(recorder, "not all that was found out about feeds had room in "
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

size_t wt_recorder_feeds_closing_bytes(const struct wt_recorder *recorder)
{
	return recorder->feeds ? recorder->feeds->closing_bytes : 0;
}

static int open_monitor(struct wt_recorder *recorder, struct wt_error *err)
{
	const struct wt_feed_monitor_config config = {
	        .channels = recorder->config.feeds,
	        .interfaces = (uint32_t)recorder->config.interface_count,
	        .late_ns = recorder->config.feeds_late_ns,
	        .on_gap_opens = on_gap_opens,
	        .on_event = on_event,
	        .context = recorder,
	};
	int rc = wt_feed_monitor_open(&recorder->feeds->monitor, &config, err);

	for (size_t i = 0; !rc && i < recorder->config.interface_count; i++) {
		const struct wt_reader_info *reader = recorder->reports[i].reader;

		rc = wt_feed_monitor_interface(recorder->feeds->monitor, (uint32_t)i, reader->name,
		                               reader->link_type, NULL);
		if (rc)
			wt_error_set(err, rc, "cannot follow feeds on %s", reader->name);
	}
	return rc;
}

int wt_recorder_open_feeds(struct wt_recorder *recorder, struct wt_error *err)
{
	struct wt_recorder_feeds *feeds;

	if (!recorder->config.feeds || !recorder->config.feeds->count)
		return 0;
	feeds = recorder->feeds = calloc(1, sizeof(*feeds));
	if (feeds) {
		feeds->nics = calloc(recorder->config.interface_count, sizeof(*feeds->nics));
		feeds->pending = malloc(WT_RECORDER_FEED_BYTES);
	}
	if (!feeds || !feeds->nics || !feeds->pending)
		return wt_error_set(err, -ENOMEM, "no memory to follow feeds");
	feeds->sample_due_bytes = UINT64_MAX;
	feeds->closing_bytes = closing_bytes(&recorder->config);
	return open_monitor(recorder, err);
}

void wt_recorder_start_feeds(struct wt_recorder *recorder)
{
	if (recorder->feeds)
		look_at_all(recorder, true);
}

void wt_recorder_close_feeds(struct wt_recorder *recorder)
{
	struct wt_recorder_feeds *feeds = recorder->feeds;

	if (!feeds)
		return;
	wt_feed_monitor_close(feeds->monitor);
	wt_recorder_forget_samples(feeds);
	free(feeds->pending);
	free(feeds->nics);
	free(feeds);
	recorder->feeds = NULL;
}

struct wt_feed_monitor *wt_recorder_feeds(const struct wt_recorder *recorder)
{
	return recorder->feeds ? recorder->feeds->monitor : NULL;
}

size_t wt_recorder_feeds_header_bytes(const struct wt_recorder *recorder)
{
	size_t bytes = 0;

	if (!recorder->feeds)
		return 0;
	for (size_t i = 0; i < recorder->config.feeds->count; i++) {
		int length = wt_feed_channel_text(&recorder->config.feeds->list[i], NULL, 0);

		bytes += sizeof("channel=\n") + (length > 0 ? (size_t)length : 0);
	}
	/* Each block but the last is at least so full. */
	bytes += (bytes / (CHANNELS_TEXT_BYTES - CHANNEL_TEXT_BYTES) + 1) * 64;
	return bytes + recorder->config.interface_count * WT_RECORDER_LOOKS *
	                       (size_t)WT_NIC_LOOK_BLOCK_BYTES;
}

static int write_text(struct wt_recorder *recorder, const char *text, size_t length)
{
	size_t bytes = wt_text_block_bytes(length), room;
	uint8_t *at;
	int rc = wt_recorder_reserve(recorder, bytes, &at, &room);

	if (rc)
		return rc;
	wt_text_block_encode(at, room, WT_PCAPNG_FEED, text, length);
	wt_tape_submit(recorder->file->tape, bytes, 0, NULL, 0);
	return 0;
}

/* Write channels as in a feeds file, so that whoever reads the tape knows them. */
static int write_channels(struct wt_recorder *recorder)
{
	static const char head[] = "what=channels\n", name[] = "channel=";
	const struct wt_feed_channels *channels = recorder->config.feeds;
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
		rc = write_text(recorder, text, used);
		used = 0;
	}
	return rc;
}

/* Find the look to begin with: the latest that is older than all packets still to come, if there is
 * one. */
static uint64_t first_look(const struct wt_recorder *recorder, size_t i)
{
	const struct wt_recorder_feed_nic *nic = &recorder->feeds->nics[i];
	uint64_t first = nic->given_count, oldest = 0;
	int64_t old_ns;

	if (first > WT_RECORDER_LOOKS)
		oldest = first - WT_RECORDER_LOOKS;
	if (first == oldest)
		return first;
	old_ns = nic->given[(first - 1) % WT_RECORDER_LOOKS].look_ns -
	         grace_ns(&recorder->recorded[i]);
	while (first > oldest && (first == nic->given_count ||
	                          nic->given[first % WT_RECORDER_LOOKS].look_ns > old_ns))
		first--;
	return first;
}

/* Looks that were known when the file was begun: so that it can be judged by itself. */
static int write_last_looks(struct wt_recorder *recorder, size_t i)
{
	const struct wt_recorder_feed_nic *nic = &recorder->feeds->nics[i];
	int rc = 0;

	for (uint64_t look = first_look(recorder, i); !rc && look < nic->given_count; look++) {
		_Alignas(4) uint8_t block[WT_NIC_LOOK_BLOCK_BYTES];
		ssize_t bytes = wt_nic_look_encode(block, sizeof(block),
		                                   &nic->given[look % WT_RECORDER_LOOKS]);

		if (bytes > 0)
			rc = wt_recorder_put_block(recorder, block, (size_t)bytes);
	}
	return rc;
}

int wt_recorder_write_feeds_header(struct wt_recorder *recorder)
{
	int rc;

	if (!recorder->feeds)
		return 0;
	rc = write_channels(recorder);
	for (size_t i = 0; !rc && i < recorder->config.interface_count; i++)
		rc = write_last_looks(recorder, i);
	wt_recorder_sample_feeds(recorder);
	return rc;
}
