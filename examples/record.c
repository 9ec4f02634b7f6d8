/* SPDX-License-Identifier: BSD-2-Clause */

/* Records packets of an interface and prints a line for each:
 *
 *     record INTERFACE [FILE [PACKETS]]
 *
 * until Ctrl-C, or as many packets as are asked for. Into FILE they go as well. SIGUSR1 prints the
 * ledger. An interface whose name begins with "sim" is simulated. */

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

static void on_poke(int number)
{
	(void)number;
	wt_record_poke(record);
}

/* The frames are ours only until this returns, and the ring waits for it. */
static void on_frames(void *context, uint32_t interface, const struct wt_frame *frames,
                      size_t count)
{
	(void)context;
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

static void on_event(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "%s\n", text);
}

static void print_ledger(struct wt_record *of)
{
	const char *name;
	int64_t value;

	for (size_t i = 0; !wt_record_ledger(of, WT_ALL_INTERFACES, i, &name, &value); i++)
		fprintf(stderr, "%s=%" PRId64 "\n", name, value);
}

static void on_progress(void *context, struct wt_record *of, bool report_requested)
{
	(void)context;
	if (report_requested)
		print_ledger(of);
}

int main(int argc, char **argv)
{
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {
	        .size = sizeof(config),
	        .interfaces = &interface,
	        .interface_count = 1,
	        .on_frames = on_frames,
	        .on_progress = on_progress,
	        .on_event = on_event,
	};
	struct wt_error err;
	int rc;

	if (argc < 2) {
		fprintf(stderr, "record INTERFACE [FILE [PACKETS]]\n");
		return 2;
	}
	interface.name = argv[1];
	if (!strncmp(argv[1], "sim", 3))
		interface.reader = WT_READER_SIM;
	config.path = argc > 2 ? argv[2] : NULL;
	config.max_packets = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	if (wt_record_open(&record, &config, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
	signal(SIGUSR1, on_poke);
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the write */
	rc = wt_record_run(record, &err);
	if (rc)
		fprintf(stderr, "%s\n", err.text);
	print_ledger(record);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	wt_record_close(record);
	return rc ? 1 : 0;
}
