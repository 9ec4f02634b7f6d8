/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/feed_event.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <wiretape/base/text_put.h>
#include <wiretape/base/time_text.h>
#include <wiretape/base/utf8.h>
#include <wiretape/feed/verdict/loss_log.h>

/* Events for people. */

static bool is_control(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;

	return c[0] < ' ' || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
}

/* Put the part of a foreign name that a terminal can show. */
static void put_clean(struct wt_text *text, const char *name)
{
	for (size_t length; *name; name += length) {
		bool is_shown;

		length = wt_utf8_length(name);
		is_shown = length && !is_control(name);
		if (!length)
			length = 1;
		if (is_shown)
			wt_text_put(text, "%.*s", (int)length, name);
		else
			wt_text_put(text, "?");
	}
}

/* "1 packet", "2 packets"; `what` in the plural. */
static void put_count(struct wt_text *text, uint64_t count, const char *what)
{
	wt_text_put(text, "%" PRIu64 " %.*s", count, (int)strlen(what) - (count == 1), what);
}

static void put_duration(struct wt_text *text, int64_t ns)
{
	double size = ns < 0 ? -(double)ns : (double)ns;

	if (size < 1e3)
		wt_text_put(text, "%.0f ns", size);
	else if (size < 1e6)
		wt_text_put(text, "%.1f us", size / 1e3);
	else if (size < 1e9)
		wt_text_put(text, "%.1f ms", size / 1e6);
	else
		wt_text_put(text, "%.3f s", size / 1e9);
}

static void put_of_interface(struct wt_text *text, const struct wt_feed_event *event)
{
	if (!event->interface || !event->interface[0])
		return;
	wt_text_put(text, " of ");
	put_clean(text, event->interface);
}

static void put_ring(struct wt_text *text, const struct wt_feed_event *event)
{
	uint64_t needed = event->verdict.packets_needed;

	wt_text_put(text, "the ring");
	put_of_interface(text, event);
	wt_text_put(text, " dropped ");
	put_count(text, event->loss.ring_all, "packets");
	wt_text_put(text, " in the window");
	if (needed)
		wt_text_put(text, ", %" PRIu64 " %s needed", needed, needed == 1 ? "is" : "are");
}

static void put_writer(struct wt_text *text, const struct wt_feed_event *event)
{
	if (!event->loss.writer) {
		wt_text_put(text, "seen after the last packet that could be written");
		return;
	}
	put_count(text, event->loss.writer, "packets");
	wt_text_put(text, " in the window %s seen and not written",
	            event->loss.writer == 1 ? "was" : "were");
}

/* "rx_missed_errors by 3, rx_fifo_errors by 1". */
static void put_moved(struct wt_text *text, const struct wt_loss *loss)
{
	const char *comma = "";

	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++) {
		if (!loss->nic_moved[i])
			continue;
		wt_text_put(text, "%s%s by %" PRIu64, comma, wt_nic_loss_counters[i],
		            loss->nic_moved[i]);
		comma = ", ";
	}
}

static void put_nic(struct wt_text *text, const struct wt_feed_event *event)
{
	wt_text_put(text, "counters");
	put_of_interface(text, event);
	wt_text_put(text, " grew between two looks ");
	put_duration(text, event->loss.nic_to_ns - event->loss.nic_from_ns);
	wt_text_put(text, " apart: ");
	put_moved(text, &event->loss);
}

static void put_line(struct wt_text *text, const struct wt_feed_event *event)
{
	wt_text_put(text, "another side has ");
	if (event->other_has == event->missing)
		wt_text_put(text, "them");
	else
		wt_text_put(text, "%" PRIu64 " of them", event->other_has);
}

static void put_upstream(struct wt_text *text, const struct wt_feed_event *event)
{
	if (event->kind == WT_EVENT_PAIR_GAP)
		wt_text_put(text, "no side has them");
	else if (!event->has_other)
		wt_text_put(text, "there is no other side");
	else if (event->other_is_silent)
		wt_text_put(text, "the other side is silent");
	else
		wt_text_put(text, "the other side lacks them, too");
}

static void put_unknown(struct wt_text *text, const struct wt_feed_event *event)
{
	if (event->loss.why[0])
		put_clean(text, event->loss.why);
	else
		wt_text_put(text, "there is no evidence");
}

static void put_late(struct wt_text *text, const struct wt_feed_event *event)
{
	wt_text_put(text, "came after all");
	if (event->recovered.by == WT_BY_NOBODY)
		return;
	wt_text_put(text, ", up to ");
	put_duration(text, event->recovered.after_ns);
	wt_text_put(text, " after the gap was seen");
}

struct cause {
	enum wt_verdict verdict;
	size_t offset; /* of its count */
	void (*put)(struct wt_text *text, const struct wt_feed_event *event);
};

#define CAUSE(which, member, put)                                                                  \
	{                                                                                          \
		which, offsetof(struct wt_verdict_result, member), put                             \
	}

static const struct cause causes[] = {
        CAUSE(WT_VERDICT_RING, ring, put_ring),
        CAUSE(WT_VERDICT_WRITER, writer, put_writer),
        CAUSE(WT_VERDICT_NIC, nic, put_nic),
        CAUSE(WT_VERDICT_LINE, line, put_line),
        CAUSE(WT_VERDICT_UPSTREAM, upstream, put_upstream),
        CAUSE(WT_VERDICT_UNKNOWN, unknown, put_unknown),
};
enum { CAUSES = sizeof(causes) / sizeof(causes[0]) };

