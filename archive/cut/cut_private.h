/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_CUT_CUT_PRIVATE_H
#define WIRETAPE_ARCHIVE_CUT_CUT_PRIVATE_H

/* Types and functions that cut*.c share. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/cut/cut.h>
#include <wiretape/archive/timeline/timeline_private.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/writer/files/new_file.h>

/* Numbers of clock maps, in order of arrival. */
struct map_numbers {
	uint32_t *numbers;
	size_t count, room;
	uint32_t largest;
};

/* Identity of the estimator of an interface's maps: within one, equal numbers are equal maps. */
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
	struct map_numbers written; /* before the next packet */
	struct map_numbers missing; /* named by packets, and not found */
};

/* An interface of an input. */
struct source_interface {
	uint32_t id;            /* in the new file */
	bool is_hardware;       /* its stamps are the NIC's */
	bool begun;             /* a packet of it is in the new file */
	uint64_t closed_behind; /* packet count when the trailing note was written */
};

/* An input: the account of its blocks, and the facts about its clocks. */
struct source {
	struct wt_timeline_input *input;
	struct wt_cut_file *file;
	uint64_t sections;                   /* so far */
	bool is_swapped;                     /* the section is in the other byte order */
	struct source_interface *interfaces; /* of the section */
	size_t interface_count, interface_room;
	struct wt_clock_record *notes; /* that were seen and may be needed */
	size_t note_count, note_room;
	bool begun; /* packets of the section are in the new file */
	/* For a tape: */
	bool is_rewound;    /* blocks read now are not read again */
	size_t first_notes; /* of `notes`, from the first chunk */
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

/* cut_output.c writes the new file's bytes. */

/* Make room for `bytes` more in the buffer; count bytes put there, or pass on a negative errno. */
int wt_cut_reserve(struct cut *cut, size_t bytes, struct wt_error *err);
int wt_cut_take(struct cut *cut, ssize_t bytes, struct wt_error *err);
int wt_cut_flush(struct cut *cut, struct wt_error *err);

/* cut_blocks.c copies blocks other than packets and clocks. */

/* Take a block other than a section, interface, packet or clock block. */
int wt_cut_take_block(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err);

/* cut_clocks.c copies the facts about clocks that packets need. */

/* Whether the interface of WT_OPT_LOCAL_CLOCK `clock`, NULL for none, has the NIC's stamps. */
bool wt_cut_is_hardware(const char *clock);

/* Read from a tape's first chunk which estimator an interface has. Other files: unknown. */
struct clock_birth wt_cut_birth(const struct source *source, uint32_t interface_id);

/* Take a block of type WT_PCAPNG_CLOCK. */
int wt_cut_take_clock(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err);

/* Take the maps of the index of the chunk that is read. */
int wt_cut_take_maps(struct source *source, struct wt_error *err);

/* Whether a chunk without packets of the range is read for its clock blocks. */
bool wt_cut_wants_clocks(const struct source *source, const struct wt_chunk_index *index);

/* Whether all clock blocks before the range have to be read. */
bool wt_cut_wants_all_clocks(const struct source *source);

/* Write the clock records that the source's packet needs, before the packet. */
int wt_cut_write_clocks(struct cut *cut, struct source *source, struct wt_error *err);

/* Start another section, or the tape again: only the first chunk's notes stay. */
void wt_cut_forget_clocks(struct source *source);

void wt_cut_free_clocks(struct source *source);

#endif
