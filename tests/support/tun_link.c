/* SPDX-License-Identifier: BSD-2-Clause */
/* tun_link NAME TYPE: an interface whose link is of this type (ARPHRD_*), and packets that arrive
 * on it as told on standard input, each command answered with a line:
 *
 *     send COUNT PORT BYTES [MORE]  UDP in IPv4, from BYTES to BYTES + MORE - 1 of it, numbered
 * from 1 on after the UDP header, in big-endian, and as IPv4 does type TYPE while it is down
 *
 * 77 where there can be none. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { IP_BYTES = 20, UDP_BYTES = 8, MOST_BYTES = 65535, SKIP = 77 };

static int fd;
static uint32_t number;

static void die(const char *what, int code)
{
	perror(what);
	exit(code);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned sum_of(const uint8_t *bytes, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i += 2)
		sum += (unsigned)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Send a packet of its number repeated, so that any part identifies it. */
static void send_packet(unsigned port, unsigned bytes)
{
	static uint8_t packet[MOST_BYTES];
	uint32_t shown = htonl(++number);

	memset(packet, 0, IP_BYTES + UDP_BYTES);
	packet[0] = 0x45;
	put16(packet + 2, bytes);
	put16(packet + 4, number & 0xffff);
	packet[8] = 64;
	packet[9] = 17;
	memcpy(packet + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	put16(packet + 10, sum_of(packet, IP_BYTES));
	put16(packet + IP_BYTES, 1000);
	put16(packet + IP_BYTES + 2, port);
	put16(packet + IP_BYTES + 4, bytes - IP_BYTES);
	for (unsigned i = IP_BYTES + UDP_BYTES; i + 4 <= bytes; i += 4)
		memcpy(packet + i, &shown, 4);
	if (write(fd, packet, bytes) != (ssize_t)bytes)
		die("write", 1);
}

static void send_packets(unsigned count, unsigned port, unsigned bytes, unsigned more)
{
	if (bytes < IP_BYTES + UDP_BYTES + 4 || bytes + more > MOST_BYTES) {
		fprintf(stderr, "%u bytes?\n", bytes);
		exit(1);
	}
	for (unsigned i = 0; i < count; i++)
		send_packet(port, bytes + (more ? i % more : 0));
}

static void obey(const char *line)
{
	unsigned count, port, bytes, more = 0, type;

	if (sscanf(line, "send %u %u %u %u", &count, &port, &bytes, &more) >= 3) {
		send_packets(count, port, bytes, more);
	} else if (sscanf(line, "type %u", &type) == 1) {
		if (ioctl(fd, TUNSETLINK, (unsigned long)type))
			die("TUNSETLINK", 1);
	} else {
		fprintf(stderr, "what is '%s'?\n", line);
		exit(1);
	}
	puts("done");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	char line[128];

	if (argc != 3)
		return 2;
	strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/net/tun", SKIP);
	if (ioctl(fd, TUNSETIFF, &request))
		die("TUNSETIFF", SKIP);
	if (ioctl(fd, TUNSETLINK, strtoul(argv[2], NULL, 10)))
		die("TUNSETLINK", SKIP);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
