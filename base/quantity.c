/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/quantity.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum {
	DECIMALS = 9,
	QUOTE = 40, /* characters of a long text in a message */
};

struct unit {
	const char *name;
	uint64_t factor; /* of the smallest one */
};

/* Dimension of a quantity. */
struct kind {
	const char *noun;
	const char *examples;
	const char *smallest;
	const char *unit_names;
	const struct unit *units; /* up to one without a name */
	uint64_t max;
	const char *max_text;
};

static const struct unit times[] = {
        {"ns", 1},
        {"us", 1000},
        {"\u00b5s", 1000}, /* the micro sign */
        {"\u03bcs", 1000}, /* the Greek letter */
        {"ms", 1000000},
        {"s", 1000000000},
        {"m", 60000000000},
        {"min", 60000000000},
        {"h", 3600000000000},
        {"d", 86400000000000},
        {NULL, 0},
};

static const struct unit sizes[] = {
        {"B", 1},
        {"k", 1ull << 10},
        {"K", 1ull << 10},
        {"KiB", 1ull << 10},
        {"kB", 1000},
        {"KB", 1000},
        {"M", 1ull << 20},
        {"MiB", 1ull << 20},
        {"MB", 1000000},
        {"G", 1ull << 30},
        {"GiB", 1ull << 30},
        {"GB", 1000000000},
        {"T", 1ull << 40},
        {"TiB", 1ull << 40},
        {"TB", 1000000000000},
        {"P", 1ull << 50},
        {"PiB", 1ull << 50},
        {"PB", 1000000000000000},
        {NULL, 0},
};

static const struct unit packet_rates[] = {
        {"pps", 1},        {"k", 1000},       {"kpps", 1000},       {"M", 1000000},
        {"Mpps", 1000000}, {"G", 1000000000}, {"Gpps", 1000000000}, {NULL, 0},
};

static const struct unit bit_rates[] = {
        {"bit/s", 1},
        {"bps", 1},
        {"k", 1000},
        {"kbit/s", 1000},
        {"kbps", 1000},
        {"M", 1000000},
        {"Mbit/s", 1000000},
        {"Mbps", 1000000},
        {"G", 1000000000},
        {"Gbit/s", 1000000000},
        {"Gbps", 1000000000},
        {"T", 1000000000000},
        {"Tbit/s", 1000000000000},
        {"Tbps", 1000000000000},
        {NULL, 0},
};

static const struct kind duration = {
        .noun = "time",
        .examples = "20us, 1.5ms, 10s or 5m",
        .smallest = "ns",
        .unit_names = WT_DURATION_UNITS,
        .units = times,
        .max = WT_DURATION_MAX_NS,
        .max_text = "a century",
};

static const struct kind size = {
        .noun = "size",
        .examples = "4096, 64k, 1.5GiB or 1TB",
        .smallest = "bytes",
        .unit_names = WT_SIZE_UNITS,
        .units = sizes,
        .max = UINT64_MAX,
        .max_text = "64 bits hold",
};

static const struct kind packet_rate = {
        .noun = "rate",
        .examples = "50000, 50k, 1.5Mpps or max",
        .unit_names = "pps, kpps, Mpps or Gpps",
        .units = packet_rates,
        .max_text = "64 bits hold",
};

static const struct kind bit_rate = {
        .noun = "rate",
        .examples = "500kbps, 1.5Gbit/s, 10Gbps or max",
        .unit_names = "bit/s, kbit/s, Mbit/s, Gbit/s, Tbit/s or kbps, Mbps, Gbps, Tbps",
        .units = bit_rates,
        .max_text = "64 bits hold",
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool append_digit(uint64_t *number, char digit)
{
	return !__builtin_mul_overflow(*number, 10, number) &&
	       !__builtin_add_overflow(*number, (uint64_t)(digit - '0'), number);
}

/* Parse ".5" after the digits, or nothing; a point alone is an error. Trailing zeros are
 * dropped. */
static bool read_decimals(const char **at, struct wt_decimal *number)
{
	const char *end, *after;

	if (**at != '.')
		return true;
	for (after = ++*at; is_digit(*after);)
		after++;
	for (end = after; end > *at + DECIMALS && end[-1] == '0';)
		end--;
	if (after == *at || end > *at + DECIMALS)
		return false;
	for (; *at < end; ++*at) {
		if (!append_digit(&number->numerator, **at))
			return false;
		number->denominator *= 10;
	}
	*at = after;
	return true;
}

/* Parse a number; *at advances past it. */
static bool read_decimal(const char **at, struct wt_decimal *number)
{
	*number = (struct wt_decimal){.denominator = 1};
	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); ++*at)
		if (!append_digit(&number->numerator, **at))
			return false;
	return read_decimals(at, number);
}

static int refuse_number(const char *text, const char *noun, const char *examples,
                         struct wt_error *err)
{
	const char *digits = text + strspn(text, "0123456789");

	if (!*text)
		return wt_error_set(err, -EINVAL, "there is no %s; it is like %s", noun, examples);
	if (*text == '-')
		return wt_error_set(err, -EINVAL, "'%.*s' is negative; a %s is like %s", QUOTE,
		                    text, noun, examples);
	if (digits - text > 19 || (*digits == '.' && strspn(digits + 1, "0123456789") > DECIMALS))
		return wt_error_set(err, -EINVAL,
		                    "'%.*s' has too many digits; a %s is like %s, with up to %d "
		                    "decimals",
		                    QUOTE, text, noun, examples, DECIMALS);
	return wt_error_set(err, -EINVAL, "'%.*s' is no %s; it is like %s", QUOTE, text, noun,
	                    examples);
}