/* "5 ring (…), 3 line (…)". */
static void put_shared(struct wt_text *text, const struct wt_feed_event *event)
{
	const char *comma = "";

	for (size_t i = 0; i < CAUSES; i++) {
		uint64_t count;

		memcpy(&count, (const uint8_t *)&event->verdict + causes[i].offset, sizeof(count));
		if (!count)
			continue;
		wt_text_put(text, "%s%" PRIu64 " %s: ", comma, count,
		            wt_verdict_name(causes[i].verdict));
		causes[i].put(text, event);
		comma = "; ";
	}
}

static void put_evidence(struct wt_text *text, const struct wt_feed_event *event)
{
	enum wt_verdict verdict = event->verdict.verdict;

	if (verdict == WT_VERDICT_SHARED)
		put_shared(text, event);
	else if (verdict == WT_VERDICT_LATE)
		put_late(text, event);
	for (size_t i = 0; i < CAUSES; i++)
		if (causes[i].verdict == verdict)
			causes[i].put(text, event);
	if (event->kind != WT_EVENT_PAIR_GAP &&
	    (verdict == WT_VERDICT_LINE || verdict == WT_VERDICT_UPSTREAM))
		wt_text_put(text, ", and nothing was lost here");
}

static int length_of(const struct wt_text *text)
{
	return text->length < text->capacity ? (int)text->length : -EMSGSIZE;
}

int wt_feed_evidence_text(const struct wt_feed_event *event, char *out, size_t capacity)
{
	struct wt_text text = {out, capacity, 0};

	put_evidence(&text, event);
	return length_of(&text);
}

/* "14:02:11.123456789 itch A unit 3: ". */
static void put_place(struct wt_text *text, const struct wt_feed_event *event)
{
	enum { TIME_OF_DAY = 11 };
	char time[WT_TIME_UTC_BYTES];
	const char *of_day;

	wt_time_format_utc(time, event->stamp_ns);
	of_day = strchr(time, 'T');
	of_day = of_day ? of_day + 1 : time;
	wt_text_put(text, "%.*s ", (int)strcspn(of_day, "Z"), of_day);
	put_clean(text, event->channel);
	if (event->kind != WT_EVENT_PAIR_GAP)
		wt_text_put(text, " %s", wt_feed_side_name(event->side));
	else
		wt_text_put(text, " all sides");
	if (event->key && event->key[0]) {
		wt_text_put(text, " ");
		put_clean(text, event->key);
	}
	wt_text_put(text, ": ");
}

static void put_gap(struct wt_text *text, const struct wt_feed_event *event)
{
	bool is_late = event->verdict.verdict == WT_VERDICT_LATE;

	put_count(text, is_late ? event->end - event->first : event->missing,
	          wt_feed_unit_name(event->unit));
	wt_text_put(text, " %s from %" PRIu64 ": %s (", is_late ? "skipped" : "missing",
	            event->first, wt_verdict_name(event->verdict.verdict));
	put_evidence(text, event);
	wt_text_put(text, ")");
}

static void put_recovered(struct wt_text *text, const struct wt_feed_event *event)
{
	static const char *const by[] = {"", " by itself", " from the other side",
	                                 " by retransmission"};

	put_count(text, event->recovered.count, wt_feed_unit_name(event->unit));
	wt_text_put(text, " from %" PRIu64 " came after all", event->first);
	if (event->recovered.by == WT_BY_NOBODY)
		return;
	wt_text_put(text, "%s, ",
	            (unsigned)event->recovered.by <= WT_BY_R ? by[event->recovered.by] : "");
	put_duration(text, event->recovered.after_ns);
	wt_text_put(text, " after the gap was seen");
}

static void put_tail(struct wt_text *text, const struct wt_feed_event *event)
{
	put_count(text, event->missing, wt_feed_unit_name(event->unit));
	wt_text_put(text, " from %" PRIu64 " %s seen and not written, at the end", event->first,
	            event->missing == 1 ? "was" : "were");
}

static void put_stream(struct wt_text *text, const struct wt_feed_event *event)
{
	wt_text_put(text, "first seen");
	if (event->interface && event->interface[0]) {
		wt_text_put(text, " on ");
		put_clean(text, event->interface);
	}
	if (event->first)
		wt_text_put(text, ", at %" PRIu64, event->first);
}

static void put_what(struct wt_text *text, const struct wt_feed_event *event)
{
	switch (event->kind) {
	case WT_EVENT_GAP:
	case WT_EVENT_PAIR_GAP:
		put_gap(text, event);
		break;
	case WT_EVENT_RECOVERED:
		put_recovered(text, event);
		break;
	case WT_EVENT_RESTART:
		wt_text_put(text, "begins anew at %" PRIu64 "%s", event->first,
		            event->signalled ? "" : ", without saying so");
		break;
	case WT_EVENT_STATE:
		wt_text_put(text, "%s", wt_feed_state_name(event->state));
		break;
	case WT_EVENT_LOST_TAIL:
		put_tail(text, event);
		break;
	default:
		put_stream(text, event);
		break;
	}
}

int wt_feed_event_line(const struct wt_feed_event *event, char *out, size_t capacity)
{
	struct wt_text text = {out, capacity, 0};

	put_place(&text, event);
	put_what(&text, event);
	return length_of(&text);
}
