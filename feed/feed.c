/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/feed.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/base/sized.h>

int wt_feed_channels_read(struct wt_feed_channels *channels, const char *const *texts, size_t count,
                          const char *path, struct wt_error *err)
{
	int rc = path ? wt_feed_channels_add_file(channels, path, err) : 0;

	for (size_t i = 0; !rc && i < count; i++)
		rc = wt_feed_channels_add(channels, texts[i], err);
	return rc;
}

void wt_feed_tell(const struct wt_feed *feed, const struct wt_feed_event *event)
{
	const struct wt_feed_news news = {
	        .size = sizeof(news),
	        .kind = event->kind,
	        .side = event->side,
	        .unit = event->unit,
	        .state = event->state,
	        .verdict = event->verdict.verdict,
	        .channel = event->channel,
	        .preset = event->preset,
	        .key = event->key,
	        .session = event->session,
	        .interface = event->interface,
	        .stamp_ns = event->stamp_ns,
	        .first = event->first,
	        .end = event->end,
	        .missing = event->missing,
	        .event = event,
	};

	if (feed->on_news)
		feed->on_news(feed->context, &news);
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	wt_feed_tell(context, event);
}

static int open_monitor(struct wt_feed *feed, const struct wt_feed_config *settings,
                        struct wt_error *err)
{
	const struct wt_feed_monitor_config config = {
	        .channels = &feed->channels,
	        .interfaces = settings->interfaces ? settings->interfaces : 1,
	        .max_streams = settings->streams,
	        .late_ns = settings->late_ns,
	        .on_event = on_event,
	        .context = feed,
	};
	int rc = wt_feed_channels_read(&feed->channels, settings->channels, settings->channel_count,
	                               settings->path, err);

	if (rc)
		return rc;
	if (!feed->channels.count)
		return wt_error_set(err, -EINVAL,
		                    "no channel was given to follow; give one, such as "
		                    "moldudp64@239.1.1.1:5000, or a file of them");
	return wt_feed_monitor_open(&feed->monitor, &config, err);
}

int wt_feed_open(struct wt_feed **feed, const struct wt_feed_config *config, struct wt_error *err)
{
	struct wt_feed_config settings;
	struct wt_feed *made;
	int rc = wt_sized_take(&settings, sizeof(settings), config, "wt_feed_config", err);

	if (rc)
		return rc;
	made = calloc(1, sizeof(*made));
	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory to follow feeds");
	made->on_news = settings.on_news;
	made->context = settings.context;
	rc = open_monitor(made, &settings, err);
	if (rc)
		wt_feed_close(made);
	else
		*feed = made;
	return rc;
}

int wt_feed_interface(struct wt_feed *feed, uint32_t interface, const char *name,
                      uint16_t link_type, const char *no_ledger)
{
	return wt_feed_monitor_interface(feed->monitor, interface, name, link_type, no_ledger);
}

void wt_feed_frames(struct wt_feed *feed, uint32_t interface, const struct wt_frame *frames,
                    size_t count)
{
	wt_feed_monitor_frames(feed->monitor, interface, frames, count);
}

void wt_feed_advance(struct wt_feed *feed, int64_t now_ns)
{
	wt_feed_monitor_advance(feed->monitor, now_ns);
}

void wt_feed_finish(struct wt_feed *feed)
{
	wt_feed_monitor_finish(feed->monitor);
}

uint32_t wt_feed_stream_count(const struct wt_feed *feed)
{
	return wt_tracker_stream_count(wt_feed_monitor_tracker(feed->monitor));
}

int wt_feed_stream_read(const struct wt_feed *feed, uint32_t number, struct wt_feed_stream *stream)
{
	struct wt_feed_stream filled = {.size = sizeof(filled)};
	struct wt_stream_report report;

	if (number >= wt_feed_stream_count(feed))
		return -ERANGE;
	wt_tracker_stream(wt_feed_monitor_tracker(feed->monitor), number, &report);
	filled.channel = report.channel->name;
	filled.preset = report.channel->preset->name;
	snprintf(filled.key, sizeof(filled.key), "%s", report.key);
	snprintf(filled.session, sizeof(filled.session), "%s", report.session);
	filled.side = report.side;
	filled.unit = report.channel->preset->unit;
	filled.state = report.state;
	filled.interface = report.interface;
	filled.first = report.first;
	filled.next = report.next;
	filled.expected = report.expected;
	filled.received = report.received;
	filled.missing = report.missing;
	filled.duplicates = report.duplicates;
	filled.late = report.late;
	filled.gaps = report.gaps;
	filled.resets = report.resets;
	filled.packets = report.packets;
	filled.first_ns = report.first_ns;
	filled.last_ns = report.last_ns;
	return wt_sized_give(stream, &filled, sizeof(filled), "wt_feed_stream", NULL);
}

void wt_feed_close(struct wt_feed *feed)
{
	if (!feed)
		return;
	wt_feed_monitor_close(feed->monitor);
	wt_feed_channels_free(&feed->channels);
	free(feed);
}
