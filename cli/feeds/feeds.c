/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const int64_t default_duration_ns = INT64_C(5000000000);

struct options {
	const char *interfaces[WT_FEEDS_INTERFACES];
	int interface_count;
	int64_t duration_ns;
	const char *write_path;
	bool list, json;
};

static volatile sig_atomic_t stop_requested;

static void on_stop(int number)
{
	(void)number;
	stop_requested = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int take_interface(void *member, const char *value, struct wt_error *err)
{
	struct options *options = member;

	if (options->interface_count == WT_FEEDS_INTERFACES)
		return wt_error_set(err, -EINVAL, "there are more than %d interfaces",
		                    WT_FEEDS_INTERFACES);
	options->interfaces[options->interface_count++] = value;
	return 0;
}

static const struct wt_option rows[] = {
        {"interface", .letter = 'i', .kind = WT_OPTION_CALL, .metavar = "IFACE",
         .take = take_interface, .help = "look at what arrives there; repeatable"},
        {0},
};

static const struct wt_option output_rows[] = {
        {"write", .letter = 'w', .kind = WT_OPTION_TEXT, .metavar = "FEEDSFILE",
         WT_MEMBER(struct options, write_path),
         .help = "write the feeds file there; it must not exist yet"},
        {"list", WT_MEMBER(struct options, list),
         .help = "the transports that it knows: names for a feeds file, what their numbers count, "
                 "from which specification"},
        {0},
};

const struct wt_command_line wt_feeds_line = {
        .command = "feeds",
        .usage = "feeds [OPTION]... FILE...\n"
                 "feeds [OPTION]... -i IFACE\n"
                 "feeds --list [--json]",
        .about = "Find out which feeds of market data are in capture files, or arrive on an "
                 "interface: by checksums, lengths, numbers that follow each other and send "
                 "times, never by ports. What it prints is a feeds file to edit, for 'record "
                 "--feeds' and 'check --feeds'.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, rows, 0},
                        {NULL, wt_autostop_row, offsetof(struct options, duration_ns)},
                        {NULL, output_rows, 0},
                        {NULL, wt_json_row, offsetof(struct options, json)},
                        {0},
                },
        .notes = "FILE is pcapng or pcap; '-' is standard input. -i joins no groups and sees "
                 "what comes, for 5 s or as long as -a says: 'record --join' joins. SIGINT "
                 "ends it, and what was seen is printed.\n"
                 "How sure it is stands with each feed: sure (95 % and more), likely (75 %), "
                 "perhaps (50 %: the line is a comment). Other groups are comments, too. Sides "
                 "A and B are groups that carry the same numbers with the same content at "
                 "about the same time.\n"
                 "'wiretape schema feeds' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if all was read, whether there are feeds or not; 1 if "
                 "something could not be read (the rest is printed); 2 for a wrong command "
                 "line.\n"
                 "  wiretape feeds monday.pcapng -w feeds.txt\n"
                 "  wiretape feeds -i eth0 -a duration:30",
        .words = "FILE",
};

static int complete(const struct options *options, const struct wt_words *words)
{
	int count = words->count;

	if (options->list)
		return count || options->interface_count
		               ? wt_cli_usage("feeds", "--list looks at no packets: leave out FILE "
		                                       "and -i")
		               : WT_EXIT_OK;
	if (count && options->interface_count)
		return wt_cli_usage("feeds", "either FILE or -i, not both");
	if (!count && !options->interface_count)
		return wt_cli_usage("feeds", "no FILE given, and no -i IFACE");
	if (options->duration_ns && count)
		return wt_cli_usage("feeds", "-a goes with -i: files end by themselves");
	if (wt_count_streams(words) > 1)
		return wt_cli_usage("feeds", "standard input can be read only once");
	return WT_EXIT_OK;
}

