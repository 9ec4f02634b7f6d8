/* SPDX-License-Identifier: BSD-2-Clause */

/* Reads the ledger in another thread while it is recorded, as something that monitors would.
 *
 *     snapshot INTERFACE FILE [SECONDS]
 *
 * The recording waits for no reader, and each ledger is of one moment: it adds up. */

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/record.h>

static atomic_bool over;

/* Entries that are not 0. */
static void print_ledger(struct wt_record *record)
{
	struct wt_record_entry entries[WT_RECORD_ENTRIES];
	int count = wt_record_ledger(record, WT_ALL_INTERFACES, entries, WT_RECORD_ENTRIES);

	for (int i = 0; i < count; i++)
		if (entries[i].value)
			printf("%s=%" PRId64 " ", entries[i].name, entries[i].value);
	printf("\n");
}

static void *watch(void *record)
{
	while (!atomic_load(&over)) {
		print_ledger(record);
		poll(NULL, 0, 100);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {
	        .size = sizeof(config), .interfaces = &interface, .interface_count = 1};
	struct wt_record *record;
	struct wt_error err;
	pthread_t watcher;
	int rc;

	if (argc < 3) {
		fprintf(stderr, "snapshot INTERFACE FILE [SECONDS]\n");
		return 2;
	}
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.path = argv[2];
	config.max_duration_ns = argc > 3 ? strtoll(argv[3], NULL, 10) * 1000000000 : 0;
	if (wt_record_open(&record, &config, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	/* It may look from here on until the recording is closed. */
	rc = pthread_create(&watcher, NULL, watch, record);
	if (!rc) {
		rc = wt_record_run(record, &err);
		if (rc)
			fprintf(stderr, "%s\n", err.text);
		atomic_store(&over, true);
		pthread_join(watcher, NULL);
		print_ledger(record);
	}
	wt_record_close(record);
	return rc ? 1 : 0;
}
