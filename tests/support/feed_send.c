/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends numbered MoldUDP64 packets of many streams, on one interface or, as two sides, on two, with
 * faults that each stream has in the same place:
 *
 *   feed_send [-n STREAMS] [-f FIRST] [-c COUNT] [-p PPS] [-s FIRST:COUNT] [-t FIRST:COUNT]
 *             [-l NUMBER:LATER] [-w FILE] A [B]
 *
 * Stream 0 is sent to 239.7.0.1, side B to 239.7.1.1, port 20000, stream 1 to port 20001 …
 * -s: numbers that are not sent at all, -t: not on side B, -l: a number that is sent after LATER
 * more. -w: a feeds file for them is written, and nothing sent. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/feed/load/mold_template.h>

enum { FRAME_BYTES = 100, GROUP_A = 0xef070001, GROUP_B = 0xef070101, FIRST_PORT = 20000 };

struct range {
	uint64_t first, count;
};

struct settings {
	unsigned streams;
	uint64_t first, count, pps;
	struct range skip, thin, late;
	const char *feeds_file;
};

struct side {
	int fd;
	int index;
	uint8_t (*frames)[FRAME_BYTES]; /* by stream */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct range read_range(const char *text)
{
	struct range range = {0};

	if (sscanf(text, "%" SCNu64 ":%" SCNu64, &range.first, &range.count) != 2) {
		fprintf(stderr, "'%s' is not NUMBER:NUMBER\n", text);
		exit(2);
	}
	return range;
}

static bool has(const struct range *range, uint64_t number)
{
	return number >= range->first && number - range->first < range->count;
}

static void open_side(struct side *side, const char *interface, uint32_t group, unsigned streams)
{
	struct wt_error err;

	side->fd = socket(AF_PACKET, SOCK_RAW, 0);
	side->index = (int)if_nametoindex(interface);
	side->frames = calloc(streams, sizeof(*side->frames));
	if (side->fd < 0 || !side->index || !side->frames)
		die(interface);
	for (unsigned i = 0; i < streams; i++) {
		const struct wt_mold_template_config config = {
		        .frame_bytes = FRAME_BYTES,
		        .group = group,
		        .port = (uint16_t)(FIRST_PORT + i),
		};

		if (wt_mold_template_build(&config, side->frames[i], FRAME_BYTES, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
	}
}

static void send_number(const struct side *side, unsigned stream, uint64_t number)
{
	const struct sockaddr_ll to = {
	        .sll_family = AF_PACKET,
	        .sll_protocol = htons(ETH_P_IP),
	        .sll_ifindex = side->index,
	        .sll_halen = ETH_ALEN,
	};

	wt_mold_template_set_sequence(side->frames[stream], number);
	if (sendto(side->fd, side->frames[stream], FRAME_BYTES, 0, (const struct sockaddr *)&to,
	           sizeof(to)) != FRAME_BYTES)
		die("sendto");
}

/* Send one number of each stream, if it is its turn. */
static void send_round(const struct settings *settings, const struct side *side, bool is_b,
                       uint64_t number)
{
	uint64_t late = settings->late.first;
	bool now = !has(&settings->skip, number) && !(is_b && has(&settings->thin, number)) &&
	           number != late;
	bool then = late && number == late + settings->late.count;

	for (unsigned i = 0; i < settings->streams; i++) {
		if (now)
			send_number(side, i, number);
		if (then)
			send_number(side, i, late);
	}
}

static void wait_for_turn(const struct timespec *start, uint64_t sent, uint64_t pps)
{
	uint64_t ns = pps ? sent * 1000000000 / pps : 0;
	struct timespec until = *start;

	if (!pps)
		return;
	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec += (long)(ns % 1000000000);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void write_feeds(const struct settings *settings, bool two)
{
	FILE *file = fopen(settings->feeds_file, "w");

	if (!file)
		die(settings->feeds_file);
	for (unsigned i = 0; i < settings->streams; i++) {
		unsigned port = FIRST_PORT + i;

		fprintf(file, "feed-%u moldudp64 A=239.7.0.1:%u", i, port);
		if (two)
			fprintf(file, " B=239.7.1.1:%u", port);
		fputc('\n', file);
	}
	if (fclose(file))
		die(settings->feeds_file);
}

static void send_all(const struct settings *settings, const struct side *sides, size_t side_count)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint64_t i = 0; i < settings->count; i++) {
		for (size_t side = 0; side < side_count; side++)
			send_round(settings, &sides[side], side == 1, settings->first + i);
		wait_for_turn(&start, (i + 1) * settings->streams * side_count, settings->pps);
	}
}

int main(int argc, char **argv)
{
	struct settings settings = {.streams = 1, .first = 1, .count = 1};
	struct side sides[2];
	size_t side_count;
	int option;

	while ((option = getopt(argc, argv, "n:f:c:p:s:t:l:w:")) != -1) {
		switch (option) {
		case 'n':
			settings.streams = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			settings.first = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			settings.count = strtoull(optarg, NULL, 10);
			break;
		case 'p':
			settings.pps = strtoull(optarg, NULL, 10);
			break;
		case 's':
			settings.skip = read_range(optarg);
			break;
		case 't':
			settings.thin = read_range(optarg);
			break;
		case 'l':
			settings.late = read_range(optarg);
			break;
		case 'w':
			settings.feeds_file = optarg;
			break;
		default:
			return 2;
		}
	}
	side_count = (size_t)(argc - optind);
	if (!side_count || side_count > 2 || !settings.streams)
		return 2;
	if (settings.feeds_file) {
		write_feeds(&settings, side_count == 2);
		return 0;
	}
	for (size_t i = 0; i < side_count; i++)
		open_side(&sides[i], argv[optind + (int)i], i ? GROUP_B : GROUP_A,
		          settings.streams);
	send_all(&settings, sides, side_count);
	for (size_t i = 0; i < side_count; i++) {
		free(sides[i].frames);
		close(sides[i].fd);
	}
	return 0;
}
