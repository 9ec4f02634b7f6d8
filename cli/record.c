/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"
#include "record_report.h"

#include <errno.h>
#include <getopt.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/capture/recorder.h>

enum { MAX_INTERFACES = 64 };

struct options {
	struct wt_reader_config interfaces[MAX_INTERFACES];
	size_t interface_count;
	struct wt_reader_config common; /* what all interfaces are given */
	const char *path;
	char *filter; /* owned: the last words, joined */
	const char *filter_option;
	const char *filter_file;
	uint64_t max_packets;
	uint64_t max_bytes;
	int64_t max_duration_ns;
	uint64_t stats_every_s;
	bool quiet;
	bool verbose;
	bool json;
	bool fail_on_loss;
	bool list;
	bool help;
};

/* What the signal handlers reach for. */
static struct wt_recorder *running;
static volatile sig_atomic_t stop_requested;

static void on_stop(int number)
{
	(void)number;
	stop_requested = 1;
	if (running)
		wt_recorder_stop(running);
}

static void on_poke(int number)
{
	(void)number;
	if (running)
		wt_recorder_poke(running);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void install_handlers(void)
{
	struct sigaction hangup;

	handle(SIGINT, on_stop);
	handle(SIGTERM, on_stop);
	handle(SIGUSR1, on_poke);
	/* A closed pipe or a file at its limit (ulimit -f) is an error of the write, not
	 * the end of the program. */
	handle(SIGPIPE, SIG_IGN);
	handle(SIGXFSZ, SIG_IGN);
	/* nohup has it ignored, and means it. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		handle(SIGHUP, on_stop);
}

static void print_help(void)
{
	puts("Usage: wiretape record -i IFACE -w FILE [OPTION]... [FILTER]\n"
	     "Record packets to a pcapng file with nanosecond stamps, and account for every one:\n"
	     "seen = written + lost, each loss with its cause.\n\n"
	     "What to record\n"
	     "  -i, --interface IFACE   record from IFACE; again for more, into one file\n"
	     "  -D, --list-interfaces   list the interfaces and exit\n"
	     "  -s, --snaplen BYTES     keep this much of each packet [262144; 0: the same]\n"
	     "  -p, --no-promiscuous    only what is addressed to this machine\n"
	     "  -f, --filter FILTER     like the words at the end (see pcap-filter(7))\n"
	     "  -F, --filter-file FILE  read the filter from FILE\n\n"
	     "Where to, and for how long\n"
	     "  -w, --write FILE        the file; - for standard output\n"
	     "  -c, --count N           stop after N packets\n"
	     "  -a, --autostop COND     stop after duration:SECONDS, packets:N or filesize:KB\n"
	     "                          (1 kB = 1000 bytes, or with a unit: filesize:64MiB)\n\n"
	     "How\n"
	     "      --reader KIND       v3 (TPACKET_V3, the default), v2 (TPACKET_V2), recv (one\n"
	     "                          system call a packet), sim (simulated kernel, no "
	     "privileges:\n"
	     "                          -i sim:size=BYTES,pps=N|max,count=N,layout=v3|v2)\n"
	     "      --ring SIZE         the ring: 64MiB, or TIME@RATE such as 2s@1Gbps, which "
	     "holds\n"
	     "                          TIME at RATE, with v3 whatever the size of frames\n"
	     "                          [256MiB; v2: 512MiB]\n"
	     "      --retire-timeout MS v3: hand over a block that is not full after MS [60]\n\n"
	     "What to say\n"
	     "  -q, --quiet             errors only\n"
	     "  -v, --verbose           more at the end: all NIC counters\n"
	     "      --stats N           a line with the numbers every N seconds\n"
	     "      --json              one JSON object at the end, on stdout (on stderr with -w "
	     "-)\n"
	     "      --fail-on-loss      exit with 3 if packets were lost\n"
	     "  -h, --help              this text\n\n"
	     "SIGINT and SIGTERM stop cleanly; SIGUSR1 prints the ledger.\n"
	     "Exit: 0 fine, 1 failure, 2 usage, 3 loss with --fail-on-loss.\n\n"
	     "  wiretape record -i eth0 -w feed.pcapng udp and dst net 224.0.0.0/4\n"
	     "  wiretape record -i eth0 -w - tcp port 80 | tshark -r -");
}

static bool parse_seconds(const char *text, int64_t *ns)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	/* "nan" and "inf" are no numbers of seconds. */
	if (end == text || *end || errno || !(value > 0) || value > 1e9)
		return false;
	*ns = (int64_t)(value * 1e9);
	return true;
}

static bool parse_autostop(struct options *options, const char *text)
{
	uint64_t number;

	if (!strncmp(text, "duration:", 9))
		return parse_seconds(text + 9, &options->max_duration_ns);
	if (!strncmp(text, "packets:", 8))
		return wt_cli_parse_u64(text + 8, 1, UINT64_MAX, &options->max_packets);
	if (strncmp(text, "filesize:", 9))
		return false;
	text += 9;
	if (wt_cli_parse_u64(text, 1, UINT64_MAX / 1000, &number)) {
		options->max_bytes = number * 1000;
		return true;
	}
	return wt_cli_parse_bytes(text, &options->max_bytes) && options->max_bytes;
}

/* "2s" or "500ms", up to the '@'. */
static bool parse_ring_time(const char *text, double *value, const char **rest)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || !(*value > 0) || *value > 1e6)
		return false;
	if (!strncmp(end, "ms@", 3)) {
		*value /= 1000;
		*rest = end + 3;
		return true;
	}
	*rest = end + 2;
	return !strncmp(end, "s@", 2);
}

