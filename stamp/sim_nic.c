/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/sim_nic.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Simulates drivers/ptp/ptp_chardev.c, net/core/dev_ioctl.c, net/ethtool/tsinfo.c and a driver
 * below them, as far as a program can see.
 *
 * True time counts ns since the start and is never stepped. UTC and the PHC follow from it; a span
 * says how, from one event to the next. Past spans are kept, so that the past can be queried,
 * too. */

enum { CLOCK_FD = 1 << 20, MOST_SPANS = 64 };
#define RAW_AT_START_NS INT64_C(1000000000000)

struct span {
	int64_t from_ns;   /* true time */
	int64_t utc_ns;    /* UTC at true time 0, the system clock's steps included */
	int64_t phc_ns;    /* likewise the PHC's */
	int64_t frozen_ns; /* the true time that the PHC has stopped at */
	bool frozen;
};

struct wt_sim_nic {
	struct wt_system system; /* first: the table's functions get its address */
	struct wt_sim_nic_config config;
	char interface[IF_NAMESIZE];
	char device[32];

	pthread_mutex_t lock; /* for all below */
	struct span spans[MOST_SPANS];
	size_t span_count;
	int64_t true_ns; /* of manual time */
	uint64_t random;
	int failure;
	struct hwtstamp_config stamping;
};

static struct wt_sim_nic *of(struct wt_system *system)
{
	return (struct wt_sim_nic *)(void *)system;
}

static void lock(struct wt_sim_nic *nic)
{
	pthread_mutex_lock(&nic->lock);
}

static void unlock(struct wt_sim_nic *nic)
{
	pthread_mutex_unlock(&nic->lock);
}

static int64_t real_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct span *last_span(struct wt_sim_nic *nic)
{
	return &nic->spans[nic->span_count - 1];
}

static int64_t now_true(struct wt_sim_nic *nic)
{
	if (nic->config.manual_time)
		return nic->true_ns;
	return real_clock(CLOCK_REALTIME) - last_span(nic)->utc_ns;
}

static int64_t now_raw(struct wt_sim_nic *nic)
{
	return nic->config.manual_time ? RAW_AT_START_NS + nic->true_ns
	                               : real_clock(CLOCK_MONOTONIC_RAW);
}

/* Gain of the PHC on true time by drift and wander. In long double, whose 64 bits hold the result
 * to a fraction of a ns for centuries. */
static int64_t gained_ns(const struct wt_sim_nic *nic, int64_t true_ns)
{
	static const long double two_pi = 6.283185307179586476925286766559L;
	long double period_ns = (long double)nic->config.wander_period_s * 1e9L;
	long double gain = (long double)nic->config.ppm * 1e-6L * (long double)true_ns;
	long double turn = two_pi * ((long double)true_ns / period_ns);

	gain += (long double)nic->config.wander_ppm * 1e-6L * period_ns / two_pi *
	        (1.0L - cosl(turn));
	return (int64_t)floorl(gain);
}

static int64_t phc_in(const struct wt_sim_nic *nic, const struct span *span, int64_t true_ns)
{
	int64_t at_ns = span->frozen ? span->frozen_ns : true_ns;

	return span->phc_ns + at_ns + gained_ns(nic, at_ns);
}

/* Latest span that had begun when the system clock showed utc_ns: after a step backwards it shows
 * the same times twice. */
static const struct span *span_at(const struct wt_sim_nic *nic, int64_t utc_ns)
{
	size_t i = nic->span_count - 1;

	while (i && utc_ns - nic->spans[i].utc_ns < nic->spans[i].from_ns)
		i--;
	return &nic->spans[i];
}

static int64_t phc_at(const struct wt_sim_nic *nic, int64_t utc_ns)
{
	const struct span *span = span_at(nic, utc_ns);

	return phc_in(nic, span, utc_ns - span->utc_ns);
}

/* Begin a span now, for the caller to change. */
static struct span *begin_span(struct wt_sim_nic *nic)
{
	int64_t now_ns = now_true(nic);
	struct span next = *last_span(nic);

	if (next.from_ns < now_ns) {
		if (nic->span_count == MOST_SPANS)
			memmove(nic->spans, nic->spans + 1,
			        sizeof(nic->spans[0]) * --nic->span_count);
		next.from_ns = now_ns;
		nic->spans[nic->span_count++] = next;
	}
	return last_span(nic);
}

