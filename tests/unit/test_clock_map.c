/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/stamp/clock_map.h>

/* Clocks are simulated against a true time in ns since the start of each test, and asked at
 * moments that the estimator never sees. */

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static const int64_t utc_start = INT64_C(1767225600) * 1000000000; /* 2026-01-01 */
static const int64_t phc_start = INT64_C(1767225637) * 1000000000;

enum { WALK_STEP_MS = 100, WALK_STEPS = 40000, FOREVER = 0 };

struct happening {
	int64_t at_ns;  /* 0: never */
	int64_t phc_ns; /* clocks jump by so much */
	int64_t utc_ns;
	int64_t standing_ns; /* the PHC stands still for so long */
	double ppm;          /* the PHC is faster by so much from then on */
};

struct scene {
	const char *name;
	double ppm;
	double sine_ppm; /* of a minute */
	double walk_ppm; /* at most, in 100 ms */
	int64_t interval_ns;
	int samples;
	int64_t bracket_ns;
	int64_t bracket_noise_ns;
	int outlier_each; /* about one in so many samples has a bracket of 200 us */
	enum { ANYWHERE, AT_START, AT_END } read;
	struct happening happening;
	int seeds;
};

struct worst {
	double error_ns;
	double error_next_ns; /* up to the next sample, and back over the window */
	double bound_ns;
	double bound_next_ns;
	double ratio;
	uint64_t checks;
	uint64_t outside;
	int64_t noticed_ns; /* after the happening */
	int verdicts[WT_CLOCK_VERDICTS];
	struct wt_clock_estimator estimator; /* as it was in the end */
};

static uint64_t random_state;
static double walk_ppb[WALK_STEPS], walked_ns[WALK_STEPS];

/* xorshift64 */
static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* From 0 up to, but not including, 1. */
static double draw_part(void)
{
	return (double)(draw() >> 11) * 0x1p-53;
}

static void seed(int number)
{
	random_state = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(number + 1);
	for (int i = 0; i < 8; i++)
		draw();
}

/* The rate stays within -+3 ppm of where it started. */
static void walk(const struct scene *scene)
{
	double step;

	for (int i = 1; i < WALK_STEPS; i++) {
		step = scene->walk_ppm * 1e3 * (2 * draw_part() - 1);
		if (fabs(walk_ppb[i - 1] + step) > 3e3)
			step = -step;
		walk_ppb[i] = walk_ppb[i - 1] + step;
		walked_ns[i] = walked_ns[i - 1] + walk_ppb[i - 1] * WALK_STEP_MS * 1e-3;
	}
}

static bool has_happened(const struct scene *scene, double at_ns)
{
	return scene->happening.at_ns && at_ns >= (double)scene->happening.at_ns;
}

static double utc_at(const struct scene *scene, double at_ns)
{
	return at_ns + (has_happened(scene, at_ns) ? (double)scene->happening.utc_ns : 0);
}

static double wandered_ns(const struct scene *scene, double at_ns)
{
	double s = at_ns * 1e-9, turn = 2 * 3.14159265358979 / 60;
	int step = (int)(at_ns / (WALK_STEP_MS * 1e6));

	if (at_ns < 0)
		return scene->ppm * 1e3 * s;
	return scene->ppm * 1e3 * s + scene->sine_ppm * 1e3 * (1 - cos(turn * s)) / turn +
	       walked_ns[step] + walk_ppb[step] * (s - step * WALK_STEP_MS * 1e-3);
}

static double phc_at(const struct scene *scene, double at_ns)
{
	const struct happening *happening = &scene->happening;
	double since_ns = at_ns - (double)happening->at_ns;

	if (!has_happened(scene, at_ns))
		return at_ns + wandered_ns(scene, at_ns);
	if (since_ns < (double)happening->standing_ns)
		at_ns = (double)happening->at_ns;
	else
		at_ns -= (double)happening->standing_ns;
	return at_ns + wandered_ns(scene, at_ns) + (double)happening->phc_ns +
	       since_ns * happening->ppm * 1e-6;
}