/* Factor of the unit in `text`; `bare` without a unit, 0: refused. */
static int factor_of(const struct kind *kind, const char *text, const char *unit, uint64_t bare,
                     uint64_t *factor, struct wt_error *err)
{
	if (!*unit && bare) {
		*factor = bare;
		return 0;
	}
	if (!*unit)
		return wt_error_set(err, -EINVAL, "'%.*s' needs a unit: %s", QUOTE, text,
		                    kind->unit_names);
	for (const struct unit *known = kind->units; known->name; known++) {
		if (strcmp(unit, known->name) != 0)
			continue;
		*factor = known->factor;
		return 0;
	}
	return wt_error_set(err, -EINVAL, "'%.*s': there is no unit '%.*s' of a %s, but %s", QUOTE,
	                    text, QUOTE, unit, kind->noun, kind->unit_names);
}

static int refuse_large(const struct kind *kind, const char *text, struct wt_error *err)
{
	return wt_error_set(err, -EINVAL, "'%.*s' is more than %s", QUOTE, text, kind->max_text);
}

/* Whole number of the smallest unit. */
static int take_whole(const struct kind *kind, const char *text, uint64_t bare, uint64_t *value,
                      struct wt_error *err)
{
	const char *unit = text;
	struct wt_decimal number;
	uint64_t factor = 0;
	u128 product;
	int rc;

	if (!read_decimal(&unit, &number))
		return refuse_number(text, kind->noun, kind->examples, err);
	rc = factor_of(kind, text, unit, number.numerator ? bare : 1, &factor, err);
	if (rc)
		return rc;
	product = (u128)number.numerator * factor;
	if (product % number.denominator)
		return wt_error_set(err, -EINVAL, "'%.*s' is no whole number of %s", QUOTE, text,
		                    kind->smallest);
	if (product / number.denominator > kind->max)
		return refuse_large(kind, text, err);
	*value = (uint64_t)(product / number.denominator);
	return 0;
}

int wt_parse_duration(const char *text, enum wt_unit_rule rule, int64_t *ns, struct wt_error *err)
{
	uint64_t bare = rule & WT_UNIT_NEEDED ? 0 : rule & WT_UNIT_NS ? 1 : 1000000000, value;
	int rc = take_whole(&duration, text, bare, &value, err);

	if (rc)
		return rc;
	if (!value && rule & WT_ABOVE_ZERO)
		return wt_error_set(err, -EINVAL, "'%.*s': the time has to be longer than 0", QUOTE,
		                    text);
	*ns = (int64_t)value;
	return 0;
}

int wt_parse_offset(const char *text, enum wt_unit_rule rule, int64_t *ns, struct wt_error *err)
{
	bool has_sign = *text == '-' || *text == '+';
	int rc = wt_parse_duration(text + has_sign, rule, ns, err);

	if (!rc && *text == '-')
		*ns = -*ns;
	return rc;
}

int wt_parse_size(const char *text, uint64_t *bytes, struct wt_error *err)
{
	return take_whole(&size, text, 1, bytes, err);
}

int wt_parse_filesize(const char *text, uint64_t *bytes, struct wt_error *err)
{
	uint64_t value;
	int rc = take_whole(&size, text, 1000, &value, err);

	if (rc)
		return rc;
	if (!value)
		return wt_error_set(err, -EINVAL, "'%.*s': the size has to be more than 0", QUOTE,
		                    text);
	*bytes = value;
	return 0;
}

int wt_parse_decimal(const char *text, struct wt_decimal *number, struct wt_error *err)
{
	struct wt_decimal taken;
	const char *at = text;

	if (!read_decimal(&at, &taken) || *at)
		return refuse_number(text, "number", "2 or 0.5", err);
	*number = taken;
	return 0;
}

/* A factor is a power of ten like the denominator: they cancel. */
static bool multiply(struct wt_decimal *number, uint64_t factor)
{
	for (; factor > 1 && number->denominator > 1; factor /= 10)
		number->denominator /= 10;
	return !__builtin_mul_overflow(number->numerator, factor, &number->numerator);
}

int wt_parse_rate(const char *text, enum wt_rate_unit unit, struct wt_decimal *per_second,
                  struct wt_error *err)
{
	static const uint64_t bare[] = {
	        [WT_RATE_PPS] = 1, [WT_RATE_BPS] = 0, [WT_RATE_MBPS] = 1000000};
	const struct kind *kind = unit == WT_RATE_PPS ? &packet_rate : &bit_rate;
	struct wt_decimal number;
	const char *at = text;
	uint64_t factor = 0;
	int rc;

	if (!strcmp(text, "max")) {
		*per_second = (struct wt_decimal){0, 1};
		return 0;
	}
	if (!read_decimal(&at, &number))
		return refuse_number(text, kind->noun, kind->examples, err);
	if (!number.numerator)
		return wt_error_set(err, -EINVAL, "'%.*s': nothing would ever be sent at that rate",
		                    QUOTE, text);
	rc = factor_of(kind, text, at, bare[unit], &factor, err);
	if (rc)
		return rc;
	if (!multiply(&number, factor))
		return refuse_large(kind, text, err);
	*per_second = number;
	return 0;
}

int wt_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number,
                    struct wt_error *err)
{
	struct wt_decimal taken;
	const char *at = text;

	if (read_decimal(&at, &taken) && !*at && !strchr(text, '.') && taken.numerator >= min &&
	    taken.numerator <= max) {
		*number = taken.numerator;
		return 0;
	}
	if (max == UINT64_MAX && min <= 1)
		return wt_error_set(err, -EINVAL, "'%.*s' is not a whole number%s", QUOTE, text,
		                    min ? " from 1 on" : "");
	return wt_error_set(err, -EINVAL, "'%.*s' is not a number from %" PRIu64 " to %" PRIu64,
	                    QUOTE, text, min, max);
}
