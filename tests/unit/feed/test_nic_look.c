/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/verdict/loss_log.h>
#include <wiretape/feed/verdict/nic_look.h>
#include <wiretape/pcapng/text_block.h>

#include "support/unit.h"

static struct wt_nic_look back;

static int decode(const char *body)
{
	return wt_nic_look_decode(&back, (const uint8_t *)body, strlen(body));
}

Test(nic_look, what_is_encoded_is_decoded)
{
	static uint32_t words[WT_NIC_LOOK_BLOCK_BYTES / 4];
	struct wt_nic_look there = {.interface_id = UINT32_MAX, .look_ns = INT64_MIN};
	ssize_t used;

	for (size_t i = 0; wt_nic_loss_counters[i]; i++)
		there.counters[i] = UINT64_MAX - i;
	used = wt_nic_look_encode((uint8_t *)words, sizeof(words), &there);
	cr_assert(gt(int, (int)used, 12));
	cr_expect(eq(u32, words[0], WT_PCAPNG_NIC_LOOK));
	cr_expect(eq(u32, words[1], (uint32_t)used));
	cr_assert(eq(int, wt_nic_look_decode(&back, (uint8_t *)&words[2], (size_t)used - 12), 0));
	cr_expect(eq(u32, back.interface_id, there.interface_id));
	cr_expect(eq(i64, back.look_ns, there.look_ns));
	for (size_t i = 0; wt_nic_loss_counters[i]; i++)
		cr_expect(eq(u64, back.counters[i], there.counters[i]));
	cr_expect(eq(int, (int)wt_nic_look_encode((uint8_t *)words, (size_t)used - 1, &there),
	             -ENOBUFS));
}

Test(nic_look, counters_go_by_their_names)
{
	cr_assert(eq(int, decode("new=x\nrx_missed_errors=3\nlook_ns=-5\ninterface=2\n"), 0));
	cr_expect(eq(u32, back.interface_id, 2));
	cr_expect(eq(i64, back.look_ns, -5));
	for (size_t i = 0; wt_nic_loss_counters[i]; i++)
		cr_expect(eq(u64, back.counters[i],
		             strcmp(wt_nic_loss_counters[i], "rx_missed_errors") ? 0 : 3));
}

Test(nic_look, an_interface_that_is_away_is_told_without_counters)
{
	for (int away = WT_NIC_HERE; away <= WT_NIC_GONE; away++) {
		static uint32_t words[WT_NIC_LOOK_BLOCK_BYTES / 4];
		struct wt_nic_look there = {.interface_id = 3,
		                            .look_ns = 7,
		                            .away = (enum wt_nic_away)away,
		                            .counters = {5}};
		ssize_t used = wt_nic_look_encode((uint8_t *)words, sizeof(words), &there);

		cr_assert(gt(int, (int)used, 12));
		cr_assert(eq(int,
		             wt_nic_look_decode(&back, (uint8_t *)&words[2], (size_t)used - 12),
		             0));
		cr_expect(eq(int, back.away, away));
		cr_expect(eq(u64, back.counters[0], away ? 0 : 5));
		cr_expect(eq(int, !wt_nic_away_text(back.away), !away));
	}
	cr_expect(eq(int, decode("interface=1\nlook_ns=1\naway=on holiday\n"), -EBADMSG));
	cr_expect(eq(int, decode("interface=1\nlook_ns=1\naway=gone\nfrom=1\nto=0\n"), -EBADMSG));
	cr_expect(eq(int, decode("interface=1\nlook_ns=1\naway=gone\nfrom=x\n"), -EBADMSG));
	cr_assert(eq(int, decode("interface=1\nlook_ns=1\naway=down\nfrom=-7\nto=12\n"), 0));
	cr_expect(eq(i64, back.from, -7));
	cr_expect(eq(i64, back.to, 12));
}

Test(nic_look, what_is_none_is_refused)
{
	cr_expect(eq(int, decode(""), -EBADMSG));
	cr_expect(eq(int, decode("interface=1\n"), -EBADMSG));
	cr_expect(eq(int, decode("look_ns=1\n"), -EBADMSG));
	cr_expect(eq(int, decode("interface=x\nlook_ns=1\n"), -EBADMSG));
	cr_expect(eq(int, decode("interface=1\nlook_ns=1\nrx_missed_errors=-1\n"), -EBADMSG));
	cr_expect(eq(int, decode("interface=1\nlook_ns=1"), -EBADMSG));
}
