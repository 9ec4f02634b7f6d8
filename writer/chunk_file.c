/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/chunk_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/tape_mark.h>
#include <wiretape/pcapng/text_block.h>
#include <wiretape/writer/pcapng_find.h>

enum {
	PAGE = WT_CHUNK_ALIGNMENT,
	PIECE_BYTES = 64 << 10,
	FIRST_READ_BYTES = PIECE_BYTES,
	/* The first chunk has 64 interfaces at most when wiretape writes it, each with a
	 * few options of 64 KiB at the very most. */
	FIRST_BYTES_MAX = WT_CHUNK_BYTES_MAX,
	/* A search goes on step by step once it is this close. */
	NEAR_BYTES = 2 << 20,
};

struct wt_chunk_file {
	int fd;
	bool owns_fd;
	uint64_t base; /* of the recording in the file */
	uint64_t tape_id;
	uint32_t format; /* of its chunks */
	uint64_t bytes_read;
	uint8_t *first;
	size_t first_bytes;
	uint8_t *buffer; /* of chunks */
	size_t room;
	uint8_t *piece; /* PIECE_BYTES, of searches */
	struct wt_pcapng_decoder decoder;
};

/* Read up to `bytes` bytes at `offset` after the base, as many as the file has, or a negative
 * errno. */
static ssize_t read_at(struct wt_chunk_file *reader, uint8_t *into, size_t bytes, uint64_t offset,
                       struct wt_error *err)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(reader->fd, into + done, bytes - done,
		                    (off_t)(reader->base + offset + done));
		int code = -errno;

		if (got < 0 && code == -EINTR)
			continue;
		if (got < 0)
			return wt_error_set(err, code, "cannot read at offset %llu: %s",
			                    (unsigned long long)(reader->base + offset + done),
			                    strerror(-code));
		if (!got)
			break;
		done += (size_t)got;
		reader->bytes_read += (uint64_t)got;
	}
	return (ssize_t)done;
}

static int make_room(struct wt_chunk_file *reader, size_t bytes, struct wt_error *err)
{
	uint8_t *grown;

	if (reader->room >= bytes)
		return 0;
	grown = realloc(reader->buffer, bytes);
	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for a chunk of %zu bytes", bytes);
	reader->buffer = grown;
	reader->room = bytes;
	return 0;
}

static bool find_mark(struct wt_chunk_file *reader, struct wt_pcapng_options options)
{
	struct wt_pcapng_option_view option;
	struct wt_pcapng_item_text text;
	struct wt_tape_mark mark;

	while (wt_pcapng_next_option(&options, &option, NULL) > 0) {
		text = wt_pcapng_option_text(&option);
		if (option.code != WT_OPT_LOCAL_TAPE ||
		    !wt_tape_mark_parse(text.chars, text.length, &mark))
			continue;
		reader->tape_id = mark.tape_id;
		reader->format = mark.format;
		return true;
	}
	return false;
}

static int not_a_tape(struct wt_error *err)
{
	return wt_error_set(err, -ENOTSUP, "not a wiretape recording that is made of chunks");
}

/* Blocks besides the section and its interfaces: about their clocks and NICs, and feeds. */
static bool is_of_first_chunk(uint32_t type)
{
	return type == WT_PCAPNG_CLOCK || type == WT_PCAPNG_FEED || type == WT_PCAPNG_NIC_LOOK ||
	       type == WT_PCAPNG_PADDING;
}

/* Take one more block of the first chunk: 1 to go on, 0 if it was the last, which ends on a page,
 * or -EBADMSG, -ENODATA (more bytes are needed), -ENOTSUP. */
