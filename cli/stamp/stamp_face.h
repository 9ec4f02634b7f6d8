/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_STAMP_STAMP_FACE_H
#define WIRETAPE_CLI_STAMP_STAMP_FACE_H

/* Common ground of the faces of `wiretape stamp`. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/net/interface_name.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/stamp/system.h>

#define NS_PER_S INT64_C(1000000000)

/* A NIC named by an argument: an interface, or "sim" or "sim:KEY=VALUE,..." for a simulated one. */
struct wt_stamp_nic {
	struct wt_system *system;
	const char *interface;        /* its name, also where an alternative one was given */
	struct wt_sim_nic *simulated; /* NULL: it is the kernel's */
	char name[IF_NAMESIZE];
};

/* Open it; -EINVAL if a simulated one is described wrongly. */
int wt_stamp_nic_open(struct wt_stamp_nic *nic, const char *text, struct wt_error *err);
void wt_stamp_nic_close(struct wt_stamp_nic *nic);

/* Print the end of a help text. */
void wt_stamp_print_sim_help(void);

/* Catch SIGINT and SIGTERM: from now on they only set what the other two look at. */
void wt_stamp_catch_signals(void);
bool wt_stamp_is_stopped(void);

/* Wait until `fd` (-1: none) is readable, a signal comes, or the time is over. */
void wt_stamp_wait(int fd, int64_t ns);

int64_t wt_stamp_clock(clockid_t clock);

#endif
