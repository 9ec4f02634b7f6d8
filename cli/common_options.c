/* SPDX-License-Identifier: BSD-2-Clause */
#include "common_options.h"
#include <wiretape/cli/cli.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>

const struct wt_option wt_json_row[] = {
        {"json", .kind = WT_OPTION_FLAG, .help = "JSON on standard output instead"},
        {0},
};

const struct wt_option wt_quiet_row[] = {
        {"quiet", .letter = 'q', .kind = WT_OPTION_FLAG, .help = "no summary"},
        {0},
};

const struct wt_option wt_filter_row[] = {
        {"filter", .letter = 'f', .kind = WT_OPTION_TEXT, .metavar = "FILTER",
         .help = "only packets that match, as in man pcap-filter"},
        {0},
};

/* Parse three octal digits, or four that begin with 0. */
static int take_mode(void *member, const char *value, struct wt_error *err)
{
	size_t digits = strspn(value, "01234567");
	mode_t mode = (mode_t)strtoul(value, NULL, 8);

	if (value[digits] || digits < 3 || digits > 4 || (digits == 4 && *value != '0') || !mode)
		return wt_error_set(err, -EINVAL, "'%s' is not a mode for a file, such as 640",
		                    value);
	*(mode_t *)member = mode;
	return 0;
}

const struct wt_option wt_mode_row[] = {
        {"mode", .kind = WT_OPTION_CALL, .metavar = "OCTAL", .take = take_mode,
         .help = "the mode of a file that is written, exactly [that of the file it replaces, or "
                 "640 less the umask]"},
        {0},
};

const struct wt_option wt_allow_skipped_row[] = {
        {"allow-skipped", .kind = WT_OPTION_FLAG,
         .help = "exit with 0 also if packets were left out for a reason that nobody asked for"},
        {0},
};

const struct wt_option wt_qdisc_row[] = {
        {"qdisc", .help = "through the queueing discipline, not around it; else a recorder on the "
                          "same interface sees nothing"},
        {0},
};

static int take_cpu(void *member, const char *value, struct wt_error *err)
{
	uint64_t cpu = 0;
	int rc = wt_parse_number(value, 0, CPU_SETSIZE - 1, &cpu, err);

	*(int *)member = rc ? 0 : 1 + (int)cpu;
	return rc;
}

const struct wt_option wt_cpu_row[] = {
        {"cpu", .kind = WT_OPTION_CALL, .metavar = "N", .take = take_cpu,
         .help = "send from this CPU alone"},
        {0},
};

int wt_take_time(void *member, const char *value, struct wt_error *err)
{
	struct wt_given_time *given = member;

	given->text = value;
	return wt_time_parse(value, &given->time, err);
}

const struct wt_option wt_from_row[] = {
        {"from", .kind = WT_OPTION_CALL, .metavar = "TIME", .take = wt_take_time,
         .help = "from here on, inclusive [the beginning]"},
        {0},
};

const struct wt_option wt_to_row[] = {
        {"to", .kind = WT_OPTION_CALL, .metavar = "TIME", .take = wt_take_time,
         .help = "up to here, exclusive [the end]"},
        {0},
};

const struct wt_option wt_duration_row[] = {
        {"duration", .kind = WT_OPTION_SECONDS, .metavar = "TIME",
         .help = "instead of --to: this long from --from on"},
        {0},
};

static int take_autostop(void *member, const char *value, struct wt_error *err)
{
	static const struct wt_option keys[] = {
	        {"duration", .kind = WT_OPTION_SECONDS, .metavar = "TIME"},
	        {0},
	};

	return wt_options_take_key(keys, member, value, err);
}

const struct wt_option wt_autostop_row[] = {
        {"autostop", .letter = 'a', .kind = WT_OPTION_CALL, .metavar = "duration:TIME",
         .take = take_autostop, .help = "end after this time"},
        {0},
};

static int take_feed(void *member, const char *value, struct wt_error *err)
{
	struct wt_feed_options *options = member;

	return wt_feed_channels_add(&options->channels, value, err);
}

static int take_feeds(void *member, const char *value, struct wt_error *err)
{
	struct wt_feed_options *options = member;

	options->streams += !strcmp(value, "-");
	return wt_feed_channels_add_file(&options->channels, value, err);
}

const struct wt_option wt_feed_rows[] = {
        {"feed", .kind = WT_OPTION_CALL, .metavar = "SPEC", .take = take_feed,
         .help = "a channel: PRESET@GROUP:PORT[@IFACE][,name=NAME][,kind=KIND] (live, loop or "
                 "retransmission), or PRESET@A=GROUP:PORT,B=...[,R=...],name=NAME for the sides of "
                 "one; repeatable ('wiretape feeds --list' has the presets)"},
        {"feeds", .kind = WT_OPTION_CALL, .metavar = "FILE", .take = take_feeds,
         .help = "a channel a line: NAME PRESET A=GROUP:PORT [B=...] [R=...] [kind=...]; - for "
                 "standard "
                 "input"},
        {"late", .kind = WT_OPTION_DURATION, .metavar = "TIME",
         WT_MEMBER(struct wt_feed_options, late_ns),
         .help = "what comes after this time counts as missing: 1s, 250ms [1s]"},
        {"events", .kind = WT_OPTION_TEXT, .metavar = "FILE",
         WT_MEMBER(struct wt_feed_options, events),
         .help = "what is found out, a JSON object a line; - for standard output"},
        {0},
};

const struct wt_option wt_no_join_row[] = {
        {"no-join", .help = "do not be a member of the channels' groups"},
        {0},
};

size_t wt_count_streams(const struct wt_words *words)
{
	size_t count = 0;

	for (int i = 0; i < words->count; i++)
		count += !strcmp(words->list[i], "-");
	return count;
}

int wt_list_files(struct wt_file_list *list, const struct wt_words *words)
{
	struct wt_error err;

	for (int i = 0; i < words->count; i++) {
		if (!wt_file_list_add(list, words->list[i], &err))
			continue;
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	if (list->count > 1)
		wt_cli_raise_descriptor_limit();
	return WT_EXIT_OK;
}
