/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/cli.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <wiretape/capture/readers/reader.h>

/* Packets that arrive on interfaces. */

enum {
	FRAMES = 64, /* looked at in one go */
	BLOCKS = 16, /* of one interface, before the next one's turn */
};
static const uint64_t ring_bytes = UINT64_C(64) << 20;
static const int64_t check_every_ns = 200000000;
static const int64_t drain_ns = 400000000; /* at most, for what is on its way in the ring */

struct face {
	struct wt_reader *reader;
	uint32_t number;
	bool ended;
};

struct looking {
	struct wt_feeds_source *source;
	struct wt_recogniser *recogniser;
	struct face faces[WT_FEEDS_INTERFACES];
	int count;
	uint64_t seen, taken;
	int failure;
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_simulated(const char *name)
{
	return !strcmp(name, "sim") || !strncmp(name, "sim:", 4);
}

static int open_face(struct looking *looking, const char *name)
{
	const struct wt_reader_config config = {
	        .kind = is_simulated(name) ? WT_READER_SIM : WT_READER_V3,
	        .interface = name,
	        .ring_bytes = ring_bytes,
	        .abort_writes = looking->source->stop,
	};
	struct face *face = &looking->faces[looking->count];
	struct wt_error err = {0};
	int rc = wt_reader_open(&face->reader, &config, &err);

	if (rc) {
		wt_cli_complain("%s", err.text);
		return rc;
	}
	looking->count++;
	face->number =
	        wt_recogniser_interface(looking->recogniser, wt_reader_info(face->reader)->name);
	return 0;
}

static int open_faces(struct looking *looking)
{
	struct wt_error err = {0};
	int rc = 0;

	for (int i = 0; i < looking->source->interface_count && !rc; i++)
		rc = open_face(looking, looking->source->interfaces[i]);
	for (int i = 0; i < looking->count && !rc; i++) {
		rc = wt_reader_start(looking->faces[i].reader, &err);
		if (rc)
			wt_cli_complain("%s", err.text);
	}
	return rc;
}

static void take_block(struct looking *looking, struct face *face, struct wt_block *block)
{
	uint16_t link_type = wt_reader_info(face->reader)->link_type;
	struct wt_ring *ring = wt_reader_ring(face->reader);
	struct wt_frame frames[FRAMES];
	size_t count;

	while ((count = wt_ring_read_frames(ring, block, frames, FRAMES))) {
		for (size_t i = 0; i < count; i++)
			wt_recogniser_frame(looking->recogniser, face->number, link_type,
			                    &frames[i], true);
		looking->taken += count;
	}
	wt_ring_release_block(ring, block);
}

/* Take some of what the ring holds; returns whether there was anything. */
static bool take_turn(struct looking *looking, struct face *face)
{
	struct wt_block block;
	int got = 0, blocks;

	for (blocks = 0; blocks < BLOCKS; blocks++) {
		got = wt_ring_next_block(wt_reader_ring(face->reader), &block);
		if (got <= 0)
			break;
		take_block(looking, face, &block);
	}
	if (got < 0 && got != -ENETDOWN)
		looking->failure = got;
	return blocks > 0;
}

static bool take_turns(struct looking *looking)
{
	bool any = false;

	for (int i = 0; i < looking->count; i++)
		any |= take_turn(looking, &looking->faces[i]);
	return any;
}

static void take_statistics(struct looking *looking)
{
	looking->seen = 0;
	looking->source->lost = 0;
	for (int i = 0; i < looking->count; i++) {
		struct wt_ring_statistics total;

		wt_reader_count(looking->faces[i].reader, &total);
		looking->seen += total.packets;
		looking->source->lost += total.drops;
	}
}

static void check_interface(struct looking *looking, struct face *face)
{
	int health = face->ended ? 0 : wt_reader_health(face->reader);

	if (!health || health == -ENETDOWN)
		return;
	face->ended = true;
	if (health == -ENODATA)
		return;
	wt_cli_complain("%s has gone; what came before is told",
	                wt_reader_info(face->reader)->name);
	looking->failure = health;
}

static bool all_ended(const struct looking *looking)
{
	for (int i = 0; i < looking->count; i++)
		if (!looking->faces[i].ended)
			return false;
	return true;
}

/* Wait; a signal ends it, or comes just before and is noticed afterwards. */
static void wait_for_packets(struct looking *looking, int64_t ns)
{
	struct pollfd polls[WT_FEEDS_INTERFACES];

	for (int i = 0; i < looking->count; i++)
		polls[i] = (struct pollfd){
		        .fd = looking->faces[i].ended ? -1 : wt_reader_fd(looking->faces[i].reader),
		        .events = POLLIN,
		};
	if (poll(polls, (nfds_t)looking->count, (int)(ns / 1000000 + 1)) <= 0)
		return;
	for (int i = 0; i < looking->count; i++)
		if (polls[i].revents)
			wt_reader_acknowledge_wakeup(looking->faces[i].reader);
}

/* Look until the time is over, a stop is requested, or nothing more can come. */
static void look(struct looking *looking)
{
	int64_t start_ns = monotonic_ns(), now_ns = start_ns, check_ns = start_ns;
	int64_t end_ns;

	if (__builtin_add_overflow(start_ns, looking->source->duration_ns, &end_ns))
		end_ns = INT64_MAX;
	while (now_ns < end_ns && !*looking->source->stop) {
		bool any = take_turns(looking);

		now_ns = monotonic_ns();
		if (now_ns >= check_ns) {
			check_ns = now_ns + check_every_ns;
			for (int i = 0; i < looking->count; i++)
				check_interface(looking, &looking->faces[i]);
		}
		if (!any && all_ended(looking))
			break;
		if (!any && now_ns < end_ns)
			wait_for_packets(looking, (check_ns < end_ns ? check_ns : end_ns) - now_ns);
	}
	looking->source->elapsed_ns = monotonic_ns() - start_ns;
}

/* A block that is not full is handed over only when its timeout ends. */
static void drain(struct looking *looking)
{
	int64_t end_ns = monotonic_ns() + drain_ns;

	for (int i = 0; i < looking->count; i++)
		wt_reader_stop(looking->faces[i].reader);
	take_statistics(looking);
	while (looking->taken + looking->source->lost < looking->seen && monotonic_ns() < end_ns)
		if (!take_turns(looking))
			wait_for_packets(looking, 10000000);
}

int wt_feeds_read_live(struct wt_feeds_source *source, struct wt_recogniser *recogniser)
{
	struct looking looking = {.source = source, .recogniser = recogniser};
	int rc = open_faces(&looking);

	if (!rc) {
		look(&looking);
		drain(&looking);
		rc = looking.failure;
	}
	for (int i = 0; i < looking.count; i++)
		wt_reader_close(looking.faces[i].reader);
	return rc;
}
