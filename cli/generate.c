/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <getopt.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/replay/plan/replayer_config.h>

#define SECOND_NS 1000000000ull

enum {
	COUNT_DEFAULT = 10000,
	PPS_DEFAULT = 10000,
	PPS_MAX = 1000000000,
	/* Packets due within this time leave together: one wake-up for all of them. */
	BURST_NS = 100000,
	/* How late the packets due at the very end of a duration may be. */
	GRACE_NS = 1000000,
};

struct options {
	struct wt_replay_config config;
	struct wt_generated generated;
	char session[WT_MOLDUDP64_SESSION_BYTES + 1];
	uint64_t rate_pps; /* 0: as fast as possible */
	int64_t duration_ns;
	bool count_given;
	bool quiet;
	bool json;
};

enum {
	OPTION_GROUP = 256,
	OPTION_PORT,
	OPTION_SESSION,
	OPTION_SOURCE,
	OPTION_SEQUENCE_START,
	OPTION_BATCH,
	OPTION_QDISC,
	OPTION_CPU,
	OPTION_JSON,
};

static const struct option long_options[] = {
        {"interface", required_argument, NULL, 'i'},
        {"size", required_argument, NULL, 's'},
        {"count", required_argument, NULL, 'c'},
        {"pps", required_argument, NULL, 'p'},
        {"duration", required_argument, NULL, 'd'},
        {"group", required_argument, NULL, OPTION_GROUP},
        {"port", required_argument, NULL, OPTION_PORT},
        {"session", required_argument, NULL, OPTION_SESSION},
        {"source", required_argument, NULL, OPTION_SOURCE},
        {"sequence-start", required_argument, NULL, OPTION_SEQUENCE_START},
        {"batch", required_argument, NULL, OPTION_BATCH},
        {"qdisc", no_argument, NULL, OPTION_QDISC},
        {"cpu", required_argument, NULL, OPTION_CPU},
        {"quiet", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static struct wt_replay_stop stop;

static void print_help(void)
{
	printf("Usage: wiretape generate -i INTERFACE [OPTION]...\n"
	       "Send UDP multicast packets with MoldUDP64 sequence numbers that rise by one.\n"
	       "\n"
	       "What to send, and where:\n"
	       "  -i, --interface NAME    Ethernet interface to send on; there is no default\n"
	       "  -s, --size BYTES        frame size without FCS, %d to %d [%d]\n"
	       "      --group ADDRESS     IPv4 multicast group [233.252.0.1]\n"
	       "      --port NUMBER       UDP port, of the source as well [26477]\n"
	       "      --source ADDRESS    IPv4 source [the interface's, else 192.0.2.1]\n"
	       "      --session NAME      MoldUDP64 session, up to 10 characters [WIRETAPE]\n"
	       "      --sequence-start N  sequence number of the first packet [1]\n"
	       "\n"
	       "How much, and how fast:\n"
	       "  -c, --count N           packets, 0 for no limit [%d; 0 with --duration]\n"
	       "  -d, --duration SECONDS  stop after this time, e.g. 0.5\n"
	       "  -p, --pps N|max         packets per second [%d]\n"
	       "      --batch N           packets per system call at most, up to %d [64]\n"
	       "      --qdisc             through the queueing discipline, not around it;\n"
	       "                          else a recorder on the same interface sees nothing\n"
	       "      --cpu N             run on this CPU\n"
	       "\n"
	       "  -q, --quiet             no summary\n"
	       "      --json              the result as a JSON object on standard output\n"
	       "  -h, --help              this text\n"
	       "\n"
	       "Each packet holds one message that fills it. Frames below %d B have no room for\n"
	       "the whole MoldUDP64 header: theirs ends after the sequence number.\n"
	       "Needs CAP_NET_RAW. Without it, try in a network of your own: unshare -Urn\n",
	       WT_MOLD_FRAME_BYTES_MIN, WT_MOLD_FRAME_BYTES_MAX, WT_MOLD_FRAME_BYTES_DEFAULT,
	       COUNT_DEFAULT, PPS_DEFAULT, WT_REPLAY_BATCH_MAX, WT_MOLD_FRAME_BYTES_WHOLE);
}

static int usage_number(const char *option, const char *text, const char *range)
{
	return wt_cli_usage("generate", "--%s: '%s' is not %s", option, text, range);
}

/* An option's number, with the range in words for the message. */
static int parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
                        uint64_t *value)
{
	char range[64];

	if (wt_cli_parse_u64(text, min, max, value))
		return WT_EXIT_OK;
	if (max == UINT64_MAX)
		snprintf(range, sizeof(range), "a whole number");
	else
		snprintf(range, sizeof(range), "a number from %llu to %llu",
		         (unsigned long long)min, (unsigned long long)max);
	return usage_number(option, text, range);
}

static int parse_u32(const char *option, const char *text, uint32_t min, uint32_t max,
                     uint32_t *value)
{
	uint64_t wide = 0;
	int bad = parse_number(option, text, min, max, &wide);

	*value = (uint32_t)wide;
	return bad;
}

/* "3", "0.5": whole seconds and up to nine decimals. */
static bool seconds_to_ns(const char *text, int64_t *ns)
{
	const char *point = strchr(text, '.');
	size_t whole_length = point ? (size_t)(point - text) : strlen(text);
	size_t decimals = point ? strlen(point + 1) : 0;
	char whole[16], fraction[10] = "000000000";
	uint64_t seconds, part;

	if (whole_length >= sizeof(whole) || decimals > 9 || (point && !decimals))
		return false;
	memcpy(whole, text, whole_length);
	whole[whole_length] = '\0';
	if (point)
		memcpy(fraction, point + 1, decimals);
	if (!wt_cli_parse_u64(whole, 0, 1000000000, &seconds) ||
	    !wt_cli_parse_u64(fraction, 0, SECOND_NS - 1, &part))
		return false;
	*ns = (int64_t)(seconds * SECOND_NS + part);
	return *ns > 0;
}

static int parse_duration(const char *text, int64_t *ns)
{
	if (seconds_to_ns(text, ns))
		return WT_EXIT_OK;
	return usage_number("duration", text, "a time in seconds, like 10 or 0.5");
}

static int parse_pps(const char *text, uint64_t *pps)
{
	if (!strcmp(text, "max")) {
		*pps = 0;
		return WT_EXIT_OK;
	}
	if (wt_cli_parse_u64(text, 1, PPS_MAX, pps))
		return WT_EXIT_OK;
	return usage_number("pps", text, "a number from 1 to 1000000000, or 'max'");
}

static int parse_cpu(const char *text, int *cpu)
{
	uint32_t wide;
	int bad = parse_u32("cpu", text, 0, CPU_SETSIZE - 1, &wide);

	*cpu = 1 + (int)wide;
	return bad;
}

static int set_part(struct options *options, const char *option, const char *part, const char *text)
{
	const char *range = wt_generated_set(&options->generated, options->session, part, text);

	return range ? usage_number(option, text, range) : WT_EXIT_OK;
}

/* The options that say what a packet looks like; -1 for any other. */
static int set_frame_option(struct options *options, int option, const char *text)
{
	switch (option) {
	case 's':
		return set_part(options, "size", "size", text);
	case OPTION_GROUP:
		return set_part(options, "group", "group", text);
	case OPTION_PORT:
		return set_part(options, "port", "port", text);
	case OPTION_SOURCE:
		return set_part(options, "source", "source", text);
	case OPTION_SESSION:
		return set_part(options, "session", "session", text);
	case OPTION_SEQUENCE_START:
		return set_part(options, "sequence-start", "sequence", text);
	default:
		return -1;
	}
}

/* The options that say how to send; -1 for any other. */
static int set_sending_option(struct options *options, int option, const char *text)
{
	struct wt_replay_config *config = &options->config;

	switch (option) {
	case 'i':
		config->interface = text;
		return WT_EXIT_OK;
	case 'c':
		options->count_given = true;
		return parse_number("count", text, 0, UINT64_MAX, &options->generated.count);
	case 'p':
		return parse_pps(text, &options->rate_pps);
	case 'd':
		return parse_duration(text, &options->duration_ns);
	case OPTION_BATCH:
		return parse_u32("batch", text, 1, WT_REPLAY_BATCH_MAX, &config->batch);
	case OPTION_QDISC:
		config->through_qdisc = true;
		return WT_EXIT_OK;
	case OPTION_CPU:
		return parse_cpu(text, &config->cpu);
	default:
		return -1;
	}
}

static int set_option(struct options *options, int option, char **argv)
{
	int known = set_frame_option(options, option, optarg);

	if (known < 0)
		known = set_sending_option(options, option, optarg);
	if (known >= 0)
		return known;
	switch (option) {
	case 'q':
		options->quiet = true;
		return WT_EXIT_OK;
	case OPTION_JSON:
		options->json = true;
		return WT_EXIT_OK;
	case ':':
		return wt_cli_usage("generate", "option '%s' needs a value", argv[optind - 1]);
	default:
		return wt_cli_usage("generate", "there is no option '%s'", argv[optind - 1]);
	}
}

/* Fills *options; *help when that was asked for. Returns an exit code. */
static int parse_options(int argc, char **argv, struct options *options, bool *help)
{
	int option, bad;

	*help = false;
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":i:s:c:p:d:qh", long_options, NULL)) != -1) {
		if (option == 'h') {
			*help = true;
			return WT_EXIT_OK;
		}
		bad = set_option(options, option, argv);
		if (bad)
			return bad;
	}
	if (optind < argc)
		return wt_cli_usage("generate", "'%s' is not an option", argv[optind]);
	if (!options->config.interface)
		return wt_cli_usage("generate", "where to send? Name the interface with -i");
	if (!options->count_given && !options->duration_ns)
		options->generated.count = COUNT_DEFAULT;
	return WT_EXIT_OK;
}

