/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/launch/qdisc.h>

#include <assert.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wiretape/base/net/netlink.h>

enum { LIST_MOST = 65536, LIST_FIRST = 8, ATTEMPTS = 5, NS_PER_US = 1000 };

_Static_assert(sizeof(struct tc_etf_qopt) == 12, "an etf's parameters");
_Static_assert(sizeof(struct tc_mqprio_qopt) == 82, "an mqprio's map");
_Static_assert(TC_QOPT_BITMASK + 1 == WT_QDISC_PRIORITIES, "priorities of a map");
_Static_assert(TC_QOPT_MAX_QUEUE == WT_QDISC_CLASSES, "classes of a map");

static const char *const kind_names[WT_QDISC_KINDS] = {
        [WT_QDISC_ETF] = "etf",       [WT_QDISC_FQ] = "fq", [WT_QDISC_TAPRIO] = "taprio",
        [WT_QDISC_MQPRIO] = "mqprio", [WT_QDISC_MQ] = "mq", [WT_QDISC_MULTIQ] = "multiq",
};

static enum wt_qdisc_kind kind_of(const char *name)
{
	for (int kind = 0; kind < WT_QDISC_KINDS; kind++)
		if (kind_names[kind] && !strcmp(name, kind_names[kind]))
			return (enum wt_qdisc_kind)kind;
	return WT_QDISC_OTHER;
}

/* Numbers are copied: those of 64 bits need not be aligned. False if it is shorter. */
static bool take(void *out, size_t bytes, const struct nlattr *attribute)
{
	if (mnl_attr_get_payload_len(attribute) < bytes)
		return false;
	memcpy(out, mnl_attr_get_payload(attribute), bytes);
	return true;
}

static void read_name(struct wt_qdisc *qdisc, const struct nlattr *attribute)
{
	const char *name = mnl_attr_get_payload(attribute);
	size_t length = strnlen(name, mnl_attr_get_payload_len(attribute));

	if (length >= sizeof(qdisc->name))
		return;
	memset(qdisc->name, 0, sizeof(qdisc->name));
	for (size_t i = 0; i < length; i++)
		qdisc->name[i] = (char)(name[i] > ' ' && name[i] <= '~' ? name[i] : '?');
	qdisc->kind = kind_of(qdisc->name);
}

static void read_etf(struct wt_qdisc *qdisc, const struct nlattr *options)
{
	struct tc_etf_qopt parameters;
	struct nlattr *part;

	mnl_attr_for_each_nested(part, options)
	{
		if (mnl_attr_get_type(part) != TCA_ETF_PARMS ||
		    !take(&parameters, sizeof(parameters), part) || parameters.delta < 0)
			continue;
		qdisc->etf = (struct wt_qdisc_etf){
		        .delta_ns = parameters.delta,
		        .clock = parameters.clockid,
		        .deadline = parameters.flags & TC_ETF_DEADLINE_MODE_ON,
		        .offload = parameters.flags & TC_ETF_OFFLOAD_ON,
		        .skip_sock_check = parameters.flags & TC_ETF_SKIP_SOCK_CHECK,
		};
		qdisc->has_options = true;
	}
}

/* Kernels before 5.8 have no horizon. */
static void read_fq(struct wt_qdisc *qdisc, const struct nlattr *options)
{
	struct nlattr *part;
	uint32_t number;
	uint8_t flag;

	mnl_attr_for_each_nested(part, options)
	{
		uint16_t type = mnl_attr_get_type(part);

		if (type == TCA_FQ_HORIZON_DROP && take(&flag, sizeof(flag), part))
			qdisc->fq.horizon_drop = flag;
		if (!take(&number, sizeof(number), part))
			continue;
		if (type == TCA_FQ_HORIZON)
			qdisc->fq.horizon_ns = (int64_t)number * NS_PER_US;
		else if (type == TCA_FQ_PLIMIT)
			qdisc->fq.limit_packets = number;
		else if (type == TCA_FQ_FLOW_PLIMIT)
			qdisc->fq.flow_limit_packets = number;
	}
	qdisc->has_options = true;
}

