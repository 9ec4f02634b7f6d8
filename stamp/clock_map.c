/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/clock_map.h>

#include <string.h>

/* Rates in this file are in ppb, which is ns per second; distances are in seconds. Times are
 * relative to the newest sample: ns since the epoch do not fit into a double. */
#define PPM 1e3

static const double first_rate_ppb = 500 * PPM;
static const double greatest_rate_ppb = 1000 * PPM;
static const double one_rate_ppb = 1e9 / (double)(INT64_C(1) << WT_RATE_SHIFT);
static const double near_s = (double)WT_CLOCK_NEAR_NS * 1e-9;

/* Change of the rate at once and per second. */
struct wander {
	double at_once_ppb;
	double per_s_ppb;
};

/* Allowance of the bound; clock_map.h promises it. */
static const struct wander greatest = {0.5 * PPM, 0.5 * PPM};
/* Behaviour of undisturbed clocks: for the estimate, not for its bound. */
static const struct wander usual = {0, 0.05 * PPM};

enum {
	/* A bracket is never really 0: both clocks have whole ns, and two readings have a
	 * middle. */
	QUANTISATION_NS = 2,
	/* Rounding of a map: its point is a whole ns, and conversion rounds down. */
	ROUNDING_NS = 2,
	WIDEST_BRACKET_NS = 1000000000,
	/* A PHC without a tick for this long stands still. */
	STANDSTILL_NS = 1000000,
	/* A jump that needs no second sample: this, or a hundred times the allowance. */
	CERTAIN_STEP_NS = 1000000000,
	LEAST_CERTAIN_STEP_NS = 1000000,
	CERTAIN_FACTOR = 100,
	WIDE_FACTOR = 4,
	MOST_DISAGREEMENTS = 3,
	MAX_CORNERS = 4 + 2 * (WT_CLOCK_WINDOW + 1),
};

