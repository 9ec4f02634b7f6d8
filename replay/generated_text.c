/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/replayer_config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/replay/duration.h>

#define SECOND_NS 1000000000ull

enum { TEXT_BYTES = 512, PPS_MAX = 1000000000 };

/* Where the parts of a description go. */
struct target {
	struct wt_generated *generated;
	char *session;
};

bool wt_generated_is(const char *text)
{
	return !strcmp(text, "gen") || !strncmp(text, "gen:", 4);
}

static bool take_number(const char *value, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t denominator;

	return wt_parse_decimal(value, number, &denominator) && denominator == 1 &&
	       *number >= min && *number <= max;
}

static bool take_size(const struct target *to, const char *value)
{
	uint64_t bytes;

	if (!take_number(value, WT_MOLD_FRAME_BYTES_MIN, WT_MOLD_FRAME_BYTES_MAX, &bytes))
		return false;
	to->generated->frame.frame_bytes = (uint32_t)bytes;
	return true;
}

static bool take_count(const struct target *to, const char *value)
{
	return take_number(value, 1, UINT64_MAX, &to->generated->count);
}

static bool take_pps(const struct target *to, const char *value)
{
	uint64_t numerator, denominator;

	if (!wt_parse_decimal(value, &numerator, &denominator) || !numerator ||
	    numerator / denominator > PPS_MAX)
		return false;
	to->generated->gap_ns = (int64_t)((unsigned __int128)SECOND_NS * denominator / numerator);
	return to->generated->gap_ns > 0;
}

static bool take_gap(const struct target *to, const char *value)
{
	return wt_parse_duration_ns(value, &to->generated->gap_ns) && to->generated->gap_ns > 0;
}

static bool take_gaps(const struct target *to, const char *value)
{
	to->generated->is_random = !strcmp(value, "random");
	return to->generated->is_random || !strcmp(value, "even");
}

static bool take_seed(const struct target *to, const char *value)
{
	return take_number(value, 0, UINT64_MAX, &to->generated->seed);
}

static bool take_duration(const struct target *to, const char *value)
{
	return wt_parse_duration_ns(value, &to->generated->duration_ns) &&
	       to->generated->duration_ns > 0;
}

static bool take_sequence(const struct target *to, const char *value)
{
	return take_number(value, 1, INT64_MAX, &to->generated->sequence_start);
}

static bool take_address(const char *value, uint32_t *address)
{
	struct in_addr binary;

	if (inet_pton(AF_INET, value, &binary) != 1 || !binary.s_addr)
		return false;
	*address = ntohl(binary.s_addr);
	return true;
}

static bool take_group(const struct target *to, const char *value)
{
	return take_address(value, &to->generated->frame.group) &&
	       IN_MULTICAST(to->generated->frame.group);
}

static bool take_source(const struct target *to, const char *value)
{
	return take_address(value, &to->generated->frame.source);
}

static bool take_port(const struct target *to, const char *value)
{
	uint64_t port;

	if (!take_number(value, 1, UINT16_MAX, &port))
		return false;
	to->generated->frame.port = (uint16_t)port;
	return true;
}

static bool take_session(const struct target *to, const char *value)
{
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES];

	if (wt_moldudp64_session(session, value))
		return false;
	strcpy(to->session, value);
	to->generated->frame.session = to->session;
	return true;
}

static const struct {
	const char *name;
	bool (*take)(const struct target *to, const char *value);
	const char *range; /* what it takes, in words */
} parts[] = {
        {"size", take_size, "a number of bytes from 60 to 65549"},
        {"count", take_count, "a number of packets"},
        {"pps", take_pps, "packets a second, up to 10^9"},
        {"gap", take_gap, "a time, such as 20us"},
        {"gaps", take_gaps, "even or random"},
        {"seed", take_seed, "a whole number"},
        {"duration", take_duration, "a time, such as 10s"},
        {"sequence", take_sequence, "a number from 1 to 9223372036854775807"},
        {"group", take_group, "an IPv4 multicast group; those are 224.0.0.0 to 239.255.255.255"},
        {"source", take_source, "an IPv4 address"},
        {"port", take_port, "a number from 1 to 65535"},
        {"session", take_session, "1 to 10 printable ASCII characters"},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static int refuse_name(const char *name, struct wt_error *err)
{
	char names[256];
	size_t used = 0;

	for (size_t i = 0; i < PARTS; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
		                         parts[i].name);
	return wt_error_set(err, -EINVAL, "gen: does not know '%s'; there are %s", name, names);
}

/* PARTS: there is none of this name. */
static size_t find(const char *name)
{
	size_t i = 0;

	while (i < PARTS && strcmp(name, parts[i].name))
		i++;
	return i;
}

const char *wt_generated_set(struct wt_generated *generated, char session[11], const char *name,
                             const char *value)
{
	const struct target to = {generated, session};
	size_t i = find(name);

	if (i == PARTS)
		return "of anything that is known of generated packets";
	return parts[i].take(&to, value) ? NULL : parts[i].range;
}

static int take(const struct target *to, char *part, struct wt_error *err)
{
	char *value = strchr(part, '=');
	const char *wanted;

	if (value)
		*value++ = '\0';
	if (find(part) == PARTS)
		return refuse_name(part, err);
	wanted = wt_generated_set(to->generated, to->session, part, value ? value : "");
	return wanted ? wt_error_set(err, -EINVAL, "gen: %s '%s' is not %s", part,
	                             value ? value : "", wanted)
	              : 0;
}

int wt_generated_parse(struct wt_generated *generated, const char *text, char session[11],
                       struct wt_error *err)
{
	const struct target to = {generated, session};
	char copy[TEXT_BYTES], *rest = copy, *part;
	int rc = 0;

	*generated = (struct wt_generated){0};
	text += strcmp(text, "gen") ? strlen("gen:") : strlen("gen");
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return wt_error_set(err, -EINVAL, "gen: the description is too long");
	while (!rc && (part = strsep(&rest, ",")))
		if (*part)
			rc = take(&to, part, err);
	return rc;
}
