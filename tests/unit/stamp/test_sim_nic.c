/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/sim_nic.h>

#include "support/unit.h"

#define START_NS  INT64_C(1767225600000000000)
#define SECOND_NS INT64_C(1000000000)

static struct wt_sim_nic *nic;
static struct wt_system *sim;
static int clock_fd;

static void create(struct wt_sim_nic_config config)
{
	char device[32];

	cr_assert_eq(wt_sim_nic_create(&nic, &config), 0);
	sim = wt_sim_nic_system(nic);
	snprintf(device, sizeof(device), "/dev/ptp%d", config.phc_index);
	clock_fd = sim->ops->open(sim, device);
}

static void create_manual(void)
{
	create((struct wt_sim_nic_config){.manual_time = true});
}

static void tear_down(void)
{
	wt_sim_nic_destroy(nic);
	nic = NULL;
}

TestSuite(sim_nic, .fini = tear_down);

static int64_t ns_of(struct ptp_clock_time time)
{
	return time.sec * SECOND_NS + time.nsec;
}

static int64_t clock_ns(clockid_t clock)
{
	int64_t ns = 0;

	cr_assert_eq(sim->ops->clock(sim, clock, &ns), 0);
	return ns;
}

/* What the clock shows now, by the one ioctl that tells exactly. */
static int64_t shown_ns(void)
{
	struct ptp_sys_offset_precise offset = {0};

	cr_assert_eq(sim->ops->ioctl(sim, clock_fd, PTP_SYS_OFFSET_PRECISE, &offset), 0);
	cr_expect(
	        eq(i64, ns_of(offset.device), wt_sim_nic_phc_at(nic, ns_of(offset.sys_realtime))));
	return ns_of(offset.device);
}

static struct ptp_sys_offset_extended read_extended(unsigned samples)
{
	struct ptp_sys_offset_extended offset = {.n_samples = samples};

	cr_assert_eq(sim->ops->ioctl(sim, clock_fd, PTP_SYS_OFFSET_EXTENDED, &offset), 0);
	return offset;
}

Test(sim_nic, drift_is_exact)
{
	create((struct wt_sim_nic_config){
	        .manual_time = true, .ppm = 10, .offset_ns = 37000000000});
	cr_expect(eq(i64, shown_ns(), START_NS + 37 * SECOND_NS));
	wt_sim_nic_advance(nic, 1000 * SECOND_NS);
	cr_expect(eq(i64, shown_ns(), START_NS + 37 * SECOND_NS + 1000 * SECOND_NS + 10000000));
	cr_expect(eq(i64, clock_ns(CLOCK_REALTIME), START_NS + 1000 * SECOND_NS));
}

Test(sim_nic, wander_is_a_sine_of_the_rate)
{
	/* The integral of 1 ppm times a sine of 60 s is at most 60e3 / pi ns, in its middle. */
	create((struct wt_sim_nic_config){.manual_time = true, .wander_ppm = 1});
	cr_expect(eq(i64, wt_sim_nic_phc_at(nic, START_NS + 30 * SECOND_NS),
	             START_NS + 30 * SECOND_NS + 19098));
	cr_expect(le(i64,
	             llabs(wt_sim_nic_phc_at(nic, START_NS + 60 * SECOND_NS) -
	                   (START_NS + 60 * SECOND_NS)),
	             1));
}

static void expect_inside(struct ptp_clock_time before, struct ptp_clock_time phc,
                          struct ptp_clock_time after)
{
	cr_expect(ge(i64, ns_of(phc), wt_sim_nic_phc_at(nic, ns_of(before))));
	cr_expect(le(i64, ns_of(phc), wt_sim_nic_phc_at(nic, ns_of(after))));
	cr_expect(ge(i64, ns_of(after) - ns_of(before), 800));
	cr_expect(le(i64, ns_of(after) - ns_of(before), 1700));
}

Test(sim_nic, every_reading_was_made_within_its_bracket)
{
	struct ptp_sys_offset basic = {.n_samples = PTP_MAX_SAMPLES};
	struct ptp_sys_offset_extended offset;

	create((struct wt_sim_nic_config){.manual_time = true,
	                                  .ppm = -80,
	                                  .wander_ppm = 3,
	                                  .bracket_ns = 800,
	                                  .bracket_noise_ns = 900,
	                                  .seed = 7});
	for (int i = 0; i < 100; i++) {
		offset = read_extended(PTP_MAX_SAMPLES);
		for (int k = 0; k < PTP_MAX_SAMPLES; k++)
			expect_inside(offset.ts[k][0], offset.ts[k][1], offset.ts[k][2]);
		cr_assert_eq(sim->ops->ioctl(sim, clock_fd, PTP_SYS_OFFSET, &basic), 0);
		for (int k = 0; k < PTP_MAX_SAMPLES; k++)
			expect_inside(basic.ts[2 * k], basic.ts[2 * k + 1], basic.ts[2 * k + 2]);
		wt_sim_nic_advance(nic, 777777777);
	}
}

