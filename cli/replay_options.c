/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/replay/replay_options.h>

#include "cli.h"

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/replay/duration.h>

void wt_replay_options_help(void)
{
	fputs("Usage: wiretape replay FILE... -i IFACE [OPTION]...\n"
	      "Send the packets of capture files again, each at its time, and say how exactly "
	      "that\n"
	      "was done. FILE is pcapng or pcap, '-' is standard input; several are one timeline.\n"
	      "gen:size=200,count=1000,pps=10000 stands for packets that are made on the spot.\n"
	      "\n"
	      "Which packets:\n"
	      "      --from TIME, --to TIME, --duration SECONDS   as 'wiretape cut' takes them\n"
	      "  -f, --filter FILTER     only those that match, as in man pcap-filter\n"
	      "  -c, --count N           N at most\n"
	      "  -l, --loop N            all of it N times; 0: until it is stopped\n"
	      "      --truncated pad|cut|skip  those that were cut: with zeros in their place, as\n"
	      "                          they are, or not at all [pad]\n"
	      "      --allow-skipped     exit with 0 also if packets could not be sent: too large\n"
	      "                          or too short, of another link type, fragments with --to\n"
	      "\n"
	      "When:\n"
	      "  -t, --timing original | speed:X | pps:N | mbps:N | gap:TIME | asap |\n"
	      "               delta:TIME[,idle=TIME]   bursts that start as in the file, TIME\n"
	      "                          between packets [original]\n"
	      "      --max-gap TIME      longer gaps in the file are shortened to TIME\n"
	      "      --start-at TIME     UTC, 2026-11-21T00:30:00.5 or seconds since 1970;\n"
	      "                          tai:SECONDS; +SECONDS from now [when all is ready]\n"
	      "  -p, --pace auto|spin|sleep|txtime   how to wait: looking at the clock, asleep,\n"
	      "                          or by launch times, in the kernel or the NIC [auto]\n"
	      "      --lead TIME         hand packets over so much earlier than they are due\n"
	      "                          [learned from the driver's stamps; 0 turns it off]\n"
	      "      --txtime-lead TIME  with launch times: so much earlier [1ms]\n",
	      stdout);
	fputs("\n"
	      "Where to:\n"
	      "  -i, --interface IFACE   the interface; 'sim' is a simulated one\n"
	      "  -m, --map FROM=IFACE    packets of the file's interface FROM (its name, or its\n"
	      "                          number from 0) go to IFACE; '-' leaves them out; again\n"
	      "                          for more\n"
	      "      --tx auto|socket|ring|udp   how [auto]\n"
	      "      --to ADDRESS:PORT   only UDP payloads, to there; takes no privilege\n"
	      "      --ttl N             of what goes --to there\n"
	      "      --no-loop           multicast --to there is not for receivers on this "
	      "machine\n"
	      "      --qdisc             through the queueing discipline, not around it\n"
	      "  -r, --rewrite RULE      FIELD=NEW or FIELD:OLD=NEW with src-mac, dst-mac, mac,\n"
	      "                          vlan, src-ip, dst-ip, ip, src-port, dst-port, port; "
	      "again\n"
	      "                          for more\n"
	      "      --fix-checksums     set right those that are wrong or were left to a NIC\n"
	      "      --stamp-payload     number and UTC of the hand-over over the last 16 bytes "
	      "of\n"
	      "                          UDP payloads\n"
	      "\n"
	      "The proof:\n"
	      "      --tolerance TIME    exit with 4 if a packet departs further from its time\n"
	      "      --proof FILE        a line a packet, CSV\n"
	      "      --tx-stamp auto|hw|sw|off   who says when packets leave: the NIC, if "
	      "somebody\n"
	      "                          has told it to stamp, else its driver; hw: the NIC, "
	      "which\n"
	      "                          is told to meanwhile; sw: the driver; off: nobody [auto]\n"
	      "      --check             only say what IFACE offers to those who send on time\n"
	      "      --json              the report as a JSON object on standard output\n"
	      "  -q, --quiet             no report and no progress\n"
	      "\n"
	      "The machine:\n"
	      "      --cpu N             send from this CPU alone\n"
	      "      --fifo PRIORITY     with SCHED_FIFO, 1 to 99\n"
	      "      --mlock             lock memory\n"
	      "      --buffer SIZE       what is read ahead [64MiB]\n"
	      "  -h, --help              this text\n"
	      "\n"
	      "TIME is a number with ns, us, ms or s; ns without. SIGINT stops after the packet "
	      "at\n"
	      "hand and reports. Exit: 0 fine, 1 failure, 2 usage, 3 packets could not be sent, "
	      "or\n"
	      "none was, 4 --tolerance was missed, or launch times were: packets were dropped.\n"
	      "\n"
	      "  wiretape replay tape.pcapng -i eth0\n"
	      "  wiretape replay tape.pcapng -i eth0 --timing speed:2 --tolerance 50us\n"
	      "  wiretape replay a.pcapng b.pcapng --map eth2=eth0 --map eth3=eth1\n"
	      "  wiretape replay tape.pcapng --to 233.252.0.1:26477 -i eth0\n",
	      stdout);
}

