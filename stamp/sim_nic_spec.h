/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_SIM_NIC_SPEC_H
#define WIRETAPE_STAMP_SIM_NIC_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/sim_nic.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A simulated NIC in words: "ppm=12.5,offset=37000000000,precise=no". Times are in ns. Pure. */

/* Set in *config what `text` says, a list of KEY=VALUE with commas in between, or "" for
 * nothing; what it does not say stays. -EINVAL names the key or value that is wrong, and the
 * keys that there are; *config is then as it was. */
int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err);

/* Whether it is one of those keys: for lists that hold others as well. */
bool wt_sim_nic_knows(const char *key, size_t length);

/* For a help text: "ppm", "P", "how much faster …". */
struct wt_sim_nic_key {
	const char *name;
	const char *values;
	const char *meaning;
};

/* The key of this number, from 0; false beyond the last. */
bool wt_sim_nic_key(size_t number, struct wt_sim_nic_key *key);

#ifdef __cplusplus
}
#endif
#endif
