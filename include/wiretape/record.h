/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RECORD_H
#define WIRETAPE_RECORD_H

/* Records packets: into pcapng files, into a callback, or both.
 *
 *     struct wt_record_interface interface = {.size = sizeof(interface), .name = "eth0"};
 *     struct wt_record_config config = {.size = sizeof(config), .interfaces = &interface,
 *                                       .interface_count = 1, .path = "tape.pcapng"};
 *     struct wt_record *record;
 *
 *     if (!wt_record_open(&record, &config, &err)) {
 *             wt_record_run(record, &err);
 *             wt_record_close(record);
 *     }
 *
 * The ledger adds up: seen = written + the sum of lost, exactly, at every moment. Recording takes
 * CAP_NET_RAW, except for UDP sockets and the simulation. Ignore SIGPIPE and SIGXFSZ: they are
 * handled as write errors here. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/error.h>
#include <wiretape/export.h>
#include <wiretape/feed.h>
#include <wiretape/frame.h>
#include <wiretape/stamp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How frames are read from an interface. */
enum wt_reader_kind {
	WT_READER_V3,   /* TPACKET_V3: blocks of frames, one wake-up per block */
	WT_READER_V2,   /* TPACKET_V2: slots, each handed over at once */
	WT_READER_RECV, /* one system call per packet */
	WT_READER_SIM,  /* the kernel is simulated, no privileges needed */
	WT_READER_UDP,  /* a UDP socket, no privileges needed; rebuilds the headers */
	WT_READER_KINDS
};

/* "v3", "v2", "recv", "sim", "udp"; -EINVAL for another name. Static; any thread. */
WT_API const char *wt_reader_kind_name(enum wt_reader_kind kind);
WT_API int wt_reader_kind_from_name(const char *name);

/* An interface to record from. */
struct wt_record_interface {
	size_t size; /* see export.h */
	/* Required; for the simulation "sim[:key=value,…]", for UDP
	 * "ADDRESS:PORT[@IFACE][,source=S]" */
	const char *name;
	enum wt_reader_kind reader;   /* [WT_READER_V3] */
	enum wt_stamp_request stamps; /* [WT_STAMP_SW] */
	const char *filter;           /* a libpcap expression [everything] */
	uint64_t ring_bytes; /* [256 MiB; 512 MiB for WT_READER_V2, whose slots are larger] */
	uint32_t snaplen;    /* [262144] */
	uint32_t retire_timeout_ms; /* TPACKET_V3: when to hand over a part-full block [60] */
	bool no_promiscuous;
};

/* When written data is brought to stable storage. */
enum wt_record_sync {
	WT_SYNC_NONE,     /* whenever the kernel likes */
	WT_SYNC_CLOSE,    /* each file when it is finished */
	WT_SYNC_INTERVAL, /* that, and also every sync_every_ns */
};

/* Why a recording ended. */
enum wt_record_end {
	WT_END_ASKED,       /* wt_record_stop() */
	WT_END_PACKETS,     /* max_packets */
	WT_END_BYTES,       /* max_bytes */
	WT_END_DURATION,    /* max_duration_ns */
	WT_END_SOURCE,      /* a simulated interface has delivered everything */
	WT_END_INTERFACE,   /* the last interface has disappeared */
	WT_END_WRITER,      /* writing failed: disk full, device broken */
	WT_END_READER_GONE, /* the pipe has no reader any more */
	WT_END_SPACE,       /* free space fell below the minimum */
	WT_END_FAILURE,     /* another error; see its text */
};

struct wt_record;

/* Everything is borrowed until the recording is closed. Callbacks run in the thread of
 * wt_record_run() and hold the recording up: a slow one shows as a ring that fills up. */
struct wt_record_config {
	size_t size; /* see export.h */

	/* Sources: an array whose elements all have the size given in the first one, and all one
	 * link type. */
	const struct wt_record_interface *interfaces;
	size_t interface_count;

	/* Destinations: at least one of `path` (or on_bytes) and on_frames. */
	const char *path;          /* DIR/NAME.EXT [no file] */
	uint64_t file_bytes;       /* begin the next file before one exceeds this [never] */
	uint64_t file_packets;     /* begin the next file after exactly this many [never] */
	int64_t file_duration_ns;  /* after this much time [never] */
	int64_t file_interval_ns;  /* at multiples of this, CLOCK_REALTIME [never] */
	uint32_t keep_files;       /* delete the oldest beyond this many [keep all] */
	uint64_t keep_bytes;       /* beyond this many bytes [keep all] */
	uint64_t min_free_bytes;   /* stop when free space falls below this [never] */
	bool min_free_deletes;     /* delete the oldest files instead */
	enum wt_record_sync sync;  /* [WT_SYNC_NONE] */
	int64_t sync_every_ns;     /* for WT_SYNC_INTERVAL */
	const char *application;   /* recorded in the files ["libwiretape" and its version] */
	enum wt_stamp_clock clock; /* of the stamps [WT_CLOCK_UTC] */
	int32_t tai_offset_s;      /* TAI - UTC [the kernel's] */

