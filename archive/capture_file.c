/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/capture_file.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 1 << 20,
	LOOK_MS = 50,
	MAGIC_BYTES = 24, /* enough for a classic pcap file's header */
	PCAP_HEADER_BYTES = 24,
	PCAP_RECORD_BYTES = 16,
	PCAP_MODIFIED_RECORD_BYTES = 24,
	PCAP_MAX_PACKET_BYTES = 128 << 20, /* as Wireshark has it */
	PCAP_MAJOR = 2,
	PCAP_MAJOR_DG_UX = 543,
	LINK_HAS_FCS = 1 << 26,
	NS_PER_S = 1000000000,
};

/* Where a classic pcap file is between its header and its packets: the items
 * that it has no bytes for come first. */
enum pcap_stage { PCAP_SECTION, PCAP_INTERFACE, PCAP_PACKETS };

/* In old versions a packet's two lengths stand the other way round, in 2.3 with some writers. */
enum pcap_lengths { LENGTHS_IN_ORDER, LENGTHS_SWAPPED, LENGTHS_PERHAPS_SWAPPED };

/* Fields as the file has them, in either byte order. */
struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy; /* 0 with all writers */
	uint32_t snaplen;
	uint32_t link;
};

struct pcap_record {
	uint32_t seconds, fraction;
	uint32_t caplen, len;
};

_Static_assert(sizeof(struct pcap_header) == PCAP_HEADER_BYTES, "a pcap file's header");
_Static_assert(sizeof(struct pcap_record) == PCAP_RECORD_BYTES, "a packet's header");

struct pcap_reader {
	uint64_t offset;
	uint64_t packets;
	struct wt_capture_fractions fractions;
	uint32_t snaplen;
	uint32_t units_per_s;
	uint16_t major, minor;
	uint16_t link_type;
	bool has_fcs;
	uint8_t fcs_bytes;
	uint8_t record_bytes; /* in front of each packet */
	enum pcap_lengths lengths;
	enum pcap_stage stage;
	bool swapped;
};

struct wt_capture_file {
	int fd;
	const struct wt_patience *patience; /* NULL: it waits as long as it takes */
	bool owns_fd;
	bool at_end; /* the last read found nothing */
	enum wt_capture_format format;
	uint8_t *buffer;
	size_t room;
	size_t start; /* of what was read and not yet used */
	size_t end;
	struct wt_pcapng_decoder decoder;
	struct pcap_reader pcap;
};

/* Make room for `need` bytes from file->start on. */
static int make_room(struct wt_capture_file *file, size_t need, struct wt_error *err)
{
	size_t room = file->room;
	uint8_t *grown;

	if (file->room - file->start >= need)
		return 0;
	if (file->start) {
		memmove(file->buffer, file->buffer + file->start, file->end - file->start);
		file->end -= file->start;
		file->start = 0;
	}
	while (room < need)
		room = room ? room * 2 : CHUNK_BYTES;
	if (room == file->room)
		return 0;
	grown = realloc(file->buffer, room);
	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for a buffer of %zu bytes", room);
	file->buffer = grown;
	file->room = room;
	return 0;
}

/* Wait for bytes or the end of the file; a regular file is always ready. */
static bool has_more(const struct wt_capture_file *file)
{
	const struct wt_patience *patience = file->patience;
	struct pollfd poller = {.fd = file->fd, .events = POLLIN};

	if (!patience)
		return true;
	while (!patience->is_over(patience->context))
		if (poll(&poller, 1, LOOK_MS) > 0)
			return true;
	return false;
}

static ssize_t read_some(struct wt_capture_file *file, void *into, size_t bytes)
{
	ssize_t got;

	do {
		if (!has_more(file))
			return -EINTR;
		got = read(file->fd, into, bytes);
	} while (got < 0 && (errno == EINTR || (errno == EAGAIN && file->patience)));
	if (got < 0)
		return -errno;
	file->at_end = got == 0;
	return got;
}

/* Buffer `need` bytes at file->start, or all there are and set file->at_end. Memory grows with the
 * bytes that came: a length alone, which may be wrong, allocates nothing. */
