/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_check.h"

#include <linux/net_tstamp.h>
#include <net/if.h>
#include <string.h>

/* -1, INT64_MIN, NULL, 0 where a row says so: not known. */
struct found {
	const char *driver, *stamps_problem, *phc_device, *phc_problem, *method;
	int8_t up, carrier, hardware, software, hardware_on;
	uint64_t mtu, speed_bps;
	int64_t phc_minus_utc_ns, phc_minus_tai_ns, bracket_ns, tai_offset_ns;
	const char *qdisc_problem, *txtime_problem, *clocks_text, *auto_pace;
	bool accepted;
	char txtime_clock[WT_LAUNCH_CLOCK_BYTES], auto_reason[400];
};

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static void find_stamps(struct found *found, const struct wt_launch_check *check)
{
	const struct wt_stamp_capabilities *stamping = &check->stamping;
	uint32_t so = stamping->supported.so_timestamping;

	found->hardware = found->software = found->hardware_on = -1;
	if (check->stamping_error) {
		found->stamps_problem = check->stamping_text;
		return;
	}
	found->hardware = (so & SOF_TIMESTAMPING_TX_HARDWARE) != 0;
	found->software = (so & SOF_TIMESTAMPING_TX_SOFTWARE) != 0;
	if (!stamping->active.error)
		found->hardware_on = stamping->active.tx_type != HWTSTAMP_TX_OFF;
}

static void find_phc(struct found *found, const struct wt_launch_check *check)
{
	struct wt_launch_clocks clocks = wt_launch_check_clocks(check);

	found->phc_device = text_or_null(check->phc_device);
	found->phc_minus_utc_ns = found->phc_minus_tai_ns = found->bracket_ns = INT64_MIN;
	if (check->phc_error) {
		found->phc_problem = check->phc_text;
		return;
	}
	found->phc_minus_utc_ns = clocks.phc_minus_utc_ns;
	if (clocks.tai_offset_s)
		found->phc_minus_tai_ns = wt_launch_phc_minus_tai(&clocks);
	found->bracket_ns = check->cross.bracket_ns;
	found->method = wt_cross_method_name(check->cross.method);
}

static const void *found_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_launch_check *check = subject;
	struct found *found = (struct found *)room->bytes;

	(void)row, (void)index;
	*found = (struct found){
	        .driver = text_or_null(check->link.driver),
	        .up = (check->link.flags & IFF_UP) != 0,
	        .carrier = (check->link.flags & IFF_RUNNING) != 0,
	        .mtu = check->link.mtu,
	        .speed_bps = check->link.speed_bps,
	        .tai_offset_ns =
	                check->tai_offset_s ? (int64_t)check->tai_offset_s * 1000000000 : INT64_MIN,
	        .qdisc_problem = check->qdisc_error ? strerror(-check->qdisc_error) : NULL,
	        .accepted = !check->txtime_error,
	        .txtime_problem = text_or_null(check->txtime_text),
	        .clocks_text = text_or_null(check->clocks_text),
	};
	find_stamps(found, check);
	find_phc(found, check);
	wt_launch_clock_name(check->txtime_clock, found->txtime_clock);
	found->auto_pace =
	        wt_launch_check_auto(check, found->auto_reason, sizeof(found->auto_reason))
	                ? "txtime"
	                : "spin";
	return found;
}

#define SUBJECT struct found
static const struct wt_number found_rows[] = {
        WT_TEXT(driver, "link.driver", "its driver"),
        WT_VERDICT(up, "link.up", "whether it is set up"),
        WT_VERDICT(carrier, "link.carrier", "whether it runs"),
        WT_BYTES(mtu, "link.mtu", "its MTU"),
        WT_NOT_0(speed_bps, "link.speed_bits_per_second", "its speed"),
        WT_TEXT(stamps_problem, "tx_stamps.problem", "why it could not be asked; null: it was"),
        WT_VERDICT(hardware, "tx_stamps.hardware", "whether the NIC can stamp what it sends"),
        WT_VERDICT(software, "tx_stamps.software", "whether the driver can"),
        WT_VERDICT(hardware_on, "tx_stamps.hardware_on", "whether the NIC does now"),
        WT_TEXT(phc_device, "phc.device", "the NIC's clock"),
        WT_TEXT(phc_problem, "phc.problem", "why it could not be read; null: it was"),
        WT_KNOWN_NS(phc_minus_utc_ns, "phc.phc_minus_utc_ns", "that clock less UTC"),
        WT_KNOWN_NS(phc_minus_tai_ns, "phc.phc_minus_tai_ns", "that clock less TAI"),
        WT_KNOWN_NS(bracket_ns, "phc.bracket_ns", "within which that is known"),
        WT_TEXT(method, "phc.method", "precise, extended or basic"),
        WT_KNOWN_NS(tai_offset_ns, "tai_offset_ns",
                    "TAI less UTC; null: nobody has told the kernel"),
        WT_TEXT(qdisc_problem, "qdisc_problem", "why qdiscs could not be read; null: they were"),
        WT_CHARS(txtime_clock, "so_txtime.clock", "the clock of launch times"),
        WT_FLAG(accepted, "so_txtime.accepted", "whether a socket may use it"),
        WT_TEXT(txtime_problem, "so_txtime.problem", "why not; null: it may"),
        WT_TEXT(clocks_text, "clocks.text", "what is to be said about them"),
        WT_TEXT(auto_pace, "auto.pace", "what --pace auto takes"),
        WT_CHARS(auto_reason, "auto.reason", "why"),
        {0},
};
#undef SUBJECT

