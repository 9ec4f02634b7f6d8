/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_RECORDING_H
#define WIRETAPE_TESTS_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "file_check.h"

#include <wiretape/capture/recorder/recorder.h>

/* The whole recorder over simulated interfaces, through a disk that the test chooses, into
 * a file in a directory of its own. */
struct recording {
	/* To be set between recording_init() and recording_run(). */
	struct wt_reader_config interfaces[FILE_CHECK_INTERFACES];
	struct wt_recorder_config config;
	struct wt_recorder_output output;
	struct wt_disk *disk; /* becomes the recording's; NULL: output.open is another one */
	enum wt_direct direct;

	char folder[64];
	char path[128];
	struct wt_recorder *recorder; /* until it is closed */
	struct wt_error err;

	/* From recording_run() on; what `report` borrows is gone. */
	int result;
	struct wt_recorder_report report;
	struct wt_ledger ledgers[FILE_CHECK_INTERFACES];
	struct file_check check;
	char wrong[800];
};

/* In memory nobody waits for a disk, but direct I/O may be refused. */
enum recording_place { RECORDING_ON_DISK, RECORDING_IN_MEMORY };
void recording_init(struct recording *recording, enum recording_place place);

void recording_add(struct recording *recording, const char *interface, uint64_t ring_bytes);

/* Open, run, close. Returns what wt_recorder_run() did, or aborts. */
int recording_run(struct recording *recording);

/* What is wrong with the ledgers or with the file, NULL if nothing is: the ledgers close
 * exactly, the file decodes to its end, and it has the bytes and, of each interface, the
 * packets that were reported as written. Without a file nothing was. */
const char *recording_judge(struct recording *recording);

/* The part about the ledgers. */
const char *recording_judge_ledgers(struct recording *recording);

/* Closes what is open, removes the folder and what is in it. */
void recording_fini(struct recording *recording);

#endif
