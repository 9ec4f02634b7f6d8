/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_TIMELINE_TIMELINE_PRIVATE_H
#define WIRETAPE_ARCHIVE_TIMELINE_TIMELINE_PRIVATE_H

/* State that timeline*.c share, and that the cut uses, since it needs more than packets. Not
 * installed. */

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/base/identity.h>
#include <wiretape/pcapng/tape_mark.h>
#include <wiretape/writer/chunk_file.h>

/* An interface that the timeline has numbered. */
struct timeline_interface {
	struct wt_timeline_interface is;
	char *name, *clock; /* of `is`, on the heap */
};

/* An interface of the section being read. */
struct section_interface {
	uint32_t number;             /* in the timeline */
	uint32_t ordinal;            /* among those of the section described alike */
	struct wt_identity identity; /* of the description */
};

struct wt_timeline_input {
	const char *path;
	size_t number; /* which of the paths */
	struct wt_timeline_file *report;
	/* A file may be several recordings and other sections, one after the other: */
	uint64_t base;                /* of the one that is read, in the file */
	uint64_t next_base;           /* of the next; 0: there is none */
	uint64_t bytes_before;        /* read of those before it, */
	uint64_t missing_before;      /* and what was missing in them, */
	uint64_t left_out_before;     /* and left out, */
	bool had_stamp_before;        /* one was met, */
	int64_t stamp_before_ns;      /* and this was the last */
	bool is_sought;               /* the range is known */
	struct wt_capture_file *file; /* one of these two */
	struct wt_chunk_file *tape;
	struct wt_identity machine;           /* of the section */
	struct wt_tape_mark mark;             /* of the section */
	bool is_lane;                         /* the mark names a recording in lanes */
	struct section_interface *interfaces; /* of the section */
	size_t interface_count, interface_room;
	struct wt_identity_table alike; /* of the section: how many share a description */
	bool has_packet;                /* in `item` */
	bool ended;
	bool behind;      /* the last packet read is after the range */
	bool has_stamp;   /* the packet, or one before it */
	int64_t stamp_ns; /* of the last one that has one; INT64_MIN: none */
	struct wt_pcapng_item item;
	/* For a tape: */
	struct wt_chunk_index last, index;
	const uint8_t *chunk; /* NULL: between two */
	size_t in_chunk;
	uint64_t next;     /* where to look for the next chunk */
	uint64_t expected; /* packets before it, if none is missing */
	int64_t max_so_far_ns;
	uint64_t bytes_beside; /* read by others from the file, for the report */
	bool from_start;       /* read the indexes before the range, too: set when rewound */
};

/* Hooks for callers that need more than packets. Called during opening and reading. */
struct wt_timeline_hooks {
	void *context;
	/* An item that is not a packet, in the order of its file; of a tape from the first chunk
	 * and from those that are read. An interface has its number by then. */
	int (*item)(void *context, struct wt_timeline_input *source,
	            const struct wt_pcapng_item *item, struct wt_error *err);
	/* Whether a chunk without packets of the range is read all the same. */
	bool (*wants_chunk)(void *context, const struct wt_timeline_input *source,
	                    const struct wt_chunk_index *index);
	/* The range is known now, or another tape of the file begins. What has come from the tape
	 * comes again, but for the first chunk. */
	void (*rewound)(void *context, struct wt_timeline_input *source);
};

struct wt_timeline {
	struct wt_timeline_config config;
	const struct wt_timeline_hooks *hooks; /* NULL: none */
	struct wt_timeline_range range;
	struct wt_timeline_input *sources;
	struct wt_timeline_input *current; /* whose packet is the caller's; NULL: none */
	struct wt_timeline_input *rival;   /* the earliest of the others; NULL: none */
	struct timeline_interface *interfaces;
	size_t interface_count, interface_room;
	struct wt_identity_table known; /* interfaces: their numbers + 1 */
	struct wt_file_filter *filter;  /* NULL: all packets */
};

/* wt_timeline_open() in two steps: the first opens nothing, the second everything. The caller
 * closes a timeline that could not begin. *hooks is borrowed. */
int wt_timeline_create(struct wt_timeline **timeline, const struct wt_timeline_config *config,
                       const struct wt_timeline_hooks *hooks, struct wt_timeline_file *files,
                       struct wt_error *err);
int wt_timeline_begin(struct wt_timeline *timeline, struct wt_error *err);

/* timeline_interface.c */

/* Begin another section. */
void wt_timeline_begin_section(struct wt_timeline_input *source,
                               const struct wt_pcapng_item_section *section);

/* Add an interface of the source's section. */
int wt_timeline_add_interface(struct wt_timeline *timeline, struct wt_timeline_input *source,
                              const struct wt_pcapng_item *item, struct wt_error *err);

/* Whether the filter lets the source's packet pass: 1 or 0, or a negative errno. Where it cannot be
 * used no packet passes, and the file's report says so. */
int wt_timeline_passes(struct wt_timeline *timeline, struct wt_timeline_input *source,
                       struct wt_error *err);

void wt_timeline_free_interfaces(struct wt_timeline *timeline);

/* timeline_input.c */

int wt_timeline_open_input(struct wt_timeline *timeline, struct wt_timeline_input *source,
                           struct wt_error *err);

/* Advance to the next packet with any stamp or, if they are kept, without. */
int wt_timeline_advance(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        struct wt_error *err);

/* Raise *last_ns to the latest stamp of a source that was just opened: that of a tape is in its
 * indexes, anything else is read to its end. Nothing more can be read of the source then. */
int wt_timeline_find_last(struct wt_timeline *timeline, struct wt_timeline_input *source,
                          int64_t *last_ns, struct wt_error *err);

/* Seek a tape to the start of the range, once it is known; other files stay. */
int wt_timeline_seek(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err);

/* Advance to the next wanted packet, which may be the current one. */
int wt_timeline_settle(struct wt_timeline *timeline, struct wt_timeline_input *source,
                       struct wt_error *err);

/* Report an error of the file. */
int wt_timeline_failed(const struct wt_timeline_input *source, int rc, const struct wt_error *why,
                       struct wt_error *err);

void wt_timeline_close_input(struct wt_timeline_input *source);

#endif
