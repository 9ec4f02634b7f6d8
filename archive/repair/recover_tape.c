/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/recover_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/archive/repair/partial_chunk.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/writer/chunk_file.h>
#include <wiretape/writer/pcapng_find.h>

enum {
	HEAD_BYTES = sizeof(struct wt_pcapng_block),
	LENGTH_BYTES = 4,
	MISSING_BYTES_MAX = 8 << 20, /* readers refuse blocks of more than 16 MiB */
	/* Limit of bytes read, per byte of the file plus a constant. */
	BUDGET_TIMES = 8,
	BUDGET_BYTES = 4 << 20,
};

struct recover_tape {
	int fd;
	uint64_t base; /* in the file */
	uint64_t end;  /* limit of the tape, from there */
	bool searched; /* for what follows: */
	bool has_next; /* a section of somebody else, at `end` */
	struct wt_file_view view;
	struct wt_recover_report report;
	struct wt_recover_hole *holes;
	struct wt_partial_chunk
	        *partial; /* for each hole: the chunk in which it begins; bytes is 0 if none */
	size_t hole_room;
	bool swapped;
	struct wt_chunk_run run; /* as it is after the last good chunk */
	size_t without_after;    /* holes before this one know the stamps after them */
	bool last_is_end;        /* the last chunk has the closing statistics */
	uint64_t mark_bytes;     /* that the last mark says were cut off */
	bool ends_in_hole;       /* the last hole begins in the last chunk */
	bool *accounted;         /* interfaces that a chunk has statistics of */
	uint32_t interfaces;
};

/* Findings from decoding a chunk. */
struct chunk_contents {
	uint32_t accounted; /* interfaces with statistics */
	bool is_mark;       /* says that the recording was not closed */
	/* An earlier repair's block at its end, after what was kept: */
	uint64_t hole_bytes;
	uint64_t hole_packets;
};

static void note_statistics(struct recover_tape *tape, uint32_t interface_id,
                            struct chunk_contents *contents)
{
	if (interface_id >= tape->interfaces || tape->accounted[interface_id])
		return;
	tape->accounted[interface_id] = true;
	contents->accounted++;
}

static void note_missing(const struct wt_pcapng_item *item, struct recover_tape *tape,
                         struct chunk_contents *contents)
{
	struct wt_gap_block missing;

	if (!wt_gap_block_parse(item->body, item->body_bytes, &missing))
		return;
	if (missing.what == WT_GAP_BLOCK_NOT_CLOSED) {
		contents->is_mark = true;
		tape->mark_bytes = missing.bytes;
		tape->report.tail_packets = missing.packets;
		return;
	}
	contents->hole_bytes = item->bytes;
	contents->hole_packets = missing.packets;
}

/* Whether all of a chunk's blocks can be read. */
static bool decode_chunk(struct recover_tape *tape, struct wt_chunk_file *reader,
                         const struct wt_chunk_index *index, const uint8_t *bytes,
                         struct chunk_contents *contents)
{
	struct wt_pcapng_item item;
	size_t at = 0;
	int rc;

	*contents = (struct chunk_contents){0};
	memset(tape->accounted, 0, tape->interfaces * sizeof(*tape->accounted));
	while ((rc = wt_chunk_file_decode(reader, index, bytes, &at, &item, NULL)) > 0) {
		contents->hole_bytes = contents->hole_packets = 0;
		if (item.kind == WT_ITEM_STATISTICS)
			note_statistics(tape, item.statistics.interface_id, contents);
		else if (item.block_type == WT_PCAPNG_GAP)
			note_missing(&item, tape, contents);
	}
	return rc == 0;
}

static int grow_holes(struct recover_tape *tape)
{
	size_t room = tape->hole_room ? tape->hole_room * 2 : 16;
	struct wt_recover_hole *holes = realloc(tape->holes, room * sizeof(*holes));
	struct wt_partial_chunk *partial;

	if (!holes)
		return -ENOMEM;
	tape->holes = holes;
	tape->report.holes = holes;
	partial = realloc(tape->partial, room * sizeof(*partial));
	if (!partial)
		return -ENOMEM;
	tape->partial = partial;
	tape->hole_room = room;
	return 0;
}