static int fill(struct wt_capture_file *file, size_t need, struct wt_error *err)
{
	size_t have;
	ssize_t got;
	int rc;

	/* A file that is still growing may have more than it had the last time. */
	file->at_end = false;
	while ((have = file->end - file->start) < need && !file->at_end) {
		rc = make_room(file, need < CHUNK_BYTES || need / 2 < have ? need : have + 1, err);
		if (rc)
			return rc;
		got = read_some(file, file->buffer + file->end, file->room - file->end);
		if (got < 0)
			return wt_error_set(err, (int)got, "cannot read: %s", strerror((int)-got));
		file->end += (size_t)got;
	}
	return 0;
}

/* Formats that are not read, by their first bytes, and what to do about them. */
static const struct {
	uint8_t bytes[6];
	uint8_t length;
	const char *looks_like;
} foreign_formats[] = {
        {"\x1f\x8b", 2, "gzip data: unpack it first, with 'gzip -dc'"},
        {"\x28\xb5\x2f\xfd", 4, "zstd data: unpack it first, with 'zstd -dc'"},
        {"\xfd"
         "7zXZ",
         6, "xz data: unpack it first, with 'xz -dc'"},
        {"\x04\x22\x4d\x18", 4, "lz4 data: unpack it first, with 'lz4 -dc'"},
        {"BZh", 3, "bzip2 data: unpack it first, with 'bzip2 -dc'"},
        {"PK\x03\x04", 4, "a zip archive: unpack it first"},
        {"snoop", 6, "a snoop file: convert it first, with 'editcap -F pcapng'"},
        {"GMBU", 4, "a Network Monitor file: convert it first, with 'editcap -F pcapng'"},
        {"\x0a\x0d\x0a", 3, "pcapng whose line ends a file transfer in text mode has changed"},
        {"\x0d\x0d\x0a", 3, "pcapng whose line ends a file transfer in text mode has changed"},
        {"\0\0\0\0\0\0", 6, "zeros: space that was allocated and not, or not yet, written"},
};

/* "x.tgz" and "x.tar.zst" are archives in compressed data. */
static bool is_named_tar(const char *path)
{
	static const char *const ends[] = {".tgz", ".txz", ".tbz", ".tbz2", ".tzst", ".tlz4"};
	const char *end = strrchr(path, '.');

	if (!end)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (!strcmp(end, ends[i]))
			return true;
	return end - path >= 4 && !strncmp(end - 4, ".tar", 4);
}

static bool is_tar(struct wt_capture_file *file)
{
	static const char magic[] = "ustar";
	enum { AT = 257, LENGTH = sizeof(magic) - 1 };

	return !fill(file, AT + LENGTH, NULL) && file->end - file->start >= AT + LENGTH &&
	       !memcmp(file->buffer + file->start + AT, magic, LENGTH);
}

