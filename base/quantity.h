/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_QUANTITY_H
#define WIRETAPE_BASE_QUANTITY_H

#include <stdint.h>

#include <wiretape/base/error.h>

/* Numbers with units as people write them, parsed exactly: durations, sizes, rates, counts.
 *
 * A number has digits and up to nine decimals, no sign, no exponent, no space. All functions return
 * 0, or -EINVAL with a sentence that quotes the text and gives the reason and the valid units;
 * their results are untouched then. Pure, any thread. */

/* Units of time: ns, us (µs), ms, s, m or min, h, d. */
#define WT_DURATION_UNITS "ns, us, ms, s, min, h or d"
/* A century of 36525 days: twice this plus today's time fits into 64 bits. */
#define WT_DURATION_MAX_NS INT64_C(3155760000000000000)

enum wt_unit_rule {
	WT_UNIT_SECONDS = 0, /* a number without a unit is in seconds */
	WT_UNIT_NEEDED = 1,  /* is refused, unless it is 0 */
	WT_UNIT_NS = 2,      /* is in ns, as in descriptions of simulations */
	WT_ABOVE_ZERO = 4,   /* flag, added to one of these: 0 is refused */
};

/* "5m", "1.5ms", "90"; a whole number of ns up to WT_DURATION_MAX_NS. */
int wt_parse_duration(const char *text, enum wt_unit_rule rule, int64_t *ns, struct wt_error *err);

/* Like wt_parse_duration(), with an optional sign: "-37s". */
int wt_parse_offset(const char *text, enum wt_unit_rule rule, int64_t *ns, struct wt_error *err);

/* "4096", "64k", "1.5GiB", "1TB": bytes. K (k), M, G, T and P alone are powers of 1024 like KiB and
 * so on; kB (KB), MB, GB, TB and PB are powers of 1000. */
#define WT_SIZE_UNITS "B, KiB, MiB, GiB, TiB, kB, MB, GB or TB"
int wt_parse_size(const char *text, uint64_t *bytes, struct wt_error *err);

/* Like wt_parse_size(), but a bare number is in kB of 1000 bytes, as in dumpcap, and 0 is
 * refused. */
int wt_parse_filesize(const char *text, uint64_t *bytes, struct wt_error *err);

/* A decimal number as it was written: 25/10 for "2.5". The denominator is a power of ten up to
 * 10^9. */
struct wt_decimal {
	uint64_t numerator;
	uint64_t denominator;
};
int wt_parse_decimal(const char *text, struct wt_decimal *number, struct wt_error *err);

/* Unit that a rate counts, and the meaning of a bare number. */
enum wt_rate_unit {
	WT_RATE_PPS,  /* packets a second: pps, kpps (k), Mpps (M), Gpps (G) */
	WT_RATE_BPS,  /* bits a second: bit/s (bps), kbit/s ... Tbit/s; without a unit refused */
	WT_RATE_MBPS, /* likewise; without a unit Mbit/s */
};

/* "50k", "1.5Mpps", "10Gbps"; more than 0. "max" is 0/1, as fast as possible. */
int wt_parse_rate(const char *text, enum wt_rate_unit unit, struct wt_decimal *per_second,
                  struct wt_error *err);

/* Parse decimal digits alone. */
int wt_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number,
                    struct wt_error *err);

#endif
