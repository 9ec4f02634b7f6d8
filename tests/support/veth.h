/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_VETH_H
#define WIRETAPE_TESTS_VETH_H

#include <stdbool.h>
#include <stddef.h>

/* A network namespace for this process alone, with a veth pair wt_a - wt_b on which
 * nothing is sent that the test does not send. It goes away with the process. */

/* NULL, or why this machine does not allow it. */
const char *veth_enter_namespace(void);

/* ip(8) with these arguments; its exit code. */
int veth_ip(const char *arguments);

/* Wait until the interface runs, or does not. The kernel notices a carrier's coming and going up
 * to a second later, and what is sent before is lost without a word. False if it takes too
 * long. */
bool veth_wait_running(const char *interface, bool running);

/* A packet socket that sends from `interface` and receives nothing, or -errno. */
int veth_open_sender(const char *interface);

#endif
