/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"
#include "stamp_face.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>
#include <wiretape/cli/options.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>

enum { LABEL_COLUMNS = 14, BITS = 32 };

struct options {
	bool all, json;
	struct wt_words names;
	struct answers *answers; /* NULL: text */
};

struct asked;

/* For JSON, which has them all in one object. */
struct answers {
	struct asked *list; /* owned */
	size_t count;
};

static const struct wt_option rows[] = {
        {"all", .letter = 'a', WT_MEMBER(struct options, all),
         .help = "all interfaces that there are"},
        {"json", .letter = 'j', WT_MEMBER(struct options, json),
         .help = "an array with an object per interface"},
        {0},
};

const struct wt_command_line wt_stamp_caps_line = {
        .command = "stamp caps",
        .usage = "stamp caps [--json] IFACE...\n"
                 "stamp caps [--json] --all",
        .about = "Say what interfaces can stamp, what they are set to, and what a PTPv2 "
                 "program could use.",
        .groups = (const struct wt_option_group[]){{NULL, rows, 0}, {0}},
        .print_more = wt_stamp_print_sim_help,
        .notes = "'wiretape schema stamp caps' says what the keys of the JSON object mean.\n"
                 "Exit status: 0 if every interface was asked, 1 if one could not be, 2 for a "
                 "wrong command line.",
        .words = "IFACE",
};

typedef const char *name_of(unsigned bit);

struct name {
	char chars[32];
};

/* A bit that is younger than this program goes by its number. */
static struct name name_text(name_of *name, int number)
{
	const char *known = number >= 0 ? name((unsigned)number) : NULL;
	struct name text;

	if (known)
		snprintf(text.chars, sizeof(text.chars), "%s", known);
	else
		snprintf(text.chars, sizeof(text.chars), "%d", number);
	return text;
}

