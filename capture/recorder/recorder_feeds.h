/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_FEEDS_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_FEEDS_H

/* Loss monitoring while recording, for the recorder's files. Where no feeds are followed it is
 * NULL, and all of this does nothing. */

#include <wiretape/capture/recorder/shared_feeds.h>
#include <wiretape/capture/recorder/tape_writer.h>
#include <wiretape/feed/feed_monitor.h>
#include <wiretape/feed/verdict/nic_look.h>

/* Gaps in which nothing could arrive on an interface: after as many packets of it that were given
 * to the tape, or before `to` have been. */
enum { WT_RECORDER_AWAYS = 8 };
struct wt_recorder_feed_away {
	uint64_t from, to;
	enum wt_nic_away away;
	int64_t look_ns;
};

/* An interface's NIC, as far as it is known. */
enum { WT_RECORDER_LOOKS = 64 }; /* that are remembered: longer than packets are on their way */
struct wt_recorder_feed_nic {
	struct wt_nic_look given[WT_RECORDER_LOOKS]; /* the latest, in a ring */
	uint64_t given_count;
	struct wt_nic_look last;   /* that the monitor and the file have */
	struct wt_nic_look latest; /* if has_kept, they do not have it yet */
	bool has_last, has_kept;
	struct wt_recorder_feed_away aways[WT_RECORDER_AWAYS]; /* for the file */
	size_t away_count;
	uint64_t away_to; /* as of the latest */
	bool was_away;
	bool wanted;    /* a gap has opened since */
	int64_t due_ns; /* CLOCK_MONOTONIC: no earlier */
};

/* Progress of streams at a place in the file, from which it has to be read again to know their
 * progress at its end. */
struct wt_recorder_feed_place {
	uint64_t next;
	uint64_t order; /* of the last packet, 0: none; and its stamp */
	int64_t last_ns;
};
struct wt_recorder_feed_sample {
	uint64_t file_bytes;
	uint64_t *orders;                      /* by interface */
	struct wt_recorder_feed_place *places; /* by stream */
	uint32_t file_number;
	uint32_t streams, room;
};

enum { WT_RECORDER_FEED_BYTES = 4 << 20 }; /* of blocks that wait for a place in the file */

struct wt_recorder_feeds {
	struct wt_recorder_state *state;
	struct wt_recorded *recorded;
	struct wt_tape_writer *writer;
	struct wt_feed_monitor *monitor; /* NULL: what a lane sees is followed elsewhere */
	struct wt_shared_feeds *shared;  /* there; NULL: it is the only lane */
	uint8_t *pending;                /* whole blocks, for the file */
	size_t used;
	uint64_t left_out; /* blocks that did not find room */
	size_t closing_bytes;
	struct wt_recorder_feed_nic *nics;
	bool look_wanted;
	bool has_aways;  /* that wait for a place in the file */
	bool is_closing; /* of a file that takes only its ending */
	bool has_ended;  /* a lane of several, whose rings are empty for good */
	int64_t advanced_utc_ns;
	struct wt_recorder_feed_sample samples[2]; /* the latest two, the later one last */
	uint64_t sample_due_bytes;
};

/* recorder_feeds.c */
/* Open, once all interfaces are open; *feeds stays NULL if none are to be followed. */
int wt_recorder_open_feeds(struct wt_recorder_feeds **feeds, struct wt_tape_writer *writer,
                           struct wt_error *err);
void wt_recorder_close_feeds(struct wt_recorder_feeds *feeds);
/* Take looks at NICs: `counts`: that are written even if nothing has changed, before the gates are
 * open and at the end of a file, so that each can be judged by itself; else about once a second. */
void wt_recorder_look_at_nics(struct wt_recorder_feeds *feeds, bool counts);
/* Header in a file's first chunk: its greatest size, and writing it. */
size_t wt_recorder_feeds_header_bytes(const struct wt_recorder_feeds *feeds);
int wt_recorder_write_feeds_header(struct wt_recorder_feeds *feeds);
/* Bytes to hold in reserve for the end of a file on a full disk. */
size_t wt_recorder_feeds_closing_bytes(const struct wt_recorder_feeds *feeds);
/* Follow frames that are accounted for. */
void wt_recorder_follow_frames(struct wt_recorder_feeds *feeds, const struct wt_recorded *recorded,
                               const struct wt_frame *frames, size_t count);
/* Whether the rest of the rings is to be followed, after the writer has failed; show the monitor
 * the rest of a block then. */
bool wt_recorder_feeds_outlive_file(const struct wt_recorder_feeds *feeds);
void wt_recorder_follow_block(struct wt_recorder_feeds *feeds, struct wt_recorded *recorded,
                              struct wt_block *block);
/* Do what is due between blocks: looks at NICs, blocks into the file as far as there is room.
 * Returns when to call again at the latest. */
void wt_recorder_keep_feeds(struct wt_recorder_feeds *feeds);
int64_t wt_recorder_feeds_due_ns(const struct wt_recorder_feeds *feeds);
/* Note that the rings were found empty after CLOCK_REALTIME was `utc_ns`. */
void wt_recorder_feeds_quiet(struct wt_recorder_feeds *feeds, int64_t utc_ns);
/* Note, between two blocks, that an interface is away: whatever it would have received after all
 * that its ring has stored by now is unknown. `is_over`: it is back, and packets may have come
 * since; it was at some time since it was last found sound. */
void wt_recorder_feeds_away(struct wt_recorder_feeds *feeds, struct wt_recorded *recorded,
                            enum wt_nic_away away, bool is_over);
/* Whether all that lanes have seen was followed, after all rings have been read: else call again.
 * A recorder that is alone has nothing to wait for. */
bool wt_recorder_feeds_have_ended(struct wt_recorder_feeds *feeds);
/* Settle everything. `is_cut`: the file's writer has failed, and the file was cut. */
void wt_recorder_finish_feeds(struct wt_recorder_feeds *feeds, bool is_cut);

/* recorder_feed_tail.c: parts missing at the file's end. */
void wt_recorder_sample_feeds(struct wt_recorder_feeds *feeds);
void wt_recorder_forget_samples(struct wt_recorder_feeds *feeds);
/* Find, for each stream that was seen after the file's last packet, how far the file has it. */
void wt_recorder_find_tails(struct wt_recorder_feeds *feeds);
/* recorder_feed_blocks.c: blocks that wait for a place in the file. */
void wt_recorder_feed_put(struct wt_recorder_feeds *feeds, const uint8_t *block, size_t bytes);
void wt_recorder_feed_put_event(struct wt_recorder_feeds *feeds, const struct wt_feed_event *event);
/* Write the blocks that wait for a place in the file. 0, -EAGAIN, or the file's error. */
int wt_recorder_write_feeds(struct wt_recorder_feeds *feeds);

#endif
