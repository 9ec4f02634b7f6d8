/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_result.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/documents.h>
#include <wiretape/cli/json_output.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const void *next_cause(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	const struct wt_books_ledger *ledger = subject;

	(void)row;
	if (index == ledger->cause_count)
		return NULL;
	snprintf(room->entry.name, sizeof(room->entry.name), "%s", ledger->causes[index].name);
	wt_value_unsigned(&room->entry.value, ledger->causes[index].packets);
	return &room->entry;
}

static void read_readable(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_books_ledger *ledger = subject;

	(void)row;
	wt_value_flag(value, !ledger->unreadable);
}

static void read_closes(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_books_ledger *ledger = subject;

	(void)row;
	wt_value_flag(value, !ledger->open && !ledger->unreadable);
}

static void read_matches(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_books_ledger *ledger = subject;

	(void)row;
	wt_value_flag(value, !ledger->differs);
}

#define SUBJECT struct wt_books_ledger
static const struct wt_number ledger_rows[] = {
        WT_COUNT(seen, "seen", "packets whose fate is known"),
        WT_COUNT(written, "written", "packets that were written"),
        WT_MAP(next_cause, "lost", "packets lost, by cause"),
        WT_COUNT(lost, "lost_total", "packets lost, by all causes"),
        WT_READ_FLAG(read_readable, "readable", "whether every line of the ledgers is a count"),
        WT_READ_FLAG(read_closes, "closes", "whether seen = written + lost"),
        WT_READ_FLAG(read_matches, "matches_files", "whether as many packets are in the files"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_check_account
static const struct wt_number account_rows[] = {
        WT_TEXT(name, "interface", "its name"),
        WT_COUNT(files, "files", "files that it is in"),
        WT_COUNT(packets, "packets", "its packets in them"),
        WT_PART(ledger, ledger_rows),
        {0},
};
#undef SUBJECT

static const void *next_account(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_check_result *result = subject;

	(void)row, (void)room;
	return index < result->account_count ? &result->accounts[index] : NULL;
}

static const void *ledger_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_check_result *result = subject;

	(void)row, (void)index, (void)room;
	return result->account_count ? result : NULL;
}

#define SUBJECT struct wt_check_result
static const struct wt_number ledgers_rows[] = {
        WT_PART(sum, ledger_rows),
        WT_LIST(next_account, "interfaces", account_rows, "the interfaces, through all files"),
        {0},
};
#undef SUBJECT

static void read_problem(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_check_file *file = subject;

	(void)row;
	wt_value_text(value, file->books.result ? file->books.error.text : NULL);
}

static void read_complete(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_check_file *file = subject;

	(void)row;
	wt_value_flag(value, file->was_read && !file->books.result);
}

static void read_recording(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_tape_mark *mark = &((const struct wt_check_file *)subject)->head.mark;

	(void)row;
	snprintf(value->room, sizeof(value->room), "%016" PRIx64, mark->recording);
	wt_value_text(value, mark->has_recording ? value->room : NULL);
}

static void read_file(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_tape_mark *mark = &((const struct wt_check_file *)subject)->head.mark;

	(void)row;
	if (mark->file)
		wt_value_unsigned(value, mark->file);
}

static void read_lane(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_tape_mark *mark = &((const struct wt_check_file *)subject)->head.mark;

	(void)row;
	if (mark->lanes)
		wt_value_unsigned(value, mark->lane);
}

static void read_closed(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_check_file *file = subject;

	(void)row;
	if (file->was_read && wt_books_has_ledger(&file->books))
		wt_value_flag(value, !file->books.not_closed);
}

static void read_has_ledger(const struct wt_number *row, const void *subject,
                            struct wt_value *value)
{
	const struct wt_check_file *file = subject;

	(void)row;
	wt_value_flag(value, wt_books_has_ledger(&file->books));
}

static void read_foreign(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_books *books = &((const struct wt_check_file *)subject)->books;
	uint64_t drops = 0;

	(void)row;
	for (size_t i = 0; i < books->interface_count; i++)
		if (!books->interfaces[i].ledger.ledgers)
			drops += books->interfaces[i].foreign_drops;
	wt_value_unsigned(value, drops);
}

#define SUBJECT struct wt_check_file
static const struct wt_number file_rows[] = {
        WT_PATH(head.path, "path", "as given"),
        WT_TEXT(format, "type", "the file's format; null: it could not be opened"),
        WT_FLAG(was_read, "read", "whether it was read, as far as it goes"),
        WT_READ_FLAG(read_complete, "complete", "whether that was to its end"),
        WT_READ_TEXT(read_problem, "problem", "why it was not; null: it was"),
        WT_FLAG(books.has_chunks, "tape", "whether it is a recording of wiretape's"),
        WT_READ_TEXT(read_recording, "recording", "the same for all files of a recording"),
        WT_READ(read_file, "file", WT_KIND_GAUGE, WT_IN_NONE,
                "which file of the recording, or of its lane, it is, from 1 on"),
        WT_READ(read_lane, "lane", WT_KIND_GAUGE, WT_IN_NONE,
                "which lane of the recording it is of, from 0; null: it has none"),
        WT_COUNT(missing_before, "files_missing_before",
                 "files of the recording, or of its lane, before this one that are not here"),
        WT_COUNT(missing_after, "files_missing_after",
                 "files of its lane after this one that are not here, and another lane has, but "
                 "the last"),
        WT_READ_FLAG(read_closed, "closed", "whether the recorder has ended it"),
        WT_READ_FLAG(read_has_ledger, "has_ledger", "whether it has a ledger, in full"),
        WT_COUNT(books.packets, "packets", "packets in it"),
        WT_COUNT(books.unstamped, "unstamped", "packets without a stamp"),
        WT_COUNT(books.holes, "holes", "holes that repair has closed"),
        WT_COUNT(books.hole_packets, "hole_packets", "packets missing in these"),
        WT_COUNT(books.tail_packets, "tail_packets", "packets missing at its end, at least"),
        WT_READ(read_foreign, "foreign_drops", WT_KIND_COUNTER, WT_IN_NONE,
                "packets that another writer has counted as dropped"),
        WT_COUNT(books.unknown_sections, "unknown_sections",
                 "sections of a version that is not known, which were passed over"),
        {0},
};
#undef SUBJECT

static const void *next_file(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_check_result *result = subject;

	(void)row, (void)room;
	return index < result->file_count ? &result->files[index] : NULL;
}

static void read_result(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_check_result *result = subject;

	(void)row;
	switch (wt_check_result_exit(result)) {
	case WT_EXIT_OK:
		wt_value_text(value, "clean");
		break;
	case WT_EXIT_LOSS:
		wt_value_text(value, "loss");
		break;
	default:
		wt_value_text(value, result->interrupted ? "interrupted" : "broken");
		break;
	}
}

static void read_feeds(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_check_result *result = subject;

	(void)row;
	wt_value_text(value, result->feeds_not_wanted ? NULL : wt_check_feeds_name(result->feeds));
}

static const void *state_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_check_result *result = subject;

	(void)row, (void)index, (void)room;
	return result->state_path ? result : NULL;
}