static struct wt_cross_sample sample_at(const struct scene *scene, double at_ns)
{
	int64_t bracket = scene->bracket_ns;
	double part = draw_part(), begun_ns;

	if (scene->bracket_noise_ns)
		bracket += (int64_t)(draw() % (uint64_t)scene->bracket_noise_ns);
	if (scene->outlier_each && draw() % (uint64_t)scene->outlier_each == 0)
		bracket = 200000;
	if (scene->read != ANYWHERE)
		part = scene->read == AT_END;
	begun_ns = at_ns - part * (double)bracket;
	return (struct wt_cross_sample){
	        .phc_ns = phc_start + (int64_t)floor(phc_at(scene, at_ns)),
	        .utc_ns = utc_start + (int64_t)floor(utc_at(scene, at_ns) - at_ns + begun_ns) +
	                  bracket / 2,
	        .raw_ns = 5000 * S + (int64_t)((begun_ns + (double)bracket / 2) * (1 - 13e-6)),
	        .bracket_ns = bracket,
	        .method = WT_CROSS_EXTENDED,
	};
}

static void note_error(struct worst *worst, double error_ns, double bound_ns, bool is_next)
{
	worst->checks++;
	worst->outside += error_ns > bound_ns;
	worst->error_ns = fmax(worst->error_ns, error_ns);
	worst->bound_ns = fmax(worst->bound_ns, bound_ns);
	worst->ratio = fmax(worst->ratio, error_ns / bound_ns);
	if (!is_next)
		return;
	worst->error_next_ns = fmax(worst->error_next_ns, error_ns);
	worst->bound_next_ns = fmax(worst->bound_next_ns, bound_ns);
}

/* Both ways, at one moment. */
static void check_at(const struct scene *scene, const struct wt_clock_map *map, double at_ns,
                     bool is_next, struct worst *worst)
{
	double phc = phc_at(scene, at_ns), utc = utc_at(scene, at_ns);
	int64_t phc_ns = phc_start + (int64_t)floor(phc), utc_ns = utc_start + (int64_t)floor(utc);
	double bound_ns = (double)wt_clock_map_error_ns(map, phc_ns);

	note_error(worst, fabs((double)(wt_clock_map_to_utc(map, phc_ns) - utc_start) - utc),
	           bound_ns, is_next);
	note_error(worst, fabs((double)(wt_clock_map_to_phc(map, utc_ns) - phc_start) - phc),
	           bound_ns, is_next);
}

/* Wherever this map may be used: from 31 samples ago to two seconds from now, but not across
 * what has happened, or will. */
static void check_around(const struct scene *scene, const struct wt_clock_map *map, int number,
                         struct worst *worst)
{
	double interval = (double)scene->interval_ns, now = interval * number;
	double from = interval * (number > 31 ? number - 31 : 0), to = now + 2.0 * (double)S;
	double event = (double)scene->happening.at_ns, at;

	if (scene->happening.at_ns && now >= event)
		from = fmax(from, event + (double)scene->happening.standing_ns);
	else if (scene->happening.at_ns)
		to = fmin(to, event - 1);
	for (int i = 0; i < 12; i++) {
		at = from + (now - from) * (i + draw_part()) / 12;
		check_at(scene, map, at, number >= 9, worst);
	}
	for (int i = 0; i <= 5; i++) {
		at = now + interval * (i + (i < 5 ? draw_part() : 0)) / 5;
		if (at <= to)
			check_at(scene, map, at, number >= 9, worst);
	}
	for (int i = 0; i < 4 && to > now; i++)
		check_at(scene, map, now + (to - now) * (i + 1) / 4, false, worst);
}

static bool is_news(enum wt_clock_verdict verdict)
{
	return verdict == WT_CLOCK_STEPPED || verdict == WT_CLOCK_BACKWARD;
}