static int fail_to_write(const char *path)
{
	wt_cli_complain("cannot write %s: %s", path,
	                errno == EEXIST ? "it exists; choose another name, or remove it"
	                                : strerror(errno));
	return WT_EXIT_FAILURE;
}

/* The file may have been edited: nothing is replaced. */
static int write_feeds(const char *path, const struct wt_recogniser *recogniser,
                       const struct wt_feeds_source *source)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!out) {
		int code = fail_to_write(path);

		if (fd >= 0)
			close(fd);
		return code;
	}
	wt_feeds_print(out, recogniser, source);
	failed = ferror(out) != 0;
	if (fclose(out))
		failed = true;
	return failed ? fail_to_write(path) : WT_EXIT_OK;
}

/* `failed`: not all could be read. */
static int print(const struct options *options, const struct wt_recogniser *recogniser,
                 const struct wt_feeds_source *source, bool failed)
{
	const struct wt_document_error error = {wt_cli_reason(), WT_EXIT_FAILURE};
	int code = failed ? WT_EXIT_FAILURE : WT_EXIT_OK;

	if (options->write_path && write_feeds(options->write_path, recogniser, source))
		code = WT_EXIT_FAILURE;
	else if (!options->write_path && !options->json)
		wt_feeds_print(stdout, recogniser, source);
	if (options->json && !wt_feeds_print_json(stdout, recogniser, source, code ? &error : NULL))
		code = WT_EXIT_FAILURE;
	return wt_cli_flush() ? WT_EXIT_FAILURE : code;
}

static int list(bool json)
{
	if (!json)
		wt_feeds_list();
	else if (!wt_feeds_list_json(stdout))
		return WT_EXIT_FAILURE;
	return wt_cli_flush();
}

/* A name that is taken is better known before than after a look of minutes. */
static bool may_write(const char *path)
{
	if (!path || access(path, F_OK))
		return true;
	errno = EEXIST;
	fail_to_write(path);
	return false;
}

/* Check whether anything was read: "no feed was found" would not be true otherwise. */
static bool saw_anything(const struct wt_recogniser *recogniser)
{
	struct wt_recogniser_totals totals;

	wt_recogniser_totals(recogniser, &totals);
	return totals.frames != 0;
}

static int look(const struct options *options, struct wt_feeds_source *source)
{
	const struct wt_recogniser_config config = {0};
	struct wt_recogniser *recogniser;
	struct wt_error err = {0};
	int rc, code;

	if (!may_write(options->write_path))
		return WT_EXIT_FAILURE;
	if (wt_recogniser_open(&recogniser, &config, &err)) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	catch_signals();
	rc = source->live ? wt_feeds_read_live(source, recogniser)
	                  : wt_feeds_read_files(source, recogniser);
	if (wt_recogniser_finish(recogniser)) {
		wt_cli_complain("no memory for the groups");
		code = WT_EXIT_FAILURE;
	} else if (rc && !saw_anything(recogniser)) {
		code = WT_EXIT_FAILURE;
	} else {
		code = print(options, recogniser, source, rc != 0);
	}
	wt_recogniser_close(recogniser);
	return rc ? WT_EXIT_FAILURE : code;
}

int wt_command_feeds(int argc, char **argv)
{
	struct options options = {0};
	struct wt_feeds_source source = {.stop = &stop_requested};
	struct wt_file_list files = {0};
	struct wt_words words;
	int code = wt_options_parse(&wt_feeds_line, argc, argv, &options, &words);

	if (!code)
		code = complete(&options, &words);
	if (code)
		return code;
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (options.list)
		return list(options.json);
	source.live = options.interface_count > 0;
	code = wt_list_files(&files, &words);
	source.files = &files;
	source.interfaces = options.interfaces;
	source.interface_count = options.interface_count;
	source.duration_ns = options.duration_ns ? options.duration_ns : default_duration_ns;
	if (!code)
		code = look(&options, &source);
	wt_file_list_free(&files);
	return code;
}
