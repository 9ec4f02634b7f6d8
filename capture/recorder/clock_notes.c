/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks of the interfaces, in the file. */
#include <wiretape/capture/recorder/clock_notes.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void hear(void *context, const char *text, bool is_degraded)
{
	struct wt_recorder_state *state = context;

	if (is_degraded)
		wt_recorder_note_degraded(state, text);
	else
		wt_recorder_say(state, "%s", text);
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

int wt_clock_notes_open(struct wt_recorder_state *state, struct wt_recorded *recorded,
                        struct wt_error *err)
{
	const struct wt_stamp_converter_config config = {
	        .clock = state->config.clock,
	        .tai_offset_s = state->config.tai_offset_s,
	        .say = hear,
	        .context = state,
	};
	int rc = wt_stamp_converter_open(&recorded->converter, recorded->reader, &config, err);

	report(recorded);
	return rc;
}

void wt_clock_notes_renew(struct wt_recorder_state *state, struct wt_recorded *recorded)
{
	wt_stamp_converter_renew(&recorded->converter);
	report(recorded);
	if (recorded->report->reader->stamps_degraded)
		wt_recorder_note_degraded(state, recorded->report->reader->stamps_degraded);
}

static int write_note(struct wt_tape_writer *writer, struct wt_clock_record *note, size_t interface)
{
	uint8_t *at;
	size_t room;
	ssize_t bytes;
	int rc = wt_tape_reserve(writer->file->tape, WT_CLOCK_RECORD_BYTES_MAX, &at, &room);

	if (rc)
		return rc;
	note->interface_id = (uint32_t)interface;
	bytes = wt_clock_record_encode(at, room, note);
	if (bytes < 0)
		return (int)bytes;
	wt_tape_submit(writer->file->tape, (size_t)bytes, 0, NULL, 0);
	wt_tape_record_clock(writer->file->tape);
	return 0;
}

static int write_notes(struct wt_tape_writer *writer, size_t i)
{
	struct wt_stamp_converter *converter = &writer->recorded[i].converter;
	size_t done = 0;
	int rc = 0;

	while (done < converter->note_count &&
	       !(rc = write_note(writer, &converter->notes[done], i)))
		done++;
	converter->note_count -= done;
	memmove(converter->notes, converter->notes + done,
	        converter->note_count * sizeof(*converter->notes));
	return rc;
}

int wt_clock_notes_write(struct wt_tape_writer *writer)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < writer->state->config.interface_count; i++) {
		report(&writer->recorded[i]);
		rc = write_notes(writer, i);
	}
	return rc;
}

static void write_if_room(struct wt_tape_writer *writer)
{
	int rc = wt_clock_notes_write(writer);

	if (rc && rc != -EAGAIN)
		wt_recorder_writer_failed(writer->state, rc);
}

void wt_clock_notes_keep(struct wt_tape_writer *writer)
{
	struct wt_recorder_state *state = writer->state;
	bool any = false;

	for (size_t i = 0; i < state->config.interface_count; i++) {
		struct wt_recorded *recorded = &writer->recorded[i];

		if (!recorded->report->gone)
			wt_stamp_converter_tick(&recorded->converter, state->now_ns,
			                        state->now_utc_ns);
		any |= recorded->converter.note_count > 0;
	}
	if (any && writer->phase == WT_TAPE_TAKES && !wt_tape_writer_is_full(writer))
		write_if_room(writer);
}

int64_t wt_clock_notes_due_ns(const struct wt_tape_writer *writer)
{
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; i < writer->state->config.interface_count; i++) {
		const struct wt_recorded *recorded = &writer->recorded[i];
		int64_t one_ns = wt_stamp_converter_due_ns(&recorded->converter);

		/* A missing interface: nobody looks at it until it is back. */
		if (!recorded->report->gone && one_ns < due_ns)
			due_ns = one_ns;
	}
	return due_ns;
}

void wt_clock_notes_finish(struct wt_tape_writer *writer)
{
	struct wt_error err;

	for (size_t i = 0; i < writer->state->config.interface_count; i++) {
		struct wt_recorded *recorded = &writer->recorded[i];

		if (!recorded->report->gone)
			wt_stamp_converter_finish(&recorded->converter);
		if (wt_reader_restore_stamping(recorded->reader, &err))
			wt_recorder_note_degraded(writer->state, err.text);
		report(recorded);
	}
}

int wt_clock_notes_write_map(struct wt_tape_writer *writer, const struct wt_clock_map *map,
                             size_t interface)
{
	struct wt_clock_record note = {
	        .what = WT_CLOCK_RECORD_MAP,
	        .utc_ns = wt_recorder_utc_clock_ns(writer->state),
	        .map = *map,
	};

	return map->number ? write_note(writer, &note, interface) : 0;
}

/* After a step packets from before it may still be on their way. */
int wt_clock_notes_write_maps(struct wt_tape_writer *writer)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < writer->state->config.interface_count; i++) {
		const struct wt_clock_estimator *estimator =
		        &writer->recorded[i].converter.estimator;

		rc = wt_clock_notes_write_map(writer, &estimator->previous, i);
		if (!rc)
			rc = wt_clock_notes_write_map(writer, &estimator->map, i);
	}
	return rc;
}
