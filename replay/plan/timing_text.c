/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/schedule.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/replay/duration.h>

/* Longer than any that is right. */
enum { TEXT_BYTES = 128 };

typedef int take_value(struct wt_schedule_config *config, const char *value, const char *text,
                       struct wt_error *err);

static int take_number(struct wt_schedule_config *config, const char *value, const char *text,
                       struct wt_error *err)
{
	uint64_t limit = WT_SCHEDULE_NUMBER_MAX;

	if (!wt_parse_decimal(value, &config->numerator, &config->denominator))
		return wt_error_set(err, -EINVAL,
		                    "'%s': '%s' is no decimal number, as in speed:2.5 or "
		                    "pps:100000, or has more than nine decimals",
		                    text, value);
	if (!config->numerator)
		return wt_error_set(err, -EINVAL,
		                    "'%s': with 0 nothing would ever be sent; for as fast as "
		                    "possible it is asap",
		                    text);
	if (config->numerator > limit * config->denominator)
		return wt_error_set(err, -EINVAL, "'%s' is more than the limit of %d", text,
		                    WT_SCHEDULE_NUMBER_MAX);
	return 0;
}

static int take_time(int64_t *ns, const char *value, const char *text, struct wt_error *err)
{
	if (!wt_parse_duration_ns(value, ns))
		return wt_error_set(err, -EINVAL,
		                    "'%s': '%s' is no time of whole ns, as in 20us, 1.5ms or 300ns",
		                    text, value);
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
	int ret;

	memcpy(gap, value, length);
	gap[length] = '\0';
	ret = take_gap(config, gap, text, err);
	if (ret || !*setting)
		return ret;
	if (strncmp(setting, ",idle=", 6))
		return wt_error_set(err, -EINVAL, "'%s': '%s' is not idle=TIME", text, setting + 1);
	return take_time(&config->idle_ns, setting + 6, text, err);
}

static const struct timing {
	const char *name;
	enum wt_timing timing;
	take_value *take; /* NULL: it has no value */
} timings[] = {
        {"original", WT_TIMING_ORIGINAL, NULL}, {"speed", WT_TIMING_SPEED, take_number},
        {"pps", WT_TIMING_PPS, take_number},    {"mbps", WT_TIMING_MBPS, take_number},
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
	int ret;

	if (!timing || strlen(text) >= TEXT_BYTES)
		return wt_error_set(err, -EINVAL,
		                    "'%.40s' is no timing: it is original, speed:X, pps:N, mbps:N, "
		                    "gap:TIME, delta:TIME[,idle=TIME] or asap",
		                    text);
	taken.timing = timing->timing;
	ret = take(timing, &taken, text + name_length, text, err);
	if (!ret)
		*config = taken;
	return ret;
}
