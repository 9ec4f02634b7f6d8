/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/replay/replayer.h>
#include <wiretape/tests/support/temp.h>

/* Replays with all their threads, into the simulation: one reads a file through a buffer that is
 * smaller, one sends, one collects the proof, and one asks for the end at a random moment. Whatever
 * was sent is in the proof, in order, and what was not read before the end is not waited for. */

#define T_NS INT64_C(1700000000000000000)

enum { PACKETS = 12000, BYTES = 400, RUNS = 24, GAP_NS = 20000, LINE_BYTES = 256 };

static char capture[TEMP_BYTES];
static char proof[sizeof(capture) + 8];

/* xorshift. */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

static bool put(FILE *file, const uint8_t *bytes, ssize_t length)
{
	return length > 0 && fwrite(bytes, 1, (size_t)length, file) == (size_t)length;
}

static bool put_packets(FILE *file)
{
	static _Alignas(8) uint8_t block[BYTES + 256];
	static uint8_t data[BYTES];
	struct wt_frame frame = {.data = data, .caplen = BYTES, .len = BYTES};
	size_t used;

	for (uint32_t i = 0; i < PACKETS; i++) {
		frame.stamp_ns = T_NS + (int64_t)i * GAP_NS;
		if (wt_pcapng_encode_frames(block, sizeof(block), 0, &frame, 1, &used) != 1 ||
		    !put(file, block, (ssize_t)used))
			return false;
	}
	return true;
}

static bool build(void)
{
	const struct wt_pcapng_section section = {.application = "stress_replay"};
	const struct wt_pcapng_interface interface = {.name = "eth0", .link_type = 1};
	static _Alignas(8) uint8_t block[512];
	FILE *file;
	bool built;
	int fd;

	temp_template(capture, "stress_replay");
	fd = mkstemp(capture);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return false;
	built = put(file, block, wt_pcapng_encode_section(block, sizeof(block), &section)) &&
	        put(file, block, wt_pcapng_encode_interface(block, sizeof(block), &interface)) &&
	        put_packets(file);
	return !fclose(file) && built;
}

/* ---- one run ---- */

struct run {
	struct wt_replayer_config config;
	struct wt_replayer_stop stop;
	struct wt_replayer_result result;
	struct wt_timeline_file file;
	struct wt_error err;
	uint64_t stop_after_ns;
	uint64_t ticks;
};

static void *stop_later(void *argument)
{
	struct run *run = argument;
	const struct timespec moment = {.tv_nsec = (long)run->stop_after_ns};

	nanosleep(&moment, NULL);
	wt_replayer_stop(&run->stop);
	return NULL;
}

static void on_progress(void *context, const struct wt_replayer_progress *progress)
{
	struct run *run = context;

	run->ticks += progress->sent <= PACKETS * UINT64_C(100);
}

/* The numbers of the proof file count up from 0: how many there are, or -1. */
static int64_t read_proof(void)
{
	FILE *file = fopen(proof, "r");
	char line[LINE_BYTES];
	int64_t count = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (count >= 0 && strtoll(line, NULL, 10) != count)
			break;
		count++;
	}
	if (!feof(file))
		count = -1;
	fclose(file);
	return count;
}

static const char *judge(const struct run *run, bool is_stopped)
{
	const struct wt_proof *made = &run->result.proof;
	uint64_t loops = run->config.loops ? run->config.loops : 1;
	int64_t lines = read_proof();

	if (made->departures + made->dropped + run->result.unproved != run->result.sent)
		return "the proof has more or less than was sent";
	/* Before the first packet was due there is no proof. */
	if (run->result.sent && lines != (int64_t)(made->departures + made->dropped))
		return "the file has more or less than the proof";
	if (run->result.sent > run->result.read)
		return "more was sent than was read";
	if (!is_stopped && run->result.sent != loops * PACKETS)
		return "not all was sent";
	if (!is_stopped && made->last_due_ns != (int64_t)(loops * PACKETS - 1) * GAP_NS)
		return "it did not end when it should";
	return NULL;
}

static int replay(struct run *run, bool is_stopped)
{
	struct wt_replayer *opened;
	pthread_t stopper;
	int rc = wt_replayer_open(&opened, &run->config, &run->file, &run->err);

	if (rc)
		return rc;
	if (is_stopped && pthread_create(&stopper, NULL, stop_later, run)) {
		wt_replayer_close(opened);
		return -EAGAIN;
	}
	rc = wt_replayer_run(opened, &run->result, &run->err);
	if (is_stopped)
		pthread_join(stopper, NULL);
	wt_replayer_close(opened);
	return rc;
}

static const char *play(const char *interface, uint64_t seed)
{
	static const char *const paths[] = {capture};
	static struct run run;
	bool is_stopped = seed % 3 != 0;
	uint64_t state = seed * 0x9e3779b97f4a7c15u;
	const char *problem = NULL;

	run = (struct run){
	        .config = {.paths = paths,
	                   .path_count = 1,
	                   .interface = interface,
	                   .buffer_bytes = 1,
	                   .loops = is_stopped ? UINT64_MAX : 1 + seed % 2,
	                   .proof_path = proof,
	                   .stop = &run.stop,
	                   .on_progress = on_progress,
	                   .context = &run},
	        .stop_after_ns = draw(&state) % 300000000,
	};
	unlink(proof);
	if (replay(&run, is_stopped))
		problem = run.err.text;
	else
		problem = judge(&run, is_stopped);
	printf("%s, %s: read %llu, sent %llu, refused %llu, dropped %llu: %s\n", interface,
	       is_stopped ? "stopped" : "to its end", (unsigned long long)run.result.read,
	       (unsigned long long)run.result.sent, (unsigned long long)run.result.refused,
	       (unsigned long long)run.result.proof.dropped, problem ? problem : "ok");
	return problem;
}

int main(void)
{
	static const char *const interfaces[] = {
	        "sim", "sim:cost=800,full-every=7,lost-every=9,delay=600",
	        "sim:stamps=none,stall-at=50ms,stall=5ms", "sim:qdisc=etf,drop-every=11",
	        "sim:qdisc=fq,wake=5us,lost-every=5"};
	enum { INTERFACES = sizeof(interfaces) / sizeof(interfaces[0]) };
	const char *problem = NULL;

	if (!build()) {
		printf("SKIP: cannot write to /tmp\n");
		return 77;
	}
	snprintf(proof, sizeof(proof), "%s.csv", capture);
	for (uint64_t i = 0; i < RUNS && !problem; i++)
		problem = play(interfaces[i % INTERFACES], i + 1);
	unlink(capture);
	unlink(proof);
	return problem ? 1 : 0;
}
