/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_PRIVATE_H
#define WIRETAPE_CAPTURE_RECORDER_PRIVATE_H

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
	struct wt_stamper stamper;
	char phc[64];                /* report->phc */
	struct wt_ledger file_start; /* the ledger when the current file was begun */
	uint64_t packets;            /* the producer's count so far, drops included */
	uint64_t drops;
	uint64_t given;    /* to the tape */
	uint64_t consumed; /* frames taken out of the ring, malformed and rejected ones included */
	uint64_t rejected; /* by a filter that runs here */
	uint64_t pending_drops;            /* before the next frame */
	uint64_t drops_placed;             /* of `drops`: that a frame has told */
	uint32_t held_blocks;              /* that the disk has */
	struct wt_join *join;              /* NULL: no groups */
	bool join_lost;                    /* to be renewed: the interface was gone */
	struct rtnl_link_stats64 nic_base; /* what is to be added to the NIC's counters */
	struct wt_error not_back;          /* why it is not taken up again, as it was reported */
	bool down;
	bool finished; /* a simulation that has delivered everything */
	bool warned;   /* that the ring is nearly full, since it last was not */
};

/* A block of a ring that a tape has, until its write has ended. */
struct wt_held_block {
	struct wt_recorded *recorded;
	struct wt_block block;
	uint32_t pins; /* who still needs it: the tape, and the loop over its frames */
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
	WT_STATISTICS_BYTES = 2400, /* the most that an interface's take, beside what is degraded */
	WT_RECORDER_BUFFERS = 8,
	WT_HELD_BLOCKS = 128, /* more than the tapes of two files have tickets for */
};

struct wt_recorder {
	struct wt_recorder_config config;
	const struct wt_recorder_output *output; /* while running and after */
	struct wt_buffer_pool pool;
	struct wt_recorder_file *file; /* the current one */
	struct wt_recorder_file *waiting_files;
	uint64_t finished_bytes; /* of the files before */
	uint32_t file_count;
	struct wt_recorder_writes finished_writes;
	struct wt_held_block *held; /* WT_HELD_BLOCKS of them */
	struct wt_held_block *free_held;
	struct wt_recorded *recorded;
	struct wt_recorder_interface *reports;
	struct pollfd *polls; /* the readers', then wake_fd, then the disk's */
	int wake_fd;
	atomic_bool stop_asked;
	atomic_bool poked;
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
	enum wt_recorder_end end;
	bool ending;
	int failure;                            /* with WT_END_WRITER and WT_END_FAILURE */
	struct wt_error failure_text;           /* with WT_END_FAILURE, if it says more */
	char files_error[WT_MAX_DEGRADED_TEXT]; /* the first of the file set's, or "" */
	char degraded_text[WT_MAX_DEGRADED][WT_MAX_DEGRADED_TEXT];
	const char *degraded[WT_MAX_DEGRADED + 1];
	size_t degraded_count;
};

int64_t wt_recorder_clock_ns(void);     /* CLOCK_MONOTONIC */
int64_t wt_recorder_utc_clock_ns(void); /* CLOCK_REALTIME */

