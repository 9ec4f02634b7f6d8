/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/stamp_converter.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/pcapng/interface_clock.h>

/* While the map is young it gains by every sample; later it only has to keep up. */
enum { FAST_CROSSES = 10 };
static const int64_t fast_cross_ns = 100000000, cross_ns = 1000000000;

/* Each look at the interface costs two system calls, whether or not there is news. */
static const int64_t look_ns = 20000000;

/* A stamp this far ahead of the system clock, or this far before the previous one, is a sign that a
 * clock has been set; and so is a system clock that gets this far off from CLOCK_MONOTONIC. */
static const int64_t plausible_ns = 100000000;
/* And so is an older packet: only a disk that stalls, or a long retire timeout, keeps one waiting
 * this long. */
static const int64_t fresh_ns = 1000000000;

static void __attribute__((format(printf, 3, 4)))
say(const struct wt_stamp_converter *converter, bool is_degraded, const char *format, ...)
{
	char text[320];
	va_list args;

	if (!converter->say)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	converter->say(converter->context, text, is_degraded);
}

static struct wt_clock_record *add_note(struct wt_stamp_converter *converter,
                                        enum wt_clock_record_what what, int64_t utc_ns)
{
	struct wt_clock_record *note = &converter->notes[converter->note_count++];

	memset(note, 0, sizeof(*note));
	note->what = what;
	note->utc_ns = utc_ns;
	return note;
}

/* The last place is kept for notes that frames may add. */
static bool has_room(const struct wt_stamp_converter *converter)
{
	return converter->note_count < WT_STAMP_CONVERTER_RECORDS - 1;
}

/* Never kept: the reader's becomes another one when its interface comes back. */
static struct wt_phc *phc_of(const struct wt_stamp_converter *converter)
{
	return wt_reader_phc(converter->reader);
}

static void say_verdict(struct wt_stamp_converter *converter, enum wt_clock_verdict verdict)
{
	const char *name = converter->info->name;
	double step_s = (double)converter->estimator.step_ns / 1e9;

	if (verdict == WT_CLOCK_FROZEN && !converter->frozen)
		say(converter, true, "%s: its clock %s stands still: hardware stamps mean nothing",
		    name, wt_phc_device(phc_of(converter)));
	else if (verdict != WT_CLOCK_FROZEN && converter->frozen)
		say(converter, false, "%s: its clock moves again", name);
	converter->frozen = verdict == WT_CLOCK_FROZEN;
	if (verdict != WT_CLOCK_STEPPED && verdict != WT_CLOCK_BACKWARD)
		return;
	if (converter->estimator.culprit == WT_CULPRIT_UTC)
		say(converter, true, "%s: the system clock was set by %+.9f s; stamps follow it",
		    name, step_s);
	else
		say(converter, true,
		    "%s: its clock %s was set by %+.9f s; stamps take it into account", name,
		    wt_phc_device(phc_of(converter)), -step_s);
}

/* Take a cross timestamp and record the verdict. */
static int take_cross(struct wt_stamp_converter *converter, struct wt_error *err)
{
	struct wt_clock_estimator *estimator = &converter->estimator;
	struct wt_cross_sample sample;
	struct wt_clock_record *note;
	int rc = wt_phc_cross(phc_of(converter), &sample, err);

	if (rc)
		return rc;
	converter->crosses++;
	if (converter->fast_left)
		converter->fast_left--;
	note = add_note(converter, WT_CLOCK_RECORD_CROSS, sample.utc_ns);
	note->sample = sample;
	note->verdict = wt_clock_estimator_add(estimator, &sample);
	note->map = estimator->map;
	note->step_ns = estimator->step_ns;
	note->culprit = estimator->culprit;
	say_verdict(converter, note->verdict);
	return 0;
}