	/* End of the recording; or call wt_record_stop(). */
	uint64_t max_packets;      /* [no limit] */
	uint64_t max_bytes;        /* of all files [no limit] */
	int64_t max_duration_ns;   /* [no limit] */
	bool waits_for_interfaces; /* wait even after the last one has disappeared [end] */

	/* Takes frames of one queue of an interface, numbered from 0 and as in `interfaces`, as
	 * they came out of its ring, with their final stamps, before they are written. They are
	 * borrowed for the call and must not be changed. The losses before a frame are in its
	 * dropped_before. Each queue has a thread, which calls for it alone: what is kept for each
	 * queue needs no lock. */
	void (*on_frames)(void *context, uint32_t queue, uint32_t interface,
	                  const struct wt_frame *frames, size_t count);
	/* Called once, when all interfaces are recording. */
	void (*on_begin)(void *context);
	/* Called from time to time, and when a report is requested: read any numbers with the
	 * functions below. */
	void (*on_progress)(void *context, struct wt_record *record, bool report_requested);
	int64_t progress_every_ns; /* [only when a report is requested] */
	/* Takes a remark for people, one line. */
	void (*on_event)(void *context, const char *text);
	/* In place of `path`: takes the bytes of a pcapng stream, of each queue one, in their
	 * order, in the thread that records the queue. Returns how many of `length` it has taken;
	 * 0 or -EAGAIN if none for now: then wt_record_resume() as soon as there is room again; or
	 * another negative errno, which ends the recording as a disk that fails does. What it has
	 * taken counts as written. It must not wait; once the recording is asked to stop, it is
	 * given up when it has taken nothing for two seconds (or see wt_record_stop_by()). */
	ptrdiff_t (*on_bytes)(void *context, uint32_t queue, const void *bytes, size_t length);
	void *context; /* for all of these */

	/* Feeds to follow while recording: as in wt_feed_config. Their multicast groups are joined.
	 * Events are written to the file, too. */
	const char *const *feeds;
	size_t feed_count;
	const char *feeds_path;
	int64_t feeds_late_ns;
	bool no_feed_joins;
	void (*on_news)(void *context, const struct wt_feed_news *news);

	/* Several queues of WT_READER_V3: as many threads, each with a ring of every interface and
	 * with files of its own, DIR/NAME_q0.EXT and so on. Limits are those of all together.
	 * on_frames is then called in all of these threads, at the same time; the others, as
	 * without, in that of wt_record_run(). */
	int queues;           /* WT_QUEUES_AUTO: as the interfaces have [1] */
	const uint16_t *cpus; /* to record on, in turn; with one queue the caller's thread, while
	                       * it records [any] */
	size_t cpu_count;
	int fifo_priority; /* SCHED_FIFO while recording, 1 to 99; refused, a shortfall [none] */
	bool lock_memory;  /* of the process; refused, a shortfall [no] */
};

/* As many as the interface with the most has receive queues in use, but not more than the CPUs that
 * the caller may run on. */
#define WT_QUEUES_AUTO (-1)

/* Open the interfaces; nothing is recorded yet, and no file is made. 0 and *record, which the
 * caller closes; -EINVAL for settings that make no sense; -E2BIG for settings unknown to this
 * library; or another negative errno and its reason. May block while a filter is compiled. */
WT_API int wt_record_open(struct wt_record **record, const struct wt_record_config *config,
                          struct wt_error *err);

/* Record until it ends (enum wt_record_end); the files are complete then. Blocks. Once per
 * recording. 0 if it ended as asked, by a limit or at the end of the simulation; else a negative
 * errno and its reason, and everything before that is in the files. */
WT_API int wt_record_run(struct wt_record *record, struct wt_error *err);

/* The same in pieces, for a loop of one's own, all in one thread: begin; if it has begun, take
 * steps until one says that it has ended; take the result, which wt_record_run() would return, and
 * which may wait for files to be finished. Beginning may wait for the file's header and for a
 * FIFO's reader; a step waits for nothing. With several queues these begin and record in threads of
 * their own, of which a step tells; that they could not begin is then the result. */
