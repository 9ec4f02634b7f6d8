/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/archive/repair/recover.h>
#include <wiretape/base/time_text.h>

struct options {
	const char *out; /* NULL: in place */
	mode_t mode;     /* of `out`; 0: not given */
	bool dry_run;
	bool json;
};

enum { PASSED_SHOWN = 20 }; /* places that are listed; the JSON object has more */

static const struct wt_option rows[] = {
        {"dry-run", .letter = 'n', WT_MEMBER(struct options, dry_run),
         .help = "say what would be done, and change nothing"},
        {"write", .letter = 'w', .kind = WT_OPTION_TEXT, .metavar = "OUT",
         WT_MEMBER(struct options, out), .help = "leave the file and write a repaired copy"},
        {0},
};

const struct wt_command_line wt_repair_line = {
        .command = "repair",
        .usage = "repair [OPTION]... FILE...",
        .about = "Make capture files whole that a crash, SIGKILL or a power failure has left "
                 "with holes or without an end, and say what is missing.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, rows, 0},
                        {NULL, wt_mode_row, offsetof(struct options, mode)},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "A recording of wiretape's keeps every chunk that is whole, and of one that "
                 "was written in part the packets at its start. Holes become blocks that say "
                 "how many packets are missing, exactly, and between which stamps; what "
                 "follows the last packet that stays is cut off. Of any other pcapng or pcap "
                 "file a last block that is not all there, and zeros after the last, are cut "
                 "off.\n"
                 "All else is done to a copy only (-w): of a file that is damaged in its "
                 "middle, or has in it what is not understood, the copy leaves out what cannot "
                 "be read and goes on with the next block that chains; what was left out is "
                 "listed. A recording that was closed is not changed either. A repair that is "
                 "interrupted can be taken up again, and one of a whole file changes nothing.\n"
                 "'wiretape schema repair' says what the keys of a JSON object, one for each FILE, "
                 "each on a line, mean.\n"
                 "Exit status: 0 if every file is whole now, or would be, or its copy is; 1 if "
                 "one could not be repaired, and is as it was; 2 for a wrong command line.",
        .words = "FILE",
};