static int take_first_block(struct wt_chunk_file *reader, const uint8_t *bytes, size_t length,
                            bool at_end, struct wt_error *err)
{
	struct wt_pcapng_item item;
	size_t at = reader->first_bytes;
	int rc = wt_pcapng_decode(&reader->decoder, bytes + at, length - at, at_end, &item, err);

	if (rc <= 0)
		return rc ? rc : -ENODATA;
	if (!at && !find_mark(reader, item.options))
		return not_a_tape(err);
	if (at && item.kind == WT_ITEM_SECTION)
		return wt_error_set(err, -EBADMSG, "a second section at offset %zu", at);
	if (item.kind != WT_ITEM_SECTION && item.kind != WT_ITEM_INTERFACE &&
	    !is_of_first_chunk(item.block_type))
		return wt_error_set(err, -EBADMSG, "%s at offset %zu, where padding should be",
		                    wt_pcapng_block_name(item.block_type), at);
	reader->first_bytes += item.bytes;
	return item.block_type != WT_PCAPNG_PADDING;
}

/* Without padding it ends on a page after which neither an interface nor facts about one follow. */
static bool first_ends_here(const struct wt_chunk_file *reader, const uint8_t *bytes, size_t length)
{
	size_t at = reader->first_bytes;
	uint32_t type;

	if (!at || at % PAGE)
		return false;
	if (length - at < sizeof(type))
		return true;
	memcpy(&type, bytes + at, sizeof(type));
	type = reader->decoder.swapped ? __builtin_bswap32(type) : type;
	return type != WT_PCAPNG_IDB && !is_of_first_chunk(type);
}

/* Walk the first chunk in the `length` bytes that were read: 0 once it is found, -EAGAIN if it
 * needs more of them. */
static int walk_first(struct wt_chunk_file *reader, const uint8_t *bytes, size_t length,
                      bool at_end, struct wt_error *err)
{
	int rc = 1;

	while (rc > 0) {
		/* Whether an interface follows shows only with more bytes. */
		if (reader->first_bytes == length && !at_end)
			return -EAGAIN;
		if (first_ends_here(reader, bytes, length))
			return 0;
		rc = take_first_block(reader, bytes, length, at_end, err);
		if (rc == -ENODATA && !at_end)
			return -EAGAIN;
	}
	if (rc == 0 && reader->first_bytes % PAGE)
		return wt_error_set(err, -EBADMSG, "its padding ends at offset %zu, not on a page",
		                    reader->first_bytes);
	return rc;
}

static int damaged(const struct wt_error *why, struct wt_error *err)
{
	return wt_error_set(err, -EBADMSG,
	                    "its first chunk, with the interfaces, is damaged: %s; without it no "
	                    "packet can be read",
	                    why->text);
}

static int read_first(struct wt_chunk_file *reader, struct wt_error *err)
{
	size_t want = FIRST_READ_BYTES;
	struct wt_error why = {0};
	ssize_t got;
	int rc;

	do {
		rc = make_room(reader, want, err);
		if (rc)
			return rc;
		got = read_at(reader, reader->buffer, want, 0, err);
		if (got < 0)
			return (int)got;
		rc = walk_first(reader, reader->buffer, (size_t)got, (size_t)got < want, &why);
		want *= 4;
	} while (rc == -EAGAIN && want <= FIRST_BYTES_MAX);
	if (!rc)
		return 0;
	if (rc == -ENOMEM)
		return wt_error_set(err, rc, "%s", why.text);
	/* Not a tape until the section header says so. */
	return reader->first_bytes ? damaged(&why, err) : not_a_tape(err);
}

/* If the interfaces did not fit the first chunk, the others are in the second, after an index. Such
 * a recording is read as any other pcapng file. */
static bool goes_on_with_interfaces(const struct wt_chunk_file *reader, const uint8_t *page,
                                    size_t length)
{
	struct wt_chunk_index index;
	uint32_t type = 0;

	if (!wt_chunk_parse(page, length, reader->first_bytes, reader->decoder.swapped, &index) ||
	    index.tape_id != reader->tape_id || index.total_length + sizeof(type) > length)
		return false;
	memcpy(&type, page + index.total_length, sizeof(type));
	return (reader->decoder.swapped ? __builtin_bswap32(type) : type) == WT_PCAPNG_IDB;
}

