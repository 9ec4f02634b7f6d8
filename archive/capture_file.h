/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_CAPTURE_FILE_H
#define WIRETAPE_ARCHIVE_CAPTURE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/base/patience.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Reads a capture file from its beginning to its end, of any size, in memory
 * that does not grow with it. Classic pcap is presented as the items of pcapng:
 * a section, an interface, packets. They are read as long as they are in the
 * file, also where its header's snaplen is smaller.
 *
 * One thread at a time. Reading may block, on a pipe for as long as its writer
 * likes. */
struct wt_capture_file;

enum wt_capture_format {
	WT_CAPTURE_PCAPNG,
	WT_CAPTURE_PCAP_US, /* classic pcap with microseconds */
	WT_CAPTURE_PCAP_NS, /* classic pcap with nanoseconds */
};

/* Open `path`, or standard input for "-", and look at its first bytes. 0 and
 * *file, which the caller closes; -ENODATA for an empty file, -ENOTSUP for
 * something that is not a capture file of these formats (the text says what it
 * looks like and what to do), or another negative errno. */
int wt_capture_file_open(struct wt_capture_file **file, const char *path, struct wt_error *err);

/* Open the part that begins at `offset` of a seekable file. Offsets in items and messages count
 * from the file's start. Opening and reading end with -EINTR when the patience is over. It is
 * borrowed while the file is open; NULL: it never ends. */
int wt_capture_file_open_until(struct wt_capture_file **file, const char *path, uint64_t offset,
                               const struct wt_patience *patience, struct wt_error *err);

/* Keep blocks that the decoder does not look into whole up to this many bytes, by default
 * WT_PCAPNG_OTHER_BYTES. Longer ones are passed over. */
void wt_capture_file_keep(struct wt_capture_file *file, size_t bytes);

/* The next item: 1 and *item, whose views are valid until the next call; 0 at
 * the end; or what wt_pcapng_decode() returns for a file that is cut off
 * (-ENODATA), broken (-EBADMSG) or of another version, and the errno of read().
 *
 * A pcapng file that is still being written may be asked again after 0 or
 * -ENODATA, and goes on where it stopped if it has grown. */
int wt_capture_file_next(struct wt_capture_file *file, struct wt_pcapng_item *item,
                         struct wt_error *err);

/* The next packets, as long as that is quick: up to `max` of one interface, as
 * wt_capture_file_next() would give them, valid until the next call of either. Their number and
 * *interface_id; 0: wt_capture_file_next() is to be asked. Does not read, so it never blocks. */
size_t wt_capture_file_next_packets(struct wt_capture_file *file, struct wt_frame *frames,
                                    size_t max, uint32_t *interface_id);

enum wt_capture_format wt_capture_file_format(const struct wt_capture_file *file);

/* "pcapng", "pcap (microseconds)" or "pcap (nanoseconds)". Static. */
const char *wt_capture_format_name(enum wt_capture_format format);

/* Bytes of the items so far. */
uint64_t wt_capture_file_offset(const struct wt_capture_file *file);

/* Packets of a classic pcap file whose fraction of a second is a second or more; it is carried. */
struct wt_capture_fractions {
	uint64_t packets;
	bool nanoseconds; /* that is what they look like, in a file that says microseconds */
};

/* Count over the packets read so far. */
struct wt_capture_fractions wt_capture_file_fractions(const struct wt_capture_file *file);

/* NULL is fine. Standard input stays open. */
void wt_capture_file_close(struct wt_capture_file *file);

#endif
