/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FILES_H
#define WIRETAPE_FILES_H

/* Finished capture files, pcapng and pcap, from wiretape or any other program: read as one
 * timeline, cut, repaired, compared.
 *
 * A path without a file may be the name of a recording of several queues, each of which has files
 * of its own: "feed.pcapng" stands for feed_q0.pcapng, feed_q1.pcapng and so on, and for all that
 * are numbered.
 *
 * In a recording of wiretape a time is found by binary search; any other file is read from its
 * beginning to its end. Memory does not grow with the files. "-" is standard input. One thread at a
 * time; opening and reading block, on a pipe for as long as its writer likes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/error.h>
#include <wiretape/export.h>
#include <wiretape/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wt_files;

/* Packets to read, and from which files. Everything is borrowed as long as they are open. */
struct wt_files_config {
	size_t size; /* see export.h */
	const char *const *paths;
	size_t path_count;
	int64_t from_ns; /* inclusive [the beginning] */
	int64_t to_ns;   /* exclusive [the end] */
	/* Both count from the first packet of the first file, or of all queues' first files [since
	 * 1970] */
	bool is_relative;
	/* Packets without a stamp come right after the one before them in their file [left out] */
	bool keep_unstamped;
	const char *filter; /* a libpcap expression [all packets] */
};

/* A packet of the timeline. Its bytes are borrowed until the next call of wt_files_next(). */
struct wt_files_packet {
	size_t size; /* see export.h */
	struct wt_frame frame;
	uint32_t file;      /* index of its path */
	uint32_t interface; /* in the timeline, see wt_files_interface_read() */
	uint16_t link_type; /* LINKTYPE_* */
	uint8_t fcs_bytes; /* trailing bytes of frame.len that are a check sequence, captured or not
	                    */
	bool has_stamp;    /* false: frame.stamp_ns is the previous packet's */
	bool has_source;   /* the file gives this packet's stamp source: frame.stamp_source */
	bool has_dropped;  /* the file gives the drops before it, even if 0 */
};

/* 0 and *files, which the caller closes; -EINVAL for settings that make no sense; -ENOTSUP for a
 * file that is not a capture; -ENODATA if times count from the first packet and there is none; or
 * another negative errno. */
WT_API int wt_files_open(struct wt_files **files, const struct wt_files_config *config,
                         struct wt_error *err);

/* The next packet in the order of stamps; packets of one file keep their order, even where its
 * stamps go back: 1 and *packet, 0 at the end, or a negative errno, after which only closing is
 * possible. A file that is broken or cut off ends there, which is no error here:
 * wt_files_file_read() reports it. */
WT_API int wt_files_next(struct wt_files *files, struct wt_files_packet *packet,
                         struct wt_error *err);

/* An interface in the timeline. Strings live until the next call of wt_files_next(). */
struct wt_files_interface {
	size_t size;       /* see export.h */
	const char *name;  /* NULL: none */
	const char *clock; /* clock of its stamps, docs/format.md; NULL: unknown */
	uint32_t file;     /* index of its path, the first that has it */
	uint32_t snaplen;  /* 0: no limit */
	uint16_t link_type;
};

/* 0; -ERANGE if that number does not exist so far; -EINVAL for a wrong size. */
WT_API int wt_files_interface_read(const struct wt_files *files, uint32_t number,
                                   struct wt_files_interface *interface);

/* State of a file so far, or of all that a path stands for. */
struct wt_files_file {
	size_t size;       /* see export.h */
	bool is_recording; /* a wiretape recording: times are found by binary search */
	uint64_t bytes_read, bytes_total;
	uint64_t packets;  /* packets taken from it */
	uint64_t missing;  /* packets in holes among the chunks that were read */
	uint64_t left_out; /* without a stamp */
	int ended; /* 0; -ENODATA: cut off; others: broken; everything before that is used */
	struct wt_error why;
};

/* 0; -ERANGE if there is no such path; -EINVAL for a wrong size. */
WT_API int wt_files_file_read(const struct wt_files *files, size_t number,
                              struct wt_files_file *file);

/* NULL is fine. Standard input stays open. */
WT_API void wt_files_close(struct wt_files *files);

