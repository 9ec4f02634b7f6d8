/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_NUMBER_TEXT_H
#define WIRETAPE_MONITOR_NUMBER_TEXT_H

/* Tables of numbers for people: the rows that have labels. */

#include <stdio.h>

#include <wiretape/base/number.h>

/* Print "  number label" for each row that is not 0. */
void wt_numbers_print_counts(FILE *out, const struct wt_number *rows, const void *subject,
                             int indent);

#endif
