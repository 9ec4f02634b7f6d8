/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_FILTER_JOB_H
#define WIRETAPE_PACKET_FILTER_JOB_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include <wiretape/base/error.h>
#include <wiretape/base/patience.h>

/* Compile a filter for the link type of a handle, which is closed in any case. libpcap may take
 * minutes: with a patience it works in its own thread, which is abandoned when the patience ends.
 * NULL: it never ends. The expression is borrowed until this returns.
 *
 * 0 and *code, for pcap_freecode(); -EINVAL with libpcap's words; -EINTR when the patience ended
 * first; or another negative errno, from starting the thread. */
int wt_filter_job(struct bpf_program *code, pcap_t *handle, const char *expression, bool optimize,
                  const struct wt_patience *patience, struct wt_error *err);

#endif