/* Put down a named state, once, and say it; or only say it. */
void wt_recorder_degrade(struct wt_recorder *recorder, const char *text);
void wt_recorder_say(const struct wt_recorder *recorder, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* The first reason to end is the one that counts. */
void wt_recorder_end_with(struct wt_recorder *recorder, enum wt_recorder_end end, int failure);
void wt_recorder_writer_failed(struct wt_recorder *recorder, int error);

/* Ask the producer what it has counted; the only place that does. It cannot have gone on
 * beyond `end` (wt_ring_end) when it dropped. */
void wt_recorder_take_statistics_until(struct wt_recorded *recorded, uint64_t end);
void wt_recorder_take_statistics(struct wt_recorded *recorded);

/* recorder_frames.c: what a ring holds, up to a turn's share. Whether there was anything. */
bool wt_recorder_turn(struct wt_recorder *recorder, struct wt_recorded *recorded, int *error);

/* recorder_files.c */
int wt_recorder_begin_file(struct wt_recorder *recorder, struct wt_error *err);
/* How its sink writes, which may show only with the first write. */
void wt_recorder_note_sink(struct wt_recorder *recorder, const struct wt_recorder_file *file);
/* Go on to the next file if packets of `next_bytes` are to be added and this one may not have
 * them; or if it has been written for long enough. */
void wt_recorder_rotate_if_due(struct wt_recorder *recorder, uint64_t next_bytes);
void wt_recorder_rotate_by_time(struct wt_recorder *recorder);
/* Packets until the file, or the recording, has as many as it may. */
uint64_t wt_recorder_packets_left(const struct wt_recorder *recorder);
/* The bytes that the file, if it has a limit, may still grow by before its closing blocks; and
 * by packets, which leave room for what their stamps rest on. */
uint64_t wt_recorder_closing_room(const struct wt_recorder *recorder);
uint64_t wt_recorder_bytes_left(const struct wt_recorder *recorder);
/* Reserve room in the current file, waiting for the disk if need be. */
int wt_recorder_reserve(struct wt_recorder *recorder, size_t min_bytes, uint8_t **at, size_t *room);
/* Hand over what is under construction, waiting for the disk if need be. */
int wt_recorder_flush(struct wt_recorder *recorder);
/* The same, and then wait until a chunk that was made in place would be taken. */
int wt_recorder_make_way(struct wt_recorder *recorder);
/* Close the current file without more ado. If nothing was recorded none is left. */
void wt_recorder_abandon_file(struct wt_recorder *recorder);
/* See whether writes have ended, and finish files that wait for nothing more. */
void wt_recorder_reap(struct wt_recorder *recorder);
/* Sleep until a write has ended, at most `timeout_ms`, looking at how full the rings are. */
void wt_recorder_wait_for_disk(struct wt_recorder *recorder, int timeout_ms);
/* Wait for all writes, cut off what failed, close the ledgers, write the closing blocks and
 * finish all files. */
void wt_recorder_end_files(struct wt_recorder *recorder,
                           void (*close_ledgers)(struct wt_recorder *recorder));
/* Every now and then: warn if a ring is getting full. */
void wt_recorder_watch_rings(struct wt_recorder *recorder, int64_t now_ns);
void wt_recorder_count_writes(const struct wt_recorder *recorder,
                              struct wt_recorder_writes *writes);
uint64_t wt_recorder_file_bytes(const struct wt_recorder *recorder);
/* A block that is not needed any more. */
void wt_recorder_release_held(void *context, void *token);

/* recorder_clocks.c: what is due by the clocks of the interfaces, and when the next is. */
int wt_recorder_open_clock(struct wt_recorder *recorder, size_t i, struct wt_error *err);
void wt_recorder_keep_clocks(struct wt_recorder *recorder);
void wt_recorder_finish_clocks(struct wt_recorder *recorder);
int64_t wt_recorder_clocks_due_ns(const struct wt_recorder *recorder);
/* The map in force of each interface, at the start of a file. 0 or the file's error. */
int wt_recorder_write_maps(struct wt_recorder *recorder);
/* What has been learnt, as far as the file has room for it; before it is gone on from: what its
 * packets rest on. */
int wt_recorder_write_notes(struct wt_recorder *recorder);
/* How much that may take, with what the next packets may add. */
uint64_t wt_recorder_note_bytes(const struct wt_recorder *recorder);
/* The interface is back. */
void wt_recorder_renew_clock(struct wt_recorder *recorder, struct wt_recorded *recorded);
/* recorder_joins.c: the multicast groups of an interface. */
int wt_recorder_open_joins(struct wt_recorder *recorder, struct wt_recorded *recorded,
                           struct wt_error *err);
void wt_recorder_start_joins(struct wt_recorder *recorder, int64_t now_ns);
/* What is due by the clock: whether anything arrives, and what has to be joined again. */
void wt_recorder_keep_joins(struct wt_recorder *recorder, int64_t now_ns);
void wt_recorder_close_joins(struct wt_recorder *recorder);

/* recorder_blocks.c: what is in the file beside the packets. 0 or the file's error. */
int wt_recorder_write_preamble(struct wt_recorder *recorder);
int wt_recorder_write_statistics(struct wt_recorder *recorder, bool closing);

#endif
