/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NIC_STAMPING_H
#define WIRETAPE_STAMP_NIC_STAMPING_H

#include <net/if.h>
#include <stdbool.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/capabilities.h>

#ifdef __cplusplus
extern "C" {
#endif

enum wt_nic_half { WT_NIC_RX, WT_NIC_TX }; /* of its stamping */

/* A share in the stamping of a NIC, that others see: a file with what was there before all who
 * have one, and a lock that tells the living from the killed (wt_state_ops of system.h). */
struct wt_nic_claim {
	struct wt_system *system;
	bool is_open;
	int fd;
	char head[256]; /* which NIC, in the file's words */
};

/* Hardware stamping is a property of the NIC: who switches it on does so for everybody. So
 * this takes note of what was there, only ever adds to it, and puts it back. Where there is a
 * place for state that outlives a process, what was there is what was before all that have used
 * this: those that were killed, too, and those that still live, of whom the last puts it back.
 *
 * The caller's memory; one thread. Zero: nothing is held. */
struct wt_nic_stamping {
	struct wt_system *system;
	char interface[IF_NAMESIZE];
	int index;                     /* by which it is found under another name; 0: unknown */
	struct wt_stamp_active found;  /* what was set when this began */
	struct wt_stamp_active before; /* what was there before anybody who used this */
	struct wt_stamp_active now;    /* what the driver made of what was asked */
	bool changed;                  /* `now` is ours to take back */
	bool is_tx;                    /* it is about sent packets, else about received ones */
	bool is_left;                  /* as it is: others still need it */
	char limited[200];             /* why not every packet gets a stamp, or "" */
	struct wt_nic_claim claim;
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

/* The same again, after the interface has been away, and is back under this name. A new device
 * starts without stamping, or with what somebody else wants of it, and that is what will be put
 * back. One that has only been away still has what was asked of it then. After an error all is as
 * before. */
int wt_nic_stamping_renew(struct wt_nic_stamping *stamping, const char *interface,
                          struct wt_error *err);

/* Put back what was there, unless somebody has changed it meanwhile: then it is theirs, and
 * -EBUSY says so; or others who use this still need it: then stamping->is_left. 0 if there was
 * nothing to do. */
int wt_nic_stamping_restore(struct wt_nic_stamping *stamping, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
