/* SPDX-License-Identifier: BSD-2-Clause */
/* One recorder of a recording, with its disk and its files. */
#include <wiretape/capture/recorder/recording_private.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t wt_recording_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* From signal handlers, too: the interrupted code finds its errno as it was. */
void wt_recording_wake(struct wt_recording *recording)
{
	uint64_t one = 1;
	int saved = errno;

	/* write() fails only when the counter is full, and then the thread is awake. */
	(void)!write(recording->wake_fd, &one, sizeof(one));
	errno = saved;
}

static bool is_alone(const struct wt_member *member)
{
	return member->recording->count == 1;
}

char *wt_recording_queue_path(const char *path, uint32_t queue)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t stem = dot && dot != base ? (size_t)(dot - path) : strlen(path);
	char *made;

	return asprintf(&made, "%.*s_q%u%s", (int)stem, path, queue, path + stem) < 0 ? NULL : made;
}

static int choose_cpu(const struct wt_recording_config *config, uint32_t queue)
{
	return config->cpu_count ? config->cpus[(config->first_cpu + queue) % config->cpu_count]
	                         : -1;
}

static void on_frames(void *context, uint32_t queue, uint32_t interface,
                      const struct wt_frame *frames, size_t count)
{
	const struct wt_recorder_config *config =
	        &((const struct wt_member *)context)->recording->config.recorder;

	config->on_frames(config->context, queue, interface, frames, count);
}

static int copy_interfaces(struct wt_member *member)
{
	struct wt_recorder_config *config = &member->config;
	size_t count = config->interface_count;

	member->interfaces = calloc(count, sizeof(*member->interfaces));
	if (!member->interfaces)
		return -ENOMEM;
	memcpy(member->interfaces, config->interfaces, count * sizeof(*config->interfaces));
	for (size_t i = 0; i < count; i++)
		member->interfaces[i].busy_poll_us = member->recording->config.busy_poll_us;
	config->interfaces = member->interfaces;
	return 0;
}

/* What is there once for each interface is the first queue's. */
static int configure_queue(struct wt_member *member)
{
	struct wt_recorder_config *config = &member->config;
	size_t count = config->interface_count;

	member->told.interfaces = calloc(count, sizeof(*member->told.interfaces));
	member->known.interfaces = calloc(count, sizeof(*member->known.interfaces));
	if (!member->told.interfaces || !member->known.interfaces)
		return -ENOMEM;
	config->recording_id = member->recording->id;
	config->share = &member->recording->share;
	config->shared_feeds = member->recording->feeds;
	config->lanes = (uint32_t)member->recording->count;
	config->lane = member->queue;
	if (member->queue)
		config->join_count = 0;
	config->max_packets = 0; /* shared */
	config->progress_every_ns = 0;
	config->on_progress = wt_member_tell;
	config->on_frames = config->on_frames ? on_frames : NULL;
	config->context = member;
	return 0;
}

int wt_member_init(struct wt_member *member, struct wt_recording *recording, uint32_t queue)
{
	const char *path = recording->config.files.path;

	member->recording = recording;
	member->queue = queue;
	member->cpu = choose_cpu(&recording->config, queue);
	member->config = recording->config.recorder;
	if (path)
		member->path =
		        is_alone(member) ? strdup(path) : wt_recording_queue_path(path, queue);
	if (path && !member->path)
		return -ENOMEM;
	if (copy_interfaces(member))
		return -ENOMEM;
	return is_alone(member) ? 0 : configure_queue(member);
}

static int put_on_cpu(struct wt_member *member, struct wt_error *err)
{
	return member->cpu < 0 ? 0 : wt_realtime_begin(&member->realtime, member->cpu + 1, 0, err);
}

/* The group is made by the first to be opened. */
static void join_group(struct wt_member *member)
{
	const struct wt_recording *recording = member->recording;
	enum wt_fanout fanout = recording->config.fanout;
	struct wt_recorder_report first = {0};

	if (member->queue)
		wt_recorder_report(recording->members[0].recorder, &first);
	for (size_t i = 0; i < member->config.interface_count; i++) {
		struct wt_reader_config *interface = &member->interfaces[i];

		interface->fanout = fanout == WT_FANOUT_NONE ? WT_FANOUT_QM : fanout;
		interface->queue = member->queue;
		interface->queues = (uint32_t)recording->count;
		if (member->queue)
			interface->fanout_group = first.interfaces[i].reader->fanout_group;
	}
}

/* On its CPU before its rings are made, so that they are near it. */
int wt_member_open(struct wt_member *member)
{
	int rc = put_on_cpu(member, &member->err);

	if (!is_alone(member))
		join_group(member);
	if (!rc)
		rc = wt_recorder_open(&member->recorder, &member->config, &member->err);
	/* The threads of its files, which are started next, run anywhere. */
	if (is_alone(member))
		wt_realtime_end(&member->realtime);
	return rc;
}

static ssize_t take(void *context, const uint8_t *bytes, size_t length)
{
	const struct wt_member *member = context;
	const struct wt_recording_config *recording = &member->recording->config;

	return recording->take(recording->recorder.context, member->queue, bytes, length);
}

