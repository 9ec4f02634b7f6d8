/* SPDX-License-Identifier: BSD-2-Clause */
/* A lane of a recording: a recorder with its thread, its disk and its files. */
#include <wiretape/capture/recorder/recording_private.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t wt_recording_clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
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

static bool is_alone(const struct wt_lane *lane)
{
	return lane->recording->count == 1;
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
	        &((const struct wt_lane *)context)->recording->config.recorder;

	config->on_frames(config->context, queue, interface, frames, count);
}

static int copy_interfaces(struct wt_lane *lane)
{
	struct wt_recorder_config *config = &lane->config;
	size_t count = config->interface_count;

	lane->interfaces = calloc(count, sizeof(*lane->interfaces));
	if (!lane->interfaces)
		return -ENOMEM;
	memcpy(lane->interfaces, config->interfaces, count * sizeof(*config->interfaces));
	for (size_t i = 0; i < count; i++)
		lane->interfaces[i].busy_poll_us = lane->recording->config.busy_poll_us;
	config->interfaces = lane->interfaces;
	return 0;
}

/* What is there once for each interface is the first queue's. */
static int configure_queue(struct wt_lane *lane)
{
	struct wt_recorder_config *config = &lane->config;
	size_t count = config->interface_count;

	lane->told.interfaces = calloc(count, sizeof(*lane->told.interfaces));
	lane->known.interfaces = calloc(count, sizeof(*lane->known.interfaces));
	if (!lane->told.interfaces || !lane->known.interfaces)
		return -ENOMEM;
	config->recording_id = lane->recording->id;
	config->share = &lane->recording->share;
	config->shared_feeds = lane->recording->feeds;
	config->lanes = (uint32_t)lane->recording->count;
	config->lane = lane->queue;
	if (lane->queue)
		config->join_count = 0;
	config->max_packets = 0; /* shared */
	config->progress_every_ns = 0;
	config->on_progress = wt_lane_tell;
	config->on_frames = config->on_frames ? on_frames : NULL;
	config->context = lane;
	return 0;
}

int wt_lane_init(struct wt_lane *lane, struct wt_recording *recording, uint32_t queue)
{
	const char *path = recording->config.files.path;

	lane->recording = recording;
	lane->queue = queue;
	lane->cpu = choose_cpu(&recording->config, queue);
	lane->config = recording->config.recorder;
	if (path)
		lane->path = is_alone(lane) ? strdup(path) : wt_recording_queue_path(path, queue);
	if (path && !lane->path)
		return -ENOMEM;
	if (copy_interfaces(lane))
		return -ENOMEM;
	return is_alone(lane) ? 0 : configure_queue(lane);
}

static int put_on_cpu(struct wt_lane *lane, struct wt_error *err)
{
	return lane->cpu < 0 ? 0 : wt_realtime_begin(&lane->realtime, lane->cpu + 1, 0, err);
}

/* The group is made by the first to be opened. */
static void join_group(struct wt_lane *lane)
{
	const struct wt_recording *recording = lane->recording;
	enum wt_fanout fanout = recording->config.fanout;
	struct wt_recorder_report first = {0};

	if (lane->queue)
		wt_recorder_report(recording->lanes[0].recorder, &first);
	for (size_t i = 0; i < lane->config.interface_count; i++) {
		struct wt_reader_config *interface = &lane->interfaces[i];

		interface->fanout = fanout == WT_FANOUT_NONE ? WT_FANOUT_QM : fanout;
		interface->queue = lane->queue;
		interface->queues = (uint32_t)recording->count;
		if (lane->queue)
			interface->fanout_group = first.interfaces[i].reader->fanout_group;
	}
}

/* On its CPU before its rings are made, so that they are near it. */
int wt_lane_open(struct wt_lane *lane)
{
	int rc = put_on_cpu(lane, &lane->err);

	if (!is_alone(lane))
		join_group(lane);
	if (!rc)
		rc = wt_recorder_open(&lane->recorder, &lane->config, &lane->err);
	/* The threads of its files, which are started next, run anywhere. */
	if (is_alone(lane))
		wt_realtime_end(&lane->realtime);
	return rc;
}

static ssize_t take(void *context, const uint8_t *bytes, size_t length)
{
	const struct wt_lane *lane = context;
	const struct wt_recording_config *recording = &lane->recording->config;

	return recording->take(recording->recorder.context, lane->queue, bytes, length);
}

static int open_sink(void *context, const char *path, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *err)
{
	const struct wt_lane *lane = context;
	const struct wt_recording_config *recording = &lane->recording->config;
	const volatile sig_atomic_t *abort_writes = recording->recorder.abort_writes;
	int rc;

	if (recording->take)
		return wt_sink_call_open(sink, take, context, config);
	if (!lane->files)
		return wt_sink_stream_open(sink, recording->stream_fd, config);
	/* A FIFO waits for its reader; a signal that asks for nothing does not end the wait. */
	do {
		rc = wt_sink_file_open(sink, path, lane->disk, recording->direct, false, config,
		                       err);
	} while (rc == -EINTR && !(abort_writes && *abort_writes));
	return rc;
}

