/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/packet_socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING /* since Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING /* since Linux 6.0 */
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

static int reject_everything(int fd)
{
	struct sock_filter reject = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {1, &reject};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

static int no_socket(int code, const char *name, struct wt_error *err)
{
	if (code != -EPERM && code != -EACCES)
		return wt_error_set(err, code, "cannot open a packet socket for %s: %s", name,
		                    strerror(-code));
	return wt_error_set(err, code,
	                    "no permission to record from %s: the capability CAP_NET_RAW is "
	                    "missing; run as root, or grant it once with 'sudo setcap "
	                    "cap_net_raw,cap_net_admin+ep \"$(command -v wiretape)\"', or record "
	                    "inside 'unshare -Urn'",
	                    name);
}

/* Ask for stamps early: the kernel switches stamping on in the background, and
 * frames from before carry the less precise ones. */
static int ask_for_stamps(int fd)
{
	int on = 1, software = SOF_TIMESTAMPING_SOFTWARE;

	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		return -errno;
	return setsockopt(fd, SOL_PACKET, PACKET_TIMESTAMP, &software, sizeof(software)) ? -errno
	                                                                                 : 0;
}

int wt_packet_socket_open(struct wt_packet_socket *packet, const struct wt_link *link,
                          struct wt_error *err)
{
	int rc, on = 1;

	packet->link = *link;
	packet->grace_fd = -1;
	/* Protocol 0: not hooked in until bound. */
	packet->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (packet->fd < 0)
		return no_socket(-errno, link->name, err);
	rc = reject_everything(packet->fd);
	if (!rc)
		rc = ask_for_stamps(packet->fd);
	/* On loopback every frame passes twice, going out and coming in. */
	if (!rc && (link->flags & IFF_LOOPBACK) &&
	    setsockopt(packet->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		rc = -errno;
	if (rc) {
		close(packet->fd);
		packet->fd = -1;
		return wt_error_set(err, rc, "cannot prepare the packet socket for %s: %s",
		                    link->name, strerror(-rc));
	}
	return 0;
}

/* The one for rings, the other for what recvmsg() tells. */
int wt_packet_socket_ask_hardware(const struct wt_packet_socket *packet, struct wt_error *err)
{
	int ring = SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_SOFTWARE;
	int message = ring | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	int rc;

	if (!setsockopt(packet->fd, SOL_PACKET, PACKET_TIMESTAMP, &ring, sizeof(ring)) &&
	    !setsockopt(packet->fd, SOL_SOCKET, SO_TIMESTAMPING, &message, sizeof(message)))
		return 0;
	rc = -errno;
	return wt_error_set(err, rc, "the kernel refuses hardware stamps for %s: %s",
	                    packet->link.name, strerror(-rc));
}

static int bind_to(const struct wt_packet_socket *packet, uint16_t protocol)
{
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET,
	        .sll_protocol = htons(protocol),
	        .sll_ifindex = packet->link.index,
	};

	return bind(packet->fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int wt_packet_socket_bind(struct wt_packet_socket *packet, bool promiscuous, struct wt_error *err)
{
	struct packet_mreq membership = {.mr_ifindex = packet->link.index,
	                                 .mr_type = PACKET_MR_PROMISC};
	int rc = bind_to(packet, ETH_P_ALL);

	if (rc)
		return wt_error_set(err, rc, "cannot bind to interface %s: %s", packet->link.name,
		                    strerror(-rc));
	packet->promiscuous = promiscuous;
	if (promiscuous && setsockopt(packet->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
	                              sizeof(membership))) {
		rc = -errno;
		return wt_error_set(err, rc,
		                    "cannot make %s promiscuous: %s; -p records without it",
		                    packet->link.name, strerror(-rc));
	}
	return 0;
}

static int cannot_join(const struct wt_packet_socket *packet, int code, struct wt_error *err)
{
	const char *name = packet->link.name;

	if (wt_link_state(packet->fd, packet->link.index))
		return wt_error_set(err, -ENETDOWN,
		                    "%s is down: its packets can be shared out among queues only "
		                    "while it is up",
		                    name);
	return wt_error_set(err, code,
	                    "the kernel does not share out packets of %s among queues: %s", name,
	                    strerror(-code));
}

/* Datagrams are not put together before they are shared out (PACKET_FANOUT_FLAG_DEFRAG): what is
 * recorded is what arrives. A group has its own hook, which looks at its own flags only. */
int wt_packet_socket_join(struct wt_packet_socket *packet, int mode, int *group,
                          struct wt_error *err)
{
	int flags = packet->link.flags & IFF_LOOPBACK ? PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0;
	int unique = *group < 0 ? PACKET_FANOUT_FLAG_UNIQUEID : 0;
	int value = (mode | flags | unique) << 16 | (unique ? 0 : *group);
	socklen_t length = sizeof(value);

	if (setsockopt(packet->fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) ||
	    getsockopt(packet->fd, SOL_PACKET, PACKET_FANOUT, &value, &length))
		return cannot_join(packet, -errno, err);
	*group = value & UINT16_MAX;
	packet->in_group = true;
	packet->grace_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return packet->grace_fd < 0 ? cannot_join(packet, -errno, err) : 0;
}

/* Make the program that lets through packets of the right kind of link that pass `code`. */
static int make_gate(struct wt_packet_socket *packet, const struct sock_filter *code,
                     uint32_t count)
{
	const struct sock_filter kind[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_HATYPE),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, packet->link.hardware_type, 1, 0),
	        BPF_STMT(BPF_RET | BPF_K, 0),
	};
	enum { KIND = sizeof(kind) / sizeof(kind[0]) };
	struct sock_filter *made;

	if (count > BPF_MAXINSNS - KIND)
		return -E2BIG;
	made = malloc(sizeof(kind) + count * sizeof(*code));
	if (!made)
		return -ENOMEM;
	memcpy(made, kind, sizeof(kind));
	memcpy(made + KIND, code, count * sizeof(*code));
	free(packet->gate.filter);
	packet->gate.len = (unsigned short)(KIND + count);
	packet->gate.filter = made;
	return 0;
}

static int attach_gate(const struct wt_packet_socket *packet)
{
	return setsockopt(packet->fd, SOL_SOCKET, SO_ATTACH_FILTER, &packet->gate,
	                  sizeof(packet->gate))
	               ? -errno
	               : 0;
}

int wt_packet_socket_set_filter(struct wt_packet_socket *packet, struct wt_filter *filter,
                                uint32_t snaplen, struct wt_error *err)
{
	const struct sock_filter everything = BPF_STMT(BPF_RET | BPF_K, snaplen);
	int rc;

	packet->filter = *filter;
	*filter = (struct wt_filter){0};
	packet->filter.interface_index = packet->link.index;
	packet->refusal = make_gate(packet, packet->filter.code, packet->filter.count);
	/* A try, while nothing can arrive. */
	if (!packet->refusal)
		packet->refusal = attach_gate(packet);
	rc = packet->refusal ? make_gate(packet, &everything, 1) : reject_everything(packet->fd);
	return rc ? wt_error_set(err, rc, "cannot prepare the filter of %s: %s", packet->link.name,
	                         strerror(-rc))
	          : 0;
}

int wt_packet_socket_open_gate(struct wt_packet_socket *packet, struct wt_error *err)
{
	int rc = attach_gate(packet);

	return rc ? wt_error_set(err, rc, "the kernel refuses the filter for %s: %s",
	                         packet->link.name, strerror(-rc))
	          : 0;
}

/* Bind to another protocol: unhooks the socket and waits until every CPU has left
 * (synchronize_net). */
static int unhook(const struct wt_packet_socket *packet)
{
	int rc = bind_to(packet, ETH_P_LOOPBACK);

	/* Nothing can arrive from an interface that is not there. */
	return rc == -ENODEV || rc == -ENETDOWN || rc == -ENXIO ? 0 : rc;
}

/* A socket in a group cannot be bound again. But closing a packet socket, any one, waits for every
 * CPU as well (packet_release()), and needs no right to do so. */
static int wait_for_cpus(struct wt_packet_socket *packet)
{
	int rc = packet->grace_fd >= 0 && close(packet->grace_fd) ? -errno : 0;

	packet->grace_fd = -1;
	return rc;
}

/* The new filter is not waited for: another CPU may still be storing a frame that the old one let
 * in. */
int wt_packet_socket_shut_gate(struct wt_packet_socket *packet)
{
	int rc = reject_everything(packet->fd);
	int left = packet->in_group ? wait_for_cpus(packet) : unhook(packet);

	return rc ? rc : left;
}

int wt_packet_socket_statistics(const struct wt_packet_socket *packet, bool v3,
                                struct wt_ring_statistics *since_last)
{
	struct tpacket_stats_v3 counters = {0};
	socklen_t length = v3 ? sizeof(counters) : sizeof(struct tpacket_stats);

	/* The three counters start alike; the older structure lacks the last. */
	if (getsockopt(packet->fd, SOL_PACKET, PACKET_STATISTICS, &counters, &length))
		return -errno;
	*since_last = (struct wt_ring_statistics){counters.tp_packets, counters.tp_drops,
	                                          counters.tp_freeze_q_cnt};
	return 0;
}

static bool is_of_its_kind(const struct wt_packet_socket *packet)
{
	struct ifreq request = {.ifr_ifindex = packet->link.index};

	return ioctl(packet->fd, SIOCGIFNAME, &request) ||
	       ioctl(packet->fd, SIOCGIFHWADDR, &request) ||
	       request.ifr_hwaddr.sa_family == packet->link.hardware_type;
}

int wt_packet_socket_health(const struct wt_packet_socket *packet)
{
	int pending = 0, state;
	socklen_t length = sizeof(pending);

	/* Reading the error clears it, so that poll() can sleep again. */
	getsockopt(packet->fd, SOL_SOCKET, SO_ERROR, &pending, &length);
	state = wt_link_state(packet->fd, packet->link.index);
	/* The link may be up again by now. */
	if (!state && pending == ENETDOWN)
		return -ENETDOWN;
	return !state && !is_of_its_kind(packet) ? -EMEDIUMTYPE : state;
}

void wt_packet_socket_close(struct wt_packet_socket *packet)
{
	if (packet->grace_fd >= 0)
		close(packet->grace_fd);
	if (packet->fd >= 0)
		close(packet->fd);
	packet->fd = packet->grace_fd = -1;
	wt_filter_free(&packet->filter);
	free(packet->gate.filter);
	packet->gate = (struct sock_fprog){0};
}
