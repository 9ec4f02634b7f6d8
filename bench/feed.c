/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures what it costs to follow the numbers of feeds, per packet, as a recorder does it in line:
 * frames in batches of 64, each of a stream drawn at random, all in order. With few and many
 * streams, and with channels of two sides, whose arrivals are handed out. Making the frames is not
 * measured. More frames (-n) than the caches hold are read from memory. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/feed/stream/tracker.h>
#include <wiretape/packet/udp_packet.h>

enum { FRAME_ROOM = 128, BATCH = 64, MAX_ROUNDS = 99, GROUPS_MOST = 2000, PORT = 5000 };

struct settings {
	uint32_t frames;
	int rounds;
	bool json;
	const char *preset;
};

struct shape {
	const char *name;
	uint32_t groups, units; /* streams of a group */
	bool pairs;
};

static const struct shape shapes[] = {
        {"100 streams", 100, 1, false},      {"1000 streams", 1000, 1, false},
        {"20000 streams", 2000, 10, false},  {"100 pairs", 100, 1, true},
        {"none of it matches", 0, 1, false},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

struct bench {
	const struct settings *settings;
	const struct wt_preset *preset;
	const struct shape *shape;
	uint8_t (*bytes)[FRAME_ROOM];
	struct wt_frame *frames;
	struct wt_feed_channel *list;
	struct wt_feed_channels channels;
	struct wt_tracker *tracker;
	uint64_t next[2][GROUPS_MOST * 10];
	uint64_t random, order;
	uint64_t records;
	int64_t stamp_ns;
};

/* Processor time of this thread alone. */
static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static uint32_t draw(struct bench *bench, uint32_t below)
{
	bench->random ^= bench->random << 13;
	bench->random ^= bench->random >> 7;
	bench->random ^= bench->random << 17;
	return (uint32_t)((bench->random >> 32) * below >> 32);
}

static void take(void *context, const struct wt_feed_record *records, size_t count)
{
	struct bench *bench = context;

	(void)records;
	bench->records += count;
}

static uint32_t group_of(uint32_t number, uint32_t side)
{
	return 0xe9fc0000 + side * 0x10000 + number; /* 233.252.0.0 */
}

static void make_channels(struct bench *bench)
{
	uint32_t count = bench->shape->groups;

	memset(bench->list, 0, GROUPS_MOST * sizeof(*bench->list));
	for (uint32_t i = 0; i < count; i++) {
		snprintf(bench->list[i].name, sizeof(bench->list[i].name), "channel-%u", i);
		bench->list[i].preset = bench->preset;
		for (uint32_t side = 0; side < (bench->shape->pairs ? 2 : 1); side++) {
			uint32_t group = htobe32(group_of(i, side));

			bench->list[i].sides[side] =
			        (struct wt_feed_address){.used = true, .port = PORT};
			memcpy(bench->list[i].sides[side].ip, &group, sizeof(group));
		}
	}
	bench->channels = (struct wt_feed_channels){.list = bench->list, .count = count};
}

static void make_frame(struct bench *bench, uint32_t at)
{
	uint32_t groups = bench->shape->groups ? bench->shape->groups : GROUPS_MOST;
	uint32_t group = draw(bench, groups), unit = draw(bench, bench->shape->units);
	uint32_t side = bench->shape->pairs ? draw(bench, 2) : 0;
	uint64_t *next = &bench->next[side][group * 10 + unit];
	struct wt_feed_header header = {
	        .what = WT_FEED_DATA,
	        .channel = bench->preset->channel.bytes ? unit + 1 : 0,
	        .session = bench->preset->session.bytes ? unit + 1 : 0,
	        .first = (*next)++,
	        .count = 1,
	};
	struct wt_udp_flow flow = {
	        .group = group_of(group, side), .port = PORT, .source_port = PORT, .ttl = 1};
	uint8_t *frame = bench->bytes[at];
	int payload = wt_preset_write(bench->preset, frame + WT_UDP_HEADER_BYTES,
	                              FRAME_ROOM - WT_UDP_HEADER_BYTES, &header, 18, 0);

	if (payload < 0 || wt_udp_build(frame, &flow, 1, (size_t)payload)) {
		fprintf(stderr, "bench_feed: this preset cannot be written\n");
		exit(1);
	}
	bench->stamp_ns += 1000;
	bench->frames[at] = (struct wt_frame){
	        .data = frame,
	        .caplen = WT_UDP_HEADER_BYTES + (uint32_t)payload,
	        .len = WT_UDP_HEADER_BYTES + (uint32_t)payload,
	        .stamp_ns = bench->stamp_ns,
	};
}

static double round_ns(struct bench *bench)
{
	uint32_t count = bench->settings->frames;
	int64_t began;

	for (uint32_t i = 0; i < count; i++)
		make_frame(bench, i);
	began = now_ns();
	for (uint32_t i = 0; i < count; i += BATCH)
		wt_tracker_frames(bench->tracker, 0, bench->frames + i, BATCH, bench->order + i);
	bench->order += count;
	return (double)(now_ns() - began) / count;
}

static void check(const struct bench *bench)
{
	struct wt_tracker_totals totals;
	uint64_t missing = 0;

	wt_tracker_totals(bench->tracker, &totals);
	for (uint32_t i = 0; i < totals.streams; i++) {
		struct wt_stream_report report;

		wt_tracker_stream(bench->tracker, i, &report);
		missing += report.missing;
	}
	if (missing || totals.unrecognised || totals.table_full ||
	    totals.matched != (bench->shape->groups ? totals.frames : 0)) {
		fprintf(stderr, "bench_feed: %s: the tracker's books are wrong\n",
		        bench->shape->name);
		exit(1);
	}
}

static double median_of(struct bench *bench, const struct shape *shape)
{
	struct wt_tracker_config config = {
	        .channels = &bench->channels, .take = take, .context = bench};
	double values[MAX_ROUNDS];
	int rounds = bench->settings->rounds;

	bench->shape = shape;
	bench->order = 1;
	for (size_t i = 0; i < GROUPS_MOST * 10; i++)
		bench->next[0][i] = bench->next[1][i] = 1;
	make_channels(bench);
	if (wt_tracker_open(&bench->tracker, &config, NULL))
		exit(1);
	/* Streams are made in the first rounds. */
	for (int i = 0; i < 20; i++)
		round_ns(bench);
	for (int i = 0; i < rounds; i++)
		values[i] = round_ns(bench);
	check(bench);
	wt_tracker_close(bench->tracker);
	qsort(values, (size_t)rounds, sizeof(*values), by_value);
	return values[rounds / 2];
}

static void show(const struct settings *settings, const double *ns)
{
	json_t *out;

	if (!settings->json) {
		printf("%s, %u frames, median of %d rounds\n", settings->preset, settings->frames,
		       settings->rounds);
		for (int i = 0; i < SHAPES; i++)
			printf("%-20s %6.1f ns a packet\n", shapes[i].name, ns[i]);
		return;
	}
	out = json_object();
	for (int i = 0; i < SHAPES; i++)
		json_object_set_new(out, shapes[i].name, json_real(ns[i]));
	json_dumpf(out, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(out);
}

static int run(const struct settings *settings)
{
	static struct bench bench = {.random = 88172645463325252, .stamp_ns = 1000000000};
	double ns[SHAPES];

	bench.settings = settings;
	bench.preset = wt_preset_find(settings->preset);
	bench.bytes = calloc(settings->frames, sizeof(*bench.bytes));
	bench.frames = calloc(settings->frames, sizeof(*bench.frames));
	bench.list = calloc(GROUPS_MOST, sizeof(*bench.list));
	if (!bench.preset || !bench.bytes || !bench.frames || !bench.list) {
		fprintf(stderr, "bench_feed: no such preset, or no memory\n");
		return 1;
	}
	for (int i = 0; i < SHAPES; i++)
		ns[i] = median_of(&bench, &shapes[i]);
	show(settings, ns);
	free(bench.bytes);
	free(bench.frames);
	free(bench.list);
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = {.frames = 8192, .rounds = 51, .preset = "pitch"};
	int option;

	while ((option = getopt(argc, argv, "f:n:r:j")) != -1) {
		switch (option) {
		case 'f':
			settings.preset = optarg;
			break;
		case 'n':
			settings.frames = (uint32_t)atoi(optarg) / BATCH * BATCH;
			break;
		case 'r':
			settings.rounds = atoi(optarg);
			break;
		case 'j':
			settings.json = true;
			break;
		default:
			fprintf(stderr,
			        "usage: bench_feed [-f PRESET] [-n FRAMES] [-r ROUNDS] [-j]\n");
			return 1;
		}
	}
	if (settings.rounds < 1 || settings.rounds > MAX_ROUNDS || !settings.frames)
		return 1;
	return run(&settings);
}
