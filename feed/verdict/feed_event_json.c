/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/feed_event.h>

#include <errno.h>
#include <inttypes.h>

#include <wiretape/base/text_put.h>
#include <wiretape/base/utf8.h>
#include <wiretape/feed/verdict/loss_log.h>

/* Events as JSON, one a line (docs/events.md). Unknown values are absent. */

static void put_character(struct wt_text *text, const char *at, size_t length)
{
	if (!length)
		wt_text_put(text, "\\ufffd");
	else if (*at == '"' || *at == '\\')
		wt_text_put(text, "\\%c", *at);
	else if ((unsigned char)*at < ' ' || *at == 0x7f)
		wt_text_put(text, "\\u%04x", (unsigned)(unsigned char)*at);
	else
		wt_text_put(text, "%.*s", (int)length, at);
}

static void put_quoted(struct wt_text *text, const char *string, size_t bytes)
{
	size_t length;

	wt_text_put(text, "\"");
	for (const char *end = string + bytes; *string && string < end;
	     string += length ? length : 1) {
		length = wt_utf8_length(string);
		put_character(text, string, length);
	}
	wt_text_put(text, "\"");
}

/* The first key of an object follows its brace. */
static void put_key(struct wt_text *text, const char *key)
{
	bool is_first = text->length && text->length <= text->capacity &&
	                text->chars[text->length - 1] == '{';

	wt_text_put(text, "%s\"%s\":", is_first ? "" : ",", key);
}

static void put_string(struct wt_text *text, const char *key, const char *value)
{
	if (!value || !value[0])
		return;
	put_key(text, key);
	put_quoted(text, value, WT_FEED_EVENT_STRING_MAX);
}

static void put_unsigned(struct wt_text *text, const char *key, uint64_t value)
{
	put_key(text, key);
	wt_text_put(text, "%" PRIu64, value);
}

static void put_some(struct wt_text *text, const char *key, uint64_t value)
{
	if (value)
		put_unsigned(text, key, value);
}

static void put_signed(struct wt_text *text, const char *key, int64_t value)
{
	put_key(text, key);
	wt_text_put(text, "%" PRId64, value);
}

static void put_stamp(struct wt_text *text, const char *key, int64_t value)
{
	if (value != INT64_MIN)
		put_signed(text, key, value);
}

static void put_yes(struct wt_text *text, const char *key, bool value)
{
	put_key(text, key);
	wt_text_put(text, "%s", value ? "true" : "false");
}

static void open_object(struct wt_text *text, const char *key)
{
	put_key(text, key);
	wt_text_put(text, "{");
}

static void close_object(struct wt_text *text)
{
	wt_text_put(text, "}");
}

/* Put the stream of the event. */
static void put_stream(struct wt_text *text, const struct wt_feed_event *event)
{
	put_string(text, "stream", event->channel);
	put_string(text, "preset", event->preset);
	if (event->kind != WT_EVENT_PAIR_GAP)
		put_string(text, "side", wt_feed_side_name(event->side));
	put_string(text, "key", event->key);
	put_string(text, "session", event->session);
	put_string(text, "interface", event->interface);
	put_string(text, "unit", wt_feed_unit_name(event->unit));
	put_some(text, "number", event->number);
	put_signed(text, "time_ns", event->stamp_ns);
}

static void put_numbers(struct wt_text *text, const struct wt_feed_event *event)
{
	put_unsigned(text, "first", event->first);
	put_unsigned(text, "end", event->end);
}

/* Put the numbers of the gap by cause. */
static void put_causes(struct wt_text *text, const struct wt_verdict_result *verdict)
{
	open_object(text, "causes");
	put_some(text, "ring", verdict->ring);
	put_some(text, "writer", verdict->writer);
	put_some(text, "nic", verdict->nic);
	put_some(text, "line", verdict->line);
	put_some(text, "upstream", verdict->upstream);
	put_some(text, "unknown", verdict->unknown);
	close_object(text);
}