static int refuse_foreign(const char *path, const uint8_t *bytes, size_t length,
                          struct wt_error *err)
{
	for (size_t i = 0; i < sizeof(foreign_formats) / sizeof(foreign_formats[0]); i++)
		if (length >= foreign_formats[i].length &&
		    !memcmp(bytes, foreign_formats[i].bytes, foreign_formats[i].length))
			return wt_error_set(
			        err, -ENOTSUP, "neither pcapng nor pcap: it looks like %s",
			        is_named_tar(path) ? "a compressed archive: take the capture "
			                             "files out of it, with 'tar -xf'"
			                           : foreign_formats[i].looks_like);
	if (length < 4)
		return wt_error_set(err, -ENODATA, "too short for a capture file: %zu bytes",
		                    length);
	return wt_error_set(err, -ENOTSUP,
	                    "neither pcapng nor pcap: it starts with %02x %02x %02x %02x; "
	                    "'editcap -F pcapng' may know how to convert it",
	                    bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* Magics of classic pcap. MODIFIED is an old Linux libpcap's, with a longer header before each
 * packet. */
static bool is_pcap_magic(struct wt_capture_file *file, uint32_t magic)
{
	enum { US = 0xa1b2c3d4, NS = 0xa1b23c4d, MODIFIED = 0xa1b2cd34 };

	if (magic != US && magic != NS && magic != MODIFIED)
		return false;
	file->format = magic == NS ? WT_CAPTURE_PCAP_NS : WT_CAPTURE_PCAP_US;
	file->pcap.record_bytes =
	        magic == MODIFIED ? PCAP_MODIFIED_RECORD_BYTES : PCAP_RECORD_BYTES;
	return true;
}

static bool is_pcap(struct wt_capture_file *file, uint32_t magic)
{
	if (is_pcap_magic(file, magic))
		return true;
	file->pcap.swapped = is_pcap_magic(file, __builtin_bswap32(magic));
	return file->pcap.swapped;
}

static uint32_t swapped_u32(uint32_t value, bool swapped)
{
	return swapped ? __builtin_bswap32(value) : value;
}

static uint16_t swapped_u16(uint16_t value, bool swapped)
{
	return swapped ? __builtin_bswap16(value) : value;
}

/* Lengths in units of 16 bits, as in libpcap. Some writers count bytes: no link layer has a check
 * sequence of six bytes or more. */
static uint8_t pcap_fcs_bytes(uint32_t field)
{
	uint32_t number = field >> 28;

	return (uint8_t)(number <= 2 ? 2 * number : number);
}

static enum pcap_lengths lengths_of(uint16_t major, uint16_t minor)
{
	if (major != PCAP_MAJOR || minor < 3)
		return LENGTHS_SWAPPED;
	return minor == 3 ? LENGTHS_PERHAPS_SWAPPED : LENGTHS_IN_ORDER;
}

static int open_pcap(struct wt_capture_file *file, struct wt_error *err)
{
	struct pcap_reader *pcap = &file->pcap;
	struct pcap_header header;
	uint32_t link;

	if (file->end - file->start < PCAP_HEADER_BYTES)
		return wt_error_set(
		        err, -ENODATA,
		        "the file is cut off in its header, of which %zu of %d bytes are "
		        "there",
		        file->end - file->start, PCAP_HEADER_BYTES);
	memcpy(&header, file->buffer + file->start, sizeof(header));
	file->start += PCAP_HEADER_BYTES;
	pcap->major = swapped_u16(header.major, pcap->swapped);
	pcap->minor = swapped_u16(header.minor, pcap->swapped);
	if (pcap->major != PCAP_MAJOR && pcap->major != PCAP_MAJOR_DG_UX)
		return wt_error_set(err, -ENOTSUP,
		                    "it is pcap version %u.%u, and only version %d is known; "
		                    "'editcap -F pcapng' may know how to convert it",
		                    pcap->major, pcap->minor, PCAP_MAJOR);
	pcap->lengths = lengths_of(pcap->major, pcap->minor);
	pcap->snaplen = swapped_u32(header.snaplen, pcap->swapped);
	pcap->units_per_s = file->format == WT_CAPTURE_PCAP_NS ? NS_PER_S : NS_PER_S / 1000;
	/* The number in the file, where libpcap's own would be a DLT. The upper
	 * bits are about frame check sequences. */
	link = swapped_u32(header.link, pcap->swapped);
	pcap->link_type = (uint16_t)link;
	pcap->has_fcs = link & LINK_HAS_FCS;
	pcap->fcs_bytes = pcap->has_fcs ? pcap_fcs_bytes(link) : 0;
	return 0;
}

static void pcap_section(const struct wt_capture_file *file, struct wt_pcapng_item *item)
{
	*item = (struct wt_pcapng_item){
	        .kind = WT_ITEM_SECTION,
	        .block_type = WT_PCAPNG_SHB,
	        .bytes = PCAP_HEADER_BYTES,
	        .section.declared_bytes = WT_PCAPNG_LENGTH_UNKNOWN,
	        .section.major = file->pcap.major,
	        .section.minor = file->pcap.minor,
	        .section.big_endian =
	                file->pcap.swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__),
	};
}

static void pcap_interface(const struct wt_capture_file *file, struct wt_pcapng_item *item)
{
	*item = (struct wt_pcapng_item){
	        .kind = WT_ITEM_INTERFACE,
	        .block_type = WT_PCAPNG_IDB,
	        .offset = PCAP_HEADER_BYTES,
	        .interface.link_type = file->pcap.link_type,
	        .interface.snaplen = file->pcap.snaplen,
	        .interface.tsresol = file->format == WT_CAPTURE_PCAP_NS ? 9 : 6,
	        .interface.has_fcs = file->pcap.has_fcs,
	        .interface.fcs_bytes = file->pcap.fcs_bytes,
	};
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Decode the record at file->start, whose header is buffered: 1, or the error. */
static int read_record(const struct wt_capture_file *file, struct pcap_record *record,
                       struct wt_error *err)
{
	static const struct pcap_record zeros;
	const struct pcap_reader *pcap = &file->pcap;
	uint32_t caplen, len;

	memcpy(record, file->buffer + file->start, sizeof(*record));
	if (!memcmp(record, &zeros, sizeof(zeros)))
		return wt_error_set(err, -EBADMSG,
		                    "zeros instead of a packet at offset %llu: space that was "
		                    "allocated for the file and not, or not yet, written",
		                    (unsigned long long)pcap->offset);
	record->seconds = swapped_u32(record->seconds, pcap->swapped);
	record->fraction = swapped_u32(record->fraction, pcap->swapped);
	caplen = swapped_u32(record->caplen, pcap->swapped);
	len = swapped_u32(record->len, pcap->swapped);
	if (pcap->lengths == LENGTHS_SWAPPED ||
	    (pcap->lengths == LENGTHS_PERHAPS_SWAPPED && caplen > len)) {
		record->caplen = len;
		record->len = caplen;
	} else {
		record->caplen = caplen;
		record->len = len;
	}
	if (record->caplen > PCAP_MAX_PACKET_BYTES)
		return wt_error_set(err, -EBADMSG,
		                    "packet at offset %llu: its captured length %u is more than "
		                    "the %u bytes that a packet may have here",
		                    (unsigned long long)pcap->offset, record->caplen,
		                    PCAP_MAX_PACKET_BYTES);
	return 1;
}

static void pcap_packet(const struct wt_capture_file *file, const struct pcap_record *record,
                        struct wt_pcapng_item *item)
{
	const struct pcap_reader *pcap = &file->pcap;
	int64_t ns_per_unit = NS_PER_S / pcap->units_per_s;

	*item = (struct wt_pcapng_item){
	        .kind = WT_ITEM_PACKET,
	        .block_type = WT_PCAPNG_EPB,
	        .offset = pcap->offset,
	        .bytes = pcap->record_bytes + (size_t)record->caplen,
	        .packet.frame.data = file->buffer + file->start + pcap->record_bytes,
	        .packet.frame.caplen = smaller(record->caplen, record->len),
	        .packet.frame.len = record->len,
	        /* unsigned 32-bit fields; a fraction above a second is carried */
	        .packet.frame.stamp_ns =
	                (int64_t)record->seconds * NS_PER_S + record->fraction * ns_per_unit,
	        .packet.stamp_units =
	                (uint64_t)record->seconds * pcap->units_per_s + record->fraction,
	        .packet.snaplen = pcap->snaplen,
	        .packet.excess_bytes = record->caplen - smaller(record->caplen, record->len),
	        .packet.link_type = pcap->link_type,
	        .packet.fcs_bytes = (uint8_t)smaller(pcap->fcs_bytes, record->len),
	        .packet.has_stamp = true,
	};
}

static void note_fraction(struct pcap_reader *pcap, uint32_t fraction)
{
	struct wt_capture_fractions *fractions = &pcap->fractions;

	if (fraction < pcap->units_per_s)
		return;
	if (!fractions->packets++)
		fractions->nanoseconds = pcap->units_per_s < NS_PER_S;
	if (fraction >= NS_PER_S)
		fractions->nanoseconds = false;
}

static int pcap_cut_off(const struct pcap_reader *pcap, struct wt_error *err)
{
	return wt_error_set(err, -ENODATA,
	                    "the file is cut off in the packet at offset %llu; complete packets "
	                    "before it: %llu",
	                    (unsigned long long)pcap->offset, (unsigned long long)pcap->packets);
}

static int next_pcap_packet(struct wt_capture_file *file, struct wt_pcapng_item *item,
                            struct wt_error *err)
{
	struct pcap_reader *pcap = &file->pcap;
	struct pcap_record record;
	int rc = fill(file, pcap->record_bytes, err);

	if (rc)
		return rc;
	if (file->end == file->start)
		return 0;
	if (file->end - file->start < pcap->record_bytes)
		return pcap_cut_off(pcap, err);
	rc = read_record(file, &record, err);
	if (rc < 0)
		return rc;
	rc = fill(file, pcap->record_bytes + (size_t)record.caplen, err);
	if (rc)
		return rc;
	if (file->end - file->start - pcap->record_bytes < record.caplen)
		return pcap_cut_off(pcap, err);
	pcap_packet(file, &record, item);
	note_fraction(pcap, record.fraction);
	file->start += item->bytes;
	pcap->offset += item->bytes;
	pcap->packets++;
	return 1;
}

static int next_pcap_item(struct wt_capture_file *file, struct wt_pcapng_item *item,
                          struct wt_error *err)
{
	switch (file->pcap.stage) {
	case PCAP_SECTION:
		pcap_section(file, item);
		file->pcap.stage = PCAP_INTERFACE;
		file->pcap.offset = PCAP_HEADER_BYTES;
		return 1;
	case PCAP_INTERFACE:
		pcap_interface(file, item);
		file->pcap.stage = PCAP_PACKETS;
		return 1;
	default:
		return next_pcap_packet(file, item, err);
	}
}

/* Seek past bytes of a regular file: how many, or 0 if it cannot seek or ends. */
static uint64_t seek_over(struct wt_capture_file *file, uint64_t bytes)
{
	struct stat status;
	off_t at = lseek(file->fd, 0, SEEK_CUR);

	if (at < 0 || fstat(file->fd, &status) || !S_ISREG(status.st_mode) || status.st_size <= at)
		return 0;
	if (bytes > (uint64_t)(status.st_size - at))
		bytes = (uint64_t)(status.st_size - at);
	return lseek(file->fd, (off_t)bytes, SEEK_CUR) < 0 ? 0 : bytes;
}

/* Skip the bytes that the decoder does not need, or all there are and set file->at_end. */
static int pass_over(struct wt_capture_file *file, struct wt_error *err)
{
	uint64_t *pass = &file->decoder.pass, step;
	int rc = 0;

	file->at_end = false;
	while (*pass && !file->at_end && !rc) {
		step = file->end - file->start < *pass ? file->end - file->start : *pass;
		file->start += step;
		*pass -= step;
		if (*pass)
			*pass -= seek_over(file, *pass);
		if (*pass)
			rc = fill(file, 1, err);
	}
	return rc;
}

static int next_pcapng_item(struct wt_capture_file *file, struct wt_pcapng_item *item,
                            struct wt_error *err)
{
	bool at_end = false;
	int rc;

	for (;;) {
		rc = wt_pcapng_decode(&file->decoder, file->buffer + file->start,
		                      file->end - file->start, at_end, item, err);
		if (rc == 1)
			file->start += item->bytes;
		if (rc || (at_end && !file->decoder.pass))
			return rc;
		rc = file->decoder.pass ? pass_over(file, err)
		                        : fill(file, file->decoder.need, err);
		if (rc)
			return rc;
		at_end = file->at_end;
	}
}

static int recognise(struct wt_capture_file *file, const char *path, struct wt_error *err)
{
	uint32_t magic;
	size_t length;
	int rc = fill(file, MAGIC_BYTES, err);

	if (rc)
		return rc;
	length = file->end - file->start;
	if (!length)
		return wt_error_set(err, -ENODATA, "the file is empty");
	if (length < sizeof(magic))
		return refuse_foreign(path, file->buffer, length, err);
	memcpy(&magic, file->buffer, sizeof(magic));
	if (magic == WT_PCAPNG_SHB)
		return 0;
	if (is_pcap(file, magic))
		return open_pcap(file, err);
	if (is_tar(file))
		return wt_error_set(err, -ENOTSUP,
		                    "neither pcapng nor pcap: it looks like an archive: take the "
		                    "capture files out of it, with 'tar -xf'");
	return refuse_foreign(path, file->buffer, length, err);
}

static int open_fd(struct wt_capture_file *file, const char *path, struct wt_error *err)
{
	int code;

	if (!strcmp(path, "-")) {
		file->fd = STDIN_FILENO;
		return 0;
	}
	/* Wait in poll(), not in open(), for a FIFO's writer. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | (file->patience ? O_NONBLOCK : 0));
	if (file->fd < 0) {
		code = -errno;
		return wt_error_set(err, code, "cannot open it: %s", strerror(-code));
	}
	file->owns_fd = true;
	/* Best effort: a pipe refuses the advice, harmlessly. */
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

int wt_capture_file_open(struct wt_capture_file **file, const char *path, struct wt_error *err)
{
	return wt_capture_file_open_until(file, path, 0, NULL, err);
}

static int skip_to(const struct wt_capture_file *file, uint64_t offset, struct wt_error *err)
{
	int code;

	if (!offset || lseek(file->fd, (off_t)offset, SEEK_SET) >= 0)
		return 0;
	code = -errno;
	return wt_error_set(err, code, "cannot read on at offset %llu: %s",
	                    (unsigned long long)offset, strerror(-code));
}

int wt_capture_file_open_until(struct wt_capture_file **file, const char *path, uint64_t offset,
                               const struct wt_patience *patience, struct wt_error *err)
{
	struct wt_capture_file *opened = calloc(1, sizeof(*opened));
	int rc;

	if (!opened)
		return wt_error_set(err, -ENOMEM, "no memory to open it");
	opened->patience = patience;
	wt_pcapng_decoder_init(&opened->decoder);
	opened->decoder.offset = offset;
	rc = open_fd(opened, path, err);
	if (!rc)
		rc = skip_to(opened, offset, err);
	if (!rc)
		rc = recognise(opened, path, err);
	if (rc) {
		wt_capture_file_close(opened);
		return rc;
	}
	*file = opened;
	return 0;
}

void wt_capture_file_keep(struct wt_capture_file *file, size_t bytes)
{
	file->decoder.other_bytes_max = bytes;
}

int wt_capture_file_next(struct wt_capture_file *file, struct wt_pcapng_item *item,
                         struct wt_error *err)
{
	return file->format == WT_CAPTURE_PCAPNG ? next_pcapng_item(file, item, err)
	                                         : next_pcap_item(file, item, err);
}

/* Take the record at `at` if it needs no special care: the bytes it takes, or 0. */
static inline size_t take_quickly(const struct pcap_reader *pcap, const uint8_t *at, size_t left,
                                  struct wt_frame *frame)
{
	struct pcap_record record;
	int64_t ns_per_unit = pcap->units_per_s == NS_PER_S ? 1 : NS_PER_S / 1000000;

	if (left < pcap->record_bytes)
		return 0;
	memcpy(&record, at, sizeof(record));
	record.seconds = swapped_u32(record.seconds, pcap->swapped);
	record.fraction = swapped_u32(record.fraction, pcap->swapped);
	record.caplen = swapped_u32(record.caplen, pcap->swapped);
	record.len = swapped_u32(record.len, pcap->swapped);
	if (!record.caplen || record.caplen > record.len ||
	    record.caplen > left - pcap->record_bytes || record.fraction >= pcap->units_per_s ||
	    record.caplen > PCAP_MAX_PACKET_BYTES)
		return 0;
	*frame = (struct wt_frame){
	        .data = at + pcap->record_bytes,
	        .caplen = record.caplen,
	        .len = record.len,
	        .stamp_ns = (int64_t)record.seconds * NS_PER_S + record.fraction * ns_per_unit,
	};
	return pcap->record_bytes + (size_t)record.caplen;
}

static size_t next_pcap_packets(struct wt_capture_file *file, struct wt_frame *frames, size_t max)
{
	struct pcap_reader *pcap = &file->pcap;
	size_t count = 0, bytes = 1;

	if (pcap->stage != PCAP_PACKETS || pcap->lengths != LENGTHS_IN_ORDER)
		return 0;
	while (count < max && bytes) {
		bytes = take_quickly(pcap, file->buffer + file->start, file->end - file->start,
		                     &frames[count]);
		count += bytes != 0;
		file->start += bytes;
		pcap->offset += bytes;
	}
	pcap->packets += count;
	return count;
}

size_t wt_capture_file_next_packets(struct wt_capture_file *file, struct wt_frame *frames,
                                    size_t max, uint32_t *interface_id)
{
	size_t count, used;

	*interface_id = 0;
	if (file->format != WT_CAPTURE_PCAPNG)
		return next_pcap_packets(file, frames, max);
	count = wt_pcapng_decode_packets(&file->decoder, file->buffer + file->start,
	                                 file->end - file->start, frames, max, interface_id, &used);
	file->start += used;
	return count;
}

enum wt_capture_format wt_capture_file_format(const struct wt_capture_file *file)
{
	return file->format;
}

const char *wt_capture_format_name(enum wt_capture_format format)
{
	switch (format) {
	case WT_CAPTURE_PCAP_US:
		return "pcap (microseconds)";
	case WT_CAPTURE_PCAP_NS:
		return "pcap (nanoseconds)";
	default:
		return "pcapng";
	}
}

uint64_t wt_capture_file_offset(const struct wt_capture_file *file)
{
	return file->format == WT_CAPTURE_PCAPNG ? file->decoder.offset : file->pcap.offset;
}

struct wt_capture_fractions wt_capture_file_fractions(const struct wt_capture_file *file)
{
	return file->pcap.fractions;
}

void wt_capture_file_close(struct wt_capture_file *file)
{
	if (!file)
		return;
	wt_pcapng_decoder_fini(&file->decoder);
	free(file->buffer);
	if (file->owns_fd)
		close(file->fd);
	free(file);
}
