/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_MEMORY_SINK_H
#define WIRETAPE_TESTS_MEMORY_SINK_H

#include <wiretape/writer/sink.h>

/* A sink that writes to memory. Behaves like a disk with room for `limit_bytes` (0: no limit), then
 * -ENOSPC. A write has ended when it returns. */
int memory_sink_open(struct wt_sink **sink, size_t limit_bytes,
                     const struct wt_sink_config *config);
const uint8_t *memory_sink_bytes(const struct wt_sink *sink, size_t *length);

#endif
