/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_STAMPING_H
#define WIRETAPE_STAMP_NIC_STAMPING_H

#include <net/if.h>
#include <stdbool.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/nic_claim.h>

/* Hardware stamping is a property of the NIC: switching it on does so for everybody. So this notes
 * the previous setting, only ever adds to it, and restores it. Where state can outlive a process,
 * the previous setting is that from before all users of this: killed ones included, and live ones,
 * the last of which restores it.
 *
 * The caller's memory; one thread. Zero: nothing is held. */
struct wt_nic_stamping {
	struct wt_system *system;
	char interface[IF_NAMESIZE];
	int index;                     /* finds it under another name; 0: unknown */
	struct wt_stamp_active found;  /* setting at the start */
	struct wt_stamp_active before; /* setting before any user of this */
	struct wt_stamp_active now;    /* setting that the driver made of the request */
	bool changed;                  /* `now` is ours to undo */
	bool is_tx;                    /* for sent packets, else for received ones */
	bool is_left;                  /* not restored: others still need it */
	char limited[200];             /* why not every packet gets a stamp, or "" */
	struct wt_nic_claim claim;
};

/* Have received packets stamped: all of them if the NIC can, else those that it already stamps,
 * else the widest PTP filter that it has. Transmit stamping stays as it is. -EOPNOTSUPP: it has no
 * hardware stamps; -EPERM: CAP_NET_ADMIN is needed to change it; each with the way out. */
int wt_nic_stamping_enable(struct wt_nic_stamping *stamping, struct wt_system *system,
                           const char *interface, struct wt_error *err);

/* Have sent packets stamped, if they are not already. Receive stamping stays as it is. Errors as
 * above. */
int wt_nic_stamping_enable_tx(struct wt_nic_stamping *stamping, struct wt_system *system,
                              const char *interface, struct wt_error *err);

/* Repeat the request after the interface has disappeared and come back under this name. A new
 * device starts without stamping, or with somebody else's setting, which is the one to restore. A
 * device that was only away still has its old request. An error changes nothing. */
int wt_nic_stamping_renew(struct wt_nic_stamping *stamping, const char *interface,
                          struct wt_error *err);

/* Restore the previous setting, unless somebody has changed it meanwhile: then it is theirs:
 * -EBUSY; or other users of this still need it: then stamping->is_left. 0 if there was nothing to
 * do. */
int wt_nic_stamping_restore(struct wt_nic_stamping *stamping, struct wt_error *err);

#endif