/* Add a hole after the chunks taken so far. `partial` may be NULL. */
static int add_hole(struct recover_tape *tape, uint64_t offset, uint64_t bytes, uint64_t packets,
                    const struct wt_partial_chunk *partial, struct wt_error *err)
{
	size_t at = tape->report.hole_count;

	if (at == tape->hole_room && grow_holes(tape))
		return wt_error_set(err, -ENOMEM, "no memory for the list of holes");
	tape->holes[at] = (struct wt_recover_hole){
	        .offset = offset,
	        .bytes = bytes,
	        .packets = packets,
	        .has_after = tape->report.has_last,
	        .after_ns = tape->report.last_ns,
	};
	tape->partial[at] = partial ? *partial : (struct wt_partial_chunk){0};
	tape->report.hole_count++;
	tape->report.missing_packets += packets;
	return 0;
}

static uint32_t to_order(uint32_t value, bool swapped)
{
	return swapped ? __builtin_bswap32(value) : value;
}

/* Whether a repair has put the block at `offset` there; its length and content. */
static bool read_missing_block(const struct recover_tape *tape, uint64_t offset, uint64_t end,
                               uint32_t *bytes, struct wt_gap_block *missing)
{
	uint8_t head[HEAD_BYTES + WT_GAP_BLOCK_TEXT_BYTES];
	uint32_t words[2], again;

	if (wt_recover_read(tape->fd, head, sizeof(head), tape->base + offset))
		return false;
	memcpy(words, head, sizeof(words));
	*bytes = to_order(words[1], tape->swapped);
	if (to_order(words[0], tape->swapped) != WT_PCAPNG_GAP || !*bytes ||
	    *bytes % WT_CHUNK_ALIGNMENT || *bytes > MISSING_BYTES_MAX || *bytes > end - offset)
		return false;
	if (wt_recover_read(tape->fd, &again, sizeof(again),
	                    tape->base + offset + *bytes - LENGTH_BYTES) ||
	    to_order(again, tape->swapped) != *bytes)
		return false;
	return wt_gap_block_parse(head + HEAD_BYTES, WT_GAP_BLOCK_TEXT_BYTES, missing);
}

/* Whether an earlier repair has closed the hole, all of it, and with the same count. */
static bool is_closed(const struct recover_tape *tape, uint64_t at, uint64_t end,
                      uint64_t hole_packets)
{
	struct wt_gap_block missing;
	uint64_t packets = 0;
	uint32_t bytes;

	for (; at < end; at += bytes) {
		if (!read_missing_block(tape, at, end, &bytes, &missing) ||
		    missing.what == WT_GAP_BLOCK_NOT_CLOSED)
			return false;
		if (__builtin_add_overflow(packets, missing.packets, &packets))
			return false;
	}
	return packets == hole_packets;
}

/* Extend the hole at the end of the last chunk: true if it reaches the chunk of `next`. */
static bool extend_hole(struct recover_tape *tape, const struct wt_chunk_index *next,
                        uint64_t packets, bool closed)
{
	struct wt_recover_hole *hole = &tape->holes[tape->report.hole_count - 1];

	if (hole->closed && (packets || !closed))
		return false;
	hole->bytes = next->offset - hole->offset;
	hole->packets += packets;
	tape->report.missing_packets += packets;
	return true;
}

/* Note the hole between the last good chunk and that of `next`. */
static int note_hole(struct recover_tape *tape, const struct wt_chunk_index *next,
                     struct wt_error *err)
{
	uint64_t packets = next->packets_before - tape->run.packets;
	uint64_t offset = tape->run.offset;
	bool closed = is_closed(tape, offset, next->offset, packets);
	int rc;

	if (tape->ends_in_hole && extend_hole(tape, next, packets, closed))
		return 0;
	if (next->offset == offset)
		return 0;
	rc = add_hole(tape, offset, next->offset - offset, packets, NULL, err);
	if (!rc)
		tape->holes[tape->report.hole_count - 1].closed = closed;
	return rc;
}

/* Give holes without one the first stamp after them. */
static void note_stamps(struct recover_tape *tape, const struct wt_chunk_index *index)
{
	if (!index->packets)
		return;
	for (; tape->without_after < tape->report.hole_count; tape->without_after++) {
		tape->holes[tape->without_after].has_before = true;
		tape->holes[tape->without_after].before_ns = index->min_ns;
	}
	tape->report.has_last = true;
	tape->report.last_ns = index->max_ns;
}

