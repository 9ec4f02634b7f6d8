/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/recover_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/file/file_view.h>

enum {
	HEADER_BYTES = 24,
	RECORD_BYTES = 16,
	MODIFIED_RECORD_BYTES = 24,
	USUAL_BYTES_MAX = 262144, /* of a packet, as libpcap has it */
	CHAINED = 3,              /* this many records in a row are not chance */
	CAPLEN_AT = 8,
};

static const uint32_t us_magic = 0xa1b2c3d4, ns_magic = 0xa1b23c4d, modified_magic = 0xa1b2cd34;

struct record {
	uint32_t s, fraction, caplen, len;
};

struct scanner {
	struct recover_scan *scan;
	struct wt_file_view view;
	uint64_t at;
	bool swapped;
	uint32_t record_bytes; /* in front of each packet */
	uint32_t fractions;    /* of a second */
	uint32_t bytes_max;    /* of a packet that is found after damage */
	bool has_last, has_before, ended;
	struct record last; /* at last_at: the one taken before `at` */
	uint64_t last_at;
	uint32_t before_s; /* stamp of the one taken before that */
	struct wt_error why;
};

static uint32_t to_order(const struct scanner *scanner, uint32_t value)
{
	return scanner->swapped ? __builtin_bswap32(value) : value;
}

static bool peek(struct scanner *scanner, uint64_t offset, struct record *record)
{
	if (!wt_file_view_peek(&scanner->view, offset, record, sizeof(*record)))
		return false;
	record->s = to_order(scanner, record->s);
	record->fraction = to_order(scanner, record->fraction);
	record->caplen = to_order(scanner, record->caplen);
	record->len = to_order(scanner, record->len);
	return true;
}

static bool is_zero(const struct record *record)
{
	return !record->s && !record->fraction && !record->caplen && !record->len;
}

static bool is_magic(uint32_t word)
{
	return word == us_magic || word == ns_magic || word == modified_magic;
}

/* Whether another pcap file's header is here: two were concatenated. */
static bool is_header(const struct record *record)
{
	return (is_magic(record->s) || is_magic(__builtin_bswap32(record->s))) && !record->caplen &&
	       !record->len;
}

static bool is_near(uint32_t a_s, uint32_t b_s)
{
	const uint32_t years_s = 20u * 366 * 24 * 3600;

	return a_s - b_s < years_s || b_s - a_s < years_s;
}

/* After damage a record has to look like one. Of the two taken last one may be damage itself. */
static bool is_plausible(const struct scanner *scanner, const struct record *record)
{
	if (!record->caplen || record->caplen > scanner->bytes_max ||
	    record->caplen > record->len || record->len > 16u << 20 ||
	    record->fraction >= scanner->fractions)
		return false;
	return !scanner->has_before || is_near(record->s, scanner->last.s) ||
	       is_near(record->s, scanner->before_s);
}

/* Whether records chain from here: several, or fewer up to the end of the file. */
static bool goes_on(struct scanner *scanner, uint64_t offset)
{
	const uint64_t end = scanner->view.end;
	struct record record;

	for (int count = 0; count < CHAINED; count++) {
		if (offset == end)
			return count > 0;
		if (end - offset < scanner->record_bytes)
			return count > 1;
		if (!peek(scanner, offset, &record))
			return false;
		if (is_zero(&record))
			return count > 1;
		if (!is_plausible(scanner, &record))
			return false;
		if (record.caplen > end - offset - scanner->record_bytes)
			return count > 1;
		offset += scanner->record_bytes + record.caplen;
	}
	return true;
}

/* Find the first record from `from` on: 1 and *offset, 0 or a negative errno. */
static int find(struct scanner *scanner, uint64_t from, uint64_t *offset)
{
	struct wt_file_view *view = &scanner->view;

	for (uint64_t at = from; at < view->end; at++) {
		struct record record;

		if (!wt_file_view_get(view, at, sizeof(record)))
			break;
		/* No record begins with its lengths in zeros. */
		if (peek(scanner, at, &record) && is_plausible(scanner, &record) &&
		    goes_on(scanner, at)) {
			*offset = at;
			return 1;
		}
		if (is_zero(&record)) {
			uint64_t data = wt_file_view_skip_zeros(view, at);

			at = data > at + sizeof(record) ? data - sizeof(record) : at;
		}
	}
	return view->failed;
}