static int usage_value(const char *option, const char *text, const char *range)
{
	return wt_cli_usage("replay", "--%s: '%s' is not %s", option, text, range);
}

static int parse_time(const char *option, const char *text, struct wt_time *time,
                      const struct wt_time **set)
{
	*set = time;
	if (wt_time_parse(text, time))
		return WT_EXIT_OK;
	return usage_value(option, text,
	                   "a time like 2026-11-21T00:30:00.5, 1795221000.5 or +90.5");
}

static int parse_duration(const char *option, const char *text, bool zero, int64_t *ns)
{
	if (wt_parse_duration_ns(text, ns) && (zero || *ns))
		return WT_EXIT_OK;
	return usage_value(option, text, "a time like 500ns, 20us, 1.5ms or 2s");
}

static int parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
                        uint64_t *value)
{
	char range[64];

	if (wt_cli_parse_u64(text, min, max, value))
		return WT_EXIT_OK;
	snprintf(range, sizeof(range), "a whole number from %llu%s", (unsigned long long)min,
	         max == UINT64_MAX ? " on" : "");
	if (max != UINT64_MAX)
		snprintf(range, sizeof(range), "a number from %llu to %llu",
		         (unsigned long long)min, (unsigned long long)max);
	return usage_value(option, text, range);
}

static int parse_int(const char *option, const char *text, int min, int max, int *value)
{
	uint64_t wide;
	int bad = parse_number(option, text, (uint64_t)min, (uint64_t)max, &wide);

	if (!bad)
		*value = (int)wide;
	return bad;
}

static int parse_loops(const char *text, uint64_t *loops)
{
	int bad = parse_number("loop", text, 0, UINT64_MAX - 1, loops);

	if (!bad && !*loops)
		*loops = UINT64_MAX;
	return bad;
}

static int parse_timing(const char *text, struct wt_schedule_config *schedule)
{
	struct wt_error err;

	if (!wt_schedule_parse(schedule, text, &err))
		return WT_EXIT_OK;
	return wt_cli_usage("replay", "--timing: %s", err.text);
}

static int parse_start(const char *text, struct wt_replay_config *config)
{
	bool is_tai = !strncmp(text, "tai:", 4);
	struct wt_time time;

	if (!wt_time_parse(is_tai ? text + 4 : text, &time) || (is_tai && time.relative))
		return usage_value("start-at", text,
		                   "a time like 2026-11-21T00:30:00.5, 1795221000.5, "
		                   "tai:1795221037.5 or +5");
	if (time.relative && time.ns > WT_REPLAY_START_NS_MAX)
		return usage_value("start-at", text, "within a year");
	config->start_at_ns = time.ns;
	config->start_is_relative = time.relative;
	config->start_clock = is_tai ? CLOCK_TAI : CLOCK_REALTIME;
	return WT_EXIT_OK;
}

static int parse_map(struct wt_replay_options *options, const char *text)
{
	size_t number = options->config.map_count;
	const char *equals = strrchr(text, '=');
	char *copy;

	if (!equals || equals == text || !equals[1])
		return usage_value("map", text, "FROM=IFACE");
	if (number == WT_REPLAY_MAPS_MAX)
		return wt_cli_usage("replay", "--map: more than %d", WT_REPLAY_MAPS_MAX);
	copy = strdup(text);
	if (!copy)
		return WT_EXIT_FAILURE;
	copy[equals - text] = '\0';
	options->map_texts[number] = copy;
	options->maps[number] = (struct wt_replay_map){copy, copy + (equals - text) + 1};
	options->config.maps = options->maps;
	options->config.map_count++;
	return WT_EXIT_OK;
}

