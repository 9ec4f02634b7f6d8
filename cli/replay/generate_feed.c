/* SPDX-License-Identifier: BSD-2-Clause */
#include "generate_feed.h"

#include <wiretape/cli/cli.h>
#include <wiretape/cli/json_output.h>

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/base/net/link.h>
#include <wiretape/base/quantity.h>
#include <wiretape/base/time_text.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/writer/files/new_file.h>

#define START_NS       INT64_C(1700000000000000000) /* 2023-11-14T22:13:20Z */
#define R_DELAY_NS     INT64_C(10000000)
#define GROUP_DEFAULT  0xe9fc0001u /* 233.252.0.1 */
#define STAMPS_NOWHERE 1000000     /* a second, as fast as possible: only their order matters */

enum {
	PORT_DEFAULT = 26477,
	LINKTYPE_ETHERNET = 1,
	FILE_BUFFER_BYTES = 1 << 20,
};

static int unknown_preset(const char *name, struct wt_error *err)
{
	char names[400] = "";
	size_t length = 0;

	for (size_t i = 0; i < wt_preset_count && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s, ",
		                           wt_presets[i]->name);
	return wt_error_set(err, -EINVAL, "there is no preset '%.60s'; there are %scustom:…", name,
	                    names);
}

static int set_preset(struct wt_generate_feed *feed, const char *name, struct wt_error *err)
{
	int rc;

	if (strncmp(name, "custom:", strlen("custom:")) != 0) {
		feed->preset = wt_preset_find(name);
		return feed->preset ? 0 : unknown_preset(name, err);
	}
	rc = wt_preset_custom(&feed->custom, name + strlen("custom:"), err);
	feed->preset = rc ? NULL : &feed->custom;
	return rc;
}

/* "PRESET[,sessions=N]"; a custom preset has commas, too. */
static int take_feed(void *member, const char *value, struct wt_error *err)
{
	static const char sessions[] = ",sessions=";
	struct wt_generate_feed *feed = member;
	const char *at = strstr(value, sessions);
	size_t length = at ? (size_t)(at - value) : strlen(value);
	char name[300];
	uint64_t count = 0;
	int rc = 0;

	if (length >= sizeof(name))
		return wt_error_set(err, -EINVAL, "'%.60s…' is not a preset", value);
	memcpy(name, value, length);
	name[length] = '\0';
	if (at)
		rc = wt_parse_number(at + strlen(sessions), 1, UINT32_MAX, &count, err);
	feed->load.sessions = (uint32_t)count;
	return rc ? rc : set_preset(feed, name, err);
}

/* "A=GROUP:PORT[@IFACE][,delay=TIME]" */
static int take_side(void *member, const char *value, struct wt_error *err)
{
	struct wt_generate_feed *feed = member;
	const char *comma = strchr(value, ',');
	char address[WT_FEED_INTERFACE_BYTES + 64];
	struct wt_feed_load_side *side;
	size_t length = comma ? (size_t)(comma - value) : strlen(value);
	int which = 0, rc;

	while (which < WT_FEED_SIDES && value[0] != wt_feed_side_name((enum wt_feed_side)which)[0])
		which++;
	if (which == WT_FEED_SIDES || value[1] != '=' || length >= sizeof(address))
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not A=GROUP:PORT[@IFACE][,delay=TIME], with A, B or R",
		                    value);
	side = &feed->load.sides[which];
	memcpy(address, value, length);
	address[length] = '\0';
	side->delay_ns = which == WT_FEED_R ? R_DELAY_NS : 0;
	rc = wt_feed_address_parse(&side->address, address + 2, err);
	if (rc || !comma)
		return rc;
	if (strncmp(comma + 1, "delay=", 6) != 0)
		return wt_error_set(err, -EINVAL, "'%s' is not delay=TIME, like delay=50us",
		                    comma + 1);
	return wt_parse_duration(comma + 7, WT_UNIT_NEEDED, &side->delay_ns, err);
}

