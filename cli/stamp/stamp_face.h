/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_STAMP_FACE_H
#define WIRETAPE_CLI_STAMP_FACE_H

/* What the faces of `wiretape stamp` share. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/stamp/interface_name.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/stamp/system.h>

#define NS_PER_S INT64_C(1000000000)

/* What an argument names: an interface, or "sim" or "sim:KEY=VALUE,..." for one that is
 * simulated. */
struct wt_stamp_nic {
	struct wt_system *system;
	const char *interface;        /* its name, also where an alternative one was given */
	struct wt_sim_nic *simulated; /* NULL: it is the kernel's */
	char name[IF_NAMESIZE];
};

/* -EINVAL for a simulated one that is told wrongly. */
int wt_stamp_nic_open(struct wt_stamp_nic *nic, const char *text, struct wt_error *err);
void wt_stamp_nic_close(struct wt_stamp_nic *nic);

/* For the end of a help text. */
void wt_stamp_print_sim_help(void);

/* From now on SIGINT and SIGTERM only set what the other two look at. */
void wt_stamp_catch_signals(void);
bool wt_stamp_is_stopped(void);

/* Until `fd` (-1: none) is readable, a signal comes, or the time is over. */
void wt_stamp_wait(int fd, int64_t ns);

int64_t wt_stamp_clock(clockid_t clock);

/* A line, which goes out at once; false if it does not. Takes the object. */
bool wt_stamp_print_json_line(json_t *object);

#endif
