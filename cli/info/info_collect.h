/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_COLLECT_H
#define WIRETAPE_CLI_INFO_INFO_COLLECT_H

/* Sums of a capture file: the source of everything that `wiretape info` says. */

#include "info_clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/base/error.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Limits of what is kept of a hostile file; the rest is only counted. */
enum {
	WT_INFO_MAX_SECTIONS = 1024,
	WT_INFO_MAX_INTERFACES = 4096, /* in all sections together */
	WT_INFO_MAX_DEGRADED = 256,
};

/* Sums over the packets of an interface or a file. */
struct wt_info_tally {
	uint64_t packets;
	uint64_t captured_bytes;
	uint64_t wire_bytes;
	uint64_t inbound;
	uint64_t outbound;
	uint64_t truncated;    /* fewer bytes than there were on the wire */
	uint64_t out_of_order; /* stamped before their predecessor */
	uint64_t unstamped;    /* without a stamp that can be shown */
	uint64_t out_of_range; /* of those: with one that 64 bits of ns have no room for */
	uint64_t with_fcs;     /* with a frame check sequence, which counts as part of them */
	uint64_t above_snaplen;
	uint64_t overlong; /* more bytes here than there were on the wire */
	uint64_t dropped;  /* between the packets, as these say */
	uint64_t stamped;
	int64_t first_ns; /* the earliest, if any is stamped */
	int64_t last_ns;
	int64_t previous_ns;
};

/* Copies of an item's texts are terminated, and NULL if absent. */
struct wt_info_statistics {
	uint64_t blocks;                          /* how many there were; the rest is of the last */
	struct wt_pcapng_item_statistics numbers; /* its text views are dead */
	char *ledger;
	char *nic;
	char *degraded[WT_INFO_MAX_DEGRADED];
	size_t degraded_count;
};

struct wt_info_interface {
	struct wt_pcapng_item_interface fields; /* its text views are dead */
	char *name, *description, *filter, *os, *hardware, *comment, *reader;
	struct wt_info_tally tally;
	struct wt_info_statistics *statistics; /* NULL if there were none */
	struct wt_info_clock clock;
};

struct wt_info_section {
	struct wt_pcapng_item_section fields; /* its text views are dead */
	char *hardware, *os, *application, *comment;
	struct wt_info_interface *interfaces;
	size_t interface_count;
	size_t interface_room;
};

/* Layout of one of wiretape's recordings. */
struct wt_info_layout {
	bool has_chunks; /* made of chunks */
	uint64_t chunks;
	uint64_t in_place; /* of those: as the kernel filled them */
	uint64_t holes;    /* that repair has closed */
	uint64_t missing_packets;
	bool not_closed;       /* as repair has found it */
	uint64_t tail_packets; /* then: that came after the last chunk, as far as is known */
};

/* A lane of a recording: its files together. */
struct wt_info_lane {
	uint32_t number; /* from 0 */
	uint64_t files;
	uint64_t files_missing; /* between these, or after them, where another lane has two */
	uint32_t last_file;     /* its number; 0: unknown */
	uint64_t packets;
	uint64_t seen, written, lost; /* by its ledgers */
	bool has_ledger;              /* for all of its interfaces, in all files */
	bool closes;                  /* then: each of them, on what is in its file */
};

/* The lanes of the recording that the files are of; zeros: it has none. */
struct wt_info_lanes {
	uint32_t expected;
	struct wt_info_lane *list; /* those that have a file, by number */
	size_t count, room;
};

struct wt_info_summary {
	const char *path;
	const char *format; /* NULL if the file could not be opened */
	uint64_t size_bytes;
	struct wt_info_section *sections;
	size_t section_count;
	size_t section_room;
	size_t interface_count;
	uint64_t sections_seen;
	uint64_t interfaces_seen;
	bool in_detail; /* the current section is the last of `sections` */
	struct wt_info_tally tally;
	struct wt_capture_fractions fractions;
	struct wt_info_layout layout;
	struct wt_info_lanes lanes;
	uint64_t statistics, names, secrets, custom, feeds, looks, local, unknown; /* blocks */
	uint64_t unknown_sections;       /* of a version that is not known: passed over */
	uint64_t unknown_sections_bytes; /* of those */
	int result;                      /* 0, or what reading ended with */
	struct wt_error error;
};

/* Read `path`, or standard input for "-", as far as it goes; summary->result says whether that was
 * to the end. Overwrites *summary, which keeps `path`, and the caller ends it with wt_info_fini()
 * whatever the result. May block. */
void wt_info_collect(struct wt_info_summary *summary, const char *path);

/* Keep `rc`, with which reading ended. A recording that is being written, or that a crash has
 * ended, has zeros where its next block should be; then say that it can be made whole. */
int wt_info_explain(const char *path, bool has_chunks, uint64_t offset, int rc,
                    struct wt_error *err);

/* Free what wt_info_collect() has allocated. */
void wt_info_fini(struct wt_info_summary *summary);

/* Duration from the first packet to the last. Unsigned, where the difference of any two stamps has
 * room; 0 if no packet is stamped. */
uint64_t wt_info_duration_ns(const struct wt_info_tally *tally);

/* `amount` per second; 0 if no time lies between the packets. */
double wt_info_rate(const struct wt_info_tally *tally, uint64_t amount);

#endif
