/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/replay/launch/qdisc.h>

#include "support/unit.h"
#include "support/veth.h"

/* A message as the kernel puts it together. */
static union {
	char bytes[1024];
	struct nlmsghdr header;
} buffer;
static struct nlmsghdr *message = &buffer.header;
static struct nlattr *options;
static struct wt_qdisc qdisc;
static struct wt_qdisc_list list;

static void empty_list(void)
{
	wt_qdisc_list_empty(&list);
}

TestSuite(qdisc, .fini = empty_list);
TestSuite(qdisc_kernel, .fini = empty_list);

static void begin(const char *kind, uint32_t handle, uint32_t parent)
{
	struct tcmsg *tc;

	memset(&buffer, 0, sizeof(buffer));
	message = mnl_nlmsg_put_header(&buffer);
	message->nlmsg_type = RTM_NEWQDISC;
	tc = mnl_nlmsg_put_extra_header(message, sizeof(*tc));
	tc->tcm_ifindex = 4;
	tc->tcm_handle = handle;
	tc->tcm_parent = parent;
	mnl_attr_put_strz(message, TCA_KIND, kind);
}

static void begin_options(void)
{
	options = mnl_attr_nest_start(message, TCA_OPTIONS);
}

static void end_options(void)
{
	mnl_attr_nest_end(message, options);
}

static int parse(void)
{
	return wt_qdisc_parse(&qdisc, message, message->nlmsg_len);
}

static void put_etf(int32_t delta, uint32_t flags, size_t bytes)
{
	struct tc_etf_qopt parameters = {.delta = delta, .clockid = CLOCK_TAI, .flags = flags};

	begin("etf", 0x80010000, TC_H_ROOT);
	begin_options();
	mnl_attr_put(message, TCA_ETF_PARMS, bytes, &parameters);
	end_options();
}

Test(qdisc, an_etf_tells_its_clock_delta_and_flags)
{
	put_etf(200000, TC_ETF_OFFLOAD_ON | TC_ETF_SKIP_SOCK_CHECK, sizeof(struct tc_etf_qopt));
	cr_assert(eq(int, parse(), 0));
	cr_expect_str_eq(qdisc.name, "etf");
	cr_expect_eq(qdisc.kind, WT_QDISC_ETF);
	cr_expect(eq(i32, qdisc.index, 4));
	cr_expect(eq(u32, qdisc.handle, 0x80010000));
	cr_expect(eq(u32, qdisc.parent, TC_H_ROOT));
	cr_expect(qdisc.has_options);
	cr_expect(eq(i32, qdisc.etf.delta_ns, 200000));
	cr_expect(eq(i32, qdisc.etf.clock, CLOCK_TAI));
	cr_expect(qdisc.etf.offload && qdisc.etf.skip_sock_check && !qdisc.etf.deadline);
	put_etf(0, TC_ETF_DEADLINE_MODE_ON, sizeof(struct tc_etf_qopt));
	cr_assert(eq(int, parse(), 0));
	cr_expect(qdisc.etf.deadline && !qdisc.etf.offload && !qdisc.etf.skip_sock_check);
}

Test(qdisc, options_that_are_short_or_make_no_sense_are_left_out)
{
	put_etf(200000, TC_ETF_OFFLOAD_ON, sizeof(struct tc_etf_qopt) - 4);
	cr_assert(eq(int, parse(), 0));
	cr_expect(not(qdisc.has_options));
	cr_expect(not(qdisc.etf.offload));
	put_etf(-1, TC_ETF_OFFLOAD_ON, sizeof(struct tc_etf_qopt));
	cr_assert(eq(int, parse(), 0));
	cr_expect(not(qdisc.has_options), "a negative delta");
	begin("etf", 0x10000, TC_H_ROOT);
	cr_assert(eq(int, parse(), 0));
	cr_expect(not(qdisc.has_options), "no options at all");
}

Test(qdisc, a_fq_tells_its_horizon_and_limits)
{
	begin("fq", 0x80020000, 0x10001);
	begin_options();
	mnl_attr_put_u32(message, TCA_FQ_PLIMIT, 10000);
	mnl_attr_put_u32(message, TCA_FQ_FLOW_PLIMIT, 100);
	mnl_attr_put_u32(message, TCA_FQ_HORIZON, 10000000);
	mnl_attr_put_u8(message, TCA_FQ_HORIZON_DROP, 1);
	end_options();
	cr_assert(eq(int, parse(), 0));
	cr_expect_eq(qdisc.kind, WT_QDISC_FQ);
	cr_expect(qdisc.has_options);
	cr_expect(eq(i64, qdisc.fq.horizon_ns, 10000000000));
	cr_expect(qdisc.fq.horizon_drop);
	cr_expect(eq(u32, qdisc.fq.limit_packets, 10000));
	cr_expect(eq(u32, qdisc.fq.flow_limit_packets, 100));
}

