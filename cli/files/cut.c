/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_text.h>

#include <errno.h>
#include <getopt.h>
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
	struct wt_time from, to;
	const char *from_text, *to_text;
	bool quiet, verbose, json, help;
	bool allow_skipped;
};

enum {
	OPTION_FROM = 256,
	OPTION_TO,
	OPTION_DURATION,
	OPTION_JSON,
	OPTION_MODE,
	OPTION_ALLOW_SKIPPED
};

static const struct option long_options[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"to", required_argument, NULL, OPTION_TO},
        {"duration", required_argument, NULL, OPTION_DURATION},
        {"write", required_argument, NULL, 'w'},
        {"filter", required_argument, NULL, 'f'},
        {"quiet", no_argument, NULL, 'q'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"mode", required_argument, NULL, OPTION_MODE},
        {"allow-skipped", no_argument, NULL, OPTION_ALLOW_SKIPPED},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape cut FILE... [--from TIME] [--to TIME] -w OUT [OPTION]...\n"
	       "Write the packets between two times to a pcapng file of their own. In a recording "
	       "of\n"
	       "wiretape's the place is found without reading what is before it, also while it is\n"
	       "being recorded; other pcapng and pcap files are read from their beginning.\n"
	       "\n"
	       "      --from TIME        from here on, inclusive [the beginning]\n"
	       "      --to TIME          up to here, exclusive [the end]\n"
	       "      --duration SECONDS instead of --to: so long from --from on\n"
	       "  -w, --write OUT        the file to write; '-' is standard output\n"
	       "      --mode OCTAL       its mode [that of the file it replaces, or 640 less the "
	       "umask]\n"
	       "  -f, --filter FILTER    only packets that match, as in man pcap-filter\n"
	       "      --allow-skipped    exit with 0 also if packets were left out for want of a "
	       "stamp\n"
	       "  -q, --quiet            no summary\n"
	       "  -v, --verbose          say of each FILE how many bytes were read\n"
	       "      --json             the summary as a JSON object on standard output\n"
	       "  -h, --help             this text\n"
	       "\n"
	       "TIME is UTC, 2026-11-21T00:30:00.5 (a space may stand for the T, a Z at the end), "
	       "or\n"
	       "seconds since 1970, 1795221000.000000001, or +SECONDS after the first packet of "
	       "the\n"
	       "first FILE, +90.25. FILE '-' is standard input. Several FILEs are merged by "
	       "stamp.\n"
	       "\n"
	       "The JSON object has packets, first_ns, last_ns, stamps_out_of_range (packets\n"
	       "from before 1677 or after 2262), from_ns, to_ns, written and files[]: path,\n"
	       "packets, bytes_read, bytes_total, missing_packets, left_out, not_filtered,\n"
	       "blocks_left_out, options_left_out, cut_off, broken.\n"
	       "\n"
	       "Exit status: 0 if OUT is written, even without a packet; 1 if it is not, or if a\n"
	       "FILE is broken in the middle (what is before is used); 2 for a wrong command\n"
	       "line; 3 if packets without a stamp were left out.\n");
}

static int parse_time(const char *option, const char *text, struct wt_time *time,
                      const struct wt_time **set)
{
	*set = time;
	if (wt_time_parse(text, time))
		return WT_EXIT_OK;
	return wt_cli_usage("cut",
	                    "--%s: '%s' is not a time like 2026-11-21T00:30:00.5, 1795221000.5 or "
	                    "+90.5",
	                    option, text);
}

static int parse_duration(const char *text, int64_t *ns)
{
	if (wt_time_parse_seconds(text, ns) && *ns > 0)
		return WT_EXIT_OK;
	return wt_cli_usage("cut", "--duration: '%s' is not a time in seconds, like 10 or 0.5",
	                    text);
}

static int set_option(struct options *options, int option, char **argv)
{
	struct wt_cut_config *config = &options->config;

	switch (option) {
	case OPTION_FROM:
		options->from_text = optarg;
		return parse_time("from", optarg, &options->from, &config->from);
	case OPTION_TO:
		options->to_text = optarg;
		return parse_time("to", optarg, &options->to, &config->to);
	case OPTION_DURATION:
		return parse_duration(optarg, &config->duration_ns);
	case 'w':
		config->out = optarg;
		return WT_EXIT_OK;
	case 'f':
		config->filter = optarg;
		return WT_EXIT_OK;
	case 'q':
		options->quiet = true;
		return WT_EXIT_OK;
	case 'v':
		options->verbose = true;
		return WT_EXIT_OK;
	case OPTION_ALLOW_SKIPPED:
		options->allow_skipped = true;
		return WT_EXIT_OK;
	case OPTION_MODE:
		if (wt_cli_parse_mode(optarg, &config->mode))
			return WT_EXIT_OK;
		return wt_cli_usage("cut", "'%s' is not a mode for a file, such as 640", optarg);
	case OPTION_JSON:
		options->json = true;
		return WT_EXIT_OK;
	case 'h':
		options->help = true;
		return WT_EXIT_OK;
	case ':':
		return wt_cli_usage("cut", "option '%s' needs a value", argv[optind - 1]);
	default:
		return wt_cli_usage("cut", "there is no option '%s'", argv[optind - 1]);
	}
}

