/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_text.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
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

enum {
	OPTION_JSON = 256,
	OPTION_MODE,
	PASSED_SHOWN = 20, /* places that are listed; the JSON object has more */
};

static const struct option long_options[] = {
        {"dry-run", no_argument, NULL, 'n'},      {"write", required_argument, NULL, 'w'},
        {"json", no_argument, NULL, OPTION_JSON}, {"mode", required_argument, NULL, OPTION_MODE},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape repair [OPTION]... FILE...\n"
	       "Make capture files whole that a crash, SIGKILL or a power failure has left with\n"
	       "holes or without an end, and say what is missing.\n"
	       "\n"
	       "  -n, --dry-run     say what would be done, and change nothing\n"
	       "  -w, --write FILE  leave the file and write a repaired copy\n"
	       "      --mode OCTAL  of that copy [that of the file it replaces, or 640 less the "
	       "umask]\n"
	       "      --json        one JSON object per file, each on a line of its own\n"
	       "  -h, --help        this text\n"
	       "\n"
	       "A recording of wiretape's keeps every chunk that is whole, and of one that was "
	       "written\n"
	       "in part the packets at its start. Holes become blocks that say how many packets "
	       "are\n"
	       "missing, exactly, and between which stamps; what is behind the last packet that "
	       "stays\n"
	       "is cut off. Of any other pcapng or pcap file a last block that is not all there, "
	       "and\n"
	       "zeros after the last, are cut off.\n"
	       "\n"
	       "All else is done to a copy only (-w): of a file that is damaged in its middle, or "
	       "has\n"
	       "in it what is not understood, the copy leaves out what cannot be read and goes on "
	       "with\n"
	       "the next block that chains; what was left out is listed. A recording that was "
	       "closed\n"
	       "is not changed either. A repair that is interrupted can be taken up again, and one "
	       "of a\n"
	       "whole file changes nothing.\n"
	       "\n"
	       "The JSON object has path, format, error, size_bytes, packets, chunks, holes[]\n"
	       "(offset, bytes, packets, after_ns, before_ns, closed_before), missing_packets,\n"
	       "in_part (of chunks that were written in part: chunks, packets that are kept, "
	       "missing),\n"
	       "cut_offset, cut_bytes, tail_packets (known to be in what is cut off), closed,\n"
	       "parts (recordings and other sections, one after the other), passed_over[] "
	       "(offset,\n"
	       "bytes, mended, why), left_out_bytes, mended_blocks, unknown_sections,\n"
	       "unknown_sections_bytes, broken (why the file cannot be read on), needed_repair,\n"
	       "in_place (whether that is allowed), changed and written.\n"
	       "\n"
	       "Exit status: 0 if every file is whole now, or would be, or its copy is; 1 if one "
	       "could\n"
	       "not be repaired, and is as it was; 2 for a wrong command line.\n");
}

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

/* What happens to it would happen, or cannot happen in place. */
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
	printf("  behind offset %" PRIu64 " there is no packet that can be kept: ",
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
	if (report->is_tape && report->parts == 1)
		print_tape(report, options);
	else
		print_other(report, options);
	if (options->out && done)
		printf("  the repaired copy is %s\n", options->out);
}

static json_t *json_stamp(bool known, int64_t ns)
{
	return known ? json_integer(ns) : json_null();
}

static json_t *holes_array(const struct wt_recover_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->hole_count; i++) {
		const struct wt_recover_hole *hole = &report->holes[i];

		json_array_append_new(
		        array, json_pack("{s:I, s:I, s:I, s:o, s:o, s:b}", "offset",
		                         (json_int_t)hole->offset, "bytes", (json_int_t)hole->bytes,
		                         "packets", (json_int_t)hole->packets, "after_ns",
		                         json_stamp(hole->has_after, hole->after_ns), "before_ns",
		                         json_stamp(hole->has_before, hole->before_ns),
		                         "closed_before", hole->closed));
	}
	return array;
}

static json_t *parts_object(const struct wt_recover_report *report)
{
	return json_pack("{s:I, s:I, s:I}", "chunks", (json_int_t)report->part_chunks, "packets",
	                 (json_int_t)report->part_packets, "missing",
	                 (json_int_t)report->part_missing);
}