Test(qdisc, a_fq_of_an_old_kernel_has_no_horizon)
{
	begin("fq", 0x80020000, TC_H_ROOT);
	begin_options();
	mnl_attr_put_u32(message, TCA_FQ_FLOW_PLIMIT, 100);
	mnl_attr_put_u16(message, TCA_FQ_HORIZON, 1); /* too short */
	end_options();
	cr_assert(eq(int, parse(), 0));
	cr_expect(eq(i64, qdisc.fq.horizon_ns, 0));
	cr_expect(not(qdisc.fq.horizon_drop));
}

static struct tc_mqprio_qopt three_classes(void)
{
	return (struct tc_mqprio_qopt){
	        .num_tc = 3,
	        .prio_tc_map = {2, 2, 1, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
	        .hw = 1,
	        .count = {1, 1, 2},
	        .offset = {0, 1, 2},
	};
}

Test(qdisc, a_taprio_tells_its_clock_flags_and_cycle)
{
	struct tc_mqprio_qopt map = three_classes();
	int64_t base = 1000000000, cycle = 500000;
	int32_t clock = CLOCK_TAI;

	begin("taprio", 0x1000000, TC_H_ROOT);
	begin_options();
	mnl_attr_put(message, TCA_TAPRIO_ATTR_PRIOMAP, sizeof(map), &map);
	mnl_attr_put(message, TCA_TAPRIO_ATTR_SCHED_CLOCKID, sizeof(clock), &clock);
	mnl_attr_put_u32(message, TCA_TAPRIO_ATTR_FLAGS, TCA_TAPRIO_ATTR_FLAG_TXTIME_ASSIST);
	mnl_attr_put_u32(message, TCA_TAPRIO_ATTR_TXTIME_DELAY, 200000);
	mnl_attr_put(message, TCA_TAPRIO_ATTR_SCHED_BASE_TIME, sizeof(base), &base);
	mnl_attr_put(message, TCA_TAPRIO_ATTR_SCHED_CYCLE_TIME, sizeof(cycle), &cycle);
	end_options();
	cr_assert(eq(int, parse(), 0));
	cr_expect_eq(qdisc.kind, WT_QDISC_TAPRIO);
	cr_expect(qdisc.has_options && qdisc.taprio.has_clock);
	cr_expect(eq(i32, qdisc.taprio.clock, CLOCK_TAI));
	cr_expect(qdisc.taprio.txtime_assist && !qdisc.taprio.full_offload);
	cr_expect(eq(u32, qdisc.taprio.txtime_delay_ns, 200000));
	cr_expect(eq(i64, qdisc.taprio.base_time_ns, base));
	cr_expect(eq(i64, qdisc.taprio.cycle_time_ns, cycle));
	cr_expect(eq(u8, qdisc.map.classes, 3));
	cr_expect(eq(u8, qdisc.map.class_of[3], 0));
	cr_expect(eq(u16, qdisc.map.first_queue[2], 2));
}

Test(qdisc, a_taprio_with_full_offload_does_not_tell_its_clock)
{
	begin("taprio", 0x1000000, TC_H_ROOT);
	begin_options();
	mnl_attr_put_u32(message, TCA_TAPRIO_ATTR_FLAGS, TCA_TAPRIO_ATTR_FLAG_FULL_OFFLOAD);
	end_options();
	cr_assert(eq(int, parse(), 0));
	cr_expect(qdisc.taprio.full_offload && !qdisc.taprio.has_clock);
}

static void put_mqprio(const struct tc_mqprio_qopt *map, size_t bytes)
{
	begin("mqprio", 0x1000000, TC_H_ROOT);
	mnl_attr_put(message, TCA_OPTIONS, bytes, map);
	mnl_attr_put_u8(message, TCA_HW_OFFLOAD, 1);
	cr_assert(eq(int, parse(), 0));
}

Test(qdisc, a_mqprio_has_a_map_from_priorities_to_queues)
{
	struct tc_mqprio_qopt map = three_classes();

	put_mqprio(&map, sizeof(map));
	cr_expect_eq(qdisc.kind, WT_QDISC_MQPRIO);
	cr_expect(qdisc.hw_offload);
	cr_expect(eq(u8, qdisc.map.classes, 3));
	cr_expect(eq(u8, qdisc.map.hw, 1));
	cr_expect(eq(u8, qdisc.map.class_of[0], 2));
	cr_expect(eq(u8, qdisc.map.class_of[2], 1));
	cr_expect(eq(u16, qdisc.map.queues[2], 2));
	cr_expect(eq(u16, qdisc.map.first_queue[1], 1));
}

Test(qdisc, a_map_that_does_not_hold_together_is_none)
{
	struct tc_mqprio_qopt map = three_classes();

	put_mqprio(&map, sizeof(map) - 2);
	cr_expect(eq(u8, qdisc.map.classes, 0), "short");
	map.num_tc = 17;
	put_mqprio(&map, sizeof(map));
	cr_expect(eq(u8, qdisc.map.classes, 0), "too many classes");
	map = three_classes();
	map.prio_tc_map[15] = 3;
	put_mqprio(&map, sizeof(map));
	cr_expect(eq(u8, qdisc.map.classes, 0), "a class beyond the last");
	map = three_classes();
	map.count[1] = 0;
	put_mqprio(&map, sizeof(map));
	cr_expect(eq(u8, qdisc.map.classes, 0), "a class without a queue");
	map = three_classes();
	map.offset[2] = UINT16_MAX;
	put_mqprio(&map, sizeof(map));
	cr_expect(eq(u8, qdisc.map.classes, 0), "queues beyond the last");
}

Test(qdisc, the_kind_decides_even_if_it_comes_after_the_options)
{
	struct tc_etf_qopt parameters = {.delta = 7, .clockid = CLOCK_TAI};

	begin("", 0x10000, TC_H_ROOT);
	begin_options();
	mnl_attr_put(message, TCA_ETF_PARMS, sizeof(parameters), &parameters);
	end_options();
	mnl_attr_put_strz(message, TCA_KIND, "etf");
	cr_assert(eq(int, parse(), 0));
	cr_expect(qdisc.has_options);
	cr_expect(eq(i32, qdisc.etf.delta_ns, 7));
}

Test(qdisc, a_name_is_text_for_a_terminal)
{
	begin("p\x1b[1m o\xffk", 0x10000, TC_H_ROOT);
	cr_assert(eq(int, parse(), 0));
	cr_expect_str_eq(qdisc.name, "p?[1m?o?k");
	cr_expect_eq(qdisc.kind, WT_QDISC_OTHER);
	begin("sixteen_letters_", 0x10000, TC_H_ROOT);
	cr_expect(eq(int, parse(), -EBADMSG), "a name that is too long is none");
}

Test(qdisc, what_is_no_message_about_a_qdisc_is_refused_and_leaves_no_trace)
{
	put_etf(1, 0, sizeof(struct tc_etf_qopt));
	cr_assert(eq(int, parse(), 0));
	message->nlmsg_type = RTM_DELQDISC;
	cr_expect(eq(int, parse(), -ENOMSG));
	message->nlmsg_type = RTM_NEWQDISC;
	cr_expect(eq(int, wt_qdisc_parse(&qdisc, message, message->nlmsg_len - 1), -EBADMSG));
	cr_expect(eq(int, wt_qdisc_parse(&qdisc, message, 0), -EBADMSG));
	message->nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)) - 1;
	cr_expect(eq(int, wt_qdisc_parse(&qdisc, message, sizeof(buffer)), -EBADMSG));
	message->nlmsg_len = UINT32_MAX;
	cr_expect(eq(int, wt_qdisc_parse(&qdisc, message, sizeof(buffer)), -EBADMSG));
	message->nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg));
	cr_expect(eq(int, wt_qdisc_parse(&qdisc, message, sizeof(buffer)), -EBADMSG), "no kind");
	cr_expect(eq(i32, qdisc.etf.delta_ns, 1));
}

