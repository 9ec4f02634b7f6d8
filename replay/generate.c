/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/generate.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/feed/udp_packet.h>

#define SECOND_NS 1000000000ll

enum {
	BATCH_DEFAULT = 64,
	/* Packets due within this time leave together: one wake-up for all of them. */
	BURST_NS = 100000,
	/* A sleep ends up to 50 us late, the timer slack of an ordinary thread, and a
	 * little more until it runs. */
	OVERSLEEP_NS = 70000,
	/* Wake-ups further apart than this bear being late by an oversleep. */
	SPIN_BELOW_NS = 1000000,
	/* The longest time without a look at the stop request. */
	NAP_NS = 100000000,
	/* How late the packets due at the very end of a duration may be. */
	GRACE_NS = 1000000,
	RETRY_NS = 10000,
	STALL_NS = 1000000000,
	SEND_BUFFER_BYTES = 4 << 20,
	LINE_BYTES = 64, /* a frame starts on a cache line of its own */
};

struct sender {
	const struct wt_generate_config *config;
	struct wt_generate_result *result;
	int fd;
	uint8_t *frames; /* one of `stride` bytes per message of a batch */
	size_t stride;
	struct mmsghdr *messages;
	struct iovec *vectors;
	uint32_t batch;
	uint64_t burst; /* packets per wake-up */
	uint64_t first_sequence;
	uint64_t limit; /* packets, UINT64_MAX: none */
	int64_t start_ns;
	int64_t end_ns;     /* INT64_MAX: none */
	int64_t refused_ns; /* since when nothing but refusals; 0: not refused last time */
	int64_t checked_ns; /* when the link was last seen up */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
	struct timespec at = {.tv_sec = at_ns / SECOND_NS, .tv_nsec = at_ns % SECOND_NS};

	/* A signal ends it early, which the caller's loop takes as a look at the stop. */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void wt_generate_stop(struct wt_generate_stop *stop)
{
	/* Nothing else is published by it: no ordering needed. */
	__atomic_store_n(&stop->requested, 1, __ATOMIC_RELAXED);
}

static bool stop_requested(const struct sender *s)
{
	return s->config->stop && __atomic_load_n(&s->config->stop->requested, __ATOMIC_RELAXED);
}

static void interface_names(char *text, size_t room)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	text[0] = '\0';
	for (struct if_nameindex *i = all; i && i->if_name && used < room; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
		                         i->if_name);
	if (all)
		if_freenameindex(all);
}

static int unknown_interface(const char *name, struct wt_error *err)
{
	char names[256];

	interface_names(names, sizeof(names));
	return wt_error_set(err, -ENODEV, "there is no interface '%s' here; there are: %s", name,
	                    names);
}

static int link_is_up(int fd, struct ifreq *request, const char *name, struct wt_error *err)
{
	if (ioctl(fd, SIOCGIFFLAGS, request) < 0)
		return unknown_interface(name, err);
	if (!(request->ifr_flags & IFF_UP))
		return wt_error_set(err, -ENETDOWN,
		                    "interface '%s' is down; bring it up: ip link set %s up", name,
		                    name);
	if (!(request->ifr_flags & IFF_RUNNING))
		return wt_error_set(err, -ENETDOWN,
		                    "interface '%s' has no carrier; plug in the cable, or bring up "
		                    "the other end",
		                    name);
	return 0;
}

static int check_ethernet(int fd, struct ifreq *request, struct wt_mold_template_config *frame,
                          struct wt_error *err)
{
	const char *name = request->ifr_name;
	static const uint8_t no_mac[6];

