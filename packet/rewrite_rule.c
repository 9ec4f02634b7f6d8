/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>

#include "rewrite_private.h"

enum {
	RULE_BYTES = 192, /* longer than any valid one */
	VLAN_MAX = 4094,
};

enum kind { MAC, VLAN, IP, PORT };

/* Name of a field in rules, and its number. */
struct name {
	const char *name;
	enum kind kind;
	bool source, destination;
};

static const struct name names[] = {
        {"src-mac", MAC, true, false},   {"dst-mac", MAC, false, true},
        {"mac", MAC, true, true},        {"vlan", VLAN, true, false},
        {"src-ip", IP, true, false},     {"dst-ip", IP, false, true},
        {"ip", IP, true, true},          {"src-port", PORT, true, false},
        {"dst-port", PORT, false, true}, {"port", PORT, true, true},
};

static const char form[] = "a rule has the form FIELD=NEW or FIELD:OLD=NEW, as in "
                           "dst-mac=02:00:00:00:00:01 or ip:10.0.0.1=192.0.2.1";

/* OLD or NEW: its bytes as in a packet, and how many of its bits count. */
struct side {
	uint8_t bytes[sizeof(struct wt_rewrite_value)];
	int family; /* for addresses */
	unsigned field_bits;
	unsigned bits;
};

/* Context for messages about a side. */
struct reading {
	const char *rule;
	struct wt_error *err;
};

/* Parse a few digits alone. */
static bool parse_number(const char *text, unsigned most, unsigned *number)
{
	uint64_t wide;

	if (wt_parse_number(text, 0, most, &wide, NULL))
		return false;
	*number = (unsigned)wide;
	return true;
}

static bool parse_mac(const char *text, uint8_t *mac)
{
	int end = 0;

	/* Rejects signs and spaces, which sscanf() would accept. */
	if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text))
		return false;
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
	              &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       !text[end];
}

static int read_mac(const struct reading *reading, const char *text, struct side *side)
{
	if (!parse_mac(text, side->bytes))
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': '%s' is no MAC address like 02:00:00:00:00:01",
		                    reading->rule, text);
	side->bits = side->field_bits = 48;
	return 0;
}

static int read_vlan(const struct reading *reading, const char *text, struct side *side)
{
	unsigned number = WT_REWRITE_VLAN_NONE;
	uint64_t word;

	if (strcmp(text, "none") != 0 && !parse_number(text, VLAN_MAX, &number))
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': '%s' is no VLAN: a number from 0 to %d, or none",
		                    reading->rule, text, VLAN_MAX);
	word = number;
	memcpy(side->bytes, &word, sizeof(word));
	side->bits = side->field_bits = 64;
	return 0;
}

static int read_port(const struct reading *reading, const char *text, struct side *side)
{
	unsigned port;

	if (!parse_number(text, UINT16_MAX, &port) || !port)
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': port '%s' is not a number from 1 to 65535",
		                    reading->rule, text);
	side->bytes[0] = (uint8_t)(port >> 8);
	side->bytes[1] = (uint8_t)port;
	side->bits = side->field_bits = 16;
	return 0;
}

static void fill_mask(uint8_t *mask, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

/* The prefix's length is what follows the slash. */
static int read_prefix(const struct reading *reading, const char *address, const char *length,
                       struct side *side)
{
	uint8_t mask[sizeof(side->bytes)] = {0};

	if (!parse_number(length, side->field_bits, &side->bits))
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': a prefix of %s has from 0 to %u bits, and not '%s'",
		                    reading->rule, address, side->field_bits, length);
	fill_mask(mask, side->bits);
	for (size_t i = 0; i < sizeof(mask); i++)
		if (side->bytes[i] & ~mask[i])
			return wt_error_set(reading->err, -EINVAL,
			                    "'%s': %s is not zero after its first %u bits; "
			                    "for one address leave out /%u",
			                    reading->rule, address, side->bits, side->bits);
	return 0;
}

static int read_address(const struct reading *reading, const char *text, struct side *side)
{
	char address[RULE_BYTES], *length;

	strcpy(address, text);
	length = strchr(address, '/');
	if (length)
		*length++ = '\0';
	if (inet_pton(AF_INET, address, side->bytes) == 1)
		side->family = AF_INET;
	else if (inet_pton(AF_INET6, address, side->bytes) == 1)
		side->family = AF_INET6;
	else
		return wt_error_set(reading->err, -EINVAL, "'%s': '%s' is no IPv4 or IPv6 address",
		                    reading->rule, address);
	side->bits = side->field_bits = side->family == AF_INET ? 32 : 128;
	return length ? read_prefix(reading, address, length, side) : 0;
}

static int read_side(const struct reading *reading, enum kind kind, const char *text,
                     struct side *side)
{
	switch (kind) {
	case MAC:
		return read_mac(reading, text, side);
	case VLAN:
		return read_vlan(reading, text, side);
	case PORT:
		return read_port(reading, text, side);
	case IP:
		break;
	}
	return read_address(reading, text, side);
}

/* Check both sides together. */
static int check_sides(const struct reading *reading, const struct side *old,
                       const struct side *new)
{
	if (old->family != new->family)
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': IPv4 cannot become IPv6, nor the other way round",
		                    reading->rule);
	if (new->bits < new->field_bits &&new->bits != old->bits)
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': prefixes of %u and %u bits: a prefix is replaced by one "
		                    "of the same length, or by a single address",
		                    reading->rule, old->bits, new->bits);
	return 0;
}

static struct wt_rewrite_value value_of(const uint8_t *bytes)
{
	struct wt_rewrite_value value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static struct wt_rewrite_value mask_of(unsigned bits)
{
	uint8_t mask[sizeof(struct wt_rewrite_value)] = {0};