static int end(struct scanner *scanner, enum recover_tail tail)
{
	scanner->ended = true;
	if (tail == RECOVER_NOT_UNDERSTOOD)
		return wt_recover_lose(scanner->scan, scanner->at, scanner->view.end - scanner->at,
		                       &scanner->why);
	return wt_recover_end(scanner->scan, scanner->at, tail, &scanner->why);
}

static int keep(struct scanner *scanner, const struct record *record)
{
	const uint64_t bytes = scanner->record_bytes + (uint64_t)record->caplen;
	int rc = wt_recover_keep(scanner->scan, scanner->at, bytes);

	scanner->scan->packets++;
	scanner->has_before = scanner->has_last;
	scanner->before_s = scanner->last.s;
	scanner->has_last = true;
	scanner->last = *record;
	scanner->last_at = scanner->at;
	scanner->at += bytes;
	return rc;
}

static void describe(struct scanner *scanner, const struct record *record, bool there)
{
	const unsigned long long at = scanner->at;

	if (there && is_zero(record))
		wt_error_set(&scanner->why, -EBADMSG, "zeros instead of a packet at offset %llu",
		             at);
	else if (there && is_header(record))
		wt_error_set(&scanner->why, -EBADMSG,
		             "the header of another pcap file at offset %llu", at);
	else if (there && record->caplen > USUAL_BYTES_MAX)
		wt_error_set(&scanner->why, -EBADMSG,
		             "packet at offset %llu: its captured length, %u, leads to nothing", at,
		             record->caplen);
	else
		wt_error_set(&scanner->why, -ENODATA,
		             "packet at offset %llu: it is cut off by the end of the file", at);
}

/* Whether the last record taken ends at `at`. */
static bool can_take_back(const struct scanner *scanner)
{
	return scanner->has_last &&
	       scanner->last_at + scanner->record_bytes + scanner->last.caplen == scanner->at;
}

/* Take back the last record: its length was wrong, and nothing is where it says. */
static int take_back(struct scanner *scanner, uint64_t next)
{
	const uint64_t room = next - scanner->last_at - scanner->record_bytes;
	struct recover_scan *scan = scanner->scan;
	struct recover_piece *piece = &scan->pieces[scan->piece_count - 1];

	piece->bytes -= scanner->at - scanner->last_at;
	scan->piece_count -= !piece->bytes;
	scanner->at = scanner->last_at;
	scan->packets--;
	if (room != scanner->last.len)
		return 0;
	scan->packets++;
	scanner->at = next;
	return wt_recover_mend(scan, scanner->last_at, next - scanner->last_at, RECOVER_CAPLEN,
	                       scanner->swapped, &scanner->why);
}

/* Mend a captured length: the next record is where the length on the wire says. */
static int mend_caplen(struct scanner *scanner, uint64_t next)
{
	const uint64_t at = scanner->at;

	scanner->scan->packets++;
	scanner->at = next;
	return wt_recover_mend(scanner->scan, at, next - at, RECOVER_CAPLEN, scanner->swapped,
	                       &scanner->why);
}

/* Handle bytes at `at` that are not a whole record. */
static int take_damage(struct scanner *scanner, const struct record *record, bool there)
{
	const uint64_t left = there ? scanner->view.end - scanner->at - scanner->record_bytes : 0;
	/* The last record may be wrong about where it ends, or none. */
	const bool may_take_back =
	        can_take_back(scanner) && !is_zero(record) && !(there && is_header(record));
	const uint64_t from = (may_take_back ? scanner->last_at : scanner->at) + 1;
	uint64_t next = 0;
	int rc;

	describe(scanner, record, there);
	rc = find(scanner, from, &next);
	if (rc < 0)
		return rc;
	if (!rc)
		return end(scanner,
		           !there || (record->caplen > left && record->caplen <= scanner->bytes_max)
		                   ? RECOVER_UNFINISHED
		                   : RECOVER_NOT_UNDERSTOOD);
	if (there && record->len &&
	    next - scanner->at == scanner->record_bytes + (uint64_t)record->len)
		return mend_caplen(scanner, next);
	rc = 0;
	if (may_take_back && (next < scanner->at ||
	                      next - scanner->last_at - scanner->record_bytes == scanner->last.len))
		rc = take_back(scanner, next);
	if (!rc && next > scanner->at)
		rc = wt_recover_lose(scanner->scan, scanner->at, next - scanner->at, &scanner->why);
	scanner->at = next;
	return rc;
}

