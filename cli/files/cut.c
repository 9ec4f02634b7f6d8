/* SPDX-License-Identifier: BSD-2-Clause */
#include "files.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/cli/json_output.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/archive/cut/cut.h>
#include <wiretape/pcapng/pcapng_decode.h>

struct options {
	struct wt_cut_config config;
	struct wt_file_list files;
	struct wt_given_time from, to;
	bool quiet, verbose, json;
	bool allow_skipped;
};

static const struct wt_option output_rows[] = {
        {"write", .letter = 'w', .kind = WT_OPTION_TEXT, .metavar = "OUT",
         WT_MEMBER(struct wt_cut_config, out), .help = "the file to write; '-' is standard output"},
        {0},
};

static const struct wt_option verbose_row[] = {
        {"verbose", .letter = 'v', .help = "say of each FILE how many bytes were read"},
        {0},
};

const struct wt_command_line wt_cut_line = {
        .command = "cut",
        .usage = "cut FILE... [--from TIME] [--to TIME] -w OUT [OPTION]...",
        .about = "Write the packets between two times to a pcapng file of their own. In a "
                 "recording of wiretape's the place is found without reading what is before it, "
                 "also while it is being recorded; other pcapng and pcap files are read from "
                 "their beginning.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, wt_from_row, offsetof(struct options, from)},
                        {NULL, wt_to_row, offsetof(struct options, to)},
                        {NULL, wt_duration_row, offsetof(struct options, config.duration_ns)},
                        {NULL, output_rows, offsetof(struct options, config)},
                        {NULL, wt_mode_row, offsetof(struct options, config.mode)},
                        {NULL, wt_filter_row, offsetof(struct options, config.filter)},
                        {NULL, wt_allow_skipped_row, offsetof(struct options, allow_skipped)},
                        {NULL, wt_quiet_row, offsetof(struct options, quiet)},
                        {NULL, verbose_row, offsetof(struct options, verbose)},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "TIME is UTC, 2026-11-21T00:30:00.5 or 2026-11-21, or has its zone, +01:00; or it "
                 "is seconds since 1970, 1795221000.5; or +90 or +5min, after the first packet of "
                 "the first FILE; or -5min, before the last packet. FILE '-' is standard input. "
                 "Several FILEs are merged by stamp.\n"
                 "'wiretape schema cut' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if OUT is written, even without a packet; 1 if it is not, or if "
                 "a FILE is broken in the middle (what is before is used); 2 for a wrong command "
                 "line; 3 if packets without a stamp were left out.",
        .words = "FILE",
};

/* Check the options against each other. */
static int check_options(const struct options *options, const struct wt_words *words)
{
	const struct wt_cut_config *config = &options->config;
	const struct wt_time *from = wt_given(&options->from), *to = wt_given(&options->to);

	if (!words->count)
		return wt_cli_usage("cut", "no FILE given");
	if (!config->out)
		return wt_cli_usage("cut", "where to? Name the file with -w, or '-'");
	if (wt_count_streams(words) > 1)
		return wt_cli_usage("cut", "standard input can be read only once");
	if (to && config->duration_ns)
		return wt_cli_usage("cut", "--to and --duration both say where to end: leave out "
		                           "one");
	if (from && to && from->base == to->base && from->ns >= to->ns)
		return wt_cli_usage("cut", "nothing lies between --from %s and --to %s",
		                    options->from.text, options->to.text);
	if (!strcmp(config->out, "-") && isatty(STDOUT_FILENO))
		return wt_cli_usage("cut", "standard output is a terminal: redirect it, or name a "
		                           "file with -w");
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	struct wt_words words;
	int code = wt_options_parse(&wt_cut_line, argc, argv, options, &words);

	options->config.from = wt_given(&options->from);
	options->config.to = wt_given(&options->to);
	if (!code)
		code = check_options(options, &words);
	if (!code)
		code = wt_list_files(&options->files, &words);
	options->config.paths = (const char *const *)options->files.paths;
	options->config.path_count = options->files.count;
	return code;
}

static void warn_of_blocks(const char *path, const struct wt_cut_file *file)
{
	if (file->blocks_left_out)
		wt_cli_complain("warning: %s: %" PRIu64 " block%s nobody here knows, or that may "
		                "not be copied, left out; the first: %s (type 0x%x) at offset "
		                "%" PRIu64,
		                path, file->blocks_left_out,
		                file->blocks_left_out == 1 ? " that" : "s that",
		                wt_pcapng_block_name(file->block_left_out), file->block_left_out,
		                file->block_left_out_at);
	if (file->options_left_out)
		wt_cli_complain("warning: %s: %" PRIu64 " option%s nobody here knows in the other "
		                "byte order, or that may not be copied, left out",
		                path, file->options_left_out,
		                file->options_left_out == 1 ? " that" : "s that");
}