/* Read a map; it is taken only if all of it holds together. */
static void read_map(struct wt_qdisc *qdisc, const struct nlattr *attribute)
{
	struct tc_mqprio_qopt from;
	struct wt_qdisc_map map = {0};

	if (!take(&from, sizeof(from), attribute) || from.num_tc > WT_QDISC_CLASSES)
		return;
	map.classes = from.num_tc;
	map.hw = from.hw;
	for (int i = 0; i < WT_QDISC_PRIORITIES; i++) {
		if (map.classes && from.prio_tc_map[i] >= map.classes)
			return;
		map.class_of[i] = from.prio_tc_map[i];
	}
	for (int i = 0; i < map.classes; i++) {
		if (!from.count[i] || from.offset[i] + from.count[i] > UINT16_MAX)
			return;
		map.queues[i] = from.count[i];
		map.first_queue[i] = from.offset[i];
	}
	qdisc->map = map;
}

static void read_taprio_part(struct wt_qdisc *qdisc, const struct nlattr *part)
{
	struct wt_qdisc_taprio *taprio = &qdisc->taprio;
	uint32_t flags;

	switch (mnl_attr_get_type(part)) {
	case TCA_TAPRIO_ATTR_PRIOMAP:
		read_map(qdisc, part);
		break;
	case TCA_TAPRIO_ATTR_SCHED_CLOCKID:
		taprio->has_clock = take(&taprio->clock, sizeof(taprio->clock), part);
		break;
	case TCA_TAPRIO_ATTR_FLAGS:
		if (!take(&flags, sizeof(flags), part))
			break;
		taprio->txtime_assist = flags & TCA_TAPRIO_ATTR_FLAG_TXTIME_ASSIST;
		taprio->full_offload = flags & TCA_TAPRIO_ATTR_FLAG_FULL_OFFLOAD;
		break;
	case TCA_TAPRIO_ATTR_TXTIME_DELAY:
		take(&taprio->txtime_delay_ns, sizeof(taprio->txtime_delay_ns), part);
		break;
	case TCA_TAPRIO_ATTR_SCHED_BASE_TIME:
		take(&taprio->base_time_ns, sizeof(taprio->base_time_ns), part);
		break;
	case TCA_TAPRIO_ATTR_SCHED_CYCLE_TIME:
		take(&taprio->cycle_time_ns, sizeof(taprio->cycle_time_ns), part);
		break;
	default:
		break;
	}
}

static void read_taprio(struct wt_qdisc *qdisc, const struct nlattr *options)
{
	struct nlattr *part;

	mnl_attr_for_each_nested(part, options)
	{
		read_taprio_part(qdisc, part);
	}
	qdisc->has_options = true;
}

/* Read the options, whose meaning depends on the kind. */
static void read_options(struct wt_qdisc *qdisc, const struct nlattr *options)
{
	switch (qdisc->kind) {
	case WT_QDISC_ETF:
		read_etf(qdisc, options);
		break;
	case WT_QDISC_FQ:
		read_fq(qdisc, options);
		break;
	case WT_QDISC_TAPRIO:
		read_taprio(qdisc, options);
		break;
	case WT_QDISC_MQPRIO:
		/* The map stands where others have attributes, and its own follow it. */
		read_map(qdisc, options);
		break;
	default:
		break;
	}
}

static void read_attributes(struct wt_qdisc *qdisc, const struct nlmsghdr *message)
{
	const struct nlattr *options = NULL;
	struct nlattr *attribute;
	uint8_t flag;

	mnl_attr_for_each(attribute, message, sizeof(struct tcmsg))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == TCA_KIND)
			read_name(qdisc, attribute);
		else if (type == TCA_OPTIONS)
			options = attribute;
		else if (type == TCA_HW_OFFLOAD && take(&flag, sizeof(flag), attribute))
			qdisc->hw_offload = flag;
	}
	if (options)
		read_options(qdisc, options);
}

/* mnl_nlmsg_ok() will not do: it takes a length of 2 GiB and more for a negative one. Attributes
 * are followed up to the padding's end. */
static bool is_message(const struct nlmsghdr *message, size_t length)
{
	return length >= sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= length && MNL_ALIGN(message->nlmsg_len) <= length;
}

