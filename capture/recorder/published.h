/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_PUBLISHED_H
#define WIRETAPE_CAPTURE_RECORDER_PUBLISHED_H

#include <pthread.h>

#include <wiretape/capture/recorder/recorder.h>

/* What a recorder has so far, for any thread to read. The recording thread does not wait for
 * readers: while it records it only tries the lock, and what it cannot publish now it publishes the
 * next time. */
struct wt_published {
	pthread_mutex_t lock; /* guards all that follows */
	struct wt_record_state state;
	struct wt_ledger *ledgers; /* by interface */
	size_t count;
};

/* In the caller's memory. 0 or -ENOMEM. */
int wt_published_init(struct wt_published *published, size_t interfaces);
void wt_published_fini(struct wt_published *published);

/* In the recording thread. What the report counts as seen may be older than what it counts as
 * written; what is published adds up. `final`: the counts are, and a reader is waited for, if there
 * is one. Returns whether it is published. */
bool wt_published_put(struct wt_published *published, const struct wt_recorder_report *report,
                      bool final);

/* Add to what other recorders have. Any thread. */
void wt_published_add_state(struct wt_published *published, struct wt_record_state *sum);

/* Add the ledger of an interface, or of all (WT_ALL_INTERFACES). -ERANGE if there is no such
 * interface. Any thread. */
int wt_published_add_ledger(struct wt_published *published, uint32_t interface,
                            struct wt_ledger *sum);

#endif
