/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_DROP_MARKS_H
#define WIRETAPE_RING_DROP_MARKS_H

/* Where a ring's producer dropped frames: so many before the unit (block, slot, or what a system
 * call reads) of a number. Pure: it knows no ring. What was dropped is told once, by the first
 * frame that follows. */

#include <stdint.h>

struct wt_drop_marks {
	uint64_t *before;    /* by number % places; the unit has not been borrowed yet */
	uint64_t places;     /* numbers that may have a mark at the same time, one after another */
	uint64_t mark_count; /* numbers that have one */
	uint64_t untold;     /* before units that have been borrowed, but by no frame yet */
	uint64_t told;
};

/* Memory for marks; -ENOMEM. wt_drop_marks_fini() also takes what is zero. */
int wt_drop_marks_init(struct wt_drop_marks *marks, uint64_t places);
void wt_drop_marks_fini(struct wt_drop_marks *marks);

/* Note that so many more frames were dropped before the unit of this number. */
void wt_drop_marks_note(struct wt_drop_marks *marks, uint64_t number, uint64_t frames);

/* The unit of this number is borrowed: returns what was dropped before it. */
uint64_t wt_drop_marks_borrow(struct wt_drop_marks *marks, uint64_t number);

/* Limit `most` units from `number` on, at least one, to those before the next mark. */
uint32_t wt_drop_marks_until(const struct wt_drop_marks *marks, uint64_t number, uint32_t most);

/* A frame of what is borrowed is read: returns what was dropped before it. */
uint64_t wt_drop_marks_tell(struct wt_drop_marks *marks);

#endif
