/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/launch/launch_check.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void read_phc(struct wt_launch_check *check, struct wt_system *system)
{
	struct wt_phc *phc = NULL;
	struct wt_error err = {0};

	check->phc_error = wt_phc_open_interface(&phc, system, check->link.name, &err);
	if (!check->phc_error) {
		snprintf(check->phc_device, sizeof(check->phc_device), "%.63s", wt_phc_device(phc));
		check->phc_error = wt_phc_cross(phc, &check->cross, &err);
		wt_phc_close(phc);
	}
	snprintf(check->phc_text, sizeof(check->phc_text), "%.255s", err.text);
}

static void read_clocks(struct wt_launch_check *check, struct wt_system *system)
{
	struct wt_error err = {0};

	check->stamping_error =
	        wt_stamp_capabilities_read(&check->stamping, system, check->link.name, &err);
	snprintf(check->stamping_text, sizeof(check->stamping_text), "%.255s", err.text);
	read_phc(check, system);
	check->tai_error = system->ops->tai_offset(system, &check->tai_offset_s);
	if (check->tai_error)
		check->tai_offset_s = 0;
}

static void read_qdiscs(struct wt_launch_check *check, struct wt_launch_system *launch_system,
                        int priority)
{
	struct wt_launch *launch = &check->launch;

	check->qdisc_error =
	        launch_system->qdiscs(launch_system, &check->qdiscs, check->link.index);
	if (!check->qdisc_error) {
		wt_launch_find(launch, check->link.name, check->qdiscs.items, check->qdiscs.count,
		               priority);
		return;
	}
	*launch = (struct wt_launch){.verdict = WT_LAUNCH_NOT_TOLD};
	snprintf(launch->text, sizeof(launch->text),
	         "cannot ask the kernel for the qdiscs of interface %s: %s; tc qdisc show dev %s "
	         "asks the same",
	         check->link.name, strerror(-check->qdisc_error), check->link.name);
}

static void say_why_no_txtime(struct wt_launch_check *check, bool opened)
{
	char clock[WT_LAUNCH_CLOCK_BYTES];
	const char *way_out = "that is not expected, see what the kernel's log says";

	if (check->txtime_error == -EPERM && !opened)
		way_out =
		        "a packet socket needs the capability CAP_NET_RAW; run as root, or setcap "
		        "cap_net_raw,cap_net_admin+ep";
	else if (check->txtime_error == -EPERM)
		way_out = "a clock other than CLOCK_MONOTONIC needs the capability CAP_NET_ADMIN; "
		          "run "
		          "as root, or setcap cap_net_raw,cap_net_admin+ep";
	else if (check->txtime_error == -ENOPROTOOPT)
		way_out = "it needs Linux 4.19 or younger";
	snprintf(check->txtime_text, sizeof(check->txtime_text), "SO_TXTIME with %s: %s: %s",
	         wt_launch_clock_name(check->txtime_clock, clock), strerror(-check->txtime_error),
	         way_out);
}

static void try_txtime(struct wt_launch_check *check, struct wt_launch_system *launch_system)
{
	bool opened = false;

	check->txtime_clock =
	        check->launch.verdict == WT_LAUNCH_HONOURED ? check->launch.clock : CLOCK_TAI;
	check->txtime_error = launch_system->txtime(launch_system, check->txtime_clock, &opened);
	if (check->txtime_error)
		say_why_no_txtime(check, opened);
}

struct wt_launch_clocks wt_launch_check_clocks(const struct wt_launch_check *check)
{
	const struct wt_cross_sample *cross = &check->cross;
	struct wt_launch_clocks clocks = {.tai_offset_s = check->tai_offset_s};

	if (check->phc_error)
		return clocks;
	clocks.has_phc = true;
	/* A clock may show any time. */
	clocks.phc_minus_utc_ns = (int64_t)((uint64_t)cross->phc_ns - (uint64_t)cross->utc_ns);
	clocks.error_ns = cross->bracket_ns / 2;
	return clocks;
}

int wt_launch_check_read(struct wt_launch_check *check, struct wt_launch_system *launch_system,
                         const char *interface, int priority, struct wt_error *err)
{
	struct wt_launch_clocks clocks;
	int rc;

	memset(check, 0, sizeof(*check));
	rc = launch_system->link(launch_system, interface, &check->link, err);
	if (rc)
		return rc;
	read_clocks(check, launch_system->system);
	read_qdiscs(check, launch_system, priority);
	try_txtime(check, launch_system);
	clocks = wt_launch_check_clocks(check);
	check->clocks_fit = wt_launch_judge_clocks(&check->launch, &clocks, check->clocks_text,
	                                           sizeof(check->clocks_text));
	return 0;
}

void wt_launch_check_close(struct wt_launch_check *check)
{
	wt_qdisc_list_empty(&check->qdiscs);
}

bool wt_launch_check_can(const struct wt_launch_check *check, char *text, size_t capacity)
{
	const char *why = check->launch.text;
	bool can = false;

	if (check->launch.verdict == WT_LAUNCH_HONOURED) {
		can = !check->txtime_error && check->clocks_fit;
		if (check->txtime_error)
			why = check->txtime_text;
		else if (!check->clocks_fit)
			why = check->clocks_text;
	}
	snprintf(text, capacity, "%s", why);
	return can;
}

bool wt_launch_check_auto(const struct wt_launch_check *check, char *text, size_t capacity)
{
	if (!wt_launch_check_can(check, text, capacity))
		return false;
	if (check->launch.offload)
		return true;
	snprintf(text, capacity,
	         "qdisc %s keeps launch times with a timer of the kernel, which is less exact than "
	         "waiting for each packet; --pace txtime takes it all the same",
	         check->launch.name);
	return false;
}
