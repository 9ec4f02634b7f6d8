/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/recover_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>
#include <wiretape/writer/pcapng_find.h>

enum {
	HEAD_BYTES = sizeof(struct wt_pcapng_block),
	LENGTH_BYTES = 4,
	MIN_BLOCK_BYTES = HEAD_BYTES + LENGTH_BYTES,
	BARE_SECTION_BYTES = sizeof(struct wt_pcapng_shb) + LENGTH_BYTES,
	BARE_INTERFACE_BYTES = sizeof(struct wt_pcapng_idb) + LENGTH_BYTES,
	MENDED_BYTES_MAX = 16 << 20, /* of a block whose lengths are wrong */
};

static struct recover_piece *add_piece(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                                       enum recover_piece_kind kind)
{
	struct recover_piece *piece = wt_grow((void **)&scan->pieces, &scan->piece_count,
	                                      &scan->piece_room, sizeof(*piece));

	if (piece)
		*piece = (struct recover_piece){offset, bytes, kind, false};
	return piece;
}

int wt_recover_keep(struct recover_scan *scan, uint64_t offset, uint64_t bytes)
{
	struct recover_piece *last =
	        scan->piece_count ? &scan->pieces[scan->piece_count - 1] : NULL;

	if (last && last->kind == RECOVER_KEPT && last->offset + last->bytes == offset) {
		last->bytes += bytes;
		return 0;
	}
	return add_piece(scan, offset, bytes, RECOVER_KEPT) ? 0 : -ENOMEM;
}

static void note_passed(struct recover_scan *scan, uint64_t offset, uint64_t bytes, bool is_kept,
                        const struct wt_error *why)
{
	struct wt_recover_passed *passed;

	if (!scan->is_damaged)
		scan->why = *why;
	scan->is_damaged = true;
	if (scan->passed_count == RECOVER_PASSED_MAX)
		return;
	passed = wt_grow((void **)&scan->passed, &scan->passed_count, &scan->passed_room,
	                 sizeof(*passed));
	if (!passed)
		return;
	*passed = (struct wt_recover_passed){.offset = offset, .bytes = bytes, .is_kept = is_kept};
	/* Ended by a zero, since the element was zeroed. */
	memcpy(passed->why, why->text, strnlen(why->text, sizeof(passed->why) - 1));
}

int wt_recover_mend(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    enum recover_piece_kind kind, bool swapped, const struct wt_error *why)
{
	struct recover_piece *piece = add_piece(scan, offset, bytes, kind);

	if (!piece)
		return -ENOMEM;
	piece->swapped = swapped;
	scan->mended++;
	note_passed(scan, offset, bytes, true, why);
	return 0;
}

int wt_recover_lose(struct recover_scan *scan, uint64_t offset, uint64_t bytes,
                    const struct wt_error *why)
{
	if (!add_piece(scan, offset, bytes, RECOVER_LOST))
		return -ENOMEM;
	scan->lost_ranges++;
	scan->lost_bytes += bytes;
	note_passed(scan, offset, bytes, false, why);
	return 0;
}

int wt_recover_end(struct recover_scan *scan, uint64_t offset, enum recover_tail tail,
                   const struct wt_error *why)
{
	scan->keep_end = offset;
	scan->tail = tail;
	if (tail != RECOVER_NO_TAIL && !scan->is_damaged)
		scan->why = *why;
	return 0;
}

void wt_recover_scan_free(struct recover_scan *scan)
{
	free(scan->pieces);
	free(scan->passed);
}

struct scanner {
	struct recover_scan *scan;
	struct wt_file_view view;
	struct wt_pcapng_decoder decoder;
	uint64_t at;
	bool ended;
	uint8_t *block; /* one that is too large for the view, or changed */
	size_t room;
	struct wt_error why; /* of what is damaged at `at` */
};

static bool is_swapped(const struct scanner *scanner)
{
	return scanner->decoder.swapped;
}

static uint32_t to_order(uint32_t value, bool swapped)
{
	return swapped ? __builtin_bswap32(value) : value;
}

static void store32(uint8_t *at, uint32_t value, bool swapped)
{
	value = to_order(value, swapped);
	memcpy(at, &value, sizeof(value));
}

static uint32_t load32(const uint8_t *at, bool swapped)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return to_order(value, swapped);
}

