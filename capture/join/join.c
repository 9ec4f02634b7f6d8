/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/join/join.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/capture/join/join_filter.h>
#include <wiretape/capture/join/join_watch.h>

#ifndef PACKET_IGNORE_OUTGOING /* since Linux 4.20 */
#define PACKET_IGNORE_OUTGOING 23
#endif

/* A packet socket that listens for up to 32 groups. */
struct probe {
	int fd;
	uint32_t mask; /* of the groups that its filter lets in */
	size_t first;  /* of its groups */
	size_t count;
};

/* A socket that has as many memberships as the kernel allows one (20, of IPv4). */
struct member {
	int fd;
	int family;
};

struct wt_join {
	char name[IFNAMSIZ];
	struct wt_join_group *groups;
	struct wt_join_watch *watches; /* of each group */
	size_t count;
	struct member *members; /* sockets with memberships: `count` at the most */
	size_t member_count;
	struct probe *probes;
	size_t probe_count;
};

static void fill_address(struct sockaddr_storage *storage, int family, const uint8_t *address)
{
	*storage = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)storage)->sin_addr, address, 4);
	else
		memcpy(&((struct sockaddr_in6 *)storage)->sin6_addr, address, 16);
}

static int join_group(int fd, const struct wt_join_group *group, int index)
{
	int level = group->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_source_req one = {.gsr_interface = (uint32_t)index};
	struct group_req any = {.gr_interface = (uint32_t)index};
	int rc;

	fill_address(&any.gr_group, group->family, group->group);
	fill_address(&one.gsr_group, group->family, group->group);
	fill_address(&one.gsr_source, group->family, group->source);
	if (group->has_source)
		rc = setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &one, sizeof(one));
	else
		rc = setsockopt(fd, level, MCAST_JOIN_GROUP, &any, sizeof(any));
	return rc ? -errno : 0;
}

static int explain_join(int code, const struct wt_join_group *group, const char *name,
                        struct wt_error *err)
{
	if (code == -ENOBUFS && group->family == AF_INET)
		return wt_error_set(err, code,
		                    "cannot join %s on %s: the kernel allows no more memberships; "
		                    "raise net.ipv4.igmp_max_memberships with sysctl",
		                    group->text, name);
	return wt_error_set(err, code, "cannot join %s on %s: %s", group->text, name,
	                    strerror(-code));
}

/* IPv6 that is switched off on the interface accepts memberships without an error. */
static bool has_ipv6(const char *name)
{
	char path[96];
	FILE *file;
	int off = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	file = fopen(path, "re");
	if (!file)
		return true; /* whatever is wrong, the kernel will say so */
	if (fscanf(file, "%d", &off) != 1)
		off = 0;
	fclose(file);
	return !off;
}

static int check_interface(const struct wt_join_group *group, const struct wt_link *link,
                           struct wt_error *err)
{
	if (!(link->flags & IFF_UP))
		return wt_error_set(err, -ENETDOWN,
		                    "cannot join %s on %s: the interface is down; 'ip link set %s "
		                    "up' first",
		                    group->text, link->name, link->name);
	if (!(link->flags & IFF_MULTICAST))
		return wt_error_set(err, -EOPNOTSUPP,
		                    "cannot join %s on %s: the interface is not one for multicast "
		                    "(no MULTICAST flag); record from another, or without --join",
		                    group->text, link->name);
	if (group->family == AF_INET6 && !has_ipv6(link->name))
		return wt_error_set(err, -EAFNOSUPPORT,
		                    "cannot join %s on %s: IPv6 is switched off there; 'sysctl -w "
		                    "net/ipv6/conf/%s/disable_ipv6=0' switches it on",
		                    group->text, link->name, link->name);
	return 0;
}

/* The latest socket of this family. */
static struct member *last_member(const struct wt_join *join, int family)
{
	for (size_t i = join->member_count; i-- > 0;)
		if (join->members[i].family == family)
			return &join->members[i];
	return NULL;
}

