/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

/* An event is one line, whatever characters a file's name has. */
static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

static struct wt_set_event *make_event(bool error, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));
static struct wt_set_event *make_event(bool error, const char *format, va_list args)
{
	struct wt_set_event *event = calloc(1, sizeof(*event));

	if (!event)
		return NULL;
	event->error = error;
	if (vasprintf(&event->text, format, args) < 0) {
		free(event);
		return NULL;
	}
	make_one_line(event->text);
	return event;
}

static void free_event(struct wt_set_event *event)
{
	free(event->text);
	free(event);
}

void wt_file_set_tell(struct wt_file_set *set, bool error, const char *format, ...)
{
	struct wt_set_event *event;
	va_list args;

	va_start(args, format);
	event = make_event(error, format, args);
	va_end(args);
	pthread_mutex_lock(&set->event_lock);
	/* Bound the queue: a command may fail for every file of a year, and nobody ask. */
	if (event && set->events < WT_SET_MOST_EVENTS) {
		*set->last_event = event;
		set->last_event = &event->next;
		set->events++;
		event = NULL;
	} else {
		set->events_lost++;
		set->error_lost |= error;
	}
	pthread_mutex_unlock(&set->event_lock);
	if (event)
		free_event(event);
}

static int tell_of_lost(struct wt_file_set *set, char *text, size_t capacity, bool *error)
{
	assert(wt_mutex_is_locked(&set->event_lock));
	if (!set->events_lost)
		return 0;
	snprintf(text, capacity, "%llu further messages about finished files were not kept",
	         (unsigned long long)set->events_lost);
	*error = set->error_lost;
	set->events_lost = 0;
	set->error_lost = false;
	return 1;
}

int wt_file_set_next_event(struct wt_file_set *set, char *text, size_t capacity, bool *error)
{
	struct wt_set_event *event;
	int rc = 1;

	pthread_mutex_lock(&set->event_lock);
	event = set->first_event;
	if (event) {
		set->first_event = event->next;
		if (!event->next)
			set->last_event = &set->first_event;
		set->events--;
		snprintf(text, capacity, "%s", event->text);
		*error = event->error;
	} else {
		rc = tell_of_lost(set, text, capacity, error);
	}
	pthread_mutex_unlock(&set->event_lock);
	if (event)
		free_event(event);
	return rc;
}

void wt_file_set_forget_events(struct wt_file_set *set)
{
	while (set->first_event) {
		struct wt_set_event *next = set->first_event->next;

		free_event(set->first_event);
		set->first_event = next;
	}
}

void wt_file_set_wake(struct wt_file_set *set, struct wt_set_worker *worker)
{
	assert(wt_mutex_is_locked(&set->lock));
	worker->wanted = worker->is_there && !set->stop;
	pthread_cond_signal(&worker->wake);
}

void wt_file_set_wake_finisher(struct wt_file_set *set)
{
	const uint64_t one = 1;

	/* Fails only if the counter is full, and then it is awake. */
	if (write(set->wake_fd, &one, sizeof(one)) < 0)
		errno = 0;
}
