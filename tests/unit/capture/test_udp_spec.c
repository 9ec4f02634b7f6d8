/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/capture/readers/udp_spec.h>

#include "support/unit.h"

static struct wt_udp_spec spec;
static struct wt_error err;
static char text[400];

static const char *address_text(const struct sockaddr_storage *address)
{
	static char out[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_UNSPEC)
		return "any";
	if (address->ss_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out,
		                 sizeof(out));
	return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out,
	                 sizeof(out));
}

static unsigned port_of(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
}

/* Everything that was understood: "239.1.1.1 5000 group eth0 from any". */
static const char *understood(const char *words)
{
	char address[INET6_ADDRSTRLEN];

	cr_assert(eq(int, wt_udp_spec_parse(&spec, words, &err), 0), "%s: %s", words, err.text);
	cr_expect(eq(u32, port_of(&spec.address), spec.port));
	snprintf(address, sizeof(address), "%s", address_text(&spec.address));
	snprintf(text, sizeof(text), "%s %u %s %s from %s", address, (unsigned)spec.port,
	         spec.is_group ? "group" : "address", *spec.interface ? spec.interface : "-",
	         address_text(&spec.source));
	return text;
}

Test(udp_spec, understands_all_forms)
{
	static const struct {
		const char *words, *meaning;
	} forms[] = {
	        {"239.1.1.1:5000", "239.1.1.1 5000 group - from any"},
	        {"239.1.1.1:5000@eth0", "239.1.1.1 5000 group eth0 from any"},
	        {"232.1.1.1:1@eth0.5,source=10.0.0.7", "232.1.1.1 1 group eth0.5 from 10.0.0.7"},
	        {"239.1.1.1:5000,source=10.0.0.7", "239.1.1.1 5000 group - from 10.0.0.7"},
	        {"224.0.0.0:65535", "224.0.0.0 65535 group - from any"},
	        {"239.255.255.255:9", "239.255.255.255 9 group - from any"},
	        {"223.255.255.255:9", "223.255.255.255 9 address - from any"},
	        {"240.0.0.0:9", "240.0.0.0 9 address - from any"},
	        {"10.0.0.1:5000", "10.0.0.1 5000 address - from any"},
	        {"10.0.0.1:5000@eth0", "10.0.0.1 5000 address eth0 from any"},
	        {"*:5000", "0.0.0.0 5000 address - from any"},
	        {"0.0.0.0:05000", "0.0.0.0 5000 address - from any"},
	        {"[::]:5000", ":: 5000 address - from any"},
	        {"[2001:db8::1]:5000", "2001:db8::1 5000 address - from any"},
	        {"[fe80::1]:5000@eth0", "fe80::1 5000 address eth0 from any"},
	        {"[ff02::1]:5000@eth0", "ff02::1 5000 group eth0 from any"},
	        {"[ff3e::1]:5000,source=2001:db8::7", "ff3e::1 5000 group - from 2001:db8::7"},
	        {"[ff3e::1]:5000@eth0,source=[2001:db8::7]",
	         "ff3e::1 5000 group eth0 from 2001:db8::7"},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		cr_expect_str_eq(understood(forms[i].words), forms[i].meaning, "%s: %s",
		                 forms[i].words, text);
}

static void expect_refused(const char *words, const char *reason)
{
	err = (struct wt_error){0};
	cr_expect(eq(int, wt_udp_spec_parse(&spec, words, &err), -EINVAL), "%s", words);
	cr_expect(strstr(err.text, reason) != NULL, "'%s': %s", words, err.text);
}

Test(udp_spec, what_is_no_address_and_port_is_told_the_form)
{
	static const char *const bad[] = {
	        "",          ":5000",         "239.1.1.1",          "239.1.1:5000",
	        "eth0:5000", "ff02::1:5000",  "[ff02::1:5000",      "[ff02::1]",
	        "[]:5000",   "[1.2.3.4]:500", "localhost:5000",     "239.1.1.1 :5000",
	        "@eth0",     ",source=::1",   "[ff02::1%eth0]:500", "256.1.1.1:5000",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "GROUP:PORT[@IFACE]");
}

Test(udp_spec, a_port_is_a_number_from_1_to_65535)
{
	static const char *const bad[] = {
	        "239.1.1.1:",    "239.1.1.1:0",  "239.1.1.1:65536",        "239.1.1.1:x",
	        "239.1.1.1:-1",  "239.1.1.1:+1", "239.1.1.1: 1",           "239.1.1.1:1x",
	        "239.1.1.1:0x1", "[::]:000000",  "*:99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "from 1 to 65535");
}

Test(udp_spec, an_interface_has_a_name_that_fits)
{
	char words[160];

	expect_refused("239.1.1.1:5000@", "no name of an interface");
	understood("239.1.1.1:5000@fifteen_letters");
	/* An alternative one. */
	understood("239.1.1.1:5000@enP65540p1s0f1np1d1");
	snprintf(words, sizeof(words), "239.1.1.1:5000@%0127d", 0);
	understood(words);
	snprintf(words, sizeof(words), "239.1.1.1:5000@%0128d", 0);
	expect_refused(words, "no name of an interface");
}

Test(udp_spec, a_source_belongs_to_a_group_of_its_family)
{
	expect_refused("239.1.1.1:5000,10.0.0.1", "source=ADDRESS");
	expect_refused("239.1.1.1:5000,source=", "no IPv4 or IPv6 address");
	expect_refused("239.1.1.1:5000,source=host", "no IPv4 or IPv6 address");
	expect_refused("239.1.1.1:5000,source=10.0.0.1,source=10.0.0.2", "no IPv4 or IPv6");
	expect_refused("10.0.0.1:5000,source=10.0.0.2", "goes with a multicast group");
	expect_refused("239.1.1.1:5000,source=::1", "same family");
	expect_refused("[ff3e::1]:5000,source=10.0.0.1", "same family");
	expect_refused("239.1.1.1:5000,source=239.1.1.2", "cannot be a source");
}

Test(udp_spec, an_address_of_one_link_needs_its_interface)
{
	expect_refused("[ff02::1]:5000", "@IFACE");
	expect_refused("[ff01::1]:5000", "@IFACE");
	expect_refused("[fe80::1]:5000", "@IFACE");
}

Test(udp_spec, what_is_too_long_is_refused)
{
	char words[400];

	memset(words, '1', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	expect_refused(words, "too long");
}

static bool exclude(const char *one_text, const char *other_text)
{
	struct wt_udp_spec one, other;
	bool excludes;

	cr_assert(eq(int, wt_udp_spec_parse(&one, one_text, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_udp_spec_parse(&other, other_text, &err), 0), "%s", err.text);
	excludes = wt_udp_spec_excludes(&one, &other);
	cr_expect(eq(int, wt_udp_spec_excludes(&other, &one), excludes));
	return excludes;
}

Test(udp_spec, an_address_has_its_port_for_itself)
{
	cr_expect(exclude("10.0.0.1:5000", "10.0.0.1:5000"));
	cr_expect(exclude("10.0.0.1:5000", "*:5000"));
	cr_expect(exclude("239.1.1.1:5000", "*:5000"));
	cr_expect(exclude("239.1.1.1:5000@eth0", "*:5000"));
	cr_expect(exclude("[ff15::1]:5000@eth0", "[::]:5000@eth0"));
	cr_expect(not(exclude("239.1.1.1:5000@eth0", "*:5000@eth1")));
	cr_expect(not(exclude("10.0.0.1:5000", "10.0.0.1:5001")));
	cr_expect(not(exclude("10.0.0.1:5000", "10.0.0.2:5000")));
	cr_expect(not(exclude("239.1.1.1:5000", "239.1.1.1:5000")));
	cr_expect(not(exclude("239.1.1.1:5000", "10.0.0.1:5000")));
	cr_expect(not(exclude("[::]:5000", "*:5000")));
}