/* Advance past a chunk of `bytes` bytes and the `missing` packets after it. */
static void advance(struct recover_tape *tape, const struct wt_chunk_index *index, uint32_t bytes,
                    uint64_t missing)
{
	tape->run = (struct wt_chunk_run){
	        .tape_id = index->tape_id,
	        .offset = index->offset + bytes,
	        .packets = index->packets_before + index->packets + missing,
	        .max_so_far_ns = index->max_so_far_ns,
	        .reach_back_ns = index->reach_back_ns,
	        .number = index->number,
	};
	tape->report.packets += index->packets;
	tape->report.chunks++;
}

/* Note the hole that an earlier repair has left at the end of a chunk. */
static int note_hole_inside(struct recover_tape *tape, const struct chunk_contents *contents,
                            struct wt_error *err)
{
	struct wt_recover_hole *hole;
	int rc = add_hole(tape, tape->run.offset - contents->hole_bytes, contents->hole_bytes,
	                  contents->hole_packets, NULL, err);

	if (rc)
		return rc;
	hole = &tape->holes[tape->report.hole_count - 1];
	hole->in_chunk = hole->closed = true;
	return 0;
}

static int take_chunk(struct recover_tape *tape, const struct wt_chunk_index *index,
                      const struct chunk_contents *contents, struct wt_error *err)
{
	int rc = note_hole(tape, index, err);

	if (rc)
		return rc;
	note_stamps(tape, index);
	advance(tape, index, index->chunk_bytes, contents->hole_packets);
	tape->ends_in_hole = contents->hole_bytes != 0;
	tape->last_is_end = !index->packets && tape->interfaces &&
	                    contents->accounted == tape->interfaces && !tape->ends_in_hole;
	tape->report.was_marked = contents->is_mark;
	if (!contents->is_mark)
		tape->report.tail_packets = 0;
	return tape->ends_in_hole ? note_hole_inside(tape, contents, err) : 0;
}

/* Take the kept part of a half-written chunk. The hole after it reaches up to the next chunk, once
 * there is one. */
static int take_partial(struct recover_tape *tape, const struct wt_partial_chunk *partial,
                        struct wt_error *err)
{
	const struct wt_chunk_index *index = &partial->index;
	uint32_t bytes = wt_partial_chunk_bytes(partial);
	int rc = note_hole(tape, index, err);

	if (rc)
		return rc;
	note_stamps(tape, index);
	advance(tape, index, bytes, partial->missing_packets);
	tape->ends_in_hole = true;
	tape->last_is_end = false;
	tape->report.was_marked = false;
	tape->report.tail_packets = 0;
	tape->report.part_chunks++;
	tape->report.part_packets += partial->packets;
	tape->report.part_missing += partial->missing_packets;
	rc = add_hole(tape, index->offset + partial->bytes, bytes - partial->bytes,
	              partial->missing_packets, partial, err);
	if (!rc)
		tape->holes[tape->report.hole_count - 1].in_chunk = true;
	return rc;
}

/* A chunk that is partial still says how many packets there were up to its end. */
static void note_partial(struct recover_tape *tape, const struct wt_chunk_index *index)
{
	uint64_t packets;

	if (__builtin_add_overflow(index->packets_before, index->packets, &packets) ||
	    packets < tape->run.packets)
		return;
	packets -= tape->run.packets;
	if (packets > tape->report.tail_packets)
		tape->report.tail_packets = packets;
}

/* Whether an index fits those read before it, and leaves a number for the mark. */
static bool follows(const struct recover_tape *tape, const struct wt_chunk_index *index,
                    const struct chunk_contents *contents)
{
	uint64_t packets;

	return index->packets_before >= tape->run.packets && index->number > tape->run.number &&
	       (index->number != UINT32_MAX || contents->is_mark) &&
	       !__builtin_add_overflow(index->packets_before, index->packets, &packets) &&
	       !__builtin_add_overflow(packets, contents->hole_packets, &packets);
}

