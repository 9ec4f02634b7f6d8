/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording is made: how many lanes, their threads until they record, their files. */
#include <wiretape/capture/recorder/recording_private.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static void wake_lanes(void *recording)
{
	wt_recording_resume(recording);
}

/* As many as any of the interfaces has, and not more than there are CPUs for. */
static size_t count_queues(const struct wt_recorder_config *config)
{
	cpu_set_t cpus;
	size_t most = 1, allowed = 1;

	for (size_t i = 0; i < config->interface_count; i++) {
		struct wt_link link;

		if (config->interfaces[i].kind == WT_READER_V3 &&
		    !wt_link_read(config->interfaces[i].interface, &link, NULL) &&
		    link.rx_queues > most)
			most = link.rx_queues;
	}
	if (!sched_getaffinity(0, sizeof(cpus), &cpus))
		allowed = (size_t)CPU_COUNT(&cpus);
	most = most < allowed ? most : allowed;
	return most < WT_RECORDING_QUEUES_MOST ? most : WT_RECORDING_QUEUES_MOST;
}

/* Readers whose packets the kernel can deal out. */
static bool has_queues(enum wt_reader_kind kind)
{
	return kind == WT_READER_V3 || kind == WT_READER_SIM;
}

/* What cannot be written by several at once, or read from several. */
static int check_queues(const struct wt_recording_config *config, struct wt_error *err)
{
	const struct wt_recorder_config *recorder = &config->recorder;
	struct stat status;

	for (size_t i = 0; i < recorder->interface_count; i++)
		if (!has_queues(recorder->interfaces[i].kind))
			return wt_error_set(err, -EINVAL,
			                    "%s: the reader %s has one queue; v3 may have several",
			                    recorder->interfaces[i].interface,
			                    wt_reader_kind_name(recorder->interfaces[i].kind));
	if (!config->files.path)
		return recorder->on_frames || config->take
		               ? 0
		               : wt_error_set(err, -EINVAL,
		                              "several queues write a file each: name one");
	if (!stat(config->files.path, &status) && !S_ISREG(status.st_mode))
		return wt_error_set(err, -EINVAL,
		                    "several queues write a file each, such as %s_q0, and %s is no "
		                    "file",
		                    config->files.path, config->files.path);
	return 0;
}

/* Wait for the stage, and whether it is to run. */
static bool is_to_run(struct wt_lane *lane)
{
	struct wt_recording *recording = lane->recording;
	bool runs;

	pthread_mutex_lock(&recording->lock);
	lane->has_opened = true;
	pthread_cond_broadcast(&recording->news);
	while (recording->stage == WT_STAGE_OPENING)
		pthread_cond_wait(&recording->news, &recording->lock);
	runs = recording->stage == WT_STAGE_RUNNING;
	pthread_mutex_unlock(&recording->lock);
	return runs;
}

/* What ends one ends all; a source that has delivered everything is one of several. */
static void end(struct wt_lane *lane)
{
	struct wt_recording *recording = lane->recording;
	struct wt_recorder_report report;

	wt_recorder_report(lane->recorder, &report);
	if (report.end != WT_END_SOURCE)
		wt_recorder_share_end(&recording->share, report.end);
	pthread_mutex_lock(&recording->lock);
	recording->failed |= !lane->has_begun;
	lane->has_ended = true;
	pthread_cond_broadcast(&recording->news);
	pthread_mutex_unlock(&recording->lock);
	wt_recording_wake(recording);
}

static void *run_lane(void *argument)
{
	struct wt_lane *lane = argument;

	lane->rc = wt_lane_open(lane);
	if (!is_to_run(lane))
		return NULL;
	lane->rc = wt_lane_run(lane);
	end(lane);
	return NULL;
}

/* Wait until all are there, or one cannot be. -ECANCELED: none begins. */
static int meet(struct wt_recording *recording, size_t *there)
{
	int rc;

	pthread_mutex_lock(&recording->lock);
	(*there)++;
	pthread_cond_broadcast(&recording->news);
	while (*there < recording->count && !recording->failed)
		pthread_cond_wait(&recording->news, &recording->lock);
	rc = *there < recording->count ? -ECANCELED : 0;
	pthread_mutex_unlock(&recording->lock);
	return rc;
}

/* In the lane's thread: its header is written. */
static int be_ready(void *context)
{
	struct wt_recording *recording = ((struct wt_lane *)context)->recording;

	return meet(recording, &recording->ready);
}

/* In the lane's thread: its gates are open. */
static int begin(void *context)
{
	struct wt_lane *lane = context;
	struct wt_recording *recording = lane->recording;
	int rc = meet(recording, &recording->begun);

	pthread_mutex_lock(&recording->lock);
	lane->has_begun = !rc;
	pthread_mutex_unlock(&recording->lock);
	wt_recording_wake(recording);
	return rc;
}

static int allocate(struct wt_recording *recording)
{
	size_t count = recording->count, interfaces = recording->config.recorder.interface_count;

	recording->lanes = calloc(count, sizeof(*recording->lanes));
	recording->rows = calloc(count, sizeof(*recording->rows));
	recording->sums = calloc(interfaces, sizeof(*recording->sums));
	recording->degraded = calloc(count * WT_RECORDING_NOTES, sizeof(*recording->degraded));
	recording->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!recording->lanes || !recording->rows || !recording->sums || !recording->degraded ||
	    recording->wake_fd < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct wt_lane *lane = &recording->lanes[i];

		if (wt_lane_init(lane, recording, i))
			return -ENOMEM;
		if (count == 1)
			break;
		lane->config.on_ready = be_ready;
		lane->config.on_begin = begin;
		lane->config.on_event = wt_recording_say;
	}
	return 0;
}