	if (ioctl(fd, SIOCGIFHWADDR, request) < 0)
		return unknown_interface(name, err);
	/* The loopback device takes frames with Ethernet headers, too. */
	if (request->ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    request->ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return wt_error_set(err, -EINVAL,
		                    "interface '%s' is not Ethernet (hardware type %u); take one "
		                    "that is",
		                    name, request->ifr_hwaddr.sa_family);
	if (!memcmp(frame->source_mac, no_mac, 6))
		memcpy(frame->source_mac, request->ifr_hwaddr.sa_data, 6);
	return 0;
}

static int check_mtu(int fd, struct ifreq *request, uint32_t frame_bytes, struct wt_error *err)
{
	const char *name = request->ifr_name;

	if (ioctl(fd, SIOCGIFMTU, request) < 0)
		return unknown_interface(name, err);
	if ((int64_t)frame_bytes > (int64_t)request->ifr_mtu + WT_ETHERNET_BYTES)
		return wt_error_set(err, -EMSGSIZE,
		                    "a frame of %u B is too large for interface '%s', whose MTU of "
		                    "%d allows %d B; send smaller ones or raise it: ip link set %s "
		                    "mtu %u",
		                    frame_bytes, name, request->ifr_mtu,
		                    request->ifr_mtu + WT_ETHERNET_BYTES, name,
		                    frame_bytes - WT_ETHERNET_BYTES);
	return 0;
}

static void take_address(int fd, struct ifreq *request, struct wt_mold_template_config *frame)
{
	struct sockaddr_in address;

	if (frame->source || ioctl(fd, SIOCGIFADDR, request) < 0)
		return;
	memcpy(&address, &request->ifr_addr, sizeof(address));
	frame->source = ntohl(address.sin_addr.s_addr);
}

/* Whether the interface can carry the frames; completes their addresses. */
static int check_interface(const char *name, struct wt_mold_template_config *frame,
                           struct wt_error *err)
{
	struct ifreq request = {0};
	int fd, failed;

	if (!name || !*name)
		return wt_error_set(err, -EINVAL, "no interface was given to send on");
	if (strlen(name) >= sizeof(request.ifr_name))
		return unknown_interface(name, err);
	strcpy(request.ifr_name, name);
	/* Asking needs no capability: what is wrong with the name is said first. */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		int code = -errno;

		return wt_error_set(err, code, "cannot ask about interfaces: %s", strerror(-code));
	}
	failed = check_ethernet(fd, &request, frame, err);
	if (!failed)
		failed = link_is_up(fd, &request, name, err);
	if (!failed)
		failed = check_mtu(fd, &request, frame->frame_bytes, err);
	if (!failed)
		take_address(fd, &request, frame);
	close(fd);
	return failed;
}

static int socket_failed(const char *what, int code, struct wt_error *err)
{
	if (code == -EPERM || code == -EACCES)
		return wt_error_set(err, code,
		                    "no permission to send raw packets (CAP_NET_RAW); grant it to "
		                    "the program (setcap cap_net_raw+ep), run it with sudo, or try "
		                    "it in a network of your own (unshare -Urn)");
	return wt_error_set(err, code, "cannot %s: %s", what, strerror(-code));
}

static int set_up_socket(int fd, const struct wt_generate_config *config, struct wt_error *err)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	struct timeval timeout = {.tv_usec = NAP_NS / 1000};
	int bypass = !config->through_qdisc;
	int bytes = SEND_BUFFER_BYTES;

	address.sll_ifindex = (int)if_nametoindex(config->interface);
	if (!address.sll_ifindex)
		return unknown_interface(config->interface, err);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)) < 0)
		return socket_failed("choose the way around the queueing discipline", -errno, err);
	/* So that a full send buffer cannot hide a stop request. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return socket_failed("limit the time of a send", -errno, err);
	/* Only a wish: with less, the sender sleeps more often. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	/* Protocol 0, here and in socket(): the socket receives nothing. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return socket_failed("send on the interface", -errno, err);
	return 0;
}

static int open_socket(struct sender *s, struct wt_error *err)
{
	int failed;

	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return socket_failed("open a packet socket", -errno, err);
	failed = set_up_socket(s->fd, s->config, err);
	if (failed) {
		close(s->fd);
		s->fd = -1;
	}
	return failed;
}

static void free_frames(struct sender *s)
{
	free(s->frames);
	free(s->messages);
	free(s->vectors);
}

static int make_frames(struct sender *s, const struct wt_mold_template_config *frame,
                       struct wt_error *err)
{
	int bytes;

	s->stride = (frame->frame_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	s->frames = aligned_alloc(LINE_BYTES, s->batch * s->stride);
	s->messages = calloc(s->batch, sizeof(*s->messages));
	s->vectors = calloc(s->batch, sizeof(*s->vectors));
	if (!s->frames || !s->messages || !s->vectors)
		return wt_error_set(err, -ENOMEM, "no memory for %u frames of %u B", s->batch,
		                    frame->frame_bytes);
	for (uint32_t i = 0; i < s->batch; i++) {
		uint8_t *at = s->frames + i * s->stride;

		bytes = wt_mold_template_build(frame, at, s->stride, err);
		if (bytes < 0)
			return bytes;
		s->vectors[i] = (struct iovec){.iov_base = at, .iov_len = (size_t)bytes};
		s->messages[i].msg_hdr.msg_iov = &s->vectors[i];
		s->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

/* When packet n is due. */
static int64_t due_ns(const struct sender *s, uint64_t n)
{
	return s->start_ns + (int64_t)((unsigned __int128)n * SECOND_NS / s->config->rate_pps);
}

