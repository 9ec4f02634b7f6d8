/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/capture/join/join.h>
#include <wiretape/capture/ledger.h>
#include <wiretape/capture/readers/reader.h>
#include <wiretape/capture/recorder/recorder_share.h>
#include <wiretape/feed/feed_monitor.h>
#include <wiretape/record.h>
#include <wiretape/stamp/clock_map.h>
#include <wiretape/writer/files/file_set.h>
#include <wiretape/writer/placement.h>
#include <wiretape/writer/sink.h>

/* The recorder wires readers, stamps and writer together: one thread that borrows blocks from all
 * rings, encodes them and hands them to the sink. No queue lies in between; a slow disk shows as
 * rings that fill up. */
struct wt_recorder;

/* One interface of a recording, as it stands. Strings live as long as the recorder. */
struct wt_recorder_interface {
	const struct wt_reader_info *reader;
	struct wt_ledger ledger;
	struct rtnl_link_stats64 nic_start; /* before the gate opened */
	struct rtnl_link_stats64 nic_now;   /* at the last look */
	enum wt_stamp_clock clock;          /* that its stamps show */
	const char *phc;         /* "/dev/ptp0": the clock of its stamps; NULL: the kernel's */
	struct wt_clock_map map; /* from that clock to UTC, the latest */
	uint64_t crosses;        /* cross timestamps taken */
	bool phc_stands_still;   /* by the latest of them: the map means nothing */
	bool has_nic;
	bool gone;
	double high_water_pct;
	int64_t high_water_ns; /* of traffic that the ring held then */
	double fill_pct;
};

/* Bytes the disk took and how long that took, over all files. */
struct wt_recorder_writes {
	uint64_t count;
	uint64_t slow;      /* took a second or longer */
	int64_t longest_ns; /* of a single one, those under way included */
	int64_t oldest_ns;  /* of those under way */
	uint32_t in_flight;
	uint32_t in_flight_most;
};

/* The state of a recording. Filled in by wt_recorder_report(); borrowed from the
 * recorder. */
struct wt_recorder_report {
	const struct wt_recorder_interface *interfaces;
	size_t interface_count;
	struct wt_ledger total;
	uint64_t file_bytes; /* of all files */
	uint32_t file_count;
	int64_t start_utc_ns; /* when the gates opened; 0: they never did */
	int64_t elapsed_ns;
	double high_water_pct; /* of the fullest ring */
	int64_t high_water_ns; /* of the ring that held most */
	double fill_pct;
	struct wt_recorder_writes writes;
	const char *disk;            /* "io_uring", "pwrite", or NULL: none is used */
	bool direct;                 /* past the page cache */
	const char *files_error;     /* a file that is not what it should be; NULL: none so far */
	enum wt_record_end end;      /* once it has ended */
	const char *const *degraded; /* named states, each said once; NULL-terminated */
};

struct wt_shared_feeds;

/* Zero is the default given in brackets. All strings are borrowed until the
 * recorder is closed. */
struct wt_recorder_config {
	const struct wt_reader_config *interfaces; /* one Interface Description Block each */
	size_t interface_count;
	const struct wt_join_group *joins; /* joined on each interface while recording [none] */
	size_t join_count;
	const struct wt_feed_channels *feeds; /* followed: their losses are found and told [none] */
	int64_t feeds_late_ns;                /* how long what is missing is waited for [1 s] */
	/* Where what several recorders see of them is followed [each for itself] */
	struct wt_shared_feeds *shared_feeds;
	bool joins_feeds;        /* their groups are joined, too */
	const char *application; /* "wiretape 0.1.0" */
	uint64_t recording_id;   /* in each of its files [one of its own] */
	/* What it shares with the other recorders of its recording, whose limits are those in it
	 * [it is alone] */
	struct wt_recorder_share *share;
	uint32_t lanes;              /* how many there are */
	uint32_t lane;               /* its number: counters of NICs are the first one's */
	uint64_t max_packets;        /* [no limit] */
	uint64_t max_bytes;          /* stop before a packet beyond it [no limit] */
	int64_t max_duration_ns;     /* [no limit] */
	enum wt_stamp_clock clock;   /* that stamps in the file show [UTC] */
	int32_t tai_offset_s;        /* TAI - UTC [the kernel's] */
	bool waits_for_interfaces;   /* also the last one that is gone may come back [it ends] */
	int64_t statistics_every_ns; /* between Interface Statistics Blocks [10 s] */
	int64_t progress_every_ns;   /* between calls of on_progress [never] */
	const volatile sig_atomic_t *abort_writes; /* as in wt_reader_config */
	struct wt_system *system;                  /* whose time it goes by [the kernel] */
	/* Called in the recording thread with frames as they come out of a ring, stamps final,
	 * before they are written; borrowed for the call. */
	void (*on_frames)(void *context, uint32_t lane, uint32_t interface,
	                  const struct wt_frame *frames, size_t count);
	/* Called in the recording thread once, when there is a file and the gates are to be opened.
	 * Not 0: nothing is recorded, and wt_recorder_run() returns it. May wait. */
	int (*on_ready)(void *context);
	/* The same, when all gates are open: packets that arrive from now on are recorded. */
	int (*on_begin)(void *context);
	/* Called in the recording thread: from time to time, and when a report is requested. */
	void (*on_progress)(void *context, const struct wt_recorder_report *report,
	                    bool report_requested);
	/* Called in the recording thread when something worth saying happens; one line. */
	void (*on_event)(void *context, const char *text);
	/* Called in the recording thread when there is news of feeds. It must not wait for
	 * anything. */
	void (*on_feed_event)(void *context, const struct wt_feed_event *event);
	void *context;
};

