/* SPDX-License-Identifier: BSD-2-Clause */
#include "launch_double.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "unit.h"
#include <time.h>

static struct launch_double *of(struct wt_launch_system *system)
{
	return (struct launch_double *)(void *)system;
}

static int double_link(struct wt_launch_system *system, const char *interface, struct wt_link *link,
                       struct wt_error *err)
{
	struct launch_double *machine = of(system);

	if (strcmp(interface, machine->link.name))
		return wt_error_set(err, -ENODEV, "there is no interface '%s'", interface);
	*link = machine->link;
	return 0;
}

static int double_qdiscs(struct wt_launch_system *system, struct wt_qdisc_list *list, int index)
{
	struct launch_double *machine = of(system);

	cr_expect_eq(index, machine->link.index);
	for (size_t i = 0; i < machine->count && !machine->qdisc_error; i++)
		cr_assert_eq(wt_qdisc_list_add(list, &machine->qdiscs[i]), 0);
	return machine->qdisc_error;
}

static int double_txtime(struct wt_launch_system *system, clockid_t clock, bool *opened)
{
	struct launch_double *machine = of(system);

	machine->asked_clock = clock;
	*opened = !machine->socket_refused;
	return machine->txtime_error;
}

void launch_double_open(struct launch_double *machine, int64_t phc_minus_utc_ns, int tai_offset_s)
{
	struct wt_sim_nic_config config = {
	        .offset_ns = phc_minus_utc_ns, .tai_offset_s = tai_offset_s, .manual_time = true};

	memset(machine, 0, sizeof(*machine));
	cr_assert_eq(wt_sim_nic_create(&machine->nic, &config), 0);
	machine->system = (struct wt_launch_system){
	        .system = wt_sim_nic_system(machine->nic),
	        .link = double_link,
	        .qdiscs = double_qdiscs,
	        .txtime = double_txtime,
	};
	machine->link = (struct wt_link){.name = "sim",
	                                 .driver = "igb",
	                                 .index = 7,
	                                 .flags = IFF_UP | IFF_RUNNING,
	                                 .speed_bps = 1000000000};
	machine->link.mtu = 1500;
}

void launch_double_close(struct launch_double *machine)
{
	wt_sim_nic_destroy(machine->nic);
	machine->nic = NULL;
}

struct wt_qdisc *launch_double_add(struct launch_double *machine, const char *name, uint32_t parent)
{
	static const struct {
		const char *name;
		enum wt_qdisc_kind kind;
	} kinds[] = {{"etf", WT_QDISC_ETF},
	             {"fq", WT_QDISC_FQ},
	             {"taprio", WT_QDISC_TAPRIO},
	             {"mqprio", WT_QDISC_MQPRIO},
	             {"mq", WT_QDISC_MQ}};
	struct wt_qdisc *made = &machine->qdiscs[machine->count];

	cr_assert_lt(machine->count, sizeof(machine->qdiscs) / sizeof(machine->qdiscs[0]));
	*made = (struct wt_qdisc){.parent = parent, .has_options = true};
	made->handle = parent == TC_H_ROOT ? 0x1000000 : (uint32_t)(0x8000 + machine->count) << 16;
	strcpy(made->name, name);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(name, kinds[i].name))
			made->kind = kinds[i].kind;
	machine->count++;
	return made;
}

void launch_double_add_offload(struct launch_double *machine)
{
	struct wt_qdisc *mqprio = launch_double_add(machine, "mqprio", TC_H_ROOT);

	mqprio->map = (struct wt_qdisc_map){
	        .classes = 2,
	        .class_of = {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
	        .queues = {1, 3},
	        .first_queue = {0, 1},
	};
	launch_double_add(machine, "etf", 0x1000001)->etf =
	        (struct wt_qdisc_etf){.delta_ns = 200000, .clock = CLOCK_TAI, .offload = true};
	for (uint32_t queue = 2; queue <= 4; queue++)
		launch_double_add(machine, "fq_codel", 0x1000000 | queue);
}
