/* SPDX-License-Identifier: BSD-2-Clause */

/* Stops a recording by a deadline, as something that is shut down has one.
 *
 *     deadline INTERFACE FILE MILLISECONDS [SECONDS]
 *
 * Records until Ctrl-C, or for so many seconds, and then has so many milliseconds to write what is
 * still in the ring. What is left after that is given up, and counted. */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/record.h>

static struct wt_record *record;
static struct wt_error err;
static int result;

static void *run(void *argument)
{
	result = wt_record_run(record, &err);
	return argument;
}

/* Blocked here before the recording's threads begin, they are for nobody but this. */
static void wait_for_signal(const sigset_t *signals, const char *seconds)
{
	struct timespec time = {.tv_sec = seconds ? strtol(seconds, NULL, 10) : 0};

	while (sigtimedwait(signals, NULL, seconds ? &time : NULL) < 0 && errno == EINTR)
		;
}

static int64_t after_ns(const char *milliseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec +
	       strtoll(milliseconds, NULL, 10) * 1000000;
}

int main(int argc, char **argv)
{
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {
	        .size = sizeof(config), .interfaces = &interface, .interface_count = 1};
	struct wt_record_state state = {.size = sizeof(state)};
	pthread_t recorder;
	sigset_t signals;

	if (argc < 4)
		return fprintf(stderr, "deadline INTERFACE FILE MILLISECONDS [SECONDS]\n"), 2;
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.path = argv[2];
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (wt_record_open(&record, &config, &err) || pthread_create(&recorder, NULL, run, NULL))
		return fprintf(stderr, "cannot begin: %s\n", err.text), 1;
	wait_for_signal(&signals, argc > 4 ? argv[4] : NULL);
	wt_record_stop_by(record, after_ns(argv[3]));
	pthread_join(recorder, NULL);
	wt_record_state_read(record, &state);
	printf("%s: written %" PRIu64 ", lost %" PRIu64 "\n",
	       result == -ETIMEDOUT ? "the deadline came first" : "in time", state.written,
	       state.lost);
	if (result && result != -ETIMEDOUT)
		fprintf(stderr, "%s\n", err.text);
	wt_record_close(record);
	return result && result != -ETIMEDOUT ? 1 : 0;
}