static int parse_rule(struct wt_replay_options *options, const char *text)
{
	struct wt_error err;

	options->config.rewrite = &options->rewrite;
	if (!wt_rewrite_add(&options->rewrite, text, &err))
		return WT_EXIT_OK;
	return wt_cli_usage("replay", "--rewrite: %s", err.text);
}

/* A time, as with --from, or a place: neither can be taken for the other. */
static void take_to(struct wt_replay_options *options, const char *text)
{
	if (wt_time_parse(text, &options->to)) {
		options->config.to = &options->to;
	} else {
		options->target_text = text;
		options->config.target = &options->target;
	}
}

static int parse_pace(const char *text, enum wt_pace *pace)
{
	int found = wt_pace_from_name(text);

	if (found < 0)
		return usage_value("pace", text, "auto, spin, sleep or txtime");
	*pace = (enum wt_pace)found;
	return WT_EXIT_OK;
}

static int parse_tx(const char *text, enum wt_tx_kind *tx)
{
	int found = wt_tx_kind_from_name(text);

	if (found < 0)
		return usage_value("tx", text, "auto, socket, ring or udp");
	*tx = (enum wt_tx_kind)found;
	return WT_EXIT_OK;
}

static int parse_tx_stamp(const char *text, enum wt_tx_stamp *stamp)
{
	int found = wt_tx_stamp_from_name(text);

	if (found < 0)
		return usage_value("tx-stamp", text, "auto, hw, sw or off");
	*stamp = (enum wt_tx_stamp)found;
	return WT_EXIT_OK;
}

static int parse_truncated(const char *text, enum wt_truncated *truncated)
{
	static const char *const names[] = {"pad", "cut", "skip"};

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			*truncated = (enum wt_truncated)i;
			return WT_EXIT_OK;
		}
	return usage_value("truncated", text, "pad, cut or skip");
}

static int parse_lead(const char *text, int64_t *lead_ns)
{
	int bad = parse_duration("lead", text, true, lead_ns);

	if (!bad && *lead_ns > WT_REPLAY_LEAD_NS_MAX)
		return usage_value("lead", text, "a time up to 1s");
	/* 0 is what is not given. */
	if (!bad && !*lead_ns)
		*lead_ns = -1;
	return bad;
}

static int parse_txtime_lead(const char *text, int64_t *lead_ns)
{
	int bad = parse_duration("txtime-lead", text, false, lead_ns);

	if (!bad && *lead_ns > WT_REPLAY_TXTIME_LEAD_NS_MAX)
		return usage_value("txtime-lead", text, "a time up to 60s");
	return bad;
}

static int parse_seconds(const char *text, int64_t *ns)
{
	if (wt_time_parse_seconds(text, ns) && *ns > 0)
		return WT_EXIT_OK;
	return usage_value("duration", text, "a time in seconds, like 10 or 0.5");
}

enum {
	OPTION_FROM = 256,
	OPTION_DURATION,
	OPTION_TRUNCATED,
	OPTION_ALLOW_SKIPPED,
	OPTION_MAX_GAP,
	OPTION_START_AT,
	OPTION_LEAD,
	OPTION_TXTIME_LEAD,
	OPTION_TX,
	OPTION_TO,
	OPTION_TTL,
	OPTION_NO_LOOP,
	OPTION_QDISC,
	OPTION_FIX_CHECKSUMS,
	OPTION_STAMP_PAYLOAD,
	OPTION_TOLERANCE,
	OPTION_PROOF,
	OPTION_TX_STAMP,
	OPTION_CHECK,
	OPTION_JSON,
	OPTION_CPU,
	OPTION_FIFO,
	OPTION_MLOCK,
	OPTION_BUFFER,
};

