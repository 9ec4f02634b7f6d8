/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_feeds.h"
#include "check_gaps.h"
#include "check_read.h"
#include "check_result.h"
#include "check_state.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/feed_monitor.h>

enum { GAPS_LISTED = 20 };

struct options {
	struct wt_feed_options feed;
	const char *state;
	bool json, gaps, no_feeds;
	struct wt_file_list files;
};

/* Everything that one check needs, from its start to its end. */
struct check {
	const struct options *options;
	struct wt_feed_channels channels; /* the options' own, or found */
	struct wt_check_context context;
	struct wt_check_file *files;
	struct wt_check_series *series;
	size_t series_count;
	struct wt_feed_monitor *monitor;
	struct wt_check_gaps gaps;
	FILE *events;
	struct wt_check_result result;
};

static volatile sig_atomic_t stop_requested;

static void on_signal(int number)
{
	(void)number;
	stop_requested = 1;
}

static bool is_over(void *context)
{
	(void)context;
	return stop_requested;
}

static const struct wt_option rows[] = {
        {"no-feeds", WT_MEMBER(struct options, no_feeds), .help = "look at files and ledgers only"},
        {"state", .kind = WT_OPTION_TEXT, .metavar = "FILE", WT_MEMBER(struct options, state),
         .help = "go on from where the files before have ended, and put down there where these "
                 "end"},
        {"gaps", WT_MEMBER(struct options, gaps),
         .help = "list every gap and stream, not the first 20"},
        {0},
};

const struct wt_command_line wt_check_line = {
        .command = "check",
        .usage = "check FILE... [OPTION]...",
        .about = "Say whether a recording is sound, whether its books close, and what is "
                 "missing from the feeds in it and whose loss it was. Any pcapng or pcap file "
                 "is read; only a recording of wiretape's has a ledger, without which verdicts "
                 "are unknown. The files of one recording are one, in whatever order they are "
                 "given; what overlaps in time is merged by stamp, and so are its lanes. FILE '-' "
                 "is standard input.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, wt_feed_rows, offsetof(struct options, feed)},
                        {NULL, rows, 0},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "Without --feed and --feeds the channels are those of the recording, else "
                 "those that their packets are likely to be of. With --events - the report "
                 "goes to standard error.\n"
                 "Verdicts: ring, writer (ours), nic (the interface), line (this side of a "
                 "channel), upstream (no side has it), late (no loss), shared (several), "
                 "unknown.\n"
                 "'wiretape schema check' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if nothing is missing; 3 if something is: by a ledger, in a "
                 "hole, a file or a lane of a recording, or numbers of a stream that did not come "
                 "in "
                 "time; 1 if a file is broken, cut off or was not closed, or a ledger does not "
                 "close, or for a failure; 2 for a wrong command line.",
        .words = "FILE",
};

static int check_options(const struct options *options, const struct wt_words *words)
{
	const struct wt_feed_options *feed = &options->feed;

	if (!words->count)
		return wt_cli_usage("check", "no FILE given");
	if (wt_count_streams(words) + feed->streams > 1)
		return wt_cli_usage("check", "standard input ('-') can be read only once");
	if (options->no_feeds && (feed->channels.count || options->state || feed->events))
		return wt_cli_usage("check", "--no-feeds goes with neither --feed, --feeds, "
		                             "--state nor --events");
	if (options->json && feed->events && !strcmp(feed->events, "-"))
		return wt_cli_usage("check", "--json and '--events -' both want standard output");
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	struct wt_words words;
	int code = wt_options_parse(&wt_check_line, argc, argv, options, &words);

	if (!code)
		code = check_options(options, &words);
	return code ? code : wt_list_files(&options->files, &words);
}

/* Look at the heads, in the order in which they are to be read. */
static int look_at_files(struct check *check, struct wt_error *err)
{
	const struct options *options = check->options;
	size_t count = options->files.count;
	struct wt_check_head *heads = calloc(count, sizeof(*heads));
	int rc;

	check->files = calloc(count, sizeof(*check->files));
	if (!heads || !check->files) {
		free(heads);
		return wt_error_set(err, -ENOMEM, "no memory for this many files");
	}
	for (size_t i = 0; i < count; i++)
		wt_check_head_read(&heads[i], options->files.paths[i], i);
	rc = wt_check_order(heads, count, &check->series, &check->series_count, err);
	for (size_t i = 0; i < count; i++)
		check->files[i].head = heads[i];
	free(heads);
	return rc;
}

/* The last file of the recording's lane that a state knows; 0: none. */
static uint32_t last_known(const struct wt_places *places, const struct wt_tape_mark *mark)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < places->count; i++) {
		const struct wt_place_file *file = &places->list[i].file;

		if (file->is_numbered && file->recording == mark->recording &&
		    file->lane == mark->lane && file->number > last)
			last = file->number;
	}
	return last;
}