/* An unbound socket gets no packets: it only has memberships. One that cannot have this one, too,
 * has enough of them, or has the group already, in another way. */
static int add_membership(struct wt_join *join, const struct wt_join_group *group, int index)
{
	struct member *member = last_member(join, group->family);
	int fd;

	if (member && !join_group(member->fd, group, index))
		return 0;
	fd = socket(group->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	join->members[join->member_count++] = (struct member){fd, group->family};
	return join_group(fd, group, index);
}

static int open_member(struct wt_join *join, const struct wt_join_group *group,
                       const struct wt_link *link, struct wt_error *err)
{
	int rc = check_interface(group, link, err);

	if (rc)
		return rc;
	rc = add_membership(join, group, link->index);
	return rc ? explain_join(rc, group, link->name, err) : 0;
}

static int attach(struct probe *probe, const struct wt_join_group *groups, uint32_t mask)
{
	struct sock_filter insns[WT_JOIN_FILTER_INSNS];
	size_t length = wt_join_filter_make(insns, groups + probe->first, probe->count, mask);
	struct sock_fprog program = {(unsigned short)length, insns};

	if (setsockopt(probe->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return -errno;
	probe->mask = mask;
	return 0;
}

/* Capture without link-layer header, so that all kinds of link look alike. */
static int open_probe_socket(struct probe *probe, const struct wt_join *join, int index)
{
	struct sockaddr_ll address = {
	        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
	int on = 1, smallest = 1, rc;

	probe->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe->fd < 0)
		return -errno;
	rc = attach(probe, join->groups, 0);
	if (rc)
		return rc;
	/* Packets that come after one already waits are counted and not kept. */
	if (setsockopt(probe->fd, SOL_SOCKET, SO_RCVBUF, &smallest, sizeof(smallest)))
		return -errno;
	/* A kernel without it: hear() looks at each packet's type. */
	(void)setsockopt(probe->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	return bind(probe->fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

static int open_sockets(struct wt_join *join, const struct wt_link *link, struct wt_error *err)
{
	int rc = 0;

	memcpy(join->name, link->name, sizeof(join->name));
	for (size_t i = 0; !rc && i < join->count; i++)
		rc = open_member(join, &join->groups[i], link, err);
	for (size_t i = 0; !rc && i < join->probe_count; i++) {
		rc = open_probe_socket(&join->probes[i], join, link->index);
		if (rc)
			wt_error_set(err, rc, "cannot listen for %s on %s: %s",
			             join->groups[join->probes[i].first].text, link->name,
			             strerror(-rc));
	}
	return rc;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_sockets(struct wt_join *join)
{
	for (size_t i = 0; i < join->probe_count; i++)
		close_fd(&join->probes[i].fd);
	while (join->member_count)
		close(join->members[--join->member_count].fd);
}

static struct wt_join *create(const struct wt_join_group *groups, size_t count)
{
	size_t probe_count = (count + WT_JOIN_FILTER_GROUPS - 1) / WT_JOIN_FILTER_GROUPS;
	struct wt_join *join = calloc(1, sizeof(*join));

	if (!join)
		return NULL;
	join->groups = calloc(count, sizeof(*join->groups));
	join->watches = calloc(count, sizeof(*join->watches));
	join->members = calloc(count, sizeof(*join->members));
	join->probes = calloc(probe_count, sizeof(*join->probes));
	if (!join->groups || !join->watches || !join->members || !join->probes) {
		wt_join_close(join);
		return NULL;
	}
	memcpy(join->groups, groups, count * sizeof(*groups));
	join->count = count;
	join->probe_count = probe_count;
	for (size_t i = 0; i < probe_count; i++) {
		size_t first = i * WT_JOIN_FILTER_GROUPS, left = count - first;

		join->probes[i] = (struct probe){
		        -1, 0, first, left < WT_JOIN_FILTER_GROUPS ? left : WT_JOIN_FILTER_GROUPS};
	}
	return join;
}

int wt_join_open(struct wt_join **join, const struct wt_join_group *groups, size_t count,
                 const struct wt_link *link, struct wt_error *err)
{
	struct wt_join *made;
	int rc;

	if (!count)
		return wt_error_set(err, -EINVAL, "no group to join");
	made = create(groups, count);
	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for %zu multicast groups", count);
	rc = open_sockets(made, link, err);
	if (rc) {
		wt_join_close(made);
		return rc;
	}
	*join = made;
	return 0;
}

int wt_join_renew(struct wt_join *join, const struct wt_link *link, struct wt_error *err)
{
	int rc;

	close_sockets(join);
	rc = open_sockets(join, link, err);
	if (rc)
		close_sockets(join);
	return rc;
}

void wt_join_restart(struct wt_join *join, int64_t now_ns)
{
	for (size_t i = 0; i < join->count; i++)
		wt_join_watch_restart(&join->watches[i], now_ns);
}

/* Hear which of the probe's groups have packets waiting. */
static uint32_t hear(const struct probe *probe, const struct wt_join_group *groups)
{
	enum { MOST = 64 };
	uint8_t packet[WT_JOIN_PACKET_BYTES];
	uint32_t heard = 0;

	for (int i = 0; i < MOST; i++) {
		struct sockaddr_ll from;
		socklen_t length = sizeof(from);
		ssize_t got = recvfrom(probe->fd, packet, sizeof(packet), 0,
		                       (struct sockaddr *)&from, &length);

		/* ENETDOWN and the like are the recording's business. */
		if (got < 0)
			break;
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		for (size_t j = 0; j < probe->count; j++)
			if (wt_join_filter_matches(&groups[probe->first + j], packet, (size_t)got))
				heard |= 1u << j;
	}
	return heard;
}

static uint32_t listening(const struct wt_join *join, const struct probe *probe)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < probe->count; i++)
		if (!join->watches[probe->first + i].resting)
			mask |= 1u << i;
	return mask;
}

/* A filter that is not in place must not make a group look silent. */
static void choose_groups(struct wt_join *join, struct probe *probe, int64_t now_ns)
{
	uint32_t mask = listening(join, probe);

	if (mask == probe->mask || !attach(probe, join->groups, mask))
		return;
	for (size_t i = 0; i < probe->count; i++)
		wt_join_watch_restart(&join->watches[probe->first + i], now_ns);
}

static int64_t tick_probe(struct wt_join *join, struct probe *probe, int64_t now_ns,
                          wt_join_on_news *on_news, void *context)
{
	uint32_t heard = hear(probe, join->groups);
	int64_t due_ns = now_ns + WT_JOIN_LOOK_NS;

	for (size_t i = 0; i < probe->count; i++) {
		struct wt_join_watch *watch = &join->watches[probe->first + i];
		int64_t after_ns;
		enum wt_join_news news =
		        wt_join_watch_step(watch, now_ns, heard & 1u << i, &after_ns);

		if (news != WT_JOIN_NO_NEWS)
			on_news(context, &join->groups[probe->first + i], news, after_ns);
	}
	choose_groups(join, probe, now_ns);
	for (size_t i = 0; i < probe->count; i++) {
		int64_t one_ns = wt_join_watch_due_ns(&join->watches[probe->first + i], now_ns);

		due_ns = one_ns < due_ns ? one_ns : due_ns;
	}
	return due_ns;
}

int64_t wt_join_tick(struct wt_join *join, int64_t now_ns, wt_join_on_news *on_news, void *context)
{
	int64_t due_ns = now_ns + WT_JOIN_LOOK_NS;

	for (size_t i = 0; i < join->probe_count; i++) {
		int64_t one_ns = tick_probe(join, &join->probes[i], now_ns, on_news, context);

		due_ns = one_ns < due_ns ? one_ns : due_ns;
	}
	return due_ns;
}

void wt_join_close(struct wt_join *join)
{
	if (!join)
		return;
	close_sockets(join);
	free(join->probes);
	free(join->members);
	free(join->watches);
	free(join->groups);
	free(join);
}
