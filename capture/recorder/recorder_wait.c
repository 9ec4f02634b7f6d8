/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_wait.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const int64_t second_ns = 1000000000;
/* Events of rings bear their number. */
enum { FROM_WAKE = 1 << 30, FROM_TIMER, FROM_DISK, FROM_FILES };

static int listen_to(const struct wt_recorder_wait *wait, int fd, uint32_t events, uint32_t from)
{
	struct epoll_event event = {.events = events, .data.u32 = from};

	return epoll_ctl(wait->fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* A packet socket is readable for the kernel while the block that it filled last has not been given
 * back, whether there is anything new or not: what counts is that it becomes so. */
static int listen_to_ring(const struct wt_recorder_wait *wait, const struct wt_recorded *recorded)
{
	return listen_to(wait, wt_reader_fd(recorded->reader), EPOLLIN | EPOLLET, recorded->id);
}

/* A reader that is woken for every frame pays for a wake-up, and so does the sender. Away from its
 * wait queue the producer does not even try to wake us. */
static void arm(struct wt_recorder_wait *wait, bool wanted)
{
	if (!wait->wakes_often || wait->armed == wanted)
		return;
	wait->armed = wanted;
	for (size_t i = 0; i < wait->state->config.interface_count; i++) {
		const struct wt_recorded *recorded = &wait->recorded[i];

		if (!recorded->report->reader->wakes_for_each_frame)
			continue;
		if (wanted)
			listen_to_ring(wait, recorded);
		else
			epoll_ctl(wait->fd, EPOLL_CTL_DEL, wt_reader_fd(recorded->reader), NULL);
	}
}

/* A stream that has room is always writable: that is news only while something waits for it. */
static void arm_stream(struct wt_recorder_wait *wait)
{
	const struct wt_tape *tape = wait->writer->file ? wait->writer->file->tape : NULL;
	int fd = tape && wt_tape_is_stream(tape) ? wt_sink_poll(wt_tape_sink(tape)).fd : -1;

	if (wait->armed_stream == (fd >= 0))
		return;
	wait->armed_stream = fd >= 0;
	if (wait->armed_stream)
		listen_to(wait, wait->stream_fd = fd, EPOLLOUT, FROM_DISK);
	else
		epoll_ctl(wait->fd, EPOLL_CTL_DEL, wait->stream_fd, NULL);
}

static void forget_counter(int fd)
{
	uint64_t events;

	if (read(fd, &events, sizeof(events)) < 0)
		return; /* nothing there: woken by somebody else */
}

static void hear_reader(struct wt_recorded *recorded, uint32_t events)
{
	int problem = wt_reader_acknowledge_wakeup(recorded->reader);

	recorded->troubled |= problem || (events & (EPOLLERR | EPOLLHUP));
}

void wt_recorder_wait_take(struct wt_recorder_wait *wait)
{
	enum { MOST = 64 };
	struct epoll_event events[MOST];
	int count = epoll_wait(wait->fd, events, MOST, 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.u32 == FROM_WAKE)
			forget_counter(wait->wake_fd);
		else if (events[i].data.u32 == FROM_TIMER)
			forget_counter(wait->timer_fd);
		else if (events[i].data.u32 < FROM_WAKE)
			hear_reader(&wait->recorded[events[i].data.u32], events[i].events);
	}
}

/* A sleep to gather is longer by the time that it takes to wake up. */
void wt_recorder_wait(struct wt_recorder_wait *wait, int64_t until_ns, int64_t gather_ns)
{
	struct wt_system *system = wait->state->system;
	int64_t now_ns = wt_recorder_clock_ns(wait->state);
	bool gathers = now_ns - wait->slept_ns < gather_ns + gather_ns / 2;

	arm(wait, !gathers);
	arm_stream(wait);
	wait->slept_ns = now_ns;
	if (gathers && until_ns > now_ns + gather_ns)
		until_ns = now_ns + gather_ns;
	system->ops->wait(system, gathers ? wait->wake_fd : wait->fd, until_ns);
}

/* The interrupted code of a signal handler finds its errno as it was. */
void wt_recorder_wait_wake(struct wt_recorder_wait *wait)
{
	uint64_t one = 1;
	int saved = errno;

	/* write() fails only when the counter is full, and then the recorder is awake. */
	(void)!write(wait->wake_fd, &one, sizeof(one));
	errno = saved;
}

int wt_recorder_wait_fd(struct wt_recorder_wait *wait)
{
	/* The next step sets it to what is due: so that one follows, at once. */
	static const struct itimerspec at_once = {.it_value.tv_nsec = 1};
	int fd, rc;

	if (wait->timer_fd >= 0)
		return wait->fd;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	timerfd_settime(fd, 0, &at_once, NULL);
	rc = listen_to(wait, fd, EPOLLIN, FROM_TIMER);
	if (rc) {
		close(fd);
		return rc;
	}
	wait->timer_fd = fd;
	return wait->fd;
}

void wt_recorder_wait_set(struct wt_recorder_wait *wait, int64_t until_ns)
{
	int64_t at_ns = until_ns > 0 ? until_ns : 1; /* 0 would be never */
	const struct itimerspec at = {
	        .it_value = {.tv_sec = at_ns / second_ns, .tv_nsec = at_ns % second_ns}};

	if (wait->timer_fd < 0)
		return;
	arm(wait, true);
	arm_stream(wait);
	if (until_ns != wait->timer_ns || until_ns <= wait->state->now_ns)
		timerfd_settime(wait->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	wait->timer_ns = until_ns;
}

int wt_recorder_wait_for_ring(struct wt_recorder_wait *wait, const struct wt_recorded *recorded)
{
	if (!recorded->report->reader->wakes_for_each_frame)
		return listen_to_ring(wait, recorded);
	wait->wakes_often = true;
	return 0;
}

int wt_recorder_wait_for_output(struct wt_recorder_wait *wait)
{
	const struct wt_recorder_output *output = wait->state->output;
	int rc = 0;

	if (output->disk)
		rc = listen_to(wait, wt_disk_fd(output->disk), EPOLLIN | EPOLLET, FROM_DISK);
	if (!rc && output->files)
		rc = listen_to(wait, wt_file_set_fd(output->files), EPOLLIN | EPOLLET, FROM_FILES);
	return rc;
}

int wt_recorder_wait_open(struct wt_recorder_wait *wait, const struct wt_tape_writer *writer)
{
	wait->state = writer->state;
	wait->recorded = writer->recorded;
	wait->writer = writer;
	wait->fd = epoll_create1(EPOLL_CLOEXEC);
	wait->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wait->fd < 0 || wait->wake_fd < 0)
		return -errno;
	return listen_to(wait, wait->wake_fd, EPOLLIN, FROM_WAKE);
}

void wt_recorder_wait_close(struct wt_recorder_wait *wait)
{
	const int fds[] = {wait->timer_fd, wait->wake_fd, wait->fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
