/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_options.h"

#include "record_files.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>

#define RECORD(member) WT_MEMBER(struct wt_record_options, member)

static int take_autostop(void *member, const char *value, struct wt_error *err)
{
	static const struct wt_option keys[] = {
	        {"duration", .kind = WT_OPTION_SECONDS, .metavar = "TIME", RECORD(max_duration_ns)},
	        {"packets", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1,
	         RECORD(max_packets)},
	        {"filesize", .kind = WT_OPTION_FILESIZE, .metavar = "SIZE", RECORD(max_bytes)},
	        {0},
	};

	return wt_options_take_key(keys, member, value, err);
}

/* "2s@1Gbps". The smallest frames take the most ring for their time on the wire: 84 bytes there
 * with preamble and gap, a slot of 144 here. */
static int parse_ring_time(const char *text, const char *at, uint64_t *bytes, struct wt_error *err)
{
	static const double worst_case = 144.0 / 84.0;
	struct wt_decimal rate;
	char time[32] = "";
	double wanted;
	int64_t ns;
	int rc;

	if ((size_t)(at - text) < sizeof(time))
		memcpy(time, text, (size_t)(at - text));
	rc = wt_parse_duration(time, WT_UNIT_NEEDED | WT_ABOVE_ZERO, &ns, err);
	if (!rc)
		rc = wt_parse_rate(at + 1, WT_RATE_BPS, &rate, err);
	if (rc)
		return rc;
	wanted = (double)ns / 1e9 * (double)rate.numerator / (double)rate.denominator / 8 *
	         worst_case;
	if (wanted < 1 || wanted > 1e15)
		return wt_error_set(err, -EINVAL, "no ring is of that size");
	*bytes = (uint64_t)wanted;
	return 0;
}

static int take_ring(void *member, const char *value, struct wt_error *err)
{
	const char *at = strchr(value, '@');
	struct wt_error why = {0};
	uint64_t bytes = 0;
	int rc = at ? parse_ring_time(value, at, &bytes, &why) : wt_parse_size(value, &bytes, &why);

	if (rc || !bytes)
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a size like 256MiB or a time at a rate like "
		                    "2s@1Gbps%s%s",
		                    value, rc ? ": " : "", why.text);
	*(uint64_t *)member = bytes;
	return 0;
}

static int take_sync(void *member, const char *value, struct wt_error *err)
{
	static const struct wt_option keys[] = {
	        {"interval", .kind = WT_OPTION_SECONDS, .metavar = "TIME", RECORD(sync_every_ns)},
	        {0},
	};
	struct wt_record_options *options = member;
	int rc = 0;

	options->sync = WT_SYNC_INTERVAL;
	if (!strcmp(value, "none"))
		options->sync = WT_SYNC_NONE;
	else if (!strcmp(value, "close"))
		options->sync = WT_SYNC_CLOSE;
	else if (strncmp(value, "interval:", strlen("interval:")) != 0)
		rc = wt_error_set(err, -EINVAL, "'%s' is not none, close or interval:TIME", value);
	else
		rc = wt_options_take_key(keys, options, value, err);
	return rc;
}

static int add_interface(struct wt_record_options *options, const char *name,
                         enum wt_reader_kind kind, struct wt_error *err)
{
	if (options->interface_count == WT_RECORD_INTERFACES_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d interfaces",
		                    WT_RECORD_INTERFACES_MAX);
	options->interfaces[options->interface_count++] =
	        (struct wt_reader_config){.interface = name, .kind = kind};
	return 0;
}

static int take_interface(void *member, const char *value, struct wt_error *err)
{
	/* Elsewhere a name for all of them, whose packets lose their link layer. */
	if (!strcmp(value, "any") && !if_nametoindex(value))
		return wt_error_set(err, -EINVAL,
		                    "there is no interface 'any': give -i once for each, such as "
		                    "-i eth0 -i lo; -D lists them");
	return add_interface(member, value, WT_READER_V3, err);
}

