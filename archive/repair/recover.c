/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/recover_private.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/base/grow.h>
#include <wiretape/pcapng/pcapng_decode.h>
#include <wiretape/writer/files/new_file.h>

/* A recording, or a run of other sections, or a pcap file. */
struct part {
	uint64_t base, end;        /* in the file */
	struct recover_tape *tape; /* NULL: in `scan` */
	struct recover_scan scan;
};

struct wt_recovery {
	int fd;
	char *path;
	struct wt_recover_report report;
	struct wt_recover_hole *holes; /* of all parts */
	size_t hole_room;
	struct wt_recover_passed *passed; /* the same */
	size_t passed_room;
	struct part *parts;
	size_t part_count, part_room;
};

enum {
	/* Limit of bytes read, per byte of the file plus a constant: enough for any damage. */
	BUDGET_TIMES = 24,
	BUDGET_BYTES = 4 << 20,
	BARE_SECTION_BYTES = sizeof(struct wt_pcapng_shb) + 4,
};

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory to look at it");
}

/* Name the file's format, or refuse it. */
static int find_format(struct wt_recovery *recovery, bool *is_pcap, struct wt_error *err)
{
	struct wt_capture_file *file;
	int rc = wt_capture_file_open(&file, recovery->path, err);

	if (rc)
		return rc;
	*is_pcap = wt_capture_file_format(file) != WT_CAPTURE_PCAPNG;
	recovery->report.format = wt_capture_format_name(wt_capture_file_format(file));
	wt_capture_file_close(file);
	return 0;
}

static int scan_part(struct wt_recovery *recovery, struct part *part, struct wt_error *err)
{
	struct wt_recover_report *report = &recovery->report;
	bool is_pcap = false;
	int rc = part->base ? 0 : find_format(recovery, &is_pcap, err);

	if (rc)
		return rc;
	part->scan.fd = recovery->fd;
	part->scan.base = part->base;
	rc = is_pcap ? wt_recover_scan_pcap(&part->scan, report->size_bytes, err)
	             : wt_recover_scan_pcapng(&part->scan, report->size_bytes, err);
	part->end = part->scan.end;
	report->bytes_read += part->scan.bytes_read;
	return rc;
}

static int look_at_part(struct wt_recovery *recovery, uint64_t base, uint64_t *end,
                        struct wt_error *err)
{
	struct wt_recover_report *report = &recovery->report;
	struct wt_error why = {0};
	struct part *part;
	int rc;

	part = wt_grow((void **)&recovery->parts, &recovery->part_count, &recovery->part_room,
	               sizeof(*part));
	if (!part)
		return no_memory(err);
	part->base = base;
	rc = wt_recover_tape_look(&part->tape, recovery->fd, base, report->size_bytes, &why);
	if (!rc) {
		part->end = base + wt_recover_tape_report(part->tape)->size_bytes;
		report->bytes_read += wt_recover_tape_report(part->tape)->bytes_read;
	} else if (rc == -ENOTSUP || rc == -EBADMSG) {
		rc = scan_part(recovery, part, err);
		/* The tape's damage is the worst of it. */
		if (!rc && why.code == -EBADMSG)
			part->scan.why = why;
	} else {
		return wt_error_set(err, rc, "%s", why.text);
	}
	*end = part->end;
	return rc;
}

static int add_holes(struct wt_recovery *recovery, const struct part *part)
{
	const struct wt_recover_report *tape = wt_recover_tape_report(part->tape);

	for (size_t i = 0; i < tape->hole_count; i++) {
		struct wt_recover_hole *hole =
		        wt_grow((void **)&recovery->holes, &recovery->report.hole_count,
		                &recovery->hole_room, sizeof(*hole));

		if (!hole)
			return -ENOMEM;
		*hole = tape->holes[i];
		hole->offset += part->base;
	}
	recovery->report.holes = recovery->holes;
	return 0;
}