/* Take the good part of a damaged chunk: 1; 0 if there is none. */
static int try_partial(struct recover_tape *tape, struct wt_chunk_file *reader,
                       const struct wt_chunk_index *index, struct wt_error *err)
{
	const struct chunk_contents none = {0};
	struct wt_partial_chunk partial;
	int rc = follows(tape, index, &none) ? wt_partial_chunk_look(reader, index, &partial, err)
	                                     : 0;

	if (rc > 0) {
		rc = take_partial(tape, &partial, err);
		return rc ? rc : 1;
	}
	if (!rc)
		note_partial(tape, index);
	return rc;
}

/* Find a foreign section at the end of the last chunk or after it. It bounds the recording, and is
 * looked for once in each piece of the file. */
static int find_end(struct recover_tape *tape, uint64_t at, struct wt_error *err)
{
	struct wt_pcapng_find found;
	int rc;

	if (tape->has_next || (tape->searched && tape->end >= at))
		return 0;
	if (wt_pcapng_find_is_section(&tape->view, tape->base + at)) {
		tape->searched = tape->has_next = true;
		tape->end = at;
		return 0;
	}
	tape->searched = true;
	rc = wt_pcapng_find_section(&tape->view, tape->base + at, &found);
	if (rc < 0)
		return wt_error_set(err, rc, "cannot read it: %s", strerror(-rc));
	tape->has_next = rc > 0;
	tape->end = rc ? found.offset - tape->base : tape->view.end - tape->base;
	return 0;
}

/* Accept the chunk of `index`, or its intact start: 1; 0 if neither. */
static int try_chunk(struct recover_tape *tape, struct wt_chunk_file *reader,
                     const struct wt_chunk_index *index, struct wt_error *err)
{
	uint64_t tail_packets = tape->report.tail_packets;
	struct chunk_contents contents;
	const uint8_t *bytes;
	int rc = wt_chunk_file_chunk(reader, index, &bytes, err);

	if (rc < 0)
		return rc;
	if (rc && decode_chunk(tape, reader, index, bytes, &contents) &&
	    follows(tape, index, &contents)) {
		rc = take_chunk(tape, index, &contents, err);
		/* The supposed section after it is bytes of one of its blocks. */
		if (!rc && tape->run.offset > tape->end) {
			tape->searched = tape->has_next = false;
			rc = find_end(tape, tape->run.offset, err);
		}
		return rc ? rc : 1;
	}
	tape->report.tail_packets = tail_packets;
	/* Something else may have taken its place. */
	rc = find_end(tape, index->offset + index->total_length, err);
	return rc ? rc : try_partial(tape, reader, index, err);
}

static bool is_index_at(struct recover_tape *tape, struct wt_chunk_file *reader, uint64_t at,
                        struct wt_chunk_index *index, struct wt_error *err, int *rc)
{
	*rc = wt_chunk_file_find(reader, at, at + 1, index, err);
	return *rc > 0 && index->offset == at && index->offset < tape->end;
}

static int walk_tape(struct recover_tape *tape, struct wt_chunk_file *reader, struct wt_error *err)
{
	/* A chunk that is not whole is read twice, and pages are looked at once more to find it. */
	const uint64_t budget = BUDGET_TIMES * (tape->end + BUDGET_BYTES);
	uint64_t at = tape->run.offset;
	struct wt_chunk_index index;
	int rc;

	while (at < tape->end) {
		if (!is_index_at(tape, reader, at, &index, err, &rc) && rc >= 0) {
			rc = find_end(tape, at, err);
			if (!rc && at < tape->end)
				rc = wt_chunk_file_find(reader, at, tape->end, &index, err);
			if (!rc)
				return 0;
		}
		if (rc > 0)
			rc = try_chunk(tape, reader, &index, err);
		if (rc < 0)
			return rc;
		if (wt_chunk_file_bytes_read(reader) > budget)
			return wt_error_set(
			        err, -ELOOP,
			        "its indexes contradict each other too often for it to be "
			        "judged");
		/* After a partial chunk the next may be anywhere beyond its first page. */
		at = rc ? tape->run.offset : index.offset + WT_CHUNK_ALIGNMENT;
	}
	return 0;
}

/* Whether the bytes after the last chunk are a crash's or an interrupted repair's: none, or chunks
 * whose first page may be unwritten. */
