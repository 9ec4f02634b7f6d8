/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures the cost per frame of turning ring memory into pcapng: walking a TPACKET_V3 ring
 * and encoding it in place, the same with hardware stamps that become UTC by a clock map and
 * are kept alongside, the same with the compact encoder, and a plain memcpy of the
 * ring, the least that any copying recorder pays. In memory, one thread.
 *
 * Encoding in place uses the ring up, so it is restored from a copy before every round,
 * outside the measured part, and before the rounds of the others as well: all
 * find the caches in the same state, with the end of the ring in them. A ring larger than
 * the caches (-m) is read from memory. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/feed/load/mold_template.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/ring/tpacket_v3.h>
#include <wiretape/stamp/clock_map.h>

enum { BLOCK_BYTES = 1 << 20, OUT_BYTES = 2 * BLOCK_BYTES, BATCH = 64, MAX_ROUNDS = 99 };

struct settings {
	uint32_t ring_mib;
	int rounds;
	bool json;
};

enum way { IN_PLACE, CONVERTED, COMPACT, COPY, WAYS };

struct result {
	uint32_t frame_bytes;
	uint64_t frames;
	double ns[WAYS]; /* medians, per frame */
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

/* Each of these turns one block into something; returns a value that depends on all of
 * it, so that nothing is optimised away. */
typedef size_t convert(uint8_t *block, uint8_t *out, struct wt_chunk_run *run);

/* Convert hardware stamps as a recorder does. */
static void convert_stamps(struct wt_frame *frames, size_t count)
{
	static const struct wt_clock_map map = {.number = 1,
	                                        .phc_ns = 1700000037000000000,
	                                        .utc_ns = 1700000000000000000,
	                                        .rate = 14};

	for (size_t i = 0; i < count; i++) {
		frames[i].given_ns = frames[i].stamp_ns;
		frames[i].map = map.number;
		frames[i].stamp_ns = wt_clock_map_to_utc(&map, frames[i].given_ns);
		frames[i].notes |= WT_FRAME_GIVEN;
	}
}

static inline size_t encode_in_place(uint8_t *block, struct wt_chunk_run *run, bool converted)
{
	struct wt_frame frames[BATCH];
	struct wt_inplace at;
	struct wt_walk walk;
	size_t count;

	wt_inplace_start(&at, block, BLOCK_BYTES, 0);
	wt_tpacket_v3_walk_start(&walk, block, BLOCK_BYTES, 262144);
	/* A block's last frame may lack the room; that needs no column of its own. */
	while ((count = wt_tpacket_v3_walk(&walk, frames, BATCH))) {
		if (converted)
			convert_stamps(frames, count);
		wt_inplace_frames(&at, frames, count);
	}
	return wt_inplace_finish(&at, run);
}

static size_t in_place(uint8_t *block, uint8_t *out, struct wt_chunk_run *run)
{
	(void)out;
	return encode_in_place(block, run, false);
}

static size_t in_place_converted(uint8_t *block, uint8_t *out, struct wt_chunk_run *run)
{
	(void)out;
	return encode_in_place(block, run, true);
}

static size_t compact(uint8_t *block, uint8_t *out, struct wt_chunk_run *run)
{
	struct wt_frame frames[BATCH];
	struct wt_walk walk;
	size_t total = 0, used, count;

	(void)run;
	wt_tpacket_v3_walk_start(&walk, block, BLOCK_BYTES, 262144);
	while ((count = wt_tpacket_v3_walk(&walk, frames, BATCH))) {
		wt_pcapng_encode_frames(out + total, OUT_BYTES - total, 0, frames, count, &used);
		total += used;
	}
	return total;
}

static size_t copy(uint8_t *block, uint8_t *out, struct wt_chunk_run *run)
{
	(void)run;
	memcpy(out, block, BLOCK_BYTES);
	return out[BLOCK_BYTES / 2];
}

/* Measure the whole ring. */
static double measure_round(const struct wt_ring_memory *memory, convert *one, uint8_t *out)
{
	volatile size_t sink = 0;
	struct wt_chunk_run run;
	int64_t start;

	wt_chunk_run_init(&run, 1, WT_CHUNK_ALIGNMENT);
	start = now_ns();
	for (uint32_t i = 0; i < memory->block_count; i++)
		sink += one(memory->base + (size_t)i * BLOCK_BYTES, out, &run);
	(void)sink;
	return (double)(now_ns() - start);
}

/* Alternating, so that all meet the same machine. */
static void measure_rounds(const struct wt_ring_memory *memory, const uint8_t *pristine,
                           uint8_t *out, int rounds, struct result *result)
{
	static convert *const ways[WAYS] = {[IN_PLACE] = in_place,
	                                    [CONVERTED] = in_place_converted,
	                                    [COMPACT] = compact,
	                                    [COPY] = copy};
	double ns[WAYS][MAX_ROUNDS];

	for (int i = 0; i < rounds; i++)
		for (int way = 0; way < WAYS; way++) {
			memcpy(memory->base, pristine, (size_t)memory->block_count * BLOCK_BYTES);
			ns[way][i] = measure_round(memory, ways[way], out);
		}
	for (int way = 0; way < WAYS; way++)
		result->ns[way] = median(ns[way], rounds) / (double)result->frames;
}

static int measure(const struct settings *settings, uint32_t frame_bytes, struct result *result)
{
	/* Lay the ring out as a live one for Ethernet. */
	struct wt_sim_config config = {.block_bytes = BLOCK_BYTES,
	                               .block_count = settings->ring_mib,
	                               .reserve_bytes = 2,
	                               .private_bytes = 32};
	size_t bytes = (size_t)settings->ring_mib * BLOCK_BYTES;
	uint8_t *out = aligned_alloc(4096, OUT_BYTES), *pristine = malloc(bytes);
	struct wt_sim_ring *sim = NULL;
	int rc = -ENOMEM;

	if (out && pristine && !wt_sim_ring_create(&sim, &config)) {
		*result = (struct result){.frame_bytes = frame_bytes,
		                          .frames = fill(sim, frame_bytes)};
		memset(out, 0, OUT_BYTES);
		memcpy(pristine, wt_sim_ring_memory(sim)->base, bytes);
		measure_rounds(wt_sim_ring_memory(sim), pristine, out, settings->rounds, result);
		rc = 0;
	}
	wt_sim_ring_destroy(sim);
	free(pristine);
	free(out);
	return rc;
}

static json_t *as_json(const struct result *result)
{
	const double *ns = result->ns;

	return json_pack("{s:i,s:I,s:f,s:f,s:f,s:f,s:f,s:f}", "frame_bytes",
	                 (int)result->frame_bytes, "frames", (json_int_t)result->frames,
	                 "in_place_ns", ns[IN_PLACE], "in_place_converted_ns", ns[CONVERTED],
	                 "compact_ns", ns[COMPACT], "memcpy_ns", ns[COPY], "in_place_ratio",
	                 ns[IN_PLACE] / ns[COPY], "compact_ratio", ns[COMPACT] / ns[COPY]);
}

static void print_json(const struct settings *settings, const struct result *results, size_t count)
{
	json_t *rows = json_array(), *object = json_object();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(rows, as_json(&results[i]));
	json_object_set_new(object, "ring_mib", json_integer(settings->ring_mib));
	json_object_set_new(object, "rounds", json_integer(settings->rounds));
	json_object_set_new(object, "results", rows);
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(object);
}

static void print_table(const struct settings *settings, const struct result *results, size_t count)
{
	printf("ns per frame, one core, medians of %d rounds over a ring of %u MiB that is\n"
	       "restored before each; walking included; in brackets: of memcpy's time\n"
	       "%8s %18s %18s %18s %9s\n",
	       settings->rounds, settings->ring_mib, "frame", "in place", "stamps converted",
	       "compact", "memcpy");
	for (size_t i = 0; i < count; i++) {
		const double *ns = results[i].ns;

		printf("%6u B %10.1f (%.2f) %10.1f (%.2f) %10.1f (%.2f) %10.1f\n",
		       results[i].frame_bytes, ns[IN_PLACE], ns[IN_PLACE] / ns[COPY], ns[CONVERTED],
		       ns[CONVERTED] / ns[COPY], ns[COMPACT], ns[COMPACT] / ns[COPY], ns[COPY]);
	}
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {60, 200, 512, 1400};
	enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	struct settings settings = {.ring_mib = 64, .rounds = 21};
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
		                "Medians of ROUNDS (1 to 99) over a ring of RING_MIB blocks [64]; "
		                "-j: JSON\n");
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
	print_table(&settings, results, SIZES);
	return 0;
}
