/* SPDX-License-Identifier: BSD-2-Clause */
/* What the file says about the clocks of the interfaces. */
#include <wiretape/capture/recorder/recorder_state.h>

#include <stdio.h>
#include <string.h>

static void hear(void *context, const char *text, bool is_degraded)
{
	struct wt_recorder *recorder = context;

	if (is_degraded)
		wt_recorder_degrade(recorder, text);
	else
		wt_recorder_say(recorder, "%s", text);
}

/* The reader's clock becomes another one when its interface comes back: its name is copied. */
static void report(struct wt_recorded *recorded)
{
	const struct wt_stamper *stamper = &recorded->stamper;
	const struct wt_phc *phc = wt_reader_phc(recorded->reader);

	recorded->report->clock = stamper->clock;
	if (phc) {
		snprintf(recorded->phc, sizeof(recorded->phc), "%s", wt_phc_device(phc));
		recorded->report->phc = recorded->phc;
	}
	recorded->report->map = stamper->estimator.map;
	recorded->report->crosses = stamper->crosses;
	recorded->report->phc_stands_still = stamper->frozen;
}

int wt_recorder_open_clock(struct wt_recorder *recorder, size_t i, struct wt_error *err)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	const struct wt_stamper_config config = {
	        .clock = recorder->config.clock,
	        .tai_offset_s = recorder->config.tai_offset_s,
	        .say = hear,
	        .context = recorder,
	};
	int ret = wt_stamper_open(&recorded->stamper, recorded->reader, &config, err);

	report(recorded);
	return ret;
}

static int write_note(struct wt_recorder *recorder, struct wt_clock_note *note, size_t interface)
{
	uint8_t *at;
	size_t room;
	ssize_t bytes;
	int ret = wt_recorder_reserve(recorder, WT_CLOCK_NOTE_BYTES_MAX, &at, &room);

	if (ret)
		return ret;
	note->interface_id = (uint32_t)interface;
	bytes = wt_clock_note_encode(at, room, note);
	if (bytes < 0)
		return (int)bytes;
	wt_tape_submit(recorder->file->tape, (size_t)bytes, 0, NULL, 0);
	wt_tape_note_clock(recorder->file->tape);
	return 0;
}

static bool has_room(const struct wt_recorder *recorder)
{
	return wt_recorder_closing_room(recorder) >= WT_CLOCK_NOTE_BYTES_MAX;
}

/* As many as this file has room for; the others go into the next, for none of its packets needs
 * them: those leave room for the notes that they rest on (wt_recorder_note_bytes). */
static int write_notes(struct wt_recorder *recorder, size_t i)
{
	struct wt_stamper *stamper = &recorder->recorded[i].stamper;
	size_t done = 0;
	int ret = 0;

	while (!ret && done < stamper->note_count && has_room(recorder))
		ret = write_note(recorder, &stamper->notes[done++], i);
	stamper->note_count -= done;
	memmove(stamper->notes, stamper->notes + done,
	        stamper->note_count * sizeof(*stamper->notes));
	return ret;
}

int wt_recorder_write_notes(struct wt_recorder *recorder)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < recorder->config.interface_count; i++) {
		report(&recorder->recorded[i]);
		ret = write_notes(recorder, i);
	}
	return ret;
}

uint64_t wt_recorder_note_bytes(const struct wt_recorder *recorder)
{
	uint64_t notes = 0;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		const struct wt_recorded *recorded = &recorder->recorded[i];

		/* One that frames may add (wt_stamper_frames). */
		notes += recorded->stamper.note_count + (wt_reader_phc(recorded->reader) != NULL);
	}
	return notes * WT_CLOCK_NOTE_BYTES_MAX;
}

static void write_or_fail(struct wt_recorder *recorder)
{
	int ret = wt_recorder_write_notes(recorder);

	if (ret)
		wt_recorder_writer_failed(recorder, ret);
}

void wt_recorder_keep_clocks(struct wt_recorder *recorder)
{
	bool any = false;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_stamper *stamper = &recorder->recorded[i].stamper;

		if (!recorder->reports[i].gone)
			wt_stamper_tick(stamper, recorder->now_ns, recorder->now_utc_ns);
		any |= stamper->note_count > 0;
	}
	if (any && !recorder->ending)
		write_or_fail(recorder);
}

void wt_recorder_finish_clocks(struct wt_recorder *recorder)
{
	struct wt_error err;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];

		if (!recorded->report->gone)
			wt_stamper_finish(&recorded->stamper);
		if (wt_reader_restore_stamping(recorded->reader, &err))
			wt_recorder_degrade(recorder, err.text);
	}
	if (recorder->end != WT_END_WRITER && recorder->end != WT_END_READER_GONE &&
	    recorder->end != WT_END_FAILURE)
		write_or_fail(recorder);
}

int64_t wt_recorder_clocks_due_ns(const struct wt_recorder *recorder)
{
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		int64_t one_ns = wt_stamper_due_ns(&recorder->recorded[i].stamper);

		/* Nobody looks at it until it is back. */
		if (recorder->reports[i].gone)
			continue;
		if (one_ns < due_ns)
			due_ns = one_ns;
	}
	return due_ns;
}

static int write_map(struct wt_recorder *recorder, const struct wt_clock_map *map, size_t interface)
{
	struct wt_clock_note note = {
	        .what = WT_CLOCK_NOTE_MAP,
	        .utc_ns = wt_recorder_utc_clock_ns(),
	        .map = *map,
	};

	return map->number ? write_note(recorder, &note, interface) : 0;
}

/* After a step packets from before it may still be on their way. */
int wt_recorder_write_maps(struct wt_recorder *recorder)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < recorder->config.interface_count; i++) {
		const struct wt_clock_estimator *estimator =
		        &recorder->recorded[i].stamper.estimator;

		ret = write_map(recorder, &estimator->previous, i);
		if (!ret)
			ret = write_map(recorder, &estimator->map, i);
	}
	return ret;
}

void wt_recorder_renew_clock(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	wt_stamper_renew(&recorded->stamper);
	report(recorded);
	if (recorded->report->reader->stamps_degraded)
		wt_recorder_degrade(recorder, recorded->report->reader->stamps_degraded);
}
