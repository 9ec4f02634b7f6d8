/* SPDX-License-Identifier: BSD-2-Clause */
#include "powerloss_disk.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wiretape/writer/disk/disk_private.h>

enum { PAGE_BYTES = 4096, NEVER = UINT32_MAX };

/* A remembered request. Moments are numbered: one for every submission, one for its end. */
struct memory {
	enum wt_disk_op op;
	uint64_t offset;
	size_t length;
	uint8_t *bytes; /* of a write */
	uint32_t begun, ended;
	struct wt_disk_request *request; /* while it is in flight */
};

struct powerloss_disk {
	struct wt_disk disk;
	struct memory *log;
	size_t count, room;
	uint32_t now;
	uint32_t random; /* 0: in order */
};

static struct powerloss_disk *powerloss_of(struct wt_disk *disk)
{
	return (struct powerloss_disk *)disk;
}

/* xorshift32 */
static uint32_t draw(uint32_t *random, uint32_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 17;
	*random ^= *random << 5;
	return *random % below;
}

static int make_room(struct powerloss_disk *self)
{
	size_t room = self->room ? 2 * self->room : 64;
	struct memory *grown;

	if (self->count < self->room)
		return 0;
	grown = realloc(self->log, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	self->log = grown;
	self->room = room;
	return 0;
}

static int submit_powerloss(struct wt_disk *disk, struct wt_disk_request *request)
{
	struct powerloss_disk *self = powerloss_of(disk);
	uint8_t *bytes = NULL;

	if (make_room(self))
		abort();
	if (request->op == WT_DISK_WRITE) {
		bytes = malloc(request->length);
		if (!bytes)
			abort();
		memcpy(bytes, request->bytes, request->length);
	}
	self->log[self->count++] = (struct memory){
	        .op = request->op,
	        .offset = request->offset,
	        .length = request->length,
	        .bytes = bytes,
	        .begun = self->now++,
	        .ended = NEVER,
	        .request = request,
	};
	eventfd_write(disk->fd, 1);
	return 0;
}

/* List the indices of the requests in flight, oldest first. */
static uint32_t list_in_flight(const struct powerloss_disk *self, size_t *indices)
{
	uint32_t count = 0;

	for (size_t i = 0; i < self->count; i++)
		if (self->log[i].request)
			indices[count++] = i;
	return count;
}

static void end_one(struct powerloss_disk *self)
{
	size_t indices[WT_DISK_DEPTH];
	uint32_t count = list_in_flight(self, indices);
	struct memory *memory = &self->log[indices[self->random ? draw(&self->random, count) : 0]];
	struct wt_disk_request *request = memory->request;
	ssize_t result = 0;

	if (memory->op == WT_DISK_WRITE)
		result = pwrite(request->fd, request->bytes, request->length,
		                (off_t)request->offset);
	memory->ended = self->now++;
	memory->request = NULL;
	wt_disk_complete(&self->disk, request, result < 0 ? -errno : result, wt_disk_now_ns());
}

static int reap_powerloss(struct wt_disk *disk, bool wait)
{
	struct powerloss_disk *self = powerloss_of(disk);
	uint32_t ends = disk->in_flight;
	eventfd_t value;

	(void)wait;
	if (!ends)
		return 0;
	if (self->random)
		ends = 1 + draw(&self->random, ends);
	for (uint32_t i = 0; i < ends; i++)
		end_one(self);
	if (!disk->in_flight)
		eventfd_read(disk->fd, &value);
	return (int)ends;
}

static void close_powerloss(struct wt_disk *disk)
{
	struct powerloss_disk *self = powerloss_of(disk);

	for (size_t i = 0; i < self->count; i++)
		free(self->log[i].bytes);
	free(self->log);
	close(disk->fd);
	free(self);
}

struct wt_disk *powerloss_disk_open(uint32_t seed)
{
	static const struct wt_disk_ops ops = {
	        .name = "powerloss",
	        .submit = submit_powerloss,
	        .reap = reap_powerloss,
	        .close = close_powerloss,
	};
	struct powerloss_disk *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->disk.ops = &ops;
	self->disk.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->random = seed;
	return &self->disk;
}

/* Moment before which ended writes are covered: the start of a sync that ended by `moment`. Each
 * sync covers all that earlier ones did, so the last to begin decides. */
static uint32_t covered_before(const struct powerloss_disk *self, uint32_t moment)
{
	uint32_t before = 0;

	for (size_t i = 0; i < self->count; i++)
		if (self->log[i].op == WT_DISK_SYNC && self->log[i].ended < moment &&
		    self->log[i].begun > before)
			before = self->log[i].begun;
	return before;
}

struct cut {
	uint32_t moment, covered;
	uint32_t random; /* 0: everything survives */
	uint8_t *bytes;
	uint64_t room; /* the furthest end */
	uint64_t floor;
};

static void measure(const struct powerloss_disk *self, struct cut *cut)
{
	for (size_t i = 0; i < self->count && self->log[i].begun < cut->moment; i++) {
		const struct memory *memory = &self->log[i];
		uint64_t end = memory->offset + memory->length;

		if (memory->op == WT_DISK_SYNC)
			continue;
		if (end > cut->room)
			cut->room = end;
		if (memory->ended < cut->covered && end > cut->floor)
			cut->floor = end;
	}
}

static void apply(struct cut *cut, const struct memory *memory)
{
	bool covered = memory->ended < cut->covered;

	for (size_t at = 0; at < memory->length; at += PAGE_BYTES) {
		size_t part = memory->length - at < PAGE_BYTES ? memory->length - at : PAGE_BYTES;

		if (covered || !cut->random || draw(&cut->random, 2))
			memcpy(cut->bytes + memory->offset + at, memory->bytes + at, part);
	}
}

/* Length of the prefix that is covered without a gap. */
static size_t covered_prefix(const struct powerloss_disk *self, const struct cut *cut)
{
	uint64_t prefix = 0, before;

	do {
		before = prefix;
		for (size_t i = 0; i < self->count; i++) {
			const struct memory *memory = &self->log[i];

			if (memory->op == WT_DISK_WRITE && memory->ended < cut->covered &&
			    memory->offset <= prefix && memory->offset + memory->length > prefix)
				prefix = memory->offset + memory->length;
		}
	} while (prefix != before);
	return prefix;
}

static size_t draw_length(struct cut *cut)
{
	uint64_t pages = (cut->room - cut->floor + PAGE_BYTES - 1) / PAGE_BYTES;
	uint64_t length;

	if (!cut->random)
		return cut->room;
	length = cut->floor + PAGE_BYTES * (uint64_t)draw(&cut->random, (uint32_t)pages + 1);
	return length < cut->room ? length : cut->room;
}

size_t powerloss_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes, size_t *length)
{
	const struct powerloss_disk *self = (const struct powerloss_disk *)disk;
	/* Spread the seed, so that neighbouring ones differ in more than their last bits. */
	struct cut cut = {.moment = self->now, .random = seed * 2654435761u};

	if (cut.random)
		cut.moment = draw(&cut.random, self->now + 1);
	cut.covered = covered_before(self, cut.moment);
	measure(self, &cut);
	cut.bytes = calloc(1, cut.room + 1);
	if (!cut.bytes)
		abort();
	for (size_t i = 0; i < self->count && self->log[i].begun < cut.moment; i++)
		if (self->log[i].op == WT_DISK_WRITE)
			apply(&cut, &self->log[i]);
	*bytes = cut.bytes;
	*length = draw_length(&cut);
	return covered_prefix(self, &cut);
}

size_t powerloss_kill_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes,
                            size_t *length)
{
	const struct powerloss_disk *self = (const struct powerloss_disk *)disk;
	struct cut cut = {.moment = self->now, .random = seed * 2654435761u};

	if (cut.random)
		cut.moment = draw(&cut.random, self->now + 1);
	cut.covered = cut.moment;
	measure(self, &cut);
	cut.bytes = calloc(1, cut.room + 1);
	if (!cut.bytes)
		abort();
	for (size_t i = 0; i < self->count; i++)
		if (self->log[i].op == WT_DISK_WRITE && self->log[i].ended < cut.covered)
			apply(&cut, &self->log[i]);
	*bytes = cut.bytes;
	*length = cut.floor;
	return covered_prefix(self, &cut);
}
