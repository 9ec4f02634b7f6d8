/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/drop_marks.h>

#include <errno.h>
#include <stdlib.h>

int wt_drop_marks_init(struct wt_drop_marks *marks, uint64_t places)
{
	*marks = (struct wt_drop_marks){.before = calloc(places, sizeof(*marks->before)),
	                                .places = places};
	return marks->before ? 0 : -ENOMEM;
}

void wt_drop_marks_fini(struct wt_drop_marks *marks)
{
	free(marks->before);
	*marks = (struct wt_drop_marks){0};
}

static uint64_t *before(const struct wt_drop_marks *marks, uint64_t number)
{
	return &marks->before[number % marks->places];
}

void wt_drop_marks_note(struct wt_drop_marks *marks, uint64_t number, uint64_t frames)
{
	uint64_t *mark = before(marks, number);

	marks->mark_count += !*mark && frames;
	*mark += frames;
}

uint64_t wt_drop_marks_borrow(struct wt_drop_marks *marks, uint64_t number)
{
	uint64_t frames, *mark;

	if (!marks->mark_count)
		return 0;
	mark = before(marks, number);
	frames = *mark;
	marks->mark_count -= frames != 0;
	marks->untold += frames;
	*mark = 0;
	return frames;
}

uint32_t wt_drop_marks_until(const struct wt_drop_marks *marks, uint64_t number, uint32_t most)
{
	uint32_t count = 1;

	if (!marks->mark_count)
		return most;
	while (count < most && !*before(marks, number + count))
		count++;
	return count;
}

uint64_t wt_drop_marks_tell(struct wt_drop_marks *marks)
{
	uint64_t frames = marks->untold;

	marks->told += frames;
	marks->untold = 0;
	return frames;
}
