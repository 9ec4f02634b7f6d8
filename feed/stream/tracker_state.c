/* SPDX-License-Identifier: BSD-2-Clause */
/* A tracker's streams as text: a line with the version, then a line a stream, "stream" and
 * name=value pairs. Names that are not known are passed over. */
#include <wiretape/feed/stream/number_private.h>
#include <wiretape/feed/stream/tracker_private.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 32, VALUE_BYTES = 1024 };

static const char VERSION_LINE[] = "wiretape-tracker 1";
static const char STREAM_WORD[] = "stream";
/* Largest number accepted from a state; all later ones still fit in 64 bits. */
static const uint64_t NUMBER_MOST = UINT64_C(3) << 62;

/* A line, taken apart. */
struct saved {
	struct wt_stream stream;
	struct wt_stream_rest rest;
	uint64_t header_channel, started, ended, most;
	int64_t last_ns;
	char channel[WT_FEED_NAME_BYTES];
	char preset[256]; /* custom ones are named by their text */
	char side[4];
	char interface[WT_FEED_INTERFACE_BYTES];
	char gaps[VALUE_BYTES];
};

enum type { TEXT, UNSIGNED, SIGNED, TRUTH };

struct field {
	const char *name;
	enum type type;
	size_t offset, bytes;
};

#define FIELD(name, type, member)                                                                  \
	{                                                                                          \
		name, type, offsetof(struct saved, member), sizeof(((struct saved *)0)->member)    \
	}

static const struct field fields[] = {
        FIELD("channel", TEXT, channel),
        FIELD("preset", TEXT, preset),
        FIELD("side", TEXT, side),
        FIELD("interface", TEXT, interface),
        FIELD("header_channel", UNSIGNED, header_channel),
        FIELD("session", UNSIGNED, stream.session),
        FIELD("key", TEXT, rest.key),
        FIELD("session_text", TEXT, rest.session),
        FIELD("started", UNSIGNED, started),
        FIELD("ended", UNSIGNED, ended),
        FIELD("first", UNSIGNED, rest.sequence.first),
        FIELD("next", UNSIGNED, rest.sequence.next),
        FIELD("floor", UNSIGNED, rest.sequence.floor),
        FIELD("received", UNSIGNED, rest.sequence.received),
        FIELD("missing", UNSIGNED, rest.sequence.missing),
        FIELD("recovered", UNSIGNED, rest.sequence.reordered),
        FIELD("duplicates", UNSIGNED, rest.sequence.duplicates),
        FIELD("too_late", UNSIGNED, rest.sequence.too_late),
        FIELD("gaps", UNSIGNED, rest.sequence.gaps),
        FIELD("open", TEXT, gaps),
        FIELD("past_expected", UNSIGNED, rest.past.expected),
        FIELD("past_received", UNSIGNED, rest.past.received),
        FIELD("past_missing", UNSIGNED, rest.past.missing),
        FIELD("past_recovered", UNSIGNED, rest.past.recovered),
        FIELD("past_duplicates", UNSIGNED, rest.past.duplicates),
        FIELD("past_too_late", UNSIGNED, rest.past.too_late),
        FIELD("past_gaps", UNSIGNED, rest.past.gaps),
        FIELD("run_signalled", TRUTH, rest.run_signalled),
        FIELD("run_whole", TRUTH, rest.run_whole),
        FIELD("late", UNSIGNED, rest.late),
        FIELD("late_most_ns", SIGNED, rest.late_most_ns),
        FIELD("wild", UNSIGNED, rest.wild),
        FIELD("again", UNSIGNED, rest.again),
        FIELD("resets", UNSIGNED, rest.resets),
        FIELD("unsequenced", UNSIGNED, rest.unsequenced),
        FIELD("heartbeats", UNSIGNED, rest.heartbeats),
        FIELD("cycles", UNSIGNED, rest.cycles),
        FIELD("complete_cycles", UNSIGNED, rest.complete_cycles),
        FIELD("packets", UNSIGNED, stream.packets),
        FIELD("most_in_packet", UNSIGNED, most),
        FIELD("first_ns", SIGNED, rest.first_ns),
        FIELD("last_ns", SIGNED, last_ns),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void *member(struct saved *saved, const struct field *field)
{
	return (char *)saved + field->offset;
}

static bool is_control(char byte)
{
	return (unsigned char)byte < ' ' || byte == 127;
}

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(is_control(*text) ? '?' : *text, out);
	}
	fputc('"', out);
}

