/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/record/record_options.h>

#include "cli.h"
#include "record_files.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wt_record_print_help(void)
{
	puts("Usage: wiretape record -i IFACE -w FILE [OPTION]... [FILTER]\n"
	     "       wiretape record -u GROUP:PORT[@IFACE] -w FILE [OPTION]... [FILTER]\n"
	     "Record packets to a pcapng file with nanosecond stamps, and account for every one:\n"
	     "seen = written + lost, each loss with its cause.\n\n"
	     "What to record\n"
	     "  -i, --interface IFACE   record from IFACE; again for more\n"
	     "  -u, --udp ADDRESS:PORT  or listen to UDP, which takes no privileges: a group or "
	     "an\n"
	     "                          address of this machine, [@IFACE], from one sender "
	     "[,source=S];\n"
	     "                          again for more. IP and UDP headers are rebuilt\n"
	     "  -D, --list-interfaces   list the interfaces and exit\n"
	     "  -s, --snaplen BYTES     keep this much of each packet [262144; 0: the same]\n"
	     "  -p, --no-promiscuous    only what is addressed to this machine\n"
	     "  -f, --filter FILTER     like the words at the end (see pcap-filter(7))\n"
	     "  -F, --filter-file FILE  read the filter from FILE\n"
	     "      --join GROUP[@SOURCE]  be a member of the multicast group while recording; "
	     "again\n"
	     "                          for more\n\n"
	     "Where to, and for how long\n"
	     "  -w, --write FILE        the file, for all interfaces; - for standard output. Or "
	     "as\n"
	     "                          often as -i: a file for each\n"
	     "  -c, --count N           stop after N packets\n"
	     "  -a, --autostop COND     stop after duration:SECONDS, packets:N or filesize:KB\n"
	     "                          (1 kB = 1000 bytes, or with a unit: filesize:64MiB)\n"
	     "      --interface-gone wait|end  when the last interface has disappeared, wait for "
	     "it to\n"
	     "                          come back, or end with exit code 5 [with -b wait, else "
	     "end]\n\n"
	     "Several files, one after the other\n"
	     "  -b, --ring-buffer COND  go on to the next file at filesize:KB, duration:SECONDS,\n"
	     "                          packets:N or interval:SECONDS (at multiples of the "
	     "clock);\n"
	     "                          files:N keeps the last N; again for more conditions\n"
	     "      --keep-bytes SIZE   delete the oldest files, so that no more is kept\n"
	     "      --min-free SIZE[:stop|:delete]  with less free space, stop [stop], or delete\n"
	     "                          the oldest files\n"
	     "      --mode OCTAL        the mode of files, exactly [640 less the umask]\n"
	     "      --on-close COMMAND  run COMMAND FILE for each file that is finished\n"
	     "      --on-close-timeout SECONDS  end a command that runs for longer [3600]\n"
	     "      --no-adopt          files of earlier recordings neither count nor are "
	     "deleted\n\n"
	     "How\n"
	     "      --reader KIND       v3 (TPACKET_V3, the default), v2 (TPACKET_V2), recv (one\n"
	     "                          system call a packet), sim (simulated kernel, no "
	     "privileges:\n"
	     "                          -i sim:size=BYTES,pps=N|max,count=N,layout=v3|v2)\n"
	     "      --ring SIZE         the ring: 64MiB, or TIME@RATE such as 2s@1Gbps, which "
	     "holds\n"
	     "                          TIME at RATE, with v3 whatever the size of frames\n"
	     "                          [256MiB; v2: 512MiB]\n"
	     "      --sockstamp us|ns|all  -u: the kernel's stamp in us, in ns, or in ns with that "
	     "of "
	     "the\n"
	     "                          NIC, where there is one [all]\n"
	     "      --retire-timeout MS v3: hand over a block that is not full after MS [60]\n"
	     "      --layout LAYOUT     inplace (v3: the ring's block becomes the file), compact "
	     "(a\n"
	     "                          copy without gaps), auto (what costs less) [auto]\n"
	     "      --io KIND           uring, pwrite (a thread), auto [auto]\n"
	     "      --stamp KIND        sw (the kernel's stamps), hw (the NIC's; an error if it "
	     "has\n"
	     "                          none), auto (the NIC's if it has them) [sw]\n"
	     "      --clock CLOCK       what stamps in the file show: utc, tai, or phc (hw: the\n"
	     "                          NIC's own time) [utc]\n"
	     "      --tai-offset S      TAI - UTC, for --clock tai [what the kernel knows]\n"
	     "      --direct on|off|auto  write past the page cache [auto]\n"
	     "      --sync WHEN         bring files to stable storage: none, close (when they are\n"
	     "                          finished), interval:SECONDS (that, and meanwhile) "
	     "[none]\n\n"
	     "When it has begun, it says so on stderr, and to systemd (Type=notify)\n"
	     "      --background        return at that moment, recording goes on: the process id "
	     "is\n"
	     "                          printed on stdout, and kill PID ends it\n"
	     "      --ready-fd N        write the line READY to descriptor N, and close it\n\n"
	     "What to say\n"
	     "  -q, --quiet             errors only\n"
	     "  -v, --verbose           more at the end: all NIC counters\n"
	     "      --stats N           a line with the numbers every N seconds\n"
	     "      --json              one JSON object at the end, on stdout (on stderr with -w "
	     "-)\n"
	     "      --fail-on-loss      exit with 3 if packets were lost\n"
	     "  -h, --help              this text\n\n"
	     "SIGINT and SIGTERM stop cleanly; SIGUSR1 prints the ledger.\n"
	     "Exit status: 0 as asked for; 1 failure; 2 usage; 3 packets lost, with "
	     "--fail-on-loss;\n"
	     "5 ended before it was asked to: min-free, the pipe's reader or the interface "
	     "gone.\n\n"
	     "  wiretape record -i eth0 -w feed.pcapng udp and dst net 224.0.0.0/4\n"
	     "  wiretape record -i eth0 -w - tcp port 80 | tshark -r -\n"
	     "  wiretape record -u 239.1.1.1:5000@eth0 -w feed.pcapng");
}

