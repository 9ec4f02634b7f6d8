/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/stamp_converter.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/pcapng/interface_clock.h>

/* While the map is young it gains by every sample; later it only has to keep up. */
enum { FAST_CROSSES = 10 };
static const int64_t fast_cross_ns = 100000000, cross_ns = 1000000000;

/* A stamp that is so far ahead of the system clock, or behind the one before, is taken for a
 * sign that a clock has been set; and so is a system clock that gets so far off from
 * CLOCK_MONOTONIC. */
static const int64_t plausible_ns = 100000000;
/* And so is a packet that is older: only a disk that stalls, or a long retire timeout, keeps one
 * waiting for so long. */
static const int64_t fresh_ns = 1000000000;

static void __attribute__((format(printf, 3, 4)))
say(const struct wt_stamper *stamper, bool is_degraded, const char *format, ...)
{
	char text[320];
	va_list args;

	if (!stamper->say)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	stamper->say(stamper->context, text, is_degraded);
}

static struct wt_clock_note *add_note(struct wt_stamper *stamper, enum wt_clock_note_what what,
                                      int64_t utc_ns)
{
	struct wt_clock_note *note = &stamper->notes[stamper->note_count++];

	memset(note, 0, sizeof(*note));
	note->what = what;
	note->utc_ns = utc_ns;
	return note;
}

/* The last place is kept for what frames may tell. */
static bool has_room(const struct wt_stamper *stamper)
{
	return stamper->note_count < WT_STAMPER_NOTES - 1;
}

/* Never kept: the reader's becomes another one when its interface comes back. */
static struct wt_phc *phc_of(const struct wt_stamper *stamper)
{
	return wt_reader_phc(stamper->reader);
}

static void say_verdict(struct wt_stamper *stamper, enum wt_clock_verdict verdict)
{
	const char *name = stamper->info->name;
	double step_s = (double)stamper->estimator.step_ns / 1e9;

	if (verdict == WT_CLOCK_FROZEN && !stamper->frozen)
		say(stamper, true, "%s: its clock %s stands still: hardware stamps mean nothing",
		    name, wt_phc_device(phc_of(stamper)));
	else if (verdict != WT_CLOCK_FROZEN && stamper->frozen)
		say(stamper, false, "%s: its clock moves again", name);
	stamper->frozen = verdict == WT_CLOCK_FROZEN;
	if (verdict != WT_CLOCK_STEPPED && verdict != WT_CLOCK_BACKWARD)
		return;
	if (stamper->estimator.culprit == WT_CULPRIT_UTC)
		say(stamper, true, "%s: the system clock was set by %+.9f s; stamps follow it",
		    name, step_s);
	else
		say(stamper, true,
		    "%s: its clock %s was set by %+.9f s; stamps take it into account", name,
		    wt_phc_device(phc_of(stamper)), -step_s);
}

/* Take a cross timestamp, and down what became of it. */
static int take_cross(struct wt_stamper *stamper, struct wt_error *err)
{
	struct wt_clock_estimator *estimator = &stamper->estimator;
	struct wt_cross_sample sample;
	struct wt_clock_note *note;
	int ret = wt_phc_cross(phc_of(stamper), &sample, err);

	if (ret)
		return ret;
	stamper->crosses++;
	if (stamper->fast_left)
		stamper->fast_left--;
	note = add_note(stamper, WT_CLOCK_NOTE_CROSS, sample.utc_ns);
	note->sample = sample;
	note->verdict = wt_clock_estimator_add(estimator, &sample);
	note->map = estimator->map;
	note->step_ns = estimator->step_ns;
	note->culprit = estimator->culprit;
	say_verdict(stamper, note->verdict);
	return 0;
}

/* The same, when it is no disaster if it fails. */
static void cross(struct wt_stamper *stamper)
{
	struct wt_error err;

	if (take_cross(stamper, &err)) {
		if (!stamper->failing)
			say(stamper, true,
			    "%.200s; stamps go on by what was known before, with an error that "
			    "grows",
			    err.text);
		stamper->failing = true;
	} else if (stamper->failing) {
		stamper->failing = false;
		say(stamper, false, "%s: its clock can be read again", stamper->info->name);
	}
}

