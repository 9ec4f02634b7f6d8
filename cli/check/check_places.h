/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_PLACES_H
#define WIRETAPE_CLI_CHECK_CHECK_PLACES_H

/* Interfaces through all files: one of the same name, description and link type in a later file is
 * the same, unless another file that is being read has it, too. Of an interface that is recorded
 * in lanes each lane has a place. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum {
	WT_PLACES_MAX = 256, /* as many as a feed monitor follows */
	WT_PLACE_NAME_BYTES = 132,
	WT_PLACE_DESCRIPTION_BYTES = 260,
};

/* Place of a file in its recording. */
struct wt_place_file {
	bool is_numbered;
	uint64_t recording;
	uint32_t number; /* in its lane */
	uint32_t lane;   /* 0 also without lanes */
};

struct wt_place {
	char name[WT_PLACE_NAME_BYTES];
	char description[WT_PLACE_DESCRIPTION_BYTES];
	uint16_t link_type;
	bool has_ledger;
	uint32_t interface; /* the first place of the interface, which all of its lanes share */
	bool is_told;       /* of another lane: the monitor knows it; the caller's */
	const void *user;   /* who reads it now; NULL: nobody */
	bool was_used;      /* packets may have come from it */
	bool ended_well;    /* the file before was read to its end, and closed */
	struct wt_place_file file; /* the last one */
};

struct wt_places {
	struct wt_place list[WT_PLACES_MAX];
	uint32_t count;
};

/* The place of an interface, for `user`, which has it until wt_places_release(): *index, and true;
 * false if there are too many. *why, static, names what lies between its last packet and the next:
 * NULL if nothing does, or nothing is known. */
bool wt_places_take(struct wt_places *places, const struct wt_place *wanted, const void *user,
                    uint32_t *index, const char **why);

/* Release everything that `user` has: its file ends. */
void wt_places_release(struct wt_places *places, const void *user, bool ended_well);

/* Save for tomorrow: lines "interface=…" and "name=…" and so on, after each other. The caller's to
 * free; NULL without memory. */
char *wt_places_save(const struct wt_places *places);

/* Load them: 0, -EBADMSG with the line and the reason. Any text is safe. */
int wt_places_load(struct wt_places *places, const char *text, size_t bytes, struct wt_error *err);

#endif
