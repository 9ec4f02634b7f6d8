/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/verdict/verdict.h>

static const char *const names[WT_VERDICTS] = {
        [WT_VERDICT_RING] = "ring",         [WT_VERDICT_WRITER] = "writer",
        [WT_VERDICT_NIC] = "nic",           [WT_VERDICT_LINE] = "line",
        [WT_VERDICT_UPSTREAM] = "upstream", [WT_VERDICT_LATE] = "late",
        [WT_VERDICT_SHARED] = "shared",     [WT_VERDICT_UNKNOWN] = "unknown",
};

const char *wt_verdict_name(enum wt_verdict verdict)
{
	return (unsigned)verdict < WT_VERDICTS ? names[verdict] : "unknown";
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t packets_for(uint64_t numbers, uint64_t most)
{
	return numbers / most + (numbers % most > 0);
}

/* Most numbers that this many packets can have had, of `numbers` that need `needed` packets. */
static uint64_t numbers_of(uint64_t packets, uint64_t most, uint64_t needed, uint64_t numbers)
{
	return packets >= needed ? numbers : packets * most;
}

/* Share of a cause in the numbers, in proportion to its losses; some remain for the others if there
 * are enough. */
static uint64_t share_of(uint64_t numbers, uint64_t lost, uint64_t others_lost, bool is_first)
{
	uint64_t least = is_first || numbers > 1;
	uint64_t most = numbers > 1 ? numbers - 1 : numbers;
	uint64_t share;

	if (!lost || !numbers)
		return 0;
	if (!others_lost)
		return numbers;
	share = (uint64_t)((double)numbers * ((double)lost / ((double)lost + (double)others_lost)));
	return share < least ? least : min_u64(share, most);
}

/* Divide the numbers where ring and writer lost enough. Which cause took which packet is not
 * known: each gets a part by its losses. */
static void divide(const struct wt_loss *loss, uint64_t numbers, struct wt_verdict_result *result)
{
	uint64_t nic = loss->has_nic ? loss->nic : 0;

	result->ring = share_of(numbers, loss->ring, loss->writer + nic, true);
	numbers -= result->ring;
	result->writer = share_of(numbers, loss->writer, nic, !loss->ring);
	result->nic = numbers - result->writer;
}

/* Add up the causes where ring and writer do not account for all: another has the rest. */
static void add_up(const struct wt_verdict_case *gap, uint64_t most, uint64_t needed,
                   uint64_t numbers, struct wt_verdict_result *result)
{
	uint64_t rest = numbers;

	result->ring = numbers_of(gap->loss.ring, most, needed, numbers);
	rest -= result->ring;
	result->writer = min_u64(numbers_of(gap->loss.writer, most, needed, numbers), rest);
	rest -= result->writer;
	if (gap->loss.has_nic && gap->loss.nic) {
		result->nic = rest;
		return;
	}
	result->line = min_u64(rest, gap->other_has);
	result->upstream += rest - result->line;
}

static bool several_moved(const struct wt_loss *loss)
{
	return (loss->ring > 0) + (loss->writer > 0) + (loss->has_nic && loss->nic > 0) > 1;
}

static enum wt_verdict name_causes(const struct wt_verdict_result *result)
{
	const uint64_t counts[] = {result->ring, result->writer, result->nic, result->line,
	                           result->upstream};
	static const enum wt_verdict causes[] = {WT_VERDICT_RING, WT_VERDICT_WRITER, WT_VERDICT_NIC,
	                                         WT_VERDICT_LINE, WT_VERDICT_UPSTREAM};
	enum wt_verdict found = WT_VERDICT_UNKNOWN;

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (!counts[i])
			continue;
		if (found != WT_VERDICT_UNKNOWN)
			return WT_VERDICT_SHARED;
		found = causes[i];
	}
	return found;
}

/* Find the causes of the `rest` numbers that have not come, with the evidence known. */
static void find_causes(const struct wt_verdict_case *gap, uint64_t rest,
                        struct wt_verdict_result *result)
{
	uint64_t most = gap->most_in_packet ? gap->most_in_packet : 1;
	uint64_t lost_of_ours, needed;
	bool enough;

	/* A side that lost nothing lacks them, too: then they did not reach this one either,
	 * whatever was lost here. */
	result->upstream = min_u64(rest, gap->other_lacks);
	rest -= result->upstream;
	needed = packets_for(rest, most);
	if (__builtin_add_overflow(gap->loss.ring, gap->loss.writer, &lost_of_ours))
		lost_of_ours = UINT64_MAX;
	enough = needed && lost_of_ours >= needed;
	if (enough)
		divide(&gap->loss, rest, result);
	else
		add_up(gap, most, needed, rest, result);
	result->ring_claim = packets_for(result->ring, most);
	result->verdict = name_causes(result);
	if (enough && several_moved(&gap->loss))
		result->verdict = WT_VERDICT_SHARED;
}

void wt_verdict_find(const struct wt_verdict_case *gap, struct wt_verdict_result *result)
{
	uint64_t rest = gap->skipped - min_u64(gap->in_time, gap->skipped);

	*result = (struct wt_verdict_result){.verdict = WT_VERDICT_LATE};
	if (!rest)
		return;
	result->packets_needed = packets_for(rest, gap->most_in_packet ? gap->most_in_packet : 1);
	if (gap->backward || gap->no_window || !gap->loss.known) {
		result->verdict = WT_VERDICT_UNKNOWN;
		result->unknown = rest;
		return;
	}
	find_causes(gap, rest, result);
}