/* Whether the map knows of what happened; if `regardless`, it has to hold anyway. */
static void run_once(const struct scene *scene, bool regardless, struct worst *worst)
{
	struct wt_clock_estimator *estimator = &worst->estimator;
	bool noticed = regardless || !scene->happening.at_ns;
	struct wt_cross_sample sample;
	enum wt_clock_verdict verdict;
	double now;

	wt_clock_estimator_init(estimator);
	for (int i = 0; i < scene->samples; i++) {
		now = (double)scene->interval_ns * i;
		sample = sample_at(scene, now);
		verdict = wt_clock_estimator_add(estimator, &sample);
		worst->verdicts[verdict]++;
		if (has_happened(scene, now) && is_news(verdict)) {
			if (!noticed)
				worst->noticed_ns = (int64_t)now - scene->happening.at_ns;
			noticed = true;
		}
		if (noticed || !has_happened(scene, now))
			check_around(scene, &estimator->map, i, worst);
	}
}

static struct worst run_anyhow(const struct scene *scene, bool regardless)
{
	struct worst worst = {0};

	for (int i = 0; i < (scene->seeds ? scene->seeds : 1); i++) {
		seed(i);
		walk(scene);
		run_once(scene, regardless, &worst);
	}
	fprintf(stderr,
	        "# %-34s error %8.0f of %8.0f ns; from the 10th, to the next: %6.0f of %6.0f ns; "
	        "ratio %.3f in %" PRIu64 "; taken %d outliers %d steps %d\n",
	        scene->name, worst.error_ns, worst.bound_ns, worst.error_next_ns,
	        worst.bound_next_ns, worst.ratio, worst.checks, worst.verdicts[WT_CLOCK_TAKEN],
	        worst.verdicts[WT_CLOCK_OUTLIER], worst.verdicts[WT_CLOCK_STEPPED]);
	return worst;
}

static struct worst run(const struct scene *scene)
{
	struct worst worst = run_anyhow(scene, false);

	cr_expect(worst.checks > 0 && worst.outside == 0,
	          "%s: %" PRIu64 " of %" PRIu64 " conversions are outside of their bound, worst "
	          "ratio %.3f",
	          scene->name, worst.outside, worst.checks, worst.ratio);
	return worst;
}

static int other_than_taken(const struct worst *worst)
{
	return worst->verdicts[WT_CLOCK_OUTLIER] + worst->verdicts[WT_CLOCK_STEPPED] +
	       worst->verdicts[WT_CLOCK_FROZEN] + worst->verdicts[WT_CLOCK_BACKWARD];
}

/* Every clock that is what it promises. */

Test(clock_map, ten_samples_are_enough_for_half_a_microsecond)
{
	struct scene scene = {.name = "50 ppm, 100 ms, 1 us",
	                      .ppm = 50,
	                      .interval_ns = 100 * MS,
	                      .samples = 10,
	                      .bracket_ns = 1000,
	                      .seeds = 5000};
	struct worst worst = run(&scene);

	cr_expect(lt(dbl, worst.error_next_ns, 500));
	cr_expect(lt(dbl, worst.bound_next_ns, 5000));
	cr_expect(eq(int, other_than_taken(&worst), 0));
}

Test(clock_map, steady_clocks_stay_within_the_bound)
{
	static const double rates[] = {-499, -100, 0, 100, 499};
	static const int64_t brackets[] = {0, 300, 1000, 20000};
	struct scene scene = {.samples = 100, .seeds = 5};
	char name[64];

	for (int i = 0; i < 5 * 4 * 2; i++) {
		scene.ppm = rates[i % 5];
		scene.bracket_ns = brackets[i / 5 % 4];
		scene.interval_ns = i / 20 ? S : 100 * MS;
		snprintf(name, sizeof(name), "%.0f ppm, %d ms, %d ns", scene.ppm,
		         (int)(scene.interval_ns / MS), (int)scene.bracket_ns);
		scene.name = name;
		cr_expect(eq(int, other_than_taken(&(struct worst[]){run(&scene)}[0]), 0));
	}
}