/* These few functions spare every program that links this the mathematical library. */
static double absolute(double value)
{
	return value < 0 ? -value : value;
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

static int64_t rounded(double value)
{
	return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

/* Round a value that is not negative up to the next greater whole one. */
static int64_t raised(double value)
{
	return (int64_t)value + 1;
}

static __int128 gap(int64_t later, int64_t earlier)
{
	return (__int128)later - earlier;
}

static double gap_s(int64_t later, int64_t earlier)
{
	return (double)gap(later, earlier) * 1e-9;
}

static int64_t saturated(__int128 value)
{
	if (value > INT64_MAX)
		return INT64_MAX;
	return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static double half_bracket_ns(const struct wt_cross_sample *sample)
{
	return (double)sample->bracket_ns / 2 + QUANTISATION_NS;
}

/* Largest deviation of a clock from a straight line in these seconds. */
static double drift_ns(const struct wander *wander, double seconds)
{
	double drift = (wander->at_once_ppb + wander->per_s_ppb * seconds / 2) * seconds;

	return lesser(drift, 2 * greatest_rate_ppb * seconds);
}

/* Possible lines: a convex polygon in the plane of their offsets at the newest sample (ns that UTC
 * is ahead of it) and their rates. */
struct region {
	int corners;
	double offset_ns[MAX_CORNERS];
	double rate_ppb[MAX_CORNERS];
};

/* Constraint of a sample on a line: low <= offset + distance * rate <= high. */
struct strip {
	double distance_s;
	double low_ns;
	double high_ns;
};

static struct strip strip_of(const struct wt_cross_sample *sample,
                             const struct wt_cross_sample *newest, const struct wander *wander)
{
	double distance_s = gap_s(sample->phc_ns, newest->phc_ns);
	double middle_ns =
	        (double)(gap(sample->utc_ns, newest->utc_ns) - gap(sample->phc_ns, newest->phc_ns));
	double half_ns = half_bracket_ns(sample) + drift_ns(wander, absolute(distance_s));

	return (struct strip){distance_s, middle_ns - half_ns, middle_ns + half_ns};
}

/* A cut adds at most one corner, unless rounding has made the polygon less than convex. */
static void add_corner(struct region *region, double offset_ns, double rate_ppb)
{
	if (region->corners == MAX_CORNERS)
		return;
	region->offset_ns[region->corners] = offset_ns;
	region->rate_ppb[region->corners] = rate_ppb;
	region->corners++;
}

/* All lines through the strip, at any rate a clock may have. */
static void region_of(struct region *region, const struct strip *strip)
{
	double slant_ns = strip->distance_s * greatest_rate_ppb;

	region->corners = 0;
	add_corner(region, strip->low_ns + slant_ns, -greatest_rate_ppb);
	add_corner(region, strip->low_ns - slant_ns, greatest_rate_ppb);
	add_corner(region, strip->high_ns - slant_ns, greatest_rate_ppb);
	add_corner(region, strip->high_ns + slant_ns, -greatest_rate_ppb);
}

/* Keep the part on one side: sign * (offset + distance * rate) <= limit. */
static void cut_side(struct region *region, double sign, double distance_s, double limit_ns)
{
	struct region whole = *region;
	double offset_ns, rate_ppb, room, next_room, part;
	int next;

	region->corners = 0;
	for (int i = 0; i < whole.corners; i++) {
		next = (i + 1) % whole.corners;
		offset_ns = whole.offset_ns[i];
		rate_ppb = whole.rate_ppb[i];
		room = limit_ns - sign * (offset_ns + distance_s * rate_ppb);
		next_room = limit_ns -
		            sign * (whole.offset_ns[next] + distance_s * whole.rate_ppb[next]);
		if (room >= 0)
			add_corner(region, offset_ns, rate_ppb);
		if ((room >= 0) == (next_room >= 0))
			continue;
		part = room / (room - next_room);
		add_corner(region, offset_ns + part * (whole.offset_ns[next] - offset_ns),
		           rate_ppb + part * (whole.rate_ppb[next] - rate_ppb));
	}
}

/* Keep the lines through the strip; if there are none, keep all and return false. */
static bool cut(struct region *region, const struct strip *strip)
{
	struct region rest = *region;

	cut_side(&rest, 1, strip->distance_s, strip->high_ns);
	if (rest.corners)
		cut_side(&rest, -1, strip->distance_s, -strip->low_ns);
	if (!rest.corners)
		return false;
	*region = rest;
	return true;
}

static double farthest(const double *values, int count, double from)
{
	double distance = 0;

	for (int i = 0; i < count; i++)
		distance = greater(distance, absolute(values[i] - from));
	return distance;
}

static double spread(const double *values, int count)
{
	double least = values[0], most = values[0];

	for (int i = 1; i < count; i++) {
		least = lesser(least, values[i]);
		most = greater(most, values[i]);
	}
	return most - least;
}

/* The middle of the corners, for a region without an area. */
static void middle_of_corners(const struct region *region, double *offset_ns, double *rate_ppb)
{
	*offset_ns = 0;
	*rate_ppb = 0;
	for (int i = 0; i < region->corners; i++) {
		*offset_ns += region->offset_ns[i] / region->corners;
		*rate_ppb += region->rate_ppb[i] / region->corners;
	}
}

/* Centre of gravity: the mean of all possible lines. */
static void centre(const struct region *region, double *offset_ns, double *rate_ppb)
{
	const double *offset = region->offset_ns, *rate = region->rate_ppb;
	double area = 0, offset_moment = 0, rate_moment = 0;
	double a, b, c, d, twice;

	for (int i = 1; i + 1 < region->corners; i++) {
		a = offset[i] - offset[0];
		b = rate[i] - rate[0];
		c = offset[i + 1] - offset[0];
		d = rate[i + 1] - rate[0];
		twice = a * d - b * c;
		area += twice;
		offset_moment += twice * (a + c) / 3;
		rate_moment += twice * (b + d) / 3;
	}
	middle_of_corners(region, offset_ns, rate_ppb);
	if (absolute(area) < 1e-3)
		return;
	*offset_ns = offset[0] + offset_moment / area;
	*rate_ppb = rate[0] + rate_moment / area;
}

/* Counts back from the newest, 0. */
static const struct wt_cross_sample *from_window(const struct wt_clock_estimator *estimator,
                                                 size_t back)
{
	return &estimator->samples[(estimator->next + 2 * WT_CLOCK_WINDOW - 1 - back) %
	                           WT_CLOCK_WINDOW];
}

static void into_window(struct wt_clock_estimator *estimator, const struct wt_cross_sample *sample)
{
	estimator->samples[estimator->next] = *sample;
	estimator->next = (estimator->next + 1) % WT_CLOCK_WINDOW;
	if (estimator->count < WT_CLOCK_WINDOW)
		estimator->count++;
}

/* Range that the window, which is not empty, allows at this sample. */
static void known_region(const struct wt_clock_estimator *estimator,
                         const struct wt_cross_sample *sample, struct region *region)
{
	struct strip strip = strip_of(from_window(estimator, 0), sample, &greatest);

	region_of(region, &strip);
	for (size_t back = 1; back < estimator->count; back++) {
		strip = strip_of(from_window(estimator, back), sample, &greatest);
		if (!cut(region, &strip))
			return;
	}
}

/* Restrict the possible lines to those for clocks that hardly wander, using as many of the latest
 * samples as leave any line. */
static void likely_region(const struct wt_clock_estimator *estimator, struct region *region)
{
	const struct wt_cross_sample *newest = from_window(estimator, 0);
	struct strip strip;

	for (size_t back = 1; back < estimator->count; back++) {
		strip = strip_of(from_window(estimator, back), newest, &usual);
		if (!cut(region, &strip))
			return;
	}
}

static int64_t inverse_of(int64_t rate)
{
	__int128 one = (__int128)1 << WT_RATE_SHIFT;
	__int128 dividend = -rate * one, divisor = one + rate;

	return (int64_t)((dividend + (dividend < 0 ? -divisor : divisor) / 2) / divisor);
}

/* offset_ns is within the sample's bracket, so all of this fits. */
static void set_map(struct wt_clock_map *map, const struct wt_cross_sample *sample,
                    double offset_ns, double rate_ppb, double rate_error_ppb)
{
	map->number++;
	map->phc_ns = sample->phc_ns;
	map->utc_ns = saturated((__int128)sample->utc_ns + rounded(offset_ns));
	map->rate = rounded(rate_ppb / one_rate_ppb);
	map->inverse_rate = inverse_of(map->rate);
	/* Use the whole bracket, even if older samples exclude a part of it: then the bound holds
	 * here even if a clock has since been set by less than can be noticed. */
	map->error_ns = raised(half_bracket_ns(sample) + absolute(offset_ns)) + ROUNDING_NS;
	map->rate_error = raised(rate_error_ppb / one_rate_ppb);
}

/* `known` is the range that earlier samples allow. */
static void fit(struct wt_clock_estimator *estimator, const struct wt_cross_sample *sample,
                const struct region *known, const struct region *possible)
{
	/* As in set_map(), once there are enough to know a rate. */
	const struct region *rates = estimator->count > 1 ? known : possible;
	struct region likely = *possible;
	double offset_ns, rate_ppb, rate_error_ppb;

	into_window(estimator, sample);
	likely_region(estimator, &likely);
	centre(&likely, &offset_ns, &rate_ppb);
	rate_error_ppb = farthest(rates->rate_ppb, rates->corners, rate_ppb) +
	                 drift_ns(&greatest, near_s) / near_s;
	set_map(&estimator->map, sample, offset_ns, rate_ppb, rate_error_ppb);
}

static void restart_window(struct wt_clock_estimator *estimator,
                           const struct wt_cross_sample *sample)
{
	estimator->count = 0;
	estimator->disagreements = 0;
	estimator->frozen = false;
	into_window(estimator, sample);
	set_map(&estimator->map, sample, 0, 0, first_rate_ppb);
}

static void begin_epoch(struct wt_clock_estimator *estimator, const struct wt_cross_sample *sample)
{
	restart_window(estimator, sample);
	estimator->map.epoch++;
	estimator->map.born_utc_ns = sample->utc_ns;
}

/* How far the sample is ahead of the map, in UTC. */
static int64_t ahead_ns(const struct wt_clock_map *map, const struct wt_cross_sample *sample)
{
	return saturated(gap(sample->utc_ns, wt_clock_map_to_utc(map, sample->phc_ns)));
}

/* How far it is ahead by the PHC's place on the line: if the PHC jumped, ahead_ns() would count the
 * drift over the jump as well. */
static int64_t behind_ns(const struct wt_clock_map *map, const struct wt_cross_sample *sample)
{
	return saturated(gap(wt_clock_map_to_phc(map, sample->utc_ns), sample->phc_ns));
}

/* Gain of a clock since `from` on CLOCK_MONOTONIC_RAW, beyond its usual gain. */
static double gained_ns(double clock_s, double raw_s, double usual_clock_s, double usual_raw_s)
{
	double rate = usual_raw_s > 0 ? usual_clock_s / usual_raw_s : 1;

	return absolute(clock_s - raw_s * rate) * 1e9;
}

static enum wt_clock_culprit find_culprit(const struct wt_clock_estimator *estimator,
                                          const struct wt_cross_sample *moved)
{
	const struct wt_cross_sample *good = from_window(estimator, 0);
	const struct wt_cross_sample *oldest = from_window(estimator, estimator->count - 1);
	double usual_s = gap_s(good->raw_ns, oldest->raw_ns);
	double raw_s = gap_s(moved->raw_ns, good->raw_ns);
	double phc_ns = gained_ns(gap_s(moved->phc_ns, good->phc_ns), raw_s,
	                          gap_s(good->phc_ns, oldest->phc_ns), usual_s);
	double utc_ns = gained_ns(gap_s(moved->utc_ns, good->utc_ns), raw_s,
	                          gap_s(good->utc_ns, oldest->utc_ns), usual_s);

	if (raw_s <= 0)
		return WT_CULPRIT_UNKNOWN;
	if (phc_ns > 3 * utc_ns)
		return WT_CULPRIT_PHC;
	return utc_ns > 3 * phc_ns ? WT_CULPRIT_UTC : WT_CULPRIT_UNKNOWN;
}

static enum wt_clock_verdict step(struct wt_clock_estimator *estimator,
                                  const struct wt_cross_sample *sample,
                                  enum wt_clock_culprit culprit)
{
	estimator->culprit = culprit;
	estimator->step_ns = culprit == WT_CULPRIT_PHC ? behind_ns(&estimator->map, sample)
	                                               : ahead_ns(&estimator->map, sample);
	estimator->previous = estimator->map;
	begin_epoch(estimator, sample);
	return WT_CLOCK_STEPPED;
}

/* Continue the window, or restart it with this sample alone. */
static void follow(struct wt_clock_estimator *estimator, const struct wt_cross_sample *sample)
{
	struct strip strip = strip_of(sample, sample, &greatest);
	struct region known, possible;

	known_region(estimator, sample, &known);
	possible = known;
	if (cut(&possible, &strip))
		fit(estimator, sample, &known, &possible);
	else
		restart_window(estimator, sample);
}

/* Too wide: more than four times the median bracket of the window. */
static bool is_wide(const struct wt_clock_estimator *estimator,
                    const struct wt_cross_sample *sample)
{
	size_t narrower = 0;

	for (size_t i = 0; i < estimator->count; i++)
		if (sample->bracket_ns > WIDE_FACTOR * from_window(estimator, i)->bracket_ns)
			narrower++;
	return 2 * narrower > estimator->count;
}

/* The window knows more than this sample. */
static bool adds_nothing(const struct wt_clock_estimator *estimator,
                         const struct wt_cross_sample *sample, const struct region *known)
{
	return is_wide(estimator, sample) &&
	       spread(known->offset_ns, known->corners) < 2 * half_bracket_ns(sample);
}

/* Whether the rate has changed rather than the time: the deviation keeps growing at its first pace
 * (a step's would stay), and no faster than clocks are slewed. Samples that are not one after the
 * other satisfy no such limits. */
static bool is_slewed(const struct wt_clock_estimator *estimator,
                      const struct wt_cross_sample *sample)
{
	const struct wt_cross_sample *suspect = &estimator->suspect;
	double first_s = gap_s(suspect->phc_ns, from_window(estimator, 0)->phc_ns);
	double second_s = gap_s(sample->phc_ns, suspect->phc_ns);
	double deviation_ns = (double)ahead_ns(&estimator->map, suspect);
	double growth_ns = (double)ahead_ns(&estimator->map, sample) - deviation_ns;

	if (deviation_ns < 0) {
		deviation_ns = -deviation_ns;
		growth_ns = -growth_ns;
	}
	return deviation_ns <= greatest_rate_ppb * first_s &&
	       growth_ns <= greatest_rate_ppb * second_s &&
	       growth_ns > deviation_ns * second_s / first_s / 2;
}

/* Both deviate equally. */
static bool agrees_with_suspect(const struct wt_clock_estimator *estimator,
                                const struct wt_cross_sample *sample)
{
	const struct wt_clock_map *map = &estimator->map;
	const struct wt_cross_sample *suspect = &estimator->suspect;
	double apart_s = absolute(gap_s(sample->phc_ns, suspect->phc_ns));
	double growth_ns = (double)gap(ahead_ns(map, sample), ahead_ns(map, suspect));

	return absolute(growth_ns) <= half_bracket_ns(sample) + half_bracket_ns(suspect) +
	                                      (double)map->rate_error * one_rate_ppb * apart_s;
}

/* It deviates like the suspect, rather than being right: with the time since the last good sample
 * the map allows for more and more, in the end for both. */
static bool sides_with_suspect(const struct wt_clock_estimator *estimator,
                               const struct wt_cross_sample *sample)
{
	double off_ns = (double)ahead_ns(&estimator->map, sample);
	double suspect_ns = (double)ahead_ns(&estimator->map, &estimator->suspect);

	return estimator->disagreements && absolute(off_ns - suspect_ns) < absolute(off_ns);
}

/* Too far off to wait for another sample. */
static bool is_certain(const struct wt_clock_map *map, const struct wt_cross_sample *sample)
{
	double off_ns = absolute((double)ahead_ns(map, sample));
	double allowed_ns =
	        (double)wt_clock_map_error_ns(map, sample->phc_ns) + half_bracket_ns(sample);

	return off_ns > CERTAIN_STEP_NS ||
	       (off_ns > LEAST_CERTAIN_STEP_NS && off_ns > CERTAIN_FACTOR * allowed_ns);
}

/* The sample does not fit. */
static enum wt_clock_verdict doubt(struct wt_clock_estimator *estimator,
                                   const struct wt_cross_sample *sample)
{
	struct wt_cross_sample suspect = estimator->suspect;

	if (is_certain(&estimator->map, sample))
		return step(estimator, sample, find_culprit(estimator, sample));
	if (estimator->disagreements && is_slewed(estimator, sample)) {
		restart_window(estimator, &suspect);
		follow(estimator, sample);
		return WT_CLOCK_TAKEN;
	}
	if (estimator->disagreements && agrees_with_suspect(estimator, sample)) {
		step(estimator, &suspect, find_culprit(estimator, &suspect));
		follow(estimator, sample);
		return WT_CLOCK_STEPPED;
	}
	if (++estimator->disagreements >= MOST_DISAGREEMENTS)
		return step(estimator, sample, find_culprit(estimator, sample));
	estimator->suspect = *sample;
	return WT_CLOCK_OUTLIER;
}

static enum wt_clock_verdict judge(struct wt_clock_estimator *estimator,
                                   const struct wt_cross_sample *sample)
{
	struct strip strip = strip_of(sample, sample, &greatest);
	struct region known, possible;

	known_region(estimator, sample, &known);
	possible = known;
	if (!cut(&possible, &strip))
		return doubt(estimator, sample);
	if (adds_nothing(estimator, sample, &known))
		return WT_CLOCK_OUTLIER;
	if (sides_with_suspect(estimator, sample))
		return doubt(estimator, sample);
	estimator->disagreements = 0;
	fit(estimator, sample, &known, &possible);
	return WT_CLOCK_TAKEN;
}

static bool ran_backward(const struct wt_cross_sample *before, const struct wt_cross_sample *sample)
{
	return (double)gap(before->phc_ns, sample->phc_ns) >
	       half_bracket_ns(before) + half_bracket_ns(sample);
}

/* A clock that stood still at the last sample still does, however soon this one came. */
static bool stands_still(const struct wt_clock_estimator *estimator,
                         const struct wt_cross_sample *before, const struct wt_cross_sample *sample)
{
	return sample->phc_ns == before->phc_ns &&
	       (estimator->frozen || gap(sample->raw_ns, before->raw_ns) >= STANDSTILL_NS);
}

void wt_clock_estimator_init(struct wt_clock_estimator *estimator)
{
	memset(estimator, 0, sizeof(*estimator));
}

enum wt_clock_verdict wt_clock_estimator_add(struct wt_clock_estimator *estimator,
                                             const struct wt_cross_sample *sample)
{
	struct wt_cross_sample before = estimator->last;

	if (sample->bracket_ns < 0 || sample->bracket_ns > WIDEST_BRACKET_NS)
		return WT_CLOCK_OUTLIER;
	estimator->last = *sample;
	if (!estimator->map.number) {
		begin_epoch(estimator, sample);
		return WT_CLOCK_TAKEN;
	}
	/* Nobody sets this clock: the sample is not from where it says. */
	if (sample->raw_ns < before.raw_ns)
		return WT_CLOCK_OUTLIER;
	if (ran_backward(&before, sample)) {
		step(estimator, sample, WT_CULPRIT_PHC);
		return WT_CLOCK_BACKWARD;
	}
	if (stands_still(estimator, &before, sample)) {
		estimator->frozen = true;
		estimator->disagreements = 0;
		return WT_CLOCK_FROZEN;
	}
	if (estimator->frozen)
		return step(estimator, sample, WT_CULPRIT_PHC);
	return judge(estimator, sample);
}

int64_t wt_clock_map_error_ns(const struct wt_clock_map *map, int64_t phc_ns)
{
	double away_s = absolute(gap_s(phc_ns, map->phc_ns));
	double linear_ns = (double)map->rate_error * one_rate_ppb * away_s;
	double more_ns = away_s > near_s ? greatest.per_s_ppb / 2 * away_s * (away_s - near_s) : 0;
	double most_ns = greater(linear_ns, 2 * greatest_rate_ppb * away_s);
	double error_ns = (double)map->error_ns + lesser(linear_ns + more_ns, most_ns);

	if (!map->number || error_ns >= (double)INT64_MAX)
		return INT64_MAX;
	return raised(error_ns);
}

double wt_clock_map_ppm(const struct wt_clock_map *map)
{
	return (double)map->rate * one_rate_ppb / PPM;
}

const char *wt_clock_verdict_name(enum wt_clock_verdict verdict)
{
	static const char *const names[] = {"taken", "outlier", "stepped", "frozen", "backward"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == WT_CLOCK_VERDICTS, "a name for each");
	return (unsigned int)verdict < WT_CLOCK_VERDICTS ? names[verdict] : "?";
}

const char *wt_clock_culprit_name(enum wt_clock_culprit culprit)
{
	static const char *const names[] = {"unknown", "phc", "utc"};

	return (unsigned int)culprit <= WT_CULPRIT_UTC ? names[culprit] : "?";
}