static bool is_crash_tail(struct recover_tape *tape, struct wt_chunk_file *reader)
{
	const uint64_t at = tape->base + tape->run.offset;
	const uint64_t data = wt_file_view_skip_zeros(&tape->view, at);
	struct wt_chunk_index index;

	if (data == tape->view.end || data - at >= WT_CHUNK_ALIGNMENT || tape->ends_in_hole)
		return true;
	if (tape->report.was_marked &&
	    tape->mark_bytes == tape->report.cut_bytes + WT_CHUNK_ALIGNMENT)
		return true;
	return wt_chunk_file_find(reader, tape->run.offset, tape->end, &index, NULL) > 0;
}

static void conclude(struct recover_tape *tape, struct wt_chunk_file *reader)
{
	struct wt_recover_report *report = &tape->report;
	bool has_open_hole = false;

	report->size_bytes = tape->end;
	report->keep_bytes = tape->run.offset;
	if (report->size_bytes > report->keep_bytes)
		report->cut_bytes = report->size_bytes - report->keep_bytes;
	report->was_closed = tape->last_is_end && !report->cut_bytes;
	for (size_t i = 0; i < report->hole_count; i++)
		has_open_hole |= !tape->holes[i].closed;
	report->needs_repair = has_open_hole || report->cut_bytes ||
	                       !(report->was_closed || report->was_marked || tape->has_next);
	if (!report->needs_repair)
		return;
	report->way = WT_RECOVER_IN_PLACE;
	if (tape->has_next || report->was_closed ||
	    (report->cut_bytes && !is_crash_tail(tape, reader)))
		report->way = WT_RECOVER_COPY;
	/* The end is there; the copy leaves out the bytes after it. */
	report->was_closed |= report->way == WT_RECOVER_COPY && tape->last_is_end;
	if (report->way == WT_RECOVER_COPY)
		wt_error_set(&report->why, -EBADMSG, "%s",
		             tape->has_next      ? "it is damaged, and a section follows it"
		             : report->cut_bytes ? "what follows its last chunk is not of it"
		                                 : "it was closed, and parts of it are missing");
}

static int look_at_chunks(struct recover_tape *tape, struct wt_chunk_file *reader,
                          struct wt_error *err)
{
	struct wt_recover_report *report = &tape->report;
	size_t first_bytes;
	int rc;

	wt_chunk_file_first_chunk(reader, &first_bytes);
	tape->swapped = wt_chunk_file_swapped(reader);
	tape->interfaces = wt_chunk_file_interfaces(reader);
	tape->accounted = calloc(tape->interfaces + 1, sizeof(*tape->accounted));
	if (!tape->accounted || wt_file_view_init(&tape->view, tape->fd, tape->base + tape->end))
		return wt_error_set(err, -ENOMEM, "no memory to look at it");
	wt_chunk_run_init(&tape->run, wt_chunk_file_tape_id(reader), first_bytes);
	report->has_chunks = true;
	report->format = "wiretape recording";
	rc = walk_tape(tape, reader, err);
	if (!rc)
		rc = find_end(tape, tape->run.offset, err);
	if (!rc)
		conclude(tape, reader);
	report->bytes_read = wt_chunk_file_bytes_read(reader) + tape->view.bytes_read;
	return rc;
}

int wt_recover_tape_look(struct recover_tape **tape, int fd, uint64_t base, uint64_t file_bytes,
                         struct wt_error *err)
{
	struct recover_tape *looked;
	struct wt_chunk_file *reader;
	int rc = wt_chunk_file_open_fd(&reader, fd, base, err);

	if (rc)
		return rc;
	looked = calloc(1, sizeof(*looked));
	if (looked) {
		looked->fd = fd;
		looked->base = base;
		looked->end = file_bytes - base;
	}
	rc = looked ? look_at_chunks(looked, reader, err)
	            : wt_error_set(err, -ENOMEM, "no memory to look at it");
	wt_chunk_file_close(reader);
	if (rc)
		wt_recover_tape_free(looked);
	else
		*tape = looked;
	return rc;
}

const struct wt_recover_report *wt_recover_tape_report(const struct recover_tape *tape)
{
	return &tape->report;
}

void wt_recover_tape_free(struct recover_tape *tape)
{
	if (!tape)
		return;
	wt_file_view_fini(&tape->view);
	free(tape->holes);
	free(tape->partial);
	free(tape->accounted);
	free(tape);
}

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

