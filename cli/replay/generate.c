/* SPDX-License-Identifier: BSD-2-Clause */
#include "generate_feed.h"
#include "replay_run.h"
#include <wiretape/cli/cli.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/feed/preset/moldudp64.h>

/* `wiretape generate`: `wiretape replay gen:` in the words of those who send test packets, with its
 * own rate and number of packets, asleep between them and without a proof. */

#define SECOND_NS       1000000000ull
#define COUNT_NOT_GIVEN UINT64_MAX

enum {
	COUNT_DEFAULT = 10000,
	PPS_DEFAULT = 10000,
	PPS_MAX = 1000000000,
	/* Packets due within this time leave together: one wake-up for all of them. */
	BURST_NS = 100000,
	/* Greatest lateness of packets due at the very end of a duration. */
	GRACE_NS = 1000000,
};

struct options {
	struct wt_replay_options replay;
	struct wt_generate_feed feed;
	uint64_t rate_pps; /* 0: as fast as possible */
	int64_t duration_ns;
};

static int take_part(void *member, const char *part, const char *value, struct wt_error *err)
{
	struct options *options = member;
	const char *range =
	        wt_generated_set(&options->replay.generated, options->replay.session, part, value);

	return range ? wt_error_set(err, -EINVAL, "'%s' is not %s", value, range) : 0;
}

static int take_size(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "size", value, err);
}

static int take_group(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "group", value, err);
}

static int take_port(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "port", value, err);
}

static int take_source(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "source", value, err);
}

static int take_session(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "session", value, err);
}

static int take_sequence(void *member, const char *value, struct wt_error *err)
{
	return take_part(member, "sequence", value, err);
}

static int take_pps(void *member, const char *value, struct wt_error *err)
{
	struct wt_decimal rate;
	int rc = wt_parse_rate(value, WT_RATE_PPS, &rate, err);

	if (rc)
		return rc;
	if (rate.numerator % rate.denominator || rate.numerator / rate.denominator > PPS_MAX)
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a whole number from 1 to %d packets a second, as "
		                    "50000 or 50k, or max",
		                    value, PPS_MAX);
	*(uint64_t *)member = rate.numerator / rate.denominator;
	return 0;
}

#define GENERATE(member) WT_MEMBER(struct options, member)
#define AT(member)       offsetof(struct options, member)

static const struct wt_option packet_rows[] = {
        {"interface", .letter = 'i', .kind = WT_OPTION_TEXT, .metavar = "IFACE",
         GENERATE(replay.config.interface),
         .help = "Ethernet interface to send on; there is no default"},
        {"size", .letter = 's', .kind = WT_OPTION_CALL, .metavar = "BYTES", .take = take_size,
         .help = "frame size without FCS, 60 to 65549 [200]"},
        {"group", .kind = WT_OPTION_CALL, .metavar = "ADDRESS", .take = take_group,
         .help = "IPv4 multicast group [233.252.0.1]"},
        {"port", .kind = WT_OPTION_CALL, .metavar = "NUMBER", .take = take_port,
         .help = "UDP port, of the source as well [26477]"},
        {"source", .kind = WT_OPTION_CALL, .metavar = "ADDRESS", .take = take_source,
         .help = "IPv4 source [the interface's, else 192.0.2.1]"},
        {"session", .kind = WT_OPTION_CALL, .metavar = "NAME", .take = take_session,
         .help = "MoldUDP64 session, up to 10 characters [WIRETAPE]"},
        {"sequence-start", .kind = WT_OPTION_CALL, .metavar = "N", .take = take_sequence,
         .help = "sequence number of the first packet [1]"},
        {0},
};

static const struct wt_option rate_rows[] = {
        {"count", .letter = 'c', .kind = WT_OPTION_NUMBER, .metavar = "N",
         GENERATE(replay.generated.count),
         .help = "packets, 0 for no limit [10000; 0 with --duration]"},
        {"duration", .letter = 'd', .kind = WT_OPTION_SECONDS, .metavar = "TIME",
         GENERATE(duration_ns), .help = "stop after this time, e.g. 0.5"},
        {"pps", .letter = 'p', .kind = WT_OPTION_CALL, .metavar = "N|max", .take = take_pps,
         GENERATE(rate_pps), .help = "packets per second, as 50000 or 50k [10000]"},
        {"batch", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, .max = WT_REPLAYER_BATCH_MAX,
         GENERATE(replay.config.batch), .help = "packets per system call at most, up to 1024 [64]"},
        {0},
};

const struct wt_command_line wt_generate_line = {
        .command = "generate",
        .usage = "generate -i IFACE [OPTION]...",
        .about = "Send UDP multicast packets with sequence numbers that rise by one: "
                 "MoldUDP64, as 'wiretape replay gen:' does, or streams of any transport with "
                 "known faults.",
        .groups =
                (const struct wt_option_group[]){
                        {"What to send, and where:", packet_rows, 0},
                        {"How much, and how fast:", rate_rows, 0},
                        {NULL, wt_qdisc_row, AT(replay.config.through_qdisc)},
                        {NULL, wt_cpu_row, AT(replay.config.cpu)},
                        {"Streams of a transport (numbers count from 1 in each stream):",
                         wt_generate_feed_rows, AT(feed)},
                        {"What to say:", wt_quiet_row, AT(replay.quiet)},
                        {NULL, wt_json_row, AT(replay.json)},
                        {0},
                },
        .notes = "Without --feed a packet has one message that fills it. Frames below 64 B "
                 "have no room for the whole MoldUDP64 header: theirs ends after the sequence "
                 "number. It sleeps between packets and proves nothing: for that there is "
                 "'wiretape replay gen:'.\n"
                 "Sending needs CAP_NET_RAW. Without it, try in a network of your own: unshare "
                 "-Urn",
};

