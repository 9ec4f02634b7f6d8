/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_text.h>
#include "stamp.h"
#include "stamp_face.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/watch/watch.h>
#include <wiretape/base/time_text.h>

struct options {
	const char *interface;
	uint64_t events;     /* 0: any number */
	int64_t duration_ns; /* 0: any time */
	bool json;
};

static const struct option long_options[] = {
        {"events", required_argument, NULL, 'n'},   {"count", required_argument, NULL, 'n'},
        {"autostop", required_argument, NULL, 'a'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("Usage: wiretape stamp watch [OPTION]... IFACE\n"
	       "Say how an interface is, then a line for each change that its stamps depend on:\n"
	       "its link, its name, its driver's settings, what is stamped and by which clock. An\n"
	       "interface that goes away is waited for.\n"
	       "\n"
	       "  -n, --events N              end after N changes\n"
	       "  -a, --autostop duration:S   end after S seconds\n"
	       "  -j, --json                  one JSON object per line\n"
	       "  -h, --help                  this text\n"
	       "\n"
	       "The kernel tells of links and settings at once; what is stamped, of which it "
	       "tells\n"
	       "nothing, is compared every second and after each other change.\n"
	       "\n"
	       "An object has utc, utc_ns, interface, change and text. The first one's change is\n"
	       "'now', and it also has index, up, carrier, mtu, rx_filter, tx_type and clock. The\n"
	       "others: link-up, link-down, carrier-on, carrier-off, gone, back, renamed, "
	       "settings,\n"
	       "stamping, capabilities, clock, and lost, if there was more than could be taken.\n"
	       "\n"
	       "SIGINT and SIGTERM end it. Exit status: 0, or 1 for a failure, 2 for a wrong "
	       "command\n"
	       "line.\n");
}

struct moment {
	struct wt_watch_now link;
	struct wt_stamp_capabilities stamping;
	bool has_stamping;
};

static const char *active_text(const struct moment *moment, const char *(*name)(unsigned),
                               int number)
{
	const char *text = NULL;

	if (moment->has_stamping && !moment->stamping.active.error && number >= 0)
		text = name((unsigned)number);
	return text;
}

static const char *clock_text(char text[32], const struct moment *moment)
{
	int index = moment->has_stamping ? moment->stamping.supported.phc_index : -1;

	if (index < 0)
		return NULL;
	snprintf(text, 32, "/dev/ptp%d", index);
	return text;
}

static void now_text(char *text, size_t capacity, const struct moment *moment)
{
	const char *rx = active_text(moment, wt_rx_filter_name, moment->stamping.active.rx_filter);
	const char *tx = active_text(moment, wt_tx_type_name, moment->stamping.active.tx_type);
	char device[32];
	const char *clock = clock_text(device, moment);

	snprintf(text, capacity,
	         "index %d, link %s, carrier %s, mtu %" PRIu32 ", rx filter %s, tx type %s, PHC %s",
	         moment->link.index, moment->link.is_up ? "up" : "down",
	         moment->link.has_carrier ? "on" : "off", moment->link.mtu, rx ? rx : "-",
	         tx ? tx : "-", clock ? clock : "none");
}

static json_t *line_object(int64_t utc_ns, const char *interface, const char *change,
                           const char *text)
{
	char utc[WT_TIME_UTC_BYTES];

	wt_time_format_utc(utc, utc_ns);
	return json_pack("{s:s, s:I, s:o, s:s, s:o}", "utc", utc, "utc_ns", (json_int_t)utc_ns,
	                 "interface", wt_json_text(interface), "change", change, "text",
	                 wt_json_text(text));
}

static bool print_line(int64_t utc_ns, const char *change, const char *text)
{
	char utc[WT_TIME_UTC_BYTES];

	wt_time_format_utc(utc, utc_ns);
	return printf("%s  %-12s  %s\n", utc, change, text) > 0 && !fflush(stdout);
}

static bool print_now(const struct wt_watch *watch, const struct options *options)
{
	int64_t utc_ns = wt_stamp_clock(CLOCK_REALTIME);
	struct moment moment = {0};
	const struct wt_stamp_active *active = &moment.stamping.active;
	char text[240], device[32];
	json_t *object;

	wt_watch_now(watch, &moment.link);
	moment.has_stamping = !wt_stamp_capabilities_read(&moment.stamping, wt_kernel_system(),
	                                                  moment.link.interface, NULL);
	now_text(text, sizeof(text), &moment);
	if (!options->json)
		return print_line(utc_ns, "now", text);
	object = line_object(utc_ns, moment.link.interface, "now", text);
	json_object_update_new(
	        object,
	        json_pack("{s:i, s:b, s:b, s:I, s:s?, s:s?, s:s?}", "index", moment.link.index,
	                  "up", moment.link.is_up, "carrier", moment.link.has_carrier, "mtu",
	                  (json_int_t)moment.link.mtu, "rx_filter",
	                  active_text(&moment, wt_rx_filter_name, active->rx_filter), "tx_type",
	                  active_text(&moment, wt_tx_type_name, active->tx_type), "clock",
	                  clock_text(device, &moment)));
	return wt_stamp_print_json_line(object);
}

static bool print_event(const struct wt_watch *watch, const struct wt_watch_event *event,
                        const struct options *options)
{
	const char *change = wt_watch_change_name(event->change);
	struct wt_watch_now now;

	if (!options->json)
		return print_line(event->utc_ns, change, event->text);
	wt_watch_now(watch, &now);
	return wt_stamp_print_json_line(
	        line_object(event->utc_ns, now.interface, change, event->text));
}

/* Until it is to end, or nobody takes what is printed. */
static void follow(struct wt_watch *watch, const struct options *options)
{
	int64_t now_ns = wt_stamp_clock(CLOCK_MONOTONIC);
	int64_t end_ns = options->duration_ns ? now_ns + options->duration_ns : INT64_MAX;
	struct wt_watch_event event;
	uint64_t events = 0;

	while (!wt_stamp_is_stopped() && now_ns < end_ns) {
		int64_t left_ns = end_ns - now_ns;

		if (!wt_watch_next(watch, now_ns, wt_stamp_clock(CLOCK_REALTIME), &event))
			wt_stamp_wait(wt_watch_fd(watch), left_ns < WT_WATCH_COMPARE_NS
			                                          ? left_ns
			                                          : WT_WATCH_COMPARE_NS);
		else if (!print_event(watch, &event, options) || ++events == options->events)
			return;
		now_ns = wt_stamp_clock(CLOCK_MONOTONIC);
	}
}

static int run(const struct options *options)
{
	struct wt_watch *watch;
	struct wt_error err;

	/* So that a closed pipe is an error of writing, and an exit code. */
	signal(SIGPIPE, SIG_IGN);
	wt_stamp_catch_signals();
	if (wt_watch_open(&watch, wt_kernel_system(), options->interface, &err)) {
		wt_cli_complain("%s", err.text);
		return WT_EXIT_FAILURE;
	}
	if (print_now(watch, options))
		follow(watch, options);
	wt_watch_close(watch);
	return wt_cli_flush();
}

static bool parse_autostop(struct options *options, const char *text)
{
	return !strncmp(text, "duration:", 9) &&
	       wt_cli_parse_seconds(text + 9, &options->duration_ns);
}

static int parse_options(int argc, char **argv, struct options *options, bool *help)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":n:a:jh", long_options, NULL)) != -1) {
		switch (option) {
		case 'n':
			if (wt_cli_parse_u64(optarg, 1, UINT64_MAX, &options->events))
				break;
			return wt_cli_usage("stamp watch", "'%s' is not a number of changes",
			                    optarg);
		case 'a':
			if (parse_autostop(options, optarg))
				break;
			return wt_cli_usage("stamp watch", "'%s' is not duration:SECONDS", optarg);
		case 'j':
			options->json = true;
			break;
		case 'h':
			*help = true;
			return WT_EXIT_OK;
		case ':':
			return wt_cli_usage("stamp watch", "option '%s' needs a value",
			                    argv[optind - 1]);
		default:
			return wt_cli_usage("stamp watch", "there is no option '%s'",
			                    argv[optind - 1]);
		}
	}
	if (argc - optind != 1)
		return wt_cli_usage("stamp watch",
		                    optind == argc ? "no IFACE given" : "one IFACE at a time");
	options->interface = argv[optind];
	return WT_EXIT_OK;
}

int wt_stamp_watch(int argc, char **argv)
{
	struct options options = {0};
	bool help = false;
	int exit_code = parse_options(argc, argv, &options, &help);

	if (exit_code)
		return exit_code;
	if (!help)
		return run(&options);
	print_help();
	return wt_cli_flush();
}