/* A section header gives its own byte order. */
static bool order_at(const struct scanner *scanner, const uint8_t *block)
{
	if (load32(block, false) != WT_PCAPNG_SHB)
		return is_swapped(scanner);
	return load32(block + HEAD_BYTES, false) == WT_PCAPNG_MAGIC_SWAPPED;
}

static bool is_read(uint32_t type)
{
	return type == WT_PCAPNG_SHB || type == WT_PCAPNG_IDB || type == WT_PCAPNG_EPB ||
	       type == WT_PCAPNG_SPB || type == WT_PCAPNG_PACKET || type == WT_PCAPNG_ISB;
}

/* Copy this many bytes into memory of its own; NULL without memory or without the bytes. */
static uint8_t *copy_block(struct scanner *scanner, uint64_t offset, size_t bytes)
{
	uint8_t *grown;

	if (bytes > scanner->room) {
		grown = realloc(scanner->block, bytes);
		if (!grown)
			return NULL;
		scanner->block = grown;
		scanner->room = bytes;
	}
	return wt_file_view_peek(&scanner->view, offset, scanner->block, bytes) ? scanner->block
	                                                                        : NULL;
}

static int decode(struct scanner *scanner, const uint8_t *block, size_t bytes,
                  struct wt_pcapng_item *item)
{
	/* For its messages. */
	scanner->decoder.offset = scanner->at;
	return wt_pcapng_decode(&scanner->decoder, block, bytes, true, item, &scanner->why);
}

static int no_memory(struct scanner *scanner)
{
	return wt_error_set(&scanner->why, -ENOMEM, "no memory to look at it");
}

static int keep(struct scanner *scanner, uint64_t bytes)
{
	int rc = wt_recover_keep(scanner->scan, scanner->at, bytes);

	scanner->at += bytes;
	return rc;
}

static int lose(struct scanner *scanner, uint64_t bytes)
{
	struct recover_scan *scan = scanner->scan;
	int rc = wt_recover_lose(scan, scanner->at, bytes, &scanner->why);

	if (!rc)
		scan->pieces[scan->piece_count - 1].swapped = is_swapped(scanner);
	scanner->at += bytes;
	return rc;
}

static int end(struct scanner *scanner, enum recover_tail tail)
{
	scanner->ended = true;
	if (tail == RECOVER_NOT_UNDERSTOOD)
		return lose(scanner, scanner->view.end - scanner->at);
	return wt_recover_end(scanner->scan, scanner->at, tail, &scanner->why);
}

/* A tape at the start needs its chunks where they are. One that begins later is a part of its own:
 * 1, and the scan has ended before it; 0 if it goes on. */
static int end_before_tape(struct scanner *scanner, const struct wt_pcapng_item *item)
{
	struct recover_scan *scan = scanner->scan;
	int rc;

	if (item->kind != WT_ITEM_SECTION || !item->section.tape.chars)
		return 0;
	if (scanner->at == scan->base) {
		scan->keeps_places = true;
		return 0;
	}
	scan->end = scanner->at;
	rc = end(scanner, RECOVER_NO_TAIL);
	return rc ? rc : 1;
}

/* Keep a complete block, unless another tape begins here. */
static int take_item(struct scanner *scanner, const struct wt_pcapng_item *item, uint64_t bytes)
{
	int rc = end_before_tape(scanner, item);

	if (rc)
		return rc < 0 ? rc : 0;
	scanner->scan->packets += item->kind == WT_ITEM_PACKET;
	return keep(scanner, bytes);
}

/* Leave out bytes that belong to no known section. */
static int lose_up_to_section(struct scanner *scanner)
{
	struct wt_pcapng_find next;
	int rc = wt_pcapng_find_section(&scanner->view, scanner->at + 1, &next);

	if (rc < 0)
		return rc;
	return rc ? lose(scanner, next.offset - scanner->at) : end(scanner, RECOVER_NOT_UNDERSTOOD);
}

/* A section of an unknown version stays if it ends where another begins, or the file does. */
static int take_unknown_section(struct scanner *scanner)
{
	struct wt_pcapng_decoder *decoder = &scanner->decoder;
	const uint64_t bytes = decoder->pass;

	decoder->pass = decoder->passing.bytes = 0;
	decoder->in_section = false;
	decoder->interface_count = 0;
	if (bytes <= scanner->view.end - scanner->at &&
	    (scanner->at + bytes == scanner->view.end ||
	     wt_pcapng_find_is_section(&scanner->view, scanner->at + bytes))) {
		scanner->scan->unknown_sections++;
		scanner->scan->unknown_bytes += bytes;
		return keep(scanner, bytes);
	}
	wt_error_set(&scanner->why, -ENOTSUP,
	             "section at offset %llu: of its version only 1.0 is known, and where it ends "
	             "no other begins",
	             (unsigned long long)scanner->at);
	return lose_up_to_section(scanner);
}