static bool parse_autostop(struct wt_record_options *options, const char *text)
{
	if (!strncmp(text, "duration:", 9))
		return wt_cli_parse_seconds(text + 9, &options->max_duration_ns);
	if (!strncmp(text, "packets:", 8))
		return wt_cli_parse_u64(text + 8, 1, UINT64_MAX, &options->max_packets);
	return !strncmp(text, "filesize:", 9) &&
	       wt_cli_parse_filesize(text + 9, &options->max_bytes);
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

enum {
	OPT_READER = 256,
	OPT_RING,
	OPT_SOCKSTAMP,
	OPT_RETIRE,
	OPT_STATS,
	OPT_JSON,
	OPT_FAIL,
	OPT_LAYOUT,
	OPT_IO,
	OPT_DIRECT,
	OPT_SYNC,
	OPT_KEEP_BYTES,
	OPT_MIN_FREE,
	OPT_ON_CLOSE,
	OPT_ON_CLOSE_TIMEOUT,
	OPT_NO_ADOPT,
	OPT_MODE,
	OPT_STAMP,
	OPT_CLOCK,
	OPT_TAI_OFFSET,
	OPT_JOIN,
	OPT_GONE,
	OPT_BACKGROUND,
	OPT_READY_FD,
};

/* The place of `value` in a list of names that ends with NULL; -1: none. */
static int find_name(const char *const *names, const char *value)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], value))
			return i;
	return -1;
}

/* Whose stamps, and which clock they show; 0 or an exit code. */
static int parse_stamps(struct wt_record_options *options, int option, const char *value)
{
	/* In the order of enum wt_stamp_wish. */
	static const char *const wishes[] = {"sw", "hw", "auto", NULL};
	uint64_t seconds;
	int choice;

	switch (option) {
	case OPT_STAMP:
		choice = find_name(wishes, value);
		if (choice < 0)
			return wt_cli_usage("record", "--stamp '%s' is not sw, hw or auto", value);
		options->common.stamp = (enum wt_stamp_wish)choice;
		return 0;
	case OPT_CLOCK:
		choice = wt_stamp_clock_from_name(value);
		if (choice < 0)
			return wt_cli_usage("record", "--clock '%s' is not utc, tai or phc", value);
		options->clock = (enum wt_stamp_clock)choice;
		return 0;
	case OPT_TAI_OFFSET:
		if (!wt_cli_parse_u64(value, 1, 1000, &seconds))
			return wt_cli_usage(
			        "record",
			        "--tai-offset '%s' is not a number of seconds from 1 to "
			        "1000; it has been 37 since 2017",
			        value);
		options->tai_offset_s = (int32_t)seconds;
		return 0;
	default:
		return WT_EXIT_USAGE;
	}
}

static bool parse_sync(struct wt_record_options *options, const char *value)
{
	if (!strcmp(value, "none"))
		options->sync = WT_SYNC_NONE;
	else if (!strcmp(value, "close"))
		options->sync = WT_SYNC_CLOSE;
	else if (!strncmp(value, "interval:", 9) &&
	         wt_cli_parse_seconds(value + 9, &options->sync_every_ns))
		options->sync = WT_SYNC_INTERVAL;
	else
		return false;
	return true;
}

