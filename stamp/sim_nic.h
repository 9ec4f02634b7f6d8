/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_SIM_NIC_H
#define WIRETAPE_STAMP_SIM_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/phc.h>

/* Simulation of a NIC with a hardware clock, at the level of the kernel's ioctls for them: the
 * counterpart of ring/sim_ring.h. It drifts, wanders, steps, freezes and fails. Any thread: the
 * producer of frames asks it for stamps while a recorder asks it for cross timestamps. */
struct wt_sim_nic;

/* Zero is the default given in brackets. */
struct wt_sim_nic_config {
	const char *interface;    /* its name ["sim"] */
	int phc_index;            /* /dev/ptpN [0]; -1: no clock, no hardware stamps */
	double ppm;               /* how much faster than true time its clock runs */
	double wander_ppm;        /* amplitude of a slow sine added to it */
	double wander_period_s;   /* [60] */
	int64_t offset_ns;        /* PHC - UTC at the start [0: a clock that shows TAI has 37e9] */
	int64_t bracket_ns;       /* smallest bracket of a reading [1000] */
	int64_t bracket_noise_ns; /* largest random addition to it */
	uint64_t seed;
	int tai_offset_s;         /* the kernel's TAI - UTC [0: not set] */
	uint32_t so_timestamping; /* [those of a good NIC, software and hardware] */
	uint32_t tx_types;        /* [off, on] */
	uint32_t rx_filters;      /* [none, all] */
	int rx_filter;            /* setting before we came [HWTSTAMP_FILTER_NONE] */
	int tx_type;
	bool no_precise; /* PTP_SYS_OFFSET_PRECISE is refused … */
	bool no_extended;
	bool no_netlink;    /* TSINFO_GET is refused: leaves the ioctl */
	bool no_permission; /* SIOCSHWTSTAMP: -EPERM */
	bool manual_time; /* true time moves only by wt_sim_nic_advance(); else it is CLOCK_REALTIME
	                     and CLOCK_MONOTONIC_RAW */
	int64_t start_utc_ns; /* start of manual time [2026-01-01] */
};

/* 0 and *nic, or -ENOMEM. */
int wt_sim_nic_create(struct wt_sim_nic **nic, const struct wt_sim_nic_config *config);

/* System to pass wherever a struct wt_system is expected. Lives as long as the NIC. */
struct wt_system *wt_sim_nic_system(struct wt_sim_nic *nic);

/* Time on its clock when CLOCK_REALTIME shows utc_ns, exactly. */
int64_t wt_sim_nic_phc_at(struct wt_sim_nic *nic, int64_t utc_ns);

/* Events that happen now. */
void wt_sim_nic_advance(struct wt_sim_nic *nic, int64_t ns);  /* manual time */
void wt_sim_nic_step(struct wt_sim_nic *nic, int64_t ns);     /* its clock jumps */
void wt_sim_nic_step_utc(struct wt_sim_nic *nic, int64_t ns); /* the system clock jumps; manual
                                                               * time only */
void wt_sim_nic_freeze(struct wt_sim_nic *nic, bool frozen);
void wt_sim_nic_fail(struct wt_sim_nic *nic,
                     int error); /* every ioctl on its clock returns this, until 0 */
/* Change its stamping, as another program would. */
void wt_sim_nic_set_stamping(struct wt_sim_nic *nic, int tx_type, int rx_filter);

/* Its current stamping. */
struct wt_stamp_active wt_sim_nic_stamping(struct wt_sim_nic *nic);

/* NULL is fine. */
void wt_sim_nic_destroy(struct wt_sim_nic *nic);

#endif
