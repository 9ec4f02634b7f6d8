/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_RECORDING_H
#define WIRETAPE_TESTS_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "file_check.h"

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/tests/support/temp.h>

/* Runs the whole recorder over simulated interfaces, through a disk that the test chooses, into
 * a file in a directory of its own. */
struct recording {
	/* To be set between recording_init() and recording_run(). */
	struct wt_reader_config interfaces[FILE_CHECK_INTERFACES];
	struct wt_recorder_config config;
	struct wt_recorder_output output;
	struct wt_disk *disk; /* becomes the recording's; NULL: output.open opens another */
	enum wt_direct direct;

	char folder[TEMP_BYTES];
	char path[128];
	struct wt_recorder *recorder; /* until it is closed */
	struct wt_error err;

	/* Valid from recording_run() on; strings that `report` borrows are gone. */
	int result;
	struct wt_recorder_report report;
	struct wt_ledger ledgers[FILE_CHECK_INTERFACES];
	struct file_check check;
	char wrong[800];
};

/* Memory is faster than a disk, but may refuse direct I/O. */
enum recording_place { RECORDING_ON_DISK, RECORDING_IN_MEMORY };
void recording_init(struct recording *recording, enum recording_place place);

void recording_add(struct recording *recording, const char *interface, uint64_t ring_bytes);

/* Open, run, close. Returns wt_recorder_run()'s result, or aborts. */
int recording_run(struct recording *recording);

/* Fault in the ledgers or the file, or NULL: the ledgers must close exactly, the file must
 * decode to its end and have the bytes and each interface's packets reported as written, none
 * without a file. */
const char *recording_judge(struct recording *recording);

/* Fault in the ledgers alone, or NULL. */
const char *recording_judge_ledgers(struct recording *recording);

/* Close what is open, remove the folder with its files. */
void recording_fini(struct recording *recording);

#endif
