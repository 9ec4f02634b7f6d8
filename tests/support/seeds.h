/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_SEEDS_H
#define WIRETAPE_TESTS_SEEDS_H

/* Number of seeds to try: a third under AddressSanitizer, where each takes some twenty times as
 * long. */
#ifdef __SANITIZE_ADDRESS__
#define SEEDS_OF(count) ((count) / 3)
#else
#define SEEDS_OF(count) (count)
#endif

#endif
