/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_H
#define WIRETAPE_CAPTURE_RECORDER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/capture/ledger.h>
#include <wiretape/capture/reader.h>
#include <wiretape/ring/error.h>
#include <wiretape/writer/sink.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The recorder wires readers, stamps and writer together: one thread that borrows
 * blocks from all rings, encodes them and hands them to the sink. There is no
 * queue in between; a slow disk shows as rings that fill up. */
struct wt_recorder;

/* Why a recording ended. */
enum wt_recorder_end {
	WT_END_ASKED,       /* wt_recorder_stop() */
	WT_END_PACKETS,     /* max_packets */
	WT_END_BYTES,       /* max_bytes */
	WT_END_DURATION,    /* max_duration_ns */
	WT_END_SOURCE,      /* a simulated interface has delivered all it was to */
	WT_END_INTERFACE,   /* the last interface has disappeared */
	WT_END_WRITER,      /* the file takes no more: full, broken */
	WT_END_READER_GONE, /* nobody reads the pipe any more */
	WT_END_FAILURE,     /* something else; the error says what */
};

/* One interface of a recording, as it stands. Strings live as long as the recorder. */
struct wt_recorder_interface {
	const struct wt_reader_info *reader;
	struct wt_ledger ledger;
	struct rtnl_link_stats64 nic_start; /* before the gate opened */
	struct rtnl_link_stats64 nic_now;   /* at the last look */
	bool has_nic;
	bool gone;
	double high_water_pct;
	double fill_pct;
};

/* The state of a recording. Filled in by wt_recorder_report(); borrowed from the
 * recorder. */
struct wt_recorder_report {
	const struct wt_recorder_interface *interfaces;
	size_t interface_count;
	struct wt_ledger total;
	uint64_t file_bytes;
	int64_t elapsed_ns;
	double high_water_pct; /* of the fullest ring */
	double fill_pct;
	enum wt_recorder_end end;    /* once it has ended */
	const char *const *degraded; /* named states, each said once; NULL-terminated */
};

/* Zero is the default given in brackets. All strings are borrowed until the
 * recorder is closed. */
struct wt_recorder_config {
	const struct wt_reader_config *interfaces; /* one Interface Description Block each */
	size_t interface_count;
	const char *application;     /* "wiretape 0.1.0" */
	uint64_t max_packets;        /* [no limit] */
	uint64_t max_bytes;          /* stop once the file has as many [no limit] */
	int64_t max_duration_ns;     /* [no limit] */
	int64_t statistics_every_ns; /* between Interface Statistics Blocks [10 s] */
	int64_t progress_every_ns;   /* between calls of on_progress [never] */
	/* Called in the recording thread: from time to time, and when poked. */
	void (*on_progress)(void *context, const struct wt_recorder_report *report, bool poked);
	/* Called in the recording thread when something worth saying happens; one line. */
	void (*on_event)(void *context, const char *text);
	void *context;
};

/* Open all interfaces, gates shut. Nothing is recorded or written yet, so that a
 * mistake costs no file. -EINVAL if the interfaces differ in link type. */
int wt_recorder_open(struct wt_recorder **recorder, const struct wt_recorder_config *config,
                     struct wt_error *err);

/* Record into `sink`, which stays the caller's, until something ends it
 * (wt_recorder_end); the file is then complete but for wt_sink_close(), the ledger
 * closed. Once per recorder. 0 if it ended as asked, by a limit or because the simulation or the
 * pipe's reader was done; else a negative errno and its reason. */
int wt_recorder_run(struct wt_recorder *recorder, struct wt_sink *sink, struct wt_error *err);

/* Ask it to stop; or to call on_progress now. From any thread or signal handler. */
void wt_recorder_stop(struct wt_recorder *recorder);
void wt_recorder_poke(struct wt_recorder *recorder);

/* The state of things. In the recording thread or after wt_recorder_run(). */
void wt_recorder_report(struct wt_recorder *recorder, struct wt_recorder_report *report);

/* NULL is fine. */
void wt_recorder_close(struct wt_recorder *recorder);

#ifdef __cplusplus
}
#endif
#endif
