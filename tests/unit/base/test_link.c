/* SPDX-License-Identifier: BSD-2-Clause */

/* Counters of NICs, and what becomes of them when a NIC is another one. */

#include <string.h>

#include <wiretape/base/net/link.h>

#include "support/unit.h"

static const struct wt_nic_counter *named(const char *name)
{
	const struct wt_nic_counter *counter = wt_nic_counters;

	while (counter->name && strcmp(counter->name, name))
		counter++;
	cr_assert(ne(ptr, (void *)(uintptr_t)counter->name, NULL), "%s", name);
	return counter;
}

Test(link, a_difference_is_what_was_counted_meanwhile)
{
	const struct rtnl_link_stats64 then = {.rx_packets = 5}, now = {.rx_packets = 12};

	cr_expect(eq(u64, wt_nic_counter_difference(named("rx_packets"), &then, &now), 7));
	cr_expect(eq(u64, wt_nic_counter_difference(named("rx_packets"), &now, &then), 0));
	cr_expect(eq(u64, wt_nic_counter_difference(named("rx_dropped"), &then, &now), 0));
}

/* Whether the new device's are smaller, as usual, or larger, as of one that was there before. */
Test(link, counters_of_a_device_that_is_back_go_on)
{
	static const uint64_t firsts[] = {0, 3, 1000000};
	const struct rtnl_link_stats64 start = {.rx_packets = 100, .rx_missed_errors = 7};
	const struct rtnl_link_stats64 counted = {.rx_packets = 150, .rx_missed_errors = 9};

	for (size_t i = 0; i < sizeof(firsts) / sizeof(*firsts); i++) {
		const struct rtnl_link_stats64 first = {.rx_packets = firsts[i]};
		struct rtnl_link_stats64 now = {.rx_packets = firsts[i] + 20,
		                                .rx_missed_errors = 4};
		struct rtnl_link_stats64 base = {0};

		wt_nic_counters_base(&base, &counted, &first);
		wt_nic_counters_add(&now, &base);
		cr_expect(eq(u64, wt_nic_counter_difference(named("rx_packets"), &start, &now), 70),
		          "first %zu", i);
		cr_expect(eq(u64,
		             wt_nic_counter_difference(named("rx_missed_errors"), &start, &now), 6),
		          "first %zu", i);
	}
}
