/* SPDX-License-Identifier: BSD-2-Clause */
#include "recording.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_file(void *context, const char *path, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *err)
{
	struct recording *recording = context;

	return wt_sink_file_open(sink, path ? path : recording->path, recording->disk,
	                         recording->direct, false, config, err);
}

void recording_init(struct recording *recording, enum recording_place place)
{
	*recording = (struct recording){0};
	recording->config.interfaces = recording->interfaces;
	recording->config.application = "test";
	recording->output.open = open_file;
	recording->output.context = recording;
	if (place == RECORDING_IN_MEMORY)
		temp_template_in_memory(recording->folder, "recording");
	else
		temp_template(recording->folder, "recording");
	if (!mkdtemp(recording->folder))
		abort();
	snprintf(recording->path, sizeof(recording->path), "%s/tape.pcapng", recording->folder);
}

void recording_add(struct recording *recording, const char *interface, uint64_t ring_bytes)
{
	recording->interfaces[recording->config.interface_count++] = (struct wt_reader_config){
	        .kind = WT_READER_SIM, .interface = interface, .ring_bytes = ring_bytes};
}

int recording_run(struct recording *recording)
{
	recording->output.disk = recording->disk;
	if (wt_recorder_open(&recording->recorder, &recording->config, &recording->err)) {
		fprintf(stderr, "%s\n", recording->err.text);
		abort();
	}
	recording->result =
	        wt_recorder_run(recording->recorder, &recording->output, &recording->err);
	wt_recorder_report(recording->recorder, &recording->report);
	for (size_t i = 0; i < recording->report.interface_count; i++)
		recording->ledgers[i] = recording->report.interfaces[i].ledger;
	recording->report.interfaces = NULL;
	recording->report.degraded = NULL;
	wt_recorder_close(recording->recorder);
	recording->recorder = NULL;
	if (recording->output.files)
		wt_file_set_settle(recording->output.files);
	return recording->result;
}

const char *recording_judge_ledgers(struct recording *recording)
{
	for (size_t i = 0; i < recording->config.interface_count; i++) {
		const struct wt_ledger *ledger = &recording->ledgers[i];

		snprintf(recording->wrong, sizeof(recording->wrong),
		         "ledger %zu does not close: seen %" PRIu64 ", written %" PRIu64
		         ", lost %" PRIu64 ", waiting %" PRIu64 ", unattributed %" PRId64,
		         i, ledger->seen, ledger->written, wt_ledger_lost(ledger), ledger->waiting,
		         ledger->unattributed);
		if (ledger->unattributed || ledger->waiting ||
		    ledger->seen != ledger->written + wt_ledger_lost(ledger))
			return recording->wrong;
	}
	return NULL;
}

static const char *judge_file(struct recording *recording)
{
	struct file_check *check = &recording->check;

	if (file_check_path(check, recording->path))
		return check->why;
	for (size_t i = 0; i < recording->config.interface_count; i++) {
		snprintf(recording->wrong, sizeof(recording->wrong),
		         "the file has %" PRIu64 " packets of interface %zu, %" PRIu64
		         " were written",
		         check->packets[i], i, recording->ledgers[i].written);
		if (check->packets[i] != recording->ledgers[i].written)
			return recording->wrong;
	}
	snprintf(recording->wrong, sizeof(recording->wrong),
	         "the file has %" PRIu64 " bytes, %" PRIu64 " are reported", check->bytes,
	         recording->report.file_bytes);
	return check->bytes == recording->report.file_bytes ? NULL : recording->wrong;
}

const char *recording_judge(struct recording *recording)
{
	const char *wrong = recording_judge_ledgers(recording);

	if (wrong)
		return wrong;
	if (access(recording->path, F_OK))
		return recording->report.total.written || recording->report.file_bytes
		               ? "there is no file"
		               : NULL;
	return judge_file(recording);
}

static void remove_folder(const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	char path[512];

	while (entries && (entry = readdir(entries))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	if (entries)
		closedir(entries);
	rmdir(folder);
}

void recording_fini(struct recording *recording)
{
	wt_recorder_close(recording->recorder);
	wt_file_set_close(recording->output.files);
	wt_disk_close(recording->disk);
	remove_folder(recording->folder);
}
