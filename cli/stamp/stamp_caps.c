/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_text.h>
#include "stamp.h"
#include "stamp_face.h"

#include <errno.h>
#include <getopt.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>

enum { LABEL_COLUMNS = 14, COLUMNS = 80, BITS = 32 };

struct options {
	bool all;
	json_t *array; /* NULL: text */
};

static const struct option long_options[] = {
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape stamp caps [--json] IFACE...\n"
	       "       wiretape stamp caps [--json] --all\n"
	       "Say what interfaces can stamp, what they are set to, and what a PTPv2 program "
	       "could\n"
	       "use.\n"
	       "\n"
	       "  -a, --all   all interfaces that there are\n"
	       "  -j, --json  an array with an object per interface\n"
	       "  -h, --help  this text\n"
	       "\n");
	wt_stamp_print_sim_help();
	printf("An object has interface, error, asked_by (netlink or ioctl), so_timestamping[],\n"
	       "tx_types[], rx_filters[], active (error, tx_type, rx_filter, flags), phc_index,\n"
	       "clock (its device), clock_name, ptp_v2 (hardware, software or none) and reason.\n"
	       "What is not known is null.\n"
	       "\n"
	       "Exit status: 0 if every interface was asked, 1 if one could not be, 2 for a wrong\n"
	       "command line.\n");
}

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

/* The name that its driver gave it; "" if that is not known. */
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

/* On from `column`; what does not fit goes to lines of its own. */
static void print_wrapped(const char *text, int first_column)
{
	int column = first_column;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column > first_column && column + 1 + length > COLUMNS)
			column = printf("\n%*s", first_column, "") - 1;
		else if (column > first_column)
			column += printf(" ");
		column += printf("%.*s", length, text);
		text += length + (text[length] == ' ');
	}
	putchar('\n');
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
	print_wrapped(text, column);
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
	/* No hardware stamps, nothing to be set: that is no error. */
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
	print_wrapped(text, print_label("PTPv2"));
	print_clock(nic, caps->supported.phc_index);
	print_sources(caps->supported.so_timestamping);
	print_settings(caps);
	bits_text(text, sizeof(text), caps->supported.so_timestamping & ~in_table,
	          wt_so_timestamping_name);
	print_wrapped(text, print_label("also"));
	print_label("asked by");
	printf("%s\n", caps->supported.by_netlink ? "netlink (ETHTOOL_MSG_TSINFO_GET)"
	                                          : "ioctl (ETHTOOL_GET_TS_INFO)");
}

static json_t *bits_array(uint32_t bits, name_of *name)
{
	json_t *array = json_array();

	for (int bit = 0; bit < BITS; bit++)
		if (bits & (UINT32_C(1) << bit))
			json_array_append_new(array, json_string(name_text(name, bit).chars));
	return array;
}

static json_t *active_object(const struct wt_stamp_active *active)
{
	if (active->error)
		return json_pack("{s:s, s:n, s:n, s:n}", "error", strerror(-active->error),
		                 "tx_type", "rx_filter", "flags");
	return json_pack("{s:n, s:s, s:s, s:i}", "error", "tx_type",
	                 name_text(wt_tx_type_name, active->tx_type).chars, "rx_filter",
	                 name_text(wt_rx_filter_name, active->rx_filter).chars, "flags",
	                 active->flags);
}

static void put_clock(json_t *object, const struct wt_stamp_nic *nic, int index)
{
	char device[32], name[64];

	if (index < 0) {
		json_object_update_new(
		        object, json_pack("{s:n, s:n, s:n}", "phc_index", "clock", "clock_name"));
		return;
	}
	snprintf(device, sizeof(device), "/dev/ptp%d", index);
	read_clock_name(name, sizeof(name), nic, index);
	json_object_update_new(object,
	                       json_pack("{s:i, s:s, s:o}", "phc_index", index, "clock", device,
	                                 "clock_name", name[0] ? wt_json_text(name) : json_null()));
}