/* How many packets are due at `now`, those sent already included. Packet 0 is due
 * at the start. */
static uint64_t due_count(const struct sender *s, int64_t now)
{
	unsigned __int128 elapsed = (unsigned __int128)(now - s->start_ns);

	return (uint64_t)(elapsed * s->config->rate_pps / SECOND_NS) + 1;
}

static uint64_t left_to_send(const struct sender *s)
{
	return s->limit - s->result->sent;
}

/* Wait, but not longer than a nap, for a time at which packets are due. */
static void wait_for(const struct sender *s, int64_t at, int64_t now)
{
	bool spin = (int64_t)s->burst * SECOND_NS < SPIN_BELOW_NS * (int64_t)s->config->rate_pps;
	int64_t sleep_end = spin ? at - OVERSLEEP_NS : at;

	if (at > s->end_ns)
		sleep_end = s->end_ns;
	if (sleep_end > now + NAP_NS)
		sleep_end = now + NAP_NS;
	if (sleep_end > now)
		sleep_until(sleep_end);
}

/* How many packets to send now; 0 after some waiting when none are due. */
static uint32_t ready_packets(const struct sender *s, int64_t now)
{
	uint64_t left = left_to_send(s);
	uint64_t sent = s->result->sent;
	uint64_t burst = s->burst < left ? s->burst : left;

	if (s->config->rate_pps) {
		uint64_t due = due_count(s, now);

		if (due < sent + burst) {
			wait_for(s, due_ns(s, sent + burst - 1), now);
			return 0;
		}
		if (due - sent < left)
			left = due - sent;
	}
	return left < s->batch ? (uint32_t)left : s->batch;
}

static void number_frames(struct sender *s, uint32_t frames)
{
	uint64_t sequence = s->first_sequence + s->result->sent;

	for (uint32_t i = 0; i < frames; i++)
		wt_mold_template_set_sequence(s->frames + i * s->stride, sequence + i);
}

static int link_failed(const struct sender *s, int code, struct wt_error *err)
{
	const char *name = s->config->interface;

	if (code == -ENETDOWN)
		return wt_error_set(err, code, "interface '%s' went down while sending", name);
	if (code == -ENXIO || code == -ENODEV)
		return wt_error_set(err, -ENODEV, "interface '%s' vanished while sending", name);
	if (code == -EMSGSIZE)
		return wt_error_set(err, code, "the MTU of interface '%s' fell below the frames",
		                    name);
	return wt_error_set(err, code, "cannot send on interface '%s': %s", name, strerror(-code));
}

/* The kernel refused a send without taking any packet: 0 if it is worth another
 * try. */
static int refused(struct sender *s, int code, int64_t now, struct wt_error *err)
{
	if (code == -EINTR)
		return 0;
	if (code != -ENOBUFS && code != -EAGAIN)
		return link_failed(s, code, err);
	s->result->errors++;
	if (!s->refused_ns)
		s->refused_ns = now;
	if (now - s->refused_ns > STALL_NS)
		return wt_error_set(err, -ENOBUFS,
		                    "interface '%s' has refused every packet for a second; see "
		                    "whether its other end is up, and what its queue does: tc -s "
		                    "qdisc show dev %s",
		                    s->config->interface, s->config->interface);
	sleep_until(now + RETRY_NS);
	return 0;
}

