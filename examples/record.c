/* SPDX-License-Identifier: BSD-2-Clause */

/* Records packets of an interface and prints a line for each:
 *
 *     record INTERFACE [FILE [PACKETS]]
 *
 * until Ctrl-C, or as many packets as are asked for. Into FILE they go as well. An interface whose
 * name begins with "sim" is simulated. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/record.h>

static struct wt_record *record;

static void on_stop(int number)
{
	(void)number;
	wt_record_stop(record);
}

/* The frames are ours only until this returns, and the ring waits for it. */
static void on_frames(void *context, uint32_t queue, uint32_t interface,
                      const struct wt_frame *frames, size_t count)
{
	(void)context;
	(void)queue; /* one: `queues` was not set */
	for (size_t i = 0; i < count; i++) {
		const struct wt_frame *frame = &frames[i];

		if (frame->dropped_before)
			printf("%" PRIu64 " packets were dropped here\n", frame->dropped_before);
		printf("%" PRId64 ".%09" PRId64 " (%s) interface %" PRIu32 ": %" PRIu32 " bytes\n",
		       frame->stamp_ns / 1000000000, frame->stamp_ns % 1000000000,
		       wt_stamp_source_name((enum wt_stamp_source)frame->stamp_source), interface,
		       frame->len);
	}
}

int main(int argc, char **argv)
{
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_frames = on_frames};
	struct wt_record_state state = {.size = sizeof(state)};
	struct wt_error err;
	int rc;

	if (argc < 2)
		return fprintf(stderr, "record INTERFACE [FILE [PACKETS]]\n"), 2;
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.path = argc > 2 ? argv[2] : NULL;
	config.max_packets = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	if (wt_record_open(&record, &config, &err))
		return fprintf(stderr, "%s\n", err.text), 1;
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write */
	rc = wt_record_run(record, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	wt_record_state_read(record, &state);
	fprintf(stderr, "seen %" PRIu64 " = written %" PRIu64 " + lost %" PRIu64 "\n", state.seen,
	        state.written, state.lost);
	signal(SIGINT, SIG_DFL); /* `record` is about to be gone */
	signal(SIGTERM, SIG_DFL);
	wt_record_close(record);
	return rc ? 1 : 0;
}
