/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_LINK_H
#define WIRETAPE_BASE_LINK_H

#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

/* Offloads that make recorded packets differ from those on the wire. */
#define WT_OFFLOAD_RX_CSUM (1u << 0)
#define WT_OFFLOAD_TX_CSUM (1u << 1)
#define WT_OFFLOAD_GRO     (1u << 2)
#define WT_OFFLOAD_LRO     (1u << 3)
#define WT_OFFLOAD_GSO     (1u << 4)
#define WT_OFFLOAD_TSO     (1u << 5)

/* A network interface in the caller's network namespace, as the kernel describes it. */
struct wt_link {
	char name[IFNAMSIZ];
	char alias[256]; /* ip link set … alias; "" if none */
	char driver[32]; /* "" if unknown */
	int index;
	unsigned flags; /* IFF_* */
	uint32_t mtu;
	uint16_t hardware_type; /* ARPHRD_* */
	uint8_t mac[6];
	bool has_mac;
	uint64_t speed_bps; /* 0: unknown */
	unsigned offloads;  /* WT_OFFLOAD_* */
	uint32_t rx_queues; /* in use; 0: unknown */
	struct rtnl_link_stats64 counters;
};

/* Look up an interface by its name or an alternative one (link->name is the primary): rtnetlink
 * (libmnl) for the link and its counters, ethtool for driver, speed and offloads. 0, -ENODEV with a
 * list of the interfaces there are, or another -errno. May block for a moment. Any thread. */
int wt_link_read(const char *name, struct wt_link *link, struct wt_error *err);

/* Like wt_link_read(), by index: an interface keeps it when it is renamed. */
int wt_link_read_index(int index, struct wt_link *link, struct wt_error *err);

/* 0 while it is up, -ENETDOWN, or -ENODEV once it is gone. `fd` is any socket. */
int wt_link_state(int fd, int index);

/* List the interfaces: "eth0, lo, veth1", cut off where it gets too long. */
void wt_link_names(char *out, size_t capacity);

/* "gro tso …" for the bits of `offloads`, "" for none. */
void wt_link_offload_text(unsigned offloads, char *out, size_t capacity);

/* The pcapng link type (LINKTYPE_*) of what an AF_PACKET socket delivers from an
 * interface of this ARPHRD_* type, or -ENOTSUP. */
int wt_link_type(uint16_t hardware_type);

/* The NIC's receive counters that show loss, under the kernel's own names, to iterate over: NULL
 * after the last. */
struct wt_nic_counter {
	const char *name;
	size_t offset; /* offset in struct rtnl_link_stats64 */
};
extern const struct wt_nic_counter wt_nic_counters[];

/* now - then for one counter; 0 if it went backwards (the device was reset). */
uint64_t wt_nic_counter_difference(const struct wt_nic_counter *counter,
                                   const struct rtnl_link_stats64 *then,
                                   const struct rtnl_link_stats64 *now);

/* A device that comes back may count from any value: set *base so that its counters, `first` when
 * it came back, continue from `counted`. Wraps around, as the sums do. */
void wt_nic_counters_base(struct rtnl_link_stats64 *base, const struct rtnl_link_stats64 *counted,
                          const struct rtnl_link_stats64 *first);
void wt_nic_counters_add(struct rtnl_link_stats64 *counters, const struct rtnl_link_stats64 *base);

#endif
