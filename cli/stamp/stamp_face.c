/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp_face.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <wiretape/base/spec.h>
#include <wiretape/stamp/sim_nic_spec.h>

static volatile sig_atomic_t is_stopped;

static bool is_simulated(const char *text)
{
	return !strncmp(text, "sim", 3) && (!text[3] || text[3] == ':');
}

int wt_stamp_nic_open(struct wt_stamp_nic *nic, const char *text, struct wt_error *err)
{
	struct wt_sim_nic_config config = {0};
	int rc;

	*nic = (struct wt_stamp_nic){.system = wt_kernel_system(), .interface = text};
	if (!is_simulated(text)) {
		/* An interface that does not exist is found out by whoever asks about it. */
		if (!wt_interface_name(text, nic->name))
			nic->interface = nic->name;
		return 0;
	}
	rc = wt_sim_nic_parse(&config, text[3] ? text + 4 : "", err);
	if (rc)
		return rc;
	rc = wt_sim_nic_create(&nic->simulated, &config);
	if (rc)
		return wt_error_set(err, rc, "no memory for a simulated NIC");
	nic->system = wt_sim_nic_system(nic->simulated);
	nic->interface = "sim";
	return 0;
}

void wt_stamp_nic_close(struct wt_stamp_nic *nic)
{
	wt_sim_nic_destroy(nic->simulated);
	nic->simulated = NULL;
}

void wt_stamp_print_sim_help(void)
{
	printf("\nIFACE may be 'sim' or 'sim:KEY=VALUE,...': a simulated NIC, for trying things\n"
	       "out. The keys, where a TIME without a unit is in ns:\n");
	for (size_t i = 0; i < wt_sim_nic_form.key_count; i++) {
		const struct wt_spec_key *key = &wt_sim_nic_form.keys[i];
		int width = printf("  %s=%s", key->name, key->values);

		printf("%*s%s\n", width < 20 ? 22 - width : 2, "", key->takes);
	}
}

static void on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

void wt_stamp_catch_signals(void)
{
	/* No SA_RESTART: the signal also ends a write to a pipe that nobody empties. */
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool wt_stamp_is_stopped(void)
{
	return is_stopped;
}

void wt_stamp_wait(int fd, int64_t ns)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	struct timespec timeout = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
	sigset_t blocked, before;

	if (ns <= 0)
		return;
	/* A signal between the look and the wait ends the wait all the same. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!is_stopped)
		ppoll(&readable, 1, &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int64_t wt_stamp_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}
