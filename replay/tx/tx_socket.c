/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_private.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/stamp/capabilities.h>

enum {
	SEND_BUFFER_BYTES = 4 << 20,
	SEND_NAP_US = 50000,
	/* Stamps wait in the receive buffer; each is counted as some 800 bytes. */
	STAMP_BUFFER_BYTES = 64 << 20,
	VLAN_BYTES = 4,
	ETHERNET_BYTES = 14,
	LINKTYPE_ETHERNET = 1,
};

int wt_tx_read_link(struct wt_link *link, const char *interface, struct wt_error *err)
{
	int rc = wt_link_read(interface, link, err);

	if (rc)
		return rc;
	if (!(link->flags & IFF_UP))
		return wt_error_set(err, -ENETDOWN,
		                    "interface '%s' is down; bring it up: ip link set %s up",
		                    interface, interface);
	if (!(link->flags & IFF_RUNNING))
		return wt_error_set(err, -ENETDOWN,
		                    "interface '%s' has no carrier; plug in the cable, or bring up "
		                    "the other end",
		                    interface);
	rc = wt_link_type(link->hardware_type);
	if (rc < 0)
		return wt_error_set(
		        err, rc,
		        "interface '%s' is of a kind of link (ARPHRD %u) that cannot be "
		        "sent on; take the Ethernet or IP interface below or above it",
		        interface, link->hardware_type);
	return 0;
}

static int failed(const char *what, int code, struct wt_error *err)
{
	if (code == -EPERM || code == -EACCES)
		return wt_error_set(err, code,
		                    "no permission to send raw packets (CAP_NET_RAW); grant it to "
		                    "the program (setcap cap_net_raw+ep), run it with sudo, or try "
		                    "it in a network of your own (unshare -Urn)");
	return wt_error_set(err, code, "cannot %s: %s", what, strerror(-code));
}

static int bind_to(const struct wt_tx *tx, int index, struct wt_error *err)
{
	/* Protocol 0, here and in socket(): it receives nothing. */
	const struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = index};

	if (bind(tx->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return failed("send on the interface", -errno, err);
	return 0;
}

/* Best effort: smaller buffers cost retries and perhaps stamps. */
static void enlarge_buffers(int fd)
{
	int out = SEND_BUFFER_BYTES, in = STAMP_BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &out, sizeof(out)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &out, sizeof(out));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &in, sizeof(in)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &in, sizeof(in));
}

/* A driver that is not said to stamp would leave all packets waiting for theirs. */
static int ask_for_stamps(struct wt_tx *tx, enum wt_tx_stamp wanted, struct wt_error *err)
{
	struct wt_tx_stamps *stamps = &tx->stamps;
	/* Reports carry the packet's number, not its bytes. */
	int flags = SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	int rc;

	if (!tx->interface[0] && wanted == WT_TX_STAMP_HARDWARE)
		return wt_error_set(err, -EINVAL,
		                    "which NIC is to stamp? Name the interface with -i, or leave "
		                    "out --tx-stamp hw");
	rc = tx->interface[0]
	             ? wt_tx_stamps_open(stamps, wt_kernel_system(), tx->interface, wanted, err)
	             : 0;
	if (rc || (!stamps->software && !stamps->hardware))
		return rc;
	if (stamps->software)
		flags |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	if (stamps->hardware)
		flags |= SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
	/* Otherwise a packet that the NIC was to stamp and did not would never be reported. */
	if (stamps->software && stamps->hardware)
		flags |= SOF_TIMESTAMPING_OPT_TX_SWHW;
	tx->has_stamps = !setsockopt(tx->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags));
	return 0;
}

/* Which of an interface's queues packets take: not all of them need to keep launch times. */
static int set_priority(const struct wt_tx *tx, unsigned priority, struct wt_error *err)
{
	int value = (int)priority, code;

	if (!setsockopt(tx->fd, SOL_SOCKET, SO_PRIORITY, &value, sizeof(value)))
		return 0;
	code = -errno;
	return wt_error_set(err, code,
	                    "cannot send with priority %d, which the qdisc with launch times is "
	                    "for (CAP_NET_ADMIN): %s",
	                    value, strerror(-code));
}

static int ask_for_launch(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err)
{
	const struct sock_txtime settings = {config->launch_clock, SOF_TXTIME_REPORT_ERRORS};
	int code = set_priority(tx, config->launch_priority, err);

	if (code)
		return code;
	if (!setsockopt(tx->fd, SOL_SOCKET, SO_TXTIME, &settings, sizeof(settings))) {
		tx->is_launched = true;
		return 0;
	}
	code = -errno;
	if (code == -EPERM)
		return wt_error_set(
		        err, code,
		        "no permission for launch times by this clock (CAP_NET_ADMIN); "
		        "grant it to the program (setcap cap_net_raw,cap_net_admin+ep)");
	return wt_error_set(err, code, "the kernel has no launch times (SO_TXTIME): %s",
	                    strerror(-code));
}

/* The wait ends now and then, for a look at whether to stop. */
static void choose_waiting(struct wt_tx *tx, bool may_block)
{
	const struct timeval nap = {.tv_usec = SEND_NAP_US};
	bool is_limited =
	        may_block && !setsockopt(tx->fd, SOL_SOCKET, SO_SNDTIMEO, &nap, sizeof(nap));

	tx->send_flags = is_limited ? 0 : MSG_DONTWAIT;
}

int wt_tx_ask_socket(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err)
{
	int rc;

	enlarge_buffers(tx->fd);
	choose_waiting(tx, config->may_block);
	rc = ask_for_stamps(tx, config->stamp, err);
	return !rc && config->wants_launch ? ask_for_launch(tx, config, err) : rc;
}

int wt_tx_packet_socket(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err)
{
	int bypass = !config->through_qdisc && !config->wants_launch;
	struct wt_link link;
	int rc = wt_tx_read_link(&link, config->interface, err);

	if (rc)
		return rc;
	strcpy(tx->interface, link.name);
	tx->link_type = (uint16_t)wt_link_type(link.hardware_type);
	tx->bytes_min = tx->link_type == LINKTYPE_ETHERNET ? ETHERNET_BYTES : 1;
	/* The kernel's limit; a VLAN tag does not count as one of the MTU's bytes. */
	tx->bytes_max = link.mtu;
	if (tx->link_type == LINKTYPE_ETHERNET)
		tx->bytes_max += ETHERNET_BYTES + VLAN_BYTES;
	tx->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (tx->fd < 0)
		return failed("open a packet socket", -errno, err);
	if (setsockopt(tx->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) < 0)
		return failed("choose the way around the queueing discipline", -errno, err);
	rc = wt_tx_ask_socket(tx, config, err);
	return rc ? rc : bind_to(tx, link.index, err);
}

static int nothing_waits(struct wt_tx *tx)
{
	(void)tx;
	return 0;
}

int wt_tx_open_socket(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err)
{
	static const struct wt_tx_ops ops = {
	        .send = wt_tx_send_messages,
	        .warm_up = wt_tx_warm_messages,
	        .drain = nothing_waits,
	        .reports = wt_tx_read_reports,
	        .close = wt_tx_free,
	};
	struct wt_tx *made = calloc(1, sizeof(*made));

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a sender");
	made->ops = &ops;
	made->kind = WT_TX_SOCKET;
	made->fd = -1;
	return wt_tx_finish(tx, made, wt_tx_packet_socket(made, config, err), err);
}
