/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording of one recorder, in the caller's thread, or of several, each in its own. */
#include <wiretape/capture/recorder/recording_private.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t utc_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wake_lanes(void *context)
{
	struct wt_recording *recording = context;

	for (size_t i = 0; i < recording->count; i++)
		wt_recorder_wake(recording->lanes[i].recorder);
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

/* Call on_begin once all have begun. */
static void tell_begun(struct wt_recording *recording)
{
	const struct wt_recorder_config *config = &recording->config.recorder;
	bool all = true;

	if (recording->told_begun)
		return;
	pthread_mutex_lock(&recording->lock);
	for (size_t i = 0; i < recording->count; i++)
		all &= recording->lanes[i].has_begun;
	pthread_mutex_unlock(&recording->lock);
	recording->told_begun = all;
	if (all && config->on_begin)
		config->on_begin(config->context);
}

static bool all_ended(struct wt_recording *recording)
{
	bool all = true;

	pthread_mutex_lock(&recording->lock);
	for (size_t i = 0; i < recording->count; i++)
		all &= recording->lanes[i].has_ended;
	pthread_mutex_unlock(&recording->lock);
	return all;
}

static bool all_answered(struct wt_recording *recording)
{
	bool all = true;

	pthread_mutex_lock(&recording->lock);
	for (size_t i = 0; i < recording->count; i++)
		all &= recording->lanes[i].has_ended || wt_lane_has_answered(&recording->lanes[i]);
	pthread_mutex_unlock(&recording->lock);
	return all;
}

/* A lane that cannot answer for so long is passed over. */
static const int64_t patience_ns = 500000000;

static void answer(struct wt_recording *recording, bool requested)
{
	const struct wt_recorder_config *config = &recording->config.recorder;
	struct wt_recording_report report;

	if (!config->on_progress)
		return;
	wt_recording_report(recording, &report);
	config->on_progress(config->context, &report.sum, requested);
}

/* Reports that are due or were requested: lanes are asked, and when they have answered they are
 * added up. */
static void keep_reports(struct wt_recording *recording, int64_t now_ns)
{
	int64_t every_ns = recording->config.recorder.progress_every_ns;

	if (atomic_exchange(&recording->report_requested, false))
		recording->owes_report = true;
	if (every_ns && now_ns >= recording->progress_due_ns) {
		recording->owes_progress = true;
		recording->progress_due_ns = now_ns + every_ns;
	}
	if (!recording->owes_report && !recording->owes_progress)
		return;
	if (!recording->is_asking) {
		recording->is_asking = true;
		recording->asked_ns = now_ns;
		for (size_t i = 0; i < recording->count; i++)
			wt_lane_ask(&recording->lanes[i]);
	}
	if (!all_answered(recording) && now_ns - recording->asked_ns < patience_ns)
		return;
	recording->is_asking = false;
	if (recording->owes_progress)
		answer(recording, false);
	if (recording->owes_report)
		answer(recording, true);
	recording->owes_progress = recording->owes_report = false;
}

static int timeout_ms(const struct wt_recording *recording, int64_t now_ns, bool more)
{
	enum { FOLLOW_EVERY_MS = 5 };
	int64_t due_ns = INT64_MAX;

	if (recording->feeds)
		due_ns = now_ns + (more ? 0 : FOLLOW_EVERY_MS * INT64_C(1000000));
	if (recording->config.recorder.progress_every_ns && recording->progress_due_ns < due_ns)
		due_ns = recording->progress_due_ns;
	if (recording->is_asking && recording->asked_ns + patience_ns < due_ns)
		due_ns = recording->asked_ns + patience_ns;
	if (due_ns == INT64_MAX)
		return -1;
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + 999999) / 1000000);
}

/* What the recording's thread does while lanes record. Returns whether there is more to do at
 * once. */
static bool attend(struct wt_recording *recording)
{
	int64_t now_ns = wt_recording_clock_ns();
	bool ended = all_ended(recording);
	bool more = recording->feeds && wt_shared_feeds_follow(recording->feeds);

	tell_begun(recording);
	wt_recording_pass_on(recording);
	if (!ended && recording->told_begun)
		keep_reports(recording, now_ns);
	recording->has_ended = ended;
	return more && !ended;
}

