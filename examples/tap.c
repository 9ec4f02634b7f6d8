/* SPDX-License-Identifier: BSD-2-Clause */

/* Looks at packets while they are recorded: what came in each second.
 *
 *     tap INTERFACE FILE [SECONDS]
 *
 * With several queues (`queues`) the callback runs in a thread for each, for which the counts below
 * would become an array, with an element for each queue. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/record.h>

struct second {
	int64_t utc_s;
	uint64_t packets, bytes, lost;
};

static void print_second(const struct second *second)
{
	if (second->packets)
		printf("%" PRId64 ": %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " lost\n",
		       second->utc_s, second->packets, second->bytes, second->lost);
}

/* The recording waits until this returns: count here, and do what takes time elsewhere. */
static void on_frames(void *context, uint32_t queue, uint32_t interface,
                      const struct wt_frame *frames, size_t count)
{
	struct second *second = context;

	(void)queue;
	(void)interface;
	for (size_t i = 0; i < count; i++) {
		int64_t utc_s = frames[i].stamp_ns / 1000000000;

		if (utc_s != second->utc_s) {
			print_second(second);
			*second = (struct second){.utc_s = utc_s};
		}
		second->packets++;
		second->bytes += frames[i].len;
		second->lost += frames[i].dropped_before;
	}
}

int main(int argc, char **argv)
{
	struct second second = {0};
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {.size = sizeof(config),
	                                  .interfaces = &interface,
	                                  .interface_count = 1,
	                                  .on_frames = on_frames,
	                                  .context = &second};
	struct wt_record *record;
	struct wt_error err;
	int rc;

	if (argc < 3)
		return fprintf(stderr, "tap INTERFACE FILE [SECONDS]\n"), 2;
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.path = argv[2];
	config.max_duration_ns = argc > 3 ? strtoll(argv[3], NULL, 10) * 1000000000 : 0;
	rc = wt_record_open(&record, &config, &err);
	if (!rc) {
		rc = wt_record_run(record, &err);
		print_second(&second);
		wt_record_close(record);
	}
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	return rc ? 1 : 0;
}
