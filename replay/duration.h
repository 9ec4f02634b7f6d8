/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_DURATION_H
#define WIRETAPE_REPLAY_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers as people write them, taken exactly. Pure, any thread. */

/* A decimal number without sign, "100000" or "2.5", with up to nine decimals, as a fraction whose
 * denominator is a power of ten: 25/10. False for anything else, and for what has more digits than
 * 64 bits hold. */
bool wt_parse_decimal(const char *text, uint64_t *numerator, uint64_t *denominator);

/* A time: "20us", "1.5ms", "0.25s", "300ns", or "300", which are ns. False for anything else, and
 * for what is no whole number of ns or beyond INT64_MAX of them. */
bool wt_parse_duration_ns(const char *text, int64_t *ns);

#ifdef __cplusplus
}
#endif
#endif
