/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/capabilities.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/stamp/hwtstamp_private.h>

enum { TSINFO_BYTES = 8192 };

static int read_netlink(struct wt_stamp_supported *supported, struct wt_system *system,
                        const char *interface)
{
	uint8_t payload[TSINFO_BYTES];
	ssize_t length = system->ops->tsinfo(system, interface, payload, sizeof(payload));

	return length < 0 ? (int)length : wt_stamp_parse_tsinfo(supported, payload, (size_t)length);
}

static int read_ioctl(struct wt_stamp_supported *supported, struct wt_system *system,
                      const char *interface)
{
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
	struct ifreq arg = {.ifr_data = (void *)&info};
	int rc;

	memcpy(arg.ifr_name, interface, strlen(interface));
	rc = system->ops->interface_ioctl(system, SIOCETHTOOL, &arg);
	if (rc)
		return rc;
	*supported = (struct wt_stamp_supported){
	        .so_timestamping = info.so_timestamping,
	        .tx_types = info.tx_types,
	        .rx_filters = info.rx_filters,
	        .phc_index = info.phc_index < 0 ? -1 : info.phc_index,
	};
	return 0;
}

static int read_supported(struct wt_stamp_supported *supported, struct wt_system *system,
                          const char *interface)
{
	int rc;

	if (!*interface || strlen(interface) >= IFNAMSIZ)
		return -ENODEV;
	rc = read_netlink(supported, system, interface);
	/* Whatever is wrong with netlink, the older ioctl may work. */
	return rc && rc != -ENODEV ? read_ioctl(supported, system, interface) : rc;
}

int wt_stamp_capabilities_read(struct wt_stamp_capabilities *capabilities, struct wt_system *system,
                               const char *interface, struct wt_error *err)
{
	struct wt_stamp_capabilities read = {0};
	int rc = read_supported(&read.supported, system, interface);

	if (rc == -ENODEV)
		return wt_error_set(err, rc,
		                    "there is no interface '%s'; ip link shows those that there "
		                    "are",
		                    interface);
	if (rc)
		return wt_error_set(err, rc,
		                    "cannot ask the kernel what %s can stamp: %s; ethtool -T %s "
		                    "asks the same",
		                    interface, strerror(-rc), interface);
	wt_hwtstamp_get(system, interface, &read.active);
	read.verdict = wt_stamp_judge(&read.supported, read.reason, sizeof(read.reason));
	*capabilities = read;
	return 0;
}

static bool has(uint32_t set, uint32_t bits)
{
	return (set & bits) == bits;
}

static bool has_any(uint32_t set, uint32_t bits)
{
	return set & bits;
}

#define TYPE(name)   (1u << HWTSTAMP_TX_##name)
#define FILTER(name) (1u << HWTSTAMP_FILTER_##name)

static const uint32_t tx_event_types = TYPE(ON) | TYPE(ONESTEP_SYNC) | TYPE(ONESTEP_P2P);
/* "L4" is UDP over IPv4 and over IPv6. */
static const uint32_t rx_event_filters =
        FILTER(ALL) | FILTER(PTP_V2_L4_EVENT) | FILTER(PTP_V2_EVENT);

static bool rx_filters_are_l2(uint32_t filters)
{
	const uint32_t l2 =
	        FILTER(PTP_V2_L2_EVENT) | FILTER(PTP_V2_L2_SYNC) | FILTER(PTP_V2_L2_DELAY_REQ);

	return has_any(filters, l2) && !(filters & ~(l2 | FILTER(NONE)));
}

static const char *rx_filters_lack(uint32_t filters)
{
	if (!(filters & ~FILTER(NONE)))
		return "it has no rx filter for them";
	if (rx_filters_are_l2(filters))
		return "its rx filters know PTP over Ethernet only, not over UDP";
	if (has_any(filters, FILTER(PTP_V2_L4_SYNC) | FILTER(PTP_V2_L4_DELAY_REQ) |
	                             FILTER(PTP_V2_SYNC) | FILTER(PTP_V2_DELAY_REQ)))
		return "its rx filters take one kind of PTPv2 message at a time, not all events";
	return "none of its rx filters takes PTPv2 event messages over UDP";
}

/* NULL: nothing is missing for hardware stamps. */
static const char *hardware_lacks(const struct wt_stamp_supported *supported)
{
	uint32_t so = supported->so_timestamping;
	bool rx = has(so, SOF_TIMESTAMPING_RX_HARDWARE);
	bool tx = has(so, SOF_TIMESTAMPING_TX_HARDWARE);

	if (!rx && !tx)
		return "it has no hardware stamps";
	if (!rx)
		return "its hardware stamps sent packets only";
	if (!tx)
		return "its hardware stamps received packets only";
	if (!has(so, SOF_TIMESTAMPING_RAW_HARDWARE))
		return "its driver does not hand out the stamps of its hardware as they are";
	if (!has_any(supported->tx_types, tx_event_types))
		return "its hardware stamps sent packets, but no tx type switches that on";
	return has_any(supported->rx_filters, rx_event_filters)
	               ? NULL
	               : rx_filters_lack(supported->rx_filters);
}

static const char *software_lacks(uint32_t so)
{
	bool rx = has(so, SOF_TIMESTAMPING_RX_SOFTWARE);
	bool tx = has(so, SOF_TIMESTAMPING_TX_SOFTWARE);

	if (!rx && !tx)
		return "it has no software stamps either";
	if (!rx)
		return "software stamps are for sent packets only";
	if (!tx)
		return "software stamps are for received packets only";
	return has(so, SOF_TIMESTAMPING_SOFTWARE) ? NULL
	                                          : "its software stamps cannot be asked for";
}

static const char *widest_event_filter(uint32_t filters)
{
	if (filters & FILTER(ALL))
		return "all";
	return filters & FILTER(PTP_V2_EVENT) ? "ptpv2-event" : "ptpv2-l4-event";
}

enum wt_ptp_verdict wt_stamp_judge(const struct wt_stamp_supported *supported, char *reason,
                                   size_t capacity)
{
	const char *no_hardware = hardware_lacks(supported);
	const char *no_software = software_lacks(supported->so_timestamping);

	if (!no_hardware) {
		snprintf(reason, capacity,
		         "hardware stamps PTPv2 event messages over IPv4 and IPv6: received ones "
		         "with the rx filter %s, sent ones too%s",
		         widest_event_filter(supported->rx_filters),
		         supported->phc_index < 0 ? "; but no PTP hardware clock is named" : "");
		return WT_PTP_HARDWARE;
	}
	if (!no_software) {
		snprintf(reason, capacity, "%s; software stamps all packets, received and sent",
		         no_hardware);
		return WT_PTP_SOFTWARE;
	}
	snprintf(reason, capacity, "%s; %s", no_hardware, no_software);
	return WT_PTP_NONE;
}