int wt_lane_open_files(struct wt_lane *lane, uint32_t first_number, struct wt_error *err)
{
	struct wt_file_set_config files = lane->recording->config.files;

	if (!lane->path)
		return 0;
	wt_file_set_close(lane->files);
	lane->files = NULL;
	files.path = lane->path;
	files.keep_bytes /= lane->recording->count;
	files.first_number = first_number;
	return wt_file_set_open(&lane->files, &files, err);
}

static int open_disk(struct wt_lane *lane, struct wt_error *err)
{
	const struct wt_recording_config *recording = &lane->recording->config;
	enum wt_disk_kind io = recording->io;

	/* Through the page cache a thread is as fast as io_uring, for less (bench/sink). */
	if (io == WT_DISK_AUTO && recording->direct == WT_DIRECT_OFF)
		io = WT_DISK_PWRITE;
	return wt_disk_open(&lane->disk, io, err);
}

int wt_lane_open_output(struct wt_lane *lane, struct wt_error *err)
{
	const struct wt_recording_config *recording = &lane->recording->config;
	int rc = lane->path ? open_disk(lane, err) : 0;

	lane->output = (struct wt_recorder_output){
	        .open = open_sink,
	        .context = lane,
	        .files = lane->files,
	        .disk = lane->disk,
	        .abort_writes = recording->recorder.abort_writes,
	        .layout = recording->layout,
	        .sync = recording->sync,
	        .sync_every_ns = recording->sync_every_ns,
	};
	return rc;
}

/* Less than was asked for is no error. */
static void be_realtime(struct wt_lane *lane)
{
	struct wt_recording *recording = lane->recording;
	int priority = recording->config.fifo_priority;
	struct wt_error refused;

	if (is_alone(lane))
		put_on_cpu(lane, &refused);
	if (priority && wt_realtime_begin(&lane->realtime, 0, priority, &refused))
		wt_recorder_degrade(lane->recorder, refused.text);
	else if (priority)
		atomic_store_explicit(&recording->has_fifo, true, memory_order_relaxed);
	if (recording->memory_refused.code)
		wt_recorder_degrade(lane->recorder, recording->memory_refused.text);
}

int wt_lane_begin(struct wt_lane *lane)
{
	int rc;

	be_realtime(lane);
	rc = wt_recorder_begin(lane->recorder, &lane->output, &lane->err);
	if (rc)
		wt_realtime_end(&lane->realtime);
	return rc;
}

int wt_lane_result(struct wt_lane *lane)
{
	wt_realtime_end(&lane->realtime);
	return wt_recorder_result(lane->recorder, &lane->err);
}

int wt_lane_finish(struct wt_lane *lane)
{
	int rc = wt_recorder_finish(lane->recorder, &lane->err);

	wt_realtime_end(&lane->realtime);
	return rc;
}

int wt_lane_run(struct wt_lane *lane)
{
	int rc = wt_lane_begin(lane);

	return rc ? rc : wt_lane_finish(lane);
}

void wt_lane_close(struct wt_lane *lane)
{
	wt_recorder_close(lane->recorder);
	wt_file_set_close(lane->files);
	wt_disk_close(lane->disk);
	free(lane->told.interfaces);
	free(lane->known.interfaces);
	free(lane->interfaces);
	free(lane->path);
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

void wt_lane_tell(void *context, const struct wt_recorder_report *report, bool report_requested)
{
	struct wt_lane *lane = context;
	unsigned asked = atomic_load_explicit(&lane->asked, memory_order_acquire);

	(void)report_requested;
	if (atomic_load_explicit(&lane->answered, memory_order_relaxed) == asked)
		return;
	copy(&lane->told, report);
	atomic_store_explicit(&lane->answered, asked, memory_order_release);
	wt_recording_wake(lane->recording);
}

bool wt_lane_has_answered(const struct wt_lane *lane)
{
	return atomic_load_explicit(&lane->answered, memory_order_acquire) ==
	       atomic_load_explicit(&lane->asked, memory_order_relaxed);
}

void wt_lane_ask(struct wt_lane *lane)
{
	if (!wt_lane_has_answered(lane))
		return;
	atomic_fetch_add_explicit(&lane->asked, 1, memory_order_release);
	wt_recorder_request_report(lane->recorder);
}

void wt_lane_look(struct wt_lane *lane, bool records)
{
	struct wt_recorder_report report;

	if (records) {
		if (wt_lane_has_answered(lane) && lane->told.report.interfaces)
			copy(&lane->known, &lane->told.report);
		return;
	}
	wt_recorder_report(lane->recorder, &report);
	copy(&lane->known, &report);
}