struct wt_files_cut_result {
	size_t size; /* see export.h */
	uint64_t packets;
	int64_t first_ns, last_ns; /* the smallest and the largest stamp, if there are packets */
};

/* Write the selected packets (without keep_unstamped) to `out` as one pcapng file in the order of
 * stamps; it appears once it is complete. 0, and the file is there, even without a packet; or a
 * negative errno, and it is not. *result (NULL is fine) is filled in after 0. */
WT_API int wt_files_cut(const struct wt_files_config *config, const char *out,
                        struct wt_files_cut_result *result, struct wt_error *err);

/* Contents of a file that a crash has left without its end, or that was damaged. */
struct wt_files_repair_result {
	size_t size;       /* see export.h */
	bool needs_repair; /* it was repaired, or needs to be */
	bool needs_copy;   /* repair in place is impossible */
	bool was_closed;   /* closed by the recorder */
	uint64_t packets;  /* packets kept */
	uint64_t missing;  /* packets lost, as far as known */
	uint64_t holes;
	uint64_t cut_bytes; /* bytes at the end that are cut off */
};

/* Inspect without changing anything; or repair: in place, or with `out` as a copy, which is written
 * in any case. Of a recording of several queues all files are inspected or repaired, and the result
 * is their sum; it has no one copy (-EINVAL). 0; -EPERM if it takes a copy and `out` is NULL;
 * -EBUSY for a file that is being recorded; -EBADMSG if nothing can be kept; -ENOTSUP for a file
 * that is not a capture; or another negative errno. *result (NULL is fine) is filled in after 0 and
 * -EPERM. */
WT_API int wt_files_check(const char *path, struct wt_files_repair_result *result,
                          struct wt_error *err);
WT_API int wt_files_repair(const char *path, const char *out, struct wt_files_repair_result *result,
                           struct wt_error *err);

/* Where the part of a packet begins that has to be equal. Its length on the wire always counts. */
enum wt_compare_scope {
	/* The link layer, VLAN tags included. In what may be padding of a short Ethernet frame (46
	 * bytes or fewer after the last tag) only what its header claims counts: for IP and ARP the
	 * datagram, for 802.3 its length, for others all but trailing zeros. In larger frames every
	 * byte counts. */
	WT_COMPARE_FRAME,
	/* The network layer: an IP datagram and nothing after it; anything but IP as above. Not for
	 * all link types. */
	WT_COMPARE_NETWORK,
	/* The ports and payload of TCP and UDP; fragments and other protocols as above. */
	WT_COMPARE_PAYLOAD,
};

/* Two files: A was sent, B arrived. */
struct wt_files_compare_config {
	size_t size; /* see export.h */
	const char *path_a, *path_b;
	const char *filter_a, *filter_b; /* libpcap expressions [all packets] */
	enum wt_compare_scope scope;     /* [WT_COMPARE_FRAME] */
	bool ignore_ttl;                 /* and ignore the IPv4 header checksum with it */
	double speed;                    /* A was sent this many times faster [1] */
	int64_t tolerance_ns;            /* count larger errors [none] */
};

/* matched + lost are A's packets; matched + doubled + extra are B's. */
struct wt_files_compare_result {
	size_t size; /* see export.h */
	uint64_t packets_a, packets_b;
	uint64_t matched;
	uint64_t lost;         /* in A but not in B */
	uint64_t doubled;      /* surplus copies in B of packets in A */
	uint64_t extra;        /* in B but not in A at all */
	uint64_t reordered;    /* after one with a higher number in A (RFC 4737) */
	uint64_t longest_loss; /* packets of A, one after the other */
	uint64_t timed;        /* matched with stamps in both; if 0 the rest is 0 */
	/* Differences of stamps, B's minus A's at its speed. The median counts as zero error. */
	int64_t min_ns, mean_ns, p50_ns, p99_ns, max_ns;
	uint64_t over_tolerance;
};

/* Read and compare. A file that is cut off or broken is used up to that point. 0, or a negative
 * errno of reading, the filters or the settings. */
WT_API int wt_files_compare(const struct wt_files_compare_config *config,
                            struct wt_files_compare_result *result, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