static void put_nic(struct wt_text *text, const struct wt_loss *loss)
{
	open_object(text, "nic");
	put_signed(text, "from_ns", loss->nic_from_ns);
	put_signed(text, "to_ns", loss->nic_to_ns);
	put_unsigned(text, "packets", loss->nic);
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		put_some(text, wt_nic_loss_counters[i], loss->nic_moved[i]);
	close_object(text);
}

static void put_loss(struct wt_text *text, const struct wt_loss *loss)
{
	put_yes(text, "known", loss->known);
	put_string(text, "why", loss->why);
	if (loss->known) {
		put_unsigned(text, "ring", loss->ring_all);
		put_unsigned(text, "ring_unclaimed", loss->ring);
		put_unsigned(text, "writer", loss->writer);
	}
	if (loss->has_nic)
		put_nic(text, loss);
}

static void put_other(struct wt_text *text, const struct wt_feed_event *event)
{
	open_object(text, "other");
	put_unsigned(text, "has", event->other_has);
	put_unsigned(text, "lacks", event->other_lacks);
	put_yes(text, "silent", event->other_is_silent);
	close_object(text);
}

static void put_evidence(struct wt_text *text, const struct wt_feed_event *event)
{
	char words[WT_FEED_EVENT_TEXT_BYTES / 2];
	int length = wt_feed_evidence_text(event, words, sizeof(words));

	open_object(text, "evidence");
	put_key(text, "text");
	put_quoted(text, words, length < 0 ? 0 : (size_t)length);
	put_loss(text, &event->loss);
	put_some(text, "packets_needed", event->verdict.packets_needed);
	put_some(text, "ring_claim", event->verdict.ring_claim);
	if (event->has_other)
		put_other(text, event);
	close_object(text);
}

static void put_recovered(struct wt_text *text, const struct wt_feed_event *event)
{
	open_object(text, "recovered");
	put_unsigned(text, "count", event->recovered.count);
	put_string(text, "by", wt_feed_by_name(event->recovered.by));
	if (event->recovered.by != WT_BY_NOBODY)
		put_signed(text, "after_ns", event->recovered.after_ns);
	close_object(text);
}

static void put_gap(struct wt_text *text, const struct wt_feed_event *event)
{
	put_numbers(text, event);
	put_unsigned(text, "missing", event->missing);
	put_stamp(text, "after", event->after_ns);
	put_stamp(text, "before", event->before_ns);
	put_some(text, "after_order", event->after_order);
	put_some(text, "before_order", event->before_order);
	put_string(text, "verdict", wt_verdict_name(event->verdict.verdict));
	put_causes(text, &event->verdict);
	put_evidence(text, event);
	put_recovered(text, event);
}

static void put_what(struct wt_text *text, const struct wt_feed_event *event)
{
	switch (event->kind) {
	case WT_EVENT_GAP:
	case WT_EVENT_PAIR_GAP:
		put_gap(text, event);
		break;
	case WT_EVENT_RECOVERED:
		put_numbers(text, event);
		put_unsigned(text, "missing", event->missing);
		put_recovered(text, event);
		break;
	case WT_EVENT_RESTART:
		put_unsigned(text, "first", event->first);
		put_yes(text, "signalled", event->signalled);
		break;
	case WT_EVENT_STATE:
		put_string(text, "state", wt_feed_state_name(event->state));
		break;
	case WT_EVENT_LOST_TAIL:
		put_numbers(text, event);
		put_unsigned(text, "missing", event->missing);
		put_string(text, "verdict", wt_verdict_name(event->verdict.verdict));
		break;
	default:
		put_some(text, "first", event->first);
		break;
	}
}

int wt_feed_event_json(const struct wt_feed_event *event, char *out, size_t capacity)
{
	struct wt_text text = {out, capacity, 0};

	wt_text_put(&text, "{\"v\":%d,\"event\":\"%s\"", WT_FEED_EVENT_VERSION,
	            wt_feed_event_name(event->kind));
	put_stream(&text, event);
	put_what(&text, event);
	close_object(&text);
	return text.length < capacity ? (int)text.length : -EMSGSIZE;
}
