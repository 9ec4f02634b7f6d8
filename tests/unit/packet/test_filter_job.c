/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/packet/filter_job.h>

#include "support/unit.h"

enum { MINUTES = 1500 /* hosts */ };

static struct bpf_program code;
static struct wt_error err;

static bool count_down(void *context)
{
	int *looks = context;

	return --*looks < 0;
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static int compile(const char *expression, const struct wt_patience *patience)
{
	pcap_t *handle = pcap_open_dead(DLT_EN10MB, 65535);

	cr_assert(ne(ptr, handle, NULL));
	return wt_filter_job(&code, handle, expression, true, patience, &err);
}

Test(filter_job, is_left_behind_when_the_patience_is_over)
{
	char text[65536];
	size_t used = 0;
	int looks = 3;
	const struct wt_patience patience = {count_down, &looks};

	for (int i = 0; i < MINUTES; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%shost 198.51.%d.%d",
		                         i ? " or " : "", i / 250, i % 250 + 1);
	cr_expect(eq(int, compile(text, &patience), -EINTR));
	cr_expect(eq(int, looks, -1));
	/* Nobody needs it any more: the thread has its own. */
	memset(text, 0, sizeof(text));
}

Test(filter_job, comes_to_the_same_with_and_without_a_patience)
{
	const struct wt_patience patience = {never, NULL};
	struct bpf_program first;

	cr_assert(eq(int, compile("udp port 9", NULL), 0), "%s", err.text);
	first = code;
	cr_assert(eq(int, compile("udp port 9", &patience), 0), "%s", err.text);
	cr_assert(eq(uint, code.bf_len, first.bf_len));
	cr_expect(zero(int, memcmp(code.bf_insns, first.bf_insns,
	                           first.bf_len * sizeof(*first.bf_insns))));
	pcap_freecode(&first);
	pcap_freecode(&code);
	for (int waits = 0; waits < 2; waits++) {
		memset(&err, 0, sizeof(err));
		cr_expect(eq(int, compile("udp prot 9", waits ? &patience : NULL), -EINVAL));
		cr_expect(strstr(err.text, "syntax error") != NULL, "%s", err.text);
	}
}