/* Length of a section header or an interface up to the first option that leads outside. */
static size_t good_options(const uint8_t *block, size_t bytes, size_t fixed_bytes, bool swapped)
{
	struct wt_pcapng_options options = {
	        .bytes = block + fixed_bytes,
	        .length = bytes - fixed_bytes - LENGTH_BYTES,
	        .swapped = swapped,
	};
	struct wt_pcapng_option_view option = {.code = WT_OPT_LOCAL_FILL};

	while (wt_pcapng_next_option(&options, &option, NULL) > 0)
		;
	return (size_t)(options.bytes - block) + (option.code == WT_OPT_END ? 4 : 0);
}

/* Keep the good part of a section header or an interface: nothing after it can be read without. */
static int mend_options(struct scanner *scanner, const uint8_t *block, size_t bytes, bool *mended)
{
	const bool swapped = order_at(scanner, block);
	const size_t fixed_bytes = load32(block, swapped) == WT_PCAPNG_SHB
	                                   ? sizeof(struct wt_pcapng_shb)
	                                   : sizeof(struct wt_pcapng_idb);
	const struct wt_error why = scanner->why;
	struct wt_pcapng_item item;
	size_t good;
	uint8_t *copy;
	int rc;

	if (bytes < fixed_bytes + LENGTH_BYTES)
		return 0;
	good = good_options(block, bytes, fixed_bytes, swapped) / 4 * 4 + LENGTH_BYTES;
	copy = copy_block(scanner, scanner->at, bytes);
	if (!copy)
		return no_memory(scanner);
	store32(copy + 4, (uint32_t)good, swapped);
	store32(copy + good - LENGTH_BYTES, (uint32_t)good, swapped);
	rc = decode(scanner, copy, good, &item);
	scanner->why = why;
	if (rc <= 0)
		return rc == -ENOMEM ? rc : 0;
	*mended = true;
	rc = end_before_tape(scanner, &item);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = wt_recover_mend(scanner->scan, scanner->at, good, RECOVER_LENGTHS, swapped, &why);
	scanner->at += good;
	return rc || good == bytes ? rc : lose(scanner, bytes - good);
}

/* Pass over a block whose lengths agree but whose content cannot be read. */
static int pass_block(struct scanner *scanner, const uint8_t *block, uint64_t bytes)
{
	const uint32_t type = load32(block, order_at(scanner, block));
	bool mended = false;
	int rc = 0;

	if (scanner->why.code == -ENOMEM)
		return -ENOMEM;
	if (type == WT_PCAPNG_SHB || type == WT_PCAPNG_IDB)
		rc = mend_options(scanner, block, (size_t)bytes, &mended);
	if (rc || mended)
		return rc;
	if (type != WT_PCAPNG_SHB)
		return lose(scanner, bytes);
	scanner->decoder.in_section = false;
	return lose_up_to_section(scanner);
}

/* Whether this is a packet of the first interface, whose description was lost. */
static bool lacks_interface(const struct scanner *scanner, const uint8_t *block, uint64_t bytes)
{
	const struct wt_pcapng_decoder *decoder = &scanner->decoder;

	return scanner->scan->is_damaged && decoder->in_section && !decoder->interface_count &&
	       bytes >= sizeof(struct wt_pcapng_epb) &&
	       load32(block, is_swapped(scanner)) == WT_PCAPNG_EPB &&
	       load32(block + HEAD_BYTES, is_swapped(scanner)) == 0;
}

static void make_interface(uint8_t block[BARE_INTERFACE_BYTES], bool swapped)
{
	memset(block, 0, BARE_INTERFACE_BYTES);
	store32(block, WT_PCAPNG_IDB, swapped);
	store32(block + 4, BARE_INTERFACE_BYTES, swapped);
	block[swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) ? 9 : 8] = 1;
	store32(block + BARE_INTERFACE_BYTES - LENGTH_BYTES, BARE_INTERFACE_BYTES, swapped);
}