static bool parse_rate(const char *text, double *bps)
{
	static const struct {
		const char *unit;
		double factor;
	} units[] = {{"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {"Tbps", 1e12}};
	char *end;

	*bps = strtod(text, &end);
	if (end == text || !(*bps > 0))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(end, units[i].unit)) {
			*bps *= units[i].factor;
			return true;
		}
	}
	return false;
}

/* A size, or a time at a rate. The smallest frames take the most ring for their
 * time on the wire: 84 bytes there with preamble and gap, a slot of 144 here. */
static bool parse_ring(const char *text, uint64_t *bytes)
{
	static const double worst_case = 144.0 / 84.0;
	double time, bps, wanted;

	if (!strchr(text, '@'))
		return wt_cli_parse_bytes(text, bytes) && *bytes;
	if (!parse_ring_time(text, &time, &text) || !parse_rate(text, &bps))
		return false;
	wanted = time * bps / 8 * worst_case;
	if (wanted < 1 || wanted > 1e15)
		return false;
	*bytes = (uint64_t)wanted;
	return true;
}

enum { OPT_READER = 256, OPT_RING, OPT_RETIRE, OPT_STATS, OPT_JSON, OPT_FAIL };

/* An option that has a value which may be wrong; 0 or an exit code. */
static int parse_valued(struct options *options, int option, const char *value)
{
	uint64_t number;
	int kind;

	switch (option) {
	case 'i':
		if (options->interface_count == MAX_INTERFACES)
			return wt_cli_usage("record", "more than %d interfaces", MAX_INTERFACES);
		options->interfaces[options->interface_count++].interface = value;
		return 0;
	case 's':
		if (!wt_cli_parse_u64(value, 0, WT_DEFAULT_SNAPLEN, &number))
			return wt_cli_usage("record", "snaplen '%s' is not a number from 0 to %d",
			                    value, WT_DEFAULT_SNAPLEN);
		options->common.snaplen = (uint32_t)number;
		return 0;
	case 'c':
		if (!wt_cli_parse_u64(value, 1, UINT64_MAX, &options->max_packets))
			return wt_cli_usage("record", "count '%s' is not a positive number", value);
		return 0;
	case 'a':
		if (!parse_autostop(options, value))
			return wt_cli_usage(
			        "record", "'%s' is not duration:SECONDS, packets:N or filesize:KB",
			        value);
		return 0;
	case OPT_READER:
		kind = wt_reader_kind_from_name(value);
		if (kind < 0)
			return wt_cli_usage("record",
			                    "there is no reader '%s'; there are v3, v2, "
			                    "recv and sim",
			                    value);
		options->common.kind = (enum wt_reader_kind)kind;
		return 0;
	case OPT_RING:
		if (!parse_ring(value, &options->common.ring_bytes))
			return wt_cli_usage(
			        "record",
			        "ring '%s' is not a size like 256MiB or a time at a rate "
			        "like 2s@1Gbps",
			        value);
		return 0;
	case OPT_RETIRE:
		if (!wt_cli_parse_u64(value, 1, 10000, &number))
			return wt_cli_usage("record",
			                    "retire timeout '%s' is not a number of "
			                    "milliseconds from 1 to 10000",
			                    value);
		options->common.retire_timeout_ms = (uint32_t)number;
		return 0;
	case OPT_STATS:
		if (!wt_cli_parse_u64(value, 1, 86400, &options->stats_every_s))
			return wt_cli_usage("record",
			                    "'%s' is not a number of seconds from 1 to "
			                    "86400",
			                    value);
		return 0;
	default:
		return WT_EXIT_USAGE;
	}
}

static int parse_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'w':
		options->path = value;
		return 0;
	case 'f':
		options->filter_option = value;
		return 0;
	case 'F':
		options->filter_file = value;
		return 0;
	case 'p':
		options->common.no_promiscuous = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'D':
		options->list = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_FAIL:
		options->fail_on_loss = true;
		return 0;
	default:
		return parse_valued(options, option, value);
	}
}