static void set_stage(struct wt_recording *recording, enum wt_recording_stage stage)
{
	pthread_mutex_lock(&recording->lock);
	recording->stage = stage;
	pthread_cond_broadcast(&recording->news);
	pthread_mutex_unlock(&recording->lock);
}

static void join(struct wt_recording *recording)
{
	for (size_t i = 0; recording->lanes && i < recording->count; i++) {
		struct wt_lane *lane = &recording->lanes[i];

		if (lane->has_thread)
			pthread_join(lane->thread, NULL);
		lane->has_thread = false;
	}
}

/* The error of the lane that ended first for one, not of one that was only with it. */
static int explain(const struct wt_recording *recording, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < recording->count; i++) {
		const struct wt_lane *lane = &recording->lanes[i];

		if (!lane->rc || (rc && lane->rc == -ECANCELED) || (rc && rc != -ECANCELED))
			continue;
		rc = lane->rc;
		if (err)
			*err = lane->err;
	}
	return rc;
}

/* Follow to the end, also what lanes have seen that ended for want of something. */
static void finish_feeds(struct wt_recording *recording)
{
	if (!recording->feeds)
		return;
	for (uint32_t i = 0; i < recording->count; i++)
		wt_shared_feeds_end(recording->feeds, i);
	while (wt_shared_feeds_follow(recording->feeds))
		;
}

/* Lanes begin by themselves. */
static void begin_lanes(struct wt_recording *recording)
{
	int64_t now_ns = wt_recording_clock_ns();

	/* To have something to tell before they have answered. */
	for (size_t i = 0; i < recording->count; i++)
		wt_lane_look(&recording->lanes[i], false);
	wt_recorder_share_begin(&recording->share, now_ns, utc_clock_ns());
	recording->progress_due_ns = now_ns + recording->config.recorder.progress_every_ns;
	set_stage(recording, WT_STAGE_RUNNING);
}

int wt_recording_begin(struct wt_recording *recording, struct wt_error *err)
{
	struct wt_lane *first = &recording->lanes[0];

	recording->owes_result = true;
	if (recording->count > 1) {
		begin_lanes(recording);
		return 0;
	}
	first->rc = wt_lane_begin(first);
	recording->owes_result = !first->rc;
	return explain(recording, err);
}

bool wt_recording_has_ended(struct wt_recording *recording)
{
	return recording->count == 1 ? wt_recorder_has_ended(recording->lanes[0].recorder)
	                             : recording->has_ended;
}

int wt_recording_result(struct wt_recording *recording, struct wt_error *err)
{
	recording->owes_result = false;
	if (recording->count == 1) {
		recording->lanes[0].rc = wt_lane_result(&recording->lanes[0]);
	} else {
		join(recording);
		finish_feeds(recording);
	}
	return explain(recording, err);
}

bool wt_recording_owes_result(const struct wt_recording *recording)
{
	return recording->owes_result;
}

int wt_recording_run(struct wt_recording *recording, struct wt_error *err)
{
	int rc = wt_recording_begin(recording, err);

	return rc ? rc : wt_recording_finish(recording, err);
}

int wt_recording_finish(struct wt_recording *recording, struct wt_error *err)
{
	struct pollfd wait = {.fd = recording->wake_fd, .events = POLLIN};

	if (recording->count == 1) {
		recording->owes_result = false;
		recording->lanes[0].rc = wt_lane_finish(&recording->lanes[0]);
		return explain(recording, err);
	}
	for (;;) {
		bool more = wt_recording_step(recording);

		if (recording->has_ended)
			return wt_recording_result(recording, err);
		poll(&wait, 1, timeout_ms(recording, wt_recording_clock_ns(), more));
	}
}

/* ---- a loop of one's own ---- */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int add_to(int fd, int other)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(fd, EPOLL_CTL_ADD, other, &event) ? -errno : 0;
}

static int make_fd(struct wt_recording *recording)
{
	int rc;

	recording->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	recording->fd = epoll_create1(EPOLL_CLOEXEC);
	if (recording->timer_fd < 0 || recording->fd < 0)
		return -errno;
	rc = add_to(recording->fd, recording->timer_fd);
	return rc ? rc : add_to(recording->fd, recording->wake_fd);
}

