/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures the cost and error of a stamp, four ways: a clock read by the program after each
 * packet, the kernel's stamp by recvmsg(), the same by recvmmsg(), and a TPACKET_V3 ring.
 *
 * The sender has the first processor and gives frames to the driver past the queueing
 * discipline; the receiver has the second. On a veth the kernel's work for a packet until
 * it is queued happens on the sender's processor, so that the receiver's time is what it
 * costs to fetch packets with their stamps, and nothing else. All have 16 MiB for packets
 * that wait.
 *
 * The error of a clock read by the program is its distance from the kernel's stamp of the
 * very same packet, in runs of their own that take both. The other three give the
 * kernel's stamp itself; for them the delay until a packet is in hand is reported. */
#include <errno.h>
#include <getopt.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/replay/replayer.h>

enum {
	BATCH = 64,
	PACKET_BYTES = 2048,
	BUFFER_BYTES = 16 << 20,
	PATIENCE_MS = 100, /* without a packet, once the sender is done */
	MAX_ROUNDS = 99,
	PORT = 26477,
	BURST_NS = 100000, /* packets of a rate that are due within it leave together */
};
static const uint32_t group = 0xe9fc0001; /* 233.252.0.1 */

struct settings {
	const char *sending;
	const char *receiving;
	uint32_t frame_bytes;
	uint64_t rate_pps;
	uint64_t count;
	int rounds;
};

struct receiver {
	int fd;
	struct wt_reader *reader; /* of the ring */
	bool measures;            /* the program's clock against the kernel's stamp */
	bool stamps;              /* recv(): together with the kernel's */
	uint64_t taken;
	uint64_t calls;
	int64_t *late_ns; /* of each packet, if it measures */
	int64_t sum;      /* so that no stamp goes unused */
};

struct way {
	const char *name;
	void (*open)(struct receiver *receiver, const struct settings *settings);
	/* Wait at most PATIENCE_MS; how many packets came. */
	size_t (*take)(struct receiver *receiver);
};

/* Results of one run. */
struct run {
	double taken_pps;
	double loss_pct;
	double cpu_ns;
	double calls;
	double late_p50_ns;
	double late_p99_ns;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_stamps: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt");
}

static void note(struct receiver *receiver, int64_t now_ns, int64_t stamp_ns)
{
	receiver->sum += stamp_ns;
	if (receiver->measures)
		receiver->late_ns[receiver->taken] = now_ns - stamp_ns;
	receiver->taken++;
}

/* Set the buffer's size, which the kernel doubles for its own overhead. Report a smaller one: it
 * changes the losses. */
static void size_buffer(int fd)
{
	int wanted = BUFFER_BYTES / 2, got = 0;
	socklen_t length = sizeof(got);
	static bool told;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)))
		set(fd, SOL_SOCKET, SO_RCVBUF, wanted);
	if (!getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &length) && got < BUFFER_BYTES && !told)
		printf("sockets have only %d bytes: net.core.rmem_max\n", got);
	told = true;
}

