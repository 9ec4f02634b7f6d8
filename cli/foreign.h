/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FOREIGN_H
#define WIRETAPE_CLI_FOREIGN_H

/* Options that people know from tcpdump, dumpcap, tcpreplay, editcap and others, and that are
 * missing here or mean something else. */

struct wt_foreign {
	const char *command;
	const char *option; /* "-C", "--topspeed" */
	const char *tool;
	const char *there; /* what it does there */
	const char *here;  /* "is -b filesize:SIZE here" */
};

/* Find an option; NULL: nobody else has it. */
const struct wt_foreign *wt_foreign_find(const char *command, const char *option);

#endif