/* An unknown format may mean anything. */
static int check_format(const struct wt_chunk_file *reader, struct wt_error *err)
{
	if (reader->format && reader->format <= WT_CHUNK_FORMAT)
		return 0;
	return wt_error_set(err, -EPROTONOSUPPORT,
	                    "its chunks are of format %u, and only those up to %d are known: "
	                    "a later version of wiretape has written it, and reads it",
	                    reader->format, WT_CHUNK_FORMAT);
}

static int keep_first(struct wt_chunk_file *reader, struct wt_error *err)
{
	reader->first = malloc(reader->first_bytes);
	reader->piece = malloc(PIECE_BYTES);
	if (!reader->first || !reader->piece)
		return wt_error_set(err, -ENOMEM, "no memory to read it");
	memcpy(reader->first, reader->buffer, reader->first_bytes);
	return 0;
}

static int start(struct wt_chunk_file *reader, struct wt_error *err)
{
	struct stat status;
	ssize_t got;
	int rc;

	if (fstat(reader->fd, &status) || !S_ISREG(status.st_mode))
		return not_a_tape(err);
	rc = read_first(reader, err);
	if (!rc)
		rc = check_format(reader, err);
	if (!rc)
		rc = keep_first(reader, err);
	if (rc)
		return rc;
	got = read_at(reader, reader->piece, PAGE, reader->first_bytes, err);
	if (got < 0)
		return (int)got;
	return goes_on_with_interfaces(reader, reader->piece, (size_t)got) ? not_a_tape(err) : 0;
}

int wt_chunk_file_open_fd(struct wt_chunk_file **reader, int fd, uint64_t base,
                          struct wt_error *err)
{
	struct wt_chunk_file *opened = calloc(1, sizeof(*opened));
	int rc;

	if (!opened)
		return wt_error_set(err, -ENOMEM, "no memory to open it");
	opened->fd = fd;
	opened->base = base;
	wt_pcapng_decoder_init(&opened->decoder);
	rc = start(opened, err);
	if (rc) {
		wt_chunk_file_close(opened);
		return rc;
	}
	*reader = opened;
	return 0;
}

int wt_chunk_file_open(struct wt_chunk_file **reader, const char *path, uint64_t base,
                       struct wt_error *err)
{
	struct stat status;
	int fd, code;

