/* SPDX-License-Identifier: BSD-2-Clause */
#include "recognise_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Rates the certainty that a group is of a preset.
 *
 * One right length is chance once in 65,536 times, or another protocol's header that begins
 * with its length, too. Numbers of 32 bits that follow each other, or times of 64 bits that go with
 * the stamps, are not chance; but another protocol's counter may stand where a transport has its
 * number. So it takes two of these three to be sure, or messages whose lengths all fit, or a
 * checksum. */

enum {
	MOST = 99,
	FEW = 3, /* packets, or numbers that follow */
	SOME = 10,
	MANY = 20,
	VERY_MANY = 100,
	DOUBT = 10,         /* percent */
	MEDIA_FEW = 9,      /* packets whose media time goes on, with numbers that follow */
	MEDIA_PERCENT = 78, /* at least, of these */
	FOLLOW_16 = 5,      /* numbers of 16 bits that have to follow at least */
};

struct evidence {
	const struct wt_candidate *candidate;
	enum wt_candidate_class class;
	uint64_t packets; /* with this class of evidence */
	uint64_t follow;  /* numbers that follow; half of those that nearly do */
	bool numbers_hold, numbers_fail;
	bool time_holds, media_holds;
};

static enum wt_candidate_class class_of_most(const uint64_t counts[WT_CLASSES], uint64_t all)
{
	uint64_t above = 0;

	for (int class = WT_CLASSES - 1; class > 0; class --) {
		above += counts[class];
		if (above * 10 >= all * 9)
			return (enum wt_candidate_class) class;
	}
	return WT_CLASS_NOTHING;
}

/* Heartbeats have little structure: where there is data, it decides. */
static void weigh_structure(struct evidence *evidence)
{
	const struct wt_candidate *candidate = evidence->candidate;
	bool data = candidate->data_packets > 0;

	evidence->packets = data ? candidate->data_packets : candidate->accepted;
	evidence->class = class_of_most(data ? candidate->data_class : candidate->bare_class,
	                                evidence->packets);
}

static void weigh_numbers(struct evidence *evidence)
{
	const struct wt_candidate *candidate = evidence->candidate;
	bool narrow = candidate->preset->number_bits <= 16;
	uint64_t good = candidate->follows + candidate->near;
	/* Each packet may be here twice, not more often. */
	uint64_t again = candidate->twice > good ? candidate->twice - good : 0;
	uint64_t all = good + candidate->far + (candidate->below + again) / 2;

	evidence->follow = candidate->follows + candidate->near / 2;
	evidence->numbers_hold =
	        evidence->follow >= (narrow ? FOLLOW_16 : FEW) && good * 10 >= all * 9;
	evidence->numbers_fail = all > FEW && good * 2 < all;
	/* Something random is taken for channels. */
	if (candidate->streams_made > WT_CANDIDATE_STREAMS &&
	    candidate->streams_made * 4 > candidate->accepted)
		evidence->numbers_fail = true;
	if (narrow &&
	    (candidate->types_beyond || candidate->media_near * 10 < candidate->media_steps * 9))
		evidence->numbers_fail = true;
	evidence->media_holds = narrow && evidence->follow >= MEDIA_FEW && candidate->media_moves &&
	                        candidate->media_near == candidate->media_steps;
	/* RTP has next to no structure, but few payload types and a time that goes on. */
	if (narrow && evidence->numbers_hold && evidence->class == WT_CLASS_NOTHING)
		evidence->class = WT_CLASS_CONSTANTS;
}

/* Near to the stamps, or as fast as them where the file is a later replay's. */
static bool time_holds(const struct wt_candidate *candidate)
{
	const int64_t second_ns = 1000000000;
	int64_t sent_ns, stamps_ns;

	if (!candidate->timed)
		return false;
	if (candidate->time_near * 10 >= candidate->timed * 9)
		return true;
	if (__builtin_sub_overflow(candidate->last_sent_ns, candidate->first_sent_ns, &sent_ns) ||
	    __builtin_sub_overflow(candidate->last_stamp_ns, candidate->first_stamp_ns, &stamps_ns))
		return false;
	return stamps_ns > second_ns && sent_ns > stamps_ns / 2 && sent_ns / 2 < stamps_ns;
}

/* By the number of packets: 1, 2, a few, some. */
struct scale {
	uint8_t one, two, few, some;
};

static unsigned on_scale(const struct scale *scale, uint64_t packets)
{
	if (packets >= SOME)
		return scale->some;
	if (packets >= FEW)
		return scale->few;
	return packets == 2 ? scale->two : scale->one;
}

/* The worth of each class alone, and with other evidence. */
static const struct weight {
	struct scale alone;
	uint8_t with_time;                /* added */
	uint8_t with_time_few;            /* added, for a few packets */
	uint8_t follows, many, very_many; /* numbers that hold */
	uint8_t follows_in_time;
	uint8_t fails; /* numbers that do not: the most */
} weights[WT_CLASSES] = {
        [WT_CLASS_NOTHING] = {{2, 3, 5, 5}, 20, 30, 55, 70, 80, 90, 2},
        [WT_CLASS_CONSTANTS] = {{15, 20, 25, 25}, 30, 35, 70, 88, 95, 95, 10},
        [WT_CLASS_LENGTH] = {{45, 55, 62, 70}, 20, 24, 92, 97, 98, 98, 25},
        [WT_CLASS_MESSAGES] = {{78, 85, 90, 93}, 10, 6, 97, 99, 99, 99, 60},
        [WT_CLASS_CHECKSUM] = {{97, 99, 99, 99}, 1, 0, 99, 99, 99, 99, 90},
};