static int add_tape(struct wt_recovery *recovery, const struct part *part)
{
	const struct wt_recover_report *tape = wt_recover_tape_report(part->tape);
	struct wt_recover_report *report = &recovery->report;

	report->has_chunks = true;
	report->format = tape->format;
	report->packets += tape->packets;
	report->chunks += tape->chunks;
	report->missing_packets += tape->missing_packets;
	report->part_chunks += tape->part_chunks;
	report->part_packets += tape->part_packets;
	report->part_missing += tape->part_missing;
	report->cut_bytes += tape->cut_bytes;
	report->keep_bytes = part->base + tape->keep_bytes;
	/* The last one says how the file ends. */
	report->was_closed = tape->was_closed;
	report->was_marked = tape->was_marked;
	report->tail_packets = tape->tail_packets;
	report->has_last = tape->has_last;
	report->last_ns = tape->last_ns;
	return add_holes(recovery, part);
}

static int add_passed(struct wt_recovery *recovery, const struct recover_scan *scan)
{
	struct wt_recover_report *report = &recovery->report;

	for (size_t i = 0; i < scan->passed_count && report->passed_count < RECOVER_PASSED_MAX;
	     i++) {
		struct wt_recover_passed *passed =
		        wt_grow((void **)&recovery->passed, &report->passed_count,
		                &recovery->passed_room, sizeof(*passed));

		if (!passed)
			return -ENOMEM;
		*passed = scan->passed[i];
	}
	report->passed = recovery->passed;
	return 0;
}

static int add_scan(struct wt_recovery *recovery, const struct part *part)
{
	const struct recover_scan *scan = &part->scan;
	struct wt_recover_report *report = &recovery->report;

	report->packets += scan->packets;
	report->keep_bytes = scan->keep_end;
	report->cut_bytes += part->end - scan->keep_end;
	report->lost_ranges += scan->lost_ranges;
	report->lost_bytes += scan->lost_bytes;
	report->mended += scan->mended;
	report->unknown_sections += scan->unknown_sections;
	report->unknown_bytes += scan->unknown_bytes;
	return add_passed(recovery, scan);
}

static enum wt_recover_way way_of_part(const struct part *part)
{
	if (part->tape)
		return wt_recover_tape_report(part->tape)->way;
	if (part->scan.is_damaged)
		return WT_RECOVER_COPY;
	return part->scan.tail == RECOVER_NO_TAIL ? WT_RECOVER_NOTHING : WT_RECOVER_IN_PLACE;
}

static void decide(struct wt_recovery *recovery)
{
	struct wt_recover_report *report = &recovery->report;

	for (size_t i = 0; i < recovery->part_count; i++) {
		const struct part *part = &recovery->parts[i];
		enum wt_recover_way way = way_of_part(part);

		if (way == WT_RECOVER_NOTHING)
			continue;
		report->needs_repair = true;
		if (report->way != WT_RECOVER_COPY)
			report->why = part->tape ? wt_recover_tape_report(part->tape)->why
			                         : part->scan.why;
		/* What ends where another part begins has no end to cut off. */
		assert(way != WT_RECOVER_IN_PLACE || i + 1 == recovery->part_count);
		if (way > report->way)
			report->way = way;
	}
	report->ended = report->way == WT_RECOVER_NOTHING ? 0 : report->why.code;
}

static int conclude(struct wt_recovery *recovery, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < recovery->part_count && !rc; i++)
		rc = recovery->parts[i].tape ? add_tape(recovery, &recovery->parts[i])
		                             : add_scan(recovery, &recovery->parts[i]);
	if (rc)
		return no_memory(err);
	recovery->report.parts = recovery->part_count;
	if (recovery->part_count > 1)
		recovery->report.format = "pcapng";
	decide(recovery);
	return 0;
}

static bool keeps_anything(const struct wt_recovery *recovery)
{
	const struct recover_scan *scan = &recovery->parts[0].scan;

	return recovery->part_count > 1 || recovery->parts[0].tape || scan->mended ||
	       scan->lost_bytes + scan->end - scan->keep_end < scan->end;
}