/* What the options say together. */
static int check_options(const struct options *options)
{
	const struct wt_cut_config *config = &options->config;
	size_t streams = 0;

	for (size_t i = 0; i < config->path_count; i++)
		streams += !strcmp(config->paths[i], "-");
	if (!config->path_count)
		return wt_cli_usage("cut", "no FILE given");
	if (!config->out)
		return wt_cli_usage("cut", "where to? Name the file with -w, or '-'");
	if (streams > 1)
		return wt_cli_usage("cut", "standard input can be read only once");
	if (config->to && config->duration_ns)
		return wt_cli_usage("cut", "--to and --duration both say where to end: leave out "
		                           "one");
	if (config->from && config->to && config->from->relative == config->to->relative &&
	    config->from->ns >= config->to->ns)
		return wt_cli_usage("cut", "nothing lies between --from %s and --to %s",
		                    options->from_text, options->to_text);
	if (!strcmp(config->out, "-") && isatty(STDOUT_FILENO))
		return wt_cli_usage("cut", "standard output is a terminal: redirect it, or name a "
		                           "file with -w");
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	int option, bad;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":w:f:qvh", long_options, NULL)) != -1) {
		bad = set_option(options, option, argv);
		if (bad || options->help)
			return bad;
	}
	options->config.paths = (const char *const *)argv + optind;
	options->config.path_count = (size_t)(argc - optind);
	return check_options(options);
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

/* What a user should know of an input, whatever was asked for. */
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

/* That can be shown. */
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

static json_t *file_object(const char *path, const struct wt_cut_file *file)
{
	json_t *object = json_object(), *counts;

	wt_json_put_path(object, "path", path);
	counts = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "packets",
	                   (json_int_t)file->packets, "bytes_read", (json_int_t)file->bytes_read,
	                   "bytes_total", (json_int_t)file->bytes_total, "missing_packets",
	                   (json_int_t)file->missing, "left_out", (json_int_t)file->left_out,
	                   "not_filtered", (json_int_t)file->unfiltered.packets, "blocks_left_out",
	                   (json_int_t)file->blocks_left_out, "options_left_out",
	                   (json_int_t)file->options_left_out, "cut_off", file->ended == -ENODATA);
	json_object_update(object, counts);
	json_decref(counts);
	json_object_set_new(object, "broken",
	                    file->ended && file->ended != -ENODATA ? wt_json_text(file->why.text)
	                                                           : json_null());
	return object;
}

static json_t *files_array(const struct options *options, const struct wt_cut_file *files)
{
	json_t *array = json_array();

	for (size_t i = 0; i < options->config.path_count; i++)
		json_array_append_new(array, file_object(options->config.paths[i], &files[i]));
	return array;
}

static json_t *json_stamp(bool known, int64_t ns)
{
	return known ? json_integer(ns) : json_null();
}

/* Standard error if the packets went to standard output. */
static int print_json(const struct options *options, const struct wt_cut_result *result,
                      const struct wt_cut_file *files)
{
	bool to_stdout = !strcmp(options->config.out, "-");
	json_t *object =
	        json_pack("{s:I, s:o, s:o, s:I, s:o, s:o}", "packets", (json_int_t)result->packets,
	                  "first_ns", json_stamp(has_stamps(result), result->first_ns), "last_ns",
	                  json_stamp(has_stamps(result), result->last_ns), "stamps_out_of_range",
	                  (json_int_t)result->out_of_range, "from_ns",
	                  json_stamp(result->has_from, result->from_ns), "to_ns",
	                  json_stamp(result->has_to, result->to_ns));
	int failed;

	wt_json_put_path(object, "written", options->config.out);
	json_object_set_new(object, "files", files_array(options, files));
	failed = !object || json_dumpf(object, to_stdout ? stderr : stdout, JSON_COMPACT);
	fputc('\n', to_stdout ? stderr : stdout);
	json_decref(object);
	return failed || wt_cli_flush() ? WT_EXIT_FAILURE : WT_EXIT_OK;
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
	if (options->json && print_json(options, result, files))
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
		wt_cli_complain("no memory for so many files");
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
	int bad = parse_options(argc, argv, &options);

	if (bad)
		return bad;
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (options.help) {
		print_help();
		return wt_cli_flush();
	}
	return cut(&options);
}