static int choose_tai(struct wt_stamper *stamper, const struct wt_stamper_config *config,
                      struct wt_system *system, struct wt_error *err)
{
	int seconds = config->tai_offset_s;
	int ret = seconds ? 0 : system->ops->tai_offset(system, &seconds);

	stamper->tai_offset_s = ret ? 0 : seconds;
	if (config->clock != WT_CLOCK_TAI)
		return 0;
	if (!stamper->tai_offset_s)
		return wt_error_set(
		        err, -EINVAL,
		        "the kernel has not been told the offset between TAI and UTC; give "
		        "it with --tai-offset 37, or have ntpd, chronyd or phc2sys tell "
		        "the kernel");
	stamper->shift_ns = stamper->tai_offset_s * INT64_C(1000000000);
	return 0;
}

/* CLOCK_REALTIME, and whether it was set since the last look. */
static bool system_was_set(struct wt_stamper *stamper, int64_t *utc_ns)
{
	struct wt_system *system = wt_reader_system(stamper->reader);
	int64_t before_ns = stamper->lead_ns, monotonic_ns;

	*utc_ns = INT64_MAX - plausible_ns;
	if (system->ops->clock(system, CLOCK_REALTIME, utc_ns) ||
	    system->ops->clock(system, CLOCK_MONOTONIC, &monotonic_ns))
		return false;
	stamper->lead_ns = *utc_ns - monotonic_ns;
	return llabs(stamper->lead_ns - before_ns) > plausible_ns;
}

int wt_stamper_open(struct wt_stamper *stamper, struct wt_reader *reader,
                    const struct wt_stamper_config *config, struct wt_error *err)
{
	struct wt_system *system = wt_reader_system(reader);
	int64_t utc_ns;
	int ret;

	*stamper = (struct wt_stamper){
	        .reader = reader,
	        .info = wt_reader_info(reader),
	        .clock = config->clock,
	        .fast_left = FAST_CROSSES,
	        .last_utc_ns = INT64_MIN,
	        .say = config->say,
	        .context = config->context,
	};
	wt_clock_estimator_init(&stamper->estimator);
	if (config->clock == WT_CLOCK_PHC && !phc_of(stamper))
		return wt_error_set(
		        err, -EOPNOTSUPP,
		        "%s has no hardware stamps, so they cannot be kept in the time of "
		        "its clock; --clock utc or tai goes with software stamps",
		        stamper->info->name);
	ret = choose_tai(stamper, config, system, err);
	system_was_set(stamper, &utc_ns);
	if (!ret && phc_of(stamper))
		ret = take_cross(stamper, err);
	/* Without it nothing is recorded worse. */
	if (!ret && stamper->info->link &&
	    wt_watch_open(&stamper->watch, system, stamper->info->name, NULL))
		stamper->watch = NULL;
	return ret;
}

/* Which map a hardware stamp belongs to. After a step packets from before it are still on their
 * way, and the clock was set some time before that was noticed. What came out later than now by
 * one map belongs to the other, and what came out later than the end of the map before to the
 * one now; else the map by which it is the younger is the right one. */
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

/* The same of a stamp of the system clock, among those of the NIC: the last of them belongs to
 * the map `around`. */