static int take_udp(void *member, const char *value, struct wt_error *err)
{
	return add_interface(member, value, WT_READER_UDP, err);
}

static int take_reader(void *member, const char *value, struct wt_error *err)
{
	struct wt_record_options *options = member;
	int kind = wt_reader_kind_from_name(value);

	if (kind == WT_READER_UDP)
		return wt_error_set(err, -EINVAL,
		                    "the reader udp comes with -u GROUP:PORT, not with --reader");
	if (kind < 0)
		return wt_error_set(err, -EINVAL,
		                    "there is no reader '%s'; there are v3, v2, recv and sim",
		                    value);
	options->common.kind = (enum wt_reader_kind)kind;
	options->has_reader = true;
	return 0;
}

static int take_join(void *member, const char *value, struct wt_error *err)
{
	struct wt_record_options *options = member;
	struct wt_join_group *group = &options->joins[options->join_count];
	int rc;

	if (options->join_count == WT_RECORD_JOINS_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d groups to join",
		                    WT_RECORD_JOINS_MAX);
	rc = wt_join_parse(group, value, err);
	for (size_t i = 0; !rc && i < options->join_count; i++)
		if (!strcmp(options->joins[i].text, group->text))
			rc = wt_error_set(err, -EEXIST, "%s is given to --join twice", group->text);
	options->join_count += !rc;
	return rc;
}

static int take_ready_fd(void *member, const char *value, struct wt_error *err)
{
	uint64_t number;
	int flags = -1;

	/* Before anything else is opened, which would take a number that is free. */
	if (!wt_parse_number(value, 3, INT_MAX, &number, NULL))
		flags = fcntl((int)number, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not the number, 3 or higher, of a descriptor that was "
		                    "opened for writing",
		                    value);
	*(int *)member = (int)number;
	return 0;
}

static int take_path(void *member, const char *value, struct wt_error *err)
{
	struct wt_record_options *options = member;

	if (options->path_count == WT_RECORD_INTERFACES_MAX)
		return wt_error_set(err, -EINVAL, "there are more than %d files",
		                    WT_RECORD_INTERFACES_MAX);
	options->paths[options->path_count++] = value;
	return 0;
}

static const struct wt_option what_rows[] = {
        {"interface", .letter = 'i', .kind = WT_OPTION_CALL, .metavar = "IFACE",
         .take = take_interface, .help = "record from IFACE; repeatable"},
        {"udp", .letter = 'u', .kind = WT_OPTION_CALL,
         .metavar = "ADDRESS:PORT[@IFACE][,source=SOURCE]", .take = take_udp,
         .help = "or listen to UDP, which takes no privileges: a group or an address of this "
                 "machine, from one sender; repeatable. IP and UDP headers are rebuilt"},
        {"list-interfaces", .letter = 'D', RECORD(list), .help = "list the interfaces and exit"},
        {"snaplen", "snapshot-length", 's', WT_OPTION_NUMBER, "BYTES",
         "keep this much of each packet [262144; 0: the same]", RECORD(common.snaplen),
         .max = WT_DEFAULT_SNAPLEN},
        {"no-promiscuous", "no-promiscuous-mode", 'p', RECORD(common.no_promiscuous),
         .help = "only what is addressed to this machine"},
        {"filter", .letter = 'f', .kind = WT_OPTION_TEXT, .metavar = "FILTER",
         RECORD(filter_option), .help = "like the words at the end (see man pcap-filter)"},
        {"filter-file", .letter = 'F', .kind = WT_OPTION_TEXT, .metavar = "FILE",
         RECORD(filter_file), .help = "read the filter from FILE"},
        {"join", .kind = WT_OPTION_CALL, .metavar = "GROUP[@SOURCE]", .take = take_join,
         .help = "be a member of the multicast group while recording; repeatable"},
        {0},
};