static json_t *caps_object(const struct wt_stamp_nic *nic, const struct wt_stamp_capabilities *caps)
{
	const struct wt_stamp_supported *supported = &caps->supported;
	json_t *object =
	        json_pack("{s:o, s:n, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "interface",
	                  wt_json_text(nic->interface), "error", "asked_by",
	                  supported->by_netlink ? "netlink" : "ioctl", "so_timestamping",
	                  bits_array(supported->so_timestamping, wt_so_timestamping_name),
	                  "tx_types", bits_array(supported->tx_types, wt_tx_type_name),
	                  "rx_filters", bits_array(supported->rx_filters, wt_rx_filter_name),
	                  "active", active_object(&caps->active), "ptp_v2",
	                  wt_ptp_verdict_name(caps->verdict), "reason", caps->reason);

	put_clock(object, nic, supported->phc_index);
	return object;
}

static void report(const struct wt_stamp_nic *nic, const struct wt_stamp_capabilities *caps,
                   const struct options *options)
{
	if (options->array)
		json_array_append_new(options->array, caps_object(nic, caps));
	else
		print_text(nic, caps);
}

static void report_error(const char *text, const struct wt_error *err,
                         const struct options *options)
{
	if (options->array)
		json_array_append_new(options->array,
		                      json_pack("{s:o, s:o}", "interface", wt_json_text(text),
		                                "error", wt_json_text(err->text)));
	/* In order, where both go to one terminal. */
	fflush(stdout);
	wt_cli_complain("%s", err->text);
}

static int ask(const char *text, const struct options *options)
{
	struct wt_stamp_capabilities caps;
	struct wt_stamp_nic nic;
	struct wt_error err = {0};
	int ret = wt_stamp_nic_open(&nic, text, &err);

	if (!ret)
		ret = wt_stamp_capabilities_read(&caps, nic.system, nic.interface, &err);
	if (ret)
		report_error(text, &err, options);
	else
		report(&nic, &caps, options);
	wt_stamp_nic_close(&nic);
	return ret ? WT_EXIT_FAILURE : WT_EXIT_OK;
}

static int ask_each(char **names, int count, const struct options *options)
{
	int exit_code = WT_EXIT_OK;

	for (int i = 0; i < count; i++) {
		if (i && !options->array)
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
		if (i != interfaces && !options->array)
			putchar('\n');
		if (ask(i->if_name, options))
			exit_code = WT_EXIT_FAILURE;
	}
	if_freenameindex(interfaces);
	return exit_code;
}

static int check_usage(int argc, char **argv, const struct options *options)
{
	struct wt_stamp_nic nic;
	struct wt_error err;

	if (options->all && optind < argc)
		return wt_cli_usage("stamp caps", "--all are all: leave out '%s'", argv[optind]);
	if (!options->all && optind == argc)
		return wt_cli_usage("stamp caps", "no IFACE given; --all are all");
	for (int i = optind; i < argc; i++) {
		if (wt_stamp_nic_open(&nic, argv[i], &err) == -EINVAL)
			return wt_cli_usage("stamp caps", "%s", err.text);
		wt_stamp_nic_close(&nic);
	}
	return WT_EXIT_OK;
}

static int run(int argc, char **argv, struct options *options, bool json)
{
	int exit_code = check_usage(argc, argv, options);

	if (exit_code)
		return exit_code;
	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	if (json)
		options->array = json_array();
	exit_code =
	        options->all ? ask_all(options) : ask_each(argv + optind, argc - optind, options);
	if (json) {
		json_dumpf(options->array, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(options->array);
	}
	return wt_cli_flush() ? WT_EXIT_FAILURE : exit_code;
}

int wt_stamp_caps(int argc, char **argv)
{
	struct options options = {0};
	bool json = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":ajh", long_options, NULL)) != -1) {
		switch (option) {
		case 'a':
			options.all = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
			return wt_cli_flush();
		default:
			return wt_cli_usage("stamp caps", "there is no option '%s'",
			                    argv[optind - 1]);
		}
	}
	return run(argc, argv, &options, json);
}
