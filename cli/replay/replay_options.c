/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_options.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/base/quantity.h>

static int take_loops(void *member, const char *value, struct wt_error *err)
{
	uint64_t *loops = member;
	int rc = wt_parse_number(value, 0, UINT64_MAX - 1, loops, err);

	if (!rc && !*loops)
		*loops = UINT64_MAX;
	return rc;
}

static int take_timing(void *member, const char *value, struct wt_error *err)
{
	return wt_schedule_parse(member, value, err);
}

static int take_start(void *member, const char *value, struct wt_error *err)
{
	struct wt_replayer_config *config = member;
	bool is_tai = !strncmp(value, "tai:", 4);
	struct wt_time time;
	int rc = wt_time_parse(is_tai ? value + 4 : value, &time, err);

	if (rc)
		return rc;
	if (time.base == WT_TIME_END || (is_tai && time.base != WT_TIME_EPOCH))
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a time like 2026-11-21T00:30:00.5, 1795221000.5, "
		                    "tai:1795221037.5 or +5",
		                    value);
	if (time.base == WT_TIME_START && time.ns > WT_REPLAYER_START_NS_MAX)
		return wt_error_set(err, -EINVAL, "'%s' is not within a year", value);
	config->start_at_ns = time.ns;
	config->start_is_relative = time.base == WT_TIME_START;
	config->start_clock = is_tai ? CLOCK_TAI : CLOCK_REALTIME;
	return 0;
}