static const struct option long_options[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"duration", required_argument, NULL, OPTION_DURATION},
        {"filter", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'c'},
        {"loop", required_argument, NULL, 'l'},
        {"truncated", required_argument, NULL, OPTION_TRUNCATED},
        {"allow-skipped", no_argument, NULL, OPTION_ALLOW_SKIPPED},
        {"timing", required_argument, NULL, 't'},
        {"max-gap", required_argument, NULL, OPTION_MAX_GAP},
        {"start-at", required_argument, NULL, OPTION_START_AT},
        {"pace", required_argument, NULL, 'p'},
        {"lead", required_argument, NULL, OPTION_LEAD},
        {"txtime-lead", required_argument, NULL, OPTION_TXTIME_LEAD},
        {"interface", required_argument, NULL, 'i'},
        {"map", required_argument, NULL, 'm'},
        {"tx", required_argument, NULL, OPTION_TX},
        {"to", required_argument, NULL, OPTION_TO},
        {"ttl", required_argument, NULL, OPTION_TTL},
        {"no-loop", no_argument, NULL, OPTION_NO_LOOP},
        {"qdisc", no_argument, NULL, OPTION_QDISC},
        {"rewrite", required_argument, NULL, 'r'},
        {"fix-checksums", no_argument, NULL, OPTION_FIX_CHECKSUMS},
        {"stamp-payload", no_argument, NULL, OPTION_STAMP_PAYLOAD},
        {"tolerance", required_argument, NULL, OPTION_TOLERANCE},
        {"proof", required_argument, NULL, OPTION_PROOF},
        {"tx-stamp", required_argument, NULL, OPTION_TX_STAMP},
        {"check", no_argument, NULL, OPTION_CHECK},
        {"json", no_argument, NULL, OPTION_JSON},
        {"quiet", no_argument, NULL, 'q'},
        {"cpu", required_argument, NULL, OPTION_CPU},
        {"fifo", required_argument, NULL, OPTION_FIFO},
        {"mlock", no_argument, NULL, OPTION_MLOCK},
        {"buffer", required_argument, NULL, OPTION_BUFFER},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

/* The options that say which packets; -1 for any other. */
static int set_source_option(struct wt_replay_options *options, int option, const char *text)
{
	struct wt_replay_config *config = &options->config;

	switch (option) {
	case OPTION_FROM:
		return parse_time("from", text, &options->from, &config->from);
	case OPTION_DURATION:
		return parse_seconds(text, &config->duration_ns);
	case 'f':
		config->filter = text;
		return WT_EXIT_OK;
	case 'c':
		return parse_number("count", text, 1, UINT64_MAX, &config->count);
	case 'l':
		return parse_loops(text, &config->loops);
	case OPTION_TRUNCATED:
		return parse_truncated(text, &config->truncated);
	case OPTION_ALLOW_SKIPPED:
		options->allow_skipped = true;
		return WT_EXIT_OK;
	case OPTION_BUFFER:
		if (wt_cli_parse_bytes(text, &config->buffer_bytes) && config->buffer_bytes)
			return WT_EXIT_OK;
		return usage_value("buffer", text, "a size like 64MiB");
	default:
		return -1;
	}
}

/* The options that say when. */
static int set_timing_option(struct wt_replay_options *options, int option, const char *text)
{
	struct wt_replay_config *config = &options->config;

	switch (option) {
	case 't':
		return parse_timing(text, &config->schedule);
	case OPTION_MAX_GAP:
		return parse_duration("max-gap", text, false, &config->schedule.max_gap_ns);
	case OPTION_START_AT:
		return parse_start(text, config);
	case 'p':
		return parse_pace(text, &config->pace);
	case OPTION_LEAD:
		return parse_lead(text, &config->lead_ns);
	case OPTION_TXTIME_LEAD:
		return parse_txtime_lead(text, &config->txtime_lead_ns);
	default:
		return -1;
	}
}

/* The options that say where to. */
static int set_target_option(struct wt_replay_options *options, int option, const char *text)
{
	struct wt_replay_config *config = &options->config;

	switch (option) {
	case 'i':
		config->interface = text;
		return WT_EXIT_OK;
	case 'm':
		return parse_map(options, text);
	case OPTION_TX:
		return parse_tx(text, &config->tx);
	case OPTION_TO:
		take_to(options, text);
		return WT_EXIT_OK;
	case OPTION_TTL:
		return parse_int("ttl", text, 1, 255, &options->target.ttl);
	case OPTION_NO_LOOP:
		options->target.no_loop = true;
		return WT_EXIT_OK;
	case OPTION_QDISC:
		config->through_qdisc = true;
		return WT_EXIT_OK;
	case 'r':
		return parse_rule(options, text);
	case OPTION_FIX_CHECKSUMS:
		config->fix_checksums = true;
		return WT_EXIT_OK;
	case OPTION_STAMP_PAYLOAD:
		config->stamp_payload = true;
		return WT_EXIT_OK;
	default:
		return -1;
	}
}