static const struct wt_option where_rows[] = {
        {"write", .letter = 'w', .kind = WT_OPTION_CALL, .metavar = "FILE", .take = take_path,
         .help = "the file, for all interfaces; - for standard output. Or as often as -i: a file "
                 "for each"},
        {"count", .letter = 'c', .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1,
         RECORD(max_packets), .help = "stop after N packets"},
        {"autostop", .letter = 'a', .kind = WT_OPTION_CALL, .metavar = "CONDITION",
         .take = take_autostop,
         .help = "stop after duration:TIME, packets:N or filesize:SIZE (1 kB = 1000 bytes, or "
                 "with a unit: filesize:64MiB); repeatable"},
        /* 1 and up, in the order of interface_gone */
        {"interface-gone", .kind = WT_OPTION_CHOICE, .metavar = "wait|end", .min = 1,
         RECORD(interface_gone),
         .help = "when the last interface has disappeared, wait for it to come back, or end with "
                 "exit code 5 [with -b wait, else end]"},
        {0},
};

static const struct wt_option how_rows[] = {
        {"reader", .kind = WT_OPTION_CALL, .metavar = "v3|v2|recv|sim", .take = take_reader,
         .help = "v3: TPACKET_V3; v2: TPACKET_V2; recv: one system call a packet; sim: a simulated "
                 "kernel, no privileges: -i sim:size=BYTES,pps=N|max,count=N,layout=v3|v2 [v3]"},
        {"ring", .kind = WT_OPTION_CALL, .metavar = "SIZE|TIME@RATE", .take = take_ring,
         RECORD(common.ring_bytes),
         .help = "the ring: 64MiB, or 2s@1Gbps, which holds TIME at RATE, with v3 whatever the "
                 "size of frames [256MiB; v2: 512MiB]"},
        /* 1 and up, in the order of enum wt_socket_stamp */
        {"sockstamp", .kind = WT_OPTION_CHOICE, .metavar = "all|us|ns", .min = 1,
         RECORD(socket_stamp),
         .help = "-u: the kernel's stamp in us, in ns, or in ns with that of the NIC, where there "
                 "is one [all]"},
        {"retire-timeout", .kind = WT_OPTION_NUMBER, .metavar = "MS", .min = 1, .max = 10000,
         RECORD(common.retire_timeout_ms),
         .help = "v3: hand over a block that is not full after MS [60]"},
        {"layout", .kind = WT_OPTION_CHOICE, .metavar = "auto|inplace|compact", RECORD(layout),
         .help = "inplace (v3: the ring's block becomes the file), compact (a copy without gaps), "
                 "auto (what costs less) [auto]"},
        {"io", .kind = WT_OPTION_CHOICE, .metavar = "auto|uring|pwrite", RECORD(io),
         .help = "write through io_uring, or from a thread with pwrite [auto]"},
        {"stamp", .kind = WT_OPTION_CHOICE, .metavar = "sw|hw|auto", RECORD(common.stamp),
         .help = "sw (the kernel's stamps), hw (the NIC's; an error if it has none), auto (the "
                 "NIC's if it has them) [sw]"},
        {"clock", .kind = WT_OPTION_CHOICE, .metavar = "utc|tai|phc", RECORD(clock),
         .help = "what stamps in the file show: utc, tai, or phc (hw: the NIC's own time) [utc]"},
        {"tai-offset", .kind = WT_OPTION_NUMBER, .metavar = "SECONDS", .min = 1, .max = 1000,
         RECORD(tai_offset_s),
         .help = "TAI - UTC, for --clock tai; 37 since 2017 [what the kernel knows]"},
        {"direct", .kind = WT_OPTION_CHOICE, .metavar = "auto|on|off", RECORD(direct),
         .help = "write past the page cache [auto]"},
        {"sync", .kind = WT_OPTION_CALL, .metavar = "none|close|interval:TIME", .take = take_sync,
         .help = "bring files to stable storage: never, when they are finished, or that, and "
                 "meanwhile [none]"},
        {0},
};

