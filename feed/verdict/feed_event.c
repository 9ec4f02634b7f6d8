/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/feed_event.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <wiretape/base/name_value.h>
#include <wiretape/base/text_put.h>
#include <wiretape/feed/verdict/loss_log.h>
#include <wiretape/pcapng/text_block.h>

/* Events as lines "name=value". Absent values are 0, "" or, for stamps, not known. */

enum type { STRING, UNSIGNED_64, UNSIGNED_32, SIGNED_64, STAMP, YES };

/* A value and where it is kept. */
struct field {
	const char *name;
	size_t offset;
	enum type type;
};

#define FIELD(name, member, type)                                                                  \
	{                                                                                          \
		name, offsetof(struct wt_feed_event, member), type                                 \
	}

static const struct field fields[] = {
        FIELD("channel", channel, STRING),
        FIELD("preset", preset, STRING),
        FIELD("key", key, STRING),
        FIELD("session", session, STRING),
        FIELD("interface", interface, STRING),
        FIELD("number", number, UNSIGNED_32),
        FIELD("signalled", signalled, YES),
        FIELD("first", first, UNSIGNED_64),
        FIELD("end", end, UNSIGNED_64),
        FIELD("missing", missing, UNSIGNED_64),
        FIELD("after_ns", after_ns, STAMP),
        FIELD("before_ns", before_ns, STAMP),
        FIELD("after_order", after_order, UNSIGNED_64),
        FIELD("before_order", before_order, UNSIGNED_64),
        FIELD("ring", verdict.ring, UNSIGNED_64),
        FIELD("writer", verdict.writer, UNSIGNED_64),
        FIELD("nic", verdict.nic, UNSIGNED_64),
        FIELD("line", verdict.line, UNSIGNED_64),
        FIELD("upstream", verdict.upstream, UNSIGNED_64),
        FIELD("unknown", verdict.unknown, UNSIGNED_64),
        FIELD("packets_needed", verdict.packets_needed, UNSIGNED_64),
        FIELD("ring_claim", verdict.ring_claim, UNSIGNED_64),
        FIELD("loss_known", loss.known, YES),
        FIELD("loss_ring", loss.ring, UNSIGNED_64),
        FIELD("loss_ring_all", loss.ring_all, UNSIGNED_64),
        FIELD("loss_writer", loss.writer, UNSIGNED_64),
        FIELD("nic_looks", loss.has_nic, YES),
        FIELD("loss_nic", loss.nic, UNSIGNED_64),
        FIELD("nic_from_ns", loss.nic_from_ns, SIGNED_64),
        FIELD("nic_to_ns", loss.nic_to_ns, SIGNED_64),
        FIELD("other", has_other, YES),
        FIELD("other_silent", other_is_silent, YES),
        FIELD("other_has", other_has, UNSIGNED_64),
        FIELD("other_lacks", other_lacks, UNSIGNED_64),
        FIELD("recovered", recovered.count, UNSIGNED_64),
        FIELD("recovered_after_ns", recovered.after_ns, SIGNED_64),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const char moved_prefix[] = "nic.";

static bool has_verdict(enum wt_feed_event_kind kind)
{
	return kind == WT_EVENT_GAP || kind == WT_EVENT_PAIR_GAP || kind == WT_EVENT_LOST_TAIL;
}

/* Put a string with its newlines as spaces. */
static void put_string(struct wt_text *text, const char *name, const char *value)
{
	size_t length = value ? strnlen(value, WT_FEED_EVENT_STRING_MAX) : 0;

	if (!length)
		return;
	wt_text_put(text, "%s=", name);
	for (size_t i = 0; i < length; i++)
		wt_text_put(text, "%c", value[i] == '\n' ? ' ' : value[i]);
	wt_text_put(text, "\n");
}

static void put_unsigned(struct wt_text *text, const char *name, uint64_t value)
{
	if (value)
		wt_text_put(text, "%s=%" PRIu64 "\n", name, value);
}

static void put_signed(struct wt_text *text, const char *name, int64_t value, int64_t absent)
{
	if (value != absent)
		wt_text_put(text, "%s=%" PRId64 "\n", name, value);
}

static void put_field(struct wt_text *text, const struct wt_feed_event *event,
                      const struct field *field)
{
	const void *at = (const uint8_t *)event + field->offset;
	const char *string;
	uint64_t wide;
	uint32_t narrow;

	switch (field->type) {
	case STRING:
		memcpy(&string, at, sizeof(string));
		put_string(text, field->name, string);
		break;
	case UNSIGNED_32:
		memcpy(&narrow, at, sizeof(narrow));
		put_unsigned(text, field->name, narrow);
		break;
	case YES:
		put_unsigned(text, field->name, *(const bool *)at);
		break;
	case UNSIGNED_64:
		memcpy(&wide, at, sizeof(wide));
		put_unsigned(text, field->name, wide);
		break;
	default:
		memcpy(&wide, at, sizeof(wide));
		put_signed(text, field->name, (int64_t)wide, field->type == STAMP ? INT64_MIN : 0);
		break;
	}
}

/* Fields whose value is one of several words. */
static void put_words(struct wt_text *text, const struct wt_feed_event *event)
{
	if (event->kind != WT_EVENT_PAIR_GAP)
		put_string(text, "side", wt_feed_side_name(event->side));
	put_string(text, "unit", wt_feed_unit_name(event->unit));
	if (event->kind == WT_EVENT_STATE)
		put_string(text, "state", wt_feed_state_name(event->state));
	if (has_verdict(event->kind))
		put_string(text, "verdict", wt_verdict_name(event->verdict.verdict));
	put_string(text, "recovered_by", wt_feed_by_name(event->recovered.by));
}

static void put_moved(struct wt_text *text, const struct wt_loss *loss)
{
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		if (loss->nic_moved[i])
			wt_text_put(text, "%s%s=%" PRIu64 "\n", moved_prefix,
			            wt_nic_loss_counters[i], loss->nic_moved[i]);
}

int wt_feed_event_encode(const struct wt_feed_event *event, char *out, size_t capacity)
{
	struct wt_text text = {out, capacity, 0};

	wt_text_put(&text, "v=%d\nwhat=%s\nstamp_ns=%" PRId64 "\n", WT_FEED_EVENT_VERSION,
	            wt_feed_event_name(event->kind), event->stamp_ns);
	put_words(&text, event);
	for (size_t i = 0; i < FIELDS; i++)
		put_field(&text, event, &fields[i]);
	put_moved(&text, &event->loss);
	put_string(&text, "why", event->loss.why);
	return text.length < capacity ? (int)text.length : -EMSGSIZE;
}

ssize_t wt_feed_event_block(const struct wt_feed_event *event, uint8_t *out, size_t capacity)
{
	char text[WT_FEED_EVENT_TEXT_BYTES];
	int length = wt_feed_event_encode(event, text, sizeof(text));

	return length < 0
	               ? length
	               : wt_text_block_encode(out, capacity, WT_PCAPNG_FEED, text, (size_t)length);
}

struct reading {
	struct wt_feed_event *event;
	char *strings;
	size_t room;
	bool has_version, has_kind, has_stamp;
	uint64_t version;
};

/* False if there is no more room. */
static bool keep_string(struct reading *reading, const struct wt_name_value *line,
                        const char **string)
{
	size_t length = line->value_length < WT_FEED_EVENT_STRING_MAX ? line->value_length
	                                                              : WT_FEED_EVENT_STRING_MAX;

	if (length >= reading->room)
		return false;
	memcpy(reading->strings, line->value, length);
	reading->strings[length] = '\0';
	*string = reading->strings;
	reading->strings += length + 1;
	reading->room -= length + 1;
	return true;
}

static bool read_yes(const struct wt_name_value *line, bool *yes)
{
	uint64_t value;

	*yes = wt_value_u64(line, &value) && value == 1;
	return *yes;
}

static bool read_field(struct reading *reading, const struct wt_name_value *line,
                       const struct field *field)
{
	uint8_t *at = (uint8_t *)reading->event + field->offset;
	const char *string;
	uint64_t wide;
	int64_t number;
	uint32_t narrow;

	switch (field->type) {
	case STRING:
		if (!keep_string(reading, line, &string))
			return false;
		memcpy(at, &string, sizeof(string));
		return true;
	case UNSIGNED_32:
		if (!wt_value_u32(line, &narrow))
			return false;
		memcpy(at, &narrow, sizeof(narrow));
		return true;
	case UNSIGNED_64:
		if (!wt_value_u64(line, &wide))
			return false;
		memcpy(at, &wide, sizeof(wide));
		return true;
	case YES:
		return read_yes(line, (bool *)at);
	default:
		if (!wt_value_i64(line, &number))
			return false;
		memcpy(at, &number, sizeof(number));
		return true;
	}
}

static const char *kind_word(int i)
{
	return wt_feed_event_name((enum wt_feed_event_kind)i);
}

static const char *side_word(int i)
{
	return wt_feed_side_name((enum wt_feed_side)i);
}

static const char *unit_word(int i)
{
	return wt_feed_unit_name((enum wt_feed_unit)i);
}

static const char *state_word(int i)
{
	return wt_feed_state_name((enum wt_feed_state)i);
}

static const char *verdict_word(int i)
{
	return wt_verdict_name((enum wt_verdict)i);
}

static const char *by_word(int i)
{
	return wt_feed_by_name((enum wt_feed_by)i);
}

static void set_kind(struct reading *reading, int word)
{
	reading->event->kind = (enum wt_feed_event_kind)word;
	reading->has_kind = true;
}

static void set_side(struct reading *reading, int word)
{
	reading->event->side = (enum wt_feed_side)word;
}

static void set_unit(struct reading *reading, int word)
{
	reading->event->unit = (enum wt_feed_unit)word;
}

static void set_state(struct reading *reading, int word)
{
	reading->event->state = (enum wt_feed_state)word;
}

static void set_verdict(struct reading *reading, int word)
{
	reading->event->verdict.verdict = (enum wt_verdict)word;
}

static void set_by(struct reading *reading, int word)
{
	reading->event->recovered.by = (enum wt_feed_by)word;
}

static const struct choice {
	const char *name;
	const char *(*word)(int);
	int count;
	void (*set)(struct reading *reading, int word);
} choices[] = {
        {"what", kind_word, WT_FEED_EVENT_KINDS, set_kind},
        {"side", side_word, WT_FEED_SIDES, set_side},
        {"unit", unit_word, WT_FEED_BYTES + 1, set_unit},
        {"state", state_word, WT_FEED_STATE_RESTARTED + 1, set_state},
        {"verdict", verdict_word, WT_VERDICTS, set_verdict},
        {"recovered_by", by_word, WT_BY_R + 1, set_by},
};
enum { CHOICES = sizeof(choices) / sizeof(choices[0]) };

static bool read_choice(struct reading *reading, const struct wt_name_value *line,
                        const struct choice *choice)
{
	int word = wt_value_find(line, choice->word, choice->count);

	if (word >= 0)
		choice->set(reading, word);
	return word >= 0;
}

/* A counter's difference, "nic.rx_missed_errors=3". */
static bool read_moved(const struct wt_name_value *line, struct wt_loss *loss)
{
	const size_t prefix = sizeof(moved_prefix) - 1;
	struct wt_name_value counter = *line;

	if (line->name_length < prefix || memcmp(line->name, moved_prefix, prefix) != 0)
		return true;
	counter.name += prefix;
	counter.name_length -= prefix;
	for (size_t i = 0; i < WT_NIC_COUNTERS_MAX && wt_nic_loss_counters[i]; i++)
		if (wt_name_is(&counter, wt_nic_loss_counters[i]))
			return wt_value_u64(line, &loss->nic_moved[i]);
	return true;
}

static void read_why(const struct wt_name_value *line, struct wt_loss *loss)
{
	size_t length =
	        line->value_length < sizeof(loss->why) ? line->value_length : sizeof(loss->why) - 1;

	memcpy(loss->why, line->value, length);
	loss->why[length] = '\0';
}

static bool read_line(struct reading *reading, const struct wt_name_value *line)
{
	struct wt_feed_event *event = reading->event;

	if (wt_name_is(line, "v"))
		return reading->has_version = wt_value_u64(line, &reading->version);
	if (wt_name_is(line, "stamp_ns"))
		return reading->has_stamp = wt_value_i64(line, &event->stamp_ns);
	for (size_t i = 0; i < CHOICES; i++)
		if (wt_name_is(line, choices[i].name))
			return read_choice(reading, line, &choices[i]);
	for (size_t i = 0; i < FIELDS; i++)
		if (wt_name_is(line, fields[i].name))
			return read_field(reading, line, &fields[i]);
	if (wt_name_is(line, "why"))
		read_why(line, &event->loss);
	return read_moved(line, &event->loss);
}

/* Clear the fields that an event of this kind does not have. */
static void settle(struct wt_feed_event *event)
{
	if (event->kind == WT_EVENT_PAIR_GAP)
		event->side = WT_FEED_A;
	if (event->kind != WT_EVENT_STATE)
		event->state = WT_FEED_STATE_LIVE;
	if (!has_verdict(event->kind))
		event->verdict.verdict = WT_VERDICT_RING;
}

static void begin(struct wt_feed_event *event)
{
	memset(event, 0, sizeof(*event));
	event->channel = event->preset = event->key = event->session = event->interface = "";
	event->after_ns = event->before_ns = INT64_MIN;
}

int wt_feed_event_decode(struct wt_feed_event *event, const char *body, size_t bytes, char *strings)
{
	struct reading reading;
	struct wt_name_value line;
	int rc;

	begin(event);
	reading = (struct reading){
	        .event = event, .strings = strings, .room = WT_FEED_EVENT_TEXT_BYTES};
	while ((rc = wt_name_value_next(&body, &bytes, &line)) > 0) {
		bool is_good = read_line(&reading, &line);

		if (reading.has_version && reading.version != WT_FEED_EVENT_VERSION)
			return -ENOTSUP;
		if (!is_good)
			return -EBADMSG;
	}
	if (rc || !reading.has_version || !reading.has_kind || !reading.has_stamp)
		return -EBADMSG;
	settle(event);
	return 0;
}

const char *wt_feed_event_name(enum wt_feed_event_kind kind)
{
	static const char *const names[WT_FEED_EVENT_KINDS] = {
	        "stream", "gap", "pair_gap", "recovered", "restart", "state", "lost_tail"};

	return (unsigned)kind < WT_FEED_EVENT_KINDS ? names[kind] : "?";
}

const char *wt_feed_by_name(enum wt_feed_by by)
{
	static const char *const names[] = {"", "itself", "other", "R"};

	return (unsigned)by <= WT_BY_R ? names[by] : "?";
}

const char *wt_feed_state_name(enum wt_feed_state state)
{
	static const char *const names[] = {"live", "silent", "ended", "restarted"};

	return (unsigned)state <= WT_FEED_STATE_RESTARTED ? names[state] : "?";
}