int wt_qdisc_parse(struct wt_qdisc *qdisc, const void *message, size_t length)
{
	const struct nlmsghdr *header = message;
	struct wt_qdisc read = {0};
	struct tcmsg tc;

	assert((uintptr_t)message % NLMSG_ALIGNTO == 0);
	if (!is_message(header, length))
		return -EBADMSG;
	if (header->nlmsg_type != RTM_NEWQDISC)
		return -ENOMSG;
	if (mnl_nlmsg_get_payload_len(header) < sizeof(tc))
		return -EBADMSG;
	memcpy(&tc, mnl_nlmsg_get_payload(header), sizeof(tc));
	read.index = tc.tcm_ifindex;
	read.handle = tc.tcm_handle;
	read.parent = tc.tcm_parent;
	read_attributes(&read, header);
	if (!read.name[0])
		return -EBADMSG;
	*qdisc = read;
	return 0;
}

int wt_qdisc_list_add(struct wt_qdisc_list *list, const struct wt_qdisc *qdisc)
{
	size_t capacity = list->capacity ? 2 * list->capacity : LIST_FIRST;
	struct wt_qdisc *items;

	if (list->count == LIST_MOST)
		return -E2BIG;
	if (list->count == list->capacity) {
		items = realloc(list->items, capacity * sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = *qdisc;
	return 0;
}

void wt_qdisc_list_empty(struct wt_qdisc_list *list)
{
	free(list->items);
	*list = (struct wt_qdisc_list){0};
}

struct dump {
	struct wt_qdisc_list *list;
	int index;
	int error;
};

/* Older kernels send those of all interfaces, whatever they are asked for. */
static int on_qdisc(const struct nlmsghdr *message, void *data)
{
	struct dump *dump = data;
	struct wt_qdisc qdisc;

	if (wt_qdisc_parse(&qdisc, message, MNL_ALIGN(message->nlmsg_len)) ||
	    qdisc.index != dump->index)
		return MNL_CB_OK;
	dump->error = wt_qdisc_list_add(dump->list, &qdisc);
	return dump->error ? MNL_CB_STOP : MNL_CB_OK;
}

static int dump_once(struct dump *dump)
{
	_Alignas(struct nlmsghdr) char buffer[WT_NETLINK_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(request, sizeof(*tc));
	int rc;

	request->nlmsg_type = RTM_GETQDISC;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = dump->index;
	/* The queues of a multiqueue qdisc that nobody has given another one, too. */
	mnl_attr_put(request, TCA_DUMP_INVISIBLE, 0, NULL);
	rc = wt_netlink_ask(NETLINK_ROUTE, buffer, on_qdisc, dump);
	return rc ? rc : dump->error;
}

int wt_qdisc_list_read(struct wt_qdisc_list *list, int index)
{
	struct dump dump = {.list = list, .index = index};
	int rc = -EINTR;

	/* Interrupted: the qdiscs were changed during the dump, and the list may hold both. */
	for (int i = 0; rc == -EINTR && i < ATTEMPTS; i++) {
		wt_qdisc_list_empty(list);
		rc = dump_once(&dump);
	}
	return rc;
}

const struct wt_qdisc *wt_qdisc_root(const struct wt_qdisc *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (items[i].parent == TC_H_ROOT)
			return &items[i];
	return NULL;
}

const char *wt_qdisc_handle_text(uint32_t handle, char text[WT_QDISC_HANDLE_BYTES])
{
	unsigned major = TC_H_MAJ(handle) >> 16, minor = TC_H_MIN(handle);

	if (handle == TC_H_ROOT)
		snprintf(text, WT_QDISC_HANDLE_BYTES, "root");
	else if (handle == TC_H_INGRESS)
		snprintf(text, WT_QDISC_HANDLE_BYTES, "ingress");
	else if (!minor)
		snprintf(text, WT_QDISC_HANDLE_BYTES, "%x:", major);
	else if (!major)
		snprintf(text, WT_QDISC_HANDLE_BYTES, ":%x", minor);
	else
		snprintf(text, WT_QDISC_HANDLE_BYTES, "%x:%x", major, minor);
	return text;
}
