/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDING_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDING_H

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/writer/disk/disk.h>

/* A recording: its recorders, or lanes, with the disk and the files of each. Without queues it is
 * one, which records in the caller's thread. With queues it has as many lanes, each with a thread
 * and a queue of every interface, and NAME_q0.EXT, NAME_q1.EXT … to write. They are one recording:
 * they begin together, go on to the next file together, keep its limits together, and end
 * together. */
struct wt_recording;

enum { WT_RECORDING_QUEUES_MOST = 256 };

/* Zero is the default given in brackets. All strings and arrays are borrowed until the recording is
 * closed. */
struct wt_recording_config {
	/* Of the lanes. Its limits are those of all together. Its callbacks run in the thread of
	 * wt_recording_run(), but on_frames in the lanes' threads. */
	struct wt_recorder_config recorder;
	struct wt_file_set_config files; /* path [none] */
	int stream_fd;                   /* without a path: the bytes go here, */
	/* or, with the recorder's context and in the lane's thread, to this, as to a wt_sink_take;
	 * wt_recording_resume() when it may take more [none] */
	ssize_t (*take)(void *context, uint32_t queue, const void *bytes, size_t length);
	enum wt_disk_kind io;
	enum wt_direct direct;
	enum wt_placement layout;
	enum wt_record_sync sync;
	int64_t sync_every_ns;
	/* Lanes; WT_QUEUES_AUTO: as many as the interfaces have receive queues, at most
	 * one for each CPU that the caller may use [1] */
	int queues;
	enum wt_fanout fanout; /* how packets are shared out among several [WT_FANOUT_QM] */
	uint32_t busy_poll_us; /* as in wt_reader_config */
	/* CPUs to put lanes on, in turn, from the one with this index on [none] */
	const uint16_t *cpus;
	size_t cpu_count, first_cpu;
	int fifo_priority; /* SCHED_FIFO of the lanes, 1 to 99 [as the caller] */
	bool lock_memory;  /* of the process, and for good */
};

/* A lane, as it stands. */
struct wt_recording_lane {
	uint32_t queue;
	int cpu;          /* -1: any */
	const char *path; /* NULL: none */
	struct wt_recorder_report report;
	const struct wt_file_set_entry *files; /* once settled */
	size_t file_count;
};

/* The state of a recording, borrowed from it. */
struct wt_recording_report {
	struct wt_recorder_report sum;
	uint32_t fullest; /* the queue whose ring was fullest, as sum.high_water_pct has it */
	const struct wt_recording_lane *lanes;
	size_t lane_count;
	int fifo_priority; /* 0: none, or refused */
	bool memory_locked;
};

/* Open all interfaces, in the lanes' threads, with their gates shut, then the folders of files.
 * -EINVAL for queues of what has none. */
int wt_recording_open(struct wt_recording **recording, const struct wt_recording_config *config,
                      struct wt_error *err);

/* As wt_recorder_run(), for all lanes. If one cannot begin, none does. */
int wt_recording_run(struct wt_recording *recording, struct wt_error *err);

/* The same in pieces, as wt_recorder_begin() and those after it. Lanes that have threads of their
 * own record by themselves; a step then is what there is to do beside them. */
int wt_recording_begin(struct wt_recording *recording, struct wt_error *err);
int wt_recording_fd(struct wt_recording *recording);
bool wt_recording_step(struct wt_recording *recording);
bool wt_recording_has_ended(struct wt_recording *recording);
int wt_recording_result(struct wt_recording *recording, struct wt_error *err);
/* It has begun, and its result was not asked for; and what is left of wt_recording_run() then. */
bool wt_recording_owes_result(const struct wt_recording *recording);
int wt_recording_finish(struct wt_recording *recording, struct wt_error *err);

/* As wt_recorder_stop(), wt_recorder_stop_by() and wt_recorder_request_report(). */
void wt_recording_stop(struct wt_recording *recording);
void wt_recording_stop_by(struct wt_recording *recording, int64_t deadline_ns);
void wt_recording_request_report(struct wt_recording *recording);

/* `take` may take more. Any thread. */
void wt_recording_resume(struct wt_recording *recording);

/* What all lanes have so far, not older than 50 ms. Any thread. */
void wt_recording_state(struct wt_recording *recording, struct wt_record_state *state);
/* Likewise the ledger of an interface, or of all; -ERANGE if there is no such interface. */
int wt_recording_ledger(struct wt_recording *recording, uint32_t interface,
                        struct wt_ledger *ledger);

/* Do not wait for commands of files that are finished. From any thread or signal handler. */
void wt_recording_abort_commands(struct wt_recording *recording);

/* In the thread of wt_recording_run(), in its callbacks, too, and before and after it. */
void wt_recording_report(struct wt_recording *recording, struct wt_recording_report *report);
struct wt_feed_monitor *wt_recording_feeds(const struct wt_recording *recording);
bool wt_recording_rotates(const struct wt_recording *recording);

/* Wait until all files are finished, and take what there is to say about it, as
 * wt_file_set_next_event(). */
void wt_recording_settle(struct wt_recording *recording);
int wt_recording_next_event(struct wt_recording *recording, char *text, size_t capacity,
                            bool *error);

/* Close; NULL is fine. */
void wt_recording_close(struct wt_recording *recording);

/* "feed_q3.pcapng" of "feed.pcapng"; the caller frees it. NULL: no memory. */
char *wt_recording_queue_path(const char *path, uint32_t queue);

#endif