Test(clock_map, wandering_clocks_stay_within_the_bound)
{
	static const struct scene scenes[] = {
	        {"sine, 100 ms, 1 us", 30, 2, 0, 100 * MS, 1200, 1000, 0, 0, ANYWHERE, {0}, 20},
	        {"sine, 1 s, 1 us", 30, 2, 0, S, 400, 1000, 0, 0, ANYWHERE, {0}, 20},
	        {"sine, 1 s, precise", 30, 2, 0, S, 400, 0, 0, 0, ANYWHERE, {0}, 20},
	        {"walk, 100 ms, 1 us", -30, 0, .05, 100 * MS, 1200, 1000, 0, 0, ANYWHERE, {0}, 20},
	        {"walk, 1 s, 1 us", -30, 0, .05, S, 400, 1000, 0, 0, ANYWHERE, {0}, 20},
	        {"both, 1 s, 1 to 20 us", -30, 2, .05, S, 400, 1000, 19000, 0, ANYWHERE, {0}, 20},
	};

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct worst worst = run(&scenes[i]);

		cr_expect(eq(int, worst.verdicts[WT_CLOCK_STEPPED], 0), "%s", scenes[i].name);
	}
}

Test(clock_map, noisy_and_skewed_readings_stay_within_the_bound)
{
	static const struct scene scenes[] = {
	        {"1 to 20 us, 100 ms", 70, 0, 0, 100 * MS, 600, 1000, 19000, 0, ANYWHERE, {0}, 20},
	        {"1 to 20 us, 1 s", 70, 0, 0, S, 300, 1000, 19000, 0, ANYWHERE, {0}, 20},
	        {"read at the start, 100 ms",
	         70,
	         0,
	         0,
	         100 * MS,
	         600,
	         1000,
	         0,
	         0,
	         AT_START,
	         {0},
	         1},
	        {"read at the end, 1 s", 70, 2, 0, S, 300, 1000, 0, 0, AT_END, {0}, 1},
	        {"skewed, 1 to 20 us", 70, 2, 0, S, 300, 1000, 19000, 0, AT_END, {0}, 20},
	        {"outliers, 100 ms", 70, 0, 0, 100 * MS, 600, 1000, 0, 10, ANYWHERE, {0}, 20},
	        {"outliers, 1 s", 70, 2, 0, S, 300, 1000, 500, 10, ANYWHERE, {0}, 20},
	        {"skewed outliers, 1 s", 70, 2, 0, S, 300, 1000, 500, 10, AT_START, {0}, 20},
	};

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct worst worst = run(&scenes[i]);

		cr_expect(eq(int, worst.verdicts[WT_CLOCK_STEPPED], 0), "%s", scenes[i].name);
		cr_expect(eq(int, worst.verdicts[WT_CLOCK_OUTLIER] > 0, scenes[i].outlier_each > 0),
		          "%s", scenes[i].name);
	}
}

Test(clock_map, an_hour_stays_within_the_bound)
{
	struct scene scene = {.name = "an hour, 1 s, 1 to 3 us",
	                      .ppm = -23,
	                      .sine_ppm = 2,
	                      .walk_ppm = .02,
	                      .interval_ns = S,
	                      .samples = 3600,
	                      .bracket_ns = 1000,
	                      .bracket_noise_ns = 2000,
	                      .outlier_each = 100};
	struct worst worst = run(&scene);

	cr_expect(lt(dbl, worst.error_next_ns, 200000));
	cr_expect(eq(u32, worst.estimator.map.epoch, 1));
	cr_expect(eq(int, worst.verdicts[WT_CLOCK_STEPPED], 0));
}