/* Size of the block at `in_hole`: it ends on a multiple of 4096, and with the chunk that the hole
 * begins in. */
static uint32_t missing_block_bytes(const struct recover_tape *tape, size_t number,
                                    uint64_t in_hole)
{
	const struct wt_recover_hole *hole = &tape->holes[number];
	uint32_t before = in_hole ? 0 : tape->partial[number].bytes;
	uint32_t most = MISSING_BYTES_MAX - before % WT_CHUNK_ALIGNMENT;
	uint64_t left = hole->bytes - in_hole;

	if (most > WT_CHUNK_BYTES_MAX - before)
		most = WT_CHUNK_BYTES_MAX - before;
	return left < most ? (uint32_t)left : most;
}

/* Write the start of a block in a hole: its first length, and the text. */
static void head_step(const struct recover_tape *tape, size_t number, uint64_t in_hole,
                      struct wt_recover_step *step)
{
	const struct wt_recover_hole *hole = &tape->holes[number];
	uint32_t bytes = missing_block_bytes(tape, number, in_hole);
	const struct wt_gap_block missing = {
	        .what = in_hole ? WT_GAP_BLOCK_CONTINUED : WT_GAP_BLOCK_HOLE,
	        .packets = in_hole ? 0 : hole->packets,
	        .bytes = hole->bytes,
	        .has_after = hole->has_after,
	        .has_before = hole->has_before,
	        .after_ns = hole->after_ns,
	        .before_ns = hole->before_ns,
	};

	put_u32(step->bytes, WT_PCAPNG_GAP, tape->swapped);
	put_u32(step->bytes + LENGTH_BYTES, bytes, tape->swapped);
	wt_gap_block_format((char *)step->bytes + HEAD_BYTES, &missing);
	write_step(step, hole->offset + in_hole, HEAD_BYTES + WT_GAP_BLOCK_TEXT_BYTES);
}

static void tail_step(const struct recover_tape *tape, size_t number, uint64_t in_hole,
                      struct wt_recover_step *step)
{
	uint32_t bytes = missing_block_bytes(tape, number, in_hole);

	put_u32(step->bytes, bytes, tape->swapped);
	write_step(step, tape->holes[number].offset + in_hole + bytes - LENGTH_BYTES, LENGTH_BYTES);
}

/* Swap an index field by field: their widths differ. */
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

/* Make the chunk kept in part whole, with the missing block at its end. */
static void index_step(const struct recover_tape *tape, size_t number, struct wt_recover_step *step)
{
	const struct wt_partial_chunk *partial = &tape->partial[number];
	struct wt_chunk_index index = partial->index;

	index.chunk_bytes = partial->bytes + missing_block_bytes(tape, number, 0);
	index.used_bytes = index.flags & WT_CHUNK_IN_PLACE ? partial->bytes : index.chunk_bytes;
	memset(step->bytes, 0, WT_CHUNK_INDEX_BYTES);
	memcpy(step->bytes, &index, sizeof(index));
	if (tape->swapped)
		swap_index(step->bytes);
	/* Its second length is in place already, perhaps further on. */
	write_step(step, index.offset, sizeof(index));
}

/* Write the last chunk: one page that marks the recording as not closed. */
static void mark_step(const struct recover_tape *tape, struct wt_recover_step *step)
{
	const struct wt_recover_report *report = &tape->report;
	const struct wt_gap_block missing = {
	        .what = WT_GAP_BLOCK_NOT_CLOSED,
	        .packets = report->tail_packets,
	        .bytes = report->cut_bytes,
	        .has_after = report->has_last,
	        .after_ns = report->last_ns,
	};
	const uint32_t block_bytes = WT_CHUNK_ALIGNMENT - WT_CHUNK_INDEX_BYTES;
	uint8_t *block = step->bytes + WT_CHUNK_INDEX_BYTES;
	struct wt_chunk_run run = tape->run;
	struct wt_chunk_packets none;

	memset(step->bytes, 0, sizeof(step->bytes));
	wt_chunk_packets_init(&none);
	wt_chunk_seal(step->bytes, WT_CHUNK_ALIGNMENT, WT_CHUNK_INDEX_BYTES, &none, 0, &run);
	if (tape->swapped)
		swap_index(step->bytes);
	put_u32(block, WT_PCAPNG_GAP, tape->swapped);
	put_u32(block + LENGTH_BYTES, block_bytes, tape->swapped);
	wt_gap_block_format((char *)block + HEAD_BYTES, &missing);
	put_u32(block + block_bytes - LENGTH_BYTES, block_bytes, tape->swapped);
	write_step(step, report->keep_bytes, WT_CHUNK_ALIGNMENT);
}