Test(sim_nic, reading_does_not_move_manual_time)
{
	create_manual();
	read_extended(5);
	shown_ns();
	cr_expect(eq(i64, clock_ns(CLOCK_REALTIME), START_NS));
}

Test(sim_nic, the_same_seed_gives_the_same_readings)
{
	struct ptp_sys_offset_extended first, other;

	for (uint64_t seed = 1; seed < 4; seed++) {
		struct wt_sim_nic_config config = {
		        .manual_time = true, .bracket_noise_ns = 5000, .seed = seed};

		create(config);
		first = read_extended(5);
		tear_down();
		create(config);
		other = read_extended(5);
		tear_down();
		cr_expect_eq(memcmp(&first, &other, sizeof(first)), 0);
		config.seed += 10;
		create(config);
		other = read_extended(5);
		tear_down();
		cr_expect_neq(memcmp(&first, &other, sizeof(first)), 0);
	}
}

Test(sim_nic, step_moves_the_clock_and_leaves_the_past_alone)
{
	create_manual();
	wt_sim_nic_advance(nic, SECOND_NS);
	wt_sim_nic_step(nic, -5000000);
	cr_expect(eq(i64, shown_ns(), START_NS + SECOND_NS - 5000000));
	wt_sim_nic_advance(nic, SECOND_NS);
	wt_sim_nic_step(nic, 5000001);
	cr_expect(eq(i64, shown_ns(), START_NS + 2 * SECOND_NS + 1));
	cr_expect(eq(i64, wt_sim_nic_phc_at(nic, START_NS + SECOND_NS - 1),
	             START_NS + SECOND_NS - 1));
	cr_expect(eq(i64, wt_sim_nic_phc_at(nic, START_NS + 2 * SECOND_NS - 1),
	             START_NS + 2 * SECOND_NS - 5000001));
}

Test(sim_nic, more_events_than_are_remembered)
{
	create_manual();
	for (int i = 0; i < 1000; i++) {
		wt_sim_nic_advance(nic, SECOND_NS);
		wt_sim_nic_step(nic, 1000);
	}
	cr_expect(eq(i64, shown_ns(), START_NS + 1000 * SECOND_NS + 1000000));
	cr_expect(eq(i64, wt_sim_nic_phc_at(nic, START_NS + 990 * SECOND_NS + 1),
	             START_NS + 990 * SECOND_NS + 990001));
}

Test(sim_nic, freeze_holds_and_the_clock_goes_on_from_there)
{
	create((struct wt_sim_nic_config){.manual_time = true, .ppm = 100});
	wt_sim_nic_advance(nic, SECOND_NS);
	wt_sim_nic_freeze(nic, true);
	wt_sim_nic_advance(nic, SECOND_NS);
	cr_expect(eq(i64, shown_ns(), START_NS + SECOND_NS + 100000));
	wt_sim_nic_freeze(nic, true);
	cr_expect(eq(i64, shown_ns(), START_NS + SECOND_NS + 100000));
	wt_sim_nic_freeze(nic, false);
	cr_expect(eq(i64, shown_ns(), START_NS + SECOND_NS + 100000));
	wt_sim_nic_advance(nic, SECOND_NS);
	cr_expect(eq(i64, shown_ns(), START_NS + 2 * SECOND_NS + 200000));
}

Test(sim_nic, system_clock_steps_alone)
{
	int64_t raw_ns;

	create_manual();
	raw_ns = clock_ns(CLOCK_MONOTONIC_RAW);
	wt_sim_nic_advance(nic, 10 * SECOND_NS);
	wt_sim_nic_step_utc(nic, -3 * SECOND_NS);
	cr_expect(eq(i64, clock_ns(CLOCK_REALTIME), START_NS + 7 * SECOND_NS));
	cr_expect(eq(i64, clock_ns(CLOCK_MONOTONIC_RAW), raw_ns + 10 * SECOND_NS));
	cr_expect(eq(i64, shown_ns(), START_NS + 10 * SECOND_NS));
	/* Shown once only, before the step. */
	cr_expect(eq(i64, wt_sim_nic_phc_at(nic, START_NS + 6 * SECOND_NS),
	             START_NS + 6 * SECOND_NS));
}

Test(sim_nic, real_time_is_that_of_the_system)
{
	struct wt_system *kernel = wt_kernel_system();
	struct ptp_sys_offset_precise offset = {0};
	int64_t before_ns, raw_before_ns, after_ns, raw_after_ns;

	create((struct wt_sim_nic_config){.offset_ns = 1000});
	kernel->ops->clock(kernel, CLOCK_REALTIME, &before_ns);
	kernel->ops->clock(kernel, CLOCK_MONOTONIC_RAW, &raw_before_ns);
	cr_assert_eq(sim->ops->ioctl(sim, clock_fd, PTP_SYS_OFFSET_PRECISE, &offset), 0);
	kernel->ops->clock(kernel, CLOCK_REALTIME, &after_ns);
	kernel->ops->clock(kernel, CLOCK_MONOTONIC_RAW, &raw_after_ns);
	cr_expect(ge(i64, ns_of(offset.sys_realtime), before_ns));
	cr_expect(le(i64, ns_of(offset.sys_realtime), after_ns));
	cr_expect(ge(i64, ns_of(offset.sys_monoraw), raw_before_ns));
	cr_expect(le(i64, ns_of(offset.sys_monoraw), raw_after_ns));
	cr_expect(eq(i64, ns_of(offset.device), ns_of(offset.sys_realtime) + 1000));
}

