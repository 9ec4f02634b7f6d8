/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_FILE_CHECK_H
#define WIRETAPE_TESTS_FILE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/gap_block.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Reads a recording to its last byte and checks it against its format: every
 * block decodes, chunks begin where they should, and each index matches its chunk
 * and those before it. */

enum { FILE_CHECK_INTERFACES = 3 };

struct file_check {
	/* To be set by the caller, or zero. */
	void (*on_packet)(void *context, const struct wt_pcapng_item *item);
	void (*on_missing)(void *context, const struct wt_gap_block *missing);
	void *context;

	uint64_t bytes;
	uint32_t interfaces;
	uint64_t packets[FILE_CHECK_INTERFACES];
	uint64_t all_packets;
	uint64_t missing; /* packets, as recorded by a repair */
	uint32_t chunks;  /* with an index */
	uint32_t in_place;
	uint32_t repaired_ends; /* blocks that mark a missing end */
	unsigned statistics;
	unsigned clocks; /* clock blocks */
	struct wt_pcapng_item_statistics last[FILE_CHECK_INTERFACES];
	char ledger[FILE_CHECK_INTERFACES][1024]; /* of the last statistics */
	char why[600];                            /* with an error */
};

/* Check bytes: 0, or -EBADMSG and check->why. */
int file_check_bytes(struct file_check *check, const uint8_t *bytes, size_t length);

/* Check a file: as file_check_bytes(), or the negative errno of reading it. */
int file_check_path(struct file_check *check, const char *path);

/* The bytes of a file, for the caller to free; NULL if there is none. */
uint8_t *file_check_read(const char *path, size_t *length);

/* The value of `name` in the last ledger of an interface; UINT64_MAX if there is none. */
uint64_t file_check_ledger(const struct file_check *check, size_t interface, const char *name);

/* The sequence number of a frame of a simulated interface. */
uint64_t file_check_sequence(const struct wt_pcapng_item *item);

#endif