static char *join(char **words, int count)
{
	size_t length = 1;
	char *text;

	for (int i = 0; i < count; i++)
		length += strlen(words[i]) + 1;
	text = calloc(1, length);
	for (int i = 0; text && i < count; i++) {
		strcat(text, words[i]);
		if (i + 1 < count)
			strcat(text, " ");
	}
	return text;
}

static char *read_filter_file(const char *path)
{
	enum { MOST = 1 << 20 };
	FILE *file = fopen(path, "re");
	char *text = calloc(1, MOST + 1);
	const char *problem = file ? NULL : strerror(errno);

	if (file && text) {
		errno = 0;
		if (fread(text, 1, MOST, file) == MOST)
			problem = "it is larger than 1 MiB";
		else if (ferror(file))
			problem = strerror(errno);
	}
	if (file)
		fclose(file);
	if (text && !problem)
		return text;
	wt_cli_complain("cannot read the filter from %s: %s", path,
	                problem ? problem : "no memory");
	free(text);
	return NULL;
}

/* From one of three places; *options owns the copy. */
static int take_filter(struct options *options, char **words, int count)
{
	int sources =
	        (count > 0) + (options->filter_option != NULL) + (options->filter_file != NULL);

	if (sources > 1)
		return wt_cli_usage("record",
		                    "the filter is given more than once: with -f, with -F "
		                    "or as the last words");
	if (options->filter_file) {
		options->filter = read_filter_file(options->filter_file);
		return options->filter ? 0 : WT_EXIT_FAILURE;
	}
	options->filter =
	        options->filter_option ? strdup(options->filter_option) : join(words, count);
	return options->filter ? 0 : WT_EXIT_FAILURE;
}

static int parse_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
	        {"interface", required_argument, NULL, 'i'},
	        {"list-interfaces", no_argument, NULL, 'D'},
	        {"snaplen", required_argument, NULL, 's'},
	        {"snapshot-length", required_argument, NULL, 's'},
	        {"no-promiscuous", no_argument, NULL, 'p'},
	        {"no-promiscuous-mode", no_argument, NULL, 'p'},
	        {"filter", required_argument, NULL, 'f'},
	        {"filter-file", required_argument, NULL, 'F'},
	        {"write", required_argument, NULL, 'w'},
	        {"count", required_argument, NULL, 'c'},
	        {"autostop", required_argument, NULL, 'a'},
	        {"reader", required_argument, NULL, OPT_READER},
	        {"ring", required_argument, NULL, OPT_RING},
	        {"retire-timeout", required_argument, NULL, OPT_RETIRE},
	        {"quiet", no_argument, NULL, 'q'},
	        {"verbose", no_argument, NULL, 'v'},
	        {"stats", required_argument, NULL, OPT_STATS},
	        {"json", no_argument, NULL, OPT_JSON},
	        {"fail-on-loss", no_argument, NULL, OPT_FAIL},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int option, ret = 0;

	optind = 0;
	while ((option = getopt_long(argc, argv, "+:i:w:s:c:a:f:F:Dpqvh", longs, NULL)) != -1) {
		if (option == ':')
			return wt_cli_usage("record", "option %s needs a value", argv[optind - 1]);
		if (option == '?')
			return wt_cli_usage("record", "there is no option '%s'", argv[optind - 1]);
		ret = parse_option(options, option, optarg);
		if (ret)
			return ret;
	}
	if (options->help || options->list)
		return 0;
	if (!options->interface_count)
		return wt_cli_usage("record", "which interface? -i IFACE; -D lists them");
	if (!options->path)
		return wt_cli_usage("record", "which file? -w FILE, or -w - for standard output");
	ret = take_filter(options, argv + optind, argc - optind);
	for (size_t i = 0; i < options->interface_count; i++) {
		const char *name = options->interfaces[i].interface;

		options->interfaces[i] = options->common;
		options->interfaces[i].interface = name;
		options->interfaces[i].filter = options->filter;
	}
	return ret;
}