static void open_socket(struct receiver *receiver, const struct settings *settings)
{
	struct sockaddr_in address = {
	        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(group)};
	struct ip_mreqn membership = {.imr_multiaddr = address.sin_addr,
	                              .imr_ifindex = (int)if_nametoindex(settings->receiving)};
	struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};

	receiver->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (receiver->fd < 0 || bind(receiver->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(receiver->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership,
	               sizeof(membership)) ||
	    setsockopt(receiver->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		die("cannot listen to the group");
	size_buffer(receiver->fd);
}

static void open_clock(struct receiver *receiver, const struct settings *settings)
{
	open_socket(receiver, settings);
	if (receiver->stamps)
		set(receiver->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

static void open_timestampns(struct receiver *receiver, const struct settings *settings)
{
	open_socket(receiver, settings);
	set(receiver->fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
}

static void open_timestamping(struct receiver *receiver, const struct settings *settings)
{
	open_socket(receiver, settings);
	set(receiver->fd, SOL_SOCKET, SO_TIMESTAMPING,
	    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
}

/* Find the first stamp among the control messages; both kinds start with a timespec. */
static int64_t stamp_of(struct msghdr *message)
{
	struct timespec stamp = {0};

	for (struct cmsghdr *i = CMSG_FIRSTHDR(message); i; i = CMSG_NXTHDR(message, i))
		if (i->cmsg_level == SOL_SOCKET &&
		    (i->cmsg_type == SCM_TIMESTAMPNS || i->cmsg_type == SCM_TIMESTAMPING))
			memcpy(&stamp, CMSG_DATA(i), sizeof(stamp));
	return (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
}

union control {
	char bytes[128];
	struct cmsghdr align;
};

/* Take one packet by recvmsg(); false: none came. */
static bool take_message(struct receiver *receiver, int64_t *stamp_ns)
{
	static uint8_t packet[PACKET_BYTES];
	union control control;
	struct iovec part = {packet, sizeof(packet)};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = &control,
	                         .msg_controllen = sizeof(control)};

	receiver->calls++;
	if (recvmsg(receiver->fd, &message, 0) < 0)
		return false;
	*stamp_ns = stamp_of(&message);
	return true;
}

static size_t take_by_clock(struct receiver *receiver)
{
	static uint8_t packet[PACKET_BYTES];
	int64_t stamp_ns;

	if (receiver->stamps) {
		if (!take_message(receiver, &stamp_ns))
			return 0;
		note(receiver, clock_ns(CLOCK_REALTIME), stamp_ns);
		return 1;
	}
	receiver->calls++;
	if (recv(receiver->fd, packet, sizeof(packet), 0) < 0)
		return 0;
	note(receiver, 0, clock_ns(CLOCK_REALTIME));
	return 1;
}

static size_t take_timestampns(struct receiver *receiver)
{
	int64_t stamp_ns;

	if (!take_message(receiver, &stamp_ns))
		return 0;
	note(receiver, receiver->measures ? clock_ns(CLOCK_REALTIME) : 0, stamp_ns);
	return 1;
}

static size_t take_timestamping(struct receiver *receiver)
{
	static uint8_t packets[BATCH][PACKET_BYTES];
	static union control controls[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	int64_t now_ns;
	int count;

	for (size_t i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){packets[i], sizeof(packets[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i],
		                                      .msg_iovlen = 1,
		                                      .msg_control = &controls[i],
		                                      .msg_controllen = sizeof(controls[i])};
	}
	receiver->calls++;
	count = recvmmsg(receiver->fd, messages, BATCH, MSG_WAITFORONE, NULL);
	if (count <= 0)
		return 0;
	now_ns = receiver->measures ? clock_ns(CLOCK_REALTIME) : 0;
	for (int i = 0; i < count; i++)
		note(receiver, now_ns, stamp_of(&messages[i].msg_hdr));
	return (size_t)count;
}

static void open_ring(struct receiver *receiver, const struct settings *settings)
{
	struct wt_reader_config config = {
	        .interface = settings->receiving, .filter = "udp", .ring_bytes = BUFFER_BYTES};
	struct wt_error err;

	if (wt_reader_open(&receiver->reader, &config, &err) ||
	    wt_reader_start(receiver->reader, &err)) {
		fprintf(stderr, "bench_stamps: %s\n", err.text);
		exit(1);
	}
}

static size_t take_block(struct receiver *receiver)
{
	struct wt_ring *ring = wt_reader_ring(receiver->reader);
	struct wt_frame frames[BATCH];
	struct wt_block block;
	size_t count, taken = 0;
	int64_t now_ns;

	if (wt_ring_next_block(ring, &block) != 1)
		return 0;
	now_ns = receiver->measures ? clock_ns(CLOCK_REALTIME) : 0;
	while ((count = wt_ring_read_frames(ring, &block, frames, BATCH))) {
		for (size_t i = 0; i < count; i++)
			note(receiver, now_ns, frames[i].stamp_ns);
		taken += count;
	}
	wt_ring_release_block(ring, &block);
	return taken;
}

static size_t take_from_ring(struct receiver *receiver)
{
	struct pollfd wait = {wt_reader_fd(receiver->reader), POLLIN, 0};
	size_t taken = take_block(receiver);

	if (taken)
		return taken;
	receiver->calls++;
	return poll(&wait, 1, PATIENCE_MS) > 0 ? take_block(receiver) : 0;
}

static const struct way ways[] = {
        {"recv, then clock_gettime", open_clock, take_by_clock},
        {"recvmsg, SO_TIMESTAMPNS", open_timestampns, take_timestampns},
        {"recvmmsg, SO_TIMESTAMPING", open_timestamping, take_timestamping},
        {"TPACKET_V3 ring", open_ring, take_from_ring},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

struct sender {
	struct wt_replayer_config config;
	struct wt_generated generated;
	struct wt_replayer_result result;
	struct wt_error err;
	int rc;
	atomic_bool done;
};

static void bind_to_processor(size_t number)
{
	long there = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set_of_one;

	CPU_ZERO(&set_of_one);
	CPU_SET(number < (size_t)there ? number : 0, &set_of_one);
	sched_setaffinity(0, sizeof(set_of_one), &set_of_one);
}

static int send_all(struct sender *sender)
{
	struct wt_replayer *replay = NULL;
	int failed = wt_replayer_open(&replay, &sender->config, NULL, &sender->err);

	if (!failed)
		failed = wt_replayer_run(replay, &sender->result, &sender->err);
	wt_replayer_close(replay);
	return failed;
}

static void *run_sender(void *argument)
{
	struct sender *sender = argument;

	bind_to_processor(0);
	sender->rc = send_all(sender);
	/* Release: pairs with the load in receive(); the result comes first. */
	atomic_store_explicit(&sender->done, true, memory_order_release);
	return NULL;
}

/* Receive until the sender is done and nothing is left. Returns the thread's time until
 * the last packet. */
static int64_t receive(struct receiver *receiver, const struct way *way, struct sender *sender)
{
	int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), end_ns = start_ns;
	uint64_t calls = 0;

	for (;;) {
		bool done = atomic_load_explicit(&sender->done, memory_order_acquire);

		if (way->take(receiver)) {
			calls = receiver->calls;
		} else if (done) {
			break;
		}
	}
	end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	receiver->calls = calls;
	return end_ns - start_ns;
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void take_quantiles(struct run *run, struct receiver *receiver)
{
	if (!receiver->measures || !receiver->taken)
		return;
	qsort(receiver->late_ns, receiver->taken, sizeof(*receiver->late_ns), by_value);
	run->late_p50_ns = (double)receiver->late_ns[receiver->taken / 2];
	run->late_p99_ns = (double)receiver->late_ns[receiver->taken / 100 * 99];
}

static void close_receiver(struct receiver *receiver)
{
	free(receiver->late_ns);
	if (receiver->reader)
		wt_reader_stop(receiver->reader);
	wt_reader_close(receiver->reader);
	if (receiver->fd >= 0)
		close(receiver->fd);
}

static struct run run_once(const struct way *way, const struct settings *settings,
                           uint64_t rate_pps, bool measures)
{
	struct receiver receiver = {.fd = -1, .measures = measures, .stamps = measures};
	struct sender sender = {
	        .generated = {.frame = {.frame_bytes = settings->frame_bytes},
	                      .count = settings->count},
	        .config = {.interface = settings->sending,
	                   .schedule = {.timing = rate_pps ? WT_TIMING_PPS : WT_TIMING_ASAP,
	                                .numerator = rate_pps},
	                   .tx = WT_TX_SOCKET,
	                   .pace = WT_PACE_SLEEP,
	                   .coalesce_ns = BURST_NS,
	                   .no_proof = true},
	};
	struct run run = {0};
	pthread_t thread;
	int64_t cpu_ns;

	sender.config.generated = &sender.generated;
	receiver.late_ns = calloc(measures ? settings->count : 1, sizeof(*receiver.late_ns));
	if (!receiver.late_ns)
		die("no memory");
	way->open(&receiver, settings);
	if (pthread_create(&thread, NULL, run_sender, &sender))
		die("no thread");
	cpu_ns = receive(&receiver, way, &sender);
	pthread_join(thread, NULL);
	if (sender.rc || !receiver.taken) {
		fprintf(stderr, "bench_stamps: %s\n",
		        sender.rc ? sender.err.text : "nothing was received");
		exit(1);
	}
	run.taken_pps = (double)receiver.taken * 1e9 / (double)sender.result.duration_ns;
	run.loss_pct = 100.0 * (1 - (double)receiver.taken / (double)sender.result.sent);
	run.cpu_ns = (double)cpu_ns / (double)receiver.taken;
	run.calls = (double)receiver.calls / (double)receiver.taken;
	take_quantiles(&run, &receiver);
	close_receiver(&receiver);
	return run;
}

static int by_double(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Median of the field at `offset` in struct run. */
static double median(const struct run *runs, int count, size_t offset)
{
	double values[MAX_ROUNDS] = {0};

	for (int i = 0; i < count; i++)
		memcpy(&values[i], (const uint8_t *)&runs[i] + offset, sizeof(values[i]));
	qsort(values, (size_t)count, sizeof(*values), by_double);
	return values[count / 2];
}
#define MEDIAN(runs, count, field) median(runs, count, offsetof(struct run, field))

static void print_load(const struct settings *settings, uint64_t rate_pps,
                       struct run (*plain)[MAX_ROUNDS], struct run (*measured)[MAX_ROUNDS])
{
	if (rate_pps)
		printf("\n%llu packets/s:\n", (unsigned long long)rate_pps);
	else
		printf("\nas fast as the sender can:\n");
	printf("%-26s %12s %7s %12s %9s %14s %14s\n", "", "taken", "lost", "CPU/packet", "calls",
	       "clock-stamp p50", "p99");
	for (size_t i = 0; i < WAYS; i++)
		printf("%-26s %7.0f kpps %5.1f %% %9.0f ns %9.3f %11.1f us %11.1f us%s\n",
		       ways[i].name, MEDIAN(plain[i], settings->rounds, taken_pps) / 1e3,
		       MEDIAN(plain[i], settings->rounds, loss_pct),
		       MEDIAN(plain[i], settings->rounds, cpu_ns),
		       MEDIAN(plain[i], settings->rounds, calls),
		       MEDIAN(measured[i], settings->rounds, late_p50_ns) / 1e3,
		       MEDIAN(measured[i], settings->rounds, late_p99_ns) / 1e3,
		       i ? "" : "  the stamp's error");
}

/* Measure the ways in turn; the first round warms up. */
static void measure_load(const struct settings *settings, uint64_t rate_pps)
{
	static struct run plain[WAYS][MAX_ROUNDS], measured[WAYS][MAX_ROUNDS];

	for (int round = -1; round < settings->rounds; round++) {
		for (size_t i = 0; i < WAYS; i++) {
			int place = round < 0 ? 0 : round;

			plain[i][place] = run_once(&ways[i], settings, rate_pps, false);
			measured[i][place] = run_once(&ways[i], settings, rate_pps, true);
		}
	}
	print_load(settings, rate_pps, plain, measured);
}

static void usage(FILE *out)
{
	fprintf(out, "Usage: bench_stamps [-s FRAME_BYTES] [-c COUNT] [-p PPS] [-n ROUNDS] "
	             "SENDING RECEIVING\n"
	             "What is sent on SENDING arrives at RECEIVING; bench/stamps.sh makes both.\n");
}

int main(int argc, char **argv)
{
	struct settings settings = {
	        .frame_bytes = 100, .rate_pps = 100000, .count = 500000, .rounds = 3};
	int option;

	while ((option = getopt(argc, argv, "s:c:p:n:h")) != -1) {
		unsigned long value = optarg ? strtoul(optarg, NULL, 10) : 0;

		if (option == 's')
			settings.frame_bytes = (uint32_t)value;
		else if (option == 'c')
			settings.count = value;
		else if (option == 'p')
			settings.rate_pps = value;
		else if (option == 'n')
			settings.rounds = value < MAX_ROUNDS ? (int)value : MAX_ROUNDS;
		else if (option == 'h')
			return usage(stdout), 0;
		else
			return usage(stderr), 2;
	}
	if (argc - optind != 2 || !settings.rounds || !settings.count || !settings.rate_pps)
		return usage(stderr), 2;
	settings.sending = argv[optind];
	settings.receiving = argv[optind + 1];
	bind_to_processor(1);
	printf("frames of %u B, %llu a run, medians of %d rounds; the receiver's processor time, "
	       "system calls\na packet, and how long after the kernel's stamp the program has the "
	       "packet\n",
	       settings.frame_bytes, (unsigned long long)settings.count, settings.rounds);
	measure_load(&settings, settings.rate_pps);
	measure_load(&settings, 0);
	return 0;
}