/* Take the text before `end`, or all of it, as far as there is room. */
static const char *part_before(char part[24], const char *text, const char *end)
{
	size_t length = end ? (size_t)(end - text) : strlen(text);

	snprintf(part, 24, "%.*s", length < 24 ? (int)length : 0, text);
	return part;
}

/* "5" or "1..8" */
static int take_messages(void *member, const char *value, struct wt_error *err)
{
	struct wt_generate_feed *feed = member;
	const char *dots = strstr(value, "..");
	char low[24];
	uint64_t min, max;

	if (wt_parse_number(dots ? dots + 2 : value, 1, UINT16_MAX, &max, NULL) ||
	    wt_parse_number(part_before(low, value, dots), 1, max, &min, NULL))
		return wt_error_set(err, -EINVAL, "'%s' is not a number, or LOW..HIGH, like 1..8",
		                    value);
	feed->load.messages_min = (uint32_t)min;
	feed->load.messages_max = (uint32_t)max;
	return 0;
}

static int add_fault(struct wt_generate_feed *feed, enum wt_feed_fault fault, const char *value,
                     struct wt_error *err)
{
	feed->has_faults = true;
	return wt_feed_faults_add(&feed->faults, fault, value, err);
}

static int take_skip(void *member, const char *value, struct wt_error *err)
{
	return add_fault(member, WT_FAULT_SKIP, value, err);
}

static int take_thin(void *member, const char *value, struct wt_error *err)
{
	if ((value[0] != 'A' && value[0] != 'B') || strncmp(value + 1, ":1/", 3) != 0)
		return wt_error_set(err, -EINVAL, "'%s' is not SIDE:1/N, like B:1/100", value);
	return take_skip(member, value, err);
}

static int take_duplicate(void *member, const char *value, struct wt_error *err)
{
	return add_fault(member, WT_FAULT_DUPLICATE, value, err);
}

static int take_reorder(void *member, const char *value, struct wt_error *err)
{
	return add_fault(member, WT_FAULT_REORDER, value, err);
}

/* "1000" or "1000:1" */
static int take_reset(void *member, const char *value, struct wt_error *err)
{
	struct wt_generate_feed *feed = member;
	const char *colon = strchr(value, ':');
	char at[24];

	if (wt_parse_number(part_before(at, value, colon), 1, UINT64_MAX, &feed->load.reset_at,
	                    NULL) ||
	    (colon && wt_parse_number(colon + 1, 1, UINT64_MAX, &feed->load.reset_to, NULL)))
		return wt_error_set(err, -EINVAL, "'%s' is not NUMBER or NUMBER:TO, both from 1 on",
		                    value);
	return 0;
}

static int take_start(void *member, const char *value, struct wt_error *err)
{
	const struct wt_given_time *start = member;
	int rc = wt_take_time(member, value, err);

	if (!rc && start->time.base != WT_TIME_EPOCH)
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a time of its own, like 2026-11-21T09:30:00Z",
		                    value);
	return rc;
}

#define FEED(member) WT_MEMBER(struct wt_generate_feed, member)

