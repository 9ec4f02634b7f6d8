/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/recover.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/capture_file.h>
#include <wiretape/writer/missing.h>
#include <wiretape/writer/new_file.h>
#include <wiretape/writer/tape_reader.h>
#include <wiretape/writer/torn.h>

enum {
	HEAD_BYTES = sizeof(struct wt_pcapng_block),
	LENGTH_BYTES = 4,
	MISSING_BYTES_MAX = 8 << 20, /* readers refuse blocks of more than 16 MiB */
	COPY_BYTES = 1 << 20,
};

struct wt_recovery {
	int fd;
	char *path;
	struct wt_recover_report report;
	struct wt_recover_hole *holes;
	struct wt_torn *torn; /* for each hole: the chunk in which it begins; bytes is 0 if none */
	size_t hole_room;
	/* Of a tape: */
	bool swapped;
	struct wt_chunk_run run; /* as it is behind the last good chunk */
	size_t without_after;    /* holes before this one know the stamps behind them */
	bool last_is_end;        /* the last chunk has the closing statistics */
	bool ends_in_hole;       /* the last hole begins in the last chunk */
	bool *accounted;         /* interfaces that a chunk has statistics of */
	uint32_t interfaces;
};

/* ---- looking at a tape ---- */

/* What decoding a chunk has shown. */
struct chunk_contents {
	uint32_t accounted; /* interfaces with statistics */
	bool is_mark;       /* says that the recording was not closed */
	/* An earlier repair's block at its end, behind what was kept: */
	uint64_t hole_bytes;
	uint64_t hole_packets;
};

static void note_statistics(struct wt_recovery *recovery, uint32_t interface_id,
                            struct chunk_contents *contents)
{
	if (interface_id >= recovery->interfaces || recovery->accounted[interface_id])
		return;
	recovery->accounted[interface_id] = true;
	contents->accounted++;
}

static void note_missing(const struct wt_pcapng_item *item, struct wt_recovery *recovery,
                         struct chunk_contents *contents)
{
	struct wt_missing missing;

	if (!wt_missing_parse(item->body, item->body_bytes, &missing))
		return;
	if (missing.what == WT_MISSING_NOT_CLOSED) {
		contents->is_mark = true;
		recovery->report.tail_packets = missing.packets;
		return;
	}
	contents->hole_bytes = item->bytes;
	contents->hole_packets = missing.packets;
}

/* Whether all of a chunk's blocks can be read. */
static bool decode_chunk(struct wt_recovery *recovery, struct wt_tape_reader *reader,
                         const struct wt_chunk_index *index, const uint8_t *bytes,
                         struct chunk_contents *contents)
{
	struct wt_pcapng_item item;
	size_t at = 0;
	int rc;

	*contents = (struct chunk_contents){0};
	memset(recovery->accounted, 0, recovery->interfaces * sizeof(*recovery->accounted));
	while ((rc = wt_tape_reader_decode(reader, index, bytes, &at, &item, NULL)) > 0) {
		contents->hole_bytes = contents->hole_packets = 0;
		if (item.kind == WT_ITEM_STATISTICS)
			note_statistics(recovery, item.statistics.interface_id, contents);
		else if (item.block_type == WT_PCAPNG_MISSING)
			note_missing(&item, recovery, contents);
	}
	return rc == 0;
}

static int grow_holes(struct wt_recovery *recovery)
{
	size_t room = recovery->hole_room ? recovery->hole_room * 2 : 16;
	struct wt_recover_hole *holes = realloc(recovery->holes, room * sizeof(*holes));
	struct wt_torn *torn;

	if (!holes)
		return -ENOMEM;
	recovery->holes = holes;
	recovery->report.holes = holes;
	torn = realloc(recovery->torn, room * sizeof(*torn));
	if (!torn)
		return -ENOMEM;
	recovery->torn = torn;
	recovery->hole_room = room;
	return 0;
}

