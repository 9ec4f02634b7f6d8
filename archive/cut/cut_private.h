/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_CUT_PRIVATE_H
#define WIRETAPE_WRITER_CUT_PRIVATE_H

/* What cut*.c share. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/clock_note.h>
#include <wiretape/archive/cut/cut.h>
#include <wiretape/writer/files/new_file.h>
#include <wiretape/archive/timeline/timeline_private.h>

/* Numbers of clock maps, in the order in which they came. */
struct map_numbers {
	uint32_t *numbers;
	size_t count, room;
	uint32_t largest;
};

/* Which estimator has made an interface's maps: those of equal numbers are equal. */
struct clock_birth {
	bool is_known;
	uint32_t epoch;
	int64_t utc_ns;
};

/* An interface of the new file. */
struct output_interface {
	bool is_hardware;
	uint32_t snaplen;           /* as it is written */
	uint32_t longest;           /* of its packets */
	uint64_t written_at;        /* its block, in the new file */
	struct map_numbers written; /* in front of what comes next */
	struct map_numbers missing; /* named by packets, and not found */
};

/* An interface of an input. */
struct source_interface {
	uint32_t id;            /* in the new file */
	bool is_hardware;       /* its stamps are the NIC's */
	uint32_t lowest_map;    /* of those that were seen behind the first chunk; 0: none */
	uint64_t closed_behind; /* so many packets a note was written, behind the range */
};

/* An input: what became of its blocks, and what is known of its clocks. */
struct source {
	struct wt_timeline_source *input;
	struct wt_cut_file *file;
	uint64_t sections;                   /* so far */
	bool is_swapped;                     /* the section is in the other byte order */
	struct source_interface *interfaces; /* of the section */
	size_t interface_count, interface_room;
	struct wt_clock_note *notes; /* that were seen and may be needed */
	size_t note_count, note_room;
	bool begun; /* packets of the section are in the new file */
	/* Of a tape: */
	bool is_rewound;              /* what comes now does not come again */
	size_t first_notes;           /* of `notes`, from the first chunk */
	struct wt_tape_reader *scout; /* reads elsewhere than the timeline; NULL: not yet */
	uint64_t searched_from;       /* all chunks from here on were looked at; 0: none */
	int64_t searched_ns;          /* the largest stamp up to there */
	uint64_t step_bytes;          /* how far the search goes back next; 0: not yet begun */
	bool is_searched;             /* what is before that need not be */
};

struct cut {
	const struct wt_cut_config *config;
	struct wt_cut_result *result;
	struct wt_timeline_hooks hooks;
	struct wt_timeline *timeline;
	struct wt_timeline_file *reports;
	struct source *sources; /* by the number of the timeline's */
	struct output_interface *interfaces;
	size_t interface_count, interface_room;
	struct wt_identity_table known;  /* interfaces: their numbers in the new file + 1 */
	struct wt_identity_table blocks; /* secrets and names that are written */
	struct wt_new_file out;
	uint8_t *buffer;
	size_t used, room;
	uint64_t flushed; /* bytes that are in the new file */
	bool begun;       /* the section header is written */
};

/* Room for `bytes` more in the buffer; and they are there, or it is an error. */
int wt_cut_reserve(struct cut *cut, size_t bytes, struct wt_error *err);
int wt_cut_take(struct cut *cut, ssize_t bytes, struct wt_error *err);

/* ---- cut_blocks.c: what stands beside the packets ---- */

/* Any block that is no section, interface, packet or clock block. */
int wt_cut_take_block(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err);

/* ---- cut_clocks.c: what is known of the clocks goes along with the packets ---- */

/* Whether the interface of WT_OPT_LOCAL_CLOCK `clock`, NULL for none, has the NIC's stamps. */
bool wt_cut_is_hardware(const char *clock);

/* What the first chunk of a tape says of an interface. Not known of other files. */
struct clock_birth wt_cut_birth(const struct source *source, uint32_t interface_id);

/* A block of type WT_PCAPNG_CLOCK. */
int wt_cut_take_clock(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err);

/* Whether a chunk without packets of the range is read for its clock blocks. Asked of each of
 * them, in their order. */
bool wt_cut_wants_clocks(struct source *source, const struct wt_chunk_index *index);

/* What the source's packet needs, before it is written. */
int wt_cut_write_clocks(struct cut *cut, struct source *source, struct wt_error *err);

/* Another section, or the tape from its start: only the first chunk's notes stay. */
void wt_cut_forget_clocks(struct source *source);

/* Of a tape nothing was searched yet; with is_searched, nothing need be. */
void wt_cut_begin_search(struct source *source, bool is_searched);

void wt_cut_free_clocks(struct source *source);

#endif
