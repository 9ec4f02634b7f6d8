/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/archive/compare/compare.h>

/* Two streams of packets of any bytes: each packet is in exactly one of the counts, the counts
 * are those of a search from packet to packet, and a stream is the same as itself.
 *
 * The first four bytes are settings. Then packets: which side and link type, how many bytes, how
 * much less was captured, a stamp, and the bytes. */

enum { SETTINGS = 4, HEADER = 5, PACKETS_MAX = 256 };

struct stream {
	struct wt_compare_packet packets[PACKETS_MAX];
	size_t count;
};

static struct stream a, b;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct wt_compare_config settings(const uint8_t *data)
{
	return (struct wt_compare_config){
	        .content.scope = (enum wt_compare_scope)(data[0] % 3),
	        .content.ignore_ttl = data[0] & 0x80,
	        .content.bytes = data[1],
	        .align = (enum wt_compare_align)(data[2] % 4),
	        .speed = data[3] / 16.0,
	        .tolerance_ns = data[2] / 4,
	};
}

static int64_t any_stamp(uint8_t byte)
{
	/* Also the ones that no difference holds. */
	if (byte >= 0xfe)
		return byte == 0xff ? INT64_MAX : INT64_MIN;
	return byte * INT64_C(1000);
}

/* The next packet in memory of its own, so that a sanitizer sees each step outside. How many
 * bytes it took. */
static size_t take_packet(const uint8_t *data, size_t bytes)
{
	static const uint16_t link_types[] = {1, 101, 113, 276, 0, 108, 228, 12};
	struct stream *stream = data[0] & 1 ? &b : &a;
	size_t wanted = data[1], got = bytes - HEADER < wanted ? bytes - HEADER : wanted;
	uint8_t *copy = malloc(got ? got : 1);

	require(copy != NULL);
	memcpy(copy, data + HEADER, got);
	if (stream->count == PACKETS_MAX) {
		free(copy);
		return HEADER + got;
	}
	stream->packets[stream->count++] = (struct wt_compare_packet){
	        .data = copy,
	        .caplen = (uint32_t)got,
	        .len = (uint32_t)got + data[2],
	        .stamp_ns = any_stamp(data[3]),
	        .has_stamp = data[4] & 1,
	        .link_type = link_types[data[0] >> 1 & 7],
	};
	return HEADER + got;
}

static void free_packets(struct stream *stream)
{
	for (size_t i = 0; i < stream->count; i++)
		free((void *)(uintptr_t)stream->packets[i].data);
	stream->count = 0;
}

static void compare_streams(const struct wt_compare_config *config, const struct stream *sent,
                            const struct stream *received, struct wt_compare_result *result)
{
	struct wt_compare *compare;

	require(!wt_compare_create(&compare, config, NULL));
	for (size_t i = 0; i < sent->count; i++)
		require(!wt_compare_add_a(compare, &sent->packets[i], NULL));
	for (size_t i = 0; i < received->count; i++)
		require(!wt_compare_add_b(compare, &received->packets[i], NULL));
	wt_compare_finish(compare, result);
	wt_compare_destroy(compare);
}

static uint64_t count(const struct wt_compare_result *result, enum wt_compare_difference difference)
{
	return result->differences[difference].count;
}

static void check_counts(const struct wt_compare_result *result)
{
	require(result->matched + count(result, WT_COMPARE_LOST) == result->a.packets);
	require(result->matched + count(result, WT_COMPARE_DOUBLED) +
	                count(result, WT_COMPARE_EXTRA) ==
	        result->b.packets);
	require(count(result, WT_COMPARE_REORDERED) <= result->matched);
	require(!count(result, WT_COMPARE_REORDERED) == !result->displacement);
	require(!count(result, WT_COMPARE_LOST) == !result->longest_loss);
	require(result->longest_loss <= count(result, WT_COMPARE_LOST));
}