int wt_recording_fd(struct wt_recording *recording)
{
	int rc;

	if (recording->count == 1)
		return wt_recorder_fd(recording->lanes[0].recorder);
	if (recording->fd >= 0)
		return recording->fd;
	rc = make_fd(recording);
	if (rc) {
		close_fd(recording->timer_fd);
		close_fd(recording->fd);
		recording->timer_fd = recording->fd = -1;
		return rc;
	}
	/* The next step sets the timer to what is due: so that one follows. */
	wt_recording_wake(recording);
	return recording->fd;
}

static void set_timer(const struct wt_recording *recording, bool more)
{
	int ms = timeout_ms(recording, wt_recording_clock_ns(), more);
	const struct itimerspec in = {
	        .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L + 1}};
	const struct itimerspec never = {0};

	if (recording->timer_fd >= 0)
		timerfd_settime(recording->timer_fd, 0, ms < 0 ? &never : &in, NULL);
}

bool wt_recording_step(struct wt_recording *recording)
{
	uint64_t wakes;
	bool more;

	if (recording->count == 1)
		return wt_recorder_step(recording->lanes[0].recorder);
	/* First, so that no news after it is missed. */
	if (read(recording->wake_fd, &wakes, sizeof(wakes)) < 0)
		errno = 0; /* nothing there: something is due */
	more = attend(recording);
	set_timer(recording, more);
	return more;
}

void wt_recording_stop(struct wt_recording *recording)
{
	for (size_t i = 0; i < recording->count; i++)
		wt_recorder_stop(recording->lanes[i].recorder);
}

void wt_recording_stop_by(struct wt_recording *recording, int64_t deadline_ns)
{
	for (size_t i = 0; i < recording->count; i++)
		wt_recorder_stop_by(recording->lanes[i].recorder, deadline_ns);
}

void wt_recording_resume(struct wt_recording *recording)
{
	wake_lanes(recording);
}

void wt_recording_request_report(struct wt_recording *recording)
{
	if (recording->count == 1) {
		wt_recorder_request_report(recording->lanes[0].recorder);
		return;
	}
	atomic_store(&recording->report_requested, true);
	wt_recording_wake(recording);
}

void wt_recording_abort_commands(struct wt_recording *recording)
{
	for (size_t i = 0; i < recording->count; i++)
		if (recording->lanes[i].files)
			wt_file_set_abort_writes(recording->lanes[i].files);
}

struct wt_feed_monitor *wt_recording_feeds(const struct wt_recording *recording)
{
	return recording->feeds ? wt_shared_feeds_monitor(recording->feeds)
	                        : wt_recorder_feeds(recording->lanes[0].recorder);
}

bool wt_recording_rotates(const struct wt_recording *recording)
{
	return recording->lanes[0].files && wt_file_set_rotates(recording->lanes[0].files);
}

void wt_recording_settle(struct wt_recording *recording)
{
	for (size_t i = 0; i < recording->count; i++) {
		struct wt_lane *lane = &recording->lanes[i];
		struct wt_recording_lane *row = &recording->rows[i];

		if (!lane->files)
			continue;
		wt_file_set_settle(lane->files);
		row->file_count = wt_file_set_files(lane->files, &row->files);
	}
}

int wt_recording_next_event(struct wt_recording *recording, char *text, size_t capacity,
                            bool *error)
{
	for (size_t i = 0; i < recording->count; i++)
		if (recording->lanes[i].files &&
		    wt_file_set_next_event(recording->lanes[i].files, text, capacity, error))
			return 1;
	return 0;
}

void wt_recording_close(struct wt_recording *recording)
{
	if (!recording)
		return;
	set_stage(recording, WT_STAGE_CLOSING);
	join(recording);
	for (size_t i = 0; recording->lanes && i < recording->count; i++)
		wt_lane_close(&recording->lanes[i]);
	wt_shared_feeds_close(recording->feeds);
	wt_recording_forget(recording);
	wt_recorder_share_fini(&recording->share);
	close_fd(recording->timer_fd);
	close_fd(recording->fd);
	close_fd(recording->wake_fd);
	pthread_cond_destroy(&recording->news);
	pthread_mutex_destroy(&recording->lock);
	free(recording->degraded);
	free(recording->sums);
	free(recording->rows);
	free(recording->lanes);
	free(recording);
}
