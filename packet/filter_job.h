/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILTER_JOB_H
#define WIRETAPE_WRITER_FILTER_JOB_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include <wiretape/base/error.h>
#include <wiretape/archive/capture_file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Compile a filter for the link type of a handle, which is closed in any case. libpcap may take
 * minutes: with a patience it works in a thread of its own, which is left behind when the patience
 * is over. NULL: it never is. The expression is borrowed until this returns.
 *
 * 0 and *code, for pcap_freecode(); -EINVAL with libpcap's words; -EINTR when the patience was over
 * first; or another negative errno, of making the thread. */
int wt_filter_job(struct bpf_program *code, pcap_t *handle, const char *expression, bool optimize,
                  const struct wt_capture_patience *patience, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