static int open_sink(void *context, const char *path, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *err)
{
	const struct wt_member *member = context;
	const struct wt_recording_config *recording = &member->recording->config;
	const volatile sig_atomic_t *abort_writes = recording->recorder.abort_writes;
	int rc;

	if (recording->take)
		return wt_sink_call_open(sink, take, context, config);
	if (!member->files)
		return wt_sink_stream_open(sink, recording->stream_fd, config);
	/* A FIFO waits for its reader; a signal that asks for nothing does not end the wait. */
	do {
		rc = wt_sink_file_open(sink, path, member->disk, recording->direct, false, config,
		                       err);
	} while (rc == -EINTR && !(abort_writes && *abort_writes));
	return rc;
}

int wt_member_open_files(struct wt_member *member, uint32_t first_number, struct wt_error *err)
{
	struct wt_file_set_config files = member->recording->config.files;

	if (!member->path)
		return 0;
	wt_file_set_close(member->files);
	member->files = NULL;
	files.path = member->path;
	files.keep_bytes /= member->recording->count;
	files.first_number = first_number;
	return wt_file_set_open(&member->files, &files, err);
}

static int open_disk(struct wt_member *member, struct wt_error *err)
{
	const struct wt_recording_config *recording = &member->recording->config;
	enum wt_disk_kind io = recording->io;

	/* Through the page cache a thread is as fast as io_uring, for less (bench/sink). */
	if (io == WT_DISK_AUTO && recording->direct == WT_DIRECT_OFF)
		io = WT_DISK_PWRITE;
	return wt_disk_open(&member->disk, io, err);
}

int wt_member_open_output(struct wt_member *member, struct wt_error *err)
{
	const struct wt_recording_config *recording = &member->recording->config;
	int rc = member->path ? open_disk(member, err) : 0;

	member->output = (struct wt_recorder_output){
	        .open = open_sink,
	        .context = member,
	        .files = member->files,
	        .disk = member->disk,
	        .abort_writes = recording->recorder.abort_writes,
	        .layout = recording->layout,
	        .sync = recording->sync,
	        .sync_every_ns = recording->sync_every_ns,
	};
	return rc;
}

/* Less than was asked for is no error. */
static void be_realtime(struct wt_member *member)
{
	struct wt_recording *recording = member->recording;
	int priority = recording->config.fifo_priority;
	struct wt_error refused;

	if (is_alone(member))
		put_on_cpu(member, &refused);
	if (priority && wt_realtime_begin(&member->realtime, 0, priority, &refused))
		wt_recorder_degrade(member->recorder, refused.text);
	else if (priority)
		atomic_store_explicit(&recording->has_fifo, true, memory_order_relaxed);
	if (recording->memory_refused.code)
		wt_recorder_degrade(member->recorder, recording->memory_refused.text);
}

int wt_member_begin(struct wt_member *member)
{
	int rc;

	be_realtime(member);
	rc = wt_recorder_begin(member->recorder, &member->output, &member->err);
	if (rc)
		wt_realtime_end(&member->realtime);
	return rc;
}

int wt_member_result(struct wt_member *member)
{
	wt_realtime_end(&member->realtime);
	return wt_recorder_result(member->recorder, &member->err);
}

int wt_member_finish(struct wt_member *member)
{
	int rc = wt_recorder_finish(member->recorder, &member->err);

	wt_realtime_end(&member->realtime);
	return rc;
}

int wt_member_run(struct wt_member *member)
{
	int rc = wt_member_begin(member);

	return rc ? rc : wt_member_finish(member);
}

void wt_member_close(struct wt_member *member)
{
	wt_recorder_close(member->recorder);
	wt_file_set_close(member->files);
	wt_disk_close(member->disk);
	free(member->told.interfaces);
	free(member->known.interfaces);
	free(member->interfaces);
	free(member->path);
}

/* Strings of a recorder last as long as it does. */
static void copy(struct wt_snapshot *snapshot, const struct wt_recorder_report *report)
{
	size_t notes = 0;

	memcpy(snapshot->interfaces, report->interfaces,
	       report->interface_count * sizeof(*report->interfaces));
	while (report->degraded[notes] && notes + 1 < WT_RECORDING_NOTES) {
		snapshot->degraded[notes] = report->degraded[notes];
		notes++;
	}
	snapshot->degraded[notes] = NULL;
	snapshot->report = *report;
	snapshot->report.interfaces = snapshot->interfaces;
	snapshot->report.degraded = snapshot->degraded;
}

void wt_member_tell(void *context, const struct wt_recorder_report *report, bool report_requested)
{
	struct wt_member *member = context;
	unsigned asked = atomic_load_explicit(&member->asked, memory_order_acquire);

	(void)report_requested;
	if (atomic_load_explicit(&member->answered, memory_order_relaxed) == asked)
		return;
	copy(&member->told, report);
	atomic_store_explicit(&member->answered, asked, memory_order_release);
	wt_recording_wake(member->recording);
}

bool wt_member_has_answered(const struct wt_member *member)
{
	return atomic_load_explicit(&member->answered, memory_order_acquire) ==
	       atomic_load_explicit(&member->asked, memory_order_relaxed);
}

void wt_member_ask(struct wt_member *member)
{
	if (!wt_member_has_answered(member))
		return;
	atomic_fetch_add_explicit(&member->asked, 1, memory_order_release);
	wt_recorder_request_report(member->recorder);
}

void wt_member_look(struct wt_member *member, bool records)
{
	struct wt_recorder_report report;

	if (records) {
		if (wt_member_has_answered(member) && member->told.report.interfaces)
			copy(&member->known, &member->told.report);
		return;
	}
	wt_recorder_report(member->recorder, &report);
	copy(&member->known, &report);
}