static int find_missing_files(struct check *check, const struct wt_check_series *series,
                              struct wt_error *err)
{
	struct wt_check_file *files = check->files + series->first;
	uint32_t last;

	if (!wt_check_is_numbered(&files[0].head))
		return 0;
	last = last_known(&check->context.places, &files[0].head.mark);
	if (last && files[0].head.mark.file <= last)
		return wt_error_set(err, -EEXIST,
		                    "%s: file %u of its recording is in the state already, which "
		                    "has come to file %u",
		                    files[0].head.path, files[0].head.mark.file, last);
	for (size_t i = 0; i < series->count; i++) {
		uint32_t number = files[i].head.mark.file;

		files[i].missing_before = last ? number - last - 1 : 0;
		last = number;
	}
	return 0;
}

/* Count the lanes of the recording that nothing is here of, and the files that a lane lacks at its
 * end: lanes go on to the next file together, but for the last one, since the recording may end
 * meanwhile. The files are in the order of wt_check_order(). */
static void find_missing_lanes(struct check *check, size_t first, size_t end)
{
	struct wt_check_file *files = check->files;
	uint32_t last = 0, lanes = 0;

	for (size_t i = first; i < end; i++)
		if (files[i].head.mark.file > last)
			last = files[i].head.mark.file;
	for (size_t i = first; i < end; i++) {
		if (i + 1 < end && files[i + 1].head.mark.lane == files[i].head.mark.lane)
			continue;
		if (last - files[i].head.mark.file > 1)
			files[i].missing_after = last - files[i].head.mark.file - 1;
		lanes++;
	}
	if (files[first].head.mark.lanes <= lanes)
		return;
	check->result.lanes_missing += files[first].head.mark.lanes - lanes;
	for (size_t i = first; i < end; i++)
		files[i].lacks_lane = true;
}

static void find_missing_in_lanes(struct check *check)
{
	struct wt_check_file *files = check->files;
	size_t count = check->options->files.count, end;

	for (size_t first = 0; first < count; first = end) {
		end = first + 1;
		while (end < count && wt_check_same_recording(&files[first].head, &files[end].head))
			end++;
		if (wt_check_is_numbered(&files[first].head))
			find_missing_lanes(check, first, end);
	}
}

static int open_monitor(struct check *check, struct wt_error *err)
{
	const struct wt_feed_monitor_config config = {
	        .channels = &check->channels,
	        .interfaces = WT_PLACES_MAX,
	        .late_ns = check->options->feed.late_ns,
	        .on_event = wt_check_gaps_take,
	        .context = &check->gaps,
	};
	int rc = wt_feed_monitor_open(&check->monitor, &config, err);

	if (!rc && wt_feed_tapes_open(&check->context.tapes, check->monitor))
		rc = wt_error_set(err, -ENOMEM, "no memory for the lanes of recordings");
	check->context.monitor = rc ? NULL : check->monitor;
	return rc;
}

static int open_events(struct check *check, struct wt_error *err)
{
	const char *path = check->options->feed.events;
	int code;

	if (!path)
		return 0;
	check->events = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (check->events)
		return 0;
	code = -errno;
	return wt_error_set(err, code, "--events: cannot write to '%s': %s", path, strerror(-code));
}

static int load_state(struct check *check, struct wt_error *err)
{
	struct wt_check_result *result = &check->result;
	const char *path = check->options->state;
	struct wt_error why = {0};
	int rc;

	if (!path)
		return 0;
	result->state_path = path;
	rc = wt_check_state_load(path, &check->context.places,
	                         wt_feed_monitor_tracker(check->monitor), &result->state_found,
	                         &result->state_left_out, &why);
	return rc ? wt_error_set(err, rc, "state '%s': %s", path, why.text) : 0;
}

/* A state knows channels by their names, which those that were recognised get by their order. */
static int check_state_feeds(const struct check *check, struct wt_error *err)
{
	if (!check->channels.count)
		return wt_error_set(err, -EINVAL,
		                    "--state: there is no channel to follow; tell "
		                    "them with --feed or --feeds");
	if (check->result.feeds == WT_CHECK_FEEDS_RECOGNISED)
		return wt_error_set(err, -EINVAL,
		                    "--state: channels that were recognised have other names "
		                    "tomorrow; tell them with --feeds, such as what 'wiretape "
		                    "feeds' writes");
	return 0;
}

static int choose_feeds(struct check *check, struct wt_error *err)
{
	const struct options *options = check->options;
	int rc;

	check->result.feeds_not_wanted = options->no_feeds;
	if (options->no_feeds)
		return 0;
	check->channels = options->feed.channels;
	rc = wt_check_choose_feeds(&check->channels, check->files, options->files.count,
	                           check->context.patience, &check->result.feeds, err);
	if (!rc && options->state)
		rc = check_state_feeds(check, err);
	if (rc || !check->channels.count)
		return rc;
	return open_monitor(check, err);
}

