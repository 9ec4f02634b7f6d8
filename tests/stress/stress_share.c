/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/capture/recorder/recorder_share.h>

/* Lanes take packets in portions of any size, and go on to the next file wherever one is full: each
 * file has exactly as many as it may, and so has the recording. Beside them files are announced
 * that are not full, as those of a time are. */

enum { LANES = 4, FILES = 2000, FILE_PACKETS = 777, REST = 333 };

static struct wt_recorder_share share;
static _Atomic uint64_t in_file[100 * FILES]; /* added by all, read when they have ended */
static _Atomic uint64_t wakes;

static void count_wake(void *context)
{
	(void)context;
	atomic_fetch_add(&wakes, 1);
}

struct lane {
	pthread_t thread;
	unsigned seed;
	bool impatient; /* goes on to the next file before it is full, too */
	uint64_t packets, files;
	bool is_wrong;
};

static void go_on(struct lane *lane, uint64_t *file)
{
	struct wt_share_time time;

	wt_recorder_share_announce(&share, *file, (int64_t)*file + 1, (int64_t)*file + 1);
	(*file)++;
	lane->files++;
	time = wt_recorder_share_begun(&share, *file);
	lane->is_wrong |= time.utc_ns != time.monotonic_ns || time.utc_ns < (int64_t)*file;
}

static void *run(void *argument)
{
	struct lane *lane = argument;
	enum wt_record_end end;
	uint64_t file = 1, taken;

	while (!wt_recorder_share_has_ended(&share, &end)) {
		uint64_t wanted = 1 + (uint64_t)rand_r(&lane->seed) % 200;

		if (rand_r(&lane->seed) % 4)
			taken = wt_recorder_share_take(&share, file, wanted);
		else
			taken = wt_recorder_share_take_all(&share, file, wanted) ? wanted : 0;
		lane->packets += taken;
		atomic_fetch_add(&in_file[file], taken);
		if (wt_recorder_share_is_full(&share))
			wt_recorder_share_end(&share, WT_END_PACKETS);
		else if (wt_recorder_share_is_over(&share, file) ||
		         (lane->impatient && rand_r(&lane->seed) % 8 == 0))
			go_on(lane, &file);
	}
	return NULL;
}

/* Files that were gone on from early have fewer. */
static const char *judge_files(bool impatient)
{
	uint64_t full = 0;

	for (size_t i = 1; i < sizeof(in_file) / sizeof(in_file[0]); i++) {
		if (in_file[i] > FILE_PACKETS)
			return "a file has more packets than it may";
		full += in_file[i] == FILE_PACKETS;
	}
	/* The last one may be passed over for a block that the recording did not take. */
	if (!impatient && full + 1 < FILES)
		return "not all files are full";
	return NULL;
}

static int run_lanes(const char *name, bool impatient)
{
	struct lane lanes[LANES] = {0};
	const uint64_t max = (uint64_t)FILES * FILE_PACKETS + REST;
	const char *problem;
	uint64_t packets = 0;

	for (size_t i = 0; i < sizeof(in_file) / sizeof(in_file[0]); i++)
		in_file[i] = 0;
	wakes = 0;
	wt_recorder_share_init(&share, max, FILE_PACKETS, count_wake, NULL);
	wt_recorder_share_begin(&share, 1, 1);
	for (unsigned i = 0; i < LANES; i++) {
		lanes[i].seed = i + 1;
		lanes[i].impatient = impatient && !i;
		if (pthread_create(&lanes[i].thread, NULL, run, &lanes[i])) {
			printf("SKIP: no threads\n");
			exit(77);
		}
	}
	for (unsigned i = 0; i < LANES; i++)
		pthread_join(lanes[i].thread, NULL);
	problem = judge_files(impatient);
	for (unsigned i = 0; i < LANES; i++) {
		packets += lanes[i].packets;
		if (lanes[i].is_wrong)
			problem = "a file's time is not its own";
	}
	if (packets != max)
		problem = "the recording has not exactly as many packets as were asked for";
	wt_recorder_share_fini(&share);
	printf("%s: %llu packets, woken %llu times: %s\n", name, (unsigned long long)packets,
	       (unsigned long long)wakes, problem ? problem : "ok");
	return problem != NULL;
}

int main(void)
{
	int rc = run_lanes("files of packets", false);

	return rc | run_lanes("and of time", true);
}