/* How it gets to the disk; 0 or an exit code. */
static int parse_writing(struct wt_record_options *options, int option, const char *value)
{
	/* In the order of enum wt_disk_kind and enum wt_direct. */
	static const char *const kinds[] = {"auto", "uring", "pwrite", NULL};
	static const char *const directs[] = {"auto", "on", "off", NULL};
	int choice;

	switch (option) {
	case OPT_LAYOUT:
		choice = wt_layout_from_name(value);
		if (choice < 0)
			return wt_cli_usage("record",
			                    "there is no layout '%s'; there are auto, inplace and "
			                    "compact",
			                    value);
		options->layout = (enum wt_layout)choice;
		return 0;
	case OPT_IO:
		choice = find_name(kinds, value);
		if (choice < 0)
			return wt_cli_usage("record", "--io '%s' is not auto, uring or pwrite",
			                    value);
		options->io = (enum wt_disk_kind)choice;
		return 0;
	case OPT_DIRECT:
		choice = find_name(directs, value);
		if (choice < 0)
			return wt_cli_usage("record", "--direct '%s' is not auto, on or off",
			                    value);
		options->direct = (enum wt_direct)choice;
		return 0;
	case OPT_SYNC:
		if (!parse_sync(options, value))
			return wt_cli_usage("record",
			                    "--sync '%s' is not none, close or interval:SECONDS",
			                    value);
		return 0;
	case OPT_KEEP_BYTES:
		return wt_record_files_keep_bytes(&options->files, value);
	case OPT_MIN_FREE:
		return wt_record_files_min_free(&options->files, value);
	default:
		return parse_stamps(options, option, value);
	}
}

static int add_interface(struct wt_record_options *options, const char *name,
                         enum wt_reader_kind kind)
{
	if (options->interface_count == WT_RECORD_INTERFACES_MAX)
		return wt_cli_usage("record", "more than %d interfaces", WT_RECORD_INTERFACES_MAX);
	/* Elsewhere a name for all of them, whose packets lose their link layer. */
	if (kind != WT_READER_UDP && !strcmp(name, "any") && !if_nametoindex(name))
		return wt_cli_usage("record",
		                    "there is no interface 'any': give -i once for each, such as "
		                    "-i eth0 -i lo; -D lists them");
	options->interfaces[options->interface_count++] =
	        (struct wt_reader_config){.interface = name, .kind = kind};
	return 0;
}

static int parse_reader(struct wt_record_options *options, const char *value)
{
	int kind = wt_reader_kind_from_name(value);

	if (kind == WT_READER_UDP)
		return wt_cli_usage("record", "the reader udp comes with -u GROUP:PORT, not with "
		                              "--reader");
	if (kind < 0)
		return wt_cli_usage(
		        "record", "there is no reader '%s'; there are v3, v2, recv and sim", value);
	options->common.kind = (enum wt_reader_kind)kind;
	options->has_reader = true;
	return 0;
}

static int parse_socket_stamp(struct wt_record_options *options, const char *value)
{
	/* In the order of enum wt_socket_stamp. */
	static const char *const names[] = {"all", "us", "ns", NULL};
	int choice = find_name(names, value);

	if (choice < 0)
		return wt_cli_usage("record", "--sockstamp '%s' is not us, ns or all", value);
	options->common.socket_stamp = (enum wt_socket_stamp)choice;
	options->has_socket_stamp = true;
	return 0;
}

static int parse_join(struct wt_record_options *options, const char *value)
{
	struct wt_join_group *group = &options->joins[options->join_count];
	struct wt_error err;

	if (options->join_count == WT_RECORD_JOINS_MAX)
		return wt_cli_usage("record", "more than %d groups to join", WT_RECORD_JOINS_MAX);
	if (wt_join_parse(group, value, &err))
		return wt_cli_usage("record", "--join: %s", err.text);
	for (size_t i = 0; i < options->join_count; i++)
		if (!strcmp(options->joins[i].text, group->text))
			return wt_cli_usage("record", "%s is given to --join twice", group->text);
	options->join_count++;
	return 0;
}

static int parse_gone(struct wt_record_options *options, const char *value)
{
	if (!strcmp(value, "wait"))
		options->interface_gone = WT_GONE_WAIT;
	else if (!strcmp(value, "end"))
		options->interface_gone = WT_GONE_END;
	else
		return wt_cli_usage("record", "--interface-gone '%s' is not wait or end", value);
	return 0;
}