/* Take a cross timestamp; failure is tolerated. */
static void cross(struct wt_stamp_converter *converter)
{
	struct wt_error err;

	if (take_cross(converter, &err)) {
		if (!converter->failing)
			say(converter, true,
			    "%.200s; stamps go on by what was known before, with an error that "
			    "grows",
			    err.text);
		converter->failing = true;
	} else if (converter->failing) {
		converter->failing = false;
		say(converter, false, "%s: its clock can be read again", converter->info->name);
	}
}

static int choose_tai(struct wt_stamp_converter *converter,
                      const struct wt_stamp_converter_config *config, struct wt_system *system,
                      struct wt_error *err)
{
	int seconds = config->tai_offset_s;
	int rc = seconds ? 0 : system->ops->tai_offset(system, &seconds);

	converter->tai_offset_s = rc ? 0 : seconds;
	if (config->clock != WT_CLOCK_TAI)
		return 0;
	if (!converter->tai_offset_s)
		return wt_error_set(
		        err, -EINVAL,
		        "the kernel has not been told the offset between TAI and UTC; give "
		        "it with --tai-offset 37, or have ntpd, chronyd or phc2sys tell "
		        "the kernel");
	converter->shift_ns = converter->tai_offset_s * INT64_C(1000000000);
	return 0;
}

/* Read CLOCK_REALTIME, and check whether it was set since the last look. */
static bool system_was_set(struct wt_stamp_converter *converter, int64_t *utc_ns)
{
	struct wt_system *system = wt_reader_system(converter->reader);
	int64_t before_ns = converter->lead_ns, monotonic_ns;

	*utc_ns = INT64_MAX - plausible_ns;
	if (system->ops->clock(system, CLOCK_REALTIME, utc_ns) ||
	    system->ops->clock(system, CLOCK_MONOTONIC, &monotonic_ns))
		return false;
	converter->lead_ns = *utc_ns - monotonic_ns;
	return llabs(converter->lead_ns - before_ns) > plausible_ns;
}

int wt_stamp_converter_open(struct wt_stamp_converter *converter, struct wt_reader *reader,
                            const struct wt_stamp_converter_config *config, struct wt_error *err)
{
	struct wt_system *system = wt_reader_system(reader);
	int64_t utc_ns;
	int rc;

	*converter = (struct wt_stamp_converter){
	        .reader = reader,
	        .info = wt_reader_info(reader),
	        .clock = config->clock,
	        .fast_left = FAST_CROSSES,
	        .last_utc_ns = INT64_MIN,
	        .say = config->say,
	        .context = config->context,
	};
	wt_clock_estimator_init(&converter->estimator);
	if (config->clock == WT_CLOCK_PHC && !phc_of(converter))
		return wt_error_set(
		        err, -EOPNOTSUPP,
		        "%s has no hardware stamps, so they cannot be kept in the time of "
		        "its clock; --clock utc or tai goes with software stamps",
		        converter->info->name);
	rc = choose_tai(converter, config, system, err);
	system_was_set(converter, &utc_ns);
	if (!rc && phc_of(converter))
		rc = take_cross(converter, err);
	/* Recording is no worse without it. */
	if (!rc && converter->info->link &&
	    wt_watch_open(&converter->watch, system, converter->info->name, NULL))
		converter->watch = NULL;
	return rc;
}

/* Find the map that a hardware stamp belongs to. After a step packets from before it are still on
 * their way, and the clock was set some time before that was noticed. A stamp later than now by one
 * map belongs to the other; one later than the end of the previous map, to the current one; else
 * the map by which it is the younger is the right one. */
static const struct wt_clock_map *map_of(const struct wt_clock_estimator *estimator, int64_t phc_ns,
                                         int64_t latest_ns)
{
	const struct wt_clock_map *map = &estimator->map, *before = &estimator->previous;
	int64_t utc_ns = wt_clock_map_to_utc(map, phc_ns), before_ns;

	if (__builtin_expect(!before->number, 1))
		return map;
	/* The NIC's clock has run on: it tells what came first. */
	if (estimator->culprit == WT_CULPRIT_UTC)
		return utc_ns < map->born_utc_ns ? before : map;
	if (utc_ns >= map->born_utc_ns && utc_ns <= latest_ns)
		return map;
	before_ns = wt_clock_map_to_utc(before, phc_ns);
	if (before_ns > latest_ns || before_ns > map->born_utc_ns + plausible_ns)
		return map;
	return utc_ns > latest_ns || before_ns > utc_ns ? before : map;
}

