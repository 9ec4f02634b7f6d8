/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/duration.h>

#include <stddef.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

enum { DECIMALS = 9 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool append_digit(uint64_t *number, char digit)
{
	return !__builtin_mul_overflow(*number, 10, number) &&
	       !__builtin_add_overflow(*number, (uint64_t)(digit - '0'), number);
}

/* ".5" behind the digits, or nothing; a point alone is none. */
static bool read_decimals(const char **at, uint64_t *numerator, uint64_t *denominator)
{
	int decimals = 0;

	if (**at != '.')
		return true;
	for (++*at; is_digit(**at); ++*at, decimals++) {
		if (decimals == DECIMALS || !append_digit(numerator, **at))
			return false;
		*denominator *= 10;
	}
	return decimals > 0;
}

/* *at behind the number. */
static bool read_decimal(const char **at, uint64_t *numerator, uint64_t *denominator)
{
	if (!is_digit(**at))
		return false;
	*denominator = 1;
	for (*numerator = 0; is_digit(**at); ++*at)
		if (!append_digit(numerator, **at))
			return false;
	return read_decimals(at, numerator, denominator);
}

bool wt_parse_decimal(const char *text, uint64_t *numerator, uint64_t *denominator)
{
	return read_decimal(&text, numerator, denominator) && !*text;
}

/* In ns; 0 if there is no such unit. */
static uint64_t unit_of(const char *name)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(name, units[i].name))
			return units[i].ns;
	return 0;
}

bool wt_parse_duration_ns(const char *text, int64_t *ns)
{
	uint64_t numerator, denominator, unit;
	u128 product;

	if (!read_decimal(&text, &numerator, &denominator))
		return false;
	unit = unit_of(text);
	product = (u128)numerator * unit;
	if (!unit || product % denominator || product / denominator > INT64_MAX)
		return false;
	*ns = (int64_t)(product / denominator);
	return true;
}
