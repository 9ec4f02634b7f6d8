/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/launch/launch.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static const char *const clock_names[] = {
        [CLOCK_REALTIME] = "CLOCK_REALTIME",
        [CLOCK_MONOTONIC] = "CLOCK_MONOTONIC",
        [CLOCK_BOOTTIME] = "CLOCK_BOOTTIME",
        [CLOCK_TAI] = "CLOCK_TAI",
};

const char *wt_launch_clock_name(int32_t clock, char text[WT_LAUNCH_CLOCK_BYTES])
{
	const char *known = NULL;

	if (clock >= 0 && clock < (int32_t)(sizeof(clock_names) / sizeof(clock_names[0])))
		known = clock_names[clock];
	if (known)
		snprintf(text, WT_LAUNCH_CLOCK_BYTES, "%s", known);
	else
		snprintf(text, WT_LAUNCH_CLOCK_BYTES, "clock %d", clock);
	return text;
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t subtract(int64_t a, int64_t b)
{
	int64_t difference;

	if (!__builtin_sub_overflow(a, b, &difference))
		return difference;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void wt_launch_offset_read(struct wt_launch_offset *offset, int64_t before_ns, int64_t clock_ns,
                           int64_t after_ns)
{
	int64_t width_ns = subtract(after_ns, before_ns), error_ns = width_ns / 2 + width_ns % 2;

	if (width_ns < 0 || (offset->readings && error_ns >= offset->error_ns))
		return;
	offset->ns = subtract(clock_ns, before_ns + width_ns / 2);
	offset->error_ns = error_ns;
	offset->readings++;
}

int64_t wt_launch_time(int64_t monotonic_ns, const struct wt_launch_offset *offset)
{
	return add(monotonic_ns, offset->ns);
}

static struct wt_launch_decision decide_fq(const struct wt_launch *launch, int64_t due_ns,
                                           int64_t now_ns, int64_t margin_ns, int64_t last_ns)
{
	struct wt_launch_decision decision = {.late = due_ns < now_ns};
	/* Clocks may be off by the margin. */
	int64_t ask_ns = add(subtract(due_ns, launch->horizon_ns), margin_ns);

	if (launch->horizon_ns && ask_ns > now_ns && due_ns > add(now_ns, margin_ns)) {
		decision.way = WT_LAUNCH_NOT_YET;
		decision.time_ns = ask_ns < due_ns ? ask_ns : due_ns;
		return decision;
	}
	decision.way = WT_LAUNCH_WITH_TIME;
	/* The kernel takes 0 for none, and what is negative for a time far ahead. */
	decision.time_ns = later(later(due_ns, last_ns), 1);
	return decision;
}

static struct wt_launch_decision decide_etf(const struct wt_launch *launch, int64_t due_ns,
                                            int64_t now_ns, int64_t margin_ns, int64_t last_ns)
{
	int64_t first_ns = add(now_ns, later(margin_ns, launch->delta_ns));
	int64_t wanted_ns = launch->offload ? due_ns : add(due_ns, launch->delta_ns);

	return (struct wt_launch_decision){
	        .way = WT_LAUNCH_WITH_TIME,
	        .late = wanted_ns < first_ns,
	        .time_ns = later(later(wanted_ns, first_ns), last_ns),
	};
}

struct wt_launch_decision wt_launch_decide(const struct wt_launch *launch, int64_t due_ns,
                                           int64_t now_ns, int64_t margin_ns, int64_t last_ns)
{
	if (launch->verdict != WT_LAUNCH_HONOURED)
		return (struct wt_launch_decision){
		        .way = WT_LAUNCH_AT_ONCE, .late = due_ns < now_ns, .time_ns = due_ns};
	if (launch->kind == WT_QDISC_FQ)
		return decide_fq(launch, due_ns, now_ns, margin_ns, last_ns);
	return decide_etf(launch, due_ns, now_ns, margin_ns, last_ns);
}

int64_t wt_launch_phc_minus_tai(const struct wt_launch_clocks *clocks)
{
	return subtract(clocks->phc_minus_utc_ns, (int64_t)clocks->tai_offset_s * 1000000000);
}

static bool is_near(int64_t difference_ns, const struct wt_launch_clocks *clocks)
{
	int64_t most_ns = add(WT_LAUNCH_PHC_NS, clocks->error_ns);

	return difference_ns <= most_ns && difference_ns >= -most_ns;
}

static bool say(char *text, size_t capacity, bool verdict, const char *what)
{
	snprintf(text, capacity, "%s", what);
	return verdict;
}

/* With offload two clocks decide: CLOCK_TAI, by which the qdisc hands packets to the NIC and
 * drops them, and the PHC, by which the NIC sends them. */
static bool judge_offload(const struct wt_launch_clocks *clocks, char *text, size_t capacity)
{
	int64_t difference_ns = wt_launch_phc_minus_tai(clocks);

	if (!clocks->has_phc)
		return say(
		        text, capacity, false,
		        "the NIC sends by its own clock (PHC), which cannot be read here: whether "
		        "it agrees with CLOCK_TAI is not known");
	if (is_near(difference_ns, clocks))
		return say(text, capacity, true,
		           clocks->tai_offset_s
		                   ? ""
		                   : "the PHC and CLOCK_TAI both show UTC: nobody has told the "
		                     "kernel TAI - UTC. Launch times are right; a PHC that ptp4l "
		                     "sets to TAI would no longer agree");
	if (!clocks->tai_offset_s)
		return say(
		        text, capacity, false,
		        "nobody has told the kernel TAI - UTC, so its CLOCK_TAI shows UTC, and the "
		        "PHC, by which the NIC sends, does not: packets would leave at the wrong "
		        "time. ptp4l with phc2sys, or chronyd with leapsectz, tell it");
	snprintf(text, capacity,
	         "the PHC, by which the NIC sends, is %.9f s %s CLOCK_TAI: packets would leave at "
	         "the "
	         "wrong time. phc2sys brings them together",
	         fabs((double)difference_ns) / 1e9, difference_ns < 0 ? "behind" : "ahead of");
	return false;
}

bool wt_launch_judge_clocks(const struct wt_launch *launch, const struct wt_launch_clocks *clocks,
                            char *text, size_t capacity)
{
	text[0] = '\0';
	if (launch->verdict != WT_LAUNCH_HONOURED || launch->clock != CLOCK_TAI)
		return true;
	if (launch->offload)
		return judge_offload(clocks, text, capacity);
	if (clocks->tai_offset_s)
		return true;
	return say(text, capacity, true,
	           "nobody has told the kernel TAI - UTC, so its CLOCK_TAI shows UTC: that is fine "
	           "for launch times of this machine, but they do not compare with a PHC that "
	           "shows TAI");
}