#define SUBJECT struct wt_check_result
static const struct wt_number state_rows[] = {
        WT_PATH(state_path, "path", "as given"),
        WT_FLAG(state_found, "found", "whether there was one to go on from"),
        WT_FLAG(state_saved, "saved", "whether it was written"),
        WT_COUNT(state_left_out, "streams_left_out",
                 "streams of channels that are not followed any more"),
        {0},
};

static const struct wt_number rows[] = {
        WT_READ_TEXT(read_result, "result", "clean, loss, broken or interrupted"),
        WT_COUNT(packets, "packets", "packets in all files"),
        WT_COUNT(lost, "lost_total",
                 "packets lost for sure: by ledgers, in holes, as other writers have counted"),
        WT_COUNT(files_missing, "files_missing", "files of recordings that are not here"),
        WT_COUNT(lanes_missing, "lanes_missing", "lanes of recordings of which no file is here"),
        WT_LIST(next_file, "files", file_rows, "the files, as they were read"),
        WT_OBJECT_OF(ledger_of, "ledger", ledgers_rows,
                     "the ledgers of all files; null: there are none"),
        WT_READ_TEXT(read_feeds, "feeds",
                     "who says which feeds there are; null: they were not wanted"),
        WT_PART(feeds_found, wt_feed_numbers),
        WT_OBJECT_OF(state_of, "state", state_rows, "of --state; null: it was not given"),
        {.key = "gaps",
         .type = WT_NUMBER_LATER,
         .help = "gaps of streams and of channels: events as docs/events.md has them"},
        {.key = "recovered",
         .type = WT_NUMBER_LATER,
         .help = "events 'recovered' as docs/events.md has them"},
        {0},
};
#undef SUBJECT

const struct wt_document wt_check_document = {
        .command = "check",
        .help = "the findings of a check",
        .rows = rows,
};

static const char *first_problem(const struct wt_check_result *result)
{
	for (size_t i = 0; i < result->file_count; i++)
		if (result->files[i].books.result)
			return result->files[i].books.error.text;
	if (result->interrupted)
		return "interrupted: what was read until then counts";
	return result->not_closed ? "a file was not closed" : "a ledger does not close";
}

/* Lists of gaps may be too long for memory: they go to the end of the object, from where they are
 * kept. */
void wt_check_print_json(const struct wt_check_result *result, FILE *out)
{
	int exit_code = wt_check_result_exit(result);
	const struct wt_document_error error = {first_problem(result), exit_code};
	json_t *object = wt_document_json(&wt_check_document, result,
	                                  exit_code == WT_EXIT_FAILURE ? &error : NULL);
	char *text = json_dumps(object, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;

	wt_json_printed();
	if (length)
		fprintf(out, "%.*s,\"gaps\":[", (int)length - 1, text);
	wt_check_gaps_print(result->gaps, result->gaps->gaps, out);
	fputs("],\"recovered\":[", out);
	wt_check_gaps_print(result->gaps, result->gaps->recovered, out);
	fputs("]}\n", out);
	free(text);
	json_decref(object);
}