static int take_record(struct scanner *scanner)
{
	const uint64_t left = scanner->view.end - scanner->at;
	struct record record = {0};
	bool there = left >= scanner->record_bytes && peek(scanner, scanner->at, &record);

	/* A stamp without anything after it is an empty packet. */
	if (there && !record.caplen && !record.len &&
	    (left > scanner->record_bytes || is_zero(&record)) &&
	    wt_file_view_skip_zeros(&scanner->view, scanner->at + CAPLEN_AT) == scanner->view.end) {
		describe(scanner, &(struct record){0}, true);
		return end(scanner, RECOVER_UNFINISHED);
	}
	if (!there || is_zero(&record) || is_header(&record) ||
	    record.caplen > left - scanner->record_bytes)
		return take_damage(scanner, &record, there);
	/* A length above any reader's limit has to lead to another record. */
	if (record.caplen > USUAL_BYTES_MAX &&
	    !goes_on(scanner, scanner->at + scanner->record_bytes + record.caplen) &&
	    scanner->at + scanner->record_bytes + record.caplen != scanner->view.end)
		return take_damage(scanner, &record, there);
	return keep(scanner, &record);
}

static int begin(struct scanner *scanner, struct wt_error *err)
{
	uint32_t words[HEADER_BYTES / 4], magic;
	uint16_t version[2];

	if (!wt_file_view_peek(&scanner->view, 0, words, sizeof(words)))
		return wt_error_set(err, -ENODATA, "it is cut off in its header");
	magic = words[0];
	scanner->swapped = !is_magic(magic);
	magic = to_order(scanner, magic);
	memcpy(version, &words[1], sizeof(version));
	scanner->record_bytes = magic == modified_magic ? MODIFIED_RECORD_BYTES : RECORD_BYTES;
	scanner->fractions = magic == ns_magic ? 1000000000 : 1000000;
	scanner->bytes_max = to_order(scanner, words[4]);
	if (scanner->bytes_max < USUAL_BYTES_MAX || scanner->bytes_max > 16u << 20)
		scanner->bytes_max = USUAL_BYTES_MAX;
	scanner->at = HEADER_BYTES;
	/* In older ones the two lengths may be exchanged. */
	if ((scanner->swapped ? __builtin_bswap16(version[1]) : version[1]) < 4)
		return wt_error_set(err, -ENOTSUP,
		                    "pcap of a version before 2.4, which cannot be judged; "
		                    "'editcap' may convert it");
	return wt_recover_keep(scanner->scan, 0, HEADER_BYTES);
}

int wt_recover_scan_pcap(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err)
{
	struct scanner scanner = {.scan = scan};
	int rc = wt_file_view_init(&scanner.view, scan->fd, file_bytes);

	scan->end = scan->keep_end = file_bytes;
	if (!rc)
		rc = begin(&scanner, err);
	if (rc) {
		wt_file_view_fini(&scanner.view);
		return rc;
	}
	while (!rc && !scanner.ended && scanner.at < file_bytes) {
		/* Move the view along. */
		wt_file_view_get(&scanner.view, scanner.at, 1);
		rc = scanner.view.failed ? scanner.view.failed : take_record(&scanner);
	}
	scan->bytes_read = scanner.view.bytes_read;
	wt_file_view_fini(&scanner.view);
	return rc < 0 ? wt_error_set(err, rc, "cannot read it: %s", strerror(-rc)) : 0;
}