enum wt_record_step {
	WT_STEP_WAIT, /* the next is due when the descriptor is readable */
	WT_STEP_MORE, /* it is due at once, as soon as others have had their turn */
	WT_STEP_ENDED,
};
WT_API int wt_record_begin(struct wt_record *record, struct wt_error *err);
WT_API enum wt_record_step wt_record_step(struct wt_record *record);
WT_API int wt_record_result(struct wt_record *record, struct wt_error *err);

/* A descriptor for poll() or epoll, for reading only, that stays the recording's: rings, disks,
 * times that are due, and requests of other threads. Or a negative errno. */
WT_API int wt_record_fd(struct wt_record *record);

/* Ask the recording to stop, and have it give up what rings still hold at this time of
 * CLOCK_MONOTONIC, and what a pipe or on_bytes has not taken: that is lost.writer, and the result
 * is -ETIMEDOUT. What the disk has been given by then is waited for, since no disk gives it back;
 * commands for finished files are not. Asked again, the later deadline counts. Any thread. */
WT_API void wt_record_stop_by(struct wt_record *record, int64_t deadline_ns);

/* on_bytes may take more. Any thread. */
WT_API void wt_record_resume(struct wt_record *record);

/* Ask the recording to stop; or to call on_progress now. From any thread or signal handler, from
 * wt_record_open() to wt_record_close(). */
WT_API void wt_record_stop(struct wt_record *record);
WT_API void wt_record_poke(struct wt_record *record);

/* State of a recording, all interfaces and queues together: it adds up, and its counts never fall,
 * but where a limit ends it: losses after the last packet asked for then count no more. It is not
 * older than 50 ms while the recording has work, and what the kernel dropped is not older than a
 * second. Any thread, from wt_record_open() to wt_record_close(), and the recording does not wait
 * for it; like the ledger. */
struct wt_record_state {
	size_t size;                  /* see export.h */
	uint64_t seen, written, lost; /* packets: seen = written + lost */
	uint64_t file_bytes;          /* of all files */
	uint32_t file_count;
	enum wt_record_end end; /* once it has ended */
	int64_t start_utc_ns;   /* when the interfaces began; 0: they never did */
	int64_t elapsed_ns;
	int64_t high_water_ns; /* the most traffic that a ring ever held */
	double high_water_pct; /* likewise, as a share of the fullest ring's memory */
	double fill_pct;       /* now */
};

/* 0, or -EINVAL for a wrong size. */
WT_API int wt_record_state_read(struct wt_record *record, struct wt_record_state *state);

/* A line of the ledger: "seen", "written", "lost.ring", … (docs/format.md). Names are static. */
struct wt_record_entry {
	const char *name;
	int64_t value;
};

/* The ledger of an interface, by number, or of WT_ALL_INTERFACES, as it is at one moment. The
 * number of its entries; -ENOSPC if there is no room for them all, for which WT_RECORD_ENTRIES
 * always suffice; -ERANGE if there is no such interface. */
#define WT_ALL_INTERFACES UINT32_MAX
#define WT_RECORD_ENTRIES 64
WT_API int wt_record_ledger(struct wt_record *record, uint32_t interface,
                            struct wt_record_entry *entries, size_t capacity);

/* The functions below may be called in a callback, or before or after wt_record_run() in its
 * thread. */

/* Settings that an interface actually got. Strings live as long as the recording. */
struct wt_record_interface_info {
	size_t size; /* see export.h */
	const char *name;
	const char *phc; /* "/dev/ptp0": the clock of its stamps; NULL: the kernel's */
	uint64_t ring_bytes;
	uint32_t snaplen;
	uint16_t link_type; /* LINKTYPE_* */
	bool promiscuous;
	bool gone;                   /* it has disappeared */
	enum wt_stamp_source stamps; /* expected source of its stamps */
	enum wt_stamp_clock clock;   /* clock of its stamps */
};

/* 0; -ERANGE if there is no such interface; -EINVAL for a wrong size. */
WT_API int wt_record_interface_read(struct wt_record *record, uint32_t interface,
                                    struct wt_record_interface_info *info);

/* Shortfalls from the request, by number from 0: one line each; NULL after the last. They live as
 * long as the recording. */
WT_API const char *wt_record_degraded(struct wt_record *record, size_t number);

/* The streams of `feeds`, to be read with wt_feed_stream_read(); NULL if none are followed. Owned
 * by the recording. */
WT_API const struct wt_feed *wt_record_feed(const struct wt_record *record);

/* NULL is fine. Waits for files to be finished. A recording that has begun and whose result nobody
 * has asked for is stopped, and ends as in wt_record_run(), with its callbacks. */
WT_API void wt_record_close(struct wt_record *record);

#ifdef __cplusplus
}
#endif
#endif