static const struct wt_clock_map *map_of_utc(const struct wt_clock_estimator *estimator,
                                             int64_t utc_ns, int64_t latest_ns,
                                             const struct wt_clock_map *around)
{
	const struct wt_clock_map *map = &estimator->map, *before = &estimator->previous;

	if (__builtin_expect(!before->number, 1))
		return map;
	/* It has run on; only from the last good cross timestamp to the next it does not tell. */
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

static void keep_given(const struct wt_stamper *stamper, struct wt_frame *frames, size_t count)
{
	bool keeps_phc = stamper->clock == WT_CLOCK_PHC;

	for (size_t i = 0; i < count; i++) {
		if ((frames[i].stamp_source == WT_STAMP_HARDWARE) == keeps_phc)
			continue;
		frames[i].given_ns = frames[i].stamp_ns;
		frames[i].notes |= WT_NOTE_GIVEN;
	}
}

/* The NIC's stamps become UTC or TAI. */
static void convert_to_utc(const struct wt_stamper *stamper, struct wt_frame *frames, size_t count,
                           int64_t latest_ns)
{
	for (size_t i = 0; i < count; i++) {
		struct wt_frame *frame = &frames[i];
		const struct wt_clock_map *map;

		if (frame->stamp_source != WT_STAMP_HARDWARE)
			continue;
		map = map_of(&stamper->estimator, frame->given_ns, latest_ns);
		frame->map = map->number;
		frame->stamp_ns = wt_clock_map_to_utc(map, frame->given_ns) + stamper->shift_ns;
	}
}

/* The kernel's stamps among those of a NIC whose clock is kept. */
static void convert_to_phc(const struct wt_stamper *stamper, struct wt_frame *frames, size_t count,
                           int64_t latest_ns)
{
	const struct wt_clock_estimator *estimator = &stamper->estimator;
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

static void convert(const struct wt_stamper *stamper, struct wt_frame *frames, size_t count,
                    int64_t latest_ns)
{
	if (stamper->clock == WT_CLOCK_PHC)
		convert_to_phc(stamper, frames, count, latest_ns);
	else
		convert_to_utc(stamper, frames, count, latest_ns);
}

/* When the NIC has stamped it, by what is known. */
static int64_t utc_of(const struct wt_stamper *stamper, const struct wt_frame *frame,
                      int64_t latest_ns)
{
	const struct wt_clock_map *map;

	if (stamper->clock != WT_CLOCK_PHC)
		return frame->stamp_ns - stamper->shift_ns;
	map = map_of(&stamper->estimator, frame->stamp_ns, latest_ns);
	return wt_clock_map_to_utc(map, frame->stamp_ns);
}

/* Every frame, not only the last: they come from several queues. */
static bool is_implausible(const struct wt_stamper *stamper, const struct wt_frame *frames,
                           size_t count, int64_t latest_ns)
{
	int64_t newest_ns = latest_ns - fresh_ns, utc_ns;

	if (stamper->last_utc_ns > newest_ns)
		newest_ns = stamper->last_utc_ns;
	for (size_t i = 0; i < count; i++) {
		if (frames[i].stamp_source != WT_STAMP_HARDWARE)
			continue;
		utc_ns = utc_of(stamper, &frames[i], latest_ns);
		if (utc_ns > latest_ns || utc_ns < newest_ns - plausible_ns)
			return true;
		if (utc_ns > newest_ns)
			newest_ns = utc_ns;
	}
	return false;
}

static void remember_last(struct wt_stamper *stamper, const struct wt_frame *frames, size_t count,
                          int64_t latest_ns)
{
	while (count && frames[count - 1].stamp_source != WT_STAMP_HARDWARE)
		count--;
	if (count)
		stamper->last_utc_ns = utc_of(stamper, &frames[count - 1], latest_ns);
}

/* A clock seems to have been set: once between two ticks, and not again at once where nothing is
 * found. Stamps that make no sense must not keep the recorder busy. */
static bool find_out(struct wt_stamper *stamper, int64_t now_ns)
{
	uint32_t epoch = stamper->estimator.map.epoch;

	if (stamper->surprised || stamper->frozen || stamper->note_count == WT_STAMPER_NOTES)
		return false;
	stamper->surprised = true;
	cross(stamper);
	if (stamper->estimator.map.epoch == epoch)
		stamper->quiet_until_ns = now_ns + fast_cross_ns;
	return true;
}

static void convert_frames(struct wt_stamper *stamper, struct wt_frame *frames, size_t count)
{
	int64_t utc_ns, latest_ns, now_ns;
	bool was_set = system_was_set(stamper, &utc_ns);

	now_ns = utc_ns - stamper->lead_ns;
	latest_ns = utc_ns + plausible_ns;
	if (was_set)
		find_out(stamper, now_ns);
	keep_given(stamper, frames, count);
	convert(stamper, frames, count, latest_ns);
	if (now_ns >= stamper->quiet_until_ns &&
	    is_implausible(stamper, frames, count, latest_ns) && find_out(stamper, now_ns))
		convert(stamper, frames, count, latest_ns);
	remember_last(stamper, frames, count, latest_ns);
}

/* Those that come with another source than was asked for: mostly there are none. */
static bool mark_unasked(struct wt_stamper *stamper, struct wt_frame *frames, size_t count)
{
	const uint8_t expected = (uint8_t)stamper->info->stamps;
	uint64_t unasked = 0;
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any |= frames[i].stamp_source != expected;
	for (size_t i = 0; any && i < count; i++) {
		if (frames[i].stamp_source == expected)
			continue;
		unasked++;
		frames[i].notes |= WT_NOTE_SOURCE;
	}
	stamper->unasked += unasked;
	return any;
}

/* The kernel's own stamps become TAI. */
static void shift(const struct wt_stamper *stamper, struct wt_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].stamp_source != WT_STAMP_HARDWARE)
			frames[i].stamp_ns += stamper->shift_ns;
}