static int look(struct wt_recovery *recovery, struct wt_error *err)
{
	const uint64_t size = recovery->report.size_bytes;
	uint64_t at = 0;
	int rc;

	do {
		rc = look_at_part(recovery, at, &at, err);
		if (!rc && recovery->report.bytes_read / BUDGET_TIMES > size + BUDGET_BYTES)
			rc = wt_error_set(err, -ELOOP,
			                  "it consists of so many things that contradict each "
			                  "other that it cannot be judged");
	} while (!rc && at < size);
	if (!rc && !keeps_anything(recovery))
		return wt_error_set(err, -EBADMSG, "nothing of it can be kept: %s",
		                    recovery->parts[0].scan.why.text);
	return rc ? rc : conclude(recovery, err);
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
	for (size_t i = 0; i < recovery->part_count; i++) {
		wt_recover_tape_free(recovery->parts[i].tape);
		wt_recover_scan_free(&recovery->parts[i].scan);
	}
	free(recovery->parts);
	free(recovery->holes);
	free(recovery->passed);
	free(recovery->path);
	free(recovery);
}

/* Cut off the end, where that is the only change. */
static bool next_cut_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step)
{
	if (cursor->stage > 1)
		return false;
	step->kind = cursor->stage++ ? WT_RECOVER_SYNC : WT_RECOVER_CUT;
	step->offset = recovery->report.keep_bytes;
	return true;
}

bool wt_recover_next_step(const struct wt_recovery *recovery, struct wt_recover_cursor *cursor,
                          struct wt_recover_step *step)
{
	const struct part *last = &recovery->parts[recovery->part_count - 1];

	if (!recovery->report.needs_repair)
		return false;
	if (!last->tape)
		return next_cut_step(recovery, cursor, step);
	if (!wt_recover_tape_step(last->tape, cursor, step))
		return false;
	step->offset += last->base;
	return true;
}

static int do_step(int fd, uint64_t base, const struct wt_recover_step *step, struct wt_error *err)
{
	int code = 0;

	switch (step->kind) {
	case WT_RECOVER_WRITE:
		code = wt_recover_write(fd, step->bytes, step->length, base + step->offset);
		break;
	case WT_RECOVER_SYNC:
		code = fdatasync(fd) ? -errno : 0;
		break;
	case WT_RECOVER_CUT:
		code = ftruncate(fd, (off_t)(base + step->offset)) ? -errno : 0;
		break;
	}
	return code ? wt_error_set(err, code,
	                           "cannot write the repair: %s; the file can be repaired again",
	                           strerror(-code))
	            : 0;
}

int wt_recover_apply(struct wt_recovery *recovery, struct wt_error *err)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;
	int rc = 0;

	if (recovery->report.way == WT_RECOVER_COPY)
		return wt_error_set(err, -EPERM,
		                    "%s; the file is left as it is: -w FILE writes a repaired copy",
		                    recovery->report.why.text);
	while (!rc && wt_recover_next_step(recovery, &cursor, &step))
		rc = do_step(recovery->fd, 0, &step, err);
	return rc;
}

static int cannot_copy(int rc, struct wt_error *err)
{
	return rc ? wt_error_set(err, rc, "cannot copy: %s", strerror(-rc)) : 0;
}

/* Run the steps of a tape at *offset of the copy, and advance *offset to its end. */
static int finish_tape(const struct recover_tape *tape, int to, uint64_t *offset,
                       struct wt_error *err)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;
	struct stat status;
	int rc = 0;

	while (!rc && wt_recover_tape_step(tape, &cursor, &step))
		rc = do_step(to, *offset, &step, err);
	if (!rc && fstat(to, &status))
		rc = wt_error_set(err, -errno, "cannot copy: %s", strerror(errno));
	if (!rc)
		*offset = (uint64_t)status.st_size;
	return rc;
}

