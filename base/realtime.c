/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/realtime.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

int wt_realtime_lock(struct wt_realtime *realtime, struct wt_error *err)
{
	int code;

	if (!mlockall(MCL_CURRENT | MCL_FUTURE)) {
		realtime->is_locked = true;
		return 0;
	}
	code = -errno;
	return wt_error_set(err, code,
	                    "cannot lock memory (--mlock): %s; raise 'ulimit -l', or give the "
	                    "program cap_ipc_lock",
	                    strerror(-code));
}

/* Remember the CPUs before the first change. */
static void remember_cpus(struct wt_realtime *realtime)
{
	if (!realtime->is_bound)
		realtime->is_bound = !sched_getaffinity(0, sizeof(realtime->cpus), &realtime->cpus);
}

static int bind_to(struct wt_realtime *realtime, int cpu, struct wt_error *err)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	remember_cpus(realtime);
	if (sched_setaffinity(0, sizeof(one), &one))
		return wt_error_set(err, -EINVAL,
		                    "cannot run on CPU %d: there is none, or this program may not "
		                    "use it",
		                    cpu);
	return 0;
}

static int be_fifo(struct wt_realtime *realtime, int priority, struct wt_error *err)
{
	const struct sched_param param = {.sched_priority = priority};
	int code;

	realtime->policy = sched_getscheduler(0);
	sched_getparam(0, &realtime->param);
	/* Threads that it starts are as others. */
	if (!sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param)) {
		realtime->is_fifo = true;
		return 0;
	}
	code = -errno;
	return wt_error_set(err, code,
	                    "cannot run with SCHED_FIFO (--fifo %d): %s; give the program "
	                    "cap_sys_nice, or raise 'ulimit -r'",
	                    priority, strerror(-code));
}

int wt_realtime_begin(struct wt_realtime *realtime, int cpu, int priority, struct wt_error *err)
{
	int rc = cpu ? bind_to(realtime, cpu - 1, err) : 0;

	/* Sleeps end when they should; without, up to 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	return rc || !priority ? rc : be_fifo(realtime, priority, err);
}

int wt_realtime_check(int cpu, int priority, struct wt_error *err)
{
	struct wt_realtime trial = {0};
	int rc = wt_realtime_begin(&trial, cpu, priority, err);

	wt_realtime_end(&trial);
	return rc;
}

void wt_realtime_avoid(struct wt_realtime *realtime, int cpu)
{
	cpu_set_t others;

	if (!cpu)
		return;
	remember_cpus(realtime);
	others = realtime->cpus;
	CPU_CLR(cpu - 1, &others);
	if (CPU_COUNT(&others))
		sched_setaffinity(0, sizeof(others), &others);
}

/* Without privileges the flag cannot be taken back. */
static void be_as_before(const struct wt_realtime *realtime)
{
	if (sched_setscheduler(0, realtime->policy, &realtime->param))
		sched_setscheduler(0, realtime->policy | SCHED_RESET_ON_FORK, &realtime->param);
}

void wt_realtime_end(struct wt_realtime *realtime)
{
	if (realtime->is_fifo)
		be_as_before(realtime);
	if (realtime->is_bound)
		sched_setaffinity(0, sizeof(realtime->cpus), &realtime->cpus);
	if (realtime->is_locked)
		munlockall();
	prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
	*realtime = (struct wt_realtime){0};
}

static int64_t read_setting(const char *path)
{
	FILE *file = fopen(path, "re");
	long long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%lld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

int64_t wt_realtime_stolen_us(void)
{
	int64_t period = read_setting("/proc/sys/kernel/sched_rt_period_us");
	int64_t runtime = read_setting("/proc/sys/kernel/sched_rt_runtime_us");

	if (period <= 0 || runtime < 0 || runtime >= period)
		return 0;
	return (period - runtime) * 1000000 / period;
}