static int replace_interface(struct scanner *scanner)
{
	uint8_t block[BARE_INTERFACE_BYTES];
	struct wt_pcapng_item item;
	struct wt_error why;
	int rc;

	wt_error_set(&why, -EBADMSG,
	             "an interface takes the place of one that is lost; that it is Ethernet, with "
	             "stamps in microseconds, is a guess");
	make_interface(block, is_swapped(scanner));
	rc = decode(scanner, block, sizeof(block), &item);
	if (rc <= 0)
		return rc;
	rc = wt_recover_mend(scanner->scan, scanner->at, sizeof(block), RECOVER_INTERFACE,
	                     is_swapped(scanner), &why);
	return rc ? rc : 1;
}

/* Take a block whose two lengths agree. */
static int take_block(struct scanner *scanner, uint64_t bytes)
{
	const uint8_t *block = wt_file_view_get(&scanner->view, scanner->at, MIN_BLOCK_BYTES);
	struct wt_pcapng_item item = {0};
	uint32_t type;
	int rc;

	if (!block)
		return scanner->view.failed ? scanner->view.failed : -ENODATA;
	type = load32(block, order_at(scanner, block));
	if (!is_read(type) && scanner->decoder.in_section)
		return keep(scanner, bytes);
	if (!is_read(type) || bytes > WT_PCAPNG_MAX_BLOCK_BYTES) {
		wt_error_set(&scanner->why, -ENOTSUP, "%s (type 0x%x) at offset %llu: %s",
		             wt_pcapng_block_name(type), type, (unsigned long long)scanner->at,
		             is_read(type) ? "it is larger than 128 MiB"
		                           : "a section header should be here");
		return is_read(type) ? lose(scanner, bytes) : lose_up_to_section(scanner);
	}
	block = bytes <= WT_FILE_VIEW_BYTES
	                ? wt_file_view_get(&scanner->view, scanner->at, (size_t)bytes)
	                : copy_block(scanner, scanner->at, (size_t)bytes);
	if (!block)
		return scanner->view.failed ? scanner->view.failed : no_memory(scanner);
	rc = decode(scanner, block, (size_t)bytes, &item);
	if (rc == -EBADMSG && lacks_interface(scanner, block, bytes)) {
		rc = replace_interface(scanner);
		if (rc > 0)
			rc = decode(scanner, block, (size_t)bytes, &item);
	}
	if (rc > 0)
		return take_item(scanner, &item, bytes);
	if (!rc)
		return take_unknown_section(scanner);
	return pass_block(scanner, block, bytes);
}

/* Describe the damage. */
static void describe(struct scanner *scanner)
{
	uint8_t head[MIN_BLOCK_BYTES] = {0};
	uint64_t left = scanner->view.end - scanner->at;
	uint32_t type, total;
	bool swapped;

	wt_file_view_peek(&scanner->view, scanner->at, head,
	                  left < sizeof(head) ? (size_t)left : sizeof(head));
	swapped = order_at(scanner, head);
	type = load32(head, swapped);
	total = load32(head + 4, swapped);
	if (!type && !total)
		wt_error_set(&scanner->why, -EBADMSG, "zeros instead of a block at offset %llu",
		             (unsigned long long)scanner->at);
	else if (left < MIN_BLOCK_BYTES || total > left)
		wt_error_set(&scanner->why, -ENODATA,
		             "%s (type 0x%x) at offset %llu: %llu of %u bytes are there",
		             wt_pcapng_block_name(type), type, (unsigned long long)scanner->at,
		             (unsigned long long)left, total);
	else
		wt_error_set(&scanner->why, -EBADMSG,
		             "%s (type 0x%x) at offset %llu: its length, %u, does not stand at its "
		             "end",
		             wt_pcapng_block_name(type), type, (unsigned long long)scanner->at,
		             total);
}

/* Offset after the last nonzero byte, from `from` on. */
static uint64_t end_of_data(struct wt_file_view *view, uint64_t from)
{
	uint64_t data = from, at = from;

	for (;;) {
		const uint8_t *bytes;
		size_t length, used;

		at = wt_file_view_skip_zeros(view, at);
		bytes = wt_file_view_get(view, at, 1);
		if (!bytes)
			return data;
		length = used = view->length - (size_t)(at - view->at);
		while (!bytes[used - 1])
			used--;
		data = at + used;
		at += length;
	}
}