static int copy_tape(const struct part *part, int to, uint64_t *offset, struct wt_error *err)
{
	int rc = cannot_copy(wt_recover_tape_copy(part->tape, to, *offset), err);

	return rc ? rc : finish_tape(part->tape, to, offset, err);
}

/* Neutralise the options of the section header `block` that mark a tape. */
static int forget_tape_options(int to, uint64_t offset, const uint8_t *block, uint32_t bytes,
                               bool swapped)
{
	const uint16_t fill = swapped ? __builtin_bswap16(WT_OPT_LOCAL_FILL) : WT_OPT_LOCAL_FILL;
	struct wt_pcapng_options options = {.bytes = block + sizeof(struct wt_pcapng_shb),
	                                    .length = bytes - BARE_SECTION_BYTES,
	                                    .swapped = swapped};
	struct wt_pcapng_option_view option;
	int rc = 0;

	while (!rc && wt_pcapng_next_option(&options, &option, NULL) > 0)
		if (option.code == WT_OPT_LOCAL_TAPE)
			rc = wt_recover_write(to, &fill, sizeof(fill),
			                      offset + (uint64_t)(option.value - 4 - block));
	return rc;
}

/* Make the section at `offset` of the copy an ordinary one. */
static int forget_tape(int to, uint64_t offset)
{
	struct wt_pcapng_shb shb;
	uint8_t *block;
	bool swapped;
	int rc = wt_recover_read(to, &shb, sizeof(shb), offset);

	if (rc)
		return rc;
	swapped = shb.magic != WT_PCAPNG_MAGIC;
	if (swapped)
		shb.total_length = __builtin_bswap32(shb.total_length);
	if (shb.total_length < BARE_SECTION_BYTES)
		return -EBADMSG;
	block = malloc(shb.total_length);
	if (!block)
		return -ENOMEM;
	rc = wt_recover_read(to, block, shb.total_length, offset);
	if (!rc)
		rc = forget_tape_options(to, offset, block, shb.total_length, swapped);
	free(block);
	return rc;
}

/* Copy a scanned part. With its first chunk mended it may be a tape again, with other things
 * missing, or its indexes may no longer fit the kept blocks. */
static int copy_scan(const struct part *part, int to, uint64_t *offset, struct wt_error *err)
{
	struct recover_tape *tape = NULL;
	const struct wt_recover_report *report;
	uint64_t base = *offset;
	int rc = wt_recover_scan_copy(&part->scan, to, offset);

	if (rc || !part->scan.keeps_places)
		return cannot_copy(rc, err);
	rc = wt_recover_tape_look(&tape, to, base, *offset, NULL);
	if (rc == -ENOTSUP || rc == -EBADMSG)
		return 0;
	if (rc)
		return cannot_copy(rc == -ELOOP ? forget_tape(to, base) : rc, err);
	report = wt_recover_tape_report(tape);
	if (report->packets != part->scan.packets || report->way == WT_RECOVER_COPY) {
		rc = cannot_copy(forget_tape(to, base), err);
	} else if (report->way == WT_RECOVER_IN_PLACE) {
		*offset = base;
		rc = finish_tape(tape, to, offset, err);
	}
	wt_recover_tape_free(tape);
	return rc;
}

static int copy_parts(const struct wt_recovery *recovery, int to, struct wt_error *err)
{
	uint64_t offset = 0;
	int rc = 0;

	for (size_t i = 0; i < recovery->part_count && !rc; i++) {
		const struct part *part = &recovery->parts[i];

		rc = part->tape ? copy_tape(part, to, &offset, err)
		                : copy_scan(part, to, &offset, err);
	}
	return rc;
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
		rc = copy_parts(recovery, file.fd, err);
	}
	if (rc) {
		wt_new_file_abandon(&file);
		return rc;
	}
	return wt_new_file_commit(&file, err);
}
