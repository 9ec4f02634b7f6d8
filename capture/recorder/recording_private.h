/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDING_PRIVATE_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDING_PRIVATE_H

/* A recording and its lanes; each of its files uses only those after it: recording_open.c,
 * recording.c (what its thread does while lanes record), recording_report.c (sums, what there is to
 * tell), recording_lane.c. */

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <wiretape/base/realtime.h>
#include <wiretape/capture/recorder/recorder_share.h>
#include <wiretape/capture/recorder/recording.h>
#include <wiretape/capture/recorder/shared_feeds.h>

/* Most that a recorder names, and the NULL after the last. */
enum { WT_RECORDING_NOTES = 33 };

/* A lane: a recorder with all that it needs, its thread, its disk and its files. */
struct wt_lane {
	struct wt_recording *recording;
	uint32_t queue;
	int cpu;    /* -1: any */
	char *path; /* owned; NULL: none */
	struct wt_recorder_config config;
	struct wt_reader_config *interfaces;
	struct wt_recorder *recorder;
	struct wt_disk *disk;      /* NULL without files */
	struct wt_file_set *files; /* the same */
	struct wt_recorder_output output;
	struct wt_realtime realtime;
	pthread_t thread;
	bool has_thread;
	int rc; /* of what its thread has done last */
	struct wt_error err;
	/* Guarded by the recording's lock. */
	bool has_opened, has_begun, has_ended;
	/* What is asked for, by the recording's thread, and what was answered. In between `told` is
	 * the lane's, else the recording's. Each pairs with the other: release, acquire. */
	atomic_uint asked, answered;
	struct wt_snapshot {
		struct wt_recorder_report report;
		struct wt_recorder_interface *interfaces;
		const char *degraded[WT_RECORDING_NOTES];
	} told, known; /* `known` is the recording's own */
};

enum wt_recording_stage { WT_STAGE_OPENING, WT_STAGE_RUNNING, WT_STAGE_CLOSING };

/* A line that a lane has said. */
struct wt_said {
	struct wt_said *next;
	uint32_t queue;
	int64_t at_ns;
	char text[];
};

enum { WT_SAID_KEPT = 8 };

struct wt_recording {
	struct wt_recording_config config;
	struct wt_lane *lanes;
	size_t count;
	struct wt_recorder_share share;
	struct wt_shared_feeds *feeds; /* of several lanes; NULL: none are followed */
	uint64_t id;                   /* of its files */
	struct wt_recording_lane *rows;
	struct wt_recorder_interface *sums; /* of each interface */
	const char **degraded;              /* of all lanes, each once */
	bool memory_locked;
	atomic_bool has_fifo;           /* some lane; says nothing of anything else: relaxed */
	struct wt_error memory_refused; /* why it is not, if it was asked for */

	/* For several lanes. */
	int wake_fd; /* of the recording's thread */
	atomic_bool report_requested;
	pthread_mutex_t lock; /* guards the next six, and the lanes' has_… */
	pthread_cond_t news;
	enum wt_recording_stage stage;
	bool failed; /* one cannot begin: none does */
	size_t ready, begun;
	struct wt_said *said, **said_end;
	/* Of the recording's thread alone. */
	int fd, timer_fd; /* epoll of wake_fd and a timer, for a loop of one's own; -1: there is
	                     none */
	bool has_ended;   /* the last step has found that all have */
	bool owes_result; /* begun, and nobody has asked what has become of it */
	bool told_begun, is_asking, owes_report, owes_progress;
	int64_t asked_ns, progress_due_ns;
	struct wt_said *heard[WT_SAID_KEPT]; /* the latest */
	size_t next_heard;
};

/* recording_lane.c */

/* Prepare the lane for this queue; of several, or the only one. 0 or -ENOMEM. */
int wt_lane_init(struct wt_lane *lane, struct wt_recording *recording, uint32_t queue);
/* In the thread that records. */
int wt_lane_open(struct wt_lane *lane);
int wt_lane_run(struct wt_lane *lane);
/* The same in pieces, which are all the caller's thread's: after it has begun, wt_recorder_step().
 */
int wt_lane_begin(struct wt_lane *lane);
int wt_lane_result(struct wt_lane *lane);
int wt_lane_finish(struct wt_lane *lane);
/* In another one, which background threads take after: open its files, or open them again, of which
 * none has a number below this; then the rest. */
int wt_lane_open_files(struct wt_lane *lane, uint32_t first_number, struct wt_error *err);
int wt_lane_open_output(struct wt_lane *lane, struct wt_error *err);
void wt_lane_close(struct wt_lane *lane);

/* Have the lane's report in `known`: as it stands, if it does not record, else as it was told
 * last. */
void wt_lane_look(struct wt_lane *lane, bool records);
/* Callback of its recorder: answer what was asked. */
void wt_lane_tell(void *context, const struct wt_recorder_report *report, bool report_requested);
/* Ask for a report, unless the last one was not answered; whether it was. */
void wt_lane_ask(struct wt_lane *lane);
bool wt_lane_has_answered(const struct wt_lane *lane);

/* Wake the recording's thread; from signal handlers, too. */
void wt_recording_wake(struct wt_recording *recording);
int64_t wt_recording_clock_ns(clockid_t clock);

/* recording_report.c */

/* Callback of a recorder: keep a line for the recording's thread, which is told. */
void wt_recording_say(void *context, const char *text);
/* Say what lanes have said, what all say once. */
void wt_recording_pass_on(struct wt_recording *recording);
void wt_recording_forget(struct wt_recording *recording);

#endif