	fill_mask(mask, bits);
	return value_of(mask);
}

/* `old` may be NULL: any value. */
static int read_rule(const struct reading *reading, const struct name *name, const char *old,
                     const char *new, struct wt_rewrite_rule *rule, int *family)
{
	struct side from = {0}, to = {0};
	int rc = read_side(reading, name->kind, new, &to);

	if (!rc && old)
		rc = read_side(reading, name->kind, old, &from);
	if (!rc && old)
		rc = check_sides(reading, &from, &to);
	if (rc)
		return rc;
	*family = to.family;
	*rule = (struct wt_rewrite_rule){
	        .where = value_of(from.bytes),
	        .where_mask = mask_of(from.bits),
	        .set = value_of(to.bytes),
	        .set_mask = mask_of(to.bits),
	};
	return 0;
}

/* Whether `earlier` takes everything that `later` matches. */
static bool covers(const struct wt_rewrite_rule *earlier, const struct wt_rewrite_rule *later)
{
	for (int i = 0; i < 2; i++) {
		uint64_t mask = earlier->where_mask.words[i];

		if (mask & ~later->where_mask.words[i] ||
		    mask & (earlier->where.words[i] ^ later->where.words[i]))
			return false;
	}
	return true;
}

static bool is_covered(const struct wt_rewrite *rewrite, enum wt_rewrite_field field,
                       const struct wt_rewrite_rule *rule)
{
	for (int i = 0; i < rewrite->field_rules[field]; i++)
		if (covers(&rewrite->rules[rewrite->by_field[field][i]], rule))
			return true;
	return false;
}

/* First field of a name, the source's; the destination's follows. */
static enum wt_rewrite_field first_field(enum kind kind, int family)
{
	switch (kind) {
	case MAC:
		return WT_REWRITE_SRC_MAC;
	case VLAN:
		return WT_REWRITE_VLAN;
	case PORT:
		return WT_REWRITE_SRC_PORT;
	case IP:
		break;
	}
	return family == AF_INET ? WT_REWRITE_SRC_IPV4 : WT_REWRITE_SRC_IPV6;
}

_Static_assert(WT_REWRITE_DST_MAC == WT_REWRITE_SRC_MAC + 1 &&
                       WT_REWRITE_DST_IPV4 == WT_REWRITE_SRC_IPV4 + 1 &&
                       WT_REWRITE_DST_IPV6 == WT_REWRITE_SRC_IPV6 + 1 &&
                       WT_REWRITE_DST_PORT == WT_REWRITE_SRC_PORT + 1,
               "first_field()");

static void append(struct wt_rewrite *rewrite, enum wt_rewrite_field field)
{
	rewrite->by_field[field][rewrite->field_rules[field]++] = rewrite->rules_count;
}

static int add_rule(const struct reading *reading, struct wt_rewrite *rewrite,
                    const struct name *name, const struct wt_rewrite_rule *rule, int family)
{
	enum wt_rewrite_field source = first_field(name->kind, family), destination = source + 1;

	if ((!name->source || is_covered(rewrite, source, rule)) &&
	    (!name->destination || is_covered(rewrite, destination, rule)))
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s' would never be used: a rule before it takes all that it "
		                    "is for; put it before that one",
		                    reading->rule);
	if (name->source)
		append(rewrite, source);
	if (name->destination)
		append(rewrite, destination);
	rewrite->rules[rewrite->rules_count++] = *rule;
	rewrite->beyond_link |= name->kind == IP || name->kind == PORT;
	return 0;
}

static const struct name *find_name(const char *text)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, text))
			return &names[i];
	return NULL;
}

/* Cut `text` at `mark`; returns the rest, or NULL. */
static char *cut_at(char *text, int mark)
{
	char *rest = strchr(text, mark);

	if (rest)
		*rest++ = '\0';
	return rest;
}

static int find_field(const struct reading *reading, const char *field, bool has_old,
                      const struct name **name)
{
	*name = find_name(field);
	if (!*name)
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s': there is no field '%s'; there are src-mac, dst-mac, "
		                    "mac, vlan, src-ip, dst-ip, ip, src-port, dst-port and port",
		                    reading->rule, field);
	if ((*name)->source && (*name)->destination && !has_old)
		return wt_error_set(reading->err, -EINVAL,
		                    "'%s' would make source and destination the same: say which "
		                    "it is, with src-%s=, dst-%s= or %s:OLD=",
		                    reading->rule, field, field, field);
	return 0;
}

int wt_rewrite_add(struct wt_rewrite *rewrite, const char *rule, struct wt_error *err)
{
	struct reading reading = {.rule = rule, .err = err};
	char copy[RULE_BYTES], *old, *new;
	struct wt_rewrite_rule read;
	const struct name *name;
	int family, rc;

	if (strlen(rule) >= sizeof(copy))
		return wt_error_set(err, -EINVAL, "'%.40s...' is too long for a rule: %s", rule,
		                    form);
	if (rewrite->rules_count == WT_REWRITE_RULES_MAX)
		return wt_error_set(err, -ENOSPC, "'%s' is one rule too many: there can be %d",
		                    rule, WT_REWRITE_RULES_MAX);
	strcpy(copy, rule);
	new = cut_at(copy, '=');
	if (!new)
		return wt_error_set(err, -EINVAL, "'%s' does not say what to rewrite: %s", rule,
		                    form);
	old = cut_at(copy, ':');
	rc = find_field(&reading, copy, old != NULL, &name);
	if (!rc)
		rc = read_rule(&reading, name, old, new, &read, &family);
	return rc ? rc : add_rule(&reading, rewrite, name, &read, family);
}