static void write_field(FILE *out, struct saved *saved, const struct field *field)
{
	void *at = member(saved, field);

	fprintf(out, " %s=", field->name);
	switch (field->type) {
	case TEXT:
		write_text(out, at);
		break;
	case UNSIGNED:
		fprintf(out, "%" PRIu64, *(uint64_t *)at);
		break;
	case SIGNED:
		fprintf(out, "%" PRId64, *(int64_t *)at);
		break;
	case TRUTH:
		fputc(*(bool *)at ? '1' : '0', out);
		break;
	}
}

static void write_gaps(char *text, size_t room, const struct wt_sequence *sequence)
{
	size_t at = 0;

	for (uint32_t i = 0; i < sequence->open_gaps; i++)
		at += (size_t)snprintf(text + at, room - at, "%s%" PRIu64 "-%" PRIu64 "@%" PRId64,
		                       i ? "," : "", sequence->open[i].first, sequence->open[i].end,
		                       sequence->open[i].mark);
}

/* Count held packets as unconfirmed: no confirming packet is on this tape. */
static void settle_held(struct saved *saved)
{
	const struct wt_stream_candidate *held = &saved->rest.candidate;

	if (!(saved->stream.flags & WT_STREAM_CANDIDATE))
		return;
	if (held->ahead)
		saved->rest.wild += held->seen;
	else if (held->known)
		saved->rest.past.duplicates += held->next - held->first;
	else
		saved->rest.past.too_late += held->next - held->first;
}

static void take_apart(const struct wt_tracker *tracker, uint32_t number, struct saved *saved)
{
	const struct wt_stream *stream = wt_stream_at(&tracker->streams, number);
	const struct wt_side *side = &tracker->reader.sides.sides[wt_place_side(stream->place)];
	struct wt_sequence *sequence = &saved->rest.sequence;

	*saved = (struct saved){
	        .stream = *stream,
	        .rest = tracker->streams.rest[number],
	        .header_channel = (uint32_t)stream->place,
	        .started = !(stream->flags & WT_STREAM_UNSTARTED),
	        .ended = !!(stream->flags & WT_STREAM_ENDED),
	};
	saved->most = saved->rest.most;
	saved->last_ns =
	        stream->last_ns > saved->rest.any_ns ? stream->last_ns : saved->rest.any_ns;
	if (sequence->started) {
		sequence->received += stream->next - sequence->next;
		sequence->next = stream->next;
	}
	settle_held(saved);
	snprintf(saved->channel, sizeof(saved->channel), "%s",
	         tracker->channels->list[side->channel].name);
	snprintf(saved->preset, sizeof(saved->preset), "%s", side->preset->name);
	snprintf(saved->side, sizeof(saved->side), "%s", wt_feed_side_name(side->side));
	memcpy(saved->interface, tracker->names[wt_place_interface(stream->place)],
	       sizeof(saved->interface));
	write_gaps(saved->gaps, sizeof(saved->gaps), sequence);
}

/* Whether a stream has ended without a packet today, so that tomorrow does not need it. */
static bool is_over(const struct wt_stream *stream)
{
	const uint16_t over = WT_STREAM_LOADED | WT_STREAM_ENDED;

	return (stream->flags & over) == over;
}

static void write_streams(FILE *out, const struct wt_tracker *tracker)
{
	struct saved saved;

	for (uint32_t i = 0; i < tracker->streams.count; i++) {
		if (is_over(wt_stream_at(&tracker->streams, i)))
			continue;
		take_apart(tracker, i, &saved);
		fputs(STREAM_WORD, out);
		for (int field = 0; field < FIELDS; field++)
			write_field(out, &saved, &fields[field]);
		fputc('\n', out);
	}
}

static void write_line(FILE *out, const struct wt_loaded_state *loaded, size_t line)
{
	fwrite(loaded->text + loaded->lines[line].offset, 1, loaded->lines[line].bytes, out);
	fputc('\n', out);
}

/* Write streams of interfaces that were not there today. */
static void write_unused(FILE *out, const struct wt_loaded_state *loaded)
{
	for (size_t i = 0; i < loaded->count; i++)
		if (!loaded->lines[i].used && !loaded->lines[i].ended)
			write_line(out, loaded, i);
}

