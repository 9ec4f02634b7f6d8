/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/stamp/nic_claim_private.h>

/* Any bytes as the file of what is to be put back at a NIC: what is refused leaves no trace, and
 * what is taken is written again as it was, and could be set. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char head[] = "wiretape stamping 1\n"
                           "place 8d65b49d-8859-4ed4-b6d6-5985340acceb.4026531840\n"
                           "interface 2 52:54:00:00:00:00\n";

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check(const char *text, size_t bytes)
{
	struct wt_nic_word word, untouched;
	char again[WT_NIC_WORD_BYTES];

	memset(&word, 0x5a, sizeof(word));
	untouched = word;
	if (wt_nic_word_parse(&word, text, bytes, head)) {
		require(!memcmp(&word, &untouched, sizeof(word)));
		return;
	}
	require(word.before.rx_filter >= 0 && word.before.rx_filter < 32);
	require(word.made.tx_type >= 0 && word.made.tx_type < 32);
	require(wt_nic_word_format(again, sizeof(again), &word, head) == (ssize_t)bytes);
	require(!memcmp(again, text, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	size_t head_bytes = sizeof(head) - 1;
	char *text = malloc(head_bytes + bytes);

	require(text != NULL);
	memcpy(text, head, head_bytes);
	if (bytes)
		memcpy(text + head_bytes, data, bytes);
	/* As it is, and after the head that it has to have. */
	check(text + head_bytes, bytes);
	check(text, head_bytes + bytes);
	free(text);
	return 0;
}
