/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks of the interfaces, in the file. */
#include <wiretape/capture/recorder/recorder_clocks.h>

#include <stdio.h>
#include <string.h>

#include <wiretape/capture/recorder/recorder_output.h>

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
	const struct wt_stamp_converter *converter = &recorded->converter;
	const struct wt_phc *phc = wt_reader_phc(recorded->reader);

	recorded->report->clock = converter->clock;
	if (phc) {
		snprintf(recorded->phc, sizeof(recorded->phc), "%s", wt_phc_device(phc));
		recorded->report->phc = recorded->phc;
	}
	recorded->report->map = converter->estimator.map;
	recorded->report->crosses = converter->crosses;
	recorded->report->phc_stands_still = converter->frozen;
}

int wt_recorder_open_clock(struct wt_recorder *recorder, size_t i, struct wt_error *err)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	const struct wt_stamp_converter_config config = {
	        .clock = recorder->config.clock,
	        .tai_offset_s = recorder->config.tai_offset_s,
	        .say = hear,
	        .context = recorder,
	};
	int rc = wt_stamp_converter_open(&recorded->converter, recorded->reader, &config, err);

	report(recorded);
	return rc;
}

static int write_note(struct wt_recorder *recorder, struct wt_clock_record *note, size_t interface)
{
	uint8_t *at;
	size_t room;
	ssize_t bytes;
	int rc = wt_recorder_reserve(recorder, WT_CLOCK_RECORD_BYTES_MAX, &at, &room);

	if (rc)
		return rc;
	note->interface_id = (uint32_t)interface;
	bytes = wt_clock_record_encode(at, room, note);
	if (bytes < 0)
		return (int)bytes;
	wt_tape_submit(recorder->file->tape, (size_t)bytes, 0, NULL, 0);
	wt_tape_record_clock(recorder->file->tape);
	return 0;
}

static bool has_room(const struct wt_recorder *recorder)
{
	return wt_recorder_closing_room(recorder) >= WT_CLOCK_RECORD_BYTES_MAX;
}

/* Write as many as this file has room for; the others go into the next, for none of its packets
 * needs them: packets leave room for the notes that they rest on (wt_recorder_note_bytes). */
static int write_notes(struct wt_recorder *recorder, size_t i)
{
	struct wt_stamp_converter *converter = &recorder->recorded[i].converter;
	size_t done = 0;
	int rc = 0;

	while (!rc && done < converter->note_count && has_room(recorder))
		rc = write_note(recorder, &converter->notes[done++], i);
	converter->note_count -= done;
	memmove(converter->notes, converter->notes + done,
	        converter->note_count * sizeof(*converter->notes));
	return rc;
}

int wt_recorder_write_notes(struct wt_recorder *recorder)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < recorder->config.interface_count; i++) {
		report(&recorder->recorded[i]);
		rc = write_notes(recorder, i);
	}
	return rc;
}

uint64_t wt_recorder_note_bytes(const struct wt_recorder *recorder)
{
	uint64_t notes = 0;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		const struct wt_recorded *recorded = &recorder->recorded[i];

		/* one that frames may add (wt_stamp_converter_frames) */
		notes += recorded->converter.note_count + (wt_reader_phc(recorded->reader) != NULL);
	}
	return notes * WT_CLOCK_RECORD_BYTES_MAX;
}

static void write_or_fail(struct wt_recorder *recorder)
{
	int rc = wt_recorder_write_notes(recorder);

	if (rc)
		wt_recorder_writer_failed(recorder, rc);
}

void wt_recorder_keep_clocks(struct wt_recorder *recorder)
{
	bool any = false;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_stamp_converter *converter = &recorder->recorded[i].converter;

		if (!recorder->reports[i].gone)
			wt_stamp_converter_tick(converter, recorder->now_ns, recorder->now_utc_ns);
		any |= converter->note_count > 0;
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
			wt_stamp_converter_finish(&recorded->converter);
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
		int64_t one_ns = wt_stamp_converter_due_ns(&recorder->recorded[i].converter);

		/* A missing interface: nobody looks at it until it is back. */
		if (recorder->reports[i].gone)
			continue;
		if (one_ns < due_ns)
			due_ns = one_ns;
	}
	return due_ns;
}

static int write_map(struct wt_recorder *recorder, const struct wt_clock_map *map, size_t interface)
{
	struct wt_clock_record note = {
	        .what = WT_CLOCK_RECORD_MAP,
	        .utc_ns = wt_recorder_utc_clock_ns(),
	        .map = *map,
	};

	return map->number ? write_note(recorder, &note, interface) : 0;
}

/* After a step packets from before it may still be on their way. */
int wt_recorder_write_maps(struct wt_recorder *recorder)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < recorder->config.interface_count; i++) {
		const struct wt_clock_estimator *estimator =
		        &recorder->recorded[i].converter.estimator;

		rc = write_map(recorder, &estimator->previous, i);
		if (!rc)
			rc = write_map(recorder, &estimator->map, i);
	}
	return rc;
}

void wt_recorder_renew_clock(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	wt_stamp_converter_renew(&recorded->converter);
	report(recorded);
	if (recorded->report->reader->stamps_degraded)
		wt_recorder_degrade(recorder, recorded->report->reader->stamps_degraded);
}
