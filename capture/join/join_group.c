/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups as they are written on a command line. */
#include <wiretape/capture/join/join_group.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* Parse an address of either family; 0 if it is none. */
static int parse_address(const char *text, uint8_t address[16])
{
	memset(address, 0, 16);
	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, address) == 1 ? AF_INET6 : 0;
}

static bool is_multicast(int family, const uint8_t *address)
{
	return family == AF_INET ? (address[0] & 0xf0) == 0xe0 : address[0] == 0xff;
}

/* Can packets come from it? Not from 0.0.0.0 nor 255.255.255.255. */
static bool is_unicast(int family, const uint8_t *address)
{
	static const uint8_t none[16];
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	return !is_multicast(family, address) && memcmp(address, none, 16) != 0 &&
	       (family == AF_INET6 || memcmp(address, broadcast, 4) != 0);
}

static int parse_source(struct wt_join_group *group, const char *text, struct wt_error *err)
{
	int family = parse_address(text, group->source);

	if (!family)
		return wt_error_set(err, -EINVAL,
		                    "source '%s' is not an IPv4 or IPv6 address; a group of one "
		                    "sender is GROUP@SOURCE, such as 232.1.1.1@192.0.2.1",
		                    text);
	if (family != group->family)
		return wt_error_set(err, -EINVAL,
		                    "group and source '%s' are not of the same IP version", text);
	if (!is_unicast(family, group->source))
		return wt_error_set(err, -EINVAL,
		                    "source '%s' is not the address of a sender; the group "
		                    "comes first: GROUP@SOURCE",
		                    text);
	group->has_source = true;
	return 0;
}

static int parse_group(struct wt_join_group *group, const char *text, struct wt_error *err)
{
	group->family = parse_address(text, group->group);
	if (!group->family)
		return wt_error_set(err, -EINVAL, "group '%s' is not an IPv4 or IPv6 address%s",
		                    text, strchr(text, '%') ? "; the interface is that of -i" : "");
	if (!is_multicast(group->family, group->group))
		return wt_error_set(err, -EINVAL,
		                    "'%s' is not a multicast group; those are 224.0.0.0 to "
		                    "239.255.255.255 and ff00::/8",
		                    text);
	return 0;
}

static void write_text(struct wt_join_group *group)
{
	size_t used;

	inet_ntop(group->family, group->group, group->text, sizeof(group->text));
	if (!group->has_source)
		return;
	used = strlen(group->text);
	group->text[used++] = '@';
	inet_ntop(group->family, group->source, group->text + used,
	          (socklen_t)(sizeof(group->text) - used));
}

_Static_assert(WT_JOIN_TEXT_BYTES >= 2 * INET6_ADDRSTRLEN, "two addresses and what is between");

int wt_join_parse(struct wt_join_group *group, const char *text, struct wt_error *err)
{
	char copy[WT_JOIN_TEXT_BYTES];
	char *source;
	int rc;

	*group = (struct wt_join_group){0};
	if (strlen(text) >= sizeof(copy))
		return wt_error_set(err, -EINVAL, "'%.40s...' is too long for GROUP@SOURCE", text);
	strcpy(copy, text);
	source = strchr(copy, '@');
	if (source)
		*source++ = '\0';
	rc = parse_group(group, copy, err);
	if (!rc && source)
		rc = parse_source(group, source, err);
	if (!rc)
		write_text(group);
	return rc;
}
