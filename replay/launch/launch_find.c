/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/launch/launch.h>

#include <linux/pkt_sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The place looked at. */
struct place {
	const char *interface;
	const struct wt_qdisc *qdiscs;
	size_t count;
	unsigned priority;
};

static const char *const verdict_names[WT_LAUNCH_VERDICTS] = {
        [WT_LAUNCH_HONOURED] = "honoured",
        [WT_LAUNCH_NO_QDISC] = "no-qdisc",
        [WT_LAUNCH_IGNORED] = "ignored",
        [WT_LAUNCH_GATES_ONLY] = "gates-only",
        [WT_LAUNCH_DEADLINE] = "deadline",
        [WT_LAUNCH_MIXED] = "mixed",
        [WT_LAUNCH_BENEATH] = "beneath",
        [WT_LAUNCH_OVERTAKEN] = "overtaken",
        [WT_LAUNCH_CLOCKS_DIFFER] = "clocks-differ",
        [WT_LAUNCH_NOT_TOLD] = "not-told",
};

const char *wt_launch_verdict_name(enum wt_launch_verdict verdict)
{
	return verdict < WT_LAUNCH_VERDICTS ? verdict_names[verdict] : "unknown";
}

/* The verdict about a qdisc, with its sentence. */
static struct wt_launch judge(const struct place *place, enum wt_launch_verdict verdict,
                              const struct wt_qdisc *qdisc, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static struct wt_launch judge(const struct place *place, enum wt_launch_verdict verdict,
                              const struct wt_qdisc *qdisc, const char *format, ...)
{
	struct wt_launch launch = {.verdict = verdict, .priority = place->priority};
	va_list arguments;

	if (qdisc) {
		memcpy(launch.name, qdisc->name, sizeof(launch.name));
		launch.handle = qdisc->handle;
		launch.parent = qdisc->parent;
	}
	va_start(arguments, format);
	vsnprintf(launch.text, sizeof(launch.text), format, arguments);
	va_end(arguments);
	return launch;
}

static struct wt_launch judge_untold(const struct place *place, const struct wt_qdisc *qdisc)
{
	return judge(
	        place, WT_LAUNCH_NOT_TOLD, qdisc,
	        "interface %s has qdisc %s, but the kernel does not tell how it is set up; see "
	        "what tc qdisc show dev %s says",
	        place->interface, qdisc->name, place->interface);
}

static struct wt_launch judge_etf(const struct place *place, const struct wt_qdisc *qdisc)
{
	char handle[WT_QDISC_HANDLE_BYTES], clock[WT_LAUNCH_CLOCK_BYTES];
	const struct wt_qdisc_etf *etf = &qdisc->etf;
	struct wt_launch launch;

	wt_qdisc_handle_text(qdisc->handle, handle);
	if (etf->deadline)
		return judge(
		        place, WT_LAUNCH_DEADLINE, qdisc,
		        "interface %s has qdisc etf %s in deadline mode: packets leave as soon "
		        "as they can, not at their launch times; set it up without "
		        "deadline_mode",
		        place->interface, handle);
	launch = judge(
	        place, WT_LAUNCH_HONOURED, qdisc,
	        "qdisc etf %s sends packets of priority %u at their launch times, by %s; %s; "
	        "late ones are dropped",
	        handle, place->priority, wt_launch_clock_name(etf->clock, clock),
	        etf->offload ? "the NIC keeps the time" : "a timer of the kernel keeps the time");
	launch.kind = WT_QDISC_ETF;
	launch.clock = etf->clock;
	launch.offload = etf->offload;
	launch.delta_ns = etf->delta_ns;
	launch.drops_late = true;
	return launch;
}

static struct wt_launch judge_fq(const struct place *place, const struct wt_qdisc *qdisc)
{
	char handle[WT_QDISC_HANDLE_BYTES], horizon[64] = "";
	const struct wt_qdisc_fq *fq = &qdisc->fq;
	struct wt_launch launch;

	wt_qdisc_handle_text(qdisc->handle, handle);
	if (place->priority == TC_PRIO_CONTROL)
		return judge(place, WT_LAUNCH_OVERTAKEN, qdisc,
		             "qdisc fq %s of interface %s sends packets of priority %u at once, "
		             "whatever their launch times; use another priority",
		             handle, place->interface, place->priority);
	if (fq->horizon_ns)
		snprintf(horizon, sizeof(horizon), " up to %.3f s ahead",
		         (double)fq->horizon_ns / 1e9);
	launch = judge(place, WT_LAUNCH_HONOURED, qdisc,
	               "qdisc fq %s sends packets at their launch times%s, by CLOCK_MONOTONIC; a "
	               "timer of the kernel keeps the time; late ones are sent at once",
	               handle, horizon);
	launch.kind = WT_QDISC_FQ;
	launch.clock = CLOCK_MONOTONIC;
	launch.horizon_ns = fq->horizon_ns;
	launch.horizon_drop = fq->horizon_drop;
	launch.limit_packets = fq->flow_limit_packets;
	return launch;
}

static bool has_beneath(const struct place *place)
{
	for (size_t i = 0; i < place->count; i++)
		if (place->qdiscs[i].kind == WT_QDISC_ETF || place->qdiscs[i].kind == WT_QDISC_FQ)
			return true;
	return false;
}

static struct wt_launch judge_leaf(const struct place *place, const struct wt_qdisc *qdisc)
{
	if ((qdisc->kind == WT_QDISC_ETF || qdisc->kind == WT_QDISC_FQ) && !qdisc->has_options)
		return judge_untold(place, qdisc);
	if (qdisc->kind == WT_QDISC_ETF)
		return judge_etf(place, qdisc);
	if (qdisc->kind == WT_QDISC_FQ)
		return judge_fq(place, qdisc);
	if (!strcmp(qdisc->name, "noqueue") || !strcmp(qdisc->name, "noop"))
		return judge(place, WT_LAUNCH_NO_QDISC, qdisc,
		             "interface %s has no qdisc (%s), so nobody looks at launch times; "
		             "tc qdisc replace dev %s root fq, or pace otherwise",
		             place->interface, qdisc->name, place->interface);
	return judge(
	        place, WT_LAUNCH_IGNORED, qdisc,
	        "interface %s has qdisc %s, which ignores launch times; tc qdisc replace dev %s "
	        "root fq, or etf, or pace otherwise",
	        place->interface, qdisc->name, place->interface);
}

static const struct wt_qdisc *child_of(const struct place *place, const struct wt_qdisc *parent,
                                       unsigned queue)
{
	uint32_t class = TC_H_MAKE(parent->handle, queue + 1);

	for (size_t i = 0; i < place->count; i++)
		if (place->qdiscs[i].parent == class && &place->qdiscs[i] != parent)
			return &place->qdiscs[i];
	return NULL;
}

static bool are_alike(const struct wt_launch *a, const struct wt_launch *b)
{
	if (a->verdict != b->verdict)
		return false;
	if (a->verdict != WT_LAUNCH_HONOURED)
		return true;
	return a->kind == b->kind && a->clock == b->clock && a->offload == b->offload &&
	       a->delta_ns == b->delta_ns && a->horizon_ns == b->horizon_ns &&
	       a->horizon_drop == b->horizon_drop && a->limit_packets == b->limit_packets;
}

/* The queues that packets of a priority may take. */
struct range {
	unsigned first;
	unsigned count;
};

/* Highest queue that has a qdisc, plus one. */
static unsigned queues_of(const struct place *place, const struct wt_qdisc *parent)
{
	unsigned queues = 0;

	for (size_t i = 0; i < place->count; i++) {
		unsigned minor = TC_H_MIN(place->qdiscs[i].parent);

		if (TC_H_MAJ(place->qdiscs[i].parent) == TC_H_MAJ(parent->handle) &&
		    &place->qdiscs[i] != parent && minor > queues && minor < TC_H_MIN_PRIORITY)
			queues = minor;
	}
	return queues;
}

static struct range range_of(const struct place *place, const struct wt_qdisc *parent)
{
	const struct wt_qdisc_map *map = &parent->map;
	unsigned class = map->class_of[place->priority];
	struct range range = {.first = 0, .count = queues_of(place, parent)};

	if (map->classes)
		range = (struct range){map->first_queue[class], map->queues[class]};
	/* More queues than qdiscs: one has none, no need to look at all. */
	if (range.count > place->count + 1)
		range.count = (unsigned)place->count + 1;
	return range;
}

/* Queues without a qdisc of their own have the default one. */
static struct wt_launch judge_queue(const struct place *place, const struct wt_qdisc *parent,
                                    unsigned queue)
{
	const struct wt_qdisc *child = child_of(place, parent, queue);

	if (child)
		return judge_leaf(place, child);
	return judge(
	        place, WT_LAUNCH_IGNORED, NULL,
	        "queue %u of qdisc %s of interface %s, which packets of priority %u take, has no "
	        "qdisc that honours launch times; give it etf",
	        queue, parent->name, place->interface, place->priority);
}

static struct wt_launch judge_mixed(const struct place *place, const struct wt_qdisc *parent,
                                    const struct wt_launch *one, const struct wt_launch *other)
{
	char how[80] = "their settings differ";

	if (one->verdict != other->verdict)
		snprintf(how, sizeof(how), "with %s they are %s, with %s %s",
		         one->name[0] ? one->name : "the default",
		         wt_launch_verdict_name(one->verdict),
		         other->name[0] ? other->name : "the default",
		         wt_launch_verdict_name(other->verdict));
	return judge(
	        place, WT_LAUNCH_MIXED, parent,
	        "packets of priority %u take any of several queues of qdisc %s of interface %s, "
	        "which do not treat launch times alike: %s; give all of them the same qdisc",
	        place->priority, parent->name, place->interface, how);
}

static struct wt_launch judge_queues(const struct place *place, const struct wt_qdisc *parent)
{
	struct range range = range_of(place, parent);
	struct wt_launch first = judge_queue(place, parent, range.first);

	for (unsigned i = 1; i < range.count; i++) {
		struct wt_launch other = judge_queue(place, parent, range.first + i);

		if (!are_alike(&first, &other))
			return judge_mixed(place, parent, &first, &other);
	}
	return first;
}

static struct wt_launch judge_clocks(const struct place *place, const struct wt_qdisc *taprio,
                                     const struct wt_launch *launch)
{
	char above[WT_LAUNCH_CLOCK_BYTES], beneath[WT_LAUNCH_CLOCK_BYTES];

	if (!taprio->taprio.has_clock)
		return judge_untold(place, taprio);
	return judge(
	        place, WT_LAUNCH_CLOCKS_DIFFER, taprio,
	        "interface %s has qdisc taprio with %s and beneath it %s with %s: a launch time "
	        "cannot be right for both; give both the same clock",
	        place->interface, wt_launch_clock_name(taprio->taprio.clock, above), launch->name,
	        wt_launch_clock_name(launch->clock, beneath));
}

/* Judge taprio: with full offload the queues' qdiscs stand before the NIC by themselves, and the
 * gates are the NIC's. Otherwise taprio looks at each packet of a socket with launch times, and
 * drops those whose time is outside their gate, etf or not. */
static struct wt_launch judge_taprio(const struct place *place, const struct wt_qdisc *taprio)
{
	struct wt_launch launch = judge_queues(place, taprio);

	launch.gates = launch.verdict == WT_LAUNCH_HONOURED;
	if (launch.gates && !taprio->taprio.full_offload && taprio->taprio.clock != launch.clock)
		return judge_clocks(place, taprio, &launch);
	if (launch.verdict != WT_LAUNCH_IGNORED && launch.verdict != WT_LAUNCH_NO_QDISC)
		return launch;
	return judge(place, WT_LAUNCH_GATES_ONLY, taprio,
	             "interface %s has qdisc taprio %swithout etf on the queues of priority %u: "
	             "packets leave when their gate is open, not at their launch times; give those "
	             "queues etf%s, or pace otherwise",
	             place->interface,
	             taprio->taprio.txtime_assist ? "with txtime-assist but " : "", place->priority,
	             taprio->taprio.txtime_assist ? " with skip_sock_check" : "");
}

static struct wt_launch judge_root(const struct place *place, const struct wt_qdisc *root)
{
	switch (root->kind) {
	case WT_QDISC_TAPRIO:
		return judge_taprio(place, root);
	case WT_QDISC_MQPRIO:
	case WT_QDISC_MQ:
	case WT_QDISC_MULTIQ:
		return judge_queues(place, root);
	case WT_QDISC_OTHER:
		if (!has_beneath(place))
			return judge_leaf(place, root);
		return judge(
		        place, WT_LAUNCH_BENEATH, root,
		        "interface %s has qdisc %s, and only beneath it one that honours launch "
		        "times: which packets get there is for its filters to decide; put etf or "
		        "fq "
		        "at the root, or beneath mqprio",
		        place->interface, root->name);
	default:
		return judge_leaf(place, root);
	}
}

static struct wt_launch find(const struct place *place)
{
	const struct wt_qdisc *root = wt_qdisc_root(place->qdiscs, place->count);

	if (root)
		return judge_root(place, root);
	return judge(place, WT_LAUNCH_NO_QDISC, NULL,
	             "interface %s has no qdisc, so nobody looks at launch times; tc qdisc replace "
	             "dev %s root fq, or pace otherwise",
	             place->interface, place->interface);
}

static bool is_better(const struct wt_launch *launch, const struct wt_launch *than)
{
	if (launch->verdict != WT_LAUNCH_HONOURED)
		return false;
	return than->verdict != WT_LAUNCH_HONOURED || (launch->offload && !than->offload);
}

void wt_launch_find(struct wt_launch *launch, const char *interface, const struct wt_qdisc *qdiscs,
                    size_t count, int priority)
{
	struct place place = {.interface = interface, .qdiscs = qdiscs, .count = count};
	struct wt_launch other;

	if (priority >= 0)
		place.priority = (unsigned)priority % WT_QDISC_PRIORITIES;
	*launch = find(&place);
	if (priority >= 0)
		return;
	while (++place.priority < WT_QDISC_PRIORITIES) {
		other = find(&place);
		if (is_better(&other, launch))
			*launch = other;
	}
}
