/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_STAMPING_H
#define WIRETAPE_STAMP_NIC_STAMPING_H

#include <net/if.h>
#include <stdbool.h>

#include <wiretape/ring/error.h>
#include <wiretape/stamp/capabilities.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Hardware stamping is a property of the NIC: who switches it on does so for everybody. So
 * this takes note of what was there, only ever adds to it, and puts it back.
 *
 * The caller's memory; one thread. Zero: nothing is held. */
struct wt_nic_stamping {
	struct wt_system *system;
	char interface[IF_NAMESIZE];
	struct wt_stamp_active before; /* what was there */
	struct wt_stamp_active now;    /* what the driver made of what was asked */
	bool changed;                  /* `now` is ours to take back */
	bool is_tx;                    /* it is about sent packets, else about received ones */
	char limited[200];             /* why not every packet gets a stamp, or "" */
};

/* Have received packets stamped: all of them if the NIC can, else those that it was already
 * told to stamp, else the widest PTP filter that it has. Transmit stamping stays as it is.
 * -EOPNOTSUPP: it has no hardware stamps; -EPERM: CAP_NET_ADMIN is needed to change it; each
 * with the way out. */
int wt_nic_stamping_enable(struct wt_nic_stamping *stamping, struct wt_system *system,
                           const char *interface, struct wt_error *err);

/* Have sent packets stamped, if they are not already. How received ones are stamped stays as it
 * is. Errors as above. */
int wt_nic_stamping_enable_tx(struct wt_nic_stamping *stamping, struct wt_system *system,
                              const char *interface, struct wt_error *err);

/* Put back what was there, unless somebody has changed it meanwhile: then it is theirs, and
 * -EBUSY says so. 0 if there was nothing to do. */
int wt_nic_stamping_restore(struct wt_nic_stamping *stamping, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