void wt_stamper_frames(struct wt_stamper *stamper, struct wt_frame *frames, size_t count)
{
	bool any_unasked = mark_unasked(stamper, frames, count);

	if (stamper->shift_ns)
		shift(stamper, frames, count);
	/* Where the NIC's clock is kept, its stamps stay as they are. */
	if (phc_of(stamper) && (stamper->clock != WT_CLOCK_PHC || any_unasked))
		convert_frames(stamper, frames, count);
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

static void look_around(struct wt_stamper *stamper, int64_t now_ns, int64_t utc_ns)
{
	struct wt_watch_event event;
	struct wt_clock_note *note;

	while (has_room(stamper) && wt_watch_next(stamper->watch, now_ns, utc_ns, &event) > 0) {
		bool is_degraded = event.change == WT_WATCH_STAMPING &&
		                   stamper->info->stamps == WT_STAMP_HARDWARE;

		note = add_note(stamper, WT_CLOCK_NOTE_CHANGE, event.utc_ns);
		snprintf(note->change, sizeof(note->change), "%s",
		         wt_watch_change_name(event.change));
		snprintf(note->text, sizeof(note->text), "%s", event.text);
		say(stamper, is_degraded, "%s: %s", stamper->info->name, event.text);
		if (may_have_reset(event.change))
			wt_stamper_renew(stamper);
	}
}

static void cross_if_due(struct wt_stamper *stamper, int64_t now_ns)
{
	int64_t utc_ns;
	bool was_set = system_was_set(stamper, &utc_ns);

	if (now_ns < stamper->cross_due_ns && !was_set)
		return;
	stamper->cross_due_ns = now_ns + (stamper->fast_left ? fast_cross_ns : cross_ns);
	if (has_room(stamper))
		cross(stamper);
}

void wt_stamper_tick(struct wt_stamper *stamper, int64_t now_ns, int64_t utc_ns)
{
	stamper->surprised = false;
	if (phc_of(stamper))
		cross_if_due(stamper, now_ns);
	if (stamper->watch)
		look_around(stamper, now_ns, utc_ns);
}

void wt_stamper_finish(struct wt_stamper *stamper)
{
	if (phc_of(stamper) && stamper->note_count < WT_STAMPER_NOTES)
		cross(stamper);
}

int64_t wt_stamper_due_ns(const struct wt_stamper *stamper)
{
	return phc_of(stamper) ? stamper->cross_due_ns : INT64_MAX;
}

void wt_stamper_renew(struct wt_stamper *stamper)
{
	stamper->cross_due_ns = 0;
	stamper->fast_left = FAST_CROSSES;
}

static const char *filter_name(int filter)
{
	const char *name = wt_rx_filter_name((unsigned)filter);

	return name ? name : "unknown";
}

void wt_stamper_describe(const struct wt_stamper *stamper, char *out, size_t capacity)
{
	const struct wt_nic_stamping *nic = wt_reader_nic_stamping(stamper->reader);
	struct wt_interface_clock clock = {
	        .source = stamper->info->stamps,
	        .clock = stamper->clock,
	        .tai_offset_s = stamper->tai_offset_s,
	};

	if (nic && phc_of(stamper)) {
		snprintf(clock.phc, sizeof(clock.phc), "%s", wt_phc_device(phc_of(stamper)));
		snprintf(clock.rx_filter, sizeof(clock.rx_filter), "%s",
		         filter_name(nic->now.rx_filter));
		snprintf(clock.rx_filter_before, sizeof(clock.rx_filter_before), "%s",
		         filter_name(nic->before.rx_filter));
	}
	wt_interface_clock_format(out, capacity, &clock);
}

void wt_stamper_close(struct wt_stamper *stamper)
{
	wt_watch_close(stamper->watch);
	stamper->watch = NULL;
}