/* As tcpdump -D, but only what can be given to -i. */
static int list_interfaces(void)
{
	char message[PCAP_ERRBUF_SIZE];
	pcap_if_t *all;
	int number = 0;

	if (pcap_findalldevs(&all, message)) {
		wt_cli_complain("cannot list the interfaces: %s", message);
		return WT_EXIT_FAILURE;
	}
	for (const pcap_if_t *i = all; i; i = i->next) {
		if (!if_nametoindex(i->name))
			continue;
		printf("%d.%s%s%s%s [%s%s%s]\n", ++number, i->name, i->description ? " (" : "",
		       i->description ? i->description : "", i->description ? ")" : "",
		       i->flags & PCAP_IF_UP ? "Up" : "Down",
		       i->flags & PCAP_IF_RUNNING ? ", Running" : "",
		       i->flags & PCAP_IF_LOOPBACK ? ", Loopback" : "");
	}
	pcap_freealldevs(all);
	printf("%d.sim (simulated, with --reader sim)\n", ++number);
	return fflush(stdout) ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

struct display {
	const struct options *options;
	struct wt_progress progress;
	bool terminal;
};

static void on_progress(void *context, const struct wt_recorder_report *report, bool poked)
{
	struct display *display = context;

	if (poked) {
		wt_report_end_line(&display->progress);
		wt_report_ledger(report);
	} else {
		wt_report_progress(&display->progress, report, display->terminal);
	}
}

static void on_event(void *context, const char *text)
{
	struct display *display = context;

	if (display->options->quiet)
		return;
	wt_report_end_line(&display->progress);
	wt_cli_complain("%s", text);
}

static bool to_stdout(const struct options *options)
{
	return !strcmp(options->path, "-");
}

static int open_sink(const struct options *options, struct wt_sink **sink)
{
	struct wt_error err;
	int ret;

	if (!to_stdout(options)) {
		/* A FIFO waits for its reader; a request for the ledger is no reason to
		 * give that up. */
		do {
			ret = wt_sink_file_open(sink, options->path, &stop_requested, &err);
		} while (ret == -EINTR && !stop_requested);
		if (ret)
			wt_cli_complain("%s", err.text);
		return ret;
	}
	if (isatty(STDOUT_FILENO)) {
		wt_cli_complain("standard output is a terminal; give it to a program or a file: "
		                "wiretape record … -w - | tshark -r -");
		return -EINVAL;
	}
	ret = wt_sink_stream_open(sink, STDOUT_FILENO, &stop_requested);
	if (ret)
		wt_cli_complain("no memory for standard output's buffer");
	return ret;
}

static int64_t progress_interval_ns(const struct options *options, bool terminal)
{
	if (options->stats_every_s)
		return (int64_t)options->stats_every_s * 1000000000;
	return terminal && !options->quiet ? 500000000 : 0;
}

/* What is said when it is over; an exit code. */
static int conclude(const struct options *options, struct wt_recorder *recorder, const char *error)
{
	struct wt_recorder_report report;
	FILE *out = to_stdout(options) ? stderr : stdout;
	int code = error ? WT_EXIT_FAILURE : WT_EXIT_OK;

	wt_recorder_report(recorder, &report);
	if (error)
		wt_cli_complain("%s", error);
	if (!options->quiet)
		wt_report_summary(&report, options->path, options->verbose);
	if (options->json && !wt_report_json(&report, options->path, error, out)) {
		wt_cli_complain("cannot write the JSON summary: %s", strerror(errno));
		code = WT_EXIT_FAILURE;
	}
	if (!code && options->fail_on_loss && wt_ledger_lost(&report.total))
		code = WT_EXIT_LOSS;
	return code;
}

/* With all interfaces open; an exit code. */
static int run(const struct options *options, struct display *display, struct wt_recorder *recorder)
{
	struct wt_error err = {0};
	struct wt_sink *sink;
	int code, ret = open_sink(options, &sink);

	if (ret)
		return WT_EXIT_FAILURE;
	running = recorder;
	if (stop_requested)
		wt_recorder_stop(recorder);
	ret = wt_recorder_run(recorder, sink, &err);
	running = NULL;
	wt_report_end_line(&display->progress);
	code = conclude(options, recorder, ret ? err.text : NULL);
	ret = wt_sink_close(sink);
	if (ret && !code && ret != -EPIPE) {
		wt_cli_complain("cannot finish %s: %s", options->path, strerror(-ret));
		code = WT_EXIT_FAILURE;
	}
	return code;
}

static int record(const struct options *options)
{
	struct display display = {.options = options,
	                          .terminal = isatty(STDERR_FILENO) && !options->stats_every_s};
	struct wt_recorder_config config = {
	        .interfaces = options->interfaces,
	        .interface_count = options->interface_count,
	        .application = "wiretape " WT_VERSION,
	        .max_packets = options->max_packets,
	        .max_bytes = options->max_bytes,
	        .max_duration_ns = options->max_duration_ns,
	        .progress_every_ns = progress_interval_ns(options, display.terminal),
	        .on_progress = on_progress,
	        .on_event = on_event,
	        .context = &display,
	};
	struct wt_recorder *recorder;
	struct wt_error err = {0};
	int code;

	install_handlers();
	if (wt_recorder_open(&recorder, &config, &err)) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	code = run(options, &display, recorder);
	wt_recorder_close(recorder);
	return code;
}

int wt_command_record(int argc, char **argv)
{
	struct options options = {0};
	int code = parse_options(&options, argc, argv);

	if (!code && options.help)
		print_help();
	else if (!code && options.list)
		code = list_interfaces();
	else if (!code)
		code = record(&options);
	free(options.filter);
	return code;
}