/* A hole behind what has been taken so far. `torn` may be NULL. */
static int add_hole(struct wt_recovery *recovery, uint64_t offset, uint64_t bytes, uint64_t packets,
                    const struct wt_torn *torn, struct wt_error *err)
{
	size_t at = recovery->report.hole_count;

	if (at == recovery->hole_room && grow_holes(recovery))
		return wt_error_set(err, -ENOMEM, "no memory for the list of holes");
	recovery->holes[at] = (struct wt_recover_hole){
	        .offset = offset,
	        .bytes = bytes,
	        .packets = packets,
	        .has_after = recovery->report.has_last,
	        .after_ns = recovery->report.last_ns,
	};
	recovery->torn[at] = torn ? *torn : (struct wt_torn){0};
	recovery->report.hole_count++;
	recovery->report.missing_packets += packets;
	return 0;
}

static uint32_t to_order(uint32_t value, bool swapped)
{
	return swapped ? __builtin_bswap32(value) : value;
}

static int read_exactly(int fd, void *into, size_t bytes, uint64_t offset)
{
	ssize_t got;

	do
		got = pread(fd, into, bytes, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return (size_t)got == bytes ? 0 : -ENODATA;
}

/* Whether the block at `offset` is one that repair has put there; its length, and what it
 * says. */
static bool read_missing_block(const struct wt_recovery *recovery, uint64_t offset, uint64_t end,
                               uint32_t *bytes, struct wt_missing *missing)
{
	uint8_t head[HEAD_BYTES + WT_MISSING_TEXT_BYTES];
	uint32_t words[2], again;

	if (read_exactly(recovery->fd, head, sizeof(head), offset))
		return false;
	memcpy(words, head, sizeof(words));
	*bytes = to_order(words[1], recovery->swapped);
	if (to_order(words[0], recovery->swapped) != WT_PCAPNG_MISSING || !*bytes ||
	    *bytes % WT_CHUNK_ALIGNMENT || *bytes > MISSING_BYTES_MAX || *bytes > end - offset)
		return false;
	if (read_exactly(recovery->fd, &again, sizeof(again), offset + *bytes - LENGTH_BYTES) ||
	    to_order(again, recovery->swapped) != *bytes)
		return false;
	return wt_missing_parse(head + HEAD_BYTES, WT_MISSING_TEXT_BYTES, missing);
}

/* Whether an earlier repair has closed the hole, all of it, and with the same count. */
static bool is_closed(const struct wt_recovery *recovery, uint64_t at, uint64_t end,
                      uint64_t hole_packets)
{
	struct wt_missing missing;
	uint64_t packets = 0;
	uint32_t bytes;

	for (; at < end; at += bytes) {
		if (!read_missing_block(recovery, at, end, &bytes, &missing) ||
		    missing.what == WT_MISSING_NOT_CLOSED)
			return false;
		if (__builtin_add_overflow(packets, missing.packets, &packets))
			return false;
	}
	return packets == hole_packets;
}

/* The last chunk ends in a hole: true if that one goes on up to the chunk of `next`. */
static bool extend_hole(struct wt_recovery *recovery, const struct wt_chunk_index *next,
                        uint64_t packets, bool closed)
{
	struct wt_recover_hole *hole = &recovery->holes[recovery->report.hole_count - 1];

	if (hole->closed && (packets || !closed))
		return false;
	hole->bytes = next->offset - hole->offset;
	hole->packets += packets;
	recovery->report.missing_packets += packets;
	return true;
}

/* Between the last good chunk and that of `next`. */
static int note_hole(struct wt_recovery *recovery, const struct wt_chunk_index *next,
                     struct wt_error *err)
{
	uint64_t packets = next->packets_before - recovery->run.packets;
	uint64_t offset = recovery->run.offset;
	bool closed = is_closed(recovery, offset, next->offset, packets);
	int rc;

	if (recovery->ends_in_hole && extend_hole(recovery, next, packets, closed))
		return 0;
	if (next->offset == offset)
		return 0;
	rc = add_hole(recovery, offset, next->offset - offset, packets, NULL, err);
	if (!rc)
		recovery->holes[recovery->report.hole_count - 1].closed = closed;
	return rc;
}

/* The first stamps behind the holes that have none yet. */
static void note_stamps(struct wt_recovery *recovery, const struct wt_chunk_index *index)
{
	if (!index->packets)
		return;
	for (; recovery->without_after < recovery->report.hole_count; recovery->without_after++) {
		recovery->holes[recovery->without_after].has_before = true;
		recovery->holes[recovery->without_after].before_ns = index->min_ns;
	}
	recovery->report.has_last = true;
	recovery->report.last_ns = index->max_ns;
}

/* Where the file goes on behind a chunk of `bytes` bytes, behind which `missing` packets are. */
static void advance(struct wt_recovery *recovery, const struct wt_chunk_index *index,
                    uint32_t bytes, uint64_t missing)
{
	recovery->run = (struct wt_chunk_run){
	        .tape_id = index->tape_id,
	        .offset = index->offset + bytes,
	        .packets = index->packets_before + index->packets + missing,
	        .max_so_far_ns = index->max_so_far_ns,
	        .reach_back_ns = index->reach_back_ns,
	        .number = index->number,
	};
	recovery->report.packets += index->packets;
	recovery->report.chunks++;
}

/* The hole that an earlier repair has left at the end of a chunk. */
static int note_hole_inside(struct wt_recovery *recovery, const struct chunk_contents *contents,
                            struct wt_error *err)
{
	struct wt_recover_hole *hole;
	int rc = add_hole(recovery, recovery->run.offset - contents->hole_bytes,
	                  contents->hole_bytes, contents->hole_packets, NULL, err);

	if (rc)
		return rc;
	hole = &recovery->holes[recovery->report.hole_count - 1];
	hole->in_chunk = hole->closed = true;
	return 0;
}

static int take_chunk(struct wt_recovery *recovery, const struct wt_chunk_index *index,
                      const struct chunk_contents *contents, struct wt_error *err)
{
	int rc = note_hole(recovery, index, err);

	if (rc)
		return rc;
	note_stamps(recovery, index);
	advance(recovery, index, index->chunk_bytes, contents->hole_packets);
	recovery->ends_in_hole = contents->hole_bytes != 0;
	recovery->last_is_end = !index->packets && recovery->interfaces &&
	                        contents->accounted == recovery->interfaces &&
	                        !recovery->ends_in_hole;
	recovery->report.was_marked = contents->is_mark;
	if (!contents->is_mark)
		recovery->report.tail_packets = 0;
	return recovery->ends_in_hole ? note_hole_inside(recovery, contents, err) : 0;
}

/* What is kept of a chunk that was written in part. The hole behind it goes up to the next
 * chunk, once there is one. */
static int take_torn(struct wt_recovery *recovery, const struct wt_torn *torn, struct wt_error *err)
{
	const struct wt_chunk_index *index = &torn->index;
	uint32_t bytes = wt_torn_chunk_bytes(torn);
	int rc = note_hole(recovery, index, err);

	if (rc)
		return rc;
	note_stamps(recovery, index);
	advance(recovery, index, bytes, torn->missing_packets);
	recovery->ends_in_hole = true;
	recovery->last_is_end = false;
	recovery->report.was_marked = false;
	recovery->report.tail_packets = 0;
	recovery->report.part_chunks++;
	recovery->report.part_packets += torn->packets;
	recovery->report.part_missing += torn->missing_packets;
	rc = add_hole(recovery, index->offset + torn->bytes, bytes - torn->bytes,
	              torn->missing_packets, torn, err);
	if (!rc)
		recovery->holes[recovery->report.hole_count - 1].in_chunk = true;
	return rc;
}

/* A chunk that is torn still says how many packets there were up to its end. */
static void note_torn(struct wt_recovery *recovery, const struct wt_chunk_index *index)
{
	uint64_t packets;

	if (__builtin_add_overflow(index->packets_before, index->packets, &packets) ||
	    packets < recovery->run.packets)
		return;
	packets -= recovery->run.packets;
	if (packets > recovery->report.tail_packets)
		recovery->report.tail_packets = packets;
}

/* What it says has to fit what was read before it. `missing` packets are behind it. */
static bool follows(const struct wt_recovery *recovery, const struct wt_chunk_index *index,
                    uint64_t missing)
{
	uint64_t packets;

	return index->packets_before >= recovery->run.packets &&
	       index->number > recovery->run.number && index->number != UINT32_MAX &&
	       !__builtin_add_overflow(index->packets_before, index->packets, &packets) &&
	       !__builtin_add_overflow(packets, missing, &packets);
}

/* Can something be kept of a chunk that is not good? Then it is taken: 1; 0 if not. */
static int try_torn(struct wt_recovery *recovery, struct wt_tape_reader *reader,
                    const struct wt_chunk_index *index, struct wt_error *err)
{
	struct wt_torn torn;
	int rc = follows(recovery, index, 0) ? wt_torn_look(reader, index, &torn, err) : 0;

	if (rc > 0) {
		rc = take_torn(recovery, &torn, err);
		return rc ? rc : 1;
	}
	if (!rc)
		note_torn(recovery, index);
	return rc;
}

/* Is the chunk of `index` good, or its start? Then it is taken: 1; 0 if not. */
static int try_chunk(struct wt_recovery *recovery, struct wt_tape_reader *reader,
                     const struct wt_chunk_index *index, struct wt_error *err)
{
	uint64_t tail_packets = recovery->report.tail_packets;
	struct chunk_contents contents;
	const uint8_t *bytes;
	int rc = wt_tape_reader_chunk(reader, index, &bytes, err);

	if (rc < 0)
		return rc;
	if (rc && decode_chunk(recovery, reader, index, bytes, &contents) &&
	    follows(recovery, index, contents.hole_packets)) {
		rc = take_chunk(recovery, index, &contents, err);
		return rc ? rc : 1;
	}
	recovery->report.tail_packets = tail_packets;
	return try_torn(recovery, reader, index, err);
}

static int walk_tape(struct wt_recovery *recovery, struct wt_tape_reader *reader,
                     struct wt_error *err)
{
	uint64_t at = recovery->run.offset, size = recovery->report.size_bytes;
	struct wt_chunk_index index;
	int rc;

	while (at < size && (rc = wt_tape_reader_find(reader, at, size, &index, err)) != 0) {
		if (rc > 0)
			rc = try_chunk(recovery, reader, &index, err);
		if (rc < 0)
			return rc;
		/* Where a chunk is torn, the next one may be anywhere behind its first page. */
		at = rc ? recovery->run.offset : index.offset + WT_CHUNK_ALIGNMENT;
	}
	return 0;
}

static int look_at_tape(struct wt_recovery *recovery, struct wt_tape_reader *reader,
                        struct wt_error *err)
{
	struct wt_recover_report *report = &recovery->report;
	size_t first_bytes;
	int rc;

	wt_tape_reader_first_chunk(reader, &first_bytes);
	recovery->swapped = wt_tape_reader_swapped(reader);
	recovery->interfaces = wt_tape_reader_interfaces(reader);
	recovery->accounted = calloc(recovery->interfaces + 1, sizeof(*recovery->accounted));
	if (!recovery->accounted)
		return wt_error_set(err, -ENOMEM, "no memory for its interfaces");
	wt_chunk_run_init(&recovery->run, wt_tape_reader_tape_id(reader), first_bytes);
	report->is_tape = true;
	report->format = "wiretape recording";
	rc = walk_tape(recovery, reader, err);
	if (rc)
		return rc;
	report->keep_bytes = recovery->run.offset;
	if (report->size_bytes > report->keep_bytes)
		report->cut_bytes = report->size_bytes - report->keep_bytes;
	report->was_closed = recovery->last_is_end && !report->cut_bytes;
	report->needs_repair = report->cut_bytes || !(report->was_closed || report->was_marked);
	for (size_t i = 0; i < report->hole_count; i++)
		report->needs_repair |= !recovery->holes[i].closed;
	return 0;
}

/* ---- looking at other files ---- */

static int look_at_other(struct wt_recovery *recovery, struct wt_error *err)
{
	struct wt_recover_report *report = &recovery->report;
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc = wt_capture_file_open(&file, recovery->path, err);

	if (rc)
		return rc;
	report->format = wt_capture_format_name(wt_capture_file_format(file));
	while ((rc = wt_capture_file_next(file, &item, &report->why)) > 0)
		report->packets += item.kind == WT_ITEM_PACKET;
	report->ended = rc;
	report->keep_bytes = wt_capture_file_offset(file);
	wt_capture_file_close(file);
	if (rc && rc != -ENODATA && rc != -EBADMSG && rc != -ENOTSUP)
		return wt_error_set(err, rc, "%s", report->why.text);
	if (!report->keep_bytes)
		return wt_error_set(err, -EBADMSG, "nothing of it can be kept: %s",
		                    report->why.text);
	if (report->keep_bytes > report->size_bytes)
		return wt_error_set(err, -EBUSY, "it grows: something is writing it now");
	report->cut_bytes = report->size_bytes - report->keep_bytes;
	report->needs_repair = report->cut_bytes != 0;
	return 0;
}

/* ---- opening ---- */

static int look(struct wt_recovery *recovery, struct wt_error *err)
{
	struct wt_tape_reader *reader;
	int rc = wt_tape_reader_open_fd(&reader, recovery->fd, 0, err);

	if (rc == -ENOTSUP)
		return look_at_other(recovery, err);
	if (rc)
		return rc;
	rc = look_at_tape(recovery, reader, err);
	wt_tape_reader_close(reader);
	return rc;
}

/* The recorder holds a lock on the file that it writes. */
static int lock(const struct wt_recovery *recovery, struct wt_error *err)
{
	int code;

	if (!flock(recovery->fd, LOCK_EX | LOCK_NB))
		return 0;
	code = -errno;
	if (code == -EWOULDBLOCK)
		return wt_error_set(err, -EBUSY,
		                    "it is being recorded now: stop the recorder, then it needs no "
		                    "repair");
	/* A file system without locks has no recorder that holds one. */
	return 0;
}

static int open_file(struct wt_recovery *recovery, bool change, struct wt_error *err)
{
	struct stat status;
	int code;

	recovery->fd = open(recovery->path, (change ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	code = -errno;
	if (recovery->fd < 0)
		return wt_error_set(err, code, "cannot open it%s: %s", change ? " for writing" : "",
		                    strerror(-code));
	if (fstat(recovery->fd, &status) || !S_ISREG(status.st_mode))
		return wt_error_set(err, -EINVAL, "not a regular file: only those can be repaired");
	recovery->report.size_bytes = (uint64_t)status.st_size;
	return lock(recovery, err);
}

int wt_recover_open(struct wt_recovery **recovery, const char *path, bool change,
                    struct wt_error *err)
{
	struct wt_recovery *opened = calloc(1, sizeof(*opened));
	int rc;

	if (!opened)
		return wt_error_set(err, -ENOMEM, "no memory to open it");
	opened->fd = -1;
	opened->path = strdup(path);
	rc = opened->path ? open_file(opened, change, err)
	                  : wt_error_set(err, -ENOMEM, "no memory to open it");
	if (!rc)
		rc = look(opened, err);
	if (rc) {
		wt_recover_close(opened);
		return rc;
	}
	*recovery = opened;
	return 0;
}

const struct wt_recover_report *wt_recover_report(const struct wt_recovery *recovery)
{
	return &recovery->report;
}

void wt_recover_close(struct wt_recovery *recovery)
{
	if (!recovery)
		return;
	if (recovery->fd >= 0)
		close(recovery->fd);
	free(recovery->path);
	free(recovery->holes);
	free(recovery->torn);
	free(recovery->accounted);
	free(recovery);
}

/* ---- the changes ---- */

static void put_u32(uint8_t *at, uint32_t value, bool swapped)
{
	value = to_order(value, swapped);
	memcpy(at, &value, sizeof(value));
}

static void write_step(struct wt_recover_step *step, uint64_t offset, size_t length)
{
	step->kind = WT_RECOVER_WRITE;
	step->offset = offset;
	step->length = length;
}

/* Of the block at `in_hole`: it ends on a multiple of 4096, and with the chunk in which the
 * hole begins. */
static uint32_t missing_block_bytes(const struct wt_recovery *recovery, size_t number,
                                    uint64_t in_hole)
{
	const struct wt_recover_hole *hole = &recovery->holes[number];
	uint32_t before = in_hole ? 0 : recovery->torn[number].bytes;
	uint32_t most = MISSING_BYTES_MAX - before % WT_CHUNK_ALIGNMENT;
	uint64_t left = hole->bytes - in_hole;

	if (most > WT_CHUNK_BYTES_MAX - before)
		most = WT_CHUNK_BYTES_MAX - before;
	return left < most ? (uint32_t)left : most;
}

/* The start of a block in a hole: its lengths' first, and the text. */
static void head_step(const struct wt_recovery *recovery, size_t number, uint64_t in_hole,
                      struct wt_recover_step *step)
{
	const struct wt_recover_hole *hole = &recovery->holes[number];
	uint32_t bytes = missing_block_bytes(recovery, number, in_hole);
	const struct wt_missing missing = {
	        .what = in_hole ? WT_MISSING_CONTINUED : WT_MISSING_HOLE,
	        .packets = in_hole ? 0 : hole->packets,
	        .bytes = hole->bytes,
	        .has_after = hole->has_after,
	        .has_before = hole->has_before,
	        .after_ns = hole->after_ns,
	        .before_ns = hole->before_ns,
	};

	put_u32(step->bytes, WT_PCAPNG_MISSING, recovery->swapped);
	put_u32(step->bytes + LENGTH_BYTES, bytes, recovery->swapped);
	wt_missing_format((char *)step->bytes + HEAD_BYTES, &missing);
	write_step(step, hole->offset + in_hole, HEAD_BYTES + WT_MISSING_TEXT_BYTES);
}

static void tail_step(const struct wt_recovery *recovery, size_t number, uint64_t in_hole,
                      struct wt_recover_step *step)
{
	uint32_t bytes = missing_block_bytes(recovery, number, in_hole);

	put_u32(step->bytes, bytes, recovery->swapped);
	write_step(step, recovery->holes[number].offset + in_hole + bytes - LENGTH_BYTES,
	           LENGTH_BYTES);
}

/* The fields of an index are of different widths, each to be turned round by itself. */
static void swap_index(uint8_t *index)
{
	static const uint8_t widths[] = {4, 4, 4, 4, 4, 4, 8, 4, 4, 4, 4, 4, 4,
	                                 8, 8, 8, 8, 8, 8, 8, 4, 4, 4, 2, 2, 4};

	for (size_t i = 0; i < sizeof(widths); index += widths[i], i++)
		for (size_t j = 0; j < widths[i] / 2u; j++) {
			uint8_t byte = index[j];

			index[j] = index[widths[i] - 1 - j];
			index[widths[i] - 1 - j] = byte;
		}
}

/* The chunk that is kept in part, with the missing block at its end, becomes whole. */
static void index_step(const struct wt_recovery *recovery, size_t number,
                       struct wt_recover_step *step)
{
	const struct wt_torn *torn = &recovery->torn[number];
	struct wt_chunk_index index = torn->index;

	index.chunk_bytes = torn->bytes + missing_block_bytes(recovery, number, 0);
	index.used_bytes = index.flags & WT_CHUNK_IN_PLACE ? torn->bytes : index.chunk_bytes;
	memset(step->bytes, 0, WT_CHUNK_INDEX_BYTES);
	memcpy(step->bytes, &index, sizeof(index));
	if (recovery->swapped)
		swap_index(step->bytes);
	/* Its second length is there, perhaps not at once behind. */
	write_step(step, index.offset, sizeof(index));
}

/* The last chunk: one page that says that the recording has no end. */
static void mark_step(const struct wt_recovery *recovery, struct wt_recover_step *step)
{
	const struct wt_recover_report *report = &recovery->report;
	const struct wt_missing missing = {
	        .what = WT_MISSING_NOT_CLOSED,
	        .packets = report->tail_packets,
	        .bytes = report->cut_bytes,
	        .has_after = report->has_last,
	        .after_ns = report->last_ns,
	};
	const uint32_t block_bytes = WT_CHUNK_ALIGNMENT - WT_CHUNK_INDEX_BYTES;
	uint8_t *block = step->bytes + WT_CHUNK_INDEX_BYTES;
	struct wt_chunk_run run = recovery->run;
	struct wt_chunk_packets none;

	memset(step->bytes, 0, sizeof(step->bytes));
	wt_chunk_packets_init(&none);
	wt_chunk_seal(step->bytes, WT_CHUNK_ALIGNMENT, WT_CHUNK_INDEX_BYTES, &none, 0, &run);
	if (recovery->swapped)
		swap_index(step->bytes);
	put_u32(block, WT_PCAPNG_MISSING, recovery->swapped);
	put_u32(block + LENGTH_BYTES, block_bytes, recovery->swapped);
	wt_missing_format((char *)block + HEAD_BYTES, &missing);
	put_u32(block + block_bytes - LENGTH_BYTES, block_bytes, recovery->swapped);
	write_step(step, report->keep_bytes, WT_CHUNK_ALIGNMENT);
}

static bool needs_mark(const struct wt_recover_report *report)
{
	return report->is_tape && !report->was_closed && !report->was_marked;
}

enum stage { HEADS = 0, HEADS_SYNC, TAILS, TAILS_SYNC, INDEXES, MARK, LAST_SYNC, CUT, CUT_SYNC };

/* One write for each block of each hole, or one for each hole that begins in a chunk. */
static bool next_hole_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                           struct wt_recover_step *step)
{
	size_t count = recovery->report.hole_count;

	for (; cursor->hole < count; cursor->hole++, cursor->in_hole = 0) {
		const struct wt_recover_hole *hole = &recovery->holes[cursor->hole];
		uint64_t at = cursor->in_hole;

		if (hole->closed || at == hole->bytes ||
		    (cursor->stage == INDEXES && !recovery->torn[cursor->hole].bytes))
			continue;
		cursor->in_hole += missing_block_bytes(recovery, cursor->hole, at);
		if (cursor->stage == HEADS)
			head_step(recovery, cursor->hole, at, step);
		else if (cursor->stage == TAILS)
			tail_step(recovery, cursor->hole, at, step);
		else
			index_step(recovery, cursor->hole, step);
		if (cursor->stage == INDEXES)
			cursor->in_hole = hole->bytes;
		return true;
	}
	return false;
}

/* Whether the stage has a step, or another one. */
static bool next_stage_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                            struct wt_recover_step *step)
{
	bool mark = needs_mark(&recovery->report);

	switch ((enum stage)cursor->stage) {
	case HEADS:
	case TAILS:
	case INDEXES:
		return next_hole_step(recovery, cursor, step);
	case HEADS_SYNC:
	case TAILS_SYNC:
		/* Only a chunk that is kept in part needs an order: a block's second length alone
		 * could complete one of its packets, and the index makes all of it good. */
		step->kind = WT_RECOVER_SYNC;
		return !cursor->begun && recovery->report.part_chunks;
	case LAST_SYNC: /* what is to stay is on the disk before the rest goes */
	case CUT_SYNC:
		step->kind = WT_RECOVER_SYNC;
		return !cursor->begun;
	case MARK:
		if (!cursor->begun && mark)
			mark_step(recovery, step);
		return !cursor->begun && mark;
	case CUT:
		step->kind = WT_RECOVER_CUT;
		step->offset = recovery->report.keep_bytes + (mark ? WT_CHUNK_ALIGNMENT : 0);
		return !cursor->begun;
	}
	return false;
}

bool wt_recover_next_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step)
{
	while (recovery->report.needs_repair && cursor->stage <= CUT_SYNC) {
		if (next_stage_step(recovery, cursor, step)) {
			cursor->begun = true;
			return true;
		}
		*cursor = (struct wt_recover_cursor){.stage = cursor->stage + 1};
	}
	return false;
}

