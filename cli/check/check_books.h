/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_BOOKS_H
#define WIRETAPE_CLI_CHECK_CHECK_BOOKS_H

/* The books of a capture file: whether it is all there, and whether its ledger closes. One item of
 * the file after the other goes in; memory does not grow with the packets. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/pcapng/pcapng_decode.h>

enum {
	WT_BOOKS_CAUSES = 8,       /* of losses, by name; the last takes the rest */
	WT_BOOKS_NAME_BYTES = 132, /* of an interface */
	WT_BOOKS_INTERFACES_MAX =
	        4096, /* of a file, in all sections; packets of more are counted */
};

struct wt_books_cause {
	char name[32]; /* without "lost." */
	uint64_t packets;
};

/* A ledger, or the sum of several. */
struct wt_books_ledger {
	uint64_t ledgers; /* 0: none */
	uint64_t seen, written, lost;
	struct wt_books_cause causes[WT_BOOKS_CAUSES];
	size_t cause_count;
	bool unreadable; /* a line is not a count, or a sum has no room */
	bool open;       /* seen is not written + lost */
	bool differs;    /* written is not what is in the file */
};

struct wt_books_interface {
	char name[WT_BOOKS_NAME_BYTES];
	uint16_t link_type;
	bool recorded; /* by wiretape: its block says how */
	uint64_t packets;
	uint64_t dropped;        /* before its packets, as these say */
	uint64_t packets_at_end; /* of the section, when the last statistics came */
	bool has_statistics;
	uint64_t foreign_drops; /* as a file without a ledger counts them */
	struct wt_books_ledger ledger;
};

struct wt_books {
	struct wt_books_interface *interfaces;
	size_t interface_count, interface_room;
	size_t section_first; /* of the current section's in the array */
	bool section_has_chunks, section_not_closed;
	bool has_chunks;
	uint64_t sections, unknown_sections;
	uint64_t packets;         /* of all interfaces */
	uint64_t section_packets; /* of the current section */
	uint64_t unstamped;
	uint64_t holes, hole_packets; /* that repair has closed */
	bool not_closed;              /* it has no end: as repair has found it, or as it stands */
	uint64_t tail_packets;        /* then: that followed, at least */
	int result;                   /* 0, or what reading ended with */
	struct wt_error error;
};

/* Take an item that is not packets. 0 or -ENOMEM. If it reports missing packets, they are in
 * *missing and *has_missing is true. */
int wt_books_item(struct wt_books *books, const struct wt_pcapng_item *item,
                  struct wt_gap_block *missing, bool *has_missing);

/* Packets of an interface of the current section. */
void wt_books_packets(struct wt_books *books, uint32_t interface_id, const struct wt_frame *frames,
                      size_t count);

/* End: the file was read as far as it goes, with `result` and the reason. Records whether it was
 * closed. */
void wt_books_end(struct wt_books *books, int result, const struct wt_error *error);

/* Check whether the current section ends with its final accounts, as it stands; one without a
 * ledger does. */
bool wt_books_section_is_closed(const struct wt_books *books);

/* What was lost after the last packet of an interface of the current section: by the ring, what its
 * ledger has beyond what packets say; by the writer, all. Both 0 without a ledger. */
struct wt_books_tail {
	uint64_t ring, writer;
};
struct wt_books_tail wt_books_tail(const struct wt_books *books, uint32_t interface_id);

/* Check whether there is a ledger, in full: for all interfaces that the recorder had. */
bool wt_books_has_ledger(const struct wt_books *books);

/* Packets certainly lost: by the ledgers, in holes, or as others have counted. */
uint64_t wt_books_lost(const struct wt_books *books);

void wt_books_fini(struct wt_books *books);

/* Add one to a sum. */
void wt_books_add(struct wt_books_ledger *sum, const struct wt_books_ledger *one);

/* "ring 12, writer 3"; "" if nothing is lost. */
void wt_books_causes_text(const struct wt_books_ledger *ledger, char *out, size_t capacity);

#endif