/* Values of rows that are about a clock or a handle of their struct. */
static void read_clock(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	int32_t clock = *(const int32_t *)((const char *)subject + row->offset);

	wt_value_text(value, wt_launch_clock_name(clock, value->room));
}

static void read_handle(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	uint32_t handle = *(const uint32_t *)((const char *)subject + row->offset);

	wt_value_text(value, wt_qdisc_handle_text(handle, value->room));
}

#define CLOCK(field, name, words)                                                                  \
	WT_READ_AT(field, read_clock, name, WT_KIND_TEXT, WT_IN_NONE, words)
#define HANDLE(field, name, words)                                                                 \
	WT_READ_AT(field, read_handle, name, WT_KIND_TEXT, WT_IN_NONE, words)

#define SUBJECT struct wt_qdisc_etf
static const struct wt_number etf_rows[] = {
        CLOCK(clock, "clock", "of launch times"),
        WT_NS(delta_ns, "delta_ns", "how long before its time the driver gets a packet"),
        WT_FLAG(deadline, "deadline", "whether packets leave as soon as they can"),
        WT_FLAG(offload, "offload", "whether the NIC keeps the times"),
        WT_FLAG(skip_sock_check, "skip_sock_check", "whether sockets need not ask for it"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_qdisc_fq
static const struct wt_number fq_rows[] = {
        WT_NS(horizon_ns, "horizon_ns", "how far ahead launch times may lie; 0: no limit"),
        WT_FLAG(horizon_drop, "horizon_drop", "whether packets beyond it are dropped"),
        WT_COUNT(limit_packets, "limit_packets", "packets that may wait"),
        WT_COUNT(flow_limit_packets, "flow_limit_packets", "of one flow; 0: not told"),
        {0},
};
#undef SUBJECT

static void read_taprio_clock(const struct wt_number *row, const void *subject,
                              struct wt_value *value)
{
	if (((const struct wt_qdisc_taprio *)subject)->has_clock)
		read_clock(row, subject, value);
}

#define SUBJECT struct wt_qdisc_taprio
static const struct wt_number taprio_rows[] = {
        WT_READ_AT(clock, read_taprio_clock, "clock", WT_KIND_TEXT, WT_IN_NONE,
                   "of its gates; null: the NIC's"),
        WT_FLAG(txtime_assist, "txtime_assist", "whether it makes launch times of its gates"),
        WT_FLAG(full_offload, "full_offload", "whether the NIC opens the gates"),
        WT_NS(txtime_delay_ns, "txtime_delay_ns", "how long a packet takes to the NIC"),
        WT_TIME(base_time_ns, "base_time_ns", "when its first cycle began; 0: not told"),
        WT_NS(cycle_time_ns, "cycle_time_ns", "how long a cycle is"),
        {0},
};
#undef SUBJECT

struct priority {
	uint64_t class, first_queue, queues;
};

#define SUBJECT struct priority
static const struct wt_number priority_rows[] = {
        WT_COUNT(class, "class", "its traffic class"),
        WT_COUNT(first_queue, "first_queue", "the first queue of that"),
        WT_COUNT(queues, "queues", "how many it has"),
        {0},
};
#undef SUBJECT

static const void *next_priority(const struct wt_number *row, const void *subject, size_t index,
                                 union wt_number_room *room)
{
	const struct wt_qdisc_map *map = &((const struct wt_qdisc *)subject)->map;
	struct priority *priority = (struct priority *)room->bytes;
	uint8_t class;

	(void)row;
	if (!map->classes || index == WT_QDISC_PRIORITIES)
		return NULL;
	class = map->class_of[index];
	*priority = (struct priority){class, map->first_queue[class], map->queues[class]};
	return priority;
}

static const void *of_kind(const struct wt_qdisc *qdisc, enum wt_qdisc_kind kind,
                           const void *options)
{
	return qdisc->has_options && qdisc->kind == kind ? options : NULL;
}

static const void *etf_of(const struct wt_number *row, const void *subject, size_t index,
                          union wt_number_room *room)
{
	const struct wt_qdisc *qdisc = subject;

	(void)row, (void)index, (void)room;
	return of_kind(qdisc, WT_QDISC_ETF, &qdisc->etf);
}

static const void *fq_of(const struct wt_number *row, const void *subject, size_t index,
                         union wt_number_room *room)
{
	const struct wt_qdisc *qdisc = subject;

	(void)row, (void)index, (void)room;
	return of_kind(qdisc, WT_QDISC_FQ, &qdisc->fq);
}

static const void *taprio_of(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_qdisc *qdisc = subject;

	(void)row, (void)index, (void)room;
	return of_kind(qdisc, WT_QDISC_TAPRIO, &qdisc->taprio);
}

#define SUBJECT struct wt_qdisc
static const struct wt_number qdisc_rows[] = {
        WT_CHARS(name, "kind", "its kind"),
        HANDLE(handle, "handle", "its handle, as tc writes it"),
        HANDLE(parent, "parent", "its parent's"),
        WT_FLAG(hw_offload, "hw_offload", "whether it is offloaded to the NIC"),
        WT_LIST(next_priority, "priorities", priority_rows,
                "of mqprio and taprio, by priority: where packets go"),
        WT_OBJECT_OF(etf_of, "etf", etf_rows, "of an etf; null: it is none"),
        WT_OBJECT_OF(fq_of, "fq", fq_rows, "of an fq; null: it is none"),
        WT_OBJECT_OF(taprio_of, "taprio", taprio_rows, "of a taprio; null: it is none"),
        {0},
};
#undef SUBJECT

static const void *next_qdisc(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	const struct wt_qdisc_list *list = &((const struct wt_launch_check *)subject)->qdiscs;

	(void)row, (void)room;
	return index < list->count ? &list->items[index] : NULL;
}

#define SUBJECT struct wt_launch
static const struct wt_number honoured_rows[] = {
        WT_CHARS(name, "qdisc", "its kind"),
        HANDLE(handle, "handle", "its handle"),
        CLOCK(clock, "clock", "the clock of launch times"),
        WT_FLAG(offload, "offload", "whether the NIC keeps them"),
        WT_FLAG(drops_late, "drops_late", "whether late packets are dropped"),
        WT_FLAG(gates, "gates", "whether packets outside gates are dropped"),
        WT_FLAG(horizon_drop, "horizon_drop", "whether packets beyond the horizon are dropped"),
        WT_NS(delta_ns, "delta_ns", "how long before its time the driver gets a packet"),
        WT_NS(horizon_ns, "horizon_ns", "how far ahead they may lie; 0: no limit"),
        WT_COUNT(limit_packets, "limit_packets", "packets of a flow that may wait; 0: no limit"),
        {0},
};

static void read_verdict(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	(void)row;
	wt_value_text(value, wt_launch_verdict_name(((const struct wt_launch *)subject)->verdict));
}

static const void *honoured_of(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	const struct wt_launch *launch = subject;

	(void)row, (void)index, (void)room;
	return launch->verdict == WT_LAUNCH_HONOURED ? launch : NULL;
}

static const struct wt_number launch_rows[] = {
        WT_READ_TEXT(read_verdict, "verdict", "what becomes of launch times"),
        WT_CHARS(text, "text", "in words: who honours them and how, or why not"),
        WT_COUNT(priority, "priority", "SO_PRIORITY that this is true of"),
        WT_OBJECT_OF(honoured_of, "by", honoured_rows, "who honours them; null: nobody does"),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_replay_setup
static const void *next_command(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_replay_setup *setup = subject;

	(void)row, (void)room;
	return index < WT_SETUP_COMMANDS && setup->commands[index][0] ? setup->commands[index]
	                                                              : NULL;
}

static const struct wt_number setup_rows[] = {
        WT_TEXT(name, "name", "etf-offload, etf, fq or undo"),
        WT_CHARS(what, "what", "in words"),
        WT_LIST(next_command, "commands", NULL, "the commands"),
        {0},
};
#undef SUBJECT

static const void *next_setup(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	struct wt_replay_setup *setup = (struct wt_replay_setup *)room->bytes;

	(void)row;
	return wt_replay_setup(subject, index, setup) ? setup : NULL;
}

_Static_assert(sizeof(struct wt_replay_setup) <= sizeof(union wt_number_room) &&
                       sizeof(struct found) <= sizeof(union wt_number_room),
               "made in the room");

#define SUBJECT struct wt_launch_check
static const struct wt_number rows[] = {
        WT_CHARS(link.name, "interface", "its name"),
        WT_PART_OF(found_of, found_rows),
        WT_LIST(next_qdisc, "qdiscs", qdisc_rows, "its qdiscs"),
        WT_OBJECT(launch, "launch", launch_rows, "what becomes of launch times"),
        WT_FLAG(clocks_fit, "clocks.fit", "whether the NIC's clock is the one that is needed"),
        WT_LIST(next_setup, "setup", setup_rows, "how to have launch times honoured"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_replay_check_document = {
        .command = "replay --check",
        .help = "whether an interface keeps launch times",
        .rows = rows,
};
