/* SPDX-License-Identifier: BSD-2-Clause */
/* Records in a loop of one's own, beside a signal that ends it, and a timer: loop INTERFACE FILE */

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <wiretape/record.h>

enum { RECORD, SIGNALS, TIMER, COUNT };

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK);
}

static void print_state(struct wt_record *record)
{
	struct wt_record_state state = {.size = sizeof(state)};

	wt_record_state_read(record, &state);
	printf("written %" PRIu64 ", lost %" PRIu64 "\n", state.written, state.lost);
}

/* A step never waits; the loop does, unless there is more to do at once. */
static void loop(struct wt_record *record, struct pollfd *fds)
{
	enum wt_record_step step;
	uint64_t expired;

	while ((step = wt_record_step(record)) != WT_STEP_ENDED) {
		poll(fds, COUNT, step == WT_STEP_MORE ? 0 : -1);
		if (fds[SIGNALS].revents)
			wt_record_stop(record); /* some steps later it has ended */
		if (read(fds[TIMER].fd, &expired, sizeof(expired)) > 0)
			print_state(record);
	}
}

int main(int argc, char **argv)
{
	const struct itimerspec each_second = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct wt_record_interface interface = {.size = sizeof(interface)};
	struct wt_record_config config = {.size = sizeof(config), .interfaces = &interface};
	struct pollfd fds[COUNT];
	struct wt_record *record;
	struct wt_error err;
	int rc;

	if (argc < 3)
		return fprintf(stderr, "loop INTERFACE FILE\n"), 2;
	interface.name = argv[1];
	interface.reader = strncmp(argv[1], "sim", 3) ? WT_READER_V3 : WT_READER_SIM;
	config.interface_count = 1;
	config.path = argv[2];
	fds[SIGNALS] = (struct pollfd){open_signals(), POLLIN, 0};
	fds[TIMER] = (struct pollfd){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), POLLIN, 0};
	timerfd_settime(fds[TIMER].fd, 0, &each_second, NULL);
	if (wt_record_open(&record, &config, &err))
		return fprintf(stderr, "%s\n", err.text), 1;
	fds[RECORD] = (struct pollfd){wt_record_fd(record), POLLIN, 0};
	if (!wt_record_begin(record, &err))
		loop(record, fds);
	rc = wt_record_result(record, &err); /* also why it has not begun */
	print_state(record);
	fprintf(stderr, "%s", rc ? err.text : "");
	wt_record_close(record);
	return rc ? 1 : 0;
}