static const struct wt_option begun_rows[] = {
        {"background", RECORD(background),
         .help = "return at that moment, recording goes on: the process id is printed on stdout, "
                 "and kill PID ends it"},
        {"ready-fd", .kind = WT_OPTION_CALL, .metavar = "N", .take = take_ready_fd,
         RECORD(ready_fd), .help = "write the line READY to descriptor N, and close it"},
        {0},
};

static const struct wt_option say_rows[] = {
        {"quiet", .letter = 'q', RECORD(quiet), .help = "errors only"},
        {"verbose", .letter = 'v', RECORD(verbose), .help = "more at the end: all NIC counters"},
        {"stats", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1, .max = 86400,
         RECORD(stats_every_s), .help = "a line with the numbers every N seconds"},
        {"json", RECORD(json),
         .help = "one JSON object at the end, on stdout (on stderr with -w -)"},
        {"fail-on-loss", RECORD(fail_on_loss), .help = "exit with 3 if packets were lost"},
        {0},
};

const struct wt_command_line wt_record_line = {
        .command = "record",
        .usage = "record -i IFACE -w FILE [OPTION]... [FILTER]\n"
                 "record -u GROUP:PORT[@IFACE] -w FILE [OPTION]... [FILTER]\n"
                 "record -D",
        .about = "Record packets to a pcapng file with nanosecond stamps, and account for "
                 "every one: seen = written + lost, each loss with its cause.",
        .groups =
                (const struct wt_option_group[]){
                        {"What to record", what_rows, 0},
                        {"Feeds that are followed: whose loss it is when sequence numbers are "
                         "missing",
                         wt_feed_rows, offsetof(struct wt_record_options, feeds)},
                        {NULL, wt_no_join_row, offsetof(struct wt_record_options, feeds.no_join)},
                        {"Where to, and for how long", where_rows, 0},
                        {"Several files, one after the other", wt_record_files_rows,
                         offsetof(struct wt_record_options, files)},
                        {NULL, wt_mode_row, offsetof(struct wt_record_options, files.mode)},
                        {"How", how_rows, 0},
                        {"Several queues of a NIC at once, and the machine", wt_record_queues_rows,
                         offsetof(struct wt_record_options, queues)},
                        {"When it has begun, it says so on stderr, and to systemd (Type=notify)",
                         begun_rows, 0},
                        {"What to say", say_rows, 0},
                        {0},
                },
        .notes = "SIGINT and SIGTERM stop cleanly; SIGUSR1 prints the ledger.\n"
                 "Exit status: 0 as asked for; 1 failure; 2 usage; 3 packets lost, with "
                 "--fail-on-loss; 5 ended before it was asked to: min-free, the pipe's reader "
                 "or the interface gone.\n"
                 "  wiretape record -i eth0 -w feed.pcapng udp and dst net 224.0.0.0/4\n"
                 "  wiretape record -i eth0 -w - tcp port 80 | tshark -r -\n"
                 "  wiretape record -u 239.1.1.1:5000@eth0 -w feed.pcapng",
        .words = "FILTER",
        .words_come_last = true,
};

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

/* Take the filter from one of three places; *options owns the copy. */
static int take_filter(struct wt_record_options *options, char **words, int count)
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
	options->filter = options->filter_option ? strdup(options->filter_option)
	                                         : wt_cli_join_words(words, count);
	return options->filter ? 0 : WT_EXIT_FAILURE;
}

static bool writes_several_files(const struct wt_file_set_config *files)
{
	return files->max_bytes || files->max_packets || files->duration_ns || files->interval_ns;
}

