/* SPDX-License-Identifier: BSD-2-Clause */

/* Replays a list of packets, 10 us apart, and prints how well they kept to it:
 *
 *     replay INTERFACE [PACKETS]
 *
 * An interface whose name begins with "sim" is simulated. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/replay.h>

enum { FRAME_BYTES = 60, GAP_NS = 10000, PACKETS = 100 };

static struct wt_replay *replay;

static void on_stop(int number)
{
	(void)number;
	wt_replay_stop(replay);
}

/* Ethernet frames to a multicast group, of a protocol for experiments (IEEE 802, 0x88b5). */
static struct wt_replay_packet *make_packets(size_t count)
{
	static const uint8_t frame[FRAME_BYTES] = {0x01, 0x00, 0x5e, 0, 0, 1,    2,
	                                           0,    0,    0,    0, 1, 0x88, 0xb5};
	struct wt_replay_packet *packets = calloc(count, sizeof(*packets));

	for (size_t i = 0; packets && i < count; i++) {
		packets[i].data = frame;
		packets[i].bytes = FRAME_BYTES;
		packets[i].stamp_ns = (int64_t)i * GAP_NS;
	}
	return packets;
}

static void print_result(const struct wt_replay_result *result)
{
	const char *note;

	for (size_t i = 0; (note = wt_replay_note(replay, i)); i++)
		fprintf(stderr, "%s\n", note);
	printf("sent %" PRIu64 " packets, pace %s\n", result->sent, wt_pace_name(result->pace));
	for (int i = 0; i < WT_DEPARTURE_SOURCES; i++)
		if (result->departures[i])
			printf("departures by %s: %" PRIu64 "\n",
			       wt_departure_source_name((enum wt_departure_source)i),
			       result->departures[i]);
	printf("error: median %" PRId64 " ns, 99 %% %" PRId64 " ns, most %" PRId64 " ns\n",
	       result->error_p50_ns, result->error_p99_ns, result->error_max_ns);
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : PACKETS;
	struct wt_replay_config config = {.size = sizeof(config)};
	struct wt_replay_result result = {.size = sizeof(result)};
	struct wt_replay_packet *packets = make_packets(count);
	struct wt_error err;
	int rc;

	if (argc < 2 || !packets) {
		fprintf(stderr, "replay INTERFACE [PACKETS]\n");
		return 2;
	}
	config.interface = argv[1];
	config.packets = packets;
	config.packet_count = count;
	if (wt_replay_open(&replay, &config, &err)) {
		fprintf(stderr, "%s\n", err.text);
		free(packets);
		return 1;
	}
	signal(SIGINT, on_stop);
	rc = wt_replay_run(replay, &result, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	print_result(&result);
	signal(SIGINT, SIG_DFL);
	wt_replay_close(replay);
	free(packets);
	return rc ? 1 : 0;
}
