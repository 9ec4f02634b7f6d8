/* SPDX-License-Identifier: BSD-2-Clause */

/* Any text as a length of time, a size, a rate, a number, a time and a description: what is taken
 * is within its limits and is read again from what it would be written as; what is not has a
 * reason, and leaves no traces. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/base/time_text.h>
#include <wiretape/stamp/sim_nic_spec.h>

enum { TEXT_MAX = 2048 };

#define UNTOUCHED INT64_C(-4711)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_reason(int rc, const struct wt_error *err)
{
	require(rc < 0 && err->code == rc);
	require(err->text[0] && memchr(err->text, '\0', sizeof(err->text)));
}

static void read_duration(const char *text, enum wt_unit_rule rule)
{
	int64_t ns = UNTOUCHED, again;
	struct wt_error err = {0};
	char written[40];
	int rc = wt_parse_duration(text, rule, &ns, &err);

	if (rc) {
		require_reason(rc, &err);
		require(ns == UNTOUCHED);
		return;
	}
	require(ns >= !!(rule & WT_ABOVE_ZERO) && ns <= WT_DURATION_MAX_NS);
	snprintf(written, sizeof(written), "%" PRId64 "ns", ns);
	require(!wt_parse_duration(written, rule, &again, NULL) && again == ns);
	snprintf(written, sizeof(written), "-%" PRId64 ".%09" PRId64 "s", ns / 1000000000,
	         ns % 1000000000);
	require(!wt_parse_offset(written, WT_UNIT_NEEDED, &again, NULL) && again == -ns);
}

static void read_size(const char *text)
{
	uint64_t bytes = 4711, again;
	struct wt_error err = {0};
	char written[40];
	int rc = wt_parse_size(text, &bytes, &err);

	if (rc) {
		require_reason(rc, &err);
		require(bytes == 4711);
		return;
	}
	snprintf(written, sizeof(written), "%" PRIu64 "B", bytes);
	require(!wt_parse_size(written, &again, NULL) && again == bytes);
	rc = wt_parse_filesize(text, &again, NULL);
	require(rc || (again > 0 && (again == bytes || again / 1000 == bytes)));
}

static void read_rate(const char *text, enum wt_rate_unit unit)
{
	struct wt_decimal rate = {0};
	struct wt_error err = {0};
	int rc = wt_parse_rate(text, unit, &rate, &err);

	if (rc) {
		require_reason(rc, &err);
		require(!rate.denominator);
		return;
	}
	require(rate.denominator >= 1 && rate.denominator <= 1000000000);
	require(!rate.numerator == !strcmp(text, "max"));
}

static void read_number(const char *text)
{
	uint64_t number, again;
	struct wt_decimal decimal;
	struct wt_error err = {0};
	char written[40];
	int rc = wt_parse_number(text, 3, 1000000, &number, &err);

	if (rc) {
		require_reason(rc, &err);
		return;
	}
	require(number >= 3 && number <= 1000000);
	snprintf(written, sizeof(written), "%" PRIu64, number);
	require(!wt_parse_number(written, 3, 1000000, &again, NULL) && again == number);
	require(!wt_parse_decimal(text, &decimal, NULL) && decimal.numerator == number &&
	        decimal.denominator == 1);
}

static void read_time(const char *text)
{
	struct wt_time time = {UNTOUCHED, WT_TIME_EPOCH}, again;
	char written[WT_TIME_UTC_BYTES];
	struct wt_error err = {0};
	int rc = wt_time_parse(text, &time, &err);

	if (rc) {
		require_reason(rc, &err);
		require(time.ns == UNTOUCHED);
		return;
	}
	require(time.base == WT_TIME_END ? time.ns <= 0 : time.ns >= 0);
	if (time.base != WT_TIME_EPOCH)
		return;
	wt_time_format_utc(written, time.ns);
	require(!wt_time_parse(written, &again, NULL) && again.ns == time.ns);
}

static void read_spec(const char *text)
{
	struct wt_sim_nic_config config, untouched;
	struct wt_error err = {0};
	int rc;

	memset(&config, 0, sizeof(config));
	untouched = config;
	rc = wt_sim_nic_parse(&config, text, &err);
	if (rc) {
		require_reason(rc, &err);
		require(!memcmp(&config, &untouched, sizeof(config)));
		return;
	}
	require(config.ppm >= -1e5 && config.ppm <= 1e5);
	require(config.offset_ns >= -WT_DURATION_MAX_NS && config.offset_ns <= WT_DURATION_MAX_NS);
	require(config.bracket_ns >= 0 && config.bracket_ns <= 1000000000);
	require(config.phc_index >= -1 && config.phc_index <= 9999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char text[TEXT_MAX + 1];

	if (bytes > TEXT_MAX)
		bytes = TEXT_MAX;
	if (bytes)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	read_duration(text, WT_UNIT_SECONDS);
	read_duration(text, WT_UNIT_NEEDED | WT_ABOVE_ZERO);
	read_duration(text, WT_UNIT_NS);
	read_size(text);
	read_rate(text, WT_RATE_PPS);
	read_rate(text, WT_RATE_BPS);
	read_rate(text, WT_RATE_MBPS);
	read_number(text);
	read_time(text);
	read_spec(text);
	return 0;
}
