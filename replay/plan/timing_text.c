/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/schedule.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/base/quantity.h>

/* more than any valid text */
enum { TEXT_BYTES = 128 };

typedef int take_value(struct wt_schedule_config *config, const char *value, const char *text,
                       struct wt_error *err);

/* `rc` is that of the number's parser, which has filled in `why` if it failed. */
static int take_number(struct wt_schedule_config *config, int rc, const struct wt_decimal *number,
                       const struct wt_error *why, const char *text, struct wt_error *err)
{
	uint64_t limit = WT_SCHEDULE_NUMBER_MAX;

	if (rc)
		return wt_error_set(err, rc, "'%s': %.360s", text, why->text);
	if (!number->numerator)
		return wt_error_set(err, -EINVAL,
		                    "'%s': for as fast as possible it is asap, and with 0 nothing "
		                    "would ever be sent",
		                    text);
	if (number->numerator > (unsigned __int128)limit * number->denominator)
		return wt_error_set(err, -EINVAL, "'%s' is more than the limit of %d", text,
		                    WT_SCHEDULE_NUMBER_MAX);
	config->numerator = number->numerator;
	config->denominator = number->denominator;
	return 0;
}

static int take_speed(struct wt_schedule_config *config, const char *value, const char *text,
                      struct wt_error *err)
{
	struct wt_decimal number;
	struct wt_error why;
	int rc = wt_parse_decimal(value, &number, &why);

	return take_number(config, rc, &number, &why, text, err);
}

static int take_pps(struct wt_schedule_config *config, const char *value, const char *text,
                    struct wt_error *err)
{
	struct wt_decimal number;
	struct wt_error why;
	int rc = wt_parse_rate(value, WT_RATE_PPS, &number, &why);

	return take_number(config, rc, &number, &why, text, err);
}

/* The schedule counts millions of bits. */
static int take_mbps(struct wt_schedule_config *config, const char *value, const char *text,
                     struct wt_error *err)
{
	struct wt_decimal number;
	struct wt_error why;
	int rc = wt_parse_rate(value, WT_RATE_MBPS, &number, &why);

	for (int zeros = 0; !rc && zeros < 6; zeros++) {
		if (number.numerator % 10)
			number.denominator *= 10;
		else
			number.numerator /= 10;
	}
	return take_number(config, rc, &number, &why, text, err);
}

static int take_time(int64_t *ns, const char *value, const char *text, struct wt_error *err)
{
	struct wt_error why;
	int rc = wt_parse_duration(value, WT_UNIT_NEEDED, ns, &why);

	if (rc)
		return wt_error_set(err, rc, "'%s': %.360s", text, why.text);
	if (!*ns)
		return wt_error_set(err, -EINVAL,
		                    "'%s': the time has to be longer than 0; for as fast as "
		                    "possible it is asap",
		                    text);
	return 0;
}

static int take_gap(struct wt_schedule_config *config, const char *value, const char *text,
                    struct wt_error *err)
{
	return take_time(&config->gap_ns, value, text, err);
}

static int take_delta(struct wt_schedule_config *config, const char *value, const char *text,
                      struct wt_error *err)
{
	char gap[TEXT_BYTES];
	const char *setting = strchrnul(value, ',');
	size_t length = (size_t)(setting - value);
	int rc;

	memcpy(gap, value, length);
	gap[length] = '\0';
	rc = take_gap(config, gap, text, err);
	if (rc || !*setting)
		return rc;
	if (strncmp(setting, ",idle=", 6))
		return wt_error_set(err, -EINVAL, "'%s': '%s' is not idle=TIME", text, setting + 1);
	return take_time(&config->idle_ns, setting + 6, text, err);
}

static const struct timing {
	const char *name;
	enum wt_timing timing;
	take_value *take; /* NULL: it has no value */
} timings[] = {
        {"original", WT_TIMING_ORIGINAL, NULL}, {"speed", WT_TIMING_SPEED, take_speed},
        {"pps", WT_TIMING_PPS, take_pps},       {"mbps", WT_TIMING_MBPS, take_mbps},
        {"gap", WT_TIMING_GAP, take_gap},       {"delta", WT_TIMING_DELTA, take_delta},
        {"asap", WT_TIMING_ASAP, NULL},
};

static const struct timing *find_timing(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(timings) / sizeof(timings[0]); i++)
		if (strlen(timings[i].name) == length && !memcmp(timings[i].name, text, length))
			return &timings[i];
	return NULL;
}

static int take(const struct timing *timing, struct wt_schedule_config *config, const char *value,
                const char *text, struct wt_error *err)
{
	if (!timing->take && *value)
		return wt_error_set(err, -EINVAL, "'%s': %s has no value", text, timing->name);
	if (!timing->take)
		return 0;
	if (*value != ':')
		return wt_error_set(err, -EINVAL, "'%s' needs a value, %s:...", text, timing->name);
	return timing->take(config, value + 1, text, err);
}

int wt_schedule_parse(struct wt_schedule_config *config, const char *text, struct wt_error *err)
{
	struct wt_schedule_config taken = {.max_gap_ns = config->max_gap_ns,
	                                   .disorder_ns = config->disorder_ns};
	size_t name_length = (size_t)(strchrnul(text, ':') - text);
	const struct timing *timing = find_timing(text, name_length);
	int rc;

	if (!timing || strlen(text) >= TEXT_BYTES)
		return wt_error_set(err, -EINVAL,
		                    "'%.40s' is no timing: it is original, speed:X, pps:N, mbps:N, "
		                    "gap:TIME, delta:TIME[,idle=TIME] or asap",
		                    text);
	taken.timing = timing->timing;
	rc = take(timing, &taken, text + name_length, text, err);
	if (!rc)
		*config = taken;
	return rc;
}
