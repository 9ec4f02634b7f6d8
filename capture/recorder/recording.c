/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording of one lane, in the caller's thread, or of several, each in its own. */
#include <wiretape/capture/recorder/recording_private.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

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
	int64_t now_ns = wt_recording_clock_ns(CLOCK_MONOTONIC);
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
	int64_t now_ns = wt_recording_clock_ns(CLOCK_MONOTONIC);

	/* To have something to tell before they have answered. */
	for (size_t i = 0; i < recording->count; i++)
		wt_lane_look(&recording->lanes[i], false);
	wt_recorder_share_begin(&recording->share, now_ns, wt_recording_clock_ns(CLOCK_REALTIME));
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
		poll(&wait, 1, timeout_ms(recording, wt_recording_clock_ns(CLOCK_MONOTONIC), more));
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
	int ms = timeout_ms(recording, wt_recording_clock_ns(CLOCK_MONOTONIC), more);
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
	for (size_t i = 0; i < recording->count; i++)
		wt_recorder_wake(recording->lanes[i].recorder);
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