int wt_tracker_save(const struct wt_tracker *tracker, char **text, size_t *bytes)
{
	FILE *out = open_memstream(text, bytes);
	bool failed;

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s\n", VERSION_LINE);
	write_streams(out, tracker);
	write_unused(out, &tracker->loaded);
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

struct cursor {
	const char *at, *end;
};

/* The name before '='. */
static const char *read_name(struct cursor *cursor, char name[NAME_BYTES])
{
	size_t bytes = 0;

	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
	while (cursor->at < cursor->end &&
	       (isalnum((unsigned char)*cursor->at) || *cursor->at == '_')) {
		if (bytes == NAME_BYTES - 1)
			return "a name is too long";
		name[bytes++] = *cursor->at++;
	}
	name[bytes] = '\0';
	if (!bytes || cursor->at == cursor->end || *cursor->at != '=')
		return "a name and '=' are expected";
	cursor->at++;
	return NULL;
}

static const char *read_quoted(struct cursor *cursor, char value[VALUE_BYTES])
{
	size_t bytes = 0;

	for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++) {
		if (*cursor->at == '\\' && ++cursor->at == cursor->end)
			break;
		if (bytes == VALUE_BYTES - 1)
			return "a value is too long";
		value[bytes++] = *cursor->at;
	}
	value[bytes] = '\0';
	if (cursor->at == cursor->end)
		return "a closing '\"' is missing";
	cursor->at++;
	return NULL;
}

static const char *read_value(struct cursor *cursor, char value[VALUE_BYTES])
{
	size_t bytes = 0;

	if (cursor->at < cursor->end && *cursor->at == '"')
		return read_quoted(cursor, value);
	while (cursor->at < cursor->end && *cursor->at != ' ') {
		if (bytes == VALUE_BYTES - 1)
			return "a value is too long";
		value[bytes++] = *cursor->at++;
	}
	value[bytes] = '\0';
	return NULL;
}

static const char *set_text(char *at, size_t room, const char *value)
{
	if (strlen(value) >= room)
		return "a text is too long";
	strcpy(at, value);
	return NULL;
}

static const char *set_number(void *at, enum type type, const char *value)
{
	char *end;

	errno = 0;
	if (type == SIGNED) {
		*(int64_t *)at = strtoll(value, &end, 10);
	} else {
		uint64_t number = strtoull(value, &end, 10);

		if (*value == '-' || (type == TRUTH && number > 1))
			return "a number is out of range";
		if (type == TRUTH)
			*(bool *)at = number;
		else
			*(uint64_t *)at = number;
	}
	if (errno || end == value || *end)
		return "a number is expected";
	return NULL;
}

static const char *set_field(struct saved *saved, const char *name, const char *value)
{
	for (int i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].name, name))
			continue;
		if (fields[i].type == TEXT)
			return set_text(member(saved, &fields[i]), fields[i].bytes, value);
		return set_number(member(saved, &fields[i]), fields[i].type, value);
	}
	return NULL;
}

/* FIRST-END@MARK with commas between them. */
static const char *read_gaps(struct wt_sequence *sequence, const char *text)
{
	while (*text) {
		struct wt_sequence_gap gap;
		int used = 0;

		if (sequence->open_gaps == WT_SEQUENCE_GAPS)
			return "there are too many open gaps";
		if (sscanf(text, "%" SCNu64 "-%" SCNu64 "@%" SCNd64 "%n", &gap.first, &gap.end,
		           &gap.mark, &used) != 3 ||
		    (text[used] && text[used] != ','))
			return "an open gap is not FIRST-END@STAMP";
		sequence->open[sequence->open_gaps++] = gap;
		text += used + (text[used] == ',');
	}
	return NULL;
}

static const char *check_gaps(const struct wt_sequence *sequence)
{
	uint64_t from = sequence->floor, open = 0;

	for (uint32_t i = 0; i < sequence->open_gaps; i++) {
		const struct wt_sequence_gap *gap = &sequence->open[i];

		if (gap->first < from || gap->end <= gap->first || gap->end > sequence->next)
			return "open gaps are out of order";
		open += gap->end - gap->first;
		from = gap->end;
	}
	return open <= sequence->missing ? NULL : "open gaps are more than what is missing";
}

