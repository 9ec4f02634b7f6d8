/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/mend.h"
#include "support/powerloss_disk.h"
#include "support/recording.h"
#include "support/seeds.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/archive/repair/recover.h>
#include <wiretape/pcapng/chunk.h>

/* What the recorder had written when the power went, or when it was killed, is repaired:
 * everything that a sync had covered is there, and what is missing is said. */

enum { SEEDS = SEEDS_OF(150), DISK_SEEDS = 3 };

static struct recording recording;
static char image_path[160];

static void set_up(void)
{
	recording_init(&recording, RECORDING_IN_MEMORY);
	snprintf(image_path, sizeof(image_path), "%s/image", recording.folder);
}

static void tear_down(void)
{
	recording_fini(&recording);
}

TestSuite(recorder_powerloss, .init = set_up, .fini = tear_down);

static const enum wt_placement layouts[] = {WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT,
                                            WT_PLACEMENT_AUTO};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static void record(enum wt_placement layout, uint32_t disk_seed, bool sync)
{
	recording.disk = powerloss_disk_open(disk_seed);
	cr_assert(recording.disk != NULL);
	/* Every other time with clock blocks, and packets that say more of their stamps. */
	recording_add(&recording,
	              disk_seed % 2 ? "sim:count=3000,pps=20000,size=400,ppm=50,offset=37000000000"
	                            : "sim:count=3000,pps=20000,size=400",
	              64 << 20);
	if (disk_seed % 2)
		recording.interfaces[0].stamp = WT_STAMP_HW;
	/* Small blocks, of which some survive whole, and so many that none is dropped. */
	recording.interfaces[0].retire_timeout_ms = 1;
	recording.output.layout = layout;
	recording.direct = WT_DIRECT_OFF;
	recording.config.statistics_every_ns = 5000000;
	if (sync) {
		recording.output.sync = WT_SYNC_INTERVAL;
		recording.output.sync_every_ns = 5000000;
	}
	cr_assert(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	cr_assert(eq(u64, recording.report.total.written, 3000));
	cr_assert(recording_judge(&recording) == NULL, "%s", recording.wrong);
	cr_assert(eq(int, recording.check.clocks > 0, disk_seed % 2));
}

/* Follows the sequence numbers: each gap has to be announced. */
static struct {
	uint64_t next;
	uint64_t announced;
	const char *wrong;
} sequence;

static void follow(void *context, const struct wt_pcapng_item *item)
{
	uint64_t number = file_check_sequence(item);

	(void)context;
	if (number != sequence.next + sequence.announced)
		sequence.wrong = number < sequence.next ? "a packet comes twice or late"
		                                        : "packets are missing silently";
	sequence.next = number + 1;
	sequence.announced = 0;
}

static void note_missing(void *context, const struct wt_gap_block *missing)
{
	(void)context;
	if (missing->what != WT_GAP_BLOCK_NOT_CLOSED)
		sequence.announced += missing->packets;
}

static void write_image(const uint8_t *bytes, size_t length)
{
	int fd = open(image_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(i64, write(fd, bytes, length), (int64_t)length));
	close(fd);
}

/* Repair it twice; the second time there is nothing to do. */
static int repair(uint32_t seed)
{
	struct wt_recovery *recovery;
	struct wt_error err;
	int rc = wt_recover_open(&recovery, image_path, true, &err);

	if (rc)
		return rc;
	rc = mend(recovery, image_path, &err);
	cr_assert(eq(int, rc, 0), "seed %u: %s", seed, err.text);
	wt_recover_close(recovery);
	cr_assert(eq(int, wt_recover_open(&recovery, image_path, true, &err), 0), "seed %u: %s",
	          seed, err.text);
	cr_expect(not(wt_recover_report(recovery)->needs_repair), "seed %u: a second repair", seed);
	wt_recover_close(recovery);
	return 0;
}

static void count_packet(void *context, const struct wt_pcapng_item *item)
{
	(void)item;
	++*(uint64_t *)context;
}

/* The packets of the first `length` bytes of what was recorded: whole chunks. */
static uint64_t packets_in(const uint8_t *bytes, size_t length)
{
	uint64_t count = 0;
	struct file_check check = {.on_packet = count_packet, .context = &count};

	cr_assert(eq(int, file_check_bytes(&check, bytes, length), 0), "%s", check.why);
	return count;
}

/* Packets in the image of a crash, of which `whole` packets have to be there. */
static uint64_t expect_repaired(uint32_t seed, uint64_t whole, struct file_check *check)
{
	*check = (struct file_check){.on_packet = follow, .on_missing = note_missing};
	memset(&sequence, 0, sizeof(sequence));
	/* The simulation counts from 1. */
	sequence.next = 1;
	cr_assert(eq(int, file_check_path(check, image_path), 0), "seed %u: %s", seed, check->why);
	cr_expect(sequence.wrong == NULL, "seed %u: %s", seed, sequence.wrong);
	cr_expect(check->all_packets >= whole, "seed %u: %" PRIu64 " of %" PRIu64, seed,
	          check->all_packets, whole);
	return check->all_packets;
}

static void cut_power(enum wt_placement layout, bool sync)
{
	uint64_t holes = 0, lost = 0, covered_most = 0;

	for (uint32_t disk_seed = 1; disk_seed <= DISK_SEEDS; disk_seed++, tear_down(), set_up()) {
		size_t written;
		uint8_t *all;

		record(layout, disk_seed, sync);
		all = file_check_read(recording.path, &written);
		for (uint32_t seed = 1; seed <= SEEDS; seed++) {
			struct file_check check;
			uint8_t *bytes;
			size_t length, covered;
			int rc;

			covered = powerloss_image(recording.disk, seed, &bytes, &length);
			write_image(bytes, length);
			free(bytes);
			rc = repair(seed);
			/* Without the header there is nothing to repair. */
			if (rc && !covered)
				continue;
			cr_assert(eq(int, rc, 0), "seed %u, %zu covered", seed, covered);
			expect_repaired(seed, covered ? packets_in(all, covered) : 0, &check);
			holes += check.missing > 0;
			lost += check.all_packets < 3000;
			if (covered > covered_most)
				covered_most = covered;
		}
		free(all);
	}
	/* Of a large chunk some page is always missing. */
	cr_expect(lost > 0 && (holes > 0 || layout == WT_PLACEMENT_COMPACT),
	          "the cuts did not cut");
	cr_expect(sync == (covered_most > 0));
}

Test(recorder_powerloss, synced_chunks_outlive_a_power_cut_in_place)
{
	cut_power(WT_PLACEMENT_INPLACE, true);
}

Test(recorder_powerloss, synced_chunks_outlive_a_power_cut_compactly)
{
	cut_power(WT_PLACEMENT_COMPACT, true);
}

Test(recorder_powerloss, gaps_are_never_silent_without_any_sync)
{
	cut_power(WT_PLACEMENT_AUTO, false);
}

/* The packets of all chunks that are whole, wherever they are. */
static uint64_t packets_of_chunks(const uint8_t *bytes, size_t length)
{
	struct wt_chunk_index index;
	uint64_t packets = 0;

	for (size_t at = 0; at < length; at += WT_CHUNK_ALIGNMENT)
		if (wt_chunk_parse(bytes + at, length - at, at, false, &index) &&
		    wt_chunk_is_whole(bytes + at, length - at, false, &index))
			packets += index.packets;
	return packets;
}

static void kill_recorder(uint32_t seed)
{
	struct file_check check;
	uint64_t packets;
	uint8_t *bytes;
	size_t length, prefix;
	int rc;

	prefix = powerloss_kill_image(recording.disk, seed, &bytes, &length);
	packets = packets_of_chunks(bytes, length);
	write_image(bytes, length);
	free(bytes);
	rc = repair(seed);
	if (rc && !prefix)
		return;
	cr_assert(eq(int, rc, 0), "seed %u, %zu there", seed, prefix);
	cr_expect(eq(u64, expect_repaired(seed, packets, &check), packets), "seed %u", seed);
	cr_expect(check.bytes >= length, "seed %u: %" PRIu64 " of %zu bytes", seed, check.bytes,
	          length);
}

Test(recorder_powerloss, killed_recorder_leaves_every_chunk_that_was_complete)
{
	for (int i = 0; i < LAYOUTS; i++, tear_down(), set_up()) {
		record(layouts[i], 5 + (uint32_t)i, false);
		for (uint32_t seed = 1; seed <= SEEDS; seed++)
			kill_recorder(seed);
	}
}