/* Find the map of a system clock's stamp among those of the NIC: the last of them belongs to the
 * map `around`. */
static const struct wt_clock_map *map_of_utc(const struct wt_clock_estimator *estimator,
                                             int64_t utc_ns, int64_t latest_ns,
                                             const struct wt_clock_map *around)
{
	const struct wt_clock_map *map = &estimator->map, *before = &estimator->previous;

	if (__builtin_expect(!before->number, 1))
		return map;
	/* The clock has run on; only between the last good cross timestamp and the next is that
	 * unknown. */
	if (estimator->culprit != WT_CULPRIT_UTC && utc_ns >= map->born_utc_ns)
		return map;
	if (estimator->culprit != WT_CULPRIT_UTC)
		return utc_ns < before->utc_ns ? before : around;
	/* Set back, it shows the same times twice. */
	if (estimator->step_ns < 0)
		return utc_ns > latest_ns ? before : map;
	return wt_clock_map_to_phc(before, utc_ns) > wt_clock_map_to_phc(map, map->born_utc_ns)
	               ? map
	               : before;
}

static void keep_given(const struct wt_stamp_converter *converter, struct wt_frame *frames,
                       size_t count)
{
	bool keeps_phc = converter->clock == WT_CLOCK_PHC;

	for (size_t i = 0; i < count; i++) {
		if ((frames[i].stamp_source == WT_STAMP_HARDWARE) == keeps_phc)
			continue;
		frames[i].given_ns = frames[i].stamp_ns;
		frames[i].notes |= WT_FRAME_GIVEN;
	}
}

/* The NIC's stamps become UTC or TAI. */
static void convert_to_utc(const struct wt_stamp_converter *converter, struct wt_frame *frames,
                           size_t count, int64_t latest_ns)
{
	for (size_t i = 0; i < count; i++) {
		struct wt_frame *frame = &frames[i];
		const struct wt_clock_map *map;

		if (frame->stamp_source != WT_STAMP_HARDWARE)
			continue;
		map = map_of(&converter->estimator, frame->given_ns, latest_ns);
		frame->map = map->number;
		frame->stamp_ns = wt_clock_map_to_utc(map, frame->given_ns) + converter->shift_ns;
	}
}

/* The kernel's stamps among those of a NIC whose clock is kept. */
static void convert_to_phc(const struct wt_stamp_converter *converter, struct wt_frame *frames,
                           size_t count, int64_t latest_ns)
{
	const struct wt_clock_estimator *estimator = &converter->estimator;
	const struct wt_clock_map *map, *around = &estimator->previous;

	for (size_t i = 0; i < count; i++) {
		struct wt_frame *frame = &frames[i];

		if (frame->stamp_source == WT_STAMP_HARDWARE) {
			around = map_of(estimator, frame->stamp_ns, latest_ns);
			continue;
		}
		map = map_of_utc(estimator, frame->given_ns, latest_ns, around);
		frame->map = map->number;
		frame->stamp_ns = wt_clock_map_to_phc(map, frame->given_ns);
	}
}

static void convert(const struct wt_stamp_converter *converter, struct wt_frame *frames,
                    size_t count, int64_t latest_ns)
{
	if (converter->clock == WT_CLOCK_PHC)
		convert_to_phc(converter, frames, count, latest_ns);
	else
		convert_to_utc(converter, frames, count, latest_ns);
}

/* Estimate when the NIC stamped a packet, by what is known. */
static int64_t utc_of(const struct wt_stamp_converter *converter, const struct wt_frame *frame,
                      int64_t latest_ns)
{
	const struct wt_clock_map *map;

	if (converter->clock != WT_CLOCK_PHC)
		return frame->stamp_ns - converter->shift_ns;
	map = map_of(&converter->estimator, frame->stamp_ns, latest_ns);
	return wt_clock_map_to_utc(map, frame->stamp_ns);
}