/* Warn of oddities in an input, whatever was asked for. */
static int warn(const struct options *options, const char *path, const struct wt_cut_file *file)
{
	if (file->ended == -ENODATA)
		wt_cli_complain("warning: %s: %s; what is before was used", path, file->why.text);
	else if (file->ended)
		wt_cli_complain("%s: %s; only what is before was used", path, file->why.text);
	if (file->missing)
		wt_cli_complain("warning: %s: %" PRIu64
		                " packet%s missing in holes where this was cut from, or not "
		                "written yet; 'wiretape repair' says more",
		                path, file->missing, file->missing == 1 ? " is" : "s are");
	if (file->left_out)
		wt_cli_complain("warning: %s: %" PRIu64 " packet%s no stamp and %s left out", path,
		                file->left_out, file->left_out == 1 ? " has" : "s have",
		                file->left_out == 1 ? "was" : "were");
	wt_cli_warn_fractions(path, &file->fractions);
	wt_cli_warn_unknown_sections(path, file->unknown_sections);
	wt_cli_warn_unfiltered(path, file->unfiltered.packets, file->unfiltered.why.text);
	warn_of_blocks(path, file);
	if (file->ended && file->ended != -ENODATA)
		return WT_EXIT_FAILURE;
	return file->left_out && !options->allow_skipped ? WT_EXIT_LOSS : WT_EXIT_OK;
}

static void print_read(const char *path, const struct wt_cut_file *file)
{
	double percent = file->bytes_total
	                         ? 100 * (double)file->bytes_read / (double)file->bytes_total
	                         : 100;

	fprintf(stderr,
	        "%s: %" PRIu64 " packet%s; read %" PRIu64 " of %" PRIu64 " bytes (%.2f %%)\n", path,
	        file->packets, wt_cli_plural(file->packets), file->bytes_read, file->bytes_total,
	        percent);
}

/* Check for stamps that can be shown. */
static bool has_stamps(const struct wt_cut_result *result)
{
	return result->packets > result->out_of_range;
}

static void print_summary(const struct options *options, const struct wt_cut_result *result)
{
	char first[WT_TIME_UTC_BYTES], last[WT_TIME_UTC_BYTES];

	if (!result->packets) {
		fprintf(stderr, "no packet matches; %s is written without one\n",
		        options->config.out);
		return;
	}
	fprintf(stderr, "%" PRIu64 " packet%s", result->packets, result->packets == 1 ? "" : "s");
	if (has_stamps(result)) {
		wt_time_format_utc(first, result->first_ns);
		wt_time_format_utc(last, result->last_ns);
		fprintf(stderr, " from %s to %s", first, last);
	}
	if (result->out_of_range)
		fprintf(stderr, ", %" PRIu64 " of them stamped before 1677 or after 2262",
		        result->out_of_range);
	fputc('\n', stderr);
}

struct view {
	const struct options *options;
	const struct wt_cut_result *result;
	const struct wt_cut_file *files;
};

static void read_problem(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_cut_file *file = subject;

	(void)row;
	wt_value_text(value, file->ended && file->ended != -ENODATA ? file->why.text : NULL);
}

static void read_cut_off(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_cut_file *file = subject;

	(void)row;
	wt_value_flag(value, file->ended == -ENODATA);
}

#define SUBJECT struct wt_cut_file
static const struct wt_number counts_rows[] = {
        WT_COUNT(packets, "packets", "packets taken from it"),
        WT_BYTES(bytes_read, "read_bytes", "bytes that were read to find them"),
        WT_BYTES(bytes_total, "size_bytes", "its size; of a stream what was read"),
        WT_COUNT(missing, "missing_packets", "packets missing in holes where this was cut from"),
        WT_COUNT(left_out, "left_out", "packets left out, since they have no stamp"),
        WT_COUNT(unfiltered.packets, "not_filtered",
                 "packets of which there is no telling whether the filter matches"),
        WT_COUNT(blocks_left_out, "blocks_left_out",
                 "blocks that are not known, or may not be copied"),
        WT_COUNT(options_left_out, "options_left_out",
                 "options that are not known, or may not be copied"),
        WT_READ_FLAG(read_cut_off, "cut_off", "whether it ends within a block"),
        WT_READ_TEXT(read_problem, "problem",
                     "why it cannot be read on, what is before is used; null: it can"),
        {0},
};
#undef SUBJECT

struct file_view {
	const char *path;
	const struct wt_cut_file *file;
};