/* What a kernel (6.18) said of a qdisc pfifo_fast at the root of an interface. */
Test(qdisc, reads_what_a_kernel_has_sent)
{
	static const uint8_t captured[] = {
	        0xb0, 0x00, 0x00, 0x00, 0x24, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6f, 0x38,
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	        0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x01, 0x00, 0x70, 0x66,
	        0x69, 0x66, 0x6f, 0x5f, 0x66, 0x61, 0x73, 0x74, 0x00, 0x00, 0x18, 0x00, 0x02, 0x00,
	        0x03, 0x00, 0x00, 0x00, 0x01, 0x02, 0x02, 0x02, 0x01, 0x02, 0x00, 0x00, 0x01, 0x01,
	        0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x05, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00,
	        0x30, 0x00, 0x07, 0x00, 0x14, 0x00, 0x01, 0x00, 0x08, 0x38, 0x01, 0x00, 0x00, 0x00,
	        0x00, 0x00, 0x3c, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x03, 0x00,
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x03, 0x00, 0x08, 0x38, 0x01, 0x00,
	        0x00, 0x00, 0x00, 0x00, 0x3c, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};

	memcpy(&buffer, captured, sizeof(captured));
	cr_assert(eq(int, wt_qdisc_parse(&qdisc, &buffer, sizeof(captured)), 0));
	cr_expect_str_eq(qdisc.name, "pfifo_fast");
	cr_expect_eq(qdisc.kind, WT_QDISC_OTHER);
	cr_expect(eq(u32, qdisc.parent, TC_H_ROOT));
	cr_expect(eq(i32, qdisc.index, 4));
	cr_expect(not(qdisc.hw_offload));
}

