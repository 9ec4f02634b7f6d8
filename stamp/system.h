/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_SYSTEM_H
#define WIRETAPE_STAMP_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Everything that this folder asks of the kernel about clocks and NICs goes through one of
 * these tables, so that a simulated NIC (sim_nic.h) can stand behind it. All functions return
 * 0 (or a count or descriptor >= 0) or a negative errno, and may block for a moment. */
struct wt_system;
struct ifreq; /* net/if.h */

struct wt_system_ops {
	/* A PTP hardware clock, "/dev/ptp0": a descriptor, for ioctl and close. Opened for
	 * reading only: nothing here sets a clock. */
	int (*open)(struct wt_system *system, const char *path);
	int (*ioctl)(struct wt_system *system, int fd, unsigned long request, void *argument);
	void (*close)(struct wt_system *system, int fd);

	/* An ioctl on the interface named in `request->ifr_name` (SIOCGHWTSTAMP,
	 * SIOCSHWTSTAMP, SIOCETHTOOL, SIOCGIFFLAGS …). */
	int (*interface_ioctl)(struct wt_system *system, unsigned long request, struct ifreq *arg);

	/* Ask ethtool's netlink family for ETHTOOL_MSG_TSINFO_GET of an interface: the
	 * payload of the reply, its attributes, without the netlink and generic netlink
	 * headers. Returns its length. -EOPNOTSUPP where the kernel lacks it. */
	ssize_t (*tsinfo)(struct wt_system *system, const char *interface, void *out,
	                  size_t capacity);

	int (*clock)(struct wt_system *system, clockid_t clock, int64_t *ns);

	/* TAI - UTC as the kernel knows it, in seconds; 0: nobody has told it (adjtimex). */
	int (*tai_offset)(struct wt_system *system, int *seconds);
};

/* The head of every implementation's own struct. */
struct wt_system {
	const struct wt_system_ops *ops;
};

/* The real one. Any thread. */
struct wt_system *wt_kernel_system(void);

#ifdef __cplusplus
}
#endif
#endif