/* One after the other: the first has what the others find. */
static int start_lane(struct wt_lane *lane, struct wt_error *err)
{
	struct wt_recording *recording = lane->recording;
	sigset_t all, before;
	int rc;

	/* Signals are for the threads that were there before. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&lane->thread, NULL, run_lane, lane);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return wt_error_set(err, -rc, "cannot start a thread for queue %u: %s", lane->queue,
		                    strerror(rc));
	lane->has_thread = true;
	pthread_mutex_lock(&recording->lock);
	while (!lane->has_opened)
		pthread_cond_wait(&recording->news, &recording->lock);
	pthread_mutex_unlock(&recording->lock);
	if (lane->rc && err)
		*err = lane->err;
	return lane->rc;
}

static uint32_t next_number(const struct wt_lane *lane)
{
	return lane->files ? wt_file_set_next_number(lane->files) : 0;
}

/* Their files have the same numbers, even if an earlier recording has left more of some lane. */
static int open_files(struct wt_recording *recording, struct wt_error *err)
{
	uint32_t highest = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < recording->count; i++) {
		rc = wt_lane_open_files(&recording->lanes[i], 0, err);
		if (next_number(&recording->lanes[i]) > highest)
			highest = next_number(&recording->lanes[i]);
	}
	for (size_t i = 0; !rc && i < recording->count; i++)
		if (next_number(&recording->lanes[i]) < highest)
			rc = wt_lane_open_files(&recording->lanes[i], highest, err);
	return rc;
}

static int open_lanes(struct wt_recording *recording, struct wt_error *err)
{
	int rc = 0;

	if (recording->count == 1) {
		rc = wt_lane_open(&recording->lanes[0]);
		if (rc && err)
			*err = recording->lanes[0].err;
	}
	for (size_t i = 0; recording->count > 1 && !rc && i < recording->count; i++)
		rc = start_lane(&recording->lanes[i], err);
	if (!rc)
		rc = open_files(recording, err);
	for (size_t i = 0; !rc && i < recording->count; i++)
		rc = wt_lane_open_output(&recording->lanes[i], err);
	return rc;
}

/* Rings and buffers are there by now. */
static void lock_memory(struct wt_recording *recording)
{
	struct wt_realtime forever = {0};

	if (recording->config.lock_memory)
		recording->memory_locked = !wt_realtime_lock(&forever, &recording->memory_refused);
}

/* 0: no number of queues. */
static size_t queue_count(const struct wt_recording_config *config)
{
	if (config->queues == WT_QUEUES_AUTO)
		return count_queues(&config->recorder);
	if (config->queues < 0 || config->queues > WT_RECORDING_QUEUES_MOST)
		return 0;
	return config->queues ? (size_t)config->queues : 1;
}

static void wake_lane(void *context, uint32_t lane)
{
	wt_recorder_wake(((struct wt_recording *)context)->lanes[lane].recorder);
}

static void on_feed_event(void *context, const struct wt_feed_event *event)
{
	const struct wt_recorder_config *config =
	        &((struct wt_recording *)context)->config.recorder;

	if (config->on_feed_event)
		config->on_feed_event(config->context, event);
}

/* What several lanes see is followed by the recording's thread. */
static int open_feeds(struct wt_recording *recording, struct wt_error *err)
{
	const struct wt_recorder_config *recorder = &recording->config.recorder;
	const struct wt_shared_feeds_config config = {
	        .channels = recorder->feeds,
	        .lanes = (uint32_t)recording->count,
	        .interfaces = (uint32_t)recorder->interface_count,
	        .late_ns = recorder->feeds_late_ns,
	        .on_event = on_feed_event,
	        .wake_lane = wake_lane,
	        .context = recording,
	};

	if (recording->count == 1 || !recorder->feeds || !recorder->feeds->count)
		return 0;
	return wt_shared_feeds_open(&recording->feeds, &config, err);
}

static int set_up(struct wt_recording *recording, struct wt_error *err)
{
	const struct wt_recording_config *config = &recording->config;
	int rc;

	recording->count = queue_count(config);
	if (!recording->count)
		return wt_error_set(err, -EINVAL, "%d is no number of queues; there are 1 to %d",
		                    config->queues, WT_RECORDING_QUEUES_MOST);
	rc = recording->count > 1 ? check_queues(config, err) : 0;
	if (!rc)
		rc = open_feeds(recording, err);
	if (rc)
		return rc;
	if (allocate(recording))
		return wt_error_set(err, -ENOMEM, "no memory or descriptor for a recording");
	rc = open_lanes(recording, err);
	if (!rc)
		lock_memory(recording);
	return rc;
}

int wt_recording_open(struct wt_recording **recording, const struct wt_recording_config *config,
                      struct wt_error *err)
{
	struct wt_recording *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a recording");
	made->config = *config;
	made->wake_fd = made->fd = made->timer_fd = -1;
	made->said_end = &made->said;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->news, NULL);
	made->id = wt_recorder_make_id();
	wt_recorder_share_init(&made->share, config->recorder.max_packets,
	                       config->files.max_packets, wake_lanes, made);
	rc = set_up(made, err);
	if (rc)
		wt_recording_close(made);
	else
		*recording = made;
	return rc;
}