static const char *check_numbers(const struct saved *saved)
{
	const struct wt_sequence *sequence = &saved->rest.sequence;
	uint64_t expected;

	if (saved->rest.past.expected - saved->rest.past.received != saved->rest.past.missing)
		return "past_expected is not past_received and past_missing together";
	if (sequence->next < sequence->first || sequence->next > NUMBER_MOST ||
	    sequence->floor < sequence->first || sequence->floor > sequence->next)
		return "first, floor and next are not in this order";
	expected = sequence->next - sequence->first;
	if (sequence->received > expected || expected - sequence->received != sequence->missing)
		return "received and missing are not all from first to next";
	return check_gaps(sequence);
}

static const char *check_bytes(struct cursor cursor)
{
	for (; cursor.at < cursor.end; cursor.at++)
		if (is_control(*cursor.at))
			return "there is a byte that is not text";
	return NULL;
}

static const char *read_line(struct cursor cursor, struct saved *saved)
{
	char name[NAME_BYTES], value[VALUE_BYTES];
	const size_t word = strlen(STREAM_WORD);
	const char *wrong = check_bytes(cursor);

	*saved = (struct saved){0};
	if (wrong)
		return wrong;
	if ((size_t)(cursor.end - cursor.at) < word || memcmp(cursor.at, STREAM_WORD, word))
		return "'stream' is expected";
	for (cursor.at += word; cursor.at < cursor.end;) {
		wrong = read_name(&cursor, name);
		if (!wrong)
			wrong = read_value(&cursor, value);
		if (!wrong)
			wrong = set_field(saved, name, value);
		if (wrong)
			return wrong;
	}
	if (saved->started > 1 || saved->ended > 1 || saved->header_channel > UINT32_MAX ||
	    saved->most > UINT32_MAX)
		return "a number is out of range";
	wrong = read_gaps(&saved->rest.sequence, saved->gaps);
	return wrong ? wrong : check_numbers(saved);
}

/* Find a line's side, or WT_SIDE_NONE. */
static uint32_t side_of(const struct wt_tracker *tracker, const struct saved *saved)
{
	for (uint32_t i = 0; i < tracker->reader.sides.side_count; i++) {
		const struct wt_side *side = &tracker->reader.sides.sides[i];

		if (!strcmp(saved->channel, tracker->channels->list[side->channel].name) &&
		    !strcmp(saved->side, wt_feed_side_name(side->side)) &&
		    !strcmp(saved->preset, side->preset->name))
			return i;
	}
	return WT_SIDE_NONE;
}

static void set_stream(struct wt_stream *stream, const struct saved *saved,
                       const struct wt_side *side)
{
	stream->next = saved->rest.sequence.next;
	stream->base = stream->next - wt_number_wire(side->preset, stream->next);
	stream->last_ns = saved->last_ns;
	stream->packets = saved->stream.packets;
	stream->most = saved->most < UINT16_MAX ? (uint16_t)saved->most : UINT16_MAX;
	stream->flags = WT_STREAM_LOADED | wt_stream_kind_flags(side);
	if (!saved->started)
		stream->flags |= WT_STREAM_UNSTARTED;
	if (saved->ended)
		stream->flags |= WT_STREAM_ENDED;
}

static bool add_stream(struct wt_tracker *tracker, uint32_t interface, struct saved *saved)
{
	struct wt_stream_table *table = &tracker->streams;
	uint32_t number = side_of(tracker, saved), channel = (uint32_t)saved->header_channel;
	uint64_t place = wt_stream_place(interface, number, channel);
	const struct wt_side *side = &tracker->reader.sides.sides[number];
	struct wt_stream_rest *rest;
	struct wt_stream *stream;

	if (wt_stream_find(table, place, saved->stream.session,
	                   wt_stream_hash(place, saved->stream.session)))
		return false;
	stream = wt_stream_add(table, place, saved->stream.session, side->channel);
	if (!stream)
		return false;
	set_stream(stream, saved, side);
	rest = &table->rest[stream->number];
	saved->rest.before = rest->before;
	saved->rest.replaces = saved->rest.replaced_by = WT_STREAM_NONE;
	saved->rest.any_ns = saved->last_ns;
	saved->rest.most = (uint32_t)saved->most;
	if (wt_side_retransmits(side))
		saved->rest.sequence = (struct wt_sequence){0};
	else
		saved->rest.sequence.started = (uint32_t)saved->started;
	*rest = saved->rest;
	return true;
}