/* splitmix64. */
static uint64_t next_random(struct wt_sim_nic *nic)
{
	uint64_t mixed = nic->random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static struct ptp_clock_time to_ptp(int64_t ns)
{
	struct ptp_clock_time time = {.sec = ns / 1000000000};
	int64_t rest = ns % 1000000000;

	if (rest < 0) {
		time.sec--;
		rest += 1000000000;
	}
	time.nsec = (uint32_t)rest;
	return time;
}

/* Read the system clock, *utc_ns, then the PHC, then the system clock again, to which *utc_ns moves
 * on. Within an ioctl only: it does not move true time. */
static void read_once(struct wt_sim_nic *nic, int64_t *utc_ns, struct ptp_clock_time *phc)
{
	int64_t bracket_ns = nic->config.bracket_ns;
	int64_t until_ns;

	if (nic->config.bracket_noise_ns > 0)
		bracket_ns +=
		        (int64_t)(next_random(nic) % ((uint64_t)nic->config.bracket_noise_ns + 1));
	until_ns = (int64_t)(next_random(nic) % ((uint64_t)bracket_ns + 1));
	*phc = to_ptp(phc_at(nic, *utc_ns + until_ns));
	*utc_ns += bracket_ns;
}

static int64_t now_utc(struct wt_sim_nic *nic)
{
	return last_span(nic)->utc_ns + now_true(nic);
}

static int get_caps(struct wt_sim_nic *nic, struct ptp_clock_caps *caps)
{
	*caps = (struct ptp_clock_caps){.max_adj = 62499999,
	                                .cross_timestamping = !nic->config.no_precise};
	return 0;
}

static int offset_precise(struct wt_sim_nic *nic, struct ptp_sys_offset_precise *offset)
{
	int64_t utc_ns, raw_ns;

	if (nic->config.no_precise)
		return -EOPNOTSUPP;
	utc_ns = now_utc(nic);
	raw_ns = now_raw(nic);
	/* The raw clock is read at the middle of two readings of UTC. */
	utc_ns += (now_utc(nic) - utc_ns) / 2;
	offset->device = to_ptp(phc_at(nic, utc_ns));
	offset->sys_realtime = to_ptp(utc_ns);
	offset->sys_monoraw = to_ptp(raw_ns);
	return 0;
}

static int offset_extended(struct wt_sim_nic *nic, struct ptp_sys_offset_extended *offset)
{
	int64_t utc_ns = now_utc(nic);

	if (nic->config.no_extended)
		return -EOPNOTSUPP;
	/* The members between are reserved; since Linux 6.12 the first word is a clock, of which
	 * only CLOCK_REALTIME, 0, is simulated. */
	if (offset->n_samples > PTP_MAX_SAMPLES ||
	    memcmp((const char *)offset + sizeof(offset->n_samples), (const unsigned[3]){0},
	           3 * sizeof(unsigned)))
		return -EINVAL;
	for (unsigned i = 0; i < offset->n_samples; i++) {
		offset->ts[i][0] = to_ptp(utc_ns);
		read_once(nic, &utc_ns, &offset->ts[i][1]);
		offset->ts[i][2] = to_ptp(utc_ns);
	}
	return 0;
}

static int offset_basic(struct wt_sim_nic *nic, struct ptp_sys_offset *offset)
{
	int64_t utc_ns = now_utc(nic);

	if (offset->n_samples > PTP_MAX_SAMPLES)
		return -EINVAL;
	offset->ts[0] = to_ptp(utc_ns);
	for (unsigned i = 0; i < offset->n_samples; i++) {
		read_once(nic, &utc_ns, &offset->ts[2 * i + 1]);
		offset->ts[2 * i + 2] = to_ptp(utc_ns);
	}
	return 0;
}

static int clock_ioctl(struct wt_sim_nic *nic, unsigned long request, void *argument)
{
	switch (request) {
	case PTP_CLOCK_GETCAPS:
	case PTP_CLOCK_GETCAPS2:
		return get_caps(nic, argument);
	case PTP_SYS_OFFSET_PRECISE:
	case PTP_SYS_OFFSET_PRECISE2:
		return offset_precise(nic, argument);
	case PTP_SYS_OFFSET_EXTENDED:
	case PTP_SYS_OFFSET_EXTENDED2:
		return offset_extended(nic, argument);
	case PTP_SYS_OFFSET:
	case PTP_SYS_OFFSET2:
		return offset_basic(nic, argument);
	default:
		return -ENOTTY;
	}
}

static int sim_open(struct wt_system *system, const char *path)
{
	struct wt_sim_nic *nic = of(system);

	return nic->config.phc_index >= 0 && !strcmp(path, nic->device) ? CLOCK_FD : -ENOENT;
}

static int sim_ioctl(struct wt_system *system, int fd, unsigned long request, void *argument)
{
	struct wt_sim_nic *nic = of(system);
	int rc;

	if (fd != CLOCK_FD)
		return -EBADF;
	lock(nic);
	rc = nic->failure ? nic->failure : clock_ioctl(nic, request, argument);
	unlock(nic);
	return rc;
}

static void sim_close(struct wt_system *system, int fd)
{
	(void)system;
	(void)fd;
}

static bool has_hardware_stamps(const struct wt_sim_nic *nic)
{
	return nic->config.so_timestamping &
	       (SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE);
}

/* Filter that covers the request, and perhaps more, as drivers choose it. */
static int choose_filter(const struct wt_sim_nic *nic, int asked)
{
	static const int wider[] = {HWTSTAMP_FILTER_PTP_V2_L4_EVENT, HWTSTAMP_FILTER_PTP_V2_EVENT,
	                            HWTSTAMP_FILTER_ALL};
	uint32_t supported = nic->config.rx_filters;
	bool is_l4 = asked == HWTSTAMP_FILTER_PTP_V2_L4_SYNC ||
	             asked == HWTSTAMP_FILTER_PTP_V2_L4_DELAY_REQ;

	if (asked < 0 || asked >= 32 || asked == HWTSTAMP_FILTER_SOME)
		return -ERANGE;
	if (asked == HWTSTAMP_FILTER_NONE || supported & (1u << asked))
		return asked;
	for (size_t i = is_l4 ? 0 : asked >= HWTSTAMP_FILTER_PTP_V2_L4_EVENT ? 1 : 2; i < 3; i++)
		if (supported & (1u << wider[i]))
			return wider[i];
	return -ERANGE;
}

static int set_stamping(struct wt_sim_nic *nic, struct hwtstamp_config *config)
{
	int filter;

	if (nic->config.no_permission)
		return -EPERM;
	if (config->flags)
		return -EINVAL;
	if (config->tx_type < 0 || config->tx_type >= 32 ||
	    (config->tx_type != HWTSTAMP_TX_OFF &&
	     !(nic->config.tx_types & (1u << config->tx_type))))
		return -ERANGE;
	filter = choose_filter(nic, config->rx_filter);
	if (filter < 0)
		return filter;
	config->rx_filter = filter;
	nic->stamping = *config;
	return 0;
}

static int get_ts_info(const struct wt_sim_nic *nic, void *argument)
{
	struct ethtool_ts_info info = {
	        .cmd = ETHTOOL_GET_TS_INFO,
	        .so_timestamping = nic->config.so_timestamping,
	        .phc_index = nic->config.phc_index,
	        .tx_types = nic->config.tx_types,
	        .rx_filters = nic->config.rx_filters,
	};
	uint32_t command;

	memcpy(&command, argument, sizeof(command));
	if (command != ETHTOOL_GET_TS_INFO)
		return -EOPNOTSUPP;
	memcpy(argument, &info, sizeof(info));
	return 0;
}

static int answer(struct wt_sim_nic *nic, unsigned long request, struct ifreq *arg)
{
	switch (request) {
	case SIOCGHWTSTAMP:
		if (!has_hardware_stamps(nic))
			return -EOPNOTSUPP;
		memcpy(arg->ifr_data, &nic->stamping, sizeof(nic->stamping));
		return 0;
	case SIOCSHWTSTAMP:
		return has_hardware_stamps(nic) ? set_stamping(nic, (void *)arg->ifr_data)
		                                : -EOPNOTSUPP;
	case SIOCETHTOOL:
		return get_ts_info(nic, arg->ifr_data);
	case SIOCGIFFLAGS:
		arg->ifr_flags = IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int sim_interface_ioctl(struct wt_system *system, unsigned long request, struct ifreq *arg)
{
	struct wt_sim_nic *nic = of(system);
	int rc;

	if (strncmp(arg->ifr_name, nic->interface, sizeof(arg->ifr_name)))
		return -ENODEV;
	lock(nic);
	rc = answer(nic, request, arg);
	unlock(nic);
	return rc;
}

static void put_bitset(struct nlmsghdr *message, uint16_t type, uint32_t bits, uint32_t size)
{
	struct nlattr *bitset;

	if (!bits)
		return;
	bitset = mnl_attr_nest_start(message, type);
	mnl_attr_put(message, ETHTOOL_A_BITSET_NOMASK, 0, NULL);
	mnl_attr_put_u32(message, ETHTOOL_A_BITSET_SIZE, size);
	mnl_attr_put(message, ETHTOOL_A_BITSET_VALUE, sizeof(bits), &bits);
	mnl_attr_nest_end(message, bitset);
}

static ssize_t sim_tsinfo(struct wt_system *system, const char *interface, void *out,
                          size_t capacity)
{
	const struct wt_sim_nic *nic = of(system);
	char buffer[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nlattr *header;
	size_t length;

	if (strcmp(interface, nic->interface))
		return -ENODEV;
	if (nic->config.no_netlink)
		return -EOPNOTSUPP;
	header = mnl_attr_nest_start(message, ETHTOOL_A_TSINFO_HEADER);
	mnl_attr_put_u32(message, ETHTOOL_A_HEADER_DEV_INDEX, 1);
	mnl_attr_put_strz(message, ETHTOOL_A_HEADER_DEV_NAME, nic->interface);
	mnl_attr_nest_end(message, header);
	put_bitset(message, ETHTOOL_A_TSINFO_TIMESTAMPING, nic->config.so_timestamping, 19);
	put_bitset(message, ETHTOOL_A_TSINFO_TX_TYPES, nic->config.tx_types, 4);
	put_bitset(message, ETHTOOL_A_TSINFO_RX_FILTERS, nic->config.rx_filters, 16);
	if (nic->config.phc_index >= 0)
		mnl_attr_put_u32(message, ETHTOOL_A_TSINFO_PHC_INDEX,
		                 (uint32_t)nic->config.phc_index);
	length = mnl_nlmsg_get_payload_len(message);
	if (length > capacity)
		return -EMSGSIZE;
	memcpy(out, mnl_nlmsg_get_payload(message), length);
	return (ssize_t)length;
}

static int read_clock(struct wt_sim_nic *nic, clockid_t clock, int64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
		*ns = now_utc(nic);
		return 0;
	case CLOCK_TAI:
		*ns = now_utc(nic) + INT64_C(1000000000) * nic->config.tai_offset_s;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_MONOTONIC_RAW:
		*ns = nic->config.manual_time ? now_raw(nic) : real_clock(clock);
		return 0;
	default:
		return -EINVAL;
	}
}

static int sim_clock(struct wt_system *system, clockid_t clock, int64_t *ns)
{
	struct wt_sim_nic *nic = of(system);
	int rc;

	lock(nic);
	rc = read_clock(nic, clock, ns);
	unlock(nic);
	return rc;
}

static int sim_tai_offset(struct wt_system *system, int *seconds)
{
	*seconds = of(system)->config.tai_offset_s;
	return 0;
}

static const struct wt_system_ops sim_ops = {
        .open = sim_open,
        .ioctl = sim_ioctl,
        .close = sim_close,
        .interface_ioctl = sim_interface_ioctl,
        .tsinfo = sim_tsinfo,
        .clock = sim_clock,
        .tai_offset = sim_tai_offset,
};

static void set_defaults(struct wt_sim_nic_config *config)
{
	const uint32_t software = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	                          SOF_TIMESTAMPING_SOFTWARE;
	const uint32_t hardware = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
	                          SOF_TIMESTAMPING_RAW_HARDWARE;
	bool has_clock = config->phc_index >= 0;

	if (!config->interface)
		config->interface = "sim";
	if (!has_clock)
		config->phc_index = -1;
	if (config->wander_period_s <= 0)
		config->wander_period_s = 60;
	if (config->bracket_ns <= 0)
		config->bracket_ns = 1000;
	if (!config->so_timestamping)
		config->so_timestamping = has_clock ? software | hardware : software;
	if (has_clock && !config->tx_types)
		config->tx_types = 1u << HWTSTAMP_TX_OFF | 1u << HWTSTAMP_TX_ON;
	if (has_clock && !config->rx_filters)
		config->rx_filters = 1u << HWTSTAMP_FILTER_NONE | 1u << HWTSTAMP_FILTER_ALL;
	if (!config->start_utc_ns)
		config->start_utc_ns = INT64_C(1767225600000000000);
	if (!config->manual_time)
		config->start_utc_ns = real_clock(CLOCK_REALTIME);
}

int wt_sim_nic_create(struct wt_sim_nic **nic, const struct wt_sim_nic_config *config)
{
	struct wt_sim_nic *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->system.ops = &sim_ops;
	made->config = *config;
	set_defaults(&made->config);
	snprintf(made->interface, sizeof(made->interface), "%s", made->config.interface);
	snprintf(made->device, sizeof(made->device), "/dev/ptp%d", made->config.phc_index);
	made->config.interface = made->interface;
	made->random = made->config.seed;
	made->stamping.tx_type = made->config.tx_type;
	made->stamping.rx_filter = made->config.rx_filter;
	made->span_count = 1;
	made->spans[0].utc_ns = made->config.start_utc_ns;
	made->spans[0].phc_ns = made->config.start_utc_ns + made->config.offset_ns;
	pthread_mutex_init(&made->lock, NULL);
	*nic = made;
	return 0;
}

struct wt_system *wt_sim_nic_system(struct wt_sim_nic *nic)
{
	return &nic->system;
}

int64_t wt_sim_nic_phc_at(struct wt_sim_nic *nic, int64_t utc_ns)
{
	int64_t phc_ns;

	lock(nic);
	phc_ns = phc_at(nic, utc_ns);
	unlock(nic);
	return phc_ns;
}

void wt_sim_nic_advance(struct wt_sim_nic *nic, int64_t ns)
{
	lock(nic);
	nic->true_ns += ns;
	unlock(nic);
}

void wt_sim_nic_step(struct wt_sim_nic *nic, int64_t ns)
{
	lock(nic);
	begin_span(nic)->phc_ns += ns;
	unlock(nic);
}

void wt_sim_nic_step_utc(struct wt_sim_nic *nic, int64_t ns)
{
	lock(nic);
	if (nic->config.manual_time)
		begin_span(nic)->utc_ns += ns;
	unlock(nic);
}

/* It stops at its current time, and continues from there. */
void wt_sim_nic_freeze(struct wt_sim_nic *nic, bool frozen)
{
	struct span *span;
	int64_t shown_ns;

	lock(nic);
	span = begin_span(nic);
	shown_ns = phc_in(nic, span, span->from_ns);
	span->frozen = frozen;
	span->frozen_ns = span->from_ns;
	span->phc_ns += shown_ns - phc_in(nic, span, span->from_ns);
	unlock(nic);
}

void wt_sim_nic_fail(struct wt_sim_nic *nic, int error)
{
	lock(nic);
	nic->failure = error > 0 ? -error : error;
	unlock(nic);
}

void wt_sim_nic_set_stamping(struct wt_sim_nic *nic, int tx_type, int rx_filter)
{
	lock(nic);
	nic->stamping.tx_type = tx_type;
	nic->stamping.rx_filter = rx_filter;
	unlock(nic);
}

struct wt_stamp_active wt_sim_nic_stamping(struct wt_sim_nic *nic)
{
	struct wt_stamp_active active = {.error = has_hardware_stamps(nic) ? 0 : -EOPNOTSUPP};

	lock(nic);
	if (!active.error) {
		active.flags = nic->stamping.flags;
		active.tx_type = nic->stamping.tx_type;
		active.rx_filter = nic->stamping.rx_filter;
	}
	unlock(nic);
	return active;
}

void wt_sim_nic_destroy(struct wt_sim_nic *nic)
{
	if (!nic)
		return;
	pthread_mutex_destroy(&nic->lock);
	free(nic);
}
