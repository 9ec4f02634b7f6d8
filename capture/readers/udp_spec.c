/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/udp_spec.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <wiretape/base/quantity.h>

/* longer than any valid spec */
enum { SPEC_BYTES = 256 };

static const char form[] = "it has the form GROUP:PORT[@IFACE][,source=SOURCE] or ADDRESS:PORT, "
                           "with IPv6 in brackets: 239.1.1.1:5000@eth0, [ff02::1]:5000@eth0";

static bool parse_ipv4(struct sockaddr_storage *address, const char *text)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;

	in->sin_family = AF_INET;
	return inet_pton(AF_INET, text, &in->sin_addr) == 1;
}

static bool parse_ipv6(struct sockaddr_storage *address, const char *text)
{
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)address;

	in->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, text, &in->sin6_addr) == 1;
}

/* "[…]" without the brackets, which are written over; NULL if there are none. */
static char *in_brackets(char *text)
{
	size_t length = strlen(text);

	if (length < 2 || text[0] != '[' || text[length - 1] != ']')
		return NULL;
	text[length - 1] = '\0';
	return text + 1;
}

static bool parse_address(struct sockaddr_storage *address, char *text)
{
	char *ipv6;

	if (!strcmp(text, "*"))
		return parse_ipv4(address, "0.0.0.0");
	ipv6 = in_brackets(text);
	return ipv6 ? parse_ipv6(address, ipv6) : parse_ipv4(address, text);
}

/* Brackets are for the port's sake; a source has none. */
static bool parse_source(struct sockaddr_storage *address, char *text)
{
	char *ipv6 = in_brackets(text);

	if (!ipv6 && strchr(text, ':'))
		ipv6 = text;
	return ipv6 ? parse_ipv6(address, ipv6) : parse_ipv4(address, text);
}

static bool is_group(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return IN_MULTICAST(ntohl(in->sin_addr.s_addr));
	return IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
}

/* Check whether an address means something on one link only. */
static bool needs_interface(const struct sockaddr_storage *address)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;

	return address->ss_family == AF_INET6 &&
	       (IN6_IS_ADDR_LINKLOCAL(in6) || IN6_IS_ADDR_MC_LINKLOCAL(in6) ||
	        IN6_IS_ADDR_MC_NODELOCAL(in6));
}

static bool parse_port(struct wt_udp_spec *spec, const char *text)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&spec->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&spec->address;
	uint64_t port;

	if (wt_parse_number(text, 1, UINT16_MAX, &port, NULL))
		return false;
	spec->port = (uint16_t)port;
	if (spec->address.ss_family == AF_INET)
		in->sin_port = htons(spec->port);
	else
		in6->sin6_port = htons(spec->port);
	return true;
}

static int take_interface(struct wt_udp_spec *spec, const char *name, const char *text,
                          struct wt_error *err)
{
	if (!*name || strlen(name) >= sizeof(spec->interface))
		return wt_error_set(err, -EINVAL, "'%s': '%s' is no name of an interface", text,
		                    name);
	strcpy(spec->interface, name);
	return 0;
}

static int take_source(struct wt_udp_spec *spec, char *source, const char *text,
                       struct wt_error *err)
{
	if (strncmp(source, "source=", 7))
		return wt_error_set(err, -EINVAL, "'%s': '%s' is not source=ADDRESS", text, source);
	if (!parse_source(&spec->source, source + 7))
		return wt_error_set(err, -EINVAL, "'%s': the source is no IPv4 or IPv6 address",
		                    text);
	if (!spec->is_group)
		return wt_error_set(err, -EINVAL,
		                    "'%s': a source goes with a multicast group; from one sender "
		                    "to an address, record with a filter: src host ...",
		                    text);
	if (spec->source.ss_family != spec->address.ss_family)
		return wt_error_set(err, -EINVAL,
		                    "'%s': group and source are not of the same family, IPv4 or "
		                    "IPv6",
		                    text);
	if (is_group(&spec->source))
		return wt_error_set(err, -EINVAL, "'%s': a group cannot be a source", text);
	return 0;
}

/* Cut `text` at the last (or first) `mark`; what follows it, or NULL. */
static char *cut_at(char *text, int mark, char *(*find)(const char *, int))
{
	char *rest = find(text, mark);

	if (rest)
		*rest++ = '\0';
	return rest;
}

int wt_udp_spec_parse(struct wt_udp_spec *spec, const char *text, struct wt_error *err)
{
	char copy[SPEC_BYTES], *source, *interface, *port;
	int rc = 0;

	*spec = (struct wt_udp_spec){0};
	if (strlen(text) >= sizeof(copy))
		return wt_error_set(err, -EINVAL, "'%.40s...' is too long to listen to; %s", text,
		                    form);
	strcpy(copy, text);
	source = cut_at(copy, ',', strchr);
	interface = cut_at(copy, '@', strchr);
	port = cut_at(copy, ':', strrchr);
	if (!port || !parse_address(&spec->address, copy))
		return wt_error_set(err, -EINVAL, "cannot listen to '%s': %s", text, form);
	if (!parse_port(spec, port))
		return wt_error_set(err, -EINVAL, "'%s': port '%s' is not a number from 1 to 65535",
		                    text, port);
	spec->is_group = is_group(&spec->address);
	if (interface)
		rc = take_interface(spec, interface, text, err);
	if (!rc && source)
		rc = take_source(spec, source, text, err);
	if (!rc && !interface && needs_interface(&spec->address))
		rc = wt_error_set(err, -EINVAL,
		                  "'%s' means something on one link only: which? Add @IFACE", text);
	return rc;
}

static bool is_any(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return !((const struct sockaddr_in *)address)->sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static bool is_same_address(const struct sockaddr_storage *one,
                            const struct sockaddr_storage *other)
{
	if (one->ss_family == AF_INET)
		return ((const struct sockaddr_in *)one)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)other)->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)one)->sin6_addr,
	                          &((const struct sockaddr_in6 *)other)->sin6_addr);
}

bool wt_udp_spec_excludes(const struct wt_udp_spec *one, const struct wt_udp_spec *other)
{
	if (one->port != other->port || one->address.ss_family != other->address.ss_family ||
	    (one->is_group && other->is_group))
		return false;
	if (*one->interface && *other->interface && strcmp(one->interface, other->interface))
		return false;
	return is_any(&one->address) || is_any(&other->address) ||
	       is_same_address(&one->address, &other->address);
}
