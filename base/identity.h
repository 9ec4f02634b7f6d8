/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_IDENTITY_H
#define WIRETAPE_WRITER_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What things are described as, in 128 bits: those of equal descriptions are equal, and those of
 * different ones differ but for somebody's intent. And a table of them, in which finding one
 * takes as long whatever their number. */
struct wt_identity {
	uint64_t high, low;
};

/* Of bytes, and of what came before and more bytes. Pure. */
struct wt_identity wt_identity_of(const void *bytes, size_t length);
struct wt_identity wt_identity_add(struct wt_identity before, const void *bytes, size_t length);

/* Of a set with one more in it, in whatever order they come. Pure. */
struct wt_identity wt_identity_join(struct wt_identity set, struct wt_identity one);

struct wt_identity_entry;

/* Zero-initialised it is empty. One thread at a time. */
struct wt_identity_table {
	struct wt_identity_entry *entries;
	size_t count, room;
	uint64_t looked_at; /* entries, by all searches so far */
};

/* What is noted beside an identity: 1 and *value if it is there; 0 if it was not, and now is with
 * 0; or -ENOMEM. The pointer is valid until the next call. */
int wt_identity_note(struct wt_identity_table *table, struct wt_identity identity,
                     uint32_t **value);

/* Forget all, and give the memory back. */
void wt_identity_clear(struct wt_identity_table *table);

#ifdef __cplusplus
}
#endif
#endif