static unsigned with_numbers(const struct evidence *evidence)
{
	const struct weight *weight = &weights[evidence->class];
	unsigned percent = weight->follows;

	if (evidence->follow >= VERY_MANY)
		percent = weight->very_many;
	else if (evidence->follow >= MANY)
		percent = weight->many;
	if (evidence->time_holds && percent < weight->follows_in_time)
		percent = weight->follows_in_time;
	if (evidence->media_holds && percent < MEDIA_PERCENT)
		percent = MEDIA_PERCENT;
	return percent;
}

static unsigned without_numbers(const struct evidence *evidence)
{
	const struct wt_candidate *candidate = evidence->candidate;
	const struct weight *weight = &weights[evidence->class];
	unsigned percent = on_scale(&weight->alone, evidence->packets);

	if (evidence->time_holds)
		percent += evidence->packets >= FEW ? weight->with_time_few : weight->with_time;
	/* A length and nothing after it, or numbers that go anywhere. */
	else if (evidence->class == WT_CLASS_LENGTH &&
	         (!candidate->data_packets || (candidate->far && !evidence->follow)))
		percent -= DOUBT;
	if (evidence->numbers_fail)
		return percent < weight->fails ? percent : weight->fails;
	/* One heartbeat after the other. */
	if (!candidate->data_packets && evidence->class == WT_CLASS_CONSTANTS &&
	    evidence->packets >= FEW && candidate->streams_made == 1 &&
	    percent < WT_RECOGNISED_PERHAPS)
		return WT_RECOGNISED_PERHAPS;
	/* One or two that follow, of two or three packets. */
	return evidence->follow && evidence->class >= WT_CLASS_LENGTH ? percent + 5 : percent;
}

unsigned wt_candidate_percent(const struct wt_candidate *candidate, uint64_t packets)
{
	struct evidence evidence = {.candidate = candidate};
	unsigned percent;

	if (!candidate->accepted || candidate->accepted * 10 < packets * 9)
		return 0;
	weigh_structure(&evidence);
	weigh_numbers(&evidence);
	evidence.time_holds = time_holds(candidate);
	percent = evidence.numbers_hold && !evidence.numbers_fail ? with_numbers(&evidence)
	                                                          : without_numbers(&evidence);
	return percent < MOST ? percent : MOST;
}

/* Loops: snapshots repeat. Retransmissions: every packet is marked as sent again. */
enum wt_feed_kind wt_candidate_kind(const struct wt_candidate *candidate)
{
	if (candidate->data && candidate->again == candidate->data)
		return WT_FEED_RETRANSMISSION;
	return candidate->restarts >= 2 ? WT_FEED_LOOP : WT_FEED_LIVE;
}

struct words {
	char *text;
	size_t length;
};

static void put(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Append; a part that does not fit is left out. */
static void put(struct words *words, const char *format, ...)
{
	size_t room = WT_RECOGNISE_HOLDS_BYTES - words->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(words->text + words->length, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room)
		words->text[words->length] = '\0';
	else
		words->length += (size_t)length;
}

/* Whether the text, words with commas between them, has this one. */
static bool has_word(const char *text, const char *word, size_t length)
{
	while (text) {
		while (*text == ' ' || *text == ',')
			text++;
		if (!strncmp(text, word, length) && (!text[length] || text[length] == ','))
			return true;
		text = strchr(text, ',');
	}
	return false;
}

static uint64_t packets_with(const struct wt_candidate *candidate, const char *word, size_t length)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < WT_CANDIDATE_HOLDS; i++)
		if (candidate->holds[i].what && has_word(candidate->holds[i].what, word, length))
			packets += candidate->holds[i].packets;
	return packets;
}

/* Whether a text before the `index`th has the word. */
static bool was_told(const struct wt_candidate *candidate, size_t index, const char *word,
                     size_t length)
{
	for (size_t i = 0; i < index; i++)
		if (has_word(candidate->holds[i].what, word, length))
			return true;
	return false;
}

static void put_structure(struct words *words, const struct wt_candidate *candidate)
{
	for (size_t i = 0; i < WT_CANDIDATE_HOLDS && candidate->holds[i].what; i++) {
		const char *word = candidate->holds[i].what;

		while (word && *word) {
			size_t length;

			while (*word == ' ' || *word == ',')
				word++;
			length = strcspn(word, ",");
			if (length && !was_told(candidate, i, word, length))
				put(words, "%s%.*s %" PRIu64 " of %" PRIu64,
				    words->length ? ", " : "", (int)length, word,
				    packets_with(candidate, word, length), candidate->accepted);
			word = strchr(word, ',');
		}
	}
}

void wt_candidate_holds(const struct wt_candidate *candidate, char text[WT_RECOGNISE_HOLDS_BYTES])
{
	struct words words = {.text = text};
	uint64_t numbers = candidate->follows + candidate->near + candidate->far + candidate->below;

	text[0] = '\0';
	put_structure(&words, candidate);
	if (numbers)
		put(&words, "%snumbers follow %" PRIu64 " of %" PRIu64, words.length ? ", " : "",
		    candidate->follows, numbers);
	if (candidate->near)
		put(&words, " and skip a few %" PRIu64, candidate->near);
	if (time_holds(candidate))
		put(&words, "%ssend times go with the stamps", words.length ? ", " : "");
}
