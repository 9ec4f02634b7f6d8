/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_VERDICT_LOSS_LOG_H
#define WIRETAPE_FEED_VERDICT_LOSS_LOG_H

/* Keeps the losses on each interface, and their places: drops between two packets, holes, looks at
 * the NIC's counters. The recorder fills it, and later whoever reads the file; both get the same
 * answers. Memory is bounded: older losses are forgotten, and reported as not known.
 *
 * One thread at a time. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/verdict/verdict.h>

struct wt_loss_log;

/* NIC counters of losses, by the kernel's names (struct rtnl_link_stats64); NULL after the last.
 * `rx_errors`, a sum of others, is not among them. */
extern const char *const wt_nic_loss_counters[];

/* 0 or -ENOMEM. Interfaces are numbers below `interfaces`. */
int wt_loss_log_create(struct wt_loss_log **log, uint32_t interfaces);
void wt_loss_log_destroy(struct wt_loss_log *log); /* NULL is fine */

/* Declare that this interface has a ledger: what is not in the log was not lost. Without one its
 * losses are not known: `why`, static. */
void wt_loss_log_has_ledger(struct wt_loss_log *log, uint32_t interface);
void wt_loss_log_no_ledger(struct wt_loss_log *log, uint32_t interface, const char *why);

/* Declare a number to be another lane of an interface: a ring of its own, whose packets have orders
 * in between those of the interface's others. Its losses are the interface's; both have ledgers,
 * or not. Before its first loss, once. */
void wt_loss_log_lane(struct wt_loss_log *log, uint32_t lane, uint32_t interface);

/* Log drops at one of several places, between two packets of a lane: `first` and `last` are orders
 * of the packets after it, `last` is UINT64_MAX until wt_loss_log_reached() tells. Call this and
 * those below in the order of storing. */
void wt_loss_log_drop_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                             uint64_t last, uint64_t packets);
/* Log packets seen and not written, between two packets of the file. */
void wt_loss_log_writer_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                               uint64_t last, uint64_t packets);
/* Log a loss of unknown size, as between two recordings. Static text. */
void wt_loss_log_break_within(struct wt_loss_log *log, uint32_t interface, uint64_t first,
                              uint64_t last, const char *why);
/* The places left open by `last` were before this packet. */
void wt_loss_log_reached(struct wt_loss_log *log, uint32_t interface, uint64_t order);
/* Log a look at the NIC, by the clock of the interface's stamps; `counters` in the order of
 * wt_nic_loss_counters. Looks come in order; one not later than the last is ignored. */
void wt_loss_log_nic(struct wt_loss_log *log, uint32_t interface, int64_t look_ns,
                     const uint64_t *counters);

/* Answer a wt_loss_between from a log. */
void wt_loss_log_between(void *log, const struct wt_loss_window *window, uint64_t claim,
                         struct wt_loss *loss);

#endif