/* "8,400" */
static const char *grouped(uint64_t number, char text[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *to = text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

/* "1 packet", "8,400 packets" */
static void print_count(uint64_t number, const char *what)
{
	char text[32];

	printf("%s %s%s", grouped(number, text), what, number == 1 ? "" : "s");
}

static void print_stamp(bool known, int64_t ns, const char *otherwise)
{
	char text[WT_TIME_UTC_BYTES];

	if (known)
		wt_time_format_utc(text, ns);
	fputs(known ? text : otherwise, stdout);
}

static void print_parts(const struct wt_recover_report *report)
{
	char missing[32];

	if (!report->part_chunks)
		return;
	printf("  ");
	print_count(report->part_chunks, "chunk");
	printf(" written in part: ");
	print_count(report->part_packets, "packet");
	printf(" kept, %s missing\n", grouped(report->part_missing, missing));
}

/* Is a change only announced: a dry run, or impossible in place? */
static bool is_pending(const struct wt_recover_report *report, const struct options *options)
{
	return options->dry_run || (report->way == WT_RECOVER_COPY && !options->out);
}

static void print_hole(const struct wt_recover_hole *hole, bool pending)
{
	printf("  at offset %" PRIu64 ": ", hole->offset);
	print_count(hole->packets, "packet");
	printf(" missing between ");
	print_stamp(hole->has_after, hole->after_ns, "the beginning");
	printf(" and ");
	print_stamp(hole->has_before, hole->before_ns, "the end");
	printf(" (");
	print_count(hole->bytes, "byte");
	printf("%s)\n", hole->closed ? ", closed by an earlier repair"
	                : pending    ? ", to be closed"
	                             : ", closed");
}

static void print_no_end(const struct wt_recover_report *report)
{
	printf("  the recording was not closed: how many packets came after ");
	print_stamp(report->has_last, report->last_ns, "the beginning");
	printf(" is not known");
	if (report->tail_packets) {
		printf(": at least ");
		print_count(report->tail_packets, "packet");
	}
	putchar('\n');
}

static void print_tape_end(const struct wt_recover_report *report, const struct options *options)
{
	if (!report->was_closed)
		print_no_end(report);
	if (!report->cut_bytes)
		return;
	printf("  after offset %" PRIu64 " there is no packet that can be kept: ",
	       report->keep_bytes);
	print_count(report->cut_bytes, "byte");
	printf(" %s\n", is_pending(report, options) ? "to be cut off" : "cut off");
}

static void print_tape(const struct wt_recover_report *report, const struct options *options)
{
	print_count(report->packets, "packet");
	printf(" in ");
	print_count(report->chunks, "chunk");
	if (report->hole_count) {
		printf("; ");
		print_count(report->hole_count, "hole");
		printf(": ");
		print_count(report->missing_packets, "packet");
		printf(" missing");
	}
	if (!report->was_closed)
		printf("; not closed");
	printf("%s\n", report->needs_repair ? "" : "; nothing to repair");
	print_parts(report);
	for (size_t i = 0; i < report->hole_count; i++)
		print_hole(&report->holes[i], is_pending(report, options));
	print_tape_end(report, options);
}

static void print_passed(const struct wt_recover_report *report, const struct options *options)
{
	bool pending = is_pending(report, options);
	const char *left_out = pending ? "cannot be read" : "left out";
	const char *mended = pending ? "to be mended" : "mended";
	size_t shown = report->passed_count < PASSED_SHOWN ? report->passed_count : PASSED_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		const struct wt_recover_passed *passed = &report->passed[i];

		printf("  at offset %" PRIu64 ": ", passed->offset);
		print_count(passed->bytes, "byte");
		printf(" %s: %s\n", passed->is_kept ? mended : left_out, passed->why);
	}
	if (report->lost_ranges + report->mended > shown)
		printf("  and so in %" PRIu64 " more places\n",
		       report->lost_ranges + report->mended - shown);
}

static void print_unknown(const struct wt_recover_report *report)
{
	if (!report->unknown_sections)
		return;
	printf("  ");
	print_count(report->unknown_sections, "section");
	printf(" of a pcapng version that is not known, ");
	print_count(report->unknown_bytes, "byte");
	printf(", not looked into\n");
}

static void print_cut(const struct wt_recover_report *report, const struct options *options)
{
	if (!report->cut_bytes)
		return;
	printf("; ");
	print_count(report->cut_bytes, "byte");
	printf(" %s offset %" PRIu64 " on, which were %s",
	       is_pending(report, options) ? "to be cut off from" : "cut off from",
	       report->keep_bytes,
	       report->ended == -EBADMSG && !report->lost_ranges ? "zeros"
	                                                         : "a block that is not all there");
}

static void print_other(const struct wt_recover_report *report, const struct options *options)
{
	print_count(report->packets, "packet");
	if (report->chunks) {
		printf(", of recordings in ");
		print_count(report->chunks, "chunk");
	}
	if (!report->needs_repair)
		printf("; nothing to repair");
	if (report->lost_ranges) {
		printf("; ");
		print_count(report->lost_bytes, "byte");
		printf(" %s, in ",
		       is_pending(report, options) ? "that cannot be read" : "left out");
		print_count(report->lost_ranges, "place");
	}
	if (report->mended) {
		printf("; ");
		print_count(report->mended, "block");
		printf(is_pending(report, options) ? " to be mended" : " mended");
	}
	print_cut(report, options);
	putchar('\n');
	print_parts(report);
	for (size_t i = 0; i < report->hole_count; i++)
		print_hole(&report->holes[i], is_pending(report, options));
	print_passed(report, options);
	print_unknown(report);
}

static void print_report(const char *path, const struct wt_recover_report *report,
                         const struct options *options, bool done)
{
	printf("%s: ", path);
	if (report->has_chunks && report->parts == 1)
		print_tape(report, options);
	else
		print_other(report, options);
	if (options->out && done)
		printf("  the repaired copy is %s\n", options->out);
}

/* A file's view; `report` NULL: it could not be looked at. */
struct view {
	const char *path, *out;
	const struct wt_recover_report *report;
	bool changed;
};

static void read_after(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recover_hole *hole = subject;

	(void)row;
	if (hole->has_after)
		wt_value_signed(value, hole->after_ns);
}

static void read_before(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recover_hole *hole = subject;

	(void)row;
	if (hole->has_before)
		wt_value_signed(value, hole->before_ns);
}

#define SUBJECT struct wt_recover_hole
static const struct wt_number hole_rows[] = {
        WT_BYTES(offset, "offset", "where in the file"),
        WT_BYTES(bytes, "size_bytes", "its size"),
        WT_COUNT(packets, "packets", "packets missing in it, exactly"),
        WT_READ(read_after, "after_ns", WT_KIND_TIME, WT_IN_NS,
                "the largest stamp before it; null: it is at the beginning"),
        WT_READ(read_before, "before_ns", WT_KIND_TIME, WT_IN_NS,
                "the smallest stamp after it; null: it is at the end"),
        WT_FLAG(closed, "closed_before", "whether an earlier repair has closed it"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_recover_passed
static const struct wt_number passed_rows[] = {
        WT_BYTES(offset, "offset", "where in the file"),
        WT_BYTES(bytes, "size_bytes", "its size"),
        WT_FLAG(is_kept, "mended", "whether it stays, with its lengths written anew"),
        WT_CHARS(why, "why", "what is wrong with it"),
        {0},
};
#undef SUBJECT

static const void *next_hole(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_recover_report *report = subject;

	(void)row, (void)room;
	return index < report->hole_count ? &report->holes[index] : NULL;
}

static const void *next_passed(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	const struct wt_recover_report *report = subject;

	(void)row, (void)room;
	return index < report->passed_count ? &report->passed[index] : NULL;
}

static void read_closed(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recover_report *report = subject;

	(void)row;
	if (report->has_chunks)
		wt_value_flag(value, report->was_closed);
}

static void read_problem(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recover_report *report = subject;

	(void)row;
	wt_value_text(value, report->ended && report->ended != -ENODATA ? report->why.text : NULL);
}

static void read_in_place(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_recover_report *report = subject;

	(void)row;
	wt_value_flag(value, report->way != WT_RECOVER_COPY);
}

#define SUBJECT struct wt_recover_report
static const struct wt_number report_rows[] = {
        WT_TEXT(format, "type", "the format"),
        WT_BYTES(size_bytes, "size_bytes", "the file's size"),
        WT_COUNT(packets, "packets", "packets that stay"),
        WT_COUNT(chunks, "chunks", "chunks that stay, without the first"),
        WT_LIST(next_hole, "holes", hole_rows, "where packets are missing"),
        WT_COUNT(missing_packets, "missing_packets", "packets missing in holes"),
        WT_COUNT(part_chunks, "in_part.chunks", "chunks that were written in part"),
        WT_COUNT(part_packets, "in_part.packets", "packets of these that stay"),
        WT_COUNT(part_missing, "in_part.missing_packets", "packets of these that do not"),
        WT_BYTES(keep_bytes, "cut_offset", "where what is cut off begins"),
        WT_BYTES(cut_bytes, "cut_bytes", "the size of what is cut off"),
        WT_COUNT(tail_packets, "tail_packets", "packets known to be in what is cut off"),
        WT_READ_FLAG(read_closed, "closed",
                     "whether the recorder has ended it; null: it is no recording"),
        WT_COUNT(parts, "parts", "recordings and other sections, one after the other"),
        WT_LIST(next_passed, "passed_over", passed_rows, "what does not stay as it is"),
        WT_BYTES(lost_bytes, "left_out_bytes", "the size of what is left out"),
        WT_COUNT(mended, "mended_blocks", "blocks with their lengths written anew"),
        WT_COUNT(unknown_sections, "unknown_sections",
                 "sections of a version that is not known; they stay"),
        WT_BYTES(unknown_bytes, "unknown_sections_bytes", "the size of these"),
        WT_READ_TEXT(read_problem, "problem", "why the file cannot be read on; null: it can"),
        WT_FLAG(needs_repair, "needed_repair", "whether it was not whole"),
        WT_READ_FLAG(read_in_place, "in_place", "whether it may be repaired where it is"),
        {0},
};
#undef SUBJECT

static const void *report_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct view *)subject)->report;
}

