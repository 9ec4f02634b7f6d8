/* SPDX-License-Identifier: BSD-2-Clause */
/* <wiretape/record.h>, by a recording. */
#include <wiretape/record.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wiretape/base/sized.h>
#include <wiretape/capture/recorder/recording.h>
#include <wiretape/feed/feed.h>
#include <wiretape/version.h>

struct wt_record {
	struct wt_record_config config;
	struct wt_reader_config *interfaces;
	struct wt_recording *recording;
	int nowhere_fd;      /* without files: /dev/null; -1: not needed */
	struct wt_feed feed; /* its monitor is the recorder's */
	volatile sig_atomic_t abort_writes;
	char application[64];
};

static void on_frames(void *context, uint32_t queue, uint32_t interface,
                      const struct wt_frame *frames, size_t count)
{
	const struct wt_record *record = context;

	record->config.on_frames(record->config.context, queue, interface, frames, count);
}

static ssize_t on_bytes(void *context, uint32_t queue, const void *bytes, size_t length)
{
	const struct wt_record *record = context;

	return record->config.on_bytes(record->config.context, queue, bytes, length);
}

static int on_begin(void *context)
{
	const struct wt_record *record = context;

	if (record->config.on_begin)
		record->config.on_begin(record->config.context);
	return 0;
}

static void on_progress(void *context, const struct wt_recorder_report *report,
                        bool report_requested)
{
	struct wt_record *record = context;

	(void)report;
	if (record->config.on_progress)
		record->config.on_progress(record->config.context, record, report_requested);
}

static void on_event(void *context, const char *text)
{
	const struct wt_record *record = context;

	if (record->config.on_event)
		record->config.on_event(record->config.context, text);
}

static void on_feed_event(void *context, const struct wt_feed_event *event)
{
	wt_feed_tell(&((struct wt_record *)context)->feed, event);
}

/* The elements of an array are as far apart as the program's header says. */
static int take_interfaces(struct wt_record *record, struct wt_error *err)
{
	const struct wt_record_config *config = &record->config;
	const uint8_t *at = (const uint8_t *)config->interfaces;
	int rc = 0;

	record->interfaces = calloc(config->interface_count, sizeof(*record->interfaces));
	if (!record->interfaces)
		return wt_error_set(err, -ENOMEM, "no memory for a recording");
	for (size_t i = 0; !rc && i < config->interface_count; i++) {
		struct wt_record_interface one;

		rc = wt_sized_take(&one, sizeof(one), at, "wt_record_interface", err);
		if (rc)
			break;
		if (!one.name)
			return wt_error_set(err, -EINVAL, "interface %zu has no name", i);
		record->interfaces[i] = (struct wt_reader_config){
		        .kind = one.reader,
		        .interface = one.name,
		        .filter = one.filter,
		        .snaplen = one.snaplen,
		        .ring_bytes = one.ring_bytes,
		        .retire_timeout_ms = one.retire_timeout_ms,
		        .no_promiscuous = one.no_promiscuous,
		        .stamp = one.stamps,
		};
		at += config->interfaces->size;
	}
	return rc;
}

static int check_config(const struct wt_record_config *config, struct wt_error *err)
{
	if (!config->interface_count || !config->interfaces)
		return wt_error_set(err, -EINVAL, "no interface was given to record from");
	if (!config->path && !config->on_frames && !config->on_bytes)
		return wt_error_set(
		        err, -EINVAL,
		        "packets are to go nowhere; give a path, on_bytes or on_frames");
	if (config->path && config->on_bytes)
		return wt_error_set(err, -EINVAL, "there are a path and on_bytes; give one");
	if (config->sync == WT_SYNC_INTERVAL && config->sync_every_ns <= 0)
		return wt_error_set(err, -EINVAL, "WT_SYNC_INTERVAL needs sync_every_ns");
	return 0;
}

static int open_nowhere(struct wt_record *record, struct wt_error *err)
{
	int rc;

	record->nowhere_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	rc = -errno;
	return record->nowhere_fd < 0 ? wt_error_set(err, rc, "cannot open /dev/null") : 0;
}

