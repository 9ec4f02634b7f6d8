/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_COMPARE_COMPARE_H
#define WIRETAPE_ARCHIVE_COMPARE_COMPARE_H

/* Compares two captures of the same packets: A as sent, B as received. From their content alone it
 * finds which were lost, doubled, reordered or never sent, and how exactly B kept A's times.
 *
 * All of A comes first and is kept, 35 to 45 bytes a packet; then B, which is not kept.
 * Packets that are the same several times are matched in order. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/file_filter.h>
#include <wiretape/base/error.h>
#include <wiretape/base/histogram.h>
#include <wiretape/files.h>

/* Zero is the default given in brackets. */
struct wt_compare_content {
	enum wt_compare_scope scope; /* [WT_COMPARE_FRAME] */
	bool ignore_ttl;             /* nor the checksum of the IPv4 header with it */
	uint32_t bytes; /* compare at most this many of the part, for truncated captures [all] */
};

/* Which of the differences between the stamps of B and A counts as no error. */
enum wt_compare_align {
	WT_COMPARE_ALIGN_MEDIAN,
	WT_COMPARE_ALIGN_FIRST, /* that of the first packet of A that arrived */
	WT_COMPARE_ALIGN_MIN,
	WT_COMPARE_ALIGN_NONE, /* 0: the stamps themselves are to be the same */
};

struct wt_compare_config {
	struct wt_compare_content content;
	enum wt_compare_align align; /* [WT_COMPARE_ALIGN_MEDIAN] */
	double speed;                /* speed factor at which A was sent [1] */
	int64_t tolerance_ns;        /* count larger errors [none] */
	/* Seed of the hash. Whoever guesses it can forge packets that pass for the same. */
	uint64_t seed[2];
};

struct wt_compare_packet {
	const uint8_t *data; /* not NULL; borrowed for the call */
	uint32_t caplen;     /* up to len */
	uint32_t len;
	int64_t stamp_ns;
	bool has_stamp;
	uint16_t link_type; /* LINKTYPE_* */
};

enum wt_compare_difference {
	WT_COMPARE_LOST,      /* in A, and not in B */
	WT_COMPARE_DOUBLED,   /* in B more often than in A */
	WT_COMPARE_EXTRA,     /* in B, and not in A at all */
	WT_COMPARE_REORDERED, /* after one with a higher number in A (RFC 4737, Type-P-Reordered)
	                       */
	WT_COMPARE_DIFFERENCES
};

enum { WT_COMPARE_EXAMPLES = 8 };

/* Packets are numbered from 1, in the order of adding. */
struct wt_compare_example {
	uint64_t number_a; /* 0: not in A */
	uint64_t number_b; /* 0: not in B */
	int64_t stamp_ns;  /* in B; of a lost one in A */
	bool has_stamp;
};

struct wt_compare_differences {
	uint64_t count;
	struct wt_compare_example examples[WT_COMPARE_EXAMPLES]; /* the first ones */
};

struct wt_compare_side {
	uint64_t packets;
	uint64_t unstamped;
	uint64_t cut; /* captured shorter than the part that counts */
	/* Bytes of that part in those packets, at least and at most. */
	uint32_t cut_min_bytes, cut_max_bytes;
	uint16_t link_type; /* of the first packet */
	bool other_link_types;
};

struct wt_compare_timing {
	uint64_t packets; /* with stamps in both; without any the rest is 0 */
	/* Exact, over all differences of stamps: B's minus A's at its speed. */
	int64_t min_ns, mean_ns, p50_ns, p99_ns, max_ns;
	int64_t reference_ns; /* the one that counts as no error */
	uint64_t over_tolerance;
	/* Time from the first to the last packet of A with stamps in both: at A's speed, and
	 * between the same two in B. */
	int64_t lasted_a_ns, lasted_b_ns;
	/* Distance of each difference from the reference. */
	struct wt_histogram error;
	/* Error of the time between two packets in B, where they are neighbours in A and neither
	 * was reordered. */
	struct wt_histogram gap_error;
};

/* matched + lost are A's packets; matched + doubled + extra are B's. Large: not for the stack of
 * a thread that has a small one. */
struct wt_compare_result {
	struct wt_compare_side a, b;
	uint64_t matched;
	struct wt_compare_differences differences[WT_COMPARE_DIFFERENCES];
	uint64_t displacement;      /* the largest: positions in A below the highest so far */
	uint64_t longest_loss;      /* packets of A, one after the other */
	uint64_t longest_loss_from; /* the first one's number, 0 for none */
	struct wt_compare_timing timing;
};

/* One thread at a time. Allocates, and does no I/O. */
struct wt_compare;

/* The caller destroys *compare. 0, -EINVAL for a wrong setting, -ENOMEM. */
int wt_compare_create(struct wt_compare **compare, const struct wt_compare_config *config,
                      struct wt_error *err);

/* The next packet of A; none may come after the first of B. 0; -ENOMEM; -EFBIG beyond 2^32 - 1
 * packets; -ENOTSUP for a link type whose header is not known, if it is not to count. */
int wt_compare_add_a(struct wt_compare *compare, const struct wt_compare_packet *packet,
                     struct wt_error *err);

/* The next packet of B. 0, -ENOTSUP as above. */
int wt_compare_add_b(struct wt_compare *compare, const struct wt_compare_packet *packet,
                     struct wt_error *err);

/* Fill the result; takes a few passes over A. */
void wt_compare_finish(struct wt_compare *compare, struct wt_compare_result *result);

/* NULL is fine. */
void wt_compare_destroy(struct wt_compare *compare);

/* "lost", "doubled", "extra", "reordered". Static. */
const char *wt_compare_difference_name(enum wt_compare_difference difference);

/* "median", "first", "min", "none". Static. */
const char *wt_compare_align_name(enum wt_compare_align align);

/* A capture: a file of any format that wt_capture_file_open() reads, or several as one timeline;
 * "-" is standard input. */
struct wt_compare_capture {
	const char *const *paths;
	size_t path_count;
	const char *filter; /* as of wt_file_filter_create(); NULL: all */
};

struct wt_compare_files_config {
	struct wt_compare_config compare; /* but for the seed, which is made here */
	struct wt_compare_capture a, b;
};

/* Account of reading one of them. */
struct wt_compare_file {
	uint64_t filtered;               /* packets that the filter left out */
	struct wt_unfiltered unfiltered; /* of these: where it cannot be used */
	uint64_t out_of_range; /* of the others: with a stamp that 64 bits of ns have no room for */
	uint64_t unknown_sections; /* of a pcapng version that is not known, passed over */
	uint64_t missing;          /* in holes of recordings, or not written yet */
	uint64_t with_fcs;         /* and with a frame check sequence, which is not compared */
	struct wt_capture_fractions fractions;
	int ended;           /* 0 at its end; -ENODATA: cut off; else broken, at `why` */
	struct wt_error why; /* if `ended` is not 0: of several the first that did not end well */
	size_t why_path;     /* then: which of the paths */
};

/* Read and compare; blocks meanwhile. A file that is cut off or broken is used up to there,
 * which is no failure here. 0 or a negative errno of opening, reading, the filter or
 * wt_compare_add_…(), with the file's name in the text. */
int wt_compare_files(const struct wt_compare_files_config *config, struct wt_compare_file *a,
                     struct wt_compare_file *b, struct wt_compare_result *result,
                     struct wt_error *err);

#endif
