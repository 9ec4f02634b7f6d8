/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/filter_job.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Compilation in its own thread, which owns this once nobody waits any more. */
struct job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	bool abandoned;
	pcap_t *handle;
	bool optimize;
	struct bpf_program code;
	struct wt_error err;
	int result;
	char expression[];
};

static int compile(struct bpf_program *code, pcap_t *handle, const char *expression, bool optimize,
                   struct wt_error *err)
{
	int rc = 0;

	if (pcap_compile(handle, code, expression, optimize, PCAP_NETMASK_UNKNOWN))
		rc = wt_error_set(err, -EINVAL, "%s", pcap_geterr(handle));
	pcap_close(handle);
	return rc;
}

static void free_job(struct job *job)
{
	pthread_cond_destroy(&job->changed);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

static void *run_job(void *argument)
{
	struct job *job = argument;
	bool abandoned;

	job->result = compile(&job->code, job->handle, job->expression, job->optimize, &job->err);
	pthread_mutex_lock(&job->lock);
	job->done = true;
	abandoned = job->abandoned;
	pthread_cond_signal(&job->changed);
	pthread_mutex_unlock(&job->lock);
	if (abandoned) {
		if (!job->result)
			pcap_freecode(&job->code);
		free_job(job);
	}
	return NULL;
}

static struct job *make_job(pcap_t *handle, const char *expression, bool optimize)
{
	size_t bytes = strlen(expression) + 1;
	struct job *job = calloc(1, sizeof(*job) + bytes);
	pthread_condattr_t attributes;

	if (!job)
		return NULL;
	memcpy(job->expression, expression, bytes);
	job->handle = handle;
	job->optimize = optimize;
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return job;
}

/* Signals are for the other threads. */
static int start_job(struct job *job)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&thread, NULL, run_job, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		pthread_detach(thread);
	return -rc;
}

/* Whether it finished before the patience ended. */
static bool wait_for_job(struct job *job, const struct wt_patience *patience)
{
	enum { LOOK_EVERY_NS = 20000000, SECOND_NS = 1000000000 };
	bool done;

	pthread_mutex_lock(&job->lock);
	while (!job->done && !patience->is_over(patience->context)) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_EVERY_NS;
		until.tv_sec += until.tv_nsec / SECOND_NS;
		until.tv_nsec %= SECOND_NS;
		pthread_cond_timedwait(&job->changed, &job->lock, &until);
	}
	done = job->done;
	job->abandoned = !done;
	pthread_mutex_unlock(&job->lock);
	return done;
}

int wt_filter_job(struct bpf_program *code, pcap_t *handle, const char *expression, bool optimize,
                  const struct wt_patience *patience, struct wt_error *err)
{
	struct job *job;
	int rc;

	if (!patience)
		return compile(code, handle, expression, optimize, err);
	job = make_job(handle, expression, optimize);
	rc = job ? start_job(job) : -ENOMEM;
	if (rc) {
		if (job)
			free_job(job);
		pcap_close(handle);
		return wt_error_set(err, rc, "cannot compile the filter: %s", strerror(-rc));
	}
	if (!wait_for_job(job, patience))
		return wt_error_set(err, -EINTR, "stopped while the filter was compiled");
	rc = job->result;
	*code = job->code;
	if (err && rc)
		*err = job->err;
	free_job(job);
	return rc;
}