static struct wt_file_set_config files_of(const struct wt_record_config *config)
{
	return (struct wt_file_set_config){
	        .path = config->path,
	        .max_bytes = config->file_bytes,
	        .max_packets = config->file_packets,
	        .duration_ns = config->file_duration_ns,
	        .interval_ns = config->file_interval_ns,
	        .keep_files = config->keep_files,
	        .keep_bytes = config->keep_bytes,
	        .min_free_bytes = config->min_free_bytes,
	        .min_free_deletes = config->min_free_deletes,
	};
}

static int open_recording(struct wt_record *record, struct wt_error *err)
{
	const struct wt_record_config *config = &record->config;
	const struct wt_recording_config recording = {
	        .recorder =
	                {
	                        .interfaces = record->interfaces,
	                        .interface_count = config->interface_count,
	                        .feeds = &record->feed.channels,
	                        .feeds_late_ns = config->feeds_late_ns,
	                        .joins_feeds = !config->no_feed_joins,
	                        .application = config->application ? config->application
	                                                           : record->application,
	                        .max_packets = config->max_packets,
	                        .max_bytes = config->max_bytes,
	                        .max_duration_ns = config->max_duration_ns,
	                        .clock = config->clock,
	                        .tai_offset_s = config->tai_offset_s,
	                        .waits_for_interfaces = config->waits_for_interfaces,
	                        .progress_every_ns = config->progress_every_ns,
	                        .abort_writes = &record->abort_writes,
	                        .on_frames = config->on_frames ? on_frames : NULL,
	                        .on_begin = on_begin,
	                        .on_progress = on_progress,
	                        .on_event = on_event,
	                        .on_feed_event = on_feed_event,
	                        .context = record,
	                },
	        .files = files_of(config),
	        .stream_fd = record->nowhere_fd,
	        .take = config->on_bytes ? on_bytes : NULL,
	        .sync = config->sync,
	        .sync_every_ns = config->sync_every_ns,
	        .queues = config->queues,
	        .cpus = config->cpus,
	        .cpu_count = config->cpu_count,
	        .fifo_priority = config->fifo_priority,
	        .lock_memory = config->lock_memory,
	};

	return wt_recording_open(&record->recording, &recording, err);
}

static int open_all(struct wt_record *record, struct wt_error *err)
{
	const struct wt_record_config *config = &record->config;
	int rc = check_config(config, err);

	if (!rc)
		rc = take_interfaces(record, err);
	if (!rc)
		rc = wt_feed_channels_read(&record->feed.channels, config->feeds,
		                           config->feed_count, config->feeds_path, err);
	if (!rc && !config->path && !config->on_bytes)
		rc = open_nowhere(record, err);
	if (!rc)
		rc = open_recording(record, err);
	if (rc)
		return rc;
	record->feed.monitor = wt_recording_feeds(record->recording);
	record->feed.on_news = config->on_news;
	record->feed.context = config->context;
	return 0;
}

int wt_record_open(struct wt_record **record, const struct wt_record_config *config,
                   struct wt_error *err)
{
	struct wt_record *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a recording");
	made->nowhere_fd = -1;
	snprintf(made->application, sizeof(made->application), "libwiretape %s", wt_version());
	rc = wt_sized_take(&made->config, sizeof(made->config), config, "wt_record_config", err);
	if (!rc)
		rc = open_all(made, err);
	if (rc)
		wt_record_close(made);
	else
		*record = made;
	return rc;
}

/* Take events of the background, at the end. The first error is the recording's, unless it has
 * one. */
static int take_events(struct wt_record *record, int rc, struct wt_error *err)
{
	char text[512];
	bool is_error;

	wt_recording_settle(record->recording);
	while (wt_recording_next_event(record->recording, text, sizeof(text), &is_error)) {
		on_event(record, text);
		if (is_error && !rc)
			rc = wt_error_set(err, -EIO, "%s", text);
	}
	return rc;
}

static struct wt_recorder_report report_of(struct wt_record *record)
{
	struct wt_recording_report report;

	wt_recording_report(record->recording, &report);
	return report.sum;
}

/* The recording's own result, or what has become of its files. */
static int judge(struct wt_record *record, int rc, struct wt_error *err)
{
	const char *files_error;

	rc = take_events(record, rc, err);
	files_error = report_of(record).files_error;
	return !rc && files_error ? wt_error_set(err, -EIO, "%s", files_error) : rc;
}