/* Destination of a recording. Everything is borrowed until the recorder is closed. */
struct wt_recorder_output {
	/* Open the sink for the next file: `path` as the file set has it, NULL without one.
	 * Called in the recording thread for the first file, in one of the file set for others,
	 * ahead of time. 0 or a negative errno and its reason. */
	wt_file_set_opener *open;
	void *context;
	struct wt_file_set *files; /* names, rotation, retention; NULL: one sink, closed with the
	                            * recorder */
	struct wt_disk *disk;      /* of the sinks, if they have one */
	const volatile sig_atomic_t *abort_writes; /* wt_sink_config */
	enum wt_placement layout;
	enum wt_record_sync sync;
	int64_t sync_every_ns;
};

/* Open all interfaces, gates shut. Nothing is recorded or written yet, so that a
 * mistake costs no file. -EINVAL if the interfaces differ in link type. */
int wt_recorder_open(struct wt_recorder **recorder, const struct wt_recorder_config *config,
                     struct wt_error *err);

/* Record into `output` until something ends it (enum wt_record_end). The last file is then
 * complete but for being closed, which the file set does in the background
 * (wt_file_set_settle), and the ledger is closed. Once per recorder. 0 if it ended as asked, by
 * a limit or because the simulation or the pipe's reader was done; else a negative errno and
 * its reason. */
int wt_recorder_run(struct wt_recorder *recorder, const struct wt_recorder_output *output,
                    struct wt_error *err);

/* The same in pieces, for a loop of one's own: begin (which may wait for a FIFO's reader and for
 * the header), step until it has ended, take the result. A step does all that can be done without
 * waiting, and returns whether there is more to do at once; else the next is due when the
 * descriptor is readable. That covers rings, disk, timers and wt_recorder_stop(); it stays the
 * recorder's, and may be a negative errno. The result of one that could not begin is why. One
 * thread. */
int wt_recorder_begin(struct wt_recorder *recorder, const struct wt_recorder_output *output,
                      struct wt_error *err);
int wt_recorder_fd(struct wt_recorder *recorder);
bool wt_recorder_step(struct wt_recorder *recorder);
bool wt_recorder_has_ended(const struct wt_recorder *recorder);
int wt_recorder_result(const struct wt_recorder *recorder, struct wt_error *err);
/* What is left of wt_recorder_run() once it has begun. */
int wt_recorder_finish(struct wt_recorder *recorder, struct wt_error *err);

/* Ask it to stop; or to call on_progress now. From any thread or signal handler. */
void wt_recorder_stop(struct wt_recorder *recorder);
void wt_recorder_request_report(struct wt_recorder *recorder);

/* The same as stopping; and what the rings still hold at this time (CLOCK_MONOTONIC) is given up,
 * as if the writer had failed with -ETIMEDOUT, and so is what a stream has not taken. Writes that
 * the disk has are waited for: nothing can take them back. */
void wt_recorder_stop_by(struct wt_recorder *recorder, int64_t deadline_ns);

/* What it has so far, not older than 50 ms. Any thread, until it is closed. */
struct wt_published;
struct wt_published *wt_recorder_published(struct wt_recorder *recorder);

/* Have it look at what it shares with others. From any thread or signal handler. */
void wt_recorder_wake(struct wt_recorder *recorder);

/* Make a number that others do not have, for recording_id. */
uint64_t wt_recorder_make_id(void);

/* Record a named state, once, and report it. In the recording thread. */
void wt_recorder_degrade(struct wt_recorder *recorder, const char *text);

/* Report the state. In the recording thread or after wt_recorder_run(). */
void wt_recorder_report(struct wt_recorder *recorder, struct wt_recorder_report *report);

/* The monitor of the feeds, as it stands; NULL: none are followed. In the recording thread or after
 * wt_recorder_run(). */
struct wt_feed_monitor *wt_recorder_feeds(const struct wt_recorder *recorder);

/* Close; NULL is fine. */
void wt_recorder_close(struct wt_recorder *recorder);

#endif
