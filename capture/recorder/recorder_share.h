/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_SHARE_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_SHARE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/record.h>

/* What the lanes of a recording have in common: limits that hold for all of them together, the
 * file that they write, of which each has its own part, and why they end. A lane that records alone
 * has none of it.
 *
 * Files are counted from 1. A lane that wants to go on to the next one announces it, and has it
 * begun then; the others see that the file they write is over, and go on, too, one by one, so that
 * all have files of the same numbers and times. */
enum { WT_SHARE_TIMES = 64, WT_SHARE_LINE = 64 };

struct wt_recorder_share {
	/* Constant. */
	uint64_t max_packets;  /* of the recording; 0: no limit */
	uint64_t file_packets; /* of the parts of a file together; 0: no limit */
	void (*wake)(void *context);
	void *context;

	/* Each is a count by itself, and orders nothing else: relaxed, without partners. */
	_Alignas(WT_SHARE_LINE) _Atomic uint64_t packets_left;
	_Alignas(WT_SHARE_LINE) _Atomic uint64_t file; /* its number, and what it may still take */
	_Alignas(WT_SHARE_LINE) _Atomic uint64_t bytes;
	_Alignas(WT_SHARE_LINE) atomic_int end; /* 1 + enum wt_record_end; 0: it goes on */

	pthread_mutex_t lock; /* guards the times, and that one announces at a time */
	struct wt_share_time {
		int64_t monotonic_ns, utc_ns;
	} begun[WT_SHARE_TIMES]; /* of the latest files */
	uint64_t latest;
};

/* Zero is no limit. `wake` is called in any lane's thread and wakes all of them. The first file,
 * number 1, begins with wt_recorder_share_begin(); until then nothing can be taken. */
void wt_recorder_share_init(struct wt_recorder_share *share, uint64_t max_packets,
                            uint64_t file_packets, void (*wake)(void *context), void *context);
void wt_recorder_share_begin(struct wt_recorder_share *share, int64_t monotonic_ns, int64_t utc_ns);
void wt_recorder_share_fini(struct wt_recorder_share *share);

/* The functions below are for any thread and never wait, but for another's few instructions. */

/* Take up to `wanted` packets that are to be written to this file: as many as both limits still
 * allow, and 0 if another file has been begun. All that is taken has to be written. */
uint64_t wt_recorder_share_take(struct wt_recorder_share *share, uint64_t file, uint64_t wanted);

/* The same, but all of them or none. If the recording's limit is what does not allow it, the file's
 * next packets may find it full before it is. */
bool wt_recorder_share_take_all(struct wt_recorder_share *share, uint64_t file, uint64_t wanted);

/* Whether the recording has all the packets it may have; whether the file has, or the next one was
 * announced. */
bool wt_recorder_share_is_full(const struct wt_recorder_share *share);
bool wt_recorder_share_is_over(const struct wt_recorder_share *share, uint64_t file);

/* Whether the next one was announced. */
bool wt_recorder_share_is_behind(const struct wt_recorder_share *share, uint64_t file);

/* Announce the file after this one, which begins at these times, unless another lane has done so
 * already. Wakes all. */
void wt_recorder_share_announce(struct wt_recorder_share *share, uint64_t file,
                                int64_t monotonic_ns, int64_t utc_ns);

/* When a file that was announced began. For one that is WT_SHARE_TIMES behind, when a later one
 * did. */
struct wt_share_time wt_recorder_share_begun(struct wt_recorder_share *share, uint64_t file);

/* Add what a lane's files have grown by; returns the bytes of all. */
uint64_t wt_recorder_share_add_bytes(struct wt_recorder_share *share, uint64_t bytes);

/* A lane ends; the first reason stays, and all are woken. */
void wt_recorder_share_end(struct wt_recorder_share *share, enum wt_record_end end);

/* Whether one has ended, and so all are to. */
bool wt_recorder_share_has_ended(const struct wt_recorder_share *share, enum wt_record_end *end);

#endif