static int parse_ready_fd(struct wt_record_options *options, const char *value)
{
	uint64_t number;
	int flags = -1;

	/* Before anything else is opened, which would take a number that is free. */
	if (wt_cli_parse_u64(value, 3, INT_MAX, &number))
		flags = fcntl((int)number, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return wt_cli_usage("record",
		                    "--ready-fd '%s' is not the number, 3 or higher, of a "
		                    "descriptor that was opened for writing",
		                    value);
	options->ready_fd = (int)number;
	return 0;
}

/* An option that has a value which may be wrong; 0 or an exit code. */
static int parse_valued(struct wt_record_options *options, int option, const char *value)
{
	uint64_t number;

	switch (option) {
	case 'i':
		return add_interface(options, value, WT_READER_V3);
	case 'u':
		return add_interface(options, value, WT_READER_UDP);
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
		return parse_reader(options, value);
	case OPT_SOCKSTAMP:
		return parse_socket_stamp(options, value);
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
	case OPT_JOIN:
		return parse_join(options, value);
	case OPT_GONE:
		return parse_gone(options, value);
	case OPT_READY_FD:
		return parse_ready_fd(options, value);
	case OPT_STATS:
		if (!wt_cli_parse_u64(value, 1, 86400, &options->stats_every_s))
			return wt_cli_usage("record",
			                    "'%s' is not a number of seconds from 1 to "
			                    "86400",
			                    value);
		return 0;
	default:
		return parse_writing(options, option, value);
	}
}

static int parse_option(struct wt_record_options *options, int option, const char *value)
{
	switch (option) {
	case 'w':
		if (options->path_count == WT_RECORD_INTERFACES_MAX)
			return wt_cli_usage("record", "more than %d files",
			                    WT_RECORD_INTERFACES_MAX);
		options->paths[options->path_count++] = value;
		return 0;
	case 'b':
		return wt_record_files_ring_buffer(&options->files, value);
	case OPT_ON_CLOSE:
		return wt_record_files_on_close(&options->files, value);
	case OPT_ON_CLOSE_TIMEOUT:
		return wt_record_files_on_close_timeout(&options->files, value);
	case OPT_NO_ADOPT:
		options->files.no_adopt = true;
		return 0;
	case OPT_MODE:
		return wt_record_files_mode(&options->files, value);
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
	case OPT_BACKGROUND:
		options->background = true;
		return 0;
	case OPT_FAIL:
		options->fail_on_loss = true;
		return 0;
	default:
		return parse_valued(options, option, value);
	}
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
	if (!udp && options->has_socket_stamp)
		return wt_cli_usage("record", "--sockstamp is for -u");
	return 0;
}

/* What each is given of what was said for all. */
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
	static const struct option longs[] = {
	        {"interface", required_argument, NULL, 'i'},
	        {"udp", required_argument, NULL, 'u'},
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
	        {"ring-buffer", required_argument, NULL, 'b'},
	        {"keep-bytes", required_argument, NULL, OPT_KEEP_BYTES},
	        {"min-free", required_argument, NULL, OPT_MIN_FREE},
	        {"on-close", required_argument, NULL, OPT_ON_CLOSE},
	        {"on-close-timeout", required_argument, NULL, OPT_ON_CLOSE_TIMEOUT},
	        {"no-adopt", no_argument, NULL, OPT_NO_ADOPT},
	        {"mode", required_argument, NULL, OPT_MODE},
	        {"stamp", required_argument, NULL, OPT_STAMP},
	        {"clock", required_argument, NULL, OPT_CLOCK},
	        {"tai-offset", required_argument, NULL, OPT_TAI_OFFSET},
	        {"layout", required_argument, NULL, OPT_LAYOUT},
	        {"io", required_argument, NULL, OPT_IO},
	        {"direct", required_argument, NULL, OPT_DIRECT},
	        {"sync", required_argument, NULL, OPT_SYNC},
	        {"reader", required_argument, NULL, OPT_READER},
	        {"ring", required_argument, NULL, OPT_RING},
	        {"sockstamp", required_argument, NULL, OPT_SOCKSTAMP},
	        {"retire-timeout", required_argument, NULL, OPT_RETIRE},
	        {"quiet", no_argument, NULL, 'q'},
	        {"verbose", no_argument, NULL, 'v'},
	        {"stats", required_argument, NULL, OPT_STATS},
	        {"join", required_argument, NULL, OPT_JOIN},
	        {"json", no_argument, NULL, OPT_JSON},
	        {"interface-gone", required_argument, NULL, OPT_GONE},
	        {"background", no_argument, NULL, OPT_BACKGROUND},
	        {"ready-fd", required_argument, NULL, OPT_READY_FD},
	        {"fail-on-loss", no_argument, NULL, OPT_FAIL},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int option, ret = 0;

	optind = 0;
	while ((option = getopt_long(argc, argv, "+:i:u:w:s:c:a:b:f:F:Dpqvh", longs, NULL)) != -1) {
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
	ret = check_interfaces(options);
	if (!ret)
		ret = check_paths(options);
	if (!ret)
		ret = take_filter(options, argv + optind, argc - optind);
	if (!ret)
		fill_interfaces(options);
	if (options->interface_gone == WT_GONE_DEFAULT)
		options->interface_gone =
		        writes_several_files(&options->files) ? WT_GONE_WAIT : WT_GONE_END;
	return ret;
}

void wt_record_options_fini(struct wt_record_options *options)
{
	free(options->filter);
}