static struct cursor line_of(const struct wt_loaded_state *loaded, size_t line)
{
	const char *at = loaded->text + loaded->lines[line].offset;

	return (struct cursor){at, at + loaded->lines[line].bytes};
}

void wt_tracker_state_interface(struct wt_tracker *tracker, uint32_t interface)
{
	struct wt_loaded_state *loaded = &tracker->loaded;
	struct saved saved;

	for (size_t i = 0; i < loaded->count; i++) {
		if (loaded->lines[i].used || read_line(line_of(loaded, i), &saved) ||
		    strcmp(saved.interface, tracker->names[interface]))
			continue;
		loaded->lines[i].used = add_stream(tracker, interface, &saved);
	}
}

/* Take a line if its channel is there: 1; 0: it is not; -EBADMSG. */
static int keep_line(struct wt_tracker *tracker, size_t at, size_t bytes, const char **wrong)
{
	struct wt_loaded_state *loaded = &tracker->loaded;
	struct saved saved;

	*wrong = read_line((struct cursor){loaded->text + at, loaded->text + at + bytes}, &saved);
	if (*wrong)
		return -EBADMSG;
	if (side_of(tracker, &saved) == WT_SIDE_NONE)
		return 0;
	loaded->lines[loaded->count++] =
	        (struct wt_state_line){.offset = at, .bytes = bytes, .ended = saved.ended};
	return 1;
}

static int keep_lines(struct wt_tracker *tracker, size_t bytes, size_t *left_out,
                      struct wt_error *err)
{
	const char *text = tracker->loaded.text, *wrong;
	unsigned number = 1;
	int rc;

	for (size_t at = 0; at < bytes; number++) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t length = end ? (size_t)(end - text) - at : bytes - at;

		if (number > 1 && length) {
			rc = keep_line(tracker, at, length, &wrong);
			if (rc < 0)
				return wt_error_set(err, rc, "line %u of the state: %s", number,
				                    wrong);
			*left_out += !rc;
		}
		at += length + 1;
	}
	return 0;
}

static int check_version(const char *text, size_t bytes, struct wt_error *err)
{
	const size_t length = strlen(VERSION_LINE), name = length - 1;

	if (bytes < length || memcmp(text, VERSION_LINE, name))
		return wt_error_set(err, -EBADMSG, "line 1 of the state: '%s' is expected",
		                    VERSION_LINE);
	if (text[name] != VERSION_LINE[name] || (bytes > length && text[length] != '\n'))
		return wt_error_set(err, -ENOTSUP,
		                    "the state is of another version than this program's, %s: "
		                    "begin without it",
		                    VERSION_LINE);
	return 0;
}

static size_t count_lines(const char *text, size_t bytes)
{
	size_t count = 1;

	for (size_t i = 0; i < bytes; i++)
		count += text[i] == '\n';
	return count;
}

void wt_tracker_state_fini(struct wt_tracker *tracker)
{
	free(tracker->loaded.text);
	free(tracker->loaded.lines);
	tracker->loaded = (struct wt_loaded_state){0};
}

int wt_tracker_load(struct wt_tracker *tracker, const char *text, size_t bytes, size_t *left_out,
                    struct wt_error *err)
{
	struct wt_loaded_state *loaded = &tracker->loaded;
	int rc = check_version(text, bytes, err);

	*left_out = 0;
	if (rc)
		return rc;
	wt_tracker_state_fini(tracker);
	loaded->text = malloc(bytes);
	loaded->lines = calloc(count_lines(text, bytes), sizeof(*loaded->lines));
	if (!loaded->text || !loaded->lines) {
		wt_tracker_state_fini(tracker);
		return wt_error_set(err, -ENOMEM, "no memory for the state of feeds");
	}
	memcpy(loaded->text, text, bytes);
	rc = keep_lines(tracker, bytes, left_out, err);
	if (rc) {
		wt_tracker_state_fini(tracker);
		return rc;
	}
	for (uint32_t i = 0; i < WT_SIDE_INTERFACES; i++)
		if (tracker->told[i])
			wt_tracker_state_interface(tracker, i);
	return 0;
}
