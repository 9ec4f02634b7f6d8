/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_clock.h>

enum { LOOKS = 8 };

static const int64_t fast_cross_ns = 100000000, cross_ns = 1000000000;

int wt_tx_clock_open(struct wt_tx_clock *clock, struct wt_system *system, const char *interface,
                     struct wt_error *err)
{
	struct wt_cross_sample sample;
	int rc;

	*clock = (struct wt_tx_clock){.fast_left = WT_TX_CLOCK_FAST};
	wt_clock_estimator_init(&clock->estimator);
	rc = wt_phc_open_interface(&clock->phc, system, interface, err);
	if (!rc)
		rc = wt_phc_cross(clock->phc, &sample, err);
	if (rc)
		wt_tx_clock_close(clock);
	return rc;
}

/* UTC of the sample becomes CLOCK_MONOTONIC: in between no clock is set, or else it is an outlier.
 * The uncertainty of the looks widens its bracket. */
static int to_monotonic(struct wt_cross_sample *sample, struct wt_pace_clock *pace)
{
	int64_t closest = INT64_MAX, offset_ns = 0;

	for (int i = 0; i < LOOKS; i++) {
		int64_t before, utc, after;
		int rc = pace->ops->read_other(pace, CLOCK_REALTIME, &before, &utc, &after);

		if (rc)
			return rc;
		if (after - before >= closest)
			continue;
		closest = after - before;
		offset_ns = utc - (before + closest / 2);
	}
	sample->utc_ns -= offset_ns;
	sample->bracket_ns += closest;
	return 0;
}

static void add(struct wt_tx_clock *clock, const struct wt_cross_sample *sample)
{
	enum wt_clock_verdict verdict = wt_clock_estimator_add(&clock->estimator, sample);
	bool is_step = verdict == WT_CLOCK_STEPPED || verdict == WT_CLOCK_BACKWARD;

	clock->standstills += verdict == WT_CLOCK_FROZEN && !clock->is_frozen;
	clock->steps += is_step;
	clock->is_frozen = verdict == WT_CLOCK_FROZEN;
	if (is_step)
		clock->fast_left = WT_TX_CLOCK_FAST;
}

void wt_tx_clock_cross(struct wt_tx_clock *clock, struct wt_pace_clock *pace, int64_t now_ns)
{
	struct wt_cross_sample sample;

	clock->crossed_ns = now_ns;
	clock->is_doubted = false;
	if (wt_phc_cross(clock->phc, &sample, NULL) || to_monotonic(&sample, pace))
		clock->failures++;
	else
		add(clock, &sample);
}

void wt_tx_clock_tick(struct wt_tx_clock *clock, struct wt_pace_clock *pace, int64_t now_ns)
{
	bool is_hasty = clock->fast_left || clock->is_doubted;

	if (!clock->phc || now_ns - clock->crossed_ns < (is_hasty ? fast_cross_ns : cross_ns))
		return;
	clock->fast_left -= clock->fast_left > 0;
	wt_tx_clock_cross(clock, pace, now_ns);
}

bool wt_tx_clock_convert(const struct wt_tx_clock *clock, int64_t hardware_ns, int64_t *ns,
                         int64_t *error_ns)
{
	const struct wt_clock_map *map = &clock->estimator.map;

	if (!map->number || clock->is_frozen)
		return false;
	*ns = wt_clock_map_to_utc(map, hardware_ns);
	*error_ns = wt_clock_map_error_ns(map, hardware_ns);
	return true;
}

void wt_tx_clock_believe(struct wt_tx_clock *clock, int64_t error_ns)
{
	clock->believed++;
	if (error_ns > clock->error_ns)
		clock->error_ns = error_ns;
}

void wt_tx_clock_doubt(struct wt_tx_clock *clock)
{
	clock->unbelieved++;
	clock->is_doubted = true;
}

void wt_tx_clock_close(struct wt_tx_clock *clock)
{
	wt_phc_close(clock->phc);
	clock->phc = NULL;
}
