/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/interface_clock.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/name_value.h>

void wt_interface_clock_format(char *out, size_t capacity, const struct wt_interface_clock *clock)
{
	int used = snprintf(out, capacity, "source=%s clock=%s tai_offset_s=%" PRId32,
	                    wt_stamp_source_name(clock->source), wt_stamp_clock_name(clock->clock),
	                    clock->tai_offset_s);

	if (clock->phc[0] && used > 0 && (size_t)used < capacity)
		snprintf(out + used, capacity - (size_t)used,
		         " phc=%s rx_filter=%s rx_filter_before=%s", clock->phc, clock->rx_filter,
		         clock->rx_filter_before);
}

static const char *source_word(int i)
{
	return wt_stamp_source_name((enum wt_stamp_source)i);
}

static const char *clock_word(int i)
{
	return wt_stamp_clock_name((enum wt_stamp_clock)i);
}

static void copy(char *out, size_t capacity, const struct wt_name_value *word)
{
	snprintf(out, capacity, "%.*s", (int)word->value_length, word->value);
}

static bool read_offset(const struct wt_name_value *word, int32_t *offset_s)
{
	int64_t value;

	if (!wt_value_i64(word, &value) || value < INT32_MIN || value > INT32_MAX)
		return false;
	*offset_s = (int32_t)value;
	return true;
}

static bool read_word(const struct wt_name_value *word, struct wt_interface_clock *clock,
                      unsigned *said)
{
	int found;

	if (wt_name_is(word, "source")) {
		found = wt_value_find(word, source_word, WT_STAMP_SOURCES);
		clock->source = found < 0 ? WT_STAMP_FALLBACK : (enum wt_stamp_source)found;
		*said |= 1;
		return found >= 0;
	}
	if (wt_name_is(word, "clock")) {
		found = wt_value_find(word, clock_word, WT_STAMP_CLOCKS);
		clock->clock = found < 0 ? WT_CLOCK_UTC : (enum wt_stamp_clock)found;
		*said |= 2;
		return found >= 0;
	}
	if (wt_name_is(word, "tai_offset_s"))
		return read_offset(word, &clock->tai_offset_s);
	if (wt_name_is(word, "phc"))
		copy(clock->phc, sizeof(clock->phc), word);
	else if (wt_name_is(word, "rx_filter"))
		copy(clock->rx_filter, sizeof(clock->rx_filter), word);
	else if (wt_name_is(word, "rx_filter_before"))
		copy(clock->rx_filter_before, sizeof(clock->rx_filter_before), word);
	return true;
}

/* "name=value" up to a space or the end. */
static bool split(const char *at, size_t length, struct wt_name_value *word)
{
	const char *equals = memchr(at, '=', length);

	if (!equals)
		return false;
	*word = (struct wt_name_value){at, (size_t)(equals - at), equals + 1,
	                               length - (size_t)(equals - at) - 1};
	return true;
}

bool wt_interface_clock_parse(const char *text, size_t length, struct wt_interface_clock *clock)
{
	struct wt_name_value word;
	unsigned said = 0;

	memset(clock, 0, sizeof(*clock));
	while (length) {
		const char *space = memchr(text, ' ', length);
		size_t one = space ? (size_t)(space - text) : length;

		if (!split(text, one, &word) || !read_word(&word, clock, &said))
			return false;
		length -= space ? one + 1 : one;
		text += space ? one + 1 : one;
	}
	return said == 3;
}

int64_t wt_interface_clock_convert(const struct wt_interface_clock *clock,
                                   const struct wt_clock_map *map, const struct wt_frame *frame)
{
	uint64_t shift_ns = clock->clock == WT_CLOCK_TAI
	                            ? (uint64_t)clock->tai_offset_s * UINT64_C(1000000000)
	                            : 0;

	if (clock->clock == WT_CLOCK_PHC)
		return wt_clock_map_to_phc(map, frame->given_ns);
	return (int64_t)((uint64_t)wt_clock_map_to_utc(map, frame->given_ns) + shift_ns);
}
