/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_SIM_NIC_SPEC_H
#define WIRETAPE_STAMP_SIM_NIC_SPEC_H

#include <wiretape/base/error.h>
#include <wiretape/stamp/sim_nic.h>

/* Description of a simulated NIC: "ppm=12.5,offset=37s,precise=no". Bare times are in ns. Pure. */

/* Apply `text`, a list KEY=VALUE,KEY=VALUE or "", to *config; other settings stay. -EINVAL names
 * the bad key or value, and the valid keys; *config is then unchanged. */
int wt_sim_nic_parse(struct wt_sim_nic_config *config, const char *text, struct wt_error *err);

/* Its keys, for help texts, and as a part of other forms. */
struct wt_spec_form;
extern const struct wt_spec_form wt_sim_nic_form;

#endif