Test(qdisc, handles_are_written_as_tc_does)
{
	char text[WT_QDISC_HANDLE_BYTES];

	cr_expect_str_eq(wt_qdisc_handle_text(TC_H_ROOT, text), "root");
	cr_expect_str_eq(wt_qdisc_handle_text(TC_H_INGRESS, text), "ingress");
	cr_expect_str_eq(wt_qdisc_handle_text(0, text), "0:");
	cr_expect_str_eq(wt_qdisc_handle_text(0x80010000, text), "8001:");
	cr_expect_str_eq(wt_qdisc_handle_text(0x01000001, text), "100:1");
	cr_expect_str_eq(wt_qdisc_handle_text(0x0000000a, text), ":a");
	cr_expect_str_eq(wt_qdisc_handle_text(0xfffffff0, text), "ffff:fff0");
}

Test(qdisc, a_list_finds_its_root)
{
	cr_expect_null(wt_qdisc_root(list.items, list.count));
	for (uint32_t i = 1; i < 40; i++) {
		qdisc = (struct wt_qdisc){.handle = i << 16, .parent = i == 30 ? TC_H_ROOT : i};
		cr_assert(eq(int, wt_qdisc_list_add(&list, &qdisc), 0));
	}
	cr_assert(eq(sz, list.count, 39));
	cr_assert_not_null(wt_qdisc_root(list.items, list.count));
	cr_expect(eq(u32, wt_qdisc_root(list.items, list.count)->handle, 30u << 16));
}

/* The kernel */

static void enter(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
}

Test(qdisc_kernel, veth_has_noqueue)
{
	enter();
	cr_assert(eq(int, wt_qdisc_list_read(&list, (int)if_nametoindex("wt_a")), 0));
	cr_assert(eq(sz, list.count, 1));
	cr_expect_str_eq(list.items[0].name, "noqueue");
	cr_expect(eq(u32, list.items[0].parent, TC_H_ROOT));
}

Test(qdisc_kernel, each_queue_beneath_mq_has_its_own)
{
	unsigned minors = 0;

	enter();
	cr_assert(eq(int, veth_ip("link add wt_c numtxqueues 4 type veth peer name wt_d"), 0));
	cr_assert(eq(int, veth_ip("link set wt_c up"), 0));
	if (system("PATH=$PATH:/usr/sbin:/sbin tc qdisc replace dev wt_c root handle 100: mq"))
		cr_skip_test("this kernel has no mq");
	cr_assert(eq(int, wt_qdisc_list_read(&list, (int)if_nametoindex("wt_c")), 0));
	cr_assert(eq(sz, list.count, 5));
	cr_assert_not_null(wt_qdisc_root(list.items, list.count));
	cr_expect_eq(wt_qdisc_root(list.items, list.count)->kind, WT_QDISC_MQ);
	for (size_t i = 0; i < list.count; i++)
		if (TC_H_MAJ(list.items[i].parent) == 0x1000000)
			minors |= 1u << TC_H_MIN(list.items[i].parent);
	cr_expect(eq(u32, minors, 0x1e), "parents 100:1 to 100:4");
}

Test(qdisc_kernel, an_interface_that_is_gone_has_none)
{
	enter();
	cr_expect(eq(int, wt_qdisc_list_read(&list, 4711), 0));
	cr_expect(eq(sz, list.count, 0));
}
