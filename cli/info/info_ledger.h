/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_LEDGER_H
#define WIRETAPE_CLI_INFO_INFO_LEDGER_H

/* The ledger of losses that a recording carries, and whether it closes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "info_collect.h"

/* One line "name=count" of a ledger. */
struct wt_info_count {
	const char *name;
	size_t name_length;
	uint64_t value;
};

/* Take the next line off *text; false at the end. A line that is not a count has no name.
 * count->name points into the text. */
bool wt_info_next_count(const char **text, struct wt_info_count *count);

struct wt_info_ledger_check {
	uint64_t seen, written, lost;
	bool has_seen, has_written;
	bool readable; /* every line was a count, and the sum did not overflow */
	bool closes;   /* seen = written + lost */
	bool matches;  /* written is what the file has */
};

/* Check a ledger's text against the number of packets that the file has of the interface. */
struct wt_info_ledger_check wt_info_check_text(const char *ledger, uint64_t packets);

/* Check whether the line counts losses; then the cause is its name without "lost.". */
bool wt_info_is_lost(const struct wt_info_count *count, const char **cause, size_t *length);

/* The interface must have statistics with a ledger. */
struct wt_info_ledger_check wt_info_check_ledger(const struct wt_info_interface *interface);

#endif
