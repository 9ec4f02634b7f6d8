/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include <wiretape/stamp/sim_nic.h>

/* One thread moves a simulated NIC's time on, asks it for stamps and changes what it stamps, as
 * a producer of frames does; another takes cross timestamps. Each is true, and none is partial. */

enum { ROUNDS = 200000 };

struct run {
	struct wt_sim_nic *nic;
	atomic_bool done;
	uint64_t taken;
	const char *problem;
};

static void *produce(void *argument)
{
	struct run *run = argument;
	struct wt_system *system = wt_sim_nic_system(run->nic);
	int64_t utc_ns, stamp_ns, last_ns = 0;

	for (int i = 0; i < ROUNDS; i++) {
		wt_sim_nic_advance(run->nic, 1000);
		system->ops->clock(system, CLOCK_REALTIME, &utc_ns);
		stamp_ns = wt_sim_nic_phc_at(run->nic, utc_ns);
		if (stamp_ns <= last_ns)
			run->problem = "stamps do not rise";
		last_ns = stamp_ns;
		wt_sim_nic_set_stamping(run->nic, i % 2 ? HWTSTAMP_TX_ON : HWTSTAMP_TX_OFF,
		                        i % 2 ? HWTSTAMP_FILTER_ALL : HWTSTAMP_FILTER_NONE);
		if (i % 100 == 0)
			sched_yield();
	}
	/* Release: pairs with the reader's load. */
	atomic_store_explicit(&run->done, true, memory_order_release);
	return NULL;
}

static const char *check_sample(struct run *run, struct wt_phc *phc)
{
	struct wt_cross_sample sample;
	struct wt_stamp_active active;
	int64_t half_ns;

	if (wt_phc_cross(phc, &sample, NULL))
		return "a cross timestamp failed";
	half_ns = (sample.bracket_ns + 1) / 2 + 1;
	if (sample.phc_ns > wt_sim_nic_phc_at(run->nic, sample.utc_ns + half_ns) ||
	    sample.phc_ns < wt_sim_nic_phc_at(run->nic, sample.utc_ns - half_ns))
		return "a bracket does not hold its reading";
	active = wt_sim_nic_stamping(run->nic);
	if ((active.tx_type == HWTSTAMP_TX_ON) != (active.rx_filter == HWTSTAMP_FILTER_ALL))
		return "settings are torn";
	run->taken++;
	return NULL;
}

int main(void)
{
	static const struct wt_sim_nic_config config = {.manual_time = true,
	                                                .no_precise = true,
	                                                .ppm = 40,
	                                                .wander_ppm = 5,
	                                                .bracket_noise_ns = 2000};
	struct run run = {0};
	struct wt_error err;
	struct wt_phc *phc;
	const char *problem = NULL;
	pthread_t producer;

	if (wt_sim_nic_create(&run.nic, &config) ||
	    wt_phc_open(&phc, wt_sim_nic_system(run.nic), "/dev/ptp0", &err) ||
	    pthread_create(&producer, NULL, produce, &run)) {
		printf("cannot begin\n");
		return 1;
	}
	/* Acquire: pairs with the producer's store. */
	while (!problem && !atomic_load_explicit(&run.done, memory_order_acquire))
		problem = check_sample(&run, phc);
	pthread_join(producer, NULL);
	if (!problem)
		problem = run.problem;
	wt_phc_close(phc);
	wt_sim_nic_destroy(run.nic);
	printf("%llu cross timestamps: %s\n", (unsigned long long)run.taken,
	       problem ? problem : "all true");
	return problem || !run.taken;
}
