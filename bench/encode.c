/* SPDX-License-Identifier: BSD-2-Clause */
/* What it costs to turn ring memory into pcapng, per frame: walking a TPACKET_V3 ring
 * and encoding it compactly, beside a plain memcpy of the same ring, which is the
 * least that any recorder pays that copies. Everything in memory, one thread. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/feed/mold_template.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/ring/tpacket_v3.h>
#include <wiretape/stamp/stamp.h>
#include <wiretape/writer/pcapng_encode.h>

enum { BLOCK_BYTES = 1 << 20, BATCH = 64, MAX_ROUNDS = 99 };

struct settings {
	uint32_t ring_mib;
	int rounds;
	bool json;
};

struct result {
	uint32_t frame_bytes;
	uint64_t frames;
	double encode_ns; /* medians, per frame */
	double copy_ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return values[count / 2];
}

/* Fill every block of the ring; returns the number of frames. */
static uint64_t fill(struct wt_sim_ring *sim, uint32_t frame_bytes)
{
	struct wt_mold_template_config config = {.frame_bytes = frame_bytes};
	static uint8_t frame[WT_MOLD_FRAME_BYTES_MAX];
	struct wt_sim_frame delivered = {
	        .data = frame,
	        .len = frame_bytes,
	        .status = TP_STATUS_TS_SOFTWARE,
	        .packet_type = PACKET_MULTICAST,
	        .stamp_ns = 1700000000000000000,
	};
	uint64_t count = 0;

	if (wt_mold_template_build(&config, frame, sizeof(frame), NULL) < 0)
		return 0;
	while (wt_sim_ring_deliver(sim, &delivered) & WT_SIM_STORED) {
		delivered.stamp_ns += 1000;
		count++;
	}
	return count;
}

/* Walk and encode one block; returns a value that depends on all of it, so that
 * nothing is optimised away. */
static size_t encode_block(uint8_t *block, uint8_t *out, size_t capacity)
{
	struct wt_frame frames[BATCH];
	struct wt_walk walk;
	size_t total = 0, used, count;

	wt_tpacket_v3_walk_start(&walk, block, BLOCK_BYTES, 262144);
	while ((count = wt_tpacket_v3_walk(&walk, frames, BATCH))) {
		wt_pcapng_encode_frames(out + total, capacity - total, 0, frames, count, &used);
		total += used;
	}
	return total;
}

static double encode_round(const struct wt_ring_memory *memory, uint8_t *out, uint64_t frames)
{
	volatile size_t sink = 0;
	int64_t start = now_ns();

	for (uint32_t i = 0; i < memory->block_count; i++)
		sink += encode_block(memory->base + (size_t)i * BLOCK_BYTES, out, 2 * BLOCK_BYTES);
	return (double)(now_ns() - start) / (double)frames;
}

static double copy_round(const struct wt_ring_memory *memory, uint8_t *out, uint64_t frames)
{
	volatile uint8_t sink = 0;
	int64_t start = now_ns();

	for (uint32_t i = 0; i < memory->block_count; i++) {
		memcpy(out, memory->base + (size_t)i * BLOCK_BYTES, BLOCK_BYTES);
		sink = (uint8_t)(sink + out[i]);
	}
	return (double)(now_ns() - start) / (double)frames;
}

static int measure(const struct settings *settings, uint32_t frame_bytes, struct result *result)
{
	struct wt_sim_config config = {
	        .block_bytes = BLOCK_BYTES, .block_count = settings->ring_mib, .reserve_bytes = 0};
	double encode[MAX_ROUNDS], copy[MAX_ROUNDS];
	uint8_t *out = aligned_alloc(4096, 2 * BLOCK_BYTES);
	struct wt_sim_ring *sim;

	if (!out || wt_sim_ring_create(&sim, &config)) {
		free(out);
		return -ENOMEM;
	}
	*result = (struct result){.frame_bytes = frame_bytes, .frames = fill(sim, frame_bytes)};
	memset(out, 0, 2 * BLOCK_BYTES);
	/* Alternating, so that both meet the same machine. */
	for (int i = 0; i < settings->rounds; i++) {
		encode[i] = encode_round(wt_sim_ring_memory(sim), out, result->frames);
		copy[i] = copy_round(wt_sim_ring_memory(sim), out, result->frames);
	}
	result->encode_ns = median(encode, settings->rounds);
	result->copy_ns = median(copy, settings->rounds);
	wt_sim_ring_destroy(sim);
	free(out);
	return 0;
}

static void print_json(const struct settings *settings, const struct result *results, size_t count)
{
	json_t *rows = json_array(), *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(rows, json_pack("{s:i,s:I,s:f,s:f,s:f}", "frame_bytes",
		                                      (int)results[i].frame_bytes, "frames",
		                                      (json_int_t)results[i].frames, "encode_ns",
		                                      results[i].encode_ns, "memcpy_ns",
		                                      results[i].copy_ns, "ratio",
		                                      results[i].encode_ns / results[i].copy_ns));
	json_object_set_new(object, "ring_mib", json_integer(settings->ring_mib));
	json_object_set_new(object, "rounds", json_integer(settings->rounds));
	json_object_set_new(object, "results", rows);
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(object);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {60, 200, 512, 1400};
	enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	struct settings settings = {.ring_mib = 16, .rounds = 21};
	struct result results[SIZES];
	int option;

	while ((option = getopt(argc, argv, "m:n:jh")) != -1) {
		if (option == 'm')
			settings.ring_mib = (uint32_t)atoi(optarg);
		else if (option == 'n')
			settings.rounds = atoi(optarg);
		else if (option == 'j')
			settings.json = true;
		else
			settings.rounds = 0;
	}
	if (settings.rounds < 1 || settings.rounds > MAX_ROUNDS || settings.ring_mib < 1) {
		fprintf(stderr, "Usage: bench_encode [-m RING_MIB] [-n ROUNDS] [-j]\n"
		                "Medians of ROUNDS (1 to 99) over a ring of RING_MIB blocks; -j: "
		                "JSON\n");
		return 2;
	}
	for (size_t i = 0; i < SIZES; i++) {
		if (measure(&settings, sizes[i], &results[i])) {
			fprintf(stderr, "bench_encode: no memory for a ring of %u MiB\n",
			        settings.ring_mib);
			return 1;
		}
	}
	if (settings.json) {
		print_json(&settings, results, SIZES);
		return 0;
	}
	printf("walk and compact encoding, ring of %u MiB, medians of %d, one core\n"
	       "%8s %14s %14s %8s\n",
	       settings.ring_mib, settings.rounds, "frame", "encode", "memcpy", "ratio");
	for (size_t i = 0; i < SIZES; i++)
		printf("%6u B %8.1f ns/fr %8.1f ns/fr %8.2f\n", results[i].frame_bytes,
		       results[i].encode_ns, results[i].copy_ns,
		       results[i].encode_ns / results[i].copy_ns);
	return 0;
}
