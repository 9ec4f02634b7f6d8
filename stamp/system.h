/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_SYSTEM_H
#define WIRETAPE_STAMP_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Current stamping of an interface. */
struct wt_stamp_active {
	int error; /* 0, or why it is unknown: -EOPNOTSUPP means it has no hardware stamps */
	int flags; /* struct hwtstamp_config */
	int tx_type;
	int rx_filter;
};

/* Everything that this folder asks of the kernel about clocks and NICs goes through one of these
 * tables, so that a simulated NIC (sim_nic.h) can replace it. All functions return 0 (or a count or
 * descriptor >= 0) or a negative errno, and may block for a moment. */
struct wt_system;
struct ifreq; /* net/if.h */

/* Small state files that outlive the process that wrote them, but not necessarily a reboot. Locks
 * are on single bytes, which need not exist in the file; they belong to the descriptor, conflict
 * within a process as well, and end with it however the process ends. */
enum wt_state_lock { WT_STATE_UNLOCKED, WT_STATE_SHARED, WT_STATE_ALONE };

struct wt_state_ops {
	/* Open for reading and writing, creating the file: a descriptor. Refuses files that other
	 * users could have made or can write to. */
	int (*open)(struct wt_system *system, const char *name);
	ssize_t (*read)(struct wt_system *system, int fd, void *out, size_t capacity);

	/* Replace the contents. */
	int (*write)(struct wt_system *system, int fd, const void *bytes, size_t length);

	/* -EAGAIN while others hold a conflicting lock; with `waits`, after a second of that. The
	 * previous lock stays then. */
	int (*lock)(struct wt_system *system, int fd, unsigned byte, enum wt_state_lock lock,
	            bool waits);
	void (*close)(struct wt_system *system, int fd);

	/* Identify this boot and network namespace: a word without spaces. */
	int (*place)(struct wt_system *system, char *out, size_t capacity);
};

struct wt_system_ops {
	/* Open a PTP hardware clock, "/dev/ptp0": a descriptor, for ioctl and close. Opened for
	 * reading only: nothing here sets a clock. */
	int (*open)(struct wt_system *system, const char *path);
	int (*ioctl)(struct wt_system *system, int fd, unsigned long request, void *argument);
	void (*close)(struct wt_system *system, int fd);

	/* Call an ioctl on the interface named in `request->ifr_name` (SIOCGHWTSTAMP,
	 * SIOCSHWTSTAMP, SIOCETHTOOL, SIOCGIFFLAGS …). */
	int (*interface_ioctl)(struct wt_system *system, unsigned long request, struct ifreq *arg);

	/* Ask ethtool's netlink family for ETHTOOL_MSG_TSINFO_GET of an interface: the
	 * payload of the reply, its attributes, without the netlink and generic netlink
	 * headers. Returns its length. -EOPNOTSUPP where the kernel lacks it. */
	ssize_t (*tsinfo)(struct wt_system *system, const char *interface, void *out,
	                  size_t capacity);

	int (*clock)(struct wt_system *system, clockid_t clock, int64_t *ns);

	/* Wait until `fd` is readable (1), or CLOCK_MONOTONIC shows `until_ns` or a signal handler
	 * has run (0). */
	int (*wait)(struct wt_system *system, int fd, int64_t until_ns);

	/* TAI - UTC according to the kernel, in seconds; 0: not set (adjtimex). */
	int (*tai_offset)(struct wt_system *system, int *seconds);

	const struct wt_state_ops *states; /* NULL: there are none */
};

/* The head of every implementation's own struct. */
struct wt_system {
	const struct wt_system_ops *ops;
};

/* The real one. Any thread. */
struct wt_system *wt_kernel_system(void);

#endif
