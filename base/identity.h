/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_IDENTITY_H
#define WIRETAPE_BASE_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

/* Identities: 128-bit hashes of descriptions, equal for equal descriptions, and different for
 * different ones unless somebody forges them. And a hash table of them. */
struct wt_identity {
	uint64_t high, low;
};

/* Hash bytes, or extend a hash with more bytes. Pure. */
struct wt_identity wt_identity_of(const void *bytes, size_t length);
struct wt_identity wt_identity_add(struct wt_identity before, const void *bytes, size_t length);

/* Add one to the identity of a set; order does not matter. Pure. */
struct wt_identity wt_identity_join(struct wt_identity set, struct wt_identity one);

struct wt_identity_entry;

/* Empty when zero-initialised. One thread at a time. */
struct wt_identity_table {
	struct wt_identity_entry *entries;
	size_t count, room;
	uint64_t looked_at; /* entries probed by all searches so far */
};

/* Find an identity's value: 1 and *value if it is there; 0 if it was not, and is now with value 0;
 * or -ENOMEM. The pointer is valid until the next call. */
int wt_identity_note(struct wt_identity_table *table, struct wt_identity identity,
                     uint32_t **value);

/* Forget everything and free the memory. */
void wt_identity_clear(struct wt_identity_table *table);

#endif