/* Every frame, not only the last: they come from several queues. */
static bool is_implausible(const struct wt_stamp_converter *converter,
                           const struct wt_frame *frames, size_t count, int64_t latest_ns)
{
	int64_t newest_ns = latest_ns - fresh_ns, utc_ns;

	if (converter->last_utc_ns > newest_ns)
		newest_ns = converter->last_utc_ns;
	for (size_t i = 0; i < count; i++) {
		if (frames[i].stamp_source != WT_STAMP_HARDWARE)
			continue;
		utc_ns = utc_of(converter, &frames[i], latest_ns);
		if (utc_ns > latest_ns || utc_ns < newest_ns - plausible_ns)
			return true;
		if (utc_ns > newest_ns)
			newest_ns = utc_ns;
	}
	return false;
}

static void remember_last(struct wt_stamp_converter *converter, const struct wt_frame *frames,
                          size_t count, int64_t latest_ns)
{
	while (count && frames[count - 1].stamp_source != WT_STAMP_HARDWARE)
		count--;
	if (count)
		converter->last_utc_ns = utc_of(converter, &frames[count - 1], latest_ns);
}

/* A clock seems to have been set: once between two ticks, and not again at once where nothing is
 * found. Stamps that make no sense must not keep the recorder busy. */
static bool investigate_step(struct wt_stamp_converter *converter, int64_t now_ns)
{
	uint32_t epoch = converter->estimator.map.epoch;

	if (converter->surprised || converter->frozen ||
	    converter->note_count == WT_STAMP_CONVERTER_RECORDS)
		return false;
	converter->surprised = true;
	cross(converter);
	if (converter->estimator.map.epoch == epoch)
		converter->quiet_until_ns = now_ns + fast_cross_ns;
	return true;
}

static void convert_frames(struct wt_stamp_converter *converter, struct wt_frame *frames,
                           size_t count)
{
	int64_t utc_ns, latest_ns, now_ns;
	bool was_set = system_was_set(converter, &utc_ns);

	now_ns = utc_ns - converter->lead_ns;
	latest_ns = utc_ns + plausible_ns;
	if (was_set)
		investigate_step(converter, now_ns);
	keep_given(converter, frames, count);
	convert(converter, frames, count, latest_ns);
	if (now_ns >= converter->quiet_until_ns &&
	    is_implausible(converter, frames, count, latest_ns) &&
	    investigate_step(converter, now_ns))
		convert(converter, frames, count, latest_ns);
	remember_last(converter, frames, count, latest_ns);
}

/* Mark packets whose stamp is from another source than was asked for: mostly none. */
static bool mark_unasked(struct wt_stamp_converter *converter, struct wt_frame *frames,
                         size_t count, const struct wt_frame_sums *sums)
{
	const uint8_t expected = (uint8_t)converter->info->stamps;
	const size_t unasked = count - sums->by_source[expected];

	for (size_t i = 0; unasked && i < count; i++)
		if (frames[i].stamp_source != expected)
			frames[i].notes |= WT_FRAME_SOURCE;
	converter->unasked += unasked;
	return unasked > 0;
}

/* The kernel's own stamps become TAI. */
static void shift(const struct wt_stamp_converter *converter, struct wt_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].stamp_source != WT_STAMP_HARDWARE)
			frames[i].stamp_ns += converter->shift_ns;
}

void wt_stamp_converter_frames(struct wt_stamp_converter *converter, struct wt_frame *frames,
                               size_t count, const struct wt_frame_sums *sums)
{
	bool any_unasked = mark_unasked(converter, frames, count, sums);

	if (converter->shift_ns)
		shift(converter, frames, count);
	/* If the NIC's clock is kept, its stamps stay as they are. */
	if (phc_of(converter) && (converter->clock != WT_CLOCK_PHC || any_unasked))
		convert_frames(converter, frames, count);
}