int wt_record_run(struct wt_record *record, struct wt_error *err)
{
	return judge(record, wt_recording_run(record->recording, err), err);
}

int wt_record_begin(struct wt_record *record, struct wt_error *err)
{
	return wt_recording_begin(record->recording, err);
}

enum wt_record_step wt_record_step(struct wt_record *record)
{
	bool more = wt_recording_step(record->recording);

	if (wt_recording_has_ended(record->recording))
		return WT_STEP_ENDED;
	return more ? WT_STEP_MORE : WT_STEP_WAIT;
}

int wt_record_fd(struct wt_record *record)
{
	return wt_recording_fd(record->recording);
}

int wt_record_result(struct wt_record *record, struct wt_error *err)
{
	return judge(record, wt_recording_result(record->recording, err), err);
}

void wt_record_stop(struct wt_record *record)
{
	record->abort_writes = 1;
	wt_recording_stop(record->recording);
}

void wt_record_stop_by(struct wt_record *record, int64_t deadline_ns)
{
	record->abort_writes = 1;
	wt_recording_stop_by(record->recording, deadline_ns);
	wt_recording_abort_commands(record->recording);
}

void wt_record_resume(struct wt_record *record)
{
	wt_recording_resume(record->recording);
}

void wt_record_poke(struct wt_record *record)
{
	wt_recording_request_report(record->recording);
}

int wt_record_state_read(struct wt_record *record, struct wt_record_state *state)
{
	struct wt_record_state filled;

	wt_recording_state(record->recording, &filled);
	if (!record->config.path)
		filled.file_bytes = filled.file_count = 0;
	return wt_sized_give(state, &filled, sizeof(filled), "wt_record_state", NULL);
}

int wt_record_ledger(struct wt_record *record, uint32_t interface, struct wt_record_entry *entries,
                     size_t capacity)
{
	struct wt_ledger ledger;
	size_t count = 0;
	int rc = wt_recording_ledger(record->recording, interface, &ledger);

	for (const struct wt_number *number = wt_ledger_numbers; !rc && number->type; number++) {
		struct wt_value read;

		if (count == capacity)
			return -ENOSPC;
		wt_number_read(number, &ledger, &read);
		entries[count].name = number->key;
		entries[count++].value = read.type == WT_VALUE_SIGNED ? read.i : (int64_t)read.u;
	}
	return rc ? rc : (int)count;
}

int wt_record_interface_read(struct wt_record *record, uint32_t interface,
                             struct wt_record_interface_info *info)
{
	struct wt_record_interface_info filled = {.size = sizeof(filled)};
	const struct wt_recorder_report report = report_of(record);
	const struct wt_recorder_interface *one;

	if (interface >= report.interface_count)
		return -ERANGE;
	one = &report.interfaces[interface];
	filled.name = one->reader->name;
	filled.phc = one->phc;
	filled.ring_bytes = one->reader->ring_bytes;
	filled.snaplen = one->reader->snaplen;
	filled.link_type = one->reader->link_type;
	filled.promiscuous = one->reader->promiscuous;
	filled.gone = one->gone;
	filled.stamps = one->reader->stamps;
	filled.clock = one->clock;
	return wt_sized_give(info, &filled, sizeof(filled), "wt_record_interface_info", NULL);
}

const char *wt_record_degraded(struct wt_record *record, size_t number)
{
	const struct wt_recorder_report report = report_of(record);

	for (size_t i = 0; report.degraded[i]; i++)
		if (i == number)
			return report.degraded[i];
	return NULL;
}

const struct wt_feed *wt_record_feed(const struct wt_record *record)
{
	return record->feed.monitor ? &record->feed : NULL;
}

void wt_record_close(struct wt_record *record)
{
	if (!record)
		return;
	if (record->recording && wt_recording_owes_result(record->recording)) {
		wt_record_stop(record);
		wt_recording_finish(record->recording, NULL);
	}
	wt_recording_close(record->recording);
	if (record->nowhere_fd >= 0)
		close(record->nowhere_fd);
	wt_feed_channels_free(&record->feed.channels);
	free(record->interfaces);
	free(record);
}