/* With nothing more found: whether this is a block that was being written when the file ended.
 * Zeros may follow it. */
static bool is_unfinished(struct scanner *scanner)
{
	const uint64_t data_end = end_of_data(&scanner->view, scanner->at);
	const uint64_t there = data_end - scanner->at;
	uint8_t head[MIN_BLOCK_BYTES] = {0};
	uint32_t type, total;
	bool swapped;

	if (there < MIN_BLOCK_BYTES)
		return scanner->decoder.in_section;
	wt_file_view_peek(&scanner->view, scanner->at, head, sizeof(head));
	swapped = order_at(scanner, head);
	type = load32(head, swapped);
	total = load32(head + 4, swapped);
	if (total < MIN_BLOCK_BYTES || total % 4 || total > WT_PCAPNG_MAX_BLOCK_BYTES ||
	    !(type == WT_PCAPNG_SHB || scanner->decoder.in_section))
		return false;
	return total > scanner->view.end - scanner->at || total - LENGTH_BYTES >= there;
}

/* Whether a list of options ends where its block does, as it would not with foreign bytes in it. */
static bool ends_exactly(const uint8_t *block, size_t bytes, const struct wt_pcapng_item *item)
{
	struct wt_pcapng_options options = item->options;
	const uint8_t *end_of_block = block + bytes - LENGTH_BYTES;
	struct wt_pcapng_option_view option;
	const uint8_t *at = options.bytes;

	if (!at)
		return true;
	while (wt_pcapng_next_option(&options, &option, NULL) > 0)
		at = options.bytes;
	/* Perhaps there is an opt_endofopt. */
	return at == end_of_block ||
	       (at + 4 == end_of_block && !at[0] && !at[1] && !at[2] && !at[3]);
}

/* Undo the decoding of the last block. */
static void forget_item(struct scanner *scanner, const struct wt_pcapng_decoder *before)
{
	scanner->decoder.interface_count = before->interface_count;
	scanner->decoder.swapped = before->swapped;
	scanner->decoder.in_section = before->in_section;
	scanner->decoder.sections = before->sections;
}

/* Mend a block with only its lengths wrong: the place of the next block gives the right ones. */
static int mend_lengths(struct scanner *scanner, uint64_t bytes, bool *mended)
{
	const struct wt_pcapng_decoder before = scanner->decoder;
	const struct wt_error why = scanner->why;
	struct wt_pcapng_item item;
	uint8_t *block;
	bool swapped;
	int rc;

	if (bytes < MIN_BLOCK_BYTES || bytes % 4 || bytes > MENDED_BYTES_MAX)
		return 0;
	block = copy_block(scanner, scanner->at, (size_t)bytes);
	if (!block)
		return scanner->view.failed ? scanner->view.failed : no_memory(scanner);
	swapped = order_at(scanner, block);
	if (!is_read(load32(block, swapped)))
		return 0;
	store32(block + 4, (uint32_t)bytes, swapped);
	store32(block + bytes - LENGTH_BYTES, (uint32_t)bytes, swapped);
	rc = decode(scanner, block, (size_t)bytes, &item);
	scanner->decoder.pass = scanner->decoder.passing.bytes = 0;
	scanner->why = why;
	if (rc <= 0)
		return rc == -ENOMEM ? rc : 0;
	if (!ends_exactly(block, (size_t)bytes, &item)) {
		forget_item(scanner, &before);
		return 0;
	}
	*mended = true;
	rc = end_before_tape(scanner, &item);
	if (rc)
		return rc < 0 ? rc : 0;
	scanner->scan->packets += item.kind == WT_ITEM_PACKET;
	rc = wt_recover_mend(scanner->scan, scanner->at, bytes, RECOVER_LENGTHS, swapped, &why);
	scanner->at += bytes;
	return rc;
}

/* Keep a section header or an interface up to its damage. */
static int mend_header(struct scanner *scanner, uint64_t bytes, bool *mended)
{
	uint8_t *block;
	uint32_t type;

	if (bytes < MIN_BLOCK_BYTES || bytes > MENDED_BYTES_MAX)
		return 0;
	block = copy_block(scanner, scanner->at, (size_t)bytes);
	if (!block)
		return scanner->view.failed ? scanner->view.failed : no_memory(scanner);
	type = load32(block, order_at(scanner, block));
	if (type != WT_PCAPNG_SHB && type != WT_PCAPNG_IDB)
		return 0;
	return mend_options(scanner, block, (size_t)bytes, mended);
}

