/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PLAN_REPLAYER_PORTS_H
#define WIRETAPE_REPLAY_PLAN_REPLAYER_PORTS_H

#include <wiretape/replay/plan/replayer_config.h>

/* The interfaces here, and which packets go to which. */
struct wt_replayer_ports {
	const struct wt_replayer_config *config;
	const char *names[WT_REPLAYER_PORTS_MAX];
	size_t count;
	int default_port; /* WT_PORT_NONE: packets that no map names go nowhere */
};

/* Read the config's interfaces; "sim" stands for one that is simulated. */
int wt_replayer_ports_init(struct wt_replayer_ports *ports, const struct wt_replayer_config *config,
                           bool is_sim, struct wt_error *err);

/* Port that packets of an interface of the files go to: its number, or one of these. UNFIT: the
 * port cannot carry them. */
enum { WT_PORT_LEFT_OUT = -1, WT_PORT_NONE = -2, WT_PORT_UNFIT = -3 };
int wt_replayer_port_of(const struct wt_replayer_ports *ports, const char *name, uint32_t number);

#endif
