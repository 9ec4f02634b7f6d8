/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_INTERFACE_CLOCK_H
#define WIRETAPE_WRITER_INTERFACE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/stamp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What WT_OPT_LOCAL_CLOCK of an interface says of its stamps. Pure, any thread. */
struct wt_interface_clock {
	enum wt_stamp_source source; /* of packets that say nothing else */
	enum wt_stamp_clock clock;   /* that all its stamps show */
	int32_t tai_offset_s;        /* TAI - UTC when it began; 0: not known */
	char phc[32];                /* "/dev/ptp0": the clock of hardware stamps, or "" */
	char rx_filter[32];          /* what the NIC was set to stamp, or "" */
	char rx_filter_before[32];   /* and what it was found set to */
};

/* As text, cut off where it is too long. */
void wt_interface_clock_format(char *out, size_t capacity, const struct wt_interface_clock *clock);

/* False if it says neither source nor clock; names that are not known are let pass. */
bool wt_interface_clock_parse(const char *text, size_t length, struct wt_interface_clock *clock);

/* What a packet's stamp has to be by what it was given (WT_NOTE_GIVEN) and its map. */
int64_t wt_interface_clock_convert(const struct wt_interface_clock *clock,
                                   const struct wt_clock_map *map, const struct wt_frame *frame);

#ifdef __cplusplus
}
#endif
#endif