static void on_signal(int number)
{
	(void)number;
	wt_replay_stop(&stop);
}

static void catch_signals(void)
{
	/* No SA_RESTART: the signal also ends a wait. */
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* How long the first packet of a burst is held back: until the last one is due. */
static int64_t burst_ns(uint64_t rate_pps, uint32_t batch)
{
	uint64_t burst = rate_pps * BURST_NS / SECOND_NS;

	if (burst > batch)
		burst = batch;
	return burst > 1 ? (int64_t)(((burst - 1) * SECOND_NS + rate_pps - 1) / rate_pps) : 0;
}

/* What is due within the duration is sent, all of it. */
static void settle_duration(struct options *options)
{
	struct wt_generated *generated = &options->generated;
	unsigned __int128 elapsed_ns = (unsigned __int128)options->duration_ns - 1;
	uint64_t due = (uint64_t)(elapsed_ns * options->rate_pps / SECOND_NS) + 1;

	options->config.end_after_ns = options->duration_ns;
	if (!options->rate_pps)
		return;
	options->config.end_after_ns += GRACE_NS;
	if (!generated->count || due < generated->count)
		generated->count = due;
}

static void settle(struct options *options)
{
	struct wt_replay_config *config = &options->config;

	config->generated = &options->generated;
	config->tx = WT_TX_SOCKET;
	config->pace = WT_PACE_SLEEP;
	config->no_proof = true;
	config->stop = &stop;
	config->schedule.timing = options->rate_pps ? WT_TIMING_PPS : WT_TIMING_ASAP;
	config->schedule.numerator = options->rate_pps;
	if (!config->batch)
		config->batch = WT_REPLAY_BATCH_DEFAULT;
	config->coalesce_ns = burst_ns(options->rate_pps, config->batch);
	if (options->duration_ns)
		settle_duration(options);
	if (!options->generated.sequence_start)
		options->generated.sequence_start = 1;
	if (!options->generated.frame.frame_bytes)
		options->generated.frame.frame_bytes = WT_MOLD_FRAME_BYTES_DEFAULT;
}

static double seconds(const struct wt_replay_result *result)
{
	return (double)result->duration_ns / 1e9;
}

/* Per second, with the unit's prefix: "10.0 k", "0.73 M". */
static void print_rate(double per_second, const char *unit)
{
	if (per_second >= 1e9)
		fprintf(stderr, "%.2f G%s", per_second / 1e9, unit);
	else if (per_second >= 1e5)
		fprintf(stderr, "%.2f M%s", per_second / 1e6, unit);
	else if (per_second >= 1e3)
		fprintf(stderr, "%.1f k%s", per_second / 1e3, unit);
	else
		fprintf(stderr, "%.0f %s", per_second, unit);
}

static void print_summary(const struct options *options, const struct wt_replay_result *result)
{
	double rate = wt_replay_rate_pps(result);

	fprintf(stderr, "sent %llu packet%s of %u B in %.3f s", (unsigned long long)result->sent,
	        result->sent == 1 ? "" : "s", options->generated.frame.frame_bytes,
	        seconds(result));
	if (rate > 0) {
		fputs(": ", stderr);
		print_rate(rate, "pps");
		fputs(", ", stderr);
		print_rate(rate * 8 * (double)result->bytes / (double)result->sent, "b/s");
	}
	if (result->refused)
		fprintf(stderr, "; the queue was full %llu times",
		        (unsigned long long)result->refused);
	fputc('\n', stderr);
}

static int print_json(const struct options *options, const struct wt_replay_result *result)
{
	uint64_t first = options->generated.sequence_start;
	json_t *object = json_pack(
	        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "interface", options->config.interface,
	        "frame_bytes", (json_int_t)options->generated.frame.frame_bytes, "sent",
	        (json_int_t)result->sent, "bytes", (json_int_t)result->bytes, "errors",
	        (json_int_t)result->refused, "duration_ns", (json_int_t)result->duration_ns,
	        "first_sequence", (json_int_t)first, "next_sequence",
	        (json_int_t)(first + result->sent + result->undone));
	int failed = !object || json_dumpf(object, stdout, JSON_COMPACT);

	json_decref(object);
	failed |= putchar('\n') == EOF || fflush(stdout);
	if (failed)
		wt_cli_complain("cannot write the result to standard output");
	return failed ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static void note_cut_header(const struct options *options)
{
	uint32_t size = options->generated.frame.frame_bytes;

	if (size < WT_MOLD_FRAME_BYTES_WHOLE && !options->quiet)
		wt_cli_complain("note: frames of %u B hold no more of MoldUDP64 than its sequence "
		                "number; whole packets begin at --size %d",
		                size, WT_MOLD_FRAME_BYTES_WHOLE);
}

static int report(const struct options *options, const struct wt_replay_result *result)
{
	if (!options->quiet)
		print_summary(options, result);
	return options->json ? print_json(options, result) : WT_EXIT_OK;
}

/* Whether all that was made was sent: an exit code. */
static int judge(const struct wt_replay_result *result)
{
	if (result->undone)
		wt_cli_complain("warning: %llu packets were not sent: the interface's MTU fell "
		                "below them",
		                (unsigned long long)result->undone);
	if (result->undone)
		return WT_EXIT_LOSS;
	if (result->sent || result->was_stopped)
		return WT_EXIT_OK;
	wt_cli_complain("warning: nothing was sent");
	return WT_EXIT_LOSS;
}

static int generate(const struct options *options, struct wt_replay_result *result)
{
	struct wt_replay *replay = NULL;
	struct wt_error err = {0};
	int failed = wt_replay_open(&replay, &options->config, NULL, &err);
	int exit_code = WT_EXIT_OK;

	if (!failed)
		failed = wt_replay_run(replay, result, &err);
	wt_replay_close(replay);
	if (failed)
		wt_cli_complain("%s", err.text);
	/* A run that never began has nothing to report. */
	if (!failed || result->sent)
		exit_code = report(options, result);
	if (!failed && !exit_code)
		exit_code = judge(result);
	return failed ? WT_EXIT_FAILURE : exit_code;
}

int wt_command_generate(int argc, char **argv)
{
	struct options options = {.rate_pps = PPS_DEFAULT};
	struct wt_replay_result *result;
	bool help;
	int exit_code = parse_options(argc, argv, &options, &help);

	if (exit_code)
		return exit_code;
	if (help) {
		print_help();
		return WT_EXIT_OK;
	}
	settle(&options);
	note_cut_header(&options);
	catch_signals();
	result = calloc(1, sizeof(*result));
	if (!result) {
		wt_cli_complain("no memory to generate packets");
		return WT_EXIT_FAILURE;
	}
	exit_code = generate(&options, result);
	free(result);
	return exit_code;
}
