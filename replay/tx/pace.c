/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/pace.h>

#include <errno.h>

#define SECOND_NS 1000000000ll
/* The longest time without a look at the stop request. */
#define NAP_NS 50000000ll

enum { OFFSET_READINGS = 16 };

static int64_t to_ns(const struct timespec *time)
{
	return time->tv_sec * SECOND_NS + time->tv_nsec;
}

static int64_t kernel_now(struct wt_pace_clock *clock)
{
	struct timespec now;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return to_ns(&now);
}

static void sleep_until(int64_t at_ns)
{
	const struct timespec at = {.tv_sec = at_ns / SECOND_NS, .tv_nsec = at_ns % SECOND_NS};

	/* A signal ends it early, which is a look at the stop request, too. */
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Sleep until spin_ns before at_ns, but not longer than a nap: when it should have ended. */
static int64_t nap(int64_t now_ns, int64_t at_ns, int64_t spin_ns)
{
	int64_t until_ns = at_ns - spin_ns > now_ns + NAP_NS ? now_ns + NAP_NS : at_ns - spin_ns;

	sleep_until(until_ns);
	return until_ns;
}

static struct wt_pace_wait kernel_wait_until(struct wt_pace_clock *clock, int64_t at_ns,
                                             int64_t spin_ns, const int *stop)
{
	struct wt_pace_wait wait = {.now_ns = kernel_now(clock)};
	int64_t last_ns = wait.now_ns;
	bool naps;

	wait.has_waited = wait.now_ns < at_ns;
	/* Relaxed: the stop request publishes nothing. */
	while (wait.now_ns < at_ns && !__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		naps = at_ns - wait.now_ns > spin_ns;
		if (naps)
			last_ns = nap(wait.now_ns, at_ns, spin_ns);
		else
			relax();
		wait.now_ns = kernel_now(clock);
		/* A nap that ends late takes nothing away unless it outlasts the wait. */
		if (naps && wait.now_ns < at_ns)
			last_ns = wait.now_ns;
		if (wait.now_ns - last_ns > wait.taken_ns)
			wait.taken_ns = wait.now_ns - last_ns;
		last_ns = wait.now_ns;
	}
	return wait;
}

static int kernel_read_other(struct wt_pace_clock *clock, clockid_t other, int64_t *before_ns,
                             int64_t *other_ns, int64_t *after_ns)
{
	struct timespec time;

	*before_ns = kernel_now(clock);
	if (clock_gettime(other, &time) < 0)
		return -errno;
	*after_ns = kernel_now(clock);
	*other_ns = to_ns(&time);
	return 0;
}

static const struct wt_pace_clock_ops kernel_ops = {
        .now = kernel_now,
        .wait_until = kernel_wait_until,
        .read_other = kernel_read_other,
};

struct wt_pace_clock *wt_pace_kernel_clock(void)
{
	static struct wt_pace_clock kernel_clock = {&kernel_ops};

	return &kernel_clock;
}

int wt_pace_offset(struct wt_pace_clock *clock, clockid_t other, int64_t *offset_ns)
{
	int64_t closest = INT64_MAX;

	for (int i = 0; i < OFFSET_READINGS; i++) {
		int64_t before, between, after;
		int rc = clock->ops->read_other(clock, other, &before, &between, &after);

		if (rc)
			return rc;
		if (after - before >= closest)
			continue;
		closest = after - before;
		*offset_ns = between - (before + closest / 2);
	}
	return 0;
}