#define SUBJECT struct view
static const struct wt_number json_rows[] = {
        WT_PATH(path, "path", "as given"),
        WT_PART_OF(report_of, report_rows),
        WT_FLAG(changed, "changed", "whether the file was changed"),
        WT_PATH(out, "output", "the repaired copy; null: none was asked for, or made"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_repair_document = {
        .command = "repair",
        .help = "what a repair found and did, a line a file",
        .rows = json_rows,
};

/* `report` is NULL for a file that could not be looked at. */
static void print_json(const char *path, const struct wt_recover_report *report,
                       const struct options *options, const struct wt_error *error)
{
	const struct wt_document_error failure = {error ? error->text : NULL, WT_EXIT_FAILURE};
	const struct view view = {
	        .path = path,
	        .out = error ? NULL : options->out,
	        .report = report,
	        .changed = report && report->needs_repair && !options->dry_run && !options->out &&
	                   !error,
	};

	wt_json_print(stdout, &wt_repair_document, report ? &view : NULL, error ? &failure : NULL);
}

static int change(struct wt_recovery *recovery, const struct options *options, struct wt_error *err)
{
	const struct wt_recover_report *report = wt_recover_report(recovery);

	if (options->dry_run && report->way == WT_RECOVER_COPY)
		return wt_error_set(err, -EPERM,
		                    "%s; in place it would be left as it is: -w FILE writes a "
		                    "repaired copy",
		                    report->why.text);
	if (options->dry_run)
		return 0;
	return options->out ? wt_recover_copy(recovery, options->out, options->mode, err)
	                    : wt_recover_apply(recovery, err);
}

static int repair_file(const char *path, const struct options *options)
{
	const struct wt_recover_report *report = NULL;
	struct wt_recovery *recovery = NULL;
	struct wt_error err = {0};
	int rc = wt_recover_open(&recovery, path, !options->dry_run && !options->out, &err);

	if (!rc) {
		report = wt_recover_report(recovery);
		rc = change(recovery, options, &err);
	}
	if (options->json)
		print_json(path, report, options, rc ? &err : NULL);
	else if (report && (!rc || rc == -EPERM))
		print_report(path, report, options, !rc);
	if (rc) {
		/* Flush to keep the order where both go to one terminal. */
		fflush(stdout);
		wt_cli_complain("%s: %s", path, err.text);
	}
	wt_recover_close(recovery);
	return rc ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int repair_files(const struct wt_file_list *files, const struct options *options)
{
	int exit_code = WT_EXIT_OK;

	for (size_t i = 0; i < files->count; i++)
		if (repair_file(files->paths[i], options))
			exit_code = WT_EXIT_FAILURE;
	return exit_code;
}

static int parse_options(int argc, char **argv, struct options *options, struct wt_file_list *files)
{
	struct wt_words words;
	int code = wt_options_parse(&wt_repair_line, argc, argv, options, &words);

	if (code)
		return code;
	if (!words.count)
		return wt_cli_usage("repair", "no FILE given");
	if (options->out && options->dry_run)
		return wt_cli_usage("repair", "--dry-run writes nothing: leave out -w, or it");
	code = wt_list_files(files, &words);
	if (!code && options->out && files->count > 1)
		return wt_cli_usage("repair", "-w takes one FILE, and there are %zu", files->count);
	return code;
}

int wt_command_repair(int argc, char **argv)
{
	struct options options = {0};
	struct wt_file_list files = {0};
	int exit_code = parse_options(argc, argv, &options, &files);

	signal(SIGPIPE, SIG_IGN);
	if (!exit_code) {
		exit_code = repair_files(&files, &options);
		if (wt_cli_flush())
			exit_code = WT_EXIT_FAILURE;
	}
	wt_file_list_free(&files);
	return exit_code;
}