/* Put a section header in place of the only one, which was lost. */
static int replace_section(struct scanner *scanner, const struct wt_pcapng_find *next)
{
	uint8_t block[BARE_SECTION_BYTES] = {0};
	struct wt_pcapng_item item;
	struct wt_error why;
	int rc;

	wt_error_set(&why, -EBADMSG, "a section header takes the place of one: %s",
	             scanner->why.text);
	store32(block, WT_PCAPNG_SHB, false);
	store32(block + 4, sizeof(block), next->swapped);
	store32(block + HEAD_BYTES, WT_PCAPNG_MAGIC, next->swapped);
	block[next->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) ? 13 : 12] = 1;
	memset(block + 16, 0xff, 8);
	store32(block + sizeof(block) - LENGTH_BYTES, sizeof(block), next->swapped);
	rc = decode(scanner, block, sizeof(block), &item);
	if (rc <= 0)
		return rc;
	return wt_recover_mend(scanner->scan, scanner->at, sizeof(block), RECOVER_SECTION,
	                       next->swapped, &why);
}

/* Find the first block without a known byte order. In the wrong one, blocks seem to begin a byte or
 * three early. */
static int find_first(struct scanner *scanner, struct wt_pcapng_find *next)
{
	const uint64_t from = scanner->at + 1;
	uint32_t head[3] = {0};
	struct wt_pcapng_find other;
	int rc, rc_other;

	wt_file_view_peek(&scanner->view, scanner->at, head, sizeof(head));
	if (head[2] == WT_PCAPNG_MAGIC || head[2] == WT_PCAPNG_MAGIC_SWAPPED)
		return wt_pcapng_find_block(&scanner->view, from,
		                            head[2] == WT_PCAPNG_MAGIC_SWAPPED, next);
	rc = wt_pcapng_find_block(&scanner->view, from, false, next);
	rc_other = wt_pcapng_find_block(&scanner->view, from, true, &other);
	if (rc < 0 || rc_other <= 0)
		return rc_other < 0 ? rc_other : rc;
	if (!rc || (other.offset - scanner->at) % 4 == 0)
		*next = other;
	return 1;
}

/* Without a section only another one makes sense. */
static int find_next(struct scanner *scanner, struct wt_pcapng_find *next)
{
	if (scanner->decoder.in_section)
		return wt_pcapng_find_block(&scanner->view, scanner->at + 1, is_swapped(scanner),
		                            next);
	if (scanner->at == scanner->scan->base)
		return find_first(scanner, next);
	return wt_pcapng_find_section(&scanner->view, scanner->at + 1, next);
}

static int take_damage(struct scanner *scanner)
{
	struct wt_pcapng_find next = {0};
	bool found, mended = false;
	int rc;

	describe(scanner);
	rc = find_next(scanner, &next);
	if (rc < 0)
		return rc;
	if (!rc && is_unfinished(scanner))
		return end(scanner, RECOVER_UNFINISHED);
	if (!rc)
		next.offset = scanner->view.end;
	found = rc > 0;
	rc = mend_lengths(scanner, next.offset - scanner->at, &mended);
	if (!rc && !mended)
		rc = mend_header(scanner, next.offset - scanner->at, &mended);
	if (rc || mended)
		return rc;
	if (!found)
		return end(scanner, RECOVER_NOT_UNDERSTOOD);
	if (!scanner->decoder.in_section && !next.is_section) {
		rc = replace_section(scanner, &next);
		if (rc < 0)
			return rc;
	}
	return lose(scanner, next.offset - scanner->at);
}

int wt_recover_scan_pcapng(struct recover_scan *scan, uint64_t file_bytes, struct wt_error *err)
{
	struct scanner scanner = {.scan = scan, .at = scan->base};
	uint64_t bytes;
	int rc = wt_file_view_init(&scanner.view, scan->fd, file_bytes);

	wt_pcapng_decoder_init(&scanner.decoder);
	scan->end = scan->keep_end = file_bytes;
	while (!rc && !scanner.ended && scanner.at < file_bytes) {
		/* Move the view along. */
		wt_file_view_get(&scanner.view, scanner.at, 1);
		if (scanner.view.failed)
			rc = scanner.view.failed;
		else if (wt_pcapng_find_is_block(&scanner.view, scanner.at, is_swapped(&scanner),
		                                 &bytes))
			rc = take_block(&scanner, bytes);
		else
			rc = take_damage(&scanner);
	}
	scan->bytes_read = scanner.view.bytes_read;
	wt_pcapng_decoder_fini(&scanner.decoder);
	wt_file_view_fini(&scanner.view);
	free(scanner.block);
	return rc < 0 ? wt_error_set(err, rc, "cannot read it: %s", strerror(-rc)) : 0;
}