static const void *counts_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	(void)row, (void)index, (void)room;
	return ((const struct file_view *)subject)->file;
}

#define SUBJECT struct file_view
static const struct wt_number file_rows[] = {
        WT_PATH(path, "path", "as given"),
        WT_PART_OF(counts_of, counts_rows),
        {0},
};
#undef SUBJECT

static const void *next_file(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct view *view = subject;
	struct file_view *file = (struct file_view *)room->bytes;

	(void)row;
	if (index == view->options->config.path_count)
		return NULL;
	*file = (struct file_view){view->options->config.paths[index], &view->files[index]};
	return file;
}

/* INT64_MIN: not known. */
struct sums {
	uint64_t packets, out_of_range;
	int64_t first_ns, last_ns, from_ns, to_ns;
	const char *out;
};

static const void *sums_of(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	const struct view *view = subject;
	const struct wt_cut_result *result = view->result;
	struct sums *sums = (struct sums *)room->bytes;

	(void)row, (void)index;
	*sums = (struct sums){
	        .packets = result->packets,
	        .out_of_range = result->out_of_range,
	        .first_ns = has_stamps(result) ? result->first_ns : INT64_MIN,
	        .last_ns = has_stamps(result) ? result->last_ns : INT64_MIN,
	        .from_ns = result->has_from ? result->from_ns : INT64_MIN,
	        .to_ns = result->has_to ? result->to_ns : INT64_MIN,
	        .out = view->options->config.out,
	};
	return sums;
}

#define SUBJECT struct sums
static const struct wt_number sums_rows[] = {
        WT_COUNT(packets, "packets", "packets that were written"),
        WT_KNOWN_TIME(first_ns, "first_ns", "the earliest stamp of these"),
        WT_KNOWN_TIME(last_ns, "last_ns", "the latest stamp of these"),
        WT_COUNT(out_of_range, "stamps_out_of_range",
                 "of these: packets from before 1677 or after 2262"),
        WT_KNOWN_TIME(from_ns, "from_ns", "what --from came to"),
        WT_KNOWN_TIME(to_ns, "to_ns", "what --to or --duration came to"),
        WT_PATH(out, "output", "the file that was written"),
        {0},
};
#undef SUBJECT

static const struct wt_number json_rows[] = {
        WT_PART_OF(sums_of, sums_rows),
        WT_LIST(next_file, "files", file_rows, "the files that were read"),
        {0},
};

const struct wt_document wt_cut_document = {
        .command = "cut",
        .help = "the summary of a cut",
        .rows = json_rows,
};

/* Standard error if the packets went to standard output. */
static int print_json(const struct options *options, const struct wt_cut_result *result,
                      const struct wt_cut_file *files, int exit_code)
{
	const struct view view = {options, result, files};
	const struct wt_document_error error = {wt_cli_reason(), exit_code};
	bool failed = exit_code == WT_EXIT_FAILURE;
	bool to_stdout = !strcmp(options->config.out, "-");

	return wt_json_print(to_stdout ? stderr : stdout, &wt_cut_document, &view,
	                     failed ? &error : NULL) &&
	                       !wt_cli_flush()
	               ? WT_EXIT_OK
	               : WT_EXIT_FAILURE;
}

static int report(const struct options *options, const struct wt_cut_result *result,
                  const struct wt_cut_file *files)
{
	int exit_code = WT_EXIT_OK;

	for (size_t i = 0; i < options->config.path_count; i++) {
		int code = warn(options, options->config.paths[i], &files[i]);

		if (code && exit_code != WT_EXIT_FAILURE)
			exit_code = code;
		if (options->verbose)
			print_read(options->config.paths[i], &files[i]);
	}
	if (!options->quiet && !options->json)
		print_summary(options, result);
	if (options->json && print_json(options, result, files, exit_code))
		return WT_EXIT_FAILURE;
	return exit_code;
}

static int cut(const struct options *options)
{
	struct wt_cut_file *files = calloc(options->config.path_count, sizeof(*files));
	struct wt_cut_result result;
	struct wt_error err = {0};
	int exit_code;

	if (!files) {
		wt_cli_complain("no memory for this many files");
		return WT_EXIT_FAILURE;
	}
	if (wt_cut(&options->config, files, &result, &err)) {
		wt_cli_complain("%s", err.text);
		exit_code = WT_EXIT_FAILURE;
	} else {
		exit_code = report(options, &result, files);
	}
	free(files);
	return exit_code;
}

int wt_command_cut(int argc, char **argv)
{
	struct options options = {.config.application = "wiretape " WT_VERSION};
	int code = parse_options(argc, argv, &options);

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (!code)
		code = cut(&options);
	wt_file_list_free(&options.files);
	return code;
}