static int prepare(struct check *check, struct wt_error *err)
{
	const struct options *options = check->options;
	int rc = look_at_files(check, err);

	if (!rc)
		rc = open_events(check, err);
	if (!rc)
		rc = wt_check_gaps_open(&check->gaps, options->json,
		                        options->gaps ? UINT64_MAX : GAPS_LISTED, check->events,
		                        err);
	if (!rc)
		rc = choose_feeds(check, err);
	if (!rc)
		rc = load_state(check, err);
	for (size_t i = 0; !rc && i < check->series_count; i++)
		rc = find_missing_files(check, &check->series[i], err);
	if (!rc)
		find_missing_in_lanes(check);
	return rc;
}

/* Only what was read to its end is gone on from tomorrow: a state in the middle of a file would
 * miss the rest of it. */
static int save_state(struct check *check, struct wt_error *err)
{
	const struct wt_check_result *result = &check->result;
	struct wt_error why = {0};
	int rc;

	if (!check->options->state || result->interrupted || result->broken)
		return 0;
	rc = wt_check_state_save(check->options->state, &check->context.places,
	                         wt_feed_monitor_tracker(check->monitor), &why);
	check->result.state_saved = !rc;
	return rc ? wt_error_set(err, rc, "state '%s': %s", check->options->state, why.text) : 0;
}

static void complain(const struct wt_check_file *file)
{
	if (file->books.result)
		wt_cli_complain("%s: %s", file->head.path, file->books.error.text);
	wt_cli_warn_fractions(file->head.path, &file->fractions);
}

static int report(struct check *check, struct wt_error *err)
{
	struct wt_check_result *result = &check->result;
	FILE *out = check->events == stdout ? stderr : stdout;
	int rc;

	result->files = check->files;
	result->file_count = check->options->files.count;
	result->channels = &check->channels;
	result->monitor = check->monitor;
	result->gaps = &check->gaps;
	rc = wt_check_result_add_up(result);
	if (rc)
		return wt_error_set(err, rc, "no memory for the sums");
	rc = save_state(check, err);
	if (check->options->json)
		wt_check_print_json(result, out);
	else
		wt_check_print(result, out, check->options->gaps);
	/* Flush to keep the order where both go to one terminal. */
	fflush(out);
	for (size_t i = 0; i < result->file_count; i++)
		complain(&check->files[i]);
	if (!rc && check->gaps.failure)
		rc = wt_error_set(err, check->gaps.failure, "cannot write gaps or events: %s",
		                  strerror(-check->gaps.failure));
	return rc;
}

static void release(struct check *check)
{
	for (size_t i = 0; check->files && i < check->options->files.count; i++) {
		wt_check_head_fini(&check->files[i].head);
		wt_books_fini(&check->files[i].books);
	}
	wt_check_result_fini(&check->result);
	wt_feed_tapes_close(check->context.tapes);
	wt_feed_monitor_close(check->monitor);
	wt_check_gaps_close(&check->gaps);
	free(check->files);
	free(check->series);
}

static int close_events(struct check *check)
{
	int failed = 0;

	if (check->events && check->events != stdout)
		failed = ferror(check->events) | fclose(check->events);
	if (failed)
		wt_cli_complain("--events: cannot write to '%s'", check->options->feed.events);
	return failed ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int run(struct check *check)
{
	struct wt_error err = {0};
	int rc = prepare(check, &err);

	if (!rc) {
		rc = wt_check_read(&check->context, check->files, check->series,
		                   check->series_count, &err);
		check->result.interrupted = rc == -EINTR;
		if (!rc || rc == -EINTR)
			rc = report(check, &err);
	}
	if (rc == -EINTR)
		wt_cli_complain("interrupted before anything was checked");
	else if (rc)
		wt_cli_complain("%s", err.text);
	return rc ? WT_EXIT_FAILURE : wt_check_result_exit(&check->result);
}

static int check_files(struct options *options)
{
	static const struct wt_patience patience = {.is_over = is_over};
	struct sigaction action = {.sa_handler = on_signal};
	struct check *check = calloc(1, sizeof(*check));
	int code, failed;

	if (!check) {
		wt_cli_complain("no memory");
		return WT_EXIT_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	check->options = options;
	check->context.patience = &patience;
	code = run(check);
	failed = close_events(check);
	release(check);
	/* Those that were found are in the same list. */
	if (check->channels.list)
		options->feed.channels = check->channels;
	free(check);
	return failed ? failed : code;
}

int wt_command_check(int argc, char **argv)
{
	struct options options = {0};
	int code = parse_options(argc, argv, &options);

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (!code)
		code = check_files(&options);
	wt_feed_channels_free(&options.feed.channels);
	wt_file_list_free(&options.files);
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}