static json_t *passed_array(const struct wt_recover_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->passed_count; i++) {
		const struct wt_recover_passed *passed = &report->passed[i];

		json_array_append_new(array, json_pack("{s:I, s:I, s:b, s:s}", "offset",
		                                       (json_int_t)passed->offset, "bytes",
		                                       (json_int_t)passed->bytes, "mended",
		                                       passed->is_kept, "why", passed->why));
	}
	return array;
}

static json_t *report_object(const struct wt_recover_report *report, const struct options *options,
                             bool done)
{
	bool changes = report->needs_repair && !options->dry_run && !options->out && done;

	return json_pack(
	        "{s:s, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:I, "
	        "s:I, s:o, s:b, s:b, s:b}",
	        "format", report->format, "size_bytes", (json_int_t)report->size_bytes, "packets",
	        (json_int_t)report->packets, "chunks", (json_int_t)report->chunks, "holes",
	        holes_array(report), "missing_packets", (json_int_t)report->missing_packets,
	        "in_part", parts_object(report), "cut_offset", (json_int_t)report->keep_bytes,
	        "cut_bytes", (json_int_t)report->cut_bytes, "tail_packets",
	        (json_int_t)report->tail_packets, "closed",
	        report->is_tape ? json_boolean(report->was_closed) : json_null(), "parts",
	        (json_int_t)report->parts, "passed_over", passed_array(report), "left_out_bytes",
	        (json_int_t)report->lost_bytes, "mended_blocks", (json_int_t)report->mended,
	        "unknown_sections", (json_int_t)report->unknown_sections, "unknown_sections_bytes",
	        (json_int_t)report->unknown_bytes, "broken",
	        wt_json_text(report->ended && report->ended != -ENODATA ? report->why.text : NULL),
	        "needed_repair", report->needs_repair, "in_place", report->way != WT_RECOVER_COPY,
	        "changed", changes);
}

/* `report` is NULL for a file that could not be looked at. */
static void print_json(const char *path, const struct wt_recover_report *report,
                       const struct options *options, const struct wt_error *error)
{
	json_t *object = json_object();
	json_t *found = report ? report_object(report, options, !error) : NULL;

	wt_json_put_path(object, "path", path);
	json_object_set_new(object, "error", wt_json_text(error ? error->text : NULL));
	if (found) {
		json_object_update(object, found);
		wt_json_put_path(object, "written", error ? NULL : options->out);
	}
	json_decref(found);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
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
		/* In order, where both go to one terminal. */
		fflush(stdout);
		wt_cli_complain("%s: %s", path, err.text);
	}
	wt_recover_close(recovery);
	return rc ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options, bool *help)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":nw:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'n':
			options->dry_run = true;
			break;
		case 'w':
			options->out = optarg;
			break;
		case OPTION_MODE:
			if (!wt_cli_parse_mode(optarg, &options->mode))
				return wt_cli_usage("repair",
				                    "'%s' is not a mode for a file, such as 640",
				                    optarg);
			break;
		case OPTION_JSON:
			options->json = true;
			break;
		case 'h':
			*help = true;
			return WT_EXIT_OK;
		case ':':
			return wt_cli_usage("repair", "option '%s' needs a value",
			                    argv[optind - 1]);
		default:
			return wt_cli_usage("repair", "there is no option '%s'", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return wt_cli_usage("repair", "no FILE given");
	if (options->out && options->dry_run)
		return wt_cli_usage("repair", "--dry-run writes nothing: leave out -w, or it");
	if (options->out && argc - optind > 1)
		return wt_cli_usage("repair", "-w takes one FILE, and there are %d", argc - optind);
	return WT_EXIT_OK;
}

int wt_command_repair(int argc, char **argv)
{
	struct options options = {0};
	bool help = false;
	int exit_code = parse_options(argc, argv, &options, &help);

	if (exit_code)
		return exit_code;
	signal(SIGPIPE, SIG_IGN);
	if (help)
		print_help();
	for (int i = optind; i < argc && !help; i++)
		if (repair_file(argv[i], &options))
			exit_code = WT_EXIT_FAILURE;
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code;
}
