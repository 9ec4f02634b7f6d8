/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/launch/launch.h>
#include <wiretape/replay/launch/qdisc.h>

/* Any bytes as the kernel's messages about an interface's qdiscs, one after the other: nothing
 * outside is read, what is refused leaves no trace, and of whatever is taken it can be said
 * whether it honours launch times, and when a packet is to be sent. */

/* More make the search slow, and find nothing else. */
enum { QDISCS_MOST = 64, LENGTH_BYTES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void look_at_text(const char *text, size_t capacity)
{
	size_t length = strnlen(text, capacity);

	/* Whole: what does not fit would be cut off at the last byte. */
	require(length && length < capacity - 1);
	for (size_t i = 0; i < length; i++)
		require(text[i] >= ' ' && text[i] <= '~');
}

static void look_at_map(const struct wt_qdisc_map *map)
{
	require(map->classes <= WT_QDISC_CLASSES);
	for (int i = 0; map->classes && i < WT_QDISC_PRIORITIES; i++)
		require(map->class_of[i] < map->classes);
	for (int i = 0; i < map->classes; i++)
		require(map->queues[i] && map->first_queue[i] + map->queues[i] <= UINT16_MAX);
}

static void look_at_qdisc(const struct wt_qdisc *qdisc)
{
	look_at_text(qdisc->name, sizeof(qdisc->name) + 1);
	require(qdisc->kind < WT_QDISC_KINDS);
	require(qdisc->etf.delta_ns >= 0 && qdisc->fq.horizon_ns >= 0);
	require(qdisc->has_options || (!qdisc->etf.delta_ns && !qdisc->fq.horizon_ns));
	look_at_map(&qdisc->map);
}

static void look_at_decision(const struct wt_launch *launch, int64_t due_ns, int64_t last_ns)
{
	const int64_t now_ns = INT64_C(1795221000000000000), margin_ns = 50000;
	struct wt_launch_decision decision =
	        wt_launch_decide(launch, due_ns, now_ns, margin_ns, last_ns);

	require(decision.way < WT_LAUNCH_WAYS);
	require((decision.way == WT_LAUNCH_AT_ONCE) == (launch->verdict != WT_LAUNCH_HONOURED));
	if (decision.way == WT_LAUNCH_NOT_YET)
		require(decision.time_ns > now_ns && decision.time_ns <= due_ns);
	if (decision.way == WT_LAUNCH_WITH_TIME)
		require(decision.time_ns >= due_ns && decision.time_ns >= last_ns);
	if (decision.way == WT_LAUNCH_WITH_TIME && launch->drops_late)
		require(decision.time_ns >= now_ns + margin_ns);
}

static void look_at_launch(const struct wt_launch *launch)
{
	static const int64_t dues_ns[] = {INT64_MIN, 0, INT64_C(1795221000000000000),
	                                  INT64_C(1795221011000000000), INT64_MAX};

	require(launch->verdict < WT_LAUNCH_VERDICTS && launch->priority < WT_QDISC_PRIORITIES);
	look_at_text(launch->text, sizeof(launch->text));
	if (launch->verdict == WT_LAUNCH_HONOURED)
		require(launch->kind == WT_QDISC_ETF || launch->kind == WT_QDISC_FQ);
	else
		require(!launch->offload && !launch->delta_ns && !launch->horizon_ns);
	for (size_t i = 0; i < sizeof(dues_ns) / sizeof(dues_ns[0]); i++) {
		look_at_decision(launch, dues_ns[i], INT64_MIN);
		look_at_decision(launch, dues_ns[i], INT64_C(1795221000000500000));
	}
}

static void look_at_all(const struct wt_qdisc_list *list)
{
	struct wt_launch launch;

	for (int priority = WT_LAUNCH_ANY_PRIORITY; priority < WT_QDISC_PRIORITIES; priority++) {
		wt_launch_find(&launch, "eth0", list->items, list->count, priority);
		look_at_launch(&launch);
	}
}

static void take(struct wt_qdisc_list *list, const uint8_t *at, size_t bytes)
{
	struct wt_qdisc qdisc, untouched;
	/* Of its own: reading past the end is noticed, and malloc aligns. */
	uint8_t *message = malloc(bytes ? bytes : 1);

	require(message != NULL);
	memcpy(message, at, bytes);
	memset(&qdisc, 0x5a, sizeof(qdisc));
	untouched = qdisc;
	if (wt_qdisc_parse(&qdisc, message, bytes)) {
		require(!memcmp(&qdisc, &untouched, sizeof(qdisc)));
	} else {
		look_at_qdisc(&qdisc);
		require(!wt_qdisc_list_add(list, &qdisc));
	}
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_qdisc_list list = {0};

	/* A message ends where it says, if it says so. */
	while (bytes && list.count < QDISCS_MOST) {
		uint32_t length = 0;

		if (bytes >= LENGTH_BYTES)
			memcpy(&length, data, LENGTH_BYTES);
		length = length > UINT32_MAX - 3 ? length : (length + 3) & ~3u;
		if (!length || length > bytes)
			length = (uint32_t)bytes;
		take(&list, data, length);
		data += length;
		bytes -= length;
	}
	look_at_all(&list);
	wt_qdisc_list_empty(&list);
	return 0;
}