static int ask(const char *interface, unsigned long request, void *data)
{
	struct ifreq arg = {.ifr_data = data};

	strncpy(arg.ifr_name, interface, sizeof(arg.ifr_name) - 1);
	return sim->ops->interface_ioctl(sim, request, &arg);
}

Test(sim_nic, knows_only_itself)
{
	struct hwtstamp_config config;
	char payload[512];
	int64_t ns;

	create((struct wt_sim_nic_config){.phc_index = 3, .interface = "eth7"});
	cr_expect(eq(int, sim->ops->open(sim, "/dev/ptp0"), -ENOENT));
	cr_expect(ge(int, sim->ops->open(sim, "/dev/ptp3"), 0));
	cr_expect(eq(int, ask("eth0", SIOCGHWTSTAMP, &config), -ENODEV));
	cr_expect(eq(int, ask("eth7", SIOCGHWTSTAMP, &config), 0));
	cr_expect(eq(int, ask("eth7", SIOCGIFMTU, &config), -ENOTTY));
	cr_expect_eq(sim->ops->tsinfo(sim, "eth0", payload, sizeof(payload)), -ENODEV);
	cr_expect(eq(int, sim->ops->ioctl(sim, clock_fd, PTP_ENABLE_PPS, NULL), -ENOTTY));
	cr_expect(eq(int, sim->ops->ioctl(sim, clock_fd + 1, PTP_SYS_OFFSET, NULL), -EBADF));
	cr_expect(eq(int, sim->ops->clock(sim, CLOCK_THREAD_CPUTIME_ID, &ns), -EINVAL));
}

Test(sim_nic, fails_until_it_is_told_otherwise)
{
	struct ptp_clock_caps caps;

	create_manual();
	wt_sim_nic_fail(nic, -EIO);
	cr_expect(eq(int, sim->ops->ioctl(sim, clock_fd, PTP_CLOCK_GETCAPS, &caps), -EIO));
	wt_sim_nic_fail(nic, 0);
	cr_expect(eq(int, sim->ops->ioctl(sim, clock_fd, PTP_CLOCK_GETCAPS, &caps), 0));
	cr_expect(eq(int, caps.cross_timestamping, 1));
}

static int set(int tx_type, int rx_filter)
{
	struct hwtstamp_config config = {.tx_type = tx_type, .rx_filter = rx_filter};
	int rc = ask("sim", SIOCSHWTSTAMP, &config);

	return rc ? rc : config.rx_filter;
}

Test(sim_nic, stamping_is_set_as_drivers_do)
{
	create((struct wt_sim_nic_config){.rx_filters = 1u << HWTSTAMP_FILTER_PTP_V2_L4_EVENT |
	                                                1u << HWTSTAMP_FILTER_PTP_V2_EVENT});
	cr_expect(eq(int, set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL), -ERANGE));
	cr_expect(eq(int, set(HWTSTAMP_TX_ONESTEP_SYNC, HWTSTAMP_FILTER_NONE), -ERANGE));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).tx_type, HWTSTAMP_TX_OFF));
	cr_expect(eq(int, set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_L4_SYNC),
	             HWTSTAMP_FILTER_PTP_V2_L4_EVENT));
	cr_expect(eq(int, set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_PTP_V2_L2_EVENT),
	             HWTSTAMP_FILTER_PTP_V2_EVENT));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, HWTSTAMP_FILTER_PTP_V2_EVENT));
	cr_expect(eq(int, set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE), HWTSTAMP_FILTER_NONE));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, HWTSTAMP_FILTER_NONE));
}

Test(sim_nic, without_permission_stamping_can_only_be_read)
{
	struct hwtstamp_config config;

	create((struct wt_sim_nic_config){.no_permission = true,
	                                  .rx_filter = HWTSTAMP_FILTER_ALL,
	                                  .tx_type = HWTSTAMP_TX_ON});
	cr_expect(eq(int, set(HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_NONE), -EPERM));
	cr_expect(eq(int, ask("sim", SIOCGHWTSTAMP, &config), 0));
	cr_expect(eq(int, config.rx_filter, HWTSTAMP_FILTER_ALL));
	cr_expect(eq(int, config.tx_type, HWTSTAMP_TX_ON));
}

Test(sim_nic, without_a_clock_it_has_no_hardware_stamps)
{
	struct hwtstamp_config config;

	create((struct wt_sim_nic_config){.phc_index = -1});
	cr_expect(eq(int, clock_fd, -ENOENT));
	cr_expect(eq(int, ask("sim", SIOCGHWTSTAMP, &config), -EOPNOTSUPP));
	cr_expect(eq(int, set(HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL), -EOPNOTSUPP));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).error, -EOPNOTSUPP));
}