static int check_paths(const struct wt_record_options *options)
{
	const struct wt_file_set_config *files = &options->files;

	if (!options->path_count)
		return wt_cli_usage("record", "which file? -w FILE, or -w - for standard output");
	if (options->path_count > 1 && options->path_count != options->interface_count)
		return wt_cli_usage("record",
		                    "%zu files for %zu interfaces: -w once, for all of them, or "
		                    "once for each",
		                    options->path_count, options->interface_count);
	for (size_t i = 0; i < options->path_count; i++) {
		if (strcmp(options->paths[i], "-"))
			continue;
		if (options->path_count > 1)
			return wt_cli_usage("record", "standard output is no place for one of "
			                              "several files");
		if (options->background)
			return wt_cli_usage("record",
			                    "--background lets go of standard output, so -w - "
			                    "does not go with it");
		if (writes_several_files(files) || files->on_close || files->min_free_bytes)
			return wt_cli_usage("record",
			                    "-b, --min-free and --on-close are for files, "
			                    "not for standard output");
	}
	for (size_t i = 0; i < options->path_count; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(options->paths[i], options->paths[j]))
				return wt_cli_usage("record", "%s is given to -w twice",
				                    options->paths[i]);
	return wt_record_files_check(files);
}

/* -u and -i give packets of different link types, which one file cannot have. */
static int check_interfaces(const struct wt_record_options *options)
{
	size_t udp = 0;

	if (!options->interface_count)
		return wt_cli_usage("record", "which interface? -i IFACE; -D lists them. Or -u "
		                              "GROUP:PORT, to listen to UDP");
	for (size_t i = 0; i < options->interface_count; i++)
		udp += options->interfaces[i].kind == WT_READER_UDP;
	if (udp && udp < options->interface_count)
		return wt_cli_usage("record", "-u does not go with -i: datagrams from a socket "
		                              "have no Ethernet headers, and common readers take "
		                              "one kind in a file; record them with two commands");
	if (udp && options->has_reader)
		return wt_cli_usage("record", "-u does not go with --reader: it is a reader of its "
		                              "own, a UDP socket");
	if (!udp && options->socket_stamp)
		return wt_cli_usage("record", "--sockstamp is for -u");
	return 0;
}

static int check_feeds(struct wt_record_options *options)
{
	bool to_stdout = options->feeds.events && !strcmp(options->feeds.events, "-");

	for (size_t i = 0; to_stdout && i < options->path_count; i++)
		if (!strcmp(options->paths[i], "-"))
			return wt_cli_usage("record", "standard output cannot have both the "
			                              "packets (-w -) and the events (--events -)");
	if (to_stdout && options->background)
		return wt_cli_usage("record", "--background lets go of standard output, so "
		                              "--events - does not go with it");
	return wt_record_feeds_check(&options->feeds, options->interfaces,
	                             options->interface_count);
}

/* Give each interface the settings made for all. */
static void fill_interfaces(struct wt_record_options *options)
{
	for (size_t i = 0; i < options->interface_count; i++) {
		struct wt_reader_config own = options->interfaces[i];

		options->interfaces[i] = options->common;
		options->interfaces[i].interface = own.interface;
		if (own.kind == WT_READER_UDP)
			options->interfaces[i].kind = own.kind;
		options->interfaces[i].filter = options->filter;
	}
}

int wt_record_options_parse(struct wt_record_options *options, int argc, char **argv)
{
	struct wt_words words;
	int rc = wt_options_parse(&wt_record_line, argc, argv, options, &words);

	if (rc || options->list)
		return rc;
	if (options->socket_stamp)
		options->common.socket_stamp = (enum wt_socket_stamp)(options->socket_stamp - 1);
	rc = check_interfaces(options);
	if (!rc)
		rc = check_paths(options);
	if (!rc)
		rc = take_filter(options, words.list, words.count);
	if (!rc)
		fill_interfaces(options);
	if (!rc)
		rc = check_feeds(options);
	if (options->interface_gone == WT_GONE_DEFAULT)
		options->interface_gone =
		        writes_several_files(&options->files) ? WT_GONE_WAIT : WT_GONE_END;
	return rc;
}

void wt_record_options_fini(struct wt_record_options *options)
{
	free(options->filter);
	wt_feed_channels_free(&options->feeds.channels);
}
