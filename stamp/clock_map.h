/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_CLOCK_MAP_H
#define WIRETAPE_STAMP_CLOCK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/stamp/phc.h>

__extension__ typedef __int128 wt_int128;

/* Map from the time of a NIC's clock (PHC) to UTC and back: a straight line with integer
 * parameters, so that anybody who has them gets the same result to the nanosecond. Pure: nothing
 * here reads a clock. */

/* Rates are fractions of 2^-48 (3.6e-15): UTC's gain on the PHC in one PHC ns. */
#define WT_RATE_SHIFT 48

struct wt_clock_map {
	uint32_t number; /* number of the estimator's map, from 1; 0: none yet */
	uint32_t epoch;  /* counts the estimator's restarts, from 1 */
	int64_t phc_ns;  /* the line goes through this point */
	int64_t utc_ns;
	int64_t rate;         /* ppm = rate * 1e6 / 2^48 */
	int64_t inverse_rate; /* the PHC's gain on UTC in one ns of UTC */
	int64_t error_ns;     /* bound of the error at that point */
	int64_t rate_error;   /* growth of the bound per ns away from it, up to WT_CLOCK_NEAR_NS;
	                         wt_clock_map_error_ns() covers the rest */
	int64_t born_utc_ns;  /* the first sample of the epoch: earlier times belong to the previous
	                         epoch */
};

/* utc_ns + d + floor(d * rate / 2^48) with d = phc - phc_ns, in 128 bits. */
static inline int64_t wt_clock_map_to_utc(const struct wt_clock_map *map, int64_t phc_ns)
{
	int64_t distance = (int64_t)((uint64_t)phc_ns - (uint64_t)map->phc_ns);
	int64_t gain = (int64_t)(((wt_int128)distance * map->rate) >> WT_RATE_SHIFT);

	return (int64_t)((uint64_t)map->utc_ns + (uint64_t)distance + (uint64_t)gain);
}

/* phc_ns + d + floor(d * inverse_rate / 2^48) with d = utc - utc_ns. */
static inline int64_t wt_clock_map_to_phc(const struct wt_clock_map *map, int64_t utc_ns)
{
	int64_t distance = (int64_t)((uint64_t)utc_ns - (uint64_t)map->utc_ns);
	int64_t gain = (int64_t)(((wt_int128)distance * map->inverse_rate) >> WT_RATE_SHIFT);

	return (int64_t)((uint64_t)map->phc_ns + (uint64_t)distance + (uint64_t)gain);
}

/* Meaning of the bound. It is not statistical: a sample proves that the true line passes through
 * its bracket, and the bound covers all lines that do so. It assumes that the rate between the two
 * clocks changes by at most 0.5 ppm at once (NTP corrections) and 0.5 ppm per second (temperature),
 * and stays between -1000 and +1000 ppm. A clock that is set or slewed by more is noticed at the
 * next samples, unless their brackets hide it; until then stamps are converted by a map that is
 * unaware of it. */
#define WT_CLOCK_NEAR_NS INT64_C(2000000000)

/* Largest error of converting this time, either way. INT64_MAX if there is no map. */
int64_t wt_clock_map_error_ns(const struct wt_clock_map *map, int64_t phc_ns);

/* The rate as parts per million. */
double wt_clock_map_ppm(const struct wt_clock_map *map);

/* Verdict on a sample. */
enum wt_clock_verdict {
	WT_CLOCK_TAKEN,    /* there is a new map */
	WT_CLOCK_OUTLIER,  /* too wide a bracket to help, or it alone disagrees: the map stays */
	WT_CLOCK_STEPPED,  /* one of the clocks has jumped: a new epoch begins with this sample */
	WT_CLOCK_FROZEN,   /* the PHC stands still: the map stays, and must not be trusted */
	WT_CLOCK_BACKWARD, /* the PHC ran backwards: a new epoch begins with this sample */
	WT_CLOCK_VERDICTS
};

/* Clock that stepped, as far as CLOCK_MONOTONIC_RAW, which nobody sets, can tell. */
enum wt_clock_culprit { WT_CULPRIT_UNKNOWN, WT_CULPRIT_PHC, WT_CULPRIT_UTC };

enum { WT_CLOCK_WINDOW = 32 };

/* Estimator of offset and rate, with their uncertainty, from the latest cross timestamps. The
 * caller's memory; one thread. */
struct wt_clock_estimator {
	struct wt_clock_map map;       /* number 0: none yet */
	struct wt_clock_map previous;  /* the last map of the previous epoch; number 0: none */
	enum wt_clock_culprit culprit; /* of the last step */
	int64_t step_ns;               /* of the last step: the change of UTC - PHC */
	/* Private. */
	struct wt_cross_sample samples[WT_CLOCK_WINDOW];
	size_t count; /* in the window */
	size_t next;
	struct wt_cross_sample last;    /* whatever its verdict */
	struct wt_cross_sample suspect; /* disagreed; the next one decides */
	unsigned int disagreements;     /* in a row, up to the suspect */
	bool frozen;
};

void wt_clock_estimator_init(struct wt_clock_estimator *estimator);

/* Take the next sample, in the order in which they were taken. The first one makes a map that
 * assumes a rate between -500 and +500 ppm. */
enum wt_clock_verdict wt_clock_estimator_add(struct wt_clock_estimator *estimator,
                                             const struct wt_cross_sample *sample);

/* "taken", "outlier", "stepped", "frozen", "backward". */
const char *wt_clock_verdict_name(enum wt_clock_verdict verdict);

/* "unknown", "phc", "utc". */
const char *wt_clock_culprit_name(enum wt_clock_culprit culprit);

#endif
