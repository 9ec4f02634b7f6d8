/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REPLAYER_H
#define WIRETAPE_REPLAY_REPLAYER_H

/* Packets of capture files, or made on the spot, sent again on time, and the proof of it.
 *
 * One thread reads ahead, one sends, one collects the proof; the sender waits for neither. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/base/error.h>
#include <wiretape/packet/rewrite.h>
#include <wiretape/replay/plan/replayer_config.h>
#include <wiretape/replay/plan/replayer_notes.h>
#include <wiretape/replay/proof/proof.h>

/* Stop, from any thread or signal handler: the packet at hand is the last. */
void wt_replayer_stop(struct wt_replayer_stop *stop);

/* Stamps that the NIC took itself, by its clock. */
struct wt_replayer_nic_stamps {
	char clock[32];      /* "/dev/ptp0"; "": none of its stamps were asked for */
	uint64_t used;       /* stamps that are departures in the proof */
	uint64_t missing;    /* packets that it left without one */
	uint64_t unbelieved; /* others: they cannot be right, or its clock was not known */
	int64_t error_ns;    /* none that is used is further from the truth */
	uint64_t steps;      /* times its clock was set during the replay */
	bool was_changed;    /* its stamping was switched on for this: */
	char before[16];     /* "off", of struct hwtstamp_config's tx_type */
	char during[16];     /* "on" */
	bool was_put_back;
	bool was_left; /* on: others still need it, and put it back */
};

struct wt_replayer_port_result {
	char interface[IF_NAMESIZE];
	char qdisc[16]; /* that packets passed, or "" if they went around it */
	uint64_t sent;
	uint64_t bytes;
	bool has_stamps; /* the driver's */
	struct wt_replayer_nic_stamps nic;
};

/* Result of a replay. Large: 130 KB. */
struct wt_replayer_result {
	enum wt_pace pace; /* the one used */
	enum wt_tx_kind tx;
	uint64_t sent;
	uint64_t bytes;         /* of frames, or UDP payloads */
	uint64_t read;          /* packets that came from the source */
	uint64_t refused;       /* times a full queue did not take a packet; tried again */
	uint64_t undone;        /* that the kernel has not taken for what they are; not in `sent` */
	uint64_t late_launches; /* whose time had passed before they could be handed over */
	uint64_t starved;       /* times the buffer was empty when a packet was due */
	int64_t starved_ns;     /* in all */
	uint64_t starved_packets; /* that left late for it */
	/* Times for which the machine took the processor away from the sender (more than 5 us at
	 * once while it waited, or was in the kernel). */
	uint64_t interruptions;
	int64_t interrupted_ns;
	int64_t call_ns; /* that the hand-over of a packet took, the median; with SPIN and stamps */
	uint64_t unproved;          /* sent, but not in the proof: it could not keep up */
	uint64_t unbelieved_stamps; /* of NICs; the next best took their place */
	uint64_t padded;            /* packets that were cut, and sent with zeros */
	uint64_t cut;               /* and as they are */
	uint64_t without_fcs; /* packets whose check sequence was left out: the NIC adds its own */
	uint64_t excess;      /* packets captured longer than their own length says */
	uint64_t stamped;     /* payloads */
	uint64_t loops;       /* begun */
	struct wt_replayer_skipped skipped;
	struct wt_rewrite_counts rewritten;
	/* Counts of the schedule, see schedule.h: */
	uint64_t out_of_order, stepped_back, gaps_capped, saturated;
	uint64_t unstamped; /* packets without a stamp of their own */
	bool has_schedule;  /* false: as fast as possible, without an error to speak of */
	int64_t start_utc_ns;
	int64_t duration_ns; /* from the start to the last hand-over; as fast as possible, to the
	                      * end of that */
	int64_t lead_ns;     /* as it was at the end */
	bool was_stopped;
	int64_t fifo_stolen_us; /* of each second, from a SCHED_FIFO sender that spins; 0: none */
	struct wt_proof proof;
	struct wt_replayer_port_result ports[WT_REPLAYER_PORTS_MAX];
	size_t port_count;
	/* Named states: degradations, or facts to know. */
	char notes[WT_REPLAYER_NOTES][WT_REPLAYER_NOTE_BYTES];
	size_t note_count;
	uint64_t notes_left_out; /* more than there is room for */
};

struct wt_replayer;

/* Open files and interfaces. Needs CAP_NET_RAW, but for UDP and the simulation. `files` has room
 * for path_count of them and is kept up to date until it is closed. 0 or a negative errno. */
int wt_replayer_open(struct wt_replayer **replay, const struct wt_replayer_config *config,
                     struct wt_timeline_file *files, struct wt_error *err);

/* Send it all. Blocks. *result is filled in in any case: after an error with what was done until
 * then. 0, or a negative errno. Once per wt_replayer_open(). */
int wt_replayer_run(struct wt_replayer *replay, struct wt_replayer_result *result,
                    struct wt_error *err);

/* Packets a second: with a schedule, over the gaps, which are one fewer. 0 if unknown. */
double wt_replayer_rate_pps(const struct wt_replayer_result *result);

/* Close; NULL is fine. */
void wt_replayer_close(struct wt_replayer *replay);

#endif
