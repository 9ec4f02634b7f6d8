/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/replayer_config.h>

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/base/spec.h>
#include <wiretape/feed/preset/moldudp64.h>

#define SECOND_NS 1000000000ull

enum { PPS_MAX = 1000000000 };

/* The description, and the caller's memory for the session. */
struct target {
	struct wt_generated generated;
	char *session;
};

bool wt_generated_is(const char *text)
{
	return !strcmp(text, "gen") || !strncmp(text, "gen:", 4);
}

static bool take_pps(const struct wt_spec_key *key, void *target, const char *value)
{
	struct target *to = target;
	struct wt_decimal rate;

	(void)key;
	if (wt_parse_rate(value, WT_RATE_PPS, &rate, NULL) || !rate.numerator ||
	    rate.numerator / rate.denominator > PPS_MAX)
		return false;
	to->generated.gap_ns =
	        (int64_t)((unsigned __int128)SECOND_NS * rate.denominator / rate.numerator);
	return to->generated.gap_ns > 0;
}

static bool take_gap(const struct wt_spec_key *key, void *target, const char *value)
{
	struct target *to = target;

	(void)key;
	return !wt_parse_duration(value, WT_UNIT_NEEDED | WT_ABOVE_ZERO, &to->generated.gap_ns,
	                          NULL);
}

static bool take_gaps(const struct wt_spec_key *key, void *target, const char *value)
{
	struct target *to = target;

	(void)key;
	to->generated.is_random = !strcmp(value, "random");
	return to->generated.is_random || !strcmp(value, "even");
}

static bool take_duration(const struct wt_spec_key *key, void *target, const char *value)
{
	struct target *to = target;

	(void)key;
	return !wt_parse_duration(value, WT_UNIT_SECONDS | WT_ABOVE_ZERO,
	                          &to->generated.duration_ns, NULL);
}

static bool take_address(const struct wt_spec_key *key, void *target, const char *value)
{
	struct in_addr binary;

	if (inet_pton(AF_INET, value, &binary) != 1 || !binary.s_addr)
		return false;
	*(uint32_t *)((char *)target + key->offset) = ntohl(binary.s_addr);
	return true;
}

static bool take_group(const struct wt_spec_key *key, void *target, const char *value)
{
	const struct target *to = target;

	return take_address(key, target, value) && IN_MULTICAST(to->generated.frame.group);
}

static bool take_session(const struct wt_spec_key *key, void *target, const char *value)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];
	struct target *to = target;

	(void)key;
	if (wt_moldudp64_session(session, value))
		return false;
	strcpy(to->session, value);
	to->generated.frame.session = to->session;
	return true;
}

#define OF(member) offsetof(struct target, generated.member)

static const struct wt_spec_key keys[] = {
        {"size", "BYTES", "a number of bytes from 60 to 65549", wt_spec_u32, OF(frame.frame_bytes),
         WT_MOLD_FRAME_BYTES_MIN, WT_MOLD_FRAME_BYTES_MAX},
        {"count", "N", "a number of packets", wt_spec_u64, OF(count), 1, 0},
        {"pps", "N", "packets a second, up to 10^9, such as 50000 or 50k", take_pps, 0, 0, 0},
        {"gap", "TIME", "a time with a unit, such as 20us", take_gap, 0, 0, 0},
        {"gaps", "even|random", "even or random", take_gaps, 0, 0, 0},
        {"seed", "N", "a whole number", wt_spec_u64, OF(seed), 0, 0},
        {"duration", "TIME", "a time, such as 10s or 5m", take_duration, 0, 0, 0},
        {"sequence", "N", "a number from 1 to 9223372036854775807", wt_spec_u64, OF(sequence_start),
         1, INT64_MAX},
        {"group", "ADDRESS", "an IPv4 multicast group; those are 224.0.0.0 to 239.255.255.255",
         take_group, OF(frame.group), 0, 0},
        {"source", "ADDRESS", "an IPv4 address", take_address, OF(frame.source), 0, 0},
        {"port", "N", "a number from 1 to 65535", wt_spec_u16, OF(frame.port), 1, 0},
        {"session", "NAME", "1 to 10 printable ASCII characters", take_session, 0, 0, 0},
};

static const struct wt_spec_form form = {
        .noun = "gen",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
};

const char *wt_generated_set(struct wt_generated *generated, char session[11], const char *name,
                             const char *value)
{
	struct target to = {*generated, session};
	const char *takes = wt_spec_set(&form, &to, name, value);

	if (!takes)
		*generated = to.generated;
	return takes;
}

int wt_generated_parse(struct wt_generated *generated, const char *text, char session[11],
                       struct wt_error *err)
{
	struct target to = {.session = session};
	int rc = wt_spec_parse(&form, strcmp(text, "gen") ? text + strlen("gen:") : "", &to, err);

	*generated = to.generated;
	return rc;
}
