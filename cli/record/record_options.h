/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_RECORD_OPTIONS_H
#define WIRETAPE_CLI_RECORD_RECORD_OPTIONS_H

/* The command line of `wiretape record`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_feeds.h"
#include "record_queues.h"

#include <wiretape/capture/recorder/recording.h>

enum { WT_RECORD_INTERFACES_MAX = 64, WT_RECORD_JOINS_MAX = 512 };

struct wt_record_options {
	struct wt_reader_config interfaces[WT_RECORD_INTERFACES_MAX];
	size_t interface_count;
	struct wt_reader_config common; /* what all interfaces are given */
	bool has_reader;                /* --reader was given */
	unsigned socket_stamp;          /* 1 + enum wt_socket_stamp; 0: --sockstamp was not given */
	struct wt_join_group joins[WT_RECORD_JOINS_MAX]; /* on all interfaces */
	size_t join_count;
	struct wt_feed_options feeds;
	/* one for all interfaces, or one for each */
	const char *paths[WT_RECORD_INTERFACES_MAX];
	size_t path_count;
	struct wt_file_set_config files; /* but for the path */
	struct wt_record_queues queues;
	enum wt_placement layout;
	enum wt_disk_kind io;
	enum wt_direct direct;
	enum wt_record_sync sync;
	int64_t sync_every_ns;
	enum wt_stamp_clock clock;
	int32_t tai_offset_s;
	char *filter; /* owned: the last words, joined */
	const char *filter_option;
	const char *filter_file;
	uint64_t max_packets;
	uint64_t max_bytes;
	int64_t max_duration_ns;
	uint64_t stats_every_s;
	enum { WT_GONE_DEFAULT, WT_GONE_WAIT, WT_GONE_END } interface_gone;
	bool background;
	int ready_fd; /* 0: none */
	bool quiet;
	bool verbose;
	bool json;
	bool fail_on_loss;
	bool list;
};

/* Parse: 0, or an exit code after complaining. */
int wt_record_options_parse(struct wt_record_options *options, int argc, char **argv);
void wt_record_options_fini(struct wt_record_options *options);

#endif
