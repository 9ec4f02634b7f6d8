/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_feeds.h"

#include "event_stream.h"
#include <wiretape/cli/cli.h>

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <wiretape/capture/readers/udp_spec.h>

enum { LINES_A_SECOND = 20 };

/* The interface that a UDP socket names is in the tape as it was written. */
static bool is_sockets(char *name, const struct wt_reader_config *socket)
{
	unsigned index = if_nametoindex(name);
	struct wt_udp_spec spec;

	if (socket->kind != WT_READER_UDP || wt_udp_spec_parse(&spec, socket->interface, NULL) ||
	    !*spec.interface ||
	    (strcmp(spec.interface, name) && (!index || index != if_nametoindex(spec.interface))))
		return false;
	snprintf(name, WT_FEED_INTERFACE_BYTES, "%s", spec.interface);
	return true;
}

/* An alternative name is the same interface; the tape has the first one. */
static bool is_recorded(char *name, const struct wt_reader_config *interfaces, size_t count)
{
	unsigned index = if_nametoindex(name);

	for (size_t i = 0; i < count; i++) {
		if (interfaces[i].kind != WT_READER_UDP && index &&
		    index == if_nametoindex(interfaces[i].interface)) {
			char first[IF_NAMESIZE];

			if (if_indextoname(index, first))
				snprintf(name, WT_FEED_INTERFACE_BYTES, "%s", first);
			return true;
		}
		if (!strcmp(interfaces[i].interface, name) ||
		    (interfaces[i].kind == WT_READER_SIM && !strcmp(name, "sim")) ||
		    is_sockets(name, &interfaces[i]))
			return true;
	}
	return false;
}

static int complain_of_interface(const struct wt_feed_channel *channel, const char *name,
                                 const struct wt_reader_config *interfaces, size_t count)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
		                         interfaces[i].interface);
	return wt_cli_usage(
	        "record",
	        "channel %s is on %s, which is not recorded; there is %s. Add -i %s, or "
	        "leave @%s out, which means any of them",
	        channel->name, name, names, name, name);
}

int wt_record_feeds_check(struct wt_feed_options *options,
                          const struct wt_reader_config *interfaces, size_t interface_count)
{
	if (!options->channels.count) {
		if (options->events || options->no_join || options->late_ns)
			return wt_cli_usage("record",
			                    "--events, --no-join and --late are about feeds; name "
			                    "them with --feed or --feeds");
		return 0;
	}
	for (size_t i = 0; i < options->channels.count; i++) {
		struct wt_feed_channel *channel = &options->channels.list[i];

		for (size_t side = 0; side < WT_FEED_SIDES; side++) {
			char *name = channel->sides[side].interface;

			if (channel->sides[side].used && *name &&
			    !is_recorded(name, interfaces, interface_count))
				return complain_of_interface(channel, name, interfaces,
				                             interface_count);
		}
	}
	return 0;
}

int wt_feed_voice_open(struct wt_feed_voice *voice, const struct wt_feed_options *options)
{
	struct wt_error err;

	voice->events_path = options->events;
	if (!options->events || !wt_event_stream_open(&voice->events, options->events, &err))
		return WT_EXIT_OK;
	wt_cli_complain("%s", err.text);
	return WT_EXIT_FAILURE;
}

void wt_feed_voice_write(struct wt_feed_voice *voice, const struct wt_feed_event *event)
{
	char text[WT_FEED_EVENT_TEXT_BYTES];
	int length;

	if (!voice->events)
		return;
	length = wt_feed_event_json(event, text, sizeof(text));
	if (length > 0)
		wt_event_stream_put(voice->events, text, (size_t)length);
}

bool wt_feed_voice_line(struct wt_feed_voice *voice, const struct wt_feed_event *event, char *out,
                        size_t capacity)
{
	struct timespec now;

	if (event->kind != WT_EVENT_GAP && event->kind != WT_EVENT_PAIR_GAP)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != voice->second) {
		voice->second = now.tv_sec;
		voice->said = 0;
	}
	if (voice->said == LINES_A_SECOND) {
		voice->unsaid++;
		return false;
	}
	voice->said++;
	return wt_feed_event_line(event, out, capacity) > 0;
}

uint64_t wt_feed_voice_take_unsaid(struct wt_feed_voice *voice)
{
	uint64_t unsaid = voice->unsaid;

	voice->unsaid = 0;
	return unsaid;
}

void wt_feed_voice_close(struct wt_feed_voice *voice)
{
	uint64_t lost;
	int error;

	if (!voice->events)
		return;
	lost = wt_event_stream_close(voice->events, &error);
	voice->events = NULL;
	if (error)
		wt_cli_complain("cannot write events to %s: %s; %" PRIu64 " are not there",
		                voice->events_path, strerror(error), lost);
	else if (lost)
		wt_cli_complain("%" PRIu64 " events are not in %s: its reader was too slow, or has "
		                "stopped reading",
		                lost, voice->events_path);
}