static bool needs_mark(const struct wt_recover_report *report)
{
	return report->has_chunks && !report->was_closed && !report->was_marked;
}

enum stage { HEADS = 0, HEADS_SYNC, TAILS, TAILS_SYNC, INDEXES, MARK, LAST_SYNC, CUT, CUT_SYNC };

/* One write for each block of each hole, or one for each hole that begins in a chunk. */
static bool next_hole_step(const struct recover_tape *tape, struct wt_recover_cursor *cursor,
                           struct wt_recover_step *step)
{
	size_t count = tape->report.hole_count;

	for (; cursor->hole < count; cursor->hole++, cursor->in_hole = 0) {
		const struct wt_recover_hole *hole = &tape->holes[cursor->hole];
		uint64_t at = cursor->in_hole;

		if (hole->closed || at == hole->bytes ||
		    (cursor->stage == INDEXES && !tape->partial[cursor->hole].bytes))
			continue;
		cursor->in_hole += missing_block_bytes(tape, cursor->hole, at);
		if (cursor->stage == HEADS)
			head_step(tape, cursor->hole, at, step);
		else if (cursor->stage == TAILS)
			tail_step(tape, cursor->hole, at, step);
		else
			index_step(tape, cursor->hole, step);
		if (cursor->stage == INDEXES)
			cursor->in_hole = hole->bytes;
		return true;
	}
	return false;
}

/* Whether the stage has a step, or another one. */
static bool next_stage_step(const struct recover_tape *tape, struct wt_recover_cursor *cursor,
                            struct wt_recover_step *step)
{
	bool mark = needs_mark(&tape->report);

	switch ((enum stage)cursor->stage) {
	case HEADS:
	case TAILS:
	case INDEXES:
		return next_hole_step(tape, cursor, step);
	case HEADS_SYNC:
	case TAILS_SYNC:
		/* Only a chunk that is kept in part needs an order: a block's second length alone
		 * could complete one of its packets, and the index makes all of it good. */
		step->kind = WT_RECOVER_SYNC;
		return !cursor->begun && tape->report.part_chunks;
	case LAST_SYNC: /* the kept part is on the disk before the rest goes */
	case CUT_SYNC:
		step->kind = WT_RECOVER_SYNC;
		return !cursor->begun;
	case MARK:
		if (!cursor->begun && mark)
			mark_step(tape, step);
		return !cursor->begun && mark;
	case CUT:
		step->kind = WT_RECOVER_CUT;
		step->offset = tape->report.keep_bytes + (mark ? WT_CHUNK_ALIGNMENT : 0);
		return !cursor->begun;
	}
	return false;
}

bool wt_recover_tape_step(const struct recover_tape *tape, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step)
{
	while (tape->report.needs_repair && cursor->stage <= CUT_SYNC) {
		if (next_stage_step(tape, cursor, step)) {
			cursor->begun = true;
			return true;
		}
		*cursor = (struct wt_recover_cursor){.stage = cursor->stage + 1};
	}
	return false;
}

/* Chunks keep their places, which their indexes name; the holes stay holes of the disk. */
int wt_recover_tape_copy(const struct recover_tape *tape, int to, uint64_t offset)
{
	uint64_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < tape->report.hole_count && !rc; i++) {
		const struct wt_recover_hole *hole = &tape->holes[i];

		if (hole->closed)
			continue;
		rc = wt_recover_copy_range(tape->fd, tape->base + at, tape->base + hole->offset, to,
		                           offset + at);
		at = hole->offset + hole->bytes;
	}
	return rc ? rc
	          : wt_recover_copy_range(tape->fd, tape->base + at,
	                                  tape->base + tape->report.keep_bytes, to, offset + at);
}