static int write_exactly(int fd, const uint8_t *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t put = pwrite(fd, bytes + done, length - done, (off_t)(offset + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

static int do_step(int fd, const struct wt_recover_step *step, struct wt_error *err)
{
	int code = 0;

	switch (step->kind) {
	case WT_RECOVER_WRITE:
		code = write_exactly(fd, step->bytes, step->length, step->offset);
		break;
	case WT_RECOVER_SYNC:
		code = fdatasync(fd) ? -errno : 0;
		break;
	case WT_RECOVER_CUT:
		code = ftruncate(fd, (off_t)step->offset) ? -errno : 0;
		break;
	}
	return code ? wt_error_set(err, code,
	                           "cannot write the repair: %s; the file can be repaired again",
	                           strerror(-code))
	            : 0;
}

static int do_steps(const struct wt_recovery *recovery, int fd, struct wt_error *err)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;
	int rc = 0;

	while (!rc && wt_recover_next_step(recovery, &cursor, &step))
		rc = do_step(fd, &step, err);
	return rc;
}

int wt_recover_apply(struct wt_recovery *recovery, struct wt_error *err)
{
	return do_steps(recovery, recovery->fd, err);
}

/* ---- the copy ---- */

/* Where the file systems cannot do it among themselves. */
static int copy_through(int from, int to, uint64_t offset, uint64_t end)
{
	uint8_t *buffer = malloc(COPY_BYTES);
	int rc = buffer ? 0 : -ENOMEM;

	while (!rc && offset < end) {
		size_t bytes = end - offset < COPY_BYTES ? (size_t)(end - offset) : COPY_BYTES;

		rc = read_exactly(from, buffer, bytes, offset);
		if (!rc)
			rc = write_exactly(to, buffer, bytes, offset);
		offset += bytes;
	}
	free(buffer);
	return rc;
}

static int copy_range(int from, int to, uint64_t offset, uint64_t end)
{
	while (offset < end) {
		loff_t in = (loff_t)offset, out = (loff_t)offset;
		ssize_t done = copy_file_range(from, &in, to, &out, (size_t)(end - offset), 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return copy_through(from, to, offset, end);
		offset += (uint64_t)done;
	}
	return 0;
}

/* Chunks keep their places, which their indexes name; the holes stay holes of the disk. */
static int copy_good(const struct wt_recovery *recovery, int to)
{
	uint64_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < recovery->report.hole_count && !rc; i++) {
		const struct wt_recover_hole *hole = &recovery->holes[i];

		if (hole->closed)
			continue;
		rc = copy_range(recovery->fd, to, at, hole->offset);
		at = hole->offset + hole->bytes;
	}
	return rc ? rc : copy_range(recovery->fd, to, at, recovery->report.keep_bytes);
}

int wt_recover_copy(struct wt_recovery *recovery, const char *path, mode_t mode,
                    struct wt_error *err)
{
	struct wt_new_file file;
	struct stat status;
	int rc;

	if (!fstat(recovery->fd, &status) && wt_new_file_is_same(path, &status))
		return wt_error_set(err, -EINVAL,
		                    "'%s' is the file itself; without -w it is repaired in place",
		                    path);
	rc = wt_new_file_open(&file, path, mode, err);
	if (rc)
		return rc;
	if (file.is_stream) {
		rc = wt_error_set(err, -EINVAL, "'%s' is no regular file, which a copy has to be",
		                  path);
	} else {
		rc = copy_good(recovery, file.fd);
		if (rc)
			wt_error_set(err, rc, "cannot copy to '%s': %s", path, strerror(-rc));
	}
	if (!rc)
		rc = do_steps(recovery, file.fd, err);
	if (rc) {
		wt_new_file_abandon(&file);
		return rc;
	}
	return wt_new_file_commit(&file, err);
}