static int take_map(void *member, const char *value, struct wt_error *err)
{
	struct wt_replay_options *options = member;
	size_t number = options->config.map_count;
	const char *equals = strrchr(value, '=');
	char *copy;

	if (!equals || equals == value || !equals[1])
		return wt_error_set(err, -EINVAL, "'%s' is not FROM=IFACE", value);
	if (number == WT_REPLAY_MAPS_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d", WT_REPLAY_MAPS_MAX);
	copy = strdup(value);
	if (!copy)
		return wt_error_set(err, -ENOMEM, "no memory");
	copy[equals - value] = '\0';
	options->map_texts[number] = copy;
	options->maps[number] = (struct wt_replayer_map){copy, copy + (equals - value) + 1};
	options->config.maps = options->maps;
	options->config.map_count++;
	return 0;
}

static int take_rule(void *member, const char *value, struct wt_error *err)
{
	struct wt_replay_options *options = member;

	options->config.rewrite = &options->rewrite;
	return wt_rewrite_add(&options->rewrite, value, err);
}

/* A time, as with --from, or a place: neither can be taken for the other. */
static int take_to(void *member, const char *value, struct wt_error *err)
{
	struct wt_replay_options *options = member;

	(void)err;
	if (!wt_time_parse(value, &options->to, NULL)) {
		options->config.to = &options->to;
	} else {
		options->target_text = value;
		options->config.target = &options->target;
	}
	return 0;
}

static int take_lead(void *member, const char *value, struct wt_error *err)
{
	int64_t *lead_ns = member;
	int rc = wt_parse_duration(value, WT_UNIT_NEEDED, lead_ns, err);

	if (!rc && *lead_ns > WT_REPLAYER_LEAD_NS_MAX)
		return wt_error_set(err, -EINVAL, "'%s' is not a time up to 1s", value);
	/* 0 stands for not given. */
	if (!rc && !*lead_ns)
		*lead_ns = -1;
	return rc;
}

#define REPLAY(member) WT_MEMBER(struct wt_replay_options, member)

static const struct wt_option packets_rows[] = {
        {"count", .letter = 'c', .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1,
         REPLAY(config.count), .help = "N at most"},
        {"loop", .letter = 'l', .kind = WT_OPTION_CALL, .metavar = "N", .take = take_loops,
         REPLAY(config.loops), .help = "all of it N times; 0: until it is stopped"},
        {"truncated", .kind = WT_OPTION_CHOICE, .metavar = "pad|cut|skip", REPLAY(config.truncated),
         .help = "those that were cut: with zeros in their place, as they are, or not at all "
                 "[pad]"},
        {0},
};

static const struct wt_option timing_rows[] = {
        {"timing", .letter = 't', .kind = WT_OPTION_CALL, .metavar = "TIMING", .take = take_timing,
         REPLAY(config.schedule),
         .help = "original, speed:X, pps:N, mbps:N, gap:TIME, asap, or delta:TIME[,idle=TIME]: "
                 "bursts that start as in the file, TIME between packets [original]"},
        {"max-gap", .kind = WT_OPTION_DURATION, .metavar = "TIME",
         REPLAY(config.schedule.max_gap_ns),
         .help = "longer gaps in the file are shortened to TIME"},
        {"start-at", .kind = WT_OPTION_CALL, .metavar = "TIME", .take = take_start, REPLAY(config),
         .help = "UTC, 2026-11-21T00:30:00.5 or seconds since 1970; tai:TIME; +TIME from now "
                 "[when all is ready]"},
        {"pace", .letter = 'p', .kind = WT_OPTION_CHOICE, .metavar = "auto|spin|sleep|txtime",
         REPLAY(config.pace),
         .help = "how to wait: looking at the clock, asleep, or by launch times, in the kernel or "
                 "the NIC [auto]"},
        {"lead", .kind = WT_OPTION_CALL, .metavar = "TIME", .take = take_lead,
         REPLAY(config.lead_ns),
         .help = "hand packets over this much earlier than they are due [learned from the driver's "
                 "stamps; 0 turns it off]"},
        {"txtime-lead", .kind = WT_OPTION_DURATION, .metavar = "TIME",
         .max = WT_REPLAYER_TXTIME_LEAD_NS_MAX, REPLAY(config.txtime_lead_ns),
         .help = "with launch times: this much earlier [1ms]"},
        {0},
};

static const struct wt_option target_rows[] = {
        {"interface", .letter = 'i', .kind = WT_OPTION_TEXT, .metavar = "IFACE",
         REPLAY(config.interface), .help = "the interface; 'sim' is a simulated one"},
        {"map", .letter = 'm', .kind = WT_OPTION_CALL, .metavar = "FROM=IFACE", .take = take_map,
         .help = "packets of the file's interface FROM (its name, or its number from 0) go to "
                 "IFACE; '-' leaves them out; repeatable"},
        {"tx", .kind = WT_OPTION_CHOICE, .metavar = "auto|socket|ring|udp", REPLAY(config.tx),
         .help = "how [auto]"},
        {"to", .kind = WT_OPTION_CALL, .metavar = "TIME|ADDRESS:PORT", .take = take_to,
         .help = "up to TIME, exclusive; or only UDP payloads, to ADDRESS:PORT: takes no "
                 "privilege"},
        {"ttl", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, .max = 255, REPLAY(target.ttl),
         .help = "of what goes --to there"},
        {"no-loop", REPLAY(target.no_loop),
         .help = "multicast --to there is not for receivers on this machine"},
        {0},
};

static const struct wt_option change_rows[] = {
        {"rewrite", .letter = 'r', .kind = WT_OPTION_CALL, .metavar = "RULE", .take = take_rule,
         .help = "FIELD=NEW or FIELD:OLD=NEW with src-mac, dst-mac, mac, vlan, src-ip, dst-ip, ip, "
                 "src-port, dst-port, port; repeatable"},
        {"fix-checksums", REPLAY(config.fix_checksums),
         .help = "set right those that are wrong or were left to a NIC"},
        {"stamp-payload", REPLAY(config.stamp_payload),
         .help = "number and UTC of the hand-over over the last 16 bytes of UDP payloads"},
        {0},
};

static const struct wt_option proof_rows[] = {
        {"tolerance", .kind = WT_OPTION_DURATION, .metavar = "TIME", REPLAY(config.tolerance_ns),
         .help = "exit with 4 if a packet departs further from its time"},
        {"proof", .kind = WT_OPTION_TEXT, .metavar = "FILE", REPLAY(config.proof_path),
         .help = "a line a packet, CSV"},
        {"tx-stamp", .kind = WT_OPTION_CHOICE, .metavar = "auto|hw|sw|off", REPLAY(config.tx_stamp),
         .help = "who says when packets leave: the NIC, if somebody has told it to stamp, else its "
                 "driver; hw: the NIC, which is told to meanwhile; sw: the driver; off: nobody "
                 "[auto]"},
        {"check", REPLAY(check), .help = "only say what IFACE offers to those who send on time"},
        {0},
};

static const struct wt_option machine_rows[] = {
        {"fifo", .kind = WT_OPTION_NUMBER, .metavar = "PRIORITY", .min = 1, .max = 99,
         REPLAY(config.fifo_priority), .help = "with SCHED_FIFO, 1 to 99"},
        {"mlock", REPLAY(config.lock_memory), .help = "lock memory"},
        {"buffer", .kind = WT_OPTION_SIZE, .metavar = "SIZE", REPLAY(config.buffer_bytes),
         .help = "what is read ahead [64MiB]"},
        {0},
};

#define AT(member) offsetof(struct wt_replay_options, member)

const struct wt_command_line wt_replay_line = {
        .command = "replay",
        .usage = "replay FILE... -i IFACE [OPTION]...\n"
                 "replay gen:KEY=VALUE,... -i IFACE [OPTION]...\n"
                 "replay --check -i IFACE",
        .about = "Send the packets of capture files again, each at its time, and say how "
                 "exactly that was done. FILE is pcapng or pcap, '-' is standard input; "
                 "several are one timeline. gen:size=200,count=1000,pps=10000 stands for "
                 "packets that are made on the spot.",
        .groups =
                (const struct wt_option_group[]){
                        {"Which packets:", wt_from_row, AT(from)},
                        {NULL, wt_duration_row, AT(config.duration_ns)},
                        {NULL, wt_filter_row, AT(config.filter)},
                        {NULL, packets_rows, 0},
                        {NULL, wt_allow_skipped_row, AT(allow_skipped)},
                        {"When:", timing_rows, 0},
                        {"Where to:", target_rows, 0},
                        {NULL, wt_qdisc_row, AT(config.through_qdisc)},
                        {NULL, change_rows, 0},
                        {"The proof:", proof_rows, 0},
                        {NULL, wt_json_row, AT(json)},
                        {NULL, wt_quiet_row, AT(quiet)},
                        {"The machine:", wt_cpu_row, AT(config.cpu)},
                        {NULL, machine_rows, 0},
                        {0},
                },
        .notes = "TIME has a unit: ns, us, ms, s, min or h; where it is a moment, as 'wiretape "
                 "cut' takes it. SIGINT stops after the packet at hand and reports.\n"
                 "Exit status: 0 fine, 1 failure, 2 usage, 3 packets could not be sent, or "
                 "none was, 4 --tolerance was missed, or launch times were: packets were "
                 "dropped.\n"
                 "  wiretape replay tape.pcapng -i eth0\n"
                 "  wiretape replay tape.pcapng -i eth0 --timing speed:2 --tolerance 50us\n"
                 "  wiretape replay a.pcapng b.pcapng --map eth2=eth0 --map eth3=eth1\n"
                 "  wiretape replay tape.pcapng --to 233.252.0.1:26477 -i eth0",
        .words = "FILE",
};

/* Files, or one gen:. */
static int take_paths(struct wt_replay_options *options, const struct wt_words *words)
{
	struct wt_replayer_config *config = &options->config;
	struct wt_error err;
	int code;

	for (int i = 0; i < words->count; i++) {
		if (!wt_generated_is(words->list[i]))
			continue;
		if (words->count > 1)
			return wt_cli_usage("replay", "'%s' cannot be mixed with files",
			                    words->list[i]);
		if (wt_generated_parse(&options->generated, words->list[i], options->session, &err))
			return wt_cli_usage("replay", "%s", err.text);
		config->generated = &options->generated;
		return WT_EXIT_OK;
	}
	code = wt_list_files(&options->files, words);
	config->paths = (const char *const *)options->files.paths;
	config->path_count = options->files.count;
	return code;
}

/* Check the options against each other. */
static int check_options(const struct wt_replay_options *options, const struct wt_words *words)
{
	const struct wt_replayer_config *config = &options->config;

	if (!config->path_count && !config->generated)
		return wt_cli_usage("replay", "what to send? Name a FILE");
	if (wt_count_streams(words) > 1)
		return wt_cli_usage("replay", "standard input can be read only once");
	if (!config->interface && !config->map_count && !config->target)
		return wt_cli_usage("replay", "where to? Name the interface with -i");
	if (config->to && config->duration_ns)
		return wt_cli_usage("replay",
		                    "--to and --duration both say where to end: leave out one");
	if (options->json && config->proof_path && !strcmp(config->proof_path, "-"))
		return wt_cli_usage("replay", "--proof - and --json both print to standard output");
	if ((options->target.ttl || options->target.no_loop) && !config->target)
		return wt_cli_usage("replay", "--ttl and --no-loop are about --to ADDRESS:PORT");
	if (config->tolerance_ns && config->schedule.timing == WT_TIMING_ASAP)
		return wt_cli_usage("replay", "as fast as possible there are no times to be "
		                              "missed: leave out --tolerance");
	if (config->proof_path && config->schedule.timing == WT_TIMING_ASAP)
		return wt_cli_usage("replay", "as fast as possible no packet is due at a time that "
		                              "could be proved: leave out --proof");
	return WT_EXIT_OK;
}

/* The interface is where --to goes out; addresses of one link alone mean nothing without. */
static int settle_target(struct wt_replay_options *options)
{
	/* More than can be right: the parser says so. */
	enum { NAME_BYTES = sizeof(options->target.interface), TEXT_BYTES = 300 };
	const char *text = options->target_text, *interface = options->config.interface;
	const char *named = text ? strchr(text, '@') : NULL;
	char whole[TEXT_BYTES + 2 + NAME_BYTES];
	struct wt_error err;

	if (!text)
		return WT_EXIT_OK;
	if (named && interface && strcmp(named + 1, interface))
		return wt_cli_usage("replay", "--to names interface %s, and -i %s", named + 1,
		                    interface);
	if (interface && strlen(interface) >= NAME_BYTES)
		return wt_cli_usage("replay", "-i: '%s' is too long for an interface's name",
		                    interface);
	snprintf(whole, sizeof(whole), "%.*s%s%s", TEXT_BYTES, text, interface && !named ? "@" : "",
	         interface && !named ? interface : "");
	if (!wt_udp_target_parse(&options->target, whole, &err))
		return WT_EXIT_OK;
	return wt_cli_usage("replay",
	                    "--to: '%s' is no time like 2026-11-21T00:30:00.5 or +90.5, and no "
	                    "place to send to: %s",
	                    text, err.text);
}

int wt_replay_options_parse(struct wt_replay_options *options, int argc, char **argv)
{
	struct wt_words words;
	int code = wt_options_parse(&wt_replay_line, argc, argv, options, &words);

	if (code)
		return code;
	options->config.from = wt_given(&options->from);
	if (options->check) {
		if (!options->config.interface)
			return wt_cli_usage("replay", "which interface to check? -i IFACE");
		return WT_EXIT_OK;
	}
	code = take_paths(options, &words);
	if (!code)
		code = check_options(options, &words);
	return code ? code : settle_target(options);
}

void wt_replay_options_free(struct wt_replay_options *options)
{
	for (size_t i = 0; i < options->config.map_count; i++)
		free(options->map_texts[i]);
	wt_file_list_free(&options->files);
}