_Static_assert(WT_MOLD_FRAME_BYTES_MIN == 60 && WT_MOLD_FRAME_BYTES_MAX == 65549 &&
                       WT_MOLD_FRAME_BYTES_DEFAULT == 200 && WT_MOLD_FRAME_BYTES_WHOLE == 64 &&
                       WT_REPLAYER_BATCH_MAX == 1024,
               "the help has these numbers");

/* Check options that go with --feed, and those that do not. */
static int check_feed(const struct options *options)
{
	const struct wt_generate_feed *feed = &options->feed;
	const char *option = wt_generate_feed_option(feed);

	if (!feed->preset)
		return option ? wt_cli_usage("generate", "%s goes with --feed: which transport?",
		                             option)
		              : WT_EXIT_OK;
	if (options->replay.session[0])
		return wt_cli_usage("generate",
		                    "--session is for MoldUDP64 without --feed, whose sessions are "
		                    "numbered");
	if (feed->out && !options->rate_pps)
		return wt_cli_usage("generate", "'max' is no rate for stamps; give -w --pps N");
	if (feed->out && !options->replay.generated.count && !options->duration_ns)
		return wt_cli_usage("generate",
		                    "without a limit the file has no end; add -c or -d");
	return WT_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct options *options)
{
	uint64_t *count = &options->replay.generated.count;
	struct wt_words words;
	int code = wt_options_parse(&wt_generate_line, argc, argv, options, &words);

	if (code)
		return code;
	if (words.count)
		return wt_cli_usage("generate", "'%s' is not an option", words.list[0]);
	if (!options->replay.config.interface && !wt_generate_feed_has_place(&options->feed))
		return wt_cli_usage("generate", "where to send? Name the interface with -i");
	if (*count == COUNT_NOT_GIVEN)
		*count = options->duration_ns ? 0 : COUNT_DEFAULT;
	return check_feed(options);
}

/* Time that the first packet of a burst is held back: until the last one is due. */
static int64_t burst_ns(uint64_t rate_pps, uint32_t batch)
{
	uint64_t burst = rate_pps * BURST_NS / SECOND_NS;

	if (burst > batch)
		burst = batch;
	return burst > 1 ? (int64_t)(((burst - 1) * SECOND_NS + rate_pps - 1) / rate_pps) : 0;
}

/* Settle the count: every packet due within the duration is sent. */
static void settle_duration(struct options *options)
{
	struct wt_generated *generated = &options->replay.generated;
	unsigned __int128 elapsed_ns = (unsigned __int128)options->duration_ns - 1;
	uint64_t due = (uint64_t)(elapsed_ns * options->rate_pps / SECOND_NS) + 1;

	options->replay.config.end_after_ns = options->duration_ns;
	if (!options->rate_pps)
		return;
	options->replay.config.end_after_ns += GRACE_NS;
	if (!generated->count || due < generated->count)
		generated->count = due;
}

static void settle(struct options *options)
{
	struct wt_replayer_config *config = &options->replay.config;

	config->tx = WT_TX_SOCKET;
	config->pace = WT_PACE_SLEEP;
	config->no_proof = true;
	options->replay.is_generate = true;
	config->schedule.timing = options->rate_pps ? WT_TIMING_PPS : WT_TIMING_ASAP;
	config->schedule.numerator = options->rate_pps;
	if (!config->batch)
		config->batch = WT_REPLAYER_BATCH_DEFAULT;
	config->coalesce_ns = burst_ns(options->rate_pps, config->batch);
	if (options->duration_ns)
		settle_duration(options);
}

static int generate_feed(struct options *options)
{
	const struct wt_generated *generated = &options->replay.generated;
	struct wt_generate_feed *feed = &options->feed;

	feed->group = generated->frame.group;
	feed->port = generated->frame.port;
	feed->source = generated->frame.source;
	feed->load.frame_bytes = generated->frame.frame_bytes;
	feed->load.first_number = generated->sequence_start;
	feed->load.packets = generated->count;
	feed->load.pps = options->rate_pps;
	feed->quiet = options->replay.quiet;
	feed->json = options->replay.json;
	options->replay.config.stop = wt_replay_catch_signals();
	return wt_generate_feed_run(feed, &options->replay.config);
}

/* Generate MoldUDP64 without --feed. */
static int generate_mold(struct options *options)
{
	struct wt_generated *generated = &options->replay.generated;
	uint32_t *size = &generated->frame.frame_bytes;

	if (!*size)
		*size = WT_MOLD_FRAME_BYTES_DEFAULT;
	if (!generated->sequence_start)
		generated->sequence_start = 1;
	if (*size < WT_MOLD_FRAME_BYTES_WHOLE && !options->replay.quiet)
		wt_cli_complain("note: frames of %u B hold no more of MoldUDP64 than its sequence "
		                "number; whole packets begin at --size %d",
		                *size, WT_MOLD_FRAME_BYTES_WHOLE);
	options->replay.config.generated = generated;
	return wt_replay_run_options(&options->replay);
}

int wt_command_generate(int argc, char **argv)
{
	struct options options = {.rate_pps = PPS_DEFAULT,
	                          .replay.generated.count = COUNT_NOT_GIVEN};
	int code = parse_options(argc, argv, &options);

	if (!code) {
		settle(&options);
		code = options.feed.preset ? generate_feed(&options) : generate_mold(&options);
	}
	wt_feed_faults_free(&options.feed.faults);
	return code;
}