/* Those of the proof, and of the machine. */
static int set_proof_option(struct wt_replay_options *options, int option, const char *text)
{
	struct wt_replay_config *config = &options->config;

	switch (option) {
	case OPTION_TOLERANCE:
		options->has_tolerance = true;
		return parse_duration("tolerance", text, false, &config->tolerance_ns);
	case OPTION_PROOF:
		config->proof_path = text;
		return WT_EXIT_OK;
	case OPTION_TX_STAMP:
		return parse_tx_stamp(text, &config->tx_stamp);
	case OPTION_CPU: {
		int bad = parse_int("cpu", text, 0, CPU_SETSIZE - 1, &config->cpu);

		config->cpu++;
		return bad;
	}
	case OPTION_FIFO:
		return parse_int("fifo", text, 1, 99, &config->fifo_priority);
	case OPTION_MLOCK:
		config->lock_memory = true;
		return WT_EXIT_OK;
	default:
		return -1;
	}
}

static int set_face_option(struct wt_replay_options *options, int option, char **argv)
{
	switch (option) {
	case OPTION_CHECK:
		options->check = true;
		return WT_EXIT_OK;
	case OPTION_JSON:
		options->json = true;
		return WT_EXIT_OK;
	case 'q':
		options->quiet = true;
		return WT_EXIT_OK;
	case 'h':
		options->help = true;
		return WT_EXIT_OK;
	case ':':
		return wt_cli_usage("replay", "option '%s' needs a value", argv[optind - 1]);
	default:
		return wt_cli_usage("replay", "there is no option '%s'", argv[optind - 1]);
	}
}

static int set_option(struct wt_replay_options *options, int option, char **argv)
{
	int known = set_source_option(options, option, optarg);

	if (known < 0)
		known = set_timing_option(options, option, optarg);
	if (known < 0)
		known = set_target_option(options, option, optarg);
	if (known < 0)
		known = set_proof_option(options, option, optarg);
	return known < 0 ? set_face_option(options, option, argv) : known;
}

/* Files, or one gen:. */
static int take_paths(struct wt_replay_options *options, char **words, int count)
{
	struct wt_replay_config *config = &options->config;
	struct wt_error err;

	config->paths = (const char *const *)words;
	config->path_count = (size_t)count;
	for (int i = 0; i < count; i++) {
		if (!wt_generated_is(words[i]))
			continue;
		if (count > 1)
			return wt_cli_usage("replay", "'%s' cannot be mixed with files", words[i]);
		if (wt_generated_parse(&options->generated, words[i], options->session, &err))
			return wt_cli_usage("replay", "%s", err.text);
		config->generated = &options->generated;
		config->path_count = 0;
	}
	return WT_EXIT_OK;
}

/* What the options say together. */
static int check_options(const struct wt_replay_options *options)
{
	const struct wt_replay_config *config = &options->config;
	size_t streams = 0;

	for (size_t i = 0; i < config->path_count; i++)
		streams += !strcmp(config->paths[i], "-");
	if (!config->path_count && !config->generated)
		return wt_cli_usage("replay", "what to send? Name a FILE");
	if (streams > 1)
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
	if (options->has_tolerance && config->schedule.timing == WT_TIMING_ASAP)
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
	int option, bad;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":f:c:l:t:p:i:m:r:qh", long_options, NULL)) !=
	       -1) {
		bad = set_option(options, option, argv);
		if (bad || options->help)
			return bad;
	}
	if (options->check) {
		if (!options->config.interface)
			return wt_cli_usage("replay", "which interface to check? -i IFACE");
		return WT_EXIT_OK;
	}
	bad = take_paths(options, argv + optind, argc - optind);
	if (!bad)
		bad = check_options(options);
	return bad ? bad : settle_target(options);
}

void wt_replay_options_free(struct wt_replay_options *options)
{
	for (size_t i = 0; i < options->config.map_count; i++)
		free(options->map_texts[i]);
}
