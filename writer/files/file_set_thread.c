/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of a set, and who waits for them. */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <wiretape/base/mutex.h>

/* Say that a worker looks for work, and that it has found no more; the caller has the lock. */
static void begin_work(struct wt_set_worker *worker)
{
	worker->wanted = false;
	worker->busy = true;
}

static void end_work(struct wt_file_set *set, struct wt_set_worker *worker)
{
	assert(wt_mutex_is_locked(&set->lock));
	worker->busy = false;
	pthread_cond_broadcast(&set->settled);
}

/* Wait until the worker is woken, or this time of the set's clock. */
static void await_work(struct wt_file_set *set, struct wt_set_worker *worker, int64_t due_ns)
{
	int64_t left_ns = due_ns - set->system.now_ns();
	struct timespec until;

	if (set->stop || worker->wanted || left_ns <= 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	left_ns += until.tv_nsec;
	until.tv_sec += left_ns / 1000000000;
	until.tv_nsec = left_ns % 1000000000;
	pthread_cond_timedwait(&worker->wake, &set->lock, &until);
}

static void *make_files(void *argument)
{
	static const int64_t look_every_ns = 1000000000;
	struct wt_file_set *set = argument;

	pthread_mutex_lock(&set->lock);
	while (!set->stop) {
		begin_work(&set->maker);
		wt_file_set_make_next(set);
		end_work(set, &set->maker);
		await_work(set, &set->maker, set->system.now_ns() + look_every_ns);
	}
	pthread_mutex_unlock(&set->lock);
	return NULL;
}

/* Take away a step of what was deleted if one is due, or wait for something to do. */
static void erase_or_wait(struct wt_file_set *set)
{
	int64_t due_ns =
	        wt_eraser_due_ns(&set->eraser, set->written_bytes, wt_file_set_is_short(set));
	int64_t look_ns = wt_file_set_look_due_ns(set);

	if (due_ns > set->system.now_ns()) {
		await_work(set, &set->keeper, due_ns < look_ns ? due_ns : look_ns);
		return;
	}
	pthread_mutex_unlock(&set->lock);
	wt_eraser_step(&set->eraser, set->system.now_ns);
	pthread_mutex_lock(&set->lock);
}

static void *keep_space(void *argument)
{
	struct wt_file_set *set = argument;

	pthread_mutex_lock(&set->lock);
	while (!set->stop) {
		begin_work(&set->keeper);
		while (wt_file_set_delete_one(set))
			;
		end_work(set, &set->keeper);
		erase_or_wait(set);
	}
	pthread_mutex_unlock(&set->lock);
	return NULL;
}

static void *finish_files(void *argument)
{
	struct wt_file_set *set = argument;

	pthread_mutex_lock(&set->lock);
	while (!set->stop) {
		begin_work(&set->finisher);
		wt_file_set_work(set);
		end_work(set, &set->finisher);
		wt_file_set_rest(set);
	}
	pthread_mutex_unlock(&set->lock);
	return NULL;
}

/* The program's own threads handle signals. */
static int start(struct wt_file_set *set, struct wt_set_worker *worker, void *(*work)(void *))
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = set->system.thread_create(&worker->thread, NULL, work, set);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->is_there = !rc;
	return -rc;
}

int wt_file_set_start(struct wt_file_set *set, struct wt_error *err)
{
	int rc;

	/* They begin when they are told of each other. */
	pthread_mutex_lock(&set->lock);
	rc = start(set, &set->finisher, finish_files);
	if (!rc && set->rotates)
		rc = start(set, &set->maker, make_files);
	if (!rc)
		rc = start(set, &set->keeper, keep_space);
	pthread_mutex_unlock(&set->lock);
	return rc ? wt_error_set(err, rc, "cannot start a thread for the files of %s: %s",
	                         set->names.path, strerror(-rc))
	          : 0;
}

void wt_file_set_stop(struct wt_file_set *set)
{
	struct wt_set_worker *workers[] = {&set->finisher, &set->maker, &set->keeper};

	pthread_mutex_lock(&set->lock);
	set->stop = true;
	wt_file_set_wake(set, &set->maker);
	wt_file_set_wake(set, &set->keeper);
	if (set->finisher.is_there)
		wt_file_set_wake_finisher(set);
	pthread_mutex_unlock(&set->lock);
	for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++)
		if (workers[i]->is_there)
			pthread_join(workers[i]->thread, NULL);
}

static bool is_settled(const struct wt_file_set *set)
{
	return !set->to_finish.first && !set->to_command.first && !set->commands &&
	       !set->finisher.busy && !set->maker.busy && !set->maker.wanted && !set->keeper.busy &&
	       !set->keeper.wanted;
}

void wt_file_set_settle(struct wt_file_set *set)
{
	if (!set->finisher.is_there)
		return;
	pthread_mutex_lock(&set->lock);
	wt_file_set_wake(set, &set->maker);
	wt_file_set_wake(set, &set->keeper);
	while (!is_settled(set))
		pthread_cond_wait(&set->settled, &set->lock);
	pthread_mutex_unlock(&set->lock);
}

void wt_file_set_abort_writes(struct wt_file_set *set)
{
	int saved = errno;

	atomic_store(&set->abort_writes, true);
	wt_file_set_wake_finisher(set);
	errno = saved;
}
