/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends numbered datagrams from an ordinary socket, to be recorded. The payload starts as
 * MoldUDP64 does: ten bytes of session, then the number. */
#include <arpa/inet.h>
#include <endian.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_BYTES = 65527, LEAST_BYTES = 18 };

struct settings {
	const char *interface;
	const char *source;
	int ttl;
	int traffic_class;
	unsigned long count;
	unsigned long first;
	size_t bytes;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt");
}

static int index_of(const struct settings *settings)
{
	return settings->interface ? (int)if_nametoindex(settings->interface) : 0;
}

static socklen_t fill_address(struct sockaddr_storage *address, const char *text, const char *port,
                              const struct settings *settings)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)atoi(port));
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1) {
		fprintf(stderr, "'%s' is no address\n", text);
		exit(2);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)atoi(port));
	in6->sin6_scope_id = (uint32_t)index_of(settings);
	return sizeof(*in6);
}

static void prepare(int fd, int family, const struct settings *settings)
{
	int index = index_of(settings);
	struct ip_mreqn device = {.imr_ifindex = index};

	if (family == AF_INET) {
		set(fd, IPPROTO_IP, IP_TTL, settings->ttl);
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, settings->ttl);
		set(fd, IPPROTO_IP, IP_TOS, settings->traffic_class);
		set(fd, SOL_SOCKET, SO_BROADCAST, 1);
		if (index && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &device, sizeof(device)))
			die("IP_MULTICAST_IF");
	} else {
		set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, settings->ttl);
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, settings->ttl);
		set(fd, IPPROTO_IPV6, IPV6_TCLASS, settings->traffic_class);
		if (index)
			set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index);
	}
}

static void parse(struct settings *settings, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "i:s:t:q:c:n:b:")) != -1) {
		switch (option) {
		case 'i':
			settings->interface = optarg;
			break;
		case 's':
			settings->source = optarg;
			break;
		case 't':
			settings->ttl = atoi(optarg);
			break;
		case 'q':
			settings->traffic_class = atoi(optarg);
			break;
		case 'c':
			settings->count = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			settings->first = strtoul(optarg, NULL, 10);
			break;
		case 'b':
			settings->bytes = strtoul(optarg, NULL, 10);
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2 || settings->bytes > MOST_BYTES || settings->bytes < LEAST_BYTES) {
		fprintf(stderr, "usage: udp_send [-i IFACE] [-s SOURCE] [-t TTL] [-q CLASS] "
		                "[-c COUNT] [-n FIRST] [-b BYTES] ADDRESS PORT\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static uint8_t payload[MOST_BYTES] = "WIRETAPE  ";
	struct settings settings = {.ttl = 64, .count = 1, .first = 1, .bytes = 40};
	struct sockaddr_storage to = {0}, from = {0};
	socklen_t to_bytes, from_bytes;
	int fd;

	parse(&settings, argc, argv);
	to_bytes = fill_address(&to, argv[optind], argv[optind + 1], &settings);
	fd = socket(to.ss_family, SOCK_DGRAM, 0);
	if (fd < 0)
		die("socket");
	prepare(fd, to.ss_family, &settings);
	if (settings.source) {
		from_bytes = fill_address(&from, settings.source, "0", &settings);
		if (bind(fd, (struct sockaddr *)&from, from_bytes))
			die("bind");
	}
	for (unsigned long i = 0; i < settings.count; i++) {
		uint64_t number = htobe64(settings.first + i);

		memcpy(payload + 10, &number, sizeof(number));
		if (sendto(fd, payload, settings.bytes, 0, (struct sockaddr *)&to, to_bytes) < 0)
			die("sendto");
	}
	return 0;
}
