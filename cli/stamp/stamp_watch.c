/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"
#include "stamp_face.h"
#include <wiretape/cli/cli.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/cli/json_output.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/time_text.h>
#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/watch/watch.h>

struct options {
	const char *interface;
	uint64_t events;     /* 0: any number */
	int64_t duration_ns; /* 0: any time */
	bool json;
};

static const struct wt_option events_row[] = {
        {"events", "count", 'n', WT_OPTION_NUMBER, "CHANGES", "end after this many changes",
         WT_MEMBER(struct options, events), .min = 1},
        {0},
};

static const struct wt_option json_row[] = {
        {"json", .letter = 'j', WT_MEMBER(struct options, json),
         .help = "one JSON object per line"},
        {0},
};

const struct wt_command_line wt_stamp_watch_line = {
        .command = "stamp watch",
        .usage = "stamp watch [OPTION]... IFACE",
        .about = "Say how an interface is, then a line for each change that its stamps depend "
                 "on: its link, its name, its driver's settings, what is stamped and by which "
                 "clock. An interface that goes away is waited for.",
        .groups =
                (const struct wt_option_group[]){
                        {NULL, events_row, 0},
                        {NULL, wt_autostop_row, offsetof(struct options, duration_ns)},
                        {NULL, json_row, 0},
                        {0},
                },
        .notes = "The kernel tells of links and settings at once; what is stamped, of which it "
                 "tells nothing, is compared every second and after each other change.\n"
                 "'wiretape schema stamp watch' says what the keys of a JSON object mean.\n"
                 "SIGINT and SIGTERM end it. Exit status: 0, or 1 for a failure, 2 for a wrong "
                 "command line.",
        .words = "IFACE",
};

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

/* A line as JSON: -1, 0, NULL are not known, as of all changes but the first. */
struct line {
	char utc[WT_TIME_UTC_BYTES];
	int64_t utc_ns;
	const char *interface, *change, *text;
	uint64_t index, mtu;
	int8_t up, carrier;
	const char *rx_filter, *tx_type, *clock;
};

#define SUBJECT struct line
static const struct wt_number json_rows[] = {
        WT_CHARS(utc, "utc", "when, in UTC"),
        WT_TIME(utc_ns, "utc_ns", "when"),
        WT_TEXT(interface, "interface", "its name"),
        WT_TEXT(change, "change", "what changed; 'now' is the first line, of how it is"),
        WT_TEXT(text, "text", "in words"),
        WT_NOT_0(index, "index", "its number; this and the next are null but for 'now'"),
        WT_VERDICT(up, "up", "whether it is set up"),
        WT_VERDICT(carrier, "carrier", "whether it runs"),
        WT_NOT_0(mtu, "mtu", "its MTU"),
        WT_TEXT(rx_filter, "rx_filter", "what the NIC stamps of what it receives"),
        WT_TEXT(tx_type, "tx_type", "and of what it sends"),
        WT_TEXT(clock, "clock", "the device of the NIC's clock"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_stamp_watch_document = {
        .command = "stamp watch",
        .help = "how an interface is, then a line a change",
        .rows = json_rows,
};

static bool print_json(struct line *line)
{
	wt_time_format_utc(line->utc, line->utc_ns);
	return wt_json_print(stdout, &wt_stamp_watch_document, line, NULL);
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

	wt_watch_now(watch, &moment.link);
	moment.has_stamping = !wt_stamp_capabilities_read(&moment.stamping, wt_kernel_system(),
	                                                  moment.link.interface, NULL);
	now_text(text, sizeof(text), &moment);
	if (!options->json)
		return print_line(utc_ns, "now", text);
	return print_json(&(struct line){
	        .utc_ns = utc_ns,
	        .interface = moment.link.interface,
	        .change = "now",
	        .text = text,
	        .index = (uint64_t)moment.link.index,
	        .mtu = moment.link.mtu,
	        .up = moment.link.is_up,
	        .carrier = moment.link.has_carrier,
	        .rx_filter = active_text(&moment, wt_rx_filter_name, active->rx_filter),
	        .tx_type = active_text(&moment, wt_tx_type_name, active->tx_type),
	        .clock = clock_text(device, &moment),
	});
}

static bool print_event(const struct wt_watch *watch, const struct wt_watch_event *event,
                        const struct options *options)
{
	const char *change = wt_watch_change_name(event->change);
	struct wt_watch_now now;

	if (!options->json)
		return print_line(event->utc_ns, change, event->text);
	wt_watch_now(watch, &now);
	return print_json(&(struct line){
	        .utc_ns = event->utc_ns,
	        .interface = now.interface,
	        .change = change,
	        .text = event->text,
	        .up = -1,
	        .carrier = -1,
	});
}

/* Follow until it is to end, or nobody takes the output. */
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

int wt_stamp_watch(int argc, char **argv)
{
	struct options options = {0};
	struct wt_words words;
	int code = wt_options_parse(&wt_stamp_watch_line, argc, argv, &options, &words);

	if (code)
		return code;
	if (words.count != 1)
		return wt_cli_usage("stamp watch",
		                    words.count ? "one IFACE at a time" : "no IFACE given");
	options.interface = words.list[0];
	return run(&options);
}
