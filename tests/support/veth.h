/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_VETH_H
#define WIRETAPE_TESTS_VETH_H

#include <stdbool.h>
#include <stddef.h>

/* A network namespace for this process alone, with a veth pair wt_a - wt_b on which
 * nothing is sent that the test does not send. It goes away with the process. */

/* Enter the namespace: NULL, or the reason why this machine does not allow it. */
const char *veth_enter_namespace(void);

/* Run ip(8) with these arguments; returns its exit code. */
int veth_ip(const char *arguments);

/* Wait until the interface runs, or does not. The kernel notices a change of carrier up
 * to a second later, and silently loses packets sent before. False if it takes too
 * long. */
bool veth_wait_running(const char *interface, bool running);

/* Open a packet socket that sends from `interface` and receives nothing, or -errno. */
int veth_open_sender(const char *interface);

#endif
