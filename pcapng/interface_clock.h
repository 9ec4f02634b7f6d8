/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_INTERFACE_CLOCK_H
#define WIRETAPE_PCAPNG_INTERFACE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/stamp.h>

/* Value of an interface's WT_OPT_LOCAL_CLOCK, about its stamps. Pure, any thread. */
struct wt_interface_clock {
	enum wt_stamp_source source; /* default for packets without a mark */
	enum wt_stamp_clock clock;   /* clock of all its stamps */
	int32_t tai_offset_s;        /* TAI - UTC at the start; 0: unknown */
	char phc[32];                /* "/dev/ptp0": the clock of hardware stamps, or "" */
	char rx_filter[32];          /* stamping set on the NIC, or "" */
	char rx_filter_before[32];   /* stamping found on it */
};

/* Write it as text, cut off where it is too long. */
void wt_interface_clock_format(char *out, size_t capacity, const struct wt_interface_clock *clock);

/* Read the text. False if both source and clock are missing; unknown names are ignored. */
bool wt_interface_clock_parse(const char *text, size_t length, struct wt_interface_clock *clock);

/* Convert a packet's given stamp (WT_FRAME_GIVEN) by its map. */
int64_t wt_interface_clock_convert(const struct wt_interface_clock *clock,
                                   const struct wt_clock_map *map, const struct wt_frame *frame);

#endif