/* Write an empty block of ours of this many bytes. */
static int put_padding(int to, uint64_t offset, uint64_t bytes, bool swapped)
{
	uint8_t words[HEAD_BYTES];
	int rc;

	store32(words, WT_PCAPNG_PADDING, swapped);
	store32(words + 4, (uint32_t)bytes, swapped);
	rc = wt_recover_write(to, words, sizeof(words), offset);
	return rc ? rc
	          : wt_recover_write(to, words + 4, LENGTH_BYTES, offset + bytes - LENGTH_BYTES);
}

static int put_section(int to, uint64_t offset, bool swapped)
{
	const struct wt_pcapng_shb shb = {
	        .type = WT_PCAPNG_SHB,
	        .total_length = to_order(BARE_SECTION_BYTES, swapped),
	        .magic = to_order(WT_PCAPNG_MAGIC, swapped),
	        .major = swapped ? __builtin_bswap16(WT_PCAPNG_MAJOR) : WT_PCAPNG_MAJOR,
	        .section_length = WT_PCAPNG_LENGTH_UNKNOWN,
	};
	int rc = wt_recover_write(to, &shb, sizeof(shb), offset);

	return rc ? rc
	          : wt_recover_write(to, &shb.total_length, LENGTH_BYTES, offset + sizeof(shb));
}

static int put_interface(int to, uint64_t offset, bool swapped)
{
	uint8_t block[BARE_INTERFACE_BYTES];

	make_interface(block, swapped);
	return wt_recover_write(to, block, sizeof(block), offset);
}

/* Correct the lengths of the copied block. */
static int put_lengths(int to, uint64_t offset, const struct recover_piece *piece)
{
	const uint32_t length = to_order((uint32_t)piece->bytes, piece->swapped);
	int rc = wt_recover_write(to, &length, sizeof(length), offset + 4);

	return rc ? rc
	          : wt_recover_write(to, &length, sizeof(length),
	                             offset + piece->bytes - LENGTH_BYTES);
}

/* Write the two lengths of a pcap record, captured and on the wire, after its stamp. */
static int put_caplen(const struct recover_scan *scan, const struct recover_piece *piece, int to,
                      uint64_t offset)
{
	uint32_t len;
	int rc = wt_recover_read(scan->fd, &len, sizeof(len), piece->offset + 12);

	return rc ? rc : wt_recover_write(to, &len, sizeof(len), offset + 8);
}

static int copy_piece(const struct recover_scan *scan, const struct recover_piece *piece, int to,
                      uint64_t *offset)
{
	int rc = 0;

	if (piece->kind == RECOVER_LOST) {
		if (!scan->keeps_places || piece->bytes < MIN_BLOCK_BYTES || piece->bytes % 4 ||
		    piece->bytes > UINT32_MAX)
			return 0;
		rc = put_padding(to, *offset, piece->bytes, piece->swapped);
	} else if (piece->kind == RECOVER_SECTION) {
		rc = put_section(to, *offset, piece->swapped);
	} else if (piece->kind == RECOVER_INTERFACE) {
		rc = put_interface(to, *offset, piece->swapped);
	} else {
		rc = wt_recover_copy_range(scan->fd, piece->offset, piece->offset + piece->bytes,
		                           to, *offset);
	}
	if (!rc && piece->kind == RECOVER_LENGTHS)
		rc = put_lengths(to, *offset, piece);
	if (!rc && piece->kind == RECOVER_CAPLEN)
		rc = put_caplen(scan, piece, to, *offset);
	*offset += piece->bytes;
	return rc;
}

int wt_recover_scan_copy(const struct recover_scan *scan, int to, uint64_t *offset)
{
	int rc = 0;

	for (size_t i = 0; i < scan->piece_count && !rc; i++)
		rc = copy_piece(scan, &scan->pieces[i], to, offset);
	return rc;
}