const struct wt_option wt_generate_feed_rows[] = {
        {"feed", .kind = WT_OPTION_CALL, .metavar = "PRESET[,sessions=N]", .take = take_feed,
         .help = "a transport (wiretape feeds --list), in N sessions one after the other, each "
                 "with its end"},
        {"streams", .kind = WT_OPTION_NUMBER, .metavar = "N", .min = 1,
         .max = WT_FEED_LOAD_STREAMS_MAX, FEED(load.streams),
         .help = "how many streams, on groups one after the other [1]"},
        {"side", .kind = WT_OPTION_CALL, .metavar = "SIDE=GROUP:PORT[@IFACE][,delay=TIME]",
         .take = take_side,
         .help = "A: where they go; B: the same packets again, TIME later, there; R: what A or B "
                 "lacks, TIME later [10ms]; repeatable"},
        {"messages", .kind = WT_OPTION_CALL, .metavar = "LOW..HIGH", .take = take_messages,
         .help = "messages in a packet, at random, or one number [1]"},
        {"skip", .kind = WT_OPTION_CALL, .metavar = "[SIDE:]RANGES|1/N", .take = take_skip,
         .help = "numbers that are never sent, as 100-109,500; or one packet in N; on all sides, "
                 "or one"},
        {"thin", .kind = WT_OPTION_CALL, .metavar = "SIDE:1/N", .take = take_thin,
         .help = "one packet in N is not sent on this side"},
        {"duplicate", .kind = WT_OPTION_CALL, .metavar = "[SIDE:]RANGES|1/N",
         .take = take_duplicate, .help = "packets that are sent twice"},
        {"reorder", .kind = WT_OPTION_CALL, .metavar = "[SIDE:]RANGES|1/N[,by=K]",
         .take = take_reorder, .help = "packets that are sent K packets of their stream later [3]"},
        {"reset-at", .kind = WT_OPTION_CALL, .metavar = "NUMBER[:TO]", .take = take_reset,
         .help = "numbers begin anew there, with TO [the first]"},
        {"heartbeat", .kind = WT_OPTION_DURATION, .metavar = "TIME", FEED(load.heartbeat_ns),
         .help = "one after TIME without a packet of a stream, and at its end"},
        {"seed", .kind = WT_OPTION_NUMBER, .metavar = "N", FEED(load.seed),
         .help = "seed of all that is random [0]"},
        {"write", .letter = 'w', .kind = WT_OPTION_TEXT, .metavar = "FILE", FEED(out),
         .help = "a pcapng file in place of sending; takes no privilege"},
        {"start", .kind = WT_OPTION_CALL, .metavar = "TIME", FEED(start), .take = take_start,
         .help = "stamp of its first packet [2023-11-14T22:13:20Z]"},
        {0},
};

const char *wt_generate_feed_option(const struct wt_generate_feed *feed)
{
	const struct wt_feed_load_config *load = &feed->load;
	const struct {
		bool is_given;
		const char *name;
	} options[] = {
	        {load->streams, "--streams"},
	        {load->messages_max, "--messages"},
	        {feed->has_faults, "--skip, --thin, --duplicate or --reorder"},
	        {load->reset_at, "--reset-at"},
	        {load->heartbeat_ns, "--heartbeat"},
	        {load->seed, "--seed"},
	        {feed->start.text, "--start"},
	        {feed->out, "-w"},
	};

	for (int side = 0; side < WT_FEED_SIDES; side++)
		if (load->sides[side].address.used)
			return "--side";
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].is_given)
			return options[i].name;
	return NULL;
}

bool wt_generate_feed_has_place(const struct wt_generate_feed *feed)
{
	if (feed->out)
		return true;
	if (!feed->load.sides[WT_FEED_A].address.used)
		return false;
	for (int side = 0; side < WT_FEED_SIDES; side++)
		if (feed->load.sides[side].address.used &&
		    !feed->load.sides[side].address.interface[0])
			return false;
	return true;
}

/* A run of the generator. */
struct run {
	struct wt_generate_feed *feed;
	struct wt_replayer_config *config;
	struct wt_feed_load *load;
	const char *interfaces[WT_FEED_SIDES];
	size_t interface_count;
	uint16_t interface_of[WT_FEED_SIDES];
	uint64_t made, bytes;
	int64_t first_ns, last_ns;
};

/* Complete side A, unless it was given. */
static void complete_sides(struct run *run)
{
	struct wt_generate_feed *feed = run->feed;
	struct wt_feed_address *a = &feed->load.sides[WT_FEED_A].address;
	uint32_t group = htonl(feed->group ? feed->group : GROUP_DEFAULT);

	if (!a->used) {
		a->used = true;
		a->port = feed->port ? feed->port : PORT_DEFAULT;
		memcpy(a->ip, &group, sizeof(group));
	}
}

static uint16_t add_interface(struct run *run, const char *name)
{
	size_t i = 0;

	while (i < run->interface_count && strcmp(run->interfaces[i], name) != 0)
		i++;
	if (i == run->interface_count)
		run->interfaces[run->interface_count++] = name;
	return (uint16_t)i;
}