	/* Opening a FIFO and closing it again would take away its writer's only reader. */
	if (!stat(path, &status) && !S_ISREG(status.st_mode))
		return not_a_tape(err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	code = -errno;
	if (fd < 0)
		return wt_error_set(err, code, "cannot open it: %s", strerror(-code));
	/* Searches jump: reading ahead would be wasted. Only advice. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	code = wt_chunk_file_open_fd(reader, fd, base, err);
	if (code)
		close(fd);
	else
		(*reader)->owns_fd = true;
	return code;
}

void wt_chunk_file_close(struct wt_chunk_file *reader)
{
	if (!reader)
		return;
	wt_pcapng_decoder_fini(&reader->decoder);
	free(reader->first);
	free(reader->buffer);
	free(reader->piece);
	if (reader->owns_fd)
		close(reader->fd);
	free(reader);
}

const uint8_t *wt_chunk_file_first_chunk(const struct wt_chunk_file *reader, size_t *length)
{
	*length = reader->first_bytes;
	return reader->first;
}

bool wt_chunk_file_swapped(const struct wt_chunk_file *reader)
{
	return reader->decoder.swapped;
}

uint64_t wt_chunk_file_tape_id(const struct wt_chunk_file *reader)
{
	return reader->tape_id;
}

bool wt_chunk_file_has_maps(const struct wt_chunk_file *reader)
{
	return reader->format > 1;
}

uint32_t wt_chunk_file_interfaces(const struct wt_chunk_file *reader)
{
	return reader->decoder.interface_count;
}

uint64_t wt_chunk_file_bytes_read(const struct wt_chunk_file *reader)
{
	return reader->bytes_read;
}

int wt_chunk_file_size(const struct wt_chunk_file *reader, uint64_t *bytes)
{
	struct stat status;

	if (fstat(reader->fd, &status))
		return -errno;
	*bytes = (uint64_t)status.st_size > reader->base ? (uint64_t)status.st_size - reader->base
	                                                 : 0;
	return 0;
}

/* Find the first page of `bytes`, which are those at `offset`, with an index of this tape. */
static bool parse_pages(const struct wt_chunk_file *reader, const uint8_t *bytes, size_t length,
                        uint64_t offset, struct wt_chunk_index *index)
{
	for (size_t at = 0; at < length; at += PAGE)
		if (wt_chunk_parse(bytes + at, length - at, offset + at, reader->decoder.swapped,
		                   index) &&
		    index->tape_id == reader->tape_id)
			return true;
	return false;
}

/* Find the page, at or after `at`, up to which nothing was ever written; `end` if there is nothing
 * else. Preallocated space need not be read if the file system knows it. */
static uint64_t skip_unwritten(const struct wt_chunk_file *reader, uint64_t at, uint64_t end)
{
	off_t data = lseek(reader->fd, (off_t)(reader->base + at), SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? end : at;
	data = (data - (off_t)reader->base) / PAGE * PAGE;
	return (uint64_t)data > at ? (uint64_t)data : at;
}

int wt_chunk_file_find(struct wt_chunk_file *reader, uint64_t from, uint64_t end,
                       struct wt_chunk_index *index, struct wt_error *err)
{
	/* One page where a chunk is expected; more to search for it. */
	size_t want = PAGE;
	uint64_t at = from + (-from & (PAGE - 1));
	ssize_t got;

	for (; at < end; at += want, want = PIECE_BYTES) {
		if (want > PAGE)
			at = skip_unwritten(reader, at, end);
		if (at >= end)
			break;
		if (want > end - at)
			want = (size_t)(end - at + PAGE - 1) / PAGE * PAGE;
		got = read_at(reader, reader->piece, want, at, err);
		if (got < 0)
			return (int)got;
		if (parse_pages(reader, reader->piece, (size_t)got, at, index))
			return 1;
		if ((size_t)got < want)
			break;
	}
	return 0;
}

/* End of the data written, as far as the file system knows. */
static uint64_t written_end(const struct wt_chunk_file *reader, uint64_t size)
{
	const off_t base = (off_t)reader->base;
	off_t at = base, end = base;

	for (;;) {
		at = lseek(reader->fd, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? (uint64_t)(end - base) : size;
		at = end = lseek(reader->fd, at, SEEK_HOLE);
		if (end < 0)
			return size;
	}
}

/* Find the last page of a piece with an index. */
static bool parse_backwards(const struct wt_chunk_file *reader, const uint8_t *bytes, size_t length,
                            uint64_t offset, struct wt_chunk_index *index)
{
	size_t at = (length + PAGE - 1) / PAGE * PAGE;

	while (at) {
		at -= PAGE;
		if (wt_chunk_parse(bytes + at, length - at, offset + at, reader->decoder.swapped,
		                   index) &&
		    index->tape_id == reader->tape_id)
			return true;
	}
	return false;
}

int wt_chunk_file_last(struct wt_chunk_file *reader, struct wt_chunk_index *index,
                       struct wt_error *err)
{
	uint64_t end, from;
	ssize_t got;
	int rc = wt_chunk_file_size(reader, &end);

	if (rc)
		return wt_error_set(err, rc, "cannot find out its size: %s", strerror(-rc));
	end = (written_end(reader, end) + PAGE - 1) / PAGE * PAGE;
	for (; end > reader->first_bytes; end = from) {
		from = end > reader->first_bytes + PIECE_BYTES ? end - PIECE_BYTES
		                                               : reader->first_bytes;
		got = read_at(reader, reader->piece, (size_t)(end - from), from, err);
		if (got < 0)
			return (int)got;
		if (parse_backwards(reader, reader->piece, (size_t)got, from, index))
			return 1;
	}
	return 0;
}

int wt_chunk_file_after(struct wt_chunk_file *reader, const struct wt_chunk_index *last,
                        uint64_t *offset, struct wt_error *err)
{
	struct wt_pcapng_find found;
	struct wt_file_view view;
	uint64_t from = reader->first_bytes, size = 0;
	const uint8_t *bytes;
	int rc = wt_chunk_file_size(reader, &size);

	if (rc)
		return wt_error_set(err, rc, "cannot find out its size: %s", strerror(-rc));
	if (last->number) {
		rc = wt_chunk_file_chunk(reader, last, &bytes, err);
		if (rc < 0)
			return rc;
		from = last->offset + (rc ? last->chunk_bytes : last->total_length);
	}
	if (from >= size)
		return 0;
	rc = wt_file_view_init(&view, reader->fd, reader->base + size);
	if (!rc)
		rc = wt_pcapng_find_section(&view, reader->base + from, &found);
	reader->bytes_read += view.bytes_read;
	wt_file_view_fini(&view);
	if (rc < 0)
		return wt_error_set(err, rc, "cannot read what is after it: %s", strerror(-rc));
	if (rc)
		*offset = found.offset - reader->base;
	return rc;
}

/* Where to look between two places: in the middle, in whole strides from the lower one, where a
 * chunk starts if all are as long as the last one seen. */
static uint64_t halfway(uint64_t low, uint64_t high, uint64_t stride)
{
	uint64_t half = (high - low) / 2;

	if (high - low <= NEAR_BYTES)
		return low;
	if (half >= stride)
		return low + half / stride * stride;
	return low + half / PAGE * PAGE;
}

int wt_chunk_file_seek(struct wt_chunk_file *reader, int64_t from_ns,
                       const struct wt_chunk_index *last, struct wt_chunk_index *index,
                       struct wt_chunk_index *before, struct wt_error *err)
{
	/* Invariant: in chunks before `low` the largest stamp so far is below from_ns; *index is
	 * the first chunk at or after `high`. */
	uint64_t low = reader->first_bytes, high = last->offset;
	uint64_t stride = PAGE, middle;
	struct wt_chunk_index probe;
	int rc;

	*before = (struct wt_chunk_index){0};
	if (last->max_so_far_ns < from_ns)
		return 0;
	*index = *last;
	while (low < high) {
		middle = halfway(low, high, stride);
		rc = wt_chunk_file_find(reader, middle, high, &probe, err);
		if (rc < 0)
			return rc;
		if (rc)
			stride = probe.chunk_bytes;
		if (rc && probe.max_so_far_ns < from_ns) {
			low = probe.offset + probe.chunk_bytes;
			*before = probe;
			continue;
		}
		if (rc)
			*index = probe;
		high = middle;
	}
	return 1;
}

/* A chunk being read, as far as its blocks chain. */
struct chain {
	uint64_t offset;     /* of the chunk */
	uint32_t bytes;      /* its length, by its index */
	uint32_t read_bytes; /* so far */
	uint32_t at;         /* blocks up to here have their lengths at both ends */
	bool is_broken;      /* at `at`, or the file ends */
};

static uint32_t load32(const struct wt_chunk_file *reader, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return reader->decoder.swapped ? __builtin_bswap32(value) : value;
}

/* Bytes needed for a block whose end was not read yet: a wrong length asks for four bytes only. */
static int look_ahead(struct wt_chunk_file *reader, struct chain *chain, uint32_t total,
                      struct wt_error *err)
{
	uint8_t again[sizeof(uint32_t)];
	const uint64_t end = chain->offset + chain->at + total;
	ssize_t got = read_at(reader, again, sizeof(again), end - sizeof(again), err);

	if (got < 0)
		return (int)got;
	chain->is_broken = (size_t)got < sizeof(again) || load32(reader, again) != total;
	return 0;
}

/* Advance over the blocks that were read: 0, or the negative errno of a read. */
static int follow(struct wt_chunk_file *reader, struct chain *chain, struct wt_error *err)
{
	enum { HEAD = sizeof(struct wt_pcapng_block), SMALLEST = HEAD + sizeof(uint32_t) };

	while (!chain->is_broken && chain->at < chain->bytes) {
		const uint8_t *block = reader->buffer + chain->at;
		uint32_t left = chain->read_bytes - chain->at, total;

		if (chain->bytes - chain->at < SMALLEST)
			chain->is_broken = true;
		if (chain->is_broken || left < HEAD)
			break;
		total = load32(reader, block + 4);
		if (total < SMALLEST || total % 4 || total > chain->bytes - chain->at ||
		    (chain->at && load32(reader, block) == WT_PCAPNG_INDEX))
			chain->is_broken = true;
		else if (total > left)
			return look_ahead(reader, chain, total, err);
		else if (load32(reader, block + total - sizeof(total)) != total)
			chain->is_broken = true;
		else
			chain->at += total;
	}
	return 0;
}

/* Read `want` bytes of the chunk, or all there are. */
static int read_on(struct wt_chunk_file *reader, struct chain *chain, uint32_t want,
                   struct wt_error *err)
{
	ssize_t got;
	int rc = make_room(reader, want, err);

	if (rc)
		return rc;
	got = read_at(reader, reader->buffer + chain->read_bytes, want - chain->read_bytes,
	              chain->offset + chain->read_bytes, err);
	if (got < 0)
		return (int)got;
	chain->read_bytes += (uint32_t)got;
	rc = follow(reader, chain, err);
	chain->is_broken |= chain->read_bytes < want;
	return rc;
}

/* Read a chunk up to where its blocks stop chaining: 1 if its index is still there, 0 if not. Reads
 * more and more of it, so that indexes which promise much without data are cheap. */
static int read_chunk(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                      struct wt_chunk_index *again, struct chain *chain, struct wt_error *err)
{
	uint32_t want = PAGE;
	int rc = 0;

	*chain = (struct chain){.offset = index->offset, .bytes = index->chunk_bytes};
	while (!rc && !chain->is_broken && chain->read_bytes < chain->bytes) {
		want = want < chain->bytes / 4 ? want * 4 : chain->bytes;
		rc = read_on(reader, chain, want, err);
	}
	if (rc)
		return rc;
	return wt_chunk_parse(reader->buffer, chain->read_bytes, index->offset,
	                      reader->decoder.swapped, again) &&
	       again->tape_id == reader->tape_id && again->chunk_bytes == index->chunk_bytes;
}

int wt_chunk_file_chunk(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                        const uint8_t **bytes, struct wt_error *err)
{
	struct wt_chunk_index again = {0};
	struct chain chain;
	int rc = read_chunk(reader, index, &again, &chain, err);

	if (rc <= 0)
		return rc;
	*bytes = reader->buffer;
	return wt_chunk_is_whole(reader->buffer, chain.read_bytes, reader->decoder.swapped, &again);
}

int wt_chunk_file_part(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                       const uint8_t **bytes, uint32_t *length, struct wt_error *err)
{
	struct wt_chunk_index again = {0};
	struct chain chain;
	int rc = read_chunk(reader, index, &again, &chain, err);

	if (rc <= 0)
		return rc;
	*bytes = reader->buffer;
	*length = chain.read_bytes;
	return again.total_length <= chain.read_bytes;
}

static bool belongs_to_first(const struct wt_chunk_file *reader, const uint8_t *block)
{
	uint32_t type;

	memcpy(&type, block, sizeof(type));
	if (reader->decoder.swapped)
		type = __builtin_bswap32(type);
	return type == WT_PCAPNG_SHB || type == WT_PCAPNG_IDB;
}

int wt_chunk_file_decode(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                         const uint8_t *bytes, size_t *at, struct wt_pcapng_item *item,
                         struct wt_error *err)
{
	size_t left = index->chunk_bytes - *at;
	int rc;

	/* Such a block would change how all other chunks are read. */
	if (left >= sizeof(uint32_t) && belongs_to_first(reader, bytes + *at))
		return wt_error_set(err, -EBADMSG, "a section or an interface at offset %llu",
		                    (unsigned long long)(index->offset + *at));
	/* The decoder's offset is for its messages only: chunks may come in any order. */
	reader->decoder.offset = index->offset + *at;
	rc = wt_pcapng_decode(&reader->decoder, bytes + *at, left, true, item, err);
	if (rc > 0)
		*at += item->bytes;
	return rc;
}
