/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_CLOCK_H
#define WIRETAPE_CLI_INFO_INFO_CLOCK_H

/* Clock of an interface's stamps, as its file describes it; checked by converting every stamp
 * again. */

#include "info_words.h"

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/interface_clock.h>
#include <wiretape/pcapng/pcapng_decode.h>

enum { WT_INFO_CLOCK_EVENTS = 64, WT_INFO_CLOCK_MAPS = 1024, WT_INFO_CLOCK_WAITING = 65536 };

/* Something that happened to the interface or its clock. */
struct wt_info_clock_event {
	int64_t utc_ns;
	char text[320];
};

struct wt_info_clock {
	bool described; /* `says` is what the interface's option has */
	struct wt_interface_clock says;
	uint64_t by_source[WT_STAMP_SOURCES]; /* packets */
	uint64_t converted;                   /* that have both stamps */
	uint64_t confirmed;                   /* that come out the same, converted again */
	uint64_t contradicted;
	uint64_t without_map; /* whose map is not there */
	uint64_t crosses;
	uint64_t outliers;
	uint64_t steps;
	uint64_t standstills; /* cross timestamps at which it did not move */
	bool stands_still;    /* at the last one: the last map means nothing */
	uint64_t changes;
	int64_t bracket_least_ns, bracket_most_ns;
	int64_t error_most_ns;       /* of the maps, where they are surest */
	double ppm_least, ppm_most;  /* that the PHC gains on UTC */
	enum wt_cross_method method; /* of the last cross timestamp */
	struct wt_clock_map *maps;   /* the latest, by number; NULL: none */
	struct wt_clock_map last;    /* number 0: none */
	struct wt_frame *waiting;    /* for their map, which is still to come; NULL: none */
	size_t waiting_count;
	struct wt_info_clock_event *events; /* the first ones; NULL: none */
	size_t event_count;
};

/* Begin with the interface's option, if it has one. */
void wt_info_clock_begin(struct wt_info_clock *clock, const struct wt_pcapng_item_text *option);

/* Take in a packet, and a clock block. -ENOMEM. */
void wt_info_clock_packet(struct wt_info_clock *clock, const struct wt_frame *frame);
int wt_info_clock_record(struct wt_info_clock *clock, const struct wt_clock_record *note);

/* Add what another file says of the same clock. */
void wt_info_clock_join(struct wt_info_clock *sum, const struct wt_info_clock *one);

/* "UTC", "TAI (UTC + 37 s)", "the time of the NIC's clock". */
struct wt_info_text wt_info_clock_text(const struct wt_interface_clock *says);

/* UTC - PHC where the map is surest. */
double wt_info_clock_offset_s(const struct wt_clock_map *map);

void wt_info_clock_fini(struct wt_info_clock *clock);

#endif