static void name_interfaces(struct run *run)
{
	for (int side = 0; side < WT_FEED_SIDES; side++) {
		const struct wt_feed_address *address = &run->feed->load.sides[side].address;
		const char *other = run->config->interface ? run->config->interface : "generated";

		if (address->used)
			run->interface_of[side] = add_interface(
			        run, address->interface[0] ? address->interface : other);
	}
}

static uint32_t ipv4_of(const char *interface)
{
	struct ifaddrs *all, *one;
	uint32_t address = 0;

	if (getifaddrs(&all))
		return 0;
	for (one = all; one && !address; one = one->ifa_next) {
		struct sockaddr_in in;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET ||
		    strcmp(one->ifa_name, interface) != 0)
			continue;
		memcpy(&in, one->ifa_addr, sizeof(in));
		address = ntohl(in.sin_addr.s_addr);
	}
	freeifaddrs(all);
	return address;
}

/* Packets have their interface's addresses, those in files the default ones. */
static void take_addresses(struct run *run)
{
	for (int side = 0; side < WT_FEED_SIDES; side++) {
		struct wt_feed_load_side *to = &run->feed->load.sides[side];
		struct wt_link link;

		to->source = run->feed->source;
		if (!to->address.used || run->feed->out ||
		    wt_link_read(run->interfaces[run->interface_of[side]], &link, NULL))
			continue;
		if (link.has_mac)
			memcpy(to->source_mac, link.mac, sizeof(link.mac));
		if (!to->source)
			to->source = ipv4_of(link.name);
	}
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_load(struct run *run, struct wt_error *err)
{
	struct wt_generate_feed *feed = run->feed;

	complete_sides(run);
	name_interfaces(run);
	take_addresses(run);
	feed->load.preset = feed->preset;
	feed->load.faults = &feed->faults;
	if (!feed->load.pps)
		feed->load.pps = STAMPS_NOWHERE;
	feed->load.start_ns = feed->start.text ? feed->start.time.ns
	                      : feed->out      ? START_NS
	                                       : now_ns();
	return wt_feed_load_open(&run->load, &feed->load, err);
}

static int next_frame(void *context, uint8_t *frame, int64_t *stamp_ns, uint16_t *interface)
{
	struct run *run = context;
	struct wt_feed_load_packet packet;
	int rc = wt_feed_load_next(run->load, frame, &packet);

	if (rc <= 0)
		return rc;
	if (!run->made++)
		run->first_ns = packet.at_ns;
	run->last_ns = packet.at_ns;
	run->bytes += packet.frame_bytes;
	*stamp_ns = packet.at_ns;
	*interface = run->interface_of[packet.side];
	return (int)packet.frame_bytes;
}

struct file {
	struct wt_new_file out;
	uint8_t *buffer;
	size_t used;
};

static int flush(struct file *file, struct wt_error *err)
{
	for (size_t at = 0; at < file->used;) {
		ssize_t wrote = write(file->out.fd, file->buffer + at, file->used - at);

		if (wrote < 0 && errno != EINTR)
			return wt_error_set(err, -errno, "cannot write '%s': %s", file->out.path,
			                    strerror(errno));
		at += wrote > 0 ? (size_t)wrote : 0;
	}
	file->used = 0;
	return 0;
}

static void put_head(struct file *file, const struct run *run)
{
	const struct wt_pcapng_section section = {.application = "wiretape " WT_VERSION,
	                                          .comment = "generated"};
	ssize_t bytes = wt_pcapng_encode_section(file->buffer, FILE_BUFFER_BYTES, &section);

	file->used = (size_t)bytes;
	for (size_t i = 0; i < run->interface_count; i++) {
		const struct wt_pcapng_interface interface = {.link_type = LINKTYPE_ETHERNET,
		                                              .name = run->interfaces[i]};

		bytes = wt_pcapng_encode_interface(file->buffer + file->used,
		                                   FILE_BUFFER_BYTES - file->used, &interface);
		file->used += (size_t)bytes;
	}
}

static int put_packet(struct file *file, const uint8_t *bytes, uint32_t length, int64_t stamp_ns,
                      uint16_t interface, struct wt_error *err)
{
	const struct wt_frame frame = {
	        .data = bytes,
	        .caplen = length,
	        .len = length,
	        .stamp_ns = stamp_ns,
	};
	size_t used;
	int failed = 0;

	if (FILE_BUFFER_BYTES - file->used < wt_pcapng_packet_bound(length))
		failed = flush(file, err);
	if (failed)
		return failed;
	wt_pcapng_encode_frames(file->buffer + file->used, FILE_BUFFER_BYTES - file->used,
	                        interface, &frame, 1, &used);
	file->used += used;
	return 0;
}

static int write_packets(struct run *run, struct file *file, struct wt_error *err)
{
	uint8_t frame[WT_FEED_LOAD_FRAME_MAX];
	uint16_t interface;
	int64_t stamp_ns;
	int bytes, failed = 0;

	put_head(file, run);
	while (!failed && !__atomic_load_n(&run->config->stop->requested, __ATOMIC_RELAXED)) {
		bytes = next_frame(run, frame, &stamp_ns, &interface);
		if (bytes < 0)
			return wt_error_set(err, bytes,
			                    bytes == -ENOBUFS
			                            ? "too many packets wait for their time: take "
			                              "a shorter delay, or fewer a second"
			                            : "a packet could not be made");
		if (!bytes)
			break;
		failed = put_packet(file, frame, (uint32_t)bytes, stamp_ns, interface, err);
	}
	return failed ? failed : flush(file, err);
}

static int write_file(struct run *run, struct wt_error *err)
{
	struct file file = {.buffer = malloc(FILE_BUFFER_BYTES)};
	int failed = file.buffer ? 0 : wt_error_set(err, -ENOMEM, "no memory for a file");

	if (!failed)
		failed = wt_new_file_open(&file.out, run->feed->out, 0, err);
	if (!failed) {
		failed = write_packets(run, &file, err);
		if (!failed)
			failed = wt_new_file_commit(&file.out, err);
		wt_new_file_abandon(&file.out);
	}
	free(file.buffer);
	return failed;
}

static int send_packets(struct run *run, struct wt_replayer_result *result, struct wt_error *err)
{
	const struct wt_made made = {
	        .next = next_frame,
	        .context = run,
	        .frame_bytes = wt_feed_load_frame_bytes(run->load),
	        .interfaces = run->interfaces,
	        .interface_count = run->interface_count,
	};
	struct wt_replayer_config *config = run->config;
	struct wt_replayer *replay = NULL;
	int failed;

	config->interface = NULL;
	config->made = &made;
	if (config->schedule.timing == WT_TIMING_PPS)
		config->schedule = (struct wt_schedule_config){.timing = WT_TIMING_ORIGINAL};
	/* As many as are due were counted; those that wait longer are sent, too. */
	if (config->schedule.timing == WT_TIMING_ORIGINAL)
		config->end_after_ns = 0;
	failed = wt_replayer_open(&replay, config, NULL, err);
	if (!failed)
		failed = wt_replayer_run(replay, result, err);
	wt_replayer_close(replay);
	return failed;
}

struct side {
	struct wt_feed_load_truth truth;
	char address[WT_FEED_INTERFACE_BYTES + 64];
	const char *side, *interface;
};

#define SUBJECT struct side
static const struct wt_number side_rows[] = {
        WT_TEXT(side, "side", "A, B or R"),
        WT_CHARS(address, "address", "where it is sent to"),
        WT_TEXT(interface, "interface", "through which"),
        WT_COUNT(truth.packets, "packets", "its packets"),
        WT_COUNT(truth.numbers, "numbers", "numbers in them"),
        WT_COUNT(truth.skipped, "skipped", "numbers that were left out"),
        WT_COUNT(truth.duplicates, "duplicates", "packets that were sent twice"),
        WT_COUNT(truth.reordered, "reordered", "packets that were sent late"),
        WT_COUNT(truth.heartbeats, "heartbeats", "heartbeats"),
        WT_COUNT(truth.resets, "resets", "times that numbers began anew"),
        WT_COUNT(truth.ends, "ends", "ends of sessions"),
        {0},
};
#undef SUBJECT

struct stream {
	const struct run *run;
	uint32_t stream;
	uint64_t first, next;
};

/* The sides that a stream has, by their order. */
static const void *next_side(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct stream *stream = subject;
	const struct run *run = stream->run;
	struct side *side = (struct side *)room->bytes;
	struct wt_feed_address address;

	(void)row;
	for (int i = 0; i < WT_FEED_SIDES; i++) {
		const enum wt_feed_side which = (enum wt_feed_side)i;

		if (!wt_feed_load_address(run->load, stream->stream, which, &address) || index--)
			continue;
		address.interface[0] = '\0';
		wt_feed_address_text(&address, side->address, sizeof(side->address));
		wt_feed_load_truth(run->load, stream->stream, which, &side->truth);
		side->side = wt_feed_side_name(which);
		side->interface = run->interfaces[run->interface_of[i]];
		return side;
	}
	return NULL;
}

#define SUBJECT struct stream
static const struct wt_number stream_rows[] = {
        WT_COUNT(stream, "stream", "which, from 0 on"),
        WT_COUNT(first, "first", "the number that it began with"),
        WT_COUNT(next, "next", "the number that would come next"),
        WT_LIST(next_side, "sides", side_rows, "its sides"),
        {0},
};
#undef SUBJECT

/* Outcome of sending, or of writing to a file: the other's times are INT64_MIN. */
struct outcome {
	const struct run *run;
	const char *feed, *unit;
	int64_t sent, sent_bytes, written, written_bytes, duration_ns;
	uint64_t refused;
};

static const void *next_stream(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	const struct run *run = ((const struct outcome *)subject)->run;
	struct stream *stream = (struct stream *)room->bytes;
	struct wt_feed_load_truth truth;

	(void)row;
	if (index >= (run->feed->load.streams ? run->feed->load.streams : 1))
		return NULL;
	wt_feed_load_truth(run->load, (uint32_t)index, WT_FEED_A, &truth);
	*stream = (struct stream){run, (uint32_t)index, truth.first, truth.next};
	return stream;
}

#define SUBJECT                         struct outcome
#define KNOWN_COUNT(field, name, words) WT_KNOWN(field, name, WT_KIND_COUNTER, WT_IN_NONE, words)
static const struct wt_number json_rows[] = {
        WT_TEXT(feed, "feed", "the transport"),
        WT_TEXT(unit, "unit", "what its numbers count"),
        KNOWN_COUNT(sent, "sent", "packets that were sent; null: they were written"),
        KNOWN_COUNT(sent_bytes, "sent_bytes", "their bytes"),
        KNOWN_COUNT(written, "written", "packets that were written; null: they were sent"),
        KNOWN_COUNT(written_bytes, "written_bytes", "their bytes"),
        WT_COUNT(refused, "refused", "times a queue was full; tried again"),
        WT_NS(duration_ns, "duration_ns", "how long it took, or would take"),
        WT_LIST(next_stream, "streams", stream_rows, "the streams: what is true of them"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_generate_feed_document = {
        .command = "generate --feed",
        .help = "what is true of a made feed",
        .rows = json_rows,
};

static int print_json(const struct run *run, const struct wt_replayer_result *result)
{
	const struct outcome outcome = {
	        .run = run,
	        .feed = run->feed->preset->name,
	        .unit = wt_feed_unit_name(run->feed->preset->unit),
	        .sent = result ? (int64_t)result->sent : INT64_MIN,
	        .sent_bytes = result ? (int64_t)result->bytes : INT64_MIN,
	        .written = result ? INT64_MIN : (int64_t)run->made,
	        .written_bytes = result ? INT64_MIN : (int64_t)run->bytes,
	        .refused = result ? result->refused : 0,
	        .duration_ns = result ? result->duration_ns : run->last_ns - run->first_ns,
	};

	if (wt_json_print(stdout, &wt_generate_feed_document, &outcome, NULL))
		return WT_EXIT_OK;
	return WT_EXIT_FAILURE;
}

/* Sums over all streams and sides. */
static struct wt_feed_load_truth sum_truths(const struct run *run)
{
	struct wt_feed_load_truth sum = {0}, one;

	for (uint32_t i = 0; i < (run->feed->load.streams ? run->feed->load.streams : 1); i++)
		for (int side = 0; side < WT_FEED_SIDES; side++) {
			wt_feed_load_truth(run->load, i, (enum wt_feed_side)side, &one);
			sum.skipped += one.skipped;
			sum.duplicates += one.duplicates;
			sum.reordered += one.reordered;
			sum.heartbeats += one.heartbeats;
			sum.resets += one.resets;
		}
	return sum;
}

static void print_faults(const struct run *run)
{
	struct wt_feed_load_truth sum = sum_truths(run);
	const struct {
		uint64_t count;
		const char *what, *after;
	} rows[] = {
	        {sum.skipped, "number", "skipped"}, {sum.duplicates, "packet", "twice"},
	        {sum.reordered, "packet", "late"},  {sum.heartbeats, "heartbeat", ""},
	        {sum.resets, "time", "begun anew"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].count)
			fprintf(stderr, ", %" PRIu64 " %s%s%s%s", rows[i].count, rows[i].what,
			        wt_cli_plural(rows[i].count), *rows[i].after ? " " : "",
			        rows[i].after);
}

static void print_summary(const struct run *run, const struct wt_replayer_result *result)
{
	uint64_t sent = result ? result->sent : run->made;
	int64_t took_ns = result ? result->duration_ns : run->last_ns - run->first_ns;
	uint32_t streams = run->feed->load.streams ? run->feed->load.streams : 1;

	fprintf(stderr, "%s %" PRIu64 " packet%s of %" PRIu32 " stream%s of %s, over %.3f s",
	        result ? "sent" : "wrote", sent, wt_cli_plural(sent), streams,
	        wt_cli_plural(streams), run->feed->preset->name, (double)took_ns / 1e9);
	print_faults(run);
	if (result && result->refused)
		fprintf(stderr, "; the queue was full %" PRIu64 " times", result->refused);
	fputc('\n', stderr);
}

static int report(const struct run *run, const struct wt_replayer_result *result)
{
	if (!run->feed->quiet)
		print_summary(run, result);
	return run->feed->json ? print_json(run, result) : WT_EXIT_OK;
}

static int judge(const struct wt_replayer_result *result)
{
	if (result->undone)
		wt_cli_complain("warning: %" PRIu64 " packets were not sent: the interface's MTU "
		                "fell below them",
		                result->undone);
	if (result->undone)
		return WT_EXIT_LOSS;
	if (result->sent || result->was_stopped)
		return WT_EXIT_OK;
	wt_cli_complain("warning: nothing was sent");
	return WT_EXIT_LOSS;
}

static int run_load(struct run *run, struct wt_replayer_result *result)
{
	bool is_file = run->feed->out != NULL;
	struct wt_error err = {0};
	int failed = is_file ? write_file(run, &err) : send_packets(run, result, &err);
	int exit_code = WT_EXIT_OK;

	if (failed)
		wt_cli_complain("%s", err.text);
	/* A run that never began has nothing to report. */
	if (!failed || (!is_file && result->sent))
		exit_code = report(run, is_file ? NULL : result);
	if (!failed && !exit_code && !is_file)
		exit_code = judge(result);
	return failed ? WT_EXIT_FAILURE : exit_code;
}

int wt_generate_feed_run(struct wt_generate_feed *feed, struct wt_replayer_config *config)
{
	struct run run = {.feed = feed, .config = config};
	struct wt_replayer_result *result = calloc(1, sizeof(*result));
	struct wt_error err = {0};
	int exit_code;

	if (!result) {
		wt_cli_complain("no memory to generate packets");
		return WT_EXIT_FAILURE;
	}
	if (open_load(&run, &err))
		exit_code = wt_cli_usage("generate", "%s", err.text);
	else
		exit_code = run_load(&run, result);
	wt_feed_load_close(run.load);
	free(result);
	return exit_code;
}