static int send_frames(struct sender *s, uint32_t frames, struct wt_error *err)
{
	int accepted, code;
	int64_t now;

	number_frames(s, frames);
	accepted = sendmmsg(s->fd, s->messages, frames, 0);
	code = -errno;
	now = now_ns();
	if (accepted < 0)
		return refused(s, code, now, err);
	/* The rest gets the same numbers in the next call. */
	if ((uint32_t)accepted < frames)
		s->result->errors++;
	s->result->sent += (uint64_t)accepted;
	s->result->duration_ns = now - s->start_ns;
	s->refused_ns = 0;
	return 0;
}

/* A device without carrier swallows what comes through the queueing discipline and
 * reports success; only its flags tell. */
static int check_link(struct sender *s, int64_t now, struct wt_error *err)
{
	struct ifreq request = {0};

	if (!s->config->through_qdisc || now - s->checked_ns < NAP_NS)
		return 0;
	s->checked_ns = now;
	strcpy(request.ifr_name, s->config->interface);
	return link_is_up(s->fd, &request, s->config->interface, err);
}

/* Settle when it begins and what ends it. */
static void begin(struct sender *s)
{
	const struct wt_generate_config *config = s->config;
	int64_t duration = config->duration_ns;

	s->start_ns = now_ns();
	s->checked_ns = s->start_ns;
	s->end_ns = INT64_MAX;
	s->limit = config->count ? config->count : UINT64_MAX;
	if (!duration || duration >= INT64_MAX - GRACE_NS - s->start_ns)
		return;
	s->end_ns = s->start_ns + duration;
	if (config->rate_pps) {
		uint64_t due = due_count(s, s->end_ns - 1);

		s->limit = due < s->limit ? due : s->limit;
		s->end_ns += GRACE_NS;
	}
}

static int send_all(struct sender *s, struct wt_error *err)
{
	int64_t now;
	int failed = 0;

	begin(s);
	now = s->start_ns;
	while (!failed && left_to_send(s) && now < s->end_ns && !stop_requested(s)) {
		uint32_t frames = ready_packets(s, now);

		if (frames)
			failed = send_frames(s, frames, err);
		now = now_ns();
		if (!failed)
			failed = check_link(s, now, err);
	}
	s->result->bytes = s->result->sent * s->result->frame_bytes;
	return failed;
}

static int check_settings(const struct wt_generate_config *config, struct wt_error *err)
{
	if (config->rate_pps > WT_GENERATE_PPS_MAX)
		return wt_error_set(err, -EINVAL, "%llu packets/s are more than the limit of %u",
		                    (unsigned long long)config->rate_pps, WT_GENERATE_PPS_MAX);
	if (config->batch_frames > WT_GENERATE_BATCH_MAX)
		return wt_error_set(err, -EINVAL, "a batch of %u is more than the limit of %d",
		                    config->batch_frames, WT_GENERATE_BATCH_MAX);
	if (config->duration_ns < 0)
		return wt_error_set(err, -EINVAL, "a duration cannot be negative");
	return 0;
}

static void plan_bursts(struct sender *s)
{
	s->batch = s->config->batch_frames ? s->config->batch_frames : BATCH_DEFAULT;
	s->burst = s->config->rate_pps * BURST_NS / SECOND_NS;
	if (s->burst > s->batch)
		s->burst = s->batch;
	if (!s->burst)
		s->burst = 1;
}

int wt_generate(const struct wt_generate_config *config, struct wt_generate_result *result,
                struct wt_error *err)
{
	struct wt_mold_template_config frame = config->frame;
	struct sender s = {.config = config, .result = result, .fd = -1};
	int failed = check_settings(config, err);

	if (!frame.frame_bytes)
		frame.frame_bytes = WT_MOLD_FRAME_BYTES_DEFAULT;
	*result = (struct wt_generate_result){.frame_bytes = frame.frame_bytes};
	s.first_sequence = config->sequence_start ? config->sequence_start : 1;
	if (failed)
		return failed;
	plan_bursts(&s);
	failed = check_interface(config->interface, &frame, err);
	if (!failed)
		failed = make_frames(&s, &frame, err);
	if (!failed)
		failed = open_socket(&s, err);
	if (!failed) {
		failed = send_all(&s, err);
		close(s.fd);
	}
	free_frames(&s);
	return failed;
}
