/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_STATE_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_STATE_H

/* A recorder, and the state that all its parts share. Its parts, each of which uses only those
 * after it: recorder_run.c (the loop), recorder_frames.c and recorder_files.c, recorder_blocks.c,
 * recorder_feeds.c, recorder_clocks.c, recorder_output.c and recorder_held.c, recorder_state.c. */

#include <poll.h>
#include <stdatomic.h>

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/capture/recorder/stamp_converter.h>
#include <wiretape/writer/tape.h>

/* One interface, as the recording thread sees it. */
struct wt_recorded {
	struct wt_reader *reader;
	struct wt_ring *ring;
	struct wt_recorder_interface *report;
	struct wt_stamp_converter converter;
	char phc[64];                /* report->phc */
	struct wt_ledger file_start; /* the ledger when the current file was begun */
	uint64_t packets;            /* the producer's count so far, drops included */
	uint64_t drops;
	uint64_t given;    /* to the tape */
	uint64_t consumed; /* frames taken out of the ring, malformed and rejected ones included */
	uint64_t rejected; /* by a filter that runs here */
	uint64_t sound;    /* as many were given to the tape when it was last found to be up */
	uint64_t followed; /* frames taken out of the ring for the sake of feeds alone */
	uint32_t held_blocks;              /* that the disk has */
	struct wt_join *join;              /* NULL: no groups */
	bool join_lost;                    /* to be renewed: the interface was gone */
	struct rtnl_link_stats64 nic_base; /* what is to be added to the NIC's counters */
	struct wt_error not_back;          /* why it is not taken up again, as it was reported */
	bool down;
	bool finished; /* a simulation that has delivered everything */
	bool warned;   /* that the ring is nearly full, since it last was not */
};

/* A block of a ring that a tape has until its write has ended, and the record of that write, which
 * the tape has for longer (write.h). */
struct wt_held_block {
	struct wt_write write; /* first */
	struct wt_recorder *recorder;
	struct wt_recorded *recorded;
	struct wt_block block;
	uint32_t pins; /* who still needs the block: the tape, and the loop over its frames */
	bool retired;  /* the tape needs the record no more */
	struct wt_held_block *next_free;
};

/* A file: the one being written, or one that waits for its last writes. */
struct wt_recorder_file {
	struct wt_recorder *recorder;
	struct wt_tape *tape;
	uint64_t *landed; /* packets by interface */
	uint32_t number;
	int64_t start_utc_ns;
	int64_t sync_due_ns;
	int failure; /* that kept it from being written to its end */
	bool closed; /* it has its closing blocks */
	bool sync_at_close;
	struct wt_recorder_file *next; /* of those that wait */
};

enum {
	WT_MAX_DEGRADED = 32,
	WT_MAX_DEGRADED_TEXT = 320,
	WT_STATISTICS_BYTES = 2400, /* the most for an interface, without the degradations */
	WT_RECORDER_BUFFERS = 8,
	WT_HELD_BLOCKS = 128, /* as many as the tapes of two files have writes */
};

struct wt_recorder {
	struct wt_recorder_config config;
	const struct wt_recorder_output *output; /* while running and after */
	struct wt_buffer_pool pool;
	struct wt_recorder_file *file; /* the current one */
	struct wt_recorder_file *waiting_files;
	uint64_t finished_bytes; /* of the files before */
	uint32_t file_count;
	uint64_t recording_id; /* in each of its files */
	struct wt_recorder_writes finished_writes;
	struct wt_held_block *held; /* WT_HELD_BLOCKS of them */
	struct wt_held_block *free_held;
	struct wt_recorded *recorded;
	struct wt_recorder_interface *reports;
	struct pollfd *polls; /* the readers', then wake_fd, then the disk's */
	int wake_fd;
	atomic_bool stop_asked;
	atomic_bool report_requested;
	uint32_t longest_frame_bytes; /* encoded */
	bool wakes_often;             /* some reader wakes us for each frame */
	bool direct;
	int64_t slept_ns; /* when we last went to sleep */
	int64_t now_ns;   /* CLOCK_MONOTONIC and _REALTIME at the last turn */
	int64_t now_utc_ns;
	int64_t flush_due_ns; /* of what is under construction; INT64_MAX: nothing is */
	uint64_t given;       /* packets of all interfaces so far, for max_packets */
	int64_t start_ns;     /* CLOCK_MONOTONIC */
	int64_t start_utc_ns; /* 0: the gates have not opened */
	int64_t ended_ns;
	int64_t statistics_due_ns;
	int64_t progress_due_ns;
	int64_t check_due_ns;
	int64_t watch_due_ns;
	int64_t join_due_ns; /* INT64_MAX: no groups */
	bool checked;        /* all interfaces were looked at once */
	bool running;
	enum wt_record_end end;
	bool ending;
	int failure;                            /* with WT_END_WRITER and WT_END_FAILURE */
	struct wt_error failure_text;           /* with WT_END_FAILURE, if it says more */
	char files_error[WT_MAX_DEGRADED_TEXT]; /* the first of the file set's, or "" */
	char degraded_text[WT_MAX_DEGRADED][WT_MAX_DEGRADED_TEXT];
	const char *degraded[WT_MAX_DEGRADED + 1];
	size_t degraded_count;
	struct wt_recorder_feeds *feeds; /* recorder_feeds.h; NULL: none are followed */
};

int64_t wt_recorder_clock_ns(void);     /* CLOCK_MONOTONIC */
int64_t wt_recorder_utc_clock_ns(void); /* CLOCK_REALTIME */

/* Report a line. */
void wt_recorder_say(const struct wt_recorder *recorder, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* End; the first reason wins. */
void wt_recorder_end_with(struct wt_recorder *recorder, enum wt_record_end end, int failure);
void wt_recorder_writer_failed(struct wt_recorder *recorder, int error);

/* Look at the counters of its NIC; false if it has none. */
bool wt_recorder_read_nic(struct wt_recorded *recorded);

/* Take the producer's counts into the ledger. */
void wt_recorder_take_statistics(struct wt_recorded *recorded);

#endif