/* Read the name that its driver gave it; "" if unknown. */
static void read_clock_name(char *name, size_t capacity, const struct wt_stamp_nic *nic, int index)
{
	char path[64];
	FILE *file;

	name[0] = '\0';
	if (nic->simulated) {
		snprintf(name, capacity, "simulated");
		return;
	}
	snprintf(path, sizeof(path), "/sys/class/ptp/ptp%d/clock_name", index);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(name, (int)capacity, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

static int print_label(const char *label)
{
	return printf("  %-*s", LABEL_COLUMNS - 2, label);
}

static void wrap(const char *text, int column)
{
	wt_print_wrapped(text, column, column);
}

/* "none, all", or "-" for none at all. */
static void bits_text(char *text, size_t capacity, uint32_t bits, name_of *name)
{
	size_t used = 0;

	snprintf(text, capacity, "-");
	for (int bit = 0; bit < BITS && used < capacity; bit++)
		if (bits & (UINT32_C(1) << bit))
			used += (size_t)snprintf(text + used, capacity - used, "%s%s",
			                         used ? ", " : "", name_text(name, bit).chars);
}

/* The kernel allows a name nearly any byte, and a terminal obeys some. */
static void print_name(const char *name)
{
	for (; *name; name++)
		putchar((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
	putchar('\n');
}

static const char *yes_no(uint32_t bits, uint32_t bit)
{
	return bits & bit ? "yes" : "no";
}

static void print_sources(uint32_t so)
{
	print_label("");
	printf("%-20s sent\n", "received");
	print_label("software");
	printf("%-20s %s\n", yes_no(so, SOF_TIMESTAMPING_RX_SOFTWARE),
	       yes_no(so, SOF_TIMESTAMPING_TX_SOFTWARE));
	print_label("hardware");
	printf("%-20s %s\n", yes_no(so, SOF_TIMESTAMPING_RX_HARDWARE),
	       yes_no(so, SOF_TIMESTAMPING_TX_HARDWARE));
}

static void print_set(const char *label, uint32_t bits, name_of *name, int active, bool known)
{
	char text[1024];
	int column = print_label(label);

	column += printf("%-20s ", known ? name_text(name, active).chars : "-");
	bits_text(text, sizeof(text), bits, name);
	wrap(text, column);
}

static void print_settings(const struct wt_stamp_capabilities *caps)
{
	const struct wt_stamp_supported *supported = &caps->supported;
	const struct wt_stamp_active *active = &caps->active;

	print_label("");
	printf("%-20s possible\n", "now");
	print_set("rx filter", supported->rx_filters, wt_rx_filter_name, active->rx_filter,
	          !active->error);
	print_set("tx type", supported->tx_types, wt_tx_type_name, active->tx_type, !active->error);
	if (!active->error && active->flags) {
		print_label("flags");
		printf("0x%x\n", (unsigned)active->flags);
	}
	/* Neither hardware stamps nor settings: not an error. */
	if (active->error && active->error != -EOPNOTSUPP) {
		print_label("now, why not");
		printf("%s\n", strerror(-active->error));
	}
}

static void print_clock(const struct wt_stamp_nic *nic, int index)
{
	char name[64];

	print_label("clock");
	if (index < 0) {
		printf("none\n");
		return;
	}
	read_clock_name(name, sizeof(name), nic, index);
	printf(name[0] ? "/dev/ptp%d (%s)\n" : "/dev/ptp%d\n", index, name);
}

static void print_text(const struct wt_stamp_nic *nic, const struct wt_stamp_capabilities *caps)
{
	const uint32_t in_table = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
	                          SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE;
	char text[1024];

	print_name(nic->interface);
	snprintf(text, sizeof(text), "%s: %s", wt_ptp_verdict_name(caps->verdict), caps->reason);
	wrap(text, print_label("PTPv2"));
	print_clock(nic, caps->supported.phc_index);
	print_sources(caps->supported.so_timestamping);
	print_settings(caps);
	bits_text(text, sizeof(text), caps->supported.so_timestamping & ~in_table,
	          wt_so_timestamping_name);
	wrap(text, print_label("also"));
	print_label("asked by");
	printf("%s\n", caps->supported.by_netlink ? "netlink (ETHTOOL_MSG_TSINFO_GET)"
	                                          : "ioctl (ETHTOOL_GET_TS_INFO)");
}

/* An interface, for output; -1, NULL: not known. */
struct asked {
	char interface[256], clock[32], clock_name[64], tx_type[32], rx_filter[32];
	const char *asked_by, *verdict, *active_problem;
	uint32_t so_timestamping, tx_types, rx_filters;
	int64_t phc_index, flags;
	char problem[512], reason[256];
};

static const void *next_bit(uint32_t bits, name_of *name, size_t index, union wt_number_room *room)
{
	for (int bit = 0; bit < BITS; bit++)
		if ((bits & (UINT32_C(1) << bit)) && !index--) {
			*(struct name *)room->bytes = name_text(name, bit);
			return room->bytes;
		}
	return NULL;
}

static const void *next_so(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	(void)row;
	return next_bit(((const struct asked *)subject)->so_timestamping, wt_so_timestamping_name,
	                index, room);
}

static const void *next_tx(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	(void)row;
	return next_bit(((const struct asked *)subject)->tx_types, wt_tx_type_name, index, room);
}

static const void *next_rx(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	(void)row;
	return next_bit(((const struct asked *)subject)->rx_filters, wt_rx_filter_name, index,
	                room);
}

#define SUBJECT struct asked
static const struct wt_number asked_rows[] = {
        WT_CHARS(interface, "interface", "its name, or as given"),
        WT_CHARS(problem, "problem", "why it could not be asked; null: it was"),
        WT_TEXT(asked_by, "asked_by", "netlink or ioctl"),
        WT_LIST(next_so, "so_timestamping", NULL, "what SO_TIMESTAMPING can do, by flag"),
        WT_LIST(next_tx, "tx_types", NULL, "how the NIC can stamp what it sends"),
        WT_LIST(next_rx, "rx_filters", NULL, "what it can stamp of what it receives"),
        WT_TEXT(active_problem, "active.problem", "why its setting is not known; null: it is"),
        WT_CHARS(tx_type, "active.tx_type", "how it stamps what it sends now"),
        WT_CHARS(rx_filter, "active.rx_filter", "what it stamps of what it receives now"),
        WT_KNOWN(flags, "active.flags", WT_KIND_GAUGE, WT_IN_NONE, "of hwtstamp_config"),
        WT_KNOWN(phc_index, "phc_index", WT_KIND_GAUGE, WT_IN_NONE, "the number of its clock"),
        WT_CHARS(clock, "clock", "the device of its clock"),
        WT_CHARS(clock_name, "clock_name", "the name that its driver gave that"),
        WT_TEXT(verdict, "ptp_v2", "what a PTPv2 program could use: hardware, software or none"),
        WT_CHARS(reason, "reason", "why"),
        {0},
};
#undef SUBJECT

static const void *next_asked(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	const struct answers *answers = subject;

	(void)row, (void)room;
	return index < answers->count ? &answers->list[index] : NULL;
}

static const struct wt_number json_rows[] = {
        WT_LIST(next_asked, "interfaces", asked_rows, "the interfaces, one by one"),
        {0},
};

const struct wt_document wt_stamp_caps_document = {
        .command = "stamp caps",
        .help = "what interfaces can stamp, and what they are set to",
        .rows = json_rows,
};

static void fill_active(struct asked *asked, const struct wt_stamp_active *active)
{
	asked->flags = INT64_MIN;
	if (active->error) {
		asked->active_problem = strerror(-active->error);
		return;
	}
	asked->flags = active->flags;
	snprintf(asked->tx_type, sizeof(asked->tx_type), "%s",
	         name_text(wt_tx_type_name, active->tx_type).chars);
	snprintf(asked->rx_filter, sizeof(asked->rx_filter), "%s",
	         name_text(wt_rx_filter_name, active->rx_filter).chars);
}

static void fill_asked(struct asked *asked, const struct wt_stamp_nic *nic,
                       const struct wt_stamp_capabilities *caps)
{
	const struct wt_stamp_supported *supported = &caps->supported;

	snprintf(asked->interface, sizeof(asked->interface), "%s", nic->interface);
	snprintf(asked->reason, sizeof(asked->reason), "%s", caps->reason);
	asked->asked_by = supported->by_netlink ? "netlink" : "ioctl";
	asked->so_timestamping = supported->so_timestamping;
	asked->tx_types = supported->tx_types;
	asked->rx_filters = supported->rx_filters;
	asked->verdict = wt_ptp_verdict_name(caps->verdict);
	fill_active(asked, &caps->active);
	if (supported->phc_index < 0)
		return;
	asked->phc_index = supported->phc_index;
	snprintf(asked->clock, sizeof(asked->clock), "/dev/ptp%d", supported->phc_index);
	read_clock_name(asked->clock_name, sizeof(asked->clock_name), nic, supported->phc_index);
}

/* The next of the answers; NULL without memory. */
static struct asked *add_asked(struct answers *answers)
{
	struct asked *list = realloc(answers->list, (answers->count + 1) * sizeof(*list));

	if (!list) {
		wt_cli_complain("no memory for an interface");
		return NULL;
	}
	answers->list = list;
	list[answers->count] = (struct asked){.phc_index = INT64_MIN, .flags = INT64_MIN};
	return &list[answers->count++];
}

static void report(const struct wt_stamp_nic *nic, const struct wt_stamp_capabilities *caps,
                   const struct options *options)
{
	struct asked *asked = options->answers ? add_asked(options->answers) : NULL;

	if (asked)
		fill_asked(asked, nic, caps);
	else if (!options->answers)
		print_text(nic, caps);
}

static void report_error(const char *text, const struct wt_error *err,
                         const struct options *options)
{
	struct asked *asked = options->answers ? add_asked(options->answers) : NULL;

	if (asked) {
		snprintf(asked->interface, sizeof(asked->interface), "%s", text);
		snprintf(asked->problem, sizeof(asked->problem), "%s", err->text);
	}
	/* Flush to keep the order where both go to one terminal. */
	fflush(stdout);
	wt_cli_complain("%s", err->text);
}

static int ask(const char *text, const struct options *options)
{
	struct wt_stamp_capabilities caps;
	struct wt_stamp_nic nic;
	struct wt_error err = {0};
	int rc = wt_stamp_nic_open(&nic, text, &err);

	if (!rc)
		rc = wt_stamp_capabilities_read(&caps, nic.system, nic.interface, &err);
	if (rc)
		report_error(text, &err, options);
	else
		report(&nic, &caps, options);
	wt_stamp_nic_close(&nic);
	return rc ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int ask_each(char **names, int count, const struct options *options)
{
	int exit_code = WT_EXIT_OK;

	for (int i = 0; i < count; i++) {
		if (i && !options->answers)
			putchar('\n');
		if (ask(names[i], options))
			exit_code = WT_EXIT_FAILURE;
	}
	return exit_code;
}

static int ask_all(const struct options *options)
{
	struct if_nameindex *interfaces = if_nameindex();
	int exit_code = WT_EXIT_OK;

	if (!interfaces) {
		wt_cli_complain("cannot list the interfaces: %s", strerror(errno));
		return WT_EXIT_FAILURE;
	}
	for (struct if_nameindex *i = interfaces; i->if_index; i++) {
		if (i != interfaces && !options->answers)
			putchar('\n');
		if (ask(i->if_name, options))
			exit_code = WT_EXIT_FAILURE;
	}
	if_freenameindex(interfaces);
	return exit_code;
}

static int check_usage(const struct options *options)
{
	const struct wt_words *names = &options->names;
	struct wt_stamp_nic nic;
	struct wt_error err;

	if (options->all && names->count)
		return wt_cli_usage("stamp caps", "--all are all: leave out '%s'", names->list[0]);
	if (!options->all && !names->count)
		return wt_cli_usage("stamp caps", "no IFACE given; --all are all");
	for (int i = 0; i < names->count; i++) {
		if (wt_stamp_nic_open(&nic, names->list[i], &err) == -EINVAL)
			return wt_cli_usage("stamp caps", "%s", err.text);
		wt_stamp_nic_close(&nic);
	}
	return WT_EXIT_OK;
}

static void print_json(const struct answers *answers, int exit_code)
{
	const struct wt_document_error error = {wt_cli_reason(), exit_code};

	wt_json_print(stdout, &wt_stamp_caps_document, answers, exit_code ? &error : NULL);
}

static int run(struct options *options)
{
	int exit_code;

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	exit_code = options->all ? ask_all(options)
	                         : ask_each(options->names.list, options->names.count, options);
	if (options->answers)
		print_json(options->answers, exit_code);
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code;
}

int wt_stamp_caps(int argc, char **argv)
{
	struct answers answers = {0};
	struct options options = {0};
	int code = wt_options_parse(&wt_stamp_caps_line, argc, argv, &options, &options.names);

	if (!code)
		code = check_usage(&options);
	if (options.json)
		options.answers = &answers;
	if (!code)
		code = run(&options);
	free(answers.list);
	return code;
}