static void check_times(const struct wt_compare_result *result)
{
	const struct wt_compare_timing *timing = &result->timing;

	require(timing->packets <= result->matched);
	require(timing->error.count == timing->packets);
	require(timing->gap_error.count < timing->packets || !timing->packets);
	require(!timing->error.negative && !timing->gap_error.negative);
	require(timing->over_tolerance <= timing->packets);
	require(timing->min_ns <= timing->p50_ns && timing->p50_ns <= timing->p99_ns &&
	        timing->p99_ns <= timing->max_ns);
	require(timing->min_ns <= timing->mean_ns && timing->mean_ns <= timing->max_ns);
}

/* Whole frames that are large enough not to be padded and are not cut: what is the same can be
 * told without knowing any header. */
static bool is_plain(const struct wt_compare_config *config)
{
	const struct stream *streams[] = {&a, &b};

	if (config->content.scope != WT_COMPARE_FRAME || config->content.ignore_ttl ||
	    config->content.bytes)
		return false;
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < streams[s]->count; i++) {
			const struct wt_compare_packet *packet = &streams[s]->packets[i];

			if (packet->caplen != packet->len || packet->len < 200)
				return false;
		}
	return true;
}

static size_t search(const struct wt_compare_packet *packet, const bool *taken, bool *known)
{
	for (size_t i = 0; i < a.count; i++) {
		if (a.packets[i].len != packet->len ||
		    memcmp(a.packets[i].data, packet->data, packet->len))
			continue;
		*known = true;
		if (!taken[i])
			return i;
	}
	return SIZE_MAX;
}

/* The same, packet by packet. */
static void check_by_search(const struct wt_compare_result *result)
{
	bool taken[PACKETS_MAX] = {false};
	uint64_t counts[WT_COMPARE_DIFFERENCES] = {0}, matched = 0;
	size_t highest = 0;

	for (size_t i = 0; i < b.count; i++) {
		bool known = false;
		size_t found = search(&b.packets[i], taken, &known);

		if (found == SIZE_MAX) {
			counts[known ? WT_COMPARE_DOUBLED : WT_COMPARE_EXTRA]++;
			continue;
		}
		taken[found] = true;
		matched++;
		if (found < highest)
			counts[WT_COMPARE_REORDERED]++;
		else
			highest = found;
	}
	require(result->matched == matched);
	for (int i = WT_COMPARE_DOUBLED; i < WT_COMPARE_DIFFERENCES; i++)
		require(count(result, (enum wt_compare_difference)i) == counts[i]);
}

static void check_itself(const struct wt_compare_config *config, struct wt_compare_result *result)
{
	compare_streams(config, &a, &a, result);
	require(result->matched == a.count);
	for (int i = 0; i < WT_COMPARE_DIFFERENCES; i++)
		require(!count(result, (enum wt_compare_difference)i));
}

/* Captured no further than is compared they are still the same. */
static void check_cut(const struct wt_compare_config *config, struct wt_compare_result *result)
{
	static struct stream cut;
	uint32_t limit = config->content.bytes;

	if (config->content.scope != WT_COMPARE_FRAME || !limit)
		return;
	cut = a;
	for (size_t i = 0; i < cut.count; i++)
		if (cut.packets[i].caplen > limit)
			cut.packets[i].caplen = limit;
	compare_streams(config, &a, &cut, result);
	require(result->matched == a.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct wt_compare_result result;
	struct wt_compare_config config;
	size_t at = SETTINGS;

	if (bytes < SETTINGS)
		return 0;
	config = settings(data);
	while (bytes - at > HEADER)
		at += take_packet(data + at, bytes - at);
	compare_streams(&config, &a, &b, &result);
	check_counts(&result);
	check_times(&result);
	if (is_plain(&config))
		check_by_search(&result);
	check_itself(&config, &result);
	check_cut(&config, &result);
	free_packets(&a);
	free_packets(&b);
	return 0;
}