/* Drivers reset the NIC for it, and its clock with it. */
static bool may_have_reset(enum wt_watch_change change)
{
	switch (change) {
	case WT_WATCH_LINK_UP:
	case WT_WATCH_BACK:
	case WT_WATCH_SETTINGS:
	case WT_WATCH_STAMPING:
	case WT_WATCH_CAPABILITIES:
	case WT_WATCH_CLOCK:
	case WT_WATCH_LOST:
		return true;
	default:
		return false;
	}
}

static void look_around(struct wt_stamp_converter *converter, int64_t now_ns, int64_t utc_ns)
{
	struct wt_watch_event event;
	struct wt_clock_record *note;

	while (has_room(converter) && wt_watch_next(converter->watch, now_ns, utc_ns, &event) > 0) {
		bool is_degraded = event.change == WT_WATCH_STAMPING &&
		                   converter->info->stamps == WT_STAMP_HARDWARE;

		note = add_note(converter, WT_CLOCK_RECORD_CHANGE, event.utc_ns);
		snprintf(note->change, sizeof(note->change), "%s",
		         wt_watch_change_name(event.change));
		snprintf(note->text, sizeof(note->text), "%s", event.text);
		say(converter, is_degraded, "%s: %s", converter->info->name, event.text);
		if (may_have_reset(event.change))
			wt_stamp_converter_renew(converter);
	}
}

static void cross_if_due(struct wt_stamp_converter *converter, int64_t now_ns)
{
	int64_t utc_ns;
	bool was_set = system_was_set(converter, &utc_ns);

	if (now_ns < converter->cross_due_ns && !was_set)
		return;
	converter->cross_due_ns = now_ns + (converter->fast_left ? fast_cross_ns : cross_ns);
	if (has_room(converter))
		cross(converter);
}

void wt_stamp_converter_tick(struct wt_stamp_converter *converter, int64_t now_ns, int64_t utc_ns)
{
	converter->surprised = false;
	if (phc_of(converter))
		cross_if_due(converter, now_ns);
	if (!converter->watch || now_ns < converter->look_due_ns)
		return;
	converter->look_due_ns = now_ns + look_ns;
	look_around(converter, now_ns, utc_ns);
}

void wt_stamp_converter_finish(struct wt_stamp_converter *converter)
{
	if (phc_of(converter) && converter->note_count < WT_STAMP_CONVERTER_RECORDS)
		cross(converter);
}

int64_t wt_stamp_converter_due_ns(const struct wt_stamp_converter *converter)
{
	return phc_of(converter) ? converter->cross_due_ns : INT64_MAX;
}

void wt_stamp_converter_renew(struct wt_stamp_converter *converter)
{
	converter->cross_due_ns = 0;
	converter->fast_left = FAST_CROSSES;
}

static const char *filter_name(int filter)
{
	const char *name = wt_rx_filter_name((unsigned)filter);

	return name ? name : "unknown";
}

void wt_stamp_converter_describe(const struct wt_stamp_converter *converter, char *out,
                                 size_t capacity)
{
	const struct wt_nic_stamping *nic = wt_reader_nic_stamping(converter->reader);
	struct wt_interface_clock clock = {
	        .source = converter->info->stamps,
	        .clock = converter->clock,
	        .tai_offset_s = converter->tai_offset_s,
	};

	if (nic && phc_of(converter)) {
		snprintf(clock.phc, sizeof(clock.phc), "%s", wt_phc_device(phc_of(converter)));
		snprintf(clock.rx_filter, sizeof(clock.rx_filter), "%s",
		         filter_name(nic->now.rx_filter));
		snprintf(clock.rx_filter_before, sizeof(clock.rx_filter_before), "%s",
		         filter_name(nic->before.rx_filter));
	}
	wt_interface_clock_format(out, capacity, &clock);
}

void wt_stamp_converter_close(struct wt_stamp_converter *converter)
{
	wt_watch_close(converter->watch);
	converter->watch = NULL;
}
